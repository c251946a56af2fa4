"""QWaitCondition: sleep until another thread says that something changed.

https://doc.qt.io/qt-6/qwaitcondition.html. `threading.Condition` owns its lock; this one takes the caller's
with every wait, which may be a `QMutex` or a `QReadWriteLock`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from qnet.core._interrupt import interruptible
from qnet.core.deadlinetimer import Deadline, QDeadlineTimer, seconds_left
from qnet.core.logging import qWarning
from qnet.core.mutex import QBasicMutex
from qnet.core.readwritelock import QReadWriteLock

__all__ = ["QWaitCondition"]


class QWaitCondition:
    """Threads `wait` in it, in the order in which they came, until a wake-up for one or for all."""

    __slots__ = ("__weakref__", "_guard", "_waiters")

    def __init__(self) -> None:
        self._guard = threading.RLock()  # re-entrant: the garbage collector may run a finalizer that comes here
        self._waiters: deque[threading.Lock] = deque()

    def wait(
        self,
        locked: QBasicMutex | QReadWriteLock,
        deadline: Deadline = QDeadlineTimer.ForeverConstant.Forever,
    ) -> bool:
        """Unlock *locked*, sleep until woken or until *deadline*, and lock it again in the same way.

        The deadline is a `QDeadlineTimer` or milliseconds, negative ones for ever. Returns True if woken,
        False if the time is over. A mutex must be locked (RuntimeError); a `QReadWriteLock` that is not
        locked by this thread, or more than once, makes it return False at once, as Qt documents.
        """
        seconds = seconds_left(deadline)
        if isinstance(locked, QBasicMutex):
            return self._wait(locked.unlock, locked.lock, seconds)
        if not isinstance(locked, QReadWriteLock):
            raise TypeError(f"expected a QMutex or a QReadWriteLock, not {type(locked).__name__}")
        writing, depth = locked._holding()
        if depth != 1:
            if depth:
                qWarning("QWaitCondition: cannot wait on a QReadWriteLock that is locked recursively")
            return False
        return self._wait(locked.unlock, locked.lockForWrite if writing else locked.lockForRead, seconds)

    def wakeOne(self) -> None:
        """Wake the thread that has waited longest; without one nothing happens, now or later."""
        with self._guard:
            if self._waiters:
                self._waiters.popleft().release()

    def wakeAll(self) -> None:
        """Wake every thread that waits now."""
        with self._guard:
            while self._waiters:
                self._waiters.popleft().release()

    notify_one = wakeOne
    notify_all = wakeAll

    @interruptible
    def _wait(self, unlock: Callable[[], None], lock: Callable[[], None], seconds: float | None) -> bool:
        waiter = threading.Lock()
        waiter.acquire()
        with self._guard:
            self._waiters.append(waiter)
        try:
            unlock()
        except RuntimeError:
            self._was_woken(waiter)
            raise
        try:
            woken = waiter.acquire() if seconds is None else waiter.acquire(True, seconds)
            return woken or self._was_woken(waiter)
        except BaseException:
            if self._was_woken(waiter):  # interrupted with the wake-up in hand: another thread needs it
                self.wakeOne()
            raise
        finally:
            lock()

    def _was_woken(self, waiter: threading.Lock) -> bool:
        """Leave the queue; True if a wake-up had taken *waiter* out of it before."""
        with self._guard:
            try:
                self._waiters.remove(waiter)
            except ValueError:
                return True
            return False
