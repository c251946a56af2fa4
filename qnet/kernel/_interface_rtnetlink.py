"""What rtnetlink tells, kept up to date: datagrams in, snapshots and requests out; no socket here.

A `RouteTable` asks for four dumps, one after the other, as a socket has at most one under way: links, addresses,
IPv4 and IPv6 routes. Meanwhile and afterwards the kernel multicasts what changes into the same socket, in order with
the dumps, so that links and addresses are simply kept up to date. What a dump did not confirm when it ends is gone.

Default routes are asked for again instead, whenever one of them may have changed. Their events do not tell enough: a
``replace`` and a hop of a multipath route are not told apart reliably, and when an interface goes down, or loses its
last address, the kernel drops its IPv4 routes without a word.

Sources: rtnetlink(7), netlink(7), <linux/rtnetlink.h>. Whatever a message holds, feeding it raises nothing and costs
time linear in its length: a message that is cut short is left out.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from qnet.kernel import _interface_netlink as netlink
from qnet.kernel._interface_facts import DefaultRoute, Interface, InterfaceAddress, Snapshot

__all__ = ["GROUPS", "RouteTable"]

GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400  # RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE

_NEWLINK, _DELLINK, _GETLINK = 16, 17, 18
_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22
_NEWROUTE, _DELROUTE, _GETROUTE = 24, 25, 26
_ERROR, _DONE = 2, 3
_REQUEST_DUMP = 0x1 | 0x300
_MULTI = 0x2
_INTERRUPTED = 0x10

_ROUTE = struct.Struct("=BBBBBBBBI")  # family, dst, src, tos, table, protocol, scope, type, flags
_HOP = struct.Struct("=HBBi")  # length, flags, hops, interface
_RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH, _RTA_TABLE = 4, 5, 6, 9, 15
_RT_TABLE_MAIN = 254
_RTN_UNICAST = 1
_RTM_F_CLONED = 0x200
_MOST_HOPS = 256

_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_BITS: dict[int, int] = {socket.AF_INET: 32, socket.AF_INET6: 128}
_ATTEMPTS = 5  # to get a dump in which nothing changed; after that a changed one has to do


class _Stage(NamedTuple):
    """One dump: what to ask for and what answers."""

    request: int
    answer: int
    body: bytes
    family: int = 0


_LINKS = _Stage(_GETLINK, _NEWLINK, netlink._LINK.pack(0, 0, 0, 0, 0))
_ADDRESSES = _Stage(_GETADDR, _NEWADDR, netlink._ADDRESS.pack(0, 0, 0, 0, 0))
_ROUTES = tuple(_Stage(_GETROUTE, _NEWROUTE, _ROUTE.pack(f, 0, 0, 0, 0, 0, 0, 0, 0), f) for f in _FAMILIES)

_AddressKey = tuple[int, int, bytes, bytes]  # family, prefix, local and peer address


@dataclass
class _Link:
    interface: Interface  # without its addresses
    addresses: dict[_AddressKey, InterfaceAddress] = field(default_factory=dict)
    confirmed: set[_AddressKey] = field(default_factory=set)  # seen since the dump of addresses began


class RouteTable:
    """Interfaces, their addresses and the default routes, as far as they have been told.

    Send `request` to the kernel until it is empty, and `feed` every datagram that the kernel sends.
    """

    def __init__(self) -> None:
        self._links: dict[int, _Link] = {}
        self._confirmed: set[int] = set()  # links seen since the dump of links began
        self._routes: dict[int, set[DefaultRoute]] = {family: set() for family in _FAMILIES}
        self._found: set[DefaultRoute] = set()  # by the dump of routes that is under way
        self._waiting: deque[_Stage] = deque()
        self._running: _Stage | None = None
        self._sequence = 0
        self._attempts = 0
        self._interrupted = False
        self._complete = False
        self._snapshot: Snapshot | None = None
        self.resync()

    def resync(self) -> None:
        """Ask for everything again: messages were lost. What was known stays until then."""
        self._waiting = deque((_LINKS, _ADDRESSES, *_ROUTES))
        self._attempts = 0

    def is_busy(self) -> bool:
        """Whether an answer is awaited, so that what is known may be between two states."""
        return self._running is not None or bool(self._waiting)

    def request(self) -> bytes:
        """What to send now: nothing while a dump is under way, or none is wanted."""
        if self._running is not None or not self._waiting:
            return b""
        stage = self._running = self._waiting.popleft()
        self._sequence = self._sequence % 0xFFFFFFFF + 1
        self._interrupted = False
        if stage is _LINKS:
            self._confirmed = set()
        elif stage is _ADDRESSES:
            for link in self._links.values():
                link.confirmed = set()
        else:
            self._found = set()
        length = netlink._HEADER.size + len(stage.body)
        return netlink._HEADER.pack(length, stage.request, _REQUEST_DUMP, self._sequence, 0) + stage.body

    def snapshot(self) -> Snapshot:
        """What is known now; the same object as before if nothing changed."""
        if self._snapshot is None:
            routes = sorted(route for routes in self._routes.values() for route in routes)
            self._snapshot = Snapshot(
                {index: _with_addresses(link) for index, link in sorted(self._links.items())},
                tuple(routes),
                self._complete,
            )
        return self._snapshot

    # -- datagrams

    def feed(self, data: bytes) -> None:
        """Take a datagram of the kernel's."""
        for kind, flags, sequence, body in _messages(data):
            # Events carry the number of whatever request caused them, which may be ours by chance.
            ours = self._running is not None and sequence == self._sequence and (flags & _MULTI or kind == _ERROR)
            if ours and flags & _INTERRUPTED:
                self._interrupted = True
            if kind in (_DONE, _ERROR):
                if ours:
                    self._finish(failed=kind == _ERROR)
                continue
            try:
                self._take(kind, body, bool(ours))
            except (struct.error, ValueError):
                continue  # cut short: no kernel sends that

    def _take(self, kind: int, body: bytes, ours: bool) -> None:
        if kind in (_NEWLINK, _DELLINK):
            self._take_link(kind, body)
        elif kind in (_NEWADDR, _DELADDR):
            self._take_address(kind, body)
        elif kind in (_NEWROUTE, _DELROUTE):
            routes = list(_default_routes(body))
            if ours:
                self._found.update(routes)
            elif routes:
                self._ask_for_routes(routes[0].family)

    def _take_link(self, kind: int, body: bytes) -> None:
        family, _, index, *_ = netlink._LINK.unpack_from(body)
        if family != socket.AF_UNSPEC or index <= 0:
            return  # a bridge tells of its ports: that one has left it does not mean that it is gone
        if kind == _DELLINK:
            if self._links.pop(index, None) is not None:
                self._forget_routes(index, *_FAMILIES)
            return
        interface = Interface.of(netlink._parse_link(body))
        if not interface.name:
            return  # an event of a wireless driver, which repeats nothing of the rest
        self._confirmed.add(index)
        known = self._links.get(index)
        if known is None:
            self._links[index] = _Link(interface)
        elif known.interface != interface:
            if known.interface.is_up() and not interface.is_up():
                self._forget_routes(index, socket.AF_INET)
            known.interface = interface
        else:
            return
        self._snapshot = None

    def _take_address(self, kind: int, body: bytes) -> None:
        index, address = netlink._parse_address(body)
        link = self._links.get(index)
        if link is None:
            return
        key = _address_key(body)
        family, prefix, local, _ = key
        if len(local) * 8 != _BITS.get(family) or prefix > len(local) * 8:
            raise ValueError("no address of its family")
        if kind == _DELADDR or address is None:  # None: another host has it (duplicate address detection)
            if link.addresses.pop(key, None) is not None:
                self._snapshot = None
                self._ask_for_routes(family, through=index)
            return
        link.confirmed.add(key)
        fact = InterfaceAddress.of(address)
        if link.addresses.get(key) != fact:
            link.addresses[key] = fact
            self._snapshot = None

    # -- default routes

    def _forget_routes(self, index: int, *families: int) -> None:
        for family in families:
            self._routes[family] = {route for route in self._routes[family] if route.index != index}
        self._snapshot = None

    def _ask_for_routes(self, family: int, through: int = 0) -> None:
        """Have the default routes of *family* read again, if there was one through the interface *through* (0: any)."""
        if through and not any(route.index == through for route in self._routes[family]):
            return
        for stage in _ROUTES:
            if stage.family == family and stage not in self._waiting:
                self._waiting.append(stage)

    # -- the end of a dump

    def _finish(self, failed: bool) -> None:
        stage, self._running = self._running, None
        if stage is None:
            return
        if self._interrupted and self._attempts < _ATTEMPTS:
            self._attempts += 1
            self._waiting.appendleft(stage)
            return
        if not failed:
            self._settle(stage)
        if not self._waiting:
            self._attempts = 0
            if not self._complete:
                self._complete = True
                self._snapshot = None

    def _settle(self, stage: _Stage) -> None:
        """What the dump did not confirm is gone."""
        if stage is _LINKS:
            for index in self._links.keys() - self._confirmed:
                del self._links[index]
                self._forget_routes(index, *_FAMILIES)
        elif stage is _ADDRESSES:
            for link in self._links.values():
                for key in link.addresses.keys() - link.confirmed:
                    del link.addresses[key]
                    self._snapshot = None
        else:
            found = {route for route in self._found if route.family == stage.family}
            if self._routes[stage.family] != found:
                self._routes[stage.family] = found
                self._snapshot = None


