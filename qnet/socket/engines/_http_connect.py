"""The way through an HTTP proxy: CONNECT, RFC 9110 section 9.3.6, sans-I/O.

    =========  =======================================  =========
    state      event                                    next
    =========  =======================================  =========
    FRESH      BEGUN      the request is sent           REPLY
    REPLY      INFORMED   1xx                           REPLY
    REPLY      ACCEPTED   2xx                           DONE
    REPLY      KEPT       407, the connection stays     SKIPPING   (and 401, if it answers credentials)
    REPLY      DROPPED    407, the connection ends      AGAIN
    SKIPPING   SKIPPED    the 407's content is over     REPLY
    SKIPPING   DROPPED    it is too long, or cut off    AGAIN
    AGAIN      BEGUN      the request is sent anew      REPLY
    any        FAILED     ProxyFailure                  ERROR
    =========  =======================================  =========

Replies are parsed by llhttp (httptools), which does not know that a reply to CONNECT has no content and would take the
first bytes of the tunnel for it. It is therefore fed byte by byte: then it is known which byte ended a message, and
nothing after that byte is its business. That costs 10 µs for each connection, less than any search for the blank line.
Since a message's end depends on nothing but the bytes, so does the handshake's result: not on how they were split.

Credentials are sent only after a 407, those of the QNetworkProxy first, then those that the program gives.
"""

from __future__ import annotations

import enum
import weakref
from typing import TYPE_CHECKING

from qnet.core._url_ace import to_ace
from qnet.kernel._auth_session import Answer, AuthError, AuthSession, AuthState
from qnet.kernel.authenticator import QAuthenticator
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError
from qnet.socket.engines._handshake import Ask, ProxyFailure, ProxyHandshake

if TYPE_CHECKING:
    import httptools

    from qnet.kernel.networkproxy import QNetworkProxy

__all__ = ["HttpConnectHandshake"]

MAX_HEAD = 65536
"""Bytes of status lines and headers that are taken for one request."""
MAX_CONTENT = 65536
"""Bytes of a 407's page that are skipped to keep the connection; a longer one costs less to cut off."""
SHOWN = 60
"""Bytes of garbage that an error's text shows."""


class _State(enum.Enum):
    FRESH = "fresh"
    REPLY = "reply"
    SKIPPING = "skipping"
    AGAIN = "again"
    DONE = "done"
    ERROR = "error"


class _Event(enum.Enum):
    BEGUN = "begun"
    INFORMED = "informed"
    ACCEPTED = "accepted"
    KEPT = "kept"
    DROPPED = "dropped"
    SKIPPED = "skipped"
    FAILED = "failed"


_NEXT = {
    (_State.FRESH, _Event.BEGUN): _State.REPLY,
    (_State.REPLY, _Event.INFORMED): _State.REPLY,
    (_State.REPLY, _Event.ACCEPTED): _State.DONE,
    (_State.REPLY, _Event.KEPT): _State.SKIPPING,
    (_State.REPLY, _Event.DROPPED): _State.AGAIN,
    (_State.SKIPPING, _Event.SKIPPED): _State.REPLY,
    (_State.SKIPPING, _Event.DROPPED): _State.AGAIN,
    (_State.AGAIN, _Event.BEGUN): _State.REPLY,
    **{(state, _Event.FAILED): _State.ERROR for state in _State},
}

# As Qt's, which its documentation does not tell; texts begin with Qt's.
_REFUSALS = {
    403: (SocketError.SocketAccessError, "Proxy denied connection"),
    404: (SocketError.HostNotFoundError, "Host not found"),
    405: (SocketError.SocketAccessError, "Proxy denied connection"),
    503: (SocketError.ConnectionRefusedError, "Connection refused"),
}
_OTHER_REFUSAL = (SocketError.ProxyProtocolError, "Error communicating with HTTP proxy")


