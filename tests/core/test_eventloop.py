"""QEventLoop: running, nesting, leaving, and turning by hand."""

from __future__ import annotations

import threading
import time
import warnings
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


def test_exec_returns_the_exit_code(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    qt.QTimer.singleShot(0, lambda: loop.exit(7))
    assert loop.exec() == 7
    qt.QTimer.singleShot(0, loop.quit)
    assert loop.exec() == 0
    qt.QTimer.singleShot(0, loop.exit)
    assert loop.exec() == 0


def test_the_first_exit_code_wins_only_until_the_next(qt: Implementation) -> None:
    loop = qt.QEventLoop()

    def leave() -> None:
        loop.exit(1)
        loop.exit(2)

    qt.QTimer.singleShot(0, leave)
    assert loop.exec() == 2


def test_is_running(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    seen = []
    qt.QTimer.singleShot(0, lambda: (seen.append(loop.isRunning()), loop.exit(), seen.append(loop.isRunning())))
    assert not loop.isRunning()
    loop.exec()
    assert not loop.isRunning()
    assert seen == [True, False]


def test_exit_before_exec_does_nothing(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    loop.exit(5)
    loop.quit()
    qt.QTimer.singleShot(5, lambda: loop.exit(3))
    assert loop.exec() == 3


def test_exec_of_a_running_loop_is_refused(qt: Implementation, messages: list[str]) -> None:
    loop = qt.QEventLoop()
    results = []
    qt.QTimer.singleShot(0, lambda: (results.append(loop.exec()), loop.quit()))
    assert loop.exec() == 0
    assert results == [-1]
    assert len(messages) == 1


def test_the_old_name_of_exec(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    qt.QTimer.singleShot(0, lambda: loop.exit(4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert loop.exec_() == 4


def test_loops_nest(qt: Implementation) -> None:
    log = []
    outer, inner = qt.QEventLoop(), qt.QEventLoop()

    def enter() -> None:
        qt.QTimer.singleShot(0, lambda: inner.exit(2))
        log.append(inner.exec())
        outer.exit(1)

    qt.QTimer.singleShot(0, enter)
    log.append(outer.exec())
    assert log == [2, 1]


def test_leaving_the_outer_waits_for_the_inner(qt: Implementation) -> None:
    log = []
    outer, inner = qt.QEventLoop(), qt.QEventLoop()

    def leave_outer() -> None:
        outer.exit(1)
        log.append(("outer", outer.isRunning()))
        qt.QTimer.singleShot(10, lambda: inner.exit(2))

    def enter() -> None:
        qt.QTimer.singleShot(0, leave_outer)
        log.append(("inner", inner.exec()))

    qt.QTimer.singleShot(0, enter)
    log.append(("done", outer.exec()))
    assert log == [("outer", False), ("inner", 2), ("done", 1)]


def test_an_application_exit_ends_every_loop(qt: Implementation, app: Any) -> None:
    log = []
    outer, inner = qt.QEventLoop(), qt.QEventLoop()

    def enter() -> None:
        qt.QTimer.singleShot(0, lambda: qt.QCoreApplication.exit(9))
        log.append(inner.exec())

    def enter_outer() -> None:
        qt.QTimer.singleShot(5, enter)
        log.append(outer.exec())

    qt.QTimer.singleShot(0, enter_outer)
    assert app.exec() == 9
    assert log == [9, 9]


@pytest.mark.qnet("in Qt every later loop of the thread returns -1 at once")
def test_an_application_exit_without_exec_spares_later_loops(qt: Implementation) -> None:
    first, second = qt.QEventLoop(), qt.QEventLoop()
    qt.QTimer.singleShot(0, lambda: qt.QCoreApplication.exit(9))
    assert first.exec() == 9
    qt.QTimer.singleShot(5, lambda: second.exit(3))
    assert second.exec() == 3


def test_quit_from_another_thread_wakes_the_loop(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    runner = threading.Thread(target=loop.quit)
    qt.QTimer.singleShot(0, runner.start)
    began = time.monotonic()
    assert loop.exec() == 0
    assert time.monotonic() - began < 30
    runner.join()


def test_an_exit_code_must_be_a_number(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.QEventLoop().exit("x")


def test_quit_as_a_slot(qt: Implementation, source: Any) -> None:
    loop = qt.QEventLoop()
    source.bare.connect(loop.quit)
    qt.QTimer.singleShot(0, source.bare.emit)
    assert loop.exec() == 0


def test_a_loop_in_a_plain_thread(qt: Implementation) -> None:
    results = []

    def run() -> None:
        loop = qt.QEventLoop()
        qt.QTimer.singleShot(5, lambda: loop.exit(threading.get_ident() % 1000))
        results.append((loop.exec(), threading.get_ident() % 1000))

    runner = threading.Thread(target=run)
    runner.start()
    runner.join(30)
    assert not runner.is_alive()
    assert results[0][0] == results[0][1]


def test_an_exception_in_a_slot_does_not_end_the_loop(qt: Implementation, slot_errors: list[Any]) -> None:
    loop = qt.QEventLoop()

    def bad() -> None:
        qt.QTimer.singleShot(5, lambda: loop.exit(3))
        raise ValueError("on purpose")

    qt.QTimer.singleShot(0, bad)
    assert loop.exec() == 3
    assert [type(e) for e in slot_errors] == [ValueError]


# Turning by hand.


def test_process_events_tells_whether_it_did(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    while loop.processEvents():
        pass
    target = qt.QObject()
    qt.QCoreApplication.postEvent(target, qt.QEvent(qt.QEvent.Type.User))
    assert loop.processEvents() is True


def test_process_events_returns_at_once_when_idle(qt: Implementation) -> None:
    guard = qt.QTimer()
    guard.start(60_000)  # what a call that waits would wait for
    began = time.monotonic()
    qt.QEventLoop().processEvents()
    qt.QCoreApplication.processEvents()
    assert time.monotonic() - began < 30
    guard.stop()


def test_wait_for_more_events_sleeps(qt: Implementation, recorder: Recorder) -> None:
    loop = qt.QEventLoop()
    while loop.processEvents():
        pass
    began = time.monotonic()
    qt.QTimer.singleShot(40, recorder)
    flag = qt.QEventLoop.ProcessEventsFlag.WaitForMoreEvents
    turns = 0
    while not recorder.calls:
        loop.processEvents(flag)
        turns += 1
    assert time.monotonic() - began >= 0.035
    assert turns < 30  # without sleeping it would be thousands


def test_wake_up_ends_a_wait(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    while loop.processEvents():
        pass
    began = time.monotonic()
    runner = threading.Timer(0.05, loop.wakeUp)
    runner.start()
    loop.processEvents(qt.QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    assert time.monotonic() - began < 30
    runner.join()


def test_process_events_with_a_limit_turns_until_idle(qt: Implementation) -> None:
    calls = []

    def again() -> None:
        calls.append(1)
        if len(calls) < 3:
            qt.QTimer.singleShot(0, again)

    qt.QTimer.singleShot(0, again)
    qt.QCoreApplication.processEvents(qt.QEventLoop.ProcessEventsFlag.AllEvents, 60_000)
    assert len(calls) == 3


def test_process_events_with_a_limit_stops_in_time(qt: Implementation) -> None:
    timer = qt.QTimer(interval=0)
    timer.start()
    began = time.monotonic()
    qt.QEventLoop().processEvents(qt.QEventLoop.ProcessEventsFlag.AllEvents, 30)
    timer.stop()
    assert time.monotonic() - began < 30


def test_process_events_takes_a_deadline(qt: Implementation) -> None:
    flags = qt.QEventLoop.ProcessEventsFlag.AllEvents
    timer = qt.QTimer(interval=0)
    timer.start()
    began = time.monotonic()
    qt.QEventLoop().processEvents(flags, qt.QDeadlineTimer(30))
    qt.QCoreApplication.processEvents(flags, qt.QDeadlineTimer(30))
    timer.stop()
    assert time.monotonic() - began < 30


@pytest.mark.qnet("Qt's GLib dispatcher ignores the flag; its Unix dispatcher and qnet honour it")
def test_excluded_notifiers_wait(qt: Implementation, recorder: Recorder) -> None:
    import socket

    near, far = socket.socketpair()
    with near, far:
        notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
        notifier.activated.connect(lambda *args: (near.recv(10), recorder()))
        far.send(b"x")
        loop = qt.QEventLoop()
        for _ in range(3):
            loop.processEvents(qt.QEventLoop.ProcessEventsFlag.ExcludeSocketNotifiers)
        assert recorder.calls == []
        assert qt.wait(lambda: recorder.calls)
        notifier.setEnabled(False)


@pytest.mark.parametrize("flags", ["x", 1.5])
def test_flags_must_be_flags(qt: Implementation, flags: Any) -> None:
    with pytest.raises(TypeError):
        qt.QEventLoop().processEvents(flags)
    with pytest.raises(TypeError):
        qt.QEventLoop().exec(flags)


def test_flags_combine(qt: Implementation) -> None:
    flag = qt.QEventLoop.ProcessEventsFlag
    both = flag.ExcludeUserInputEvents | flag.WaitForMoreEvents
    assert both.value == 5
    assert flag.WaitForMoreEvents in both
    assert qt.QEventLoop.AllEvents == flag.AllEvents


# The dispatcher under it.


def test_the_threads_dispatcher(qt: Implementation, app: Any, thread: Any) -> None:
    dispatcher = app.eventDispatcher()
    assert dispatcher is not None
    assert qt.QAbstractEventDispatcher.instance() is dispatcher
    assert qt.QThread.currentThread().eventDispatcher() is dispatcher
    assert qt.wait(lambda: thread.eventDispatcher() is not None)
    assert thread.eventDispatcher() is not dispatcher
    assert qt.QAbstractEventDispatcher.instance(thread) is thread.eventDispatcher()


def test_registered_timers(qt: Implementation, app: Any) -> None:
    dispatcher = app.eventDispatcher()
    o = qt.QObject()
    assert dispatcher.registeredTimers(o) == []
    number = o.startTimer(900_000, qt.Qt.TimerType.PreciseTimer)
    (info,) = dispatcher.registeredTimers(o)
    assert (info.timerId, info.interval, info.timerType) == (number, 900_000, qt.Qt.TimerType.PreciseTimer)
    assert 800_000 < dispatcher.remainingTime(number) <= 900_000
    assert dispatcher.unregisterTimer(number) is True
    assert dispatcher.unregisterTimer(number) is False
    assert dispatcher.registeredTimers(o) == []


def test_register_and_unregister_timers(qt: Implementation, app: Any) -> None:
    dispatcher = app.eventDispatcher()
    ids = []

    class Target(qt.QObject):
        def timerEvent(self, event: Any) -> None:
            ids.append(event.timerId())

    target = Target()
    number = dispatcher.registerTimer(1, qt.Qt.TimerType.PreciseTimer, target)
    assert number > 0
    assert qt.wait(lambda: ids)
    assert dispatcher.unregisterTimers(target) is True
    assert dispatcher.unregisterTimers(target) is False


def test_remaining_time_of_an_unknown_timer_is_negative(qt: Implementation) -> None:
    assert qt.QAbstractEventDispatcher.instance().remainingTime(987654) < 0


def test_about_to_block_and_awake(qt: Implementation, app: Any) -> None:
    dispatcher = app.eventDispatcher()
    log: list[str] = []
    block, awake = (lambda: log.append("block")), (lambda: log.append("awake"))
    dispatcher.aboutToBlock.connect(block)
    dispatcher.awake.connect(awake)
    assert qt.wait(lambda: "block" in log and "awake" in log[log.index("block") :])
    dispatcher.aboutToBlock.disconnect(block)
    dispatcher.awake.disconnect(awake)


def test_wake_up_from_another_thread(qt: Implementation, app: Any) -> None:
    dispatcher = app.eventDispatcher()
    flags = qt.QEventLoop.ProcessEventsFlag
    while dispatcher.processEvents(flags.AllEvents):
        pass
    runner = threading.Timer(0.05, dispatcher.wakeUp)
    began = time.monotonic()
    runner.start()
    dispatcher.processEvents(flags.WaitForMoreEvents)
    assert time.monotonic() - began < 30
    runner.join()


def test_interrupt_ends_a_turn(qt: Implementation, app: Any) -> None:
    dispatcher = app.eventDispatcher()
    flags = qt.QEventLoop.ProcessEventsFlag
    qt.QTimer.singleShot(5, dispatcher.interrupt)
    began = time.monotonic()
    dispatcher.processEvents(flags.EventLoopExec | flags.WaitForMoreEvents)
    assert time.monotonic() - began < 30


@pytest.mark.qnet("PySide6 does not wrap QEventLoopLocker")
def test_a_locker_ends_its_loop(qt: Implementation) -> None:
    loop = qt.QEventLoop()
    lockers = [qt.QEventLoopLocker(loop), qt.QEventLoopLocker(loop)]
    log: list[Any] = []

    def give_one_back() -> None:
        lockers.pop()
        log.append(loop.isRunning())
        qt.QTimer.singleShot(10, lockers.clear)

    qt.QTimer.singleShot(0, give_one_back)
    assert loop.exec() == 0
    assert log == [True]


@pytest.mark.qnet("PySide6 does not wrap QEventLoopLocker")
def test_a_locker_ends_its_thread(qt: Implementation) -> None:
    worker = qt.QThread()
    locker = qt.QEventLoopLocker(worker)
    worker.start()
    del locker
    assert worker.wait(30_000)


@pytest.mark.qnet("PySide6 does not wrap QEventLoopLocker")
@pytest.mark.parametrize("what", [3, "x"])
def test_a_locker_needs_a_loop_or_thread(qt: Implementation, what: Any) -> None:
    with pytest.raises(TypeError):
        qt.QEventLoopLocker(what)
