"""QVariant on the wire: Python values with the type ids of the stream's version.

===========================  ===========================================================================
Python                       QVariant
===========================  ===========================================================================
None                         invalid
bool, int, float             Bool, Int or LongLong (ULongLong from 2**63 on), Double
str                          QString
bytes, bytearray, …          QByteArray
a list of str, not empty     QStringList
list, tuple                  QVariantList
dict with str keys           QVariantMap, in the order of its keys
date, time, datetime         QDate, QTime, QDateTime
uuid.UUID, QUrl              QUuid, QUrl
===========================  ===========================================================================

Qt's other integers, floats and characters, QVariantHash, QVariantPair and QLocale (its name) are read as well, the
plain geometry types as tuples of numbers (QRect as x, y, width, height), QBitArray as a list of bool. A type
that is not known has a length that is not known either: it makes the data corrupt.

Unlike PySide6, nothing is ever pickled or unpickled: unpickling what a peer sends would let it run any code.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from qnet.core._datastream_dates import read_date, read_datetime, read_time, write_date, write_datetime, write_time
from qnet.core._datastream_wire import Integer, Source, Wire

if TYPE_CHECKING:
    from qnet.core.url import QUrl

__all__ = ["MAX_DEPTH", "VariantReader", "data_bytes", "url_bytes", "uuid_bytes", "write_variant"]

MAX_DEPTH = 128
"""Lists and maps in one another deeper than this are refused, so that no peer can exhaust the stack."""

QT_4_0, QT_4_2, QT_5_0, QT_6_0 = 7, 8, 13, 20

_INVALID, _BOOL, _INT, _LONGLONG, _ULONGLONG, _DOUBLE = 0, 1, 2, 4, 5, 6
_MAP, _LIST, _STRING, _STRINGLIST, _BYTEARRAY = 8, 9, 10, 11, 12
_DATE, _TIME, _DATETIME, _URL, _UUID = 14, 15, 16, 17, 30

_QT3_IDS = {
    _INVALID: 0, _MAP: 1, _LIST: 2, _STRING: 3, _STRINGLIST: 4, _INT: 16, 3: 17, _BOOL: 18, _DOUBLE: 19,
    _DATE: 26, _TIME: 27, _DATETIME: 28, _BYTEARRAY: 29, 13: 30, _LONGLONG: 33, _ULONGLONG: 34,
}  # fmt: skip
"""Type ids before Qt_4_0. Qt 4 then numbered its additional scalar types from 128."""

_FROM_QT3 = {old: new for new, old in _QT3_IDS.items()}
_FROM_QT4 = {128 + i: new for i, new in enumerate((31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41))}


def _user_type(version: int) -> int:
    return 127 if version < QT_5_0 else 1024 if version < QT_6_0 else 65536


# Writing: pure functions, so that a value which cannot be written leaves nothing half-written.


def write_variant(wire: Wire, value: object, depth: int = 0) -> bytes:
    """*value* as a QVariant; TypeError if it has no QVariant, ValueError if it nests too deeply."""
    if depth > MAX_DEPTH:
        raise ValueError(f"the value nests more than {MAX_DEPTH} levels deep")
    for kind in type(value).__mro__:
        writer = _WRITERS.get(kind)
        if writer is not None:
            return writer(wire, value, depth)
    from qnet.core.url import QUrl  # not needed by most streams

    if isinstance(value, QUrl):
        return _typed(wire, _URL, url_bytes(wire, value))
    raise TypeError(f"a value that has a QVariant was expected, not {type(value).__name__}")


def _typed(wire: Wire, type_id: int, payload: bytes) -> bytes:
    if wire.version >= QT_4_2:
        return wire.u32.pack(type_id) + b"\0" + payload
    if wire.version >= QT_4_0:
        return wire.u32.pack(type_id) + payload
    old_id = _QT3_IDS.get(type_id)
    return _invalid(wire) if old_id is None else wire.u32.pack(old_id) + payload


def _invalid(wire: Wire) -> bytes:
    # Before Qt_5_0 an invalid QVariant carries a null string.
    null = b"\1" if wire.version >= QT_4_2 else b""
    return wire.u32.pack(_INVALID) + null + (wire.text(None) if wire.version < QT_5_0 else b"")


def _write_int(wire: Wire, value: int, depth: int) -> bytes:
    number = int(value)
    if -0x80000000 <= number <= 0x7FFFFFFF:
        return _typed(wire, _INT, wire.i32.pack(number))
    if -(1 << 63) <= number < 1 << 63:
        return _typed(wire, _LONGLONG, wire.i64.pack(number))
    if 0 <= number < 1 << 64:
        return _typed(wire, _ULONGLONG, wire.u64.pack(number))
    raise OverflowError(f"{number} is out of range: an integer of at most 64 bits was expected")


def _write_list(wire: Wire, value: Any, depth: int) -> bytes:
    if value and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _typed(wire, _STRINGLIST, wire.texts(value))
    items = [write_variant(wire, item, depth + 1) for item in value]
    return _typed(wire, _LIST, wire.size(len(items)) + b"".join(items))


def _write_dict(wire: Wire, value: dict[str, object], depth: int) -> bytes:
    if not all(isinstance(key, str) for key in value):
        raise TypeError("a QVariantMap needs str keys")
    # A QMap is ordered by UTF-16 code units.
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    items = [wire.text(key) + write_variant(wire, value[key], depth + 1) for key in keys]
    return _typed(wire, _MAP, wire.size(len(items)) + b"".join(items))


def _write_uuid(wire: Wire, value: uuid.UUID, depth: int) -> bytes:
    data = uuid_bytes(wire, value)
    if QT_4_0 <= wire.version < QT_5_0:
        return _typed(wire, _user_type(wire.version), wire.data(b"QUuid\0") + data)
    return _typed(wire, _UUID, data)


def data_bytes(wire: Wire, value: bytes | bytearray | memoryview) -> bytes:
    """A QByteArray, null if it is an object of that class and says so."""
    is_null = getattr(value, "isNull", None)
    if isinstance(value, bytearray) and is_null is not None and is_null():
        return wire.null_data()
    return wire.data(bytes(value))


def uuid_bytes(wire: Wire, value: uuid.UUID) -> bytes:
    """A QUuid: its first three fields in the stream's byte order."""
    return value.bytes if wire.order == ">" else value.bytes_le


