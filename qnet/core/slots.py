"""Decorators for class bodies (Slot, Property, ...) and signals and slots by name.

Sources: https://doc.qt.io/qtforpython-6/PySide6/QtCore/Slot.html, .../Property.html, .../SIGNAL.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from qnet.core._connections import AUTO, Connection
from qnet.core.signals import Signal, SignalInstance

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["SIGNAL", "SLOT", "ClassInfo", "Property", "QEnum", "QFlag", "Slot"]

_F = TypeVar("_F", bound=Callable[..., Any])
_C = TypeVar("_C", bound=type)


class Slot:
    """Marks a method as a slot: ``@Slot(int, str, result=bool, name="other")``.

    Any callable can be connected; the mark names the argument types and makes the method known by `QMetaObject`.
    """

    def __init__(self, *types: Any, name: str | None = None, result: Any = None) -> None:
        self.types = types
        self.name = name
        self.result = result

    def __call__(self, function: _F) -> _F:
        """Decorate *function*."""
        marks = getattr(function, "_q_slots", [])
        marks.append(self)
        function._q_slots = marks  # type: ignore[attr-defined]  # functions take attributes
        return function


class Property:
    """A typed property of a `QObject` class; works like Python's ``property`` and by `QObject.property`.

    *notify* is the signal that reports changes. ``@p.getter``, ``@p.setter`` and ``@p.resetter`` build it
    step by step; ``@Property(int)`` over a getter starts one.
    """

    def __init__(
        self,
        type: Any,
        fget: Callable[[Any], Any] | None = None,
        fset: Callable[[Any, Any], Any] | None = None,
        freset: Callable[[Any], Any] | None = None,
        doc: str | None = None,
        notify: Signal | None = None,
        designable: bool = True,
        scriptable: bool = True,
        stored: bool = True,
        user: bool = False,
        constant: bool = False,
        final: bool = False,
    ) -> None:
        self.type = type
        self.fget = fget
        self.fset = fset
        self.freset = freset
        self.notify = notify
        self.constant = constant
        self.final = final
        self.designable = designable
        self.scriptable = scriptable
        self.stored = stored
        self.user = user
        self.name = ""
        self.__doc__ = doc or (fget.__doc__ if fget is not None else None)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __call__(self, fget: Callable[[Any], Any]) -> Property:
        """`getter`, as a decorator."""
        return self.getter(fget)

    def getter(self, fget: Callable[[Any], Any]) -> Property:
        """Set the function that reads."""
        self.fget = fget
        self.__doc__ = self.__doc__ or fget.__doc__
        return self

    def setter(self, fset: Callable[[Any, Any], Any]) -> Property:
        """Set the function that writes."""
        self.fset = fset
        return self

    write = setter
    read = getter

    def resetter(self, freset: Callable[[Any], Any]) -> Property:
        """Set the function that restores the default."""
        self.freset = freset
        return self

    reset = resetter

    def __get__(self, obj: Any, owner: type | None = None) -> Any:
        if obj is None:
            return self
        if self.fget is None:
            raise AttributeError(f"property {self.name!r} cannot be read")
        return self.fget(obj)

    def __set__(self, obj: Any, value: Any) -> None:
        if self.fset is None:
            raise AttributeError(f"property {self.name!r} is read-only")
        self.fset(obj, value)

    def __delete__(self, obj: Any) -> None:
        if self.freset is None:
            raise AttributeError(f"property {self.name!r} cannot be reset")
        self.freset(obj)


def ClassInfo(info: dict[str, str] | None = None, **values: str) -> Callable[[_C], _C]:
    """Class decorator: attach texts that `QMetaObject.classInfo` finds."""

    def decorate(cls: _C) -> _C:
        cls._q_class_info = {**getattr(cls, "_q_class_info", {}), **(info or {}), **values}  # type: ignore[attr-defined]  # any class takes it
        return cls

    return decorate


def QEnum(cls: _C) -> _C:
    """Make a Python enum known by `QMetaObject`; returns it."""
    cls._q_is_enum = True  # type: ignore[attr-defined]  # any class takes it
    return cls


def QFlag(cls: _C) -> _C:
    """Make a Python flag known by `QMetaObject`; returns it."""
    return QEnum(cls)


def SIGNAL(signature: str) -> str:
    """Mark *signature* (``"finished(int)"``) as a signal's, for `QObject.connect` and its kin."""
    return "2" + normalized(signature)


