"""The Digest scheme against the examples of the RFCs, and against a server's side written from the RFC."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._auth_challenge import parse_challenges
from qnet.kernel._auth_digest import STALE_LIMIT, DigestScheme
from qnet.kernel._auth_scheme import AuthError, Credentials, Peer

MUFASA = Credentials("Mufasa", "Circle of Life")
JASON = Credentials("J\u00e4s\u00f8n Doe", "Secret, or not?")
RFC_7616 = (
    b'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=%b,'
    b'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616_SHA_512_256 = (
    b'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, charset=UTF-8, userhash=true,'
    b'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS"'
)
RFC_2617 = (
    b'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
    b'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def scheme(challenge: bytes, cnonce: str | None = None) -> DigestScheme:
    (parsed,) = parse_challenges([challenge])
    return DigestScheme(parsed, cnonce)


def answered(digest: DigestScheme, who: Credentials, method: str = "GET", uri: str = "/", body: Any = b"") -> bytes:
    value = digest.answer(who, method, uri, body)
    assert value.startswith(b"Digest ")
    assert not re.search(rb"[\x00-\x1f\x7f]", value)
    return value


def fields(value: bytes) -> dict[str, str]:
    (parsed,) = parse_challenges([value])
    return parsed.parameters


def expected(value: bytes, method: str, password: bytes, body: bytes = b"") -> str:
    """What a server computes: RFC 7616 section 3.4, by hand."""
    have = {name: text.encode("latin-1") for name, text in fields(value).items()}
    algorithm = have.get("algorithm", b"MD5").decode().lower()
    name = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}[algorithm.replace("-sess", "")]

    def h(*parts: bytes) -> bytes:
        return hashlib.new(name, b":".join(parts)).hexdigest().encode()

    a1 = h(have["username"], have["realm"], password)
    if algorithm.endswith("-sess"):
        a1 = h(a1, have["nonce"], have["cnonce"])
    qop = have.get("qop")
    a2 = h(method.encode(), have["uri"], *([h(body)] if qop == b"auth-int" else []))
    middle = [have["nc"], have["cnonce"], qop] if qop else []
    return h(a1, have["nonce"], *middle, a2).decode()


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (b"MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (b"SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm: bytes, response: str) -> None:
    digest = scheme(RFC_7616 % algorithm, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    value = answered(digest, MUFASA, "GET", "/dir/index.html")
    assert fields(value) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm.decode(),
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_rfc_7616_section_3_9_2() -> None:
    """With the values of erratum 4897: the RFC's own were computed with SHA-512 cut short."""
    digest = scheme(RFC_7616_SHA_512_256, "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v")
    have = fields(answered(digest, JASON, "GET", "/doe.json"))
    assert have["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert have["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert have["userhash"] == "true"


def test_rfc_2617_section_3_5() -> None:
    digest = scheme(RFC_2617, "0a4f113b")
    have = fields(answered(digest, Credentials("Mufasa", "Circle Of Life"), "GET", "/dir/index.html"))
    assert have["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in have, "there was none in the challenge"


def test_rfc_2069_has_no_qop() -> None:
    have = answered(scheme(b'Digest realm="r", nonce="n"'), MUFASA)
    assert not {"qop", "nc", "cnonce"} & set(fields(have))
    assert fields(have)["response"] == expected(have, "GET", b"Circle of Life")


@pytest.mark.parametrize("session", [b"", b"-sess"])
@pytest.mark.parametrize("base", [b"MD5", b"SHA-256", b"SHA-512-256"])
@pytest.mark.parametrize("qop", [b"auth", b"auth-int", b"AUTH-INT,other"])
def test_every_algorithm(base: bytes, session: bytes, qop: bytes) -> None:
    digest = scheme(b'Digest realm="r", nonce="n", algorithm=%b, qop="%b"' % (base + session, qop))
    for count in (1, 2):
        value = answered(digest, MUFASA, "POST", "/a?b=c", b"body")
        assert fields(value)["nc"] == f"{count:08x}"
        assert fields(value)["response"] == expected(value, "POST", b"Circle of Life", b"body")


def test_the_best_algorithm_is_answered() -> None:
    offers = [b"MD5", b"MD5-sess", b"SHA-256", b"SHA-512-256", b"Whirlpool"]
    for last in range(1, len(offers)):
        challenges = parse_challenges(
            b'Digest realm="r", nonce="n", algorithm=' + offer for offer in offers[: last + 1]
        )
        best = DigestScheme.begin(challenges, Peer("h"), MUFASA)
        assert best is not None
        assert fields(answered(best, MUFASA))["algorithm"].encode() == offers[{1: 0, 4: 3}.get(last, last)]


@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        (b'Digest realm="r"', "nonce"),
        (b'Digest realm="r", nonce="n", algorithm=Whirlpool', "Whirlpool"),
        (b'Digest realm="r", nonce="n", qop="auth-conf"', "auth-conf"),
    ],
)
def test_unknown_demands(challenge: bytes, reason: str) -> None:
    with pytest.raises(AuthError, match=reason):
        DigestScheme.begin(parse_challenges([challenge]), Peer("h"), MUFASA)


