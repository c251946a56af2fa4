"""QThreadPool and QRunnable: who runs when, how many at once, and what is left behind."""

from __future__ import annotations

import functools
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _ctrl_c import interrupted
from _implementations import Implementation

pytestmark = pytest.mark.usefixtures("app")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pool(qt: Implementation) -> Iterator[Any]:
    """A pool of two threads."""
    pool = qt.QThreadPool()
    pool.setMaxThreadCount(2)
    yield pool
    pool.clear()
    assert pool.waitForDone(30_000)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Jobs that wait for it are let go at the end of the test at the latest."""
    event = threading.Event()
    yield event
    event.set()


def job(qt: Implementation, function: Callable[[], object]) -> Any:
    class Job(qt.QRunnable):
        def run(self) -> None:
            function()

    return Job()


def occupy(qt: Implementation, pool: Any, gate: threading.Event, count: int) -> None:
    """Start *count* jobs that wait for *gate*, and return when all of them do."""
    running = threading.Semaphore(0)
    for _ in range(count):
        pool.start(job(qt, lambda: (running.release(), gate.wait(100))))
    for _ in range(count):
        assert running.acquire(timeout=30)


# Jobs


def test_defaults(qt: Implementation) -> None:
    pool = qt.QThreadPool()
    assert pool.maxThreadCount() == qt.QThread.idealThreadCount()
    assert (pool.expiryTimeout(), pool.activeThreadCount(), pool.stackSize()) == (30_000, 0, 0)
    assert pool.threadPriority() == qt.QThread.Priority.InheritPriority
    assert pool.serviceLevel() == qt.QThread.QualityOfService.Auto


def test_the_global_pool(qt: Implementation, app: Any) -> None:
    pool = qt.QThreadPool.globalInstance()
    assert pool is qt.QThreadPool.globalInstance()
    assert pool.thread() is app.thread()
    assert pool.parent() is None
    done: list[int] = []
    pool.start(lambda: done.append(1))
    assert pool.waitForDone(30_000)
    assert done == [1]


def test_runnable(qt: Implementation) -> None:
    with pytest.raises(NotImplementedError):
        qt.QRunnable()
    runnable = job(qt, lambda: None)
    assert runnable.autoDelete() is True
    runnable.setAutoDelete(False)
    assert runnable.autoDelete() is False


def test_runnable_of_a_function(qt: Implementation) -> None:
    calls: list[int] = []
    runnable = qt.QRunnable.create(lambda: calls.append(1))
    runnable.run()
    assert calls == [1]
    assert runnable.autoDelete()


@pytest.mark.qnet("PySide6 6.10 crashes")
def test_runnable_of_a_function_in_a_pool(qt: Implementation, pool: Any) -> None:
    calls: list[int] = []
    pool.start(qt.QRunnable.create(lambda: calls.append(1)))
    assert pool.waitForDone(30_000)
    assert calls == [1]
    with pytest.raises(TypeError):
        qt.QRunnable.create(3)


def test_a_job_runs_in_a_thread_of_the_pool(qt: Implementation, pool: Any) -> None:
    seen: list[Any] = []

    def look() -> None:
        thread = qt.QThread.currentThread()
        seen.append(threading.get_ident())
        seen.append((thread.objectName(), pool.contains(thread), pool.activeThreadCount(), thread.isRunning()))

    pool.start(job(qt, look))
    assert pool.waitForDone(30_000)
    assert seen[0] != threading.get_ident()
    assert seen[1:] == [("Thread (pooled)", True, 1, True)]
    assert pool.activeThreadCount() == 0
    assert not pool.contains(qt.QThread.currentThread())


def test_callables(qt: Implementation, pool: Any) -> None:
    log: list[str] = []

    class Plain:
        def method(self) -> None:
            log.append("method")

    pool.start(lambda: log.append("function"))
    pool.start(Plain().method)
    pool.start(functools.partial(log.append, "partial"))
    assert pool.waitForDone(30_000)
    assert sorted(log) == ["function", "method", "partial"]


@pytest.mark.qnet("PySide6 6.10 does not run it and returns garbage")
def test_try_start_of_a_callable(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    done: list[int] = []
    assert pool.tryStart(lambda: done.append(1)) is True
    assert pool.waitForDone(30_000)
    assert done == [1]
    occupy(qt, pool, gate, 2)
    assert pool.tryStart(lambda: done.append(2)) is False


def test_qobjects_work_in_a_job(qt: Implementation, pool: Any) -> None:
    log: list[Any] = []

    class Sender(qt.QObject):
        said = qt.Signal(int)

    class Receiver(qt.QObject):
        def hear(self, value: int) -> None:
            log.append((value, qt.QThread.isMainThread()))

    receiver = Receiver()

    def work() -> None:
        sender = Sender()
        sender.said.connect(receiver.hear)
        sender.said.emit(1)
        loop = qt.QEventLoop()
        timer = qt.QTimer()
        timer.timeout.connect(lambda: loop.exit(7))
        timer.start(1)
        log.append(loop.exec())

    pool.start(job(qt, work))
    assert pool.waitForDone(30_000)
    assert log == [7]
    assert qt.wait(lambda: len(log) == 2)
    assert log == [7, (1, True)]


def test_deferred_deletions_happen_before_the_thread_ends(qt: Implementation, pool: Any) -> None:
    log: list[Any] = []
    kept: list[Any] = []

    def work() -> None:
        obj = qt.QObject()
        obj.destroyed.connect(lambda *args: log.append(threading.get_ident()), qt.Qt.DirectConnection)
        obj.deleteLater()
        kept.append(obj)

    pool.start(job(qt, work))
    assert pool.waitForDone(30_000)
    assert len(log) == 1
    assert log != [threading.get_ident()]


def test_an_exception_is_reported_and_the_thread_goes_on(qt: Implementation, pool: Any, slot_errors: list[Any]) -> None:
    pool.setMaxThreadCount(1)
    idents: list[int] = []

    def fail() -> None:
        idents.append(threading.get_ident())
        raise ValueError("in a job")

    pool.start(job(qt, fail))
    pool.start(job(qt, lambda: idents.append(threading.get_ident())))
    assert pool.waitForDone(30_000)
    assert [str(e) for e in slot_errors] == ["in a job"]
    assert len(idents) == 2
    assert len(set(idents)) == 1


@pytest.mark.qnet("PySide6 does not report what a callable raises")
def test_exceptions_of_callables_are_reported(qt: Implementation, pool: Any, slot_errors: list[Any]) -> None:
    def fail() -> None:
        raise ValueError("in a callable")

    pool.start(fail)
    pool.start(sys.exit)
    assert pool.waitForDone(30_000)
    assert [str(e) for e in slot_errors] == ["in a callable"]


@pytest.mark.qnet("PySide6 sometimes holds the job a moment longer than waitForDone() waits")
def test_the_pool_lets_go_of_a_job_that_has_run(qt: Implementation, pool: Any) -> None:
    runnable = job(qt, lambda: None)
    gone = weakref.ref(runnable)
    pool.start(runnable)
    del runnable
    assert pool.waitForDone(30_000)
    gc.collect()
    assert gone() is None


@pytest.mark.qnet("about Python's reference counts")
def test_a_job_is_gone_before_the_pool_is_done(qt: Implementation, pool: Any) -> None:
    died: list[int] = []

    class Job(qt.QRunnable):
        def run(self) -> None:
            """Do nothing."""

        def __del__(self) -> None:
            died.append(threading.get_ident())

    gc.disable()
    try:
        pool.start(Job())
        assert pool.waitForDone(30_000)
        assert len(died) == 1
        assert died != [threading.get_ident()]
    finally:
        gc.enable()


def test_one_job_many_starts(qt: Implementation, pool: Any) -> None:
    runs: list[int] = []
    runnable = job(qt, lambda: runs.append(1))
    runnable.setAutoDelete(False)
    for _ in range(20):
        pool.start(runnable)
    assert pool.waitForDone(30_000)
    assert len(runs) == 20
    assert runnable.autoDelete() is False


def test_jobs_start_jobs(qt: Implementation, pool: Any) -> None:
    log: list[int] = []

    def step(n: int) -> None:
        log.append(n)
        if n < 5:
            pool.start(lambda: step(n + 1))

    pool.start(lambda: step(0))
    assert pool.waitForDone(30_000)
    assert log == [0, 1, 2, 3, 4, 5]


# How many, and which first


def test_priorities(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    pool.setMaxThreadCount(1)
    occupy(qt, pool, gate, 1)
    log: list[Any] = []
    for number, priority in enumerate((0, 5, -3, 5, 0, 10)):
        pool.start(job(qt, lambda number=number, priority=priority: log.append((priority, number))), priority)
    pool.start(lambda: log.append((7, "named")), priority=7)
    gate.set()
    assert pool.waitForDone(30_000)
    assert log == [(10, 5), (7, "named"), (5, 1), (5, 3), (0, 0), (0, 4), (-3, 2)]


def test_no_more_than_the_maximum_run_at_once(qt: Implementation, pool: Any) -> None:
    pool.setMaxThreadCount(3)
    inside: list[int] = []
    most: list[int] = []
    together = threading.Barrier(3)  # so many jobs have to run before any of them goes on

    def work() -> None:
        inside.append(1)
        together.wait(30)
        qt.QThread.msleep(5)
        most.append(len(inside))
        together.wait(30)
        inside.pop()

    for _ in range(15):
        pool.start(job(qt, work))
    assert pool.waitForDone(30_000)
    assert (len(most), max(most)) == (15, 3)


@pytest.mark.parametrize("limit", [0, -1])
def test_one_thread_runs_whatever_the_maximum(qt: Implementation, pool: Any, limit: int) -> None:
    pool.setMaxThreadCount(limit)
    assert pool.maxThreadCount() == limit
    log: list[int] = []
    pool.start(job(qt, lambda: log.append(1)))
    pool.start(job(qt, lambda: log.append(2)))
    assert pool.waitForDone(30_000)
    assert log == [1, 2]


def test_a_higher_maximum_starts_what_waits(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    pool.setMaxThreadCount(1)
    occupy(qt, pool, gate, 1)
    done = threading.Event()
    pool.start(job(qt, done.set))
    assert not done.wait(0.02)
    pool.setMaxThreadCount(2)
    assert done.wait(30)


def test_try_start_needs_a_free_thread(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    pool.setMaxThreadCount(1)
    assert pool.tryStart(job(qt, lambda: gate.wait(30))) is True
    assert pool.activeThreadCount() == 1
    assert pool.tryStart(job(qt, lambda: None)) is False
    gate.set()
    assert pool.waitForDone(30_000)
    assert pool.tryStart(job(qt, lambda: None)) is True


def test_waiting_jobs_are_not_active(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    occupy(qt, pool, gate, 2)
    for _ in range(5):
        pool.start(job(qt, lambda: None))
    assert pool.activeThreadCount() == 2


def test_try_take(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    pool.setMaxThreadCount(1)
    log: list[str] = []
    running = job(qt, lambda: gate.wait(30))
    waiting = job(qt, lambda: log.append("ran"))
    waiting.setAutoDelete(False)
    pool.start(running)
    pool.start(waiting)
    pool.start(waiting)
    assert pool.tryTake(waiting) is True
    assert pool.tryTake(waiting) is True
    assert pool.tryTake(waiting) is False
    assert pool.tryTake(running) is False
    assert pool.tryTake(None) is False
    gate.set()
    assert pool.waitForDone(30_000)
    assert log == []


def test_clear(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    pool.setMaxThreadCount(1)
    occupy(qt, pool, gate, 1)
    log: list[int] = []
    for _ in range(5):
        pool.start(job(qt, lambda: log.append(1)))
    pool.clear()
    gate.set()
    assert pool.waitForDone(30_000)
    assert log == []


def test_reserved_threads_count(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    pool.reserveThread()
    assert pool.activeThreadCount() == 1
    occupy(qt, pool, gate, 1)
    assert pool.activeThreadCount() == 2
    assert not pool.tryStart(job(qt, lambda: None))
    done = threading.Event()
    pool.start(job(qt, done.set))
    assert not done.wait(0.02)
    pool.releaseThread()
    assert done.wait(30)


def test_one_thread_works_however_many_are_reserved(qt: Implementation, pool: Any) -> None:
    for _ in range(3):
        pool.reserveThread()
    assert pool.activeThreadCount() == 3
    assert pool.waitForDone(30_000)
    log: list[int] = []
    pool.start(job(qt, lambda: log.append(1)))
    assert pool.waitForDone(30_000)
    assert log == [1]
    for _ in range(3):
        pool.releaseThread()
    assert pool.activeThreadCount() == 0


def test_a_blocked_job_lends_its_thread(qt: Implementation, pool: Any) -> None:
    pool.setMaxThreadCount(1)
    log: list[Any] = []
    inner = threading.Event()

    def outer() -> None:
        pool.start(job(qt, inner.set))
        pool.releaseThread()
        log.append(inner.wait(30))
        pool.reserveThread()

    pool.start(job(qt, outer))
    assert pool.waitForDone(30_000)
    assert log == [True]
    assert pool.activeThreadCount() == 0


@pytest.mark.qnet("PySide6 6.10 crashes")
def test_start_on_a_reserved_thread(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    occupy(qt, pool, gate, 2)
    pool.reserveThread()
    done = threading.Event()
    pool.startOnReservedThread(job(qt, done.set))
    assert done.wait(30)
    assert qt.wait(lambda: pool.activeThreadCount() == 2)
    with pytest.raises(RuntimeError, match="reserve"):
        pool.startOnReservedThread(job(qt, done.set))


# Threads


def test_threads_are_used_again(qt: Implementation, pool: Any) -> None:
    pool.setMaxThreadCount(1)
    natives: list[int] = []
    for _ in range(5):
        done = threading.Event()
        pool.start(job(qt, lambda done=done: (natives.append(threading.get_native_id()), done.set())))
        assert done.wait(30)
    assert len(natives) == 5
    assert len(set(natives)) == 1


def test_idle_threads_expire(qt: Implementation, pool: Any) -> None:
    pool.setExpiryTimeout(20)
    assert pool.expiryTimeout() == 20
    ended = threading.Event()
    pool.start(job(qt, lambda: qt.QThread.currentThread().finished.connect(ended.set, qt.Qt.DirectConnection)))
    assert ended.wait(30)
    log: list[int] = []
    pool.start(job(qt, lambda: log.append(1)))
    assert pool.waitForDone(30_000)
    assert log == [1]


def test_negative_expiry_is_never(qt: Implementation, pool: Any) -> None:
    pool.setExpiryTimeout(-7)
    assert pool.expiryTimeout() == -1


def test_wait_for_done_ends_the_threads(qt: Implementation, pool: Any) -> None:
    ended: list[int] = []

    def note() -> None:
        ended.append(1)

    def work() -> None:
        qt.QThread.currentThread().finished.connect(note, qt.Qt.DirectConnection)
        both.wait(30)

    both = threading.Barrier(2)
    for _ in range(2):
        pool.start(job(qt, work))
    assert pool.waitForDone(30_000)
    assert ended == [1, 1]


def test_wait_for_done_with_a_limit(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    assert pool.waitForDone(0)
    occupy(qt, pool, gate, 1)
    begin = time.monotonic()
    assert not pool.waitForDone(20)
    assert not pool.waitForDone(qt.QDeadlineTimer(20))
    assert time.monotonic() - begin >= 0.039
    assert not pool.waitForDone(0)
    gate.set()
    assert pool.waitForDone(qt.QDeadlineTimer(30_000))
    assert pool.waitForDone(-1)
    assert pool.waitForDone(qt.QDeadlineTimer.ForeverConstant.Forever)
    assert pool.waitForDone()


def test_wait_for_done_in_a_job(qt: Implementation, pool: Any) -> None:
    results: list[bool] = []
    pool.start(job(qt, lambda: results.append(pool.waitForDone(20))))
    assert pool.waitForDone(30_000)
    assert results == [False]


@pytest.mark.qnet("Qt waits for itself")
def test_endless_wait_in_a_job_is_refused(qt: Implementation, pool: Any, messages: list[str]) -> None:
    results: list[bool] = []
    pool.start(job(qt, lambda: results.append(pool.waitForDone())))
    assert pool.waitForDone(30_000)
    assert results == [False]
    assert messages == ["QThreadPool::waitForDone: a thread of the pool would wait for itself"]


@pytest.mark.qnet("in Qt a thread's object is gone with it")
def test_ended_threads_are_not_contained(qt: Implementation, pool: Any) -> None:
    threads: list[Any] = []
    pool.start(job(qt, lambda: threads.append(qt.QThread.currentThread())))
    assert pool.waitForDone(30_000)
    assert not pool.contains(threads[0])
    assert threads[0].isFinished()


def test_settings_of_new_threads(qt: Implementation, pool: Any) -> None:
    pool.setStackSize(1 << 20)
    pool.setThreadPriority(qt.QThread.Priority.LowPriority)
    pool.setServiceLevel(qt.QThread.QualityOfService.Eco)
    seen: list[Any] = []

    def look() -> None:
        thread = qt.QThread.currentThread()
        seen.append((thread.priority(), thread.stackSize()))

    pool.start(job(qt, look))
    assert pool.waitForDone(30_000)
    assert seen == [(qt.QThread.Priority.LowPriority, 1 << 20)]
    assert (pool.stackSize(), pool.threadPriority()) == (1 << 20, qt.QThread.Priority.LowPriority)
    assert pool.serviceLevel() == qt.QThread.QualityOfService.Eco


def test_properties(qt: Implementation) -> None:
    pool = qt.QThreadPool(maxThreadCount=3, expiryTimeout=10)
    assert (pool.maxThreadCount(), pool.expiryTimeout()) == (3, 10)
    assert (pool.property("maxThreadCount"), pool.property("stackSize")) == (3, 0)
    assert not pool.setProperty("activeThreadCount", 4)
    assert pool.activeThreadCount() == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda qt, pool: pool.start(None),
        lambda qt, pool: pool.start(qt.QObject()),
        lambda qt, pool: pool.start(job(qt, print), "1"),
        lambda qt, pool: pool.tryTake(3),
        lambda qt, pool: pool.contains(3),
        lambda qt, pool: pool.setMaxThreadCount("x"),
        lambda qt, pool: pool.setExpiryTimeout("x"),
        lambda qt, pool: pool.setStackSize("x"),
        lambda qt, pool: pool.setThreadPriority(3),
        lambda qt, pool: pool.setServiceLevel(3),
        lambda qt, pool: pool.waitForDone("x"),
    ],
)
def test_wrong_types(qt: Implementation, pool: Any, call: Callable[[Any, Any], object]) -> None:
    if not qt.is_qnet and call.__code__.co_names[0] == "start":
        pytest.skip("PySide6 does not check what start() is given")
    with pytest.raises(TypeError):
        call(qt, pool)
    assert pool.activeThreadCount() == 0


@pytest.mark.qnet("Qt takes any size and starts the thread, or not")
def test_a_stack_that_python_refuses_is_an_error(qt: Implementation, pool: Any) -> None:
    with pytest.raises(ValueError):
        pool.setStackSize(10)
    assert pool.stackSize() == 0


# The end


def test_a_destroyed_pool_waits_for_its_jobs(qt: Implementation) -> None:
    log: list[int] = []
    pool = qt.QThreadPool()
    pool.setMaxThreadCount(1)
    for _ in range(3):
        pool.start(job(qt, lambda: (qt.QThread.msleep(10), log.append(1))))
    del pool
    gc.collect()
    assert log == [1, 1, 1]


@pytest.mark.qnet("Qt waits for itself")
def test_a_pool_that_its_last_job_drops(qt: Implementation, messages: list[str]) -> None:
    ended = threading.Event()
    holder = [qt.QThreadPool()]
    holder[0].setExpiryTimeout(-1)
    running, dropped = threading.Event(), threading.Event()

    def work() -> None:
        qt.QThread.currentThread().finished.connect(ended.set, qt.Qt.DirectConnection)
        running.set()
        dropped.wait(30)
        holder.clear()

    holder[0].start(work)
    assert running.wait(30)
    dropped.set()
    assert ended.wait(30)
    assert messages == []


def test_python_waits_for_the_jobs_when_it_exits(qt: Implementation) -> None:
    module = "qnet.QtCore" if qt.is_qnet else "PySide6.QtCore"
    program = (
        "import threading\n"
        f"from {module} import QCoreApplication, QThread, QThreadPool, QRunnable\n"
        "go = threading.Event()\n"
        "class Job(QRunnable):\n"
        "    def run(self): go.wait(); QThread.msleep(200); print('job', flush=True)\n"
        "app = QCoreApplication([])\n"
        "pool = QThreadPool.globalInstance()\n"
        "pool.setMaxThreadCount(1)\n"
        "for _ in range(2): pool.start(Job())\n"
        "print('main', flush=True)\n"
        "go.set()\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "main\njob\njob\n", "")


def test_many_jobs_from_many_threads(qt: Implementation, pool: Any) -> None:
    runs: list[int] = []
    starters = [
        threading.Thread(target=lambda: [pool.start(job(qt, lambda: runs.append(1))) for _ in range(50)])
        for _ in range(4)
    ]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(30)
    assert pool.waitForDone(30_000)
    assert len(runs) == 200


@pytest.mark.qnet("PySide6 cannot tryStart() a callable")
def test_no_job_is_lost_among_starts_waits_and_expiries(qt: Implementation, pool: Any) -> None:
    pool.setExpiryTimeout(1)
    runs: list[int] = []
    starts: list[int] = []
    end = time.monotonic() + 0.6

    def feed(number: int) -> None:
        while time.monotonic() < end:
            for _ in range(5):
                pool.start(lambda: runs.append(1), number)
                starts.append(1)
            if pool.tryStart(lambda: runs.append(1)):
                starts.append(1)
            if number == 0:
                pool.waitForDone(5)
            elif number == 1:
                pool.reserveThread()
                pool.releaseThread()
            time.sleep(0.001)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        feeders = [threading.Thread(target=feed, args=(number,)) for number in range(4)]
        for feeder in feeders:
            feeder.start()
        for feeder in feeders:
            feeder.join()
        assert pool.waitForDone(30_000)
    finally:
        sys.setswitchinterval(interval)
    assert len(runs) == len(starts)
    assert pool.activeThreadCount() == 0


@pytest.mark.qnet("Qt waits on")
def test_ctrl_c_ends_a_wait(qt: Implementation, pool: Any, gate: threading.Event) -> None:
    occupy(qt, pool, gate, 1)
    with interrupted():
        pool.waitForDone()
