"""The netlink engine in networks of its own: events at once and in one go, silence otherwise, start and stop."""

from __future__ import annotations

import functools
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from _bearer_tools import Log, bearer_threads, no_bearer_thread_is_left
from _netns import Namespace
from _private_network import PrivateNetwork, run_in_private_network

from qnet.bearer import _netlink_control as control
from qnet.bearer._counters import byte_counters_of
from qnet.bearer._data import ConfigurationData
from qnet.bearer._engine_netlink import NetlinkEngine
from qnet.bearer._store import ConfigurationStore, ConfigurationWatch
from qnet.bearer.engine import QBearerEngine
from qnet.kernel._interface_source import IFF_RUNNING, read_links
from qnet.QtNetwork import QNetworkConfiguration as Configuration
from qnet.QtNetwork import QNetworkConfigurationManager as Manager

VETH = "link add va type veth peer name vb\nlink set va addrgenmode none\nlink set vb addrgenmode none\n"
CONNECTED = VETH + "link set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va\n"
SETTLED = 200  # milliseconds after which nothing more is announced

needs_pyroute2 = pytest.mark.skipif(control.find_spec("pyroute2") is None, reason="needs pyroute2")


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """The last watch takes the thread and the socket with it."""
    gc.collect()
    before = os.listdir("/proc/self/fd")
    yield
    gc.collect()
    assert no_bearer_thread_is_left()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def in_private_network(test: Callable[[PrivateNetwork], None]) -> Callable[[], None]:
    """Decorates a test that needs a network to itself."""

    def run() -> None:
        run_in_private_network(test)

    functools.update_wrapper(run, test)
    del run.__wrapped__  # type: ignore[attr-defined]  # pytest would look for a fixture called "net"
    return run


def connect(net: PrivateNetwork, more: str = "") -> None:
    """Make a cable, and wait for its carrier."""
    net.ip(CONNECTED + more)
    wait_for_carrier(net)


def wait_for_carrier(net: PrivateNetwork) -> None:
    """The kernel tells it when it sees fit, up to a second later."""

    def running() -> set[str]:
        return {link.name for link in read_links() if link.flags & IFF_RUNNING}

    assert net.wait(lambda: running() >= {"va", "vb"})


def named(store: ConfigurationStore, name: str) -> ConfigurationData:
    return next(record for record in store.all() if record.facts.name == name)


def is_active(store: ConfigurationStore, name: str) -> bool:
    return any(each.facts.name == name and each.facts.state == Configuration.Active for each in store.all())


def listen(net: PrivateNetwork) -> tuple[ConfigurationWatch, ConfigurationStore, Log]:
    """A watch that has heard of everything that there is by now, and what it is told from now on."""
    watch = ConfigurationWatch()
    log = Log(watch)
    assert net.wait(lambda: log.updates)  # the engines have all looked for the first time
    log.batches.clear()
    return watch, watch.store(), log


def settle(net: PrivateNetwork, log: Log) -> None:
    """Wait until the engines have looked again, and nothing is on its way any more."""
    log.updates = 0
    ConfigurationStore.of_this_thread().request_update()
    assert net.wait(lambda: log.updates)
    net.spin(SETTLED)


def online_manager(net: PrivateNetwork) -> Manager:
    """A manager that has seen the cable, and whose engines have nothing to do any more."""
    manager = Manager()
    completed: list[bool] = []
    manager.updateCompleted.connect(lambda: completed.append(True))
    assert net.wait(lambda: completed and manager.isOnline())
    net.spin(SETTLED)
    return manager


# -- events


@in_private_network
def test_an_interface_may_be_replaced_by_one_of_the_same_name(net: PrivateNetwork) -> None:
    connect(net)
    _watch, store, log = listen(net)
    old = named(store, "va")
    net.ip("link del va\n" + CONNECTED)
    assert net.wait(lambda: not old.valid)
    assert net.wait(lambda: is_active(store, "va"))
    settle(net, log)
    new = named(store, "va")
    assert new.identifier != old.identifier
    assert ("REMOVED", old.identifier) in log.changes
    assert ("ADDED", new.identifier) in log.changes


