"""The fixture ``bt`` for bearer management: qnet and, with ``--oracle``, Qt 5.15 as PyQt5, where it is installed.

PyQt5 needs an environment of its own: ``pip install PyQt5 psutil pytest pytest-timeout hypothesis``, then
``python -m pytest --oracle tests/bearer``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest
from _implementations import Implementation
from _netns import Namespace, call

Scenario = Callable[[Implementation], Any]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "bt" not in metafunc.fixturenames:
        return
    names = ["qnet"]
    own = metafunc.definition.get_closest_marker("qnet") is not None
    oracle = ["pyqt5"] if find_spec("PyQt5") is not None and not own else []
    if metafunc.config.getoption("--only-oracle"):
        names = oracle
    elif metafunc.config.getoption("--oracle"):
        names += oracle
    metafunc.parametrize("bt", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def bt(request: pytest.FixtureRequest) -> Implementation:
    """The implementation under test, with an application."""
    implementation = Implementation(request.param)
    implementation.application = implementation.app()  # PyQt5 destroys what nobody refers to
    return implementation


@pytest.fixture
def in_namespace(bt: Implementation, monkeypatch: pytest.MonkeyPatch) -> Callable[[Scenario], Any]:
    """Run a function of the test's module in a process with a network of its own, and return what it returns.

    The function gets the implementation, and may return whatever JSON can hold. Qt polls every 50 ms there.
    """

    def run(scenario: Scenario) -> Any:
        monkeypatch.setenv("QT_BEARER_POLL_TIMEOUT", "50")
        monkeypatch.setenv("QT_NO_GLIB", "1")
        here = os.path.dirname(__file__)
        with Namespace() as net:
            code = f"import sys; sys.path.insert(0, {here!r}); {call(scenario.__module__, scenario.__name__, bt)}"
            return json.loads(net.python(code).splitlines()[-1])

    return run
