"""Which proxies a socket may use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from _proxies import DIRECT, VARIABLES, shown

from qnet.kernel._proxy_choice import can_serve, proxies_for
from qnet.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

ProxyType = QNetworkProxy.ProxyType
QueryType = QNetworkProxyQuery.QueryType
HTTP, CACHING, SOCKS = ("HttpProxy", "http", 1), ("HttpCachingProxy", "cache", 1), ("Socks5Proxy", "socks", 1)

SERVES = {
    ProxyType.DefaultProxy: "",
    ProxyType.NoProxy: "TcpSocket UdpSocket SctpSocket TcpServer UrlRequest SctpServer",
    ProxyType.Socks5Proxy: "TcpSocket UdpSocket TcpServer UrlRequest",
    ProxyType.HttpProxy: "TcpSocket UrlRequest",
    ProxyType.HttpCachingProxy: "UrlRequest",
    ProxyType.FtpCachingProxy: "UrlRequest",
}


def made(proxy: tuple[str, str, int]) -> QNetworkProxy:
    name, host, port = proxy
    return QNetworkProxy(ProxyType[name], host, port)


def query(host: str = "example.com", kind: QueryType = QueryType.TcpSocket) -> QNetworkProxyQuery:
    return QNetworkProxyQuery(host, 80, "", kind)


def chosen(kind: QueryType = QueryType.TcpSocket, host: str = "example.com", own: Any = None) -> list[Any]:
    return shown(proxies_for(own, query(host, kind)))


class Listing(QNetworkProxyFactory):
    def __init__(self, *proxies: tuple[str, str, int]) -> None:
        super().__init__()
        self.proxies = proxies

    def queryProxy(self, query: QNetworkProxyQuery | None = None, /) -> list[QNetworkProxy]:
        return [made(proxy) for proxy in self.proxies]


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    yield monkeypatch
    QNetworkProxyFactory.setUseSystemConfiguration(True)


@pytest.mark.parametrize("kind", list(ProxyType))
def test_what_each_type_serves(kind: ProxyType) -> None:
    assert [each.name for each in QueryType if can_serve(QNetworkProxy(kind), each)] == SERVES[kind].split()


def test_direct_without_any_configuration() -> None:
    for kind in QueryType:
        assert chosen(kind) == [DIRECT]


@pytest.mark.parametrize("host", ["example.com", "localhost", "127.0.0.1", "::1"])
def test_the_proxy_of_the_socket_is_always_used(host: str) -> None:
    QNetworkProxy.setApplicationProxy(made(HTTP))
    assert chosen(host=host, own=made(SOCKS)) == [SOCKS]
    assert chosen(host=host, own=QNetworkProxy(ProxyType.NoProxy)) == [DIRECT]


@pytest.mark.parametrize("own", [None, QNetworkProxy(), QNetworkProxy(ProxyType.DefaultProxy)])
def test_else_that_of_the_application_but_not_for_local_hosts(own: QNetworkProxy | None) -> None:
    QNetworkProxy.setApplicationProxy(made(HTTP))
    assert chosen(own=own) == [HTTP]
    for host in ("localhost", "127.0.0.1", "::1"):
        assert chosen(host=host, own=own) == [DIRECT]


def test_nothing_that_fits() -> None:
    assert chosen(QueryType.UdpSocket, own=made(HTTP)) == []
    assert chosen(own=made(CACHING)) == []
    QNetworkProxy.setApplicationProxy(made(HTTP))
    assert chosen(QueryType.TcpServer, host="") == []


def test_a_factory_lists_what_is_tried_until_a_direct_connection() -> None:
    QNetworkProxyFactory.setApplicationProxyFactory(Listing(CACHING, HTTP, SOCKS, DIRECT, HTTP))
    assert chosen() == [HTTP, SOCKS, DIRECT]
    assert chosen(QueryType.UdpSocket) == [SOCKS, DIRECT]
    assert chosen(QueryType.UrlRequest) == [CACHING, HTTP, SOCKS, DIRECT]
    QNetworkProxyFactory.setApplicationProxyFactory(Listing(("DefaultProxy", "", 0)))
    assert chosen() == []


def test_a_factory_that_lists_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    QNetworkProxyFactory.setApplicationProxyFactory(Listing())
    assert chosen() == [DIRECT]
    assert "has returned no proxy" in capfd.readouterr().err


def test_nobody_is_connected_around_the_proxy_of_the_system(system: pytest.MonkeyPatch) -> None:
    system.setenv("all_proxy", "http://http:1")
    assert chosen() == [HTTP]
    assert chosen(host="localhost") == [DIRECT]
    assert chosen(QueryType.UdpSocket) == [DIRECT]


def test_the_proxies_are_copies() -> None:
    own = made(SOCKS)
    for proxy in proxies_for(own, query()):
        proxy.setHostName("changed")
    assert own.hostName() == "socks"
    QNetworkProxy.setApplicationProxy(own)
    for proxy in proxies_for(None, query()):
        proxy.setHostName("changed")
    assert chosen() == [SOCKS]
