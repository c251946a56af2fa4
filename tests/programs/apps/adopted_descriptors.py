"""Descriptors from elsewhere: socket pairs, dup'ed and detached ones, pipes under notifiers, one's own listener.

Prints:
    pair: hello through a pair
    dup: both ends of it live
    local pair: 5 bytes, peer saw b'reply'
    listener of Python's: serves b'question'
    server descriptor is its: True
    pipe: b'spam'
    pipe closed
    writable notified once: True
    udp: b'datagram' 8
"""

import os
import socket
import sys

from qnet.QtCore import QCoreApplication, QEventLoop, QIODevice, QObject, QSocketNotifier
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QLocalSocket, QTcpServer, QTcpSocket, QUdpSocket


def wait(condition):
    while not condition():
        app.processEvents(QEventLoop.AllEvents, 50)


def adopt(sock):
    """Python's socket as a QTcpSocket, which owns it from now on."""
    adopted = QTcpSocket()
    assert adopted.setSocketDescriptor(sock.detach(), QAbstractSocket.ConnectedState, QIODevice.ReadWrite)
    return adopted


app = QCoreApplication(sys.argv)

with socket.create_server(("127.0.0.1", 0)) as listener:
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    left = adopt(near)
    right = adopt(far)
    left.write(b"hello through a pair")
    wait(lambda: right.bytesAvailable() >= 20)
    print("pair:", right.readAll().data().decode())

    duplicate = QTcpSocket()
    assert duplicate.setSocketDescriptor(os.dup(right.socketDescriptor()))
    right.abort()
    left.write(b"both")
    wait(lambda: duplicate.bytesAvailable() == 4)
    print("dup:", bytes(duplicate.readAll()).decode(), "ends of it live")
    left.abort()
    duplicate.abort()

a, b = socket.socketpair()
local = QLocalSocket()
assert local.setSocketDescriptor(a.detach())
b.send(b"12345")
wait(lambda: local.bytesAvailable() == 5)
local.write(b"reply")
local.flush()
print(f"local pair: {len(local.readAll())} bytes, peer saw {b.recv(100)!r}")
local.close()
b.close()

with socket.create_server(("127.0.0.1", 0)) as listener:
    server = QTcpServer()
    number = os.dup(listener.fileno())
    assert server.setSocketDescriptor(number)
    assert server.isListening()
    assert server.serverAddress() == QHostAddress(QHostAddress.LocalHost)
    client = QTcpSocket()
    client.connectToHost("127.0.0.1", server.serverPort())
    client.write(b"question")
    wait(server.hasPendingConnections)
    peer = server.nextPendingConnection()
    wait(peer.bytesAvailable)
    print("listener of Python's: serves", repr(bytes(peer.readAll())))
    print("server descriptor is its:", server.socketDescriptor() == number)
    client.abort()
    peer.close()
    server.close()


class PipeReader(QObject):
    def __init__(self, descriptor, parent=None):
        super().__init__(parent)
        self.fd = descriptor
        self.closed = False
        self.notifier = QSocketNotifier(descriptor, QSocketNotifier.Read, self)
        self.notifier.activated.connect(self.read)

    def read(self, descriptor):
        data = os.read(self.notifier.socket(), 100)
        if data:
            print("pipe:", repr(data))
            os.close(writer)
        else:
            self.notifier.setEnabled(False)
            self.closed = True
            print("pipe closed")


reader, writer = os.pipe()
pipe = PipeReader(reader)
os.write(writer, b"spam")
wait(lambda: pipe.closed)
os.close(reader)

c, d = socket.socketpair()
writable = QSocketNotifier(c.fileno(), QSocketNotifier.Write)
count = []
writable.activated.connect(lambda: (count.append(1), writable.setEnabled(False)))
wait(lambda: count)
app.processEvents()
print("writable notified once:", len(count) == 1)
c.close()
d.close()

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
    plain.bind(("127.0.0.1", 0))
    udp = QUdpSocket()
    assert udp.setSocketDescriptor(os.dup(plain.fileno()), QUdpSocket.BoundState)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"datagram", plain.getsockname())
        wait(udp.hasPendingDatagrams)
    size = udp.pendingDatagramSize()
    print("udp:", repr(bytes(udp.readDatagram(size)[0])), size)
    udp.close()
