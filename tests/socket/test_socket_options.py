"""Socket options: what Qt's enumeration reads and writes in the kernel, and when."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from _peers import LOCALHOST, accept, dial, needs_ipv6, ours, port_of, raw_listener

ALL = (
    "LowDelayOption",
    "KeepAliveOption",
    "MulticastTtlOption",
    "MulticastLoopbackOption",
    "TypeOfServiceOption",
    "SendBufferSizeSocketOption",
    "ReceiveBufferSizeSocketOption",
    "PathMtuSocketOption",
)


@contextmanager
def kernel(sock: Any) -> Iterator[socket.socket]:
    """The kernel's view of a Qt socket."""
    with socket.socket(fileno=os.dup(sock.socketDescriptor())) as view:
        yield view


def option(qt: Any, name: str) -> Any:
    return getattr(qt.QAbstractSocket.SocketOption, name)


@pytest.mark.parametrize("name", ALL)
def test_without_a_descriptor_an_option_is_none(qt: Any, app: Any, name: str) -> None:
    for sock in (qt.QTcpSocket(), qt.QUdpSocket()):
        sock.setSocketOption(option(qt, name), 1)
        assert sock.socketOption(option(qt, name)) is None


@pytest.mark.parametrize("name", ALL)
def test_after_the_end_an_option_is_none(qt: Any, connect: Any, name: str) -> None:
    sock, _, _ = connect()
    sock.abort()
    assert sock.socketOption(option(qt, name)) is None


def test_defaults_of_a_connected_socket(qt: Any, connect: Any) -> None:
    sock, _, _ = connect()
    values = {name: sock.socketOption(option(qt, name)) for name in ALL}
    assert values.pop("SendBufferSizeSocketOption") > 4096
    assert values.pop("ReceiveBufferSizeSocketOption") > 4096
    assert values.pop("PathMtuSocketOption") >= 1500
    assert values == {
        "LowDelayOption": 0,
        "KeepAliveOption": 0,
        "MulticastTtlOption": 1,
        "MulticastLoopbackOption": 1,
        "TypeOfServiceOption": 0,
    }


@pytest.mark.parametrize(
    ("name", "level", "number"),
    [
        ("LowDelayOption", socket.IPPROTO_TCP, socket.TCP_NODELAY),
        ("KeepAliveOption", socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    ],
)
def test_switches(qt: Any, connect: Any, name: str, level: int, number: int) -> None:
    sock, _, _ = connect()
    for value in (1, 0, True, False):
        sock.setSocketOption(option(qt, name), value)
        assert sock.socketOption(option(qt, name)) == int(value)
        with kernel(sock) as view:
            assert bool(view.getsockopt(level, number)) == bool(value)


@pytest.mark.parametrize("value", [32, 64, 184])
def test_type_of_service(qt: Any, connect: Any, value: int) -> None:
    sock, _, _ = connect()
    sock.setSocketOption(qt.QAbstractSocket.TypeOfServiceOption, value)
    assert sock.socketOption(qt.QAbstractSocket.TypeOfServiceOption) == value
    with kernel(sock) as view:
        assert view.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == value


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("SendBufferSizeSocketOption", socket.SO_SNDBUF),
        ("ReceiveBufferSizeSocketOption", socket.SO_RCVBUF),
    ],
)
def test_kernel_buffers(qt: Any, connect: Any, name: str, number: int) -> None:
    """Linux doubles what is set; Qt shows the kernel's figure."""
    sock, _, _ = connect()
    sock.setSocketOption(option(qt, name), 10_000)
    assert sock.socketOption(option(qt, name)) == 20_000
    with kernel(sock) as view:
        assert view.getsockopt(socket.SOL_SOCKET, number) == 20_000


def test_path_mtu_is_read_only(qt: Any, connect: Any) -> None:
    sock, _, _ = connect()
    before = sock.socketOption(qt.QAbstractSocket.PathMtuSocketOption)
    sock.setSocketOption(qt.QAbstractSocket.PathMtuSocketOption, before + 1)
    assert sock.socketOption(qt.QAbstractSocket.PathMtuSocketOption) in (before, None)


def test_a_number_outside_the_enumeration(qt: Any, connect: Any) -> None:
    sock, _, _ = connect()
    with pytest.raises((TypeError, ValueError)):
        sock.setSocketOption(99, 1)
    with pytest.raises((TypeError, ValueError)):
        sock.socketOption(99)


@pytest.mark.qnet("Qt forgets what is set while there is no descriptor")
def test_options_set_before_the_connection_are_kept_for_it(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    sock.setSocketOption(qt.QAbstractSocket.LowDelayOption, 1)
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert sock.waitForConnected(30_000)
    assert sock.socketOption(qt.QAbstractSocket.LowDelayOption) == 1


def test_options_set_in_connecting_hold(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, port_of(listener))
    sock.setSocketOption(qt.QAbstractSocket.KeepAliveOption, 1)
    assert sock.waitForConnected(30_000)
    accept(listener)
    assert sock.socketOption(qt.QAbstractSocket.KeepAliveOption) == 1


def test_options_of_accepted_sockets(qt: Any, app: Any) -> None:
    server = ours(qt.QTcpServer())
    server.listen(qt.QHostAddress(LOCALHOST))
    dial(server.serverPort())
    assert server.waitForNewConnection(30_000)[0]
    client = server.nextPendingConnection()
    client.setSocketOption(qt.QAbstractSocket.LowDelayOption, 1)
    assert client.socketOption(qt.QAbstractSocket.LowDelayOption) == 1


@needs_ipv6
def test_options_over_ipv6(qt: Any, app: Any) -> None:
    with raw_listener("::1") as listener:
        sock = ours(qt.QTcpSocket())
        sock.connectToHost("::1", port_of(listener))
        assert sock.waitForConnected(30_000)
        sock.setSocketOption(qt.QAbstractSocket.LowDelayOption, 1)
        assert sock.socketOption(qt.QAbstractSocket.LowDelayOption) == 1
        assert sock.socketOption(qt.QAbstractSocket.PathMtuSocketOption) >= 1280


def test_options_of_a_udp_socket(qt: Any, app: Any) -> None:
    sock = ours(qt.QUdpSocket())
    sock.bind(qt.QHostAddress(LOCALHOST), 0)
    assert sock.socketOption(qt.QAbstractSocket.MulticastTtlOption) == 1
    assert sock.socketOption(qt.QAbstractSocket.MulticastLoopbackOption) == 1
    sock.setSocketOption(qt.QAbstractSocket.ReceiveBufferSizeSocketOption, 50_000)
    assert sock.socketOption(qt.QAbstractSocket.ReceiveBufferSizeSocketOption) == 100_000


def test_a_bad_value_is_no_error_of_the_socket(qt: Any, connect: Any) -> None:
    sock, trace, _ = connect()
    sock.setSocketOption(qt.QAbstractSocket.TypeOfServiceOption, -1)
    assert trace == []
    assert sock.isValid()


def test_descriptors_are_private_and_do_not_block(qt: Any, connect: Any) -> None:
    sock, _, _ = connect()
    assert not os.get_inheritable(sock.socketDescriptor())
    assert not os.get_blocking(sock.socketDescriptor())
