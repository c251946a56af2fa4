"""QTest: waiting in tests. Source: https://doc.qt.io/qt-6/qtest.html."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from qnet.core.application import QCoreApplication
from qnet.core.deadlinetimer import QDeadlineTimer
from qnet.core.event import QEvent
from qnet.core.eventloop import QEventLoop
from qnet.core.timer import QTimer
from qnet.testing._time import milliseconds

__all__ = ["QTest"]

_STEP_MS = 10


class QTest:
    """What tests of event-driven programs need to wait; Qt's test runner is left to pytest and its kin."""

    @staticmethod
    def qWait(ms: int | timedelta) -> None:
        """Turn this thread's event loop for *ms* milliseconds, then delete what `deleteLater` has promised."""
        loop = QEventLoop()
        timer = QTimer(singleShot=True, interval=milliseconds(ms), timeout=loop.quit)
        timer.start()
        loop.exec()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    @staticmethod
    def qWaitFor(predicate: Callable[[], object], timeout: int | timedelta | QDeadlineTimer = 5000) -> bool:
        """Turn this thread's event loop until *predicate()* is true; whether it was before *timeout* (ms).

        The predicate is asked first, after everything that the loop delivers, and every 10 ms.
        """
        if not callable(predicate):
            raise TypeError(f"a predicate is callable, not {type(predicate).__name__}")
        deadline = timeout if isinstance(timeout, QDeadlineTimer) else QDeadlineTimer(milliseconds(timeout))
        loop = QEventLoop()
        clock = QTimer(interval=_STEP_MS)
        clock.start()
        while not predicate():
            if deadline.hasExpired():
                return False
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return True

    @staticmethod
    def qSleep(ms: int | timedelta) -> None:
        """Block this thread, its event loop too, for *ms* milliseconds."""
        time.sleep(milliseconds(ms) / 1000)
