"""The probe for captive portals, against servers that answer well, badly, slowly and not at all."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _fuzz import fuzz
from _peers import PATIENCE, closed_port
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel._information_portal import PortalCheck, Verdict, is_configured, set_url
from qnet.QtCore import QObject, QUrl
from qnet.socket import _portal_probe
from qnet.socket._portal_probe import HttpPortalProbe, judge, request_for

GOOD = b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n"

ANSWERS = {
    b"HTTP/1.1 204 No Content\r\n": Verdict.ONLINE,
    b"HTTP/1.0 204 \r\n": Verdict.ONLINE,
    b"HTTP/1.1 204\n": Verdict.ONLINE,
    b"HTTP/1.1 200 OK\r\n": Verdict.PORTAL,
    b"HTTP/1.1 302 Found\r\n": Verdict.PORTAL,
    b"HTTP/1.1 399 Odd\r\n": Verdict.PORTAL,
    b"HTTP/1.1 511 Network Authentication Required\r\n": Verdict.PORTAL,
    b"HTTP/1.1 404 Not Found\r\n": Verdict.NO_ANSWER,
    b"HTTP/1.1 503 Busy\r\n": Verdict.NO_ANSWER,
    b"HTTP/1.1 100 Continue\r\n": Verdict.NO_ANSWER,
    b"HTTP/1.1 2040 No Content\r\n": Verdict.NO_ANSWER,
    b"HTTP/1.1 20\r\n": Verdict.NO_ANSWER,
    b"HTTP/2 204 No Content\r\n": Verdict.NO_ANSWER,
    b"SSH-2.0-OpenSSH\r\n": Verdict.NO_ANSWER,
    b"\r\n": Verdict.NO_ANSWER,
    b"x" * 1024: Verdict.NO_ANSWER,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_an_answer_means(answer: bytes) -> None:
    assert judge(answer) is ANSWERS[answer]
    for length in range(len(answer)):
        assert judge(answer[:length]) is None


@pytest.mark.timeout(0)
@given(
    data=st.one_of(st.binary(max_size=60), st.sampled_from(sorted(ANSWERS)), st.binary(min_size=1020, max_size=1030))
)
@fuzz
def test_fuzz_more_of_an_answer_never_changes_its_meaning(data: bytes) -> None:
    verdict = None
    for length in (*range(min(len(data), 64)), *range(max(64, len(data) - 8), len(data)), len(data)):
        found = judge(data[:length])
        assert verdict is None or found is verdict
        verdict = found
    assert verdict is not None or (b"\n" not in data and len(data) < 1024)


@pytest.mark.parametrize(
    ("url", "first", "host"),
    [
        ("http://probe.test/generate_204", b"GET /generate_204 HTTP/1.1", b"Host: probe.test"),
        ("http://probe.test", b"GET / HTTP/1.1", b"Host: probe.test"),
        ("http://probe.test:8080/a b?c=d e#f", b"GET /a%20b?c=d%20e HTTP/1.1", b"Host: probe.test:8080"),
        ("http://[fe80::1]:81/", b"GET / HTTP/1.1", b"Host: [fe80::1]:81"),
        ("http://user:word@b\u00fccher.test/", b"GET / HTTP/1.1", b"Host: xn--bcher-kva.test"),
    ],
)
def test_the_request(url: str, first: bytes, host: bytes) -> None:
    lines = request_for(QUrl(url)).split(b"\r\n")
    assert lines[0] == first
    assert lines[1] == host
    assert b"Connection: close" in lines
    assert lines[-2:] == [b"", b""]


# With a server


class Server:
    """Answers every client as it is told: *serve* gets the connection once the request was read."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.serve = serve
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError):  # a client may leave when it likes
                client.settimeout(PATIENCE)
                request = b""
                while b"\r\n\r\n" not in request:
                    data = client.recv(4096)
                    if not data:
                        break
                    request += data
                else:
                    self.requests.append(request)
                    self.serve(client)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(lambda client: client.sendall(GOOD))
    yield server
    server.close()


def ask(qt: Any, url: str) -> list[Verdict]:
    """The verdicts of one probe, of which there must be one."""
    qt.app()
    parent = QObject()
    probe = HttpPortalProbe(QUrl(url), parent)
    verdicts: list[Verdict] = []
    probe.finished.connect(verdicts.append)
    probe.start()
    assert verdicts == []
    assert qt.wait(lambda: verdicts)
    qt.spin(20)
    return verdicts


def trickle(client: socket.socket) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in GOOD:
        client.sendall(bytes([byte]))


def flood(client: socket.socket) -> None:
    for _ in range(1000):
        client.sendall(b"x" * 65536)


SERVICES: dict[str, tuple[Callable[[socket.socket], None], Verdict]] = {
    "right": (lambda client: client.sendall(GOOD), Verdict.ONLINE),
    "byte by byte": (trickle, Verdict.ONLINE),
    "a portal": (
        lambda client: client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n"),
        Verdict.PORTAL,
    ),
    "closes": (lambda client: None, Verdict.NO_ANSWER),
    "closes in the line": (lambda client: client.sendall(b"HTTP/1.1 204"), Verdict.NO_ANSWER),
    "garbage without end": (flood, Verdict.NO_ANSWER),
}


