"""``python -m qnet interfaces``, in a network of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _command_line import run
from _netns import Namespace

NETWORK = """
link add va type veth peer name vb
link set va address 02:00:00:00:00:0a addrgenmode none
link set vb address 02:00:00:00:00:0b addrgenmode none
link set lo up
link set va up mtu 1400
link set vb up
addr add 10.1.0.1/24 dev va
addr add fd01::1/64 dev va nodad
route add default via 10.1.0.2
link add vc type veth peer name vd
link set vc address 02:00:00:00:00:0c addrgenmode none up
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Namespace]:
    with Namespace() as namespace:
        namespace.ip(NETWORK)
        namespace.wait_until_running("va", "vb")
        yield namespace


def test_a_table_for_people(network: Namespace) -> None:
    ended = run("interfaces", prefix=network.prefix)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].split() == ["NAME", "STATE", "MEDIUM", "HARDWARE", "ADDRESS", "ADDRESSES"]
    table = {line.split()[0]: line.split()[1:] for line in lines[1:] if not line.startswith(" ")}
    assert table["va"] == ["running,", "default", "ethernet", "02:00:00:00:00:0a", "10.1.0.1/24"]
    assert table["vb"] == ["running", "ethernet", "02:00:00:00:00:0b"]
    assert table["vc"] == ["up", "ethernet", "02:00:00:00:00:0c"]
    assert table["vd"][:2] == ["down", "ethernet"]
    assert table["lo"][:2] == ["running", "loopback"]
    column = lines[0].index("ADDRESSES")
    assert [line[column:] for line in lines if line.startswith(" ")] == ["::1/128", "fd01::1/64"]
    assert not any(line.endswith(" ") for line in lines)


def test_objects_for_programs(network: Namespace) -> None:
    found = {each["name"]: each for each in run("interfaces", "--json", prefix=network.prefix).json()}
    assert list(found) == sorted(found, key=lambda name: int(found[name]["index"]))
    va = found["va"]
    assert va.pop("index") > 0
    assert va == {
        "name": "va",
        "up": True,
        "running": True,
        "default": True,
        "medium": "ethernet",
        "mtu": 1400,
        "hardwareAddress": "02:00:00:00:00:0a",
        "addresses": [
            {"address": "10.1.0.1", "prefix": 24, "family": "ipv4", "temporary": False, "deprecated": False},
            {"address": "fd01::1", "prefix": 64, "family": "ipv6", "temporary": False, "deprecated": False},
        ],
    }
    assert (found["vc"]["up"], found["vc"]["running"], found["vd"]["up"]) == (True, False, False)


def test_some_interfaces_only(network: Namespace) -> None:
    ended = run("interfaces", "--json", "vb", "lo", prefix=network.prefix)
    assert [each["name"] for each in ended.json()] == ["lo", "vb"]
    ended = run("interfaces", "vb", "vx", prefix=network.prefix)
    assert ended == (1, "", "python -m qnet: there is no interface 'vx'\n")


def test_a_name_that_a_terminal_would_obey_is_escaped(network: Namespace) -> None:
    network.run("ip", "link", "add", "e\x1b[2Jä", "type", "veth", "peer", "name", "other")
    ended = run("interfaces", prefix=network.prefix, PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert "e\\x1b[2J\\xe4" in ended.out
    assert ended.out.isascii()
    found = run("interfaces", "--json", prefix=network.prefix).json()
    assert "e\x1b[2Jä" in [each["name"] for each in found]
