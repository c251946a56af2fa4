"""QThread: a thread with an event loop, over `threading.Thread`.

Every thread has a QThread: those that `QThread.start` makes, and, made when somebody asks for it, the main
thread's and those of plain Python threads.

Source: https://doc.qt.io/qt-6/qthread.html.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from typing import Any

from qnet.core import _thread_data, hooks
from qnet.core._enums import QtEnum, flat_enums
from qnet.core._event_type import EventType
from qnet.core._interrupt import interruptible
from qnet.core._thread_data import ThreadData
from qnet.core.deadlinetimer import Deadline, QDeadlineTimer, seconds_left
from qnet.core.event import QEvent
from qnet.core.eventdispatcher import QAbstractEventDispatcher, dispatcher_for
from qnet.core.eventloop import QEventLoop
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal

__all__ = ["QThread"]

_starting = threading.Lock()  # threading.stack_size() is global
_running: set[QThread] = set()


class _State(QtEnum):
    NOT_STARTED = 0
    RUNNING = 1
    FINISHING = 2
    FINISHED = 3


class _Termination(QtEnum):
    """What `QThread.terminate` may do to a thread: nothing outside `run`, and nothing twice."""

    OFF = 0
    ENABLED = 1
    DISABLED = 2
    REQUESTED = 3  # while it was disabled
    DONE = 4


class _Terminated(BaseException):
    """What `QThread.terminate` raises in the thread."""


def _raise_in_thread(ident: int, kind: type[BaseException]) -> None:
    """Raise *kind* at the next instruction of a thread.

    It cannot be withdrawn: after a NULL, Python 3.11 looks for an exception at every instruction of every thread, for
    good, and under a tracer it does nothing else any more.
    """
    import ctypes

    set_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
    set_exception(ctypes.c_ulong(ident), ctypes.py_object(kind))


@flat_enums
class QThread(QObject):
    """A thread: `run`, by default an event loop, runs in it after `start`. Qt page: QThread.

    The object itself belongs to the thread that made it. A running thread is not collected; one that still
    runs when Python exits is asked to quit, with a ResourceWarning.
    """

    class Priority(QtEnum):
        """Kept for its reading back: Python cannot set a thread's priority."""

        IdlePriority = 0
        LowestPriority = 1
        LowPriority = 2
        NormalPriority = 3
        HighPriority = 4
        HighestPriority = 5
        TimeCriticalPriority = 6
        InheritPriority = 7

    class QualityOfService(QtEnum):
        """Kept for its reading back."""

        Auto = 0
        High = 1
        Eco = 2

    started = Signal()
    finished = Signal()

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_thread_data = ThreadData()
        self._q_state = _State.NOT_STARTED
        self._q_lock = threading.RLock()  # re-entrant: the garbage collector may run a finalizer that comes here
        self._q_done = threading.Event()  # one a run: who waits for a run does not see the next one's
        self._q_exited: int | None = None  # what `exit` said and no `exec` has returned yet
        self._q_interrupted = False
        self._q_termination = _Termination.OFF
        self._q_priority = QThread.Priority.InheritPriority
        self._q_service = QThread.QualityOfService.Auto
        self._q_stack_size = 0
        self._q_adopted = False
        super().__init__(parent, **properties)
        self._q_thread_data.qthread = self._q.ref  # type: ignore[assignment]  # typed for any QObject

    # -- life

    def start(self, priority: QThread.Priority = Priority.InheritPriority) -> None:
        """Start the thread; it emits `started`, then calls `run`, then emits `finished`, all in the new thread.

        Nothing happens if it runs already. A finished thread can be started again. Raises RuntimeError if the
        system has no thread left.
        """
        _check_priority(priority)
        if self._q_adopted or not self._q_claim(priority):
            return
        worker = threading.Thread(
            target=self._q_main, name=QObject.objectName(self) or type(self).__name__, daemon=True
        )
        try:
            with _starting:
                previous = threading.stack_size(self._q_stack_size)
                try:
                    worker.start()
                finally:
                    threading.stack_size(previous)
        except BaseException:
            self._q_end_run(_State.NOT_STARTED)
            raise

    def _q_claim(self, priority: QThread.Priority) -> bool:
        """Become the one that starts the thread, when its last run is over; False if it runs."""
        while True:
            with self._q_lock:
                if self._q_state is _State.RUNNING:
                    return False
                if self._q_state is not _State.FINISHING:
                    self._q_state = _State.RUNNING
                    self._q_done = threading.Event()
                    self._q_exited = None
                    self._q_priority = priority
                    self._q_thread_data.quitting = False
                    _running.add(self)
                    return True
                last = self._q_done
            if QThread.isCurrentThread(self):
                qWarning("QThread::start: a thread cannot start itself again while it finishes")
                return False
            last.wait()

    def _q_main(self) -> None:
        data = self._q_thread_data
        _thread_data.adopt(data)
        try:
            QThread.started.emit_from(self)
            self._q_run()
        finally:
            self._q_finish(data)

    def _q_run(self) -> None:
        """`run`, which `terminate` may end at any of its instructions, but nothing after it."""
        try:
            try:
                self._q_set_termination(_Termination.ENABLED)
                self.run()
            except Exception as error:
                hooks.report(error, f"{type(self).__name__}.run()", self.run, emitted=False)
            finally:
                self._q_set_termination(_Termination.OFF)
                for _ in range(10):
                    pass  # what `terminate` has raised by now comes here: Python looks for it at each turn of a loop
        except (_Terminated, SystemExit):
            self._q_set_termination(_Termination.OFF)

    def _q_finish(self, data: ThreadData) -> None:
        with self._q_lock:
            self._q_state = _State.FINISHING
        try:
            QThread.finished.emit_from(self)
            deletion = int(EventType.DeferredDelete)
            data.deliver_matching(lambda entry: entry.event_type == deletion)
        finally:
            data.ended()
            _thread_data.release()
            self._q_end_run(_State.FINISHED)

    def _q_end_run(self, state: _State) -> None:
        with self._q_lock:
            self._q_state = state
            self._q_interrupted = False
            self._q_exited = None
            self._q_done.set()
            _running.discard(self)

    def _q_finalize(self) -> None:
        """Qt aborts the program when a running thread's object is destroyed; here the thread is asked to end.

        One that is about to finish is waited for, as in Qt: with `finished` connected to `deleteLater`, the thread
        may be in the middle of that very emission, and the rest of its slots would go without it.
        """
        if self._q_state is _State.FINISHING and not QThread.isCurrentThread(self):
            self._q_done.wait()
        if not self._q_adopted and QThread.isRunning(self):
            qWarning(f"QThread: Destroyed while thread {QObject.objectName(self)!r} is still running")
            QThread.requestInterruption(self)
            QThread.quit(self)

    def run(self) -> None:
        """What the thread does: an event loop; override it to do something else.

        An exception that leaves it goes to `setSlotExceptionHook`'s hook, and the thread finishes as always.
        SystemExit ends the thread alone and is not reported.
        """
        QThread.exec(self)

    def exec(self) -> int:
        """Enter an event loop, from within `run`; returns the code that was given to `exit`.

        If `exit` was called since the start, or since the last exec, it returns that code at once. In another
        thread it does nothing but warn and return -1.
        """
        data = self._q_thread_data
        if data is not _thread_data.current():
            qWarning("QThread::exec: Must be called within the thread itself")
            return -1
        loop = QEventLoop()
        code = self._q_take_exit(data)
        if code is not None:
            return code
        result = loop.exec()
        code = self._q_take_exit(data)
        return result if code is None else code

    exec_ = exec

    def _q_take_exit(self, data: ThreadData) -> int | None:
        with data.lock:
            code, self._q_exited = self._q_exited, None
            data.quitting = False
        return code

    def exit(self, retcode: int = 0) -> None:
        """End the thread's event loops with *retcode*. Any thread may call it.

        If the thread was started and has not reached `exec` yet, exec returns at once; before `start`:
        nothing.
        """
        if not isinstance(retcode, int):
            raise TypeError(f"an exit code is an int, not {type(retcode).__name__}")
        data = self._q_thread_data
        with self._q_lock:
            if self._q_state is not _State.RUNNING and not self._q_adopted:
                return
            with data.lock:
                if not self._q_adopted:
                    self._q_exited = retcode
                    data.quitting = True
                loops = list(data.loops)  # after `quitting`: a loop that is entered now sees that
        for loop in loops:
            QEventLoop.exit(loop, retcode)

    def quit(self) -> None:
        """`exit` with 0."""
        QThread.exit(self, 0)

    def wait(self, deadline: Deadline = QDeadlineTimer.ForeverConstant.Forever) -> bool:
        """Block until the thread has finished. Returns False if *deadline* passed before.

        *deadline* is a QDeadlineTimer or milliseconds, negative ones for ever. True for a thread that never
        ran; False, with a warning, in the thread itself. Ctrl-C ends it in the main thread.
        """
        seconds = seconds_left(deadline)
        if QThread.isCurrentThread(self):
            qWarning("QThread::wait: Thread tried to wait on itself")
            return False
        if self._q_adopted:
            return self._q_wait_for_plain_thread(seconds)
        with self._q_lock:
            if self._q_state in (_State.NOT_STARTED, _State.FINISHED):
                return True
            done = self._q_done
        return done.wait(seconds)

    def _q_wait_for_plain_thread(self, seconds: float | None) -> bool:
        end = None if seconds is None else time.monotonic() + seconds
        for thread in threading.enumerate():
            if thread.ident == self._q_thread_data.ident:
                thread.join(seconds)
        # Python strikes a thread off its list before the thread's data ends, which nothing announces. The main
        # thread's never does.
        while QThread.isRunning(self) and self._q_thread_data is not _thread_data.main_thread_data():
            if end is not None and time.monotonic() >= end:
                break
            time.sleep(0.001)
        return not QThread.isRunning(self)

    def terminate(self) -> None:
        """End the thread as soon as Python can: in the middle of anything, so only in an emergency.

        It sets `isInterruptionRequested`, ends the event loops and, unless the thread sleeps in one of
        those, raises an exception (a BaseException) at its next Python instruction. ``finally`` blocks run
        and `finished` is emitted. A call into C that blocks is not interrupted: the thread ends after it.
        As with Qt, locks that the thread took without ``with`` stay taken.
        """
        QThread.requestInterruption(self)
        QThread.quit(self)
        data = self._q_thread_data
        dispatcher = data.dispatcher
        with self._q_lock:
            if self._q_termination is _Termination.DISABLED:
                self._q_termination = _Termination.REQUESTED
            elif self._q_termination is _Termination.ENABLED and not (dispatcher and dispatcher.sleeping):
                self._q_termination = _Termination.DONE
                _raise_in_thread(data.ident, _Terminated)

    @staticmethod
    def setTerminationEnabled(enabled: bool = True) -> None:
        """Protect a stretch of the running thread's code from `terminate`, which then waits for the True."""
        thread = QThread.currentThread()
        with thread._q_lock:
            state = thread._q_termination
            if state is _Termination.ENABLED and not enabled:
                thread._q_termination = _Termination.DISABLED
            elif state is _Termination.DISABLED and enabled:
                thread._q_termination = _Termination.ENABLED
            elif state is _Termination.REQUESTED and enabled:
                thread._q_termination = _Termination.DONE
                raise _Terminated

    def _q_set_termination(self, state: _Termination) -> None:
        with self._q_lock:
            self._q_termination = state

    @staticmethod
    def create(function: Callable[..., object], *args: Any) -> QThread:
        """A thread that calls ``function(*args)`` when it is started."""
        if not callable(function):
            raise TypeError(f"QThread.create() wants a callable, not {type(function).__name__}")
        return _FunctionThread(function, args)

    # -- state

    def isRunning(self) -> bool:
        """Whether the thread was started and has not finished."""
        if self._q_adopted:
            return self._q_thread_data.ident != 0
        return self._q_state is _State.RUNNING

    def isFinished(self) -> bool:
        """Whether the thread ran and has finished."""
        if self._q_adopted:
            return self._q_thread_data.ident == 0
        return self._q_state in (_State.FINISHING, _State.FINISHED)

    def requestInterruption(self) -> None:
        """Ask the code in `run` to stop; it looks at `isInterruptionRequested`. Only a running thread takes it."""
        with self._q_lock:
            if QThread.isRunning(self):
                self._q_interrupted = True

    def isInterruptionRequested(self) -> bool:
        """Whether `requestInterruption` was called since the thread started."""
        return self._q_interrupted and QThread.isRunning(self)

    def loopLevel(self) -> int:
        """How many event loops are nested in the thread now."""
        return self._q_thread_data.loop_level

    def eventDispatcher(self) -> QAbstractEventDispatcher | None:
        """The thread's dispatcher; None while it does not run, and for a plain thread that never ran a loop.

        It is made when it is first needed, and this counts if the thread itself asks.
        """
        if QThread.isCurrentThread(self) and not self._q_thread_data.adopted:
            return dispatcher_for(self._q_thread_data)
        return self._q_thread_data.dispatcher

    def setEventDispatcher(self, eventDispatcher: QAbstractEventDispatcher) -> None:
        """Raises TypeError: the back end is chosen by QNET_EVENT_DISPATCHER in the environment."""
        raise TypeError("the dispatcher cannot be replaced; set QNET_EVENT_DISPATCHER to epoll, kqueue or select")

    def priority(self) -> QThread.Priority:
        """What `start` or `setPriority` was given."""
        return self._q_priority if QThread.isRunning(self) else QThread.Priority.InheritPriority

    def setPriority(self, priority: QThread.Priority) -> None:
        """Keep *priority*, for a running thread; Python cannot apply it."""
        _check_priority(priority)
        if priority is QThread.Priority.InheritPriority:
            qWarning("QThread::setPriority: Argument cannot be InheritPriority")
        elif not QThread.isRunning(self):
            qWarning("QThread::setPriority: Cannot set priority, thread is not running")
        else:
            self._q_priority = priority

    def serviceLevel(self) -> QThread.QualityOfService:
        """What `setServiceLevel` was given."""
        return self._q_service

    def setServiceLevel(self, serviceLevel: QThread.QualityOfService) -> None:
        """Keep a quality of service; Python cannot apply it."""
        if not isinstance(serviceLevel, QThread.QualityOfService):
            raise TypeError(f"expected a QThread.QualityOfService, not {serviceLevel!r}")
        self._q_service = serviceLevel

    def stackSize(self) -> int:
        """The size of the stack in bytes; 0: the system's default."""
        return self._q_stack_size

    def setStackSize(self, stackSize: int) -> None:
        """Set the size of the stack from the next start on. Raises ValueError for one that Python refuses."""
        if stackSize:
            with _starting:
                threading.stack_size(threading.stack_size(stackSize))
        self._q_stack_size = stackSize

    def event(self, event: QEvent) -> bool:
        """Quits the thread's loops for a Quit event."""
        if event.type() is EventType.Quit:
            QThread.quit(self)
            return True
        return super().event(event)

    # -- the running thread

    @staticmethod
    def currentThread() -> QThread:
        """The QThread of the running thread."""
        return thread_of(_thread_data.current())

    @staticmethod
    def isMainThread() -> bool:
        """Whether the running thread is the main one."""
        return threading.current_thread() is threading.main_thread()

    def isCurrentThread(self) -> bool:
        """Whether this is the running thread."""
        return self._q_thread_data is _thread_data.current()

    @staticmethod
    def idealThreadCount() -> int:
        """How many threads the machine runs at once."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    @staticmethod
    @interruptible
    def sleep(secs: int) -> None:
        """Block the running thread for *secs* seconds."""
        time.sleep(secs)

    @staticmethod
    @interruptible
    def msleep(msecs: int) -> None:
        """Block the running thread for *msecs* milliseconds."""
        time.sleep(msecs / 1000)

    @staticmethod
    @interruptible
    def usleep(usecs: int) -> None:
        """Block the running thread for *usecs* microseconds."""
        time.sleep(usecs / 1_000_000)

    @staticmethod
    def yieldCurrentThread() -> None:
        """Let another thread run."""
        time.sleep(0)


class _FunctionThread(QThread):
    def __init__(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        super().__init__()
        self._q_function = function
        self._q_arguments = args

    def run(self) -> None:
        self._q_function(*self._q_arguments)


def thread_of(data: ThreadData) -> QThread:
    """The QThread of *data*; the main thread's and plain threads' are made here."""
    thread = data.qthread() if data.qthread is not None else None
    if thread is None:
        thread = QThread()
        thread._q.thread = data
        thread._q_thread_data = data
        thread._q_adopted = True
        adopted = thread
        data.qthread = (lambda: adopted) if data.ident else weakref.ref(thread)
    return thread


def _check_priority(priority: QThread.Priority) -> None:
    if not isinstance(priority, QThread.Priority):
        raise TypeError(f"expected a QThread.Priority, not {priority!r}")


def _quit_running() -> None:
    """Ask the threads that still run to quit, and give them half a second together."""
    threads = list(_running)
    for thread in threads:
        warnings.warn(f"{thread!r} still runs while Python exits; quit() it and wait() for it", ResourceWarning, 1)
        QThread.requestInterruption(thread)
        QThread.quit(thread)
    limit = QDeadlineTimer(500)
    for thread in threads:
        QThread.wait(thread, limit)


def _after_fork() -> None:
    """Threads stay in the parent: in the child they have finished, without a word."""
    global _starting
    _starting = threading.Lock()  # somebody may have held the old ones
    for thread in list(_running):
        thread._q_lock = threading.RLock()
        thread._q_done = threading.Event()
        if thread._q_thread_data is not _thread_data.current():
            thread._q_end_run(_State.FINISHED)


atexit.register(_quit_running)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
