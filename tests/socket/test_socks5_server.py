"""QTcpServer through SOCKS5 proxies, BIND: danted, and proxies that follow a script."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _peers import (
    LOCALHOST,
    REMOTE_CLOSE,
    Begins,
    Trace,
    closed_port,
    dial,
    needs_ipv6,
    ours,
    port_of,
    raw_listener,
    short,
)
from _proxied import assert_nothing_is_left
from _socks_proxies import LOGIN, NO_LOGIN, NO_METHOD, REFUSED, TAKEN, RealProxy, ScriptedProxy, danted, refused

BIND: list[Any] = [NO_LOGIN, ("bind",)]
EVERYWHERE = b"\5\2\0\1\0\0\0\0\0\0"
ONE_EACH = pytest.mark.qnet("Qt stops listening after the first client")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProxy]:
    with danted(tmp_path_factory.mktemp("danted")) as proxy:
        yield proxy


def server_at(qt: Any, port: int, user: str = "", password: str = "", kind: Any = None) -> Any:
    server = ours(qt.QTcpServer())
    server.setProxy(qt.QNetworkProxy(kind or qt.QNetworkProxy.Socks5Proxy, LOCALHOST, port, user, password))
    return server


@pytest.fixture
def listening(qt: Any, app: Any) -> Callable[[int], Any]:
    """Makes servers that listen through the proxy at a port."""

    def make(port: int) -> Any:
        server = server_at(qt, port)
        assert server.listen(qt.QHostAddress(qt.QHostAddress.AnyIPv4)), server.errorString()
        assert server.isListening()
        return server

    return make


def client_of(qt: Any, server: Any) -> tuple[Any, socket.socket]:
    """Connect to where the proxy listens; the server's end and ours."""
    assert qt.wait(lambda: server.serverPort() != 0)
    peer = dial(server.serverPort())
    assert qt.wait(server.hasPendingConnections)
    return ours(server.nextPendingConnection()), peer


# --- danted ----------------------------------------------------------------------------------------------------------


def test_listening_at_the_proxy(qt: Any, real: RealProxy, listening: Any) -> None:
    server = listening(real.port)
    assert (server.serverAddress().toString(), server.serverError().name) == (LOCALHOST, "UnknownSocketError")
    seen = []
    server.newConnection.connect(lambda: seen.append("newConnection"))
    server.pendingConnectionAvailable.connect(lambda: seen.append("pendingConnectionAvailable"))
    where = server.serverPort()
    sock, peer = client_of(qt, server)
    assert seen == ["pendingConnectionAvailable", "newConnection"]
    assert (short(sock.state()), sock.isOpen(), sock.parent() is server) == ("Connected", True, True)
    assert (sock.localAddress().toString(), sock.localPort()) == (LOCALHOST, where)
    sock.write(b"hello")
    assert qt.wait(lambda: sock.bytesToWrite() == 0)
    assert peer.recv(100) == b"hello"


@pytest.mark.qnet("Qt hands out the proxy's second reply as data, and knows no peer")
def test_eight_megabytes_to_a_server_behind_a_proxy(qt: Any, real: RealProxy, listening: Any) -> None:
    server = listening(real.port)
    sock, peer = client_of(qt, server)
    assert (sock.peerAddress().toString(), sock.peerPort()) == (LOCALHOST, peer.getsockname()[1])
    data = os.urandom(8 << 20)
    sock.write(data)
    received = bytearray()
    peer.setblocking(False)

    def drained() -> bool:
        try:
            received.extend(peer.recv(1 << 20))
        except BlockingIOError:
            pass
        return len(received) >= len(data)

    assert qt.wait(drained, 60)
    assert received == data
    trace = Trace(sock)
    peer.sendall(b"last words")
    peer.close()
    assert qt.wait(lambda: short(sock.state()) == "Unconnected")
    assert (sock.readAll(), trace[-len(REMOTE_CLOSE) :]) == (b"last words", REMOTE_CLOSE)


