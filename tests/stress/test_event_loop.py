"""The event loop under slots that raise, recurse, nest, post without end, and under Ctrl-C."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc
import weakref
from collections.abc import Callable
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
    without_collector,
)

from qnet.core._thread_data import current
from qnet.core.hooks import SlotException
from qnet.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QMetaObject,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    Signal,
)
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class Source(QObject):
    ticked = Signal(int)
    plain = Signal()


class Failure(Exception):
    pass


def fail(*args: Any) -> None:
    raise Failure


def from_timer() -> Any:
    QTimer.singleShot(0, fail)


def from_timer_object() -> Any:
    timer = QTimer(singleShot=True, interval=0)
    timer.timeout.connect(fail)
    timer.start()


def from_timer_event() -> Any:
    class Ticking(QObject):
        def timerEvent(self, event: QEvent) -> None:
            self.killTimer(event.timerId())
            fail()

    ticking = Ticking()
    ticking.startTimer(0)
    return ticking


def from_notifier() -> Any:
    reader, writer = os.pipe()
    notifier = QSocketNotifier(reader, QSocketNotifier.Type.Read)

    def activated(*args: Any) -> None:
        notifier.setEnabled(False)
        os.close(reader)
        fail()

    notifier.activated.connect(activated)
    os.close(writer)
    return notifier


def from_posted_event() -> Any:
    class Picky(QObject):
        def event(self, event: QEvent) -> bool:
            raise Failure

    picky = Picky()
    QCoreApplication.postEvent(picky, QEvent(QEvent.Type.User))
    return picky


def from_event_filter() -> Any:
    class Filter(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            raise Failure

    watched, watcher = QObject(), Filter()
    watched.installEventFilter(watcher)
    QCoreApplication.postEvent(watched, QEvent(QEvent.Type.User))
    return watched, watcher


def from_queued_call() -> Any:
    source = Source()
    source.plain.connect(fail, Qt.ConnectionType.QueuedConnection)
    source.plain.emit()
    return source


def from_invoked_method() -> Any:
    source = Source()
    QMetaObject.invokeMethod(source, fail, Qt.ConnectionType.QueuedConnection)
    return source


def from_destroyed() -> Any:
    source = Source()
    source.destroyed.connect(fail)
    source.deleteLater()


def from_child_event() -> Any:
    class Parent(QObject):
        def childEvent(self, event: QEvent) -> None:
            raise Failure

    parent = Parent()
    QTimer.singleShot(0, lambda: Source(parent))
    return parent


def from_incoming_connection() -> Any:
    class Server(QTcpServer):
        def incomingConnection(self, handle: int) -> None:
            os.close(handle)
            self.close()
            raise Failure

    server, client = Server(), QTcpSocket()
    server.listen(QHostAddress(LOCALHOST))
    client.connectToHost(LOCALHOST, server.serverPort())
    return server, client


def from_new_connection() -> Any:
    server, client = QTcpServer(), QTcpSocket()
    server.listen(QHostAddress(LOCALHOST))
    server.newConnection.connect(fail)
    server.newConnection.connect(server.close)
    client.connectToHost(LOCALHOST, server.serverPort())
    return server, client


ORIGINS = [value for name, value in sorted(globals().items()) if name.startswith("from_")]


@pytest.mark.parametrize("begin", ORIGINS, ids=lambda begin: begin.__name__)
def test_what_a_callback_raises_is_reported_once(begin: Callable[[], Any], reports: list[SlotException]) -> None:
    """And the loop goes on: a timer that is started behind it still fires."""
    with nothing_left():
        kept = begin()
        assert turn_until(lambda: reports)
        turn(2)
        assert [type(report.exception) for report in reports] == [Failure]
        reports.clear()
        for made in kept if isinstance(kept, tuple) else (kept,):
            if isinstance(made, QTcpSocket):
                made.abort()
        kept = made = None


def test_about_to_quit_may_fail(reports: list[SlotException], application: QCoreApplication) -> None:
    connection = application.aboutToQuit.connect(fail)
    QTimer.singleShot(0, lambda: QCoreApplication.exit(4))
    assert QCoreApplication.exec() == 4
    application.aboutToQuit.disconnect(connection)
    assert [type(report.exception) for report in reports] == [Failure]
    reports.clear()


def test_a_system_exit_in_any_callback_ends_exec_and_loses_nothing() -> None:
    """What was queued, and what was written, is there when the loop runs again."""
    with listening() as listener, nothing_left():
        clients = [QTcpSocket() for _ in range(3)]
        for client in clients:
            client.connectToHost(LOCALHOST, listener.getsockname()[1])
        assert turn_until(lambda: all(c.state() is QTcpSocket.SocketState.ConnectedState for c in clients))
        peers = [listener.accept()[0] for _ in clients]

        def leave(*args: Any) -> None:
            raise SystemExit(3)

        for client in clients:
            client.bytesWritten.connect(leave, Qt.ConnectionType.SingleShotConnection)
            client.write(b"data")
        calls: list[int] = []
        source = Source()
        source.ticked.connect(calls.append, Qt.ConnectionType.QueuedConnection)
        for number in range(5):
            source.ticked.emit(number)
        ends = 0
        while len(calls) < 5 or ends < 3:
            try:
                turn(5)
            except SystemExit:
                ends += 1
        assert (ends, calls) == (3, [0, 1, 2, 3, 4])
        for peer in peers:
            assert peer.recv(100) == b"data"
            peer.close()
        for client in clients:
            client.abort()


def test_a_signal_that_is_connected_to_itself(reports: list[SlotException]) -> None:
    """A report, not a crash."""
    source = Source()
    source.plain.connect(source.plain)
    source.plain.emit()
    assert reports
    assert {type(report.exception) for report in reports} == {RecursionError}
    reports.clear()
    QTimer.singleShot(0, source.plain.emit)
    assert turn_until(lambda: reports)
    reports.clear()


def test_a_tree_of_any_depth() -> None:
    root = QObject()
    node, order = root, []
    for depth in range(3000):
        node.destroyed.connect(lambda *_, depth=depth: order.append(depth))
        node = QObject(node)
    leaf = weakref.ref(node)
    assert len(root.findChildren(QObject)) == 3000
    with without_collector():
        del node, root
        assert leaf() is None
    assert order == list(range(3000))


def seconds(function: Callable[[], object]) -> float:
    """The shorter of three runs, in time of the processor: what others take of the machine is not to the point."""
    times = []
    for _ in range(3):
        start = time.thread_time()
        function()
        times.append(time.thread_time() - start)
    return min(times)


@pytest.mark.parametrize("backwards", [False, True])
def test_deleting_children_is_linear(backwards: bool) -> None:
    def delete(count: int) -> None:
        parent = QObject()
        children = [QObject(parent) for _ in range(count)]
        for child in reversed(children) if backwards else children:
            child.setParent(None)
        parent = QObject()
        for _ in range(count):
            QObject(parent)

    assert seconds(lambda: delete(10_000)) < 40 * seconds(lambda: delete(1000)) + 0.1


def test_ten_thousand_connections() -> None:
    class Sink(QObject):
        count = 0

        def take(self) -> None:
            Sink.count += 1

    source = Source()
    sinks = [Sink() for _ in range(10_000)]
    start = time.thread_time()  # what others take of the machine is not to the point
    for sink in sinks:
        source.plain.connect(sink.take)
    source.plain.emit()
    assert Sink.count == 10_000
    for sink in sinks[:500]:
        assert source.plain.disconnect(sink.take)
    source.plain.emit()
    assert Sink.count == 19_500
    del sinks, sink
    source.plain.emit()
    assert Sink.count == 19_500
    assert source.plain._connections == ()
    assert time.thread_time() - start < 10


def test_an_enormous_queue() -> None:
    source, got = Source(), []
    source.ticked.connect(got.append, Qt.ConnectionType.QueuedConnection)
    for number in range(100_000):
        source.ticked.emit(number)
    QCoreApplication.processEvents()
    assert got == list(range(100_000))


def test_a_slot_that_posts_itself_starves_nobody() -> None:
    source = Source()
    source.plain.connect(source.plain.emit, Qt.ConnectionType.QueuedConnection)
    source.plain.emit()
    ticks: list[int] = []
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start()
    with listening() as listener:
        client = QTcpSocket()
        client.connectToHost(LOCALHOST, listener.getsockname()[1])
        assert turn_until(lambda: client.state() is QTcpSocket.SocketState.ConnectedState and len(ticks) > 5)
        client.abort()
    timer.stop()
    source.deleteLater()
    del source
    turn()


def test_process_events_within_process_events() -> None:
    """Every queued call is made once, in order of its posting as far as slots do not nest."""
    source, begun, ended = Source(), [], []

    def take(number: int) -> None:
        begun.append(number)
        if number % 10 == 0:
            QCoreApplication.processEvents()
        ended.append(number)

    source.ticked.connect(take, Qt.ConnectionType.QueuedConnection)
    for number in range(500):
        source.ticked.emit(number)
    turn()
    assert begun == list(range(500))
    assert sorted(ended) == begun


def test_a_nested_loop_flushes_what_its_turn_had_to_flush() -> None:
    """A slot of the first socket's bytesWritten waits, in a loop, for the answer to what the second one wrote."""
    with listening() as listener, nothing_left():
        first, second = QTcpSocket(), QTcpSocket()
        for client in (first, second):
            client.connectToHost(LOCALHOST, listener.getsockname()[1])
        assert turn_until(lambda: second.state() is first.state() is QTcpSocket.SocketState.ConnectedState)
        peers = {peer.getpeername()[1]: peer for peer in (listener.accept()[0], listener.accept()[0])}
        answers: list[bytes] = []

        def wait_for_second(*args: Any) -> None:
            peer = peers[second.localPort()]
            peer.setblocking(False)

            def look() -> None:
                try:
                    answers.append(peer.recv(100))
                    loop.quit()
                except BlockingIOError:
                    return

            loop, timer, guard = QEventLoop(), QTimer(interval=1), QTimer(interval=60_000)
            timer.timeout.connect(look)
            guard.timeout.connect(loop.quit)
            timer.start()
            guard.start()
            loop.exec()
            timer.stop()
            guard.stop()

        first.bytesWritten.connect(wait_for_second)
        first.write(b"one")
        second.write(b"two")
        assert turn_until(lambda: answers)
        assert answers == [b"two"]
        for peer in peers.values():
            peer.close()
        first.abort()
        second.abort()


