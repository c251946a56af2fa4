"""Sends a file in chunks as bytesWritten comes in; the receiver takes name and size from a QDataStream.

Prints:
    receiving snow.bin of 700001 bytes
    sent 700001 bytes
    received 700001 bytes, the same: True
    progress rose and ended at 100 %
"""

import hashlib
import os
import sys
import tempfile

from qnet.QtCore import QByteArray, QCoreApplication, QDataStream, QFile, QIODevice, QObject, Qt, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class Sender(QObject):
    progress = Signal(int)
    CHUNK = 64 * 1024

    def __init__(self, path, parent=None):
        super().__init__(parent)
        self.file = QFile(path)
        if not self.file.open(QIODevice.ReadOnly):
            raise OSError(self.file.errorString())
        self.total = self.file.size()
        self.written = 0
        self.socket = QTcpSocket(self)
        self.socket.connected.connect(self.start, type=Qt.QueuedConnection)
        self.socket.bytesWritten.connect(self.more)

    def start(self):
        header = QByteArray()
        stream = QDataStream(header, QIODevice.WriteOnly)
        stream.setVersion(QDataStream.Qt_5_15)
        stream.writeInt64(self.total)
        stream.writeQString(os.path.basename(self.file.fileName()))
        self.written = -header.length()
        self.socket.write(header)

    def more(self, count):
        self.written += count
        self.progress.emit(max(0, self.written) * 100 // self.total)
        if not self.file.atEnd():
            if self.socket.bytesToWrite() < self.CHUNK:
                self.socket.write(self.file.read(self.CHUNK))
        elif self.socket.bytesToWrite() == 0:
            self.file.close()
            self.socket.disconnectFromHost()


class Receiver(QTcpServer):
    done = Signal(str)

    def __init__(self, folder, parent=None):
        super().__init__(parent)
        self.folder = folder
        self.file = None
        self.left = -1
        self.newConnection.connect(self.take)

    def take(self):
        self.client = self.nextPendingConnection()
        self.client.readyRead.connect(self.receive)
        self.client.disconnected.connect(self.finish)

    def receive(self):
        if self.file is None:
            stream = QDataStream(self.client)
            stream.setVersion(QDataStream.Qt_5_15)
            stream.startTransaction()
            self.left = stream.readInt64()
            name = stream.readQString()
            if not stream.commitTransaction():
                return
            print("receiving", name, "of", self.left, "bytes")
            self.file = QFile(os.path.join(self.folder, name))
            assert self.file.open(QIODevice.WriteOnly | QIODevice.Truncate)
        self.left -= self.file.write(self.client.readAll())

    def finish(self):
        assert self.left == 0, self.left
        self.file.close()
        self.done.emit(self.file.fileName())


app = QCoreApplication(sys.argv)
with tempfile.TemporaryDirectory() as folder:
    source = os.path.join(folder, "snow.bin")
    content = os.urandom(700_001)
    with open(source, "wb") as file:
        file.write(content)
    os.mkdir(os.path.join(folder, "in"))
    receiver = Receiver(os.path.join(folder, "in"))
    receiver.listen(QHostAddress.LocalHost)
    steps = []
    sender = Sender(source)
    sender.progress.connect(steps.append)
    arrived = []
    receiver.done.connect(arrived.append)
    receiver.done.connect(app.quit)
    sender.socket.connectToHost("localhost", receiver.serverPort())
    code = app.exec()
    with open(arrived[0], "rb") as file:
        copy = file.read()
    same = hashlib.sha256(copy).digest() == hashlib.sha256(content).digest()
    print("sent", sender.written, "bytes")
    print(f"received {len(copy)} bytes, the same: {same}")
    if steps == sorted(steps):
        print("progress rose and ended at", steps[-1], "%")
sys.exit(code)
