"""QAbstractSocket: what TCP and UDP sockets share, and the TCP state machine.

States and events (an arrow names the new state; signals in their order behind it)
---------------------------------------------------------------------------------

============  ===================  =======================================================================
state         event                what follows
============  ===================  =======================================================================
Unconnected   connectToHost        -> HostLookup; stateChanged; through a proxy: see `qnet.socket._proxying`
Bound         connectToHost        -> HostLookup, on the bound descriptor
HostLookup    addresses found      -> Connecting; stateChanged, hostFound; see `qnet.socket._connecting`
HostLookup    nothing found        -> Unconnected; stateChanged, errorOccurred(HostNotFound)
Connecting    an attempt connects  -> Connected; stateChanged, connected
Connecting    no attempt is left   -> Unconnected; stateChanged, errorOccurred
Connecting    disconnectFromHost   nothing yet: connects, flushes, closes
Connected     bytes arrive         readyRead
Connected     peer closes, resets  errorOccurred(RemoteHostClosed), -> Closing, -> Unconnected; stateChanged twice,
                                   readChannelFinished, disconnected
Connected     disconnectFromHost   -> Closing; stateChanged; if everything is out: as below
Closing       everything is out    -> Unconnected; stateChanged, readChannelFinished, disconnected
any           abort                -> Unconnected; stateChanged, readChannelFinished, disconnected if it was connected
============  ===================  =======================================================================

Addresses and ports of both ends are cleared when the socket has become Unconnected; `peerName` and what was
received stay.

Source: https://doc.qt.io/qt-6/qabstractsocket.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from qnet.core._enums import flat_enums
from qnet.core._post import post_to_data
from qnet.core.iodevice import QIODevice
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel._checks import checked_descriptor, checked_port
from qnet.kernel._protocol import NetworkLayerProtocol as _Protocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket import _enums
from qnet.socket._blocking import wait_for_data, wait_until_ended, wait_until_written
from qnet.socket._connecting import Connecting
from qnet.socket._enums import BindFlag, SocketError, SocketOption, SocketState, SocketType
from qnet.socket._errors import SocketFailure, failure, failure_from_os, failure_to_bind, shown_peer
from qnet.socket._filter import StreamFilter
from qnet.socket._preparation import Preparation, Source, apply_option
from qnet.socket._proxy_selection import checked_proxy, proxy_of_client, shown_proxy
from qnet.socket._stream import StreamDevice
from qnet.socket._waiting import Clock
from qnet.socket.engines._handshake import ProxyFailure
from qnet.socket.engines.native import QNativeSocketEngine

if TYPE_CHECKING:
    from qnet.core._thread_data import ThreadData
    from qnet.kernel.authenticator import QAuthenticator
    from qnet.kernel.networkproxy import QNetworkProxy
    from qnet.socket._proxying import ProxiedConnecting

__all__ = ["QAbstractSocket"]

Way: TypeAlias = "Connecting | ProxiedConnecting"

_UNCONNECTED = SocketState.UnconnectedState
_HOST_LOOKUP = SocketState.HostLookupState
_CONNECTING = SocketState.ConnectingState
_CONNECTED = SocketState.ConnectedState
_BOUND = SocketState.BoundState
_CLOSING = SocketState.ClosingState

_BUSY = "Trying to connect while connection is in progress"


@flat_enums
class QAbstractSocket(StreamDevice):
    """The base of QTcpSocket and QUdpSocket; by itself a socket over any descriptor. Qt page: QAbstractSocket."""

    SocketType: TypeAlias = _enums.SocketType
    NetworkLayerProtocol: TypeAlias = _Protocol
    SocketError: TypeAlias = _enums.SocketError
    SocketState: TypeAlias = _enums.SocketState
    SocketOption: TypeAlias = _enums.SocketOption
    BindFlag: TypeAlias = _enums.BindFlag
    BindMode: TypeAlias = _enums.BindFlag
    PauseMode: TypeAlias = _enums.PauseMode
    PauseModes: TypeAlias = _enums.PauseMode

    hostFound = Signal()
    """The host's name was resolved; the connection attempts begin."""
    connected = Signal()
    """The connection stands."""
    disconnected = Signal()
    """The connection is over, whoever ended it; what was received can still be read."""
    stateChanged = Signal(_enums.SocketState)
    """`state` has a new value."""
    errorOccurred = Signal(_enums.SocketError)
    """Something failed: `error` and `errorString` say what."""
    proxyAuthenticationRequired = Signal(object, object)
    """A proxy, the first argument, wants credentials: fill the QAuthenticator, the second, within the slot.

    It is emitted again while the proxy refuses them. Left as it is, or with what was refused already, it ends the
    attempt with ProxyAuthenticationRequiredError.
    """

    def __init__(self, socketType: SocketType, parent: QObject | None = None, **properties: Any) -> None:
        if not isinstance(socketType, SocketType):
            raise TypeError(f"a QAbstractSocket.SocketType is expected, not {type(socketType).__name__}")
        self._q_type = socketType
        self._q_state = _UNCONNECTED
        self._q_error = SocketError.UnknownSocketError
        self._q_failure: SocketFailure | None = None
        self._q_peer_name = ""
        self._q_peer: tuple[QHostAddress, int] | None = None
        self._q_local: tuple[QHostAddress, int] | None = None
        self._q_way: Way | None = None  # while a connection is on its way
        self._q_close_when_connected = False
        self._q_pause_mode = _enums.PauseMode.PauseNever
        self._q_proxy: QNetworkProxy | None = None
        self._q_tag = ""
        self._q_preparation = Preparation(socketType)
        super().__init__(parent, **properties)

    # -- state

    def state(self) -> SocketState:
        """Where the socket is in its life; see the table in this module."""
        return self._q_state

    def socketType(self) -> SocketType:
        """TCP or UDP."""
        return self._q_type

    def error(self) -> SocketError:
        """What went wrong last."""
        return self._q_error

    def isValid(self) -> bool:
        """Whether the device is open or the socket has a descriptor: not yet that it is connected, see `state`."""
        return self._q_mode != 0 or self._q_engine is not None or self._q_has_attempts()

    def setSocketState(self, state: SocketState) -> None:
        """For subclasses: set what `state` says; emits nothing."""
        self._q_state = SocketState(state)

    def setSocketError(self, socketError: SocketError) -> None:
        """For subclasses: set what `error` says; emits nothing."""
        self._q_error = SocketError(socketError)

    def _q_set_state(self, state: SocketState) -> None:
        if self._q_state is not state:
            self._q_state = state
            QAbstractSocket.stateChanged.emit_from(self, state)

    def _q_note(self, reason: SocketFailure) -> None:
        self._q_error = reason.code
        self._q_failure = reason
        self._q_error_text = reason.text

    def _q_report(self, reason: SocketFailure) -> None:
        self._q_note(reason)
        QAbstractSocket.errorOccurred.emit_from(self, reason.code)

    def __repr__(self) -> str:
        peer = f" {self._q_phase}" if self._q_phase and self._q_state is not _UNCONNECTED else ""
        return f"<{type(self).__name__} {self._q_state.name.removesuffix('State')}{peer}>"

    # -- names

    def peerName(self) -> str:
        """The name that `connectToHost` was given, or the address as text."""
        return self._q_peer_name

    def peerAddress(self) -> QHostAddress:
        """The other end's address while connected, else null."""
        return self._q_peer_pair()[0]

    def peerPort(self) -> int:
        """The other end's port while connected, else 0."""
        return self._q_peer_pair()[1]

    def localAddress(self) -> QHostAddress:
        """This end's address while bound or connected, else null."""
        return self._q_local_pair()[0]

    def localPort(self) -> int:
        """This end's port while bound or connected, else 0."""
        return self._q_local_pair()[1]

    def _q_peer_pair(self) -> tuple[QHostAddress, int]:
        if self._q_peer is None:
            if self._q_engine is None or self._q_state not in (_CONNECTED, _CLOSING):
                return QHostAddress(), 0
            self._q_peer = self._q_engine.peer()
        return self._q_peer

    def _q_local_pair(self) -> tuple[QHostAddress, int]:
        if self._q_local is None:
            if self._q_engine is None or self._q_state in (_UNCONNECTED, _HOST_LOOKUP, _CONNECTING):
                return QHostAddress(), 0
            self._q_local = self._q_engine.local()
        return self._q_local

    def setPeerName(self, name: str) -> None:
        """For subclasses: set what `peerName` says."""
        self._q_peer_name = name

    def setPeerAddress(self, address: QHostAddress) -> None:
        """For subclasses: set what `peerAddress` says."""
        self._q_peer = (QHostAddress(address), QAbstractSocket.peerPort(self))

    def setPeerPort(self, port: int) -> None:
        """For subclasses: set what `peerPort` says."""
        self._q_peer = (QAbstractSocket.peerAddress(self), checked_port(port))

    def setLocalAddress(self, address: QHostAddress) -> None:
        """For subclasses: set what `localAddress` says."""
        self._q_local = (QHostAddress(address), QAbstractSocket.localPort(self))

    def setLocalPort(self, port: int) -> None:
        """For subclasses: set what `localPort` says."""
        self._q_local = (QAbstractSocket.localAddress(self), checked_port(port))

    # -- connecting

    def connectToHost(
        self,
        hostName: str | QHostAddress | QHostAddress.SpecialAddress,
        port: int,
        mode: QIODevice.OpenModeFlag = QIODevice.OpenModeFlag.ReadWrite,
        protocol: _Protocol = _Protocol.AnyIPProtocol,
    ) -> None:
        """Connect to *port* (0 to 65535) of a host, a name or an address; the result comes as a signal.

        Emits stateChanged(HostLookup), stateChanged(Connecting), hostFound, and then connected or errorOccurred. A
        literal address and a name in the cache of QHostInfo get as far as hostFound within the call. Reports
        OperationError, and leaves the socket as it is, if it is connected or connecting already.

        Through a proxy (`setProxy`, or the application's) a name is the proxy's to look up, if it can: then there is
        no hostFound, and `peerAddress` is null. A proxy that wants credentials makes `proxyAuthenticationRequired`.
        Errors: those of the target as the proxy reports them; ProxyConnectionRefusedError, ProxyNotFoundError,
        ProxyConnectionTimeoutError (30 s without a connection, or for the handshake), ProxyConnectionClosedError,
        ProxyProtocolError, ProxyAuthenticationRequiredError; UnsupportedSocketOperationError, at once and without
        any other signal, if no proxy can do it.
        """
        name, port = _name_of(hostName), checked_port(port)
        mode, protocol = QIODevice.OpenModeFlag(mode), _Protocol(protocol)
        if self._q_state not in (_UNCONNECTED, _BOUND):
            qWarning(f"{type(self).__name__}::connectToHost() called when already looking up or connecting/connected")
            self._q_report(failure(SocketError.OperationError, f"to {self._q_phase}", _BUSY))
            return
        try:
            proxy = proxy_of_client(self._q_proxy, self._q_type, name, port, self._q_tag)
        except ProxyFailure as refusal:
            self._q_peer_name = name
            self._q_report(SocketFailure(refusal.code, refusal.text))
            return
        self._q_reset_for_connect(name, port, mode)
        self._q_set_state(_HOST_LOOKUP)
        if self._q_state is not _HOST_LOOKUP:
            return  # a slot has ended it
        if proxy is None:
            self._q_way = Connecting(self, name, port, protocol)
        else:
            from qnet.socket._proxying import ProxiedConnecting

            self._q_way = ProxiedConnecting(self, proxy, name, port, protocol)
        self._q_way.begin()

    def _q_reset_for_connect(self, name: str, port: int, mode: QIODevice.OpenModeFlag) -> None:
        self._q_reset()
        self._q_write_buffer.clear()
        self._q_peer_name = name
        self._q_peer = None
        self._q_close_when_connected = False
        self._q_phase = shown_peer(name, port)
        if self._q_type is SocketType.UdpSocket:
            mode |= QIODevice.OpenModeFlag.Unbuffered
        QIODevice.setOpenMode(self, mode)
        self._q_error = SocketError.UnknownSocketError
        self._q_error_text = ""

    def _q_ask_for_login(self, proxy: QNetworkProxy, authenticator: QAuthenticator) -> None:
        """Ask the program for credentials for *proxy*, which takes them along."""
        QAbstractSocket.proxyAuthenticationRequired.emit_from(self, type(proxy)(proxy), authenticator)
        if not authenticator.isNull():
            proxy.setUser(authenticator.user())
            proxy.setPassword(authenticator.password())

    def _q_has_attempts(self) -> bool:
        return self._q_way is not None and self._q_state is _CONNECTING

    def _q_host_found(self, way: Way, announce: bool = True) -> bool:
        """The host's addresses are known, or not needed here (no *announce*); whether to go on."""
        self._q_set_state(_CONNECTING)
        if announce and self._q_way is way and self._q_state is _CONNECTING:
            QAbstractSocket.hostFound.emit_from(self)
        return self._q_way is way and self._q_state is _CONNECTING

    def _q_leave_way(self) -> None:
        way, self._q_way = self._q_way, None
        if way is not None:
            way.end()

    def _q_new_engine(
        self, address: QHostAddress, kind: type[QNativeSocketEngine] = QNativeSocketEngine
    ) -> QNativeSocketEngine:
        engine = kind()
        self._q_preparation.make_to_connect(engine, address)
        return engine

    def _q_connection_made(self, engine: QNativeSocketEngine, address: QHostAddress, port: int) -> None:
        self._q_leave_way()
        self._q_link(engine)
        anywhere = address.toString() in ("0.0.0.0", "::")  # means this machine: ask where it led to
        self._q_peer = engine.peer() if anywhere else (address, port)
        self._q_local = None
        if self._q_filter is not None:
            self._q_filter.start()
        self._q_set_state(_CONNECTED)
        if self._q_state is _CONNECTED:
            QAbstractSocket.connected.emit_from(self)
        if self._q_state is _CONNECTED and self._q_close_when_connected:
            self.disconnectFromHost()

    def _q_connect_failed(self, reason: SocketFailure) -> None:
        self._q_leave_way()
        self._q_note(reason)
        engine, self._q_engine = self._q_engine, None
        if engine is not None:
            engine.close()
        self._q_write_buffer.clear()
        self._q_local = self._q_peer = None
        self._q_set_state(_UNCONNECTED)
        if self._q_state is _UNCONNECTED:
            self._q_report(reason)

    # -- ending

    def disconnectFromHost(self) -> None:
        """Close after everything that was written is out; the peer reads it to the end.

        Emits stateChanged(Closing), and when it is done stateChanged(Unconnected), readChannelFinished and
        disconnected.
        """
        state = self._q_state
        if state in (_HOST_LOOKUP, _CONNECTING):
            self._q_close_when_connected = True
        elif state is _CONNECTED:
            self._q_set_state(_CLOSING)
            if self._q_state is _CLOSING:
                self._q_close_down()
        elif state is _BOUND:
            self._q_end(_CLOSING)

    def _q_all_sent(self) -> None:
        engine = self._q_engine
        if engine is not None:
            engine.end_politely()
        self._q_end(_UNCONNECTED)

    def _q_end(self, through: SocketState) -> None:
        """Become Unconnected; *through* Closing if that is to be shown first.

        A slot may end it again: whoever comes first tells the rest, and nothing is told twice.
        """
        self._q_leave_way()
        self._q_unlink()
        if through is _CLOSING:
            self._q_set_state(_CLOSING)
            if self._q_state is not _CLOSING or self._q_engine is not None:
                return
        stood = self._q_standing or through is _CLOSING
        self._q_standing = False
        self._q_set_state(_UNCONNECTED)
        if self._q_state is not _UNCONNECTED:
            return
        QIODevice.readChannelFinished.emit_from(self)
        if stood:
            QAbstractSocket.disconnected.emit_from(self)
        if self._q_state is _UNCONNECTED:
            self._q_local = self._q_peer = None

    def _q_lost(self, reason: SocketFailure) -> None:
        engine = self._q_engine
        # Keep the ends for slots of the signals below.
        self._q_peer_pair()
        self._q_local_pair()
        self._q_unwatch()
        if not self._q_is_no_news(reason, self._q_state is _CLOSING):
            self._q_losing = True
            self._q_report(reason)
            if self._q_engine is not engine or engine is None:
                return  # a slot has ended it, or waited until it ended
        self._q_end(_CLOSING)

    def abort(self) -> None:
        """Close at once; what was written and is not out is lost. The peer may see a reset."""
        if self._q_state is _UNCONNECTED and not QIODevice.isOpen(self):
            return
        super().close()
        self._q_read_buffer.clear()
        if self._q_state is not _UNCONNECTED:
            self._q_end(_UNCONNECTED)
        elif self._q_engine is not None:  # adopted as an unconnected one
            self._q_unlink()

    def close(self) -> None:
        """Close the device (emits aboutToClose; what was received is gone), then `disconnectFromHost`."""
        super().close()
        self._q_read_buffer.clear()
        if self._q_state is not _UNCONNECTED:
            self.disconnectFromHost()

    def _q_finalize(self) -> None:
        try:
            super()._q_finalize()
        finally:
            if self._q_state is not _UNCONNECTED or self._q_engine is not None:
                QAbstractSocket.abort(self)

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        way = self._q_way
        if way is not None:
            way.leave(source)
        super()._q_change_thread(source, target)
        if way is not None:
            post_to_data(self._q, way.arrive)

    # -- descriptors, binding, options

    def bind(
        self,
        address: QHostAddress | QHostAddress.SpecialAddress | str | int = 0,
        port: int = 0,
        mode: BindFlag = BindFlag.DefaultForPlatform,
    ) -> bool:
        """Take a local address: ``bind(address, port, mode)`` or ``bind(port, mode)`` for any address.

        Port 0 lets the system choose. Returns False, with errorOccurred, if it is not to be had; then -> Unconnected,
        else -> Bound. A stream socket that is to connect through a proxy binds here, to reach the proxy from; for a
        datagram socket see `QUdpSocket`.
        """
        if isinstance(address, int) and not isinstance(address, QHostAddress.SpecialAddress):
            if isinstance(port, BindFlag):
                mode = port
            address, port = QHostAddress.SpecialAddress.Any, address
        host = address if isinstance(address, QHostAddress) else QHostAddress(address)
        port = checked_port(port)
        if self._q_state is not _UNCONNECTED:
            qWarning(f"{type(self).__name__}::bind() was called in {self._q_state}; it needs UnconnectedState")
            self._q_report(failure(SocketError.OperationError, f"binding in {self._q_state}"))
            return False
        where = f"binding {host.toString()}:{port}"
        if host.isNull():
            self._q_report(failure(SocketError.UnsupportedSocketOperationError, "binding a null address"))
            return False
        through_proxy = self._q_bind_through_proxy(host, port, BindFlag(mode))
        if through_proxy is not None:
            return through_proxy
        engine = QNativeSocketEngine()
        try:
            self._q_preparation.make_bound(engine, host, port, BindFlag(mode))
        except OSError as error:
            self._q_report(failure_to_bind(error, where))
            return False
        self._q_take_bound(engine)
        return True

    def _q_bind_through_proxy(self, host: QHostAddress, port: int, mode: BindFlag) -> bool | None:
        """Whether binding with the help of a proxy succeeded; None if there is nothing that a proxy could do."""
        return None

    def _q_take_bound(self, engine: QNativeSocketEngine) -> None:
        self._q_engine = engine
        self._q_local = None
        self._q_bound()
        self._q_set_state(_BOUND)

    def _q_set_source(self, source: Source | None) -> None:
        """Have *source* prepare every new descriptor, for bearer management: see `qnet.socket._preparation`."""
        self._q_preparation.source = source

    def _q_bound(self) -> None:
        """The descriptor is bound: datagram sockets begin to receive."""

    def socketDescriptor(self) -> int:
        """The descriptor, -1 if there is none. It stays the socket's."""
        return self._q_engine.fd if self._q_engine is not None else -1

    def setSocketDescriptor(
        self,
        socketDescriptor: int,
        state: SocketState = SocketState.ConnectedState,
        openMode: QIODevice.OpenModeFlag = QIODevice.OpenModeFlag.ReadWrite,
    ) -> bool:
        """Take over an open *socketDescriptor*, which is in *state*. Returns False if it is none.

        The socket belongs to the running thread's loop from then on and closes the descriptor in the end. A
        connection that the socket had is aborted; if the descriptor is none, it stays.
        """
        socketDescriptor = checked_descriptor(socketDescriptor)
        phase = f"adopting descriptor {socketDescriptor}"
        if self._q_engine is not None and self._q_engine.fd == socketDescriptor:
            self._q_note(failure(SocketError.UnsupportedSocketOperationError, phase, "The socket has it already"))
            return False
        try:
            engine = QNativeSocketEngine.adopted(socketDescriptor)
        except OSError as error:
            self._q_note(failure_from_os(error, phase))
            return False
        if self._q_state is not _UNCONNECTED:
            QAbstractSocket.abort(self)
        self._q_adopt(engine, SocketState(state), openMode)
        return True

    def _q_adopt(self, engine: QNativeSocketEngine, state: SocketState, mode: QIODevice.OpenModeFlag) -> None:
        self._q_reset()
        self._q_write_buffer.clear()
        self._q_local = self._q_peer = None
        QIODevice.setOpenMode(self, mode)
        if state is _CONNECTED:
            self._q_phase = "the peer"
            self._q_link(engine)
            if self._q_filter is not None:
                self._q_filter.start()
        else:
            self._q_engine = engine
            if state is _BOUND:
                self._q_bound()
        self._q_set_state(state)

    def socketOption(self, option: SocketOption) -> int | None:
        """The value of an option; None if the socket has no descriptor or the option does not apply."""
        option = SocketOption(option)
        if self._q_engine is None:
            return None
        try:
            return self._q_engine.option(option)
        except OSError:
            return -1

    def setSocketOption(self, option: SocketOption, value: int) -> None:
        """Set an option; one that is set before the connection stands is kept for it."""
        option = SocketOption(option)
        if not isinstance(value, int):
            raise TypeError(f"a socket option is an int, not {type(value).__name__}")
        if self._q_engine is None:
            self._q_preparation.options[option] = int(value)
            for engine in self._q_way.engines() if self._q_way is not None else ():
                apply_option(engine, option, int(value))
            return
        try:
            self._q_engine.setOption(option, int(value))
        except OSError as error:
            self._q_note(failure_from_os(error, f"setting {option}"))

    def pauseMode(self) -> _enums.PauseMode:
        """What makes the socket pause."""
        return self._q_pause_mode

    def setPauseMode(self, pauseMode: _enums.PauseMode) -> None:
        """Choose what makes the socket pause until `resume`: used by TLS sockets."""
        self._q_pause_mode = _enums.PauseMode(pauseMode)

    def resume(self) -> None:
        """Go on after a pause."""
        if self._q_paused:
            self._q_after_read()

    def proxy(self) -> QNetworkProxy:
        """The proxy that was set for this socket; DefaultProxy until one is."""
        return shown_proxy(self._q_proxy)

    def setProxy(self, networkProxy: QNetworkProxy | QNetworkProxy.ProxyType) -> None:
        """Connect through a proxy from the next `connectToHost` on."""
        self._q_proxy = checked_proxy(networkProxy)

    def protocolTag(self) -> str:
        """The protocol's name for proxy look-ups, "" until it is set."""
        return self._q_tag

    def setProtocolTag(self, tag: str) -> None:
        """Name the protocol for proxy look-ups: "http", say."""
        self._q_tag = tag

    def _q_set_filter(self, layer: StreamFilter | None) -> None:
        """Put *layer* between buffers and engine: before the connection stands, or at a quiet moment of it."""
        self._q_filter = layer
        self._q_update()
        if layer is not None and self._q_linked:
            layer.start()
            self._q_flush()

    # -- writing where there is no connection

    def _q_write_unlinked(self, data: Any) -> int:
        if self._q_state in (_HOST_LOOKUP, _CONNECTING):
            return self._q_write_buffer.append(data)
        self._q_note(failure(SocketError.UnknownSocketError, text="Socket is not connected"))
        return -1

    # -- blocking

    def waitForConnected(self, msecs: int = 30000) -> bool:
        """Block until the socket is connected, at most *msecs* milliseconds (-1: no limit).

        Returns whether it is. On a time-out the attempt ends: SocketTimeoutError, -> Unconnected.
        """
        clock = Clock(msecs)
        if self._q_state is _CONNECTED:
            return True
        if self._q_state not in (_HOST_LOOKUP, _CONNECTING):
            return False
        way = self._q_way
        if way is not None and not way.wait(clock) and self._q_way is way:
            phase = f"connecting to {self._q_phase}"
            announced = False
            if not isinstance(way, Connecting):
                phase += f" through the proxy {way.shown_proxy()}"
                announced = way.looks_up()
            reason = failure(SocketError.SocketTimeoutError, phase, "Socket operation timed out")
            self._q_note(reason)
            self._q_leave_way()
            self._q_set_state(_UNCONNECTED)
            if announced and self._q_state is _UNCONNECTED:
                self._q_report(reason)
        return self._q_is_connected()

    def _q_is_connected(self) -> bool:
        return self._q_state is _CONNECTED

    def _q_wait_for_way(self, clock: Clock) -> bool:
        """Whether no connection is under way any more: that one stands, or that none was."""
        if self._q_state in (_HOST_LOOKUP, _CONNECTING):
            return self.waitForConnected(clock)  # type: ignore[arg-type]  # a Clock is a deadline
        return True

    def waitForReadyRead(self, msecs: int = 30000) -> bool:
        """Block until new data arrived, at most *msecs* milliseconds (-1: no limit); readyRead is emitted too.

        Connects first if that is under way. Returns False on a time-out (errorOccurred(SocketTimeout); the
        connection stays), at the end of the connection, and without one. Works with and without an event loop,
        in any thread.
        """
        clock = Clock(msecs)
        return self._q_wait_for_way(clock) and self._q_linked and wait_for_data(self, clock)

    def waitForBytesWritten(self, msecs: int = 30000) -> bool:
        """Block until some of what was written is out, at most *msecs* milliseconds (-1: no limit).

        Returns False if nothing waits to be sent, on a time-out (errorOccurred(SocketTimeout)), and at the end
        of the connection.
        """
        clock = Clock(msecs)
        if not self._q_write_buffer.size and not self._q_wire:
            return False
        return self._q_wait_for_way(clock) and wait_until_written(self, clock)

    def waitForDisconnected(self, msecs: int = 30000) -> bool:
        """Block until the connection is over, at most *msecs* milliseconds (-1: no limit).

        What arrives meanwhile is buffered. Returns False on a time-out (errorOccurred(SocketTimeout)), and, with a
        warning, without a connection.
        """
        clock = Clock(msecs)
        if self._q_state is _UNCONNECTED:
            qWarning(f"{type(self).__name__}::waitForDisconnected() is not allowed in UnconnectedState")
            return False
        return self._q_wait_for_way(clock) and wait_until_ended(self, clock)

    def _q_wait_timed_out(self) -> None:
        self._q_report(failure(SocketError.SocketTimeoutError, f"waiting for {self._q_phase or 'the peer'}"))


def _name_of(host: str | QHostAddress | QHostAddress.SpecialAddress) -> str:
    if isinstance(host, QHostAddress.SpecialAddress):
        host = QHostAddress(host)
    if isinstance(host, QHostAddress):
        host = host.toString()
    if not isinstance(host, str):
        raise TypeError(f"a host is a str or a QHostAddress, not {type(host).__name__}")
    return host
