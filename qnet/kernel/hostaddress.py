"""Internet addresses: QHostAddress and QIPv6Address.

An address is a protocol, a number and, for IPv6, a scope. Text is made when it is asked for, so that a socket
can make an address per datagram; :meth:`QHostAddress._from_sockaddr` and :meth:`QHostAddress._to_sockaddr`
are the way between addresses and Python's socket calls.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.kernel._address_class import AddressClass, classify_ipv4, classify_ipv6
from qnet.kernel._address_text import (
    format_ipv4,
    format_ipv6,
    parse_ipv4,
    parse_ipv6,
    parse_subnet,
    simplified,
)
from qnet.kernel._checks import check_same_class
from qnet.kernel._protocol import NetworkLayerProtocol

if TYPE_CHECKING:
    from typing_extensions import Self

    from qnet.core.datastream import QDataStream

__all__ = ["QHostAddress", "QIPv6Address"]

_UNKNOWN = NetworkLayerProtocol.UnknownNetworkLayerProtocol
_IPV4 = NetworkLayerProtocol.IPv4Protocol
_IPV6 = NetworkLayerProtocol.IPv6Protocol
_ANY = NetworkLayerProtocol.AnyIPProtocol

_IPV4_MAX = 0xFFFFFFFF
_MAPPED = 0xFFFF << 32  # ::ffff:0.0.0.0, RFC 4291 section 2.5.5.2


class QIPv6Address:
    """The 16 bytes of an IPv6 address in network order: ``address[0]`` to ``address[15]``, writable.

    ``QIPv6Address()`` is all zeros, ``QIPv6Address(other)`` a copy. As in Qt, two of them do not compare by
    value: compare ``bytes(a) == bytes(b)``. https://doc.qt.io/qt-6/qipv6address.html
    """

    __slots__ = ("__weakref__", "_bytes")

    _bytes: bytearray

    def __init__(self, other: QIPv6Address | None = None, /) -> None:
        if other is not None and not isinstance(other, QIPv6Address):
            raise TypeError(f"QIPv6Address() takes a QIPv6Address, not {type(other).__name__}")
        self._bytes = bytearray(16) if other is None else bytearray(other._bytes)

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> int:
        return self._bytes[_byte_index(index)]

    def __setitem__(self, index: int, value: int) -> None:
        self._bytes[_byte_index(index)] = value

    def __iter__(self) -> Iterator[int]:
        return iter(self._bytes)

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)

    def __copy__(self) -> QIPv6Address:
        return QIPv6Address(self)

    def __repr__(self) -> str:
        return f"QIPv6Address({format_ipv6(int.from_bytes(self._bytes, 'big'))})"


def _byte_index(index: int) -> int:
    if not isinstance(index, int):
        raise TypeError(f"a QIPv6Address is indexed by an int, not {type(index).__name__}")
    return index


@flat_enums
class QHostAddress:
    """An IPv4 or IPv6 address, without a port.

    Made from nothing (null), text (see :meth:`setAddress`; None is no text), an int (an IPv4 address, 0 to
    2**32 - 1, host order), 16 bytes (bytes-like or a sequence; an IPv6 address), a QIPv6Address, a
    SpecialAddress or another QHostAddress. Text that is no address gives a null address.

    Addresses hash and compare (``==``) by protocol and number: the scope does not count, an IPv4 address
    differs from the v4-mapped IPv6 one, and ``Any`` equals neither ``AnyIPv4`` nor ``AnyIPv6``
    (:meth:`isEqual` is tolerant). A SpecialAddress may stand at either side of ``==``; text never equals an
    address. https://doc.qt.io/qt-6/qhostaddress.html
    """

    class SpecialAddress(QtEnum):
        """Addresses with a name."""

        Null = 0
        Broadcast = 1
        LocalHost = 2
        LocalHostIPv6 = 3
        Any = 4
        AnyIPv6 = 5
        AnyIPv4 = 6

    class ConversionModeFlag(QtFlag):
        """Which IPv6 addresses :meth:`QHostAddress.isEqual` takes as the IPv4 address that they stand for."""

        StrictConversion = 0
        ConvertV4MappedToIPv4 = 1
        ConvertV4CompatToIPv4 = 2
        ConvertUnspecifiedAddress = 4
        ConvertLocalHost = 8
        TolerantConversion = 255

    ConversionMode = ConversionModeFlag

    UnknownNetworkLayerProtocol = _UNKNOWN
    IPv4Protocol = _IPV4
    IPv6Protocol = _IPV6
    AnyIPProtocol = _ANY

    __slots__ = ("__weakref__", "_protocol", "_scope", "_text", "_value")

    _protocol: NetworkLayerProtocol
    _value: int
    _scope: str  # kept while the address is not IPv6, as in Qt, but only IPv6 shows it
    _text: str | None  # the text without the scope, once it was needed

    def __init__(self, address: _Source = None, /) -> None:
        self._protocol = _UNKNOWN
        self._value = 0
        self._scope = ""
        self._text = None
        if isinstance(address, QHostAddress):
            self._protocol = address._protocol
            self._value = address._value
            self._scope = address._scope
            self._text = address._text
        elif address is not None:
            self.setAddress(address)

    @classmethod
    def _make(cls, protocol: NetworkLayerProtocol, value: int, scope: str = "") -> Self:
        """The fast constructor."""
        address = cls.__new__(cls)
        address._protocol = protocol
        address._value = value
        address._scope = scope
        address._text = None
        return address

    @classmethod
    def _from_sockaddr(cls, family: int, sockaddr: Sequence[Any]) -> Self:
        """The address in a Python socket address; null for a *family* without internet addresses."""
        if family == socket.AF_INET:
            text = sockaddr[0]
            address = cls._make(_IPV4, int.from_bytes(socket.inet_aton(text), "big"))
            address._text = text
            return address
        if family != socket.AF_INET6:
            return cls._make(_UNKNOWN, 0)
        text = sockaddr[0].partition("%")[0]
        address = cls._make(_IPV6, int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big"))
        if len(sockaddr) > 3 and sockaddr[3]:
            address._scope = _scope_name(sockaddr[3])
        return address

    def _to_sockaddr(self, port: int, family: int | None = None) -> tuple[str, int] | tuple[str, int, int, int]:
        """The Python socket address of this address and *port* for a socket of *family*.

        Without a family it is the address' own, AF_INET6 (dual stack) for Any. On an AF_INET6 socket an IPv4
        address becomes v4-mapped, on an AF_INET one a v4-mapped address IPv4. ValueError if the family cannot
        express it.
        """
        protocol = self._protocol
        if protocol is _IPV4 and family != socket.AF_INET6:
            return self.toString(), port
        if protocol is _UNKNOWN:
            raise ValueError("a null address has no socket address")
        if family == socket.AF_INET:
            if protocol is _IPV6 and self._value and self._value >> 32 != 0xFFFF:
                raise ValueError(f"{self.toString()} is no IPv4 address")
            return format_ipv4(self._value & _IPV4_MAX), port
        if protocol is _IPV4:
            # 0.0.0.0 must stay IPv4-only, so it is mapped too: "::" would listen on both.
            return "::ffff:" + self.toString(), port, 0, 0
        scope = _scope_index(self._scope) if self._scope and protocol is _IPV6 else 0
        return self._plain_text() if protocol is _IPV6 else "::", port, 0, scope

    # Values in and out

    def setAddress(self, address: _Settable, /) -> bool | None:
        """Become *address*: text, an int, 16 bytes, a QIPv6Address or a SpecialAddress.

        Text may be IPv6 with a scope (``fe80::1%eth0``) or any form of ``inet_aton``: one to four parts,
        decimal, octal or hexadecimal, the last one filling the rest, so that ``127.1`` is 127.0.0.1. White
        space around it is ignored. Returns, for text only, whether it is an address; if not, this one becomes
        null. ValueError for an int or bytes out of range, TypeError for other types.
        """
        self._text = None
        if isinstance(address, str):
            return self._set_text(address)
        if isinstance(address, QHostAddress.SpecialAddress):
            self._protocol, self._value = _SPECIAL[address]
            self._scope = ""
        elif isinstance(address, int):
            if not 0 <= address <= _IPV4_MAX:
                raise ValueError(f"an IPv4 address is 0 to 2**32 - 1, not {address}")
            self._protocol, self._value = _IPV4, int(address)
        else:
            self._value = int.from_bytes(_sixteen_bytes(address), "big")
            self._protocol = _IPV6
        return None

    def _set_text(self, text: str) -> bool:
        text = simplified(text)
        if ":" in text:
            number, _, scope = text.partition("%")
            value = parse_ipv6(number) if "%" not in scope and "\0" not in scope else None
            if value is not None:
                self._protocol, self._value, self._scope = _IPV6, value, scope
                return True
        else:
            value = parse_ipv4(text)
            if value is not None:
                self._protocol, self._value = _IPV4, value
                return True
        self._protocol, self._value = _UNKNOWN, 0
        return False

    def clear(self) -> None:
        """Become the null address."""
        self.setAddress(QHostAddress.SpecialAddress.Null)

    def swap(self, other: QHostAddress, /) -> None:
        """Exchange the values of this address and *other*."""
        check_same_class(QHostAddress, other)
        mine = QHostAddress(self)
        for name in ("_protocol", "_value", "_scope", "_text"):
            setattr(self, name, getattr(other, name))
            setattr(other, name, getattr(mine, name))

    def protocol(self) -> NetworkLayerProtocol:
        """IPv4Protocol, IPv6Protocol, AnyIPProtocol for ``Any``, or UnknownNetworkLayerProtocol when null."""
        return self._protocol

    def toIPv4Address(self) -> int:
        """The IPv4 address, v4-mapped ones too, as an int in host order; 0 when there is none."""
        if self._protocol is _IPV4 or (self._protocol is _IPV6 and self._value >> 32 == 0xFFFF):
            return self._value & _IPV4_MAX
        return 0

    def toIPv6Address(self) -> QIPv6Address:
        """The IPv6 address; an IPv4 one gives its v4-mapped form, 0.0.0.0, Any and null all zeros."""
        value = self._value
        if self._protocol is _IPV4 and value:
            value |= _MAPPED
        result = QIPv6Address()
        result._bytes[:] = value.to_bytes(16, "big")
        return result

    def toString(self) -> str:
        """The shortest text of the address, with its scope; "" when null, "0.0.0.0" for Any."""
        text = self._text
        if text is None:
            text = self._plain_text()
        if self._scope and self._protocol is _IPV6:
            return f"{text}%{self._scope}"
        return text

    def _plain_text(self) -> str:
        if self._protocol is _UNKNOWN:
            text = ""
        elif self._protocol is _IPV6:
            text = format_ipv6(self._value)
        else:
            text = format_ipv4(self._value)
        self._text = text
        return text

    def scopeId(self) -> str:
        """The scope of an IPv6 address: an interface by name or by its number as text, "" for none."""
        return self._scope if self._protocol is _IPV6 else ""

    def setScopeId(self, id: str, /) -> None:
        """Set the scope (RFC 4007) of an IPv6 address; "" removes it. Does nothing for any other address."""
        if not isinstance(id, str):
            raise TypeError(f"a scope is a str, not {type(id).__name__}")
        if self._protocol is _IPV6:
            self._scope = id

    # Comparison

    def __eq__(self, other: object) -> bool:
        if isinstance(other, QHostAddress):
            return self._protocol is other._protocol and self._value == other._value
        if isinstance(other, QHostAddress.SpecialAddress):
            return (self._protocol, self._value) == _SPECIAL[other]
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def isEqual(
        self,
        address: QHostAddress | SpecialAddress,
        /,
        mode: ConversionModeFlag = ConversionModeFlag.TolerantConversion,
    ) -> bool:
        """Whether both addresses are the same or convert to the same by *mode*; null equals only null."""
        other = _address(address)
        if self._protocol is other._protocol:
            return self._value == other._value
        protocols = {self._protocol, other._protocol}
        if _UNKNOWN in protocols:
            return False
        flags = QHostAddress.ConversionModeFlag
        if _ANY in protocols:
            return bool(mode & flags.ConvertUnspecifiedAddress) and self._value == other._value
        v4, v6 = (self._value, other._value) if self._protocol is _IPV4 else (other._value, self._value)
        return bool(
            (mode & flags.ConvertV4MappedToIPv4 and v6 == _MAPPED | v4)
            # ::1 is the loopback address, not 0.0.0.1 in compatible form.
            or (mode & flags.ConvertV4CompatToIPv4 and v6 == v4 != 1)
            or (mode & flags.ConvertUnspecifiedAddress and v6 == v4 == 0)
            or (mode & flags.ConvertLocalHost and v6 == 1 and v4 == 0x7F000001)
        )

    # Subnets

    def isInSubnet(
        self, subnet: QHostAddress | SpecialAddress | tuple[QHostAddress, int], netmask: int | None = None, /
    ) -> bool:
        """Whether this address is in the network of *subnet* with a prefix of *netmask* bits.

        Also takes one tuple as :meth:`parseSubnet` returns it. False if the protocols differ, for null and
        Any, and for a negative *netmask*; one longer than the address counts as the whole address. Scopes do
        not count.
        """
        if netmask is None:
            if not isinstance(subnet, (tuple, list)) or len(subnet) != 2:
                raise TypeError("isInSubnet() takes an address and a prefix length, or a tuple of both")
            subnet, netmask = subnet
        network = _address(subnet)
        if not isinstance(netmask, int):
            raise TypeError(f"a prefix length is an int, not {type(netmask).__name__}")
        if self._protocol is not network._protocol or self._protocol not in _BITS or netmask < 0:
            return False
        host_bits = max(0, _BITS[self._protocol] - netmask)
        return (self._value ^ network._value) >> host_bits == 0

    @staticmethod
    def parseSubnet(subnet: str | None, /) -> tuple[QHostAddress, int]:
        """The network and prefix length that *subnet* names, ``(QHostAddress(), -1)`` if it is no subnet.

        Forms: ``address/prefix length``, for IPv4 ``address/netmask``, and IPv4 networks with fewer than four
        parts (``10.``, ``192.168``), each part making the prefix eight longer unless it is given. Parts are
        decimal. Bits beyond the prefix are cleared; an address alone is its own network.
        """
        if subnet is not None and not isinstance(subnet, str):
            raise TypeError(f"a subnet is a str, not {type(subnet).__name__}")
        parsed = parse_subnet(subnet or "")
        if parsed is None:
            return QHostAddress(), -1
        is_ipv6, value, scope, prefix = parsed
        return QHostAddress._make(_IPV6 if is_ipv6 else _IPV4, value, scope), prefix

    # Classes of addresses

    def _class(self) -> AddressClass:
        if self._protocol is _IPV4:
            return classify_ipv4(self._value)
        if self._protocol is _IPV6:
            return classify_ipv6(self._value)
        return AddressClass.UNSPECIFIED

    def isNull(self) -> bool:
        """Whether this is no address at all: made from nothing or from text that is none."""
        return self._protocol is _UNKNOWN

    def __bool__(self) -> bool:
        return not self.isNull()

    def isLoopback(self) -> bool:
        """127.0.0.0/8, ::1, or v4-mapped 127.0.0.0/8."""
        return self._class() is AddressClass.LOOPBACK

    def isGlobal(self) -> bool:
        """Whether the address reaches beyond its link; as in Qt, private and site-local ones count."""
        return self._class() in _GLOBAL

    def isLinkLocal(self) -> bool:
        """169.254.0.0/16 or fe80::/10: valid on one link only, and IPv6 ones need a scope."""
        return self._class() is AddressClass.LINK_LOCAL

    def isSiteLocal(self) -> bool:
        """fec0::/10, deprecated by RFC 3879."""
        return self._class() is AddressClass.SITE_LOCAL

    def isUniqueLocalUnicast(self) -> bool:
        """fc00::/7 (RFC 4193)."""
        return self._class() is AddressClass.UNIQUE_LOCAL

    def isPrivateUse(self) -> bool:
        """10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918) or fc00::/7."""
        return self._class() in _PRIVATE

    def isMulticast(self) -> bool:
        """224.0.0.0/4 or ff00::/8."""
        return self._class() is AddressClass.MULTICAST

    def isBroadcast(self) -> bool:
        """255.255.255.255, or that v4-mapped; the broadcast addresses of networks do not count."""
        return self._class() is AddressClass.BROADCAST

    # Python's protocols

    def __repr__(self) -> str:
        if self._protocol is _ANY:
            return "QHostAddress(QHostAddress::Any)"
        return f'QHostAddress("{self.toString()}")'

    def __copy__(self) -> QHostAddress:
        return QHostAddress(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> QHostAddress:
        return QHostAddress(self)

    def __reduce__(self) -> tuple[Any, ...]:
        source = QHostAddress.SpecialAddress.Any if self._protocol is _ANY else self.toString()
        return type(self), (source,)

    def __rlshift__(self, stream: QDataStream) -> QDataStream:
        """``stream << address``: a byte (255 null, 0 IPv4, 1 IPv6, 2 Any), the number, IPv6's scope."""
        stream.writeUInt8(self._protocol & 0xFF)
        if self._protocol is _IPV4:
            stream.writeUInt32(self._value)
        elif self._protocol is _IPV6:
            stream.writeRawData(self._value.to_bytes(16, "big"))
            stream.writeQString(self._scope or None)
        return stream

    def __rrshift__(self, stream: QDataStream) -> QDataStream:
        """``stream >> address``: become what was written; a bad protocol sets ReadCorruptData."""
        self.clear()
        protocol = stream.readUInt8()
        if protocol == 255:
            return stream
        if protocol not in (_IPV4, _IPV6, _ANY):
            stream.setStatus(stream.Status.ReadCorruptData)
        elif protocol == _ANY:
            self.setAddress(QHostAddress.SpecialAddress.Any)
        elif protocol == _IPV4:
            self.setAddress(stream.readUInt32())
        else:
            self.setAddress(bytes(stream.readRawData(16) or b"").ljust(16, b"\0"))
            self._scope = stream.readQString() or ""
        return stream


