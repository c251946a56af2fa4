"""QNetworkProxy: types and what they can do, headers, equality, the application's proxy."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from _proxies import environment

__all__ = ["environment"]

CAPABILITIES = {
    "DefaultProxy": 103,
    "NoProxy": 103,
    "Socks5Proxy": 23,
    "HttpProxy": 25,
    "HttpCachingProxy": 24,
    "FtpCachingProxy": 24,
}


def values(proxy: Any) -> tuple[Any, ...]:
    return proxy.type().name, proxy.hostName(), proxy.port(), proxy.user(), proxy.password()


def headers(proxy: Any) -> list[tuple[bytes, bytes]]:
    return [(bytes(name), bytes(proxy.rawHeader(name))) for name in proxy.rawHeaderList()]


def http(qt: Any) -> Any:
    return qt.QNetworkProxy(qt.QNetworkProxy.ProxyType.HttpProxy, "h", 80, "u", "p")


@pytest.mark.parametrize(("kind", "capabilities"), CAPABILITIES.items())
def test_types(qt: Any, kind: str, capabilities: int) -> None:
    proxy = qt.QNetworkProxy(qt.QNetworkProxy.ProxyType[kind])
    assert values(proxy) == (kind, "", 0, "", "")
    assert proxy.capabilities().value == capabilities
    assert proxy.isCachingProxy() is bool(capabilities & 8)
    assert proxy.isTransparentProxy() is bool(capabilities & 1)
    assert kind in repr(proxy)


def test_constructors(qt: Any) -> None:
    assert values(qt.QNetworkProxy()) == ("DefaultProxy", "", 0, "", "")
    assert values(http(qt)) == ("HttpProxy", "h", 80, "u", "p")
    named = qt.QNetworkProxy(qt.QNetworkProxy.Socks5Proxy, hostName="h", port=8, user="u", password="p")
    assert values(named) == ("Socks5Proxy", "h", 8, "u", "p")
    for wrong in (("x",), (3,), (qt.QNetworkProxy.HttpProxy, 5), (qt.QNetworkProxy.HttpProxy, "h", "80")):
        with pytest.raises(TypeError):
            qt.QNetworkProxy(*wrong)


def test_set_type_keeps_explicit_capabilities(qt: Any) -> None:
    proxy = http(qt)
    proxy.setType(qt.QNetworkProxy.Socks5Proxy)
    assert proxy.capabilities().value == CAPABILITIES["Socks5Proxy"]
    proxy.setCapabilities(qt.QNetworkProxy.Capability.TunnelingCapability)
    proxy.setType(qt.QNetworkProxy.HttpCachingProxy)
    assert proxy.capabilities().value == 1
    assert values(proxy) == ("HttpCachingProxy", "h", 80, "u", "p")
    nothing = qt.QNetworkProxy()
    nothing.setCapabilities(qt.QNetworkProxy.Capability(0))
    nothing.setType(qt.QNetworkProxy.Socks5Proxy)
    assert nothing.capabilities().value == 0
    for call in (lambda: proxy.setType("x"), lambda: proxy.setCapabilities("x"), lambda: proxy.setHostName(b"h")):
        with pytest.raises(TypeError):
            call()


def test_setters(qt: Any) -> None:
    proxy = qt.QNetworkProxy()
    proxy.setHostName("host")
    proxy.setPort(65535)
    proxy.setUser("user")
    proxy.setPassword("secret")
    assert values(proxy) == ("DefaultProxy", "host", 65535, "user", "secret")
    assert "secret" not in repr(proxy)
    proxy.setHostName(None)
    assert proxy.hostName() == ""


@pytest.mark.qnet("PySide6 raises OverflowError")
def test_ports_out_of_range(qt: Any) -> None:
    proxy = http(qt)
    for port in (-1, 65536):
        with pytest.raises(ValueError):
            proxy.setPort(port)
    assert proxy.port() == 80


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        (lambda p: None, True),
        (lambda p: p.setHostName("H"), False),
        (lambda p: p.setPort(81), False),
        (lambda p: p.setUser("x"), False),
        (lambda p: p.setPassword("x"), False),
        (lambda p: p.setType(p.ProxyType.HttpCachingProxy), False),
        (lambda p: p.setCapabilities(p.Capability(1)), False),
        (lambda p: p.setCapabilities(p.capabilities()), True),
        (lambda p: p.setRawHeader(b"a", b"b"), True),
    ],
)
def test_equality(qt: Any, change: Any, equal: bool) -> None:
    other = http(qt)
    change(other)
    assert (http(qt) == other) is equal
    assert (http(qt) != other) is not equal


def test_equality_with_other_types(qt: Any) -> None:
    proxy = qt.QNetworkProxy
    assert proxy(proxy.NoProxy) == proxy.NoProxy
    assert proxy.NoProxy == proxy(proxy.NoProxy)
    assert proxy(proxy.NoProxy) != proxy()
    for other in (None, 5, "HttpProxy"):
        assert (http(qt) == other) is False
    with pytest.raises(TypeError):
        hash(http(qt))


@pytest.mark.qnet("Qt tells a proxy that was made without arguments from one made with DefaultProxy")
def test_the_default_is_a_default_proxy(qt: Any) -> None:
    assert qt.QNetworkProxy() == qt.QNetworkProxy.DefaultProxy


def test_copies_are_independent(qt: Any) -> None:
    one = http(qt)
    for twin in (qt.QNetworkProxy(one), copy.copy(one)):
        twin.setHostName("other")
        twin.setRawHeader(b"a", b"1")
        assert (one.hostName(), headers(one)) == ("h", [])
        one.swap(twin)
        assert (one.hostName(), twin.hostName()) == ("other", "h")
        one.swap(twin)


def test_headers(qt: Any) -> None:
    proxy = http(qt)
    proxy.setRawHeader(b"X-A", b"1")
    proxy.setRawHeader(b"B", b" \t v \t")
    proxy.setRawHeader(qt.QByteArray(b"x-a"), qt.QByteArray(b"2"))
    assert headers(proxy) == [(b"b", b"v"), (b"x-a", b"2")]
    assert proxy.hasRawHeader(b"X-a")
    assert not proxy.hasRawHeader(b"c")
    assert bytes(proxy.rawHeader(b"c")) == b""
    proxy.setRawHeader(b"B", b"")
    assert headers(proxy) == [(b"x-a", b"2"), (b"b", b"")]
    proxy.setRawHeader(b"B", qt.QByteArray())
    assert headers(proxy) == [(b"x-a", b"2")]
    for call in (lambda: proxy.setRawHeader("a", "b"), lambda: proxy.rawHeader("a"), lambda: proxy.hasRawHeader("a")):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("kind", ["Socks5Proxy", "NoProxy", "FtpCachingProxy"])
def test_only_http_proxies_have_headers(qt: Any, kind: str) -> None:
    proxy = qt.QNetworkProxy(qt.QNetworkProxy.ProxyType[kind])
    proxy.setRawHeader(b"a", b"1")
    assert (headers(proxy), proxy.hasRawHeader(b"a")) == ([], False)
    proxy.setType(qt.QNetworkProxy.HttpProxy)
    assert headers(proxy) == []
    proxy.setRawHeader(b"a", b"1")
    proxy.setType(qt.QNetworkProxy.ProxyType[kind])
    assert (headers(proxy), bytes(proxy.rawHeader(b"a"))) == ([], b"")
    proxy.setType(qt.QNetworkProxy.HttpCachingProxy)
    assert headers(proxy) == [(b"a", b"1")]


@pytest.mark.qnet("PySide6 crashes")
def test_headers_of_a_default_proxy(qt: Any) -> None:
    proxy = qt.QNetworkProxy()
    proxy.setRawHeader(b"a", b"1")
    assert (proxy.rawHeaderList(), proxy.hasRawHeader(b"a"), proxy.rawHeader(b"a")) == ([], False, b"")


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"\xe9", b"a\n"])
def test_bad_header_names(qt: Any, name: bytes) -> None:
    proxy = http(qt)
    proxy.setRawHeader(b"a", b"old")
    proxy.setRawHeader(name, b"x")
    assert headers(proxy) == [(b"a", b"old")]


@pytest.mark.parametrize("value", [b"x\ny", b"x\r\ny: z", b"x\0y", b"x\x7f"])
def test_bad_header_values(qt: Any, value: bytes) -> None:
    proxy = http(qt)
    proxy.setRawHeader(b"b", b"1")
    proxy.setRawHeader(b"a", b"old")
    proxy.setRawHeader(b"a", value)
    assert headers(proxy) == [(b"b", b"1")]


@pytest.mark.parametrize("value", [b"\xe9", b"\xe2\x82\xac", b"a\tb"])
def test_unusual_header_values(qt: Any, value: bytes) -> None:
    proxy = http(qt)
    proxy.setRawHeader(b"a", value)
    assert headers(proxy) == [(b"a", value)]


@pytest.mark.usefixtures("environment")
def test_application_proxy(qt: Any) -> None:
    proxy = qt.QNetworkProxy
    assert values(proxy.applicationProxy()) == ("NoProxy", "", 0, "", "")
    proxy.setApplicationProxy(http(qt))
    assert proxy.applicationProxy() == http(qt)
    proxy.applicationProxy().setHostName("changed")
    assert proxy.applicationProxy() == http(qt)
    for default in (proxy.DefaultProxy, proxy(proxy.DefaultProxy, "hh", 1)):
        proxy.setApplicationProxy(default)
        assert values(proxy.applicationProxy()) == ("NoProxy", "", 0, "", "")
    proxy.setApplicationProxy(proxy.Socks5Proxy)
    assert values(proxy.applicationProxy()) == ("Socks5Proxy", "", 0, "", "")
    for wrong in (None, "x"):
        with pytest.raises(TypeError):
            proxy.setApplicationProxy(wrong)
    assert proxy.applicationProxy() == proxy.Socks5Proxy
