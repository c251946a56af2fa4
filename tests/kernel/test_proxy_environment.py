"""Proxies from the environment, where qnet says more than Qt; all of it without a real environment."""

from __future__ import annotations

from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import example, given
from hypothesis import strategies as st

from qnet.kernel._proxy_environment import bypasses_proxy, parse_proxy, proxy_from_environment
from qnet.QtCore import QUrl
from qnet.QtNetwork import QHostAddress, QNetworkProxyQuery


def host_for(environment: dict[str, str], url: str = "http://e.com/") -> str | None:
    proxy = proxy_from_environment(QNetworkProxyQuery(QUrl(url)), environment)
    return None if proxy is None else proxy.hostName()


def test_every_proxy_is_the_last_resort_of_the_protocols_with_one_of_their_own() -> None:
    assert [host_for({"all_proxy": "http://d"}, f"{tag}://e.com") for tag in ("http", "https", "ftp")] == ["d"] * 3


def test_lower_case_names_count_more() -> None:
    assert host_for({"HTTP_PROXY": "upper"}) == "upper"
    assert host_for({"HTTP_PROXY": "upper", "http_proxy": "lower"}) == "lower"
    assert host_for({"HTTP_PROXY": "upper", "http_proxy": ""}) is None
    assert host_for({"ALL_PROXY": "upper"}, "//e.com:80") == "upper"
    assert host_for({"http_proxy": "p", "NO_PROXY": "e.com"}) is None
    assert host_for({"http_proxy": "p", "NO_PROXY": "e.com", "no_proxy": ""}) == "p"


def test_httpoxy() -> None:
    """CVE-2016-5385: the header "Proxy: evil" of a request arrives in a CGI program as HTTP_PROXY."""
    cgi = {"REQUEST_METHOD": "GET", "HTTP_PROXY": "http://evil:1"}
    assert [host_for(cgi, f"{tag}//e.com") for tag in ("http:", "https:", "foo:", "")] == [None] * 4
    assert host_for({**cgi, "http_proxy": "http://good:1"}) == "good"
    assert host_for({**cgi, "HTTPS_PROXY": "http://good:1"}, "https://e.com") == "good"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("p", ("HttpProxy", "p", 8080, "", "")),
        ("p:3128", ("HttpProxy", "p", 3128, "", "")),
        ("u:w@p:3", ("HttpProxy", "p", 3, "u", "w")),
        ("1.2.3.4:5", ("HttpProxy", "1.2.3.4", 5, "", "")),
        ("[::1]:5", ("HttpProxy", "::1", 5, "", "")),
        (" http://p:3 \n", ("HttpProxy", "p", 3, "", "")),
        ("http://p", ("HttpProxy", "p", 8080, "", "")),
        ("socks5://p", ("Socks5Proxy", "p", 1080, "", "")),
        ("socks://p:1", ("Socks5Proxy", "p", 1, "", "")),
        ("socks5h://p:1", ("Socks5Proxy", "p", 1, "", "")),
        ("http://b\xfccher.example", ("HttpProxy", "xn--bcher-kva.example", 8080, "", "")),
    ],
)
def test_values(value: str, expected: tuple[Any, ...]) -> None:
    p = parse_proxy(value)
    assert (p.type().name, p.hostName(), p.port(), p.user(), p.password()) == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("http://", "no host"),
        ("http:///x", "no host"),
        ("http://p:99999", "no URL"),
        ("http://p:x", "no URL"),
        ("a b", "no URL"),
        ("::::", "no URL"),
        ("https://p:1", '"https"'),
        ("socks4://p:1", '"socks4"'),
    ],
)
def test_bad_values(value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_proxy(value)


def test_a_bad_value_is_said_once_without_it_and_the_next_variable_counts(capfd: pytest.CaptureFixture[str]) -> None:
    environment = {"https_proxy": "https://user:secret@p:4711", "http_proxy": "http://good"}
    assert [host_for(environment, "https://e.com") for _ in range(3)] == ["good"] * 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("The environment variable https_proxy is ignored: ")
    assert "secret" not in line


# no_proxy

LISTED = [
    ("*", "anything", 1),
    ("*", "", 1),
    ("x, *", "anything", 1),
    ("a b", "b", 1),
    ("CORP.Test", "corp.test", 1),
    ("corp.test.", "corp.test", 1),
    ("corp.test", "corp.test.", 1),
    ("corp.test:8080", "a.corp.test", 8080),
    (".corp.test:8080", "corp.test", 8080),
    ("b\xfccher.example", "xn--bcher-kva.example", 1),
    ("10.1.2.0/24", "10.1.2.3", 1),
    ("10/8", "10.1.2.3", 1),
    ("10.0.0.0/255.0.0.0", "10.1.2.3", 1),
    ("10.0.0.0/8:81", "10.1.2.3", 81),
    ("10.1.2.3:81", "10.1.2.3", 81),
    ("127.0.0.1", "127.1", 1),
    ("fe80::/10", "fe80::1", 1),
    ("fe80::/10", "fe80::1%eth0", 1),
    ("[fe80::1]", "fe80::1", 1),
    ("[fe80::1]:80", "fe80::1", 80),
    ("::1", "0:0:0:0:0:0:0:1", 1),
    ("10.1.2.3", "::ffff:10.1.2.3", 1),
    ("::ffff:10.0.0.0/104", "10.1.2.3", 1),
    ("0.0.0.0/0", "10.1.2.3", 1),
]
NOT_LISTED = [
    ("", "corp.test", 1),
    (",", "corp.test", 1),
    (". *. ..", "corp.test", 1),
    ("corp.test", "", 1),
    ("corp.test", "notcorp.test", 1),
    ("a.corp.test", "corp.test", 1),
    ("corp.test:8080", "corp.test", 80),
    ("corp.test:8080", "corp.test", -1),
    ("10.1.2.3:81", "10.1.2.3", 80),
    ("10.1.2.0/24", "10.1.3.3", 1),
    ("10.1.2.0/33", "10.1.2.0", 1),
    ("/0 /8", "10.1.2.0", 1),
    ("2.3", "10.1.2.3", 1),
    ("10.1", "10.0.0.1", 1),
    ("::/0", "10.1.2.3", 1),
    ("0.0.0.0/0", "fe80::1", 1),
    ("10.0.0.0/8", "10.corp.test", 1),
    ("http://corp.test", "corp.test", 1),
]


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "listed"), [*((*c, True) for c in LISTED), *((*c, False) for c in NOT_LISTED)]
)
def test_exceptions(no_proxy: str, host: str, port: int, listed: bool) -> None:
    assert bypasses_proxy(no_proxy, host, port) is listed


