"""The engines behind a SOCKS5 proxy: for streams, for the one client of a BIND, and for datagrams.

A stream costs nothing: its descriptor leads to the proxy, and after the handshake every byte is the target's. A
datagram has a header (RFC 1928 section 7), and an association that lasts as long as its control connection.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkdatagram import QNetworkDatagram
from qnet.socket._enums import SocketError
from qnet.socket.engines._handshake import Ask, ProxyFailure, ProxyHandshake
from qnet.socket.engines._socks5 import Socks5Handshake, datagram_header, parse_datagram
from qnet.socket.engines.native import DATAGRAM_MAX, QNativeSocketEngine

if TYPE_CHECKING:
    from qnet.kernel.networkproxy import QNetworkProxy

__all__ = ["QSocks5SocketEngine", "Socks5DatagramEngine"]

_LONGEST_REPLY = 262  # bytes: the longest name there can be in it


def _nowhere() -> tuple[QHostAddress, int]:
    return QHostAddress(), 0


class QSocks5SocketEngine(QNativeSocketEngine):
    """The native engine on a connection that a SOCKS5 proxy made; only the ends are what the proxy told.

    After a BIND it stands for a listening descriptor that has one client: itself (`accept`).
    """

    __slots__ = ("_handshake", "_local", "_peer")

    def __init__(self, sock: socket.socket | None = None) -> None:
        super().__init__(sock)
        self._handshake: Socks5Handshake | None = None
        self._local, self._peer = _nowhere(), _nowhere()

    @staticmethod
    def handshake(proxy: QNetworkProxy, host: QHostAddress | str, port: int, ask: Ask) -> ProxyHandshake:
        """What connects this engine, once it is connected to *proxy*, to *port* of *host*."""
        return Socks5Handshake(proxy, host, port, ask)

    def take_ends(self, handshake: ProxyHandshake, peer: tuple[QHostAddress, int]) -> None:
        """The *handshake* is through, and *peer* at the other end."""
        self._local = handshake.local or _nowhere()
        self._peer = peer

    def local(self) -> tuple[QHostAddress, int]:
        """The proxy's address and port, which the target sees."""
        return self._local if self.sock is not None else _nowhere()

    def peer(self) -> tuple[QHostAddress, int]:
        """The target's address, null if the proxy looked its name up, and port."""
        return self._peer if self.sock is not None else _nowhere()

    # -- after a BIND

    def listen_on(self, handshake: Socks5Handshake) -> None:
        """The proxy has bound; `accept` waits for its second reply, and `local` is where it listens."""
        address, port = handshake.local or _nowhere()
        if address.isNull() or address.toString() in ("0.0.0.0", "::"):
            address = super().peer()[0]  # "all of mine": the one that we know
        self._local = (address, port)
        self._handshake = handshake
        handshake.await_caller()

    def accept(self) -> QSocks5SocketEngine:
        """The client, with this engine's descriptor: there is no other client. Raises ProxyFailure, too."""
        handshake, sock = self._handshake, self.sock
        if handshake is None or sock is None:
            raise OSError(errno.EINVAL, "accept")
        # Only what belongs to the reply is taken from the system: the rest are the client's first bytes.
        try:
            data = sock.recv(_LONGEST_REPLY, socket.MSG_PEEK)
        except ConnectionError:
            data = b""
        if not data:
            handshake.ended()
        handshake.feed(data)
        sock.recv(len(data) - len(handshake.rest))
        if handshake.caller is None:
            raise BlockingIOError(errno.EAGAIN, "accept")
        client = QSocks5SocketEngine(self._release())
        client._local, client._peer = self._local, handshake.caller
        return client

    def _release(self) -> socket.socket:
        sock: socket.socket = self.sock
        self.sock, self.fd = None, -1
        del self.recv, self.send, self.sendmsg
        self._handshake = None
        return sock


