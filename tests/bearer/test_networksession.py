"""QNetworkSession with the generic engine, on qnet and on Qt 5.15: opening, closing, losing the interface."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from _implementations import Implementation
from _session_story import CABLE, UP, Story, number

InNamespace = Callable[[Callable[[Implementation], Any]], Any]

INVALID, NOT_AVAILABLE, CONNECTED, CLOSING = 0, 1, 3, 4
ABORTED, NOT_SUPPORTED, INVALID_CONFIGURATION = 1, 3, 4


@pytest.fixture(autouse=True)
def generic_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The one that Qt has."""
    monkeypatch.setenv("QNET_BEARER_ENGINES", "generic")
    monkeypatch.setenv("QNET_BEARER_DIR", str(tmp_path / "sessions"))


# -- without a network


def test_a_session_of_no_configuration(bt: Implementation) -> None:
    session = bt.QNetworkSession(bt.QNetworkConfiguration())
    errors: list[int] = []
    session.error.connect(lambda code: errors.append(int(code)))
    assert number(session.state()) == INVALID
    assert number(session.error()) == INVALID_CONFIGURATION
    assert session.errorString() == "Invalid configuration."
    assert not session.configuration().isValid()
    assert not session.interface().isValid()
    assert session.sessionProperty("AutoCloseSessionTimeout") is None
    session.setSessionProperty("mine", 3)
    assert session.sessionProperty("mine") is None
    session.open()
    assert errors == [INVALID_CONFIGURATION]
    session.close()
    session.stop()
    session.migrate()
    session.ignore()
    session.accept()
    session.reject()
    assert not session.isOpen()
    assert (session.activeTime(), session.bytesWritten(), session.bytesReceived()) == (0, 0, 0)
    assert errors == [INVALID_CONFIGURATION]


def test_the_enums(bt: Implementation) -> None:
    cls = bt.QNetworkSession
    assert int(cls.State.Roaming if hasattr(cls.State, "Roaming") else cls.Roaming) == 6
    assert int(cls.SessionAbortedError) == ABORTED
    assert int(cls.NoBackgroundTrafficPolicy) == 1


def test_waiting_for_what_cannot_come(bt: Implementation) -> None:
    session = bt.QNetworkSession(bt.QNetworkConfiguration())
    assert session.waitForOpened(10) is False


@pytest.mark.qnet("PyQt5 raises TypeError too, with other texts")
def test_wrong_types(bt: Implementation) -> None:
    with pytest.raises(TypeError, match="QNetworkConfiguration"):
        bt.QNetworkSession("eth0")
    session = bt.QNetworkSession(bt.QNetworkConfiguration())
    with pytest.raises(TypeError, match="milliseconds"):
        session.waitForOpened("soon")
    with pytest.raises(TypeError, match="name of a property"):
        session.sessionProperty(5)


# -- on both, in a network of their own


def opening(bt: Implementation) -> dict[str, Any]:
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a, b = story.session(va, "a"), story.session(va, "b")
    told = story.told
    told["new"] = [number(a.state()), a.isOpen(), number(a.error()), a.errorString(), a.interface().name()]
    told["properties"] = [
        a.sessionProperty(key)
        for key in (
            "ActiveConfiguration",
            "UserChoiceConfiguration",
            "ConnectInBackground",
            "AutoCloseSessionTimeout",
            "any",
        )
    ]
    a.open()
    told["opened"] = [story.said(), a.isOpen(), a.waitForOpened(100)]
    told["active"] = [
        a.sessionProperty("ActiveConfiguration") == va.identifier(),
        a.sessionProperty("UserChoiceConfiguration"),
        b.sessionProperty("ActiveConfiguration"),
        a.configuration() == va,
    ]
    a.open()
    b.open()
    told["again, and another"] = story.said()
    for way in (a.migrate, a.ignore, a.accept, a.reject):
        way()
    bt.spin(50)
    told["roaming is not for access points"] = [story.said(), number(a.error())]
    a.setSessionProperty("ActiveConfiguration", "nonsense")
    told["read only"] = a.sessionProperty("ActiveConfiguration") == va.identifier()
    a.close()
    told["closed"] = [story.said(), a.isOpen(), number(a.state()), a.sessionProperty("ActiveConfiguration")]
    a.close()
    told["closed again"] = story.said()
    b.close()
    told["last"] = [story.said(), number(b.state()), number(va.state())]
    return told


