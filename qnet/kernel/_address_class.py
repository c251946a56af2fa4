"""Which kind of address a number is: the classes that QHostAddress' ``is…()`` methods tell apart.

The registries are RFC 6890 for IPv4 and RFC 4291 sections 2.4 and 2.5, RFC 3879 and RFC 4193 for IPv6. A
v4-mapped IPv6 address is of the class of the IPv4 address within.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["AddressClass", "classify_ipv4", "classify_ipv6"]


class AddressClass(Enum):
    """The class of an address; every address has exactly one."""

    UNSPECIFIED = auto()  # and reserved: of no class that Qt has a method for
    GLOBAL = auto()
    PRIVATE = auto()
    UNIQUE_LOCAL = auto()
    SITE_LOCAL = auto()
    LINK_LOCAL = auto()
    LOOPBACK = auto()
    MULTICAST = auto()
    BROADCAST = auto()


# (network, prefix length, class), the more specific first.
_IPV4 = (
    (0xFFFFFFFF, 32, AddressClass.BROADCAST),
    (0x7F000000, 8, AddressClass.LOOPBACK),
    (0x0A000000, 8, AddressClass.PRIVATE),
    (0xC0A80000, 16, AddressClass.PRIVATE),
    (0xAC100000, 12, AddressClass.PRIVATE),
    (0xA9FE0000, 16, AddressClass.LINK_LOCAL),
    (0xE0000000, 4, AddressClass.MULTICAST),
    (0xF0000000, 4, AddressClass.UNSPECIFIED),
    (0x00000000, 8, AddressClass.UNSPECIFIED),
)
# The same by the first 16 bits.
_IPV6 = (
    (0xFE80, 10, AddressClass.LINK_LOCAL),
    (0xFC00, 7, AddressClass.UNIQUE_LOCAL),
    (0xFF00, 8, AddressClass.MULTICAST),
    (0xFEC0, 10, AddressClass.SITE_LOCAL),
    (0xFE00, 9, AddressClass.UNSPECIFIED),
)


def classify_ipv4(value: int) -> AddressClass:
    """The class of an IPv4 address."""
    for network, prefix, kind in _IPV4:
        if (value ^ network) >> (32 - prefix) == 0:
            return kind
    return AddressClass.GLOBAL


def classify_ipv6(value: int) -> AddressClass:
    """The class of an IPv6 address."""
    if value >> 32 == 0xFFFF:
        return classify_ipv4(value & 0xFFFFFFFF)
    if value <= 1:
        return AddressClass.LOOPBACK if value else AddressClass.UNSPECIFIED
    first = value >> 112
    for network, prefix, kind in _IPV6:
        if (first ^ network) >> (16 - prefix) == 0:
            return kind
    return AddressClass.GLOBAL
