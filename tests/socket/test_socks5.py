"""Streams through real SOCKS5 proxies, microsocks and danted: what is intact, and what ends in which error."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from _peers import (
    CONNECTED,
    CONNECTING,
    PATIENCE,
    REMOTE_CLOSE,
    Background,
    Trace,
    accept,
    closed_port,
    deaf_listener,
    is_dialled,
    ours,
    port_of,
    raw_listener,
    short,
)
from _socks_proxies import BLOCKED, LOCALHOST, PASSWORD, USER, RealProxy, danted, microsocks

PROXIES = {"microsocks": microsocks, "danted": danted}
BY_NAME = ["state:HostLookup", "state:Connecting", "state:Connected", "connected@Connected"]
SIZE = 8 << 20


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProxy]:
    """A proxy that wants no login."""
    with PROXIES[request.param](tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="module", params=PROXIES)
def locked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProxy]:
    """A proxy that wants a login."""
    with PROXIES[request.param](tmp_path_factory.mktemp("proxy"), login=True) as running:
        yield running


def client(qt: Any, port: int, user: str = "", password: str = "") -> tuple[Any, Trace]:
    sock = ours(qt.QTcpSocket())
    sock.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, LOCALHOST, port, user, password))
    return sock, Trace(sock)


def settle(qt: Any, sock: Any) -> str:
    done = (qt.QAbstractSocket.ConnectedState, qt.QAbstractSocket.UnconnectedState)
    assert qt.wait(lambda: sock.state() in done, 60)
    return short(sock.state())


@pytest.fixture
def linked(qt: Any, app: Any, listener: socket.socket) -> Callable[[int], tuple[Any, Trace, socket.socket]]:
    """Makes sockets that are connected to a kernel socket through the proxy at a port."""

    def make(port: int) -> tuple[Any, Trace, socket.socket]:
        sock, trace = client(qt, port)
        sock.connectToHost(LOCALHOST, port_of(listener))
        assert settle(qt, sock) == "Connected"
        trace.clear()
        return sock, trace, accept(listener)

    return make


# --- connecting ------------------------------------------------------------------------------------------------------


def test_an_address(qt: Any, app: Any, proxy: RealProxy, port: int, listener: socket.socket) -> None:
    sock, trace = client(qt, proxy.port)
    sock.connectToHost(LOCALHOST, port)
    assert settle(qt, sock) == "Connected"
    assert trace == CONNECTED
    assert (sock.peerAddress().toString(), sock.peerPort()) == (LOCALHOST, port)
    seen = accept(listener).getpeername()
    if proxy.name == "danted":  # microsocks says 0.0.0.0:0
        assert (sock.localAddress().toString(), sock.localPort()) == seen


def test_a_name(qt: Any, app: Any, proxy: RealProxy, port: int) -> None:
    sock, trace = client(qt, proxy.port)
    sock.connectToHost("localhost", port)
    assert settle(qt, sock) == "Connected"
    assert trace == BY_NAME
    assert (sock.peerAddress().isNull(), sock.peerPort(), sock.peerName()) == (True, port, "localhost")


def test_without_a_loop(qt: Any, app: Any, proxy: RealProxy, port: int, listener: socket.socket) -> None:
    sock, trace = client(qt, proxy.port)
    sock.connectToHost("localhost", port)
    assert sock.waitForConnected(30_000)
    assert trace == BY_NAME
    peer = accept(listener)
    peer.sendall(b"hello")
    assert sock.waitForReadyRead(30_000)
    assert sock.readAll() == b"hello"
    sock.write(b"goodbye")
    assert sock.waitForBytesWritten(30_000)
    assert peer.recv(100) == b"goodbye"


def test_many_at_a_time(qt: Any, app: Any, proxy: RealProxy) -> None:
    with raw_listener(backlog=64) as listener:
        made = [client(qt, proxy.port)[0] for _ in range(40)]
        for sock in made:
            sock.connectToHost(LOCALHOST, port_of(listener))
            sock.write(b"x")
        assert qt.wait(lambda: all(short(s.state()) == "Connected" and not s.bytesToWrite() for s in made), 60)
        assert all(accept(listener).recv(1) == b"x" for _ in made)


# --- what is intact --------------------------------------------------------------------------------------------------


def echo(listener: socket.socket) -> int:
    """Send back all of one connection; how much it was.

    It reads on while it cannot send: a proxy with one blocking thread for both directions (microsocks) would
    otherwise stand still for ever, with this peer, as soon as the system's buffers are full.
    """
    connection, _ = listener.accept()
    connection.settimeout(60)
    chunks: SimpleQueue[bytes] = SimpleQueue()
    count = 0
    with connection, Background(send_all, connection, chunks):
        while data := connection.recv(1 << 16):
            count += len(data)
            chunks.put(data)
        chunks.put(b"")
    return count


def send_all(connection: socket.socket, chunks: SimpleQueue[bytes]) -> None:
    for data in iter(chunks.get, b""):
        connection.sendall(data)


def test_eight_megabytes_both_ways(qt: Any, app: Any, proxy: RealProxy, listener: socket.socket, port: int) -> None:
    data = random.Random(8).randbytes(SIZE)
    received = bytearray()
    with Background(echo, listener) as server:
        sock, _ = client(qt, proxy.port)
        sock.readyRead.connect(lambda: received.extend(bytes(sock.readAll().data())))
        sock.connectToHost(LOCALHOST, port)
        sock.write(data[:1000])  # before there is a connection
        assert settle(qt, sock) == "Connected"
        for start in range(1000, SIZE, 1 << 20):
            sock.write(data[start : start + (1 << 20)])
        assert qt.wait(lambda: len(received) >= SIZE, 60)
        sock.disconnectFromHost()
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert server.join() == SIZE
    assert received == data


def test_the_last_words_of_either_side(qt: Any, proxy: RealProxy, linked: Any) -> None:
    sock, trace, peer = linked(proxy.port)
    peer.sendall(b"last words")
    peer.close()
    assert qt.wait(lambda: short(sock.state()) == "Unconnected")
    assert trace[-len(REMOTE_CLOSE) :] == REMOTE_CLOSE
    assert sock.readAll() == b"last words"
    sock, trace, peer = linked(proxy.port)
    sock.write(b"last words")
    sock.disconnectFromHost()
    assert qt.wait(lambda: short(sock.state()) == "Unconnected")
    assert peer.recv(100) == b"last words"
    assert peer.recv(100) == b""


def slowly(listener: socket.socket, port: int) -> None:
    """Take one connection to the proxy at *port*, and pass on what that says byte by byte, in a segment each."""
    near, _ = listener.accept()
    far = socket.create_connection((LOCALHOST, port), PATIENCE)
    for sock in (near, far):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(0.001)
    with near, far:
        open_ends = {near: far, far: near}
        while len(open_ends) == 2:
            for source in tuple(open_ends):
                try:
                    # What we say comes in one piece: microsocks counts on it.
                    data = source.recv(1 if source is far else 1000)
                except TimeoutError:
                    continue
                if not data:
                    del open_ends[source]
                    break
                open_ends[source].sendall(data)


@pytest.mark.parametrize("way", ["loop", "wait"])
def test_byte_by_byte(qt: Any, app: Any, proxy: RealProxy, listener: socket.socket, port: int, way: str) -> None:
    with raw_listener() as between, Background(slowly, between, proxy.port):
        sock, trace = client(qt, port_of(between))
        sock.connectToHost(LOCALHOST, port)
        if way == "loop" or not qt.is_qnet:  # the oracle holds the interpreter's lock while it waits
            assert settle(qt, sock) == "Connected"
        else:
            assert sock.waitForConnected(30_000)
        assert trace == CONNECTED
        peer = accept(listener)
        peer.sendall(b"hello")
        assert qt.wait(lambda: sock.bytesAvailable() == 5)
        sock.abort()


# --- logins ----------------------------------------------------------------------------------------------------------


def test_the_right_password(qt: Any, app: Any, port: int, tmp_path: Path) -> None:
    with microsocks(tmp_path, login=True) as locked:
        sock, trace = client(qt, locked.port, USER, PASSWORD)
        sock.connectToHost(LOCALHOST, port)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED


def test_the_right_password_at_the_second_try(qt: Any, app: Any, port: int, tmp_path: Path) -> None:
    asked: list[tuple[str, int]] = []

    def ask(proxy: Any, authenticator: Any) -> None:
        asked.append((proxy.user(), proxy.port()))
        authenticator.setUser(USER)
        authenticator.setPassword(PASSWORD)

    with microsocks(tmp_path, login=True) as locked:
        for user in ("", "mallory"):
            sock, trace = client(qt, locked.port, user, "wrong" if user else "")
            sock.proxyAuthenticationRequired.connect(ask)
            sock.connectToHost(LOCALHOST, port)
            assert settle(qt, sock) == "Connected"
            assert trace == CONNECTED
        assert asked == [("", locked.port), ("mallory", locked.port)]


@pytest.mark.parametrize("user", ["", "no-such-user"])
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_the_wrong_password(qt: Any, app: Any, locked: RealProxy, port: int, user: str, way: str) -> None:
    sock, trace = client(qt, locked.port, user, "wrong" if user else "")
    sock.connectToHost(LOCALHOST, port)
    if way == "wait":
        assert not sock.waitForConnected(30_000)
    assert settle(qt, sock) == "Unconnected"
    assert trace == [*CONNECTING, "state:Unconnected", "error:ProxyAuthenticationRequired@Unconnected"]


# --- what fails ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["loop", "wait"])
def test_a_target_that_refuses(qt: Any, app: Any, proxy: RealProxy, way: str) -> None:
    sock, trace = client(qt, proxy.port)
    sock.connectToHost(LOCALHOST, closed_port())
    if way == "wait":
        assert not sock.waitForConnected(30_000)
    assert settle(qt, sock) == "Unconnected"
    assert trace == [*CONNECTING, "state:Unconnected", "error:ConnectionRefused@Unconnected"]


def test_a_target_that_nobody_knows(qt: Any, app: Any, proxy: RealProxy) -> None:
    sock, trace = client(qt, proxy.port)
    sock.connectToHost("no-such-host.invalid.", 80)
    assert settle(qt, sock) == "Unconnected"
    assert trace == [*BY_NAME[:2], "state:Unconnected", "error:HostNotFound@Unconnected"]


def test_a_target_that_is_forbidden(qt: Any, app: Any, tmp_path: Path) -> None:
    with danted(tmp_path) as strict:
        sock, trace = client(qt, strict.port)
        sock.connectToHost(BLOCKED, 80)
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, "state:Unconnected", "error:SocketAccess@Unconnected"]


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_that_dies_in_the_middle(qt: Any, app: Any, name: str, tmp_path: Path, linked: Any) -> None:
    with PROXIES[name](tmp_path) as mortal:
        sock, trace, peer = linked(mortal.port)
        peer.sendall(b"half of it")
        assert qt.wait(lambda: sock.bytesAvailable() == 10)
        for _ in range(200):
            sock.write(bytes(1 << 16))  # much more than there is room for on the way
        assert qt.wait(lambda: 0 < sock.bytesToWrite() < 200 << 16)
        mortal.kill()
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        # It is the other end of the connection that has gone, whoever that is.
        assert trace[-len(REMOTE_CLOSE) :] == REMOTE_CLOSE
        assert sock.readAll() == b"half of it"


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_that_dies_while_it_connects(qt: Any, app: Any, name: str, tmp_path: Path) -> None:
    with PROXIES[name](tmp_path) as mortal, deaf_listener() as deaf:
        sock, trace = client(qt, mortal.port)
        sock.connectToHost(LOCALHOST, deaf)
        assert qt.wait(lambda: is_dialled(deaf))
        mortal.kill()
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, "state:Unconnected", "error:ProxyConnectionClosed@Unconnected"]


def test_what_speaks_another_protocol(qt: Any, app: Any, listener: socket.socket, port: int) -> None:
    sock, trace = client(qt, port)
    sock.connectToHost("198.51.100.7", 80)
    peer = accept(listener)
    peer.sendall(b"220 mail.test ESMTP\r\n")
    assert settle(qt, sock) == "Unconnected"
    assert trace == [*CONNECTING, "state:Unconnected", "error:ProxyProtocol@Unconnected"]


def test_what_never_answers(qt: Any, app: Any, port: int) -> None:
    sock, _ = client(qt, port)
    sock.connectToHost("target.test", 80)
    assert not sock.waitForConnected(100)
    assert (short(sock.error()), short(sock.state())) == ("SocketTimeout", "Unconnected")
