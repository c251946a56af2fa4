"""Who decides when the default network is "ask the user": one replaceable function.

A library cannot open a dialog. So a program that has one sets it here, and without it the best network is taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from qnet.bearer._data import ConfigurationType, StateFlag
from qnet.core import hooks

if TYPE_CHECKING:
    from qnet.bearer.networkconfiguration import QNetworkConfiguration

__all__ = ["NetworkChooser", "choose", "setNetworkChooser"]

NetworkChooser = Callable[[list["QNetworkConfiguration"]], "QNetworkConfiguration | None"]

_lock = threading.Lock()
_chooser: NetworkChooser | None = None


def setNetworkChooser(chooser: NetworkChooser | None, /) -> NetworkChooser | None:
    """Let *chooser* decide which network a session uses whose configuration is a UserChoice; returns the one before.

    It is called by `QNetworkSession.open`, in the thread of the session, with the configurations to choose from: the
    active ones first, service networks before access points, and none that is only Defined if any other is there. It
    returns one of them, or None if the user wants none: then the session fails with SessionAbortedError. It may take
    its time and turn an event loop of its own, as a dialog does. What it raises goes to the hook of
    `setSlotExceptionHook`, and counts as None.

    None sets the standard one again: it takes the first configuration, without asking anybody.
    """
    global _chooser
    if chooser is not None and not callable(chooser):
        raise TypeError(f"a chooser is a callable or None, not {type(chooser).__name__}")
    with _lock:
        previous, _chooser = _chooser, chooser
    return previous


def choose(configurations: Sequence[QNetworkConfiguration], ask: bool = True) -> QNetworkConfiguration | None:
    """Ask the chooser which of *configurations* it shall be; None if it wants none, or there is none.

    *configurations* may be all that there are, in any order: what cannot be chosen is left out. Without *ask* nobody
    is asked, and it is what the standard chooser takes.
    """
    candidates = _candidates(configurations)
    chooser = _chooser if ask else None
    if not candidates:
        return None
    if chooser is None:
        return candidates[0]
    try:
        chosen = chooser(list(candidates))
        if chosen is not None and chosen not in candidates:
            raise ValueError(f"a chooser returns one of the configurations that it got, or None, not {chosen!r}")
    except Exception as error:
        hooks.report(error, "a network chooser", chooser, emitted=False)
        return None
    return chosen


def _candidates(configurations: Sequence[QNetworkConfiguration]) -> list[QNetworkConfiguration]:
    kinds = (ConfigurationType.ServiceNetwork, ConfigurationType.InternetAccessPoint)
    found = [each for each in configurations if each.isValid() and each.type() in kinds]
    found = [each for each in found if _has(each, StateFlag.Discovered)] or found
    # a stable sort: otherwise the order stays
    return sorted(found, key=lambda each: (not _has(each, StateFlag.Active), kinds.index(each.type())))


def _has(configuration: QNetworkConfiguration, state: StateFlag) -> bool:
    return StateFlag(configuration.state()) & state == state
