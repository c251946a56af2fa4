"""Signals and slots.

A `Signal` on a class describes; a `SignalInstance` on an object emits. ``Signal`` is a non-data descriptor: the
first access on an object makes the instance and stores it in the object's ``__dict__`` under the same name, so
that every later access is a plain dictionary hit that never comes here.

The invariants
--------------
* A `SignalInstance` holds its object's `ObjectData`, never the object: no reference cycle.
* ``_connections`` is an immutable tuple, replaced under one lock. An emission iterates the tuple that it found:
  a slot connected during it waits for the next one, a slot disconnected during it has mode GONE and is skipped.
* Which thread a slot runs in is decided for every emission by comparing thread numbers.
* Connections whose receiver is gone stay in the tuple until they are met or until the tuple doubles: a receiver
  needs no list of what it is connected to, and dies without work.

Sources: https://doc.qt.io/qt-6/signalsandslots.html, https://doc.qt.io/qt-6/qt.html#ConnectionType-enum,
https://doc.qt.io/qtforpython-6/tutorials/basictutorial/signals_and_slots.html.
"""

from __future__ import annotations

import os
import threading
import warnings
import weakref
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from qnet.core import hooks
from qnet.core._connections import (
    AUTO,
    BLOCKING,
    DIRECT,
    GONE,
    SINGLE_SHOT,
    UNIQUE,
    Connection,
    accepted,
    split,
)
from qnet.core._thread_data import ObjectData
from qnet.core.namespace import Qt

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["Signal", "SignalInstance"]

_get_ident = threading.get_ident
# Re-entrant: what is dropped under it may be the last reference to an object with signals of its own, and the
# garbage collector may run such finalizers at any allocation.
_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: globals().update(_lock=threading.RLock()))
_Self = TypeVar("_Self", bound="Signal")

# Qt's names of Python's types, for texts such as "received(QString,int)"
_TYPE_NAMES: dict[Any, str] = {str: "QString", float: "double", object: "PyObject", None: "void"}


def type_name(kind: Any) -> str:
    """A Python type by Qt's name for it; a text stands for itself."""
    if isinstance(kind, str):
        return kind
    known = _TYPE_NAMES.get(kind)
    if known is not None:
        return known
    name = str(getattr(kind, "__name__", kind))
    return f"{name}*" if hasattr(kind, "staticMetaObject") else name


