"""Kinds of connections, ways to disconnect, and asking who is connected."""

from __future__ import annotations

from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


# Kinds of connections.


def test_the_kind_is_positional_or_by_keyword(qt: Implementation, source: Any, recorder: Recorder) -> None:
    kinds = qt.Qt.ConnectionType
    source.bare.connect(recorder.note("queued"), kinds.QueuedConnection)
    source.bare.connect(recorder.note("queued too"), type=kinds.QueuedConnection)
    source.bare.connect(recorder.note("direct"), type=kinds.DirectConnection)
    source.bare.connect(recorder.note("auto"), type=kinds.AutoConnection)
    source.bare.emit()
    assert recorder.calls == ["direct", "auto"]
    qt.process()
    assert recorder.calls == ["direct", "auto", "queued", "queued too"]


def test_unscoped_kinds(qt: Implementation, source: Any, recorder: Recorder) -> None:
    source.bare.connect(recorder, qt.Qt.QueuedConnection)
    source.bare.emit()
    assert recorder.calls == []
    qt.process()
    assert recorder.calls == [()]


def test_queued_arguments_are_those_emitted(qt: Implementation, source: Any, recorder: Recorder) -> None:
    source.two.connect(recorder, qt.Qt.QueuedConnection)
    source.two.connect(lambda a: recorder("first", a), qt.Qt.QueuedConnection)
    source.two.emit("x", 1)
    source.two.emit("y", 2)
    qt.process()
    assert recorder.calls == [("x", 1), ("first", "x"), ("y", 2), ("first", "y")]


def test_queued_calls_survive_disconnecting(qt: Implementation, source: Any, recorder: Recorder) -> None:
    source.one.connect(recorder, qt.Qt.QueuedConnection)
    source.one.emit(1)
    source.one.disconnect(recorder)
    source.blockSignals(True)
    qt.process()
    assert recorder.calls == [(1,)]


def test_queued_calls_survive_their_sender(qt: Implementation, source: Any, receiver: Any) -> None:
    sender = type(source)()
    sender.one.connect(receiver.first, qt.Qt.QueuedConnection)
    sender.one.emit(1)
    del sender
    qt.process()
    assert receiver.calls == [1]


def test_queued_calls_die_with_their_receiver(qt: Implementation, source: Any) -> None:
    calls = []

    class Target(qt.QObject):
        def slot(self, value: int) -> None:
            calls.append(value)

    target = Target()
    source.one.connect(target.slot, qt.Qt.QueuedConnection)
    source.one.emit(1)
    del target
    qt.process()
    assert calls == []


def test_a_queued_signal_to_signal(qt: Implementation, source: Any, recorder: Recorder) -> None:
    other = type(source)()
    source.one.connect(other.one, qt.Qt.QueuedConnection)
    other.one.connect(recorder)
    source.one.emit(4)
    assert recorder.calls == []
    qt.process()
    assert recorder.calls == [(4,)]


def test_what_a_queued_slot_emits_queued_waits_for_the_next_pass(qt: Implementation, source: Any) -> None:
    calls = []

    def again(value: int) -> None:
        calls.append(value)
        source.one.emit(value + 1)

    source.one.connect(again, qt.Qt.QueuedConnection)
    source.one.emit(0)
    qt.QCoreApplication.sendPostedEvents()
    first = len(calls)
    qt.QCoreApplication.sendPostedEvents()
    assert len(calls) > first
    source.one.disconnect(again)
    qt.QCoreApplication.sendPostedEvents()


def test_single_shot_disconnects_first(qt: Implementation, source: Any, recorder: Recorder) -> None:
    def once(value: int) -> None:
        recorder(value)
        if value < 3:
            source.one.emit(value + 1)

    source.one.connect(once, qt.Qt.SingleShotConnection)
    source.one.emit(1)
    source.one.emit(2)
    assert recorder.calls == [(1,)]


def test_a_single_shot_method(qt: Implementation, source: Any, receiver: Any) -> None:
    source.one.connect(receiver.first, type=qt.Qt.SingleShotConnection)
    source.one.emit(1)
    source.one.emit(2)
    assert receiver.calls == [1]


