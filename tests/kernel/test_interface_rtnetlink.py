"""The table that rtnetlink fills: conversations with a kernel, without one, and messages that no kernel sends."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._interface_facts import Snapshot
from qnet.kernel._interface_rtnetlink import RouteTable

NEWLINK, DELLINK, NEWADDR, DELADDR, NEWROUTE, DELROUTE = 16, 17, 20, 21, 24, 25
GETLINK, GETADDR, GETROUTE = 18, 22, 26
ERROR, DONE = 2, 3
MULTI, INTERRUPTED = 0x2, 0x10
UP, RUNNING = 0x1, 0x40
MAIN_TABLE, UNICAST, UNREACHABLE = 254, 1, 7


def message(kind: int, body: bytes, sequence: int = 0, flags: int = 0) -> bytes:
    length = 16 + len(body)
    return struct.pack("=LHHLL", length, kind, flags, sequence, 0) + body + bytes(-length % 4)


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def link(index: int, name: str = "", flags: int = UP | RUNNING, family: int = 0) -> bytes:
    body = struct.pack("=BxHiII", family, 1, index, flags, 0)
    return body + (attribute(3, name.encode() + b"\0") + attribute(4, struct.pack("=I", 1500)) if name else b"")


def address(index: int, text: str, prefix: int = 24, flags: int = 0) -> bytes:
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    body = struct.pack("=BBBBI", family, prefix, 0, 0, index)
    return body + attribute(1, socket.inet_pton(family, text)) + attribute(8, struct.pack("=I", flags))


def route(
    index: int = 0,
    metric: int = 0,
    family: int = socket.AF_INET,
    prefix: int = 0,
    table: int = MAIN_TABLE,
    kind: int = UNICAST,
    hops: bytes = b"",
    flags: int = 0,
) -> bytes:
    body = struct.pack("=BBBBBBBBI", family, prefix, 0, 0, min(table, 252), 0, 0, kind, flags)
    body += attribute(15, struct.pack("=I", table)) + attribute(6, struct.pack("=I", metric))
    body += attribute(4, struct.pack("=I", index)) if index else b""
    return body + (attribute(9, hops) if hops else b"")


class Kernel:
    """Answers what a table asks, from lists of message bodies."""

    def __init__(self, table: RouteTable) -> None:
        self.table = table
        self.links: list[bytes] = [link(1, "lo"), link(2, "eth0")]
        self.addresses: list[bytes] = [address(2, "10.0.0.1"), address(2, "fd00::1", 64)]
        self.routes: list[bytes] = [route(2)]
        self.asked: list[int] = []
        self.end: Callable[[int], bytes] = lambda sequence: message(DONE, bytes(4), sequence, MULTI)

    def answer(self) -> bool:
        """One dump; False if nothing is asked for."""
        request = self.table.request()
        if not request:
            return False
        assert self.table.request() == b"", "one dump at a time"
        assert self.table.is_busy()
        length, kind, flags, sequence, _ = struct.unpack_from("=LHHLL", request)
        assert (length, flags) == (len(request), 0x301)
        self.asked.append(kind)
        answers = {GETLINK: (NEWLINK, self.links), GETADDR: (NEWADDR, self.addresses)}.get(kind)
        if answers is None:
            answers = NEWROUTE, [each for each in self.routes if each[0] == request[16]]
        for body in answers[1]:
            self.table.feed(message(answers[0], body, sequence, MULTI))
        self.table.feed(self.end(sequence))
        return True

    def answer_all(self) -> Snapshot:
        for _ in range(100):
            if not self.answer():
                return self.table.snapshot()
        raise AssertionError("it asks for ever")


@pytest.fixture
def kernel() -> Kernel:
    kernel = Kernel(RouteTable())
    kernel.answer_all()
    kernel.asked.clear()
    return kernel


def names(snapshot: Snapshot) -> list[str]:
    return [each.name for each in snapshot.interfaces.values()]


def texts(snapshot: Snapshot, index: int = 2) -> list[str]:
    return [str(each) for each in snapshot.interfaces[index].addresses]


def test_four_dumps_make_a_complete_snapshot() -> None:
    kernel = Kernel(RouteTable())
    assert kernel.table.snapshot() == Snapshot()
    for asked in ([GETLINK], [GETLINK, GETADDR], [GETLINK, GETADDR, GETROUTE]):
        kernel.answer()
        assert kernel.asked == asked
        assert not kernel.table.snapshot().complete
        assert kernel.table.is_busy()
    kernel.answer()
    assert not kernel.table.is_busy()
    snapshot = kernel.table.snapshot()
    assert snapshot.complete
    assert names(snapshot) == ["lo", "eth0"]
    assert texts(snapshot) == ["10.0.0.1/24", "fd00::1/64"]
    assert [r.index for r in snapshot.default_routes] == [2]
    assert not kernel.answer()
    assert kernel.table.snapshot() is snapshot


def test_a_second_reading_finds_what_is_gone(kernel: Kernel) -> None:
    before = kernel.table.snapshot()
    kernel.table.resync()
    assert kernel.answer_all() is before
    kernel.links.append(link(3, "eth1"))
    kernel.addresses[:] = [address(2, "fd00::1", 64), address(3, "10.1.0.1")]
    kernel.routes[:] = [route(3, 5, socket.AF_INET6)]
    kernel.table.resync()
    snapshot = kernel.answer_all()
    assert names(snapshot) == ["lo", "eth0", "eth1"]
    assert texts(snapshot) == ["fd00::1/64"]
    assert [(r.index, r.metric, r.family) for r in snapshot.default_routes] == [(3, 5, socket.AF_INET6)]
    kernel.links.pop()
    kernel.table.resync()
    snapshot = kernel.answer_all()
    assert names(snapshot) == ["lo", "eth0"]


def test_events_between_the_answers_count(kernel: Kernel) -> None:
    """An interface that appears during a dump is not gone because the dump does not have it."""
    kernel.table.resync()
    request = kernel.table.request()
    (sequence,) = struct.unpack_from("=L", request, 8)
    kernel.table.feed(message(NEWLINK, link(7, "new")))
    kernel.table.feed(message(NEWLINK, link(1, "lo"), sequence, MULTI) + message(DELLINK, link(1, "lo")))
    kernel.table.feed(message(DONE, bytes(4), sequence, MULTI))
    assert names(kernel.table.snapshot()) == ["new"]


def test_an_interrupted_answer_is_asked_for_again_but_not_for_ever(kernel: Kernel) -> None:
    kernel.end = lambda sequence: message(DONE, bytes(4), sequence, MULTI | INTERRUPTED)
    kernel.links.pop()
    kernel.table.resync()
    snapshot = kernel.answer_all()
    assert kernel.asked.count(GETLINK) == 6
    assert names(snapshot) == ["lo"]


def test_a_refused_request_changes_nothing(kernel: Kernel) -> None:
    before = kernel.table.snapshot()
    kernel.links, kernel.addresses, kernel.routes = [], [], []
    kernel.end = lambda sequence: message(ERROR, struct.pack("=i", -95) + bytes(16), sequence)
    kernel.table.resync()
    assert kernel.answer_all() == before


def test_answers_to_others_end_nothing(kernel: Kernel) -> None:
    kernel.table.resync()
    kernel.table.request()
    for kind in (DONE, ERROR):
        kernel.table.feed(message(kind, bytes(20), 4711, MULTI))
    assert kernel.table.request() == b""


def test_an_event_with_our_number_is_no_answer(kernel: Kernel) -> None:
    kernel.table.feed(message(DELROUTE, route(2)))
    request = kernel.table.request()
    (sequence,) = struct.unpack_from("=L", request, 8)
    kernel.table.feed(message(DELROUTE, route(2), sequence))
    kernel.table.feed(message(DONE, bytes(4), sequence, MULTI))
    assert kernel.table.snapshot().default_routes == ()
    assert kernel.table.is_busy(), "it was an event: the routes are read again"


def test_events_of_links(kernel: Kernel) -> None:
    table = kernel.table
    before = table.snapshot()
    table.feed(message(NEWLINK, link(2, "eth0")))
    assert table.snapshot() is before
    table.feed(message(NEWLINK, link(2)))  # of a wireless driver: without a name
    table.feed(message(DELLINK, link(2, "eth0", family=7)))  # of a bridge
    table.feed(message(DELLINK, link(77, "eth0")))
    table.feed(message(NEWLINK, link(0, "zero")) + message(NEWLINK, link(-5, "minus")))
    assert table.snapshot() is before
    table.feed(message(NEWLINK, link(2, "cable", UP)))
    assert names(table.snapshot()) == ["lo", "cable"]
    assert not table.snapshot().interfaces[2].is_running()
    assert texts(table.snapshot()) == ["10.0.0.1/24", "fd00::1/64"]
    assert len(table.snapshot().default_routes) == 1
    table.feed(message(NEWLINK, link(2, "cable", 0)))
    assert table.snapshot().default_routes == ()
    table.feed(message(DELLINK, link(2, "cable", 0)))
    assert names(table.snapshot()) == ["lo"]
    assert not table.is_busy()


def test_events_of_addresses(kernel: Kernel) -> None:
    table = kernel.table
    table.feed(message(NEWADDR, address(2, "fd00::2", 64, flags=0x40)))  # tentative
    assert texts(table.snapshot())[-1] == "fd00::2/64"
    table.feed(message(NEWADDR, address(2, "fd00::2", 64, flags=0x08)))  # and somebody else's, as it turns out
    assert texts(table.snapshot()) == ["10.0.0.1/24", "fd00::1/64"]
    before = table.snapshot()
    table.feed(message(NEWADDR, address(9, "10.0.0.9")) + message(DELADDR, address(2, "10.0.0.9")))
    assert table.snapshot() is before
    assert not table.is_busy()
    table.feed(message(DELADDR, address(2, "fd00::1", 64)))
    assert not table.is_busy(), "there is no IPv6 route that could have gone with it"
    table.feed(message(DELADDR, address(2, "10.0.0.1")))
    kernel.routes.clear()
    assert kernel.answer_all().default_routes == ()
    assert kernel.asked == [GETROUTE]


def test_an_address_has_the_length_of_its_family(kernel: Kernel) -> None:
    before = kernel.table.snapshot()
    for body in (address(2, "10.0.0.5", 33), address(2, "fd00::5", 129), address(2, "fd00::5")[4:]):
        kernel.table.feed(message(NEWADDR, body))
    long = bytes([socket.AF_INET]) + address(2, "fd00::5", 24)[1:]
    short = bytes([socket.AF_INET6]) + address(2, "10.0.0.5", 24)[1:]
    kernel.table.feed(message(NEWADDR, long) + message(NEWADDR, short) + message(DELADDR, long))
    assert kernel.table.snapshot() is before


@pytest.mark.parametrize(
    "other",
    [
        route(2, prefix=8),
        route(2, table=77),
        route(2, table=1000),
        route(2, kind=UNREACHABLE),
        route(2, flags=0x200),
        route(2, family=28),
        route(),
    ],
)
def test_routes_of_no_interest(kernel: Kernel, other: bytes) -> None:
    kernel.table.feed(message(NEWROUTE, other) + message(DELROUTE, other))
    assert not kernel.table.is_busy()
    kernel.routes.append(other)
    kernel.table.resync()
    assert len(kernel.answer_all().default_routes) == 1


def test_a_route_of_several_hops(kernel: Kernel) -> None:
    def hop(index: int, gateway: str) -> bytes:
        via = attribute(5, socket.inet_aton(gateway))
        return struct.pack("=HBBi", 8 + len(via), 0, 0, index) + via

    body = route(metric=9, hops=hop(2, "10.0.0.8") + hop(1, "10.0.0.9"))
    kernel.routes.append(body)
    kernel.table.feed(message(NEWROUTE, body))
    found = [(r.metric, r.index, r.gateway) for r in kernel.answer_all().default_routes]
    assert found == [(0, 2, b""), (9, 1, bytes([10, 0, 0, 9])), (9, 2, bytes([10, 0, 0, 8]))]
    assert kernel.asked == [GETROUTE]


def test_a_burst_of_events_is_one_question(kernel: Kernel) -> None:
    for _ in range(50):
        kernel.table.feed(message(DELROUTE, route(2)) + message(NEWROUTE, route(2)))
    kernel.answer_all()
    assert kernel.asked == [GETROUTE]


# Fuzzing


def filled() -> RouteTable:
    kernel = Kernel(RouteTable())
    kernel.answer_all()
    return kernel.table


def use(table: RouteTable) -> None:
    """What the monitor does with a table: it must work whatever the table was fed."""
    for _ in range(4):
        table.request()
    snapshot = table.snapshot()
    for family in (0, socket.AF_INET, socket.AF_INET6):
        found = snapshot.default_interface(family)
        assert found is None or found.is_running()
    for each in snapshot.interfaces.values():
        assert each.name
        assert all(str(a) and a.is_link_local() in (True, False) for a in each.addresses)
    assert table.snapshot() is snapshot


@pytest.mark.timeout(0)
@given(datagrams=st.lists(st.binary(max_size=120), max_size=5))
@fuzz
def test_fuzz_any_bytes(datagrams: list[bytes]) -> None:
    table = filled()
    for data in datagrams:
        table.feed(data)
    use(table)


BODIES = [
    link(2, "eth0"),
    link(3, "eth1", 0),
    address(2, "10.0.0.1"),
    address(2, "fe80::1", 64),
    route(2),
    route(0, 3, socket.AF_INET6, hops=struct.pack("=HBBi", 8, 0, 0, 2) * 3),
]
KINDS = [NEWLINK, DELLINK, NEWADDR, DELADDR, NEWROUTE, DELROUTE, DONE, ERROR]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message of some kind with a body of perhaps another, cut, changed or with a false length."""
    body = bytearray(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(0, 3))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    cut = bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)
    data = message(draw(st.sampled_from(KINDS)), cut, draw(st.integers(0, 6)), draw(st.sampled_from([0, 2, 0x12])))
    if draw(st.integers(0, 9)) == 0:
        data = struct.pack("=L", draw(st.integers(0, 2**32 - 1))) + data[4:]
    return data


