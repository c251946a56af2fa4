"""Sessions where the system cannot count those of all processes: those of this process alone.

As Qt has it, closing the last session then takes no interface down: other programs may need it. `stop` still does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from qnet.bearer._system_sessions import Registration

__all__ = ["LocalSessions"]


class LocalSessions:
    """Has the methods of :class:`~qnet.bearer._system_sessions.SystemSessions`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._open: list[Registration] = []
        self._ending: set[str] = set()
        self._started: set[str] = set()

    def open(self, key: str, news: Callable[[], object], on_last: Callable[[], object]) -> Registration:
        """Count a session."""
        registration = Registration(key, news, on_last)
        with self._lock:
            registration.must_wait = key in self._ending
            self._open.append(registration)
        return registration

    def starting(self, registration: Registration) -> None:
        """Note that this session has the interface brought up."""
        with self._lock:
            self._started.add(registration.key)

    def while_open(self, registration: Registration, function: Callable[[], object]) -> None:
        """Call *function* if the session has not ended; none is opened or closed meanwhile."""
        with self._lock:
            if registration in self._open:
                function()

    def close(self, registration: Registration) -> None:
        """Count one less."""
        with self._lock:
            if registration in self._open:
                self._open.remove(registration)

    def close_all(self) -> None:
        """None is left."""
        with self._lock:
            self._open.clear()

    def count(self, key: str) -> int:
        """How many sessions this process has."""
        with self._lock:
            return len([each for each in self._open if each.key == key])

    def may_end(self, key: str) -> bool:
        """Nobody is known who would be in the way."""
        return True

    def was_started(self, key: str) -> bool:
        """Whether a session of this process has brought the interface up."""
        with self._lock:
            return key in self._started

    def stop(self, key: str, ends: bool) -> bool:
        """All of them are over; see there."""
        with self._lock:
            concerned = [each for each in self._open if each.key == key]
            self._open = [each for each in self._open if each.key != key]
            mine = ends and key not in self._ending
            if mine:
                self._ending.add(key)
        for registration in concerned:
            registration.stopped = True
            registration.news()
        return mine

    def ended(self, key: str) -> None:
        """Who has waited goes on."""
        with self._lock:
            self._ending.discard(key)
            self._started.discard(key)
            waiting = [each for each in self._open if each.key == key and each.must_wait]
        for registration in waiting:
            registration.must_wait = False
            registration.news()

    def look(self) -> None:
        """There is nobody who could have done anything."""

    def open_bell(self) -> int:
        """No descriptor: -1."""
        return -1

    def close_bell(self) -> None:
        """There is none."""

    def reclaim(self) -> None:
        """What was inherited is this process's own already."""
