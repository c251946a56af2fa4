"""How QDataStream's values look as bytes, for one version, byte order and floating point precision.

A `Wire` turns values into bytes and back and knows no device. Everything that depends on the version is decided
once, when the Wire is made (`wire()` keeps them), so that a stream's calls only use what they find there.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

__all__ = [
    "EXTENDED_SIZE",
    "NULL_SIZE",
    "SIZE_LIMIT",
    "EndedEarly",
    "Integer",
    "Source",
    "TooLarge",
    "Wire",
    "to_integer",
    "wire",
]

NULL_SIZE = 0xFFFFFFFF
"""The length prefix of a null string or byte array."""

EXTENDED_SIZE = 0xFFFFFFFE
"""The length prefix that announces a 64-bit length (from Qt_6_7)."""

SIZE_LIMIT = 0x7FFFFFFFFFFFFFFF

QT_2_0, QT_2_1, QT_3_3, QT_4_6, QT_6_7 = 2, 3, 6, 12, 22

_BITS = {"b": (8, True), "B": (8, False), "h": (16, True), "H": (16, False)}
_BITS |= {"i": (32, True), "I": (32, False), "q": (64, True), "Q": (64, False)}


class TooLarge(Exception):
    """A length does not fit into the prefix of this version."""


class EndedEarly(Exception):
    """A value of several parts could not be read whole: the stream's status says why."""


class Integer(Protocol):
    """What a fixed-size integer needs: `struct.Struct` has it."""

    @property
    def size(self) -> int: ...
    def pack(self, value: int, /) -> bytes: ...
    def unpack(self, data: bytes, /) -> Sequence[int]: ...


class Source(Protocol):
    """Where values of several parts are read from. Every method raises EndedEarly when it cannot deliver."""

    wire: Wire

    def take(self, size: int) -> bytes: ...
    def sized(self, size: int) -> bytes: ...
    def text(self) -> str: ...
    def data(self) -> bytes: ...
    def count(self) -> int: ...
    def corrupt(self) -> EndedEarly: ...


class _HighWordFirst:
    """A 64-bit integer as two 32-bit ones, the high one first: what Qt wrote before Qt_3_3."""

    size = 8

    def __init__(self, order: str, code: str) -> None:
        self._wide = struct.Struct(">" + code)
        self._words = struct.Struct(order + "II")

    def pack(self, value: int, /) -> bytes:
        return self._words.pack(*struct.unpack(">II", self._wide.pack(value)))

    def unpack(self, data: bytes, /) -> Sequence[int]:
        return self._wide.unpack(struct.pack(">II", *self._words.unpack(data)))


def to_integer(value: object, code: str) -> int:
    """*value* as the integer that PySide6 makes of it for the `struct` code, where packing it plainly failed.

    Raises OverflowError if it is out of range, TypeError if it is no number.
    """
    bits, signed = _BITS[code]
    if isinstance(value, float) and bits in (16, 32):
        value = int(value)
    elif isinstance(value, str) and len(value) == 1 and bits == 8:
        value = ord(value)
    if not hasattr(value, "__index__"):
        raise TypeError(f"an integer was expected, not {type(value).__name__}")
    number = int(value)
    low = -(1 << (bits - 1)) if signed else 0
    high = low + (1 << bits) - 1
    if not low <= number <= high:
        raise OverflowError(f"{number} is out of range: an integer from {low} to {high} was expected")
    return number


