"""Blocking with a limit, for the waitFor* calls: they poll their own descriptors and need no event loop."""

from __future__ import annotations

import select
from collections.abc import Mapping
from time import monotonic
from typing import Any

from qnet.core._interrupt import interruptible

__all__ = ["Clock", "poll"]


class Clock:
    """How long a wait may still last. *msecs* is in milliseconds, negative for "no limit", or a QDeadlineTimer."""

    __slots__ = ("end",)

    def __init__(self, msecs: Any) -> None:
        remaining = getattr(msecs, "remainingTime", None)
        if remaining is not None:
            msecs = remaining()
        if not isinstance(msecs, (int, float)):
            raise TypeError(f"a time-out is an int, milliseconds, or a QDeadlineTimer, not {type(msecs).__name__}")
        msecs = int(msecs)  # seconds * 1000, as programs reckon, is a float
        self.end = monotonic() + msecs / 1000 if msecs >= 0 else None

    def remainingTime(self) -> int:
        """Milliseconds, rounded up; -1 without a limit: a clock is a deadline for the calls that a wait makes."""
        return -1 if self.end is None else int(-(-self.left() * 1000 // 1))

    def left(self) -> float:
        """Seconds, 0 when the time is over, infinity without a limit."""
        return max(0.0, self.end - monotonic()) if self.end is not None else float("inf")

    def is_over(self) -> bool:
        """Whether the time is over."""
        return self.end is not None and monotonic() >= self.end


@interruptible
def poll(masks: Mapping[int, int], seconds: float) -> list[tuple[int, int]]:
    """Wait until a descriptor of *masks* is ready for its mask, at most *seconds*; the ready ones."""
    poller = select.poll()
    for fd, mask in masks.items():
        poller.register(fd, mask)
    return poller.poll(None if seconds == float("inf") else seconds * 1000)
