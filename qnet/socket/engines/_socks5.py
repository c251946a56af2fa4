"""SOCKS version 5, the client's side: bytes in, bytes out (RFC 1928; user and password: RFC 1929).

========  =========================  ========================================================================
state     event                      what follows
========  =========================  ========================================================================
Idle      ``begin``                  -> Method; the methods that we offer
Method    no login is wanted         -> Reply; the request
Method    a login is wanted          -> Login; user and password
Method    no method will do          the program is asked -> Idle (`again`), or ProxyAuthenticationRequiredError
Login     taken                      -> Reply; the request
Login     refused                    the program is asked -> Idle (`again`), or ProxyAuthenticationRequiredError
Reply     granted                    -> Open (`done`)
Reply     granted, to a BIND         -> Bound (`done`): the proxy listens
Bound     ``await_caller``           -> Caller
Caller    granted                    -> Open (`done`): somebody has connected
========  =========================  ========================================================================

A reply that refuses, and every byte that the protocol has no place for, is a ProxyFailure. Nothing follows it.

A message of the proxy has 262 bytes at most. What is complete is taken at once, so that no more than the beginning of
one message is ever kept.
"""

from __future__ import annotations

from enum import Enum, IntEnum, auto
from typing import TYPE_CHECKING

from qnet.core._url_ace import to_ace
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import SocketError
from qnet.socket.engines._handshake import Ask, ProxyFailure, ProxyHandshake

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qnet.kernel.networkproxy import QNetworkProxy

__all__ = [
    "TRANSITIONS",
    "Command",
    "Event",
    "Socks5Handshake",
    "State",
    "datagram_header",
    "parse_datagram",
]

_VERSION = 5
_LOGIN_VERSION = 1  # of the sub-negotiation, RFC 1929 section 2
_NO_LOGIN, _USER_AND_PASSWORD, _NONE_OF_THEM = 0x00, 0x02, 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4  # ATYP
_LONGEST = 255  # bytes of a name, a user, a password: their lengths are one byte

_PROTOCOL = "SOCKS version 5 protocol error"
_LOGIN_FAILED = "Proxy authentication failed"

_Error = SocketError

# RFC 1928 section 6: REP
_REFUSALS: Mapping[int, tuple[SocketError, str]] = {
    1: (_Error.NetworkError, "General SOCKSv5 server failure"),
    2: (_Error.SocketAccessError, "Connection not allowed by SOCKSv5 server"),
    3: (_Error.NetworkError, "Network unreachable"),
    4: (_Error.HostNotFoundError, "Host not found"),
    5: (_Error.ConnectionRefusedError, "Connection refused"),
    6: (_Error.NetworkError, "TTL expired"),
    7: (_Error.UnsupportedSocketOperationError, "SOCKSv5 command not supported"),
    8: (_Error.UnsupportedSocketOperationError, "Address type not supported"),
}
# What proxies answer if they cannot resolve the name that they were given.
_OF_A_NAME = (1, 2)


class Command(IntEnum):
    """What is asked of the proxy: CMD in RFC 1928 section 4."""

    CONNECT = 1
    BIND = 2
    UDP_ASSOCIATE = 3


class State(Enum):
    """Where a handshake is."""

    IDLE = auto()
    METHOD = auto()
    LOGIN = auto()
    REPLY = auto()
    BOUND = auto()
    CALLER = auto()
    OPEN = auto()
    FAILED = auto()


class Event(Enum):
    """What moves it on."""

    BEGIN = auto()
    NO_LOGIN = auto()
    LOGIN = auto()
    ASK_AGAIN = auto()
    LOGGED_IN = auto()
    LISTENING = auto()
    AWAIT_CALLER = auto()
    GRANTED = auto()
    FAIL = auto()


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.IDLE: {Event.BEGIN: State.METHOD, Event.FAIL: State.FAILED},
    State.METHOD: {
        Event.NO_LOGIN: State.REPLY,
        Event.LOGIN: State.LOGIN,
        Event.ASK_AGAIN: State.IDLE,
        Event.FAIL: State.FAILED,
    },
    State.LOGIN: {Event.LOGGED_IN: State.REPLY, Event.ASK_AGAIN: State.IDLE, Event.FAIL: State.FAILED},
    State.REPLY: {Event.GRANTED: State.OPEN, Event.LISTENING: State.BOUND, Event.FAIL: State.FAILED},
    State.BOUND: {Event.AWAIT_CALLER: State.CALLER, Event.FAIL: State.FAILED},
    State.CALLER: {Event.GRANTED: State.OPEN, Event.FAIL: State.FAILED},
    State.OPEN: {},
    State.FAILED: {},
}


