"""The fortune protocol of Qt's manual: a block written into a QByteArray, its size put in front afterwards.

Prints:
    sent 56 bytes
    block of 54 bytes
    got: You will be misunderstood
    RemoteHostClosedError: True
    goodbye
"""

import sys

from qnet import QtCore, QtNetwork


class Server(QtNetwork.QTcpServer):
    def __init__(self):
        super().__init__()
        self.newConnection.connect(self.sendFortune)

    def sendFortune(self):
        block = QtCore.QByteArray()
        out = QtCore.QDataStream(block, QtCore.QIODevice.WriteOnly)
        out.setVersion(QtCore.QDataStream.Qt_4_0)
        out.writeUInt16(0)
        out.writeQString("You will be misunderstood")
        out.device().seek(0)
        out.writeUInt16(block.size() - 2)
        connection = self.nextPendingConnection()
        connection.disconnected.connect(connection.deleteLater)
        # One byte at first, so that the client has to wait for the rest of the size.
        connection.write(block.left(1))
        connection.flush()
        QtCore.QTimer.singleShot(20, lambda: self.sendRest(connection, block))

    def sendRest(self, connection, block):
        connection.write(block.mid(1))
        print("sent", len(block), "bytes")
        connection.disconnectFromHost()


class Client(QtCore.QObject):
    def __init__(self, port, parent=None):
        super().__init__(parent)
        self.blockSize = 0
        self.tcpSocket = QtNetwork.QTcpSocket(self)
        self.tcpSocket.readyRead.connect(self.readFortune)
        self.tcpSocket.errorOccurred.connect(self.displayError)
        self.tcpSocket.connectToHost("127.0.0.1", port, QtCore.QIODevice.ReadWrite)

    def readFortune(self):
        instr = QtCore.QDataStream(self.tcpSocket)
        instr.setVersion(QtCore.QDataStream.Qt_4_0)
        if self.blockSize == 0:
            if self.tcpSocket.bytesAvailable() < 2:
                return
            self.blockSize = instr.readUInt16()
            print("block of", self.blockSize, "bytes")
        if self.tcpSocket.bytesAvailable() < self.blockSize:
            return
        print("got:", instr.readQString())

    def displayError(self, socketError):
        print("RemoteHostClosedError:", socketError == QtNetwork.QAbstractSocket.RemoteHostClosedError)
        QtCore.QTimer.singleShot(0, QtCore.QCoreApplication.instance(), QtCore.SLOT("quit()"))


if __name__ == "__main__":
    app = QtCore.QCoreApplication(sys.argv)
    server = Server()
    server.listen()
    client = Client(server.serverPort())
    app.aboutToQuit.connect(lambda: print("goodbye"))
    sys.exit(app.exec())
