"""The enums of the Qt namespace and of the core classes."""

from __future__ import annotations

import pytest
from _implementations import Implementation

QT = {
    "ConnectionType": {
        "AutoConnection": 0,
        "DirectConnection": 1,
        "QueuedConnection": 2,
        "BlockingQueuedConnection": 3,
        "UniqueConnection": 128,
        "SingleShotConnection": 256,
    },
    "TimerType": {"PreciseTimer": 0, "CoarseTimer": 1, "VeryCoarseTimer": 2},
    "FindChildOption": {"FindDirectChildrenOnly": 0, "FindChildrenRecursively": 1},
    "EventPriority": {"HighEventPriority": 1, "NormalEventPriority": 0, "LowEventPriority": -1},
}


@pytest.mark.parametrize("name", sorted(QT))
def test_members_and_values(qt: Implementation, name: str) -> None:
    scope = getattr(qt.Qt, name)
    for member, value in QT[name].items():
        assert getattr(scope, member).value == value
        assert getattr(qt.Qt, member) == getattr(scope, member)
        assert scope(value) == getattr(scope, member)
        assert getattr(scope, member).name == member


def test_timer_ids(qt: Implementation) -> None:
    assert qt.Qt.TimerId.Invalid.value == 0
    assert qt.Qt.TimerId(5).value == 5
    assert qt.Qt.TimerId(5) == qt.Qt.TimerId(5)


def test_event_types(qt: Implementation) -> None:
    kinds = qt.QEvent.Type
    values = {
        "None_": 0,
        "Timer": 1,
        "Quit": 20,
        "ParentChange": 21,
        "ThreadChange": 22,
        "SockAct": 50,
        "DeferredDelete": 52,
        "ChildAdded": 68,
        "ChildRemoved": 71,
        "DynamicPropertyChange": 170,
        "User": 1000,
        "MaxUser": 65535,
    }
    for name, value in values.items():
        assert getattr(kinds, name).value == value
        assert kinds(value) == getattr(kinds, name)
    assert qt.QEvent.User == kinds.User


def test_unscoped_spellings(qt: Implementation) -> None:
    assert qt.QEventLoop.WaitForMoreEvents == qt.QEventLoop.ProcessEventsFlag.WaitForMoreEvents
    assert qt.QSocketNotifier.Read == qt.QSocketNotifier.Type.Read
    assert qt.QSocketNotifier.Type.Exception.value == 2
    assert qt.QThread.HighPriority == qt.QThread.Priority.HighPriority


def test_unknown_names_are_refused(qt: Implementation) -> None:
    with pytest.raises(AttributeError):
        qt.Qt.NoSuchName
