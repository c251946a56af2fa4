"""QHttpHeaders: order, repeats, what is refused, conversions."""

from __future__ import annotations

import copy
import datetime
import time
from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import example, given
from hypothesis import strategies as st

NAME_REFUSED = "qt.network.http.headers: HTTP header name contained illegal character(s)\n"
VALUE_REFUSED = "qt.network.http.headers: HTTP header value contained illegal character(s)\n"


def pairs(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in headers.toListOfPairs()]


def made(qt: Any, text: str) -> Any:
    """Headers from ``name=value name=value``."""
    headers = qt.QHttpHeaders()
    for pair in text.split():
        assert headers.append(*pair.split("=", 1))
    return headers


def shown(headers: Any) -> str:
    return b" ".join(name + b"=" + value for name, value in pairs(headers)).decode("latin-1")


def test_looking_up(qt: Any) -> None:
    headers = made(qt, "Accept=a X=1 accept=b Set-Cookie=x=1 set-cookie=y=2")
    assert shown(headers) == "accept=a x=1 accept=b set-cookie=x=1 set-cookie=y=2"
    for name in ("Accept", "ACCEPT", qt.QHttpHeaders.WellKnownHeader.Accept):
        assert bytes(headers.value(name)) == b"a"
        assert [bytes(value) for value in headers.values(name)] == [b"a", b"b"]
        assert bytes(headers.combinedValue(name)) == b"a, b"
        assert headers.contains(name) is True
    assert bytes(headers.combinedValue("set-cookie")) == b"x=1, y=2"
    for name in ("nope", "", "\u20ac", qt.QHttpHeaders.WellKnownHeader.Host):
        assert (bytes(headers.value(name)), headers.values(name), headers.contains(name)) == (b"", [], False)
        assert bytes(headers.combinedValue(name)) == b""
        assert bytes(headers.value(name, b"D")) == b"D"
    assert bytes(headers.value("x", b"D")) == b"1"
    assert (headers.size(), headers.isEmpty(), qt.QHttpHeaders().isEmpty()) == (5, False, True)
    assert (headers.nameAt(0), bytes(headers.valueAt(0)), headers.nameAt(4)) == ("accept", b"a", "set-cookie")


START = "a=1 b=2 A=3 age=4"
CHANGES: list[tuple[Any, Any, str]] = [
    (lambda h, k: h.append("B", "9"), True, "a=1 b=2 a=3 age=4 b=9"),
    (lambda h, k: h.append(k.Age, "9"), True, "a=1 b=2 a=3 age=4 age=9"),
    (lambda h, k: h.append("B", None), True, "a=1 b=2 a=3 age=4 b="),
    (lambda h, k: h.insert(0, "z", "9"), True, "z=9 a=1 b=2 a=3 age=4"),
    (lambda h, k: h.insert(1, k.ETag, "9"), True, "a=1 etag=9 b=2 a=3 age=4"),
    (lambda h, k: h.insert(4, "z", "9"), True, "a=1 b=2 a=3 age=4 z=9"),
    (lambda h, k: h.insert(1, "z ", "9"), False, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.insert(1, "z", "9\n"), False, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.replace(0, "Z", "9"), True, "z=9 b=2 a=3 age=4"),
    (lambda h, k: h.replace(3, k.Via, "9"), True, "a=1 b=2 a=3 via=9"),
    (lambda h, k: h.replace(2, "z:", "9"), False, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.replace(2, "z", "\0"), False, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.replaceOrAppend("A", "9"), True, "a=9 b=2 age=4"),
    (lambda h, k: h.replaceOrAppend("A", ""), True, "a= b=2 age=4"),
    (lambda h, k: h.replaceOrAppend("z", "9"), True, "a=1 b=2 a=3 age=4 z=9"),
    (lambda h, k: h.replaceOrAppend(k.Age, "9"), True, "a=1 b=2 a=3 age=9"),
    (lambda h, k: h.replaceOrAppend("a", "\n"), False, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.replaceOrAppend("a b", "1"), False, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.removeAt(1), None, "a=1 a=3 age=4"),
    (lambda h, k: h.removeAll("A"), None, "b=2 age=4"),
    (lambda h, k: h.removeAll(k.Age), None, "a=1 b=2 a=3"),
    (lambda h, k: h.removeAll("nope"), None, "a=1 b=2 a=3 age=4"),
    (lambda h, k: h.clear(), None, ""),
    (lambda h, k: h.reserve(5), None, "a=1 b=2 a=3 age=4"),
]


