"""QLocalServer: accepts connections of other processes of the machine.

A name that is in use is probed: if nobody listens behind it, its file is left over from a server that crashed, and it
is replaced. The file is readable and writable for its owner only, unless access options say otherwise, and it is so
from its first moment on: no other user can connect before the mode is set.

Source: https://doc.qt.io/qt-6/qlocalserver.html.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import socket
import stat
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qnet.core._enums import QtFlag, flat_enums
from qnet.core.iodevice import QIODevice
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure
from qnet.socket._listener import Listener
from qnet.socket._local_names import full_name, system_address
from qnet.socket._waiting import Clock
from qnet.socket.engines.native import QNativeSocketEngine
from qnet.socket.localsocket import QLocalSocket

__all__ = ["QLocalServer"]

_PRIVATE = 0o600
_SLACK = 2  # Qt takes two clients more than the maximum before it stops

_LISTEN_ERRORS = {
    errno.EADDRINUSE: (SocketError.AddressInUseError, "Address in use"),
    errno.EACCES: (SocketError.SocketAccessError, "Permission denied"),
    errno.EPERM: (SocketError.SocketAccessError, "Permission denied"),
    errno.ENOENT: (SocketError.HostNotFoundError, "Name error"),
    errno.ENOTDIR: (SocketError.HostNotFoundError, "Name error"),
    errno.ENAMETOOLONG: (SocketError.HostNotFoundError, "Name error"),
    errno.EINVAL: (SocketError.HostNotFoundError, "Name error"),
}


@flat_enums
class QLocalServer(Listener):
    """Listens under a name and hands out a QLocalSocket for every client. Qt page: QLocalServer."""

    class SocketOption(QtFlag):
        """Who may connect, and where the name lives."""

        NoOptions = 0
        UserAccessOption = 1
        GroupAccessOption = 2
        OtherAccessOption = 4
        WorldAccessOption = 7
        AbstractNamespaceOption = 8

    SocketOptions = SocketOption

    newConnection = Signal()
    """A client connected; `nextPendingConnection` has it."""

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_server_name = ""
        self._q_full_name = ""
        self._q_file: tuple[int, int] | None = None
        self._q_socket_options = QLocalServer.SocketOption.NoOptions
        super().__init__(parent, **properties)

    # -- listening

    def listen(self, name: str | int) -> bool:
        """Listen under *name*, or on a descriptor that listens already.

        A plain name is a file in the temporary directory, an absolute path is itself. Returns False, with
        `serverError` and `errorString`, if that is not possible: AddressInUseError if somebody else listens there.
        """
        if not isinstance(name, (str, int)):
            raise TypeError(f"a server's name is a str, not {type(name).__name__}")
        if self._q_engine is not None:
            qWarning("QLocalServer::listen() called when already listening")
            return False
        return self._q_listen_on(name) if isinstance(name, int) else self._q_listen_as(name)

    def _q_listen_as(self, name: str) -> bool:
        abstract = bool(self._q_socket_options & QLocalServer.SocketOption.AbstractNamespaceOption)
        full = full_name(name, abstract)
        sock = None
        try:
            if not name:
                raise OSError(errno.ENOENT, "an empty name")
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            if abstract:
                sock.bind(system_address(full, True))
            else:
                self._q_bind_file(sock, full)
            sock.listen(self._q_backlog)
        except (OSError, ValueError) as error:
            if sock is not None:
                sock.close()
            self._q_refuse(error, full)
            return False
        self._q_server_name, self._q_full_name = name, full
        self._q_begin(QNativeSocketEngine(sock))
        return True

    def _q_bind_file(self, sock: socket.socket, path: str) -> None:
        mode = _mode(self._q_socket_options)
        if sys.platform == "linux":
            os.fchmod(sock.fileno(), mode)  # bind() gives the file the descriptor's mode, less the umask
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            with _replacing(path):
                sock.bind(path)
        os.chmod(path, mode)
        found = os.stat(path)
        self._q_file = found.st_dev, found.st_ino
        _with_files[(os.getpid(), found.st_dev, found.st_ino)] = self

    def _q_refuse(self, error: OSError | ValueError, full: str) -> None:
        number = getattr(error, "errno", None) or errno.ENAMETOOLONG
        code, words = _LISTEN_ERRORS.get(number, (SocketError.UnknownSocketError, f"Unknown error {number}"))
        detail = f": {full} ({errno.errorcode.get(number, number)})" if full else ""
        self._q_failure = SocketFailure(code, f"QLocalServer::listen: {words}{detail}", error)

    def _q_listen_on(self, descriptor: int) -> bool:
        try:
            engine = QNativeSocketEngine.adopted(descriptor)
            name = engine.sock.getsockname()
        except OSError as error:
            self._q_refuse(error, f"descriptor {descriptor}")
            return False
        text = name.lstrip(b"\0").decode(errors="replace") if isinstance(name, bytes) else str(name)
        self._q_full_name, self._q_server_name = text, os.path.basename(text)
        self._q_begin(engine)
        return True

    def close(self) -> None:
        """Stop listening, remove the server's file and drop the clients that nobody took."""
        self._q_stop()
        full, file = self._q_full_name, self._q_file
        self._q_server_name = self._q_full_name = ""
        self._q_file = None
        if file is not None:
            _remove_if(full, file)

    def _q_finalize(self) -> None:
        self.close()
        super()._q_finalize()

    @staticmethod
    def removeServer(name: str) -> bool:
        """Remove the file of a server called *name*, whoever listens there. True if it is gone then."""
        try:
            os.unlink(full_name(name, False))
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    # -- accepting

    def _q_has_room(self) -> bool:
        return self._q_max_pending > 0 and len(self._q_pending) < self._q_max_pending + _SLACK

    def _q_where(self) -> str:
        return self._q_full_name

    def _q_incoming(self, engine: QNativeSocketEngine) -> None:
        before = len(self._q_pending)
        if type(self).incomingConnection is QLocalServer.incomingConnection:
            self._q_make_client(engine)
        else:
            self.incomingConnection(engine.detach())
        if len(self._q_pending) > before:
            QLocalServer.newConnection.emit_from(self)

    def _q_make_client(self, engine: QNativeSocketEngine) -> None:
        client = QLocalSocket(self)
        client._q_adopt(engine, QLocalSocket.LocalSocketState.ConnectedState, QIODevice.OpenModeFlag.ReadWrite)
        QLocalServer.addPendingConnection(self, client)

    def incomingConnection(self, socketDescriptor: int) -> None:
        """A client connected: the descriptor is the override's to close or to give away.

        This one makes a QLocalSocket and adds it to the pending connections.
        """
        self._q_make_client(QNativeSocketEngine.adopted(socketDescriptor))

    def addPendingConnection(self, socket: QLocalSocket) -> None:
        """For overrides of `incomingConnection`: put *socket* into the list of pending connections."""
        if not isinstance(socket, QLocalSocket):
            raise TypeError(f"a QLocalSocket is expected, not {type(socket).__name__}")
        self._q_pending.append(socket)

    def nextPendingConnection(self) -> QLocalSocket | None:
        """The next client, a child of the server, or None if nobody waits."""
        client: QLocalSocket | None = self._q_take_pending()
        return client

    def waitForNewConnection(self, msec: int = 0) -> tuple[bool, bool]:
        """Block until a client connected, at most *msec* milliseconds (-1: no limit): (whether one did, timed out)."""
        clock = Clock(msec)
        if self._q_pending:
            return True, False
        return self._q_wait_for_client(clock)

    # -- properties

    def serverName(self) -> str:
        """The name given to `listen`, "" while not listening."""
        return self._q_server_name

    def fullServerName(self) -> str:
        """The path, or the abstract name, that the server listens on."""
        return self._q_full_name

    def socketOptions(self) -> SocketOption:
        """What `setSocketOptions` set."""
        return self._q_socket_options

    def setSocketOptions(self, options: SocketOption) -> None:
        """Choose who may connect and where the name lives, before `listen`."""
        self._q_socket_options = QLocalServer.SocketOption(options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._q_phase.name.lower()} {self._q_full_name}>"


