"""Which proxies a socket goes through: its own or the application's, and only those that can do it."""

from __future__ import annotations

from qnet.kernel._application_proxy import System, proxy_source
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.kernel.networkproxyfactory import QNetworkProxyFactory, is_local
from qnet.kernel.networkproxyquery import QNetworkProxyQuery

__all__ = ["can_serve", "proxies_for"]

_Kind = QNetworkProxyQuery.QueryType
_Can = QNetworkProxy.Capability
_Type = QNetworkProxy.ProxyType

# Any one of these will do.
_NEEDED = {
    _Kind.TcpSocket: _Can.TunnelingCapability,
    _Kind.UdpSocket: _Can.UdpTunnelingCapability,
    _Kind.SctpSocket: _Can.SctpTunnelingCapability,
    _Kind.TcpServer: _Can.ListeningCapability,
    _Kind.SctpServer: _Can.SctpListeningCapability,
    _Kind.UrlRequest: _Can.TunnelingCapability | _Can.CachingCapability,
}


def proxies_for(socket_proxy: QNetworkProxy | None, query: QNetworkProxyQuery) -> list[QNetworkProxy]:
    """The proxies that a socket may use for *query*, the preferred one first; copies.

    *socket_proxy*, the socket's own, is the only candidate unless it is None or of the type DefaultProxy; else the
    candidates are the application's, but for local hosts (:func:`is_local`) only a NoProxy. Those that cannot do
    what the query needs are left out, so an empty list means that none can be used (Qt's
    UnsupportedSocketOperationError). A NoProxy, after which nothing follows, stands for a direct connection.

    Qt's sockets use the first one and no other. A direct connection comes after a proxy only if the application's
    factory listed it: the NoProxy that ``QNetworkProxyFactory.proxyForQuery`` adds to the system's proxies is left
    out, because who has configured a proxy does not want to be connected around it when it fails.

    Raises what the application's factory raises: call this before any state of the socket changes.
    """
    if socket_proxy is not None and socket_proxy.type() is not _Type.DefaultProxy:
        candidates = [QNetworkProxy(socket_proxy)]
    elif is_local(query.peerHostName()):
        return [QNetworkProxy(_Type.NoProxy)]
    elif proxy_source() is System.CONFIGURATION:
        candidates = QNetworkProxyFactory.systemProxyForQuery(query)
    else:
        candidates = QNetworkProxyFactory.proxyForQuery(query)
    usable: list[QNetworkProxy] = []
    for proxy in candidates:
        if can_serve(proxy, query.queryType()):
            usable.append(proxy)
            if proxy.type() is _Type.NoProxy:
                break
    return usable


def can_serve(proxy: QNetworkProxy, kind: QNetworkProxyQuery.QueryType) -> bool:
    """Whether *proxy* can do what a query of *kind* needs. A DefaultProxy, which names no proxy, cannot."""
    return proxy.type() is not _Type.DefaultProxy and bool(proxy.capabilities() & _NEEDED[kind])
