"""The monitor of interface facts, in networks of its own: every change is told, once, and costs nothing afterwards."""

from __future__ import annotations

import functools
import gc
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _netns import Namespace
from _private_network import PrivateNetwork, run_in_private_network

from qnet.core import _thread_data, _timers
from qnet.core._thread_data import ThreadData
from qnet.kernel import _interface_listener, _interface_monitor, _interface_source
from qnet.kernel._interface_facts import Change, Interface, Snapshot, byte_counters
from qnet.kernel._interface_listener import NetlinkListener, Pace, PollingListener
from qnet.kernel._interface_medium import Medium, medium_of
from qnet.kernel._interface_monitor import SETTLE, InterfaceWatch
from qnet.QtCore import QObject, QThread, QTimer

SETTLED = int(SETTLE * 1000) * 2  # milliseconds after which nothing more is announced

VETH = (
    "link add va type veth peer name vb\nlink set lo up\nlink set va addrgenmode none\nlink set vb addrgenmode none\n"
)
CONNECTED = VETH + "link set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va\n"
ROUTED = CONNECTED + "route add default via 10.1.0.2\n"


def in_private_network(test: Callable[[PrivateNetwork], None]) -> Callable[[], None]:
    """Decorates a test that needs a network to itself."""

    def run() -> None:
        run_in_private_network(test)

    functools.update_wrapper(run, test)
    del run.__wrapped__  # type: ignore[attr-defined]  # pytest would look for a fixture called "net"
    return run


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    """Without a watch there is no source and no descriptor."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    if _interface_monitor._monitors or len(os.listdir("/proc/self/fd")) > before:
        gc.collect()  # a thread's local data, or a test that failed
    assert not _interface_monitor._monitors
    assert len(os.listdir("/proc/self/fd")) <= before


def connect(net: PrivateNetwork, commands: str) -> None:
    """Make the network, and wait for what Linux tells later: carriers, and addresses of IPv6."""
    net.ip(commands)
    watch = InterfaceWatch()
    wait_for(net, watch, commands.count("addr add "))


def wait_for(net: PrivateNetwork, watch: InterfaceWatch, added: int) -> None:
    """Turn the loop until all three interfaces are up and have *added* addresses, apart from lo's own."""

    def is_ready() -> bool:
        facts = watch.snapshot().interfaces.values()
        count = sum(len(each.addresses) for each in facts if each.name != "lo")
        return count == added and sum(each.is_running() for each in facts) == 3

    assert net.wait(is_ready)


class Log:
    """Keeps the changes of a watch."""

    def __init__(self, watch: InterfaceWatch) -> None:
        self.watch = watch
        self.changes: list[Change] = []
        watch.changed.connect(self.changes.append)

    def next(self, net: PrivateNetwork) -> Change:
        """The one change that follows; more than one is an error."""
        assert net.wait(lambda: self.changes), "nothing was announced"
        net.spin(SETTLED)
        assert len(self.changes) == 1, self.changes
        return self.changes.pop()

    def until(self, net: PrivateNetwork, running: bool) -> Change:
        """All that happens until "va" is *running* or not: the kernel tells of carriers when it sees fit."""
        return self.all_until(net, lambda: va(self.watch.snapshot()).is_running() is running)

    def all_until(self, net: PrivateNetwork, condition: Callable[[], bool]) -> Change:
        """All that happens until *condition* is true, for what the kernel tells in its own time, in one."""
        before = self.watch.snapshot()
        assert net.wait(condition)
        assert each_begins_where_the_last_ended(self.changes)
        self.changes.clear()
        return Change(before, self.watch.snapshot())

    def nothing(self, net: PrivateNetwork) -> None:
        net.spin(SETTLED)
        assert self.changes == []


def va(snapshot: Snapshot) -> Interface:
    found = snapshot.by_name("va")
    assert found is not None
    return found


def addresses(interface: Interface) -> list[str]:
    return [str(address) for address in interface.addresses]


