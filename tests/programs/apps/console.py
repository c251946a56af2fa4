"""A client on the command line: standard input by QSocketNotifier, an echo server's answers in between."""

import sys

from qnet.QtCore import QCoreApplication, QObject, QSocketNotifier, Slot
from qnet.QtNetwork import QAbstractSocket, QTcpSocket


class Console(QObject):
    def __init__(self, port, parent=None):
        super().__init__(parent)
        self.socket = QTcpSocket(self)
        self.socket.connectToHost("127.0.0.1", port)
        self.socket.connected.connect(self.on_connected)
        self.socket.readyRead.connect(self.on_reply)
        self.socket.errorOccurred.connect(self.on_error)
        self.socket.disconnected.connect(QCoreApplication.quit)
        self.notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self.notifier.setEnabled(False)
        self.notifier.activated.connect(self.on_line)

    def on_connected(self):
        print("connected to", self.socket.peerName(), flush=True)
        self.notifier.setEnabled(True)

    @Slot()
    def on_line(self):
        line = sys.stdin.readline()
        if not line or line.strip() == "quit":
            self.notifier.setEnabled(False)
            print("bye" if line else "end of input", flush=True)
            self.socket.disconnectFromHost()
            return
        self.socket.write(line.encode())

    def on_reply(self):
        while self.socket.canReadLine():
            print(">", self.socket.readLine().data().decode().strip(), flush=True)

    def on_error(self, error):
        if error != QAbstractSocket.RemoteHostClosedError:
            print("error:", error.name, flush=True)
            QCoreApplication.exit(1)


app = QCoreApplication(sys.argv)
console = Console(int(sys.argv[1]))
sys.exit(app.exec())