@pytest.mark.parametrize(("url", "listed"), [("http://e.com", True), ("https://e.com", False), ("ftp://e.com", False)])
def test_the_port_of_a_url_without_one_is_that_of_its_scheme(url: str, listed: bool) -> None:
    assert (host_for({"http_proxy": "p", "no_proxy": "e.com:80"}, url) is None) is listed


LABEL = st.text("abcxyz0123456789-", min_size=1, max_size=5)
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
ADDRESS = st.ip_addresses().map(str)
HOST = st.one_of(NAME, ADDRESS, st.text(max_size=12))
ENTRY = st.one_of(HOST, HOST.map("*.".__add__), st.tuples(HOST, st.integers(0, 200)).map(lambda p: f"{p[0]}/{p[1]}"))


@fuzz
@given(st.one_of(st.text(max_size=60), st.lists(ENTRY, max_size=6).map(",".join)), HOST, st.integers(-1, 65535))
@example("[", "[", 1)
@example("1" * 5000 + "/8 0x" + "f" * 5000, "1" * 5000, 1)
@example("\ud800", "\ud800", 1)
def test_fuzz_exceptions_of_any_kind(no_proxy: str, host: str, port: int) -> None:
    listed = bypasses_proxy(no_proxy, host, port)
    assert bypasses_proxy(f"{no_proxy},*", host, port)
    if listed:
        assert bypasses_proxy(f"{no_proxy} other.example", host, port)
        assert bypasses_proxy(f"other.example,{no_proxy}", host, port)


@fuzz
@given(NAME, NAME, st.sampled_from(["", ".", "*."]))
def test_fuzz_a_name_stands_for_itself_and_what_is_below(name: str, other: str, prefix: str) -> None:
    if QHostAddress(name) or QHostAddress(f"{other}.{name}"):
        return
    assert bypasses_proxy(prefix + name, name, 80)
    assert bypasses_proxy(prefix + name, f"{other}.{name}".upper(), 80)
    assert not bypasses_proxy(prefix + name, f"{other}{name}", 80)


@fuzz
@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_fuzz_networks(network: Any, address: Any, prefix: int) -> None:
    expected = QHostAddress(str(address)).isInSubnet(QHostAddress(str(network)), prefix)
    assert bypasses_proxy(f"{network}/{prefix}", str(address), 80) is expected


@fuzz
@given(st.one_of(st.text(max_size=40), st.text("htps5:/@[]%.0aZ ", max_size=20)))
def test_fuzz_values_of_any_kind(value: str) -> None:
    try:
        proxy = parse_proxy(value)
    except ValueError:
        return  # no other error
    assert proxy.hostName()
    assert 0 < proxy.port() <= 65535
