"""A client that comes back: to a server that drops it, to a port that nobody listens on, until it is served.

Prints:
    connected
    lost: RemoteHostClosedError
    connected
    lost: RemoteHostClosedError
    server down
    lost: ConnectionRefusedError
    server up
    connected
    ping 1
    ping 2
    ping 3
    closed for good
    states: Connecting Connected Closing Unconnected
"""

import socket
import sys

from qnet.QtCore import QCoreApplication, QObject, QTimer, Slot
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QTcpServer, QTcpSocket


class Client(QObject):
    def __init__(self, port, parent=None):
        super().__init__(parent)
        self.port = port
        self.pings = 0
        self.states = []
        self._socket = QTcpSocket(self)
        self._socket.connected.connect(self._on_connected)
        self._socket.readyRead.connect(self._on_data)
        self._socket.stateChanged.connect(self._on_state)
        self._socket.errorOccurred[QAbstractSocket.SocketError].connect(self._on_error)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._retry)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.timeout.connect(self._ping)
        QTimer.singleShot(0, self._retry)

    @Slot()
    def _retry(self):
        if self._socket.state() == QAbstractSocket.UnconnectedState:
            self.states.clear()
            self._socket.connectToHost(QHostAddress.LocalHost, self.port)

    def _on_connected(self):
        print("connected")
        self._beat.start(10)

    def _on_state(self, state):
        self.states.append(state.name.replace("State", ""))
        if state == QAbstractSocket.UnconnectedState and not server.finished:
            self._beat.stop()
            self._timer.start()

    def _on_error(self, error):
        print("lost:", error.name)
        if error == QTcpSocket.RemoteHostClosedError and server.served == 2:
            server.go_down()
        elif error == QAbstractSocket.ConnectionRefusedError:
            server.go_up()

    def _ping(self):
        self._socket.write(b"?")

    def _on_data(self):
        for _ in self._socket.readAll().data():
            self.pings += 1
            print("ping", self.pings)
            if self.pings < 3:
                self._beat.start()
            else:
                server.finished = True
                self._socket.disconnected.connect(lambda: print("closed for good"))
                self._socket.disconnected.connect(QCoreApplication.quit)
                self._socket.disconnectFromHost()


class Server(QTcpServer):
    def __init__(self):
        super().__init__()
        self.served = 0
        self.finished = False
        self.hold = socket.socket()  # keeps the port for this program while nobody listens on it
        self.hold.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.hold.bind(("127.0.0.1", 0))
        self.port = self.hold.getsockname()[1]
        assert self.listen(QHostAddress.LocalHost, self.port)
        self.newConnection.connect(self.serve)

    def serve(self):
        self.served += 1
        peer = self.nextPendingConnection()
        if self.served < 3:
            peer.close()
            peer.deleteLater()
        else:
            peer.readyRead.connect(lambda: peer.write(peer.readAll()))

    def go_down(self):
        self.close()
        print("server down")

    def go_up(self):
        assert self.listen(QHostAddress(QHostAddress.SpecialAddress.LocalHost), self.port)
        print("server up")


app = QCoreApplication(sys.argv)
server = Server()
client = Client(server.port)
code = app.exec()
server.hold.close()
print("states:", *[s for s in client.states if s != "HostLookup"])
sys.exit(code)
