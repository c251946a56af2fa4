"""QLocalSocket: the order of its signals (not QTcpSocket's), names, waits, buffers and descriptors."""

from __future__ import annotations

import socket
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _peers import (
    LOCAL_CLOSE,
    PATIENCE,
    SIGNALS,
    Background,
    Begins,
    Trace,
    keep,
    ours,
    read_all,
    read_exactly,
    short,
    stream_pair,
)

CONNECTED = ["state:Connecting", "state:Connected", "connected@Connected"]
PEER_CLOSED = ["error:PeerClosed@Connected", *LOCAL_CLOSE]
ABORTED = [*LOCAL_CLOSE[1:], "aboutToClose@Unconnected"]
INVALID_NAME = "QLocalSocket::connectToServer: Invalid name"


@pytest.fixture
def listener(tmp_path: Path) -> Any:
    """A listening kernel socket in the file system."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE)
        sock.bind(str(tmp_path / "s"))
        sock.listen()
        yield sock


@pytest.fixture
def path(listener: socket.socket) -> str:
    return str(listener.getsockname())


@pytest.fixture
def connect(qt: Any, app: Any, listener: socket.socket, path: str) -> Any:
    """Makes (client, trace, kernel peer); what connecting emitted is off the trace."""
    made: list[Any] = []

    def make(signals: tuple[str, ...] = SIGNALS, mode: Any = None) -> tuple[Any, Trace, socket.socket]:
        client = ours(qt.QLocalSocket())
        trace = Trace(client, tuple(s for s in signals if not s.startswith("channel")))
        client.connectToServer(path) if mode is None else client.connectToServer(path, mode)
        peer = keep(listener.accept()[0])
        trace.clear()
        made.append(client)
        return client, trace, peer

    yield make
    for client in made:
        client.abort()


def stage(sock: Any) -> tuple[str, bool, bool]:
    return (short(sock.state()), sock.isOpen(), sock.isValid())


# --- connecting ------------------------------------------------------------------------------------------------------


def test_a_fresh_socket(qt: Any, app: Any) -> None:
    sock = ours(qt.QLocalSocket())
    assert stage(sock) == ("Unconnected", False, False)
    assert (sock.serverName(), sock.fullServerName(), sock.socketDescriptor()) == ("", "", -1)
    assert (short(sock.error()), sock.errorString()) == ("UnknownSocket", "Unknown error")
    assert (sock.bytesAvailable(), sock.bytesToWrite(), sock.readBufferSize()) == (0, 0, 0)
    assert sock.isSequential()
    assert sock.socketOptions() == qt.QLocalSocket.SocketOption.NoOptions
    trace = Trace(sock)
    sock.disconnectFromServer()
    sock.abort()
    sock.close()
    assert trace == []
    assert not sock.flush()


def test_connecting_to_a_live_server_is_synchronous(qt: Any, app: Any, path: str) -> None:
    sock = ours(qt.QLocalSocket())
    trace = Trace(sock)
    sock.connectToServer(path)
    assert trace == CONNECTED
    assert stage(sock) == ("Connected", True, True)
    assert (sock.serverName(), sock.fullServerName()) == (path, path)
    assert sock.socketDescriptor() > 2
    assert sock.openMode() == qt.QIODevice.ReadWrite
    assert sock.waitForConnected(30_000)
    assert trace == CONNECTED


def test_a_plain_name_means_the_temporary_directory(qt: Any, app: Any) -> None:
    name = f"qnet-plain-{uuid.uuid4().hex[:12]}"
    server = ours(qt.QLocalServer())
    assert server.listen(name)
    sock = ours(qt.QLocalSocket())
    sock.connectToServer(name)
    assert short(sock.state()) == "Connected"
    assert (sock.serverName(), sock.fullServerName()) == (name, server.fullServerName())
    server.close()


@pytest.mark.parametrize("how", ["setServerName", "open"])
def test_set_server_name_first(qt: Any, app: Any, path: str, how: str) -> None:
    sock = ours(qt.QLocalSocket())
    sock.setServerName(path)
    assert (sock.serverName(), sock.fullServerName()) == (path, "")
    if how == "open":
        assert sock.open(qt.QIODevice.ReadOnly)
        assert sock.openMode() == qt.QIODevice.ReadOnly
    else:
        sock.connectToServer()
        assert sock.openMode() == qt.QIODevice.ReadWrite
    assert short(sock.state()) == "Connected"
    assert sock.fullServerName() == path


@pytest.mark.parametrize("name", ["no-such-server", "/no/such/directory/x", "", "x" * 300])
def test_nobody_of_that_name(qt: Any, app: Any, name: str) -> None:
    sock = ours(qt.QLocalSocket())
    trace = Trace(sock)
    sock.connectToServer(name)
    assert trace == ["state:Connecting", "error:ServerNotFound@Connecting", "state:Unconnected"]
    assert stage(sock) == ("Unconnected", False, False)
    assert (short(sock.error()), sock.errorString()) == ("ServerNotFound", Begins(INVALID_NAME))
    assert sock.serverName() == ""
    assert not sock.waitForConnected(30_000)
    qt.spin(5)
    assert len(trace) == 3


def test_open_without_a_name(qt: Any, app: Any) -> None:
    sock = ours(qt.QLocalSocket())
    assert not sock.open()
    assert short(sock.error()) == "ServerNotFound"
    sock.setServerName("no-such-server")
    assert not sock.open(qt.QIODevice.ReadWrite)


@pytest.mark.parametrize("kind", ["stale", "plain file"])
def test_refused(qt: Any, app: Any, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "gone"
    if kind == "stale":
        with socket.socket(socket.AF_UNIX) as gone:
            gone.bind(str(path))
            gone.listen()
    else:
        path.write_text("no socket")
    sock = ours(qt.QLocalSocket())
    trace = Trace(sock)
    sock.connectToServer(str(path))
    assert trace == ["state:Connecting", "error:ConnectionRefused@Connecting", "state:Unconnected"]
    assert sock.errorString() == Begins("QLocalSocket::connectToServer: Connection refused")
    assert not sock.isOpen()


def test_connect_inside_the_error_slot(qt: Any, app: Any, path: str) -> None:
    """The slot runs in state Connecting, so a queued call is what works."""
    sock = ours(qt.QLocalSocket())
    queued = qt.Qt.ConnectionType.QueuedConnection
    sock.errorOccurred.connect(lambda _: sock.connectToServer(path), queued)
    sock.connectToServer("no-such-server")
    assert qt.wait(lambda: short(sock.state()) == "Connected")


def test_connecting_twice(qt: Any, connect: Any, path: str) -> None:
    sock, trace, peer = connect()
    sock.connectToServer(path)
    assert trace == ["error:Operation@Connected"]
    assert sock.errorString().endswith("Operation not permitted when socket is in this state")
    sock.setServerName("other")
    assert sock.serverName() == path
    peer.sendall(b"still here")
    assert sock.waitForReadyRead(30_000)


@pytest.mark.parametrize(("mode", "writes", "reads"), [("ReadOnly", -1, b"hello"), ("WriteOnly", 2, b"")])
def test_open_modes(qt: Any, connect: Any, mode: str, writes: int, reads: bytes) -> None:
    sock, _, peer = connect(mode=getattr(qt.QIODevice, mode))
    assert sock.openMode() == getattr(qt.QIODevice, mode)
    assert sock.write(b"ab") == writes
    peer.sendall(b"hello")
    if reads:
        assert qt.wait(lambda: sock.bytesAvailable() == len(reads))
    else:
        qt.spin(10)
    assert bytes(sock.readAll()) == reads


# --- reading and writing ---------------------------------------------------------------------------------------------


def test_a_dialogue(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    assert sock.write(b"question\n") == 9
    assert (sock.bytesToWrite(), trace) == (9, [])
    assert qt.wait(lambda: trace)
    assert trace.take() == ["bytesWritten:9"]
    assert peer.recv(100) == b"question\n"
    peer.sendall(b"answer\nmore")
    assert qt.wait(sock.canReadLine)
    assert trace == ["readyRead@Connected"]
    assert bytes(sock.peek(3)) == b"ans"
    assert bytes(sock.readLine()) == b"answer\n"
    assert not sock.canReadLine()
    assert bytes(sock.readAll()) == b"more"


def test_flush(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    assert not sock.flush()
    sock.write(b"abc")
    assert sock.flush()
    assert (trace, sock.bytesToWrite()) == (["bytesWritten:3"], 0)
    assert peer.recv(10) == b"abc"


def test_the_read_buffer_limit(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    sock.setReadBufferSize(4)
    assert sock.readBufferSize() == 4
    peer.sendall(b"012345")
    peer.close()
    assert qt.wait(lambda: trace)
    qt.spin(20)
    assert (sock.bytesAvailable(), trace.take()) == (4, ["readyRead@Connected"])
    assert bytes(sock.readAll()) == b"0123"
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *PEER_CLOSED]
    assert bytes(sock.readAll()) == b"45"


def test_both_ways_at_once(qt: Any, connect: Any) -> None:
    size = 8 << 20
    sock, _, peer = connect(signals=("disconnected",))
    got = bytearray()
    sock.setReadBufferSize(64 << 10)
    sock.readyRead.connect(lambda: got.extend(bytes(sock.readAll())))
    sock.write(b"q" * size)
    with Background(peer.sendall, b"p" * size), Background(read_exactly, peer, size) as reader:
        assert qt.wait(lambda: len(got) == size and not sock.bytesToWrite(), 60)
        assert reader.join() == b"q" * size
    assert got == b"p" * size


# --- ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["close", "half close"])
def test_the_peer_ends(qt: Any, connect: Any, ending: str) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"left")
    peer.close() if ending == "close" else peer.shutdown(socket.SHUT_WR)
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *PEER_CLOSED]
    assert stage(sock) == ("Unconnected", True, True)
    assert sock.errorString() == "QLocalSocket: Remote closed"
    assert (sock.serverName(), sock.fullServerName()) == ("", "")
    assert sock.write(b"x") == -1
    assert bytes(sock.readAll()) == b"left"
    trace.clear()
    sock.close()
    assert trace == ["aboutToClose@Unconnected"]


@pytest.mark.parametrize(
    ("call", "expected", "is_open"),
    [
        ("disconnectFromServer", LOCAL_CLOSE, True),
        ("close", ["aboutToClose@Connected", *LOCAL_CLOSE], False),
        ("abort", ABORTED, False),
    ],
)
def test_ending_an_idle_connection(qt: Any, connect: Any, call: str, expected: list[str], is_open: bool) -> None:
    sock, trace, peer = connect()
    getattr(sock, call)()
    assert trace == expected
    assert stage(sock) == ("Unconnected", is_open, is_open)
    assert sock.socketDescriptor() == -1
    assert peer.recv(1) == b""


@pytest.mark.parametrize(("call", "first"), [("disconnectFromServer", []), ("close", ["aboutToClose@Connected"])])
@pytest.mark.parametrize("size", [10, 5_000_000])
def test_closing_flushes_first(qt: Any, connect: Any, call: str, first: list[str], size: int) -> None:
    sock, trace, peer = connect(signals=("aboutToClose", "stateChanged", "readChannelFinished", "disconnected"))
    sock.write(b"x" * size)
    getattr(sock, call)()
    assert trace == [*first, "state:Closing"]
    assert sock.isValid()
    assert sock.bytesToWrite() == size
    with Background(read_all, peer) as reader:
        assert qt.wait(lambda: "disconnected@Unconnected" in trace)
        assert len(reader.join()) == size
    assert trace == [*first, *LOCAL_CLOSE]


def test_abort_drops_what_is_unsent(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    sock.write(b"never")
    sock.abort()
    assert trace == ABORTED
    assert sock.bytesToWrite() == 0
    assert read_all(peer) == b""


def test_reconnecting(qt: Any, connect: Any, listener: socket.socket, path: str) -> None:
    sock, trace, peer = connect()
    for _ in range(3):
        peer.close()
        assert qt.wait(lambda: "disconnected@Unconnected" in trace)
        trace.clear()
        sock.connectToServer(path)
        assert trace == CONNECTED
        trace.clear()
        peer = keep(listener.accept()[0])
    peer.sendall(b"fresh")
    assert qt.wait(lambda: sock.bytesAvailable() == 5)


def test_dropping_the_last_reference(qt: Any, app: Any, listener: socket.socket, path: str) -> None:
    sock = qt.QLocalSocket()
    sock.connectToServer(path)
    peer = keep(listener.accept()[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # test_socket_reported.py looks at it
        del sock
    assert peer.recv(1) == b""


# --- waiting ---------------------------------------------------------------------------------------------------------

TIMEOUT = "error:SocketTimeout@Connected"


@pytest.mark.parametrize("wait", ["waitForConnected", "waitForReadyRead", "waitForBytesWritten", "waitForDisconnected"])
def test_unconnected_waits_return_at_once(qt: Any, app: Any, wait: str) -> None:
    sock = ours(qt.QLocalSocket())
    trace = Trace(sock)
    assert not getattr(sock, wait)(30_000)
    assert trace == []


def test_wait_for_ready_read(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    assert not sock.waitForReadyRead(10)
    assert trace.take() == [TIMEOUT]
    assert sock.errorString() == "QLocalSocket: Socket operation timed out"
    peer.sendall(b"abc")
    peer.close()
    assert sock.waitForReadyRead(30_000)
    assert trace.take() == ["readyRead@Connected"]
    assert not sock.waitForReadyRead(30_000)
    assert trace == PEER_CLOSED


def test_wait_for_bytes_written(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    assert not sock.waitForBytesWritten(30_000)
    sock.write(b"abc")
    assert sock.waitForBytesWritten(30_000)
    assert trace == ["bytesWritten:3"]
    assert peer.recv(10) == b"abc"


def test_wait_for_disconnected(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect(signals=("stateChanged", "errorOccurred", "disconnected"))
    assert not sock.waitForDisconnected(10)
    assert trace.take() == [TIMEOUT]
    sock.write(b"abc")
    sock.disconnectFromServer()
    assert sock.waitForDisconnected(30_000)
    assert read_all(peer) == b"abc"
    assert trace == [*LOCAL_CLOSE[:2], LOCAL_CLOSE[3]]
    assert not sock.waitForDisconnected(30_000)


@pytest.mark.qnet("PySide6 holds the interpreter lock in this wait, so no thread of Python can read")
def test_wait_for_disconnected_sends_everything(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    sock.write(bytes(5_000_000))
    sock.disconnectFromServer()
    with Background(read_all, peer) as reader:
        assert sock.waitForDisconnected(30_000)
        assert len(reader.join()) == 5_000_000


def test_the_peer_ends_in_wait_for_disconnected(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"abc")
    peer.close()
    assert sock.waitForDisconnected(30_000)
    assert trace == ["readyRead@Connected", *PEER_CLOSED]
    assert bytes(sock.readAll()) == b"abc"


# --- descriptors -----------------------------------------------------------------------------------------------------


def test_adopt_a_descriptor(qt: Any, app: Any) -> None:
    mine, theirs = stream_pair()
    sock = ours(qt.QLocalSocket())
    trace = Trace(sock)
    descriptor = mine.detach()
    assert sock.setSocketDescriptor(descriptor)
    assert trace.take() == ["state:Connected"]
    assert stage(sock) == ("Connected", True, True)
    assert sock.socketDescriptor() == descriptor
    theirs.sendall(b"x")
    assert qt.wait(lambda: sock.bytesAvailable() == 1)
    sock.write(b"y")
    sock.flush()
    assert theirs.recv(10) == b"y"
    theirs.shutdown(socket.SHUT_WR)
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *PEER_CLOSED]


def test_adopt_with_a_mode(qt: Any, app: Any) -> None:
    mine, _ = stream_pair()
    sock = ours(qt.QLocalSocket())
    connected = qt.QLocalSocket.LocalSocketState.ConnectedState
    assert sock.setSocketDescriptor(mine.detach(), connected, qt.QIODevice.ReadOnly)
    assert sock.openMode() == qt.QIODevice.ReadOnly


def test_adopt_nonsense(qt: Any, app: Any) -> None:
    sock = ours(qt.QLocalSocket())
    assert not sock.setSocketDescriptor(99_999)
    assert not sock.isValid()
    assert short(sock.error()) == "UnsupportedSocketOperation"


@pytest.mark.qnet("Qt leaves the socket Connected and open around no descriptor")
def test_adopt_nonsense_changes_nothing(qt: Any, app: Any) -> None:
    sock = ours(qt.QLocalSocket())
    trace = Trace(sock)
    assert not sock.setSocketDescriptor(99_999)
    assert stage(sock) == ("Unconnected", False, False)
    assert trace == []


@pytest.mark.parametrize("signal", ["readyRead", "disconnected", "errorOccurred"])
def test_delete_later_in_a_slot(qt: Any, app: Any, listener: Any, path: str, signal: str) -> None:
    parent = qt.QObject()
    sock = qt.QLocalSocket(parent)
    gone: list[bool] = []
    later: Callable[..., None] = sock.deleteLater
    sock.destroyed.connect(lambda *_: gone.append(True))
    getattr(sock, signal).connect(lambda *_: later())
    sock.connectToServer(path)
    peer = keep(listener.accept()[0])
    peer.sendall(b"abc")
    if signal != "readyRead":
        peer.close()
    assert qt.wait(lambda: gone)
    assert parent.children() == []
