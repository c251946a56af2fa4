"""`QNetworkSession.waitForOpened`: a thread that blocks instead of turning a loop.

The session's own letter box is emptied by a loop. So the thread that waits has another one, which wakes it, and looks
by itself, on the same way as the loop would have done it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from qnet.bearer._data import ConfigurationData, Facts
from qnet.bearer._session_states import Phase
from qnet.bearer._session_timers import PATIENCE
from qnet.bearer._watch import Change, Mailbox
from qnet.core._interrupt import interruptible
from qnet.core.deadlinetimer import seconds_left, to_deadline

if TYPE_CHECKING:
    from qnet.bearer._session_core import SessionCore

__all__ = ["Alarm", "wait_for_opened"]


class Alarm(Mailbox):
    """Wakes a thread when the store has changed, when an engine has failed, or when `ring` is called."""

    __slots__ = ("_failures", "_happened")

    def __init__(self, session: SessionCore) -> None:
        super().__init__(session._q_watch)
        self._failures: list[tuple[Any, ...]] = []
        self._happened = threading.Event()

    def note(self, change: Change, record: ConfigurationData, before: Facts) -> bool:
        """See the base class."""
        return True

    def wake(self) -> None:
        """See the base class."""
        self._happened.set()

    def tell(self, signal: str, args: tuple[object, ...]) -> None:
        """See the base class."""
        if signal == "failed":
            self._failures.append(args)
            self._happened.set()

    def wait(self, seconds: float | None) -> list[tuple[Any, ...]]:
        """Block until something has happened; returns the engines' failures."""
        self._happened.wait(seconds)
        self._happened.clear()
        failures, self._failures = self._failures, []
        return failures


@interruptible
def wait_for_opened(session: SessionCore, msecs: int) -> bool:
    """Block until *session* is open; False if it will not be, or not within *msecs* (-1: no limit)."""
    deadline = to_deadline(msecs)
    store = session._q_watch.store()
    alarm = session._q_alarm = Alarm(session)
    store.attach(alarm)
    try:
        while True:
            session._q_look()
            if session._q_phase in (Phase.OPEN, Phase.CLOSED):
                return session._q_phase is Phase.OPEN
            left = seconds_left(deadline)
            opening = session._q_timers.opening_left()
            if opening == 0:
                session._q_opening_expired()
                continue
            if left == 0:
                return False
            hold = session._q_active_hold()
            waits = [left, opening, PATIENCE if hold is not None and hold.must_wait else None]
            for failure in alarm.wait(min((each for each in waits if each is not None), default=None)):
                session._q_engine_failed(*failure)
            if hold is not None and hold.must_wait:
                session._q_hub.sessions.look()
    finally:
        session._q_alarm = None
        store.detach(alarm)
