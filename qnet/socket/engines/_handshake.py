"""What a proxy's protocol has to be able to do: bytes in, bytes out, no socket.

A `ProxyHandshake` talks one connection to a proxy up to the point where the connection is the target's. It is fed what
arrives and gives what is to be sent; it never waits, and knows no descriptor, no loop and no time-out: those are the
socket's. What fails is a `ProxyFailure` with the socket's error code and a text that says in which phase.

A proxy may want credentials, and may hang up before it takes them. Then `again` is set: the socket connects to the
proxy anew and begins the same handshake again, which remembers what it has learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qnet.socket._enums import SocketError

if TYPE_CHECKING:
    from qnet.kernel.authenticator import QAuthenticator
    from qnet.kernel.hostaddress import QHostAddress

__all__ = ["Ask", "ProxyFailure", "ProxyHandshake"]

Ask = Callable[["QAuthenticator"], None]
"""Asks the program for credentials, within the call; it leaves the authenticator as it is if it has none."""


class ProxyFailure(Exception):
    """The proxy refused, or does not speak its protocol: *code* and a *text* for people."""

    def __init__(self, code: SocketError, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class ProxyHandshake:
    """One connection's negotiation with a proxy.

    ``begin`` -> bytes to send first; then ``feed`` for all that arrives, until `done` (the connection is the target's;
    `rest` holds bytes of the target that came along) or `again` (hang up, connect to the proxy, ``begin`` once more).
    Both raise ProxyFailure. ``ended`` is called if the proxy closes the connection before that.

    The socket leaves `rest` with the system, where its reading finds it. `local` is this end's address and port as
    the proxy tells them, None if it does not.
    """

    __slots__ = ("again", "done", "local", "rest")

    def __init__(self) -> None:
        self.done = False
        self.again = False
        self.rest = b""
        self.local: tuple[QHostAddress, int] | None = None

    def begin(self) -> bytes:
        """Start on a fresh connection to the proxy; what to send."""
        raise NotImplementedError(f"{type(self).__name__}.begin()")

    def feed(self, data: bytes) -> bytes:
        """Take what arrived; what to send now."""
        raise NotImplementedError(f"{type(self).__name__}.feed()")

    def ended(self) -> None:
        """The proxy closed the connection: raise ProxyFailure, or set `again`."""
        raise ProxyFailure(SocketError.ProxyConnectionClosedError, "the proxy closed the connection")
