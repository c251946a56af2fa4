"""QLocalSocket: streams between processes of one machine, over AF_UNIX.

============  =====================  ================================================================
state         event                  what follows
============  =====================  ================================================================
Unconnected   connectToServer        -> Connecting, and within the call -> Connected, connected
Connecting    no such server, refused  errorOccurred, -> Unconnected
Connecting    the backlog is full    tried again, with back-off
Connected     bytes arrive           readyRead
Connected     the peer closes        errorOccurred(PeerClosed), -> Closing, -> Unconnected,
                                     readChannelFinished, disconnected
Connected     disconnectFromServer   -> Closing; when everything is out as above, without an error
any           abort                  -> Unconnected, readChannelFinished, disconnected, aboutToClose
============  =====================  ================================================================

The order differs from QAbstractSocket's, as it does in Qt. Source: https://doc.qt.io/qt-6/qlocalsocket.html.
"""

from __future__ import annotations

import errno
import socket
from typing import Any, TypeAlias

from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core._timers import TimerEntry
from qnet.core.iodevice import QIODevice
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel._checks import checked_descriptor
from qnet.socket._blocking import wait_for_data, wait_until_ended, wait_until_written
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure
from qnet.socket._local_names import full_name, system_address
from qnet.socket._stream import StreamDevice
from qnet.socket._waiting import Clock, poll
from qnet.socket.engines.native import QNativeSocketEngine

__all__ = ["QLocalSocket"]

_FIRST_RETRY = 5_000_000  # nanoseconds; doubled up to the longest
_LONGEST_RETRY = 100_000_000


class _LocalSocketError(QtEnum):
    """What went wrong; the numbers are those of QAbstractSocket."""

    ConnectionRefusedError = 0
    PeerClosedError = 1
    ServerNotFoundError = 2
    SocketAccessError = 3
    SocketResourceError = 4
    SocketTimeoutError = 5
    DatagramTooLargeError = 6
    ConnectionError = 7
    UnsupportedSocketOperationError = 10
    UnknownSocketError = -1
    OperationError = 19


class _LocalSocketState(QtEnum):
    """Where a socket is in its life."""

    UnconnectedState = 0
    ConnectingState = 2
    ConnectedState = 3
    ClosingState = 6


_UNCONNECTED = _LocalSocketState.UnconnectedState
_CONNECTING = _LocalSocketState.ConnectingState
_CONNECTED = _LocalSocketState.ConnectedState
_CLOSING = _LocalSocketState.ClosingState

# errno of connect() -> (code, Qt's words)
_CONNECT_ERRORS = {
    errno.ENOENT: (_LocalSocketError.ServerNotFoundError, "Invalid name"),
    errno.ENOTDIR: (_LocalSocketError.ServerNotFoundError, "Invalid name"),
    errno.ENAMETOOLONG: (_LocalSocketError.ServerNotFoundError, "Invalid name"),
    errno.ECONNREFUSED: (_LocalSocketError.ConnectionRefusedError, "Connection refused"),
    errno.EACCES: (_LocalSocketError.SocketAccessError, "Socket access error"),
    errno.EPERM: (_LocalSocketError.SocketAccessError, "Socket access error"),
    errno.EMFILE: (_LocalSocketError.SocketResourceError, "Socket resource error"),
    errno.ENFILE: (_LocalSocketError.SocketResourceError, "Socket resource error"),
    errno.EPROTOTYPE: (_LocalSocketError.UnsupportedSocketOperationError, "The socket operation is not supported"),
}


