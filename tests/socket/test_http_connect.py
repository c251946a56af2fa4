"""CONNECT without a socket: every reply of a proxy, at every split of its bytes."""

from __future__ import annotations

import base64
import gc
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel.authenticator import QAuthenticator
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.socket._enums import SocketError
from qnet.socket.engines._handshake import ProxyFailure
from qnet.socket.engines._http_connect import MAX_CONTENT, MAX_HEAD, HttpConnectHandshake

OK = b"HTTP/1.1 200 Connection established\r\n\r\n"
BASIC = b'Proxy-Authenticate: Basic realm="b r"\r\n'
DIGEST = b'Proxy-Authenticate: Digest realm="d r", nonce="abc", qop="auth", algorithm=MD5\r\n'
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLOSE = b"Connection: close\r\n"
UP = "Proxy-Authorization: Basic " + base64.b64encode(b"u:p").decode()

Credentials = tuple[str, str]


class Asked:
    """The program: gives the credentials of a list, one pair each time, and then nothing."""

    def __init__(self, credentials: Iterable[Credentials] = ()) -> None:
        self.credentials = list(credentials)
        self.seen: list[tuple[str, str, str]] = []

    def __call__(self, authenticator: QAuthenticator) -> None:
        self.seen.append((authenticator.realm(), authenticator.user(), authenticator.password()))
        if self.credentials:
            user, password = self.credentials.pop(0)
            authenticator.setUser(user)
            authenticator.setPassword(password)


def proxy(user: str = "", password: str = "", **headers: bytes) -> QNetworkProxy:
    made = QNetworkProxy(QNetworkProxy.ProxyType.HttpProxy, "proxy.test", 3128, user, password)
    for name, value in headers.items():
        made.setRawHeader(name.replace("_", "-").encode(), value)
    return made


class Outcome(NamedTuple):
    """What a conversation came to: requests by connection, then the tunnel's bytes or the failure."""

    requests: list[list[str]]
    tunnel: bytes | None
    error: SocketError | None
    text: str
    asked: list[tuple[str, str, str]]


def refused(status: str, headers: bytes = BASIC, body: bytes = b"", version: str = "HTTP/1.1") -> bytes:
    if CHUNKED in headers:
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        return f"{version} {status}\r\n".encode() + headers + b"\r\n" + body
    return f"{version} {status}\r\n".encode() + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body


def authorization(request: str) -> str:
    """The credentials that a request carries, without what is random."""
    found = re.search(r"(?im)^(proxy-authorization: .*?)\r$", request)
    return re.sub(r'(cnonce|response)="[^"]*"', r"\1", found[1]) if found else ""


Cut = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> list[bytes]:
    return [data]