@pytest.mark.qnet("the probe is qnet's own")
@pytest.mark.parametrize("service", SERVICES)
def test_a_server_that(qt: Any, server: Server, service: str) -> None:
    server.serve, verdict = SERVICES[service]
    assert ask(qt, f"http://127.0.0.1:{server.port}/generate_204") == [verdict]
    assert server.requests[0].startswith(b"GET /generate_204 HTTP/1.1\r\n")


@pytest.mark.qnet("the probe is qnet's own")
def test_nobody_listens_and_no_such_host(qt: Any) -> None:
    assert ask(qt, f"http://127.0.0.1:{closed_port()}/") == [Verdict.NO_ANSWER]
    assert ask(qt, "http://no-such-host.invalid./") == [Verdict.NO_ANSWER]


@pytest.mark.qnet("the probe is qnet's own")
def test_a_silent_server_is_waited_for_only_so_long(qt: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = threading.Event()
    server.serve = lambda client: (silent.wait(PATIENCE), None)[1]
    monkeypatch.setattr(_portal_probe, "TIMEOUT", 100)
    try:
        assert ask(qt, f"http://127.0.0.1:{server.port}/") == [Verdict.NO_ANSWER]
    finally:
        silent.set()


@pytest.mark.qnet("the probe is qnet's own")
def test_a_cancelled_probe_is_silent_and_leaves_nothing(qt: Any, server: Server) -> None:
    qt.app()
    silent = threading.Event()
    server.serve = lambda client: (silent.wait(PATIENCE), None)[1]
    parent = QObject()
    probe = HttpPortalProbe(QUrl(f"http://127.0.0.1:{server.port}/"), parent)
    verdicts: list[Verdict] = []
    probe.finished.connect(verdicts.append)
    probe.start()
    assert qt.wait(lambda: server.requests)
    gone = weakref.ref(probe), weakref.ref(probe._q_socket)
    gc.collect()
    gc.disable()
    try:
        probe.cancel()
        probe.deleteLater()
        del probe
        qt.spin(20)
        qt.process()
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()
        silent.set()
    assert verdicts == []


# When it asks


@pytest.fixture
def check(qt: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[PortalCheck]:
    qt.app()
    monkeypatch.setattr(PortalCheck, "FIRST_PAUSE", 20)
    set_url(f"http://127.0.0.1:{server.port}/")
    assert is_configured()
    parent = QObject()
    yield PortalCheck(parent)
    set_url(None)
    parent.deleteLater()
    qt.process()


@pytest.mark.qnet("the probe is qnet's own")
def test_it_asks_until_the_answer_is_right_and_then_when_the_way_out_changes(
    qt: Any, server: Server, check: PortalCheck
) -> None:
    heard: list[Verdict | None] = []
    check.changed.connect(lambda: heard.append(check.verdict))
    server.serve = SERVICES["a portal"][0]
    check.set_way("wifi")
    check.set_way("wifi")
    assert check.verdict is None
    assert qt.wait(lambda: len(server.requests) >= 3)  # 20 and 40 ms later
    assert heard == [Verdict.PORTAL]
    server.serve = SERVICES["right"][0]
    assert qt.wait(lambda: len(heard) == 2)
    assert heard[1] is Verdict.ONLINE
    asked = len(server.requests)
    qt.spin(100)
    assert len(server.requests) == asked, "it knows, and asks no more"
    check.set_way("cable")
    assert check.verdict is Verdict.ONLINE, "the old verdict stands until there is a new one"
    assert qt.wait(lambda: len(server.requests) == asked + 1)
    qt.spin(20)
    assert len(heard) == 2
    check.set_way(None)
    assert heard == [Verdict.PORTAL, Verdict.ONLINE, None]


@pytest.mark.qnet("the probe is qnet's own")
def test_a_way_that_is_gone_before_it_was_asked_about(qt: Any, server: Server, check: PortalCheck) -> None:
    check.set_way("wifi")
    check.set_way(None)
    qt.spin(50)
    assert check.verdict is None
    server.requests.clear()
    check.set_way("wifi")
    assert qt.wait(lambda: server.requests)
    check.set_way(None)  # the answer is on its way
    qt.spin(50)
    assert check.verdict is None


@pytest.mark.qnet("about qnet's own address")
def test_which_urls_can_be_asked(qt: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    set_probe = qt.QNetworkInformation.setCaptivePortalUrl
    variable = "QNET_CAPTIVE_PORTAL_URL"
    monkeypatch.delenv(variable, raising=False)
    assert not is_configured()
    for wrong in ("https://probe.test/", "probe.test", "http:///x", "http://[", "ftp://probe.test/"):
        with pytest.raises(ValueError, match="http://host/path"):
            set_probe(wrong)
    for wrong in (5, b"http://probe.test/"):
        with pytest.raises(TypeError):
            set_probe(wrong)
    assert not is_configured()
    monkeypatch.setenv(variable, "http://probe.test/generate_204")
    assert is_configured()
    set_probe("")
    assert not is_configured()
    set_probe(qt.QUrl("http://probe.test/"))
    assert is_configured()
    set_probe(None)
    assert capfd.readouterr().err == ""
    monkeypatch.setenv(variable, "https://probe.test/")
    assert not is_configured()
    assert variable in capfd.readouterr().err