class HttpConnectHandshake(ProxyHandshake):
    """Asks *proxy* for a tunnel to *host* (a name or an address) and *port*, and authenticates as the proxy wants.

    *ask* is called within `feed` when the proxy wants credentials and has refused, or was not given, those of *proxy*.
    Failures: SocketAccessError (403, 405), HostNotFoundError (404, and a host that is no name), ConnectionRefusedError
    (503), ProxyAuthenticationRequiredError (407, and no new credentials), ProxyConnectionClosedError,
    ProxyProtocolError (any other answer, and what is no HTTP).
    """

    __slots__ = (
        "_answer",
        "_ask",
        "_auth",
        "_budget",
        "_headers",
        "_host",
        "_name",
        "_port",
        "_reply",
        "_reused",
        "_state",
    )

    def __init__(self, proxy: QNetworkProxy, host: str, port: int, ask: Ask) -> None:
        super().__init__()
        self._name = f"{proxy.hostName()}:{proxy.port()}"
        self._host = host
        self._port = port
        self._ask = ask
        self._headers = [(bytes(name), bytes(proxy.rawHeader(name))) for name in proxy.rawHeaderList()]
        authenticator = QAuthenticator()
        if proxy.user() or proxy.password():
            authenticator.setUser(proxy.user())
            authenticator.setPassword(proxy.password())
        self._auth = AuthSession(proxy.hostName(), authenticator)
        self._answer: Answer | None = None
        self._reply: _Reply | None = None
        self._reused = False
        self._budget = 0
        self._state = _State.FRESH

    def begin(self) -> bytes:
        """The first request; on a further connection with what the proxy asked for on the one before."""
        if (self._state, _Event.BEGUN) not in _NEXT:
            raise RuntimeError(f"the handshake with {self._name} cannot begin now: {self._state.value}")
        self.again = False
        self._auth.reconnected()
        self._reused = False
        request = self._request()
        self._move(_Event.BEGUN)
        return request

    def feed(self, data: bytes) -> bytes:
        """Take what the proxy sent; the next request when it is due."""
        if self._state not in (_State.REPLY, _State.SKIPPING):
            raise RuntimeError(f"the handshake with {self._name} takes nothing now: {self._state.value}")
        output = b""
        while data and self._state in (_State.REPLY, _State.SKIPPING):
            assert self._reply is not None
            if self._state is _State.REPLY:
                data = data[self._read_head(self._reply, data) :]
                if self._reply.head_complete:
                    self._take_head(self._reply, data)
            else:
                data = data[self._read_content(self._reply, data) :]
            if self._state is _State.SKIPPING and self._reply.complete:
                self._reused = True
                output += self._request()
                self._move(_Event.SKIPPED)
        return output

    def ended(self) -> None:
        """The proxy closed the connection. Between two requests, or in a page, that is a matter of trying again."""
        idle = self._reused and self._reply is not None and not self._reply.beginning
        if (self._state is _State.SKIPPING or idle) and not self._auth.needs_connection:
            self._drop()
            return
        raise self._failure(
            SocketError.ProxyConnectionClosedError,
            "Proxy connection closed prematurely: no whole answer before its end",
        )

    def _request(self) -> bytes:
        """What asks for the tunnel, with the answer to the last challenge, if any."""
        target = self._authority()
        try:
            self._answer = self._auth.header("CONNECT", target)
        except AuthError as error:
            raise self._unanswerable(error) from error
        own = {name for name, _ in self._headers}
        headers = [(b"Host", target.encode()), (b"Proxy-Connection", b"keep-alive"), (b"User-Agent", b"Mozilla/5.0")]
        headers = [header for header in headers if header[0].lower() not in own]
        if self._answer is None:
            headers += self._headers
        else:
            headers += [header for header in self._headers if header[0] != b"proxy-authorization"]
            headers.append((b"Proxy-Authorization", self._answer.value))
        self._reply = _Reply()
        self._budget = MAX_HEAD
        lines = [b"CONNECT %b HTTP/1.1" % target.encode(), *(b"%b: %b" % header for header in headers)]
        return b"\r\n".join([*lines, b"", b""])

    def _authority(self) -> str:
        """Host and port as the request line has them: RFC 9112 section 3.2.3."""
        address = QHostAddress(self._host.strip("[]"))
        address.setScopeId("")  # which means nothing on another machine
        host = to_ace(self._host) if address.isNull() else address.toString()
        if host:
            return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"
        raise self._failure(SocketError.HostNotFoundError, f"Host not found: {self._host!r} is no host's name")

    def _read_head(self, reply: _Reply, data: bytes) -> int:
        """Feed *reply* up to the end of its headers; how many bytes that took."""
        try:
            taken = reply.read(data[: self._budget])
        except ValueError as error:
            raise self._failure(
                SocketError.ProxyProtocolError,
                f"Did not receive HTTP response from proxy: {_shown(reply.beginning)}",
            ) from error
        self._budget -= taken
        if not self._budget and not reply.head_complete:
            raise self._failure(
                SocketError.ProxyProtocolError,
                f"Error communicating with HTTP proxy: more than {MAX_HEAD} bytes of headers",
            )
        return taken

    def _read_content(self, reply: _Reply, data: bytes) -> int:
        """Feed *reply* up to the end of its content; how many bytes that took."""
        try:
            taken = reply.read(data[: self._budget])
        except ValueError:
            self._drop()
            return 0
        self._budget -= taken
        if not self._budget and not reply.complete:
            self._drop()
        return taken

    def _take_head(self, reply: _Reply, following: bytes) -> None:
        """The headers are here: go where the status says."""
        status = reply.status
        if 100 <= status < 200 and status != 101:
            self._reply = _Reply()
            self._move(_Event.INFORMED)
        elif 200 <= status < 300:
            # RFC 9110 section 9.3.6: any 2xx, and lengths in it are ignored.
            self._auth.accepted(reply.values(b"proxy-authentication-info"))
            self.rest = following
            self.done = True
            self._reply = None
            self._move(_Event.ACCEPTED)
        elif status == 407:
            self._authenticate(reply, reply.values(b"proxy-authenticate"))
        elif status == 401 and self._answer is not None:
            # There is nobody else yet whose answer it could be: tinyproxy says so to wrong credentials.
            self._authenticate(reply, reply.values(b"www-authenticate"))
        else:
            code, text = _REFUSALS.get(status, _OTHER_REFUSAL)
            raise self._failure(code, f"{text}: {self._line(reply)}")

    def _authenticate(self, reply: _Reply, challenges: list[bytes]) -> None:
        """Get an answer to the *challenges*, then skip the content, or else try again on a new connection."""
        try:
            state = self._auth.challenged(challenges, self._answer)
        except AuthError as error:
            raise self._unanswerable(error) from error
        if state is AuthState.ASKING:
            self._ask(self._auth.authenticator)
            if not self._auth.provided():
                raise self._failure(
                    SocketError.ProxyAuthenticationRequiredError,
                    f"Authentication required: {self._line(reply)}",
                )
        if reply.keeps_connection:
            self._budget = MAX_CONTENT
            self._move(_Event.KEPT)
        else:
            self._drop()

    def _drop(self) -> None:
        """Give this connection up, for another one."""
        if self._auth.needs_connection:
            raise self._failure(
                SocketError.ProxyConnectionClosedError,
                f"Proxy connection closed prematurely: in the middle of {self._auth.scheme}",
            )
        self._reply = None
        self.again = True
        self._move(_Event.DROPPED)

    def _line(self, reply: _Reply) -> str:
        reason = _shown(reply.reason)[2:-1]
        return f"CONNECT {self._authority()} was answered with {reply.status} {reason}".rstrip()

    def _unanswerable(self, error: AuthError) -> ProxyFailure:
        text = f"Error parsing authentication request from proxy: {error}"
        return self._failure(SocketError.ProxyProtocolError, text)

    def _failure(self, code: SocketError, text: str) -> ProxyFailure:
        self._move(_Event.FAILED)
        return ProxyFailure(code, text)

    def _move(self, event: _Event) -> None:
        following = _NEXT.get((self._state, event))
        if following is None:
            raise RuntimeError(f"{event.value} in the state {self._state.value}")
        self._state = following

    def __repr__(self) -> str:
        return f"<HttpConnectHandshake: {self._state.value}, {self._host}:{self._port} through {self._name}>"


