"""One authentication conversation with a proxy or a server: header values in, header values out.

Sans-I/O, and the same for 407 and 401: whoever sends requests hands it the challenges that came back and asks it
for the next request's header.

    ============  =============================================  ============
    state         event                                          next state
    ============  =============================================  ============
    UNCHALLENGED  challenged, credentials known or not needed    READY
    UNCHALLENGED  challenged, no credentials                     ASKING
    READY         challenged: it goes on, or is merely stale     READY
    READY         challenged: refused                            ASKING
    ASKING        provided, and they are new                     READY
    ASKING        provided, but nothing new                      ASKING
    ============  =============================================  ============

A challenge that nobody can answer is an AuthError, and leaves the state as it was. In READY, and only there, `header`
gives something to send.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterable
from typing import NamedTuple

from qnet.kernel._auth_basic import BasicScheme
from qnet.kernel._auth_challenge import Challenge, parse_challenges
from qnet.kernel._auth_digest import DigestScheme
from qnet.kernel._auth_negotiate import NegotiateScheme, NtlmScheme
from qnet.kernel._auth_scheme import AuthError, AuthScheme, Credentials, Peer
from qnet.kernel.authenticator import QAuthenticator

__all__ = ["Answer", "AuthError", "AuthSession", "AuthState"]

# Qt's order: Digest before NTLM, which it does not need a connection of its own for.
_SCHEMES: tuple[type[AuthScheme], ...] = (NegotiateScheme, DigestScheme, NtlmScheme, BasicScheme)


class AuthState(enum.Enum):
    """Where a conversation is: see the table."""

    UNCHALLENGED = "unchallenged"
    ASKING = "asking"
    READY = "ready"


class Answer(NamedTuple):
    """A header's value, and which challenge it answers. Prints without the value."""

    value: bytes
    round: int

    def __repr__(self) -> str:
        return f"Answer(round={self.round})"


class AuthSession:
    """Keeps what is known about one peer and its realm, and answers its challenges.

    *host* is the peer's name, for tickets. *authenticator* may have credentials from the start, and is what the
    program is asked with: `authenticator` has the realm then, and the credentials that were refused.
    """

    __slots__ = ("_host", "_refused", "_round", "_scheme", "_skipped", "authenticator", "state")

    def __init__(self, host: str, authenticator: QAuthenticator | None = None) -> None:
        self._host = host
        self.authenticator = QAuthenticator() if authenticator is None else authenticator
        self.state = AuthState.UNCHALLENGED
        self._scheme: AuthScheme | None = None
        self._round = 0
        self._refused: Credentials | None = None
        self._skipped: set[type[AuthScheme]] = set()

    @property
    def scheme(self) -> str:
        """The scheme that was chosen, in lower case; empty before there was a challenge."""
        return self._scheme.name if self._scheme else ""

    @property
    def needs_connection(self) -> bool:
        """Whether the next request has to go over the connection that the challenge came on."""
        return self._scheme is not None and self._scheme.needs_connection

    def challenged(self, values: Iterable[bytes], answer: Answer | None = None) -> AuthState:
        """Take the *values* of all WWW-Authenticate or Proxy-Authenticate headers of a 401 or 407.

        *answer* is what the refused request carried, if anything: several requests may be on their way, and one that
        carried an older answer, or none, refuses nothing. ASKING if credentials are needed or were refused, else READY.
        AuthError if none of the challenges can be answered.
        """
        challenges = parse_challenges(values)
        going_on = None
        if answer is not None and answer.round == self._round and self._scheme is not None:
            going_on = self._scheme.next(challenges)
            if going_on is None:
                self._note_refusal(self._scheme)
        scheme = going_on or self._choose(challenges)
        self._scheme = scheme
        self._round += 1
        if scheme.realm:
            self.authenticator.setRealm(scheme.realm)
            self.authenticator.setOption("realm", scheme.realm)
        self.state = AuthState.READY if going_on or self._is_able(scheme) else AuthState.ASKING
        return self.state

    def provided(self) -> bool:
        """The program was asked: whether it put credentials into `authenticator` that were not refused before."""
        credentials = self._credentials()
        if self.state is AuthState.ASKING and credentials and credentials != self._refused:
            self.state = AuthState.READY
            self.reconnected()  # a token that was made without the credentials is of no use
        return self.state is AuthState.READY

    def header(self, method: str, uri: str, body: bytes | None = b"") -> Answer | None:
        """The value of Authorization or Proxy-Authorization for a request; None if there is nothing to send.

        *uri* is what stands in the request line, *body* what is sent, or None if that is not known in advance. To be
        called once for each request that is sent: Digest counts. AuthError as with `challenged`.
        """
        if self.state is not AuthState.READY or self._scheme is None:
            return None
        value = self._scheme.answer(self._credentials(), method, uri, body)
        return None if value is None else Answer(value, self._round)

    def accepted(self, info: Iterable[bytes] = ()) -> None:
        """A request with an answer was taken; *info* are the values of (Proxy-)Authentication-Info, if any."""
        self._refused = None
        parameters = parse_challenges(b"info " + value for value in info)
        if self._scheme is not None:
            self._scheme.accepted(parameters[0].parameters if parameters else {})

    def reconnected(self) -> None:
        """Further requests go over a new connection: what authenticates connections begins anew."""
        if self._scheme is not None:
            self._scheme.reconnected()

    def _credentials(self) -> Credentials:
        return Credentials(self.authenticator.user(), self.authenticator.password())

    def _is_able(self, scheme: AuthScheme) -> bool:
        known = self._credentials()
        if type(scheme) in self._skipped:  # it failed, and the peer offers nothing else
            self._refused = known
        elif not scheme.needs_credentials:
            return True
        return bool(known) and known != self._refused

    def _note_refusal(self, scheme: AuthScheme) -> None:
        if scheme.needs_credentials:
            self._refused = self._credentials()
        else:  # tickets that the peer does not want say nothing about the password
            self._skipped.add(type(scheme))

    def _choose(self, challenges: list[Challenge]) -> AuthScheme:
        """The best scheme that can answer; without credentials, one that could if it had them."""
        credentials = self._credentials()
        peer = self._peer()
        obstacles = []
        for kind in sorted(_SCHEMES, key=self._skipped.__contains__):
            try:
                scheme = kind.begin(challenges, peer, credentials)
            except AuthError as error:
                obstacles.append(str(error))
                continue
            if scheme is not None:
                return scheme
        for kind in _SCHEMES:
            if not credentials and not kind.needs_credentials:
                with contextlib.suppress(AuthError):
                    scheme = kind.begin(challenges, peer, None)
                    if scheme is not None:
                        self._skipped.add(kind)
                        return scheme
        offered = obstacles or sorted({challenge.scheme for challenge in challenges})
        if not offered:
            raise AuthError("it offers no way to authenticate")
        raise AuthError(f"none of what it offers is possible: {'; '.join(offered)}")

    def _peer(self) -> Peer:
        """The service that tickets are for, as QAuthenticator's option "spn" says, or HTTP on the host."""
        service, _, host = str(self.authenticator.option("spn") or "").partition("/")
        return Peer(host, service) if host else Peer(self._host)

    def __repr__(self) -> str:
        return f"<AuthSession: {self.state.value}{', ' + self.scheme if self.scheme else ''}>"
