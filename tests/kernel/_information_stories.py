"""What happens in the processes that test QNetworkInformation: there is one in a process, and it stays.

Each function takes the implementation and returns what can be written as JSON. No test framework is loaded here, to
start quickly.
"""

from __future__ import annotations

import gc
import http.server
import os
import subprocess
import sys
import threading
import weakref
from typing import Any


def ip(commands: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, timeout=60)


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


def deleted(qt: Any) -> Any:
    qt.app()
    info = qt.QNetworkInformation
    info.loadDefaultBackend()
    info.instance().deleteLater()
    qt.process()
    return [info.instance() is None, info.loadDefaultBackend(), info.instance() is not None]


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


def loaded_without_application(qt: Any) -> Any:
    info = qt.QNetworkInformation
    return [info.loadDefaultBackend(), info.instance() is not None, info.instance().isBehindCaptivePortal()]


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

    def is_online(self) -> bool:
        return bool(self.info.reachability() == self.info.Reachability.Online)


UP = "link set lo up\nlink set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va"


ONLINE = UP + "\nroute add default via 10.1.0.2"


def online_and_not(qt: Any) -> Any:
    story = Story(qt)
    said = [story.info.reachability().name]
    for commands, count, online in (
        ("link set lo up", 0, False),
        (UP, 1, False),
        ("route add default via 10.1.0.2", 2, True),
        ("route replace default via 10.1.0.3", 0, True),
        ("route del default", 2, False),
        ("addr add fd00::1/64 dev va nodad", 0, False),
        ("route add default via fd00::2", 2, True),
    ):
        found = story.after(commands, count)
        if story.is_online() != online:  # whatever it is, it may take its time
            qt.wait(lambda online=online: story.is_online() == online)
            found = list(story.heard)
        heard = [value for what, value in found if what == "reachability"]
        assert heard[-1:] in ([], [story.info.reachability().name])
        said.append(story.info.reachability().name)
    return said


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


def media(qt: Any) -> Any:
    story = Story(qt)
    said: list[Any] = [story.after(ONLINE, 2)]
    for name, count in (("wwan0", 3), ("bnep3", 3), ("wlan0", 2), ("eth9", 2)):
        story.after(f"link set va down\nlink set va name {name}", 1)
        said.append(story.after(f"link set {name} up\nroute add default via 10.1.0.2", count))
        story.after(f"link set {name} down\nlink set {name} name va\nlink set va up", count)
    return [sorted(map(tuple, each)) for each in said]


def polled(qt: Any) -> Any:
    story = Story(qt, "psutil")
    story.after(UP, 1)
    said = [story.info.backendName(), story.info.reachability().name]
    return [*said, story.after("route add default via 10.1.0.2", 2), story.after("link set vb down", 2)]


def flapping(qt: Any) -> Any:
    story = Story(qt)
    story.after(ONLINE, 2)
    story.heard.clear()
    for _ in range(10):
        ip("link set vb down\nlink set vb up")
    story.qt.spin(200)
    online = story.qt.wait(story.is_online)
    return [online, len(story.heard)]


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


def supported(qt: Any) -> Any:
    qt.app()
    info = qt.QNetworkInformation
    portal = info.loadBackendByFeatures(info.Feature.CaptivePortal)
    info.loadDefaultBackend()
    features = info.instance().supportedFeatures()
    assert portal == bool(features & info.Feature.CaptivePortal)
    return str(features)


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
    story.qt.wait(lambda: len(story.heard) >= 2)
    story.qt.spin(200)
    return [status, story.heard, qt.QNetworkInformation.instance() is mine]


def forked_without_application(qt: Any) -> Any:
    return forked(qt, application=False)


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


def imported(qt: Any) -> Any:
    before = len(os.listdir("/proc/self/fd"))
    assert qt.QNetworkInformation.instance() is None
    qt.QNetworkInformation.availableBackends()
    return [len(os.listdir("/proc/self/fd")) - before, "psutil" in sys.modules]
