"""Conversations about credentials: which way is chosen, when they are asked for, what is refused, and NTLM for real."""

from __future__ import annotations

import base64
import gc
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._auth_session import Answer, AuthError, AuthSession, AuthState
from qnet.kernel.authenticator import QAuthenticator

BASIC = b'Basic realm="b r"'
DIGEST = b'Digest realm="d r", nonce="n", qop="auth"'
UNKNOWN = b"Whirl a=b"


def session(user: str = "", password: str = "") -> AuthSession:
    authenticator = QAuthenticator()
    if user or password:
        authenticator.setUser(user)
        authenticator.setPassword(password)
    return AuthSession("host.test", authenticator)


def provide(auth: AuthSession, user: str, password: str) -> bool:
    auth.authenticator.setUser(user)
    auth.authenticator.setPassword(password)
    return auth.provided()


def header(auth: AuthSession, method: str = "GET", uri: str = "/") -> Answer:
    answer = auth.header(method, uri)
    assert answer is not None
    return answer


def test_nothing_is_sent_unasked() -> None:
    auth = session("u", "p")
    assert auth.header("GET", "/") is None
    assert auth.state is AuthState.UNCHALLENGED
    assert auth.scheme == ""


def test_known_credentials_answer_at_once() -> None:
    auth = session("u", "p")
    assert auth.challenged([BASIC]) is AuthState.READY
    assert header(auth).value == b"Basic " + base64.b64encode(b"u:p")
    assert auth.authenticator.realm() == "b r"
    assert auth.authenticator.options() == {"realm": "b r"}


def test_credentials_are_asked_for() -> None:
    auth = session()
    assert auth.challenged([BASIC]) is AuthState.ASKING
    assert auth.header("GET", "/") is None
    assert not auth.provided(), "nobody gave any"
    assert provide(auth, "u", "p")
    assert header(auth).value == b"Basic " + base64.b64encode(b"u:p")


def test_refused_credentials_are_not_tried_again() -> None:
    auth = session("u", "p")
    auth.challenged([BASIC])
    assert auth.challenged([BASIC], header(auth)) is AuthState.ASKING
    assert auth.authenticator.user() == "u", "the program sees what was refused"
    assert not auth.provided()
    assert not provide(auth, "u", "p")
    assert provide(auth, "u", "other")
    assert auth.challenged([BASIC], header(auth)) is AuthState.ASKING
    assert provide(auth, "u", "p"), "only the last ones are known to be wrong"


def test_only_the_current_answer_can_be_refused() -> None:
    """Several requests are on their way: what an old one carried says nothing about the credentials."""
    auth = session("u", "p")
    auth.challenged([BASIC])
    first, second = header(auth), header(auth)
    assert auth.challenged([BASIC]) is AuthState.READY, "that request carried nothing"
    assert auth.challenged([BASIC], first) is AuthState.READY
    assert auth.challenged([BASIC], header(auth)) is AuthState.ASKING
    assert provide(auth, "u", "right")
    assert auth.challenged([BASIC], second) is AuthState.READY


def test_accepted_credentials_may_be_asked_for_anew() -> None:
    auth = session("u", "p")
    auth.challenged([BASIC])
    answer = header(auth)
    auth.accepted()
    assert header(auth) == answer
    assert auth.challenged([BASIC], answer) is AuthState.ASKING


@pytest.mark.parametrize(
    ("challenges", "scheme"),
    [
        ([BASIC, DIGEST], "digest"),
        ([BASIC, b"NTLM"], "ntlm"),
        ([b"NTLM", DIGEST, BASIC], "digest"),
        ([UNKNOWN, BASIC], "basic"),
        ([b'Digest realm="r", nonce="n", algorithm=Foo', BASIC], "basic"),
        ([b"Digest realm=r, nonce=n, qop=none, NTLM"], "ntlm"),
    ],
)
def test_the_best_way_that_is_possible(challenges: list[bytes], scheme: str) -> None:
    for order in (challenges, challenges[::-1]):
        auth = session("u", "p")
        assert auth.challenged(order) is AuthState.READY
        assert auth.scheme == scheme


@pytest.mark.parametrize(
    ("challenges", "reason"),
    [
        ([], "no way to authenticate"),
        ([UNKNOWN, b"Other"], "other; whirl"),
        ([b'Digest realm="r"'], "without a nonce"),
        ([b'Basic realm="never ends'], "no way to authenticate"),
    ],
)
def test_impossible(challenges: list[bytes], reason: str) -> None:
    auth = session("u", "p")
    with pytest.raises(AuthError, match=reason):
        auth.challenged(challenges)
    assert auth.state is AuthState.UNCHALLENGED


def test_negotiate_without_gssapi_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "gssapi" else found(name))
    for auth in (session("u", "p"), session()):
        with pytest.raises(AuthError, match=r"pip install 'qnet\[kerberos\]'"):
            auth.challenged([b"Negotiate"])
    auth = session("u", "p")
    assert auth.challenged([b"Negotiate", BASIC]) is AuthState.READY
    assert auth.scheme == "basic"


def test_a_stale_digest_asks_nobody() -> None:
    auth = session("u", "p")
    auth.challenged([DIGEST])
    stale = b'Digest realm="d r", nonce="n2", qop="auth", stale=true'
    for _ in range(3):
        assert auth.challenged([stale, BASIC], header(auth)) is AuthState.READY
        assert b'nonce="n2"' in header(auth).value
    assert auth.challenged([stale, BASIC], header(auth)) is AuthState.ASKING


