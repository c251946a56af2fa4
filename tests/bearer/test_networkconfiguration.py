"""QNetworkConfiguration as a value: what an empty one says, and what its copies share."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from _implementations import Implementation

from qnet.bearer._data import ConfigurationData, Facts, Member
from qnet.bearer._store import ConfigurationStore
from qnet.QtNetwork import QNetworkConfiguration as Configuration


def test_an_empty_one_is_invalid_and_says_nothing(bt: Implementation) -> None:
    empty = bt.QNetworkConfiguration()
    assert not empty.isValid()
    assert empty.identifier() == empty.name() == empty.bearerTypeName() == ""
    assert empty.type() == bt.QNetworkConfiguration.Invalid
    assert int(empty.state()) == int(bt.QNetworkConfiguration.Undefined)
    assert empty.purpose() == bt.QNetworkConfiguration.UnknownPurpose
    assert empty.bearerType() == empty.bearerTypeFamily() == bt.QNetworkConfiguration.BearerUnknown
    assert not empty.isRoamingAvailable()
    assert empty.children() == []


def test_an_empty_one_keeps_no_timeout(bt: Implementation) -> None:
    empty = bt.QNetworkConfiguration()
    assert empty.connectTimeout() == 30_000
    assert not empty.setConnectTimeout(5)
    assert empty.connectTimeout() == 30_000


def test_empty_ones_are_equal_and_copies_are_too(bt: Implementation) -> None:
    empty = bt.QNetworkConfiguration()
    assert empty == bt.QNetworkConfiguration()
    assert empty == bt.QNetworkConfiguration(empty)
    assert empty != 5


def test_every_level_of_the_state_includes_the_ones_before(bt: Implementation) -> None:
    c = bt.QNetworkConfiguration
    assert int(c.Active) & int(c.Discovered) == int(c.Discovered)
    assert int(c.Discovered) & int(c.Defined) == int(c.Defined)
    assert int(c.Undefined) & int(c.Active) == 0


@pytest.mark.parametrize("argument", [5, "eth0", b""])
def test_it_is_made_of_another_one_only(bt: Implementation, argument: Any) -> None:
    with pytest.raises(TypeError):
        bt.QNetworkConfiguration(argument)
    with pytest.raises(TypeError):
        bt.QNetworkConfiguration().swap(argument)


def test_a_timeout_is_a_number(bt: Implementation) -> None:
    with pytest.raises(TypeError):
        bt.QNetworkConfiguration().setConnectTimeout("soon")


# Handles of a record


def point(**changes: Any) -> ConfigurationData:
    facts = {"identifier": "interface:7", "name": "eth7", "bearer_type": Configuration.BearerEthernet, **changes}
    return ConfigurationData(Facts(**facts))


def test_all_handles_show_the_record_as_it_is_now() -> None:
    record = point()
    handle = Configuration._of(record)
    other = Configuration(handle)
    assert (other.identifier(), other.name(), other.bearerTypeName()) == ("interface:7", "eth7", "Ethernet")
    assert handle.setConnectTimeout(77)
    assert other.connectTimeout() == 77
    record.facts = Facts("interface:7", "lan", state=Configuration.Active)
    assert (handle.name(), other.state()) == ("lan", Configuration.Active)


def test_what_is_gone_still_says_what_it_was() -> None:
    record = point(state=Configuration.Active)
    handle = Configuration._of(record)
    record.valid = False
    assert not handle.isValid()
    assert (handle.name(), handle.identifier(), handle.state()) == ("eth7", "interface:7", Configuration.Active)
    assert (handle.bearerType(), handle.bearerTypeName()) == (Configuration.BearerUnknown, "")
    assert handle.type() is Configuration.InternetAccessPoint


def test_swapping_exchanges_the_records() -> None:
    one, two = Configuration._of(point()), Configuration()
    one.swap(two)
    assert not one.isValid()
    assert two.name() == "eth7"


def test_copies_of_every_kind_are_handles_of_the_same_record() -> None:
    handle = Configuration._of(point())
    copies = [Configuration(handle), copy.copy(handle), copy.deepcopy(handle)]
    assert all(each == handle for each in copies)
    assert len({handle, *copies}) == 1
    assert handle != Configuration._of(point())


@pytest.mark.parametrize(
    ("bearer", "family", "name"),
    [
        (Configuration.BearerUnknown, Configuration.BearerUnknown, "Unknown"),
        (Configuration.BearerEthernet, Configuration.BearerEthernet, "Ethernet"),
        (Configuration.BearerWLAN, Configuration.BearerWLAN, "WLAN"),
        (Configuration.Bearer2G, Configuration.Bearer2G, "2G"),
        (Configuration.BearerCDMA2000, Configuration.Bearer3G, "CDMA2000"),
        (Configuration.BearerWCDMA, Configuration.Bearer3G, "WCDMA"),
        (Configuration.BearerHSPA, Configuration.Bearer3G, "HSPA"),
        (Configuration.BearerBluetooth, Configuration.BearerBluetooth, "Bluetooth"),
        (Configuration.BearerWiMAX, Configuration.BearerWiMAX, "WiMAX"),
        (Configuration.BearerEVDO, Configuration.Bearer3G, "EVDO"),
        (Configuration.BearerLTE, Configuration.Bearer4G, "LTE"),
        (Configuration.Bearer3G, Configuration.Bearer3G, "3G"),
        (Configuration.Bearer4G, Configuration.Bearer4G, "4G"),
    ],
)
def test_the_names_and_families_of_bearers(bearer: Any, family: Any, name: str) -> None:
    handle = Configuration._of(point(bearer_type=bearer))
    assert handle.bearerType() is bearer
    assert handle.bearerTypeFamily() is family
    assert handle.bearerTypeName() == name
    assert (
        Configuration._of(point(bearer_type=bearer, bearer_name="carrier pigeon")).bearerTypeName() == "carrier pigeon"
    )


def test_a_service_network_has_those_of_its_children_that_exist() -> None:
    store = ConfigurationStore()
    members = (Member("interface:2"), Member("interface:1"), Member("interface:9"))
    store.put(Facts("interface:1", "one"))
    store.put(Facts("interface:2", "two"))
    store.put(Facts("network:home", "Home", Configuration.ServiceNetwork, members=members, roaming_available=True))
    home = Configuration._of(store.find("network:home"))
    assert [child.name() for child in home.children()] == ["two", "one"]
    assert home.isRoamingAvailable()
    assert home.bearerTypeName() == ""
    store.remove("interface:2")
    assert [child.name() for child in home.children()] == ["one"]


def test_its_repr_tells_the_state() -> None:
    record = point()
    handle = Configuration._of(record)
    assert repr(Configuration()) == "QNetworkConfiguration()"
    assert "eth7" in repr(handle)
    assert "Defined" in repr(handle)
    record.valid = False
    assert "gone" in repr(handle)
