"""DNS messages: what is sent, what counts as an answer to it, and what is read from answers, good and bad."""

from __future__ import annotations

import functools
import itertools
import random
import struct
import time
from collections import Counter
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from _dns_responder import rrsets
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._dns_message import (
    REFUSED,
    Framing,
    Query,
    Reply,
    order_exchanges,
    order_services,
    wire_name,
)
from qnet.kernel._dns_result import DnsType
from qnet.kernel.dnsrecords import QDnsMailExchangeRecord, QDnsServiceRecord


def query(name: str = "a.test", kind: int = DnsType.A, edns: bool = True) -> Query:
    wired = wire_name(name)
    assert wired is not None
    return Query(wired, kind, edns)


def answer(asked: Query, *records: str, rcode: int = 0, flags: int = 0, change: Any = None) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(asked.wire))
    message.answer = rrsets(records)
    message.set_rcode(rcode)
    message.flags |= flags
    if change is not None:
        change(message)
    return bytes(message.to_wire(max_size=65535))


def judged(asked: Query, *records: str, **details: Any) -> Reply:
    reply = asked.judge(answer(asked, *records, **details))
    assert reply is not None
    return reply


class TestNames:
    @pytest.mark.parametrize(
        ("name", "wired"),
        [
            ("", b"\0"),
            ("test", b"\4test\0"),
            ("A.Test", b"\1a\4test\0"),
            ("a.test.", b"\1a\4test\0"),
            ("_sip._tcp.a.test", b"\4_sip\4_tcp\1a\4test\0"),
            ("bücher.de", b"\x0dxn--bcher-kva\2de\0"),
        ],
    )
    def test_what_is_a_name(self, name: str, wired: bytes) -> None:
        assert wire_name(name) == wired

    @pytest.mark.parametrize(
        "name",
        [
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            "*.test",
            "\\.test",
            "a@b",
            "-a.test",
            "a\0b",
            "a" * 64,
            ".".join(["a" * 63] * 4),
        ],
    )
    def test_what_is_none(self, name: str) -> None:
        assert wire_name(name) is None

    def test_255_octets_are_the_most(self) -> None:
        longest = ".".join(["a" * 63] * 3 + ["a" * 61])
        assert len(wire_name(longest) or b"") == 255
        assert wire_name(longest + "a") is None


class TestQueries:
    def test_asks_for_one_name_with_recursion_edns_and_authentication(self) -> None:
        message = dns.message.from_wire(query("A.test", DnsType.TLSA).wire)
        assert message.flags == dns.flags.RD | dns.flags.AD
        assert [str(q) for q in message.question] == ["a.test. IN TLSA"]
        assert (message.edns, message.payload, message.options) == (0, 1232, ())
        assert not message.answer
        assert not message.authority

    def test_can_do_without_edns(self) -> None:
        message = dns.message.from_wire(query(edns=False).wire)
        assert message.edns == -1
        assert message.flags == dns.flags.RD | dns.flags.AD

    def test_numbers_do_not_repeat_or_follow_each_other(self) -> None:
        numbers = [query().number for _ in range(300)]
        assert len(set(numbers)) > 290
        assert max(numbers) - min(numbers) > 40000
        steps = Counter(b - a for a, b in itertools.pairwise(numbers))
        assert max(steps.values()) < 5


