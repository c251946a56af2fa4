"""What can be connected to a signal, and with which arguments it is called."""

from __future__ import annotations

import functools
import weakref
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


# Kinds of slots and the arguments that they get.


def test_a_slot_gets_only_what_it_accepts(source: Any, recorder: Recorder) -> None:
    source.two.connect(lambda: recorder("none"))
    source.two.connect(lambda a: recorder("one", a))
    source.two.connect(lambda a, b: recorder("two", a, b))
    source.two.connect(lambda *args: recorder("all", *args))
    source.two.connect(lambda a, *args: recorder("rest", a, *args))
    source.two.emit("x", 1)
    assert recorder.calls == [
        ("none",),
        ("one", "x"),
        ("two", "x", 1),
        ("all", "x", 1),
        ("rest", "x", 1),
    ]


def test_default_arguments_are_filled_by_the_signal(source: Any, recorder: Recorder) -> None:
    source.two.connect(lambda a, b=0, c=9: recorder(a, b, c))
    source.one.connect(lambda a, b="default": recorder(a, b))
    source.two.emit("x", 1)
    source.one.emit(5)
    assert recorder.calls == [("x", 1, 9), (5, "default")]


def test_keyword_only_arguments_keep_their_defaults(source: Any, recorder: Recorder) -> None:
    source.two.connect(lambda a, *, b="kept": recorder(a, b))
    source.two.emit("x", 1)
    assert recorder.calls == [("x", "kept")]


def test_methods_of_objects(source: Any, receiver: Any) -> None:
    source.two.connect(receiver.everything)
    source.two.connect(receiver.nothing)
    source.two.connect(receiver.first)
    source.two.connect(receiver.optional)
    source.two.emit("x", 1)
    assert receiver.calls == [("x", 1), "nothing", "x", ("x", 1)]


def test_decorated_slots(source: Any, receiver: Any) -> None:
    source.one.connect(receiver.decorated)
    source.one.connect(receiver.empty)
    source.text.connect(receiver.named)
    source.one.emit(3)
    source.text.emit("t")
    assert receiver.calls == [("decorated", 3), "empty", ("named", "t")]


def test_decorated_slots_are_ordinary_methods(receiver: Any) -> None:
    assert receiver.named("direct") == 5
    assert receiver.calls == [("named", "direct")]


def test_class_and_static_methods(source: Any, receiver: Any) -> None:
    source.one.connect(receiver.of_class)
    source.one.connect(type(receiver).of_class)
    source.one.connect(receiver.of_nobody)
    source.one.emit(1)
    assert type(receiver).class_calls == [1, 1, 1]


def test_methods_of_plain_objects(source: Any) -> None:
    class Plain:
        def __init__(self) -> None:
            self.calls: list[int] = []

        def slot(self, value: int) -> None:
            self.calls.append(value)

    plain = Plain()
    source.one.connect(plain.slot)
    source.one.emit(2)
    assert plain.calls == [2]


def test_methods_of_objects_with_slots_layout(source: Any) -> None:
    class Compact:
        __slots__ = ("__weakref__", "value")

        def slot(self, value: int) -> None:
            self.value = value

    compact = Compact()
    source.one.connect(compact.slot)
    source.one.emit(2)
    assert compact.value == 2


def test_callable_objects(source: Any) -> None:
    class Callable:
        def __init__(self) -> None:
            self.calls: list[Any] = []

        def __call__(self, value: int) -> None:
            self.calls.append(value)

    target = Callable()
    source.one.connect(target)
    source.one.emit(6)
    assert target.calls == [6]


def test_partials(source: Any, recorder: Recorder) -> None:
    source.one.connect(functools.partial(recorder, "bound"))
    source.one.emit(6)
    assert recorder.calls == [("bound", 6)]


def test_a_partial_of_a_method(source: Any, receiver: Any) -> None:
    source.one.connect(functools.partial(receiver.optional, "bound"))
    source.one.emit(6)
    assert receiver.calls == [("bound", 6)]


def test_builtin_methods(source: Any, capsys: pytest.CaptureFixture[str]) -> None:
    values: list[int] = []
    source.one.connect(values.append)
    source.one.connect(print)
    source.one.emit(3)
    assert values == [3]
    assert capsys.readouterr().out == "3\n"


def test_library_methods_as_slots(qt: Implementation, source: Any) -> None:
    timer = qt.QTimer()
    source.one.connect(timer.setInterval)
    source.text.connect(timer.setObjectName)
    source.one.emit(250)
    source.text.emit("renamed")
    assert (timer.interval(), timer.objectName()) == (250, "renamed")


def test_a_lambda_is_kept_alive(source: Any, recorder: Recorder) -> None:
    class Token:
        def use(self) -> None:
            recorder("used")

    token = Token()
    watch = weakref.ref(token)
    source.bare.connect(lambda token=token: token.use())
    del token
    source.bare.emit()
    assert recorder.calls == [("used",)]
    source.bare.disconnect()
    assert watch() is None


def test_a_method_does_not_keep_its_object_alive(source: Any, recorder: Recorder) -> None:
    class Plain:
        def slot(self) -> None:
            recorder("called")

    plain = Plain()
    source.bare.connect(plain.slot)
    watch = weakref.ref(plain)
    del plain
    assert watch() is None
    source.bare.emit()
    assert recorder.calls == []


def test_a_receiver_takes_its_connections_along(qt: Implementation, source: Any) -> None:
    class Target(qt.QObject):
        def slot(self) -> None:
            raise AssertionError("a dead object was called")

    target = Target()
    source.bare.connect(target.slot)
    assert source.receivers(qt.SIGNAL("bare()")) == 1
    del target
    assert source.receivers(qt.SIGNAL("bare()")) == 0
    source.bare.emit()


@pytest.mark.parametrize("slot", [3, None, "slot", object()])
def test_only_callables_can_be_connected(source: Any, slot: Any) -> None:
    with pytest.raises(TypeError):
        source.one.connect(slot)


def test_connect_needs_a_slot(source: Any) -> None:
    with pytest.raises(TypeError):
        source.one.connect()


# Signals as slots.


def test_signal_to_signal(source: Any, recorder: Recorder) -> None:
    other = type(source)()
    source.one.connect(other.one)
    other.one.connect(recorder)
    source.one.emit(8)
    assert recorder.calls == [(8,)]
    assert source.one.disconnect(other.one)
    source.one.emit(9)
    assert recorder.calls == [(8,)]


def test_a_longer_signal_into_a_shorter(source: Any, recorder: Recorder) -> None:
    source.two.connect(source.text)
    source.text.connect(source.bare)
    source.text.connect(recorder.note("text"))
    source.bare.connect(recorder.note("bare"))
    source.two.emit("x", 1)
    assert recorder.calls == ["bare", ("text", "x")]


def test_a_shorter_signal_into_a_longer_is_refused(source: Any) -> None:
    with pytest.raises(RuntimeError):
        source.text.connect(source.two)


def test_emit_as_a_slot(source: Any, recorder: Recorder) -> None:
    other = type(source)()
    source.one.connect(other.one.emit)
    other.one.connect(recorder)
    source.one.emit(8)
    assert recorder.calls == [(8,)]


def test_a_signal_chain_ends_with_its_receiver(source: Any) -> None:
    other = type(source)()
    source.one.connect(other.one)
    assert source.receivers("2one(int)") == 1
    del other
    source.one.emit(1)
    assert source.receivers("2one(int)") == 0
