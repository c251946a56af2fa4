"""QTcpSocket through proxies that follow a script: signals and states, which error is which, which proxy is used."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from _peers import (
    CONNECTED,
    CONNECTING,
    LOCAL_CLOSE,
    REMOTE_CLOSE,
    Begins,
    Trace,
    accept,
    closed_port,
    is_readable,
    keep,
    needs_ipv6,
    ours,
    port_of,
    raw_listener,
    short,
)
from _proxied import (
    BY_NAME,
    FAILED,
    GREETING,
    NAME,
    PORT,
    REQUEST,
    REQUEST_BY_NAME,
    TARGET,
    client,
    proxy_at,
    run,
    settle,
)
from _socks_proxies import (
    GRANTED,
    GRANTED_LOCAL,
    LOCALHOST,
    LOGIN,
    NO_LOGIN,
    TAKEN,
    ScriptedProxy,
    refused,
)


@pytest.fixture(autouse=True)
def no_application_proxy(qt: Any) -> Iterator[None]:
    yield
    qt.QNetworkProxy.setApplicationProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))


# --- connecting ------------------------------------------------------------------------------------------------------


def test_an_address(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, trace = run(qt, script)
        assert trace == CONNECTED
        assert (sock.peerAddress().toString(), sock.peerPort(), sock.peerName()) == (TARGET, PORT, TARGET)
        assert (sock.localAddress().toString(), sock.localPort()) == GRANTED_LOCAL
        assert (sock.socketDescriptor() >= 0, sock.isOpen()) == (True, True)
        assert script.heard()[0] == [GREETING, REQUEST]


def test_a_name_is_the_proxys_to_look_up(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, trace = run(qt, script, NAME)
        assert trace == [*BY_NAME, "state:Connected", "connected@Connected"]
        assert (sock.peerAddress().isNull(), sock.peerPort(), sock.peerName()) == (True, PORT, NAME)
        assert script.heard()[0] == [GREETING, REQUEST_BY_NAME]


def test_the_ends_are_gone_with_the_connection(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, trace = run(qt, script)
        trace.clear()
        sock.disconnectFromHost()
        assert trace == LOCAL_CLOSE
        assert (sock.peerAddress().isNull(), sock.peerPort(), sock.peerName()) == (True, 0, TARGET)
        assert (sock.localAddress().isNull(), sock.localPort()) == (True, 0)


def test_an_international_name(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, _ = run(qt, script, "bücher.test")
        assert sock.peerName() == "bücher.test"
        assert script.heard()[0][1] == b"\5\1\0\3\x12xn--bcher-kva.test\0\x50"


def test_an_ipv6_address(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, b"\5\0\0\4" + bytes(15) + b"\1\x12\x34"]) as script:
        sock, trace = run(qt, script, "2001:db8::1")
        assert trace == CONNECTED
        assert (sock.peerAddress().toString(), sock.localAddress().toString()) == ("2001:db8::1", "::1")
        assert script.heard()[0][1] == b"\5\1\0\4\x20\1\x0d\xb8" + bytes(11) + b"\1\0\x50"


def test_a_proxy_that_cannot_look_names_up_gets_addresses(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        proxy = proxy_at(qt, script.port)
        proxy.setCapabilities(qt.QNetworkProxy.TunnelingCapability)
        sock, trace = client(qt, proxy)
        sock.connectToHost("localhost", PORT, qt.QTcpSocket.OpenModeFlag.ReadWrite, qt.QTcpSocket.IPv4Protocol)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED
        assert sock.peerAddress().toString() == LOCALHOST
        assert script.heard()[0][1] == b"\5\1\0\1\x7f\0\0\1\0\x50"


def test_a_name_that_nobody_here_knows(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        proxy = proxy_at(qt, script.port)
        proxy.setCapabilities(qt.QNetworkProxy.TunnelingCapability)
        sock, trace = client(qt, proxy)
        sock.connectToHost("no-such-host.invalid.", PORT)
        assert settle(qt, sock) == "Unconnected"
        assert trace == ["state:HostLookup", "state:Unconnected", "error:HostNotFound@Unconnected"]
        assert script.heard() == []


@pytest.mark.qnet("Qt's first answer counts, and a name in a reply is an error to it")
def test_the_addresses_of_a_name_in_turn_and_a_reply_with_a_name(
    qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qnet.kernel import _resolver
    from qnet.kernel._resolver_system import Answer

    found = Answer(tuple(map(qt.QHostAddress, ("10.1.1.1", "10.2.2.2"))))
    monkeypatch.setattr(_resolver, "cached", lambda name: found)
    with ScriptedProxy([NO_LOGIN, refused(5)], [NO_LOGIN, b"\5\0\0\3\3abc\x12\x34"]) as script:
        proxy = proxy_at(qt, script.port)
        proxy.setCapabilities(qt.QNetworkProxy.TunnelingCapability)
        sock, trace = client(qt, proxy)
        sock.connectToHost(NAME, PORT)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED
        assert sock.peerAddress().toString() == "10.2.2.2"
        assert (sock.localAddress().isNull(), sock.localPort()) == (True, 0x1234)
        assert [connection[1][4:8] for connection in script.heard()] == [b"\x0a\1\1\1", b"\x0a\2\2\2"]


def test_a_reply_byte_by_byte(qt: Any, app: Any) -> None:
    with ScriptedProxy([("trickle", NO_LOGIN), ("trickle", GRANTED + b"early")]) as script:
        sock, trace = run(qt, script)
        assert trace[: len(CONNECTED)] == CONNECTED
        assert qt.wait(lambda: sock.bytesAvailable() == 5)
        assert sock.readAll() == b"early"


def test_bytes_that_come_with_the_reply(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED + b"early"]) as script:
        sock, trace = run(qt, script)
        assert qt.wait(lambda: sock.bytesAvailable() == 5)
        assert trace == [*CONNECTED, "readyRead@Connected"]
        assert sock.readAll() == b"early"


def test_an_end_that_comes_with_the_reply(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("close", GRANTED + b"last words")]) as script:
        sock, trace = run(qt, script)
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace == [*CONNECTED, "readyRead@Connected", *REMOTE_CLOSE]
        assert sock.readAll() == b"last words"


@pytest.mark.qnet("Qt never hands out what was beyond the limit then")
def test_a_limited_read_buffer_holds_for_the_first_bytes_too(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED + b"0123456789"]) as script:
        sock, _ = client(qt, proxy_at(qt, script.port))
        sock.setReadBufferSize(4)
        sock.connectToHost(TARGET, PORT)
        assert settle(qt, sock) == "Connected"
        read = b""
        while len(read) < 10:
            assert qt.wait(lambda: sock.bytesAvailable() > 0)
            assert sock.bytesAvailable() <= 4
            read += bytes(sock.readAll().data())
        assert read == b"0123456789"


@pytest.mark.qnet("filters are qnet's")
def test_a_filter_gets_the_first_bytes(qt: Any, app: Any) -> None:
    from qnet.socket._filter import StreamFilter

    class Swap(StreamFilter):
        def decode(self, data: bytes) -> bytes:
            return data.swapcase()

        def encode(self, data: bytes | memoryview) -> bytes:
            return bytes(data).swapcase()

    with ScriptedProxy([NO_LOGIN, GRANTED + b"early"]) as script:
        sock, _ = client(qt, proxy_at(qt, script.port))
        sock._q_set_filter(Swap())
        sock.connectToHost(TARGET, PORT)
        sock.write(b"hello")
        assert qt.wait(lambda: sock.bytesAvailable() == 5)
        assert sock.readAll() == b"EARLY"
        assert qt.wait(lambda: sock.bytesToWrite() == 0)
        sock.disconnectFromHost()
        assert qt.wait(lambda: script.so_far()[0][:3] == [GREETING, REQUEST, b"HELLO"])


def test_what_is_written_before_waits(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        assert (sock.write(b"first "), sock.write(b"words"), sock.bytesToWrite()) == (6, 5, 11)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED
        assert qt.wait(lambda: sock.bytesToWrite() == 0)
        assert qt.wait(lambda: b"".join(script.so_far()[0][2:]) == b"first words")


def test_the_same_socket_again_without_proxy(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, refused(5)]) as script, raw_listener() as listener:
        sock, trace = run(qt, script)
        assert trace[-1] == "error:ConnectionRefused@Unconnected"
        sock.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))
        trace.clear()
        sock.connectToHost(LOCALHOST, port_of(listener))
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED
        assert (sock.localAddress().toString(), sock.peerPort()) == (LOCALHOST, port_of(listener))


def test_without_proxy_and_without_its_capabilities(qt: Any, app: Any) -> None:
    forbidding = qt.QNetworkProxy(qt.QNetworkProxy.NoProxy)
    forbidding.setCapabilities(qt.QNetworkProxy.Capability(0))
    with raw_listener() as listener:
        for kind in (qt.QTcpSocket, qt.QUdpSocket):
            sock = ours(kind())
            sock.setProxy(forbidding)
            trace = Trace(sock)
            sock.connectToHost(LOCALHOST, port_of(listener))
            assert trace == ["error:UnsupportedSocketOperation@Unconnected"]
    server = ours(qt.QTcpServer())
    server.setProxy(forbidding)
    assert not server.listen()
    assert short(server.serverError()) == "UnsupportedSocketOperation"


@pytest.mark.qnet("Qt has the proxy listen there")
def test_a_bound_socket_reaches_the_proxy_from_there(qt: Any, app: Any) -> None:
    with raw_listener() as proxy:
        sock, _ = client(qt, proxy_at(qt, port_of(proxy)))
        assert sock.bind(qt.QHostAddress("127.0.0.2"))
        port = sock.localPort()
        sock.connectToHost(TARGET, PORT)
        assert qt.wait(lambda: bool(sock.state() == qt.QAbstractSocket.ConnectingState))
        peer = accept(proxy)
        assert peer.getpeername() == ("127.0.0.2", port)
        for answer in (NO_LOGIN, GRANTED):
            assert qt.wait(lambda: is_readable(peer))
            peer.recv(100)
            peer.sendall(answer)
        assert settle(qt, sock) == "Connected"
        assert (sock.localAddress().toString(), sock.localPort()) == GRANTED_LOCAL


@pytest.mark.qnet("Qt refuses options before the connection stands")
def test_options_hold_for_the_connection_to_the_proxy(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED)]) as script:
        sock, _ = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        sock.setSocketOption(qt.QAbstractSocket.LowDelayOption, 1)
        assert settle(qt, sock) == "Connected"
        assert sock.socketOption(qt.QAbstractSocket.LowDelayOption) == 1


# --- errors ----------------------------------------------------------------------------------------------------------

REPLIES = {
    1: ("Network", "General SOCKSv5 server failure"),
    2: ("SocketAccess", "Connection not allowed by SOCKSv5 server"),
    3: ("Network", "Network unreachable"),
    4: ("HostNotFound", "Host not found"),
    5: ("ConnectionRefused", "Connection refused"),
    6: ("Network", "TTL expired"),
    7: ("UnsupportedSocketOperation", "SOCKSv5 command not supported"),
    8: ("UnsupportedSocketOperation", "Address type not supported"),
    9: ("UnknownSocket", "Unknown SOCKSv5 proxy error code 0x"),
}


@pytest.mark.parametrize("code", REPLIES)
def test_refused_addresses(qt: Any, app: Any, code: int) -> None:
    error, text = REPLIES[code]
    with ScriptedProxy([NO_LOGIN, refused(code)]) as script:
        sock, trace = run(qt, script)
        assert trace == [*CONNECTING, FAILED, f"error:{error}@Unconnected"]
        assert (short(sock.error()), sock.errorString()) == (error, Begins(text))
        assert (sock.isOpen(), sock.socketDescriptor(), sock.peerName()) == (True, -1, TARGET)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_refused_names(qt: Any, app: Any, code: int) -> None:
    error, text = ("HostNotFound", "Host not found") if code in (1, 2) else REPLIES[code]
    with ScriptedProxy([NO_LOGIN, refused(code)]) as script:
        sock, trace = run(qt, script, NAME)
        assert trace == [*BY_NAME, FAILED, f"error:{error}@Unconnected"]
        assert (short(sock.error()), sock.errorString()) == (error, Begins(text))


@pytest.mark.qnet("Qt's texts do not say what was tried with whom")
def test_the_text_says_what_failed_with_whom(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, refused(5)]) as script:
        sock, _ = run(qt, script)
        assert sock.errorString() == (
            f"Connection refused: connecting to {TARGET}:{PORT} through the proxy {LOCALHOST}:{script.port}"
        )


CLOSED = ("ProxyConnectionClosed", "Connection to proxy closed prematurely")
GARBAGE = ("ProxyProtocol", "SOCKS version 5 protocol error")


@pytest.mark.parametrize("target", [TARGET, NAME])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([("close",)], CLOSED),
        ([("reset",)], CLOSED),
        ([("close", b"\5")], CLOSED),
        ([("close", NO_LOGIN)], CLOSED),
        ([NO_LOGIN, ("close",)], CLOSED),
        ([NO_LOGIN, ("close", GRANTED[:-1])], CLOSED),
        ([b"\4\0"], GARBAGE),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], GARBAGE),
        ([bytes(1000)], GARBAGE),
        ([NO_LOGIN, b"\4\0\0\1" + bytes(6)], GARBAGE),
        ([NO_LOGIN, b"\5\0\0\7" + bytes(6)], GARBAGE),
        ([NO_LOGIN, b"\5\0\7\1" + bytes(6)], GARBAGE),
        (
            [b"\5\1"],
            ("SocketAccess", "Proxy authentication failed: Socks5 host did not support authentication method."),
        ),
        (
            [b"\5\2"],
            ("SocketAccess", "Proxy authentication failed: Socks5 host did not support authentication method."),
        ),
    ],
)
def test_proxies_that_do_not_do_it(
    qt: Any, app: Any, target: str, script: list[Any], expected: tuple[str, str]
) -> None:
    error, text = expected
    with ScriptedProxy(script) as proxy:
        sock, trace = run(qt, proxy, target)
        assert trace == [*(CONNECTING if target == TARGET else BY_NAME), FAILED, f"error:{error}@Unconnected"]
        assert (short(sock.error()), sock.errorString()) == (error, Begins(text))


@pytest.mark.parametrize(
    ("host", "error", "text"),
    [
        (LOCALHOST, "ProxyConnectionRefused", "Connection to proxy refused"),
        ("no-such-host.invalid.", "ProxyNotFound", "Proxy host not found"),
        ("", "ProxyNotFound", "Proxy host not found"),
    ],
)
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_no_proxy_there(qt: Any, app: Any, host: str, error: str, text: str, way: str) -> None:
    sock, trace = client(qt, qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, host, closed_port()))
    sock.connectToHost(TARGET, PORT)
    if way == "wait":
        assert not sock.waitForConnected(30_000)
    assert settle(qt, sock) == "Unconnected"
    assert trace == [*CONNECTING, FAILED, f"error:{error}@Unconnected"]
    assert (short(sock.error()), sock.errorString()) == (error, Begins(text))


@pytest.mark.qnet("Qt connects to port 0")
def test_port_0_is_the_types_default(qt: Any, app: Any) -> None:
    for kind, port in ((qt.QNetworkProxy.Socks5Proxy, 1080), (qt.QNetworkProxy.HttpProxy, 8080)):
        try:
            keep(socket.socket()).bind(("127.98.98.98", port))  # where nobody shall listen
        except OSError as error:
            pytest.skip(f"port {port} of this machine is in use: {error}")
        sock, _ = client(qt, qt.QNetworkProxy(kind, "127.98.98.98", 0))
        sock.connectToHost(TARGET, PORT)
        settle(qt, sock)
        assert f"connecting to 127.98.98.98:{port} " in sock.errorString()


@pytest.mark.parametrize("kind", ["HttpCachingProxy", "FtpCachingProxy", "Socks5Proxy"])
def test_proxies_that_cannot_tunnel(qt: Any, app: Any, kind: str) -> None:
    proxy = proxy_at(qt, closed_port(), kind=getattr(qt.QNetworkProxy, kind))
    if kind == "Socks5Proxy":
        proxy.setCapabilities(qt.QNetworkProxy.HostNameLookupCapability)
    sock, trace = client(qt, proxy)
    sock.connectToHost(TARGET, PORT)
    assert trace == ["error:UnsupportedSocketOperation@Unconnected"]
    assert sock.errorString() == Begins("Operation on socket is not supported")
    assert (sock.isOpen(), sock.peerName()) == (False, TARGET)


@pytest.mark.qnet("Qt waits for ever, or asks for a host without name")
@pytest.mark.parametrize("target", ["", "n" * 300, "bad host"])
def test_targets_that_are_no_names(qt: Any, app: Any, target: str) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, trace = run(qt, script, target)
        assert trace == [*BY_NAME, FAILED, "error:HostNotFound@Unconnected"]
        assert script.heard()[0][:1] == [GREETING]


# --- which proxy -----------------------------------------------------------------------------------------------------


def test_the_applications_proxy_is_for_others_than_this_host(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script, raw_listener() as listener:
        qt.QNetworkProxy.setApplicationProxy(proxy_at(qt, script.port))
        sock = ours(qt.QTcpSocket())
        sock.connectToHost(TARGET, PORT)
        assert settle(qt, sock) == "Connected"
        assert sock.localPort() == GRANTED_LOCAL[1]
        assert sock.proxy().type() == qt.QNetworkProxy.DefaultProxy
        direct = ours(qt.QTcpSocket())
        direct.connectToHost(LOCALHOST, port_of(listener))
        assert settle(qt, direct) == "Connected"
        assert direct.localAddress().toString() == LOCALHOST
        own = ours(qt.QTcpSocket())
        own.setProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))
        own.connectToHost(LOCALHOST, port_of(listener))
        assert settle(qt, own) == "Connected"
        assert len(script.heard()) == 1


@pytest.mark.qnet("PySide6 destroys factories that Python still refers to")
def test_the_first_that_can_do_it_and_no_other(qt: Any, app: Any) -> None:
    queries: list[Any] = []
    proxies: list[Any] = []

    class Factory(qt.QNetworkProxyFactory):
        def queryProxy(self, query: Any) -> list[Any]:
            queries.append(query)
            return proxies

    qt.QNetworkProxyFactory.setApplicationProxyFactory(Factory())
    with ScriptedProxy([NO_LOGIN, GRANTED]) as good, ScriptedProxy([NO_LOGIN, refused(5)]) as bad:
        for first, expected in ((good, "Connected"), (bad, "Unconnected")):
            proxies[:] = [
                proxy_at(qt, 1, kind=qt.QNetworkProxy.HttpCachingProxy),
                proxy_at(qt, first.port),
                qt.QNetworkProxy(qt.QNetworkProxy.NoProxy),
            ]
            sock = ours(qt.QTcpSocket())
            sock.setProtocolTag("gopher")
            sock.connectToHost(NAME, PORT)
            assert settle(qt, sock) == expected
        query = queries[0]
        assert (query.peerHostName(), query.peerPort(), query.protocolTag()) == (NAME, PORT, "gopher")
        assert query.queryType() is qt.QNetworkProxyQuery.TcpSocket
        sock = ours(qt.QTcpSocket())
        trace = Trace(sock)
        proxies[:] = [1]
        with pytest.raises(TypeError, match="queryProxy"):
            sock.connectToHost(NAME, PORT)
        assert (trace, short(sock.state()), sock.isOpen()) == ([], "Unconnected", False)


@pytest.mark.qnet("what the environment says is read once by Qt")
def test_the_systems_proxy(qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedProxy([LOGIN, TAKEN, GRANTED]) as script:
        qt.QNetworkProxyFactory.setUseSystemConfiguration(True)
        monkeypatch.setenv("all_proxy", f"socks5h://u:p@{LOCALHOST}:{script.port}")
        monkeypatch.setenv("no_proxy", "direct.invalid")
        sock = ours(qt.QTcpSocket())
        sock.connectToHost(NAME, PORT)
        assert settle(qt, sock) == "Connected"
        direct = ours(qt.QTcpSocket())
        direct.connectToHost("direct.invalid", PORT)
        assert settle(qt, direct) == "Unconnected"
        assert short(direct.error()) == "HostNotFound"
        assert script.heard()[0][1:] == [b"\1\1u\1p", REQUEST_BY_NAME]


@pytest.mark.qnet("HTTP proxies have the other handshake, and the same way")
def test_http_too(qt: Any, app: Any) -> None:
    with ScriptedProxy([b"HTTP/1.1 200 OK\r\n\r\nearly"]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, kind=qt.QNetworkProxy.HttpProxy))
        sock.connectToHost(NAME, PORT)
        assert settle(qt, sock) == "Connected"
        assert qt.wait(lambda: sock.bytesAvailable() == 5)
        assert trace == [*BY_NAME, "state:Connected", "connected@Connected", "readyRead@Connected"]
        assert (sock.localAddress().toString(), sock.peerAddress().isNull()) == (LOCALHOST, True)
        assert script.heard()[0][0].startswith(b"CONNECT target.test:80 HTTP/1.1\r\n")


@pytest.mark.qnet("looks at what spares direct connections the question")
def test_what_is_asked_only_where_something_is_configured(qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from qnet.socket._proxy_selection import no_proxy_configured

    for variable in ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    qt.QNetworkProxyFactory.setUseSystemConfiguration(True)
    assert no_proxy_configured()
    assert no_proxy_configured("gopher")
    assert not no_proxy_configured("HTTPS")
    for variable in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        with monkeypatch.context() as context:
            context.setenv(variable, "socks5://127.0.0.1")
            assert not no_proxy_configured()
    qt.QNetworkProxy.setApplicationProxy(proxy_at(qt, 1))
    assert not no_proxy_configured()
    qt.QNetworkProxy.setApplicationProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))
    assert no_proxy_configured("https")


@needs_ipv6
@pytest.mark.qnet("Qt's texts do not say with whom")
def test_a_proxy_at_an_ipv6_address(qt: Any, app: Any) -> None:
    with raw_listener("::1") as listener:
        sock, trace = client(qt, qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, "::1", port_of(listener)))
        sock.connectToHost("2001:db8::1", PORT)
        peer = accept(listener)
        peer.sendall(NO_LOGIN + refused(5))
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, FAILED, "error:ConnectionRefused@Unconnected"]
        assert sock.errorString().endswith(f"through the proxy [::1]:{port_of(listener)}")


@pytest.mark.qnet("looks into qnet's engine")
def test_sockets_are_the_kernels_after_the_handshake(qt: Any, app: Any) -> None:
    """No byte passes through anything of the proxy's: the hot calls are those of a direct connection."""
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script, raw_listener() as listener:
        proxied, _ = run(qt, script)
        direct = ours(qt.QTcpSocket())
        direct.connectToHost(LOCALHOST, port_of(listener))
        assert settle(qt, direct) == "Connected"
        for name in ("_q_recv", "_q_transmit"):
            assert type(getattr(proxied, name)) is type(getattr(direct, name))
        assert proxied._q_filter is None
        assert isinstance(proxied._q_engine.sock, socket.socket)
