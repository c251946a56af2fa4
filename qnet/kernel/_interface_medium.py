"""What carries the packets of an interface: a guess, but the one that everybody makes.

Linux drivers name the kind of a device themselves (``DEVTYPE`` in its ``uevent`` file), and wireless ones have a
``wireless`` or ``phy80211`` directory. Where neither is there, the name tells: the kernel's and systemd's schemes on
Linux (https://systemd.io/PREDICTABLE_INTERFACE_NAMES/), the habits of macOS, Android and Windows.
"""

from __future__ import annotations

import enum
import re
import sys
from pathlib import Path

from qnet.kernel import _interface_source as source
from qnet.kernel._interface_facts import Interface

__all__ = ["Medium", "medium_of"]

SYSFS = Path("/sys/class/net")


class Medium(enum.Enum):
    """The kinds of media that programs treat differently."""

    UNKNOWN = enum.auto()
    LOOPBACK = enum.auto()
    ETHERNET = enum.auto()
    WIFI = enum.auto()
    CELLULAR = enum.auto()
    BLUETOOTH = enum.auto()


_DEVTYPES = {"wlan": Medium.WIFI, "wwan": Medium.CELLULAR, "bluetooth": Medium.BLUETOOTH}
_NAMES = (
    (re.compile(r"bnep\d|bt-pan|bluetooth", re.IGNORECASE), Medium.BLUETOOTH),
    (re.compile(r"ww|rmnet|ccmni|pdp_ip\d|cellular|mobil|wcdma", re.IGNORECASE), Medium.CELLULAR),
    (re.compile(r"wl|wifi|wi-fi|ath\d|ra\d|awdl\d|wireless", re.IGNORECASE), Medium.WIFI),
)


def medium_of(interface: Interface, sysfs: Path | None = None) -> Medium:
    """The medium of *interface*; tunnels and modems that only speak PPP are UNKNOWN.

    *sysfs* is where Linux describes devices; None: where this system does, if it does.
    """
    if interface.is_loopback():
        return Medium.LOOPBACK
    if interface.hardware == source.ARPHRD_IEEE80211:
        return Medium.WIFI
    if sysfs is None and sys.platform == "linux":
        sysfs = SYSFS
    described = _described(interface.name, sysfs) if sysfs is not None else None
    if described is not None:
        return described
    for pattern, medium in _NAMES:
        if pattern.match(interface.name):
            return medium
    return Medium.ETHERNET if interface.hardware == source.ARPHRD_ETHER else Medium.UNKNOWN


def _described(name: str, sysfs: Path) -> Medium | None:
    """What the driver says of its device."""
    device = sysfs / name
    if not name or name in (".", "..") or "/" in name:
        return None
    try:
        lines = (device / "uevent").read_text("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        lines = []  # no such device any more, or a sandbox without sysfs
    for line in lines:
        key, _, value = line.partition("=")
        if key == "DEVTYPE" and value in _DEVTYPES:
            return _DEVTYPES[value]
    if (device / "wireless").exists() or (device / "phy80211").exists():
        return Medium.WIFI
    return None