class SignalInstance:
    """One signal of one object: connect slots to it and emit it."""

    __slots__ = ("__weakref__", "_arity", "_connections", "_overloads", "_owner", "_signal", "_types")

    def __init__(self, signal: Signal, owner: ObjectData, types: tuple[Any, ...]) -> None:
        self._signal = signal
        self._owner = owner
        self._types = types
        self._arity = len(types)
        self._connections: tuple[Connection, ...] = ()
        self._overloads: dict[tuple[Any, ...], SignalInstance] | None = None

    def emit(self, *args: Any) -> None:
        """Call every connected slot: at once where it lives in this thread, else by its thread's event queue.

        Slots get the leading arguments that they accept. What a slot raises is reported through
        `setSlotExceptionHook` and stops nothing; KeyboardInterrupt and SystemExit do pass.

        Raises TypeError when the number of arguments is not the signal's.
        """
        connections = self._connections
        if len(args) != self._arity:
            raise TypeError(f"{self} takes {self._arity} argument(s), {len(args)} given")
        if not connections or self._owner.blocked:
            return
        me = _get_ident()
        for connection in connections:
            if connection.mode or connection.home.thread.ident != me:
                self._emit_special(connection, args, me)
                continue
            take = connection.take
            ref = connection.ref
            if ref is None:
                try:
                    if args:
                        connection.func(*(args if take is None else args[:take]))
                    else:
                        connection.func()
                except Exception as error:
                    hooks.report(error, str(self), connection.func)
                continue
            target = ref()
            if target is None:
                self._drop(connection)
                continue
            receiver = connection.receiver
            if receiver is not None:
                previous = receiver.sender
                receiver.sender = self
            try:
                if args:
                    connection.func(target, *(args if take is None else args[:take]))
                else:
                    connection.func(target)
            except Exception as error:
                hooks.report(error, str(self), MethodType(connection.func, target))
            finally:
                if receiver is not None:
                    receiver.sender = previous

    def _emit_special(self, connection: Connection, args: tuple[Any, ...], me: int) -> None:
        """Everything but "automatic, alive and in this thread"."""
        mode = connection.mode
        if mode == GONE:
            return
        if not connection.is_live():
            self._drop(connection)
            return
        if mode & SINGLE_SHOT:
            with _lock:
                if connection.mode == GONE:  # another thread's emission was first
                    return
                self._forget([connection])
        kind = mode & 3
        if kind == DIRECT or (kind == AUTO and connection.home.thread.ident == me):
            connection.call(self, args, True)
        elif kind == BLOCKING:
            connection.post_and_wait(self, args, me)
        else:
            connection.post(self, args)

    def connect(self, slot: Callable[..., object] | SignalInstance, type: Qt.ConnectionType | int = AUTO) -> Connection:
        """Call *slot* at every emission from now on.

        *slot* is any callable, a bound signal, or a bound signal's ``emit``. Methods of Python objects do not keep
        their object alive; other callables live as long as the connection. A slot of a QObject runs in the
        thread of that object, any other in the thread of the signal's object. *type* is a `Qt.ConnectionType`,
        combined with UniqueConnection or SingleShotConnection by ``|``.

        Returns the connection; it is false if UniqueConnection found *slot* connected already. Raises TypeError
        for what cannot be called.
        """
        connection = self._make(slot, int(type))
        with _lock:
            existing = self._connections
            if int(type) & UNIQUE and self.matching(slot):
                connection.mode = GONE
                return connection
            if len(existing) >= 8 and not len(existing) & (len(existing) - 1):
                existing = tuple(c for c in existing if c.is_live())
            self._connections = (*existing, connection)
        self._notify("connectNotify")
        return connection

    def _make(self, slot: Callable[..., object] | SignalInstance, flags: int) -> Connection:
        mode = flags & ~UNIQUE
        if mode & ~(3 | SINGLE_SHOT) or mode < 0:
            raise ValueError(f"{flags:#x} is no connection type")
        chained = slot if isinstance(slot, SignalInstance) else getattr(slot, "__self__", None)
        if isinstance(chained, SignalInstance):
            if chained is slot and chained._arity > self._arity:
                raise RuntimeError(f"{self} has fewer arguments than {chained} and cannot emit it")
            take = chained._arity if chained._arity < self._arity else None
            return Connection(self, SignalInstance.emit, weakref.ref(chained), chained._owner, take, mode)
        if not callable(slot):
            raise TypeError(f"{self} connects to a callable or a signal, not to {slot!r}")
        owner, func = split(slot)
        take = accepted(func, self._arity, owner is not None)
        if owner is None:
            return Connection(self, func, None, None, take, mode)
        receiver: ObjectData | None = getattr(owner, "_q", None)
        if not isinstance(receiver, ObjectData):
            receiver = None
        return Connection(self, func, weakref.ref(owner), receiver, take, mode)

    def disconnect(self, slot: Callable[..., object] | SignalInstance | Connection | None = None) -> bool:
        """Undo every connection to *slot*, one `Connection`, or without an argument all of this signal.

        Returns whether there was one; warns with RuntimeWarning if not. Calls that are queued already are still
        made.
        """
        if slot is not None and not callable(slot) and not isinstance(slot, Connection):
            raise TypeError(f"{self} disconnects a callable, a signal or a connection, not {slot!r}")
        with _lock:
            gone = self.matching(slot)
            if slot is not None and gone and gone[0].ref is None:
                del gone[1:]  # as in Qt, a function connected twice is disconnected once a time
            self._forget(gone)
        if not gone:
            what = "any slot" if slot is None else repr(slot)
            warnings.warn(f"Failed to disconnect ({what}) from signal {self}", RuntimeWarning, stacklevel=2)
            return False
        self._notify("disconnectNotify")
        return True

    def matching(self, slot: object) -> list[Connection]:
        """The live connections to *slot*, a callable, a signal or a connection; None: all of them."""
        if slot is None:
            return self.live()
        if isinstance(slot, Connection):
            return [slot] if slot in self._connections and slot.is_live() else []
        chained = slot if isinstance(slot, SignalInstance) else getattr(slot, "__self__", None)
        owner, func = (chained, SignalInstance.emit) if isinstance(chained, SignalInstance) else split(slot)
        if owner is None:
            return [c for c in self._connections if c.ref is None and c.func == slot and c.is_live()]
        found = [c for c in self._connections if c.func is func and c.ref is not None and c.ref() is owner]
        return [c for c in found if c.is_live()]

    def _drop(self, connection: Connection) -> None:
        """Take *connection* out, and with it every other one whose receiver is gone: they often go together."""
        with _lock:
            if connection.mode != GONE:
                self._forget([c for c in self._connections if c is connection or not c.is_live()])

    def _forget(self, gone: list[Connection]) -> None:
        """Mark *gone* and take them out; the caller holds the lock."""
        for connection in gone:
            connection.mode = GONE
        self._connections = tuple(c for c in self._connections if c.mode != GONE)

    def clear(self) -> None:
        """Drop every connection without a word: the object is being destroyed."""
        with _lock:
            self._forget(list(self._connections))
            overloads = self._overloads
        for other in (overloads or {}).values():
            if other is not self:
                other.clear()

    def live(self) -> list[Connection]:
        """The connections that an emission would serve."""
        return [c for c in self._connections if c.is_live()]

    def _notify(self, handler: str) -> None:
        owner = self._owner.ref()
        if owner is not None:
            owner._q_connections_changed(handler, self)

    def __getitem__(self, types: Any) -> SignalInstance:
        """The overload with these argument types: ``obj.changed[int]``."""
        wanted = types if isinstance(types, tuple) else (types,)
        if wanted == self._types:
            return self
        wanted = self._signal.overload(wanted)
        owner = self._owner.ref()
        first = self._signal.of(owner) if owner is not None else self
        if first._types == wanted:
            return first
        if first._overloads is None:
            first._overloads = {}
        return first._overloads.setdefault(wanted, SignalInstance(self._signal, self._owner, wanted))

    @property
    def signal(self) -> str:
        """The signature as ``SIGNAL()`` writes it."""
        return f"2{self.signature()}"

    def signature(self) -> str:
        """The normalised signature, such as ``bytesWritten(int)``."""
        return f"{self._signal.name}({','.join(type_name(t) for t in self._types)})"

    def __call__(self, *args: Any) -> None:
        """Raises TypeError: signals are emitted by `emit`."""
        raise TypeError(f"signal {self.signature()} is emitted by its emit() method")

    def __str__(self) -> str:
        owner = self._owner.ref()
        return f"{type(owner).__name__}.{self.signature()}" if owner is not None else self.signature()

    def __repr__(self) -> str:
        return f"<SignalInstance {self}>"