class TestWhatIsAnAnswer:
    def test_the_plain_case(self) -> None:
        reply = judged(query(), "a.test 60 IN A 1.2.3.4")
        assert (reply.rcode, reply.truncated, reply.authentic, reply.malformed) == (0, False, False, "")
        (record,) = reply.records.addresses
        assert (record.name(), record.timeToLive(), record.value().toString()) == ("a.test", 60, "1.2.3.4")

    def test_another_number_is_none(self) -> None:
        asked = query()
        for bit in range(16):
            wire = bytearray(answer(asked))
            wire[bit // 8] ^= 1 << bit % 8
            assert asked.judge(bytes(wire)) is None

    def test_a_query_is_none(self) -> None:
        asked = query()
        assert asked.judge(asked.wire) is None

    def test_another_opcode_is_none(self) -> None:
        asked = query()
        wire = bytearray(answer(asked))
        wire[2] |= 0x28  # UPDATE
        assert asked.judge(bytes(wire)) is None

    @pytest.mark.parametrize(("name", "kind"), [("b.test", "A"), ("a.test", "AAAA"), ("a.tes", "A"), ("a.test.b", "A")])
    def test_another_question_is_none(self, name: str, kind: str) -> None:
        def change(message: dns.message.Message) -> None:
            message.question = dns.message.make_query(name, kind).question

        asked = query()
        assert asked.judge(answer(asked, change=change)) is None

    def test_another_class_is_none(self) -> None:
        asked = query()
        wire = bytearray(answer(asked))
        assert wire[22:24] == b"\0\1"
        wire[23] = 3
        assert asked.judge(bytes(wire)) is None

    def test_two_questions_are_none(self) -> None:
        def change(message: dns.message.Message) -> None:
            message.question = message.question * 2

        asked = query()
        assert asked.judge(answer(asked, change=change)) is None

    def test_the_case_of_the_question_makes_no_difference(self) -> None:
        asked = query("a.test")
        wire = answer(asked, "a.test 1 IN A 1.2.3.4").replace(b"\1a\4test", b"\1A\4TesT")
        reply = asked.judge(wire)
        assert reply is not None
        assert [r.name() for r in reply.records.addresses] == ["a.test"]

    @pytest.mark.parametrize("rcode", range(16))
    def test_only_servers_that_cannot_or_will_not_read_may_leave_the_question_out(self, rcode: int) -> None:
        def change(message: dns.message.Message) -> None:
            message.question = []

        asked = query()
        reply = asked.judge(answer(asked, rcode=rcode, change=change))
        assert (reply is not None) == (rcode in (1, 2, 4, 5))

    def test_what_is_too_short_is_none(self) -> None:
        asked = query()
        wire = answer(asked, "a.test 60 IN A 1.2.3.4")
        for length in range(12 + 8 + 4):
            assert asked.judge(wire[:length]) is None

    def test_every_cut_behind_the_question_is_malformed_or_whole(self) -> None:
        asked = query(edns=False)
        wire = answer(asked, "a.test 60 IN A 1.2.3.4")
        for length in range(24, len(wire)):
            reply = asked.judge(wire[:length])
            assert reply is not None
            assert reply.malformed in ("Invalid record", "Truncated record")
            assert not reply.records
        whole = asked.judge(wire + b"junk behind it")
        assert whole is not None
        assert whole.records

    def test_flags(self) -> None:
        assert judged(query(), flags=dns.flags.TC).truncated
        assert judged(query(), flags=dns.flags.AD).authentic

    @pytest.mark.parametrize("rcode", [0, 1, 2, 3, 5, 9, 15, 16, 23, 4095])
    def test_rcodes_with_the_bits_of_edns(self, rcode: int) -> None:
        assert judged(query(), rcode=rcode).rcode == rcode

    def test_records_of_a_failure_are_not_read(self) -> None:
        assert not judged(query(), "a.test 60 IN A 1.2.3.4", rcode=REFUSED).records

    def test_rubbish_in_the_other_sections_spoils_nothing(self) -> None:
        asked = query(edns=False)
        wire = bytearray(answer(asked, "a.test 60 IN A 1.2.3.4"))
        wire[8:12] = b"\xff\xff\xff\xff"
        reply = asked.judge(bytes(wire) + b"\xc0\xff" * 10)
        assert reply is not None
        assert (reply.malformed, len(reply.records.addresses)) == ("", 1)


class TestRecords:
    def test_one_of_each_kind(self) -> None:
        records = judged(
            query(kind=DnsType.ANY),
            "a.test 1 IN A 1.2.3.4",
            "a.test 2 IN AAAA ::ffff:1.2.3.4",
            "a.test 3 IN CNAME B.Test.",
            "a.test 4 IN NS ns.test.",
            "a.test 5 IN PTR p.test.",
            "a.test 6 IN MX 10 mx.test.",
            "a.test 7 IN SRV 1 2 3 host.test.",
            'a.test 8 IN TXT "one" "" "t\\255o"',
            r"a.test 9 IN TLSA \# 030101aabb",
        ).records
        assert [(r.timeToLive(), r.value().toString()) for r in records.addresses] == [
            (1, "1.2.3.4"),
            (2, "::ffff:1.2.3.4"),
        ]
        assert [(r.timeToLive(), r.value()) for r in records.aliases] == [(3, "b.test")]
        assert [(r.timeToLive(), r.value()) for r in records.nameservers] == [(4, "ns.test")]
        assert [(r.timeToLive(), r.value()) for r in records.pointers] == [(5, "p.test")]
        assert [(r.preference(), r.exchange()) for r in records.exchanges] == [(10, "mx.test")]
        assert [(r.priority(), r.weight(), r.port(), r.target()) for r in records.services] == [(1, 2, 3, "host.test")]
        assert [r.values() for r in records.texts] == [[b"one", b"", b"t\xffo"]]
        (association,) = records.associations
        usage, selector, matching = association.usage(), association.selector(), association.matchType()
        assert (usage.name, selector.name, matching.name) == (
            "DomainIssuedCertificate",
            "SubjectPublicKeyInfo",
            "Sha256",
        )
        assert association.value() == b"\xaa\xbb"

    def test_other_kinds_and_classes_are_skipped_unread(self) -> None:
        records = judged(
            query(),
            'a.test 60 IN HINFO "x" "y"',
            r"a.test 60 IN SOA \# ff",
            r"a.test 60 CH A \# 0161003412",
            r"a.test 60 IN TYPE65280 \# 00",
            "a.test 60 IN A 1.2.3.4",
        ).records
        assert [r.value().toString() for r in records.addresses] == ["1.2.3.4"]

    @pytest.mark.parametrize(
        ("record", "what"),
        [
            (r"A \# 010203", "IPv4 address"),
            (r"A \# 0102030405", "IPv4 address"),
            (r"AAAA \# 01020304", "IPv6 address"),
            (r"CNAME \#", "canonical name"),
            (r"NS \# 05ff", "name server"),
            (r"PTR \# 4161", "pointer"),
            (r"MX \# 01", "mail exchange"),
            (r"MX \# 0001", "mail exchange"),
            (r"MX \# 0001c0ff", "mail exchange"),
            (r"SRV \# 00010002", "service"),
            (r"TXT \# 05aabb", "text"),
            (r"TLSA \# 0102", "TLS association"),
        ],
    )
    def test_malformed_ones_spoil_the_answer_and_are_named(self, record: str, what: str) -> None:
        reply = judged(query(), "a.test 60 IN A 1.2.3.4", f"a.test 60 IN {record}")
        assert reply.malformed == f"Invalid {what} record"
        assert not reply.records

    def test_bytes_behind_a_name_are_nobodys_business(self) -> None:
        records = judged(query(kind=DnsType.MX), r"a.test 60 IN MX \# 0001016100ffff", "b.test 2 IN A 1.1.1.1").records
        assert [r.exchange() for r in records.exchanges] == ["a"]
        assert [r.name() for r in records.addresses] == ["b.test"]

    @pytest.mark.parametrize(
        ("target", "shown"),
        [
            (".", ""),
            ("A_b.TEST.", "a_b.test"),
            ("t.xn--mnchen-3ya.de.", "t.münchen.de"),
            ("t.xn--mnchen-3ya.test.", "t.xn--mnchen-3ya.test"),
            (r"a\.b\032c\255.test.", ""),
            (r"a\010.test.", ""),
        ],
    )
    def test_names_are_host_names_or_empty(self, target: str, shown: str) -> None:
        records = judged(query(kind=DnsType.CNAME), f"a.test 60 IN CNAME {target}").records
        assert [r.value() for r in records.aliases] == [shown]

    def test_unknown_numbers_of_tlsa_stay_numbers(self) -> None:
        (record,) = judged(query(kind=DnsType.TLSA), r"a.test 60 IN TLSA \# c8070900ff").records.associations
        assert (record.usage(), record.selector(), record.matchType()) == (200, 7, 9)
        assert type(record.usage()).__name__ == "CertificateUsage"

    def test_the_largest_times_to_live(self) -> None:
        records = judged(query(), "a.test 4294967295 IN A 1.2.3.4").records
        assert records.addresses[0].timeToLive() == 4294967295


def exchange(preference: int, host: str) -> QDnsMailExchangeRecord:
    return QDnsMailExchangeRecord._of("a.test", 60, preference, host)


def service(priority: int, weight: int, host: str) -> QDnsServiceRecord:
    return QDnsServiceRecord._of("a.test", 60, priority, weight, 80, host)


def drawn(weights: list[int], times: int) -> Counter[str]:
    """How often each of the services with these *weights*, "0", "1" and so on, comes first."""
    rng = random.Random(4)
    first = Counter()
    for _ in range(times):
        records = [service(1, weight, str(i)) for i, weight in enumerate(weights)]
        order_services(records, rng)
        assert sorted(r.target() for r in records) == sorted(map(str, range(len(weights))))
        first[records[0].target()] += 1
    return first


class TestOrder:
    def test_exchanges_by_preference_and_equals_at_random(self) -> None:
        rng = random.Random(4)
        orders = Counter()
        for _ in range(600):
            records = [exchange(10, "c"), exchange(5, "a"), exchange(10, "d"), exchange(7, "b"), exchange(10, "e")]
            order_exchanges(records, rng)
            orders["".join(r.exchange() for r in records)] += 1
        assert set(orders) == {f"ab{x}{y}{z}" for x in "cde" for y in "cde" for z in "cde" if len({x, y, z}) == 3}
        assert min(orders.values()) > 60

    def test_services_by_priority_first(self) -> None:
        records = [service(3, 65535, "c"), service(1, 0, "a"), service(2, 9, "b")]
        order_services(records)
        assert [r.target() for r in records] == ["a", "b", "c"]

    def test_services_are_drawn_by_weight(self) -> None:
        first = drawn([10, 30, 60], 3000)
        assert 240 < first["0"] < 420
        assert 780 < first["1"] < 1020
        assert 1650 < first["2"] < 1950

    def test_weight_zero_has_a_very_small_chance(self) -> None:
        assert 0 < drawn([99, 0], 3000)["1"] < 90

    def test_all_of_weight_zero_keep_their_order(self) -> None:
        records = [service(1, 0, each) for each in "cab"]
        order_services(records)
        assert [r.target() for r in records] == list("cab")

    def test_nothing_to_order(self) -> None:
        order_services([])
        order_exchanges([])


def hostile(asked: Query, body: bytes, count: int) -> float:
    """How many seconds it takes to judge an answer with *count* records in *body*."""
    header = struct.pack("!6H", asked.number, 0x8180, 1, count, 0, 0)
    wire = (header + asked.wire[12:] + body)[:65535]
    begun = time.process_time()
    assert asked.judge(wire) is not None
    return time.process_time() - begun


class TestWork:
    """Whatever 64 KiB say, reading them is a matter of a moment."""

    def test_names_that_lead_through_thousands_of_pointers(self) -> None:
        asked = query(edns=False)
        base = len(asked.wire) + 12
        chain = [0xC00C, *(0xC000 | base + 2 * i for i in range(7900))]
        body = b"\xc0\x0c" + struct.pack("!HHIH", 99, 1, 0, 2 * len(chain)) + struct.pack(f"!{len(chain)}H", *chain)
        record = struct.pack("!HHHIH", 0xC000 | base + 2 * 7900, 1, 1, 0, 4) + b"abcd"
        assert hostile(asked, body + record * 3000, 3001) < 1.5

    def test_names_of_a_hundred_labels(self) -> None:
        asked = query(edns=False, kind=DnsType.MX)
        labels = b"\1a" * 110 + b"\xc0\x0c"
        body = b"\xc0\x0c" + struct.pack("!HHIH", 99, 1, 0, len(labels)) + labels
        pointer = struct.pack("!H", 0xC000 | len(asked.wire) + 12)
        record = pointer + struct.pack("!HHIH", 15, 1, 0, 4) + b"\0\1" + pointer
        assert hostile(asked, body + record * 4000, 4001) < 1.5

    def test_thousands_of_services(self) -> None:
        asked = query(edns=False, kind=DnsType.SRV)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 0, 8) + b"\0\1\0\1\0\1\xc0\x0c"
        assert hostile(asked, record * 3200, 3200) < 1.5

    def test_an_honest_answer_of_full_length_is_read(self) -> None:
        asked = query("a-name.of.usual.length.example.test", edns=False)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + b"abcd"
        header = struct.pack("!6H", asked.number, 0x8180, 1, 4000, 0, 0)
        reply = asked.judge(header + asked.wire[12:] + record * 4000)
        assert reply is not None
        assert len(reply.records.addresses) == 4000


