"""The file in which users define their service networks: what it says, as values, and what is wrong with it, as a text.

``docs/networks.md`` describes the file for those who write it. It is read strictly: what is not understood is an error
that names the place and what was expected there, because a member that was silently left out shows only when the cable
is pulled. Everything is bounded, so that no file costs more than a few milliseconds or a megabyte.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = [
    "ASK",
    "MAX_BYTES",
    "Member",
    "Network",
    "Networks",
    "NetworksFileError",
    "default_path",
    "parse_networks",
    "read_networks",
    "read_text",
]

MAX_BYTES = 256 * 1024
MAX_NETWORKS = 100
MAX_MEMBERS = 100
MAX_COST = 1_000_000
MAX_SPEED = 1_000_000_000
MAX_TEXT = 200

ASK = "ask"
PURPOSES = ("unknown", "public", "private", "service")

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NetworksFileError(ValueError):
    """The file cannot be read, or says what nobody understands; the text names the file, the place and the cure."""


@dataclass(frozen=True)
class Member:
    """Which access points belong to a network: a pattern for the name of the interface or for the identifier.

    Exactly one of *interface* and *identifier* is there. *speed* is in Mbit/s, 0 if unknown.
    """

    interface: str = ""
    identifier: str = ""
    cost: int = 0
    speed: int = 0

    def matches(self, interface: str, identifier: str) -> bool:
        """Whether the access point *identifier*, which uses *interface*, is meant. Case counts."""
        if self.interface:
            return _compiled(self.interface).match(interface) is not None
        return _compiled(self.identifier).match(identifier) is not None

    @property
    def pattern(self) -> str:
        """The pattern, whichever it is for."""
        return self.interface or self.identifier


@dataclass(frozen=True)
class Network:
    """A service network. *key* is its name in the file, *name* that for people; the members are in the file's order."""

    key: str
    name: str
    purpose: str = "unknown"
    roaming: bool = True
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Networks:
    """What a file says. *default* is a network's key, `ASK`, a member's pattern, or "": the system decides."""

    networks: tuple[Network, ...] = ()
    default: str | Member = ""

    def network(self, key: str) -> Network | None:
        """The network called *key*."""
        return next((each for each in self.networks if each.key == key), None)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def default_path() -> Path:
    """Where the file is: ``$QNET_NETWORKS``, else ``qnet/networks.toml`` in the user's configuration folder."""
    named = os.environ.get("QNET_NETWORKS")
    if named:
        return Path(os.path.abspath(named))
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    # Relative paths are to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
    base = Path(folder) if os.path.isabs(folder) else Path(os.path.expanduser("~"), ".config")
    return base / "qnet" / "networks.toml"


def read_networks(path: Path) -> Networks:
    """What the file at *path* says; nothing if there is none. Raises NetworksFileError."""
    text = read_text(path)
    return Networks() if text is None else parse_networks(text, str(path))


