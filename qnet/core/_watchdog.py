"""``QNET_DEBUG``: says which slot keeps an event loop from turning.

With ``QNET_DEBUG`` set in the environment (to anything but 0; a number is the threshold in milliseconds, 100
otherwise), one watching thread looks at the dispatchers of all threads. A turn that takes longer than the threshold is
reported once, with the stack of the slot while it is still at it. The watched threads pay one clock look-up a
turn, and nothing at all when the variable is not set.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
import weakref
from time import monotonic
from typing import TYPE_CHECKING

from qnet.core.logging import qWarning

if TYPE_CHECKING:
    from qnet.core._thread_data import ThreadData

__all__ = ["enabled", "watch_over"]

_DEFAULT_MS = 100.0


def _threshold() -> float:
    """Seconds; 0: no debugging."""
    text = os.environ.get("QNET_DEBUG", "0")
    try:
        number = float(text)
    except ValueError:
        return _DEFAULT_MS / 1000 if text else 0.0
    return (_DEFAULT_MS if number == 1 else number) / 1000


def enabled() -> bool:
    """Whether QNET_DEBUG asks for debugging."""
    return _threshold() > 0


class _Watchdog(threading.Thread):
    def __init__(self, threshold: float) -> None:
        super().__init__(name="qnet-watchdog", daemon=True)
        self.threshold = threshold
        self.watched: weakref.WeakSet[ThreadData] = weakref.WeakSet()
        self.reported: dict[int, float] = {}
        self.pause = threading.Event()

    def run(self) -> None:
        while not self.pause.wait(self.threshold / 4):
            now = monotonic()
            for thread in list(self.watched):
                self.look_at(thread, now)

    def look_at(self, thread: ThreadData, now: float) -> None:
        dispatcher = thread.dispatcher
        since = dispatcher.busy_since if dispatcher is not None else 0.0
        if not since or now - since < self.threshold or self.reported.get(thread.ident) == since:
            return
        frame = sys._current_frames().get(thread.ident)
        if frame is None:
            return
        self.reported[thread.ident] = since
        stack = "".join(traceback.format_stack(frame))
        milliseconds = round((now - since) * 1000)
        qWarning(
            f"qnet: the event loop of thread {thread.ident} has not turned for {milliseconds} ms; it is in\n{stack}"
        )


_watchdog: _Watchdog | None = None
_lock = threading.Lock()


def _after_fork() -> None:
    global _watchdog, _lock
    _watchdog, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def watch_over(thread: ThreadData) -> None:
    """Let the watchdog look at *thread*, if QNET_DEBUG asks for it."""
    global _watchdog
    if not enabled() or thread.dispatcher is None:
        return
    with _lock:
        if _watchdog is None:
            _watchdog = _Watchdog(_threshold())
            _watchdog.start()
        _watchdog.watched.add(thread)
    thread.dispatcher.timed = True
