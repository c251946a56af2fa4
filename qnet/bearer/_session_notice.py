"""What everybody may know of a user's sessions on an interface: a file that all may read, its owner alone write.

Who may read a file may lock it for reading. So a lock that has to be had must not be in this file, as a stranger could
keep it for ever. The locks here are for reading, too: no two of them are in each other's way. Who wants to know asks
the kernel (F_GETLK), which needs no more than a descriptor. A stranger's lock in this file is his word that there are
sessions, as one in a file of his own would be.

Only who may write the file can have it locked for writing. So ENDING is locked like that, to be believed, if no
stranger prevents it.

========  ===============================================================================================
byte      who has it locked
========  ===============================================================================================
ENDING    who takes the interface down, until it is down
FIRST...  one open session each; the numbers are those in the private file (:mod:`qnet.bearer._session_file`)
========  ===============================================================================================

Nothing is ever written: the file's length is how often the user has stopped the interface. So a stranger who fills the
disk keeps nobody from telling that.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct

from qnet.bearer._session_file import ENDING, FIRST, MOST

__all__ = ["Notice", "count_sessions", "is_ending", "is_ending_surely", "is_locked", "times_stopped"]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MODE = 0o644
_FLOCK = struct.Struct("hhqqi0q")  # Linux: l_type, l_whence, l_start, l_len, l_pid
_QUESTIONS = 1000  # to the kernel, about one file


class Notice:
    """This process's descriptor of the file *name* in *place*, a descriptor; it is made if need be. Raises OSError.

    There must not be another descriptor of it in this process: to close that would drop the locks.
    """

    __slots__ = ("fd",)

    def __init__(self, place: int, name: str) -> None:
        self.fd = os.open(name, _FLAGS, _MODE, dir_fd=place)
        try:
            status = os.fstat(self.fd)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "is not a file of this user", name)
            if stat.S_IMODE(status.st_mode) != _MODE:  # the umask
                os.fchmod(self.fd, _MODE)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it; the process has no lock on it any more."""
        os.close(self.fd)

    def is_removed(self) -> bool:
        """Whether nobody finds it any more."""
        return os.fstat(self.fd).st_nlink == 0

    def add_session(self, number: int) -> None:
        """Tell of a session."""
        self._lock(FIRST + number)

    def remove_session(self, number: int) -> None:
        """It is closed."""
        fcntl.lockf(self.fd, fcntl.LOCK_UN, 1, FIRST + number)

    def begin_ending(self) -> None:
        """Tell that the interface is taken down."""
        try:
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, ENDING)
        except (BlockingIOError, PermissionError):
            self._lock(ENDING)

    def end_ending(self) -> None:
        """That is over."""
        fcntl.lockf(self.fd, fcntl.LOCK_UN, 1, ENDING)

    def add_stop(self) -> None:
        """Tell that every session is over."""
        os.ftruncate(self.fd, times_stopped(self.fd) + 1)

    def _lock(self, byte: int) -> None:
        fcntl.lockf(self.fd, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, byte)


def times_stopped(fd: int) -> int:
    """How often the owner of the file *fd* has stopped the interface."""
    return os.fstat(fd).st_size


def is_ending(fd: int) -> bool:
    """Whether another process says that it takes the interface down; anybody can."""
    return is_locked(fd, ENDING)


def is_ending_surely(fd: int) -> bool:
    """Whether it is the owner of the file *fd* who says so."""
    return is_locked(fd, ENDING, fcntl.F_RDLCK)


def is_locked(fd: int, byte: int, against: int = fcntl.F_WRLCK) -> bool:
    """Whether another process has a lock there that is in the way of one of the kind *against*."""
    return _find_lock(fd, byte, 1, against) is not None


def count_sessions(fd: int, exact: bool) -> int:
    """How many sessions other processes have, by their locks in the file *fd*; else at least one if there is any."""
    found = 0
    ranges = [(FIRST, FIRST + MOST)]
    for _ in range(_QUESTIONS if exact else 1):
        if not ranges:
            break
        start, end = ranges.pop()
        lock = _find_lock(fd, start, end - start)
        if lock is not None:
            first, last = max(start, lock[0]), min(end, lock[1])
            found += last - first
            ranges += [each for each in ((start, first), (last, end)) if each[0] < each[1]]
    return found


def _find_lock(fd: int, start: int, length: int, against: int = fcntl.F_WRLCK) -> tuple[int, int] | None:
    """A lock of another process in this range, as its first byte and the one after its last; None if there is none.

    Only one that is in the way of a lock of the kind *against*.
    """
    question = _FLOCK.pack(against, os.SEEK_SET, start, length, 0)
    kind, _, first, size, _ = _FLOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, question))
    if kind == fcntl.F_UNLCK:
        return None
    return first, first + size if size else start + length
