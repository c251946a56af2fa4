"""QHostInfo: what look-ups tell, where and when they call, abort, cache; also against a DNS server of our own."""

from __future__ import annotations

import copy
import gc
import itertools
import json
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from _dns_server import __file__ as dns_server
from _implementations import Implementation
from _netns import Namespace, call

from qnet.kernel import hostinfo


def values(info: Any) -> list[Any]:
    """Everything but the number of the look-up."""
    addresses = [address.toString() for address in info.addresses()]
    return [info.hostName(), addresses, info.error().name, info.errorString()]


def receiver_of(qt: Any) -> Any:
    class Receiver(qt.QObject):  # type: ignore[misc,name-defined]  # the class is known at run time only
        def __init__(self) -> None:
            super().__init__()
            self.infos: list[Any] = []
            self.threads: list[Any] = []

        @qt.Slot(qt.QHostInfo)  # type: ignore[untyped-decorator]  # the same
        def found(self, info: Any) -> None:
            self.infos.append(info)
            self.threads.append(threading.get_ident())

    return Receiver()


FOUND = "1found(QHostInfo)"

NAMES = {
    # What is known, or found out, without asking any server.
    "": ["", [], "HostNotFound", "No host name given"],
    "[::1]": ["[::1]", [], "HostNotFound", "Invalid hostname"],
    " localhost": [" localhost", [], "HostNotFound", "Invalid hostname"],
    "local host": ["local host", [], "HostNotFound", "Invalid hostname"],
    "a..b": ["a..b", [], "HostNotFound", "Invalid hostname"],
    "..": ["..", [], "HostNotFound", "Invalid hostname"],
    "-x.invalid": ["-x.invalid", [], "HostNotFound", "Invalid hostname"],
    "a*b.invalid": ["a*b.invalid", [], "HostNotFound", "Invalid hostname"],
    "a\u200db.invalid": ["a\u200db.invalid", [], "HostNotFound", "Invalid hostname"],
    "lo\0calhost": ["lo\0calhost", [], "HostNotFound", "Invalid hostname"],
    "a" * 64 + ".invalid": ["a" * 64 + ".invalid", [], "HostNotFound", "Invalid hostname"],
    "0.0.0.1": ["0.0.0.1", ["0.0.0.1"], "NoError", "Unknown error"],
    "1": ["0.0.0.1", ["0.0.0.1"], "NoError", "Unknown error"],
}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_names_that_need_no_server(qt: Any, name: str, expected: list[Any]) -> None:
    blocking = qt.QHostInfo.fromName(name)
    assert values(blocking) == expected
    assert blocking.lookupId() == -1
    infos: list[Any] = []
    qt.QHostInfo.lookupHost(name, infos.append)
    assert infos == []  # never within the call
    assert qt.wait(lambda: infos)
    assert values(infos[0]) == expected
    assert infos[0].lookupId() > 0


@pytest.mark.usefixtures("app")
def test_an_address_gives_its_name(qt: Any) -> None:
    name = socket.getnameinfo(("127.0.0.1", 0), 0)[0]
    for text in ("127.0.0.1", "127.1"):
        assert values(qt.QHostInfo.fromName(text)) == [name, ["127.0.0.1"], "NoError", "Unknown error"]
    scoped = qt.QHostInfo.fromName("fe80::1%lo")
    assert scoped.addresses()[0].toString() == "fe80::1%lo"
    assert "%" not in scoped.hostName()


@pytest.mark.usefixtures("app")
def test_localhost(qt: Any) -> None:
    for name in ("localhost", "LOCALHOST"):
        info = qt.QHostInfo.fromName(name)
        assert info.hostName() == name
        assert "127.0.0.1" in values(info)[1]


@pytest.mark.usefixtures("app")
def test_three_ways_to_be_called(qt: Any) -> None:
    receiver = receiver_of(qt)
    infos: list[Any] = []
    qt.QHostInfo.lookupHost("localhost", infos.append)
    qt.QHostInfo.lookupHost("localhost", receiver.found)
    number = qt.QHostInfo.lookupHost("localhost", receiver, FOUND)
    assert (infos, receiver.infos) == ([], [])
    assert qt.wait(lambda: infos and len(receiver.infos) == 2)
    assert isinstance(number, int)
    assert number in [info.lookupId() for info in receiver.infos]
    numbers = {info.lookupId() for info in [*infos, *receiver.infos]}
    assert len(numbers) == 3


