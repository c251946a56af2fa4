"""URLs of local files, and URLs from what people type."""

from __future__ import annotations

import os

from qnet.core._url_encoding import DECODED, PATH, STRICT, TOLERANT, to_pretty
from qnet.core._url_host import HostError, parse_host
from qnet.core._url_parts import UrlParts

__all__ = ["from_local_file", "from_user_input", "to_local_file"]


def to_local_file(host: str, path: str) -> str:
    """The file name behind a ``file`` URL; a host goes in front as ``//host``."""
    if not host:
        return path
    return f"//{host}{path if not path or path[0] == '/' else '/' + path}"


def from_local_file(name: str) -> UrlParts:
    """The ``file`` URL of *name*, ``//host/path`` with its host; ``//host@SSL/path`` is WebDAV's."""
    parts = UrlParts()
    parts.scheme = "file"
    if name[1:2] == ":" and name[0] != "/":  # a drive
        name = "/" + name
    if name[:2] == "//":
        host, slash, rest = name[2:].partition("/")
        if host[-4:].lower() == "@ssl":
            parts.scheme, host = "webdavs", host[:-4]
        try:
            parts.host = parse_host(host, STRICT)
            # "///p" and "////h/p" name no host: to the system they are "/p" and "/h/p".
            name = slash + (rest if host else rest.lstrip("/"))
        except HostError:
            parts.scheme, parts.host = "file", ""
    parts.path = to_pretty(name, PATH, DECODED)
    return parts


def from_user_input(text: str, directory: str, assume_local: bool) -> UrlParts | None:
    """What somebody who typed *text* means, or None; see `QUrl.fromUserInput`."""
    trimmed = text.strip()
    if not trimmed:
        return None
    if ":" in trimmed and trimmed[0] != "[":
        try:
            address = parse_host(f"[{trimmed}]", STRICT)
            return UrlParts.parse(f"http://{address}", TOLERANT)
        except HostError:
            pass
    if directory:
        found = _in_directory(text, directory, assume_local)
        if found is not None:
            return found
    if trimmed[0] in "/:":
        return from_local_file(trimmed)
    url = UrlParts.parse(trimmed, TOLERANT)
    prefixed = UrlParts.parse("http://" + trimmed, TOLERANT)
    if url.scheme and url.problem() is None and prefixed.port < 0:
        return url
    if prefixed.problem() is None and (prefixed.host or prefixed.path):
        if trimmed.partition(".")[0].lower() == "ftp":
            prefixed.scheme = "ftp"
        return prefixed
    return None


def _in_directory(text: str, directory: str, assume_local: bool) -> UrlParts | None:
    """The file *text* in *directory*, if it exists, or if it may be assumed to be one."""
    if "\0" in text or text[0] in "/:":
        return None
    name = os.path.abspath(os.path.join(directory, text))
    relative = not UrlParts.parse(text, TOLERANT).scheme
    if (assume_local and relative) or os.path.exists(name):
        return from_local_file(name)
    return None