@pytest.mark.parametrize(("change", "result", "after"), CHANGES)
def test_changes(qt: Any, change: Any, result: Any, after: str) -> None:
    headers = made(qt, START)
    assert (change(headers, qt.QHttpHeaders.WellKnownHeader), shown(headers)) == (result, after)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        *((v, v.strip(" \t")) for v in ("", " ", "a", " a ", "\ta\t", "a\tb", "a b", "\x80", "\xe9", "\xff", "\x85")),
        ("\xa0a\xa0", "\xa0a\xa0"),
        *((v, None) for v in ("\x01", "\x1f", "\x7f", "\u0100", "\u20ac", "a\r", "a\n", "\r\n a", "\na", "a\0", "\v")),
        *((v, None) for v in (" \r\n", " \v a", "x\r\nInjected: yes", "x\nInjected: yes")),
    ],
)
def test_values(qt: Any, capfd: pytest.CaptureFixture[str], value: str, kept: str | None) -> None:
    headers = qt.QHttpHeaders()
    assert headers.append("n", value) is (kept is not None)
    assert pairs(headers) == ([] if kept is None else [(b"n", kept.encode("latin-1"))])
    assert capfd.readouterr().err == (VALUE_REFUSED if kept is None else "")


TOKEN = "!#$%&'*+-.^_`|~09Az"


@pytest.mark.parametrize(
    "name", [*' \x7f\xe9\u212a(),/:;<=>?@[\\]{}"', "", " a", "a ", "a\n", "a\0", "a: b\r\nc", None]
)
def test_names_that_are_refused(qt: Any, capfd: pytest.CaptureFixture[str], name: str | None) -> None:
    headers = qt.QHttpHeaders()
    assert (headers.append(name, "v"), headers.size()) == (False, 0)
    assert capfd.readouterr().err == (
        NAME_REFUSED if name else "qt.network.http.headers: HTTP header name cannot be empty\n"
    )


def test_names_keep_what_a_token_may_have(qt: Any) -> None:
    headers = qt.QHttpHeaders()
    assert headers.append(TOKEN, "v")
    assert headers.nameAt(0) == TOKEN.lower()


def test_well_known_names(qt: Any) -> None:
    known = qt.QHttpHeaders.WellKnownHeader
    assert sorted(header.value for header in known) == list(range(177))
    expected = (
        "a-im etag www-authenticate slug protocol-query te dpop-nonce sec-websocket-key odata-entityid c-pep-info"
    )
    members = "AIM ETag WWWAuthenticate SLUG ProtocolQuery TE DPoPNonce SecWebSocketKey ODataEntityId CPEPInfo"
    names = [qt.QHttpHeaders.wellKnownHeaderName(known[member]) for member in members.split()]
    assert [bytes(name).decode() for name in names] == expected.split()


def test_every_well_known_name_is_one(qt: Any) -> None:
    headers = qt.QHttpHeaders()
    for header in qt.QHttpHeaders.WellKnownHeader:
        name = bytes(qt.QHttpHeaders.wellKnownHeaderName(header))
        assert name == name.lower()
        assert headers.append(header, "v")
        assert headers.contains(name.decode())
        assert name.replace(b"-", b"").decode() == header.name.lower()


