"""QMetaObject.invokeMethod by name, into this thread and another one, with Q_ARG and with results.

Prints:
    direct: hello ada
    queued comes later: True
    hello bob
    in its thread: True
    blocking result: 42
    stop
"""

import sys

from qnet.QtCore import Q_ARG, Q_RETURN_ARG, QCoreApplication, QMetaObject, QObject, Qt, QThread, Slot


class Greeter(QObject):
    @Slot(str)
    def greet(self, name):
        print(self.prefix + "hello", name)
        if name == "bob":
            self.where()

    def __init__(self, parent=None, prefix=""):
        super().__init__(parent)
        self.prefix = prefix

    def where(self):
        print("in its thread:", QThread.currentThread() is self.thread())

    @Slot(int, result=int)
    def answer(self, base):
        return base * 6

    @Slot()
    def halt(self):
        print("stop")
        QThread.currentThread().quit()


app = QCoreApplication(sys.argv)
local = Greeter(prefix="direct: ")
assert QMetaObject.invokeMethod(local, "greet", Qt.DirectConnection, Q_ARG(str, "ada"))

remote = Greeter()
thread = QThread()
remote.moveToThread(thread)
QMetaObject.invokeMethod(remote, "greet", Qt.QueuedConnection, Q_ARG(str, "bob"))
print("queued comes later:", not thread.isRunning())
thread.start()
result = QMetaObject.invokeMethod(
    remote, "answer", Qt.ConnectionType.BlockingQueuedConnection, Q_RETURN_ARG(int), Q_ARG(int, 7)
)
print("blocking result:", result)
QMetaObject.invokeMethod(remote, "halt", Qt.QueuedConnection)
assert thread.wait(30_000)
