"""The NetworkManager engine, on python-dbusmock's NetworkManager and on buses that misbehave."""

from __future__ import annotations

import gc
import socket
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _fuzz import fuzz
from _implementations import Implementation
from _netns import Namespace
from hypothesis import given
from hypothesis import strategies as st

from qnet.bearer._capabilities import Capability
from qnet.bearer._data import BearerType, Facts, Purpose, StateFlag
from qnet.bearer._networkmanager_model import ACTIVE, CONNECTION, DEVICE, NAME, ObjectTree, profiles

pytest.importorskip("jeepney", reason="needs jeepney (extra networkmanager)")

from _mock_networkmanager import MANAGER, Bus, MockNetworkManager, mock_python

from qnet.bearer import _dbus
from qnet.bearer._dbus import BusConnection, BusError, system_bus_path
from qnet.bearer._engine_networkmanager import SETTLE_MS, NetworkManagerEngine, NetworkManagerEnginePlugin

Code = NetworkManagerEngine.ConnectionError

pytestmark = [
    pytest.mark.qnet("an engine of this project's own"),
    pytest.mark.usefixtures("app"),
]


@pytest.fixture(scope="module")
def python() -> str:
    return mock_python()


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    with Bus(tmp_path_factory.mktemp("bus")) as bus:
        yield bus


@pytest.fixture
def manager(bus: Bus, python: str) -> Iterator[MockNetworkManager]:
    with MockNetworkManager(bus, python) as manager:
        yield manager


class Heard:
    """What an engine tells, as the store would hear it."""

    def __init__(self, qt: Implementation, engine: NetworkManagerEngine) -> None:
        self.qt = qt
        self.engine = engine
        self.known: dict[str, Facts] = {}
        self.log: list[tuple[Any, ...]] = []
        self.updates = 0
        engine.configurationAdded.connect(self._added)
        engine.configurationChanged.connect(self._changed)
        engine.configurationRemoved.connect(self._removed)
        engine.updateCompleted.connect(self._updated)
        engine.connectionError.connect(lambda *error: self.log.append(("error", *error)))
        engine.initialize()

    def _added(self, facts: Facts) -> None:
        assert facts.identifier not in self.known
        self.known[facts.identifier] = facts
        self.log.append(("added", facts.name))

    def _changed(self, facts: Facts) -> None:
        assert facts.identifier in self.known
        self.known[facts.identifier] = facts
        self.log.append(("changed", facts.name, facts.state))

    def _removed(self, identifier: str) -> None:
        self.log.append(("removed", self.known.pop(identifier).name))

    def _updated(self) -> None:
        self.updates += 1

    def one(self) -> Facts:
        (facts,) = self.known.values()
        return facts

    def wait_for(self, *entry: Any) -> None:
        """Until *entry* has been told; what was told before is forgotten."""
        assert self.qt.wait(lambda: entry in self.log), self.log
        del self.log[: self.log.index(entry) + 1]

    def wait_for_update(self) -> None:
        before = self.updates
        assert self.qt.wait(lambda: self.updates > before)

    def settle(self) -> None:
        """Read everything again: what NetworkManager has said until now comes before its answer."""
        self.engine.requestUpdate()
        self.wait_for_update()
        self.qt.spin(3 * SETTLE_MS)


@pytest.fixture
def heard(qt: Implementation, bus: Bus, manager: MockNetworkManager) -> Iterator[Heard]:
    """An engine that has seen an empty NetworkManager."""
    engine = NetworkManagerEngine(bus.path)
    heard = Heard(qt, engine)
    heard.wait_for_update()
    yield heard
    engine.shutdown()


