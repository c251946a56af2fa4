"""setWriteBufferLimits: a signal each way, and nothing is ever refused."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from _peers import Background, read_all

pytestmark = pytest.mark.qnet("write-buffer limits are not in Qt")


@pytest.fixture
def connected(qt: Any, app: Any) -> Any:
    """(socket, the kernel's end of it)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = qt.QTcpSocket()
        sock.connectToHost("127.0.0.1", listener.getsockname()[1])
        assert sock.waitForConnected(30_000)
        peer, _ = listener.accept()
        with peer:
            yield sock, peer
        sock.abort()


def test_full_and_drained_alternate(qt: Any, connected: Any, recorder: Any) -> None:
    sock, peer = connected
    sock.setWriteBufferLimits(1 << 20, 1 << 18)
    assert sock.writeBufferLimits() == (1 << 20, 1 << 18)
    sock.writeBufferFull.connect(lambda: recorder("full", sock.bytesToWrite() > 1 << 20))
    sock.writeBufferDrained.connect(lambda: recorder("drained", sock.bytesToWrite() <= 1 << 18))
    total = 0
    for _ in range(3):
        total += sum(sock.write(b"x" * 500_000) for _ in range(20))
    assert recorder.calls == [("full", True)]
    with Background(read_all, peer) as reader:
        assert qt.wait(lambda: not sock.bytesToWrite(), 60)
        assert recorder.calls == [("full", True), ("drained", True)]
        total += sock.write(b"y" * (2 << 20))
        assert recorder.calls[2:] == [("full", True)]
        sock.disconnectFromHost()
        assert qt.wait(lambda: sock.state() == qt.QTcpSocket.UnconnectedState, 60)
        assert len(reader.join()) == total


def test_a_producer_that_obeys_keeps_memory_bounded(qt: Any, connected: Any) -> None:
    sock, peer = connected
    sock.setWriteBufferLimits(256 << 10)
    chunk, total, sent, most = b"z" * 65536, 32 << 20, 0, 0
    paused = False

    def produce() -> None:
        nonlocal sent, most
        while not paused and sent < total:
            sent += sock.write(chunk)
            most = max(most, sock.bytesToWrite())

    def pause() -> None:
        nonlocal paused
        paused = True

    def go_on() -> None:
        nonlocal paused
        paused = False
        produce()

    sock.writeBufferFull.connect(pause)
    sock.writeBufferDrained.connect(go_on)
    with Background(read_all, peer) as reader:
        produce()
        assert qt.wait(lambda: sent == total and not sock.bytesToWrite(), 60)
        sock.disconnectFromHost()
        assert qt.wait(lambda: sock.state() == qt.QTcpSocket.UnconnectedState)
        assert len(reader.join()) == total
    assert most <= (256 << 10) + len(chunk)


@pytest.mark.parametrize("limits", [(-1, None), (10, 11), (10, -1)])
def test_limits_that_make_no_sense(qt: Any, app: Any, limits: Any) -> None:
    with pytest.raises(ValueError, match="low"):
        qt.QTcpSocket().setWriteBufferLimits(*limits)


def test_off_by_default_and_again(qt: Any, connected: Any, recorder: Any) -> None:
    sock, _ = connected
    assert sock.writeBufferLimits() == (0, 0)
    sock.writeBufferFull.connect(recorder)
    sock.write(bytes(4 << 20))
    sock.setWriteBufferLimits(1000)
    sock.setWriteBufferLimits(0)
    sock.write(bytes(4 << 20))
    assert len(recorder) == 0
