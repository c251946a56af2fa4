"""The facts of this host's interfaces, and who wants to hear when they change.

`InterfaceWatch` is an object that tells: `InterfaceWatch.snapshot` is what was announced last, `InterfaceWatch.changed`
announces the next. The watches of one thread share one source (:mod:`qnet.kernel._interface_listener`), which that
thread's own loop serves. So a thread that blocks delays nobody else, a slot runs where its watch lives, and nothing is
locked on the way. Without a watch nothing is open.

One socket for the whole process was the other choice. Some thread would have to serve it for all: a thread of ours that
never ends, or one of the program's, which may block or be over at any time.

A change is announced `SETTLE` seconds after the first sign of it, with all that has happened until then, and not at
all if everything is as before: taking an interface up makes half a dozen messages, and a bad cable may flap for hours.

A watch can be moved to another thread, and rests in one that runs no loop, like every object. In a forked child the
sources are opened anew: their descriptors are shared with the parent, and reading them would steal from it.
"""

from __future__ import annotations

import atexit
import os
import threading
from weakref import ReferenceType

from qnet.core import (
    _fork,  # noqa: F401  # it registers before this module does: a child first gets its main thread and dispatcher
    _thread_data,
)
from qnet.core._post import post_to_data, post_to_thread
from qnet.core._thread_data import ThreadData
from qnet.core._timers import TimerEntry
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel._interface_facts import Change, Snapshot
from qnet.kernel._interface_listener import Listener, open_listener

__all__ = ["SETTLE", "InterfaceWatch"]

SETTLE = 0.05


class _Monitor:
    """The source of one thread's watches. Only that thread calls it, or whoever clears up after it."""

    def __init__(self, thread: ThreadData, kind: str) -> None:
        self.thread = thread
        self.kind = kind
        self.watches: dict[int, ReferenceType[InterfaceWatch]] = {}
        self.source: Listener | None = open_listener(kind, thread, self._on_change, self._on_failure)
        self._timer = TimerEntry(int(SETTLE * 1e9), self.announce, single_shot=True)
        self._timers = thread.timers

    def is_served(self) -> bool:
        """Whether the thread's loop serves it: not in a forked child until it reopens, or if that starts afresh."""
        return self.source is not None and self.thread.timers is self._timers

    def snapshot(self) -> Snapshot:
        return self.source.snapshot() if self.source is not None else Snapshot()

    def _on_change(self) -> None:
        if self._timer.serial:
            return  # it is due to be announced already
        snapshot = self.snapshot()
        watches = [ref() for ref in self.watches.values()]
        if any(watch is not None and watch.differs(snapshot) for watch in watches):
            self._timers.start(self._timer)

    def _on_failure(self) -> None:
        """The source cannot go on: begin anew, with polling if need be."""
        self.kind = ""
        self.reopen()

    def announce(self) -> None:
        source = self.source
        if source is None:
            return
        if not source.is_settled():
            self._timers.start(self._timer)  # a long answer is on its way
            return
        snapshot = source.snapshot()
        for key, ref in list(self.watches.items()):
            watch = ref() if self.watches.get(key) is ref else None  # a slot of another one may have stopped it
            if watch is not None:
                watch.announce(snapshot)

    def reopen(self) -> None:
        """Read everything anew, from a new source; what is different by then is announced."""
        self.drop_source()
        self.source = open_listener(self.kind, self.thread, self._on_change, self._on_failure)
        self._on_change()

    def drop_source(self) -> None:
        source, self.source = self.source, None
        if source is not None:
            source.close()

    def close(self) -> None:
        """For good: whoever still refers to it finds nothing open, and no cycle keeps it."""
        self.drop_source()
        self._timers.discard(self._timer)


_monitors: dict[tuple[ThreadData, str], _Monitor] = {}
_lock = threading.RLock()  # for the table alone


