"""QTcpServer: accepts TCP connections.

==========  ====================  ======================================================================
state       event                 what follows
==========  ====================  ======================================================================
closed      listen                listening, or False with serverError
listening   a client connects     incomingConnection; pendingConnectionAvailable, newConnection
listening   accept fails          acceptError; no descriptors left: paused, tried again with back-off
listening   pending list is full  paused until nextPendingConnection takes one
paused      resumeAccepting       listening
listening   shutdown(grace)       draining: not accepting; clients finish
draining    last client gone      closed; shutdownFinished(0)
draining    grace is over         clients aborted; closed; shutdownFinished(how many)
any         close                 closed; pending clients are dropped, taken ones are kept
==========  ====================  ======================================================================

Through a SOCKS5 proxy, `listen` makes it BIND (RFC 1928 section 4), which is for one client. After that client, and
after a BIND that failed, the next one is made; meanwhile the server is listening, without an address.

Source: https://doc.qt.io/qt-6/qtcpserver.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qnet.core._post import post_to_data
from qnet.core._timers import TimerEntry
from qnet.core.iodevice import QIODevice
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel._checks import checked_descriptor, checked_port
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError, SocketState, SocketType
from qnet.socket._errors import SocketFailure, failure, failure_from_os, failure_to_bind
from qnet.socket._listener import Listener, Phase
from qnet.socket._proxy_selection import checked_proxy, proxy_of_server, shown_proxy
from qnet.socket._waiting import Clock
from qnet.socket.abstractsocket import QAbstractSocket
from qnet.socket.engines._handshake import ProxyFailure
from qnet.socket.engines.native import QNativeSocketEngine
from qnet.socket.tcpsocket import QTcpSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from qnet.core._thread_data import ThreadData
    from qnet.kernel.networkproxy import QNetworkProxy
    from qnet.socket._negotiation import Negotiation

__all__ = ["QTcpServer"]


class QTcpServer(Listener):
    """Listens on a port and hands out a QTcpSocket for every client. Qt page: QTcpServer.

    Take clients by `nextPendingConnection` in a slot of `newConnection`, or override `incomingConnection`, which
    gets the bare descriptor and may give it to another thread.
    """

    newConnection = Signal()
    """A client connected; it is in the list of pending connections, unless `incomingConnection` kept it."""
    pendingConnectionAvailable = Signal()
    """A client was added to the list of pending connections."""
    acceptError = Signal(SocketError)
    """A client could not be accepted; the server goes on, by itself, as soon as it can."""
    shutdownFinished = Signal(int)
    """`shutdown` is complete; the argument is how many clients were cut off."""

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_local: tuple[QHostAddress, int] | None = None
        self._q_drain: TimerEntry | None = None
        self._q_proxy: QNetworkProxy | None = None
        self._q_asked: tuple[QNetworkProxy, QHostAddress, int] | None = None  # what BINDs are made of
        self._q_binding: Negotiation | None = None  # the next one, while it is under way
        super().__init__(parent, **properties)

    # -- listening

    def listen(
        self,
        address: QHostAddress | QHostAddress.SpecialAddress | str = QHostAddress.SpecialAddress.Any,
        port: int = 0,
    ) -> bool:
        """Listen on *address* and *port*, 0 to 65535; 0 lets the system choose (see `serverPort`).

        Any takes IPv4 and IPv6. Returns False, with `serverError` and `errorString`, if that is not possible.

        Through a SOCKS5 proxy (`setProxy`, or the application's; never for loopback addresses) the call waits up to 5 s
        for the proxy to listen. It listens for one client at a time, and where it likes: `serverAddress` and
        `serverPort` are the proxy's, 0 until it has answered, and others after each client.
        """
        port = checked_port(port)
        if isinstance(address, int) and not isinstance(address, QHostAddress.SpecialAddress):
            raise TypeError(f"the first argument is the address, not {address}; a port alone: listen(port={address})")
        if self._q_engine is not None:
            qWarning("QTcpServer::listen() called when already listening")
            return False
        host = address if isinstance(address, QHostAddress) else QHostAddress(address)
        where = f"listening on {host.toString() or 'a null address'}:{port}"
        if host.isNull():
            self._q_failure = failure(SocketError.UnsupportedSocketOperationError, where)
            return False
        try:
            proxy = None if host.isLoopback() else proxy_of_server(self._q_proxy, port)
        except ProxyFailure as refusal:
            self._q_failure = SocketFailure(refusal.code, refusal.text)
            return False
        if proxy is not None:
            return self._q_listen_through(proxy, host, port)
        engine = QNativeSocketEngine()
        try:
            engine.initialize(SocketType.TcpSocket, host.protocol())
            engine.reuse_address()
            engine.bind(host, port)
            engine.listen(self._q_backlog)
        except OSError as error:
            engine.close()
            self._q_failure = failure_to_bind(error, where)
            return False
        self._q_begin(engine)
        return True

    def close(self) -> None:
        """Stop listening and drop the clients that nobody took; those that were taken stay connected."""
        self._q_end_binding()
        self._q_asked = None
        self._q_stop()
        self._q_local = None
        drain, self._q_drain = self._q_drain, None
        if drain is not None:
            self._q.thread.timers.discard(drain)

    def _q_finalize(self) -> None:
        self.close()
        super()._q_finalize()

    def shutdown(self, grace: int = 5000) -> None:
        """End gently (not in Qt): stop accepting, let the clients finish, cut off what is left after *grace* ms.

        The clients are the sockets that this server made and that still belong to it: its children. Those that nobody
        took are dropped. `shutdownFinished` tells how many had to be cut off, within this call if there are none.
        """
        if not isinstance(grace, int) or grace < 0:
            raise ValueError(f"the grace is a number of milliseconds, 0 or more, not {grace!r}")
        if self._q_phase is Phase.DRAINING:
            return
        self.close()
        self._q_phase = Phase.DRAINING
        for client in self._q_clients():
            QAbstractSocket.disconnected.of(client).connect(self._q_client_gone)
        if not self._q_clients():
            self._q_drained(0)
            return
        self._q_drain = TimerEntry(grace * 1_000_000, self._q_cut_off, single_shot=True)
        self._q.thread.timers.start(self._q_drain)

    def _q_clients(self) -> list[QAbstractSocket]:
        sockets = (c for c in QObject.children(self) if isinstance(c, QAbstractSocket))
        return [s for s in sockets if QAbstractSocket.state(s) is not SocketState.UnconnectedState]

    def _q_client_gone(self) -> None:
        if self._q_phase is Phase.DRAINING and not self._q_clients():
            self._q_drained(0)

    def _q_cut_off(self) -> None:
        clients = self._q_clients()
        self._q_phase = Phase.CLOSED  # their disconnected() shall not end the draining one by one
        for client in clients:
            QAbstractSocket.abort(client)
        self._q_phase = Phase.DRAINING
        self._q_drained(len(clients))

    def _q_drained(self, cut: int) -> None:
        entry, self._q_drain = self._q_drain, None
        if entry is not None:
            self._q.thread.timers.discard(entry)
        self._q_phase = Phase.CLOSED
        QTcpServer.shutdownFinished.emit_from(self, cut)

    # -- listening through a proxy

    def _q_listen_through(self, proxy: QNetworkProxy, host: QHostAddress, port: int) -> bool:
        from qnet.socket._proxying import SETUP_LIMIT
        from qnet.socket.engines.socks5 import QSocks5SocketEngine

        self._q_asked = (proxy, host, port)
        self._q_failure = None
        self._q_begin(QSocks5SocketEngine())
        self._q_bind_next(self._q_not_bound)
        binding = self._q_binding
        if binding is not None and not binding.wait(Clock(SETUP_LIMIT)):
            where = f"listening through the proxy {proxy.hostName()}"
            self._q_not_bound(failure(SocketError.SocketTimeoutError, where))
        return self._q_failure is None

    def _q_not_bound(self, reason: SocketFailure) -> None:
        """The first BIND failed: `listen` has failed."""
        self.close()
        self._q_failure = reason

    def _q_bind_next(self, failed: Callable[[SocketFailure], None]) -> None:
        from qnet.socket._proxying import listening

        if self._q_asked is not None:
            self._q_binding = listening(self._q, *self._q_asked, self._q_bound, failed)
            self._q_binding.begin()

    def _q_bound(self, engine: QNativeSocketEngine) -> None:
        """The proxy listens."""
        self._q_binding = None
        self._q_engine = engine
        self._q_local = None
        self._q_arrive()

    def _q_end_binding(self) -> None:
        binding, self._q_binding = self._q_binding, None
        if binding is not None:
            binding.end()

    def _q_bind_failed(self, reason: SocketFailure) -> None:
        self._q_binding = None
        self._q_go_on_later(reason, lasting=True)

    def _q_try_again(self) -> None:
        if self._q_asked is None or (self._q_engine is not None and self._q_engine.fd >= 0):
            super()._q_try_again()
        elif self._q_binding is None:
            self._q_retry = None
            self._q_bind_next(self._q_bind_failed)

    def _q_accept_one(self) -> bool:
        if self._q_asked is None:
            return super()._q_accept_one()
        engine = self._q_engine
        if engine is None or engine.fd < 0:
            return False
        where = self._q_where()
        self._q_unwatch()  # the client will have the descriptor
        try:
            taken = super()._q_accept_one()
        except ProxyFailure as refusal:
            engine.close()
            self._q_local = None
            self._q_go_on_later(
                SocketFailure(refusal.code, f"{refusal.text}: listening on {where}", refusal), lasting=True
            )
            return False
        if self._q_engine is engine and self._q_binding is None:
            if engine.fd >= 0:
                self._q_arrive()
            else:
                self._q_local = None
                self._q_bind_next(self._q_bind_failed)
        return taken

    def _q_wait_for_client(self, clock: Clock) -> tuple[bool, bool]:
        while self._q_asked is not None and self._q_engine is not None and self._q_engine.fd < 0:
            if self._q_binding is None:
                self._q_try_again()
            binding = self._q_binding
            if binding is not None and not binding.wait(clock):
                self._q_failure = failure(SocketError.SocketTimeoutError, "waiting for the proxy to listen")
                return False, True
            if self._q_retry is not None:
                return False, False
        return super()._q_wait_for_client(clock)

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        binding = self._q_binding
        if binding is not None:
            binding.leave(source)
        super()._q_change_thread(source, target)
        if binding is not None:
            post_to_data(self._q, binding.arrive)

    # -- accepting

    def _q_incoming(self, engine: QNativeSocketEngine) -> None:
        if type(self).incomingConnection is QTcpServer.incomingConnection:
            self._q_make_client(engine)
        else:
            self.incomingConnection(engine.detach())
        QTcpServer.newConnection.emit_from(self)

    def _q_make_client(self, engine: QNativeSocketEngine) -> None:
        socket = QTcpSocket(self)
        socket._q_adopt(engine, SocketState.ConnectedState, QIODevice.OpenModeFlag.ReadWrite)
        QTcpServer.addPendingConnection(self, socket)

    def _q_accept_refused(self, reason: SocketFailure) -> None:
        QTcpServer.acceptError.emit_from(self, reason.code)

    def _q_where(self) -> str:
        return f"{QTcpServer.serverAddress(self).toString()}:{QTcpServer.serverPort(self)}"

    def incomingConnection(self, handle: int) -> None:
        """A client connected: *handle* is its descriptor, which is the override's to close or to give away.

        This one makes a QTcpSocket and adds it to the pending connections.
        """
        self._q_make_client(QNativeSocketEngine.adopted(handle))

    def addPendingConnection(self, socket: QTcpSocket) -> None:
        """For overrides of `incomingConnection`: put *socket* into the list of pending connections."""
        if not isinstance(socket, QTcpSocket):
            raise TypeError(f"a QTcpSocket is expected, not {type(socket).__name__}")
        self._q_pending.append(socket)
        QTcpServer.pendingConnectionAvailable.emit_from(self)

    def nextPendingConnection(self) -> QTcpSocket | None:
        """The next client, a child of the server, or None if nobody waits."""
        client: QTcpSocket | None = self._q_take_pending()
        return client

    def pauseAccepting(self) -> None:
        """Leave new clients in the system's queue until `resumeAccepting`."""
        if self._q_phase is Phase.LISTENING:
            self._q_set_watched(False)
            self._q_phase = Phase.PAUSED

    def resumeAccepting(self) -> None:
        """Accept again."""
        if self._q_phase is Phase.PAUSED:
            self._q_phase = Phase.LISTENING
            if self._q_has_room():
                self._q_set_watched(True)

    def waitForNewConnection(self, msec: int = 0) -> tuple[bool, bool]:
        """Block until a client connected, at most *msec* milliseconds (-1: no limit): (whether one did, timed out).

        Works without an event loop, in any thread. `newConnection` is emitted too.
        """
        return self._q_wait_for_client(Clock(msec))

    # -- properties

    def serverAddress(self) -> QHostAddress:
        """The address that the server listens on, null if it does not."""
        return self._q_local_pair()[0]

    def serverPort(self) -> int:
        """The port that the server listens on, 0 if it does not."""
        return self._q_local_pair()[1]

    def _q_local_pair(self) -> tuple[QHostAddress, int]:
        if self._q_engine is None:
            return QHostAddress(), 0
        if self._q_local is None:
            self._q_local = self._q_engine.local()
        return self._q_local

    def setSocketDescriptor(self, socketDescriptor: int) -> bool:
        """Take over a descriptor that listens already (socket activation, say). False if it is none."""
        socketDescriptor = checked_descriptor(socketDescriptor)
        if self._q_engine is not None:
            qWarning("QTcpServer::setSocketDescriptor() called when already listening")
            return False
        try:
            engine = QNativeSocketEngine.adopted(socketDescriptor)
        except OSError as error:
            self._q_failure = failure_from_os(error, f"adopting descriptor {socketDescriptor}")
            return False
        self._q_begin(engine)
        return True

    def proxy(self) -> QNetworkProxy:
        """The proxy that was set for this server; DefaultProxy until one is."""
        return shown_proxy(self._q_proxy)

    def setProxy(self, networkProxy: QNetworkProxy | QNetworkProxy.ProxyType) -> None:
        """Listen through a proxy from the next `listen` on."""
        self._q_proxy = checked_proxy(networkProxy)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._q_phase.name.lower()} port {QTcpServer.serverPort(self)}>"
