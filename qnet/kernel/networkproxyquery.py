"""What a socket or request wants from a proxy: QNetworkProxyQuery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from qnet.core._enums import QtEnum, flat_enums
from qnet.core.url import QUrl
from qnet.kernel._checks import check_same_class, checked_text

__all__ = ["QNetworkProxyQuery"]


@flat_enums
class QNetworkProxyQuery:
    """What a proxy is wanted for: the kind of socket, whom it talks to, and in which protocol.

    ``QNetworkProxyQuery(hostname, port, protocolTag="", queryType=TcpSocket)`` is for a client,
    ``QNetworkProxyQuery(bindPort, protocolTag="", queryType=TcpServer)`` for a server,
    ``QNetworkProxyQuery(url, queryType=UrlRequest)`` for a request (a QUrl or its text);
    ``QNetworkProxyQuery()`` is empty and ``QNetworkProxyQuery(other)`` a copy. Ports are 0 to 65535, -1 for none.
    The peer's host name and port and the protocol tag are parts of :meth:`url`. Two queries are equal if all of
    that is; a QUrl or a port is equal to the query that is made from it.
    https://doc.qt.io/qt-6/qnetworkproxyquery.html
    """

    class QueryType(QtEnum):
        """Who asks."""

        TcpSocket = 0
        UdpSocket = 1
        SctpSocket = 2
        TcpServer = 100
        UrlRequest = 101
        SctpServer = 102

    __slots__ = ("__weakref__", "_local_port", "_type", "_url")

    _type: QueryType
    _url: QUrl
    _local_port: int

    @overload
    def __init__(self) -> None: ...
    @overload
    def __init__(self, other: QNetworkProxyQuery, /) -> None: ...
    @overload
    def __init__(
        self, hostname: str, port: int, /, protocolTag: str = "", queryType: QueryType = QueryType.TcpSocket
    ) -> None: ...
    @overload
    def __init__(self, requestUrl: QUrl | str, /, queryType: QueryType = QueryType.UrlRequest) -> None: ...
    @overload
    def __init__(self, bindPort: int, /, protocolTag: str = "", queryType: QueryType = QueryType.TcpServer) -> None: ...

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._type = self.QueryType.TcpSocket
        self._url = QUrl()
        self._local_port = -1
        if not arguments and not keywords:
            return
        head = arguments[0] if arguments else None
        form: Callable[..., None]
        if isinstance(head, QNetworkProxyQuery):
            form = self._take
        elif isinstance(head, int):
            form = self._serve
        elif len(arguments) > 1 and isinstance(head, str) and not isinstance(arguments[1], self.QueryType):
            form = self._connect
        else:
            form = self._request
        form(*arguments, **keywords)

    def _take(self, other: QNetworkProxyQuery) -> None:
        self._type, self._url, self._local_port = other._type, QUrl(other._url), other._local_port

    def _connect(
        self, hostname: str, port: int, protocolTag: str = "", queryType: QueryType = QueryType.TcpSocket
    ) -> None:
        self.setPeerHostName(hostname)
        self.setPeerPort(port)
        self.setProtocolTag(protocolTag)
        self.setQueryType(queryType)

    def _serve(self, bindPort: int, protocolTag: str = "", queryType: QueryType = QueryType.TcpServer) -> None:
        self.setLocalPort(bindPort)
        self.setProtocolTag(protocolTag)
        self.setQueryType(queryType)

    def _request(self, requestUrl: QUrl | str, queryType: QueryType = QueryType.UrlRequest) -> None:
        self.setUrl(requestUrl)
        self.setQueryType(queryType)

    def swap(self, other: QNetworkProxyQuery, /) -> None:
        """Exchange the values of this query and *other*."""
        check_same_class(QNetworkProxyQuery, other)
        mine = QNetworkProxyQuery(self)
        self._take(other)
        other._take(mine)

    def queryType(self) -> QueryType:
        """Who asks; TcpSocket for an empty query."""
        return self._type

    def setQueryType(self, type: QueryType, /) -> None:
        """Set who asks. Nothing else changes."""
        if not isinstance(type, self.QueryType):
            raise TypeError(f"expected a QueryType, not {type.__class__.__name__}")
        self._type = type

    def peerHostName(self) -> str:
        """The name (an international one in its ASCII form) or address of the peer; "" for none."""
        host = self._url.host()
        # An address as it is, not as in a URL: with "%" before its scope instead of "%25".
        return host if ":" in host else self._url.host(QUrl.ComponentFormattingOption.EncodeUnicode)

    def setPeerHostName(self, hostname: str | None, /) -> None:
        """Set the name or address of the peer. What is neither leaves the query without a host name."""
        self._url.setHost(checked_text(hostname, "a host name"))

    def peerPort(self) -> int:
        """The port of the peer, -1 for none: the default port of a URL does not count."""
        return self._url.port()

    def setPeerPort(self, port: int, /) -> None:
        """Set the port of the peer, 0 to 65535, or -1 for none."""
        self._url.setPort(_checked_port(port))

    def localPort(self) -> int:
        """The port that the socket binds to, -1 for none."""
        return self._local_port

    def setLocalPort(self, port: int, /) -> None:
        """Set the port that the socket binds to: 0 to 65535, or -1 for none."""
        self._local_port = _checked_port(port)

    def protocolTag(self) -> str:
        """The protocol that will be spoken ("http", "ftp"), in lower case; "" if it is not known."""
        return self._url.scheme()

    def setProtocolTag(self, protocolTag: str | None, /) -> None:
        """Name the protocol that will be spoken. What cannot be the scheme of a URL leaves the query without."""
        self._url.setScheme(checked_text(protocolTag, "a protocol tag"))

    def url(self) -> QUrl:
        """What a request asks for; for other queries a URL of the protocol tag, host name and port only."""
        return QUrl(self._url)

    def setUrl(self, url: QUrl | str, /) -> None:
        """Set what a request asks for, and with it protocol tag, host name and port."""
        if not isinstance(url, (QUrl, str)):
            raise TypeError(f"expected a QUrl or its text, not {type(url).__name__}")
        self._url = QUrl(url)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, QUrl) or (isinstance(other, int) and 0 <= other <= 65535):
            other = QNetworkProxyQuery(other)
        if not isinstance(other, QNetworkProxyQuery):
            return NotImplemented
        return (self._type, self._local_port, self._url) == (other._type, other._local_port, other._url)

    def __copy__(self) -> QNetworkProxyQuery:
        return QNetworkProxyQuery(self)

    def __repr__(self) -> str:
        """Without the password in the URL: queries end up in logs."""
        parts = [self._type.name]
        if not self._url.isEmpty():
            parts.append(f'"{self._url.toDisplayString()}"')
        if self._local_port >= 0:
            parts.append(f"local port {self._local_port}")
        return f"QNetworkProxyQuery({', '.join(parts)})"


def _checked_port(port: object) -> int:
    if not isinstance(port, int):
        raise TypeError(f"a port is an int, not {type(port).__name__}")
    if not -1 <= port <= 65535:
        raise ValueError(f"a port is 0 to 65535, or -1 for none, not {port}")
    return port