@ONE_EACH
def test_one_client_after_the_other(qt: Any, real: RealProxy, listening: Any) -> None:
    server = listening(real.port)
    pairs = [client_of(qt, server) for _ in range(4)]
    for index, (sock, peer) in enumerate(pairs):
        peer.sendall(bytes((index,)))
        assert qt.wait(lambda sock=sock: sock.bytesAvailable() == 1)
        assert sock.readAll() == bytes((index,))
    server.close()
    assert (server.isListening(), server.serverPort()) == (False, 0)
    assert all(short(sock.state()) == "Connected" for sock, _ in pairs)


@ONE_EACH
def test_without_a_loop(qt: Any, real: RealProxy, listening: Any) -> None:
    server = listening(real.port)
    assert server.waitForNewConnection(20) == (False, True)
    for _ in range(3):
        while not server.serverPort():  # the next BIND is under way
            assert server.waitForNewConnection(50) == (False, True)
        peer = dial(server.serverPort())
        assert server.waitForNewConnection(30_000) == (True, False)
        sock = server.nextPendingConnection()
        peer.sendall(b"hello")
        assert sock.waitForReadyRead(30_000)
        assert sock.readAll() == b"hello"


@ONE_EACH
def test_a_proxy_that_dies(qt: Any, listening: Any, tmp_path: Any) -> None:
    with danted(tmp_path) as mortal:
        server = listening(mortal.port)
        errors: list[str] = []
        server.acceptError.connect(lambda error: errors.append(short(error)))
        mortal.kill()
        assert qt.wait(lambda: len(errors) >= 2)
        assert errors[:2] == ["ProxyConnectionClosed", "ProxyConnectionRefused"]
        assert (server.isListening(), server.serverPort()) == (True, 0)
        assert server.errorString() == Begins("Connection to proxy refused")


# --- on the wire -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "port", "request_"),
    [
        ("0.0.0.0", 0, EVERYWHERE),
        ("10.1.1.1", 4321, b"\5\2\0\1\x0a\1\1\1\x10\xe1"),
        ("::", 0, b"\5\2\0\4" + bytes(18)),
    ],
)
def test_the_request(qt: Any, app: Any, address: str, port: int, request_: bytes) -> None:
    with ScriptedProxy(BIND) as script:
        server = server_at(qt, script.port)
        assert server.listen(qt.QHostAddress(address), port)
        assert script.heard()[0][:2] == [b"\5\1\0", request_]


@pytest.mark.qnet("Qt says 0.0.0.0, too")
def test_all_addresses_of_the_proxy_are_the_one_that_we_know(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("bind", b"", "0.0.0.0")]) as script:
        server = server_at(qt, script.port)
        assert server.listen()
        assert server.serverAddress().toString() == LOCALHOST


@ONE_EACH
@pytest.mark.parametrize("early", [b"", b"early"])
def test_bytes_that_come_with_the_second_reply(qt: Any, listening: Any, early: bytes) -> None:
    with ScriptedProxy([NO_LOGIN, ("bind", early), b" and late"]) as script:
        sock, _ = client_of(qt, listening(script.port))
        sock.write(b"hello")
        assert qt.wait(lambda: sock.bytesAvailable() == len(early + b" and late"))
        assert sock.readAll() == early + b" and late"


@pytest.mark.qnet("Qt hands out the proxy's second reply as data")
def test_an_incoming_connection_of_ones_own(qt: Any, app: Any) -> None:
    handles: list[int] = []

    class Server(qt.QTcpServer):
        def incomingConnection(self, handle: int) -> None:
            handles.append(handle)

    with ScriptedProxy([NO_LOGIN, ("bind", b"early")]) as script:
        server = ours(Server())
        server.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, LOCALHOST, script.port))
        assert server.listen()
        for count in (1, 2):
            assert qt.wait(lambda: server.serverPort() != 0)
            dial(server.serverPort())
            assert qt.wait(lambda count=count: len(handles) == count)
        for handle in handles:
            sock = ours(qt.QTcpSocket())
            assert sock.setSocketDescriptor(handle)
            assert qt.wait(lambda sock=sock: sock.bytesAvailable() == 5)
            assert sock.readAll() == b"early"


