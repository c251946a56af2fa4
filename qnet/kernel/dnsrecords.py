"""The records that a DNS look-up finds, a value class for each kind.

A QDnsLookup makes them; a program reads them, and can copy and swap them. Names are lower case, in Unicode where the
IDN whitelist allows it, without the dot at the end. They are "" for the root and for what is no host name: labels of a
record may hold any byte, and what a look-up returns ends in other programs' command lines and logs.
"""

from __future__ import annotations

from typing import Any, TypeVar

from qnet.core._enums import QtEnum, flat_enums
from qnet.core.bytearray import QByteArrayView
from qnet.kernel.hostaddress import QHostAddress

__all__ = [
    "QDnsDomainNameRecord",
    "QDnsHostAddressRecord",
    "QDnsMailExchangeRecord",
    "QDnsServiceRecord",
    "QDnsTextRecord",
    "QDnsTlsAssociationRecord",
]

_Made = TypeVar("_Made", bound="_Record")


class _Record:
    """What all records have: a name, a time to live, and copies."""

    __slots__ = ("__weakref__", "_name", "_ttl")

    _empty: tuple[Any, ...] = ()  # the fields of a record that nothing was put into, in the order of `_fields`
    _fields: tuple[str, ...] = ()

    def __init__(self, other: Any = None, /) -> None:
        if other is None:
            self._set("", 0, self._empty)
        elif isinstance(other, type(self)):
            self._set(other._name, other._ttl, other._values())
        else:
            raise TypeError(f"a {type(self).__name__} copies its like, not {type(other).__name__}")

    @classmethod
    def _of(cls: type[_Made], name: str, ttl: int, *values: Any) -> _Made:
        """A record with the *values* of `_fields`."""
        record = cls()
        record._set(name, ttl, values)
        return record

    def _set(self, name: str, ttl: int, values: tuple[Any, ...]) -> None:
        self._name = name
        self._ttl = ttl
        for field, value in zip(self._fields, values, strict=True):
            setattr(self, field, value)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field) for field in self._fields)

    def name(self) -> str:
        """The name that the record belongs to."""
        return self._name

    def timeToLive(self) -> int:
        """For how many seconds the record may be kept."""
        return self._ttl

    def swap(self: _Made, other: _Made, /) -> None:
        """Exchange the values of this record and *other*, which is of the same class."""
        mine = type(self)(self)
        self._set(other._name, other._ttl, other._values())
        other._set(mine._name, mine._ttl, mine._values())

    def __copy__(self: _Made) -> _Made:
        return type(self)(self)

    def __repr__(self) -> str:
        shown = "".join(f", {value!r}" for value in self._values())
        return f"{type(self).__name__}({self._name!r}, {self._ttl} s{shown})"


class QDnsDomainNameRecord(_Record):
    """A CNAME, NS or PTR record: a name that leads to another one. https://doc.qt.io/qt-6/qdnsdomainnamerecord.html"""

    __slots__ = ("_value",)

    _fields = ("_value",)
    _empty = ("",)
    _value: str

    def value(self) -> str:
        """The name that it leads to."""
        return self._value


class QDnsHostAddressRecord(_Record):
    """An A or AAAA record: an address of a host. https://doc.qt.io/qt-6/qdnshostaddressrecord.html"""

    __slots__ = ("_value",)

    _fields = ("_value",)
    _empty = (QHostAddress(),)
    _value: QHostAddress

    def value(self) -> QHostAddress:
        """The address; null in an empty record."""
        return QHostAddress(self._value)


class QDnsMailExchangeRecord(_Record):
    """An MX record: a host that takes the mail of a domain. https://doc.qt.io/qt-6/qdnsmailexchangerecord.html"""

    __slots__ = ("_exchange", "_preference")

    _fields = ("_preference", "_exchange")
    _empty = (0, "")
    _preference: int
    _exchange: str

    def exchange(self) -> str:
        """The host's name; "" if the domain takes no mail (RFC 7505)."""
        return self._exchange

    def preference(self) -> int:
        """0 to 65535: hosts with lower numbers are tried first (RFC 5321 section 5.1)."""
        return self._preference


