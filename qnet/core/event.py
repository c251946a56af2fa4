"""Events: what is sent or posted to objects.

Source: https://doc.qt.io/qt-6/qevent.html.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from qnet.core._enums import flat_enums
from qnet.core._event_type import EventType

if TYPE_CHECKING:
    from qnet.core.bytearray import QByteArray
    from qnet.core.object import QObject
    from qnet.core.timer import QBasicTimer

__all__ = ["QChildEvent", "QDynamicPropertyChangeEvent", "QEvent", "QTimerEvent"]

_FIRST_USER = EventType.User.value
_LAST_USER = EventType.MaxUser.value

_registered: set[int] = set()
_register_lock = threading.Lock()


@flat_enums
class QEvent:
    """An event of a given *type* (a `QEvent.Type` or an integer from 0 to 65535); subclass it to carry data.

    A new event is accepted. Qt page: QEvent.
    """

    Type = EventType

    def __init__(self, type: EventType | int | QEvent) -> None:
        if isinstance(type, QEvent):
            self._q_type: EventType = type._q_type
            self._q_accepted: bool = type._q_accepted
            self._q_spontaneous: bool = type._q_spontaneous
            return
        self._q_type = type if isinstance(type, EventType) else _event_type(type)
        self._q_accepted = True
        self._q_spontaneous = False

    def type(self) -> EventType:
        """The event's type."""
        return self._q_type

    def accept(self) -> None:
        """Mark the event as wanted by its receiver."""
        self._q_accepted = True

    def ignore(self) -> None:
        """Mark the event as not wanted by its receiver."""
        self._q_accepted = False

    def isAccepted(self) -> bool:
        """Whether the receiver wants the event."""
        return self._q_accepted

    def setAccepted(self, accepted: bool) -> None:
        """Set the accept flag."""
        self._q_accepted = bool(accepted)

    def spontaneous(self) -> bool:
        """Whether the event came from outside the program; events that a program sends or posts did not."""
        return self._q_spontaneous

    def isInputEvent(self) -> bool:
        """False: there is no input device here."""
        return False

    def isPointerEvent(self) -> bool:
        """False: there is no pointer here."""
        return False

    def isSinglePointEvent(self) -> bool:
        """False: there is no pointer here."""
        return False

    def clone(self) -> QEvent:
        """A copy of the event, of the same class and with the same attributes."""
        copy = type(self).__new__(type(self))
        copy.__dict__.update(self.__dict__)
        return copy

    @staticmethod
    def registerEventType(hint: int = -1) -> int:
        """Reserve a number for an event type of one's own.

        *hint* is returned if it lies between User and MaxUser and is free; otherwise the highest free number is
        taken. Returns -1 when all numbers are in use. May be called from any thread.
        """
        with _register_lock:
            if _FIRST_USER <= hint <= _LAST_USER and hint not in _registered:
                _registered.add(hint)
                return hint
            for number in range(_LAST_USER, _FIRST_USER - 1, -1):
                if number not in _registered:
                    _registered.add(number)
                    return number
        return -1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._q_type}>"


def _event_type(number: int) -> EventType:
    if not isinstance(number, int):
        raise TypeError(f"an event type is a QEvent.Type or an integer, not {type(number).__name__}")
    return EventType(number)


class QTimerEvent(QEvent):
    """Sent to an object when a timer that it started with `QObject.startTimer` is due."""

    def __init__(self, timerId: int) -> None:
        super().__init__(EventType.Timer)
        self._q_id = int(timerId)

    def timerId(self) -> int:
        """The id that `QObject.startTimer` returned."""
        return self._q_id

    def id(self) -> int:
        """The same as `timerId`."""
        return self._q_id

    def matches(self, timer: QBasicTimer) -> bool:
        """Whether the event is one of *timer*'s."""
        return bool(timer.timerId() == self._q_id)


class QChildEvent(QEvent):
    """Sent to a parent when a child is added (ChildAdded), ready (ChildPolished) or removed (ChildRemoved)."""

    def __init__(self, type: EventType | int, child: QObject) -> None:
        super().__init__(type)
        self._q_child = child

    def child(self) -> QObject:
        """The child; in ChildAdded it may not be constructed fully yet."""
        return self._q_child

    def added(self) -> bool:
        """Whether a child was added."""
        return self._q_type is EventType.ChildAdded

    def polished(self) -> bool:
        """Whether a child was polished (never by qnet itself)."""
        return self._q_type is EventType.ChildPolished

    def removed(self) -> bool:
        """Whether a child was removed."""
        return self._q_type is EventType.ChildRemoved


class QDynamicPropertyChangeEvent(QEvent):
    """Sent to an object when `QObject.setProperty` added, changed or removed a dynamic property of it."""

    def __init__(self, name: bytes | str) -> None:
        super().__init__(EventType.DynamicPropertyChange)
        self._q_name = name.encode() if isinstance(name, str) else bytes(name)

    def propertyName(self) -> QByteArray:
        """The property's name."""
        from qnet.core.bytearray import QByteArray

        return QByteArray(self._q_name)
