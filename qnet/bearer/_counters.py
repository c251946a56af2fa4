"""How much has gone through one interface, read in the network namespace of the running thread."""

from __future__ import annotations

__all__ = ["byte_counters_of"]


def byte_counters_of(index: int, name: str) -> tuple[int, int] | None:
    """Bytes sent and received by the interface since it was made; None if it is gone."""
    from qnet.kernel._interface_facts import byte_counters

    del index
    found = byte_counters().get(name)
    return (found.sent, found.received) if found is not None else None