def test_profiles_are_told_before_the_first_update_is_complete(
    qt: Implementation, bus: Bus, manager: MockNetworkManager
) -> None:
    wifi = manager.add_wifi("wlan7", "Home")
    home = manager.add_wifi_profile(wifi, "Home")
    manager.add_profile("Office", "vpn", "0f-1")
    manager.add_profile("Wire", "802-3-ethernet", "0f-2", **{"interface-name": ("s", "lo")})
    manager.add_profile("lo", "loopback", "0f-3")
    engine = NetworkManagerEngine(bus.path)
    heard = Heard(qt, engine)
    assert heard.known == {}, "nobody has waited"
    heard.wait_for_update()
    uuid = manager.uuid(home)
    assert heard.known == {
        f"nm:{uuid}": Facts(
            f"nm:{uuid}",
            "Home",
            state=StateFlag.Discovered,
            bearer_type=BearerType.BearerWLAN,
            interface_name="wlan7",
        ),
        "nm:0f-1": Facts("nm:0f-1", "Office", bearer_name="vpn", purpose=Purpose.PrivatePurpose),
        "nm:0f-2": Facts(
            "nm:0f-2",
            "Wire",
            bearer_type=BearerType.BearerEthernet,
            interface_index=socket.if_nametoindex("lo"),
            interface_name="lo",
        ),
    }
    assert sorted(facts.name for facts in engine.configurations()) == ["Home", "Office", "Wire"]
    assert engine.hasIdentifier("nm:0f-1")
    assert not engine.hasIdentifier("nm:0f-3")
    assert engine.capabilities() == Capability.CanStartAndStopInterfaces | Capability.DataStatistics
    assert not engine.requiresPolling()
    counted = engine.statistics(heard.known["nm:0f-2"])
    assert counted is not None
    assert min(counted) >= 0
    engine.shutdown()


def test_what_other_programs_activate_is_active(heard: Heard, manager: MockNetworkManager) -> None:
    device = manager.add_wifi("wlan7", "Home")
    profile = manager.add_wifi_profile(device, "Home")
    heard.wait_for("added", "Home")
    active = manager.activate(profile, device, 1)
    manager.set(active, ACTIVE, "State", "u", 2)
    heard.wait_for("changed", "Home", StateFlag.Active)
    manager.deactivate(device, active)
    heard.wait_for("changed", "Home", StateFlag.Discovered)


def test_a_profile_is_started_and_stopped(heard: Heard, manager: MockNetworkManager) -> None:
    device = manager.add_wifi("wlan7", "Home")
    manager.add_wifi_profile(device, "Home")
    heard.wait_for("added", "Home")
    identifier = heard.one().identifier
    heard.engine.startInterface(identifier)
    heard.wait_for("changed", "Home", StateFlag.Active)
    heard.settle()
    heard.log.clear()
    heard.engine.startInterface(identifier)
    assert heard.log == [("changed", "Home", StateFlag.Active)]  # it is already: told again, for whoever waits
    heard.engine.stopInterface(identifier)
    heard.wait_for("changed", "Home", StateFlag.Discovered)
    heard.settle()
    heard.log.clear()
    heard.engine.stopInterface(identifier)
    assert heard.log == [("changed", "Home", StateFlag.Discovered)]
    heard.settle()
    assert len(heard.log) == 1


def test_what_is_refused_is_an_error_with_networkmanagers_words(heard: Heard, manager: MockNetworkManager) -> None:
    device = manager.add_wifi("wlan7", "Home")
    manager.add_wifi_profile(device, "Home")
    heard.wait_for("added", "Home")
    identifier = heard.one().identifier
    refusal = f'raise dbus.exceptions.DBusException("Not authorized", name="{NAME}.PermissionDenied")'
    manager.answer("ActivateConnection", "ooo", "o", refusal)
    heard.engine.startInterface(identifier)
    text = f"NetworkManager: Home cannot be started: Not authorized ({NAME}.PermissionDenied)"
    heard.wait_for("error", identifier, Code.ConnectError, text)
    manager.answer("ActivateConnection", "ooo", "o", "ret = self.activate_connection(self, args[0], args[1], args[2])")
    heard.engine.startInterface(identifier)
    heard.wait_for("changed", "Home", StateFlag.Active)
    manager.answer("DeactivateConnection", "o", "", refusal)
    heard.engine.stopInterface(identifier)
    text = f"NetworkManager: Home cannot be stopped: Not authorized ({NAME}.PermissionDenied)"
    heard.wait_for("error", identifier, Code.DisconnectError, text)


@pytest.mark.parametrize("end", ["deactivated", "removed"])
def test_an_activation_that_fails_later_is_an_error(heard: Heard, manager: MockNetworkManager, end: str) -> None:
    device = manager.add_wifi("wlan7", "Home")
    profile = manager.add_wifi_profile(device, "Home")
    heard.wait_for("added", "Home")
    identifier = heard.one().identifier
    # It asks for the password, say: the active connection exists, and is not activated.
    manager.answer(
        "ActivateConnection", "ooo", "o", 'ret = self.AddActiveConnection([args[1]], args[0], "/", "later", 1)'
    )
    heard.engine.startInterface(identifier)
    assert heard.qt.wait(lambda: identifier in heard.engine._q_starting)
    heard.settle()
    assert heard.log == [], "still being activated"
    active = f"{MANAGER}/ActiveConnection/later"
    if end == "deactivated":
        manager.set(active, ACTIVE, "State", "u", 4)
    else:
        manager.deactivate(device, active)
    error = ("error", identifier, Code.ConnectError, "NetworkManager: Home could not be activated")
    heard.wait_for(*error)
    assert error not in heard.log
    assert profile


