"""Which access points a session can use: itself, or the members of its service network."""

from __future__ import annotations

from qnet.bearer._data import ConfigurationData, ConfigurationType, StateFlag
from qnet.bearer._roaming import Candidate
from qnet.kernel.networkinterface import QNetworkInterface

__all__ = ["candidates", "members_to_open"]


def candidates(network: ConfigurationData) -> list[Candidate]:
    """The members of a service network that work now, in the network's order."""
    records = {record.identifier: record for record in network.children()}
    return [
        Candidate(
            member.identifier,
            member.priority,
            member.cost,
            member.speed,
            _addresses(records[member.identifier].facts.interface_index),
        )
        for member in network.facts.members
        if member.identifier in records and records[member.identifier].facts.has_state(StateFlag.Active)
    ]


def members_to_open(target: ConfigurationData, can_start: bool) -> list[ConfigurationData]:
    """What a session for *target* can use, the best first: what works, then, if it *can_start* them, the others."""
    if target.facts.type is ConfigurationType.ServiceNetwork:
        ranks = {
            member.identifier: Candidate(member.identifier, member.priority, member.cost, member.speed).rank()
            for member in target.facts.members
        }
        records = sorted(target.children(), key=lambda record: ranks.get(record.identifier, (0, 0, 0)))
    else:
        records = [target]
    active = [each for each in records if each.facts.has_state(StateFlag.Active)]
    if not can_start:
        return active
    return active + [each for each in records if each not in active and each.facts.has_state(StateFlag.Discovered)]


def _addresses(index: int) -> frozenset[str]:
    """The addresses of an interface that reach beyond its link."""
    if not index:
        return frozenset()
    entries = QNetworkInterface.interfaceFromIndex(index).addressEntries()
    return frozenset(entry.ip().toString() for entry in entries if not entry.ip().isLinkLocal())
