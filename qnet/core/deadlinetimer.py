"""QDeadlineTimer: a moment on the monotonic clock (https://doc.qt.io/qt-6/qdeadlinetimer.html).

The deadline is kept as integer nanoseconds of `time.monotonic_ns`. The largest 64-bit number stands for
"never", and whatever would pass it is "never" too; the smallest is what "no time at all" gives.
"""

from __future__ import annotations

import functools
import threading
import time
from typing import TypeAlias, overload

from qnet.core._enums import QtEnum, flat_enums
from qnet.core.namespace import Qt

__all__ = ["Deadline", "QDeadlineTimer", "seconds_left", "to_deadline"]

_FOREVER = 2**63 - 1
_EXPIRED = -(2**63)
_MS = 1_000_000
_SECOND = 1_000_000_000


def _integer(value: object, what: str) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    return value


def _clamped(nanoseconds: int) -> int:
    return min(max(nanoseconds, _EXPIRED), _FOREVER)


def _milliseconds(nanoseconds: int) -> int:
    """Rounded towards zero, as Qt's clocks do; the two special values stay themselves."""
    if nanoseconds in (_FOREVER, _EXPIRED):
        return nanoseconds
    return nanoseconds // _MS if nanoseconds >= 0 else -(-nanoseconds // _MS)