def routes(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """Interface, gateway and metric of the default routes."""
    return [
        (
            snapshot.interfaces[route.index].name,
            socket.inet_ntop(route.family, route.gateway) if route.gateway else "",
            route.metric,
        )
        for route in snapshot.default_routes
    ]


# What it knows


@in_private_network
def test_the_first_snapshot_is_what_the_other_readers_tell(net: PrivateNetwork) -> None:
    connect(net, ROUTED + "addr add 10.1.0.7/24 dev va\naddr add fd00::1/64 dev va nodad\nlink set vb mtu 1300")
    watch = InterfaceWatch()
    assert watch.source() == "netlink"
    assert watch.snapshot().complete
    expected = {link.index: Interface.of(link) for link in _interface_source.read_links()}
    assert watch.snapshot().interfaces == expected
    assert va(watch.snapshot()).is_running()
    assert watch.snapshot().default_interface() == va(watch.snapshot())


def test_counters_are_read_when_wanted() -> None:
    before = byte_counters()["lo"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(30)
        peer.bind(("127.0.0.1", 0))
        peer.sendto(bytes(1000), peer.getsockname())
        assert len(peer.recv(2000)) == 1000
    after = byte_counters()["lo"]
    assert after.sent - before.sent >= 1000
    assert after.received - before.received >= 1000


# What it tells


@in_private_network
def test_a_cable_is_pulled_and_put_back(net: PrivateNetwork) -> None:
    connect(net, ROUTED)
    watch = InterfaceWatch()
    log = Log(watch)
    net.set_up("vb", False)
    change = log.until(net, False)
    assert {new.name for _, new in change.changed} == {"va", "vb"}
    assert change.before.default_interface() is not None
    assert va(change.before).is_running()
    assert va(change.after).is_up()
    assert not va(change.after).is_running()
    assert change.after.default_interface() is None  # its route is there, and leads nowhere
    assert not change.routes_changed
    net.set_up("vb", True)
    change = log.until(net, True)
    assert change.after.default_interface() == va(change.after)


@in_private_network
def test_addresses_come_and_go(net: PrivateNetwork) -> None:
    connect(net, CONNECTED)
    watch = InterfaceWatch()
    log = Log(watch)
    net.ip("addr add 10.2.0.1/16 dev va\naddr add fd00::1/64 dev va nodad")
    ((old, new),) = log.all_until(net, lambda: len(va(watch.snapshot()).addresses) == 3).changed
    assert addresses(old) == ["10.1.0.1/24"]
    assert addresses(new) == ["10.1.0.1/24", "10.2.0.1/16", "fd00::1/64"]
    net.ip("addr del 10.1.0.1/24 dev va")
    ((_, new),) = log.next(net).changed
    assert addresses(new) == ["10.2.0.1/16", "fd00::1/64"]
    net.ip("addr change fd00::1/64 dev va preferred_lft 100 valid_lft 200")
    log.nothing(net)  # lifetimes go on all the time
    net.ip("addr change fd00::1/64 dev va preferred_lft 0 valid_lft 200")
    ((_, new),) = log.next(net).changed
    assert [address.deprecated for address in new.addresses] == [False, True]


@in_private_network
def test_one_of_two_addresses_that_differ_in_their_peer_alone_goes(net: PrivateNetwork) -> None:
    connect(net, CONNECTED + "addr add 10.3.0.1 peer 10.3.0.2 dev va\naddr add 10.3.0.1 peer 10.3.0.3 dev va")
    log = Log(InterfaceWatch())
    net.ip("addr del 10.3.0.1 peer 10.3.0.2 dev va")
    ((_, new),) = log.next(net).changed
    assert addresses(new) == ["10.1.0.1/24", "10.3.0.1/32"]


@in_private_network
def test_default_routes_come_change_and_go(net: PrivateNetwork) -> None:
    connect(net, CONNECTED)
    watch = InterfaceWatch()
    log = Log(watch)
    for command, expected in (
        ("route add default via 10.1.0.2", [("va", "10.1.0.2", 0)]),
        ("route replace default via 10.1.0.3", [("va", "10.1.0.3", 0)]),
        ("route add default dev vb metric 7", [("va", "10.1.0.3", 0), ("vb", "", 7)]),
        ("route del default via 10.1.0.3", [("vb", "", 7)]),
        ("route replace default metric 7 nexthop via 10.1.0.4 nexthop via 10.1.0.5", None),
        ("route del default", []),
    ):
        net.ip(command)
        change = log.next(net)
        assert change.routes_changed
        assert not change.changed
        if expected is None:  # as many routes as there are hops
            expected = [("va", "10.1.0.4", 7), ("va", "10.1.0.5", 7)]
        assert routes(watch.snapshot()) == expected, command
    net.ip("route add 10.9.0.0/16 via 10.1.0.2\nroute add default via 10.1.0.2 table 77\nroute add blackhole default")
    log.nothing(net)


@in_private_network
def test_default_routes_of_ipv6(net: PrivateNetwork) -> None:
    connect(net, CONNECTED + "addr add fd00::1/64 dev va nodad")
    watch = InterfaceWatch()
    log = Log(watch)
    net.ip("route add default via fd00::2 metric 3")
    assert routes(log.next(net).after) == [("va", "fd00::2", 3)]
    assert watch.snapshot().default_interface(socket.AF_INET) is None
    assert watch.snapshot().default_interface(socket.AF_INET6) == va(watch.snapshot())
    assert watch.snapshot().default_interface() == va(watch.snapshot())
    net.ip("route append default via fd00::3 metric 3")
    assert routes(log.next(net).after) == [("va", "fd00::2", 3), ("va", "fd00::3", 3)]
    net.ip("route del default via fd00::2 metric 3")
    assert routes(log.next(net).after) == [("va", "fd00::3", 3)]


@pytest.mark.parametrize("command", ["link set va down", "addr del 10.1.0.1/24 dev va", "link del va"])
def test_routes_that_the_kernel_drops_without_a_word(command: str) -> None:
    def scenario(net: PrivateNetwork) -> None:
        connect(net, ROUTED)
        watch = InterfaceWatch()
        log = Log(watch)
        net.ip(command)
        log.all_until(net, lambda: routes(watch.snapshot()) == [])

    run_in_private_network(scenario)


@in_private_network
def test_interfaces_come_and_go_and_a_new_name_is_no_new_interface(net: PrivateNetwork) -> None:
    net.ip("link set lo up")
    watch = InterfaceWatch()
    log = Log(watch)
    net.ip(VETH + "link set va up")
    change = log.next(net)
    assert sorted(each.name for each in change.added) == ["va", "vb"]
    index = va(change.after).index
    net.ip("link set va down\nlink set va name cable7\nlink set cable7 up")
    change = log.next(net)
    assert not change.added
    assert not change.removed
    assert [(old.name, new.name, new.index) for old, new in change.renamed] == [("va", "cable7", index)]
    net.ip("link del cable7")
    change = log.next(net)
    assert sorted(each.name for each in change.removed) == ["cable7", "vb"]
    assert [each.name for each in watch.snapshot().interfaces.values()] == ["lo"]


@in_private_network
def test_leaving_a_bridge_is_not_leaving_the_host(net: PrivateNetwork) -> None:
    connect(net, CONNECTED)
    watch = InterfaceWatch()
    try:
        net.ip("link add br0 type bridge")
    except Exception:
        pytest.skip("this kernel has no bridges")
    net.ip("link set vb master br0\nlink set br0 up\nlink set vb nomaster\nlink del br0")
    net.spin(SETTLED)
    assert {each.name for each in watch.snapshot().interfaces.values()} == {"lo", "va", "vb"}


# Bad cables and lost messages


def each_begins_where_the_last_ended(changes: list[Change]) -> bool:
    pairs = itertools.pairwise(changes)
    return all(change.before != change.after for change in changes) and all(b.before is a.after for a, b in pairs)


@in_private_network
def test_flapping_is_coalesced_and_leaves_nothing_behind(net: PrivateNetwork) -> None:
    connect(net, ROUTED)
    watch = InterfaceWatch()
    log = Log(watch)
    net.spin(10)
    descriptors = len(os.listdir("/proc/self/fd"))
    flaps = iter([False, True] * 50 + [False])
    begun = time.monotonic()
    toggler = QTimer()

    def toggle() -> None:
        state = next(flaps, None)
        if state is None:
            toggler.stop()
        else:
            net.set_up("vb", state)

    toggler.timeout.connect(toggle)
    gc.collect()
    gc.disable()  # nothing may need the collector
    try:
        toggler.start(10)
        assert net.wait(lambda: not toggler.isActive() and not va(watch.snapshot()).is_running(), 60)
        net.spin(SETTLED)
        assert 1 <= len(log.changes) <= (time.monotonic() - begun) / SETTLE
        assert log.changes[-1].after is watch.snapshot()
        assert each_begins_where_the_last_ended(log.changes)
        snapshots = [weakref.ref(change.before) for change in log.changes]
        log.changes.clear()
        assert [ref for ref in snapshots if ref() is not None] == []
        assert len(os.listdir("/proc/self/fd")) == descriptors
    finally:
        gc.enable()


@in_private_network
def test_what_is_over_before_it_is_announced_is_no_change(net: PrivateNetwork) -> None:
    connect(net, CONNECTED)
    log = Log(InterfaceWatch())
    net.ip("addr add 10.2.0.1/16 dev va\naddr del 10.2.0.1/16 dev va\nlink set va mtu 1300\nlink set va mtu 1500")
    log.nothing(net)


@in_private_network
def test_messages_that_were_lost_are_made_up_for(net: PrivateNetwork) -> None:
    connect(net, ROUTED)
    watch = InterfaceWatch()
    log = Log(watch)
    listener = source_of(watch)
    listener._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    dumps = listener._table._sequence
    net.ip("".join(f"addr add 10.2.{i}.1/24 dev vb\n" for i in range(250)) + "addr del 10.1.0.1/24 dev va")
    assert listener._table._sequence == dumps
    change = log.next(net)
    assert listener._table._sequence > dumps + 3, "nothing was lost: the test is too easy"
    expected = {link.index: Interface.of(link) for link in _interface_source.read_links()}
    assert change.after.interfaces == expected
    assert len(addresses(expected[socket.if_nametoindex("vb")])) == 250


def source_of(watch: InterfaceWatch) -> NetlinkListener:
    assert watch._q_monitor is not None
    listener = watch._q_monitor.source
    assert isinstance(listener, NetlinkListener)
    return listener


@in_private_network
def test_a_long_answer_is_read_over_many_turns(net: PrivateNetwork) -> None:
    connect(net, ROUTED + "".join(f"route add 10.77.{i}.0/24 via 10.1.0.2\n" for i in range(200)))
    most = NetlinkListener.DATAGRAMS
    NetlinkListener.DATAGRAMS = 1
    try:
        watch = InterfaceWatch()
        log = Log(watch)
        assert not watch.snapshot().complete
        assert log.next(net).after.complete
        assert routes(watch.snapshot()) == [("va", "10.1.0.2", 0)]
    finally:
        NetlinkListener.DATAGRAMS = most


@in_private_network
def test_only_the_kernel_is_believed(net: PrivateNetwork) -> None:
    """Any process of the same user may write to the socket."""
    connect(net, CONNECTED)
    watch = InterfaceWatch()
    log = Log(watch)
    listener = source_of(watch)
    gone = bytes.fromhex("20000000 1100 0000 00000000 00000000") + b"\0\0\1\0" + bytes(12)
    gone = gone[:20] + va(watch.snapshot()).index.to_bytes(4, "little") + gone[24:]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as stranger:
        stranger.bind((0, 0))
        stranger.sendto(gone, listener._socket.getsockname())
    log.nothing(net)
    assert "va" in [each.name for each in watch.snapshot().interfaces.values()]
    listener._table.feed(gone)  # the same from the kernel
    assert "va" not in [each.name for each in listener.snapshot().interfaces.values()]


@in_private_network
def test_a_socket_that_breaks_is_replaced(net: PrivateNetwork) -> None:
    connect(net, CONNECTED)
    watch = InterfaceWatch()
    log = Log(watch)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), source_of(watch)._socket.fileno())
    watch.refresh()
    assert watch.source() == "netlink"
    net.set_up("vb", False)
    log.until(net, False)


