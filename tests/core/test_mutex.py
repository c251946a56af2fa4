"""Mutexes, read-write locks, wait conditions, semaphores and their guards."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from _ctrl_c import interrupted


def in_thread(function: Callable[[], Any]) -> Any:
    """What *function* returns in a thread of its own; a hang fails the test."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(function()), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "the other thread hangs"
    return result[0]


def start(function: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def until(predicate: Callable[[], Any]) -> None:
    """For states that nothing announces: that another thread waits."""
    deadline = time.monotonic() + 30
    while not predicate():
        assert time.monotonic() < deadline, "the other thread never got there"
        time.sleep(0.001)


def is_free(lock: Any, attempt: str = "tryLock") -> bool:
    """Whether another thread could take *lock*."""

    def probe() -> bool:
        taken = bool(getattr(lock, attempt)())
        if taken:
            lock.unlock()
        return taken

    return bool(in_thread(probe))


def limits(qt: Any, ms: int) -> list[Any]:
    """The same limit in each form that a wait takes."""
    return [ms, qt.QDeadlineTimer(ms)]


def endless(qt: Any) -> list[Any]:
    forever = qt.QDeadlineTimer.ForeverConstant.Forever
    return [-1, -50, qt.QDeadlineTimer(-1), forever]


# Mutexes


@pytest.mark.parametrize("name", ["QMutex", "QBasicMutex"])
def test_mutex_has_one_holder(qt: Any, name: str) -> None:
    mutex = getattr(qt, name)()
    mutex.lock()
    assert not mutex.tryLock()
    assert not mutex.try_lock()
    assert not is_free(mutex)
    mutex.unlock()
    assert is_free(mutex)
    assert mutex.try_lock()
    mutex.unlock()


def test_mutex_is_a_basic_mutex(qt: Any) -> None:
    assert issubclass(qt.QMutex, qt.QBasicMutex)


@pytest.mark.parametrize("name", ["QMutex", "QRecursiveMutex"])
def test_try_lock_with_a_limit(qt: Any, name: str) -> None:
    mutex = getattr(qt, name)()
    mutex.lock()
    for limit in limits(qt, 20):
        begin = time.monotonic()
        assert in_thread(lambda limit=limit: mutex.tryLock(limit)) is False
        assert time.monotonic() - begin < 30
    for limit in limits(qt, 0):
        assert in_thread(lambda limit=limit: mutex.tryLock(limit)) is False
    mutex.unlock()
    for limit in [*endless(qt), *limits(qt, 10), 0]:
        assert mutex.tryLock(limit)
        mutex.unlock()


def test_a_limit_is_waited_out(qt: Any) -> None:
    mutex = qt.QMutex()
    mutex.lock()
    begin = time.monotonic()
    assert not mutex.tryLock(60)
    assert time.monotonic() - begin >= 0.059


def test_lock_waits_for_the_unlock(qt: Any) -> None:
    mutex = qt.QMutex()
    mutex.lock()
    got: list[Any] = []
    waiter = start(lambda: got.append(mutex.lock()))
    waiter.join(0.02)
    assert not got
    mutex.unlock()
    waiter.join(30)
    assert got == [None]


@pytest.mark.qnet("PySide6 keeps all other Python threads waiting in tryLock()")
def test_endless_wait_ends_with_the_unlock(qt: Any) -> None:
    for limit in endless(qt):
        mutex = qt.QMutex()
        mutex.lock()
        got: list[Any] = []
        waiter = start(lambda mutex=mutex, limit=limit, got=got: got.append(mutex.tryLock(limit)))
        waiter.join(0.02)
        assert not got
        mutex.unlock()
        waiter.join(30)
        assert got == [True]


def test_recursive_mutex_counts(qt: Any) -> None:
    mutex = qt.QRecursiveMutex()
    mutex.lock()
    assert mutex.tryLock()
    assert mutex.tryLock(5)
    assert mutex.try_lock()
    for _ in range(3):
        mutex.unlock()
        assert not is_free(mutex)
    mutex.unlock()
    assert is_free(mutex)


def test_mutex_excludes(qt: Any) -> None:
    mutex = qt.QMutex()
    inside: list[int] = []
    most = []

    def work() -> None:
        for _ in range(50):
            mutex.lock()
            inside.append(1)
            time.sleep(0)
            most.append(len(inside))
            inside.pop()
            mutex.unlock()

    threads = [start(work) for _ in range(4)]
    for thread in threads:
        thread.join(30)
    assert (len(most), max(most)) == (200, 1)


@pytest.mark.qnet("undefined behaviour in Qt")
@pytest.mark.parametrize("name", ["QMutex", "QBasicMutex", "QRecursiveMutex", "QReadWriteLock"])
def test_unlocking_what_is_free_is_an_error(qt: Any, name: str) -> None:
    lock = getattr(qt, name)()
    with pytest.raises(RuntimeError):
        lock.unlock()


@pytest.mark.parametrize("name", ["QMutex", "QRecursiveMutex"])
def test_wrong_limits(qt: Any, name: str) -> None:
    mutex = getattr(qt, name)()
    for wrong in ("5", None, [1]):
        with pytest.raises(TypeError):
            mutex.tryLock(wrong)
    assert is_free(mutex)


# Guards


def test_locker_lives_as_long_as_its_lock(qt: Any) -> None:
    mutex = qt.QMutex()
    locker = qt.QMutexLocker(mutex)
    assert not is_free(mutex)
    assert locker.mutex() is mutex
    locker.unlock()
    assert is_free(mutex)
    locker.unlock()
    locker.relock()
    assert not is_free(mutex)
    del locker
    assert is_free(mutex)


def test_locker_as_a_block(qt: Any) -> None:
    mutex = qt.QMutex()
    locker = qt.QMutexLocker(mutex)
    with locker as entered:
        assert entered is locker
        assert not is_free(mutex)
    assert is_free(mutex)
    with pytest.raises(KeyError), qt.QMutexLocker(mutex):
        raise KeyError
    assert is_free(mutex)
    with qt.QMutexLocker(mutex) as locker:
        locker.unlock()
        assert is_free(mutex)
    assert is_free(mutex)


@pytest.mark.qnet("PySide6 enters the block without the lock")
def test_block_of_an_unlocked_locker_locks(qt: Any) -> None:
    mutex, lock = qt.QMutex(), qt.QReadWriteLock()
    for kind, held in ((qt.QMutexLocker, mutex), (qt.QReadLocker, lock), (qt.QWriteLocker, lock)):
        locker = kind(held)
        locker.unlock()
        attempt = "tryLock" if held is mutex else "tryLockForWrite"
        for _ in range(2):
            with locker:
                assert not is_free(held, attempt)
            assert is_free(held, attempt)


def test_locker_of_a_recursive_mutex(qt: Any) -> None:
    mutex = qt.QRecursiveMutex()
    with qt.QMutexLocker(mutex) as locker:
        assert (locker.recursiveMutex() is mutex, locker.mutex()) == (True, None)
        with qt.QMutexLocker(mutex):
            assert not is_free(mutex)
        assert not is_free(mutex)
    assert is_free(mutex)
    plain = qt.QMutex()
    with qt.QMutexLocker(plain) as locker:
        assert locker.recursiveMutex() is None


@pytest.mark.parametrize(("name", "attempt"), [("QReadLocker", "Write"), ("QWriteLocker", "Read")])
def test_read_and_write_lockers(qt: Any, name: str, attempt: str) -> None:
    attempt = f"tryLockFor{attempt}"
    lock = qt.QReadWriteLock()
    locker = getattr(qt, name)(lock)
    assert locker.readWriteLock() is lock
    assert not is_free(lock, attempt)
    locker.unlock()
    locker.unlock()
    assert is_free(lock, attempt)
    locker.relock()
    locker.relock()
    assert not is_free(lock, attempt)
    del locker
    assert is_free(lock, attempt)
    with getattr(qt, name)(lock):
        assert not is_free(lock, attempt)
    assert is_free(lock, attempt)


def test_read_locker_admits_readers(qt: Any) -> None:
    lock = qt.QReadWriteLock()
    with qt.QReadLocker(lock):
        assert is_free(lock, "tryLockForRead")


@pytest.mark.qnet("unlock() of a QMutexLocker without mutex crashes PySide6")
def test_mutex_locker_of_nothing(qt: Any) -> None:
    with qt.QMutexLocker(None) as locker:
        locker.unlock()
        locker.relock()
    assert locker.mutex() is None


def test_lockers_of_nothing(qt: Any) -> None:
    assert qt.QReadLocker(None).readWriteLock() is None
    qt.QWriteLocker(None).unlock()


@pytest.mark.parametrize("name", ["QMutexLocker", "QReadLocker", "QWriteLocker", "QSemaphoreReleaser"])
def test_lockers_of_the_wrong_thing(qt: Any, name: str) -> None:
    with pytest.raises(TypeError):
        getattr(qt, name)(3)


# Read-write locks


def test_readers_share_and_writers_do_not(qt: Any) -> None:
    lock = qt.QReadWriteLock()
    lock.lockForRead()
    assert lock.tryLockForRead()
    assert is_free(lock, "tryLockForRead")
    assert not is_free(lock, "tryLockForWrite")
    lock.unlock()
    assert not is_free(lock, "tryLockForWrite")
    lock.unlock()
    lock.lockForWrite()
    assert not is_free(lock, "tryLockForRead")
    assert not is_free(lock, "tryLockForWrite")
    assert not lock.tryLockForRead()
    assert not lock.tryLockForWrite()
    lock.unlock()
    assert is_free(lock, "tryLockForWrite")


def test_read_write_lock_limits(qt: Any) -> None:
    lock = qt.QReadWriteLock()
    lock.lockForWrite()
    for limit in [*limits(qt, 15), *limits(qt, 0)]:
        assert in_thread(lambda limit=limit: lock.tryLockForRead(limit)) is False
        assert in_thread(lambda limit=limit: lock.tryLockForWrite(limit)) is False
    lock.unlock()
    for limit in endless(qt):
        assert lock.tryLockForRead(limit)
        lock.unlock()
        assert lock.tryLockForWrite(limit)
        lock.unlock()


@pytest.mark.parametrize("mode", ["NonRecursive", "Recursive"])
def test_a_waiting_writer_keeps_new_readers_out(qt: Any, mode: str) -> None:
    lock = qt.QReadWriteLock(qt.QReadWriteLock.RecursionMode[mode])
    lock.lockForRead()
    wrote = threading.Event()

    def write() -> None:
        lock.lockForWrite()
        wrote.set()
        lock.unlock()

    writer = start(write)
    until(lambda: not is_free(lock, "tryLockForRead"))
    assert in_thread(lambda: lock.tryLockForRead(10)) is False
    again = lock.tryLockForRead()
    assert again is (mode == "Recursive")
    if again:
        lock.unlock()
    assert not wrote.is_set()
    lock.unlock()
    assert wrote.wait(30)
    writer.join(30)
    assert is_free(lock, "tryLockForRead")


@pytest.mark.qnet("PySide6 keeps all other Python threads waiting in tryLockForWrite()")
def test_a_writer_that_gives_up_lets_readers_in(qt: Any) -> None:
    lock = qt.QReadWriteLock()
    lock.lockForRead()
    limit = 150
    while True:
        writer = start(lambda limit=limit: lock.tryLockForWrite(limit))
        while writer.is_alive() and is_free(lock, "tryLockForRead"):
            time.sleep(0.001)
        if writer.is_alive():
            break
        limit *= 2  # it gave up before anybody saw it wait
    begin = time.monotonic()
    assert in_thread(lambda: lock.tryLockForRead(60_000)) is True
    assert time.monotonic() - begin < 30
    writer.join(30)
    lock.unlock()
    lock.unlock()
    assert is_free(lock, "tryLockForWrite")


def test_writers_go_before_readers(qt: Any) -> None:
    lock = qt.QReadWriteLock()
    log: list[str] = []
    lock.lockForWrite()

    def job(kind: str, take: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            take()
            log.append(kind)
            lock.unlock()

        return run

    def wait_in_vain(number: int) -> None:
        if qt.is_qnet:
            until(lambda: len(lock._readable._waiters) + len(lock._writable._waiters) == number)
        else:
            time.sleep(0.1)  # nothing tells that a thread waits in a lock of Qt's

    threads = []
    for number, kind in enumerate(("read", "read", "write", "read", "write"), 1):
        threads.append(start(job(kind, lock.lockForRead if kind == "read" else lock.lockForWrite)))
        wait_in_vain(number)
    lock.unlock()
    for thread in threads:
        thread.join(30)
    assert log == ["write", "write", "read", "read", "read"]


def test_recursive_mode(qt: Any) -> None:
    lock = qt.QReadWriteLock(qt.QReadWriteLock.Recursive)
    assert lock.tryLockForWrite()
    assert lock.tryLockForWrite()
    assert not lock.tryLockForRead()
    assert not lock.tryLockForRead(5)
    lock.unlock()
    assert not is_free(lock, "tryLockForRead")
    lock.unlock()
    assert is_free(lock, "tryLockForWrite")
    assert lock.tryLockForRead()
    assert lock.tryLockForRead()
    assert not lock.tryLockForWrite()
    lock.unlock()
    assert not lock.tryLockForWrite(5)
    assert not is_free(lock, "tryLockForWrite")
    lock.unlock()
    assert is_free(lock, "tryLockForWrite")


@pytest.mark.qnet("Qt deadlocks")
def test_changing_the_kind_of_lock_without_limit_is_an_error(qt: Any) -> None:
    lock = qt.QReadWriteLock(qt.QReadWriteLock.Recursive)
    with qt.QWriteLocker(lock), pytest.raises(RuntimeError, match="itself"):
        lock.lockForRead()
    with qt.QReadLocker(lock), pytest.raises(RuntimeError, match="itself"):
        lock.lockForWrite()
    assert is_free(lock, "tryLockForWrite")


@pytest.mark.qnet("Qt prints a warning and carries on")
def test_only_a_holder_unlocks_a_recursive_lock(qt: Any) -> None:
    lock = qt.QReadWriteLock(qt.QReadWriteLock.Recursive)

    def unlock() -> type[BaseException] | None:
        try:
            lock.unlock()
        except RuntimeError as error:
            return type(error)
        return None

    for take in (lock.lockForRead, lock.lockForWrite):
        take()
        assert in_thread(unlock) is RuntimeError
        assert not is_free(lock, "tryLockForWrite")
        lock.unlock()


def test_recursion_mode_must_be_one(qt: Any) -> None:
    with pytest.raises(TypeError):
        qt.QReadWriteLock(1)


# Wait conditions


def test_wait_times_out_and_locks_again(qt: Any) -> None:
    mutex, condition = qt.QMutex(), qt.QWaitCondition()
    mutex.lock()
    for limit in [*limits(qt, 15), *limits(qt, 0)]:
        assert condition.wait(mutex, limit) is False
        assert not is_free(mutex)
    mutex.unlock()


def test_wake_ups_are_not_kept(qt: Any) -> None:
    mutex, condition = qt.QMutex(), qt.QWaitCondition()
    condition.wakeOne()
    condition.wakeAll()
    mutex.lock()
    assert not condition.wait(mutex, 10)


class Waiters:
    """Threads that wait in one condition, and what their waits returned."""

    def __init__(self, qt: Any, condition: Any, count: int, *limit: Any) -> None:
        self.mutex = qt.QMutex()
        self.results: list[Any] = []
        entered: list[int] = []

        def wait() -> None:
            self.mutex.lock()
            entered.append(1)
            self.results.append(condition.wait(self.mutex, *limit))
            self.mutex.unlock()

        self.threads = [start(wait) for _ in range(count)]
        until(lambda: len(entered) == count)
        self.mutex.lock()  # the last one gave it up, so all of them wait
        self.mutex.unlock()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()


@pytest.mark.parametrize("name", ["wakeOne", "notify_one"])
def test_wake_one(qt: Any, name: str) -> None:
    condition = qt.QWaitCondition()
    waiters = Waiters(qt, condition, 3)
    for count in (1, 2, 3):
        getattr(condition, name)()
        until(lambda count=count: len(waiters.results) >= count)
        assert len(waiters.results) == count
    waiters.join()
    assert waiters.results == [True] * 3


@pytest.mark.parametrize("name", ["wakeAll", "notify_all"])
def test_wake_all(qt: Any, name: str) -> None:
    condition = qt.QWaitCondition()
    waiters = Waiters(qt, condition, 3, qt.QDeadlineTimer(30_000))
    getattr(condition, name)()
    waiters.join()
    assert waiters.results == [True] * 3


@pytest.mark.qnet("PySide6 keeps all other Python threads waiting in wait(mutex, -1)")
def test_endless_waits(qt: Any) -> None:
    for limit in endless(qt):
        condition = qt.QWaitCondition()
        waiters = Waiters(qt, condition, 1, limit)
        condition.wakeAll()
        waiters.join()
        assert waiters.results == [True]


@pytest.mark.parametrize("kind", ["Read", "Write"])
def test_wait_with_a_read_write_lock(qt: Any, kind: str) -> None:
    lock, condition = qt.QReadWriteLock(), qt.QWaitCondition()
    results: list[Any] = []

    def wait() -> None:
        getattr(lock, f"lockFor{kind}")()
        results.append(condition.wait(lock, 30_000))
        results.append(is_free(lock, "tryLockForRead"))
        lock.unlock()

    waiter = start(wait)
    until(lambda: not is_free(lock, "tryLockForWrite") or waiter.is_alive())
    until(lambda: condition.wakeAll() or results)
    waiter.join(30)
    assert results == [True, kind == "Read"]
    assert is_free(lock, "tryLockForWrite")


def test_wait_with_an_unlocked_read_write_lock(qt: Any) -> None:
    lock = qt.QReadWriteLock()
    assert qt.QWaitCondition().wait(lock, 5000) is False
    assert is_free(lock, "tryLockForWrite")


def test_wait_with_a_recursively_locked_lock(qt: Any) -> None:
    lock = qt.QReadWriteLock(qt.QReadWriteLock.Recursive)
    messages: list[str] = []
    lock.lockForWrite()
    lock.lockForWrite()
    qt.qInstallMessageHandler(lambda kind, context, text: messages.append(text))
    try:
        assert qt.QWaitCondition().wait(lock, 5000) is False
    finally:
        qt.qInstallMessageHandler(None)
    assert len(messages) == 1
    assert "QWaitCondition: cannot wait on" in messages[0]
    lock.unlock()
    assert not is_free(lock, "tryLockForRead")


def test_wait_needs_a_mutex(qt: Any) -> None:
    for wrong in (qt.QRecursiveMutex(), 3):
        with pytest.raises(TypeError):
            qt.QWaitCondition().wait(wrong, 5)


@pytest.mark.qnet("undefined behaviour in Qt")
def test_wait_with_an_unlocked_mutex(qt: Any) -> None:
    condition, mutex = qt.QWaitCondition(), qt.QMutex()
    with pytest.raises(RuntimeError):
        condition.wait(mutex, 5)
    waiters = Waiters(qt, condition, 1)
    condition.wakeOne()
    waiters.join()
    assert waiters.results == [True]


# Semaphores


def test_semaphore_counts(qt: Any) -> None:
    semaphore = qt.QSemaphore(5)
    semaphore.acquire()
    semaphore.acquire(3)
    assert semaphore.available() == 1
    assert not semaphore.tryAcquire(2)
    assert semaphore.tryAcquire()
    assert not semaphore.tryAcquire()
    semaphore.release(10)
    semaphore.release()
    assert semaphore.available() == 11
    assert qt.QSemaphore().available() == 0
    assert qt.QSemaphore(n=4).available() == 4
    assert qt.QSemaphore(0).tryAcquire(0)


def test_semaphore_limits(qt: Any) -> None:
    semaphore = qt.QSemaphore(2)
    for limit in [*limits(qt, 15), *limits(qt, 0)]:
        assert semaphore.tryAcquire(3, limit) is False
    assert semaphore.available() == 2
    for limit in [*limits(qt, 15), *endless(qt)]:
        assert semaphore.tryAcquire(2, limit)
        semaphore.release(2)


def test_semaphore_wakes_those_whose_wish_is_met(qt: Any) -> None:
    semaphore = qt.QSemaphore()
    log: list[str] = []

    def take(n: int) -> None:
        semaphore.acquire(n)
        log.append(f"took {n}")

    big, small = start(lambda: take(5)), start(lambda: take(1))
    semaphore.release()
    small.join(30)
    assert log == ["took 1"]
    semaphore.release(5)
    big.join(30)
    assert log == ["took 1", "took 5"]
    assert semaphore.available() == 0


@pytest.mark.qnet("Qt's release builds count on without a check")
def test_semaphore_refuses_negative_numbers(qt: Any) -> None:
    semaphore = qt.QSemaphore(3)
    for call in (semaphore.acquire, semaphore.tryAcquire, semaphore.release, qt.QSemaphore):
        with pytest.raises(ValueError, match="negative"):
            call(-1)
        with pytest.raises(TypeError):
            call("1")
    assert semaphore.available() == 3


def test_semaphore_releaser(qt: Any) -> None:
    semaphore = qt.QSemaphore()
    releaser = qt.QSemaphoreReleaser(semaphore, 3)
    assert releaser.semaphore() is semaphore
    del releaser
    assert semaphore.available() == 3
    releaser = qt.QSemaphoreReleaser(semaphore)
    assert releaser.cancel() is semaphore
    assert releaser.semaphore() is None
    assert releaser.cancel() is None
    del releaser
    assert semaphore.available() == 3


def test_semaphore_releasers_swap(qt: Any) -> None:
    semaphore = qt.QSemaphore()
    empty, full = qt.QSemaphoreReleaser(), qt.QSemaphoreReleaser(semaphore, 7)
    empty.swap(full)
    assert full.semaphore() is None
    del full
    assert semaphore.available() == 0
    del empty
    assert semaphore.available() == 7


@pytest.mark.qnet("about Python's garbage collector")
def test_a_finalizer_in_the_middle_of_a_call_gives_back(qt: Any) -> None:
    class Collecting(int):
        def __le__(self, other: int) -> bool:
            gc.collect()
            return int(self) <= other

    semaphore = qt.QSemaphore(1)
    cycle: list[Any] = [qt.QSemaphoreReleaser(semaphore, 5)]
    cycle.append(cycle)
    del cycle
    assert semaphore.tryAcquire(Collecting(1))
    assert semaphore.available() == 5


# Ctrl-C


@pytest.mark.qnet("Qt waits on")
def test_ctrl_c_ends_waits(qt: Any) -> None:
    mutex, lock, semaphore, condition = qt.QMutex(), qt.QReadWriteLock(), qt.QSemaphore(), qt.QWaitCondition()
    mutex.lock()
    lock.lockForRead()
    with interrupted():
        mutex.lock()
    with interrupted():
        mutex.tryLock(100_000)
    with interrupted():
        lock.lockForWrite()
    assert is_free(lock, "tryLockForRead"), "the interrupted writer counts no more"
    with interrupted():
        semaphore.acquire()
    with interrupted():
        condition.wait(mutex)
    assert not mutex.tryLock(), "wait() locked it again"
    mutex.unlock()
    waiters = Waiters(qt, condition, 1)
    condition.wakeOne()
    waiters.join()
    assert waiters.results == [True], "the interrupted wait takes no wake-up away"


@pytest.mark.qnet("Qt waits on")
@pytest.mark.parametrize("waits", ["mutex", "recursive", "lock", "semaphore", "condition", "thread", "sleep", "pool"])
def test_ctrl_c_ends_a_wait_within_an_event_loop(qt: Any, app: Any, waits: str) -> None:
    mutex, recursive, lock, condition = qt.QMutex(), qt.QRecursiveMutex(), qt.QReadWriteLock(), qt.QWaitCondition()
    thread, pool, gate = qt.QThread(), qt.QThreadPool(), threading.Event()
    mutex.lock()
    lock.lockForRead()
    in_thread(recursive.lock)
    calls = {
        "mutex": mutex.lock,
        "recursive": lambda: recursive.tryLock(100_000),
        "lock": lock.lockForWrite,
        "semaphore": qt.QSemaphore().acquire,
        "condition": lambda: condition.wait(mutex, 100_000),
        "thread": thread.wait,
        "sleep": lambda: qt.QThread.sleep(100),
        "pool": pool.waitForDone,
    }
    thread.start()
    pool.start(lambda: gate.wait(100))
    loop, begun = qt.QEventLoop(), threading.Event()

    def wait() -> None:
        begun.set()
        calls[waits]()

    qt.QTimer.singleShot(0, wait)
    try:
        with interrupted(begun):
            loop.exec()
        assert not loop.isRunning()
    finally:
        gate.set()
        thread.quit()
        thread.wait()


@pytest.mark.qnet("about repr()")
def test_repr(qt: Any) -> None:
    mutex, lock = qt.QMutex(), qt.QReadWriteLock()
    assert repr(mutex) == "<QMutex unlocked>"
    with qt.QMutexLocker(mutex):
        assert repr(mutex) == "<QMutex locked>"
    with qt.QReadLocker(lock):
        assert repr(lock) == "<QReadWriteLock 1 reading, NonRecursive>"
    assert repr(qt.QSemaphore(3)) == "<QSemaphore 3 available>"
