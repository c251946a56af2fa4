"""What the network information example says, here and in a network that changes under it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import pytest
from _example_runner import Examples, Running
from _implementations import Implementation
from _netns import Namespace

WHAT = ["Back end", "Reachability", "Transport medium", "Metered", "Captive portal"]


@pytest.fixture
def netns() -> Iterator[Namespace]:
    with Namespace() as namespace:
        namespace.ip("link add va type veth peer name vb\nlink set va addrgenmode none\nlink set vb addrgenmode none")
        namespace.ip("link set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va")
        namespace.wait_until_running("va", "vb")
        yield namespace


def test_it_describes_this_host(examples: Examples) -> None:
    code, output, errors = examples.run("networkinformation")
    assert (code, errors) == (0, "")
    assert [line.split(": ")[0] for line in output.splitlines()] == WHAT


def test_a_back_end_can_be_chosen(examples: Examples, qt: Implementation) -> None:
    name = qt.QNetworkInformation.availableBackends()[-1 if qt.is_qnet else 0]
    code, output, errors = examples.run("networkinformation", "--backend", name)
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == f"Back end: {name}"
    code, _, errors = examples.run("networkinformation", "--backend", "nope")
    assert code == 2
    assert name in errors


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps; its GLib back end has no carrier and no medium")
def test_it_prints_changes_until_ctrl_c(examples: Examples, netns: Namespace) -> None:
    program = str(examples.folder / "networkinformation.py")
    running = Running([*netns.prefix, sys.executable, program, "--watch"], examples.environment)
    examples.running.append(running)
    assert [running.line() for _ in WHAT] == [
        "Back end: netlink",
        "Reachability: Local",
        "Transport medium: Unknown",
        "Metered: no",
        "Captive portal: not told",
    ]
    netns.ip("route add default via 10.1.0.2")
    assert [change(running) for _ in range(2)] == ["Reachability: Online", "Transport medium: Ethernet"]
    netns.ip("link set vb down")
    assert [change(running) for _ in range(2)] == ["Reachability: Disconnected", "Transport medium: Unknown"]
    assert running.ctrl_c() == (0, "")


def change(running: Running) -> str:
    line = running.line()
    assert re.match(r"\d\d:\d\d:\d\d ", line)
    return line[9:]
