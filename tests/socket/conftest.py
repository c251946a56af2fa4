"""What most socket tests start from: a listening kernel socket, and Qt sockets connected to it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _peers import LOCALHOST, ORDER_SIGNALS, Link, Trace, accept, close_kept, close_ours, port_of, raw_listener


@pytest.fixture(autouse=True)
def peers() -> Iterator[None]:
    """Closes the sockets, of the kernel and of Qt, that a test handed to ``_peers``."""
    yield
    close_ours()
    close_kept()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening kernel socket on 127.0.0.1."""
    with raw_listener() as sock:
        yield sock


@pytest.fixture
def port(listener: socket.socket) -> int:
    """The port of ``listener``."""
    return port_of(listener)


@pytest.fixture
def connect(qt: Any, app: Any, listener: socket.socket) -> Iterator[Callable[..., Link]]:
    """Makes connected pairs; what the connecting itself emitted is already taken off the trace."""
    links: list[Link] = []

    def make(signals: tuple[str, ...] = ORDER_SIGNALS, read_buffer: int = 0, mode: Any = None) -> Link:
        client = qt.QTcpSocket()
        trace = Trace(client, signals)
        if read_buffer:
            client.setReadBufferSize(read_buffer)
        target = (LOCALHOST, port_of(listener))
        client.connectToHost(*target) if mode is None else client.connectToHost(*target, mode)
        assert qt.wait(lambda: client.state() == qt.QAbstractSocket.ConnectedState)
        trace.clear()
        link = Link(client, trace, accept(listener))
        links.append(link)
        return link

    yield make
    for link in links:
        link.peer.close()
        link.socket.abort()