def test_opening_and_closing(in_namespace: InNamespace) -> None:
    assert in_namespace(opening) == {
        "new": [CONNECTED, False, 0, "Unknown session error.", "va"],
        "properties": ["", "", None, -1, None],
        "opened": [[["a", "opened", CONNECTED, True]], True, True],
        "active": [True, "", "", True],
        "again, and another": [["b", "opened", CONNECTED, True]],
        "roaming is not for access points": [[], 0],
        "read only": True,
        "closed": [[["a", "closed", CONNECTED, False]], False, CONNECTED, ""],
        "closed again": [],
        "last": [[["b", "closed", CONNECTED, False]], CONNECTED, 14],
    }


def losing(bt: Implementation) -> dict[str, Any]:
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a, b = story.session(va, "a"), story.session(va, "b")
    a.open()
    story.said()
    told = story.told
    story.after("link set vb down", lambda: number(a.state()) == NOT_AVAILABLE)
    told["lost"] = [
        [each for each in story.log if each[0] == "a"],
        [each for each in story.log if each[0] == "b"],
        a.isOpen(),
        a.interface().isValid(),
        a.sessionProperty("ActiveConfiguration"),
        number(a.error()),
    ]
    story.said()
    told["waiting for it"] = a.waitForOpened(50)
    story.after("link set vb up", a.isOpen)
    told["back"] = [[e for e in story.log if e[0] == "a"], [e for e in story.log if e[0] == "b"], b.isOpen()]
    a.close()
    story.said()
    return told


def test_losing_the_interface(in_namespace: InNamespace) -> None:
    assert in_namespace(losing) == {
        "lost": [
            [["a", "closed", NOT_AVAILABLE, False], ["a", "state", NOT_AVAILABLE]],
            [["b", "state", NOT_AVAILABLE]],
            False,
            False,
            "",
            0,
        ],
        "waiting for it": False,
        "back": [
            [["a", "opened", CONNECTED, True], ["a", "state", CONNECTED]],
            [["b", "state", CONNECTED]],
            False,
        ],
    }


def refused(bt: Implementation) -> dict[str, Any]:
    story = Story(bt, CABLE)
    va = story.named("va")
    a = story.session(va, "a")
    told = story.told
    told["defined"] = [number(va.state()), number(a.state())]
    a.open()
    told["refused"] = [story.said("a"), number(a.state()), a.errorString(), a.waitForOpened(20)]
    story.after(UP, lambda: number(a.state()) == CONNECTED)
    told["there at last"] = [story.said("a"), a.isOpen()]
    a.open()
    told["open"] = story.said("a")
    return told


def test_what_is_not_available_is_refused(in_namespace: InNamespace) -> None:
    assert in_namespace(refused) == {
        "defined": [2, NOT_AVAILABLE],
        "refused": [
            [["state", INVALID], ["error", INVALID_CONFIGURATION]],
            INVALID,
            "The specified configuration cannot be used.",
            False,
        ],
        "there at last": [[["state", CONNECTED]], False],
        "open": [["opened", CONNECTED, True]],
    }


def stopping(bt: Implementation) -> dict[str, Any]:
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a, b = story.session(va, "a"), story.session(va, "b")
    a.open()
    b.open()
    story.said()
    b.stop()
    assert bt.wait(lambda: not a.isOpen() and not b.isOpen() and number(b.state()) == CONNECTED)
    bt.spin(50)
    told = story.told
    told["states of b"] = [each[2] for each in story.log if each[:2] == ["b", "state"]]
    told["errors of b"] = [each[2] for each in story.log if each[:2] == ["b", "error"]]
    of_a = [each[1:] for each in story.log if each[0] == "a"]
    told["a"] = of_a[:2]
    told["text"] = b.errorString()
    told["open"] = [a.isOpen(), b.isOpen()]
    story.said()
    a.open()
    told["again"] = story.said("a")
    return told


