"""A connection to a proxy and the handshake on it: event-driven or blocking, the same object.

==========  ==========================  ======================================================================
stage       event                       what follows
==========  ==========================  ======================================================================
connecting  the proxy is connected      negotiating: what ``begin`` says is sent
connecting  it cannot be                the error, as one of a proxy (`failure_at_proxy`)
negotiat.   bytes arrive                ``feed``, which may ask the program for credentials
negotiat.   the proxy hangs up          ``ended``
negotiat.   `again`                     hang up, connecting
negotiat.   `done`                      ``made(engine)``
negotiat.   ProxyFailure                ``failed(reason)``
negotiat.   30 s for one connection     ``failed(ProxyConnectionTimeoutError)``
==========  ==========================  ======================================================================

What arrives is looked at before it is taken from the system (MSG_PEEK), and only what the handshake used is taken: the
first bytes of the target stay there, and come to the program on the way of all others, be that a limited read
buffer, a TLS filter or an ``incomingConnection`` that gets a bare descriptor.

While a slot is asked for credentials nothing is watched and nothing times out: it may run a dialog, end the socket,
or move it to another thread.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from qnet.core._io_epoll import READ, WRITE
from qnet.core._post import post_to_data
from qnet.core._timers import TimerEntry
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.socket._connecting import Connecting
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure, failure, failure_at_proxy, failure_from_os, shown_peer
from qnet.socket._waiting import Clock, poll
from qnet.socket.engines._handshake import ProxyFailure, ProxyHandshake

if TYPE_CHECKING:
    from qnet.core._thread_data import ObjectData, ThreadData
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.kernel.hostaddress import QHostAddress
    from qnet.socket.engines.native import QNativeSocketEngine

__all__ = ["HANDSHAKE_LIMIT", "Negotiation", "proxy_address"]

HANDSHAKE_LIMIT = 30.0
"""Seconds for the handshake on one connection; Qt's own limit for a connection."""

_PEEK = 65536
_DEFAULT_PORTS = {QNetworkProxy.ProxyType.Socks5Proxy: 1080}  # 8080 for the others

Maker = Callable[["QHostAddress"], "QNativeSocketEngine"]


def proxy_address(proxy: QNetworkProxy) -> tuple[str, int]:
    """Host and port of *proxy*; port 0 stands for the default of its type."""
    return proxy.hostName(), proxy.port() or _DEFAULT_PORTS.get(proxy.type(), 8080)


