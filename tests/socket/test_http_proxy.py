"""Through HTTP proxies for real: tinyproxy, squid, and hand-made ones that misbehave."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _http_proxies import (
    LOCALHOST,
    PASSWORD,
    REALM,
    USER,
    Client,
    HandMade,
    challenge,
    credentials,
    ntlm_handler,
    ntlm_users,
    squid,
    tinyproxy,
)
from _peers import Begins, Trace, closed_port, needs_ipv6, ours, raw_listener

SIZE = 8 * 1024 * 1024
DATA = random.Random(1).randbytes(SIZE)
BASIC = 'Basic realm="r"'
UP = "Proxy-Authorization: Basic " + base64.b64encode(b"u:p").decode()
DENIED_PORT = 9


@pytest.fixture(scope="module")
def basic() -> Iterator[int]:
    with tinyproxy() as (port, _):
        yield port


@pytest.fixture(scope="module")
def digest() -> Iterator[int]:
    with squid(f"acl denied port {DENIED_PORT}", "http_access deny denied") as (port, _):
        yield port


@pytest.fixture
def relay() -> Iterator[int]:
    """A proxy of our own that sends its replies byte by byte, page included, and closes the first connection."""

    def handler(client: Client) -> None:
        while not credentials(request := client.request(), "Basic"):
            client.trickle(challenge(BASIC, body=b"<p>Who are you?</p>"))
        client.tunnel(request)

    with HandMade(handler) as proxy:
        yield proxy.port


@pytest.fixture(params=["basic", "digest", "relay"])
def any_proxy(request: pytest.FixtureRequest) -> int:
    return int(request.getfixturevalue(request.param))


class Exchange:
    """A target: sends DATA while it takes as much, and then closes."""

    def __init__(self) -> None:
        self.received = hashlib.sha256()

    def __call__(self, client: Client) -> None:
        sender = threading.Thread(target=self._send, args=(client,))
        sender.start()
        left = SIZE
        while left and (data := client.sock.recv(65536)):
            self.received.update(data)
            left -= len(data)
        sender.join()

    @staticmethod
    def _send(client: Client) -> None:
        with contextlib.suppress(OSError):
            client.send(DATA)


def proxied(qt: Any, port: int, user: str = "", password: str = "") -> Any:
    """A socket that goes through the proxy at *port*."""
    made = ours(qt.QTcpSocket())
    proxy = qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.HttpProxy, LOCALHOST, port, user, password)
    made.setProxy(proxy)
    return made


class Login:
    """A slot for proxyAuthenticationRequired that has *answers*, and then nothing."""

    def __init__(self, made: Any, *answers: tuple[str, str]) -> None:
        self.answers = list(answers)
        self.realms: list[str] = []
        self.users: list[str] = []
        made.proxyAuthenticationRequired.connect(self.ask)

    def ask(self, proxy: Any, authenticator: Any) -> None:
        self.realms.append(authenticator.realm())
        self.users.append(authenticator.user())
        if self.answers:
            user, password = self.answers.pop(0)
            authenticator.setUser(user)
            authenticator.setPassword(password)


def is_connected(qt: Any, made: Any) -> bool:
    return bool(made.state() == qt.QAbstractSocket.SocketState.ConnectedState)


def outcome(qt: Any, made: Any, host: str, port: int, blocking: bool) -> str:
    """Connect and say how it went: "connected", or the error's name."""
    errors: list[str] = []
    made.errorOccurred.connect(lambda code: errors.append(code.name))
    made.connectToHost(host, port)
    if blocking:
        assert made.waitForConnected(30_000) is is_connected(qt, made)
    else:
        assert qt.wait(lambda: errors or is_connected(qt, made))
    if is_connected(qt, made):
        assert errors == []
        return "connected"
    assert made.state() == qt.QAbstractSocket.SocketState.UnconnectedState
    assert errors == [made.error().name]
    return errors[0]


# Both ways


def test_eight_mebibytes_both_ways(qt: Any, app: Any, any_proxy: int) -> None:
    exchange = Exchange()
    got = bytearray()
    with HandMade(exchange) as target:
        made = proxied(qt, any_proxy, USER, PASSWORD)
        trace = Trace(made, ("stateChanged", "hostFound", "connected", "errorOccurred", "disconnected"))
        made.connected.connect(lambda: made.write(DATA))
        made.readyRead.connect(lambda: got.extend(made.readAll().data()))
        made.connectToHost(LOCALHOST, target.port)
        state = qt.QAbstractSocket.SocketState
        assert qt.wait(lambda: made.state() == state.UnconnectedState, 60)
    assert hashlib.sha256(got).digest() == hashlib.sha256(DATA).digest()
    assert exchange.received.digest() == hashlib.sha256(DATA).digest()
    assert trace[-5:] == [
        "connected@Connected",
        "error:RemoteHostClosed@Connected",
        "state:Closing",
        "state:Unconnected",
        "disconnected@Unconnected",
    ]


