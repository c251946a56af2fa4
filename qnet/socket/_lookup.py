"""A look-up of a host's addresses for something that connects: the answer comes to the thread of that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core._thread_data import Posted
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError
from qnet.socket._errors import SocketFailure, failure

if TYPE_CHECKING:
    from qnet.core._thread_data import ObjectData
    from qnet.socket._waiting import Clock

__all__ = ["Lookup"]

_LOOKUP_DONE = -2  # the "event type" of a queued look-up result
_FAMILIES = (NetworkLayerProtocol.IPv4Protocol, NetworkLayerProtocol.IPv6Protocol)

_under_way: set[Lookup] = set()  # each holds whom it is for: a socket in use must not be collected


class Lookup:
    """Looks *name* up for the object of *data*: calls *found* or *failed* in its thread, once, unless it is ended.

    *found* gets those addresses that are of *protocol*, all if that is "any", and one at least.
    """

    __slots__ = ("_addresses", "_answered", "_data", "_failed", "_found", "_handle", "_name", "_protocol", "_text")

    def __init__(
        self,
        data: ObjectData,
        name: str,
        protocol: NetworkLayerProtocol,
        found: Callable[[list[QHostAddress]], None],
        failed: Callable[[SocketFailure], None],
    ) -> None:
        self._data = data
        self._name = name
        self._protocol = protocol
        self._found: Callable[[list[QHostAddress]], None] | None = found  # None when it is over
        self._failed: Callable[[SocketFailure], None] | None = failed
        self._answered = threading.Event()
        self._addresses: list[QHostAddress] = []
        self._text = ""  # what the resolver says where there are no addresses
        self._handle: Any = None

    def begin(self) -> None:
        """Start. A literal address, and a name that is known, are answered within the call."""
        literal = QHostAddress(self._name)
        if not literal.isNull():
            self._addresses = [literal]
            self._conclude()
            return
        from qnet.kernel import _resolver

        known = _resolver.cached(self._name)
        if known is not None:
            self._addresses, self._text = list(known.addresses), known.text
            self._conclude()
            return
        _under_way.add(self)
        self._handle = _resolver.resolve(self._name, self._answer)

    def _answer(self, addresses: list[QHostAddress], error: int, text: str) -> None:
        """The resolver's answer, in one of its threads."""
        self._addresses, self._text = list(addresses), text
        self._answered.set()
        self._data.thread.post(Posted(self._data, self._conclude, _LOOKUP_DONE))

    def _conclude(self) -> None:
        found, failed = self._found, self._failed
        if found is None or failed is None:
            return  # ended meanwhile, or a blocking call was told already
        self.end()
        addresses = self._addresses
        if self._protocol in _FAMILIES:
            addresses = [a for a in addresses if a.protocol() is self._protocol]
        if addresses:
            found(addresses)
        else:
            phase = f"looking up {self._name!r}" + (f" ({self._text})" if self._text else "")
            failed(failure(SocketError.HostNotFoundError, phase))

    def wait(self, clock: Clock) -> bool:
        """Block until it is over, and what was to be called has returned; False when the time is over first."""
        if self._found is not None:
            left = clock.left()
            if not self._answered.wait(None if left == float("inf") else left):
                return False
            self._conclude()
        return True

    def end(self) -> None:
        """Nobody is interested any more. A second time nothing happens."""
        if self._found is None:
            return
        self._found = self._failed = None  # they lead to what holds this
        _under_way.discard(self)
        if self._handle is not None:
            self._handle.cancel()
            data = self._data  # a thread without a loop must not pile up answers
            data.thread.cancel_matching(lambda entry: entry.receiver is data and entry.event_type == _LOOKUP_DONE)
