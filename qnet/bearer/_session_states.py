"""A session's own life: whether it is open. What its interface does is another matter (`State`).

========  =====================================================================================================
phase     what it means
========  =====================================================================================================
CLOSED    nobody has opened it, or it is over
OPENING   `open` was called, and the interface is being started
OPEN      the interface is up, and stays up as long as it can
LOST      it is open as far as the program is concerned, but the interface is gone; it opens again by itself
========  =====================================================================================================

`TABLE` says what follows from what; an event that it does not know in a phase changes nothing. Effects come in their
order, and signals among them in the order in which Qt emits them: `closed` before `error`, both before `stateChanged`.
"""

from __future__ import annotations

import enum

from qnet.bearer._data import Facts, StateFlag
from qnet.core._enums import QtEnum, QtFlag

__all__ = ["TABLE", "Effect", "Event", "Phase", "SessionError", "State", "UsagePolicy", "interface_state"]


class State(QtEnum):
    """What the interface behind a session does."""

    Invalid = 0
    NotAvailable = 1
    Connecting = 2
    Connected = 3
    Closing = 4
    Disconnected = 5
    Roaming = 6


class SessionError(QtEnum):
    """Why something did not work."""

    UnknownSessionError = 0
    SessionAbortedError = 1
    RoamingError = 2
    OperationNotSupportedError = 3
    InvalidConfigurationError = 4


class UsagePolicy(QtFlag):
    """What the system asks of programs."""

    NoPolicy = 0
    NoBackgroundTrafficPolicy = 1


class Phase(enum.Enum):
    """Whether a session is open; see the module's text."""

    CLOSED = enum.auto()
    OPENING = enum.auto()
    OPEN = enum.auto()
    LOST = enum.auto()


class Event(enum.Enum):
    """What happens to a session."""

    OPEN_READY = enum.auto()  # open(), and the interface is up
    OPEN_START = enum.auto()  # open(), and it can be started
    UP = enum.auto()
    DOWN = enum.auto()
    FAILED = enum.auto()  # it was not started, or not in time
    STOPPED = enum.auto()  # somebody has called stop()
    CLOSE = enum.auto()
    GONE = enum.auto()  # there is no such configuration any more


class Effect(enum.Enum):
    """What is to be done."""

    START = enum.auto()
    RELEASE = enum.auto()  # hold no interface any more
    OPENED = enum.auto()  # the signals
    CLOSED = enum.auto()
    ABORTED = enum.auto()
    FAILURE = enum.auto()


_P, _V, _F = Phase, Event, Effect

TABLE: dict[tuple[Phase, Event], tuple[Phase, tuple[Effect, ...]]] = {
    (_P.CLOSED, _V.OPEN_READY): (_P.OPEN, (_F.OPENED,)),
    (_P.CLOSED, _V.OPEN_START): (_P.OPENING, (_F.START,)),
    (_P.OPENING, _V.UP): (_P.OPEN, (_F.OPENED,)),
    (_P.OPENING, _V.FAILED): (_P.CLOSED, (_F.RELEASE, _F.FAILURE)),
    (_P.OPENING, _V.STOPPED): (_P.CLOSED, (_F.RELEASE, _F.ABORTED)),
    (_P.OPENING, _V.CLOSE): (_P.CLOSED, (_F.RELEASE,)),
    (_P.OPENING, _V.GONE): (_P.CLOSED, (_F.RELEASE, _F.FAILURE)),
    (_P.OPEN, _V.DOWN): (_P.LOST, (_F.CLOSED,)),
    (_P.OPEN, _V.STOPPED): (_P.CLOSED, (_F.RELEASE, _F.CLOSED, _F.ABORTED)),
    (_P.OPEN, _V.CLOSE): (_P.CLOSED, (_F.RELEASE, _F.CLOSED)),
    (_P.OPEN, _V.GONE): (_P.CLOSED, (_F.RELEASE, _F.CLOSED)),
    (_P.LOST, _V.UP): (_P.OPEN, (_F.OPENED,)),
    (_P.LOST, _V.OPEN_START): (_P.OPENING, (_F.START,)),
    (_P.LOST, _V.FAILED): (_P.CLOSED, (_F.RELEASE, _F.FAILURE)),
    (_P.LOST, _V.STOPPED): (_P.CLOSED, (_F.RELEASE, _F.ABORTED)),
    (_P.LOST, _V.CLOSE): (_P.CLOSED, (_F.RELEASE,)),
    (_P.LOST, _V.GONE): (_P.CLOSED, (_F.RELEASE,)),
}


def interface_state(facts: Facts) -> State:
    """What *facts* say about an interface that nothing is being done with."""
    if facts.has_state(StateFlag.Active):
        return State.Connected
    if facts.has_state(StateFlag.Discovered):
        return State.Disconnected
    if facts.has_state(StateFlag.Defined):
        return State.NotAvailable
    return State.Invalid
