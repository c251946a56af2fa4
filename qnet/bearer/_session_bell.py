"""How a process tells the others that a file of theirs has changed: a datagram, which says only "look".

What has happened is in the files (:mod:`qnet.bearer._session_file`). So it does not matter if a message is lost because
the receiver's queue is full: there is one in it that makes it look. Names are never used twice; a socket whose process
was killed refuses the message, and is removed by whoever finds that.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
import sys
import time

__all__ = ["SUFFIX", "Bell", "remove_dead", "ring"]

SUFFIX = ".bell"
_YOUNG = 60.0  # seconds
_GONE = (errno.ECONNREFUSED, errno.ENOTSOCK, errno.EPROTOTYPE)


class Bell:
    """This process's socket in *directory*, a descriptor at *path*; it rings when a process calls `ring`.

    Raises OSError if it cannot be made.
    """

    __slots__ = ("_directory", "_pid", "_socket", "fd", "name")

    def __init__(self, directory: int, path: str, prefix: str) -> None:
        self._directory = directory
        self._pid = os.getpid()
        self.name = f"{prefix}{self._pid}-{secrets.token_hex(8)}{SUFFIX}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if sys.platform == "linux":
                os.fchmod(self._socket.fileno(), 0o600)  # what it is bound with: root and this user may ring
            self._socket.bind(_address(directory, path, self.name))
        except BaseException:
            self._socket.close()
            raise
        self.fd = self._socket.fileno()

    def hush(self) -> None:
        """Take what has arrived: everything that it was about can be seen in the files now."""
        try:
            while True:
                self._socket.recv(1)
        except OSError:
            pass  # nothing is left

    def close(self) -> None:
        """Ring no more. In a forked child the parent's stays."""
        self._socket.close()
        if self._pid == os.getpid():
            _remove(self._directory, self.name)


def ring(directory: int, path: str, prefix: str, but: str = "") -> None:
    """Ring every bell in the *directory* whose name begins with *prefix*, except the one that is called *but*."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for name in os.listdir(directory):
            if name.startswith(prefix) and name.endswith(SUFFIX) and name != but:
                try:
                    sender.sendto(b"!", _address(directory, path, name))
                except OSError as error:
                    if error.errno in _GONE:
                        _remove(directory, name)


def remove_dead(directory: int) -> None:
    """Remove what killed processes have left in the *directory*, except what may be about to be bound."""
    for name in os.listdir(directory):
        if name.endswith(SUFFIX) and _is_old(directory, name):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller:
                if caller.connect_ex(_address(directory, "", name)) in _GONE:
                    _remove(directory, name)


def _is_old(directory: int, name: str) -> bool:
    try:
        return time.time() - os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime > _YOUNG
    except OSError:
        return False


def _address(directory: int, path: str, name: str) -> str:
    """A name for the socket that the system takes: at most about 100 bytes, and through the descriptor if it can be."""
    through = f"/proc/self/fd/{directory}"
    return f"{through}/{name}" if os.path.isdir(through) else os.path.join(path, name)


def _remove(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        pass  # somebody else has removed it, or the whole directory