def test_stop_where_interfaces_cannot_be_stopped(in_namespace: InNamespace) -> None:
    assert in_namespace(stopping) == {
        "states of b": [CLOSING, CONNECTED],
        "errors of b": [ABORTED, NOT_SUPPORTED],
        "a": [["closed", CONNECTED, False], ["error", ABORTED]],
        "text": "The requested operation is not supported by the system.",
        "open": [False, False],
        "again": [["opened", CONNECTED, True]],
    }


def properties(bt: Implementation) -> dict[str, Any]:
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a = story.session(va, "a")
    a.setSessionProperty("AutoCloseSessionTimeout", 20000)
    told = story.told
    told["kept"] = a.sessionProperty("AutoCloseSessionTimeout")
    a.setSessionProperty("AutoCloseSessionTimeout", -1)
    told["never"] = a.sessionProperty("AutoCloseSessionTimeout")
    told["policies"] = number(a.usagePolicies())
    return told


def test_session_properties(in_namespace: InNamespace) -> None:
    assert in_namespace(properties) == {"kept": 20000, "never": -1, "policies": 0}


# -- better than Qt


def closing_while_lost(bt: Implementation) -> dict[str, Any]:
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a = story.session(va, "a")
    a.open()
    story.after("link set vb down", lambda: not a.isOpen())
    a.close()
    story.said()
    story.after("link set vb up", lambda: number(a.state()) == CONNECTED)
    story.told["back"] = [story.said("a"), a.isOpen()]
    before = time.monotonic()
    a.open()
    after = time.monotonic()
    counted = a.bytesWritten()
    bt.spin(1100)
    least = int(time.monotonic() - after)
    story.told["time"] = 1 <= least <= a.activeTime() <= time.monotonic() - before
    story.told["bytes"] = counted >= 0
    story.said()
    story.after("link del va", lambda: number(a.state()) == INVALID)
    said = story.said("a")  # on the way it may be seen while it is down
    story.told["gone"] = [[each[0] for each in said if each != ["state", NOT_AVAILABLE]], said[-1], va.isValid()]
    a.open()
    story.told["and for good"] = story.said("a")
    return story.told


@pytest.mark.qnet("Qt opens it again although it was closed, measures no time, and leaves it open when all is gone")
def test_closing_while_it_is_lost(in_namespace: InNamespace) -> None:
    assert in_namespace(closing_while_lost) == {
        "back": [[["state", CONNECTED]], False],
        "time": True,
        "bytes": True,
        "gone": [["closed", "state"], ["state", INVALID], False],
        "and for good": [["error", INVALID_CONFIGURATION]],
    }


def own_properties(bt: Implementation) -> dict[str, Any]:
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a = story.session(va, "a")
    told = story.told
    a.setSessionProperty("mine", [1, 2])
    a.setSessionProperty("ConnectInBackground", True)
    told["kept"] = [a.sessionProperty("mine"), a.sessionProperty("ConnectInBackground")]
    a.setSessionProperty("mine", None)
    told["removed"] = a.sessionProperty("mine")
    a.setSessionProperty("AutoCloseSessionTimeout", 60)
    a.open()
    told["exact"] = a.sessionProperty("AutoCloseSessionTimeout")
    assert bt.wait(lambda: not a.isOpen())
    told["closed by itself"] = [story.said("a"), a.sessionProperty("AutoCloseSessionTimeout")]
    a.open()
    a.setSessionProperty("AutoCloseSessionTimeout", 30)
    assert bt.wait(lambda: not a.isOpen())
    a.open()
    a.setSessionProperty("AutoCloseSessionTimeout", 30)
    a.setSessionProperty("AutoCloseSessionTimeout", None)
    bt.spin(100)
    told["called off"] = a.isOpen()
    try:
        a.setSessionProperty("AutoCloseSessionTimeout", "soon")
    except TypeError as error:
        told["nonsense"] = str(error)
    told["repr"] = repr(a)
    return told


