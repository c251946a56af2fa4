"""The text forms of addresses and subnets, as QHostAddress takes, refuses and writes them.

Nothing here knows about QHostAddress: numbers go in and out, so that the forms can be tested by themselves.
The regular forms go through ``inet_pton``. What it refuses is tried again by the lenient rules: one to four
IPv4 parts of which the last fills the rest (``inet_aton``), octal, hexadecimal and binary parts, a sign and
blanks before a number. One leniency of Qt's is left out: a NUL does not end the address, it makes it invalid,
because text that names one host to a filter and another to the socket is a hole.
"""

from __future__ import annotations

import re
import socket

__all__ = ["format_ipv4", "format_ipv6", "parse_ipv4", "parse_ipv6", "parse_subnet", "simplified"]

# QChar's white space: Unicode's, without the information separators that str.strip() also takes.
_BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
_RUN = re.compile(f"[{_BLANKS}]+")
_LEAD = f"[{_BLANKS}]*\\+?"
_C_NUMBER = re.compile(_LEAD + "(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0([0-7]*)|([1-9][0-9]*))")
_GROUP = re.compile(_LEAD + "(?:0[xX])?([0-9a-fA-F]+)")
_DECIMAL = re.compile(r"[\t-\r ]*\+?([0-9]+)[\t-\r ]*")

_IPV4_BITS = 32
_IPV6_BITS = 128


def simplified(text: str) -> str:
    """*text* without the white space around it, and with one space for any run of it inside."""
    return _RUN.sub(" ", text.strip(_BLANKS))


def parse_ipv4(text: str) -> int | None:
    """The number that simplified *text* stands for by the rules of ``inet_aton``, or None."""
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, ValueError):
        pass
    numbers = [_c_number(part) for part in text.split(".", 4)]
    last = numbers.pop()
    if last is None or len(numbers) > 3 or last >> (_IPV4_BITS - 8 * len(numbers)):
        return None
    value = last
    for place, number in enumerate(numbers):
        if number is None or number > 255:
            return None
        value |= number << (24 - 8 * place)
    return value


def _c_number(text: str) -> int | None:
    match = _C_NUMBER.fullmatch(text)
    if match is None:
        return None
    hexadecimal, binary, octal, decimal = match.groups()
    if hexadecimal:
        return int(hexadecimal, 16)
    if binary:
        return int(binary, 2)
    # More digits than this cannot be in range; Python refuses to convert thousands of them.
    return int(octal or "0", 8) if decimal is None else int(decimal) if len(decimal) < 12 else None


def parse_ipv6(text: str) -> int | None:
    """The number that simplified *text*, without a scope, stands for (RFC 4291 section 2.2), or None."""
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except (OSError, ValueError):
        pass
    head, gap, tail = text.partition("::")
    if "::" in tail or len(text) > 200:
        return None
    left = _groups(head, last=not gap)
    right = _groups(tail, last=True) if gap else []
    if left is None or right is None:
        return None
    missing = 8 - len(left) - len(right)
    # A gap stands for at least one group (Qt takes anything between eight groups and a final "::").
    if missing < 0 or bool(missing) != bool(gap):
        return None
    value = 0
    for group in (*left, *([0] * missing), *right):
        value = value << 16 | group
    return value


def _groups(text: str, last: bool) -> list[int] | None:
    """The 16-bit groups between colons; the *last* one of an address may be a dotted IPv4 address."""
    groups: list[int] = []
    if not text:
        return groups
    parts = text.split(":")
    if last and "." in parts[-1]:
        embedded = _embedded_ipv4(parts.pop())
        if embedded is None:
            return None
    else:
        embedded = []
    for part in parts:
        match = _GROUP.fullmatch(part) if len(part) <= 4 else None
        if match is None:
            return None
        groups.append(int(match[1], 16))
    return groups + embedded


def _embedded_ipv4(text: str) -> list[int] | None:
    """Four parts as in :func:`parse_ipv4`, none starting with a zero, the first of four characters at most."""
    parts = text.split(".")
    if len(parts) != 4 or len(parts[0]) > 4 or any(part[:1] == "0" != part for part in parts):
        return None
    a, b, c, d = map(_c_number, parts)
    if a is None or b is None or c is None or d is None or max(a, b, c, d) > 255:
        return None
    return [a << 8 | b, c << 8 | d]


def format_ipv4(value: int) -> str:
    """Dotted decimal."""
    return f"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def format_ipv6(value: int) -> str:
    """The shortest form (RFC 5952), dotted where the address embeds an IPv4 one.

    Written here and not by ``inet_ntop``, because C libraries differ in which addresses they show dotted.
    """
    prefix = value >> 32
    if prefix == 0xFFFF:
        return "::ffff:" + format_ipv4(value & 0xFFFFFFFF)
    if prefix == 0 and value >> 16:
        return "::" + format_ipv4(value)
    words = [value >> shift & 0xFFFF for shift in range(112, -1, -16)]
    start, length = _longest_zeros(words)
    texts = [f"{word:x}" for word in words]
    if length < 2:
        return ":".join(texts)
    return ":".join(texts[:start]) + "::" + ":".join(texts[start + length :])


def _longest_zeros(words: list[int]) -> tuple[int, int]:
    best, best_length, length = 0, 0, 0
    for index, word in enumerate(words):
        length = 0 if word else length + 1
        if length > best_length:
            best, best_length = index + 1 - length, length
    return best, best_length


def parse_subnet(text: str) -> tuple[bool, int, str, int] | None:
    """Read ``address/prefix``, ``address/netmask`` or a shortened IPv4 network (``10.``, ``192.168``).

    Returns (is IPv6, network number, scope, prefix length), host bits cleared; None for what is no subnet.
    """
    address, slash, mask = text.partition("/")
    if not text or "/" in mask or "\0" in text:
        return None
    if ":" in address:
        address, _, scope = simplified(address).partition("%")
        bits = _IPV6_BITS
        value = None if "%" in scope else parse_ipv6(address)
        prefix = bits
    else:
        scope = ""
        bits = _IPV4_BITS
        value, prefix = _parse_network(address)
    if slash:
        prefix = _parse_mask(mask, bits)
    if value is None or not 0 <= prefix <= bits:
        return None
    host_bits = bits - prefix
    return bits == _IPV6_BITS, value >> host_bits << host_bits, scope, prefix


def _parse_network(text: str) -> tuple[int | None, int]:
    """A shortened IPv4 network and the prefix length that its number of parts implies."""
    parts = text.split(".")
    if parts[-1] == "" and len(parts) <= 4:
        parts.pop()
    if len(parts) > 4:
        return None, -1
    value = 0
    for place, part in enumerate(parts):
        number = _decimal(part)
        if not 0 <= number <= 255:
            return None, -1
        value |= number << (24 - 8 * place)
    return value, 8 * len(parts)


def _parse_mask(text: str, bits: int) -> int:
    """A prefix length from decimal text or, for IPv4, from a netmask; -1 when it is neither."""
    if "." not in text:
        return _decimal(text)
    mask = parse_ipv4(simplified(text)) if bits == _IPV4_BITS else None
    if mask is None:
        return -1
    return prefix_of_mask(mask, bits)


def prefix_of_mask(mask: int, bits: int) -> int:
    """The prefix length of the netmask *mask* of *bits* bits, -1 when its ones are not contiguous."""
    inverted = mask ^ ((1 << bits) - 1)
    return -1 if inverted & (inverted + 1) else bits - inverted.bit_length()


def _decimal(text: str) -> int:
    match = _DECIMAL.fullmatch(text)
    return int(match[1]) if match and len(match[1]) < 100 else -1
