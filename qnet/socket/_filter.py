"""Filters: what sits between a socket's buffers and its engine and changes every byte, such as TLS.

A filter is sans-I/O: bytes in, bytes out, no socket. The socket keeps the application's bytes in its one pair
of buffers, takes at most `BLOCK` bytes at a time through ``encode`` when the wire can take them, and calls
``decode`` on what it received. A filter therefore holds no more than one block.

::

    application  <- read buffer  <- decode <-  engine.recv
    application  -> write buffer -> encode ->  engine.send
                                   pull  ->   (handshakes, alerts: the filter's own bytes)
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["BLOCK", "FilterStack", "StreamFilter"]

BLOCK = 65536


class StreamFilter:
    """The contract, and at the same time the filter that changes nothing.

    A filter that finds its input broken raises ValueError with a text for `QIODevice.errorString`; the socket
    then sends what ``pull`` has (an alert) and closes.
    """

    __slots__ = ()

    def start(self) -> None:
        """The connection stands: begin the handshake, if there is one."""

    def ready(self) -> bool:
        """Whether the application's bytes may pass; the socket keeps them until they may."""
        return True

    def decode(self, data: bytes) -> bytes:
        """What the wire brought, for the application; b"" while nothing is complete."""
        return data

    def encode(self, data: bytes | memoryview) -> bytes:
        """What the application wrote, for the wire."""
        return bytes(data)

    def pull(self) -> bytes:
        """The filter's own bytes for the wire; b"" if there are none."""
        return b""

    def ended(self) -> bytes:
        """The wire has ended: the last bytes for the application."""
        return b""

    def finish(self) -> bytes:
        """The socket is about to close: the last bytes for the wire."""
        return b""


class FilterStack(StreamFilter):
    """Several filters as one, the first next to the application: TLS in TLS, say."""

    __slots__ = ("_filters",)

    def __init__(self, filters: Sequence[StreamFilter]) -> None:
        self._filters = tuple(filters)

    def start(self) -> None:
        """Starts the one next to the wire; the others start as those below them become ready."""
        for layer in self._filters:
            layer.start()

    def ready(self) -> bool:
        """Whether all are ready."""
        return all(layer.ready() for layer in self._filters)

    def decode(self, data: bytes) -> bytes:
        """From the wire inwards."""
        for layer in reversed(self._filters):
            data = layer.decode(data)
        return data

    def encode(self, data: bytes | memoryview) -> bytes:
        """Towards the wire."""
        for layer in self._filters:
            data = layer.encode(data)
        return bytes(data)

    def pull(self) -> bytes:
        """The own bytes of every layer, passed through the layers below it that are ready."""
        wire = b""
        for layer in self._filters:
            if wire:
                wire = layer.encode(wire)
            wire += layer.pull()
        return wire

    def ended(self) -> bytes:
        """The last bytes of every layer, passed through the layers above it."""
        data = b""
        for layer in reversed(self._filters):
            data = (layer.decode(data) if data else b"") + layer.ended()
        return data

    def finish(self) -> bytes:
        """The closing bytes of every layer, passed through the layers below it."""
        wire = b""
        for layer in self._filters:
            wire = (layer.encode(wire) if wire else b"") + layer.finish()
        return wire