def test_eight_mebibytes_both_ways_blocking(qt: Any, app: Any, any_proxy: int) -> None:
    exchange = Exchange()
    got = bytearray()
    with HandMade(exchange) as target:
        made = proxied(qt, any_proxy, USER, PASSWORD)
        made.connectToHost(LOCALHOST, target.port)
        assert made.waitForConnected(30_000)
        assert made.write(DATA) == SIZE
        while len(got) < SIZE and (made.bytesAvailable() or made.waitForReadyRead(30_000)):
            got += made.readAll().data()
        while made.bytesToWrite() and made.waitForBytesWritten(30_000):
            pass
        unconnected = qt.QAbstractSocket.SocketState.UnconnectedState  # the end may have come with the last bytes
        assert made.state() == unconnected or made.waitForDisconnected(30_000)
    assert hashlib.sha256(got).digest() == hashlib.sha256(DATA).digest()
    assert exchange.received.digest() == hashlib.sha256(DATA).digest()


# Credentials


@pytest.mark.parametrize("blocking", [False, True])
def test_credentials_come_from_the_program(qt: Any, app: Any, any_proxy: int, port: int, blocking: bool) -> None:
    made = proxied(qt, any_proxy)
    login = Login(made, (USER, PASSWORD))
    assert outcome(qt, made, LOCALHOST, port, blocking) == "connected"
    assert len(login.realms) == 1
    assert made.peerPort() == port


@pytest.mark.parametrize("blocking", [False, True])
def test_wrong_credentials(qt: Any, app: Any, digest: int, port: int, blocking: bool) -> None:
    """Those of the proxy are refused, then those of the slot, until it has nothing new."""
    made = proxied(qt, digest, USER, "wrong")
    login = Login(made, (USER, "wrong, too"))
    assert outcome(qt, made, LOCALHOST, port, blocking) == "ProxyAuthenticationRequiredError"
    assert login.users == [USER, USER]
    assert login.realms == [REALM, REALM]
    assert made.errorString() == Begins("Authentication required")


def test_a_second_try_is_taken(qt: Any, app: Any, digest: int, port: int) -> None:
    made = proxied(qt, digest)
    login = Login(made, (USER, "wrong"), (USER, PASSWORD))
    assert outcome(qt, made, LOCALHOST, port, False) == "connected"
    assert login.users == ["", USER]


@pytest.mark.qnet("tinyproxy says 401 to wrong credentials, which Qt takes for a protocol error")
@pytest.mark.parametrize("blocking", [False, True])
def test_wrong_credentials_for_tinyproxy(qt: Any, app: Any, basic: int, port: int, blocking: bool) -> None:
    made = proxied(qt, basic, USER, "wrong")
    login = Login(made, (USER, "wrong, too"), (USER, PASSWORD))
    assert outcome(qt, made, LOCALHOST, port, blocking) == "connected"
    assert login.users == [USER, USER]
    made = proxied(qt, basic, USER, "wrong")
    login = Login(made)
    assert outcome(qt, made, LOCALHOST, port, blocking) == "ProxyAuthenticationRequiredError"
    assert login.realms == ["Tinyproxy"]


def test_no_credentials(qt: Any, app: Any, any_proxy: int, port: int) -> None:
    assert outcome(qt, proxied(qt, any_proxy), LOCALHOST, port, False) == "ProxyAuthenticationRequiredError"


@pytest.mark.parametrize(("password", "result"), [("sesame", "connected"), ("x", "ProxyAuthenticationRequiredError")])
def test_ntlm(qt: Any, app: Any, tmp_path: Path, port: int, password: str, result: str) -> None:
    pytest.importorskip("spnego")
    with ntlm_users(tmp_path / "users", "DOMAIN", "me", "sesame"), HandMade(ntlm_handler) as proxy:
        made = proxied(qt, proxy.port)
        login = Login(made, ("DOMAIN\\me", password))
        assert outcome(qt, made, LOCALHOST, port, False) == result
        assert len(proxy.requests) == 1, "over one connection"
    assert login.realms[0] == ""


