"""The two calls of the hot path, ``recv`` and ``send`` of a descriptor: compiled where the C module is there.

The compiled ``recv`` returns QByteArrayView at once, Python's returns bytes, of which reading makes one: programs see
no difference. ``_wire.c`` says what is saved. ``QNET_PURE_PYTHON`` in the environment leaves it out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core.bytearray import QByteArrayView

if TYPE_CHECKING:
    import socket

__all__ = ["COMPILED", "calls_of"]

_Calls = tuple[Callable[[int], bytes], Callable[[Any], int]]


def _python_calls(sock: socket.socket) -> _Calls:
    return sock.recv, sock.send


def _compiled_calls(sock: socket.socket) -> _Calls:
    fd = sock.fileno()
    return receiver(fd, QByteArrayView), sender(fd)


try:
    if os.environ.get("QNET_PURE_PYTHON"):
        raise ImportError("QNET_PURE_PYTHON is set")
    from qnet.socket.engines._wire import receiver, sender

    receiver(0, QByteArrayView)  # raises if this Python lays the class out in another way
except (ImportError, TypeError):  # no C compiler when it was installed, or not CPython
    COMPILED = False
else:
    COMPILED = True

calls_of: Callable[[socket.socket], _Calls] = _compiled_calls if COMPILED else _python_calls
"""``recv`` and ``send`` of a socket. They hold the number of its descriptor: drop them before it is closed."""
