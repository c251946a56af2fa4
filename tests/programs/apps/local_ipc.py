"""Local sockets between parts of a program: framed requests, names in use, the reasons why none answers.

Prints:
    no server: ServerNotFoundError Unconnected
    listening on a path: True
    connected at once: True
    name in use: AddressInUseError
    server got: status {'n': 1}
    server got: status {'n': 2}
    client got: ok 1
    client got: ok 2
    client closed, pending left: False
    name is free again: True
"""

import json
import os
import sys
import tempfile

from qnet.QtCore import QByteArray, QCoreApplication, QDataStream, QIODevice, QObject, QTimer, Slot
from qnet.QtNetwork import QAbstractSocket, QLocalServer, QLocalSocket


def frame(text):
    block = QByteArray()
    out = QDataStream(block, QIODevice.WriteOnly)
    out.setVersion(QDataStream.Qt_5_15)
    out.writeUInt32(0)
    out.writeQString(text)
    out.device().seek(0)
    out.writeUInt32(block.size() - 4)
    return block


class Framed(QObject):
    def __init__(self, socket, handler, parent=None):
        super().__init__(parent)
        self.socket = socket
        self.handler = handler
        self.size = None
        self.stream = QDataStream(socket)
        self.stream.setVersion(QDataStream.Qt_5_15)
        socket.readyRead.connect(self.on_ready)

    @Slot()
    def on_ready(self):
        while True:
            if self.size is None:
                if self.socket.bytesAvailable() < 4:
                    return
                self.size = self.stream.readUInt32()
            if self.socket.bytesAvailable() < self.size:
                return
            self.size = None
            self.handler(self.stream.readQString())


class Server(QLocalServer):
    def __init__(self, name):
        super().__init__()
        self.client = None
        self.newConnection.connect(self.on_connection)
        self.setSocketOptions(QLocalServer.UserAccessOption)
        if not self.listen(name):
            raise OSError(self.errorString())

    def on_connection(self):
        self.client = Framed(self.nextPendingConnection(), self.on_request, self)

    def on_request(self, text):
        command, value = json.loads(text)
        print("server got:", command, value)
        self.client.socket.write(frame("ok %d" % value["n"]))


def answered(text):
    print("client got:", text)
    if text == "ok 2":
        client.disconnectFromServer()


app = QCoreApplication(sys.argv)
with tempfile.TemporaryDirectory() as folder:
    name = os.path.join(folder, "ipc.sock")
    client = QLocalSocket()
    client.connectToServer(name)
    print("no server:", client.error().name, client.state().name.replace("State", ""))
    server = Server(name)
    print("listening on a path:", server.fullServerName() == name)
    client.connectToServer(name, QIODevice.ReadWrite)
    print("connected at once:", client.state() == QLocalSocket.ConnectedState and client.waitForConnected(30_000))
    second = QLocalServer()
    assert not second.listen(name)
    print("name in use:", QAbstractSocket.SocketError(second.serverError()).name)
    framed = Framed(client, answered)
    for number in (1, 2):
        client.write(frame(json.dumps(["status", {"n": number}])))
    client.disconnected.connect(lambda: QTimer.singleShot(0, app.quit))
    app.exec()
    print("client closed, pending left:", server.hasPendingConnections())
    server.close()
    print("name is free again:", second.listen(name))
    second.close()
