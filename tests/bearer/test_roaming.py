"""The decisions about roaming: every line of the table, what is preferred, and that no order of events breaks it."""

from __future__ import annotations

import itertools

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.bearer._roaming import CALM, TABLE, Candidate, Deed, Event, Roaming, Stage, Step, best, is_seamless

CABLE = Candidate("cable", priority=3)
RADIO = Candidate("radio", priority=2)
PHONE = Candidate("phone", priority=1)
ALL = [CABLE, RADIO, PHONE]


class Session:
    """A `Roaming` with a clock."""

    def __init__(self, active: Candidate, consulted: bool = True, allowed: bool = True) -> None:
        self.roaming = Roaming(active.identifier, allowed)
        self.consulted = consulted
        self.now = 100.0

    def sees(self, *candidates: Candidate, after: float = 0.0) -> list[str]:
        self.now += after
        return said(self.roaming.update(candidates, self.consulted, self.now))

    @property
    def stage(self) -> Stage:
        return self.roaming.stage

    @property
    def active(self) -> str:
        return self.roaming.active


def said(deeds: list[Deed]) -> list[str]:
    return [f"{deed.step.name} {deed.identifier}{' seamlessly' if deed.seamless else ''}" for deed in deeds]


# -- what is preferred


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (Candidate("a", priority=2, cost=9), Candidate("b", priority=1)),
        (Candidate("a", cost=1, speed=1), Candidate("b", cost=2, speed=1000)),
        (Candidate("a", speed=1000), Candidate("b", speed=100)),
    ],
)
def test_the_best_member_has_priority_then_low_cost_then_speed(better: Candidate, worse: Candidate) -> None:
    assert best([worse, better]) is better
    assert best([better, worse]) is better


def test_of_equals_the_first_is_the_best() -> None:
    assert best([Candidate("a"), Candidate("b")]) == Candidate("a")
    assert best([]) is None


@pytest.mark.parametrize(
    ("old", "new", "seamless"),
    [
        ({"10.0.0.1"}, {"10.0.0.1"}, True),
        ({"10.0.0.1"}, {"10.0.0.1", "fe80::1"}, True),
        ({"10.0.0.1", "fe80::1"}, {"10.0.0.1"}, False),
        ({"10.0.0.1"}, {"10.0.0.2"}, False),
        (set(), {"10.0.0.2"}, False),
        (set(), set(), False),
    ],
)
def test_a_move_is_seamless_only_if_every_address_moves_along(old: set[str], new: set[str], seamless: bool) -> None:
    there = Candidate("new", addresses=frozenset(new))
    assert is_seamless(Candidate("old", addresses=frozenset(old)), there) is seamless
    assert is_seamless(None, there) is False


# -- application-level roaming


def test_a_better_member_is_offered_once() -> None:
    session = Session(RADIO)
    assert session.sees(RADIO, PHONE) == []
    assert session.sees(*ALL) == ["OFFER cable"]
    assert session.sees(*ALL) == []
    assert session.stage is Stage.OFFERED


def test_migrate_and_accept() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    assert said(session.roaming.migrate()) == ["BEGIN cable"]
    assert said(session.roaming.arrived("cable")) == ["ARRIVE cable"]
    assert session.stage is Stage.TESTING
    assert said(session.roaming.accept()) == ["LEAVE radio"]
    assert (session.stage, session.active) == (Stage.SETTLED, "cable")
    assert session.sees(*ALL) == []


def test_migrate_and_reject() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    session.roaming.migrate()
    session.roaming.arrived("cable")
    assert said(session.roaming.reject()) == ["LEAVE cable", "RETURN radio"]
    assert (session.stage, session.active) == (Stage.SETTLED, "radio")
    assert session.sees(*ALL) == []  # rejected is rejected
    session.sees(RADIO)
    assert session.sees(RADIO, CABLE) == ["OFFER cable"]  # until it was away


def test_ignore_stays() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    assert said(session.roaming.ignore()) == []
    assert session.stage is Stage.SETTLED
    assert session.sees(*ALL) == []


def test_an_ignored_member_is_offered_again_when_the_active_one_is_lost() -> None:
    session = Session(RADIO)
    session.sees(RADIO, CABLE)
    session.roaming.ignore()
    assert session.sees(CABLE) == ["OFFER cable"]
    assert session.stage is Stage.ADRIFT


def test_who_ignores_the_only_one_that_is_left_is_lost_until_the_old_one_is_back() -> None:
    session = Session(RADIO)
    session.sees(RADIO, PHONE)
    assert session.sees(PHONE) == ["OFFER phone"]
    assert said(session.roaming.ignore()) == ["STRAND radio"]
    assert session.sees(PHONE) == []
    assert session.sees(PHONE, RADIO) == ["REOPEN radio"]


def test_an_offer_is_withdrawn_in_silence() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    assert session.sees(RADIO, PHONE) == []
    assert session.stage is Stage.SETTLED
    assert said(session.roaming.migrate()) == []


def test_an_even_better_one_is_offered_instead() -> None:
    session = Session(PHONE)
    assert session.sees(PHONE, RADIO) == ["OFFER radio"]
    assert session.sees(*ALL) == ["OFFER cable"]
    assert said(session.roaming.migrate()) == ["BEGIN cable"]


def test_the_old_one_comes_back_while_an_offer_waits() -> None:
    session = Session(CABLE)
    session.sees(*ALL)
    assert session.sees(RADIO) == ["OFFER radio"]
    assert session.sees(RADIO, CABLE) == ["RETURN cable"]
    assert session.stage is Stage.SETTLED


