"""Look-ups of DNS records: QDnsLookup.

=================  ================  ================================================================================
state              event             what follows
=================  ================  ================================================================================
idle or finished   lookup            in progress: records and error are cleared; `isFinished` is False
in progress        lookup            in progress: the earlier look-up is forgotten, and emits nothing
in progress        the outcome       finished: `finished`, always from the event loop
in progress        abort             finished: OperationCancelledError, `finished` within the call
idle or finished   abort             nothing
any                a setter          the same state: what is in progress goes on with the old values
=================  ================  ================================================================================

Source: https://doc.qt.io/qt-6/qdnslookup.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar, overload

from qnet.core._enums import QtEnum, flat_enums
from qnet.core._post import post_call
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.core.slots import Slot
from qnet.kernel import _dns_result
from qnet.kernel._checks import checked_port, checked_text
from qnet.kernel._dns_result import DnsError, DnsProtocol, DnsType, Outcome
from qnet.kernel._resolv_conf import DNS_PORT, ResolverConfig, Server, system_config
from qnet.kernel.dnsrecords import (
    QDnsDomainNameRecord,
    QDnsHostAddressRecord,
    QDnsMailExchangeRecord,
    QDnsServiceRecord,
    QDnsTextRecord,
    QDnsTlsAssociationRecord,
)
from qnet.kernel.hostaddress import QHostAddress

if TYPE_CHECKING:
    from qnet.core._thread_data import ThreadData
    from qnet.kernel._dns_resolution import Resolution
    from qnet.socket._dns_exchange import Exchange

__all__ = ["QDnsLookup"]

_Address: TypeAlias = "QHostAddress | QHostAddress.SpecialAddress"
_E = TypeVar("_E", bound=QtEnum)

_ADDRESSES = (QHostAddress, QHostAddress.SpecialAddress)
_DNS_OVER_TLS_PORT = 853
_NO_TLS = "DNS over TLS is not supported: qnet has no TLS yet"


@flat_enums
class QDnsLookup(QObject):
    """Looks up the DNS records of a name: addresses, mail exchanges, services, texts and so on.

    ``QDnsLookup(type, name, parent)``, or with a name server: ``QDnsLookup(type, name, nameserver, port, parent)``,
    ``QDnsLookup(type, name, protocol, nameserver, port, parent)``; port and parent may be left out. Then connect
    `finished`, call `lookup`, and read `error` and the records.

    Without a name server those of /etc/resolv.conf are asked, with the time-outs, the number of attempts and the
    options that stand there: resolv.conf(5). Queries leave from random ports with random numbers, over UDP, and over
    TCP where an answer is too long; what answers another question, or comes from somebody else, is ignored. No
    thread is used and nothing blocks. A look-up in progress lives on if nobody refers to it, until it has finished.
    """

    Error: TypeAlias = _dns_result.DnsError
    Type: TypeAlias = _dns_result.DnsType
    Protocol: TypeAlias = _dns_result.DnsProtocol

    finished = Signal()
    """The look-up is over, whichever way: `error` says whether the records are there."""
    nameChanged = Signal(str)
    """`name` has a new value."""
    typeChanged = Signal(_dns_result.DnsType)
    """`type` has a new value."""
    nameserverChanged = Signal(QHostAddress)
    """`nameserver` has a new value."""
    nameserverPortChanged = Signal("ushort")
    """`nameserverPort` has a new value."""
    nameserverProtocolChanged = Signal(_dns_result.DnsProtocol)
    """`nameserverProtocol` has a new value."""

    _q_properties = {
        "error": ("error", None),
        "authenticData": ("isAuthenticData", None),
        "errorString": ("errorString", None),
        "name": ("name", "setName"),
        "type": ("type", "setType"),
        "nameserver": ("nameserver", "setNameserver"),
        "nameserverPort": ("nameserverPort", "setNameserverPort"),
        "nameserverProtocol": ("nameserverProtocol", "setNameserverProtocol"),
    }

    @overload
    def __init__(self, parent: QObject | None = None, **properties: Any) -> None: ...
    @overload
    def __init__(self, type: DnsType, name: str, parent: QObject | None = None, **properties: Any) -> None: ...
    @overload
    def __init__(
        self, type: DnsType, name: str, nameserver: _Address, parent: QObject | None = None, **properties: Any
    ) -> None: ...
    @overload
    def __init__(
        self,
        type: DnsType,
        name: str,
        nameserver: _Address,
        nameserverPort: int,
        parent: QObject | None = None,
        **properties: Any,
    ) -> None: ...
    @overload
    def __init__(
        self,
        type: DnsType,
        name: str,
        nameserverProtocol: DnsProtocol,
        nameserver: _Address,
        nameserverPort: int = 0,
        parent: QObject | None = None,
        **properties: Any,
    ) -> None: ...
    def __init__(self, *args: Any, **properties: Any) -> None:
        self._q_name_asked = ""
        self._q_type_asked = DnsType.A
        self._q_server = QHostAddress()
        self._q_port = 0
        self._q_protocol = DnsProtocol.Standard
        self._q_searches = False
        self._q_is_finished = False
        self._q_outcome = Outcome()
        self._q_exchange: Exchange | None = None  # while a look-up is in progress
        parent = self._q_take(list(args)) if args else properties.pop("parent", None)
        super().__init__(parent, **properties)

    def _q_take(self, args: list[Any]) -> QObject | None:
        """Take the constructor's positional arguments; returns the parent among them."""
        if isinstance(args[0], DnsType) and len(args) > 1:
            self._q_type_asked = args.pop(0)
            self._q_name_asked = checked_text(args.pop(0), "a name to look up")
            has_protocol = len(args) > 1 and isinstance(args[0], DnsProtocol)
            if has_protocol:
                self._q_protocol = args.pop(0)
            if has_protocol or (args and isinstance(args[0], _ADDRESSES)):
                self._q_server = _address(args.pop(0))
                if args and isinstance(args[0], int):
                    self._q_port = checked_port(args.pop(0))
        parent = args.pop(0) if args and (args[0] is None or isinstance(args[0], QObject)) else None
        if args:
            raise TypeError(
                "QDnsLookup() wants ([parent]), (type, name[, parent]), (type, name, nameserver[, port][, parent]) "
                f"or (type, name, protocol, nameserver[, port][, parent]), not {args[0]!r} there"
            )
        return parent

    # -- what is asked

    def name(self) -> str:
        """The name to look up, as it was set."""
        return self._q_name_asked

    def setName(self, name: str) -> None:
        """Set the name to look up, in Unicode or ACE form; "" is the root. Emits nameChanged if it differs."""
        name = checked_text(name, "a name to look up")
        if name != self._q_name_asked:
            self._q_name_asked = name
            QDnsLookup.nameChanged.emit_from(self, name)

    def type(self) -> DnsType:
        """The kind of records to look up; A until another is set."""
        return self._q_type_asked

    def setType(self, type: DnsType) -> None:
        """Set the kind of records to look up. Emits typeChanged if it differs."""
        kind = _member(DnsType, type, "the kind of records")
        if kind is not self._q_type_asked:
            self._q_type_asked = kind
            QDnsLookup.typeChanged.emit_from(self, kind)

    # -- who is asked

    def nameserver(self) -> QHostAddress:
        """The name server to ask; null for those of the system."""
        return QHostAddress(self._q_server)

    def setNameserver(self, *args: Any) -> None:
        """Set whom to ask: ``setNameserver(address)`` keeps the port and the protocol.

        ``setNameserver(address, port)`` and ``setNameserver(protocol, address, port=0)`` set them too, the first to
        Protocol.Standard; port 0 means that of the protocol. A null address means the system's name servers. Emits
        nameserverChanged, nameserverPortChanged and nameserverProtocolChanged, those that apply, in this order.
        """
        protocol: DnsProtocol | None = None
        rest = args
        if args and isinstance(args[0], DnsProtocol):
            protocol, rest = args[0], args[1:]
        if len(rest) not in (1, 2):
            raise TypeError("setNameserver() wants (address), (address, port) or (protocol, address[, port])")
        address = _address(rest[0])
        port = checked_port(rest[1]) if len(rest) == 2 else 0
        self._q_set_server(address)
        if len(args) > 1:
            QDnsLookup.setNameserverPort(self, port)
            QDnsLookup.setNameserverProtocol(self, DnsProtocol.Standard if protocol is None else protocol)

    def _q_set_server(self, address: QHostAddress) -> None:
        if address != self._q_server or address.scopeId() != self._q_server.scopeId():
            self._q_server = address
            QDnsLookup.nameserverChanged.emit_from(self, QHostAddress(address))

    def nameserverPort(self) -> int:
        """The port of the name server, 0 for that of the protocol. It has no meaning for the system's servers."""
        return self._q_port

    def setNameserverPort(self, port: int) -> None:
        """Set the port of the name server, 0 to 65535. Emits nameserverPortChanged if it differs."""
        port = checked_port(port)
        if port != self._q_port:
            self._q_port = port
            QDnsLookup.nameserverPortChanged.emit_from(self, port)

    def nameserverProtocol(self) -> DnsProtocol:
        """How the name server is talked to; Protocol.Standard until another is set."""
        return self._q_protocol

    def setNameserverProtocol(self, protocol: DnsProtocol) -> None:
        """Set how to talk to the name server. Emits nameserverProtocolChanged if it differs.

        Look-ups with DnsOverTls end with ResolverError, see `isProtocolSupported`.
        """
        protocol = _member(DnsProtocol, protocol, "the protocol of a name server")
        if protocol is not self._q_protocol:
            self._q_protocol = protocol
            QDnsLookup.nameserverProtocolChanged.emit_from(self, protocol)

    @staticmethod
    def isProtocolSupported(protocol: DnsProtocol) -> bool:
        """Whether look-ups can use *protocol*: not DnsOverTls, as long as qnet has no TLS."""
        return _member(DnsProtocol, protocol, "a protocol") is DnsProtocol.Standard

    @staticmethod
    def defaultPortForProtocol(protocol: DnsProtocol) -> int:
        """The port that name servers use for *protocol*: 53, or 853 for DnsOverTls."""
        standard = _member(DnsProtocol, protocol, "a protocol") is DnsProtocol.Standard
        return DNS_PORT if standard else _DNS_OVER_TLS_PORT

    def sslConfiguration(self) -> NoReturn:
        """The TLS settings of DnsOverTls; raises NotImplementedError as long as qnet has no TLS."""
        raise NotImplementedError(_NO_TLS)

    def setSslConfiguration(self, sslConfiguration: Any) -> NoReturn:
        """Set the TLS settings of DnsOverTls; raises NotImplementedError as long as qnet has no TLS."""
        raise NotImplementedError(_NO_TLS)

    def isSearchListEnabled(self) -> bool:
        """Whether names are completed by the system's search list (not in Qt, which never does)."""
        return self._q_searches

    def setSearchListEnabled(self, enabled: bool) -> None:
        """Complete names by the domains of "search" in resolv.conf, as other programs do (not in Qt; default: False).

        A name with fewer dots than "ndots" is tried in these domains first and then as it is, another one the
        other way round; a name that ends in a dot is tried as it is only. The first that exists is the answer.
        """
        self._q_searches = bool(enabled)

    # -- asking

    @Slot()
    def lookup(self) -> None:
        """Start to look up; `finished` tells the end, from the event loop. A look-up in progress is replaced.

        What cannot succeed ends the same way: InvalidRequestError for a name that is none, NotFoundError for one
        that does not exist, TimeoutError if no server answers (at once if they all refuse). A name that exists, but
        has no records of this kind, is NoError without records.
        """
        from qnet.socket._dns_exchange import Exchange  # loads dnspython

        self._q_stop()
        self._q_is_finished = False
        self._q_outcome = Outcome()
        exchange = self._q_exchange = Exchange(self, self._q_resolution())
        post_call(self, exchange.begin)

    def _q_resolution(self) -> Resolution:
        from qnet.kernel._dns_resolution import Resolution, names_to_try

        config = system_config()
        names = [self._q_name_asked]
        if self._q_searches:
            names = names_to_try(self._q_name_asked, config.search, config.ndots)
        refusal = "" if QDnsLookup.isProtocolSupported(self._q_protocol) else _NO_TLS
        return Resolution(names, self._q_type_asked, self._q_asked_of(config), refusal)

    def _q_asked_of(self, config: ResolverConfig) -> ResolverConfig:
        """The system's *config* with the name server that was set, if there is one."""
        if self._q_server.isNull():
            return config
        port = self._q_port or QDnsLookup.defaultPortForProtocol(self._q_protocol)
        return config._replace(servers=(Server(QHostAddress(self._q_server), port),))

    @Slot()
    def abort(self) -> None:
        """End a look-up in progress: OperationCancelledError, and `finished` within this call. Nothing otherwise."""
        if self._q_exchange is not None:
            self._q_stop()
            self._q_finish(Outcome(DnsError.OperationCancelledError, "Operation cancelled"))

    def _q_stop(self) -> None:
        exchange, self._q_exchange = self._q_exchange, None
        if exchange is not None:
            exchange.end()

    def _q_finish(self, outcome: Outcome) -> None:
        self._q_exchange = None
        self._q_outcome = outcome
        self._q_is_finished = True
        QDnsLookup.finished.emit_from(self)

    def _q_finalize(self) -> None:
        self._q_stop()
        super()._q_finalize()

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        super()._q_change_thread(source, target)
        if self._q_exchange is not None:
            self._q_exchange.move(source, target)

    # -- the outcome

    def isFinished(self) -> bool:
        """Whether the last look-up is over; False before the first one."""
        return self._q_is_finished

    def error(self) -> DnsError:
        """How the last look-up ended; NoError also while one is in progress, and if a name has no such records."""
        return self._q_outcome.error

    def errorString(self) -> str:
        """The error for people: Qt's words, then what was asked for and whom; "" if there was none."""
        return self._q_outcome.text

    def isAuthenticData(self) -> bool:
        """Whether the name server vouches that it has checked the answer (DNSSEC, the AD bit).

        That is worth as much as the server and the way to it.
        """
        return self._q_outcome.authentic

    def canonicalNameRecords(self) -> list[QDnsDomainNameRecord]:
        """The CNAME records, in the order of the answer: also those on the way to records of another kind."""
        return list(self._q_outcome.records.aliases)

    def hostAddressRecords(self) -> list[QDnsHostAddressRecord]:
        """The A and AAAA records, in the order of the answer."""
        return list(self._q_outcome.records.addresses)

    def mailExchangeRecords(self) -> list[QDnsMailExchangeRecord]:
        """The MX records, lowest preference first; those of the same preference are shuffled at each look-up."""
        return list(self._q_outcome.records.exchanges)

    def nameServerRecords(self) -> list[QDnsDomainNameRecord]:
        """The NS records, in the order of the answer."""
        return list(self._q_outcome.records.nameservers)

    def pointerRecords(self) -> list[QDnsDomainNameRecord]:
        """The PTR records, in the order of the answer."""
        return list(self._q_outcome.records.pointers)

    def serviceRecords(self) -> list[QDnsServiceRecord]:
        """The SRV records, lowest priority first; those of the same priority drawn by weight (RFC 2782)."""
        return list(self._q_outcome.records.services)

    def textRecords(self) -> list[QDnsTextRecord]:
        """The TXT records, in the order of the answer."""
        return list(self._q_outcome.records.texts)

    def tlsAssociationRecords(self) -> list[QDnsTlsAssociationRecord]:
        """The TLSA records, in the order of the answer."""
        return list(self._q_outcome.records.associations)


def _address(address: object) -> QHostAddress:
    if not isinstance(address, _ADDRESSES):
        raise TypeError(f"a name server is a QHostAddress, not {type(address).__name__}")
    return QHostAddress(address)


def _member(kind: type[_E], value: object, what: str) -> _E:
    if not isinstance(value, kind):
        raise TypeError(f"{what} is a QDnsLookup.{kind.__name__}, not {value!r}")
    return value
