"""What NetworkManager tells over D-Bus, and the configurations that follow from it; no I/O.

A configuration is a connection profile, because that is what NetworkManager starts and stops:

============================================================  ==========
the profile                                                   state
============================================================  ==========
has an active connection that is activated                    Active
is being activated, or could be on one of the devices         Discovered
is defined, but for a network or a device that is not here    Defined
============================================================  ==========

The identifier is made of the profile's UUID, which outlives its name.
Source: https://networkmanager.dev/docs/api/latest/spec.html.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qnet.bearer._data import BearerType, Facts, Purpose, StateFlag

__all__ = ["NAME", "ObjectTree", "Profile", "profiles"]

NAME = "org.freedesktop.NetworkManager"
DEVICE = NAME + ".Device"
MODEM = NAME + ".Device.Modem"
ACTIVE = NAME + ".Connection.Active"
CONNECTION = NAME + ".Settings.Connection"
INTERFACES = (NAME, DEVICE, MODEM, ACTIVE, CONNECTION)

MAX_PROFILES = 1000

ACTIVATING, ACTIVATED, DEACTIVATING, DEACTIVATED = 1, 2, 3, 4  # NMActiveConnectionState
MODEM_CDMA_EVDO, MODEM_GSM_UMTS, MODEM_LTE = 0x2, 0x4, 0x8  # NMDeviceModemCapabilities

_BEARERS = {
    "802-3-ethernet": BearerType.BearerEthernet,
    "802-11-wireless": BearerType.BearerWLAN,
    "bluetooth": BearerType.BearerBluetooth,
    "wimax": BearerType.BearerWiMAX,
    "gsm": BearerType.Bearer3G,
    "cdma": BearerType.BearerCDMA2000,
}
_PRIVATE = ("vpn", "wireguard")
_NOT_OURS = ("loopback",)


class ObjectTree:
    """The objects of NetworkManager and their properties, kept up to date from an ObjectManager's signals."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, dict[str, Any]]] = {}

    def replace(self, objects: Mapping[str, Any]) -> None:
        """Take the answer of GetManagedObjects: a{oa{sa{sv}}}."""
        self._objects = {}
        for path, interfaces in objects.items():
            self.add(path, interfaces)

    def add(self, path: str, interfaces: Mapping[str, Any]) -> None:
        """InterfacesAdded."""
        known = {name: _plain(values) for name, values in interfaces.items() if name in INTERFACES}
        if known:
            self._objects.setdefault(path, {}).update(known)

    def remove(self, path: str, interfaces: list[str]) -> None:
        """InterfacesRemoved."""
        known = self._objects.get(path, {})
        for name in interfaces:
            known.pop(name, None)
        if not known:
            self._objects.pop(path, None)

    def change(self, path: str, interface: str, values: Mapping[str, Any]) -> bool:
        """PropertiesChanged; returns whether anything is different."""
        known = self._objects.get(path, {}).get(interface)
        if known is None:
            return False
        new = _plain(values)
        different = any(known.get(key) != value for key, value in new.items())
        known.update(new)
        return different

    def having(self, interface: str) -> dict[str, dict[str, Any]]:
        """The properties of all objects with *interface*, by path."""
        return {path: known[interface] for path, known in self._objects.items() if interface in known}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Properties without the signatures of their variants."""
    return {key: value[1] for key, value in values.items() if isinstance(value, tuple) and len(value) == 2}


@dataclass(frozen=True)
class Profile:
    """A profile with what is needed to start and to stop it: object paths, "/" and "" for none."""

    facts: Facts
    path: str
    device: str = "/"
    active: str = ""
    active_state: int = 0


def profiles(tree: ObjectTree, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Profile]:
    """The profiles by identifier. *settings* are the answers of GetSettings by path: a{sa{sv}}."""
    devices = tree.having(DEVICE)
    actives = _actives(tree)
    found: dict[str, Profile] = {}
    for path in list(tree.having(CONNECTION))[:MAX_PROFILES]:
        connection = _plain(settings.get(path, {}).get("connection", {}))
        kind, uuid = _text(connection, "type"), _text(connection, "uuid")
        if not uuid or kind in _NOT_OURS:
            continue
        active_path, active = actives.get(path, ("", {}))
        profile = _profile(path, connection, (active_path, active), devices, tree.having(MODEM))
        found.setdefault(profile.facts.identifier, profile)
    return found


def _actives(tree: ObjectTree) -> dict[str, tuple[str, dict[str, Any]]]:
    """The active connections with their paths, by the paths of their profiles; the most active one of each."""
    order = (ACTIVATED, ACTIVATING, DEACTIVATING)
    ranked = sorted(
        tree.having(ACTIVE).items(),
        key=lambda item: order.index(item[1].get("State")) if item[1].get("State") in order else len(order),
    )
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for path, values in ranked:
        found.setdefault(_text(values, "Connection"), (path, values))
    return found


def _profile(
    path: str,
    connection: Mapping[str, Any],
    active: tuple[str, Mapping[str, Any]],
    devices: Mapping[str, Mapping[str, Any]],
    modems: Mapping[str, Mapping[str, Any]],
) -> Profile:
    active_path, active_values = active
    active_state = active_values.get("State", 0)
    available = next((key for key, each in devices.items() if path in each.get("AvailableConnections", ())), "/")
    device = next(iter(active_values.get("Devices", ())), available)
    kind = _text(connection, "type")
    state = StateFlag.Defined
    if active_state == ACTIVATED:
        state = StateFlag.Active
    elif active_state == ACTIVATING or available != "/":
        state = StateFlag.Discovered
    used = devices.get(device, {})
    interface = _text(used, "IpInterface") or _text(used, "Interface") or _text(connection, "interface-name")
    identifier = "nm:" + _text(connection, "uuid")
    facts = Facts(
        identifier,
        _text(connection, "id") or identifier,
        state=state,
        bearer_type=_bearer(kind, modems.get(device, {})),
        bearer_name=kind if kind not in _BEARERS else "",
        purpose=Purpose.PrivatePurpose if kind in _PRIVATE else Purpose.UnknownPurpose,
        interface_index=_index(interface),
        interface_name=interface,
    )
    return Profile(facts, path, device, active_path, active_state)


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _bearer(kind: str, modem: Mapping[str, Any]) -> BearerType:
    if kind == "gsm" and modem.get("CurrentCapabilities", 0) & MODEM_LTE:
        return BearerType.BearerLTE
    if kind == "cdma" and modem.get("CurrentCapabilities", 0) & MODEM_CDMA_EVDO:
        return BearerType.BearerEVDO
    return _BEARERS.get(kind, BearerType.BearerUnknown)


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name) if name else 0
    except (OSError, ValueError):
        return 0
