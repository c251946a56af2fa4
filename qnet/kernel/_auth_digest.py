"""The Digest scheme: RFC 7616, with what RFC 2069 left behind (a challenge without qop).

MD5, SHA-256 and SHA-512-256, each also as session variant; qop auth and auth-int; nonce counting, stale, opaque,
userhash, UTF-8. Of several challenges the strongest algorithm is answered, whatever their order: RFC 7616 section 3.7
would have the server's order count, but not every server has one.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
import urllib.parse

from qnet.kernel._auth_challenge import Challenge, quote, readable
from qnet.kernel._auth_scheme import AuthError, AuthScheme, Credentials, Peer, encoded

__all__ = ["DigestScheme"]

STALE_LIMIT = 3
"""So many stale nonces in a row are answered anew; a peer that calls every one stale refuses."""

# RFC 7616 section 3.3: name in the challenge -> (hashlib's name, strength)
_ALGORITHMS = {"md5": ("md5", 0), "sha-256": ("sha256", 1), "sha-512-256": ("sha512_256", 2)}

# RFC 5987 section 3.2.1: what stays as it is in username*, besides letters and digits.
_ATTR_CHAR = "!#$&+-.^_`|~"


class DigestScheme(AuthScheme):
    """Answers one nonce of the server, any number of times; the client's nonce is drawn once for it."""

    __slots__ = (
        *("_algorithm", "_challenge", "_cnonce", "_count", "_hash_name", "_nonce", "_proved"),
        *("_qop", "_session", "_stale_left", "_strength", "_utf8"),
    )

    name = "digest"

    def __init__(self, challenge: Challenge, cnonce: str | None = None) -> None:
        """*cnonce* is for tests. AuthError if the challenge asks for something unknown."""
        parameters = challenge.parameters
        super().__init__(readable(parameters.get("realm", "")))
        if "nonce" not in parameters:
            raise AuthError("Digest without a nonce")
        self._challenge = parameters
        self._algorithm = parameters.get("algorithm", "")
        base = self._algorithm.lower() or "md5"
        self._session = base.endswith("-sess")
        base = base.removesuffix("-sess")
        if base not in _ALGORITHMS:
            raise AuthError(f"Digest with the algorithm {self._algorithm!r}")
        self._hash_name, self._strength = _ALGORITHMS[base]
        try:
            hashlib.new(self._hash_name)
        except ValueError as error:  # a hardened or minimal OpenSSL
            raise AuthError(f"Digest with {self._algorithm or 'MD5'}, which this Python lacks") from error
        self._qop = _chosen_qop(parameters.get("qop"))
        # RFC 7616 section 3.3: "charset" has this one value.
        self._utf8 = parameters.get("charset", "").lower() == "utf-8"
        self._nonce = parameters["nonce"]
        self._cnonce = secrets.token_hex(16) if cnonce is None else cnonce
        self._count = 0
        self._stale_left = STALE_LIMIT
        self._proved = False

    @classmethod
    def begin(cls, challenges: list[Challenge], peer: Peer, credentials: Credentials | None) -> DigestScheme | None:
        """The strongest of the Digest challenges; the first of equals."""
        own: list[DigestScheme] = []
        obstacle = None
        for challenge in challenges:
            if challenge.scheme == cls.name:
                try:
                    own.append(cls(challenge))
                except AuthError as error:
                    obstacle = error
        if obstacle and not own:
            raise obstacle
        return max(own, key=lambda scheme: scheme._strength, default=None)

    def next(self, challenges: list[Challenge]) -> DigestScheme | None:
        """A stale nonce is no refusal: the credentials were right (RFC 7616 section 3.3).

        Nor is a new nonce after one that was accepted before: not every server that lets them expire says so.
        """
        following = DigestScheme.begin(challenges, Peer(""), None)
        if following is None:
            return None
        stale = following._challenge.get("stale", "").lower() == "true"
        expired = self._proved and following._nonce != self._nonce and following.realm == self.realm
        if not (stale and self._stale_left) and not expired:
            return None
        following._stale_left = self._stale_left - 1 if stale else 0
        return following

    def accepted(self, info: dict[str, str]) -> None:
        """The credentials are right; the server may name the nonce to use from now on (RFC 7616 section 3.5)."""
        self._proved = True
        self._stale_left = STALE_LIMIT
        nonce = info.get("nextnonce", self._nonce)
        if nonce != self._nonce:
            self._nonce = nonce
            self._cnonce = secrets.token_hex(16)
            self._count = 0

    def answer(self, credentials: Credentials, method: str, uri: str, body: bytes | None) -> bytes:
        """The header's value for one request; every call counts the nonce up.

        *uri* is what stands in the request line. *body* is hashed for ``auth-int``; None if it is not known in advance.
        AuthError if the user's name cannot be sent, or if a body is needed that is not known.
        """
        if self._qop == "auth-int" and body is None:
            raise AuthError("Digest with auth-int needs a request's whole body in advance")
        name = self._user_parameter(credentials.user)
        self._count += 1
        count = f"{self._count:08x}"
        response = self._response(credentials, method, uri, body or b"", count)
        fields = [
            name,
            b"realm=" + self._echoed("realm"),
            b"nonce=" + _quoted(self._nonce),
            b"uri=" + quote(uri.encode("utf-8")),
            b"response=" + _quoted(response),
        ]
        if self._algorithm:
            fields.append(b"algorithm=" + self._algorithm.encode("latin-1"))
        if self._qop or self._session:
            fields.append(b"cnonce=" + _quoted(self._cnonce))
        if "opaque" in self._challenge:
            fields.append(b"opaque=" + self._echoed("opaque"))
        if self._qop:
            fields += [b"qop=" + self._qop.encode(), b"nc=" + count.encode()]
        if self._hashes_user():
            fields.append(b"userhash=true")
        return b"Digest " + b", ".join(fields)

    def _response(self, credentials: Credentials, method: str, uri: str, body: bytes, count: str) -> str:
        """RFC 7616 sections 3.4.1 to 3.4.3."""
        user, password = self._encoded(credentials.user), self._encoded(credentials.password)
        secret = self._hash(user, self._raw("realm"), password)
        if self._session:
            secret = self._hash(secret.encode(), self._nonce.encode("latin-1"), self._cnonce.encode())
        request = [method.encode(), uri.encode("utf-8")]
        if self._qop == "auth-int":
            request.append(self._hash(body).encode())
        middle = [count.encode(), self._cnonce.encode(), self._qop.encode()] if self._qop else []
        return self._hash(secret.encode(), self._nonce.encode("latin-1"), *middle, self._hash(*request).encode())

    def _user_parameter(self, user: str) -> bytes:
        """RFC 7616 section 3.4, "username" and "username*", and section 3.4.4."""
        if self._hashes_user():
            return b'username="' + self._hash(self._encoded(user), self._raw("realm")).encode() + b'"'
        raw = self._encoded(user)
        if self._utf8 and not (user.isascii() and user.isprintable()):
            return b"username*=UTF-8''" + urllib.parse.quote(raw, safe=_ATTR_CHAR).encode()
        try:
            return b"username=" + quote(raw)
        except ValueError as error:
            raise AuthError("Digest cannot send a user's name with control characters") from error

    def _hashes_user(self) -> bool:
        return self._challenge.get("userhash", "").lower() == "true"

    def _encoded(self, text: str) -> bytes:
        if self._utf8:
            return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
        return encoded(text)

    def _hash(self, *parts: bytes) -> str:
        return hashlib.new(self._hash_name, b":".join(parts)).hexdigest()

    def _raw(self, parameter: str) -> bytes:
        return self._challenge.get(parameter, "").encode("latin-1")

    def _echoed(self, parameter: str) -> bytes:
        return quote(self._raw(parameter))


def _quoted(value: str) -> bytes:
    return quote(value.encode("latin-1"))


def _chosen_qop(offered: str | None) -> str:
    """ "auth" rather than "auth-int", which needs the whole body first; "" where RFC 2069 had none."""
    if offered is None:
        return ""
    options = {option.strip().lower() for option in offered.split(",")} - {""}
    for option in ("auth", "auth-int"):
        if option in options:
            return option
    if options:
        raise AuthError(f"Digest with the quality of protection {offered!r}")
    return ""
