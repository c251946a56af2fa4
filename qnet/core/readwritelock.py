"""QReadWriteLock: many readers or one writer (https://doc.qt.io/qt-6/qreadwritelock.html).

Writers have priority: while one waits, no new reader gets in, and of those that wait for a lock that is
given back writers come first. A thread that reads already may read again in the recursive mode even so,
since the writer waits for that very thread.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from qnet.core._enums import QtEnum, flat_enums
from qnet.core.deadlinetimer import Deadline, QDeadlineTimer, seconds_left

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["QReadLocker", "QReadWriteLock", "QWriteLocker"]

_FOREVER = QDeadlineTimer.ForeverConstant.Forever


@flat_enums
class QReadWriteLock:
    """A lock that any number of readers or one single writer hold.

    In the recursive mode a thread may take it again in the way it holds it, and only holders can give it
    back. It cannot change from reading to writing or back; waiting for that without a limit raises
    RuntimeError instead of waiting for ever.
    """

    class RecursionMode(QtEnum):
        """Whether one thread may take the lock more than once."""

        NonRecursive = 0
        Recursive = 1

    __slots__ = (
        "__weakref__",
        "_mode",
        "_readable",
        "_readers",
        "_waiting",
        "_writable",
        "_writer",
        "_writes",
    )

    def __init__(self, recursionMode: QReadWriteLock.RecursionMode = RecursionMode.NonRecursive) -> None:
        if not isinstance(recursionMode, QReadWriteLock.RecursionMode):
            raise TypeError(f"expected a QReadWriteLock.RecursionMode, not {recursionMode!r}")
        self._mode = recursionMode
        guard = threading.RLock()  # re-entrant: the garbage collector may run a finalizer that comes here
        self._readable = threading.Condition(guard)
        self._writable = threading.Condition(guard)
        # Read locks by thread; in the non-recursive mode, where any thread may unlock, all of them under 0.
        self._readers: dict[int, int] = {}
        self._writer = 0
        self._writes = 0
        self._waiting = 0

    def lockForRead(self) -> None:
        """Take the lock for reading; wait while a writer has it or waits for it."""
        self.tryLockForRead(_FOREVER)

    def lockForWrite(self) -> None:
        """Take the lock for writing; wait while anyone has it."""
        self.tryLockForWrite(_FOREVER)

    def tryLockForRead(self, timeout: Deadline = 0) -> bool:
        """Take the lock for reading within *timeout* (milliseconds or a deadline; negative: wait for ever).

        Returns whether it was taken.
        """
        seconds = seconds_left(timeout)
        me = self._me()
        with self._readable:
            if me and me in self._readers:
                self._readers[me] += 1
                return True
            if me and me == self._writer:
                return self._refuse("a thread that writes cannot lock for reading", seconds)
            free = self._readable.wait_for(lambda: not self._writer and not self._waiting, seconds)
            if free:
                self._readers[me] = self._readers.get(me, 0) + 1
            return free

    def tryLockForWrite(self, timeout: Deadline = 0) -> bool:
        """Take the lock for writing within *timeout* (milliseconds or a deadline; negative: wait for ever).

        Returns whether it was taken.
        """
        seconds = seconds_left(timeout)
        me = self._me()
        free = False
        with self._writable:
            if me and me == self._writer:
                self._writes += 1
                return True
            if me and me in self._readers:
                return self._refuse("a thread that reads cannot lock for writing", seconds)
            self._waiting += 1
            try:
                free = self._writable.wait_for(lambda: not self._writer and not self._readers, seconds)
            finally:
                self._waiting -= 1
                if not free:  # readers that waited for this writer, or a wake-up that an exception wasted
                    self._wake()
            if free:
                self._writer = me or threading.get_ident()
                self._writes = 1
            return free

    def unlock(self) -> None:
        """Give back one lock, for reading or for writing. RuntimeError if there is none to give back."""
        me = self._me()
        with self._readable:
            if self._writer and me in (0, self._writer):
                self._writes -= 1
                if not self._writes:
                    self._writer = 0
            elif self._readers.get(me):
                self._readers[me] -= 1
                if not self._readers[me]:
                    del self._readers[me]
            else:
                raise RuntimeError("QReadWriteLock.unlock: this thread does not hold the lock")
            self._wake()

    def _me(self) -> int:
        """The running thread as a key for the holders; 0 in the mode that does not tell threads apart."""
        return threading.get_ident() if self._mode else 0

    def _refuse(self, reason: str, seconds: float | None) -> bool:
        if seconds is None:
            raise RuntimeError(f"QReadWriteLock: {reason}: it would wait for itself")
        return False

    def _wake(self) -> None:
        """Let in who may go now; called with the guard held."""
        if self._writer:
            return
        if not self._waiting:
            self._readable.notify_all()
        elif not self._readers:
            self._writable.notify()

    def _holding(self) -> tuple[bool, int]:
        """Whether it is locked for writing, and how deep this thread holds it (for `QWaitCondition`)."""
        me = self._me()
        with self._readable:
            if self._writer and me in (0, self._writer):
                return True, self._writes
            count = self._readers.get(me, 0)
            return False, count if me else min(count, 1)

    def __repr__(self) -> str:
        with self._readable:
            readers = sum(self._readers.values())
            state = "writing" if self._writer else f"{readers} reading" if readers else "unlocked"
        return f"<QReadWriteLock {state}, {self._mode.name}>"


class _Locker:
    """Takes the lock when it is made and gives it back at the end of the block, or of itself."""

    __slots__ = ("__weakref__", "_lock", "_locked")

    def __init__(self, readWriteLock: QReadWriteLock | None, /) -> None:
        self._locked = False
        self._lock = readWriteLock
        if readWriteLock is not None and not isinstance(readWriteLock, QReadWriteLock):
            raise TypeError(f"expected a QReadWriteLock, not {type(readWriteLock).__name__}")
        self.relock()

    def readWriteLock(self) -> QReadWriteLock | None:
        """The lock."""
        return self._lock

    def relock(self) -> None:
        """Take the lock again after `unlock`; nothing happens while the locker holds it."""
        if self._lock is not None and not self._locked:
            self._take(self._lock)
            self._locked = True

    def unlock(self) -> None:
        """Give the lock back early; nothing happens if the locker does not hold it."""
        if self._lock is not None and self._locked:
            self._locked = False
            self._lock.unlock()

    def _take(self, lock: QReadWriteLock) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.relock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unlock()

    def __del__(self) -> None:
        self.unlock()


class QReadLocker(_Locker):
    """Locks for reading from its construction to its end or the end of its ``with`` block."""

    __slots__ = ()

    def _take(self, lock: QReadWriteLock) -> None:
        lock.lockForRead()


class QWriteLocker(_Locker):
    """Locks for writing from its construction to its end or the end of its ``with`` block."""

    __slots__ = ()

    def _take(self, lock: QReadWriteLock) -> None:
        lock.lockForWrite()
