"""Text of any kind as addresses and subnets: what holds for all of it, on either implementation.

Each test also compares the implementation under test with qnet, so that on the oracle it is a search for text that
Qt reads in another way. The known ones are left out by :func:`read_in_another_way_by_qt`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from _fuzz import fuzz
from hypothesis import assume, example, given
from hypothesis import strategies as st

from qnet.kernel.hostaddress import QHostAddress

pytestmark = pytest.mark.timeout(0)

CLASSES = [
    *("isBroadcast", "isGlobal", "isLinkLocal", "isLoopback", "isMulticast", "isNull"),
    *("isPrivateUse", "isSiteLocal", "isUniqueLocalUnicast"),
]

# Pieces, each good or bad on its own: putting such together is quick, and finds what single characters do not.
PARTS = (
    "0 1 9 10 127 255 256 300 65535 65536 16777215 16777216 4294967295 4294967296 010 08 0377 0400 0x1f 0XfF 0x 0b11"
)
PARTS += " 0b 007 +1 +0x1 -1 1+ 1.2 192 168 a 1e3 0x0000000000000001 99999999999999999999"
GROUPS = "0 0 0 1 ff ffff FFFF fe80 10000 0001 00001 0xf 0x 0x1 +1 +f -1 g 1.2.3.4 127.1 1.2.3 01.2.3.4 255.255.255.256"
IPV4 = st.lists(st.sampled_from([*PARTS.split(), "", " 1", "1 ", "\t1"]), min_size=1, max_size=5).map(".".join)
IPV6 = st.lists(st.sampled_from([*GROUPS.split(), *[""] * 4, " 1", "1 "]), min_size=1, max_size=10).map(":".join)
SCOPES = st.sampled_from(["", "", "%eth0", "%1", "%", "%a%b", "% x", " ", "%eth0 "])
RANDOM = st.text(max_size=20) | st.text("0123456789abcdefxX.:%/+- \t", max_size=24)
REAL = st.ip_addresses().map(str) | st.ip_addresses(v=6).map(lambda address: address.exploded)
ADDRESS = st.one_of(IPV4, st.tuples(IPV6, SCOPES).map("".join), RANDOM, REAL)
MASKS = "-1 0 1 8 24 31 32 33 64 127 128 129 140 08 +8 0x8 8.0 255.255.255.0 255.0.255.0 255.255 0.0.0.255 ffff:: 8/8"
NETWORK = st.lists(st.sampled_from(["0", "1", "10", "127", "255", "256", "010", "+1"]), min_size=1, max_size=5).map(
    ".".join
)
PREFIX = st.sampled_from([*(f"/{mask}" for mask in MASKS.split()), "", "./8", ".", "/", "/ 8", "/8 "])
SUBNET = st.tuples(st.one_of(NETWORK, ADDRESS), PREFIX).map("".join)


def read_in_another_way_by_qt(text: str) -> bool:
    """A NUL ends text in Qt, what follows eight groups may end in "::", lone surrogates and prefixes wrap around."""
    return (
        "\0" in text
        or re.search("[\ud800-\udfff]", text) is not None
        or re.search("(:.*){8}::", text) is not None
        or re.search(r"/\D*\d{10}", text) is not None
    )


def facts(address: Any) -> list[Any]:
    return [
        address.toString(),
        int(address.protocol().value),
        address.scopeId(),
        [name for name in CLASSES if getattr(address, name)()],
        [address.toIPv6Address()[i] for i in range(16)],
    ]


@fuzz
@given(text=ADDRESS)
@example(text="1:2:3:4:5:6:7:8%" + "x" * 5000)
@example(text="9" * 5000 + ".0x" + "f" * 5000)
@example(text=":" * 5000)
def test_fuzz_addresses(qt: Any, text: str) -> None:
    assume(not read_in_another_way_by_qt(text))
    address, other = qt.QHostAddress(text), qt.QHostAddress("::1%eth1")
    assert other.setAddress(text) is not address.isNull()
    assert facts(address) == facts(QHostAddress(text))
    assert address == other
    if address.isNull():
        assert (address.toString(), address.scopeId()) == ("", "")
    else:
        again = qt.QHostAddress(address.toString())
        assert (again, again.toString()) == (address, address.toString())
        assert hash(again) == hash(address)


@fuzz
@given(text=SUBNET)
@example(text="10/" + "8" * 5000)
@example(text="1." * 5000)
@example(text="/")
def test_fuzz_subnets(qt: Any, text: str) -> None:
    assume(not read_in_another_way_by_qt(text))
    network, prefix = qt.QHostAddress.parseSubnet(text)
    same_network, same_prefix = QHostAddress.parseSubnet(text)
    # Through the text, because a network of Qt's may remember the classes of the address.
    found = qt.QHostAddress(network.toString())
    assert (facts(found), prefix) == (facts(same_network), same_prefix)
    assert network.isNull() is (prefix < 0)
    if prefix >= 0:
        assert network.isInSubnet(network, prefix)
        assert network.isInSubnet((network, prefix))
        shown = f"{network.toString().partition('%')[0]}/{prefix}"
        assert qt.QHostAddress.parseSubnet(shown) == (network, prefix)


@fuzz
@given(one=ADDRESS, other=ADDRESS, mode=st.sampled_from([0, 1, 2, 4, 8, 255]), prefix=st.integers(-1, 130))
@example(one="::1", other="127.0.0.1", mode=8, prefix=0)
@example(one="::ffff:1.2.3.4", other="1.2.3.4", mode=1, prefix=0)
@example(one="::", other="0.0.0.0", mode=4, prefix=0)
def test_fuzz_two_addresses(qt: Any, one: str, other: str, mode: int, prefix: int) -> None:
    assume(not read_in_another_way_by_qt(one) and not read_in_another_way_by_qt(other))

    def relations(implementation: Any) -> list[Any]:
        a, b = implementation(one), implementation(other)
        flags = implementation.ConversionModeFlag(mode)
        assert a.isEqual(b, flags) is b.isEqual(a, flags)
        return [a == b, a.isEqual(b, flags), a.isInSubnet(b, prefix), b.isInSubnet(a, prefix)]

    assert relations(qt.QHostAddress) == relations(QHostAddress)


@pytest.mark.qnet("a NUL ends the text in Qt, and long prefixes wrap around")
@fuzz
@given(text=ADDRESS, where=st.integers(0, 30))
@example(text="::%", where=3)
def test_fuzz_a_nul_makes_any_text_invalid(qt: Any, text: str, where: int) -> None:
    text = text[:where] + "\0" + text[where:]
    assert qt.QHostAddress(text).isNull()
    assert qt.QHostAddress.parseSubnet(text)[1] == -1
