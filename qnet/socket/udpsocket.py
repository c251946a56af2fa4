"""QUdpSocket: datagrams, bound, connected and multicast.

Unlike a stream it has no buffer: a datagram stays with the system until it is read. `readyRead` is therefore emitted
once, and again only after the program has read: then also for what was already there. A socket that is not read is
not watched, so that it cannot turn the loop.

Through a SOCKS5 proxy the datagrams go by its relay, for as long as the control connection stands
(`qnet.socket.engines.socks5`). Its end is the end of the socket: ProxyConnectionClosedError, -> Unconnected.

Source: https://doc.qt.io/qt-6/qudpsocket.html.
"""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING, Any

from qnet.core._io_epoll import READ
from qnet.core.bytearray import QByteArrayView
from qnet.core.iodevice import QIODevice
from qnet.core.object import QObject
from qnet.kernel._checks import checked_port
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkdatagram import QNetworkDatagram
from qnet.socket._enums import BindFlag, SocketError, SocketState, SocketType
from qnet.socket._errors import SocketFailure, failure, failure_from_os, failure_to_bind
from qnet.socket._proxy_selection import proxy_of_client
from qnet.socket._waiting import Clock, poll
from qnet.socket.abstractsocket import QAbstractSocket
from qnet.socket.engines._handshake import ProxyFailure
from qnet.socket.engines.native import DATAGRAM_MAX, QNativeSocketEngine

if TYPE_CHECKING:
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.kernel.networkinterface import QNetworkInterface
    from qnet.kernel.networkproxy import QNetworkProxy

__all__ = ["QUdpSocket"]

_ACTIVE = (SocketState.BoundState, SocketState.ConnectedState)