def _with_addresses(link: _Link) -> Interface:
    plain = link.interface
    if not link.addresses:
        return plain
    return Interface(
        plain.index,
        plain.name,
        plain.flags,
        plain.hardware,
        plain.mtu,
        plain.hardware_address,
        tuple(link.addresses.values()),
    )


def _messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Type, flags, sequence number and body of each message of a datagram."""
    header = netlink._HEADER
    offset = 0
    while offset + header.size <= len(data):
        length, kind, flags, sequence, _ = header.unpack_from(data, offset)
        if length < header.size or offset + length > len(data):
            return
        yield kind, flags, sequence, data[offset + header.size : offset + length]
        offset += (length + 3) & ~3


def _address_key(body: bytes) -> _AddressKey:
    family, prefix, *_ = netlink._ADDRESS.unpack_from(body)
    attributes = dict(netlink._attributes(body, netlink._ADDRESS.size))
    peer = attributes.get(netlink._IFA_ADDRESS, b"")
    return family, prefix, attributes.get(netlink._IFA_LOCAL, peer), peer


def _default_routes(body: bytes) -> Iterator[DefaultRoute]:
    """The default routes that a message of a route describes: one for each hop, none for other routes."""
    family, destination, _, _, table, _, _, kind, flags = _ROUTE.unpack_from(body)
    if family not in _FAMILIES or destination or kind != _RTN_UNICAST or flags & _RTM_F_CLONED:
        return
    attributes = dict(netlink._attributes(body, _ROUTE.size))
    if _number(attributes.get(_RTA_TABLE), table) != _RT_TABLE_MAIN:
        return
    metric = _number(attributes.get(_RTA_PRIORITY), 0)
    if _RTA_MULTIPATH in attributes:
        for index, gateway in _hops(attributes[_RTA_MULTIPATH]):
            yield DefaultRoute(metric, family, index, gateway)
    elif _RTA_OIF in attributes:
        gateway = attributes.get(_RTA_GATEWAY, b"")
        yield DefaultRoute(metric, family, _number(attributes[_RTA_OIF], 0), gateway)


def _number(value: bytes | None, default: int) -> int:
    return default if value is None else int(struct.unpack_from("=I", value)[0])


def _hops(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Interface and gateway of each hop of a multipath route."""
    offset = 0
    for _ in range(_MOST_HOPS):
        if offset + _HOP.size > len(data):
            return
        length, _, _, index = _HOP.unpack_from(data, offset)
        if length < _HOP.size:
            return
        attributes = dict(netlink._attributes(data[offset + _HOP.size : offset + length], 0))
        yield index, attributes.get(_RTA_GATEWAY, b"")
        offset += (length + 3) & ~3
