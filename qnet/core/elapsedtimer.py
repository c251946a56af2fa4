"""QElapsedTimer: a stopwatch on the monotonic clock (https://doc.qt.io/qt-6/qelapsedtimer.html)."""

from __future__ import annotations

import functools
import time

from qnet.core._enums import QtEnum, flat_enums

__all__ = ["QElapsedTimer"]

_INVALID = -(2**63)
_MS = 1_000_000


def _divide(value: int, unit: int) -> int:
    """Integer division that rounds towards zero, as Qt's clocks do."""
    return value // unit if value >= 0 else -(-value // unit)


@flat_enums
@functools.total_ordering
class QElapsedTimer:
    """Measures the time since `start` on a clock that changes of the system's time do not touch.

    ``QElapsedTimer(other)`` copies. Timers compare by the moment they were started; one that was never
    started is invalid and before all others.
    """

    class ClockType(QtEnum):
        """The clocks that Qt knows; here it is always MonotonicClock."""

        SystemTime = 0
        MonotonicClock = 1
        TickCounter = 2
        MachAbsoluteTime = 3
        PerformanceCounter = 4

    __slots__ = ("__weakref__", "_start")

    def __init__(self, other: QElapsedTimer | None = None, /) -> None:
        if other is not None and not isinstance(other, QElapsedTimer):
            raise TypeError(f"QElapsedTimer takes another one to copy, not {type(other).__name__}")
        self._start: int = _INVALID if other is None else other._start

    @staticmethod
    def clockType() -> QElapsedTimer.ClockType:
        """The clock that all timers use: MonotonicClock."""
        return QElapsedTimer.ClockType.MonotonicClock

    @staticmethod
    def isMonotonic() -> bool:
        """True: the clock never goes back."""
        return True

    def start(self) -> None:
        """Begin to measure from now."""
        self._start = time.monotonic_ns()

    def restart(self) -> int:
        """Begin to measure from now; returns what `elapsed` was until now."""
        now = time.monotonic_ns()
        before = -1 if self._start == _INVALID else _divide(now - self._start, _MS)
        self._start = now
        return before

    def invalidate(self) -> None:
        """Make the timer invalid until the next `start`."""
        self._start = _INVALID

    def isValid(self) -> bool:
        """Whether the timer was started (and not invalidated since)."""
        return self._start != _INVALID

    def elapsed(self) -> int:
        """Milliseconds since the start; -1 if the timer is invalid, which Qt leaves undefined."""
        if self._start == _INVALID:
            return -1
        return (time.monotonic_ns() - self._start) // _MS

    def nsecsElapsed(self) -> int:
        """Nanoseconds since the start; -1 if the timer is invalid, which Qt leaves undefined."""
        if self._start == _INVALID:
            return -1
        return time.monotonic_ns() - self._start

    def hasExpired(self, timeout: int, /) -> bool:
        """Whether more than *timeout* milliseconds have passed since the start.

        A negative *timeout* never passes; for an invalid timer any other has.
        """
        if not isinstance(timeout, int):
            raise TypeError(f"a timeout is an int in milliseconds, not {type(timeout).__name__}")
        if timeout < 0:
            return False
        return self._start == _INVALID or self.elapsed() > timeout

    def msecsSinceReference(self) -> int:
        """Milliseconds between the clock's zero (usually the start of the system) and the timer's start."""
        return _divide(self._start, _MS)

    def msecsTo(self, other: QElapsedTimer, /) -> int:
        """Milliseconds from this timer's start to *other*'s, negative if that one started first."""
        return _divide(self._distance(other), _MS)

    def secsTo(self, other: QElapsedTimer, /) -> int:
        """Full seconds from this timer's start to *other*'s, negative if that one started first."""
        return _divide(self._distance(other), 1000 * _MS)

    def _distance(self, other: QElapsedTimer) -> int:
        if not isinstance(other, QElapsedTimer):
            raise TypeError(f"expected a QElapsedTimer, not {type(other).__name__}")
        return other._start - self._start

    def __copy__(self) -> QElapsedTimer:
        return type(self)(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QElapsedTimer):
            return NotImplemented
        return self._start == other._start

    def __lt__(self, other: QElapsedTimer) -> bool:
        if not isinstance(other, QElapsedTimer):
            return NotImplemented
        return self._start < other._start

    __hash__ = None  # type: ignore[assignment]  # as in PySide6: the value changes with every start

    def __repr__(self) -> str:
        state = f"{self.elapsed()} ms" if self.isValid() else "invalid"
        return f"<QElapsedTimer {state}>"
