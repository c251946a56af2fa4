"""Properties that notify, chains of models, blockSignals, keyword construction, signals relayed to signals.

Prints:
    level 3
    alarm level 3
    warn True
    level 9
    alarm level 9
    silent: 1
    after: 2
    blocked before: False, then: True
    objectName tank
    overloads: int 7
    overloads: str seven
    plain emit as a slot: 12
    disconnected all: True
"""

import sys

from qnet.QtCore import Property, QCoreApplication, QObject, QSignalBlocker, QTimer, Signal


class Tank(QObject):
    levelChanged = Signal(int)
    warningChanged = Signal(bool)
    report = Signal((int,), (str,))

    def __init__(self, parent=None, **kw):
        self._level = 0  # before the base is made, as careless code does
        super().__init__(parent, **kw)
        self._warning = False
        self.levelChanged.connect(self._check)

    def get_level(self):
        return self._level

    def set_level(self, value):
        if value != self._level:
            self._level = value
            self.levelChanged.emit(value)

    level = Property(int, get_level, set_level, notify=levelChanged)

    @Property(bool, notify=warningChanged)
    def warning(self):
        return self._warning

    def _check(self, value):
        if (value > 2) != self._warning:
            self._warning = value > 2
            self.warningChanged.emit(self._warning)


class Alarm(QObject):
    triggered = Signal(int)

    def __init__(self, tank):
        super().__init__(tank)
        tank.levelChanged.connect(self.triggered)
        self.triggered.connect(lambda value: print("alarm level", value))


app = QCoreApplication(sys.argv)
tank = Tank(objectName="tank", levelChanged=lambda value: print("level", value))
alarm = Alarm(tank)
# The keyword's connection came first, then _check, then the alarm: print by hand what _check changed.
late = []
tank.warningChanged.connect(late.append)
tank.level = 3
print("warn", tank.property("warning") and late == [True])
assert tank.setProperty("level", 9)
assert tank.setProperty("level", 9)
before = tank.blockSignals(True)
tank.level = 1
print("silent:", tank.level)
with QSignalBlocker(tank):
    tank.level = 2
print("after:", tank.level)
print(f"blocked before: {before}, then: {tank.blockSignals(False)}")
print("objectName", tank.objectName())

tank.report[int].connect(lambda value: print("overloads: int", value))
tank.report[str].connect(lambda value: print("overloads: str", value))
tank.report.emit(7)
tank.report[str].emit("seven")

other = Tank()
relay = Tank()
relay.levelChanged.connect(other.levelChanged.emit)
other.levelChanged.connect(lambda value: print("plain emit as a slot:", value))
relay.set_level(12)
relay.levelChanged.disconnect()
relay.set_level(13)
timer = QTimer(interval=1, singleShot=True, timeout=app.quit)
timer.start()
app.exec()
print("disconnected all:", relay.level == 13)
