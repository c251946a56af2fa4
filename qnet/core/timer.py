"""QTimer, QChronoTimer and QBasicTimer.

An active timer is held by its thread's timer queue, so that it ticks although nobody else refers to it.

Sources: https://doc.qt.io/qt-6/qtimer.html, https://doc.qt.io/qt-6/qchronotimer.html,
https://doc.qt.io/qt-6/qbasictimer.html.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import FunctionType
from typing import Any

from qnet.core import _delivery, _object_timers, _thread_data
from qnet.core._connections import split
from qnet.core._delivery import deliver
from qnet.core._object_timers import checked_interval, interval_ns, remaining_ms
from qnet.core._post import post_to_data
from qnet.core._thread_data import ObjectData, ThreadData
from qnet.core._timers import TimerEntry
from qnet.core.event import QTimerEvent
from qnet.core.logging import qWarning
from qnet.core.namespace import Qt
from qnet.core.object import QObject
from qnet.core.signals import Signal, SignalInstance

__all__ = ["QBasicTimer", "QChronoTimer", "QTimer"]

_MILLISECOND = 1_000_000
_QUICK_MS = 1 << 32  # far below what interval_ns() would have to cut


def _nothing() -> None:
    """What a stopped timer's entry calls, should it ever."""


class _Timer(QObject):
    """What QTimer and QChronoTimer share: an entry in the timer queue of the object's thread."""

    timeout = Signal()
    _q_timeout = timeout.hidden_alias()
    _q_properties = {
        "singleShot": ("isSingleShot", "setSingleShot"),
        "interval": ("interval", "setInterval"),
        "remainingTime": ("remainingTime", None),
        "timerType": ("timerType", "setTimerType"),
        "active": ("isActive", None),
    }

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_nanoseconds = 0
        self._q_single = False
        self._q_kind = Qt.TimerType.CoarseTimer
        self._q_id = 0
        self._q_entry: TimerEntry | None = None
        super().__init__(parent, **properties)

    def _q_start(self) -> None:
        thread = self._q.thread
        if thread is not _thread_data.current():
            qWarning("QObject::startTimer: Timers cannot be started from another thread")
            return
        entry = self._q_entry
        if entry is None:
            entry = self._q_entry = TimerEntry(0, self._q_fire, self._q_single)
        entry.interval = self._q_nanoseconds
        entry.single_shot = self._q_single
        self._q_id = _object_timers.next_id()
        thread.timers.start(entry)

    def _q_fire(self) -> None:
        if self._q_single:
            _Timer.stop(self)
        if (
            type(self).timerEvent is _Timer.timerEvent
            and type(self).event is QObject.event
            and "_q_filters" not in self.__dict__
            and not _delivery.observed
        ):
            self._q_timeout.emit()
        else:
            deliver(self, QTimerEvent(self._q_id))

    def timerEvent(self, event: QTimerEvent) -> None:
        """Emits `timeout`; an override sees every tick first."""
        self._q_timeout.emit()

    def stop(self) -> None:
        """Stop the timer; nothing happens if it is not active."""
        entry = self._q_entry
        if entry is not None:
            if entry.serial and self._q.thread is not _thread_data.current() and self._q.alive:
                qWarning("QObject::killTimer: Timers cannot be stopped from another thread")
                return
            self._q.thread.timers.stop(entry)
            self._q_entry = None
            entry.callback = _nothing  # the queue may keep the entry for a while: it must not keep this object
        self._q_id = 0

    def _q_finalize(self) -> None:
        entry, self._q_entry = self._q_entry, None
        if entry is not None:
            self._q.thread.timers.stop(entry)
            entry.callback = _nothing
        super()._q_finalize()

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        entry = self._q_entry
        super()._q_change_thread(source, target)
        if entry is not None and entry.serial:
            deadline = entry.deadline
            source.timers.stop(entry)
            post_to_data(self._q, self._q_resume, entry, deadline)

    def _q_resume(self, entry: TimerEntry, deadline: int) -> None:
        if entry is self._q_entry and not entry.serial:
            self._q.thread.timers.resume(entry, deadline)

    def isActive(self) -> bool:
        """Whether the timer runs."""
        return self._q_id != 0

    def isSingleShot(self) -> bool:
        """Whether the timer stops at its first tick."""
        return self._q_single

    def setSingleShot(self, singleShot: bool) -> None:
        """Whether the timer stops at its first tick; False by default."""
        self._q_single = bool(singleShot)
        if self._q_entry is not None:
            self._q_entry.single_shot = self._q_single

    def timerType(self) -> Qt.TimerType:
        """How exact the timer is."""
        return self._q_kind

    def setTimerType(self, atype: Qt.TimerType) -> None:
        """How exact the timer is, from its next start on; coarse by default."""
        if not isinstance(atype, Qt.TimerType):
            raise TypeError(f"the kind of a timer is a Qt.TimerType, not {type(atype).__name__}")
        self._q_kind = atype

    def _q_set_interval(self, nanoseconds: int) -> None:
        self._q_nanoseconds = nanoseconds
        if _Timer.isActive(self):
            single_id = self._q_id
            self._q_start()
            self._q_id = self._q_id or single_id


