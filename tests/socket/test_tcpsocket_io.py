"""QTcpSocket as a device: reading, writing, the two buffers, transactions, streams and large transfers."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from typing import Any

import pytest
from _peers import (
    LOCALHOST,
    REMOTE_CLOSE,
    SIGNALS,
    Background,
    Begins,
    accept,
    is_readable,
    ours,
    port_of,
    read_all,
    read_exactly,
    trickle,
)


def turn_until(qt: Any, signal: Any, condition: Callable[[], Any]) -> None:
    """Turn the loop, in which nothing else happens, until *signal* finds that *condition* is true."""
    loop = qt.QEventLoop()
    signal.connect(lambda *_: loop.quit() if condition() else None)
    guard = qt.QTimer()
    guard.setSingleShot(True)
    guard.timeout.connect(loop.quit)
    guard.start(30_000)
    loop.exec()
    assert guard.isActive(), "it took another event"


# --- writing ---------------------------------------------------------------------------------------------------------


def test_write_waits_for_the_event_loop(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    assert sock.write(b"abc") == 3
    assert (sock.bytesToWrite(), trace) == (3, [])
    assert qt.wait(lambda: sock.bytesToWrite() == 0)
    assert trace == ["bytesWritten:3", "channelBytesWritten:0,3"]
    assert peer.recv(10) == b"abc"


def test_small_writes_merge_into_one_signal(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    for piece in (b"a", b"bc", b"def"):
        sock.write(piece)
    assert sock.bytesToWrite() == 6
    assert qt.wait(lambda: trace)
    assert trace == ["bytesWritten:6", "channelBytesWritten:0,6"]
    assert peer.recv(10) == b"abcdef"


def test_flush_sends_at_once(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    sock.write(b"abc")
    assert sock.flush()
    assert sock.bytesToWrite() == 0
    assert trace.take() == ["bytesWritten:3", "channelBytesWritten:0,3"]
    assert peer.recv(10) == b"abc"
    assert not sock.flush()
    qt.spin(10)
    assert trace == []


def test_flush_of_much_sends_what_fits(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect(signals=SIGNALS)
    total = 50_000_000
    sock.write(bytes(total))
    assert sock.flush()
    first = sock.bytesToWrite()
    assert 0 < first < total
    assert trace[0] == f"bytesWritten:{total - first}"
    signals = 2
    while sock.flush():  # what is on its way to the peer makes room
        signals += 2
    assert len(trace) == signals
    assert sock.bytesToWrite() > 0


def test_an_empty_write(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect(signals=SIGNALS)
    assert sock.write(b"") == 0
    qt.spin(10)
    assert trace == []


@pytest.mark.parametrize("make", [bytes, bytearray, "QByteArray"])
def test_what_can_be_written(qt: Any, connect: Any, make: Any) -> None:
    sock, _, peer = connect()
    make = getattr(qt, make) if isinstance(make, str) else make
    assert sock.write(make(b"data")) == 4
    assert sock.flush()
    assert peer.recv(10) == b"data"


def test_what_cannot_be_written(qt: Any, connect: Any) -> None:
    sock, _, _ = connect()
    for wrong in ("text", 5, [1, 2]):
        with pytest.raises(TypeError):
            sock.write(wrong)
    assert sock.bytesToWrite() == 0


def test_a_written_bytearray_may_change_afterwards(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    data = bytearray(b"before")
    sock.write(data)
    data[:] = b"after!"
    assert sock.flush()
    assert peer.recv(10) == b"before"


def test_put_char(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    assert sock.putChar("x")
    assert sock.flush()
    assert peer.recv(10) == b"x"


def test_writing_in_bytes_written_needs_no_other_event(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=("bytesWritten",))
    left = [b"two", b"three", b"four"]
    sock.bytesWritten.connect(lambda _: left and sock.write(left.pop(0)))
    sock.write(b"one")
    turn_until(qt, sock.bytesWritten, lambda: len(trace) == 4)
    assert trace == ["bytesWritten:3", "bytesWritten:3", "bytesWritten:5", "bytesWritten:4"]
    assert read_exactly(peer, 15) == b"onetwothreefour"


def test_connecting_in_bytes_written_needs_no_other_event(qt: Any, connect: Any, port: int) -> None:
    sock, _, _ = connect()
    other = ours(qt.QTcpSocket())
    sock.bytesWritten.connect(lambda _: other.connectToHost(LOCALHOST, port))
    sock.write(b"go")
    turn_until(qt, other.connected, lambda: True)
    assert other.state() == qt.QAbstractSocket.ConnectedState


def test_flush_inside_bytes_written_does_not_recurse(qt: Any, connect: Any) -> None:
    """Within the slot what it flushes is sent, but bytesWritten is not emitted again."""
    sock, trace, peer = connect(signals=("bytesWritten",))

    def more(_: int) -> None:
        if len(trace) < 3:
            sock.write(b"more")
            sock.flush()

    sock.bytesWritten.connect(more)
    sock.write(b"one ")
    assert qt.wait(lambda: trace)
    assert read_exactly(peer, 8) == b"one more"
    qt.spin(10)
    assert trace == ["bytesWritten:4"]


def test_write_while_connecting_goes_out_when_connected(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost("localhost", port_of(listener))
    assert sock.write(b"early ") == 6
    assert sock.write(b"bird") == 4
    assert sock.bytesToWrite() == 10
    assert qt.wait(lambda: sock.bytesToWrite() == 0)
    assert read_exactly(accept(listener), 10) == b"early bird"


def test_a_hand_opened_socket_cannot_write(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    assert sock.open(qt.QIODevice.ReadWrite)
    assert sock.isOpen()
    assert sock.isValid()
    assert sock.write(b"x") == -1
    assert sock.errorString() == Begins("Socket is not connected")
    assert not sock.flush()


# --- reading ---------------------------------------------------------------------------------------------------------


def test_ready_read_comes_once_for_a_burst(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    peer.sendall(b"one")
    peer.sendall(b"two")
    assert qt.wait(lambda: sock.bytesAvailable() == 6)
    assert trace[:2] == ["readyRead@Connected", "channelReadyRead:0"]
    assert bytes(sock.readAll()) == b"onetwo"


def test_ready_read_comes_again_though_nothing_was_read(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    for size in (3, 6, 9):
        peer.sendall(b"abc")
        assert qt.wait(lambda size=size: sock.bytesAvailable() == size)
    assert trace == ["readyRead@Connected"] * 3


def test_ready_read_does_not_nest(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    log: list[str] = []

    def slot() -> None:
        log.append("begin")
        if sock.bytesAvailable() < 4:
            before = sock.bytesAvailable()
            peer.sendall(b"x")
            assert qt.wait(lambda: sock.bytesAvailable() > before)
            qt.spin(5)
        log.append("end")

    sock.readyRead.connect(slot)
    peer.sendall(b"x")
    assert qt.wait(lambda: "end" in log)
    qt.spin(20)
    assert log == ["begin", "end"] * (len(log) // 2)
    assert sock.bytesAvailable() >= 2


def test_device_reads(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    peer.sendall(b"line1\nline2\r\npart")
    assert qt.wait(lambda: sock.bytesAvailable() == 17)
    assert sock.canReadLine()
    assert not sock.atEnd()
    assert (sock.pos(), sock.size()) == (0, 17)
    assert bytes(sock.peek(5)) == b"line1"
    assert bytes(sock.readLine()) == b"line1\n"
    assert bytes(sock.readLine(3)) == b"li"
    assert bytes(sock.readLine()) == b"ne2\r\n"
    assert not sock.canReadLine()
    assert bytes(sock.readLine()) == b"part"
    assert bytes(sock.readLine()) == b""
    assert sock.getChar()[0] is False
    assert sock.atEnd()


def test_unget_skip_and_seek(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    sock.ungetChar("x")
    assert sock.bytesAvailable() == 1
    peer.sendall(b"abcdef")
    assert qt.wait(lambda: sock.bytesAvailable() == 7)
    assert bytes(sock.read(2)) == b"xa"
    assert sock.skip(2) == 2
    assert not sock.seek(0)
    assert not sock.reset()
    assert bytes(sock.read(0)) == b""
    assert bytes(sock.read(-1)) == b""
    assert bytes(sock.readAll()) == b"def"
    assert sock.skip(3) == 0


def test_transactions(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    peer.sendall(b"abcdef")
    assert qt.wait(lambda: sock.bytesAvailable() == 6)
    sock.startTransaction()
    assert sock.isTransactionStarted()
    assert bytes(sock.read(4)) == b"abcd"
    assert sock.bytesAvailable() == 2
    sock.rollbackTransaction()
    assert sock.bytesAvailable() == 6
    sock.startTransaction()
    assert bytes(sock.read(4)) == b"abcd"
    sock.commitTransaction()
    assert bytes(sock.readAll()) == b"ef"


def test_a_transaction_spans_arrivals(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    peer.sendall(b"abc")
    assert qt.wait(lambda: sock.bytesAvailable() == 3)
    sock.startTransaction()
    assert bytes(sock.readAll()) == b"abc"
    peer.sendall(b"def")
    assert qt.wait(lambda: sock.bytesAvailable() == 3)
    assert bytes(sock.readAll()) == b"def"
    sock.rollbackTransaction()
    assert bytes(sock.readAll()) == b"abcdef"


def test_lines_arrive_byte_by_byte(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    lines: list[bytes] = []

    def collect() -> None:
        while sock.canReadLine():
            lines.append(bytes(sock.readLine()))

    sock.readyRead.connect(collect)
    with Background(trickle, peer, b"one\ntwo\n\nthree\nrest", 0.001):
        assert qt.wait(lambda: len(lines) == 4 and sock.bytesAvailable() == 4)
    assert lines == [b"one\n", b"two\n", b"\n", b"three\n"]
    assert bytes(sock.readAll()) == b"rest"


def test_data_stream_over_a_socket(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    stream = qt.QDataStream(sock)
    stream.writeInt32(5)
    stream.writeQString("hé")
    sock.flush()
    assert peer.recv(100) == b"\0\0\0\5\0\0\0\4\0h\0\xe9"
    peer.sendall(b"\0\0\0\5")
    assert qt.wait(lambda: sock.bytesAvailable() == 4)
    stream.startTransaction()
    assert (stream.readInt32(), stream.readInt32()) == (5, 0)
    assert not stream.commitTransaction()
    assert sock.bytesAvailable() == 4
    peer.sendall(b"\0\0\0\6")
    assert qt.wait(lambda: sock.bytesAvailable() == 8)
    stream.startTransaction()
    assert (stream.readInt32(), stream.readInt32()) == (5, 6)
    assert stream.commitTransaction()
    assert sock.bytesAvailable() == 0


def test_text_stream_over_a_socket(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    stream = qt.QTextStream(sock)
    stream << "hello" << " "
    assert sock.bytesToWrite() == 0
    stream.flush()
    assert sock.bytesToWrite() == 6
    sock.flush()
    assert peer.recv(100) == b"hello "
    peer.sendall("zwölf\nnext".encode())
    assert qt.wait(lambda: sock.bytesAvailable() == 11)
    assert stream.readLine() == "zwölf"


# --- the read buffer's limit -----------------------------------------------------------------------------------------


def test_a_limited_read_buffer_fills_to_the_byte(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(read_buffer=4)
    peer.sendall(b"0123456789")
    assert qt.wait(lambda: trace)
    qt.spin(20)
    assert (sock.bytesAvailable(), trace.take()) == (4, ["readyRead@Connected"])
    assert bytes(sock.read(10)) == b"0123"
    assert sock.bytesAvailable() == 0
    assert qt.wait(lambda: sock.bytesAvailable() == 4)
    assert trace == ["readyRead@Connected"]


def test_a_full_read_buffer_hides_the_end(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(read_buffer=4)
    peer.sendall(b"012345")
    assert qt.wait(lambda: trace)
    peer.close()
    qt.spin(20)
    assert trace.take() == ["readyRead@Connected"]
    assert (sock.bytesAvailable(), sock.state()) == (4, qt.QAbstractSocket.ConnectedState)
    assert bytes(sock.readAll()) == b"0123"
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *REMOTE_CLOSE]
    assert bytes(sock.readAll()) == b"45"


@pytest.mark.qnet("Qt fills a limited buffer again only when it is empty, so a message that needs more never completes")
def test_a_limited_read_buffer_refills_after_any_read(qt: Any, connect: Any) -> None:
    sock, _, peer = connect(read_buffer=4)
    peer.sendall(b"0123456789")
    assert qt.wait(lambda: sock.bytesAvailable() == 4)
    assert bytes(sock.read(1)) == b"0"
    assert qt.wait(lambda: sock.bytesAvailable() == 4)
    assert bytes(sock.readAll()) == b"1234"


def test_raising_the_limit_resumes(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(read_buffer=4)
    peer.sendall(b"0123456789")
    assert qt.wait(lambda: sock.bytesAvailable() == 4)
    sock.setReadBufferSize(8)
    assert (sock.bytesAvailable(), sock.readBufferSize()) == (4, 8)
    assert qt.wait(lambda: sock.bytesAvailable() == 8)
    sock.setReadBufferSize(0)
    assert qt.wait(lambda: sock.bytesAvailable() == 10)
    assert trace == ["readyRead@Connected"] * 3


def test_lowering_the_limit_keeps_what_is_there(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"0123456789")
    assert qt.wait(lambda: sock.bytesAvailable() == 10)
    sock.setReadBufferSize(4)
    peer.sendall(b"more")
    qt.spin(20)
    assert (sock.bytesAvailable(), trace) == (10, ["readyRead@Connected"])
    assert bytes(sock.read(10)) == b"0123456789"
    assert qt.wait(lambda: sock.bytesAvailable() == 4)


def test_the_limit_pushes_back_on_the_peer(qt: Any, connect: Any) -> None:
    sock, _, peer = connect(read_buffer=1000)
    peer.settimeout(0.2)
    sent = 0
    with pytest.raises(TimeoutError):
        while True:
            sent += peer.send(bytes(1 << 20))
            qt.spin(1)
    assert qt.wait(lambda: sock.bytesAvailable() == 1000)
    assert sent > 1000


# --- volume ----------------------------------------------------------------------------------------------------------


def test_both_ways_at_once_through_a_small_read_buffer(qt: Any, connect: Any) -> None:
    size = 16 << 20
    sock, _, peer = connect(read_buffer=64 << 10)
    there = bytes(range(256)) * (size // 256)
    back = there[::-1]
    received = hashlib.sha256()
    count = [0]

    def collect() -> None:
        data = bytes(sock.readAll())
        received.update(data)
        count[0] += len(data)

    sock.readyRead.connect(collect)
    assert sock.write(there) == size
    with Background(peer.sendall, back), Background(read_exactly, peer, size) as reader:
        assert qt.wait(lambda: count[0] == size and not sock.bytesToWrite(), 60)
        assert reader.join() == there
    assert received.digest() == hashlib.sha256(back).digest()


def test_a_download_through_a_4k_read_buffer(qt: Any, connect: Any) -> None:
    size = 1 << 20
    sock, trace, peer = connect(read_buffer=4096, signals=("disconnected",))
    data = bytes(i * 7 % 251 for i in range(size))
    got = bytearray()

    def collect() -> None:
        assert sock.bytesAvailable() <= 4096
        got.extend(bytes(sock.readAll()))

    def serve() -> None:
        peer.sendall(data)
        peer.close()

    sock.readyRead.connect(collect)
    with Background(serve):
        assert qt.wait(lambda: trace, 60)
    assert got == data


def test_a_slow_reader_gets_everything(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    size = 8_000_000
    sock.write(bytes(size))
    sock.disconnectFromHost()
    written: list[int] = []
    sock.bytesWritten.connect(written.append)
    received = 0

    def read_some() -> bool:
        nonlocal received
        if is_readable(peer):
            received += len(peer.recv(500_000))
        return received >= size

    assert qt.wait(read_some, 60)
    assert qt.wait(lambda: sock.state() == qt.QAbstractSocket.UnconnectedState)
    assert sum(written) == size
    assert read_all(peer) == b""


def test_many_small_writes_arrive_in_order(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    pieces = [b"%d," % n for n in range(20_000)]
    for piece in pieces:
        sock.write(piece)
    sock.disconnectFromHost()
    with Background(read_all, peer) as reader:
        assert qt.wait(lambda: sock.state() == qt.QAbstractSocket.UnconnectedState)
        assert reader.join() == b"".join(pieces)


def test_two_qt_sockets_talk(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    assert server.listen(qt.QHostAddress(LOCALHOST))
    client = ours(qt.QTcpSocket())
    client.connectToHost(LOCALHOST, server.serverPort())
    assert qt.wait(server.hasPendingConnections)
    other = server.nextPendingConnection()
    other.readyRead.connect(lambda: other.write(other.readAll()))
    echoed = bytearray()
    client.readyRead.connect(lambda: echoed.extend(bytes(client.readAll())))
    client.write(b"0123456789" * 100_000)
    assert qt.wait(lambda: len(echoed) == 1_000_000)
    assert echoed == b"0123456789" * 100_000
