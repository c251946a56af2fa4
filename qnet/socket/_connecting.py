"""The way from a host's name to a connection: look-up, then attempts; event-driven or blocking, the same object.

========  =======================  =====================================================
stage     event                    what follows
========  =======================  =====================================================
look-up   the answer               the owner hears of it (-> Connecting, hostFound); attempts
look-up   no address               the owner's ``_q_connect_failed``
attempts  a descriptor is ready    `qnet.socket._connector` decides
attempts  its next point in time   likewise
attempts  one has won              the owner's ``_q_connection_made``
attempts  none is left             the owner's ``_q_connect_failed``
========  =======================  =====================================================

The owner is a socket, or what connects a socket through a proxy (`qnet.socket._negotiation`). While it is under way
it holds the owner (a socket in use must not be collected), and something holds it: the dispatcher, the thread's
arrivals, or the look-up. Ending it breaks the circle.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from qnet.core._io_epoll import WRITE
from qnet.core._timers import TimerEntry
from qnet.socket._connector import Connector, interleaved
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure, failure, failure_from_os
from qnet.socket._lookup import Lookup
from qnet.socket._waiting import Clock, poll

if TYPE_CHECKING:
    from qnet.core._thread_data import ObjectData, ThreadData
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.kernel._protocol import NetworkLayerProtocol
    from qnet.kernel.hostaddress import QHostAddress
    from qnet.socket.engines.native import QNativeSocketEngine

__all__ = ["Connecting", "Owner"]


class Owner(Protocol):
    """What a connection is made for."""

    _q: ObjectData
    _q_engine: QNativeSocketEngine | None
    """A bound one to connect with, None to make one for each attempt."""

    def _q_host_found(self, way: Connecting) -> bool: ...
    def _q_new_engine(self, address: QHostAddress) -> QNativeSocketEngine: ...
    def _q_connection_made(self, engine: QNativeSocketEngine, address: QHostAddress, port: int) -> None: ...
    def _q_connect_failed(self, reason: SocketFailure) -> None: ...


class Connecting:
    """One connection for *owner*: to *port* of the host *name*, over *protocol* only unless that is "any"."""

    __slots__ = ("_connector", "_dispatcher", "_lookup", "_timer", "name", "owner", "port", "protocol")

    def __init__(self, owner: Owner, name: str, port: int, protocol: NetworkLayerProtocol) -> None:
        self.owner = owner
        self.name = name
        self.port = port
        self.protocol = protocol
        self._lookup: Lookup | None = None
        self._connector: Connector | None = None
        self._timer: TimerEntry | None = None
        self._dispatcher: EventDispatcher | None = None

    # -- stages

    def begin(self) -> None:
        """Look the name up; a literal address, and a name that is known, get to the attempts within the call."""
        owner = self.owner
        self._lookup = Lookup(owner._q, self.name, self.protocol, self._found, owner._q_connect_failed)
        self._lookup.begin()

    def _found(self, addresses: list[QHostAddress]) -> None:
        owner = self.owner
        if not owner._q_host_found(self):
            return  # a slot has ended it
        bound = owner._q_engine
        make = owner._q_new_engine if bound is None else lambda address: bound
        self._connector = Connector(interleaved(addresses), self.port, make, parallel=bound is None)
        self._connector.begin(monotonic())
        self._follow()

    def _follow(self) -> None:
        """Look where the attempts are now: over, or to be watched."""
        connector = self._connector
        if connector is None:
            return
        if connector.is_over():
            self.end()
            if connector.winner is not None:
                self.owner._q_connection_made(connector.winner, connector.address, self.port)
            else:
                self.owner._q_connect_failed(connector.failure or failure(SocketError.NetworkError, self.name))
            return
        thread = self.owner._q.thread
        if thread.dispatcher is not None and thread.scope_level:
            self._q_watch(thread.dispatcher)
        else:
            thread.arrivals[id(self)] = self

    def end(self) -> None:
        """Stop wherever it is and give everything back; a second time nothing happens."""
        if self._lookup is not None:
            self._lookup.end()
        thread = self.owner._q.thread
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
            self.owner._q_connect_failed(failure_from_os(error, "watching the socket"))
            return
        if self._timer is None:
            self._timer = TimerEntry(0, self._due, single_shot=True)
        self._timer.interval = max(0, int((connector.deadline() - monotonic()) * 1e9))
        self.owner._q.thread.timers.start(self._timer)

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
        """The owner moves to another thread: take everything out of this one."""
        self._unwatch()
        self._dispatcher = None
        source.arrivals.pop(id(self), None)
        timer, self._timer = self._timer, None
        if timer is not None:
            source.timers.discard(timer)

    def arrive(self) -> None:
        """The owner has moved: go on in its new thread."""
        self._follow()

    def engines(self) -> list[QNativeSocketEngine]:
        """The engines of the attempts that are under way."""
        return self._connector.engines() if self._connector is not None else []

    # -- driven by a blocking call

    def wait(self, clock: Clock) -> bool:
        """Block until it is over, whichever way; False when the time is over first."""
        if self._lookup is not None and not self._lookup.wait(clock):
            return False
        while (connector := self._connector) is not None:
            pause = min(clock.left(), max(0.0, connector.deadline() - monotonic()))
            found = poll(dict.fromkeys(connector.descriptors(), WRITE), pause)
            for fd, _ in found:
                self.ready(fd)
            if not found:
                if clock.is_over():
                    return False
                if monotonic() >= connector.deadline():
                    self._due()
        return True


class _Ready:
    """The handler of one attempt's descriptor."""

    __slots__ = ("connecting", "fd")

    def __init__(self, connecting: Connecting, fd: int) -> None:
        self.connecting = connecting
        self.fd = fd

    def __call__(self) -> None:
        self.connecting.ready(self.fd)
