"""QDnsLookup: its properties and states, real answers of dnsmasq, threads, and what is left when it is over."""

from __future__ import annotations

import contextlib
import copy
import gc
import os
import resource
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.flags
import pytest
from _dns import LOCALHOST, error_of, found, lookup, run
from _dns_responder import Asked, Responder
from _dnsmasq import dnsmasq

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DIGEST = bytes(range(32))
RECORDS = """\
host-record=host.test,192.0.2.1,2001:db8::1,300
cname=alias.test,host.test
cname=first.test,alias.test
mx-host=mail.test,mx2.test,20
mx-host=mail.test,mx1.test,10
srv-host=_sip._tcp.test,backup.test,5061,20,0
srv-host=_sip._tcp.test,sip.test,5060,10,5
txt-record=text.test,"one","two words"
ptr-record=1.2.0.192.in-addr.arpa,host.test
dns-rr=zone.test,2,036e7331047465737400
host-record=xn--mnchen-3ya.test,192.0.2.7
""".splitlines()
RECORDS.append(f"dns-rr=_443._tcp.host.test,52,030101{DIGEST.hex()}")
RECORDS += [f'txt-record=big.test,"{number:03}{"x" * 200}"' for number in range(20)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a dnsmasq that knows `RECORDS`."""
    with dnsmasq(tmp_path_factory.mktemp("dnsmasq"), *RECORDS) as port:
        yield port


class TestARealServer:
    @pytest.mark.parametrize(
        ("kind", "name", "expected"),
        [
            ("A", "host.test", {"address": [("host.test", "192.0.2.1")]}),
            ("A", "HOST.Test.", {"address": [("host.test", "192.0.2.1")]}),
            ("AAAA", "host.test", {"address": [("host.test", "2001:db8::1")]}),
            ("CNAME", "alias.test", {"CNAME": [("alias.test", "host.test")]}),
            (
                "A",
                "first.test",
                {
                    "CNAME": [("first.test", "alias.test"), ("alias.test", "host.test")],
                    "address": [("host.test", "192.0.2.1")],
                },
            ),
            ("MX", "mail.test", {"MX": [("mail.test", 10, "mx1.test"), ("mail.test", 20, "mx2.test")]}),
            (
                "SRV",
                "_sip._tcp.test",
                {
                    "SRV": [
                        ("_sip._tcp.test", 10, 5, 5060, "sip.test"),
                        ("_sip._tcp.test", 20, 0, 5061, "backup.test"),
                    ]
                },
            ),
            ("TXT", "text.test", {"TXT": [("text.test", [b"one", b"two words"])]}),
            ("PTR", "1.2.0.192.in-addr.arpa", {"PTR": [("1.2.0.192.in-addr.arpa", "host.test")]}),
            ("NS", "zone.test", {"NS": [("zone.test", "ns1.test")]}),
            ("TLSA", "_443._tcp.host.test", {"TLSA": [("_443._tcp.host.test", 3, 1, 1, DIGEST)]}),
            ("A", "münchen.test", {"address": [("xn--mnchen-3ya.test", "192.0.2.7")]}),
            ("MX", "host.test", {}),
        ],
    )
    def test_records(self, qt: Any, app: Any, server: int, kind: str, name: str, expected: dict[str, Any]) -> None:
        made = run(qt, lookup(qt, kind, name, server))
        assert error_of(made) == ("NoError", "")
        assert found(made) == expected

    def test_any(self, qt: Any, app: Any, server: int) -> None:
        made = run(qt, lookup(qt, "ANY", "host.test", server))
        assert sorted(found(made)["address"]) == [("host.test", "192.0.2.1"), ("host.test", "2001:db8::1")]

    def test_time_to_live(self, qt: Any, app: Any, server: int) -> None:
        (record,) = run(qt, lookup(qt, "A", "host.test", server)).hostAddressRecords()
        assert record.timeToLive() == 300

    def test_what_needs_tcp(self, qt: Any, app: Any, server: int) -> None:
        texts = found(run(qt, lookup(qt, "TXT", "big.test", server)))["TXT"]
        assert sorted(values[0][:3] for _, values in texts) == [f"{number:03}".encode() for number in range(20)]

    def test_what_does_not_exist(self, qt: Any, app: Any, server: int) -> None:
        made = run(qt, lookup(qt, "A", "nothing.test", server))
        assert error_of(made) == ("NotFoundError", "Non existent domain")
        assert found(made) == {}

    def test_what_it_does_not_serve(self, qt: Any, app: Any, server: int) -> None:
        assert error_of(run(qt, lookup(qt, "A", "example.org", server))) == (
            "ServerRefusedError",
            "Server refused to answer",
        )

    def test_many_at_once(self, qt: Any, app: Any, server: int) -> None:
        names = ["host.test", "text.test", "nothing.test", "münchen.test"] * 25
        lookups = [lookup(qt, "A", name, server) for name in names]
        for made in lookups:
            made.lookup()
        assert qt.wait(lambda: all(made.isFinished() for made in lookups), 60)
        assert [len(found(made)) for made in lookups] == [1, 0, 0, 1] * 25

    def test_one_object_again_and_again(self, qt: Any, app: Any, server: int) -> None:
        made = lookup(qt, "A", "host.test", server)
        assert list(found(run(qt, made))) == ["address"]
        made.setType(qt.QDnsLookup.Type.MX)
        made.setName("mail.test")
        assert list(found(run(qt, made))) == ["MX"]
        made.setName("nothing.test")
        assert found(run(qt, made)) == {}


class TestProperties:
    def test_a_new_one(self, qt: Any, app: Any) -> None:
        made = qt.QDnsLookup()
        assert (made.name(), made.type(), made.isFinished()) == ("", qt.QDnsLookup.Type.A, False)
        assert (made.error(), made.errorString()) == (qt.QDnsLookup.Error.NoError, "")
        assert not made.isAuthenticData()
        assert made.nameserver().isNull()
        assert (made.nameserverPort(), made.nameserverProtocol()) == (0, qt.QDnsLookup.Protocol.Standard)
        assert found(made) == {}

    def test_constructors(self, qt: Any, app: Any) -> None:
        kinds, protocols, address = qt.QDnsLookup.Type, qt.QDnsLookup.Protocol, qt.QHostAddress("192.0.2.1")
        parent = qt.QObject()

        def described(*args: Any, **properties: Any) -> tuple[Any, ...]:
            made = qt.QDnsLookup(*args, **properties)
            server = made.nameserver().toString(), made.nameserverPort(), made.nameserverProtocol().name
            return made.name(), made.type().name, *server, made.parent() is parent

        plain = ("", 0, "Standard")
        assert described(parent) == ("", "A", *plain, True)
        assert described(kinds.MX, "a") == ("a", "MX", *plain, False)
        assert described(kinds.MX, "a", parent) == ("a", "MX", *plain, True)
        assert described(kinds.MX, "a", address) == ("a", "MX", "192.0.2.1", 0, "Standard", False)
        assert described(kinds.MX, "a", address, parent) == ("a", "MX", "192.0.2.1", 0, "Standard", True)
        assert described(kinds.MX, "a", address, 5, parent) == ("a", "MX", "192.0.2.1", 5, "Standard", True)
        tls = protocols.DnsOverTls
        assert described(kinds.MX, "a", tls, address) == ("a", "MX", "192.0.2.1", 0, "DnsOverTls", False)
        assert described(kinds.MX, "a", tls, address, 5, parent) == ("a", "MX", "192.0.2.1", 5, "DnsOverTls", True)
        local = qt.QHostAddress.SpecialAddress.LocalHost
        assert described(kinds.MX, "a", local, 5) == ("a", "MX", "127.0.0.1", 5, "Standard", False)
        assert described(name="a", type=kinds.NS, nameserver=address, nameserverPort=7) == (
            *("a", "NS", "192.0.2.1", 7, "Standard", False),
        )

    def test_arguments_that_make_no_sense(self, qt: Any, app: Any) -> None:
        kind, address = qt.QDnsLookup.Type.A, qt.QHostAddress("192.0.2.1")
        for args in (("a",), (kind,), (kind, 5), (kind, "a", "192.0.2.1"), (kind, "a", address, 5, 6), (5, 6, 7)):
            with pytest.raises(TypeError):
                qt.QDnsLookup(*args)

    def test_setters_emit_what_changes(self, qt: Any, app: Any) -> None:
        made = qt.QDnsLookup(qt.QDnsLookup.Type.A, "a.test")
        seen: list[Any] = []
        made.nameChanged.connect(lambda value: seen.append(value))
        made.typeChanged.connect(lambda value: seen.append(value.name))
        made.setName("a.test")
        made.setType(qt.QDnsLookup.Type.A)
        assert seen == []
        made.setName("B.test")
        made.setType(qt.QDnsLookup.Type.SRV)
        made.setName(None)
        assert seen == ["B.test", "SRV", ""]
        assert (made.name(), made.type()) == ("", qt.QDnsLookup.Type.SRV)

    def test_name_servers(self, qt: Any, app: Any) -> None:
        made = qt.QDnsLookup()
        standard, tls = qt.QDnsLookup.Protocol.Standard, qt.QDnsLookup.Protocol.DnsOverTls
        seen: list[Any] = []

        def note(*_: Any) -> None:
            state = made.nameserver().toString(), made.nameserverPort(), made.nameserverProtocol().name
            seen.append(state)

        made.nameserverChanged.connect(note)
        made.nameserverPortChanged.connect(note)
        made.nameserverProtocolChanged.connect(note)
        made.setNameserver(tls, qt.QHostAddress("192.0.2.1"), 77)
        assert seen == [
            ("192.0.2.1", 0, "Standard"),
            ("192.0.2.1", 77, "Standard"),
            ("192.0.2.1", 77, "DnsOverTls"),
        ]
        seen.clear()
        made.setNameserver(qt.QHostAddress("192.0.2.1"))
        assert seen == []
        made.setNameserver(qt.QHostAddress("192.0.2.2"), 77)
        assert seen == [("192.0.2.2", 77, "DnsOverTls"), ("192.0.2.2", 77, "Standard")]
        made.setNameserver(standard, qt.QHostAddress("192.0.2.2"))
        assert made.nameserverPort() == 0
        seen.clear()
        made.setNameserver(qt.QHostAddress("192.0.2.3"))
        made.setNameserverPort(5)
        made.setNameserverProtocol(tls)
        made.setNameserverProtocol(tls)
        assert len(seen) == 3
        made.nameserver().setAddress("192.0.2.99")
        assert made.nameserver().toString() == "192.0.2.3"

    def test_wrong_types(self, qt: Any, app: Any) -> None:
        made = qt.QDnsLookup()
        for wrong in (
            lambda: made.setName(5),
            lambda: made.setType(15),
            lambda: made.setNameserver("192.0.2.1"),
            lambda: made.setNameserver(),
            lambda: made.setNameserver(qt.QHostAddress(), 5, 6),
            lambda: made.setNameserverPort("53"),
            lambda: made.setNameserverProtocol(1),
            lambda: qt.QDnsLookup.defaultPortForProtocol(0),
            lambda: qt.QDnsLookup.isProtocolSupported(0),
        ):
            with pytest.raises(TypeError):
                wrong()
        assert (made.name(), made.nameserver().isNull(), made.nameserverPort()) == ("", True, 0)

    @pytest.mark.qnet("PySide6 raises OverflowError")
    @pytest.mark.parametrize("port", [-1, 65536])
    def test_ports_out_of_range(self, qt: Any, app: Any, port: int) -> None:
        made = qt.QDnsLookup()
        with pytest.raises(ValueError, match="0 to 65535"):
            made.setNameserverPort(port)
        with pytest.raises(ValueError, match="0 to 65535"):
            made.setNameserver(qt.QHostAddress("192.0.2.1"), port)
        assert (made.nameserver().isNull(), made.nameserverPort()) == (True, 0)

    def test_as_qt_properties(self, qt: Any, app: Any, server: int) -> None:
        made = lookup(qt, "A", "", server)
        assert made.setProperty("name", "nothing.test")
        assert not made.setProperty("error", 5)
        run(qt, made)
        assert made.property("name") == "nothing.test"
        assert made.property("nameserverPort") == server
        assert made.property("error") == qt.QDnsLookup.Error.NotFoundError
        assert made.property("errorString") == made.errorString()
        assert made.property("authenticData") is False

    def test_ports_of_protocols(self, qt: Any, app: Any) -> None:
        protocols = qt.QDnsLookup.Protocol
        assert [qt.QDnsLookup.defaultPortForProtocol(each) for each in protocols] == [53, 853]
        assert qt.QDnsLookup.isProtocolSupported(protocols.Standard)

    @pytest.mark.qnet("there is no TLS yet")
    def test_dns_over_tls_is_refused(self, qt: Any, app: Any) -> None:
        tls = qt.QDnsLookup.Protocol.DnsOverTls
        assert not qt.QDnsLookup.isProtocolSupported(tls)
        made = run(qt, qt.QDnsLookup(qt.QDnsLookup.Type.A, "a.test", tls, qt.QHostAddress(LOCALHOST)))
        assert error_of(made) == ("ResolverError", "DNS over TLS is not supported")
        with pytest.raises(NotImplementedError, match="no TLS yet"):
            made.sslConfiguration()
        with pytest.raises(NotImplementedError, match="no TLS yet"):
            made.setSslConfiguration(None)


class TestStates:
    def test_nothing_is_over_before_the_loop_turns(self, qt: Any, app: Any, server: int) -> None:
        for name in ("host.test", "..", ""):
            made = lookup(qt, "A", name, server)
            calls: list[Any] = []
            made.finished.connect(lambda made=made, calls=calls: calls.append(made.isFinished()))
            made.lookup()
            assert (made.isFinished(), calls) == (False, [])
            assert qt.wait(made.isFinished)
            assert calls == [True]

    @pytest.mark.parametrize("name", [".", "a..b", "a b.test", "*.test", "a" * 64 + ".test", ".".join(["a" * 60] * 5)])
    def test_what_is_no_name(self, qt: Any, app: Any, server: int, name: str) -> None:
        made = run(qt, lookup(qt, "A", name, server))
        assert error_of(made) == ("InvalidRequestError", "Invalid domain name")

    def test_aborting(self, qt: Any, app: Any) -> None:
        with Responder(lambda asked: None) as silent:
            made = lookup(qt, "A", "a.test", silent.port)
            calls: list[Any] = []
            made.finished.connect(lambda: calls.append((made.isFinished(), made.error().name)))
            made.abort()
            assert (calls, made.isFinished()) == ([], False)
            made.lookup()
            assert qt.wait(lambda: silent.queries)
            made.abort()
            assert calls == [(True, "OperationCancelledError")]
            assert error_of(made) == ("OperationCancelledError", "Operation cancelled")
            made.abort()
            qt.spin(20)
            assert len(calls) == 1

    def test_aborting_at_once(self, qt: Any, app: Any) -> None:
        made = lookup(qt, "A", "a.test", 53)
        made.lookup()
        made.abort()
        qt.spin(20)
        assert error_of(made) == ("OperationCancelledError", "Operation cancelled")

    def test_a_second_lookup_replaces_the_first(self, qt: Any, app: Any, server: int) -> None:
        with Responder(lambda asked: None) as silent:
            made = lookup(qt, "A", "a.test", silent.port)
            calls: list[Any] = []
            made.finished.connect(lambda: calls.append(found(made)))
            made.lookup()
            made.lookup()
            assert qt.wait(lambda: silent.queries)
            made.setNameserverPort(server)
            made.setName("host.test")
            made.lookup()
            assert qt.wait(made.isFinished)
            qt.spin(20)
            assert calls == [{"address": [("host.test", "192.0.2.1")]}]

    def test_what_is_set_meanwhile_is_for_the_next_one(self, qt: Any, app: Any, server: int) -> None:
        made = lookup(qt, "A", "host.test", server)
        made.lookup()
        made.setName("nothing.test")
        made.setType(qt.QDnsLookup.Type.MX)
        made.setNameserver(qt.QHostAddress("192.0.2.1"))
        assert qt.wait(made.isFinished)
        assert list(found(made)) == ["address"]

    def test_a_new_one_clears_the_old_result(self, qt: Any, app: Any, server: int) -> None:
        made = run(qt, lookup(qt, "A", "host.test", server))
        made.lookup()
        assert (found(made), made.isFinished()) == ({}, False)
        assert qt.wait(made.isFinished)
        made.setName("nothing.test")
        run(qt, made)
        made.lookup()
        assert (made.error().name, made.errorString()) == ("NoError", "")
        made.abort()
        assert found(made) == {}

    def test_again_from_the_slot(self, qt: Any, app: Any, server: int) -> None:
        made = lookup(qt, "A", "host.test", server)
        states: list[bool] = []

        def again() -> None:
            states.append(made.isFinished())
            if len(states) < 3:
                made.lookup()

        made.finished.connect(again)
        made.lookup()
        assert qt.wait(lambda: len(states) == 3)
        assert states == [True] * 3

    def test_deleted_in_the_slot(self, qt: Any, app: Any, server: int) -> None:
        made = lookup(qt, "A", "host.test", server)
        gone: list[Any] = []
        made.destroyed.connect(lambda: gone.append(True))
        made.finished.connect(made.deleteLater)
        made.lookup()
        assert qt.wait(lambda: gone)

    def test_deleted_in_progress(self, qt: Any, app: Any) -> None:
        with Responder(lambda asked: None) as silent:
            parent = qt.QObject()
            made = lookup(qt, "A", "a.test", silent.port)
            made.setParent(parent)
            calls: list[Any] = []
            made.finished.connect(lambda: calls.append(True))
            made.lookup()
            assert qt.wait(lambda: silent.queries)
            parent.deleteLater()
            qt.process()
            silent.later(lambda: silent.queries[0].answer("a.test 1 IN A 1.2.3.4"))
            qt.spin(50)
            assert calls == []

    @pytest.mark.qnet("PySide6 destroys what nobody refers to")
    def test_in_progress_it_lives_on(self, qt: Any, app: Any, server: int) -> None:
        results: list[Any] = []

        class Lookup(qt.QDnsLookup):  # type: ignore[misc, name-defined]
            def over(self) -> None:
                results.append(found(self))

        made = Lookup(qt.QDnsLookup.Type.A, "host.test", qt.QHostAddress(LOCALHOST), server)
        made.finished.connect(made.over)
        made.lookup()
        del made
        assert qt.wait(lambda: results)
        assert results == [{"address": [("host.test", "192.0.2.1")]}]

    def test_methods_are_slots(self, qt: Any, app: Any, server: int) -> None:
        made = lookup(qt, "A", "host.test", server)
        qt.QTimer.singleShot(0, made.lookup)
        assert qt.wait(made.isFinished)
        names = [made.metaObject().method(i).name() for i in range(made.metaObject().methodCount())]
        assert {b"lookup", b"abort", b"finished"} <= {bytes(name) for name in names}

    def test_names_that_a_program_uses_for_itself(self, qt: Any, app: Any, server: int) -> None:
        kind = qt.QDnsLookup

        class Lookup(kind):  # type: ignore[misc, valid-type]
            def __init__(self) -> None:
                super().__init__(kind.Type.A, "host.test", qt.QHostAddress(LOCALHOST), server)
                self.over = 0
                kind.finished.__get__(self, Lookup).connect(self.count)
                for name in dir(kind):
                    is_signal = name == "finished" or name.endswith("Changed")
                    if name[0].islower() and not is_signal and not hasattr(qt.QObject, name):
                        setattr(self, name, None)

            def count(self) -> None:
                self.over += 1

        made = Lookup()
        assert made.error is None
        kind.lookup(made)
        assert qt.wait(lambda: made.over)
        assert [r.name() for r in kind.hostAddressRecords(made)] == ["host.test"]


class TestThreads:
    def test_in_a_thread_of_its_own(self, qt: Any, app: Any, server: int) -> None:
        thread = qt.QThread()
        made = lookup(qt, "A", "host.test", server)
        seen: list[Any] = []

        def over() -> None:
            seen.append((threading.get_ident(), found(made)))
            thread.quit()

        made.finished.connect(over)
        made.moveToThread(thread)
        thread.started.connect(made.lookup)
        thread.start()
        assert thread.wait(30_000)
        ((ident, records),) = seen
        assert ident != threading.get_ident()
        assert list(records) == ["address"]

    @pytest.mark.parametrize("over_tcp", [False, True])
    def test_moved_in_progress(self, qt: Any, app: Any, over_tcp: bool) -> None:
        held: list[Asked] = []

        def handler(asked: Asked) -> None:
            if over_tcp and not asked.over_tcp:
                asked.answer(flags=dns.flags.TC)
            else:
                held.append(asked)

        with Responder(handler) as server:
            thread = qt.QThread()
            thread.start()
            made = lookup(qt, "A", "a.test", server.port)
            seen: list[int] = []
            made.finished.connect(lambda: (seen.append(threading.get_ident()), thread.quit()))
            made.lookup()
            assert qt.wait(lambda: held)
            assert made.moveToThread(thread)
            server.later(lambda: held[0].answer("a.test 1 IN A 1.2.3.4"))
            assert thread.wait(30_000)
            assert seen != [threading.get_ident()]
            assert found(made) == {"address": [("a.test", "1.2.3.4")]}
            assert len(held) == 1

    @pytest.mark.qnet("PySide6 cannot have Python's threads")
    def test_in_a_python_thread_with_a_loop(self, qt: Any, app: Any, server: int) -> None:
        results: list[Any] = []

        def work() -> None:
            made = run(qt, lookup(qt, "A", "host.test", server))
            results.append(found(made))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(60)
        assert results == [{"address": [("host.test", "192.0.2.1")]}]

    @pytest.mark.qnet("a look-up of Qt's blocks a thread of a pool")
    def test_no_thread_is_used(self, qt: Any, app: Any) -> None:
        with Responder(lambda asked: None) as silent:
            before = set(threading.enumerate())
            lookups = [lookup(qt, "A", f"n{i}.test", silent.port) for i in range(50)]
            for made in lookups:
                made.lookup()
            assert qt.wait(lambda: len(silent.queries) >= 50)
            assert set(threading.enumerate()) <= before
            for made in lookups:
                made.abort()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def census() -> Counter[str]:
    """How many objects there are of each of the classes that a look-up is made of."""
    made_of = ("QDnsLookup", "Exchange", "Resolution", "QUdpSocket", "QTcpSocket", "QNativeSocketEngine", "Outcome")
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each).__name__ in made_of)


@pytest.mark.qnet("what PySide6 leaves is not ours to test")
class TestWhatIsLeft:
    @pytest.fixture
    def server(self) -> Iterator[Responder]:
        def handler(asked: Asked) -> None:
            if asked.name == "tcp." and not asked.over_tcp:
                asked.answer(flags=dns.flags.TC)
            elif asked.name != "silent.":
                asked.answer(f"{asked.name} 1 IN A 1.2.3.4")

        with Responder(handler) as server:
            yield server

    def one(self, qt: Any, server: Responder, name: str, end: str) -> None:
        made = lookup(qt, "A", name, server.port)
        made.finished.connect(lambda: None)
        made.lookup()
        qt.process()
        if end == "abort":
            made.abort()
        elif end == "delete":
            made.deleteLater()
            qt.process()
        else:
            assert qt.wait(made.isFinished)

    def test_no_object_and_no_descriptor(self, qt: Any, app: Any, server: Responder) -> None:
        ways = [("udp", ""), ("tcp", ""), ("..", ""), ("silent", "abort"), ("silent", "delete"), ("tcp", "abort")]
        for way in ways:
            self.one(qt, server, *way)
        assert qt.wait(server.is_idle)
        gc.collect()
        gc.disable()
        try:
            objects, opened = census(), descriptors()
            for _ in range(100):
                for way in ways:
                    self.one(qt, server, *way)
            assert qt.wait(server.is_idle)
            assert census() == objects
            assert descriptors() == opened
        finally:
            gc.enable()

    def test_when_no_descriptor_is_left(self, qt: Any, app: Any, server: Responder) -> None:
        run(qt, lookup(qt, "A", "udp", server.port))  # what is loaded at first needs descriptors too
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, limits[1]))
        fillers = []
        try:
            with contextlib.suppress(OSError):
                while True:
                    fillers.append(os.dup(0))
            made = run(qt, lookup(qt, "A", "udp", server.port))
        finally:
            for filler in fillers:
                os.close(filler)
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        assert made.error() is qt.QDnsLookup.Error.ResolverError
        assert made.errorString().startswith("Out of resources: looking up udp A at")
        assert error_of(run(qt, made)) == ("NoError", "")

    def test_aborted_before_the_loop_turned(self, qt: Any, app: Any) -> None:
        opened = descriptors()
        made = lookup(qt, "A", "a.test", 53)
        made.lookup()
        made.abort()
        made.lookup()
        made.deleteLater()
        qt.process()
        assert descriptors() == opened


@pytest.mark.qnet("what is imported when")
def test_dnspython_is_loaded_by_the_first_lookup() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from qnet.QtCore import QCoreApplication; from qnet.QtNetwork import QDnsLookup, QDnsTextRecord\n"
        "app = QCoreApplication([]); made = QDnsLookup(QDnsLookup.Type.A, '..'); made.finished.connect(app.quit)\n"
        "print('dns' in sys.modules); made.lookup(); app.exec(); print('dns' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True"]


class TestRecords:
    NAMES = (
        "QDnsDomainNameRecord",
        "QDnsHostAddressRecord",
        "QDnsMailExchangeRecord",
        "QDnsServiceRecord",
        "QDnsTextRecord",
        "QDnsTlsAssociationRecord",
    )

    def test_empty_ones(self, qt: Any) -> None:
        for name in self.NAMES:
            record = getattr(qt, name)()
            assert (record.name(), record.timeToLive()) == ("", 0)
        assert qt.QDnsDomainNameRecord().value() == ""
        assert qt.QDnsHostAddressRecord().value().isNull()
        assert (qt.QDnsMailExchangeRecord().preference(), qt.QDnsMailExchangeRecord().exchange()) == (0, "")
        service = qt.QDnsServiceRecord()
        assert (service.priority(), service.weight(), service.port(), service.target()) == (0, 0, 0, "")
        assert qt.QDnsTextRecord().values() == []
        assert bytes(qt.QDnsTlsAssociationRecord().value()) == b""

    @pytest.mark.qnet("Qt leaves these to chance")
    def test_an_empty_tlsa_record(self, qt: Any) -> None:
        record = qt.QDnsTlsAssociationRecord()
        assert (record.usage(), record.selector(), record.matchType()) == (0, 0, 0)

    @pytest.mark.parametrize(
        ("kind", "name", "getter"),
        [
            ("A", "host.test", "hostAddressRecords"),
            ("CNAME", "alias.test", "canonicalNameRecords"),
            ("MX", "mail.test", "mailExchangeRecords"),
            ("SRV", "_sip._tcp.test", "serviceRecords"),
            ("TXT", "text.test", "textRecords"),
            ("TLSA", "_443._tcp.host.test", "tlsAssociationRecords"),
        ],
    )
    def test_copying_and_swapping(self, qt: Any, app: Any, server: int, kind: str, name: str, getter: str) -> None:
        def fields(record: Any) -> list[Any]:
            got = []
            for method in ("name", "timeToLive", "value", "preference", "exchange", "target", "usage", "values"):
                if hasattr(record, method):
                    value = getattr(record, method)()
                    got.append([bytes(v) for v in value] if isinstance(value, list) else value)
            return got

        original = getattr(run(qt, lookup(qt, kind, name, server)), getter)()[0]
        assert original.name() == name
        copies = type(original)(original), copy.copy(original)
        for each in copies:
            assert fields(each) == fields(original)
            empty = type(original)()
            empty.swap(each)
            assert fields(empty) == fields(original)
            assert each.name() == ""

    def test_lists_and_addresses_are_the_callers(self, qt: Any, app: Any, server: int) -> None:
        made = run(qt, lookup(qt, "A", "host.test", server))
        made.hostAddressRecords().clear()
        (record,) = made.hostAddressRecords()
        record.value().setAddress("192.0.2.99")
        assert record.value().toString() == "192.0.2.1"

    def test_enums(self, qt: Any) -> None:
        record = qt.QDnsTlsAssociationRecord
        assert [each.value for each in record.CertificateUsage] == [0, 1, 2, 3, 255]
        assert record.CertificateUsage.DANE_EE is record.CertificateUsage.DomainIssuedCertificate
        assert [each.value for each in record.Selector] == [0, 1, 255]
        assert [each.value for each in record.MatchingType] == [0, 1, 2, 255]

    @pytest.mark.qnet("as PySide6 has none")
    def test_what_they_say_of_themselves(self, qt: Any, app: Any, server: int) -> None:
        (record,) = run(qt, lookup(qt, "A", "host.test", server)).hostAddressRecords()
        assert repr(record) == "QDnsHostAddressRecord('host.test', 300 s, QHostAddress(\"192.0.2.1\"))"

    @pytest.mark.qnet("PySide6 has its own words")
    def test_wrong_types(self, qt: Any) -> None:
        for name in self.NAMES:
            with pytest.raises(TypeError, match=name):
                getattr(qt, name)(5)
        with pytest.raises(ValueError):
            qt.QDnsTlsAssociationRecord.Selector(256)