def test_a_profile_keeps_its_identifier_when_it_is_renamed(heard: Heard, manager: MockNetworkManager) -> None:
    profile = manager.add_profile("Casa", "802-3-ethernet", "0f-1")
    heard.wait_for("added", "Casa")
    manager.rename(profile, "Home")
    heard.wait_for("changed", "Home", StateFlag.Defined)
    manager.remove_profile(profile)
    heard.wait_for("removed", "Home")


def test_networkmanager_may_vanish_and_come_back(heard: Heard, manager: MockNetworkManager) -> None:
    manager.add_profile("Wire", "802-3-ethernet", "0f-1")
    heard.wait_for("added", "Wire")
    manager.stop()
    heard.wait_for("removed", "Wire")
    assert heard.engine.configurations() == []
    assert heard.engine.capabilities() == Capability.DataStatistics
    heard.engine.requestUpdate()
    assert heard.qt.wait(lambda: heard.updates == 2)
    manager.start()
    manager.add_profile("Wire", "802-3-ethernet", "0f-1")
    heard.wait_for("added", "Wire")
    assert heard.one().identifier == "nm:0f-1"


def test_without_networkmanager_there_is_nothing_and_it_is_told_when_it_comes(
    qt: Implementation, tmp_path: Path, python: str
) -> None:
    with Bus(tmp_path) as bus:
        engine = NetworkManagerEngine(bus.path)
        heard = Heard(qt, engine)
        heard.wait_for_update()
        assert heard.known == {}
        assert not engine.requiresPolling()
        with MockNetworkManager(bus, python) as manager:
            manager.add_profile("Wire", "802-3-ethernet", "0f-1")
            heard.wait_for("added", "Wire")
        heard.wait_for("removed", "Wire")
        engine.shutdown()


def test_the_bus_may_vanish_and_come_back(qt: Implementation, tmp_path: Path, python: str) -> None:
    with Bus(tmp_path) as bus:
        engine = NetworkManagerEngine(bus.path)
        with MockNetworkManager(bus, python) as manager:
            manager.add_profile("Wire", "802-3-ethernet", "0f-1")
            heard = Heard(qt, engine)
            heard.wait_for_update()
            assert heard.one().name == "Wire"
            bus.stop()
            heard.wait_for("removed", "Wire")
            assert engine.requiresPolling()
            assert engine.pollInterval() == 60_000
            engine.requestUpdate()
            assert qt.wait(lambda: heard.updates == 2)
        bus.start()
        with MockNetworkManager(bus, python) as manager:
            manager.add_profile("Wire", "802-3-ethernet", "0f-1")
            engine.requestUpdate()
            heard.wait_for("added", "Wire")
        engine.shutdown()


def test_an_update_reads_everything_again(heard: Heard, manager: MockNetworkManager) -> None:
    manager.add_profile("Wire", "802-3-ethernet", "0f-1")
    heard.wait_for("added", "Wire")
    heard.engine._q_tree.replace({})  # as if signals had been lost
    heard.engine.requestUpdate()
    heard.wait_for_update()
    assert heard.one().name == "Wire"


def test_the_neighbours_radios_do_not_wake_it(heard: Heard, manager: MockNetworkManager) -> None:
    device = manager.add_wifi("wlan7", "Home")
    manager.add_wifi_profile(device, "Home")
    heard.wait_for("added", "Home")
    heard.settle()
    messages: list[Any] = []
    bus = heard.engine._q_bus
    assert bus is not None
    bus.received.connect(messages.append)
    for strength in range(30, 90, 5):
        manager.set(f"{MANAGER}/AccessPoint/Home", f"{NAME}.AccessPoint", "Strength", "y", strength)
    heard.settle()
    assert messages == []
    manager.set(device, DEVICE, "State", "u", 100)
    assert heard.qt.wait(lambda: messages)