# What it costs


@in_private_network
def test_idle_means_no_wake_up_at_all(net: PrivateNetwork) -> None:
    connect(net, ROUTED)
    watch = InterfaceWatch()
    net.spin(SETTLED)
    thread = _thread_data.current()
    dispatcher = thread.dispatcher
    assert dispatcher is not None
    wakes: list[int] = []
    dispatcher.awake.connect(lambda: wakes.append(1))

    def spans() -> Iterator[int]:
        """How often it wakes up in 300 ms: the kernel may have something to say in one of them, not in each."""
        for _ in range(10):
            wakes.clear()
            net.spin(300)
            yield len(wakes)

    assert any(count <= 1 for count in spans())  # the timer of the test's own loop
    assert thread.timers.timeout() == -1
    assert source_of(watch)._socket.fileno() in dispatcher.watched()
    wakes.clear()
    net.ip("route add 10.9.0.0/16 via 10.1.0.2")  # it is told, and of no interest
    net.spin(200)
    assert len(wakes) <= 3


@in_private_network
def test_watches_of_a_thread_share_a_source_and_close_it(net: PrivateNetwork) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    one, other = InterfaceWatch(), InterfaceWatch()
    assert len(os.listdir("/proc/self/fd")) == descriptors + 1
    assert source_of(one) is source_of(other)
    one.stop()
    assert one.source() == ""
    log, silent = Log(other), Log(one)
    net.ip("link set lo up")
    assert [new.name for _, new in log.next(net).changed] == ["lo"]
    silent.nothing(net)
    one.start()  # and hears what it missed
    assert [new.name for _, new in silent.next(net).changed] == ["lo"]
    log.nothing(net)
    gone = weakref.ref(one), weakref.ref(other), weakref.ref(source_of(one))
    dispatcher = _thread_data.current().dispatcher
    assert dispatcher is not None
    gc.collect()
    gc.disable()
    try:
        del one, other, log, silent
        assert [ref() for ref in gone] == [None, None, None]
    finally:
        gc.enable()
    assert dispatcher.watched() == []


