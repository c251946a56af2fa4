"""QByteArray, the mutable byte array, and QByteArrayView, the immutable one that every read returns.

Both are Python's own types (a bytearray and bytes) with Qt's methods on top, so that they work wherever a
library asks for bytes. Where Qt and Python give one name two meanings (``append``, ``insert``, ``remove``,
``replace``, ``count``, ``split``, indexing and iteration of a QByteArray), Qt's counts, and Python's call is
accepted as well if its arguments cannot be mistaken for Qt's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, SupportsIndex

from qnet.core import _bytes_codec as codec
from qnet.core import _bytes_number as number
from qnet.core._bytes_methods import BytesLike, BytesMethods, to_bytes, to_char
from qnet.core._enums import QtEnum, QtFlag, flat_enums

__all__ = ["QByteArray", "QByteArrayView"]

if TYPE_CHECKING:
    Content = BytesLike | str | int  # bytes-like, text as UTF-8, or one character as its number
    Second = int | str | bytes | None  # a length, a character, or nothing
_Slice = slice  # inside QByteArray the name is Qt's method


class QByteArrayView(BytesMethods["QByteArrayView"], bytes):  # type: ignore[misc]  # Qt's split() takes text too
    """What qnet's reads return: bytes that also have Qt's read-only methods.

    It behaves as bytes in everything else (items are numbers, slices are bytes) except that it equals the
    text that it is the UTF-8 encoding of, as a QByteArray does, and that a sum with bytes or text is a view.
    """

    __slots__ = ()
    __hash__ = bytes.__hash__

    def _make(self, data: BytesLike) -> QByteArrayView:
        return QByteArrayView(data)

    def data(self) -> bytes:
        """The bytes: this object itself, for it is one."""
        return self

    def isNull(self) -> bool:
        """Whether it is empty: a view keeps no difference between empty and null."""
        return not self

    def toByteArray(self) -> QByteArray:
        """A mutable copy."""
        return QByteArray(self)

    def __eq__(self, other: object) -> bool:
        return bytes.__eq__(self, to_bytes(other) if isinstance(other, str) else other)

    def __ne__(self, other: object) -> bool:
        return bytes.__ne__(self, to_bytes(other) if isinstance(other, str) else other)

    def __add__(self, other: BytesLike | str) -> QByteArrayView:
        if isinstance(other, str):
            other = to_bytes(other)
        return QByteArrayView(bytes.__add__(self, other))

    def __radd__(self, other: BytesLike) -> QByteArrayView:
        return QByteArrayView(b"".join((other, self)))


@flat_enums
class QByteArray(BytesMethods["QByteArray"], bytearray):  # type: ignore[misc]  # Qt's names win over bytearray's
    """A mutable array of bytes (`QByteArray <https://doc.qt.io/qt-6/qbytearray.html>`_).

    ``QByteArray()`` and ``QByteArray(None)`` are null, ``QByteArray(data)`` copies what is bytes-like or text
    (as UTF-8), ``QByteArray(data, size)`` its first bytes, ``QByteArray(size, char)`` repeats a character.
    Items are bytes of length one, as in PySide6. It hashes by its value at that moment, as Qt's does: do not
    change one that is a key.
    """

    class Base64Option(QtFlag):
        """How Base64 is written and read."""

        Base64Encoding = 0
        IgnoreBase64DecodingErrors = 0
        KeepTrailingEquals = 0
        Base64UrlEncoding = 1
        OmitTrailingEquals = 2
        AbortOnBase64DecodingErrors = 4

    Base64Options = Base64Option

    class Base64DecodingStatus(QtEnum):
        """The outcome of `fromBase64Encoding`."""

        Ok = 0
        IllegalInputLength = 1
        IllegalCharacter = 2
        IllegalPadding = 3

    class FromBase64Result:
        """What `fromBase64Encoding` found: ``decoded`` and ``decodingStatus``; true if that is Ok."""

        __slots__ = ("decoded", "decodingStatus")

        def __init__(self, other: QByteArray.FromBase64Result | None = None) -> None:
            self.decoded: QByteArray = QByteArray()
            self.decodingStatus: QByteArray.Base64DecodingStatus = QByteArray.Base64DecodingStatus.Ok
            if other is not None:
                self.decoded = QByteArray(other.decoded)
                self.decodingStatus = other.decodingStatus

        def swap(self, other: QByteArray.FromBase64Result) -> None:
            """Exchange the contents with *other*."""
            self.decoded, other.decoded = other.decoded, self.decoded
            self.decodingStatus, other.decodingStatus = other.decodingStatus, self.decodingStatus

        def __bool__(self) -> bool:
            return self.decodingStatus == QByteArray.Base64DecodingStatus.Ok

        def __eq__(self, other: object) -> bool:
            if not isinstance(other, QByteArray.FromBase64Result):
                return NotImplemented
            return self.decodingStatus == other.decodingStatus and self.decoded == other.decoded

        def __hash__(self) -> int:
            return hash((self.decoded, self.decodingStatus))

        def __repr__(self) -> str:
            return f"<FromBase64Result {self.decodingStatus}: {bytes(self.decoded)!r}>"

    __slots__ = ("_null", "_reserved")

    def __init__(self, data: Content | None = None, size: Second = None, /) -> None:
        self._null: bool = data is None or (isinstance(data, QByteArray) and data._null)
        self._reserved = 0
        if data is None:
            super().__init__()
        elif isinstance(data, int):
            if size is None:
                raise TypeError("QByteArray(size, char) needs the character as well")
            super().__init__(to_char(size) * data)
        elif size is None:
            super().__init__(to_bytes(data))
        else:
            super().__init__(_head(data, size))

    def _make(self, data: BytesLike) -> QByteArray:
        made = QByteArray(data)
        made._null = self._null and not data
        return made

    def _nothing(self) -> QByteArray:
        return QByteArray()

    # Making one from something else

    @staticmethod
    def fromBase64(base64: BytesLike | str, options: int = 0) -> QByteArray:
        """The bytes behind *base64*; empty if *options* say AbortOnBase64DecodingErrors and there are any."""
        return QByteArray.fromBase64Encoding(base64, options).decoded

    @staticmethod
    def fromBase64Encoding(base64: BytesLike | str, options: int = 0) -> QByteArray.FromBase64Result:
        """The bytes behind *base64* and the status; *options* tell the alphabet and whether errors abort."""
        option = QByteArray.Base64Option(int(options))
        url = bool(option & QByteArray.Base64Option.Base64UrlEncoding)
        strict = bool(option & QByteArray.Base64Option.AbortOnBase64DecodingErrors)
        decoded, status = codec.from_base64(bytes(to_bytes(base64)), url, strict)
        result = QByteArray.FromBase64Result()
        result.decoded = QByteArray(decoded)
        result.decodingStatus = QByteArray.Base64DecodingStatus(status)
        return result

    @staticmethod
    def fromHex(hexEncoded: BytesLike | str) -> QByteArray:
        """The bytes behind hexadecimal digits; other characters are skipped."""
        return QByteArray(codec.from_hex(bytes(to_bytes(hexEncoded))))

    @staticmethod
    def fromPercentEncoding(pctEncoded: BytesLike | str, percent: Content = "%") -> QByteArray:
        """The bytes behind percent-encoded text; malformed escapes stay as they are."""
        return QByteArray(codec.percent_decode(bytes(to_bytes(pctEncoded)), to_char(percent)))

    @staticmethod
    def fromRawData(data: BytesLike | str, size: int) -> QByteArray:
        """A copy of the first *size* bytes of *data* (Qt would refer to them, whatever happens to them)."""
        return QByteArray(data, size)

    @staticmethod
    def fromStdString(s: str) -> QByteArray:
        """The UTF-8 encoding of *s*."""
        if not isinstance(s, str):
            raise TypeError(f"s must be str, not {type(s).__name__}")
        return QByteArray(s)

    @staticmethod
    def number(value: float, base: int | str = 10, precision: int = 6, *, format: str = "g") -> QByteArray:
        """The text of a number: ``number(int, base)`` or ``number(float, format, precision)``.

        *base* is 2 to 36; *format* is ``e``, ``f`` or ``g`` (or upper case), *precision* its digits.
        """
        return QByteArray(_number(value, base, precision, format))

    def setNum(self, value: float, base: int | str = 10, precision: int = 6, *, format: str = "g") -> QByteArray:
        """Replace the content by the text of a number, as `number` writes it."""
        return self.assign(_number(value, base, precision, format))

    # Null, memory

    def data(self) -> bytes:
        """A copy of the content as bytes."""
        return bytes(self)

    def isNull(self) -> bool:
        """Whether it has never had a content (or was cleared); an empty one need not be null."""
        return self._null and not self

    def capacity(self) -> int:
        """The number of bytes that fit without a new allocation: at least what was reserved."""
        return max(len(self), self._reserved)

    def reserve(self, size: int) -> None:
        """Announce that it will grow to *size* bytes: a hint that only `capacity` shows."""
        self._reserved, self._null = max(size, 0), False

    def squeeze(self) -> None:
        """Take back what `reserve` announced."""
        self._reserved, self._null = 0, False

    shrink_to_fit = squeeze

    def isSharedWith(self, other: QByteArray) -> bool:
        """Whether both are one object, or both null: Python's arrays share no memory behind their backs."""
        return self is other or (self.isNull() and isinstance(other, QByteArray) and other.isNull())

    def nullTerminate(self) -> QByteArray:
        """This array: a Python object needs no terminator."""
        return self

    def swap(self, other: QByteArray) -> None:
        """Exchange the contents with *other*."""
        mine = bytes(self)
        self._null, other._null = other._null, self._null
        self._store(0, len(self), other)
        other._store(0, len(other), mine)

    # Changing it

    def _store(self, start: int, stop: int, data: bytes | bytearray) -> QByteArray:
        """Put *data* in the place of the bytes from *start* to *stop*."""
        bytearray.__setitem__(self, _Slice(start, stop), data)
        return self

    def _changed(self) -> QByteArray:
        self._null = False
        return self

    def assign(self, data: Content, char: Content | None = None) -> QByteArray:
        """Replace the content by *data*, or by *data* times *char*; returns this array."""
        if isinstance(data, int) and char is not None:
            return self.fill(char, data)
        return self._store(0, len(self), _argument(data))._changed()

    def append(self, data: Content, second: Second = None) -> QByteArray:  # type: ignore[override]  # Qt's
        """Add to the end: *data*, its first bytes ``(data, len)``, or ``(count, char)``; returns this array.

        A number alone is a character, in Qt as in Python.
        """
        bytearray.extend(self, _argument(data, second))
        return self._changed()

    def push_back(self, data: Content) -> None:
        """Add *data* to the end."""
        self.append(data)

    def prepend(self, data: Content, second: Second = None) -> QByteArray:
        """Add in front what `append` would add to the end; returns this array."""
        return self._store(0, 0, _argument(data, second))

    def push_front(self, data: Content) -> None:
        """Add *data* in front."""
        self.prepend(data)

    def insert(self, i: int, data: Content, second: Second = None) -> QByteArray:  # type: ignore[override]  # Qt's
        """Put before position *i* what `append` would add; returns this array.

        Beyond the end blanks fill the gap; a negative *i* is ignored.
        """
        content = _argument(data, second)
        if i >= 0 and content:
            bytearray.extend(self, b" " * (i - len(self)))
            self._store(i, i, content)
        return self

    def remove(self, index: int, len: int | None = None) -> QByteArray:  # type: ignore[override]  # Qt's
        """Remove *len* bytes from *index* on; nothing if either is out of range. Returns this array.

        With one argument it is Python's: remove the first such byte, ValueError if there is none.
        """
        if len is None:
            bytearray.remove(self, index)
        elif index >= 0 and len > 0:
            self._store(index, index + len, b"")
        return self

    def removeAt(self, pos: int) -> QByteArray:
        """Remove the byte at *pos*, if there is one; returns this array."""
        return self.remove(pos, 1)

    def removeFirst(self) -> QByteArray:
        """Remove the first byte, if there is one; returns this array."""
        return self.remove(0, 1)

    def removeLast(self) -> QByteArray:
        """Remove the last byte, if there is one; returns this array."""
        return self.remove(len(self) - 1, 1)

    def erase(self, first: int, last: int | None = None) -> int:
        """Remove the bytes from position *first* up to *last* (by default one byte); returns *first*.

        Positions stand for C++'s iterators. ValueError if they are outside.
        """
        stop = self._checked(first + 1 if last is None else last, self._checked(first))
        self._store(first, stop, b"")
        return first

    def replace(self, *args: Any) -> QByteArray:
        """Replace in place and return this array, by one of

        ``replace(before, after)``: every occurrence of *before*;
        ``replace(before, after, count)``: the first *count* of them, as Python's;
        ``replace(before, bsize, after, asize)``: every one, with only the first bytes of each argument;
        ``replace(index, len, data)``: *len* bytes from *index* on, nothing if *index* is out of range;
        ``replace(index, len, data, size)``: likewise, with the first *size* bytes of *data*.
        """
        if len(args) in (3, 4) and isinstance(args[0], int) and isinstance(args[1], int):
            index, count = args[:2]
            data = bytes(to_bytes(args[2])) if len(args) == 3 else _head(args[2], args[3])
            if 0 <= index <= len(self):
                self._store(index, index + max(count, 0), data)
            return self
        if len(args) == 4:
            args = (_head(args[0], args[1]), _head(args[2], args[3]))
        if len(args) not in (2, 3):
            raise TypeError(f"replace() takes 2 to 4 arguments, not {len(args)}")
        before, after = _argument(args[0]), _argument(args[1])
        count = operator.index(args[2]) if len(args) == 3 else -1
        return self._store(0, len(self), bytearray.replace(self, before, after, count))

    def chop(self, n: int) -> None:
        """Remove the last *n* bytes, or all there are."""
        self.truncate(max(len(self) - max(n, 0), 0))

    def truncate(self, pos: int) -> None:
        """Cut off everything from position *pos* on."""
        self._store(max(pos, 0), len(self), b"")
        self._null = False

    def resize(self, size: int, c: Content = 0) -> None:
        """Make it *size* bytes long, by cutting or by adding *c* (NUL, where Qt leaves it open)."""
        grown = size - len(self)
        if grown > 0:
            bytearray.extend(self, to_char(c) * grown)
        self.truncate(size)

    def resizeForOverwrite(self, size: int) -> None:
        """Make it *size* bytes long; new bytes are NUL, whatever Qt leaves there."""
        self.resize(size)

    def fill(self, c: Content, size: int = -1) -> QByteArray:
        """Set every byte to *c*, after a resize to *size* unless that is negative; returns this array."""
        content = to_char(c) * (len(self) if size < 0 else size)
        return self._store(0, len(self), content)._changed()

    def slice(self, pos: int, n: int | None = None) -> QByteArray:
        """Keep only *n* bytes from *pos* on (`sliced`, in place); returns this array."""
        return self._store(0, len(self), self.sliced(pos, n))

    def clear(self) -> None:
        """Drop the content and become null."""
        bytearray.clear(self)
        self._null = True

    def setRawData(self, data: BytesLike | str, n: int) -> QByteArray:
        """Replace the content by a copy of the first *n* bytes of *data*; returns this array."""
        return self.assign(_head(data, n))

    # Python's view of it

    def __getitem__(self, index: SupportsIndex | _Slice) -> Any:
        if isinstance(index, _Slice):
            return self._make(bytearray.__getitem__(self, index))
        return bytes((bytearray.__getitem__(self, index),))

    def __setitem__(self, index: SupportsIndex | _Slice, value: Any) -> None:
        if isinstance(index, _Slice):
            bytearray.__setitem__(self, index, to_bytes(value))
        else:
            bytearray.__setitem__(self, index, to_char(value)[0])

    def __iter__(self) -> Iterator[bytes]:  # type: ignore[override]  # bytes of length one, as in PySide6
        return (bytes((value,)) for value in bytearray.__iter__(self))

    def __contains__(self, value: Any) -> bool:
        return bytearray.__contains__(self, to_bytes(value) if isinstance(value, str) else value)

    def __add__(self, other: Content) -> QByteArray:
        total = self._make(self)
        return total._extended(other)

    def __radd__(self, other: BytesLike | str) -> Any:
        if isinstance(other, str):
            return other + self.decode()
        return QByteArray(other)._extended(self)

    def __iadd__(self, other: Content) -> QByteArray:  # type: ignore[override]  # text and characters too
        return self._extended(other)

    def _extended(self, other: Content) -> QByteArray:
        bytearray.extend(self, _argument(other))
        return self

    def __mul__(self, times: SupportsIndex) -> QByteArray:
        return self.repeated(operator.index(times))

    __rmul__ = __mul__

    def _compared(self, other: object, relation: Callable[[bytes, bytes], bool]) -> Any:
        if not isinstance(other, (str, bytes, bytearray, memoryview)):
            return NotImplemented
        return relation(bytes(self), bytes(to_bytes(other)))

    def __eq__(self, other: object) -> bool:
        return bytearray.__eq__(self, to_bytes(other) if isinstance(other, str) else other)

    def __ne__(self, other: object) -> bool:
        return bytearray.__ne__(self, to_bytes(other) if isinstance(other, str) else other)

    def __lt__(self, other: object) -> Any:
        return self._compared(other, operator.lt)

    def __le__(self, other: object) -> Any:
        return self._compared(other, operator.le)

    def __gt__(self, other: object) -> Any:
        return self._compared(other, operator.gt)

    def __ge__(self, other: object) -> Any:
        return self._compared(other, operator.ge)

    def __hash__(self) -> int:  # type: ignore[override]  # bytearray has none; equal to hash(bytes)
        return hash(bytes(self))

    def __reduce__(self) -> tuple[type[QByteArray], tuple[bytes | None]]:
        return QByteArray, (None if self.isNull() else bytes(self),)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[QByteArray], tuple[bytes | None]]:
        return self.__reduce__()

    def copy(self) -> QByteArray:
        """A copy."""
        return self._make(self)

    __copy__ = copy

    def __repr__(self) -> str:
        return f"qnet.QtCore.QByteArray({bytes(self)!r})"

    def __str__(self) -> str:
        return repr(bytes(self))


def _head(data: Any, size: Any) -> bytes:
    """The first *size* bytes of *data*."""
    content = bytes(to_bytes(data))
    if not -1 <= operator.index(size) <= len(content):
        raise ValueError(f"size must be 0 to {len(content)}, or -1 for all, not {size}")
    return content if size == -1 else content[:size]


def _argument(data: Any, second: Any = None) -> bytes | bytearray:
    """What ``(data)``, ``(char)``, ``(data, len)`` or ``(count, char)`` stands for."""
    if second is None:
        return to_char(data) if isinstance(data, int) else to_bytes(data)
    if isinstance(data, int):
        return to_char(second) * data
    return _head(data, second)


def _number(value: Any, base: int | str, precision: int, style: str) -> bytes:
    """The text of a number; the second argument is the base of an integer and the format of a float."""
    if isinstance(base, str):
        value, style = float(value), base
    if isinstance(value, float):
        return number.format_double(value, style, precision)
    if not isinstance(value, int):
        raise TypeError(f"value must be int or float, not {type(value).__name__}")
    return number.format_integer(value, int(base))
