"""QThread: life, loops, exit codes, waiting, and objects that live in threads."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _ctrl_c import interrupted
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")
ROOT = Path(__file__).resolve().parents[2]


def thread_that(qt: Implementation, body: Callable[[Any], object]) -> Any:
    """A QThread whose run() is ``body(thread)``."""

    class Thread(qt.QThread):
        def run(self) -> None:
            body(self)

    return Thread()


def finish(thread: Any) -> None:
    thread.quit()
    assert thread.wait(30_000)


def run(thread: Any) -> None:
    """Start it, let its loop quit at once, and wait for its end."""
    thread.start()
    finish(thread)


def in_loop(qt: Implementation, thread: Any, function: Callable[[], object]) -> None:
    """Have the thread's loop call *function*, and wait until it has."""
    context = qt.QObject()
    assert context.moveToThread(thread)
    done = threading.Event()

    def call() -> None:
        try:
            function()
        finally:
            done.set()

    qt.QTimer.singleShot(0, context, call)
    assert done.wait(30)
    context.deleteLater()


# Life


def test_unstarted(qt: Implementation) -> None:
    thread = qt.QThread()
    assert (thread.isRunning(), thread.isFinished(), thread.isInterruptionRequested()) == (False,) * 3
    assert (thread.priority(), thread.stackSize()) == (qt.QThread.Priority.InheritPriority, 0)
    assert (thread.loopLevel(), thread.eventDispatcher(), thread.isCurrentThread()) == (0, None, False)
    assert thread.serviceLevel() == qt.QThread.QualityOfService.Auto


def test_run_runs_in_another_thread(qt: Implementation) -> None:
    seen: list[Any] = []

    def body(thread: Any) -> None:
        current = qt.QThread.currentThread()
        seen.append(threading.get_ident())
        seen.append((thread.isCurrentThread(), current is thread, qt.QThread.isMainThread()))
        seen.append(thread.thread() is thread)

    thread = thread_that(qt, body)
    thread.start()
    assert thread.wait(30_000)
    assert seen[0] != threading.get_ident()
    assert seen[1:] == [(True, True, False), False]
    assert thread.thread() is qt.QThread.currentThread()


def test_states_and_signals_come_in_order(qt: Implementation) -> None:
    log: list[Any] = []

    def note(label: str) -> Callable[[], None]:
        def slot() -> None:
            log.append((label, thread.isRunning(), thread.isFinished(), qt.QThread.isMainThread()))

        return slot

    thread = thread_that(qt, lambda thread: note("run")())
    thread.started.connect(note("started"), qt.Qt.DirectConnection)
    thread.finished.connect(note("finished"), qt.Qt.DirectConnection)
    thread.start()
    assert thread.wait(30_000)
    assert log == [
        ("started", True, False, False),
        ("run", True, False, False),
        ("finished", False, True, False),
    ]
    assert (thread.isRunning(), thread.isFinished()) == (False, True)


def test_slots_of_the_creating_thread_hear_of_it_there(qt: Implementation) -> None:
    log: list[Any] = []

    class Listener(qt.QObject):
        def started(self) -> None:
            log.append(("started", threading.get_ident()))

        def finished(self) -> None:
            log.append(("finished", threading.get_ident()))

    listener = Listener()
    thread = qt.QThread()
    thread.started.connect(listener.started)
    thread.finished.connect(listener.finished)
    run(thread)
    assert log == []
    assert qt.wait(lambda: len(log) == 2)
    assert log == [("started", threading.get_ident()), ("finished", threading.get_ident())]


def test_start_of_a_running_thread_does_nothing(qt: Implementation) -> None:
    runs: list[int] = []
    go = threading.Event()
    thread = thread_that(qt, lambda thread: (runs.append(1), go.wait(30)))
    thread.start()
    thread.start()
    go.set()
    assert thread.wait(30_000)
    assert runs == [1]


def test_a_finished_thread_starts_again(qt: Implementation) -> None:
    idents: list[Any] = []
    thread = thread_that(qt, lambda thread: idents.append(qt.QThread.currentThread() is thread))
    for count in (1, 2, 3):
        thread.start()
        assert thread.wait(30_000)
        assert idents == [True] * count
    loop = qt.QThread()
    for _ in range(3):
        run(loop)
        assert loop.isFinished()
    loop.start()
    assert (loop.isRunning(), loop.isFinished()) == (True, False)
    finish(loop)


