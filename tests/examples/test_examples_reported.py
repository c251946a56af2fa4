"""What was reported about the examples, and must not come back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from _example_runner import Examples, Running
from _netns import Namespace


@pytest.mark.qnet("PySide6 has no bearer management")
def test_the_roaming_client_ends_if_nobody_serves(examples: Examples, tmp_path: Path) -> None:
    """It said that the connection was refused, and then waited for ever."""
    with Namespace() as here, Namespace() as there:
        for place, end, address in ((here, "va", "10.1.0.1/24"), (there, "vb", "10.1.0.2/24")):
            if place is here:
                here.ip(f"link add va type veth peer name vb netns {there.name}")
            place.ip(f"link set {end} up\naddr add {address} dev {end}")
        examples.environment["QNET_NETWORKS"] = str(tmp_path / "networks.toml")
        examples.environment["QNET_BEARER_DIR"] = str(tmp_path / "sessions")
        examples.environment["QNET_BEARER_ENGINES"] = "netlink"
        program = str(examples.folder / "roaming_client.py")
        client = Running([*here.prefix, sys.executable, program, "10.1.0.2", "9"], examples.environment)
        examples.running.append(client)
        assert client.line() == "Network: va"
        assert client.line() == "Connecting over va"
        assert client.line().startswith("Connection: Connection refused")
        assert client.line() == "Received 0 lines"
        assert client.end() == (1, "")
