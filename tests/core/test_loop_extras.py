"""What qnet's loop does beyond Qt's: signals of the system, reports, descriptors, and death by reference count."""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = [pytest.mark.qnet("Qt leaves all of this to the program"), pytest.mark.usefixtures("app")]

ROOT = Path(__file__).resolve().parents[2]
IMPORTS = "import signal, sys, time\nfrom qnet.QtCore import QCoreApplication, QEventLoop, QObject, QThread, QTimer\n"


def program(body: str, **environment: str) -> subprocess.Popen[str]:
    """Start *body* as a program of its own."""
    return subprocess.Popen(
        [sys.executable, "-u", "-W", "always", "-c", IMPORTS + body],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def result(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for the program's end; its output."""
    with process:
        try:
            return process.communicate(timeout=60)
        finally:
            process.kill()


def send_when_ready(process: subprocess.Popen[str], number: int) -> tuple[str, str]:
    """Wait for the program's first line, send it a signal and wait for its end; its output."""
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(number)
    out, err = result(process)
    assert line == "ready\n", err
    return out, err


# Signals of the system.


@pytest.mark.parametrize("enter", ["app.exec()", "QEventLoop().exec()"])
def test_ctrl_c_ends_a_sleeping_loop(qt: Implementation, enter: str) -> None:
    process = program(f"app = QCoreApplication([])\nQTimer.singleShot(0, lambda: print('ready'))\n{enter}")
    _, err = send_when_ready(process, signal.SIGINT)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")


def test_ctrl_c_passes_through_nested_loops_and_can_be_caught(qt: Implementation) -> None:
    process = program(
        """
app = QCoreApplication([])
def nested():
    print("ready")
    QEventLoop().exec()
    print("not reached")
QTimer.singleShot(0, nested)
try:
    app.exec()
except KeyboardInterrupt:
    print("caught")
QTimer.singleShot(0, lambda: app.exit(3))
sys.exit(app.exec())
"""
    )
    out, err = send_when_ready(process, signal.SIGINT)
    assert (out, err, process.returncode) == ("caught\n", "", 3)


def test_ctrl_c_in_a_slot_is_no_slot_error(qt: Implementation) -> None:
    process = program(
        """
app = QCoreApplication([])
def busy():
    print("ready")
    while True:
        time.sleep(0.01)
QTimer.singleShot(0, busy)
try:
    app.exec()
except KeyboardInterrupt:
    print("caught")
"""
    )
    out, err = send_when_ready(process, signal.SIGINT)
    assert (out, err) == ("caught\n", "")


def test_sigterm_can_quit(qt: Implementation) -> None:
    process = program(
        """
app = QCoreApplication([])
app.aboutToQuit.connect(lambda: print("about to quit"))
signal.signal(signal.SIGTERM, lambda number, frame: app.quit())
QTimer.singleShot(0, lambda: print("ready"))
sys.exit(app.exec())
"""
    )
    out, err = send_when_ready(process, signal.SIGTERM)
    assert (out, err, process.returncode) == ("about to quit\n", "", 0)


def test_a_signal_reaches_the_loop_although_threads_run(qt: Implementation) -> None:
    process = program(
        """
app = QCoreApplication([])
thread = QThread()
thread.start()
signal.signal(signal.SIGTERM, lambda number, frame: app.exit(7))
QTimer.singleShot(0, lambda: print("ready"))
code = app.exec()
thread.quit()
thread.wait()
sys.exit(code)
"""
    )
    _, err = send_when_ready(process, signal.SIGTERM)
    assert (err, process.returncode) == ("", 7)


def test_the_wakeup_descriptor_of_the_program_is_put_back(qt: Implementation) -> None:
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    previous = signal.set_wakeup_fd(theirs)
    try:
        qt.spin(1)
        assert signal.set_wakeup_fd(previous) == theirs
    finally:
        signal.set_wakeup_fd(previous)
        os.close(ours)
        os.close(theirs)


# Reports.


def test_the_hook_for_slot_exceptions_can_be_replaced(qt: Implementation) -> None:
    reports: list[Any] = []

    def bad() -> None:
        raise ValueError("on purpose")

    o = qt.QObject()
    o.objectNameChanged.connect(bad)
    previous = qt.setSlotExceptionHook(reports.append)
    try:
        o.setObjectName("x")
    finally:
        assert qt.setSlotExceptionHook(previous) == reports.append
    (report,) = reports
    assert isinstance(report.exception, ValueError)
    assert "objectNameChanged" in report.origin
    assert "bad" in report.text()
    assert report.site.startswith(__file__)


def test_a_failing_hook_stops_nothing(
    qt: Implementation, recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    def bad() -> None:
        raise ValueError("in the slot")

    def hook(report: Any) -> None:
        raise RuntimeError("in the hook")

    o = qt.QObject()
    o.objectNameChanged.connect(bad)
    o.objectNameChanged.connect(recorder)
    previous = qt.setSlotExceptionHook(hook)
    try:
        o.setObjectName("x")
    finally:
        qt.setSlotExceptionHook(previous)
    assert recorder.calls == [("x",)]
    assert "in the hook" in capsys.readouterr().err


def test_a_hook_is_callable(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.setSlotExceptionHook(3)


def test_qnet_debug_names_the_slow_slot(qt: Implementation) -> None:
    process = program(
        """
from qnet.QtCore import qInstallMessageHandler
reports = []
app = QCoreApplication([])
qInstallMessageHandler(lambda kind, context, text: reports.append(text))
def sluggish():
    while not any("sluggish" in text for text in reports):
        time.sleep(0.01)
    time.sleep(0.2)  # one report is enough
QTimer.singleShot(0, sluggish)
QTimer.singleShot(0, app.quit)
app.exec()
named = [text for text in reports if "sluggish" in text]
print(len(named), "has not turned for" in named[0])
""",
        QNET_DEBUG="50",
    )
    assert result(process) == ("1 True\n", "")


def test_a_thread_left_running_is_a_resource_warning(qt: Implementation) -> None:
    process = program("app = QCoreApplication([])\nthread = QThread()\nthread.start()\n")
    _, err = result(process)
    assert process.returncode == 0
    assert "ResourceWarning" in err
    assert "still runs" in err


# Other loops.


def epoll_only() -> None:
    if os.environ.get("QNET_EVENT_DISPATCHER") == "select" or sys.platform != "linux":
        pytest.skip("only epoll has a descriptor that tells")


def readable(fd: int, timeout: float = 0) -> bool:
    return bool(select.select([fd], [], [], timeout)[0])


def in_new_thread(function: Callable[[], object]) -> None:
    """Run *function* in a thread whose loop serves nothing yet; raise what it raises."""
    failures: list[BaseException] = []

    def call() -> None:
        try:
            function()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def test_the_dispatchers_descriptor_tells_of_work(qt: Implementation, recorder: Recorder) -> None:
    epoll_only()

    def look() -> None:
        qt.QCoreApplication.processEvents()
        dispatcher = qt.QAbstractEventDispatcher.instance()
        near, far = socket.socketpair()
        with near, far:
            notifier = qt.QSocketNotifier(near.fileno(), qt.QSocketNotifier.Type.Read)
            notifier.activated.connect(lambda *args: recorder(near.recv(10)))
            assert not readable(dispatcher.fileno())
            far.send(b"x")
            assert readable(dispatcher.fileno(), 30)
            qt.QCoreApplication.processEvents()
            assert recorder.calls == [(b"x",)]
            assert not readable(dispatcher.fileno())
            notifier.setEnabled(False)

    in_new_thread(look)


def test_a_host_loop_knows_how_long_it_may_sleep(qt: Implementation) -> None:
    def look() -> None:
        qt.QCoreApplication.processEvents()
        dispatcher = qt.QAbstractEventDispatcher.instance()
        assert dispatcher.timeout() == -1
        timer = qt.QTimer(interval=900_000)
        timer.start()
        assert 800 < dispatcher.timeout() <= 900
        qt.QCoreApplication.postEvent(timer, qt.QEvent(qt.QEvent.Type.User))
        assert dispatcher.timeout() == 0
        qt.process()
        timer.stop()
        assert dispatcher.timeout() == -1

    in_new_thread(look)


# Life and death.


def dies(make: Any) -> bool:
    """Whether what *make* returns dies with its last reference, with the garbage collector switched off."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        thing = make()
        watch = weakref.ref(thing)
        del thing
        return watch() is None
    finally:
        if enabled:
            gc.enable()


def test_objects_die_by_reference_count(qt: Implementation) -> None:
    class Thing(qt.QObject):
        changed = qt.Signal(int)

        def __init__(self) -> None:
            super().__init__()
            self.child = qt.QObject(self)
            self.timer = qt.QTimer(self, interval=10)
            self.timer.timeout.connect(self.slot)
            self.changed.connect(self.slot)
            self.changed.connect(self.changed_again)
            self.objectNameChanged.connect(self.child.setObjectName)
            self.installEventFilter(self)
            self.timer.start()
            self.changed.emit(1)
            self.setObjectName("used")

        def slot(self) -> None:
            self.sender()

        def changed_again(self, value: int) -> None:
            self.value = value

    assert dies(Thing)


def test_connected_pairs_die_by_reference_count(qt: Implementation) -> None:
    class Node(qt.QObject):
        changed = qt.Signal(int)

        def take(self, value: int) -> None:
            self.value = value

    other = Node()

    def make() -> Any:
        node = Node()
        node.changed.connect(other.take)
        other.changed.connect(node.take)
        other.changed.connect(node.changed)
        other.changed.emit(1)
        return node

    assert dies(make)
    assert other.receivers(qt.SIGNAL("changed(int)")) == 0


def test_loops_timers_and_notifiers_die_by_reference_count(qt: Implementation) -> None:
    def loop() -> Any:
        made = qt.QEventLoop()
        qt.QTimer.singleShot(0, made.quit)
        made.exec()
        return made

    def timer() -> Any:
        made = qt.QTimer(interval=0)
        made.timeout.connect(made.stop)
        made.start()
        qt.QCoreApplication.processEvents()
        return made

    reading, writing = os.pipe()

    def notifier() -> Any:
        made = qt.QSocketNotifier(reading, qt.QSocketNotifier.Type.Read)
        made.activated.connect(lambda *args: None)
        return made

    try:
        assert dies(loop)
        assert dies(timer)
        assert dies(notifier)
    finally:
        os.close(reading)
        os.close(writing)


def test_what_is_posted_to_an_object_does_not_hold_it(qt: Implementation) -> None:
    def make() -> Any:
        made = qt.QObject()
        qt.QCoreApplication.postEvent(made, qt.QEvent(qt.QEvent.Type.User))
        made.startTimer(1000)
        return made

    assert dies(make)
    qt.process()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def test_the_data_of_ended_threads_is_given_back(qt: Implementation) -> None:
    def run() -> None:
        qt.spin(1)

    def threads(count: int) -> None:
        for _ in range(count):
            runner = threading.Thread(target=run)
            runner.start()
            runner.join()

    threads(2)
    before = descriptors()
    threads(5)
    assert qt.wait(lambda: descriptors() <= before)
