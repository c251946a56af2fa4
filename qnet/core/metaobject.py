"""What is known of a class at run time: its signals, slots, properties and texts; calls by name.

Sources: https://doc.qt.io/qt-6/qmetaobject.html, https://doc.qt.io/qt-6/qmetamethod.html,
https://doc.qt.io/qt-6/qmetaproperty.html.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from qnet.core import _connections, _invoke, _properties
from qnet.core._enums import QtEnum, flat_enums
from qnet.core._invoke import Q_ARG, Q_RETURN_ARG
from qnet.core.bytearray import QByteArray
from qnet.core.signals import Signal, SignalInstance, type_name
from qnet.core.slots import Property, normalized, slots_of

if TYPE_CHECKING:
    from qnet.core.object import QObject

__all__ = ["Q_ARG", "Q_RETURN_ARG", "QMetaClassInfo", "QMetaMethod", "QMetaObject", "QMetaProperty"]


@flat_enums
class QMetaMethod:
    """A signal or a slot of a class. Qt page: QMetaMethod."""

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

    def __init__(
        self,
        signature: str = "",
        kind: QMetaMethod.MethodType | None = None,
        index: int = -1,
        result: str = "void",
        names: tuple[str, ...] = (),
    ) -> None:
        self._q_signature = signature
        self._q_kind = kind if kind is not None else QMetaMethod.MethodType.Method
        self._q_index = index
        self._q_result = result
        self._q_names = names

    @staticmethod
    def fromSignal(signal: SignalInstance) -> QMetaMethod:
        """The method that *signal* is."""
        owner = signal._owner.ref()
        if owner is None:
            return QMetaMethod()
        meta = QMetaObject.of(type(owner))
        return meta.method(meta.indexOfSignal(signal.signature()))

    def isValid(self) -> bool:
        """Whether this is a method at all."""
        return bool(self._q_signature)

    def name(self) -> QByteArray:
        """The name without the types."""
        return QByteArray(self._q_signature.partition("(")[0].encode())

    def methodSignature(self) -> QByteArray:
        """Name and types, such as ``received(QString,int)``."""
        return QByteArray(self._q_signature.encode())

    def methodType(self) -> QMetaMethod.MethodType:
        """Signal or slot."""
        return self._q_kind

    def methodIndex(self) -> int:
        """The index in the class, -1 for an invalid method."""
        return self._q_index

    def access(self) -> QMetaMethod.Access:
        """Always public."""
        return QMetaMethod.Access.Public

    def typeName(self) -> str:
        """The name of the result's type, "void" for none."""
        return self._q_result

    def parameterTypes(self) -> list[QByteArray]:
        """The names of the types."""
        inner = self._q_signature.partition("(")[2].removesuffix(")")
        return [QByteArray(t.encode()) for t in inner.split(",") if t]

    def parameterNames(self) -> list[QByteArray]:
        """The names that a signal's declaration gives its arguments; empty texts without."""
        count = self.parameterCount()
        return [QByteArray(n.encode()) for n in (*self._q_names, *[""] * count)[:count]]

    def parameterCount(self) -> int:
        """How many arguments it takes."""
        return len(self.parameterTypes())

    def invoke(self, obj: QObject, *args: Any) -> Any:
        """`QMetaObject.invokeMethod` with this method of *obj*."""
        return _invoke.by_name(obj, self._q_signature.partition("(")[0], args)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QMetaMethod):
            return NotImplemented
        return (self._q_signature, self._q_kind) == (other._q_signature, other._q_kind)

    def __hash__(self) -> int:
        return hash((self._q_signature, self._q_kind))

    def __repr__(self) -> str:
        return f"<QMetaMethod {self._q_signature}>"