class TestFraming:
    def test_at_every_split(self) -> None:
        stream = Framing.framed(b"one") + Framing.framed(b"") + Framing.framed(b"three")
        for cut in range(len(stream) + 1):
            framing = Framing()
            assert framing.feed(stream[:cut]) + framing.feed(stream[cut:]) == [b"one", b"", b"three"]

    def test_byte_by_byte(self) -> None:
        framing = Framing()
        stream = Framing.framed(b"one") + Framing.framed(b"two")
        found = [framing.feed(stream[i : i + 1]) for i in range(len(stream))]
        assert [each for each in found if each] == [[b"one"], [b"two"]]
        assert found[4] == [b"one"]

    def test_the_longest(self) -> None:
        longest = bytes(65535)
        framing = Framing()
        assert framing.feed(Framing.framed(longest)[:-1]) == []
        assert framing.feed(b"\0") == [longest]


# Any bytes are an answer or none, and never an exception.

SAMPLE = (
    "a.test 1 IN A 1.2.3.4",
    "a.test 2 IN AAAA fe80::1",
    "a.test 3 IN CNAME xn--mnchen-3ya.de.",
    "a.test 6 IN MX 10 mx.test.",
    "a.test 7 IN SRV 1 2 3 host.test.",
    'a.test 8 IN TXT "one" "two"',
    r"a.test 9 IN TLSA \# 030101aabb",
)


