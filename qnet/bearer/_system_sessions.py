"""The open sessions of all processes, interface by interface: how many there are, and who closes last.

==================  ================================================================================================
`open`              counts one more; the first one starts with a clean record
`starting`          notes that a session has the interface brought up, so that the last one takes it down
`close`             counts one less; who closes last takes an interface down that a session has brought up
`stop`              notes that every session which is open now is over, and tells their processes
`look`              called when another process has rung: is one of ours over, or may one go on?
==================  ================================================================================================

Everything is decided under the guard of the interface's file, between processes, and under one lock, between threads;
neither is held longer than some system calls take. Taking an interface down lasts longer, seconds with some engines. It
must not hit a session that was opened meanwhile: the closer keeps the byte ENDING locked until `ended`. Who opens then
is counted and finds `Registration.must_wait`; when the byte is free `Registration.news` is called, and the new session
starts the interface itself.

All this holds for the processes that share a private directory, those of one user. Others are told of it and are looked
at (:mod:`qnet.bearer._session_neighbours`), but cannot be in the way: an interface stays up while they have sessions,
and root's `stop` ends those of everybody.

If all processes that held an interface up were killed it stays up. Whoever opens it next has not brought it up, and
leaves it up: an interface that somebody may rely on is not taken down on a guess.

A forked child has no locks, and so no sessions, although it has the objects. They are counted again, as the child's
own, when its loop turns (`reclaim`): a daemon goes on with its session, a worker that ends soon holds nothing up.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from weakref import WeakSet

from qnet.bearer import _session_bell, _session_directory
from qnet.bearer._session_bell import Bell
from qnet.bearer._session_file import ENDING, GUARD, SessionFile
from qnet.bearer._session_neighbours import CLAIM_LIMIT, Announcement, neighbours_at
from qnet.bearer._session_places import shared_path
from qnet.core import _fork
from qnet.core.logging import qWarning

__all__ = ["Registration", "SystemSessions"]

_PLAIN = re.compile(r"[A-Za-z0-9_:@-][A-Za-z0-9_:@.-]{0,79}")


class Registration:
    """One open session. *news* is called, in any thread, when `stopped` or `must_wait` has changed."""

    __slots__ = ("heard", "key", "must_wait", "news", "number", "on_last", "patience", "stopped", "stops")

    def __init__(self, key: str, news: Callable[[], object], on_last: Callable[[], object]) -> None:
        self.key = key
        self.news = news
        self.on_last = on_last
        self.number = -1  # of its byte; -1 while it is not counted
        self.stops = 0  # how often the interface had been stopped when it was opened
        self.heard = 0  # the same, of those in other private directories
        self.patience = 0.0  # until then a stranger is believed that he takes the interface down
        self.stopped = False
        self.must_wait = False


class _Interface:
    """What this process knows of an interface's file: its own part of it."""

    __slots__ = ("announcement", "ending", "file", "mine")

    def __init__(self, announcement: Announcement) -> None:
        self.announcement = announcement
        self.file: SessionFile | None = None
        self.mine: list[Registration] = []
        self.ending = False

    def numbers(self) -> set[int]:
        return {registration.number for registration in self.mine if registration.number >= 0}

    def tell(self) -> None:
        """Other users may know what has changed."""
        self.announcement.tell(self.numbers(), self.ending)


