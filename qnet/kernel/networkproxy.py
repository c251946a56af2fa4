"""A proxy that sockets may go through: QNetworkProxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core.bytearray import QByteArray, QByteArrayView
from qnet.kernel._application_proxy import proxy_source, set_proxy_source
from qnet.kernel._checks import check_same_class, checked_port, checked_text, to_view

if TYPE_CHECKING:
    from qnet.core._bytes_methods import BytesLike
    from qnet.kernel._known_headers import HeaderStore, KnownHeaders
    from qnet.kernel.httpheaders import QHttpHeaders

__all__ = ["QNetworkProxy"]

_FIELDS = ("_capabilities", "_headers", "_host", "_password", "_port", "_type", "_user")


@flat_enums
class QNetworkProxy:
    """A proxy: its type, where it is, who logs in, and what it can do.

    ``QNetworkProxy(type, hostName, port, user, password)``; ``QNetworkProxy()`` has the type DefaultProxy, which
    stands for the application's proxy; ``QNetworkProxy(other)`` is a copy. A ProxyType alone is taken wherever a
    proxy is. Two are equal if all but their headers are. https://doc.qt.io/qt-6/qnetworkproxy.html
    """

    class ProxyType(QtEnum):
        """How to talk to the proxy."""

        DefaultProxy = 0
        Socks5Proxy = 1
        NoProxy = 2
        HttpProxy = 3
        HttpCachingProxy = 4
        FtpCachingProxy = 5

    class Capability(QtFlag):
        """What a proxy can do."""

        TunnelingCapability = 1
        ListeningCapability = 2
        UdpTunnelingCapability = 4
        CachingCapability = 8
        HostNameLookupCapability = 16
        SctpTunnelingCapability = 32
        SctpListeningCapability = 64

    Capabilities = Capability

    __slots__ = ("__weakref__", *_FIELDS)

    _type: ProxyType
    _host: str
    _port: int
    _user: str
    _password: str
    _capabilities: Capability | None  # None: those of the type
    _headers: HeaderStore | None  # None until there is one

    def __init__(
        self,
        type: ProxyType | QNetworkProxy | None = None,
        /,
        hostName: str = "",
        port: int = 0,
        user: str = "",
        password: str = "",
    ) -> None:
        if isinstance(type, QNetworkProxy):
            self._take(type)
            return
        self._type = self.ProxyType.DefaultProxy
        if type is not None:
            self.setType(type)
        self.setHostName(hostName)
        self.setPort(port)
        self.setUser(user)
        self.setPassword(password)
        self._capabilities = None
        self._headers = None

    def _take(self, other: QNetworkProxy) -> None:
        for name in _FIELDS:
            setattr(self, name, getattr(other, name))
        if self._headers is not None:
            self._headers = self._headers.copy()

    def swap(self, other: QNetworkProxy, /) -> None:
        """Exchange the values of this proxy and *other*."""
        check_same_class(QNetworkProxy, other)
        mine = QNetworkProxy(self)
        self._take(other)
        other._take(mine)

    # The application's proxy

    @staticmethod
    def applicationProxy() -> QNetworkProxy:
        """The proxy of sockets that have none of their own.

        Where no proxy was set but a QNetworkProxyFactory or the system's configuration decides, it is the one that
        they prefer for an empty query; NoProxy if they have none.
        """
        source = proxy_source()
        if isinstance(source, QNetworkProxy):
            return QNetworkProxy(source)
        from qnet.kernel.networkproxyfactory import QNetworkProxyFactory
        from qnet.kernel.networkproxyquery import QNetworkProxyQuery

        return QNetworkProxyFactory.proxyForQuery(QNetworkProxyQuery())[0]

    @staticmethod
    def setApplicationProxy(proxy: QNetworkProxy | ProxyType, /) -> None:
        """Set the proxy of sockets that have none of their own; DefaultProxy means NoProxy.

        It replaces the application's QNetworkProxyFactory and the system's configuration. It is never used for
        localhost, 127.0.0.0/8 and ::1. Sockets look at it when they connect or bind.
        """
        proxy = QNetworkProxy(_proxy(proxy))
        if proxy._type is QNetworkProxy.ProxyType.DefaultProxy:
            proxy = QNetworkProxy(QNetworkProxy.ProxyType.NoProxy)
        set_proxy_source(proxy)

    # Values

    def type(self) -> ProxyType:
        """How to talk to the proxy."""
        return self._type

    def setType(self, type: ProxyType, /) -> None:
        """Set how to talk to the proxy, which sets what it can do unless :meth:`setCapabilities` did."""
        if not isinstance(type, self.ProxyType):
            raise TypeError(f"expected a ProxyType, not {type.__class__.__name__}")
        self._type = type

    def capabilities(self) -> Capability:
        """What the proxy can do."""
        return _CAPABILITIES[self._type] if self._capabilities is None else self._capabilities

    def setCapabilities(self, capab: Capability, /) -> None:
        """Set what the proxy can do; from then on :meth:`setType` leaves that alone."""
        if not isinstance(capab, self.Capability):
            raise TypeError(f"expected a Capability, not {type(capab).__name__}")
        self._capabilities = capab

    def isCachingProxy(self) -> bool:
        """Whether the proxy makes requests itself and may answer them from its cache."""
        return bool(self.capabilities() & self.Capability.CachingCapability)

    def isTransparentProxy(self) -> bool:
        """Whether connections can be made through the proxy for any protocol."""
        return bool(self.capabilities() & self.Capability.TunnelingCapability)

    def hostName(self) -> str:
        """The name or address of the proxy's host."""
        return self._host

    def setHostName(self, hostName: str, /) -> None:
        """Set the name or address of the proxy's host."""
        self._host = checked_text(hostName, "a host name")

    def port(self) -> int:
        """The port of the proxy; 0 is the default of its type, 1080 (SOCKS) or 8080."""
        return self._port

    def setPort(self, port: int, /) -> None:
        """Set the port, 0 to 65535."""
        self._port = checked_port(port)

    def user(self) -> str:
        """Who logs in to the proxy."""
        return self._user

    def setUser(self, userName: str, /) -> None:
        """Set who logs in to the proxy; "" for nobody."""
        self._user = checked_text(userName, "a user name")

    def password(self) -> str:
        """The password of :meth:`user`."""
        return self._password

    def setPassword(self, password: str, /) -> None:
        """Set the password of :meth:`user`."""
        self._password = checked_text(password, "a password")

    # Headers, which only HTTP proxies are sent. Other types keep the ones that they had, out of sight.

    def _shown_headers(self) -> HeaderStore | None:
        return self._headers if self._type in (self.ProxyType.HttpProxy, self.ProxyType.HttpCachingProxy) else None

    def _own_headers(self) -> HeaderStore | None:
        """Where headers are set; None for types that have none."""
        if self._type not in (self.ProxyType.HttpProxy, self.ProxyType.HttpCachingProxy):
            return None
        if self._headers is None:
            from qnet.kernel._known_headers import HeaderStore

            self._headers = HeaderStore()
        return self._headers

    def headers(self) -> QHttpHeaders:
        """The headers of HTTP requests to the proxy, none for other types; a copy."""
        from qnet.kernel.httpheaders import QHttpHeaders

        store = self._shown_headers()
        return QHttpHeaders() if store is None else QHttpHeaders._from_pairs(store.pairs)

    def setHeaders(self, newHeaders: QHttpHeaders, /) -> None:
        """Replace all headers. Does nothing unless the type is HttpProxy or HttpCachingProxy."""
        from qnet.kernel._known_headers import HeaderStore
        from qnet.kernel.httpheaders import QHttpHeaders

        if not isinstance(newHeaders, QHttpHeaders):
            raise TypeError(f"expected QHttpHeaders, not {type(newHeaders).__name__}")
        if self._own_headers() is not None:
            self._headers = HeaderStore(list(newHeaders._pairs))

    def header(self, header: KnownHeaders, /) -> Any:
        """The value of a known header (QNetworkRequest.KnownHeaders): what :meth:`setHeader` set it from.

        If it was set otherwise: an int for ContentLengthHeader, a QUrl, which is absolute, for LocationHeader, a
        datetime in UTC for LastModifiedHeader and IfModifiedSinceHeader, a list of str for IfMatchHeader (without
        weak tags) and IfNoneMatchHeader, a str for others. None if it is missing or malformed, and for cookies.
        """
        from qnet.kernel._known_headers import HeaderStore

        store = self._shown_headers()
        return (HeaderStore() if store is None else store).known(header)

    def setHeader(self, header: KnownHeaders, value: Any, /) -> None:
        """Set a known header (QNetworkRequest.KnownHeaders) from a Python value; None removes it.

        Any takes a str, bytes-like, a number or a bool, some also what :meth:`header` returns for them: a QUrl, a
        datetime (without a time zone it is local time) or a date, a list of str. A value that does not fit gives
        a warning and changes nothing. Does nothing unless the type is HttpProxy or HttpCachingProxy.
        """
        from qnet.kernel._known_headers import HeaderStore

        store = self._own_headers()
        (HeaderStore() if store is None else store).set_known("QNetworkProxy::setHeader", header, value)

    def hasRawHeader(self, headerName: BytesLike, /) -> bool:
        """Whether HTTP requests to the proxy carry the header *headerName*, in any case."""
        name, store = bytes(to_view(headerName)), self._shown_headers()
        return store is not None and store.raw(name) is not None

    def rawHeader(self, headerName: BytesLike, /) -> QByteArrayView:
        """The value of the header *headerName*, repeated ones with ", " in between; empty if it is missing."""
        name, store = bytes(to_view(headerName)), self._shown_headers()
        return QByteArrayView((store and store.raw(name)) or b"")

    def rawHeaderList(self) -> list[QByteArrayView]:
        """The names, in lower case, of all headers in the order in which they were last set."""
        store = self._shown_headers()
        return [] if store is None else [QByteArrayView(name) for name in store.names()]

    def setRawHeader(self, headerName: BytesLike, value: BytesLike | None, /) -> None:
        """Set a header of HTTP requests to the proxy; None, or a null QByteArray, removes it.

        Does nothing unless the type is HttpProxy or HttpCachingProxy. A name that is no token, or a value with
        control characters, gives a warning and no header.
        """
        name = to_view(headerName)
        gone = value is None or (isinstance(value, QByteArray) and value.isNull())
        content = None if value is None or gone else to_view(value)
        store = self._own_headers()
        if store is not None:
            store.set_raw("QNetworkProxy::setRawHeader", name, content)

    # Python's protocols

    def __eq__(self, other: object) -> bool:
        if isinstance(other, self.ProxyType):
            other = QNetworkProxy(other)
        if not isinstance(other, QNetworkProxy):
            return NotImplemented
        return self._key() == other._key()

    def _key(self) -> tuple[object, ...]:
        return self._type, self._host, self._port, self._user, self._password, self.capabilities()

    def __copy__(self) -> QNetworkProxy:
        return QNetworkProxy(self)

    def __repr__(self) -> str:
        """Without the password: proxies end up in logs."""
        where = f', "{self._host}:{self._port}"' if self._host or self._port else ""
        return f"QNetworkProxy({self._type.name}{where})"


