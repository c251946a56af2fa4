"""A server that lives in a QThread, asked by a client that blocks in the main thread and has no event loop.

Prints:
    listening
    echo: 1 2 3
    echo: 300000 bytes in pieces
    the far end closed: True, state Unconnected
    stopped
"""

import sys

from qnet.QtCore import (
    QCoreApplication,
    QDataStream,
    QIODevice,
    QMetaObject,
    QMutex,
    QObject,
    Qt,
    QThread,
    QWaitCondition,
    Slot,
)
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QTcpServer, QTcpSocket


class EchoServer(QObject):
    def __init__(self):
        super().__init__()
        self.port = 0
        self.mutex = QMutex()
        self.ready = QWaitCondition()
        self.sizes = {}

    @Slot()
    def start(self):
        self.server = QTcpServer(self)
        self.server.newConnection.connect(self.accept)
        self.server.listen(QHostAddress.LocalHost)
        self.mutex.lock()
        self.port = self.server.serverPort()
        self.mutex.unlock()
        self.ready.wakeAll()

    def accept(self):
        connection = self.server.nextPendingConnection()
        connection.readyRead.connect(self.echo)
        connection.disconnected.connect(connection.deleteLater)

    def echo(self):
        connection = self.sender()
        assert connection.thread() is QThread.currentThread()
        stream = QDataStream(connection)
        while True:
            stream.startTransaction()
            size = stream.readUInt32()
            data = stream.readRawData(size)
            if not stream.commitTransaction():
                return
            stream.writeUInt32(size)
            stream.writeRawData(data)
            if size == 0:
                connection.disconnectFromHost()
                return

    @Slot()
    def stop(self):
        self.server.close()
        self.thread().quit()


app = QCoreApplication(sys.argv)
thread = QThread()
server = EchoServer()
server.moveToThread(thread)
thread.started.connect(server.start)
thread.start()
server.mutex.lock()
while not server.port:
    assert server.ready.wait(server.mutex, 30_000)
server.mutex.unlock()
print("listening")

sock = QTcpSocket()
sock.connectToHost(QHostAddress(QHostAddress.LocalHost), server.port, QIODevice.ReadWrite)
assert sock.waitForConnected(30_000), sock.errorString()


def ask(data):
    stream = QDataStream(sock)
    stream.writeUInt32(len(data))
    stream.writeRawData(data)
    while sock.bytesToWrite():
        assert sock.waitForBytesWritten(30_000)
    while sock.bytesAvailable() < 4:
        assert sock.waitForReadyRead(30_000)
    size = stream.readUInt32()
    answer = b""
    while len(answer) < size:
        if not sock.bytesAvailable():
            assert sock.waitForReadyRead(30_000)
        answer += bytes(sock.read(size - len(answer)))
    return answer


print("echo:", *ask(bytes([1, 2, 3])))
print("echo:", len(ask(b"x" * 300000)), "bytes in pieces")
assert ask(b"") == b""
closed = sock.state() == QAbstractSocket.UnconnectedState or sock.waitForDisconnected(30_000)
print(f"the far end closed: {closed}, state {sock.state().name.replace('State', '')}")
QMetaObject.invokeMethod(server, "stop", Qt.QueuedConnection)
assert thread.wait(30_000)
print("stopped")
