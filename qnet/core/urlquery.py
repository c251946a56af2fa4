"""QUrlQuery: the query of a URL as a list of keys and values."""

from __future__ import annotations

from collections.abc import Iterable

from qnet.core import _url_encoding as codec
from qnet.core._url_encoding import Component
from qnet.core.url import QUrl

__all__ = ["QUrlQuery"]

_PRETTY = QUrl.ComponentFormattingOption.PrettyDecoded


class QUrlQuery:
    """The key-value pairs of a query (`QUrlQuery <https://doc.qt.io/qt-6/qurlquery.html>`_), in their order.

    ``QUrlQuery(url)`` takes the query of a QUrl, ``QUrlQuery(text)`` parses a query without its ``?``, and
    ``QUrlQuery(other)`` copies. Keys and values are taken as percent-encoded already (a ``%`` that begins no escape
    is literal): only the delimiters in them are encoded. ``+`` is a plus, never a blank: HTML forms that
    mean a blank need a replacement first. A key may occur more than once, and may have no value.
    """

    __slots__ = ("__weakref__", "_items", "_pair", "_value")

    def __init__(self, query: str | QUrl | QUrlQuery | None = None) -> None:
        self._value, self._pair = "=", "&"
        self._items: list[tuple[str, str | None]] = []
        if isinstance(query, QUrlQuery):
            self._value, self._pair = query._value, query._pair
            self._items = list(query._items)
        elif isinstance(query, QUrl):
            self.setQuery(query.query())
        elif query is not None:
            self.setQuery(query)

    # The whole query

    def isEmpty(self) -> bool:
        """Whether there are no items."""
        return not self._items

    def clear(self) -> None:
        """Remove every item."""
        self._items = []

    def swap(self, other: QUrlQuery) -> None:
        """Exchange items and delimiters with *other*."""
        for name in ("_items", "_pair", "_value"):
            mine, yours = getattr(self, name), getattr(other, name)
            setattr(self, name, yours)
            setattr(other, name, mine)

    def setQuery(self, queryString: str | None) -> None:
        """Replace the items by those of *queryString*, which has no leading ``?``."""
        text = "" if queryString is None else _text(queryString, "queryString")
        pieces = text.split(self._pair)
        if not pieces[-1]:
            pieces.pop()
        self._items = []
        for piece in pieces:
            key, delimiter, value = piece.partition(self._value)
            self._items.append((self._kept(key), self._kept(value) if delimiter else None))

    def query(self, encoding: int = _PRETTY) -> str:
        """The query as text; delimiters within keys and values are encoded unless *encoding* is FullyDecoded."""
        wanted = int(encoding)
        text = ""
        for key, value in self._items:
            if text:
                text += self._pair
            text += self._in_query(key, wanted)
            if value is not None:
                text += self._value + self._in_query(value, wanted)
        return text

    toString = query

    def setQueryDelimiters(self, valueDelimiter: str, pairDelimiter: str) -> None:
        """Use other characters than ``=`` and ``&``, from now on; the items stay. Each must be one character."""
        for delimiter in (valueDelimiter, pairDelimiter):
            if len(_text(delimiter, "delimiter")) != 1:
                raise ValueError(f"a delimiter must be one character, not {delimiter!r}")
        self._value, self._pair = valueDelimiter, pairDelimiter

    def queryValueDelimiter(self) -> str:
        """What stands between key and value, by default ``=``."""
        return self._value

    def queryPairDelimiter(self) -> str:
        """What stands between two items, by default ``&``."""
        return self._pair

    # Items

    def queryItems(self, encoding: int = _PRETTY) -> list[tuple[str, str]]:
        """Every key with its value (empty if it has none), in order."""
        wanted = int(encoding)
        return [(self._shown(key, wanted), self._shown(value or "", wanted)) for key, value in self._items]

    def setQueryItems(self, query: Iterable[tuple[str, str]]) -> None:
        """Replace the items."""
        items = [(self._kept(_text(key, "key")), self._kept(_text(value, "value"))) for key, value in query]
        self._items = list(items)

    def addQueryItem(self, key: str, value: str) -> None:
        """Append an item; encode what is not percent-encoded yet, notably ``%`` and ``+``, beforehand."""
        self._items.append((self._kept(_text(key, "key")), self._kept(_text(value, "value"))))

    def hasQueryItem(self, key: str) -> bool:
        """Whether there is an item of that key."""
        wanted = self._kept(_text(key, "key"))
        return any(name == wanted for name, _ in self._items)

    def queryItemValue(self, key: str, encoding: int = _PRETTY) -> str:
        """The value of the first item of that key; empty if there is none."""
        values = self.allQueryItemValues(key, encoding)
        return values[0] if values else ""

    def allQueryItemValues(self, key: str, encoding: int = _PRETTY) -> list[str]:
        """The values of all items of that key."""
        wanted = self._kept(_text(key, "key"))
        return [self._shown(value or "", int(encoding)) for name, value in self._items if name == wanted]

    def removeQueryItem(self, key: str) -> None:
        """Remove the first item of that key, if there is one."""
        wanted = self._kept(_text(key, "key"))
        for position, (name, _) in enumerate(self._items):
            if name == wanted:
                del self._items[position]
                return

    def removeAllQueryItems(self, key: str) -> None:
        """Remove all items of that key."""
        wanted = self._kept(_text(key, "key"))
        self._items = [item for item in self._items if item[0] != wanted]

    # Encoding

    def _component(self) -> Component:
        """A key or value: the delimiters and ``#`` end it."""
        return Component("query item", f"{self._pair}{self._value}#", "", True, "")

    def _kept(self, text: str) -> str:
        return codec.to_pretty(text, self._component(), codec.TOLERANT).replace("%60", "`")

    def _shown(self, text: str, options: int) -> str:
        if not options or options & codec.FULLY_DECODED_BIT:
            return codec.show(text, self._component(), options)
        return self._without_unwise(text, options)

    def _without_unwise(self, text: str, options: int) -> str:
        """*text* with what no URL may have encoded, unless the options are to decode that."""
        shown = codec.show(text, self._component(), options | codec.ENCODE_UNWISE)
        return shown if options & codec.DECODE_RESERVED else shown.replace("`", "%60")

    def _in_query(self, text: str, options: int) -> str:
        if options & codec.FULLY_DECODED_BIT:
            return codec.decode_all(text)
        shown = self._without_unwise(text, options)
        for delimiter in (self._pair, self._value):
            shown = shown.replace(delimiter, codec.escape(delimiter))
        return shown

    # Python's view of it

    def _key(self) -> tuple[object, ...]:
        return self._value, self._pair, tuple([(key, value or "") for key, value in self._items])

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, QUrlQuery) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __copy__(self) -> QUrlQuery:
        return QUrlQuery(self)

    def __repr__(self) -> str:
        return f"qnet.QtCore.QUrlQuery({self.query()!r})"


def _text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    raise TypeError(f"{name} must be str, not {type(value).__name__}")
