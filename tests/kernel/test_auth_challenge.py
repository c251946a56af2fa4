"""What WWW-Authenticate and Proxy-Authenticate may contain."""

from __future__ import annotations

import time

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._auth_challenge import Challenge, parse_challenges, quote, readable

CASES = {
    b"": [],
    b" , ,\t,": [],
    b"Basic": [("basic", "", {})],
    b"NTLM, Negotiate": [("ntlm", "", {}), ("negotiate", "", {})],
    b"Negotiate YII=": [("negotiate", "YII=", {})],
    b"Negotiate YII= , Basic realm=x": [("negotiate", "YII=", {}), ("basic", "", {"realm": "x"})],
    b"Negotiate abc": [("negotiate", "abc", {})],
    b'BASIC REALM="a b", Charset="UTF-8"': [("basic", "", {"realm": "a b", "charset": "UTF-8"})],
    # RFC 9110 section 11.6.1: the example with two schemes, and a comma within quotes
    b'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\", please"': [
        ("basic", "", {"realm": "simple"}),
        ("newauth", "", {"realm": "apps", "type": "1", "title": 'Login to "apps", please'}),
    ],
    b'Digest realm="r",nonce="n",qop="auth,auth-int",stale=TRUE,Digest realm=r , nonce = "m"': [
        ("digest", "", {"realm": "r", "nonce": "n", "qop": "auth,auth-int", "stale": "TRUE"}),
        ("digest", "", {"realm": "r", "nonce": "m"}),
    ],
    b"Foo,, ,Bar a=1,,b=2": [("foo", "", {}), ("bar", "", {"a": "1", "b": "2"})],
    b'Foo a="\\\\\\"",b=""': [("foo", "", {"a": '\\"', "b": ""})],
    # repeated: the first counts
    b"Foo a=1, A=2": [("foo", "", {"a": "1"})],
}
TOLERATED = {
    b"Basic realm=My Realm, charset=UTF-8": [("basic", "", {"realm": "My", "charset": "UTF-8"})],
    b"Digest realm=r, nonce=ab/c==, qop=auth": [("digest", "", {"realm": "r", "nonce": "ab/c==", "qop": "auth"})],
    b'realm="x", Basic realm="y"': [("basic", "", {"realm": "y"})],
    b'=, "x", Basic realm="y" junk, NTLM': [("basic", "", {"realm": "y"}), ("ntlm", "", {})],
    b"Foo a=, b=1": [("foo", "a=", {})],
    b'Basic realm="caf\xc3\xa9"': [("basic", "", {"realm": "caf\xc3\xa9"})],
}
REFUSED = [
    b'Basic realm="a\r\nX-Injected: 1"',
    b"Basic\nrealm=x",
    b'Basic realm="\x00"',
    b"Basic realm=\x7f",
    b'Digest realm="never ends, nonce=x',
    b'Digest nonce="x\\"',
]


@pytest.mark.parametrize(("value", "expected"), [*CASES.items(), *TOLERATED.items()])
def test_challenges(value: bytes, expected: list[tuple[str, str, dict[str, str]]]) -> None:
    assert parse_challenges([value]) == [Challenge(*each) for each in expected]


@pytest.mark.parametrize("value", REFUSED)
def test_what_may_be_an_attack_is_left_out(value: bytes) -> None:
    assert parse_challenges([value]) == []
    assert parse_challenges([b"NTLM", value, b"Negotiate"]) == [
        Challenge("ntlm", "", {}),
        Challenge("negotiate", "", {}),
    ]


def test_what_came_before_a_string_without_end_stays() -> None:
    assert parse_challenges([b'NTLM, Basic realm="x']) == [Challenge("ntlm", "", {})]


def test_several_headers_are_one_list() -> None:
    separate = parse_challenges([b"Negotiate", b"NTLM", b'Basic realm="x"'])
    assert separate == parse_challenges([b'Negotiate, NTLM, Basic realm="x"'])


@pytest.mark.parametrize(
    "value",
    [
        b"a," * 30000,
        b"Foo " + b",".join(b"a%d=1" % i for i in range(6000)),
        b"x" * 65000 + b"@",
        b"Foo " + b"=" * 65000,
        b"Foo " + b"a=" * 32000,
        b'Foo a="' + b"\\" * 65000,
        b'Foo a="' + b"\\x" * 32000 + b'"',
        b" " * 65536,
        b"Foo a" + b" " * 65000,
    ],
)
def test_long_values_take_linear_time_and_bounded_space(value: bytes) -> None:
    start = time.process_time()
    found = parse_challenges([value])
    assert time.process_time() - start < 1
    assert len(found) <= 32
    assert all(len(challenge.parameters) <= 32 for challenge in found)


def test_too_long_values_are_ignored() -> None:
    assert parse_challenges([b"Basic realm=" + b"x" * 65536]) == []


def test_readable() -> None:
    assert readable("caf\xc3\xa9") == "café"
    assert readable("caf\xe9") == "café"


def test_quote() -> None:
    assert quote(b'a"b\\c\td\xff') == b'"a\\"b\\\\c\td\xff"'
    for control in (b"\r", b"\n", b"\0", b"\x7f"):
        with pytest.raises(ValueError):
            quote(b"a" + control)


TOKEN = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8)
LATIN1 = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f").map(str)
PARAMETERS = st.dictionaries(TOKEN.map(str.lower), st.text(LATIN1, max_size=12), max_size=5)


@fuzz
@given(st.lists(st.tuples(TOKEN, PARAMETERS), max_size=5))
def test_fuzz_what_is_written_by_the_rules_is_read(challenges: list[tuple[str, dict[str, str]]]) -> None:
    written = b", ".join(
        scheme.encode()
        + b" "
        + b" , ".join(name.encode() + b"=" + quote(value.encode("latin-1")) for name, value in parameters.items())
        for scheme, parameters in challenges
    )
    assert parse_challenges([written]) == [Challenge(s.lower(), "", p) for s, p in challenges]


PIECES = st.sampled_from(
    [
        b"Basic",
        b"Digest ",
        b"realm=",
        b'"',
        b"\\",
        b",",
        b" ",
        b"=",
        b"x",
        b"nonce",
        b"\t",
        b"\xff",
        b"\r",
        b"YII=",
        b";",
    ]
)


@fuzz
@given(st.lists(st.one_of(st.binary(max_size=40), st.lists(PIECES, max_size=25).map(b"".join)), max_size=3))
def test_fuzz_anything_is_survived(values: list[bytes]) -> None:
    for challenge in parse_challenges(values):
        assert challenge.scheme == challenge.scheme.lower() != ""
        texts = [challenge.scheme, challenge.token68, *challenge.parameters, *challenge.parameters.values()]
        joined = "".join(texts).encode("latin-1")
        assert not any((byte < 32 and byte != 9) or byte == 127 for byte in joined)
        assert not (challenge.token68 and challenge.parameters)
