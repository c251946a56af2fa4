"""Credentials for a proxy or a server: QAuthenticator."""

from __future__ import annotations

from typing import Any

from qnet.kernel._checks import checked_text

__all__ = ["QAuthenticator"]

_FIELDS = ("_null", "_options", "_password", "_realm", "_user")


class QAuthenticator:
    """Who asks for credentials, and the credentials: a slot of proxyAuthenticationRequired() or
    authenticationRequired() fills user and password in.

    ``QAuthenticator()`` is null until a setter is called; ``QAuthenticator(other)`` is a copy. Left as it was, the
    request fails with the error that it needs authentication. What it is used for, best first: Negotiate (with a GSSAPI
    package), Digest, NTLM version 2, Basic. https://doc.qt.io/qt-6/qauthenticator.html
    """

    __slots__ = ("__weakref__", *_FIELDS)

    _user: str
    _password: str
    _realm: str
    _options: dict[str, Any]  # never changed in place: copies share it
    _null: bool

    def __init__(self, other: QAuthenticator | None = None, /) -> None:
        if other is None:
            self._user = self._password = self._realm = ""
            self._options = {}
            self._null = True
        elif isinstance(other, QAuthenticator):
            for name in _FIELDS:
                setattr(self, name, getattr(other, name))
        else:
            raise TypeError(f"expected a QAuthenticator, not {type(other).__name__}")

    def isNull(self) -> bool:
        """Whether no setter was called yet."""
        return self._null

    def user(self) -> str:
        """The user's name; for NTLM it may begin with a domain, ``DOMAIN\\user``."""
        return self._user

    def setUser(self, user: str | None, /) -> None:
        """Set the user's name; None is the empty one."""
        self._user = checked_text(user, "a user's name")
        self._null = False

    def password(self) -> str:
        """The password."""
        return self._password

    def setPassword(self, password: str | None, /) -> None:
        """Set the password; None is the empty one."""
        self._password = checked_text(password, "a password")
        self._null = False

    def realm(self) -> str:
        """The realm that the credentials are for, as the server or proxy calls it: something to show to people."""
        return self._realm

    def setRealm(self, realm: str | None, /) -> None:
        """Set the realm; None is the empty one. Requests overwrite it with that of the server."""
        self._realm = checked_text(realm, "a realm")
        self._null = False

    def option(self, opt: str, /) -> Any:
        """The value of the option *opt*, or None: "realm" comes in with Basic and Digest; "spn", with Negotiate,
        goes out and names the service to get a ticket for, ``HTTP/proxy.example.com``."""
        return self._options.get(checked_text(opt, "the name of an option"))

    def options(self) -> dict[str, Any]:
        """All options: a copy."""
        return dict(self._options)

    def setOption(self, opt: str, value: Any, /) -> None:
        """Set the option *opt*; None for one that is not set changes nothing."""
        name = checked_text(opt, "the name of an option")
        if value is None and self._options.get(name) is None:
            return
        self._options = {**self._options, name: value}
        self._null = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QAuthenticator):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    def __copy__(self) -> QAuthenticator:
        return QAuthenticator(self)

    def __repr__(self) -> str:
        """Without user and password: authenticators end up in logs."""
        if self._null:
            return "QAuthenticator(null)"
        return f"QAuthenticator(realm={self._realm!r})"
