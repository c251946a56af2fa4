"""The file of one interface: two values, and a record lock for every session that is open.

A session is one locked byte. The kernel gives the locks of a process back when it ends, however it ends. So there is
nothing to clean up after it, nothing that could be stale, and no daemon that would have to notice. The bytes lie far
beyond the end of the file: a lock needs no byte to be there, and so a full disk keeps nobody from closing, or from
opening another one.

Files that are locked with flock(), one a session, were the other choice. They have to be found and removed after a
process that was killed, each costs an inode, and a forked child shares the lock, so that it outlives its owner. Record
locks (fcntl) belong to a process: a child has none. Their one trap is that closing *any* descriptor of a file drops all
locks that the process has on it; nobody but this module opens these files, and it opens each only once.

========  =================================================================================================
byte      who has it locked
========  =================================================================================================
GUARD     whoever looks at this file or changes something in it: a few system calls long
ENDING    whoever has decided to take the interface down, until it is down
FIRST...  one open session each
========  =================================================================================================

In the file: how often `stop` was called for this interface, and whether a session has brought the interface up.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time
from collections.abc import Set as AbstractSet

__all__ = ["ENDING", "GUARD", "SessionFile"]

GUARD = 1 << 20
ENDING = GUARD + 1
FIRST = GUARD + 16
MOST = 1 << 20  # sessions of one interface

PATIENCE = 2.0  # seconds; whoever has the guard that long was stopped in the middle
_CONTENT = struct.Struct("<Q?7x")
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class SessionFile:
    """An open file, by its *name* in *directory*, a descriptor. It is made if need be; raises OSError."""

    __slots__ = ("directory", "fd", "name")

    def __init__(self, directory: int, name: str) -> None:
        self.directory = directory
        self.name = name
        self.fd = os.open(name, _FLAGS, 0o600, dir_fd=directory)
        try:
            status = os.fstat(self.fd)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink > 1:
                raise PermissionError(errno.EPERM, "is not a file of this user alone", name)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; the process has no lock on it any more."""
        os.close(self.fd)

    def remove(self) -> None:
        """Take its name away, to be called with the guard. Who waits for the guard finds `is_removed`."""
        os.unlink(self.name, dir_fd=self.directory)

    def is_removed(self) -> bool:
        """Whether it has no name any more, so that nobody else will find it."""
        return os.fstat(self.fd).st_nlink == 0

    # -- content

    def read(self) -> tuple[int, bool]:
        """How often the interface was stopped, and whether a session has brought it up."""
        content = os.pread(self.fd, _CONTENT.size, 0)
        if len(content) < _CONTENT.size:
            return 0, False  # new, or the disk was full when it was made
        stops, started = _CONTENT.unpack(content)
        return stops, started

    def write(self, stops: int, started: bool) -> None:
        """Replace both; raises OSError, with the file as it was, if there is no room for a new file's content."""
        content = _CONTENT.pack(stops, started)
        if os.pwrite(self.fd, content, 0) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.name)

    # -- locks

    def lock(self, byte: int) -> bool:
        """Lock a byte; False if another process has it."""
        try:
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def unlock(self, byte: int) -> None:
        """Give a byte back."""
        fcntl.lockf(self.fd, fcntl.LOCK_UN, 1, byte)

    def lock_guard(self) -> None:
        """Wait for the guard; TimeoutError if somebody has it for more than `PATIENCE` seconds."""
        pause = 0.0001
        deadline = time.monotonic() + PATIENCE
        while not self.lock(GUARD):
            if time.monotonic() >= deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process does not let go of it", self.name)
            time.sleep(pause)
            pause = min(pause * 2, 0.005)

    def is_ending_elsewhere(self) -> bool:
        """Whether another process is taking the interface down."""
        return not self._is_free(ENDING, 1)

    def add_session(self, own: AbstractSet[int]) -> int:
        """Lock the byte of a new session, and return its number. *own* are those of this process."""
        for number in range(MOST):
            if number not in own and self.lock(FIRST + number):
                return number
        raise OSError(errno.ENOLCK, f"{MOST} sessions are open", self.name)

    def remove_session(self, number: int) -> None:
        """Give the byte of a session back."""
        self.unlock(FIRST + number)

    def others(self, own: AbstractSet[int]) -> int:
        """How many sessions other processes have; *own* are those of this process, whose locks do not tell it."""
        highest = max(own, default=-1)
        found = number = 0
        while number <= highest or not self._is_free(FIRST + number, MOST - number):
            if number not in own and not self._is_free(FIRST + number, 1):
                found += 1
            number += 1
        return found

    def _is_free(self, byte: int, length: int) -> bool:
        """Whether no other process has a lock there; one that this process has there is lost."""
        try:
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB, length, byte)
        except (BlockingIOError, PermissionError):
            return False
        fcntl.lockf(self.fd, fcntl.LOCK_UN, length, byte)
        return True
