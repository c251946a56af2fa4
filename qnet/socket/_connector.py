"""Connecting to a host that has several addresses: RFC 8305, "Happy Eyeballs".

Sans-I/O as far as time and readiness go: the owner says what time it is and which descriptor is writable, and asks
which descriptors to watch and until when. Blocking and event-driven callers drive the same object.

====================  ==========================================================================
event                 what follows
====================  ==========================================================================
``begin``             the first attempt starts
an attempt fails      the next address is tried at once
250 ms without        the next address is tried beside those that are under way
an attempt connects   it wins; the others are closed
30 s for one attempt  it has failed (timed out)
no attempt is left    the failure of the first one is the result: it is the address that counts
====================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure, failure, failure_from_os
from qnet.socket.engines.native import QNativeSocketEngine

__all__ = ["ATTEMPT_DELAY", "ATTEMPT_LIMIT", "Connector", "interleaved"]

ATTEMPT_DELAY = 0.25  # RFC 8305 section 5: "Connection Attempt Delay", recommended 250 ms
ATTEMPT_LIMIT = 30.0

Maker = Callable[[QHostAddress], QNativeSocketEngine]


def interleaved(addresses: Iterable[QHostAddress]) -> list[QHostAddress]:
    """RFC 8305 section 4: alternate the families, beginning with that of the first address."""
    ordered = list(dict.fromkeys(addresses))
    if not ordered:
        return []
    first = ordered[0].protocol()
    ours = [a for a in ordered if a.protocol() is first]
    others = [a for a in ordered if a.protocol() is not first]
    return [a for pair in zip_longest(ours, others) for a in pair if a is not None]


class _Attempt:
    __slots__ = ("address", "engine", "started")

    def __init__(self, address: QHostAddress, engine: QNativeSocketEngine, started: float) -> None:
        self.address = address
        self.engine = engine
        self.started = started


class Connector:
    """Tries *addresses* in turn and in parallel. *make* returns an engine to connect to an address with.

    With *parallel* False (the socket is bound already: there is one descriptor only) one is tried after the
    other on the same engine.
    """

    def __init__(self, addresses: Sequence[QHostAddress], port: int, make: Maker, parallel: bool = True) -> None:
        self.port = port
        self.winner: QNativeSocketEngine | None = None
        self.address = QHostAddress()
        self.failure: SocketFailure | None = None
        self._waiting = list(addresses)
        self._make = make
        self._parallel = parallel
        self._attempts: dict[int, _Attempt] = {}
        self._next_at = 0.0

    def is_over(self) -> bool:
        """Whether there is a winner or nothing left to try."""
        return self.winner is not None or not (self._attempts or self._waiting)

    def descriptors(self) -> list[int]:
        """The descriptors to watch for writing."""
        return list(self._attempts)

    def engines(self) -> list[QNativeSocketEngine]:
        """The engines of the attempts that are under way."""
        return [attempt.engine for attempt in self._attempts.values()]

    def deadline(self) -> float:
        """When to call `expired`, in the owner's time; infinity for never."""
        ends = [attempt.started + ATTEMPT_LIMIT for attempt in self._attempts.values()]
        if self._waiting and (self._parallel or not self._attempts):
            ends.append(self._next_at)
        return min(ends, default=float("inf"))

    def begin(self, now: float) -> None:
        """Start with the first address."""
        self._start_next(now)

    def ready(self, fd: int, now: float) -> None:
        """*fd* is writable (or failed)."""
        attempt = self._attempts.get(fd)
        if attempt is None:
            return
        number = attempt.engine.pending_error()
        if number:
            self._failed(attempt, failure_from_os(OSError(number, ""), self._phase(attempt.address)), now)
        else:
            self._won(attempt)

    def expired(self, now: float) -> None:
        """Time has passed: give up old attempts, begin the next one."""
        for attempt in list(self._attempts.values()):
            if now >= attempt.started + ATTEMPT_LIMIT:
                self._failed(attempt, failure(SocketError.SocketTimeoutError, self._phase(attempt.address)), now)
        if self._waiting and now >= self._next_at and (self._parallel or not self._attempts):
            self._start_next(now)

    def cancel(self) -> None:
        """Close every attempt."""
        self._waiting.clear()
        for attempt in self._attempts.values():
            attempt.engine.close()
        self._attempts.clear()

    def _phase(self, address: QHostAddress) -> str:
        shown = address.toString()
        if address.protocol() is NetworkLayerProtocol.IPv6Protocol:
            shown = f"[{shown}]"
        return f"connecting to {shown}:{self.port}"

    def _start_next(self, now: float) -> None:
        while self._waiting and self.winner is None:
            address = self._waiting.pop(0)
            self._next_at = now + ATTEMPT_DELAY
            try:
                engine = self._make(address)
            except OSError as error:
                self._note(failure_from_os(error, self._phase(address)))
                continue
            attempt = _Attempt(address, engine, now)
            try:
                connected = engine.connectToHost(address, self.port)
            except OSError as error:
                self._note(failure_from_os(error, self._phase(address)))
                if self._parallel:
                    engine.close()
                continue
            if connected:
                self._won(attempt)
            else:
                self._attempts[engine.fd] = attempt
            return

    def _won(self, attempt: _Attempt) -> None:
        self._attempts.pop(attempt.engine.fd, None)
        self.winner = attempt.engine
        self.address = attempt.address
        self.cancel()

    def _failed(self, attempt: _Attempt, reason: SocketFailure, now: float) -> None:
        del self._attempts[attempt.engine.fd]
        if self._parallel:
            attempt.engine.close()
        self._note(reason)
        self._start_next(now)

    def _note(self, reason: SocketFailure) -> None:
        if self.failure is None:
            self.failure = reason