def test_unique_methods_connect_once(qt: Implementation, source: Any, receiver: Any) -> None:
    for _ in range(3):
        source.one.connect(receiver.first, qt.Qt.UniqueConnection)
    source.one.emit(1)
    assert receiver.calls == [1]


def test_a_second_unique_connection_is_invalid(qt: Implementation, source: Any, receiver: Any) -> None:
    assert bool(source.one.connect(receiver.decorated, qt.Qt.UniqueConnection)) is True
    assert bool(source.one.connect(receiver.decorated, qt.Qt.UniqueConnection)) is False


def test_unique_after_an_ordinary_connection(qt: Implementation, source: Any, receiver: Any) -> None:
    source.one.connect(receiver.first)
    source.one.connect(receiver.first, qt.Qt.UniqueConnection)
    source.one.emit(1)
    assert receiver.calls == [1]


def test_unique_is_a_matter_of_signal_and_slot(qt: Implementation, source: Any, receiver: Any) -> None:
    other = type(receiver)()
    source.one.connect(receiver.first, qt.Qt.UniqueConnection)
    source.one.connect(receiver.everything, qt.Qt.UniqueConnection)
    source.one.connect(other.first, qt.Qt.UniqueConnection)
    source.text.connect(receiver.first, qt.Qt.UniqueConnection)
    source.one.emit(1)
    source.text.emit("t")
    assert receiver.calls == [1, (1,), "t"]
    assert other.calls == [1]


# Disconnecting.


def test_two_connections_are_two_calls_and_one_disconnect(source: Any, receiver: Any) -> None:
    source.one.connect(receiver.first)
    source.one.connect(receiver.first)
    source.one.emit(1)
    assert receiver.calls == [1, 1]
    assert source.one.disconnect(receiver.first) is True
    source.one.emit(2)
    assert receiver.calls == [1, 1]


def test_disconnect_of_a_function_removes_one(source: Any, recorder: Recorder) -> None:
    slot = recorder.note("s")
    source.bare.connect(slot)
    source.bare.connect(slot)
    source.bare.disconnect(slot)
    source.bare.emit()
    assert recorder.calls == ["s"]


def test_disconnect_everything(source: Any, receiver: Any, recorder: Recorder) -> None:
    source.one.connect(receiver.first)
    source.one.connect(recorder)
    source.one.connect(source.bare)
    assert source.one.disconnect() is True
    source.one.emit(1)
    assert (receiver.calls, recorder.calls) == ([], [])
    assert source.receivers("2one(int)") == 0


def test_disconnect_of_one_signal_leaves_the_others(source: Any, recorder: Recorder) -> None:
    source.one.connect(recorder.note("one"))
    source.text.connect(recorder.note("text"))
    source.one.disconnect()
    source.one.emit(1)
    source.text.emit("t")
    assert recorder.calls == [("text", "t")]


def test_disconnect_with_nothing_connected_warns(source: Any) -> None:
    with pytest.warns(RuntimeWarning, match="disconnect"):
        assert source.one.disconnect() is False


def test_disconnect_of_a_stranger_warns(source: Any, receiver: Any) -> None:
    source.one.connect(receiver.first)
    with pytest.warns(RuntimeWarning, match="disconnect"):
        assert source.one.disconnect(receiver.nothing) is False


@pytest.mark.parametrize("slot", [3, "x"])
def test_disconnect_of_no_callable_raises(source: Any, slot: Any) -> None:
    with pytest.raises(TypeError):
        source.one.disconnect(slot)


def test_disconnect_by_connection(qt: Implementation, source: Any, recorder: Recorder) -> None:
    a = source.bare.connect(recorder.note("a"))
    source.bare.connect(recorder.note("b"))
    assert isinstance(a, qt.QMetaObject.Connection)
    assert bool(a)
    assert source.bare.disconnect(a) is True
    source.bare.emit()
    assert recorder.calls == ["b"]
    with pytest.warns(RuntimeWarning, match="disconnect"):
        assert source.bare.disconnect(a) is False


def test_static_disconnect_by_connection(qt: Implementation, source: Any, recorder: Recorder) -> None:
    connection = source.bare.connect(recorder)
    assert qt.QObject.disconnect(connection) is True
    assert bool(connection) is False
    assert qt.QObject.disconnect(connection) is False
    source.bare.emit()
    assert recorder.calls == []


