"""QNetworkInterface against what ``ip`` and the kernel say, here and in network namespaces made for it; its entries."""

from __future__ import annotations

import copy
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _netns import Namespace, call
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel import _interface_netlink, _interface_source, networkinterface

needs_ip = pytest.mark.skipif(shutil.which("ip") is None, reason="needs the ip program")


def snapshot(qt: Any) -> list[dict[str, Any]]:
    """All interfaces of *qt* in the words of :func:`truth`."""
    return [
        {
            "index": interface.index(),
            "name": interface.name(),
            "label": interface.humanReadableName(),
            "flags": [flag for flag in FLAGS if interface.flags() & qt.QNetworkInterface.InterfaceFlag[flag]],
            "type": interface.type().name,
            "mtu": interface.maximumTransmissionUnit(),
            "hardware": interface.hardwareAddress(),
            "entries": [entry_of(entry) for entry in interface.addressEntries()],
        }
        for interface in qt.QNetworkInterface.allInterfaces()
    ]


def entry_of(entry: Any) -> dict[str, Any]:
    return {
        "ip": entry.ip().toString(),
        "prefix": entry.prefixLength(),
        "broadcast": entry.broadcast().toString(),
        "eligible": entry.dnsEligibility().name == "DnsEligible",
        "known": entry.isLifetimeKnown(),
        "permanent": entry.isPermanent(),
        "preferred": None if entry.preferredLifetime().isForever() else entry.preferredLifetime().remainingTime(),
    }


FLAGS = ("IsUp", "IsRunning", "CanBroadcast", "IsLoopBack", "IsPointToPoint", "CanMulticast")
IP_FLAGS = dict(zip(FLAGS, ("UP", "", "BROADCAST", "LOOPBACK", "POINTOPOINT", "MULTICAST"), strict=True))
IP_TYPES = {"loopback": "Loopback", "ether": "Ethernet", "none": "Virtual"}


def truth(qt: Any, *command: str) -> list[dict[str, Any]]:
    """What ``ip -json addr`` tells, as an implementation should."""
    output = subprocess.run([*command, "ip", "-json", "addr"], capture_output=True, check=True).stdout
    return [link_truth(qt, link) for link in json.loads(output)]


def link_truth(qt: Any, link: dict[str, Any]) -> dict[str, Any]:
    up = "UP" in link["flags"]
    running = up and link["operstate"] in ("UP", "UNKNOWN")
    return {
        "index": link["ifindex"],
        "name": link["ifname"],
        "label": link["ifname"],
        "flags": [f for f in FLAGS if IP_FLAGS[f] in link["flags"] or (f == "IsRunning" and running)],
        "type": IP_TYPES.get(link["link_type"], "Unknown"),
        "mtu": link["mtu"],
        "hardware": link.get("address", "").upper() if link["link_type"] != "none" else "",
        "entries": [address_truth(qt, link["ifname"], up, a) for a in link["addr_info"] if not a.get("dadfailed")],
    }


def address_truth(qt: Any, interface: str, up: bool, info: dict[str, Any]) -> dict[str, Any]:
    ip = qt.QHostAddress(info["local"])
    link_local = ip.isLinkLocal()
    if ":" in info["local"]:
        broadcast = ""
        ip.setScopeId(interface if link_local else "")
    else:
        last = ip.toIPv4Address() | (1 << (32 - info["prefixlen"])) - 1
        broadcast = info.get("broadcast", qt.QHostAddress(last).toString())
    forever = 2**32 - 1
    preferred = info["preferred_life_time"]
    lasting = not any(info.get(word) for word in ("secondary", "temporary", "deprecated"))
    return {
        "ip": ip.toString(),
        "prefix": info["prefixlen"],
        "broadcast": broadcast,
        "eligible": up and lasting and not link_local and not ip.isLoopback(),
        "known": True,
        "permanent": info["valid_life_time"] == forever,
        "preferred": None if preferred == forever else preferred * 1000,
    }