class Socks5Handshake(ProxyHandshake):
    """*command* for *host* and *port* through *proxy*: CONNECT to it, BIND for it, or UDP_ASSOCIATE from it.

    *host* is an address, or a name that the proxy is to look up. User and password are the proxy's, and then what
    *ask* is told; credentials that were refused are not tried again, and mean that there are no better ones.

    After a BIND `local` is where the proxy listens; ``await_caller`` then begins the wait for the second reply, after
    which `caller` is who connected. After UDP_ASSOCIATE `local` is where the proxy takes datagrams.
    """

    __slots__ = ("_ask", "_buffer", "_command", "_host", "_offered", "_password", "_port", "_user", "caller", "state")

    def __init__(
        self,
        proxy: QNetworkProxy,
        host: QHostAddress | str,
        port: int,
        ask: Ask,
        command: Command = Command.CONNECT,
    ) -> None:
        super().__init__()
        self._host = host
        self._port = port
        self._ask = ask
        self._command = command
        self._user = proxy.user()
        self._password = proxy.password()
        self._offered = b""
        self._buffer = bytearray()
        self.state = State.IDLE
        self.caller: tuple[QHostAddress, int] | None = None

    def begin(self) -> bytes:
        """See the base class: the offer of methods, RFC 1928 section 3."""
        self._move(Event.BEGIN)
        self.again = False
        self._buffer.clear()
        # Without a login the method for it is not offered: a proxy might choose it. With one both are, and a proxy
        # that wants none can say so.
        self._offered = bytes((_NO_LOGIN, _USER_AND_PASSWORD) if self._has_login() else (_NO_LOGIN,))
        return bytes((_VERSION, len(self._offered))) + self._offered

    def await_caller(self) -> None:
        """After a BIND: feed what arrives from now on, until `done` says that somebody has connected."""
        self._move(Event.AWAIT_CALLER)
        self.done = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """See the base class."""
        if self.state not in _READERS and not self.done:
            raise RuntimeError(f"a SOCKS5 handshake that is {self.state.name} expects no bytes")
        buffer = self._buffer
        buffer += data
        answers = b""
        while not self.done and not self.again:
            answer = _READERS[self.state](self)
            if answer is None:
                return answers
            answers += answer
        self.rest = bytes(buffer)
        buffer.clear()
        return answers

    def ended(self) -> None:
        """See the base class."""
        self._move(Event.FAIL)
        raise ProxyFailure(_Error.ProxyConnectionClosedError, "Connection to proxy closed prematurely")

    def _move(self, event: Event) -> None:
        following = TRANSITIONS[self.state].get(event)
        if following is None:
            raise RuntimeError(f"{event.name} does not happen in a SOCKS5 handshake that is {self.state.name}")
        self.state = following

    def _fail(self, code: SocketError, text: str) -> ProxyFailure:
        self._move(Event.FAIL)
        return ProxyFailure(code, text)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    # -- the login

    def _has_login(self) -> bool:
        return bool(self._user or self._password)

    def _read_method(self) -> bytes | None:
        """RFC 1928 section 3: VER, METHOD."""
        if not self._is_version(_VERSION) or len(self._buffer) < 2:
            return None
        method = self._take(2)[1]
        if method == _NONE_OF_THEM:
            return self._ask_again()
        if method not in self._offered:
            raise self._fail(
                _Error.SocketAccessError,
                f"{_LOGIN_FAILED}: Socks5 host did not support authentication method. It chose {method:#04x}",
            )
        if method == _NO_LOGIN:
            self._move(Event.NO_LOGIN)
            return self._request()
        login = self._login()
        self._move(Event.LOGIN)
        return login

    def _login(self) -> bytes:
        """RFC 1929 section 2: VER, ULEN, UNAME, PLEN, PASSWD."""
        message = bytes((_LOGIN_VERSION,))
        for what, text in (("user name", self._user), ("password", self._password)):
            field = _encoded(text)
            if len(field) > _LONGEST:
                raise self._fail(
                    _Error.ProxyAuthenticationRequiredError,
                    f"{_LOGIN_FAILED}: the {what} has {len(field)} bytes, and SOCKS5 takes {_LONGEST}",
                )
            message += bytes((len(field),)) + field
        return message

    def _read_login(self) -> bytes | None:
        """RFC 1929 section 2: VER, STATUS."""
        if not self._is_version(_LOGIN_VERSION) or len(self._buffer) < 2:
            return None
        if self._take(2)[1]:  # "A STATUS field of X'00' indicates success."
            return self._ask_again()
        self._move(Event.LOGGED_IN)
        return self._request()

    def _ask_again(self) -> bytes:
        from qnet.kernel.authenticator import QAuthenticator

        authenticator = QAuthenticator()
        self._ask(authenticator)
        refused = (self._user, self._password)
        self._user, self._password = authenticator.user(), authenticator.password()
        if authenticator.isNull() or not self._has_login() or (self._user, self._password) == refused:
            raise self._fail(_Error.ProxyAuthenticationRequiredError, _LOGIN_FAILED)
        self._move(Event.ASK_AGAIN)
        self.again = True
        return b""

    # -- the request

    def _request(self) -> bytes:
        """RFC 1928 section 4: VER, CMD, RSV, ATYP, DST.ADDR, DST.PORT."""
        address = _packed(self._host)
        if not address:
            raise self._fail(_Error.HostNotFoundError, "Host not found: it is no name of a host")
        return bytes((_VERSION, self._command, 0)) + address + self._port.to_bytes(2, "big")

    def _read_reply(self) -> bytes | None:
        """The (first) reply to the request."""
        bound = self._read_address()
        if bound is None:
            return None
        self._move(Event.LISTENING if self._command is Command.BIND else Event.GRANTED)
        self.local = bound
        self.done = True
        return b""

    def _read_caller(self) -> bytes | None:
        """The second reply to a BIND: "after the anticipated incoming connection succeeds or fails"."""
        caller = self._read_address()
        if caller is None:
            return None
        self._move(Event.GRANTED)
        self.caller = caller
        self.done = True
        return b""

    def _read_address(self) -> tuple[QHostAddress, int] | None:
        """RFC 1928 section 6: VER, REP, RSV, ATYP, BND.ADDR, BND.PORT."""
        buffer = self._buffer
        if not self._is_version(_VERSION) or len(buffer) < 2:
            return None
        if buffer[1]:
            raise self._refused(buffer[1])
        if len(buffer) > 2 and buffer[2]:
            # Section 6: "Fields marked RESERVED (RSV) must be set to X'00'."
            raise self._fail(_Error.ProxyProtocolError, f"{_PROTOCOL}: a reserved byte is {buffer[2]:#04x}")
        if len(buffer) > 3 and buffer[3] not in (_IPV4, _NAME, _IPV6):
            raise self._fail(_Error.ProxyProtocolError, f"{_PROTOCOL}: an address is of the type {buffer[3]:#04x}")
        found = _unpacked(buffer, 3)
        if found is None:
            return None
        address, port, end = found
        self._take(end)
        return address, port

    def _refused(self, reply: int) -> ProxyFailure:
        code, text = _REFUSALS.get(reply, (_Error.UnknownSocketError, f"Unknown SOCKSv5 proxy error code {reply:#04x}"))
        if reply in _OF_A_NAME and isinstance(self._host, str):
            code, text = _Error.HostNotFoundError, f"Host not found: {text}"
        return self._fail(code, text)

    def _is_version(self, version: int) -> bool:
        """Whether a message has begun: with *version*, or it is none of SOCKS5."""
        if not self._buffer:
            return False
        if self._buffer[0] != version:
            raise self._fail(
                _Error.ProxyProtocolError,
                f"{_PROTOCOL}: a message begins with {self._buffer[0]:#04x}, not with {version:#04x}",
            )
        return True