def test_a_connection_turns_false_with_its_sender(source: Any, recorder: Recorder) -> None:
    sender = type(source)()
    connection = sender.bare.connect(recorder)
    assert bool(connection)
    del sender
    assert not bool(connection)


def test_an_equal_bound_method_disconnects(source: Any, receiver: Any) -> None:
    source.one.connect(receiver.first)
    assert type(receiver).first.__get__(receiver) is not receiver.first
    assert source.one.disconnect(type(receiver).first.__get__(receiver)) is True
    source.one.emit(1)
    assert receiver.calls == []


def test_disconnect_of_builtin_methods(source: Any) -> None:
    values: list[int] = []
    source.one.connect(values.append)
    assert source.one.disconnect(values.append) is True
    source.one.emit(1)
    assert values == []


# Who sent it, and who listens.


def test_sender(qt: Implementation, source: Any) -> None:
    class Target(qt.QObject):
        def slot(self) -> None:
            self.seen = self.sender()

    target = Target()
    source.bare.connect(target.slot)
    source.bare.emit()
    assert target.seen is source
    assert target.sender() is None


def test_sender_of_a_chain_is_the_last_signal(qt: Implementation, source: Any) -> None:
    class Target(qt.QObject):
        def slot(self) -> None:
            self.seen = self.sender()

    target, other = Target(), type(source)()
    source.bare.connect(other.bare)
    other.bare.connect(target.slot)
    source.bare.emit()
    assert target.seen is other


def test_sender_in_a_queued_slot(qt: Implementation, source: Any) -> None:
    class Target(qt.QObject):
        seen = None

        def slot(self) -> None:
            self.seen = self.sender()

    target = Target()
    source.bare.connect(target.slot, qt.Qt.QueuedConnection)
    source.bare.emit()
    qt.process()
    assert target.seen is source


def test_sender_is_restored_after_a_nested_emission(qt: Implementation, source: Any) -> None:
    seen = []
    other = type(source)()

    class Target(qt.QObject):
        def outer(self) -> None:
            seen.append(self.sender())
            other.one.emit(1)
            seen.append(self.sender())

        def inner(self, value: int) -> None:
            seen.append(self.sender())

    target = Target()
    source.bare.connect(target.outer)
    other.one.connect(target.inner)
    source.bare.emit()
    assert seen == [source, other, source]


def test_sender_signal_index(qt: Implementation, source: Any) -> None:
    class Target(qt.QObject):
        def slot(self) -> None:
            self.index = self.senderSignalIndex()

    target = Target()
    assert target.senderSignalIndex() == -1
    source.bare.connect(target.slot)
    source.bare.emit()
    assert target.index == source.metaObject().indexOfSignal("bare()")


def test_receivers_are_connections(qt: Implementation, source: Any, receiver: Any, recorder: Recorder) -> None:
    signal = qt.SIGNAL("one(int)")
    assert source.receivers(signal) == 0
    source.one.connect(receiver.first)
    source.one.connect(recorder)
    source.one.connect(recorder)
    assert source.receivers(signal) == 3
    source.one.disconnect(recorder)
    assert source.receivers(signal) == 2


def test_is_signal_connected(qt: Implementation, source: Any, recorder: Recorder) -> None:
    method = qt.QMetaMethod.fromSignal(source.one)
    assert source.isSignalConnected(method) is False
    source.one.connect(recorder)
    assert source.isSignalConnected(method) is True
    source.one.disconnect(recorder)
    assert source.isSignalConnected(method) is False


def test_connect_and_disconnect_notify(qt: Implementation, recorder: Recorder) -> None:
    class Source(qt.QObject):
        changed = qt.Signal(int)

        def connectNotify(self, signal: Any) -> None:
            recorder("connected", bytes(signal.methodSignature()))

        def disconnectNotify(self, signal: Any) -> None:
            recorder("disconnected", bytes(signal.methodSignature()))

    class Target(qt.QObject):
        def slot(self, value: int) -> None:
            raise AssertionError("not emitted")

    source, target = Source(), Target()
    source.changed.connect(target.slot)
    assert set(recorder.calls) == {("connected", b"changed(int)")}
    recorder.calls.clear()
    source.changed.disconnect(target.slot)
    assert set(recorder.calls) == {("disconnected", b"changed(int)")}


