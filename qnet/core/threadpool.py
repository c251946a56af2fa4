"""QThreadPool and QRunnable: jobs on a few threads that are kept for the next ones.

The workers are QThreads, so timers, signals and event loops work in a job, and what a job has left to
``deleteLater`` is destroyed when its worker ends.

How it counts: a job that was handed to a worker is active, from that moment on and not only once the worker
runs. ``reserveThread`` counts like a job. A job starts if fewer than the maximum are active, and in any
case if no other is. What cannot start waits in a heap by priority; a worker that has finished its job takes
the next from there or, with none left, waits for a job until the expiry time-out ends it.

Source: https://doc.qt.io/qt-6/qthreadpool.html, https://doc.qt.io/qt-6/qrunnable.html.
"""

from __future__ import annotations

import atexit
import heapq
import itertools
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from qnet.core import _thread_data, hooks
from qnet.core.deadlinetimer import Deadline, QDeadlineTimer, to_deadline
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.thread import QThread

__all__ = ["QRunnable", "QThreadPool"]

_FOREVER = QDeadlineTimer.ForeverConstant.Forever
_EXPIRY = 30_000


class QRunnable:
    """A job: derive, override `run`, and give it to `QThreadPool.start`."""

    def __init__(self) -> None:
        if type(self) is QRunnable:
            raise NotImplementedError("QRunnable is abstract: derive from it, or use QRunnable.create(function)")
        self._q_auto_delete = True

    def run(self) -> None:
        """What the job does; called in a thread of the pool."""
        raise NotImplementedError(f"{type(self).__name__} has to implement run()")

    def autoDelete(self) -> bool:
        """What `setAutoDelete` was given; True by default."""
        return self._q_auto_delete

    def setAutoDelete(self, autoDelete: bool, /) -> None:
        """Kept for its reading back: the pool lets go of a job that it has run, and Python does the rest.

        A job can be started again, and several times at once, whatever this says.
        """
        self._q_auto_delete = bool(autoDelete)

    @staticmethod
    def create(functionToRun: Callable[[], object], /) -> QRunnable:
        """A job that calls *functionToRun*."""
        return _FunctionJob(functionToRun)


class _FunctionJob(QRunnable):
    def __init__(self, function: Callable[[], object]) -> None:
        if not callable(function):
            raise TypeError(f"expected a QRunnable or a callable, not {type(function).__name__}")
        super().__init__()
        self.function = function

    def run(self) -> None:
        self.function()


class _Worker(QThread):
    """A thread of a pool."""

    def __init__(self, pool: _Pool) -> None:
        super().__init__()
        self.setObjectName("Thread (pooled)")
        self.setStackSize(pool.stack_size)
        self.setServiceLevel(pool.service_level)
        self.pool = pool
        self.retired = False  # told to end; written with the pool's lock held

    def run(self) -> None:
        self.pool.work(self)