def test_lists_and_maps(qt: Any) -> None:
    headers = made(qt, "B=2 A=1 b=3")
    assert shown(qt.QHttpHeaders.fromListOfPairs(headers.toListOfPairs())) == "b=2 a=1 b=3"
    expected = [(b"a", [b"1"]), (b"b", [b"3", b"2"])]
    as_map = [(bytes(k), [bytes(v) for v in values]) for k, values in headers.toMultiMap().items()]
    assert as_map == expected
    as_hash = [(bytes(k), [bytes(v) for v in values]) for k, values in headers.toMultiHash().items()]
    assert sorted(as_hash) == expected
    assert shown(qt.QHttpHeaders.fromMultiMap(headers.toMultiMap())) == "a=1 b=2 b=3"
    assert shown(qt.QHttpHeaders.fromMultiMap({b"B": [b"2", b"3"], b"A": [b"1"]})) == "a=1 b=3 b=2"
    assert sorted(pairs(qt.QHttpHeaders.fromMultiHash(headers.toMultiHash()))) == sorted(pairs(headers))
    assert qt.QHttpHeaders.fromListOfPairs([]).isEmpty()


def test_what_is_refused_is_left_out(qt: Any, capfd: pytest.CaptureFixture[str]) -> None:
    given_pairs = [(b"A", b" 1 "), (b"bad name", b"y"), (b"c", b"\n"), (b"d", b"x")]
    assert shown(qt.QHttpHeaders.fromListOfPairs(given_pairs)) == "a=1 d=x"
    assert capfd.readouterr().err == NAME_REFUSED + VALUE_REFUSED


def test_copies(qt: Any) -> None:
    one = made(qt, "a=1")
    twins = copy.copy(one), qt.QHttpHeaders(one)
    one.clear()
    assert [shown(twin) for twin in twins] == ["a=1", "a=1"]
    one.swap(twins[0])
    assert (shown(one), shown(twins[0])) == ("a=1", "")


def test_comparison_and_truth_are_by_identity(qt: Any) -> None:
    one, other = made(qt, "a=1"), made(qt, "a=1")
    assert one == one
    assert one != other
    assert {one: 1}[one] == 1
    assert qt.QHttpHeaders()


@pytest.mark.parametrize("call", [lambda h: h.append("a", 5), lambda h: h.append(5, "a"), lambda h: h.append(0, "a")])
def test_wrong_types(qt: Any, call: Any) -> None:
    with pytest.raises(TypeError):
        call(qt.QHttpHeaders())


@pytest.mark.parametrize("wrong", [5, [(b"a",)], [5], {b"a": b"b"}, "ab"])
def test_wrong_containers(qt: Any, wrong: Any) -> None:
    for convert in (qt.QHttpHeaders.fromListOfPairs, qt.QHttpHeaders.fromMultiMap, qt.QHttpHeaders.fromMultiHash):
        with pytest.raises(TypeError):
            convert(wrong)


def test_more_wrong_types(qt: Any) -> None:
    for call in (
        lambda: qt.QHttpHeaders(5),
        lambda: qt.QHttpHeaders({"a": "1"}),
        lambda: qt.QHttpHeaders().value("x", "text"),
        lambda: qt.QHttpHeaders().setDateTimeValue("date", "now"),
        lambda: qt.QHttpHeaders().reserve("x"),
        lambda: qt.QHttpHeaders().swap(5),
        lambda: qt.QHttpHeaders.wellKnownHeaderName(5),
    ):
        with pytest.raises(TypeError):
            call()


def test_dates(qt: Any) -> None:
    headers = made(qt, "Date=x a=1 date=y")
    headers.setDateTimeValue("dATE", datetime.datetime(2024, 2, 3, 12, 5, 6))
    assert [name for name, _ in pairs(headers)] == [b"date", b"a"]
    headers.setDateTimeValue("b d", datetime.datetime(2024, 2, 3, 12, 5, 6))
    headers.setDateTimeValue("e", None)
    assert headers.size() == 2


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.qnet("PySide6 ignores the time zone of a datetime")
def test_time_zones(qt: Any) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=-2))
    headers = qt.QHttpHeaders()
    for hour, moment in enumerate(
        (
            datetime.datetime(2024, 2, 3, 0, 5, 6, tzinfo=datetime.timezone.utc),
            datetime.datetime(2024, 2, 3, 2, 5, 6),
            datetime.datetime(2024, 2, 3, 0, 5, 6, tzinfo=zone),
        )
    ):
        headers.setDateTimeValue(qt.QHttpHeaders.WellKnownHeader.Date, moment)
        assert bytes(headers.value("date")) == b"Sat, 03 Feb 2024 0%d:05:06 GMT" % hour
    headers.setDateTimeValue("date", datetime.date(2024, 2, 3))
    assert bytes(headers.value("date")) == b"Sat, 03 Feb 2024 00:00:00 GMT"
    with pytest.raises(ValueError, match="9999"):
        headers.setDateTimeValue("date", datetime.datetime(9999, 12, 31, 23, tzinfo=zone))


