"""Who decides which proxies are used for what: QNetworkProxyFactory."""

from __future__ import annotations

import os

from qnet.core.logging import qWarning
from qnet.core.url import QUrl
from qnet.kernel._application_proxy import System, proxy_source, replace_proxy_source, set_proxy_source
from qnet.kernel._proxy_environment import proxy_from_environment
from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.kernel.networkproxyquery import QNetworkProxyQuery

__all__ = ["QNetworkProxyFactory"]

# Qt's default argument. It is not handed out.
_ANYTHING = QNetworkProxyQuery()

_Query = QNetworkProxyQuery | QUrl | int
_Kind = QNetworkProxyQuery.QueryType
_NO_PROXY = QNetworkProxy.ProxyType.NoProxy
# The names of this host that Qt knows without looking them up, here without the dot of the root.
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain"})
# What the system's proxies must be able to do. Only these two are checked here: sockets check the others.
_NEEDED = {
    _Kind.UdpSocket: QNetworkProxy.Capability.UdpTunnelingCapability,
    _Kind.TcpServer: QNetworkProxy.Capability.ListeningCapability,
}


class QNetworkProxyFactory:
    """Chooses proxies for each query: derive from it, override :meth:`queryProxy`, install an object.

    Until the program sets an application proxy or an application factory, the system's configuration is used
    (:meth:`usesSystemConfiguration`). Each of the three replaces the other two. All static methods may be called
    from any thread, and an installed factory is called in the thread of each socket.
    https://doc.qt.io/qt-6/qnetworkproxyfactory.html
    """

    def __init__(self) -> None:
        if type(self) is QNetworkProxyFactory:
            raise NotImplementedError("QNetworkProxyFactory is abstract: derive from it and override queryProxy()")

    def queryProxy(self, query: QNetworkProxyQuery = _ANYTHING, /) -> list[QNetworkProxy]:
        """Virtual: the proxies for *query*, the preferred one first; a NoProxy stands for a direct connection.

        Called for each connection, so it should not block: sockets wait for it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not override queryProxy()")

    @staticmethod
    def setApplicationProxyFactory(factory: QNetworkProxyFactory | None, /) -> None:
        """Let *factory* choose for sockets that have no proxy of their own, until another one is set.

        It replaces the application proxy and the system's configuration; None removes a factory, and leaves an
        application proxy or the system's configuration alone. It is kept alive.
        """
        if factory is None:
            replace_proxy_source(lambda old: isinstance(old, QNetworkProxyFactory), QNetworkProxy(_NO_PROXY))
        elif isinstance(factory, QNetworkProxyFactory):
            set_proxy_source(factory)
        else:
            raise TypeError(f"expected a QNetworkProxyFactory or None, not {type(factory).__name__}")

    @staticmethod
    def usesSystemConfiguration() -> bool:
        """Whether the system's configuration is used, as it is until a program sets something else."""
        return proxy_source() is System.CONFIGURATION

    @staticmethod
    def setUseSystemConfiguration(enable: bool, /) -> None:
        """Use the system's configuration in place of the application's proxy or factory, or stop doing so.

        Without it, connections are direct. See :meth:`systemProxyForQuery` for what the configuration is.
        """
        if enable:
            set_proxy_source(System.CONFIGURATION)
        else:
            replace_proxy_source(lambda old: old is System.CONFIGURATION, QNetworkProxy(_NO_PROXY))

    @staticmethod
    def proxyForQuery(query: _Query, /) -> list[QNetworkProxy]:
        """The proxies that the application uses for *query* (or the URL or port of one), the preferred one first.

        That is a NoProxy for localhost, 127.0.0.0/8 and ::1; else the application's proxy, what its factory
        answers (a NoProxy, with a warning, if that is nothing), or the system's proxies and a NoProxy. Whether
        they can do what is wanted is not checked. What the factory raises is raised here.
        """
        query = _checked_query(query)
        if is_local(query.peerHostName()):
            return [QNetworkProxy(_NO_PROXY)]
        source = proxy_source()
        if isinstance(source, QNetworkProxy):
            return [QNetworkProxy(source)]
        if isinstance(source, System):
            return [*QNetworkProxyFactory.systemProxyForQuery(query), QNetworkProxy(_NO_PROXY)]
        proxies = _checked_answer(source, source.queryProxy(query))
        if not proxies:
            qWarning(f"QNetworkProxyFactory: the factory {source!r} has returned no proxy, not even NoProxy")
            proxies = [QNetworkProxy(_NO_PROXY)]
        return proxies

    @staticmethod
    def systemProxyForQuery(query: _Query = _ANYTHING, /) -> list[QNetworkProxy]:
        """The proxy that the environment variables name for *query*, or a NoProxy. Local hosts are not special.

        http_proxy, https_proxy and ftp_proxy are for the protocol tags of their names; all_proxy is for other
        queries, and for these if nothing else is set; http_proxy is the fall-back for everything. Upper-case
        names count where the lower-case ones are not set, but HTTP_PROXY not in a CGI program (REQUEST_METHOD is
        set), where a client can set it: https://httpoxy.org.

        A value is ``[scheme://][user[:password]@]host[:port]``: "http", the default, with port 8080, or "socks5",
        "socks5h" or "socks" with port 1080. Any other is ignored, with one warning. Only SOCKS proxies serve UDP
        sockets and servers.

        no_proxy lists, between commas or blanks, who is connected directly: a host name and those below it (a
        leading "." or "*." changes nothing), an address, a network ("10.0.0.0/8"), each optionally with ":port",
        or "*" for everybody.
        """
        query = _checked_query(query)
        proxy = proxy_from_environment(query, os.environ)
        needed = _NEEDED.get(query.queryType())
        if proxy is None or (needed is not None and not proxy.capabilities() & needed):
            proxy = QNetworkProxy(_NO_PROXY)
        return [proxy]


def is_local(host: str) -> bool:
    """Whether *host* is this host by its usual names or a loopback address: no proxy may be used for it."""
    if host[:1].isalpha() and ":" not in host:  # no form of an address begins like that
        return host.lower().removesuffix(".") in _LOCAL_NAMES
    return QHostAddress(host).isLoopback()


def _checked_query(query: object) -> QNetworkProxyQuery:
    if isinstance(query, QNetworkProxyQuery):
        return query
    if isinstance(query, (QUrl, int)):
        return QNetworkProxyQuery(query)
    raise TypeError(f"expected a QNetworkProxyQuery, not {type(query).__name__}")


def _checked_answer(factory: QNetworkProxyFactory, answer: object) -> list[QNetworkProxy]:
    if not isinstance(answer, (list, tuple)):
        raise TypeError(
            f"{type(factory).__name__}.queryProxy() returned {type(answer).__name__}, not a list of proxies"
        )
    for proxy in answer:
        if not isinstance(proxy, (QNetworkProxy, QNetworkProxy.ProxyType)):
            raise TypeError(f"{type(factory).__name__}.queryProxy() listed {type(proxy).__name__}, not a QNetworkProxy")
    return [QNetworkProxy(proxy) for proxy in answer]