def url_bytes(wire: Wire, value: QUrl) -> bytes:
    """A QUrl: its encoded form as a QByteArray."""
    data = bytes(value.toEncoded())
    return wire.data(data) if data else wire.null_data()


def _write_data(wire: Wire, value: Any, depth: int) -> bytes:
    return _typed(wire, _BYTEARRAY, data_bytes(wire, value))


_WRITERS: dict[type, Callable[[Wire, Any, int], bytes]] = {
    type(None): lambda wire, value, depth: _invalid(wire),
    bool: lambda wire, value, depth: _typed(wire, _BOOL, b"\1" if value else b"\0"),
    int: _write_int,
    float: lambda wire, value, depth: _typed(wire, _DOUBLE, wire.double(value)),
    str: lambda wire, value, depth: _typed(wire, _STRING, wire.text(value)),
    bytes: _write_data,
    bytearray: _write_data,
    memoryview: _write_data,
    list: _write_list,
    tuple: _write_list,
    dict: _write_dict,
    date: lambda wire, value, depth: _typed(wire, _DATE, write_date(wire, value)),
    time: lambda wire, value, depth: _typed(wire, _TIME, write_time(wire, value)),
    datetime: lambda wire, value, depth: _typed(wire, _DATETIME, write_datetime(wire, value)),
    uuid.UUID: _write_uuid,
}


# Reading


