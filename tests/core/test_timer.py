"""QTimer, QChronoTimer and QBasicTimer."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


def test_a_new_timer(qt: Implementation) -> None:
    timer = qt.QTimer()
    assert (timer.interval(), timer.isActive(), timer.isSingleShot()) == (0, False, False)
    assert (timer.timerId(), timer.remainingTime()) == (-1, -1)
    assert timer.id() == qt.Qt.TimerId.Invalid
    assert timer.timerType() == qt.Qt.TimerType.CoarseTimer


def test_a_timer_ticks_until_stopped(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer()
    timer.timeout.connect(recorder)
    timer.start(2)
    assert qt.wait(lambda: len(recorder) >= 3)
    timer.stop()
    count = len(recorder)
    qt.spin(10)
    assert len(recorder) == count
    assert set(recorder.calls) == {()}


def test_start_and_stop_change_the_state(qt: Implementation) -> None:
    timer = qt.QTimer()
    timer.start(900_000)
    assert timer.isActive()
    assert timer.timerId() > 0
    assert timer.id() == qt.Qt.TimerId(timer.timerId())
    assert 800_000 < timer.remainingTime() <= 945_000
    timer.stop()
    timer.stop()
    assert not timer.isActive()
    assert (timer.timerId(), timer.remainingTime(), timer.interval()) == (-1, -1, 900_000)


def test_start_without_an_interval_uses_the_set_one(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder)
    timer.setInterval(1)
    assert not timer.isActive()
    timer.start()
    assert qt.wait(lambda: recorder.calls)
    timer.stop()


def test_single_shot_mode(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(singleShot=True, interval=1)
    timer.timeout.connect(lambda: recorder(timer.isActive()))
    timer.start()
    qt.spin(20)
    assert recorder.calls == [(False,)]


def test_a_single_shot_may_restart_itself(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(singleShot=True, interval=1)

    def slot() -> None:
        recorder()
        if len(recorder) < 3:
            timer.start()

    timer.timeout.connect(slot)
    timer.start()
    assert qt.wait(lambda: len(recorder) == 3)
    qt.spin(10)
    assert len(recorder) == 3


def test_starting_again_restarts(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder)
    timer.start(30)
    first = timer.timerId()
    qt.spin(15)
    recorder.calls.clear()
    again = time.monotonic()
    timer.start(30)
    assert timer.isActive()
    assert first > 0
    assert qt.wait(lambda: recorder.calls)
    timer.stop()
    assert time.monotonic() - again >= 0.028


def test_a_new_interval_restarts_an_active_timer(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder)
    timer.start(60_000)
    timer.setInterval(5)
    assert timer.isActive()
    assert timer.remainingTime() <= 6
    assert qt.wait(lambda: recorder.calls)
    timer.stop()


def test_stopping_in_the_slot(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(interval=0)
    timer.timeout.connect(timer.stop)
    timer.timeout.connect(recorder)
    timer.start()
    qt.spin(10)
    assert len(recorder) == 1


def test_deleting_in_the_slot(qt: Implementation, recorder: Recorder) -> None:
    holder = [qt.QObject()]
    timer = qt.QTimer(holder[0], interval=0)
    timer.timeout.connect(lambda: (recorder(), holder.clear()))
    timer.start()
    qt.spin(10)
    assert len(recorder) == 1


@pytest.mark.qnet("PySide6 destroys it")
def test_an_active_timer_that_nobody_holds_goes_on(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder, interval=0, singleShot=True)
    watch = weakref.ref(timer)
    timer.start()
    del timer
    qt.spin(10)
    assert recorder.calls == [()]
    assert watch() is None


def test_changing_the_mode_while_active(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder, interval=1)
    timer.start()
    timer.setSingleShot(True)
    qt.spin(20)
    assert len(recorder) == 1
    assert not timer.isActive()


def test_no_reentry_into_its_own_slot(qt: Implementation) -> None:
    depth = []
    deepest = []

    def slot() -> None:
        depth.append(1)
        deepest.append(len(depth))
        if len(deepest) < 3:
            qt.spin(10)
        depth.pop()

    timer = qt.QTimer(timeout=slot, interval=1)
    timer.start()
    assert qt.wait(lambda: len(deepest) >= 3)
    timer.stop()
    assert max(deepest) == 1


def test_other_timers_run_in_a_nested_loop(qt: Implementation, recorder: Recorder) -> None:
    outer, inner = qt.QTimer(singleShot=True), qt.QTimer(timeout=recorder, interval=1)
    ticked: list[bool] = []

    def nest() -> None:
        recorder.calls.clear()
        ticked.append(qt.wait(lambda: len(recorder) > 2))

    outer.timeout.connect(nest)
    outer.start(0)
    inner.start()
    assert qt.wait(lambda: ticked)
    inner.stop()
    assert ticked == [True]


def test_missed_ticks_collapse(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder, interval=10, timerType=qt.Qt.TimerType.PreciseTimer)
    timer.start()
    time.sleep(0.055)  # the loop is held up: that is the case under test
    qt.QCoreApplication.processEvents()
    assert len(recorder) == 1
    timer.stop()


def test_overdue_timers_fire_in_the_order_of_their_deadlines(qt: Implementation, recorder: Recorder) -> None:
    precise = qt.Qt.TimerType.PreciseTimer
    timers, begun = [], {}
    for delay in (12, 4, 8, 2):
        timer = qt.QTimer(singleShot=True, interval=delay, timerType=precise)
        timer.timeout.connect(lambda delay=delay: recorder(delay))
        before = time.monotonic_ns()
        timer.start()
        begun[delay] = (before, time.monotonic_ns())
        timers.append(timer)
    time.sleep(0.02)  # let all of them become due before the loop looks
    qt.QCoreApplication.processEvents()
    order = [delay for (delay,) in recorder.calls]
    assert sorted(order) == [2, 4, 8, 12]
    for number, first in enumerate(order):
        for later in order[
            number + 1 :
        ]:  # 2, 4, 8, 12 unless the machine took more than 2 ms from one start to the next
            assert begun[first][0] + first * 10**6 <= begun[later][1] + (later + 1) * 10**6


def test_equal_deadlines_fire_in_the_order_of_starting(qt: Implementation, recorder: Recorder) -> None:
    for label in "abc":
        qt.QTimer.singleShot(0, recorder.note(label))
    qt.spin(5)
    assert recorder.calls == ["a", "b", "c"]


def test_a_zero_timer_fires_once_a_pass(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder)
    timer.start(0)
    assert timer.isActive()
    for count in (1, 2, 3):
        qt.QCoreApplication.processEvents()
        assert len(recorder) == count
    timer.stop()


def test_remaining_time_of_an_overdue_timer_is_zero(qt: Implementation) -> None:
    timer = qt.QTimer()
    timer.start(1)
    time.sleep(0.01)  # becoming overdue is the case under test
    assert timer.remainingTime() == 0
    timer.stop()


def test_a_precise_timer_is_never_early(qt: Implementation) -> None:
    fired: list[float] = []
    timer = qt.QTimer(singleShot=True, interval=20, timerType=qt.Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: fired.append(time.monotonic()))
    began = time.monotonic()
    timer.start()
    assert qt.wait(lambda: fired)
    assert fired[0] - began >= 0.0195


def test_timer_types(qt: Implementation) -> None:
    timer = qt.QTimer()
    for kind in (qt.Qt.TimerType.PreciseTimer, qt.Qt.TimerType.VeryCoarseTimer, qt.Qt.TimerType.CoarseTimer):
        timer.setTimerType(kind)
        assert timer.timerType() == kind
    with pytest.raises(TypeError):
        timer.setTimerType("precise")


@pytest.mark.parametrize("call", ["start", "setInterval"])
def test_a_negative_interval_is_one_millisecond(qt: Implementation, messages: list[str], call: str) -> None:
    timer = qt.QTimer()
    getattr(timer, call)(-5)
    assert timer.interval() == 1
    assert len(messages) == 1
    timer.stop()


def test_a_huge_interval(qt: Implementation) -> None:
    timer = qt.QTimer()
    timer.start(2**31 - 1)
    assert timer.interval() == 2**31 - 1
    assert timer.remainingTime() > 2**31 - 100_000
    timer.stop()


@pytest.mark.qnet("PySide6 raises OverflowError beyond 31 bits")
def test_an_interval_of_years(qt: Implementation) -> None:
    timer = qt.QTimer()
    timer.start(2**40)
    assert timer.interval() == 2**40
    assert timer.remainingTime() > 2**39
    timer.stop()


@pytest.mark.parametrize("interval", ["5", None])
def test_an_interval_is_a_number(qt: Implementation, interval: Any) -> None:
    with pytest.raises(TypeError):
        qt.QTimer().start(interval)
    with pytest.raises(TypeError):
        qt.QTimer().setInterval(interval)


def test_a_fraction_of_a_millisecond_is_cut_off(qt: Implementation) -> None:
    timer = qt.QTimer()
    timer.setInterval(5.7)
    assert timer.interval() == 5


def test_overridden_timer_event(qt: Implementation, recorder: Recorder) -> None:
    class Mine(qt.QTimer):
        def timerEvent(self, event: Any) -> None:
            recorder(event.timerId() == self.timerId())

    mine = Mine()
    mine.timeout.connect(lambda: recorder("signal"))
    mine.start(0)
    qt.QCoreApplication.processEvents()
    mine.stop()
    assert recorder.calls == [(True,)]


def test_block_signals_silences_a_timer(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(timeout=recorder, interval=0)
    timer.blockSignals(True)
    timer.start()
    qt.spin(5)
    timer.stop()
    assert recorder.calls == []


# Threads.


def test_starting_from_another_thread_warns(qt: Implementation, recorder: Recorder, messages: list[str]) -> None:
    timer = qt.QTimer(timeout=recorder)
    runner = threading.Thread(target=lambda: timer.start(1))
    runner.start()
    runner.join()
    assert len(messages) >= 1
    qt.spin(10)
    assert recorder.calls == []


def test_a_timer_moves_along(qt: Implementation, thread: Any) -> None:
    threads = []

    class Owner(qt.QObject):
        def __init__(self) -> None:
            super().__init__()
            self.timer = qt.QTimer(self, interval=1)
            self.timer.timeout.connect(self.slot)
            self.timer.start()

        def slot(self) -> None:
            threads.append(threading.get_ident())

    owner = Owner()
    owner.moveToThread(thread)
    assert qt.wait(lambda: len(threads) >= 2)
    assert threading.get_ident() not in threads
    owner.deleteLater()


# QTimer.singleShot.


def test_single_shot_calls_a_function(qt: Implementation, recorder: Recorder) -> None:
    qt.QTimer.singleShot(1, recorder)
    assert recorder.calls == []
    assert qt.wait(lambda: recorder.calls)
    qt.spin(5)
    assert recorder.calls == [()]


def test_single_shot_zero_waits_for_the_loop(qt: Implementation, recorder: Recorder) -> None:
    qt.QTimer.singleShot(0, recorder)
    assert recorder.calls == []
    qt.QCoreApplication.processEvents()
    assert recorder.calls == [()]


def test_single_shot_methods(qt: Implementation, receiver: Any) -> None:
    qt.QTimer.singleShot(0, receiver.nothing)
    qt.QTimer.singleShot(0, receiver.empty)
    qt.QTimer.singleShot(0, receiver, receiver.nothing)
    assert qt.wait(lambda: len(receiver.calls) == 3)
    assert sorted(receiver.calls) == ["empty", "nothing", "nothing"]


def test_single_shot_by_slot_name(qt: Implementation, receiver: Any) -> None:
    qt.QTimer.singleShot(0, receiver, qt.SLOT("empty()"))
    qt.QTimer.singleShot(0, qt.Qt.TimerType.PreciseTimer, receiver, qt.SLOT("empty()"))
    assert qt.wait(lambda: len(receiver.calls) == 2)


def test_single_shot_emits_a_signal(qt: Implementation, source: Any, recorder: Recorder) -> None:
    source.bare.connect(recorder)
    qt.QTimer.singleShot(0, source.bare.emit)
    assert qt.wait(lambda: recorder.calls)


def test_single_shot_keeps_a_function_but_not_its_context(qt: Implementation, recorder: Recorder) -> None:
    context = qt.QObject()
    qt.QTimer.singleShot(0, context, lambda: recorder("context"))
    qt.QTimer.singleShot(0, lambda: recorder("function"))
    del context
    qt.spin(10)
    assert recorder.calls == [("function",)]


def test_single_shot_runs_in_the_contexts_thread(qt: Implementation, thread: Any) -> None:
    context = qt.QObject()
    context.moveToThread(thread)
    threads: list[int] = []
    qt.QTimer.singleShot(0, context, lambda: threads.append(threading.get_ident()))
    qt.QTimer.singleShot(5, context, lambda: threads.append(threading.get_ident()))
    assert qt.wait(lambda: len(threads) == 2)
    assert threading.get_ident() not in threads


def test_single_shot_with_a_negative_delay(qt: Implementation, recorder: Recorder, messages: list[str]) -> None:
    qt.QTimer.singleShot(-1, recorder)
    assert len(messages) == 1
    assert qt.wait(lambda: recorder.calls)


@pytest.mark.parametrize("args", [(), (0,), (0, 3), ("x", print), (0, None)])
def test_single_shot_needs_a_delay_and_a_callable(qt: Implementation, args: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        qt.QTimer.singleShot(*args)


def test_an_exception_in_a_timers_slot(qt: Implementation, recorder: Recorder, slot_errors: list[Any]) -> None:
    def bad() -> None:
        raise ValueError("on purpose")

    qt.QTimer.singleShot(0, bad)
    timer = qt.QTimer(interval=0)
    timer.timeout.connect(bad)
    timer.timeout.connect(timer.stop)
    timer.timeout.connect(recorder)
    timer.start()
    qt.spin(10)
    assert len(recorder) == 1
    assert [type(e) for e in slot_errors] == [ValueError, ValueError]


def test_many_timers(qt: Implementation) -> None:
    fired: list[int] = []
    timers = []
    for i in range(300):
        timer = qt.QTimer(singleShot=True, interval=i % 7)
        timer.timeout.connect(lambda i=i: fired.append(i))
        timer.start()
        timers.append(timer)
    for timer in timers[::3]:
        timer.stop()
    assert qt.wait(lambda: len(fired) == 200)
    assert sorted(fired) == [i for i in range(300) if i % 3]


# QBasicTimer.


def test_basic_timer(qt: Implementation) -> None:
    ids = []

    class Target(qt.QObject):
        def timerEvent(self, event: Any) -> None:
            ids.append((event.timerId(), event.matches(basic)))

    target, basic = Target(), qt.QBasicTimer()
    assert (basic.isActive(), basic.timerId()) == (False, 0)
    basic.start(1, target)
    assert basic.isActive()
    number = basic.timerId()
    assert number > 0
    assert basic.id() == qt.Qt.TimerId(number)
    assert qt.wait(lambda: ids)
    assert ids[0] == (number, True)
    basic.stop()
    basic.stop()
    assert (basic.isActive(), basic.timerId()) == (False, 0)


def test_a_basic_timer_restarts(qt: Implementation) -> None:
    class Target(qt.QObject):
        count = 0

        def timerEvent(self, event: Any) -> None:
            self.count += 1

    target, basic = Target(), qt.QBasicTimer()
    basic.start(60_000, target)
    basic.start(1, qt.Qt.TimerType.PreciseTimer, target)
    assert qt.wait(lambda: target.count)
    basic.stop()


def test_basic_timers_swap(qt: Implementation) -> None:
    target = qt.QObject()
    a, b = qt.QBasicTimer(), qt.QBasicTimer()
    a.start(1000, target)
    number = a.timerId()
    a.swap(b)
    assert (a.isActive(), b.timerId()) == (False, number)
    b.stop()


def test_a_basic_timer_needs_a_number_and_an_object(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.QBasicTimer().start("x", qt.QObject())
    with pytest.raises(TypeError):
        qt.QBasicTimer().start(1, 3)


# QChronoTimer.


@pytest.mark.qnet("PySide6 does not wrap QChronoTimer")
def test_chrono_timer(qt: Implementation, recorder: Recorder) -> None:
    from datetime import timedelta

    timer = qt.QChronoTimer(timedelta(microseconds=500))
    assert timer.interval() == 500_000
    timer.timeout.connect(recorder)
    timer.start()
    assert timer.isActive()
    assert qt.wait(lambda: len(recorder) >= 2)
    timer.stop()
    assert not timer.isActive()
    timer.setInterval(timedelta(hours=1))
    timer.setSingleShot(True)
    timer.start()
    assert 3000 * 10**9 < timer.remainingTime() <= 3600 * 10**9
    timer.stop()