@in_private_network
def test_a_thread_without_a_loop_registers_nothing(net: PrivateNetwork) -> None:
    watch = InterfaceWatch()
    assert _thread_data.current().dispatcher is None
    assert watch.snapshot().complete
    watch.refresh()
    assert _thread_data.current().dispatcher is None


def test_a_watch_that_cannot_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = QObject()
    with pytest.raises(ValueError, match="netlink"):
        InterfaceWatch(parent, source="nope")
    monkeypatch.setattr(_interface_listener, "_netlink_socket", refuse)
    with pytest.raises(PermissionError):
        InterfaceWatch(parent, source="netlink")
    assert parent.children() == []
    watch = InterfaceWatch(parent)
    assert watch.source() == "psutil"
    assert "lo" in [each.name for each in watch.snapshot().interfaces.values()]


def refuse() -> None:
    raise PermissionError("no netlink sockets here")


# Slots, threads, processes


@in_private_network
def test_a_slot_may_stop_and_drop_watches(net: PrivateNetwork) -> None:
    watches = [InterfaceWatch() for _ in range(3)]
    heard: list[int] = []

    def stop_the_others(number: int) -> None:
        heard.append(number)
        watches[number - 1].stop()
        watches[number - 2] = InterfaceWatch()

    for number, watch in enumerate(watches):
        watch.changed.connect(lambda change, number=number: stop_the_others(number))
    del watch
    net.ip("link set lo up")
    assert net.wait(lambda: heard)
    net.spin(SETTLED)
    assert heard == [0]


