"""The netlink engine (Linux): the kernel tells of interfaces and addresses at once; pyroute2 starts and stops them."""

from __future__ import annotations

import sys

from qnet.bearer import _netlink_control as control
from qnet.bearer._capabilities import Capability
from qnet.bearer._interface_engine import InterfaceEngine
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.plugin import QBearerEnginePlugin
from qnet.kernel._interface_facts import Change
from qnet.kernel._interface_monitor import InterfaceWatch

__all__ = ["NetlinkEngine", "NetlinkEnginePlugin"]


class NetlinkEngine(InterfaceEngine):
    """Learns of changes about 50 ms after the first of them, with all that has happened until then.

    While nothing happens it sleeps: no timer runs, and nothing is polled.
    """

    name = "netlink"

    def __init__(self) -> None:
        super().__init__()
        self._q_obstacle = control.obstacle()
        self._q_watch = InterfaceWatch(self, source=self.name)
        self._q_watch.changed.connect(self._q_changed)

    def initialize(self) -> None:
        """Tell what the kernel has told when the socket was opened."""
        self.take(self._q_watch.snapshot())
        QBearerEngine.updateCompleted.emit_from(self)

    def requestUpdate(self) -> None:
        """Have the kernel tell everything again; its answer is there when this returns, but on very large hosts."""
        self._q_watch.refresh()
        self.take(self._q_watch.snapshot())
        QBearerEngine.updateCompleted.emit_from(self)

    def shutdown(self) -> None:
        """Close the socket."""
        self._q_watch.stop()

    def capabilities(self) -> Capability:
        """Bytes are counted, and with pyroute2 and CAP_NET_ADMIN interfaces are started and stopped."""
        found = InterfaceEngine.capabilities(self)
        return found if self._q_obstacle else found | Capability.CanStartAndStopInterfaces

    def startsInterfaces(self) -> bool:
        """Whether there is no obstacle to it."""
        return not self._q_obstacle

    def startInterface(self, identifier: str) -> None:
        """Take the interface up. It becomes Active when it has a carrier and an address, which others give it."""
        self._q_set_up(identifier, True)

    def stopInterface(self, identifier: str) -> None:
        """Take the interface down."""
        self._q_set_up(identifier, False)

    def _q_set_up(self, identifier: str, up: bool) -> None:
        facts = self._q_known.get(identifier)
        codes = QBearerEngine.ConnectionError
        if facts is None:
            self._q_fail(identifier, codes.InterfaceLookupError, "there is no such interface any more")
        elif self._q_obstacle:
            self._q_fail(identifier, codes.OperationNotSupported, self._q_obstacle)
        else:
            try:
                control.set_up(facts.interface_index, up)
            except control.ControlError as error:
                text = f"{facts.name} cannot be {'started' if up else 'stopped'}: {error}"
                self._q_fail(identifier, codes.ConnectError if up else codes.DisconnectError, text)

    def _q_fail(self, identifier: str, code: QBearerEngine.ConnectionError, text: str) -> None:
        QBearerEngine.connectionError.emit_from(self, identifier, code, text)

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
