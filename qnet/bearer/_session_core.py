"""What a session does: it follows its configuration, holds interfaces, and moves between the members of a network.

Three parts decide, each without I/O: `_session_states` whether the session is open, `_roaming` on which member it is,
and the store what there is. This class asks them, one after the other, whenever something may be different (`_q_look`),
and does what they say. Whatever it is that has happened (news of the store or of another process, a timer, a blocking
call that looks by itself), the way is this one, and looking twice does no harm.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType, WeakSet

from qnet.bearer import _session_texts as texts
from qnet.bearer._capabilities import Capability
from qnet.bearer._data import BearerType, ConfigurationData, ConfigurationType, Facts, StateFlag
from qnet.bearer._roaming import Deed, Roaming, Stage, Step
from qnet.bearer._session_error import ErrorSignal
from qnet.bearer._session_hub import SessionHub
from qnet.bearer._session_members import candidates, members_to_open
from qnet.bearer._session_states import (
    TABLE,
    Effect,
    Event,
    Phase,
    SessionError,
    State,
    UsagePolicy,
    interface_state,
)
from qnet.bearer._session_timers import SessionTimers
from qnet.bearer._session_traffic import Traffic
from qnet.bearer._watch import ConfigurationWatch
from qnet.bearer.chooser import choose
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.networkconfiguration import QNetworkConfiguration
from qnet.core._post import post_call, post_to_data
from qnet.core.object import QObject
from qnet.core.signals import Signal

if TYPE_CHECKING:
    from qnet.bearer._session_waiting import Alarm
    from qnet.bearer._system_sessions import Registration

__all__ = ["SessionCore"]

_METERED = frozenset(BearerType) - {BearerType.BearerUnknown, BearerType.BearerEthernet, BearerType.BearerWLAN}
_Failure = QBearerEngine.ConnectionError


class SessionCore(QObject):
    """`QNetworkSession` without its public methods; the signals are documented there."""

    opened = Signal()
    """The session is open; the interface stays up as long as it is."""
    closed = Signal()
    """The session is not open any more: `close`, somebody's `stop`, or the interface is gone."""
    stateChanged = Signal(State)
    """`state` is another: the argument."""
    error = ErrorSignal(SessionError)
    """Something did not work: the argument says what, `errorString` why. Called, ``error()`` returns the last one."""
    preferredConfigurationChanged = Signal(QNetworkConfiguration, bool)
    """There is a better access point: `migrate` to it, or `ignore` it. The second argument: do sockets survive that?"""
    newConfigurationActivated = Signal()
    """The session uses another access point now: make sockets anew, then `accept` or `reject` it."""
    usagePoliciesChanged = Signal(UsagePolicy)
    """`usagePolicies` are others: the argument."""

    def __init__(self, connectionConfig: QNetworkConfiguration, parent: QObject | None = None) -> None:
        if not isinstance(connectionConfig, QNetworkConfiguration):
            raise TypeError(f"a QNetworkConfiguration is expected, not {type(connectionConfig).__name__}")
        super().__init__()
        self._q_configuration = QNetworkConfiguration(connectionConfig)
        self._q_record: ConfigurationData | None = connectionConfig._record
        self._q_target = self._q_record  # what a UserChoice was resolved to, else the same
        self._q_active: ConfigurationData | None = None  # the access point, from open() to close()
        self._q_holds: dict[str, Registration] = {}
        self._q_untried: deque[ConfigurationData] = deque()
        self._q_phase = Phase.CLOSED
        self._q_changes = 0  # of the phase: what an effect's slots have done counts
        self._q_roaming: Roaming | None = None
        self._q_deeds: deque[Deed] = deque()
        self._q_busy = self._q_choosing = self._q_stopping = self._q_started = False
        self._q_refused: tuple[ConfigurationData, Facts] | None = None  # what could not be opened, as it was
        self._q_properties: dict[str, Any] = {}
        self._q_alarm: Alarm | None = None  # while a thread waits for it
        self._q_sources: WeakSet[Any] = WeakSet()  # what prepares sockets, see qnet.bearer.sessionbinding
        self._q_error = SessionError.UnknownSessionError
        self._q_error_text = texts.of(SessionError.UnknownSessionError)
        self._q_watch = ConfigurationWatch(self)
        self._q_hub = SessionHub.of(self._q_watch.store())
        self._q_watch.changed.connect(self._q_look)
        self._q_watch.failed.connect(self._q_engine_failed)
        self._q_timers = SessionTimers(self)
        self._q_traffic = Traffic(self._q_watch.store().statistics)
        self._q_state = self._q_announced = self._q_now()
        self._q_policies = self._q_policies_now()
        if self._q_state is State.Invalid:
            self._q_note_error(SessionError.InvalidConfigurationError, texts.INVALID)
        if parent is not None:  # last: the parent would keep an object whose constructor failed
            QObject.setParent(self, parent)

    # -- opening

    def _q_open(self) -> None:
        if self._q_phase in (Phase.OPENING, Phase.OPEN) or self._q_choosing:
            return
        target = self._q_resolve()
        if target is None:
            return
        members = members_to_open(target, self._q_can_start())
        if not members:
            self._q_refused = target, target.facts
            self._q_show()
            self._q_fail(SessionError.InvalidConfigurationError)
            return
        self._q_target, self._q_refused = target, None
        self._q_untried = deque(members)
        self._q_traffic = Traffic(self._q_watch.store().statistics)
        problem = self._q_try_next()
        if problem:
            self._q_fail(SessionError.UnknownSessionError, problem)
            return
        ready = Event.UP if self._q_phase is Phase.LOST else Event.OPEN_READY
        self._q_happen(ready if self._q_is_ready() else Event.OPEN_START)

    def _q_resolve(self) -> ConfigurationData | None:
        """The access point or service network to open; None, with an error, if there is none."""
        record = self._q_record
        if record is None or not record.valid:
            self._q_fail(SessionError.InvalidConfigurationError, texts.INVALID)
            return None
        if record.facts.type is not ConfigurationType.UserChoice:
            return record
        found = [QNetworkConfiguration._of(each) for each in self._q_watch.store().all()]
        self._q_choosing = True
        try:
            chosen = choose(found, ask=not self._q_properties.get("ConnectInBackground"))
        finally:
            called_off, self._q_choosing = not self._q_choosing, False
        if called_off or not self._q.alive:
            return None
        if chosen is None or chosen._record is None:
            self._q_fail(SessionError.SessionAbortedError)
            return None
        return chosen._record

    def _q_try_next(self) -> str:
        """Hold the next member that could be the one; a text if that cannot be."""
        member = self._q_untried.popleft()
        self._q_started = False
        try:
            hold = self._q_hold(member.identifier)
        except OSError as error:
            return texts.not_counted(error)
        for identifier in [each for each in self._q_holds if each != member.identifier]:
            self._q_leave(identifier)
        self._q_holds[member.identifier] = hold
        self._q_active = member
        is_network = self._q_target is not None and self._q_target.facts.type is ConfigurationType.ServiceNetwork
        if is_network and self._q_target is not None:
            self._q_roaming = Roaming(member.identifier, self._q_target.facts.roaming_available)
        else:
            self._q_roaming = None
        return ""

    def _q_is_ready(self) -> bool:
        active, hold = self._q_active, self._q_active_hold()
        return (
            active is not None and hold is not None and active.facts.has_state(StateFlag.Active) and not hold.must_wait
        )

    def _q_start(self) -> None:
        """Have the interface started, unless somebody is taking it down: then as soon as that is over."""
        active, hold = self._q_active, self._q_active_hold()
        self._q_timers.limit_opening(QNetworkConfiguration.connectTimeout(self._q_configuration))
        if active is None or hold is None or hold.must_wait:
            self._q_timers.look_again()
            return
        self._q_started = True
        try:
            self._q_hub.start(hold)
        except OSError as error:
            self._q_fail_to_open(SessionError.UnknownSessionError, texts.not_counted(error))

    def _q_fail_to_open(self, code: SessionError, text: str = "") -> None:
        """The member cannot be had: the next one, if there is one, else that was it."""
        self._q_timers.end_opening()
        while self._q_untried:
            problem = self._q_try_next()
            if problem:
                code, text = SessionError.UnknownSessionError, problem
                continue
            if self._q_is_ready():
                self._q_happen(Event.UP)
            else:
                self._q_start()
            return
        self._q_note_error(code, text)
        self._q_happen(Event.FAILED)

    # -- what happens

    def _q_look(self) -> None:
        """See what is different, and do what follows from it."""
        record, hold = self._q_target, self._q_active_hold()
        if record is None:
            return
        if not record.valid or (self._q_record is not None and not self._q_record.valid):
            if self._q_phase is Phase.OPENING:
                self._q_note_error(SessionError.InvalidConfigurationError, texts.INVALID)
            self._q_happen(Event.GONE)
        elif hold is not None and hold.stopped:
            self._q_happen(Event.STOPPED)
        elif self._q_phase is Phase.OPENING:
            self._q_look_opening()
        elif self._q_roaming is not None and self._q_phase in (Phase.OPEN, Phase.LOST):
            self._q_roam()
        elif self._q_active is not None:
            up = self._q_active.facts.has_state(StateFlag.Active)
            self._q_happen(Event.UP if up and self._q_phase is Phase.LOST else Event.DOWN if not up else None)
        if self._q_refused is not None and self._q_refused[0].facts != self._q_refused[1]:
            self._q_refused = None
        if self._q_stopping and not self._q_interface_facts().has_state(StateFlag.Active):
            self._q_stopping = False
        self._q_show()

    def _q_look_opening(self) -> None:
        if self._q_is_ready():
            self._q_happen(Event.UP)
        elif self._q_active is not None and not self._q_active.valid:
            self._q_fail_to_open(SessionError.InvalidConfigurationError)
        elif not self._q_started:
            self._q_start()  # it had to wait, or has to wait still

    def _q_look_closely(self) -> None:
        """Nobody may have told: a process that was killed tells nothing."""
        self._q_hub.sessions.look()
        self._q_look()

    def _q_opening_expired(self) -> None:
        if self._q_phase is Phase.OPENING:
            limit = QNetworkConfiguration.connectTimeout(self._q_configuration)
            self._q_fail_to_open(SessionError.UnknownSessionError, f"not connected within {limit} ms")

    def _q_session_expired(self) -> None:
        self._q_properties.pop("AutoCloseSessionTimeout", None)
        self._q_close()

    def _q_happen(self, event: Event | None) -> None:
        """Change the phase as the table says, and do what belongs to it; a slot that changes it again ends that."""
        found = TABLE.get((self._q_phase, event)) if event is not None else None
        if found is None:
            return
        self._q_phase, effects = found
        self._q_changes += 1
        now = self._q_changes
        self._q_state = self._q_now()  # slots of the signals that come first see it already
        for effect in effects:
            if self._q_changes == now and self._q.alive:
                self._q_do(effect)
        if self._q_changes == now and self._q.alive:
            self._q_show()
            if self._q_phase is Phase.OPEN:
                self._q_roam()  # what works now, and with which addresses, has to be known before anything is lost

    def _q_do(self, effect: Effect) -> None:
        if effect is Effect.START:
            self._q_show()
            self._q_start()
        elif effect is Effect.RELEASE:
            self._q_release()
        elif effect is Effect.OPENED:
            self._q_timers.end_opening()
            self._q_timers.limit_session(self._q_properties.get("AutoCloseSessionTimeout", -1))
            self._q_begin_traffic()
            SessionCore.opened.emit_from(self)
        elif effect is Effect.CLOSED:
            self._q_traffic.end()
            SessionCore.closed.emit_from(self)
        elif effect is Effect.ABORTED:
            self._q_fail(SessionError.SessionAbortedError)
        else:
            SessionCore.error.emit_from(self, self._q_error)

    def _q_close(self) -> None:
        self._q_choosing = False
        self._q_happen(Event.CLOSE)

    def _q_stop(self) -> None:
        active = self._q_active or self._q_best_member()
        if active is None or not active.valid:
            return
        can = self._q_can_start()
        obstacle = self._q_obstacle(active) if can else ""
        can = can and not obstacle
        self._q_stopping = active.facts.has_state(StateFlag.Active)
        self._q_show()
        mine = self._q_hub.sessions.stop(active.identifier, ends=can)
        if mine:
            self._q_hub.take_down(active.identifier)
        self._q_look()
        if not can and self._q.alive:
            self._q_stopping = False
            self._q_show()
            self._q_fail(SessionError.OperationNotSupportedError, obstacle)

    def _q_obstacle(self, active: ConfigurationData) -> str:
        """Why `stop` has to leave the interface up, where interfaces can be stopped at all; "" if it need not."""
        sessions = self._q_hub.sessions
        is_own = sessions.was_started(active.identifier) or not active.facts.has_state(StateFlag.Active)
        if not sessions.may_end(active.identifier):
            return "other users have sessions"
        if is_own or self._q_properties.get("StopAnyInterface", False):
            return ""
        return "no session has brought it up; with the session property StopAnyInterface it is stopped all the same"

    def _q_engine_failed(self, identifier: str, code: QBearerEngine.ConnectionError, text: str) -> None:
        active = self._q_active or self._q_best_member()
        if active is None or active.identifier != identifier:
            return
        error = texts.OF_ENGINES.get(code, SessionError.UnknownSessionError)
        if self._q_stopping:
            self._q_stopping = False
            self._q_show()
            self._q_fail(error, text)
        elif self._q_phase is Phase.OPENING and code is not _Failure.DisconnectError and self._q_started:
            self._q_fail_to_open(error, text)

    # -- interfaces

    def _q_hold(self, identifier: str) -> Registration:
        held = self._q_holds.get(identifier)
        if held is not None and not held.stopped:
            return held
        self._q_leave(identifier)
        return self._q_hub.hold(identifier, _News(self))

    def _q_leave(self, identifier: str) -> None:
        hold = self._q_holds.pop(identifier, None)
        if hold is not None:
            self._q_hub.release(hold)

    def _q_release(self) -> None:
        self._q_timers.stop()
        self._q_roaming = None
        self._q_deeds.clear()
        self._q_untried.clear()
        self._q_active, self._q_target = None, self._q_record
        for identifier in list(self._q_holds):
            self._q_leave(identifier)

    def _q_active_hold(self) -> Registration | None:
        return self._q_holds.get(self._q_active.identifier) if self._q_active is not None else None

    def _q_can_start(self) -> bool:
        return bool(self._q_watch.store().capabilities() & Capability.CanStartAndStopInterfaces)

    def _q_best_member(self) -> ConfigurationData | None:
        """What a session that is not open would use now: the access point itself, or the best member."""
        record = self._q_target
        if record is None or record.facts.type is ConfigurationType.InternetAccessPoint:
            return record
        return next(iter(members_to_open(record, can_start=False)), None)

    def _q_begin_traffic(self) -> None:
        if self._q_active is not None:
            self._q_traffic.begin(self._q_active.identifier)

    # -- roaming

    def _q_roam(self) -> None:
        roaming, target = self._q_roaming, self._q_target
        if roaming is None or target is None:
            return
        signal = SessionCore.preferredConfigurationChanged.existing(self)
        consulted = signal is not None and bool(signal.live())
        now = self._q_timers.now()
        self._q_follow(roaming.update(candidates(target), consulted, now))
        soon = roaming.next_look()
        if soon is not None:
            self._q_timers.look_again(soon - now)

    def _q_follow(self, deeds: list[Deed]) -> None:
        """Do *deeds* in their order; what follows from a slot's doing comes after them."""
        self._q_deeds.extend(deeds)
        if self._q_busy:
            return
        self._q_busy = True
        try:
            while self._q_deeds and self._q_roaming is not None:
                self._q_carry_out(self._q_deeds.popleft())
        finally:
            self._q_busy = False
        self._q_show()

    def _q_carry_out(self, deed: Deed) -> None:
        step, identifier = deed.step, deed.identifier
        if step is Step.OFFER:
            self._q_show()
            configuration = QNetworkConfiguration._of(self._q_watch.store().find(identifier))
            seamless = deed.seamless and all(source.can_follow() for source in list(self._q_sources))
            SessionCore.preferredConfigurationChanged.emit_from(self, configuration, seamless)
        elif step is Step.BEGIN:
            self._q_begin_move(identifier)
        elif step is Step.ARRIVE:
            self._q_use(identifier)
            self._q_show()
            SessionCore.newConfigurationActivated.emit_from(self)
        elif step is Step.RETURN:
            self._q_use(identifier)
            self._q_show()
        elif step is Step.LEAVE:
            self._q_leave(identifier)
        elif step is Step.FAIL:
            self._q_fail(SessionError.RoamingError)
        elif step is Step.STRAND:
            self._q_happen(Event.DOWN)
        else:
            self._q_reopen(identifier)

    def _q_begin_move(self, identifier: str) -> None:
        try:
            self._q_holds[identifier] = self._q_hold(identifier)
        except OSError:
            self._q_moved(identifier, False)
            return
        self._q_show()
        post_call(self, self._q_moved, identifier, True)

    def _q_moved(self, identifier: str, arrived: bool) -> None:
        roaming, hold = self._q_roaming, self._q_holds.get(identifier)
        if roaming is None:
            return
        if arrived and hold is not None and not hold.must_wait and not hold.stopped:
            self._q_follow(roaming.arrived(identifier))
        else:  # it is about to go down
            self._q_follow(roaming.failed(identifier))

    def _q_use(self, identifier: str) -> None:
        member = self._q_watch.store().find(identifier)
        if member is not None:
            self._q_active = member
            self._q_begin_traffic()

    def _q_reopen(self, identifier: str) -> None:
        before = self._q_active.identifier if self._q_active is not None else ""
        try:
            self._q_holds[identifier] = self._q_hold(identifier)
        except OSError as error:
            self._q_note_error(SessionError.UnknownSessionError, texts.not_counted(error))
            self._q_happen(Event.FAILED)
            return
        if before != identifier:
            self._q_leave(before)
        self._q_use(identifier)
        self._q_happen(Event.UP)

    # -- what is shown

    def _q_interface_facts(self) -> Facts:
        """Of what the session uses, or would use."""
        record = self._q_active or self._q_target
        assert record is not None
        return record.facts

    def _q_now(self) -> State:
        record = self._q_record
        if record is None or not record.valid or self._q_refused is not None:
            return State.Invalid
        if self._q_stopping:
            return State.Closing
        if self._q_phase is Phase.OPENING or self._q_choosing:
            return State.Connecting
        stage = self._q_roaming.stage if self._q_roaming is not None and self._q_phase is Phase.OPEN else None
        if stage in (Stage.MIGRATING, Stage.ADRIFT):
            return State.Roaming
        return interface_state(self._q_interface_facts())

    def _q_policies_now(self) -> UsagePolicy:
        member = self._q_active or self._q_best_member()
        metered = member is not None and member.valid and member.facts.bearer_type in _METERED
        return UsagePolicy.NoBackgroundTrafficPolicy if metered else UsagePolicy.NoPolicy

    def _q_show(self) -> None:
        """Announce what is different by now."""
        state = self._q_state = self._q_now()
        if state is not self._q_announced:
            self._q_announced = state
            SessionCore.stateChanged.emit_from(self, state)
        policies = self._q_policies_now()
        if policies != self._q_policies:
            self._q_policies = policies
            SessionCore.usagePoliciesChanged.emit_from(self, policies)

    def _q_note_error(self, code: SessionError, text: str = "") -> None:
        self._q_error = code
        self._q_error_text = texts.of(code, text)

    def _q_fail(self, code: SessionError, text: str = "") -> None:
        self._q_note_error(code, text)
        SessionCore.error.emit_from(self, code)

    # -- the end

    def _q_finalize(self) -> None:
        self._q_phase = Phase.CLOSED
        self._q_release()
        super()._q_finalize()


class _News:
    """What is called when another session or process has done something: the session looks, in its own thread."""

    __slots__ = ("_owner", "_ref")

    def __init__(self, session: SessionCore) -> None:
        self._ref = ReferenceType(session)
        self._owner = session._q

    def __call__(self) -> None:
        post_to_data(self._owner, self._deliver)
        session = self._ref()
        alarm = session._q_alarm if session is not None else None
        if alarm is not None:
            alarm.wake()

    def _deliver(self) -> None:
        session = self._ref()
        if session is not None:
            session._q_look()
