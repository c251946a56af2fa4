"""How a socket connects through a proxy: the counterpart of `qnet.socket._connecting` for ``connectToHost``.

==================  =============================  =============================================================
target              proxy                          what happens
==================  =============================  =============================================================
an address          any                            -> Connecting, hostFound; the proxy connects to it
a name              looks names up                 -> Connecting, no hostFound: nobody here knows the address
a name              does not                       look-up here; -> Connecting, hostFound; the addresses in turn
==================  =============================  =============================================================

Each turn is a `Negotiation`. A stream is then the socket's, as any other. For a datagram socket the connection is the
control connection of an association (RFC 1928 section 7), and the socket's descriptor another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.socket._connector import interleaved
from qnet.socket._enums import SocketError, SocketType
from qnet.socket._errors import SocketFailure, failure, failure_from_os, shown_peer
from qnet.socket._lookup import Lookup
from qnet.socket._negotiation import Negotiation, proxy_address
from qnet.socket.engines._handshake import Ask, ProxyFailure
from qnet.socket.engines._socks5 import Command, Socks5Handshake
from qnet.socket.engines.http import QHttpSocketEngine
from qnet.socket.engines.native import QNativeSocketEngine
from qnet.socket.engines.socks5 import QSocks5SocketEngine, Socks5DatagramEngine

if TYPE_CHECKING:
    from qnet.core._thread_data import ObjectData, ThreadData
    from qnet.kernel.authenticator import QAuthenticator
    from qnet.socket._waiting import Clock
    from qnet.socket.abstractsocket import QAbstractSocket

__all__ = ["SETUP_LIMIT", "ProxiedConnecting", "associating", "listening"]

SETUP_LIMIT = 5000
"""Milliseconds that ``bind`` and ``listen`` wait for a proxy, as with Qt: they have to return an answer."""

_Type = QNetworkProxy.ProxyType
_STREAMS: dict[_Type, type[QSocks5SocketEngine] | type[QHttpSocketEngine]] = {
    _Type.Socks5Proxy: QSocks5SocketEngine,
    _Type.HttpProxy: QHttpSocketEngine,
}
# Another address of the target is no help against these.
_OF_THE_PROXY = frozenset(
    {
        SocketError.ProxyAuthenticationRequiredError,
        SocketError.ProxyConnectionRefusedError,
        SocketError.ProxyConnectionClosedError,
        SocketError.ProxyConnectionTimeoutError,
        SocketError.ProxyNotFoundError,
        SocketError.ProxyProtocolError,
    }
)


class ProxiedConnecting:
    """One ``connectToHost`` of *socket* through *proxy*, which it keeps with the credentials that worked."""

    __slots__ = (
        "_datagrams",
        "_first",
        "_lookup",
        "_negotiation",
        "_waiting",
        "name",
        "port",
        "protocol",
        "proxy",
        "socket",
    )

    def __init__(
        self, socket: QAbstractSocket, proxy: QNetworkProxy, name: str, port: int, protocol: NetworkLayerProtocol
    ) -> None:
        self.socket = socket
        self.proxy = QNetworkProxy(proxy)
        self.name = name
        self.port = port
        self.protocol = protocol
        self._lookup: Lookup | None = None
        self._negotiation: Negotiation | None = None
        self._datagrams: Socks5DatagramEngine | None = None  # until it is associated
        self._waiting: list[QHostAddress] = []  # addresses of the target that were not tried yet
        self._first: SocketFailure | None = None

    # -- stages

    def begin(self) -> None:
        """Find out whom to ask the proxy for; only a look-up here does not get to the proxy within the call."""
        socket = self.socket
        if self.looks_up():
            if socket._q_host_found(self, announce=False):
                self._negotiate(self.name)
        else:
            self._lookup = Lookup(socket._q, self.name, self.protocol, self._found, socket._q_connect_failed)
            self._lookup.begin()

    def looks_up(self) -> bool:
        """Whether the proxy is given the name as it is."""
        can = QNetworkProxy.Capability.HostNameLookupCapability
        return bool(self.proxy.capabilities() & can) and QHostAddress(self.name).isNull()

    def shown_proxy(self) -> str:
        """Host and port of the proxy, for error texts."""
        return shown_peer(*proxy_address(self.proxy))

    def _found(self, addresses: list[QHostAddress]) -> None:
        if self.socket._q_host_found(self):
            self._waiting = interleaved(addresses)
            self._negotiate(self._waiting.pop(0))

    def _negotiate(self, target: QHostAddress | str) -> None:
        socket = self.socket
        ask = self._ask
        if socket._q_type is SocketType.UdpSocket:
            self._associate(target, ask)
            return
        kind = _STREAMS[self.proxy.type()]
        bound = socket._q_engine
        if bound is not None and bound.fd >= 0 and type(bound) is not kind:
            socket._q_engine = bound = kind(bound.sock)  # the same descriptor, which leads to a proxy now
        handshake = kind.handshake(self.proxy, target, self.port, ask)

        def made(engine: QNativeSocketEngine) -> None:
            address = target if isinstance(target, QHostAddress) else QHostAddress()
            assert isinstance(engine, kind)
            engine.take_ends(handshake, (address, self.port))
            self._done(engine, address)

        self._start(
            Negotiation(
                socket._q,
                self.proxy,
                handshake,
                f"connecting to {socket._q_phase}",
                lambda address: socket._q_new_engine(address, kind),
                made,
                self._failed,
                bound if bound is not None and bound.fd >= 0 else None,
            )
        )

    def _associate(self, target: QHostAddress | str, ask: Ask) -> None:
        """Datagrams: the proxy hears of the target with each of them."""
        address = target if isinstance(target, QHostAddress) else QHostAddress()
        engine = self.socket._q_engine
        if isinstance(engine, Socks5DatagramEngine) and engine.control is not None:  # bound through a proxy
            self._done(engine, address)
            return
        if engine is not None:
            reason = failure(SocketError.UnsupportedSocketOperationError, f"{self.name}: bound without the proxy")
            self.socket._q_connect_failed(reason)
            return
        anywhere = QHostAddress(QHostAddress.SpecialAddress.Any)
        try:
            engine = self.socket._q_new_engine(anywhere, Socks5DatagramEngine)
            assert isinstance(engine, Socks5DatagramEngine)
            self._datagrams = engine
            engine.bind(anywhere, 0)
        except OSError as error:
            self.socket._q_connect_failed(failure_from_os(error, "binding a socket to send from"))
            return

        def made(associated: Socks5DatagramEngine) -> None:
            self._datagrams = None
            self._done(associated, address)

        self._start(associating(self.socket._q, self.proxy, engine, ask, made, self._failed))

    def _start(self, negotiation: Negotiation) -> None:
        self._negotiation = negotiation
        negotiation.begin()

    def _ask(self, authenticator: QAuthenticator) -> None:
        self.socket._q_ask_for_login(self.proxy, authenticator)

    def _done(self, engine: QNativeSocketEngine, address: QHostAddress) -> None:
        self._negotiation = None
        self.socket._q_connection_made(engine, address, self.port)

    def _failed(self, reason: SocketFailure) -> None:
        self._negotiation = None
        self._first = self._first or reason
        if self._waiting and reason.code not in _OF_THE_PROXY:
            self._negotiate(self._waiting.pop(0))
        else:
            self.socket._q_connect_failed(self._first if reason.code not in _OF_THE_PROXY else reason)

    # -- what a socket asks of the way to its peer

    def end(self) -> None:
        """Stop wherever it is and give everything back; a second time nothing happens."""
        if self._lookup is not None:
            self._lookup.end()
        self._waiting.clear()
        negotiation, self._negotiation = self._negotiation, None
        if negotiation is not None:
            negotiation.end()
        engine, self._datagrams = self._datagrams, None
        if engine is not None:
            engine.close()

    def engines(self) -> list[QNativeSocketEngine]:
        """The engines that there are now, for socket options."""
        return self._negotiation.engines() if self._negotiation is not None else []

    def leave(self, source: ThreadData) -> None:
        """The socket moves to another thread: take everything out of this one, *source*."""
        if self._negotiation is not None:
            self._negotiation.leave(source)

    def arrive(self) -> None:
        """The socket has moved: go on in its new thread."""
        if self._negotiation is not None:
            self._negotiation.arrive()

    def wait(self, clock: Clock) -> bool:
        """Block until it is over, whichever way; False when the time is over first."""
        if self._lookup is not None and not self._lookup.wait(clock):
            return False
        while (negotiation := self._negotiation) is not None:
            if not negotiation.wait(clock):
                return False
            if self._negotiation is negotiation:  # called within one of its slots
                break
        return True


def associating(
    data: ObjectData,
    proxy: QNetworkProxy,
    engine: Socks5DatagramEngine,
    ask: Ask,
    made: Callable[[Socks5DatagramEngine], None],
    failed: Callable[[SocketFailure], None],
) -> Negotiation:
    """What lets the bound *engine* of *data*'s object send and receive through *proxy*, which must be a SOCKS5 one."""
    address, port = QNativeSocketEngine.local(engine)
    handshake = Socks5Handshake(proxy, address, port, ask, Command.UDP_ASSOCIATE)

    def controlled(control: QNativeSocketEngine) -> None:
        try:
            engine.associate(control, handshake.local or (QHostAddress(), 0))
        except ProxyFailure as refusal:
            failed(SocketFailure(refusal.code, refusal.text, refusal))
        else:
            made(engine)

    return Negotiation(data, proxy, handshake, "sending datagrams", _connection_to_proxy, controlled, failed)


