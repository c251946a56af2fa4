"""The way from a host's name to a connection: look-up, then attempts; event-driven or blocking, the same object.

========  =======================  =====================================================
stage     event                    what follows
========  =======================  =====================================================
look-up   the answer               the socket hears of it (-> Connecting, hostFound); attempts
look-up   no address               the socket's ``_q_connect_failed``
attempts  a descriptor is ready    `qnet.socket._connector` decides
attempts  its next point in time   likewise
attempts  one has won              the socket's ``_q_connection_made``
attempts  none is left             the socket's ``_q_connect_failed``
========  =======================  =====================================================

While it is under way it holds the socket (which is in use, and must not be collected), and something holds it: the
dispatcher, the thread's arrivals, or `_looking_up`. Ending it breaks the circle.
"""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from qnet.core._io_epoll import WRITE
from qnet.core._thread_data import ObjectData, Posted, ThreadData
from qnet.core._timers import TimerEntry
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._connector import Connector, interleaved
from qnet.socket._enums import SocketError
from qnet.socket._errors import failure, failure_from_os
from qnet.socket._waiting import Clock, poll

if TYPE_CHECKING:
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.socket.abstractsocket import QAbstractSocket

__all__ = ["Connecting"]

_LOOKUP_DONE = -2  # the "event type" of a queued look-up result
_FAMILIES = (NetworkLayerProtocol.IPv4Protocol, NetworkLayerProtocol.IPv6Protocol)

_looking_up: set[Connecting] = set()


class Connecting:
    """One `connectToHost` of *socket*: to *port* of the host *name*, over *protocol* only unless that is "any"."""

    __slots__ = ("_connector", "_dispatcher", "_lookup", "_timer", "name", "port", "protocol", "socket")

    def __init__(self, socket: QAbstractSocket, name: str, port: int, protocol: NetworkLayerProtocol) -> None:
        self.socket = socket
        self.name = name
        self.port = port
        self.protocol = protocol
        self._lookup: _Lookup | None = None
        self._connector: Connector | None = None
        self._timer: TimerEntry | None = None
        self._dispatcher: EventDispatcher | None = None

    # -- stages

    def begin(self) -> None:
        """Look the name up; a literal address, and a name that is known, get to the attempts within the call."""
        literal = QHostAddress(self.name)
        if not literal.isNull():
            self._found([literal], "")
            return
        self._lookup = _Lookup(self)
        _looking_up.add(self)
        self._lookup.start()

    def _looked_up(self, lookup: _Lookup) -> None:
        if lookup is self._lookup:
            self._end_lookup()
            self._found(lookup.addresses, lookup.text)

    def _end_lookup(self) -> None:
        lookup, self._lookup = self._lookup, None
        if lookup is not None:
            lookup.cancel()
            _looking_up.discard(self)

    def _found(self, addresses: list[QHostAddress], text: str) -> None:
        socket = self.socket
        if self.protocol in _FAMILIES:
            addresses = [a for a in addresses if a.protocol() is self.protocol]
        if not addresses:
            why = f"looking up {self.name!r}" + (f" ({text})" if text else "")
            socket._q_connect_failed(failure(SocketError.HostNotFoundError, why))
            return
        if not socket._q_host_found(self):
            return  # a slot has ended it
        bound = socket._q_engine
        make = socket._q_new_engine if bound is None else lambda address: bound
        self._connector = Connector(interleaved(addresses), self.port, make, parallel=bound is None)
        self._connector.begin(monotonic())
        self._follow()

    def _follow(self) -> None:
        """Look at where the attempts are now: over, or to be watched."""
        connector = self._connector
        if connector is None:
            return
        if connector.is_over():
            self.end()
            if connector.winner is not None:
                self.socket._q_connection_made(connector.winner, connector.address, self.port)
            else:
                self.socket._q_connect_failed(connector.failure or failure(SocketError.NetworkError, self.name))
            return
        thread = self.socket._q.thread
        if thread.dispatcher is not None and thread.scope_level:
            self._q_watch(thread.dispatcher)
        else:
            thread.arrivals[id(self)] = self

    def end(self) -> None:
        """Stop wherever it is and give everything back; a second time nothing happens."""
        self._end_lookup()
        thread = self.socket._q.thread
        thread.arrivals.pop(id(self), None)
        timer, self._timer = self._timer, None
        if timer is not None:
            thread.timers.discard(timer)
        self._unwatch()
        connector, self._connector = self._connector, None
        if connector is not None:
            connector.cancel()

    # -- driven by the event loop

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        connector = self._connector
        if connector is None:
            return
        self._dispatcher = dispatcher
        try:
            for fd in connector.descriptors():
                dispatcher.watch(fd, WRITE, _Ready(self, fd))
        except OSError as error:
            self.end()
            self.socket._q_connect_failed(failure_from_os(error, "watching the socket"))
            return
        if self._timer is None:
            self._timer = TimerEntry(0, self._due, single_shot=True)
        self._timer.interval = max(0, int((connector.deadline() - monotonic()) * 1e9))
        self.socket._q.thread.timers.start(self._timer)

    def _unwatch(self) -> None:
        if self._dispatcher is not None and self._connector is not None:
            for fd in self._connector.descriptors():
                self._dispatcher.forget(fd)

    def _due(self) -> None:
        if self._connector is not None:
            self._unwatch()
            self._connector.expired(monotonic())
            self._follow()

    def ready(self, fd: int) -> None:
        """The descriptor of an attempt is writable, or has failed."""
        if self._connector is not None:
            self._unwatch()
            self._connector.ready(fd, monotonic())
            self._follow()

    def leave(self, source: ThreadData) -> None:
        """The socket moves to another thread: take everything out of this one."""
        self._unwatch()
        self._dispatcher = None
        source.arrivals.pop(id(self), None)
        timer, self._timer = self._timer, None
        if timer is not None:
            source.timers.discard(timer)

    def arrive(self) -> None:
        """The socket has moved: go on in its new thread."""
        self._follow()

    def apply_option(self, apply: Any) -> None:
        """Call *apply* with the engine of every attempt that is under way."""
        if self._connector is not None:
            for engine in self._connector.engines():
                apply(engine)

    # -- driven by a blocking call

    def wait(self, clock: Clock) -> bool:
        """Block until it is over, whichever way; False when the time is over first."""
        while True:
            lookup = self._lookup
            if lookup is not None:
                if not lookup.wait(clock.left()):
                    return False
                self._looked_up(lookup)
                continue
            connector = self._connector
            if connector is None:
                return True
            pause = min(clock.left(), max(0.0, connector.deadline() - monotonic()))
            found = poll(dict.fromkeys(connector.descriptors(), WRITE), pause)
            for fd, _ in found:
                self.ready(fd)
            if not found:
                if clock.is_over():
                    return False
                if monotonic() >= connector.deadline():
                    self._due()