def test_auth_int_needs_the_body() -> None:
    digest = scheme(b'Digest realm="r", nonce="n", qop="auth-int"')
    with pytest.raises(AuthError, match="auth-int"):
        digest.answer(MUFASA, "PUT", "/", None)
    either = scheme(b'Digest realm="r", nonce="n", qop="auth-int, auth"')
    assert fields(answered(either, MUFASA, "PUT", "/", None))["qop"] == "auth"


@pytest.mark.parametrize(
    ("charset", "user", "sent"),
    [
        (b"", "müller", b'username="m\xfcller"'),
        (b"", "€", b'username="\xe2\x82\xac"'),
        (b"", 'a"b\\c', b'username="a\\"b\\\\c"'),
        (b", charset=UTF-8", "plain", b'username="plain"'),
        (b", charset=UTF-8", "mu\u0308ller", b"username*=UTF-8''m%C3%BCller"),
        (b", charset=UTF-8", "a\r\nX: y", b"username*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_names(charset: bytes, user: str, sent: bytes) -> None:
    value = answered(scheme(b'Digest realm="r", nonce="n"' + charset), Credentials(user, "p"))
    assert value.startswith(b"Digest " + sent + b", realm=")


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\0", "\n", "a\x7f"])
def test_names_that_would_break_out_are_refused_without_being_named(bad: str) -> None:
    digest = scheme(b'Digest realm="r", nonce="n"')
    with pytest.raises(AuthError, match="control characters") as caught:
        digest.answer(Credentials(bad, "p"), "GET", "/", b"")
    assert bad not in str(caught.value)
    answered(scheme(b'Digest realm="r", nonce="n", userhash=true'), Credentials(bad, "p"))
    answered(digest, Credentials("user", bad))


def test_what_the_server_sends_is_quoted_again() -> None:
    challenge = rb'Digest realm="a \"quoted\" \\ realm", nonce="n\"", opaque="\\"'
    value = answered(scheme(challenge), MUFASA)
    assert rb'realm="a \"quoted\" \\ realm"' in value
    assert rb'nonce="n\""' in value
    assert rb'opaque="\\"' in value


def following(digest: DigestScheme, challenge: bytes) -> DigestScheme | None:
    return digest.next(parse_challenges([challenge]))


def test_a_stale_nonce_is_no_refusal() -> None:
    digest: DigestScheme | None = scheme(b'Digest realm="r", nonce="n"')
    for number in range(STALE_LIMIT):
        assert digest is not None
        answered(digest, MUFASA)
        digest = following(digest, b'Digest realm="r", nonce="%d", stale=TRUE, qop=auth' % number)
    assert digest is not None
    assert fields(answered(digest, MUFASA))["nonce"] == "2"
    assert fields(answered(digest, MUFASA))["nc"] == "00000002"
    assert following(digest, b'Digest realm="r", nonce="x", stale=true') is None, "everything cannot be stale"
    digest.accepted({})
    assert following(digest, b'Digest realm="r", nonce="x", stale=true') is not None


def test_refusals() -> None:
    digest = scheme(b'Digest realm="r", nonce="n"')
    for challenge in (b'Digest realm="r", nonce="m"', b'Digest realm="r", nonce="n", stale=false', b"Basic realm=r"):
        assert following(digest, challenge) is None


def test_a_new_nonce_after_an_accepted_one_is_answered_once() -> None:
    digest = scheme(b'Digest realm="r", nonce="n"')
    digest.accepted({})
    assert following(digest, b'Digest realm="r", nonce="n"') is None
    assert following(digest, b'Digest realm="other", nonce="m"') is None
    renewed = following(digest, b'Digest realm="r", nonce="m"')
    assert renewed is not None
    assert following(renewed, b'Digest realm="r", nonce="k"') is None


def test_the_server_may_name_the_next_nonce() -> None:
    digest = scheme(b'Digest realm="r", nonce="n", qop="auth"')
    first = fields(answered(digest, MUFASA))
    digest.accepted({"nextnonce": "m"})
    second = fields(answered(digest, MUFASA))
    assert (second["nonce"], second["nc"]) == ("m", "00000001")
    assert second["cnonce"] != first["cnonce"]


def test_client_nonces_differ() -> None:
    one, two = (fields(answered(scheme(b'Digest nonce="n", qop="auth"'), MUFASA))["cnonce"] for _ in range(2))
    assert one != two
    assert len(one) == 32


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@fuzz
@given(TEXT, TEXT, TEXT, st.binary(max_size=20), st.sampled_from(["", ', qop="auth"', ', qop="auth-int"']))
def test_fuzz_a_server_agrees(user: str, password: str, realm: str, body: bytes, qop: str) -> None:
    realm = realm.replace("\\", "\\\\").replace('"', '\\"')
    digest = scheme(f'Digest realm="{realm}", nonce="n", algorithm=SHA-256{qop}'.encode())
    value = answered(digest, Credentials(user, password), "GET", "/x", body)
    assert fields(value)["username"] == user
    assert fields(value)["response"] == expected(value, "GET", password.encode(), body)