class InterfaceWatch(QObject):
    """Tells what interfaces this host has and when that changes, in the thread that it lives in.

    *source* is "netlink", "psutil", or "" for the better one that works here. It starts at once: `snapshot` has facts
    as soon as it is made, unless the host has thousands of routes. Raises OSError if the *source* does not work here,
    ValueError if there is no such.
    """

    changed = Signal(object)
    """Something is different: the argument is a :class:`~qnet.kernel._interface_facts.Change`."""

    def __init__(self, parent: QObject | None = None, *, source: str = "") -> None:
        super().__init__()
        self._q_kind = source
        self._q_monitor: _Monitor | None = None
        self._q_snapshot = Snapshot()
        InterfaceWatch.start(self)
        if parent is not None:  # last: the parent would keep an object whose constructor failed
            QObject.setParent(self, parent)

    def snapshot(self) -> Snapshot:
        """The facts as they were announced last; after `stop`, as they were then."""
        return self._q_snapshot

    def source(self) -> str:
        """Where the facts come from: "netlink" or "psutil", "" while it is stopped."""
        monitor = self._q_monitor
        return monitor.source.name if monitor is not None and monitor.source is not None else ""

    def start(self) -> None:
        """Go on after `stop`; what is different by now is announced like any other change.

        Only the thread of the watch can do it.
        """
        thread = self._q.thread
        if self._q_monitor is not None:
            return
        if thread is not _thread_data.current():
            qWarning("InterfaceWatch: a watch cannot be started from another thread")
            return
        first = not self._q_snapshot.interfaces and not self._q_snapshot.complete
        monitor = self._q_monitor = _join(self, thread)
        if first:
            self._q_snapshot = monitor.snapshot()
        else:
            monitor._on_change()

    def stop(self) -> None:
        """Announce nothing more; the last watch of a thread closes its source."""
        monitor, self._q_monitor = self._q_monitor, None
        if monitor is not None:
            _leave(self, monitor)

    def refresh(self) -> None:
        """Read everything again, now; with polling, also poll at short intervals for a while."""
        monitor = self._q_monitor
        if monitor is not None and monitor.source is not None:
            monitor.source.refresh()

    def differs(self, snapshot: Snapshot) -> bool:
        """Whether *snapshot* is another one than was announced last."""
        return snapshot is not self._q_snapshot and snapshot != self._q_snapshot

    def announce(self, snapshot: Snapshot) -> None:
        """Called by the source: take *snapshot* and tell what is different."""
        if InterfaceWatch.differs(self, snapshot):
            change = Change(self._q_snapshot, snapshot)
            self._q_snapshot = snapshot
            InterfaceWatch.changed.emit_from(self, change)

    def _q_finalize(self) -> None:
        InterfaceWatch.stop(self)
        super()._q_finalize()

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        active = self._q_monitor is not None
        InterfaceWatch.stop(self)
        super()._q_change_thread(source, target)
        if active:
            post_to_data(self._q, InterfaceWatch.start, self)


def _join(watch: InterfaceWatch, thread: ThreadData) -> _Monitor:
    key = (thread, watch._q_kind)
    with _lock:
        monitor = _monitors.get(key)
    if monitor is None or not monitor.is_served():
        monitor = _Monitor(thread, watch._q_kind)
        with _lock:
            _monitors[key] = monitor
    monitor.watches[id(watch)] = ReferenceType(watch)
    return monitor


def _leave(watch: InterfaceWatch, monitor: _Monitor) -> None:
    monitor.watches.pop(id(watch), None)
    if not monitor.watches:
        with _lock:
            for key in [key for key, each in _monitors.items() if each is monitor]:
                del _monitors[key]
        monitor.close()


def _close_mine() -> None:
    """At the end of the program: nothing is left to the interpreter, which would warn."""
    for monitor in list(_monitors.values()):
        if monitor.thread is _thread_data.current():
            monitor.close()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    mine = _thread_data.current()
    for monitor in list(_monitors.values()):
        monitor.drop_source()
        if monitor.thread is mine:
            post_to_thread(mine, _reopen, ReferenceType(monitor))


def _reopen(ref: ReferenceType[_Monitor]) -> None:
    monitor = ref()
    if monitor is not None and monitor.watches and monitor.source is None:
        monitor.reopen()


atexit.register(_close_mine)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
