"""Which error a TCP socket ends with, and what a program may do about it: refused, unknown, misused, reset."""

from __future__ import annotations

import socket
import warnings
from typing import Any

import pytest
from _peers import (
    CONNECTED,
    CONNECTING,
    LOCALHOST,
    REMOTE_CLOSE,
    Begins,
    Trace,
    accept,
    arrived,
    closed_port,
    deaf_listener,
    ended,
    needs_ipv6,
    ours,
    port_of,
    read_all,
    reset,
    short,
)

BUSY = "Trying to connect while connection is in progress"


def error_of(sock: Any) -> tuple[str, str]:
    return (short(sock.error()), sock.errorString())


# --- the connection cannot be made -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [LOCALHOST, "localhost", pytest.param("::1", marks=needs_ipv6)])
def test_refused(qt: Any, app: Any, target: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(target, closed_port())
    assert qt.wait(lambda: "error:ConnectionRefused@Unconnected" in trace)
    assert trace == [*CONNECTING, "state:Unconnected", "error:ConnectionRefused@Unconnected"]
    assert error_of(sock) == ("ConnectionRefused", Begins("Connection refused"))
    assert sock.isOpen()
    assert sock.openMode() == qt.QIODevice.ReadWrite
    assert sock.peerName() == target
    assert sock.socketDescriptor() == -1
    assert sock.peerPort() == 0


def test_refused_drops_what_was_written(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, closed_port())
    sock.write(b"early")
    assert qt.wait(lambda: short(sock.state()) == "Unconnected")
    assert sock.bytesToWrite() == 0
    assert sock.write(b"late") == -1


@pytest.mark.parametrize("name", ["no-such-host.invalid.", "", "a b", ".", "x" * 300, "[::1]"])
def test_unknown_names(qt: Any, app: Any, name: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(name, 80)
    assert trace == ["state:HostLookup"]
    assert qt.wait(lambda: "error:HostNotFound@Unconnected" in trace)
    assert trace == ["state:HostLookup", "state:Unconnected", "error:HostNotFound@Unconnected"]
    assert error_of(sock) == ("HostNotFound", Begins("Host not found"))
    assert sock.peerName() == name
    assert sock.isOpen()


@pytest.mark.parametrize("target", ["255.255.255.255", "224.0.0.1"])
def test_unreachable_targets_fail_within_the_call(qt: Any, app: Any, target: str) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.connectToHost(target, 9)
    assert trace == [*CONNECTING, "state:Unconnected", "error:Network@Unconnected"]
    assert error_of(sock) == ("Network", Begins("Network unreachable"))


def test_port_zero_is_refused(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, 0)
    assert qt.wait(lambda: short(sock.state()) == "Unconnected")
    assert short(sock.error()) == "ConnectionRefused"


@pytest.mark.parametrize("number", [-1, 65536, 1 << 40])
def test_ports_out_of_range_raise(qt: Any, app: Any, number: int) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySide6 warns before it raises
        for call in (
            lambda: sock.connectToHost(LOCALHOST, number),
            lambda: sock.bind(qt.QHostAddress(LOCALHOST), number),
        ):
            with pytest.raises((ValueError, OverflowError)):
                call()
    assert trace == []
    assert short(sock.state()) == "Unconnected"


@pytest.mark.parametrize("arguments", [(b"127.0.0.1", 80), (1, 80), ("127.0.0.1", "80"), ("127.0.0.1", None)])
def test_wrong_types_raise(qt: Any, app: Any, arguments: tuple[Any, Any]) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    with pytest.raises(TypeError):
        sock.connectToHost(*arguments)
    assert trace == []
    assert not sock.isOpen()


def test_a_wrong_protocol_raises_before_anything_happens(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    with pytest.raises((TypeError, ValueError)):
        sock.connectToHost(LOCALHOST, 80, qt.QIODevice.ReadWrite, 99)
    assert trace == []
    assert not sock.isOpen()


# --- misuse ----------------------------------------------------------------------------------------------------------


def test_connecting_twice_while_connecting(qt: Any, app: Any) -> None:
    with deaf_listener() as port:
        sock = ours(qt.QTcpSocket())
        sock.connectToHost(LOCALHOST, port)
        trace = Trace(sock)
        sock.connectToHost("localhost", 9)
        assert trace == ["error:Operation@Connecting"]
        assert error_of(sock) == ("Operation", Begins(BUSY))
        assert sock.peerName() == LOCALHOST


def test_connecting_twice_in_lookup_keeps_the_first(qt: Any, app: Any) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost("no-such-host.invalid.", 80)
    trace = Trace(sock)
    sock.connectToHost(LOCALHOST, 80)
    assert trace.take() == ["error:Operation@HostLookup"]
    assert qt.wait(lambda: "error:HostNotFound@Unconnected" in trace)
    assert trace == ["state:Unconnected", "error:HostNotFound@Unconnected"]


def test_connecting_while_connected_keeps_the_connection(qt: Any, connect: Any, port: int) -> None:
    sock, trace, peer = connect()
    sock.connectToHost(LOCALHOST, port)
    assert trace == ["error:Operation@Connected"]
    assert error_of(sock) == ("Operation", Begins(BUSY))
    sock.write(b"still here")
    sock.flush()
    assert peer.recv(100) == b"still here"


def test_connecting_while_closing_does_not_stop_the_closing(qt: Any, connect: Any, port: int) -> None:
    sock, trace, peer = connect()
    sock.write(b"last words")
    sock.disconnectFromHost()
    trace.clear()
    sock.connectToHost(LOCALHOST, port)
    assert trace == ["error:Operation@Closing"]
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert read_all(peer) == b"last words"


# --- recovery --------------------------------------------------------------------------------------------------------


def test_reconnect_inside_the_error_slot(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    trace = Trace(sock)
    sock.errorOccurred.connect(lambda _: sock.connectToHost(LOCALHOST, port_of(listener)))
    sock.connectToHost(LOCALHOST, closed_port())
    assert qt.wait(lambda: "connected@Connected" in trace)
    assert trace == [
        *CONNECTING,
        "state:Unconnected",
        "error:ConnectionRefused@Unconnected",
        *CONNECTED,
    ]
    assert error_of(sock) == ("UnknownSocket", "Unknown error")
    accept(listener).sendall(b"welcome")
    assert qt.wait(lambda: sock.bytesAvailable() == 7)


def test_reconnect_again_and_again_inside_the_error_slot(qt: Any, app: Any) -> None:
    """Each attempt fails through the event loop, so the stack does not grow."""
    sock = ours(qt.QTcpSocket())
    port = closed_port()
    failures: list[Any] = []

    def again(error: Any) -> None:
        failures.append(error)
        if len(failures) < 200:
            sock.connectToHost(LOCALHOST, port)

    sock.errorOccurred.connect(again)
    sock.connectToHost(LOCALHOST, port)
    assert qt.wait(lambda: len(failures) == 200)
    assert {short(error) for error in failures} == {"ConnectionRefused"}


def test_reconnect_in_the_error_slot_of_a_remote_close_is_too_early(qt: Any, connect: Any, port: int) -> None:
    """The state is still Connected there: only ``disconnected`` is late enough."""
    sock, trace, peer = connect()
    once = qt.Qt.ConnectionType.SingleShotConnection
    sock.errorOccurred.connect(lambda _: sock.connectToHost(LOCALHOST, port), once)
    peer.close()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == [REMOTE_CLOSE[0], "error:Operation@Connected", *REMOTE_CLOSE[1:]]


def test_an_error_slot_sees_the_error_and_the_data(qt: Any, connect: Any) -> None:
    sock, _, peer = connect()
    seen: list[Any] = []

    def note(error: Any) -> None:
        seen.append((short(error), *error_of(sock), bytes(sock.peek(100)), sock.peerPort() > 0))

    sock.errorOccurred.connect(note)
    peer.sendall(b"goodbye")
    peer.close()
    assert qt.wait(lambda: seen)
    text = Begins("The remote host closed the connection")
    assert seen == [("RemoteHostClosed", "RemoteHostClosed", text, b"goodbye", True)]


def test_an_error_keeps_its_text_until_the_next_attempt(qt: Any, app: Any, listener: socket.socket) -> None:
    sock = ours(qt.QTcpSocket())
    sock.connectToHost(LOCALHOST, closed_port())
    assert qt.wait(lambda: short(sock.state()) == "Unconnected")
    sock.close()
    assert error_of(sock) == ("ConnectionRefused", Begins("Connection refused"))
    sock.connectToHost(LOCALHOST, port_of(listener))
    assert error_of(sock) == ("UnknownSocket", "Unknown error")


# --- resets ----------------------------------------------------------------------------------------------------------


def test_reset_with_unread_data(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    peer.sendall(b"some data")
    assert qt.wait(lambda: sock.bytesAvailable() == 9)
    reset(peer)
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == ["readyRead@Connected", *REMOTE_CLOSE]
    assert bytes(sock.readAll()) == b"some data"


def test_reset_while_a_large_write_waits(qt: Any, connect: Any) -> None:
    sock, trace, peer = connect()
    sock.write(bytes(20_000_000))
    qt.spin(10)
    reset(peer)
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    assert trace == REMOTE_CLOSE
    assert sock.bytesToWrite() == 0


@pytest.mark.parametrize("how", ["flush", "event loop"])
def test_reset_found_by_a_write(qt: Any, connect: Any, how: str) -> None:
    """The peer closed with data unread, so its kernel answers with RST; Qt aborts in flush()."""
    sock, trace, peer = connect()
    sock.write(b"unread")
    assert sock.flush()
    assert arrived(peer, 6)
    peer.close()
    assert ended(sock)
    sock.write(b"more")
    if how == "flush":
        assert not sock.flush()
    assert qt.wait(lambda: "disconnected@Unconnected" in trace)
    if how == "event loop":
        assert trace == REMOTE_CLOSE
    assert (trace[0], trace[-2:]) == (REMOTE_CLOSE[0], REMOTE_CLOSE[-2:])
    assert short(sock.error()) == "RemoteHostClosed"
    assert sock.bytesToWrite() == 0


def test_an_exception_in_a_slot_leaves_the_socket_working(qt: Any, connect: Any, slot_errors: list[Any]) -> None:
    sock, _, peer = connect()

    def fail() -> None:
        raise RuntimeError("slot")

    sock.readyRead.connect(fail)
    for size in (1, 2):
        peer.sendall(b"x")
        assert qt.wait(lambda size=size: sock.bytesAvailable() == size)
    assert qt.wait(lambda: len(slot_errors) == 2)
    assert [str(error) for error in slot_errors] == ["slot", "slot"]
