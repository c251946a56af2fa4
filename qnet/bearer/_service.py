"""The bearer thread: engines run in it, so that whatever they wait for keeps no application's loop from turning.

One `BearerService` is one life of the engines, from the first watch to the end of the last. It is never started again:
what an engine of an earlier life still tells when a new one has begun is not heard.

The engines of this project come first, as they answer within milliseconds; then the store is `answered`, and whoever
has asked it goes on. Those of other packages follow, since looking for them takes a while.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from qnet.bearer import _engines
from qnet.bearer._capabilities import Capability
from qnet.bearer._data import ConfigurationData, Facts
from qnet.bearer.engine import QBearerEngine
from qnet.core import hooks
from qnet.core._post import post_to_thread
from qnet.core.thread import QThread
from qnet.core.timer import QTimer

if TYPE_CHECKING:
    from qnet.bearer._store import ConfigurationStore

__all__ = ["ROUND_LIMIT", "BearerService", "begun"]

_Result = TypeVar("_Result")

OTHERS_DELAY = 20  # milliseconds
ROUND_LIMIT = 10_000  # milliseconds that an engine may take to look, before the others' results are announced

begun: WeakSet[BearerService] = WeakSet()  # those whose threads run, ended or not, and maybe others


class BearerService:
    """The thread and its engines. What is called in any thread returns at once, but for `wait`."""

    def __init__(self, store: ConfigurationStore) -> None:
        self._store = store
        self._thread = _BearerThread(self)
        self._go = threading.Event()
        self._running: list[_RunningEngine] = []
        self._rounds: list[_Round] = []

    # -- from any thread

    def begin(self) -> None:
        """Start the thread, in the network namespace of the caller. Raises RuntimeError if the system has none left."""
        begun.add(self)
        self._thread.start()
        self._go.set()

    def end(self) -> None:
        """Have the engines shut down, and the thread end after it; what was asked for before is still done."""
        self.call(self._thread.quit)

    def wait(self, milliseconds: int) -> bool:
        """Whether the thread has ended, or does within this time."""
        return self._thread.wait(milliseconds)

    def is_current(self) -> bool:
        """Whether the running thread is this one."""
        return self._thread.isCurrentThread()

    def request_update(self) -> None:
        """Have every engine look again, then tell the watches."""
        self.call(self._look)

    def start_interface(self, identifier: str, guard: Callable[[Callable[[], None]], object] | None = None) -> None:
        """Have the engine that knows *identifier* start its interface.

        With a *guard* that is called instead, in the thread, with the function that starts it.
        """
        start = partial(self._ask, identifier, "startInterface")
        if guard is None:
            self.call(start)
        else:
            self.call(guard, start)

    def stop_interface(self, identifier: str) -> None:
        """Have the engine that knows *identifier* stop its interface."""
        self.call(self._ask, identifier, "stopInterface")

    def statistics(self, record: ConfigurationData) -> tuple[int, int] | None:
        """What the engine of *record* counts, read in the calling thread."""
        for each in list(self._running):
            if each.engine.name == record.engine:
                return each.engine.statistics(record.facts)
        return None

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call ``function(*args)`` in the thread."""
        post_to_thread(self._thread._q_thread_data, function, *args)

    # -- in the thread

    def run(self) -> None:
        """Make the engines, serve them until `end`, and shut them down."""
        self._go.wait()  # else this thread could keep the one that starts it from going on for some milliseconds
        self._initialize(_engines.make_built_in(self._store))
        self._store.answered(self, self._capabilities())
        later = QTimer()
        later.setSingleShot(True)
        later.timeout.connect(self._look_for_others)
        later.start(OTHERS_DELAY)
        self._thread.exec()
        later.stop()
        for each in self._rounds:
            each.cancel()
        running, self._running = self._running, []
        for engine in running:
            engine.close()

    def _look_for_others(self) -> None:
        self._initialize(_engines.make_others(self._names()))
        self._store.answered(self, self._capabilities(), self._names())
        self._round()

    def _initialize(self, engines: Iterable[QBearerEngine]) -> None:
        for engine in engines:
            each = _RunningEngine(self, engine)
            self._running.append(each)
            each.call(engine.initialize)

    def _names(self) -> set[str]:
        return {each.engine.name for each in self._running}

    def _capabilities(self) -> Capability:
        found = Capability(0)
        for each in list(self._running):
            found |= each.call(each.engine.capabilities) or Capability(0)
        return found

    def _look(self) -> None:
        for each in list(self._running):
            each.look()
        self._round()

    def _round(self) -> None:
        """Have the watches told when every engine has looked."""
        waiting = {each for each in self._running if each.looks}
        if waiting:
            self._rounds.append(_Round(waiting, self._end_round))
        else:
            self._end_round()

    def _end_round(self) -> None:
        if self._is_wanted():
            self._store.tell("updated")

    def _ask(self, identifier: str, method: str) -> None:
        for each in list(self._running):
            if each.has(identifier):
                each.call(getattr(each.engine, method), identifier)
                return
        code = QBearerEngine.ConnectionError.InterfaceLookupError
        self.failed(identifier, code, f"there is no configuration {identifier!r}")

    def _is_wanted(self) -> bool:
        return self._store.is_served_by(self)

    # -- what running engines tell

    def take(self, source: _RunningEngine, found: Iterable[Facts], gone: Iterable[str]) -> None:
        """Something is different."""
        self._store.update(found, gone, source.engine.name, self)
        for each in list(self._running):
            if each is not source:
                each.call(each.engine.othersChanged)

    def take_all(self, source: _RunningEngine) -> None:
        """The engine has looked for the first time: what is known from an earlier life only is gone."""
        found = source.call(source.engine.configurations)
        if found is not None:
            self._store.replace(source.engine.name, found, self)

    def looked(self, source: _RunningEngine) -> None:
        """An engine has looked, or never will."""
        ended = [each for each in self._rounds if each.ends_with(source)]
        self._rounds = [each for each in self._rounds if each not in ended]
        for each in ended:
            each.end()

    def failed(self, identifier: str, code: QBearerEngine.ConnectionError, text: str) -> None:
        """What was asked for cannot be done: everybody who watches may be waiting for it."""
        if self._is_wanted():
            self._store.tell("failed", identifier, code, text)

    def give_up(self, broken: _RunningEngine) -> None:
        """An engine has raised: what it has told stays, and nobody hears it or calls it again."""
        if broken in self._running:
            self._running.remove(broken)
            broken.close()
            self.looked(broken)


