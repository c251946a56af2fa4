"""Fixtures for the whole suite: ``qt`` is the implementation under test, ``app`` an application for it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from _implementations import Implementation, Recorder
from _leftovers import collect_leftovers
from hypothesis import HealthCheck, settings

# How long an example takes says nothing on a machine that has other things to do. In CI the examples are the same in
# every run, so that what fails there is what the change has broken; everywhere else each run draws new ones.
settings.register_profile(
    "suite",
    settings(),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

_loaded: dict[str, Implementation] = {}
_failed = pytest.StashKey[bool]()


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the oracle alone, what does not ask for an implementation has nothing to run on."""
    if config.getoption("--only-oracle"):
        own = [item for item in items if not runs_on_the_oracle(item)]
        items[:] = [item for item in items if runs_on_the_oracle(item)]
        config.hook.pytest_deselected(items=own)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A failed test takes what it left open along: the next one is not blamed for it."""
    result = yield
    if item.stash.get(_failed, False):
        collect_leftovers()
    return result


def runs_on_the_oracle(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    return call is not None and ("pyside6" in call.params.values() or "pyqt5" in call.params.values())


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
