"""Decorators for class bodies (Slot, Property, ...) and signals and slots by name.

Sources: https://doc.qt.io/qtforpython-6/PySide6/QtCore/Slot.html, .../Property.html, .../SIGNAL.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from qnet.core.signals import Signal, SignalInstance, type_name

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
        for kind in types:
            if not isinstance(kind, (type, str)) and not hasattr(kind, "__origin__"):
                raise TypeError(f"the arguments of Slot() are types or their names, not {kind!r}")
        self.types = types
        self.name = name
        self.result = result

    def signature(self, attribute: str) -> str:
        """Name and types, for a function of the name *attribute*."""
        return f"{self.name or attribute}({','.join(type_name(t) for t in self.types)})"

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
        raise AttributeError(f"property {self.name!r} cannot be deleted")


def ClassInfo(info: dict[str, str] | None = None, **values: str) -> Callable[[_C], _C]:
    """Class decorator: attach texts that `QMetaObject.classInfo` finds."""

    texts = {**(info or {}), **values}
    if not all(isinstance(k, str) and isinstance(v, str) for k, v in texts.items()):
        raise TypeError("names and values of ClassInfo() are texts")

    def decorate(cls: _C) -> _C:
        if not hasattr(cls, "staticMetaObject"):
            raise TypeError(f"ClassInfo() decorates a QObject class, not {cls!r}")
        cls._q_class_info = {**getattr(cls, "_q_class_info", {}), **texts}  # type: ignore[attr-defined]  # any class takes it
        return cls

    return decorate


def QEnum(cls: _C) -> _C:
    """For programs that mark their enums, as PySide6's do: returns *cls*; `QMetaObject` knows every enum of a class.

    Raises TypeError for what is no enum.
    """
    if not (isinstance(cls, type) and issubclass(cls, Enum)):
        raise TypeError(f"an enum is expected, not {cls!r}")
    return cls


def QFlag(cls: _C) -> _C:
    """As `QEnum`, for flags."""
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


def slots_of(function: object) -> list[Slot]:
    """The `Slot` marks of a function, a method or what a class body holds for one; none is an empty list."""
    marks: list[Slot] = getattr(getattr(function, "__func__", function), "_q_slots", [])
    return marks


def find_signal(obj: QObject, signal: str | bytes | Signal | SignalInstance) -> SignalInstance | None:
    """The bound signal of *obj* that is meant; None if there is none of that name and number of arguments."""
    if isinstance(signal, SignalInstance):
        return signal
    if isinstance(signal, Signal):
        return signal.of(obj)
    if not isinstance(signal, (str, bytes)):
        raise TypeError(f'a signal is given as itself or as SIGNAL("name(types)"), not as {signal!r}')
    text = normalized(signal).removeprefix("2")
    name, _, rest = text.partition("(")
    count = len([t for t in rest.removesuffix(")").split(",") if t])
    for described in (s for c in type(obj).__mro__ for s in vars(c).values() if isinstance(s, Signal)):
        fitting = [o for o in described.overloads if len(o) == count] if described.name == name else []
        if fitting:
            candidates = [described.of(obj)[overload] for overload in fitting]
            return next((c for c in candidates if c.signature() == text), candidates[0])
    return None


def find_slot(obj: QObject, slot: str | bytes) -> Callable[..., object] | None:
    """The method (or a signal's emit) of *obj* that a ``SLOT()`` or a plain name means; None if there is none."""
    name = normalized(slot).lstrip("12").partition("(")[0]
    target: Any = getattr(obj, name, None)
    if isinstance(target, SignalInstance):
        return target.emit
    if not callable(target) and callable(getattr(type(obj), name, None)):  # a plain attribute hides the method
        target = getattr(type(obj), name).__get__(obj)
    if callable(target):
        return target  # type: ignore[no-any-return]  # an attribute
    for cls in type(obj).__mro__:
        for attribute, value in vars(cls).items():
            if any(mark.name == name for mark in slots_of(value)):
                return getattr(obj, attribute)  # type: ignore[no-any-return]  # an attribute
    return None


def require_slot(obj: QObject, slot: str | bytes) -> Callable[..., object]:
    """`find_slot` that raises AttributeError if there is none."""
    found = find_slot(obj, slot)
    if found is None:
        text = slot if isinstance(slot, str) else slot.decode()
        raise AttributeError(f"{type(obj).__name__} has no slot {text.lstrip('12')}")
    return found
