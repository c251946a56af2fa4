"""``QObject.connect`` and ``QObject.disconnect`` in Qt's long forms, with signals and slots given by name.

Both work on the class, ``QObject.connect(sender, SIGNAL("x()"), f)``, and on the sender,
``sender.connect(SIGNAL("x()"), f)``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qnet.core._connections import AUTO, GONE, Connection
from qnet.core.logging import qWarning
from qnet.core.signals import Signal, SignalInstance
from qnet.core.slots import find_signal, find_slot

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["EitherWay", "connect", "disconnect", "is_marked"]


class EitherWay:
    """A method that is called on the class or on an object; it gets the object, or None, first."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, obj: Any, owner: type | None = None) -> Callable[..., Any]:
        return partial(self.function, obj)


def is_marked(signal: object) -> bool:
    """Whether *signal* is a bound one, or a text that came from ``SIGNAL()``."""
    if isinstance(signal, bytes):
        signal = signal.decode()
    return isinstance(signal, (Signal, SignalInstance)) or (isinstance(signal, str) and signal.startswith("2"))


def _is_object(value: object) -> bool:
    from qnet.core.object import QObject

    return isinstance(value, QObject)


def _nothing(signal: SignalInstance | None) -> Connection:
    """A connection that never was: false."""
    connection = Connection.__new__(Connection)
    connection.mode = GONE
    connection.signal_ref = lambda: signal  # type: ignore[assignment]  # there is no signal to refer to
    return connection


def _signal_of(sender: QObject, signal: object, caller: str) -> SignalInstance | None:
    if not is_marked(signal):
        raise TypeError(f'{caller}() wants a signal or SIGNAL("name(types)"), not {signal!r}')
    found = find_signal(sender, signal)  # type: ignore[arg-type]  # it is marked
    if found is None:
        text = signal.decode() if isinstance(signal, bytes) else str(signal)
        qWarning(f"QObject::{caller}: No such signal {type(sender).__name__}::{text.removeprefix('2')}")
    return found


def _slot_of(receiver: object, slot: Any, caller: str) -> Any:
    """The callable (or signal) that *slot* means, None if there is no such."""
    if not isinstance(slot, (str, bytes)):
        return slot
    text = slot.decode() if isinstance(slot, bytes) else slot
    found: Any
    if text.startswith("2"):
        found = find_signal(receiver, text)  # type: ignore[arg-type]  # QObject.connect checked it
    else:
        found = find_slot(receiver, text)  # type: ignore[arg-type]  # QObject.connect checked it
    if found is None:
        qWarning(f"QObject::{caller}: No such slot {type(receiver).__name__}::{text.lstrip('12')}")
    return found


def connect(obj: QObject | None, *args: Any) -> Connection:
    """Connect in Qt's long forms.

    ``connect(sender, signal, receiver, slot[, type])`` and ``connect(sender, signal, callable[, type])``, where
    signals and slots are bound ones or written with ``SIGNAL()`` and ``SLOT()``. Called on an object, *sender* may
    be left out. The connection is false, with a warning, if there is no such signal or slot.
    """
    if obj is not None and args and not _is_object(args[0]):
        args = (obj, *args)
    if len(args) < 3 or not _is_object(args[0]):
        raise TypeError(
            "connect() wants (sender, signal, receiver, slot[, type]) or (sender, signal, callable[, type])"
        )
    sender, signal, *rest = args
    receiver: Any = sender
    if _is_object(rest[0]) and len(rest) > 1:
        receiver, *rest = rest
    slot, *kinds = rest
    source = _signal_of(sender, signal, "connect")
    target = _slot_of(receiver, slot, "connect")
    if source is None or target is None:
        return _nothing(source)
    return source.connect(target, int(kinds[0]) if kinds else AUTO)


def disconnect(obj: QObject | None, *args: Any) -> bool:
    """Undo connections; returns whether there was one.

    ``disconnect(connection)``, ``disconnect(sender, signal, receiver, slot)`` or ``(sender, signal, callable)``, and on
    an object ``disconnect(signal, ...)`` or ``disconnect(receiver)``. None stands for "any".
    """
    if len(args) == 1 and isinstance(args[0], Connection):
        signal = args[0].signal_ref()
        return signal is not None and bool(args[0]) and signal.disconnect(args[0])
    if obj is not None and (len(args) < 3 or not _is_object(args[0])):
        if args and _is_object(args[0]):  # disconnect(receiver[, slot])
            args = (obj, None, *args)
        else:
            args = (obj, *args)
    if len(args) < 2 or not _is_object(args[0]):
        raise TypeError("disconnect() wants a connection, or (sender, signal, receiver, slot)")
    sender, signal_text, *rest = args
    receiver: Any = None
    if rest and (rest[0] is None or _is_object(rest[0])):
        receiver, *rest = rest
    slot = _slot_of(receiver, rest[0], "disconnect") if rest and rest[0] is not None else None
    if rest and rest[0] is not None and slot is None:
        return False
    if signal_text is None:
        signals = [v for v in list(vars(sender).values()) if isinstance(v, SignalInstance)]
        signals += [o for s in signals for o in (s._overloads or {}).values()]
    else:
        found = _signal_of(sender, signal_text, "disconnect")
        signals = [found] if found is not None else []
    return sum(_disconnect_one(signal, receiver, slot) for signal in signals) > 0


def _disconnect_one(signal: SignalInstance, receiver: QObject | None, slot: Any) -> bool:
    gone = [c for c in signal.matching(slot) if receiver is None or slot is not None or c.receiver is receiver._q]
    return sum(signal.disconnect(connection) for connection in gone) > 0
