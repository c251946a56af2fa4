"""QTcpServer.shutdown(): stop accepting, let clients finish, cut off what is left and say how many."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from _peers import PATIENCE, read_all

pytestmark = pytest.mark.qnet("shutdown() is not in Qt")


@pytest.fixture
def server(qt: Any, app: Any) -> Any:
    server = qt.QTcpServer()
    assert server.listen(qt.QHostAddress("127.0.0.1"))
    yield server
    server.close()


def dial(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.serverPort()), PATIENCE)


def take(qt: Any, server: Any) -> Any:
    assert qt.wait(server.hasPendingConnections)
    return server.nextPendingConnection()


def test_without_clients_it_is_over_at_once(qt: Any, server: Any, recorder: Any) -> None:
    server.shutdownFinished.connect(recorder)
    port = server.serverPort()
    server.shutdown(5000)
    assert recorder.calls == [(0,)]
    assert not server.isListening()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), PATIENCE)


def test_clients_may_finish(qt: Any, server: Any, recorder: Any) -> None:
    server.shutdownFinished.connect(recorder)
    with dial(server) as wire:
        client = take(qt, server)
        server.shutdown(60_000)
        client.write(b"the last words")
        assert qt.wait(lambda: not client.bytesToWrite())
        qt.spin(20)
        assert recorder.calls == []
        assert wire.recv(100) == b"the last words"
        wire.sendall(b"and an answer")
        assert qt.wait(lambda: client.bytesAvailable() == 13)
        wire.close()
        assert qt.wait(lambda: recorder.calls)
    assert recorder.calls == [(0,)]
    assert bytes(client.readAll()) == b"and an answer"


def test_what_is_left_after_the_grace_is_cut_off(qt: Any, server: Any, recorder: Any) -> None:
    server.shutdownFinished.connect(recorder)
    wires = [dial(server) for _ in range(3)]
    clients = [take(qt, server) for _ in wires]
    server.shutdown(30)
    clients[0].disconnectFromHost()
    assert qt.wait(lambda: recorder.calls)
    assert recorder.calls == [(2,)]
    assert {c.state() for c in clients} == {qt.QTcpSocket.UnconnectedState}
    for wire in wires:
        assert read_all(wire) == b""
        wire.close()


def test_nobody_took_them(qt: Any, server: Any, recorder: Any) -> None:
    server.shutdownFinished.connect(recorder)
    with dial(server) as wire:
        assert qt.wait(server.hasPendingConnections)
        server.shutdown(5000)
        assert recorder.calls == [(0,)]
        assert read_all(wire) == b""


def test_it_can_listen_again(qt: Any, server: Any, recorder: Any) -> None:
    server.shutdownFinished.connect(recorder)
    for _ in range(3):
        with dial(server) as wire:
            client = take(qt, server)
            server.shutdown(1000)
            client.disconnectFromHost()
            assert qt.wait(lambda: recorder.calls)
            assert read_all(wire) == b""
        recorder.calls.clear()
        assert server.listen(qt.QHostAddress("127.0.0.1"))


@pytest.mark.parametrize("grace", [-1, 1.5, "5"])
def test_a_grace_is_a_number_of_milliseconds(qt: Any, server: Any, grace: Any) -> None:
    with pytest.raises(ValueError, match="grace"):
        server.shutdown(grace)
    assert server.isListening()