def test_every_watch_is_told_in_its_own_thread() -> None:
    """A QThread shares the network of the thread that starts it."""

    def scenario(net: PrivateNetwork) -> None:
        told: dict[str, int] = {}
        threads = [QThread() for _ in range(2)]
        workers = []
        for name, thread in zip(("first", "second"), threads, strict=True):
            watch = InterfaceWatch()
            watch.setObjectName(name)
            watch.changed.connect(lambda change, name=name: told.setdefault(name, threading.get_ident()))
            thread.start()
            assert watch.moveToThread(thread)
            workers.append(watch)
        own = InterfaceWatch()
        own.changed.connect(lambda change: told.setdefault("own", threading.get_ident()))
        assert net.wait(lambda: all(w.source() == "netlink" for w in workers))
        assert len(_interface_monitor._monitors) == 3
        net.ip("link set lo up")
        assert net.wait(lambda: len(told) == 3)
        assert told["own"] == threading.get_ident()
        assert len(set(told.values())) == 3
        for thread, watch in zip(threads, workers, strict=True):
            thread.finished.connect(watch.deleteLater)
            thread.quit()
            assert thread.wait(30_000)
        assert len(_interface_monitor._monitors) == 1

    run_in_private_network(scenario)


@in_private_network
def test_what_changes_during_a_move_is_told_after_it(net: PrivateNetwork) -> None:
    connect(net, CONNECTED)
    watch = InterfaceWatch()
    log = Log(watch)
    thread = QThread()
    assert watch.moveToThread(thread)
    assert watch.source() == ""
    net.set_up("vb", False)
    thread.start()
    log.until(net, False)
    thread.finished.connect(watch.deleteLater)
    thread.quit()
    assert thread.wait(30_000)


def test_a_watch_is_not_started_from_another_thread(capfd: pytest.CaptureFixture[str]) -> None:
    watch = InterfaceWatch()
    watch.stop()
    thread = threading.Thread(target=watch.start)
    thread.start()
    thread.join()
    assert watch.source() == ""
    assert "another thread" in capfd.readouterr().err