def test_delete_later_in_every_kind_of_slot(application: QCoreApplication) -> None:
    """Also in slots of the flush and of the dispatcher's own signals: the running loop deletes."""
    dispatcher = QCoreApplication.eventDispatcher()
    gone: list[str] = []

    def delete(name: str) -> None:
        doomed = QObject()
        doomed.destroyed.connect(lambda: gone.append(name))
        doomed.deleteLater()

    single = Qt.ConnectionType.SingleShotConnection
    with listening() as listener:
        client = QTcpSocket()
        client.connectToHost(LOCALHOST, listener.getsockname()[1])
        assert turn_until(lambda: client.state() is QTcpSocket.SocketState.ConnectedState)
        client.bytesWritten.connect(lambda *_: delete("flush in a turn"), single)
        client.bytesWritten.connect(lambda *_: client.write(b"again"), single)
        dispatcher.aboutToBlock.connect(lambda: delete("aboutToBlock"), single)
        dispatcher.awake.connect(lambda: delete("awake"), single)
        client.write(b"once")

        def second_slot(*args: Any) -> None:
            client.bytesWritten.connect(lambda *_: delete("flush before a wait"), single)

        client.bytesWritten.connect(second_slot, single)
        seen: list[str] = []
        looks, guard = QTimer(interval=10), QTimer(interval=60_000)

        def look() -> None:
            if len(gone) == 4:
                application.quit()
            seen[:] = sorted(gone)  # while the loop runs: its end deletes in any case

        looks.timeout.connect(look)
        guard.timeout.connect(application.quit)
        looks.start()
        guard.start()
        application.exec()
        looks.stop()
        guard.stop()
        assert seen == ["aboutToBlock", "awake", "flush before a wait", "flush in a turn"]
        client.abort()