def bytewise(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def converse(
    connections: list[list[bytes]],
    cut: Cut = whole,
    made: QNetworkProxy | None = None,
    credentials: Iterable[Credentials] = (("u", "p"),),
    host: str = "target.test",
) -> Outcome:
    """Talk to a proxy that sends, on each of its *connections*, one reply to each request, and then hangs up."""
    ask = Asked(credentials)
    handshake = HttpConnectHandshake(made or proxy(), host, 443, ask)
    requests: list[list[str]] = []
    tunnel = None
    try:
        for replies in connections:
            requests.append([handshake.begin().decode("latin-1")])
            for reply in replies:
                for piece in cut(reply):
                    if handshake.done:
                        tunnel += piece
                        continue
                    if handshake.again:
                        break
                    sent = handshake.feed(piece)
                    requests[-1] += [sent.decode("latin-1")] if sent else []
                    tunnel = handshake.rest if handshake.done else None
            if not handshake.again and not handshake.done:
                handshake.ended()
            if handshake.done:
                break
    except ProxyFailure as failure:
        return Outcome(requests, None, failure.code, failure.text, ask.seen)
    return Outcome(requests, tunnel, None, "again" if handshake.again else "", ask.seen)


def carried(outcome: Outcome) -> list[list[str]]:
    return [[authorization(request) for request in requests] for requests in outcome.requests]


# The request


def test_request() -> None:
    outcome = converse([[OK]])
    assert outcome.tunnel == b""
    assert outcome.requests == [
        [
            "CONNECT target.test:443 HTTP/1.1\r\nHost: target.test:443\r\n"
            "Proxy-Connection: keep-alive\r\nUser-Agent: Mozilla/5.0\r\n\r\n"
        ]
    ]


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("10.0.0.1", "10.0.0.1:443"),
        ("::1", "[::1]:443"),
        ("[::1]", "[::1]:443"),
        ("fe80::1%eth0", "[fe80::1]:443"),
        ("bücher.test", "xn--bcher-kva.test:443"),
        ("with_underscore.test.", "with_underscore.test.:443"),
    ],
)
def test_authority(host: str, authority: str) -> None:
    request = converse([[OK]], host=host).requests[0][0]
    assert request.startswith(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n")


@pytest.mark.parametrize("host", ["a b", "a\r\nX: y", "", "a/b", "a@b", "::1\r\nX: y", "a:80", "\0"])
def test_no_host_gets_out_of_the_request_line(host: str) -> None:
    outcome = converse([[OK]], host=host)
    assert outcome.error is SocketError.HostNotFoundError
    assert outcome.requests == []
    assert "\r" not in outcome.text


def test_the_proxys_own_headers() -> None:
    made = proxy(user_agent=b"me", x_a=b"1", host=b"other", proxy_authorization=b"Bearer abc")
    outcome = converse([[refused("407 x"), OK]], made=made)
    first, second = outcome.requests[0]
    assert first == (
        "CONNECT target.test:443 HTTP/1.1\r\nProxy-Connection: keep-alive\r\n"
        "user-agent: me\r\nx-a: 1\r\nhost: other\r\nproxy-authorization: Bearer abc\r\n\r\n"
    )
    assert second.endswith(f"x-a: 1\r\nhost: other\r\n{UP}\r\n\r\n")
    assert second.lower().count("proxy-authorization") == 1


# The replies: (connections, made, credentials) -> what comes of it

CONVERSATIONS: dict[str, tuple[list[list[bytes]], dict[str, Any]]] = {
    "tunnel": ([[OK]], {}),
    "first bytes": ([[OK + b"220 mail\r\n"]], {}),
    "lengths of a 2xx mean nothing": ([[b"HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n220 mail\r\n"]], {}),
    "nor do chunks": ([[b"HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nabc"]], {}),
    "any 2xx": ([[b"HTTP/1.1 204 x\r\n\r\nabc"]], {}),
    "HTTP/1.0": ([[b"HTTP/1.0 200 x\r\n\r\nabc"]], {}),
    "no reason": ([[b"HTTP/1.1 200\r\n\r\nabc"]], {}),
    "lone line feeds": ([[b"HTTP/1.1 200 x\nA: b\n\nabc"]], {}),
    "blank line first": ([[b"\r\n" + OK]], {}),
    "1xx": ([[b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: a\r\n\r\n" + OK + b"abc"]], {}),
    "basic": ([[refused("407 x"), OK]], {}),
    "page": ([[refused("407 x", body=b"<p>HTTP/1.1 200 OK\r\n\r\n</p>"), OK + b"abc"]], {}),
    "chunked page": ([[refused("407 x", BASIC + CHUNKED, b"<p>"), OK + b"abc"]], {}),
    "empty chunks": ([[refused("407 x", BASIC + CHUNKED), OK]], {}),
    "folded": ([[refused("407 x", b"Proxy-Authenticate: Basic\r\n realm=x\r\n"), OK]], {}),
    "close": ([[refused("407 x", BASIC + CLOSE)], [OK]], {}),
    "proxy close": ([[refused("407 x", BASIC + b"Proxy-Connection: close\r\n")], [OK]], {}),
    "without length": ([[b"HTTP/1.1 407 x\r\n" + BASIC + b"\r\n<p>"], [OK]], {}),
    "1.0 closes": ([[refused("407 x", version="HTTP/1.0")], [OK]], {}),
    "1.0 keeps": ([[refused("407 x", BASIC + b"Proxy-Connection: keep-alive\r\n", version="HTTP/1.0"), OK]], {}),
    "hangs up after 407": ([[refused("407 x", body=b"<p>")], [OK]], {}),
    "hangs up in the page": ([[refused("407 x", body=b"<p>....")[:-2]], [OK]], {}),
    "bad chunk in the page": ([[refused("407 x", BASIC + CHUNKED, b"<p>")[:-9] + b"zz\r\n\r\n"], [OK]], {}),
    "digest": ([[refused("407 x", BASIC + DIGEST), OK]], {}),
    "one header": ([[refused("407 x", BASIC[:-2] + b", " + DIGEST[20:]), OK]], {}),
    "stale": ([[refused("407 x", DIGEST), refused("407 x", DIGEST[:-2] + b", stale=true\r\n"), OK]], {}),
    "own credentials": ([[refused("407 x"), OK]], {"made": ("pu", "pp")}),
    "own, then asked": ([[refused("407 x"), refused("407 x"), OK]], {"made": ("pu", "pp")}),
    "asked twice": ([[refused("407 x"), refused("407 x"), OK]], {"credentials": [("u", "x"), ("u", "p")]}),
    "none": ([[refused("407 x")]], {"credentials": []}),
    "the same again": ([[refused("407 x"), refused("407 x")]], {"credentials": [("u", "p"), ("u", "p")]}),
    "unknown way": ([[refused("407 x", b"Proxy-Authenticate: Foo\r\n")]], {}),
    "no way": ([[refused("407 x", b"")]], {}),
    "401": ([[refused("401 x")]], {}),
    "401 for wrong ones": (
        [[refused("407 x", BASIC + CLOSE)], [refused("401 x", b"WWW-" + BASIC[6:] + CLOSE)], [OK]],
        {"credentials": [("u", "x"), ("u", "p")]},
    ),
    "401 for the same": (
        [[refused("407 x", BASIC + CLOSE)], [refused("401 x", b"WWW-" + BASIC[6:] + CLOSE)], [OK]],
        {},
    ),
    "101": ([[b"HTTP/1.1 101 x\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\nabc"]], {}),
    "cut off": ([[OK[:-1]]], {}),
    "cut off after 100": ([[b"HTTP/1.1 100 x\r\n\r\n"]], {}),
    "nothing": ([[]], {}),
    "garbage": ([[b"SSH-2.0-OpenSSH\r\n\r\n"]], {}),
    "binary": ([[bytes(range(256))]], {}),
    "rtsp": ([[b"RTSP/1.0 200 x\r\n\r\n"]], {}),
    "garbage in a header": ([[b"HTTP/1.1 200 x\r\nFoo bar\r\n\r\n"]], {}),
    "garbage after the page": ([[refused("407 x", body=b"<p>") + b"garbage"]], {}),
    "contradictory lengths": ([[b"HTTP/1.1 407 x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"]], {}),
    **{
        status: ([[refused(f"{status} Why")]], {})
        for status in ("301", "400", "403", "404", "405", "502", "503", "504")
    },
}


def play(name: str, cut: Cut = whole) -> Outcome:
    connections, settings = CONVERSATIONS[name]
    settings = dict(settings)
    if "made" in settings:
        settings["made"] = proxy(*settings["made"])
    return converse(connections, cut, **settings)


def comparable(outcome: Outcome) -> Any:
    """What must not depend on how the bytes were split; a failure takes requests along that were not sent yet."""
    return answers(outcome) if outcome.error is None else None, outcome.tunnel, outcome.error, outcome.asked


def answers(outcome: Outcome) -> list[list[str]]:
    """What each request of each connection carries, whether or not several were due together."""
    return [[authorization(r) for r in re.split("(?=CONNECT)", "".join(part))[1:]] for part in outcome.requests]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_every_split_gives_the_same(name: str) -> None:
    expected = comparable(play(name))
    assert comparable(play(name, bytewise)) == expected
    longest = max((len(reply) for replies in CONVERSATIONS[name][0] for reply in replies), default=0)
    for at in range(1, longest):
        assert comparable(play(name, lambda data, at=at: [p for p in (data[:at], data[at:]) if p])) == expected


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_replies_that_come_together_are_taken_in_turn(name: str) -> None:
    """A conversation depends on the bytes alone: nobody has to wait for a request."""
    connections, settings = CONVERSATIONS[name]
    joined = [[b"".join(replies)] if replies else [] for replies in connections]
    settings = {**settings, "made": proxy(*settings["made"])} if "made" in settings else settings
    assert comparable(converse(joined, **settings)) == comparable(play(name))


@pytest.mark.parametrize(
    ("name", "tunnel"),
    [
        ("tunnel", b""),
        ("first bytes", b"220 mail\r\n"),
        ("lengths of a 2xx mean nothing", b"220 mail\r\n"),
        ("nor do chunks", b"abc"),
        ("any 2xx", b"abc"),
        ("HTTP/1.0", b"abc"),
        ("no reason", b"abc"),
        ("lone line feeds", b"abc"),
        ("blank line first", b""),
        ("1xx", b"abc"),
    ],
)
def test_tunnels(name: str, tunnel: bytes) -> None:
    outcome = play(name)
    assert (outcome.error, outcome.tunnel) == (None, tunnel)
    assert carried(outcome) == [[""]]


DIGEST_SENT = (
    'Proxy-Authorization: Digest username="u", realm="d r", nonce="abc", uri="target.test:443", response, '
    "algorithm=MD5, cnonce, qop=auth, nc=00000001"
)
WRONG = UP.replace("dTpw", "dTp4")
OWN = "Proxy-Authorization: Basic " + base64.b64encode(b"pu:pp").decode()


@pytest.mark.parametrize(
    ("name", "sent", "asked"),
    [
        ("basic", [["", UP]], [("b r", "", "")]),
        ("page", [["", UP]], [("b r", "", "")]),
        ("chunked page", [["", UP]], [("b r", "", "")]),
        ("empty chunks", [["", UP]], [("b r", "", "")]),
        ("folded", [["", UP]], [("x", "", "")]),
        ("close", [[""], [UP]], [("b r", "", "")]),
        ("401 for wrong ones", [[""], [WRONG], [UP]], [("b r", "", ""), ("b r", "u", "x")]),
        ("proxy close", [[""], [UP]], [("b r", "", "")]),
        ("without length", [[""], [UP]], [("b r", "", "")]),
        ("1.0 closes", [[""], [UP]], [("b r", "", "")]),
        ("1.0 keeps", [["", UP]], [("b r", "", "")]),
        ("hangs up after 407", [["", UP], [UP]], [("b r", "", "")]),
        ("hangs up in the page", [[""], [UP]], [("b r", "", "")]),
        ("bad chunk in the page", [[""], [UP]], [("b r", "", "")]),
        ("digest", [["", DIGEST_SENT]], [("d r", "", "")]),
        ("one header", [["", DIGEST_SENT]], [("d r", "", "")]),
        ("stale", [["", DIGEST_SENT, DIGEST_SENT]], [("d r", "", "")]),
        ("own credentials", [["", OWN]], []),
        ("own, then asked", [["", OWN, UP]], [("b r", "pu", "pp")]),
        ("asked twice", [["", WRONG, UP]], [("b r", "", ""), ("b r", "u", "x")]),
    ],
)
def test_authentication(name: str, sent: list[list[str]], asked: list[tuple[str, str, str]]) -> None:
    outcome = play(name)
    assert (outcome.error, outcome.tunnel) == (None, b"abc" if "page" in name and "in the" not in name else b"")
    assert carried(outcome) == sent
    assert outcome.asked == asked


Error = SocketError
CLOSED = (Error.ProxyConnectionClosedError, "Proxy connection closed prematurely: no whole answer")
NO_HTTP = (Error.ProxyProtocolError, "Did not receive HTTP response from proxy: b")
ANSWERED = "CONNECT target.test:443 was answered with"
DENIED = (Error.SocketAccessError, f"Proxy denied connection: {ANSWERED} 40")
OTHER = (Error.ProxyProtocolError, f"Error communicating with HTTP proxy: {ANSWERED} ")
WANTED = (Error.ProxyAuthenticationRequiredError, f"Authentication required: {ANSWERED} 407 x")
UNANSWERABLE = (Error.ProxyProtocolError, "Error parsing authentication request from proxy: ")


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        *[(name, CLOSED) for name in ("nothing", "cut off", "cut off after 100")],
        *[(name, NO_HTTP) for name in ("garbage", "binary", "rtsp", "garbage in a header", "garbage after the page")],
        ("contradictory lengths", NO_HTTP),
        *[(name, DENIED) for name in ("403", "405")],
        (
            "404",
            (Error.HostNotFoundError, f"Host not found: {ANSWERED} 404 Why"),
        ),
        ("503", (Error.ConnectionRefusedError, f"Connection refused: {ANSWERED} 503 Why")),
        *[(name, OTHER) for name in ("101", "301", "400", "401", "502", "504")],
        *[(name, WANTED) for name in ("none", "the same again")],
        ("401 for the same", (WANTED[0], f"Authentication required: {ANSWERED} 401 x")),
        *[(name, UNANSWERABLE) for name in ("unknown way", "no way")],
    ],
)
def test_failures(name: str, failure: tuple[SocketError, str]) -> None:
    outcome = play(name)
    assert outcome.error is failure[0]
    assert outcome.text.startswith(failure[1])
    assert outcome.text.isprintable()


def test_every_conversation_is_judged() -> None:
    tests = (test_tunnels, test_authentication, test_failures)
    judged = {case[0] for test in tests for case in test.pytestmark[0].args[1]}
    assert judged == set(CONVERSATIONS)


def test_garbage_is_shown_escaped_and_cut() -> None:
    text = converse([[b"\x1b[2J" + b"x" * 500]]).text
    assert text.endswith(": b'\\x1b[2J" + "x" * 56 + "'")
    text = converse([[b"HTTP/1.1 500 \xe9\x1b[2J" + b"x" * 500 + b"\r\n\r\n"]]).text
    assert "\\xe9\\x1b[2J" in text
    assert len(text) < 250


# Limits


def test_headers_without_end() -> None:
    for filler in (b"A: " + b"x" * MAX_HEAD, b"A: b\r\n" * MAX_HEAD, b"\r\n" * MAX_HEAD):
        start = b"HTTP/1.1 200 x\r\n" if filler[:1] == b"A" else b""
        assert converse([[start + filler]]).error is SocketError.ProxyProtocolError
    assert converse([[b"HTTP/1.1 100 x\r\n\r\n" * MAX_HEAD]]).error is SocketError.ProxyProtocolError


def test_headers_up_to_the_limit() -> None:
    for size, error in ((MAX_HEAD, None), (MAX_HEAD + 1, SocketError.ProxyProtocolError)):
        reply = b"HTTP/1.1 200 x\r\nA: \r\n\r\n"
        reply = reply.replace(b": ", b": " + b"x" * (size - len(reply)))
        assert converse([[reply + b"abc"]]).error is error


@pytest.mark.parametrize("headers", [BASIC, BASIC + CHUNKED])
def test_a_long_page_is_cut_off(headers: bytes) -> None:
    outcome = converse([[refused("407 x", headers, b"x" * (MAX_CONTENT + 1))], [OK]])
    assert carried(outcome) == [[""], [UP]]
    assert outcome.tunnel == b""


def test_a_page_up_to_the_limit_is_skipped() -> None:
    outcome = converse([[refused("407 x", BASIC, b"x" * MAX_CONTENT), OK]])
    assert carried(outcome) == [["", UP]]


def test_a_proxy_that_calls_every_nonce_stale() -> None:
    stale = refused("407 x", DIGEST[:-2] + b", stale=true\r\n")
    outcome = converse([[stale] * 20])
    assert outcome.error is SocketError.ProxyAuthenticationRequiredError
    assert len(outcome.requests[0]) == 5


def test_a_proxy_that_hangs_up_again_and_again() -> None:
    """It said that it keeps the connection: one more is made, on which it has to answer."""
    outcome = converse([[refused("407 x")], [], []])
    assert carried(outcome) == [["", UP], [UP]]
    assert outcome.error is SocketError.ProxyConnectionClosedError


# NTLM


def ntlm_converse(server: Any, headers: bytes = b"", password: str = "sesame") -> tuple[list[int], Outcome]:
    """Answers each request as a proxy with NTLM does; the kinds of the tokens that came, and the outcome."""
    kinds: list[int] = []
    ask = Asked([("DOMAIN\\me", password)])
    handshake = HttpConnectHandshake(proxy(), "target.test", 443, ask)
    request = handshake.begin()
    requests = [request.decode("latin-1")]
    tunnel = None
    try:
        while not handshake.done and not handshake.again:
            found = re.search(rb"Proxy-Authorization: NTLM (\S+)", request)
            token = base64.b64decode(found[1]) if found else b""
            kinds.append(token[8] if token else 0)
            reply = b""
            if token:
                try:
                    reply = server.step(token) or b""
                except Exception:
                    reply = b"refused"
            if token and server.complete:
                request = handshake.feed(OK)
            else:
                value = b"NTLM" + (b" " + base64.b64encode(reply) if reply not in (b"", b"refused") else b"")
                end = headers if reply and reply != b"refused" else b""
                request = handshake.feed(refused("407 x", b"Proxy-Authenticate: " + value + b"\r\n" + end))
            requests.append(request.decode("latin-1"))
        tunnel = handshake.rest if handshake.done else None
    except ProxyFailure as failure:
        return kinds, Outcome([requests], None, failure.code, failure.text, ask.seen)
    return kinds, Outcome([requests], tunnel, None, "", ask.seen)


@pytest.fixture
def ntlm_server(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    import spnego

    users = tmp_path / "users"
    users.write_text("DOMAIN:me:sesame\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


def test_ntlm(ntlm_server: Any) -> None:
    kinds, outcome = ntlm_converse(ntlm_server)
    assert kinds == [0, 1, 3]
    assert (outcome.error, outcome.tunnel) == (None, b"")
    assert outcome.asked == [("", "", "")]


def test_ntlm_refused(ntlm_server: Any) -> None:
    kinds, outcome = ntlm_converse(ntlm_server, password="wrong")
    assert kinds == [0, 1, 3]
    assert outcome.error is SocketError.ProxyAuthenticationRequiredError
    assert outcome.asked == [("", "", ""), ("", "DOMAIN\\me", "wrong")]


def test_ntlm_cannot_change_the_connection(ntlm_server: Any) -> None:
    kinds, outcome = ntlm_converse(ntlm_server, CLOSE)
    assert kinds == [0, 1]
    assert outcome.error is SocketError.ProxyConnectionClosedError
    assert "in the middle of ntlm" in outcome.text


# How it is used


def test_credentials_are_in_no_text() -> None:
    secrets = ("alice", "sesame", base64.b64encode(b"alice:sesame").decode())
    for headers in (BASIC, DIGEST, b"Proxy-Authenticate: NTLM\r\n"):
        handshake = HttpConnectHandshake(proxy("alice", "sesame"), "target.test", 443, Asked())
        handshake.begin()
        handshake.feed(refused("407 x", headers))
        with pytest.raises(ProxyFailure) as caught:
            handshake.feed(refused("407 x", headers))
        for text in (str(caught.value), repr(caught.value), repr(handshake)):
            assert not any(secret in text for secret in secrets)


def test_a_name_that_cannot_be_sent() -> None:
    outcome = converse([[refused("407 x", DIGEST), OK]], credentials=[("a\r\nX: y", "p")])
    assert outcome.error is SocketError.ProxyProtocolError
    assert "control characters" in outcome.text
    assert len(outcome.requests[0]) == 1


def test_use_out_of_turn_is_refused_and_changes_nothing() -> None:
    handshake = HttpConnectHandshake(proxy(), "target.test", 443, Asked())
    with pytest.raises(RuntimeError):
        handshake.feed(OK)
    handshake.begin()
    handshake.feed(b"HTTP/1.1 20")
    with pytest.raises(RuntimeError):
        handshake.begin()
    assert handshake.feed(b"0 OK\r\n\r\nabc") == b""
    assert (handshake.done, handshake.rest) == (True, b"abc")
    for call in (handshake.begin, lambda: handshake.feed(b"x")):
        with pytest.raises(RuntimeError):
            call()
    assert (handshake.done, handshake.rest) == (True, b"abc")


def test_no_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        handshake = HttpConnectHandshake(proxy(), "target.test", 443, Asked([("u", "p")]))
        handshake.begin()
        handshake.feed(refused("407 x", DIGEST) + b"HTTP/1.1 2")
        del handshake
        left = [type(o).__name__ for o in gc.get_objects() if type(o).__module__ == HttpConnectHandshake.__module__]
        assert set(left) <= {"_State", "_Event"}
    finally:
        gc.enable()


# Fuzzing

REPLIES = st.sampled_from(
    [
        *[reply for connections, _ in CONVERSATIONS.values() for replies in connections for reply in replies],
        *[b"HTTP/1.1 ", b"200", b"407", b"\r\n", b" ", b":", CHUNKED, BASIC, DIGEST, CLOSE, b"Content-Length: 3\r\n"],
        b"Proxy-Authenticate: NTLM TlRMTVNTUAACAAAA\r\n",
    ]
)
REQUESTS = re.compile(r"(?:CONNECT target\.test:443 HTTP/1\.1\r\n(?:[\w-]+: [^\r\n\0]+\r\n){3,4}\r\n)+")
STREAM = st.lists(st.one_of(REPLIES, st.binary(max_size=20)), max_size=6).map(b"".join)


@fuzz
@given(st.lists(STREAM, min_size=1, max_size=3), st.integers(min_value=1, max_value=50), st.booleans())
def test_fuzz_any_bytes_end_in_a_documented_way(streams: list[bytes], step: int, known: bool) -> None:
    """... and in the same way, however they are split."""
    connections = [[stream] for stream in streams]
    settings: dict[str, Any] = {"made": proxy("pu", "pp") if known else None, "credentials": [("u", "p"), ("v", "q")]}
    outcome = converse(connections, **settings)
    assert outcome.error in (
        None,
        Error.SocketAccessError,
        Error.HostNotFoundError,
        Error.ConnectionRefusedError,
        Error.ProxyProtocolError,
        Error.ProxyAuthenticationRequiredError,
        Error.ProxyConnectionClosedError,
    )
    assert outcome.text.isprintable()
    for requests in outcome.requests:
        assert all(REQUESTS.fullmatch(request) for request in requests)
    parts = converse(connections, lambda data: [data[i : i + step] for i in range(0, len(data), step)], **settings)
    assert comparable(parts) == comparable(outcome)
