"""Times as Qt's test helpers take them."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["milliseconds"]


def milliseconds(value: int | timedelta) -> int:
    """*value*, milliseconds or a timedelta, as milliseconds; 0 for a negative one, TypeError for anything else."""
    number = value / timedelta(milliseconds=1) if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise TypeError(f"a time is an int of milliseconds or a timedelta, not {type(value).__name__}")
    return max(0, int(number))