class VariantReader:
    """Reads QVariants; *source* raises `EndedEarly` when it cannot deliver."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._wire = source.wire
        self._depth = 0

    def read(self) -> Any:
        """The value of the next QVariant."""
        source, wire = self._source, self._wire
        type_id = wire.u32.unpack(source.take(4))[0]
        if wire.version < QT_4_0:
            type_id = _FROM_QT3.get(type_id, -1)
        elif wire.version < QT_5_0:
            type_id = _FROM_QT4.get(type_id, type_id)
        if wire.version >= QT_4_2:
            source.take(1)  # whether it is null: nothing that None, "" and b"" do not say in Python
        if type_id == _user_type(wire.version) and source.data() == b"QUuid\0":
            type_id = _UUID
        integer = _INTEGERS.get(type_id)
        if integer is not None:
            codec: Integer = getattr(wire, integer)
            return codec.unpack(source.take(codec.size))[0]
        numbers = _TUPLES.get(type_id)
        if numbers is not None:
            return self._tuple(numbers)
        reader = _READERS.get(type_id)
        if reader is None or self._depth > MAX_DEPTH:
            raise source.corrupt()
        self._depth += 1
        value = reader(self)
        self._depth -= 1
        return value

    def _tuple(self, codes: str) -> tuple[float, ...]:
        return tuple(
            self._double() if code == "d" else self._wire.i32.unpack(self._source.take(4))[0] for code in codes
        )

    def _double(self) -> float:
        return self._wire.to_double(self._source.take(self._wire.double_size))

    def _invalid(self) -> None:
        if self._wire.version < QT_5_0:
            self._source.text()

    def _float(self) -> float:
        return self._wire.to_single(self._source.take(self._wire.float_size))

    def _half(self) -> float:
        value: float = struct.unpack(self._wire.order + "e", self._source.take(2))[0]
        return value

    def _char(self) -> str:
        return chr(self._wire.u16.unpack(self._source.take(2))[0])

    def _char32(self) -> str:
        code = self._wire.u32.unpack(self._source.take(4))[0]
        if code > 0x10FFFF:
            raise self._source.corrupt()
        return chr(code)

    def _rect(self) -> tuple[float, ...]:
        left, top, right, bottom = self._tuple("iiii")
        return left, top, right - left + 1, bottom - top + 1

    def _list(self) -> list[Any]:
        return [self.read() for _ in range(self._source.count())]

    def _strings(self) -> list[str]:
        return [self._source.text() for _ in range(self._source.count())]

    def _map(self) -> dict[str, Any]:
        return {self._source.text(): self.read() for _ in range(self._source.count())}

    def _bits(self) -> list[bool]:
        wide = self._wire.version >= QT_6_0
        codec = self._wire.i64 if wide else self._wire.u32
        size = codec.unpack(self._source.take(codec.size))[0]
        if size < 0:
            raise self._source.corrupt()
        data = self._source.sized(-(-size // 8))
        return [bool(data[i >> 3] >> (i & 7) & 1) for i in range(size)]

    def _url(self) -> QUrl:
        from qnet.core.url import QUrl  # not needed by most streams

        return QUrl.fromEncoded(self._source.data())

    def _uuid(self) -> uuid.UUID:
        data = self._source.take(16)
        return uuid.UUID(bytes=data) if self._wire.order == ">" else uuid.UUID(bytes_le=data)


_INTEGERS = {
    2: "i32", 3: "u32", 4: "i64", 5: "u64",
    32: "i64", 33: "i16", 35: "u64", 36: "u16", 37: "u8", 40: "i8",
}  # fmt: skip

_TUPLES = {20: "dddd", 21: "ii", 22: "dd", 23: "iiii", 24: "dddd", 25: "ii", 26: "dd"}
"""QRectF, QSize, QSizeF, QLine, QLineF, QPoint, QPointF."""

_READERS: dict[int, Callable[[VariantReader], Any]] = {
    _INVALID: VariantReader._invalid,
    _BOOL: lambda reader: reader._source.take(1) != b"\0",
    _DOUBLE: VariantReader._double,
    7: VariantReader._char,
    _MAP: VariantReader._map,
    _LIST: VariantReader._list,
    _STRING: lambda reader: reader._source.text(),
    _STRINGLIST: VariantReader._strings,
    _BYTEARRAY: lambda reader: reader._source.data(),
    13: VariantReader._bits,
    _DATE: lambda reader: read_date(reader._source),
    _TIME: lambda reader: read_time(reader._source),
    _DATETIME: lambda reader: read_datetime(reader._source),
    _URL: VariantReader._url,
    18: lambda reader: reader._source.text(),
    19: VariantReader._rect,
    28: VariantReader._map,
    _UUID: VariantReader._uuid,
    34: lambda reader: reader._source.take(1).decode("latin-1"),
    38: VariantReader._float,
    41: VariantReader.read,
    51: lambda reader: None,
    56: VariantReader._char,
    57: VariantReader._char32,
    58: lambda reader: (reader.read(), reader.read()),
    63: VariantReader._half,
}
