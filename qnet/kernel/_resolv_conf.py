"""How this machine asks name servers: /etc/resolv.conf and the variables that override it, as resolv.conf(5) says.

Reading is tolerant as the C library's is: what makes no sense is skipped, numbers are brought into their range, and
the last of several "search" and "domain" lines counts. Beyond it, a name server may have a port, ``[192.0.2.1]:5353``,
as on OpenBSD. The option ``edns0`` has no effect because queries always carry EDNS, as Qt's do.
"""

from __future__ import annotations

import itertools
import os
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from qnet.core._url_ace import to_ace
from qnet.kernel.hostaddress import QHostAddress

__all__ = ["DNS_PORT", "ResolverConfig", "Server", "parse", "system_config"]

PATH = "/etc/resolv.conf"
DNS_PORT = 53

# The limits of glibc: MAXNS, RES_MAXRETRANS, RES_MAXRETRY and RES_MAXNDOTS in <resolv.h>.
MAX_SERVERS = 3
MAX_TIMEOUT = 30
MAX_ATTEMPTS = 5
MAX_NDOTS = 15

MAX_FILE = 1 << 16  # characters; nobody's file is longer, and reading must not take long
MAX_DOMAINS = 32

_BRACKETED = re.compile(r"\[([^\]]+)\]:([0-9]{1,5})")
_NUMBER = re.compile(r"[0-9]{1,9}")


class Server(NamedTuple):
    """A name server."""

    address: QHostAddress
    port: int = DNS_PORT

    def __str__(self) -> str:
        text = self.address.toString()
        return f"[{text}]:{self.port}" if ":" in text else f"{text}:{self.port}"


class ResolverConfig(NamedTuple):
    """Whom to ask and how: a value, made once and never changed."""

    servers: tuple[Server, ...] = (Server(QHostAddress("127.0.0.1")),)
    """In the order in which to ask them; resolv.conf(5): without any, "the name server on the local machine"."""
    search: tuple[str, ...] = ()
    """The domains in which short names are completed, in ACE form."""
    timeout: float = 5.0
    """How many seconds each attempt waits for its answer."""
    attempts: int = 2
    """How often all servers are asked."""
    ndots: int = 1
    """A name with at least so many dots is tried as it is first."""
    rotate: bool = False
    """Whether each look-up begins with the next server."""
    use_tcp: bool = False
    """Whether UDP is not even tried: the option ``use-vc``."""

    def rotated(self) -> Sequence[Server]:
        """The servers in the order for one look-up."""
        if not self.rotate:
            return self.servers
        first = next(_turns) % len(self.servers)
        return self.servers[first:] + self.servers[:first]


_turns = itertools.count(random.randrange(MAX_SERVERS))


def parse(text: str, local_domain: str | None = None, options: str = "") -> ResolverConfig:
    """The configuration in the *text* of a resolv.conf file.

    *local_domain* and *options* are what the variables LOCALDOMAIN and RES_OPTIONS say: the first stands in for the
    file's search list, the second is read after the file's options.
    """
    servers: list[Server] = []
    search: tuple[str, ...] = ()
    chosen: list[str] = []
    for keyword, words in _lines(text[:MAX_FILE]):
        if keyword == "nameserver" and len(servers) < MAX_SERVERS:
            servers += _server(words[0])
        elif keyword in ("search", "domain"):
            search = _domains(words if keyword == "search" else words[:1])
        elif keyword == "options":
            chosen += words
    if local_domain is not None:
        search = _domains(local_domain.split())
    config = ResolverConfig(search=search)
    for option in (*chosen, *options.split()):
        config = _with_option(config, option)
    return config._replace(servers=tuple(servers)) if servers else config


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    """Keyword and values of every line that has both; a keyword starts its line, and # or ; begin a comment."""
    for line in text.split("\n"):
        if line[:1].isspace() or line[:1] in ("#", ";"):
            continue
        keyword, *words = line.split()[: MAX_DOMAINS + 1] or [""]
        for position, word in enumerate(words):
            if word[0] in "#;":
                del words[position:]
                break
        if words:
            yield keyword, words


def _server(text: str) -> list[Server]:
    """The server that *text* names, in a list; an empty list if it names none."""
    port = DNS_PORT
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is not None:
        text, port = bracketed[1], int(bracketed[2])
    address = QHostAddress(text)
    return [] if address.isNull() or not 0 < port <= 65535 else [Server(address, port)]


def _domains(words: Iterable[str]) -> tuple[str, ...]:
    names = (to_ace(word.rstrip(".")) for word in words)
    return tuple(name for name in names if name)[:MAX_DOMAINS]


def _with_option(config: ResolverConfig, option: str) -> ResolverConfig:
    """*config* after one word of an "options" line; as it was if the word means nothing here."""
    name, _, number = option.partition(":")
    if name == "rotate":
        return config._replace(rotate=True)
    if name == "use-vc":
        return config._replace(use_tcp=True)
    if not _NUMBER.fullmatch(number):
        return config
    value = int(number)
    if name == "timeout":
        return config._replace(timeout=float(min(max(value, 1), MAX_TIMEOUT)))
    if name == "attempts":
        return config._replace(attempts=min(max(value, 1), MAX_ATTEMPTS))
    if name == "ndots":
        return config._replace(ndots=min(value, MAX_NDOTS))
    return config


def system_config() -> ResolverConfig:
    """How this machine is configured now: the file is read again when it has changed."""
    global _read
    local_domain, options = os.environ.get("LOCALDOMAIN"), os.environ.get("RES_OPTIONS", "")
    key = (_version(), local_domain, options)
    known = _read
    if known is None or known[0] != key:
        known = _read = (key, parse(_content(), local_domain, options))
    return known[1]


_read: tuple[object, ResolverConfig] | None = None


def _version() -> object:
    try:
        status = os.stat(PATH)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _content() -> str:
    try:
        with open(PATH, encoding="utf-8", errors="replace") as file:
            return file.read(MAX_FILE)
    except OSError:
        return ""  # no such file: the defaults