def without_times(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lifetimes go on between two looks: keep only whether there is one."""
    for link in links:
        for entry in link["entries"]:
            entry["preferred"] = entry["preferred"] is not None
    return links


Links = list[dict[str, Any]]


def compared(look: Callable[[], Links], qt: Any, *command: str) -> tuple[Links, Links]:
    """What *look* finds and what is true, at a moment when nothing changes."""
    for _ in range(20):
        before, found, after = without_times(truth(qt, *command)), without_times(look()), truth(qt, *command)
        if before == without_times(after):
            return found, before
    raise AssertionError("the interfaces change all the time")


@needs_ip
def test_interfaces_of_this_host(qt: Any) -> None:
    addresses: list[str] = []

    def look() -> Links:
        addresses[:] = [address.toString() for address in qt.QNetworkInterface.allAddresses()]
        return snapshot(qt)

    found, expected = compared(look, qt)
    assert found == expected
    up = [link for link in expected if "IsUp" in link["flags"]]
    assert addresses == [entry["ip"] for link in up for entry in link["entries"]]


# In network namespaces


@pytest.fixture
def netns() -> Iterator[Namespace]:
    with Namespace() as namespace:
        yield namespace


def snapshot_in(netns: Namespace, qt: Any) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = json.loads(netns.python(call("test_networkinterface", "snapshot", qt)))
    return links


VETH_PAIR = """
link add va type veth peer name vb
link set vb mtu 1280
addr add 10.1.0.1/24 brd + dev va
addr add 10.1.0.9/24 dev va
addr add 10.2.0.1/16 brd 10.2.7.7 dev va label va:1
addr add 10.1.8.1/31 dev va
addr add 10.7.0.3/24 dev va valid_lft 300 preferred_lft 0
addr add 169.254.3.3/16 dev va
addr add 10.3.0.1 peer 10.3.0.2 dev vb
addr add 10.9.0.1/30 valid_lft 500 preferred_lft 200 dev vb
-6 addr add fd00:1::1/64 dev va nodad valid_lft 3000 preferred_lft 1000
-6 addr add fd00:1::5/128 dev va nodad valid_lft 3000 preferred_lft 0
-6 addr add fd00:2::1/48 dev va nodad
-6 addr add fe80::77/64 dev va nodad
-6 addr add fd00:7::1 peer fd00:7::2/128 dev vb nodad
link set lo up
link set va up
"""


def test_veth_pair_of_which_one_end_is_down(qt: Any, netns: Namespace) -> None:
    netns.ip(VETH_PAIR)
    found, expected = compared(lambda: snapshot_in(netns, qt), qt, *netns.prefix)
    assert found == expected
    va = next(link for link in found if link["name"] == "va")
    ips = [entry["ip"] for entry in va["entries"]]
    assert "fe80::77%va" in ips
    assert ips == sorted(ips, key=lambda ip: ":" in ip)


def test_both_ends_up_are_running(qt: Any, netns: Namespace) -> None:
    netns.ip("link add va type veth peer name vb\nlink set va up\nlink set vb up")
    deadline = time.monotonic() + 30
    while any(
        link["operstate"] != "UP" for link in json.loads(netns.run("ip", "-json", "link", "show", "type", "veth"))
    ):
        assert time.monotonic() < deadline  # Linux does that when it sees fit
    running = [link["name"] for link in snapshot_in(netns, qt) if "IsRunning" in link["flags"]]
    assert sorted(running) == ["va", "vb"]


def test_a_number_is_an_index_first_and_then_a_name(qt: Any, netns: Namespace) -> None:
    netns.ip("link add 77 type veth peer name 1")
    assert json.loads(netns.python(call("test_networkinterface", "names", qt))) == ["lo", "77", 77]


def names(qt: Any) -> list[Any]:
    interface = qt.QNetworkInterface
    return [*(interface.interfaceFromName(n).name() for n in ("1", "77")), interface.interfaceIndexFromName("77")]


TUNSETIFF, TUNSETLINK, IFF_TUN_NO_PI = 0x400454CA, 0x400454CD, 0x1001
HARDWARE = {
    0: "Unknown",
    1: "Ethernet",
    24: "Unknown",
    32: "Unknown",
    280: "CanBus",
    512: "Ppp",
    772: "Loopback",
    774: "Fddi",
    776: "Unknown",
    804: "Ieee802154",
    825: "SixLoWPAN",
    65534: "Virtual",
    65535: "Virtual",
    **dict.fromkeys((256, 257, 258, 259), "Slip"),
    **dict.fromkeys((768, 769), "Virtual"),
    **dict.fromkeys((801, 802, 803), "Wifi"),
    **dict.fromkeys((820, 821), "Phonet"),
}


def test_types_of_hardware(qt: Any, netns: Namespace) -> None:
    """A tun device can claim to be any hardware; it does so where no other test sees it."""
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("needs /dev/net/tun")
    aliases = {"Ieee80211": "Wifi"}
    found = json.loads(netns.python(call("test_networkinterface", "types_of_hardware", qt)))
    assert {int(number): aliases.get(name, name) for number, name in found.items()} == HARDWARE


def types_of_hardware(qt: Any) -> dict[int, str]:
    found = {}
    for number in HARDWARE:
        name = f"qnethw{number}"
        device = os.open("/dev/net/tun", os.O_RDWR)
        try:
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
            fcntl.ioctl(device, TUNSETLINK, number)
            found[number] = qt.QNetworkInterface.interfaceFromName(name).type().name
        finally:
            os.close(device)
    return found


# The static functions


def test_interface_by_name_and_index(qt: Any) -> None:
    interface = qt.QNetworkInterface
    index = socket.if_nametoindex("lo")
    for name in ("lo", str(index), f"0{index}", f" {index} ", f"+{index}"):
        assert interface.interfaceFromName(name).name() == "lo", name
        assert interface.interfaceIndexFromName(name) == index, name
    for name in ("", "nope", " lo", "LO", "-1", f"0x{index}", "lo%", "0", "\u0661", None):
        assert not interface.interfaceFromName(name).isValid(), name
        assert interface.interfaceIndexFromName(name) == 0, name
    assert interface.interfaceIndexFromName("99999") == 99999
    assert not interface.interfaceFromName("99999").isValid()
    assert interface.interfaceFromIndex(index).name() == "lo"
    assert interface.interfaceNameFromIndex(index) == "lo"
    for number in (0, -1, 99999):
        assert not interface.interfaceFromIndex(number).isValid()
        assert interface.interfaceNameFromIndex(number) == ""


@pytest.mark.qnet("Qt reads up to a NUL; PySide6 raises OverflowError for large numbers")
def test_names_and_indexes_that_cannot_be(qt: Any) -> None:
    interface = qt.QNetworkInterface
    assert interface.interfaceIndexFromName("lo\0x") == 0
    assert interface.interfaceIndexFromName("9" * 5000) == 0
    assert not interface.interfaceFromIndex(2**40).isValid()
    assert interface.interfaceNameFromIndex(2**40) == ""
    for ask in (interface.interfaceFromIndex, interface.interfaceNameFromIndex):
        with pytest.raises(TypeError):
            ask("lo")
    with pytest.raises(TypeError):
        interface.interfaceFromName(1)


def test_loopback(qt: Any) -> None:
    lo = qt.QNetworkInterface.interfaceFromName("lo")
    assert lo.type() == qt.QNetworkInterface.InterfaceType.Loopback
    assert lo.hardwareAddress() == "00:00:00:00:00:00"
    assert "127.0.0.1" in [entry.ip().toString() for entry in lo.addressEntries()]
    assert 'name = "lo"' in repr(lo)


def test_invalid_interface_and_copies(qt: Any) -> None:
    invalid = qt.QNetworkInterface()
    assert (invalid.isValid(), invalid.index(), invalid.name(), invalid.hardwareAddress()) == (False, 0, "", "")
    assert (invalid.humanReadableName(), invalid.maximumTransmissionUnit()) == ("", 0)
    assert invalid.type() == qt.QNetworkInterface.InterfaceType.Unknown
    assert not invalid.flags()
    assert invalid.addressEntries() == []
    lo = qt.QNetworkInterface.interfaceFromName("lo")
    twin = qt.QNetworkInterface(lo)
    twin.swap(invalid)
    assert (lo.name(), twin.name(), invalid.name()) == ("lo", "", "lo")
    assert copy.copy(lo).name() == "lo"
    with pytest.raises(TypeError):
        qt.QNetworkInterface(5)
    assert qt.QNetworkInterface.InterfaceType.Wifi == qt.QNetworkInterface.InterfaceType.Ieee80211


def test_entries_are_copies(qt: Any) -> None:
    lo = qt.QNetworkInterface.interfaceFromName("lo")
    before = lo.addressEntries()[0].ip()
    lo.addressEntries()[0].setIp(qt.QHostAddress("9.9.9.9"))
    assert lo.addressEntries()[0].ip() == before


# QNetworkAddressEntry


def test_empty_entry(qt: Any) -> None:
    entry = qt.QNetworkAddressEntry()
    assert entry.ip().isNull()
    assert entry.netmask().isNull()
    assert entry.broadcast().isNull()
    assert entry.prefixLength() == -1
    assert entry.dnsEligibility() == entry.DnsEligibilityStatus.DnsEligibilityUnknown
    assert (entry.isLifetimeKnown(), entry.isPermanent(), entry.isTemporary()) == (False, True, False)
    assert entry.preferredLifetime().isForever()
    assert entry.validityLifetime().isForever()
    assert entry == qt.QNetworkAddressEntry()


def test_prefix_length_needs_an_address_and_fits_it(qt: Any) -> None:
    entry = qt.QNetworkAddressEntry()
    entry.setPrefixLength(24)
    assert entry.prefixLength() == -1
    entry.setIp(qt.QHostAddress("1.2.3.4"))
    for length, netmask in ((24, "255.255.255.0"), (0, "0.0.0.0"), (32, "255.255.255.255"), (5, "248.0.0.0")):
        entry.setPrefixLength(length)
        assert (entry.prefixLength(), entry.netmask().toString()) == (length, netmask)
    for length in (33, -1, 128):
        entry.setPrefixLength(length)
        assert (entry.prefixLength(), entry.netmask().toString()) == (-1, "")
    entry.setPrefixLength(24)
    entry.setIp(qt.QHostAddress("::1"))  # the length stays
    assert (entry.prefixLength(), entry.netmask().toString()) == (24, "ffff:ff00::")
    for length in (33, 128, 0):
        entry.setPrefixLength(length)
        assert entry.prefixLength() == length
    entry.setPrefixLength(129)
    assert entry.prefixLength() == -1


@pytest.mark.parametrize(
    ("ip", "mask", "length"),
    [
        ("1.2.3.4", "255.255.0.0", 16),
        ("1.2.3.4", "0.0.0.0", 0),
        ("1.2.3.4", "255.0.255.0", -1),
        ("1.2.3.4", "ffff::", -1),
        ("1.2.3.4", "", -1),
        ("::5", "ffff::", 16),
        ("::5", "fff0::", 12),
        ("::5", "::", 0),
        ("::5", "ffff:0:ffff::", -1),
        ("::5", "255.255.0.0", -1),
        ("", "255.255.0.0", -1),
    ],
)
def test_netmask(qt: Any, ip: str, mask: str, length: int) -> None:
    entry = qt.QNetworkAddressEntry()
    entry.setIp(qt.QHostAddress(ip))
    entry.setNetmask(qt.QHostAddress(mask))
    assert entry.prefixLength() == length
    assert entry.netmask().toString() == (mask if length >= 0 else "")


def test_broadcast_and_eligibility_are_kept_as_given(qt: Any) -> None:
    entry = qt.QNetworkAddressEntry()
    for address in ("1.2.3.255", "::1", ""):
        entry.setBroadcast(qt.QHostAddress(address))
        assert entry.broadcast().toString() == address
    entry.setBroadcast(qt.QHostAddress.Broadcast)
    entry.setIp(qt.QHostAddress.LocalHost)
    assert (entry.ip().toString(), entry.broadcast().toString()) == ("127.0.0.1", "255.255.255.255")
    for status in entry.DnsEligibilityStatus:
        entry.setDnsEligibility(status)
        assert entry.dnsEligibility() == status
    for wrong in (lambda: entry.setIp("1.2.3.4"), lambda: entry.setDnsEligibility("x")):
        with pytest.raises(TypeError):
            wrong()


def test_lifetimes(qt: Any) -> None:
    entry = qt.QNetworkAddressEntry()
    deadline = qt.QDeadlineTimer
    entry.setAddressLifetime(deadline(5000), deadline(9000))
    assert (entry.isLifetimeKnown(), entry.isPermanent(), entry.isTemporary()) == (True, False, True)
    assert 0 < entry.preferredLifetime().remainingTime() <= 5000 < entry.validityLifetime().remainingTime() <= 9000
    entry.preferredLifetime().setRemainingTime(0)  # a copy
    assert entry.preferredLifetime().remainingTime() > 0
    entry.setAddressLifetime(5000, deadline.ForeverConstant.Forever)
    assert (entry.isPermanent(), entry.preferredLifetime().isForever()) == (True, False)
    entry.clearAddressLifetime()
    assert (entry.isLifetimeKnown(), entry.isPermanent()) == (False, True)


def test_entries_compare_by_address_netmask_and_broadcast(qt: Any) -> None:
    def make(ip: str = "1.2.3.4", prefix: int = 24, broadcast: str = "1.2.3.255") -> Any:
        entry = qt.QNetworkAddressEntry()
        entry.setIp(qt.QHostAddress(ip))
        entry.setPrefixLength(prefix)
        entry.setBroadcast(qt.QHostAddress(broadcast))
        return entry

    other = make()
    other.setAddressLifetime(5, 5)
    other.setDnsEligibility(other.DnsEligibilityStatus.DnsEligible)
    assert make() == other
    for different in (make(prefix=25), make(broadcast="1.2.3.0"), make(ip="1.2.3.5"), "1.2.3.4"):
        assert (make() == different) is False
        assert (make() != different) is True
    with pytest.raises(TypeError):
        hash(other)
    twin = qt.QNetworkAddressEntry(other)
    twin.setPrefixLength(3)
    assert other.prefixLength() == 24
    twin.swap(other)
    assert other.prefixLength() == 3
    assert copy.copy(twin) == twin
    assert '"1.2.3.4"' in repr(make())


# The sources


def test_psutil_agrees_with_netlink(monkeypatch: pytest.MonkeyPatch) -> None:
    def facts() -> list[Any]:
        return [
            (
                i.index(),
                i.name(),
                i.flags(),
                i.type(),
                i.maximumTransmissionUnit(),
                i.hardwareAddress(),
                i.addressEntries(),
            )
            for i in networkinterface.QNetworkInterface.allInterfaces()
        ]

    expected = facts()
    monkeypatch.setattr(_interface_source, "read_links", _interface_source.links_from_psutil)
    assert facts() == expected
    assert not networkinterface.QNetworkInterface.interfaceFromName("lo").addressEntries()[0].isLifetimeKnown()


def test_psutil_steps_in_where_netlink_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[Any]:
        raise PermissionError("no netlink sockets here")

    monkeypatch.setattr(_interface_netlink, "read_links", refuse)
    assert "lo" in [interface.name() for interface in networkinterface.QNetworkInterface.allInterfaces()]


@given(body=st.binary(max_size=80))
def test_any_attributes_end(body: bytes) -> None:
    assert len(list(_interface_netlink._attributes(body, 0))) <= len(body) // 4 + 1


def test_the_module_does_not_import_psutil() -> None:
    code = "import sys; from qnet import QNetworkInterface as i; i.allInterfaces(); sys.exit('psutil' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0