def test_what_a_slot_of_about_to_block_does_is_not_slept_on() -> None:
    dispatcher = QCoreApplication.eventDispatcher()
    loop = QEventLoop()

    def start_timer() -> None:
        QTimer.singleShot(1, loop.quit)

    dispatcher.aboutToBlock.connect(start_timer, Qt.ConnectionType.SingleShotConnection)
    guard = QTimer(singleShot=True, interval=60_000)
    guard.timeout.connect(lambda: loop.exit(1))
    guard.start()
    assert loop.exec() == 0
    guard.stop()


@pytest.mark.parametrize("interval", [0, 1, 2**31 - 1, 2**40, 2**62])
def test_timers_of_every_interval(interval: int) -> None:
    timer = QTimer()
    ticks: list[int] = []
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(interval)
    assert timer.remainingTime() >= 0
    turn(5)
    assert bool(ticks) == (interval < 2)
    timer.stop()
    assert timer.remainingTime() == -1


def test_timers_start_and_stop_in_their_slots() -> None:
    rng, before = random.Random(5), len(current().timers)
    timers = [QTimer() for _ in range(200)]
    fired: list[int] = []

    def tick() -> None:
        fired.append(1)
        for timer in rng.sample(timers, 5):
            timer.stop() if rng.random() < 0.5 else timer.start(rng.randrange(3))

    for timer in timers:
        timer.timeout.connect(tick)
        timer.start(rng.randrange(3))
    assert turn_until(lambda: len(fired) > 2000)
    for timer in timers:
        timer.stop()
    turn()
    assert len(current().timers) <= before  # those of other tests may have come to their end


