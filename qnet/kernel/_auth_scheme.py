"""What every way to authenticate has in common: credentials in, the value of a header out, and what can go wrong."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from qnet.kernel._auth_challenge import Challenge

__all__ = ["AuthError", "AuthScheme", "Credentials", "Peer", "encoded"]


class AuthError(Exception):
    """The peer's challenge cannot be answered; the text says why, without the credentials."""


class Credentials(NamedTuple):
    """A user's name and password; prints as neither."""

    user: str
    password: str

    def __bool__(self) -> bool:
        return bool(self.user or self.password)

    def __repr__(self) -> str:
        return "Credentials(...)" if self else "Credentials()"


class Peer(NamedTuple):
    """Who is to be convinced: tickets are issued for a service on a host."""

    host: str
    service: str = "HTTP"


class AuthScheme:
    """One way to authenticate, in the middle of a conversation with one peer.

    ``next`` -> what to go on with after a further challenge (itself, as a rule), or None if that is a refusal;
    ``answer`` -> the header's value. Both may raise AuthError.
    """

    __slots__ = ("realm",)

    name: ClassVar[str]
    """As in the challenge, in lower case."""

    needs_credentials: ClassVar[bool] = True
    """False if the system may know who the user is: then empty credentials may do."""

    def __init__(self, realm: str = "") -> None:
        self.realm = realm

    @classmethod
    def begin(cls, challenges: list[Challenge], peer: Peer, credentials: Credentials | None) -> AuthScheme | None:
        """The scheme, ready to answer the best of the *challenges* that are its own, or None if there is none.

        AuthError if there is one but something else is missing. The credentials may be empty, or None: then they will
        be asked for in any case.
        """
        raise NotImplementedError(f"{cls.__name__}.begin()")

    def next(self, challenges: list[Challenge]) -> AuthScheme | None:
        """Take the challenges that came back although this one had answered."""
        return None

    def answer(self, credentials: Credentials, method: str, uri: str, body: bytes | None) -> bytes | None:
        """The value of the header of a request; None if this connection needs none any more."""
        raise NotImplementedError(f"{type(self).__name__}.answer()")

    def accepted(self, info: dict[str, str]) -> None:
        """The peer took the answer; *info* is what Authentication-Info said."""

    def reconnected(self) -> None:
        """The next request goes over a new connection."""

    @property
    def needs_connection(self) -> bool:
        """Whether the conversation is in the middle, and lost with the connection."""
        return False


def encoded(text: str) -> bytes:
    """Names and passwords of a peer that did not say how: Latin-1 as Qt if they fit, else UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
