"""Sessions for service networks: the best member, the way to the next one, the user's choice; with real cables."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _implementations import Implementation
from _session_story import ACTIVE, Story, ip, number

pytestmark = pytest.mark.qnet("Qt's generic engine has no service networks")

InNamespace = Callable[[Callable[[Implementation], Any]], Any]

CABLES = """\
link set lo up
link add va type veth peer name vb
link add vc type veth peer name vd
link set vb up
link set vd up
link set va up
link set vc up
addr add 10.1.0.1/24 dev va
addr add 10.2.0.1/24 dev vc
"""
NETWORKS = """
default = "ask"
[networks.both]
members = ["va", { interface = "vc", cost = 1 }]
[networks.staying]
members = ["va", "vc"]
roaming = false
"""


@pytest.fixture(autouse=True)
def service_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "networks.toml").write_text(NETWORKS)
    monkeypatch.setenv("QNET_NETWORKS", str(tmp_path / "networks.toml"))
    monkeypatch.setenv("QNET_BEARER_DIR", str(tmp_path / "sessions"))
    monkeypatch.setenv("QNET_BEARER_ENGINES", "netlink,networks")


class Roamer(Story):
    """A session for the network "both", or another; *asked* is what it does with offers."""

    def __init__(self, bt: Implementation, network: str = "both", asked: str | None = None) -> None:
        super().__init__(bt, CABLES)
        from qnet.bearer import _roaming

        _roaming.CALM = 0.3  # nobody wants to wait
        self.until_active("va", "vc")
        assert bt.wait(lambda: len(self.network(network).children()) == 2)
        self.settle()
        self.it = self.session(self.network(network), "it")
        self.offers: list[Any] = []
        self.asked = asked
        if asked is not None:
            self.it.preferredConfigurationChanged.connect(self.offered)
        self.it.open()

    def network(self, name: str) -> Any:
        return self.manager.configurationFromIdentifier(f"network:{name}")

    def offered(self, configuration: Any, seamless: bool) -> None:
        self.log.append(["it", "offered", configuration.name(), seamless])
        if self.asked:
            getattr(self.it, self.asked)()

    def now(self) -> list[Any]:
        """What was said, which interface is used, and what state that is."""
        said = [" ".join(str(part) for part in each[1:2] + each[2:3]) for each in self.log]
        self.log.clear()
        return [said, self.it.interface().name(), self.it.state().name, self.it.isOpen()]

    def until_said(self, what: str) -> list[Any]:
        assert self.bt.wait(lambda: any(each[1] == what for each in self.log)), self.log
        self.settle()
        return self.now()


# State: NotAvailable 1, Connected 3, Roaming 6; SessionError: Roaming 2


def consulted(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt, asked="migrate")
    told = story.told
    told["opened"] = story.now()
    told["active"] = story.it.sessionProperty("ActiveConfiguration") == story.named("va").identifier()
    ip("link set vb down")
    told["lost"] = story.until_said("activated")
    story.it.accept()
    hub = story.it._q_hub
    told["held"] = [hub.sessions.count(story.named(name).identifier()) for name in ("va", "vc")]
    ip("link set vb up")
    told["back"] = story.until_said("activated")
    told["held meanwhile"] = [hub.sessions.count(story.named(name).identifier()) for name in ("va", "vc")]
    story.it.reject()
    told["rejected"] = story.now()
    told["held again"] = [hub.sessions.count(story.named(name).identifier()) for name in ("va", "vc")]
    story.settle(500)
    told["not offered again"] = story.now()
    story.it.close()
    told["closed"] = story.now()
    told["held at last"] = [hub.sessions.count(story.named(name).identifier()) for name in ("va", "vc")]
    return told


def test_application_level_roaming(in_namespace: InNamespace) -> None:
    assert in_namespace(consulted) == {
        "opened": [["opened 3"], "va", "Connected", True],
        "active": True,
        "lost": [["state 6", "offered vc", "state 3", "activated"], "vc", "Connected", True],
        "held": [0, 1],
        "back": [["offered va", "state 6", "state 3", "activated"], "va", "Connected", True],
        "held meanwhile": [1, 1],
        "rejected": [[], "vc", "Connected", True],
        "held again": [0, 1],
        "not offered again": [[], "vc", "Connected", True],
        "closed": [["closed 3"], "va", "Connected", False],
        "held at last": [0, 0],
    }


def ignored(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt, asked="ignore")
    story.now()
    ip("link set vb down")
    story.told["ignored in need"] = story.until_said("closed")
    ip("link set vb up")
    story.told["the old one is back"] = story.until_said("opened")
    story.it.close()
    ip("link set vb down")
    assert bt.wait(lambda: number(story.named("va").state()) != ACTIVE)
    story.settle()
    story.it.open()
    story.now()
    ip("link set vb up")
    story.told["ignored"] = story.until_said("offered")
    return story.told


def test_ignoring_what_is_offered(in_namespace: InNamespace) -> None:
    assert in_namespace(ignored) == {
        "ignored in need": [["state 6", "offered vc", "closed 1", "state 1"], "", "NotAvailable", False],
        "the old one is back": [["opened 3", "state 3"], "va", "Connected", True],
        "ignored": [["offered va"], "vc", "Connected", True],
    }


def forced(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt)
    told = story.told
    story.now()
    ip("link set vb down")
    told["lost"] = story.until_said("activated")
    story.it.accept()
    story.it.reject()
    told["no questions"] = story.now()
    ip("link set vd down")
    told["nothing left"] = story.until_said("closed")
    ip("link set vd up")
    told["one is back"] = story.until_said("opened")
    ip("link set vb up")
    told["a better one is back"] = story.until_said("activated")
    told["sums"] = [story.it.activeTime() >= 0, story.it.bytesWritten() >= 0, story.it.bytesReceived() >= 0]
    return told


def test_forced_roaming(in_namespace: InNamespace) -> None:
    assert in_namespace(forced) == {
        "lost": [["state 6", "state 3", "activated"], "vc", "Connected", True],
        "no questions": [[], "vc", "Connected", True],
        "nothing left": [["closed 1", "state 1"], "", "NotAvailable", False],
        "one is back": [["opened 3", "state 3"], "vc", "Connected", True],
        "a better one is back": [["state 6", "state 3", "activated"], "va", "Connected", True],
        "sums": [True, True, True],
    }


def staying(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt, "staying")
    story.now()
    ip("link set vb down")
    story.told["lost"] = story.until_said("closed")
    ip("link set vb up")
    story.told["back"] = story.until_said("opened")
    return story.told


def test_a_network_without_roaming(in_namespace: InNamespace) -> None:
    assert in_namespace(staying) == {
        "lost": [["closed 1", "state 1"], "", "NotAvailable", False],
        "back": [["opened 3", "state 3"], "va", "Connected", True],
    }


def flapping(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt)
    from qnet.bearer import _roaming

    _roaming.CALM = 1000.0  # on a busy machine one up and down may take seconds
    story.now()
    ip("link set vb down")
    story.until_said("activated")
    ip("link set vb up\nlink set vb down\n" * 15)
    for _ in range(5):
        ip("link set vb up")
        bt.spin(60)
        ip("link set vb down")
        bt.spin(60)
    story.settle()
    story.told["flapping"] = story.now()
    story.told["timers"] = len(story.it.children())
    _roaming.CALM = 0.3
    ip("link set vb up")
    story.told["calm"] = story.until_said("activated")
    return story.told


def test_a_loose_contact_is_not_followed(in_namespace: InNamespace) -> None:
    assert in_namespace(flapping) == {
        "flapping": [[], "vc", "Connected", True],
        "timers": 4,
        "calm": [["state 6", "state 3", "activated"], "va", "Connected", True],
    }


def choosing(bt: Implementation) -> dict[str, Any]:
    story = Story(bt, CABLES)
    told = story.told
    manager = story.manager
    story.until_active("va", "vc")
    assert bt.wait(lambda: manager.defaultConfiguration().type() == bt.QNetworkConfiguration.Type.UserChoice)
    assert bt.wait(lambda: len(manager.configurationFromIdentifier("network:both").children()) == 2)
    ask = manager.defaultConfiguration()
    it = story.session(ask, "it")

    def refuse(configurations: Any) -> None:
        told["asked"] = sorted(each.name() for each in configurations)

    bt.setNetworkChooser(refuse)
    it.open()
    told["refused"] = [story.said("it"), it.isOpen(), it.sessionProperty("UserChoiceConfiguration")]
    bt.setNetworkChooser(lambda configurations: next(each for each in configurations if each.name() == "both"))
    it.open()
    told["chosen"] = [
        story.said("it"),
        it.sessionProperty("UserChoiceConfiguration"),
        it.sessionProperty("ActiveConfiguration") == story.named("va").identifier(),
    ]
    it.close()

    def slow(configurations: Any) -> Any:
        it.open()  # it is being asked already
        bt.spin(20)
        it.close()
        return configurations[0]

    bt.setNetworkChooser(slow)
    it.open()
    told["called off"] = [it.isOpen(), it.state().name]
    bt.setNetworkChooser(refuse)
    it.setSessionProperty("ConnectInBackground", True)
    told.pop("asked")
    it.open()
    told["not asked"] = ["asked" in told, it.isOpen()]
    return told


def test_the_user_chooses(in_namespace: InNamespace) -> None:
    assert in_namespace(choosing) == {
        "refused": [[["error", 1]], False, ""],
        "chosen": [[["opened", 3, True]], "network:both", True],
        "called off": [False, "Connected"],
        "not asked": [False, True],
    }


# -- life


def living(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt, asked="migrate")
    told = story.told
    gc.collect()
    gc.disable()
    refs = []
    va = story.named("va")
    for _ in range(200):
        session = bt.QNetworkSession(va)
        session.opened.connect(lambda: None)
        session.open()
        refs.append(weakref.ref(session))
        del session
    told["dead by reference count"] = [ref() for ref in refs] == [None] * 200
    hub = story.it._q_hub
    told["counted"] = hub.sessions.count(va.identifier())
    parent = bt.QObject()
    child = bt.QNetworkSession(va, parent)
    child.open()
    parent.deleteLater()
    bt.process()
    told["with its parent"] = hub.sessions.count(va.identifier())
    gc.enable()
    return told


def test_sessions_die_by_reference_count(in_namespace: InNamespace) -> None:
    assert in_namespace(living) == {"dead by reference count": True, "counted": 1, "with its parent": 1}


def threads(bt: Implementation) -> dict[str, Any]:
    story = Roamer(bt)
    va = story.named("va")
    results: list[Any] = []

    def blocking() -> None:
        for _ in range(50):
            session = bt.QNetworkSession(va)
            session.open()
            assert session.waitForOpened(30_000)
            session.close()
        results.append("done")

    workers = [threading.Thread(target=blocking) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    story.told["blocking"] = results
    moved = bt.QNetworkSession(va)
    log: list[Any] = []
    thread = bt.QThread()
    moved.moveToThread(thread)
    moved.closed.connect(lambda: log.append(thread.isCurrentThread() if hasattr(thread, "isCurrentThread") else 1))
    thread.start()
    bt.QMetaObject.invokeMethod(moved, moved.open)
    assert bt.wait(moved.isOpen)
    ip("link set vb down")
    assert bt.wait(lambda: bool(log))
    thread.quit()
    thread.wait()
    story.told["moved"] = log
    # the one that is lost counts until it is closed, the other one goes to the other cable
    story.told["counted"] = bt.wait(lambda: story.it._q_hub.sessions.count(va.identifier()) == 1)
    return story.told


def test_sessions_in_threads(in_namespace: InNamespace) -> None:
    assert in_namespace(threads) == {"blocking": ["done"] * 4, "moved": [True], "counted": True}
