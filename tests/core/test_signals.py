"""Signals within one thread: declaring, overloading, emitting, inheriting."""

from __future__ import annotations

from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


# Declaring and looking at signals.


def test_a_bound_signal_is_one_object(qt: Implementation, source: Any) -> None:
    assert source.one is source.one
    assert isinstance(source.one, qt.SignalInstance)
    assert isinstance(type(source).one, qt.Signal)
    assert source.one != source.bare
    assert bool(source.one)


def test_two_objects_have_their_own_signals(qt: Implementation, source: Any, recorder: Recorder) -> None:
    other = type(source)()
    source.one.connect(recorder)
    other.one.emit(1)
    assert recorder.calls == []


def test_signal_text_is_the_signature(source: Any) -> None:
    assert str(type(source).bare) == "bare()"
    assert "one(int)" in repr(source.one)
    assert "two(QString,int)" in repr(source.two)
    assert "overloaded(QString)" in repr(source.overloaded[str])


def test_the_unbound_signal_cannot_be_used(source: Any, recorder: Recorder) -> None:
    with pytest.raises(AttributeError):
        type(source).one.emit(1)
    with pytest.raises(AttributeError):
        type(source).one.connect(recorder)


def test_signals_are_not_called(source: Any) -> None:
    with pytest.raises(TypeError):
        source.bare()
    with pytest.raises(TypeError):
        type(source).bare()


def test_emit_takes_no_keywords(source: Any) -> None:
    with pytest.raises(TypeError):
        source.described.emit(row=1, title="x")


