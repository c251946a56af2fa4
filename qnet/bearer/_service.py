"""The bearer thread: engines run in it, so that whatever they wait for keeps no application's loop from turning.

One `BearerService` is one life of the engines, from the first watch to the end of the last. It is never started again:
what an engine of an earlier life still tells when a new one has begun is not heard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from qnet.bearer import plugin
from qnet.bearer._capabilities import Capability
from qnet.bearer._data import ConfigurationData, Facts
from qnet.bearer.engine import QBearerEngine
from qnet.core import hooks
from qnet.core._post import post_to_data, post_to_thread
from qnet.core.object import QObject
from qnet.core.thread import QThread
from qnet.core.timer import QTimer

if TYPE_CHECKING:
    from qnet.bearer._service_networks import ServiceNetworksEngine
    from qnet.bearer._store import ConfigurationStore, ConfigurationWatch

__all__ = ["BearerService"]


class BearerService(QThread):
    """The thread and its engines. `begin`, `end` and the requests may be called in any thread, and never wait."""

    def __init__(self, store: ConfigurationStore) -> None:
        super().__init__()
        self.setObjectName("qnet-bearer")
        self._store = store
        self._engines: list[_Slot] = []
        self._requests: list[_Request] = []
        self._networks: ServiceNetworksEngine | None = None

    # -- from any thread

    def begin(self) -> None:
        """Start the thread, in the network namespace of the caller."""
        self.start()

    def end(self) -> None:
        """Have the engines shut down, and the thread end after it."""
        self._post(self.quit)
        self.quit()

    def is_current(self) -> bool:
        """Whether this is the running thread."""
        return QThread.isCurrentThread(self)

    def request_update(self, watch: ReferenceType[ConfigurationWatch]) -> None:
        """Have every engine look again, then tell *watch*."""
        self._post(self._request_update, watch)

    def start_interface(self, identifier: str) -> None:
        """Have the engine that knows *identifier* start its interface."""
        self._post(self._ask, "startInterface", identifier)

    def stop_interface(self, identifier: str) -> None:
        """Have the engine that knows *identifier* stop its interface."""
        self._post(self._ask, "stopInterface", identifier)

    def statistics(self, record: ConfigurationData) -> tuple[int, int] | None:
        """What the engine of *record* counts, read in the calling thread."""
        for slot in list(self._engines):
            if slot.engine.name == record.engine:
                return slot.engine.statistics(record.facts)
        return None

    def _post(self, function: Callable[..., object], *args: Any) -> None:
        post_to_thread(self._q_thread_data, function, *args)

    # -- in the thread

    def run(self) -> None:
        """Make the engines, serve them until `end`, and shut them down."""
        from qnet.bearer._service_networks import ServiceNetworksEngine

        self._networks = ServiceNetworksEngine(self._store)
        for engine in (*plugin.make_engines(), self._networks):  # that one last: it concludes from the others
            slot = _Slot(self, engine)
            self._engines.append(slot)
            self.guarded(slot, engine.initialize)
        capabilities = Capability(0)
        for slot in self._engines:
            capabilities |= slot.engine.capabilities()
        if self.is_wanted():
            self._store.answered(capabilities)
        self.exec()
        engines, self._engines = self._engines, []
        self._networks = None
        for slot in engines:
            slot.close()

    def is_wanted(self) -> bool:
        """Whether the store still listens to this service, and not to a later one."""
        return self._store._service is self

    def take(self, facts: Facts, engine: str) -> None:
        """Slots of the engines: *facts* are new."""
        if self.is_wanted():
            self._store.put(facts, engine)
            self._points_changed(engine)

    def drop(self, identifier: str) -> None:
        """The configuration is gone."""
        if self.is_wanted():
            self._store.remove(identifier)
            self._points_changed()

    def _points_changed(self, engine: str = "") -> None:
        if self._networks is not None and engine != self._networks.name:
            self._networks.pointsChanged()

    def completed(self, slot: _Slot) -> None:
        """An engine has looked: tell those who have waited only for this one."""
        waiting, self._requests = self._requests, []
        for request in waiting:
            request.engines.discard(slot)
            if request.engines:
                self._requests.append(request)
            else:
                _tell(request.watch, "updated")

    def failed(self, identifier: str, code: QBearerEngine.ConnectionError, text: str) -> None:
        """What was asked for cannot be done: everybody who watches may be waiting for it."""
        if self.is_wanted():
            for watch in self._store.watches():
                _tell(ReferenceType(watch), "failed", identifier, code, text)

    def guarded(self, slot: _Slot, method: Callable[..., object], *args: Any) -> None:
        """Call an engine; one that raises is reported and not called again."""
        try:
            method(*args)
        except Exception as error:
            hooks.report(error, f"the bearer engine {slot.engine.name!r}", method, emitted=False)
            if slot in self._engines:
                self._engines.remove(slot)
            slot.close()
            self.completed(slot)

    def _request_update(self, watch: ReferenceType[ConfigurationWatch]) -> None:
        request = _Request(watch, set(self._engines))
        if not request.engines:
            _tell(watch, "updated")
            return
        self._requests.append(request)
        for slot in list(self._engines):
            slot.update()

    def _ask(self, method: str, identifier: str) -> None:
        for slot in list(self._engines):
            if slot.engine.hasIdentifier(identifier):
                self.guarded(slot, getattr(slot.engine, method), identifier)
                return
        code = QBearerEngine.ConnectionError.InterfaceLookupError
        self.failed(identifier, code, f"there is no configuration {identifier!r}")


class _Slot:
    """An engine, its connections and its polling."""

    def __init__(self, service: BearerService, engine: QBearerEngine) -> None:
        self.service = service
        self.engine = engine
        self.timer = QTimer()
        self.timer.setSingleShot(True)
        self.timer.timeout.connect(self.update)
        engine.configurationAdded.connect(self._take)
        engine.configurationChanged.connect(self._take)
        engine.configurationRemoved.connect(service.drop)
        engine.updateCompleted.connect(self._completed)
        engine.connectionError.connect(service.failed)

    def update(self) -> None:
        """Have the engine look again."""
        self.timer.stop()
        self.service.guarded(self, self.engine.requestUpdate)

    def _take(self, facts: Facts) -> None:
        self.service.take(facts, self.engine.name)

    def _completed(self) -> None:
        if self.engine.requiresPolling():
            self.timer.start(self.engine.pollInterval())
        self.service.completed(self)

    def close(self) -> None:
        """Shut the engine down; it is heard no more."""
        self.timer.stop()
        for signal in (
            self.engine.configurationAdded,
            self.engine.configurationChanged,
            self.engine.configurationRemoved,
            self.engine.updateCompleted,
            self.engine.connectionError,
        ):
            signal.disconnect()
        try:
            self.engine.shutdown()
        except Exception as error:
            hooks.report(error, f"the bearer engine {self.engine.name!r}", self.engine.shutdown, emitted=False)


class _Request:
    """Somebody waits until all *engines* have looked."""

    def __init__(self, watch: ReferenceType[ConfigurationWatch], engines: set[_Slot]) -> None:
        self.watch = watch
        self.engines = engines


def _tell(ref: ReferenceType[ConfigurationWatch], signal: str, *args: object) -> None:
    """Have a watch emit one of its signals in its own thread."""
    watch = ref()
    if watch is not None:
        post_to_data(watch._q, _emit, ref, signal, args)


def _emit(ref: ReferenceType[QObject], signal: str, args: tuple[object, ...]) -> None:
    watch = ref()
    if watch is not None:
        getattr(watch, signal).emit(*args)
