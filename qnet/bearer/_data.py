"""What is known of a configuration, and the record that all copies of a QNetworkConfiguration share.

`Facts` are values: an engine makes new ones whenever something is different, in its own thread, and hands them on.
A `ConfigurationData` is the record behind the handles that programs hold: it refers to the latest facts. Replacing
that reference is one step for every Python thread, so that nobody has to lock anything to read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qnet.core._enums import QtEnum, QtFlag

__all__ = ["BearerType", "ConfigurationData", "ConfigurationType", "Facts", "Member", "Purpose", "StateFlag"]

CONNECT_TIMEOUT = 30_000  # milliseconds; Qt's default


class BearerType(QtEnum):
    """What carries a configuration's packets."""

    BearerUnknown = 0
    BearerEthernet = 1
    BearerWLAN = 2
    Bearer2G = 3
    BearerCDMA2000 = 4
    BearerWCDMA = 5
    BearerHSPA = 6
    BearerBluetooth = 7
    BearerWiMAX = 8
    BearerEVDO = 9
    BearerLTE = 10
    Bearer3G = 11
    Bearer4G = 12


class ConfigurationType(QtEnum):
    """What a configuration leads to: one access point, a group of them, or a question to the user."""

    InternetAccessPoint = 0
    ServiceNetwork = 1
    UserChoice = 2
    Invalid = 3


class Purpose(QtEnum):
    """What a network is for."""

    UnknownPurpose = 0
    PublicPurpose = 1
    PrivatePurpose = 2
    ServiceSpecificPurpose = 3


class StateFlag(QtFlag):
    """How far a configuration is usable; each level of Defined, Discovered and Active includes the ones before."""

    Undefined = 1
    Defined = 2
    Discovered = 6
    Active = 14


@dataclass(frozen=True)
class Member:
    """A child of a service network, and what decides between it and the others."""

    identifier: str
    priority: int = 0  # the highest is preferred
    cost: int = 0  # the lowest is preferred among equal priorities
    speed: int = 0  # Mbit/s, 0 if unknown


@dataclass(frozen=True)
class Facts:
    """All that is known of a configuration at one moment. *identifier* is for good, *name* is for people."""

    identifier: str
    name: str = ""
    type: ConfigurationType = ConfigurationType.InternetAccessPoint
    state: StateFlag = StateFlag.Defined
    bearer_type: BearerType = BearerType.BearerUnknown
    bearer_name: str = ""  # what the bearer type is called where its own name says less
    purpose: Purpose = Purpose.UnknownPurpose
    roaming_available: bool = False
    members: tuple[Member, ...] = ()  # of a service network, in the user's order
    interface_index: int = 0
    interface_name: str = ""

    @property
    def children(self) -> tuple[str, ...]:
        """The identifiers of the members."""
        return tuple(member.identifier for member in self.members)

    def has_state(self, state: StateFlag) -> bool:
        """Whether all flags of *state* are set."""
        return self.state & state == state


Finder = Callable[[str], "ConfigurationData | None"]


class ConfigurationData:
    """The record behind all handles of one configuration; once `valid` is False it will not be True again.

    Only its store sets anything but *connect_timeout*. *engine* is the name of the one that tells of it, "" for service
    networks; *find* finds other records of the store.
    """

    __slots__ = ("__weakref__", "_find", "connect_timeout", "engine", "facts", "valid")

    def __init__(self, facts: Facts, engine: str = "", find: Finder = lambda identifier: None) -> None:
        self.facts = facts
        self.valid = True
        self.connect_timeout = CONNECT_TIMEOUT
        self.engine = engine
        self._find = find

    @property
    def identifier(self) -> str:
        """What it is found by, for as long as it exists."""
        return self.facts.identifier

    def children(self) -> list[ConfigurationData]:
        """The records of the members that exist now, in their order."""
        found = (self._find(member.identifier) for member in self.facts.members)
        return [record for record in found if record is not None]

    def __repr__(self) -> str:
        facts = self.facts
        return f"<{facts.type} {facts.name!r} ({facts.identifier}), {facts.state}{'' if self.valid else ', gone'}>"