def test_a_digest_that_expires_later_asks_nobody() -> None:
    auth = session("u", "p")
    auth.challenged([DIGEST])
    answer = header(auth)
    auth.accepted([b'nextnonce="n2", qop=auth'])
    answer = header(auth)
    assert b'nonce="n2"' in answer.value
    assert auth.challenged([b'Digest realm="d r", nonce="n3"'], answer) is AuthState.READY


def test_basic_credentials_are_latin_1_if_they_fit() -> None:
    cases = {
        ("ü", "p:q", BASIC): b"\xfc:p:q",
        ("ü", "€", BASIC): "ü:€".encode(),
        ("u\u0308", "p", BASIC + b", charset=utf-8"): "ü:p".encode(),
        ("a\r\nX: y", "\0", BASIC): b"a\r\nX: y:\0",
        ("", "p", BASIC): b":p",
    }
    for (user, password, challenge), plain in cases.items():
        auth = session(user, password)
        auth.challenged([challenge])
        value = header(auth).value
        assert b"\r" not in value
        assert base64.b64decode(value[6:]) == plain


def test_secrets_are_not_printed() -> None:
    auth = session("alice", "sesame")
    auth.challenged([BASIC])
    printed = repr(auth) + repr(header(auth)) + repr(auth._credentials()) + repr(auth.authenticator)
    for secret in ("alice", "sesame", base64.b64encode(b"alice:sesame").decode()):
        assert secret not in printed


def test_no_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        for challenge in (BASIC, DIGEST, b"NTLM"):
            auth = session("u", "p")
            auth.challenged([challenge])
            header(auth)
            del auth
        assert not [o for o in gc.get_objects() if type(o) is AuthSession]
    finally:
        gc.enable()


# NTLM, against the server's side of pyspnego


@pytest.fixture
def ntlm_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes server contexts that know DOMAIN\\me with the password "sesame"."""
    import spnego

    users = tmp_path / "users"
    users.write_text("DOMAIN:me:sesame\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    return lambda: spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


def token(answer: Answer) -> bytes:
    assert answer.value.startswith(b"NTLM ")
    return base64.b64decode(answer.value[5:], validate=True)


def challenge(server: Any, answer: Answer) -> bytes:
    return b"NTLM " + base64.b64encode(server.step(token(answer)))


def test_ntlm(ntlm_server: Any) -> None:
    auth, server = session("DOMAIN\\me", "sesame"), ntlm_server()
    assert auth.challenged([b"NTLM"]) is AuthState.READY
    assert not auth.needs_connection, "nothing was said yet"
    first = header(auth)
    assert auth.challenged([challenge(server, first)], first) is AuthState.READY
    assert auth.needs_connection
    server.step(token(header(auth)))
    assert server.complete
    assert server.client_principal == "DOMAIN\\me"
    auth.accepted()
    assert auth.header("GET", "/") is None, "the connection is authenticated"
    auth.reconnected()
    assert token(header(auth))[8] == 1, "from the start"


def test_ntlm_with_a_wrong_password(ntlm_server: Any) -> None:
    import spnego

    auth, server = session("DOMAIN\\me", "wrong"), ntlm_server()
    auth.challenged([b"NTLM"])
    first = header(auth)
    auth.challenged([challenge(server, first)], first)
    last = header(auth)
    with pytest.raises(spnego.exceptions.SpnegoError):
        server.step(token(last))
    assert auth.challenged([b"NTLM"], last) is AuthState.ASKING
    assert not auth.needs_connection
    assert provide(auth, "DOMAIN\\me", "sesame")
    server = ntlm_server()
    first = header(auth)
    assert auth.challenged([challenge(server, first)], first) is AuthState.READY
    server.step(token(header(auth)))
    assert server.complete


@pytest.mark.parametrize("bad", [b"TlRMTVNTUAAC", b"QUJD", b"TlRMTVNTUAACAAAA" + b"////" * 4, b"a==="])
def test_ntlm_with_bad_tokens(bad: bytes) -> None:
    auth = session("alice", "sesame")
    auth.challenged([b"NTLM"])
    with pytest.raises(AuthError, match="NTLM") as caught:
        auth.challenged([b"NTLM " + bad], header(auth))
    assert "alice" not in str(caught.value)


CHALLENGES = st.sampled_from(
    [BASIC, DIGEST, UNKNOWN, b"NTLM", b"NTLM QUJD", DIGEST + b", stale=true", b"", b'Basic realm="']
)


@fuzz
@given(st.lists(st.tuples(st.lists(CHALLENGES, max_size=3), st.booleans(), st.booleans()), max_size=6))
def test_fuzz_conversations_keep_to_the_table(rounds: list[tuple[list[bytes], bool, bool]]) -> None:
    auth = session()
    for number, (challenges, carried, provides) in enumerate(rounds):
        before = auth.state
        try:
            answer = auth.header("GET", "/") if carried else None
            state = auth.challenged(challenges, answer)
        except AuthError:
            assert auth.state is before
            continue
        assert state is auth.state is not AuthState.UNCHALLENGED
        if state is AuthState.ASKING:
            assert auth.header("GET", "/") is None
            assert auth.provided() is False
            if provides:
                assert provide(auth, f"user{number}", "p")
