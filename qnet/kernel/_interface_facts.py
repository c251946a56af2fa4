"""What is known of the host's interfaces at one moment, as values: they compare, and nobody changes them.

Counters and remaining lifetimes are left out on purpose. They move by themselves, and two snapshots of a network in
which nothing happened have to be equal; `byte_counters` reads counters when they are wanted.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from qnet.kernel import _interface_source as source

__all__ = ["ByteCounters", "Change", "DefaultRoute", "Interface", "InterfaceAddress", "Snapshot", "byte_counters"]


@dataclass(frozen=True)
class InterfaceAddress:
    """An address of an interface: *family* is AF_INET or AF_INET6, *value* the address as a number."""

    family: int
    value: int
    prefix: int
    broadcast: int | None = None
    temporary: bool = False  # see qnet.kernel._interface_source.Address
    deprecated: bool = False

    @staticmethod
    def of(address: source.Address) -> InterfaceAddress:
        """The lasting part of what a source tells."""
        return InterfaceAddress(
            address.family,
            address.value,
            address.prefix,
            address.broadcast,
            address.temporary,
            address.deprecated,
        )

    def is_link_local(self) -> bool:
        """169.254/16 (RFC 3927) or fe80::/10 (RFC 4291): nobody beyond the link can be reached from it."""
        if self.family == socket.AF_INET:
            return self.value >> 16 == 0xA9FE
        return self.value >> 118 == 0xFE80 >> 6

    def is_loopback(self) -> bool:
        """127/8 or ::1."""
        return self.value >> 24 == 127 if self.family == socket.AF_INET else self.value == 1

    def __str__(self) -> str:
        packed = self.value.to_bytes(4 if self.family == socket.AF_INET else 16, "big")
        return f"{socket.inet_ntop(self.family, packed)}/{self.prefix}"


@dataclass(frozen=True)
class Interface:
    """An interface. Its *index* is its identity: names change. *flags* are IFF_*, *hardware* is ARPHRD_*."""

    index: int
    name: str
    flags: int = 0
    hardware: int = source.ARPHRD_UNKNOWN
    mtu: int = 0
    hardware_address: bytes = b""
    addresses: tuple[InterfaceAddress, ...] = ()

    @staticmethod
    def of(link: source.Link) -> Interface:
        """The lasting part of what a source tells."""
        addresses = tuple(InterfaceAddress.of(address) for address in link.addresses)
        return Interface(
            link.index,
            link.name,
            link.flags & _FLAGS,
            link.hardware,
            link.mtu,
            link.hardware_address,
            addresses,
        )

    def is_up(self) -> bool:
        """Whether the administrator has switched it on."""
        return bool(self.flags & source.IFF_UP)

    def is_running(self) -> bool:
        """Whether it is up and has a carrier: the cable is in, the radio associated."""
        return self.flags & _RUNNING == _RUNNING

    def is_loopback(self) -> bool:
        """Whether it leads to this host only."""
        return bool(self.flags & source.IFF_LOOPBACK)


_RUNNING = source.IFF_UP | source.IFF_RUNNING
_FLAGS = _RUNNING | source.IFF_BROADCAST | source.IFF_LOOPBACK | source.IFF_POINTOPOINT | source.IFF_MULTICAST


@dataclass(frozen=True, order=True)
class DefaultRoute:
    """A route of the main table to everywhere, through the interface *index*; the lowest *metric* is taken."""

    metric: int
    family: int
    index: int
    gateway: bytes = b""  # packed; empty if the interface itself leads there


@dataclass(frozen=True)
class Snapshot:
    """All interfaces by index, and the default routes, the preferred ones of a family first.

    Until it is *complete* the system has not told everything yet.
    """

    interfaces: Mapping[int, Interface] = field(default_factory=dict)
    default_routes: tuple[DefaultRoute, ...] = ()
    complete: bool = False

    def by_name(self, name: str) -> Interface | None:
        """The interface that is called *name* now."""
        return next((each for each in self.interfaces.values() if each.name == name), None)

    def default_interface(self, family: int = 0) -> Interface | None:
        """Where packets to everywhere leave: the running interface of the best route of *family*.

        0: of IPv4, else of IPv6; their metrics do not compare. A route whose interface has no carrier is none.
        """
        for wanted in (family,) if family else (socket.AF_INET, socket.AF_INET6):
            for route in self.default_routes:
                interface = self.interfaces.get(route.index)
                if route.family == wanted and interface is not None and interface.is_running():
                    return interface
        return None


@dataclass(frozen=True)
class Change:
    """From one snapshot to the next that was announced; whatever happened between the two is in neither."""

    before: Snapshot
    after: Snapshot

    @cached_property
    def added(self) -> tuple[Interface, ...]:
        """Interfaces whose index is new."""
        return tuple(new for index, new in self.after.interfaces.items() if index not in self.before.interfaces)

    @cached_property
    def removed(self) -> tuple[Interface, ...]:
        """Interfaces whose index is gone, as they were."""
        return tuple(old for index, old in self.before.interfaces.items() if index not in self.after.interfaces)

    @cached_property
    def changed(self) -> tuple[tuple[Interface, Interface], ...]:
        """Interfaces that are not what they were: (old, new)."""
        before = self.before.interfaces
        return tuple(
            (before[index], new)
            for index, new in self.after.interfaces.items()
            if index in before and before[index] != new
        )

    @cached_property
    def renamed(self) -> tuple[tuple[Interface, Interface], ...]:
        """Those of `changed` that have another name."""
        return tuple((old, new) for old, new in self.changed if old.name != new.name)

    @property
    def routes_changed(self) -> bool:
        """Whether the default routes differ."""
        return self.before.default_routes != self.after.default_routes


@dataclass(frozen=True)
class ByteCounters:
    """What went through an interface since it was made, in bytes."""

    received: int
    sent: int


def byte_counters() -> dict[str, ByteCounters]:
    """The counters of every interface by its name, read now."""
    import psutil

    counters = psutil.net_io_counters(pernic=True, nowrap=False)
    return {name: ByteCounters(each.bytes_recv, each.bytes_sent) for name, each in counters.items()}