@pytest.mark.parametrize("offers", [["NTLM", 'Digest realm="d", nonce="n", qop="auth"', BASIC]])
def test_digest_before_ntlm_before_basic(qt: Any, app: Any, offers: list[str]) -> None:
    seen = []
    for number in range(3):

        def handler(client: Client, number: int = number) -> None:
            client.request()
            client.send(challenge(*[offers[i] for i in range(3) if i != number]))
            seen.append(re.findall(r"(?im)^proxy-authorization: (\w+)", client.request())[0])

        with HandMade(handler) as proxy:
            outcome(qt, proxied(qt, proxy.port, "u", "p"), "target.test", 80, False)
    assert seen == ["Digest", "NTLM", "Digest"]


@pytest.mark.parametrize("ends", ["Connection: close\r\n", "Proxy-Connection: close\r\n"])
@pytest.mark.parametrize("blocking", [False, True])
def test_a_proxy_that_hangs_up_after_its_challenge(qt: Any, app: Any, port: int, ends: str, blocking: bool) -> None:
    def handler(client: Client) -> None:
        request = client.request()
        if credentials(request, "Basic"):
            client.tunnel(request)
        else:
            client.send(challenge(BASIC, headers=ends))

    with HandMade(handler) as proxy:
        made = proxied(qt, proxy.port)
        login = Login(made, ("u", "p"))
        assert outcome(qt, made, LOCALHOST, port, blocking) == "connected"
        assert [len(requests) for requests in proxy.requests] == [1, 1]
    assert login.realms == ["r"]


@pytest.mark.qnet("Qt gives up")
def test_a_proxy_that_hangs_up_without_saying_so(qt: Any, app: Any, port: int) -> None:
    def handler(client: Client) -> None:
        request = client.request()
        if credentials(request, "Basic"):
            client.tunnel(request)
        else:
            client.send(challenge(BASIC))

    with HandMade(handler) as proxy:
        assert outcome(qt, proxied(qt, proxy.port, "u", "p"), LOCALHOST, port, False) == "connected"


def test_a_slot_that_runs_a_dialog(qt: Any, app: Any, port: int) -> None:
    """It turns the loop while the rest of the 407 arrives."""

    def handler(client: Client) -> None:
        reply = challenge(BASIC, body=b"<p>")
        client.request()
        client.send(reply[:-2])
        client.send(reply[-2:])
        client.tunnel(client.request())

    with HandMade(handler) as proxy:
        made = proxied(qt, proxy.port)
        slot = dialog(qt, made)
        assert outcome(qt, made, LOCALHOST, port, False) == "connected"
    assert len(slot) == 1


@pytest.mark.qnet("Qt notices the end in the dialog, and gives up")
def test_a_slot_that_runs_a_dialog_while_the_proxy_hangs_up(qt: Any, app: Any, port: int) -> None:
    def handler(client: Client) -> None:
        request = client.request()
        if credentials(request, "Basic"):
            client.tunnel(request)
        else:
            client.send(challenge(BASIC, headers="Connection: close\r\n"))

    with HandMade(handler) as proxy:
        made = proxied(qt, proxy.port)
        slot = dialog(qt, made)
        assert outcome(qt, made, LOCALHOST, port, False) == "connected"
    assert len(slot) == 1


def dialog(qt: Any, made: Any) -> list[Any]:
    """Connects a slot that turns the loop before it gives credentials; grows with each call of it."""
    calls: list[Any] = []

    def ask(proxy: Any, authenticator: Any) -> None:
        calls.append(proxy)
        qt.spin(50)
        authenticator.setUser("u")
        authenticator.setPassword("p")

    made.proxyAuthenticationRequired.connect(ask)
    return calls


@pytest.mark.qnet("Qt crashes")
@pytest.mark.parametrize("end", ["abort", "close", "disconnectFromHost"])
def test_a_slot_that_ends_the_socket(qt: Any, app: Any, end: str) -> None:
    def handler(client: Client) -> None:
        client.request()
        client.send(challenge(BASIC))
        client.until_hangup()

    with HandMade(handler) as proxy:
        made = proxied(qt, proxy.port)
        asked = []
        made.proxyAuthenticationRequired.connect(lambda *args: (asked.append(args), getattr(made, end)()))
        made.connectToHost("target.test", 80)
        unconnected = qt.QAbstractSocket.SocketState.UnconnectedState
        assert qt.wait(lambda: asked and made.state() == unconnected)
        qt.spin(20)
        assert [len(requests) for requests in proxy.requests] == [1]
        assert len(asked) == 1


# Refusals


@pytest.mark.parametrize("blocking", [False, True])
def test_refused_target(qt: Any, app: Any, digest: int, blocking: bool) -> None:
    """squid says 503."""
    made = proxied(qt, digest, USER, PASSWORD)
    assert outcome(qt, made, LOCALHOST, closed_port(), blocking) == "ConnectionRefusedError"
    assert made.errorString() == Begins("Connection refused")


