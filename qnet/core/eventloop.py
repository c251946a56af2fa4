"""QEventLoop: turns the dispatcher of its thread until it is told to exit. QEventLoopLocker.

Source: https://doc.qt.io/qt-6/qeventloop.html, https://doc.qt.io/qt-6/qeventlooplocker.html.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from qnet.core import _thread_data
from qnet.core._enums import QtFlag, flat_enums
from qnet.core._event_type import EventType
from qnet.core._thread_data import ThreadData
from qnet.core.event import QEvent
from qnet.core.eventdispatcher import dispatcher_for
from qnet.core.logging import qWarning
from qnet.core.object import QObject

__all__ = ["QEventLoop", "QEventLoopLocker"]


class ProcessEventsFlag(QtFlag):
    """What `processEvents` does and leaves."""

    AllEvents = 0x00
    ExcludeUserInputEvents = 0x01
    ExcludeSocketNotifiers = 0x02
    WaitForMoreEvents = 0x04
    X11ExcludeTimers = 0x08
    EventLoopExec = 0x20
    DialogExec = 0x40
    ApplicationExec = 0x80


WAIT: int = ProcessEventsFlag.WaitForMoreEvents.value


@flat_enums
class QEventLoop(QObject):
    """A loop that can be entered and left; loops nest. Qt page: QEventLoop."""

    ProcessEventsFlag = ProcessEventsFlag
    ProcessEventsFlags = ProcessEventsFlag

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_exit_code: Any = 0  # None while exec() is to go on
        self._q_running = False
        super().__init__(parent, **properties)

    def exec(self, flags: int = ProcessEventsFlag.AllEvents) -> int:
        """Turn the loop until `exit`; returns the exit code.

        Returns -1, with a warning, if this loop runs already or belongs to another thread.
        KeyboardInterrupt and SystemExit leave the loop at once.
        """
        _check_flags(flags)
        thread = self._q.thread
        if thread is not _thread_data.current():
            qWarning("QEventLoop::exec: Cannot run in another thread than the loop's own")
            return -1
        if self._q_running:
            qWarning("QEventLoop::exec: instance has already called exec()")
            return -1
        self._q_exit_code = None
        self._q_running = True
        thread.loops.append(self)  # before the look at `quitting`: whoever ends the thread sets that first
        level = thread.loop_level
        try:
            if thread.quitting:
                return -1
            dispatcher = dispatcher_for(thread)
            turn = dispatcher.process_turn
            wake_on_signals = dispatcher.signals_wake() if len(thread.loops) == 1 else contextlib.nullcontext()
            thread.loop_level = level + 1
            flags = int(flags) | WAIT
            with wake_on_signals:
                while self._q_exit_code is None:
                    turn(True, flags)
        finally:
            self._q_running = False
            thread.loop_level = level
            if self in thread.loops:  # not so in a forked child that has started afresh
                thread.loops.remove(self)
            if not thread.loops and (thread.adopted or thread is _thread_data.main_thread_data()):
                thread.quitting = False  # the application left every loop; a QThread sees to this itself
        code: int = self._q_exit_code
        return code

    exec_ = exec

    def exit(self, returnCode: int = 0) -> None:
        """Make `exec` return *returnCode* after the present turn. Any thread may call it; before exec: nothing."""
        if not isinstance(returnCode, int):
            raise TypeError(f"an exit code is an int, not {type(returnCode).__name__}")
        if not self._q_running:
            return
        self._q_exit_code = returnCode
        dispatcher = self._q.thread.dispatcher
        if dispatcher is not None:
            dispatcher.interrupt()

    def quit(self) -> None:
        """`exit` with 0."""
        QEventLoop.exit(self, 0)

    def isRunning(self) -> bool:
        """Whether `exec` runs and was not told to exit yet."""
        return self._q_running and self._q_exit_code is None

    def processEvents(self, flags: int = ProcessEventsFlag.AllEvents, maximumTime: Any = None) -> bool | None:
        """Deliver what is pending.

        With *maximumTime* (milliseconds or a QDeadlineTimer), go on until nothing is pending or the time has
        passed, and return None; without, take one turn and return whether anything was delivered.
        """
        if maximumTime is None:
            return process_events(_thread_data.current(), flags)
        process_events_for(_thread_data.current(), flags, maximumTime)
        return None

    def wakeUp(self) -> None:
        """Make the loop's wait return. Any thread may call it."""
        dispatcher = self._q.thread.dispatcher
        if dispatcher is not None:
            dispatcher.wakeUp()

    def event(self, event: QEvent) -> bool:
        """Quits the loop for a Quit event."""
        if event.type() is EventType.Quit:
            QEventLoop.quit(self)
            return True
        return super().event(event)


def _check_flags(flags: int) -> None:
    if not isinstance(flags, int):
        raise TypeError(f"flags are QEventLoop.ProcessEventsFlag, not {type(flags).__name__}")


def process_events(thread: ThreadData, flags: int) -> bool:
    """One turn of *thread*'s dispatcher, the running thread's."""
    _check_flags(flags)
    return dispatcher_for(thread).process_turn(bool(flags & WAIT), flags)


def process_events_for(thread: ThreadData, flags: int, maximum: Any) -> None:
    """Turns until nothing is pending or *maximum* (milliseconds or a QDeadlineTimer) has passed."""
    _check_flags(flags)
    remaining = getattr(maximum, "remainingTime", None)
    milliseconds = remaining() if remaining is not None else int(maximum)
    end = monotonic() + milliseconds / 1000 if milliseconds >= 0 else float("inf")
    dispatcher = dispatcher_for(thread)
    while dispatcher.process_turn(False, flags & ~WAIT):
        if monotonic() >= end:
            return


class QEventLoopLocker:
    """Keeps a loop, a thread or the application running: they quit when the last locker is gone.

    Without an argument it locks the application (see `QCoreApplication.setQuitLockEnabled`). Usable as a
    context manager. Qt page: QEventLoopLocker.
    """

    _counts: dict[int, int] = {}
    _lock = threading.Lock()

    def __init__(self, target: Any = None) -> None:
        from qnet.core.application import QCoreApplication
        from qnet.core.thread import QThread

        if target is not None and not isinstance(target, (QEventLoop, QThread)):
            raise TypeError(f"QEventLoopLocker wants a QEventLoop or a QThread, not {type(target).__name__}")
        self._q_target = target if target is not None else QCoreApplication.instance()
        with self._lock:
            self._counts[id(self._q_target)] = self._counts.get(id(self._q_target), 0) + 1

    def unlock(self) -> None:
        """Let go; nothing happens the second time."""
        target, self._q_target = self._q_target, None
        if target is None:
            return
        with self._lock:
            self._counts[id(target)] -= 1
            last = not self._counts[id(target)]
            if last:
                del self._counts[id(target)]
        if last:
            quit_when_unlocked(target)

    def __enter__(self) -> QEventLoopLocker:
        return self

    def __exit__(self, *exc: object) -> None:
        self.unlock()

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if self.__dict__.get("_q_target") is not None and not is_finalizing():
            self.unlock()


def quit_when_unlocked(target: Any) -> None:
    """Ask *target* to quit: a loop and the application through their event queue, since the locker may go anywhere."""
    from qnet.core._post import post_call
    from qnet.core.application import QCoreApplication
    from qnet.core.thread import QThread

    if isinstance(target, QThread):
        target.quit()  # the object lives in another thread than the loops that it ends
    elif not isinstance(target, QCoreApplication) or target.isQuitLockEnabled():
        post_call(target, target.quit)
