"""``python -m qnet networks``: the user's service networks, to look at and to change."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qnet._cli.errors import CommandError
from qnet._cli.output import print_json, print_table, printable

if TYPE_CHECKING:
    from qnet._cli.networks_edit import NetworksDocument
    from qnet.bearer._networks_file import Member, Network, Networks

__all__ = ["DESCRIPTION", "add_arguments"]

DESCRIPTION = """\
Show and change your service networks: groups of access points that serve the same purpose, and the default.

Without a command it is "list". docs/networks.md describes the file, which you may as well edit by hand: programs that
run take what is new at once. Comments in it stay.
"""

_PATTERN = "an interface's name, as in eth0; * stands for anything"
_POSITION = "where in the list, from 1 on (default: at the end)"

Parsers = Any  # argparse's type for it is private


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line of this subcommand to *parser*."""
    parser.add_argument("--file", type=Path, metavar="PATH", help="the file (default: $QNET_NETWORKS, or your own)")
    parser.add_argument("--json", action="store_true", help="print an object, for programs")
    parser.set_defaults(run=_list)
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    listing = _command(commands, "list", "show the networks, their members, and the access points there are", _list)
    listing.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print an object, for programs")
    _command(commands, "path", "print where the file is", _path)
    _command(commands, "check", "read the file, and say what is wrong with it", _check)

    adding = _command(commands, "add", "define a network", _add)
    adding.add_argument("key", metavar="KEY", help="its name in the file: letters, digits, - and _")
    adding.add_argument("members", nargs="*", metavar="INTERFACE", help=f"its members in order, each {_PATTERN}")
    _add_network_options(adding)

    changing = _command(commands, "change", "change a network", _change)
    changing.add_argument("key", metavar="KEY")
    _add_network_options(changing)

    removing = _command(commands, "remove", "remove a network", _remove)
    removing.add_argument("key", metavar="KEY")

    default = _command(commands, "default", "set what programs use that do not say which network", _default)
    which = default.add_mutually_exclusive_group(required=True)
    which.add_argument("key", nargs="?", metavar="KEY", help='a network, or "ask": the user is asked each time')
    which.add_argument("--interface", metavar="PATTERN", help=_PATTERN)
    which.add_argument("--identifier", metavar="PATTERN", help="likewise, for the identifier of an access point")
    which.add_argument("--none", action="store_true", help="leave it to the system")

    _add_member_commands(commands)


def _add_member_commands(commands: Parsers) -> None:
    adding = _command(commands, "add-member", "add a member to a network", _add_member)
    adding.add_argument("key", metavar="KEY")
    which = adding.add_mutually_exclusive_group(required=True)
    which.add_argument("interface", nargs="?", metavar="INTERFACE", help=_PATTERN)
    which.add_argument("--identifier", metavar="PATTERN", help="likewise, for the identifier of an access point")
    adding.add_argument(
        "--cost", type=int, default=0, help="what it costs, compared to others: the lowest is preferred"
    )
    adding.add_argument("--speed", type=int, default=0, help="in Mbit/s: preferred among equal costs")
    adding.add_argument("--position", type=int, default=0, metavar="N", help=_POSITION)

    removing = _command(commands, "remove-member", "remove a member from a network", _remove_member)
    removing.add_argument("key", metavar="KEY")
    removing.add_argument("pattern", metavar="PATTERN", help="as it stands in the file")

    moving = _command(commands, "move-member", "move a member within its network", _move_member)
    moving.add_argument("key", metavar="KEY")
    moving.add_argument("pattern", metavar="PATTERN", help="as it stands in the file")
    moving.add_argument("position", type=int, metavar="POSITION", help="where in the list, from 1 on")


