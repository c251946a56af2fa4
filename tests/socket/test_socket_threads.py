"""Sockets in other threads: adopted descriptors, blocking clients without a loop, moved sockets."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from _peers import (
    LOCALHOST,
    REMOTE_CLOSE,
    Background,
    accept,
    dial,
    ours,
    port_of,
    read_exactly,
    short,
)


def test_a_blocking_client_in_a_plain_thread(qt: Any, app: Any, listener: socket.socket) -> None:
    def client() -> bytes:
        sock = qt.QTcpSocket()
        sock.connectToHost(LOCALHOST, port_of(listener))
        assert sock.waitForConnected(30_000)
        sock.write(b"question")
        assert sock.waitForBytesWritten(30_000)
        answer = b""
        while sock.waitForReadyRead(30_000):
            answer += bytes(sock.readAll())
        assert short(sock.state()) == "Unconnected"
        return answer + bytes(sock.readAll())

    with Background(client) as thread:
        peer = accept(listener)
        assert read_exactly(peer, 8) == b"question"
        peer.sendall(b"answer")
        peer.close()
        assert thread.join() == b"answer"


def test_many_blocking_clients_at_once(qt: Any, app: Any, listener: socket.socket) -> None:
    def client(number: int) -> bytes:
        sock = qt.QTcpSocket()
        sock.connectToHost(LOCALHOST, port_of(listener))
        assert sock.waitForConnected(30_000)
        sock.write(b"%d" % number)
        assert sock.waitForReadyRead(30_000)
        data = bytes(sock.readAll())
        sock.disconnectFromHost()
        return data

    with ExitStack() as stack:
        threads = [stack.enter_context(Background(client, n)) for n in range(10, 18)]
        for _ in threads:
            peer = accept(listener)
            peer.sendall(read_exactly(peer, 2))
        assert [thread.join() for thread in threads] == [b"%d" % n for n in range(10, 18)]


def test_a_signal_in_a_wait_runs_in_the_waiting_thread(qt: Any, app: Any, listener: socket.socket) -> None:
    def client() -> list[int]:
        seen: list[int] = []
        sock = qt.QTcpSocket()
        sock.connected.connect(lambda: seen.append(threading.get_ident()))
        sock.connectToHost(LOCALHOST, port_of(listener))
        assert sock.waitForConnected(30_000)
        sock.close()
        return [*seen, threading.get_ident()]

    with Background(client) as thread:
        one, other = thread.join()
    assert one == other != threading.get_ident()


def test_a_threaded_server(qt: Any, app: Any) -> None:
    """The pattern of Qt's own example: each descriptor goes to a thread that serves it with waits."""

    class Server(qt.QTcpServer):
        def incomingConnection(self, descriptor: int) -> None:
            worker = Background(serve, descriptor)
            workers.append(worker.__enter__())

    def serve(descriptor: int) -> bool:
        sock = qt.QTcpSocket()
        assert sock.setSocketDescriptor(descriptor)
        while sock.waitForReadyRead(30_000):
            sock.write(bytes(sock.readAll()).upper())
            sock.flush()
        return short(sock.state()) == "Unconnected"

    workers: list[Background] = []
    server = ours(Server())
    assert server.listen(qt.QHostAddress(LOCALHOST))
    peers = [dial(server.serverPort()) for _ in range(4)]
    assert qt.wait(lambda: len(workers) == 4)
    for number, peer in enumerate(peers):
        peer.sendall(b"text%d" % number)
    assert [read_exactly(peer, 5) for peer in peers] == [b"TEXT%d" % n for n in range(4)]
    for peer in peers:
        peer.close()
    assert all(worker.join() for worker in workers)


