"""What QTcpServer and QLocalServer share: a listening descriptor, the clients that wait, and refusals of the system.

The listening descriptor is watched while clients are wanted, and only then. It stays readable while the process has no
descriptor left for a client, so a failed accept stops the watching and tries again after a pause: 100 ms at first,
doubled up to one second while it goes on failing.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

from qnet.core._enums import QtEnum
from qnet.core._io_epoll import READ
from qnet.core._post import post_to_data
from qnet.core._timers import TimerEntry
from qnet.core.object import QObject
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure, failure, failure_from_os, is_temporary
from qnet.socket._waiting import Clock, poll
from qnet.socket.engines.native import QNativeSocketEngine

if TYPE_CHECKING:
    from qnet.core._thread_data import ThreadData
    from qnet.core.eventdispatcher import EventDispatcher
    from qnet.socket._stream import StreamDevice

__all__ = ["Listener", "Phase"]

_BATCH = 64  # clients accepted a turn: the sockets that are open already come first again
_FIRST_PAUSE = 100_000_000  # nanoseconds
_LONGEST_PAUSE = 1_000_000_000
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Phase(QtEnum):
    """Where a server is."""

    CLOSED = 0
    LISTENING = 1
    PAUSED = 2
    DRAINING = 3


class Listener(QObject):
    """The common part of the servers."""

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_engine: QNativeSocketEngine | None = None
        self._q_phase = Phase.CLOSED
        self._q_dispatcher: EventDispatcher | None = None
        self._q_failure: SocketFailure | None = None
        self._q_pending: list[Any] = []
        self._q_max_pending = 30
        self._q_backlog = 50
        self._q_retry: TimerEntry | None = None
        self._q_pause = 0
        super().__init__(parent, **properties)

    # -- what subclasses decide

    def _q_incoming(self, engine: QNativeSocketEngine) -> None:
        """A client connected."""
        raise NotImplementedError

    def _q_has_room(self) -> bool:
        """Whether another client may wait in the list."""
        return len(self._q_pending) < self._q_max_pending

    def _q_where(self) -> str:
        """The address for error texts."""
        raise NotImplementedError

    def _q_accept_refused(self, reason: SocketFailure) -> None:
        """The system has no descriptor for a client now."""

    # -- life

    def _q_begin(self, engine: QNativeSocketEngine) -> None:
        self._q_engine = engine
        self._q_phase = Phase.LISTENING
        self._q_failure = None
        self._q_pause = 0
        self._q_arrive()

    def _q_arrive(self) -> None:
        engine = self._q_engine
        if engine is None:
            return
        thread = self._q.thread
        if thread.dispatcher is not None and thread.scope_level:
            self._q_watch(thread.dispatcher)
        elif engine.fd >= 0:
            thread.arrivals[engine.fd] = self._q.ref

    def _q_watch(self, dispatcher: EventDispatcher) -> None:
        self._q_dispatcher = dispatcher
        if self._q_phase is Phase.LISTENING and self._q_has_room():
            try:
                self._q_set_watched(True)
            except OSError as error:
                self._q_accept_failed(error)

    def _q_set_watched(self, on: bool) -> None:
        if self._q_dispatcher is not None and self._q_engine is not None and self._q_engine.fd >= 0:
            self._q_dispatcher.watch(self._q_engine.fd, READ, self._q_on_readable if on else None)

    def _q_unwatch(self) -> None:
        if self._q_engine is not None and self._q_engine.fd >= 0:
            self._q.thread.arrivals.pop(self._q_engine.fd, None)
            if self._q_dispatcher is not None:
                self._q_dispatcher.forget(self._q_engine.fd)
        self._q_dispatcher = None

    def _q_stop(self) -> None:
        """Give the descriptor back and drop the clients that nobody took."""
        pending, self._q_pending = self._q_pending, []
        self._q_unwatch()
        retry, self._q_retry = self._q_retry, None
        if retry is not None:
            self._q.thread.timers.discard(retry)
        engine, self._q_engine = self._q_engine, None
        if engine is not None:
            engine.close()
        self._q_phase = Phase.CLOSED
        for client in pending:
            client._q_destroy()

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        self._q_unwatch()
        super()._q_change_thread(source, target)
        if self._q_engine is not None:
            post_to_data(self._q, self._q_arrive)

    # -- accepting

    def _q_on_readable(self) -> None:
        for _ in range(_BATCH):
            if self._q_phase is not Phase.LISTENING or not self._q_has_room() or not self._q_accept_one():
                break
        if self._q_phase is Phase.LISTENING and not self._q_has_room():
            self._q_set_watched(False)

    def _q_accept_one(self) -> bool:
        """Accept one client; False if there is none."""
        engine = self._q_engine
        if engine is None:
            return False
        try:
            client = engine.accept()
        except BlockingIOError:
            return False
        except OSError as error:
            if is_temporary(error):
                return True
            self._q_accept_failed(error)
            return False
        self._q_pause = 0
        self._q_incoming(client)
        return True

    def _q_accept_failed(self, error: OSError) -> None:
        reason = failure_from_os(error, f"accepting a client on {self._q_where()}")
        self._q_go_on_later(reason, error.errno in _EXHAUSTED)

    def _q_go_on_later(self, reason: SocketFailure, lasting: bool) -> None:
        """Accepting failed for this *reason*; the pauses become longer if it is a *lasting* one."""
        self._q_failure = reason
        self._q_set_watched(False)
        self._q_pause = min(max(_FIRST_PAUSE, self._q_pause * 2 if lasting else 0), _LONGEST_PAUSE)
        self._q_retry = TimerEntry(self._q_pause, self._q_try_again, single_shot=True)
        self._q.thread.timers.start(self._q_retry)
        self._q_accept_refused(reason)

    def _q_try_again(self) -> None:
        self._q_retry = None
        if self._q_phase is Phase.LISTENING and self._q_has_room():
            self._q_set_watched(True)

    def _q_take_pending(self) -> Any:
        """The client that has waited longest, or None."""
        if not self._q_pending:
            return None
        client: StreamDevice = self._q_pending.pop(0)
        if self._q_phase is Phase.LISTENING and self._q_retry is None and self._q_has_room():
            self._q_set_watched(True)
        return client

    def _q_wait_for_client(self, clock: Clock) -> tuple[bool, bool]:
        """(whether a client was accepted, whether the time was over)."""
        while self._q_engine is not None:
            if not poll({self._q_engine.fd: READ}, clock.left()):
                self._q_failure = failure(SocketError.SocketTimeoutError, f"waiting on {self._q_where()}")
                return False, True
            if self._q_accept_one():
                while self._q_has_room() and self._q_accept_one():
                    continue
                return True, False
            if self._q_retry is not None:
                return False, False
        return False, False

    # -- properties

    def isListening(self) -> bool:
        """Whether the server has a listening descriptor."""
        return self._q_engine is not None

    def hasPendingConnections(self) -> bool:
        """Whether `nextPendingConnection` has one."""
        return bool(self._q_pending)

    def errorString(self) -> str:
        """What failed last, in words; "" if nothing did."""
        return self._q_failure.text if self._q_failure is not None else ""

    def serverError(self) -> SocketError:
        """What failed last; UnknownSocketError if nothing did."""
        return self._q_failure.code if self._q_failure is not None else SocketError.UnknownSocketError

    def maxPendingConnections(self) -> int:
        """How many clients may wait for `nextPendingConnection`; 30 by default."""
        return self._q_max_pending

    def setMaxPendingConnections(self, numConnections: int) -> None:
        """Accept no more while this many clients wait; they stay in the system's queue."""
        self._q_max_pending = int(numConnections)

    def listenBacklogSize(self) -> int:
        """How many clients the system's queue is asked to hold; 50 by default."""
        return self._q_backlog

    def setListenBacklogSize(self, size: int) -> None:
        """Ask for a queue of *size* from the next `listen` on."""
        self._q_backlog = int(size)

    def socketDescriptor(self) -> int:
        """The listening descriptor, -1 if there is none."""
        return self._q_engine.fd if self._q_engine is not None else -1
