"""All configurations that are known, one record each, and whoever wants to hear when they change.

A `ConfigurationStore` is made for each network namespace that the process's threads are in: one, in most programs. It
is fed from two sides: engines, which run in the bearer thread (:mod:`qnet.bearer._service`), and the user's service
networks, which any thread may `put` and `remove`.

Whoever is interested makes a `ConfigurationWatch`, an object of his own thread. The first watch starts the bearer
thread and its engines, the last one ends them; the records stay for the next. A watch is told of changes by one queued
call for all that has happened until it is made. An interface that flaps a hundred times while a thread is busy costs it
one look, and nothing is announced if everything is as before.

What is looked up before the engines have answered for the first time waits for them, `FIRST_ANSWER` seconds at the most
and once: programs that ask as soon as they start expect what there is.
"""

from __future__ import annotations

import atexit
import enum
import os
import sys
import threading
from collections.abc import Callable
from weakref import ReferenceType, WeakSet

from qnet.bearer._capabilities import Capability
from qnet.bearer._data import ConfigurationData, Facts
from qnet.bearer._default import UNSUITABLE, suitability
from qnet.bearer._service import BearerService
from qnet.core import _fork, _thread_data
from qnet.core._post import post_to_data, post_to_thread
from qnet.core.object import QObject
from qnet.core.signals import Signal

__all__ = ["FIRST_ANSWER", "Change", "ConfigurationStore", "ConfigurationWatch", "set_default_source"]

FIRST_ANSWER = 0.05


class Change(enum.Enum):
    """What happened to a configuration."""

    ADDED = enum.auto()
    CHANGED = enum.auto()
    REMOVED = enum.auto()


DefaultSource = Callable[["ConfigurationStore"], "ConfigurationData | None"]


class ConfigurationStore:
    """See the module's text. Every method may be called by any thread; `of_this_thread` finds the store."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # re-entrant: the garbage collector may end a watch anywhere
        self._records: dict[str, ConfigurationData] = {}
        self._watches: WeakSet[ConfigurationWatch] = WeakSet()
        self._service: BearerService | None = None
        self._answered = threading.Event()
        self._capabilities = Capability(0)

    @staticmethod
    def of_this_thread() -> ConfigurationStore:
        """The store of the network namespace that the running thread is in."""
        key = _namespace()
        with _lock:
            store = _stores.get(key)
            if store is None:
                store = _stores[key] = ConfigurationStore()
            return store

    # -- what is known

    def all(self) -> list[ConfigurationData]:
        """Every configuration, in the order in which they were found."""
        self.wait_for_first_answer()
        with self._lock:
            return list(self._records.values())

    def find(self, identifier: str) -> ConfigurationData | None:
        """The configuration with this identifier."""
        self.wait_for_first_answer()
        return self._records.get(identifier)

    def default(self) -> ConfigurationData | None:
        """What `set_default_source`'s function says; without one, or if it says None, the best access point."""
        self.wait_for_first_answer()
        chosen = _default_source(self) if _default_source is not None else None
        if chosen is not None:
            return chosen
        best = min(self.all(), key=lambda record: suitability(record.facts), default=None)
        return best if best is not None and suitability(best.facts)[0] < UNSUITABLE else None

    def capabilities(self) -> Capability:
        """What the engines can do, all together."""
        self.wait_for_first_answer()
        return self._capabilities

    def wait_for_first_answer(self, seconds: float = FIRST_ANSWER) -> None:
        """Return when the engines have told what there is, or after *seconds*; at once if that is over."""
        service = self._service
        if service is not None and not self._answered.is_set() and not service.is_current():
            self._answered.wait(seconds)
            self._answered.set()

    # -- who listens

    def attach(self, watch: ConfigurationWatch) -> None:
        """Tell *watch* from now on."""
        with self._lock:
            self._watches.add(watch)
            if self._service is None:
                self._begin()

    def detach(self, watch: ConfigurationWatch) -> None:
        """Tell *watch* nothing more; without any, the engines end."""
        with self._lock:
            self._watches.discard(watch)
            if self._watches:
                return
            service, self._service = self._service, None
        if service is not None:
            service.end()

    def watches(self) -> list[ConfigurationWatch]:
        """Those that are told now."""
        with self._lock:
            return list(self._watches)

    # -- what the engines are asked to do

    def request_update(self, watch: ConfigurationWatch) -> None:
        """Have every engine look again; then *watch* announces `ConfigurationWatch.updated`."""
        service = self._service
        if service is not None:
            service.request_update(ReferenceType(watch))

    def start_interface(self, identifier: str) -> None:
        """Have the interface of a configuration started: it changes, or `ConfigurationWatch.failed` tells why not."""
        service = self._service
        if service is not None:
            service.start_interface(identifier)

    def stop_interface(self, identifier: str) -> None:
        """Have it stopped, likewise."""
        service = self._service
        if service is not None:
            service.stop_interface(identifier)

    def statistics(self, identifier: str) -> tuple[int, int] | None:
        """Bytes sent and received by the interface of a configuration since it exists; None if unknown."""
        record = self._records.get(identifier)
        service = self._service
        return service.statistics(record) if service is not None and record is not None else None

    # -- what feeds it

    def put(self, facts: Facts, engine: str = "") -> ConfigurationData:
        """Take *facts*, of a new configuration or of one that is known; watches hear of it if they differ."""
        with self._lock:
            record = self._records.get(facts.identifier)
            if record is None:
                record = self._records[facts.identifier] = ConfigurationData(facts, engine, self._records.get)
                self._announce(Change.ADDED, record, facts)
            elif record.facts != facts:
                before, record.facts = record.facts, facts
                self._announce(Change.CHANGED, record, before)
        return record

    def remove(self, identifier: str) -> None:
        """The configuration is gone; its handles become invalid and keep what was known last."""
        with self._lock:
            record = self._records.pop(identifier, None)
            if record is not None:
                record.valid = False
                self._announce(Change.REMOVED, record, record.facts)

    def replace(self, engine: str, found: list[Facts]) -> None:
        """Take *found* as all that there is of an *engine*'s: what it had told before and not now is gone."""
        with self._lock:
            names = {facts.identifier for facts in found}
            for record in [each for each in self._records.values() if each.engine == engine]:
                if record.identifier not in names:
                    self.remove(record.identifier)
            for facts in found:
                self.put(facts, engine)

    def answered(self, capabilities: Capability) -> None:
        """Called by the service: every engine of this system has been asked once."""
        self._capabilities = capabilities
        self._answered.set()

    def _announce(self, change: Change, record: ConfigurationData, before: Facts) -> None:
        for watch in self._watches:
            watch._q_note(change, record, before)

    # -- fork

    def after_fork(self) -> None:
        """In a child, which has no bearer thread: begin anew as soon as its own loop turns."""
        self._lock = threading.RLock()
        self._answered = threading.Event()
        service, self._service = self._service, None
        if service is not None:
            _kept.append(service)
            post_to_thread(_thread_data.current(), self._revive)

    def _revive(self) -> None:
        with self._lock:
            if self._service is None and self._watches:
                self._begin()

    def _begin(self) -> None:
        self._answered.clear()
        self._service = BearerService(self)
        self._service.begin()


