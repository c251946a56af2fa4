"""QNetworkInformation: loading it, and what it says in networks that are made and changed for it.

There is one object in a process and it stays, so that everything that loads one happens in processes of its own: a
function here, which returns what can be written as JSON.
"""

from __future__ import annotations

import gc
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from _netns import Namespace, call

from qnet.kernel._information_backend import reachability_of
from qnet.kernel._information_portal import Verdict
from qnet.kernel._interface_facts import DefaultRoute, Interface, InterfaceAddress, Snapshot

HERE = os.path.splitext(os.path.basename(__file__))[0]


def alone(function: Any, qt: Any, **environment: str) -> Any:
    """What *function* returns for *qt* in a process of its own."""
    path = Namespace.python_path()
    # PySide6 warns of load(), which Qt deprecates.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", call(HERE, function.__name__, qt)]
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
    return json.loads(netns.python(call(HERE, function.__name__, qt)).splitlines()[-1])


def ip(commands: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, timeout=60)


# Loading


def before_loading(qt: Any) -> Any:
    info = qt.QNetworkInformation
    feature = info.Feature
    app = qt.app()
    names = info.availableBackends()
    refused = [
        info.loadBackendByName("nope"),
        info.loadBackendByName(""),
        info.loadBackendByName(None),
        info.loadBackendByName(f" {names[0]}"),
        info.loadBackendByFeatures(feature(0)),
        info.load("nope"),
        info.load(None),
    ]
    assert app is not None
    return [info.instance() is None, bool(names), all(isinstance(n, str) for n in names), refused]


def test_nothing_is_loaded_at_first_and_what_is_not_there_never(qt: Any) -> None:
    assert alone(before_loading, qt) == [True, True, True, [False] * 7]


def default_backend(qt: Any) -> Any:
    info = qt.QNetworkInformation
    feature = info.Feature
    app = qt.app()
    loaded = info.loadDefaultBackend()
    one = info.instance()
    name = one.backendName()
    others = [other for other in info.availableBackends() if other != name]
    return {
        "loaded": loaded,
        "again": [info.loadDefaultBackend(), info.loadBackendByName(name), info.loadBackendByName(name.upper())],
        "by features": info.loadBackendByFeatures(feature.Reachability),
        "deprecated": [info.load(name), info.load(feature.Reachability)],
        "others": [info.loadBackendByName(other) for other in [*others, "nope", ""]],
        "none wanted": info.loadBackendByFeatures(feature(0)),
        "same": info.instance() is one,
        "available": name in info.availableBackends(),
        "supported": one.supports(one.supportedFeatures()) and one.supports(feature(0)),
        "reachability": one.supports(feature.Reachability),
        "more": one.supports(one.supportedFeatures() | feature(8 | 4 | 2 | 1)),
        "family": [one.parent() is None, one.children() == [], one.thread() is app.thread()],
        "name": one.metaObject().className(),
        "values": [
            one.reachability() == one.property("reachability"),
            one.transportMedium() == one.property("transportMedium"),
            one.isMetered() is one.property("isMetered"),
            one.isBehindCaptivePortal() is one.property("isBehindCaptivePortal"),
        ],
        "read-only": [one.setProperty(n, getattr(one, n)()) for n in ("reachability", "isMetered")],
        "portal": one.isBehindCaptivePortal(),
    }


def test_loading_is_done_once(qt: Any) -> None:
    found = alone(default_backend, qt)
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


def life(qt: Any) -> Any:
    info = qt.QNetworkInformation
    app = qt.QCoreApplication([])
    ends: list[str] = []

    def load() -> None:
        assert info.loadDefaultBackend()
        info.instance().destroyed.connect(lambda *_: ends.append("gone"))

    load()
    app.shutdown()
    after = [info.instance() is None, list(ends)]
    app = qt.QCoreApplication([])
    after.append(info.instance() is None)
    load()
    return [*after, info.instance() is not None, app is not None]


def test_it_lives_as_long_as_the_application(qt: Any) -> None:
    assert alone(life, qt) == [True, ["gone"], True, True, True]


def deleted(qt: Any) -> Any:
    qt.app()
    info = qt.QNetworkInformation
    info.loadDefaultBackend()
    info.instance().deleteLater()
    qt.process()
    return [info.instance() is None, info.loadDefaultBackend(), info.instance() is not None]