class QTimer(_Timer):
    """Emits `timeout` every `interval` milliseconds while it is active. Qt page: QTimer.

    An interval of 0 means once a turn of the event loop. Ticks that were missed collapse into one, and a
    timer does not tick inside its own slot.
    """

    def interval(self) -> int:
        """The interval in milliseconds."""
        return self._q_nanoseconds // _MILLISECOND

    def setInterval(self, msec: float | timedelta) -> None:
        """Set the interval, 0 or more milliseconds; an active timer starts anew."""
        self._q_set_interval(self._q_checked(msec))

    def _q_checked(self, msec: float | timedelta) -> int:
        if isinstance(msec, timedelta):
            msec = round(msec.total_seconds() * 1000)
        return interval_ns(checked_interval(msec, "QTimer::setInterval"), self._q_kind)

    def start(self, *msec: float | timedelta) -> None:
        """Start or restart the timer, with *msec*, if it is given, as its new interval."""
        if msec:
            (interval,) = msec
            self._q_nanoseconds = self._q_checked(interval)
        self._q_start()

    def remainingTime(self) -> int:
        """Milliseconds until the next tick: 0 if it is overdue, -1 if the timer is not active."""
        return remaining_ms(self._q_entry) if self._q_entry is not None else -1

    def intervalAsDuration(self) -> timedelta:
        """The interval as a timedelta."""
        return timedelta(milliseconds=QTimer.interval(self))

    def remainingTimeAsDuration(self) -> timedelta:
        """`remainingTime` as a timedelta."""
        return timedelta(milliseconds=QTimer.remainingTime(self))

    def timerId(self) -> int:
        """The id of the running timer, -1 if it is not active."""
        return self._q_id or -1

    def id(self) -> int:
        """The id of the running timer, 0 if it is not active."""
        return self._q_id

    @staticmethod
    def singleShot(msec: float, *args: Any) -> None:
        """Call a slot once, after *msec* milliseconds.

        The forms are ``(msec, slot)``, ``(msec, context, slot)``, and both with a `Qt.TimerType` behind
        *msec*. The slot is a callable (bound methods do not keep their object alive); it runs in the thread
        of *context*, whose loop also counts the time, or without one in this thread. ``(msec, receiver,
        SLOT("name()"))`` works too.
        """
        if len(args) == 1 and type(args[0]) is FunctionType and type(msec) is int and 0 <= msec <= _QUICK_MS:
            _thread_data.current().timers.call_once(msec * _MILLISECOND, args[0])
            return
        kind = Qt.TimerType.CoarseTimer
        if args and isinstance(args[0], Qt.TimerType):
            kind, args = args[0], args[1:]
        if len(args) not in (1, 2):
            raise TypeError("singleShot() wants (msec[, timerType][, context], slot)")
        msec = checked_interval(msec, "QTimer::singleShot")
        context, slot = args if len(args) == 2 else (None, args[0])
        _start_single_shot(interval_ns(msec, kind), context, slot)