class QMetaProperty:
    """A declared property of a class. Qt page: QMetaProperty."""

    def __init__(self, name: str = "", declared: Property | _properties.Accessors | None = None) -> None:
        self._q_name = name
        self._q_declared = declared

    def isValid(self) -> bool:
        """Whether this is a property at all."""
        return self._q_declared is not None

    def name(self) -> str:
        """The property's name."""
        return self._q_name

    def typeName(self) -> str:
        """The name of the declared type; "" for Qt's own properties, whose types Python's methods do not tell."""
        return type_name(self._q_declared.type) if isinstance(self._q_declared, Property) else ""

    def isReadable(self) -> bool:
        """Whether it has a getter."""
        declared = self._q_declared
        return declared.fget is not None if isinstance(declared, Property) else declared is not None

    def isWritable(self) -> bool:
        """Whether it has a setter."""
        declared = self._q_declared
        if isinstance(declared, Property):
            return declared.fset is not None
        return declared is not None and declared[1] is not None

    def isResettable(self) -> bool:
        """Whether it has a resetter."""
        return isinstance(self._q_declared, Property) and self._q_declared.freset is not None

    def isConstant(self) -> bool:
        """Whether it was declared constant."""
        return isinstance(self._q_declared, Property) and self._q_declared.constant

    def hasNotifySignal(self) -> bool:
        """Whether the declaration names a signal that reports changes."""
        return isinstance(self._q_declared, Property) and self._q_declared.notify is not None

    def notifySignal(self) -> QMetaMethod:
        """The signal that reports changes, an invalid method without one."""
        notify = self._q_declared.notify if isinstance(self._q_declared, Property) else None
        if notify is None:
            return QMetaMethod()
        return QMetaMethod(str(notify).partition(";")[0], QMetaMethod.MethodType.Signal)

    def read(self, obj: QObject) -> Any:
        """The value that *obj* has."""
        return _properties.read(obj, self._q_name)

    def write(self, obj: QObject, value: Any) -> bool:
        """Set the value of *obj*; False if it cannot be written."""
        return self.isWritable() and _properties.write(obj, self._q_name, value)

    def reset(self, obj: QObject) -> bool:
        """Restore the default; False if there is no resetter."""
        if not isinstance(self._q_declared, Property) or self._q_declared.freset is None:
            return False
        self._q_declared.freset(obj)
        return True


class QMetaClassInfo:
    """A text about a class, see `ClassInfo`. Qt page: QMetaClassInfo."""

    def __init__(self, name: str = "", value: str = "") -> None:
        self._q_name = name
        self._q_value = value

    def name(self) -> str:
        """What the text is about."""
        return self._q_name

    def value(self) -> str:
        """The text."""
        return self._q_value


