"""A look-up of a host's addresses for something that connects: its answer comes to the thread of that."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from qnet.core._thread_data import Posted

if TYPE_CHECKING:
    from qnet.core._thread_data import ObjectData
    from qnet.kernel.hostaddress import QHostAddress

__all__ = ["Lookup"]

_LOOKUP_DONE = -2  # the "event type" of a queued look-up result

_looking_up: set[Asker] = set()


class Asker(Protocol):
    """Who wants to know; it is kept alive meanwhile."""

    def looked_up(self, lookup: Lookup) -> None:
        """The answer: `Lookup.addresses`, and if there are none `Lookup.text`."""


class Lookup:
    """Looks *name* up for *asker*, in the thread of *data*: the result is posted there, and can be waited for too."""

    __slots__ = ("addresses", "asker", "data", "done", "handle", "name", "text")

    def __init__(self, asker: Asker, data: ObjectData, name: str) -> None:
        self.asker = asker
        self.data = data
        self.name = name
        self.addresses: list[QHostAddress] = []
        self.text = ""
        self.done = threading.Event()
        self.handle: Any = None

    def start(self) -> None:
        """Begin; a name that is known is answered within the call."""
        from qnet.kernel import _resolver

        _looking_up.add(self.asker)
        known = _resolver.cached(self.name)
        if known is not None:
            self.addresses, self.text = list(known.addresses), known.text
            self.asker.looked_up(self)
        else:
            self.handle = _resolver.resolve(self.name, self.found)

    def found(self, addresses: list[QHostAddress], error: int, text: str) -> None:
        """The resolver's answer, in one of its threads."""
        self.addresses, self.text = list(addresses), text
        self.done.set()
        self.data.thread.post(Posted(self.data, self._deliver, _LOOKUP_DONE))

    def _deliver(self) -> None:
        self.asker.looked_up(self)

    def wait(self, seconds: float) -> bool:
        """Block until the answer is there; False when the time is over."""
        return self.done.wait(None if seconds == float("inf") else seconds)

    def end(self) -> None:
        """Nobody is interested any more: a thread without a loop must not pile up answers."""
        _looking_up.discard(self.asker)
        if self.handle is not None:
            self.handle.cancel()
        data = self.data
        data.thread.cancel_matching(lambda entry: entry.receiver is data and entry.event_type == _LOOKUP_DONE)
