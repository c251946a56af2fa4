"""What every thread has: its queue of posted events, its loops, its dispatcher.

Every object lives in one thread: its `ObjectData.thread` is that thread's `ThreadData`. Emissions compare
``thread.ident`` with the running thread's to choose between a direct call and a posted one, so the ident is
right at every moment: 0 before a QThread starts and again after it ended, because the system gives the
numbers of dead threads to new ones.

The queue
---------
One deque a thread, ordered by priority, first in first out among equals. Queued calls and events share it, so
their order is the order of posting. Posting takes the queue's lock, since an insertion by priority looks at
several entries, and asks under it whether the receiver still lives here: a moving object changes its thread, and its
entries their queue, under the locks of both, so that no call overtakes an older one or stays behind.

What runs under a lock must not run finalizers, which may post themselves: entries are dropped after it, and whoever
looks the queue through uses a copy (which is made in one step). The lock is re-entrant for the garbage collector's
sake.

A pass delivers what was queued when it began and no more, so that a slot that posts again cannot starve
descriptors and timers. What is left of the pass always stands at the front (``pass_left`` entries): later
posts of a higher priority go behind it. A nested loop's pass includes what the outer one has left. (A pass
that took its entries out first would leave a nested loop waiting for ever for a call that the outer pass
holds.)

Waking ------ A thread that is about to sleep sets ``dispatcher.sleeping`` and only then looks at its queue;
a poster appends first and then looks at the flag. One of the two sees the other, so the eventfd is written
only when someone really sleeps, and no wake-up is lost.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ReferenceType

from qnet.core._timers import TimerQueue

if TYPE_CHECKING:
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.core.eventloop import QEventLoop
    from qnet.core.object import QObject
    from qnet.core.signals import SignalInstance
    from qnet.core.thread import QThread

__all__ = ["AwaitedCall", "ObjectData", "Posted", "ThreadData", "Watchable", "current", "main_thread_data"]


class Watchable(Protocol):
    """A device whose descriptor the thread's dispatcher watches as soon as it turns."""

    def _q_watch(self, dispatcher: EventDispatcher) -> None: ...


OUTSIDE_LOOPS = -1

_every: weakref.WeakSet[ThreadData] = weakref.WeakSet()
_moving = threading.RLock()  # whoever holds it may hold the locks of two threads


def _is_due(posted_at: int, level: int) -> bool:
    """Whether a deferred deletion posted at one loop level is due at another.

    The loop that it was posted in serves it, or one further out; what was posted before any loop ran
    (`OUTSIDE_LOOPS`) waits for the first one.
    """
    return level > 0 if posted_at == OUTSIDE_LOOPS else level < posted_at


class AwaitedCall:
    """A queued call that somebody sleeps for: he is released when it was made, or dropped without being made."""

    __slots__ = ("call", "done")

    def __init__(self, call: Callable[[], object], done: threading.Event) -> None:
        self.call = call
        self.done = done

    def __call__(self) -> None:
        try:
            self.call()
        finally:
            self.done.set()

    def __del__(self) -> None:
        self.done.set()


class Posted:
    """An entry of a thread's queue; cancelled entries stay in their place with ``run`` None.

    ``level`` is 0 except for deferred deletions.
    """

    __slots__ = ("event_type", "level", "priority", "receiver", "run")

    def __init__(
        self,
        receiver: ObjectData | None,
        run: Callable[[], object],
        event_type: int,
        priority: int = 0,
        level: int = 0,
    ) -> None:
        self.receiver = receiver
        self.run: Callable[[], object] | None = run
        self.event_type = event_type
        self.priority = priority
        self.level = level


class ObjectData:
    """The part of an object that outlives its last reference: its thread, and whether it still exists.

    Signals, connections and posted entries hold this and never the object, which is why an object dies with
    its last reference although they point at it.
    """

    __slots__ = ("alive", "blocked", "dying", "names", "parent", "ref", "sender", "thread")

    def __init__(self, ref: ReferenceType[QObject], thread: ThreadData) -> None:
        self.ref = ref
        self.thread = thread
        self.blocked = False
        self.alive = True
        self.dying = False  # its destruction has begun; `alive` ends after `destroyed` was emitted
        self.sender: SignalInstance | None = None
        self.parent: ObjectData | None = None
        self.names: Any = None