FORK = """
import os, sys
from _private_network import PrivateNetwork
from qnet.QtCore import QCoreApplication
from qnet.kernel._interface_monitor import InterfaceWatch
net = PrivateNetwork()
afresh = sys.argv[1] == "afresh"
app = QCoreApplication([])
net.ip("link set lo down")
watch = InterfaceWatch()
heard = []
watch.changed.connect(heard.append)
net.spin(50)
old = os.readlink(f"/proc/self/fd/{watch._q_monitor.source._socket.fileno()}")
child = os.fork()
if not child:
    if afresh:
        app = QCoreApplication([])
        watch = InterfaceWatch()
        watch.changed.connect(heard.append)
    else:
        net.spin(50)
    here = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{n}")]
    ok = watch.source() == "netlink" and old not in here
    os.write(1, b"ready\\n")
    ok = ok and net.wait(lambda: heard)
    os._exit(0 if ok else 1)
sys.stdin.readline()
net.ip("link set lo up")
assert net.wait(lambda: heard)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("both")
"""


@pytest.mark.parametrize("way", ["on", "afresh"])
def test_a_forked_child_listens_for_itself(way: str) -> None:
    with Namespace() as namespace:
        path = os.pathsep.join([namespace.python_path(), os.path.dirname(__file__)])
        command = [*namespace.prefix, "env", f"PYTHONPATH={path}", sys.executable, "-W", "error", "-c", FORK, way]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            try:
                assert program.stdout.readline() == "ready\n"
                output, _ = program.communicate("go\n", timeout=90)
            finally:
                program.kill()
        assert output == "both\n"
        assert program.returncode == 0


# Polling


class VirtualTime:
    """The clock of the timers, which goes from one deadline to the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 10**9
        monkeypatch.setattr(_timers, "monotonic_ns", lambda: self.now)

    def run(self, thread: ThreadData, seconds: float) -> None:
        end = self.now + int(seconds * 10**9)
        while thread.timers.heap and thread.timers.heap[0][0] <= end:
            self.now = thread.timers.heap[0][0]
            thread.timers.fire_due()
        self.now = end


def test_polling_costs_six_polls_a_minute_when_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    time = VirtualTime(monkeypatch)
    thread = ThreadData()
    polls: list[int] = []
    world = [_interface_listener.read_snapshot()]

    def read() -> Snapshot:
        polls.append(time.now)
        return world[0]

    monkeypatch.setattr(_interface_listener, "read_snapshot", read)
    changes: list[int] = []
    listener = PollingListener(thread, lambda: changes.append(time.now), lambda: None)
    time.run(thread, 60)  # it is new: a second, two, four and so on
    assert len(polls) <= 10
    polls.clear()
    time.run(thread, 60)
    assert len(polls) <= 6
    assert changes == []

    began = time.now
    world[0] = Snapshot(complete=True)
    while not changes:
        time.run(thread, 0.5)
    assert time.now - began <= 10.5e9
    assert listener.snapshot() is world[0]
    polls.clear()
    time.run(thread, 4)
    assert len(polls) >= 2, "after a change it looks more often"
    time.run(thread, 60)
    polls.clear()
    listener.refresh()
    assert len(polls) == 1
    time.run(thread, 3)
    assert len(polls) == 2
    listener.close()
    polls.clear()
    time.run(thread, 600)
    assert polls == []


def test_the_pace_doubles_up_to_ten_seconds() -> None:
    pace = Pace()
    assert [pace.after(changed) for changed in (False, False, False, False, False, True, False)] == [
        2,
        4,
        8,
        10,
        10,
        1,
        2,
    ]


POLL = ROUTED + "addr add fd00::1/64 dev va nodad"
POLLED = """
import sys
from _private_network import PrivateNetwork
from test_interface_monitor import POLL, addresses, connect, va
from qnet.kernel._interface_monitor import InterfaceWatch
from qnet.core import _thread_data
net = PrivateNetwork()
connect(net, POLL)
told, watch = InterfaceWatch(source="netlink").snapshot(), InterfaceWatch(source="psutil")
assert watch.source() == "psutil"
found = watch.snapshot()
assert [(e.index, e.name, e.flags, e.mtu, e.hardware, e.hardware_address) for e in found.interfaces.values()] == [
    (e.index, e.name, e.flags, e.mtu, e.hardware, e.hardware_address) for e in told.interfaces.values()]
