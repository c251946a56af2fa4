"""What the system's resolver answers: blocking look-ups of one name, and the domain of this host."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

from qnet.core._url_ace import to_ace
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress

__all__ = ["HOST_NOT_FOUND", "NO_ERROR", "UNKNOWN_ERROR", "Answer", "cache_key", "local_domain", "system_lookup"]

# QHostInfo.HostInfoError
NO_ERROR, HOST_NOT_FOUND, UNKNOWN_ERROR = 0, 1, 2


class Answer(NamedTuple):
    """The result of a look-up: shared by everybody who asked, so its addresses must not be changed."""

    addresses: tuple[QHostAddress, ...]
    error: int = NO_ERROR
    text: str = ""
    name: str = ""  # the name that belongs to an address that was looked up; otherwise the name stays as asked


_NO_NAME = Answer((), HOST_NOT_FOUND, "No host name given")
_INVALID = Answer((), HOST_NOT_FOUND, "Invalid hostname")
_NOT_FOUND = Answer((), HOST_NOT_FOUND, "Host not found")
_NOT_FOUND_CODES = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_FAIL") if hasattr(socket, name)
)


def literal(name: str) -> QHostAddress | None:
    """The address that *name* is the text of, or None."""
    address = QHostAddress(name)
    return None if address.isNull() else address


def cache_key(name: str) -> str:
    """What names that must have the same answer have in common; "" for what is no host name."""
    address = literal(name)
    return to_ace(name) if address is None else address.toString()


def system_lookup(name: str) -> Answer:
    """Ask the system for the addresses of *name*, or for the name of an address. Blocks, for seconds at worst."""
    if not name:
        return _NO_NAME
    address = literal(name)
    if address is not None:
        return Answer((address,), name=_reverse(address))
    ace = to_ace(name)
    if not ace:
        return _INVALID
    try:
        # As bytes, because Python would pass text through its own, older IDNA codec.
        found = socket.getaddrinfo(ace.encode("ascii"), None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except socket.gaierror as error:
        if error.errno in _NOT_FOUND_CODES:
            return _NOT_FOUND
        return Answer((), UNKNOWN_ERROR, error.strerror or str(error))
    except OSError as error:
        return Answer((), UNKNOWN_ERROR, error.strerror or str(error))
    addresses: dict[tuple[QHostAddress, str], QHostAddress] = {}
    for family, _, _, _, sockaddr in found:
        each = QHostAddress._from_sockaddr(family, sockaddr)
        if not each.isNull():
            addresses.setdefault((each, each.scopeId()), each)
    return Answer(tuple(addresses.values())) if addresses else _NOT_FOUND


def _reverse(address: QHostAddress) -> str:
    """The name of *address*, its text without the scope if it has none."""
    text = QHostAddress(address)
    text.setScopeId("")
    if address.protocol() is NetworkLayerProtocol.IPv6Protocol:
        sockaddr: tuple[str, int] | tuple[str, int, int, int] = (text.toString(), 0, 0, 0)
    else:
        sockaddr = (text.toString(), 0)
    try:
        return socket.getnameinfo(sockaddr, 0)[0]
    except (OSError, UnicodeError):
        return text.toString()


def local_domain() -> str:
    """The domain in which the system's resolver completes names, by the rules of resolv.conf(5)."""
    value = os.environ.get("LOCALDOMAIN", "")
    if not value.strip():
        value = _configured_domain() or socket.gethostname().partition(".")[2]
    words = value.split()
    return to_ace(words[0]) if words else ""


def _configured_domain() -> str:
    """The last "domain" or "search" of /etc/resolv.conf: each replaces those before."""
    value = ""
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as file:
            for line in file:
                keyword, *rest = line.split(None, 1)[:2] or [""]
                if keyword in ("domain", "search") and not line[0].isspace() and rest:
                    value = rest[0]
    except OSError:
        pass  # no such file: nothing is configured
    return value
