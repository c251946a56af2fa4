"""Plain threads that use qnet, and objects that live in threads: moving, posting, timers, deletion."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from _implementations import Implementation

pytestmark = pytest.mark.usefixtures("app")


def finish(thread: Any) -> None:
    thread.quit()
    assert thread.wait(30_000)


def run(thread: Any) -> None:
    """Start it, let its loop quit at once, and wait for its end."""
    thread.start()
    finish(thread)


def in_loop(qt: Implementation, thread: Any, function: Callable[[], object]) -> None:
    """Have the thread's loop call *function*, and wait until it has."""
    context = qt.QObject()
    assert context.moveToThread(thread)
    done = threading.Event()

    def call() -> None:
        try:
            function()
        finally:
            done.set()

    qt.QTimer.singleShot(0, context, call)
    assert done.wait(30)
    context.deleteLater()


def in_plain_thread(function: Callable[[], object]) -> None:
    worker = threading.Thread(target=function)
    worker.start()
    worker.join(30)
    assert not worker.is_alive()


# Threads that Qt did not start


def test_the_main_thread(qt: Implementation, app: Any, messages: list[str]) -> None:
    main = qt.QThread.currentThread()
    assert main is app.thread()
    assert main is qt.QThread.currentThread()
    assert (main.isRunning(), main.isFinished(), main.isCurrentThread()) == (True, False, True)
    assert qt.QThread.isMainThread()
    assert main.thread() is main
    assert main.eventDispatcher() is not None
    assert not main.wait(30)
    assert messages == ["QThread::wait: Thread tried to wait on itself"]
    main.start()
    assert main.isRunning()


def test_a_plain_thread_is_adopted(qt: Implementation, app: Any) -> None:
    seen: list[Any] = []

    def body() -> None:
        thread = qt.QThread.currentThread()
        seen.append(thread is qt.QThread.currentThread())
        seen.append((thread.isRunning(), thread.isFinished(), thread.isCurrentThread()))
        seen.append((qt.QThread.isMainThread(), thread is app.thread(), thread.eventDispatcher()))
        obj = qt.QObject()
        seen.append((obj.thread() is thread, thread.wait(30)))

    in_plain_thread(body)
    assert seen == [True, (True, False, True), (False, False, None), (True, False)]


def test_timers_tick_in_a_plain_thread(qt: Implementation) -> None:
    ticks: list[int] = []

    def body() -> None:
        loop = qt.QEventLoop()
        timer = qt.QTimer()
        timer.timeout.connect(lambda: (ticks.append(threading.get_ident()), len(ticks) == 3 and loop.quit()))
        timer.start(1)
        loop.exec()
        timer.stop()
        ticks.append(threading.get_ident())

    in_plain_thread(body)
    assert len(ticks) == 4
    assert set(ticks) != {threading.get_ident()}
    assert len(set(ticks)) == 1


def test_queued_calls_arrive_in_a_plain_thread_when_its_loop_runs(qt: Implementation, source: Any) -> None:
    got: list[Any] = []
    made, posted = threading.Event(), threading.Event()
    box: list[Any] = []

    class Receiver(qt.QObject):
        def slot(self, value: int) -> None:
            got.append((value, threading.get_ident()))
            if value == 3:
                qt.QThread.currentThread().quit()

    def body() -> None:
        receiver = Receiver()
        box.append(receiver.slot)
        box.append(threading.get_ident())
        source.one.connect(receiver.slot)
        made.set()
        assert posted.wait(30)
        time.sleep(0.01)
        assert got == []
        box.append(qt.QEventLoop().exec())

    worker = threading.Thread(target=body)
    worker.start()
    assert made.wait(30)
    for value in (1, 2, 3):
        source.one.emit(value)
    posted.set()
    worker.join(30)
    assert not worker.is_alive()
    assert got == [(1, box[1]), (2, box[1]), (3, box[1])]
    assert box[2] == 0


@pytest.mark.qnet("Qt's wait() on a thread that it did not start times out, and its object is gone with it")
def test_wait_for_a_plain_thread(qt: Implementation) -> None:
    box: list[Any] = []
    ready, go = threading.Event(), threading.Event()

    def body() -> None:
        box.append(qt.QThread.currentThread())
        ready.set()
        go.wait(30)

    worker = threading.Thread(target=body)
    worker.start()
    assert ready.wait(30)
    thread = box[0]
    assert not thread.wait(30)
    assert thread.isRunning()
    go.set()
    assert thread.wait(30_000)
    assert (thread.isRunning(), thread.isFinished()) == (False, True)
    assert thread.wait()


