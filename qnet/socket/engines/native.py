"""The engine over the system's sockets."""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import struct
import sys
import termios
from typing import Any

from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkdatagram import QNetworkDatagram
from qnet.socket._enums import SocketOption, SocketState, SocketType
from qnet.socket.engines._system_calls import calls_of
from qnet.socket.engines.abstract import QAbstractSocketEngine

__all__ = ["DATAGRAM_MAX", "QNativeSocketEngine"]

_IPV4 = NetworkLayerProtocol.IPv4Protocol
_IPV6 = NetworkLayerProtocol.IPv6Protocol
_ANY = NetworkLayerProtocol.AnyIPProtocol

_KINDS = {SocketType.TcpSocket: socket.SOCK_STREAM, SocketType.UdpSocket: socket.SOCK_DGRAM}

# The most that a datagram can hold; recvmsg() with this never cuts one.
DATAGRAM_MAX = 65536
_POLITE_READS = 16  # a megabyte; who sends on after that is told by the reset
_CONTROL_SIZE = 256  # bytes for the control messages of a datagram: three small ones come
_PKTINFO4 = struct.Struct("I4x4s")  # interface, (address to reply from), destination
_PKTINFO6 = struct.Struct("16sI")
_INT = struct.Struct("i")
_PEEKED = bytearray(1)  # where the first byte of a datagram goes whose size is asked for; nobody reads it
_TELLS_LENGTH = sys.platform == "linux"  # MSG_TRUNC: the whole length of what is cut
_IN_PROGRESS = (errno.EINPROGRESS, errno.EAGAIN, errno.EWOULDBLOCK)

# Not in every Python's socket module; the numbers are Linux's.
_IP_MTU = 14
_IPV6_MTU = 24
_IP_MTU_DISCOVER = 10
_IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8)
_IPV6_PKTINFO = getattr(socket, "IPV6_PKTINFO", 50)
_IPV6_RECVPKTINFO = getattr(socket, "IPV6_RECVPKTINFO", 49)
_IPV6_HOPLIMIT = getattr(socket, "IPV6_HOPLIMIT", 52)
_IPV6_RECVHOPLIMIT = getattr(socket, "IPV6_RECVHOPLIMIT", 51)
_IP_RECVTTL = getattr(socket, "IP_RECVTTL", 12)
_IP_TTL_TYPE = 2  # the control message that IP_RECVTTL asks for

_HOP_LIMITS = {(socket.IPPROTO_IP, _IP_TTL_TYPE), (socket.IPPROTO_IPV6, _IPV6_HOPLIMIT)}

# option -> (level, name) for IPv4 and for IPv6
_OPTIONS: dict[SocketOption, tuple[tuple[int, int], tuple[int, int]]] = {
    SocketOption.LowDelayOption: ((socket.IPPROTO_TCP, socket.TCP_NODELAY),) * 2,
    SocketOption.KeepAliveOption: ((socket.SOL_SOCKET, socket.SO_KEEPALIVE),) * 2,
    SocketOption.MulticastTtlOption: (
        (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL),
        (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS),
    ),
    SocketOption.MulticastLoopbackOption: (
        (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP),
        (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP),
    ),
    SocketOption.TypeOfServiceOption: (
        (socket.IPPROTO_IP, socket.IP_TOS),
        (socket.IPPROTO_IPV6, getattr(socket, "IPV6_TCLASS", 67)),
    ),
    SocketOption.SendBufferSizeSocketOption: ((socket.SOL_SOCKET, socket.SO_SNDBUF),) * 2,
    SocketOption.ReceiveBufferSizeSocketOption: ((socket.SOL_SOCKET, socket.SO_RCVBUF),) * 2,
    SocketOption.PathMtuSocketOption: ((socket.IPPROTO_IP, _IP_MTU), (socket.IPPROTO_IPV6, _IPV6_MTU)),
}


