"""How long a session was open and what went through its interfaces meanwhile: sums over the ones that it has used."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Traffic"]

Counters = Callable[[str], "tuple[int, int] | None"]


class Traffic:
    """*counters* says what an interface has sent and received so far; None if it is gone."""

    __slots__ = ("_counters", "_first", "_identifier", "_last", "_seconds", "_since", "_total")

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._identifier = ""
        self._first = self._last = (0, 0)  # what its interface has counted
        self._total = (0, 0)  # of the interfaces before
        self._since: float | None = None
        self._seconds = 0.0

    def begin(self, identifier: str) -> None:
        """From now on it is this interface."""
        self.end()
        self._identifier = identifier
        self._first = self._last = self._counters(identifier) or (0, 0)
        self._since = time.monotonic()

    def end(self) -> None:
        """From now on it is none; the sums stay."""
        self._total = self.bytes()
        self._seconds = self.seconds()
        self._first = self._last = (0, 0)
        self._identifier = ""
        self._since = None

    def bytes(self) -> tuple[int, int]:
        """Sent and received."""
        now = self._counters(self._identifier) if self._identifier else None
        if now is not None and now >= self._last:  # else it was made anew, and begins at zero
            self._last = now
        return (
            self._total[0] + max(0, self._last[0] - self._first[0]),
            self._total[1] + max(0, self._last[1] - self._first[1]),
        )

    def seconds(self) -> float:
        """How long."""
        return self._seconds + (time.monotonic() - self._since if self._since is not None else 0.0)
