"""What the engines that look at interfaces have in common: one access point for each interface but the loopback.

==========================================  ==========  =====================================================
the interface                                state       in words
==========================================  ==========  =====================================================
runs (up, with a carrier), has an address   Active      sockets can use it
is down, and this process may take it up    Discovered  `QNetworkSession.open` would start it
anything else                               Defined     there is such an interface, but nothing goes through it
==========================================  ==========  =====================================================

The identifier is made of the interface's index, which outlives its name.
"""

from __future__ import annotations

from collections.abc import Iterable

from qnet.bearer._capabilities import Capability
from qnet.bearer._counters import byte_counters_of
from qnet.bearer._data import BearerType, Facts, StateFlag
from qnet.bearer.engine import QBearerEngine
from qnet.kernel._interface_facts import Interface, Snapshot
from qnet.kernel._interface_medium import Medium, medium_of

__all__ = ["InterfaceEngine"]

_BEARERS = {
    Medium.ETHERNET: BearerType.BearerEthernet,
    Medium.WIFI: BearerType.BearerWLAN,
    Medium.BLUETOOTH: BearerType.BearerBluetooth,
}


class InterfaceEngine(QBearerEngine):
    """Turns snapshots of the interfaces into configurations, and tells what is different."""

    def __init__(self) -> None:
        super().__init__()
        self._q_known: dict[str, Facts] = {}
        self._q_media: dict[tuple[int, str, int], Medium] = {}

    def configurations(self) -> list[Facts]:
        """One for each interface of the latest snapshot but the loopback."""
        return list(self._q_known.values())

    def hasIdentifier(self, identifier: str) -> bool:
        """Whether it is that of an interface."""
        return identifier in self._q_known

    def capabilities(self) -> Capability:
        """Bytes are counted."""
        return Capability.DataStatistics

    @staticmethod
    def statistics(facts: Facts) -> tuple[int, int] | None:
        """What the system has counted since the interface was made."""
        return byte_counters_of(facts.interface_index, facts.interface_name)

    def startsInterfaces(self) -> bool:
        """Whether this engine could take up an interface that is down."""
        return False

    def take(self, snapshot: Snapshot) -> None:
        """Emit what is different from the snapshot before."""
        found = {facts.identifier: facts for facts in self._q_facts(snapshot.interfaces.values())}
        before, self._q_known = self._q_known, found
        for identifier in before.keys() - found.keys():
            QBearerEngine.configurationRemoved.emit_from(self, identifier)
        for identifier, facts in found.items():
            if identifier not in before:
                QBearerEngine.configurationAdded.emit_from(self, facts)
            elif before[identifier] != facts:
                QBearerEngine.configurationChanged.emit_from(self, facts)

    def _q_facts(self, interfaces: Iterable[Interface]) -> Iterable[Facts]:
        known, self._q_media = self._q_media, {}
        for interface in interfaces:
            if interface.is_loopback():
                continue
            key = interface.index, interface.name, interface.hardware
            medium = self._q_media[key] = known[key] if key in known else medium_of(interface)
            yield Facts(
                f"interface:{interface.index}",
                interface.name,
                state=self._q_state(interface),
                bearer_type=_BEARERS.get(medium, BearerType.BearerUnknown),
                interface_index=interface.index,
                interface_name=interface.name,
            )

    def _q_state(self, interface: Interface) -> StateFlag:
        if interface.is_running() and interface.addresses:
            return StateFlag.Active
        if not interface.is_up() and self.startsInterfaces():
            return StateFlag.Discovered
        return StateFlag.Defined