class QNativeSocketEngine(QAbstractSocketEngine):
    """System calls on one non-blocking descriptor.

    It is made empty (then `initialize` it), or over a connected or bound ``socket.socket`` that it takes over.
    """

    __slots__ = ("_bound_port", "_multicast_if", "family", "fd", "sock")

    def __init__(self, sock: socket.socket | None = None) -> None:
        super().__init__()
        self.sock: Any = None
        self.fd = -1
        self.family = -1
        self._bound_port = 0
        self._multicast_if = 0
        if sock is not None:
            self._adopt(sock)

    def _adopt(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.fd = sock.fileno()
        self.family = int(sock.family)  # the attribute of Python's socket makes an enum member each time
        self.recv, self.send = calls_of(sock)
        self.sendmsg = sock.sendmsg

    @classmethod
    def adopted(cls, descriptor: int) -> QNativeSocketEngine:
        """An engine for an open socket's *descriptor*, which it takes over. Raises OSError for anything else."""
        try:
            sock = socket.socket(fileno=int(descriptor))
        except ValueError as error:
            raise OSError(errno.EBADF, str(error)) from error
        return cls(sock)

    # -- making and closing

    def initialize(self, type: SocketType, protocol: NetworkLayerProtocol) -> None:
        """Make a descriptor; AnyIPProtocol is IPv6 that takes IPv4 too, or IPv4 where there is no IPv6."""
        kind = _KINDS.get(type)
        if kind is None:
            raise OSError(errno.EPROTONOSUPPORT, f"no sockets of type {type} here")
        if protocol in (_IPV6, _ANY) and socket.has_ipv6:
            try:
                self._adopt(socket.socket(socket.AF_INET6, kind))
                self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, protocol == _IPV6)
                return
            except OSError as error:
                if protocol == _IPV6 or error.errno != errno.EAFNOSUPPORT:
                    raise
        self._adopt(socket.socket(socket.AF_INET, kind))

    def close(self) -> None:
        """Give the descriptor back."""
        sock, self.sock = self.sock, None
        self.fd = -1
        if sock is not None:
            del self.recv, self.send, self.sendmsg
            try:
                sock.close()
            except OSError:
                pass  # it was closed behind our back

    def detach(self) -> int:
        """The descriptor, which is the caller's from now on."""
        sock, self.sock = self.sock, None
        self.fd = -1
        del self.recv, self.send, self.sendmsg
        descriptor: int = sock.detach()
        return descriptor

    def socketDescriptor(self) -> int:
        """The descriptor, -1 if there is none."""
        return self.fd

    # -- connecting and listening

    def _sockaddr(self, address: QHostAddress, port: int, refusal: int = errno.EAFNOSUPPORT) -> Any:
        """*address* as the system takes it; OSError with the errno *refusal* if that is of another family."""
        try:
            return address._to_sockaddr(port, self.family)
        except ValueError as error:
            raise OSError(refusal, str(error)) from error

    def connectToHost(self, address: QHostAddress, port: int) -> bool:
        """See the base class. Raises OSError when the system refuses at once."""
        number = self.sock.connect_ex(self._sockaddr(address, port))
        if number in (0, errno.EISCONN):
            return True
        if number in _IN_PROGRESS:
            return False
        raise OSError(number, "connect")

    def pending_error(self) -> int:
        """What a connection attempt ended with: an errno, 0 for success."""
        number: int = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return number

    def bind(self, address: QHostAddress, port: int) -> None:
        """See the base class."""
        self.sock.bind(self._sockaddr(address, port, errno.EADDRNOTAVAIL))

    def listen(self, backlog: int) -> None:
        """See the base class."""
        self.sock.listen(backlog)

    def accept(self) -> QNativeSocketEngine:
        """See the base class."""
        client, _ = self.sock.accept()
        return QNativeSocketEngine(client)

    def reuse_address(self, on: bool = True) -> None:
        """SO_REUSEADDR: bind although connections of an earlier server linger."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, on)

    def share_port(self) -> None:
        """SO_REUSEPORT: let several sockets bind the same address and port."""
        if hasattr(socket, "SO_REUSEPORT"):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

    def end_politely(self) -> None:
        """Half close and drop what the peer sent meanwhile: closing with unread bytes would send it a reset, and
        a reset makes it lose what it has not read yet.
        """
        try:
            self.sock.shutdown(socket.SHUT_WR)
            for _ in range(_POLITE_READS):
                if not self.sock.recv(DATAGRAM_MAX):
                    return
        except OSError:
            return  # nothing more to read, or the connection is gone

    # -- what the descriptor tells

    def state(self) -> SocketState:
        """See the base class."""
        if self.sock is None:
            return SocketState.UnconnectedState
        if self.socketType() is SocketType.TcpSocket and self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return SocketState.ListeningState
        if self.peerPort():
            return SocketState.ConnectedState
        return SocketState.BoundState if self.localPort() else SocketState.UnconnectedState

    def socketType(self) -> SocketType:
        """See the base class."""
        if self.sock is None:
            return SocketType.UnknownSocketType
        return SocketType.UdpSocket if self.sock.type == socket.SOCK_DGRAM else SocketType.TcpSocket

    def protocol(self) -> NetworkLayerProtocol:
        """See the base class; AnyIPProtocol for an IPv6 descriptor that takes IPv4 too."""
        if self.sock is None:
            return NetworkLayerProtocol.UnknownNetworkLayerProtocol
        if self.family == socket.AF_INET:
            return _IPV4
        if self.family != socket.AF_INET6:
            return NetworkLayerProtocol.UnknownNetworkLayerProtocol
        return _IPV6 if self.sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) else _ANY

    def _name(self, which: str) -> tuple[QHostAddress, int]:
        if self.sock is not None:
            try:
                name = getattr(self.sock, which)()
            except OSError:
                name = None
            if name and isinstance(name, tuple):
                return QHostAddress._from_sockaddr(self.family, name), int(name[1])
        return QHostAddress(), 0

    def local(self) -> tuple[QHostAddress, int]:
        """This end's address and port in one call."""
        address, port = self._name("getsockname")
        if port and self.protocol() is _ANY and address == QHostAddress.SpecialAddress.AnyIPv6:
            return QHostAddress(QHostAddress.SpecialAddress.Any), port
        return address, port

    def peer(self) -> tuple[QHostAddress, int]:
        """The other end's address and port in one call."""
        return self._name("getpeername")

    def localAddress(self) -> QHostAddress:
        """See the base class."""
        return self.local()[0]

    def localPort(self) -> int:
        """See the base class."""
        return self.local()[1]

    def peerAddress(self) -> QHostAddress:
        """See the base class."""
        return self.peer()[0]

    def peerPort(self) -> int:
        """See the base class."""
        return self.peer()[1]

    def bytesAvailable(self) -> int:
        """See the base class."""
        if self.sock is None:
            return 0
        count = array.array("i", [0])
        fcntl.ioctl(self.fd, termios.FIONREAD, count)
        return count[0]

    # -- options

    def option(self, option: SocketOption) -> int:
        """See the base class."""
        level, name = _OPTIONS[option][self.family == socket.AF_INET6]
        value: int = self.sock.getsockopt(level, name)
        return value

    def setOption(self, option: SocketOption, value: int) -> None:
        """See the base class."""
        if option is SocketOption.PathMtuSocketOption:
            raise OSError(errno.ENOPROTOOPT, "the path MTU can be read only")
        level, name = _OPTIONS[option][self.family == socket.AF_INET6]
        self.sock.setsockopt(level, name, value)

    def allow_broadcast(self) -> None:
        """SO_BROADCAST, without which the system refuses to send to broadcast addresses."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    # -- datagrams

    def tell_destinations(self) -> None:
        """Ask for the destination, the interface and the hop limit of every datagram."""
        sock = self.sock
        if self.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPLIMIT, 1)
            if sys.platform == "linux":  # for the IPv4 datagrams of a socket of both families
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)

    def hasPendingDatagrams(self) -> bool:
        """See the base class."""
        return self.pendingDatagramSize() >= 0

    def pendingDatagramSize(self) -> int:
        """See the base class. A pending error of the socket is taken and counts as no datagram."""
        if self.sock is None:
            return -1
        try:
            if _TELLS_LENGTH:
                size: int = self.sock.recv_into(_PEEKED, 1, socket.MSG_PEEK | socket.MSG_TRUNC)
                return size
            return len(self.sock.recv(DATAGRAM_MAX, socket.MSG_PEEK))
        except OSError:
            return -1

    def recvfrom(self, maxlen: int) -> tuple[bytes, Any]:
        """The next datagram, cut to *maxlen*, and its sender as the system writes it."""
        data, sender = self.sock.recvfrom(maxlen)
        return data, sender

    def sender_of(self, sockaddr: Any) -> tuple[QHostAddress, int]:
        """A sender from `recvfrom` as address and port."""
        if not sockaddr:
            return QHostAddress(), -1
        return QHostAddress._from_sockaddr(self.family, sockaddr), int(sockaddr[1])

    def readDatagram(self, maxlen: int) -> QNetworkDatagram:
        """See the base class."""
        data, control, _, sockaddr = self.sock.recvmsg(maxlen, _CONTROL_SIZE)
        sender, port = self.sender_of(sockaddr)
        destination = None
        index, hops = 0, -1
        for level, kind, payload in control:
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                index, packed = _PKTINFO4.unpack_from(payload)
                destination = QHostAddress._make(_IPV4, int.from_bytes(packed, "big"))
            elif level == socket.IPPROTO_IPV6 and kind == _IPV6_PKTINFO:
                packed, index = _PKTINFO6.unpack_from(payload)
                destination = QHostAddress(packed)
            elif (level, kind) in _HOP_LIMITS:
                hops = _INT.unpack_from(payload)[0]
        if not self._bound_port:
            self._bound_port = self.localPort()
        own_port = self._bound_port if destination is not None else -1
        return QNetworkDatagram._received(data, sender, port, destination, own_port, hops, index)

    def sendto(self, data: Any, address: QHostAddress, port: int) -> int:
        """Send one datagram; returns the number of bytes."""
        sent: int = self.sock.sendto(data, self._sockaddr(address, port))
        return sent

    def writeDatagram(self, datagram: QNetworkDatagram) -> int:
        """See the base class: sender, interface and hop limit are honoured as far as they are set."""
        control: list[tuple[int, int, bytes]] = []
        source, index, hops = datagram.senderAddress(), datagram.interfaceIndex(), datagram.hopLimit()
        if self.family == socket.AF_INET6:
            if index or not source.isNull():
                packed = bytes(source.toIPv6Address()) if not source.isNull() else bytes(16)
                control.append((socket.IPPROTO_IPV6, _IPV6_PKTINFO, struct.pack("16sI", packed, index)))
            if hops >= 0:
                control.append((socket.IPPROTO_IPV6, _IPV6_HOPLIMIT, struct.pack("i", hops)))
        else:
            if index or not source.isNull():
                packed = struct.pack("!I", source.toIPv4Address()) if not source.isNull() else bytes(4)
                control.append((socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("I4s4s", index, packed, bytes(4))))
            if hops >= 0:
                control.append((socket.IPPROTO_IP, _IP_TTL_TYPE, struct.pack("i", hops)))
        destination = self._sockaddr(datagram.destinationAddress(), datagram.destinationPort())
        sent: int = self.sock.sendmsg([datagram.data()], control, 0, destination)
        return sent

    # -- multicast

    def joinMulticastGroup(self, group: QHostAddress, interface: int) -> None:
        """See the base class."""
        self._membership(group, interface, join=True)

    def leaveMulticastGroup(self, group: QHostAddress, interface: int) -> None:
        """See the base class."""
        self._membership(group, interface, join=False)

    def _membership(self, group: QHostAddress, interface: int, join: bool) -> None:
        if group.protocol() is _IPV6:
            request = bytes(group.toIPv6Address()) + struct.pack("@I", interface)
            name = socket.IPV6_JOIN_GROUP if join else socket.IPV6_LEAVE_GROUP
            self.sock.setsockopt(socket.IPPROTO_IPV6, name, request)
        else:
            request = struct.pack("=4s4si", struct.pack("!I", group.toIPv4Address()), bytes(4), interface)
            name = socket.IP_ADD_MEMBERSHIP if join else socket.IP_DROP_MEMBERSHIP
            self.sock.setsockopt(socket.IPPROTO_IP, name, request)

    def multicast_interface(self) -> int:
        """The index of the interface that multicasts leave by, 0 if it is the system's choice."""
        if self.family == socket.AF_INET6:
            index: int = self.sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF)
            return index
        return self._multicast_if

    def set_multicast_interface(self, interface: int, source: QHostAddress) -> None:
        """Let multicasts leave by the interface with this index, from its IPv4 address *source* if that is not null."""
        if self.family == socket.AF_INET6:
            self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface)
        else:
            packed = bytes(4) if source.isNull() else struct.pack("!I", source.toIPv4Address())
            request = struct.pack("=4s4si", bytes(4), packed, interface)
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
        self._multicast_if = interface