@flat_enums
class QLocalSocket(StreamDevice):
    """A client of a QLocalServer, or what it accepted. Qt page: QLocalSocket."""

    LocalSocketError: TypeAlias = _LocalSocketError
    LocalSocketState: TypeAlias = _LocalSocketState

    class SocketOption(QtFlag):
        """Where names live."""

        NoOptions = 0
        AbstractNamespaceOption = 1

    SocketOptions = SocketOption

    connected = Signal()
    """The connection stands."""
    disconnected = Signal()
    """The connection is over, whoever ended it; what was received can still be read."""
    errorOccurred = Signal(_LocalSocketError)
    """Something failed: `error` and `errorString` say what."""
    stateChanged = Signal(_LocalSocketState)
    """`state` has a new value."""

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_state = _UNCONNECTED
        self._q_error = _LocalSocketError.UnknownSocketError
        self._q_server_name = ""
        self._q_full_name = ""
        self._q_socket_options = QLocalSocket.SocketOption.NoOptions
        self._q_retry: TimerEntry | None = None
        self._q_retry_after = _FIRST_RETRY
        self._q_mode_wanted = QIODevice.OpenModeFlag.ReadWrite
        super().__init__(parent, **properties)

    # -- state

    def state(self) -> _LocalSocketState:
        """Where the socket is in its life."""
        return self._q_state

    def error(self) -> _LocalSocketError:
        """What went wrong last."""
        return self._q_error

    def isValid(self) -> bool:
        """Whether the device is open or the socket has a descriptor: while it closes it may have the latter only."""
        return self._q_mode != 0 or self._q_engine is not None

    def socketDescriptor(self) -> int:
        """The descriptor, -1 if there is none. It stays the socket's."""
        return self._q_engine.fd if self._q_engine is not None else -1

    def serverName(self) -> str:
        """The name given to `connectToServer` or `setServerName`."""
        return self._q_server_name

    def setServerName(self, name: str) -> None:
        """Set the name for `connectToServer` and `open`; nothing happens while connected."""
        if not isinstance(name, str):
            raise TypeError(f"a server's name is a str, not {type(name).__name__}")
        if self._q_state is _UNCONNECTED:
            self._q_server_name = name

    def fullServerName(self) -> str:
        """The path, or the abstract name, that the socket is connected to."""
        return self._q_full_name

    def socketOptions(self) -> SocketOption:
        """What `setSocketOptions` set."""
        return self._q_socket_options

    def setSocketOptions(self, option: SocketOption) -> None:
        """Choose where the name lives, before connecting."""
        self._q_socket_options = QLocalSocket.SocketOption(option)

    def _q_set_state(self, state: _LocalSocketState) -> None:
        if self._q_state is not state:
            self._q_state = state
            QLocalSocket.stateChanged.emit_from(self, state)

    def _q_report(self, code: _LocalSocketError, text: str) -> None:
        self._q_error = code
        self._q_error_text = text
        QLocalSocket.errorOccurred.emit_from(self, code)

    def __repr__(self) -> str:
        state = self._q_state.name.removesuffix("State")
        return f"<{type(self).__name__} {state}{' ' + self._q_full_name if self._q_full_name else ''}>"

    # -- connecting

    def connectToServer(
        self,
        name: str | QIODevice.OpenModeFlag | None = None,
        openMode: QIODevice.OpenModeFlag = QIODevice.OpenModeFlag.ReadWrite,
    ) -> None:
        """Connect to the server called *name*: ``(name, mode)``, or ``(mode)`` after `setServerName`.

        With a server that listens, the socket is connected when this returns. A server whose backlog is full is
        tried again until it takes the connection or `abort` is called.
        """
        if isinstance(name, QIODevice.OpenModeFlag):
            openMode = name
            name = None
        if name is not None and not isinstance(name, str):
            raise TypeError(f"a server's name is a str, not {type(name).__name__}")
        if self._q_state is not _UNCONNECTED:
            text = "Operation not permitted when socket is in this state"
            self._q_report(_LocalSocketError.OperationError, f"QLocalSocket::connectToServer: {text}")
            return
        if name is not None:
            self._q_server_name = name
        self._q_reset()
        self._q_write_buffer.clear()
        self._q_mode_wanted = QIODevice.OpenModeFlag(openMode)
        self._q_retry_after = _FIRST_RETRY
        self._q_error_text = ""
        self._q_set_state(_CONNECTING)
        if self._q_state is _CONNECTING:
            self._q_try()

    def open(self, mode: QIODevice.OpenModeFlag = QIODevice.OpenModeFlag.ReadWrite) -> bool:
        """`connectToServer` with the name that was set; whether the socket is open then."""
        QLocalSocket.connectToServer(self, mode)
        return QIODevice.isOpen(self)

    def _q_abstract(self) -> bool:
        return bool(self._q_socket_options & QLocalSocket.SocketOption.AbstractNamespaceOption)

    def _q_try(self) -> None:
        name = self._q_server_name
        full = full_name(name, self._q_abstract())
        if not name:
            self._q_refused(OSError(errno.ENOENT, ""), full)
            return
        try:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:
            self._q_refused(error, full)
            return
        engine = QNativeSocketEngine(sock)
        try:
            sock.connect(system_address(full, self._q_abstract()))
        except BlockingIOError:
            engine.close()
            self._q_try_later()
            return
        except (OSError, ValueError) as error:
            engine.close()
            if error.__class__ is not ValueError and getattr(error, "errno", None) is None:
                error = OSError(errno.ENAMETOOLONG, str(error))  # Python's own "AF_UNIX path too long"
            self._q_refused(error, full)
            return
        self._q_full_name = full
        self._q_phase = full
        QIODevice.setOpenMode(self, self._q_mode_wanted)
        self._q_link(engine)
        self._q_set_state(_CONNECTED)
        if self._q_state is _CONNECTED:
            QLocalSocket.connected.emit_from(self)

    def _q_try_later(self) -> None:
        if self._q_retry is None:
            self._q_retry = TimerEntry(0, self._q_try_again, single_shot=True)
        self._q_retry.interval = self._q_retry_after
        self._q_retry_after = min(self._q_retry_after * 2, _LONGEST_RETRY)
        self._q.thread.timers.start(self._q_retry)

    def _q_try_again(self) -> None:
        self._q_drop_retry()
        if self._q_state is _CONNECTING:
            self._q_try()

    def _q_drop_retry(self) -> None:
        retry, self._q_retry = self._q_retry, None
        if retry is not None:
            self._q.thread.timers.discard(retry)

    def _q_refused(self, error: Exception, full: str) -> None:
        number = getattr(error, "errno", 0) or errno.ENOENT
        code, words = _CONNECT_ERRORS.get(number, (_LocalSocketError.UnknownSocketError, f"Unknown error {number}"))
        self._q_server_name = self._q_full_name = ""
        detail = f": {full} ({errno.errorcode.get(number, number)})" if full else ""
        self._q_report(code, f"QLocalSocket::connectToServer: {words}{detail}")
        if self._q_state is _CONNECTING:
            self._q_set_state(_UNCONNECTED)

    def setSocketDescriptor(
        self,
        socketDescriptor: int,
        socketState: _LocalSocketState = _LocalSocketState.ConnectedState,
        openMode: QIODevice.OpenModeFlag = QIODevice.OpenModeFlag.ReadWrite,
    ) -> bool:
        """Take over an open *socketDescriptor*. Returns False if it is none, and then keeps the connection it has."""
        socketDescriptor = checked_descriptor(socketDescriptor)
        try:
            if self._q_engine is not None and self._q_engine.fd == socketDescriptor:
                raise OSError(errno.EBUSY, "The socket has it already")
            engine = QNativeSocketEngine.adopted(socketDescriptor)
        except OSError as error:
            self._q_error = _LocalSocketError.UnsupportedSocketOperationError
            self._q_error_text = f"QLocalSocket: adopting descriptor {socketDescriptor}: {error}"
            return False
        if self._q_state is not _UNCONNECTED:
            QLocalSocket.abort(self)
        self._q_adopt(engine, _LocalSocketState(socketState), openMode)
        return True

    def _q_adopt(self, engine: QNativeSocketEngine, state: _LocalSocketState, mode: QIODevice.OpenModeFlag) -> None:
        self._q_reset()
        self._q_write_buffer.clear()
        QIODevice.setOpenMode(self, mode)
        peer = engine.sock.getpeername() if state is _CONNECTED else ""
        own = engine.sock.getsockname()
        name = peer or own
        if isinstance(name, bytes):
            name = name.lstrip(b"\0").decode(errors="replace")
        self._q_full_name = name if isinstance(name, str) else ""
        self._q_server_name = self._q_full_name.rpartition("/")[2]
        self._q_phase = self._q_full_name or "the peer"
        if state is _CONNECTED:
            self._q_link(engine)
        else:
            self._q_engine = engine
        self._q_set_state(state)

    # -- ending

    def disconnectFromServer(self) -> None:
        """Close after everything that was written is out."""
        if self._q_state is _CONNECTING:
            self._q_drop_retry()
            self._q_set_state(_UNCONNECTED)
        elif self._q_state is _CONNECTED:
            self._q_set_state(_CLOSING)
            if self._q_state is _CLOSING:
                self._q_close_down()

    def _q_all_sent(self) -> None:
        if self._q_engine is not None:
            self._q_engine.end_politely()
        self._q_end()

    def _q_end(self, through: _LocalSocketState = _UNCONNECTED) -> None:
        """Become Unconnected, *through* Closing if that is to be shown first; as QAbstractSocket's."""
        self._q_drop_retry()
        self._q_unlink()
        if through is _CLOSING:
            self._q_set_state(_CLOSING)
            if self._q_state is not _CLOSING or self._q_engine is not None:
                return
        self._q_server_name = self._q_full_name = ""
        stood, self._q_standing = self._q_standing, False
        self._q_set_state(_UNCONNECTED)
        if stood and self._q_state is _UNCONNECTED:
            QIODevice.readChannelFinished.emit_from(self)
            QLocalSocket.disconnected.emit_from(self)

    def _q_lost(self, reason: SocketFailure) -> None:
        engine = self._q_engine
        self._q_unwatch()
        if not self._q_is_no_news(reason, self._q_state is _CLOSING):
            self._q_losing = True
            if reason.code is SocketError.RemoteHostClosedError:
                self._q_report(_LocalSocketError.PeerClosedError, "QLocalSocket: Remote closed")
            else:
                code = _LocalSocketError.ConnectionError
                if reason.code.value in _LocalSocketError._value2member_map_:
                    code = _LocalSocketError(reason.code.value)
                self._q_report(code, f"QLocalSocket: {reason.text}")
            if self._q_engine is not engine or engine is None:
                return  # a slot has ended it, or waited until it ended
        self._q_end(_CLOSING)

    def close(self) -> None:
        """Close the device (emits aboutToClose; what was received is gone), then `disconnectFromServer`."""
        super().close()
        self._q_read_buffer.clear()
        QLocalSocket.disconnectFromServer(self)

    def abort(self) -> None:
        """Close at once; what was written and is not out is lost."""
        if self._q_state is not _UNCONNECTED:
            self._q_end()
            if self._q_state is not _UNCONNECTED:
                return  # a slot has connected it anew
        elif self._q_engine is not None:  # adopted as an unconnected one
            self._q_unlink()
        super().close()
        self._q_read_buffer.clear()

    def _q_finalize(self) -> None:
        try:
            super()._q_finalize()
        finally:
            self._q_drop_retry()
            if self._q_engine is not None:
                QLocalSocket.abort(self)

    # -- blocking

    def _q_wait_timed_out(self) -> None:
        self._q_report(_LocalSocketError.SocketTimeoutError, "QLocalSocket: Socket operation timed out")

    def waitForConnected(self, msecs: int = 30000) -> bool:
        """Block until the socket is connected, at most *msecs* milliseconds (-1: no limit); whether it is.

        Only a server whose backlog is full makes this wait. A time-out leaves the attempt going.
        """
        clock = Clock(msecs)
        while self._q_state is _CONNECTING:
            if clock.is_over():
                return False
            retry = self._q_retry
            pause = retry.remaining() / 1e9 if retry is not None else 0.0
            poll({}, min(clock.left(), max(pause, 0.0)))
            if retry is not None and retry.remaining() <= 0:
                self._q_try_again()
        return self._q_state is _CONNECTED

    def waitForReadyRead(self, msecs: int = 30000) -> bool:
        """Block until new data arrived, at most *msecs* milliseconds (-1: no limit).

        Returns False on a time-out (errorOccurred(SocketTimeout)), at the end of the connection, and without one.
        """
        return self._q_linked and wait_for_data(self, Clock(msecs))

    def waitForBytesWritten(self, msecs: int = 30000) -> bool:
        """Block until some of what was written is out, at most *msecs* milliseconds (-1: no limit).

        Returns False if nothing waits to be sent, on a time-out, and at the end of the connection.
        """
        return wait_until_written(self, Clock(msecs))

    def waitForDisconnected(self, msecs: int = 30000) -> bool:
        """Block until the connection is over, at most *msecs* milliseconds (-1: no limit).

        Returns False on a time-out (errorOccurred(SocketTimeout)) and without a connection.
        """
        return self._q_linked and wait_until_ended(self, Clock(msecs))