def test_restart_from_the_finished_slot(qt: Implementation) -> None:
    runs: list[int] = []

    class Owner(qt.QObject):
        def again(self) -> None:
            if len(runs) < 5:
                thread.start()

    owner = Owner()
    thread = thread_that(qt, lambda thread: runs.append(1))
    thread.finished.connect(owner.again)
    thread.start()
    assert qt.wait(lambda: len(runs) == 5)
    assert thread.wait(30_000)


def test_no_restart_is_lost(qt: Implementation) -> None:
    runs: list[int] = []
    thread = thread_that(qt, lambda thread: runs.append(1))
    for count in range(1, 101):
        thread.start()
        assert thread.wait(30_000)
        assert len(runs) == count
        assert thread.isFinished()


def test_exception_in_run_is_reported(qt: Implementation, slot_errors: list[Any], recorder: Recorder) -> None:
    def body(thread: Any) -> None:
        raise ValueError("in run")

    thread = thread_that(qt, body)
    thread.finished.connect(recorder)
    thread.start()
    assert thread.wait(30_000)
    assert [str(e) for e in slot_errors] == ["in run"]
    assert thread.isFinished()
    assert qt.wait(lambda: recorder.calls == [()])


@pytest.mark.qnet("PySide6 hangs")
def test_system_exit_ends_the_thread_only(qt: Implementation, slot_errors: list[Any]) -> None:
    thread = thread_that(qt, lambda thread: sys.exit(3))
    thread.start()
    assert thread.wait(30_000)
    assert (thread.isFinished(), slot_errors) == (True, [])


@pytest.mark.qnet("Qt aborts the process")
def test_an_unreferenced_running_thread_goes_on(qt: Implementation) -> None:
    finished = threading.Event()
    go = threading.Event()
    thread = thread_that(qt, lambda thread: go.wait(30))
    thread.finished.connect(finished.set, qt.Qt.DirectConnection)
    thread.start()
    del thread
    gc.collect()
    go.set()
    assert finished.wait(30)


@pytest.mark.qnet("Qt aborts the process")
def test_destroying_a_running_thread_warns_and_ends_it(qt: Implementation, messages: list[str]) -> None:
    parent = qt.QObject()
    thread = qt.QThread(parent)
    thread.setObjectName("busy")
    thread.start()
    parent.deleteLater()
    qt.process()
    assert messages == ["QThread: Destroyed while thread 'busy' is still running"]
    assert thread.wait(30_000)


@pytest.mark.qnet("QThread.create() is not in PySide6")
def test_create(qt: Implementation) -> None:
    calls: list[Any] = []
    thread = qt.QThread.create(lambda *args: calls.append((args, qt.QThread.isMainThread())), 1, "two")
    thread.start()
    assert thread.wait(30_000)
    assert calls == [((1, "two"), False)]
    with pytest.raises(TypeError):
        qt.QThread.create(3)


@pytest.mark.qnet("about Python's own view of the thread")
def test_the_python_thread_has_the_objects_name(qt: Implementation) -> None:
    names: list[str] = []
    thread = thread_that(qt, lambda thread: names.append(threading.current_thread().name))
    thread.start()
    thread.wait()
    thread.setObjectName("worker 7")
    thread.start()
    thread.wait()
    assert names == ["Thread", "worker 7"]


# Loops and exit codes


def test_exit_codes(qt: Implementation) -> None:
    codes: list[int] = []
    thread = thread_that(qt, lambda thread: codes.append(thread.exec()))
    for code in (7, 0, -3):
        thread.start()
        in_loop(qt, thread, lambda: None)
        thread.exit(code)
        assert thread.wait(30_000)
    assert codes == [7, 0, -3]


def test_quit_right_after_start_is_never_lost(qt: Implementation) -> None:
    thread = qt.QThread()
    for _ in range(200):
        thread.start()
        thread.quit()
        assert thread.wait(30_000)


def test_quit_around_the_start_of_the_loop_is_never_lost(qt: Implementation) -> None:
    for pause in range(60):
        thread = qt.QThread()
        thread.start()
        time.sleep(pause * 20e-6)
        thread.quit()
        assert thread.wait(30_000), f"quit() after {pause * 20} µs was lost"


def test_exit_before_exec_is_kept_for_one_exec(qt: Implementation) -> None:
    codes: list[int] = []
    told = threading.Event()

    def body(thread: Any) -> None:
        told.wait(30)
        codes.append(thread.exec())
        qt.QTimer.singleShot(5, lambda: thread.exit(5))
        codes.append(thread.exec())

    thread = thread_that(qt, body)
    thread.start()
    thread.exit(4)
    told.set()
    assert thread.wait(30_000)
    assert codes == [4, 5]


