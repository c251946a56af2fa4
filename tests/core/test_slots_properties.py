"""The decorators of a class body: Slot, Property, ClassInfo, and the names of the old spelling."""

from __future__ import annotations

from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def model(qt: Implementation) -> Any:
    class Model(qt.QObject):
        levelChanged = qt.Signal(int)

        def __init__(self) -> None:
            super().__init__()
            self._level = 1
            self._title = "t"

        def _get_level(self) -> int:
            return self._level

        def _set_level(self, value: int) -> None:
            self._level = value
            self.levelChanged.emit(value)

        level = qt.Property(int, _get_level, _set_level, notify=levelChanged, doc="How high.")
        fixed = qt.Property(int, lambda self: 4, constant=True)

        @qt.Property(str)
        def title(self) -> str:
            return self._title

        @title.setter
        def title(self, value: str) -> None:
            self._title = value

        @title.resetter
        def title(self) -> None:
            self._title = "reset"

    return Model()


def test_a_property_reads_and_writes(model: Any) -> None:
    assert (model.level, model.title) == (1, "t")
    model.level = 5
    model.title = "new"
    assert (model.level, model._level, model.title) == (5, 5, "new")


def test_property_and_set_property_reach_it(model: Any) -> None:
    assert model.property("level") == 1
    assert model.setProperty("level", 7) is True
    assert (model.level, model.property("title")) == (7, "t")
    assert model.dynamicPropertyNames() == []


def test_notify_is_the_setters_business(model: Any, recorder: Recorder) -> None:
    model.levelChanged.connect(recorder)
    model.setProperty("level", 3)
    model.level = 4
    assert recorder.calls == [(3,), (4,)]


def test_a_read_only_property(model: Any) -> None:
    assert model.fixed == 4
    with pytest.raises(AttributeError):
        model.fixed = 5
    assert model.setProperty("fixed", 5) is False
    assert model.fixed == 4


def test_a_property_cannot_be_deleted(model: Any) -> None:
    with pytest.raises(AttributeError):
        del model.level


def test_the_class_holds_the_property(qt: Implementation, model: Any) -> None:
    declared = type(model).level
    assert isinstance(declared, qt.Property)
    assert declared.__doc__ == "How high."
    assert declared.fget(model) == 1


def test_properties_are_inherited(qt: Implementation, model: Any) -> None:
    class Sub(type(model)):
        extra = qt.Property(str, lambda self: "extra")

    sub = Sub()
    sub.level = 2
    assert (sub.property("level"), sub.property("extra")) == (2, "extra")


def test_properties_in_the_metaobject(model: Any) -> None:
    meta = model.metaObject()
    found = [meta.property(i) for i in range(meta.propertyOffset(), meta.propertyCount())]
    assert sorted(p.name() for p in found) == ["fixed", "level", "title"]
    level = meta.property(meta.indexOfProperty("level"))
    assert (level.typeName(), level.isReadable(), level.isWritable(), level.isResettable()) == (
        "int",
        True,
        True,
        False,
    )
    assert level.read(model) == 1
    assert level.notifySignal().methodSignature() == b"levelChanged(int)"
    fixed = meta.property(meta.indexOfProperty("fixed"))
    assert (fixed.isConstant(), fixed.isWritable()) == (True, False)


def test_a_property_is_reset(model: Any) -> None:
    meta = model.metaObject()
    title = meta.property(meta.indexOfProperty("title"))
    assert title.isResettable()
    assert title.reset(model) is True
    assert model.title == "reset"


def test_an_exception_in_a_getter_reaches_the_reader(qt: Implementation) -> None:
    class Bad(qt.QObject):
        def _get(self) -> int:
            raise ValueError("no value")

        value = qt.Property(int, _get)

    with pytest.raises(ValueError, match="no value"):
        Bad().value


# Slots.


def test_a_slot_stays_an_ordinary_function(qt: Implementation) -> None:
    class Target(qt.QObject):
        @qt.Slot(int, result=str)
        def convert(self, value: int) -> str:
            """Documented."""
            return str(value)

    assert Target().convert(3) == "3"
    assert Target.convert.__name__ == "convert"
    assert Target.convert.__doc__ == "Documented."


def test_a_slot_shows_in_the_metaobject(qt: Implementation) -> None:
    class Target(qt.QObject):
        @qt.Slot(int, str)
        def named(self, a: int, b: str) -> None:
            raise AssertionError("never called")

        @qt.Slot(name="other")
        def renamed(self) -> None:
            raise AssertionError("never called")

        def plain(self) -> None:
            raise AssertionError("never called")

    meta = Target().metaObject()
    assert meta.indexOfSlot("named(int,QString)") >= 0
    assert meta.indexOfSlot("other()") >= 0
    assert meta.indexOfSlot("renamed()") == -1
    assert meta.indexOfSlot("plain()") == -1


def test_stacked_slots_are_overloads(qt: Implementation) -> None:
    class Target(qt.QObject):
        @qt.Slot(int)
        @qt.Slot(str)
        def both(self, value: Any) -> None:
            raise AssertionError("never called")

    meta = Target().metaObject()
    assert meta.indexOfSlot("both(int)") >= 0
    assert meta.indexOfSlot("both(QString)") >= 0


def test_a_slot_without_types_takes_what_it_accepts(qt: Implementation, source: Any) -> None:
    calls = []

    class Target(qt.QObject):
        @qt.Slot()
        def none(self) -> None:
            calls.append("none")

        @qt.Slot(str)
        def first(self, text: str) -> None:
            calls.append(text)

        @qt.Slot(str, int)
        def both(self, text: str, number: int) -> None:
            calls.append((text, number))

    target = Target()
    for slot in (target.none, target.first, target.both):
        source.two.connect(slot)
    source.two.emit("x", 1)
    assert calls == ["none", "x", ("x", 1)]


def test_an_inherited_slot_can_be_overridden(qt: Implementation, source: Any) -> None:
    calls = []

    class Base(qt.QObject):
        def __init__(self) -> None:
            super().__init__()
            source.bare.connect(self.run)

        @qt.Slot()
        def run(self) -> None:
            calls.append("base")

    class Sub(Base):
        @qt.Slot()
        def run(self) -> None:
            calls.append("sub")

    sub = Sub()
    source.bare.emit()
    assert calls == ["sub"]
    del sub


def test_slot_types_must_be_types(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.Slot(lambda: None)


# Class information.


def test_class_info(qt: Implementation) -> None:
    @qt.ClassInfo(author="me", url="http://h/")
    class Described(qt.QObject):
        pass

    meta = Described().metaObject()
    found = {meta.classInfo(i).name(): meta.classInfo(i).value() for i in range(meta.classInfoCount())}
    assert found == {"author": "me", "url": "http://h/"}
    assert meta.indexOfClassInfo("url") >= 0
    assert meta.indexOfClassInfo("nope") == -1


def test_class_info_is_text_about_an_object_class(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.ClassInfo(author=3)(type("Described", (qt.QObject,), {}))
    with pytest.raises(TypeError):
        qt.ClassInfo(author="me")(int)


def test_enums_stay_enums(qt: Implementation) -> None:
    import enum

    class Holder(qt.QObject):
        @qt.QEnum
        class Color(enum.Enum):
            Red = 1
            Green = 2

        @qt.QFlag
        class Option(enum.Flag):
            A = 1
            B = 2

    assert Holder.Color.Green.value == 2
    assert Holder.Option(3) == Holder.Option.A | Holder.Option.B
    with pytest.raises(TypeError):
        qt.QEnum(int)
