"""Reads what WWW-Authenticate and Proxy-Authenticate ask for: RFC 9110 sections 11.3 and 11.6.1.

A header holds a list of challenges whose parameters are a list with the same separator, so that only what follows a
comma tells the two apart: ``name = value`` goes on, anything else begins the next challenge. What is written by people
is read tolerantly (values without the quotes that they need, empty elements, junk before a comma), what could be an
attack is not: a value with control characters is ignored as a whole, and a challenge with a string that never ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Challenge", "parse_challenges", "quote", "readable"]

MAX_LENGTH = 65536
MAX_CHALLENGES = 32
MAX_PARAMETERS = 32

_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_SEPARATORS = re.compile(r"[ \t,]*")
_SCHEME = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?:[ \t]+|(?=,|\Z))")
_TOKEN68 = re.compile(r"([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|\Z)")
_NAME = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_UNQUOTED = re.compile(r'[^ \t,"]*')
_JUNK = re.compile(r"[^,]*")


class Challenge(NamedTuple):
    """One way to authenticate. The text is Latin-1, so that every byte is as it came: see `readable`."""

    scheme: str
    """In lower case."""
    token68: str
    """What follows the scheme if it is no list of parameters, in base64 as a rule; else empty."""
    parameters: dict[str, str]
    """By name, in lower case; of repeated ones the first. Quotes and backslashes are taken off."""


def parse_challenges(values: Iterable[bytes]) -> list[Challenge]:
    """All challenges of the *values* of the headers (one or several), in their order, 32 at most.

    Never raises: what cannot be understood is left out.
    """
    found: list[Challenge] = []
    for value in values:
        if len(value) <= MAX_LENGTH and not _CONTROLS.search(value):
            found += _Reader(value.decode("latin-1")).read()
    return found[:MAX_CHALLENGES]


def readable(value: str) -> str:
    """A parameter's text for people: UTF-8 if it is that, else Latin-1."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def quote(value: bytes) -> bytes:
    """*value* as a quoted-string (RFC 9110 section 5.6.4). ValueError if control characters are in it."""
    if _CONTROLS.search(value):
        raise ValueError("control characters cannot be quoted")
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class _Reader:
    """Reads one header's value from the left to the right."""

    __slots__ = ("_at", "_found", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[Challenge] = []

    def read(self) -> list[Challenge]:
        while True:
            self._take(_SEPARATORS)
            if self._at == len(self._text) or len(self._found) > MAX_CHALLENGES:
                return self._found
            open_list = bool(self._found) and not self._found[-1].token68
            if open_list and (name := self._take(_NAME)):
                complete = self._parameter(name[1].lower())
            else:
                complete = self._challenge()
            if not complete:
                self._found.pop()
                return self._found

    def _challenge(self) -> bool:
        scheme = self._take(_SCHEME)
        if scheme is None:
            self._take(_JUNK)
            return True
        token68 = self._take(_TOKEN68)
        self._found.append(Challenge(scheme[1].lower(), token68[1] if token68 else "", {}))
        name = None if token68 else self._take(_NAME)
        return self._parameter(name[1].lower()) if name else True

    def _parameter(self, name: str) -> bool:
        """Take the value of the parameter *name*; False if it has no end."""
        if self._text.startswith('"', self._at):
            quoted = self._take(_QUOTED)
            if quoted is None:
                return False
            value = re.sub(r"\\(.)", r"\1", quoted[1])
        else:
            unquoted = self._take(_UNQUOTED)
            value = unquoted[0] if unquoted else ""
        self._take(_JUNK)
        parameters = self._found[-1].parameters
        if len(parameters) < MAX_PARAMETERS:
            parameters.setdefault(name, value)
        return True

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return found
