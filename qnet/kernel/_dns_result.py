"""What a DNS look-up asks for and what comes of it, apart from the code that asks: it needs no dnspython."""

from __future__ import annotations

from qnet.core._enums import QtEnum
from qnet.kernel.dnsrecords import (
    QDnsDomainNameRecord,
    QDnsHostAddressRecord,
    QDnsMailExchangeRecord,
    QDnsServiceRecord,
    QDnsTextRecord,
    QDnsTlsAssociationRecord,
)

__all__ = ["DnsError", "DnsProtocol", "DnsRecords", "DnsType", "Outcome"]


class DnsError(QtEnum):
    """What became of a look-up."""

    NoError = 0
    ResolverError = 1
    OperationCancelledError = 2
    InvalidRequestError = 3
    InvalidReplyError = 4
    ServerFailureError = 5
    ServerRefusedError = 6
    NotFoundError = 7
    TimeoutError = 8


class DnsType(QtEnum):
    """The kind of records that are asked for."""

    A = 1
    NS = 2
    CNAME = 5
    PTR = 12
    MX = 15
    TXT = 16
    AAAA = 28
    SRV = 33
    TLSA = 52
    ANY = 255


class DnsProtocol(QtEnum):
    """How the name server is talked to: UDP and TCP, or TLS."""

    Standard = 0
    DnsOverTls = 1


class DnsRecords:
    """The records of an answer, by kind; each list in the order of the answer unless a rule orders them."""

    __slots__ = ("addresses", "aliases", "associations", "exchanges", "nameservers", "pointers", "services", "texts")

    def __init__(self) -> None:
        self.addresses: list[QDnsHostAddressRecord] = []
        self.aliases: list[QDnsDomainNameRecord] = []
        self.associations: list[QDnsTlsAssociationRecord] = []
        self.exchanges: list[QDnsMailExchangeRecord] = []
        self.nameservers: list[QDnsDomainNameRecord] = []
        self.pointers: list[QDnsDomainNameRecord] = []
        self.services: list[QDnsServiceRecord] = []
        self.texts: list[QDnsTextRecord] = []

    def __bool__(self) -> bool:
        return any(getattr(self, kind) for kind in self.__slots__)


class Outcome:
    """How a look-up ended; nobody changes it any more."""

    __slots__ = ("authentic", "error", "records", "text")

    def __init__(
        self,
        error: DnsError = DnsError.NoError,
        text: str = "",
        records: DnsRecords | None = None,
        authentic: bool = False,
    ) -> None:
        self.error = error
        self.text = text
        self.records = records if records is not None else DnsRecords()
        self.authentic = authentic
