"""QNetworkConfiguration: a handle of an access point, or of a group of them.

Source: https://doc.qt.io/archives/qt-5.15/qnetworkconfiguration.html.
"""

from __future__ import annotations

from qnet.bearer import _data as data
from qnet.bearer._data import ConfigurationData, Facts
from qnet.core._enums import flat_enums

__all__ = ["QNetworkConfiguration"]

_NOTHING = Facts("", type=data.ConfigurationType.Invalid, state=data.StateFlag.Undefined)

_UNKNOWN = data.BearerType.BearerUnknown
_NAMES = {
    data.BearerType.BearerEthernet: "Ethernet",
    data.BearerType.BearerWLAN: "WLAN",
    data.BearerType.Bearer2G: "2G",
    data.BearerType.BearerCDMA2000: "CDMA2000",
    data.BearerType.BearerWCDMA: "WCDMA",
    data.BearerType.BearerHSPA: "HSPA",
    data.BearerType.BearerBluetooth: "Bluetooth",
    data.BearerType.BearerWiMAX: "WiMAX",
    data.BearerType.BearerEVDO: "EVDO",
    data.BearerType.BearerLTE: "LTE",
    data.BearerType.Bearer3G: "3G",
    data.BearerType.Bearer4G: "4G",
}
_FAMILIES = {
    data.BearerType.BearerCDMA2000: data.BearerType.Bearer3G,
    data.BearerType.BearerWCDMA: data.BearerType.Bearer3G,
    data.BearerType.BearerHSPA: data.BearerType.Bearer3G,
    data.BearerType.BearerEVDO: data.BearerType.Bearer3G,
    data.BearerType.BearerLTE: data.BearerType.Bearer4G,
}


@flat_enums
class QNetworkConfiguration:
    """What a session is opened for: an access point, a service network, or the question which of them.

    ``QNetworkConfiguration()`` is invalid, ``QNetworkConfiguration(other)`` a copy. All copies are handles of one
    record: `state` and `connectTimeout` are shared and always up to date. When the network is gone, all become
    invalid for good, and name, identifier and state stay what they were.
    """

    Type = data.ConfigurationType
    Purpose = data.Purpose
    BearerType = data.BearerType
    StateFlag = data.StateFlag
    StateFlags = data.StateFlag

    __slots__ = ("__weakref__", "_record")

    _record: ConfigurationData | None

    def __init__(self, other: QNetworkConfiguration | None = None, /) -> None:
        if other is None:
            self._record = None
        elif isinstance(other, QNetworkConfiguration):
            self._record = other._record
        else:
            raise TypeError(f"expected a QNetworkConfiguration, not {type(other).__name__}")

    @classmethod
    def _of(cls, record: ConfigurationData | None) -> QNetworkConfiguration:
        configuration = cls()
        configuration._record = record
        return configuration

    @property
    def _facts(self) -> Facts:
        return _NOTHING if self._record is None else self._record.facts

    def isValid(self) -> bool:
        """Whether there is such a configuration. False for what does not exist any more, or never has."""
        return self._record is not None and self._record.valid

    def identifier(self) -> str:
        """What `QNetworkConfigurationManager.configurationFromIdentifier` finds it by; names change, this does not."""
        return self._facts.identifier

    def name(self) -> str:
        """What people call it: an interface's name, or the one that the user gave to a service network."""
        return self._facts.name

    def type(self) -> data.ConfigurationType:
        """What it leads to; Invalid for ``QNetworkConfiguration()``."""
        return self._facts.type

    def state(self) -> data.StateFlag:
        """How far it is usable now."""
        return self._facts.state

    def purpose(self) -> data.Purpose:
        """What the network is for, as far as the user or the system has said it."""
        return self._facts.purpose

    def bearerType(self) -> data.BearerType:
        """What carries the packets of an access point; BearerUnknown for groups, and for what is not valid."""
        return self._facts.bearer_type if QNetworkConfiguration.isValid(self) else _UNKNOWN

    def bearerTypeFamily(self) -> data.BearerType:
        """The generation of a mobile network (Bearer3G, Bearer4G), else the same as `bearerType`."""
        bearer = QNetworkConfiguration.bearerType(self)
        return _FAMILIES.get(bearer, bearer)

    def bearerTypeName(self) -> str:
        """`bearerType` for people: "Ethernet", "WLAN", "LTE"; "" for groups and for what is not valid."""
        facts = self._facts
        if facts.type is not data.ConfigurationType.InternetAccessPoint or not QNetworkConfiguration.isValid(self):
            return ""
        return facts.bearer_name or _NAMES.get(facts.bearer_type, "Unknown")

    def isRoamingAvailable(self) -> bool:
        """Whether sessions may move from one child of a service network to another."""
        return self._facts.roaming_available

    def children(self) -> list[QNetworkConfiguration]:
        """The access points of a service network that exist now, in its order; none for anything else."""
        return (
            [QNetworkConfiguration._of(child) for child in self._record.children()] if self._record is not None else []
        )

    def connectTimeout(self) -> int:
        """How long the network may take to connect, in milliseconds: 30,000 unless it was set."""
        return data.CONNECT_TIMEOUT if self._record is None else self._record.connect_timeout

    def setConnectTimeout(self, timeout: int, /) -> bool:
        """Set `connectTimeout` for all handles of this configuration; False for ``QNetworkConfiguration()``."""
        if isinstance(timeout, bool) or not isinstance(timeout, int):
            raise TypeError(f"a timeout is an int of milliseconds, not {type(timeout).__name__}")
        if self._record is None:
            return False
        self._record.connect_timeout = timeout
        return True

    def swap(self, other: QNetworkConfiguration, /) -> None:
        """Exchange what this and *other* are handles of."""
        if not isinstance(other, QNetworkConfiguration):
            raise TypeError(f"expected a QNetworkConfiguration, not {type(other).__name__}")
        self._record, other._record = other._record, self._record

    def __eq__(self, other: object) -> bool:
        """Whether both are handles of one record."""
        if not isinstance(other, QNetworkConfiguration):
            return NotImplemented
        return self._record is other._record

    def __hash__(self) -> int:
        return hash(self._record)

    def __copy__(self) -> QNetworkConfiguration:
        return QNetworkConfiguration(self)

    def __deepcopy__(self, memo: object) -> QNetworkConfiguration:
        return QNetworkConfiguration(self)

    def __repr__(self) -> str:
        if self._record is None:
            return "QNetworkConfiguration()"
        return f"<QNetworkConfiguration {self._record!r}>"
