"""The table of a session's phases, and what the parts that need no network do."""

from __future__ import annotations

import pytest

from qnet.bearer._data import Facts, StateFlag
from qnet.bearer._local_sessions import LocalSessions
from qnet.bearer._session_error import ErrorSignalInstance
from qnet.bearer._session_states import TABLE, Effect, Event, Phase, SessionError, State, interface_state
from qnet.bearer._session_texts import not_counted, of
from qnet.bearer._session_traffic import Traffic
from qnet.QtNetwork import QNetworkConfiguration, QNetworkSession


def test_every_phase_can_be_reached_and_left() -> None:
    assert {phase for phase, _ in TABLE} == {phase for phase, _ in TABLE.values()} == set(Phase)
    assert {event for _, event in TABLE} == set(Event)
    assert {effect for _, effects in TABLE.values() for effect in effects} == set(Effect)


@pytest.mark.parametrize("place", TABLE)
def test_who_ends_holds_nothing_and_says_so_before_it_says_why(place: tuple[Phase, Event]) -> None:
    after, effects = TABLE[place]
    held = place[0] is not Phase.CLOSED
    assert (Effect.RELEASE in effects) == (held and after is Phase.CLOSED)
    assert effects.count(Effect.CLOSED) == (place[0] is Phase.OPEN)
    assert effects.count(Effect.OPENED) == (after is Phase.OPEN)
    assert list(effects) == sorted(effects, key=list(Effect).index)  # release, opened, closed, and then errors


@pytest.mark.parametrize("phase", [Phase.OPENING, Phase.OPEN, Phase.LOST])
@pytest.mark.parametrize("event", [Event.CLOSE, Event.STOPPED, Event.GONE])
def test_whatever_is_not_closed_can_be_ended(phase: Phase, event: Event) -> None:
    assert TABLE[phase, event][0] is Phase.CLOSED


@pytest.mark.parametrize(
    ("flag", "state"),
    [
        (StateFlag.Undefined, State.Invalid),
        (StateFlag.Defined, State.NotAvailable),
        (StateFlag.Discovered, State.Disconnected),
        (StateFlag.Active, State.Connected),
    ],
)
def test_states_of_interfaces(flag: StateFlag, state: State) -> None:
    assert interface_state(Facts("x", state=flag)) is state


def test_error_texts_begin_as_qts_do() -> None:
    assert of(SessionError.RoamingError) == "Roaming was aborted or is not possible."
    assert of(SessionError.UnknownSessionError, "why") == "Unknown session error. (why)"
    assert not_counted(OSError(28, "No space left on device")) == "it cannot be counted: No space left on device"


def test_error_is_a_signal_and_a_method() -> None:
    session = QNetworkSession(QNetworkConfiguration())
    heard: list[SessionError] = []
    session.error.connect(heard.append)
    session.error[QNetworkSession.SessionError].connect(heard.append)
    session.open()
    assert heard == [SessionError.InvalidConfigurationError] * 2
    assert session.error() is SessionError.InvalidConfigurationError
    assert isinstance(session.error, ErrorSignalInstance)
    session.error.disconnect()
    session.open()
    assert len(heard) == 2


def test_traffic_is_summed_over_interfaces_and_never_runs_backwards() -> None:
    counters: dict[str, tuple[int, int] | None] = {"a": (100, 1000), "b": (7, 7)}
    traffic = Traffic(counters.get)
    assert (traffic.bytes(), traffic.seconds()) == ((0, 0), 0.0)
    traffic.begin("a")
    counters["a"] = (110, 1100)
    assert traffic.bytes() == (10, 100)
    counters["a"] = None  # the cable and its card are gone
    assert traffic.bytes() == (10, 100)
    traffic.begin("b")
    counters["b"] = (8, 9)
    assert traffic.bytes() == (11, 102)
    counters["b"] = (0, 0)  # it was made anew
    assert traffic.bytes() == (11, 102)
    traffic.end()
    counters["b"] = (1000, 1000)
    assert traffic.bytes() == (11, 102)
    assert traffic.seconds() > 0


def test_sessions_of_one_process_alone() -> None:
    sessions = LocalSessions()
    news: list[str] = []
    one = sessions.open("x", lambda: news.append("one"), lambda: news.append("last"))
    two = sessions.open("x", lambda: news.append("two"), lambda: news.append("last"))
    other = sessions.open("y", lambda: news.append("other"), lambda: news.append("last"))
    sessions.starting(one)
    assert (sessions.count("x"), sessions.count("y")) == (2, 1)
    sessions.close(one)
    sessions.close(one)
    sessions.close(other)
    assert (sessions.count("x"), sessions.count("y"), news) == (1, 0, [])
    assert sessions.stop("x", ends=True)
    assert not sessions.stop("x", ends=True)
    assert (two.stopped, news, sessions.count("x")) == (True, ["two"], 0)
    late = sessions.open("x", lambda: news.append("late"), lambda: None)
    assert late.must_wait
    sessions.ended("x")
    assert (late.must_wait, news) == (False, ["two", "late"])
