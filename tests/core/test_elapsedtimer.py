"""QElapsedTimer: the stopwatch."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest


def started(qt: Any) -> Any:
    timer = qt.QElapsedTimer()
    assert timer.start() is None
    return timer


def test_clock(qt: Any) -> None:
    assert qt.QElapsedTimer.clockType() == qt.QElapsedTimer.ClockType.MonotonicClock
    assert qt.QElapsedTimer.isMonotonic() is True
    values = [m.value for m in qt.QElapsedTimer.ClockType]
    assert values == [0, 1, 2, 3, 4]


def test_measures_the_monotonic_clock(qt: Any) -> None:
    before = time.monotonic_ns()
    timer = started(qt)
    after = time.monotonic_ns()
    assert before // 10**6 <= timer.msecsSinceReference() <= after // 10**6
    low = time.monotonic_ns() - after
    measured = timer.nsecsElapsed()
    assert low <= measured <= time.monotonic_ns() - before
    elapsed = timer.elapsed()
    assert measured // 10**6 <= elapsed <= (time.monotonic_ns() - before) // 10**6


def test_restart_returns_what_had_elapsed(qt: Any) -> None:
    timer = started(qt)
    time.sleep(0.02)
    middle = time.monotonic_ns()
    assert timer.restart() >= 20
    elapsed = timer.elapsed()
    assert elapsed <= (time.monotonic_ns() - middle) // 10**6
    assert timer.isValid()


def test_validity(qt: Any) -> None:
    timer = qt.QElapsedTimer()
    assert not timer.isValid()
    timer.start()
    assert timer.isValid()
    timer.invalidate()
    assert not timer.isValid()
    timer.restart()
    assert timer.isValid()


def test_has_expired(qt: Any) -> None:
    timer = started(qt)
    time.sleep(0.012)
    assert timer.hasExpired(0)
    assert timer.hasExpired(10)
    assert not timer.hasExpired(60_000)
    assert not timer.hasExpired(-1)


def test_invalid_timer_has_expired_unless_the_limit_is_infinite(qt: Any) -> None:
    timer = qt.QElapsedTimer()
    assert timer.hasExpired(5)
    assert not timer.hasExpired(-1)


@pytest.mark.qnet("undefined in Qt, where it is a number of some 290 years")
def test_invalid_timer_measures_minus_one(qt: Any) -> None:
    timer = qt.QElapsedTimer()
    assert (timer.elapsed(), timer.nsecsElapsed(), timer.restart()) == (-1, -1, -1)


def test_distance_of_two_timers(qt: Any) -> None:
    before = time.monotonic_ns()
    first = started(qt)
    time.sleep(1.05)
    second = started(qt)
    distance = first.msecsTo(second)
    assert 1050 <= distance <= (time.monotonic_ns() - before) // 10**6 + 1
    assert second.msecsTo(first) == -distance
    seconds = distance // 1000
    assert (first.secsTo(second), second.secsTo(first), first.secsTo(first)) == (seconds, -seconds, 0)


def test_equality_and_copies(qt: Any) -> None:
    timer = started(qt)
    for twin in (qt.QElapsedTimer(timer), copy.copy(timer)):
        assert twin == timer
        assert (twin != timer) is False
    time.sleep(0.001)
    assert timer != started(qt)
    assert qt.QElapsedTimer() == qt.QElapsedTimer()
    assert timer != "text"
    with pytest.raises(TypeError):
        hash(timer)


@pytest.mark.qnet("PySide6 lists the operators and raises TypeError")
def test_order_is_that_of_the_start(qt: Any) -> None:
    first = started(qt)
    time.sleep(0.001)
    second = started(qt)
    assert first < second
    assert second >= first
    assert qt.QElapsedTimer() < first
    with pytest.raises(TypeError):
        assert first < 3


def test_wrong_types(qt: Any) -> None:
    timer = started(qt)
    for call in (timer.hasExpired, timer.msecsTo, timer.secsTo, qt.QElapsedTimer):
        with pytest.raises(TypeError):
            call("text")


@pytest.mark.qnet("about repr()")
def test_repr(qt: Any) -> None:
    assert repr(qt.QElapsedTimer()) == "<QElapsedTimer invalid>"
    assert repr(started(qt)).endswith(" ms>")