@in_private_network
def test_a_cable_that_flaps_fifty_times_a_second_is_told_in_one_go(net: PrivateNetwork) -> None:
    connect(net)
    _watch, store, log = listen(net)
    manager = Manager()
    manager.allConfigurations()
    told: list[str] = []
    manager.configurationChanged.connect(lambda configuration: told.append(configuration.name()))
    va = named(store, "va")
    assert net.wait(lambda: va.facts.state == Configuration.Active)
    settle(net, log)
    gc.collect()
    descriptors, objects = len(os.listdir("/proc/self/fd")), len(gc.get_objects())
    log.batches.clear()
    told.clear()
    flaps = 0

    def flap() -> None:
        nonlocal flaps
        flaps += 1
        net.set_up("vb", flaps % 2 == 0)

    began = time.monotonic()
    timer = net.qt.QTimer()
    timer.timeout.connect(flap)
    timer.start(20)
    assert net.wait(lambda: flaps >= 80)
    timer.stop()
    net.set_up("vb", True)
    wait_for_carrier(net)
    settle(net, log)
    most = (time.monotonic() - began) / 0.05 + 3
    assert va.facts.state == Configuration.Active
    assert len(log.batches) <= most, "the kernel's messages of 50 ms are one change"
    assert len(told) <= 2 * most
    del timer
    log.batches.clear()
    told.clear()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert len(gc.get_objects()) - objects < 100
    settle(net, log)
    assert log.batches == []


@in_private_network
def test_what_flaps_while_nobody_looks_costs_one_look(net: PrivateNetwork) -> None:
    connect(net)
    _watch, store, log = listen(net)
    va = named(store, "va")
    assert net.wait(lambda: va.facts.state == Configuration.Active)
    settle(net, log)
    log.batches.clear()
    states = set()
    deadline = time.monotonic() + 60
    while states != {Configuration.Active, Configuration.Defined} and time.monotonic() < deadline:
        net.set_up("vb", False)
        time.sleep(0.12)  # this thread is busy: its loop does not turn
        states.add(va.facts.state)
        net.set_up("vb", True)
        time.sleep(0.12)
        states.add(va.facts.state)
    assert len(states) == 2, "the bearer thread goes on"
    wait_for_carrier(net)
    net.ip("link set vb down")
    assert net.wait(lambda: log.batches)
    assert len(log.batches[0]) <= 2
    assert len(store.known()) == 2


@in_private_network
def test_while_nothing_happens_nobody_wakes_up(net: PrivateNetwork) -> None:
    connect(net)
    manager = online_manager(net)
    service = ConfigurationStore.of_this_thread()._service
    assert service is not None
    bearer = service._thread._q_thread_data
    dispatcher = service._thread.eventDispatcher()
    assert dispatcher is not None
    turns: list[str] = []
    dispatcher.awake.connect(lambda: turns.append("bearer"))

    def is_asleep() -> bool:
        """Whether it sleeps without a timer, and all of half a second: what the kernel tells late wakes it rightly."""
        if not dispatcher.sleeping or bearer.timers:
            return False
        before = len(turns)
        net.spin(500)
        return dispatcher.sleeping and bearer.timers.timeout() == -1 and len(turns) == before

    assert net.wait(is_asleep)
    turns.clear()
    net.ip("link set vb down")
    assert net.wait(lambda: not manager.isOnline())
    assert turns, "or the count would prove nothing"


# -- managers


@in_private_network
def test_managers_share_one_socket_and_one_thread(net: PrivateNetwork) -> None:
    connect(net)
    managers = [online_manager(net)]
    before = os.listdir("/proc/self/fd")
    managers += [Manager() for _ in range(20)]
    assert all(manager.isOnline() for manager in managers)
    net.spin(50)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert len(bearer_threads()) == 1


@in_private_network
def test_making_a_manager_takes_less_than_five_milliseconds(net: PrivateNetwork) -> None:
    connect(net)
    walls, processors = [], []
    for _ in range(20):
        wall, processor = time.perf_counter(), time.thread_time()
        manager = Manager()
        processors.append(time.thread_time() - processor)
        walls.append(time.perf_counter() - wall)
        assert net.wait(manager.isOnline)
        del manager  # so that the next one has to start the bearer thread, too
        assert no_bearer_thread_is_left()
    print(f"making a manager: {min(walls) * 1e3:.2f} ms at best, {sorted(walls)[10] * 1e3:.2f} ms in the middle")
    assert min(walls) < 0.005  # at best: the machine may be busy with something else now and then
    assert min(processors) < 0.005


