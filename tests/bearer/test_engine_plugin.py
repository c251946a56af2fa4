"""Engines of other packages: found by their entry points, chosen by a variable, and left out if they are broken."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _bearer_tools import no_bearer_thread_is_left, qt

from qnet.bearer import _engines, plugin
from qnet.bearer._store import ConfigurationStore, ConfigurationWatch
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.plugin import QBearerEnginePlugin

MODULE = """
from qnet.QtCore import QObject
from qnet.QtNetwork import QBearerEngine, QBearerEnginePlugin
from qnet.bearer._data import Facts

class Engine(QBearerEngine):
    name = "modem"

    def initialize(self):
        self.configurationAdded.emit(self.configurations()[0])
        self.updateCompleted.emit()

    def configurations(self):
        return [Facts("modem:1", "Modem")]

class Good(QBearerEnginePlugin):
    def create(self):
        return Engine()

class OfNoUse(QBearerEnginePlugin):
    def create(self):
        return None

class Raising(QBearerEnginePlugin):
    def create(self):
        raise RuntimeError("no modem")

class Wrong(QBearerEnginePlugin):
    def create(self):
        return QObject()

class Forgetful(QBearerEnginePlugin):
    pass

ready_made = Engine()

class ReadyMade(QBearerEnginePlugin):
    def create(self):
        return ready_made
"""


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Install a package with entry points, given as "name = module:attribute" by line."""

    def install(lines: str) -> None:
        (tmp_path / "modems_of_a_test.py").write_text(MODULE)
        metadata = tmp_path / "modems_of_a_test-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: modems-of-a-test\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{plugin.ENTRY_POINTS}]\n{lines}\n")
        monkeypatch.syspath_prepend(tmp_path)
        importlib.import_module("modems_of_a_test")  # in this thread, which is not the bearer thread

    yield install
    sys.modules.pop("modems_of_a_test", None)


def names_of_others(*taken: str) -> list[str]:
    return [engine.name for engine in _engines.make_others(taken)]


def test_an_engine_of_another_package_is_found(declare: Callable[[str], None]) -> None:
    assert names_of_others() == []
    declare("modem = modems_of_a_test:Good")
    assert names_of_others() == ["modem"]


def test_what_it_tells_is_in_the_store(declare: Callable[[str], None]) -> None:
    declare("modem = modems_of_a_test:Good")
    qt.app()
    store = ConfigurationStore()
    watch = ConfigurationWatch(store=store)
    store.all()
    assert qt.wait(lambda: store.find("modem:1") is not None)
    assert store.find("modem:1").engine == "modem"
    del watch
    gc.collect()
    assert no_bearer_thread_is_left()


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("modems_of_a_test:Raising", "RuntimeError: no modem"),
        ("modems_of_a_test:Wrong", "create() returned a QObject"),
        ("modems_of_a_test:Forgetful", "NotImplementedError: a plug-in implements create()"),
        ("modems_of_a_test:Missing", "AttributeError"),
        ("no_such_module_of_a_test:Plugin", "ModuleNotFoundError"),
        ("modems_of_a_test:OfNoUse", ""),
    ],
)
def test_a_broken_one_is_reported_and_the_others_are_used(
    declare: Callable[[str], None], capfd: pytest.CaptureFixture[str], target: str, complaint: str
) -> None:
    declare(f"aa = {target}\nzz = modems_of_a_test:Good")
    assert names_of_others() == ["modem"]
    printed = capfd.readouterr().err
    assert complaint in printed
    assert ("'aa' cannot be used" in printed) == bool(complaint)


def test_one_that_lives_in_another_thread_is_not_used(
    declare: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    import threading

    declare("aa = modems_of_a_test:ReadyMade")
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(names_of_others()))
    thread.start()
    thread.join()
    assert found == []
    assert "lives in another thread" in capfd.readouterr().err


def test_a_name_is_given_once(declare: Callable[[str], None], capfd: pytest.CaptureFixture[str]) -> None:
    declare("aa = modems_of_a_test:Good\nbb = modems_of_a_test:Good")
    assert names_of_others() == ["modem"]
    assert "'bb' is not used" in capfd.readouterr().err
    assert names_of_others("modem") == []


def test_a_variable_chooses(declare: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    declare("modem = modems_of_a_test:Good")
    monkeypatch.setenv(_engines.ENGINES_VARIABLE, "generic, modem")
    assert [engine.name for engine in _engines.make_built_in(ConfigurationStore())] == ["generic"]
    assert names_of_others() == ["modem"]
    monkeypatch.setenv(_engines.ENGINES_VARIABLE, "another")
    assert list(_engines.make_built_in(ConfigurationStore())) == []
    assert names_of_others() == []


def test_of_engines_for_the_same_interfaces_one_is_taken() -> None:
    names = [engine.name for engine in _engines.make_built_in(ConfigurationStore())]
    assert ("netlink" in names) != ("generic" in names)
    assert (sys.platform == "linux") == ("netlink" in names)


def test_the_contracts_say_what_has_to_be_implemented() -> None:
    engine = QBearerEngine()
    for method in (engine.initialize, engine.requestUpdate, engine.configurations, QBearerEnginePlugin().create):
        with pytest.raises(NotImplementedError, match="implements"):
            method()
    assert not engine.requiresPolling()
    assert engine.pollInterval() == 10_000
    assert engine.capabilities() == 0
