"""Which proxy a socket or server goes through; quick where nobody has configured any."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qnet.kernel._application_proxy import System, proxy_source
from qnet.socket._enums import SocketError, SocketType
from qnet.socket.engines._handshake import ProxyFailure

if TYPE_CHECKING:
    from qnet.kernel.networkproxy import QNetworkProxy
    from qnet.kernel.networkproxyquery import QNetworkProxyQuery

__all__ = ["checked_proxy", "no_proxy_configured", "proxy_of_client", "proxy_of_server", "shown_proxy"]

_UNSUPPORTED = "Operation on socket is not supported"
# The variables for every protocol; each look-up of one that is not set costs a microsecond.
_VARIABLES = ("all_proxy", "http_proxy", "ALL_PROXY", "HTTP_PROXY")
_OWN_VARIABLES = ("http", "https", "ftp")


def shown_proxy(own: QNetworkProxy | None) -> QNetworkProxy:
    """What ``proxy()`` says of a socket's *own* proxy: a copy, a DefaultProxy if none was set."""
    from qnet.kernel.networkproxy import QNetworkProxy

    return QNetworkProxy(own) if own is not None else QNetworkProxy()


def checked_proxy(proxy: object) -> QNetworkProxy:
    """What ``setProxy()`` keeps of *proxy*: a copy. Raises TypeError if it is none."""
    from qnet.kernel.networkproxy import QNetworkProxy

    if isinstance(proxy, QNetworkProxy.ProxyType):  # setProxy(QNetworkProxy.NoProxy)
        return QNetworkProxy(proxy)
    if not isinstance(proxy, QNetworkProxy):
        raise TypeError(f"a QNetworkProxy is expected, not {type(proxy).__name__}")
    return QNetworkProxy(proxy)


def no_proxy_configured(tag: str = "") -> bool:
    """Whether a socket with this protocol tag and no proxy of its own connects directly, whomever it talks to."""
    source = proxy_source()
    if source is System.CONFIGURATION:
        return tag.lower() not in _OWN_VARIABLES and not any(variable in os.environ for variable in _VARIABLES)
    from qnet.kernel.networkproxy import QNetworkProxy

    return isinstance(source, QNetworkProxy) and source.type() is QNetworkProxy.ProxyType.NoProxy


def proxy_of_client(
    own: QNetworkProxy | None, kind: SocketType, name: str, port: int, tag: str
) -> QNetworkProxy | None:
    """The proxy of a socket for *port* of *name* ("" to bind), None to do without.

    *own* is the one that was set for the socket. As with Qt it is the first one that can do what is wanted, and no
    other is tried if that fails. Raises ProxyFailure with UnsupportedSocketOperationError if none can do it, and what
    the application's factory raises.
    """
    if _is_unset(own) and no_proxy_configured(tag):
        return None
    from qnet.kernel.networkproxyquery import QNetworkProxyQuery

    kinds = QNetworkProxyQuery.QueryType
    wanted = kinds.UdpSocket if kind is SocketType.UdpSocket else kinds.TcpSocket
    return None if _is_direct(own, wanted) else _selected(own, QNetworkProxyQuery(name, port, tag, wanted))


def proxy_of_server(own: QNetworkProxy | None, port: int) -> QNetworkProxy | None:
    """The proxy of a server that is to listen on *port*; as `proxy_of_client`."""
    if _is_unset(own) and no_proxy_configured():
        return None
    from qnet.kernel.networkproxyquery import QNetworkProxyQuery

    wanted = QNetworkProxyQuery.QueryType.TcpServer
    return None if _is_direct(own, wanted) else _selected(own, QNetworkProxyQuery(port))


def _is_unset(own: QNetworkProxy | None) -> bool:
    return own is None or own.type() == 0  # DefaultProxy, whose class need not be loaded for that


def _is_direct(own: QNetworkProxy | None, kind: QNetworkProxyQuery.QueryType) -> bool:
    """Whether the program has chosen no proxy, so that no query need be made, which is most of the cost.

    As with Qt a NoProxy without the capability forbids what that names.
    """
    from qnet.kernel._proxy_choice import can_serve
    from qnet.kernel.networkproxy import QNetworkProxy

    return own is not None and own.type() is QNetworkProxy.ProxyType.NoProxy and can_serve(own, kind)


def _selected(own: QNetworkProxy | None, query: QNetworkProxyQuery) -> QNetworkProxy | None:
    from qnet.kernel._proxy_choice import proxies_for
    from qnet.kernel.networkproxy import QNetworkProxy

    types = QNetworkProxy.ProxyType
    # Whatever a proxy's capabilities say, there has to be a protocol to speak with it.
    spoken = {types.NoProxy, types.Socks5Proxy}
    if query.queryType() is query.QueryType.TcpSocket:
        spoken.add(types.HttpProxy)
    for proxy in proxies_for(own, query):
        if proxy.type() in spoken:
            return None if proxy.type() is types.NoProxy else proxy
    raise ProxyFailure(
        SocketError.UnsupportedSocketOperationError, f"{_UNSUPPORTED}: no proxy serves a {query.queryType().name}"
    )