def test_signals_of_others_are_not_believed(heard: Heard, bus: Bus, manager: MockNetworkManager) -> None:
    import jeepney
    from jeepney.io.blocking import open_dbus_connection

    manager.add_profile("Wire", "802-3-ethernet", "0f-1")
    heard.wait_for("added", "Wire")
    messages: list[Any] = []
    connection = heard.engine._q_bus
    assert connection is not None
    connection.received.connect(messages.append)
    with open_dbus_connection(bus.address) as stranger:
        names = stranger.send_and_get_reply(jeepney.message_bus.ListNames()).body[0]
        for name in [each for each in names if each.startswith(":")]:
            emitter = jeepney.DBusAddress("/org/freedesktop", interface="org.freedesktop.DBus.ObjectManager")
            lie = jeepney.new_signal(emitter, "InterfacesRemoved", "oas", (f"{MANAGER}/Settings/0", [CONNECTION]))
            lie.header.fields[jeepney.HeaderFields.destination] = name
            stranger.send(lie)
        members = jeepney.HeaderFields.member
        arrived = heard.qt.wait(lambda: "InterfacesRemoved" in [each.header.fields[members] for each in messages])
        assert arrived, messages
    heard.qt.spin(3 * SETTLE_MS)
    assert [facts.name for facts in heard.engine.configurations()] == ["Wire"]


def test_another_network_namespaces_networks_are_not_ours(qt: Implementation, bus: Bus, python: str) -> None:
    with Namespace() as elsewhere, MockNetworkManager(bus, python, elsewhere.prefix) as manager:
        manager.add_profile("Wire", "802-3-ethernet", "0f-1")
        engine = NetworkManagerEngine(bus.path)
        heard = Heard(qt, engine)
        heard.wait_for_update()
        assert heard.known == {}
        engine.shutdown()


def test_an_engine_that_is_shut_down_says_nothing_more(heard: Heard, manager: MockNetworkManager) -> None:
    manager.add_profile("Wire", "802-3-ethernet", "0f-1")
    heard.wait_for("added", "Wire")
    heard.engine.requestUpdate()
    heard.engine.shutdown()
    manager.add_profile("More", "802-3-ethernet", "0f-2")
    heard.qt.spin(3 * SETTLE_MS)
    assert heard.log == []
    assert heard.updates == 1


def test_the_whole_machinery_hears_of_it(
    qt: Implementation, bus: Bus, manager: MockNetworkManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qnet.bearer._store import ConfigurationStore, ConfigurationWatch

    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    monkeypatch.setenv("QNET_BEARER_ENGINES", "networkmanager")
    store = ConfigurationStore()
    watch = ConfigurationWatch(store=store)
    device = manager.add_wifi("wlan7", "Home")
    manager.add_wifi_profile(device, "Home")
    assert qt.wait(lambda: [record.facts.name for record in store.known()] == ["Home"])
    record = store.known()[0]
    assert record.engine == "networkmanager"
    store.start_interface(record.identifier)
    assert qt.wait(lambda: record.facts.state is StateFlag.Active)
    assert store.default() is record
    manager.stop()
    assert qt.wait(lambda: not record.valid)
    del watch


def test_without_a_bus_there_is_silently_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nothing")
    assert NetworkManagerEnginePlugin().create() is None
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "tcp:host=127.0.0.1,port=1")
    assert system_bus_path() is None
    assert NetworkManagerEnginePlugin().create() is None
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "nonsense")
    assert NetworkManagerEnginePlugin().create() is None


def test_without_jeepney_there_is_silently_no_engine(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    engine = NetworkManagerEnginePlugin().create()
    assert engine is not None
    monkeypatch.setitem(sys.modules, "jeepney", None)
    monkeypatch.delitem(sys.modules, "qnet.bearer._dbus")
    assert NetworkManagerEnginePlugin().create() is None


def test_a_bus_file_that_nobody_serves_is_tried_again(qt: Implementation, tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "bus"))
    listener.close()
    engine = NetworkManagerEngine(str(tmp_path / "bus"))
    heard = Heard(qt, engine)
    assert heard.updates == 1
    assert engine.requiresPolling()


# -- the connection, with a bus that we play ourselves


class FakeBus:
    """A socket that one BusConnection has connected to; it says what the test says."""

    OK = b"OK 1234deadbeef\r\n"

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "fake")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.listener.settimeout(10)

    def accept(self) -> socket.socket:
        client, _ = self.listener.accept()
        client.settimeout(10)
        return client


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeBus]:
    fake = FakeBus(tmp_path)
    yield fake
    fake.listener.close()