@pytest.mark.qnet("PySide6 crashes when it is loaded again")
def test_it_can_be_deleted_and_loaded_again(qt: Any) -> None:
    assert alone(deleted, qt) == [True, True, True]


def loaded_elsewhere(qt: Any) -> Any:
    info = qt.QNetworkInformation
    app = qt.app()
    loaded: list[bool] = []
    thread = threading.Thread(target=lambda: loaded.append(info.loadDefaultBackend()))
    thread.start()
    thread.join()
    one = info.instance()
    # PySide6 makes a new Python object for a thread that it has seen in another thread: they are the same by name.
    name = "Qt mainThread"
    app.thread().setObjectName(name)
    return [loaded, one.thread().objectName() == name, info.loadDefaultBackend(), info.instance() is one]


def test_any_thread_may_load_it_for_the_thread_of_the_application(qt: Any) -> None:
    assert alone(loaded_elsewhere, qt) == [[True], True, True, True]


def loaded_without_application(qt: Any) -> Any:
    info = qt.QNetworkInformation
    return [info.loadDefaultBackend(), info.instance() is not None, info.instance().isBehindCaptivePortal()]


def test_it_can_be_loaded_before_there_is_an_application(qt: Any) -> None:
    assert alone(loaded_without_application, qt) == [True, True, False]


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


class Story:
    """Changes a network and notes what an implementation says of it."""

    def __init__(self, qt: Any, backend: str = "") -> None:
        self.qt = qt
        self.app = qt.app()
        info = qt.QNetworkInformation
        assert info.loadBackendByName(backend) if backend else info.loadDefaultBackend()
        self.heard: list[list[Any]] = []
        self.listen()

    def listen(self) -> None:
        self.info = self.qt.QNetworkInformation.instance()
        self.info.reachabilityChanged.connect(lambda value: self.heard.append(["reachability", value.name]))
        self.info.transportMediumChanged.connect(lambda value: self.heard.append(["medium", value.name]))
        self.info.isMeteredChanged.connect(lambda value: self.heard.append(["metered", value]))
        self.info.isBehindCaptivePortalChanged.connect(lambda value: self.heard.append(["portal", value]))

    def after(self, commands: str, count: int = 0) -> list[list[Any]]:
        """What is heard after *commands*: at least *count* things, however long they take, and a while longer."""
        self.heard.clear()
        ip(commands)
        if self.info.backendName() == "psutil":
            self.info._q_backend._q_watch.refresh()
        if self.qt.is_qnet:
            self.qt.wait(lambda: len(self.heard) >= count)
        self.qt.spin(100)
        return list(self.heard)


UP = "link set lo up\nlink set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va"
ONLINE = UP + "\nroute add default via 10.1.0.2"


def online_and_not(qt: Any) -> Any:
    story = Story(qt)
    said = [story.info.reachability().name]
    for commands, count in (
        ("link set lo up", 0),
        (UP, 1),
        ("route add default via 10.1.0.2", 2),
        ("route replace default via 10.1.0.3", 0),
        ("route del default", 2),
        ("addr add fd00::1/64 dev va nodad", 0),
        ("route add default via fd00::2", 2),
    ):
        heard = [value for what, value in story.after(commands, count) if what == "reachability"]
        assert heard[-1:] in ([], [story.info.reachability().name])
        said.append(story.info.reachability().name)
    return said


def test_online_with_a_default_route(qt: Any, netns: Namespace) -> None:
    """The one thing that all back ends agree on; without a route Qt's GLib back end is Disconnected at once."""
    said = inside(netns, online_and_not, qt)
    assert [each == "Online" for each in said] == [False, False, False, True, True, False, False, True]
    assert said[:2] == ["Disconnected"] * 2
    if qt.is_qnet:
        assert said[2:] == ["Local", "Online", "Online", "Local", "Local", "Online"]


def every_reachability(qt: Any) -> Any:
    story = Story(qt)
    steps = {
        "link set lo up\nlink set va up\naddr add 10.1.0.1/24 dev va": 0,
        "link set vb up": 1,
        "route add default via 10.1.0.2": 2,
        "link set vb down": 2,
        "link set vb up ": 2,
        "link set va down": 2,
        "link set va up": 1,
        "addr flush dev va": 1,
        "addr add 169.254.3.4/16 dev va": 1,
        "route add default via 169.254.3.5": 1,
    }
    return [
        [step.splitlines()[-1].strip(), story.after(step, count), story.info.reachability().name]
        for step, count in steps.items()
    ]