class Wire:
    """The bytes of one combination of version, byte order (``">"`` or ``"<"``) and precision."""

    __slots__ = (
        "_double",
        "_narrow",
        "_prefix",
        "_wide_prefix",
        "double_size",
        "float_size",
        "has_extended_sizes",
        "i8",
        "i16",
        "i32",
        "i64",
        "order",
        "text_codec",
        "text_unit",
        "u8",
        "u16",
        "u32",
        "u64",
        "version",
    )

    def __init__(self, version: int, order: str, single: bool) -> None:
        self.version = version
        self.order = order
        self.i8: Integer = struct.Struct("b")
        self.u8: Integer = struct.Struct("B")
        self.i16: Integer = struct.Struct(order + "h")
        self.u16: Integer = struct.Struct(order + "H")
        self.i32: Integer = struct.Struct(order + "i")
        self.u32: Integer = struct.Struct(order + "I")
        if version >= QT_3_3:
            self.i64: Integer = struct.Struct(order + "q")
            self.u64: Integer = struct.Struct(order + "Q")
        else:
            self.i64 = _HighWordFirst(order, "q")
            self.u64 = _HighWordFirst(order, "Q")
        self.has_extended_sizes = version >= QT_6_7
        self._prefix = struct.Struct(order + "I")
        self._wide_prefix = struct.Struct(order + "Iq")
        self._narrow = struct.Struct(order + "f")
        self._double = struct.Struct(order + "d")
        # From Qt_4_6 on the precision rules both types; before, each had its own size.
        self.double_size = 4 if single and version >= QT_4_6 else 8
        self.float_size = 8 if not single and version >= QT_4_6 else 4
        self.text_unit = 2 if version >= QT_2_0 else 1
        self.text_codec = ("utf-16-be" if order == ">" else "utf-16-le") if version >= QT_2_0 else "latin-1"

    def float32(self, value: float) -> bytes:
        """Four bytes: *value* rounded to single precision, infinite if it is too large for that."""
        try:
            return self._narrow.pack(value)
        except OverflowError:
            return self._narrow.pack(math.copysign(math.inf, value))

    def double(self, value: float) -> bytes:
        """A double, in single precision if that was asked for."""
        return self._double.pack(value) if self.double_size == 8 else self.float32(value)

    def single(self, value: float) -> bytes:
        """A float, in double precision (but rounded to single) if that was asked for."""
        data = self.float32(value)
        return data if self.float_size == 4 else self._double.pack(self._narrow.unpack(data)[0])

    def to_double(self, data: bytes) -> float:
        """The number in four or eight bytes."""
        number: float = (self._double if len(data) == 8 else self._narrow).unpack(data)[0]
        return number

    def to_single(self, data: bytes) -> float:
        """As `to_double`, rounded to single precision."""
        return self.to_double(self.float32(self.to_double(data)))

    def size(self, size: int) -> bytes:
        """The prefix for a length; TooLarge if this version has none for it."""
        if size < EXTENDED_SIZE:
            return self._prefix.pack(size)
        if not self.has_extended_sizes:
            raise TooLarge
        return self._wide_prefix.pack(EXTENDED_SIZE, size)

    def text(self, value: str | None) -> bytes:
        """A QString: None is the null string, which versions before Qt_2_1 write as an empty one."""
        if value is None:
            return self._prefix.pack(0 if self.version < QT_2_1 else NULL_SIZE)
        if self.text_unit == 2:
            data = value.encode(self.text_codec, "surrogatepass")
        else:
            data = "".join("??" if c > "\uffff" else c for c in value).encode("latin-1", "replace")
        return self.size(len(data)) + data

    def to_text(self, data: bytes) -> str:
        """The string in *data*, whose length fits. Lone surrogates are kept."""
        return data.decode(self.text_codec, "surrogatepass")

    def texts(self, values: Iterable[str | None]) -> bytes:
        """A QStringList."""
        items = [self.text(value) for value in values]
        return self.size(len(items)) + b"".join(items)

    def data(self, value: bytes) -> bytes:
        """A QByteArray that is not null."""
        return self.size(len(value)) + value

    def null_data(self) -> bytes:
        """The null QByteArray, which versions before Qt_3_3 write as an empty one."""
        return self._prefix.pack(0 if self.version < QT_3_3 else NULL_SIZE)


@lru_cache(maxsize=128)
def wire(version: int, order: str, single: bool) -> Wire:
    """The Wire of these settings, made once."""
    return Wire(version, order, single)