@functools.cache
def sample(rcode: int) -> bytes:
    return answer(query(kind=DnsType.ANY), *SAMPLE, rcode=rcode)


def is_sound(reply: Reply | None) -> bool:
    if reply is None:
        return True
    assert 0 <= reply.rcode <= 4095
    assert not (reply.malformed and reply.records)
    for address in reply.records.addresses:
        assert not address.value().isNull()
    for kind in reply.records.__slots__:
        for record in getattr(reply.records, kind):
            assert isinstance(record.name(), str)
            assert 0 <= record.timeToLive() < 1 << 32
            assert repr(record)
    return True


@pytest.mark.timeout(0)
@fuzz
@given(st.binary(max_size=600), st.sampled_from(sorted(DnsType)))
def test_fuzz_any_bytes_behind_the_right_question(rest: bytes, kind: int) -> None:
    asked = query(kind=kind, edns=False)
    header = struct.pack("!HH", asked.number, 0x8180) + b"\0\1" + rest[:6].ljust(6, b"\1")
    assert is_sound(asked.judge(header + asked.wire[12:] + rest[6:]))


@pytest.mark.timeout(0)
@fuzz
@given(st.binary(max_size=24), st.integers(0, 4095))
def test_fuzz_a_real_answer_with_errors(changes: bytes, rcode: int) -> None:
    """Every three bytes of *changes* are a position and what to write there; an odd number of them cuts it, too."""
    asked = query(kind=DnsType.ANY)
    wire = bytearray(sample(rcode if rcode % 2 else 0))
    wire[:2] = asked.number.to_bytes(2, "big")
    for high, low, value in zip(changes[::3], changes[1::3], changes[2::3], strict=False):
        wire[(high << 8 | low) % len(wire)] = value
    cut = len(wire) - sum(changes) % len(wire) if len(changes) % 2 else len(wire)
    assert is_sound(asked.judge(bytes(wire[:cut])))


@pytest.mark.timeout(0)
@fuzz
@given(st.binary(max_size=100))
def test_fuzz_any_bytes_at_all(wire: bytes) -> None:
    asked = query()
    assert asked.judge(wire) is None or wire[:2] == asked.number.to_bytes(2, "big")


@pytest.mark.timeout(0)
@fuzz
@given(st.lists(st.binary(max_size=30), max_size=5), st.lists(st.integers(1, 9), max_size=40))
def test_fuzz_framing_does_not_care_where_it_is_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(Framing.framed, messages))
    framing, found = Framing(), []
    for cut in [*cuts, len(stream)]:
        found += framing.feed(stream[:cut])
        stream = stream[cut:]
    assert found == messages


@pytest.mark.timeout(0)
@fuzz
@given(st.text(max_size=80))
def test_fuzz_names(name: str) -> None:
    wired = wire_name(name)
    assert wired is None or (len(wired) <= 255 and wired.endswith(b"\0") and wired == wired.lower())
