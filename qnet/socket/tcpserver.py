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

Source: https://doc.qt.io/qt-6/qtcpserver.html.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from qnet.core._enums import QtEnum
from qnet.core._io_epoll import READ
from qnet.core._post import post_to_data
from qnet.core._timers import TimerEntry
from qnet.core.iodevice import QIODevice
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError, SocketState, SocketType
from qnet.socket._errors import SocketFailure, failure, failure_from_os, is_temporary
from qnet.socket._waiting import Clock, poll
from qnet.socket.abstractsocket import QAbstractSocket, checked_port
from qnet.socket.engines.native import QNativeSocketEngine
from qnet.socket.tcpsocket import QTcpSocket

if TYPE_CHECKING:
    from qnet.core._thread_data import ThreadData
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.kernel.networkproxy import QNetworkProxy

__all__ = ["QTcpServer"]

_BATCH = 64  # clients accepted a turn: the others wait for the sockets that are open already
_BACK_OFF = (100_000_000, 1_000_000_000)  # nanoseconds, first and longest
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class _Phase(QtEnum):
    CLOSED = 0
    LISTENING = 1
    PAUSED = 2
    DRAINING = 3


class QTcpServer(QObject):
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
        self._q_engine: QNativeSocketEngine | None = None
        self._q_phase = _Phase.CLOSED
        self._q_dispatcher: EventDispatcher | None = None
        self._q_local: tuple[QHostAddress, int] | None = None
        self._q_failure: SocketFailure | None = None
        self._q_pending: list[QTcpSocket] = []
        self._q_max_pending = 30
        self._q_backlog = 50
        self._q_retry: TimerEntry | None = None
        self._q_back_off = 0
        self._q_drain: TimerEntry | None = None
        self._q_proxy: QNetworkProxy | None = None
        super().__init__(parent, **properties)

    # -- listening

    def listen(
        self,
        address: QHostAddress | QHostAddress.SpecialAddress | str = QHostAddress.SpecialAddress.Any,
        port: int = 0,
    ) -> bool:
        """Listen on *address* and *port*, 0 to 65535; 0 lets the system choose (see `serverPort`).

        Any takes IPv4 and IPv6. Returns False, with `serverError` and `errorString`, if that is not possible.
        """
        port = checked_port(port)
        if self._q_engine is not None:
            qWarning("QTcpServer::listen() called when already listening")
            return False
        host = address if isinstance(address, QHostAddress) else QHostAddress(address)
        where = f"listening on {host.toString() or 'a null address'}:{port}"
        if host.isNull():
            self._q_failure = failure(SocketError.UnsupportedSocketOperationError, where)
            return False
        engine = QNativeSocketEngine()
        try:
            engine.initialize(SocketType.TcpSocket, host.protocol())
            engine.reuse_address()
            engine.bind(host, port)
            engine.listen(self._q_backlog)
        except (OSError, ValueError) as error:
            engine.close()
            if not isinstance(error, OSError):
                error = OSError(errno.EADDRNOTAVAIL, str(error))
            self._q_failure = failure_from_os(error, where)
            return False
        self._q_begin(engine)
        return True

    def _q_begin(self, engine: QNativeSocketEngine) -> None:
        self._q_engine = engine
        self._q_phase = _Phase.LISTENING
        self._q_local = None
        self._q_failure = None
        self._q_back_off = 0
        self._q_arrive()

    def _q_arrive(self) -> None:
        engine = self._q_engine
        if engine is None:
            return
        thread = self._q.thread
        if thread.dispatcher is not None and thread.scope_level:
            self._q_watch(thread.dispatcher)
        else:
            thread.arrivals[engine.fd] = self._q.ref

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        self._q_dispatcher = dispatcher
        if self._q_engine is not None and self._q_phase is _Phase.LISTENING:
            try:
                dispatcher.watch(self._q_engine.fd, READ, self._q_on_readable)
            except OSError as error:
                self._q_accept_failed(error)

    def _q_unwatch(self) -> None:
        if self._q_engine is not None:
            self._q.thread.arrivals.pop(self._q_engine.fd, None)
            if self._q_dispatcher is not None:
                self._q_dispatcher.forget(self._q_engine.fd)
        self._q_dispatcher = None

    def close(self) -> None:
        """Stop listening and drop the clients that nobody took; those that were taken stay connected."""
        pending, self._q_pending = self._q_pending, []
        self._q_stop_listening()
        self._q_phase = _Phase.CLOSED
        for client in pending:
            client._q_destroy()

    def _q_stop_listening(self) -> None:
        self._q_unwatch()
        for entry in (self._q_retry, self._q_drain):
            if entry is not None:
                self._q.thread.timers.stop(entry)
        self._q_retry = self._q_drain = None
        engine, self._q_engine = self._q_engine, None
        if engine is not None:
            engine.close()
        self._q_local = None

    def _q_finalize(self) -> None:
        self.close()
        super()._q_finalize()

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        self._q_unwatch()
        super()._q_change_thread(source, target)
        if self._q_engine is not None:
            post_to_data(self._q, self._q_arrive)

    def shutdown(self, grace: int = 5000) -> None:
        """End gently (not in Qt): stop accepting, let the clients finish, cut off what is left after *grace* ms.

        The clients are the sockets that this server made and that still belong to it: its children. Those that nobody
        took are dropped. `shutdownFinished` tells how many had to be cut off, within this call if there are none.
        """
        if not isinstance(grace, int) or grace < 0:
            raise ValueError(f"the grace is a number of milliseconds, 0 or more, not {grace!r}")
        if self._q_phase is _Phase.DRAINING:
            return
        self.close()
        self._q_phase = _Phase.DRAINING
        for client in self._q_clients():
            client.disconnected.connect(self._q_client_gone)
        if not self._q_clients():
            self._q_drained(0)
            return
        self._q_drain = TimerEntry(grace * 1_000_000, self._q_cut_off, single_shot=True)
        self._q.thread.timers.start(self._q_drain)

    def _q_clients(self) -> list[QAbstractSocket]:
        sockets = (c for c in self.children() if isinstance(c, QAbstractSocket))
        return [s for s in sockets if s.state() is not SocketState.UnconnectedState]

    def _q_client_gone(self) -> None:
        if self._q_phase is _Phase.DRAINING and not self._q_clients():
            self._q_drained(0)

    def _q_cut_off(self) -> None:
        clients = self._q_clients()
        self._q_phase = _Phase.CLOSED  # their disconnected() shall not end the draining one by one
        for client in clients:
            client.abort()
        self._q_phase = _Phase.DRAINING
        self._q_drained(len(clients))

    def _q_drained(self, cut: int) -> None:
        entry, self._q_drain = self._q_drain, None
        if entry is not None:
            self._q.thread.timers.stop(entry)
        self._q_phase = _Phase.CLOSED
        QTcpServer.shutdownFinished.of(self).emit(cut)

    # -- accepting

    def _q_on_readable(self) -> None:
        for _ in range(_BATCH):
            if self._q_phase is not _Phase.LISTENING or len(self._q_pending) >= self._q_max_pending:
                break
            if not self._q_accept_one():
                return
        if self._q_phase is _Phase.LISTENING and len(self._q_pending) >= self._q_max_pending:
            self._q_set_watched(False)

    def _q_accept_one(self) -> bool:
        """Accept one client; False if there is none."""
        assert self._q_engine is not None
        try:
            client = self._q_engine.accept()
        except BlockingIOError:
            return False
        except OSError as error:
            if is_temporary(error):
                return True
            self._q_accept_failed(error)
            return False
        self._q_back_off = 0
        if type(self).incomingConnection is QTcpServer.incomingConnection:
            self._q_take(client)
        else:
            self.incomingConnection(client.detach())
        QTcpServer.newConnection.of(self).emit()
        return True

    def _q_take(self, engine: QNativeSocketEngine) -> None:
        socket = QTcpSocket(self)
        socket._q_adopt(engine, SocketState.ConnectedState, QIODevice.OpenModeFlag.ReadWrite)
        self.addPendingConnection(socket)

    def _q_accept_failed(self, error: OSError) -> None:
        """Report, and do not spin: the listening descriptor stays readable while the process has none left."""
        self._q_failure = failure_from_os(error, f"accepting on port {self.serverPort()}")
        self._q_set_watched(False)
        first, longest = _BACK_OFF
        self._q_back_off = min(max(first, self._q_back_off * 2), longest)
        if error.errno not in _EXHAUSTED:
            self._q_back_off = first
        self._q_retry = TimerEntry(self._q_back_off, self._q_try_again, single_shot=True)
        self._q.thread.timers.start(self._q_retry)
        QTcpServer.acceptError.of(self).emit(self._q_failure.code)

    def _q_try_again(self) -> None:
        self._q_retry = None
        if self._q_phase is _Phase.LISTENING:
            self._q_set_watched(True)

    def _q_set_watched(self, on: bool) -> None:
        if self._q_dispatcher is not None and self._q_engine is not None:
            self._q_dispatcher.watch(self._q_engine.fd, READ, self._q_on_readable if on else None)

    def incomingConnection(self, handle: int) -> None:
        """A client connected: *handle* is its descriptor, which is the override's to close or to give away.

        This one makes a QTcpSocket and adds it to the pending connections.
        """
        self._q_take(QNativeSocketEngine.adopted(int(handle)))

    def addPendingConnection(self, socket: QTcpSocket) -> None:
        """For overrides of `incomingConnection`: put *socket* into the list of pending connections."""
        if not isinstance(socket, QTcpSocket):
            raise TypeError(f"a QTcpSocket is expected, not {type(socket).__name__}")
        self._q_pending.append(socket)
        QTcpServer.pendingConnectionAvailable.of(self).emit()

    def nextPendingConnection(self) -> QTcpSocket | None:
        """The next client, a child of the server, or None if nobody waits."""
        if not self._q_pending:
            return None
        client = self._q_pending.pop(0)
        if self._q_phase is _Phase.LISTENING and self._q_retry is None:
            self._q_set_watched(True)
        return client

    def hasPendingConnections(self) -> bool:
        """Whether `nextPendingConnection` has one."""
        return bool(self._q_pending)

    def pauseAccepting(self) -> None:
        """Leave new clients in the system's queue until `resumeAccepting`."""
        if self._q_phase is _Phase.LISTENING:
            self._q_set_watched(False)
            self._q_phase = _Phase.PAUSED

    def resumeAccepting(self) -> None:
        """Accept again."""
        if self._q_phase is _Phase.PAUSED:
            self._q_phase = _Phase.LISTENING
            self._q_set_watched(True)

    def waitForNewConnection(self, msec: int = 0) -> tuple[bool, bool]:
        """Block until a client connected, at most *msec* milliseconds (-1: no limit): (whether one did, timed out).

        Works without an event loop, in any thread. `newConnection` is emitted too.
        """
        clock = Clock(msec)
        if self._q_engine is None or self._q_phase is not _Phase.LISTENING:
            return False, False
        while True:
            if not poll({self._q_engine.fd: READ}, clock.left()):
                self._q_failure = failure(SocketError.SocketTimeoutError, f"waiting on port {self.serverPort()}")
                return False, True
            before = len(self._q_pending)
            if self._q_accept_one() and (len(self._q_pending) > before or self._q_overrides_accepting()):
                return True, False
            if self._q_engine is None or self._q_retry is not None:
                return False, False

    def _q_overrides_accepting(self) -> bool:
        return type(self).incomingConnection is not QTcpServer.incomingConnection

    # -- properties

    def isListening(self) -> bool:
        """Whether the server has a listening descriptor."""
        return self._q_engine is not None

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

    def serverError(self) -> SocketError:
        """What failed last; UnknownSocketError if nothing did."""
        return self._q_failure.code if self._q_failure is not None else SocketError.UnknownSocketError

    def errorString(self) -> str:
        """What failed last, in words; "" if nothing did."""
        return self._q_failure.text if self._q_failure is not None else ""

    def maxPendingConnections(self) -> int:
        """How many clients may wait for `nextPendingConnection`; 30 by default."""
        return self._q_max_pending

    def setMaxPendingConnections(self, numConnections: int) -> None:
        """Accept no more while this many clients wait; they stay in the system's queue."""
        self._q_max_pending = int(numConnections)

    def listenBacklogSize(self) -> int:
        """How many clients the system's queue is asked to hold; 50 by default."""
        return self._q_backlog

    def setListenBacklogSize(self, size: int) -> None:
        """Ask for a queue of *size* from the next `listen` on."""
        self._q_backlog = int(size)

    def socketDescriptor(self) -> int:
        """The listening descriptor, -1 if there is none."""
        return self._q_engine.fd if self._q_engine is not None else -1

    def setSocketDescriptor(self, socketDescriptor: int) -> bool:
        """Take over a descriptor that listens already (socket activation, say). False if it is none."""
        if self._q_engine is not None:
            qWarning("QTcpServer::setSocketDescriptor() called when already listening")
            return False
        try:
            engine = QNativeSocketEngine.adopted(int(socketDescriptor))
        except (OSError, ValueError) as error:
            if not isinstance(error, OSError):
                error = OSError(errno.EBADF, str(error))
            self._q_failure = failure_from_os(error, f"adopting descriptor {socketDescriptor}")
            return False
        self._q_begin(engine)
        return True

    def proxy(self) -> QNetworkProxy:
        """The proxy that was set for this server; DefaultProxy until one is."""
        from qnet.kernel.networkproxy import QNetworkProxy

        return QNetworkProxy(self._q_proxy) if self._q_proxy is not None else QNetworkProxy()

    def setProxy(self, networkProxy: QNetworkProxy) -> None:
        """Listen through a proxy from the next `listen` on."""
        from qnet.kernel.networkproxy import QNetworkProxy

        if not isinstance(networkProxy, QNetworkProxy):
            raise TypeError(f"a QNetworkProxy is expected, not {type(networkProxy).__name__}")
        self._q_proxy = QNetworkProxy(networkProxy)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._q_phase.name.lower()} port {self.serverPort()}>"