@pytest.mark.qnet("PySide6 returns the number of a look-up only if it is given a slot, and takes no context")
@pytest.mark.usefixtures("app")
def test_every_form_returns_the_number(qt: Any) -> None:
    receiver = receiver_of(qt)
    infos: list[Any] = []
    expected = [
        qt.QHostInfo.lookupHost("localhost", infos.append),
        qt.QHostInfo.lookupHost("localhost", receiver, infos.append),
        qt.QHostInfo.lookupHost("localhost", receiver, receiver.found),
    ]
    assert qt.wait(lambda: len(infos) == 2 and receiver.infos)
    assert sorted(info.lookupId() for info in [*infos, *receiver.infos]) == expected


@pytest.mark.usefixtures("app")
def test_wrong_arguments(qt: Any) -> None:
    receiver = receiver_of(qt)
    for wrong in (("x",), ("x", None), ("x", 5), (5, print), ("x", receiver), ("x", receiver, 5), ("x", print, FOUND)):
        with pytest.raises(TypeError):
            qt.QHostInfo.lookupHost(*wrong)
    for call_with in (lambda: qt.QHostInfo.fromName(5), lambda: qt.QHostInfo.abortHostLookup("1")):
        with pytest.raises(TypeError):
            call_with()
    qt.QHostInfo.abortHostLookup(999_999)
    qt.QHostInfo.abortHostLookup(-1)


@pytest.mark.qnet("Qt only prints a warning")
def test_a_slot_that_does_not_exist(qt: Any) -> None:
    with pytest.raises(AttributeError, match="nothing"):
        qt.QHostInfo.lookupHost("localhost", receiver_of(qt), "1nothing(QHostInfo)")


@pytest.mark.usefixtures("app")
def test_a_dead_receiver_is_not_called_and_not_kept_alive(qt: Any) -> None:
    receiver, infos = receiver_of(qt), []
    dead = weakref.ref(receiver)
    kept = receiver.infos
    qt.QHostInfo.lookupHost("localhost", receiver, FOUND)
    qt.QHostInfo.lookupHost("0.0.0.2", receiver, FOUND)
    del receiver
    assert dead() is None
    qt.QHostInfo.lookupHost("localhost", infos.append)
    qt.QHostInfo.lookupHost("0.0.0.3", infos.append)
    assert qt.wait(lambda: len(infos) == 2)
    assert kept == []


@pytest.mark.usefixtures("app")
def test_other_callables_are_kept(qt: Any) -> None:
    class Plain:
        def __init__(self, infos: list[Any]) -> None:
            self.infos = infos

        def found(self, info: Any) -> None:
            self.infos.append(info)

    infos: list[Any] = []
    qt.QHostInfo.lookupHost("localhost", Plain(infos).found)
    qt.QHostInfo.lookupHost("0.0.0.4", lambda info: infos.append(info))
    assert qt.wait(lambda: len(infos) == 2)


@pytest.mark.usefixtures("app")
def test_called_in_the_thread_that_asks_or_of_the_receiver(qt: Any) -> None:
    receiver = receiver_of(qt)
    inside: list[int] = []

    class Asker(qt.QThread):  # type: ignore[misc,name-defined]  # the class is known at run time only
        def run(self) -> None:
            loop = qt.QEventLoop()
            self.ident = threading.get_ident()
            qt.QHostInfo.lookupHost("localhost", lambda info: (inside.append(threading.get_ident()), loop.quit()))
            qt.QHostInfo.lookupHost("localhost", receiver, FOUND)
            qt.QTimer.singleShot(30_000, loop.quit)
            loop.exec()

    asker = Asker()
    asker.start()
    assert qt.wait(lambda: receiver.threads and asker.isFinished())
    assert inside == [asker.ident]
    assert receiver.threads == [threading.get_ident()]
    assert asker.ident != threading.get_ident()


@pytest.mark.usefixtures("app")
def test_abort(qt: Any) -> None:
    receiver = receiver_of(qt)
    aborted = qt.QHostInfo.lookupHost("0.0.0.5", receiver, FOUND)
    qt.QHostInfo.abortHostLookup(aborted)
    qt.QHostInfo.abortHostLookup(aborted)
    other = qt.QHostInfo.lookupHost("0.0.0.6", receiver, FOUND)
    assert qt.wait(lambda: receiver.infos)
    qt.process()
    assert [info.lookupId() for info in receiver.infos] == [other]
    # What is known already is on its way.
    for name in ("0.0.0.6", ""):
        known = qt.QHostInfo.lookupHost(name, receiver, FOUND)
        qt.QHostInfo.abortHostLookup(known)
        assert qt.wait(lambda number=known: receiver.infos[-1].lookupId() == number)