class SystemSessions:
    """The sessions in the directory *path* and the network *namespace* that has this number.

    Those of other users are seen in the directory *shared* (:func:`~qnet.bearer._session_places.shared_path`), if any.
    Any thread may call every method. Raises OSError, as `open` and the others do, if the directory cannot be used.
    """

    def __init__(self, path: str, namespace: int, shared: str = "") -> None:
        self.path = path
        self._prefix = f"{namespace:x}-"
        self._directory = _session_directory.open_directory(path)
        self._neighbours = neighbours_at(shared, self._prefix, self._directory)
        self._interfaces: dict[str, _Interface] = {}
        self._bell: Bell | None = None
        self._lock = threading.RLock()
        self._late: list[Registration] = []
        self._inside = False
        _every.add(self)

    @staticmethod
    def of_this_thread() -> SystemSessions:
        """Those in the network namespace of the running thread. Raises OSError if there can be none."""
        key = _session_directory.directory_path(), _session_directory.namespace_number(), shared_path()
        with _lock:
            sessions = _all.get(key)
            if sessions is None or sessions.is_lost():
                sessions = _all[key] = SystemSessions(*key)
            return sessions

    def is_lost(self) -> bool:
        """Whether somebody has removed the directory: no other process comes here any more."""
        return os.fstat(self._directory).st_nlink == 0

    # -- counting

    def open(self, key: str, news: Callable[[], object], on_last: Callable[[], object]) -> Registration:
        """Count a session of the interface *key* (any text). OSError if it cannot be counted: then nothing has changed.

        *on_last* is called after the `close` by which the interface has to be taken down; then `ended` has to be.
        """
        registration = Registration(key, news, on_last)
        with self._guarded(key) as (interface, file):
            registration.number = file.add_session(interface.numbers())
            interface.mine.append(registration)
            try:
                self._begin(registration, interface, file)
            except OSError:
                self._forget(interface, registration)
                raise
        return registration

    def _begin(self, registration: Registration, interface: _Interface, file: SessionFile) -> None:
        interface.tell()  # before the others are looked at
        seen = interface.announcement.see()
        registration.stops, started = file.read()
        registration.heard = seen.stops
        registration.patience = time.monotonic() + CLAIM_LIMIT
        alone = len(interface.mine) == 1 and not file.others(interface.numbers()) and not seen.sessions
        file.write(registration.stops, started and not alone)
        registration.must_wait = self._is_ending(interface, file) or seen.ending or seen.claimed

    def starting(self, registration: Registration) -> None:
        """Note that this session has the interface brought up. Raises OSError if that cannot be noted."""
        with self._guarded(registration.key) as (_, file):
            stops, _started = file.read()
            file.write(stops, True)

    def while_open(self, registration: Registration, function: Callable[[], object]) -> None:
        """Call *function* if the session has not ended; no process opens or closes one meanwhile. Raises OSError."""
        with self._guarded(registration.key) as (interface, _):
            if registration in interface.mine:
                function()

    def close(self, registration: Registration) -> None:
        """Count one less; closing twice, or after a `stop`, is as good as once. Raises nothing.

        The garbage collector may call this at any moment. If this thread is at work on these files just then, it is
        done when that is over.
        """
        with self._lock:
            if self._inside:
                self._late.append(registration)
                return
            interface = self._interfaces.get(registration.key)
            if interface is None or registration not in interface.mine:
                return
            try:
                last = self._close(registration)
            except OSError:  # nobody can say who is the last: the interface stays up
                last = False
                self._forget(interface, registration)
        if last:
            registration.on_last()

    def _close(self, registration: Registration) -> bool:
        with self._guarded(registration.key) as (interface, file):
            self._forget(interface, registration)
            stops, started = file.read()
            if interface.mine or not started or file.others(set()) or not self._begin_ending(interface, file):
                return False
            if interface.announcement.is_held():  # looked at after it was told
                self._end_ending(interface, file)
                return False
            try:
                file.write(stops, False)
            except OSError:
                self._end_ending(interface, file)
                raise
            return True

    def close_all(self) -> None:
        """Close those of this process; what it has inherited and not claimed stays its parent's."""
        with self._exclusive():
            mine = [each for interface in self._interfaces.values() for each in interface.mine if each.number >= 0]
        for registration in mine:
            self.close(registration)

    def count(self, key: str) -> int:
        """How many sessions of the interface are open, in all processes."""
        with self._guarded(key) as (interface, file):
            others = file.others(interface.numbers()) + interface.announcement.count()
            return len(interface.numbers()) + others

    # -- the end of an interface

    def may_end(self, key: str) -> bool:
        """Whether `stop` may take the interface down: root always, others while no other user has a session."""
        with self._guarded(key) as (interface, _):
            return os.geteuid() == 0 or not interface.announcement.see().strangers

    def was_started(self, key: str) -> bool:
        """Whether a session of this user has brought the interface up."""
        with self._guarded(key) as (_, file):
            return file.read()[1]

    def stop(self, key: str, ends: bool) -> bool:
        """Every session of the interface is over: `Registration.stopped`, and the other processes' likewise.

        Those are the processes of this user; if it is root those of all users. With *ends* the interface is to be taken
        down: returns True if it is the caller who has to do it, and then to call `ended`; False if somebody is at it
        already, or not `may_end`.
        """
        with self._guarded(key) as (interface, file):
            if interface.mine or file.others(set()):
                stops, started = file.read()
                file.write(stops + 1, started and not ends)
            seen = interface.announcement.see()
            mine = ends and (os.geteuid() == 0 or not seen.strangers) and self._begin_ending(interface, file)
            if seen.sessions:
                interface.announcement.tell_stop()
        self.ring()
        self.look()
        return mine

    def ended(self, key: str) -> None:
        """The interface is down, or stays up for good: who has waited for that may start it."""
        with self._guarded(key) as (interface, file):
            if interface.ending:
                self._end_ending(interface, file)
        self.ring()
        self.look()

    def look(self) -> None:
        """See what other processes have done, and tell those of this process whom it concerns."""
        if self._bell is not None:
            self._bell.hush()
        concerned: list[Registration] = []
        with self._exclusive():
            keys = [key for key, interface in self._interfaces.items() if interface.mine]
        for key in keys:
            try:
                with self._guarded(key) as (interface, file):
                    concerned += self._look_at(interface, file)
            except OSError as error:
                qWarning(f"What other processes do with {key} is not known: {error}")
        for registration in concerned:
            registration.news()

    def _look_at(self, interface: _Interface, file: SessionFile) -> list[Registration]:
        seen = interface.announcement.see()
        stops, _ = file.read()
        waits = self._is_ending(interface, file) or seen.ending
        over = [each for each in interface.mine if each.stops != stops or each.heard < seen.stops]
        if any(each.heard < seen.stops for each in over):
            with suppress(OSError):
                file.write(stops, False)  # whoever has stopped it takes it down
        for registration in over:
            registration.stopped = True
            self._forget(interface, registration)
        now = time.monotonic()
        free = [
            each
            for each in interface.mine
            if each.must_wait and not waits and (not seen.claimed or each.patience <= now)
        ]
        for registration in free:
            registration.must_wait = False
        for registration in interface.mine:
            registration.heard = seen.stops  # less, if a notice was removed
        return over + free

    def ring(self) -> None:
        """Have the other processes `look`."""
        own = self._bell.name if self._bell is not None else ""
        _session_bell.ring(self._directory, self.path, self._prefix, own)
        if self._neighbours is not None:
            self._neighbours.ring(own)

    def _is_ending(self, interface: _Interface, file: SessionFile) -> bool:
        return interface.ending or file.is_ending_elsewhere()

    def _begin_ending(self, interface: _Interface, file: SessionFile) -> bool:
        if interface.ending or not file.lock(ENDING):
            return False
        interface.ending = True
        interface.tell()
        return True

    @staticmethod
    def _end_ending(interface: _Interface, file: SessionFile) -> None:
        interface.ending = False
        interface.tell()
        file.unlock(ENDING)

    @staticmethod
    def _forget(interface: _Interface, registration: Registration) -> None:
        if registration in interface.mine:
            interface.mine.remove(registration)
            if registration.number >= 0 and interface.file is not None:
                interface.file.remove_session(registration.number)
            interface.tell()

    # -- the bell

    def open_bell(self) -> int:
        """A descriptor that is readable when this process has to `look`. Raises OSError if there can be none."""
        with self._lock:
            if self._bell is None:
                self._bell = self._make_bell()
            return self._bell.fd

    def _make_bell(self) -> Bell:
        """Where root finds it if that can be."""
        if self._neighbours is not None:
            with suppress(OSError):
                return Bell(self._neighbours.bell_place(), "", self._prefix)
        return Bell(self._directory, self.path, self._prefix)

    def close_bell(self) -> None:
        """Other processes tell this one nothing any more."""
        with self._lock:
            bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()

    # -- the guard

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Between threads; what the garbage collector closes meanwhile is closed at the end of it."""
        late: list[Registration] = []
        try:
            with self._lock:
                self._inside = True
                try:
                    yield
                finally:
                    self._inside = False
                    late, self._late = self._late, late
        finally:
            for registration in late:
                self.close(registration)

    @contextmanager
    def _guarded(self, key: str) -> Iterator[tuple[_Interface, SessionFile]]:
        """Between processes, too: the interface *key* and its file are the caller's."""
        with self._exclusive():
            interface = self._interfaces.get(key)
            if interface is None:
                interface = self._interfaces[key] = _Interface(Announcement(self._neighbours, self._stem(key)))
            try:
                file = self._enter(key, interface)
                try:
                    yield interface, file
                finally:
                    self._leave(interface, file)
            finally:
                if interface.file is None and not interface.mine:
                    self._interfaces.pop(key, None)

    def _enter(self, key: str, interface: _Interface) -> SessionFile:
        while True:
            file, fresh = interface.file, interface.file is None
            if file is None:
                file = interface.file = SessionFile(self._directory, f"{self._stem(key)}.sessions")
            try:
                file.lock_guard()
                if not file.is_removed():
                    break
            except OSError:
                if fresh:
                    self._drop(interface)
                raise
            self._drop(interface)  # the last session was closed while this one waited, or somebody has cleared up
        if fresh and (interface.mine or interface.ending):
            self._count_again(interface, file)
        elif interface.mine or interface.ending:
            interface.tell()  # again, if somebody has cleared up where others look
        return file

    @staticmethod
    def _drop(interface: _Interface) -> None:
        file, interface.file = interface.file, None
        interface.announcement.drop()
        if file is not None:
            file.close()

    def _leave(self, interface: _Interface, file: SessionFile) -> None:
        if interface.mine or interface.ending:
            file.unlock(GUARD)
            return
        try:
            if not file.others(set()) and not file.is_ending_elsewhere():
                interface.announcement.remove()
                _stops, started = file.read()
                if not started or not interface.announcement.is_held():  # who closes last then may be this user again
                    file.remove()
        except OSError:
            pass  # it stays, and means nothing
        self._drop(interface)

    def _count_again(self, interface: _Interface, file: SessionFile) -> None:
        """This process has sessions that nobody sees: somebody has removed the file, or this is a forked child."""
        stops, _ = file.read()
        taken: set[int] = set()
        for registration in interface.mine:
            registration.number = file.add_session(taken)
            taken.add(registration.number)
            registration.stops = min(registration.stops, stops)
        if interface.ending:
            file.lock(ENDING)
        interface.tell()

    def _stem(self, key: str) -> str:
        """What the files about an interface are called, in all directories."""
        plain = key if _PLAIN.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()
        return f"{self._prefix}{plain}"

    # -- fork

    def after_fork(self) -> None:
        """In a child: the locks are the parent's, and so are the sessions until `reclaim`."""
        self._lock = threading.RLock()
        self._inside = False
        self._late = []
        bell, self._bell = self._bell, None
        if bell is not None:
            bell.close()
        for key, interface in list(self._interfaces.items()):
            interface.ending = False
            self._drop(interface)
            for registration in interface.mine:
                registration.number = -1
            if not interface.mine:
                del self._interfaces[key]

    def reclaim(self) -> None:
        """In a child whose loop turns: count the sessions that it has inherited."""
        self.look()


_all: dict[tuple[str, int, str], SystemSessions] = {}
_every: WeakSet[SystemSessions] = WeakSet()
_lock = threading.RLock()


def _close_bells() -> None:
    """At the end of the program; the sessions need nothing."""
    for sessions in list(_every):
        sessions.close_bell()


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    for sessions in list(_every):
        sessions.after_fork()


atexit.register(_close_bells)
if hasattr(os, "register_at_fork"):
    assert _fork  # registered before this one, so that the child has its main thread again
    os.register_at_fork(after_in_child=_after_fork)