@flat_enums
@functools.total_ordering
class QDeadlineTimer:
    """A moment that comes once, for limits that several waits share.

    ``QDeadlineTimer()`` has expired, ``QDeadlineTimer(ms)`` comes in *ms* milliseconds (a negative number:
    never), ``QDeadlineTimer(QDeadlineTimer.Forever)`` never comes, ``QDeadlineTimer(timerType)`` has expired
    and ``QDeadlineTimer(other)`` copies. Deadlines compare by moment alone. Wherever one is expected, a
    number of milliseconds or ``Forever`` does as well.

    The timer type says how exact a wait for the deadline needs to be; here every wait is as exact as the
    system allows.
    """

    class ForeverConstant(QtEnum):
        """The deadline that never comes."""

        Forever = 0

    __slots__ = ("__weakref__", "_deadline", "_type")

    def __init__(
        self,
        msecs: int | Qt.TimerType | QDeadlineTimer.ForeverConstant | QDeadlineTimer | None = None,
        /,
        type: Qt.TimerType = Qt.TimerType.CoarseTimer,
    ) -> None:
        self._deadline = 0
        if isinstance(msecs, QDeadlineTimer):
            self._deadline = msecs._deadline
            type = msecs._type
        elif isinstance(msecs, QDeadlineTimer.ForeverConstant):
            self._deadline = _FOREVER
        elif isinstance(msecs, Qt.TimerType):
            type = msecs
        elif msecs is not None:
            self.setRemainingTime(msecs, type)
        self.setTimerType(type)

    @staticmethod
    def current(timerType: Qt.TimerType = Qt.TimerType.CoarseTimer) -> QDeadlineTimer:
        """A deadline of this very moment: it has expired, and differences to it are times from now."""
        timer = QDeadlineTimer(timerType)
        timer._deadline = time.monotonic_ns()
        return timer

    @staticmethod
    def addNSecs(dt: Deadline, nsecs: int, /) -> QDeadlineTimer:
        """A deadline *nsecs* nanoseconds after *dt*; one that never comes stays so."""
        timer = QDeadlineTimer(to_deadline(dt))
        timer._move(_integer(nsecs, "nsecs"))
        return timer

    def _move(self, nanoseconds: int) -> None:
        if self._deadline != _FOREVER:
            self._deadline = _clamped(self._deadline + nanoseconds)

    def isForever(self) -> bool:
        """Whether the deadline never comes."""
        return self._deadline == _FOREVER

    def hasExpired(self) -> bool:
        """Whether the deadline has come."""
        return self._deadline != _FOREVER and self._deadline <= time.monotonic_ns()

    def timerType(self) -> Qt.TimerType:
        """How exact a wait for it needs to be."""
        return self._type

    def setTimerType(self, type: Qt.TimerType, /) -> None:
        """Say how exact a wait for the deadline needs to be; the deadline stays."""
        if not isinstance(type, Qt.TimerType):
            raise TypeError(f"expected a Qt.TimerType, not {type!r}")
        self._type = type

    def deadline(self) -> int:
        """The moment in milliseconds of the monotonic clock; 2**63 - 1 if it never comes."""
        return _milliseconds(self._deadline)

    def deadlineNSecs(self) -> int:
        """The moment in nanoseconds of the monotonic clock; 2**63 - 1 if it never comes."""
        return self._deadline

    def remainingTime(self) -> int:
        """Milliseconds until the deadline, rounded up; 0 once it has come, -1 if it never does."""
        left = self.remainingTimeNSecs()
        return -1 if left < 0 else -(-left // _MS)

    def remainingTimeNSecs(self) -> int:
        """Nanoseconds until the deadline; 0 once it has come, -1 if it never does."""
        if self._deadline == _FOREVER:
            return -1
        return max(self._deadline - time.monotonic_ns(), 0)

    def setDeadline(self, msecs: int, /, timerType: Qt.TimerType = Qt.TimerType.CoarseTimer) -> None:
        """Set the moment in milliseconds of the monotonic clock; 2**63 - 1 never comes."""
        self.setTimerType(timerType)
        self._deadline = _clamped(_integer(msecs, "msecs") * _MS)

    def setPreciseDeadline(self, secs: int, /, nsecs: int = 0, type: Qt.TimerType = Qt.TimerType.CoarseTimer) -> None:
        """Set the moment to *secs* seconds and *nsecs* nanoseconds of the monotonic clock."""
        self.setTimerType(type)
        self._deadline = _clamped(_integer(secs, "secs") * _SECOND + _integer(nsecs, "nsecs"))

    def setRemainingTime(self, msecs: int, /, type: Qt.TimerType = Qt.TimerType.CoarseTimer) -> None:
        """Let the deadline come *msecs* milliseconds from now; a negative number: never."""
        self.setTimerType(type)
        self._set_remaining(_integer(msecs, "msecs"), msecs * _MS)

    def setPreciseRemainingTime(
        self, secs: int, /, nsecs: int = 0, type: Qt.TimerType = Qt.TimerType.CoarseTimer
    ) -> None:
        """Let it come *secs* seconds and *nsecs* nanoseconds from now; negative *secs*: never."""
        self.setTimerType(type)
        self._set_remaining(_integer(secs, "secs"), secs * _SECOND + _integer(nsecs, "nsecs"))

    def _set_remaining(self, sign: int, nanoseconds: int) -> None:
        if sign < 0:
            self._deadline = _FOREVER
        elif nanoseconds == 0:
            self._deadline = _EXPIRED
        else:
            self._deadline = _clamped(time.monotonic_ns() + nanoseconds)

    def swap(self, other: QDeadlineTimer, /) -> None:
        """Exchange moment and type with *other*."""
        if not isinstance(other, QDeadlineTimer):
            raise TypeError(f"expected a QDeadlineTimer, not {type(other).__name__}")
        self._deadline, other._deadline = other._deadline, self._deadline
        self._type, other._type = other._type, self._type

    def __copy__(self) -> QDeadlineTimer:
        return type(self)(self)

    def __add__(self, msecs: int) -> QDeadlineTimer:
        if not isinstance(msecs, int):
            return NotImplemented
        timer = QDeadlineTimer(self)
        timer._move(msecs * _MS)
        return timer

    __radd__ = __add__

    @overload
    def __sub__(self, other: QDeadlineTimer, /) -> int: ...
    @overload
    def __sub__(self, other: int, /) -> QDeadlineTimer: ...
    def __sub__(self, other: QDeadlineTimer | int, /) -> QDeadlineTimer | int:
        """Minus milliseconds: an earlier deadline. Minus a deadline: the milliseconds between the two."""
        if isinstance(other, QDeadlineTimer):
            return self.deadline() - other.deadline()
        return self + -other if isinstance(other, int) else NotImplemented

    def __iadd__(self, msecs: int) -> QDeadlineTimer:  # in place, as in Qt: all references see it
        if not isinstance(msecs, int):
            return NotImplemented
        self._move(msecs * _MS)
        return self

    def __isub__(self, msecs: int) -> QDeadlineTimer:  # type: ignore[misc]  # "-" takes a deadline too
        return self.__iadd__(-msecs) if isinstance(msecs, int) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (QDeadlineTimer, int)):
            return NotImplemented
        return self._deadline == to_deadline(other)._deadline

    def __lt__(self, other: Deadline) -> bool:
        if not isinstance(other, (QDeadlineTimer, int)):
            return NotImplemented
        return self._deadline < to_deadline(other)._deadline

    __hash__ = None  # type: ignore[assignment]  # as in PySide6: += changes the value

    def __repr__(self) -> str:
        state = "forever" if self.isForever() else f"{self.remainingTime()} ms left"
        return f"<QDeadlineTimer {state}, {self._type.name}>"


Deadline: TypeAlias = QDeadlineTimer | QDeadlineTimer.ForeverConstant | int | float
"""What a wait takes as its limit: a deadline, ``Forever`` or milliseconds (negative: for ever; whole ones count)."""


def to_deadline(limit: Deadline) -> QDeadlineTimer:
    """*limit* as a deadline; TypeError if it is none of the three."""
    if isinstance(limit, QDeadlineTimer):
        return limit
    if isinstance(limit, int) and not isinstance(limit, Qt.TimerType):
        return QDeadlineTimer(limit)
    if isinstance(limit, float):  # seconds * 1000, as programs reckon
        return QDeadlineTimer(int(limit))
    raise TypeError(f"expected milliseconds (int) or a QDeadlineTimer, not {type(limit).__name__}")


def seconds_left(limit: Deadline) -> float | None:
    """The seconds until *limit*, as `threading` wants a timeout; None if it never comes."""
    if limit == 0 and isinstance(limit, int):  # just a try, the common case
        return None if isinstance(limit, QDeadlineTimer.ForeverConstant) else 0.0
    left = to_deadline(limit).remainingTimeNSecs()
    return None if left < 0 else min(left / _SECOND, threading.TIMEOUT_MAX)
