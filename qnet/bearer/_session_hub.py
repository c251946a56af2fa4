"""What the sessions of a process have in common: they are counted, they hear of others, they take interfaces down.

A `SessionHub` belongs to a store, and works in its bearer thread: there the bell is listened to while a session is
open, and there an interface that has to go down is watched until it has, whatever the program's own loops do.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from functools import partial
from weakref import WeakValueDictionary

from qnet.bearer import _session_texts as texts
from qnet.bearer._data import StateFlag
from qnet.bearer._local_sessions import LocalSessions
from qnet.bearer._store import ConfigurationStore, ConfigurationWatch
from qnet.bearer._system_sessions import Registration, SystemSessions
from qnet.bearer.engine import QBearerEngine
from qnet.core import _fork, _thread_data
from qnet.core._post import post_call, post_to_thread
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.socketnotifier import QSocketNotifier
from qnet.core.timer import QTimer

__all__ = ["SessionHub"]

DOWN_LIMIT = 10_000  # milliseconds in which an engine has taken an interface down, or has failed
EXIT_LIMIT = 5.0  # seconds that a program waits for that in the end


class SessionHub:
    """Any thread may call every method."""

    def __init__(self, store: ConfigurationStore) -> None:
        self.store = store
        self.sessions = _counting()
        self._lock = threading.RLock()
        self._held = 0
        self._notifier: QSocketNotifier | None = None

    @staticmethod
    def of(store: ConfigurationStore) -> SessionHub:
        """The hub of a store, one for all its sessions."""
        with _lock:
            hub = _hubs.get(id(store))
            if hub is None:
                hub = _hubs[id(store)] = SessionHub(store)
            return hub

    # -- sessions

    def hold(self, identifier: str, news: Callable[[], object]) -> Registration:
        """Count a session of a configuration; see `SystemSessions.open`. `release` it once. Raises OSError."""
        if self._held == 0 and isinstance(self.sessions, SystemSessions) and self.sessions.is_lost():
            self.sessions = _counting()
        registration = self.sessions.open(identifier, news, partial(self.take_down, identifier))
        with self._lock:
            self._held += 1
            first = self._held == 1
        if first:
            self.store.call(self._listen)
        return registration

    def start(self, registration: Registration) -> None:
        """Have the interface started for a session that is open by then. Raises OSError."""
        self.sessions.starting(registration)
        self.store.start_interface(registration.key, partial(self._start, registration))

    def release(self, registration: Registration) -> None:
        """Count one less; the last one takes the interface down if a session has brought it up."""
        self.sessions.close(registration)
        with self._lock:
            self._held -= 1
            last = self._held == 0
        if last:
            self.store.call(self._ignore)

    def take_down(self, identifier: str) -> None:
        """Stop the interface; the sessions may start it again when it is down, or when that has failed."""
        _taking.begin()
        if not self.store.call(_GoingDown.begin, self, identifier):
            self.is_down(identifier)

    def is_down(self, identifier: str) -> None:
        """`take_down` has ended, one way or the other."""
        self.sessions.ended(identifier)
        _taking.end()

    # -- in the bearer thread

    def _start(self, registration: Registration, start: Callable[[], None]) -> None:
        """This thread may be late: what nobody wants any more, nobody would take down again."""
        try:
            self.sessions.while_open(registration, start)
        except OSError as error:
            code = QBearerEngine.ConnectionError.ConnectError
            self.store.tell("failed", registration.key, code, texts.not_counted(error))

    def _listen(self) -> None:
        if not self._held or self._notifier is not None:
            return
        try:
            descriptor = self.sessions.open_bell()
        except OSError as error:
            qWarning(f"Network sessions do not hear of other processes: {error}")
            return
        if descriptor >= 0:
            self._notifier = QSocketNotifier(descriptor, QSocketNotifier.Type.Read)
            self._notifier.activated.connect(self._rung)
            self.sessions.look()  # what was before cannot have been heard

    def _rung(self) -> None:
        self.sessions.look()

    def _ignore(self) -> None:
        if self._held or self._notifier is None:
            return
        self._notifier.setEnabled(False)
        self._notifier = None
        self.sessions.close_bell()

    # -- fork

    def after_fork(self) -> None:
        """In a child, which has no bearer thread: begin anew as soon as its own loop turns."""
        self._lock = threading.RLock()
        if self._notifier is not None:
            _kept.append(self._notifier)
            self._notifier = None
        if self._held:
            post_to_thread(_thread_data.current(), self._revive)

    def _revive(self) -> None:
        self.sessions.reclaim()
        self.store.call(self._listen)


def _counting() -> SystemSessions | LocalSessions:
    """Those of all processes, or, with a warning, of this one if the directory is of no use."""
    try:
        return SystemSessions.of_this_thread()
    except OSError as error:
        problem = f"Network sessions of other processes are not counted: {error}"
        if problem not in _warned:
            _warned.add(problem)
            qWarning(problem)
        return LocalSessions()


class _GoingDown(QObject):
    """An interface that is taken down: it lives in the bearer thread until that is done."""

    def __init__(self, hub: SessionHub, identifier: str) -> None:
        super().__init__()
        self._q_hub = hub
        self._q_identifier = identifier
        self._q_watch = ConfigurationWatch(self, store=hub.store)
        self._q_watch.changed.connect(self._q_look)
        self._q_watch.failed.connect(self._q_failed)
        QTimer.singleShot(DOWN_LIMIT, self._q_end)

    @staticmethod
    def begin(hub: SessionHub, identifier: str) -> None:
        """Have the engine stop it, and see to the rest."""
        going = _GoingDown(hub, identifier)
        _going_down.add(going)
        hub.store.stop_interface(identifier)
        post_call(going, going._q_look)  # after that: it may have been down already

    def _q_look(self) -> None:
        record = self._q_hub.store.find(self._q_identifier)
        if record is None or not record.facts.has_state(StateFlag.Active):
            self._q_end()

    def _q_failed(self, identifier: str) -> None:
        if identifier == self._q_identifier:
            self._q_end()

    def _q_end(self) -> None:
        if self in _going_down:
            _going_down.discard(self)
            self._q_hub.is_down(self._q_identifier)
            QObject.deleteLater(self)


class _Taking:
    """How many interfaces are being taken down: a program that ends right after `close` waits for that."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0

    def begin(self) -> None:
        """One more."""
        with self._changed:
            self._number += 1

    def end(self) -> None:
        """One less."""
        with self._changed:
            self._number -= 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Block until there is none, at most `EXIT_LIMIT` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._number == 0, EXIT_LIMIT)


_taking = _Taking()
_hubs: WeakValueDictionary[int, SessionHub] = WeakValueDictionary()
_going_down: set[_GoingDown] = set()
_warned: set[str] = set()
_kept: list[QObject] = []  # the parent's, in a child: to destroy them would touch what is the parent's
_lock = threading.RLock()


def _after_fork() -> None:
    global _lock, _taking
    _lock = threading.RLock()
    _taking = _Taking()
    _kept.extend(_going_down)
    _going_down.clear()
    for hub in list(_hubs.values()):
        hub.after_fork()


def _finish() -> None:
    """At the end of the program, before the bearer threads end: its sessions end as if they were closed."""
    for hub in list(_hubs.values()):
        hub.sessions.close_all()
    _taking.wait()


atexit.register(_finish)
if hasattr(os, "register_at_fork"):
    assert _fork  # registered before this one, so that the child has its main thread again
    os.register_at_fork(after_in_child=_after_fork)