def test_a_worker_object_with_an_event_loop(qt: Any, app: Any, listener: socket.socket) -> None:
    class Worker(qt.QObject):
        finished = qt.Signal(bytes)

        def run(self) -> None:
            self.sock = qt.QTcpSocket(self)
            self.sock.disconnected.connect(self.end)
            self.sock.connected.connect(self.greet)
            self.sock.connectToHost(LOCALHOST, port_of(listener))

        def greet(self) -> None:
            self.sock.write(b"hello")

        def end(self) -> None:
            self.finished.emit(bytes(self.sock.readAll()))

    results: list[bytes] = []
    thread = qt.QThread()
    worker = Worker()
    worker.moveToThread(thread)
    thread.started.connect(worker.run)
    worker.finished.connect(lambda data: results.append(data))
    thread.start()
    try:
        peer = accept(listener)
        assert read_exactly(peer, 5) == b"hello"
        peer.sendall(b"goodbye")
        peer.close()
        assert qt.wait(lambda: results)
    finally:
        worker.deleteLater()
        thread.quit()
        assert thread.wait(30_000)
    assert results == [b"goodbye"]


def test_a_connected_socket_moves_to_another_thread(qt: Any, app: Any, listener: socket.socket) -> None:
    class Echo(qt.QObject):
        def __init__(self, sock: Any) -> None:
            super().__init__()
            self.sock = sock
            self.idents: list[int] = []
            sock.setParent(self)
            sock.readyRead.connect(self.answer)

        def answer(self) -> None:
            self.idents.append(threading.get_ident())
            self.sock.write(bytes(self.sock.readAll()).upper())

    sock = qt.QTcpSocket()
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert sock.waitForConnected(30_000)
    peer = accept(listener)
    echo = Echo(sock)
    thread = qt.QThread()
    assert echo.moveToThread(thread) in (True, None)
    thread.start()
    try:
        for text in (b"one", b"two"):
            peer.sendall(text)
            assert read_exactly(peer, 3) == text.upper()
    finally:
        gone: list[bool] = []
        echo.destroyed.connect(lambda *_: gone.append(True))
        echo.deleteLater()
        assert read_exactly(peer, 1) == b""
        thread.quit()
        assert thread.wait(30_000)
    assert threading.get_ident() not in echo.idents


def test_one_thread_waits_while_another_loops(qt: Any, connect: Any, listener: socket.socket) -> None:
    """A blocking wait in one thread does not stop a socket of another."""
    sock, trace, peer = connect()

    def stuck() -> bool:
        other = qt.QTcpSocket()
        other.connectToHost(LOCALHOST, port_of(listener))
        answered = other.waitForConnected(30_000) and other.waitForReadyRead(30_000)
        other.close()
        return bool(answered)

    with Background(stuck) as thread:
        second = accept(listener)
        peer.sendall(b"abc")
        assert qt.wait(lambda: sock.bytesAvailable() == 3)
        assert thread.alive()
        peer.close()
        assert qt.wait(lambda: "disconnected@Unconnected" in trace)
        second.sendall(b"now")
        assert thread.join()
    assert trace == ["readyRead@Connected", *REMOTE_CLOSE]


@pytest.mark.qnet("PySide6 holds the interpreter lock in QLocalSocket's waits, so the server cannot answer")
def test_a_local_socket_in_a_plain_thread(qt: Any, app: Any, tmp_path: Any) -> None:
    server = ours(qt.QLocalServer())
    assert server.listen(str(tmp_path / "s"))

    def client() -> bytes:
        sock = qt.QLocalSocket()
        sock.connectToServer(str(tmp_path / "s"))
        assert sock.waitForConnected(30_000)
        sock.write(b"question")
        sock.flush()
        assert sock.waitForReadyRead(30_000)
        answer = bytes(sock.readAll())
        sock.close()
        return answer

    def serve() -> None:
        other = server.nextPendingConnection()
        other.readyRead.connect(lambda: other.write(bytes(other.readAll())[::-1]))

    server.newConnection.connect(serve)
    with Background(client) as thread:
        assert qt.wait(lambda: not thread.alive())
        assert thread.join() == b"noitseuq"