def test_what_was_offered_in_need_is_lost_too() -> None:
    session = Session(CABLE)
    session.sees(*ALL)
    session.sees(RADIO, PHONE)
    assert session.sees(PHONE) == ["OFFER phone"]
    assert session.sees() == ["STRAND cable"]
    assert session.sees(PHONE) == ["REOPEN phone"]


def test_a_target_that_is_lost_on_the_way() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    session.roaming.migrate()
    assert session.sees(RADIO) == ["LEAVE cable", "FAIL cable", "RETURN radio"]
    assert said(session.roaming.arrived("cable")) == []


def test_a_target_that_cannot_be_had() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    session.roaming.migrate()
    assert said(session.roaming.failed("cable")) == ["LEAVE cable", "FAIL cable", "RETURN radio"]
    assert session.sees(*ALL) == []


def test_the_new_one_is_lost_while_it_is_tested() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    session.roaming.migrate()
    session.roaming.arrived("cable")
    assert session.sees(RADIO) == ["LEAVE cable", "FAIL cable", "RETURN radio"]


def test_both_are_lost_while_the_new_one_is_tested() -> None:
    session = Session(RADIO)
    session.sees(*ALL)
    session.roaming.migrate()
    session.roaming.arrived("cable")
    assert session.sees(PHONE) == ["LEAVE cable", "OFFER phone"]
    assert (session.stage, session.active) == (Stage.ADRIFT, "radio")


# -- forced roaming


def test_forced_roaming_needs_no_consent() -> None:
    session = Session(RADIO, consulted=False)
    assert session.sees(*ALL) == ["BEGIN cable"]
    assert said(session.roaming.arrived("cable")) == ["ARRIVE cable", "LEAVE radio"]
    assert (session.stage, session.active) == (Stage.SETTLED, "cable")
    assert said(session.roaming.accept()) == said(session.roaming.reject()) == []


def test_the_loss_of_the_active_member_leads_to_the_next() -> None:
    session = Session(CABLE, consulted=False)
    session.sees(*ALL)
    assert session.sees(PHONE, RADIO) == ["BEGIN radio"]
    assert said(session.roaming.arrived("radio")) == ["ARRIVE radio", "LEAVE cable"]


def test_without_another_member_the_session_is_lost_until_there_is_one() -> None:
    session = Session(CABLE, consulted=False)
    session.sees(CABLE)
    assert session.sees() == ["STRAND cable"]
    assert session.sees(PHONE) == ["REOPEN phone"]
    assert session.sees(PHONE, CABLE) == []  # it has to be calm first
    assert session.sees(PHONE, CABLE, after=CALM) == ["BEGIN cable"]


def test_a_loose_contact_is_not_followed() -> None:
    session = Session(CABLE, consulted=False)
    session.sees(*ALL)
    session.sees(RADIO)
    session.roaming.arrived("radio")
    for _ in range(50):
        assert session.sees(RADIO, CABLE, after=0.01) == []
        assert session.sees(RADIO, after=0.01) == []
    assert session.sees(RADIO, CABLE) == []
    assert session.roaming.next_look() == session.now + CALM
    assert session.sees(RADIO, CABLE, after=CALM) == ["BEGIN cable"]


def test_where_roaming_is_not_allowed_a_session_stays_where_it_is() -> None:
    session = Session(RADIO, consulted=False, allowed=False)
    assert session.sees(*ALL) == []
    assert session.sees(CABLE) == ["STRAND radio"]
    assert session.sees(CABLE, RADIO) == ["REOPEN radio"]


# -- the table


def test_the_table_is_closed() -> None:
    """Every stage can be reached and left, and what is not in the table changes nothing."""
    assert {stage for stage, _ in TABLE} == {stage for stage, _ in TABLE.values()} == set(Stage)
    assert {event for _, event in TABLE} == set(Event)
    assert {step for _, steps in TABLE.values() for step in steps} == set(Step)


STORIES = st.lists(
    st.tuples(
        st.sampled_from(["see", "see", "see", "migrate", "ignore", "accept", "reject", "arrived", "failed"]),
        st.integers(0, 7),
    ),
    max_size=40,
)
SUBSETS = [list(each) for n in range(4) for each in itertools.combinations(ALL, n)]


@fuzz
@given(STORIES, st.booleans(), st.booleans())
def test_fuzz_no_story_breaks_it(story: list[tuple[str, int]], consulted: bool, allowed: bool) -> None:
    session = Session(RADIO, consulted, allowed)
    session.sees(RADIO)
    held = {"radio"}
    open_ = True
    for what, number in story:
        roaming = session.roaming
        if what == "see":
            session.now += number / 2
            deeds = roaming.update(SUBSETS[number], consulted, session.now)
        elif what in ("arrived", "failed"):
            deeds = getattr(roaming, what)(roaming.target)
        else:
            deeds = getattr(roaming, what)()
        for deed in deeds:
            if deed.step is Step.BEGIN:
                held.add(deed.identifier)
            elif deed.step is Step.LEAVE:
                held.remove(deed.identifier)  # never what is not held
            elif deed.step is Step.STRAND:
                assert open_
                open_ = False
            elif deed.step is Step.REOPEN:
                assert not open_
                open_ = True
                held = {deed.identifier}
        assert open_ == (roaming.stage is not Stage.STRANDED)
        if open_:
            assert held == {each for each in (roaming.active, roaming.previous, *_on_the_way(roaming)) if each}
        if not allowed:
            assert roaming.active == "radio"
        if not consulted:
            assert roaming.stage in (Stage.SETTLED, Stage.MIGRATING, Stage.STRANDED)


def _on_the_way(roaming: Roaming) -> list[str]:
    return [roaming.target] if roaming.stage is Stage.MIGRATING else []