@pytest.mark.usefixtures("app")
def test_exceptions_in_a_callback_stop_nothing(qt: Any, slot_errors: list[Any]) -> None:
    infos: list[Any] = []

    def fail(info: Any) -> None:
        raise ZeroDivisionError

    qt.QHostInfo.lookupHost("localhost", fail)
    qt.QHostInfo.lookupHost("localhost", infos.append)
    assert qt.wait(lambda: infos)
    if qt.is_qnet:  # PySide6 drops it
        assert [type(error) for error in slot_errors] == [ZeroDivisionError]


def test_values(qt: Any) -> None:
    info = qt.QHostInfo()
    assert (values(info), info.lookupId()) == (["", [], "NoError", "Unknown error"], -1)
    assert qt.QHostInfo(5).lookupId() == 5
    info.setHostName("h")
    info.setAddresses([qt.QHostAddress("1.2.3.4"), qt.QHostAddress("::1")])
    info.setError(qt.QHostInfo.HostInfoError.UnknownError)
    info.setErrorString("boo")
    info.setLookupId(9)
    expected = ["h", ["1.2.3.4", "::1"], "UnknownError", "boo"]
    for twin in (qt.QHostInfo(info), copy.copy(info)):
        assert (values(twin), twin.lookupId()) == (expected, 9)
    twin.setError(qt.QHostInfo.NoError)
    assert (twin.errorString(), info.error()) == ("boo", qt.QHostInfo.UnknownError)
    empty = qt.QHostInfo()
    empty.swap(info)
    assert (values(empty), info.lookupId()) == (expected, -1)
    empty.addresses().clear()
    empty.addresses()[0].clear()
    assert values(empty) == expected
    empty.setAddresses((qt.QHostAddress("1.1.1.1"),))
    assert values(empty)[1] == ["1.1.1.1"]
    for wrong in (lambda: info.setAddresses(["1.2.3.4"]), lambda: info.setError("x"), lambda: info.setLookupId("x")):
        with pytest.raises(TypeError):
            wrong()


def test_names_of_this_host(qt: Any) -> None:
    assert qt.QHostInfo.localHostName() == socket.gethostname()
    assert isinstance(qt.QHostInfo.localDomainName(), str)


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("search corp.test other.test", "corp.test"),
        ("domain dom.test", "dom.test"),
        ("domain a.test\nsearch b.test", "b.test"),
        ("search b.test\ndomain a.test", "a.test"),
        ("search UP.Test", "up.test"),
        ("domain\tt.test", "t.test"),
        ("domain  x.y. z", "x.y."),
        ("# search no.test\n;domain no.test\n  search no.test\nsearch\nsearch .x", ""),
    ],
)
def test_local_domain_name(qt: Any, configuration: str, expected: str) -> None:
    if "." in socket.gethostname() or "LOCALDOMAIN" in os.environ:
        pytest.skip("this host has a domain of its own")
    with Namespace(resolv_conf=f"nameserver 127.0.0.1\n{configuration}\n") as namespace:
        found = namespace.python(
            f"from _implementations import Implementation; "
            f"print(Implementation({qt.name!r}).QHostInfo.localDomainName())"
        )
    assert found.strip() == expected


# With a DNS server: each scenario runs in a program of its own, in a namespace where the server is the only one.


class Dns:
    """The orders that the server of ``_dns_server`` takes, and a receiver to look things up with."""

    def __init__(self, qt: Implementation) -> None:
        self.qt = qt
        self.app = qt.app()
        self.receiver = receiver_of(qt)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(60)
        self._socket.connect(("127.0.0.1", 5300))
        self._seen: list[str] = []

    def _order(self, order: bytes) -> str:
        self._socket.send(order)
        return self._socket.recv(65536).decode()

    def release(self) -> None:
        """Let names that start with "held" be answered, once both queries of a look-up are there."""
        assert self.qt.wait(lambda: sum(name.startswith("held") for name in self._peek()) >= 2)
        self._order(b"release")

    def _peek(self) -> list[str]:
        self._seen += self._order(b"queries").split()
        return self._seen

    def queries(self) -> list[str]:
        """The names that were asked for since the last call, in order, each once."""
        seen = list(dict.fromkeys(self._peek()))
        self._seen = []
        return seen

    def start(self, *names: str) -> list[int]:
        return [self.qt.QHostInfo.lookupHost(name, self.receiver, FOUND) for name in names]

    def wait(self, count: int) -> list[list[Any]]:
        """The values of the next *count* results."""
        assert self.qt.wait(lambda: len(self.receiver.infos) >= count, 60)
        infos = [values(info) for info in self.receiver.infos]
        self.receiver.infos.clear()
        return infos

    def look_up(self, name: str) -> list[Any]:
        self.start(name)
        return self.wait(1)[0]


