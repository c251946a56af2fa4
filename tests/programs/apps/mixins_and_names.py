"""Classes as people write them: mixins, names that hide the library's, bases initialised late, partial and property.

Prints:
    from 127.0.0.1: b'abc'
    session closed (3 bytes, reason 'peer')
    logger: Server, Session
    hidden names: parent=None state=ready error=none thread=7 name=main timer=True
    hidden signal: 1 object, base signal still works: True
    partial: extra 5
    class attribute survives: 10
    mixin's slot: mixin got 1
    late base: TypeError or RuntimeError
    subclass of a value: 4000
"""

import functools
import sys

from qnet.QtCore import QByteArray, QCoreApplication, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class LogMixin:
    lines = []

    def log(self, *words):
        self.lines.append((type(self).__name__, *words))


class SlotMixin:
    """Not a QObject: it brings a slot along."""

    def mixed(self, value):
        print("mixin's slot: mixin got", value)


class Session(LogMixin, QObject):
    closed = Signal(object)
    error = Signal(str)

    def __init__(self, socket, parent=None):
        super().__init__(parent)
        self.parent = parent
        self._socket = socket
        self._buffer = QByteArray()
        self._state = "open"
        self._timer = self._id = self._data = None
        self.signals = self.slots = self._children = self._thread = "mine"
        socket.readyRead.connect(self._read)
        socket.disconnected.connect(self._gone)
        self.log("opened")

    def _read(self):
        self._buffer.append(self._socket.readAll())

    def _gone(self):
        self._state = "closed"
        self.closed.emit(self)


class Server(LogMixin, SlotMixin, QTcpServer):
    newConnection = Signal(object)  # hides QTcpServer.newConnection
    counted = Signal(int)
    limit = 10

    def __init__(self, parent=None):
        super().__init__(parent)
        self.parent = parent
        self.state = "ready"
        self.error = "none"
        self.thread = 7
        self.name = "main"
        self.timer = QTimer(self)
        self.sessions = []
        self.pendingConnectionAvailable.connect(self.take)
        self.counted.connect(self.mixed)
        self.log("made")

    def take(self):
        session = Session(self.nextPendingConnection(), self)
        session.closed.connect(functools.partial(self.finish, "peer"))
        self.sessions.append(session)
        self.newConnection.emit(session)

    def finish(self, reason, session):
        print("from %s: %r" % ("127.0.0.1", bytes(session._buffer)))
        print(f"session closed ({session._buffer.size()} bytes, reason {reason!r})")
        QTimer.singleShot(0, app.quit)


class Late(QObject):
    changed = Signal()

    def __init__(self):
        self.changed.connect(print)
        super().__init__()


class Address(QHostAddress):
    def __init__(self, text, port):
        super().__init__(text)
        self.port = port


app = QCoreApplication(sys.argv)
server = Server()
hidden = []
server.newConnection.connect(hidden.append)
server.listen(QHostAddress.LocalHost)
base = []
server.acceptError.connect(base.append)
client = QTcpSocket()
client.connectToHost(Address("127.0.0.1", 1), server.serverPort())
client.connected.connect(lambda: (client.write(b"abc"), client.disconnectFromHost()))
app.exec()
print("logger:", ", ".join(dict.fromkeys(name for name, *_ in server.lines)))
print(
    f"hidden names: parent={server.parent} state={server.state} error={server.error} thread={server.thread}",
    f"name={server.name} timer={not server.timer.isActive()}",
)
server.acceptError.emit(QTcpSocket.SocketResourceError)
print("hidden signal:", len(hidden), "object, base signal still works:", base == [QTcpSocket.SocketResourceError])
server.counted.connect(functools.partial(print, "partial: extra"))
server.counted.disconnect(server.mixed)
server.counted.emit(5)
server.counted.disconnect()
print("class attribute survives:", server.limit)
server.counted.connect(server.mixed)
server.counted.emit(1)
try:
    Late()
except (TypeError, RuntimeError, AttributeError):
    print("late base: TypeError or RuntimeError")
print("subclass of a value:", Address("::1", 4000).port)