class _Pool:
    """What the workers share. It knows nothing of the QThreadPool, which may die while they work."""

    def __init__(self) -> None:
        self.max_threads = QThread.idealThreadCount()
        self.expiry: int = _EXPIRY
        self.stack_size = 0
        self.priority = QThread.Priority.InheritPriority
        self.service_level = QThread.QualityOfService.Auto
        self.lock = threading.RLock()  # re-entrant: the garbage collector may run a finalizer that comes here
        self.handed_over = threading.Condition(self.lock)  # idle workers wait here
        self.done = threading.Condition(self.lock)  # waitForDone() waits here
        self.queue: list[tuple[int, int, QRunnable]] = []
        self.numbers = itertools.count()
        self.handed: deque[QRunnable] = deque()
        self.workers: set[_Worker] = set()
        self.idle = 0
        self.active = 0
        self.reserved = 0
        self.closed = False

    # -- with the lock held

    def is_full(self) -> bool:
        """Whether one more job has to wait."""
        return self.active > 0 and self.active + self.reserved >= self.max_threads

    def hand_over(self, job: QRunnable) -> None:
        """Give *job* to an idle worker or to a new one. RuntimeError if the system has no thread left."""
        self.handed.append(job)
        self.active += 1
        if len(self.handed) <= self.idle:
            self.handed_over.notify()
            return
        worker = _Worker(self)
        self.workers.add(worker)
        try:
            worker.start(self.priority)
        except BaseException:
            self.workers.discard(worker)
            self.handed.pop()
            self.active -= 1
            raise

    def try_hand_over(self, job: QRunnable) -> bool:
        """`hand_over`; False if the system has no thread left, but a worker that will look at the queue."""
        try:
            self.hand_over(job)
        except RuntimeError:
            if not self.active:
                raise
            return False
        return True

    def start_queued(self) -> None:
        """Start what may start, after a change of the limits."""
        while self.queue and not self.is_full() and self.try_hand_over(self.queue[0][2]):
            heapq.heappop(self.queue)

    def next_job(self) -> QRunnable | None:
        """The next job for a worker that has finished one, which stays active with it; None: none for it."""
        if self.queue and (self.active == 1 or self.active + self.reserved <= self.max_threads):
            return heapq.heappop(self.queue)[2]
        return None

    # -- in the workers

    def work(self, worker: _Worker) -> None:
        """A worker's life: job after job, until it has waited for one longer than the expiry time-out."""
        with self.lock:
            try:
                while self.wait_for_job(worker):
                    job: QRunnable | None = self.handed.popleft()
                    try:
                        while job is not None:
                            self.lock.release()
                            try:
                                _run(job)
                                job = None  # it may die here, without the lock
                            finally:
                                self.lock.acquire()
                            job = self.next_job()
                    finally:
                        self.active -= 1
                        if not self.active and not self.queue:
                            self.done.notify_all()
            finally:
                self.workers.discard(worker)
                self.start_queued()  # what a worker leaves that dies early

    def wait_for_job(self, worker: _Worker) -> bool:
        """Wait until a job was handed over. False if the worker is to end."""
        if not self.handed and not worker.retired:
            self.idle += 1
            seconds = None if self.expiry < 0 else self.expiry / 1000
            self.handed_over.wait_for(lambda: self.handed or worker.retired or self.closed, seconds)
            if not worker.retired:  # else it was taken out of the idle ones then
                self.idle -= 1
        return bool(self.handed) and not worker.retired

    # -- in other threads

    def wait_for_done(self, limit: QDeadlineTimer) -> bool:
        """Wait for the end of all jobs, then end all workers. False if *limit* passed before."""
        if limit.isForever() and self.is_mine():
            qWarning("QThreadPool::waitForDone: a thread of the pool would wait for itself")
            return False
        with self.lock:
            left = limit.remainingTimeNSecs()
            if not self.done.wait_for(lambda: not self.active and not self.queue, None if left < 0 else left / 1e9):
                return False
            retired = list(self.workers)
            for worker in retired:
                worker.retired = True
            self.workers.clear()
            self.idle = 0
            self.handed_over.notify_all()
        for worker in retired:  # they had no job and end at once
            worker.wait()
        return True

    def close(self) -> None:
        """Wait for the end of all jobs, unless one of them is what gave the pool up, and let the workers end."""
        with self.lock:
            self.closed = True
            self.handed_over.notify_all()
        if not self.is_mine():
            self.wait_for_done(QDeadlineTimer(_FOREVER))

    def is_mine(self) -> bool:
        """Whether the running thread is a worker."""
        return any(worker.isCurrentThread() for worker in list(self.workers))


def _run(job: QRunnable) -> None:
    try:
        job.run()
    except Exception as error:
        slot = job.function if isinstance(job, _FunctionJob) else job.run
        hooks.report(error, "QThreadPool", slot, emitted=False)
    except SystemExit:
        return  # it ends the job


