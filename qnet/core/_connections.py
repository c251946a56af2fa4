"""Connections: how one slot is called for one signal.

A connection never keeps a receiver alive. Bound methods of Python classes are held as a weak reference to the object
plus the plain function; everything else (functions, lambdas, partials, built-in methods) is held strongly, as
PySide6 does.

``home`` is the object whose thread the slot runs in: the receiver if that is a QObject, else the sender.
``mode`` is all that an emission looks at before it calls: 0 means "automatic and connected", so that one
comparison covers the usual case; disconnecting sets GONE, which also stops emissions that are under way.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from qnet.core import hooks
from qnet.core._event_type import EventType
from qnet.core._thread_data import AwaitedCall, ObjectData, Posted
from qnet.core.namespace import Qt

if TYPE_CHECKING:
    from qnet.core.signals import SignalInstance

__all__ = ["Connection"]

AUTO = Qt.ConnectionType.AutoConnection.value
DIRECT = Qt.ConnectionType.DirectConnection.value
QUEUED = Qt.ConnectionType.QueuedConnection.value
BLOCKING = Qt.ConnectionType.BlockingQueuedConnection.value
UNIQUE = Qt.ConnectionType.UniqueConnection.value
SINGLE_SHOT = Qt.ConnectionType.SingleShotConnection.value
GONE = -1
META_CALL = EventType.MetaCall.value


class Connection:
    """What `SignalInstance.connect` returns: true while connected, and good for `QObject.disconnect`."""

    __slots__ = ("func", "home", "mode", "receiver", "ref", "signal_ref", "take")

    def __init__(
        self,
        signal: SignalInstance,
        func: Callable[..., object],
        ref: weakref.ReferenceType[Any] | None,
        receiver: ObjectData | None,
        take: int | None,
        mode: int,
    ) -> None:
        self.signal_ref = weakref.ref(signal)
        self.func = func
        self.ref = ref
        self.receiver = receiver
        self.home = receiver if receiver is not None else signal._owner
        self.take = take
        self.mode = mode

    def __bool__(self) -> bool:
        return self.is_live()

    def is_live(self) -> bool:
        """Whether an emission would call the slot."""
        if self.mode == GONE or (self.receiver is not None and not self.receiver.alive):
            return False
        return self.signal_ref() is not None and (self.ref is None or self.ref() is not None)

    def target(self) -> Callable[..., object] | None:
        """The slot as a callable, or None when its object is gone."""
        if self.ref is None:
            return self.func
        obj = self.ref()
        return MethodType(self.func, obj) if obj is not None else None

    def call(self, signal: SignalInstance, args: tuple[Any, ...], emitted: bool) -> None:
        """Run the slot here and now, reporting what it raises."""
        target = self.target()
        if target is None:
            return
        receiver = self.receiver
        if receiver is not None:
            previous, receiver.sender = receiver.sender, signal
        try:
            target(*(args if self.take is None else args[: self.take]))
        except Exception as error:
            hooks.report(error, str(signal), target, emitted=emitted)
        finally:
            if receiver is not None:
                receiver.sender = previous

    def post(self, signal: SignalInstance, args: tuple[Any, ...]) -> None:
        """Queue the call in the slot's thread; it survives a later disconnection, but not the receiver."""
        thread = self.home.thread
        thread.post(Posted(self.receiver, lambda: self.call(signal, args, False), META_CALL))
        thread.warn_without_loop(str(signal))

    def post_and_wait(self, signal: SignalInstance, args: tuple[Any, ...], me: int) -> None:
        """Queue the call and sleep until it was made (or its receiver died, or its thread ended)."""
        thread = self.home.thread
        if thread.ident == me:
            raise RuntimeError(
                f"{signal}: a blocking queued connection within one thread would wait for itself for ever"
            )
        done = threading.Event()
        thread.post(Posted(self.receiver, AwaitedCall(lambda: self.call(signal, args, False), done), META_CALL))
        thread.warn_without_loop(str(signal))
        done.wait()


def split(slot: object) -> tuple[Any, Any]:
    """The object and the function of a bound method that is held weakly; (None, slot) for everything else."""
    if isinstance(slot, MethodType):
        owner = slot.__self__
        try:
            weakref.ref(owner)
        except TypeError:
            return None, slot
        return owner, slot.__func__
    return None, slot


def accepted(func: Callable[..., object], given: int, bound: bool) -> int | None:
    """How many of *given* arguments *func* takes: None for all of them."""
    if not given:
        return None
    if isinstance(func, FunctionType):
        code = func.__code__
        if code.co_flags & inspect.CO_VARARGS:
            return None
        limit = code.co_argcount - bound
        return None if limit >= given else max(limit, 0)
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):  # a built-in that does not tell
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    positional = sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) - bound
    return None if positional >= given else max(positional, 0)
