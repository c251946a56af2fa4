"""QTest: https://doc.qt.io/qt-6/qtest.html."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from _implementations import Implementation, Recorder


def test_qwait_turns_the_loop(qt: Implementation, qttest: Any, recorder: Recorder) -> None:
    qt.QTimer.singleShot(5, recorder)
    begin = time.monotonic()
    qttest.QTest.qWait(40)
    assert time.monotonic() - begin >= 0.03
    assert recorder.calls == [()]


def test_qwait_of_nothing_returns(qttest: Any) -> None:
    begin = time.monotonic()
    for ms in [0, -5]:
        qttest.QTest.qWait(ms)
    assert time.monotonic() - begin < 30


def test_qwait_deletes_what_was_to_be_deleted_later(qt: Implementation, qttest: Any, recorder: Recorder) -> None:
    short = qt.QObject()
    short.destroyed.connect(lambda *args: recorder.calls.append("destroyed"))
    short.deleteLater()
    qttest.QTest.qWait(1)
    assert recorder.calls == ["destroyed"]


def test_qsleep_does_not_turn_the_loop(qt: Implementation, qttest: Any, recorder: Recorder) -> None:
    qt.QTimer.singleShot(0, recorder)
    begin = time.monotonic()
    qttest.QTest.qSleep(20)
    assert time.monotonic() - begin >= 0.02
    assert recorder.calls == []
    assert qt.wait(lambda: recorder.calls)


def test_a_time_is_a_number(qttest: Any) -> None:
    for bad in ["1", None]:
        for wait in [qttest.QTest.qWait, qttest.QTest.qSleep]:
            with pytest.raises(TypeError, match=r"ms|milliseconds"):
                wait(bad)


own = pytest.mark.qnet("PySide6 has no QTest.qWaitFor; Qt has")


@own
def test_qwaitfor_ends_when_the_predicate_is_true(qt: Implementation, qttest: Any, recorder: Recorder) -> None:
    qt.QTimer.singleShot(5, recorder)
    begin = time.monotonic()
    assert qttest.QTest.qWaitFor(lambda: recorder.calls, 60_000)
    assert time.monotonic() - begin < 30


@own
def test_qwaitfor_notices_what_no_event_tells(qttest: Any) -> None:
    done = threading.Event()
    thread = threading.Timer(0.02, done.set)
    thread.start()
    assert qttest.QTest.qWaitFor(done.is_set, 60_000)
    thread.join()


@own
def test_qwaitfor_asks_before_anything_else(qttest: Any) -> None:
    assert qttest.QTest.qWaitFor(lambda: True, 0)
    assert not qttest.QTest.qWaitFor(lambda: False, 0)


@own
@pytest.mark.parametrize("timeout", [20, timedelta(milliseconds=20), "deadline"])
def test_qwaitfor_gives_up_after_its_time(qt: Implementation, qttest: Any, timeout: Any) -> None:
    begin = time.monotonic()
    limit = qt.QDeadlineTimer(20) if timeout == "deadline" else timeout
    assert not qttest.QTest.qWaitFor(lambda: False, limit)
    assert 0.015 <= time.monotonic() - begin < 30


@own
def test_qwaitfor_wants_a_callable_and_a_time(qttest: Any) -> None:
    with pytest.raises(TypeError, match="predicate is callable"):
        qttest.QTest.qWaitFor(True)
    with pytest.raises(TypeError, match="milliseconds"):
        qttest.QTest.qWaitFor(lambda: True, "soon")


@own
def test_an_exception_of_the_predicate_reaches_the_caller(qttest: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        qttest.QTest.qWaitFor(lambda: 1 / 0)