class QMetaObject:
    """The description of one class. Qt page: QMetaObject."""

    Connection = _connections.Connection

    _of: dict[type, QMetaObject] = {}

    def __init__(self, cls: type) -> None:
        self._q_class = cls
        self._q_methods: list[QMetaMethod] = []
        self._q_properties: dict[str, QMetaProperty] = {}
        for base in reversed(cls.__mro__):
            for signature, kind, result, names in _methods_of(base):
                if all(m._q_signature != signature for m in self._q_methods):
                    self._q_methods.append(QMetaMethod(signature, kind, len(self._q_methods), result, names))
            for name, accessors in vars(base).get("_q_properties", {}).items():
                self._q_properties[name] = QMetaProperty(name, accessors)
            for name, value in vars(base).items():
                if isinstance(value, Property):
                    self._q_properties[name] = QMetaProperty(name, value)

    @classmethod
    def of(cls, described: type) -> QMetaObject:
        """The description of *described*, made once."""
        known = cls._of.get(described)
        return known if known is not None else cls._of.setdefault(described, cls(described))

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

    def cast(self, obj: QObject) -> QObject | None:
        """*obj* if it is of this class, else None."""
        return obj if isinstance(obj, self._q_class) else None

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
        """How many declared properties the class has, with its bases'."""
        return len(self._q_properties)

    def propertyOffset(self) -> int:
        """The index of the class's own first property."""
        base = self.superClass()
        return base.propertyCount() if base is not None else 0

    def property(self, index: int) -> QMetaProperty:
        """The property at *index*, an invalid one out of range."""
        found = list(self._q_properties.values())
        return found[index] if 0 <= index < len(found) else QMetaProperty()

    def indexOfProperty(self, name: str) -> int:
        """The index of a declared property, -1 if there is none."""
        return list(self._q_properties).index(name) if name in self._q_properties else -1

    def enumeratorCount(self) -> int:
        """How many enums the class body declares."""
        return sum(isinstance(v, type) and issubclass(v, enum.Enum) for v in vars(self._q_class).values())

    def _q_infos(self) -> list[QMetaClassInfo]:
        info: dict[str, str] = getattr(self._q_class, "_q_class_info", {})
        return [QMetaClassInfo(name, value) for name, value in info.items()]

    def classInfoCount(self) -> int:
        """How many texts `ClassInfo` attached."""
        return len(self._q_infos())

    def classInfo(self, index: int) -> QMetaClassInfo:
        """The text at *index*, an empty one out of range."""
        infos = self._q_infos()
        return infos[index] if 0 <= index < len(infos) else QMetaClassInfo()

    def indexOfClassInfo(self, name: str) -> int:
        """The index of a text by its name, -1 if there is none."""
        names = [info.name() for info in self._q_infos()]
        return names.index(name) if name in names else -1

    @staticmethod
    def normalizedSignature(method: str | bytes) -> QByteArray:
        """*method* as signatures are compared: without blanks, ``const`` and references."""
        return QByteArray(normalized(method).encode())

    @staticmethod
    def checkConnectArgs(signal: str | bytes, method: str | bytes) -> bool:
        """Whether the signature *method* takes the leading arguments of the signature *signal*."""
        given, taken = (
            [t for t in normalized(s).partition("(")[2].removesuffix(")").split(",") if t] for s in (signal, method)
        )
        return given[: len(taken)] == taken

    @staticmethod
    def invokeMethod(obj: QObject, method: str | bytes | Callable[..., object], *args: Any, **options: Any) -> Any:
        """Call a method of *obj*, by its name, or a callable, in the thread of *obj*.

        ``invokeMethod(obj, name[, type][, Q_RETURN_ARG(type)][, Q_ARG(type, value)...])``; *type* is a
        `Qt.ConnectionType`, automatic by default. A signal is emitted. Arguments may also be given as they are.
        Returns True when the call was made or queued, what the method returned if Q_RETURN_ARG asks for it,
        and False, with a warning, if there is no such method or it does not take the arguments. What the method
        raises is reported as a slot's exception.

        A callable's result is returned, and its exceptions are raised here, unless the call is queued.

        Raises RuntimeError where a result or a blocking call can never come.
        """
        if "type" in options:
            args = (options.pop("type"), *args)
        if options:
            raise TypeError(f"invokeMethod() takes no keyword {next(iter(options))!r}")
        if isinstance(method, bytes):
            method = method.decode()
        if isinstance(method, str):
            return _invoke.by_name(obj, method, args)
        return _invoke.a_callable(obj, method, args)

    @staticmethod
    def connectSlotsByName(obj: QObject) -> None:
        """Connect slots called ``on_<child's name>_<signal>`` to those signals of the children.

        Only methods marked with `Slot` take part; one that finds no signal is warned of.
        """
        _invoke.connect_slots_by_name(obj)

    def __repr__(self) -> str:
        return f"<QMetaObject of {self.className()}>"


def _methods_of(cls: type) -> Iterator[tuple[str, QMetaMethod.MethodType, str, tuple[str, ...]]]:
    """Signature, kind, result and argument names of what the body of *cls* declares: signals, then slots."""
    kinds = QMetaMethod.MethodType
    for value in vars(cls).values():
        if isinstance(value, Signal):
            for signature in str(value).split("; "):
                yield signature, kinds.Signal, "void", tuple(value.arguments)
    for name, value in vars(cls).items():
        for mark in slots_of(value):
            result = type_name(mark.result) if mark.result is not None else "void"
            yield mark.signature(name), kinds.Slot, result, ()
