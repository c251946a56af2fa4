"""Connections in the spelling of PyQt4: SIGNAL and SLOT, QObject.connect, emit(SIGNAL()), connect as a method.

Prints:
    string 3
    method 3
    lambda 3
    function 3
    again 4
    disconnected: True
    timeout by slot name
    relayed 5
    clients: 1
    server closed by a slot's name
"""

import sys

from qnet.QtCore import SIGNAL, SLOT, QCoreApplication, QObject, QTimer, Signal, Slot
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class Counter(QObject):
    changed = Signal(int)
    forwarded = Signal(int)

    def __init__(self, parent=None):
        QObject.__init__(self, parent)
        self.clients = 0
        self.connect(self, SIGNAL("changed(int)"), self.show)

    @Slot(int)
    def string(self, value):
        print("string", value)

    def show(self, value):
        print("method" if value < 4 else "again", value)

    @Slot()
    def on_timeout(self):
        print("timeout by slot name")
        self.network()

    @Slot(int)
    def relayed(self, value):
        print("relayed", value)

    def network(self):
        self.server = QTcpServer(self)
        QObject.connect(self.server, SIGNAL("newConnection()"), self.come)
        self.server.listen(QHostAddress.LocalHost)
        self.socket = QTcpSocket(self)
        QObject.connect(self.socket, SIGNAL("disconnected()"), app, SLOT("quit()"))
        self.socket.connectToHost("127.0.0.1", self.server.serverPort())

    @Slot()
    def come(self):
        self.clients += 1
        peer = self.server.nextPendingConnection()
        QObject.connect(peer, SIGNAL("disconnected()"), peer, SLOT("deleteLater()"))
        peer.disconnectFromHost()


def function(value):
    print("function", value)


app = QCoreApplication(sys.argv)
counter = Counter()
QObject.disconnect(counter, SIGNAL("changed(int)"), counter.show)
QObject.connect(counter, SIGNAL("changed(int)"), counter, SLOT("string(int)"))
QObject.connect(counter, SIGNAL("changed(int)"), counter.show)
shout = lambda value: print("lambda", value)
QObject.connect(counter, SIGNAL("changed(int)"), shout)
QObject.connect(counter, SIGNAL("changed(int)"), function)
counter.emit(SIGNAL("changed(int)"), 3)
QObject.disconnect(counter, SIGNAL("changed(int)"), counter, SLOT("string(int)"))
QObject.disconnect(counter, SIGNAL("changed(int)"), shout)
print_disconnected = QObject.disconnect(counter, SIGNAL("changed(int)"), function)
counter.changed.emit(4)
print("disconnected:", print_disconnected)

QObject.connect(counter, SIGNAL("changed(int)"), counter, SIGNAL("forwarded(int)"))
QObject.connect(counter, SIGNAL("forwarded(int)"), counter, SLOT("relayed(int)"))
timer = QTimer()
timer.setSingleShot(True)
QObject.connect(timer, SIGNAL("timeout()"), counter, SLOT("on_timeout()"))
timer.start(1)
app.exec_()
counter.changed.disconnect(counter.show)
counter.changed.emit(5)
print("clients:", counter.clients)
QObject.connect(counter, SIGNAL("destroyed()"), lambda: None)
QTimer.singleShot(0, app, SLOT("quit()"))
app.exec_()
counter.server.close()
print("server closed by a slot's name" if not counter.server.isListening() else "still open")