class QDnsServiceRecord(_Record):
    """An SRV record: a host and port that provide a service. https://doc.qt.io/qt-6/qdnsservicerecord.html"""

    __slots__ = ("_port", "_priority", "_target", "_weight")

    _fields = ("_priority", "_weight", "_port", "_target")
    _empty = (0, 0, 0, "")
    _priority: int
    _weight: int
    _port: int
    _target: str

    def port(self) -> int:
        """The port, 0 to 65535."""
        return self._port

    def priority(self) -> int:
        """0 to 65535: hosts with lower numbers are tried first (RFC 2782)."""
        return self._priority

    def target(self) -> str:
        """The host's name; "" if the service is not available at this domain (RFC 2782)."""
        return self._target

    def weight(self) -> int:
        """0 to 65535: the share among hosts of the same priority; the look-up has ordered them by it."""
        return self._weight


class QDnsTextRecord(_Record):
    """A TXT record: byte strings that programs agree on. https://doc.qt.io/qt-6/qdnstextrecord.html"""

    __slots__ = ("_texts",)

    _fields = ("_texts",)
    _empty = ((),)
    _texts: tuple[bytes, ...]

    def values(self) -> list[QByteArrayView]:
        """The strings, up to 255 bytes each."""
        return [QByteArrayView(text) for text in self._texts]


class _Octet(QtEnum):
    """An enumeration whose values come from a byte of the wire: numbers without a name stay numbers."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if not isinstance(value, int) or not 0 <= value <= 255:
            return None
        member = int.__new__(cls, value)
        member._name_ = str(value)
        member._value_ = value
        return cls._value2member_map_.setdefault(value, member)


@flat_enums
class QDnsTlsAssociationRecord(_Record):
    """A TLSA record: what the certificate of a TLS server has to match (DANE, RFC 6698 and 7671).

    It is worth something only if the look-up's `isAuthenticData()` says so, and the way to the name server is trusted.
    https://doc.qt.io/qt-6/qdnstlsassociationrecord.html
    """

    class CertificateUsage(_Octet):
        """Which certificate of the chain is described, and whether the usual authorities count too."""

        CertificateAuthorityConstrait = 0
        ServiceCertificateConstraint = 1
        TrustAnchorAssertion = 2
        DomainIssuedCertificate = 3
        PrivateUse = 255

        PKIX_TA = 0
        PKIX_EE = 1
        DANE_TA = 2
        DANE_EE = 3
        PrivCert = 255

    class Selector(_Octet):
        """Which part of the certificate is described."""

        FullCertificate = 0
        SubjectPublicKeyInfo = 1
        PrivateUse = 255

        Cert = 0
        SPKI = 1
        PrivSel = 255

    class MatchingType(_Octet):
        """How it is described: as it is, or by its hash."""

        Exact = 0
        Sha256 = 1
        Sha512 = 2
        PrivateUse = 255

        PrivMatch = 255

    __slots__ = ("_match", "_selector", "_usage", "_value")

    _fields = ("_usage", "_selector", "_match", "_value")
    _empty = (CertificateUsage.PKIX_TA, Selector.Cert, MatchingType.Exact, b"")
    _usage: CertificateUsage
    _selector: Selector
    _match: MatchingType
    _value: bytes

    def usage(self) -> CertificateUsage:
        """Which certificate of the chain is described; numbers without a name occur."""
        return self._usage

    def selector(self) -> Selector:
        """Which part of that certificate is described; numbers without a name occur."""
        return self._selector

    def matchType(self) -> MatchingType:
        """How the part is described; numbers without a name occur."""
        return self._match

    def value(self) -> QByteArrayView:
        """The part itself, or its hash. Its length has not been checked."""
        return QByteArrayView(self._value)
