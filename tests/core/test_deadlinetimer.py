"""QDeadlineTimer: moments, their arithmetic and where "never" begins."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

FOREVER = 2**63 - 1
INT64 = st.integers(min_value=-(2**63), max_value=2**63 - 1)


def at(qt: Any, nanoseconds: int) -> Any:
    """A deadline at that moment of the clock."""
    timer = qt.QDeadlineTimer()
    timer.setPreciseDeadline(0, nanoseconds)
    return timer


def test_default_has_expired(qt: Any) -> None:
    timer = qt.QDeadlineTimer()
    assert timer.hasExpired()
    assert not timer.isForever()
    assert (timer.deadline(), timer.deadlineNSecs()) == (0, 0)
    assert (timer.remainingTime(), timer.remainingTimeNSecs()) == (0, 0)
    assert timer.timerType() == qt.Qt.TimerType.CoarseTimer


def test_timer_type_alone_has_expired(qt: Any) -> None:
    timer = qt.QDeadlineTimer(qt.Qt.TimerType.PreciseTimer)
    assert timer.hasExpired()
    assert timer.deadline() == 0
    assert timer.timerType() == qt.Qt.TimerType.PreciseTimer


def forever_cases(qt: Any) -> list[Any]:
    timer = qt.QDeadlineTimer
    set_to = [timer(), timer(), timer(), timer()]
    set_to[0].setRemainingTime(-1)
    set_to[1].setPreciseRemainingTime(-3, 5)
    set_to[2].setDeadline(FOREVER)
    set_to[3].setPreciseDeadline(FOREVER)
    return [timer(timer.ForeverConstant.Forever), timer(timer.Forever), timer(-1), timer(-77), *set_to]


def test_forever(qt: Any) -> None:
    for timer in forever_cases(qt):
        assert timer.isForever()
        assert not timer.hasExpired()
        assert (timer.deadline(), timer.deadlineNSecs()) == (FOREVER, FOREVER)
        assert (timer.remainingTime(), timer.remainingTimeNSecs()) == (-1, -1)


def test_remaining_time_rounds_up(qt: Any) -> None:
    timer = qt.QDeadlineTimer(60_000)
    assert 0 < timer.remainingTime() <= 60_000
    left = timer.remainingTimeNSecs()
    assert -(-left // 10**6) >= timer.remainingTime()
    assert timer.remainingTime() * 10**6 >= timer.remainingTimeNSecs()
    assert not timer.hasExpired()


def test_it_is_the_monotonic_clock(qt: Any) -> None:
    before = time.monotonic_ns()
    now = qt.QDeadlineTimer.current()
    later = qt.QDeadlineTimer(1000)
    after = time.monotonic_ns()
    assert before <= now.deadlineNSecs() <= after
    assert before <= later.deadlineNSecs() - 10**9 <= after
    assert now.hasExpired()


def test_expires(qt: Any) -> None:
    timer = qt.QDeadlineTimer(15)
    early = timer.hasExpired()
    assert early is False or time.monotonic_ns() >= timer.deadlineNSecs()
    time.sleep(timer.remainingTimeNSecs() / 1e9 + 0.001)
    assert timer.hasExpired()
    assert (timer.remainingTime(), timer.remainingTimeNSecs()) == (0, 0)


def test_no_time_at_all_is_before_every_other_moment(qt: Any) -> None:
    timer = qt.QDeadlineTimer(0)
    assert timer.hasExpired()
    assert timer.remainingTime() == 0
    assert (timer.deadline(), timer.deadlineNSecs()) == (-(2**63), -(2**63))
    assert timer < qt.QDeadlineTimer()
    timer = qt.QDeadlineTimer()
    timer.setPreciseRemainingTime(0, 0)
    assert timer == 0


def test_types_are_kept(qt: Any) -> None:
    kinds = qt.Qt.TimerType
    timer = qt.QDeadlineTimer(100, kinds.PreciseTimer)
    assert timer.timerType() == kinds.PreciseTimer
    assert qt.QDeadlineTimer(100, type=kinds.VeryCoarseTimer).timerType() == kinds.VeryCoarseTimer
    forever = qt.QDeadlineTimer.ForeverConstant.Forever
    assert qt.QDeadlineTimer(forever, kinds.PreciseTimer).timerType() == kinds.PreciseTimer
    assert qt.QDeadlineTimer.current(kinds.PreciseTimer).timerType() == kinds.PreciseTimer
    assert qt.QDeadlineTimer.addNSecs(timer, 5).timerType() == kinds.PreciseTimer
    timer.setTimerType(kinds.CoarseTimer)
    assert timer.timerType() == kinds.CoarseTimer
    timer.setRemainingTime(5, kinds.PreciseTimer)
    assert timer.timerType() == kinds.PreciseTimer
    timer.setRemainingTime(5)
    assert timer.timerType() == kinds.CoarseTimer


@pytest.mark.parametrize(
    ("secs", "nsecs", "msecs_read", "nsecs_read"),
    [
        (5, 0, 5000, 5 * 10**9),
        (5, 7, 5000, 5 * 10**9 + 7),
        (5, 7 * 10**9, 12_000, 12 * 10**9),
        (5, -7, 4999, 5 * 10**9 - 7),
        (-1, 0, -1000, -(10**9)),
        (0, -1, 0, -1),
        (0, -1_000_001, -1, -1_000_001),
    ],
)
def test_precise_deadline(qt: Any, secs: int, nsecs: int, msecs_read: int, nsecs_read: int) -> None:
    timer = qt.QDeadlineTimer()
    timer.setPreciseDeadline(secs, nsecs)
    assert (timer.deadline(), timer.deadlineNSecs()) == (msecs_read, nsecs_read)


def test_set_deadline(qt: Any) -> None:
    timer = qt.QDeadlineTimer()
    timer.setDeadline(5, timerType=qt.Qt.TimerType.PreciseTimer)
    assert (timer.deadlineNSecs(), timer.timerType()) == (5_000_000, qt.Qt.TimerType.PreciseTimer)
    timer.setDeadline(-1)
    assert (timer.deadlineNSecs(), timer.isForever()) == (-1_000_000, False)


def test_precise_remaining_time(qt: Any) -> None:
    timer = qt.QDeadlineTimer()
    before = time.monotonic_ns()
    timer.setPreciseRemainingTime(60, 500_000_007)
    assert before <= timer.deadlineNSecs() - 60_500_000_007 <= time.monotonic_ns()
    timer.setPreciseRemainingTime(0, -5)
    assert timer.hasExpired()


def test_add_nanoseconds(qt: Any) -> None:
    add = qt.QDeadlineTimer.addNSecs
    timer = at(qt, 1000)
    assert add(timer, 5).deadlineNSecs() == 1005
    assert add(timer, -5).deadlineNSecs() == 995
    assert timer.deadlineNSecs() == 1000
    assert add(qt.QDeadlineTimer.Forever, -5).isForever()
    before = time.monotonic_ns()
    later = add(100, 10**9)
    assert before <= later.deadlineNSecs() - 1100 * 10**6 <= time.monotonic_ns()


def test_what_passes_the_largest_number_is_never(qt: Any) -> None:
    assert qt.QDeadlineTimer(2**60).isForever()
    assert qt.QDeadlineTimer.addNSecs(qt.QDeadlineTimer(1000), 2**63 - 1).isForever()
    timer = qt.QDeadlineTimer()
    timer.setDeadline(2**62)
    assert timer.isForever()
    assert not qt.QDeadlineTimer(2**40).isForever()


def test_comparison_is_by_moment(qt: Any) -> None:
    timer = qt.QDeadlineTimer
    early, late, never = at(qt, 5), at(qt, 6), timer(timer.ForeverConstant.Forever)
    precise = timer(early)
    precise.setTimerType(qt.Qt.TimerType.PreciseTimer)
    assert early == precise
    assert early != late
    assert early < late < never
    assert early <= late <= never
    assert never >= timer(-1)
    assert never == timer.ForeverConstant.Forever
    assert never == -1
    assert early < 1000
    assert early != "text"


def test_unhashable(qt: Any) -> None:
    with pytest.raises(TypeError):
        hash(qt.QDeadlineTimer())


def test_minus_milliseconds(qt: Any) -> None:
    assert (at(qt, 5_000_007) - 2).deadlineNSecs() == 3_000_007


def test_plus_milliseconds(qt: Any) -> None:
    assert (2 + at(qt, 7)).deadlineNSecs() == 2_000_007
    assert (3 + qt.QDeadlineTimer(-1)).isForever()


@pytest.mark.qnet("PySide6 6.10 raises SyntaxError for deadline + int")
def test_plus_from_the_right(qt: Any) -> None:
    assert (at(qt, 7) + 2).deadlineNSecs() == 2_000_007
    assert (at(qt, 7) + FOREVER).isForever()


def test_difference_of_deadlines_is_in_milliseconds(qt: Any) -> None:
    assert at(qt, 9_000_000) - at(qt, 2_000_000) == 7
    assert at(qt, 2_000_000) - at(qt, 9_000_000) == -7


def test_in_place_operators_change_the_object(qt: Any) -> None:
    timer = other = at(qt, 0)
    timer += 5
    assert timer is other
    assert other.deadline() == 5
    timer -= 2
    assert timer is other
    assert other.deadline() == 3


def test_copies(qt: Any) -> None:
    timer = qt.QDeadlineTimer(5000, qt.Qt.TimerType.PreciseTimer)
    for twin in (qt.QDeadlineTimer(timer), copy.copy(timer)):
        assert twin == timer
        assert twin.timerType() == timer.timerType()
        twin += 5
        assert twin != timer


def test_swap(qt: Any) -> None:
    first = qt.QDeadlineTimer(qt.Qt.TimerType.PreciseTimer)
    second = qt.QDeadlineTimer(-1)
    first.swap(second)
    assert first.isForever()
    assert not second.isForever()
    assert second.timerType() == qt.Qt.TimerType.PreciseTimer


@pytest.mark.parametrize(
    "call",
    [
        lambda qt, timer: qt.QDeadlineTimer("x"),
        lambda qt, timer: timer.setRemainingTime("x"),
        lambda qt, timer: timer.setTimerType("x"),
        lambda qt, timer: timer.setDeadline(5, "x"),
        lambda qt, timer: qt.QDeadlineTimer.addNSecs(timer, "x"),
        lambda qt, timer: timer.swap("x"),
    ],
)
def test_wrong_types(qt: Any, call: Callable[[Any, Any], Any]) -> None:
    timer = qt.QDeadlineTimer()
    with pytest.raises(TypeError):
        call(qt, timer)
    assert timer == qt.QDeadlineTimer()


@pytest.mark.qnet("PySide6 6.10 raises NotImplementedError or OverflowError")
def test_operators_with_wrong_types(qt: Any) -> None:
    with pytest.raises(TypeError):
        assert qt.QDeadlineTimer() < "text"
    with pytest.raises(TypeError):
        qt.QDeadlineTimer() + 1.5
    with pytest.raises(TypeError):
        qt.QDeadlineTimer() - "text"
    with pytest.raises(TypeError):
        qt.QDeadlineTimer(1.5)


@given(start=INT64, nsecs=INT64)
def test_sums_saturate(qt: Any, start: int, nsecs: int) -> None:
    total = qt.QDeadlineTimer.addNSecs(at(qt, start), nsecs).deadlineNSecs()
    expected = FOREVER if start == FOREVER else min(start + nsecs, FOREVER)
    if start + nsecs >= -(2**63):  # below the range nothing is documented
        assert total == expected


@pytest.mark.qnet("about repr()")
def test_repr(qt: Any) -> None:
    assert repr(qt.QDeadlineTimer(-1)) == "<QDeadlineTimer forever, CoarseTimer>"
    assert repr(qt.QDeadlineTimer()) == "<QDeadlineTimer 0 ms left, CoarseTimer>"
