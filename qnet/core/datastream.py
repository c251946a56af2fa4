"""QDataStream: Qt's binary format, byte for byte, over a device or a byte array.

https://doc.qt.io/qt-6/qdatastream.html and https://doc.qt.io/qt-6/datastreamformat.html. The format itself is in
``_datastream_wire`` (and ``_datastream_variant``, ``_datastream_dates``); device, status and transactions are in
``_datastream_base``.
"""

from __future__ import annotations

import operator
import struct
import uuid
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from qnet.core._datastream_base import DataStreamBase
from qnet.core._datastream_dates import write_date, write_datetime, write_time
from qnet.core._datastream_variant import VariantReader, data_bytes, url_bytes, uuid_bytes, write_variant
from qnet.core._datastream_wire import EndedEarly, Integer, to_integer
from qnet.core._enums import flat_enums
from qnet.core.bytearray import QByteArray, QByteArrayView
from qnet.core.iodevice import QIODevice

if TYPE_CHECKING:
    from qnet.core._datastream_wire import Wire

__all__ = ["QDataStream"]

BytesLike = bytes | bytearray | memoryview


@flat_enums
class QDataStream(DataStreamBase):
    """Reads and writes numbers, strings, bytes and QVariants in Qt's binary format.

    ``QDataStream(device)`` works on an open QIODevice, ``QDataStream(byte_array, mode)`` on a QByteArray in
    place (through a QBuffer, see `device`), ``QDataStream(data)`` reads from anything bytes-like.

    Reading: what cannot be read is 0, "" or empty, and `status` says why: ReadPastEnd (there is not enough data),
    ReadCorruptData or SizeLimitExceeded. A length that a peer claims costs no memory before its data is there.
    Writing: an error gives WriteFailed. The first error stays, and as long as it does nothing is written. An
    argument of the wrong type raises TypeError, a number that does not fit OverflowError; nothing is written then.

    Use transactions to read from a socket::

        stream.startTransaction()
        name = stream.readQString()
        if not stream.commitTransaction():
            return  # wait for more

    ``stream << value`` writes a bool, float (as a double), str or None (QString), bytes (QByteArray), date, time,
    datetime, UUID or QUrl as itself, and a list, tuple or dict as a QVariant; an int has no obvious width. ``stream >>
    value`` fills a QByteArray, bytearray or QUrl. Other classes join in with ``__rlshift__`` and ``__rrshift__``.
    """

    def __init__(
        self,
        source: QIODevice | BytesLike | None = None,
        mode: DataStreamBase.OpenModeFlag | None = None,
        /,
    ) -> None:
        super().__init__()
        if source is None or isinstance(source, QIODevice):
            if mode is not None:
                raise TypeError("an open mode goes with a QByteArray only")
            self.setDevice(source)
        elif isinstance(source, (bytes, bytearray, memoryview)):
            self.setDevice(_buffer(source, mode))
        else:
            raise TypeError(f"a QIODevice, a QByteArray or bytes were expected, not {type(source).__name__}")

    # Integers

    def readInt8(self) -> int:
        """A signed byte."""
        data = self._take(1)
        return self._wire.i8.unpack(data)[0] if data else 0

    def readUInt8(self) -> int:
        """A byte, 0 to 255."""
        data = self._take(1)
        return self._wire.u8.unpack(data)[0] if data else 0

    def readInt16(self) -> int:
        """A signed 16-bit integer."""
        data = self._take(2)
        return self._wire.i16.unpack(data)[0] if data else 0

    def readUInt16(self) -> int:
        """An unsigned 16-bit integer."""
        data = self._take(2)
        return self._wire.u16.unpack(data)[0] if data else 0

    def readInt32(self) -> int:
        """A signed 32-bit integer."""
        data = self._take(4)
        return self._wire.i32.unpack(data)[0] if data else 0

    def readUInt32(self) -> int:
        """An unsigned 32-bit integer."""
        data = self._take(4)
        return self._wire.u32.unpack(data)[0] if data else 0

    def readInt64(self) -> int:
        """A signed 64-bit integer."""
        data = self._take(8)
        return self._wire.i64.unpack(data)[0] if data else 0

    def readUInt64(self) -> int:
        """An unsigned 64-bit integer."""
        data = self._take(8)
        return self._wire.u64.unpack(data)[0] if data else 0

    def readBool(self) -> bool:
        """A byte: whether it is anything but 0."""
        return self._take(1) not in (b"", b"\0")

    def _put_integer(self, codec: Integer, code: str, value: int) -> None:
        try:
            data = codec.pack(value)
        except (struct.error, OverflowError):
            data = codec.pack(to_integer(value, code))
        self._put(data)

    def writeInt8(self, value: int, /) -> None:
        """A signed byte; OverflowError outside -128 to 127 (and so on below)."""
        self._put_integer(self._wire.i8, "b", value)

    def writeUInt8(self, value: int, /) -> None:
        """A byte."""
        self._put_integer(self._wire.u8, "B", value)

    def writeInt16(self, value: int, /) -> None:
        """A signed 16-bit integer."""
        self._put_integer(self._wire.i16, "h", value)

    def writeUInt16(self, value: int, /) -> None:
        """An unsigned 16-bit integer."""
        self._put_integer(self._wire.u16, "H", value)

    def writeInt32(self, value: int, /) -> None:
        """A signed 32-bit integer."""
        self._put_integer(self._wire.i32, "i", value)

    def writeUInt32(self, value: int, /) -> None:
        """An unsigned 32-bit integer."""
        self._put_integer(self._wire.u32, "I", value)

    def writeInt64(self, value: int, /) -> None:
        """A signed 64-bit integer."""
        self._put_integer(self._wire.i64, "q", value)

    def writeUInt64(self, value: int, /) -> None:
        """An unsigned 64-bit integer."""
        self._put_integer(self._wire.u64, "Q", value)

    def writeBool(self, value: bool, /) -> None:
        """One byte, 0 or 1."""
        self._put(b"\1" if operator.index(value) else b"\0")

    # Floating point

    def readFloat(self) -> float:
        """A float, rounded to single precision; its size is the stream's precision (4 bytes before Qt_4_6)."""
        data = self._take(self._wire.float_size)
        return self._wire.to_single(data) if data else 0.0

    def readDouble(self) -> float:
        """A double; its size is the stream's precision (8 bytes before Qt_4_6)."""
        data = self._take(self._wire.double_size)
        return self._wire.to_double(data) if data else 0.0

    def writeFloat(self, value: float, /) -> None:
        """Write *value*, rounded to single precision, in the stream's precision (4 bytes before Qt_4_6)."""
        self._put(self._wire.single(_number(value)))

    def writeDouble(self, value: float, /) -> None:
        """Write *value* in the stream's precision (8 bytes before Qt_4_6)."""
        self._put(self._wire.double(_number(value)))

    # Text

    def _take_text(self) -> str | None:
        size = self._take_size()
        if size is None or size <= 0:
            return None if size is None else ""
        if size % self._wire.text_unit:
            self.setStatus(self.Status.ReadCorruptData)
            return None
        data = self._take_data(size)
        return None if data is None else self._wire.to_text(data)

    def readQString(self) -> str:
        """A QString; "" for a null one too. Lone surrogates are kept."""
        return self._take_text() or ""

    def readString(self) -> str:
        """The same as `readQString`, as in PySide6."""
        return self._take_text() or ""

    def readQStringList(self) -> list[str]:
        """A QStringList; empty if it could not be read whole."""
        count = self._take_count()
        strings: list[str] = []
        for _ in range(count or 0):
            text = self._take_text()
            if text is None:
                return []
            strings.append(text)
        return strings

    def readQChar(self) -> str:
        """One UTF-16 code unit as a str of length 1; "\\0" if there is none."""
        return chr(self.readUInt16())

    def writeQString(self, value: str | None, /) -> None:
        """Write a QString; None is the null string."""
        if value is not None and not isinstance(value, str):
            raise TypeError(f"a str or None was expected, not {type(value).__name__}")
        self._put_sized(self._wire.text, value)

    def writeString(self, value: str | None, /) -> None:
        """The same as `writeQString`, as in PySide6."""
        self.writeQString(value)

    def writeQStringList(self, value: Iterable[str | None], /) -> None:
        """Write a QStringList."""
        strings = list(value)
        for item in strings:
            if item is not None and not isinstance(item, str):
                raise TypeError(f"strings were expected, not {type(item).__name__}")
        self._put_sized(self._wire.texts, strings)

    def writeQChar(self, value: str | int | None, /) -> None:
        """Write one UTF-16 code unit, given as a character, its number, or None for 0."""
        if isinstance(value, str):
            if len(value) != 1 or value > "\uffff":
                raise ValueError(f"one character up to U+FFFF was expected, not {value!r}")
            value = ord(value)
        self._put_integer(self._wire.u16, "H", 0 if value is None else value)

    # Bytes

    def readBytes(self, length: int = 0, /) -> bytes | None:
        """Bytes with their length before them, None if they could not be read whole.

        PySide6 wants a *length* here; the one in the data counts.
        """
        if not isinstance(length, int):
            raise TypeError(f"a number was expected, not {type(length).__name__}")
        count = self._take_count()
        data = None if count is None else self._take_data(count)
        return data if data is None else QByteArrayView(data)

    def writeBytes(self, data: BytesLike, /) -> QDataStream:
        """Write *data* with its length before it. Returns the stream."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"bytes were expected, not {type(data).__name__}")
        self._put_sized(self._wire.data, bytes(data))
        return self

    def writeRawData(self, data: BytesLike | str | None, /) -> int:
        """Write *data* (text as UTF-8) without a length: how many bytes were written, -1 after an error."""
        if isinstance(data, str):
            data = data.encode()
        elif data is None:
            data = b""
        elif not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"bytes were expected, not {type(data).__name__}")
        if self._status or self._device_write is None:
            return -1
        data = bytes(data)
        written = self._device_write(data)
        if written != len(data):
            self._status = self.Status.WriteFailed
        return written

    def _take_array(self) -> bytes | None:
        """A QByteArray, empty if it is null."""
        size = self._take_size()
        return b"" if size == -1 else None if size is None else self._take_data(size)

    # QVariant

    def readQVariant(self) -> Any:
        """A QVariant as a Python value, or None if it is invalid or cannot be read; then `status` says so.

        bool, int, float, str, bytes, list, dict with str keys; date, time and aware datetime; UUID, QUrl. Data of a
        type that has no Python value is corrupt. Values may nest 128 levels deep.
        """
        try:
            return VariantReader(_Source(self)).read()
        except EndedEarly:
            return None

    def writeQVariant(self, value: object, /) -> None:
        """Write a Python value of one of the types that `readQVariant` returns as a QVariant.

        bytes are written as a QByteArray, an int as Int, LongLong or (from 2**63) ULongLong, a list of nothing
        but str as a QStringList. TypeError for other types, OverflowError for integers of more than 64 bits,
        ValueError for values that nest too deeply.
        """
        self._put_sized(write_variant, self._wire, value)

    # Operators

    def __lshift__(self, value: Any) -> QDataStream:
        for kind in type(value).__mro__:
            encode = _OPERATORS.get(kind)
            if encode is not None:
                self._put_sized(encode, self._wire, value)
                return self
        if isinstance(value, int):
            raise TypeError("an int has no obvious width: use writeInt8() to writeUInt64()")
        if _is_url(value):
            self._put_sized(url_bytes, self._wire, value)
            return self
        return NotImplemented

    def __rshift__(self, target: Any) -> QDataStream:
        if isinstance(target, bytearray):
            data = self._take_array() or b""
            target.clear()
            target.extend(data)
            return self
        if hasattr(type(target), "__rrshift__") and not isinstance(target, int):
            return NotImplemented
        if _is_url(target):
            target.swap(type(target).fromEncoded(self._take_array() or b""))
            return self
        raise TypeError(f"{type(target).__name__} cannot be filled in place: use the read method for its type")


class _Source:
    """A stream as `Source`: what fails raises."""

    def __init__(self, stream: QDataStream) -> None:
        self._stream = stream
        self.wire = stream._wire

    def take(self, size: int) -> bytes:
        return self._got(self._stream._take(size) or None)

    def sized(self, size: int) -> bytes:
        return self._got(self._stream._take_data(size))

    def text(self) -> str:
        text = self._stream._take_text()
        if text is None:
            raise EndedEarly
        return text

    def data(self) -> bytes:
        return QByteArrayView(self._got(self._stream._take_array()))

    def count(self) -> int:
        count = self._stream._take_count()
        if count is None:
            raise EndedEarly
        return count

    def corrupt(self) -> EndedEarly:
        self._stream.setStatus(QDataStream.Status.ReadCorruptData)
        return EndedEarly()

    @staticmethod
    def _got(data: bytes | None) -> bytes:
        if data is None:
            raise EndedEarly
        return data


_OPERATORS: dict[type, Callable[[Wire, Any], bytes]] = {
    bool: lambda wire, value: b"\1" if value else b"\0",
    float: lambda wire, value: wire.double(value),
    str: lambda wire, value: wire.text(value),
    type(None): lambda wire, value: wire.text(None),
    bytes: data_bytes,
    bytearray: data_bytes,
    memoryview: data_bytes,
    date: write_date,
    time: write_time,
    datetime: write_datetime,
    uuid.UUID: uuid_bytes,
    list: write_variant,
    tuple: write_variant,
    dict: write_variant,
}


def _is_url(value: object) -> bool:
    from qnet.core.url import QUrl  # most streams never see one

    return isinstance(value, QUrl)


def _number(value: object) -> float:
    if not isinstance(value, (int, float)):
        raise TypeError(f"a number was expected, not {type(value).__name__}")
    return float(value)


def _buffer(source: BytesLike, mode: DataStreamBase.OpenModeFlag | None) -> QIODevice:
    from qnet.core.buffer import QBuffer  # streams over devices do not need it

    flags = DataStreamBase.OpenModeFlag
    if isinstance(source, QByteArray):
        buffer = QBuffer(source)
    else:
        if mode is not None and mode & flags.WriteOnly:
            raise TypeError(f"a QByteArray was expected to write into, not {type(source).__name__}")
        buffer = QBuffer()
        buffer.setData(bytes(source))
    buffer.open(flags.ReadOnly if mode is None else mode)
    return buffer
