"""NTLM version 2, and Negotiate (SPNEGO: Kerberos if there is a ticket; RFC 4559), both computed by pyspnego.

These authenticate a connection and not a request: tokens go back and forth over one connection, which is then the
user's. NTLM is pure Python in pyspnego; Negotiate takes the system's GSSAPI library through the package ``gssapi``,
and is left out of the choice where that is missing. Getting a Kerberos ticket may ask the KDC and waits for it.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
from typing import TYPE_CHECKING, ClassVar

from qnet.kernel._auth_challenge import Challenge
from qnet.kernel._auth_scheme import AuthError, AuthScheme, Credentials, Peer

if TYPE_CHECKING:
    from spnego import ContextProxy

__all__ = ["NegotiateScheme", "NtlmScheme"]

MAX_TOKENS = 16
"""More rounds than any mechanism takes: a peer that goes on has something else in mind."""


class _TokenScheme(AuthScheme):
    """Tokens in turn, made by a context of pyspnego that begins anew with every connection."""

    __slots__ = ("_context", "_peer", "_rounds", "_token")

    label: ClassVar[str]
    """As in headers."""

    def __init__(self, peer: Peer) -> None:
        super().__init__()
        self._peer = peer
        self._context: ContextProxy | None = None
        self._token: bytes | None = None
        self._rounds = 0

    def next(self, challenges: list[Challenge]) -> AuthScheme | None:
        """Go on with the peer's token; without one, or when there is nothing left to say, this is a refusal."""
        token = next((c.token68 for c in challenges if c.scheme == self.name), "")
        if not token or self._context is None or self._context.complete:
            return None
        try:
            self._step(base64.b64decode(token, validate=True))
        except binascii.Error as error:
            raise AuthError(f"{self.label} with a token that is not base64") from error
        return self

    def answer(self, credentials: Credentials, method: str, uri: str, body: bytes | None) -> bytes | None:
        """The next token; None once the connection is authenticated."""
        if self._context is None:
            self._context = self._make(credentials)
            self._step(None)
        if self._token is None:
            return None
        return self.label.encode() + b" " + base64.b64encode(self._token)

    def accepted(self, info: dict[str, str]) -> None:
        """The connection is the user's: further requests say nothing."""
        self._token = None

    def reconnected(self) -> None:
        """Begin with the first token again."""
        self._context = None
        self._token = None
        self._rounds = 0

    @property
    def needs_connection(self) -> bool:
        """From the peer's first token on."""
        return self._rounds > 1

    def _make(self, credentials: Credentials) -> ContextProxy:
        raise NotImplementedError(f"{type(self).__name__}._make()")

    def _step(self, token: bytes | None) -> None:
        self._rounds += 1
        if self._rounds > MAX_TOKENS:
            raise AuthError(f"{self.label} without an end")
        assert self._context is not None
        try:
            self._token = self._context.step(token)
        except Exception as error:  # pyspnego lets struct.error, ValueError and more through for bad tokens
            where = "" if token is None else " at the other side's token"
            raise AuthError(f"{self.label} failed{where} ({_kind(error)})") from error


class NtlmScheme(_TokenScheme):
    """NTLM version 2; the user's name may begin with a domain."""

    __slots__ = ()

    name = "ntlm"
    label = "NTLM"

    @classmethod
    def begin(cls, challenges: list[Challenge], peer: Peer, credentials: Credentials | None) -> NtlmScheme | None:
        """Ready for the first token, if NTLM is offered."""
        if not any(challenge.scheme == cls.name for challenge in challenges):
            return None
        _require("spnego", "NTLM, which needs the package pyspnego")
        return cls(peer)

    def _make(self, credentials: Credentials) -> ContextProxy:
        import spnego

        try:
            return spnego.client(
                credentials.user,
                credentials.password,
                hostname=self._peer.host,
                service=self._peer.service,
                protocol="ntlm",
                options=spnego.NegotiateOptions.use_ntlm,  # its own, whatever else is installed
            )
        except Exception as error:
            raise AuthError(f"NTLM failed ({_kind(error)})") from error


class NegotiateScheme(_TokenScheme):
    """Kerberos within SPNEGO, with the tickets that the user has, or with a name and a password.

    With the latter, but no KDC that knows them, it is NTLM within SPNEGO.
    """

    __slots__ = ()

    name = "negotiate"
    label = "Negotiate"
    needs_credentials = False

    @classmethod
    def begin(cls, challenges: list[Challenge], peer: Peer, credentials: Credentials | None) -> NegotiateScheme | None:
        """With its first token already made, since only then is it known whether there is a ticket.

        Without that if the *credentials* are None.
        """
        if not any(challenge.scheme == cls.name for challenge in challenges):
            return None
        _require("spnego", "Negotiate, which needs the package pyspnego")
        _require("gssapi", "Negotiate, which needs a GSSAPI package: pip install 'qnet[kerberos]'")
        scheme = cls(peer)
        if credentials is not None:
            scheme.answer(credentials, "", "", None)
        return scheme

    def _make(self, credentials: Credentials) -> ContextProxy:
        import spnego

        try:
            return spnego.client(
                credentials.user or None,
                credentials.password or None,
                hostname=self._peer.host,
                service=self._peer.service,
                protocol="negotiate",
            )
        except Exception as error:
            raise AuthError(f"Negotiate failed ({_kind(error)})") from error


def _require(package: str, purpose: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise AuthError(purpose)


def _kind(error: Exception) -> str:
    """The class of *error* with its module ("struct.error"), without the text, which may quote what was sent."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
