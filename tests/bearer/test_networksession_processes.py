"""Sessions of several processes, with an interface that they really take up and down."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from _netns import Namespace
from _session_program import Program

pytestmark = pytest.mark.skipif(find_spec("pyroute2") is None, reason="pyroute2 is not installed: qnet[netlink]")

CABLE = """\
link add va type veth peer name vb
link set va addrgenmode none
link set vb addrgenmode none
addr add 10.1.0.1/24 dev va
link set vb up
"""


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Namespace]:
    monkeypatch.setenv("QNET_BEARER_DIR", str(tmp_path / "sessions"))
    monkeypatch.setenv("QNET_BEARER_ENGINES", "netlink")
    with Namespace() as network:
        network.ip(CABLE)
        yield network


def is_up(net: Namespace) -> bool:
    return "UP" in net.run("ip", "-o", "link", "show", "va").split("<")[1].split(">")[0].split(",")


def is_down_soon(net: Namespace) -> bool:
    deadline = time.monotonic() + 30
    while is_up(net) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_up(net)


def test_the_first_starts_the_interface_and_the_last_stops_it(net: Namespace) -> None:
    with Program(net) as one, Program(net) as two:
        assert one.ask("session s va") == "Disconnected, not open"
        assert one.ask("open s") == "Connecting, not open"
        assert one.ask("until s Connected, open") == "Connected, open"
        assert one.ask("said s") == "Connecting opened Connected"
        assert is_up(net)
        two.ask("session s va")
        assert two.ask("until s Connected, not open") == "Connected, not open"
        two.ask("said s")
        assert two.ask("open s") == "Connected, open"
        assert one.ask("count s") == two.ask("count s") == "2"
        assert one.ask("close s") == "Connected, not open"
        assert one.ask("turn 200")
        assert is_up(net)
        two.ask("close s")
        assert two.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert one.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert two.ask("said s") == "opened closed Disconnected"
        assert one.ask("said s") == "closed Disconnected"
        assert not is_up(net)


def test_an_interface_that_was_up_stays_up(net: Namespace) -> None:
    net.ip("link set va up")
    with Program(net) as one:
        one.ask("session s va")
        assert one.ask("until s Connected, not open") == "Connected, not open"
        assert one.ask("open s") == "Connected, open"
        one.ask("close s")
        one.ask("turn 200")
        assert is_up(net)


def test_stop_closes_the_sessions_of_all_processes(net: Namespace) -> None:
    with Program(net) as one, Program(net) as two:
        for each in (one, two):
            each.ask("session s va")
            each.ask("open s")
            assert each.ask("until s Connected, open") == "Connected, open"
            each.ask("said s")
        one.ask("stop s")
        for each in (one, two):
            assert each.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert one.ask("said s") == "Closing closed SessionAbortedError Disconnected"
        assert two.ask("said s") == "closed SessionAbortedError Disconnected"
        assert not is_up(net)
        assert two.ask("open s") == "Connecting, not open"
        assert two.ask("until s Connected, open") == "Connected, open"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_twenty_processes_five_of_which_are_killed(net: Namespace) -> None:
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(Program(net)) for _ in range(20)]
        first, *others = programs
        for each in programs:
            each.send("session s va")
        for each in programs:
            each.answer()
        assert first.ask("open s") == "Connecting, not open"
        assert first.ask("until s Connected, open") == "Connected, open"
        for each in others:
            each.send("until s Connected, not open", "open s")
        assert {(each.answer(), each.answer()) for each in others} == {("Connected, not open", "Connected, open")}
        assert programs[7].ask("count s") == "20"
        for each in programs[:5]:  # the one that has started the interface among them
            each.kill()
        assert programs[7].ask("count s") == "15"
        for each in programs[5:-1]:
            each.send("close s")
        assert {each.answer() for each in programs[5:-1]} == {"Connected, not open"}
        last = programs[-1]
        assert last.ask("count s") == "1"
        assert is_up(net)
        last.ask("close s")
        assert last.ask("until s Disconnected, not open") == "Disconnected, not open"


def test_the_end_of_a_session_closes_it(net: Namespace) -> None:
    with Program(net) as one, Program(net) as two:
        two.ask("session s va")
        one.ask("session s va")
        one.ask("open s")
        assert one.ask("until s Connected, open") == "Connected, open"
        assert two.ask("until s Connected, not open") == "Connected, not open"
        one.ask("drop s")
        assert two.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert two.ask("count s") == "0"


@pytest.mark.parametrize("how", ["close s", "state s"])
def test_the_end_of_a_program_closes_its_sessions(net: Namespace, how: str) -> None:
    with Program(net) as one:
        one.ask("session s va")
        one.ask("open s")
        assert one.ask("until s Connected, open") == "Connected, open"
        one.send(how)
        assert one.end() == 0
    assert not is_up(net)


def test_two_processes_race_open_and_stop(net: Namespace) -> None:
    with Program(net) as one, Program(net) as two:
        for each in (one, two):
            each.ask("session s va")
            each.send("racing s 1000")
        assert {one.answer().split()[0], two.answer().split()[0]} == {"0"}
        assert one.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert one.ask("count s") == two.ask("count s") == "0"
        assert one.ask("open s") == "Connecting, not open"
        assert one.ask("until s Connected, open") == "Connected, open"
        assert two.ask("until s Connected, not open") == "Connected, not open"


def test_who_starts_an_interface_late_does_not_start_it_when_nobody_wants_it_any_more(net: Namespace) -> None:
    with Program(net) as late, Program(net) as other:
        late.ask("session s va")
        other.ask("session s va")
        late.ask("busy s 1000")
        assert late.ask("open s") == "Connecting, not open"
        other.ask("open s")
        assert other.ask("until s Connected, open") == "Connected, open"
        late.ask("close s")
        other.ask("close s")
        assert other.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert late.ask("rest s") == "True"
        assert not is_up(net)


def test_waiting_without_a_loop(net: Namespace) -> None:
    with Program(net) as one:
        one.ask("session s va")
        assert one.ask("blocking s 30000") == "True: Connected, open"


def test_what_does_not_connect_in_time(net: Namespace) -> None:
    net.ip("link set vb down")  # the cable is out
    with Program(net) as one:
        one.ask("session s va")
        assert one.ask("timeout va 100") == "True"
        assert one.ask("blocking s 30000").startswith("False: ")
        assert one.ask("error s") == "Unknown session error. (not connected within 100 ms)"
        assert one.ask("said s").split()[:2] == ["Connecting", "UnknownSessionError"]
        assert is_down_soon(net)  # it is left as it was found
        assert one.ask("until s Disconnected, not open") == "Disconnected, not open"
        one.ask("said s")
        assert one.ask("open s") == "Connecting, not open"
        assert one.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert one.ask("said s").split()[:2] == ["Connecting", "UnknownSessionError"]


def test_waiting_is_over_before_it_connects(net: Namespace) -> None:
    net.ip("link set vb down")
    with Program(net) as one:
        one.ask("session s va")
        assert one.ask("blocking s 100").startswith("False: Connecting")
        net.ip("link set vb up")
        assert one.ask("until s Connected, open") == "Connected, open"


def test_a_daemon_goes_on_with_its_session(net: Namespace) -> None:
    with Program(net) as one:
        one.ask("session s va")
        one.ask("open s")
        assert one.ask("until s Connected, open") == "Connected, open"
        assert one.ask("daemon s") == "True Connected, open"
        one.ask("close s")
        assert one.ask("until s Disconnected, not open") == "Disconnected, not open"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a directory of somebody else's")
def test_without_a_directory_sessions_are_counted_in_the_process(
    net: Namespace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir(mode=0o700)
    os.chown(foreign, 12345, 12345)
    with Program(net, QNET_BEARER_DIR=str(foreign)) as one:
        one.ask("session s va")
        one.ask("session t va")
        assert one.ask("open s") == "Connecting, not open"
        assert one.ask("until s Connected, open") == "Connected, open"
        assert one.ask("open t") == "Connected, open"
        assert one.ask("count s") == "2"
        one.ask("close s")
        one.ask("close t")
        one.ask("turn 200")
        assert is_up(net)  # close() never stops an interface here
        one.ask("open s")
        one.ask("stop t")
        assert one.ask("until s Disconnected, not open") == "Disconnected, not open"
        assert one.ask("said s").endswith("opened closed SessionAbortedError Disconnected")
    assert "are not counted" in capfd.readouterr().err
