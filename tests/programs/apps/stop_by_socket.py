"""The other well-known recipe: a QAbstractSocket on the end of a pair that set_wakeup_fd writes to."""

import signal
import socket
import sys

from qnet.QtCore import QCoreApplication, QTimer, Signal
from qnet.QtNetwork import QAbstractSocket


class SignalWakeupHandler(QAbstractSocket):
    signalReceived = Signal(int)

    def __init__(self, parent=None):
        super().__init__(QAbstractSocket.UdpSocket, parent)
        self.old_fd = None
        self.wsock, self.rsock = socket.socketpair(type=socket.SOCK_DGRAM)
        self.wsock.setblocking(False)
        assert self.setSocketDescriptor(self.rsock.fileno())
        self.old_fd = signal.set_wakeup_fd(self.wsock.fileno())
        self.readyRead.connect(lambda: None)
        self.readyRead.connect(self._readSignal)

    def _readSignal(self):
        for number in self.readAll().data():
            self.signalReceived.emit(number)


app = QCoreApplication(sys.argv)
SignalWakeupHandler(app)
signals = app.findChild(SignalWakeupHandler)
for number in (signal.SIGUSR1, signal.SIGINT):
    signal.signal(number, lambda number, frame: print("handler", signal.Signals(number).name, flush=True))
signals.signalReceived.connect(lambda number: print("signal", signal.Signals(number).name, flush=True))
signals.signalReceived.connect(lambda number: app.quit() if number == signal.SIGINT else None)
QTimer.singleShot(0, lambda: print("ready", flush=True))
code = app.exec()
signal.set_wakeup_fd(signals.old_fd)
sys.exit(code)
