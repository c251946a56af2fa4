"""Changing the file of service networks: the user's comments, order and spelling stay, and nobody sees half a file.

tomlkit keeps what was not changed. What comes out is read by the strict reader before it replaces the file, so that no
command can leave one that qnet would not understand.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qnet._cli.errors import CommandError
from qnet.bearer._networks_file import ASK, Member, Networks, NetworksFileError, parse_networks, read_text

__all__ = ["NetworksDocument", "editing"]

_HEADER = "# Service networks: python -m qnet networks --help\n\n"
_FIELDS = ("cost", "speed")


class NetworksDocument:
    """The file's text, to be changed by commands. Raises CommandError for what cannot be done; then nothing changes."""

    def __init__(self, text: str, source: str = "networks.toml") -> None:
        try:
            import tomlkit
        except ImportError as error:
            raise CommandError(
                "changing the file needs tomlkit: pip install 'qnet[networks]' (or edit it by hand)"
            ) from error
        self._kit = tomlkit
        self._source = source
        self.networks = _parsed(text, source)
        self._document = tomlkit.parse(text)
        if _has_dotted_keys(self._document.body):  # tomlkit loses its way among them
            raise CommandError(f"{source}: dotted keys, as in networks.home.name = ..., can only be changed by hand")

    def text(self) -> str:
        """What is to be written."""
        text: str = self._kit.dumps(self._document)
        self.networks = _parsed(text, self._source)
        return text

    def add(self, key: str, *, name: str, purpose: str, roaming: bool, members: list[Member]) -> None:
        """A new network, at the end."""
        if self.networks.network(key) is not None:
            raise CommandError(f"there is a network {key!r} already")
        if "networks" not in self._document:
            self._document["networks"] = self._kit.table(is_super_table=True)
        networks = self._document["networks"]
        inline = isinstance(networks, self._kit.items.InlineTable)
        table = self._kit.inline_table() if inline else self._kit.table()
        if name:
            table["name"] = name
        if purpose:
            table["purpose"] = purpose
        if not roaming:
            table["roaming"] = False
        table["members"] = self._kit.array()
        networks[key] = table
        for index, member in enumerate(members):
            networks[key]["members"].insert(index, self._member(member))

    def remove(self, key: str) -> None:
        """A network is gone; if it was the default, there is none any more."""
        below = _COMMENTS_AT_THE_END.search(self._table(key).as_string())
        before = self._kit.dumps(self._document)
        del self._document["networks"][key]
        if not self._document["networks"]:
            del self._document["networks"]
        if below is not None:  # tomlkit takes what stands above the next table for a part of this one
            after: str = self._kit.dumps(self._document)
            pairs = enumerate(zip(before, after, strict=False))
            same = next((index for index, (old, new) in pairs if old != new), len(after))
            header = before.rfind("\n", 0, same) + 1
            self._document = self._kit.parse(after[:header] + below[0] + after[header:])
        if self._document.get("default") == key:
            del self._document["default"]

    def change(self, key: str, values: dict[str, str | bool]) -> None:
        """Set some of name, purpose and roaming."""
        table = self._table(key)
        for field, value in values.items():
            table[field] = value

    def set_default(self, default: str | Member) -> None:
        """The default: a network's key, "ask", an access point, or "" for none."""
        if isinstance(default, Member):
            self._set_first("default", self._table_of(default))
        elif not default:
            self._document.pop("default", None)
        else:
            if default != ASK:
                self._table(default)
            self._set_first("default", default)

    def add_member(self, key: str, member: Member, position: int) -> None:
        """A member at *position*, from 1 on; 0: at the end."""
        members = self._members(key)
        if any(_same(each, member) for each in members):
            raise CommandError(f"network {key!r} has the member {member.pattern!r} already")
        members.insert(_index(position, len(members) + 1), self._member(member))
        self._space(key)

    def remove_member(self, key: str, pattern: str) -> None:
        """The member with this very pattern is gone."""
        members = self._members(key)
        del members[self._find(key, pattern)]

    def move_member(self, key: str, pattern: str, position: int) -> None:
        """The member goes to *position*, from 1 on; 0: to the end."""
        members = self._members(key)
        old = self._find(key, pattern)
        new = _index(position, len(members))
        if old != new:
            value = members.pop(old)
            members.insert(new, value)
            self._space(key)

    def _table(self, key: str) -> Any:
        if self.networks.network(key) is None:
            known = ", ".join(each.key for each in self.networks.networks)
            raise CommandError(f"there is no network {key!r}" + (f" (there are: {known})" if known else ""))
        return self._document["networks"][key]

    def _members(self, key: str) -> Any:
        table = self._table(key)
        if "members" not in table:
            table["members"] = self._kit.array()
        return table["members"]

    def _space(self, key: str) -> None:
        """tomlkit puts no space behind what is inserted into a list that stands on one line."""
        table = self._document["networks"][key]
        if "\n" not in table["members"].as_string():
            members = list(table["members"])
            table["members"] = self._kit.array()
            table["members"].extend(members)

    def _find(self, key: str, pattern: str) -> int:
        network = self.networks.network(key)
        assert network is not None
        patterns = [member.pattern for member in network.members]
        if pattern not in patterns:
            known = ", ".join(patterns)
            raise CommandError(f"network {key!r} has no member {pattern!r}" + (f" (it has: {known})" if known else ""))
        return patterns.index(pattern)

    def _member(self, member: Member) -> Any:
        values = {field: getattr(member, field) for field in _FIELDS if getattr(member, field)}
        if member.interface and not values:
            return member.interface
        table = self._table_of(member)
        table.update(values)
        return table

    def _table_of(self, member: Member) -> Any:
        table = self._kit.inline_table()
        table["interface" if member.interface else "identifier"] = member.pattern
        return table

    def _set_first(self, key: str, value: Any) -> None:
        """A key of the document itself has to stand before its first table: after the comment at its top, if any."""
        if key in self._document:
            self._document[key] = value
            return
        line = self._kit.document()
        line[key] = value
        text: str = self._kit.dumps(self._document)
        title = _TITLE.match(text)
        split = title.end() if title is not None else 0
        self._document = self._kit.parse(text[:split] + self._kit.dumps(line) + text[split:])


