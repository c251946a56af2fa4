"""QUdpSocket: binding, datagrams both ways, the re-arm rule of readyRead, connected sockets, multicast."""

from __future__ import annotations

import os
import socket
import warnings
from typing import Any

import pytest
from _peers import (
    ABORTED,
    CONNECTED,
    LOCAL_CLOSE,
    LOCALHOST,
    SIGNALS,
    Background,
    Begins,
    Trace,
    closed_port,
    datagram_peer,
    deliver,
    needs_ipv6,
    ours,
    port_of,
    short,
)

GROUP = "239.255.43.21"
MODES = ("DefaultForPlatform", "ShareAddress", "DontShareAddress", "ReuseAddressHint")


@pytest.fixture
def peer() -> socket.socket:
    """A kernel UDP socket on 127.0.0.1."""
    return datagram_peer()


@pytest.fixture
def sock(qt: Any, app: Any) -> Any:
    """A QUdpSocket bound to 127.0.0.1."""
    sock = ours(qt.QUdpSocket())
    assert sock.bind(qt.QHostAddress(LOCALHOST), 0)
    yield sock
    sock.abort()


@pytest.fixture
def local(qt: Any) -> Any:
    return qt.QHostAddress(LOCALHOST)


def send(peer: socket.socket, sock: Any, *datagrams: bytes) -> None:
    """Have *peer* send to a QUdpSocket on 127.0.0.1, which has got them all when this returns."""
    for data in datagrams:
        deliver(peer, data, sock)


def receive_all(sock: Any) -> list[bytes]:
    received = []
    while sock.hasPendingDatagrams():
        received.append(bytes(sock.receiveDatagram().data()))
    return received


# --- binding ---------------------------------------------------------------------------------------------------------


def test_a_fresh_socket(qt: Any, app: Any, local: Any) -> None:
    sock = ours(qt.QUdpSocket())
    assert sock.socketType() == qt.QAbstractSocket.UdpSocket
    assert short(sock.state()) == "Unconnected"
    assert not sock.isOpen()
    assert not sock.hasPendingDatagrams()
    assert sock.pendingDatagramSize() == -1
    assert not sock.receiveDatagram().isValid()
    assert sock.write(b"x") == -1
    assert bytes(sock.read(4)) == b""
    assert not sock.multicastInterface().isValid()
    assert not sock.joinMulticastGroup(qt.QHostAddress(GROUP))
    assert not sock.leaveMulticastGroup(qt.QHostAddress(GROUP))
    assert short(sock.error()) == "UnknownSocket"


def test_bind(qt: Any, app: Any, local: Any) -> None:
    sock = ours(qt.QUdpSocket())
    trace = Trace(sock)
    assert sock.bind(local, 0)
    assert trace == ["state:Bound"]
    assert (short(sock.state()), sock.isOpen(), sock.isValid()) == ("Bound", False, True)
    assert sock.openMode() == qt.QIODevice.NotOpen
    assert sock.localPort() > 0
    assert sock.localAddress() == local
    assert sock.peerPort() == 0
    assert sock.peerAddress().isNull()
    assert sock.socketDescriptor() > 2


@pytest.mark.parametrize(
    "special",
    [
        "Any",
        "AnyIPv4",
        pytest.param("AnyIPv6", marks=needs_ipv6),
        "LocalHost",
        pytest.param("LocalHostIPv6", marks=needs_ipv6),
    ],
)
def test_bind_to_a_special_address(qt: Any, app: Any, special: str) -> None:
    special = getattr(qt.QHostAddress.SpecialAddress, special)
    for arguments in ((special,), (special, 0), (qt.QHostAddress(special), 0)):
        sock = ours(qt.QUdpSocket())
        assert sock.bind(*arguments)
        assert sock.localAddress() == qt.QHostAddress(special)
        assert sock.localPort() > 0


def test_bind_without_address(qt: Any, app: Any) -> None:
    anywhere = qt.QHostAddress(qt.QHostAddress.SpecialAddress.Any)
    for arguments in ((), (0,)):
        sock = ours(qt.QUdpSocket())
        assert sock.bind(*arguments)
        assert sock.localAddress() == anywhere