def test_unknown_keywords_of_a_declaration(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.Signal(int, nonsense=1)


def test_a_signal_needs_a_qobject(qt: Implementation) -> None:
    class Plain:
        changed = qt.Signal(int)

    with pytest.raises((AttributeError, TypeError)):
        Plain().changed.connect(print)


def test_signal_of_none_takes_no_argument(source: Any, recorder: Recorder) -> None:
    source.nothing.connect(recorder)
    source.nothing.emit()
    assert recorder.calls == [()]


def test_a_named_signal_is_reached_by_its_attribute(source: Any, recorder: Recorder) -> None:
    source.typed.connect(recorder)
    source.typed.emit(3)
    assert recorder.calls == [(3,)]
    assert "renamed(int)" in repr(source.typed)
    assert source.metaObject().indexOfSignal("renamed(int)") >= 0


def test_argument_names_show_in_the_metaobject(source: Any) -> None:
    meta = source.metaObject()
    method = meta.method(meta.indexOfSignal("described(int,QString)"))
    assert method.parameterNames() == [b"row", b"title"]


# Overloads.


def test_the_first_overload_is_the_default(source: Any, recorder: Recorder) -> None:
    source.overloaded.connect(recorder.note("default"))
    source.overloaded.emit(1)
    source.overloaded[int].emit(2)
    source.overloaded[str].emit("x")
    assert recorder.calls == [("default", 1), ("default", 2)]


def test_overloads_are_separate_signals(source: Any) -> None:
    calls: list[Any] = []

    def integers(value: int) -> None:
        calls.append(("int", value))

    def texts(value: str) -> None:
        calls.append(("str", value))

    def pairs(value: str, number: int) -> None:
        calls.append(("both", value, number))

    source.overloaded[int].connect(integers)
    source.overloaded[str].connect(texts)
    source.overloaded[str, int].connect(pairs)
    source.overloaded[str].emit("x")
    source.overloaded[str, int].emit("y", 2)
    source.overloaded.emit(3)
    assert calls == [("str", "x"), ("both", "y", 2), ("int", 3)]


def test_an_overload_is_one_object(source: Any) -> None:
    assert source.overloaded[str] is source.overloaded[str]
    assert source.overloaded[int] is source.overloaded


@pytest.mark.parametrize("key", [float, (int, int), "nope"])
def test_an_unknown_overload_raises(source: Any, key: Any) -> None:
    with pytest.raises(IndexError):
        source.overloaded[key]


def test_a_plain_signal_can_be_indexed_by_its_own_types(source: Any) -> None:
    assert source.one[int] is source.one
    assert source.two[str, int] is source.two


def test_qt_type_names_are_types(qt: Implementation, recorder: Recorder) -> None:
    class Source(qt.QObject):
        changed = qt.Signal("QString", "int", "QVariant")

    source = Source()
    source.changed.connect(recorder)
    source.changed.emit("x", 1, [1, 2])
    assert recorder.calls == [("x", 1, [1, 2])]


# Emitting.


def test_emit_calls_in_the_order_of_connecting(source: Any, recorder: Recorder) -> None:
    for label in "abc":
        source.one.connect(recorder.note(label))
    source.one.emit(7)
    assert recorder.calls == [("a", 7), ("b", 7), ("c", 7)]


def test_emit_without_slots(source: Any) -> None:
    source.one.emit(1)


@pytest.mark.parametrize("args", [(), (1, 2)])
def test_a_wrong_count_raises(source: Any, recorder: Recorder, args: tuple[int, ...]) -> None:
    source.one.connect(recorder)
    with pytest.raises(TypeError):
        source.one.emit(*args)
    assert recorder.calls == []


def test_the_very_object_arrives(source: Any, recorder: Recorder) -> None:
    thing = {"a": object()}
    source.thing.connect(recorder)
    source.thing.emit(thing)
    source.thing.emit(None)
    assert recorder.calls[0][0] is thing
    assert recorder.calls[1] == (None,)


def test_a_slots_result_is_dropped(source: Any) -> None:
    source.bare.connect(lambda: "a result")
    assert source.bare.emit() != "a result"


def test_emission_from_within_a_slot_nests(source: Any, recorder: Recorder) -> None:
    def again(value: int) -> None:
        recorder(f"a{value}")
        if value:
            source.one.emit(value - 1)

    source.one.connect(again)
    source.one.connect(lambda value: recorder(f"b{value}"))
    source.one.emit(2)
    assert [c for (c,) in recorder.calls] == ["a2", "a1", "a0", "b0", "b1", "b2"]


def test_a_slot_connected_while_emitting_waits(source: Any, recorder: Recorder) -> None:
    def first() -> None:
        source.bare.connect(recorder.note("late"))

    source.bare.connect(first)
    source.bare.emit()
    assert recorder.calls == []
    source.bare.disconnect(first)
    source.bare.emit()
    assert recorder.calls == ["late"]


def test_a_slot_disconnected_while_emitting_is_skipped(source: Any, recorder: Recorder) -> None:
    second = recorder.note("second")
    source.bare.connect(lambda: source.bare.disconnect(second))
    source.bare.connect(second)
    source.bare.connect(recorder.note("third"))
    source.bare.emit()
    assert recorder.calls == ["third"]


def test_a_slot_that_disconnects_all_is_the_last(source: Any, recorder: Recorder) -> None:
    source.bare.connect(recorder.note("first"))
    source.bare.connect(lambda: source.bare.disconnect())
    source.bare.connect(recorder.note("third"))
    source.bare.emit()
    source.bare.emit()
    assert recorder.calls == ["first"]


def test_disconnecting_while_nested_emissions_run(source: Any, recorder: Recorder) -> None:
    tail = recorder.note("tail")
    depth = []

    def head() -> None:
        depth.append(1)
        if len(depth) == 1:
            source.bare.emit()
        else:
            source.bare.disconnect(tail)

    source.bare.connect(head)
    source.bare.connect(tail)
    source.bare.emit()
    assert recorder.calls == []


def test_a_receiver_deleted_while_emitting_is_skipped(qt: Implementation, source: Any) -> None:
    calls = []

    class Target(qt.QObject):
        def slot(self) -> None:
            calls.append("slot")

    root = qt.QObject()
    target = Target(root)
    source.bare.connect(lambda: holder.clear())
    source.bare.connect(target.slot)
    source.bare.connect(lambda: calls.append("after"))
    holder = [root]
    del root, target
    source.bare.emit()
    assert calls == ["after"]


def test_deleting_the_sender_ends_the_emission(qt: Implementation, source: Any, recorder: Recorder) -> None:
    root = qt.QObject()
    sender = type(source)()
    sender.setParent(root)
    holder = [root]
    sender.bare.connect(recorder.note("first"))
    sender.bare.connect(lambda: holder.clear())
    sender.bare.connect(recorder.note("third"))
    emit = sender.bare.emit
    del root
    emit()
    assert recorder.calls == ["first"]


# Exceptions.


def test_an_exception_stops_neither_emitter_nor_others(source: Any, recorder: Recorder, slot_errors: list[Any]) -> None:
    def bad(value: int) -> None:
        raise ValueError(value)

    source.one.connect(recorder.note("a"))
    source.one.connect(bad)
    source.one.connect(recorder.note("b"))
    source.one.emit(4)
    assert recorder.calls == [("a", 4), ("b", 4)]
    assert [type(e) for e in slot_errors] == [ValueError]
    assert slot_errors[0].args == (4,)


def test_the_report_has_the_traceback(source: Any, slot_errors: list[Any]) -> None:
    def culprit() -> None:
        raise KeyError("x")

    source.bare.connect(culprit)
    source.bare.emit()
    trace = slot_errors[0].__traceback__
    names = []
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert names[-1] == "culprit"


def test_a_slot_that_needs_more_than_the_signal_has(source: Any, slot_errors: list[Any]) -> None:
    def greedy(a: int, b: int) -> None:
        raise AssertionError("never called")

    source.one.connect(greedy)
    source.one.emit(1)
    assert [type(e) for e in slot_errors] == [TypeError]


# Inheritance.


def test_signals_are_inherited(qt: Implementation, source: Any, recorder: Recorder) -> None:
    class Sub(type(source)):
        extra = qt.Signal(int)

    sub = Sub()
    sub.one.connect(recorder.note("one"))
    sub.extra.connect(recorder.note("extra"))
    sub.destroyed.connect(lambda: recorder("gone"))
    sub.one.emit(1)
    sub.extra.emit(2)
    del sub
    assert recorder.calls == [("one", 1), ("extra", 2), ("gone",)]


def test_a_class_shadows_a_signal_of_its_base(qt: Implementation, recorder: Recorder) -> None:
    class Shadow(qt.QTimer):
        timeout = qt.Signal(str)

    shadow = Shadow()
    shadow.timeout.connect(recorder)
    shadow.timeout.emit("mine")
    assert recorder.calls == [("mine",)]


def test_a_signal_declared_on_a_mixin(qt: Implementation, recorder: Recorder) -> None:
    class Mixin:
        mixed = qt.Signal(int)

    class Object(Mixin, qt.QObject):
        own = qt.Signal(int)

    o = Object()
    o.mixed.connect(recorder.note("mixed"))
    o.own.connect(recorder.note("own"))
    o.mixed.emit(1)
    o.own.emit(2)
    assert recorder.calls == [("mixed", 1), ("own", 2)]


def test_assigning_over_a_signal_hides_it(source: Any, recorder: Recorder) -> None:
    other = type(source)()
    source.one = 3
    assert source.one == 3
    other.one.connect(recorder)
    other.one.emit(1)
    assert recorder.calls == [(1,)]
