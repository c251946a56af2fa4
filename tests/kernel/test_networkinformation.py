"""QNetworkInformation: loading it, and what it says in networks that are made and changed for it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import _information_stories as stories
import pytest
from _netns import Namespace, call

from qnet.kernel._information_backend import reachability_of
from qnet.kernel._information_portal import Verdict
from qnet.kernel._interface_facts import DefaultRoute, Interface, InterfaceAddress, Snapshot


def alone(function: Any, qt: Any, **environment: str) -> Any:
    """What *function* returns for *qt* in a process of its own."""
    path = Namespace.python_path()
    # PySide6 warns of load(), which Qt deprecates.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", call(stories.__name__, function.__name__, qt)]
    process = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


@pytest.fixture
def netns() -> Iterator[Namespace]:
    with Namespace() as namespace:
        namespace.ip("link add va type veth peer name vb")
        for name in ("va", "vb"):
            namespace.ip(f"link set {name} addrgenmode none")
        yield namespace


def inside(netns: Namespace, function: Any, qt: Any) -> Any:
    """What *function* returns for *qt* in a process of its own, in a network of its own."""
    return json.loads(netns.python(call(stories.__name__, function.__name__, qt)).splitlines()[-1])


# Loading


def test_nothing_is_loaded_at_first_and_what_is_not_there_never(qt: Any) -> None:
    assert alone(stories.before_loading, qt) == [True, True, True, [False] * 7]


def test_loading_is_done_once(qt: Any) -> None:
    found = alone(stories.default_backend, qt)
    others = found.pop("others")
    assert others == [False] * len(others)
    assert found == {
        "loaded": True,
        "again": [True] * 3,
        "by features": True,
        "deprecated": [True, True],
        "none wanted": False,
        "same": True,
        "available": True,
        "supported": True,
        "reachability": True,
        "more": False,
        "family": [True] * 3,
        "name": "QNetworkInformation",
        "values": [True] * 4,
        "read-only": [False, False],
        "portal": False,
    }


def test_it_lives_as_long_as_the_application(qt: Any) -> None:
    assert alone(stories.life, qt) == [True, ["gone"], True, True, True]


@pytest.mark.qnet("PySide6 crashes when it is loaded again")
def test_it_can_be_deleted_and_loaded_again(qt: Any) -> None:
    assert alone(stories.deleted, qt) == [True, True, True]


def test_any_thread_may_load_it_for_the_thread_of_the_application(qt: Any) -> None:
    assert alone(stories.loaded_elsewhere, qt) == [[True], True, True, True]


def test_it_can_be_loaded_before_there_is_an_application(qt: Any) -> None:
    assert alone(stories.loaded_without_application, qt) == [True, True, False]


def test_load_is_deprecated(qt: Any) -> None:
    info = qt.QNetworkInformation
    for what in ("nope", None, info.Feature(0)):
        with pytest.warns(DeprecationWarning, match="load"):
            assert not info.load(what)


def test_wrong_types(qt: Any) -> None:
    info = qt.QNetworkInformation
    for wrong in (
        lambda: info.loadBackendByName(5),
        lambda: info.loadBackendByFeatures("Reachability"),
        lambda: info.loadBackendByFeatures(None),
        lambda: info.loadBackendByName(),
    ):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(NotImplementedError):
        info()


def test_enums_and_signals(qt: Any) -> None:
    info = qt.QNetworkInformation
    assert {e.name: e.value for e in info.Feature} == {
        "Reachability": 1,
        "CaptivePortal": 2,
        "TransportMedium": 4,
        "Metered": 8,
    }
    assert [e.name for e in info.Reachability] == ["Unknown", "Disconnected", "Local", "Site", "Online"]
    assert [e.value for e in info.Reachability] == [0, 1, 2, 3, 4]
    assert [e.name for e in info.TransportMedium] == ["Unknown", "Ethernet", "Cellular", "WiFi", "Bluetooth"]
    assert (info.Feature.Metered | info.Feature.Reachability).value == 9
    assert info.Unknown is info.Reachability.Unknown
    meta = info.staticMetaObject
    signals = [bytes(meta.method(k).name()).decode() for k in range(meta.methodOffset(), meta.methodCount())]
    assert sorted(s for s in signals if s.endswith("Changed")) == [
        "isBehindCaptivePortalChanged",
        "isMeteredChanged",
        "reachabilityChanged",
        "transportMediumChanged",
    ]


# What it says


def test_online_with_a_default_route(qt: Any, netns: Namespace) -> None:
    """The one thing that all back ends agree on; without a route Qt's GLib back end is Disconnected at once."""
    said = inside(netns, stories.online_and_not, qt)
    assert [each == "Online" for each in said] == [False, False, False, True, True, False, False, True]
    assert said[:2] == ["Disconnected"] * 2
    if qt.is_qnet:
        assert said[2:] == ["Local", "Online", "Online", "Local", "Local", "Online"]


