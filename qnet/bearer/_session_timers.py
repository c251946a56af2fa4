"""The times of a session: how long it may take to open and stay open, and when to look again without a reason."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qnet.core.timer import QTimer

if TYPE_CHECKING:
    from qnet.bearer._session_core import SessionCore

__all__ = ["SessionTimers"]

PATIENCE = 0.2  # seconds between looks whether another process, which may be killed, has taken an interface down


class SessionTimers:
    """The timers are children of the session, and this refers to them only."""

    __slots__ = ("_again", "_deadline", "_opening", "_session")

    def __init__(self, session: SessionCore) -> None:
        self._opening = _single_shot(session)
        self._opening.timeout.connect(session._q_opening_expired)
        self._session = _single_shot(session)
        self._session.timeout.connect(session._q_session_expired)
        self._again = _single_shot(session)
        self._again.timeout.connect(session._q_look_closely)
        self._deadline = 0.0

    @staticmethod
    def now() -> float:
        """The time in seconds that all of them go by."""
        return time.monotonic()

    def limit_opening(self, milliseconds: int) -> None:
        """It has to be open by then, unless there is a limit already; a negative number is none."""
        if milliseconds >= 0 and not self._opening.isActive():
            self._deadline = self.now() + milliseconds / 1000
            self._opening.start(milliseconds)

    def end_opening(self) -> None:
        """It is open, or never will be."""
        self._opening.stop()

    def opening_left(self) -> float | None:
        """Seconds that are left; None without a limit."""
        return max(0.0, self._deadline - self.now()) if self._opening.isActive() else None

    def limit_session(self, milliseconds: int) -> None:
        """Close it then; a negative number is never."""
        if milliseconds >= 0:
            self._session.start(milliseconds)
        else:
            self._session.stop()

    def look_again(self, seconds: float = PATIENCE) -> None:
        """Look then, whatever happens."""
        self._again.start(int(max(0.0, seconds) * 1000) + 1)

    def stop(self) -> None:
        """All of them."""
        for timer in (self._opening, self._session, self._again):
            timer.stop()


def _single_shot(session: SessionCore) -> QTimer:
    timer = QTimer(session)
    timer.setSingleShot(True)
    return timer