@pytest.mark.timeout(0)
@given(messages=st.lists(damaged(), max_size=12), together=st.booleans())
@fuzz
def test_fuzz_damaged_messages(messages: list[bytes], together: bool) -> None:
    table = filled()
    for data in [b"".join(messages)] if together else messages:
        table.request()
        table.feed(data)
    use(table)


EVENT = st.one_of(
    st.tuples(st.just("link"), st.integers(1, 4), st.sampled_from(["a", "b", "c"])),
    st.tuples(st.just("unlink"), st.integers(1, 4)),
    st.tuples(st.just("address"), st.integers(1, 4), st.integers(1, 5)),
    st.tuples(st.just("unaddress"), st.integers(1, 4), st.integers(1, 5)),
    st.tuples(st.just("resync")),
)


@pytest.mark.timeout(0)
@given(events=st.lists(EVENT, max_size=30))
@fuzz
def test_fuzz_events_against_a_model(events: list[tuple[str, ...]]) -> None:
    """After any events, and any readings between them, the table holds what the kernel has."""
    kernel = Kernel(RouteTable())
    world: dict[int, tuple[str, list[int]]] = {}

    def retell() -> None:
        kernel.links = [link(index, name) for index, (name, _) in world.items()]
        kernel.addresses = [address(i, f"10.0.0.{n}") for i, (_, numbers) in world.items() for n in numbers]
        kernel.routes = []

    retell()
    kernel.answer_all()
    for kind, *arguments in events:
        index = int(arguments[0]) if arguments else 0
        if kind == "link":
            world[index] = (arguments[1], world.get(index, ("", []))[1])
            kernel.table.feed(message(NEWLINK, link(index, arguments[1])))
        elif kind == "unlink":
            if world.pop(index, None):
                kernel.table.feed(message(DELLINK, link(index, "x")))
        elif kind == "resync":
            retell()
            kernel.table.resync()
            kernel.answer_all()
        elif index in world:
            numbers, number = world[index][1], int(arguments[1])
            if (kind == "address") != (number in numbers):
                (numbers.append if kind == "address" else numbers.remove)(number)
                body = address(index, f"10.0.0.{number}")
                kernel.table.feed(message(NEWADDR if kind == "address" else DELADDR, body))
    snapshot = kernel.table.snapshot()
    assert {i: (each.name, [str(a) for a in each.addresses]) for i, each in snapshot.interfaces.items()} == {
        i: (name, [f"10.0.0.{n}/24" for n in numbers]) for i, (name, numbers) in world.items()
    }
