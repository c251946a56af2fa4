"""The delays that every timer program uses: out of order, the same for all."""

from __future__ import annotations

SPREAD_MS = 200
FAR_MS = 60_000


def delay_ms(index: int) -> int:
    """Milliseconds for timer number *index*, scattered over 0 to ``SPREAD_MS``."""
    return (index * 7919) % SPREAD_MS