class ThreadData:
    """One thread's queue, loops and dispatcher; see the module's text for the rules."""

    __slots__ = (
        "__weakref__",
        "adopted",
        "arrivals",
        "dispatcher",
        "ident",
        "lock",
        "loop_level",
        "loops",
        "over",
        "pass_left",
        "posted",
        "qthread",
        "quitting",
        "scope_level",
        "timers",
        "warned_no_loop",
    )

    def __init__(self, ident: int = 0) -> None:
        self.ident = ident
        self.lock = threading.RLock()
        self.over = False  # it has ended, and was not started again
        self.posted: deque[Posted] = deque()
        self.pass_left = 0
        self.dispatcher: EventDispatcher | None = None
        self.timers = TimerQueue()
        self.loops: list[QEventLoop] = []
        self.loop_level = 0
        self.scope_level = 0
        self.quitting = False
        self.qthread: Callable[[], QThread | None] | None = None
        # Sockets wait here for the first turn of the dispatcher: strongly while they connect, weakly after
        # that. In a thread that only blocks in waitFor*() no turn ever comes, and no descriptor is
        # registered.
        self.arrivals: dict[int, Watchable | ReferenceType[Any]] = {}
        self.adopted = False
        self.warned_no_loop = False
        _every.add(self)

    def post(self, entry: Posted) -> None:
        """Queue *entry* behind all of the same or a higher priority and wake the thread. Any thread may call it."""
        receiver = entry.receiver
        with self.lock:
            home = self if receiver is None else receiver.thread
            if home is self:
                if self.over and type(entry.run) is AwaitedCall:
                    return  # nobody will ever make it: dropping it releases who waits
                queue = self.posted
                if not queue or queue[-1].priority >= entry.priority:
                    queue.append(entry)
                else:
                    self._insert(entry)
        if home is not self:
            home.post(entry)  # the receiver has moved since the caller looked
            return
        dispatcher = self.dispatcher
        if dispatcher is not None and dispatcher.sleeping:
            dispatcher.wakeUp()

    def _insert(self, entry: Posted) -> None:
        """Queue *entry* before those of a lower priority; the caller holds the lock."""
        queue = self.posted
        position = len(queue)
        while position > self.pass_left and queue[position - 1].priority < entry.priority:
            position -= 1
        queue.insert(position, entry)

    def deliver_posted(self, level: int) -> int:
        """One pass: run what is queued now. *level* is the loop level for deferred deletions. Returns the count."""
        queue = self.posted
        if not queue:
            return 0
        with self.lock:
            self.pass_left = len(queue)
        done = 0
        while self.pass_left > 0:
            with self.lock:
                self.pass_left -= 1
                entry = queue.popleft()
            run = entry.run
            receiver = entry.receiver
            if run is None or (receiver is not None and not receiver.alive):
                continue
            if entry.level and not _is_due(entry.level, level):
                queue.append(entry)  # a deferred deletion of an outer loop stays for that loop
                continue
            if receiver is not None and receiver.thread is not self:
                receiver.thread.post(entry)
                continue
            done += 1
            run()
        return done

    def deliver_matching(self, matches: Callable[[Posted], bool]) -> None:
        """Run the queued entries that *matches* accepts, now and in their order; the others stay."""
        for entry in [entry for entry in list(self.posted) if entry.run is not None and matches(entry)]:
            run = entry.run
            if run is not None and (entry.receiver is None or entry.receiver.alive):
                entry.run = None
                run()

    def cancel_matching(self, matches: Callable[[Posted], bool]) -> None:
        """Drop the queued entries that *matches* accepts."""
        dropped = []
        for entry in list(self.posted):
            if entry.run is not None and matches(entry):
                dropped.append(entry.run)
                entry.run = None
        with self.lock:
            while self.posted and self.posted[-1].run is None and len(self.posted) > self.pass_left:
                self.posted.pop()

    def move(self, objects: Sequence[QObject], target: ThreadData) -> None:
        """Let *target* serve *objects*, their timers and descriptors, and what is queued for them, in its order."""
        owners = {obj._q for obj in objects}
        with _moving, self.lock, target.lock:
            for obj in objects:
                obj._q_change_thread(self, target)
            for entry in list(self.posted):
                if entry.receiver in owners and entry.run is not None:
                    target.post(Posted(entry.receiver, entry.run, entry.event_type, entry.priority, entry.level))
                    entry.run = None

    def has_work(self, level: int) -> bool:
        """Whether a pass at *level* would run anything."""
        queue = self.posted
        if not queue:
            return False
        try:
            first = queue[0]
        except IndexError:  # moved to another thread in this moment
            return False
        if first.run is not None and not first.level:
            return True
        return any(e.run is not None and (not e.level or _is_due(e.level, level)) for e in list(queue))

    def ended(self) -> None:
        """The thread is over: nothing runs in it any more. Its number may come back as another thread's."""
        with self.lock:
            self.ident = 0
            self.over = True
        self.cancel_matching(lambda entry: type(entry.run) is AwaitedCall)
        dispatcher, self.dispatcher = self.dispatcher, None
        if dispatcher is not None:
            dispatcher.close()
        self.arrivals.clear()
        thread = self.qthread() if self.adopted and self.qthread is not None else None
        if thread is not None:  # it held on to this for as long as the thread ran
            self.qthread = ReferenceType(thread)

    def warn_without_loop(self, what: str) -> None:
        """Warn once if this is a plain thread that has never turned a loop: what is queued for it may wait for ever."""
        if self.dispatcher is None and not self.warned_no_loop and self.adopted and self.ident != threading.get_ident():
            self.warned_no_loop = True
            from qnet.core.logging import qWarning

            qWarning(f"{what}: queued for a thread that runs no event loop; it waits there until one runs")

    def deferred_level(self) -> int:
        """The level of a deferred deletion that is posted now."""
        return self.loop_level + self.scope_level or OUTSIDE_LOOPS


