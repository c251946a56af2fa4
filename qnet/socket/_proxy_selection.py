"""Which proxy a socket or server goes through; quick where nobody has configured any."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from qnet.kernel._application_proxy import System, proxy_source
from qnet.socket._enums import SocketError
from qnet.socket.engines._handshake import ProxyFailure

if TYPE_CHECKING:
    from qnet.kernel.networkproxy import QNetworkProxy
    from qnet.kernel.networkproxyquery import QNetworkProxyQuery

__all__ = ["no_proxy_configured", "selected_proxy"]

_UNSUPPORTED = "Operation on socket is not supported"
# The variables for every protocol; each look-up of one that is not set costs a microsecond.
_VARIABLES = ("all_proxy", "http_proxy", "ALL_PROXY", "HTTP_PROXY")
_OWN_VARIABLES = ("http", "https", "ftp")


def no_proxy_configured(tag: str = "") -> bool:
    """Whether a socket with this protocol tag and no proxy of its own connects directly, whomever it talks to."""
    source = proxy_source()
    if source is System.CONFIGURATION:
        return tag.lower() not in _OWN_VARIABLES and not any(variable in os.environ for variable in _VARIABLES)
    from qnet.kernel.networkproxy import QNetworkProxy

    return isinstance(source, QNetworkProxy) and source.type() is QNetworkProxy.ProxyType.NoProxy


def selected_proxy(
    own: QNetworkProxy | None, query: QNetworkProxyQuery, speaks: Callable[[QNetworkProxy], bool]
) -> QNetworkProxy | None:
    """The proxy for *query*, None for a direct connection; *own* is the one that was set for the socket.

    As with Qt it is the first one that can do what is wanted, and no other is tried if that fails. *speaks* says
    whether there is a protocol for it. Raises ProxyFailure with UnsupportedSocketOperationError if none can, and
    what the application's factory raises.
    """
    from qnet.kernel._proxy_choice import proxies_for
    from qnet.kernel.networkproxy import QNetworkProxy

    direct = QNetworkProxy.ProxyType.NoProxy
    candidates = [proxy for proxy in proxies_for(own, query) if proxy.type() is direct or speaks(proxy)]
    if not candidates:
        raise ProxyFailure(
            SocketError.UnsupportedSocketOperationError,
            f"{_UNSUPPORTED}: no proxy serves a {query.queryType().name}",
        )
    return None if candidates[0].type() is direct else candidates[0]
