"""waitFor…(): return values, signals, errors and time in every state, without an event loop."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from _peers import (
    CONNECTED,
    LOCAL_CLOSE,
    LOCALHOST,
    REMOTE_CLOSE,
    SIGNALS,
    Background,
    Begins,
    Trace,
    accept,
    arrived,
    closed_port,
    deaf_listener,
    ours,
    port_of,
    raw_listener,
    read_all,
    read_exactly,
    reset,
    short,
    trickle,
)

WAITS = ("waitForConnected", "waitForReadyRead", "waitForBytesWritten", "waitForDisconnected")
TIMEOUT = "error:SocketTimeout@Connected"
SIGNALS_OF_READ = ["readyRead@Connected", "channelReadyRead:0"]
SIGNALS_OF_WRITE_3 = ["bytesWritten:3", "channelBytesWritten:0,3"]


def state(sock: Any) -> str:
    return short(sock.state())


# --- not connected ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("msecs", [0, 60_000, -1])
def test_unconnected_waits_return_at_once(qt: Any, app: Any, wait: str, msecs: int) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    start = time.monotonic()
    assert not getattr(sock, wait)(msecs)
    assert time.monotonic() - start < 30
    assert trace == []
    assert short(sock.error()) == "UnknownSocket"


@pytest.mark.parametrize("ending", ["disconnectFromHost", "close", "abort"])
def test_waits_after_the_end(qt: Any, connect: Any, ending: str) -> None:
    sock, trace, _ = connect()
    getattr(sock, ending)()
    trace.clear()
    assert not any(getattr(sock, wait)(1000) for wait in WAITS)
    assert trace == []


# --- connecting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [LOCALHOST, "localhost"])
def test_wait_for_connected(qt: Any, app: Any, port: int, target: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(target, port)
    assert sock.waitForConnected(30_000)
    assert trace == CONNECTED
    assert sock.waitForConnected(30_000)
    assert sock.waitForConnected()
    assert trace == CONNECTED


@pytest.mark.parametrize("msecs", [0, 30])
@pytest.mark.parametrize("wait", ["waitForConnected", "waitForReadyRead", "waitForDisconnected"])
def test_a_time_out_while_connecting_gives_up_silently(qt: Any, app: Any, wait: str, msecs: int) -> None:
    with deaf_listener() as port:
        sock = ours(qt.QTcpSocket())
        sock.connectToHost(LOCALHOST, port)
        trace = Trace(sock)
        start = time.monotonic()
        assert not getattr(sock, wait)(msecs)
        assert msecs / 1000 <= time.monotonic() - start + 0.002
        assert trace == ["state:Unconnected"]
        assert (short(sock.error()), sock.errorString()) == ("SocketTimeout", Begins("Socket operation timed out"))
        assert sock.isOpen()
        assert sock.socketDescriptor() == -1
        qt.spin(20)
        assert trace == ["state:Unconnected"]


@pytest.mark.parametrize("target", [LOCALHOST, "localhost"])
@pytest.mark.parametrize("wait", ["waitForConnected", "waitForReadyRead", "waitForDisconnected"])
def test_refused_in_a_wait(qt: Any, app: Any, wait: str, target: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(target, closed_port())
    assert not getattr(sock, wait)(30_000)
    assert trace == [*CONNECTED[:3], "state:Unconnected", "error:ConnectionRefused@Unconnected"]
    qt.spin(10)
    assert len(trace) == 5


@pytest.mark.parametrize("wait", ["waitForConnected", "waitForReadyRead", "waitForDisconnected"])
def test_unknown_host_in_a_wait(qt: Any, app: Any, wait: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost("no-such-host.invalid.", 80)
    assert not getattr(sock, wait)(30_000)
    assert trace == ["state:HostLookup", "state:Unconnected", "error:HostNotFound@Unconnected"]


def test_wait_for_bytes_written_with_nothing_to_write_returns_at_once(qt: Any, connect: Any, port: int) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, port)
    trace = Trace(sock)
    assert not sock.waitForBytesWritten(30_000)
    assert (state(sock), trace) == ("Connecting", [])
    sock, trace, _ = connect()
    assert not sock.waitForBytesWritten(30_000)
    assert (state(sock), trace) == ("Connected", [])


def test_wait_for_bytes_written_connects_first(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, port_of(listener))
    trace = Trace(sock, SIGNALS)
    sock.write(b"abc")
    assert sock.waitForBytesWritten(30_000)
    assert trace == [*CONNECTED[-2:], *SIGNALS_OF_WRITE_3]
    assert accept(listener).recv(10) == b"abc"


def test_wait_for_ready_read_connects_and_writes_first(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, port_of(listener))
    trace = Trace(sock, SIGNALS)
    sock.write(b"abc")

    def answer() -> None:
        peer = accept(listener)
        read_exactly(peer, 3)
        peer.sendall(b"answer")

    with Background(answer):
        assert sock.waitForReadyRead(30_000)
    assert trace == [*CONNECTED[-2:], *SIGNALS_OF_WRITE_3, *SIGNALS_OF_READ]
    assert bytes(sock.readAll()) == b"answer"


# --- connected: reading ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("msecs", [0, 30])
def test_wait_for_ready_read_times_out(qt: Any, connect: Any, msecs: int) -> None:
    sock, trace, _ = connect()
    for _ in range(2):
        start = time.monotonic()
        assert not sock.waitForReadyRead(msecs)
        assert msecs / 1000 <= time.monotonic() - start + 0.002
        assert trace.take() == [TIMEOUT]
    assert (short(sock.error()), sock.errorString()) == ("SocketTimeout", Begins("Network operation timed out"))
    assert sock.isValid()


@pytest.mark.parametrize("msecs", [0, 30_000, -1])
def test_wait_for_ready_read_takes_what_is_there(qt: Any, connect: Any, msecs: int) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    peer.sendall(b"abc")
    assert arrived(sock, 3)
    assert sock.waitForReadyRead(msecs)
    assert trace == SIGNALS_OF_READ
    assert sock.bytesAvailable() == 3


def test_wait_for_ready_read_is_about_new_data(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"abc")
    assert sock.waitForReadyRead(30_000)
    trace.clear()
    assert not sock.waitForReadyRead(10)
    assert (trace, sock.bytesAvailable()) == ([TIMEOUT], 3)


def test_wait_for_ready_read_wakes_on_arrival(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    got = b""
    with Background(trickle, peer, b"abcdef", 0.005):
        while len(got) < 6:
            assert sock.waitForReadyRead(30_000)
            got += bytes(sock.readAll())
    assert got == b"abcdef"


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_the_end_in_wait_for_ready_read(qt: Any, connect: Any, ending: str) -> None:
    sock, trace, peer = connect()
    peer.close() if ending == "close" else reset(peer)
    assert not sock.waitForReadyRead(30_000)
    assert trace == REMOTE_CLOSE
    assert not sock.waitForReadyRead(30_000)
    assert trace == REMOTE_CLOSE


def test_data_then_the_end_in_wait_for_ready_read(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"abc")
    peer.close()
    assert sock.waitForReadyRead(30_000)
    assert (trace.take(), state(sock)) == (["readyRead@Connected"], "Connected")
    assert not sock.waitForReadyRead(30_000)
    assert trace == REMOTE_CLOSE
    assert bytes(sock.readAll()) == b"abc"


def test_wait_for_ready_read_writes_meanwhile(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    sock.write(b"abc")
    assert not sock.waitForReadyRead(30)
    assert trace == [*SIGNALS_OF_WRITE_3, TIMEOUT]
    assert peer.recv(10) == b"abc"


def test_a_blocking_dialogue(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()

    def echo() -> None:
        while data := peer.recv(1000):
            peer.sendall(data)

    with Background(echo):
        for number in range(50):
            sock.write(b"%03d" % number)
            assert sock.waitForReadyRead(30_000)
            assert bytes(sock.readAll()) == b"%03d" % number
        sock.disconnectFromHost()


def test_wait_for_ready_read_with_a_full_buffer(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(read_buffer=4)
    peer.sendall(b"0123456789")
    assert sock.waitForReadyRead(30_000)
    assert (sock.bytesAvailable(), trace.take()) == (4, ["readyRead@Connected"])
    assert not sock.waitForReadyRead(10)
    assert sock.bytesAvailable() == 4
    assert bytes(sock.readAll()) == b"0123"
    assert sock.waitForReadyRead(30_000)
    assert sock.bytesAvailable() == 4


def test_wait_for_ready_read_inside_ready_read(qt: Any, connect: Any) -> None:
    """The inner wait returns True but does not emit: readyRead does not nest."""
    sock, trace, peer = connect()
    inner: list[bool] = []

    def slot() -> None:
        if not inner:
            peer.sendall(b"b")
            inner.append(sock.waitForReadyRead(30_000))

    sock.readyRead.connect(slot)
    peer.sendall(b"a")
    assert qt.wait(lambda: sock.bytesAvailable() == 2)
    qt.spin(5)
    assert (inner, trace) == ([True], ["readyRead@Connected"])


# --- connected: writing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("msecs", [0, 30_000, -1])
def test_wait_for_bytes_written(qt: Any, connect: Any, msecs: int) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    sock.write(b"abc")
    assert sock.waitForBytesWritten(msecs)
    assert trace == SIGNALS_OF_WRITE_3
    assert peer.recv(10) == b"abc"
    assert not sock.waitForBytesWritten(msecs)


def test_wait_for_bytes_written_of_much_is_true_at_the_first_part(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect(signals=("bytesWritten", "errorOccurred"))
    total = 50_000_000
    sock.write(bytes(total))
    assert sock.waitForBytesWritten(30_000)
    left = sock.bytesToWrite()
    assert 0 < left < total
    assert trace.take() == [f"bytesWritten:{total - left}"]
    while sock.waitForBytesWritten(20):  # what is on its way to the peer makes room
        assert trace.take() == [f"bytesWritten:{left - sock.bytesToWrite()}"]
        left = sock.bytesToWrite()
    assert trace == [TIMEOUT]
    assert sock.bytesToWrite() == left > 0


def test_wait_for_bytes_written_until_all_is_sent(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    size = 12_000_000
    sock.write(b"z" * size)
    with Background(read_exactly, peer, size) as reader:
        while sock.bytesToWrite():
            assert sock.waitForBytesWritten(30_000)
        assert reader.join() == b"z" * size


def test_wait_for_bytes_written_reads_meanwhile(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    peer.sendall(b"xyz")
    sock.write(b"abc")
    assert sock.waitForBytesWritten(30_000)
    assert set(SIGNALS_OF_WRITE_3) <= set(trace)
    assert sock.bytesAvailable() or sock.waitForReadyRead(30_000)
    assert bytes(sock.readAll()) == b"xyz"


def test_both_ends_fill_without_deadlock(qt: Any, connect: Any) -> None:
    """The peer writes all before it reads: waiting for a write has to keep reading."""
    size = 16_000_000
    sock, _, peer = connect()

    def stubborn() -> bytes:
        peer.sendall(b"p" * size)
        return read_exactly(peer, size)

    sock.write(b"q" * size)
    with Background(stubborn) as other:
        while sock.bytesToWrite():
            assert sock.waitForBytesWritten(30_000)
        while sock.bytesAvailable() < size:
            assert sock.waitForReadyRead(30_000)
        assert other.join() == b"q" * size
    assert bytes(sock.readAll()) == b"p" * size


def test_wait_inside_connected(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    results: list[bool] = []

    def greet() -> None:
        sock.write(b"hello")
        results.append(sock.waitForBytesWritten(30_000))

    sock.connected.connect(greet)
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert qt.wait(lambda: results)
    assert results == [True]
    assert accept(listener).recv(10) == b"hello"


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("msecs", [0, 30])
def test_wait_for_disconnected_times_out(qt: Any, connect: Any, msecs: int) -> None:
    sock, trace, _ = connect()
    assert not sock.waitForDisconnected(msecs)
    assert trace == [TIMEOUT]
    assert sock.errorString() == Begins("Network operation timed out")


def test_wait_for_disconnected_reads_and_writes_meanwhile(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=SIGNALS)
    sock.write(b"abc")
    peer.sendall(b"xyz")
    with Background(lambda: (read_exactly(peer, 3), peer.close())):
        assert sock.waitForDisconnected(30_000)
    assert sorted(trace[:4]) == sorted([*SIGNALS_OF_READ, *SIGNALS_OF_WRITE_3])
    assert trace[4:] == REMOTE_CLOSE
    assert bytes(sock.readAll()) == b"xyz"


@pytest.mark.parametrize("size", [10, 8_000_000])
def test_wait_for_disconnected_flushes_a_closing_socket(qt: Any, connect: Any, size: int) -> None:
    sock, trace, peer = connect()
    sock.write(bytes(size))
    sock.disconnectFromHost()
    assert state(sock) == "Closing"
    with Background(read_all, peer) as reader:
        assert sock.waitForDisconnected(30_000)
        assert len(reader.join()) == size
    assert trace == LOCAL_CLOSE


def test_wait_for_bytes_written_of_a_closing_socket_ends_it(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    sock.write(b"last words")
    sock.disconnectFromHost()
    assert sock.waitForBytesWritten(30_000)
    assert trace == LOCAL_CLOSE
    assert read_all(peer) == b"last words"


def test_wait_for_ready_read_while_closing_is_false(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect()
    sock.write(b"last words")
    sock.disconnectFromHost()
    assert not sock.waitForReadyRead(30_000)
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == LOCAL_CLOSE


def test_wait_for_disconnected_of_a_stuck_peer(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect()
    sock.write(bytes(50_000_000))
    sock.disconnectFromHost()
    assert not sock.waitForDisconnected(30)
    assert trace == ["state:Closing", "error:SocketTimeout@Closing"]


@pytest.mark.qnet("Qt never returns from this call: a full read buffer hides the end from its loop")
def test_wait_for_disconnected_with_a_full_read_buffer_times_out(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(read_buffer=4)
    peer.sendall(b"0123456789")
    assert sock.waitForReadyRead(30_000)
    peer.close()
    trace.clear()
    assert not sock.waitForDisconnected(30)
    assert trace == [TIMEOUT]
    assert sock.bytesAvailable() == 4


def test_default_time_out_is_half_a_minute(qt: Any, connect: Any) -> None:
    """Called without arguments the waits succeed as usual (nobody waits 30 s here)."""
    sock, _, peer = connect()
    peer.sendall(b"abc")
    assert sock.waitForReadyRead()
    sock.write(b"abc")
    assert sock.waitForBytesWritten()
    peer.close()
    assert sock.waitForDisconnected()


def test_signals_of_a_wait_run_other_slots_too(qt: Any, app: Any) -> None:
    with raw_listener() as listener:
        sock = ours(qt.QTcpSocket())
        lines: list[bytes] = []
        sock.readyRead.connect(lambda: lines.append(bytes(sock.readAll())))
        sock.connectToHost(LOCALHOST, port_of(listener))
        assert sock.waitForConnected(30_000)
        accept(listener).sendall(b"abc")
        assert sock.waitForReadyRead(30_000)
        assert lines == [b"abc"]
        assert sock.bytesAvailable() == 0