def test_a_login(qt: Any, app: Any) -> None:
    with ScriptedProxy([LOGIN, TAKEN, ("bind",)]) as script:
        server = server_at(qt, script.port, "u", "p")
        assert server.listen(qt.QHostAddress("0.0.0.0"))
        assert script.heard()[0][1] == b"\1\1u\1p"


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "error", "text"),
    [
        ([("close",)], "ProxyConnectionClosed", "Connection to proxy closed prematurely"),
        ([b"xxxx"], "ProxyProtocol", "SOCKS version 5 protocol error"),
        ([NO_METHOD], "ProxyAuthenticationRequired", "Proxy authentication failed"),
        ([LOGIN, REFUSED], "ProxyAuthenticationRequired", "Proxy authentication failed"),
        ([NO_LOGIN, refused(1)], "Network", "General SOCKSv5 server failure"),
        ([NO_LOGIN, refused(2)], "SocketAccess", "Connection not allowed by SOCKSv5 server"),
        ([NO_LOGIN, refused(7)], "UnsupportedSocketOperation", "SOCKSv5 command not supported"),
    ],
)
def test_proxies_that_do_not_do_it(qt: Any, app: Any, script: list[Any], error: str, text: str) -> None:
    with ScriptedProxy(script) as proxy:
        server = server_at(qt, proxy.port, *(("u", "p") if script[0] == LOGIN else ("", "")))
        assert not server.listen(qt.QHostAddress("0.0.0.0"))
        assert (server.isListening(), server.serverPort()) == (False, 0)
        assert (short(server.serverError()), server.errorString()) == (error, Begins(text))


def test_no_proxy_there(qt: Any, app: Any) -> None:
    server = server_at(qt, closed_port())
    assert not server.listen(qt.QHostAddress("0.0.0.0"))
    assert short(server.serverError()) == "ProxyConnectionRefused"


@pytest.mark.parametrize("kind", ["HttpProxy", "HttpCachingProxy", "Socks5Proxy"])
def test_proxies_that_cannot(qt: Any, app: Any, kind: str) -> None:
    server = server_at(qt, closed_port(), kind=getattr(qt.QNetworkProxy, kind))
    if kind == "Socks5Proxy":
        proxy = server.proxy()
        proxy.setCapabilities(qt.QNetworkProxy.TunnelingCapability)
        server.setProxy(proxy)
    assert not server.listen(qt.QHostAddress("0.0.0.0"))
    assert short(server.serverError()) == "UnsupportedSocketOperation"
    assert server.errorString() == Begins("Operation on socket is not supported")


@pytest.mark.parametrize("address", [LOCALHOST, pytest.param("::1", marks=needs_ipv6)])
def test_loopback_addresses_are_listened_on_here(qt: Any, app: Any, address: str) -> None:
    server = server_at(qt, closed_port())
    assert server.listen(qt.QHostAddress(address))
    dial(server.serverPort(), address)
    assert qt.wait(server.hasPendingConnections)


@pytest.mark.qnet("the time is Qt's, and 5 s are too long for a test")
def test_a_silent_proxy(qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from qnet.socket import _proxying

    monkeypatch.setattr(_proxying, "SETUP_LIMIT", 50)
    with raw_listener() as silent:
        server = server_at(qt, port_of(silent))
        assert not server.listen(qt.QHostAddress("0.0.0.0"))
        assert short(server.serverError()) == "SocketTimeout"


@ONE_EACH
@pytest.mark.parametrize(
    ("second", "error"),
    [
        (("bound", refused(1)), "Network"),
        (("bound", b"xxxx"), "ProxyProtocol"),
        (("bound", b""), "ProxyConnectionClosed"),
        (("bound", b"", True), "ProxyConnectionClosed"),
    ],
)
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_a_bind_that_nobody_comes_to_is_made_again(qt: Any, listening: Any, second: Any, error: str, way: str) -> None:
    with ScriptedProxy([NO_LOGIN, second], BIND) as script:
        server = listening(script.port)
        errors: list[str] = []
        server.acceptError.connect(lambda error: errors.append(short(error)))
        if way == "wait":
            assert server.waitForNewConnection(30_000) == (False, False)
            assert server.waitForNewConnection(50) == (False, True)
        assert qt.wait(lambda: errors == [error])
        client_of(qt, server)
        assert errors == [error]


# --- life ------------------------------------------------------------------------------------------------------------


@ONE_EACH
def test_paused(qt: Any, listening: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("bind",)]) as script:
        server = listening(script.port)
        server.pauseAccepting()
        dial(server.serverPort())
        qt.spin(30)
        assert not server.hasPendingConnections()
        server.resumeAccepting()
        assert qt.wait(server.hasPendingConnections)


