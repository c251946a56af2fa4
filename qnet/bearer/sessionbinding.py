"""Sockets that belong to a session: their packets leave through its interface, whatever the routing table prefers.

The seam is one method of sockets, ``_q_set_source``: it takes a function that every new descriptor is shown to before
it connects or is bound. So this module imports no socket, and sockets know nothing of sessions.
"""

from __future__ import annotations

import errno
import os
import socket as system
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from qnet.bearer._session_core import SessionCore
from qnet.bearer.networksession import QNetworkSession
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.networkinterface import QNetworkInterface

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["bindToSession"]

_SO_BINDTODEVICE = getattr(system, "SO_BINDTODEVICE", None)
_IP_BIND_ADDRESS_NO_PORT = 24  # Linux; not in every Python's socket module
_NAME_SIZE = 16  # IFNAMSIZ
_REFUSED = (errno.EPERM, errno.EACCES, errno.ENOPROTOOPT)


def bindToSession(socket: QObject, session: QNetworkSession | None, /) -> None:
    """Have *socket* connect over *session*'s interface from now on, and from its addresses; None: over any again.

    It is a QTcpSocket, a QUdpSocket, or what is derived from them; connect or bind it afterwards. If the session is
    not open just then, that fails with NetworkError. Where the system lets only privileged processes choose an
    interface, a TCP socket is given an address of the interface instead, and the routing table has its say.

    When the session roams, a connection that exists stays where it is: make a new one when the session emits
    `QNetworkSession.newConfigurationActivated`. Only if the new interface has the same address, which is what a
    seamless move is, does a bound socket move along. The socket does not keep the session alive.

    It is a function of qnet's own; Qt 5 binds sockets by a private property. Raises TypeError for anything else.
    """
    set_source = getattr(socket, "_q_set_source", None)
    if set_source is None:
        raise TypeError(f"expected a QTcpSocket or a QUdpSocket, not {type(socket).__name__}")
    if session is None:
        set_source(None)
        return
    if not isinstance(session, QNetworkSession):
        raise TypeError(f"expected a QNetworkSession or None, not {type(session).__name__}")
    set_source(_Source(socket, session))


class _Source:
    """What prepares the descriptors of a socket. The socket holds it; it holds neither socket nor session."""

    def __init__(self, socket: QObject, session: QNetworkSession) -> None:
        self._socket: ReferenceType[Any] = ReferenceType(socket)
        self._session = ReferenceType(session)
        session._q_sources.add(self)
        SessionCore.newConfigurationActivated.of(session).connect(self._follow)

    def __call__(self, descriptor: int, connects: bool) -> None:
        """Have packets of *descriptor* leave through the session's interface. Raises OSError if that cannot be."""
        session = self._session()
        if session is None or not session._q.alive:
            raise OSError(errno.ENETDOWN, "its network session is gone")
        interface = QNetworkSession.interface(session)
        if not QNetworkSession.isOpen(session) or not interface.isValid():
            raise OSError(errno.ENETDOWN, "its network session is not open")
        with _borrowed(descriptor) as sock:
            try:
                _leave_through(sock, interface.name())
            except OSError as error:
                if error.errno not in _REFUSED:
                    raise
                if connects and sock.type == system.SOCK_STREAM:
                    _leave_from(sock, interface)

    def can_follow(self) -> bool:
        """Whether a connection that there is could move to another interface: some systems let only root do that."""
        socket = self._socket()
        if socket is None or socket.socketDescriptor() < 0 or _SO_BINDTODEVICE is None:
            return True
        with _borrowed(socket.socketDescriptor()) as sock:
            try:
                name = sock.getsockopt(system.SOL_SOCKET, _SO_BINDTODEVICE, _NAME_SIZE).rstrip(b"\0").decode()
                if name:
                    _leave_through(sock, name)
            except OSError:
                return False
        return True

    def _follow(self) -> None:
        """The session uses another interface: a connection from an address that this has, too, goes on there."""
        socket, session = self._socket(), self._session()
        if socket is None or session is None or socket.socketDescriptor() < 0:
            return
        interface = QNetworkSession.interface(session)
        if socket.localAddress() in [entry.ip() for entry in interface.addressEntries()]:
            with _borrowed(socket.socketDescriptor()) as sock, suppress(OSError):
                _leave_through(sock, interface.name())


@contextmanager
def _borrowed(descriptor: int) -> Iterator[system.socket]:
    """A descriptor as a socket of Python's, which does not close it."""
    sock = system.socket(fileno=descriptor)
    try:
        yield sock
    finally:
        sock.detach()


def _leave_through(sock: system.socket, name: str) -> None:
    if _SO_BINDTODEVICE is None:
        raise OSError(errno.ENOPROTOOPT, os.strerror(errno.ENOPROTOOPT))
    sock.setsockopt(system.SOL_SOCKET, _SO_BINDTODEVICE, name.encode())


def _leave_from(sock: system.socket, interface: QNetworkInterface) -> None:
    """Bind to an address of *interface* that the socket's family can express; the port is chosen when it connects."""
    wanted = NetworkLayerProtocol.IPv4Protocol if sock.family == system.AF_INET else NetworkLayerProtocol.IPv6Protocol
    found = [entry.ip() for entry in interface.addressEntries() if entry.ip().protocol() is wanted]
    lasting = [each for each in found if not each.isLinkLocal()] or found
    if not lasting:
        raise OSError(errno.EADDRNOTAVAIL, f"{interface.name()} has no such address")
    with suppress(OSError):
        sock.setsockopt(system.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind(lasting[0]._to_sockaddr(0, sock.family))
