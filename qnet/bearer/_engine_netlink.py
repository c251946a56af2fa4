"""The netlink engine (Linux): the kernel tells of interfaces and their addresses at once."""

from __future__ import annotations

import sys

from qnet.bearer._interface_engine import InterfaceEngine
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.plugin import QBearerEnginePlugin
from qnet.kernel._interface_facts import Change
from qnet.kernel._interface_monitor import InterfaceWatch

__all__ = ["NetlinkEngine", "NetlinkEnginePlugin"]


class NetlinkEngine(InterfaceEngine):
    """Learns of changes about 50 ms after the first of them, with all that has happened until then."""

    name = "netlink"

    def __init__(self) -> None:
        super().__init__()
        self._q_watch = InterfaceWatch(self, source="netlink")
        self._q_watch.changed.connect(self._q_changed)

    def initialize(self) -> None:
        """Tell what the kernel has told."""
        self.take(self._q_watch.snapshot())
        QBearerEngine.updateCompleted.emit_from(self)

    def requestUpdate(self) -> None:
        """Have the kernel tell everything again."""
        self._q_watch.refresh()
        self.take(self._q_watch.snapshot())
        QBearerEngine.updateCompleted.emit_from(self)

    def shutdown(self) -> None:
        """Close the socket."""
        self._q_watch.stop()

    def _q_changed(self, change: Change) -> None:
        self.take(change.after)


class NetlinkEnginePlugin(QBearerEnginePlugin):
    """Makes netlink engines on Linux, where no sandbox forbids netlink sockets."""

    def create(self) -> NetlinkEngine | None:
        """A new one."""
        if sys.platform != "linux":
            return None
        try:
            return NetlinkEngine()
        except OSError:
            return None
