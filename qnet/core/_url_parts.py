"""A URL taken apart: parsing, the checks that span components, and putting it together again (RFC 3986).

No I/O and no Qt types here. Absent and empty components differ (``http://h?`` has a query, an empty one): None is
absent. Texts are in the pretty form of `_url_encoding`, the host as `_url_host` keeps it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from qnet.core import _url_encoding as encoding
from qnet.core._url_encoding import FRAGMENT, PASSWORD, PATH, QUERY, STRICT, USER_NAME, Component
from qnet.core._url_host import HostError, parse_host, show_host

__all__ = ["UrlError", "UrlParts"]

# QUrl.UrlFormattingOption by value
REMOVE_SCHEME = 0x1
REMOVE_PASSWORD = 0x2
REMOVE_USER_INFO = 0x6
REMOVE_PORT = 0x8
REMOVE_AUTHORITY = 0x1E
REMOVE_PATH = 0x20
REMOVE_QUERY = 0x40
REMOVE_FRAGMENT = 0x80
PREFER_LOCAL_FILE = 0x200
STRIP_TRAILING_SLASH = 0x400
REMOVE_FILE_NAME = 0x800
NORMALIZE_PATH_SEGMENTS = 0x1000

# RFC 3986, appendix B, but a scheme must be valid to be one.
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PORT = re.compile(r"[0-9]{1,9}")
# What is encoded in a user name and a password, whatever the options, where a host follows.
_AMBIGUOUS = {"userinfo": (":", ""), "authority": (r":@\[\]", r"@\[\]")}


class UrlError(NamedTuple):
    """Why a URL is invalid."""

    reason: str
    source: str
    char: str = ""

    def __str__(self) -> str:
        at = f" (character '{self.char}' not permitted)" if self.char else ""
        return f'{self.reason}{at}; source was "{self.source}";'


class UrlParts:
    """The components of one URL and, when a text could not be taken apart, the first error."""

    __slots__ = ("error", "fragment", "host", "password", "path", "port", "query", "scheme", "user")

    def __init__(self) -> None:
        self.scheme = ""
        self.user: str | None = None
        self.password: str | None = None
        self.host: str | None = None
        self.port = -1
        self.path = ""
        self.query: str | None = None
        self.fragment: str | None = None
        self.error: UrlError | None = None

    def copy(self) -> UrlParts:
        """An independent copy."""
        twin = UrlParts.__new__(UrlParts)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def key(self) -> tuple[object, ...]:
        """What equality goes by; ``file:/p`` and ``file:///p`` are the same."""
        host = "" if self.host is None and self.shows_empty_authority() else self.host
        return self.scheme, self.user, self.password, host, self.port, self.path, self.query, self.fragment

    def order(self) -> tuple[object, ...]:
        """What URLs are sorted by: absent comes before empty for query and fragment only, as in Qt."""
        authority = (self.scheme, self.user or "", self.password or "", self.host or "", self.port)
        query, fragment = self.query, self.fragment
        return *authority, self.path, query is not None, query or "", fragment is not None, fragment or ""

    # Parsing

    @classmethod
    def parse(cls, text: str, mode: int) -> UrlParts:
        """The components of *text*; the first error, if any, is in ``error``, and what was found is kept."""
        parts = cls()
        match = _URL.fullmatch(text)
        assert match is not None  # every part is optional, and the last ones take any character
        scheme, authority, path, query, fragment = match.groups()
        if scheme is not None:
            parts.scheme = scheme.lower()
        if authority is not None:
            parts.set_authority(authority, mode, text)
        parts.path = parts.accept(path, PATH, mode, text)
        if query is not None:
            parts.query = parts.accept(query, QUERY, mode, text)
        if fragment is not None:
            parts.fragment = parts.accept(fragment, FRAGMENT, mode, text)
        return parts

    def accept(self, text: str, component: Component, mode: int, source: str) -> str:
        """The pretty form of *text*; in the strict mode an error is noted if it has what the component may not."""
        if mode == STRICT and self.error is None:
            position = encoding.first_forbidden(text, component)
            if position >= 0:
                self.error = UrlError(f"Invalid {component.name}", source, text[position])
        return encoding.to_pretty(text, component, mode)

    def set_scheme(self, text: str) -> None:
        """Set the scheme, or none if *text* is empty or invalid."""
        self.scheme = ""
        if not text:
            return
        if _SCHEME.fullmatch(text):
            self.scheme = text.lower()
            return
        strange = re.search("^[^A-Za-z]|[^A-Za-z0-9+.-]", text)
        self.error = UrlError("Invalid scheme", text, strange[0] if strange else "")

    def clear_authority(self) -> None:
        """Remove user information, host and port."""
        self.user = self.password = self.host = None
        self.port = -1

    def set_authority(self, text: str, mode: int, source: str) -> None:
        """Replace user information, host and port; after an error the strict mode leaves none of them."""
        self.clear_authority()
        user_info, at, rest = text.partition("@")
        if at:
            self.set_user_info(user_info, mode, source)
        host = self._take_port(rest if at else text, source)
        if mode == STRICT and self.error is None:
            self.accept(host, encoding.IP_LITERAL if host[:1] == "[" else encoding.HOST, mode, source)
        if mode == STRICT and self.error is not None:
            self.clear_authority()
        else:
            self.set_host(host, mode, source)

    def _take_port(self, rest: str, source: str) -> str:
        """Set the port from behind the last colon, unless that is part of an IP literal; returns the host."""
        host, colon, port = rest.rpartition(":")
        closing = rest.find("]")
        if not colon or (rest[0] == "[" and (closing < 0 or len(host) < closing)):
            return rest
        if port:
            if _PORT.fullmatch(port) and int(port) <= 0xFFFF:
                self.port = int(port)
            elif self.error is None:
                self.error = UrlError("Invalid port or port number out of range", source)
        return host

    def set_user_info(self, text: str, mode: int, source: str) -> None:
        """Replace user name and password; both are absent after an error."""
        self.user = self.password = None
        user, colon, password = text.partition(":")
        shown = self.accept(user, USER_NAME, mode, source)
        secret = self.accept(password, encoding.PASSWORD_IN_USER_INFO, mode, source) if colon else None
        if self.error is None:
            self.user, self.password = shown, secret

    def set_host(self, text: str, mode: int, source: str) -> None:
        """Set the host; it is empty after an error, and an earlier error stays."""
        try:
            self.host = parse_host(text, mode)
        except HostError as problem:
            self.host = ""
            if self.error is None:
                self.error = UrlError(problem.reason, source, problem.char)

    # Checks

    def is_empty(self) -> bool:
        """Whether no component is present."""
        return not self.scheme and not self.path and self.port < 0 and all(
            text is None for text in (self.user, self.password, self.host, self.query, self.fragment)
        )  # fmt: skip

    def problem(self) -> UrlError | None:
        """Why this is no valid URL: the error of parsing, or components that do not go together."""
        if self.error is not None:
            return self.error
        path = self.path
        if self.has_authority():
            if path and path[0] != "/":
                return UrlError("Path component is relative and authority is present", path)
        elif path[:2] == "//":
            return UrlError("Path component starts with '//' and authority is absent", path)
        elif not self.scheme and ":" in path.partition("/")[0]:
            return UrlError("Relative URL's path component contains ':' before any '/'", path)
        return None

    def error_string(self) -> str:
        """The problem in words with what is known of the URL; empty if there is none."""
        problem = self.problem()
        if problem is None:
            return ""
        info = None if self.user is None and self.password is None else self.user_info(0, "userinfo")
        known = (
            ("scheme", self.scheme or None),
            ("userinfo", info),
            ("host", self.host),
            ("port", str(self.port) if self.port >= 0 else None),
            ("path", self.path or None),
            ("query", self.query),
            ("fragment", self.fragment),
        )
        found = ", ".join([f'{name} = "{text}"' for name, text in known if text is not None])
        return f"{problem} {found}" if found else str(problem)

    # Putting together

    def has_authority(self) -> bool:
        """Whether ``//`` and an authority are part of the URL."""
        return self.host is not None or self.user is not None or self.password is not None or self.port >= 0

    def shows_empty_authority(self) -> bool:
        """Whether an empty authority is written although there is none: ``file:/p`` is shown as ``file:///p``."""
        return self.scheme == "file" and self.path[:1] == "/"

    def user_info(self, options: int, place: str, with_password: bool = True) -> str:
        """User name and password; *place* is ``userinfo``, ``authority`` or ``url`` (where delimiters are encoded)."""
        if place == "url":
            options |= encoding.ENCODE_DELIMITERS
        in_name, in_password = _AMBIGUOUS.get(place, ("", ""))
        text = _escaped(encoding.show(self.user or "", USER_NAME, options), in_name)
        if not with_password or self.password is None:
            return text
        return f"{text}:{_escaped(encoding.show(self.password, PASSWORD, options), in_password)}"

    def authority(self, options: int, place: str = "authority", formatting: int = 0) -> str:
        """User information, host and port, less what the UrlFormattingOptions in *formatting* remove."""
        text = ""
        has_user_info = self.user is not None or self.password is not None
        if has_user_info and formatting & REMOVE_USER_INFO != REMOVE_USER_INFO:
            with_password = not formatting & REMOVE_PASSWORD
            if with_password or self.user is not None:
                text = self.user_info(options, place, with_password) + "@"
        text += show_host(self.host or "", options)
        if self.port >= 0 and not formatting & REMOVE_PORT:
            text += f":{self.port}"
        return text

    def to_string(self, options: int, path: str) -> str:
        """The whole URL with *path* for its path, as component and URL formatting options ask for."""
        everywhere = options | encoding.ENCODE_DELIMITERS
        text = f"{self.scheme}:" if self.scheme and not options & REMOVE_SCHEME else ""
        if options & REMOVE_AUTHORITY != REMOVE_AUTHORITY and self.has_authority():
            text += "//" + self.authority(options, "url", options)
        elif self.scheme == "file" and path[:1] == "/":
            text += "//"
        if not options & REMOVE_PATH:
            text += encoding.show(path, PATH, everywhere)
        if self.query is not None and not options & REMOVE_QUERY:
            text += "?" + encoding.show(self.query, QUERY, everywhere)
        if self.fragment is not None and not options & REMOVE_FRAGMENT:
            # Nothing follows a fragment, so that a "#" in it is only encoded if delimiters must be.
            wanted = options if options & encoding.ENCODE_DELIMITERS else options | encoding.ENCODE_UNWISE
            text += "#" + encoding.show(self.fragment, FRAGMENT, wanted)
        return text


def _escaped(text: str, chars: str) -> str:
    """*text* with the characters of the class *chars* as escapes."""
    return re.sub(f"[{chars}]", lambda match: encoding.escape(match[0]), text) if chars else text
