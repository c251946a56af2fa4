"""Signals, slots and objects. Comments say what a type checker must object to; see tests/test_typing.py."""

from __future__ import annotations

from typing_extensions import assert_type

from qnet.QtCore import QCoreApplication, QObject, QThread, QTimer, Signal, SignalInstance, Slot


class Counter(QObject):
    changed = Signal(int)
    renamed = Signal(str, name="nameChanged")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.value = 0

    @Slot(int)
    def set_value(self, value: int) -> None:
        self.value = value
        self.changed.emit(value)


counter = Counter()
assert_type(counter.changed, SignalInstance)
assert_type(Counter.changed, Signal)
counter.changed.connect(counter.set_value)
counter.changed.connect(counter.changed)
counter.changed.connect(counter.changed.emit)
connection = counter.changed.connect(lambda value: print(value))
counter.changed.disconnect(connection)
assert_type(counter.set_value(3), None)  # the decorator keeps the method's type
counter.set_value("three")  # error: arg-type
counter.changed.connect(3)  # error: arg-type
counter.changed = 3  # error: assignment
Counter.changed.emit(3)  # error: attr-defined
Counter(parent="name")  # error: arg-type

assert_type(counter.findChild(QTimer, "tick"), QTimer | None)
assert_type(counter.findChildren(Counter), list[Counter])
assert_type(counter.parent(), QObject | None)
assert_type(counter.thread(), QThread | None)
counter.setObjectName(3)  # error: arg-type

timer = QTimer(counter)
timer.setInterval("soon")  # error: arg-type
assert_type(timer.interval(), int)
application = QCoreApplication([])
assert_type(application.exec(), int)