@pytest.fixture
def dns() -> Iterator[Namespace]:
    # The server is always asked once: 30 s for an answer are the most that there can be.
    configuration = "nameserver 127.0.0.1\noptions timeout:30\n"
    files = {"resolv_conf": configuration, "hosts": "127.0.0.1 localhost\n10.7.7.7 multi\nfd00::7 multi\n"}
    with Namespace(**files) as namespace:
        namespace.ip("link set lo up")
        server = namespace.start(dns_server)
        assert server.stdout is not None
        with server, server.stdout:
            assert server.stdout.readline() == "ready\n"
            try:
                yield namespace
            finally:
                server.kill()


def run(dns: Namespace, scenario: str, qt: Any) -> Any:
    return json.loads(dns.python(call("test_hostinfo", scenario, qt)))


BOTH = ["10.0.0.1", "::5"]


def scenario_answers(qt: Implementation) -> Any:
    dns = Dns(qt)
    results = {}
    for name in ("A.Test", "b\u00fccher.test", "XN--BCHER-KVA.test", "stra\u00dfe.test", "_x._y.test", "multi"):
        info = values(qt.QHostInfo.fromName(name))
        results[name] = [info[0], sorted(info[1]), *info[2:], dns.queries()]
    for name in ("no.invalid", "rcode2.x", "10.0.0.7", "10.0.0.8"):
        results[name] = values(qt.QHostInfo.fromName(name))
    return results


def test_answers_of_a_server(qt: Any, dns: Namespace) -> None:
    fine = ["NoError", "Unknown error"]
    assert run(dns, "scenario_answers", qt) == {
        "A.Test": ["A.Test", BOTH, *fine, ["a.test"]],
        "b\u00fccher.test": ["b\u00fccher.test", BOTH, *fine, ["xn--bcher-kva.test"]],
        "XN--BCHER-KVA.test": ["XN--BCHER-KVA.test", BOTH, *fine, ["xn--bcher-kva.test"]],
        "stra\u00dfe.test": ["stra\u00dfe.test", BOTH, *fine, ["xn--strae-oqa.test"]],
        "_x._y.test": ["_x._y.test", BOTH, *fine, ["_x._y.test"]],
        "multi": ["multi", ["10.7.7.7", "fd00::7"], *fine, []],
        "no.invalid": ["no.invalid", [], "HostNotFound", "Host not found"],
        "rcode2.x": ["rcode2.x", [], "UnknownError", "Temporary failure in name resolution"],
        "10.0.0.7": ["rev.test", ["10.0.0.7"], *fine],
        "10.0.0.8": ["10.0.0.8", ["10.0.0.8"], *fine],
    }


def scenario_cache(qt: Implementation) -> Any:
    dns = Dns(qt)
    asked = []
    for name in ("a.test", "a.test", "no.invalid", "no.invalid", "10.0.0.7", "10.0.0.7"):
        dns.look_up(name)
        asked.append(dns.queries())
    qt.QHostInfo.fromName("a.test")
    asked.append(dns.queries())
    qt.QHostInfo.fromName("b.test")
    dns.queries()
    dns.look_up("b.test")
    return [*asked, dns.queries()]


def test_answers_are_kept_and_failures_are_not(qt: Any, dns: Namespace) -> None:
    reverse = "7.0.0.10.in-addr.arpa"
    from_name = [["a.test"], []]  # fromName() does not read the cache, but writes it
    expected = [["a.test"], [], ["no.invalid"], ["no.invalid"], [reverse], [], *from_name]
    assert run(dns, "scenario_cache", qt) == expected