@pytest.mark.qnet("Qt's GLib back end looks at default routes only, and misses those that go with their interface")
def test_cables_addresses_and_routes(qt: Any, netns: Namespace) -> None:
    def to(value: str, medium: str = "") -> list[list[str]]:
        return [["reachability", value]] + ([["medium", medium]] if medium else [])

    assert inside(netns, stories.every_reachability, qt) == [
        ["addr add 10.1.0.1/24 dev va", [], "Disconnected"],  # no carrier
        ["link set vb up", to("Local"), "Local"],
        ["route add default via 10.1.0.2", to("Online", "Ethernet"), "Online"],
        ["link set vb down", to("Disconnected", "Unknown"), "Disconnected"],
        ["link set vb up", to("Online", "Ethernet"), "Online"],
        ["link set va down", to("Disconnected", "Unknown"), "Disconnected"],
        ["link set va up", to("Local"), "Local"],  # its route went with it
        ["addr flush dev va", to("Disconnected"), "Disconnected"],
        ["addr add 169.254.3.4/16 dev va", to("Local"), "Local"],
        ["route add default via 169.254.3.5", [["medium", "Ethernet"]], "Local"],
    ]


@pytest.mark.qnet("the back ends that PySide6 has here know no media")
def test_media_and_what_they_cost(qt: Any, netns: Namespace) -> None:
    online = ["reachability", "Online"]
    metered = ["metered", True]
    assert inside(netns, stories.media, qt) == [
        [["medium", "Ethernet"], online],
        [["medium", "Cellular"], metered, online],
        [["medium", "Bluetooth"], metered, online],
        [["medium", "WiFi"], online],
        [["medium", "Ethernet"], online],
    ]


@pytest.mark.qnet("the back end is qnet's own")
def test_the_back_end_for_other_systems_says_the_same(qt: Any, netns: Namespace) -> None:
    assert inside(netns, stories.polled, qt) == [
        "psutil",
        "Local",
        [["reachability", "Online"], ["medium", "Ethernet"]],
        [["reachability", "Disconnected"], ["medium", "Unknown"]],
    ]


@pytest.mark.qnet("it speaks of the carrier")
def test_a_bad_cable_is_not_told_blow_by_blow(qt: Any, netns: Namespace) -> None:
    online, count = inside(netns, stories.flapping, qt)
    assert online
    assert count <= 12  # of 40


LO = Interface(1, "lo", 0x49, addresses=(InterfaceAddress(socket.AF_INET, 0x7F000001, 8),))
OURS = InterfaceAddress(socket.AF_INET, 0x0A010001, 24)
LINK_LOCAL = InterfaceAddress(socket.AF_INET6, 0xFE80 << 112 | 1, 64)


def network(*interfaces: Interface, routes: tuple[DefaultRoute, ...] = (), complete: bool = True) -> Snapshot:
    return Snapshot({each.index: each for each in (LO, *interfaces)}, routes, complete)


