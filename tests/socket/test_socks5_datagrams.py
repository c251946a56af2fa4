"""QUdpSocket through SOCKS5 proxies, UDP ASSOCIATE: danted, and relays that follow a script."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from _peers import LOCAL_CLOSE, LOCALHOST, Begins, Trace, closed_port, datagram_peer, ours, port_of, raw_listener, short
from _proxied import assert_nothing_is_left
from _socks_proxies import (
    LOGIN,
    NO_LOGIN,
    NO_METHOD,
    PASSWORD,
    REFUSED,
    TAKEN,
    USER,
    RealProxy,
    ScriptedProxy,
    danted,
    refused,
)

TARGET, NAME, PORT = "10.9.8.7", "target.test", 53
RELAY: list[Any] = [NO_LOGIN, ("relay",)]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProxy]:
    with danted(tmp_path_factory.mktemp("danted")) as proxy:
        yield proxy


def udp(qt: Any, port: int, user: str = "", password: str = "", kind: Any = None) -> tuple[Any, Trace]:
    sock = ours(qt.QUdpSocket())
    sock.setProxy(qt.QNetworkProxy(kind or qt.QNetworkProxy.Socks5Proxy, LOCALHOST, port, user, password))
    return sock, Trace(sock)


def bound(qt: Any, port: int, **login: str) -> tuple[Any, Trace]:
    sock, trace = udp(qt, port, **login)
    assert sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
    assert trace.take() == ["state:Bound"]
    return sock, trace


def received(qt: Any, sock: Any) -> list[tuple[bytes, str, int]]:
    """All datagrams that are there, after waiting for one."""
    assert qt.wait(sock.hasPendingDatagrams)
    qt.spin(20)
    found = []
    while sock.hasPendingDatagrams():
        size = sock.pendingDatagramSize()
        data, sender, port = sock.readDatagram(65536)
        assert len(data) == size
        found.append((bytes(data.data()), sender.toString(), port))
    return found


# --- danted ----------------------------------------------------------------------------------------------------------


def test_there_and_back(qt: Any, app: Any, real: RealProxy) -> None:
    sock, trace = bound(qt, real.port)
    peer = datagram_peer()
    for text in (b"one", b"", b"x" * 9000):
        assert sock.writeDatagram(text, qt.QHostAddress(LOCALHOST), port_of(peer)) == len(text)
        data, sender = peer.recvfrom(65536)
        assert data == text
        peer.sendto(b"re: " + data, sender)
        assert received(qt, sock) == [(b"re: " + text, LOCALHOST, port_of(peer))]
    assert (sock.localAddress().isNull(), sock.localPort()) == (True, 0)
    sock.close()
    assert trace[-4:] == LOCAL_CLOSE


def test_several_senders(qt: Any, app: Any, real: RealProxy) -> None:
    sock, _ = bound(qt, real.port)
    peers = [datagram_peer() for _ in range(3)]
    for index, peer in enumerate(peers):
        sock.writeDatagram(b"hello", qt.QHostAddress(LOCALHOST), port_of(peer))
        _, relay = peer.recvfrom(100)
        peer.sendto(bytes((index,)), relay)
        assert received(qt, sock) == [(bytes((index,)), LOCALHOST, port_of(peer))]


def test_as_a_device(qt: Any, app: Any, real: RealProxy) -> None:
    peer = datagram_peer()
    sock, trace = udp(qt, real.port)
    sock.connectToHost(LOCALHOST, port_of(peer))
    assert qt.wait(lambda: short(sock.state()) == "Connected")
    assert trace == [
        "state:HostLookup",
        "state:Connecting",
        "hostFound@Connecting",
        "state:Connected",
        "connected@Connected",
    ]
    assert (sock.peerAddress().toString(), sock.peerPort()) == (LOCALHOST, port_of(peer))
    assert sock.write(b"question") == 8
    data, relay = peer.recvfrom(100)
    peer.sendto(b"answer to " + data, relay)
    assert qt.wait(sock.hasPendingDatagrams)
    assert sock.readAll() == b"answer to question"
    sock.disconnectFromHost()
    assert trace[-4:] == LOCAL_CLOSE


def test_without_a_loop(qt: Any, app: Any, real: RealProxy) -> None:
    sock, _ = bound(qt, real.port)
    peer = datagram_peer()
    sock.writeDatagram(b"question", qt.QHostAddress(LOCALHOST), port_of(peer))
    _, relay = peer.recvfrom(100)
    start = time.monotonic()
    assert not sock.waitForReadyRead(50)
    assert time.monotonic() - start >= 0.048
    peer.sendto(b"answer", relay)
    assert sock.waitForReadyRead(30_000)
    assert sock.receiveDatagram().data() == b"answer"


@pytest.mark.qnet("Qt crashes when the association ends")
def test_a_proxy_that_dies(qt: Any, app: Any, tmp_path: Any) -> None:
    with danted(tmp_path) as mortal:
        sock, trace = bound(qt, mortal.port)
        mortal.kill()
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace == ["error:ProxyConnectionClosed@Bound", *LOCAL_CLOSE]
        assert sock.errorString() == Begins("Connection to proxy closed prematurely")


# --- on the wire -----------------------------------------------------------------------------------------------------


def test_the_request_and_the_header(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, _ = bound(qt, script.port)
        sock.writeDatagram(b"four", qt.QHostAddress(TARGET), PORT)
        assert received(qt, sock) == [(b"echo: four", TARGET, PORT)]
        sock.writeDatagram(b"six", qt.QHostAddress("2001:db8::1"), PORT)
        assert received(qt, sock) == [(b"echo: six", "2001:db8::1", PORT)]
        datagram = qt.QNetworkDatagram(b"whole", qt.QHostAddress(TARGET), PORT)
        assert sock.writeDatagram(datagram) == 5
        assert qt.wait(sock.hasPendingDatagrams)
        answer = sock.receiveDatagram()
        assert (answer.data(), answer.senderAddress().toString(), answer.senderPort()) == (b"echo: whole", TARGET, PORT)
        assert (answer.destinationAddress().isNull(), answer.hopLimit(), answer.interfaceIndex()) == (True, -1, 0)
        heard = script.heard()[0]
        assert heard[0] == b"\5\1\0"
        assert heard[1][:8] == b"\5\3\0\1\0\0\0\0"
        assert heard[1][8:] != b"\0\0"
        assert heard[2:5] == [
            b"\0\0\0\1\x0a\x09\x08\x07\0\x35four",
            b"\0\0\0\4\x20\1\x0d\xb8" + bytes(11) + b"\1\0\x35six",
            b"\0\0\0\1\x0a\x09\x08\x07\0\x35whole",
        ]


def test_a_relay_that_does_not_say_where_it_is(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("relay", "0.0.0.0")]) as script:
        sock, _ = bound(qt, script.port)
        sock.writeDatagram(b"text", qt.QHostAddress(TARGET), PORT)
        assert received(qt, sock) == [(b"echo: text", TARGET, PORT)]


@pytest.mark.qnet("Qt takes datagrams from anybody for the relay's")
def test_nobody_else_can_say_who_sent(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, trace = bound(qt, script.port)
        sock.writeDatagram(b"stranger", qt.QHostAddress(TARGET), PORT)
        assert received(qt, sock) == [(b"echo: stranger", TARGET, PORT)]
        assert trace == ["readyRead@Bound"]


@pytest.mark.qnet("Qt announces what it drops")
def test_what_is_dropped_is_not_announced(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, trace = bound(qt, script.port)
        stray = datagram_peer()
        where = sock._q_engine.sock.getsockname()[:2]
        for junk in (b"", b"junk", b"\0\0\0\1" + bytes(6) + b"from a stranger"):
            stray.sendto(junk, (LOCALHOST, where[1]))
        qt.spin(30)
        assert trace == []
        assert not sock.waitForReadyRead(20)
        assert (sock.hasPendingDatagrams(), sock.pendingDatagramSize(), sock.bytesAvailable()) == (False, -1, 0)
        assert not sock.receiveDatagram().isValid()
        assert sock.readDatagram(100)[2] == 0


def test_the_first_datagram_binds(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, trace = udp(qt, script.port)
        assert sock.writeDatagram(b"text", qt.QHostAddress(TARGET), PORT) == 4
        assert received(qt, sock) == [(b"echo: text", TARGET, PORT)]
        assert trace == ["state:Bound", "readyRead@Bound"]


def test_a_datagram_that_is_too_large(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, trace = bound(qt, script.port)
        assert sock.writeDatagram(bytes(65500), qt.QHostAddress(TARGET), PORT) == -1
        assert trace == ["error:DatagramTooLarge@Bound"]


def test_no_groups(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, _ = bound(qt, script.port)
        assert not sock.joinMulticastGroup(qt.QHostAddress("224.1.1.1"))
        assert not sock.leaveMulticastGroup(qt.QHostAddress("224.1.1.1"))


@pytest.mark.qnet("Qt cannot send to a name")
def test_a_name_goes_to_the_relay(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, trace = udp(qt, script.port)
        sock.connectToHost(NAME, PORT)
        assert qt.wait(lambda: short(sock.state()) == "Connected")
        assert trace == ["state:HostLookup", "state:Connecting", "state:Connected", "connected@Connected"]
        assert (sock.peerAddress().isNull(), sock.peerPort(), sock.peerName()) == (True, PORT, NAME)
        assert sock.write(b"text") == 4
        assert received(qt, sock) == [(b"echo: text", "", PORT)]
        assert script.heard()[0][2] == b"\0\0\0\3\x0btarget.test\0\x35text"


@pytest.mark.qnet("Qt cannot connect a bound socket through a proxy")
def test_bound_then_connected(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, _ = bound(qt, script.port)
        sock.connectToHost(TARGET, PORT)
        assert short(sock.state()) == "Connected"
        assert sock.write(b"text") == 4
        assert received(qt, sock) == [(b"echo: text", TARGET, PORT)]
        assert len(script.heard()) == 1


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
@pytest.mark.parametrize("way", ["bind", "connect"])
def test_proxies_that_do_not_do_it(qt: Any, app: Any, script: list[Any], error: str, text: str, way: str) -> None:
    with ScriptedProxy(script) as proxy:
        sock, trace = udp(qt, proxy.port, *(("u", "p") if script[0] == LOGIN else ("", "")))
        if way == "bind":
            assert not sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        else:
            sock.connectToHost(TARGET, PORT)
            assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace[-1] == f"error:{error}@Unconnected"
        assert (short(sock.error()), sock.errorString()) == (error, Begins(text))


def test_asked_for_a_login_within_bind(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_METHOD], [LOGIN, TAKEN, ("relay",)]) as script:
        sock, _ = udp(qt, script.port)
        asked = []

        def ask(proxy: Any, authenticator: Any) -> None:
            asked.append(proxy.port())
            authenticator.setUser(USER)
            authenticator.setPassword(PASSWORD)

        sock.proxyAuthenticationRequired.connect(ask)
        assert sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        assert asked == [script.port]


@pytest.mark.qnet("nobody knows what Qt's socket is then")
def test_a_slot_that_does_something_else_with_the_socket(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_METHOD]) as script:
        sock, trace = udp(qt, script.port)

        def act(proxy: Any, authenticator: Any) -> None:
            sock.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))
            assert sock.bind(qt.QHostAddress(LOCALHOST))

        sock.proxyAuthenticationRequired.connect(act)
        before = len(os.listdir("/proc/self/fd"))
        assert not sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        assert (short(sock.state()), sock.localAddress().toString()) == ("Bound", LOCALHOST)
        assert trace[0] == "state:Bound"
        assert len(os.listdir("/proc/self/fd")) == before + 1


def test_no_proxy_there(qt: Any, app: Any) -> None:
    sock, trace = udp(qt, closed_port())
    assert not sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
    assert trace == ["error:ProxyConnectionRefused@Unconnected"]


@pytest.mark.parametrize("kind", ["HttpProxy", "HttpCachingProxy", "Socks5Proxy"])
def test_proxies_that_cannot(qt: Any, app: Any, kind: str) -> None:
    def made() -> tuple[Any, Trace]:
        sock, trace = udp(qt, closed_port(), kind=getattr(qt.QNetworkProxy, kind))
        if kind == "Socks5Proxy":
            proxy = sock.proxy()
            proxy.setCapabilities(qt.QNetworkProxy.TunnelingCapability)
            sock.setProxy(proxy)
        return sock, trace

    text = Begins("Operation on socket is not supported")
    sock, trace = made()
    assert not sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
    assert (short(sock.error()), sock.errorString(), trace) == ("UnsupportedSocketOperation", text, [])
    sock, trace = made()
    assert sock.writeDatagram(b"text", qt.QHostAddress(TARGET), PORT) == -1
    assert (short(sock.error()), sock.errorString(), trace) == ("UnsupportedSocketOperation", text, [])
    sock, trace = made()
    sock.connectToHost(TARGET, PORT)
    assert trace == ["error:UnsupportedSocketOperation@Unconnected"]


@pytest.mark.qnet("the time is Qt's, and 5 s are too long for a test")
def test_a_silent_proxy(qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from qnet.socket import _proxying

    assert _proxying.SETUP_LIMIT == 5000
    monkeypatch.setattr(_proxying, "SETUP_LIMIT", 50)
    with raw_listener() as silent:
        sock, trace = udp(qt, port_of(silent))
        assert not sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        assert trace == ["error:SocketTimeout@Unconnected"]
        assert sock.errorString() == Begins("Network operation timed out")


# --- the end of the association --------------------------------------------------------------------------------------


@pytest.mark.qnet("Qt crashes when the association ends")
@pytest.mark.parametrize("way", ["loop", "wait"])
@pytest.mark.parametrize("connected", [False, True])
def test_the_proxy_hangs_up(qt: Any, app: Any, way: str, connected: bool) -> None:
    with ScriptedProxy(RELAY) as script:
        if connected:
            sock, trace = udp(qt, script.port)
            sock.connectToHost(TARGET, PORT)
            assert qt.wait(lambda: short(sock.state()) == "Connected")
            trace.clear()
            sock.write(b"hang up")
        else:
            sock, trace = bound(qt, script.port)
            sock.writeDatagram(b"hang up", qt.QHostAddress(TARGET), PORT)
        state = "Connected" if connected else "Bound"
        if way == "wait":
            assert not sock.waitForReadyRead(30_000)
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace == [f"error:ProxyConnectionClosed@{state}", *LOCAL_CLOSE]
        assert sock.writeDatagram(b"again", qt.QHostAddress(TARGET), PORT) == 5  # a new association


@pytest.mark.qnet("Qt crashes when the association ends")
def test_aborted_in_the_slot_that_hears_of_the_end(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, trace = bound(qt, script.port)
        sock.errorOccurred.connect(lambda error: sock.close())
        sock.writeDatagram(b"hang up", qt.QHostAddress(TARGET), PORT)
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace == ["error:ProxyConnectionClosed@Bound", *LOCAL_CLOSE]


@pytest.mark.qnet("Qt's association stays in its thread")
def test_moved_to_another_thread(qt: Any, app: Any) -> None:
    with ScriptedProxy(RELAY) as script:
        sock = qt.QUdpSocket()
        sock.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, LOCALHOST, script.port))
        assert sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        qt.spin(10)
        thread = qt.QThread()
        thread.start()
        seen: list[Any] = []
        sock.readyRead.connect(lambda: seen.append((qt.QThread.currentThread(), bytes(sock.readDatagram(100)[0]))))
        sock.errorOccurred.connect(lambda error: seen.append((qt.QThread.currentThread(), short(error))))
        assert sock.moveToThread(thread)
        sock._q_engine.sendto(b"text", qt.QHostAddress(TARGET), PORT)
        assert qt.wait(lambda: len(seen) == 1)
        sock._q_engine.sendto(b"hang up", qt.QHostAddress(TARGET), PORT)
        assert qt.wait(lambda: len(seen) == 2)
        assert seen == [(thread, b"echo: text"), (thread, "ProxyConnectionClosed")]
        sock.deleteLater()
        thread.quit()
        assert thread.wait(30_000)


@pytest.mark.qnet("counts qnet's objects")
@pytest.mark.parametrize("script", [RELAY, [NO_LOGIN, refused(7)], [("close",)]])
def test_nothing_is_left(qt: Any, app: Any, script: list[Any]) -> None:
    from qnet.socket._negotiation import Negotiation
    from qnet.socket.engines.native import QNativeSocketEngine

    def alive() -> int:
        kinds = (qt.QUdpSocket, Negotiation, QNativeSocketEngine, socket.socket)
        return sum(isinstance(each, kinds) for each in gc.get_objects())

    def once(proxy: ScriptedProxy) -> None:
        sock = qt.QUdpSocket()
        sock.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, LOCALHOST, proxy.port))
        sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        sock.writeDatagram(b"text", qt.QHostAddress(TARGET), PORT)
        qt.process()
        sock.close()
        sock.connectToHost(TARGET, PORT)
        qt.spin(2)
        sock.abort()

    with ScriptedProxy(script) as proxy:
        assert_nothing_is_left(lambda: once(proxy), alive)


@pytest.mark.qnet("Qt refuses options before the connection stands")
@pytest.mark.parametrize("way", ["bind", "connect"])
def test_options_hold_for_the_way_to_the_relay(qt: Any, app: Any, way: str) -> None:
    with ScriptedProxy(RELAY) as script:
        sock, _ = udp(qt, script.port)
        sock.setSocketOption(qt.QAbstractSocket.TypeOfServiceOption, 16)
        if way == "bind":
            assert sock.bind(qt.QHostAddress(qt.QHostAddress.AnyIPv4))
        else:
            sock.connectToHost(TARGET, PORT)
            assert qt.wait(lambda: short(sock.state()) == "Connected")
        assert sock.socketOption(qt.QAbstractSocket.TypeOfServiceOption) == 16