@pytest.mark.parametrize(
    ("address", "error", "text"),
    [
        ("203.0.113.7", "SocketAddressNotAvailable", "The address is not available"),
        ("", "UnsupportedSocketOperation", "Unsupported socket operation"),
    ],
)
def test_bind_refusals(qt: Any, app: Any, address: str, error: str, text: str) -> None:
    sock = ours(qt.QUdpSocket())
    trace = Trace(sock)
    assert not sock.bind(qt.QHostAddress(address), 0)
    assert trace == [f"error:{error}@Unconnected"]
    assert sock.errorString() == Begins(text)
    assert short(sock.state()) == "Unconnected"


def test_binding_twice_is_refused(qt: Any, sock: Any, local: Any) -> None:
    port = sock.localPort()
    trace = Trace(sock)
    assert not sock.bind(local, 0)
    assert (short(sock.state()), sock.localPort()) == ("Bound", port)
    assert [entry.partition(":")[0] for entry in trace] == ["error"]


@pytest.mark.parametrize("first", MODES)
@pytest.mark.parametrize("second", MODES)
def test_who_may_share_a_port(qt: Any, app: Any, local: Any, first: str, second: str) -> None:
    """Both have to allow it; a plain bind is exclusive."""
    flag = qt.QAbstractSocket.BindFlag
    one, two = ours(qt.QUdpSocket()), ours(qt.QUdpSocket())
    assert one.bind(local, 0, getattr(flag, first))
    shared = {"ShareAddress", "ReuseAddressHint"} >= {first, second}
    assert two.bind(local, one.localPort(), getattr(flag, second)) == shared
    if not shared:
        assert short(two.error()) == "AddressInUse"
        assert two.errorString() == Begins("The bound address is already in use")


def test_the_combined_mode_of_the_documentation(qt: Any, app: Any, local: Any) -> None:
    flag = qt.QAbstractSocket.BindFlag
    one, two = ours(qt.QUdpSocket()), ours(qt.QUdpSocket())
    assert one.bind(local, 0, flag.ShareAddress | flag.ReuseAddressHint)
    assert two.bind(local, one.localPort(), flag.ShareAddress | flag.ReuseAddressHint)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("close", LOCAL_CLOSE),
        ("disconnectFromHost", LOCAL_CLOSE),
        ("abort", ["state:Unconnected", "readChannelFinished@Unconnected"]),
    ],
)
def test_closing_a_bound_socket(qt: Any, sock: Any, peer: Any, local: Any, call: str, expected: list[str]) -> None:
    trace = Trace(sock)
    getattr(sock, call)()
    assert trace == expected
    assert (sock.localPort(), sock.isValid()) == (0, False)
    assert sock.bind(local, 0)
    send(peer, sock, b"again")
    assert qt.wait(sock.hasPendingDatagrams)


# --- sending ---------------------------------------------------------------------------------------------------------


