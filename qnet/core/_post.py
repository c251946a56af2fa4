"""Posting calls: run a function later, in the thread of an object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core import hooks
from qnet.core._event_type import EventType
from qnet.core._thread_data import ObjectData, Posted, ThreadData

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["post_call", "post_to_thread"]

_META_CALL = EventType.MetaCall.value


class _Call:
    __slots__ = ("args", "function")

    def __init__(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args

    def __call__(self) -> None:
        try:
            self.function(*self.args)
        except Exception as error:
            hooks.report(error, "a queued call", self.function, emitted=False)


def post_call(receiver: QObject, function: Callable[..., object], *args: Any) -> None:
    """Call ``function(*args)`` from the event loop of *receiver*'s thread, unless *receiver* is gone by then.

    Any thread may call this. The call keeps *function* and *args* alive until it was made.
    """
    post_to_data(receiver._q, function, *args)


def post_to_data(receiver: ObjectData, function: Callable[..., object], *args: Any) -> None:
    """`post_call` for a caller that must not hold the object itself."""
    receiver.thread.post(Posted(receiver, _Call(function, args), _META_CALL))


def post_to_thread(thread: ThreadData, function: Callable[..., object], *args: Any) -> None:
    """Call ``function(*args)`` from the event loop of *thread*."""
    thread.post(Posted(None, _Call(function, args), _META_CALL))