class Negotiation:
    """Connects to *proxy* and leads *handshake*; then calls ``made`` with the engine, or ``failed``.

    *data* is the object that this is for: in its thread everything happens. *phase* says what is being done, for error
    texts. *make* makes an engine to connect to an address of the proxy with; *bound* is one that has a local address
    already, for the first connection.
    """

    __slots__ = (
        "_busy",
        "_connecting",
        "_deadline",
        "_dispatcher",
        "_engine",
        "_failed",
        "_handshake",
        "_made",
        "_make",
        "_over",
        "_phase",
        "_proxy",
        "_q",
        "_q_engine",
        "_timer",
        "_wire",
    )

    def __init__(
        self,
        data: ObjectData,
        proxy: QNetworkProxy,
        handshake: ProxyHandshake,
        phase: str,
        make: Maker,
        made: Callable[[QNativeSocketEngine], None],
        failed: Callable[[SocketFailure], None],
        bound: QNativeSocketEngine | None = None,
    ) -> None:
        self._q = data
        self._q_engine = bound
        self._proxy = proxy
        self._handshake = handshake
        self._phase = phase
        self._make = make
        self._made = made
        self._failed = failed
        self._connecting: Connecting | None = None
        self._engine: QNativeSocketEngine | None = None
        self._wire: bytes | memoryview = b""
        self._deadline = 0.0
        self._timer: TimerEntry | None = None
        self._dispatcher: EventDispatcher | None = None
        self._busy = False  # within the handshake, perhaps in a slot
        self._over = False

    def begin(self) -> None:
        """Connect to the proxy. If that fails at once, so does this, within the call."""
        host, port = proxy_address(self._proxy)
        self._connecting = Connecting(self, host, port, NetworkLayerProtocol.AnyIPProtocol)
        self._connecting.begin()

    def end(self) -> None:
        """Stop wherever it is and give everything back; a second time nothing happens."""
        self._over = True
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.end()
        engine = self._let_go()
        if engine is not None:
            engine.close()

    def engines(self) -> list[QNativeSocketEngine]:
        """The engines that there are now, for socket options."""
        if self._connecting is not None:
            return self._connecting.engines()
        return [self._engine] if self._engine is not None else []

    # -- connecting to the proxy: what `Connecting` asks of its owner

    def _q_host_found(self, way: Connecting) -> bool:
        return True

    def _q_new_engine(self, address: QHostAddress) -> QNativeSocketEngine:
        return self._make(address)

    def _q_connect_failed(self, reason: SocketFailure) -> None:
        self._fail(failure_at_proxy(reason))

    def _q_connection_made(self, engine: QNativeSocketEngine, address: QHostAddress, port: int) -> None:
        self._connecting = self._q_engine = None
        self._engine = engine
        self._deadline = monotonic() + HANDSHAKE_LIMIT
        self._step(self._handshake.begin)

    # -- negotiating

    def _step(self, call: Callable[[], bytes]) -> None:
        """Make a call of the handshake, and what follows from it."""
        thread = self._q.thread
        self._busy = True
        try:
            wire = call()
        except ProxyFailure as refusal:
            if not self._over:
                self._fail(SocketFailure(refusal.code, f"{refusal.text}: {self._where()}", refusal))
            return
        finally:
            self._busy = False
        if self._over:
            return  # a slot has ended it
        self._wire = bytes(self._wire) + wire
        if self._q.thread is thread:
            self._conclude()
        else:  # a slot has moved it
            post_to_data(self._q, self.arrive)

    def _conclude(self) -> None:
        if self._over:
            return
        if self._handshake.again:
            self._start_anew()
        elif self._handshake.done:
            self._finish()
        else:
            self._send()

    def _send(self) -> None:
        engine = self._engine
        if engine is None:
            return
        if self._wire:
            try:
                sent = engine.send(self._wire)
                self._wire = memoryview(self._wire)[sent:] if sent < len(self._wire) else b""
            except BlockingIOError:
                pass
            except OSError:
                self._wire = b""  # reading tells the end, and before it why
        self._follow()

    def _on_readable(self) -> None:
        engine = self._engine
        if engine is None or self._busy:
            return
        self._unwatch()
        try:
            data: bytes = engine.sock.recv(_PEEK, socket.MSG_PEEK)
        except BlockingIOError:
            self._follow()
            return
        except OSError:
            data = b""  # reset
        self._step(self._hung_up if not data else lambda: self._feed(engine, data))

    def _hung_up(self) -> bytes:
        self._handshake.ended()
        return b""

    def _feed(self, engine: QNativeSocketEngine, data: bytes) -> bytes:
        handshake = self._handshake
        try:
            return handshake.feed(data)
        finally:  # also if it fails: closing with unread bytes would send a reset
            if engine.sock is not None:  # else a slot has ended it
                engine.sock.recv(len(data) - (len(handshake.rest) if handshake.done else 0))

    def _on_writable(self) -> None:
        self._unwatch()
        self._send()

    def _start_anew(self) -> None:
        engine = self._let_go()
        if engine is not None:
            engine.close()
        self.begin()

    def _finish(self) -> None:
        engine = self._let_go()
        self._over = True
        assert engine is not None
        self._made(engine)

    def _fail(self, reason: SocketFailure) -> None:
        self.end()
        self._failed(reason)

    def _let_go(self) -> QNativeSocketEngine | None:
        """Take the engine out of the loop; it is the caller's."""
        thread = self._q.thread
        thread.arrivals.pop(id(self), None)
        self._unwatch()
        self._dispatcher = None
        self._wire = b""
        engine, self._engine = self._engine, None
        return engine

    def _where(self) -> str:
        return f"{self._phase} through the proxy {shown_peer(*proxy_address(self._proxy))}"

    # -- driven by the event loop

    def _follow(self) -> None:
        """Have the descriptor and the time watched."""
        if self._engine is None or self._over:
            return
        thread = self._q.thread
        if thread.dispatcher is not None and thread.scope_level:
            self._q_watch(thread.dispatcher)
        else:
            thread.arrivals[id(self)] = self

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        engine = self._engine
        if engine is None:
            return
        self._unwatch()
        self._dispatcher = dispatcher
        try:
            dispatcher.watch(engine.fd, READ, self._on_readable)
            if self._wire:
                dispatcher.watch(engine.fd, WRITE, self._on_writable)
        except OSError as error:
            self._fail(failure_from_os(error, "watching the socket"))
            return
        self._timer = TimerEntry(max(0, int((self._deadline - monotonic()) * 1e9)), self._due, single_shot=True)
        self._q.thread.timers.start(self._timer)

    def _unwatch(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._q.thread.timers.discard(timer)
        if self._dispatcher is not None and self._engine is not None:
            self._dispatcher.forget(self._engine.fd)

    def _due(self) -> None:
        self._fail(failure(SocketError.ProxyConnectionTimeoutError, self._where()))

    def leave(self, source: ThreadData) -> None:
        """The object moves to another thread: take everything out of this one, *source*."""
        if self._connecting is not None:
            self._connecting.leave(source)
        source.arrivals.pop(id(self), None)
        self._unwatch()
        self._dispatcher = None

    def arrive(self) -> None:
        """The object has moved: go on in its new thread."""
        if self._connecting is not None:
            self._connecting.arrive()
        elif not self._busy:
            self._conclude()

    # -- driven by a blocking call

    def wait(self, clock: Clock) -> bool:
        """Block until it is over, whichever way; False when the time is over first. In a slot of it, do not block."""
        while not self._over and not self._busy:
            if self._connecting is not None:
                if not self._connecting.wait(clock):
                    return False
                continue
            engine = self._engine
            if engine is None:  # it moves to another thread, which will go on
                return True
            mask = READ | (WRITE if self._wire else 0)
            found = poll({engine.fd: mask}, min(clock.left(), max(0.0, self._deadline - monotonic())))
            if found:
                self._on_readable() if found[0][1] & ~WRITE else self._on_writable()
            elif clock.is_over():
                return False
            elif monotonic() >= self._deadline:
                self._due()
        return True
