"""The way of a look-up over servers, transports, attempts and names, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dns.flags
import dns.message
import pytest
from _dns_responder import rrsets

from qnet.kernel._dns_resolution import MAX_STRAY, Attempt, Resolution, Transport, names_to_try
from qnet.kernel._dns_result import DnsError, DnsType, Outcome
from qnet.kernel._resolv_conf import ResolverConfig, Server
from qnet.kernel.hostaddress import QHostAddress

UDP, TCP = Transport.UDP, Transport.TCP
ONE, TWO, THREE = (Server(QHostAddress(f"192.0.2.{n}")) for n in (1, 2, 3))
RECORD = "a.test 60 IN A 1.2.3.4"


class Play:
    """A resolution, its owner and its clock."""

    def __init__(
        self,
        *servers: Server,
        names: Sequence[str] = ("a.test",),
        kind: DnsType = DnsType.A,
        refusal: str = "",
        **options: Any,
    ) -> None:
        config = ResolverConfig(servers=servers or (ONE,), **options)
        self.resolution = Resolution(names, kind, config, refusal)
        self.now = 1000.0
        self.seen: list[Attempt] = []
        self.resolution.begin(self.now)
        self._look()

    def _look(self) -> None:
        attempt = self.resolution.attempt
        if attempt is not None and (not self.seen or attempt is not self.seen[-1]):
            self.seen.append(attempt)

    @property
    def attempt(self) -> Attempt:
        assert self.resolution.attempt is not None
        return self.resolution.attempt

    @property
    def at(self) -> tuple[Server, Transport, bool]:
        """Whom is asked how, and whether with EDNS."""
        return self.attempt.server, self.attempt.transport, self.attempt.query.edns

    @property
    def asked(self) -> str:
        return str(dns.message.from_wire(self.attempt.query.wire).question[0].name)

    @property
    def outcome(self) -> Outcome:
        assert self.resolution.outcome is not None
        assert self.resolution.attempt is None
        assert self.resolution.deadline() == float("inf")
        return self.resolution.outcome

    @property
    def error(self) -> DnsError:
        return self.outcome.error

    def answered(self, *records: str, rcode: int = 0, flags: int = 0) -> None:
        message = dns.message.make_response(dns.message.from_wire(self.attempt.query.wire))
        message.answer = rrsets(records)
        message.flags |= flags
        message.set_rcode(rcode)
        self.got(bytes(message.to_wire(max_size=65535)))

    def got(self, message: bytes) -> None:
        self.resolution.received(message, self.now)
        self._look()

    def failed(self, why: str = "connection refused", local: bool = False) -> None:
        self.resolution.failed(why, self.now, local)
        self._look()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.resolution.expired(self.now)
        self._look()

    def time_out(self) -> None:
        self.wait(self.resolution.deadline() - self.now)


class TestTheSimpleCases:
    def test_an_answer(self) -> None:
        play = Play()
        assert play.at == (ONE, UDP, True)
        play.answered(RECORD)
        assert (play.error, play.outcome.text, play.outcome.authentic) == (DnsError.NoError, "", False)
        assert [r.value().toString() for r in play.outcome.records.addresses] == ["1.2.3.4"]

    def test_a_name_without_records_of_this_kind(self) -> None:
        play = Play()
        play.answered()
        assert play.error is DnsError.NoError
        assert not play.outcome.records

    @pytest.mark.parametrize("rcode", [0, 3])
    def test_authentic_data(self, rcode: int) -> None:
        play = Play()
        play.answered(rcode=rcode, flags=dns.flags.AD)
        assert play.outcome.authentic

    @pytest.mark.parametrize(
        ("rcode", "error", "text"),
        [
            (3, DnsError.NotFoundError, "Non existent domain"),
            *((rcode, DnsError.InvalidReplyError, f"Invalid reply received (rcode {rcode})") for rcode in range(6, 25)),
        ],
    )
    def test_errors_that_end_it(self, rcode: int, error: DnsError, text: str) -> None:
        play = Play(ONE, TWO)
        play.answered(rcode=rcode)
        assert play.error is error
        assert play.outcome.text == f"{text}: looking up a.test A at 192.0.2.1:53"

    @pytest.mark.parametrize("names", [["."], ["a..b"], []])
    def test_no_name(self, names: list[str]) -> None:
        play = Play(names=names)
        assert play.error is DnsError.InvalidRequestError
        assert play.outcome.text.startswith("Invalid domain name")
        assert play.seen == []

    def test_a_refusal(self) -> None:
        play = Play(refusal="not today")
        assert (play.error, play.outcome.text) == (DnsError.ResolverError, "not today")

    def test_cancelled(self) -> None:
        play = Play()
        number = play.attempt.query.number
        play.resolution.cancel()
        assert (play.error, play.outcome.text) == (DnsError.OperationCancelledError, "Operation cancelled")
        play.got(number.to_bytes(2, "big") + b"\x81\x80" + bytes(8))
        play.failed()
        play.wait(100)
        play.resolution.cancel()
        assert play.error is DnsError.OperationCancelledError


class TestServersAndAttempts:
    def test_all_servers_as_often_as_configured(self) -> None:
        play = Play(ONE, TWO, THREE, attempts=2, timeout=4.0)
        started = []
        while play.resolution.outcome is None:
            started.append((play.attempt.server, play.now - 1000))
            play.time_out()
        assert started == [(ONE, 0), (TWO, 4), (THREE, 8), (ONE, 12), (TWO, 16), (THREE, 20)]
        assert play.error is DnsError.TimeoutError
        why = ", ".join(f"{server} (no answer within 4 s)" for server in (ONE, TWO, THREE))
        assert play.outcome.text == f"Request timed out: looking up a.test A at {why}"

    def test_the_time_has_to_be_over(self) -> None:
        play = Play(ONE, TWO, timeout=4.0)
        first = play.attempt
        play.wait(3.999)
        assert play.attempt is first
        play.wait(0.001)
        assert play.at[0] is TWO

    def test_what_fails_at_once_costs_no_time(self) -> None:
        play = Play(ONE, TWO, attempts=1)
        play.failed("connection refused")
        assert play.at[0] is TWO
        play.failed("network unreachable")
        assert play.now == 1000
        assert play.error is DnsError.TimeoutError
        assert "192.0.2.1:53 (connection refused), 192.0.2.2:53 (network unreachable)" in play.outcome.text

    @pytest.mark.parametrize(
        ("rcode", "error"),
        [(2, DnsError.ServerFailureError), (4, DnsError.ServerFailureError), (5, DnsError.ServerRefusedError)],
    )
    def test_another_server_may_do_better(self, rcode: int, error: DnsError) -> None:
        play = Play(ONE, TWO, attempts=1)
        play.answered(rcode=rcode)
        assert play.at == (TWO, UDP, True)
        play.answered(RECORD)
        assert play.error is DnsError.NoError

        play = Play(ONE, TWO, attempts=1)
        play.answered(rcode=rcode)
        play.time_out()
        assert play.error is error, "an answer says more than silence"

    def test_an_answer_that_cannot_be_read(self) -> None:
        play = Play(ONE, TWO, attempts=1)
        play.answered(r"a.test 60 IN A \# 0102")
        assert play.at[0] is TWO
        play.answered(r"a.test 60 IN A \# 0102")
        assert play.error is DnsError.InvalidReplyError
        assert play.outcome.text.startswith("Invalid reply received (Invalid IPv4 address record): looking up a.test A")

    def test_the_last_error_is_told(self) -> None:
        play = Play(ONE, TWO, attempts=1)
        play.answered(rcode=2)
        play.answered(rcode=5)
        assert play.error is DnsError.ServerRefusedError

    def test_every_attempt_is_another_query(self) -> None:
        play = Play(ONE, attempts=5)
        while play.resolution.outcome is None:
            play.time_out()
        assert len(play.seen) == 5
        assert len({attempt.query.number for attempt in play.seen}) >= 4

    def test_an_answer_to_an_earlier_attempt_is_none(self) -> None:
        play = Play(ONE, attempts=2)
        first = play.attempt.query
        play.time_out()
        if play.attempt.query.number != first.number:
            late = dns.message.make_response(dns.message.from_wire(first.wire))
            play.got(bytes(late.to_wire()))
            assert play.resolution.outcome is None

    def test_what_this_machine_lacks_is_no_time_out(self) -> None:
        play = Play(ONE, attempts=1)
        play.failed("out of resources", local=True)
        assert play.error is DnsError.ResolverError
        assert play.outcome.text.startswith("Out of resources: looking up a.test A at")

    def test_rotation(self) -> None:
        firsts = [Play(ONE, TWO, rotate=True).attempt.server for _ in range(4)]
        assert sorted(map(str, firsts)) == sorted(map(str, (ONE, TWO, ONE, TWO)))
        assert firsts[0] is not firsts[1]


class TestTransports:
    def test_truncation_leads_to_tcp(self) -> None:
        play = Play(ONE, TWO, timeout=4.0)
        first = play.attempt.query
        play.now += 3
        play.answered(flags=dns.flags.TC)
        assert play.at == (ONE, TCP, True)
        assert play.attempt.query is not first
        assert play.resolution.deadline() == play.now + 4
        play.answered(RECORD, flags=dns.flags.TC)
        assert play.error is DnsError.NoError, "there is nothing larger than TCP"
        assert play.outcome.records

    def test_half_an_answer_does_not_matter_if_it_says_so(self) -> None:
        play = Play()
        play.answered(r"a.test 60 IN A \# 0102", flags=dns.flags.TC)
        assert play.at[1] is TCP

    def test_a_server_that_truncated_is_asked_over_tcp_again(self) -> None:
        play = Play(ONE, TWO, attempts=2)
        play.answered(flags=dns.flags.TC)
        play.failed("connection refused")
        assert play.at == (TWO, UDP, True)
        play.time_out()
        assert play.at == (ONE, TCP, True)

    def test_tcp_only(self) -> None:
        play = Play(ONE, TWO, use_tcp=True)
        assert play.at == (ONE, TCP, True)
        play.time_out()
        assert play.at == (TWO, TCP, True)

    def test_formerr_leads_to_a_query_without_edns(self) -> None:
        play = Play(ONE, attempts=2)
        play.answered(rcode=1)
        assert play.at == (ONE, UDP, False)
        play.time_out()
        assert play.at == (ONE, UDP, False), "it is not forgotten"
        play.answered(rcode=1)
        assert play.error is DnsError.InvalidRequestError
        assert play.outcome.text.startswith("Server could not process query")

    def test_formerr_over_tcp(self) -> None:
        play = Play(ONE)
        play.answered(flags=dns.flags.TC)
        play.answered(rcode=1)
        assert play.at == (ONE, TCP, False)
        play.answered(RECORD)
        assert play.error is DnsError.NoError


class TestStrays:
    def test_messages_that_answer_nothing_are_ignored(self) -> None:
        play = Play(timeout=4.0)
        first = play.attempt
        play.wait(3)
        for _ in range(MAX_STRAY - 1):
            play.got(b"nonsense")
        assert play.attempt is first
        assert play.resolution.deadline() == 1004
        play.answered(RECORD)
        assert play.error is DnsError.NoError

    def test_too_many_are_an_attack(self) -> None:
        play = Play()
        for _ in range(MAX_STRAY):
            play.got(b"nonsense")
        assert play.at == (ONE, TCP, True)

    def test_each_attempt_counts_anew(self) -> None:
        play = Play(ONE, attempts=2)
        for _ in range(2):
            for _ in range(MAX_STRAY - 1):
                play.got(b"")
            assert play.at == (ONE, UDP, True)
            play.time_out()

    def test_over_tcp_it_is_the_server_that_errs(self) -> None:
        play = Play(ONE, TWO, use_tcp=True)
        play.got(b"nonsense")
        assert play.at == (TWO, TCP, True)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "ndots", "tried"),
        [
            ("host", 1, ["host.x.test", "host.y.test", "host"]),
            ("a.host", 1, ["a.host", "a.host.x.test", "a.host.y.test"]),
            ("a.host", 2, ["a.host.x.test", "a.host.y.test", "a.host"]),
            ("host", 0, ["host", "host.x.test", "host.y.test"]),
            ("host.", 1, ["host."]),
            ("", 1, [""]),
        ],
    )
    def test_order(self, name: str, ndots: int, tried: list[str]) -> None:
        assert names_to_try(name, ["x.test", "y.test"], ndots) == tried

    def test_the_first_that_exists(self) -> None:
        play = Play(names=["a.x.test", "a.y.test", "a"])
        assert play.asked == "a.x.test."
        play.answered(rcode=3)
        assert play.asked == "a.y.test."
        play.answered("a.y.test 60 IN A 1.2.3.4")
        assert [r.name() for r in play.outcome.records.addresses] == ["a.y.test"]

    def test_one_without_records_of_this_kind_is_passed_over_but_remembered(self) -> None:
        play = Play(names=["a.x.test", "a"])
        play.answered()
        assert play.asked == "a."
        play.answered(rcode=3)
        assert play.error is DnsError.NoError
        assert not play.outcome.records

    def test_none_exists(self) -> None:
        play = Play(names=["a.x.test", "a"])
        play.answered(rcode=3)
        play.answered(rcode=3)
        assert play.error is DnsError.NotFoundError
        assert "looking up a A at" in play.outcome.text

    def test_each_has_all_attempts(self) -> None:
        play = Play(ONE, TWO, names=["a.x.test", "a"], attempts=1)
        play.time_out()
        play.answered(rcode=3)
        assert (play.at[0], play.asked) == (ONE, "a.")

    def test_silence_is_no_reason_for_another_name(self) -> None:
        play = Play(names=["a.x.test", "a"], attempts=1)
        play.time_out()
        assert play.error is DnsError.TimeoutError

    def test_names_that_are_none_are_left_out(self) -> None:
        play = Play(names=["a..b.x.test", "a"])
        assert play.asked == "a."


def test_it_always_ends() -> None:
    """Whatever a server does that is worth another query, there are not many of them."""
    for choices in range(3**6):
        play = Play(ONE, TWO, attempts=2)
        for _ in range(20):
            if play.resolution.outcome is not None:
                break
            choices, choice = divmod(choices, 3)
            if choice == 0:
                play.answered(flags=dns.flags.TC)
            elif choice == 1:
                play.answered(rcode=1)
            else:
                play.time_out()
        assert play.resolution.outcome is not None