def test_write_datagram_is_synchronous(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    trace = Trace(sock, SIGNALS)
    assert sock.writeDatagram(b"abc", local, port_of(peer)) == 3
    assert trace == ["bytesWritten:3"]
    assert peer.recvfrom(10) == (b"abc", (LOCALHOST, sock.localPort()))
    assert sock.bytesToWrite() == 0
    qt.spin(5)
    assert trace == ["bytesWritten:3"]


def test_what_write_datagram_takes(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    port = port_of(peer)
    for arguments in (
        (b"data", local, port),
        (bytearray(b"data"), local, port),
        (qt.QByteArray(b"data"), local, port),
        (b"data", qt.QHostAddress.SpecialAddress.LocalHost, port),
        (qt.QNetworkDatagram(b"data", local, port),),
    ):
        assert sock.writeDatagram(*arguments) == 4
        assert peer.recv(10) == b"data"
    for arguments in (("text", local, port), (b"data", LOCALHOST, port), (b"data", local, "9")):
        with pytest.raises(TypeError):
            sock.writeDatagram(*arguments)


def test_an_empty_datagram(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    trace = Trace(sock, SIGNALS)
    assert sock.writeDatagram(b"", local, port_of(peer)) == 0
    assert trace == ["bytesWritten:0"]
    assert peer.recvfrom(10)[0] == b""


def test_the_largest_datagram(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    trace = Trace(sock, SIGNALS)
    assert sock.writeDatagram(bytes(65_507), local, port_of(peer)) == 65_507
    assert len(peer.recv(70_000)) == 65_507
    trace.clear()
    for size in (65_508, 70_000):
        assert sock.writeDatagram(bytes(size), local, port_of(peer)) == -1
        assert [entry.partition(":")[0] for entry in trace] == ["error"] * (1 if size == 65_508 else 2)


@pytest.mark.qnet("Qt says NetworkError here and DatagramTooLargeError only on connected sockets")
def test_a_datagram_too_large_says_so(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    trace = Trace(sock)
    assert sock.writeDatagram(bytes(65_508), local, port_of(peer)) == -1
    assert trace == ["error:DatagramTooLarge@Bound"]


@pytest.mark.parametrize(("address", "port"), [("203.0.113.1", 9), (LOCALHOST, 0)])
def test_datagrams_that_cannot_be_sent(qt: Any, sock: Any, address: str, port: int) -> None:
    trace = Trace(sock, SIGNALS)
    assert sock.writeDatagram(b"x", qt.QHostAddress(address), port) == -1
    assert trace == ["error:Network@Bound"]
    assert short(sock.error()) == "Network"
    assert sock.errorString() == Begins("Unable to send a message")


def test_datagrams_without_a_target(qt: Any, sock: Any) -> None:
    for datagram in (qt.QNetworkDatagram(), qt.QNetworkDatagram(b"abc")):
        trace = Trace(sock, SIGNALS)
        assert sock.writeDatagram(datagram) == -1
        assert [entry.partition(":")[0] for entry in trace] == ["error"]


def test_a_port_out_of_range_raises(qt: Any, sock: Any, local: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySide6 warns before it raises
        with pytest.raises((ValueError, OverflowError)):
            sock.writeDatagram(b"x", local, 65_536)


def test_sending_binds_an_unbound_socket(qt: Any, app: Any, peer: Any, local: Any) -> None:
    sock = ours(qt.QUdpSocket())
    trace = Trace(sock, SIGNALS)
    assert sock.writeDatagram(b"abc", local, port_of(peer)) == 3
    assert trace == ["state:Bound", "bytesWritten:3"]
    data, sender = peer.recvfrom(10)
    assert (data, sender[1]) == (b"abc", sock.localPort())
    peer.sendto(b"answer", sender)
    assert qt.wait(sock.hasPendingDatagrams)
    assert bytes(sock.receiveDatagram().data()) == b"answer"


def test_a_bound_socket_is_no_stream(qt: Any, sock: Any, peer: Any) -> None:
    assert sock.write(b"x") == -1
    assert not sock.flush()
    send(peer, sock, b"abc")
    assert qt.wait(sock.hasPendingDatagrams)
    assert bytes(sock.readAll()) == b""
    assert sock.pendingDatagramSize() == 3


# --- receiving -------------------------------------------------------------------------------------------------------


def test_read_datagram(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    send(peer, sock, b"hello")
    assert qt.wait(sock.hasPendingDatagrams)
    assert (sock.pendingDatagramSize(), sock.bytesAvailable()) == (5, 5)
    result = sock.readDatagram(100)
    assert isinstance(result, tuple)
    assert len(result) == 3
    assert (bytes(result[0]), result[1], result[2]) == (b"hello", local, port_of(peer))
    assert (sock.pendingDatagramSize(), sock.bytesAvailable()) == (-1, 0)


def test_receive_datagram(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    send(peer, sock, b"hello")
    assert qt.wait(sock.hasPendingDatagrams)
    datagram = sock.receiveDatagram()
    assert datagram.isValid()
    assert not datagram.isNull()
    assert bytes(datagram.data()) == b"hello"
    assert (datagram.senderAddress(), datagram.senderPort()) == (local, port_of(peer))
    assert (datagram.destinationAddress(), datagram.destinationPort()) == (local, sock.localPort())
    assert datagram.interfaceIndex() == socket.if_nametoindex("lo")
    assert datagram.hopLimit() == peer.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)


def test_the_reply_to_a_datagram(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    send(peer, sock, b"question")
    assert qt.wait(sock.hasPendingDatagrams)
    reply = sock.receiveDatagram().makeReply(b"answer")
    assert (reply.destinationAddress(), reply.destinationPort()) == (local, port_of(peer))
    assert (reply.senderAddress(), reply.senderPort()) == (local, sock.localPort())
    assert reply.interfaceIndex() == socket.if_nametoindex("lo")
    assert reply.hopLimit() == -1
    assert sock.writeDatagram(reply) == 6
    assert peer.recvfrom(10) == (b"answer", (LOCALHOST, sock.localPort()))


def test_a_hop_limit_travels(qt: Any, sock: Any, local: Any) -> None:
    other = ours(qt.QUdpSocket())
    other.bind(local, 0)
    datagram = qt.QNetworkDatagram(b"hop", local, sock.localPort())
    datagram.setHopLimit(9)
    assert other.writeDatagram(datagram) == 3
    assert qt.wait(sock.hasPendingDatagrams)
    assert sock.receiveDatagram().hopLimit() == 9


def test_a_zero_length_datagram_is_pending(qt: Any, sock: Any, peer: Any, local: Any) -> None:
    trace = Trace(sock)
    send(peer, sock, b"")
    assert qt.wait(lambda: trace)
    assert sock.hasPendingDatagrams()
    assert sock.pendingDatagramSize() == 0
    assert sock.bytesAvailable() == 0
    data, sender, port = sock.readDatagram(10)
    assert (bytes(data), sender, port) == (b"", local, port_of(peer))
    assert not sock.hasPendingDatagrams()


@pytest.mark.parametrize("size", [0, 2])
def test_a_short_read_discards_the_rest(qt: Any, sock: Any, peer: Any, size: int) -> None:
    send(peer, sock, b"hello", b"world", b"!")
    assert bytes(sock.readDatagram(size)[0]) == b"hello"[:size]
    datagram = sock.receiveDatagram(size)
    assert bytes(datagram.data()) == b"world"[:size]
    assert datagram.isValid()
    assert receive_all(sock) == [b"!"]


def test_nothing_to_receive(qt: Any, sock: Any) -> None:
    trace = Trace(sock)
    datagram = sock.receiveDatagram()
    assert not datagram.isValid()
    assert datagram.isNull()
    assert trace in ([], ["error:Temporary@Bound"])


@pytest.mark.qnet("Qt returns uninitialised memory")
def test_nothing_to_read(qt: Any, sock: Any) -> None:
    data, sender, port = sock.readDatagram(10)
    assert (bytes(data), port) == (b"", 0)
    assert sender.isNull()


@pytest.mark.qnet("Qt ends the process")
def test_a_negative_size(qt: Any, sock: Any, peer: Any) -> None:
    send(peer, sock, b"hello")
    assert qt.wait(sock.hasPendingDatagrams)
    with pytest.raises(ValueError, match=r"size|negative|-1"):
        sock.readDatagram(-1)
    assert receive_all(sock) == [b"hello"]


def test_datagrams_keep_their_borders_and_order(qt: Any, sock: Any, peer: Any) -> None:
    sent = [b"%d" % n * n for n in range(60)]
    got: list[bytes] = []
    sock.readyRead.connect(lambda: got.extend(receive_all(sock)))
    send(peer, sock, *sent)
    assert qt.wait(lambda: len(got) == len(sent))
    assert got == sent


# --- readyRead -------------------------------------------------------------------------------------------------------


def test_ready_read_is_silent_until_a_read(qt: Any, sock: Any, peer: Any) -> None:
    trace = Trace(sock, SIGNALS)
    send(peer, sock, b"one", b"two")
    assert qt.wait(lambda: trace)
    qt.spin(10)
    send(peer, sock, b"three")
    qt.spin(10)
    assert trace.take() == ["readyRead@Bound", "channelReadyRead:0"]
    sock.receiveDatagram()
    assert trace == []
    assert qt.wait(lambda: trace)
    qt.spin(10)
    assert trace == ["readyRead@Bound", "channelReadyRead:0"]


def test_one_read_per_signal_gets_them_all(qt: Any, sock: Any, peer: Any) -> None:
    got: list[bytes] = []
    sock.readyRead.connect(lambda: got.append(bytes(sock.receiveDatagram().data())))
    send(peer, sock, b"1", b"2", b"3", b"4")
    assert qt.wait(lambda: len(got) == 4)
    qt.spin(10)
    assert got == [b"1", b"2", b"3", b"4"]


def test_draining_in_the_slot_rearms(qt: Any, sock: Any, peer: Any) -> None:
    got: list[list[bytes]] = []
    sock.readyRead.connect(lambda: got.append(receive_all(sock)))
    for number in range(3):
        send(peer, sock, b"%d" % number)
        assert qt.wait(lambda number=number: len(got) == number + 1)
    assert got == [[b"0"], [b"1"], [b"2"]]


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_wait_for_ready_read(qt: Any, sock: Any, peer: Any) -> None:
    trace = Trace(sock)
    send(peer, sock, b"hello")
    assert sock.waitForReadyRead(30_000)
    assert trace.take() == ["readyRead@Bound"]
    assert sock.waitForReadyRead(30_000)
    assert trace == []
    sock.receiveDatagram()
    assert not sock.waitForReadyRead(20)
    assert trace == ["error:SocketTimeout@Bound"]
    assert sock.errorString() == Begins("Network operation timed out")


def test_wait_for_ready_read_wakes_on_arrival(qt: Any, sock: Any, peer: Any) -> None:
    with Background(peer.sendto, b"hello", (LOCALHOST, sock.localPort())):
        assert sock.waitForReadyRead(30_000)
    assert receive_all(sock) == [b"hello"]


def test_other_waits(qt: Any, sock: Any) -> None:
    assert not sock.waitForBytesWritten(30_000)
    assert not sock.waitForDisconnected(10)


# --- connected -------------------------------------------------------------------------------------------------------


@pytest.fixture
def connected(qt: Any, app: Any, peer: Any) -> Any:
    """A QUdpSocket connected to ``peer``, which is connected back."""
    sock = ours(qt.QUdpSocket())
    sock.connectToHost(LOCALHOST, port_of(peer))
    assert sock.waitForConnected(30_000)
    peer.connect((LOCALHOST, sock.localPort()))
    yield sock
    sock.abort()


def test_connecting_is_synchronous(qt: Any, app: Any, peer: Any, local: Any) -> None:
    sock = ours(qt.QUdpSocket())
    trace = Trace(sock)
    sock.connectToHost(LOCALHOST, port_of(peer))
    assert trace == CONNECTED
    assert sock.isOpen()
    assert sock.openMode() == qt.QIODevice.ReadWrite | qt.QIODevice.Unbuffered
    assert (sock.peerAddress(), sock.peerPort()) == (local, port_of(peer))
    assert (sock.peerName(), sock.localAddress()) == (LOCALHOST, local)
    assert sock.localPort() > 0


def test_connected_write(qt: Any, connected: Any, peer: Any) -> None:
    trace = Trace(connected, SIGNALS)
    assert connected.write(b"abc") == 3
    assert trace == ["bytesWritten:3", "channelBytesWritten:0,3"]
    assert connected.bytesToWrite() == 0
    assert peer.recv(10) == b"abc"


def test_connected_write_datagram(qt: Any, connected: Any, peer: Any, local: Any) -> None:
    assert connected.writeDatagram(b"abc", local, port_of(peer)) == 3
    assert connected.writeDatagram(qt.QNetworkDatagram(b"no target")) == 9
    assert (peer.recv(10), peer.recv(10)) == (b"abc", b"no target")


def test_connected_read(qt: Any, connected: Any, peer: Any) -> None:
    trace = Trace(connected)
    send(peer, connected, b"one", b"two")
    assert qt.wait(lambda: trace)
    assert trace == ["readyRead@Connected"]
    assert (connected.bytesAvailable(), connected.pendingDatagramSize()) == (3, 3)
    assert bytes(connected.read(2)) == b"on"
    assert bytes(connected.read(10)) == b"two"


def test_read_all_joins_datagrams(qt: Any, connected: Any, peer: Any) -> None:
    send(peer, connected, b"one", b"two")
    assert qt.wait(connected.hasPendingDatagrams)
    assert bytes(connected.readAll()) == b"onetwo"
    assert not connected.hasPendingDatagrams()


def test_connected_read_datagram(qt: Any, connected: Any, peer: Any, local: Any) -> None:
    peer.send(b"xyz")
    assert qt.wait(connected.hasPendingDatagrams)
    data, sender, port = connected.readDatagram(10)
    assert (bytes(data), sender, port) == (b"xyz", local, port_of(peer))


def test_a_connected_socket_hears_nobody_else(qt: Any, connected: Any) -> None:
    alien = datagram_peer()
    alien.sendto(b"psst", (LOCALHOST, connected.localPort()))
    qt.spin(10)
    assert not connected.hasPendingDatagrams()


def test_a_connected_write_too_large(qt: Any, connected: Any) -> None:
    assert connected.write(bytes(70_000)) == -1
    assert short(connected.error()) == "DatagramTooLarge"
    assert connected.errorString() == Begins("Datagram was too large to send")
    assert short(connected.state()) == "Connected"


def test_ending_a_connected_socket(qt: Any, connected: Any, peer: Any) -> None:
    trace = Trace(connected)
    connected.disconnectFromHost()
    assert trace.take() == LOCAL_CLOSE
    assert connected.isOpen()
    connected.connectToHost(LOCALHOST, port_of(peer))
    trace.clear()
    connected.abort()
    assert trace == ABORTED


def test_bind_then_connect(qt: Any, sock: Any, peer: Any) -> None:
    trace = Trace(sock)
    port = sock.localPort()
    sock.connectToHost(LOCALHOST, port_of(peer))
    assert trace == CONNECTED
    assert sock.localPort() == port
    sock.write(b"abc")
    assert peer.recvfrom(10) == (b"abc", (LOCALHOST, port))


def test_nobody_there_does_not_end_a_connected_socket(qt: Any, app: Any) -> None:
    """The ICMP answer is an event to read, never the end of the connection."""
    sock = ours(qt.QUdpSocket())
    sock.connectToHost(LOCALHOST, closed_port(socket.SOCK_DGRAM))
    trace = Trace(sock)
    for _ in range(3):
        assert sock.write(b"anyone?") in (7, -1)
        qt.spin(10)
    assert short(sock.state()) == "Connected"
    assert "disconnected@Unconnected" not in trace
    assert not sock.receiveDatagram().isValid()
    assert bytes(sock.readAll()) == b""


def test_nobody_there_is_unknown_to_a_bound_socket(qt: Any, sock: Any, local: Any) -> None:
    trace = Trace(sock)
    dead = closed_port(socket.SOCK_DGRAM)
    for _ in range(3):
        assert sock.writeDatagram(b"anyone?", local, dead) == 7
        qt.spin(5)
    assert trace == []


# --- both families ---------------------------------------------------------------------------------------------------


@needs_ipv6
def test_a_dual_stack_socket(qt: Any, app: Any, sock: Any, local: Any) -> None:
    anywhere = ours(qt.QUdpSocket())
    assert anywhere.bind(qt.QHostAddress(qt.QHostAddress.SpecialAddress.Any), 0)
    assert anywhere.writeDatagram(b"to four", local, sock.localPort()) == 7
    assert qt.wait(sock.hasPendingDatagrams)
    datagram = sock.receiveDatagram()
    assert datagram.senderPort() == anywhere.localPort()
    sock.writeDatagram(datagram.makeReply(b"back"))
    assert qt.wait(anywhere.hasPendingDatagrams)
    assert anywhere.receiveDatagram().senderAddress().toString() == "::ffff:127.0.0.1"
    anywhere.writeDatagram(b"to six", qt.QHostAddress("::1"), anywhere.localPort())
    assert qt.wait(anywhere.hasPendingDatagrams)
    datagram = anywhere.receiveDatagram()
    assert datagram.senderAddress() == datagram.destinationAddress() == qt.QHostAddress("::1")


@needs_ipv6
def test_ipv6_datagrams(qt: Any, app: Any) -> None:
    sock, peer = ours(qt.QUdpSocket()), datagram_peer("::1")
    assert sock.bind(qt.QHostAddress("::1"), 0)
    assert sock.writeDatagram(b"six", qt.QHostAddress("::1"), port_of(peer)) == 3
    assert peer.recvfrom(10)[1][:2] == ("::1", sock.localPort())
    peer.sendto(b"answer", ("::1", sock.localPort()))
    assert qt.wait(sock.hasPendingDatagrams)
    datagram = sock.receiveDatagram()
    assert datagram.senderAddress() == qt.QHostAddress("::1")
    assert datagram.hopLimit() == peer.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)


# --- multicast -------------------------------------------------------------------------------------------------------


@pytest.fixture
def loopback(qt: Any) -> Any:
    """The loopback interface; skips where the kernel refuses multicast on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        member = socket.inet_aton(GROUP) + socket.inet_aton(LOCALHOST)
        try:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError as error:
            pytest.skip(f"this kernel refuses multicast on the loopback: {error}")
    return next(i for i in qt.QNetworkInterface.allInterfaces() if i.name() == "lo")


@pytest.fixture
def member(qt: Any, app: Any, loopback: Any) -> Any:
    """A socket that has joined GROUP on the loopback and sends there."""
    sock = ours(qt.QUdpSocket())
    assert sock.bind(qt.QHostAddress(qt.QHostAddress.SpecialAddress.AnyIPv4), 0)
    assert sock.joinMulticastGroup(qt.QHostAddress(GROUP), loopback)
    sock.setMulticastInterface(loopback)
    yield sock
    sock.abort()


def test_multicast_reaches_a_member(qt: Any, member: Any) -> None:
    member.setSocketOption(qt.QAbstractSocket.MulticastTtlOption, 3)
    assert member.multicastInterface().name() == "lo"
    assert member.writeDatagram(b"all", qt.QHostAddress(GROUP), member.localPort()) == 3
    assert qt.wait(member.hasPendingDatagrams)
    datagram = member.receiveDatagram()
    assert bytes(datagram.data()) == b"all"
    assert datagram.destinationAddress() == qt.QHostAddress(GROUP)
    assert datagram.senderAddress() == qt.QHostAddress(LOCALHOST)
    assert datagram.hopLimit() == 3
    reply = datagram.makeReply(b"one")
    assert reply.senderAddress().isNull()


def test_joining_and_leaving_twice(qt: Any, member: Any, loopback: Any) -> None:
    trace = Trace(member)
    group = qt.QHostAddress(GROUP)
    assert not member.joinMulticastGroup(group, loopback)
    assert member.leaveMulticastGroup(group, loopback)
    assert not member.leaveMulticastGroup(group, loopback)
    assert trace == []
    assert short(member.state()) == "Bound"


def test_what_cannot_be_joined(qt: Any, member: Any, loopback: Any) -> None:
    for address in ("192.0.2.1", "ff02::1"):
        assert not member.joinMulticastGroup(qt.QHostAddress(address), loopback)
    anywhere = ours(qt.QUdpSocket())
    anywhere.bind(qt.QHostAddress(qt.QHostAddress.SpecialAddress.Any), 0)
    assert not anywhere.joinMulticastGroup(qt.QHostAddress(GROUP), loopback)


def test_multicast_options(qt: Any, member: Any) -> None:
    a = qt.QAbstractSocket
    assert (member.socketOption(a.MulticastTtlOption), member.socketOption(a.MulticastLoopbackOption)) == (1, 1)
    for option, value in ((a.MulticastTtlOption, 7), (a.MulticastLoopbackOption, 0)):
        member.setSocketOption(option, value)
        assert member.socketOption(option) == value


# --- adopting --------------------------------------------------------------------------------------------------------


def test_adopt_a_bound_descriptor(qt: Any, app: Any, peer: Any, local: Any) -> None:
    other = datagram_peer()
    sock = ours(qt.QUdpSocket())
    descriptor = os.dup(other.fileno())
    assert sock.setSocketDescriptor(descriptor, qt.QAbstractSocket.BoundState)
    assert (short(sock.state()), sock.localPort(), sock.localAddress()) == ("Bound", port_of(other), local)
    send(peer, sock, b"hello")
    assert qt.wait(sock.hasPendingDatagrams)
    assert receive_all(sock) == [b"hello"]
    sock.abort()