class ConfigurationWatch(QObject):
    """Tells of changes in the store, in the thread that it lives in, from its making until it is destroyed."""

    changed = Signal(object)
    """A list of (`Change`, `ConfigurationData`), in the order in which it happened; see the module's text."""
    updated = Signal()
    """The engines have looked again, as `ConfigurationStore.request_update` has asked; `changed` came before."""
    failed = Signal(str, object, str)
    """An engine's `QBearerEngine.connectionError`."""

    def __init__(self, parent: QObject | None = None, *, store: ConfigurationStore | None = None) -> None:
        super().__init__()
        self._q_store = store if store is not None else ConfigurationStore.of_this_thread()
        self._q_noted: dict[ConfigurationData, tuple[Change, Facts]] = {}
        self._q_store.attach(self)
        if parent is not None:  # last: the parent would keep an object whose constructor failed
            QObject.setParent(self, parent)

    def store(self) -> ConfigurationStore:
        """Where what it tells of is."""
        return self._q_store

    def _q_note(self, change: Change, record: ConfigurationData, before: Facts) -> None:
        """Called by the store, which holds its lock, in any thread: remember, and announce soon."""
        idle = not self._q_noted
        earlier = self._q_noted.get(record)
        if earlier is None:
            self._q_noted[record] = change, before
        elif change is Change.REMOVED:
            if earlier[0] is Change.ADDED:
                del self._q_noted[record]  # it came and went before anyone could hear of it
            else:
                self._q_noted[record] = change, before
        if idle:
            post_to_data(self._q, _deliver, ReferenceType(self))

    def _q_deliver(self) -> None:
        with self._q_store._lock:
            noted, self._q_noted = self._q_noted, {}
        changes = [
            (change, record)
            for record, (change, before) in noted.items()
            if change is not Change.CHANGED or record.facts != before
        ]
        if changes:
            ConfigurationWatch.changed.emit_from(self, changes)

    def _q_finalize(self) -> None:
        self._q_store.detach(self)
        super()._q_finalize()


def _deliver(ref: ReferenceType[ConfigurationWatch]) -> None:
    watch = ref()
    if watch is not None:
        watch._q_deliver()


_default_source: DefaultSource | None = None


def set_default_source(source: DefaultSource | None) -> None:
    """Have *source* say what `ConfigurationStore.default` is; what it raises, the caller gets. Any thread calls it."""
    global _default_source
    _default_source = source


def _namespace() -> int:
    """A number for the network namespace that the running thread is in; on other systems there is one."""
    if sys.platform != "linux":
        return 0
    try:
        return os.stat("/proc/thread-self/ns/net").st_ino
    except OSError:
        return 0


_stores: dict[int, ConfigurationStore] = {}
_lock = threading.RLock()
_kept: list[BearerService] = []  # the parent's, in a child: to destroy them would close what is the parent's


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    for store in list(_stores.values()):
        store.after_fork()


def _end_all() -> None:
    """At the end of the program: the bearer threads end before the interpreter does."""
    services = [store._service for store in list(_stores.values())]
    for service in services:
        if service is not None:
            service.end()
            service.wait(500)


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    assert _fork  # registered before this one, so that the child has its main thread again
    os.register_at_fork(after_in_child=_after_fork)
