"""Known headers as Python values, through the first class that has them: ``QNetworkProxy.header`` and ``setHeader``."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._http_dates import format_http_date, parse_http_date
from qnet.kernel._known_headers import HeaderStore, KnownHeaders


def known(qt: Any, name: str) -> Any:
    kinds = KnownHeaders if qt.is_qnet else qt.QNetworkRequest.KnownHeaders
    return kinds[name + "Header"]


def http(qt: Any) -> Any:
    return qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.HttpProxy, "h")


def pairs(proxy: Any) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(value)) for name, value in proxy.headers().toListOfPairs()]


NAMES = {
    "ContentType": b"content-type",
    "ContentLength": b"content-length",
    "Location": b"location",
    "LastModified": b"last-modified",
    "Cookie": b"cookie",
    "SetCookie": b"set-cookie",
    "ContentDisposition": b"content-disposition",
    "UserAgent": b"user-agent",
    "Server": b"server",
    "IfModifiedSince": b"if-modified-since",
    "ETag": b"etag",
    "IfMatch": b"if-match",
    "IfNoneMatch": b"if-none-match",
}
WITHOUT_COOKIES = [name for name in NAMES if "Cookie" not in name]


@pytest.mark.parametrize("kind", WITHOUT_COOKIES)
@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (5, b"5"),
        (-1, b"-1"),
        (2**40, b"1099511627776"),
        (True, b"true"),
        (1.5, b"1.5"),
        (" text ", b"text"),
        ("\xe9\u20ac", b"\xc3\xa9\xe2\x82\xac"),
    ],
)
def test_plain_values_become_text_and_are_kept(qt: Any, kind: str, value: Any, raw: bytes) -> None:
    proxy, header = http(qt), known(qt, kind)
    assert proxy.header(header) is None
    proxy.setHeader(header, value)
    assert pairs(proxy) == [(NAMES[kind], raw)]
    assert proxy.header(header) == value
    assert type(proxy.header(header)) is type(value)
    proxy.setHeader(header, None)
    assert (pairs(proxy), proxy.header(header)) == ([], None)


def test_a_url(qt: Any) -> None:
    proxy = http(qt)
    url = qt.QUrl("http://h/\xe4?q#f")
    proxy.setHeader(known(qt, "Location"), url)
    assert pairs(proxy) == [(b"location", b"http://h/%C3%A4?q#f")]
    assert proxy.header(known(qt, "Location")) == url


@pytest.mark.parametrize("value", [[1], {"a": 1}, ["a"], object()])
@pytest.mark.parametrize("kind", ["ETag", "ContentType", "Cookie"])
def test_values_of_other_types_change_nothing(
    qt: Any, capfd: pytest.CaptureFixture[str], kind: str, value: Any
) -> None:
    proxy = http(qt)
    proxy.setRawHeader(NAMES[kind], b"old=1")
    proxy.setHeader(known(qt, kind), value)
    assert pairs(proxy) == [(NAMES[kind], b"old=1")]
    assert f"cannot be used with header {NAMES[kind].decode()}" in capfd.readouterr().err


FROM_TEXT: list[tuple[str, bytes, Any]] = [
    ("ContentType", b"text/html", "text/html"),
    ("ContentType", b"\xe9", "\xe9"),
    ("ContentType", b"", ""),
    ("ContentDisposition", b"x\xe9", "x\xe9"),
    ("UserAgent", b"x", "x"),
    ("Server", b"x\xc3\xa9", "x\xc3\xa9"),
    *(("ContentLength", raw, value) for raw, value in ((b"5", 5), (b" 5 ", 5), (b"-1", -1), (b"+5", 5))),
    *(("ContentLength", raw, None) for raw in (b"x", b"5x", b"", b"0x10", b"9" * 20, b"5, 5", b"1_0")),
    *(("Location", raw, None) for raw in (b"/rel", b"", b"http://h/a b", b"http://h/%zz")),
    ("ETag", b'"a"', '"a"'),
    ("ETag", b'W/"a"', 'W/"a"'),
    ("ETag", b'""', '""'),
    ("ETag", b'"a\xe9"', '"a\xe9"'),
    *(("ETag", raw, None) for raw in (b"a", b"", b'"a', b'w/"a"')),
    *(("IfMatch", raw, []) for raw in (b"a", b"", b'"a', b'W/"x"')),
    ("IfMatch", b'"a", "b"', ['"a"', '"b"']),
    ("IfMatch", b'W/"a", "b"', ['"b"']),
    ("IfMatch", b'"a",,"b"', ['"a"', '"b"']),
    ("IfMatch", b"*", ["*"]),
    *(("IfNoneMatch", raw, []) for raw in (b"a", b"", b'w/"a"')),
    ("IfNoneMatch", b'W/"a", "b"', ['W/"a"', '"b"']),
    ("IfNoneMatch", b"*", ["*"]),
]


@pytest.mark.parametrize(("kind", "raw", "value"), FROM_TEXT)
def test_values_from_text(qt: Any, kind: str, raw: bytes, value: Any) -> None:
    proxy = http(qt)
    proxy.setRawHeader(NAMES[kind], raw)
    assert proxy.header(known(qt, kind)) == value


@pytest.mark.parametrize("raw", [b"http://h/x", b"http://h/%C3%A9"])
def test_a_url_from_text(qt: Any, raw: bytes) -> None:
    proxy = http(qt)
    proxy.setRawHeader(b"Location", raw)
    assert proxy.header(known(qt, "Location")) == qt.QUrl(raw.decode())


def test_a_raw_header_replaces_a_known_value(qt: Any) -> None:
    proxy = http(qt)
    agent = known(qt, "UserAgent")
    proxy.setHeader(agent, 5)
    proxy.setRawHeader(b"User-Agent", b"x")
    assert proxy.header(agent) == "x"
    proxy.setHeader(agent, "a")
    proxy.setHeaders(qt.QHttpHeaders())
    assert proxy.header(agent) is None


def test_the_first_of_repeated_headers_counts(qt: Any) -> None:
    headers = qt.QHttpHeaders()
    for name, value in (("a", "1"), ("b", "2"), ("A", "3"), ("set-cookie", "x=1"), ("set-cookie", "y=2")):
        headers.append(name, value)
    headers.append("etag", '"1"')
    headers.append("etag", '"2"')
    proxy = http(qt)
    proxy.setHeaders(headers)
    headers.clear()
    shown = [(bytes(name), bytes(proxy.rawHeader(name))) for name in proxy.rawHeaderList()]
    assert shown == [(b"a", b"1, 3"), (b"b", b"2"), (b"set-cookie", b"x=1\ny=2"), (b"etag", b'"1", "2"')]
    assert proxy.header(known(qt, "ETag")) == '"1"'
    proxy.setRawHeader(b"a", b"9")
    assert [name for name, _ in pairs(proxy)] == [b"b", b"set-cookie", b"set-cookie", b"etag", b"etag", b"a"]
    proxy.headers().clear()
    assert proxy.headers().size() == 6


def test_types_without_headers(qt: Any) -> None:
    headers = qt.QHttpHeaders()
    headers.append("etag", '"1"')
    proxy = qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.Socks5Proxy)
    proxy.setHeaders(headers)
    proxy.setHeader(known(qt, "ETag"), '"2"')
    proxy.setType(qt.QNetworkProxy.ProxyType.HttpProxy)
    assert pairs(proxy) == []
    proxy.setHeaders(headers)
    proxy.setType(qt.QNetworkProxy.ProxyType.Socks5Proxy)
    assert (pairs(proxy), proxy.header(known(qt, "ETag"))) == ([], None)


def test_copies_are_independent(qt: Any) -> None:
    one = http(qt)
    one.setHeader(known(qt, "UserAgent"), 5)
    twin = qt.QNetworkProxy(one)
    twin.setHeader(known(qt, "UserAgent"), "x")
    assert (one.header(known(qt, "UserAgent")), pairs(one)) == (5, [(b"user-agent", b"5")])


def test_no_header_and_wrong_types(qt: Any) -> None:
    proxy = http(qt)
    kinds = type(known(qt, "ETag"))
    proxy.setHeader(kinds.NumKnownHeaders, "x")
    assert (proxy.header(kinds.NumKnownHeaders), pairs(proxy)) == (None, [])
    for call in (
        lambda: proxy.setHeader(5, "x"),
        lambda: proxy.header("etag"),
        lambda: proxy.setHeaders([("a", "b")]),
    ):
        with pytest.raises(TypeError):
            call()


@pytest.mark.qnet("Qt sends no header, but header() tells of it")
def test_a_refused_value_is_not_kept(qt: Any) -> None:
    proxy = http(qt)
    proxy.setHeader(KnownHeaders.UserAgentHeader, "old")
    proxy.setHeader(KnownHeaders.UserAgentHeader, "x\r\nInjected: yes")
    assert (proxy.header(KnownHeaders.UserAgentHeader), pairs(proxy)) == (None, [])


@pytest.mark.qnet("PySide6 takes no bytes, datetimes and lists")
def test_more_values_are_taken(qt: Any) -> None:
    moment = datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)
    for kind, value, raw in (
        ("UserAgent", b"x", b"x"),
        ("LastModified", moment, b"Sat, 03 Feb 2024 04:05:06 GMT"),
        ("IfModifiedSince", moment.date(), b"Sat, 03 Feb 2024 00:00:00 GMT"),
        ("IfMatch", ['"a"', '"b"'], b'"a", "b"'),
    ):
        proxy = http(qt)
        proxy.setHeader(known(qt, kind), value)
        assert pairs(proxy) == [(NAMES[kind], raw)]
        assert proxy.header(known(qt, kind)) == value


@pytest.mark.qnet("Qt splits tags at any comma, and takes what stands between two tags for a part of one")
def test_lists_of_tags(qt: Any) -> None:
    proxy = http(qt)
    for raw, tags in ((b'"a,b", W/"c"', ['"a,b"', 'W/"c"']), (b'"a" "b"', []), (b'x, "a"', ['"a"'])):
        proxy.setRawHeader(b"If-None-Match", raw)
        assert proxy.header(KnownHeaders.IfNoneMatchHeader) == tags


MOMENT = datetime.datetime(2024, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sat, 03 Feb 2024 04:05:06 GMT", MOMENT),
        ("Sat, 3 Feb 2024 04:05:06 GMT", MOMENT),
        ("Sat, 03 Feb 2024 04:05:06", MOMENT),
        ("Mon, 03 Feb 2024 04:05:06 GMT", MOMENT),
        ("Saturday, 03-Feb-24 04:05:06 GMT", MOMENT),
        ("Saturday, 03-Feb-99 04:05:06 GMT", MOMENT.replace(year=1999)),
        ("Sat Feb  3 04:05:06 2024", MOMENT),
        ("Sat Feb 13 04:05:06 2024", MOMENT.replace(day=13)),
        ("Sat, 03 Feb 2024 23:59:60 GMT", datetime.datetime(2024, 2, 4, tzinfo=datetime.timezone.utc)),
        *((text, None) for text in ("", "x", "03 Feb 2024 04:05:06 GMT", "2024-02-03T04:05:06Z")),
        *((f"Sat, {day} Feb 2024 {hour}:05:06 GMT", None) for day, hour in (("31", "04"), ("00", "04"), ("03", "24"))),
        ("Sat, 03 Feb 2024 04:05:06 +0100", None),
        ("sat, 03 feb 2024 04:05:06 gmt", None),
        ("Sat, 03-Feb-2024 04:05:06 GMT", None),
        ("Fri, 31 Dec 9999 23:59:60 GMT", None),
        ("Sat, 0\u0663 Feb 2024 04:05:06 GMT", None),
    ],
)
def test_dates(text: str, moment: datetime.datetime | None) -> None:
    assert parse_http_date(text) == moment


@pytest.mark.parametrize("raw", [b"Sat, 03 Feb 2024 04:05:06 GMT", b"Sat Feb  3 04:05:06 2024"])
def test_dates_from_text(qt: Any, raw: bytes) -> None:
    proxy = http(qt)
    proxy.setRawHeader(b"Last-Modified", raw)
    found = proxy.header(known(qt, "LastModified"))
    assert (found if qt.is_qnet else found.toPython().replace(tzinfo=datetime.timezone.utc)) == MOMENT


@fuzz
@given(st.datetimes(timezones=st.just(datetime.timezone.utc)))
def test_fuzz_dates_survive(moment: datetime.datetime) -> None:
    assert parse_http_date(format_http_date(moment)) == moment.replace(microsecond=0)


@fuzz
@given(st.sampled_from(list(KnownHeaders)), st.binary(max_size=30) | st.from_regex(rb'[W/"a-z, *:0-9+-]{0,20}'))
def test_fuzz_text_of_any_kind_has_a_value_or_none(header: KnownHeaders, raw: bytes) -> None:
    name = NAMES.get(header.name.removesuffix("Header"), b"x")
    value = HeaderStore([(name, raw)]).known(header)
    if value is None or "Cookie" in header.name:
        return
    store = HeaderStore()
    store.set_known("test", header, value)
    again = HeaderStore(store.pairs).known(header)
    if not isinstance(value, str):  # text may be refused, or have lost blanks
        assert again == value
