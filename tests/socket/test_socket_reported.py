"""What programs written for PySide6 did on qnet's sockets and not on Qt's: one test for each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from _implementations import Implementation, Recorder

_T = TypeVar("_T")


def in_a_thread(qt: Implementation, function: Callable[[], _T]) -> _T:
    """What *function* returns in a thread that runs no event loop, unless the function does."""
    results: list[_T] = []

    class Worker(qt.QThread):  # type: ignore[name-defined,misc]  # a class of either implementation
        def run(self) -> None:
            results.append(function())

    worker = Worker()
    worker.start()
    assert worker.wait(30_000)
    return results[0]


class Tcp:
    """A pair of connected sockets of one thread; the local one below is its like."""

    def __init__(self, qt: Implementation) -> None:
        self.qt = qt
        self.server = qt.QTcpServer()
        assert self.server.listen(qt.QHostAddress(qt.QHostAddress.SpecialAddress.LocalHost))
        self.socket = qt.QTcpSocket()
        self.socket.connectToHost("127.0.0.1", self.server.serverPort())
        self.states = qt.QAbstractSocket.SocketState
        self.disconnect = self.socket.disconnectFromHost
        self.accept()

    def accept(self) -> None:
        assert self.socket.waitForConnected(10_000)
        if not self.server.hasPendingConnections():
            self.server.waitForNewConnection(10_000)
        self.peer = self.server.nextPendingConnection()


class Local(Tcp):
    def __init__(self, qt: Implementation) -> None:
        self.qt = qt
        self.server = qt.QLocalServer()
        assert self.server.listen(f"qnet-reported-{threading.get_native_id()}")
        self.socket = qt.QLocalSocket()
        self.socket.connectToServer(self.server.serverName())
        self.states = qt.QLocalSocket.LocalSocketState
        self.disconnect = self.socket.disconnectFromServer
        self.accept()


@pytest.fixture(params=[Tcp, Local])
def pair(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_without_a_loop_the_end_can_be_waited_for(qt: Implementation, app: Any, pair: Any, capfd: Any) -> None:
    """The threaded fortune server: write, disconnectFromHost, waitForDisconnected."""

    def serve() -> list[Any]:
        ends = pair(qt)
        told = Recorder()
        ends.socket.disconnected.connect(told.note("disconnected"))
        ends.socket.write(b"fortune")
        ends.disconnect()
        closing = ends.socket.state() is ends.states.ClosingState
        told.calls.append("before the wait")
        waited = ends.socket.waitForDisconnected(10_000)
        ended = ends.socket.state() is ends.states.UnconnectedState
        got = bytes(ends.peer.readAll()) if ends.peer.waitForReadyRead(10_000) else b""
        return [closing, waited, ended, got, told.calls]

    assert in_a_thread(qt, serve) == [True, True, True, b"fortune", ["before the wait", "disconnected"]]
    assert "not allowed" not in capfd.readouterr().err


@pytest.mark.qnet("Qt loses what was written without a loop and without a wait")
def test_without_a_loop_and_without_a_wait_the_peer_gets_it_all(qt: Implementation, app: Any, pair: Any) -> None:
    def serve() -> list[Any]:
        ends = pair(qt)
        ends.socket.write(b"fortune")
        ends.disconnect()
        assert ends.peer.waitForDisconnected(10_000)
        return [ends.socket.state() is ends.states.ClosingState, bytes(ends.peer.readAll())]

    assert in_a_thread(qt, serve) == [True, b"fortune"]


def test_a_loop_that_begins_later_ends_what_is_closing(qt: Implementation, app: Any, pair: Any) -> None:
    def serve() -> list[Any]:
        ends = pair(qt)
        ends.socket.write(b"fortune")
        ends.disconnect()
        told = Recorder()
        ends.socket.disconnected.connect(told.note("disconnected"))
        loop = qt.QEventLoop()
        ends.socket.disconnected.connect(loop.quit)
        loop.exec()
        return [ends.socket.state() is ends.states.UnconnectedState, told.calls]

    assert in_a_thread(qt, serve) == [True, ["disconnected"]]


@pytest.mark.qnet("Qt's socket stays connected, too, and crashes at its next write")
@pytest.mark.parametrize("descriptor", [-1, 99_999])
def test_a_bad_descriptor_leaves_a_connection_alone(qt: Implementation, app: Any, pair: Any, descriptor: int) -> None:
    ends = pair(qt)
    told = Recorder()
    ends.socket.disconnected.connect(told)
    assert not ends.socket.setSocketDescriptor(descriptor)
    assert ends.socket.state() is ends.states.ConnectedState
    ends.socket.write(b"still there")
    assert ends.socket.waitForBytesWritten(10_000)
    assert ends.peer.waitForReadyRead(10_000)
    assert bytes(ends.peer.readAll()) == b"still there"
    assert told.calls == []


@pytest.mark.qnet("PySide6 6.10 has two objects close one descriptor")
def test_its_own_descriptor_leaves_a_connection_alone(qt: Implementation, app: Any, pair: Any) -> None:
    ends = pair(qt)
    assert not ends.socket.setSocketDescriptor(int(ends.socket.socketDescriptor()))
    assert "The socket has it already" in ends.socket.errorString()
    assert ends.socket.state() is ends.states.ConnectedState


def test_a_descriptor_is_a_number(qt: Implementation, app: Any, pair: Any) -> None:
    ends = pair(qt)
    takers = [ends.socket, ends.server] if pair is Tcp else [ends.socket]
    for taker in takers:
        with pytest.raises(TypeError):
            taker.setSocketDescriptor("3")
    assert ends.socket.state() is ends.states.ConnectedState
    assert ends.server.isListening()


def test_milliseconds_may_be_reckoned(qt: Implementation, app: Any, pair: Any) -> None:
    """``seconds * 1000`` is a float; what is behind the point is dropped."""
    ends = pair(qt)
    assert ends.socket.waitForConnected(2.5 * 1000)
    assert not ends.socket.waitForReadyRead(0.0015 * 1000)
    assert not ends.socket.waitForDisconnected(0.0015 * 1000)
    ends.peer.write(b"x")
    assert ends.peer.waitForBytesWritten(12.5 * 1000)
    assert ends.socket.waitForReadyRead(12.5 * 1000)
    taken, timed_out = ends.server.waitForNewConnection(0.0015 * 1000)
    assert (taken, timed_out) == (False, True)


@pytest.mark.parametrize("name", ["QTcpSocket", "QUdpSocket", "QTcpServer"])
def test_a_kind_of_proxy_is_a_proxy(qt: Implementation, app: Any, name: str) -> None:
    """``setProxy(QNetworkProxy.NoProxy)`` is how programs switch proxies off."""
    obj = getattr(qt, name)()
    obj.setProxy(qt.QNetworkProxy.ProxyType.NoProxy)
    assert obj.proxy().type() is qt.QNetworkProxy.ProxyType.NoProxy


def test_a_port_is_no_address(qt: Implementation, app: Any) -> None:
    server = qt.QTcpServer()
    with pytest.raises(TypeError):
        server.listen(8080)
    assert not server.isListening()
