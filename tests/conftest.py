"""Fixtures for the whole suite: ``qt`` is the implementation under test, ``app`` an application for it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from _implementations import Implementation, Recorder

_loaded: dict[str, Implementation] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--oracle", action="store_true", help="run behaviour tests on PySide6 6.10 too, where it is installed"
    )
    parser.addoption("--only-oracle", action="store_true", help="run behaviour tests on PySide6 6.10 and nowhere else")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "qt" not in metafunc.fixturenames:
        return
    names = ["qnet"]
    own = metafunc.definition.get_closest_marker("qnet") is not None
    if metafunc.config.getoption("--only-oracle"):
        names = [] if own else ["pyside6"]
    elif metafunc.config.getoption("--oracle") and not own:
        names.append("pyside6")
    metafunc.parametrize("qt", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def qt(request: pytest.FixtureRequest) -> Implementation:
    name = request.param
    if name not in _loaded:
        _loaded[name] = Implementation(name)
    return _loaded[name]


@pytest.fixture
def app(qt: Implementation) -> Any:
    return qt.app()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def slot_errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collects exceptions that slots raise: both implementations report them through ``sys.excepthook``."""
    errors: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, value, trace: errors.append(value))
    yield errors
    gc.collect()
