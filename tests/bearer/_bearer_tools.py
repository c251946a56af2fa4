"""Engines that do as a test says, and bearer threads that serve nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from _implementations import Implementation

from qnet.bearer import _engines
from qnet.bearer._capabilities import Capability
from qnet.bearer._data import Facts
from qnet.bearer._store import Change, ConfigurationStore, ConfigurationWatch
from qnet.bearer.engine import QBearerEngine
from qnet.core._post import post_call

qt = Implementation("qnet")


class Script:
    """What an engine knows and does, and what was asked of it. The engine is made in the bearer thread."""

    def __init__(self, *found: Facts, name: str = "scripted", **methods: Callable[..., object]) -> None:
        self.found = list(found)
        self.name = name
        self.methods = methods  # instead of the engine's own; each gets the engine first
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self.answers = True  # whether a look comes to an end
        self.engine: ScriptedEngine | None = None

    def make(self) -> ScriptedEngine:
        self.engine = ScriptedEngine(self)
        return self.engine

    def tell(self, *found: Facts) -> None:
        """Have the engine tell of *found*."""
        assert self.engine is not None
        for facts in found:
            post_call(self.engine, self.engine.configurationChanged.emit, facts)

    def answer(self) -> None:
        """Have the engine say that it has looked."""
        assert self.engine is not None
        post_call(self.engine, self.engine.updateCompleted.emit)


class ScriptedEngine(QBearerEngine):
    def __init__(self, script: Script) -> None:
        super().__init__()
        self.script = script
        self.name = script.name

    def note(self, method: str, *args: Any) -> bool:
        """Whether the script has the method."""
        self.script.calls.append(method)
        self.script.threads.add(threading.current_thread().name)
        if method in self.script.methods:
            self.script.methods[method](self, *args)
        return method in self.script.methods

    def initialize(self) -> None:
        self.note("initialize")
        for facts in self.script.found:
            self.configurationAdded.emit(facts)
        self.updateCompleted.emit()

    def requestUpdate(self) -> None:
        self.note("requestUpdate")
        if self.script.answers:
            self.updateCompleted.emit()

    def capabilities(self) -> Capability:
        if "capabilities" in self.script.methods:
            self.note("capabilities")
        return super().capabilities()

    def configurations(self) -> list[Facts]:
        if "configurations" in self.script.methods:
            self.note("configurations")
        return list(self.script.found)

    def hasIdentifier(self, identifier: str) -> bool:
        if "hasIdentifier" in self.script.methods:
            self.note("hasIdentifier", identifier)
        return super().hasIdentifier(identifier)

    def startInterface(self, identifier: str) -> None:
        if not self.note("startInterface", identifier):
            super().startInterface(identifier)

    def othersChanged(self) -> None:
        if "othersChanged" in self.script.methods:
            self.note("othersChanged")

    def shutdown(self) -> None:
        self.note("shutdown")


class Log:
    """What a watch announces, as (change, identifier)."""

    def __init__(self, watch: ConfigurationWatch) -> None:
        self.batches: list[list[tuple[str, str]]] = []
        self.updates = 0
        self.failures: list[tuple[str, Any, str]] = []
        watch.changed.connect(self._take)
        watch.updated.connect(self._count)
        watch.failed.connect(self._fail)

    def _take(self, changes: list[tuple[Change, Any]]) -> None:
        self.batches.append([(change.name, record.identifier) for change, record in changes])

    def _count(self) -> None:
        self.updates += 1

    def _fail(self, identifier: str, code: Any, text: str) -> None:
        self.failures.append((identifier, code, text))

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [change for batch in self.batches for change in batch]


@contextmanager
def only(monkeypatch: pytest.MonkeyPatch, *scripts: Script) -> Iterator[None]:
    """Bearer threads that begin in this block have these engines and no others."""

    def make(store: ConfigurationStore) -> Iterable[QBearerEngine]:
        del store
        return [script.make() for script in scripts]

    with monkeypatch.context() as patch:
        patch.setattr(_engines, "make_built_in", make)
        patch.setattr(_engines, "make_others", lambda taken: [])
        yield


def bearer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "qnet-bearer"]


def no_bearer_thread_is_left() -> bool:
    """Wait for those that end."""
    for thread in bearer_threads():
        thread.join(30)
    return not bearer_threads()
