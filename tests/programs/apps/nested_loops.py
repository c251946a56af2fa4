"""Waiting in nested loops: wait_signal as a context manager, time-outs, QElapsedTimer and QDeadlineTimer, exit codes.

Prints:
    emitted in time: True
    time-out: False
    codes: 5 0
    inner ended before outer: ['inner', 'outer']
    processEvents until: True
    deadline passed: True, another is forever: True
    elapsed at least 20 ms: True
    loops ended by app.exit: -4 -4
    exit before exec is nothing: 0
"""

import sys
from contextlib import contextmanager

from qnet.QtCore import QCoreApplication, QDeadlineTimer, QElapsedTimer, QEventLoop, QObject, QTimer, Signal


class Source(QObject):
    done = Signal(str)


@contextmanager
def wait_signal(signal, timeout=1000):
    loop = QEventLoop()
    result = {"ok": False}

    def arrived(*args):
        result["ok"] = True
        loop.quit()

    signal.connect(arrived)
    yield result
    timer = QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(timeout)
    if not result["ok"]:
        loop.exec_()
    signal.disconnect(arrived)


app = QCoreApplication(sys.argv)
source = Source()
with wait_signal(source.done) as outcome:
    QTimer.singleShot(1, lambda: source.done.emit("now"))
print("emitted in time:", outcome["ok"])
with wait_signal(source.done, timeout=10) as outcome:
    pass
print("time-out:", outcome["ok"])

loop = QEventLoop()
QTimer.singleShot(0, lambda: loop.exit(5))
first = loop.exec()
QTimer.singleShot(0, loop.quit)
print("codes:", first, loop.exec())

order = []


def inner():
    nested = QEventLoop()
    QTimer.singleShot(1, loop.quit)  # the outer one is told first, and must wait
    QTimer.singleShot(15, nested.quit)
    nested.exec()
    order.append("inner")


QTimer.singleShot(0, inner)
loop.exec()
order.append("outer")
print("inner ended before outer:", order)

flags = []
QTimer.singleShot(10, app, lambda: flags.append(1))
clock = QElapsedTimer()
clock.start()
while not flags and clock.elapsed() < 30_000:
    app.processEvents(QEventLoop.AllEvents, 50)
print("processEvents until:", bool(flags))

clock.restart()
deadline = QDeadlineTimer(20)
while not deadline.hasExpired():
    app.processEvents(QEventLoop.ExcludeUserInputEvents | QEventLoop.ExcludeSocketNotifiers)
forever = QDeadlineTimer(QDeadlineTimer.Forever)
print(f"deadline passed: {deadline.remainingTime() == 0}, another is forever: {forever.isForever()}")
print("elapsed at least 20 ms:", clock.elapsed() >= 19)

codes = []


def two_levels():
    nested = QEventLoop()
    QTimer.singleShot(0, lambda: app.exit(-4))
    codes.append(nested.exec())


QTimer.singleShot(0, two_levels)
codes.append(app.exec())
print("loops ended by app.exit:", *codes)
app.exit(9)
QTimer.singleShot(0, app.quit)
print("exit before exec is nothing:", app.exec())