def listening(
    data: ObjectData,
    proxy: QNetworkProxy,
    host: QHostAddress,
    port: int,
    made: Callable[[QSocks5SocketEngine], None],
    failed: Callable[[SocketFailure], None],
) -> Negotiation:
    """What makes *proxy*, a SOCKS5 one, listen for one client; *host* and *port* are hints that it may follow."""
    handshake = Socks5Handshake(proxy, host, port, lambda authenticator: None, Command.BIND)

    def bound(engine: QNativeSocketEngine) -> None:
        assert isinstance(engine, QSocks5SocketEngine)
        engine.listen_on(handshake)
        made(engine)

    return Negotiation(data, proxy, handshake, "listening", _bindable, bound, failed)


def _connection_to_proxy(address: QHostAddress) -> QNativeSocketEngine:
    return _initialized(QNativeSocketEngine(), address)


def _bindable(address: QHostAddress) -> QNativeSocketEngine:
    return _initialized(QSocks5SocketEngine(), address)


def _initialized(engine: QNativeSocketEngine, address: QHostAddress) -> QNativeSocketEngine:
    four = address.protocol() is NetworkLayerProtocol.IPv4Protocol
    engine.initialize(
        SocketType.TcpSocket, NetworkLayerProtocol.IPv4Protocol if four else NetworkLayerProtocol.AnyIPProtocol
    )
    return engine
