"""The generic engine: what it tells, and how often it looks."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from _implementations import Implementation

from qnet.bearer import _engine_generic, _interface_engine, _service
from qnet.bearer._engine_generic import GenericEngine
from qnet.bearer._store import ConfigurationStore
from qnet.core import _thread_data, _timers
from qnet.kernel import _interface_source as source
from qnet.kernel._interface_facts import Interface, InterfaceAddress, Snapshot
from qnet.kernel._interface_medium import Medium
from qnet.QtNetwork import QNetworkConfiguration as Configuration

InNamespace = Callable[[Callable[[Implementation], Any]], Any]

ADDRESS = (InterfaceAddress(2, 0x0A000001, 24),)
RUNNING = source.IFF_UP | source.IFF_RUNNING
LOOPBACK = Interface(1, "lo", RUNNING | source.IFF_LOOPBACK, source.ARPHRD_LOOPBACK, addresses=ADDRESS)
ETHERNET = Interface(2, "eth0", RUNNING, source.ARPHRD_ETHER, addresses=ADDRESS)


class Machine:
    """What psutil finds, in virtual time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *interfaces: Interface) -> None:
        self.now = 10**12
        self.looks: list[float] = []
        self.set(*interfaces)
        monkeypatch.setattr(_timers, "monotonic_ns", lambda: self.now)
        monkeypatch.setattr(_engine_generic, "read_snapshot", self._read)

    def set(self, *interfaces: Interface) -> None:
        self.snapshot = Snapshot({each.index: each for each in interfaces}, complete=True)

    def _read(self) -> Snapshot:
        self.looks.append(self.now / 1e9)
        return self.snapshot

    def run(self, seconds: float) -> int:
        """Let time pass; how often it was looked."""
        before, end = len(self.looks), self.now + int(seconds * 1e9)
        timers = _thread_data.current().timers
        while timers.heap and timers.heap[0][0] <= end:
            self.now = timers.heap[0][0]
            timers.fire_due()
        self.now = end
        return len(self.looks) - before


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.delenv(_engine_generic.POLL_VARIABLE, raising=False)
    return Machine(monkeypatch, LOOPBACK, ETHERNET)


def serve() -> tuple[ConfigurationStore, _service.BearerService]:
    """A store whose engine runs in this thread, with its polling."""
    store = ConfigurationStore()
    service = store._service = _service.BearerService(store)
    service._initialize([GenericEngine()])
    store.answered(service, service._capabilities())
    return store, service


@pytest.fixture(autouse=True)
def no_timer_is_left() -> Any:
    gc.collect()
    before = len(_thread_data.current().timers)
    yield
    gc.collect()
    assert len(_thread_data.current().timers) <= before


# -- how often


def test_while_nothing_happens_it_looks_six_times_a_minute(machine: Machine) -> None:
    _store_, service = serve()
    machine.run(60)
    assert machine.run(60) <= 6
    assert machine.run(3600) <= 360
    close(service)
    assert machine.run(3600) == 0


def test_it_looks_more_often_while_something_happens(machine: Machine) -> None:
    store, service = serve()
    machine.run(60)
    machine.set(LOOPBACK, replace(ETHERNET, name="lan"))
    began = machine.now
    assert machine.run(10) >= 1
    record = store.find("interface:2")
    assert record is not None
    assert record.facts.name == "lan"
    first = next(look for look in machine.looks if look > began / 1e9)
    machine.run(30)
    after = [look for look in machine.looks if look >= first][:4]
    assert [round(b - a) for a, b in itertools.pairwise(after)] == [1, 2, 4]
    close(service)


@pytest.mark.parametrize(("value", "looks"), [("200", 300), ("5000", 12), ("60000", 6), ("0", 6), ("soon", 6)])
def test_a_variable_makes_it_look_more_often(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, value: str, looks: int
) -> None:
    monkeypatch.setenv(_engine_generic.POLL_VARIABLE, value)
    _store_, service = serve()
    machine.run(60)
    assert machine.run(60) == looks
    close(service)


def test_an_update_that_is_asked_for_is_not_followed_by_another_look_at_once(machine: Machine) -> None:
    _store_, service = serve()
    machine.run(65)
    service._look()
    assert machine.run(9.5) == 0
    close(service)


