"""QSocketNotifier on real socket pairs and pipes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    with near, far:
        yield near, far


Pair = tuple[socket.socket, socket.socket]


def test_a_new_notifier(qt: Implementation, pair: Pair) -> None:
    notifier = qt.QSocketNotifier(pair[0].fileno(), qt.QSocketNotifier.Type.Read)
    assert notifier.socket() == pair[0].fileno()
    assert notifier.type() == qt.QSocketNotifier.Type.Read
    assert notifier.isEnabled()
    assert notifier.isValid()
    notifier.setEnabled(False)
    assert not notifier.isEnabled()


def test_read(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: recorder(near.recv(100)))
    qt.spin(5)
    assert recorder.calls == []
    far.send(b"one")
    assert qt.wait(lambda: recorder.calls)
    far.send(b"two")
    assert qt.wait(lambda: len(recorder) == 2)
    assert recorder.calls == [(b"one",), (b"two",)]
    notifier.setEnabled(False)


def test_a_slot_gets_the_descriptor(qt: Implementation, pair: Pair) -> None:
    near, far = pair
    got: list[Any] = []
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)

    def slot(descriptor: Any) -> None:
        near.recv(100)
        got.append(descriptor)

    notifier.activated.connect(slot)
    far.send(b"x")
    assert qt.wait(lambda: got)
    assert isinstance(got[0], qt.QSocketDescriptor)
    assert got[0].isValid()
    notifier.setEnabled(False)


def test_read_is_level_triggered(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: recorder())
    far.send(b"x")
    assert qt.wait(lambda: len(recorder) >= 3)
    near.recv(1)
    notifier.setEnabled(False)


def test_end_of_file_reads(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: (notifier.setEnabled(False), recorder(near.recv(1))))
    far.close()
    assert qt.wait(lambda: recorder.calls)
    assert recorder.calls == [(b"",)]


def test_write(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Write)
    notifier.activated.connect(lambda *args: (notifier.setEnabled(False), recorder()))
    assert qt.wait(lambda: recorder.calls)
    try:
        while True:
            near.send(bytes(65536))
    except BlockingIOError:
        pass
    notifier.setEnabled(True)
    qt.spin(10)
    assert len(recorder) == 1
    while True:
        try:
            if not far.recv(1 << 20):
                break
        except BlockingIOError:
            break
    assert qt.wait(lambda: len(recorder) == 2)


def test_exception_is_urgent_data(qt: Implementation, recorder: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    with near, far:
        notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Exception)
        notifier.activated.connect(lambda *args: (notifier.setEnabled(False), recorder()))
        far.send(b"ordinary")
        qt.spin(5)
        assert recorder.calls == []
        far.send(b"!", socket.MSG_OOB)
        assert qt.wait(lambda: recorder.calls)


def test_read_and_write_on_one_descriptor(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    read = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    writers = [qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Write)]
    read.activated.connect(lambda *args: (near.recv(10), recorder("read")))
    writers[0].activated.connect(lambda *args: (writers[0].setEnabled(False), recorder("write")))
    assert qt.wait(lambda: recorder.calls)
    assert recorder.calls == [("write",)]
    far.send(b"x")
    assert qt.wait(lambda: len(recorder) == 2)
    assert recorder.calls[1] == ("read",)
    writers.clear()
    far.send(b"y")
    assert qt.wait(lambda: len(recorder) == 3)
    read.setEnabled(False)


def test_a_disabled_notifier_is_silent(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: (near.recv(10), recorder()))
    notifier.setEnabled(False)
    far.send(b"x")
    qt.spin(5)
    assert recorder.calls == []
    notifier.setEnabled(True)
    assert qt.wait(lambda: recorder.calls)
    notifier.setEnabled(False)


def test_enabling_twice_is_once(qt: Implementation, pair: Pair) -> None:
    notifier = qt.QSocketNotifier(pair[0].fileno(), qt.QSocketNotifier.Type.Read)
    notifier.setEnabled(True)
    notifier.setEnabled(False)
    notifier.setEnabled(False)
    assert not notifier.isEnabled()


def test_disabling_another_in_a_slot_silences_it(qt: Implementation, recorder: Recorder) -> None:
    with contextlib.ExitStack() as stack:
        pairs = [[stack.enter_context(end) for end in socket.socketpair()] for _ in range(2)]
        notifiers = []
        for near, _far in pairs:
            notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
            notifier.activated.connect(lambda *args: (recorder(), [n.setEnabled(False) for n in notifiers]))
            notifiers.append(notifier)
        for _near, far in pairs:
            far.send(b"x")
        assert qt.wait(lambda: recorder.calls)
        qt.spin(10)
        assert len(recorder) == 1


def test_deleting_in_the_slot(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    holder = [qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)]
    holder[0].activated.connect(lambda *args: (recorder(), holder.clear()))
    far.send(b"x")
    assert qt.wait(lambda: recorder.calls)
    qt.spin(10)
    assert len(recorder) == 1


def test_the_notifier_unregisters_when_it_dies(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: recorder())
    del notifier
    far.send(b"x")
    qt.spin(5)
    assert recorder.calls == []
    again = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    again.activated.connect(lambda *args: (again.setEnabled(False), recorder()))
    assert qt.wait(lambda: recorder.calls)


def test_a_notifier_without_descriptor(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    notifier = qt.QSocketNotifier(qt.QSocketNotifier.Type.Read)
    assert not notifier.isValid()
    assert not notifier.isEnabled()
    notifier.setSocket(near.fileno())
    assert notifier.isValid()
    assert notifier.socket() == near.fileno()
    notifier.activated.connect(lambda *args: (near.recv(10), recorder()))
    notifier.setEnabled(True)
    far.send(b"x")
    assert qt.wait(lambda: recorder.calls)
    notifier.setEnabled(False)


def test_set_socket_disables(qt: Implementation, pair: Pair) -> None:
    notifier = qt.QSocketNotifier(pair[0].fileno(), qt.QSocketNotifier.Type.Read)
    notifier.setSocket(pair[1].fileno())
    assert notifier.socket() == pair[1].fileno()
    assert not notifier.isEnabled()


def test_pipes_work_too(qt: Implementation, recorder: Recorder) -> None:
    reading, writing = os.pipe()
    notifier = qt.QSocketNotifier(reading, qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: recorder(os.read(reading, 10)))
    os.write(writing, b"x")
    assert qt.wait(lambda: recorder.calls)
    assert recorder.calls == [(b"x",)]
    notifier.setEnabled(False)
    os.close(reading)
    os.close(writing)


def test_a_negative_descriptor_warns(qt: Implementation, messages: list[str]) -> None:
    notifier = qt.QSocketNotifier(-1, qt.QSocketNotifier.Type.Read)
    assert len(messages) == 1
    assert not notifier.isValid()


@pytest.mark.parametrize("descriptor", ["x", None, 1.5])
def test_a_descriptor_is_a_number(qt: Implementation, descriptor: Any) -> None:
    with pytest.raises(TypeError):
        qt.QSocketNotifier(descriptor, qt.QSocketNotifier.Type.Read)


def test_it_belongs_to_a_parent_and_takes_keywords(qt: Implementation, pair: Pair, recorder: Recorder) -> None:
    near, far = pair
    root = qt.QObject()
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read, root, objectName="n")
    assert notifier.parent() is root
    assert notifier.objectName() == "n"
    notifier.setEnabled(False)


def test_it_works_in_another_thread(qt: Implementation, pair: Pair, thread: Any) -> None:
    near, far = pair
    got: list[Any] = []

    class Reader(qt.QObject):
        def begin(self) -> None:
            self.notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read, self)
            self.notifier.activated.connect(self.read)

        def read(self) -> None:
            got.append((near.recv(10), threading.get_ident()))

        def end(self) -> None:
            self.notifier.setEnabled(False)
            got.append("ended")

    reader = Reader()
    reader.moveToThread(thread)
    qt.QTimer.singleShot(0, reader, reader.begin)
    far.send(b"x")
    assert qt.wait(lambda: got)
    assert got[0][0] == b"x"
    assert got[0][1] != threading.get_ident()
    qt.QTimer.singleShot(0, reader, reader.end)
    assert qt.wait(lambda: "ended" in got)
    reader.deleteLater()


@pytest.mark.qnet("Qt warns too, but keeps a notifier in its loop that it believes to be disabled, and crashes later")
def test_enabling_from_another_thread_warns(qt: Implementation, pair: Pair, messages: list[str]) -> None:
    notifier = qt.QSocketNotifier(pair[0].fileno(), qt.QSocketNotifier.Type.Read)
    runner = threading.Thread(target=lambda: notifier.setEnabled(False))
    runner.start()
    runner.join()
    assert len(messages) == 1
    notifier.setEnabled(False)


def test_events_order_within_a_pass(qt: Implementation, pair: Pair) -> None:
    """A notifier that is always ready starves neither timers nor posted events."""
    near, far = pair
    log: set[str] = set()

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            log.add("event")

    target = Target()
    notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *args: log.add("socket"))
    far.send(b"x")
    qt.QTimer.singleShot(0, lambda: log.add("timer"))
    qt.QCoreApplication.postEvent(target, qt.QEvent(qt.QEvent.Type.User))
    assert qt.wait(lambda: len(log) == 3)
    notifier.setEnabled(False)