@ONE_EACH
def test_a_full_list_waits(qt: Any, listening: Any) -> None:
    with ScriptedProxy(BIND) as script:
        server = listening(script.port)
        server.setMaxPendingConnections(1)
        new: list[bool] = []
        server.newConnection.connect(lambda: new.append(True))
        dial(server.serverPort())
        assert qt.wait(lambda: new)
        assert qt.wait(lambda: server.serverPort() != 0)
        dial(server.serverPort())
        qt.spin(30)
        assert len(new) == 1
        assert server.nextPendingConnection() is not None
        assert qt.wait(server.hasPendingConnections)


@ONE_EACH
@pytest.mark.parametrize("when", ["in the slot", "before the answer"])
def test_closed(qt: Any, listening: Any, when: str) -> None:
    with ScriptedProxy(BIND, [NO_LOGIN]) as script:
        server = listening(script.port)
        if when == "in the slot":
            server.newConnection.connect(server.close)
        dial(server.serverPort())
        if when == "before the answer":
            assert qt.wait(server.hasPendingConnections)
            assert qt.wait(lambda: len(script.so_far()) == 2)
            assert (server.isListening(), server.serverPort()) == (True, 0)
            server.close()
        assert qt.wait(lambda: not server.isListening())
        qt.spin(20)
        assert len(script.heard()) == (1 if when == "in the slot" else 2)


@ONE_EACH
def test_shutdown(qt: Any, listening: Any) -> None:
    with ScriptedProxy(BIND) as script:
        server = listening(script.port)
        finished: list[int] = []
        server.shutdownFinished.connect(finished.append)
        sock, _ = client_of(qt, server)
        server.shutdown(20)
        assert qt.wait(lambda: finished == [1])
        assert short(sock.state()) == "Unconnected"


@ONE_EACH
@pytest.mark.parametrize("when", ["bound", "binding"])
def test_moved_to_another_thread(qt: Any, app: Any, when: str) -> None:
    with ScriptedProxy(BIND, [NO_LOGIN, ("bind",)]) as script:
        server = qt.QTcpServer()
        server.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, LOCALHOST, script.port))
        assert server.listen()
        thread = qt.QThread()
        thread.start()
        seen: list[Any] = []
        if when == "binding":
            dial(server.serverPort())
            assert qt.wait(server.hasPendingConnections)
        server.newConnection.connect(lambda: seen.append(qt.QThread.currentThread()))
        assert server.moveToThread(thread)
        assert qt.wait(lambda: server.serverPort() != 0)
        dial(server.serverPort())
        assert qt.wait(lambda: bool(seen))
        assert seen == [thread]
        server.deleteLater()
        thread.quit()
        assert thread.wait(30_000)


@pytest.mark.qnet("counts qnet's objects")
def test_nothing_is_left(qt: Any, app: Any) -> None:
    from qnet.socket._negotiation import Negotiation
    from qnet.socket.engines.native import QNativeSocketEngine

    def alive() -> int:
        kinds = (qt.QTcpServer, qt.QTcpSocket, Negotiation, QNativeSocketEngine, socket.socket)
        return sum(isinstance(each, kinds) for each in gc.get_objects())

    def once(script: ScriptedProxy) -> None:
        server = qt.QTcpServer()
        server.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, LOCALHOST, script.port))
        assert server.listen()
        with socket.create_connection((LOCALHOST, server.serverPort())):
            assert qt.wait(server.hasPendingConnections)
            server.nextPendingConnection().abort()
        server.close()
        server.deleteLater()
        qt.process()

    with ScriptedProxy(BIND) as script:
        assert_nothing_is_left(lambda: once(script), alive)