def close(service: _service.BearerService) -> None:
    for each in service._running:
        each.close()


# -- what


@pytest.mark.parametrize(
    ("interface", "state"),
    [
        (ETHERNET, Configuration.Active),
        (replace(ETHERNET, addresses=()), Configuration.Defined),
        (replace(ETHERNET, flags=source.IFF_UP), Configuration.Defined),
        (replace(ETHERNET, flags=0), Configuration.Defined),
    ],
)
def test_active_is_running_with_an_address(machine: Machine, interface: Interface, state: Configuration) -> None:
    machine.set(interface)
    engine = GenericEngine()
    engine.initialize()
    assert [facts.state for facts in engine.configurations()] == [state]


@pytest.mark.parametrize(
    ("medium", "bearer"),
    [
        (Medium.ETHERNET, Configuration.BearerEthernet),
        (Medium.WIFI, Configuration.BearerWLAN),
        (Medium.BLUETOOTH, Configuration.BearerBluetooth),
        (Medium.CELLULAR, Configuration.BearerUnknown),
        (Medium.UNKNOWN, Configuration.BearerUnknown),
    ],
)
def test_the_bearer_is_what_the_medium_is(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, medium: Medium, bearer: Configuration
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(_interface_engine, "medium_of", lambda interface: asked.append(interface.name) or medium)
    engine = GenericEngine()
    engine.initialize()
    engine.requestUpdate()
    assert [facts.bearer_type for facts in engine.configurations()] == [bearer]
    assert asked == ["eth0"], "once for each interface: it reads files"


def test_it_tells_what_is_different(machine: Machine) -> None:
    engine = GenericEngine()
    heard: list[Any] = []
    engine.configurationAdded.connect(lambda facts: heard.append(("added", facts.name)))
    engine.configurationChanged.connect(lambda facts: heard.append(("changed", facts.name)))
    engine.configurationRemoved.connect(lambda identifier: heard.append(("removed", identifier)))
    engine.updateCompleted.connect(lambda: heard.append("updated"))
    engine.initialize()
    engine.requestUpdate()
    machine.set(replace(ETHERNET, name="lan"), replace(ETHERNET, index=3, name="new"))
    engine.requestUpdate()
    machine.set()
    engine.requestUpdate()
    assert heard[:2] == [("added", "eth0"), "updated"]
    assert heard[2:6] == ["updated", ("changed", "lan"), ("added", "new"), "updated"]
    assert sorted(heard[6:8]) == [("removed", "interface:2"), ("removed", "interface:3")]
    assert heard[8:] == ["updated"]


def test_an_interface_that_goes_while_it_is_looked_at_is_no_error(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = GenericEngine()
    engine.initialize()

    def fail() -> Snapshot:
        raise OSError(19, "No such device")

    monkeypatch.setattr(_engine_generic, "read_snapshot", fail)
    completed: list[bool] = []
    engine.updateCompleted.connect(lambda: completed.append(True))
    engine.requestUpdate()
    assert completed == [True]
    assert engine.hasIdentifier("interface:2")


def test_it_starts_nothing() -> None:
    engine = GenericEngine()
    failures: list[Any] = []
    engine.connectionError.connect(lambda *args: failures.append(args))
    engine.startInterface("interface:2")
    engine.stopInterface("interface:2")
    assert [code for _, code, _ in failures] == [GenericEngine.ConnectionError.OperationNotSupported] * 2


# -- for real


def generic_world(bt: Implementation) -> dict[str, Any]:
    import os

    os.environ["QNET_BEARER_ENGINES"] = "generic"
    from test_networkconfigurationmanager import life_of_a_cable

    told: dict[str, Any] = life_of_a_cable(bt)
    from qnet.bearer._store import ConfigurationWatch

    watch = ConfigurationWatch()
    told["engine"] = {record.engine for record in watch.store().all()} <= {"generic"}
    return told


@pytest.mark.qnet("how psutil and the kernel tell the same story")
def test_it_tells_the_same_story_as_the_other_engine(in_namespace: InNamespace) -> None:
    from test_networkconfigurationmanager import LIFE_OF_A_CABLE

    assert in_namespace(generic_world) == {**LIFE_OF_A_CABLE, "engine": True}
