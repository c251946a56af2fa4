"""Relays bytes between pairs of sockets with limited read buffers; half of the work is closing in the right order.

Prints:
    relayed 400000 bytes up, echoed down: True
    second: b'short'
    refused target closes the client: True
    pairs left: 0
"""

import socket
import sys

from qnet.QtCore import QCoreApplication, QObject
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QTcpServer, QTcpSocket


class Pair(QObject):
    LIMIT = 16384

    def __init__(self, inner, port, parent):
        super().__init__(parent)
        self.inner = inner
        self.outer = QTcpSocket(self)
        inner.setParent(self)
        for source, target in ((self.inner, self.outer), (self.outer, self.inner)):
            source.setReadBufferSize(self.LIMIT)
            source.readyRead.connect(lambda source=source, target=target: self.pump(source, target))
            target.bytesWritten.connect(lambda n, source=source, target=target: self.pump(source, target))
            source.disconnected.connect(lambda source=source, target=target: self.ended(source, target))
        self.outer.connected.connect(lambda: self.pump(self.inner, self.outer))
        self.outer.errorOccurred.connect(self.failed)
        self.outer.connectToHost(QHostAddress.LocalHost, port)

    def pump(self, source, target):
        if target.state() == QAbstractSocket.ConnectedState and target.bytesToWrite() < self.LIMIT:
            data = source.read(self.LIMIT)
            if data:
                target.write(data)

    def ended(self, source, target):
        while source.bytesAvailable():
            target.write(source.readAll())
        if target.state() != QAbstractSocket.UnconnectedState:
            target.disconnectFromHost()
        else:
            self.parent().pairs.discard(self)
            self.deleteLater()

    def failed(self, error):
        if error == QAbstractSocket.ConnectionRefusedError:
            self.inner.disconnectFromHost()


class Forwarder(QTcpServer):
    def __init__(self, port):
        super().__init__()
        self.target = port
        self.pairs = set()
        self.newConnection.connect(self.pair)

    def pair(self):
        while self.hasPendingConnections():
            self.pairs.add(Pair(self.nextPendingConnection(), self.target, self))


class Echo(QTcpServer):
    def __init__(self):
        super().__init__()
        self.newConnection.connect(self.take)

    def take(self):
        peer = self.nextPendingConnection()
        peer.readyRead.connect(lambda: peer.write(peer.readAll()))


def talk(data):
    """Send through the forwarder: what came back."""
    client = QTcpSocket()
    received = bytearray()
    client.connected.connect(lambda: client.write(data))

    def read():
        received.extend(client.readAll().data())
        if len(received) >= len(data):
            client.disconnectFromHost()

    client.readyRead.connect(read)
    client.disconnected.connect(app.quit)
    client.connectToHost("127.0.0.1", forwarder.serverPort())
    app.exec()
    return bytes(received)


app = QCoreApplication(sys.argv)
echo = Echo()
hold = socket.socket()  # keeps the port for this program when nobody listens on it any more
hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
hold.bind(("127.0.0.1", 0))
assert echo.listen(QHostAddress.LocalHost, hold.getsockname()[1])
forwarder = Forwarder(echo.serverPort())
forwarder.listen(QHostAddress.LocalHost)
big = bytes(range(256)) * 1563
big = big[:400_000]
print("relayed", len(big), "bytes up, echoed down:", talk(big) == big)
print("second:", talk(b"short"))
echo.close()
print("refused target closes the client:", talk(b"nobody") == b"")
while forwarder.pairs:
    app.processEvents()
print("pairs left:", len(forwarder.pairs))
hold.close()