@pytest.mark.parametrize(
    ("snapshot", "reachability"),
    [
        (network(), "Disconnected"),
        (network(complete=False), "Unknown"),
        (network(Interface(2, "a", 0x43)), "Disconnected"),
        (network(Interface(2, "a", 0x03, addresses=(OURS,))), "Disconnected"),
        (network(Interface(2, "a", 0x43, addresses=(LINK_LOCAL,))), "Local"),
        (network(Interface(2, "a", 0x43, addresses=(OURS,))), "Local"),
        (network(Interface(2, "a", 0x43, addresses=(OURS,)), complete=False), "Unknown"),
        (network(Interface(2, "a", 0x43, addresses=(OURS,)), routes=(DefaultRoute(0, socket.AF_INET, 2),)), "Online"),
        (network(Interface(2, "a", 0x43, addresses=(OURS,)), routes=(DefaultRoute(0, socket.AF_INET, 9),)), "Local"),
        (network(Interface(2, "a", 0x43, addresses=(OURS,)), routes=(DefaultRoute(0, socket.AF_INET6, 2),)), "Local"),
        (
            network(  # it sends through "b", which has no address, from that of "a"
                Interface(2, "a", 0x43, addresses=(OURS,)),
                Interface(3, "b", 0x43),
                routes=(DefaultRoute(0, socket.AF_INET, 3),),
            ),
            "Online",
        ),
    ],
)
def test_what_follows_from_the_facts(snapshot: Snapshot, reachability: str) -> None:
    found = {verdict: reachability_of(snapshot, verdict).name for verdict in (*Verdict, None)}
    if reachability == "Online":
        assert list(found.values()) == ["Online", "Site", "Site", "Unknown"]
    else:
        assert set(found.values()) == {reachability}


# Captive portals


@pytest.mark.qnet("Qt's GLib back end asks the system's own portal helper")
def test_a_captive_portal(qt: Any, netns: Namespace) -> None:
    unknown = ["reachability", "Unknown"]
    assert inside(netns, stories.behind_a_portal, qt) == [
        True,
        [["reachability", "Local"]],
        [unknown, ["medium", "Ethernet"], ["reachability", "Site"], ["portal", True]],
        [True, "Site"],
        [["reachability", "Online"], ["portal", False]],
        [["reachability", "Disconnected"], ["medium", "Unknown"]],
        [unknown, ["medium", "Ethernet"], ["reachability", "Site"], ["portal", True]],
        [["portal", False]],  # nobody answers any more
    ]


@pytest.mark.qnet("Qt has no such setting")
def test_without_a_url_portals_are_not_recognised(qt: Any) -> None:
    assert alone(stories.supported, qt) == "Feature.Reachability|TransportMedium|Metered"
    assert alone(stories.supported, qt, QNET_CAPTIVE_PORTAL_URL="http://probe.invalid/") == (
        "Feature.Reachability|CaptivePortal|TransportMedium|Metered"
    )


# Processes and threads


@pytest.mark.parametrize("parent", [stories.forked, stories.forked_without_application])
@pytest.mark.qnet("a forked child of Qt's cannot go on")
def test_parent_and_child_each_hear_everything(qt: Any, netns: Namespace, parent: Any) -> None:
    assert inside(netns, parent, qt) == [0, [["reachability", "Online"], ["medium", "Ethernet"]], True]


@pytest.mark.qnet("of Qt's back ends here only one can be tested, and it crosses no threads")
def test_what_another_thread_loaded_is_served_by_the_application(qt: Any, netns: Namespace) -> None:
    assert inside(netns, stories.moved, qt) == [[["reachability", "Online"], ["medium", "Ethernet"]], [True]]


@pytest.mark.qnet("about qnet's own parts")
def test_nothing_is_left_of_it(qt: Any) -> None:
    assert alone(stories.without_collector, qt)[:3] == [1, 0, [True] * 4]


@pytest.mark.qnet("about qnet's own parts")
def test_nothing_is_open_before_it_is_loaded(qt: Any) -> None:
    assert alone(stories.imported, qt) == [0, False]
