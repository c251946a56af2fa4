"""Signals between threads: who runs a slot, in which order, and what a blocking call waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def target(qt: Implementation) -> Any:
    """An object that notes its calls and the (Python) thread of each."""

    class Target(qt.QObject):
        forwarded = qt.Signal(int)

        def __init__(self) -> None:
            super().__init__()
            self.calls: list[Any] = []
            self.threads: list[int] = []

        def slot(self, value: int) -> None:
            self.threads.append(threading.get_ident())  # first: the tests wait for the calls
            self.calls.append(value)

        def event(self, event: Any) -> bool:
            if event.type() == qt.QEvent.Type.User:
                self.calls.append("event")
            return super().event(event)

    return Target()


def in_thread(function: Callable[[], Any]) -> Any:
    """Run *function* in a plain Python thread and hand back what it returned."""
    result: list[Any] = []
    runner = threading.Thread(target=lambda: result.append(function()))
    runner.start()
    runner.join(30)
    assert not runner.is_alive()
    return result[0] if result else None


def thread_ident(qt: Implementation, thread: Any) -> int:
    """The Python identity of a running QThread."""
    probe = qt.QObject()
    probe.moveToThread(thread)
    found: list[int] = []
    qt.QTimer.singleShot(0, probe, lambda: found.append(threading.get_ident()))
    assert qt.wait(lambda: found)
    return found[0]


def test_auto_is_queued_to_a_receiver_elsewhere(qt: Implementation, source: Any, target: Any, thread: Any) -> None:
    source.one.connect(target.slot)
    target.moveToThread(thread)
    source.one.emit(1)
    assert qt.wait(lambda: target.calls)
    assert target.threads != [threading.get_ident()]


def test_auto_decides_at_each_emission(qt: Implementation, source: Any, target: Any) -> None:
    source.one.connect(target.slot)
    source.one.emit(1)
    assert target.calls == [1]
    in_thread(lambda: source.one.emit(2))
    assert target.calls == [1]
    qt.process()
    assert target.calls == [1, 2]
    assert set(target.threads) == {threading.get_ident()}


def test_direct_runs_where_it_is_emitted(qt: Implementation, source: Any, target: Any) -> None:
    source.one.connect(target.slot, qt.Qt.DirectConnection)
    ident = in_thread(lambda: (source.one.emit(1), threading.get_ident())[1])
    assert target.threads == [ident]


def test_a_plain_function_runs_in_the_senders_thread(qt: Implementation, source: Any) -> None:
    threads: list[int] = []
    source.one.connect(lambda value: threads.append(threading.get_ident()))
    in_thread(lambda: source.one.emit(1))
    assert threads == []
    assert qt.wait(lambda: threads)
    assert threads == [threading.get_ident()]


def test_a_plain_function_follows_a_moved_sender(qt: Implementation, source: Any, thread: Any) -> None:
    threads: list[int] = []
    source.one.connect(lambda value: threads.append(threading.get_ident()))
    source.moveToThread(thread)
    source.one.emit(1)
    assert qt.wait(lambda: threads)
    assert threads != [threading.get_ident()]


def test_emission_order_is_kept_across_threads(qt: Implementation, source: Any, target: Any, thread: Any) -> None:
    source.one.connect(target.slot)
    target.moveToThread(thread)
    for value in range(200):
        source.one.emit(value)
    assert qt.wait(lambda: len(target.calls) == 200)
    assert target.calls == list(range(200))


def test_many_threads_emit_at_once(qt: Implementation, source: Any, target: Any) -> None:
    source.one.connect(target.slot)
    workers = [
        threading.Thread(target=lambda base=base: [source.one.emit(base + i) for i in range(100)])
        for base in (0, 1000, 2000, 3000)
    ]
    for worker in workers:
        worker.start()
    assert qt.wait(lambda: len(target.calls) == 400)
    for worker in workers:
        worker.join()
    for base in (0, 1000, 2000, 3000):
        assert [v for v in target.calls if base <= v < base + 1000] == list(range(base, base + 100))


def test_an_emission_wakes_a_sleeping_loop(qt: Implementation, source: Any) -> None:
    loop = qt.QEventLoop()
    source.bare.connect(loop.quit)
    runner = threading.Thread(target=source.bare.emit)
    qt.QTimer.singleShot(0, runner.start)
    assert loop.exec() == 0
    runner.join()


def test_queued_calls_and_events_share_one_queue(qt: Implementation, source: Any, target: Any) -> None:
    source.one.connect(target.slot, qt.Qt.QueuedConnection)
    event = qt.QEvent.Type.User
    source.one.emit(1)
    qt.QCoreApplication.postEvent(target, qt.QEvent(event))
    source.one.emit(2)
    qt.QCoreApplication.postEvent(target, qt.QEvent(event), qt.Qt.EventPriority.HighEventPriority.value)
    source.one.emit(3)
    qt.process()
    assert target.calls == ["event", 1, "event", 2, 3]


def test_queued_calls_follow_a_receiver_that_moves(qt: Implementation, source: Any, target: Any, thread: Any) -> None:
    source.one.connect(target.slot, qt.Qt.QueuedConnection)
    source.one.emit(1)
    target.moveToThread(thread)
    assert qt.wait(lambda: target.calls)
    assert target.threads == [thread_ident(qt, thread)]


def test_blocking_queued_waits_for_the_slot(qt: Implementation, source: Any, target: Any, thread: Any) -> None:
    source.one.connect(target.slot, qt.Qt.BlockingQueuedConnection)
    target.moveToThread(thread)
    source.one.emit(5)
    assert target.calls == [5]
    assert target.threads == [thread_ident(qt, thread)]


def test_blocking_queued_returns_although_the_slot_raises(
    qt: Implementation, source: Any, thread: Any, slot_errors: list[Any]
) -> None:
    class Target(qt.QObject):
        def slot(self) -> None:
            raise ValueError("in the other thread")

    target = Target()
    source.bare.connect(target.slot, qt.Qt.BlockingQueuedConnection)
    target.moveToThread(thread)
    source.bare.emit()
    assert [type(e) for e in slot_errors] == [ValueError]


def test_a_signal_relayed_through_another_thread(
    qt: Implementation, source: Any, target: Any, thread: Any, recorder: Recorder
) -> None:
    source.one.connect(target.forwarded)
    target.forwarded.connect(recorder)
    target.moveToThread(thread)
    source.one.emit(3)
    assert qt.wait(lambda: recorder.calls)
    assert recorder.calls == [(3,)]


def test_a_worker_replies_in_the_callers_thread(qt: Implementation, thread: Any) -> None:
    class Worker(qt.QObject):
        done = qt.Signal(int)

        def work(self, value: int) -> None:
            self.done.emit(value * 2)

    class Caller(qt.QObject):
        go = qt.Signal(int)

        def __init__(self) -> None:
            super().__init__()
            self.answers: list[Any] = []

        def answer(self, value: int) -> None:
            self.answers.append((value, threading.get_ident()))

    worker, caller = Worker(), Caller()
    worker.moveToThread(thread)
    caller.go.connect(worker.work)
    worker.done.connect(caller.answer)
    caller.go.emit(21)
    assert qt.wait(lambda: caller.answers)
    assert caller.answers == [(42, threading.get_ident())]


def test_sender_is_known_across_threads(qt: Implementation, source: Any, thread: Any) -> None:
    class Target(qt.QObject):
        seen = None

        def slot(self) -> None:
            self.seen = self.sender()

    target = Target()
    source.bare.connect(target.slot)
    target.moveToThread(thread)
    source.bare.emit()
    assert qt.wait(lambda: target.seen is not None)
    assert target.seen is source


def test_a_receiver_without_loop_waits_for_one(qt: Implementation, source: Any, target: Any) -> None:
    late = qt.QThread()
    source.one.connect(target.slot)
    target.moveToThread(late)
    source.one.emit(1)
    assert target.calls == []
    late.start()
    assert qt.wait(lambda: target.calls)
    late.quit()
    assert late.wait(30_000)


def test_a_single_shot_fires_once_whoever_emits(qt: Implementation, source: Any, target: Any, thread: Any) -> None:
    source.one.connect(target.slot, qt.Qt.SingleShotConnection)
    target.moveToThread(thread)
    for value in range(5):
        source.one.emit(value)
    thread_ident(qt, thread)
    assert target.calls == [0]


def test_an_exception_in_a_queued_slot_spares_the_others(
    qt: Implementation, source: Any, target: Any, slot_errors: list[Any]
) -> None:
    def bad(value: int) -> None:
        raise ValueError(value)

    source.one.connect(bad, qt.Qt.QueuedConnection)
    source.one.connect(target.slot, qt.Qt.QueuedConnection)
    source.one.emit(1)
    qt.process()
    assert target.calls == [1]
    assert [type(e) for e in slot_errors] == [ValueError]


@pytest.mark.qnet("Qt warns and then waits for ever")
def test_blocking_queued_in_the_same_thread_is_refused(qt: Implementation, source: Any, target: Any) -> None:
    source.one.connect(target.slot, qt.Qt.BlockingQueuedConnection)
    with pytest.raises(RuntimeError, match="blocking"):
        source.one.emit(1)
    assert target.calls == []


def test_a_stopped_thread_drops_what_is_posted_to_it(qt: Implementation, source: Any, target: Any) -> None:
    worker = qt.QThread()
    worker.start()
    source.one.connect(target.slot)
    target.moveToThread(worker)
    worker.quit()
    assert worker.wait(30_000)
    source.one.emit(1)
    qt.process()
    assert target.calls == []