def read_text(path: Path) -> str | None:
    """The text of the file at *path*, None if there is none. Raises NetworksFileError, and never waits for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NetworksFileError(f"{path}: expected a regular file")
            data = file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        if isinstance(error, NetworksFileError):
            raise
        if getattr(error, "errno", 0) == errno.EISDIR:
            raise NetworksFileError(f"{path}: expected a regular file") from error
        raise NetworksFileError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAX_BYTES:
        raise NetworksFileError(f"{path}: expected at most {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NetworksFileError(f"{path}: line {line}: expected UTF-8") from error


def parse_networks(text: str, source: str = "networks.toml") -> Networks:
    """What *text* says. Raises NetworksFileError, whose text begins with *source*."""
    if len(text) > MAX_BYTES:
        raise NetworksFileError(f"{source}: expected at most {MAX_BYTES // 1024} KiB")
    document = _load(text, source)
    reader = _Table(document, source, "")
    reader.allow("default", "networks")
    tables = reader.table("networks", MAX_NETWORKS)
    networks = tuple(_network(key, tables, source) for key in tables.values)
    return Networks(networks, _default(reader, networks))


def _load(text: str, source: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NetworksFileError(f"{source}: {error}") from error
    except (ValueError, RecursionError) as error:  # numbers and nesting beyond what Python takes
        raise NetworksFileError(f"{source}: expected TOML: {error}") from error


class _Table:
    """A table, and where it is, for the errors."""

    def __init__(self, values: dict[str, Any], source: str, place: str) -> None:
        self.values = values
        self.source = source
        self.place = place

    def error(self, key: str, text: str) -> NetworksFileError:
        place = " ".join(filter(None, (self.place, key)))
        return NetworksFileError(": ".join(filter(None, (self.source, place, text))))

    def allow(self, *keys: str) -> None:
        for key in self.values:
            if key not in keys:
                import difflib

                close = difflib.get_close_matches(key[:MAX_TEXT], keys, 1)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                raise self.error("", f"there is no key {_shown(key)}, only {_listed(keys, 'and')}{hint}")

    def table(self, key: str, limit: int) -> _Table:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"expected a table, not {_kind(value)}")
        if len(value) > limit:
            raise self.error(key, f"expected at most {limit}, not {len(value)}")
        return _Table(value, self.source, f"[{key}]")

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.error(key, f"expected a text, not {_kind(value)}")
        if key in self.values and not value.strip():
            raise self.error(key, "expected a text that is not empty")
        if len(value) > MAX_TEXT or not value.isprintable():
            raise self.error(key, f"expected at most {MAX_TEXT} printable characters")
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.values.get(key, choices[0])
        if not isinstance(value, str) or value not in choices:
            raise self.error(key, f"expected {_listed(choices)}, not {_shown(value)}")
        return value

    def number(self, key: str, highest: int, what: str) -> int:
        value = self.values.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
            raise self.error(key, f"expected {what}, a whole number from 0 to {highest}, not {_shown(value)}")
        return value

    def truth(self, key: str) -> bool:
        value = self.values.get(key, True)
        if not isinstance(value, bool):
            raise self.error(key, f"expected true or false, not {_shown(value)}")
        return value


def _network(key: str, tables: _Table, source: str) -> Network:
    if key == ASK or _KEY.fullmatch(key) is None:
        raise tables.error("", f'a network is named by 1 to 64 of A-Z a-z 0-9 _ - (and not "{ASK}"), not {_shown(key)}')
    value = tables.values[key]
    table = _Table(value, source, f"[networks.{key}]")
    if not isinstance(value, dict):
        raise table.error("", f"expected a table, not {_kind(value)}")
    table.allow("name", "purpose", "roaming", "members")
    name = table.text("name", key)
    members = value.get("members", [])
    if not isinstance(members, list):
        raise table.error("members", f"expected a list, not {_kind(members)}")
    if len(members) > MAX_MEMBERS:
        raise table.error("members", f"expected at most {MAX_MEMBERS}, not {len(members)}")
    return Network(
        key,
        name,
        table.one_of("purpose", PURPOSES),
        table.truth("roaming"),
        tuple(_member(each, table, f"member {number}") for number, each in enumerate(members, 1)),
    )


def _member(value: object, table: _Table, place: str) -> Member:
    if isinstance(value, str):
        value = {"interface": value}
    if not isinstance(value, dict):
        raise table.error(place, f"expected an interface's name or a table, not {_kind(value)}")
    entry = _Table(value, table.source, f"{table.place} {place}".strip())
    entry.allow("interface", "identifier", "cost", "speed")
    if ("interface" in value) == ("identifier" in value):
        raise entry.error("", 'expected either "interface" or "identifier"')
    return Member(
        entry.text("interface"),
        entry.text("identifier"),
        entry.number("cost", MAX_COST, "a relative cost"),
        entry.number("speed", MAX_SPEED, "Mbit/s"),
    )


def _default(table: _Table, networks: tuple[Network, ...]) -> str | Member:
    value = table.values.get("default", "")
    if isinstance(value, dict):
        entry = _Table(value, table.source, "default")
        entry.allow("interface", "identifier")
        return _member(value, table, "default")
    keys = (*(each.key for each in networks), ASK)
    if "default" in table.values and value not in keys:
        known = _listed(keys, "or", ['{ interface = "..." }'])
        raise table.error("default", f"expected {known}, not {_shown(value)}")
    return str(value)


def _listed(words: Iterable[str], joint: str = "or", more: Sequence[str] = ()) -> str:
    quoted = [*(f'"{word}"' for word in words), *more]
    if len(quoted) > 10:
        quoted[9:-1] = ["..."]
    return f" {joint} ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))


def _shown(value: object) -> str:
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:40] + "..."
        return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)) and abs(value) < 1e15:
        return str(value)
    return _kind(value)


def _kind(value: object) -> str:
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return "a date or time"


_KINDS: tuple[tuple[type, str], ...] = (
    (str, "a text"),
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a fraction"),
    (list, "a list"),
    (dict, "a table"),
)