_with_files: weakref.WeakValueDictionary[tuple[int, ...], QLocalServer] = weakref.WeakValueDictionary()


def _remove_files() -> None:
    """What listens when Python exits leaves no file; those of the parent are none of a forked child's business."""
    for (process, *_), server in list(_with_files.items()):
        if process == os.getpid():
            QLocalServer.close(server)


atexit.register(_remove_files)


def _mode(options: QLocalServer.SocketOption) -> int:
    flags = QLocalServer.SocketOption
    mode = 0
    if options & flags.UserAccessOption:
        mode |= 0o700
    if options & flags.GroupAccessOption:
        mode |= 0o070
    if options & flags.OtherAccessOption:
        mode |= 0o007
    return mode or _PRIVATE


@contextmanager
def _replacing(path: str) -> Iterator[None]:
    """Remove the file that a crashed server left, under a lock: two servers that start at once must not remove each
    other's. Raises EADDRINUSE if somebody listens there, or if another server is at it.
    """
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OSError(errno.EADDRINUSE, "another server is taking the name") from error
        if not _is_stale(path):
            raise OSError(errno.EADDRINUSE, "somebody listens there")
        os.unlink(path)
        yield
    finally:
        os.close(folder)


def _is_stale(path: str) -> bool:
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        return False
    # Of the wrong type on purpose: a server that lives answers EPROTOTYPE and is not disturbed by a client.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _remove_if(path: str, file: tuple[int, int]) -> None:
    """Remove *path* if it still is the file that this server made."""
    try:
        found = os.stat(path)
        if (found.st_dev, found.st_ino) == file:
            os.unlink(path)
    except OSError:
        pass  # somebody removed it, or its folder, before