@pytest.mark.parametrize("blocking", [False, True])
def test_forbidden_target(qt: Any, app: Any, digest: int, blocking: bool) -> None:
    """squid says 403."""
    made = proxied(qt, digest, USER, PASSWORD)
    assert outcome(qt, made, LOCALHOST, DENIED_PORT, blocking) == "SocketAccessError"
    assert made.errorString() == Begins("Proxy denied connection")


@pytest.mark.parametrize("blocking", [False, True])
def test_refused_target_of_a_vague_proxy(qt: Any, app: Any, basic: int, blocking: bool) -> None:
    """tinyproxy says 500."""
    made = proxied(qt, basic, USER, PASSWORD)
    assert outcome(qt, made, LOCALHOST, closed_port(), blocking) == "ProxyProtocolError"
    assert made.errorString() == Begins("Error communicating with HTTP proxy")


def accepting(client: Client) -> None:
    """A proxy that says yes and nothing more."""
    client.request()
    client.send(b"HTTP/1.1 200 OK\r\n\r\n")
    client.until_hangup()


STATUSES = {
    400: "ProxyProtocolError",
    403: "SocketAccessError",
    404: "HostNotFoundError",
    405: "SocketAccessError",
    500: "ProxyProtocolError",
    502: "ProxyProtocolError",
    503: "ConnectionRefusedError",
    504: "ProxyProtocolError",
}


@pytest.mark.parametrize(("status", "error"), STATUSES.items())
def test_statuses(qt: Any, app: Any, status: int, error: str) -> None:
    reply = b"HTTP/1.1 %d No\r\nContent-Length: 4\r\n\r\n<p>." % status
    with HandMade(lambda client: (client.request(), client.send(reply))) as proxy:
        assert outcome(qt, proxied(qt, proxy.port), "target.test", 80, False) == error


BAD_REPLIES = {
    b"SSH-2.0-OpenSSH_9.2\r\n": "ProxyProtocolError",
    bytes(range(256)) * 300: "ProxyProtocolError",
    b"\x16\x03\x01\x02\x00\x01\r\n": "ProxyProtocolError",
    b"": "ProxyConnectionClosedError",
    b"HTTP/1.1 2": "ProxyConnectionClosedError",
    b"HTTP/1.1 200 OK\r\nVia: 1": "ProxyConnectionClosedError",
    b"HTTP/1.1 407 Wanted\r\nProxy-Authenticate: Whirl\r\n\r\n": "ProxyProtocolError",
    b"HTTP/1.1 407 Wanted\r\n\r\n": "ProxyProtocolError",
}


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize(("reply", "error"), BAD_REPLIES.items())
def test_bad_replies(qt: Any, app: Any, reply: bytes, error: str, blocking: bool) -> None:
    with HandMade(lambda client: (client.request(), client.send(reply))) as proxy:
        assert outcome(qt, proxied(qt, proxy.port), "target.test", 80, blocking) == error


@pytest.mark.qnet("Qt waits for a blank line, for ever if need be")
@pytest.mark.parametrize("reply", [b"220 mail ready\r\n", b"GARBAGE", b"HTTP/1.1 200 x\r\n" + b"A: b\r\n" * 20000])
def test_garbage_needs_no_end(qt: Any, app: Any, reply: bytes) -> None:
    def handler(client: Client) -> None:
        client.request()
        client.send(reply)
        client.until_hangup()

    with HandMade(handler) as proxy:
        assert outcome(qt, proxied(qt, proxy.port), "target.test", 80, False) == "ProxyProtocolError"


@pytest.mark.parametrize("blocking", [False, True])
def test_no_proxy_there(qt: Any, app: Any, blocking: bool) -> None:
    made = proxied(qt, closed_port())
    assert outcome(qt, made, "target.test", 80, blocking) == "ProxyConnectionRefusedError"


def test_a_proxy_that_never_answers(qt: Any, app: Any) -> None:
    with HandMade(lambda client: client.until_hangup()) as proxy:
        made = proxied(qt, proxy.port)
        errors: list[str] = []
        made.errorOccurred.connect(lambda code: errors.append(code.name))
        made.connectToHost("target.test", 80)
        start = time.monotonic()
        assert made.waitForConnected(200) is False
        assert 0.15 < time.monotonic() - start < 25  # the proxy itself has 30 s
        assert made.state() == qt.QAbstractSocket.SocketState.UnconnectedState
        assert made.error().name == "SocketTimeoutError"
        assert errors in (["SocketTimeoutError"], ["ProxyConnectionTimeoutError"]), "Qt emits the latter"


