"""The reactor: one event dispatcher a thread.

A turn, in this order::

    flush what was written outside a turn
    wait        (timeout from the timer heap; none if posted events wait)
    timers      that are due, in the order of their deadlines
    descriptors that are ready: a dictionary look-up and one call each, no event object
    flush       sockets written to send once, coalesced (after every 16 descriptors of a large batch)
    posted      events: one bounded pass, so that a slot that posts again starves nobody
    flush       what that pass wrote

What it relies on, and what must stay true:

* Handlers tolerate a call without cause: an earlier handler of the same batch may have closed the
descriptor and
  opened another with its number, or a nested loop may have read everything already. All descriptors are
  non-blocking, so a call without cause is an EAGAIN.
* A descriptor with nothing to wait for is not in the poller at all: epoll reports errors and hang-ups
unasked, and a
  socket that pauses reading would otherwise turn the loop for nothing.
* The dispatcher holds what it watches: the handlers are bound methods. A device leaves by closing. Devices
come in
  through ``ThreadData.arrivals`` at the beginning of a turn, so that a thread that never turns registers
  nothing (see there).
* ``sleeping`` is set before the queue is looked at; see `qnet.core._thread_data` on lost wake-ups.

Ctrl-C: the kernel may deliver a signal to any thread, so `signal.set_wakeup_fd` makes the main thread's
wait return wherever it went; `qnet.core._interrupt` decides where KeyboardInterrupt is raised.

A large batch is flushed in groups: with 1,000 sockets ready, the first ones have left the processor's cache
when the last one was read, and a flush at the end would fetch each of them a second time (measured: a third
of the CPU).

What was tried: edge-triggered epoll is no faster, because a read that empties the socket is followed by no second
one in either mode, and it loses level triggering's tolerance for handlers that read only part.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol
from weakref import ReferenceType

# _fork registers itself. Both are imported here and not where they are used: a thread that imports while another
# forks leaves the import locked in the child.
from qnet.core import _fork, _object_timers, _thread_data, _watchdog, hooks  # noqa: F401
from qnet.core._interrupt import InterruptGuard, interruptible
from qnet.core._io_epoll import PRIORITY, READ, WRITE
from qnet.core._thread_data import ThreadData
from qnet.core.namespace import Qt
from qnet.core.object import QObject
from qnet.core.signals import Signal

if TYPE_CHECKING:
    from qnet.core.socketnotifier import QSocketNotifier
    from qnet.core.thread import QThread

__all__ = ["EventDispatcher", "QAbstractEventDispatcher", "dispatcher_for"]

EXCLUDE_SOCKETS = 0x02
WAIT_FOR_MORE = 0x04
EXCLUDE_TIMERS = 0x08

# Errors and hang-ups concern readers and writers alike.
_FOR_READERS = ~(WRITE | PRIORITY)
_FOR_WRITERS = ~(READ | PRIORITY)

_GROUP = 16  # handlers between two flushes: see the module's text

Handler = Callable[[], object]


class Poller(Protocol):
    """What a back end offers; `qnet.core._io_epoll` has the contract in words."""

    name: str

    @property
    def wait(self) -> Callable[[float], list[tuple[int, int]]]: ...
    def watch(self, fd: int, mask: int, known: int) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class Flushable(Protocol):
    """A device that has unsent data and wants to be called once before the next wait."""

    def _q_flush_due(self) -> None: ...


class _TimerInfo(NamedTuple):
    """One of an object's timers: id, interval in milliseconds, kind."""

    timerId: int
    interval: int
    timerType: Qt.TimerType


def _make_poller() -> Poller:
    wanted = os.environ.get("QNET_EVENT_DISPATCHER", "")
    if wanted not in ("", "epoll", "kqueue", "select"):
        raise ValueError(f"QNET_EVENT_DISPATCHER is {wanted!r}; it may be epoll, kqueue or select")
    if wanted != "select":
        if sys.platform == "linux" and wanted in ("", "epoll"):
            from qnet.core._io_epoll import EpollPoller

            return EpollPoller()
        if sys.platform != "linux" and hasattr(select, "kqueue") and wanted in ("", "kqueue"):
            from qnet.core._io_kqueue import KqueuePoller

            return KqueuePoller()
        if wanted:
            raise ValueError(f"QNET_EVENT_DISPATCHER={wanted}: this system ({sys.platform}) has no {wanted}")
    from qnet.core._io_select import SelectPoller

    return SelectPoller()