def SLOT(signature: str) -> str:
    """Mark *signature* (``"quit()"``) as a slot's, for `QObject.connect` and its kin."""
    return "1" + normalized(signature)


def normalized(signature: str | bytes) -> str:
    """*signature* without needless blanks, ``const`` and references, as Qt compares them."""
    text = signature.decode() if isinstance(signature, bytes) else signature
    text = re.sub(r"\bconst\b", "", text).replace("&", "")
    return re.sub(r"\s+", "", text)


def find_signal(obj: QObject, signal: str | bytes | Signal | SignalInstance) -> SignalInstance:
    """The bound signal of *obj* that is meant; AttributeError if there is none."""
    if isinstance(signal, SignalInstance):
        return signal
    if isinstance(signal, Signal):
        return signal.of(obj)
    text = normalized(signal).removeprefix("2")
    name, _, rest = text.partition("(")
    described = next(
        (s for c in type(obj).__mro__ for s in vars(c).values() if isinstance(s, Signal) and s.name == name), None
    )
    if described is None:
        raise AttributeError(f"{type(obj).__name__} has no signal {name}()")
    types = [t for t in rest.rstrip(")").split(",") if t]
    fitting = [o for o in described.overloads if len(o) == len(types)]
    instance = described.of(obj)
    for overload in fitting:
        candidate = instance[overload]
        if candidate.signature() == text:
            return candidate
    return instance[fitting[0]] if fitting else instance


def find_slot(obj: QObject, slot: str | bytes) -> Callable[..., object]:
    """The method of *obj* that a ``SLOT()`` or a plain name means; AttributeError if there is none."""
    name = normalized(slot).lstrip("12").partition("(")[0]
    target: Any = getattr(obj, name, None)
    if isinstance(target, SignalInstance):
        return target.emit
    if not callable(target):
        raise AttributeError(f"{type(obj).__name__} has no slot {name}()")
    found: Callable[..., object] = target
    return found


def _long_form(args: tuple[Any, ...]) -> tuple[SignalInstance, Any, int]:
    """Signal, slot and connection type of the arguments of QObject.connect()."""
    if len(args) < 2:
        raise TypeError(
            "connect() wants (sender, signal, receiver, slot[, type]) or (sender, signal, callable[, type])"
        )
    if isinstance(args[0], SignalInstance):
        signal, rest = args[0], args[1:]
    else:
        signal, rest = find_signal(args[0], args[1]), args[2:]
    if rest and (callable(rest[0]) or isinstance(rest[0], SignalInstance)):
        slot, rest = rest[0], rest[1:]
    elif len(rest) >= 2:
        slot = find_slot(rest[0], rest[1]) if isinstance(rest[1], (str, bytes)) else rest[1]
        rest = rest[2:]
    else:
        raise TypeError("connect() wants a callable, or a receiver and a slot of it")
    return signal, slot, int(rest[0]) if rest else AUTO


def connect_objects(*args: Any) -> Connection:
    """`QObject.connect`."""
    signal, slot, kind = _long_form(args)
    return signal.connect(slot, kind)


def disconnect_objects(*args: Any) -> bool:
    """`QObject.disconnect`."""
    if len(args) == 1 and isinstance(args[0], Connection):
        connection = args[0]
        signal = connection.signal_ref()
        if signal is None or not connection:
            return False
        return signal.disconnect(connection)
    sender, *rest = args
    signals = [v for v in list(vars(sender).values()) if isinstance(v, SignalInstance)]
    if rest and rest[0] is not None:
        signals = [find_signal(sender, rest[0])]
    slot: Any = None
    if len(rest) == 2:
        slot = rest[1]
    elif len(rest) >= 3 and rest[2] is not None:
        slot = find_slot(rest[1], rest[2]) if isinstance(rest[2], (str, bytes)) else rest[2]
    elif len(rest) >= 3:
        return _disconnect_receiver(signals, rest[1])
    gone = False
    for signal in signals:
        if signal.live() and (slot is None or any(c.is_of(slot) for c in signal.live())):
            gone = signal.disconnect(slot) or gone
    return gone


def _disconnect_receiver(signals: list[SignalInstance], receiver: QObject) -> bool:
    gone = False
    for signal in signals:
        for connection in signal.live():
            if connection.receiver is receiver._q:
                gone = signal.disconnect(connection) or gone
    return gone
