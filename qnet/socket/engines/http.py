"""The engine behind an HTTP proxy: a native one after a CONNECT (RFC 9110 section 9.3.6)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from qnet.kernel.hostaddress import QHostAddress
from qnet.socket.engines._handshake import Ask, ProxyHandshake
from qnet.socket.engines.native import QNativeSocketEngine

if TYPE_CHECKING:
    from qnet.kernel.networkproxy import QNetworkProxy

__all__ = ["QHttpSocketEngine"]


class QHttpSocketEngine(QNativeSocketEngine):
    """The native engine on a connection that an HTTP proxy made; only the peer is the target."""

    __slots__ = ("_peer",)

    def __init__(self, sock: socket.socket | None = None) -> None:
        super().__init__(sock)
        self._peer = (QHostAddress(), 0)

    @staticmethod
    def handshake(proxy: QNetworkProxy, host: QHostAddress | str, port: int, ask: Ask) -> ProxyHandshake:
        """What connects this engine, once it is connected to *proxy*, to *port* of *host*."""
        from qnet.socket.engines._http_connect import HttpConnectHandshake

        return HttpConnectHandshake(proxy, host if isinstance(host, str) else host.toString(), port, ask)

    def take_ends(self, handshake: ProxyHandshake, peer: tuple[QHostAddress, int]) -> None:
        """The *handshake* is through, and *peer* at the other end."""
        self._peer = peer

    def peer(self) -> tuple[QHostAddress, int]:
        """The target's address, null if the proxy looked its name up, and port."""
        return self._peer
