"""QUrlQuery: tables that Qt shares, then properties of qnet's own."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qnet.core.url import QUrl
from qnet.core.urlquery import QUrlQuery

# Text, its items, and query().
PARSED = [
    ("", [], ""),
    ("a=b&c=d", [("a", "b"), ("c", "d")], "a=b&c=d"),
    ("a&b=", [("a", ""), ("b", "")], "a&b="),
    ("a&&b", [("a", ""), ("", ""), ("b", "")], "a&&b"),
    ("&", [("", "")], ""),
    ("a=&=b&=", [("a", ""), ("", "b"), ("", "")], "a=&=b&="),
    ("a=b=c", [("a", "b=c")], "a=b%3Dc"),
    ("a;b=c;d", [("a;b", "c;d")], "a;b=c;d"),
    ("a+b=c+d", [("a+b", "c+d")], "a+b=c+d"),
    ("?a=b", [("?a", "b")], "?a=b"),
    ("a%20b=c%26d%3De%23", [("a b", "c&d=e#")], "a b=c%26d%3De#"),
    ("é=%C3%A9", [("é", "é")], "é=é"),
    ("%zz=%41", [("%25zz", "A")], "%25zz=A"),
    ('x="<`>%60', [("x", '"<`>`')], "x=%22%3C%60%3E%60"),
    ("a=%2F%3F%21", [("a", "%2F%3F%21")], "a=%2F%3F%21"),
]

# Item text, and how the encoding options show it.
ENCODINGS = [
    ("PrettyDecoded", 'a&"# é%2F'),
    ("EncodeSpaces", "a&%22#%20é%2F"),
    ("EncodeUnicode", "a&%22# %C3%A9%2F"),
    ("EncodeDelimiters", "a%26%22%23 é%2F"),
    ("FullyEncoded", "a%26%22%23%20%C3%A9%2F"),
    ("DecodeReserved", 'a&"# é%2F'),
    ("FullyDecoded", 'a&"# é/'),
]


@pytest.mark.parametrize(("text", "items", "query"), PARSED)
def test_parsing(qt, text, items, query):
    parsed = qt.QUrlQuery(text)
    assert parsed.queryItems() == items
    assert parsed.query() == parsed.toString() == query
    assert parsed.isEmpty() is (not items)


@pytest.mark.parametrize(("option", "expected"), ENCODINGS)
def test_encoding_of_items(qt, option, expected):
    query = qt.QUrlQuery("k=a%26%22%23 é%2f")
    encoding = getattr(qt.QUrl.ComponentFormattingOption, option)
    assert query.queryItemValue("k", encoding) == expected
    assert query.allQueryItemValues("k", encoding) == [expected]
    assert query.queryItems(encoding) == [("k", expected)]


def test_encoding_of_the_whole_query(qt):
    query, option = qt.QUrlQuery('a%26b=" %23'), qt.QUrl.ComponentFormattingOption
    assert query.query() == "a%26b=%22 #"
    assert query.query(option.EncodeDelimiters) == "a%26b=%22 %23"
    assert query.query(option.FullyEncoded) == "a%26b=%22%20%23"
    assert query.query(option.FullyDecoded) == 'a&b=" #'


def test_keys_match_in_either_form(qt):
    query = qt.QUrlQuery("a%26b=1&c d=2&a=3&A=4")
    assert query.queryItemValue("a%26b") == query.queryItemValue("a&b") == "1"
    assert query.queryItemValue("c%20d") == query.queryItemValue("c d") == "2"
    assert query.hasQueryItem("A")
    assert not query.hasQueryItem("b")
    assert query.queryItemValue("b") == ""


def test_adding_and_removing(qt):
    query = qt.QUrlQuery("a=1&b=2&a=3")
    assert query.allQueryItemValues("a") == ["1", "3"]
    query.removeQueryItem("a")
    assert query.query() == "b=2&a=3"
    query.addQueryItem("a", "x&y=z")
    query.removeQueryItem("nothing")
    assert query.query() == "b=2&a=3&a=x%26y%3Dz"
    query.removeAllQueryItems("a")
    assert query.queryItems() == [("b", "2")]
    query.clear()
    assert query.isEmpty()


def test_added_items_count_as_encoded(qt):
    query = qt.QUrlQuery()
    query.addQueryItem("b%20c", "d%26+ %41")
    query.addQueryItem("100%", "")
    assert query.queryItems() == [("b c", "d&+ A"), ("100%25", "")]
    assert query.query() == "b c=d%26+ A&100%25="


def test_set_query_items(qt):
    query = qt.QUrlQuery("a=1")
    query.setQueryItems([("x", "1"), ("y", "2&3")])
    assert query.query() == "x=1&y=2%263"
    query.setQuery("z")
    assert query.queryItems() == [("z", "")]


def test_delimiters(qt):
    query = qt.QUrlQuery("a=1&b=2")
    assert (query.queryValueDelimiter(), query.queryPairDelimiter()) == ("=", "&")
    query.setQueryDelimiters(":", ";")
    query.addQueryItem("c;d", "e:f&g=h")
    assert query.query() == "a:1;b:2;c%3Bd:e%3Af&g=h"
    query.setQuery("a:1;b:2=3&4")
    assert query.queryItems() == [("a", "1"), ("b", "2=3&4")]
    for bad in (("", "&"), ("ab", "&"), ("=", "")):
        with pytest.raises(ValueError):
            query.setQueryDelimiters(*bad)
    assert query.queryPairDelimiter() == ";"


def test_between_url_and_query(qt):
    query = qt.QUrlQuery(qt.QUrl("http://h?a=%2523&b=%23&c=d e"))
    assert query.queryItems() == [("a", "%2523"), ("b", "#"), ("c", "d e")]
    url = qt.QUrl("http://h/p?x#f")
    url.setQuery(query)
    assert url.toEncoded() == b"http://h/p?a=%2523&b=%23&c=d%20e#f"
    url.setQuery(qt.QUrlQuery())
    assert not url.hasQuery()


def test_equality_and_copies(qt):
    query = qt.QUrlQuery
    assert query("a=%41") == query("a=A")
    assert query("a") == query("a=")
    assert query("a=1&b=2") != query("b=2&a=1")
    assert query("a") != "a"
    assert query("") == query() == query(None)
    original = query("a=1")
    for twin in (query(original), copy.copy(original)):
        assert twin == original
        assert hash(twin) == hash(original)
        twin.addQueryItem("b", "2")
        assert original.query() == "a=1"
    other = query("b")
    other.setQueryDelimiters(":", ";")
    original.swap(other)
    assert (original.query(), other.query()) == ("b", "a=1")
    assert original.queryPairDelimiter() == ";"


@pytest.mark.parametrize(
    "call",
    [
        lambda qt: qt.QUrlQuery(3),
        lambda qt: qt.QUrlQuery("a").addQueryItem("b", 1),
        lambda qt: qt.QUrlQuery("a").hasQueryItem(1),
        lambda qt: qt.QUrlQuery("a").setQuery(b"a"),
    ],
)
def test_wrong_types_raise(qt, call):
    with pytest.raises(TypeError):
        call(qt)


@pytest.mark.qnet("PySide6 writes to standard error and its text is its own")
def test_items_must_be_pairs_of_text(qt):
    query = qt.QUrlQuery("a=1")
    for items in ([("a",)], [("a", 1)], ["abc"]):
        with pytest.raises((TypeError, ValueError)):
            query.setQueryItems(items)
    assert query.query() == "a=1"


@pytest.mark.qnet("PySide6 shows the address of the object")
def test_repr_shows_the_query(qt):
    assert repr(qt.QUrlQuery("a=b")) == "qnet.QtCore.QUrlQuery('a=b')"


texts = st.text(st.characters() | st.sampled_from('&=;%#+ ?é"`'), max_size=12)


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_encoded_items_survive_a_trip_through_a_url(items):
    items = [(key.encode("utf-8", "ignore").decode(), value.encode("utf-8", "ignore").decode()) for key, value in items]
    query = QUrlQuery()
    for key, value in items:
        query.addQueryItem(*(bytes(QUrl.toPercentEncoding(text)).decode() for text in (key, value)))
    url = QUrl("http://h/")
    url.setQuery(query)
    received = QUrlQuery(QUrl.fromEncoded(url.toEncoded()))
    assert received.queryItems(QUrl.FullyDecoded) == items


@given(texts)
def test_any_text_parses_and_reads_back(text):
    query = QUrlQuery(text)
    for option in QUrl.ComponentFormattingOption:
        query.query(option)
    again = QUrlQuery(query.query())
    nothing = ("", "")  # as in Qt, items of which nothing is written get lost at either end
    assert [item for item in again.queryItems() if item != nothing] == [
        item for item in query.queryItems() if item != nothing
    ]
