"""Sockets that belong to a session, and what becomes of them when a cable is pulled; with real peers."""

from __future__ import annotations

import ctypes
import socket as system
from pathlib import Path
from typing import Any

import pytest
from _implementations import Implementation
from _two_networks import run, there

pytestmark = pytest.mark.qnet("bindToSession is qnet's own")

SERVER = ("10.9.0.1", 4242)
NETWORKS = """
[networks.both]
members = ["va", "vc"]
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "networks.toml").write_text(NETWORKS)
    monkeypatch.setenv("QNET_NETWORKS", str(tmp_path / "networks.toml"))
    monkeypatch.setenv("QNET_BEARER_DIR", str(tmp_path / "sessions"))
    monkeypatch.setenv("QNET_BEARER_ENGINES", "netlink,networks")
    monkeypatch.setenv("QNET_TEST_PEER", "")


class Client:
    """A program with a manager; what its sockets receive."""

    def __init__(self, bt: Implementation) -> None:
        self.bt = bt
        self.application = bt.app()
        self.manager = bt.QNetworkConfigurationManager()
        assert bt.wait(lambda: self.named("va") and self.named("vc"))

    def named(self, name: str) -> Any:
        active = self.bt.QNetworkConfiguration.StateFlag.Active
        found = [each for each in self.manager.allConfigurations(active) if each.name() == name]
        return found[0] if found else None

    def session(self, name: str) -> Any:
        if name == "both":
            assert self.bt.wait(lambda: len(self.both().children()) == 2)
        return self.bt.QNetworkSession(self.both() if name == "both" else self.named(name))

    def both(self) -> Any:
        return self.manager.configurationFromIdentifier("network:both")

    def connected(self, session: Any) -> tuple[Any, str]:
        """A socket that is bound to *session*, and the address that the server says it has."""
        socket = self.bt.QTcpSocket()
        self.bt.bindToSession(socket, session)
        socket.connectToHost(*SERVER)
        assert self.bt.wait(socket.canReadLine), socket.errorString()
        return socket, socket.readLine().data().decode().strip()


def interface_of(socket: Any) -> str:
    with system.socket(fileno=socket.socketDescriptor()) as sock:
        name = sock.getsockopt(system.SOL_SOCKET, system.SO_BINDTODEVICE, 16)
        sock.detach()
    return name.rstrip(b"\0").decode()


def way_out(bt: Implementation) -> dict[str, Any]:
    client = Client(bt)
    va, vc = client.session("va"), client.session("vc")
    va.open()
    vc.open()
    told: dict[str, Any] = {}
    for name, session in (("va", va), ("vc", vc), ("any", None)):
        socket, address = client.connected(session)
        told[name] = [address, interface_of(socket)]
        socket.abort()
    socket = bt.QTcpSocket()
    bt.bindToSession(socket, vc)
    socket.connectToHost(*SERVER)
    told["blocking"] = [socket.waitForConnected(30_000), socket.localAddress().toString()]
    socket.abort()
    socket.bind(bt.QHostAddress("10.2.0.1"))
    told["bound by the program"] = [interface_of(socket), socket.localAddress().toString()]
    socket.connectToHost(*SERVER)
    told["and connected"] = socket.waitForConnected(30_000)
    udp = bt.QUdpSocket()
    bt.bindToSession(udp, vc)
    udp.writeDatagram(b"who am I?", bt.QHostAddress(SERVER[0]), SERVER[1])
    assert bt.wait(udp.hasPendingDatagrams)
    told["datagrams"] = udp.readDatagram(100)[0].data().decode()
    return told


def test_packets_leave_through_the_sessions_interface(bt: Implementation) -> None:
    assert run(way_out, bt) == {
        "va": ["10.1.0.1", "va"],
        "vc": ["10.2.0.1", "vc"],
        "any": ["10.1.0.1", ""],
        "blocking": [True, "10.2.0.1"],
        "bound by the program": ["vc", "10.2.0.1"],
        "and connected": True,
        "datagrams": "10.2.0.1",
    }


def closed_sessions(bt: Implementation) -> dict[str, Any]:
    client = Client(bt)
    session = client.session("vc")
    told: dict[str, Any] = {}
    socket = bt.QTcpSocket()
    bt.bindToSession(socket, session)
    errors: list[str] = []
    socket.errorOccurred.connect(lambda code: errors.append(code.name))
    socket.connectToHost(*SERVER)
    assert bt.wait(lambda: bool(errors))
    told["not open"] = [errors[-1], "ENETDOWN" in socket.errorString(), socket.state().name]
    told["nor to be bound"] = socket.bind(0)
    session.open()
    socket.connectToHost(*SERVER)
    told["open"] = socket.waitForConnected(30_000)
    socket.abort()
    del session
    socket.connectToHost(*SERVER)
    told["gone"] = [socket.waitForConnected(30_000), "ENETDOWN" in socket.errorString()]
    bt.bindToSession(socket, None)
    socket.connectToHost(*SERVER)
    told["free again"] = socket.waitForConnected(30_000)
    return told


def test_without_an_open_session_there_is_no_connection(bt: Implementation) -> None:
    assert run(closed_sessions, bt) == {
        "not open": ["NetworkError", True, "UnconnectedState"],
        "nor to be bound": False,
        "open": True,
        "gone": [False, True],
        "free again": True,
    }


def address_only(bt: Implementation) -> dict[str, Any]:
    """Where the system has no such option, or keeps it for root."""
    from qnet.bearer import sessionbinding

    sessionbinding._SO_BINDTODEVICE = None
    client = Client(bt)
    session = client.session("vc")
    session.open()
    socket, address = client.connected(session)
    told: dict[str, Any] = {"address": address}
    socket.abort()
    there("addr add 2001:db8::1/64 dev vd nodad")
    socket.connectToHost("2001:db8::1", 4242)
    told["no such address"] = [socket.waitForConnected(30_000), "no such address" in socket.errorString()]
    return told


def test_an_address_is_better_than_nothing(bt: Implementation) -> None:
    told = run(address_only, bt)
    assert told["address"] == "10.2.0.1"
    assert told["no such address"][0] is False


def transfer(bt: Implementation) -> dict[str, Any]:
    """A program that sends numbers, reads them back, and begins where it was after the cable was pulled."""
    client = Client(bt)
    session = client.session("both")
    told: dict[str, Any] = {"ways": [], "numbers": []}
    state: dict[str, Any] = {"socket": None}

    def send_next(socket: Any) -> None:
        if socket is state["socket"]:  # and not the one before, whose turn comes late
            socket.write(b"%d\n" % len(told["numbers"]))

    def received() -> None:
        socket = state["socket"]
        while socket.canReadLine():
            line = socket.readLine().data().decode().strip()
            if "." in line:
                told["ways"].append([line, len(told["numbers"]) > 0])
            else:
                told["numbers"].append(int(line))
            if len(told["numbers"]) == 100 and len(told["ways"]) == 1:
                there("link set vb down")  # in the middle of it
            bt.QTimer.singleShot(1, lambda: send_next(socket))

    def connect() -> None:
        old = state["socket"]
        if old is not None:
            old.readyRead.disconnect()
            old.abort()
        socket = state["socket"] = bt.QTcpSocket()
        bt.bindToSession(socket, session)
        socket.readyRead.connect(received)
        socket.connected.connect(session.accept)
        socket.connectToHost(*SERVER)

    session.opened.connect(connect)
    session.newConfigurationActivated.connect(connect)
    session.preferredConfigurationChanged.connect(session.migrate)
    session.open()
    assert bt.wait(lambda: len(told["numbers"]) >= 300, 50)
    told["numbers"] = told["numbers"][:300] == list(range(300))
    told["session"] = [session.interface().name(), session.state().name, session.bytesWritten() > 1000]
    return told


def test_a_transfer_goes_on_over_the_other_cable(bt: Implementation) -> None:
    assert run(transfer, bt) == {
        "ways": [["10.1.0.1", False], ["10.2.0.1", True]],
        "numbers": True,
        "session": ["vc", "Connected", True],
    }


def seamless(bt: Implementation) -> dict[str, Any]:
    client = Client(bt)
    session = client.session("both")
    told: dict[str, Any] = {}
    offers: list[Any] = []
    session.preferredConfigurationChanged.connect(lambda c, seamless: offers.append([c.name(), seamless]))
    session.preferredConfigurationChanged.connect(session.migrate)
    session.open()
    socket, address = client.connected(session)
    told["before"] = [address, interface_of(socket)]
    there("link set vb down")
    assert bt.wait(lambda: session.interface().name() == "vc")
    session.accept()
    told["offers"] = offers
    told["moved"] = interface_of(socket)
    socket.write(b"still here\n")
    assert bt.wait(socket.canReadLine), socket.state()
    told["same connection"] = socket.readLine().data().decode()
    return told


def test_a_seamless_move_keeps_the_connection(bt: Implementation) -> None:
    assert run(seamless, bt, same_address=True) == {
        "before": ["10.3.0.1", "va"],
        "offers": [["vc", True]],
        "moved": "vc",
        "same connection": "still here\n",
    }


def not_seamless(bt: Implementation) -> dict[str, Any]:
    """A process that may not move a socket to another interface must not say that sockets survive."""
    client = Client(bt)
    session = client.session("both")
    offers: list[Any] = []
    session.preferredConfigurationChanged.connect(lambda c, seamless: offers.append([c.name(), seamless]))
    session.open()
    socket, _ = client.connected(session)
    drop_net_raw()
    there_as_before = socket.socketDescriptor() >= 0
    ip_down()
    assert bt.wait(lambda: bool(offers))
    return {"offers": offers, "socket": there_as_before}


def ip_down() -> None:
    there("link set vb down")


def drop_net_raw() -> None:
    """Give up CAP_NET_RAW in this thread, as capset(2) has it, and in no program that it starts."""

    class Header(ctypes.Structure):
        _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))

    data = (ctypes.c_uint32 * 6)()
    header = Header(0x20080522, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.capget(ctypes.byref(header), data) == 0
    data[0] &= ~(1 << 13)  # effective only: what is executed gets it back
    assert libc.capset(ctypes.byref(header), data) == 0


def test_a_move_that_needs_rights_is_not_called_seamless_without_them(bt: Implementation) -> None:
    assert run(not_seamless, bt, same_address=True) == {"offers": [["vc", False]], "socket": True}


def test_only_sockets_and_sessions(bt: Implementation) -> None:
    with pytest.raises(TypeError, match="QTcpSocket or a QUdpSocket"):
        bt.bindToSession(bt.QObject(), None)
    with pytest.raises(TypeError, match="QNetworkSession or None"):
        bt.bindToSession(bt.QTcpSocket(), "va")
