"""The generic engine: asks psutil, on every system that psutil knows."""

from __future__ import annotations

import os

from qnet.bearer._interface_engine import InterfaceEngine
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.plugin import QBearerEnginePlugin
from qnet.kernel._interface_listener import Pace, read_snapshot

__all__ = ["GenericEngine", "GenericEnginePlugin"]

POLL_VARIABLE = "QT_BEARER_POLL_TIMEOUT"


class GenericEngine(InterfaceEngine):
    """Looks when it is asked: soon again after a change, every ten seconds while nothing happens."""

    name = "generic"

    def __init__(self) -> None:
        super().__init__()
        self._q_pace = Pace()
        self._q_interval = 0

    def initialize(self) -> None:
        """Look for the first time."""
        self.requestUpdate()

    def requestUpdate(self) -> None:
        """Look now."""
        before = self._q_known
        try:
            self.take(read_snapshot())
        except OSError:  # an interface that went while psutil read its state
            pass
        self._q_interval = int(self._q_pace.after(self._q_known != before) * 1000)
        QBearerEngine.updateCompleted.emit_from(self)

    def requiresPolling(self) -> bool:
        """Nothing tells it of changes."""
        return True

    def pollInterval(self) -> int:
        """1 second after a change, doubled up to 10 while nothing changes, or up to QT_BEARER_POLL_TIMEOUT (ms)."""
        try:
            longest = int(os.environ.get(POLL_VARIABLE, ""))
        except ValueError:
            longest = int(Pace.SLOWEST * 1000)
        return min(self._q_interval, longest) if longest > 0 else self._q_interval


class GenericEnginePlugin(QBearerEnginePlugin):
    """Makes generic engines, everywhere."""

    def create(self) -> GenericEngine:
        """A new one."""
        return GenericEngine()