class QThreadPool(QObject):
    """Runs jobs, `QRunnable` objects or callables, on up to `maxThreadCount` threads. Qt page: QThreadPool.

    All methods may be called from any thread. An exception in a job is reported as one in a slot is (see
    `setSlotExceptionHook`) and the thread goes on with the next job. A pool that is destroyed waits for its
    jobs, and so does Python when it exits.
    """

    _q_properties = {
        "expiryTimeout": ("expiryTimeout", "setExpiryTimeout"),
        "maxThreadCount": ("maxThreadCount", "setMaxThreadCount"),
        "activeThreadCount": ("activeThreadCount", None),
        "stackSize": ("stackSize", "setStackSize"),
        "threadPriority": ("threadPriority", "setThreadPriority"),
    }

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_pool = _Pool()
        super().__init__(parent, **properties)
        _pools.add(self._q_pool)

    @staticmethod
    def globalInstance() -> QThreadPool:
        """The pool that the whole program shares; it belongs to the main thread."""
        return _global_pool()

    def start(self, runnable: QRunnable | Callable[[], object], /, priority: int = 0) -> None:
        """Run *runnable* (a QRunnable or a callable) as soon as a thread is free.

        Until then it waits behind those of a higher or the same *priority*.
        """
        job = _job(runnable)
        if not isinstance(priority, int):
            raise TypeError(f"a priority is an int, not {type(priority).__name__}")
        pool = self._q_pool
        with pool.lock:
            if pool.is_full() or not pool.try_hand_over(job):
                heapq.heappush(pool.queue, (-priority, next(pool.numbers), job))

    def tryStart(self, runnable: QRunnable | Callable[[], object], /) -> bool:
        """Run *runnable* if a thread is free now; returns whether it was."""
        job = _job(runnable)
        pool = self._q_pool
        with pool.lock:
            if pool.is_full():
                return False
            pool.hand_over(job)
            return True

    def tryTake(self, runnable: QRunnable | None, /) -> bool:
        """Take *runnable* back if it still waits; returns whether it did. One start of several is taken back."""
        if runnable is not None and not isinstance(runnable, QRunnable):
            raise TypeError(f"expected a QRunnable, not {type(runnable).__name__}")
        pool = self._q_pool
        with pool.lock:
            starts = [entry for entry in pool.queue if entry[2] is runnable]
            if starts:
                pool.queue.remove(min(starts))
                heapq.heapify(pool.queue)
            return bool(starts)

    def clear(self) -> None:
        """Forget the jobs that have not started yet."""
        pool = self._q_pool
        with pool.lock:
            forgotten, pool.queue = pool.queue, []
        del forgotten  # here, where what dies with them may use the pool

    def reserveThread(self) -> None:
        """Count one thread as active until `releaseThread`: for a job that the program runs in its own thread.

        The pool always keeps one thread that works, however many are reserved.
        """
        with self._q_pool.lock:
            self._q_pool.reserved += 1

    def releaseThread(self) -> None:
        """Undo one `reserveThread`.

        Without one before, it allows one thread more than the maximum until the next reserveThread: a job
        calls it before it waits for something, and reserveThread after that.
        """
        pool = self._q_pool
        with pool.lock:
            pool.reserved -= 1
            pool.start_queued()

    def startOnReservedThread(self, runnable: QRunnable | Callable[[], object], /) -> None:
        """Release a reserved thread and run *runnable* on it at once. RuntimeError if none is reserved."""
        job = _job(runnable)
        pool = self._q_pool
        with pool.lock:
            if pool.reserved <= 0:
                raise RuntimeError("startOnReservedThread() needs a thread that reserveThread() has reserved")
            pool.hand_over(job)
            pool.reserved -= 1

    def waitForDone(self, deadline: Deadline = _FOREVER) -> bool:
        """Wait until every job has run and end the threads. False if *deadline* passed before.

        *deadline* is a QDeadlineTimer or milliseconds, negative ones for ever. Ctrl-C ends it in the main
        thread. In a thread of this pool it would never end, so there it returns False, with a warning,
        unless there is a limit.
        """
        return self._q_pool.wait_for_done(to_deadline(deadline))

    def activeThreadCount(self) -> int:
        """How many threads work, and how many are reserved."""
        return self._q_pool.active + self._q_pool.reserved

    def contains(self, thread: QThread, /) -> bool:
        """Whether *thread* is one of the pool's."""
        if not isinstance(thread, QThread):
            raise TypeError(f"expected a QThread, not {type(thread).__name__}")
        return thread in self._q_pool.workers

    def maxThreadCount(self) -> int:
        """How many threads may work at once; the number of the machine's processors by default."""
        return self._q_pool.max_threads

    def setMaxThreadCount(self, maxThreadCount: int, /) -> None:
        """Set how many threads may work at once, reserved ones included; with 0 or less it still is one."""
        limit = _integer(maxThreadCount, "maxThreadCount")
        pool = self._q_pool
        with pool.lock:
            pool.max_threads = limit
            pool.start_queued()

    def expiryTimeout(self) -> int:
        """After how many milliseconds without a job a thread ends; -1: never. 30 s by default."""
        return self._q_pool.expiry

    def setExpiryTimeout(self, expiryTimeout: int, /) -> None:
        """Set after how many milliseconds a thread that becomes idle from now on ends; negative: never."""
        self._q_pool.expiry = max(_integer(expiryTimeout, "expiryTimeout"), -1)

    def stackSize(self) -> int:
        """The stack size of new threads in bytes; 0: the system's default."""
        return self._q_pool.stack_size

    def setStackSize(self, stackSize: int, /) -> None:
        """Set the stack size of new threads. ValueError for one that Python refuses."""
        QThread().setStackSize(_integer(stackSize, "stackSize"))
        self._q_pool.stack_size = stackSize

    def threadPriority(self) -> QThread.Priority:
        """The priority of new threads."""
        return self._q_pool.priority

    def setThreadPriority(self, priority: QThread.Priority, /) -> None:
        """Set the priority of new threads; Python cannot apply it."""
        if not isinstance(priority, QThread.Priority):
            raise TypeError(f"expected a QThread.Priority, not {priority!r}")
        self._q_pool.priority = priority

    def serviceLevel(self) -> QThread.QualityOfService:
        """The quality of service of new threads."""
        return self._q_pool.service_level

    def setServiceLevel(self, serviceLevel: QThread.QualityOfService, /) -> None:
        """Set the quality of service of new threads; Python cannot apply it."""
        QThread().setServiceLevel(serviceLevel)
        self._q_pool.service_level = serviceLevel

    def _q_finalize(self) -> None:
        self._q_pool.close()


def _job(runnable: QRunnable | Callable[[], object]) -> QRunnable:
    return runnable if isinstance(runnable, QRunnable) else _FunctionJob(runnable)


def _integer(value: int, name: str) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    return value


_pools: weakref.WeakSet[_Pool] = weakref.WeakSet()
_global: list[QThreadPool] = []
_global_lock = threading.Lock()


def _global_pool() -> QThreadPool:
    with _global_lock:
        if not _global:
            pool = QThreadPool()
            pool._q.thread = _thread_data.main_thread_data()
            _global.append(pool)
        return _global[0]


def _wait_for_pools() -> None:
    for pool in list(_pools):
        pool.wait_for_done(QDeadlineTimer(_FOREVER))


atexit.register(_wait_for_pools)
