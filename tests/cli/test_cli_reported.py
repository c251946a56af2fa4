"""What was reported about the command line, and must not come back."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
from pathlib import Path

import pytest
from _command_line import run, start
from _netns import Namespace


@pytest.mark.timeout(120)
def test_the_name_of_an_interface_may_be_no_utf8() -> None:
    """A terminal's standard output takes no such name: as JSON it is escaped, and ``monitor`` does not hang."""
    name = os.fsdecode(b"a\xffb")
    with Namespace() as network:
        network.run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "vb")
        printed = {
            arguments: run(*arguments, prefix=network.prefix, PYTHONIOENCODING="utf-8:strict")
            for arguments in (("interfaces", "--json"), ("networks", "--json"), ("monitor", "--json", "--for", "0"))
        }
        people = run("interfaces", prefix=network.prefix, PYTHONIOENCODING="utf-8:strict")
    for ended in printed.values():
        assert (ended.code, ended.err) == (0, "")
        assert r"a\udcffb" in ended.out
        assert name in _names(json.loads(ended.out))
    assert r"a\udcffb" in people.out


def _names(value: object) -> list[object]:
    """All that is called a name in *value*, however deep."""
    if isinstance(value, list):
        return [name for each in value for name in _names(each)]
    if isinstance(value, dict):
        return [value.get("name"), *_names(list(value.values()))]
    return []


@pytest.mark.parametrize("back_end", ["epoll", "select"])
def test_monitor_ends_with_its_reader(back_end: str) -> None:
    """``monitor | head -1`` does not wait for a change of the network."""
    if back_end == "epoll" and not hasattr(select, "epoll"):
        pytest.skip("needs epoll")
    process = start("monitor", "--json", QNET_EVENT_DISPATCHER=back_end)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as out, process.stderr as errors:
        assert json.loads(out.readline())["event"] == "started"
        out.close()
        assert process.wait(60) == 141
        assert errors.read() == ""


def test_a_second_interrupt_prints_nothing() -> None:
    """``timeout -s INT`` sends one to the process and one to its group; and people press Ctrl-C twice."""
    process = start("monitor")
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.002)
    _, errors = process.communicate()
    assert (process.returncode, errors) in ((0, ""), (130, ""))


def test_what_is_moved_in_a_list_is_followed_by_a_space(tmp_path: Path) -> None:
    file = tmp_path / "networks.toml"
    file.write_text('[networks.home]\nmembers = ["eth0", "wlan0"]  # at home\n')
    for arguments in (("move-member", "home", "wlan0", "1"), ("add-member", "home", "usb0", "--position", "1")):
        assert run("networks", *arguments, QNET_NETWORKS=str(file)) == (0, "", "")
    assert file.read_text() == '[networks.home]\nmembers = ["usb0", "wlan0", "eth0"]  # at home\n'
