"""Where a thread's facts come from. Two sources with one contract, both for the thread that made them.

* A source *opens* in its constructor, which reads once, and within a bound: `snapshot` has facts from then on.
* It calls ``changed()`` in its thread when `snapshot` may differ, and ``failed()`` when it cannot go on.
* `refresh` reads again now; `close` gives everything back, from any thread if its own does not run any more.

`NetlinkListener` is told by the kernel, and costs nothing while nothing happens. `PollingListener` asks psutil, often
while things move and every ten seconds in the long run. A process that can have the former does not need the latter.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from typing import Protocol
from weakref import ReferenceType

from qnet.core._io_epoll import READ
from qnet.core._thread_data import ThreadData
from qnet.core._timers import TimerEntry
from qnet.core.eventdispatcher import EventDispatcher
from qnet.kernel import _interface_source as source
from qnet.kernel._interface_facts import DefaultRoute, Interface, Snapshot
from qnet.kernel._interface_rtnetlink import GROUPS, RouteTable

__all__ = ["Listener", "NetlinkListener", "Pace", "PollingListener", "open_listener"]

_SECOND = 1_000_000_000

Callback = Callable[[], object]


class Listener(Protocol):
    """What both sources offer; see the module's text."""

    name: str

    def snapshot(self) -> Snapshot: ...
    def is_settled(self) -> bool: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


def open_listener(kind: str, thread: ThreadData, changed: Callback, failed: Callback) -> Listener:
    """The source called *kind*: "netlink" or "psutil"; "": the best that works here. OSError if it does not work."""
    if kind not in ("", NetlinkListener.name, PollingListener.name):
        raise ValueError(f'a source of interface facts is "netlink" or "psutil", not {kind!r}')
    if kind != PollingListener.name:
        try:
            return NetlinkListener(thread, changed, failed)
        except OSError:  # another system, or a sandbox without netlink sockets
            if kind:
                raise
    return PollingListener(thread, changed, failed)


class NetlinkListener:
    """A socket that the kernel sends its changes to, watched by the thread's dispatcher from its first turn on."""

    name = "netlink"

    DATAGRAMS = 16  # read in one go; a route server's tables take many turns

    def __init__(self, thread: ThreadData, changed: Callback, failed: Callback) -> None:
        self._thread = thread
        self._changed = changed
        self._failed = failed
        self._table = RouteTable()
        self._dispatcher: EventDispatcher | None = None
        self._socket = _netlink_socket()
        try:
            self._read()
        except BaseException:
            self._socket.close()
            raise
        thread.arrivals[id(self)] = ReferenceType(self)

    def snapshot(self) -> Snapshot:
        """What is known now."""
        return self._table.snapshot()

    def is_settled(self) -> bool:
        """Whether no answer is awaited: what is known is no state in between."""
        return not self._table.is_busy()

    def refresh(self) -> None:
        """Read everything again."""
        self._table.resync()
        self._ready()

    def close(self) -> None:
        """Close the socket."""
        self._thread.arrivals.pop(id(self), None)
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None and self._socket.fileno() >= 0:
            dispatcher.forget(self._socket.fileno())
        self._socket.close()
        self._changed = self._failed = _nothing

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        self._dispatcher = dispatcher
        dispatcher.watch(self._socket.fileno(), READ, self._ready)

    def _ready(self) -> None:
        if self._socket.fileno() < 0:
            return
        try:
            self._read()
        except OSError:
            self._failed()
            return
        self._changed()

    def _read(self) -> None:
        """Ask, and take what is there; the rest of a long answer stays for the next turn."""
        self._ask()
        for _ in range(self.DATAGRAMS):
            try:
                data, sender = self._socket.recvfrom(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._table.resync()  # the queue was full, and messages are lost
            else:
                if sender[0] == 0:  # the kernel; any process of ours could send, too
                    self._table.feed(data)
            self._ask()

    def _ask(self) -> None:
        request = self._table.request()
        if request:
            self._socket.send(request)


def _netlink_socket() -> socket.socket:
    if sys.platform != "linux":
        raise OSError(errno.EAFNOSUPPORT, "only Linux has netlink sockets")
    listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, 0)
    try:
        listening.bind((0, GROUPS))
    except BaseException:
        listening.close()
        raise
    return listening


class Pace:
    """Seconds between two polls: 1 after a change, then doubled up to 10 (six a minute) while nothing changes."""

    FASTEST = 1.0
    SLOWEST = 10.0

    def __init__(self) -> None:
        self.seconds = self.FASTEST

    def after(self, changed: bool) -> float:
        """The time until the next poll, when one has just found that something *changed* or not."""
        self.seconds = self.FASTEST if changed else min(self.seconds * 2, self.SLOWEST)
        return self.seconds


class PollingListener:
    """Asks psutil from a timer of the thread's loop."""

    name = "psutil"

    def __init__(self, thread: ThreadData, changed: Callback, failed: Callback) -> None:
        del failed  # asking goes on: what fails now works later
        self._changed = changed
        self._thread = thread
        self._snapshot = read_snapshot()
        self._pace = Pace()
        self._timer = TimerEntry(int(self._pace.seconds * _SECOND), self._poll, single_shot=True)
        thread.timers.start(self._timer)

    def snapshot(self) -> Snapshot:
        """What the last poll found."""
        return self._snapshot

    def is_settled(self) -> bool:
        """True: a poll finds everything at once."""
        return True

    def refresh(self) -> None:
        """Poll now, and soon again."""
        self._pace.seconds = self._pace.FASTEST
        self._poll()

    def close(self) -> None:
        """Stop polling."""
        self._thread.timers.discard(self._timer)
        self._changed = _nothing

    def _poll(self) -> None:
        try:
            found = read_snapshot()
        except OSError:  # an interface that went while psutil read its state
            found = self._snapshot
        changed = found != self._snapshot
        self._snapshot = found
        self._timer.interval = int(self._pace.after(changed) * _SECOND)
        self._thread.timers.start(self._timer)
        if changed:
            self._changed()


def read_snapshot() -> Snapshot:
    """What psutil and the routing of this host tell now."""
    links = source.links_from_psutil()
    if sys.platform == "win32":
        for link in links:  # "up" means both there
            link.flags |= source.IFF_RUNNING if link.flags & source.IFF_UP else 0
    interfaces = {link.index: Interface.of(link) for link in links}
    found = (_default_route(family, interfaces) for family in _FAR_AWAY)
    return Snapshot(interfaces, tuple(route for route in found if route is not None), complete=True)


# Two addresses that only a default route leads to (a root name server's). Connecting a datagram socket sends
# nothing: the system looks up the route and chooses the address to send from.
_FAR_AWAY = {socket.AF_INET: "198.41.0.4", socket.AF_INET6: "2001:503:ba3e::2:30"}


def _default_route(family: socket.AddressFamily, interfaces: dict[int, Interface]) -> DefaultRoute | None:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_FAR_AWAY[family], 53))
            own = socket.inet_pton(family, probe.getsockname()[0].partition("%")[0])
    except OSError:
        return None  # no route, or no such protocol
    value = int.from_bytes(own, "big")
    for interface in interfaces.values():
        if any(address.family == family and address.value == value for address in interface.addresses):
            return DefaultRoute(0, family, interface.index)
    return None


def _nothing() -> None:
    """What a closed source calls."""
