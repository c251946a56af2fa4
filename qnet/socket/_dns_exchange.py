"""The sockets of a DNS look-up: they carry the attempts of a `Resolution`, one at a time, each over its own socket.

While it is under way it holds the look-up (which is in use, and must not be collected), and something holds it: the
posted call that begins it, then its timer. Ending it breaks the circle.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from qnet.core._post import post_to_data
from qnet.core._timers import TimerEntry
from qnet.kernel._dns_message import Framing
from qnet.kernel._dns_resolution import Attempt, Resolution, Transport
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.socket._enums import SocketError, SocketState
from qnet.socket.tcpsocket import QTcpSocket
from qnet.socket.udpsocket import QUdpSocket

if TYPE_CHECKING:
    from qnet.core._thread_data import ThreadData
    from qnet.socket.dnslookup import QDnsLookup

__all__ = ["Exchange"]

_DATAGRAM = 65535
_READS = 16  # datagrams a turn: who floods this socket must not stop the others

# What this machine lacks; anything else that goes wrong is between it and the server.
_LOCAL = (SocketError.SocketResourceError, SocketError.SocketAccessError)


class Exchange:
    """Drives *resolution* for *lookup*, in the thread of *lookup*, and hands it the outcome."""

    __slots__ = ("__weakref__", "_attempt", "_framing", "_lookup", "_resolution", "_socket", "_timer")

    def __init__(self, lookup: QDnsLookup, resolution: Resolution) -> None:
        self._lookup: QDnsLookup | None = lookup
        self._resolution = resolution
        self._attempt: Attempt | None = None  # the one that the socket is for
        self._socket: QUdpSocket | QTcpSocket | None = None
        self._framing = Framing()
        self._timer: TimerEntry | None = None

    def begin(self) -> None:
        """Set out, from the event loop."""
        if self._lookup is not None:
            self._resolution.begin(monotonic())
            self._follow()

    def end(self) -> None:
        """Stop wherever it is and give everything back; a second time nothing happens."""
        lookup, self._lookup = self._lookup, None
        timer, self._timer = self._timer, None
        if lookup is not None and timer is not None:
            lookup._q.thread.timers.discard(timer)
        self._close()

    def _follow(self) -> None:
        """Look where the resolution is now: over, or at an attempt that is still to be made."""
        resolution = self._resolution
        while self._lookup is not None and resolution.attempt is not self._attempt:
            self._close()
            attempt = self._attempt = resolution.attempt
            if attempt is not None:
                self._start_timer()
                self._send(attempt)
        lookup, outcome = self._lookup, resolution.outcome
        if lookup is not None and outcome is not None:
            self.end()
            lookup._q_finish(outcome)

    def _close(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.abort()

    # The time

    def _start_timer(self) -> None:
        assert self._lookup is not None
        if self._timer is None:
            self._timer = TimerEntry(0, self._due, single_shot=True)
        self._timer.interval = max(0, int((self._resolution.deadline() - monotonic()) * 1e9))
        self._lookup._q.thread.timers.start(self._timer)

    def _due(self) -> None:
        if self._lookup is not None:
            self._resolution.expired(monotonic())
            self._follow()
            if self._timer is not None and not self._timer.serial:
                self._start_timer()  # it came a little early

    # The attempts

    def _send(self, attempt: Attempt) -> None:
        """Begin *attempt*. Signals are connected after the calls that could emit them: the state tells what failed."""
        socket: QUdpSocket | QTcpSocket = QUdpSocket() if attempt.transport is Transport.UDP else QTcpSocket()
        self._socket = socket
        socket.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
        socket.connectToHost(attempt.server.address, attempt.server.port)
        if socket.state() is SocketState.UnconnectedState:
            self._failed()
        elif isinstance(socket, QUdpSocket):
            socket.readyRead.connect(self._on_datagrams)
            if socket.write(attempt.query.wire) < 0:
                self._failed()
        else:
            self._framing = Framing()
            socket.readyRead.connect(self._on_stream)
            socket.errorOccurred.connect(self._on_error)
            socket.write(Framing.framed(attempt.query.wire))

    def _failed(self) -> None:
        """The socket cannot go on, and says why."""
        socket = self._socket
        assert socket is not None
        code = socket.error()
        self._resolution.failed(_reason(socket.errorString()), monotonic(), code in _LOCAL)

    def _on_error(self) -> None:
        self._failed()
        self._follow()

    def _on_datagrams(self) -> None:
        socket = self._socket
        for _ in range(_READS):
            if not isinstance(socket, QUdpSocket):
                return
            # Connected, so that the system drops what comes from anybody but the server.
            data, sender, _ = socket.readDatagram(_DATAGRAM)
            if not sender.isNull():
                self._resolution.received(data, monotonic())
            elif socket.error() is SocketError.ConnectionRefusedError:
                self._failed()
            else:
                return
            if self._resolution.attempt is not self._attempt:
                self._follow()
                return

    def _on_stream(self) -> None:
        socket = self._socket
        if not isinstance(socket, QTcpSocket):
            return
        for message in self._framing.feed(socket.readAll()):
            self._resolution.received(message, monotonic())
            if self._resolution.attempt is not self._attempt:
                self._follow()
                return

    # Another thread

    def move(self, source: ThreadData, target: ThreadData) -> None:
        """The look-up has moved to *target*, which goes on with the socket and the timer as soon as it can."""
        timer, self._timer = self._timer, None
        if timer is not None:
            source.timers.discard(timer)
        if self._socket is not None:
            self._socket._q_change_thread(source, target)
        assert self._lookup is not None
        post_to_data(self._lookup._q, self._arrive)

    def _arrive(self) -> None:
        if self._lookup is not None and self._attempt is not None:
            self._start_timer()


def _reason(text: str) -> str:
    """What a socket's text says before it goes on to say where."""
    return text.partition(":")[0].lower()
