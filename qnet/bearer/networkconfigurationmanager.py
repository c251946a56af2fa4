"""QNetworkConfigurationManager: the configurations of this machine, and the news about them.

Source: https://doc.qt.io/archives/qt-5.15/qnetworkconfigurationmanager.html.
"""

from __future__ import annotations

from qnet.bearer import _capabilities as capabilities
from qnet.bearer import _data as data
from qnet.bearer import _service_networks  # here, and not when the bearer thread needs it: loading takes time
from qnet.bearer._data import ConfigurationData
from qnet.bearer._watch import Change, ConfigurationWatch
from qnet.bearer.networkconfiguration import QNetworkConfiguration
from qnet.core._enums import flat_enums
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.kernel._checks import checked_text

__all__ = ["QNetworkConfigurationManager"]

assert _service_networks  # it says what the default is

_EVERY_STATE = data.StateFlag(0)


@flat_enums
class QNetworkConfigurationManager(QObject):
    """Tells which access points and service networks there are, which is the default, and what changes.

    All managers of a process show the same configurations, which engines in a thread of their own keep up to date while
    there is a manager or a session. Making a manager waits for nothing. The first question may: up to 100 ms, for what
    the engines find first. What they find later is announced.

    Signals follow about 50 ms after a change where the system tells of it (Linux), and after up to ten seconds where it
    has to be asked (QT_BEARER_POLL_TIMEOUT, in milliseconds, makes that shorter). Whatever has happened by then is
    announced once, and what is as before not at all.
    """

    Capability = capabilities.Capability
    Capabilities = capabilities.Capability

    configurationAdded = Signal(QNetworkConfiguration)
    """There is a new configuration."""
    configurationChanged = Signal(QNetworkConfiguration)
    """Something about a configuration is different: its state, its name, its children."""
    configurationRemoved = Signal(QNetworkConfiguration)
    """A configuration is gone; the argument is not valid any more, but still tells its name and identifier."""
    onlineStateChanged = Signal(bool)
    """`isOnline` is another: the argument. It follows the change of the configuration that has made it so."""
    updateCompleted = Signal()
    """The engines have looked for the first time, or as somebody's `updateConfigurations` asked them to."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__()
        self._q_watch = ConfigurationWatch(self)
        self._q_online = _is_online(self._q_watch.store().known())
        self._q_watch.changed.connect(self._q_announce)
        self._q_watch.updated.connect(self._q_complete)
        if parent is not None:  # last: the parent would keep an object whose constructor failed
            QObject.setParent(self, parent)

    # -- what there is

    def allConfigurations(self, flags: data.StateFlag = _EVERY_STATE) -> list[QNetworkConfiguration]:
        """The access points and service networks whose state has all *flags*; all of them without.

        The question which network to take (a UserChoice) is none of them: only `defaultConfiguration` is ever one.
        """
        if not isinstance(flags, data.StateFlag):
            raise TypeError(f"flags are QNetworkConfiguration.StateFlags, not {type(flags).__name__}")
        return [
            QNetworkConfiguration._of(record)
            for record in self._q_look_up()
            if record.facts.has_state(flags) and record.facts.type is not data.ConfigurationType.UserChoice
        ]

    def configurationFromIdentifier(self, identifier: str | None, /) -> QNetworkConfiguration:
        """The one with this `QNetworkConfiguration.identifier`; an invalid one if there is none now."""
        wanted = checked_text(identifier, "the identifier of a configuration")
        self._q_look_up()
        return QNetworkConfiguration._of(self._q_watch.store().find(wanted))

    def defaultConfiguration(self) -> QNetworkConfiguration:
        """The one that a program should use if nobody has told it another.

        It is what the user's file of service networks says. If that says nothing, it is an active access point, or one
        that can be started; Ethernet before WLAN before the rest, and the oldest interface first. Invalid if there is
        none.
        """
        self._q_look_up()
        return QNetworkConfiguration._of(self._q_watch.store().default())

    def isOnline(self) -> bool:
        """Whether any access point is active."""
        return _is_online(self._q_look_up())

    def capabilities(self) -> capabilities.Capability:
        """What the engines, and the sessions, can do on this system and with the rights of this process."""
        return self._q_watch.store().capabilities() | capabilities.of_sessions()

    def updateConfigurations(self) -> None:
        """Have everything looked at again; `updateCompleted` follows, from the event loop, after what is different."""
        self._q_watch.store().request_update()

    # -- what changes

    def _q_look_up(self) -> list[ConfigurationData]:
        first = not self._q_watch.has_begun()
        records = self._q_watch.look_up()
        if first:
            self._q_online = _is_online(records)  # the caller sees it himself
        return records

    def _q_announce(self, changes: list[tuple[Change, ConfigurationData]]) -> None:
        online = _is_online(self._q_watch.store().known())
        for change, record in changes:
            if record.facts.type is not data.ConfigurationType.UserChoice:
                _SIGNALS[change].emit_from(self, QNetworkConfiguration._of(record))
            if online and record.facts.has_state(data.StateFlag.Active):
                self._q_set_online(True)
        self._q_set_online(online)

    def _q_set_online(self, online: bool) -> None:
        if online != self._q_online:
            self._q_online = online
            QNetworkConfigurationManager.onlineStateChanged.emit_from(self, online)

    def _q_complete(self) -> None:
        QNetworkConfigurationManager.updateCompleted.emit_from(self)


_SIGNALS = {
    Change.ADDED: QNetworkConfigurationManager.configurationAdded,
    Change.CHANGED: QNetworkConfigurationManager.configurationChanged,
    Change.REMOVED: QNetworkConfigurationManager.configurationRemoved,
}


def _is_online(records: list[ConfigurationData]) -> bool:
    return any(record.facts.has_state(data.StateFlag.Active) for record in records)