def scenario_merge(qt: Implementation) -> Any:
    dns = Dns(qt)
    numbers = dns.start(*["held1.test"] * 4)
    dns.release()
    assert qt.wait(lambda: len(dns.receiver.infos) == 4)
    found = [info.lookupId() for info in dns.receiver.infos]
    return sorted(found) == numbers, len(dns._peek())


def test_the_same_name_is_asked_for_once(qt: Any, dns: Namespace) -> None:
    assert run(dns, "scenario_merge", qt) == [True, 2]  # A and AAAA


def scenario_abort(qt: Implementation) -> Any:
    dns = Dns(qt)
    aborted, _ = dns.start("held2.test", "a.test")
    dns.wait(1)
    qt.QHostInfo.abortHostLookup(aborted)
    (again,) = dns.start("held2.test")
    dns.release()
    assert qt.wait(lambda: dns.receiver.infos)
    qt.process()
    found = [info.lookupId() for info in dns.receiver.infos]
    dns.receiver.infos.clear()
    dns.queries()
    dns.look_up("held2.test")
    return found == [again], dns.queries()


def test_an_aborted_look_up_still_fills_the_cache(qt: Any, dns: Namespace) -> None:
    assert run(dns, "scenario_abort", qt) == [True, []]


def scenario_many(qt: Implementation) -> Any:
    dns = Dns(qt)
    names = [f"n{i}.test" for i in range(1000)]
    dns.start(*names)
    results = dns.wait(1000)
    threads = sum(thread.name == "qnet-resolver" for thread in threading.enumerate())
    return sorted(info[0] for info in results) == sorted(names), all(info[1] for info in results), threads


def test_a_thousand_at_once(qt: Any, dns: Namespace) -> None:
    complete, answered, threads = run(dns, "scenario_many", qt)
    assert (complete, answered) == (True, True)
    assert threads <= 20


def scenario_hanging(qt: Implementation) -> Any:
    """What the loop and the process are like while a thousand look-ups wait for a server."""
    dns = Dns(qt)
    dns.queries()
    threads_before = len(os.listdir("/proc/self/task"))
    ticks: list[float] = []
    timer = qt.QTimer()
    timer.timeout.connect(lambda: ticks.append(time.monotonic()))
    timer.start(10)
    names = [f"held{i}.test" for i in range(20)] + [f"n{i}.test" for i in range(980)]
    started = time.monotonic()
    dns.start(*names)
    starting = time.monotonic() - started
    assert qt.wait(lambda: len(dns._peek()) >= 40 and len(ticks) >= 20)
    threads = len(os.listdir("/proc/self/task")) - threads_before
    dns.release()
    results = dns.wait(1000)
    gaps = [after - before for before, after in itertools.pairwise(ticks)]
    return sorted(info[0] for info in results) == sorted(names), len(ticks), starting, max(gaps), threads


def test_a_thousand_that_hang_stop_no_loop_and_need_few_threads(qt: Any, dns: Namespace) -> None:
    complete, ticks, starting, gap, threads = run(dns, "scenario_hanging", qt)
    assert complete
    assert ticks >= 20
    assert max(starting, gap) < 20  # the resolver would wait for 30 seconds
    assert threads <= (21 if qt.is_qnet else 40)


def scenario_addrconfig(qt: Implementation) -> Any:
    return values(qt.QHostInfo.fromName("a.test"))[1]


def test_no_ipv6_addresses_without_ipv6(qt: Any, dns: Namespace) -> None:
    dns.ip("link add va type veth peer name vb\nlink set va up\nlink set vb up\naddr add 10.0.0.9/24 dev va")
    if "no" in dns.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 || echo no"):
        pytest.skip("IPv6 cannot be switched off here")
    assert run(dns, "scenario_addrconfig", qt) == ["10.0.0.1"]


@pytest.mark.qnet("a look into qnet's registry")
@pytest.mark.usefixtures("app")
def test_look_ups_leave_nothing_behind(qt: Any) -> None:
    receiver = receiver_of(qt)
    gc.collect()
    gc.disable()
    try:
        numbers = [qt.QHostInfo.lookupHost(f"0.0.1.{i}", receiver, FOUND) for i in range(50)]
        requests = [hostinfo._requests.get(number) for number in numbers]
        assert any(requests)
        del requests
        for number in numbers[::2]:
            qt.QHostInfo.abortHostLookup(number)
        assert qt.wait(lambda: len(receiver.infos) >= 25)
        assert qt.wait(lambda: not hostinfo._requests)
    finally:
        gc.enable()
