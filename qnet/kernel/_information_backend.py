"""The back ends of QNetworkInformation, and how they tell what they know.

A back end is a class in `BACKENDS`, the preferred one first. `InterfaceBackend` concludes everything from the facts of
the interfaces (:mod:`qnet.kernel._interface_monitor`); its two subclasses differ in where those come from.

**Reachability**, in the words of Qt's page, by the tests that NetworkManager documents for its states of that name:

============  =====================================================================================================
Disconnected  no interface but the loopback is running and has an address
Local         none of these addresses goes beyond the link, or there is no default route: "the local network"
Site          there is a default route, but the probe got no answer, or that of a portal: "an intranet"
Online        there is a default route and, if a probe is configured, its answer was right
Unknown       the probe's first answer is awaited: "the OS has yet to confirm full connectivity"; or the kernel's, with
              thousands of routes
============  =====================================================================================================

**Metered** is a guess, the one that NetworkManager makes without further knowledge: cellular networks and
telephones that are tethered over Bluetooth are paid by volume, others are not.
"""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple

from qnet.core._enums import QtEnum, QtFlag
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel import _information_portal as portal
from qnet.kernel._interface_facts import Interface, Snapshot
from qnet.kernel._interface_medium import Medium, medium_of
from qnet.kernel._interface_monitor import InterfaceWatch

__all__ = ["BACKENDS", "Feature", "InformationBackend", "Reachability", "TransportMedium", "Values", "reachability_of"]


class Feature(QtFlag):
    """What a back end can tell."""

    Reachability = 1
    CaptivePortal = 2
    TransportMedium = 4
    Metered = 8


class Reachability(QtEnum):
    """How far the network reaches."""

    Unknown = 0
    Disconnected = 1
    Local = 2
    Site = 3
    Online = 4


class TransportMedium(QtEnum):
    """What carries the packets to everywhere."""

    Unknown = 0
    Ethernet = 1
    Cellular = 2
    WiFi = 3
    Bluetooth = 4


class Values(NamedTuple):
    """All that QNetworkInformation shows; what a back end cannot tell stays as it is here."""

    reachability: Reachability = Reachability.Unknown
    behind_portal: bool = False
    medium: TransportMedium = TransportMedium.Unknown
    metered: bool = False


class InformationBackend(QObject):
    """The contract: `values` from the constructor on, and `updated` whenever they may be others."""

    name = ""

    updated = Signal()

    @classmethod
    def is_available(cls) -> bool:
        """Whether it can work on this system."""
        raise NotImplementedError("a back end implements is_available()")

    @classmethod
    def supported(cls) -> Feature:
        """What one that is made now could tell."""
        raise NotImplementedError("a back end implements supported()")

    def features(self) -> Feature:
        """What this one can tell."""
        raise NotImplementedError("a back end implements features()")

    def values(self) -> Values:
        """What it knows now."""
        raise NotImplementedError("a back end implements values()")


_MEDIA = {
    Medium.ETHERNET: TransportMedium.Ethernet,
    Medium.CELLULAR: TransportMedium.Cellular,
    Medium.WIFI: TransportMedium.WiFi,
    Medium.BLUETOOTH: TransportMedium.Bluetooth,
}
_METERED = (TransportMedium.Cellular, TransportMedium.Bluetooth)


class InterfaceBackend(InformationBackend):
    """Concludes everything from the interfaces, their addresses and the default routes."""

    @classmethod
    def supported(cls) -> Feature:
        """Everything; the captive portal only with a URL to probe."""
        features = Feature.Reachability | Feature.TransportMedium | Feature.Metered
        return features | Feature.CaptivePortal if portal.is_configured() else features

    def __init__(self) -> None:
        super().__init__()
        self._q_features = self.supported()
        self._q_check: portal.PortalCheck | None = None
        if self._q_features & Feature.CaptivePortal:
            self._q_check = portal.PortalCheck(self)
            self._q_check.changed.connect(self._q_conclude)
        self._q_watch = InterfaceWatch(self, source=self.name)
        self._q_watch.changed.connect(self._q_look)
        self._q_values = Values()
        self._q_look()

    def features(self) -> Feature:
        """What `supported` said when this one was made."""
        return self._q_features

    def values(self) -> Values:
        """What follows from the latest facts."""
        return self._q_values

    def _q_look(self) -> None:
        if self._q_check is not None:
            self._q_check.set_way(way_out(self._q_watch.snapshot()))
        self._q_conclude()

    def _q_conclude(self) -> None:
        snapshot = self._q_watch.snapshot()
        checked = self._q_check is not None
        verdict = self._q_check.verdict if self._q_check is not None else None
        leaving = snapshot.default_interface()
        medium = TransportMedium.Unknown if leaving is None else _MEDIA.get(medium_of(leaving), TransportMedium.Unknown)
        values = Values(
            reachability_of(snapshot, verdict if checked else portal.Verdict.ONLINE),
            verdict is portal.Verdict.PORTAL,
            medium,
            medium in _METERED,
        )
        if values != self._q_values:
            self._q_values = values
            InterfaceBackend.updated.emit_from(self)


class NetlinkBackend(InterfaceBackend):
    """Linux tells what changes at once."""

    name = "netlink"

    @classmethod
    def is_available(cls) -> bool:
        """On Linux, where no sandbox forbids netlink sockets."""
        if sys.platform != "linux":
            return False
        try:
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0).close()
        except OSError:
            return False
        return True


class PsutilBackend(InterfaceBackend):
    """Every system tells when it is asked, every ten seconds at the latest."""

    name = "psutil"

    @classmethod
    def is_available(cls) -> bool:
        """Everywhere."""
        return True


BACKENDS: list[type[InformationBackend]] = [NetlinkBackend, PsutilBackend]


def reachability_of(snapshot: Snapshot, verdict: portal.Verdict | None) -> Reachability:
    """See the table above; *verdict* is None while the probe's first answer is awaited."""
    if not snapshot.complete:
        return Reachability.Unknown
    usable = [each for each in snapshot.interfaces.values() if each.is_running() and not each.is_loopback()]
    if not any(each.addresses for each in usable):
        return Reachability.Disconnected
    if way_out(snapshot) is None:
        return Reachability.Local
    if verdict is None:
        return Reachability.Unknown
    return Reachability.Online if verdict is portal.Verdict.ONLINE else Reachability.Site


def way_out(snapshot: Snapshot) -> tuple[Interface, ...] | None:
    """The interfaces that lead to everywhere, or None: a default route and an address to send from, of one family."""
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        interface = snapshot.default_interface(family)
        if interface is not None and _reaches_beyond_the_link(snapshot, family):
            found.append(interface)
    return tuple(found) or None


def _reaches_beyond_the_link(snapshot: Snapshot, family: int) -> bool:
    """Whether there is an address to send from, which may be another interface's than the one that sends."""
    return any(
        address.family == family and not address.is_link_local() and not address.is_loopback()
        for interface in snapshot.interfaces.values()
        if interface.is_running()
        for address in interface.addresses
    )