class _ThreadEnd:
    """Lives in a thread's local storage, dies with the thread and tells the thread's data so."""

    __slots__ = ("data",)

    def __init__(self, data: ThreadData) -> None:
        self.data = data

    def __del__(self) -> None:
        self.data.ended()


class _Local(threading.local):
    data: ThreadData
    end: _ThreadEnd


_local = _Local()


def current() -> ThreadData:
    """The running thread's data; a thread that qnet did not start is adopted on its first call."""
    try:
        return _local.data
    except AttributeError:
        if threading.current_thread() is threading.main_thread():
            data = main_thread_data()
        else:
            data = ThreadData(threading.get_ident())
            data.adopted = True
            _local.end = _ThreadEnd(data)
        _local.data = data
        return data


def adopt(data: ThreadData) -> None:
    """Make *data* the running thread's (a QThread brings its own)."""
    data.ident = threading.get_ident()
    data.over = False
    _local.data = data


def release() -> None:
    """Undo `adopt` at the end of a QThread: what runs in the thread after it has no data of it."""
    del _local.data


class _Nowhere(ThreadData):
    """Where destroyed objects live. No thread has its number, and what is posted to it is dropped."""

    __slots__ = ()

    def post(self, entry: Posted) -> None:
        return None


NOWHERE = _Nowhere(-1)
UNSERVED = ThreadData(0)  # where objects live that were moved to no thread; what is posted waits for a move
_main = ThreadData(threading.main_thread().ident or 0)


def main_thread_data() -> ThreadData:
    """The main thread's data, whichever thread asks."""
    return _main


def every_thread() -> list[ThreadData]:
    """The data of all threads that there are, and of those that objects still live in."""
    return list(_every)


def become_main() -> ThreadData:
    """After a fork: the running thread is the main thread. Returns its data."""
    global _main, _moving
    mine = getattr(_local, "data", None)
    if mine is None:
        mine = _main if _main.ident == threading.get_ident() else ThreadData(threading.get_ident())
    _moving = threading.RLock()
    _local.data = _main = mine
    mine.ident = threading.get_ident()
    mine.adopted = False
    return mine
