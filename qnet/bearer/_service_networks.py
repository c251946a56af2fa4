"""The user's service networks as configurations: an engine whose source is a file and what the other engines tell.

`service_networks` says what follows from the two, as values. `ServiceNetworksEngine` runs in the bearer thread like
every engine, after the others; it reads the file again when that changes, and concludes anew when an access point does.
A file that cannot be understood is reported once, and what the last good one said stays in force.

===================  ====================  ===============================================
in the file          identifier            type
===================  ====================  ===============================================
``[networks.home]``  ``network:home``      ServiceNetwork
``default = "ask"``  ``ask``               UserChoice, which only the default ever is
===================  ====================  ===============================================
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from qnet.bearer import _networks_file as networks_file
from qnet.bearer import _store
from qnet.bearer._data import ConfigurationType, Facts, Member, Purpose, StateFlag
from qnet.bearer._file_watch import FileWatch
from qnet.bearer._networks_file import ASK, Network, Networks, NetworksFileError
from qnet.bearer.engine import QBearerEngine
from qnet.core.logging import qWarning
from qnet.core.timer import QTimer

if TYPE_CHECKING:
    from qnet.bearer._data import ConfigurationData
    from qnet.bearer._store import ConfigurationStore

__all__ = ["ASK_IDENTIFIER", "PREFIX", "ServiceNetworksEngine", "default_identifier", "service_networks"]

PREFIX = "network:"
ASK_IDENTIFIER = "ask"

_PURPOSES = {
    "unknown": Purpose.UnknownPurpose,
    "public": Purpose.PublicPurpose,
    "private": Purpose.PrivatePurpose,
    "service": Purpose.ServiceSpecificPurpose,
}
_LEVELS = (StateFlag.Active, StateFlag.Discovered, StateFlag.Defined)


def service_networks(networks: Networks, points: Sequence[Facts]) -> list[Facts]:
    """The configurations that *networks* stand for on a machine with the access points *points*."""
    found = [_service_network(network, points) for network in networks.networks]
    if networks.default == ASK:
        found.append(Facts(ASK_IDENTIFIER, "Ask the user", ConfigurationType.UserChoice, _best_state(points)))
    return found


def default_identifier(networks: Networks, points: Sequence[Facts]) -> str:
    """The identifier of the default; "" if the file does not say it, or if there is no such access point now."""
    default = networks.default
    if isinstance(default, networks_file.Member):
        matching = [facts for facts in points if default.matches(facts.interface_name, facts.identifier)]
        matching.sort(key=lambda facts: (_LEVELS.index(_level(facts)), facts.interface_name))
        return matching[0].identifier if matching else ""
    if default == ASK:
        return ASK_IDENTIFIER
    return PREFIX + default if default else ""


def _service_network(network: Network, points: Sequence[Facts]) -> Facts:
    members = _members(network, points)
    chosen = {member.identifier for member in members}
    return Facts(
        identifier=PREFIX + network.key,
        name=network.name,
        type=ConfigurationType.ServiceNetwork,
        state=_best_state([facts for facts in points if facts.identifier in chosen]),
        purpose=_PURPOSES[network.purpose],
        roaming_available=network.roaming,
        members=members,
    )


def _members(network: Network, points: Sequence[Facts]) -> tuple[Member, ...]:
    """The cheapest first, then the fastest, then in the file's order; the first pattern that matches counts."""
    found = []
    for facts in points:
        for position, member in enumerate(network.members):
            if member.matches(facts.interface_name, facts.identifier):
                found.append((member.cost, -member.speed, position, facts.interface_name, facts.identifier))
                break
    found.sort()
    return tuple(
        Member(identifier, priority=len(found) - rank, cost=cost, speed=-slowness)
        for rank, (cost, slowness, _, _, identifier) in enumerate(found)
    )


def _best_state(points: Sequence[Facts]) -> StateFlag:
    return min((_level(facts) for facts in points), key=_LEVELS.index, default=StateFlag.Defined)


def _level(facts: Facts) -> StateFlag:
    return next((level for level in _LEVELS if facts.has_state(level)), StateFlag.Defined)


class ServiceNetworksEngine(QBearerEngine):
    """See the module's text. *path* is the file, None for the one that is documented for users."""

    name = "networks"

    def __init__(self, store: ConfigurationStore, path: Path | None = None) -> None:
        super().__init__()
        self._q_store = store
        self._q_path = path if path is not None else networks_file.default_path()
        self._q_networks = _said.get(store, _Said()).networks  # should the file be unreadable by now
        self._q_problem = ""
        self._q_known: dict[str, Facts] = {}
        self._q_watch: FileWatch | None = None
        self._q_soon = QTimer(self)
        self._q_soon.setSingleShot(True)
        self._q_soon.timeout.connect(self._q_conclude)

    def initialize(self) -> None:
        """Read the file and begin to watch it."""
        self._q_watch = FileWatch(self._q_path, self)
        self._q_watch.changed.connect(self._q_read)
        self._q_read()
        QBearerEngine.updateCompleted.emit_from(self)

    def requestUpdate(self) -> None:
        """Compare the file with what it was."""
        if self._q_watch is not None:
            self._q_watch.check()
        self._q_conclude()
        QBearerEngine.updateCompleted.emit_from(self)

    def shutdown(self) -> None:
        """Watch no more; the configurations stay as they are."""
        self._q_soon.stop()
        watch, self._q_watch = self._q_watch, None
        if watch is not None:
            watch.close()

    def configurations(self) -> list[Facts]:
        """The service networks, and the question."""
        return list(self._q_known.values())

    def requiresPolling(self) -> bool:
        """Where nobody tells of changes of the file."""
        return self._q_watch is not None and self._q_watch.needs_polling()

    def othersChanged(self) -> None:
        """Conclude anew, soon and once for all that has happened until then."""
        if self._q_watch is not None and not self._q_soon.isActive():
            self._q_soon.start(0)

    def _q_read(self) -> None:
        try:
            self._q_networks = networks_file.read_networks(self._q_path)
            self._q_problem = ""
        except NetworksFileError as error:
            if self._q_problem != str(error):
                self._q_problem = str(error)
                qWarning(f"{error} (the service networks stay as they were)")
        self._q_conclude()

    def _q_conclude(self) -> None:
        self._q_soon.stop()
        known_facts = [record.facts for record in self._q_store.known()]
        points = [facts for facts in known_facts if facts.type is ConfigurationType.InternetAccessPoint]
        found = {facts.identifier: facts for facts in service_networks(self._q_networks, points)}
        known, self._q_known = self._q_known, found
        _said[self._q_store] = _Said(self._q_networks, default_identifier(self._q_networks, points))
        for identifier in known.keys() - found.keys():
            QBearerEngine.configurationRemoved.emit_from(self, identifier)
        for identifier, facts in found.items():
            if identifier not in known:
                QBearerEngine.configurationAdded.emit_from(self, facts)
            elif facts != known[identifier]:
                QBearerEngine.configurationChanged.emit_from(self, facts)

    def _q_finalize(self) -> None:
        self.shutdown()
        super()._q_finalize()


class _Said(NamedTuple):
    """What the file has said last, and the identifier of the default that follows from it."""

    networks: Networks = Networks()
    default: str = ""


_said: WeakKeyDictionary[ConfigurationStore, _Said] = WeakKeyDictionary()


def _default(store: ConfigurationStore) -> ConfigurationData | None:
    identifier = _said.get(store, _Said()).default
    return store.find(identifier) if identifier else None


_store.set_default_source(_default)
