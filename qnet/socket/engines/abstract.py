"""The seam between a socket and the way it reaches the wire.

A socket owns the buffers and the state; an engine owns a descriptor and the calls on it. Engines are cheap (no
QObject: a server has one for every client) and never emit: what they cannot do now raises, and the socket decides
what it means.

Three sorts of object meet here:

* `qnet.socket.engines.native.QNativeSocketEngine` makes the system calls.
* A proxy engine is a native engine on a descriptor that leads to the proxy. It names the *handshake* (sans-I/O,
  `qnet.socket.engines._handshake`) that `qnet.socket._proxying` has to lead first; after it the engine is what its
  base class is, and a byte costs no call more.
* A `qnet.socket._filter.StreamFilter` (TLS) sits between engine and buffers, and sees every byte.

The hot calls (``recv`` and ``send``) are attributes that hold the bound methods of the system's socket.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError, SocketOption, SocketState, SocketType

if TYPE_CHECKING:
    from qnet.kernel.networkdatagram import QNetworkDatagram

__all__ = ["QAbstractSocketEngine"]


class QAbstractSocketEngine:
    """What a socket asks of its engine. Calls that the system refuses raise OSError."""

    __slots__ = ("_error", "_error_text", "recv", "send", "sendmsg")

    recv: Callable[[int], bytes]
    send: Callable[[Any], int]
    sendmsg: Callable[[Sequence[Any]], int]

    def __init__(self) -> None:
        self._error = SocketError.UnknownSocketError
        self._error_text = ""

    def initialize(self, type: SocketType, protocol: NetworkLayerProtocol) -> None:
        """Make a descriptor for *type* and *protocol*."""
        raise NotImplementedError(f"{self.__class__.__name__}.initialize()")

    def socketDescriptor(self) -> int:
        """The descriptor, -1 if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.socketDescriptor()")

    def isValid(self) -> bool:
        """Whether there is a descriptor."""
        return self.socketDescriptor() >= 0

    def state(self) -> SocketState:
        """The state as far as the descriptor tells."""
        raise NotImplementedError(f"{self.__class__.__name__}.state()")

    def socketType(self) -> SocketType:
        """The transport."""
        raise NotImplementedError(f"{self.__class__.__name__}.socketType()")

    def protocol(self) -> NetworkLayerProtocol:
        """The address family."""
        raise NotImplementedError(f"{self.__class__.__name__}.protocol()")

    def connectToHost(self, address: QHostAddress, port: int) -> bool:
        """Begin to connect; True if that succeeded at once, else the descriptor becomes writable."""
        raise NotImplementedError(f"{self.__class__.__name__}.connectToHost()")

    def bind(self, address: QHostAddress, port: int) -> None:
        """Take a local address."""
        raise NotImplementedError(f"{self.__class__.__name__}.bind()")

    def listen(self, backlog: int) -> None:
        """Begin to take connections."""
        raise NotImplementedError(f"{self.__class__.__name__}.listen()")

    def accept(self) -> QAbstractSocketEngine:
        """An engine for the next client; BlockingIOError if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.accept()")

    def close(self) -> None:
        """Give the descriptor back."""
        raise NotImplementedError(f"{self.__class__.__name__}.close()")

    def bytesAvailable(self) -> int:
        """How many bytes the system holds."""
        raise NotImplementedError(f"{self.__class__.__name__}.bytesAvailable()")

    def read(self, maxlen: int) -> bytes:
        """Up to *maxlen* bytes, b"" at the end; BlockingIOError if there are none now."""
        return self.recv(maxlen)

    def write(self, data: bytes) -> int:
        """How much of *data* the system took; BlockingIOError for nothing."""
        return self.send(data)

    def readDatagram(self, maxlen: int) -> QNetworkDatagram:
        """The next datagram with its addresses; BlockingIOError if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.readDatagram()")

    def writeDatagram(self, datagram: QNetworkDatagram) -> int:
        """Send one datagram."""
        raise NotImplementedError(f"{self.__class__.__name__}.writeDatagram()")

    def joinMulticastGroup(self, group: QHostAddress, interface: int) -> None:
        """Receive what is sent to *group* on the interface with this index (0: the system's choice)."""
        raise NotImplementedError(f"{self.__class__.__name__}.joinMulticastGroup()")

    def leaveMulticastGroup(self, group: QHostAddress, interface: int) -> None:
        """Undo `joinMulticastGroup`."""
        raise NotImplementedError(f"{self.__class__.__name__}.leaveMulticastGroup()")

    def hasPendingDatagrams(self) -> bool:
        """Whether a datagram waits."""
        raise NotImplementedError(f"{self.__class__.__name__}.hasPendingDatagrams()")

    def pendingDatagramSize(self) -> int:
        """The size of the next datagram, -1 if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.pendingDatagramSize()")

    def option(self, option: SocketOption) -> int:
        """The value of an option."""
        raise NotImplementedError(f"{self.__class__.__name__}.option()")

    def setOption(self, option: SocketOption, value: int) -> None:
        """Set an option."""
        raise NotImplementedError(f"{self.__class__.__name__}.setOption()")

    def localAddress(self) -> QHostAddress:
        """This end's address, null if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.localAddress()")

    def localPort(self) -> int:
        """This end's port, 0 if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.localPort()")

    def peerAddress(self) -> QHostAddress:
        """The other end's address, null if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.peerAddress()")

    def peerPort(self) -> int:
        """The other end's port, 0 if there is none."""
        raise NotImplementedError(f"{self.__class__.__name__}.peerPort()")

    def error(self) -> SocketError:
        """What failed last."""
        return self._error

    def errorString(self) -> str:
        """What failed last, in words."""
        return self._error_text

    def setError(self, error: SocketError, text: str) -> None:
        """Note what failed."""
        self._error = error
        self._error_text = text
