"""The host of a URL: a registered name, an IPv4 address or a bracketed IP literal (RFC 3986, section 3.2.2)."""

from __future__ import annotations

import re
import socket
import struct

from qnet.core import _url_ace as ace
from qnet.core._url_encoding import (
    ENCODE_UNICODE,
    FULLY_DECODED_BIT,
    PATH,
    STRICT,
    TOLERANT,
    decode_all,
    show,
    to_pretty,
)

__all__ = ["HostError", "parse_host", "show_host"]

_PLAIN = re.compile(r"(?!.*xn--)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_FUTURE = re.compile(r"v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+")
_NOT_IN_FUTURE = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:-]")
_NUMBER = re.compile(r"0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*", re.IGNORECASE)
_MAX_ADDRESS = 255
"""No address with a zone is longer; nothing longer is tried."""


class HostError(ValueError):
    """Why a host is invalid: the text for `errorString`, and the offending character if it is one."""

    def __init__(self, reason: str, char: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.char = char


def parse_host(text: str, mode: int) -> str:
    """*text* as it is kept: lower case, addresses in their canonical form (IPv6 in brackets); HostError if invalid.

    The tolerant mode also decodes escapes in a registered name.
    """
    if not text or _PLAIN.fullmatch(text):
        return text
    if text[0] == "[":
        return _parse_literal(text, mode)
    address = _parse_ipv4(text)
    if address is not None:
        return address
    name = ace.normalize(text)
    if not name and mode == TOLERANT and "%" in text:
        name = ace.normalize(decode_all(text))
    if not name:
        raise HostError("Invalid hostname (contains invalid characters)")
    return _parse_ipv4(name) or name  # digits may have been full-width ones, or escaped


def show_host(host: str, options: int) -> str:
    """*host* as ComponentFormattingOptions ask for it, IPv6 addresses in brackets."""
    if host[:1] == "[":
        return show(host, PATH, options)
    if host.isascii() or options & FULLY_DECODED_BIT or not options & ENCODE_UNICODE:
        return host
    return ace.to_ace(host)


def _parse_literal(text: str, mode: int) -> str:
    if text[-1] != "]":
        raise HostError("Expected ']' to match '[' in hostname")
    inner = text[1:-1]
    if inner[:1] == "v":
        if not _FUTURE.fullmatch(inner):
            strange = _NOT_IN_FUTURE.search(inner)
            raise HostError("Invalid IPvFuture address", strange[0] if strange else "[")
        return text
    return f"[{_parse_ipv6(inner, mode)}]"


def _parse_ipv6(text: str, mode: int) -> str:
    """The canonical form of an IPv6 address, with a zone after ``%25`` (RFC 6874)."""
    address, percent, zone = text.partition("%")
    if percent:
        if zone[:2] == "25" and len(zone) > 2:
            zone = zone[2:]
        elif mode == STRICT or not zone or zone == "25":
            raise HostError("Invalid IPv6 address", "%" if mode == STRICT else "")
    try:
        if len(text) > _MAX_ADDRESS or not address.isascii() or "\0" in address or any(char in zone for char in "[]"):
            raise OSError("no address")
        packed = socket.inet_pton(socket.AF_INET6, address)
    except OSError:
        strange = re.search(r"[^0-9A-Fa-f:.]", address)
        raise HostError("Invalid IPv6 address", strange[0] if strange else "") from None
    return _ipv6_text(packed) + (f"%25{to_pretty(zone, PATH, TOLERANT)}" if percent else "")


def _ipv6_text(packed: bytes) -> str:
    """RFC 5952: no leading zeros, the longest run of two or more zero groups as ``::``; IPv4 parts dotted."""
    groups = struct.unpack("!8H", packed)
    dotted = groups[:5] == (0,) * 5 and (groups[5] == 0xFFFF or (groups[5] == 0 and groups[6] != 0))
    words = [f"{group:x}" for group in groups[: 6 if dotted else 8]]
    if dotted:
        words.append(socket.inet_ntoa(packed[12:]))
    start, length = _longest_zero_run(words)
    if length < 2:
        return ":".join(words)
    return f"{':'.join(words[:start])}::{':'.join(words[start + length :])}"


def _longest_zero_run(words: list[str]) -> tuple[int, int]:
    best_start, best_length, length = 0, 0, 0
    for position, word in enumerate(words):
        length = length + 1 if word == "0" else 0
        if length > best_length:
            best_start, best_length = position - length + 1, length
    return best_start, best_length


def _parse_ipv4(text: str) -> str | None:
    """The dotted form of everything that inet_aton(3) reads (127.1, 0x7f000001, 0177.1), or None."""
    parts = text.split(".") if len(text) <= _MAX_ADDRESS and text.isascii() else []
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    last = numbers.pop()
    if any(number > 255 for number in numbers) or last >= 1 << 8 * (4 - len(numbers)):
        return None
    value = last
    for position, number in enumerate(numbers):
        value |= number << 8 * (3 - position)
    return socket.inet_ntoa(struct.pack("!I", value))


def _number(text: str) -> int:
    if text[:2] in ("0x", "0X"):
        return int(text[2:], 16)
    return int(text, 8 if text[0] == "0" else 10)