_Can = QNetworkProxy.Capability
_CACHING = _Can.CachingCapability | _Can.HostNameLookupCapability
_DIRECT = (
    _Can.TunnelingCapability
    | _Can.ListeningCapability
    | _Can.UdpTunnelingCapability
    | _Can.SctpTunnelingCapability
    | _Can.SctpListeningCapability
)
_CAPABILITIES = {
    QNetworkProxy.ProxyType.DefaultProxy: _DIRECT,
    QNetworkProxy.ProxyType.NoProxy: _DIRECT,
    QNetworkProxy.ProxyType.Socks5Proxy: (
        _Can.TunnelingCapability
        | _Can.ListeningCapability
        | _Can.UdpTunnelingCapability
        | _Can.HostNameLookupCapability
    ),
    QNetworkProxy.ProxyType.HttpProxy: _Can.TunnelingCapability | _CACHING,
    QNetworkProxy.ProxyType.HttpCachingProxy: _CACHING,
    QNetworkProxy.ProxyType.FtpCachingProxy: _CACHING,
}


def _proxy(proxy: object) -> QNetworkProxy:
    if isinstance(proxy, QNetworkProxy):
        return proxy
    if isinstance(proxy, QNetworkProxy.ProxyType):
        return QNetworkProxy(proxy)
    raise TypeError(f"expected a QNetworkProxy or a ProxyType, not {type(proxy).__name__}")