@pytest.mark.qnet("Qt's GLib back end looks at default routes only, and misses those that go with their interface")
def test_cables_addresses_and_routes(qt: Any, netns: Namespace) -> None:
    def to(value: str, medium: str = "") -> list[list[str]]:
        return [["reachability", value]] + ([["medium", medium]] if medium else [])

    assert inside(netns, every_reachability, qt) == [
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


def media(qt: Any) -> Any:
    story = Story(qt)
    said: list[Any] = [story.after(ONLINE, 2)]
    for name, count in (("wwan0", 3), ("bnep3", 3), ("wlan0", 2), ("eth9", 2)):
        story.after(f"link set va down\nlink set va name {name}", 1)
        said.append(story.after(f"link set {name} up\nroute add default via 10.1.0.2", count))
        story.after(f"link set {name} down\nlink set {name} name va\nlink set va up", count)
    return [sorted(map(tuple, each)) for each in said]


@pytest.mark.qnet("the back ends that PySide6 has here know no media")
def test_media_and_what_they_cost(qt: Any, netns: Namespace) -> None:
    online = ["reachability", "Online"]
    metered = ["metered", True]
    assert inside(netns, media, qt) == [
        [["medium", "Ethernet"], online],
        [["medium", "Cellular"], metered, online],
        [["medium", "Bluetooth"], metered, online],
        [["medium", "WiFi"], online],
        [["medium", "Ethernet"], online],
    ]


def polled(qt: Any) -> Any:
    story = Story(qt, "psutil")
    story.after(UP, 1)
    said = [story.info.backendName(), story.info.reachability().name]
    return [*said, story.after("route add default via 10.1.0.2", 2), story.after("link set vb down", 2)]


@pytest.mark.qnet("the back end is qnet's own")
def test_the_back_end_for_other_systems_says_the_same(qt: Any, netns: Namespace) -> None:
    assert inside(netns, polled, qt) == [
        "psutil",
        "Local",
        [["reachability", "Online"], ["medium", "Ethernet"]],
        [["reachability", "Disconnected"], ["medium", "Unknown"]],
    ]


def flapping(qt: Any) -> Any:
    story = Story(qt)
    story.after(ONLINE, 2)
    story.heard.clear()
    for _ in range(10):
        ip("link set vb down\nlink set vb up")
    story.qt.spin(200)
    online = story.qt.wait(lambda: story.info.reachability() == story.info.Reachability.Online)
    return [online, len(story.heard)]


@pytest.mark.qnet("it speaks of the carrier")
def test_a_bad_cable_is_not_told_blow_by_blow(qt: Any, netns: Namespace) -> None:
    online, count = inside(netns, flapping, qt)
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


class Portal(http.server.ThreadingHTTPServer):
    """A web server that stands in the way until somebody has signed in."""

    signed_in = False

    class RequestHandlerClass(http.server.BaseHTTPRequestHandler):
        """Redirects, or answers what the probe hopes for."""

        server: Portal

        def do_GET(self) -> None:
            """204, or 302 to a page of one's own."""
            self.send_response(204 if self.server.signed_in else 302)
            if not self.server.signed_in:
                self.send_header("Location", "http://login.test/")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing: it is no test's business."""

    def __init__(self) -> None:
        super().__init__(("10.1.0.1", 8080), self.RequestHandlerClass)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


def behind_a_portal(qt: Any) -> Any:
    from qnet.kernel._information_portal import PortalCheck

    PortalCheck.FIRST_PAUSE = 50
    os.environ["QNET_CAPTIVE_PORTAL_URL"] = "http://10.1.0.1:8080/generate_204"
    story = Story(qt)
    said = [story.info.supports(story.info.Feature.CaptivePortal), story.after(UP, 1)]
    portal = Portal()
    said.append(story.after("route add default via 10.1.0.2", 4))
    said.append([story.info.isBehindCaptivePortal(), story.info.reachability().name])
    story.heard.clear()
    portal.signed_in = True
    assert qt.wait(lambda: len(story.heard) >= 2)
    said.append(list(story.heard))
    portal.signed_in = False
    said.append(story.after("link set vb down", 2))
    said.append(story.after("link set vb up", 4))
    story.heard.clear()
    portal.shutdown()
    portal.server_close()
    assert qt.wait(lambda: story.heard)
    said.append(list(story.heard))
    return said


@pytest.mark.qnet("Qt's GLib back end asks the system's own portal helper")
def test_a_captive_portal(qt: Any, netns: Namespace) -> None:
    unknown = ["reachability", "Unknown"]
    assert inside(netns, behind_a_portal, qt) == [
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
    assert alone(supported, qt) == "Feature.Reachability|TransportMedium|Metered"
    assert alone(supported, qt, QNET_CAPTIVE_PORTAL_URL="http://probe.invalid/") == (
        "Feature.Reachability|CaptivePortal|TransportMedium|Metered"
    )


def supported(qt: Any) -> Any:
    qt.app()
    info = qt.QNetworkInformation
    portal = info.loadBackendByFeatures(info.Feature.CaptivePortal)
    info.loadDefaultBackend()
    features = info.instance().supportedFeatures()
    assert portal == bool(features & info.Feature.CaptivePortal)
    return str(features)


# Processes and threads


def forked(qt: Any, application: bool = True) -> Any:
    story = Story(qt)
    if not application:
        story.app.shutdown()
        story.qt.QNetworkInformation.loadDefaultBackend()
        story.listen()
    mine = story.info
    child = os.fork()
    if not child:
        app = qt.QCoreApplication([])
        info = qt.QNetworkInformation
        ok = info.instance() is None and info.loadDefaultBackend() and info.instance() is not mine
        own = Story(qt)
        heard = own.after(ONLINE, 2)
        ok = ok and heard == [["reachability", "Online"], ["medium", "Ethernet"]] and mine._q.alive and bool(app)
        os._exit(0 if ok else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    story.qt.spin(200)
    return [status, story.heard, qt.QNetworkInformation.instance() is mine]


def forked_without_application(qt: Any) -> Any:
    return forked(qt, application=False)


@pytest.mark.parametrize("parent", [forked, forked_without_application])
@pytest.mark.qnet("a forked child of Qt's cannot go on")
def test_parent_and_child_each_hear_everything(qt: Any, netns: Namespace, parent: Any) -> None:
    assert inside(netns, parent, qt) == [0, [["reachability", "Online"], ["medium", "Ethernet"]], True]


def moved(qt: Any) -> Any:
    """Loaded in a thread that ends: the application's loop is told what happens then."""
    qt.app()
    thread = threading.Thread(target=qt.QNetworkInformation.loadDefaultBackend)
    thread.start()
    thread.join()
    told: list[bool] = []
    story = Story(qt)
    story.info.reachabilityChanged.connect(lambda value: told.append(threading.current_thread() is not thread))
    return [story.after(ONLINE, 2), told]


@pytest.mark.qnet("of Qt's back ends here only one can be tested, and it crosses no threads")
def test_what_another_thread_loaded_is_served_by_the_application(qt: Any, netns: Namespace) -> None:
    assert inside(netns, moved, qt) == [[["reachability", "Online"], ["medium", "Ethernet"]], [True]]


def without_collector(qt: Any) -> Any:
    app = qt.app()
    qt.process()
    before = len(os.listdir("/proc/self/fd"))
    gc.collect()
    gc.disable()
    qt.QNetworkInformation.setCaptivePortalUrl("http://127.0.0.1:9/")
    assert qt.QNetworkInformation.loadDefaultBackend()
    opened = len(os.listdir("/proc/self/fd")) - before
    info = qt.QNetworkInformation.instance()
    refs = [weakref.ref(o) for o in (info, info._q_backend, info._q_backend._q_watch, info._q_backend._q_check)]
    qt.spin(50)
    del info
    qt.QNetworkInformation.instance().deleteLater()
    qt.process()
    closed = len(os.listdir("/proc/self/fd")) - before
    return [opened, closed, [ref() is None for ref in refs], bool(app), len(qt.QEventLoop.__mro__) > 0]


@pytest.mark.qnet("about qnet's own parts")
def test_nothing_is_left_of_it(qt: Any) -> None:
    assert alone(without_collector, qt)[:3] == [1, 0, [True] * 4]


def imported(qt: Any) -> Any:
    before = len(os.listdir("/proc/self/fd"))
    assert qt.QNetworkInformation.instance() is None
    qt.QNetworkInformation.availableBackends()
    return [len(os.listdir("/proc/self/fd")) - before, "psutil" in sys.modules]


@pytest.mark.qnet("about qnet's own parts")
def test_nothing_is_open_before_it_is_loaded(qt: Any) -> None:
    assert alone(imported, qt) == [0, False]
