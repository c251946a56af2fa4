"""One instance only: the first listens on a local name, later ones hand it their arguments and leave."""

import sys

from qnet.QtCore import QCoreApplication, QTextStream, Signal
from qnet.QtNetwork import QLocalServer, QLocalSocket


class SingleApplication(QCoreApplication):
    messageReceived = Signal(str)

    def __init__(self, name, *argv):
        super().__init__(*argv)
        self._name = name
        self._server = self._inSocket = self._inStream = None
        self._outSocket = QLocalSocket()
        self._outSocket.connectToServer(self._name)
        self._isRunning = self._outSocket.waitForConnected(1000)
        if self._isRunning:
            self._outStream = QTextStream(self._outSocket)
        else:
            self._outSocket = self._outStream = None
            self._server = QLocalServer()
            QLocalServer.removeServer(self._name)
            assert self._server.listen(self._name), self._server.errorString()
            self._server.newConnection.connect(self._onNewConnection)

    def isRunning(self):
        return self._isRunning

    def sendMessage(self, text):
        self._outStream << text << "\n"
        self._outStream.flush()
        return self._outSocket.waitForBytesWritten()

    def _onNewConnection(self):
        if self._inSocket:
            self._inSocket.readyRead.disconnect(self._onReadyRead)
        self._inSocket = self._server.nextPendingConnection()
        if not self._inSocket:
            return
        self._inStream = QTextStream(self._inSocket)
        self._inSocket.readyRead.connect(self._onReadyRead)

    def _onReadyRead(self):
        while True:
            text = self._inStream.readLine()
            if not text:
                break
            self.messageReceived.emit(text)


def show(text):
    print("message:", text, flush=True)
    if text == "quit":
        app.quit()


app = SingleApplication(sys.argv[1], sys.argv)
if app.isRunning():
    print("handing over", app.sendMessage(" ".join(sys.argv[2:])), flush=True)
    sys.exit(0)
app.messageReceived.connect(show)
print("first", flush=True)
sys.exit(app.exec())