_Special = QHostAddress.SpecialAddress
_Settable = str | int | bytes | bytearray | memoryview | Sequence[int] | QIPv6Address | _Special
_Source = _Settable | QHostAddress | None

_BITS = {_IPV4: 32, _IPV6: 128}
_PRIVATE = frozenset({AddressClass.PRIVATE, AddressClass.UNIQUE_LOCAL})
_GLOBAL = frozenset({AddressClass.GLOBAL, AddressClass.SITE_LOCAL}) | _PRIVATE
_SPECIAL = {
    QHostAddress.SpecialAddress.Null: (_UNKNOWN, 0),
    QHostAddress.SpecialAddress.Broadcast: (_IPV4, _IPV4_MAX),
    QHostAddress.SpecialAddress.LocalHost: (_IPV4, 0x7F000001),
    QHostAddress.SpecialAddress.LocalHostIPv6: (_IPV6, 1),
    QHostAddress.SpecialAddress.Any: (_ANY, 0),
    QHostAddress.SpecialAddress.AnyIPv6: (_IPV6, 0),
    QHostAddress.SpecialAddress.AnyIPv4: (_IPV4, 0),
}


def _address(address: object) -> QHostAddress:
    """*address*, or the address that a SpecialAddress names; TypeError for anything else."""
    if isinstance(address, QHostAddress):
        return address
    if isinstance(address, QHostAddress.SpecialAddress):
        return QHostAddress._make(*_SPECIAL[address])
    raise TypeError(f"expected a QHostAddress or a SpecialAddress, not {type(address).__name__}")


def _sixteen_bytes(source: object) -> bytes:
    if isinstance(source, QIPv6Address):
        return bytes(source)
    if isinstance(source, (bytes, bytearray, memoryview, list, tuple)):
        packed = bytes(source)
        if len(packed) == 16:
            return packed
        raise ValueError(f"an IPv6 address is 16 bytes, not {len(packed)}")
    raise TypeError(
        f"an address is a str, an int, 16 bytes, a QIPv6Address or a SpecialAddress, not {type(source).__name__}"
    )


def _scope_name(index: int) -> str:
    """The name of the interface with *index*, or the number when there is no such interface."""
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)


def _scope_index(scope: str) -> int:
    """The index of the interface that *scope* names by name or number, 0 when there is none."""
    if scope.isascii() and scope.isdecimal():
        return int(scope[:10])
    try:
        return socket.if_nametoindex(scope)
    except (OSError, ValueError):
        return 0
