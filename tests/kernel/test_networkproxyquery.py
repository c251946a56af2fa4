"""QNetworkProxyQuery: its forms, the URL that it is made of, equality."""

from __future__ import annotations

import copy
from typing import Any

import pytest


def values(query: Any) -> tuple[Any, ...]:
    return (
        query.queryType().name,
        query.peerHostName(),
        query.peerPort(),
        query.localPort(),
        query.protocolTag(),
        query.url().toString(),
    )


FORMS: list[tuple[Any, tuple[Any, ...]]] = [
    (lambda q, url: q(), ("TcpSocket", "", -1, -1, "", "")),
    (lambda q, url: q("h", 80), ("TcpSocket", "h", 80, -1, "", "//h:80")),
    (lambda q, url: q("h", -1), ("TcpSocket", "h", -1, -1, "", "//h")),
    (lambda q, url: q("h", 80, "HTTP"), ("TcpSocket", "h", 80, -1, "http", "http://h:80")),
    (lambda q, url: q("h", 80, "x", q.UdpSocket), ("UdpSocket", "h", 80, -1, "x", "x://h:80")),
    (lambda q, url: q("h", 80, queryType=q.UdpSocket), ("UdpSocket", "h", 80, -1, "", "//h:80")),
    (lambda q, url: q("h", 80, protocolTag="ftp"), ("TcpSocket", "h", 80, -1, "ftp", "ftp://h:80")),
    (lambda q, url: q(80), ("TcpServer", "", -1, 80, "", "")),
    (lambda q, url: q(80, "ftp"), ("TcpServer", "", -1, 80, "ftp", "ftp:")),
    (lambda q, url: q(80, "ftp", q.UdpSocket), ("UdpSocket", "", -1, 80, "ftp", "ftp:")),
    (lambda q, url: q(80, queryType=q.SctpServer), ("SctpServer", "", -1, 80, "", "")),
    (lambda q, url: q(url("http://u:p@H.X:81/p?q")), ("UrlRequest", "h.x", 81, -1, "http", "http://u:p@h.x:81/p?q")),
    (lambda q, url: q("http://h/"), ("UrlRequest", "h", -1, -1, "http", "http://h/")),
    (lambda q, url: q("http://h/", q.TcpSocket), ("TcpSocket", "h", -1, -1, "http", "http://h/")),
    (lambda q, url: q(url("ftp://h"), queryType=q.TcpSocket), ("TcpSocket", "h", -1, -1, "ftp", "ftp://h")),
    (lambda q, url: q(q("h", 80)), ("TcpSocket", "h", 80, -1, "", "//h:80")),
    (lambda q, url: copy.copy(q("h", 80)), ("TcpSocket", "h", 80, -1, "", "//h:80")),
]


@pytest.mark.parametrize(("make", "expected"), FORMS)
def test_forms(qt: Any, make: Any, expected: tuple[Any, ...]) -> None:
    assert values(make(qt.QNetworkProxyQuery, qt.QUrl)) == expected