@pytest.mark.qnet("as above")
def test_wait_for_a_plain_thread_that_is_off_pythons_list_already(qt: Implementation) -> None:
    local, leaving = threading.local(), threading.Event()
    box: list[Any] = []

    class Slow:
        def __del__(self) -> None:
            leaving.set()
            time.sleep(0.2)

    def body() -> None:
        local.slow = Slow()  # goes with the thread, and before what qnet has there
        box.append(qt.QThread.currentThread())

    worker = threading.Thread(target=body)
    worker.start()
    assert leaving.wait(30)
    assert worker not in threading.enumerate()
    assert box[0].wait(30_000)
    assert box[0].isFinished()
    worker.join()


@pytest.mark.qnet("in Qt every later loop of that thread refuses to run")
def test_quit_of_a_plain_thread_without_a_loop_does_nothing(qt: Implementation) -> None:
    codes: list[int] = []

    def body() -> None:
        thread = qt.QThread.currentThread()
        thread.quit()
        for code in (3, 4):
            loop = qt.QEventLoop()
            qt.QTimer.singleShot(0, lambda loop=loop, code=code: loop.exit(code))
            codes.append(loop.exec())
        qt.QTimer.singleShot(0, lambda: thread.exit(5))
        codes.append(qt.QEventLoop().exec())
        loop = qt.QEventLoop()
        qt.QTimer.singleShot(0, lambda: loop.exit(6))
        codes.append(loop.exec())

    in_plain_thread(body)
    assert codes == [3, 4, 5, 6]


@pytest.mark.qnet("about Python's reference counts")
def test_the_object_of_a_plain_thread_dies_with_it(qt: Implementation) -> None:
    refs: list[Any] = []
    gc.disable()
    try:
        obj: list[Any] = []

        def body() -> None:
            obj.append(qt.QObject())
            refs.append(weakref.ref(qt.QThread.currentThread()))

        in_plain_thread(body)
        assert qt.wait(lambda: refs[0]() is None)
        thread = obj[0].thread()
        assert (thread.isFinished(), thread is obj[0].thread()) == (True, True)
        ref = weakref.ref(thread)
        del thread
        assert ref() is None
    finally:
        gc.enable()


# Objects in threads


def test_finished_deletes_the_worker_before_wait_returns(qt: Implementation) -> None:
    for _ in range(20):
        destroyed: list[int] = []
        thread = qt.QThread()
        worker = qt.QObject()
        worker.moveToThread(thread)
        worker.destroyed.connect(
            lambda *args, destroyed=destroyed: destroyed.append(threading.get_ident()), qt.Qt.DirectConnection
        )
        thread.finished.connect(worker.deleteLater)
        run(thread)
        assert len(destroyed) == 1
        assert destroyed != [threading.get_ident()]


def test_a_worker_object(qt: Implementation) -> None:
    class Worker(qt.QObject):
        done = qt.Signal(int, int)

        def work(self, value: int) -> None:
            self.done.emit(value * value, threading.get_ident())

    class Owner(qt.QObject):
        ask = qt.Signal(int)

        def take(self, result: int, ident: int) -> None:
            results.append((result, ident != threading.get_ident(), qt.QThread.isMainThread()))

    results: list[Any] = []
    thread, worker, owner = qt.QThread(), Worker(), Owner()
    worker.moveToThread(thread)
    owner.ask.connect(worker.work)
    worker.done.connect(owner.take)
    thread.start()
    for value in range(5):
        owner.ask.emit(value)
    assert qt.wait(lambda: len(results) == 5)
    finish(thread)
    assert results == [(value * value, True, True) for value in range(5)]


def test_calls_to_a_thread_that_does_not_run_wait_for_its_loop(qt: Implementation, source: Any, receiver: Any) -> None:
    thread = qt.QThread()
    receiver.moveToThread(thread)
    source.one.connect(receiver.first)
    for count in (1, 2):
        source.one.emit(count)
        assert len(receiver.calls) == count - 1
        thread.start()
        in_loop(qt, thread, lambda: None)
        finish(thread)
        assert receiver.calls == list(range(1, count + 1))


