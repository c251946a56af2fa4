"""Calls from plain threads by posted events: registered types, event() overrides, an event filter, timerEvent.

Prints:
    filter saw 1 of mine
    called add(2, 3) = 5 in the main thread: True
    filter swallowed one
    priorities: high normal low
    removed: 0 left
    timer ticks: 3
    sent synchronously: handled True
    children: ['ChildAdded', 'ChildRemoved']
    dynamic property: colour
"""

import sys
import threading

from qnet.QtCore import QCoreApplication, QEvent, QObject, Qt


class InvokeEvent(QEvent):
    EVENT_TYPE = QEvent.Type(QEvent.registerEventType())

    def __init__(self, fn, *args, **kwargs):
        QEvent.__init__(self, InvokeEvent.EVENT_TYPE)
        self.fn = fn
        self.args = args
        self.kwargs = kwargs


class Note(QEvent):
    idType = QEvent.registerEventType()

    def __init__(self, text):
        super().__init__(QEvent.Type(Note.idType))
        self.text = text


class Invoker(QObject):
    def __init__(self):
        super().__init__()
        self.notes = []
        self.ticks = 0
        self.seen = []

    def event(self, event):
        if event.type() == InvokeEvent.EVENT_TYPE:
            event.fn(*event.args, **event.kwargs)
            return True
        if event.type() == Note.idType:
            self.notes.append(event.text)
            return True
        if event.type() == QEvent.DynamicPropertyChange:
            print("dynamic property:", str(event.propertyName(), "ascii"))
        return super().event(event)

    def childEvent(self, event):
        self.seen.append(QEvent.Type(event.type()).name)

    def timerEvent(self, event):
        assert event.timerId() == self.timer
        self.ticks += 1
        if self.ticks == 3:
            self.killTimer(self.timer)
            QCoreApplication.exit(3)


class Watcher(QObject):
    def __init__(self):
        super().__init__()
        self.swallow = False

    def eventFilter(self, watched, event):
        if event.type() == InvokeEvent.EVENT_TYPE:
            if self.swallow:
                print("filter swallowed one")
                return True
            print("filter saw 1 of mine")
        return False


def add(a, b):
    home = threading.current_thread() is threading.main_thread()
    print(f"called add({a}, {b}) = {a + b} in the main thread:", home)
    app.quit()


app = QCoreApplication(sys.argv)
invoker, watcher = Invoker(), Watcher()
invoker.installEventFilter(watcher)
thread = threading.Thread(target=lambda: QCoreApplication.postEvent(invoker, InvokeEvent(add, 2, b=3)))
thread.start()
app.exec()
thread.join()

watcher.swallow = True
app.postEvent(invoker, InvokeEvent(add, 0, 0))
app.sendPostedEvents()
app.postEvent(invoker, Note("low"), Qt.LowEventPriority.value)
app.postEvent(invoker, Note("normal"))
app.postEvent(invoker, Note("high"), Qt.HighEventPriority.value)
app.processEvents()
print("priorities:", *invoker.notes)
app.postEvent(invoker, Note("never"))
QCoreApplication.removePostedEvents(None, Note.idType)
app.processEvents()
print("removed:", invoker.notes.count("never"), "left")

invoker.timer = invoker.startTimer(2)
assert app.exec() == 3
print("timer ticks:", invoker.ticks)
print("sent synchronously: handled", QCoreApplication.sendEvent(invoker, Note("now")) and "now" in invoker.notes)
child = QObject(invoker)
child.setParent(None)
print("children:", invoker.seen)
invoker.setProperty("colour", "red")
