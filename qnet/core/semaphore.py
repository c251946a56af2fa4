"""QSemaphore: a counter of free resources to wait for (https://doc.qt.io/qt-6/qsemaphore.html)."""

from __future__ import annotations

import threading

from qnet.core.deadlinetimer import Deadline, QDeadlineTimer, seconds_left

__all__ = ["QSemaphore", "QSemaphoreReleaser"]


def _count(n: int) -> int:
    if not isinstance(n, int):
        raise TypeError(f"a number of resources is an int, not {type(n).__name__}")
    if n < 0:
        raise ValueError(f"a number of resources cannot be negative: {n}")
    return n


class QSemaphore:
    """Guards *n* resources, of which threads take and give back several at a time.

    It is not a queue: one resource goes to a thread that wants one although another waits for five.
    """

    __slots__ = ("__weakref__", "_available", "_changed")

    def __init__(self, n: int = 0) -> None:
        self._available = _count(n)
        # Its lock is re-entrant: the garbage collector may run a finalizer that comes here.
        self._changed = threading.Condition()

    def acquire(self, n: int = 1) -> None:
        """Take *n* resources; wait until that many are free."""
        self.tryAcquire(n, QDeadlineTimer.ForeverConstant.Forever)

    def tryAcquire(self, n: int = 1, timeout: Deadline = 0) -> bool:
        """Take *n* resources within *timeout* (milliseconds or a deadline; negative: wait for ever).

        Returns whether they were taken; if not, none is.
        """
        _count(n)
        seconds = seconds_left(timeout)
        with self._changed:
            free = self._changed.wait_for(lambda: self._available >= n, seconds)
            if free:
                self._available -= n
            return free

    def release(self, n: int = 1) -> None:
        """Give *n* resources back, or add them: the semaphore has no upper limit."""
        _count(n)
        with self._changed:
            self._available += n
            self._changed.notify_all()

    def available(self) -> int:
        """How many resources are free at this moment."""
        return self._available

    def __repr__(self) -> str:
        return f"<QSemaphore {self._available} available>"


class QSemaphoreReleaser:
    """Gives *n* resources of a semaphore back when it dies; without a semaphore it does nothing."""

    __slots__ = ("__weakref__", "_n", "_semaphore")

    def __init__(self, sem: QSemaphore | None = None, /, n: int = 1) -> None:
        self._semaphore: QSemaphore | None = None
        if sem is not None and not isinstance(sem, QSemaphore):
            raise TypeError(f"expected a QSemaphore, not {type(sem).__name__}")
        self._n = _count(n)
        self._semaphore = sem

    def semaphore(self) -> QSemaphore | None:
        """The semaphore that this will give resources back to, or None."""
        return self._semaphore

    def cancel(self) -> QSemaphore | None:
        """Forget the semaphore, so that nothing is given back; returns it."""
        semaphore, self._semaphore = self._semaphore, None
        return semaphore

    def swap(self, other: QSemaphoreReleaser, /) -> None:
        """Exchange semaphore and number with *other*."""
        if not isinstance(other, QSemaphoreReleaser):
            raise TypeError(f"expected a QSemaphoreReleaser, not {type(other).__name__}")
        self._semaphore, other._semaphore = other._semaphore, self._semaphore
        self._n, other._n = other._n, self._n

    def __del__(self) -> None:
        semaphore = self.cancel()
        if semaphore is not None:
            semaphore.release(self._n)
