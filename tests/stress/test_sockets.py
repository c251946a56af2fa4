"""Sockets and servers under load, with bad descriptors, and with peers that do everything but behave."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _wreckage import (
    LOCALHOST,
    descriptors,
    listening,
    no_more_descriptors_than,
    nothing_left,
    turn,
    turn_until,
    turns,
    without_collector,
)

from qnet.QtCore import QTimer
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QTcpServer, QTcpSocket, QUdpSocket

State = QAbstractSocket.SocketState
Error = QAbstractSocket.SocketError


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def connected(listener: socket.socket) -> tuple[QTcpSocket, socket.socket]:
    """A connected socket and the kernel socket at its other end."""
    sock = QTcpSocket()
    sock.connectToHost(LOCALHOST, listener.getsockname()[1])
    assert turn_until(lambda: sock.state() is State.ConnectedState)
    listener.settimeout(60)
    return sock, listener.accept()[0]


class Echo(QTcpServer):
    """Sends back what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.newConnection.connect(self.take)
        assert self.listen(QHostAddress(LOCALHOST))

    def take(self) -> None:
        sock = self.nextPendingConnection()
        sock.readyRead.connect(lambda: sock.write(sock.readAll()))
        sock.disconnected.connect(sock.deleteLater)


def test_fifty_threads_with_blocking_sockets_against_one_server() -> None:
    server = Echo()
    server.setMaxPendingConnections(100)
    done: list[int] = []

    def converse(index: int) -> None:
        rng = random.Random(index)
        for _ in range(2):
            sock = QTcpSocket()
            sock.connectToHost(LOCALHOST, server.serverPort())
            assert sock.waitForConnected(60_000)
            for _ in range(8):
                message = rng.randbytes(rng.randrange(1, 5000))
                sock.write(message)
                got = b""
                while len(got) < len(message):
                    assert sock.waitForReadyRead(60_000), sock.errorString()
                    got += bytes(sock.readAll())
                assert got == message
            sock.disconnectFromHost()
            if sock.state() is not State.UnconnectedState:
                assert sock.waitForDisconnected(60_000)
        done.append(index)

    turn()
    before = descriptors()
    workers = [threading.Thread(target=converse, args=(i,), daemon=True) for i in range(50)]
    for worker in workers:
        worker.start()
    assert turn_until(lambda: not any(w.is_alive() for w in workers), 100)
    assert sorted(done) == list(range(50))
    assert turn_until(lambda: not server.children())
    assert no_more_descriptors_than(before)
    server.close()


def garbage() -> dict[str, Callable[[contextlib.ExitStack], int]]:
    def piped(stack: contextlib.ExitStack) -> int:
        reader, writer = os.pipe()
        stack.callback(os.close, reader)
        stack.callback(os.close, writer)
        return reader

    def closed(stack: contextlib.ExitStack) -> int:
        reader, writer = os.pipe()
        os.close(reader)
        os.close(writer)
        return reader

    return {
        "pipe": piped,
        "file": lambda stack: stack.enter_context(open(__file__, "rb")).fileno(),
        "closed": closed,
        "negative": lambda stack: -1,
        "very negative": lambda stack: -(2**40),
        "too large": lambda stack: 1_000_000,
        "far too large": lambda stack: 2**40,
    }


@pytest.mark.parametrize("kind", garbage())
@pytest.mark.parametrize("make", [QTcpSocket, QTcpServer, QUdpSocket])
def test_descriptors_that_are_none(make: Callable[[], Any], kind: str) -> None:
    """Refused, the descriptor stays open and the caller's, and the object can be used as if nothing was."""
    with nothing_left(), contextlib.ExitStack() as stack:
        descriptor = garbage()[kind](stack)
        made = make()
        assert not made.setSocketDescriptor(descriptor)
        assert made.socketDescriptor() == -1
        assert made.errorString()
        if kind in ("pipe", "file"):
            os.fstat(descriptor)
        turn(1)
        if isinstance(made, QTcpServer):
            assert made.listen(QHostAddress(LOCALHOST))
        else:
            assert made.bind(QHostAddress(LOCALHOST))
        turn(1)
        made.close()


