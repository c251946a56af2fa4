"""A chat room by lines of text: star imports, sender(), a dict keyed by sockets, deleteLater when they leave.

Prints:
    room: ada came from 127.0.0.1
    room: bob came from 127.0.0.1
    ada hears: * bob joined
    bob hears: <ada> hello, bob
    ada hears: <bob> grüße
    room: ada went
    bob hears: * ada left
    room: bob went
    room: empty
"""

import sys

from qnet.QtCore import *
from qnet.QtNetwork import *


class Room(QTcpServer):
    entered = Signal(str)

    def __init__(self, parent=None):
        super(Room, self).__init__(parent)
        self.names = {}
        self.newConnection.connect(self.welcome)

    def welcome(self):
        while self.hasPendingConnections():
            client = self.nextPendingConnection()
            self.names[client] = None
            client.readyRead.connect(self.readLines)
            client.disconnected.connect(self.farewell)
            client.disconnected.connect(client.deleteLater)
        assert self.nextPendingConnection() is None

    @Slot()
    def readLines(self):
        client = self.sender()
        while client.canReadLine():
            line = str(client.readLine(), "utf-8").strip()
            if self.names[client] is None:
                self.names[client] = line
                print("room:", line, "came from", client.peerAddress().toString())
                self.broadcast("* %s joined" % line, client)
                self.entered.emit(line)
            else:
                self.broadcast("<%s> %s" % (self.names[client], line), client)

    @Slot()
    def farewell(self):
        client = self.sender()
        name = self.names.pop(client)
        self.broadcast("* %s left" % name)
        print("room:", name, "went")
        if not self.names:
            QTimer.singleShot(0, self.finish)

    def broadcast(self, text, but=None):
        for client in self.names:
            if client is not but and client.state() == QAbstractSocket.ConnectedState:
                client.write(QByteArray((text + "\n").encode("utf-8")))

    def finish(self):
        print("room: empty")
        QCoreApplication.quit()


class Guest(QTcpSocket):
    def __init__(self, name, script, parent=None):
        QTcpSocket.__init__(self, parent)
        self.name = name
        self.script = script
        self.connected.connect(self.introduce)
        self.readyRead.connect(self.listen)

    def introduce(self):
        self.write(self.name.encode() + b"\n")

    def listen(self):
        while self.canReadLine():
            heard = bytes(self.readLine()).decode("utf-8").rstrip()
            print(self.name, "hears:", heard)
            answer = self.script.get(heard)
            if answer is None:
                self.disconnectFromHost()
            else:
                self.write((answer + "\n").encode("utf-8"))


app = QCoreApplication(sys.argv)
room = Room()
assert room.listen(QHostAddress(QHostAddress.LocalHost), 0), room.errorString()
ada = Guest("ada", {"* bob joined": "hello, bob"})
bob = Guest("bob", {"<ada> hello, bob": "grüße"})
ada.connectToHost(QHostAddress.LocalHost, room.serverPort())
room.entered.connect(lambda: bob.connectToHost("127.0.0.1", room.serverPort()), Qt.SingleShotConnection)
sys.exit(app.exec_())
