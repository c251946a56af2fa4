"""The headers of an HTTP message: QHttpHeaders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from qnet.core._enums import flat_enums
from qnet.core.bytearray import QByteArrayView
from qnet.core.logging import qWarning
from qnet.kernel import _well_known_headers
from qnet.kernel._checks import check_same_class, to_view
from qnet.kernel._header_text import header_name, header_value
from qnet.kernel._http_dates import format_http_date

if TYPE_CHECKING:
    from qnet.core._bytes_methods import BytesLike

    _Name: TypeAlias = "QHttpHeaders.WellKnownHeader | str | BytesLike"
    _Text: TypeAlias = str | BytesLike | None

__all__ = ["QHttpHeaders"]

# Values that must not end up in logs.
_SECRET = frozenset({b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"})


@flat_enums
class QHttpHeaders:
    """Headers in the order in which they are sent, repeated ones included: ``QHttpHeaders()``, ``QHttpHeaders(other)``.

    A name is a :class:`WellKnownHeader` or text, in any case; it is kept in lower case. A value is text in Latin-1
    and loses the blanks around it. Both may be bytes-like. A name that is no token (RFC 9110 section 5.1), or a value
    with a character above U+00FF or a control character (line ends above all; a tab may be), is refused: the call
    returns False with a warning and changes nothing. Positions outside raise IndexError.

    As in Qt, two objects do not compare by value: compare ``toListOfPairs()``.
    https://doc.qt.io/qt-6/qhttpheaders.html
    """

    WellKnownHeader: TypeAlias = _well_known_headers.WellKnownHeader

    __slots__ = ("__weakref__", "_pairs")

    _pairs: list[tuple[bytes, bytes]]

    def __init__(self, other: QHttpHeaders | None = None, /) -> None:
        if other is not None and not isinstance(other, QHttpHeaders):
            raise TypeError("QHttpHeaders() takes another QHttpHeaders: see fromListOfPairs() and its kin")
        self._pairs = [] if other is None else list(other._pairs)

    @classmethod
    def _from_pairs(cls, pairs: Iterable[tuple[bytes, bytes]]) -> QHttpHeaders:
        """The fast constructor, from *pairs* that have been checked."""
        headers = cls()
        headers._pairs = list(pairs)
        return headers

    def swap(self, other: QHttpHeaders, /) -> None:
        """Exchange the headers of this object and *other*."""
        check_same_class(QHttpHeaders, other)
        self._pairs, other._pairs = other._pairs, self._pairs

    # Changes

    def append(self, name: _Name, value: _Text, /) -> bool:
        """Add a header at the end. True unless the name or the value is refused."""
        return self.insert(len(self._pairs), name, value)

    def insert(self, i: int, name: _Name, value: _Text, /) -> bool:
        """Add a header in front of the one at *i*, 0 to :meth:`size`. True unless name or value is refused."""
        index = self._checked_index(i, len(self._pairs) + 1)
        pair = _checked_pair(name, value)
        if pair is not None:
            self._pairs.insert(index, pair)
        return pair is not None

    def replace(self, i: int, name: _Name, newValue: _Text, /) -> bool:
        """Put a header in place of the one at *i*. True unless the name or the value is refused."""
        index = self._checked_index(i, len(self._pairs))
        pair = _checked_pair(name, newValue)
        if pair is not None:
            self._pairs[index] = pair
        return pair is not None

    def replaceOrAppend(self, name: _Name, newValue: _Text, /) -> bool:
        """Give the first header *name* a new value and remove the others, or add one. True unless refused."""
        pair = _checked_pair(name, newValue)
        if pair is None:
            return False
        places = [i for i, (own, _) in enumerate(self._pairs) if own == pair[0]]
        if places:
            self._pairs[places[0]] = pair
            for i in reversed(places[1:]):
                del self._pairs[i]
        else:
            self._pairs.append(pair)
        return True

    def setDateTimeValue(self, name: _Name, dateTime: datetime | date | None, /) -> None:
        """:meth:`replaceOrAppend` with a date as HTTP writes it ("Sat, 03 Feb 2024 04:05:06 GMT").

        A datetime without a time zone is local time, a date its midnight in UTC. None, Qt's invalid QDateTime, gives
        a warning and changes nothing. ValueError if the year in UTC is not 1 to 9999.
        """
        if dateTime is None:
            qWarning("QHttpHeaders::setDateTimeValue: invalid date received")
        elif isinstance(dateTime, date):
            self.replaceOrAppend(name, format_http_date(dateTime))
        else:
            raise TypeError(f"a date is a datetime or a date, not {type(dateTime).__name__}")

    def removeAll(self, name: _Name, /) -> None:
        """Remove every header *name*."""
        wanted = _wanted(name)
        self._pairs = [pair for pair in self._pairs if pair[0] != wanted]

    def removeAt(self, i: int, /) -> None:
        """Remove the header at *i*."""
        del self._pairs[self._checked_index(i, len(self._pairs))]

    def clear(self) -> None:
        """Remove all headers."""
        self._pairs.clear()

    def reserve(self, size: int, /) -> None:
        """Does nothing: Python's lists grow by themselves. For programs that call it."""
        if not isinstance(size, int):
            raise TypeError(f"a size is an int, not {type(size).__name__}")

    # What is there

    def contains(self, name: _Name, /) -> bool:
        """Whether there is a header *name*."""
        wanted = _wanted(name)
        return any(own == wanted for own, _ in self._pairs)

    def value(self, name: _Name, /, defaultValue: BytesLike = b"") -> QByteArrayView:
        """The value of the first header *name*, or *defaultValue*."""
        default = to_view(defaultValue)
        wanted = _wanted(name)
        return next((QByteArrayView(value) for own, value in self._pairs if own == wanted), default)

    def values(self, name: _Name, /) -> list[QByteArrayView]:
        """The values of all headers *name*, in their order."""
        wanted = _wanted(name)
        return [QByteArrayView(value) for own, value in self._pairs if own == wanted]

    def combinedValue(self, name: _Name, /) -> QByteArrayView:
        """The values of all headers *name* with ", " in between, which suits all but Set-Cookie: see :meth:`values`."""
        return QByteArrayView(b", ".join(self.values(name)))

    def valueAt(self, i: int, /) -> QByteArrayView:
        """The value of the header at *i*."""
        return QByteArrayView(self._pairs[self._checked_index(i, len(self._pairs))][1])

    def nameAt(self, i: int, /) -> str:
        """The name, in lower case, of the header at *i*."""
        return self._pairs[self._checked_index(i, len(self._pairs))][0].decode("ascii")

    def size(self) -> int:
        """How many headers there are, each repeated one counted."""
        return len(self._pairs)

    def isEmpty(self) -> bool:
        """Whether there is no header."""
        return not self._pairs

    @staticmethod
    def wellKnownHeaderName(name: WellKnownHeader, /) -> QByteArrayView:
        """The name of *name* as it is sent, in lower case."""
        if not isinstance(name, QHttpHeaders.WellKnownHeader):
            raise TypeError(f"expected a WellKnownHeader, not {type(name).__name__}")
        return QByteArrayView(_well_known_headers.HEADER_NAMES[name])

    # Python's containers. What is refused is left out, with a warning.

    def toListOfPairs(self) -> list[tuple[QByteArrayView, QByteArrayView]]:
        """The headers as (name, value), in their order."""
        return [(QByteArrayView(name), QByteArrayView(value)) for name, value in self._pairs]

    def toMultiMap(self) -> dict[QByteArrayView, list[QByteArrayView]]:
        """The values by name, the names sorted. As in Qt's multi-maps the last value of a name comes first."""
        return dict(sorted(self.toMultiHash().items()))

    def toMultiHash(self) -> dict[QByteArrayView, list[QByteArrayView]]:
        """The values by name. As in Qt's multi-hashes the last value of a name comes first."""
        found: dict[QByteArrayView, list[QByteArrayView]] = {}
        for name, value in self.toListOfPairs():
            found.setdefault(name, []).insert(0, value)
        return found

    @staticmethod
    def fromListOfPairs(headers: Iterable[tuple[_Name, _Text]], /) -> QHttpHeaders:
        """Headers from (name, value) pairs, in their order."""
        if not isinstance(headers, Iterable) or isinstance(headers, (str, bytes, bytearray, Mapping)):
            raise TypeError(f"expected a sequence of pairs, not {type(headers).__name__}")
        result = QHttpHeaders()
        for pair in headers:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise TypeError(f"expected pairs of a name and a value, not {type(pair).__name__}")
            result.append(*pair)
        return result

    @staticmethod
    def fromMultiMap(headers: Mapping[Any, Iterable[_Text]], /) -> QHttpHeaders:
        """Headers from lists of values by name, as :meth:`toMultiMap` gives them: sorted, the last value first."""
        pairs = QHttpHeaders.fromMultiHash(headers)._pairs
        return QHttpHeaders._from_pairs(sorted(pairs, key=lambda pair: pair[0]))

    @staticmethod
    def fromMultiHash(headers: Mapping[Any, Iterable[_Text]], /) -> QHttpHeaders:
        """Headers from lists of values by name, as :meth:`toMultiHash` gives them: the last value first."""
        if not isinstance(headers, Mapping):
            raise TypeError(f"expected a dict of lists, not {type(headers).__name__}")
        result = QHttpHeaders()
        for name, values in headers.items():
            if not isinstance(values, (list, tuple)):
                raise TypeError(f"expected a list of the values of {name!r}, not {type(values).__name__}")
            for value in reversed(values):
                result.append(name, value)
        return result

    # Python's protocols

    def __copy__(self) -> QHttpHeaders:
        return QHttpHeaders(self)

    def __repr__(self) -> str:
        """With "..." for credentials and cookies: headers end up in logs."""
        shown = ((name, "..." if name in _SECRET else value.decode("latin-1")) for name, value in self._pairs)
        return f"QHttpHeaders({', '.join(f'{name.decode()}: {value!r}' for name, value in shown)})"

    @staticmethod
    def _checked_index(i: int, end: int) -> int:
        if not isinstance(i, int):
            raise TypeError(f"a position is an int, not {type(i).__name__}")
        if not 0 <= i < end:
            raise IndexError(f"there is no position {i}: expected 0 to {end - 1}" if end else "there are no headers")
        return i


def _wanted(name: _Name) -> bytes | None:
    """*name* as it is kept; None if no header can have it."""
    if isinstance(name, QHttpHeaders.WellKnownHeader):
        return _well_known_headers.HEADER_NAMES[name]
    return header_name(name)


def _checked_pair(name: _Name, value: _Text) -> tuple[bytes, bytes] | None:
    """The header as it is kept, or None after a warning."""
    own_name, own_value = _wanted(name), header_value(value)
    if own_name is None:
        what = "contained illegal character(s)" if name else "cannot be empty"
        qWarning(f"qt.network.http.headers: HTTP header name {what}")
    elif own_value is None:
        qWarning("qt.network.http.headers: HTTP header value contained illegal character(s)")
    else:
        return own_name, own_value
    return None