class Socks5DatagramEngine(QNativeSocketEngine):
    """A datagram socket whose datagrams go through a SOCKS5 proxy's relay.

    It is initialized and bound as any; ``associate`` then gives it the control connection, which it closes in the
    end. What does not come from the relay, fragments, and what has no header are dropped unseen.
    """

    __slots__ = ("_relay", "control")

    def __init__(self, sock: socket.socket | None = None) -> None:
        super().__init__(sock)
        self.control: QNativeSocketEngine | None = None
        self._relay: Any = None  # its socket address

    def associate(self, control: QNativeSocketEngine, relay: tuple[QHostAddress, int]) -> None:
        """Send by *relay* for as long as *control* lasts. Raises ProxyFailure if this descriptor cannot reach it."""
        address, port = relay
        if address.isNull() or address.toString() in ("0.0.0.0", "::"):
            address = QNativeSocketEngine.peer(control)[0]  # "where you found me"
        self.control = control
        try:
            self._relay = self._sockaddr(address, port)
        except OSError as error:
            text = f"the proxy's relay: {error.strerror}"
            raise ProxyFailure(SocketError.SocketAddressNotAvailableError, text) from error

    def close(self) -> None:
        """Give the descriptor and the control connection back."""
        super().close()
        control, self.control = self.control, None
        if control is not None:
            control.close()

    def is_alive(self) -> bool:
        """Whether the control connection stands; to be called when it is readable. What it says is dropped."""
        control = self.control
        if control is None:
            return False
        try:
            while control.recv(_LONGEST_REPLY):
                continue
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def local(self) -> tuple[QHostAddress, int]:
        """Null and 0: others see an address of the proxy that it does not tell."""
        return QHostAddress(), 0

    def peer(self) -> tuple[QHostAddress, int]:
        """Null and 0: the descriptor is not connected."""
        return QHostAddress(), 0

    # -- receiving

    def pendingDatagramSize(self) -> int:
        """See the base class. Drops what stands before the next datagram that is one."""
        while self.sock is not None:
            try:
                data, sockaddr = self.sock.recvfrom(DATAGRAM_MAX, socket.MSG_PEEK)
                found = parse_datagram(data) if self._is_relay(sockaddr) else None
                if found is not None:
                    return len(data) - found[2]
                self.sock.recv(1)
            except OSError:
                break
        return -1

    def _is_relay(self, sockaddr: Any) -> bool:
        return bool(sockaddr[:2] == self._relay[:2])

    def recvfrom(self, maxlen: int) -> tuple[bytes, Any]:
        """The next datagram, cut to *maxlen*, and its sender as `sender_of` takes it."""
        while True:
            data, sockaddr = self.sock.recvfrom(DATAGRAM_MAX)
            found = parse_datagram(data) if self._is_relay(sockaddr) else None
            if found is not None:
                address, port, start = found
                return data[start : start + maxlen], (address, port)

    def sender_of(self, sockaddr: Any) -> tuple[QHostAddress, int]:
        """A sender from `recvfrom` as address and port."""
        address, port = sockaddr
        return address, port

    def readDatagram(self, maxlen: int) -> QNetworkDatagram:
        """See the base class: destination, interface and hop limit stay unknown."""
        data, (address, port) = self.recvfrom(maxlen)
        return QNetworkDatagram._received(data, address, port, None, -1, -1, 0)

    # -- sending

    def sendto(self, data: Any, address: QHostAddress | str, port: int) -> int:
        """Send one datagram; returns the number of bytes, without the header."""
        try:
            header = datagram_header(address, port)
        except ValueError as error:
            raise OSError(errno.EAFNOSUPPORT, str(error)) from error
        sent: int = self.sock.sendto(header + bytes(data), self._relay)
        return sent - len(header)

    def writeDatagram(self, datagram: QNetworkDatagram) -> int:
        """See the base class: sender, interface and hop limit are the proxy's."""
        return self.sendto(datagram.data(), datagram.destinationAddress(), datagram.destinationPort())

    # -- what the relay cannot do

    def joinMulticastGroup(self, group: QHostAddress, interface: int) -> None:
        """Raises OSError: a relay joins no groups."""
        raise OSError(errno.EOPNOTSUPP, "no groups through a proxy")

    def leaveMulticastGroup(self, group: QHostAddress, interface: int) -> None:
        """Raises OSError: a relay joins no groups."""
        raise OSError(errno.EOPNOTSUPP, "no groups through a proxy")

    def set_multicast_interface(self, interface: int, source: QHostAddress) -> None:
        """Raises OSError: it is the relay that sends."""
        raise OSError(errno.EOPNOTSUPP, "no groups through a proxy")
