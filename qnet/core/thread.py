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
from collections.abc import Callable
from typing import Any

from qnet.core import _thread_data, hooks
from qnet.core._enums import QtEnum, flat_enums
from qnet.core._event_type import EventType
from qnet.core._thread_data import ThreadData
from qnet.core.event import QEvent
from qnet.core.eventdispatcher import QAbstractEventDispatcher
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
        self._q_lock = threading.Lock()
        self._q_done = threading.Event()
        self._q_exited: int | None = None
        self._q_interrupted = False
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
        with self._q_lock:
            if self._q_state is _State.RUNNING:
                return
            if self._q_state is _State.FINISHING:
                self._q_lock.release()
                try:
                    self._q_done.wait()
                finally:
                    self._q_lock.acquire()
            self._q_done.clear()
            self._q_exited = None
            self._q_interrupted = False
            self._q_priority = QThread.Priority(priority)
            self._q_state = _State.RUNNING
            self._q_thread_data.quitting = False
        _running.add(self)
        worker = threading.Thread(target=self._q_main, name=self.objectName() or type(self).__name__, daemon=True)
        try:
            with _starting:
                previous = threading.stack_size(self._q_stack_size)
                try:
                    worker.start()
                finally:
                    threading.stack_size(previous)
        except BaseException:
            self._q_state = _State.NOT_STARTED
            self._q_done.set()
            _running.discard(self)
            raise

    def _q_main(self) -> None:
        data = self._q_thread_data
        _thread_data.adopt(data)
        try:
            QThread.started.of(self).emit()
            try:
                self.run()
            except Exception as error:
                hooks.report(error, f"{type(self).__name__}.run()", self.run, emitted=False)
        finally:
            self._q_finish(data)

    def _q_finish(self, data: ThreadData) -> None:
        with self._q_lock:
            self._q_state = _State.FINISHING
        try:
            QThread.finished.of(self).emit()
            deletion = int(EventType.DeferredDelete)
            data.deliver_matching(lambda entry: entry.event_type == deletion)
        finally:
            data.ended()
            _thread_data.release()
            with self._q_lock:
                self._q_state = _State.FINISHED
                self._q_interrupted = False
                self._q_exited = None
            self._q_done.set()
            _running.discard(self)

    def run(self) -> None:
        """What the thread does: an event loop; override it to do something else."""
        self.exec()

    def exec(self) -> int:
        """Enter an event loop, from within `run`; returns the code that was given to `exit`."""
        with self._q_lock:
            code, self._q_exited = self._q_exited, None
            self._q_thread_data.quitting = False
        if code is not None:
            return code
        result = QEventLoop().exec()
        with self._q_lock:
            code, self._q_exited = self._q_exited, None  # set if exit() came before the loop could turn
        return result if code is None else code

    exec_ = exec

    def exit(self, retcode: int = 0) -> None:
        """End the thread's event loops with *retcode*. Any thread may call it.

        If the thread was started and has not reached `exec` yet, exec returns at once; before `start`: nothing.
        """
        with self._q_lock:
            if self._q_state is not _State.RUNNING and not self._q_adopted:
                return
            self._q_exited = int(retcode)
            data = self._q_thread_data
            data.quitting = True
            loops = list(data.loops)
            if loops:
                self._q_exited = None
        for loop in loops:
            loop.exit(retcode)

    def quit(self) -> None:
        """`exit` with 0."""
        self.exit(0)

    def wait(self, deadline: Any = None) -> bool:
        """Block until the thread has finished. Returns False if *deadline* passed before.

        *deadline* is in milliseconds or a QDeadlineTimer; None: for ever. True for a thread that never ran; False,
        with a warning, in the thread itself.
        """
        if self._q_thread_data is _thread_data.current():
            qWarning("QThread::wait: Thread tried to wait on itself")
            return False
        if self._q_adopted:
            return self._q_thread_data.ident == 0
        if self._q_state in (_State.NOT_STARTED, _State.FINISHED):
            return True
        if deadline is None:
            return self._q_done.wait()
        remaining = getattr(deadline, "remainingTime", None)
        milliseconds = remaining() if remaining is not None else int(deadline)
        if milliseconds < 0 or milliseconds >= 0xFFFFFFFF:
            return self._q_done.wait()
        return self._q_done.wait(milliseconds / 1000)

    def terminate(self) -> None:
        """End the thread as soon as Python can.

        A Python thread cannot be killed from outside. This asks it to stop in both ways that there are: it sets
        `isInterruptionRequested` and ends its event loops.
        """
        self.requestInterruption()
        self.quit()

    @staticmethod
    def setTerminationEnabled(enabled: bool = True) -> None:
        """Accepted for compatibility: `terminate` never kills."""

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
            if self.isRunning():
                self._q_interrupted = True

    def isInterruptionRequested(self) -> bool:
        """Whether `requestInterruption` was called since the thread started."""
        return self._q_interrupted and self.isRunning()

    def loopLevel(self) -> int:
        """How many event loops are nested in the thread now."""
        return self._q_thread_data.loop_level

    def eventDispatcher(self) -> QAbstractEventDispatcher | None:
        """The thread's dispatcher, None before there is one."""
        return self._q_thread_data.dispatcher

    def setEventDispatcher(self, eventDispatcher: QAbstractEventDispatcher) -> None:
        """Raises TypeError: the back end is chosen by QNET_EVENT_DISPATCHER in the environment."""
        raise TypeError("the dispatcher cannot be replaced; set QNET_EVENT_DISPATCHER to epoll, kqueue or select")

    def priority(self) -> QThread.Priority:
        """What `start` or `setPriority` was given."""
        return self._q_priority if self.isRunning() else QThread.Priority.InheritPriority

    def setPriority(self, priority: QThread.Priority) -> None:
        """Keep *priority*, for a running thread; Python cannot apply it."""
        if QThread.Priority(priority) is QThread.Priority.InheritPriority:
            qWarning("QThread::setPriority: Argument cannot be InheritPriority")
        elif not self.isRunning():
            qWarning("QThread::setPriority: Cannot set priority, thread is not running")
        else:
            self._q_priority = QThread.Priority(priority)

    def serviceLevel(self) -> QThread.QualityOfService:
        """What `setServiceLevel` was given."""
        return self._q_service

    def setServiceLevel(self, serviceLevel: QThread.QualityOfService) -> None:
        """Keep a quality of service; Python cannot apply it."""
        self._q_service = QThread.QualityOfService(serviceLevel)

    def stackSize(self) -> int:
        """The size of the stack in bytes; 0: the system's default."""
        return self._q_stack_size

    def setStackSize(self, stackSize: int) -> None:
        """Set the size of the stack from the next start on. Raises ValueError for one that Python refuses."""
        if self.isRunning():
            qWarning("QThread::setStackSize: Cannot change the stack size while the thread is running")
            return
        if stackSize:
            with _starting:
                threading.stack_size(threading.stack_size(stackSize))
        self._q_stack_size = int(stackSize)

    def event(self, event: QEvent) -> bool:
        """Quits the thread's loops for a Quit event."""
        if event.type() is EventType.Quit:
            self.quit()
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
    def sleep(secs: int) -> None:
        """Block the running thread for *secs* seconds."""
        time.sleep(secs)

    @staticmethod
    def msleep(msecs: int) -> None:
        """Block the running thread for *msecs* milliseconds."""
        time.sleep(msecs / 1000)

    @staticmethod
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
        data.qthread = lambda: adopted
    return thread


def _quit_running() -> None:
    for thread in list(_running):
        warnings.warn(f"{thread!r} still runs while Python exits; quit() it and wait() for it", ResourceWarning, 1)
        thread.requestInterruption()
        thread.quit()
        thread.wait(500)


atexit.register(_quit_running)
