"""Who decides when the default network is "ask the user"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qnet.bearer._data import ConfigurationData, ConfigurationType, Facts, StateFlag
from qnet.bearer.chooser import choose, setNetworkChooser
from qnet.bearer.networkconfiguration import QNetworkConfiguration

pytestmark = pytest.mark.qnet("Qt leaves asking to the platform")


def configuration(name: str, state: StateFlag, *, network: bool = False, kind: str = "") -> QNetworkConfiguration:
    kind = kind or ("ServiceNetwork" if network else "InternetAccessPoint")
    return QNetworkConfiguration._of(ConfigurationData(Facts(name, name, ConfigurationType[kind], state)))


SLOW = configuration("slow", StateFlag.Active)
FAST = configuration("fast", StateFlag.Active)
GROUP = configuration("group", StateFlag.Active, network=True)
CABLE = configuration("cable", StateFlag.Discovered)
SLEEPING = configuration("sleeping", StateFlag.Discovered, network=True)
ABSENT = configuration("absent", StateFlag.Defined)
ASK = configuration("ask", StateFlag.Active, kind="UserChoice")
EVERYTHING = [ABSENT, CABLE, SLOW, SLEEPING, ASK, FAST, GROUP, QNetworkConfiguration()]


@pytest.fixture(autouse=True)
def standard_chooser() -> Iterator[None]:
    yield
    setNetworkChooser(None)


def test_without_a_dialog_the_first_of_the_best_is_taken() -> None:
    assert choose(EVERYTHING) == GROUP
    assert choose([ABSENT, CABLE, SLOW, FAST]) == SLOW
    assert choose([ABSENT, CABLE, SLEEPING]) == SLEEPING
    assert choose([ABSENT]) == ABSENT
    assert choose([]) is None
    assert choose([ASK, QNetworkConfiguration()]) is None


def test_a_chooser_gets_what_can_be_chosen_the_best_first() -> None:
    asked: list[Any] = []

    def chooser(configurations: list[QNetworkConfiguration]) -> QNetworkConfiguration:
        asked.append(list(configurations))
        configurations.clear()  # it is his own
        return CABLE

    assert setNetworkChooser(chooser) is None
    assert choose(EVERYTHING) == CABLE
    assert asked == [[GROUP, SLOW, FAST, SLEEPING, CABLE]]
    assert setNetworkChooser(None) is chooser
    assert choose(EVERYTHING) == GROUP


def test_nobody_is_asked_when_there_is_nothing_to_choose() -> None:
    setNetworkChooser(lambda configurations: pytest.fail("asked"))
    assert choose([]) is None


def test_a_user_may_want_none() -> None:
    setNetworkChooser(lambda configurations: None)
    assert choose(EVERYTHING) is None


@pytest.mark.parametrize("answer", [ABSENT, "group", 3])
def test_an_answer_that_was_not_offered_is_reported_and_counts_as_none(slot_errors: list[Any], answer: Any) -> None:
    setNetworkChooser(lambda configurations: answer)
    assert choose(EVERYTHING) is None
    (error,) = slot_errors
    assert isinstance(error, ValueError)
    assert "one of the configurations that it got" in str(error)


def test_a_chooser_that_raises_is_reported_and_counts_as_none(slot_errors: list[Any]) -> None:
    def chooser(configurations: list[QNetworkConfiguration]) -> QNetworkConfiguration:
        raise RuntimeError("no screen")

    setNetworkChooser(chooser)
    assert choose(EVERYTHING) is None
    assert [str(error) for error in slot_errors] == ["no screen"]


def test_what_is_no_chooser_is_refused() -> None:
    bad: Any = "dialog"
    with pytest.raises(TypeError, match="a chooser is a callable or None, not str"):
        setNetworkChooser(bad)
