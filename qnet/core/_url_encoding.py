"""How the components of a URL are kept and shown: the percent-encoding tables of QUrl.

A component is kept in its *pretty* form (`to_pretty`): escapes of what reads well and cannot be misread are
decoded (unreserved characters, blanks, ``<>"{}|\\^``, valid UTF-8, and the delimiters that end this component
in a full URL, which a component by itself may contain). All other characters stay as they were given, because
RFC 3986 (section 2.2) forbids to equate ``%2F`` and ``/``. `show` turns the pretty form into what the
ComponentFormattingOptions ask for; ``FullyEncoded`` gives what goes on the wire.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "FRAGMENT", "PASSWORD", "PATH", "QUERY", "USER_NAME",
    "Component", "decode_all", "escape", "first_forbidden", "show", "to_pretty",
]  # fmt: skip

# QUrl.ComponentFormattingOption by value; QUrl.FullyDecoded sets all of them and the bit below.
ENCODE_SPACES = 0x100000
ENCODE_UNICODE = 0x200000
ENCODE_DELIMITERS = 0xC00000
DECODE_RESERVED = 0x2000000
FULLY_ENCODED = 0x1F00000
FULLY_DECODED_BIT = 0x4000000
ENCODE_UNWISE = 0x10000000  # our own, no option of Qt's: as in a full URL, but without the delimiters

# QUrl.ParsingMode by value
TOLERANT, STRICT, DECODED = range(3)

UNWISE = '"<>\\^{|}'
"""Neither reserved nor allowed in a URL (RFC 3986, appendix A), but legible: encoded in full URLs only."""

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_CONTROLS = "".join(map(chr, range(32))) + "\x7f"
_MALFORMED = re.compile("%(?![0-9A-Fa-f]{2})")
_ESCAPES = re.compile("(?:%[0-9A-Fa-f]{2})+")


class Component(NamedTuple):
    """What is peculiar to one component."""

    name: str
    delimiters: str
    """Characters that would end the component in a full URL: plain in the pretty form, encoded there."""
    kept: str
    """Characters that delimiters are encoded with, but whose escapes are never undone."""
    brackets: bool
    """Whether text given decoded keeps its square brackets."""
    forbidden: str
    """What strict parsing refuses, beside blanks, control characters and the unwise ones."""


USER_NAME = Component("user name", "#/:?@[]", "", True, "#/:?@[]")
PASSWORD = Component("password", "#/?@[]", "", True, "#/:?@[]")
PASSWORD_IN_USER_INFO = PASSWORD._replace(forbidden="#/?@[]")
HOST = Component("hostname", "", "", True, "")
IP_LITERAL = HOST._replace(name="IPv6 address")
PATH = Component("path", "#?", "", False, "")
QUERY = Component("query", "#", "", False, "")
FRAGMENT = Component("fragment", "", "#", False, "")


def escape(text: str) -> str:
    """Every character of *text* as UTF-8 escapes (a lone surrogate as its three bytes, as Qt does)."""
    return "".join([f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass")])


def decode_all(text: str) -> str:
    """*text* with every escape decoded; what is not UTF-8 becomes U+FFFD, a malformed escape stays."""
    if "%" not in text:
        return text
    return _ESCAPES.sub(lambda run: _bytes_of(run[0]).decode("utf-8", "replace"), text)


def to_pretty(text: str, component: Component, mode: int) -> str:
    """The pretty form of *text*.

    In the tolerant mode (0) one malformed escape means that nobody has encoded the text: every ``%`` of it is
    then literal. In the decoded mode (2) it always is.
    """
    if mode == DECODED:
        text = text.replace("%", "%25")
        if not component.brackets:
            text = text.replace("[", "%5B").replace("]", "%5D")
    elif "%" in text and _MALFORMED.search(text):
        text = text.replace("%", "%25")
    pattern, plain = _storage(component)
    if pattern.search(text) is None:
        return text
    return pattern.sub(lambda match: _pretty(match[0], plain), text)


@lru_cache(maxsize=256)
def _storage(component: Component) -> tuple[re.Pattern[str], frozenset[str]]:
    """What a text is searched for, and the ASCII characters whose escapes are decoded."""
    plain = frozenset(_UNRESERVED + UNWISE + " " + component.delimiters)
    return re.compile(f"{_ESCAPES.pattern}|[{re.escape(_CONTROLS)}`]+"), plain


def _pretty(piece: str, plain: frozenset[str]) -> str:
    if piece[0] != "%":
        return escape(piece)
    # Bytes that are no UTF-8 come out as the surrogates U+DC80 to U+DCFF, one each.
    decoded = _bytes_of(piece).decode("utf-8", "surrogateescape")
    return "".join([c if c in plain else _pretty_character(c) for c in decoded])


def _pretty_character(char: str) -> str:
    code = ord(char)
    if code < 0x80:
        return f"%{code:02X}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"%{code - 0xDC00:02X}"
    if 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:  # noncharacters
        return escape(char)
    return char


def _bytes_of(escapes: str) -> bytes:
    return bytes.fromhex(escapes.replace("%", ""))


def show(text: str, component: Component, options: int) -> str:
    """The pretty *text* as ComponentFormattingOptions ask for it."""
    if options & FULLY_DECODED_BIT:
        return decode_all(text)
    if options & DECODE_RESERVED and "%60" in text:
        text = text.replace("%60", "`")
    pattern = _encoded(component, options & (FULLY_ENCODED | DECODE_RESERVED | ENCODE_UNWISE))
    if pattern is None or pattern.search(text) is None:
        return text
    return pattern.sub(lambda match: escape(match[0]), text)


@lru_cache(maxsize=256)
def _encoded(component: Component, options: int) -> re.Pattern[str] | None:
    """What *options* encode in the pretty form."""
    chars = " " if options & ENCODE_SPACES else ""
    if options & ENCODE_DELIMITERS:
        chars += component.delimiters + component.kept
    if options & (ENCODE_DELIMITERS | ENCODE_UNWISE) and not options & DECODE_RESERVED:
        chars += UNWISE
    ranges = re.escape(chars) + ("\x80-\U0010ffff" if options & ENCODE_UNICODE else "")
    return re.compile(f"[{ranges}]+") if ranges else None


def first_forbidden(text: str, component: Component) -> int:
    """Where *text* has its first character that strict parsing refuses in *component*, or -1."""
    match = _refused(component).search(text)
    return match.start() if match else -1


@lru_cache(maxsize=256)
def _refused(component: Component) -> re.Pattern[str]:
    chars = re.escape(_CONTROLS + " `" + UNWISE + component.forbidden)
    return re.compile(f"[{chars}]|{_MALFORMED.pattern}")
