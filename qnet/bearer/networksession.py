"""QNetworkSession: to have a network's interface up, to know what it does, and to move between networks.

Source: https://doc.qt.io/archives/qt-5.15/qnetworksession.html.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from qnet.bearer import _session_states as states
from qnet.bearer._data import ConfigurationType
from qnet.bearer._session_core import SessionCore
from qnet.bearer._session_states import Phase, State
from qnet.bearer._session_waiting import wait_for_opened
from qnet.bearer.networkconfiguration import QNetworkConfiguration
from qnet.core._enums import flat_enums
from qnet.kernel._checks import checked_text
from qnet.kernel.networkinterface import QNetworkInterface

__all__ = ["QNetworkSession"]

_READ_ONLY = ("ActiveConfiguration", "UserChoiceConfiguration")


@flat_enums
class QNetworkSession(SessionCore):
    """A session for *connectionConfig*: an access point, a service network, or the question to the user.

    Two things are told apart. `state` is what the interface does, whoever uses it, and needs no `open`. `isOpen` is
    whether this session has asked for it: while any session of any process is open, no other one's `close` takes the
    interface down. Where `QNetworkConfigurationManager.CanStartAndStopInterfaces` is set, the first `open` starts it,
    and the last `close` stops it if a session has started it. An interface that was up before stays up.

    If the interface is lost, an open session emits `closed`, and `opened` when it is back, until `close` is called. A
    session for a service network with roaming goes to the next member instead. What a program has to do then depends on
    whether anything is connected to `preferredConfigurationChanged`:

    * connected, it is asked first: `migrate` or `ignore`, and after `newConfigurationActivated`, with sockets made
      anew, `accept` or `reject`;
    * not connected, the session moves by itself, and then emits `newConfigurationActivated`.

    A session that is destroyed, or whose program ends, is closed. One whose process is killed counts no more, but what
    it has started stays up.

    Sessions work in any thread. Their signals need its event loop; without one there is `waitForOpened`.
    """

    State: TypeAlias = states.State
    SessionError: TypeAlias = states.SessionError
    UsagePolicy: TypeAlias = states.UsagePolicy
    UsagePolicies: TypeAlias = states.UsagePolicy

    # -- opening and closing

    def open(self) -> None:
        """Open the session; `opened` or `error` follows.

        At once, if the interface is up or nothing can be done. Otherwise it is started (`state`: Connecting), which may
        take as long as `QNetworkConfiguration.connectTimeout` says, and for a service network, whose best member that
        works is taken, else the best that can be started, that long for each member. Nothing follows if the session is
        open or opening.

        Errors: InvalidConfigurationError if there is nothing to open; SessionAbortedError if the user has chosen none,
        or somebody has called `stop`; UnknownSessionError if it does not connect in time, or if the session cannot be
        counted (the disk is full, say); what the engine reports.
        """
        self._q_open()

    def close(self) -> None:
        """Close the session: `closed` follows within the call, if it was open; it does not open again by itself.

        If it was the last one of all processes, and a session has started the interface, that is stopped then.
        """
        self._q_close()

    def stop(self) -> None:
        """Stop the interface, and close all its sessions, of this and of other processes.

        Each emits `closed`, and `error` with SessionAbortedError. The state becomes Closing, and then what the
        interface does. Where interfaces cannot be stopped the sessions are closed all the same; then
        OperationNotSupportedError follows.

        An interface that no session of this user has brought up stays up likewise: it may be the computer's only
        network, and `open` would not bring its addresses and routes back. Qt stops it, and so does qnet if the session
        property ``StopAnyInterface`` is True.
        """
        self._q_stop()

    def waitForOpened(self, msecs: int = 30000) -> bool:
        """Block until the session is open, at most *msecs* milliseconds (-1: no limit). Returns whether it is.

        False at once if nobody has called `open`, or if it has failed. It needs no event loop, works in any thread, and
        emits what has happened.
        """
        if isinstance(msecs, bool) or not isinstance(msecs, int):
            raise TypeError(f"a time is an int of milliseconds, not {type(msecs).__name__}")
        return wait_for_opened(self, msecs)

    # -- what there is

    def isOpen(self) -> bool:
        """Whether this session is open: `open` was called, and its interface is up."""
        return self._q_phase is Phase.OPEN

    def state(self) -> states.State:
        """What the interface does. Within slots of `opened` and `closed` that is what `stateChanged` will say next."""
        return self._q_state

    def configuration(self) -> QNetworkConfiguration:
        """The configuration that the session was made for; `sessionProperty` tells which access point it uses."""
        return QNetworkConfiguration(self._q_configuration)

    def interface(self) -> QNetworkInterface:
        """The interface that is used, or would be; an invalid one unless `state` is Connected."""
        member = self._q_active or self._q_best_member()
        if self._q_state is not State.Connected or member is None or not member.facts.interface_index:
            return QNetworkInterface()
        return QNetworkInterface.interfaceFromIndex(member.facts.interface_index)

    def errorString(self) -> str:
        """What went wrong last, for people."""
        return self._q_error_text

    def usagePolicies(self) -> states.UsagePolicy:
        """What the system asks for: NoBackgroundTrafficPolicy where traffic is probably paid for by volume.

        That is a guess: cellular networks and Bluetooth are, others are not.
        """
        return self._q_policies

    def activeTime(self) -> int:
        """For how many seconds the session has been open since the last `open`."""
        return int(self._q_traffic.seconds())

    def bytesWritten(self) -> int:
        """How many bytes the interfaces that the session has used have sent meanwhile, whoever has written them.

        Counted since the last `open`; 0 before that, and where the engine does not count (`DataStatistics`).
        """
        return self._q_traffic.bytes()[0]

    def bytesReceived(self) -> int:
        """How many bytes they have received; see `bytesWritten`."""
        return self._q_traffic.bytes()[1]

    # -- properties

    def sessionProperty(self, key: str) -> Any:
        """A property of the session; None if it is not set, or if the configuration is invalid.

        ===========================  ================================================================================
        ``ActiveConfiguration``      while it is open: the identifier of the access point that it uses, else ""
        ``UserChoiceConfiguration``  while it is open: what the user has chosen, if the configuration is a UserChoice
        ``ConnectInBackground``      True: `open` asks nobody, and takes the best network instead
        ``AutoCloseSessionTimeout``  milliseconds from `opened` until it closes itself; -1, the default: never
        ``StopAnyInterface``         True: `stop` stops an interface that no session has brought up, too (not in Qt)
        ===========================  ================================================================================

        Any other name is the program's own.
        """
        key = checked_text(key, "the name of a property")
        if not QNetworkConfiguration.isValid(self._q_configuration):
            return None
        if key in _READ_ONLY:
            return self._q_identifier(key) if self._q_phase is Phase.OPEN else ""
        return self._q_properties.get(key, -1 if key == "AutoCloseSessionTimeout" else None)

    def _q_identifier(self, key: str) -> str:
        record = self._q_active
        if key == "UserChoiceConfiguration":
            asked = QNetworkConfiguration.type(self._q_configuration) is ConfigurationType.UserChoice
            record = self._q_target if asked else None
        return record.identifier if record is not None else ""

    def setSessionProperty(self, key: str, value: Any) -> None:
        """Set a property, None to remove it; see `sessionProperty`.

        The first two cannot be set: nothing happens. AutoCloseSessionTimeout begins to run at once if the session is
        open; it is removed when it has closed the session.
        """
        key = checked_text(key, "the name of a property")
        if key in _READ_ONLY or not QNetworkConfiguration.isValid(self._q_configuration):
            return
        if key == "AutoCloseSessionTimeout" and value is not None:
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"AutoCloseSessionTimeout is an int of milliseconds, not {type(value).__name__}")
            value = max(-1, value)
        if value is None:
            self._q_properties.pop(key, None)
        else:
            self._q_properties[key] = value
        if key == "AutoCloseSessionTimeout" and self._q_phase is Phase.OPEN:
            self._q_timers.limit_session(-1 if value is None else value)

    # -- roaming

    def migrate(self) -> None:
        """In answer to `preferredConfigurationChanged`: go to that access point.

        `state` is Roaming until `newConfigurationActivated` is emitted, or `error` with RoamingError. The old access
        point stays until `accept`. Without an offer nothing happens, as with the following three.
        """
        if self._q_roaming is not None:
            self._q_follow(self._q_roaming.migrate())

    def ignore(self) -> None:
        """In answer to `preferredConfigurationChanged`: stay.

        The same access point is offered again when it was lost and is back, or when the session's own is lost. If that
        is lost already, the session is, too.
        """
        if self._q_roaming is not None:
            self._q_follow(self._q_roaming.ignore())

    def accept(self) -> None:
        """In answer to `newConfigurationActivated`: stay there. The old access point is not held any more."""
        if self._q_roaming is not None:
            self._q_follow(self._q_roaming.accept())

    def reject(self) -> None:
        """In answer to `newConfigurationActivated`: go back. Sockets that were made over the new one may break."""
        if self._q_roaming is not None:
            self._q_follow(self._q_roaming.reject())

    def __repr__(self) -> str:
        name = QNetworkConfiguration.name(self._q_configuration)
        open_ = "open" if self._q_phase is Phase.OPEN else self._q_phase.name.lower()
        return f"<{type(self).__name__} {name!r} {self._q_state.name}, {open_}>"