class QChronoTimer(_Timer):
    """Like QTimer, with intervals in nanoseconds. Qt page: QChronoTimer.

    The first argument of the constructor may be the interval.
    """

    def __init__(self, *args: Any, **properties: Any) -> None:
        interval: int | timedelta | None = None
        if args and isinstance(args[0], (int, timedelta)):
            interval, args = args[0], args[1:]
        super().__init__(*args, **properties)
        if interval is not None:
            QChronoTimer.setInterval(self, interval)

    def interval(self) -> int:
        """The interval in nanoseconds."""
        return self._q_nanoseconds

    def setInterval(self, nsec: int | timedelta) -> None:
        """Set the interval, nanoseconds or a timedelta; an active timer starts anew."""
        if isinstance(nsec, timedelta):
            nsec = round(nsec.total_seconds() * 1_000_000_000)
        if not isinstance(nsec, int):
            raise TypeError(f"an interval is an int, nanoseconds, or a timedelta, not {type(nsec).__name__}")
        if nsec < 0:
            qWarning("QChronoTimer::setInterval: negative intervals aren't allowed; the interval will be set to 1ms")
            nsec = _MILLISECOND
        self._q_set_interval(nsec)

    def start(self) -> None:
        """Start or restart the timer."""
        self._q_start()

    def remainingTime(self) -> int:
        """Nanoseconds until the next tick: 0 if it is overdue, -1 if the timer is not active."""
        return self._q_entry.remaining() if self._q_entry is not None else -1

    def id(self) -> int:
        """The id of the running timer, 0 if it is not active."""
        return self._q_id


class QBasicTimer:
    """A timer without signals: it sends QTimerEvents to an object. Qt page: QBasicTimer."""

    def __init__(self) -> None:
        self._q_id = 0

    def isActive(self) -> bool:
        """Whether the timer runs."""
        return self._q_id != 0

    def start(self, msec: int, *args: Any) -> None:
        """Start or restart: ``start(msec, object)`` or ``start(msec, timerType, object)``."""
        kind, receiver = args if len(args) == 2 else (Qt.TimerType.CoarseTimer, *args)
        if isinstance(kind, QObject):  # the older order: (msec, object, timerType)
            kind, receiver = receiver, kind
        if not isinstance(receiver, QObject):
            raise TypeError(f"a basic timer sends events to a QObject, not to {type(receiver).__name__}")
        self.stop()
        self._q_id = QObject.startTimer(receiver, msec, kind)

    def stop(self) -> None:
        """Stop the timer; nothing happens if it is not active."""
        if self._q_id:
            _object_timers.kill(self._q_id)
            self._q_id = 0

    def timerId(self) -> int:
        """The id that the events carry, 0 if the timer is not active."""
        return self._q_id

    def id(self) -> int:
        """The same as `timerId`."""
        return self._q_id

    def swap(self, other: QBasicTimer) -> None:
        """Exchange the running timers of two objects."""
        self._q_id, other._q_id = other._q_id, self._q_id

    def __del__(self) -> None:
        if self.__dict__.get("_q_id"):
            self.stop()


class _SingleShot:
    """The callback of a single shot whose slot belongs to an object: it must not keep that object alive."""

    __slots__ = ("func", "receiver", "ref")

    def __init__(self, owner: Any, func: Callable[..., object]) -> None:
        import weakref

        self.ref = weakref.ref(owner)
        self.func = func
        self.receiver = owner._q if isinstance(owner, QObject) else None

    def __call__(self) -> None:
        target = self.ref()
        if target is not None and (self.receiver is None or self.receiver.alive):
            self.func(target)


class _InContext:
    """The callback of a single shot with a context object and a plain callable."""

    __slots__ = ("context", "slot")

    def __init__(self, context: QObject, slot: Callable[..., object]) -> None:
        self.context = context._q
        self.slot = slot

    def __call__(self) -> None:
        if not self.context.alive:
            return
        if self.context.thread is _thread_data.current():
            self.slot()
        else:
            post_to_data(self.context, self.slot)


def _start_single_shot(nanoseconds: int, context: Any, slot: Any) -> None:
    if context is not None and not isinstance(context, QObject):
        raise TypeError(f"the context of a single shot is a QObject, not {type(context).__name__}")
    if isinstance(slot, (str, bytes)):
        from qnet.core.slots import require_slot

        if context is None:
            raise TypeError("a slot given by its name needs a receiver")
        slot = require_slot(context, slot)
    callback: Callable[[], object]
    if isinstance(slot, SignalInstance):
        slot = slot.emit
    if not callable(slot):
        raise TypeError(f"singleShot() wants a callable slot, not {slot!r}")
    owner, func = split(slot)
    callback = _SingleShot(owner, func) if owner is not None else slot
    home: ObjectData | None = None
    if context is not None:
        callback = _InContext(context, callback)
        home = context._q

    def start() -> None:
        _thread_data.current().timers.call_once(nanoseconds, callback)

    if home is None or home.thread is _thread_data.current():
        start()
    else:
        post_to_data(home, start)  # its loop counts the time: this thread's may never turn