def closed_after(qt: Implementation, fake: FakeBus, *data: bytes, hang_up: bool = False) -> tuple[str, list[Any]]:
    """Why a connection has been closed that got *data*, and the replies to a call that was waiting."""
    connection = BusConnection(fake.path)
    reasons: list[str] = []
    replies: list[Any] = []
    connection.closed.connect(reasons.append)
    connection.call_bus("GetId", "", (), replies.append)
    with fake.accept() as client:
        for each in data:
            client.sendall(each)
            qt.spin(20)  # separate reads: the authenticator takes no more than its line
        if hang_up:
            client.close()
        assert qt.wait(lambda: reasons)
    assert not connection.is_open()
    assert len(reasons) == 1
    return reasons[0], replies


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ((b"REJECTED ANONYMOUS\r\n",), "the bus refuses us: Authentication failed"),
        ((b"x" * 10_000,), "the bus refuses us: Too much data received without line ending"),
        ((FakeBus.OK, b"x" * 64), "the bus sent what is no message: KeyError: b'x'"),
        ((FakeBus.OK, b"l\4\0\1" + b"\xff\xff\xff\x07" + b"\1\0\0\0" * 2), "the bus sent a message that is too large"),
    ],
)
def test_a_bus_that_misbehaves_is_left(qt: Implementation, fake: FakeBus, data: tuple[bytes, ...], reason: str) -> None:
    found, replies = closed_after(qt, fake, *data)
    assert found == reason
    assert [str(reply) for reply in replies] == [reason]


def test_a_bus_that_hangs_up_fails_what_waits(qt: Implementation, fake: FakeBus) -> None:
    reason, replies = closed_after(qt, fake, FakeBus.OK, hang_up=True)
    assert reason.startswith("the bus ")
    assert len(replies) == 1
    assert isinstance(replies[0], BusError)


def test_a_bus_that_does_not_answer_fails_what_waits(
    qt: Implementation, fake: FakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dbus, "TIMEOUT", 0.1)
    connection = BusConnection(fake.path)
    replies: list[Any] = []
    connection.call_bus("GetId", "", (), replies.append)
    assert qt.wait(lambda: replies)
    assert str(replies[0]) == "no answer within 0.1 seconds (org.freedesktop.DBus.Error.NoReply)"
    assert connection.is_open(), "a slow answer is no reason to leave"
    connection.close()
    connection.call_bus("GetId", "", (), replies.append)
    assert str(replies[1]) == "the connection to the bus is closed"


def test_much_is_written_without_waiting(qt: Implementation, fake: FakeBus) -> None:
    connection = BusConnection(fake.path)
    rule = "type='signal',arg0='" + "x" * 100_000 + "'"
    for _ in range(20):
        connection.call_bus("AddMatch", "s", (rule,), lambda answer: None)
    with fake.accept() as client:
        client.sendall(FakeBus.OK)
        received = bytearray()

        def take() -> bool:
            client.setblocking(False)
            try:
                received.extend(client.recv(1 << 20))
            except BlockingIOError:
                pass
            return received.count(b"AddMatch") == 20 and received.endswith(b"'\0")

        assert qt.wait(take)
        assert b"\r\nBEGIN\r\n" in received
    connection.close()


@pytest.fixture(scope="module")
def lasting_fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeBus]:
    fake = FakeBus(tmp_path_factory.mktemp("fuzz"))
    yield fake
    fake.listener.close()


@fuzz
@given(data=st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda tail: b"l\4\0\1\0\0\0\0" + tail)))
def test_fuzz_whatever_a_bus_sends_is_taken_or_ends_the_connection(lasting_fake: FakeBus, data: bytes) -> None:
    connection = BusConnection(lasting_fake.path)
    lasting_fake.accept().close()
    connection._q_authenticator.feed(FakeBus.OK)
    for byte in data:  # at every split
        if connection.is_open():
            connection._q_feed(bytes([byte]))
    connection.close()


def test_engine_and_connection_die_with_their_last_reference(heard: Heard, bus: Bus) -> None:
    engine = NetworkManagerEngine(bus.path)
    updated: list[bool] = []
    engine.updateCompleted.connect(lambda: updated.append(True))
    engine.initialize()
    assert heard.qt.wait(lambda: updated)
    connection = engine._q_bus
    assert connection is not None
    gone = [weakref.ref(engine), weakref.ref(connection)]
    gc.disable()
    try:
        del engine, connection
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


# -- what follows from objects, without a bus

TREE: dict[str, Any] = {
    f"{MANAGER}/Devices/1": {DEVICE: {"Interface": ("s", "ttyUSB0"), "IpInterface": ("s", "wwan0")}},
    f"{MANAGER}/Settings/1": {CONNECTION: {"Unsaved": ("b", False)}},
}


