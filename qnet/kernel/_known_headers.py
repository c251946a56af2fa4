"""The headers that Qt knows as Python values: ``setHeader`` and ``header`` of requests, replies and proxies.

A :class:`HeaderStore` keeps what is sent, and beside it the values that :meth:`HeaderStore.set_known` was given,
because ``header()`` returns those as they were. Cookies convert to nothing here: QNetworkCookie is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from qnet.core._enums import QtEnum
from qnet.core.logging import qWarning
from qnet.core.url import QUrl
from qnet.kernel._header_text import header_name, header_value
from qnet.kernel._http_dates import format_http_date, parse_http_date

if TYPE_CHECKING:
    from qnet.core._bytes_methods import BytesLike

__all__ = ["HeaderStore", "KnownHeaders"]


class KnownHeaders(QtEnum):
    """Headers with values of their own types (QNetworkRequest's enum)."""

    ContentTypeHeader = 0
    ContentLengthHeader = 1
    LocationHeader = 2
    LastModifiedHeader = 3
    CookieHeader = 4
    SetCookieHeader = 5
    ContentDispositionHeader = 6
    UserAgentHeader = 7
    ServerHeader = 8
    IfModifiedSinceHeader = 9
    ETagHeader = 10
    IfMatchHeader = 11
    IfNoneMatchHeader = 12
    NumKnownHeaders = 13


_K = KnownHeaders
_NAMES = {
    _K.ContentTypeHeader: b"content-type",
    _K.ContentLengthHeader: b"content-length",
    _K.LocationHeader: b"location",
    _K.LastModifiedHeader: b"last-modified",
    _K.CookieHeader: b"cookie",
    _K.SetCookieHeader: b"set-cookie",
    _K.ContentDispositionHeader: b"content-disposition",
    _K.UserAgentHeader: b"user-agent",
    _K.ServerHeader: b"server",
    _K.IfModifiedSinceHeader: b"if-modified-since",
    _K.ETagHeader: b"etag",
    _K.IfMatchHeader: b"if-match",
    _K.IfNoneMatchHeader: b"if-none-match",
}
_COOKIES = frozenset({_K.CookieHeader, _K.SetCookieHeader})
_DATES = frozenset({_K.LastModifiedHeader, _K.IfModifiedSinceHeader})
_TAG_LISTS = frozenset({_K.IfMatchHeader, _K.IfNoneMatchHeader})

_NUMBER = re.compile(rb"[ \t]*[+-]?[0-9]{1,19}[ \t]*")
# RFC 9110 section 8.8.3. A comma may be in a tag, a quote may not.
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_TAG_IN_LIST = re.compile(r'(?:^|,)[ \t]*((?:W/)?"[^"]*")[ \t]*(?=,|$)')


class HeaderStore:
    """Headers as they are sent, by name, and the Python values that some of them were set from."""

    __slots__ = ("_known", "pairs")

    pairs: list[tuple[bytes, bytes]]  # names in lower case; both checked
    _known: dict[KnownHeaders, Any]

    def __init__(self, pairs: list[tuple[bytes, bytes]] | None = None) -> None:
        self.pairs = [] if pairs is None else pairs
        self._known = {}

    def copy(self) -> HeaderStore:
        """An independent store with the same headers."""
        store = HeaderStore(list(self.pairs))
        store._known = dict(self._known)
        return store

    def names(self) -> list[bytes]:
        """Each name once, in the order of their first headers."""
        return list(dict(self.pairs))

    def raw(self, name: BytesLike) -> bytes | None:
        """The values of *name* in one, or None: Set-Cookie by lines, others with ", " in between."""
        wanted = bytes(memoryview(name)).lower()
        values = [value for own, value in self.pairs if own == wanted]
        return (b"\n" if wanted == b"set-cookie" else b", ").join(values) if values else None

    def set_raw(self, caller: str, name: BytesLike, value: BytesLike | None) -> None:
        """Replace every header *name* by one; None removes them. Refuses, with a warning of *caller*, what is none."""
        own_name = header_name(name)
        if not own_name:
            qWarning(f"{caller}: the name of a header contains illegal characters")
            return
        content = None if value is None else header_value(value)
        if value is not None and content is None:
            qWarning(f"{caller}: the value of a header contains illegal characters")
        self._replace(own_name, content)

    def _replace(self, name: bytes, value: bytes | None) -> None:
        self.pairs = [pair for pair in self.pairs if pair[0] != name]
        if value is not None:
            self.pairs.append((name, value))
        for header in [known for known in self._known if _NAMES[known] == name]:
            del self._known[header]

    def set_known(self, caller: str, header: KnownHeaders, value: Any) -> None:
        """Set *header* from a Python value; None removes it. What does not convert changes nothing, with a warning."""
        if not isinstance(header, KnownHeaders):
            raise TypeError(f"expected a KnownHeaders, not {type(header).__name__}")
        name = _NAMES.get(header)
        if name is None:
            qWarning(f"{caller}: {header.name} is no header")
            return
        raw = None if value is None else _to_raw(header, value)
        if value is not None and raw is None:
            qWarning(f"{caller}: a value of type {type(value).__name__} cannot be used with header {name.decode()}")
            return
        self.set_raw(caller, name, raw)
        if raw is not None and self.raw(name) is not None:
            self._known[header] = value

    def known(self, header: KnownHeaders) -> Any:
        """The value that *header* was set from, else what its text says, None if that is nothing that it may be."""
        if not isinstance(header, KnownHeaders):
            raise TypeError(f"expected a KnownHeaders, not {type(header).__name__}")
        if header in self._known:
            return self._known[header]
        name = _NAMES.get(header)
        value = next((value for own, value in self.pairs if own == name), None)
        return None if value is None else _FROM_RAW.get(header, _to_text)(value)


def _to_raw(header: KnownHeaders, value: Any) -> bytes | None:
    """The text of *value* in *header*; None if values of its type are not for it."""
    if header in _COOKIES:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, (int, float)):
        return str(value).encode("ascii")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if header is _K.LocationHeader and isinstance(value, QUrl):
        return bytes(value.toEncoded())
    if header in _DATES and isinstance(value, date):
        return format_http_date(value).encode("ascii")
    if header in _TAG_LISTS and isinstance(value, (list, tuple)) and all(isinstance(tag, str) for tag in value):
        return ", ".join(value).encode("utf-8", "replace")
    return None


