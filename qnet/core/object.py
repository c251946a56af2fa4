"""QObject: the tree of objects, their names, properties, events, timers and threads.

Lifetime
--------
A parent owns its children: it holds them, they know it only through its `ObjectData`. An object without a parent
lives as long as somebody refers to it. It is destroyed once: by its last reference, with its parent, or by
`deleteLater`; it then emits `destroyed`, destroys its children in their order, and from then on no signal,
event or timer of it does anything, even if Python still refers to it.

Private attributes of qnet's classes start with ``_q``: programs derive from these classes and use any name that
does not.

Source: https://doc.qt.io/qt-6/qobject.html.
"""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from qnet.core import _object_timers, _old_connect, _properties, _thread_data, hooks
from qnet.core._delivery import deliver
from qnet.core._event_type import EventType
from qnet.core._old_connect import EitherWay, is_marked
from qnet.core._thread_data import ObjectData, Posted, ThreadData
from qnet.core.event import QChildEvent, QEvent, QTimerEvent
from qnet.core.logging import qDebug, qWarning
from qnet.core.namespace import Qt
from qnet.core.signals import Signal, SignalInstance
from qnet.core.slots import Slot, find_signal

if TYPE_CHECKING:
    from qnet.core.bytearray import QByteArray
    from qnet.core.metaobject import QMetaMethod, QMetaObject
    from qnet.core.thread import QThread

__all__ = ["QObject"]

_T = TypeVar("_T")


class _StaticMetaObject:
    """Looks the description up for the class that is asked."""

    def __get__(self, obj: QObject | None, owner: type) -> QMetaObject:
        from qnet.core.metaobject import QMetaObject

        return QMetaObject.of(owner)


class ObjectType(type):
    """The type of QObject classes: programs combine it, ``class Meta(type(QObject), ABCMeta)``, as with PySide6.

    In that order it works with a type of our own only, and in both orders only if it is no ABCMeta itself.
    """


def _say_what_is_missing(self: QObject, name: str) -> Any:
    """``__getattr__`` of a class whose ``__init__`` calls no other: none of qnet's attributes may be there."""
    if name.startswith("_q") and "_q" not in self.__dict__:
        raise RuntimeError(f"'__init__' method of object's base class ({type(self).__name__}) not called")
    raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)


