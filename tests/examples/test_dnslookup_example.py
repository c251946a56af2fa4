"""The example that looks DNS records up, with a server that knows one of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import dns.flags
import pytest
from _dns_responder import Asked, Responder
from _example_runner import Examples

RECORDS = {
    "a.test.": [
        "a.test 60 IN CNAME b.test.",
        "b.test 60 IN A 192.0.2.1",
        "b.test 60 IN AAAA 2001:db8::1",
        "b.test 60 IN NS ns.test.",
        "b.test 60 IN MX 10 mx.test.",
        "b.test 60 IN SRV 1 2 80 web.test.",
        'b.test 60 IN TXT "two" "\\027[2J\\255"',
        r"b.test 60 IN TLSA \# 030100abcd",
    ],
    "empty.test.": [],
    "none.test.": None,
}


@pytest.fixture
def server() -> Iterator[Responder]:
    def handler(asked: Asked) -> None:
        records = RECORDS.get(asked.name)
        if asked.name == "silent.test.":
            return
        if records is None:
            asked.answer(rcode=3)
        else:
            asked.answer(*records, flags=dns.flags.AD)

    with Responder(handler) as server:
        yield server


@pytest.fixture
def run(examples: Examples, server: Responder) -> Callable[..., tuple[int, str, str]]:
    return lambda *more: examples.run("dnslookup", "--server", "127.0.0.1", "--port", server.port, *more)


def test_it_prints_every_kind(run: Callable[..., tuple[int, str, str]]) -> None:
    code, output, errors = run("--type", "any", "a.test")
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        "a.test\t60\tCNAME\tb.test",
        "b.test\t60\tNS\tns.test",
        "b.test\t60\tA\t192.0.2.1",
        "b.test\t60\tAAAA\t2001:db8::1",
        "b.test\t60\tMX\t10 mx.test",
        "b.test\t60\tSRV\t1 2 80 web.test",
        "b.test\t60\tTXT\t'two' '\\x1b[2J\ufffd'",
        "b.test\t60\tTLSA\t3 1 0 abcd",
        "The name server has verified this (DNSSEC).",
    ]


def test_it_asks_for_addresses_unless_told_otherwise(
    run: Callable[..., tuple[int, str, str]], server: Responder
) -> None:
    code, output, _ = run("empty.test")
    assert (code, output.splitlines()[0]) == (0, "empty.test has no A records.")
    run("--type", "TLSA", "empty.test")
    assert [asked.kind for asked in server.queries] == [1, 52]


def test_a_name_that_does_not_exist(run: Callable[..., tuple[int, str, str]]) -> None:
    code, output, errors = run("none.test")
    assert (code, output) == (1, "")
    assert errors.startswith("No answer for none.test: Non existent domain")


def test_a_server_that_is_none(examples: Examples, dead_port: int) -> None:
    code, _, errors = examples.run("dnslookup", "--server", "127.0.0.1", "--port", dead_port, "a.test")
    assert code == 1
    assert errors.startswith("No answer for a.test: Request timed out")


@pytest.mark.parametrize("wrong", [["--server", "nowhere"], ["--port", "0"], ["--type", "SPF"]])
def test_options_that_make_no_sense(examples: Examples, wrong: list[str]) -> None:
    code, _, errors = examples.run("dnslookup", *wrong, "a.test")
    assert code == 2
    assert wrong[1] in errors


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps")
def test_ctrl_c_ends_a_look_up(examples: Examples, server: Responder) -> None:
    started = examples.start("dnslookup", "--server", "127.0.0.1", "--port", server.port, "silent.test")
    server.await_query()
    code, errors = started.ctrl_c()
    assert (code, errors.strip()) == (130, "Interrupted.")