assert sorted(addresses(va(found))) == sorted(addresses(va(told)))
assert [(r.family, r.index) for r in found.default_routes] == [(r.family, r.index) for r in told.default_routes]
changes = []
watch.changed.connect(changes.append)
net.ip("link set vb down\\nlink set va down\\nlink set va name cable7")
watch.refresh()
assert net.wait(lambda: changes)
assert [(old.name, new.name) for old, new in changes[0].renamed] == [("va", "cable7")]
assert changes[0].after.default_routes == ()
assert len(changes) == 1
assert _thread_data.current().timers.timeout() > 0
watch.stop()
assert _thread_data.current().timers.timeout() == -1
print("agreed")
"""


def test_polling_finds_what_the_kernel_tells() -> None:
    """In a process of its own: psutil reads files in /proc that describe the network of a process' first thread."""
    with Namespace() as namespace:
        path = os.pathsep.join([namespace.python_path(), os.path.dirname(__file__)])
        output = namespace.run("env", f"PYTHONPATH={path}", sys.executable, "-c", POLLED)
        assert output == "agreed\n"


# Media


def interface(name: str, hardware: int = _interface_source.ARPHRD_ETHER, flags: int = 0) -> Interface:
    return Interface(7, name, flags, hardware)


@pytest.mark.parametrize(
    ("name", "medium"),
    [
        ("eth0", Medium.ETHERNET),
        ("enp3s0", Medium.ETHERNET),
        ("br-lan", Medium.ETHERNET),
        ("wlan0", Medium.WIFI),
        ("wlp2s0", Medium.WIFI),
        ("Wi-Fi 2", Medium.WIFI),
        ("wwan0", Medium.CELLULAR),
        ("wwp0s20u4", Medium.CELLULAR),
        ("rmnet_data1", Medium.CELLULAR),
        ("pdp_ip0", Medium.CELLULAR),
        ("Cellular", Medium.CELLULAR),
        ("bnep0", Medium.BLUETOOTH),
        ("Bluetooth Network Connection", Medium.BLUETOOTH),
        ("../eth0", Medium.ETHERNET),
        ("", Medium.ETHERNET),
    ],
)
def test_medium_by_name(name: str, medium: Medium, tmp_path: Path) -> None:
    assert medium_of(interface(name), tmp_path) is medium


def test_medium_as_the_driver_tells_it(tmp_path: Path) -> None:
    def device(name: str, uevent: str = "", *folders: str) -> Interface:
        (tmp_path / name).mkdir()
        if uevent:
            (tmp_path / name / "uevent").write_text(uevent)
        for folder in folders:
            (tmp_path / name / folder).mkdir()
        return interface(name)

    assert medium_of(device("a", "DEVTYPE=wlan\nINTERFACE=a\n"), tmp_path) is Medium.WIFI
    assert medium_of(device("b", "INTERFACE=b\nDEVTYPE=wwan\n"), tmp_path) is Medium.CELLULAR
    assert medium_of(device("c", "DEVTYPE=bluetooth\n"), tmp_path) is Medium.BLUETOOTH
    assert medium_of(device("d", "DEVTYPE=bridge\n"), tmp_path) is Medium.ETHERNET
    assert medium_of(device("e", "", "wireless"), tmp_path) is Medium.WIFI
    assert medium_of(device("f", "INTERFACE=f\n", "phy80211"), tmp_path) is Medium.WIFI
    assert medium_of(device("wlan0", "DEVTYPE=wwan\n"), tmp_path) is Medium.CELLULAR  # the driver knows better


def test_medium_by_hardware(tmp_path: Path) -> None:
    source = _interface_source
    assert medium_of(interface("x", source.ARPHRD_LOOPBACK, source.IFF_LOOPBACK), tmp_path) is Medium.LOOPBACK
    assert medium_of(interface("x", source.ARPHRD_IEEE80211), tmp_path) is Medium.WIFI
    assert medium_of(interface("tun0", source.ARPHRD_NONE), tmp_path) is Medium.UNKNOWN
    assert medium_of(interface("ppp0", source.ARPHRD_PPP), tmp_path) is Medium.UNKNOWN
    assert medium_of(interface("lo", source.ARPHRD_LOOPBACK, source.IFF_LOOPBACK)) is Medium.LOOPBACK
