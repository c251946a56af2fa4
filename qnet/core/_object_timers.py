"""The timers of ``QObject.startTimer``: numbered, owned by an object, and delivered as events.

The ids are unique in the process; the object keeps those of its own in ``_q_timer_ids``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from qnet.core import _thread_data
from qnet.core._delivery import deliver
from qnet.core._thread_data import ObjectData, ThreadData
from qnet.core._timers import TimerEntry
from qnet.core.event import QTimerEvent
from qnet.core.logging import qWarning
from qnet.core.namespace import Qt

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["checked_interval", "infos", "interval_ns", "kill", "kill_all", "move", "next_id", "remaining", "start"]

_MILLISECOND = 1_000_000
_LONGEST = 2**62  # nanoseconds: 146 years; deadlines stay within what a wait can take

next_id: Callable[[], int] = itertools.count(1).__next__


class _Timer:
    __slots__ = ("entry", "kind", "owner")

    def __init__(self, owner: ObjectData, entry: TimerEntry, kind: Qt.TimerType) -> None:
        self.owner = owner
        self.entry = entry
        self.kind = kind


_timers: dict[int, _Timer] = {}


def interval_ns(milliseconds: int, kind: Qt.TimerType) -> int:
    """An interval in nanoseconds; very coarse timers keep whole seconds."""
    if kind == Qt.TimerType.VeryCoarseTimer:
        milliseconds = max(1000, (milliseconds + 500) // 1000 * 1000)
    return min(milliseconds * _MILLISECOND, _LONGEST)


def checked_interval(milliseconds: float, caller: str) -> int:
    """*milliseconds* without its fraction; a negative one is 1, with Qt's warning. TypeError for what is no number."""
    if not isinstance(milliseconds, (int, float)):
        raise TypeError(f"an interval is a number, milliseconds, not {type(milliseconds).__name__}")
    if milliseconds < 0:
        qWarning(f"{caller}: negative intervals aren't allowed; the interval will be set to 1ms.")
        return 1
    return int(milliseconds)


def start(owner: QObject, interval: int, kind: Qt.TimerType) -> int:
    """`QObject.startTimer`: returns the id, or 0 if the timer was refused."""
    interval = checked_interval(interval, "QObject::startTimer")
    if not isinstance(kind, Qt.TimerType):
        raise TypeError(f"the kind of a timer is a Qt.TimerType, not {type(kind).__name__}")
    data = owner._q
    if data.thread is not _thread_data.current():
        qWarning("QObject::startTimer: Timers cannot be started from another thread")
        return 0
    number = next_id()
    entry = TimerEntry(interval_ns(interval, kind), _Tick(data, number), single_shot=False)
    data.thread.timers.start(entry)
    _timers[number] = _Timer(data, entry, kind)
    owner.__dict__.setdefault("_q_timer_ids", set()).add(number)
    return number


class _Tick:
    __slots__ = ("number", "owner")

    def __init__(self, owner: ObjectData, number: int) -> None:
        self.owner = owner
        self.number = number

    def __call__(self) -> None:
        obj = self.owner.ref()
        if obj is not None and self.owner.alive:
            deliver(obj, QTimerEvent(self.number))


def kill(number: int, owner: QObject | None = None) -> bool:
    """Stop one timer; False if there is none with this id (of *owner*)."""
    timer = _timers.get(number)
    if timer is None or (owner is not None and timer.owner is not owner._q):
        return False
    del _timers[number]
    timer.owner.thread.timers.stop(timer.entry)
    obj = timer.owner.ref()
    if obj is not None:
        obj.__dict__["_q_timer_ids"].discard(number)
    return True


def kill_all(owner: QObject) -> bool:
    """Stop every timer of *owner*; False if it has none. It may be half destroyed already."""
    numbers = list(owner.__dict__.get("_q_timer_ids", ()))
    for number in numbers:
        timer = _timers.pop(number)
        timer.owner.thread.timers.stop(timer.entry)
    owner.__dict__.pop("_q_timer_ids", None)
    return bool(numbers)


def move(owner: QObject, source: ThreadData, target: ThreadData) -> None:
    """Let *target* serve the timers of *owner*: its queue is touched by its own thread only."""
    from qnet.core._post import post_to_data

    for number in owner.__dict__["_q_timer_ids"]:
        entry = _timers[number].entry
        deadline = entry.deadline
        source.timers.stop(entry)
        post_to_data(owner._q, _resume, number, target, deadline)


def _resume(number: int, target: ThreadData, deadline: int) -> None:
    timer = _timers.get(number)
    if timer is not None and timer.owner.thread is target and not timer.entry.serial:
        target.timers.resume(timer.entry, deadline)


def infos(owner: QObject) -> list[tuple[int, int, Qt.TimerType]]:
    """Id, interval in milliseconds and kind of every timer of *owner*."""
    numbers = sorted(owner.__dict__.get("_q_timer_ids", ()))
    return [(n, _timers[n].entry.interval // _MILLISECOND, _timers[n].kind) for n in numbers]


def remaining(number: int) -> int:
    """Milliseconds until the timer is due, -1 if there is no such timer."""
    timer = _timers.get(number)
    return remaining_ms(timer.entry) if timer is not None else -1


def remaining_ms(entry: TimerEntry) -> int:
    """Milliseconds, rounded up, until *entry* is due: 0 if it is overdue, -1 if it is not pending."""
    nanoseconds = entry.remaining()
    return -1 if nanoseconds < 0 else -(-nanoseconds // _MILLISECOND)