@pytest.mark.qnet("the limit of 30 s is a constant that the test makes shorter")
def test_a_proxy_that_never_answers_a_program_with_a_loop(qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qnet.socket._negotiation.HANDSHAKE_LIMIT", 0.1)
    with HandMade(lambda client: client.until_hangup()) as proxy:
        made = proxied(qt, proxy.port)
        assert outcome(qt, made, "target.test", 80, False) == "ProxyConnectionTimeoutError"


# The end of a tunnel


@pytest.mark.parametrize("limit", [1, 100_000])
def test_a_proxy_that_dies_in_the_middle(qt: Any, app: Any, limit: int) -> None:
    with HandMade(Exchange()) as target, HandMade(lambda client: client.tunnel(client.request(), limit)) as proxy:
        made = proxied(qt, proxy.port)
        trace = Trace(made, ("errorOccurred", "disconnected"))
        made.connectToHost(LOCALHOST, target.port)
        assert qt.wait(lambda: len(trace) == 2)
        assert trace == ["error:RemoteHostClosed@Connected", "disconnected@Unconnected"]
        assert limit <= made.bytesAvailable() < SIZE


def test_a_proxy_that_is_killed_in_the_middle(qt: Any, app: Any) -> None:
    with tinyproxy() as (port, process), HandMade(Exchange()) as target:
        made = proxied(qt, port, USER, PASSWORD)
        trace = Trace(made, ("errorOccurred", "disconnected"))
        made.setReadBufferSize(65536)
        made.connectToHost(LOCALHOST, target.port)
        assert qt.wait(lambda: made.bytesAvailable() == 65536)
        process.kill()
        made.setReadBufferSize(0)
        assert qt.wait(lambda: made.readAll().data() is not None and len(trace) == 2)
        assert trace == ["error:RemoteHostClosed@Connected", "disconnected@Unconnected"]


# What the target sends first, and where it is


@pytest.mark.parametrize("blocking", [False, True])
def test_first_bytes_in_one_packet_with_the_reply(qt: Any, app: Any, blocking: bool) -> None:
    def handler(client: Client) -> None:
        client.request()
        client.send(b"HTTP/1.1 200 OK\r\n\r\n220 mail ready\r\n")
        client.until_hangup()

    with HandMade(handler) as proxy:
        made = proxied(qt, proxy.port)
        assert outcome(qt, made, "target.test", 25, blocking) == "connected"
        assert made.bytesAvailable() or made.waitForReadyRead(30_000)
        assert made.readAll().data() == b"220 mail ready\r\n"


def test_names_are_the_proxys_business(qt: Any, app: Any) -> None:
    with HandMade(accepting) as proxy:
        made = proxied(qt, proxy.port)
        trace = Trace(made, ("stateChanged", "hostFound", "connected"))
        assert outcome(qt, made, "bücher.nowhere.invalid", 80, False) == "connected"
        assert proxy.requests[0][0].startswith("CONNECT xn--bcher-kva.nowhere.invalid:80 HTTP/1.1\r\n")
        assert trace[:4] == ["state:HostLookup", "state:Connecting", "state:Connected", "connected@Connected"]
        assert made.peerAddress().isNull()
        assert (made.peerName(), made.peerPort()) == ("bücher.nowhere.invalid", 80)


@needs_ipv6
@pytest.mark.qnet("Qt forgets the brackets")
def test_ipv6_target(qt: Any, app: Any) -> None:
    with raw_listener("::1") as listener, HandMade(lambda client: client.tunnel(client.request())) as proxy:
        port = listener.getsockname()[1]
        assert outcome(qt, proxied(qt, proxy.port), "::1", port, False) == "connected"
        assert proxy.requests[0][0].startswith(f"CONNECT [::1]:{port} HTTP/1.1\r\nHost: [::1]:{port}\r\n")


def test_headers_of_the_proxy(qt: Any, app: Any) -> None:
    with HandMade(accepting) as proxy:
        made = ours(qt.QTcpSocket())
        through = qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.HttpProxy, LOCALHOST, proxy.port)
        through.setRawHeader(b"User-Agent", b"me")
        through.setRawHeader(b"X-Test", b"1")
        made.setProxy(through)
        assert outcome(qt, made, "target.test", 80, False) == "connected"
        lines = proxy.requests[0][0].lower().split("\r\n")
        assert {"user-agent: me", "x-test: 1", "proxy-connection: keep-alive"} < set(lines)
        assert not any(line.startswith(("user-agent: moz", "proxy-authorization")) for line in lines)
