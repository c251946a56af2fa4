"""The object tree: names, parents, searching, properties, life and death."""

from __future__ import annotations

import copy
import pickle
import weakref
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def tree(qt: Implementation) -> Any:
    """root -> (a -> (aa, timer "deep"), timer "tick", b); every object is named."""
    root = qt.QObject(objectName="root")
    a = qt.QObject(root, objectName="a")
    qt.QObject(a, objectName="aa")
    qt.QTimer(a, objectName="deep")
    qt.QTimer(root, objectName="tick")
    qt.QObject(root, objectName="b")
    return root


def names(objects: list[Any]) -> list[str]:
    return [o.objectName() for o in objects]


# Construction.


def test_a_new_object_is_bare(qt: Implementation) -> None:
    o = qt.QObject()
    assert (o.parent(), o.children(), o.objectName(), o.signalsBlocked()) == (None, [], "", False)
    assert (o.isWidgetType(), o.isWindowType(), o.isQuickItemType()) == (False, False, False)


def test_parent_is_positional_or_by_keyword(qt: Implementation) -> None:
    root = qt.QObject()
    assert qt.QObject(root).parent() is root
    assert qt.QObject(parent=root).parent() is root
    assert qt.QObject(None).parent() is None


def test_keywords_set_properties_and_connect_signals(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject(objectName="x", objectNameChanged=recorder)
    assert o.objectName() == "x"
    o.setObjectName("y")
    assert recorder.calls == [("y",)]


def test_keywords_of_a_subclass(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer(interval=5, singleShot=True, timeout=recorder, objectName="n")
    assert (timer.interval(), timer.isSingleShot(), timer.objectName(), timer.isActive()) == (
        5,
        True,
        "n",
        False,
    )
    timer.start()
    assert qt.wait(lambda: recorder.calls)


def test_keywords_name_declared_signals_and_properties(qt: Implementation, recorder: Recorder) -> None:
    class Model(qt.QObject):
        ready = qt.Signal(int)

        def __init__(self, **keywords: Any) -> None:
            self._level = 0
            super().__init__(**keywords)

        def _get(self) -> int:
            return self._level

        def _set(self, value: int) -> None:
            self._level = value

        level = qt.Property(int, _get, _set)

    m = Model(level=4, ready=recorder)
    m.ready.emit(1)
    assert m.level == 4
    assert recorder.calls == [(1,)]


@pytest.mark.parametrize("keywords", [{"nope": 3}, {"destroyed": 3}])
def test_a_keyword_that_is_neither_raises(qt: Implementation, keywords: dict[str, Any]) -> None:
    with pytest.raises((AttributeError, TypeError)):
        qt.QObject(**keywords)


@pytest.mark.parametrize("parent", [3, "root", object()])
def test_parent_must_be_an_object(qt: Implementation, parent: Any) -> None:
    with pytest.raises(TypeError):
        qt.QObject(parent)
    with pytest.raises(TypeError):
        qt.QObject().setParent(parent)


def test_forgetting_to_initialise_the_base_is_an_error(qt: Implementation) -> None:
    class Careless(qt.QObject):
        def __init__(self) -> None:
            self.x = 1

    with pytest.raises((RuntimeError, AttributeError)):
        Careless().objectName()
    with pytest.raises(RuntimeError, match=r"__init__|deleted"):
        Careless().objectNameChanged.connect(print)


def test_objects_take_attributes_and_weak_references(qt: Implementation) -> None:
    o = qt.QObject()
    o.anything = 1
    assert o.anything == 1
    assert weakref.ref(o)() is o


def test_objects_compare_by_identity(qt: Implementation) -> None:
    a, b = qt.QObject(), qt.QObject()
    assert a == a
    assert a != b
    assert len({a, b, a}) == 2
    assert bool(a)


def test_objects_cannot_be_copied_or_pickled(qt: Implementation) -> None:
    o = qt.QObject()
    with pytest.raises(TypeError):
        copy.copy(o)
    with pytest.raises(TypeError):
        pickle.dumps(o)


def test_cooperative_initialisation_reaches_mixins(qt: Implementation) -> None:
    class Mixin:
        def __init__(self, *args: Any, **keywords: Any) -> None:
            self.mixed = True
            super().__init__(*args, **keywords)

    class Both(Mixin, qt.QObject):
        pass

    both = Both(objectName="b")
    assert both.mixed
    assert both.objectName() == "b"


def test_an_object_first_then_a_mixin(qt: Implementation) -> None:
    class Mixin:
        def __init__(self, mixed: str = "default") -> None:
            self.mixed = mixed

    class Both(qt.QObject, Mixin):
        pass

    assert Both().mixed == "default"
    assert Both(mixed="3").mixed == "3"


# Names.


def test_object_name_changed_only_on_change(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.objectNameChanged.connect(recorder)
    for name in ("a", "a", "", "b"):
        o.setObjectName(name)
    assert recorder.calls == [("a",), ("",), ("b",)]


@pytest.mark.parametrize("name", [3, b"x", object()])
def test_object_name_must_be_text(qt: Implementation, name: Any) -> None:
    with pytest.raises(TypeError):
        qt.QObject().setObjectName(name)


def test_a_name_of_none_is_empty(qt: Implementation) -> None:
    o = qt.QObject(objectName="x")
    o.setObjectName(None)
    assert o.objectName() == ""


# Parents and children.


def test_children_keep_their_order(qt: Implementation) -> None:
    root = qt.QObject()
    kids = [qt.QObject(root) for _ in range(4)]
    assert root.children() == kids
    kids[1].setParent(None)
    assert root.children() == [kids[0], kids[2], kids[3]]
    kids[1].setParent(root)
    assert root.children() == [kids[0], kids[2], kids[3], kids[1]]


def test_setting_the_same_parent_keeps_the_place(qt: Implementation) -> None:
    root = qt.QObject()
    kids = [qt.QObject(root) for _ in range(3)]
    kids[0].setParent(root)
    assert root.children() == kids


def test_children_is_a_copy(qt: Implementation) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    root.children().clear()
    assert root.children() == [kid]


def test_reparenting_moves(qt: Implementation) -> None:
    one, two = qt.QObject(), qt.QObject()
    kid = qt.QObject(one)
    kid.setParent(two)
    assert (one.children(), two.children(), kid.parent()) == ([], [kid], two)


@pytest.mark.qnet("Qt accepts a cycle of parents and crashes at its end")
def test_a_cycle_of_parents_is_refused(qt: Implementation) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    grandchild = qt.QObject(kid)
    for descendant in (root, kid, grandchild):
        with pytest.raises(ValueError, match="ancestor"):
            root.setParent(descendant)
    assert root.parent() is None
    assert (root.children(), grandchild.children()) == ([kid], [])


def test_the_parent_keeps_children_alive(qt: Implementation) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    kid.marker = 1
    watch = weakref.ref(kid)
    del kid
    assert watch() is not None
    assert root.children()[0].marker == 1


def test_a_child_does_not_keep_its_parent_alive(qt: Implementation, recorder: Recorder) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    root.destroyed.connect(lambda: recorder("root"))
    kid.destroyed.connect(lambda: recorder("kid"))
    del root
    assert recorder.calls == [("root",), ("kid",)]


def test_an_object_without_parent_dies_by_reference_count(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    watch = weakref.ref(o)
    del o
    assert len(recorder) == 1
    assert watch() is None


def test_taking_a_child_away_gives_it_back_to_python(qt: Implementation, recorder: Recorder) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    kid.destroyed.connect(recorder.note("kid"))
    kid.setParent(None)
    del root
    assert recorder.calls == []
    del kid
    assert len(recorder) == 1


def test_destroyed_order_is_parent_then_children_in_order(qt: Implementation, recorder: Recorder) -> None:
    root = qt.QObject(objectName="root")
    for name in "ab":
        kid = qt.QObject(root, objectName=name)
        kid.destroyed.connect(lambda o, name=name: recorder(name))
        grandchild = qt.QObject(kid, objectName=name * 2)
        grandchild.destroyed.connect(lambda o, name=name: recorder(name * 2))
    root.destroyed.connect(lambda: recorder("root"))
    del kid, grandchild
    root.deleteLater()
    qt.process()
    assert [name for (name,) in recorder.calls] == ["root", "a", "aa", "b", "bb"]


def test_destroyed_carries_the_object(qt: Implementation) -> None:
    got = []
    o = qt.QObject(objectName="me")
    o.destroyed.connect(lambda who: got.append(who.objectName()))
    o.deleteLater()
    qt.process()
    assert got == ["me"]


def test_destroyed_fires_although_blocked(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    o.blockSignals(True)
    o.deleteLater()
    qt.process()
    assert len(recorder) == 1


def test_destroyed_fires_once(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    o.deleteLater()
    o.deleteLater()
    qt.process()
    del o
    assert len(recorder) == 1


def test_a_dying_child_leaves_its_parent(qt: Implementation) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    kid.deleteLater()
    assert root.children() == [kid]
    qt.process()
    assert root.children() == []


def test_a_child_may_leave_while_its_parent_dies(qt: Implementation, recorder: Recorder) -> None:
    root = qt.QObject()
    first, second = qt.QObject(root), qt.QObject(root)
    first.destroyed.connect(lambda: second.setParent(None))
    second.destroyed.connect(lambda: recorder())
    root.deleteLater()
    qt.process()
    assert recorder.calls == []
    assert second.parent() is None


def test_a_parent_in_another_thread_is_refused(qt: Implementation, thread: Any, messages: list[str]) -> None:
    root, kid = qt.QObject(), qt.QObject()
    root.moveToThread(thread)
    kid.setParent(root)
    assert kid.parent() is None
    assert root.children() == []
    assert len(messages) == 1


# Searching.


def test_find_child_by_type_and_name(qt: Implementation, tree: Any) -> None:
    assert tree.findChild(qt.QObject).objectName() == "a"
    assert tree.findChild(qt.QTimer).objectName() == "tick"
    assert tree.findChild(qt.QObject, "aa").objectName() == "aa"
    assert tree.findChild(qt.QTimer, "deep").objectName() == "deep"
    assert tree.findChild(qt.QTimer, "aa") is None
    assert tree.findChild(qt.QEventLoop) is None


def test_find_children_order(qt: Implementation, tree: Any) -> None:
    assert names(tree.findChildren(qt.QObject)) == ["a", "aa", "deep", "tick", "b"]
    assert names(tree.findChildren(qt.QTimer)) == ["deep", "tick"]


def test_find_direct_children_only(qt: Implementation, tree: Any) -> None:
    direct = qt.Qt.FindChildOption.FindDirectChildrenOnly
    assert names(tree.findChildren(qt.QObject, None, direct)) == ["a", "tick", "b"]
    assert names(tree.findChildren(qt.QObject, options=direct)) == ["a", "tick", "b"]
    assert tree.findChild(qt.QObject, "aa", direct) is None
    assert tree.findChild(qt.QObject, "aa", qt.Qt.FindChildOption.FindChildrenRecursively) is not None


def test_find_children_by_name(qt: Implementation, tree: Any) -> None:
    assert names(tree.findChildren(qt.QObject, "deep")) == ["deep"]
    assert tree.findChildren(qt.QObject, "nope") == []
    assert len(tree.findChildren(qt.QObject, None)) == 5


def test_an_empty_name_matches_the_nameless(qt: Implementation, tree: Any) -> None:
    assert tree.findChildren(qt.QObject, "") == []
    nameless = qt.QObject(tree)
    assert tree.findChildren(qt.QObject, "") == [nameless]
    assert tree.findChild(qt.QObject, "") is nameless


@pytest.mark.qnet("a compiled re.Pattern takes the place of QRegularExpression, which is not part of qnet")
def test_find_children_by_regular_expression(qt: Implementation, tree: Any) -> None:
    import re

    assert names(tree.findChildren(qt.QObject, re.compile("^a"))) == ["a", "aa"]
    assert names(tree.findChildren(qt.QObject, re.compile("e+p"))) == ["deep"]


def test_find_children_by_a_python_class(qt: Implementation) -> None:
    class Special(qt.QObject):
        pass

    root = qt.QObject()
    kid = Special(root)
    qt.QObject(root)
    assert root.findChildren(Special) == [kid]
    assert root.findChild(Special) is kid


def test_find_child_needs_a_type(qt: Implementation, tree: Any) -> None:
    with pytest.raises(TypeError):
        tree.findChild()
    with pytest.raises(TypeError):
        tree.findChild("a")
    with pytest.raises(TypeError):
        tree.findChildren(qt.QObject, 3)


# Dynamic and declared properties.


def test_dynamic_properties(qt: Implementation) -> None:
    o = qt.QObject()
    assert o.setProperty("size", [1, 2]) is False
    assert o.property("size") == [1, 2]
    assert o.dynamicPropertyNames() == [b"size"]
    assert o.setProperty("size", None) is False
    assert o.property("size") is None
    assert o.dynamicPropertyNames() == []


def test_dynamic_properties_keep_python_objects_and_order(qt: Implementation) -> None:
    thing = object()
    o = qt.QObject()
    o.setProperty("b", thing)
    o.setProperty("a", {"k": 1})
    o.setProperty("b", thing)
    assert o.property("b") is thing
    assert o.property("a") == {"k": 1}
    assert o.dynamicPropertyNames() == [b"b", b"a"]


def test_an_unknown_property_is_none(qt: Implementation) -> None:
    assert qt.QObject().property("nope") is None


def test_declared_properties_are_not_dynamic(qt: Implementation) -> None:
    o = qt.QTimer()
    assert o.setProperty("objectName", "n") is True
    assert o.setProperty("interval", 7) is True
    assert (o.objectName(), o.interval(), o.property("interval")) == ("n", 7, 7)
    assert (o.property("active"), o.property("singleShot")) == (False, False)
    assert o.dynamicPropertyNames() == []


def test_a_read_only_declared_property_refuses(qt: Implementation) -> None:
    o = qt.QTimer()
    assert o.setProperty("active", True) is False
    assert not o.isActive()
    assert o.dynamicPropertyNames() == []


@pytest.mark.parametrize("name", [3, b"x"])
def test_property_names_are_text(qt: Implementation, name: Any) -> None:
    with pytest.raises(TypeError):
        qt.QObject().setProperty(name, 1)
    with pytest.raises(TypeError):
        qt.QObject().property(name)


# Classes.


def test_inherits_knows_classes_by_name(qt: Implementation) -> None:
    class A(qt.QObject):
        pass

    class B(A):
        pass

    assert B().inherits("B")
    assert B().inherits("A")
    assert B().inherits("QObject")
    assert not A().inherits("B")
    assert qt.QTimer().inherits("QTimer")
    with pytest.raises(TypeError):
        B().inherits(3)


def test_translation_without_a_translator_is_the_text(qt: Implementation) -> None:
    o = qt.QObject()
    assert o.tr("hello") == "hello"
    assert o.tr("hello %n", None, 3) == "hello 3"


def test_dump_object_tree(qt: Implementation, tree: Any, messages: list[str]) -> None:
    tree.dumpObjectTree()
    assert [m.rstrip() for m in messages] == [
        "QObject::root",
        "    QObject::a",
        "        QObject::aa",
        "        QTimer::deep",
        "    QTimer::tick",
        "    QObject::b",
    ]


# Blocking signals.


def test_block_signals_returns_the_previous_state(qt: Implementation) -> None:
    o = qt.QObject()
    assert o.blockSignals(True) is False
    assert o.signalsBlocked() is True
    assert o.blockSignals(True) is True
    assert o.blockSignals(False) is True
    assert o.signalsBlocked() is False


def test_blocked_signals_are_lost(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.objectNameChanged.connect(recorder)
    o.blockSignals(True)
    o.setObjectName("a")
    o.blockSignals(False)
    o.setObjectName("b")
    assert recorder.calls == [("b",)]


def test_blocking_a_receiver_does_not_block_its_slots(qt: Implementation) -> None:
    class Receiver(qt.QObject):
        seen = ""

        def slot(self, text: str) -> None:
            self.seen = text

    sender, receiver = qt.QObject(), Receiver()
    sender.objectNameChanged.connect(receiver.slot)
    receiver.blockSignals(True)
    sender.setObjectName("x")
    assert receiver.seen == "x"


def test_signal_blocker_as_a_guard(qt: Implementation) -> None:
    o = qt.QObject()
    blocker = qt.QSignalBlocker(o)
    assert o.signalsBlocked()
    blocker.unblock()
    assert not o.signalsBlocked()
    blocker.reblock()
    assert o.signalsBlocked()
    del blocker
    assert not o.signalsBlocked()


def test_signal_blocker_as_a_context(qt: Implementation) -> None:
    o = qt.QObject()
    with qt.QSignalBlocker(o):
        assert o.signalsBlocked()
        with qt.QSignalBlocker(o):
            assert o.signalsBlocked()
        assert o.signalsBlocked()
    assert not o.signalsBlocked()


def test_signal_blocker_restores_what_was(qt: Implementation) -> None:
    o = qt.QObject()
    o.blockSignals(True)
    with qt.QSignalBlocker(o):
        pass
    assert o.signalsBlocked()


def test_a_dismissed_blocker_does_not_restore(qt: Implementation) -> None:
    o = qt.QObject()
    blocker = qt.QSignalBlocker(o)
    blocker.dismiss()
    del blocker
    assert o.signalsBlocked()


@pytest.mark.parametrize("what", [3, "x"])
def test_signal_blocker_needs_an_object(qt: Implementation, what: Any) -> None:
    with pytest.raises(TypeError):
        qt.QSignalBlocker(what)


# Deferred deletion.


def test_delete_later_waits_for_the_loop(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    o.deleteLater()
    assert recorder.calls == []
    qt.spin(0)
    assert len(recorder) == 1


def test_delete_later_keeps_the_object_until_then(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    o.deleteLater()
    del o
    assert recorder.calls == []
    qt.process()
    assert len(recorder) == 1


def test_process_events_at_top_level_does_not_delete(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    o.deleteLater()
    qt.QCoreApplication.processEvents()
    qt.QCoreApplication.sendPostedEvents()
    assert recorder.calls == []
    qt.QCoreApplication.sendPostedEvents(o, qt.QEvent.Type.DeferredDelete.value)
    assert len(recorder) == 1


def test_delete_later_in_a_loop_is_not_served_by_a_nested_one(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    seen = []
    outer = qt.QEventLoop()

    def inside() -> None:
        o.deleteLater()
        qt.spin(10)
        seen.append(len(recorder))
        qt.QTimer.singleShot(0, outer.quit)

    qt.QTimer.singleShot(0, inside)
    outer.exec()
    qt.spin(0)
    assert seen == [0]
    assert len(recorder) == 1


def test_process_events_in_a_slot_does_not_delete(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    seen = []

    def inside() -> None:
        o.deleteLater()
        qt.QCoreApplication.processEvents()
        seen.append(len(recorder))

    qt.QTimer.singleShot(0, inside)
    assert qt.wait(lambda: seen)
    assert seen == [0]
    qt.process()
    assert len(recorder) == 1


def test_delete_later_called_in_the_inner_loop(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.destroyed.connect(lambda: recorder())
    seen = []

    def inside() -> None:
        loop = qt.QEventLoop()

        def delete() -> None:
            o.deleteLater()
            qt.QTimer.singleShot(10, loop.quit)

        qt.QTimer.singleShot(0, delete)
        loop.exec()
        seen.append(len(recorder))

    qt.QTimer.singleShot(0, inside)
    assert qt.wait(lambda: seen)
    assert seen == [1]


def test_a_slot_may_delete_its_own_object_later(qt: Implementation, recorder: Recorder) -> None:
    timer = qt.QTimer()
    timer.timeout.connect(timer.deleteLater)
    timer.timeout.connect(recorder.note("tick"))
    timer.destroyed.connect(lambda: recorder.calls.append("gone"))
    timer.start(0)
    assert qt.wait(lambda: "gone" in recorder.calls)
    assert recorder.calls == ["tick", "gone"]


def test_delete_later_as_a_slot_of_a_signal(qt: Implementation, recorder: Recorder) -> None:
    sender, target = qt.QObject(), qt.QObject()
    target.destroyed.connect(lambda: recorder())
    sender.objectNameChanged.connect(target.deleteLater)
    sender.setObjectName("x")
    qt.process()
    assert len(recorder) == 1


def test_an_object_pending_deletion_still_gets_earlier_events(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append(event.type())

    o = Target()
    qt.QCoreApplication.postEvent(o, qt.QEvent(qt.QEvent.Type.User))
    o.deleteLater()
    qt.spin(0)
    assert seen == [qt.QEvent.Type.User]


# Threads.


def test_an_object_lives_in_the_thread_that_made_it(qt: Implementation, app: Any) -> None:
    o = qt.QObject()
    assert o.thread() is qt.QThread.currentThread()
    assert o.thread() is app.thread()


def test_a_child_takes_its_parents_thread(qt: Implementation, thread: Any) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    assert root.moveToThread(thread) is True
    assert root.thread() is thread
    assert kid.thread() is thread


def test_a_child_cannot_move_alone(qt: Implementation, thread: Any, messages: list[str]) -> None:
    root = qt.QObject()
    kid = qt.QObject(root)
    assert kid.moveToThread(thread) is False
    assert kid.thread() is root.thread()
    assert len(messages) == 1


def test_only_its_own_thread_can_push_an_object(qt: Implementation, thread: Any, messages: list[str]) -> None:
    o = qt.QObject()
    o.moveToThread(thread)
    assert o.moveToThread(qt.QThread.currentThread()) is False
    assert o.thread() is thread
    assert len(messages) == 1


def test_moving_to_where_it_is_succeeds(qt: Implementation) -> None:
    o = qt.QObject()
    assert o.moveToThread(qt.QThread.currentThread()) is True


def test_move_needs_a_thread(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.QObject().moveToThread(3)


def test_an_object_without_a_thread(qt: Implementation, recorder: Recorder) -> None:
    o = qt.QObject()
    o.moveToThread(None)
    assert o.thread() is None
    assert o.moveToThread(qt.QThread.currentThread()) is True
    assert o.thread() is qt.QThread.currentThread()