def _to_text(raw: bytes) -> str:
    return raw.decode("latin-1")


def _to_number(raw: bytes) -> int | None:
    number = int(raw) if _NUMBER.fullmatch(raw) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _to_url(raw: bytes) -> QUrl | None:
    url = QUrl.fromEncoded(raw, QUrl.ParsingMode.StrictMode)
    return url if url.isValid() and url.scheme() else None


def _to_date(raw: bytes) -> Any:
    return parse_http_date(_to_text(raw))


def _to_tag(raw: bytes) -> str | None:
    text = _to_text(raw)
    return text if _TAG.fullmatch(text) else None


def _to_tags(raw: bytes) -> list[str]:
    text = _to_text(raw)
    return ["*"] if text == "*" else _TAG_IN_LIST.findall(text)


def _to_strong_tags(raw: bytes) -> list[str]:
    """RFC 9110 section 13.1.1: If-Match compares strongly, so a weak tag can match nothing."""
    return [tag for tag in _to_tags(raw) if not tag.startswith("W/")]


def _to_nothing(raw: bytes) -> None:
    """Cookies are not known here."""


_FROM_RAW: dict[KnownHeaders, Callable[[bytes], Any]] = {
    _K.ContentLengthHeader: _to_number,
    _K.LocationHeader: _to_url,
    _K.LastModifiedHeader: _to_date,
    _K.IfModifiedSinceHeader: _to_date,
    _K.CookieHeader: _to_nothing,
    _K.SetCookieHeader: _to_nothing,
    _K.ETagHeader: _to_tag,
    _K.IfMatchHeader: _to_strong_tags,
    _K.IfNoneMatchHeader: _to_tags,
}
