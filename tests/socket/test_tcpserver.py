"""QTcpServer: listening, accepting, pausing, closing, overriding; peers are kernel sockets."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import warnings
from typing import Any

import pytest
from _peers import (
    LOCALHOST,
    PATIENCE,
    Background,
    Begins,
    Trace,
    accept,
    dial,
    keep,
    needs_ipv6,
    ours,
    port_of,
    queued,
    raw_listener,
    read_exactly,
    reset,
    short,
)


@pytest.fixture
def server(qt: Any, app: Any) -> Any:
    """A server that listens on 127.0.0.1."""
    server = ours(qt.QTcpServer())
    assert server.listen(qt.QHostAddress(LOCALHOST))
    yield server
    server.close()


def trace_of(server: Any) -> list[str]:
    """``available`` and ``new`` in the order of the two signals."""
    trace: list[str] = []
    server.pendingConnectionAvailable.connect(lambda: trace.append("available"))
    server.newConnection.connect(lambda: trace.append("new"))
    return trace


def dial_in_turn(server: Any, count: int) -> list[socket.socket]:
    """Clients of *server* that it has not accepted, in the order in which it will."""
    peers = []
    for number in range(count):
        peers.append(dial(server.serverPort()))
        assert queued(server, number + 1)
    return peers


def take_all(server: Any) -> list[Any]:
    taken = []
    while server.hasPendingConnections():
        taken.append(server.nextPendingConnection())
    return taken


# --- listening -------------------------------------------------------------------------------------------------------


def test_a_fresh_server(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    assert not server.isListening()
    assert (server.serverPort(), server.socketDescriptor()) == (0, -1)
    assert server.serverAddress().isNull()
    assert (short(server.serverError()), server.errorString()) == ("UnknownSocket", "")
    assert (server.maxPendingConnections(), server.listenBacklogSize()) == (30, 50)
    assert not server.hasPendingConnections()
    assert server.nextPendingConnection() is None
    assert server.proxy().type() == qt.QNetworkProxy.DefaultProxy
    assert next(iter(server.waitForNewConnection(30_000))) is False
    server.close()
    assert not server.isListening()


@pytest.mark.parametrize(
    ("special", "text"),
    [
        ("Any", "0.0.0.0"),
        ("AnyIPv4", "0.0.0.0"),
        pytest.param("AnyIPv6", "::", marks=needs_ipv6),
        ("LocalHost", "127.0.0.1"),
        pytest.param("LocalHostIPv6", "::1", marks=needs_ipv6),
    ],
)
def test_listen_on_a_special_address(qt: Any, app: Any, special: str, text: str) -> None:
    server = ours(qt.QTcpServer())
    assert server.listen(getattr(qt.QHostAddress.SpecialAddress, special))
    assert server.isListening()
    assert server.serverPort() > 0
    assert server.serverAddress().toString() == text
    assert server.socketDescriptor() > 2


def test_listen_without_arguments_takes_any_address(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    assert server.listen()
    assert server.serverAddress() == qt.QHostAddress(qt.QHostAddress.SpecialAddress.Any)


def test_listen_on_another_loopback_address(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    assert server.listen(qt.QHostAddress("127.0.0.5"), 0)
    dial(server.serverPort(), "127.0.0.5")
    assert server.waitForNewConnection(30_000)[0]
    assert server.nextPendingConnection().localAddress().toString() == "127.0.0.5"


@pytest.mark.parametrize(
    ("address", "error", "text"),
    [
        ("203.0.113.7", "SocketAddressNotAvailable", "The address is not available"),
        ("", "UnsupportedSocketOperation", "Unsupported socket operation"),
    ],
)
def test_listen_on_what_is_not_ours(qt: Any, app: Any, address: str, error: str, text: str) -> None:
    server = ours(qt.QTcpServer())
    assert not server.listen(qt.QHostAddress(address))
    assert (short(server.serverError()), server.errorString()) == (error, Begins(text))
    assert not server.isListening()
    assert server.serverPort() == 0
    assert server.serverAddress().isNull()


def test_listen_on_a_port_in_use(qt: Any, server: Any) -> None:
    with raw_listener() as other:
        for number in (server.serverPort(), port_of(other)):
            late = ours(qt.QTcpServer())
            assert not late.listen(qt.QHostAddress(LOCALHOST), number)
            assert short(late.serverError()) == "AddressInUse"
            assert late.errorString() == Begins("The bound address is already in use")


def test_a_privileged_port(qt: Any, app: Any) -> None:
    with socket.socket() as probe:
        try:
            probe.bind((LOCALHOST, 1))
        except PermissionError:
            server = ours(qt.QTcpServer())
            assert not server.listen(qt.QHostAddress(LOCALHOST), 1)
            assert short(server.serverError()) == "SocketAccess"
            assert server.errorString() == Begins("The address is protected")
        else:
            pytest.skip("this user may bind privileged ports")


def test_failing_then_listening_elsewhere(qt: Any, app: Any) -> None:
    with raw_listener() as other:
        server = ours(qt.QTcpServer())
        assert not server.listen(qt.QHostAddress(LOCALHOST), port_of(other))
        assert server.listen(qt.QHostAddress(LOCALHOST))
        dial(server.serverPort())
        assert server.waitForNewConnection(30_000)[0]


def test_listening_twice_is_refused(qt: Any, server: Any) -> None:
    port = server.serverPort()
    assert not server.listen(qt.QHostAddress(LOCALHOST))
    assert (server.isListening(), server.serverPort()) == (True, port)


def test_close_and_listen_on_the_same_port(qt: Any, server: Any) -> None:
    port = server.serverPort()
    peer = dial(port)
    assert server.waitForNewConnection(30_000)[0]
    client = server.nextPendingConnection()
    server.close()
    assert not server.isListening()
    assert (server.serverPort(), server.socketDescriptor()) == (0, -1)
    assert server.serverAddress().isNull()
    assert server.listen(qt.QHostAddress(LOCALHOST), port)
    client.abort()
    assert peer.recv(1) == b""


@pytest.mark.parametrize("number", [-1, 65536])
def test_ports_out_of_range_raise(qt: Any, app: Any, number: int) -> None:
    server = ours(qt.QTcpServer())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySide6 warns before it raises
        with pytest.raises((ValueError, OverflowError)):
            server.listen(qt.QHostAddress(LOCALHOST), number)
    assert not server.isListening()


def test_wrong_types_raise(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    for arguments in ((2.5, 0), (object(), 0), (qt.QHostAddress(LOCALHOST), "80")):
        with pytest.raises(TypeError):
            server.listen(*arguments)


@needs_ipv6
def test_any_takes_both_families(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    assert server.listen(qt.QHostAddress(qt.QHostAddress.SpecialAddress.Any))
    for host, shown in ((LOCALHOST, "::ffff:127.0.0.1"), ("::1", "::1")):
        dial(server.serverPort(), host)
        assert server.waitForNewConnection(30_000)[0]
        client = server.nextPendingConnection()
        assert client.peerAddress().toString() == shown
        assert client.localAddress().toString() == shown


@needs_ipv6
def test_any_ipv6_leaves_ipv4_to_others(qt: Any, app: Any) -> None:
    special = qt.QHostAddress.SpecialAddress

    def both() -> tuple[Any, Any]:
        four, six = ours(qt.QTcpServer()), ours(qt.QTcpServer())
        assert four.listen(special.AnyIPv4)
        six.listen(special.AnyIPv6, four.serverPort())
        return four, six

    # Somebody else may have the port that IPv4 was given, with IPv6: hardly three times.
    four, six = next(pair for pair in (both() for _ in range(3)) if pair[1].isListening())
    dial(four.serverPort())
    assert four.waitForNewConnection(30_000)[0]
    assert not six.waitForNewConnection(10)[0]


def test_settings_are_kept(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    server.setListenBacklogSize(3)
    server.setMaxPendingConnections(7)
    server.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))
    assert (server.listenBacklogSize(), server.maxPendingConnections()) == (3, 7)
    assert server.proxy().type() == qt.QNetworkProxy.NoProxy


def test_the_listening_descriptor(qt: Any, server: Any) -> None:
    with socket.socket(fileno=os.dup(server.socketDescriptor())) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
        assert sock.getsockname() == (LOCALHOST, server.serverPort())
    assert not os.get_blocking(server.socketDescriptor())
    assert not os.get_inheritable(server.socketDescriptor())


# --- accepting -------------------------------------------------------------------------------------------------------


def test_signals_for_each_client(qt: Any, server: Any) -> None:
    trace = trace_of(server)
    for _ in range(3):
        dial(server.serverPort())
    assert qt.wait(lambda: len(trace) >= 6)
    assert trace == ["available", "new"] * 3
    assert len(take_all(server)) == 3


def test_the_next_pending_connection(qt: Any, server: Any) -> None:
    trace = trace_of(server)
    peers = dial_in_turn(server, 3)
    assert qt.wait(lambda: len(trace) == 6)
    clients = take_all(server)
    assert server.nextPendingConnection() is None
    for peer, client in zip(peers, clients, strict=True):
        assert isinstance(client, qt.QTcpSocket)
        assert client.parent() is server
        assert client.isOpen()
        assert client.openMode() == qt.QIODevice.ReadWrite
        assert short(client.state()) == "Connected"
        assert client.peerPort() == peer.getsockname()[1]
        assert client.localPort() == server.serverPort()
        assert client.peerName() == ""
        assert client.peerAddress() == qt.QHostAddress(LOCALHOST)


def test_data_that_was_early_is_announced_later(qt: Any, server: Any) -> None:
    dial(server.serverPort()).sendall(b"early")
    assert server.waitForNewConnection(30_000)[0]
    client = server.nextPendingConnection()
    assert client.bytesAvailable() == 0
    trace = Trace(client)
    assert qt.wait(lambda: trace)
    assert trace == ["readyRead@Connected"]
    assert bytes(client.readAll()) == b"early"


def test_a_client_that_left_is_still_handed_out(qt: Any, server: Any) -> None:
    for leave in (socket.socket.close, reset):
        peer = dial(server.serverPort())
        peer.sendall(b"early")
        leave(peer)
        assert qt.wait(lambda: [short(c.state()) for c in server.findChildren(qt.QTcpSocket)] == ["Unconnected"])
        client = server.nextPendingConnection()
        client.setParent(None)
        assert short(client.state()) == "Unconnected"
        assert bytes(client.readAll()) == b"early"


def test_accept_inside_the_slot(qt: Any, server: Any) -> None:
    clients: list[Any] = []
    server.newConnection.connect(lambda: clients.append(server.nextPendingConnection()))
    peers = dial_in_turn(server, 5)
    assert qt.wait(lambda: len(clients) == 5)
    assert [c.peerPort() for c in clients] == [p.getsockname()[1] for p in peers]
    assert not server.hasPendingConnections()


def test_an_echo_server(qt: Any, server: Any) -> None:
    def serve() -> None:
        client = server.nextPendingConnection()
        client.readyRead.connect(lambda: client.write(client.readAll()))
        client.disconnected.connect(client.deleteLater)

    server.newConnection.connect(serve)

    def talk(number: int) -> bytes:
        with socket.create_connection((LOCALHOST, server.serverPort()), timeout=PATIENCE) as sock:
            sock.sendall(b"%d" % number * 10_000)
            return read_exactly(sock, 10_000 * len(str(number)))

    with contextlib.ExitStack() as stack:
        talks = [stack.enter_context(Background(talk, n)) for n in range(8)]
        assert qt.wait(lambda: not any(t.alive() for t in talks), 60)
    assert [t.result for t in talks] == [b"%d" % n * 10_000 for n in range(8)]
    assert qt.wait(lambda: not server.findChildren(qt.QTcpSocket))


def test_a_server_takes_its_clients_along(qt: Any, app: Any) -> None:
    server = qt.QTcpServer()
    server.listen(qt.QHostAddress(LOCALHOST))
    trace = trace_of(server)
    peers = dial_in_turn(server, 2)
    assert qt.wait(lambda: len(trace) == 4)
    owned, free = take_all(server)
    free.setParent(None)
    server.deleteLater()
    del server
    qt.process()
    assert peers[0].recv(1) == b""
    assert short(free.state()) == "Connected"
    free.write(b"alive")
    free.flush()
    assert peers[1].recv(10) == b"alive"
    del owned


# --- how many may wait -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2])
def test_max_pending_connections(qt: Any, server: Any, limit: int) -> None:
    server.setMaxPendingConnections(limit)
    trace = trace_of(server)
    for _ in range(2 * limit):
        dial(server.serverPort())
    assert qt.wait(lambda: len(trace) == 2 * limit)
    qt.spin(30)
    assert trace == ["available", "new"] * limit
    assert len(take_all(server)) == limit
    assert qt.wait(lambda: len(trace) == 4 * limit)
    assert len(take_all(server)) == limit


@pytest.mark.parametrize("limit", [0, -1])
def test_max_pending_connections_of_none(qt: Any, server: Any, limit: int) -> None:
    server.setMaxPendingConnections(limit)
    trace = trace_of(server)
    dial(server.serverPort())
    qt.spin(20)
    assert trace == []
    assert not server.hasPendingConnections()


def test_pause_and_resume(qt: Any, server: Any) -> None:
    trace = trace_of(server)
    server.pauseAccepting()
    dial(server.serverPort())
    qt.spin(20)
    assert trace == []
    server.resumeAccepting()
    assert qt.wait(lambda: trace)
    assert trace == ["available", "new"]


def test_waiting_accepts_even_when_paused(qt: Any, server: Any) -> None:
    server.pauseAccepting()
    dial(server.serverPort())
    assert server.waitForNewConnection(30_000)[0]


@pytest.mark.qnet("Qt crashes")
def test_pause_before_listen(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    server.pauseAccepting()
    server.resumeAccepting()
    server.pauseAccepting()
    assert server.listen(qt.QHostAddress(LOCALHOST))
    dial(server.serverPort())
    assert qt.wait(server.hasPendingConnections)


@pytest.mark.qnet("Qt resumes by itself when the slot of newConnection returns")
def test_pause_inside_the_slot(qt: Any, server: Any) -> None:
    """What the kernel has ready at that moment may still come; later clients wait."""
    server.newConnection.connect(server.pauseAccepting)
    dial(server.serverPort())
    assert qt.wait(server.hasPendingConnections)
    take_all(server)
    dial(server.serverPort())
    qt.spin(20)
    assert not server.hasPendingConnections()
    server.resumeAccepting()
    assert qt.wait(server.hasPendingConnections)


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_wait_for_new_connection(qt: Any, server: Any) -> None:
    trace = trace_of(server)
    dial(server.serverPort())
    assert tuple(server.waitForNewConnection(30_000)) == (True, False)
    assert trace == ["available", "new"]


@pytest.mark.parametrize("msecs", [0, 20])
def test_wait_for_new_connection_times_out(qt: Any, server: Any, msecs: int) -> None:
    assert tuple(server.waitForNewConnection(msecs)) == (False, True)
    assert short(server.serverError()) == "SocketTimeout"
    assert server.errorString() == Begins("Network operation timed out")
    assert server.isListening()


def test_wait_is_about_new_connections(qt: Any, server: Any) -> None:
    dial(server.serverPort())
    assert server.waitForNewConnection(30_000)[0]
    assert tuple(server.waitForNewConnection(10)) == (False, True)
    assert server.hasPendingConnections()


def test_one_wait_takes_all_that_came(qt: Any, server: Any) -> None:
    dial_in_turn(server, 3)
    assert server.waitForNewConnection(30_000)[0]
    assert len(take_all(server)) == 3


@pytest.mark.qnet("PySide6 holds the interpreter lock in this wait, so no thread of Python can connect")
def test_wait_wakes_on_arrival(qt: Any, server: Any) -> None:
    port = server.serverPort()
    with Background(lambda: socket.create_connection((LOCALHOST, port), PATIENCE).close()):
        assert server.waitForNewConnection(30_000)[0]


# --- closing ---------------------------------------------------------------------------------------------------------


def test_close_keeps_taken_clients_and_drops_pending_ones(qt: Any, server: Any) -> None:
    trace = trace_of(server)
    taken_peer, pending_peer = dial_in_turn(server, 2)
    assert qt.wait(lambda: len(trace) == 4)
    client = server.nextPendingConnection()
    server.close()
    assert not server.hasPendingConnections()
    assert server.nextPendingConnection() is None
    assert pending_peer.recv(1) == b""
    client.write(b"alive")
    assert client.flush()
    assert taken_peer.recv(10) == b"alive"


def test_close_before_accepting_resets(qt: Any, server: Any) -> None:
    peer = dial(server.serverPort())
    trace = trace_of(server)
    server.close()
    with pytest.raises(ConnectionResetError):
        peer.recv(1)
    qt.spin(10)
    assert trace == []


def test_close_inside_the_slot(qt: Any, server: Any) -> None:
    trace = trace_of(server)
    server.newConnection.connect(server.close)
    peers = dial_in_turn(server, 3)
    assert qt.wait(lambda: not server.isListening())
    qt.spin(20)
    assert trace == ["available", "new"]
    assert peers[0].recv(1) == b""
    with pytest.raises(ConnectionResetError):
        peers[2].recv(1)


def test_delete_later_inside_the_slot(qt: Any, app: Any) -> None:
    parent = qt.QObject()
    server = qt.QTcpServer(parent)
    server.newConnection.connect(server.deleteLater)
    server.listen(qt.QHostAddress(LOCALHOST))
    peer = dial(server.serverPort())
    assert qt.wait(lambda: not parent.children())
    assert peer.recv(1) == b""


# --- overriding ------------------------------------------------------------------------------------------------------


def test_incoming_connection_that_adds(qt: Any, app: Any) -> None:
    class Server(qt.QTcpServer):
        def incomingConnection(self, descriptor: int) -> None:
            log.append(type(descriptor).__name__)
            client = qt.QTcpSocket(self)
            assert client.setSocketDescriptor(descriptor)
            self.addPendingConnection(client)
            log.append("added")

    log: list[str] = []
    server = ours(Server())
    server.pendingConnectionAvailable.connect(lambda: log.append("available"))
    server.newConnection.connect(lambda: log.append("new"))
    server.listen(qt.QHostAddress(LOCALHOST))
    dial(server.serverPort())
    assert qt.wait(lambda: "new" in log)
    assert log == ["int", "available", "added", "new"]
    assert server.nextPendingConnection().isValid()


def test_incoming_connection_that_adds_nothing_still_signals(qt: Any, app: Any) -> None:
    class Server(qt.QTcpServer):
        def incomingConnection(self, descriptor: int) -> None:
            keep(socket.socket(fileno=descriptor)).sendall(b"mine")

    server = ours(Server())
    trace = trace_of(server)
    server.listen(qt.QHostAddress(LOCALHOST))
    peer = dial(server.serverPort())
    assert qt.wait(lambda: trace)
    assert trace == ["new"]
    assert not server.hasPendingConnections()
    assert peer.recv(10) == b"mine"
    dial(server.serverPort())
    assert tuple(server.waitForNewConnection(30_000)) == (True, False)


def test_incoming_connection_that_calls_its_base(qt: Any, app: Any) -> None:
    class Server(qt.QTcpServer):
        def incomingConnection(self, descriptor: int) -> None:
            seen.append(descriptor)
            super().incomingConnection(descriptor)

    seen: list[int] = []
    server = ours(Server())
    trace = trace_of(server)
    server.listen(qt.QHostAddress(LOCALHOST))
    dial(server.serverPort())
    assert server.waitForNewConnection(30_000)[0]
    assert trace == ["available", "new"]
    assert server.nextPendingConnection().socketDescriptor() == seen[0]


def test_incoming_connection_that_closes_the_server(qt: Any, app: Any) -> None:
    class Server(qt.QTcpServer):
        def incomingConnection(self, descriptor: int) -> None:
            socket.socket(fileno=descriptor).close()
            self.close()

    server = ours(Server())
    trace = trace_of(server)
    server.listen(qt.QHostAddress(LOCALHOST))
    dial_in_turn(server, 2)
    assert qt.wait(lambda: not server.isListening())
    qt.spin(20)
    assert trace == ["new"]


def test_a_class_signal_that_shadows_new_connection(qt: Any, app: Any) -> None:
    class Server(qt.QTcpServer):
        newConnection = qt.Signal(object)

        def incomingConnection(self, descriptor: int) -> None:
            client = qt.QTcpSocket(self)
            client.setSocketDescriptor(descriptor)
            self.newConnection.emit(client)

    clients: list[Any] = []
    server = ours(Server())
    server.newConnection.connect(clients.append)
    server.listen(qt.QHostAddress(LOCALHOST))
    dial(server.serverPort())
    assert qt.wait(lambda: clients)
    qt.spin(5)
    assert len(clients) == 1
    assert isinstance(clients[0], qt.QTcpSocket)


def test_an_instance_attribute_that_shadows_nothing_but_itself(qt: Any, app: Any) -> None:
    class Server(qt.QTcpServer):
        def __init__(self) -> None:
            super().__init__()
            self.clients: list[Any] = []
            self.newConnection.connect(self.on_new)

        def on_new(self) -> None:
            self.clients.append(self.nextPendingConnection())

    server = ours(Server())
    server.listen(qt.QHostAddress(LOCALHOST))
    dial(server.serverPort())
    assert qt.wait(lambda: server.clients)


# --- descriptors -----------------------------------------------------------------------------------------------------


def test_adopt_a_listening_descriptor(qt: Any, app: Any) -> None:
    with raw_listener() as listener:
        server = ours(qt.QTcpServer())
        assert server.setSocketDescriptor(os.dup(listener.fileno()))
        assert server.isListening()
        assert server.serverPort() == port_of(listener)
        assert server.serverAddress() == qt.QHostAddress(LOCALHOST)
        dial(port_of(listener))
        assert qt.wait(server.hasPendingConnections)
        server.close()


def test_adopt_nonsense(qt: Any, server: Any) -> None:
    other = ours(qt.QTcpServer())
    assert not other.setSocketDescriptor(99_999)
    assert short(other.serverError()) == "UnsupportedSocketOperation"
    assert other.errorString() == Begins("Invalid socket descriptor")
    assert not other.isListening()
    assert not other.setSocketDescriptor(-1)
    port = server.serverPort()
    assert not server.setSocketDescriptor(-1)
    assert (server.isListening(), server.serverPort()) == (True, port)


def test_running_out_of_descriptors_pauses_and_reports(qt: Any, server: Any) -> None:
    """Accepting needs a descriptor: without one ``acceptError`` tells, and the client waits in the backlog."""
    errors: list[Any] = []
    server.acceptError.connect(errors.append)
    (peer,) = dial_in_turn(server, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(spare_limit(), 128), hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            while True:
                spare.append(os.dup(0))
        for _ in range(100):
            qt.QCoreApplication.processEvents()
    finally:
        for descriptor in spare:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert {short(error) for error in errors} == {"SocketResource"}
    assert len(errors) < 10  # qnet tries again by itself, ever more seldom: ten times would take seconds
    assert not server.hasPendingConnections()
    server.resumeAccepting()
    assert qt.wait(server.hasPendingConnections)
    client = server.nextPendingConnection()
    client.write(b"at last")
    client.flush()
    assert peer.recv(10) == b"at last"


def spare_limit() -> int:
    """A little above the highest descriptor in use now."""
    return max(int(name) for name in os.listdir("/proc/self/fd")) + 8


def test_a_client_socket_of_qt_meets_its_server(qt: Any, server: Any) -> None:
    client = ours(qt.QTcpSocket())
    client.connectToHost(LOCALHOST, server.serverPort())
    assert qt.wait(lambda: short(client.state()) == "Connected" and server.hasPendingConnections())
    other = server.nextPendingConnection()
    assert (client.localPort(), client.peerPort()) == (other.peerPort(), other.localPort())
    gone = Trace(client)
    other.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in gone)


def test_accept_helper_sees_the_same_clients(qt: Any, app: Any) -> None:
    """A client of Qt's class and a kernel server: the descriptor keeps working after the hand-over."""
    with raw_listener() as listener:
        client = ours(qt.QTcpSocket())
        client.connectToHost(LOCALHOST, port_of(listener))
        assert client.waitForConnected(30_000)
        peer = accept(listener)
        second = ours(qt.QTcpSocket())
        assert second.setSocketDescriptor(os.dup(client.socketDescriptor()))
        client.abort()
        second.write(b"still here")
        second.flush()
        assert peer.recv(100) == b"still here"
