"""What the system tells about its network interfaces, as plain records.

Linux answers over rtnetlink (:mod:`qnet.kernel._interface_netlink`), which knows everything that
QNetworkInterface shows. Elsewhere, and where a sandbox refuses netlink sockets, psutil tells what it knows:
then address lifetimes stay unknown and the type is a guess.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from qnet.kernel._address_text import parse_ipv4, parse_ipv6, prefix_of_mask

__all__ = ["ARPHRD_LOOPBACK", "Address", "Link", "read_links"]

# Linux' interface flags and hardware types (netdevice(7), <linux/if_arp.h>): the common language of the
# sources.
IFF_UP = 0x1
IFF_BROADCAST = 0x2
IFF_LOOPBACK = 0x8
IFF_POINTOPOINT = 0x10
IFF_RUNNING = 0x40
IFF_MULTICAST = 0x1000
ARPHRD_ETHER = 1
ARPHRD_PPP = 512
ARPHRD_LOOPBACK = 772
ARPHRD_IEEE80211 = 801
ARPHRD_VOID = 0xFFFF
ARPHRD_NONE = 0xFFFE
ARPHRD_UNKNOWN = -1


@dataclass
class Address:
    """An address of an interface. Lifetimes are seconds, None for ever; *lifetime_known* says if they were told."""

    family: int
    value: int
    prefix: int
    broadcast: int | None = None
    lifetime_known: bool = False
    preferred: int | None = None
    valid: int | None = None
    temporary: bool = False  # IPv6: a privacy address (RFC 8981); IPv4: a secondary one of its network
    deprecated: bool = False


@dataclass
class Link:
    """An interface: *flags* are IFF_*, *hardware* is ARPHRD_*."""

    index: int
    name: str
    flags: int = 0
    hardware: int = ARPHRD_UNKNOWN
    mtu: int = 0
    hardware_address: bytes = b""
    addresses: list[Address] = field(default_factory=list)


def read_links() -> list[Link]:
    """The interfaces of this host (on Linux: of this network namespace), in the system's order."""
    if sys.platform == "linux":
        from qnet.kernel import _interface_netlink

        try:
            return _interface_netlink.read_links()
        except OSError:
            pass  # a sandbox without netlink sockets
    return links_from_psutil()


_PSUTIL_FLAGS = {
    "broadcast": IFF_BROADCAST,
    "loopback": IFF_LOOPBACK,
    "pointopoint": IFF_POINTOPOINT,
    "running": IFF_RUNNING,
    "multicast": IFF_MULTICAST,
}


def links_from_psutil() -> list[Link]:
    """The interfaces as psutil knows them, by index."""
    import psutil

    links = {}
    for name, stats in psutil.net_if_stats().items():
        try:
            link = Link(socket.if_nametoindex(name), name, mtu=stats.mtu)
        except OSError:  # gone, or a Windows name that has no index
            continue
        words = stats.flags.split(",")
        link.flags = sum(flag for word, flag in _PSUTIL_FLAGS.items() if word in words)
        # What "running" says differs from system to system; isup is the state that all of them tell.
        link.flags |= IFF_UP if "up" in words or stats.isup else 0
        links[name] = link
    for name, entries in psutil.net_if_addrs().items():
        found = links.get(name) or links.get(name.partition(":")[0])  # "eth0:1" is an old-style alias of eth0
        if found is not None:
            _add_psutil_addresses(found, entries, psutil.AF_LINK)
    for link in links.values():
        link.hardware = _guess_hardware(link)
    return sorted(links.values(), key=lambda link: link.index)


def _add_psutil_addresses(link: Link, entries: Iterable[Any], hardware_family: int) -> None:
    for entry in entries:
        if entry.family == hardware_family:
            link.hardware_address = bytes.fromhex(entry.address.replace(":", "").replace("-", ""))
        elif entry.family == socket.AF_INET:
            value, mask = parse_ipv4(entry.address), parse_ipv4(entry.netmask or "255.255.255.255")
            # Without a broadcast address, psutil tells the address itself or that of the peer.
            broadcast = parse_ipv4(entry.broadcast) if entry.broadcast else None
            if value is not None and mask is not None:
                broadcast = None if broadcast == value or mask == 0xFFFFFFFF else broadcast
                link.addresses.append(Address(entry.family, value, prefix_of_mask(mask, 32), broadcast))
        elif entry.family == socket.AF_INET6:
            value, mask = parse_ipv6(entry.address.partition("%")[0]), parse_ipv6(entry.netmask or "")
            if value is not None:
                prefix = 128 if mask is None else prefix_of_mask(mask, 128)
                link.addresses.append(Address(entry.family, value, prefix))


def _guess_hardware(link: Link) -> int:
    if link.flags & IFF_LOOPBACK:
        return ARPHRD_LOOPBACK
    if link.flags & IFF_POINTOPOINT:
        return ARPHRD_NONE
    return ARPHRD_ETHER if len(link.hardware_address) == 6 else ARPHRD_UNKNOWN