class QAbstractEventDispatcher(QObject):
    """The interface of a thread's event dispatcher. Qt page: QAbstractEventDispatcher."""

    TimerInfo = _TimerInfo

    aboutToBlock = Signal()
    """The loop is about to sleep."""
    awake = Signal()
    """The loop slept and goes on."""
    _q_about_to_block = aboutToBlock.hidden_alias()
    _q_awake = awake.hidden_alias()

    @staticmethod
    def instance(thread: QThread | None = None) -> QAbstractEventDispatcher | None:
        """The dispatcher of *thread* (None: the running one), or None if it has none yet."""
        data = _thread_data.current() if thread is None else thread._q_thread_data
        return data.dispatcher

    def processEvents(self, flags: int) -> bool:
        """Take one turn. Returns whether anything was delivered."""
        raise NotImplementedError("an event dispatcher implements processEvents()")

    def registerSocketNotifier(self, notifier: QSocketNotifier) -> None:
        """Watch the notifier's descriptor."""
        raise NotImplementedError("an event dispatcher implements registerSocketNotifier()")

    def unregisterSocketNotifier(self, notifier: QSocketNotifier) -> None:
        """Stop watching the notifier's descriptor."""
        raise NotImplementedError("an event dispatcher implements unregisterSocketNotifier()")

    def registerTimer(self, interval: int, timerType: Qt.TimerType, object: QObject) -> int:
        """Start a timer for *object*, as `QObject.startTimer` does; returns its id."""
        return _object_timers.start(object, interval, timerType)

    def unregisterTimer(self, timerId: int) -> bool:
        """Stop a timer by its id. Returns whether there was one."""
        return _object_timers.kill(int(timerId))

    def unregisterTimers(self, object: QObject) -> bool:
        """Stop every timer that *object* started. Returns whether there was one."""
        return _object_timers.kill_all(object)

    def registeredTimers(self, object: QObject) -> list[_TimerInfo]:
        """The timers that *object* started."""
        return [_TimerInfo(*info) for info in _object_timers.infos(object)]

    def remainingTime(self, timerId: int) -> int:
        """Milliseconds until the timer is due; -1 if there is none with this id."""
        return _object_timers.remaining(int(timerId))

    def wakeUp(self) -> None:
        """Make the thread's wait return. Any thread may call it."""
        raise NotImplementedError("an event dispatcher implements wakeUp()")

    def interrupt(self) -> None:
        """Make `processEvents` return as soon as it can."""
        raise NotImplementedError("an event dispatcher implements interrupt()")

    def startingUp(self) -> None:
        """Called before the first turn; there is nothing to prepare."""

    def closingDown(self) -> None:
        """Called after the last turn; `close` has given everything back already."""

    def installNativeEventFilter(self, filterObj: object) -> None:
        """Accepted for compatibility: a reactor without a display has no native events."""

    def removeNativeEventFilter(self, filterObj: object) -> None:
        """Accepted for compatibility, see `installNativeEventFilter`."""

    def filterNativeEvent(self, eventType: bytes, message: object) -> tuple[bool, int]:
        """(False, 0): no filter is ever interested."""
        return False, 0


