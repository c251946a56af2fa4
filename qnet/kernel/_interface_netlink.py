"""Interfaces and addresses from the Linux kernel: two dumps over rtnetlink (netlink(7), rtnetlink(7)).

A dump request is answered by messages of the kind asked for until NLMSG_DONE, each a header, a fixed
structure and attributes (length, type, value, padded to four bytes). The kernel marks a dump during which
something changed as interrupted: then it is read again.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

from qnet.kernel._interface_source import ARPHRD_ETHER, ARPHRD_IEEE80211, Address, Link

__all__ = ["read_links"]

_HEADER = struct.Struct("=LHHLL")  # length, type, flags, sequence, port
_LINK = struct.Struct("=BxHiII")  # family, hardware, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # family, prefix, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_CACHEINFO = struct.Struct("=II")  # preferred, valid (and two time stamps)

_RTM_NEWLINK, _RTM_GETLINK, _RTM_NEWADDR, _RTM_GETADDR = 16, 18, 20, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_NLM_F_DUMP_REQUEST = 0x1 | 0x300
_NLM_F_DUMP_INTR = 0x10

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU = 1, 3, 4
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST, _IFA_CACHEINFO, _IFA_FLAGS = 1, 2, 4, 6, 8
_IFA_F_SECONDARY, _IFA_F_DADFAILED, _IFA_F_DEPRECATED = 0x01, 0x08, 0x20
_FOREVER = 0xFFFFFFFF
_SIOCGIWNAME = 0x8B01  # answers for wireless interfaces only

_ATTEMPTS = 5  # to get a dump in which nothing changed; after that a changed one has to do


def read_links() -> list[Link]:
    """All interfaces with their addresses. OSError if the kernel refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as netlink:
        netlink.bind((0, 0))
        links = {}
        for body in _dump(netlink, _RTM_GETLINK, _RTM_NEWLINK, _LINK.pack(0, 0, 0, 0, 0)):
            link = _parse_link(body)
            links[link.index] = link
        for body in _dump(netlink, _RTM_GETADDR, _RTM_NEWADDR, _ADDRESS.pack(0, 0, 0, 0, 0)):
            index, address = _parse_address(body)
            if index in links and address is not None:
                links[index].addresses.append(address)
    _mark_wireless(list(links.values()))
    return list(links.values())


def _dump(netlink: socket.socket, request: int, answer: int, body: bytes) -> list[bytes]:
    """The bodies of all messages of type *answer* that *request* yields."""
    bodies: list[bytes] = []
    for sequence in range(1, _ATTEMPTS + 1):
        header = _HEADER.pack(_HEADER.size + len(body), request, _NLM_F_DUMP_REQUEST, sequence, 0)
        netlink.send(header + body)
        bodies, interrupted = _read_dump(netlink, answer, sequence)
        if not interrupted:
            break
    return bodies


def _read_dump(netlink: socket.socket, answer: int, sequence: int) -> tuple[list[bytes], bool]:
    bodies: list[bytes] = []
    interrupted = False
    while True:
        data = netlink.recv(1 << 16)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, flags, number, _ = _HEADER.unpack_from(data, offset)
            body = data[offset + _HEADER.size : offset + length]
            offset += max((length + 3) & ~3, _HEADER.size)
            if number != sequence:
                continue
            interrupted = interrupted or bool(flags & _NLM_F_DUMP_INTR)
            if kind == _NLMSG_DONE:
                return bodies, interrupted
            if kind == _NLMSG_ERROR:
                code = -struct.unpack_from("=i", body)[0]
                raise OSError(code, "rtnetlink refused a dump")
            if kind == answer:
                bodies.append(body)


def _attributes(body: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size:
            return
        yield kind & 0x3FFF, body[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3


def _parse_link(body: bytes) -> Link:
    _, hardware, index, flags, _ = _LINK.unpack_from(body)
    link = Link(index, "", flags, hardware)
    for kind, value in _attributes(body, _LINK.size):
        if kind == _IFLA_IFNAME:
            link.name = value.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif kind == _IFLA_ADDRESS:
            link.hardware_address = value
        elif kind == _IFLA_MTU:
            (link.mtu,) = struct.unpack("=I", value)
    return link


def _parse_address(body: bytes) -> tuple[int, Address | None]:
    """The index of an address' interface, and the address unless it lost duplicate address detection."""
    family, prefix, flags, _, index = _ADDRESS.unpack_from(body)
    attributes = dict(_attributes(body, _ADDRESS.size))
    if _IFA_FLAGS in attributes:
        (flags,) = struct.unpack("=I", attributes[_IFA_FLAGS])
    # With a peer, IFA_ADDRESS is the peer's.
    packed = attributes.get(_IFA_LOCAL, attributes.get(_IFA_ADDRESS))
    if family not in (socket.AF_INET, socket.AF_INET6) or packed is None or flags & _IFA_F_DADFAILED:
        return index, None
    address = Address(
        family,
        int.from_bytes(packed, "big"),
        prefix,
        temporary=bool(flags & _IFA_F_SECONDARY),
        deprecated=bool(flags & _IFA_F_DEPRECATED),
    )
    if family == socket.AF_INET and _IFA_BROADCAST in attributes:
        address.broadcast = int.from_bytes(attributes[_IFA_BROADCAST], "big")
    if _IFA_CACHEINFO in attributes:
        preferred, valid = _CACHEINFO.unpack_from(attributes[_IFA_CACHEINFO])
        address.lifetime_known = True
        address.preferred = None if preferred == _FOREVER else preferred
        address.valid = None if valid == _FOREVER else valid
    return index, address


def _mark_wireless(links: list[Link]) -> None:
    """Wireless interfaces say that they are Ethernet: ask each that does."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        for link in links:
            if link.hardware != ARPHRD_ETHER:
                continue
            request = link.name.encode("utf-8", "surrogateescape")[:15].ljust(16, b"\0") + bytes(16)
            try:
                fcntl.ioctl(probe, _SIOCGIWNAME, request)
            except OSError:
                continue
            link.hardware = ARPHRD_IEEE80211