def _command(
    commands: Parsers, name: str, text: str, run: Callable[[argparse.Namespace], object]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    from qnet.bearer._networks_file import PURPOSES

    parser.add_argument("--name", help="its name for people")
    parser.add_argument("--purpose", choices=PURPOSES, help="what it leads to")
    parser.add_argument(
        "--roaming",
        action=argparse.BooleanOptionalAction,
        help="whether sessions may move from one member to another (they may unless you say no)",
    )


# -- looking


def _file(arguments: argparse.Namespace) -> Path:
    from qnet.bearer._networks_file import default_path

    return arguments.file if arguments.file is not None else default_path()


def _read(arguments: argparse.Namespace) -> Networks:
    from qnet.bearer._networks_file import NetworksFileError, read_networks

    try:
        return read_networks(_file(arguments))
    except NetworksFileError as error:
        raise CommandError(str(error)) from error


def _path(arguments: argparse.Namespace) -> None:
    print(printable(str(_file(arguments))))


def _check(arguments: argparse.Namespace) -> None:
    networks = _read(arguments)
    path = _file(arguments)
    if not path.exists():
        print(printable(f"{path}: there is no such file, and so there are no networks"))
        return
    count = len(networks.networks)
    print(printable(f"{path}: good, {count} network{'' if count == 1 else 's'}"))


def _list(arguments: argparse.Namespace) -> None:
    from qnet._cli.access_points import access_points

    networks = _read(arguments)
    points = access_points()
    found = [_described(network, networks, points) for network in networks.networks]
    if arguments.json:
        print_json({"default": _default_as_json(networks.default), "networks": found, "accessPoints": points})
        return
    print(f"default: {printable(_default_text(networks))}")
    for network, described in zip(networks.networks, found, strict=True):
        print(f"\n{printable(_title(network))}")
        print_table(
            ["  MEMBER", "COST", "SPEED", "NOW"],
            [
                [
                    "  " + _pattern_text(each),
                    str(each.cost),
                    f"{each.speed} Mbit/s" if each.speed else "",
                    ", ".join(described["members"][position]["now"]) or "-",
                ]
                for position, each in enumerate(network.members)
            ],
        )
    print("\naccess points now")
    rows = [[f"  {each['name']}", each["interface"], each["state"], each["identifier"]] for each in points]
    print_table(["  NAME", "INTERFACE", "STATE", "IDENTIFIER"], rows)


def _described(network: Network, networks: Networks, points: list[dict[str, str]]) -> dict[str, Any]:
    """A network as an object for JSON, with the access points that each member stands for now."""
    free = {each["identifier"]: each for each in points}
    members = []
    for member in network.members:
        now = [key for key, each in free.items() if member.matches(each["interface"], key)]
        members.append({**_member_as_json(member), "cost": member.cost, "speed": member.speed, "now": now})
        for key in now:
            del free[key]  # the first member that matches counts
    return {
        "key": network.key,
        "name": network.name,
        "purpose": network.purpose,
        "roaming": network.roaming,
        "default": networks.default == network.key,
        "members": members,
    }


def _title(network: Network) -> str:
    traits = [network.name] if network.name != network.key else []
    traits += [network.purpose] if network.purpose != "unknown" else []
    traits += [] if network.roaming else ["no roaming"]
    return f"{network.key}: {', '.join(traits)}" if traits else network.key


def _member_as_json(member: Member) -> dict[str, str]:
    return {"interface": member.interface} if member.interface else {"identifier": member.identifier}


def _default_as_json(default: str | Member) -> str | dict[str, str] | None:
    return (default or None) if isinstance(default, str) else _member_as_json(default)


def _default_text(networks: Networks) -> str:
    default = networks.default
    if not isinstance(default, str):
        return _pattern_text(default)
    return {"ask": "the user is asked", "": "what the system prefers"}.get(default, default)


def _pattern_text(member: Member) -> str:
    return member.interface or f"identifier {member.identifier}"


# -- changing


def _edit(arguments: argparse.Namespace, change: Callable[[NetworksDocument], object]) -> None:
    from qnet._cli.networks_edit import editing

    with editing(_file(arguments)) as document:
        change(document)


def _add(arguments: argparse.Namespace) -> None:
    from qnet.bearer._networks_file import Member

    members = [Member(pattern) for pattern in arguments.members]
    _edit(
        arguments,
        lambda document: document.add(
            arguments.key,
            name=arguments.name or "",
            purpose=arguments.purpose or "",
            roaming=arguments.roaming is not False,
            members=members,
        ),
    )


def _change(arguments: argparse.Namespace) -> None:
    fields = {field: getattr(arguments, field) for field in ("name", "purpose", "roaming")}
    values = {field: value for field, value in fields.items() if value is not None}
    if not values:
        raise CommandError("nothing to change: give --name, --purpose, --roaming or --no-roaming")
    _edit(arguments, lambda document: document.change(arguments.key, values))


def _remove(arguments: argparse.Namespace) -> None:
    _edit(arguments, lambda document: document.remove(arguments.key))


def _default(arguments: argparse.Namespace) -> None:
    from qnet.bearer._networks_file import Member

    default: str | Member = arguments.key or ""
    if arguments.interface or arguments.identifier:
        default = Member(arguments.interface or "", arguments.identifier or "")
    elif not default and not arguments.none:
        raise CommandError("expected a network, an interface or an identifier that is not empty")
    _edit(arguments, lambda document: document.set_default(default))


def _add_member(arguments: argparse.Namespace) -> None:
    from qnet.bearer._networks_file import Member

    member = Member(arguments.interface or "", arguments.identifier or "", arguments.cost, arguments.speed)
    if not member.pattern:
        raise CommandError("expected an interface or an identifier that is not empty")
    _edit(arguments, lambda document: document.add_member(arguments.key, member, arguments.position))


def _remove_member(arguments: argparse.Namespace) -> None:
    _edit(arguments, lambda document: document.remove_member(arguments.key, arguments.pattern))


def _move_member(arguments: argparse.Namespace) -> None:
    if arguments.position < 1:
        raise CommandError(f"expected a position from 1 on, not {arguments.position}")
    _edit(arguments, lambda document: document.move_member(arguments.key, arguments.pattern, arguments.position))
