"""The host's network interfaces and their addresses: QNetworkInterface, QNetworkAddressEntry."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core.deadlinetimer import QDeadlineTimer
from qnet.kernel import _interface_source as source
from qnet.kernel._checks import check_same_class, checked_text
from qnet.kernel._interface_entry import QNetworkAddressEntry
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress

__all__ = ["QNetworkAddressEntry", "QNetworkInterface"]

QNetworkAddressEntry.__module__ = __name__

_NUMBER = re.compile(r"[\t-\r ]*\+?([0-9]+)[\t-\r ]*")


@flat_enums
class QNetworkInterface:
    """A network interface of this host, as it was when it was asked for.

    ``QNetworkInterface()`` is invalid, ``QNetworkInterface(other)`` a copy; the static functions find real
    ones. As in Qt they do not compare by value: compare :meth:`index`.
    https://doc.qt.io/qt-6/qnetworkinterface.html
    """

    class InterfaceFlag(QtFlag):
        """What an interface is doing and can do."""

        IsUp = 1
        IsRunning = 2
        CanBroadcast = 4
        IsLoopBack = 8
        IsPointToPoint = 16
        CanMulticast = 32

    InterfaceFlags = InterfaceFlag

    class InterfaceType(QtEnum):
        """The kind of hardware, as far as the system tells."""

        Unknown = 0
        Loopback = 1
        Virtual = 2
        Ethernet = 3
        Slip = 4
        CanBus = 5
        Ppp = 6
        Fddi = 7
        Wifi = 8
        Ieee80211 = 8
        Phonet = 9
        Ieee802154 = 10
        SixLoWPAN = 11
        Ieee80216 = 12
        Ieee1394 = 13

    __slots__ = ("__weakref__", "_entries", "_link")

    _link: source.Link  # never changed, so that copies share it
    _entries: tuple[QNetworkAddressEntry, ...]  # handed out as copies only

    def __init__(self, other: QNetworkInterface | None = None, /) -> None:
        if other is None:
            self._link, self._entries = _INVALID, ()
        elif isinstance(other, QNetworkInterface):
            self._link, self._entries = other._link, other._entries
        else:
            raise TypeError(f"expected a QNetworkInterface, not {type(other).__name__}")

    @classmethod
    def _from_link(cls, link: source.Link) -> QNetworkInterface:
        interface = cls()
        interface._link = link
        interface._entries = tuple(_make_entry(link, address) for address in link.addresses)
        return interface

    @staticmethod
    def allInterfaces() -> list[QNetworkInterface]:
        """All interfaces, in the order of the system (by index on Linux)."""
        return [QNetworkInterface._from_link(link) for link in source.read_links()]

    @staticmethod
    def allAddresses() -> list[QHostAddress]:
        """The addresses of all interfaces that are up."""
        up = (link for link in source.read_links() if link.flags & source.IFF_UP)
        return [_make_ip(link, address) for link in up for address in link.addresses]

    @staticmethod
    def interfaceFromName(name: str, /) -> QNetworkInterface:
        """The interface whose index *name* is as text, or that is called *name*; an invalid one if there is none."""
        index = QNetworkInterface.interfaceIndexFromName(name)
        return QNetworkInterface._find(lambda link: link.index == index) or (
            QNetworkInterface._find(lambda link: link.name == name) or QNetworkInterface()
        )

    @staticmethod
    def interfaceFromIndex(index: int, /) -> QNetworkInterface:
        """The interface numbered *index*, an invalid one if there is none."""
        if not isinstance(index, int):
            raise TypeError(f"an interface index is an int, not {type(index).__name__}")
        return QNetworkInterface._find(lambda link: link.index == index) or QNetworkInterface()

    @staticmethod
    def _find(condition: Callable[[source.Link], bool]) -> QNetworkInterface | None:
        for link in source.read_links():
            if condition(link):
                return QNetworkInterface._from_link(link)
        return None

    @staticmethod
    def interfaceIndexFromName(name: str, /) -> int:
        """The index of the interface called *name*, 0 if there is none. A number gives itself, unchecked."""
        name = checked_text(name, "the name of an interface")
        number = _NUMBER.fullmatch(name)
        if number is not None:
            index = int(number[1][:12])
            return index if index < 2**32 else 0
        try:
            return socket.if_nametoindex(name)
        except (OSError, ValueError):
            return 0

    @staticmethod
    def interfaceNameFromIndex(index: int, /) -> str:
        """The name of the interface numbered *index*, "" if there is none."""
        if not isinstance(index, int):
            raise TypeError(f"an interface index is an int, not {type(index).__name__}")
        try:
            return socket.if_indextoname(index) if 0 < index < 2**31 else ""
        except OSError:
            return ""

    def isValid(self) -> bool:
        """Whether this tells about an interface."""
        return self._link is not _INVALID

    def index(self) -> int:
        """The number that the system gave the interface, 0 if unknown; scope ids may be made of it."""
        return self._link.index

    def name(self) -> str:
        """The name, unique on the host: "eth0"."""
        return self._link.name

    def humanReadableName(self) -> str:
        """The name for people; the same as :meth:`name` on Unix."""
        return self._link.name

    def flags(self) -> InterfaceFlag:
        """What the interface is doing and can do. IsRunning means that it has a carrier."""
        result = 0
        for bit, flag in _FLAGS:
            if self._link.flags & bit:
                result |= flag
        return self.InterfaceFlag(result)

    def type(self) -> InterfaceType:
        """The kind of hardware; a bridge, bond or virtual Ethernet counts as Ethernet."""
        return _TYPES.get(self._link.hardware, self.InterfaceType.Unknown)

    def maximumTransmissionUnit(self) -> int:
        """The largest packet in bytes, 0 if unknown."""
        return self._link.mtu

    def hardwareAddress(self) -> str:
        """The address of the hardware: "02:FC:00:00:00:01", "" if it has none."""
        return self._link.hardware_address.hex(":").upper()

    def addressEntries(self) -> list[QNetworkAddressEntry]:
        """The addresses with their netmasks and broadcast addresses, IPv4 first."""
        return [QNetworkAddressEntry(entry) for entry in self._entries]

    def swap(self, other: QNetworkInterface, /) -> None:
        """Exchange the values of this interface and *other*."""
        check_same_class(QNetworkInterface, other)
        self._link, other._link = other._link, self._link
        self._entries, other._entries = other._entries, self._entries

    def __copy__(self) -> QNetworkInterface:
        return QNetworkInterface(self)

    def __repr__(self) -> str:
        if not self.isValid():
            return "QNetworkInterface(invalid)"
        flags = " ".join(name for name, flag in self.InterfaceFlag.__members__.items() if flag in self.flags())
        return (
            f'QNetworkInterface(name = "{self.name()}", hardware address = "{self.hardwareAddress()}", '
            f"flags = {flags}, entries = {list(self._entries)})"
        )


_INVALID = source.Link(0, "")
_FLAGS = (
    (source.IFF_UP, QNetworkInterface.InterfaceFlag.IsUp),
    (source.IFF_RUNNING, QNetworkInterface.InterfaceFlag.IsRunning),
    (source.IFF_BROADCAST, QNetworkInterface.InterfaceFlag.CanBroadcast),
    (source.IFF_LOOPBACK, QNetworkInterface.InterfaceFlag.IsLoopBack),
    (source.IFF_POINTOPOINT, QNetworkInterface.InterfaceFlag.IsPointToPoint),
    (source.IFF_MULTICAST, QNetworkInterface.InterfaceFlag.CanMulticast),
)
# By ARPHRD_* of <linux/if_arp.h>; those without a name in _interface_source come from rtnetlink only.
_TYPES = {
    source.ARPHRD_ETHER: QNetworkInterface.InterfaceType.Ethernet,
    source.ARPHRD_LOOPBACK: QNetworkInterface.InterfaceType.Loopback,
    source.ARPHRD_PPP: QNetworkInterface.InterfaceType.Ppp,
    source.ARPHRD_NONE: QNetworkInterface.InterfaceType.Virtual,
    source.ARPHRD_VOID: QNetworkInterface.InterfaceType.Virtual,
    **dict.fromkeys((768, 769), QNetworkInterface.InterfaceType.Virtual),  # TUNNEL, TUNNEL6
    **dict.fromkeys((256, 257, 258, 259), QNetworkInterface.InterfaceType.Slip),
    280: QNetworkInterface.InterfaceType.CanBus,
    774: QNetworkInterface.InterfaceType.Fddi,
    **dict.fromkeys((source.ARPHRD_IEEE80211, 802, 803), QNetworkInterface.InterfaceType.Wifi),
    804: QNetworkInterface.InterfaceType.Ieee802154,
    **dict.fromkeys((820, 821), QNetworkInterface.InterfaceType.Phonet),
    825: QNetworkInterface.InterfaceType.SixLoWPAN,
}


def _make_ip(link: source.Link, address: source.Address) -> QHostAddress:
    if address.family == socket.AF_INET:
        return QHostAddress._make(NetworkLayerProtocol.IPv4Protocol, address.value)
    ip = QHostAddress._make(NetworkLayerProtocol.IPv6Protocol, address.value)
    if ip.isLinkLocal():
        ip.setScopeId(link.name)
    return ip


def _make_entry(link: source.Link, address: source.Address) -> QNetworkAddressEntry:
    entry = QNetworkAddressEntry()
    ip = _make_ip(link, address)
    entry.setIp(ip)
    entry.setPrefixLength(address.prefix)
    if address.family == socket.AF_INET:
        broadcast = address.broadcast
        if broadcast is None:  # the last address of the network, which Qt gives even to point-to-point links
            broadcast = address.value | ((1 << (32 - address.prefix)) - 1)
        entry.setBroadcast(QHostAddress(broadcast))
    if address.lifetime_known:
        entry.setAddressLifetime(_deadline(address.preferred), _deadline(address.valid))
        status = QNetworkAddressEntry.DnsEligibilityStatus
        local = ip.isLoopback() or ip.isLinkLocal() or not link.flags & source.IFF_UP
        lasting = not (address.temporary or address.deprecated)
        entry.setDnsEligibility(status.DnsEligible if lasting and not local else status.DnsIneligible)
    return entry


def _deadline(seconds: int | None) -> QDeadlineTimer:
    return QDeadlineTimer(QDeadlineTimer.ForeverConstant.Forever if seconds is None else seconds * 1000)
