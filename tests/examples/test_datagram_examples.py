"""The senders' datagrams reach the receivers, by broadcast and by multicast."""

from __future__ import annotations

import socket

import pytest
from _example_runner import Examples

PATHS = {
    "broadcast": (["--address", "127.255.255.255"], []),
    "multicast": (["--interface", "lo"], ["--interface", "lo"]),
}


@pytest.mark.parametrize("kind", PATHS)
def test_every_receiver_gets_what_is_sent(examples: Examples, kind: str) -> None:
    to_sender, to_receiver = PATHS[kind]
    first = examples.start(f"{kind}_receiver", "--port", 0, "--count", 2, *to_receiver)
    port = first.port()
    second = examples.start(f"{kind}_receiver", "--port", port, "--count", 2, *to_receiver)
    assert second.port() == port
    code, output, errors = examples.run(f"{kind}_sender", "--port", port, "--count", 2, "--interval", 0.01, *to_sender)
    assert (code, errors) == (0, "")
    assert output.count("Sent") == 2
    for receiver in (first, second):
        for number in (1, 2):
            assert receiver.line().endswith(f"{kind.capitalize()} message {number}'")
        assert receiver.end() == (0, "")


@pytest.mark.parametrize("kind", PATHS)
def test_what_strangers_send_is_shown_harmlessly(examples: Examples, kind: str) -> None:
    receiver = examples.start(f"{kind}_receiver", "--port", 0, "--count", 2, *PATHS[kind][1])
    port = receiver.port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"", ("127.0.0.1", port))
        stranger.sendto(b"\x1b[2J\xff", ("127.0.0.1", port))
    assert receiver.line().endswith(": ''")
    assert receiver.line().endswith(": '\\x1b[2J\ufffd'")
    assert receiver.end() == (0, "")


@pytest.mark.parametrize("kind", PATHS)
def test_a_taken_port_is_reported_with_advice(examples: Examples, kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", 0))
        code, _, errors = examples.run(f"{kind}_receiver", "--port", holder.getsockname()[1])
    assert code == 1
    assert "--port" in errors


@pytest.mark.parametrize("name", ["multicast_sender", "multicast_receiver"])
def test_a_wrong_group_or_interface_is_reported(examples: Examples, name: str) -> None:
    code, _, errors = examples.run(name, "--group", "192.168.1.1")
    assert code == 2
    assert "239.255.43.21" in errors
    code, _, errors = examples.run(name, "--interface", "none0")
    assert code == 2
    assert "none0" in errors
    assert "lo" in errors.split("has")[1]


@pytest.mark.parametrize("kind", PATHS)
def test_a_sender_wants_a_real_port(examples: Examples, kind: str) -> None:
    code, _, errors = examples.run(f"{kind}_sender", "--port", 70000)
    assert code == 2
    assert "65535" in errors
