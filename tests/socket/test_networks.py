"""Sockets in a network of their own: hosts with several addresses, multicasts on every interface."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from _netns import Namespace, call
from _peers import deaf_listener

from qnet.socket import _connector

pytestmark = pytest.mark.qnet("RFC 8305 and joining on all interfaces are not in Qt")

SILENT, REFUSING, SERVING = "127.0.0.2", "127.0.0.3", "127.0.0.9"
# getaddrinfo() sorts by the length of the common prefix with the source address, 127.0.0.1: SERVING comes last.
HOSTS = f"""
127.0.0.1   localhost
{SILENT}    silent-first
{SERVING}   silent-first
{REFUSING}  refused-first
{SERVING}   refused-first
{REFUSING}  both-refuse
127.0.0.5   both-refuse
"""


@pytest.fixture(scope="module")
def network() -> Iterator[Namespace]:
    """Two pairs of interfaces, and names with two addresses."""
    with Namespace(hosts=HOSTS) as space:
        space.ip("""
            link set lo up
            link add one type veth peer name one-peer
            link add two type veth peer name two-peer
            addr add 10.99.0.1/24 dev one
            addr add 10.98.0.1/24 dev two
            link set one up
            link set one-peer up
            link set two up
            link set two-peer up
        """)
        yield space


def connect_to(qt: Any, name: str, port: int, blocking: bool) -> list[Any]:
    """Connect to *name*: state, peer, error text, seconds, and which signals came."""
    sock = qt.QTcpSocket()
    ends: list[str] = []
    sock.connected.connect(lambda: ends.append("connected"))
    sock.errorOccurred.connect(lambda _: ends.append("error"))
    begin = time.monotonic()
    sock.connectToHost(name, port)
    if blocking:
        sock.waitForConnected(30_000)
    else:
        assert qt.wait(lambda: ends, 60)
    seconds = time.monotonic() - begin
    result = [sock.state().name, sock.peerAddress().toString(), sock.errorString(), seconds, ends]
    sock.abort()
    return result


def connect_to_all(qt: Any, blocking: bool) -> Any:
    """One port that is deaf on SILENT, closed on REFUSING and open on SERVING."""
    app = qt.app()
    with deaf_listener(SILENT) as port, socket.create_server((SERVING, port)):
        results = {"silent-first": connect_to(qt, "silent-first", port, blocking)}
        _connector.ATTEMPT_DELAY = 25.0  # a refusal must not be followed by it, which would be seen
        for name in ("refused-first", "both-refuse"):
            results[name] = connect_to(qt, name, port, blocking)
    del app
    return results


def connect_blocking(qt: Any) -> Any:
    return connect_to_all(qt, blocking=True)


def connect_in_a_loop(qt: Any) -> Any:
    return connect_to_all(qt, blocking=False)


@pytest.mark.parametrize("how", ["connect_blocking", "connect_in_a_loop"])
def test_a_host_with_several_addresses(qt: Any, network: Namespace, how: str) -> None:
    result = json.loads(network.python(call("test_networks", how, qt)))
    state, peer, _, seconds, ends = result["silent-first"]
    assert (state, peer, ends) == ("ConnectedState", SERVING, ["connected"])
    assert 0.25 <= seconds < 25  # RFC 8305 against the 30 s that one attempt has
    state, peer, _, seconds, ends = result["refused-first"]
    assert (state, peer, ends) == ("ConnectedState", SERVING, ["connected"])
    assert seconds < 20
    state, peer, text, _, ends = result["both-refuse"]
    assert (state, peer, ends) == ("UnconnectedState", "", ["error"])
    assert "Connection refused" in text
    assert REFUSING in text


def join_everywhere(qt: Any) -> Any:
    qt.app()
    sock = qt.QUdpSocket()
    assert sock.bind(qt.QHostAddress(qt.QHostAddress.SpecialAddress.AnyIPv4), 0)
    group = qt.QHostAddress("239.255.43.21")
    joined = sorted(i.name() for i in sock.joinMulticastGroupOnAllInterfaces(group))
    heard = {}
    for name in ("one", "two"):
        interface = qt.QNetworkInterface.interfaceFromName(name)
        sender = qt.QUdpSocket()
        assert sender.bind(qt.QHostAddress(qt.QHostAddress.SpecialAddress.AnyIPv4), 0)
        sender.setMulticastInterface(interface)
        assert sender.writeDatagram(name.encode(), group, sock.localPort()) == len(name)
        assert qt.wait(sock.hasPendingDatagrams)
        datagram = sock.receiveDatagram()
        heard[bytes(datagram.data()).decode()] = datagram.interfaceIndex() == interface.index()
        sender.abort()
    sock.abort()
    return [joined, heard]


def test_a_group_is_joined_on_every_interface(qt: Any, network: Namespace) -> None:
    joined, heard = json.loads(network.python(call("test_networks", "join_everywhere", qt)))
    assert {"one", "two"} <= set(joined)
    assert heard == {"one": True, "two": True}
