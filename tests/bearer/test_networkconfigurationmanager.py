"""QNetworkConfigurationManager in networks of its own, on qnet and on Qt 5.15: what it tells, and in which order."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from _implementations import Implementation
from _netns import Namespace

InNamespace = Callable[[Callable[[Implementation], Any]], Any]

VETH = "link add va type veth peer name vb\nlink set va addrgenmode none\nlink set vb addrgenmode none"
CONNECTED = f"{VETH}\nlink set va up\nlink set vb up\naddr add 10.1.0.1/24 dev va"
DEFINED, ACTIVE = 2, 14


def ip(commands: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, timeout=60)


class Observer:
    """A manager, and what it has said."""

    def __init__(self, bt: Implementation, first: bool = True) -> None:
        self.bt = bt
        self.application = bt.app()
        self.manager = bt.QNetworkConfigurationManager()
        self.log: list[Any] = []
        self.updates = 0
        self.manager.updateCompleted.connect(self.count)
        if bt.is_qnet and first:
            assert bt.wait(lambda: self.updates)  # the engines have looked for the first time
        self.manager.allConfigurations()  # whoever asks is told of later news only
        self.manager.configurationAdded.connect(lambda c: self.log.append(["added", c.name(), c.isValid()]))
        self.manager.configurationChanged.connect(lambda c: self.log.append(["changed", c.name(), int(c.state())]))
        self.manager.configurationRemoved.connect(lambda c: self.log.append(["removed", c.name(), c.isValid()]))
        self.manager.onlineStateChanged.connect(lambda online: self.log.append(["online", online]))

    def count(self) -> None:
        self.updates += 1

    def named(self, name: str) -> Any:
        return next((c for c in self.manager.allConfigurations() if c.name() == name), None)

    def state(self, name: str) -> int:
        found = self.named(name)
        return int(found.state()) if found is not None else 0

    def after(self, commands: str, condition: Callable[[], Any]) -> list[Any]:
        """What it has said about *commands* when the *condition* is true, and nothing is on its way any more."""
        self.log.clear()
        ip(commands)
        return self.heard(condition)

    def heard(self, condition: Callable[[], Any]) -> list[Any]:
        """The same about what has been done already."""
        assert self.bt.wait(condition), self.log
        before = self.updates
        self.manager.updateConfigurations()  # when that is done, all that is different has been said
        assert self.bt.wait(lambda: self.updates > before), self.log
        self.bt.spin(130)
        heard, self.log[:] = list(self.log), []
        return heard

    def about(self, names: str, heard: list[Any]) -> list[Any]:
        """What of it is not about other configurations than those with these *names*."""
        return [each for each in heard if each[0] == "online" or each[1] in names.split()]


def running(*names: str) -> bool:
    """Whether these interfaces have a carrier, of which the kernel tells when it sees fit."""
    links = json.loads(subprocess.run(["ip", "-json", "link"], capture_output=True, check=True, timeout=60).stdout)
    return {each["ifname"] for each in links if each["operstate"] == "UP"} >= set(names)


# -- on both


def life_of_a_cable(bt: Implementation) -> dict[str, Any]:
    told: dict[str, Any] = {}
    see = Observer(bt)

    def states(*names: str) -> set[int]:
        return {see.state(name) for name in names}

    told["empty"] = [len(see.manager.allConfigurations()), see.manager.isOnline()]
    told["no default"] = see.manager.defaultConfiguration().isValid()
    told["made"] = sorted(see.after(VETH, lambda: len(see.manager.allConfigurations()) == 2))
    told["made state"] = [see.state("va"), see.manager.isOnline()]
    va = see.named("va")
    told["facts"] = [va.bearerTypeName(), va.isValid(), int(va.type()), int(va.purpose()), va.children()]
    see.after("link set va up\nlink set vb up", lambda: running("va", "vb") and states("va", "vb") == {DEFINED})
    told["no address"] = [see.state("va"), int(va.state()), see.manager.isOnline()]
    told["address"] = see.about("va", see.after("addr add 10.1.0.1/24 dev va", lambda: see.manager.isOnline()))
    told["default"] = see.manager.defaultConfiguration().name()
    identifier = va.identifier()
    heard = see.after(
        "link set va down\nlink set va name vc\nlink set vc up", lambda: va.name() == "vc" and int(va.state()) == ACTIVE
    )
    told["renamed"] = [each for each in heard if each[0] == "changed"][-1:]  # it may be seen while it is down
    told["same identifier"] = see.named("vc") == va and va.identifier() == identifier
    told["cable out"] = see.about("vc", see.after("link set vb down", lambda: not see.manager.isOnline()))
    told["cable in"] = see.about("vc", see.after("link set vb up", lambda: see.manager.isOnline()))
    told["address lost"] = see.about("vc", see.after("addr flush dev vc", lambda: not see.manager.isOnline()))
    told["timeout"] = [va.setConnectTimeout(77), see.named("vc").connectTimeout()]
    heard = see.after("link del vc", lambda: not see.manager.allConfigurations())
    told["gone"] = sorted(each for each in heard if each[0] == "removed")
    told["remains"] = [va.name(), va.identifier() == identifier, int(va.state()), va.connectTimeout()]
    told["not found"] = see.manager.configurationFromIdentifier(identifier).isValid()
    return told


class _Either:
    """Equal to both: an interface that is down is Discovered where the process may start it, which Qt never says."""

    def __eq__(self, other: object) -> bool:
        return other in (2, 6)

    def __repr__(self) -> str:
        return "2 or 6"


DEFINED_OR_DISCOVERED = _Either()

LIFE_OF_A_CABLE = {
    "empty": [0, False],
    "no default": False,
    "made": [["added", "va", True], ["added", "vb", True]],
    "made state": [DEFINED_OR_DISCOVERED, False],
    "facts": ["Ethernet", True, 0, 0, []],
    "no address": [DEFINED, DEFINED, False],
    "address": [["changed", "va", ACTIVE], ["online", True]],
    "default": "va",
    "renamed": [["changed", "vc", ACTIVE]],
    "same identifier": True,
    "cable out": [["changed", "vc", DEFINED], ["online", False]],
    "cable in": [["changed", "vc", ACTIVE], ["online", True]],
    "address lost": [["changed", "vc", DEFINED], ["online", False]],
    "timeout": [True, 77],
    "gone": [["removed", "vb", False], ["removed", "vc", False]],
    "remains": ["vc", True, DEFINED, 77],
    "not found": False,
}


def test_the_life_of_a_cable(in_namespace: InNamespace) -> None:
    assert in_namespace(life_of_a_cable) == LIFE_OF_A_CABLE


def two_managers(bt: Implementation) -> dict[str, Any]:
    ip(CONNECTED)
    one, two = Observer(bt), Observer(bt, first=False)
    assert bt.wait(lambda: one.manager.isOnline() and two.manager.isOnline())
    bt.spin(150)
    before = one.updates, two.updates
    one.manager.updateConfigurations()
    at_once = [one.updates - before[0], two.updates - before[1]]
    assert bt.wait(lambda: one.updates > before[0] and two.updates > before[1])
    va = one.named("va")
    told = {
        "at once": at_once,
        "agree": two.manager.configurationFromIdentifier(va.identifier()) == va,
        "default": one.manager.defaultConfiguration() == two.manager.defaultConfiguration() == va,
        "all": len(one.manager.allConfigurations()),
    }
    states = bt.QNetworkConfiguration
    for name in ("Undefined", "Defined", "Discovered", "Active"):
        told[name] = sorted(c.name() for c in one.manager.allConfigurations(getattr(states, name)))
    return told


def test_managers_agree_and_all_hear_of_an_update(in_namespace: InNamespace) -> None:
    assert in_namespace(two_managers) == {
        "at once": [0, 0],
        "agree": True,
        "default": True,
        "all": 2,
        "Undefined": [],
        "Defined": ["va", "vb"],
        "Discovered": ["va"],
        "Active": ["va"],
    }


def tunnel(bt: Implementation) -> dict[str, Any]:
    see = Observer(bt)
    commands = "link set lo up\ntuntap add tn mode tun\naddr add 10.3.0.1/24 dev tn\nlink set tn up"
    see.after(commands, lambda: see.state("tn") == DEFINED)
    tn = see.named("tn")
    told = {"names": [c.name() for c in see.manager.allConfigurations()]}
    told["idle"] = [int(tn.state()), tn.bearerTypeName(), int(tn.bearerType()), int(tn.bearerTypeFamily())]
    descriptor = attach_tunnel("tn")  # its cable is the process that holds it open
    told["held"] = [see.heard(see.manager.isOnline), int(tn.state())]
    os.close(descriptor)
    told["let go"] = see.heard(lambda: not see.manager.isOnline())
    return told


def attach_tunnel(name: str) -> int:
    import fcntl
    import struct

    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH22x", name.encode(), 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
    return descriptor


@pytest.mark.skipif(not os.path.exists("/dev/net/tun"), reason="needs /dev/net/tun")
def test_a_tunnel_is_of_an_unknown_kind_and_the_loopback_is_left_out(in_namespace: InNamespace) -> None:
    assert in_namespace(tunnel) == {
        "names": ["tn"],
        "idle": [DEFINED, "Unknown", 0, 0],
        "held": [[["changed", "tn", ACTIVE], ["online", True]], ACTIVE],
        "let go": [["changed", "tn", DEFINED], ["online", False]],
    }


ABRUPT = """
import threading
from qnet.QtNetwork import QNetworkConfigurationManager as Manager
from qnet.bearer import _store
_store.FIRST_ANSWER = 30  # on a busy machine it takes as long as it takes
names = [sorted(c.name() for c in Manager().allConfigurations())]
def work():
    for _ in range(30):
        manager = Manager()
        found = sorted(c.name() for c in manager.allConfigurations())
        if found != names[0]:
            names.append(found)
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(names)
"""


@pytest.mark.qnet("Qt wants an application first, and one thread")
def test_threads_without_an_application_ask_at_the_same_time() -> None:
    with Namespace() as net:
        net.ip("link add va type veth peer name vb")
        assert net.python(ABRUPT) == "[['va', 'vb']]\n"


def test_bad_arguments_raise_type_error(bt: Implementation) -> None:
    manager = bt.QNetworkConfigurationManager()
    with pytest.raises(TypeError):
        manager.allConfigurations("Active")
    with pytest.raises(TypeError):
        manager.configurationFromIdentifier(5)
    assert not manager.configurationFromIdentifier("").isValid()
    assert not manager.configurationFromIdentifier("no such thing").isValid()
