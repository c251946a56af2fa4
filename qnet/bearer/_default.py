"""Which access point is the default when the user has not said it."""

from __future__ import annotations

from qnet.bearer._data import BearerType, ConfigurationType, Facts, StateFlag

__all__ = ["UNSUITABLE", "suitability"]

UNSUITABLE = 100

_MEDIA = (BearerType.BearerEthernet, BearerType.BearerWLAN)


def suitability(facts: Facts) -> tuple[int, int, int]:
    """A key to sort by, the best first: what is active before what could be, cheap media first, then the oldest."""
    if facts.type is not ConfigurationType.InternetAccessPoint:
        return UNSUITABLE, 0, 0
    if facts.has_state(StateFlag.Active):
        rank = 0
    elif facts.has_state(StateFlag.Discovered):
        rank = 1
    else:
        rank = UNSUITABLE
    medium = _MEDIA.index(facts.bearer_type) if facts.bearer_type in _MEDIA else len(_MEDIA)
    return rank, medium, facts.interface_index
