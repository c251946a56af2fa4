"""What is known of a class at run time: its signals, slots, properties and enums.

Source: https://doc.qt.io/qt-6/qmetaobject.html.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core import _connections, _thread_data
from qnet.core._enums import QtEnum, flat_enums
from qnet.core._post import post_to_data
from qnet.core.logging import qWarning
from qnet.core.signals import Signal, SignalInstance
from qnet.core.slots import Property, Slot, find_slot

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["QMetaMethod", "QMetaObject"]


@flat_enums
class QMetaMethod:
    """A signal or a method of a class. Qt page: QMetaMethod."""

    class MethodType(QtEnum):
        """What the method is."""

        Method = 0
        Signal = 1
        Slot = 2
        Constructor = 3

    class Access(QtEnum):
        """Who may call it: Python hides nothing."""

        Private = 0
        Protected = 1
        Public = 2

    def __init__(self, signature: str = "", kind: QMetaMethod.MethodType | None = None, index: int = -1) -> None:
        self._q_signature = signature
        self._q_kind = kind if kind is not None else QMetaMethod.MethodType.Method
        self._q_index = index

    @staticmethod
    def fromSignal(signal: SignalInstance) -> QMetaMethod:
        """The method that *signal* is."""
        owner = signal._owner.ref()
        index = QMetaObject.of(type(owner)).indexOfSignal(signal.signature()) if owner is not None else -1
        return QMetaMethod(signal.signature(), QMetaMethod.MethodType.Signal, index)

    def isValid(self) -> bool:
        """Whether this is a method at all."""
        return bool(self._q_signature)

    def name(self) -> bytes:
        """The name without the types."""
        return self.methodSignature().split(b"(")[0]

    def methodSignature(self) -> bytes:
        """Name and types."""
        return self._q_signature.encode()

    def methodType(self) -> QMetaMethod.MethodType:
        """Signal, slot or plain method."""
        return self._q_kind

    def methodIndex(self) -> int:
        """The index in the class."""
        return self._q_index

    def access(self) -> QMetaMethod.Access:
        """Always public."""
        return QMetaMethod.Access.Public

    def parameterTypes(self) -> list[bytes]:
        """The names of the types."""
        inner = self._q_signature.partition("(")[2].rstrip(")")
        return [t.encode() for t in inner.split(",") if t]

    def parameterCount(self) -> int:
        """How many arguments it takes."""
        return len(self.parameterTypes())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QMetaMethod):
            return NotImplemented
        return (self._q_signature, self._q_kind) == (other._q_signature, other._q_kind)

    def __hash__(self) -> int:
        return hash((self._q_signature, self._q_kind))

    def __repr__(self) -> str:
        return f"<QMetaMethod {self._q_signature}>"


class QMetaObject:
    """The description of one class. Qt page: QMetaObject."""

    Connection = _connections.Connection

    _of: dict[type, QMetaObject] = {}

    def __init__(self, cls: type) -> None:
        self._q_class = cls
        self._q_methods: list[QMetaMethod] = []
        self._q_properties: list[str] = []
        for base in reversed(cls.__mro__):
            for name, value in vars(base).items():
                self._q_add(name, value)

    @classmethod
    def of(cls, described: type) -> QMetaObject:
        """The description of *described*, made once."""
        return cls._of.setdefault(described, cls._of.get(described) or cls(described))

    def _q_add(self, name: str, value: Any) -> None:
        kinds = QMetaMethod.MethodType
        signatures: list[tuple[str, QMetaMethod.MethodType]] = []
        if isinstance(value, Signal):
            signatures = [(s, kinds.Signal) for s in str(value).split("; ")]
        elif isinstance(value, Property) and name not in self._q_properties:
            self._q_properties.append(name)
        for mark in getattr(value, "_q_slots", ()):
            if isinstance(mark, Slot):
                types = ",".join(getattr(t, "__name__", str(t)) for t in mark.types)
                signatures.append((f"{mark.name or name}({types})", kinds.Slot))
        known = {m._q_signature for m in self._q_methods}
        for signature, kind in signatures:
            if signature not in known:
                self._q_methods.append(QMetaMethod(signature, kind, len(self._q_methods)))

    def className(self) -> str:
        """The class's name."""
        return self._q_class.__name__

    def superClass(self) -> QMetaObject | None:
        """The description of the first base that is a QObject; None for QObject itself."""
        from qnet.core.object import QObject

        for base in self._q_class.__mro__[1:]:
            if issubclass(base, QObject):
                return QMetaObject.of(base)
        return None

    def inherits(self, metaObject: QMetaObject) -> bool:
        """Whether the class is the other one or derives from it."""
        return issubclass(self._q_class, metaObject._q_class)

    def methodCount(self) -> int:
        """How many signals and slots the class has, with its bases'."""
        return len(self._q_methods)

    def methodOffset(self) -> int:
        """The index of the class's own first method."""
        base = self.superClass()
        return base.methodCount() if base is not None else 0

    def method(self, index: int) -> QMetaMethod:
        """The method at *index*, an invalid one out of range."""
        return self._q_methods[index] if 0 <= index < len(self._q_methods) else QMetaMethod()

    def _q_index_of(self, signature: str | bytes, *kinds: QMetaMethod.MethodType) -> int:
        from qnet.core.slots import normalized

        wanted = normalized(signature)
        for method in self._q_methods:
            if method._q_signature == wanted and (not kinds or method._q_kind in kinds):
                return method._q_index
        return -1

    def indexOfMethod(self, method: str | bytes) -> int:
        """The index of a signal or slot by its signature, -1 if there is none."""
        return self._q_index_of(method)

    def indexOfSignal(self, signal: str | bytes) -> int:
        """The index of a signal by its signature, -1 if there is none."""
        return self._q_index_of(signal, QMetaMethod.MethodType.Signal)

    def indexOfSlot(self, slot: str | bytes) -> int:
        """The index of a slot by its signature, -1 if there is none."""
        return self._q_index_of(slot, QMetaMethod.MethodType.Slot)

    def propertyCount(self) -> int:
        """How many declared properties the class has."""
        return len(self._q_properties)

    def indexOfProperty(self, name: str) -> int:
        """The index of a declared property, -1 if there is none."""
        return self._q_properties.index(name) if name in self._q_properties else -1

    def enumeratorCount(self) -> int:
        """How many enums the class body declares."""
        return sum(isinstance(v, type) and issubclass(v, enum.Enum) for v in vars(self._q_class).values())

    def classInfo(self, name: str) -> str | None:
        """A text that `ClassInfo` attached, None if there is none."""
        info: dict[str, str] = getattr(self._q_class, "_q_class_info", {})
        return info.get(name)

    @staticmethod
    def invokeMethod(obj: QObject, method: str | bytes | Callable[..., object], *args: Any, **options: Any) -> Any:
        """Call a method of *obj*, a callable or a name, in the thread of *obj*.

        ``invokeMethod(obj, method[, type][, *arguments])``; *type* is a `Qt.ConnectionType` (automatic by default).
        Returns what the method returned for direct and blocking calls, True for a queued one, and False, with a
        warning, if there is no such method.
        """
        from qnet.core.namespace import Qt

        kind = options.pop("type", Qt.ConnectionType.AutoConnection)
        if options:
            raise TypeError(f"invokeMethod() takes no keyword {next(iter(options))!r}")
        if args and isinstance(args[0], Qt.ConnectionType):
            kind, args = args[0], args[1:]
        if isinstance(method, (str, bytes)):
            try:
                target = find_slot(obj, method)
            except AttributeError:
                name = method if isinstance(method, str) else method.decode()
                qWarning(f"QMetaObject::invokeMethod: No such method {type(obj).__name__}::{name}")
                return False
        else:
            target = method
        return _invoke(obj, target, args, kind)

    @staticmethod
    def connectSlotsByName(obj: QObject) -> None:
        """Connect methods called ``on_<child's name>_<signal>`` to those signals of the children."""
        from qnet.core.object import QObject

        children = {c.objectName(): c for c in [obj, *obj.findChildren(QObject)] if c.objectName()}
        for name in dir(type(obj)):
            if not name.startswith("on_"):
                continue
            for child_name, child in children.items():
                signal_name = name.removeprefix(f"on_{child_name}_")
                signal = getattr(child, signal_name, None) if signal_name != name else None
                if isinstance(signal, SignalInstance):
                    signal.connect(getattr(obj, name))

    def __repr__(self) -> str:
        return f"<QMetaObject of {self.className()}>"


class _Result:
    """Carries a value, or an exception, from the thread of a blocking call back to its caller."""

    def __init__(self, target: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.target = target
        self.args = args
        self.done = threading.Event()
        self.value: Any = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.value = self.target(*self.args)
        except Exception as error:
            self.error = error
        finally:
            self.done.set()


def _invoke(obj: QObject, target: Callable[..., object], args: tuple[Any, ...], kind: int) -> Any:
    here = obj._q.thread is _thread_data.current()
    if kind == _connections.DIRECT or (kind == _connections.AUTO and here):
        return target(*args)
    if kind != _connections.BLOCKING:
        post_to_data(obj._q, target, *args)
        return True
    if here:
        raise RuntimeError("a blocking call to an object of the same thread would wait for itself for ever")
    result = _Result(target, args)
    post_to_data(obj._q, result.run)
    result.done.wait()
    if result.error is not None:
        raise result.error
    return result.value
