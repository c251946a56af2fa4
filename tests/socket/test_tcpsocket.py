"""QTcpSocket: the order of signals and the state at each, from connecting to the last close."""

from __future__ import annotations

import socket
import warnings
from typing import Any

import pytest
from _peers import (
    ABORTED,
    CONNECTED,
    CONNECTING,
    HAS_IPV6,
    LOCAL_CLOSE,
    LOCALHOST,
    REMOTE_CLOSE,
    Background,
    Begins,
    Trace,
    accept,
    deaf_listener,
    dial,
    needs_ipv6,
    ours,
    port_of,
    raw_listener,
    read_all,
    reset,
    short,
)


def state(sock: Any) -> str:
    return short(sock.state())


def stage(sock: Any) -> tuple[str, bool, bool]:
    return (state(sock), sock.isOpen(), sock.isValid())


# --- before anything -------------------------------------------------------------------------------------------------


def test_a_fresh_socket(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    assert stage(sock) == ("Unconnected", False, False)
    assert sock.openMode() == qt.QIODevice.NotOpen
    assert (sock.localPort(), sock.peerPort(), sock.peerName()) == (0, 0, "")
    assert sock.localAddress().isNull()
    assert sock.peerAddress().isNull()
    assert sock.socketDescriptor() == -1
    assert (short(sock.error()), sock.errorString()) == ("UnknownSocket", "Unknown error")
    assert (sock.bytesAvailable(), sock.bytesToWrite(), sock.readBufferSize()) == (0, 0, 0)
    assert sock.isSequential()
    assert sock.atEnd()
    assert sock.socketType() == qt.QAbstractSocket.TcpSocket
    assert sock.pauseMode() == qt.QAbstractSocket.PauseNever
    assert sock.proxy().type() == qt.QNetworkProxy.DefaultProxy
    assert sock.protocolTag() == ""


def test_a_fresh_socket_refuses_data(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    assert sock.write(b"x") == -1
    assert bytes(sock.read(4)) == b""
    assert bytes(sock.readAll()) == b""
    assert not sock.flush()


def test_parent_in_the_constructor(qt: Any, app: Any) -> None:
    parent = qt.QObject()
    sock = ours(qt.QTcpSocket(parent))
    assert sock.parent() is parent
    with pytest.raises(TypeError):
        qt.QTcpSocket("parent")


@pytest.mark.parametrize("kind", ["TcpSocket", "UdpSocket", "UnknownSocketType"])
def test_abstract_socket_of_a_type(qt: Any, app: Any, kind: str) -> None:
    kind = getattr(qt.QAbstractSocket, kind)
    assert qt.QAbstractSocket(kind, None).socketType() == kind


def test_closing_a_fresh_socket_emits_nothing(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.disconnectFromHost()
    sock.abort()
    sock.close()
    assert trace == []


# --- connecting ------------------------------------------------------------------------------------------------------


def test_a_literal_is_connecting_when_the_call_returns(qt: Any, app: Any, port: int) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(LOCALHOST, port)
    assert trace.take() == CONNECTING
    assert stage(sock) == ("Connecting", True, True)
    assert sock.openMode() == qt.QIODevice.ReadWrite
    assert sock.peerName() == LOCALHOST
    assert sock.peerAddress().isNull()
    assert sock.peerPort() == 0
    assert sock.localPort() == 0
    assert qt.wait(lambda: state(sock) == "Connected")
    assert trace.take() == ["state:Connected", "connected@Connected"]


@pytest.mark.parametrize(
    "target", ["localhost", LOCALHOST, "127.1", pytest.param("::ffff:127.0.0.1", marks=needs_ipv6)]
)
def test_connect_in_full(qt: Any, app: Any, listener: socket.socket, target: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(target, port_of(listener))
    assert sock.isOpen()
    assert qt.wait(lambda: "connected@Connected" in trace)
    assert trace == CONNECTED
    peer = accept(listener)
    assert sock.peerName() == target
    assert sock.peerPort() == port_of(listener)
    assert sock.localPort() == peer.getpeername()[1]
    assert sock.peerAddress().isEqual(qt.QHostAddress(LOCALHOST))
    assert sock.localAddress().isEqual(qt.QHostAddress(LOCALHOST))
    assert sock.socketDescriptor() > 2
    assert stage(sock) == ("Connected", True, True)


@needs_ipv6
def test_connect_to_an_ipv6_literal(qt: Any, app: Any) -> None:
    with raw_listener("::1") as listener:
        sock = ours(qt.QTcpSocket())
        trace = Trace(sock)
        sock.connectToHost("::1", port_of(listener))
        assert qt.wait(lambda: "connected@Connected" in trace)
        assert trace == CONNECTED
        assert sock.peerAddress() == qt.QHostAddress("::1")
        assert sock.localAddress() == qt.QHostAddress("::1")


def test_an_address_object_serves_as_target(qt: Any, app: Any, port: int) -> None:
    for target in (qt.QHostAddress(LOCALHOST), qt.QHostAddress.SpecialAddress.LocalHost):
        sock = ours(qt.QTcpSocket())
        sock.connectToHost(target, port)
        assert qt.wait(lambda sock=sock: state(sock) == "Connected")
        assert sock.peerName() == LOCALHOST


def test_the_any_address_leads_to_this_machine(qt: Any, app: Any, port: int) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost("0.0.0.0", port)
    assert qt.wait(lambda: state(sock) == "Connected")
    assert (sock.peerName(), sock.peerAddress().toString()) == ("0.0.0.0", LOCALHOST)


def test_a_name_with_several_addresses_tries_them_in_turn(qt: Any, app: Any) -> None:
    """ "localhost" may list ::1 first; whichever family listens is found."""
    for host in (LOCALHOST, "::1") if HAS_IPV6 else (LOCALHOST,):
        with raw_listener(host) as listener:
            names = {info[4][0] for info in socket.getaddrinfo("localhost", None)}
            if host not in names:
                continue
            sock = ours(qt.QTcpSocket())
            sock.connectToHost("localhost", port_of(listener))
            assert qt.wait(lambda sock=sock: state(sock) == "Connected")
            assert sock.peerAddress() == qt.QHostAddress(host)


def test_setting_a_protocol_keeps_only_its_addresses(qt: Any, app: Any, port: int) -> None:
    a, read_write = qt.QAbstractSocket, qt.QIODevice.ReadWrite
    sock = ours(qt.QTcpSocket())
    sock.connectToHost("localhost", port, read_write, a.IPv4Protocol)
    assert qt.wait(lambda: state(sock) == "Connected")
    for target, protocol in ((LOCALHOST, a.IPv6Protocol), ("::1", a.IPv4Protocol)):
        sock = ours(qt.QTcpSocket())
        trace = Trace(sock)
        sock.connectToHost(target, port, read_write, protocol)
        assert qt.wait(lambda trace=trace: "error:HostNotFound@Unconnected" in trace)
        assert trace == ["state:HostLookup", "state:Unconnected", "error:HostNotFound@Unconnected"]


def test_keyword_arguments_of_connect(qt: Any, app: Any, port: int) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, port, mode=qt.QIODevice.ReadOnly, protocol=qt.QAbstractSocket.AnyIPProtocol)
    assert qt.wait(lambda: state(sock) == "Connected")
    assert sock.openMode() == qt.QIODevice.ReadOnly


@pytest.mark.parametrize(
    ("mode", "writes", "reads"),
    [("ReadOnly", -1, b"hello"), ("WriteOnly", 2, b""), ("ReadWrite", 2, b"hello"), ("NotOpen", -1, b"")],
)
def test_open_modes(qt: Any, connect: Any, mode: str, writes: int, reads: bytes) -> None:
    sock, trace, peer = connect(mode=getattr(qt.QIODevice, mode))
    assert sock.openMode() == getattr(qt.QIODevice, mode)
    assert sock.write(b"ab") == writes
    peer.sendall(b"hello")
    if reads:
        assert qt.wait(lambda: sock.bytesAvailable() == len(reads))
    else:
        qt.spin(20)
    assert bytes(sock.readAll()) == reads
    assert trace == (["readyRead@Connected"] if reads else [])
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace[-5:] == REMOTE_CLOSE


# --- bind and connect ------------------------------------------------------------------------------------------------


def test_bind_then_connect(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    assert sock.bind(qt.QHostAddress("127.0.0.2"))
    assert trace.take() == ["state:Bound"]
    assert stage(sock) == ("Bound", False, True)
    local = sock.localPort()
    assert local > 0
    assert sock.write(b"x") == -1
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert qt.wait(lambda: "connected@Connected" in trace)
    assert trace == CONNECTED
    assert accept(listener).getpeername() == ("127.0.0.2", local)
    assert (sock.localAddress().toString(), sock.localPort()) == ("127.0.0.2", local)


def test_bind_overloads(qt: Any, app: Any) -> None:
    address = qt.QHostAddress
    for arguments in ((), (0,), (address(LOCALHOST),), (address.SpecialAddress.LocalHost, 0)):
        sock = ours(qt.QTcpSocket())
        assert sock.bind(*arguments), arguments
        assert sock.localPort() > 0
    with pytest.raises(TypeError):
        qt.QTcpSocket().bind(2.5j, 0)


def test_bind_refusals(qt: Any, app: Any, port: int) -> None:
    for address, number, error in (
        ("203.0.113.7", 0, "SocketAddressNotAvailable"),
        (LOCALHOST, port, "AddressInUse"),
    ):
        sock = ours(qt.QTcpSocket())
        trace = Trace(sock)
        assert not sock.bind(qt.QHostAddress(address), number)
        assert trace == [f"error:{error}@Unconnected"]
        assert (short(sock.error()), sock.localPort()) == (error, 0)
        assert "address" in sock.errorString()


def test_a_bound_socket_closes(qt: Any, app: Any) -> None:
    for close, expected in (
        ("disconnectFromHost", LOCAL_CLOSE),
        ("close", LOCAL_CLOSE),
        ("abort", ["state:Unconnected", "readChannelFinished@Unconnected"]),
    ):
        sock = ours(qt.QTcpSocket())
        sock.bind(qt.QHostAddress(LOCALHOST))
        trace = Trace(sock)
        getattr(sock, close)()
        assert trace == expected, close
        assert stage(sock) == ("Unconnected", False, False)


def test_bind_while_connected_is_refused(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect()
    local = sock.localPort()
    assert not sock.bind(qt.QHostAddress("127.0.0.2"), 0)
    assert (state(sock), sock.localPort()) == ("Connected", local)
    assert [entry.partition(":")[0] for entry in trace] == ["error"]


# --- the peer ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["close", "half close", "reset"])
def test_the_peer_ends_the_connection(qt: Any, connect: Any, ending: str) -> None:
    sock, trace, peer = connect()
    {"close": peer.close, "half close": lambda: peer.shutdown(socket.SHUT_WR), "reset": lambda: reset(peer)}[ending]()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == REMOTE_CLOSE
    assert stage(sock) == ("Unconnected", True, True)
    assert (short(sock.error()), sock.errorString()) == (
        "RemoteHostClosed",
        Begins("The remote host closed the connection"),
    )


def test_addresses_live_until_disconnected_and_the_name_beyond(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    seen: list[Any] = []

    def note(*_: Any) -> None:
        seen.append((sock.peerPort() > 0, sock.localPort() > 0, sock.peerAddress().isNull()))

    sock.stateChanged.connect(note)
    sock.readChannelFinished.connect(note)
    sock.disconnected.connect(note)
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert seen == [(True, True, False)] * 4
    assert sock.peerPort() == sock.localPort() == 0
    assert sock.peerAddress().isNull()
    assert sock.localAddress().isNull()
    assert sock.peerName() == LOCALHOST
    assert sock.socketDescriptor() == -1


def test_data_that_came_before_the_end_stays_readable(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"left over")
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *REMOTE_CLOSE]
    assert bytes(sock.read(4)) == b"left"
    assert sock.write(b"x") == -1
    assert bytes(sock.readAll()) == b" over"
    assert sock.atEnd()


def test_close_discards_what_is_unread(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"left over")
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    trace.clear()
    sock.close()
    assert trace.take() == ["aboutToClose@Unconnected"]
    assert sock.bytesAvailable() == 0
    assert bytes(sock.readAll()) == b""
    sock.close()
    sock.abort()
    assert trace == []


def test_a_half_close_drops_what_is_unsent(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    sock.write(bytes(20_000_000))
    qt.spin(5)
    peer.shutdown(socket.SHUT_WR)
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert sock.bytesToWrite() == 0
    assert len(read_all(peer)) < 20_000_000


def test_writing_after_the_end(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    trace.clear()
    assert sock.write(b"x") == -1
    assert sock.errorString() == Begins("Socket is not connected")
    assert short(sock.error()) == "UnknownSocket"
    sock.disconnectFromHost()
    assert trace == []


# --- this side ends --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "expected", "is_open"),
    [
        ("disconnectFromHost", LOCAL_CLOSE, True),
        ("close", ["aboutToClose@Connected", *LOCAL_CLOSE], False),
        ("abort", ABORTED, False),
    ],
)
def test_ending_an_idle_connection_is_synchronous(
    qt: Any, connect: Any, call: str, expected: list[str], is_open: bool
) -> None:
    sock, trace, peer = connect()
    getattr(sock, call)()
    assert trace == expected
    assert stage(sock) == ("Unconnected", is_open, is_open)
    assert short(sock.error()) == "UnknownSocket"
    assert sock.peerPort() == 0
    assert sock.peerName() == LOCALHOST
    qt.spin(10)
    assert trace == expected
    assert peer.recv(1) == b""


@pytest.mark.parametrize(("call", "first"), [("disconnectFromHost", []), ("close", ["aboutToClose@Connected"])])
@pytest.mark.parametrize("size", [10, 10_000_000])
def test_closing_flushes_first(qt: Any, connect: Any, call: str, first: list[str], size: int) -> None:
    sock, trace, peer = connect()
    sock.write(b"x" * size)
    getattr(sock, call)()
    assert trace == [*first, "state:Closing"]
    assert state(sock) == "Closing"
    assert sock.isValid()
    assert sock.bytesToWrite() == size
    assert sock.peerPort() > 0
    with Background(read_all, peer) as reader:
        assert qt.wait(lambda: "disconnected@Unconnected" in trace)
        assert len(reader.join()) == size
    assert trace == [*first, *LOCAL_CLOSE]


def test_write_while_closing(qt: Any, connect: Any) -> None:
    """After disconnectFromHost() the device is still open and takes more; after close() it does not."""
    sock, trace, peer = connect()
    sock.write(b"first ")
    sock.disconnectFromHost()
    assert sock.write(b"second") == 6
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert read_all(peer) == b"first second"
    sock, trace, peer = connect()
    sock.write(b"first ")
    sock.close()
    assert sock.write(b"second") == -1
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert read_all(peer) == b"first "


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_abort_drops_what_is_unsent(qt: Any, connect: Any, size: int) -> None:
    sock, trace, peer = connect()
    sock.write(b"x" * size)
    sock.abort()
    assert trace == ABORTED
    assert sock.bytesToWrite() == 0
    assert read_all(peer) == b""


def test_abort_while_closing(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect()
    sock.write(b"x")
    sock.disconnectFromHost()
    trace.clear()
    sock.abort()
    assert trace == ["aboutToClose@Closing", *ABORTED[1:]]


@pytest.mark.parametrize("call", ["disconnectFromHost", "close"])
def test_closing_while_connecting_waits_and_flushes(qt: Any, app: Any, listener: socket.socket, call: str) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, port_of(listener))
    trace = Trace(sock)
    assert sock.write(b"abc") == 3
    getattr(sock, call)()
    assert trace.take() == ([] if call == "disconnectFromHost" else ["aboutToClose@Connecting"])
    assert state(sock) == "Connecting"
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["state:Connected", "connected@Connected", *LOCAL_CLOSE]
    assert read_all(accept(listener)) == b"abc"


@pytest.mark.parametrize("name", ["literal", "name"])
def test_abort_before_the_connection_stands(qt: Any, app: Any, name: str) -> None:
    with deaf_listener() as port:
        sock = ours(qt.QTcpSocket())
        sock.connectToHost(LOCALHOST if name == "literal" else "no-such-host.invalid.", port)
        before = state(sock)
        trace = Trace(sock)
        sock.write(b"abc")
        sock.abort()
        expected = [f"aboutToClose@{before}", "state:Unconnected", "readChannelFinished@Unconnected"]
        assert trace == expected
        assert (sock.bytesToWrite(), sock.isOpen()) == (0, False)
        qt.spin(30)
        assert trace == expected


# --- calls inside slots ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", ["connected", "readyRead", "errorOccurred"])
@pytest.mark.parametrize(
    ("call", "tail"),
    [
        ("disconnectFromHost", LOCAL_CLOSE),
        ("close", ["aboutToClose@Connected", *LOCAL_CLOSE]),
        ("abort", ABORTED),
    ],
)
def test_ending_inside_a_slot(
    qt: Any, app: Any, listener: socket.socket, signal: str, call: str, tail: list[str]
) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(LOCALHOST, port_of(listener))
    peer = accept(listener)
    getattr(sock, signal).connect(lambda *_: getattr(sock, call)())
    if signal != "connected":
        peer.sendall(b"abc")
        peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    qt.spin(5)
    head = {"connected": [], "readyRead": ["readyRead@Connected"]}
    head["errorOccurred"] = ["readyRead@Connected", "error:RemoteHostClosed@Connected"]
    assert trace == [*CONNECTED, *head[signal], *tail]


@pytest.mark.parametrize("signal", ["readChannelFinished", "disconnected"])
def test_closing_again_at_the_end_changes_nothing(qt: Any, connect: Any, signal: str) -> None:
    sock, trace, peer = connect()
    getattr(sock, signal).connect(sock.disconnectFromHost)
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    qt.spin(5)
    assert trace == REMOTE_CLOSE


@pytest.mark.parametrize("call", ["abort", "close"])
def test_abort_in_disconnected_closes_the_device(qt: Any, connect: Any, call: str) -> None:
    sock, trace, peer = connect()
    sock.disconnected.connect(getattr(sock, call))
    peer.close()
    assert qt.wait(lambda: "aboutToClose@Unconnected" in trace)
    assert trace == [*REMOTE_CLOSE, "aboutToClose@Unconnected"]
    assert not sock.isOpen()


def test_abort_in_host_found_ends_it(qt: Any, app: Any, port: int) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.hostFound.connect(sock.abort)
    sock.connectToHost(LOCALHOST, port)
    qt.spin(20)
    assert trace == [
        *CONNECTING,
        "aboutToClose@Connecting",
        "state:Unconnected",
        "readChannelFinished@Unconnected",
    ]
    assert not sock.isOpen()


# --- once more -------------------------------------------------------------------------------------------------------


def test_reconnect_after_the_remote_end_drops_old_data(qt: Any, connect: Any, listener: socket.socket) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"old")
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    trace.clear()
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert trace == CONNECTING
    assert sock.bytesAvailable() == 0
    assert short(sock.error()) == "UnknownSocket"
    assert sock.errorString() == "Unknown error"
    assert qt.wait(lambda: "connected@Connected" in trace)
    accept(listener).sendall(b"new")
    assert qt.wait(lambda: sock.bytesAvailable() == 3)
    assert bytes(sock.readAll()) == b"new"


@pytest.mark.parametrize("ending", ["disconnectFromHost", "close", "abort"])
def test_a_socket_serves_many_connections(qt: Any, app: Any, listener: socket.socket, ending: str) -> None:
    sock = ours(qt.QTcpSocket())
    for round_ in range(5):
        sock.connectToHost("localhost" if round_ % 2 else LOCALHOST, port_of(listener))
        assert qt.wait(lambda: state(sock) == "Connected")
        peer = accept(listener)
        peer.sendall(b"ping%d" % round_)
        assert qt.wait(lambda: sock.bytesAvailable() == 5)
        assert bytes(sock.readAll()) == b"ping%d" % round_
        getattr(sock, ending)()
        assert state(sock) == "Unconnected"
        assert peer.recv(1) == b""


def test_reconnect_inside_disconnected(qt: Any, connect: Any, listener: socket.socket) -> None:
    sock, trace, peer = connect()
    once = qt.Qt.ConnectionType.SingleShotConnection
    sock.disconnected.connect(lambda: sock.connectToHost(LOCALHOST, port_of(listener)), once)
    peer.close()
    assert qt.wait(lambda: "connected@Connected" in trace)
    assert trace == [*REMOTE_CLOSE, *CONNECTED]
    assert stage(sock) == ("Connected", True, True)
    assert short(sock.error()) == "UnknownSocket"
    second = accept(listener)
    second.sendall(b"hi")
    assert qt.wait(lambda: sock.bytesAvailable() == 2)


def test_reconnect_inside_read_channel_finished(qt: Any, connect: Any, listener: socket.socket) -> None:
    sock, trace, peer = connect()
    once = qt.Qt.ConnectionType.SingleShotConnection
    sock.readChannelFinished.connect(lambda: sock.connectToHost(LOCALHOST, port_of(listener)), once)
    peer.close()
    assert qt.wait(lambda: "connected@Connected" in trace)
    assert trace == [*REMOTE_CLOSE[:-1], *CONNECTING, "disconnected@Connecting", *CONNECTED[-2:]]


# --- destruction -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", ["connected", "readyRead", "disconnected", "errorOccurred", "bytesWritten"])
def test_delete_later_in_a_slot(qt: Any, app: Any, listener: socket.socket, signal: str) -> None:
    parent = qt.QObject()
    sock = qt.QTcpSocket(parent)
    gone: list[bool] = []
    sock.destroyed.connect(lambda *_: gone.append(True))
    getattr(sock, signal).connect(lambda *_: sock.deleteLater())
    sock.connectToHost(LOCALHOST, port_of(listener))
    sock.write(b"x")
    peer = accept(listener)
    peer.sendall(b"abc")
    if signal in ("disconnected", "errorOccurred"):
        peer.close()
    assert qt.wait(lambda: gone)
    assert parent.children() == []
    if peer.fileno() >= 0:
        assert read_all(peer) in (b"", b"x")


def test_dropping_the_last_reference_ends_the_connection(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = qt.QTcpSocket()
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert sock.waitForConnected(30_000)
    peer = accept(listener)
    sock.write(b"never sent")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # test_socket_reported.py looks at it
        del sock
    assert read_all(peer) == b""


def test_a_deleted_parent_takes_its_connected_socket_along(qt: Any, app: Any, listener: socket.socket) -> None:
    parent = qt.QObject()
    sock = qt.QTcpSocket(parent)
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert sock.waitForConnected(30_000)
    peer = accept(listener)
    parent.deleteLater()
    del parent
    qt.process()
    assert read_all(peer) == b""


# --- adopting a descriptor -------------------------------------------------------------------------------------------


def test_adopt_a_connected_descriptor(qt: Any, app: Any, listener: socket.socket) -> None:
    descriptor = dial(port_of(listener)).detach()
    peer = accept(listener)
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    assert sock.setSocketDescriptor(descriptor)
    assert trace.take() == ["state:Connected"]
    assert stage(sock) == ("Connected", True, True)
    assert sock.openMode() == qt.QIODevice.ReadWrite
    assert sock.socketDescriptor() == descriptor
    assert sock.peerPort() == port_of(listener)
    assert sock.localPort() == peer.getpeername()[1]
    assert sock.peerName() == ""
    peer.sendall(b"hey")
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *REMOTE_CLOSE]
    assert bytes(sock.readAll()) == b"hey"


@pytest.mark.parametrize("name", ["Unconnected", "Bound", "Listening", "Connecting", "Closing", "HostLookup"])
def test_adopt_with_a_state_and_a_mode(qt: Any, app: Any, listener: socket.socket, name: str) -> None:
    descriptor = dial(port_of(listener)).detach()
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    given = getattr(qt.QAbstractSocket, f"{name}State")
    assert sock.setSocketDescriptor(descriptor, given, qt.QIODevice.ReadOnly)
    assert trace == ([] if name == "Unconnected" else [f"state:{name}"])
    assert sock.openMode() == qt.QIODevice.ReadOnly
    assert sock.isValid()
    assert sock.socketDescriptor() == descriptor
    sock.abort()
    assert state(sock) == "Unconnected"


@pytest.mark.parametrize("descriptor", [-1, 99_999])
def test_adopt_nonsense(qt: Any, app: Any, descriptor: int) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    assert not sock.setSocketDescriptor(descriptor)
    assert trace == []
    assert stage(sock) == ("Unconnected", False, False)
    if descriptor != -1:
        assert short(sock.error()) == "UnsupportedSocketOperation"
        assert sock.errorString() == Begins("Invalid socket descriptor")


def test_adopt_a_socket_that_is_not_connected(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    assert sock.setSocketDescriptor(socket.socket().detach())
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["state:Connected", "error:Network@Connected", *LOCAL_CLOSE]
    assert sock.errorString() == Begins("Transport endpoint is not connected")


def test_adopting_replaces_the_old_connection(qt: Any, connect: Any, listener: socket.socket) -> None:
    sock, trace, old_peer = connect()
    descriptor = dial(port_of(listener)).detach()
    peer = accept(listener)
    assert sock.setSocketDescriptor(descriptor)
    assert sock.socketDescriptor() == descriptor
    assert state(sock) == "Connected"
    assert old_peer.recv(1) == b""
    peer.sendall(b"new")
    assert qt.wait(lambda: sock.bytesAvailable() == 3)


# --- protected in C++, public here -----------------------------------------------------------------------------------


def test_setters_of_subclasses(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.setPeerName("name")
    sock.setPeerPort(5)
    sock.setPeerAddress(qt.QHostAddress("192.0.2.1"))
    sock.setLocalPort(6)
    sock.setLocalAddress(qt.QHostAddress("192.0.2.2"))
    sock.setSocketState(qt.QAbstractSocket.ConnectedState)
    sock.setSocketError(qt.QAbstractSocket.SslInternalError)
    sock.setErrorString("boo")
    assert (sock.peerName(), sock.peerPort(), sock.peerAddress().toString()) == ("name", 5, "192.0.2.1")
    assert (sock.localPort(), sock.localAddress().toString()) == (6, "192.0.2.2")
    assert (state(sock), short(sock.error()), sock.errorString()) == ("Connected", "SslInternal", "boo")
    assert trace == []
    sock.setSocketState(qt.QAbstractSocket.UnconnectedState)


def test_pause_mode_protocol_tag_and_proxy(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    sock.setPauseMode(qt.QAbstractSocket.PauseOnSslErrors)
    assert sock.pauseMode() == qt.QAbstractSocket.PauseOnSslErrors
    sock.resume()
    sock.setProtocolTag("http")
    assert sock.protocolTag() == "http"
    sock.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))
    assert sock.proxy().type() == qt.QNetworkProxy.NoProxy
