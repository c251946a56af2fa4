"""The text encodings that QByteArray and QUrl offer: Base64, hexadecimal and percent-encoding."""

from __future__ import annotations

import binascii
import re

__all__ = ["UNRESERVED", "from_base64", "from_hex", "percent_decode", "percent_encode", "to_base64", "to_hex"]

UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
"""What percent-encoding leaves alone (RFC 3986, section 2.3)."""

OK, ILLEGAL_LENGTH, ILLEGAL_CHARACTER, ILLEGAL_PADDING = range(4)  # QByteArray.Base64DecodingStatus

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_LETTERS = re.sub(rb"[-._~]", b"", UNRESERVED)
_ALPHABETS = (_LETTERS + b"+/", _LETTERS + b"-_")
_NOT_IN = tuple(bytes(set(range(256)) - set(alphabet)) for alphabet in _ALPHABETS)
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_ESCAPES = [b"%02X" % value for value in range(256)]


def to_base64(data: bytes, url: bool, padded: bool) -> bytes:
    """*data* in Base64 (RFC 4648), in the URL-safe alphabet if *url*, with trailing ``=`` if *padded*."""
    text = binascii.b2a_base64(data, newline=False)
    if url:
        text = text.translate(_TO_URL)
    return text if padded else text.rstrip(b"=")


def from_base64(text: bytes, url: bool, strict: bool) -> tuple[bytes, int]:
    """The bytes behind Base64 *text* and a Base64DecodingStatus; unless *strict* others are skipped."""
    clean = text.translate(None, _NOT_IN[url])
    if strict and len(clean) != len(text):
        status = _base64_error(text, _ALPHABETS[url])
        if status != OK:
            return b"", status
    if len(clean) % 4 == 1:  # six bits make no byte
        clean = clean[:-1]
    if url:
        clean = clean.translate(_FROM_URL)
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4)), OK


def _base64_error(text: bytes, alphabet: bytes) -> int:
    """Why *text* is refused, judged at its first byte outside of *alphabet*; OK if that is good padding."""
    body = text.lstrip(alphabet)
    if body[:1] != b"=":
        return ILLEGAL_CHARACTER
    if len(text) % 4:
        return ILLEGAL_LENGTH
    return OK if body in (b"=", b"==") else ILLEGAL_PADDING


def to_hex(data: bytes, separator: bytes) -> bytes:
    """*data* as lower-case hexadecimal digits, with *separator* (empty for none) between the bytes."""
    return (data.hex(separator) if separator else data.hex()).encode()


def from_hex(text: bytes) -> bytes:
    """The bytes behind hexadecimal *text*; others are skipped, an odd first digit is a byte of its own."""
    digits = text.translate(None, _NOT_HEX)
    return binascii.unhexlify(b"0" + digits if len(digits) % 2 else digits)


def percent_encode(data: bytes, exclude: bytes = b"", include: bytes = b"", percent: bytes = b"%") -> bytes:
    """*data* with all but unreserved characters escaped.

    The bytes in *exclude* stay too, those in *include* are escaped even so, *percent* itself always is.
    """
    plain = (set(UNRESERVED) | set(exclude)) - set(include) - set(percent)
    if not data.translate(None, bytes(plain)):
        return bytes(data)
    table = [bytes((c,)) if c in plain else percent + _ESCAPES[c] for c in range(256)]
    return b"".join([table[c] for c in data])


def percent_decode(text: bytes, percent: bytes = b"%") -> bytes:
    """*text* with every escape decoded; a *percent* without two hexadecimal digits stays as it is."""
    if percent not in text:
        return bytes(text)
    escape = re.compile(re.escape(percent) + rb"([0-9A-Fa-f]{2})")
    return escape.sub(lambda match: binascii.unhexlify(match[1]), text)
