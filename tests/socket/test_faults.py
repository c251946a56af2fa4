"""Faults and loads: descriptor exhaustion, leaks without the garbage collector, thousands of connections, volume."""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path
from typing import Any

import pytest
from _peers import Background, accept, ours, read_exactly

ROOT = Path(__file__).resolve().parents[2]


def run(program: str, *arguments: str, timeout: float = 110) -> str:
    """The output of a program in an interpreter of its own: its limits and its memory are its own too."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "PYTHONWARNINGS": "default"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def test_sixteen_mebibytes_both_ways_with_a_small_read_buffer(qt: Any, app: Any) -> None:
    size = 16 << 20
    data = os.urandom(1 << 20) * 16
    server = qt.QTcpServer()
    assert server.listen(qt.QHostAddress("127.0.0.1"))
    client = qt.QTcpSocket()
    client.connectToHost("127.0.0.1", server.serverPort())
    assert qt.wait(server.hasPendingConnections)
    peer = server.nextPendingConnection()
    got = {id(client): bytearray(), id(peer): bytearray()}
    largest = 0
    for sock in (client, peer):
        sock.setReadBufferSize(4096)

        def read(sock: Any = sock) -> None:
            nonlocal largest
            largest = max(largest, sock.bytesAvailable())
            got[id(sock)].extend(bytes(sock.readAll()))

        sock.readyRead.connect(read)
        sock.write(data)
    assert qt.wait(lambda: all(len(g) == size for g in got.values()), 100)
    assert all(g == data for g in got.values())
    assert largest <= 4096
    client.abort()
    peer.abort()
    server.close()


LEAKS = """
    import gc, os, sys, tracemalloc
    gc.disable()
    from qnet.QtCore import QCoreApplication, QTimer
    from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket

    total = int(sys.argv[1])
    app = QCoreApplication([])
    server = QTcpServer()
    assert server.listen(QHostAddress("127.0.0.1"))
    served = []

    def serve():
        while (client := server.nextPendingConnection()) is not None:
            client.readyRead.connect(lambda client=None: None)
            client.disconnected.connect(client.deleteLater)
            client.write(b"x")
            client.disconnectFromHost()

    server.newConnection.connect(serve)
    count = 0

    def start():
        client = QTcpSocket()
        client.disconnected.connect(finished)
        client.readyRead.connect(client.readAll)
        client.connectToHost("127.0.0.1", server.serverPort())

    def finished():
        global count
        count += 1
        if count == total:
            app.quit()
        else:
            start()

    def measure():
        with open("/proc/self/statm") as statm:
            resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return len(os.listdir("/proc/self/fd")), sys.getallocatedblocks(), resident

    def rounds(number):
        global count, total
        count, total = 0, number
        start()
        app.exec()
        app.processEvents()

    wanted = total
    rounds(wanted // 10)
    before = measure()
    rounds(wanted)
    after = measure()
    print(after[0] - before[0], after[1] - before[1], after[2] - before[2], gc.collect())
    server.close()
"""


@pytest.mark.qnet("objects die by reference count: Qt has no garbage collector to switch off")
@pytest.mark.parametrize(
    "connections", [2_000, pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
def test_connections_leave_nothing_behind_without_the_collector(qt: Any, connections: int) -> None:
    descriptors, blocks, resident, _ = map(int, run(LEAKS, str(connections), timeout=280).split())
    assert descriptors == 0
    assert blocks < 500  # caches, not a block for every connection
    assert resident < 4 << 20


@pytest.mark.qnet("objects die by reference count: Qt has no garbage collector to switch off")
def test_a_failure_while_another_is_handled_holds_no_socket(qt: Any, app: Any) -> None:
    taken = ours(qt.QTcpSocket())
    assert taken.bind(qt.QHostAddress("127.0.0.1"))

    def fail_to_bind() -> weakref.ref[Any]:
        sock = qt.QTcpSocket()
        try:
            raise KeyError("of the program, whose frame has the socket")
        except KeyError:
            assert not sock.bind(qt.QHostAddress("127.0.0.1"), taken.localPort())
        return weakref.ref(sock)

    gc.disable()
    try:
        assert fail_to_bind()() is None
    finally:
        gc.enable()


EXHAUSTION = """
    import os, resource, socket, sys, time
    from qnet.QtCore import QCoreApplication, QTimer
    from qnet.QtNetwork import QHostAddress, QTcpServer

    app = QCoreApplication([])
    server = QTcpServer()
    errors, clients = [], []
    server.acceptError.connect(lambda code: errors.append(code.name))
    server.newConnection.connect(lambda: clients.append(server.nextPendingConnection()))
    assert server.listen(QHostAddress("127.0.0.1"))
    wires = [socket.socket() for _ in range(8)]
    for wire in wires:
        wire.setblocking(False)
    app.processEvents()
    last = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (last + 4, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    for wire in wires:
        wire.connect_ex(("127.0.0.1", server.serverPort()))

    def spin(seconds):
        QTimer.singleShot(int(seconds * 1000), app.quit)
        app.exec()

    def until(predicate):
        end = time.monotonic() + 30
        while not predicate() and time.monotonic() < end:
            spin(0.01)

    before = time.process_time()
    until(lambda: errors)
    spin(1.0)
    busy = time.process_time() - before
    print(len(clients), len(errors), set(errors) == {"SocketResourceError"}, server.isListening(), busy < 0.3)
    assert "EMFILE" in server.errorString(), server.errorString()
    for client in clients:
        client.disconnectFromHost()
        client.deleteLater()
    served = len(clients)
    clients.clear()
    until(lambda: clients)
    print(served + len(clients) > served)
    resource.setrlimit(resource.RLIMIT_NOFILE, (last + 64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    until(lambda: served + len(clients) == 8)
    print(served + len(clients))
    for client in clients:
        client.abort()
    for wire in wires:
        wire.close()
    server.close()
"""


@pytest.mark.qnet("Qt spins while no descriptor is left")
def test_running_out_of_descriptors_is_reported_and_survived(qt: Any) -> None:
    first, resumed, everybody = run(EXHAUSTION).splitlines()
    served, reports, right_code, listening, idle = first.split()
    assert 0 < int(served) < 8
    assert 0 < int(reports) <= 10
    assert (right_code, listening, idle) == ("True", "True", "True")
    assert resumed == "True"
    assert everybody == "8"


IDLE = """
    import gc, os, select, socket, sys, threading
    from qnet.QtCore import QCoreApplication, QTimer
    from qnet.QtNetwork import QHostAddress, QTcpServer

    number = int(sys.argv[1])
    app = QCoreApplication([])
    server = QTcpServer()
    server.setListenBacklogSize(4096)
    clients = []

    def serve():
        while (client := server.nextPendingConnection()) is not None:
            client.readyRead.connect(client_ready)
            client.disconnected.connect(client.deleteLater)
            clients.append(client)

    def client_ready():
        for client in clients:
            if client.bytesAvailable():
                client.write(client.readAll())

    server.newConnection.connect(serve)
    assert server.listen(QHostAddress("127.0.0.1"))
    wires = []

    def dial(count):
        for _ in range(count):
            wire = socket.create_connection(("127.0.0.1", server.serverPort()), 60)
            wires.append(wire)

    def until(predicate):
        while not predicate():
            QTimer.singleShot(5, app.quit)
            app.exec()

    def both(count):
        before = len(clients)
        thread = threading.Thread(target=dial, args=(count,))
        thread.start()
        until(lambda: len(clients) == before + count)
        thread.join()

    both(200)  # warm up
    import tracemalloc
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    both(number)
    gc.collect()
    traced = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, "*socket.py")])
    wire_objects = sum(sys.getsizeof(w) + 200 for w in wires[200:])
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    wires[17].sendall(b"still there?")
    answer = select.poll()
    answer.register(wires[17], select.POLLIN)
    until(lambda: answer.poll(0))
    print((grown - wire_objects) // number, wires[17].recv(100))
    for client in clients:
        client.abort()
    for wire in wires:
        wire.close()
    server.close()
"""


@pytest.mark.qnet("the memory of a connection is Python's here and C++'s there")
def test_five_thousand_idle_connections_are_cheap_and_answered(qt: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 11_000:
        pytest.skip(f"this system allows {hard} descriptors only")
    if os.environ.get("QNET_EVENT_DISPATCHER") == "select":
        pytest.skip("select() cannot watch 5,000 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))
    try:
        each, answer = run(IDLE, "5000").split(maxsplit=1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert int(each) < 6 * 1024
    assert answer.strip() == "b'still there?'"


def test_a_slow_reader_does_not_stop_the_others(qt: Any, app: Any) -> None:
    server = qt.QTcpServer()
    assert server.listen(qt.QHostAddress("127.0.0.1"))
    block = b"b" * (8 << 20)

    def serve() -> None:
        client = server.nextPendingConnection()
        client.write(block)

    server.newConnection.connect(serve)
    slow, fast = qt.QTcpSocket(), qt.QTcpSocket()
    slow.setReadBufferSize(1024)
    received = bytearray()
    fast.readyRead.connect(lambda: received.extend(bytes(fast.readAll())))
    for sock in (slow, fast):
        sock.connectToHost("127.0.0.1", server.serverPort())
    assert qt.wait(lambda: len(received) == len(block), 60)
    assert qt.wait(lambda: slow.bytesAvailable() == 1024)
    slow.abort()
    fast.abort()
    server.close()


def test_three_hundred_connections_at_once(qt: Any, app: Any) -> None:
    if os.environ.get("QNET_EVENT_DISPATCHER") == "select":
        pytest.skip("select() cannot watch that many descriptors")
    number = 300
    server = qt.QTcpServer()
    server.setListenBacklogSize(number)
    server.setMaxPendingConnections(number)
    assert server.listen(qt.QHostAddress("127.0.0.1"))

    def serve() -> None:
        client = server.nextPendingConnection()
        client.readyRead.connect(lambda: client.write(client.readAll()))

    server.newConnection.connect(serve)
    clients = []
    for index in range(number):
        sock = qt.QTcpSocket()
        sock.connectToHost("127.0.0.1", server.serverPort())
        sock.write(b"%d" % index)
        clients.append(sock)
    assert qt.wait(lambda: all(s.bytesAvailable() == len(str(i)) for i, s in enumerate(clients)), 60)
    assert [bytes(s.readAll()) for s in clients] == [b"%d" % i for i in range(number)]
    for sock in clients:
        sock.abort()
    server.close()
    gc.collect()


@pytest.mark.qnet("Qt may drop what the peer sent when its own write fails")
def test_the_peer_dies_in_the_middle_of_everything(qt: Any, app: Any) -> None:
    """Resets while both directions are full leave nothing hanging, over and over."""
    import socket
    import struct

    with socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(20):
            sock = ours(qt.QTcpSocket())
            gone: list[bool] = []
            sock.disconnected.connect(lambda gone=gone: gone.append(True))
            sock.connectToHost("127.0.0.1", listener.getsockname()[1])
            sock.write(bytes(4 << 20))
            assert sock.waitForConnected(30_000)
            peer = accept(listener)
            with Background(peer.sendall, b"x" * 100_000), Background(read_exactly, peer, 100_000) as reader:
                assert qt.wait(lambda sock=sock: sock.bytesAvailable() == 100_000)
                reader.join()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            assert qt.wait(lambda gone=gone: gone)
            assert gone == [True]
            assert sock.state() == qt.QTcpSocket.UnconnectedState
            assert len(bytes(sock.readAll())) == 100_000
