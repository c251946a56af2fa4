"""The Basic scheme: RFC 7617."""

from __future__ import annotations

import base64
import unicodedata

from qnet.kernel._auth_challenge import Challenge, readable
from qnet.kernel._auth_scheme import AuthScheme, Credentials, Peer, encoded

__all__ = ["BasicScheme"]


class BasicScheme(AuthScheme):
    """User and password in base64. Nothing that they contain can leave the header's value."""

    __slots__ = ("_utf8",)

    name = "basic"

    def __init__(self, challenge: Challenge) -> None:
        super().__init__(readable(challenge.parameters.get("realm", "")))
        # RFC 7617 section 2.1: the only value, matched without regard to case.
        self._utf8 = challenge.parameters.get("charset", "").lower() == "utf-8"

    @classmethod
    def begin(cls, challenges: list[Challenge], peer: Peer, credentials: Credentials | None) -> BasicScheme | None:
        """The first Basic challenge; one without a realm, which it must have, will do."""
        return next((cls(c) for c in challenges if c.scheme == cls.name), None)

    def answer(self, credentials: Credentials, method: str, uri: str, body: bytes | None) -> bytes:
        """``Basic`` and the credentials."""
        text = f"{credentials.user}:{credentials.password}"
        if self._utf8:
            # RFC 7617 section 2.1: normalization form C, then UTF-8.
            raw = unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
        else:
            raw = encoded(text)
        return b"Basic " + base64.b64encode(raw)
