"""A UDP datagram with its addresses: QNetworkDatagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qnet.core.bytearray import QByteArrayView
from qnet.kernel._checks import check_same_class, checked_port, to_view
from qnet.kernel.hostaddress import QHostAddress

if TYPE_CHECKING:
    from qnet.core._bytes_methods import BytesLike

__all__ = ["QNetworkDatagram"]

_EMPTY = QByteArrayView()
_FIELDS = (
    *("_data", "_destination", "_destination_port", "_hop_limit"),
    *("_interface", "_sender", "_sender_port"),
)


class QNetworkDatagram:
    """The payload of a UDP datagram, where it comes from and goes to, its hop limit and its interface.

    ``QNetworkDatagram(data, destinationAddress, port)`` is one to send, ``QNetworkDatagram(other)`` a copy.
    It is null, and not valid, while it has neither a sender nor a destination, whatever its data; ports are
    -1 while their address is null. QUdpSocket.receiveDatagram() returns them, writeDatagram() takes them.
    https://doc.qt.io/qt-6/qnetworkdatagram.html
    """

    __slots__ = ("__weakref__", *_FIELDS)

    _data: QByteArrayView
    _sender: QHostAddress
    _destination: QHostAddress
    _sender_port: int
    _destination_port: int
    _hop_limit: int
    _interface: int

    def __init__(
        self,
        data: BytesLike | QNetworkDatagram | None = None,
        /,
        destinationAddress: QHostAddress | QHostAddress.SpecialAddress | None = None,
        port: int = 0,
    ) -> None:
        if isinstance(data, QNetworkDatagram):
            if destinationAddress is not None:
                raise TypeError("a copy of a QNetworkDatagram takes no destination")
            self._take(data)
            return
        self._data = _EMPTY if data is None else to_view(data)
        self._sender = self._destination = _NULL
        self._sender_port = self._destination_port = -1
        self._hop_limit = -1
        self._interface = 0
        if destinationAddress is not None:
            self.setDestination(destinationAddress, port)

    @classmethod
    def _received(
        cls,
        data: bytes,
        sender: QHostAddress,
        sender_port: int,
        destination: QHostAddress | None = None,
        destination_port: int = -1,
        hop_limit: int = -1,
        interface: int = 0,
    ) -> QNetworkDatagram:
        """What a socket received: keeps the addresses without copies, so the socket must not change them."""
        datagram = cls.__new__(cls)
        datagram._data = QByteArrayView(data)
        datagram._sender = sender
        datagram._sender_port = sender_port
        datagram._destination = _NULL if destination is None else destination
        datagram._destination_port = destination_port
        datagram._hop_limit = hop_limit
        datagram._interface = interface
        return datagram

    # Addresses and data are never changed in place, only replaced: copies of a datagram share them.

    def _take(self, other: QNetworkDatagram) -> None:
        for name in _FIELDS:
            setattr(self, name, getattr(other, name))

    def clear(self) -> None:
        """Become a null datagram without data."""
        self._take(QNetworkDatagram())

    def swap(self, other: QNetworkDatagram, /) -> None:
        """Exchange the contents of this datagram and *other*."""
        check_same_class(QNetworkDatagram, other)
        mine = QNetworkDatagram(self)
        self._take(other)
        other._take(mine)

    def isNull(self) -> bool:
        """Whether it has neither a sender nor a destination."""
        return self._sender.isNull() and self._destination.isNull()

    def __bool__(self) -> bool:
        return not self.isNull()

    def isValid(self) -> bool:
        """Whether it has a sender or a destination; it may be without data."""
        return not self.isNull()

    def data(self) -> QByteArrayView:
        """The payload."""
        return self._data

    def setData(self, data: BytesLike, /) -> None:
        """Set the payload, bytes-like, 65,507 bytes at most over IPv4; this does not change :meth:`isValid`."""
        self._data = to_view(data)

    def senderAddress(self) -> QHostAddress:
        """The address that it came from, or that it shall be sent from; null if that is left open."""
        return QHostAddress(self._sender)

    def senderPort(self) -> int:
        """The port that it came from; -1 without a sender."""
        return self._sender_port

    def setSender(self, address: QHostAddress | QHostAddress.SpecialAddress, /, port: int = 0) -> None:
        """Set the sender: which of its own addresses the host sends it from (the system ignores the port)."""
        self._sender, self._sender_port = _endpoint(address, port)

    def destinationAddress(self) -> QHostAddress:
        """The address that it was or shall be sent to; null if that is unknown."""
        return QHostAddress(self._destination)

    def destinationPort(self) -> int:
        """The port that it was or shall be sent to; -1 without a destination."""
        return self._destination_port

    def setDestination(self, address: QHostAddress | QHostAddress.SpecialAddress, port: int, /) -> None:
        """Set where it shall be sent to, *port* from 0 to 65535; a null address removes the destination."""
        self._destination, self._destination_port = _endpoint(address, port)

    def hopLimit(self) -> int:
        """The hops it had left (IPv4's TTL), or may make; -1 when unknown or left to the system."""
        return self._hop_limit

    def setHopLimit(self, count: int, /) -> None:
        """Set the hops that it may make, 1 to 255; -1 leaves them to the system."""
        if not isinstance(count, int):
            raise TypeError(f"a hop limit is an int, not {type(count).__name__}")
        self._hop_limit = count

    def interfaceIndex(self) -> int:
        """The index of the interface that it came in by, or shall leave by; 0 when unknown or left open."""
        return self._interface

    def setInterfaceIndex(self, index: int, /) -> None:
        """Set the interface to send by; 0 leaves it to the system. ValueError below 0 and from 2**32."""
        if not isinstance(index, int):
            raise TypeError(f"an interface index is an int, not {type(index).__name__}")
        if not 0 <= index < 2**32:
            raise ValueError(f"an interface index is 0 to 2**32 - 1, not {index}")
        self._interface = index

    def makeReply(self, payload: BytesLike, /) -> QNetworkDatagram:
        """A datagram with *payload* that goes back to the sender, by the same interface.

        It is sent from where this one was sent to, unless that was a multicast group.
        """
        reply = QNetworkDatagram(payload)
        reply._destination, reply._destination_port = self._sender, self._sender_port
        reply._interface = self._interface
        if not self._destination.isMulticast():
            reply._sender, reply._sender_port = self._destination, self._destination_port
        return reply

    def __copy__(self) -> QNetworkDatagram:
        return QNetworkDatagram(self)

    def __repr__(self) -> str:
        if self.isNull():
            return f"QNetworkDatagram({len(self._data)} bytes, null)"
        ends = (
            f"{address.toString() or '?'}:{port if port >= 0 else '?'}"
            for address, port in ((self._sender, self._sender_port), (self._destination, self._destination_port))
        )
        return f"QNetworkDatagram({len(self._data)} bytes, {' -> '.join(ends)})"


_NULL = QHostAddress()


def _endpoint(address: object, port: int) -> tuple[QHostAddress, int]:
    checked_port(port)
    if not isinstance(address, (QHostAddress, QHostAddress.SpecialAddress)):
        raise TypeError(f"expected a QHostAddress or a SpecialAddress, not {type(address).__name__}")
    own = QHostAddress(address)
    return own, -1 if own.isNull() else port
