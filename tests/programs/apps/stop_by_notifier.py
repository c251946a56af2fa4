"""Signals of the system through a socket pair: set_wakeup_fd writes them, a QSocketNotifier reads them."""

import signal
import socket
import sys

from qnet.QtCore import QCoreApplication, QObject, QSocketNotifier, QTimer, Signal


class SignalHandler(QObject):
    caught = Signal(int)

    def __init__(self, *numbers, parent=None):
        super().__init__(parent)
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        self.previous = signal.set_wakeup_fd(self.writer.fileno())
        for number in numbers:
            signal.signal(number, lambda *_: None)
        self.notifier = QSocketNotifier(self.reader.fileno(), QSocketNotifier.Read, self)
        self.notifier.activated.connect(self.handle)

    def handle(self):
        self.notifier.setEnabled(False)
        for number in self.reader.recv(100):
            self.caught.emit(number)
        self.notifier.setEnabled(True)


def caught(number):
    print("caught", signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        app.quit()


def install():
    global handler
    handler = SignalHandler(signal.SIGUSR1, signal.SIGINT, signal.SIGTERM)
    handler.caught.connect(caught)


app = QCoreApplication(sys.argv)
if sys.argv[1] == "before":
    install()
else:
    QTimer.singleShot(0, install)
QTimer.singleShot(0, lambda: print("ready", flush=True))
code = app.exec()
print("still installed:", signal.set_wakeup_fd(handler.previous) == handler.writer.fileno(), flush=True)
sys.exit(code)