class QUdpSocket(QAbstractSocket):
    """A UDP socket: `bind` it to receive, or `connectToHost` to talk to one peer as a device. Qt page: QUdpSocket.

    Through a SOCKS5 proxy `bind`, and a first `writeDatagram` without it, wait up to 5 s for the proxy. Senders are
    the real ones; `localAddress` and `localPort` stay null and 0, because nobody sees them, and there is no multicast.
    The end of the proxy's control connection ends the socket: errorOccurred(ProxyConnectionClosedError), ->
    Unconnected. Other proxies pass no datagrams on: UnsupportedSocketOperationError.
    """

    _q_pushes = False

    _q_announced = False  # readyRead was emitted and nothing was read since
    _q_silent = False  # ... and more is there: the descriptor is not watched
    _q_control: QNativeSocketEngine | None = None  # the connection that an association with a proxy lasts as long as

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        super().__init__(SocketType.UdpSocket, parent, **properties)

    # -- into and out of the reactor

    def _q_new_engine(
        self, address: QHostAddress, kind: type[QNativeSocketEngine] = QNativeSocketEngine
    ) -> QNativeSocketEngine:
        engine = super()._q_new_engine(address, kind)
        self._q_prepare(engine)
        return engine

    def _q_prepare(self, engine: QNativeSocketEngine) -> None:
        engine.allow_broadcast()
        engine.tell_destinations()

    def _q_bound(self) -> None:
        engine = self._q_engine
        assert engine is not None
        self._q_prepare(engine)
        self._q_control = getattr(engine, "control", None)
        self._q_announced = self._q_silent = False
        self._q_arrive()

    def _q_link(self, engine: QNativeSocketEngine) -> None:
        self._q_unwatch()
        self._q_control = getattr(engine, "control", None)
        self._q_announced = self._q_silent = False
        super()._q_link(engine)

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        silent = self._q_silent
        super()._q_watch(dispatcher)
        if silent and self._q_engine is not None and self._q_engine.fd >= 0:
            dispatcher.watch(self._q_engine.fd, READ, None)
        if self._q_control is not None and self._q_dispatcher is not None:
            dispatcher.watch(self._q_control.fd, READ, self._q_on_control)

    def _q_unwatch(self) -> None:
        if self._q_control is not None and self._q_dispatcher is not None:
            self._q_dispatcher.forget(self._q_control.fd)
        super()._q_unwatch()

    def _q_unlink(self) -> None:
        super()._q_unlink()
        self._q_control = None

    def _q_on_control(self) -> None:
        """The control connection of an association is readable: the proxy hangs up, or says what nobody asked for."""
        engine: Any = self._q_engine
        if self._q_control is not None and not engine.is_alive():
            self._q_report(failure(SocketError.ProxyConnectionClosedError, "while it passed datagrams on"))
            if self._q_engine is engine:
                self._q_end(SocketState.ClosingState)

    def _q_on_readable(self) -> None:
        if self._q_control is not None and not QUdpSocket.hasPendingDatagrams(self):
            return  # not from the relay, or not for us
        if self._q_announced:
            self._q_silent = True
            if self._q_dispatcher is not None and self._q_engine is not None:
                self._q_dispatcher.watch(self._q_engine.fd, READ, None)
            return
        self._q_announced = True
        if not self._q_in_ready_read:
            self._q_in_ready_read = True
            try:
                self._q_ready_read.emit()
                if "channelReadyRead" in self.__dict__:
                    QIODevice.channelReadyRead.emit_from(self, 0)
            finally:
                self._q_in_ready_read = False

    def _q_was_read(self) -> None:
        self._q_announced = False
        if self._q_silent:
            self._q_silent = False
            if self._q_dispatcher is not None and self._q_engine is not None:
                self._q_dispatcher.watch(self._q_engine.fd, READ, self._q_on_readable)

    # -- binding

    def _q_bind_through_proxy(self, host: QHostAddress, port: int, mode: BindFlag) -> bool | None:
        try:
            proxy = proxy_of_client(self._q_proxy, self._q_type, "", port, self._q_tag)
        except ProxyFailure as refusal:
            self._q_note(SocketFailure(refusal.code, refusal.text))
            return False
        return None if proxy is None else self._q_associate(proxy, host, port, mode)

    def _q_associate(self, proxy: QNetworkProxy, host: QHostAddress, port: int, mode: BindFlag) -> bool:
        """Bind, and have the datagrams go through *proxy*: blocks until it has answered."""
        from qnet.kernel.networkproxy import QNetworkProxy
        from qnet.socket._proxying import SETUP_LIMIT, associating
        from qnet.socket.engines.socks5 import Socks5DatagramEngine

        engine = Socks5DatagramEngine()
        try:
            self._q_preparation.make_bound(engine, host, port, mode)
        except OSError as error:
            self._q_report(failure_to_bind(error, f"binding {host.toString()}:{port}"))
            return False
        failures: list[SocketFailure] = []
        ask = partial(self._q_ask_for_login, QNetworkProxy(proxy))
        negotiation = associating(self._q, proxy, engine, ask, lambda made: None, failures.append)
        negotiation.begin()
        if not negotiation.wait(Clock(SETUP_LIMIT)):
            failures.append(failure(SocketError.SocketTimeoutError, f"binding {host.toString()}:{port} at the proxy"))
        negotiation.end()
        if engine.control is None or self._q_state is not SocketState.UnconnectedState:
            engine.close()  # or a slot that was asked for credentials did something else with the socket
            if failures:
                self._q_report(failures[0])
            return False
        self._q_take_bound(engine)
        return True

    def _q_ensure_engine(self, target: QHostAddress) -> QNativeSocketEngine | None:
        """The engine; an unconnected socket is bound by its first datagram, which is for *target*."""
        if self._q_engine is not None:
            return self._q_engine
        anywhere = QHostAddress(QHostAddress.SpecialAddress.Any)
        try:
            proxy = proxy_of_client(self._q_proxy, self._q_type, target.toString(), 0, self._q_tag)
            if proxy is not None:
                self._q_associate(proxy, anywhere, 0, BindFlag.DefaultForPlatform)
                return self._q_engine
            engine = QNativeSocketEngine()
            self._q_preparation.make_bound(engine, anywhere, 0, BindFlag.DefaultForPlatform)
        except ProxyFailure as refusal:
            self._q_note(SocketFailure(refusal.code, refusal.text))
            return None
        except OSError as error:
            self._q_report(failure_from_os(error, "binding a socket to send from"))
            return None
        self._q_take_bound(engine)
        return engine

    # -- receiving

    def hasPendingDatagrams(self) -> bool:
        """Whether a datagram waits to be read."""
        return self._q_engine is not None and self._q_engine.pendingDatagramSize() >= 0

    def pendingDatagramSize(self) -> int:
        """The size of the next datagram in bytes, -1 if there is none."""
        return self._q_engine.pendingDatagramSize() if self._q_engine is not None else -1

    def bytesAvailable(self) -> int:
        """The size of the next datagram, 0 if there is none."""
        return max(0, QUdpSocket.pendingDatagramSize(self))

    def receiveDatagram(self, maxSize: int = -1) -> QNetworkDatagram:
        """The next datagram with sender, destination, interface and hop limit; an invalid one if there is none.

        What is longer than *maxSize* bytes (-1: no limit) is cut, and the rest is lost.
        """
        size = DATAGRAM_MAX if maxSize < 0 else min(maxSize, DATAGRAM_MAX)
        engine = self._q_engine
        if engine is None:
            return QNetworkDatagram()
        try:
            datagram = engine.readDatagram(size)
        except OSError as error:
            self._q_read_failed(error)
            datagram = QNetworkDatagram()
        self._q_was_read()
        return datagram

    def readDatagram(self, maxlen: int) -> tuple[QByteArrayView, QHostAddress, int]:
        """The next datagram as (data, sender, sender's port); (b"", null, 0) if there is none.

        What is longer than *maxlen* bytes is cut, and the rest is lost. Raises ValueError for a negative size.
        """
        if maxlen < 0:
            raise ValueError(f"the size of a datagram is 0 or more bytes, not {maxlen}")
        engine = self._q_engine
        if engine is None:
            return QByteArrayView(), QHostAddress(), 0
        try:
            data, sockaddr = engine.recvfrom(min(maxlen, DATAGRAM_MAX))
        except OSError as error:
            self._q_read_failed(error)
            self._q_was_read()
            return QByteArrayView(), QHostAddress(), 0
        self._q_was_read()
        return (QByteArrayView(data), *engine.sender_of(sockaddr))

    def _q_read_failed(self, error: OSError) -> None:
        """No datagram, or the answer of a host that nobody listens on what was sent: no end of anything."""
        if not isinstance(error, BlockingIOError):
            self._q_note(failure_from_os(error, "receiving a datagram"))

    def readData(self, maxlen: int) -> bytes:
        """For the device interface of a connected socket: the next datagram, cut to *maxlen*."""
        return bytes(QUdpSocket.readDatagram(self, maxlen)[0])

    def _q_take_all(self) -> bytes:
        parts = [self._q_buffer.take_all()]
        while QUdpSocket.hasPendingDatagrams(self):
            parts.append(self.readData(DATAGRAM_MAX))
        return b"".join(parts)

    # -- sending

    def writeDatagram(self, *args: Any) -> int:
        """Send one datagram: ``writeDatagram(data, address, port)`` or ``writeDatagram(datagram)``.

        It leaves within the call (bytesWritten is emitted), from a port that the system chooses if the socket is not
        bound. Returns the number of bytes, or -1 with errorOccurred. A datagram without destination is possible
        on a connected socket only.
        """
        if len(args) == 1 and isinstance(args[0], QNetworkDatagram):
            datagram = args[0]
            return self._q_send(datagram.data(), datagram.destinationAddress(), datagram.destinationPort(), datagram)
        if len(args) != 3:
            raise TypeError("writeDatagram() wants (data, address, port) or a QNetworkDatagram")
        data, host, port = args
        if isinstance(host, QHostAddress.SpecialAddress):
            host = QHostAddress(host)
        if not isinstance(host, QHostAddress):
            raise TypeError(f"the address of a datagram is a QHostAddress, not {type(host).__name__}")
        if isinstance(data, str):
            raise TypeError("the data of a datagram are bytes, not str: encode it first")
        return self._q_send(data, host, checked_port(port), None)

    def _q_send(self, data: Any, host: QHostAddress, port: int, full: QNetworkDatagram | None) -> int:
        connected = self._q_state is SocketState.ConnectedState
        if host.isNull() and not connected:
            self._q_report(failure(SocketError.UnsupportedSocketOperationError, "sending a datagram without address"))
            return -1
        engine = self._q_ensure_engine(host)
        if engine is None:
            return -1
        try:
            if connected and self._q_control is not None:
                relay: Any = engine
                peer, port = self._q_peer_pair()
                sent = int(relay.sendto(data, self._q_peer_name if peer.isNull() else peer, port))
            elif connected:
                sent = engine.send(data)
            elif full is not None:
                sent = engine.writeDatagram(full)
            else:
                sent = engine.sendto(data, host, port)
        except OSError as error:
            target = self._q_phase if host.isNull() else f"{host.toString()}:{port}"
            self._q_report(_send_failure(error, f"sending to {target}"))
            return -1
        self._q_bytes_written.emit(sent)
        return sent

    def writeData(self, data: bytes, len: int) -> int:
        """For the device interface of a connected socket: send *data* as one datagram."""
        sent = self._q_send(data, QHostAddress(), 0, None) if self._q_state is SocketState.ConnectedState else -1
        if sent >= 0 and "channelBytesWritten" in self.__dict__:
            QIODevice.channelBytesWritten.emit_from(self, 0, sent)
        return sent

    # -- multicast

    def joinMulticastGroup(self, groupAddress: QHostAddress, iface: QNetworkInterface | None = None) -> bool:
        """Receive what is sent to *groupAddress*, on one interface or on the one that the system chooses.

        The socket must be bound, for an IPv4 group to an IPv4 address (AnyIPv4, say). Returns whether it joined.
        """
        return self._q_membership(groupAddress, iface, join=True)

    def leaveMulticastGroup(self, groupAddress: QHostAddress, iface: QNetworkInterface | None = None) -> bool:
        """Undo `joinMulticastGroup` with the same arguments. Returns whether the socket was a member."""
        return self._q_membership(groupAddress, iface, join=False)

    def joinMulticastGroupOnAllInterfaces(self, groupAddress: QHostAddress) -> list[QNetworkInterface]:
        """Join on every interface that is up and takes multicasts (not in Qt); returns those that were joined."""
        from qnet.kernel.networkinterface import QNetworkInterface

        flags = QNetworkInterface.InterfaceFlag
        wanted = flags.IsUp | flags.CanMulticast
        return [
            interface
            for interface in QNetworkInterface.allInterfaces()
            if interface.flags() & wanted == wanted and self._q_membership(groupAddress, interface, join=True)
        ]

    def _q_membership(self, group: QHostAddress, iface: QNetworkInterface | None, join: bool) -> bool:
        engine = self._q_engine
        if not isinstance(group, QHostAddress):
            raise TypeError(f"a group is a QHostAddress, not {type(group).__name__}")
        if engine is None or self._q_state not in _ACTIVE:
            return False
        phase = f"{'joining' if join else 'leaving'} {group.toString()}"
        fits = group.isMulticast() and (group.protocol() is NetworkLayerProtocol.IPv4Protocol) == (
            engine.protocol() is NetworkLayerProtocol.IPv4Protocol
        )
        if not fits:
            self._q_note(failure(SocketError.UnsupportedSocketOperationError, phase))
            return False
        try:
            change = engine.joinMulticastGroup if join else engine.leaveMulticastGroup
            change(group, iface.index() if iface is not None else 0)
        except OSError as error:
            self._q_note(failure_from_os(error, phase))
            return False
        return True

    def multicastInterface(self) -> QNetworkInterface:
        """The interface that multicasts leave by; an invalid one if the system chooses."""
        from qnet.kernel.networkinterface import QNetworkInterface

        engine = self._q_engine
        index = engine.multicast_interface() if engine is not None else 0
        return QNetworkInterface.interfaceFromIndex(index) if index else QNetworkInterface()

    def setMulticastInterface(self, iface: QNetworkInterface) -> None:
        """Let multicasts leave by *iface*; the socket must be bound."""
        engine = self._q_engine
        if engine is None or self._q_state not in _ACTIVE:
            return
        try:
            engine.set_multicast_interface(iface.index(), _ipv4_address(iface))
        except OSError as error:
            self._q_note(failure_from_os(error, f"choosing interface {iface.name()} for multicasts"))

    # -- blocking

    def waitForReadyRead(self, msecs: int = 30000) -> bool:
        """Block until a datagram can be read, at most *msecs* milliseconds (-1: no limit).

        Returns False on a time-out, with errorOccurred(SocketTimeout). readyRead is emitted unless it was already.
        """
        clock = Clock(msecs)
        while (engine := self._q_engine) is not None:
            control = self._q_control
            masks = {engine.fd: READ} if control is None else {engine.fd: READ, control.fd: READ}
            ready = poll(masks, clock.left())
            if not ready:
                self._q_wait_timed_out()
                return False
            if control is None or QUdpSocket.hasPendingDatagrams(self):
                if not self._q_announced:
                    self._q_on_readable()
                return True
            if any(fd == control.fd for fd, _ in ready):
                self._q_on_control()
        return False

    def waitForBytesWritten(self, msecs: int = 30000) -> bool:
        """False: datagrams leave within `writeDatagram`."""
        return False

    def waitForDisconnected(self, msecs: int = 30000) -> bool:
        """False: nobody ends a datagram socket but the program."""
        return False

    def flush(self) -> bool:
        """False: there is no buffer."""
        return False


def _ipv4_address(iface: QNetworkInterface) -> QHostAddress:
    """An address of *iface* for multicasts to come from; null if it has none."""
    for entry in iface.addressEntries():
        if entry.ip().protocol() is NetworkLayerProtocol.IPv4Protocol:
            return entry.ip()
    return QHostAddress()


def _send_failure(error: OSError, phase: str) -> SocketFailure:
    if error.errno in (errno.EMSGSIZE, errno.EAGAIN):
        return failure_from_os(error, phase)
    name = errno.errorcode.get(error.errno or 0, "")
    return SocketFailure(SocketError.NetworkError, f"Unable to send a message: {phase} ({name})", error)
