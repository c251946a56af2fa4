"""QSignalSpy: https://doc.qt.io/qt-6/qsignalspy.html."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

import pytest
from _implementations import Implementation


def test_every_emission_is_kept_with_its_arguments(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    assert (spy.isValid(), spy.signal(), spy.count()) == (True, b"moved(int,QString)", 0)
    emitter.moved.emit(1, "x")
    emitter.moved.emit(2, "y")
    assert (spy.count(), spy.size()) == (2, 2)
    assert (spy.at(0), spy.at(1)) == ([1, "x"], [2, "y"])


def test_a_signal_may_be_named(qt: Implementation, qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter, qt.SIGNAL("moved(int,QString)"))
    assert spy.isValid()
    emitter.moved.emit(3, "z")
    assert spy.at(0) == [3, "z"]


def test_a_signal_may_be_given_as_a_method(qt: Implementation, qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter, qt.QMetaMethod.fromSignal(emitter.moved))
    assert spy.signal() == b"moved(int,QString)"
    emitter.moved.emit(3, "z")
    assert spy.at(0) == [3, "z"]


def test_an_overload_is_spied_on_alone(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.overloaded[str])
    assert spy.signal() == b"overloaded(QString)"
    emitter.overloaded[int].emit(1)
    emitter.overloaded[str].emit("one")
    assert (spy.count(), spy.at(0)) == (1, ["one"])


@pytest.mark.parametrize("name", ["2nope()", "moved", "moved(int,QString)", "2moved(int)"])
def test_a_spy_on_nothing_is_invalid(qt: Implementation, qttest: Any, emitter: Any, name: str) -> None:
    texts: list[str] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: texts.append(text))
    try:
        spy = qttest.QSignalSpy(emitter, name)
    finally:
        qt.qInstallMessageHandler(previous)
    assert not spy.isValid()
    assert (spy.signal(), spy.count()) == (b"", 0)
    assert len(texts) == 1
    assert texts[0].startswith("QSignalSpy: ")


def test_what_is_no_signal_is_refused(qttest: Any, emitter: Any) -> None:
    for arguments in [(3,), (type(emitter).moved,), (emitter,), (emitter.moved, emitter), (emitter, 3)]:
        with pytest.raises(TypeError, match="QSignalSpy"):
            qttest.QSignalSpy(*arguments)


def test_wait_ends_at_the_next_emission(qt: Implementation, qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    emitter.moved.emit(1, "before")
    qt.QTimer.singleShot(10, lambda: emitter.moved.emit(2, "after"))
    begin = time.monotonic()
    assert spy.wait(60_000)
    assert time.monotonic() - begin < 30
    assert spy.count() == 2


def test_wait_ends_after_its_time(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    emitter.moved.emit(1, "before")
    begin = time.monotonic()
    assert not spy.wait(40)
    assert time.monotonic() - begin >= 0.03
    assert not spy.wait(0)


def test_emissions_of_another_thread_count(qt: Implementation, qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    go = threading.Event()

    def emit() -> None:
        assert go.wait(30)
        for number in range(100):
            emitter.moved.emit(number, "")

    thread = threading.Thread(target=emit)
    thread.start()
    qt.QTimer.singleShot(0, go.set)
    assert qt.wait(lambda: spy.count() == 100)
    thread.join()
    assert [spy.at(i)[0] for i in range(100)] == list(range(100))


@pytest.mark.qnet("PySide6 keeps all other Python threads waiting in wait()")
def test_wait_ends_at_an_emission_of_another_thread(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    heard = threading.Event()

    def emit() -> None:
        while not heard.wait(0.01):
            emitter.moved.emit(1, "")

    thread = threading.Thread(target=emit)
    thread.start()
    try:
        assert spy.wait(30_000)
    finally:
        heard.set()
        thread.join()


@pytest.mark.qnet("PySide6 takes only a number")
def test_wait_takes_a_timedelta(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    assert not spy.wait(timedelta(milliseconds=1))
    for bad in ["1", None, True]:
        with pytest.raises(TypeError, match="milliseconds"):
            spy.wait(bad)


@pytest.mark.qnet("one spy cannot wait twice at once in Qt")
def test_waits_may_nest(qt: Implementation, qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    inner: list[bool] = []

    def wait_again() -> None:
        qt.QTimer.singleShot(5, lambda: emitter.moved.emit(1, ""))
        inner.append(spy.wait(30_000))

    qt.QTimer.singleShot(0, wait_again)
    assert spy.wait(30_000)
    assert inner == [True]


@pytest.mark.qnet("PySide6's spy is no sequence; Qt's is a list")
def test_a_spy_is_a_sequence(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    assert (len(spy), spy.isEmpty(), list(spy)) == (0, True, [])
    for number in range(4):
        emitter.moved.emit(number, str(number))
    assert list(spy) == [[0, "0"], [1, "1"], [2, "2"], [3, "3"]]
    assert (spy[0], spy[-1], spy[1:3]) == ([0, "0"], [3, "3"], [[1, "1"], [2, "2"]])
    assert (spy.first(), spy.last(), spy.length()) == ([0, "0"], [3, "3"], 4)
    assert (spy.takeFirst(), spy.takeLast(), len(spy)) == ([0, "0"], [3, "3"], 2)
    assert "moved" in repr(spy)
    spy.clear()
    assert spy.isEmpty()


@pytest.mark.qnet("PySide6 crashes")
def test_an_emission_that_never_was(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    for ask in [lambda: spy.at(0), lambda: spy.at(-1), spy.first, spy.last, spy.takeFirst, spy.takeLast]:
        with pytest.raises(IndexError, match="0 so far"):
            ask()


def test_a_spy_keeps_nothing_alive_and_outlives_its_object(qttest: Any, emitter: Any, qt: Implementation) -> None:
    class Emitter(qt.QObject):
        moved = qt.Signal(int)

    short = Emitter()
    spy = qttest.QSignalSpy(short.moved)
    short.moved.emit(1)
    gone = weakref.ref(short)
    gc.disable()
    try:
        del short
        assert gone() is None
    finally:
        gc.enable()
    assert (spy.count(), spy.isValid(), spy.wait(1)) == (1, True, False)


def test_a_spy_that_is_gone_hears_nothing(qttest: Any, emitter: Any) -> None:
    spy = qttest.QSignalSpy(emitter.moved)
    emitter.moved.emit(1, "")
    del spy
    emitter.moved.emit(2, "")
    assert not emitter.receivers("2moved(int,QString)")
