"""The read-only half of QByteArray, shared by the mutable QByteArray and the immutable QByteArrayView."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from qnet.core import _bytes_codec as codec
from qnet.core import _bytes_number as number

if TYPE_CHECKING:
    from typing_extensions import Buffer as BytesLike

    from qnet.core.namespace import Qt
else:
    BytesLike = bytes | bytearray | memoryview  # and whatever else has the buffer protocol

__all__ = ["BytesLike", "BytesMethods", "to_bytes", "to_char"]

_Result = TypeVar("_Result")

# Options and statuses are compared by value, because the enums live on QByteArray.
_BASE64_URL, _OMIT_EQUALS = 1, 2
_INT_MAX = {bits: (1 << (bits - 1)) - 1 for bits in (16, 32, 64)}
MAX_SIZE = (1 << 63) - 19  # what Qt reports on 64-bit systems


def to_bytes(value: BytesLike | str, what: str = "data") -> bytes | bytearray:
    """*value* as bytes: text in UTF-8 (lone surrogates as ``?``, as in Qt), buffers as they are."""
    if isinstance(value, (bytes, bytearray)):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError(f"{what} must be bytes-like or str, not {type(value).__name__}") from None


def to_char(value: BytesLike | str | int, what: str = "character") -> bytes:
    """One byte from a one-byte bytes-like object or string, or from a number (-128 to 255, as C's char)."""
    if isinstance(value, int):
        if not -128 <= value <= 255:
            raise OverflowError(f"{what} must be -128 to 255, not {value}")
        return bytes((value & 255,))
    char = bytes(to_bytes(value, what))
    if len(char) != 1:
        raise TypeError(f"{what} must be a single byte, not {value!r}")
    return char


def to_needle(value: BytesLike | str | int) -> bytes | bytearray:
    """What to look for: bytes-like, text, or one character as a number."""
    return to_char(value) if isinstance(value, int) else to_bytes(value)


class BytesMethods(Generic[_Result]):
    """Qt's const methods for a class that derives from bytes or bytearray too; *_Result* is what they return.

    Wherever Qt takes a byte array, anything bytes-like and text (as UTF-8) will do, and where it takes a
    character also its number. Positions out of range give what Qt documents; where Qt declares the result
    undefined, they raise ValueError or IndexError.
    """

    __slots__ = ()

    def _raw(self) -> bytes | bytearray:
        return self  # type: ignore[return-value]  # only ever combined with bytes or bytearray

    def _make(self, data: bytes | bytearray | memoryview) -> _Result:
        raise NotImplementedError  # each class returns its own kind

    def _nothing(self) -> _Result:
        return self._make(b"")  # QByteArray returns a null one

    def _cut(self, start: int, stop: int) -> _Result:
        return self._make(memoryview(self._raw())[start:stop])

    # Size and single bytes

    def size(self) -> int:
        """The number of bytes."""
        return len(self._raw())

    length = size

    def isEmpty(self) -> bool:
        """Whether there are no bytes."""
        return not self._raw()

    @staticmethod
    def maxSize() -> int:
        """The largest size that Qt would allow; memory ends earlier."""
        return MAX_SIZE

    max_size = maxSize

    def capacity(self) -> int:
        """The number of bytes that fit without a new allocation."""
        return len(self._raw())

    def at(self, i: int) -> str:
        """The byte at *i* as a character, U+0000 to U+00FF; IndexError outside."""
        if not 0 <= i < len(self._raw()):
            raise IndexError(f"index {i} is out of range for {len(self._raw())} bytes")
        return chr(memoryview(self._raw())[i])

    def front(self) -> str:
        """The first byte as a character; IndexError if there is none."""
        return self.at(0)

    def back(self) -> str:
        """The last byte as a character; IndexError if there is none."""
        return self.at(len(self._raw()) - 1)

    def cbegin(self) -> str:
        """The content up to the first NUL as text: what PySide6 makes of C++'s first position."""
        return bytes(self._raw()).partition(b"\0")[0].decode("latin-1")

    def cend(self) -> str:
        """The empty text: what PySide6 makes of C++'s end position."""
        return ""

    # Looking

    def indexOf(self, value: BytesLike | str | int, from_: int = 0) -> int:
        """The first position at or after *from_* (negative counts from the end) of *value*, or -1."""
        raw, needle = self._raw(), to_needle(value)
        start = from_ + len(raw) if from_ < 0 else from_
        if start < -len(needle):  # Qt finds nothing where even the end of a match would lie outside
            return -1
        return raw.find(needle, max(start, 0))

    def lastIndexOf(self, value: BytesLike | str | int, from_: int | None = None) -> int:
        """The last position at or before *from_* of *value*, or -1; *from_* defaults to the end.

        A negative *from_* counts from the end, -1 being the last byte. A *from_* beyond the end finds
        nothing, except for a single byte, which is looked for from the end.
        """
        raw = self._raw()
        size, needle = len(raw), to_needle(value)
        if from_ is None:
            from_ = size
        elif from_ < 0:
            from_ = max(from_ + size, 0)
        if from_ > size:
            if len(needle) != 1:
                return -1
            from_ = size
        return raw.rfind(needle, 0, from_ + len(needle))

    def contains(self, value: BytesLike | str | int) -> bool:
        """Whether *value* occurs."""
        return self._raw().find(to_needle(value)) >= 0

    def count(self, value: BytesLike | str | int | None = None, *span: int) -> int:
        """How often *value* occurs, overlapping occurrences included; without it the size.

        With Python's *start* and *stop* it counts as ``bytes.count`` does.
        """
        raw = self._raw()
        if value is None:
            return len(raw)
        needle = to_needle(value)
        if len(needle) < 2 or span:
            return bytes.count(bytes(raw), needle, *span)
        found, position = 0, raw.find(needle)
        while position >= 0:
            found += 1
            position = raw.find(needle, position + 1)
        return found

    def startsWith(self, value: BytesLike | str | int) -> bool:
        """Whether the content begins with *value*."""
        return self._raw().startswith(to_needle(value))

    def endsWith(self, value: BytesLike | str | int) -> bool:
        """Whether the content ends with *value*."""
        return self._raw().endswith(to_needle(value))

    def compare(self, other: BytesLike | str, cs: Qt.CaseSensitivity | int = 1) -> int:
        """-1, 0 or 1 as the content sorts before, with or after *other*; *cs* 0 ignores case in ASCII."""
        mine, yours = bytes(self._raw()), bytes(to_bytes(other))
        if not int(cs):
            mine, yours = mine.lower(), yours.lower()
        return (mine > yours) - (mine < yours)

    def isUpper(self) -> bool:
        """Whether upper-casing would change nothing."""
        return self._raw().upper() == self._raw()

    def isLower(self) -> bool:
        """Whether lower-casing would change nothing."""
        return self._raw().lower() == self._raw()

    def isValidUtf8(self) -> bool:
        """Whether the content is valid UTF-8."""
        try:
            self._raw().decode()
        except UnicodeDecodeError:
            return False
        return True

    # Parts

    def left(self, n: int) -> _Result:
        """The first *n* bytes, or all there are; nothing if *n* is negative."""
        return self._cut(0, max(n, 0))

    def right(self, n: int) -> _Result:
        """The last *n* bytes, or all there are; nothing if *n* is negative."""
        size = len(self._raw())
        return self._cut(size - min(max(n, 0), size), size)

    def mid(self, index: int, len: int = -1) -> _Result:
        """*len* bytes from *index* on, or all of them if *len* is negative; what lies outside is left out."""
        size = self.size()
        if index > size or (index < 0 <= len and index + len <= 0):
            return self._nothing()
        return self._cut(max(index, 0), size if len < 0 else index + len)

    def first(self, n: int) -> _Result:
        """The first *n* bytes; ValueError unless there are as many."""
        return self._cut(0, self._checked(n))

    def last(self, n: int) -> _Result:
        """The last *n* bytes; ValueError unless there are as many."""
        size = len(self._raw())
        return self._cut(size - self._checked(n), size)

    def sliced(self, pos: int, n: int | None = None) -> _Result:
        """*n* bytes from *pos* on, by default all; ValueError if that reaches outside."""
        start = self._checked(pos)
        return self._cut(start, len(self._raw()) if n is None else self._checked(start + n, start))

    def chopped(self, len: int) -> _Result:
        """All but the last *len* bytes; ValueError unless there are as many."""
        return self._cut(0, self.size() - self._checked(len))

    def _checked(self, position: int, low: int = 0) -> int:
        size = len(self._raw())
        if not low <= position <= size:
            raise ValueError(f"position {position} is not within {low} to {size}")
        return position

    def trimmed(self) -> _Result:
        """The content without white space (ASCII) at either end."""
        return self._make(self._raw().strip(number.WHITESPACE))

    def simplified(self) -> _Result:
        """The content trimmed, every inner run of white space (ASCII) replaced by one blank."""
        return self._make(b" ".join(bytes(self._raw()).split()))

    def split(self, sep: BytesLike | str | int | None = None, maxsplit: int = -1) -> list[_Result]:
        """The parts between the occurrences of *sep*; as Python's own, without *sep*, the words."""
        separator = None if sep is None else bytes(to_needle(sep))
        return [self._make(part) for part in bytes.split(bytes(self._raw()), separator, maxsplit)]

    def repeated(self, times: int) -> _Result:
        """The content *times* times."""
        return self._make(bytes(self._raw()) * times) if times > 0 else self._nothing()

    def leftJustified(self, width: int, fill: BytesLike | str | int = " ", truncate: bool = False) -> _Result:
        """The content padded with *fill* at its end to *width* bytes; longer is cut only if *truncate*."""
        padded = bytes(self._raw()).ljust(width, to_char(fill))
        return self._make(padded[: max(width, 0)] if truncate else padded)

    def rightJustified(self, width: int, fill: BytesLike | str | int = " ", truncate: bool = False) -> _Result:
        """The content padded with *fill* in front to *width* bytes; longer is cut only if *truncate*."""
        padded = bytes(self._raw()).rjust(width, to_char(fill))
        return self._make(padded[: max(width, 0)] if truncate else padded)

    def toLower(self) -> _Result:
        """The content with ASCII letters in lower case."""
        return self._make(self._raw().lower())

    def toUpper(self) -> _Result:
        """The content with ASCII letters in upper case."""
        return self._make(self._raw().upper())

    # Encodings

    def toHex(self, separator: BytesLike | str | int = 0) -> _Result:
        """Lower-case hexadecimal digits, *separator* (none if NUL) between the bytes."""
        return self._make(codec.to_hex(bytes(self._raw()), to_char(separator).strip(b"\0")))

    def toBase64(self, options: int = 0) -> _Result:
        """The content in Base64; *options* is a `QByteArray.Base64Option`."""
        value = int(options)
        return self._make(codec.to_base64(bytes(self._raw()), bool(value & _BASE64_URL), not value & _OMIT_EQUALS))

    def toPercentEncoding(
        self,
        exclude: BytesLike | str = b"",
        include: BytesLike | str = b"",
        percent: BytesLike | str | int = "%",
    ) -> _Result:
        """All but unreserved characters (RFC 3986) and *exclude* as ``%XX``; *include* is encoded too."""
        data = bytes(self._raw())
        return self._make(
            codec.percent_encode(data, bytes(to_bytes(exclude)), bytes(to_bytes(include)), to_char(percent))
        )

    def percentDecoded(self, percent: BytesLike | str | int = "%") -> _Result:
        """The content with every ``%XX`` decoded; malformed ones stay (Qt leaves their result open)."""
        return self._make(codec.percent_decode(bytes(self._raw()), to_char(percent)))

    def toStdString(self) -> str:
        """The content as text; UnicodeDecodeError if it is not UTF-8."""
        return self._raw().decode()

    def nullTerminated(self) -> _Result:
        """A copy: a Python object needs no terminator."""
        return self._make(self._raw())

    # Numbers: (value, ok), with (0, False) when there is none

    def toShort(self, base: int = 10) -> tuple[int, bool]:
        """The 16-bit integer that is the content, and whether it is one; *base* 0 honours C's prefixes."""
        return self._signed(base, 16)

    def toInt(self, base: int = 10) -> tuple[int, bool]:
        """The 32-bit integer that is the content, and whether it is one; *base* 0 honours C's prefixes."""
        return self._signed(base, 32)

    def toLong(self, base: int = 10) -> tuple[int, bool]:
        """The 64-bit integer that is the content, and whether it is one."""
        return self._signed(base, 64)

    def toLongLong(self, base: int = 10) -> tuple[int, bool]:
        """The 64-bit integer that is the content, and whether it is one."""
        return self._signed(base, 64)

    def toUShort(self, base: int = 10) -> tuple[int, bool]:
        """The unsigned 16-bit integer that is the content, and whether it is one."""
        return self._unsigned(base, 16)

    def toUInt(self, base: int = 10) -> tuple[int, bool]:
        """The unsigned 32-bit integer that is the content, and whether it is one."""
        return self._unsigned(base, 32)

    def toULong(self, base: int = 10) -> tuple[int, bool]:
        """The unsigned 64-bit integer that is the content, and whether it is one."""
        return self._unsigned(base, 64)

    def toULongLong(self, base: int = 10) -> tuple[int, bool]:
        """The unsigned 64-bit integer that is the content, and whether it is one."""
        return self._unsigned(base, 64)

    def toDouble(self) -> tuple[float, bool]:
        """The number that is the content (``1.5``, ``-2e3``, ``inf``), and whether it is one in range."""
        return number.parse_double(bytes(self._raw()))

    def toFloat(self) -> tuple[float, bool]:
        """As `toDouble`, rounded to single precision."""
        return number.parse_float(bytes(self._raw()))

    def _signed(self, base: int, bits: int) -> tuple[int, bool]:
        return number.parse_integer(bytes(self._raw()), base, -_INT_MAX[bits] - 1, _INT_MAX[bits])

    def _unsigned(self, base: int, bits: int) -> tuple[int, bool]:
        return number.parse_integer(bytes(self._raw()), base, 0, 2 * _INT_MAX[bits] + 1)
