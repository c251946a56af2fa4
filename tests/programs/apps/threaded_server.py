"""incomingConnection hands each descriptor to a thread that serves it by blocking calls.

Prints:
    served 3 clients in 3 threads, none of them the main one: True
    replies: ['0: ABC', '1: ABC', '2: ABC']
    nothing is pending: True
    bad descriptor: error UnsupportedSocketOperationError
"""

import sys

from qnet.QtCore import QCoreApplication, QObject, QThread, Signal
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QTcpServer, QTcpSocket


class ClientThread(QThread):
    error = Signal(QTcpSocket.SocketError)

    def __init__(self, socketDescriptor, number, parent):
        super().__init__(parent)
        self.socketDescriptor = socketDescriptor
        self.number = number
        self.home = None

    def run(self):
        self.home = QThread.currentThread()
        tcpSocket = QTcpSocket()
        if not tcpSocket.setSocketDescriptor(self.socketDescriptor):
            self.error.emit(tcpSocket.error())
            return
        while not tcpSocket.canReadLine():
            if not tcpSocket.waitForReadyRead(30_000):
                self.error.emit(tcpSocket.error())
                return
        line = tcpSocket.readLine().trimmed().toUpper()
        tcpSocket.write(b"%d: " % self.number + line.data())
        tcpSocket.disconnectFromHost()
        if tcpSocket.state() != QAbstractSocket.UnconnectedState:
            tcpSocket.waitForDisconnected()


class Server(QTcpServer):
    finished = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.threads = []
        self.ended = 0

    def incomingConnection(self, socketDescriptor):
        thread = ClientThread(socketDescriptor, len(self.threads), self)
        thread.error.connect(lambda code: print("error", code))
        thread.finished.connect(self.count)
        self.threads.append(thread)
        thread.start()

    def count(self):
        self.ended += 1
        if self.ended == 3:
            self.finished.emit()


class Client(QObject):
    done = Signal(str)

    def __init__(self, port):
        super().__init__()
        self.socket = QTcpSocket(self)
        self.socket.connected.connect(lambda: self.socket.write(b"abc\r\n"))
        self.socket.disconnected.connect(self.report)
        self.socket.connectToHost(QHostAddress.LocalHost, port)

    def report(self):
        self.done.emit(self.socket.readAll().data().decode())
        replied()


app = QCoreApplication(sys.argv)
server = Server()
server.listen(QHostAddress.LocalHost)
replies = []
ended = []


def replied():
    ended.append(1)
    if len(ended) == 4:  # three replies and the end of the threads
        app.quit()


server.finished.connect(replied)
clients = [Client(server.serverPort()) for _ in range(3)]
for client in clients:
    client.done.connect(replies.append)
code = app.exec()
homes = {thread.home for thread in server.threads}
print("served 3 clients in", len(homes), "threads, none of them the main one:", app.thread() not in homes)
print("replies:", sorted(replies))
print("nothing is pending:", not server.hasPendingConnections())

failures = []
broken = ClientThread(99_999, 9, None)
broken.error.connect(failures.append)
broken.start()
broken.wait()
app.processEvents()
print("bad descriptor: error", failures[0].name)
sys.exit(code)
