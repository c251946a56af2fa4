"""QNetworkAddressEntry: an address of an interface with its netmask, broadcast address and lifetime."""

from __future__ import annotations

from qnet.core._enums import QtEnum, flat_enums
from qnet.core.deadlinetimer import Deadline, QDeadlineTimer, to_deadline
from qnet.kernel._address_text import prefix_of_mask
from qnet.kernel._checks import check_same_class
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress, _Special

__all__ = ["QNetworkAddressEntry"]

_BITS = {NetworkLayerProtocol.IPv4Protocol: 32, NetworkLayerProtocol.IPv6Protocol: 128}
_FIELDS = ("_broadcast", "_dns", "_ip", "_preferred", "_prefix", "_validity")


@flat_enums
class QNetworkAddressEntry:
    """An IP address of a network interface, with its netmask and broadcast address.

    ``QNetworkAddressEntry()`` is empty, ``QNetworkAddressEntry(other)`` a copy. Two are equal if address,
    netmask and broadcast address are, whatever their lifetimes.
    https://doc.qt.io/qt-6/qnetworkaddressentry.html
    """

    class DnsEligibilityStatus(QtEnum):
        """Whether an address should be published in DNS."""

        DnsEligibilityUnknown = -1
        DnsIneligible = 0
        DnsEligible = 1

    __slots__ = ("__weakref__", *_FIELDS)

    _ip: QHostAddress
    _prefix: int
    _broadcast: QHostAddress
    _dns: DnsEligibilityStatus
    _preferred: QDeadlineTimer | None  # both None: not known
    _validity: QDeadlineTimer | None

    def __init__(self, other: QNetworkAddressEntry | None = None, /) -> None:
        if other is None:
            self._ip = self._broadcast = _NULL
            self._prefix = -1
            self._dns = self.DnsEligibilityStatus.DnsEligibilityUnknown
            self._preferred = self._validity = None
        elif isinstance(other, QNetworkAddressEntry):
            self._take(other)
        else:
            raise TypeError(f"expected a QNetworkAddressEntry, not {type(other).__name__}")

    # Addresses and deadlines are only ever replaced, never changed in place: copies share them.

    def _take(self, other: QNetworkAddressEntry) -> None:
        for name in _FIELDS:
            setattr(self, name, getattr(other, name))

    def swap(self, other: QNetworkAddressEntry, /) -> None:
        """Exchange the values of this entry and *other*."""
        check_same_class(QNetworkAddressEntry, other)
        mine = QNetworkAddressEntry(self)
        self._take(other)
        other._take(mine)

    def ip(self) -> QHostAddress:
        """The address; link-local IPv6 ones have the interface as their scope."""
        return QHostAddress(self._ip)

    def setIp(self, newIp: QHostAddress | _Special, /) -> None:
        """Set the address; the prefix length stays."""
        self._ip = _address(newIp)

    def netmask(self) -> QHostAddress:
        """The prefix length as an address of the protocol of :meth:`ip`; null when either is missing."""
        protocol = self._ip.protocol()
        bits = _BITS.get(protocol)
        if bits is None or self._prefix < 0:
            return QHostAddress()
        host_bits = max(0, bits - self._prefix)
        return QHostAddress._make(protocol, (1 << bits) - (1 << host_bits))

    def setNetmask(self, newNetmask: QHostAddress | _Special, /) -> None:
        """Set the prefix length from a netmask.

        It becomes -1 if *newNetmask* is not of the protocol of :meth:`ip` (set that first) or is no netmask.
        """
        mask = _address(newNetmask)
        bits = _BITS.get(mask.protocol())
        if bits is None or mask.protocol() is not self._ip.protocol():
            self._prefix = -1
        else:
            self._prefix = prefix_of_mask(mask._value, bits)

    def prefixLength(self) -> int:
        """The number of ones that the netmask starts with; -1 when not set."""
        return self._prefix

    def setPrefixLength(self, length: int, /) -> None:
        """Set the prefix length; it becomes -1 if there is no :meth:`ip` yet or it has not so many bits."""
        if not isinstance(length, int):
            raise TypeError(f"a prefix length is an int, not {type(length).__name__}")
        self._prefix = length if 0 <= length <= _BITS.get(self._ip.protocol(), -1) else -1

    def broadcast(self) -> QHostAddress:
        """The broadcast address of the network; null for IPv6, which has none."""
        return QHostAddress(self._broadcast)

    def setBroadcast(self, newBroadcast: QHostAddress | _Special, /) -> None:
        """Set the broadcast address."""
        self._broadcast = _address(newBroadcast)

    def dnsEligibility(self) -> DnsEligibilityStatus:
        """Whether the address should be published: not if it is local to host or link, temporary or deprecated."""
        return self._dns

    def setDnsEligibility(self, status: DnsEligibilityStatus, /) -> None:
        """Set whether the address should be published in DNS."""
        if not isinstance(status, self.DnsEligibilityStatus):
            raise TypeError(f"expected a DnsEligibilityStatus, not {type(status).__name__}")
        self._dns = status

    def isLifetimeKnown(self) -> bool:
        """Whether the system told the lifetimes, or :meth:`setAddressLifetime` set them."""
        return self._validity is not None

    def preferredLifetime(self) -> QDeadlineTimer:
        """When the address becomes deprecated (RFC 4862): not to be used any more for new connections."""
        return QDeadlineTimer(QDeadlineTimer.ForeverConstant.Forever if self._preferred is None else self._preferred)

    def validityLifetime(self) -> QDeadlineTimer:
        """When the address is removed."""
        return QDeadlineTimer(QDeadlineTimer.ForeverConstant.Forever if self._validity is None else self._validity)

    def setAddressLifetime(self, preferred: Deadline, validity: Deadline, /) -> None:
        """Set both lifetimes: deadlines, milliseconds from now, or ``QDeadlineTimer.Forever``."""
        deadlines = QDeadlineTimer(to_deadline(preferred)), QDeadlineTimer(to_deadline(validity))
        self._preferred, self._validity = deadlines

    def clearAddressLifetime(self) -> None:
        """Forget the lifetimes: :meth:`isLifetimeKnown` turns False, both become for ever."""
        self._preferred = self._validity = None

    def isPermanent(self) -> bool:
        """Whether the address is never removed; True also when that is not known."""
        return self.validityLifetime().isForever()

    def isTemporary(self) -> bool:
        """Whether the address has an end."""
        return not self.isPermanent()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QNetworkAddressEntry):
            return NotImplemented
        return (self._ip, self._prefix, self._broadcast) == (other._ip, other._prefix, other._broadcast)

    def __copy__(self) -> QNetworkAddressEntry:
        return QNetworkAddressEntry(self)

    def __repr__(self) -> str:
        text = f'QNetworkAddressEntry("{self._ip.toString()}"'
        if self._prefix >= 0:
            text += f', netmask = "{self.netmask().toString()}"'
        if not self._broadcast.isNull():
            text += f', broadcast = "{self._broadcast.toString()}"'
        return text + ")"


_NULL = QHostAddress()


def _address(address: object) -> QHostAddress:
    if not isinstance(address, (QHostAddress, QHostAddress.SpecialAddress)):
        raise TypeError(f"expected a QHostAddress or a SpecialAddress, not {type(address).__name__}")
    return QHostAddress(address)
