"""QDnsLookup against a server that answers as it likes: errors, lies, silence, floods, and TCP in all its forms."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import dns.edns
import dns.flags
import dns.message
import pytest
from _dns import LOCALHOST, error_of, found, lookup, run
from _dns_responder import Asked, Responder, rrsets
from _netns import Namespace, call
from _peers import closed_port, needs_ipv6

RECORD = "a.test 60 IN A 1.2.3.4"
LIE = "a.test 60 IN A 6.6.6.6"
TRUTH = {"address": [("a.test", "1.2.3.4")]}
TC = dns.flags.TC


@pytest.fixture(autouse=True)
def patience(qt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """resolv.conf(5): as if the system's options said so. No answer comes too late, however busy the machine is.

    (Qt's C library looks once a process, and so has 5 s for all tests, those about silence, too.)
    """
    monkeypatch.setenv("RES_OPTIONS", f"timeout:{30 if qt.is_qnet else 5} attempts:2")


@pytest.fixture
def one_second(qt: Any, patience: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what is not answered."""
    if qt.is_qnet:
        monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:2")


def ask(
    qt: Any, handler: Callable[[Asked], None], kind: str = "A", name: str = "a.test", **how: Any
) -> tuple[Any, Any]:
    """The finished look-up of *name* at a server that does what *handler* says, and the server."""
    with Responder(handler, **how) as server:
        return run(qt, lookup(qt, kind, name, server.port)), server


def answering(*records: str, **details: Any) -> Callable[[Asked], None]:
    return lambda asked: asked.answer(*records, **details)


def over_tcp(handler: Callable[[Asked], None]) -> Callable[[Asked], None]:
    """A handler that does so for queries over TCP, and sends those over UDP there."""
    return lambda asked: handler(asked) if asked.over_tcp else asked.answer(flags=TC)


def changed(asked: Asked, change: Callable[[bytearray], None]) -> bytes:
    wire = bytearray(asked.reply(LIE).to_wire())
    change(wire)
    return bytes(wire)


class TestErrors:
    @pytest.mark.parametrize(
        ("rcode", "error"),
        [
            (1, ("InvalidRequestError", "Server could not process query")),
            (2, ("ServerFailureError", "Server failure")),
            (3, ("NotFoundError", "Non existent domain")),
            (4, ("ServerFailureError", "Server failure")),
            (5, ("ServerRefusedError", "Server refused to answer")),
            *((n, ("InvalidReplyError", f"Invalid reply received (rcode {n})")) for n in range(6, 16)),
        ],
    )
    def test_rcodes(self, qt: Any, app: Any, rcode: int, error: tuple[str, str]) -> None:
        made, _ = ask(qt, answering(RECORD, rcode=rcode))
        assert error_of(made) == error
        assert found(made) == {}

    @pytest.mark.qnet("Qt does not read the upper bits")
    @pytest.mark.parametrize("rcode", [16, 23])
    def test_rcodes_of_edns(self, qt: Any, app: Any, rcode: int) -> None:
        made, _ = ask(qt, answering(rcode=rcode))
        assert error_of(made) == ("InvalidReplyError", f"Invalid reply received (rcode {rcode})")

    def test_nothing_of_this_kind(self, qt: Any, app: Any) -> None:
        made, _ = ask(qt, answering())
        assert error_of(made) == ("NoError", "")
        assert found(made) == {}

    def test_nobody_listens(self, qt: Any, app: Any) -> None:
        made = run(qt, lookup(qt, "A", "a.test", closed_port(socket.SOCK_DGRAM)))
        assert error_of(made) == ("TimeoutError", "Request timed out")

    def test_silence(self, qt: Any, app: Any, one_second: None) -> None:
        begun = time.monotonic()
        made, server = ask(qt, lambda asked: None)
        assert error_of(made) == ("TimeoutError", "Request timed out")
        assert time.monotonic() - begun > 1.9
        assert len(server.queries) == 2

    @pytest.mark.qnet("Qt says less")
    def test_texts_say_what_was_asked_and_whom(self, qt: Any, app: Any) -> None:
        made, server = ask(qt, answering(rcode=3), "MX")
        assert made.errorString() == f"Non existent domain: looking up a.test MX at 127.0.0.1:{server.port}"
        port = closed_port(socket.SOCK_DGRAM)
        made = run(qt, lookup(qt, "A", "a.test", port))
        assert made.errorString().endswith(f"looking up a.test A at 127.0.0.1:{port} (connection refused)")

    def test_authentic_data(self, qt: Any, app: Any) -> None:
        assert ask(qt, answering(RECORD, flags=dns.flags.AD))[0].isAuthenticData()
        assert not ask(qt, answering(RECORD))[0].isAuthenticData()

    @pytest.mark.parametrize(
        ("record", "what"),
        [
            (r"A \# 010203", "IPv4 address"),
            (r"A \# 0102030405", "IPv4 address"),
            (r"AAAA \# 010203", "IPv6 address"),
            (r"MX \# 0001c0ff", "mail exchange"),
            (r"SRV \# 00010002", "service"),
            (r"TXT \# 05aabb", "text"),
            (r"TLSA \# 0102", "TLS association"),
        ],
    )
    def test_malformed_records(self, qt: Any, app: Any, record: str, what: str) -> None:
        made, _ = ask(qt, answering(RECORD, f"a.test 60 IN {record}"), record.split()[0])
        assert error_of(made) == ("InvalidReplyError", f"Invalid reply received (Invalid {what} record)")
        assert found(made) == {}


class TestRecords:
    def test_chains_and_loops_of_aliases_come_as_they_are(self, qt: Any, app: Any) -> None:
        chain = ["a.test 60 IN CNAME B.test.", "b.test 61 IN CNAME c.test.", "c.test 7 IN A 9.9.9.9"]
        for records in (chain, chain[::-1]):
            made, _ = ask(qt, answering(*records))
            assert sorted(found(made)["CNAME"]) == [("a.test", "b.test"), ("b.test", "c.test")]
            assert found(made)["address"] == [("c.test", "9.9.9.9")]
        made, server = ask(qt, answering("a.test 60 IN CNAME b.test.", "b.test 60 IN CNAME a.test."))
        assert found(made) == {"CNAME": [("a.test", "b.test"), ("b.test", "a.test")]}
        assert len(server.queries) == 1

    def test_all_kinds_at_once(self, qt: Any, app: Any) -> None:
        made, _ = ask(
            qt,
            answering(
                "a.test 1 IN A 1.1.1.1",
                "a.test 1 IN AAAA ::1",
                "a.test 1 IN NS ns.test.",
                "a.test 1 IN PTR p.test.",
                "a.test 1 IN MX 1 mx.test.",
                "a.test 1 IN SRV 1 2 3 tgt.test.",
                'a.test 1 IN TXT "a" "" "\\255"',
                r"a.test 1 IN TLSA \# 03010100ff",
                "a.test 1 IN SOA a. b. 1 2 3 4 5",
                'a.test 1 IN HINFO "a" "b"',
                "a.test 1 CH A a.test. 12",
            ),
            "ANY",
        )
        assert found(made) == {
            "address": [("a.test", "1.1.1.1"), ("a.test", "::1")],
            "NS": [("a.test", "ns.test")],
            "PTR": [("a.test", "p.test")],
            "MX": [("a.test", 1, "mx.test")],
            "SRV": [("a.test", 1, 2, 3, "tgt.test")],
            "TXT": [("a.test", [b"a", b"", b"\xff"])],
            "TLSA": [("a.test", 3, 1, 1, b"\0\xff")],
        }

    def test_other_sections_do_not_count(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            message = asked.reply()
            message.authority = rrsets(["test 60 IN NS ns.test."])
            message.additional = rrsets(["ns.test 60 IN A 3.3.3.3"])
            asked.send(message.to_wire())

        assert found(ask(qt, handler, "NS")[0]) == {}

    @pytest.mark.parametrize(
        ("target", "shown"),
        [
            ("A_b.TEST.", "a_b.test"),
            ("t.xn--mnchen-3ya.de.", "t.münchen.de"),
            ("t.xn--mnchen-3ya.test.", "t.xn--mnchen-3ya.test"),
            (r"a\.b\032c\255.test.", ""),
            (".", ""),
        ],
    )
    def test_names(self, qt: Any, app: Any, target: str, shown: str) -> None:
        assert found(ask(qt, answering(f"a.test 1 IN MX 5 {target}"), "MX")[0]) == {"MX": [("a.test", 5, shown)]}

    @pytest.mark.parametrize(
        ("name", "asked", "shown"),
        [
            ("A.TeSt", "a.test.", "a.test"),
            ("a.test.", "a.test.", "a.test"),
            ("bücher.de", "xn--bcher-kva.de.", "bücher.de"),
            ("ß.de", "xn--zca.de.", "ß.de"),
            ("127.0.0.1", "127.0.0.1.", "127.0.0.1"),
            ("", ".", ""),
        ],
    )
    def test_names_that_are_asked_for(self, qt: Any, app: Any, name: str, asked: str, shown: str) -> None:
        made, server = ask(qt, lambda asked: asked.answer(f"{asked.name} 60 IN A 1.2.3.4"), name=name)
        assert [each.name for each in server.queries] == [asked]
        assert found(made) == {"address": [(shown, "1.2.3.4")]}

    def test_exchanges_of_equal_preference_take_turns(self, qt: Any, app: Any) -> None:
        records = [f"a.test 1 IN MX {p} m{i}.test." for i, p in enumerate((10, 5, 10, 1))]
        orders = Counter()
        with Responder(answering(*records)) as server:
            made = lookup(qt, "MX", "a.test", server.port)
            for _ in range(30):
                orders[tuple(r.exchange()[:2] for r in run(qt, made).mailExchangeRecords())] += 1
        assert set(orders) == {("m3", "m1", "m0", "m2"), ("m3", "m1", "m2", "m0")}

    def test_services_by_priority_and_weight(self, qt: Any, app: Any) -> None:
        records = [f"a.test 1 IN SRV {p} {w} 80 m{i}.test." for i, (p, w) in enumerate([(2, 50), (2, 50), (1, 0)])]
        orders = Counter()
        with Responder(answering(*records)) as server:
            made = lookup(qt, "SRV", "a.test", server.port)
            for _ in range(30):
                orders[tuple(r.target()[:2] for r in run(qt, made).serviceRecords())] += 1
        assert set(orders) == {("m2", "m0", "m1"), ("m2", "m1", "m0")}


class TestQueries:
    def test_what_is_asked(self, qt: Any, app: Any) -> None:
        _, server = ask(qt, answering(RECORD))
        (asked,) = server.queries
        assert (asked.name, asked.kind, asked.over_tcp) == ("a.test.", 1, False)
        assert asked.message.flags & dns.flags.RD
        assert (asked.message.edns, asked.message.payload) == (0, 1232)

    @pytest.mark.qnet("Qt does not ask for it, and so seldom gets it")
    def test_authentic_data_is_asked_for(self, qt: Any, app: Any) -> None:
        _, server = ask(qt, answering(RECORD))
        assert server.queries[0].message.flags & dns.flags.AD

    @pytest.mark.qnet("Qt repeats a lost query with the same number from the same port")
    def test_every_attempt_has_a_number_and_a_port_of_its_own(
        self, qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RES_OPTIONS", "timeout:30 attempts:5")
        _, server = ask(qt, answering(rcode=2))
        assert len(server.queries) == 5
        assert len({(asked.client, asked.message.id) for asked in server.queries}) == 5
        # Chance may give one of them twice.
        assert len({asked.client for asked in server.queries}) >= 4
        assert len({asked.message.id for asked in server.queries}) >= 4

    def test_a_lost_query_is_repeated(self, qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        if qt.is_qnet:
            monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:30")
        made, server = ask(qt, lambda asked: asked.answer(RECORD) if asked.number >= 2 else None)
        assert found(made) == TRUTH
        assert len(server.queries) >= 2

    def test_a_server_that_fails_is_asked_again(self, qt: Any, app: Any) -> None:
        made, _ = ask(qt, lambda asked: asked.answer(RECORD) if asked.number == 2 else asked.answer(rcode=2))
        assert found(made) == TRUTH

    @pytest.mark.qnet("Qt gives up")
    def test_a_server_that_does_not_know_edns(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            message = asked.reply(RECORD)
            if asked.message.edns >= 0:
                message = asked.reply(rcode=1)
                message.use_edns(False)
            asked.send(message.to_wire())

        made, server = ask(qt, handler)
        assert found(made) == TRUTH
        assert len(server.queries) == 2

    @needs_ipv6
    def test_over_ipv6(self, qt: Any, app: Any) -> None:
        with Responder(over_tcp(answering(RECORD)), host="::1") as server:
            assert found(run(qt, lookup(qt, "A", "a.test", server.port, "::1"))) == TRUTH

    @pytest.mark.qnet("Qt never completes names")
    def test_the_search_list(self, qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOCALDOMAIN", "x.test y.test")

        def handler(asked: Asked) -> None:
            if asked.name == "host.y.test.":
                asked.answer("host.y.test 1 IN A 1.2.3.4")
            else:
                asked.answer(rcode=3)

        with Responder(handler) as server:
            made = lookup(qt, "A", "host", server.port)
            assert not made.isSearchListEnabled()
            assert error_of(run(qt, made))[0] == "NotFoundError"
            made.setSearchListEnabled(True)
            assert found(run(qt, made)) == {"address": [("host.y.test", "1.2.3.4")]}
            assert [asked.name for asked in server.queries] == ["host.", "host.x.test.", "host.y.test."]


class TestLies:
    """Nothing but the answer to the question, from whom it was put to, is taken."""

    def test_another_sender(self, qt: Any, app: Any) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((LOCALHOST, 0))

            def handler(asked: Asked) -> None:
                asked.send_from(other, asked.reply(LIE).to_wire())
                asked.answer(RECORD)

            assert found(ask(qt, handler)[0]) == TRUTH

    def test_another_number(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            for bit in range(16):
                asked.send(
                    changed(asked, lambda wire, bit=bit: wire.__setitem__(bit // 8, wire[bit // 8] ^ 1 << bit % 8))
                )
            asked.answer(RECORD)

        assert found(ask(qt, handler)[0]) == TRUTH

    @pytest.mark.parametrize(("name", "kind"), [("b.test", "A"), ("a.test", "AAAA")])
    def test_another_question(self, qt: Any, app: Any, name: str, kind: str) -> None:
        def handler(asked: Asked) -> None:
            asked.send(asked.reply(LIE, question=dns.message.make_query(name, kind).question).to_wire())
            asked.answer(RECORD)

        assert found(ask(qt, handler)[0]) == TRUTH

    def test_no_question(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            asked.send(asked.reply(LIE, question=[]).to_wire())
            asked.answer(RECORD)

        assert found(ask(qt, handler)[0]) == TRUTH

    @pytest.mark.qnet("Qt takes it")
    def test_a_query_in_return(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            asked.send(changed(asked, lambda wire: wire.__setitem__(2, wire[2] & 0x7F)))
            asked.send(asked.wire)
            asked.answer(RECORD)

        assert found(ask(qt, handler)[0]) == TRUTH

    @pytest.mark.qnet("Qt stops to listen")
    @pytest.mark.parametrize("rubbish", [b"", b"x", bytes(12), bytes(range(256)) * 4], ids=len)
    def test_rubbish(self, qt: Any, app: Any, rubbish: bytes) -> None:
        def handler(asked: Asked) -> None:
            asked.send(rubbish)
            asked.answer(RECORD)

        made, server = ask(qt, handler)
        assert found(made) == TRUTH
        assert len(server.queries) == 1

    def test_the_question_in_another_case(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            asked.send(
                asked.reply("A.tEST 1 IN A 1.2.3.4", question=dns.message.make_query("A.TesT", "A").question).to_wire()
            )

        assert found(ask(qt, handler)[0]) == TRUTH

    def test_a_duplicate(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            asked.answer(RECORD)
            asked.answer(RECORD)
            asked.answer(LIE)

        with Responder(handler) as server:
            made = lookup(qt, "A", "a.test", server.port)
            calls: list[Any] = []
            made.finished.connect(lambda: calls.append(found(made)))
            made.lookup()
            assert qt.wait(made.isFinished)
            qt.spin(30)
            assert calls == [TRUTH]

    @pytest.mark.qnet("Qt takes what it can read for the whole")
    @pytest.mark.parametrize("cut", [1, 5, 15])
    def test_an_answer_that_breaks_off(self, qt: Any, app: Any, cut: int) -> None:
        def handler(asked: Asked) -> None:
            message = asked.reply(RECORD)
            message.use_edns(False)
            asked.send(message.to_wire()[:-cut])

        assert error_of(ask(qt, handler)[0])[0] == "InvalidReplyError"

    @pytest.mark.qnet("who is flooded changes over to TCP")
    def test_a_flood(self, qt: Any, app: Any) -> None:
        def handler(asked: Asked) -> None:
            if asked.over_tcp:
                asked.answer(RECORD)
            else:
                for number in itertools.islice(itertools.cycle(range(65536)), 200):
                    if number != asked.message.id:
                        asked.send(
                            changed(asked, lambda wire, n=number: wire.__setitem__(slice(2), n.to_bytes(2, "big")))
                        )

        made, server = ask(qt, handler)
        assert found(made) == TRUTH
        assert [asked.over_tcp for asked in server.queries] == [False, True]

    def test_junk_behind_the_answer(self, qt: Any, app: Any) -> None:
        made, _ = ask(qt, lambda asked: asked.send(asked.reply(RECORD).to_wire() + b"junk"))
        assert found(made) == TRUTH


class TestTcp:
    def test_after_truncation(self, qt: Any, app: Any) -> None:
        made, server = ask(qt, over_tcp(answering(RECORD)))
        assert found(made) == TRUTH
        assert [asked.over_tcp for asked in server.queries] == [False, True]

    def test_what_is_truncated_even_there(self, qt: Any, app: Any) -> None:
        assert found(ask(qt, answering(RECORD, flags=TC))[0]) == TRUTH

    def test_byte_by_byte(self, qt: Any, app: Any) -> None:
        assert found(ask(qt, over_tcp(lambda asked: asked.trickle(asked.reply(RECORD).to_wire())))[0]) == TRUTH

    def test_the_longest_answer(self, qt: Any, app: Any) -> None:
        text = " ".join(['"' + "x" * 200 + '"'] * 300)
        made, _ = ask(qt, over_tcp(answering(f"a.test 1 IN TXT {text}")), "TXT")
        ((_, values),) = found(made)["TXT"]
        assert [len(value) for value in values] == [200] * 300

    def test_thousands_of_records(self, qt: Any, app: Any) -> None:
        records = [f"a.test 1 IN A 10.0.{i // 256}.{i % 256}" for i in range(3000)]
        made, _ = ask(qt, over_tcp(answering(*records)))
        assert [address for _, address in found(made)["address"]] == [r.split()[-1] for r in records]

    @pytest.mark.parametrize("data", [b"", b"\0", b"\0\x40half", b"\xff\xff" + bytes(1000)], ids=len)
    def test_an_early_end(self, qt: Any, app: Any, data: bytes) -> None:
        def handler(asked: Asked) -> None:
            asked.send_raw(data)
            asked.close()

        made, _ = ask(qt, over_tcp(handler))
        assert error_of(made) == ("TimeoutError", "Request timed out")

    def test_nobody_listens(self, qt: Any, app: Any) -> None:
        made, _ = ask(qt, answering(RECORD, flags=TC), tcp=False)
        assert error_of(made) == ("TimeoutError", "Request timed out")

    @pytest.mark.parametrize("message", [b"", b"rubbish"], ids=len)
    def test_rubbish(self, qt: Any, app: Any, message: bytes) -> None:
        made, _ = ask(qt, over_tcp(lambda asked: asked.send(message)))
        assert error_of(made) == ("TimeoutError", "Request timed out")

    @pytest.mark.qnet("Qt waits for ever")
    def test_much_rubbish(self, qt: Any, app: Any) -> None:
        made, _ = ask(qt, over_tcp(lambda asked: asked.send(bytes(65535))))
        assert error_of(made) == ("TimeoutError", "Request timed out")

    @pytest.mark.qnet("Qt asks again over UDP, and so on")
    def test_an_answer_that_never_ends(self, qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")
        made, _ = ask(qt, over_tcp(lambda asked: asked.send_raw(b"\0\xff" + bytes(100))))
        assert error_of(made) == ("TimeoutError", "Request timed out")

    @pytest.mark.qnet("an option of resolv.conf(5) that Qt takes in another way")
    def test_from_the_beginning(self, qt: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RES_OPTIONS", "use-vc")
        made, server = ask(qt, answering(RECORD))
        assert found(made) == TRUTH
        assert [asked.over_tcp for asked in server.queries] == [True]

    def test_the_loop_turns_meanwhile(self, qt: Any, app: Any) -> None:
        """A server that takes its time stops nobody: the test lets it go from within the same loop."""
        go = threading.Event()
        held: list[Asked] = []

        def handler(asked: Asked) -> None:
            held.append(asked)
            go.set()

        with Responder(over_tcp(handler)) as server:
            made = lookup(qt, "A", "a.test", server.port)
            ticks: list[int] = []
            timer = qt.QTimer()
            timer.timeout.connect(lambda: ticks.append(1))
            timer.start(5)
            made.lookup()
            assert qt.wait(lambda: held and len(ticks) > 5)
            server.later(lambda: held[0].answer(RECORD))
            assert qt.wait(made.isFinished)
            assert found(made) == TRUTH


def the_systems_servers(qt: Any) -> list[Any]:
    """Runs in a namespace of its own: what the servers of resolv.conf are asked, and what comes of it."""
    qt.app()
    asked: list[str] = []

    def handler(query: Asked) -> None:
        asked.append(query.name)
        query.answer(f"{query.name} 60 IN A 1.2.3.4")

    with Responder(handler, port=53):
        made = qt.QDnsLookup(qt.QDnsLookup.Type.A, "a.test")
        return [found(run(qt, made)), asked, error_of(made)]


def test_the_systems_servers(qt: Any) -> None:
    with Namespace(resolv_conf="nameserver 192.0.2.1\nnameserver 127.0.0.1\nsearch corp.test\n") as namespace:
        namespace.ip("link set lo up")
        said = namespace.python(call("test_dnslookup_replies", "the_systems_servers", qt))
    assert said.strip() == '[{"address": [["a.test", "1.2.3.4"]]}, ["a.test."], ["NoError", ""]]'