@pytest.mark.parametrize("kind", ["listening", "unconnected", "datagram", "reset", "ended"])
def test_sockets_of_another_sort(kind: str) -> None:
    """A descriptor that is a socket, but no connection: the first use tells, and nothing spins, hangs or raises."""
    with nothing_left(), listening() as listener:
        if kind == "listening":
            raw = socket.create_server((LOCALHOST, 0))
        elif kind == "datagram":
            raw = socket.socket(type=socket.SOCK_DGRAM)
            raw.bind((LOCALHOST, 0))
        elif kind == "unconnected":
            raw = socket.socket()
        else:
            raw = socket.create_connection(listener.getsockname())
            peer = listener.accept()[0]
            reset(peer) if kind == "reset" else peer.close()
        sock = QTcpSocket()
        errors: list[Any] = []
        sock.errorOccurred.connect(errors.append)
        if sock.setSocketDescriptor(raw.detach()):
            turn(2)
            if sock.isWritable():
                sock.write(b"data")
            turn(5)
            sock.waitForReadyRead(1)
        assert turns(30) < 100, "it spins"
        sock.abort()
        assert sock.state() is State.UnconnectedState


@pytest.mark.parametrize("reused", [False, True])
@pytest.mark.parametrize("how", ["loop", "blocking"])
def test_a_descriptor_that_is_closed_behind_our_back(how: str, reused: bool) -> None:
    """An error on this socket, no busy loop; and who has the number now keeps its descriptor."""
    with listening() as listener:
        sock, peer = connected(listener)
        other, other_peer = connected(listener)
        number = sock.socketDescriptor()
        turn(1)
        if reused:
            with open(os.devnull, "rb") as heir:
                os.dup2(heir.fileno(), number)  # closes it and takes the number, before another thread can
        else:
            os.close(number)
        if how == "blocking":
            sock.write(b"data")
            sock.waitForBytesWritten(10)
            sock.waitForReadyRead(10)
        else:
            sock.write(b"data")
            peer.close()
            turn(20)
        other_peer.sendall(b"still here")
        assert turn_until(lambda: other.bytesAvailable() == 10)
        with contextlib.suppress(OSError):
            sock.abort()
        other.abort()
        if reused:
            with contextlib.suppress(OSError):
                os.close(number)
        peer.close()
        other_peer.close()


def test_a_peer_that_sends_one_byte_at_a_time() -> None:
    with nothing_left(), listening() as listener:
        sock, peer = connected(listener)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        got = bytearray()
        sock.readyRead.connect(lambda: got.extend(sock.readAll()))
        data = bytes(range(256)) * 4
        for index in range(len(data)):
            peer.send(data[index : index + 1])
            turn()
        assert turn_until(lambda: len(got) == len(data))
        assert got == data
        peer.close()
        turn(2)


def test_urgent_data_is_no_trouble() -> None:
    with nothing_left(), listening() as listener:
        sock, peer = connected(listener)
        for _ in range(20):
            peer.send(b"a")
            peer.send(b"!", socket.MSG_OOB)
            peer.send(b"b")
            turn(1)
        assert turn_until(lambda: sock.bytesAvailable() >= 40)
        assert set(bytes(sock.readAll())) >= set(b"ab")
        peer.send(b"!", socket.MSG_OOB)
        assert turns(30) < 100, "it spins"
        peer.close()
        turn(2)


STEPS = (
    "at once",
    "after a write",
    "while writing much",
    "while data waits",
    "while reading is paused",
    "while closing",
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["loop", "blocking"])
def test_a_reset_at_every_step(how: str, step: str) -> None:
    """One error, one disconnected, Unconnected; what arrived before it can be read."""
    with nothing_left(), without_collector(), listening() as listener:
        sock, peer = connected(listener)
        story: list[str] = []
        sock.errorOccurred.connect(lambda code: story.append(f"error {code.name}"))
        sock.disconnected.connect(lambda: story.append("disconnected"))
        if step == "after a write":
            sock.write(b"data")
        elif step == "while writing much":
            sock.write(bytes(20_000_000))
        elif step in ("while data waits", "while reading is paused"):
            peer.sendall(b"d" * 100)
            if step == "while reading is paused":
                sock.setReadBufferSize(10)
            assert turn_until(lambda: sock.bytesAvailable() >= 10)
        elif step == "while closing":
            sock.write(bytes(20_000_000))
            sock.disconnectFromHost()
        turn(1)
        reset(peer)
        read = b""
        end = time.monotonic() + 60
        while sock.state() is not State.UnconnectedState and time.monotonic() < end:
            if how == "blocking":
                sock.waitForDisconnected(50)
            else:
                turn(1)
            read += bytes(sock.readAll())
        read += bytes(sock.readAll())
        assert sock.state() is State.UnconnectedState
        assert story.count("disconnected") == 1
        assert [s for s in story if s not in ("disconnected", "error SocketTimeoutError")] in (
            ["error RemoteHostClosedError"],
            [] if step == "while closing" else ["error RemoteHostClosedError"],
        )
        if step == "while data waits":
            assert read == b"d" * 100
        sock.abort()