class _Reply:
    """One message of the proxy as far as it has arrived. Keeps no content."""

    __slots__ = ("__weakref__", "_message", "_parser", "beginning")

    def __init__(self) -> None:
        import httptools

        self._message = _Message(weakref.ref(self))
        self._parser: httptools.HttpResponseParser = httptools.HttpResponseParser(self._message)
        # RFC 9112 sections 2.2 and 5.2: a lone LF ends a line, and headers may be folded.
        self._parser.set_dangerous_leniencies(lenient_headers=True, lenient_optional_cr_before_lf=True)
        self.beginning = b""

    def read(self, data: bytes) -> int:
        """Take bytes up to the end of the headers or, if that is past, of the message; how many.

        ValueError if it is no HTTP.
        """
        import httptools

        if len(self.beginning) < SHOWN:
            self.beginning += data[: SHOWN - len(self.beginning)]
        message = self._message
        headers_due = not message.head_complete
        for at in range(len(data)):
            try:
                self._parser.feed_data(data[at : at + 1])
            except httptools.HttpParserUpgrade:
                message.complete = True
            except httptools.HttpParserError as error:
                raise ValueError(str(error)) from error
            if message.complete or (headers_due and message.head_complete):
                if not self.beginning.lstrip(b"\r\n").startswith(b"HTTP/"):
                    raise ValueError("RTSP or ICE")
                return at + 1
        return len(data)

    @property
    def head_complete(self) -> bool:
        return self._message.head_complete

    @property
    def complete(self) -> bool:
        return self._message.complete

    @property
    def status(self) -> int:
        return self._parser.get_status_code()

    @property
    def reason(self) -> bytes:
        return bytes(self._message.reason)

    @property
    def keeps_connection(self) -> bool:
        """As the headers say: false as well if only the connection's end ends the content."""
        return self._message.keeps_connection

    def should_keep_alive(self) -> bool:
        """What llhttp says now. It forgets with a message's end, which may be that of its headers."""
        return self._parser.should_keep_alive()

    def values(self, name: bytes) -> list[bytes]:
        """The values of all headers *name*, in lower case."""
        return [value for own, value in self._message.headers if own.lower() == name]


class _Message:
    """What llhttp calls back. Apart from `_Reply`, since the parser refers to it: there shall be no cycle."""

    __slots__ = ("_reply", "complete", "head_complete", "headers", "keeps_connection", "reason")

    def __init__(self, reply: weakref.ref[_Reply]) -> None:
        self._reply = reply
        self.headers: list[tuple[bytes, bytes]] = []
        self.reason = bytearray()
        self.head_complete = False
        self.complete = False
        self.keeps_connection = False

    def on_status(self, status: bytes) -> None:
        self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.head_complete = True
        reply = self._reply()
        self.keeps_connection = reply is not None and reply.should_keep_alive()

    def on_message_complete(self) -> None:
        self.complete = True


def _shown(data: bytes) -> str:
    """The beginning of *data*, escaped."""
    return repr(data[:SHOWN]) + ("..." if len(data) > SHOWN else "")
