"""What every example keeps to: help, Ctrl-C, no tracebacks."""

from __future__ import annotations

import re
import socket

import pytest
from _example_runner import EXAMPLES, Examples

ALL = sorted(file.stem for file in EXAMPLES.glob("*.py"))
BEARER = ["roaming_client"]
SERVERS = ["fortune_server", "threaded_fortune_server", "chat_server", "broadcast_receiver"]


@pytest.mark.parametrize("name", sorted(set(ALL) - set(BEARER)))
def test_help_says_what_it_does(examples: Examples, name: str) -> None:
    check_help(examples, name)


@pytest.mark.qnet("PySide6 has no bearer management")
@pytest.mark.parametrize("name", BEARER)
def test_help_says_what_a_bearer_example_does(examples: Examples, name: str) -> None:
    check_help(examples, name)


def check_help(examples: Examples, name: str) -> None:
    code, output, errors = examples.run(name, "--help")
    assert (code, errors) == (0, "")
    assert output.startswith(f"usage: {name}.py")
    assert "\n  --" in output


def test_loopback_transfers_what_was_asked(examples: Examples) -> None:
    code, output, errors = examples.run("loopback", "--megabytes", 3.25)
    assert (code, errors) == (0, "")
    assert re.fullmatch(r"3,250,000 bytes in [\d.]+ s: [\d,]+ MB/s\n", output)


def test_loopback_wants_something_to_do(examples: Examples) -> None:
    code, _, errors = examples.run("loopback", "--megabytes", 0)
    assert code == 2
    assert "above 0" in errors


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps")
@pytest.mark.parametrize("name", SERVERS)
def test_ctrl_c_stops_a_server_in_peace(examples: Examples, name: str) -> None:
    server = examples.start(name, "--port", 0)
    server.line()
    assert server.ctrl_c() == (0, "")


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps")
def test_ctrl_c_removes_the_name_of_a_local_server(examples: Examples, tmp_path: object) -> None:
    name = f"{tmp_path}/fortune"
    server = examples.start("local_fortune_server", "--name", name)
    server.line()
    assert server.ctrl_c() == (0, "")
    assert "Invalid name" in examples.run("local_fortune_client", "--name", name)[2]


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps")
@pytest.mark.parametrize("name", ["broadcast", "multicast"])
def test_ctrl_c_stops_a_sender_in_peace(examples: Examples, name: str, dead_port: int) -> None:
    where = ["--address", "127.255.255.255"] if name == "broadcast" else ["--interface", "lo"]
    sender = examples.start(f"{name}_sender", "--port", dead_port, *where)
    assert sender.line().startswith("Sent")
    assert sender.ctrl_c() == (0, "")


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps")
@pytest.mark.parametrize("name", ["fortune_client", "blocking_fortune_client"])
def test_ctrl_c_ends_a_waiting_client(examples: Examples, listener: socket.socket, name: str) -> None:
    client = examples.start(name, "127.0.0.1", listener.getsockname()[1], "--timeout", 60)
    connection, _ = listener.accept()
    with connection:  # until it has been interrupted
        client.interrupt()
        assert client.process.stderr is not None
        assert client.process.stderr.readline() + client.process.stderr.readline() == b"\nInterrupted.\n"
    assert client.end() == (130, "")