def test_a_server_that_closes_within_new_connection() -> None:
    with nothing_left(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        server = QTcpServer()
        assert server.listen(QHostAddress(LOCALHOST))
        server.newConnection.connect(server.close)
        clients = [QTcpSocket() for _ in range(10)]
        for client in clients:
            client.connectToHost(LOCALHOST, server.serverPort())
        assert turn_until(lambda: all(c.state() is State.UnconnectedState for c in clients))
        assert not server.isListening()
        assert not server.hasPendingConnections()


@pytest.mark.parametrize("treatment", ["destroy", "listen again"])
def test_a_server_that_is_lost_within_new_connection(treatment: str) -> None:
    with nothing_left(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        servers = [QTcpServer()]
        assert servers[0].listen(QHostAddress(LOCALHOST))
        port = servers[0].serverPort()

        def lose() -> None:
            if treatment == "destroy":
                while servers:
                    servers.pop().deleteLater()
            else:
                servers[0].close()
                assert servers[0].listen(QHostAddress(LOCALHOST))

        servers[0].newConnection.connect(lose)
        clients = [QTcpSocket() for _ in range(5)]
        for client in clients:
            client.connectToHost(LOCALHOST, port)
        turn(20)
        for client in clients:
            client.abort()
        for server in servers:
            server.close()


def test_one_write_to_four_hundred_clients() -> None:
    """And a quarter of them never read: the others get everything all the same."""
    server = QTcpServer()
    server.setMaxPendingConnections(600)
    server.setListenBacklogSize(600)
    assert server.listen(QHostAddress(LOCALHOST))
    ours: list[QTcpSocket] = []
    server.newConnection.connect(lambda: ours.append(server.nextPendingConnection()))
    peers = []
    for index in range(400):  # select() knows 1,024 descriptors, for both ends and all else
        peers.append(socket.create_connection((LOCALHOST, server.serverPort())))
        peers[-1].setblocking(False)
        if index % 50 == 0:
            turn()
    assert turn_until(lambda: len(ours) == 400)
    block = random.Random(1).randbytes(2000)
    readers = [peer for index, peer in enumerate(peers) if index % 4]
    got = {peer: bytearray() for peer in readers}
    for _ in range(20):
        for sock in ours:
            sock.write(block)
        turn()
        for peer in readers:
            with contextlib.suppress(BlockingIOError):
                got[peer] += peer.recv(1 << 16)

    def all_read() -> bool:
        for peer in readers:
            with contextlib.suppress(BlockingIOError):
                got[peer] += peer.recv(1 << 16)
        return all(len(data) == 40_000 for data in got.values())

    assert turn_until(all_read)
    assert all(data == block * 20 for data in got.values())
    for sock in ours:
        sock.abort()
    for peer in peers:
        peer.close()
    server.close()
    turn()


def test_a_slow_consumer_with_a_toggled_read_buffer() -> None:
    rng = random.Random(2)
    with nothing_left(), listening() as listener:
        sock, peer = connected(listener)
        peer.setblocking(False)
        data = rng.randbytes(3_000_000)
        sent, got = 0, bytearray()
        while len(got) < len(data):
            with contextlib.suppress(BlockingIOError):
                sent += peer.send(data[sent : sent + rng.randrange(1, 200_000)])
            sock.setReadBufferSize(rng.choice([0, 1, 100, 65_536, 1_000_000]))
            turn()
            limit = sock.readBufferSize()
            held = sock.bytesAvailable()
            got += sock.read(rng.randrange(1, 300_000)) if rng.random() < 0.7 else sock.readAll()
            if limit and rng.random() < 0.3:
                before = sock.bytesAvailable()
                turn()
                assert sock.bytesAvailable() <= max(limit, before, held)
        assert got == data
        peer.close()
        sock.setReadBufferSize(0)
        assert turn_until(lambda: sock.state() is State.UnconnectedState)


@contextlib.contextmanager
def running(program: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """A Python program that is given *port*, and killed at the end of the block if it still runs."""
    with subprocess.Popen([sys.executable, "-c", program, str(port)], stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP")
def test_a_peer_that_is_stopped() -> None:
    """Writes pile up here, timers tick, blocking waits end in time; when it goes on, everything arrives."""
    program = "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); n = 0\n"
    program += "while d := s.recv(1 << 16): n += len(d)\nprint(n)"
    with nothing_left(), listening() as listener, running(program, listener.getsockname()[1]) as child:
        sock = QTcpSocket()
        assert sock.setSocketDescriptor(listener.accept()[0].detach())
        child.send_signal(signal.SIGSTOP)
        sock.write(bytes(30_000_000))
        ticks: list[int] = []
        timer = QTimer(interval=1)
        timer.timeout.connect(lambda: ticks.append(1))
        timer.start()
        assert turn_until(lambda: len(ticks) > 10)
        timer.stop()
        assert sock.bytesToWrite() > 0
        begun = time.monotonic()
        while sock.waitForBytesWritten(50):
            assert time.monotonic() - begun < 60
        assert sock.error() is Error.SocketTimeoutError
        sock.disconnectFromHost()
        assert not sock.waitForDisconnected(30)
        child.send_signal(signal.SIGCONT)
        assert sock.waitForDisconnected(60_000)
        assert child.communicate(timeout=60)[0] == "30000000\n"


MANY_DESCRIPTORS = """
import os, resource, socket, sys, faulthandler
faulthandler.dump_traceback_later(100, exit=True)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(2000, hard), hard))
from qnet.QtCore import *
from qnet.QtNetwork import *
app = QCoreApplication([])
assert app.eventDispatcher().backend() == "select"

def spin(ms):
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()

def turn_until(condition):
    while not condition():  # the watch over the program ends it if that never comes
        spin(5)

listener = socket.create_server(("127.0.0.1", 0))
good = QTcpSocket()
good.connectToHost("127.0.0.1", listener.getsockname()[1])
turn_until(lambda: good.state() == QTcpSocket.ConnectedState)
peer = listener.accept()[0]
fillers = [os.dup(0) for _ in range(1100)]

errors = []
late = QTcpSocket()
late.errorOccurred.connect(errors.append)
late.connectToHost("127.0.0.1", listener.getsockname()[1])
turn_until(lambda: errors)
print([e.name for e in errors], late.state().name, "select" in late.errorString())

raw = socket.create_connection(listener.getsockname())
adopted = QTcpSocket()
adopted.errorOccurred.connect(lambda e: print("adopted", e.name, "select" in adopted.errorString()))
adopted.setSocketDescriptor(raw.detach())
turn_until(lambda: adopted.state() == QTcpSocket.UnconnectedState)
print(adopted.state().name)

udp = QUdpSocket()
udp.errorOccurred.connect(lambda e: print("udp", e.name, "select" in udp.errorString()))
print("bound", udp.bind(QHostAddress.LocalHost, 0))
spin(20)

server = QTcpServer()
server.acceptError.connect(lambda e: print("server", e.name, "select" in server.errorString()))
print("listens", server.listen(QHostAddress.LocalHost))
spin(20)

try:
    notifier = QSocketNotifier(fillers[-1], QSocketNotifier.Type.Read)
except OSError as error:
    print("notifier", "select" in str(error))

peer.sendall(b"still fine")
turn_until(good.bytesAvailable)
print(bytes(good.readAll()))
for made in (good, late, adopted, udp): made.abort()
server.close()
peer.close()
listener.close()
"""


def test_more_descriptors_than_select_can_watch() -> None:
    """The error says so on the socket that is concerned, and the others go on."""
    environment = {**os.environ, "QNET_EVENT_DISPATCHER": "select"}
    environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MANY_DESCRIPTORS)],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "['SocketResourceError'] UnconnectedState True",
        "adopted SocketResourceError True",
        "UnconnectedState",
        "bound True",
        "udp SocketResourceError True",
        "listens True",
        "server SocketResourceError True",
        "notifier True",
        "b'still fine'",
    ]