# The old spelling.


def test_old_style_connect(qt: Implementation, source: Any, receiver: Any, recorder: Recorder) -> None:
    assert qt.SIGNAL("x( int )") == "2x(int)"
    assert qt.SLOT("x(int)") == "1x(int)"
    assert qt.QObject.connect(source, qt.SIGNAL("one(int)"), recorder)
    assert qt.QObject.connect(source, qt.SIGNAL("one(int)"), receiver, qt.SLOT("decorated(int)"))
    assert qt.QObject.connect(source, qt.SIGNAL("one(int)"), receiver.first)
    source.one.emit(1)
    assert recorder.calls == [(1,)]
    assert receiver.calls == [("decorated", 1), 1]


def test_old_style_connect_as_a_method(qt: Implementation, source: Any, recorder: Recorder) -> None:
    assert source.connect(qt.SIGNAL("one(int)"), recorder)
    assert source.connect(source, qt.SIGNAL("text(QString)"), recorder)
    source.one.emit(1)
    source.text.emit("t")
    assert recorder.calls == [(1,), ("t",)]


def test_old_style_signal_to_signal(qt: Implementation, source: Any, recorder: Recorder) -> None:
    other = type(source)()
    assert qt.QObject.connect(source, qt.SIGNAL("one(int)"), other, qt.SIGNAL("one(int)"))
    other.one.connect(recorder)
    source.one.emit(2)
    assert recorder.calls == [(2,)]


def test_old_style_connect_needs_the_macros(qt: Implementation, source: Any, recorder: Recorder) -> None:
    with pytest.raises(TypeError):
        qt.QObject.connect(source, "one(int)", recorder)


@pytest.mark.qnet("PySide6 makes up a signal or slot of that name and reports success")
def test_old_style_connect_of_an_unknown_name(
    qt: Implementation, source: Any, receiver: Any, messages: list[str]
) -> None:
    assert not qt.QObject.connect(source, qt.SIGNAL("nope(int)"), receiver, qt.SLOT("decorated(int)"))
    assert not qt.QObject.connect(source, qt.SIGNAL("one(int)"), receiver, qt.SLOT("nope(int)"))
    assert len(messages) == 2


def test_old_style_disconnect(qt: Implementation, source: Any, receiver: Any, recorder: Recorder) -> None:
    signal = qt.SIGNAL("one(int)")
    qt.QObject.connect(source, signal, recorder)
    qt.QObject.connect(source, signal, receiver, qt.SLOT("decorated(int)"))
    assert qt.QObject.disconnect(source, signal, recorder) is True
    assert qt.QObject.disconnect(source, signal, receiver, qt.SLOT("decorated(int)")) is True
    assert qt.QObject.disconnect(source, signal, receiver, qt.SLOT("decorated(int)")) is False
    source.one.emit(1)
    assert (recorder.calls, receiver.calls) == ([], [])


def test_disconnect_of_a_receiver_from_everything(
    qt: Implementation, source: Any, receiver: Any, recorder: Recorder
) -> None:
    source.one.connect(receiver.decorated)
    source.text.connect(receiver.named)
    source.one.connect(recorder)
    assert source.disconnect(receiver) is True
    source.one.emit(1)
    source.text.emit("t")
    assert receiver.calls == []
    assert recorder.calls == [(1,)]
    assert source.disconnect(receiver) is False


def test_wildcard_disconnect(qt: Implementation, source: Any, receiver: Any, recorder: Recorder) -> None:
    source.one.connect(receiver.decorated)
    source.text.connect(recorder)
    assert qt.QObject.disconnect(source, None, None, None) is True
    source.one.emit(1)
    source.text.emit("t")
    assert (receiver.calls, recorder.calls) == ([], [])


def test_old_style_emit(qt: Implementation, source: Any, recorder: Recorder) -> None:
    source.one.connect(recorder)
    assert source.emit(qt.SIGNAL("one(int)"), 3) is True
    assert source.emit(qt.SIGNAL("nope()")) is False
    assert recorder.calls == [(3,)]
    with pytest.raises(TypeError):
        source.emit("one(int)", 3)
