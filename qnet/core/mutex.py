"""QMutex and its kin, thin covers of Python's own locks (https://doc.qt.io/qt-6/qmutex.html).

Waiting costs no processor time and a signal handler (Ctrl-C) interrupts it in the main thread. Time-outs are
milliseconds or deadlines, negative ones never end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from qnet.core._interrupt import interruptible
from qnet.core.deadlinetimer import Deadline, seconds_left

__all__ = ["QBasicMutex", "QMutex", "QMutexLocker", "QRecursiveMutex"]


class QBasicMutex:
    """A mutex without time-outs; use `QMutex`."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @interruptible
    def lock(self) -> None:
        """Take the mutex; wait for it as long as it takes.

        It is not recursive: a thread that holds it waits for itself (Ctrl-C ends that in the main thread).
        """
        self._lock.acquire()

    def unlock(self) -> None:
        """Give the mutex back, from whichever thread. RuntimeError if nobody holds it."""
        self._lock.release()

    def tryLock(self) -> bool:
        """Take the mutex if it is free; returns whether it was."""
        return self._lock.acquire(False)

    def try_lock(self) -> bool:
        """The same as `tryLock` without a time-out, under the name that C++ uses."""
        return self._lock.acquire(False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'locked' if self._lock.locked() else 'unlocked'}>"


class QMutex(QBasicMutex):
    """One thread at a time holds it, and a thread that holds it must not take it again."""

    __slots__ = ()

    def tryLock(self, timeout: Deadline = 0) -> bool:
        """Take the mutex within *timeout* (milliseconds or a deadline; negative: wait for ever).

        Returns whether it was taken.
        """
        return _acquire(self._lock.acquire, timeout)


class QRecursiveMutex:
    """A mutex that its holder may take again; it is free after as many `unlock` calls."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @interruptible
    def lock(self) -> None:
        """Take the mutex, once more if this thread holds it already; wait for it as long as it takes."""
        self._lock.acquire()

    def unlock(self) -> None:
        """Undo one `lock` of this thread. RuntimeError if it does not hold the mutex."""
        self._lock.release()

    def tryLock(self, timer: Deadline = 0) -> bool:
        """Take the mutex within *timer* (milliseconds or a deadline; negative: wait for ever).

        Returns whether it was taken.
        """
        return _acquire(self._lock.acquire, timer)

    def try_lock(self) -> bool:
        """The same as `tryLock` without a time-out, under the name that C++ uses."""
        return self._lock.acquire(False)

    def __repr__(self) -> str:
        return f"<QRecursiveMutex {self._lock!r}>"


@interruptible
def _acquire(acquire: Callable[[bool, float], bool], limit: Deadline) -> bool:
    seconds = seconds_left(limit)
    return acquire(True, -1.0 if seconds is None else seconds)


class QMutexLocker:
    """Takes a mutex when it is made and gives it back when it dies or its ``with`` block ends.

    ``with QMutexLocker(mutex): ...`` is the usual form. Entering a block again, or after `unlock`, takes
    the mutex again. A locker of None does nothing.
    """

    __slots__ = ("__weakref__", "_locked", "_mutex")

    def __init__(self, mutex: QBasicMutex | QRecursiveMutex | None, /) -> None:
        self._locked = False
        self._mutex = mutex
        if mutex is not None and not isinstance(mutex, (QBasicMutex, QRecursiveMutex)):
            raise TypeError(f"expected a QMutex or a QRecursiveMutex, not {type(mutex).__name__}")
        self.relock()

    def mutex(self) -> QBasicMutex | None:
        """The mutex; None if it is a recursive one."""
        return self._mutex if isinstance(self._mutex, QBasicMutex) else None

    def recursiveMutex(self) -> QRecursiveMutex | None:
        """The mutex, if it is a recursive one, else None."""
        return self._mutex if isinstance(self._mutex, QRecursiveMutex) else None

    def relock(self) -> None:
        """Take the mutex again after `unlock`; nothing happens while the locker holds it."""
        if self._mutex is not None and not self._locked:
            self._mutex.lock()
            self._locked = True

    def unlock(self) -> None:
        """Give the mutex back early; nothing happens if the locker does not hold it."""
        if self._mutex is not None and self._locked:
            self._locked = False
            self._mutex.unlock()

    def __enter__(self) -> QMutexLocker:
        self.relock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unlock()

    def __del__(self) -> None:
        self.unlock()
