"""``python -m qnet monitor``, in a network of its own that changes while it runs."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from _command_line import run, start
from _netns import Namespace
from _sleeping import wait_until_asleep

NETWORK = """
link set lo up
link add va type veth peer name vb
link set va addrgenmode none
link set vb addrgenmode none
"""


@pytest.fixture
def network() -> Iterator[Namespace]:
    with Namespace() as namespace:
        namespace.ip(NETWORK)
        yield namespace


class Monitor:
    """A running monitor; use it in a ``with``."""

    def __init__(self, network: Namespace, *arguments: str, **variables: str) -> None:
        self.process: subprocess.Popen[str] = start("monitor", *arguments, prefix=network.prefix, **variables)
        assert self.process.stdout is not None
        self.out = self.process.stdout
        self.passed: list[dict[str, Any]] = []

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *details: object) -> None:
        with self.process:
            self.process.kill()

    def line(self) -> str:
        """The next line, as soon as it is there; pytest's time limit ends waiting for one that never comes."""
        return self.out.readline()

    def see(self, *texts: str) -> None:
        """Read until all *texts* have come, in any order: interfaces and networks are told by two threads.

        Under load a change may be told in two parts, with other lines in between.
        """
        missing = set(texts)
        while missing:
            found = re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  (.*)\n", self.line())
            assert found is not None
            missing.discard(found[1])

    def event(self, name: str, wanted: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """The next event called *name* that is *wanted*.

        Interfaces and networks are told by two threads: what comes before it may be asked for later.
        """
        for number, event in enumerate(self.passed):
            if event["event"] == name and wanted(event):
                return self.passed.pop(number)
        while True:
            event = json.loads(self.line())
            if event["event"] == name and wanted(event):
                return event
            self.passed.append(event)

    def end(self) -> tuple[int, str]:
        """Press Ctrl-C while it waits; the exit code, and what it says on standard error."""
        wait_until_asleep(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


def test_every_change_is_an_object_on_a_line_of_its_own(network: Namespace, tmp_path: Path) -> None:
    file = tmp_path / "networks.toml"
    with Monitor(network, "--json", QNET_NETWORKS=str(file)) as monitor:
        started = json.loads(monitor.line())
        assert started["event"] == "started"
        assert [each["name"] for each in started["interfaces"]][:1] == ["lo"]
        assert sorted(each["name"] for each in started["networks"]) == ["va", "vb"]
        assert {each["type"] for each in started["networks"]} == {"internet-access-point"}
        assert started["default"] is None or started["default"].startswith("interface:")
        now = datetime.now(timezone.utc)
        assert now - timedelta(minutes=1) < datetime.fromisoformat(started["time"].replace("Z", "+00:00")) <= now

        network.ip("link set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va")
        changes: set[str] = set()
        while not changes >= {"up", "running", "address 10.1.0.1/24 added"}:  # it may be told in parts
            event = monitor.event("interface-changed", lambda event: event["interface"]["name"] == "va")
            changes.update(event["changes"])
        assert event["interface"]["running"] is True
        event = monitor.event("network-changed", lambda event: event["network"]["state"] == "active")
        assert event["network"]["name"] == event["network"]["interface"] == "va"
        identifier = event["network"]["identifier"]

        network.ip("route add default via 10.1.0.2")
        routes = monitor.event("default-routes-changed")["routes"]
        assert routes == [{"family": "ipv4", "interface": "va", "gateway": "10.1.0.2", "metric": 0}]

        file.write_text('default = "all"\n[networks.all]\nmembers = ["v*"]')
        event = monitor.event("network-added")
        assert (event["network"]["type"], event["network"]["identifier"]) == ("service-network", "network:all")
        assert identifier in event["network"]["children"]
        monitor.event("default-changed", lambda event: event["default"] == "network:all")
        file.unlink()
        assert monitor.event("network-removed")["network"]["identifier"] == "network:all"

        network.ip("link set vb down\nlink set vb name renamed")
        event = monitor.event("interface-renamed")
        assert (event["before"], event["interface"]["name"]) == ("vb", "renamed")
        network.ip("link add vc type veth peer name vd")
        assert {monitor.event("interface-added")["interface"]["name"] for _ in range(2)} == {"vc", "vd"}
        network.ip("link del va")
        assert {monitor.event("interface-removed")["interface"]["name"] for _ in range(2)} == {"va", "renamed"}
        assert monitor.end() == (0, "")


def test_every_change_is_a_line_for_people(network: Namespace) -> None:
    with Monitor(network) as monitor:
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  watching lo, .*va.*; Ctrl-C ends this\n", monitor.line())
        network.ip("link set vb mtu 1300")
        monitor.see("vb  mtu 1300")
        network.ip("link set vb name other")
        monitor.see("other  renamed from vb", "network other  changed: discovered")
        network.ip("link del va")
        monitor.see("va  removed", "other  removed", "network va  removed", "network other  removed")
        assert monitor.end() == (0, "")


def test_it_ends_after_some_seconds(network: Namespace) -> None:
    ended = run("monitor", "--json", "--for", "0.1", prefix=network.prefix)
    assert (ended.code, ended.err) == (0, "")
    (line,) = ended.out.splitlines()
    assert json.loads(line)["event"] == "started"


def test_a_reader_that_goes_away_ends_it_at_the_next_change(network: Namespace) -> None:
    with Monitor(network, "--json") as monitor:
        assert "started" in monitor.line()
        monitor.out.close()
        network.ip("link set vb mtu 1300")
        assert monitor.process.wait(30) == 141
        assert monitor.process.stderr is not None
        assert monitor.process.stderr.read() == ""


def test_it_does_not_wake_while_nothing_happens(network: Namespace) -> None:
    with Monitor(network, "--json") as monitor:
        assert "started" in monitor.line()
        assert monitor.process.stdout is not None
        last, quiet = switches(monitor.process.pid), False
        for _ in range(30):  # the start may last, and what the kernel tells late wakes it rightly
            before, last = last, switches(monitor.process.pid, 1.0)
            quiet = before == last
            if quiet:
                break
        assert quiet
        assert monitor.end() == (0, "")


def switches(process: int, after: float = 0.0) -> int:
    """How often the threads of *process* have gone to sleep, *after* some seconds."""
    if after:
        subprocess.run(["sleep", str(after)], check=True)
    total = 0
    for status in Path(f"/proc/{process}/task").glob("*/status"):
        with contextlib.suppress(FileNotFoundError):  # a thread has ended
            found = re.search(r"^voluntary_ctxt_switches:\s*(\d+)$", status.read_text(), re.MULTILINE)
            assert found is not None
            total += int(found[1])
    return total
