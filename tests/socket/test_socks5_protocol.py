"""The SOCKS5 handshake and the header of datagrams, without sockets: RFC 1928 and RFC 1929 byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel.authenticator import QAuthenticator
from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkproxy import QNetworkProxy
from qnet.socket._enums import SocketError
from qnet.socket.engines._handshake import ProxyFailure
from qnet.socket.engines._socks5 import (
    TRANSITIONS,
    Command,
    Event,
    Socks5Handshake,
    State,
    datagram_header,
    parse_datagram,
)

V4, V6, NAME = QHostAddress("10.9.8.7"), QHostAddress("2001:db8::1"), "example.test"
GREETING, GREETING_WITH_LOGIN = b"\5\1\0", b"\5\2\0\2"
NO_LOGIN, LOGIN, NO_METHOD = b"\5\0", b"\5\2", b"\5\xff"
TAKEN, REFUSED = b"\1\0", b"\1\1"
GRANTED = b"\5\0\0\1\x0a\1\2\3\x12\x34"
REQUEST = b"\5\1\0\1\x0a\x09\x08\x07\0\x50"
LONGEST = b"\5\0\0\3\xff" + b"n" * 255 + b"\x12\x34"


def nothing(authenticator: QAuthenticator) -> None:
    """A program that has no credentials."""


def answers(*credentials: tuple[str, str]) -> Callable[[QAuthenticator], None]:
    """A program that gives these, one pair after the other."""
    left = list(credentials)

    def ask(authenticator: QAuthenticator) -> None:
        if left:
            user, password = left.pop(0)
            authenticator.setUser(user)
            authenticator.setPassword(password)

    return ask


def handshake(
    host: Any = V4,
    port: int = 80,
    user: str = "",
    password: str = "",
    ask: Any = nothing,
    command: Any = Command.CONNECT,
) -> Socks5Handshake:
    proxy = QNetworkProxy(QNetworkProxy.ProxyType.Socks5Proxy, "proxy.test", 1080, user, password)
    return Socks5Handshake(proxy, host, port, ask, command)


def talk(made: Socks5Handshake, *pieces: bytes) -> list[bytes]:
    """What *made* says: first, and to each of *pieces*."""
    return [made.begin(), *map(made.feed, pieces)]


def refusal(made: Socks5Handshake, *pieces: bytes) -> ProxyFailure:
    with pytest.raises(ProxyFailure) as caught:
        talk(made, *pieces)
    assert made.state is State.FAILED
    return caught.value


def splits(data: bytes) -> Iterator[list[bytes]]:
    """*data* in one piece, in two at every place, and byte by byte."""
    yield [data]
    for cut in range(1, len(data)):
        yield [data[:cut], data[cut:]]
    yield [data[i : i + 1] for i in range(len(data))]


# --- CONNECT ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (V4, b"\1\x0a\x09\x08\x07"),
        (V6, b"\4" + bytes(V6.toIPv6Address())),
        (NAME, b"\3\x0cexample.test"),
        ("bücher.test", b"\3\x12xn--bcher-kva.test"),
        ("n" * 63 + ".test", b"\3\x44" + b"n" * 63 + b".test"),
        ("host.test.", b"\3\x0ahost.test."),
    ],
)
def test_connect(host: Any, address: bytes) -> None:
    made = handshake(host, 443)
    assert talk(made, NO_LOGIN, GRANTED) == [GREETING, b"\5\1\0" + address + b"\1\xbb", b""]
    assert (made.done, made.again, made.rest, made.state) == (True, False, b"", State.OPEN)
    assert made.local == (QHostAddress("10.1.2.3"), 0x1234)


@pytest.mark.parametrize("host", ["", "bad host", "a" * 64 + ".test", ".".join(["n" * 60] * 5), "a..b", "h\0st"])
def test_a_name_that_no_host_can_have_is_not_sent(host: str) -> None:
    failure = refusal(handshake(host), NO_LOGIN)
    assert failure.code is SocketError.HostNotFoundError
    assert failure.text.startswith("Host not found")


@pytest.mark.parametrize(
    ("reply", "local"),
    [
        (GRANTED, (QHostAddress("10.1.2.3"), 0x1234)),
        (b"\5\0\0\4" + bytes(15) + b"\1\0\x50", (QHostAddress("::1"), 80)),
        (b"\5\0\0\3\3abc\0\x50", (QHostAddress(), 80)),
        (b"\5\0\0\3\0\0\x50", (QHostAddress(), 80)),
        (b"\5\0\0\3\x08127.0.0.1"[:-1] + b"\0\x50", (QHostAddress("127.0.0."), 80)),
        (b"\5\0\0\3\x09127.0.0.1\0\x50", (QHostAddress("127.0.0.1"), 80)),
        (LONGEST, (QHostAddress(), 0x1234)),
    ],
)
def test_every_kind_of_address_in_a_reply_at_every_split(reply: bytes, local: tuple[QHostAddress, int]) -> None:
    for pieces in splits(reply):
        made = handshake()
        talk(made, NO_LOGIN, *pieces)
        assert (made.done, made.local, made.rest) == (True, local, b"")


def test_a_dialogue_at_every_split() -> None:
    for pieces in splits(LOGIN + TAKEN + GRANTED + b"early"):
        made = handshake(user="u", password="p")
        said = b"".join(talk(made, *pieces[:-1]))
        before = made.done
        said += made.feed(pieces[-1])
        assert said == GREETING_WITH_LOGIN + b"\1\1u\1p" + REQUEST
        assert made.done
        # What comes after the end of the handshake is not fed to it any more.
        assert before or b"early".endswith(made.rest)


def test_bytes_behind_the_reply_are_the_targets() -> None:
    made = handshake()
    talk(made, NO_LOGIN, GRANTED + b"early")
    assert (made.done, made.rest) == (True, b"early")


# --- logging in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "password", "message"),
    [
        ("u", "p", b"\1\1u\1p"),
        ("u", "", b"\1\1u\0"),
        ("", "p", b"\1\0\1p"),
        ("ü", "ß", b"\1\1\xfc\1\xdf"),  # Latin-1, as Qt
        ("€", "ä€", b"\1\3\xe2\x82\xac\5\xc3\xa4\xe2\x82\xac"),  # and UTF-8 where that cannot be
        ("u" * 255, "p" * 255, b"\1\xff" + b"u" * 255 + b"\xff" + b"p" * 255),
    ],
)
def test_user_and_password(user: str, password: str, message: bytes) -> None:
    made = handshake(user=user, password=password)
    assert talk(made, LOGIN, TAKEN, GRANTED) == [GREETING_WITH_LOGIN, message, REQUEST, b""]
    assert made.done


def test_a_proxy_that_wants_no_login_gets_none() -> None:
    made = handshake(user="u", password="p")
    assert talk(made, NO_LOGIN, GRANTED) == [GREETING_WITH_LOGIN, REQUEST, b""]


@pytest.mark.parametrize(("user", "password", "what"), [("u" * 256, "p", "user name"), ("u", "€" * 86, "password")])
def test_what_does_not_fit_into_the_message_is_not_sent(user: str, password: str, what: str) -> None:
    failure = refusal(handshake(user=user, password=password), LOGIN)
    assert failure.code is SocketError.ProxyAuthenticationRequiredError
    assert what in failure.text


@pytest.mark.parametrize("refused", [[NO_METHOD], [LOGIN, REFUSED], [LOGIN, b"\1\xff"]])
def test_refused_credentials_are_asked_for_again_on_a_new_connection(refused: list[bytes]) -> None:
    made = handshake(user="u", password="bad", ask=answers(("u", "worse"), ("u", "good")))
    for password in (b"bad", b"worse"):
        said = talk(made, *refused)
        assert said[1 : len(refused)] == [b"\1\1u" + bytes((len(password),)) + password][: len(refused) - 1]
        assert (made.again, made.done, made.state) == (True, False, State.IDLE)
    assert talk(made, LOGIN, TAKEN, GRANTED) == [GREETING_WITH_LOGIN, b"\1\1u\4good", REQUEST, b""]
    assert (made.again, made.done) == (False, True)


def test_a_proxy_that_takes_nobody_without_login() -> None:
    made = handshake(ask=answers(("u", "p")))
    assert talk(made, NO_METHOD) == [GREETING, b""]
    assert made.again
    assert talk(made, LOGIN, TAKEN) == [GREETING_WITH_LOGIN, b"\1\1u\1p", REQUEST]


@pytest.mark.parametrize("given", [[], [("", "")], [("u", "bad")]])
@pytest.mark.parametrize("refused", [[NO_METHOD], [LOGIN, REFUSED]])
def test_no_new_credentials_end_it(refused: list[bytes], given: list[tuple[str, str]]) -> None:
    failure = refusal(handshake(user="u", password="bad", ask=answers(*given)), *refused)
    assert failure.code is SocketError.ProxyAuthenticationRequiredError
    assert failure.text == "Proxy authentication failed"


@pytest.mark.parametrize("method", [1, 2, 3, 0x80, 0xFE])
def test_a_method_that_was_not_offered(method: int) -> None:
    failure = refusal(handshake(), bytes((5, method)))
    assert failure.code is SocketError.SocketAccessError
    assert f"{method:#04x}" in failure.text


# --- what proxies say instead ----------------------------------------------------------------------------------------

CODES = {
    1: (SocketError.NetworkError, "General SOCKSv5 server failure"),
    2: (SocketError.SocketAccessError, "Connection not allowed by SOCKSv5 server"),
    3: (SocketError.NetworkError, "Network unreachable"),
    4: (SocketError.HostNotFoundError, "Host not found"),
    5: (SocketError.ConnectionRefusedError, "Connection refused"),
    6: (SocketError.NetworkError, "TTL expired"),
    7: (SocketError.UnsupportedSocketOperationError, "SOCKSv5 command not supported"),
    8: (SocketError.UnsupportedSocketOperationError, "Address type not supported"),
}


@pytest.mark.parametrize("code", [*CODES, 9, 0x5B, 0xFF])
def test_refusals(code: int) -> None:
    expected = CODES.get(code, (SocketError.UnknownSocketError, f"Unknown SOCKSv5 proxy error code {code:#04x}"))
    for reply in (
        b"\5" + bytes((code,)),
        b"\5" + bytes((code,)) + b"\0\1" + bytes(6),
        b"\5" + bytes((code,)) + b"junk",
    ):
        failure = refusal(handshake(), NO_LOGIN, reply)
        assert (failure.code, failure.text) == expected


@pytest.mark.parametrize("code", [1, 2])
def test_general_refusals_of_a_name_mean_that_there_is_no_such_host(code: int) -> None:
    failure = refusal(handshake(NAME), NO_LOGIN, b"\5" + bytes((code,)))
    assert (failure.code, failure.text) == (SocketError.HostNotFoundError, f"Host not found: {CODES[code][1]}")


DIALOGUE = (LOGIN, TAKEN, GRANTED)
# Places in it where one byte has to be what it is: VER, VER, VER, RSV.
FIXED = {0, 2, 4, 6}


def code_of(made: Socks5Handshake, data: bytes) -> SocketError | None:
    """The error that *data* from the proxy ends in; None if it does not."""
    try:
        talk(made, data)
    except ProxyFailure as failure:
        return failure.code
    return None


@pytest.mark.parametrize("place", range(4 + len(GRANTED)))
def test_each_byte_replaced_by_each_other(place: int) -> None:
    good = b"".join(DIALOGUE)
    for value in set(range(256)) - {good[place]}:
        made = handshake(user="u", password="p")
        bad = bytearray(good)
        bad[place] = value
        code = code_of(made, bytes(bad))
        if code is None:
            # An address and a port may be anything, and a name or IPv6 address is longer than what is there.
            assert place > 7 or (place, value) in ((7, 3), (7, 4))
            assert made.done == (place > 7)
        else:
            no_login = (place, value) == (1, 0)  # then the rest is none of a reply
            assert (code is SocketError.ProxyProtocolError) == (place in FIXED or place == 7 or no_login)
            assert made.state is State.FAILED


@pytest.mark.parametrize("begun", [b"", b"\5", LOGIN, LOGIN + b"\1", LOGIN + TAKEN, LOGIN + TAKEN + GRANTED[:-1]])
def test_the_end_of_the_connection(begun: bytes) -> None:
    made = handshake(user="u", password="p")
    talk(made, begun)
    with pytest.raises(ProxyFailure, match="Connection to proxy closed prematurely") as caught:
        made.ended()
    assert (caught.value.code, made.state) == (SocketError.ProxyConnectionClosedError, State.FAILED)


def test_no_more_than_one_message_is_kept() -> None:
    made = handshake()
    talk(made, NO_LOGIN)
    kept = []
    for index in range(len(LONGEST)):
        assert made.feed(LONGEST[index : index + 1]) == b""
        kept.append(len(made._buffer))
    assert max(kept) == len(LONGEST) - 1 == 261
    assert (made.done, kept[-1]) == (True, 0)


# --- BIND ------------------------------------------------------------------------------------------------------------

CALLED = b"\5\0\0\1\x7f\0\0\1\xc0\0"


def test_bind_has_two_replies() -> None:
    made = handshake(QHostAddress("0.0.0.0"), 0, command=Command.BIND)
    assert talk(made, NO_LOGIN, GRANTED) == [GREETING, b"\5\2\0\1\0\0\0\0\0\0", b""]
    assert (made.done, made.state, made.local, made.caller) == (
        True,
        State.BOUND,
        (QHostAddress("10.1.2.3"), 0x1234),
        None,
    )
    made.await_caller()
    assert (made.done, made.state) == (False, State.CALLER)
    assert made.feed(CALLED + b"hello") == b""
    assert (made.done, made.rest, made.state) == (True, b"hello", State.OPEN)
    assert made.caller == (QHostAddress("127.0.0.1"), 0xC000)


def test_the_second_reply_at_every_split() -> None:
    for pieces in splits(CALLED):
        made = handshake(command=Command.BIND)
        talk(made, NO_LOGIN, GRANTED)
        made.await_caller()
        assert [made.feed(piece) for piece in pieces] == [b""] * len(pieces)
        assert (made.done, made.caller) == (True, (QHostAddress("127.0.0.1"), 0xC000))


def test_both_replies_together() -> None:
    made = handshake(command=Command.BIND)
    talk(made, NO_LOGIN, GRANTED + CALLED + b"hello")
    assert (made.state, made.rest) == (State.BOUND, CALLED + b"hello")
    rest = made.rest
    made.await_caller()
    made.feed(rest)
    assert (made.state, made.rest, made.caller) == (State.OPEN, b"hello", (QHostAddress("127.0.0.1"), 0xC000))


@pytest.mark.parametrize("code", sorted(CODES))
def test_nobody_comes(code: int) -> None:
    made = handshake(command=Command.BIND)
    talk(made, NO_LOGIN, GRANTED)
    made.await_caller()
    with pytest.raises(ProxyFailure) as caught:
        made.feed(b"\5" + bytes((code,)))
    assert (caught.value.code, caught.value.text) == CODES[code]


@pytest.mark.parametrize("host", [QHostAddress(), QHostAddress(QHostAddress.SpecialAddress.Any)])
def test_any_address_is_asked_for_as_an_ipv4_one(host: QHostAddress) -> None:
    assert talk(handshake(host, 7, command=Command.UDP_ASSOCIATE), NO_LOGIN)[1] == b"\5\3\0\1\0\0\0\0\0\7"


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_is_whole() -> None:
    assert set(TRANSITIONS) == set(State)
    reached = {State.IDLE}
    while True:
        more = reached | {after for state in reached for after in TRANSITIONS[state].values()}
        if more == reached:
            break
        reached = more
    assert reached == set(State)
    assert {event for row in TRANSITIONS.values() for event in row} == set(Event)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_what_is_not_in_the_table_raises_and_changes_nothing(state: State, event: Event) -> None:
    made = handshake()
    made.state = state
    following = TRANSITIONS[state].get(event)
    if following is None:
        with pytest.raises(RuntimeError, match=state.name):
            made._move(event)
        assert made.state is state
    else:
        made._move(event)
        assert made.state is following


def test_calls_that_do_not_fit_the_state() -> None:
    made = handshake()
    with pytest.raises(RuntimeError, match="IDLE"):
        made.feed(b"\5")
    with pytest.raises(RuntimeError, match="IDLE"):
        made.await_caller()
    made.begin()
    with pytest.raises(RuntimeError, match="METHOD"):
        made.begin()
    assert made.feed(NO_LOGIN) == REQUEST


# --- datagrams -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "port", "header"),
    [
        (V4, 53, b"\0\0\0\1\x0a\x09\x08\x07\0\x35"),
        (V6, 53, b"\0\0\0\4" + bytes(V6.toIPv6Address()) + b"\0\x35"),
        (NAME, 65535, b"\0\0\0\3\x0cexample.test\xff\xff"),
    ],
)
def test_the_header_of_a_datagram(host: Any, port: int, header: bytes) -> None:
    assert datagram_header(host, port) == header
    sender = QHostAddress() if host == NAME else host
    assert parse_datagram(header + b"data") == (sender, port, len(header))
    assert parse_datagram(header) == (sender, port, len(header))
    for length in range(len(header)):
        assert parse_datagram(header[:length]) is None


def test_no_header_for_what_is_no_host() -> None:
    with pytest.raises(ValueError, match="'bad host'"):
        datagram_header("bad host", 53)


@pytest.mark.parametrize("place", range(4))
def test_what_is_no_header_is_dropped(place: int) -> None:
    header = datagram_header(V4, 53)
    for value in range(256):
        bad = bytearray(header)
        bad[place] = value
        # A name's length would be the address' first byte, and an IPv6 address is longer than what is there.
        assert (parse_datagram(bytes(bad) + b"data") is not None) == (value == header[place]), value


# --- anything --------------------------------------------------------------------------------------------------------

BYTES = st.binary(max_size=300)
LIKELY = st.lists(
    st.sampled_from(
        [NO_LOGIN, LOGIN, NO_METHOD, TAKEN, REFUSED, GRANTED, CALLED, b"\5\0\0\3", b"\5\0\0\4", b"\5", b"\0"]
    )
    | st.binary(max_size=4),
    max_size=8,
).map(b"".join)


def outcome(pieces: list[bytes], command: Command) -> Any:
    """What comes of *pieces*: everything that a socket can see."""
    made = handshake(NAME, user="u", password="p", ask=answers(("u", "q"), ("v", "q")), command=command)
    said = bytearray(made.begin())
    left = list(pieces)
    try:
        while left:
            rest = left.pop(0)
            said += made.feed(rest)
            assert len(made._buffer) < 262
            if made.again:
                said += b"|" + made.begin()
                left = []  # of a connection that is closed
            elif made.done:
                left.insert(0, made.rest)
                if made.state is State.OPEN:
                    return bytes(said), made.local, made.caller, b"".join(left)
                made.await_caller()
    except ProxyFailure as failure:
        assert made.state is State.FAILED
        return bytes(said), failure.code, failure.text
    return bytes(said), made.state, made.local, bytes(made._buffer)


@pytest.mark.timeout(0)
@fuzz
@given(data=BYTES | LIKELY, cuts=st.lists(st.integers(0, 300), max_size=6), command=st.sampled_from(Command))
def test_fuzz_the_result_depends_on_nothing_but_the_bytes(data: bytes, cuts: list[int], command: Command) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    whole, cut = outcome([data], command), outcome(pieces, command)
    assert whole[1:] == cut[1:]
    # What was to be answered is not sent if the bytes that end it all come in the same piece.
    assert cut[0].startswith(whole[0])


@pytest.mark.timeout(0)
@fuzz
@given(data=BYTES | LIKELY)
def test_fuzz_headers_of_datagrams(data: bytes) -> None:
    found = parse_datagram(data)
    if found is None:
        return
    address, port, start = found
    assert 10 <= start <= len(data) or data[3] == 3
    assert 0 <= port <= 65535
    if data[3] != 3:
        assert datagram_header(address, port) == data[:start]


@pytest.mark.timeout(0)
@fuzz
@given(
    host=st.integers(0, 2**32 - 1) | st.binary(min_size=16, max_size=16),
    port=st.integers(0, 65535),
    payload=st.binary(max_size=50),
)
def test_fuzz_headers_come_back(host: int | bytes, port: int, payload: bytes) -> None:
    address = QHostAddress(host)
    header = datagram_header(address, port)
    assert parse_datagram(header + payload) == (address, port, len(header))
