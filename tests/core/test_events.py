"""Events: sending, posting, filtering, and the ones that objects get of themselves."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from _implementations import Implementation, Recorder

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def make_listener(qt: Implementation) -> Callable[..., Any]:
    """Makes objects that note the type of every event, in ``seen``."""

    class Listener(qt.QObject):
        def __init__(self, parent: Any = None, seen: list[Any] | None = None) -> None:
            self.seen: list[Any] = [] if seen is None else seen
            super().__init__(parent)

        def event(self, event: Any) -> bool:
            self.seen.append(event.type())
            return super().event(event)

    return Listener


@pytest.fixture
def listener(make_listener: Callable[..., Any]) -> Any:
    return make_listener()


@pytest.fixture
def make_filter(qt: Implementation) -> Callable[..., Any]:
    """Makes filters that note (label, watched, type) and stop what *stops* lists."""

    class Filter(qt.QObject):
        def __init__(self, label: str, log: list[Any], stops: tuple[Any, ...] = ()) -> None:
            super().__init__()
            self.label, self.log, self.stops = label, log, stops

        def eventFilter(self, watched: Any, event: Any) -> bool:
            self.log.append((self.label, event.type()))
            return event.type() in self.stops

    return Filter


def user(qt: Implementation, offset: int = 0) -> Any:
    """An event of type User + *offset*."""
    return qt.QEvent(qt.QEvent.Type(qt.QEvent.Type.User.value + offset))


# The event itself.


def test_an_event_is_accepted_at_first(qt: Implementation) -> None:
    event = user(qt)
    assert (event.type(), event.isAccepted(), event.spontaneous()) == (qt.QEvent.Type.User, True, False)
    event.ignore()
    assert not event.isAccepted()
    event.accept()
    assert event.isAccepted()
    event.setAccepted(False)
    assert not event.isAccepted()
    assert (event.isInputEvent(), event.isPointerEvent(), event.isSinglePointEvent()) == (False, False, False)


def test_a_clone_is_equal_but_separate(qt: Implementation) -> None:
    event = user(qt)
    event.ignore()
    copy = event.clone()
    assert copy is not event
    assert (copy.type(), copy.isAccepted()) == (qt.QEvent.Type.User, False)
    copy.accept()
    assert not event.isAccepted()


def test_types_beyond_user(qt: Implementation) -> None:
    assert qt.QEvent.Type.User.value == 1000
    assert qt.QEvent.Type.MaxUser.value == 65535
    assert user(qt, 5).type().value == 1005
    assert qt.QEvent.Type(1005) == user(qt, 5).type()


@pytest.mark.parametrize("kind", [1.5, "User", None])
def test_an_event_needs_a_type(qt: Implementation, kind: Any) -> None:
    with pytest.raises(TypeError):
        qt.QEvent(kind)


def test_register_event_type(qt: Implementation) -> None:
    one, two = qt.QEvent.registerEventType(), qt.QEvent.registerEventType()
    assert one != two
    assert all(1000 <= t <= 65535 for t in (one, two))
    hint = qt.QEvent.registerEventType(4321)
    assert hint == 4321
    assert qt.QEvent.registerEventType(4321) != 4321
    assert qt.QEvent.registerEventType(5) >= 1000
    assert qt.QEvent(qt.QEvent.Type(one)).type().value == one


def test_timer_event(qt: Implementation) -> None:
    event = qt.QTimerEvent(3)
    assert (event.timerId(), event.type()) == (3, qt.QEvent.Type.Timer)
    assert event.id() == qt.Qt.TimerId(3)
    assert not event.matches(qt.QBasicTimer())


def test_child_event(qt: Implementation) -> None:
    kid = qt.QObject()
    event = qt.QChildEvent(qt.QEvent.Type.ChildAdded, kid)
    assert event.child() is kid
    assert (event.added(), event.removed(), event.polished()) == (True, False, False)
    removed = qt.QChildEvent(qt.QEvent.Type.ChildRemoved, kid)
    assert (removed.added(), removed.removed()) == (False, True)


def test_dynamic_property_change_event(qt: Implementation) -> None:
    event = qt.QDynamicPropertyChangeEvent(b"name")
    assert event.propertyName() == b"name"
    assert event.type() == qt.QEvent.Type.DynamicPropertyChange


# Sending.


def test_send_is_immediate_and_returns_the_result(qt: Implementation) -> None:
    class Target(qt.QObject):
        def event(self, event: Any) -> bool:
            self.got = event
            return event.type() == qt.QEvent.Type.User

    target, event = Target(), user(qt)
    assert qt.QCoreApplication.sendEvent(target, event) is True
    assert target.got is event
    assert qt.QCoreApplication.sendEvent(target, user(qt, 1)) is False


def test_acceptance_is_visible_to_the_sender(qt: Implementation) -> None:
    class Target(qt.QObject):
        def event(self, event: Any) -> bool:
            event.ignore()
            return True

    event = user(qt)
    qt.QCoreApplication.sendEvent(Target(), event)
    assert not event.isAccepted()


def test_custom_events_reach_custom_event(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append((event.type().value, event.payload))

    class Custom(qt.QEvent):
        def __init__(self) -> None:
            super().__init__(qt.QEvent.Type(1234))
            self.payload = "data"

    target = Target()
    assert qt.QCoreApplication.sendEvent(target, Custom()) is True
    qt.QCoreApplication.postEvent(target, Custom())
    qt.QCoreApplication.sendPostedEvents()
    assert seen == [(1234, "data"), (1234, "data")]


def test_only_user_types_reach_custom_event(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append(event.type())

    target = Target()
    qt.QCoreApplication.sendEvent(target, qt.QEvent(qt.QEvent.Type.LocaleChange))
    qt.QCoreApplication.sendEvent(target, qt.QEvent(qt.QEvent.Type.User))
    assert seen == [qt.QEvent.Type.User]


@pytest.mark.parametrize("what", ["receiver", "event"])
def test_send_and_post_need_an_object_and_an_event(qt: Implementation, what: str) -> None:
    args = (3, user(qt)) if what == "receiver" else (qt.QObject(), 3)
    with pytest.raises(TypeError):
        qt.QCoreApplication.sendEvent(*args)
    with pytest.raises(TypeError):
        qt.QCoreApplication.postEvent(*args)


def test_an_exception_in_an_event_handler_is_reported(qt: Implementation, slot_errors: list[Any]) -> None:
    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            raise ValueError("in the handler")

    target = Target()
    after: list[int] = []
    qt.QCoreApplication.postEvent(target, user(qt))
    qt.QTimer.singleShot(0, lambda: after.append(1))
    assert qt.wait(lambda: after and slot_errors)
    assert [type(e) for e in slot_errors] == [ValueError]
    assert after == [1]


# Posting.


def test_posted_events_wait_and_keep_their_order(qt: Implementation, listener: Any) -> None:
    for offset in range(3):
        qt.QCoreApplication.postEvent(listener, user(qt, offset))
    assert listener.seen == []
    qt.QCoreApplication.sendPostedEvents()
    assert [t.value for t in listener.seen] == [1000, 1001, 1002]


def test_priority_orders_posted_events(qt: Implementation, listener: Any) -> None:
    priority = qt.Qt.EventPriority
    for offset, value in enumerate(
        (priority.NormalEventPriority.value, priority.LowEventPriority.value, priority.HighEventPriority.value, 5)
    ):
        qt.QCoreApplication.postEvent(listener, user(qt, offset), value)
    qt.QCoreApplication.postEvent(listener, user(qt, 4), 5)
    qt.QCoreApplication.sendPostedEvents()
    assert [t.value - 1000 for t in listener.seen] == [3, 4, 2, 0, 1]


def test_the_same_event_object_arrives(qt: Implementation) -> None:
    got = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            got.append(event)

    target, event = Target(), user(qt)
    event.mark = "mine"
    qt.QCoreApplication.postEvent(target, event)
    qt.QCoreApplication.sendPostedEvents()
    assert got[0].mark == "mine"


def test_an_event_dies_after_delivery(qt: Implementation, listener: Any) -> None:
    class Event(qt.QEvent):
        pass

    event = Event(qt.QEvent.Type.User)
    watch = weakref.ref(event)
    qt.QCoreApplication.postEvent(listener, event)
    del event
    assert watch() is not None
    qt.QCoreApplication.sendPostedEvents()
    assert watch() is None


def test_post_to_nobody_warns(qt: Implementation, messages: list[str]) -> None:
    qt.QCoreApplication.postEvent(None, user(qt))
    assert len(messages) == 1


def test_a_priority_is_a_number(qt: Implementation, listener: Any) -> None:
    with pytest.raises(TypeError):
        qt.QCoreApplication.postEvent(listener, user(qt), "high")


def test_send_posted_events_to_one_receiver(qt: Implementation, make_listener: Callable[..., Any]) -> None:
    a, b = make_listener(), make_listener()
    for target in (a, b):
        qt.QCoreApplication.postEvent(target, user(qt))
        qt.QCoreApplication.postEvent(target, user(qt, 1))
    qt.QCoreApplication.sendPostedEvents(a)
    assert (len(a.seen), len(b.seen)) == (2, 0)
    qt.QCoreApplication.sendPostedEvents(b, 1001)
    assert [t.value for t in b.seen] == [1001]
    qt.QCoreApplication.sendPostedEvents(None, 1000)
    assert [t.value for t in b.seen] == [1001, 1000]


def test_remove_posted_events(qt: Implementation, make_listener: Callable[..., Any]) -> None:
    a, b = make_listener(), make_listener()
    for target in (a, b):
        for offset in range(3):
            qt.QCoreApplication.postEvent(target, user(qt, offset))
    qt.QCoreApplication.removePostedEvents(a, 1001)
    qt.QCoreApplication.removePostedEvents(None, 1002)
    qt.QCoreApplication.removePostedEvents(b, 1000)
    qt.QCoreApplication.sendPostedEvents()
    assert [t.value for t in a.seen] == [1000]
    assert [t.value for t in b.seen] == [1001]


def test_remove_all_posted_events_of_an_object(qt: Implementation, make_listener: Callable[..., Any]) -> None:
    a, b = make_listener(), make_listener()
    for target in (a, b):
        qt.QCoreApplication.postEvent(target, user(qt))
    qt.QCoreApplication.removePostedEvents(a)
    qt.QCoreApplication.sendPostedEvents()
    assert (len(a.seen), len(b.seen)) == (0, 1)


def test_events_of_a_dead_receiver_are_dropped(qt: Implementation, make_listener: Callable[..., Any]) -> None:
    seen: list[Any] = []
    target = make_listener(None, seen)
    qt.QCoreApplication.postEvent(target, user(qt))
    del target
    qt.QCoreApplication.sendPostedEvents()
    assert seen == []


def test_what_a_handler_posts_is_delivered_too(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append(event.type().value)
            if event.type() == qt.QEvent.Type.User:
                qt.QCoreApplication.postEvent(self, user(qt, 1))

    target = Target()
    qt.QCoreApplication.postEvent(target, user(qt))
    assert qt.wait(lambda: len(seen) == 2)
    assert seen == [1000, 1001]


def test_reposting_does_not_starve_timers(qt: Implementation, recorder: Recorder) -> None:
    class Target(qt.QObject):
        alive = True

        def customEvent(self, event: Any) -> None:
            if self.alive:
                qt.QCoreApplication.postEvent(self, user(qt))

    target = Target()
    qt.QCoreApplication.postEvent(target, user(qt))
    qt.QTimer.singleShot(5, recorder)
    assert qt.wait(lambda: recorder.calls)
    target.alive = False


def test_a_handler_may_remove_what_is_pending(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append(event.type().value)
            qt.QCoreApplication.removePostedEvents(self)

    target = Target()
    for offset in range(3):
        qt.QCoreApplication.postEvent(target, user(qt, offset))
    qt.QCoreApplication.sendPostedEvents()
    assert seen == [1000]


def test_a_nested_delivery_keeps_the_order(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append(event.type().value)
            if event.type() == qt.QEvent.Type.User:
                qt.QCoreApplication.sendPostedEvents()
                seen.append("back")

    target = Target()
    for offset in range(3):
        qt.QCoreApplication.postEvent(target, user(qt, offset))
    qt.QCoreApplication.sendPostedEvents()
    assert seen == [1000, 1001, 1002, "back"]


def test_post_from_a_plain_thread(qt: Implementation) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append((event.type().value, threading.get_ident()))

    target = Target()
    runner = threading.Thread(target=lambda: qt.QCoreApplication.postEvent(target, user(qt)))
    runner.start()
    runner.join()
    assert qt.wait(lambda: seen)
    assert seen == [(1000, threading.get_ident())]


def test_events_follow_a_moved_object(qt: Implementation, thread: Any) -> None:
    seen = []

    class Target(qt.QObject):
        def customEvent(self, event: Any) -> None:
            seen.append((event.type().value, threading.get_ident()))

    target = Target()
    qt.QCoreApplication.postEvent(target, user(qt))
    qt.QCoreApplication.postEvent(target, user(qt, 1))
    target.moveToThread(thread)
    assert qt.wait(lambda: len(seen) == 2)
    assert [t for t, _ in seen] == [1000, 1001]
    assert threading.get_ident() not in [ident for _, ident in seen]


# Filters.


def test_the_last_installed_filter_goes_first(
    qt: Implementation, listener: Any, make_filter: Callable[..., Any]
) -> None:
    log: list[Any] = []
    filters = [make_filter(label, log) for label in "abc"]
    for each in filters:
        listener.installEventFilter(each)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert [label for label, _ in log] == ["c", "b", "a"]
    assert listener.seen == [qt.QEvent.Type.User]


def test_a_filter_stops_an_event(qt: Implementation, listener: Any, make_filter: Callable[..., Any]) -> None:
    log: list[Any] = []
    first, second = make_filter("first", log, (qt.QEvent.Type.User,)), make_filter("second", log)
    listener.installEventFilter(second)
    listener.installEventFilter(first)
    assert qt.QCoreApplication.sendEvent(listener, user(qt)) is True
    assert [label for label, _ in log] == ["first"]
    assert listener.seen == []


def test_a_filter_sees_the_watched_object(qt: Implementation, listener: Any) -> None:
    seen = []

    class Filter(qt.QObject):
        def eventFilter(self, watched: Any, event: Any) -> bool:
            seen.append(watched)
            return False

    guard = Filter()
    listener.installEventFilter(guard)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert seen == [listener]


def test_installing_twice_moves_to_the_front(
    qt: Implementation, listener: Any, make_filter: Callable[..., Any]
) -> None:
    log: list[Any] = []
    a, b = make_filter("a", log), make_filter("b", log)
    listener.installEventFilter(a)
    listener.installEventFilter(b)
    listener.installEventFilter(a)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert [label for label, _ in log] == ["a", "b"]


def test_a_removed_filter_is_silent(qt: Implementation, listener: Any, make_filter: Callable[..., Any]) -> None:
    log: list[Any] = []
    guard = make_filter("x", log)
    listener.installEventFilter(guard)
    listener.removeEventFilter(guard)
    listener.removeEventFilter(guard)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert log == []
    assert listener.seen == [qt.QEvent.Type.User]


def test_a_filter_may_remove_itself_and_others(
    qt: Implementation, listener: Any, make_filter: Callable[..., Any]
) -> None:
    log: list[Any] = []
    last = make_filter("last", log)

    class Leaving(qt.QObject):
        def eventFilter(self, watched: Any, event: Any) -> bool:
            log.append(("leaving", event.type()))
            watched.removeEventFilter(self)
            watched.removeEventFilter(last)
            return False

    leaving = Leaving()
    listener.installEventFilter(last)
    listener.installEventFilter(leaving)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert [label for label, _ in log] == ["leaving"]
    assert len(listener.seen) == 2


def test_a_dead_filter_is_forgotten(qt: Implementation, listener: Any, make_filter: Callable[..., Any]) -> None:
    log: list[Any] = []
    guard = make_filter("x", log, (qt.QEvent.Type.User,))
    listener.installEventFilter(guard)
    del guard
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert log == []
    assert listener.seen == [qt.QEvent.Type.User]


def test_a_filter_in_another_thread_is_not_asked(
    qt: Implementation, listener: Any, make_filter: Callable[..., Any], thread: Any, messages: list[str]
) -> None:
    log: list[Any] = []
    guard = make_filter("x", log)
    listener.installEventFilter(guard)
    guard.moveToThread(thread)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    assert log == []
    assert listener.seen == [qt.QEvent.Type.User]
    assert len(messages) == 1


def test_an_object_may_filter_itself(qt: Implementation) -> None:
    log = []

    class Selfish(qt.QObject):
        def eventFilter(self, watched: Any, event: Any) -> bool:
            log.append((watched is self, event.type()))
            return False

        def event(self, event: Any) -> bool:
            log.append("event")
            return super().event(event)

    o = Selfish()
    o.installEventFilter(o)
    qt.QCoreApplication.sendEvent(o, user(qt))
    assert log == [(True, qt.QEvent.Type.User), "event"]


def test_filters_on_the_application_see_all_events(
    qt: Implementation, app: Any, listener: Any, make_filter: Callable[..., Any]
) -> None:
    log: list[Any] = []
    outer, inner = make_filter("application", log), make_filter("object", log)
    listener.installEventFilter(inner)
    app.installEventFilter(outer)
    qt.QCoreApplication.sendEvent(listener, user(qt))
    app.removeEventFilter(outer)
    assert [label for label, kind in log if kind == qt.QEvent.Type.User] == ["application", "object"]


def test_filters_see_posted_events_and_timers(
    qt: Implementation, make_filter: Callable[..., Any], recorder: Recorder
) -> None:
    log: list[Any] = []
    guard = make_filter("x", log, (qt.QEvent.Type.Timer,))
    timer = qt.QTimer(timeout=recorder)
    timer.installEventFilter(guard)
    timer.start(0)
    assert qt.wait(lambda: log)
    timer.stop()
    assert log[0] == ("x", qt.QEvent.Type.Timer)
    assert recorder.calls == []


@pytest.mark.parametrize("what", [3, "x"])
def test_filters_are_objects(qt: Implementation, listener: Any, what: Any) -> None:
    with pytest.raises(TypeError):
        listener.installEventFilter(what)
    with pytest.raises(TypeError):
        listener.removeEventFilter(what)


# Events that objects get of themselves.


def test_child_added_and_removed(qt: Implementation) -> None:
    log = []

    class Parent(qt.QObject):
        def childEvent(self, event: Any) -> None:
            log.append((event.added(), event.removed(), event.child()))

    parent = Parent()
    kid = qt.QObject()
    kid.setParent(parent)
    kid.setParent(None)
    assert log == [(True, False, kid), (False, True, kid)]


def test_child_added_comes_from_the_constructor(qt: Implementation, listener: Any) -> None:
    kid = qt.QObject(listener)
    assert listener.seen == [qt.QEvent.Type.ChildAdded]
    kid.deleteLater()
    qt.process()
    assert qt.QEvent.Type.ChildRemoved in listener.seen


def test_no_parent_change_for_plain_objects(qt: Implementation, make_listener: Callable[..., Any]) -> None:
    parent, kid = make_listener(), make_listener()
    kid.setParent(parent)
    assert qt.QEvent.Type.ParentChange not in kid.seen


def test_dynamic_property_changes_are_events(qt: Implementation) -> None:
    names = []

    class Target(qt.QObject):
        def event(self, event: Any) -> bool:
            if event.type() == qt.QEvent.Type.DynamicPropertyChange:
                names.append(bytes(event.propertyName()))
            return super().event(event)

    target = Target()
    target.setProperty("a", 1)
    target.setProperty("a", 1)
    target.setProperty("a", 2)
    target.setProperty("a", None)
    target.setProperty("a", None)
    target.setProperty("objectName", "x")
    assert names == [b"a", b"a", b"a"]


def test_thread_change_is_sent_before_the_move(qt: Implementation, thread: Any) -> None:
    seen = []

    class Target(qt.QObject):
        def event(self, event: Any) -> bool:
            if event.type() == qt.QEvent.Type.ThreadChange:
                seen.append((self.thread(), threading.get_ident()))
            return super().event(event)

    root = Target()
    Target(root)
    before = root.thread()
    root.moveToThread(thread)
    assert seen == [(before, threading.get_ident())] * 2


def test_deferred_delete_is_an_event(qt: Implementation) -> None:
    seen = []

    class Immortal(qt.QObject):
        def event(self, event: Any) -> bool:
            if event.type() == qt.QEvent.Type.DeferredDelete:
                seen.append("asked")
                return True
            return super().event(event)

    o = Immortal()
    o.destroyed.connect(lambda: seen.append("gone"))
    o.deleteLater()
    qt.process()
    assert seen == ["asked"]


# Object timers.


def test_start_timer_sends_timer_events(qt: Implementation) -> None:
    ids = []

    class Target(qt.QObject):
        def timerEvent(self, event: Any) -> None:
            ids.append(event.timerId())

    target = Target()
    one = target.startTimer(1)
    two = target.startTimer(1, qt.Qt.TimerType.PreciseTimer)
    assert one != two
    assert one > 0
    assert qt.wait(lambda: ids.count(one) >= 2 and ids.count(two) >= 2)
    target.killTimer(one)
    ids.clear()
    assert qt.wait(lambda: len(ids) >= 2)
    target.killTimer(two)
    assert set(ids) == {two}


def test_a_timer_may_be_killed_in_its_handler(qt: Implementation) -> None:
    ids = []

    class Target(qt.QObject):
        def timerEvent(self, event: Any) -> None:
            ids.append(event.timerId())
            self.killTimer(event.timerId())

    target = Target()
    target.startTimer(0)
    qt.spin(20)
    assert len(ids) == 1


def test_timers_die_with_their_object(qt: Implementation) -> None:
    ids: list[int] = []

    class Target(qt.QObject):
        def timerEvent(self, event: Any) -> None:
            ids.append(event.timerId())

    target = Target()
    target.startTimer(0)
    del target
    qt.spin(10)
    assert ids == []


def test_timers_move_with_their_object(qt: Implementation, thread: Any) -> None:
    threads = []

    class Target(qt.QObject):
        def timerEvent(self, event: Any) -> None:
            threads.append(threading.get_ident())

    target = Target()
    target.startTimer(1)
    target.moveToThread(thread)
    assert qt.wait(lambda: len(threads) >= 2)
    assert threading.get_ident() not in threads
    target.deleteLater()


def test_killing_an_unknown_timer_warns(qt: Implementation, messages: list[str]) -> None:
    qt.QObject().killTimer(987654)
    assert len(messages) == 1
    assert "987654" in messages[0]


def test_a_negative_interval_becomes_one_millisecond(qt: Implementation, messages: list[str]) -> None:
    o = qt.QObject()
    number = o.startTimer(-5)
    assert number > 0
    assert len(messages) == 1
    o.killTimer(number)


def test_start_timer_from_another_thread_is_refused(qt: Implementation, messages: list[str]) -> None:
    o = qt.QObject()
    results = []
    runner = threading.Thread(target=lambda: results.append(o.startTimer(1)))
    runner.start()
    runner.join()
    assert results == [0]
    assert len(messages) == 1


def test_kill_timer_from_another_thread_is_refused(qt: Implementation, messages: list[str]) -> None:
    o = qt.QObject()
    number = o.startTimer(1000)
    runner = threading.Thread(target=lambda: o.killTimer(number))
    runner.start()
    runner.join()
    assert len(messages) == 1
    o.killTimer(number)
    assert len(messages) == 1


@pytest.mark.parametrize("interval", ["x", None])
def test_an_interval_is_a_number(qt: Implementation, interval: Any) -> None:
    with pytest.raises(TypeError):
        qt.QObject().startTimer(interval)
    with pytest.raises(TypeError):
        qt.QObject().startTimer(10, qt.Qt.ConnectionType.QueuedConnection)
