"""Streams over given bytes, what a stream writes, and a sequential device: for the tests of streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from _implementations import Implementation


def configure(qt: Implementation, stream: Any, version: int = 0, order: str = "", precision: str = "") -> Any:
    if version:
        stream.setVersion(version)
    if order:
        stream.setByteOrder(getattr(qt.QDataStream.ByteOrder, order))
    if precision:
        stream.setFloatingPointPrecision(getattr(qt.QDataStream.FloatingPointPrecision, precision))
    return stream


def written(qt: Implementation, act: Callable[[Any], Any], **settings: Any) -> str:
    """What *act* writes, in hexadecimal."""
    array = qt.QByteArray()
    act(configure(qt, qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly), **settings))
    return bytes(array).hex()


def reader(qt: Implementation, data: str | bytes, **settings: Any) -> Any:
    """A stream over *data* (in hexadecimal if it is text)."""
    array = qt.QByteArray(bytes.fromhex(data) if isinstance(data, str) else data)
    stream = configure(qt, qt.QDataStream(array), **settings)
    stream.kept = array  # PySide6 does not keep it
    return stream


def pipe(qt: Implementation, data: bytes = b"") -> Any:
    """A sequential device that holds *data*; ``feed()`` adds to it."""

    class Pipe(qt.QIODevice):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.stored = bytearray(data)
            self.open(qt.QIODevice.OpenModeFlag.ReadWrite)

        def isSequential(self) -> bool:
            return True

        def bytesAvailable(self) -> int:
            return len(self.stored) + int(super().bytesAvailable())

        def readData(self, size: int) -> bytes:
            taken = bytes(self.stored[:size])
            del self.stored[:size]
            return taken

        def writeData(self, data: bytes, size: int) -> int:
            return size

        def feed(self, more: bytes) -> None:
            self.stored += more

    return Pipe()
