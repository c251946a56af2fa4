"""The roaming example: the cable is pulled during a transfer, which goes on over another interface."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from _example_runner import Examples, Running
from _netns import Namespace

pytestmark = pytest.mark.qnet("PySide6 has no bearer management")

HERE = """
link set lo up
link add va type veth peer name vb
link add vc type veth peer name vd
link set vb netns {peer}
link set vd netns {peer}
link set va up
link set vc up
addr add 10.1.0.1/24 dev va
addr add 10.2.0.1/24 dev vc
"""
THERE = """
link set lo up
link set vb up
link set vd up
addr add 10.9.0.1/32 dev lo
addr add 10.1.0.2/24 dev vb
addr add 10.2.0.2/24 dev vd
"""
ROUTES = """
route add 10.9.0.1 via 10.1.0.2 dev va metric 1
route add 10.9.0.1 via 10.2.0.2 dev vc metric 2
"""
NETWORKS = """
default = "both"
[networks.both]
name = "Both cables"
members = ["va", "vc"]
"""


class Peer(Namespace):
    """The network at the other end of the cables."""

    def __init__(self) -> None:
        super().__init__()
        self.name += "-peer"
        self.prefix = ("ip", "netns", "exec", self.name)


@pytest.fixture
def here_and_there() -> Iterator[tuple[Namespace, Namespace]]:
    with Namespace() as here, Peer() as there:
        here.ip(HERE.format(peer=there.name))
        there.ip(THERE)
        here.ip(ROUTES)
        here.wait_until_running("va", "vc")
        # as network managers have it: a route counts only while its cable is in
        here.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/all/ignore_routes_with_linkdown")
        yield here, there


def started(examples: Examples, where: Namespace, name: str, *arguments: str) -> Running:
    program = str(examples.folder / f"{name}.py")
    running = Running([*where.prefix, sys.executable, program, *arguments], examples.environment)
    examples.running.append(running)
    return running


def test_a_transfer_goes_on_over_the_other_cable(
    examples: Examples, here_and_there: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    here, there = here_and_there
    (tmp_path / "networks.toml").write_text(NETWORKS)
    examples.environment["QNET_NETWORKS"] = str(tmp_path / "networks.toml")
    examples.environment["QNET_BEARER_DIR"] = str(tmp_path / "sessions")
    examples.environment["QNET_BEARER_ENGINES"] = "netlink,networks"
    server = started(examples, there, "roaming_server", "--count", "500", "--interval", "10")
    client = started(examples, here, "roaming_client", "10.9.0.1", str(server.port()))
    assert [client.line() for _ in range(3)] == [
        "Network: Both cables",
        "Connecting over va",
        "Connected, going on at line 0",
    ]
    server.process.send_signal(signal.SIGSTOP)  # in the middle of it, however long pulling the cable takes
    there.ip("link set vb down")
    assert client.line() == "Offered: vc"
    assert client.line() == "Connecting over vc"
    connected, _, line = client.line().rpartition(" ")
    assert connected == "Connected, going on at line"
    assert int(line) < 500
    server.process.send_signal(signal.SIGCONT)
    assert client.line() == "Received 500 lines"
    assert client.end() == (0, "")


def test_without_such_a_network_it_says_so(examples: Examples) -> None:
    code, output, errors = examples.run("roaming_client", "192.0.2.1", "1", "--network", "network:nothing")
    assert (code, output, errors) == (1, "", "There is no network network:nothing.\n")