_READERS: Mapping[State, Callable[[Socks5Handshake], bytes | None]] = {
    State.METHOD: Socks5Handshake._read_method,
    State.LOGIN: Socks5Handshake._read_login,
    State.REPLY: Socks5Handshake._read_reply,
    State.CALLER: Socks5Handshake._read_caller,
}


def _encoded(text: str) -> bytes:
    """A user or password: RFC 1929 names no character set. Latin-1 is what Qt sends."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _packed(host: QHostAddress | str) -> bytes:
    """ATYP and the address, RFC 1928 section 5; empty for a name that no host can have."""
    if isinstance(host, str):
        name = to_ace(host).encode("ascii")
        return bytes((_NAME, len(name))) + name if 0 < len(name) <= _LONGEST else b""
    if host.protocol() is NetworkLayerProtocol.IPv6Protocol:
        return bytes((_IPV6,)) + bytes(host.toIPv6Address())
    return bytes((_IPV4,)) + host.toIPv4Address().to_bytes(4, "big")  # Any, too


def _unpacked(data: bytes | bytearray, start: int) -> tuple[QHostAddress, int, int] | None:
    """The address (null for a name that is no address), the port and their end; None if they are not all there."""
    if len(data) < start + 2:
        return None
    kind = data[start]
    begin = start + 1
    if kind == _NAME:
        begin += 1
        end = begin + data[start + 1]
    else:
        end = begin + (4 if kind == _IPV4 else 16)
    if len(data) < end + 2:
        return None
    field = bytes(data[begin:end])
    if kind == _NAME:
        address = QHostAddress(field.decode("latin-1"))
    elif kind == _IPV4:
        address = QHostAddress(int.from_bytes(field, "big"))
    else:
        address = QHostAddress(field)
    return address, int.from_bytes(data[end : end + 2], "big"), end + 2


# -- datagrams


def datagram_header(host: QHostAddress | str, port: int) -> bytes:
    """What stands before a datagram for *host* and *port*, RFC 1928 section 7. Raises ValueError for no host's name."""
    address = _packed(host)
    if not address:
        raise ValueError(f"{host!r} is no name of a host")
    return b"\0\0\0" + address + port.to_bytes(2, "big")


def parse_datagram(data: bytes) -> tuple[QHostAddress, int, int] | None:
    """The sender's address and port, and where its data begins; None for what is to be dropped.

    The address is null if the proxy names the sender and does not say its address. A fragment is dropped: section 7,
    "an implementation that does not support fragmentation MUST drop any datagram whose FRAG field is other than X'00'".
    """
    if len(data) < 4 or data[0] or data[1] or data[2] or data[3] not in (_IPV4, _NAME, _IPV6):
        return None
    return _unpacked(data, 3)