def test_quit_within_run_before_exec(qt: Implementation) -> None:
    codes: list[int] = []
    thread = thread_that(qt, lambda thread: (thread.exit(6), codes.append(thread.exec())))
    thread.start()
    assert thread.wait(30_000)
    assert codes == [6]


def test_exit_of_a_thread_that_does_not_run_does_nothing(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.quit()
    thread.exit(3)
    thread.start()
    assert not thread.wait(30)
    finish(thread)
    thread.exit(4)
    thread.start()
    assert not thread.wait(30)
    finish(thread)


def test_nested_loops_all_end(qt: Implementation) -> None:
    levels: list[Any] = []
    thread = qt.QThread()
    thread.start()
    inside = threading.Event()
    context = qt.QObject()
    context.moveToThread(thread)

    def nest() -> None:
        levels.append(thread.loopLevel())
        loop = qt.QEventLoop()
        qt.QTimer.singleShot(0, lambda: (levels.append(thread.loopLevel()), inside.set()))
        levels.append(loop.exec())

    qt.QTimer.singleShot(0, context, nest)
    assert inside.wait(30)
    thread.exit(6)
    assert thread.wait(30_000)
    assert levels == [1, 2, 6]
    assert thread.loopLevel() == 0


def test_a_loop_that_is_entered_while_quitting_ends_at_once(qt: Implementation) -> None:
    codes: list[int] = []

    def body(thread: Any) -> None:
        thread.exit(2)
        codes.append(qt.QEventLoop().exec())
        codes.append(qt.QEventLoop().exec())
        codes.append(thread.exec())
        loop = qt.QEventLoop()
        qt.QTimer.singleShot(0, lambda: loop.exit(5))
        codes.append(loop.exec())

    thread = thread_that(qt, body)
    thread.start()
    assert thread.wait(30_000)
    assert codes == [-1, -1, 2, 5]


def test_quit_event(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.start()
    in_loop(qt, thread, lambda: None)
    qt.QCoreApplication.postEvent(thread, qt.QEvent(qt.QEvent.Type.Quit))
    assert qt.wait(thread.isFinished)
    assert thread.wait(30_000)


def test_the_dispatcher_lives_as_long_as_the_run(qt: Implementation) -> None:
    seen: list[Any] = []

    def body(thread: Any) -> None:
        dispatcher = thread.eventDispatcher()
        seen.append(dispatcher is not None)
        qt.QTimer.singleShot(0, lambda: seen.append(qt.QAbstractEventDispatcher.instance() is thread.eventDispatcher()))
        qt.QTimer.singleShot(0, thread.quit)
        thread.exec()

    thread = thread_that(qt, body)
    thread.start()
    assert thread.wait(30_000)
    assert seen == [True, True]
    assert thread.eventDispatcher() is None


@pytest.mark.qnet("Qt runs a loop in the wrong thread, which nothing ends")
def test_exec_in_another_thread_is_refused(qt: Implementation, messages: list[str]) -> None:
    thread = qt.QThread()
    assert thread.exec() == -1
    thread.start()
    assert thread.exec() == -1
    finish(thread)
    assert messages == ["QThread::exec: Must be called within the thread itself"] * 2


# Waiting


def test_wait_on_a_thread_that_does_not_run(qt: Implementation) -> None:
    thread = qt.QThread()
    for _ in range(2):
        assert thread.wait()
        assert thread.wait(30)
        assert thread.wait(qt.QDeadlineTimer(5))
        run(thread)


def test_wait_with_a_limit(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.start()
    begin = time.monotonic()
    assert not thread.wait(30)
    assert not thread.wait(qt.QDeadlineTimer(30))
    assert time.monotonic() - begin >= 0.059
    assert not thread.wait(0)
    thread.quit()
    assert thread.wait(qt.QDeadlineTimer(30_000))
    assert thread.wait(qt.QDeadlineTimer(qt.QDeadlineTimer.ForeverConstant.Forever))


def test_several_threads_wait_for_one(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.start()
    results: list[bool] = []
    waiters = [threading.Thread(target=lambda: results.append(thread.wait(30_000))) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    thread.quit()
    for waiter in waiters:
        waiter.join(30)
    assert results == [True] * 3


def test_a_thread_cannot_wait_for_itself(qt: Implementation, messages: list[str]) -> None:
    results: list[Any] = []
    thread = thread_that(qt, lambda thread: results.extend([thread.wait(), thread.wait(30)]))
    thread.start()
    assert thread.wait(30_000)
    assert results == [False, False]
    assert messages == ["QThread::wait: Thread tried to wait on itself"] * 2


@pytest.mark.qnet("Qt waits on")
def test_ctrl_c_ends_a_wait(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.start()
    with interrupted():
        thread.wait(100_000)
    finish(thread)


# Interruption and termination


def test_interruption(qt: Implementation) -> None:
    def body(thread: Any) -> None:
        while not thread.isInterruptionRequested():
            qt.QThread.msleep(1)

    thread = thread_that(qt, body)
    thread.requestInterruption()
    assert not thread.isInterruptionRequested()
    for _ in range(2):
        thread.start()
        assert not thread.isInterruptionRequested()
        assert not thread.wait(30)
        thread.requestInterruption()
        assert thread.wait(30_000)
        assert not thread.isInterruptionRequested()


def test_interruption_does_not_end_a_loop(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.start()
    thread.requestInterruption()
    assert thread.isInterruptionRequested()
    assert not thread.wait(30)
    finish(thread)


@pytest.mark.qnet("PySide6 kills the thread with Python's state in it, which may take the process along")
def test_terminate(qt: Implementation, recorder: Recorder) -> None:
    inside = threading.Event()

    def body(thread: Any) -> None:
        inside.set()
        while True:
            qt.QThread.msleep(1)

    thread = thread_that(qt, body)
    thread.finished.connect(recorder)
    thread.start()
    assert inside.wait(30)
    thread.terminate()
    assert thread.wait(30_000)
    assert (thread.isRunning(), thread.isFinished()) == (False, True)
    assert qt.wait(lambda: recorder.calls == [()])


@pytest.mark.qnet("PySide6 kills the thread with Python's state in it, which may take the process along")
def test_terminate_a_sleeping_loop(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.start()
    in_loop(qt, thread, lambda: None)
    thread.terminate()
    assert thread.wait(30_000)
    assert thread.isFinished()
    thread.terminate()
    qt.QThread().terminate()


@pytest.mark.qnet("Qt kills the thread: finally blocks do not run")
def test_terminate_runs_finally_blocks(qt: Implementation, slot_errors: list[Any]) -> None:
    log: list[str] = []
    insides: list[threading.Event] = []

    def body(thread: Any) -> None:
        try:
            insides[-1].set()
            while True:
                time.sleep(0.001)
        finally:
            log.append("finally")

    thread = thread_that(qt, body)
    for _ in range(2):
        insides.append(threading.Event())
        thread.start()
        assert insides[-1].wait(30)
        thread.terminate()
        assert thread.wait(30_000)
    assert log == ["finally"] * 2
    assert slot_errors == []


@pytest.mark.qnet("Qt kills the thread at the end of the protected stretch, PySide6 with Python's lock held")
def test_termination_can_be_held_off(qt: Implementation) -> None:
    log: list[str] = []
    inside, go = threading.Event(), threading.Event()

    def body(thread: Any) -> None:
        qt.QThread.setTerminationEnabled(False)
        inside.set()
        go.wait(30)
        log.append("survived")
        qt.QThread.setTerminationEnabled(True)
        log.append("never")

    thread = thread_that(qt, body)
    thread.start()
    assert inside.wait(30)
    thread.terminate()
    assert not thread.wait(30)
    go.set()
    assert thread.wait(30_000)
    assert log == ["survived"]


@pytest.mark.qnet("Qt kills the thread")
def test_termination_races_with_the_end_of_run(qt: Implementation, slot_errors: list[Any], recorder: Recorder) -> None:
    steps = 0

    def body(thread: Any) -> None:
        for _ in range(steps):
            pass

    thread = thread_that(qt, body)
    thread.finished.connect(recorder, qt.Qt.ConnectionType.DirectConnection)
    for number in range(300):
        steps = number * 20
        thread.start()
        thread.terminate()
        assert thread.wait(30_000)
    assert len(recorder) == 300
    assert slot_errors == []


TRACED = """
import sys
from qnet.QtCore import QCoreApplication, QThread
application = QCoreApplication([])
class Thread(QThread):
    def run(self):
        pass
thread = Thread()
thread.start()
assert thread.wait(30_000)
sys.settrace(lambda *details: None)
(lambda: None)()
sys.settrace(None)
print("traced")
"""


@pytest.mark.qnet("how Python goes on after a thread")
def test_a_finished_thread_leaves_tracers_alone() -> None:
    """Debuggers and coverage: Python 3.11 never got beyond the next call."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", TRACED], capture_output=True, text=True, timeout=60, env=environment)
    assert (done.stdout, done.stderr) == ("traced\n", "")


# Settings


def test_priority_of_a_running_thread(qt: Implementation, messages: list[str]) -> None:
    priority = qt.QThread.Priority
    thread = qt.QThread()
    thread.setPriority(priority.LowPriority)
    assert thread.priority() == priority.InheritPriority
    thread.start(priority.HighPriority)
    assert thread.priority() == priority.HighPriority
    thread.setPriority(priority.LowPriority)
    assert thread.priority() == priority.LowPriority
    thread.setPriority(priority.InheritPriority)
    assert thread.priority() == priority.LowPriority
    finish(thread)
    assert thread.priority() == priority.InheritPriority
    assert messages == [
        "QThread::setPriority: Cannot set priority, thread is not running",
        "QThread::setPriority: Argument cannot be InheritPriority",
    ]


def test_stack_size(qt: Implementation) -> None:
    size = threading.stack_size()
    thread = qt.QThread()
    thread.setStackSize(1 << 20)
    assert thread.stackSize() == 1 << 20
    thread.start()
    thread.setStackSize(1 << 21)
    assert thread.stackSize() == 1 << 21
    finish(thread)
    assert threading.stack_size() == size


def test_service_level(qt: Implementation) -> None:
    thread = qt.QThread()
    thread.setServiceLevel(qt.QThread.QualityOfService.Eco)
    assert thread.serviceLevel() == qt.QThread.QualityOfService.Eco


def test_static_functions(qt: Implementation) -> None:
    assert qt.QThread.idealThreadCount() == len(os.sched_getaffinity(0))
    begin = time.monotonic()
    qt.QThread.msleep(10)
    qt.QThread.usleep(10_000)
    qt.QThread.sleep(0)
    qt.QThread.yieldCurrentThread()
    assert time.monotonic() - begin >= 0.02


@pytest.mark.parametrize(
    "call",
    [
        lambda qt, thread: thread.wait("5"),
        lambda qt, thread: thread.wait(None),
        lambda qt, thread: thread.start(3),
        lambda qt, thread: thread.setPriority(3),
        lambda qt, thread: thread.setServiceLevel("x"),
        lambda qt, thread: thread.setStackSize("x"),
        lambda qt, thread: thread.exit("x"),
        lambda qt, thread: qt.QThread(3),
        lambda qt, thread: thread.msleep("x"),
    ],
)
def test_wrong_types(qt: Implementation, call: Callable[[Any, Any], object]) -> None:
    thread = qt.QThread()
    with pytest.raises(TypeError):
        call(qt, thread)
    assert not thread.isRunning()


@pytest.mark.qnet("Qt takes any size and starts the thread, or not")
def test_a_stack_that_python_refuses_is_an_error(qt: Implementation) -> None:
    thread = qt.QThread()
    for size in (10, -1):
        with pytest.raises(ValueError):
            thread.setStackSize(size)
    assert thread.stackSize() == 0


# What is left behind


def test_two_hundred_threads_leave_nothing_behind(qt: Implementation) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    run(qt.QThread())
    gc.collect()
    threads, fds = set(threading.enumerate()), descriptors()
    for _ in range(20):
        batch = [qt.QThread() for _ in range(10)]
        for thread in batch:
            thread.start()
        for thread in batch:
            finish(thread)
    del batch, thread
    if qt.is_qnet:  # Python strikes a thread off its list a moment after the wait for it has ended
        assert qt.wait(lambda: not [t for t in threading.enumerate() if t not in threads and t.name == "QThread"])
    assert qt.wait(lambda: descriptors() <= fds + (0 if qt.is_qnet else 8))


@pytest.mark.qnet("about Python's reference counts")
def test_a_finished_thread_dies_with_its_last_reference(qt: Implementation) -> None:
    destroyed: list[int] = []
    gc.disable()
    try:
        thread = qt.QThread()
        thread.destroyed.connect(lambda *args: destroyed.append(1))
        workers: list[threading.Thread] = []
        thread.started.connect(lambda: workers.append(threading.current_thread()), qt.Qt.DirectConnection)
        run(thread)
        workers[0].join(30)  # Python's thread lets go of it as the last thing that it does
        del thread
        assert destroyed == [1]
    finally:
        gc.enable()


@pytest.mark.qnet("Qt aborts the process")
def test_threads_that_run_at_exit_are_ended_with_a_warning(qt: Implementation) -> None:
    program = (
        "from qnet.QtCore import QCoreApplication, QThread\n"
        "app = QCoreApplication([])\n"
        "threads = [QThread() for _ in range(3)]\n"
        "for t in threads: t.finished.connect(lambda: None); t.start()\n"
    )
    begin = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert result.returncode == 0
    assert result.stderr.count("ResourceWarning: <") == 3
    assert time.monotonic() - begin < 50
