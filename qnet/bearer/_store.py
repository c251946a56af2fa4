"""All configurations that are known, one record each, and whoever wants to hear when they change.

A `ConfigurationStore` is made for each network namespace that the process's threads are in: one, in most programs. It
is fed from two sides: engines, which run in the bearer thread (:mod:`qnet.bearer._service`), and whoever else calls
`put` and `remove`.

Whoever is interested makes a `ConfigurationWatch`, an object of his own thread. The first watch starts the bearer
thread and its engines, the last one ends them; the records stay for the next. A watch is told of changes by one queued
call for all that has happened until it is made. An interface that flaps a hundred times while a thread is busy costs it
one look, and nothing is announced if everything is as before.

What is looked up before the engines have answered for the first time waits for them, `FIRST_ANSWER` seconds at the most
and once: programs that ask as soon as they start expect what there is.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from qnet.bearer._capabilities import Capability
from qnet.bearer._data import ConfigurationData, Facts
from qnet.bearer._default import UNSUITABLE, suitability
from qnet.bearer._service import BearerService, begun
from qnet.bearer._session_directory import namespace_number
from qnet.bearer._watch import Change, ConfigurationWatch, Mailbox
from qnet.core import _fork, _thread_data
from qnet.core._post import post_to_thread

__all__ = ["FIRST_ANSWER", "Change", "ConfigurationStore", "ConfigurationWatch", "set_default_source"]

FIRST_ANSWER = 0.1
END_LIMIT = 5.0  # seconds in which the engines shut down, when the program ends


class ConfigurationStore:
    """See the module's text. Every method may be called by any thread; `of_this_thread` finds the store."""

    def __init__(self) -> None:
        # Nothing is posted and nobody's code called while it is held. Re-entrant: the garbage collector may end a
        # watch anywhere.
        self.lock = threading.RLock()
        self._records: dict[str, ConfigurationData] = {}
        self._mailboxes: set[Mailbox] = set()
        self._service: BearerService | None = None
        self._answered = threading.Event()
        self._capabilities = Capability(0)

    @staticmethod
    def of_this_thread() -> ConfigurationStore:
        """The store of the network namespace that the running thread is in."""
        key = namespace_number()
        with _lock:
            store = _stores.get(key)
            if store is None:
                store = _stores[key] = ConfigurationStore()
            return store

    # -- what is known

    def all(self) -> list[ConfigurationData]:
        """Every configuration, in the order in which they were found."""
        self.wait_for_first_answer()
        with self.lock:
            return list(self._records.values())

    def known(self) -> list[ConfigurationData]:
        """The same, without waiting: what was known last, even before the engines have answered."""
        with self.lock:
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

    def wait_for_first_answer(self) -> None:
        """Return when the engines have told what there is, or after `FIRST_ANSWER`; at once if that is over."""
        service = self._service
        if service is not None and not self._answered.is_set() and not service.is_current():
            self._answered.wait(FIRST_ANSWER)
            self._answered.set()

    # -- who listens

    def attach(self, mailbox: Mailbox) -> None:
        """Write changes into *mailbox* from now on."""
        with self.lock:
            self._mailboxes.add(mailbox)
            begun = self._begin()
        if begun is not None:
            begun.begin()

    def detach(self, mailbox: Mailbox) -> None:
        """Write no more; without any mailbox, the engines end."""
        with self.lock:
            self._mailboxes.discard(mailbox)
            if self._mailboxes:
                return
            service, self._service = self._service, None
        if service is not None:
            service.end()

    def tell(self, signal: str, *args: object) -> None:
        """Have every watch emit one of its signals."""
        with self.lock:
            mailboxes = list(self._mailboxes)
        for mailbox in mailboxes:
            mailbox.tell(signal, args)

    def _begin(self) -> BearerService | None:
        if self._service is not None or not self._mailboxes:
            return None
        self._answered.clear()
        self._service = BearerService(self)
        return self._service

    # -- what the engines are asked to do

    def request_update(self) -> None:
        """Have every engine look again; then all watches announce `ConfigurationWatch.updated`."""
        service = self._service
        if service is not None:
            service.request_update()

    def start_interface(self, identifier: str, guard: Callable[[Callable[[], None]], object] | None = None) -> None:
        """Have the interface of a configuration started: it changes, or `ConfigurationWatch.failed` tells why not.

        A *guard* is called instead, in the bearer thread: it calls its argument to start the interface, or does not.
        """
        service = self._service
        if service is not None:
            service.start_interface(identifier, guard)

    def stop_interface(self, identifier: str) -> None:
        """Have it stopped, likewise."""
        service = self._service
        if service is not None:
            service.stop_interface(identifier)

    def call(self, function: Callable[..., object], *args: Any) -> bool:
        """Call ``function(*args)`` in the bearer thread; False if there is none, because nobody watches."""
        service = self._service
        if service is not None:
            service.call(function, *args)
        return service is not None

    def statistics(self, identifier: str) -> tuple[int, int] | None:
        """Bytes sent and received by the interface of a configuration since it exists; None if unknown."""
        record = self._records.get(identifier)
        service = self._service
        return service.statistics(record) if service is not None and record is not None else None

    # -- what feeds it

    def put(self, facts: Facts, engine: str = "", service: BearerService | None = None) -> None:
        """Take *facts*, of a new configuration or of one that is known; watches hear of it if they differ."""
        self.update([facts], (), engine, service)

    def remove(self, identifier: str, engine: str = "", service: BearerService | None = None) -> None:
        """The configuration is gone; its handles become invalid and keep what was known last."""
        self.update((), [identifier], engine, service)

    def replace(self, engine: str, found: Iterable[Facts], service: BearerService | None = None) -> None:
        """Take *found* as all that there is of an *engine*'s: what it had told before and not now is gone."""
        present = {facts.identifier: facts for facts in found}
        with self.lock:
            gone = [r.identifier for r in self._records.values() if r.engine == engine and r.identifier not in present]
        self.update(present.values(), gone, engine, service)

    def update(
        self, found: Iterable[Facts], gone: Iterable[str], engine: str, service: BearerService | None = None
    ) -> None:
        """Several at once. An *engine* has a say about its own configurations only; an ended *service* about none."""
        woken: set[Mailbox] = set()
        with self.lock:
            if service is not None and service is not self._service:
                return
            for identifier in gone:
                record = self._records.get(identifier)
                if record is not None and record.engine == engine:
                    del self._records[identifier]
                    record.valid = False
                    self._note(woken, Change.REMOVED, record, record.facts)
            for facts in found:
                self._take(woken, facts, engine)
        for mailbox in woken:
            mailbox.wake()

    def _take(self, woken: set[Mailbox], facts: Facts, engine: str) -> None:
        record = self._records.get(facts.identifier)
        if record is None:
            record = ConfigurationData(facts, engine, self._records.get)
            self._records[facts.identifier] = record
            self._note(woken, Change.ADDED, record, facts)
        elif record.facts != facts and record.engine == engine:
            before, record.facts = record.facts, facts
            self._note(woken, Change.CHANGED, record, before)

    def _note(self, woken: set[Mailbox], change: Change, record: ConfigurationData, before: Facts) -> None:
        woken.update([mailbox for mailbox in self._mailboxes if mailbox.note(change, record, before)])

    def answered(
        self, service: BearerService, capabilities: Capability, engines: Collection[str] | None = None
    ) -> None:
        """Called by its service: the engines have been asked once.

        *engines* are all that there are, if that is known: what another one has told in an earlier life is gone.
        """
        with self.lock:
            if service is not self._service:
                return
            self._capabilities = capabilities
            self._answered.set()
            tellers = {record.engine for record in self._records.values()}
        if engines is not None:
            for engine in tellers - {"", *engines}:
                self.replace(engine, (), service)

    def is_served_by(self, service: BearerService) -> bool:
        """Whether this is listening to *service*, and not to a later one."""
        return self._service is service

    # -- fork

    def after_fork(self) -> None:
        """In a child, which has no bearer thread: begin anew as soon as its own loop turns."""
        self.lock = threading.RLock()
        self._answered = threading.Event()
        service, self._service = self._service, None
        if service is not None:
            post_to_thread(_thread_data.current(), self._revive)

    def _revive(self) -> None:
        with self.lock:
            begun = self._begin()
        if begun is not None:
            begun.begin()


DefaultSource = Callable[[ConfigurationStore], "ConfigurationData | None"]
_default_source: DefaultSource | None = None


def set_default_source(source: DefaultSource | None) -> None:
    """Have *source* say what `ConfigurationStore.default` is; what it raises, the caller gets. Any thread calls it."""
    global _default_source
    _default_source = source


_stores: dict[int, ConfigurationStore] = {}
_lock = threading.RLock()
_kept: list[BearerService] = []  # the parent's, in a child: to destroy them would close what is the parent's


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()
    _kept.extend(begun)
    begun.clear()
    for store in list(_stores.values()):
        store.after_fork()


def _end_all() -> None:
    """At the end of the program: the bearer threads end before the interpreter does, those that are about to, too."""
    services = list(begun)
    for service in services:
        service.end()
    deadline = time.monotonic() + END_LIMIT
    for service in services:
        service.wait(max(0, int((deadline - time.monotonic()) * 1000)))


atexit.register(_end_all)
if hasattr(os, "register_at_fork"):
    assert _fork  # registered before this one, so that the child has its main thread again
    os.register_at_fork(after_in_child=_after_fork)