@pytest.mark.qnet("undefined in Qt: PySide6 crashes")
def test_positions_outside(qt: Any) -> None:
    headers = made(qt, "a=1 b=2")
    for position in (-1, 2, 3):
        for call in (headers.nameAt, headers.valueAt, headers.removeAt):
            with pytest.raises(IndexError):
                call(position)
        with pytest.raises(IndexError):
            headers.replace(position, "z", "9")
    for position in (-1, 3):
        with pytest.raises(IndexError):
            headers.insert(position, "z", "9")
    with pytest.raises(IndexError):
        qt.QHttpHeaders().nameAt(0)
    with pytest.raises(TypeError):
        headers.nameAt("0")
    assert shown(headers) == "a=1 b=2"


@pytest.mark.qnet("PySide6 takes text only")
def test_bytes_are_taken_too(qt: Any) -> None:
    headers = qt.QHttpHeaders()
    assert headers.append(b"Name", b" \xe9")
    assert headers.append(qt.QByteArray(b"Name"), bytearray(b"2"))
    assert not headers.append(b"Name", b"a\r\nb: c")
    assert shown(headers) == "name=\xe9 name=2"
    assert headers.contains(memoryview(b"NAME"))
    assert shown(qt.QHttpHeaders.fromListOfPairs([("a", "1")])) == "a=1"
    assert bytes(headers.value("nope", defaultValue=b"D")) == b"D"


@pytest.mark.qnet("PySide6 shows no headers")
def test_repr_hides_credentials(qt: Any) -> None:
    headers = made(qt, "Host=h Authorization=Basic1 Cookie=a=b")
    assert repr(headers) == "QHttpHeaders(host: 'h', authorization: '...', cookie: '...')"


ALLOWED = frozenset({9, *range(32, 127), *range(128, 256)})


@pytest.mark.qnet("fuzzes this implementation")
@fuzz
@given(name=st.text(max_size=6), value=st.text(max_size=20))
@example(name="a", value="\x0a")
@example(name="\u212a", value="")
@example(name="a", value="\ud800")
def test_fuzz_what_is_taken_cannot_break_a_message(qt: Any, name: str, value: str) -> None:
    headers = qt.QHttpHeaders()
    taken = headers.append(name, value)
    good_name = bool(name) and all(
        character in TOKEN or (character.isascii() and character.isalnum()) for character in name
    )
    assert taken is (good_name and all(ord(character) in ALLOWED for character in value))
    if taken:
        line = b"%s: %s\r\n" % pairs(headers)[0]
        assert line.count(b"\n") == line.count(b"\r") == 1
        assert line.split(b": ", 1) == [name.lower().encode(), value.strip(" \t").encode("latin-1") + b"\r\n"]


@pytest.mark.qnet("fuzzes this implementation")
@fuzz
@given(name=st.binary(max_size=6), value=st.binary(max_size=20))
def test_fuzz_bytes_are_held_to_the_same(qt: Any, name: bytes, value: bytes) -> None:
    from_bytes, from_text = qt.QHttpHeaders(), qt.QHttpHeaders()
    assert from_bytes.append(name, value) is from_text.append(name.decode("latin-1"), value.decode("latin-1"))
    assert pairs(from_bytes) == pairs(from_text)
