"""What tests of proxied sockets share: sockets with a proxy of their own, and what proxies are sent."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any

from _peers import Trace, ours, short
from _socks_proxies import LOCALHOST, ScriptedProxy

TARGET, NAME, PORT = "10.9.8.7", "target.test", 80
GREETING = b"\5\1\0"
REQUEST = b"\5\1\0\1\x0a\x09\x08\x07\0\x50"
REQUEST_BY_NAME = b"\5\1\0\3\x0btarget.test\0\x50"
FAILED = "state:Unconnected"
BY_NAME = ["state:HostLookup", "state:Connecting"]
SILENCE: list[Any] = [("silence",)]


def proxy_at(qt: Any, port: int, user: str = "", password: str = "", kind: Any = None) -> Any:
    return qt.QNetworkProxy(kind or qt.QNetworkProxy.Socks5Proxy, LOCALHOST, port, user, password)


def client(qt: Any, proxy: Any) -> tuple[Any, Trace]:
    """A socket with a proxy of its own, which is used for every target, and the trace of its signals."""
    made = ours(qt.QTcpSocket())
    made.setProxy(proxy)
    return made, Trace(made)


def settle(qt: Any, sock: Any) -> str:
    """Turn the loop until the socket is connected or not; the name of its state."""
    done = (qt.QAbstractSocket.ConnectedState, qt.QAbstractSocket.UnconnectedState)
    assert qt.wait(lambda: sock.state() in done)
    return short(sock.state())


def run(qt: Any, script: ScriptedProxy, target: str = TARGET, **proxy: Any) -> tuple[Any, Trace]:
    sock, trace = client(qt, proxy_at(qt, script.port, **proxy))
    sock.connectToHost(target, PORT)
    settle(qt, sock)
    return sock, trace


def asker(sock: Any, trace: Trace, *credentials: tuple[str, str]) -> None:
    """Answer proxyAuthenticationRequired with these, one after the other; the trace has who was shown as logged in."""
    left = list(credentials)

    def ask(proxy: Any, authenticator: Any) -> None:
        trace.append(f"ask:{proxy.user()}/{proxy.password()}")
        assert (authenticator.user(), authenticator.isNull()) == ("", True)
        if left:
            user, password = left.pop(0)
            authenticator.setUser(user)
            authenticator.setPassword(password)

    sock.proxyAuthenticationRequired.connect(ask)


def assert_nothing_is_left(once: Callable[[], None], alive: Callable[[], int]) -> None:
    """Repeating *once* leaves no object that *alive* counts and no descriptor, without the garbage collector."""
    once()
    gc.collect()
    before, descriptors = alive(), len(os.listdir("/proc/self/fd"))
    gc.disable()
    try:
        for _ in range(25):
            once()
        assert alive() == before
        assert len(os.listdir("/proc/self/fd")) == descriptors
    finally:
        gc.enable()