def test_collections_in_slots_and_objects_from_finalizers() -> None:
    source, born, children = Source(), [], []

    class Phoenix:
        def __del__(self) -> None:
            child = Source()
            children.append(child)
            child.plain.connect(lambda: born.append(child))
            QTimer.singleShot(0, child.plain.emit)

    def slot(number: int) -> None:
        knot: list[Any] = [Phoenix(), QObject()]
        knot.append(knot)
        del knot
        if number % 5 == 0:
            gc.collect()

    source.ticked.connect(slot, Qt.ConnectionType.QueuedConnection)
    for number in range(20):
        source.ticked.emit(number)
    turn()
    gc.collect()
    assert turn_until(lambda: len(born) == 20)


def test_memory_is_given_back() -> None:
    """Signals, timers, calls and sockets, with the collector off."""
    with listening() as listener:
        port = listener.getsockname()[1]

        def live() -> None:
            for _ in range(20):
                source, child = Source(), QObject()
                child.setParent(source)
                source.ticked.connect(lambda number: None)
                source.plain.connect(source.deleteLater, Qt.ConnectionType.QueuedConnection)
                source.ticked.emit(1)
                source.plain.emit()
                timer = QTimer(source, interval=1000)
                timer.start()
                source.startTimer(1000)
            client = QTcpSocket()
            client.connectToHost(LOCALHOST, port)
            client.write(b"data")
            turn(2)
            peer = listener.accept()[0]
            peer.sendall(b"x" * 1000)
            turn(2)
            peer.close()
            client.abort()
            turn()

        with without_collector():
            for _ in range(5):
                live()
            handles = descriptors()
            tracemalloc.start()
            try:
                for _ in range(3):
                    live()
                before = tracemalloc.get_traced_memory()[0]
                for _ in range(20):
                    live()
                grown = tracemalloc.get_traced_memory()[0] - before
            finally:
                tracemalloc.stop()
            assert grown < 40_000  # a leak of one socket a round would be 100,000
            assert no_more_descriptors_than(handles)


INTERRUPTED = """
import faulthandler, random, signal, sys, threading
faulthandler.dump_traceback_later(100, exit=True)
from qnet.QtCore import *
from qnet.QtNetwork import *

class Source(QObject):
    ticked = Signal(int)

app = QCoreApplication([])
server, clients, source = QTcpServer(), [], Source()
server.listen(QHostAddress("127.0.0.1"))

def take():
    sock = server.nextPendingConnection()
    sock.readyRead.connect(lambda: sock.write(sock.readAll()))

server.newConnection.connect(take)
for _ in range(5):
    client = QTcpSocket()
    client.connected.connect(lambda c=client: c.write(b"x" * 2000))
    client.readyRead.connect(lambda c=client: c.write(c.readAll()))
    client.connectToHost("127.0.0.1", server.serverPort())
    clients.append(client)
sink = Source()
source.ticked.connect(sink.ticked.emit, Qt.QueuedConnection)
timers = [QTimer(interval=i) for i in (0, 1, 2)]
for timer in timers:
    timer.timeout.connect(lambda: (source.ticked.emit(1), QObject(QObject())))
    timer.start()
if "nested" in sys.argv:
    QTimer.singleShot(5, lambda: QEventLoop().exec())
if "asleep" in sys.argv:
    for timer in timers: timer.stop()
    for client in clients: client.abort()
for turn in range(int(sys.argv[1])):
    try:
        QTimer.singleShot(0 if turn else 20, lambda: print("ready", flush=True))  # exec() is running: interrupt it
        app.exec()
        print("ended without it")
        break
    except KeyboardInterrupt:
        print("interrupted", flush=True)
for client in clients: client.abort()
server.close()
"""


@pytest.mark.parametrize("how", ["busy", "nested", "asleep"])
def test_ctrl_c_at_any_moment(how: str) -> None:
    """Twenty times in one process, at random moments: exec() ends with KeyboardInterrupt every time."""
    times, rng = 20, random.Random(11)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(times), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as program:
        assert program.stdout is not None
        said = []
        try:
            for _ in range(times):
                said.append(program.stdout.readline())  # "ready", or "" once it has died
                time.sleep(rng.random() * 0.01)
                program.send_signal(signal.SIGINT)
                said.append(program.stdout.readline())
            out, err = program.communicate(timeout=60)
        finally:
            program.kill()
    assert (program.returncode, out, err) == (0, "", "")
    assert said == ["ready\n", "interrupted\n"] * times