class QObject(metaclass=ObjectType):
    """The base of everything that has signals, events, children or a thread.

    *parent* is another QObject of the same thread, or None. Further keywords set properties or connect signals:
    ``QTimer(interval=100, timeout=tick)``.
    """

    staticMetaObject = _StaticMetaObject()
    """The class's `QMetaObject`."""

    destroyed = Signal(("QObject*",), ())
    objectNameChanged = Signal(str)

    _q_properties: dict[str, _properties.Accessors] = {"objectName": ("objectName", "setObjectName")}
    _q_cooperates = False  # whether a class that is no QObject follows in the method resolution order

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q = ObjectData(weakref.ref(self), _thread_data.current())
        self._q_children: dict[int, QObject] | None = None  # by id(): a child leaves without a search
        if parent is not None:
            QObject.setParent(self, parent)
        if properties or self._q_cooperates:
            self._q_initialize(properties)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        after = cls.__mro__[cls.__mro__.index(QObject) + 1 :]
        cls._q_cooperates = any("__init__" in vars(c) for c in after if c is not object)
        code = getattr(vars(cls).get("__init__"), "__code__", None)
        if code is not None and "__init__" not in code.co_names and not hasattr(cls, "__getattr__"):
            cls.__getattr__ = _say_what_is_missing  # type: ignore[attr-defined]  # for such classes only: it costs time

    def _q_initialize(self, properties: dict[str, Any]) -> None:
        if self._q_cooperates:
            known = {k: v for k, v in properties.items() if _properties.setter_for_keyword(self, k) is not None}
            super().__init__(**{k: v for k, v in properties.items() if k not in known})
            properties = known
        for name, value in properties.items():
            setter = _properties.setter_for_keyword(self, name)
            if setter is None:
                raise AttributeError(f"{type(self).__name__} has no property or signal {name!r}")
            setter(value)

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} has an identity: it can be neither copied nor pickled")

    # -- destruction

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # An argument, because an object may outlive the globals of this module when the interpreter ends.
        data = self.__dict__.get("_q")
        if data is not None and data.alive and not is_finalizing():
            self._q_destroy()

    def _q_destroy(self) -> None:
        """Destroy this object, then its children in their order. A loop, because trees may be deep."""
        pending: list[tuple[QObject, ObjectData | None]] = [(self, self._q.parent)]
        while pending:
            obj, parent = pending.pop()
            if obj._q.parent is not parent:
                continue  # it left while its parent or a sibling was destroyed
            try:
                obj._q_end_alone()
            finally:
                children, obj._q_children = obj._q_children, None
                if children is not None:
                    pending.extend((child, obj._q) for child in reversed(children.values()))

    def _q_end_alone(self) -> None:
        data = self._q
        if data.dying:
            return
        data.dying = True
        try:
            self._q_finalize()
            data.blocked = False
            destroyed = QObject.destroyed.existing(self)
            if destroyed is not None:
                destroyed.emit(self)
                if destroyed._overloads:
                    destroyed[()].emit()
        finally:
            data.alive = False
            parent = QObject.parent(self)
            if parent is not None and parent._q.alive:
                parent._q_remove_child(self)
            data.parent = None
            if "_q_timer_ids" in self.__dict__:
                _object_timers.kill_all(self)
            for value in list(self.__dict__.values()):
                if type(value) is SignalInstance and (value._connections or value._overloads) and value._owner is data:
                    value.clear()
            data.thread = _thread_data.NOWHERE

    def _q_finalize(self) -> None:
        """What a subclass has to give back before `destroyed` is emitted: descriptors, threads, timers."""

    @Slot()
    def deleteLater(self) -> None:
        """Destroy the object from the event loop that is running now (or from the first one that will).

        A later nested loop does not destroy it; calling this twice is as good as once. Any thread may call it.
        """
        data = self._q
        thread = data.thread
        level = thread.deferred_level()
        if thread.ident != _thread_data.current().ident:
            level = _thread_data.OUTSIDE_LOOPS
        thread.post(Posted(data, self._q_deferred_delete, EventType.DeferredDelete.value, 0, level))

    def _q_deferred_delete(self) -> None:
        deliver(self, QEvent(EventType.DeferredDelete))

    # -- the tree

    def parent(self) -> QObject | None:
        """The parent, or None."""
        parent = self._q.parent
        return parent.ref() if parent is not None else None

    def setParent(self, parent: QObject | None) -> None:
        """Move the object below *parent* (None: to no parent). Both must live in the same thread.

        The old parent is sent ChildRemoved, the new one ChildAdded. A cycle is refused with ValueError.
        """
        data = self._q
        old = QObject.parent(self)
        if parent is old:
            return
        if parent is not None:
            if not isinstance(parent, QObject):
                raise TypeError(f"a parent is a QObject or None, not {type(parent).__name__}")
            if parent._q.thread is not data.thread:
                qWarning("QObject::setParent: Cannot set parent, new parent is in a different thread")
                return
            ancestor: QObject | None = parent
            while ancestor is not None:
                if ancestor is self:
                    raise ValueError("an object cannot become its own ancestor")
                ancestor = QObject.parent(ancestor)
        if old is not None:
            old._q_remove_child(self)
        data.parent = parent._q if parent is not None else None
        if parent is not None:
            if parent._q_children is None:
                parent._q_children = {}
            parent._q_children[id(self)] = self
            deliver(parent, QChildEvent(EventType.ChildAdded, self))

    def _q_remove_child(self, child: QObject) -> None:
        children = self._q_children
        if children is not None and children.pop(id(child), None) is not None:
            deliver(self, QChildEvent(EventType.ChildRemoved, child))

    def children(self) -> list[QObject]:
        """The children, oldest first."""
        return list(self._q_children.values()) if self._q_children else []

    def findChild(
        self,
        type: type[_T],
        name: str | re.Pattern[str] | None = None,
        options: Qt.FindChildOption = Qt.FindChildOption.FindChildrenRecursively,
    ) -> _T | None:
        """The first descendant of class *type* that is called *name*, or None; see `findChildren`.

        Direct children come before deeper ones.
        """
        matches = _child_test(type, name)
        children = QObject.children(self)
        for child in children:
            if matches(child):
                return child  # type: ignore[return-value]  # what the test says
        if options & Qt.FindChildOption.FindChildrenRecursively:
            for child in children:
                found = QObject.findChild(child, type, name, options)
                if found is not None:
                    return found
        return None

    def findChildren(
        self,
        type: type[_T],
        name: str | re.Pattern[str] | None = None,
        options: Qt.FindChildOption = Qt.FindChildOption.FindChildrenRecursively,
    ) -> list[_T]:
        """All descendants of class *type* that are called *name*, each before its own children.

        *name* is a text ("" finds the nameless), a compiled regular expression that is searched for in the
        names, or None for any.
        """
        matches = _child_test(type, name)
        tree = _subtree(self)[1:] if options & Qt.FindChildOption.FindChildrenRecursively else QObject.children(self)
        return [child for child in tree if matches(child)]  # type: ignore[misc]  # what the test says

    def dumpObjectTree(self) -> None:
        """Write the tree of objects as debug messages, one an object."""

        def dump(obj: QObject, depth: int) -> None:
            qDebug(f"{'    ' * depth}{type(obj).__name__}::{obj._q_name}")
            for child in QObject.children(obj):
                dump(child, depth + 1)

        dump(self, 0)

    def dumpObjectInfo(self) -> None:
        """Write the object's signals and what is connected to them as debug messages."""
        qDebug(f"OBJECT {type(self).__name__}::{self._q_name or 'unnamed'}")
        qDebug("  SIGNALS OUT")
        for value in list(self.__dict__.values()):
            if isinstance(value, SignalInstance):
                qDebug(f"        signal: {value.signature()}")
                for connection in value.live():
                    qDebug(f"          --> {hooks.describe(connection.target())}")

    # -- names and properties

    @property
    def _q_name(self) -> str:
        names = self._q.names
        return names[0] if names is not None else ""

    @property
    def _q_dynamic(self) -> dict[str, Any]:
        """The dynamic properties; both they and the name are rare, so they share one slot."""
        if self._q.names is None:
            self._q.names = ("", {})
        return self._q.names[1]  # type: ignore[no-any-return]  # an untyped slot

    def objectName(self) -> str:
        """The name by which `findChild` finds the object; empty by default."""
        return self._q_name

    def setObjectName(self, name: str | None) -> None:
        """Set the name (None: to ""); emits objectNameChanged if it differs."""
        if name is None:
            name = ""
        if not isinstance(name, str):
            raise TypeError(f"an object's name is a str, not {type(name).__name__}")
        if name != self._q_name:
            self._q.names = (name, self._q_dynamic)
            QObject.objectNameChanged.emit_from(self, name)

    def property(self, name: str) -> Any:
        """The value of a property: declared, Qt's (``interval`` of a timer), or dynamic; None if there is none."""
        return _properties.read(self, _text(name, "a property's name"))

    def setProperty(self, name: str, value: Any) -> bool:
        """Set a property. Returns whether it is a declared one that can be written.

        Any other name becomes a dynamic property, which None removes; the object is then sent a
        DynamicPropertyChange event.
        """
        return _properties.write(self, _text(name, "a property's name"), value)

    def dynamicPropertyNames(self) -> list[QByteArray]:
        """The names of the dynamic properties."""
        from qnet.core.bytearray import QByteArray

        return [QByteArray(n.encode()) for n in (self._q.names[1] if self._q.names is not None else ())]

    def inherits(self, className: str) -> bool:
        """Whether the object's class or a base of it has this name."""
        _text(className, "a class's name")
        return any(c.__name__ == className for c in type(self).__mro__ if c is not object)

    def metaObject(self) -> QMetaObject:
        """What is known of the object's class: its signals, methods and properties."""
        from qnet.core.metaobject import QMetaObject

        return QMetaObject.of(type(self))

    def isWidgetType(self) -> bool:
        """False: there are no widgets here."""
        return False

    def isWindowType(self) -> bool:
        """False: there are no windows here."""
        return False

    def isQuickItemType(self) -> bool:
        """False: there are no QML items here."""
        return False

    def tr(self, text: str, disambiguation: str | None = None, n: int = -1) -> str:
        """*text* in the user's language: itself, unless the application has a translator."""
        from qnet.core.application import QCoreApplication

        return QCoreApplication.translate(type(self).__name__, text, disambiguation, n)

    # -- signals

    def blockSignals(self, block: bool) -> bool:
        """Stop (or resume) all emissions of the object. Returns whether they were stopped before."""
        previous = self._q.blocked
        self._q.blocked = bool(block)
        return previous

    def signalsBlocked(self) -> bool:
        """Whether `blockSignals` stopped the object's emissions."""
        return self._q.blocked

    def sender(self) -> QObject | None:
        """In a slot of this object: the object whose signal called it. None elsewhere."""
        signal = self._q.sender
        return signal._owner.ref() if signal is not None else None

    def senderSignalIndex(self) -> int:
        """In a slot of this object: the index of the signal that called it in its class. -1 elsewhere."""
        signal = self._q.sender
        sender = QObject.sender(self)
        if signal is None or sender is None:
            return -1
        return sender.metaObject().indexOfSignal(signal.signature())

    def receivers(self, signal: str | bytes | Signal | SignalInstance) -> int:
        """How many slots are connected to *signal*, a ``SIGNAL("name(types)")`` or a signal."""
        found = find_signal(self, signal)
        return len(found.live()) if found is not None else 0

    def isSignalConnected(self, signal: QMetaMethod) -> bool:
        """Whether at least one slot is connected to *signal*."""
        found = find_signal(self, signal._q_signature)
        return found is not None and bool(found.live())

    def connectNotify(self, signal: QMetaMethod) -> None:
        """Override to learn that something was connected to *signal* of this object."""

    def disconnectNotify(self, signal: QMetaMethod) -> None:
        """Override to learn that something was disconnected from *signal* of this object."""

    def _q_connections_changed(self, handler: str, signal: SignalInstance) -> None:
        if getattr(type(self), handler) is not getattr(QObject, handler):
            from qnet.core.metaobject import QMetaMethod

            getattr(self, handler)(QMetaMethod.fromSignal(signal))

    connect = EitherWay(_old_connect.connect)
    disconnect = EitherWay(_old_connect.disconnect)

    def emit(self, signal: str | bytes | Signal | SignalInstance, *args: Any) -> bool:
        """Emit *signal*, given as ``SIGNAL("name(types)")`` or as itself; False if there is no such."""
        if not is_marked(signal):
            raise TypeError(f'emit() wants a signal or SIGNAL("name(types)"), not {signal!r}')
        found = find_signal(self, signal)
        if found is None:
            return False
        found.emit(*args)
        return True

    # -- events

    def event(self, event: QEvent) -> bool:
        """Handle *event*: override for full control. Returns whether it was recognised."""
        kind = event._q_type
        if kind is EventType.Timer:
            self.timerEvent(event)  # type: ignore[arg-type]  # only QTimerEvent has this type
        elif kind in (EventType.ChildAdded, EventType.ChildPolished, EventType.ChildRemoved):
            self.childEvent(event)  # type: ignore[arg-type]  # only QChildEvent has these types
        elif kind is EventType.DeferredDelete:
            self._q_destroy()
        elif kind >= EventType.User.value:
            self.customEvent(event)
        else:
            return kind is EventType.ThreadChange
        return True

    def timerEvent(self, event: QTimerEvent) -> None:
        """Override to handle the timers that `startTimer` started."""

    def childEvent(self, event: QChildEvent) -> None:
        """Override to learn of children that come and go."""

    def customEvent(self, event: QEvent) -> None:
        """Override to handle events of one's own types."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Override to see the events of objects that this one filters; True ends the delivery."""
        return False

    def installEventFilter(self, filterObj: QObject) -> None:
        """Let *filterObj* see every event of this object first; the filter installed last is asked first."""
        if not isinstance(filterObj, QObject):
            raise TypeError(f"an event filter is a QObject, not {type(filterObj).__name__}")
        if filterObj._q.thread is not self._q.thread:
            qWarning("QObject::installEventFilter(): Cannot filter events for objects in a different thread.")
            return
        filters = self.__dict__.setdefault("_q_filters", [])
        filters[:] = [f for f in filters if f() is not None and f() is not filterObj]
        filters.append(filterObj._q.ref)

    def removeEventFilter(self, obj: QObject) -> None:
        """Undo `installEventFilter`; nothing happens if *obj* filters nothing here."""
        if not isinstance(obj, QObject):
            raise TypeError(f"an event filter is a QObject, not {type(obj).__name__}")
        filters = self.__dict__.get("_q_filters")
        if filters is not None:
            filters[:] = [f for f in filters if f() is not None and f() is not obj]

    # -- timers

    def startTimer(self, interval: int, timerType: Qt.TimerType = Qt.TimerType.CoarseTimer) -> int:
        """Send this object a QTimerEvent every *interval* milliseconds; 0 means once a turn of the loop.

        Returns the timer's id, or 0, with a warning, in another thread than the object's. A negative interval
        becomes 1, with a warning; fractions are cut off.
        """
        return _object_timers.start(self, interval, timerType)

    def killTimer(self, id: int | Qt.TimerId) -> None:
        """Stop the timer that `startTimer` called *id*; only the object's own thread can."""
        if self._q.thread is not _thread_data.current():
            qWarning("QObject::killTimer: Timers cannot be stopped from another thread")
            return
        if not _object_timers.kill(int(id), self):
            qWarning(f"QObject::killTimer(): Error: timer id {int(id)} is not valid for object {self!r}")

    # -- threads

    def thread(self) -> QThread | None:
        """The thread whose event loop serves the object; None after ``moveToThread(None)``."""
        from qnet.core.thread import thread_of

        data = self._q.thread
        return thread_of(data) if data is not _thread_data.UNSERVED else None

    def moveToThread(self, thread: QThread | None) -> bool:
        """Let *thread* serve the object, its children, its timers and what is posted to it.

        Only the thread that serves the object now may give it away, and only with its whole tree: returns
        False, with a warning, otherwise. The object is sent ThreadChange first. With None no thread serves
        the object, and what is posted to it waits, until a thread takes it over.
        """
        from qnet.core.thread import QThread

        if thread is not None and not isinstance(thread, QThread):
            raise TypeError(f"moveToThread() wants a QThread or None, not {type(thread).__name__}")
        source = self._q.thread
        target = thread._q_thread_data if thread is not None else _thread_data.UNSERVED
        if source is target:
            return True
        if self._q.parent is not None:
            qWarning("QObject::moveToThread: Cannot move objects with a parent")
            return False
        giver = target if source is _thread_data.UNSERVED else source
        if giver.ident and giver is not _thread_data.current():
            qWarning("QObject::moveToThread: Current thread is not the object's thread. Cannot move to target thread")
            return False
        tree = _subtree(self)
        for obj in tree:
            deliver(obj, QEvent(EventType.ThreadChange))
        source.move(tree, target)
        return True

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        """Move what the dispatcher of *source* keeps for this object; subclasses with descriptors add theirs."""
        self._q.thread = target
        if "_q_timer_ids" in self.__dict__:
            _object_timers.move(self, source, target)

    def __repr__(self) -> str:
        name = f', name="{self._q_name}"' if "_q" in self.__dict__ and self._q_name else ""
        return f"<{type(self).__module__}.{type(self).__qualname__}({id(self):#x}{name})>"


def _text(value: str, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    return value


def _child_test(kind: type, name: str | re.Pattern[str] | None) -> Callable[[QObject], bool]:
    if not isinstance(kind, type):
        raise TypeError(f"children are found by their class, not by {kind!r}")
    if name is None:
        return lambda child: isinstance(child, kind)
    if isinstance(name, str):
        return lambda child: isinstance(child, kind) and child._q_name == name
    if isinstance(name, re.Pattern):
        return lambda child: isinstance(child, kind) and name.search(child._q_name) is not None
    raise TypeError(f"children are found by a str or a compiled regular expression, not {type(name).__name__}")


def _subtree(root: QObject) -> list[QObject]:
    """*root* and all below it, each before its children."""
    tree = []
    pending = [root]
    while pending:
        obj = pending.pop()
        tree.append(obj)
        if obj._q_children:
            pending.extend(reversed(obj._q_children.values()))
    return tree
