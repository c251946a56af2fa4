"""Introspection: QMetaObject, QMetaMethod, calls by name, and connecting slots by name."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def thing(qt: Implementation) -> Any:
    class Thing(qt.QObject):
        changed = qt.Signal(int)
        moved = qt.Signal(str, int)

        def __init__(self) -> None:
            super().__init__()
            self.calls: list[Any] = []
            self.threads: list[int] = []

        @qt.Slot(int, result=int)
        def add(self, value: int) -> int:
            self.calls.append(value)
            self.threads.append(threading.get_ident())
            return value + 1

        @qt.Slot()
        def ping(self) -> None:
            self.calls.append("ping")
            self.threads.append(threading.get_ident())

        @qt.Slot(result=int)
        def fail(self) -> int:
            raise ValueError("on purpose")

        def plain(self, value: int) -> None:
            self.calls.append(("plain", value))

    return Thing()


def test_class_names_and_ancestry(qt: Implementation, thing: Any) -> None:
    meta = thing.metaObject()
    assert meta.className() == "Thing"
    assert meta.superClass().className() == "QObject"
    assert qt.QObject.staticMetaObject.superClass() is None
    assert meta.inherits(qt.QObject.staticMetaObject)
    assert meta.inherits(meta)
    assert not qt.QObject.staticMetaObject.inherits(meta)
    assert qt.QTimer().metaObject().className() == "QTimer"


def test_static_and_dynamic_metaobject_are_one(thing: Any) -> None:
    assert type(thing).staticMetaObject == thing.metaObject()


def test_own_methods_come_after_the_inherited(thing: Any) -> None:
    meta = thing.metaObject()
    assert 0 < meta.methodOffset() < meta.methodCount()
    own = [bytes(meta.method(i).methodSignature()) for i in range(meta.methodOffset(), meta.methodCount())]
    assert own == [b"changed(int)", b"moved(QString,int)", b"add(int)", b"ping()", b"fail()"]
    inherited = {bytes(meta.method(i).methodSignature()) for i in range(meta.methodOffset())}
    assert {b"destroyed(QObject*)", b"objectNameChanged(QString)", b"deleteLater()"} <= inherited


def test_index_of(thing: Any) -> None:
    meta = thing.metaObject()
    for signature in ("changed(int)", "add(int)", "ping()", "deleteLater()", "objectNameChanged(QString)"):
        index = meta.indexOfMethod(signature)
        assert meta.method(index).methodSignature() == signature.encode()
        assert meta.method(index).methodIndex() == index
    assert meta.indexOfSignal("changed(int)") == meta.indexOfMethod("changed(int)")
    assert meta.indexOfSlot("add(int)") == meta.indexOfMethod("add(int)")
    assert meta.indexOfSignal("add(int)") == -1
    assert meta.indexOfSlot("changed(int)") == -1
    assert meta.indexOfMethod("nope()") == -1
    assert meta.indexOfProperty("objectName") == 0
    assert meta.indexOfProperty("nope") == -1


def test_a_method_describes_itself(qt: Implementation, thing: Any) -> None:
    meta = thing.metaObject()
    moved = meta.method(meta.indexOfSignal("moved(QString,int)"))
    assert moved.isValid()
    assert moved.name() == b"moved"
    assert moved.methodType() == qt.QMetaMethod.MethodType.Signal
    assert moved.access() == qt.QMetaMethod.Access.Public
    assert moved.parameterCount() == 2
    assert moved.parameterTypes() == [b"QString", b"int"]
    assert moved.typeName() == "void"
    add = meta.method(meta.indexOfSlot("add(int)"))
    assert add.methodType() == qt.QMetaMethod.MethodType.Slot
    assert add.typeName() == "int"


@pytest.mark.parametrize("index", [-1, 999])
def test_a_method_out_of_range_is_invalid(thing: Any, index: int) -> None:
    method = thing.metaObject().method(index)
    assert not method.isValid()
    assert method.name() == b""
    assert method.methodIndex() == -1


def test_a_method_from_a_signal(qt: Implementation, thing: Any) -> None:
    method = qt.QMetaMethod.fromSignal(thing.changed)
    meta = thing.metaObject()
    assert method == meta.method(meta.indexOfSignal("changed(int)"))
    assert method.methodSignature() == b"changed(int)"
    assert not qt.QMetaMethod().isValid()


def test_signatures_are_normalised(qt: Implementation) -> None:
    assert qt.QMetaObject.normalizedSignature("a( int , const QString & )") == b"a(int,QString)"
    assert qt.QMetaObject.checkConnectArgs("x(int,int)", "y(int)") is True
    assert qt.QMetaObject.checkConnectArgs("x(int)", "y(int,int)") is False


# Calls by name.


def test_invoke_directly(qt: Implementation, thing: Any) -> None:
    invoke = qt.QMetaObject.invokeMethod
    assert invoke(thing, "ping") is True
    assert invoke(thing, "add", qt.Q_ARG(int, 3)) is True
    assert invoke(thing, "add", qt.Qt.DirectConnection, qt.Q_ARG(int, 4)) is True
    assert thing.calls == ["ping", 3, 4]


def test_invoke_queued(qt: Implementation, thing: Any) -> None:
    assert qt.QMetaObject.invokeMethod(thing, "ping", qt.Qt.QueuedConnection) is True
    assert thing.calls == []
    qt.process()
    assert thing.calls == ["ping"]


def test_invoke_with_a_result(qt: Implementation, thing: Any) -> None:
    invoke = qt.QMetaObject.invokeMethod
    assert invoke(thing, "add", qt.Q_RETURN_ARG(int), qt.Q_ARG(int, 3)) == 4
    assert invoke(thing, "add", qt.Qt.DirectConnection, qt.Q_RETURN_ARG(int), qt.Q_ARG(int, 5)) == 6


def test_invoke_queued_has_no_result(qt: Implementation, thing: Any) -> None:
    with pytest.raises(RuntimeError):
        qt.QMetaObject.invokeMethod(thing, "add", qt.Qt.QueuedConnection, qt.Q_RETURN_ARG(int), qt.Q_ARG(int, 3))
    qt.process()
    assert thing.calls == []


def test_invoke_blocking_in_another_thread(qt: Implementation, thing: Any, thread: Any) -> None:
    thing.moveToThread(thread)
    blocking = qt.Qt.BlockingQueuedConnection
    result = qt.QMetaObject.invokeMethod(thing, "add", blocking, qt.Q_RETURN_ARG(int), qt.Q_ARG(int, 3))
    assert result == 4
    assert thing.threads != [threading.get_ident()]


def test_invoke_auto_is_queued_to_another_thread(qt: Implementation, thing: Any, thread: Any) -> None:
    thing.moveToThread(thread)
    assert qt.QMetaObject.invokeMethod(thing, "ping") is True
    assert qt.wait(lambda: thing.calls)
    assert thing.threads != [threading.get_ident()]


def test_invoke_a_signal(qt: Implementation, thing: Any, recorder: Recorder) -> None:
    thing.changed.connect(recorder)
    assert qt.QMetaObject.invokeMethod(thing, "changed", qt.Q_ARG(int, 3)) is True
    assert recorder.calls == [(3,)]


def test_invoke_library_slots(qt: Implementation) -> None:
    timer = qt.QTimer()
    assert qt.QMetaObject.invokeMethod(timer, "start", qt.Q_ARG(int, 1000)) is True
    assert timer.isActive()
    assert qt.QMetaObject.invokeMethod(timer, "stop") is True
    assert not timer.isActive()


def test_invoke_delete_later(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    assert qt.QMetaObject.invokeMethod(o, "deleteLater") is True
    qt.process()
    assert len(recorder) == 1


def test_invoke_an_unknown_method(qt: Implementation, thing: Any, messages: list[str]) -> None:
    assert qt.QMetaObject.invokeMethod(thing, "nope") is False
    assert len(messages) == 1
    assert "Thing::nope()" in messages[0]


def test_invoke_with_the_wrong_arguments(qt: Implementation, thing: Any, messages: list[str]) -> None:
    assert qt.QMetaObject.invokeMethod(thing, "add") is False
    assert qt.QMetaObject.invokeMethod(thing, "add", qt.Q_ARG(str, "x")) is False
    assert thing.calls == []
    assert "add(int)" in messages[0]


def test_an_invoked_method_that_raises(qt: Implementation, thing: Any, slot_errors: list[Any]) -> None:
    assert qt.QMetaObject.invokeMethod(thing, "fail") is True
    assert [type(e) for e in slot_errors] == [ValueError]


@pytest.mark.parametrize(("obj", "name"), [(3, "x"), (None, 3)])
def test_invoke_needs_an_object_and_a_name(qt: Implementation, obj: Any, name: Any) -> None:
    with pytest.raises(TypeError):
        qt.QMetaObject.invokeMethod(obj, name)


@pytest.mark.qnet("PySide6 invokes by name only; C++ takes functors and so does qnet")
def test_invoke_a_callable(qt: Implementation, thing: Any, thread: Any) -> None:
    invoke = qt.QMetaObject.invokeMethod
    calls: list[Any] = []
    assert invoke(thing, lambda a, b: calls.append(a) or b, "direct", 5) == 5
    assert invoke(thing, lambda: calls.append("queued"), qt.Qt.QueuedConnection) is True
    assert calls == ["direct"]
    qt.process()
    assert calls == ["direct", "queued"]
    thing.moveToThread(thread)
    assert invoke(thing, threading.get_ident, qt.Qt.BlockingQueuedConnection) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        invoke(thing, lambda: 1 // 0, qt.Qt.BlockingQueuedConnection)


@pytest.mark.qnet("PySide6 invokes only what is marked as a slot, and wants Q_ARG")
def test_invoke_a_plain_method(qt: Implementation, thing: Any, messages: list[str]) -> None:
    assert qt.QMetaObject.invokeMethod(thing, "plain", 3) is True
    assert qt.QMetaObject.invokeMethod(thing, "plain", qt.Qt.QueuedConnection, 4) is True
    assert qt.QMetaObject.invokeMethod(thing, "plain") is False
    qt.process()
    assert thing.calls == [("plain", 3), ("plain", 4)]
    assert len(messages) == 1


def test_a_meta_method_can_be_invoked(qt: Implementation, thing: Any) -> None:
    meta = thing.metaObject()
    ping = meta.method(meta.indexOfMethod("ping()"))
    assert ping.invoke(thing) is True
    assert ping.invoke(thing, qt.Qt.QueuedConnection) is True
    assert thing.calls == ["ping"]
    qt.process()
    assert thing.calls == ["ping", "ping"]


# Connecting by name.


def test_connect_slots_by_name(qt: Implementation) -> None:
    class Form(qt.QObject):
        def __init__(self) -> None:
            super().__init__()
            self.calls: list[Any] = []

        @qt.Slot()
        def on_clock_timeout(self) -> None:
            self.calls.append("tick")

        @qt.Slot(str)
        def on_clock_objectNameChanged(self, name: str) -> None:
            self.calls.append(name)

        def on_clock_destroyed(self) -> None:
            self.calls.append("plain methods are not slots")

    form = Form()
    clock = qt.QTimer(form, objectName="clock", interval=0)
    qt.QMetaObject.connectSlotsByName(form)
    clock.setObjectName("renamed")
    clock.start()
    assert qt.wait(lambda: "tick" in form.calls)
    clock.stop()
    assert form.calls[0] == "renamed"
    assert "plain methods are not slots" not in form.calls


def test_connect_slots_by_name_warns_of_strays(qt: Implementation, messages: list[str]) -> None:
    class Form(qt.QObject):
        @qt.Slot()
        def on_missing_clicked(self) -> None:
            raise AssertionError("never called")

    qt.QMetaObject.connectSlotsByName(Form())
    assert len(messages) == 1
    assert "on_missing_clicked()" in messages[0]
