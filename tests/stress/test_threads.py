"""Threads against each other: signals, moves, ends, deletions. Counts are exact and the order of a sender is kept."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _leftovers import collect_leftovers
from _wreckage import (
    LOCALHOST,
    descriptors,
    listening,
    no_more_descriptors_than,
    turn,
    turn_until,
    without_collector,
)

from qnet.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    QSocketNotifier,
    Qt,
    QThread,
    QTimer,
    Signal,
)
from qnet.QtNetwork import QTcpSocket

PATIENCE = 60_000  # milliseconds; what waits longer hangs


class Source(QObject):
    ticked = Signal(int, int)
    plain = Signal()


class Sink(QObject):
    """Notes what arrives, and in which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[int, int]] = []
        self.idents: set[int] = set()

    def take(self, who: int, number: int) -> None:
        self.got.append((who, number))
        self.idents.add(threading.get_ident())

    def check(self, senders: int, each: int) -> None:
        """Everything arrived, once, and in the order of every sender."""
        for who in range(senders):
            assert [n for w, n in self.got if w == who] == list(range(each))
        assert len(self.got) == senders * each


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Python changes threads as often as it can."""
    previous = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(previous)


@pytest.fixture
def threads() -> Iterator[list[QThread]]:
    """Four running threads."""
    made = [QThread() for _ in range(4)]
    for thread in made:
        thread.start()
    yield made
    for thread in made:
        thread.quit()
        assert thread.wait(PATIENCE)


def in_threads(count: int, function: Callable[[int], object]) -> None:
    """Run ``function(index)`` in *count* plain threads at once, and wait for them."""
    failures: list[BaseException] = []

    def call(index: int) -> None:
        try:
            function(index)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=call, args=(index,), daemon=True) for index in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(PATIENCE / 1000)
        assert not worker.is_alive(), "a thread hangs"
    assert failures == []


@contextlib.contextmanager
def again_and_again(function: Callable[[int], object]) -> Iterator[None]:
    """Two plain threads call ``function(0)`` and ``function(1)`` all the time, until the block ends in whatever way."""
    stop = threading.Event()

    def call(index: int) -> None:
        while not stop.is_set():
            function(index)

    workers = [threading.Thread(target=call, args=(index,), daemon=True) for index in range(2)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.join(PATIENCE / 1000)
            assert not worker.is_alive(), "a thread hangs"


def eventually(condition: Callable[[], Any]) -> bool:
    """Wait, without turning a loop, for what other threads do."""
    end = time.monotonic() + PATIENCE / 1000
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


def round_trip(threads: list[QThread]) -> None:
    """Return when each of *threads* has done what was posted to it before."""
    for thread in threads:
        source, sink = Source(), Sink()
        sink.moveToThread(thread)
        source.ticked.connect(sink.take, Qt.ConnectionType.BlockingQueuedConnection)
        source.ticked.emit(0, 0)
        assert sink.got == [(0, 0)]


@pytest.mark.usefixtures("quick_switches")
def test_one_signal_eight_emitters_four_receiving_threads(threads: list[QThread]) -> None:
    """Connections to the same signal come and go meanwhile."""
    source = Source()
    sinks = [Sink() for _ in threads]
    for sink, thread in zip(sinks, threads, strict=True):
        sink.moveToThread(thread)
        source.ticked.connect(sink.take)

    def come_and_go(index: int) -> None:
        brief = Sink()
        connection = source.ticked.connect(brief.take)
        late = source.ticked.connect(lambda who, number: None)
        source.ticked.disconnect(late)
        if index:
            source.ticked.disconnect(connection)

    with again_and_again(come_and_go):
        in_threads(8, lambda who: [source.ticked.emit(who, number) for number in range(200)])
    for sink in sinks:
        assert eventually(lambda sink=sink: len(sink.got) >= 1600)
        sink.check(8, 200)
        assert len(sink.idents) == 1


@pytest.mark.usefixtures("quick_switches")
def test_an_object_moves_while_calls_are_queued(threads: list[QThread]) -> None:
    """Nothing is lost, doubled or overtaken, wherever the receiver is when a call arrives."""

    class Nomad(Sink):
        hops = 0

        def take(self, who: int, number: int) -> None:
            super().take(who, number)
            assert self.thread() is QThread.currentThread()
            if number % 5 == 0:
                self.hops += 1
                self.moveToThread(threads[self.hops % len(threads)])

    nomad = Nomad()
    nomad.moveToThread(threads[0])
    sources = [Source() for _ in range(4)]
    for source in sources:
        source.ticked.connect(nomad.take)
    in_threads(4, lambda who: [sources[who].ticked.emit(who, number) for number in range(400)])
    assert eventually(lambda: len(nomad.got) >= 1600)
    nomad.check(4, 400)
    assert nomad.hops == 320


def test_an_object_moves_with_timers_and_sockets(threads: list[QThread]) -> None:
    """Under load it goes from thread to thread: timers tick and bytes arrive in the thread where it is."""
    with listening() as listener:

        class Caravan(QObject):
            def __init__(self) -> None:
                super().__init__()
                self.timer = QTimer(self, interval=1)
                self.timer.timeout.connect(self.tick)
                self.timer.start()
                self.number = self.startTimer(1)
                self.sock = QTcpSocket(self)
                self.sock.readyRead.connect(self.read)
                self.sock.connectToHost(LOCALHOST, listener.getsockname()[1])
                assert self.sock.waitForConnected(PATIENCE)
                self.pipe = os.pipe()
                self.notifier = QSocketNotifier(self.pipe[0], QSocketNotifier.Type.Read, self)
                self.notifier.activated.connect(self.activated)
                self.ticks = self.events = self.hops = self.activations = 0
                self.data = b""

            def here(self) -> None:
                assert self.thread() is QThread.currentThread()

            def tick(self) -> None:
                self.here()
                self.ticks += 1
                if self.hops < 100:
                    self.hops += 1
                    self.moveToThread(threads[self.hops % len(threads)])

            def timerEvent(self, event: QEvent) -> None:
                self.here()
                self.events += 1

            def read(self) -> None:
                self.here()
                self.data += bytes(self.sock.readAll())

            def activated(self, *args: Any) -> None:
                self.here()
                self.activations += len(os.read(self.pipe[0], 100))

            def end(self) -> None:
                self.timer.stop()
                self.killTimer(self.number)
                self.sock.abort()
                self.notifier.setEnabled(False)
                for end in self.pipe:
                    os.close(end)

        caravan = Caravan()
        peer = listener.accept()[0]
        caravan.moveToThread(threads[0])
        sent = b""
        while caravan.hops < 100:
            peer.sendall(b"x")
            os.write(caravan.pipe[1], b"y")
            sent += b"x"
            time.sleep(0.002)
        assert eventually(lambda: caravan.data == sent and caravan.activations == len(sent))
        assert caravan.ticks >= 100
        assert eventually(lambda: caravan.events > 0)
        finished = Source()
        finished.plain.connect(caravan.end, Qt.ConnectionType.BlockingQueuedConnection)
        finished.plain.emit()
        peer.close()


@pytest.mark.usefixtures("quick_switches")
def test_blocking_calls_go_to_and_fro(threads: list[QThread]) -> None:
    sink, source = Sink(), Source()
    sink.moveToThread(threads[0])
    source.ticked.connect(sink.take, Qt.ConnectionType.BlockingQueuedConnection)

    def call(who: int) -> None:
        for number in range(300):
            source.ticked.emit(who, number)
            assert (who, number) in sink.got, "the call was made before emit() returned"

    in_threads(4, call)
    sink.check(4, 300)


@pytest.mark.usefixtures("quick_switches")
def test_single_shot_connections_are_served_once() -> None:
    both = Qt.ConnectionType.SingleShotConnection | Qt.ConnectionType.DirectConnection
    for _ in range(40):
        source, calls = Source(), []
        for _ in range(10):
            source.plain.connect(lambda calls=calls: calls.append(1), both)
        start = threading.Barrier(4)

        def emit(index: int, source: Source = source, start: threading.Barrier = start) -> None:
            start.wait()
            source.plain.emit()

        in_threads(4, emit)
        assert len(calls) == 10


def test_threads_start_and_finish_many_times() -> None:
    """Old ones again and new ones, with calls that come too early, in time and too late."""
    before = descriptors()
    again, runs = QThread(), []
    again.started.connect(lambda: runs.append(1))
    for _ in range(1000):
        again.start()
        again.quit()
        assert again.wait(PATIENCE)
    source = Source()
    for _ in range(200):
        thread, sink = QThread(), Sink()
        sink.moveToThread(thread)
        source.ticked.connect(sink.take)
        source.ticked.emit(0, 0)
        thread.start()
        source.ticked.emit(0, 1)
        thread.quit()
        assert thread.wait(PATIENCE)
        source.ticked.emit(0, 2)
        assert sink.got in ([], [(0, 0)], [(0, 0), (0, 1)])
        source.ticked.disconnect(sink.take)
    assert no_more_descriptors_than(before)
    turn()


@pytest.mark.usefixtures("quick_switches")
def test_quit_at_any_moment() -> None:
    """From the outside, before exec, twice, in nested loops: the thread always ends."""
    rng = random.Random(7)

    class Nest(QObject):
        def go(self) -> None:
            QEventLoop().exec()

    for _ in range(150):
        thread, nest, source = QThread(), Nest(), Source()
        nest.moveToThread(thread)
        source.plain.connect(nest.go)
        thread.start()
        for _ in range(rng.randrange(3)):
            source.plain.emit()
        for _ in range(rng.randrange(200)):
            pass
        thread.exit(rng.randrange(5))
        thread.quit()
        assert thread.wait(PATIENCE)


def test_exit_of_a_loop_from_another_thread_is_never_lost() -> None:
    """A loop that is told to exit as soon as it says that it runs."""
    for _ in range(300):
        loop = QEventLoop()

        def end(loop: QEventLoop = loop) -> None:
            while not loop.isRunning():
                time.sleep(0)
            loop.exit(5)

        worker = threading.Thread(target=end)
        worker.start()
        guard = QTimer(singleShot=True, interval=PATIENCE)
        guard.timeout.connect(loop.quit)
        guard.start()
        assert loop.exec() == 5
        worker.join()


def test_application_quits_from_any_thread(application: QCoreApplication) -> None:
    for code in range(60):
        worker = threading.Thread(
            target=lambda code=code: (
                (QCoreApplication.exit(code), QCoreApplication.exit(code))
                if code % 2
                else (QCoreApplication.quit(), QCoreApplication.quit())
            )
        )
        QTimer.singleShot(0, worker.start)
        assert QCoreApplication.exec() == (code if code % 2 else 0)
        worker.join()
    turn(1)


def test_a_wake_up_is_never_lost() -> None:
    """The loop sleeps for ever between posts; posts come at random moments. A lost one would hang the test."""
    thread, sink, source = QThread(), Sink(), Source()
    sink.moveToThread(thread)
    thread.start()
    source.ticked.connect(sink.take)
    rng = random.Random(3)
    total = 20_000
    for number in range(total):
        source.ticked.emit(0, number)
        if not number % 7:
            for _ in range(rng.randrange(300)):
                pass
        if not number % 100:
            assert eventually(lambda number=number: len(sink.got) == number + 1)
    assert eventually(lambda: len(sink.got) == total)
    sink.check(1, total)
    thread.quit()
    assert thread.wait(PATIENCE)


def test_adopted_threads_whose_numbers_come_again() -> None:
    """Plain threads that end leave nothing; objects of theirs are not mistaken for those of a later thread."""
    left: list[Sink] = []
    idents: list[int] = []
    wrong: list[int] = []

    def run() -> None:
        idents.append(threading.get_ident())
        source = Source()
        for old in left:
            source.ticked.connect(old.take)
        source.ticked.emit(0, 0)  # for objects of threads that are over: queued, never delivered here
        wrong.extend(len(old.got) for old in left if old.got)
        left.append(Sink())
        loop = QEventLoop()
        QTimer.singleShot(0, loop.quit)
        loop.exec()
        assert QThread.currentThread().loopLevel() == 0

    with without_collector():
        before, listed = descriptors(), set(threading.enumerate())
        while len(idents) < 40 or (len(set(idents)) == len(idents) and len(idents) < 1000):
            worker = threading.Thread(target=run)
            worker.start()
            worker.join()
        assert no_more_descriptors_than(before)
        new = [thread for thread in threading.enumerate() if thread not in listed]
        assert not [thread for thread in new if isinstance(thread, threading._DummyThread)]  # one may stay behind
    assert len(set(idents)) < len(idents), "the system gave no number twice: the test shows nothing"
    assert wrong == []


@pytest.mark.usefixtures("quick_switches")
def test_receivers_die_in_their_thread_while_others_emit(threads: list[QThread]) -> None:
    source = Source()
    gone: list[int] = []
    numbers = itertools.count()

    def emit(index: int) -> None:
        source.ticked.emit(0, next(numbers))
        time.sleep(0)

    with again_and_again(emit):
        for index in range(400):
            sink = Sink()
            sink.destroyed.connect(lambda: gone.append(1), Qt.ConnectionType.DirectConnection)
            sink.moveToThread(threads[index % 4])
            source.ticked.connect(sink.take)
            sink.deleteLater()
            del sink
        assert eventually(lambda: len(gone) == 400)
    round_trip(threads)  # the last one has told that it goes: now it is gone
    source.ticked.emit(0, 0)
    assert len(source.ticked._connections) == 0


@pytest.mark.usefixtures("quick_switches")
def test_delete_later_from_many_threads(threads: list[QThread]) -> None:
    objects = [Sink() for _ in range(400)]
    gone: list[int] = []
    for index, sink in enumerate(objects):
        sink.destroyed.connect(lambda: gone.append(1), Qt.ConnectionType.DirectConnection)
        sink.moveToThread(threads[index % 4])
    in_threads(4, lambda index: [sink.deleteLater() for sink in objects])
    assert eventually(lambda: len(gone) >= 400)
    round_trip(threads)
    assert len(gone) == 400


def test_blocking_call_into_a_thread_that_is_over() -> None:
    """Nobody will ever make the call: the caller goes on."""
    thread, sink, source = QThread(), Sink(), Source()
    sink.moveToThread(thread)
    source.ticked.connect(sink.take, Qt.ConnectionType.BlockingQueuedConnection)
    thread.start()
    thread.quit()
    assert thread.wait(PATIENCE)
    in_threads(1, lambda _: source.ticked.emit(0, 0))
    assert sink.got == []


def test_blocking_call_that_waits_when_the_thread_ends() -> None:
    thread, sink, source = QThread(), Sink(), Source()
    busy, go_on = threading.Event(), threading.Event()

    class Busy(QObject):
        def work(self) -> None:
            busy.set()
            go_on.wait()
            thread.quit()

    hard = Busy()
    hard.moveToThread(thread)
    sink.moveToThread(thread)
    source.plain.connect(hard.work, Qt.ConnectionType.QueuedConnection)
    source.ticked.connect(sink.take, Qt.ConnectionType.BlockingQueuedConnection)
    thread.start()
    source.plain.emit()
    assert busy.wait(60)
    caller = threading.Thread(target=lambda: source.ticked.emit(0, 0), daemon=True)
    caller.start()
    time.sleep(0.02)
    go_on.set()
    assert thread.wait(PATIENCE)
    caller.join(60)
    assert not caller.is_alive()
    assert sink.got in ([], [(0, 0)])


def test_dropped_calls_may_be_the_last_to_know_an_object() -> None:
    """Removing a posted event destroys what only it referred to, and that posts: no lock may be held then."""
    sink, heir = Sink(), Source()
    calls: list[int] = []
    heir.plain.connect(lambda: calls.append(1))

    class Parcel(QEvent):
        def __init__(self, content: QObject) -> None:
            super().__init__(QEvent.Type.User)
            self.content = content

    for _ in range(3):
        content = Source()
        content.destroyed.connect(heir.plain.emit, Qt.ConnectionType.QueuedConnection)
        QCoreApplication.postEvent(sink, Parcel(content))
        del content
    worker = threading.Thread(target=lambda: QCoreApplication.removePostedEvents(sink, QEvent.Type.User), daemon=True)
    worker.start()
    worker.join(60)
    assert not worker.is_alive(), "it waits for a lock that it holds"
    turn()
    assert len(calls) == 3


def test_the_collector_may_run_finalizers_anywhere() -> None:
    """Objects in reference cycles die in the middle of a post, and post themselves."""
    source, sink = Source(), Sink()
    source.ticked.connect(sink.take, Qt.ConnectionType.QueuedConnection)
    threshold = gc.get_threshold()
    collect_leftovers()
    gc.set_threshold(1)
    try:
        for number in range(300):
            knot: list[Any] = [QObject()]
            knot.append(knot)
            knot[0].destroyed.connect(lambda *_: source.ticked.emit(1, 0))
            del knot
            source.ticked.emit(0, number)
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert turn_until(lambda: len(sink.got) == 600)
    assert [n for who, n in sink.got if not who] == list(range(300))


def test_threads_leave_no_objects() -> None:
    with without_collector():
        refs = []
        for _ in range(10):
            thread, sink = QThread(), Sink()
            sink.moveToThread(thread)
            thread.start()
            QTimer.singleShot(0, sink, lambda: None)
            thread.quit()
            assert thread.wait(PATIENCE)
            refs += [weakref.ref(thread), weakref.ref(sink)]
            del thread, sink
        turn()
        assert eventually(lambda: all(ref() is None for ref in refs))
