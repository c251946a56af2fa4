"""Hearing of changes in the store: a letter box for each listener, emptied by an object in the listener's thread.

What the store writes into a `Mailbox` it writes under its own lock, and then has the owner's thread come for it, once
for all that lies there. The box refers to its owner weakly, and the store to the box only: no other thread ever holds
the last reference to somebody's object.
"""

from __future__ import annotations

import enum
import threading
from typing import TYPE_CHECKING
from weakref import ReferenceType

from qnet.bearer._data import ConfigurationData, Facts
from qnet.core._post import post_to_data
from qnet.core.object import QObject
from qnet.core.signals import Signal

if TYPE_CHECKING:
    from qnet.bearer._store import ConfigurationStore

__all__ = ["Change", "ConfigurationWatch", "Mailbox"]


class Change(enum.Enum):
    """What happened to a configuration."""

    ADDED = enum.auto()
    CHANGED = enum.auto()
    REMOVED = enum.auto()


class Mailbox:
    """What one watch has not announced yet. *lock* is the store's."""

    __slots__ = ("_noted", "_owner", "_ref", "_waits")

    def __init__(self, watch: ConfigurationWatch) -> None:
        self._ref = ReferenceType(watch)
        self._owner = watch._q
        self._noted: dict[ConfigurationData, tuple[Change, Facts]] = {}
        self._waits = False  # a call is on its way

    def note(self, change: Change, record: ConfigurationData, before: Facts) -> bool:
        """Remember a change of *record*, which was *before*; the caller holds the lock. Whether to `wake` the owner."""
        earlier = self._noted.get(record)
        if earlier is None:
            self._noted[record] = change, before
        elif change is Change.REMOVED and earlier[0] is Change.ADDED:
            del self._noted[record]  # it came and went before anyone could hear of it
        elif change is Change.REMOVED:
            self._noted[record] = change, before
        waits, self._waits = self._waits, True
        return not waits

    def wake(self) -> None:
        """Have the owner announce what lies here; without a lock, as posting takes another one."""
        post_to_data(self._owner, self._deliver)

    def tell(self, signal: str, args: tuple[object, ...]) -> None:
        """Have the owner emit another of its signals, after all that lies here."""
        post_to_data(self._owner, self._emit, signal, args)

    def take(self, lock: threading.RLock) -> list[tuple[Change, ConfigurationData]]:
        """Empty it: what happened, without what is as before again."""
        with lock:
            noted, self._noted, self._waits = self._noted, {}, False
        return [
            (change, record)
            for record, (change, before) in noted.items()
            if change is not Change.CHANGED or record.facts != before
        ]

    def forget(self) -> None:
        """The owner has seen how it is; the caller holds the lock."""
        self._noted = {}

    def _deliver(self) -> None:
        watch = self._ref()
        if watch is not None:
            watch._q_deliver()

    def _emit(self, signal: str, args: tuple[object, ...]) -> None:
        watch = self._ref()
        if watch is not None:
            getattr(type(watch), signal).emit_from(watch, *args)


class ConfigurationWatch(QObject):
    """Tells of changes in the store, in the thread that it lives in, from its making until it is destroyed."""

    changed = Signal(object)
    """A list of (`Change`, `ConfigurationData`): each record once, as they were first touched."""
    updated = Signal()
    """The engines have all looked again, or for the first time; what is different was `changed` before."""
    failed = Signal(str, object, str)
    """An engine's `QBearerEngine.connectionError`: identifier, code and text."""

    def __init__(self, parent: QObject | None = None, *, store: ConfigurationStore | None = None) -> None:
        from qnet.bearer._store import ConfigurationStore

        super().__init__()
        self._q_store = store if store is not None else ConfigurationStore.of_this_thread()
        self._q_mailbox = Mailbox(self)
        self._q_begun = False
        self._q_store.attach(self._q_mailbox)
        if parent is not None:  # last: the parent would keep an object whose constructor failed
            QObject.setParent(self, parent)

    def store(self) -> ConfigurationStore:
        """Where what it tells of is."""
        return self._q_store

    def has_begun(self) -> bool:
        """Whether its owner knows anything: by looking it up, or by an announcement."""
        return self._q_begun

    def look_up(self) -> list[ConfigurationData]:
        """All configurations. Whoever begins by looking them up is not told what he has seen."""
        self._q_store.wait_for_first_answer()
        with self._q_store.lock:
            if not self._q_begun:
                self._q_begun = True
                self._q_mailbox.forget()
            return self._q_store.known()

    def _q_deliver(self) -> None:
        self._q_begun = True
        changes = self._q_mailbox.take(self._q_store.lock)
        if changes:
            ConfigurationWatch.changed.emit_from(self, changes)

    def _q_finalize(self) -> None:
        self._q_store.detach(self._q_mailbox)
        super()._q_finalize()
