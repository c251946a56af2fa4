"""Calls by name: what `QMetaObject.invokeMethod` and `connectSlotsByName` do."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from qnet.core import _connections, _thread_data, hooks
from qnet.core._post import post_to_data
from qnet.core._thread_data import AwaitedCall, Posted
from qnet.core.logging import qWarning
from qnet.core.namespace import Qt
from qnet.core.signals import SignalInstance, type_name
from qnet.core.slots import find_slot, slots_of

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["Q_ARG", "Q_RETURN_ARG", "a_callable", "by_name", "connect_slots_by_name"]


class _Argument(NamedTuple):
    type: Any
    value: Any


class _Result(NamedTuple):
    type: Any


def Q_ARG(type: Any, value: Any) -> _Argument:
    """An argument for `QMetaObject.invokeMethod`, with the type by which overloads are told apart."""
    return _Argument(type, value)


def Q_RETURN_ARG(type: Any) -> _Result:
    """Makes `QMetaObject.invokeMethod` return what the method returns."""
    return _Result(type)


def _split(args: tuple[Any, ...]) -> tuple[int, bool, list[Any]]:
    """Connection type, whether a result is wanted, and the arguments."""
    kind = _connections.AUTO
    rest = list(args)
    if rest and isinstance(rest[0], Qt.ConnectionType):
        kind = int(rest.pop(0))
    wants_result = bool(rest) and isinstance(rest[0], _Result)
    return kind, wants_result, rest[wants_result:]


def _checked(obj: QObject) -> None:
    from qnet.core.object import QObject

    if not isinstance(obj, QObject):
        raise TypeError(f"invokeMethod() wants a QObject, not {type(obj).__name__}")


def by_name(obj: QObject, name: str, args: tuple[Any, ...]) -> Any:
    """Call the slot or emit the signal *name* of *obj*; see `QMetaObject.invokeMethod`."""
    _checked(obj)
    kind, wants_result, arguments = _split(args)
    signature = f"{name}({','.join(type_name(a.type) if isinstance(a, _Argument) else '?' for a in arguments)})"
    target = find_slot(obj, name)
    if target is None or not _takes(target, arguments):
        text = f"QMetaObject::invokeMethod: No such method {type(obj).__name__}::{signature}"
        candidates = [mark.signature(name) for mark in slots_of(target)]
        qWarning("\n    ".join([text + "\nCandidates are:", *candidates]) if candidates else text)
        return False
    values = [a.value if isinstance(a, _Argument) else a for a in arguments]
    call = _Call(target, values)
    if wants_result and kind == _connections.QUEUED:
        raise RuntimeError(f"{signature}: a queued call has no result")
    if _run(obj, call.reporting, kind) and wants_result:
        return call.value
    return True


def a_callable(obj: QObject, target: Callable[..., object], args: tuple[Any, ...]) -> Any:
    """Call *target* in the thread of *obj*; see `QMetaObject.invokeMethod`."""
    _checked(obj)
    if not callable(target):
        raise TypeError(f"invokeMethod() wants a name or a callable, not {target!r}")
    kind, _, arguments = _split(args)
    call = _Call(target, [a.value if isinstance(a, _Argument) else a for a in arguments])
    queued = kind == _connections.QUEUED or (kind == _connections.AUTO and not _is_here(obj))
    if not _run(obj, call.reporting if queued else call.keeping, kind):
        return True
    if call.error is not None:
        raise call.error
    return call.value


class _Call:
    """A call on its way, and what became of it."""

    __slots__ = ("args", "error", "target", "value")

    def __init__(self, target: Callable[..., object], args: list[Any]) -> None:
        self.target = target
        self.args = args
        self.value: Any = None
        self.error: Exception | None = None

    def reporting(self) -> None:
        """Make the call; an exception goes where those of slots go."""
        try:
            self.value = self.target(*self.args)
        except Exception as error:
            hooks.report(error, "invokeMethod()", self.target, emitted=False)

    def keeping(self) -> None:
        """Make the call; an exception is kept for the caller."""
        try:
            self.value = self.target(*self.args)
        except Exception as error:
            self.error = error


def _is_here(obj: QObject) -> bool:
    return obj._q.thread is _thread_data.current()


def _run(obj: QObject, call: Callable[[], None], kind: int) -> bool:
    """Run *call* in the thread of *obj*. Returns whether it is over (a queued one is not)."""
    if kind == _connections.DIRECT or (kind == _connections.AUTO and _is_here(obj)):
        call()
        return True
    if kind != _connections.BLOCKING:
        post_to_data(obj._q, call)
        return False
    if _is_here(obj):
        raise RuntimeError("a blocking call to an object of the same thread would wait for itself for ever")
    done = threading.Event()
    obj._q.thread.post(Posted(obj._q, AwaitedCall(call, done), _connections.META_CALL))
    done.wait()
    return True


def _takes(target: Callable[..., object], arguments: list[Any]) -> bool:
    """Whether *target* can be called with *arguments*: for a marked slot their types count, else their number."""
    marks = slots_of(target)
    if marks:
        return any(_fits([type_name(t) for t in mark.types], arguments) for mark in marks)
    signal = getattr(target, "__self__", None)
    if isinstance(signal, SignalInstance):
        return len(arguments) == signal._arity
    try:
        inspect.signature(target).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # a built-in that does not tell
        return True
    return True


def _fits(types: list[str], arguments: list[Any]) -> bool:
    if len(types) != len(arguments):
        return False
    return all(not isinstance(a, _Argument) or type_name(a.type) == t for t, a in zip(types, arguments, strict=True))


def connect_slots_by_name(obj: QObject) -> None:
    """`QMetaObject.connectSlotsByName`."""
    from qnet.core.object import QObject

    children = {QObject.objectName(c): c for c in [obj, *QObject.findChildren(obj, QObject)] if QObject.objectName(c)}
    for name in dir(type(obj)):
        marks = slots_of(getattr(type(obj), name)) if name.startswith("on_") else []
        if marks and not _connect_by_name(obj, name, children):
            qWarning(f"QMetaObject::connectSlotsByName: No matching signal for {marks[0].signature(name)}")


def _connect_by_name(obj: QObject, name: str, children: dict[str, QObject]) -> bool:
    for child_name, child in children.items():
        prefix = f"on_{child_name}_"
        signal = getattr(child, name.removeprefix(prefix), None) if name.startswith(prefix) else None
        if isinstance(signal, SignalInstance):
            signal.connect(getattr(obj, name))
            return True
    return False
