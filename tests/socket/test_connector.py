"""RFC 8305: which attempt starts when, who wins, and what is reported; in virtual time, over real descriptors."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest
from _peers import PATIENCE, closed_port, queued
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._connector import ATTEMPT_DELAY, ATTEMPT_LIMIT, Connector, interleaved
from qnet.socket._enums import SocketError, SocketType
from qnet.socket.engines.native import QNativeSocketEngine


def addresses(*texts: str) -> list[QHostAddress]:
    return [QHostAddress(t) for t in texts]


def make(address: QHostAddress) -> QNativeSocketEngine:
    engine = QNativeSocketEngine()
    engine.initialize(SocketType.TcpSocket, address.protocol())
    return engine


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def silent(listener: socket.socket) -> Iterator[QHostAddress]:
    """An address, 127.0.0.2, where the same port never answers: its backlog is full."""
    with socket.socket() as full:
        full.bind(("127.0.0.2", listener.getsockname()[1]))
        full.listen(0)
        with socket.create_connection(full.getsockname(), PATIENCE):
            assert queued(full, 1)
            yield QHostAddress("127.0.0.2")


def writable(connector: Connector) -> list[int]:
    poll = select.poll()
    for fd in connector.descriptors():
        poll.register(fd, select.POLLOUT)
    return [fd for fd, _ in poll.poll(2000)]


def test_families_alternate_beginning_with_the_first() -> None:
    mixed = addresses("::1", "::2", "::3", "127.0.0.1", "127.0.0.2")
    assert interleaved(mixed) == addresses("::1", "127.0.0.1", "::2", "127.0.0.2", "::3")
    assert interleaved([]) == []


@given(st.lists(st.sampled_from(addresses("::1", "::2", "127.0.0.1", "127.0.0.2", "10.0.0.1"))))
def test_interleaving_keeps_every_address_once_and_the_order_within_a_family(given: list[QHostAddress]) -> None:
    result = interleaved(given)
    unique = list(dict.fromkeys(given))
    assert sorted(a.toString() for a in result) == sorted(a.toString() for a in unique)
    for family in {a.protocol() for a in unique}:
        assert [a for a in result if a.protocol() is family] == [a for a in unique if a.protocol() is family]


def test_one_address(listener: socket.socket) -> None:
    connector = Connector(addresses("127.0.0.1"), listener.getsockname()[1], make)
    connector.begin(100.0)
    while not connector.is_over():
        assert connector.deadline() == 100.0 + ATTEMPT_LIMIT
        for fd in writable(connector):
            connector.ready(fd, 100.1)
    assert connector.winner is not None
    assert connector.winner.peerPort() == listener.getsockname()[1]
    assert connector.descriptors() == []
    connector.winner.close()


def test_a_refusal_moves_on_at_once(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    connector = Connector(addresses("127.0.0.3", "127.0.0.1"), port, make)
    connector.begin(0.0)
    while not connector.is_over():
        for fd in writable(connector):
            connector.ready(fd, 0.001)
    assert connector.winner is not None
    assert connector.address == QHostAddress("127.0.0.1")
    connector.winner.close()


def test_a_silent_address_gets_company_after_the_delay(listener: socket.socket, silent: QHostAddress) -> None:
    connector = Connector([silent, QHostAddress("127.0.0.1")], listener.getsockname()[1], make)
    connector.begin(10.0)
    assert len(connector.descriptors()) == 1
    assert connector.deadline() == 10.0 + ATTEMPT_DELAY
    connector.expired(10.0 + ATTEMPT_DELAY / 2)
    assert len(connector.descriptors()) == 1
    connector.expired(10.0 + ATTEMPT_DELAY)
    fds = connector.descriptors()
    if not connector.is_over():
        assert len(fds) == 2
        for fd in writable(connector):
            connector.ready(fd, 10.3)
    assert connector.winner is not None
    assert connector.address == QHostAddress("127.0.0.1")
    assert connector.descriptors() == []
    connector.winner.close()


def test_an_attempt_has_a_limit(listener: socket.socket, silent: QHostAddress) -> None:
    connector = Connector([silent], listener.getsockname()[1], make)
    connector.begin(0.0)
    connector.expired(ATTEMPT_LIMIT - 0.1)
    assert not connector.is_over()
    connector.expired(ATTEMPT_LIMIT)
    assert connector.is_over()
    assert connector.failure is not None
    assert connector.failure.code is SocketError.SocketTimeoutError
    assert "127.0.0.2" in connector.failure.text


def test_the_first_failure_is_the_one_reported(listener: socket.socket) -> None:
    port = closed_port()
    connector = Connector(addresses("127.0.0.1", "203.0.113.1%nowhere", "::1"), port, make)
    connector.begin(0.0)
    while not connector.is_over():
        for fd in writable(connector):
            connector.ready(fd, 0.0)
    assert connector.failure is not None
    assert connector.failure.code is SocketError.ConnectionRefusedError
    assert f"127.0.0.1:{port}" in connector.failure.text


def test_cancel_closes_every_attempt(listener: socket.socket, silent: QHostAddress) -> None:
    made: list[QNativeSocketEngine] = []

    def remember(address: QHostAddress) -> QNativeSocketEngine:
        made.append(make(address))
        return made[-1]

    connector = Connector([silent, silent], listener.getsockname()[1], remember)
    connector.begin(0.0)
    connector.expired(1.0)
    connector.cancel()
    assert connector.is_over()
    assert {engine.fd for engine in made} == {-1}
