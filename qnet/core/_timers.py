"""The pending timers of a thread: a heap of ``(deadline, serial, entry)`` tuples.

The entry is a `TimerEntry`, or just the callable of a call that happens once and cannot be stopped.

Tuples compare in C, so that 100,000 pending timers cost what a heap costs and no Python call. Stopping a timer
leaves its tuple in the heap: the entry's serial no longer matches, and the tuple is dropped when it comes to the
top, or all stale ones at once when they are the majority.

Serials also bound a pass: what is started while a pass runs has a higher serial than the pass's limit and waits
for the next one. Deadlines are in nanoseconds of the monotonic clock.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from qnet.core import hooks

__all__ = ["TimerEntry", "TimerQueue"]

_SECOND = 1_000_000_000
_MANY_STALE = 64


def _nothing() -> None:
    """What an entry calls that was discarded."""


class TimerEntry:
    """One timer: call ``callback()`` every ``interval`` ns, or once. ``serial`` is 0 while it is not pending."""

    __slots__ = ("callback", "deadline", "firing", "interval", "serial", "single_shot")

    def __init__(self, interval: int, callback: Callable[[], object], single_shot: bool) -> None:
        self.interval = interval
        self.callback = callback
        self.single_shot = single_shot
        self.deadline = 0
        self.serial = 0
        self.firing = False

    def remaining(self) -> int:
        """Nanoseconds until the timer is due: 0 if it is overdue, -1 if it is not pending."""
        if not self.serial:
            return -1
        return max(0, self.deadline - monotonic_ns())


class TimerQueue:
    """The heap; used by the thread that owns it and by no other."""

    __slots__ = ("_serial", "_stale", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, Any]] = []
        self._serial = 0
        self._stale = 0

    def __len__(self) -> int:
        return len(self.heap) - self._stale

    def start(self, entry: TimerEntry) -> None:
        """Make *entry* due one interval from now; a pending one starts anew."""
        if entry.serial:
            self.stop(entry)
        self._push(entry, monotonic_ns() + entry.interval)

    def call_once(self, delay: int, callback: Callable[[], object]) -> None:
        """Call ``callback()`` once, *delay* ns from now. It cannot be stopped, so it needs no entry."""
        self._serial = serial = self._serial + 1
        heapq.heappush(self.heap, (monotonic_ns() + delay, serial, callback))

    def resume(self, entry: TimerEntry, deadline: int) -> None:
        """Make *entry* due at *deadline*: it comes from another thread's queue."""
        self._push(entry, deadline)

    def _push(self, entry: TimerEntry, deadline: int) -> None:
        self._serial = serial = self._serial + 1
        entry.serial = serial
        entry.deadline = deadline
        heapq.heappush(self.heap, (deadline, serial, entry))

    def stop(self, entry: TimerEntry) -> None:
        """Take *entry* out; nothing happens if it is not pending."""
        if not entry.serial:
            return
        entry.serial = 0
        self._stale += 1
        if self._stale > _MANY_STALE and self._stale * 2 > len(self.heap):
            # in place: a pass that is under way goes on with the same list
            self.heap[:] = [item for item in self.heap if type(item[2]) is not TimerEntry or item[2].serial == item[1]]
            heapq.heapify(self.heap)
            self._stale = 0

    def discard(self, entry: TimerEntry) -> None:
        """`stop` *entry* for good and let go of what it calls, which its tuple in the heap would keep alive."""
        self.stop(entry)
        entry.callback = _nothing

    def timeout(self) -> float:
        """Seconds until the first timer is due, 0 if it is overdue, -1 if there is none."""
        heap = self.heap
        while heap:
            deadline, serial, entry = heap[0]
            if type(entry) is not TimerEntry or entry.serial == serial:
                return max(0, deadline - monotonic_ns()) / _SECOND
            heapq.heappop(heap)
            self._stale -= 1
        return -1

    def fire_due(self) -> int:
        """Call back every timer that is due now, in the order of the deadlines. Returns how many."""
        heap = self.heap
        now = monotonic_ns()
        limit = self._serial
        fired = 0
        while heap:
            deadline, serial, entry = heap[0]
            if deadline > now or serial > limit:
                break
            heapq.heappop(heap)
            if type(entry) is not TimerEntry:
                fired += 1
                try:
                    entry()
                except Exception as error:
                    hooks.report(error, "a timer", entry, emitted=False)
                continue
            if entry.serial != serial:
                self._stale -= 1
                continue
            if entry.single_shot:
                entry.serial = 0
            else:
                self._push(entry, _next_deadline(deadline, entry.interval, now))
            if entry.firing:
                continue  # its own slot runs a nested loop: the tick is missed, not made up for
            fired += 1
            entry.firing = True
            try:
                entry.callback()
            except Exception as error:
                hooks.report(error, "a timer", entry.callback, emitted=False)
            finally:
                entry.firing = False
        return fired


def _next_deadline(deadline: int, interval: int, now: int) -> int:
    """The first multiple of the interval after *now*: ticks that were missed collapse into one."""
    if not interval:
        return now
    following = deadline + interval
    if following <= now:
        following += ((now - following) // interval + 1) * interval
    return following
