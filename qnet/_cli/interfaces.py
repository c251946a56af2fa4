"""``python -m qnet interfaces``: what interfaces there are."""

from __future__ import annotations

import argparse
import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from qnet._cli.output import print_json, print_table

if TYPE_CHECKING:
    from qnet.kernel._interface_facts import Interface, Snapshot

__all__ = ["DESCRIPTION", "add_arguments", "describe", "described_state", "snapshot_as_list"]

DESCRIPTION = """\
Show the network interfaces of this machine, with their state and addresses.

STATE is "running" (up, with a carrier: the cable is in, the radio associated), "up" (without a carrier) or "down".
The way that packets to everywhere take is marked "default".
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of this subcommand to *parser*."""
    parser.add_argument("--json", action="store_true", help="print a list of objects, for programs")
    parser.add_argument("names", nargs="*", metavar="NAME", help="show these only")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print what *arguments* ask for."""
    from qnet._cli.errors import CommandError
    from qnet.kernel._interface_monitor import InterfaceWatch

    snapshot = InterfaceWatch().snapshot()
    for name in arguments.names:
        if snapshot.by_name(name) is None:
            raise CommandError(f"there is no interface {name!r}")
    found = [each for each in snapshot_as_list(snapshot) if not arguments.names or each["name"] in arguments.names]
    if arguments.json:
        print_json(found)
        return
    rows = []
    for each in found:
        state = described_state(each) + (", default" if each["default"] else "")
        addresses = [f"{address['address']}/{address['prefix']}" for address in each["addresses"]]
        rows.append([each["name"], state, each["medium"], each["hardwareAddress"], *addresses[:1]])
        rows[-1] += [""] * (5 - len(rows[-1]))
        rows += [["", "", "", "", address] for address in addresses[1:]]
    print_table(["NAME", "STATE", "MEDIUM", "HARDWARE ADDRESS", "ADDRESSES"], rows)


def snapshot_as_list(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The interfaces of *snapshot*, each as `describe` puts it, by index."""
    ways_out = {
        found.index
        for family in (socket.AF_INET, socket.AF_INET6)
        if (found := snapshot.default_interface(family)) is not None
    }
    return [
        {**describe(interface), "default": index in ways_out}
        for index, interface in sorted(snapshot.interfaces.items())
    ]


def describe(interface: Interface) -> dict[str, Any]:
    """An interface as an object for JSON."""
    from qnet.kernel._interface_medium import medium_of

    return {
        "name": interface.name,
        "index": interface.index,
        "up": interface.is_up(),
        "running": interface.is_running(),
        "medium": medium_of(interface).name.lower(),
        "mtu": interface.mtu,
        "hardwareAddress": interface.hardware_address.hex(":"),
        "addresses": [
            {
                "address": str(_ADDRESSES[address.family](address.value)),
                "prefix": address.prefix,
                "family": "ipv4" if address.family == socket.AF_INET else "ipv6",
                "temporary": address.temporary,
                "deprecated": address.deprecated,
            }
            for address in interface.addresses
        ],
    }


_ADDRESSES: dict[int, Any] = {socket.AF_INET: ipaddress.IPv4Address, socket.AF_INET6: ipaddress.IPv6Address}


def described_state(described: dict[str, Any]) -> str:
    """The state of what `describe` has described, in a word."""
    if described["running"]:
        return "running"
    return "up" if described["up"] else "down"