class _RunningEngine:
    """An engine, its connections and its polling."""

    def __init__(self, service: BearerService, engine: QBearerEngine) -> None:
        self._service = service
        self.engine = engine
        self.looks = True  # it has been asked to look, and has not said that it is done
        self._again = False
        self._first = True
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look)
        self._connections = (
            (QBearerEngine.configurationAdded.of(engine), self._take),
            (QBearerEngine.configurationChanged.of(engine), self._take),
            (QBearerEngine.configurationRemoved.of(engine), self._drop),
            (QBearerEngine.updateCompleted.of(engine), self._looked),
            (QBearerEngine.connectionError.of(engine), service.failed),
        )
        for signal, slot in self._connections:
            signal.connect(slot)

    def call(self, method: Callable[..., _Result], *args: Any) -> _Result | None:
        """Call the engine; one that raises is reported and given up, and the result is None."""
        try:
            return method(*args)
        except Exception as error:
            hooks.report(error, f"the bearer engine {self.engine.name!r}", method, emitted=False)
            self._service.give_up(self)
            return None

    def has(self, identifier: str) -> bool:
        """Whether the engine knows the configuration."""
        return bool(self.call(self.engine.hasIdentifier, identifier))

    def look(self) -> None:
        """Have the engine look; if it is about it, once more after that."""
        if self.looks:
            self._again = True
            return
        self._timer.stop()
        self.looks = True
        self.call(self.engine.requestUpdate)

    def _take(self, facts: Facts) -> None:
        self._service.take(self, [facts], ())

    def _drop(self, identifier: str) -> None:
        self._service.take(self, (), [identifier])

    def _looked(self) -> None:
        self.looks = False
        if self._first:
            self._first = False
            self._service.take_all(self)
        if self._again:
            self._again = False
            self.look()
            return
        if self.engine.requiresPolling():
            self._timer.start(max(1, self.engine.pollInterval()))
        self._service.looked(self)

    def close(self) -> None:
        """Shut the engine down; it is heard no more."""
        self._timer.stop()
        for signal, slot in self._connections:
            signal.disconnect(slot)
        try:
            self.engine.shutdown()
        except Exception as error:
            hooks.report(error, f"the bearer engine {self.engine.name!r}", self.engine.shutdown, emitted=False)


class _Round:
    """Waits until all of some engines have looked, or `ROUND_LIMIT` has passed."""

    def __init__(self, waiting: set[_RunningEngine], ended: Callable[[], object]) -> None:
        self._waiting = waiting
        self._ended = ended
        self._limit = QTimer()
        self._limit.setSingleShot(True)
        self._limit.timeout.connect(self.end)
        self._limit.start(ROUND_LIMIT)

    def ends_with(self, engine: _RunningEngine) -> bool:
        """Whether *engine* was the last that it has waited for."""
        self._waiting.discard(engine)
        return not self._waiting

    def end(self) -> None:
        """Tell, unless that is done."""
        ended = self._ended
        self.cancel()
        ended()

    def cancel(self) -> None:
        """Tell nobody."""
        self._limit.stop()
        self._ended = _nothing


def _nothing() -> None:
    """What a round calls that is over."""


class _BearerThread(QThread):
    def __init__(self, service: BearerService) -> None:
        super().__init__()
        self.setObjectName("qnet-bearer")
        self._q_bearer: BearerService | None = service

    def run(self) -> None:
        service, self._q_bearer = self._q_bearer, None
        if service is not None:
            service.run()
