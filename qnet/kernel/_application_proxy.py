"""Where sockets without a proxy of their own get one from: exactly one source at any time.

A source is a proxy (``QNetworkProxy.setApplicationProxy``), a factory
(``QNetworkProxyFactory.setApplicationProxyFactory``) or the system's configuration; setting one replaces the other.
It is one reference, so that any thread can read it without a lock; only changes that depend on what is there
take the lock.
"""

from __future__ import annotations

import threading
from enum import Enum, auto
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Callable

    from qnet.kernel.networkproxy import QNetworkProxy
    from qnet.kernel.networkproxyfactory import QNetworkProxyFactory

__all__ = ["ProxySource", "System", "proxy_source", "replace_proxy_source", "set_proxy_source"]


class System(Enum):
    """The source that is no object."""

    CONFIGURATION = auto()


ProxySource = Union["QNetworkProxy", "QNetworkProxyFactory", System]

_lock = threading.Lock()
_source: ProxySource = System.CONFIGURATION


def proxy_source() -> ProxySource:
    """The current source; at start it is the system's configuration. Do not change a proxy that it is."""
    return _source


def set_proxy_source(source: ProxySource) -> None:
    """Replace the source, whatever it was."""
    replace_proxy_source(lambda old: True, source)


def replace_proxy_source(condition: Callable[[ProxySource], bool], source: ProxySource) -> None:
    """Replace the source if *condition* holds for it."""
    global _source
    with _lock:
        old, replaced = _source, condition(_source)
        if replaced:
            _source = source
    # A factory may die here, and run code of the program: not under the lock.
    del old