class _Lookup:
    """A host look-up: its result is posted to the socket's thread, and can be waited for too."""

    __slots__ = ("addresses", "data", "done", "handle", "name", "owner", "text")

    def __init__(self, owner: Connecting) -> None:
        self.owner = owner
        self.name = owner.name
        self.data: ObjectData = owner.socket._q
        self.addresses: list[QHostAddress] = []
        self.text = ""
        self.done = threading.Event()
        self.handle: Any = None

    def start(self) -> None:
        from qnet.kernel import _resolver

        known = _resolver.cached(self.name)
        if known is not None:
            self.addresses, self.text = list(known.addresses), known.text
            self.owner._looked_up(self)
        else:
            self.handle = _resolver.resolve(self.name, self.found)

    def found(self, addresses: list[QHostAddress], error: int, text: str) -> None:
        """The resolver's answer, in one of its threads."""
        self.addresses, self.text = list(addresses), text
        self.done.set()
        self.data.thread.post(Posted(self.data, self._deliver, _LOOKUP_DONE))

    def _deliver(self) -> None:
        self.owner._looked_up(self)

    def wait(self, seconds: float) -> bool:
        """Block until the answer is there; False when the time is over."""
        return self.done.wait(None if seconds == float("inf") else seconds)

    def cancel(self) -> None:
        """Nobody is interested any more: a thread without a loop must not pile up answers."""
        if self.handle is not None:
            self.handle.cancel()
        data = self.data
        data.thread.cancel_matching(lambda entry: entry.receiver is data and entry.event_type == _LOOKUP_DONE)


class _Ready:
    """The handler of one attempt's descriptor."""

    __slots__ = ("connecting", "fd")

    def __init__(self, connecting: Connecting, fd: int) -> None:
        self.connecting = connecting
        self.fd = fd

    def __call__(self) -> None:
        self.connecting.ready(self.fd)
