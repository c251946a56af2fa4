"""Properties by name: those declared with `Property`, Qt's own of the library classes, and dynamic ones.

A library class lists its Qt properties in ``_q_properties``, a name to the names of the methods that read and write
it (None: read-only). A program's classes declare theirs with `qnet.QtCore.Property`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core._delivery import deliver
from qnet.core.event import QDynamicPropertyChangeEvent
from qnet.core.signals import Signal

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["Accessors", "of_class", "read", "setter_for_keyword", "write"]

Accessors = tuple[str, "str | None"]


def of_class(cls: type, name: str) -> Any:
    """The `Property` or the `Accessors` that *cls* has under *name*; None if there is no such property."""
    from qnet.core.slots import Property

    described = getattr(cls, name, None)
    if isinstance(described, Property):
        return described
    for base in cls.__mro__:
        accessors: Accessors | None = vars(base).get("_q_properties", {}).get(name)
        if accessors is not None:
            return accessors
    return None


def read(obj: QObject, name: str) -> Any:
    """`QObject.property`."""
    declared = of_class(type(obj), name)
    if declared is None:
        return obj._q.names[1].get(name) if obj._q.names is not None else None
    return getattr(type(obj), declared[0])(obj) if isinstance(declared, tuple) else declared.__get__(obj)


def write(obj: QObject, name: str, value: Any) -> bool:
    """`QObject.setProperty`."""
    declared = of_class(type(obj), name)
    if declared is None:
        _write_dynamic(obj, name, value)
        return False
    if isinstance(declared, tuple):
        if declared[1] is None:
            return False
        getattr(type(obj), declared[1])(obj, value)
        return True
    if declared.fset is None:
        return False
    declared.__set__(obj, value)
    return True


def _write_dynamic(obj: QObject, name: str, value: Any) -> None:
    dynamic = obj._q_dynamic
    if value is None:
        if name not in dynamic:
            return
        del dynamic[name]
    elif name in dynamic and _same(dynamic[name], value):
        return
    else:
        dynamic[name] = value
    deliver(obj, QDynamicPropertyChangeEvent(name))


def _same(old: Any, new: Any) -> bool:
    return old is new or (type(old) is type(new) and bool(old == new))


def setter_for_keyword(obj: QObject, name: str) -> Callable[[Any], object] | None:
    """What a constructor's keyword *name* is given to: a signal's connect, a property; None if there is no such."""
    described = getattr(type(obj), name, None)
    if isinstance(described, Signal):
        return described.of(obj).connect
    declared = of_class(type(obj), name)
    if declared is not None and not isinstance(declared, tuple):
        return lambda value: setattr(obj, name, value)
    setter = getattr(obj, f"set{name[:1].upper()}{name[1:]}", None)
    return setter if callable(setter) else None