def test_a_child_does_not_move_alone(qt: Implementation, messages: list[str]) -> None:
    thread = qt.QThread()
    parent = qt.QObject()
    child = qt.QObject(parent)
    assert not child.moveToThread(thread)
    assert messages == ["QObject::moveToThread: Cannot move objects with a parent"]
    assert parent.moveToThread(thread)
    assert parent.thread() is thread
    assert child.thread() is thread


def test_only_the_objects_thread_gives_it_away(qt: Implementation, thread: Any, messages: list[str]) -> None:
    obj = qt.QObject()
    assert obj.moveToThread(thread)
    in_loop(qt, thread, lambda: None)
    main = qt.QThread.currentThread()
    assert not obj.moveToThread(main)
    assert len(messages) == 1
    assert "Current thread" in messages[0]
    results: list[bool] = []
    in_loop(qt, thread, lambda: results.append(obj.moveToThread(main)))
    assert results == [True]
    assert obj.thread() is main


@pytest.mark.qnet("in Qt the objects of a thread that does not run are out of reach")
def test_objects_come_back_from_a_finished_thread(qt: Implementation) -> None:
    thread = qt.QThread()
    obj = qt.QObject()
    obj.moveToThread(thread)
    run(thread)
    main = qt.QThread.currentThread()
    assert obj.moveToThread(main)
    assert obj.thread() is main


def test_a_thread_object_moves_to_itself(qt: Implementation) -> None:
    thread = qt.QThread()
    assert thread.moveToThread(thread)
    assert thread.thread() is thread


def test_timers_move_with_their_object(qt: Implementation) -> None:
    thread = qt.QThread()
    timer = qt.QTimer()
    ticks: list[bool] = []
    ticked = threading.Event()
    timer.timeout.connect(lambda: (ticks.append(qt.QThread.currentThread() is thread), ticked.set()))
    timer.start(1)
    assert timer.moveToThread(thread)
    assert timer.isActive()
    thread.start()
    assert ticked.wait(30)
    in_loop(qt, thread, timer.stop)
    finish(thread)
    assert set(ticks) == {True}


def test_timers_do_not_start_from_another_thread(qt: Implementation, thread: Any, messages: list[str]) -> None:
    timer = qt.QTimer()
    timer.moveToThread(thread)
    in_loop(qt, thread, lambda: None)
    timer.start(5)
    assert not timer.isActive()
    assert messages == ["QObject::startTimer: Timers cannot be started from another thread"]


@pytest.mark.qnet("in Qt the calling thread's loop counts the time, except for 0 ms")
def test_single_shot_with_a_context_needs_no_loop_here(qt: Implementation, thread: Any) -> None:
    context = qt.QObject()
    context.moveToThread(thread)
    done = threading.Event()
    qt.QTimer.singleShot(5, context, done.set)
    assert done.wait(30)


def test_blocking_call_into_a_thread(qt: Implementation, source: Any, thread: Any) -> None:
    class Receiver(qt.QObject):
        def slot(self, value: int) -> None:
            qt.QThread.msleep(10)
            got.append((value, qt.QThread.currentThread() is thread, self.sender() is source))

    got: list[Any] = []
    receiver = Receiver()
    receiver.moveToThread(thread)
    source.one.connect(receiver.slot, qt.Qt.BlockingQueuedConnection)
    source.one.emit(3)
    assert got == [(3, True, True)]


@pytest.mark.qnet("in Qt the caller waits for ever")
def test_blocking_call_into_a_thread_that_ends(qt: Implementation, source: Any) -> None:
    class Receiver(qt.QObject):
        def slot(self, value: int) -> None:
            got.append(value)

    got: list[int] = []
    thread, receiver = qt.QThread(), Receiver()
    receiver.moveToThread(thread)
    source.one.connect(receiver.slot, qt.Qt.BlockingQueuedConnection)
    thread.start()
    emitter = threading.Thread(target=lambda: source.one.emit(1), daemon=True)
    emitter.start()
    finish(thread)
    emitter.join(30)
    assert not emitter.is_alive()
    assert got in ([], [1])  # it was made before the end, or never will be