@pytest.mark.parametrize("arguments", [(None,), ("h", "80"), ("h", 80, "x", 5), ("h", 80, "x", 0, 0), ([],), (b"h",)])
def test_wrong_types(qt: Any, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        qt.QNetworkProxyQuery(*arguments)


CHANGES: list[tuple[Any, tuple[Any, ...]]] = [
    (lambda q: q.setUrl("ftp://x:9/y"), ("TcpSocket", "x", 9, -1, "ftp", "ftp://x:9/y")),
    (lambda q: q.setUrl("ftp://x/y"), ("TcpSocket", "x", -1, -1, "ftp", "ftp://x/y")),
    (lambda q: q.setUrl(""), ("TcpSocket", "", -1, -1, "", "")),
    (lambda q: q.setPeerPort(-1), ("TcpSocket", "h", -1, -1, "http", "http://h")),
    (lambda q: q.setLocalPort(55), ("TcpSocket", "h", 80, 55, "http", "http://h:80")),
    (lambda q: q.setLocalPort(-1), ("TcpSocket", "h", 80, -1, "http", "http://h:80")),
    (lambda q: q.setProtocolTag("FTP"), ("TcpSocket", "h", 80, -1, "ftp", "ftp://h:80")),
    (lambda q: q.setProtocolTag("not a tag"), ("TcpSocket", "h", 80, -1, "", "")),
    (lambda q: q.setProtocolTag(None), ("TcpSocket", "h", 80, -1, "", "//h:80")),
    (lambda q: q.setPeerHostName("::1"), ("TcpSocket", "::1", 80, -1, "http", "http://[::1]:80")),
    (lambda q: q.setPeerHostName("a b"), ("TcpSocket", "", 80, -1, "http", "")),
    (lambda q: q.setPeerHostName(""), ("TcpSocket", "", 80, -1, "http", "http://:80")),
    (lambda q: q.setQueryType(q.QueryType.TcpServer), ("TcpServer", "h", 80, -1, "http", "http://h:80")),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_setters(qt: Any, change: Any, expected: tuple[Any, ...]) -> None:
    query = qt.QNetworkProxyQuery("h", 80, "http")
    change(query)
    assert values(query) == expected


def test_an_international_name_is_given_in_its_ascii_form(qt: Any) -> None:
    query = qt.QNetworkProxyQuery("B\xfccher.example", 80)
    assert query.peerHostName() == "xn--bcher-kva.example"


def test_setters_keep_the_rest_of_a_url(qt: Any) -> None:
    query = qt.QNetworkProxyQuery("http://h/a?b")
    query.setPeerPort(8)
    query.setProtocolTag("https")
    assert values(query) == ("UrlRequest", "h", 8, -1, "https", "https://h:8/a?b")


def test_the_url_is_a_copy(qt: Any) -> None:
    url = qt.QUrl("http://h/")
    query = qt.QNetworkProxyQuery(url)
    url.setHost("other")
    query.url().setHost("other")
    assert query.peerHostName() == "h"


def test_equality(qt: Any) -> None:
    q, url = qt.QNetworkProxyQuery, qt.QUrl
    assert q("h", 80) == q("h", 80)
    assert q("http://h/") == url("http://h/")
    assert q(80) == 80
    for other in (q("h", 80, "http"), q("h", 81), q("x", 80), q("h", 80, "", q.UdpSocket), q(), 80, None):
        assert q("h", 80) != other
    local = q("h", 80)
    local.setLocalPort(5)
    assert local != q("h", 80)
    with pytest.raises(TypeError):
        hash(q())


def test_swap_and_copies(qt: Any) -> None:
    one, two = qt.QNetworkProxyQuery("h", 80), qt.QNetworkProxyQuery(5)
    twin = copy.copy(one)
    one.swap(two)
    assert (one, two, twin) == (qt.QNetworkProxyQuery(5), twin, qt.QNetworkProxyQuery("h", 80))
    twin.setPeerHostName("other")
    assert two.peerHostName() == "h"


def test_it_has_no_truth_of_its_own_and_hides_passwords(qt: Any) -> None:
    assert qt.QNetworkProxyQuery()
    text = repr(qt.QNetworkProxyQuery("http://u:secret@h/"))
    assert "UrlRequest" in text
    assert "secret" not in text


@pytest.mark.qnet("PySide6 raises OverflowError, or makes an invalid query")
def test_ports_out_of_range(qt: Any) -> None:
    query = qt.QNetworkProxyQuery("h", 80)
    for port in (-2, 65536):
        for call in (query.setPeerPort, query.setLocalPort, qt.QNetworkProxyQuery):
            with pytest.raises(ValueError, match="65535"):
                call(port)
    for wrong in (None, "80", 1.5):
        with pytest.raises(TypeError):
            query.setLocalPort(wrong)
    assert values(query) == ("TcpSocket", "h", 80, -1, "", "//h:80")


@pytest.mark.qnet("PySide6 swaps with whatever can become a query")
def test_swap_takes_queries_only(qt: Any) -> None:
    with pytest.raises(TypeError):
        qt.QNetworkProxyQuery().swap(5)
