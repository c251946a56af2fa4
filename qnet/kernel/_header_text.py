"""Names and values of HTTP headers: what is one, and how it is kept.

Everything that a program puts into a header comes through here, so that no text of its users can end the header and
begin another one (RFC 9110 sections 5.1 and 5.5, without the obsolete line folding).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qnet.core._bytes_methods import BytesLike

__all__ = ["header_name", "header_value"]

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def header_name(name: str | BytesLike | None) -> bytes | None:
    """*name* in lower case, as headers are kept; None if it is no token. TypeError for other types."""
    raw = _latin1(name)
    return raw.lower() if raw is not None and _TOKEN.fullmatch(raw) else None


def header_value(value: str | BytesLike | None) -> bytes | None:
    """*value* without blanks around it; None if it has control characters (a tab is none) or is not Latin-1.

    No value (None) is an empty one. TypeError for other types.
    """
    raw = _latin1(value)
    if raw is None or _CONTROL.search(raw):
        return None
    return raw.strip(b" \t")


def _latin1(text: str | BytesLike | None) -> bytes | None:
    if text is None:
        return b""
    if not isinstance(text, str):
        try:
            return bytes(memoryview(text))
        except TypeError:
            raise TypeError(f"names and values of headers are str or bytes-like, not {type(text).__name__}") from None
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None
