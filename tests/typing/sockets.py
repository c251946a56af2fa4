"""Sockets and devices: reads are bytes, states are enums. Comments say what a type checker must object to."""

from __future__ import annotations

from typing_extensions import assert_type

from qnet.QtCore import QByteArray, QByteArrayView, QIODevice, QUrl
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QTcpServer, QTcpSocket, QUdpSocket

socket = QTcpSocket()
socket.connectToHost("localhost", 80)
socket.connectToHost(QHostAddress("::1"), 80)
socket.connectToHost("localhost", "http")  # error: arg-type

data = socket.readAll()
assert_type(data, QByteArrayView)
as_bytes: bytes = data
assert_type(data.data(), bytes)
assert_type(data.toInt(), tuple[int, bool])
assert_type(socket.write(b"bytes"), int)
socket.write(QByteArray(b"bytes"))
socket.write(3)  # error: arg-type

assert_type(socket.state(), QAbstractSocket.SocketState)
connected: bool = socket.state() == QAbstractSocket.SocketState.ConnectedState
mode = QIODevice.OpenModeFlag.ReadOnly | QIODevice.OpenModeFlag.Text
assert_type(mode, QIODevice.OpenModeFlag)
QAbstractSocket.ConnectedState  # error: attr-defined


def report(error: QAbstractSocket.SocketError) -> str:
    if error is QAbstractSocket.SocketError.HostNotFoundError:
        return socket.errorString()
    return error.name


socket.errorOccurred.connect(report)

server = QTcpServer()
client = server.nextPendingConnection()
client.readAll()  # error: union-attr
if client is not None:
    assert_type(client, QTcpSocket)

udp = QUdpSocket()
datagram = udp.receiveDatagram()
assert_type(datagram.senderAddress(), QHostAddress)
payload: bytes = datagram.data()

url = QUrl("http://example.com")
assert_type(url.toString(QUrl.ComponentFormattingOption.FullyEncoded), str)
assert_type(url.port(), int)
