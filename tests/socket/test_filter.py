"""The seam between buffers and engine: toy filters stacked in both directions, over real sockets."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
from _peers import Background, Trace, is_readable, read_all, read_exactly

from qnet.socket._filter import BLOCK, FilterStack, StreamFilter

pytestmark = pytest.mark.qnet("the seam for TLS is qnet's own")


class Xor(StreamFilter):
    """Every byte changes, the length does not."""

    def __init__(self, key: int) -> None:
        self.table = bytes(b ^ key for b in range(256))

    def decode(self, data: bytes) -> bytes:
        return data.translate(self.table)

    def encode(self, data: bytes | memoryview) -> bytes:
        return bytes(data).translate(self.table)


class Records(StreamFilter):
    """Length-prefixed records, a greeting of both sides first, a farewell at the end: the shape of TLS."""

    HELLO, BYE = b"HELLO\n", (0xFFFFFFFF).to_bytes(4, "big")

    def __init__(self) -> None:
        self.outgoing = b""
        self.pending = b""
        self.greeted = False
        self.said_bye = False
        self.heard_bye = False
        self.largest = 0

    def start(self) -> None:
        self.outgoing += self.HELLO

    def ready(self) -> bool:
        return self.greeted

    def pull(self) -> bytes:
        out, self.outgoing = self.outgoing, b""
        return out

    def encode(self, data: bytes | memoryview) -> bytes:
        self.largest = max(self.largest, len(data))
        return len(data).to_bytes(4, "big") + bytes(data)

    def decode(self, data: bytes) -> bytes:
        self.pending += data
        if not self.greeted:
            if len(self.pending) < len(self.HELLO):
                return b""
            if not self.pending.startswith(self.HELLO):
                self.outgoing = b"ALERT\n"
                raise ValueError("the peer did not say hello")
            self.greeted = True
            self.pending = self.pending[len(self.HELLO) :]
        plain = []
        while len(self.pending) >= 4 and not self.heard_bye:
            if self.pending.startswith(self.BYE):
                self.heard_bye = True
                break
            size = int.from_bytes(self.pending[:4], "big")
            if len(self.pending) < 4 + size:
                break
            plain.append(self.pending[4 : 4 + size])
            self.pending = self.pending[4 + size :]
        return b"".join(plain)

    def finish(self) -> bytes:
        self.said_bye = True
        return self.BYE


def stack() -> StreamFilter:
    return FilterStack([Xor(0x55), Records(), Xor(0xA5)])


@pytest.fixture
def pair(qt: Any, app: Any) -> Any:
    """Two connected sockets, (client, server side)."""
    server = qt.QTcpServer()
    assert server.listen(qt.QHostAddress("127.0.0.1"))
    client = qt.QTcpSocket()
    client.connectToHost("127.0.0.1", server.serverPort())
    assert qt.wait(server.hasPendingConnections)
    peer = server.nextPendingConnection()
    assert qt.wait(lambda: client.state() == qt.QTcpSocket.ConnectedState)
    yield client, peer
    client.abort()
    server.close()


def test_bytes_pass_a_stack_in_both_directions(qt: Any, pair: Any) -> None:
    client, peer = pair
    got: dict[Any, bytearray] = {client: bytearray(), peer: bytearray()}
    for sock in pair:
        sock._q_set_filter(stack())
        sock.readyRead.connect(lambda sock=sock: got[sock].extend(sock.readAll()))
    one, two = os.urandom(3 << 20), os.urandom(2 << 20)
    client.write(one)
    peer.write(two)
    assert qt.wait(lambda: len(got[peer]) == len(one) and len(got[client]) == len(two), 60)
    assert got[peer] == one
    assert got[client] == two
    assert client.bytesToWrite() == peer.bytesToWrite() == 0


def test_the_wire_sees_only_what_the_filter_made(qt: Any, app: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = qt.QTcpSocket()
        sock._q_set_filter(Xor(0xFF))
        sock.connectToHost("127.0.0.1", listener.getsockname()[1])
        sock.write(b"written while connecting")
        assert sock.waitForConnected(30_000)
        wire, _ = listener.accept()
        with wire:
            assert sock.waitForBytesWritten(30_000)
            assert wire.recv(100) == bytes(b ^ 0xFF for b in b"written while connecting")
            wire.sendall(bytes(b ^ 0xFF for b in b"answer"))
            assert sock.waitForReadyRead(30_000)
            assert bytes(sock.readAll()) == b"answer"
        sock.abort()


def test_nothing_passes_before_the_greeting(qt: Any, app: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        records = Records()
        sock = qt.QTcpSocket()
        sock._q_set_filter(records)
        sock.connectToHost("127.0.0.1", listener.getsockname()[1])
        sock.write(b"early")
        assert sock.waitForConnected(30_000)
        wire, _ = listener.accept()
        with wire:
            assert qt.wait(lambda: is_readable(wire))
            assert read_exactly(wire, len(Records.HELLO)) == Records.HELLO
            qt.spin(20)
            assert not is_readable(wire)
            assert sock.bytesToWrite() == 5
            for byte in Records.HELLO:
                wire.send(bytes([byte]))
            assert qt.wait(lambda: not sock.bytesToWrite())
            assert read_exactly(wire, 9) == b"\0\0\0\x05early"
        sock.abort()


def test_a_large_write_goes_out_in_blocks(qt: Any, pair: Any) -> None:
    client, peer = pair
    sender, receiver = Records(), Records()
    client._q_set_filter(sender)
    peer._q_set_filter(receiver)
    got = bytearray()
    peer.readyRead.connect(lambda: got.extend(peer.readAll()))
    client.write(bytes(5 << 20))
    assert qt.wait(lambda: len(got) == 5 << 20, 60)
    assert 0 < sender.largest <= BLOCK


def test_closing_sends_everything_and_the_farewell(qt: Any, app: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = qt.QTcpSocket()
        records = Records()
        sock._q_set_filter(records)
        sock.connectToHost("127.0.0.1", listener.getsockname()[1])
        assert sock.waitForConnected(30_000)
        wire, _ = listener.accept()
        with wire:
            wire.sendall(Records.HELLO)
            assert qt.wait(records.ready)
            sock.write(b"x" * 200_000)
            sock.disconnectFromHost()
            with Background(read_all, wire) as reader:
                assert qt.wait(lambda: sock.state() == qt.QTcpSocket.UnconnectedState)
                received = reader.join()
    assert received.startswith(Records.HELLO)
    assert received.endswith(Records.BYE)
    assert received.count(b"x") == 200_000


def test_broken_input_sends_the_alert_and_ends_the_connection(qt: Any, app: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = qt.QTcpSocket()
        sock._q_set_filter(Records())
        trace = Trace(sock, ("errorOccurred", "disconnected"))
        sock.connectToHost("127.0.0.1", listener.getsockname()[1])
        assert sock.waitForConnected(30_000)
        wire, _ = listener.accept()
        with wire:
            wire.sendall(b"GET / HTTP/1.0\r\n")
            assert qt.wait(lambda: "disconnected@Unconnected" in trace)
            assert read_all(wire) == Records.HELLO + b"ALERT\n"
    assert trace[0].startswith("error:SslInternal")
    assert "did not say hello" in sock.errorString()


def test_filters_work_in_blocking_calls(qt: Any, app: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = qt.QTcpSocket()
        sock._q_set_filter(Records())
        sock.connectToHost("127.0.0.1", listener.getsockname()[1])
        sock.write(b"question")
        assert sock.waitForConnected(30_000)
        wire, _ = listener.accept()
        with wire:

            def answer() -> bytes:
                assert read_exactly(wire, len(Records.HELLO)) == Records.HELLO
                wire.sendall(Records.HELLO)
                question = read_exactly(wire, 12)
                wire.sendall(b"\0\0\0\x06answer")
                return question

            with Background(answer) as peer:
                assert sock.waitForReadyRead(30_000)
                assert bytes(sock.readAll()) == b"answer"
                assert peer.join() == b"\0\0\0\x08question"
        sock.abort()
