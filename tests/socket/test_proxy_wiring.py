"""QTcpSocket through proxies that follow a script: signals and states, errors, logins, and what happens meanwhile."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _peers import (
    ABORTED,
    CONNECTED,
    CONNECTING,
    LOCAL_CLOSE,
    REMOTE_CLOSE,
    Begins,
    Trace,
    accept,
    free_port,
    ours,
    port_of,
    raw_listener,
    short,
)
from _socks_proxies import (
    GRANTED,
    GRANTED_LOCAL,
    LOCALHOST,
    LOGIN,
    NO_LOGIN,
    NO_METHOD,
    REFUSED,
    TAKEN,
    ScriptedProxy,
    refused,
)

TARGET, NAME, PORT = "10.9.8.7", "target.test", 80
GREETING = b"\5\1\0"
REQUEST = b"\5\1\0\1\x0a\x09\x08\x07\0\x50"
REQUEST_BY_NAME = b"\5\1\0\3\x0btarget.test\0\x50"
BY_NAME = ["state:HostLookup", "state:Connecting"]
SILENCE: list[Any] = [("silence",)]


@pytest.fixture(autouse=True)
def no_application_proxy(qt: Any) -> Iterator[None]:
    yield
    qt.QNetworkProxy.setApplicationProxy(qt.QNetworkProxy(qt.QNetworkProxy.NoProxy))


def proxy_at(qt: Any, port: int, user: str = "", password: str = "", kind: Any = None) -> Any:
    return qt.QNetworkProxy(kind or qt.QNetworkProxy.Socks5Proxy, LOCALHOST, port, user, password)


def client(qt: Any, proxy: Any) -> tuple[Any, Trace]:
    """A socket with a proxy of its own, which is used for every target, and the trace of its signals."""
    made = ours(qt.QTcpSocket())
    made.setProxy(proxy)
    return made, Trace(made)


def settle(qt: Any, sock: Any) -> str:
    """Turn the loop until the socket is connected or not; the name of its state."""
    done = (qt.QAbstractSocket.ConnectedState, qt.QAbstractSocket.UnconnectedState)
    assert qt.wait(lambda: sock.state() in done)
    return short(sock.state())


def run(qt: Any, script: ScriptedProxy, target: str = TARGET, **proxy: Any) -> tuple[Any, Trace]:
    sock, trace = client(qt, proxy_at(qt, script.port, **proxy))
    sock.connectToHost(target, PORT)
    settle(qt, sock)
    return sock, trace


def asker(sock: Any, trace: Trace, *credentials: tuple[str, str]) -> None:
    """Answer proxyAuthenticationRequired with these, one after the other; the trace has who was shown as logged in."""
    left = list(credentials)

    def ask(proxy: Any, authenticator: Any) -> None:
        trace.append(f"ask:{proxy.user()}/{proxy.password()}")
        assert (authenticator.user(), authenticator.isNull()) == ("", True)
        if left:
            user, password = left.pop(0)
            authenticator.setUser(user)
            authenticator.setPassword(password)

    sock.proxyAuthenticationRequired.connect(ask)


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
        sock.connectToHost("no-such-host.invalid", PORT)
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
        assert script.heard()[0][:3] == [GREETING, REQUEST, b"HELLO"]


def test_what_is_written_before_waits(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        assert (sock.write(b"first "), sock.write(b"words"), sock.bytesToWrite()) == (6, 5, 11)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED
        assert qt.wait(lambda: sock.bytesToWrite() == 0)
        qt.spin(20)
        assert b"".join(script.heard()[0][2:]) == b"first words"


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
            qt.spin(20)
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

FAILED = "state:Unconnected"
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
        ("no-such-host.invalid", "ProxyNotFound", "Proxy host not found"),
        ("", "ProxyNotFound", "Proxy host not found"),
    ],
)
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_no_proxy_there(qt: Any, app: Any, host: str, error: str, text: str, way: str) -> None:
    sock, trace = client(qt, qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, host, free_port()))
    sock.connectToHost(TARGET, PORT)
    if way == "wait":
        assert not sock.waitForConnected(5000)
    assert settle(qt, sock) == "Unconnected"
    assert trace == [*CONNECTING, FAILED, f"error:{error}@Unconnected"]
    assert (short(sock.error()), sock.errorString()) == (error, Begins(text))


@pytest.mark.qnet("Qt connects to port 0")
def test_port_0_is_the_types_default(qt: Any, app: Any) -> None:
    for kind, port in ((qt.QNetworkProxy.Socks5Proxy, 1080), (qt.QNetworkProxy.HttpProxy, 8080)):
        sock, _ = client(qt, qt.QNetworkProxy(kind, "127.98.98.98", 0))
        sock.connectToHost(TARGET, PORT)
        settle(qt, sock)
        assert f"connecting to 127.98.98.98:{port} " in sock.errorString()


@pytest.mark.parametrize("kind", ["HttpCachingProxy", "FtpCachingProxy", "Socks5Proxy"])
def test_proxies_that_cannot_tunnel(qt: Any, app: Any, kind: str) -> None:
    proxy = proxy_at(qt, free_port(), kind=getattr(qt.QNetworkProxy, kind))
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


# --- time ------------------------------------------------------------------------------------------------------------


def test_wait_for_connected(qt: Any, app: Any) -> None:
    for target, before in ((TARGET, CONNECTING), (NAME, BY_NAME)):
        with ScriptedProxy([LOGIN, ("trickle", TAKEN), ("trickle", GRANTED)]) as script:
            sock, trace = client(qt, proxy_at(qt, script.port, "u", "p"))
            sock.connectToHost(target, PORT)
            assert sock.waitForConnected(5000)
            assert trace == [*before, "state:Connected", "connected@Connected"]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([NO_LOGIN, refused(5)], "ConnectionRefused"),
        ([("close",)], "ProxyConnectionClosed"),
        ([b"xyz"], "ProxyProtocol"),
        ([NO_METHOD], "ProxyAuthenticationRequired"),
    ],
)
@pytest.mark.parametrize("wait", ["waitForConnected", "waitForReadyRead", "waitForDisconnected"])
def test_waits_that_fail(qt: Any, app: Any, script: list[Any], error: str, wait: str) -> None:
    with ScriptedProxy(script) as proxy:
        sock, trace = client(qt, proxy_at(qt, proxy.port))
        sock.connectToHost(TARGET, PORT)
        assert not getattr(sock, wait)(5000)
        assert trace == [*CONNECTING, FAILED, f"error:{error}@Unconnected"]
        qt.spin(10)
        assert len(trace) == 5


@pytest.mark.parametrize("target", [TARGET, NAME])
def test_a_silent_proxy_in_a_wait(qt: Any, app: Any, target: str) -> None:
    with raw_listener() as silent:
        sock, trace = client(qt, proxy_at(qt, port_of(silent)))
        sock.connectToHost(target, PORT)
        trace.clear()
        start = time.monotonic()
        assert not sock.waitForConnected(100)
        assert 0.098 < time.monotonic() - start < 2
        assert (short(sock.error()), sock.errorString()) == ("SocketTimeout", Begins("Socket operation timed out"))
        assert short(sock.state()) == "Unconnected"
        # Whoever waited for an address of its own knows; with a name it is said, too.
        assert ("error:SocketTimeout@Unconnected" in trace) == (target == NAME)


def test_a_wait_then_the_loop(qt: Any, app: Any) -> None:
    """A wait that is over early in another way than a time-out does not disturb what is under way."""
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED)]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        assert not sock.waitForBytesWritten(1000)
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED


@pytest.mark.qnet("Qt gives up after 30 s with SocketTimeoutError, or never")
@pytest.mark.parametrize("way", ["loop", "wait"])
@pytest.mark.parametrize("script", [SILENCE, [b"\5"], [NO_LOGIN], [NO_LOGIN, GRANTED[:5]]])
def test_a_silent_proxy_is_given_up(
    qt: Any, app: Any, script: list[Any], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qnet.socket import _negotiation

    assert _negotiation.HANDSHAKE_LIMIT == 30
    monkeypatch.setattr(_negotiation, "HANDSHAKE_LIMIT", 0.05)
    with ScriptedProxy(script) as proxy:
        sock, trace = client(qt, proxy_at(qt, proxy.port))
        sock.connectToHost(TARGET, PORT)
        if way == "wait":
            assert not sock.waitForConnected(5000)
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, FAILED, "error:ProxyConnectionTimeout@Unconnected"]
        assert sock.errorString() == Begins("Connection to proxy timed out: connecting to 10.9.8.7:80 through")


# --- logging in ------------------------------------------------------------------------------------------------------


def test_user_and_password_of_the_proxy(qt: Any, app: Any) -> None:
    with ScriptedProxy([LOGIN, TAKEN, GRANTED]) as script:
        _, trace = run(qt, script, user="ü", password="p")
        assert trace == CONNECTED
        assert script.heard()[0][1:] == [b"\1\1\xfc\1p", REQUEST]


@pytest.mark.parametrize("refusal", [[NO_METHOD], [LOGIN, REFUSED]])
def test_the_program_is_asked_until_it_is_right(qt: Any, app: Any, refusal: list[bytes]) -> None:
    with ScriptedProxy(refusal, refusal, [LOGIN, TAKEN, GRANTED]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, "u", "bad"))
        asker(sock, trace, ("u", "worse"), ("v", "good"))
        sock.connectToHost(TARGET, PORT)
        assert settle(qt, sock) == "Connected"
        asked = ["ask:u/bad", "ask:u/worse"]
        assert trace == [*CONNECTING, *asked, "state:Connected", "connected@Connected"]
        assert sock.proxy().user() == "u"
        assert script.heard()[2][1:3] == [b"\1\1v\4good", REQUEST]


@pytest.mark.parametrize("refusal", [[NO_METHOD], [LOGIN, REFUSED]])
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_nothing_to_answer_ends_it(qt: Any, app: Any, refusal: list[bytes], way: str) -> None:
    with ScriptedProxy(refusal) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, "u", "bad"))
        asker(sock, trace)
        sock.connectToHost(TARGET, PORT)
        if way == "wait":
            assert not sock.waitForConnected(5000)
        assert settle(qt, sock) == "Unconnected"
        assert trace == [*CONNECTING, "ask:u/bad", FAILED, "error:ProxyAuthenticationRequired@Unconnected"]
        assert sock.errorString() == Begins("Proxy authentication failed")
        assert len(script.heard()) == 1


@pytest.mark.qnet("Qt tries the same credentials for ever")
def test_the_same_credentials_are_no_answer(qt: Any, app: Any) -> None:
    with ScriptedProxy([LOGIN, REFUSED]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port, "u", "bad"))
        asker(sock, trace, *[("u", "bad")] * 5)
        sock.connectToHost(TARGET, PORT)
        assert settle(qt, sock) == "Unconnected"
        assert trace[3:] == ["ask:u/bad", FAILED, "error:ProxyAuthenticationRequired@Unconnected"]


@pytest.mark.qnet("Qt offers only the login, which such a proxy refuses")
def test_a_login_that_the_proxy_does_not_want(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED]) as script:
        _, trace = run(qt, script, user="u", password="p")
        assert trace == CONNECTED
        assert script.heard()[0] == [b"\5\2\0\2", REQUEST]


def in_the_slot(qt: Any, act: Callable[[Any, Any], None]) -> tuple[Any, Trace, ScriptedProxy]:
    """Do something in a slot of proxyAuthenticationRequired; the socket, its trace and the proxy."""
    script = ScriptedProxy([NO_METHOD], [LOGIN, TAKEN, GRANTED])
    sock, trace = client(qt, proxy_at(qt, script.port))
    sock.proxyAuthenticationRequired.connect(lambda proxy, authenticator: act(sock, authenticator))
    sock.connectToHost(TARGET, PORT)
    return sock, trace, script


def give(authenticator: Any) -> None:
    authenticator.setUser("u")
    authenticator.setPassword("p")


def test_a_dialog_in_the_slot(qt: Any, app: Any) -> None:
    def act(sock: Any, authenticator: Any) -> None:
        qt.spin(50)
        assert short(sock.state()) == "Connecting"
        give(authenticator)

    sock, trace, script = in_the_slot(qt, act)
    with script:
        assert settle(qt, sock) == "Connected"
        assert trace == CONNECTED


@pytest.mark.qnet("Qt crashes, or goes on")
@pytest.mark.parametrize("ending", ["abort", "close", "disconnectFromHost", "waitForConnected", "deleteLater", "raise"])
def test_things_done_in_the_slot(qt: Any, app: Any, ending: str, slot_errors: list[Any]) -> None:
    def act(sock: Any, authenticator: Any) -> None:
        if ending == "raise":
            raise RuntimeError("in the slot")
        give(authenticator)
        if ending == "deleteLater":
            sock.deleteLater()
            qt.process()
            qt.QCoreApplication.sendPostedEvents(sock, qt.QEvent.Type.DeferredDelete.value)
        else:
            assert not getattr(sock, ending)()

    sock, trace, script = in_the_slot(qt, act)
    with script:
        if ending == "deleteLater":
            assert qt.wait(lambda: sock.socketDescriptor() == -1 and not sock._q_way)
            assert len(script.heard()) == 1
            return
        assert qt.wait(lambda: short(sock.state()) in ("Unconnected", "Connected"))
        if ending == "abort":
            assert trace[3:] == ["aboutToClose@Connecting", FAILED, "readChannelFinished@Unconnected"]
            assert len(script.heard()) == 1
        elif ending == "raise":
            assert trace[3:] == [FAILED, "error:ProxyAuthenticationRequired@Unconnected"]
            assert [str(error) for error in slot_errors] == ["in the slot"]
        elif ending == "waitForConnected":
            assert trace == CONNECTED
        else:
            assert qt.wait(lambda: short(sock.state()) == "Unconnected")
            assert "connected@Connected" in trace
            assert trace[-4:] == LOCAL_CLOSE


# --- ending while it negotiates --------------------------------------------------------------------------------------


def test_abort_while_negotiating(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        qt.spin(50)
        assert (sock.isValid(), sock.socketDescriptor()) == (True, -1)
        trace.clear()
        sock.abort()
        assert trace == [*[s.replace("@Connected", "@Connecting") for s in ABORTED[:1]], *ABORTED[1:3]]
        qt.spin(20)
        assert len(trace) == 3
        assert script.heard()[0][:2] == [GREETING, REQUEST]


def test_disconnect_while_negotiating_waits(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED)]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        sock.write(b"words")
        sock.disconnectFromHost()
        assert short(sock.state()) == "Connecting"
        assert qt.wait(lambda: short(sock.state()) == "Unconnected")
        assert trace == [*CONNECTED, *LOCAL_CLOSE]
        qt.spin(20)
        assert script.heard()[0][2] == b"words"


@pytest.mark.parametrize("way", ["deleteLater", "parent", "dropped"])
def test_deletion_while_negotiating(qt: Any, app: Any, way: str) -> None:
    with ScriptedProxy([NO_LOGIN]) as script:
        parent = qt.QObject()
        sock = qt.QTcpSocket(parent if way == "parent" else None)
        sock.setProxy(proxy_at(qt, script.port))
        sock.connectToHost(TARGET, PORT)
        qt.spin(50)
        if way == "deleteLater":
            sock.deleteLater()
        elif way == "parent":
            parent.deleteLater()
        elif qt.is_qnet:
            sock.abort()  # what connects is in use, and lives on without a reference
        del sock, parent
        qt.process()
        qt.spin(50)
        connection = script.heard()[0]
        assert (connection[:2], len(connection)) == ([GREETING, REQUEST], 3)
        assert connection[2] in (b"", b"reset")


@pytest.mark.qnet("Qt's socket does not survive that")
@pytest.mark.parametrize("stage", ["proxy look-up", "connecting", "negotiating"])
def test_moved_to_another_thread(qt: Any, app: Any, stage: str) -> None:
    with ScriptedProxy([NO_LOGIN, ("trickle", GRANTED + b"hello")]) as script:
        proxy = proxy_at(qt, script.port)
        if stage == "proxy look-up":
            proxy.setHostName("localhost")
        sock = qt.QTcpSocket()
        sock.setProxy(proxy)
        seen: list[Any] = []
        thread = qt.QThread()
        thread.start()
        sock.readyRead.connect(lambda: seen.append(qt.QThread.currentThread()))
        sock.connectToHost(TARGET, PORT)
        negotiation = sock._q_way._negotiation
        if stage == "negotiating":
            assert qt.wait(lambda: negotiation._engine is not None)
        assert sock.moveToThread(thread)
        assert qt.wait(lambda: bool(seen))
        assert seen[0] is thread
        sock.deleteLater()
        del sock
        thread.quit()
        assert thread.wait(5000)


@pytest.mark.qnet("the slot runs in the thread of the socket")
def test_moved_in_the_slot_that_is_asked(qt: Any, app: Any) -> None:
    thread = qt.QThread()
    thread.start()
    seen: list[Any] = []

    def act(sock: Any, authenticator: Any) -> None:
        give(authenticator)
        sock.connected.connect(lambda: seen.append(qt.QThread.currentThread()))
        assert sock.moveToThread(thread)
        time.sleep(0.05)  # the other thread has time to begin

    sock, _, script = in_the_slot(qt, act)
    with script:
        assert qt.wait(lambda: bool(seen))
        assert seen == [thread]
        sock.deleteLater()
        del sock
        thread.quit()
        assert thread.wait(5000)


def test_without_an_event_loop(qt: Any, app: Any) -> None:
    with ScriptedProxy([NO_LOGIN, GRANTED, b"answer"]) as script:
        sock, trace = client(qt, proxy_at(qt, script.port))
        sock.connectToHost(NAME, PORT)
        sock.write(b"question")
        assert sock.waitForReadyRead(5000)
        assert sock.readAll() == b"answer"
        sock.disconnectFromHost()
        assert trace[2:4] == ["state:Connected", "connected@Connected"]


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


# --- nothing stays ---------------------------------------------------------------------------------------------------


def alive() -> dict[str, int]:
    """How many objects of the classes that take part there are."""
    from qnet.socket._connecting import Connecting
    from qnet.socket._negotiation import Negotiation
    from qnet.socket._proxying import ProxiedConnecting
    from qnet.socket.abstractsocket import QAbstractSocket
    from qnet.socket.engines._handshake import ProxyHandshake
    from qnet.socket.engines.native import QNativeSocketEngine

    kinds = (QAbstractSocket, ProxiedConnecting, Connecting, Negotiation, ProxyHandshake, QNativeSocketEngine)
    return {kind.__name__: sum(isinstance(each, kind) for each in gc.get_objects()) for kind in kinds}


@pytest.mark.qnet("counts qnet's objects")
@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ([NO_LOGIN, GRANTED], "Connected"),
        ([NO_LOGIN, refused(5)], "Unconnected"),
        ([NO_METHOD], "Unconnected"),
        ([b"garbage"], "Unconnected"),
        ([("close",)], "Unconnected"),
        ([NO_LOGIN], "Connecting"),
    ],
)
@pytest.mark.parametrize("way", ["loop", "wait"])
def test_nothing_is_left_of_hundreds(qt: Any, app: Any, script: list[Any], ends: str, way: str) -> None:
    def once(proxy: ScriptedProxy) -> None:
        sock = qt.QTcpSocket()
        sock.setProxy(proxy_at(qt, proxy.port))
        sock.proxyAuthenticationRequired.connect(lambda *_: None)
        sock.connectToHost(TARGET, PORT)
        if way == "wait":
            sock.waitForConnected(5000 if ends != "Connecting" else 2)
        elif ends != "Connecting":
            assert settle(qt, sock) == ends
        else:
            qt.spin(2)
        sock.abort()

    with ScriptedProxy(script) as proxy:
        once(proxy)
        gc.collect()
        before, descriptors = alive(), len(os.listdir("/proc/self/fd"))
        gc.disable()
        try:
            for _ in range(25):
                once(proxy)
            assert alive() == before
            assert len(os.listdir("/proc/self/fd")) == descriptors
        finally:
            gc.enable()


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


@pytest.mark.qnet("it takes qnet's engine to make the system refuse bytes")
def test_a_proxy_that_takes_no_more_bytes(qt: Any, app: Any) -> None:
    """The handshake's own bytes wait like any others."""
    from qnet.socket import _negotiation

    with raw_listener() as listener:
        sock, _ = client(qt, proxy_at(qt, port_of(listener)))
        sock.connectToHost(TARGET, PORT)
        assert qt.wait(lambda: bool(sock._q_way._negotiation._engine))
        negotiation = sock._q_way._negotiation
        assert isinstance(negotiation, _negotiation.Negotiation)
        peer = accept(listener)
        engine = negotiation._engine
        with pytest.raises(BlockingIOError):
            while True:
                engine.send(bytes(1 << 20))
        negotiation._wire = b"the handshake"
        negotiation._send()
        assert bytes(negotiation._wire) == b"the handshake"
        read = bytearray()
        peer.setblocking(False)

        def drained() -> bool:
            try:
                while data := peer.recv(1 << 20):
                    read.extend(data[-20:])
            except BlockingIOError:
                pass
            return read.endswith(b"the handshake")

        assert qt.wait(drained)


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