@in_private_network
def test_managers_come_and_go(net: PrivateNetwork) -> None:
    connect(net)
    for _ in range(50):
        manager = Manager()
        assert net.wait(manager.isOnline)
        del manager
    manager = online_manager(net)
    heard: list[bool] = []
    manager.onlineStateChanged.connect(heard.append)
    net.set_up("vb", False)
    assert net.wait(lambda: heard == [False])


@in_private_network
def test_a_slot_may_destroy_the_manager(net: PrivateNetwork) -> None:
    connect(net)
    managers = [online_manager(net)]
    heard: list[str] = []

    def last(configuration: Configuration) -> None:
        heard.append(configuration.name())
        managers[0].deleteLater()

    managers[0].configurationChanged.connect(last)
    net.ip("link set va name vx")
    assert net.wait(lambda: heard)
    managers.clear()
    net.spin(SETTLED)
    assert heard == ["vx"]


# -- start and stop


@needs_pyroute2
@in_private_network
def test_an_interface_is_started_and_stopped(net: PrivateNetwork) -> None:
    net.ip(VETH + "link set vb up\naddr add 10.1.0.1/24 dev va\n")
    watch, store, log = listen(net)
    manager = Manager()
    assert manager.capabilities() & Manager.CanStartAndStopInterfaces
    va = named(store, "va")
    assert va.facts.state == Configuration.Discovered
    store.start_interface(va.identifier)
    assert net.wait(lambda: va.facts.state == Configuration.Active)
    store.stop_interface(va.identifier)
    assert net.wait(lambda: va.facts.state == Configuration.Discovered)
    store.stop_interface(va.identifier)  # it is down, which is what was wanted
    store.start_interface(va.identifier)
    store.stop_interface(va.identifier)
    store.start_interface(va.identifier)
    assert net.wait(lambda: va.facts.state == Configuration.Active)
    assert log.failures == []
    assert watch.store() is store


@in_private_network
def test_an_interface_that_is_up_without_a_cable_cannot_be_started(net: PrivateNetwork) -> None:
    net.ip(VETH + "link set va up\naddr add 10.1.0.1/24 dev va\n")
    _watch, store, _log = listen(net)
    assert named(store, "va").facts.state == Configuration.Defined


@needs_pyroute2
@in_private_network
def test_starting_again_and_again_leaves_nothing_behind(net: PrivateNetwork) -> None:
    net.ip(VETH)
    _watch, store, log = listen(net)
    va = named(store, "va")

    def cycle() -> None:
        store.start_interface(va.identifier)
        assert net.wait(lambda: va.facts.state == Configuration.Defined)
        store.stop_interface(va.identifier)
        assert net.wait(lambda: va.facts.state == Configuration.Discovered)

    cycle()
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        cycle()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
    assert log.failures == []


@needs_pyroute2
@in_private_network
def test_what_the_kernel_refuses_is_an_error_with_its_words(net: PrivateNetwork) -> None:
    with pytest.raises(control.ControlError, match="No such device"):
        control.set_up(99999, True)


def engine_with(failures: list[Any]) -> NetlinkEngine:
    engine = NetlinkEngine()
    engine.connectionError.connect(lambda *args: failures.append(args))
    engine.initialize()
    return engine


@in_private_network
def test_without_pyroute2_the_error_names_the_extra(net: PrivateNetwork) -> None:
    net.ip(VETH)
    patch = pytest.MonkeyPatch()
    failures: list[Any] = []
    with patch.context() as without:
        without.setitem(sys.modules, "pyroute2", None)
        engine = engine_with(failures)
        assert {facts.state for facts in engine.configurations()} == {Configuration.Defined}
        assert not engine.capabilities() & Manager.CanStartAndStopInterfaces
        engine.startInterface(engine.configurations()[0].identifier)
        with pytest.raises(control.ControlError, match="needs pyroute2"):
            control.set_up(1, True)
    ((_, code, text),) = failures
    assert code is QBearerEngine.ConnectionError.OperationNotSupported
    assert "pip install 'qnet[netlink]'" in text
    engine.shutdown()


