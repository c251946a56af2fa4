"""QNetworkDatagram: what makes one null, its ends, replies and copies."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from qnet.kernel.hostaddress import QHostAddress
from qnet.kernel.networkdatagram import QNetworkDatagram


def ends(datagram: Any) -> tuple[str, int, str, int]:
    sender, destination = datagram.senderAddress(), datagram.destinationAddress()
    return sender.toString(), datagram.senderPort(), destination.toString(), datagram.destinationPort()


def rest(datagram: Any) -> tuple[bytes, int, int]:
    return bytes(datagram.data()), datagram.hopLimit(), datagram.interfaceIndex()


NOWHERE = ("", -1, "", -1)


def test_null_and_valid(qt: Any) -> None:
    for null in (qt.QNetworkDatagram(), qt.QNetworkDatagram(b"x"), qt.QNetworkDatagram(b"x", qt.QHostAddress(), 80)):
        assert null.isNull()
        assert not null
        assert not null.isValid()
        assert ends(null) == NOWHERE
        assert rest(null)[1:] == (-1, 0)
    empty = qt.QNetworkDatagram(b"", qt.QHostAddress("1.2.3.4"), 80)
    assert empty.isValid()
    assert not empty.isNull()
    assert empty
    assert ends(empty) == ("", -1, "1.2.3.4", 80)
    assert ends(qt.QNetworkDatagram(b"x", qt.QHostAddress("1.2.3.4"))) == ("", -1, "1.2.3.4", 0)


def test_neither_data_nor_interface_nor_hops_make_it_valid(qt: Any) -> None:
    datagram = qt.QNetworkDatagram()
    datagram.setData(b"payload")
    datagram.setInterfaceIndex(3)
    datagram.setHopLimit(7)
    assert datagram.isNull()
    assert rest(datagram) == (b"payload", 7, 3)
    datagram.setSender(qt.QHostAddress("1.1.1.1"))
    assert datagram.isValid()
    assert ends(datagram) == ("1.1.1.1", 0, "", -1)
    datagram.setSender(qt.QHostAddress())
    assert datagram.isNull()
    assert ends(datagram) == NOWHERE


def test_special_addresses_as_ends(qt: Any) -> None:
    datagram = qt.QNetworkDatagram(b"x", destinationAddress=qt.QHostAddress.LocalHost, port=5)
    datagram.setSender(qt.QHostAddress.Any, 6)
    assert ends(datagram) == ("0.0.0.0", 6, "127.0.0.1", 5)


def test_makes_values_not_references(qt: Any) -> None:
    address = qt.QHostAddress("1.1.1.1")
    datagram = qt.QNetworkDatagram(b"x", address, 5)
    address.clear()
    datagram.destinationAddress().clear()
    assert ends(datagram) == ("", -1, "1.1.1.1", 5)
    payload = qt.QByteArray(b"abc")
    datagram.setData(payload)
    payload.append(b"d")
    assert bytes(datagram.data()) == b"abc"


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_payload_of_any_bytes(qt: Any, kind: Any) -> None:
    assert bytes(qt.QNetworkDatagram(kind(b"q")).data()) == b"q"
    assert qt.QNetworkDatagram(kind(b"q")).data().data() == b"q"


@pytest.mark.qnet("PySide6 refuses memoryviews although its annotations name them")
def test_payload_of_a_memoryview(qt: Any) -> None:
    assert qt.QNetworkDatagram(memoryview(b"qq")).data() == b"qq"


def test_copies_are_independent(qt: Any) -> None:
    one = qt.QNetworkDatagram(b"x", qt.QHostAddress("1.1.1.1"), 1)
    for twin in (qt.QNetworkDatagram(one), copy.copy(one)):
        twin.setData(b"y")
        twin.setHopLimit(7)
        twin.setDestination(qt.QHostAddress("2.2.2.2"), 2)
        assert (ends(one), rest(one)) == (("", -1, "1.1.1.1", 1), (b"x", -1, 0))
        one.swap(twin)
        assert (ends(twin), rest(twin)) == (("", -1, "1.1.1.1", 1), (b"x", -1, 0))
        assert (ends(one), rest(one)) == (("", -1, "2.2.2.2", 2), (b"y", 7, 0))
        one.swap(twin)
    one.clear()
    assert (ends(one), rest(one)) == (NOWHERE, (b"", -1, 0))


def test_reply(qt: Any) -> None:
    request = qt.QNetworkDatagram(b"question", qt.QHostAddress("fe80::2%a"), 200)
    request.setSender(qt.QHostAddress("fe80::1%a"), 100)
    request.setHopLimit(9)
    request.setInterfaceIndex(4)
    reply = request.makeReply(b"answer")
    assert ends(reply) == ("fe80::2%a", 200, "fe80::1%a", 100)
    assert rest(reply) == (b"answer", -1, 4)
    assert qt.QNetworkDatagram().makeReply(b"x").isNull()


@pytest.mark.parametrize("group", ["224.0.0.1", "ff02::1", "::ffff:224.0.0.1"])
def test_reply_to_a_multicast_datagram_has_no_sender(qt: Any, group: str) -> None:
    request = qt.QNetworkDatagram(b"question", qt.QHostAddress(group), 200)
    request.setSender(qt.QHostAddress("1.1.1.1"), 100)
    assert ends(request.makeReply(b"answer")) == ("", -1, "1.1.1.1", 100)


def test_hop_limit_is_kept_as_given(qt: Any) -> None:
    datagram = qt.QNetworkDatagram()
    for count in (0, 1, 255, 1000, -1, -5):
        datagram.setHopLimit(count)
        assert datagram.hopLimit() == count


def test_wrong_types(qt: Any) -> None:
    datagram = qt.QNetworkDatagram()
    for call in (
        lambda: qt.QNetworkDatagram("text"),
        lambda: qt.QNetworkDatagram(b"x", "1.2.3.4", 80),
        lambda: datagram.setData("text"),
        lambda: datagram.makeReply("text"),
        lambda: datagram.setDestination("1.2.3.4", 80),
        lambda: datagram.setDestination(qt.QHostAddress.LocalHost, "80"),
        lambda: datagram.setInterfaceIndex("lo"),
        lambda: datagram.setHopLimit("1"),
    ):
        with pytest.raises(TypeError):
            call()
    assert datagram.isNull()


@pytest.mark.qnet("PySide6 raises OverflowError")
def test_numbers_out_of_range_change_nothing(qt: Any) -> None:
    datagram = qt.QNetworkDatagram(b"x", qt.QHostAddress("1.1.1.1"), 5)
    for call in (
        lambda: datagram.setDestination(qt.QHostAddress.LocalHost, 65536),
        lambda: datagram.setDestination(qt.QHostAddress.LocalHost, -1),
        lambda: datagram.setSender(qt.QHostAddress.LocalHost, 65536),
        lambda: datagram.setInterfaceIndex(-1),
        lambda: datagram.setInterfaceIndex(2**32),
        lambda: qt.QNetworkDatagram(b"x", qt.QHostAddress.LocalHost, 70000),
    ):
        with pytest.raises(ValueError):
            call()
    assert (ends(datagram), rest(datagram)) == (("", -1, "1.1.1.1", 5), (b"x", -1, 0))


@pytest.mark.qnet("PySide6 prints only the object's place in memory")
def test_repr_tells_the_ends(qt: Any) -> None:
    datagram = qt.QNetworkDatagram(b"xyz", qt.QHostAddress("1.1.1.1"), 5)
    assert repr(datagram) == "QNetworkDatagram(3 bytes, ?:? -> 1.1.1.1:5)"
    assert repr(qt.QNetworkDatagram(b"xyz")) == "QNetworkDatagram(3 bytes, null)"


def test_received_datagram() -> None:
    datagram = QNetworkDatagram._received(
        b"x", QHostAddress("1.1.1.1"), 1, QHostAddress("2.2.2.2"), 2, hop_limit=64, interface=3
    )
    assert ends(datagram) == ("1.1.1.1", 1, "2.2.2.2", 2)
    assert rest(datagram) == (b"x", 64, 3)
    assert ends(QNetworkDatagram._received(b"x", QHostAddress("1.1.1.1"), 1)) == ("1.1.1.1", 1, "", -1)