class Signal:
    """Declares a signal in the body of a `QObject` class.

    ``changed = Signal(int, str)`` takes an int and a str, ``Signal()`` nothing, ``Signal((int,), (str,))`` has two
    overloads of which the first is the default. *name* replaces the attribute's name in texts and in look-ups
    by name, *arguments* names the arguments for documentation.
    """

    def __init__(self, *types: Any, name: str | None = None, arguments: list[str] | None = None) -> None:
        if types and all(isinstance(t, (tuple, list)) for t in types):
            overloads = [tuple(t) for t in types]
        elif types == (None,):
            overloads = [()]
        else:
            overloads = [tuple(types)]
        self.overloads = overloads
        self.name = name or ""
        self.arguments = list(arguments or [])
        self.attribute = ""

    def __set_name__(self, owner: type, name: str) -> None:
        if not self.attribute:
            self.attribute = name
            self.name = self.name or name

    @overload
    def __get__(self: _Self, obj: None, owner: type) -> _Self: ...
    @overload
    def __get__(self, obj: QObject, owner: type | None = None) -> SignalInstance: ...
    def __get__(self: _Self, obj: QObject | None, owner: type | None = None) -> _Self | SignalInstance:
        if obj is None:
            return self
        return self.of(obj)

    def of(self, obj: QObject) -> SignalInstance:
        """This signal of *obj*, also where a subclass uses the name for something else.

        A program may declare its own ``newConnection``; the server still has to emit Qt's.
        """
        instance = self.existing(obj)
        if instance is None:
            values = obj.__dict__
            try:
                data = values["_q"]
            except KeyError:
                if not hasattr(type(obj), "staticMetaObject"):
                    raise TypeError(f"signals belong to QObjects, and {type(obj).__name__} is none") from None
                raise RuntimeError(
                    f"'__init__' method of object's base class ({type(obj).__name__}) not called"
                ) from None
            # setdefault: of two threads that are first at once, one wins for both
            instance = values.setdefault(self._key(obj), SignalInstance(self, data, self.overloads[0]))
        return instance

    def existing(self, obj: QObject) -> SignalInstance | None:
        """`of`, or None if nobody has asked for it yet: then nothing is connected to it."""
        instance: SignalInstance | None = obj.__dict__.get(self.attribute)
        if type(instance) is SignalInstance and instance._signal is self:
            return instance
        return obj.__dict__.get(self._key(obj))

    def _key(self, obj: QObject) -> str:
        """Where *obj* keeps the instance: under the attribute's name, unless its class uses that for something else."""
        key = self.attribute
        return key if getattr(type(obj), key, None) is self else f"_q_hidden_{key}_{id(self):x}"

    def emit_from(self, obj: QObject, *args: Any) -> None:
        """Emit this signal of *obj*; it costs next to nothing if nobody ever asked for it."""
        instance = self.existing(obj)
        if instance is not None:
            instance.emit(*args)

    def hidden_alias(self) -> HiddenAlias:
        """A second name for hot paths: a dictionary hit that no subclass shadows."""
        return HiddenAlias(self)

    def __getitem__(self, types: Any) -> Signal:
        """The overload with these types, for use on the class."""
        self.overload(types if isinstance(types, tuple) else (types,))
        return self

    def overload(self, wanted: tuple[Any, ...]) -> tuple[Any, ...]:
        """The declared overload that has the types *wanted*; raises IndexError if there is none."""
        names = ",".join(type_name(t) for t in wanted)
        for declared in self.overloads:
            if declared == wanted or ",".join(type_name(t) for t in declared) == names:
                return declared
        raise IndexError(f"{self.name} has no overload ({names}), only {self}")

    def __call__(self, *args: Any) -> None:
        """Raises TypeError: signals are emitted by an object."""
        raise TypeError(f"{self.name} is a signal: emit it from an object, obj.{self.name}.emit(...)")

    def __str__(self) -> str:
        return "; ".join(f"{self.name}({','.join(type_name(t) for t in types)})" for types in self.overloads)

    def __repr__(self) -> str:
        return f"<Signal {self}>"


class HiddenAlias:
    """A non-data descriptor that caches a signal's instance under a private name."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.attribute = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    @overload
    def __get__(self, obj: None, owner: type) -> HiddenAlias: ...
    @overload
    def __get__(self, obj: QObject, owner: type | None = None) -> SignalInstance: ...
    def __get__(self, obj: QObject | None, owner: type | None = None) -> HiddenAlias | SignalInstance:
        if obj is None:
            return self
        instance = self.signal.of(obj)
        obj.__dict__[self.attribute] = instance
        return instance