@in_private_network
def test_an_interface_that_is_gone_cannot_be_started(net: PrivateNetwork) -> None:
    failures: list[Any] = []
    engine = engine_with(failures)
    engine.startInterface("interface:99999")
    ((identifier, code, text),) = failures
    assert identifier == "interface:99999"
    assert code is QBearerEngine.ConnectionError.InterfaceLookupError
    assert "no such interface" in text
    engine.shutdown()


WITHOUT_RIGHTS = """
import json, os
from qnet.QtCore import QCoreApplication
from qnet.QtNetwork import QNetworkConfigurationManager, QNetworkConfiguration
from qnet.bearer._store import ConfigurationWatch
from _implementations import Implementation
app = QCoreApplication([])
QNetworkConfiguration, QNetworkConfigurationManager
os.environ["QNET_BEARER_DIR"] = "/proc/nowhere"
manager, watch = QNetworkConfigurationManager(), ConfigurationWatch()
qt, looked, failures = Implementation("qnet"), [], []
manager.updateCompleted.connect(lambda: looked.append(True))
assert qt.wait(lambda: looked)
found = manager.allConfigurations()
watch.failed.connect(lambda *args: failures.append(args))
watch.store().start_interface(found[0].identifier())
assert qt.wait(lambda: failures)
print(json.dumps([
    sorted({int(c.state()) for c in found}), int(manager.capabilities()), int(failures[0][1]), failures[0][2]
]))
"""


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv (util-linux)")
def test_without_the_right_nothing_can_be_started() -> None:
    with Namespace() as net:
        net.ip("link add va type veth peer name vb")
        drop = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")
        path = f"PYTHONPATH={net.python_path()}"
        states, capabilities, code, text = json.loads(net.run("env", path, *drop, sys.executable, "-c", WITHOUT_RIGHTS))
    assert states == [2]
    assert capabilities & int(Manager.DataStatistics)
    assert not capabilities & int(Manager.CanStartAndStopInterfaces)
    assert not capabilities & int(Manager.SystemSessionSupport), "there is no directory for it"
    assert code == int(QBearerEngine.ConnectionError.OperationNotSupported)
    assert "CAP_NET_ADMIN" in text


# -- bytes


@in_private_network
def test_bytes_are_counted(net: PrivateNetwork) -> None:
    connect(net, "neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev va\n")
    _watch, store, _log = listen(net)
    va, vb = named(store, "va"), named(store, "vb")
    assert net.wait(lambda: va.facts.state == Configuration.Active)
    before = store.statistics(va.identifier), store.statistics(vb.identifier)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(10):
            sender.sendto(bytes(1000), ("10.1.0.9", 9))
    after = store.statistics(va.identifier), store.statistics(vb.identifier)
    assert before[0] is not None
    assert before[1] is not None
    assert after[0] is not None
    assert after[1] is not None
    size = 1000 + 8 + 20 + 14
    assert after[0][0] - before[0][0] >= 10 * size
    assert after[1][1] - before[1][1] >= 10 * size

    def ip_says_the_same() -> bool:
        """Nothing is sent any more, but by the kernel, now and then."""
        told = json.loads(subprocess.run(["ip", "-j", "-s", "link", "show", "va"], stdout=subprocess.PIPE).stdout)
        counters = told[0]["stats64"]
        return store.statistics(va.identifier) == (counters["tx"]["bytes"], counters["rx"]["bytes"])

    assert net.wait(ip_says_the_same)


@in_private_network
def test_nothing_is_counted_that_is_not_there(net: PrivateNetwork) -> None:
    assert byte_counters_of(99999, "nothing") is None
    _watch, store, _log = listen(net)
    assert store.statistics("interface:99999") is None


def test_other_systems_ask_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    assert psutil  # loaded before it would look at the platform
    monkeypatch.setattr(sys, "platform", "plan9")
    found = byte_counters_of(1, "lo")
    monkeypatch.undo()
    assert found is not None
    exact = byte_counters_of(1, "lo")
    assert exact is not None
    assert exact[0] >= found[0]
