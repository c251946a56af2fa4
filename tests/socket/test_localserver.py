"""QLocalServer: names, permissions, stale files, accepting and closing."""

from __future__ import annotations

import os
import socket
import stat
import uuid
from pathlib import Path
from typing import Any

import pytest
from _peers import PATIENCE, Background, Begins, Trace, keep, ours, read_exactly, short


@pytest.fixture
def path(tmp_path: Path) -> str:
    """An absolute name that nobody listens on."""
    return str(tmp_path / "s")


@pytest.fixture
def name() -> str:
    """A plain name that no other run uses, nor has left behind."""
    return f"qnet-test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def server(qt: Any, app: Any, path: str) -> Any:
    """A server that listens on ``path``."""
    server = ours(qt.QLocalServer())
    assert server.listen(path)
    yield server
    server.close()


def dial(path: str) -> socket.socket:
    """A kernel socket connected to *path*."""
    sock = keep(socket.socket(socket.AF_UNIX))
    sock.connect(path)
    return sock


def leave_stale(path: str) -> None:
    """The file of a listener that is gone."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)
        sock.listen()


def error_of(server: Any) -> tuple[str, str]:
    return (short(server.serverError()), server.errorString())


def take_all(server: Any) -> list[Any]:
    taken = []
    while server.hasPendingConnections():
        taken.append(server.nextPendingConnection())
    return taken


# --- names -----------------------------------------------------------------------------------------------------------


def test_a_fresh_server(qt: Any, app: Any) -> None:
    server = ours(qt.QLocalServer())
    assert not server.isListening()
    assert (server.serverName(), server.fullServerName(), server.socketDescriptor()) == ("", "", -1)
    assert error_of(server) == ("UnknownSocket", "")
    assert (server.maxPendingConnections(), server.listenBacklogSize()) == (30, 50)
    assert server.socketOptions() == qt.QLocalServer.SocketOption.NoOptions
    assert not server.hasPendingConnections()
    assert server.nextPendingConnection() is None
    assert tuple(server.waitForNewConnection(30_000)) == (False, False)
    server.close()


def test_a_plain_name_lives_in_the_temporary_directory(qt: Any, app: Any, name: str) -> None:
    server = ours(qt.QLocalServer())
    assert server.listen(name)
    full = os.path.join(qt.QDir.tempPath() if hasattr(qt, "QDir") else "/tmp", name)
    assert (server.serverName(), server.fullServerName()) == (name, full)
    assert stat.S_ISSOCK(os.stat(full).st_mode)
    assert server.isListening()
    assert server.socketDescriptor() > 2
    server.close()
    assert not os.path.exists(full)
    assert (server.serverName(), server.fullServerName(), server.socketDescriptor()) == ("", "", -1)


def test_an_absolute_name(qt: Any, server: Any, path: str) -> None:
    assert (server.serverName(), server.fullServerName()) == (path, path)
    assert stat.S_ISSOCK(os.stat(path).st_mode)
    server.close()
    assert not os.path.exists(path)


def test_an_abstract_name(qt: Any, app: Any, name: str) -> None:
    server = ours(qt.QLocalServer())
    server.setSocketOptions(qt.QLocalServer.SocketOption.AbstractNamespaceOption)
    assert server.listen(name)
    assert (server.serverName(), server.fullServerName()) == (name, name)
    assert not os.path.exists(os.path.join("/tmp", name))
    plain = ours(qt.QLocalSocket())
    plain.connectToServer(name)
    assert short(plain.error()) == "ServerNotFound"
    client = ours(qt.QLocalSocket())
    client.setSocketOptions(qt.QLocalSocket.SocketOption.AbstractNamespaceOption)
    client.connectToServer(name)
    assert short(client.state()) == "Connected"
    assert client.fullServerName() == name
    server.close()


@pytest.mark.parametrize("bad", ["", "/no/such/directory/x", "no-such-directory/x"])
def test_names_that_cannot_be(qt: Any, app: Any, bad: str) -> None:
    server = ours(qt.QLocalServer())
    assert not server.listen(bad)
    assert error_of(server) == ("HostNotFound", Begins("QLocalServer::listen: Name error"))
    assert (server.isListening(), server.serverName()) == (False, "")


def test_a_name_too_long(qt: Any, app: Any) -> None:
    server = ours(qt.QLocalServer())
    for long in ("x" * 200, "/tmp/" + "x" * 200):
        assert not server.listen(long)
        assert not server.isListening()
        assert server.errorString().startswith("QLocalServer::listen: ")


def test_a_name_beyond_ascii(qt: Any, app: Any, tmp_path: Path) -> None:
    server = ours(qt.QLocalServer())
    assert server.listen(str(tmp_path / "größe"))
    assert (tmp_path / "größe").is_socket()
    dial(str(tmp_path / "größe"))
    assert server.waitForNewConnection(30_000)[0]


@pytest.mark.parametrize(
    ("option", "mode"),
    [
        ("UserAccessOption", 0o700),
        ("GroupAccessOption", 0o070),
        ("OtherAccessOption", 0o007),
        ("WorldAccessOption", 0o777),
    ],
)
def test_access_options_set_the_mode(qt: Any, app: Any, path: str, option: str, mode: int) -> None:
    server = ours(qt.QLocalServer())
    option = getattr(qt.QLocalServer.SocketOption, option)
    server.setSocketOptions(option)
    assert server.socketOptions() == option
    assert server.listen(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == mode
    assert os.listdir(os.path.dirname(path)) == ["s"]
    dial(path)
    assert server.waitForNewConnection(30_000)[0]
    server.close()
    assert os.listdir(os.path.dirname(path)) == []


@pytest.mark.qnet("Qt lets the umask decide, and usually everybody connect")
def test_without_options_a_server_is_private(qt: Any, app: Any, path: str) -> None:
    before = os.umask(0o027)
    try:
        server = ours(qt.QLocalServer())
        assert server.listen(path)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    finally:
        os.umask(before)


def test_combined_access_options(qt: Any, app: Any, path: str) -> None:
    option = qt.QLocalServer.SocketOption
    server = ours(qt.QLocalServer())
    server.setSocketOptions(option.UserAccessOption | option.GroupAccessOption)
    assert server.listen(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o770


# --- names in use ----------------------------------------------------------------------------------------------------


def test_a_name_in_use(qt: Any, server: Any, path: str) -> None:
    late = ours(qt.QLocalServer())
    assert not late.listen(path)
    assert error_of(late) == ("AddressInUse", Begins("QLocalServer::listen: Address in use"))
    assert server.waitForNewConnection(0) == (False, True)  # who asked for the name does not show up as a client
    dial(path)
    assert server.waitForNewConnection(30_000)[0]


def test_listening_twice_is_refused(qt: Any, server: Any, path: str) -> None:
    assert not server.listen(path + "2")
    assert (server.isListening(), server.serverName()) == (True, path)


def test_a_stale_file_can_be_removed(qt: Any, app: Any, path: str) -> None:
    leave_stale(path)
    assert qt.QLocalServer.removeServer(path)
    assert not os.path.exists(path)
    server = ours(qt.QLocalServer())
    assert server.listen(path)
    dial(path)
    assert server.waitForNewConnection(30_000)[0]


@pytest.mark.qnet("Qt refuses with AddressInUseError until removeServer() is called")
def test_a_stale_file_is_replaced(qt: Any, app: Any, path: str) -> None:
    leave_stale(path)
    server = ours(qt.QLocalServer())
    assert server.listen(path)
    dial(path)
    assert server.waitForNewConnection(30_000)[0]


def test_a_plain_file_is_in_use_too(qt: Any, app: Any, path: str) -> None:
    Path(path).write_text("precious")
    server = ours(qt.QLocalServer())
    assert not server.listen(path)
    assert short(server.serverError()) == "AddressInUse"
    assert Path(path).read_text() == "precious"


def test_remove_server(qt: Any, server: Any, path: str) -> None:
    assert qt.QLocalServer.removeServer("no-such-name-at-all")
    assert qt.QLocalServer.removeServer(path)
    assert not os.path.exists(path)
    client = ours(qt.QLocalSocket())
    client.connectToServer(path)
    assert short(client.error()) == "ServerNotFound"
    server.close()


def test_a_dropped_server_removes_its_file(qt: Any, app: Any, path: str) -> None:
    server = qt.QLocalServer()
    server.listen(path)
    del server
    assert not os.path.exists(path)


# --- accepting -------------------------------------------------------------------------------------------------------


def test_new_connection_for_each_client(qt: Any, server: Any, path: str) -> None:
    new: list[bool] = []
    server.newConnection.connect(lambda: new.append(server.hasPendingConnections()))
    for _ in range(3):
        dial(path)
    assert qt.wait(lambda: len(new) == 3)
    assert new == [True] * 3
    clients = take_all(server)
    assert len(clients) == 3
    for client in clients:
        assert isinstance(client, qt.QLocalSocket)
        assert client.parent() is server
        assert short(client.state()) == "Connected"
        assert client.openMode() == qt.QIODevice.ReadWrite
        assert client.fullServerName() == path
    assert server.nextPendingConnection() is None


def test_accept_inside_the_slot(qt: Any, server: Any, path: str) -> None:
    clients: list[Any] = []
    server.newConnection.connect(lambda: clients.append(server.nextPendingConnection()))
    peer = dial(path)
    assert qt.wait(lambda: clients)
    clients[0].write(b"hello")
    clients[0].flush()
    assert peer.recv(10) == b"hello"


@pytest.mark.parametrize(("limit", "waiting"), [(1, 3), (2, 4)])
def test_the_maximum_of_pending_connections_is_soft(qt: Any, server: Any, path: str, limit: int, waiting: int) -> None:
    server.setMaxPendingConnections(limit)
    new: list[bool] = []
    server.newConnection.connect(lambda: new.append(True))
    for _ in range(8):
        dial(path)
    assert qt.wait(lambda: len(new) >= waiting)
    qt.spin(30)
    assert len(take_all(server)) == waiting
    assert qt.wait(server.hasPendingConnections)


def test_a_maximum_of_none(qt: Any, app: Any, path: str) -> None:
    server = ours(qt.QLocalServer())
    server.setMaxPendingConnections(0)
    assert server.listen(path)
    dial(path)
    qt.spin(20)
    assert not server.hasPendingConnections()


def test_wait_for_new_connection(qt: Any, server: Any, path: str) -> None:
    assert tuple(server.waitForNewConnection(10)) == (False, True)
    dial(path)
    assert tuple(server.waitForNewConnection(30_000)) == (True, False)


@pytest.mark.qnet("PySide6 holds the interpreter lock in this wait, so no thread of Python can connect")
def test_wait_wakes_on_arrival(qt: Any, server: Any, path: str) -> None:
    with Background(dial, path):
        assert server.waitForNewConnection(30_000)[0]


def test_an_echo_server(qt: Any, server: Any, path: str) -> None:
    def serve() -> None:
        client = server.nextPendingConnection()
        client.readyRead.connect(lambda: client.write(client.readAll()))
        client.disconnected.connect(client.deleteLater)

    server.newConnection.connect(serve)

    def talk() -> bytes:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(path)
            sock.sendall(b"abc" * 10_000)
            return read_exactly(sock, 30_000)

    with Background(talk) as one, Background(talk) as two:
        assert qt.wait(lambda: not one.alive() and not two.alive())
        assert one.join() == two.join() == b"abc" * 10_000
    assert qt.wait(lambda: not server.findChildren(qt.QLocalSocket))


def test_incoming_connection_that_adds(qt: Any, app: Any, path: str) -> None:
    class Server(qt.QLocalServer):
        def incomingConnection(self, descriptor: int) -> None:
            log.append(type(descriptor).__name__)
            client = qt.QLocalSocket(self)
            assert client.setSocketDescriptor(descriptor)
            self.addPendingConnection(client)

    log: list[str] = []
    server = ours(Server())
    server.newConnection.connect(lambda: log.append("new"))
    assert server.listen(path)
    dial(path)
    assert qt.wait(server.hasPendingConnections)
    assert log == ["int", "new"]
    server.close()


def test_incoming_connection_that_adds_nothing_is_silent(qt: Any, app: Any, path: str) -> None:
    """Unlike QTcpServer, which signals all the same."""

    class Server(qt.QLocalServer):
        def incomingConnection(self, descriptor: int) -> None:
            log.append("incoming")
            socket.socket(fileno=descriptor).close()

    log: list[str] = []
    server = ours(Server())
    server.newConnection.connect(lambda: log.append("new"))
    assert server.listen(path)
    peer = dial(path)
    assert qt.wait(lambda: log)
    assert peer.recv(1) == b""
    assert log == ["incoming"]


# --- closing ---------------------------------------------------------------------------------------------------------


def test_close_keeps_taken_clients_and_drops_pending_ones(qt: Any, server: Any, path: str) -> None:
    taken_peer = dial(path)
    assert server.waitForNewConnection(30_000)[0]
    client = server.nextPendingConnection()
    pending_peer = dial(path)
    assert server.waitForNewConnection(30_000)[0]
    server.close()
    assert not server.hasPendingConnections()
    assert server.nextPendingConnection() is None
    assert pending_peer.recv(1) == b""
    client.write(b"alive")
    client.flush()
    assert taken_peer.recv(10) == b"alive"


def test_close_and_listen_again(qt: Any, server: Any, path: str) -> None:
    for _ in range(3):
        server.close()
        assert server.listen(path)
        peer = dial(path)
        assert server.waitForNewConnection(30_000)[0]
        server.nextPendingConnection().abort()
        assert peer.recv(1) == b""


# --- descriptors -----------------------------------------------------------------------------------------------------


def test_listen_on_a_descriptor(qt: Any, app: Any, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        server = ours(qt.QLocalServer())
        assert server.listen(os.dup(listener.fileno()))
    assert server.isListening()
    assert (server.serverName(), server.fullServerName()) == ("s", path)
    dial(path)
    assert server.waitForNewConnection(30_000)[0]
    server.close()


def test_settings_are_kept(qt: Any, app: Any) -> None:
    server = ours(qt.QLocalServer())
    server.setMaxPendingConnections(7)
    server.setListenBacklogSize(3)
    assert (server.maxPendingConnections(), server.listenBacklogSize()) == (7, 3)


def test_wrong_types_raise(qt: Any, app: Any) -> None:
    for wrong in (b"bytes", 1.5j, ["list"]):
        with pytest.raises(TypeError):
            qt.QLocalServer().listen(wrong)


def test_a_full_backlog_makes_clients_wait(qt: Any, app: Any, path: str) -> None:
    """The kernel refuses at first (EAGAIN): the client stays Connecting and tries again by itself."""
    server = ours(qt.QLocalServer())
    server.setListenBacklogSize(0)
    assert server.listen(path)
    clients = [ours(qt.QLocalSocket()) for _ in range(3)]
    for client in clients:
        client.connectToServer(path)
    assert [short(c.state()) for c in clients] == ["Connected", "Connecting", "Connecting"]
    assert not clients[2].waitForConnected(20)
    assert short(clients[2].state()) == "Connecting"
    trace = Trace(clients[2])
    assert qt.wait(lambda: all(short(c.state()) == "Connected" for c in clients))
    assert trace == ["state:Connected", "connected@Connected"]