class EventDispatcher(QAbstractEventDispatcher):
    """The dispatcher of every thread, over the back end that suits the system.

    ``QNET_EVENT_DISPATCHER`` (epoll, kqueue or select) in the environment forces one.
    """

    def __init__(self, thread: ThreadData) -> None:
        super().__init__()
        self._q.thread = thread
        self._q_thread = thread
        self._q_masks: dict[int, int] = {}
        self._q_readers: dict[int, Handler] = {}
        self._q_writers: dict[int, Handler] = {}
        self._q_urgents: dict[int, Handler] = {}
        self._q_flush: list[Flushable] = []  # devices add themselves, once a turn
        self._q_flushing: Iterator[Flushable] = iter(())  # what the flush that is under way has left
        self._q_interrupted = False
        self._q_wakes = 0
        self._q_wake_lock = threading.RLock()  # reentrant, because a signal handler may wake the loop as well
        self._q_signals: tuple[int, int] | None = None
        self._q_other_wake_up = -1  # the descriptor that the program gave to signal.set_wakeup_fd() before the loop ran
        self._q_guard: InterruptGuard | None = None
        self.sleeping = False
        self.timed = False  # whether the watchdog of QNET_DEBUG looks at busy_since
        self.busy_since = 0.0
        self._q_open()

    def _q_open(self) -> None:
        self._q_poller = _make_poller()
        self._q_wait = self._q_poller.wait
        self._q_wake_read, self._q_wake_write = _wake_pair()
        self.watch(self._q_wake_read, READ, self._q_drain)
        if self._q_thread is _thread_data.main_thread_data():
            self._q_signals = _pipe()  # now, and not when the loop starts: there may be no descriptor left then
            self.watch(self._q_signals[0], READ, self._q_drain_signals)

    def backend(self) -> str:
        """The name of the back end: epoll, kqueue or select."""
        return self._q_poller.name

    def fileno(self) -> int:
        """A descriptor that is readable when `processEvents` has something to do, or -1 (select has none).

        A host loop watches it and calls ``processEvents()``; before it sleeps it also has to ask for posted
        events and timers, see `timeout`.
        """
        return self._q_poller.fileno()

    def timeout(self) -> float:
        """Seconds that a host loop may sleep: 0 if something waits already, -1 if nothing ever will."""
        thread = self._q_thread
        if self._q_flush or thread.arrivals or thread.has_work(thread.loop_level + thread.scope_level):
            return 0
        return thread.timers.timeout()

    # -- a turn

    def processEvents(self, flags: int) -> bool:
        """Take one turn; with WaitForMoreEvents in *flags*, sleep until there is something to do."""
        return self.process_turn(bool(flags & WAIT_FOR_MORE), int(flags))

    def process_turn(self, block: bool, flags: int = 0) -> bool:
        """One turn, see the module's text. Returns whether anything was delivered."""
        thread = self._q_thread
        if self._q_guard is not None:
            self._q_guard.check()
        scope = thread.scope_level
        level = thread.loop_level + scope
        thread.scope_level = scope + 1
        done = 0
        try:
            if scope:
                self._q_flush[:0] = self._q_flushing  # a slot of that flush turns a loop: it may wait for the others
            if thread.arrivals:
                self._q_adopt_arrivals()
            if self._q_flush:
                self._q_flush_all()
            ready = self._q_wait_for_events(block, flags, level)
            if self.timed:
                self.busy_since = monotonic()
            if thread.timers.heap and not flags & EXCLUDE_TIMERS:
                done = thread.timers.fire_due()
            if ready:
                done += self._q_dispatch(ready)
                if self._q_flush:
                    self._q_flush_all()
            if thread.posted:
                done += thread.deliver_posted(level)
                if self._q_flush:
                    self._q_flush_all()
        finally:
            thread.scope_level = scope
            self.busy_since = 0.0
        return done > 0

    @interruptible
    def _q_wait_for_events(self, block: bool, flags: int, level: int) -> list[tuple[int, int]]:
        timeout: float = 0
        would_sleep = False
        if block and not self._q_interrupted:
            self.sleeping = True
            timeout = self._q_time_to_sleep(flags, level)
            would_sleep = timeout != 0
            if would_sleep and self._q_about_to_block._connections:
                self._q_about_to_block.emit()
                timeout = self._q_time_to_sleep(flags, level)  # a slot may have written, posted, started a timer
        self._q_interrupted = False
        try:
            if flags & EXCLUDE_SOCKETS:
                ready = self._q_wait_for_wake(timeout)
            else:
                ready = self._q_wait(timeout)
        finally:
            self.sleeping = False
        if would_sleep and self._q_awake._connections:
            self._q_awake.emit()
        return ready

    def _q_time_to_sleep(self, flags: int, level: int) -> float:
        """Seconds until a timer is due (-1: for ever), 0 if there is something to do already."""
        thread = self._q_thread
        if self._q_flush or thread.arrivals or (thread.posted and thread.has_work(level)):
            return 0  # slots of the flush before this wait wrote, connected or posted
        if thread.timers.heap and not flags & EXCLUDE_TIMERS:
            return thread.timers.timeout()
        return -1

    @interruptible
    def _q_wait_for_wake(self, timeout: float) -> list[tuple[int, int]]:
        """A wait that leaves every descriptor but the wake-up's alone."""
        poll = select.poll()
        poll.register(self._q_wake_read, select.POLLIN)
        if self._q_signals is not None:
            poll.register(self._q_signals[0], select.POLLIN)
        return poll.poll(None if timeout < 0 else timeout * 1000)

    def _q_dispatch(self, ready: list[tuple[int, int]]) -> int:
        """Call the handlers, and flush after every few of them while what they touched is still in the cache."""
        try:
            if len(ready) <= _GROUP:
                self._q_call_handlers(ready)
            else:
                for start in range(0, len(ready), _GROUP):
                    self._q_call_handlers(ready[start : start + _GROUP])
                    if self._q_flush:
                        self._q_flush_all()
        except Exception as error:
            # Slots report for themselves, so this is a defect of a device. The other descriptors of the batch
            # are reported again by the next wait.
            hooks.report(error, "the event loop", self._q_call_handlers, emitted=False)
        wakes, self._q_wakes = self._q_wakes, 0
        return len(ready) - wakes  # a wake-up delivers nothing

    def _q_call_handlers(self, ready: list[tuple[int, int]]) -> None:
        readers = self._q_readers
        writers = self._q_writers
        for fd, mask in ready:
            if mask == READ:
                reader = readers.get(fd)
                if reader is not None:
                    reader()
                continue
            if mask & _FOR_READERS:
                reader = readers.get(fd)
                if reader is not None:
                    reader()
            if mask & _FOR_WRITERS:
                writer = writers.get(fd)
                if writer is not None:
                    writer()
            if mask & PRIORITY:
                urgent = self._q_urgents.get(fd)
                if urgent is not None:
                    urgent()

    def _q_flush_all(self) -> None:
        devices, self._q_flush = self._q_flush, []
        outer, self._q_flushing = self._q_flushing, iter(devices)
        rest = self._q_flushing
        try:
            for device in rest:
                try:
                    device._q_flush_due()
                except Exception as error:  # a defect of one device: the others are flushed all the same
                    hooks.report(error, "the event loop", device._q_flush_due, emitted=False)
        finally:
            self._q_flush[:0] = rest  # none, unless a slot ended the loop with KeyboardInterrupt or SystemExit
            self._q_flushing = outer

    def _q_adopt_arrivals(self) -> None:
        arrivals = self._q_thread.arrivals
        while arrivals:
            _, item = arrivals.popitem()
            device = item() if isinstance(item, ReferenceType) else item
            if device is not None:
                device._q_watch(self)

    # -- descriptors

    def watch(self, fd: int, bit: int, handler: Handler | None) -> None:
        """Call *handler* when *fd* is ready for *bit* (READ, WRITE or PRIORITY); None: stop watching for it.

        Raises OSError if the descriptor cannot be watched. Nothing happens when the thread is over.
        """
        if self._q_wake_write < 0:
            return
        table = self._q_readers if bit == READ else self._q_writers if bit == WRITE else self._q_urgents
        known = self._q_masks.get(fd, 0)
        if handler is None:
            mask = known & ~bit
            table.pop(fd, None)
        else:
            mask = known | bit
        if mask != known:
            self._q_poller.watch(fd, mask, known)
        if mask:
            self._q_masks[fd] = mask
        else:
            self._q_masks.pop(fd, None)
        if handler is not None:
            table[fd] = handler

    def forget(self, fd: int) -> None:
        """Stop watching *fd* altogether; call it before the descriptor is closed."""
        known = self._q_masks.pop(fd, 0)
        if known:
            self._q_poller.watch(fd, 0, known)
            self._q_readers.pop(fd, None)
            self._q_writers.pop(fd, None)
            self._q_urgents.pop(fd, None)

    def watched(self) -> list[int]:
        """The descriptors that are watched for devices and notifiers."""
        own = {self._q_wake_read}
        if self._q_signals is not None:
            own.add(self._q_signals[0])
        return [fd for fd in self._q_masks if fd not in own]

    def registerSocketNotifier(self, notifier: QSocketNotifier) -> None:
        """Watch the notifier's descriptor for the notifier's kind of activity."""
        self.watch(notifier._q_socket, _notifier_bit(notifier), _WeakActivation(notifier))

    def unregisterSocketNotifier(self, notifier: QSocketNotifier) -> None:
        """Stop watching the notifier's descriptor for the notifier's kind of activity."""
        self.watch(notifier._q_socket, _notifier_bit(notifier), None)

    # -- waking

    def wakeUp(self) -> None:
        """Make the thread's wait return. Any thread may call it, and a signal handler too."""
        with self._q_wake_lock:  # without it a thread that ends meanwhile could hand its number to another file
            if self._q_wake_write < 0:
                return
            try:
                os.write(self._q_wake_write, b"\x01\0\0\0\0\0\0\0")
            except BlockingIOError:
                pass  # it is full of wake-ups already

    def interrupt(self) -> None:
        """Make `processEvents` return without sleeping (again)."""
        self._q_interrupted = True
        self.wakeUp()

    def _q_drain(self) -> None:
        self._q_wakes += 1
        try:
            os.read(self._q_wake_read, 4096)
        except BlockingIOError:
            pass

    @contextmanager
    def signals_wake(self) -> Iterator[None]:
        """While this lasts, a signal that reaches the process makes the main thread's wait return.

        Ctrl-C raises KeyboardInterrupt, where nothing of qnet is half done.
        """
        if self._q_signals is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        self._q_other_wake_up = signal.set_wakeup_fd(self._q_signals[1], warn_on_full_buffer=False)
        guard = self._q_guard = InterruptGuard()
        guard.install()
        try:
            yield
        finally:
            guard.remove()
            self._q_guard = None
            self._q_give_wake_up_back()
        guard.check()

    def _q_give_wake_up_back(self) -> None:
        other, self._q_other_wake_up = self._q_other_wake_up, -1
        if self._q_signals is not None:
            current = signal.set_wakeup_fd(other, warn_on_full_buffer=False)
            if current != self._q_signals[1]:  # the program has set another one meanwhile
                signal.set_wakeup_fd(current, warn_on_full_buffer=False)

    def _q_drain_signals(self) -> None:
        if self._q_signals is not None:
            try:
                numbers = os.read(self._q_signals[0], 4096)
                if self._q_other_wake_up >= 0:
                    os.write(self._q_other_wake_up, numbers)
            except OSError:
                pass  # nothing there, or the program's own descriptor is full or closed: as Python, do without

    def close(self) -> None:
        """Give every descriptor back; devices that are still watched are told nothing."""
        self._q_masks.clear()
        self._q_readers.clear()
        self._q_writers.clear()
        self._q_urgents.clear()
        self._q_flush.clear()
        self._q_close_descriptors()

    def _q_close_descriptors(self) -> None:
        self._q_poller.close()
        with self._q_wake_lock:
            os.close(self._q_wake_read)
            if self._q_wake_write != self._q_wake_read:
                os.close(self._q_wake_write)
            self._q_wake_read = self._q_wake_write = -1
        signals, self._q_signals = self._q_signals, None
        for end in signals or ():
            os.close(end)

    # -- after a fork, see `qnet.core._fork`

    def abandon(self) -> None:
        """Leave everything that is watched alone, for good, without telling the system or a device."""
        self._q_masks.clear()
        if self._q_wake_write >= 0:
            self._q_wake_lock = threading.RLock()
            self._q_close_descriptors()

    def renew(self) -> None:
        """Go on with descriptors of one's own."""
        masks = {fd: self._q_masks[fd] for fd in self.watched()}
        old = self._q_signals
        self.abandon()
        self._q_open()
        for fd, mask in masks.items():
            try:
                self._q_poller.watch(fd, mask, 0)
            except OSError:
                continue  # closed meanwhile
            self._q_masks[fd] = mask
        if old is not None and self._q_signals is not None:
            previous = signal.set_wakeup_fd(self._q_signals[1], warn_on_full_buffer=False)
            if previous != old[1]:
                signal.set_wakeup_fd(previous)


def _wake_pair() -> tuple[int, int]:
    """The descriptors to read and to write wake-ups: one eventfd, or a pipe where there is none."""
    if hasattr(os, "eventfd"):
        fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        return fd, fd
    return _pipe()


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    return reader, writer


class _WeakActivation:
    """Calls a notifier without keeping it: its descriptor is the program's, and dropping it is how it stops."""

    __slots__ = ("ref",)

    def __init__(self, notifier: QSocketNotifier) -> None:
        self.ref = notifier._q.ref

    def __call__(self) -> None:
        notifier = self.ref()
        if notifier is not None:
            notifier._q_activate()  # type: ignore[attr-defined]  # the reference is typed for any QObject


def _notifier_bit(notifier: QSocketNotifier) -> int:
    return (READ, WRITE, PRIORITY)[notifier._q_type]


def dispatcher_for(thread: ThreadData) -> EventDispatcher:
    """The dispatcher of *thread*, made when it is first needed."""
    if thread.dispatcher is None:
        thread.dispatcher = EventDispatcher(thread)
        _watchdog.watch_over(thread)
    return thread.dispatcher
