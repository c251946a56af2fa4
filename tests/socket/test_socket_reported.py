"""What programs written for PySide6 did on qnet's sockets and not on Qt's: one test for each."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from _implementations import Implementation, Recorder

_T = TypeVar("_T")
_P = TypeVar("_P", bound="Tcp")


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

    def __enter__(self: _P) -> _P:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.abort()
        self.peer.abort()
        self.server.close()

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
        with pair(qt) as ends:
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
        with pair(qt) as ends:
            ends.socket.write(b"fortune")
            ends.disconnect()
            assert ends.peer.waitForDisconnected(10_000)
            return [ends.socket.state() is ends.states.ClosingState, bytes(ends.peer.readAll())]

    assert in_a_thread(qt, serve) == [True, b"fortune"]


def test_a_loop_that_begins_later_ends_what_is_closing(qt: Implementation, app: Any, pair: Any) -> None:
    def serve() -> list[Any]:
        with pair(qt) as ends:
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
    with pair(qt) as ends:
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
    with pair(qt) as ends:
        assert not ends.socket.setSocketDescriptor(int(ends.socket.socketDescriptor()))
        assert "The socket has it already" in ends.socket.errorString()
        assert ends.socket.state() is ends.states.ConnectedState


def test_a_descriptor_is_a_number(qt: Implementation, app: Any, pair: Any) -> None:
    with pair(qt) as ends:
        takers = [ends.socket, ends.server] if pair is Tcp else [ends.socket]
        for taker in takers:
            with pytest.raises(TypeError):
                taker.setSocketDescriptor("3")
        assert ends.socket.state() is ends.states.ConnectedState
        assert ends.server.isListening()


def test_milliseconds_may_be_reckoned(qt: Implementation, app: Any, pair: Any) -> None:
    """``seconds * 1000`` is a float; what is behind the point is dropped."""
    with pair(qt) as ends:
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


@pytest.mark.qnet("PySide6 says nothing")
@pytest.mark.parametrize("end", ["nothing", "close", "abort", "disconnect", "deleteLater", "parent"])
def test_a_connection_that_is_dropped_says_so(qt: Implementation, app: Any, pair: Any, end: str) -> None:
    with pair(qt) as ends, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        socket, parent = ends.socket, qt.QObject()
        peer = str(ends.server.fullServerName() if pair is Local else ends.server.serverPort())
        ends.socket = ends.peer
        if end in ("close", "abort", "deleteLater"):
            getattr(socket, end)()
        if end == "disconnect":
            ends.disconnect()
        if end == "parent":
            socket.setParent(parent)
        ends.disconnect = None
        del parent
        if end == "deleteLater":
            qt.process()
        del socket
    texts = [str(w.message) for w in told if w.category is ResourceWarning]
    if end == "nothing":
        assert len(texts) == 1
        assert "Connected" in texts[0]
        assert peer in texts[0]
        assert texts[0].endswith("was dropped while it was open")
    else:
        assert texts == []


DROPPER = """
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket
server = QTcpServer()
server.listen(QHostAddress("127.0.0.1"))
def forget():
    socket = QTcpSocket()
    socket.connectToHost("127.0.0.1", server.serverPort())
    assert socket.waitForConnected(10_000)
forget()
"""


def test_debug_mode_says_where_it_was_made() -> None:
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", DROPPER]
    result = subprocess.run(
        command, env={**os.environ, "QNET_DEBUG": "1"}, capture_output=True, text=True, timeout=60, check=True
    )
    assert "was dropped while it was open; made at" in result.stderr
    assert 'File "<string>", line 6, in forget' in result.stderr