@pytest.mark.qnet("Qt keeps no properties but one, and that in steps of ten seconds")
def test_properties_of_ones_own_and_exact_times(in_namespace: InNamespace) -> None:
    assert in_namespace(own_properties) == {
        "kept": [[1, 2], True],
        "removed": None,
        "exact": 60,
        "closed by itself": [[["opened", CONNECTED, True], ["closed", CONNECTED, False]], -1],
        "called off": True,
        "nonsense": "AutoCloseSessionTimeout is an int of milliseconds, not str",
        "repr": "<QNetworkSession 'va' Connected, open>",
    }


def slots_that_interfere(bt: Implementation) -> dict[str, Any]:
    """What a slot does in the middle of a change counts, and nothing is said that is not true any more."""
    story = Story(bt)
    va = story.named("va")
    story.until_active("va")
    a = story.session(va, "a")
    closer = a.opened.connect(a.close)
    a.open()
    story.told["closed in opened"] = [story.said("a"), a.isOpen()]
    a.opened.disconnect(closer)
    a.open()
    opener = a.closed.connect(a.open)
    story.said()
    a.close()
    story.told["opened in closed"] = [story.said("a"), a.isOpen()]
    a.stop()
    story.told["opened in stop"] = [story.said("a"), a.isOpen()]
    a.closed.disconnect(opener)
    a.closed.connect(a.deleteLater)
    a.close()
    bt.spin(50)
    return story.told


@pytest.mark.qnet("the order of what slots do to each other is not documented")
def test_slots_that_interfere(in_namespace: InNamespace) -> None:
    assert in_namespace(slots_that_interfere) == {
        "closed in opened": [[["opened", CONNECTED, True], ["closed", CONNECTED, False]], False],
        "opened in closed": [[["closed", CONNECTED, False], ["opened", CONNECTED, True]], True],
        "opened in stop": [
            [
                ["state", CLOSING],
                ["closed", CLOSING, False],
                ["opened", CLOSING, True],
                ["state", CONNECTED],
                ["error", NOT_SUPPORTED],
            ],
            True,
        ],
    }


def sharing(bt: Implementation) -> dict[str, Any]:
    import threading

    story = Story(bt)
    va = story.named("va")
    shared = bt.QSharedNetworkSession
    one = shared.getSession(va)
    told = story.told
    told["the same"] = shared.getSession(bt.QNetworkConfiguration(va)) is one
    told["another"] = shared.getSession(story.named("vb")) is one
    elsewhere: list[Any] = []
    thread = threading.Thread(target=lambda: elsewhere.append(shared.getSession(va) is one))
    thread.start()
    thread.join()
    told["in another thread"] = elsewhere[0]
    mine = bt.QNetworkSession(va)
    shared.setSession(va, mine)
    told["set"] = shared.getSession(va) is mine
    shared.setSession(va, None)
    told["taken back"] = shared.getSession(va) is mine
    del mine
    for wrong in (lambda: shared(), lambda: shared.getSession("va"), lambda: shared.setSession(va, "x")):
        try:
            wrong()
        except TypeError as error:
            told.setdefault("errors", []).append(str(error).split(":")[0])
    return told


@pytest.mark.qnet("the class is private in Qt")
def test_shared_sessions(in_namespace: InNamespace) -> None:
    assert in_namespace(sharing) == {
        "the same": True,
        "another": False,
        "in another thread": False,
        "set": True,
        "taken back": False,
        "errors": [
            "QSharedNetworkSession is not made",
            "a QNetworkConfiguration is expected, not str",
            "a QNetworkSession or None is expected, not str",
        ],
    }