def facts_of(tree: dict[str, Any], kind: str = "gsm", **connection: tuple[str, Any]) -> Facts:
    objects = ObjectTree()
    objects.replace(tree)
    values = {"type": ("s", kind), "uuid": ("s", "0f"), "id": ("s", "Phone"), **connection}
    (profile,) = profiles(objects, {f"{MANAGER}/Settings/1": {"connection": values}}).values()
    return profile.facts


@pytest.mark.parametrize(
    ("state", "available", "expected"),
    [
        (2, False, StateFlag.Active),
        (1, False, StateFlag.Discovered),
        (3, False, StateFlag.Defined),
        (4, True, StateFlag.Discovered),
        (0, True, StateFlag.Discovered),
        (None, True, StateFlag.Discovered),
        (None, False, StateFlag.Defined),
    ],
)
def test_the_state_follows_from_device_and_active_connection(
    state: int | None, available: bool, expected: StateFlag
) -> None:
    tree = {path: dict(interfaces) for path, interfaces in TREE.items()}
    profile, device = f"{MANAGER}/Settings/1", f"{MANAGER}/Devices/1"
    if available:
        tree[device][DEVICE] = {**tree[device][DEVICE], "AvailableConnections": ("ao", [profile])}
    if state is not None:
        values = {"Connection": ("o", profile), "State": ("u", state), "Devices": ("ao", [device])}
        tree[f"{MANAGER}/ActiveConnection/1"] = {ACTIVE: values}
    facts = facts_of(tree)
    assert facts.state is expected
    assert facts.interface_name == ("wwan0" if available or state is not None else "")


def test_of_two_active_connections_the_more_active_one_counts() -> None:
    profile = f"{MANAGER}/Settings/1"
    actives = {
        f"{MANAGER}/ActiveConnection/{number}": {ACTIVE: {"Connection": ("o", profile), "State": ("u", state)}}
        for number, state in enumerate([4, 2, 3])
    }
    assert facts_of({**TREE, **actives}).state is StateFlag.Active


@pytest.mark.parametrize(
    ("kind", "capabilities", "expected"),
    [
        ("gsm", 0x4, BearerType.Bearer3G),
        ("gsm", 0xC, BearerType.BearerLTE),
        ("cdma", 0x1, BearerType.BearerCDMA2000),
        ("cdma", 0x2, BearerType.BearerEVDO),
        ("bluetooth", 0, BearerType.BearerBluetooth),
        ("wireguard", 0, BearerType.BearerUnknown),
    ],
)
def test_the_bearer_follows_from_the_profile_and_the_modem(kind: str, capabilities: int, expected: BearerType) -> None:
    profile, device = f"{MANAGER}/Settings/1", f"{MANAGER}/Devices/1"
    tree = {
        profile: TREE[profile],
        device: {
            DEVICE: {"AvailableConnections": ("ao", [profile])},
            f"{DEVICE}.Modem": {"CurrentCapabilities": ("u", capabilities)},
        },
    }
    facts = facts_of(tree, kind)
    assert facts.bearer_type is expected
    assert facts.bearer_name == ("wireguard" if kind == "wireguard" else "")


def test_a_profile_without_name_or_with_secret_settings() -> None:
    assert facts_of(TREE, id=("s", "")).name == "nm:0f"
    objects = ObjectTree()
    objects.replace(TREE)
    assert profiles(objects, {}) == {}, "another user's: we may not read what it is"


def test_objects_come_change_and_go() -> None:
    objects = ObjectTree()
    objects.add("/a", {DEVICE: {"State": ("u", 1)}, "org.freedesktop.DBus.Peer": {}})
    assert objects.having(DEVICE) == {"/a": {"State": 1}}
    assert objects.change("/a", DEVICE, {"State": ("u", 2)})
    assert not objects.change("/a", DEVICE, {"State": ("u", 2)})
    assert not objects.change("/a", ACTIVE, {"State": ("u", 2)})
    assert not objects.change("/b", DEVICE, {"State": ("u", 2)})
    objects.add("/a", {ACTIVE: {}})
    objects.remove("/a", [DEVICE, "org.freedesktop.DBus.Peer"])
    assert objects.having(DEVICE) == {}
    assert objects.having(ACTIVE) == {"/a": {}}
    objects.remove("/a", [ACTIVE])
    objects.remove("/a", [ACTIVE])
    assert objects.having(ACTIVE) == {}