# Comments at the top that an empty line parts from what follows: they are about the file.
_TITLE = re.compile(r"(?:#[^\n]*\n)+\s*\n(?=\S|\Z)")

# What stands directly above the next table.
_COMMENTS_AT_THE_END = re.compile(r"(?:^#[^\n]*\n)+\s*\Z", re.MULTILINE)


def _has_dotted_keys(body: Iterable[tuple[Any, Any]]) -> bool:
    keys = [(key, getattr(item, "value", None)) for key, item in body if key is not None]
    return any(key.is_dotted() or _has_dotted_keys(getattr(value, "body", ())) for key, value in keys)


def _same(value: Any, member: Member) -> bool:
    if isinstance(value, str):
        return bool(member.interface) and value == member.interface
    same: bool = value.get("interface", "") == member.interface and value.get("identifier", "") == member.identifier
    return same


def _index(position: int, count: int) -> int:
    if not 0 <= position <= count:
        raise CommandError(f"expected a position from 1 to {count}, not {position}")
    return position - 1 if position else count - 1


def _parsed(text: str, source: str) -> Networks:
    try:
        return parse_networks(text, source)
    except NetworksFileError as error:
        raise CommandError(str(error)) from error


@contextlib.contextmanager
def editing(path: Path) -> Iterator[NetworksDocument]:
    """The document of the file at *path*, which is replaced when the block ends without an error.

    Two commands that run at once follow each other. The permissions stay, and so does a symbolic link.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(target.parent):
            before = read_text(target)
            document = NetworksDocument(_HEADER if before is None else before, str(path))
            yield document
            text = document.text()
            if text != before:
                _replace(target, text)
    except NetworksFileError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(target: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            _keep_permissions(target, descriptor)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _keep_permissions(target: Path, descriptor: int) -> None:
    try:
        found = os.stat(target)
    except FileNotFoundError:
        os.fchmod(descriptor, 0o644)
        return
    os.fchmod(descriptor, stat.S_IMODE(found.st_mode))
    if found.st_uid != os.geteuid() and os.geteuid() == 0:
        os.fchown(descriptor, found.st_uid, found.st_gid)
