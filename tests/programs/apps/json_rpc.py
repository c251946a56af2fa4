"""Requests in JSON behind a length: attributes called buffer, state and error, QByteArray arithmetic.

Prints:
    -> add
    -> upper
    -> fail
    -> echo
    1 result 42
    2 result ÄPFEL
    3 error unknown method
    4 result 200000
    server saw 4 requests, the buffer is empty: True
"""

import json
import struct
import sys

from qnet.QtCore import QByteArray, QCoreApplication, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket

HEADER = 4


class Channel(QObject):
    message = Signal(dict)
    error = Signal(str)

    def __init__(self, socket, parent=None):
        super().__init__(parent)
        self.parent = parent
        self.socket = socket
        self.buffer = QByteArray()
        self.state = "header"
        self.need = HEADER
        socket.readyRead.connect(self.on_data)

    def send(self, value):
        data = json.dumps(value).encode()
        packet = QByteArray(struct.pack("!I", len(data))) + QByteArray(data)
        assert self.socket.write(packet) == HEADER + len(data)

    def on_data(self):
        self.buffer += self.socket.readAll()
        while self.buffer.size() >= self.need:
            part = self.buffer.left(self.need)
            self.buffer = self.buffer.mid(self.need)
            if self.state == "header":
                (self.need,) = struct.unpack("!I", part.data())
                self.state = "body"
                continue
            self.need, self.state = HEADER, "header"
            try:
                self.message.emit(json.loads(bytes(part).decode()))
            except ValueError as problem:
                self.error.emit(str(problem))


class Server(QObject):
    methods = {"add": lambda *a: sum(a), "upper": str.upper, "echo": len}

    def __init__(self):
        super().__init__()
        self.seen = 0
        self.channel = None
        self.tcp = QTcpServer(self)
        self.tcp.newConnection.connect(self.accept)
        self.tcp.listen(QHostAddress.LocalHost)

    def accept(self):
        self.channel = Channel(self.tcp.nextPendingConnection(), self)
        self.channel.message.connect(self.handle)

    def handle(self, request):
        self.seen += 1
        print("->", request["method"])
        method = self.methods.get(request["method"])
        if method is None:
            self.channel.send({"id": request["id"], "error": "unknown method"})
        else:
            self.channel.send({"id": request["id"], "result": method(*request["params"])})


class Client(Channel):
    def __init__(self, port):
        super().__init__(QTcpSocket())
        self.answers = []
        self.message.connect(self.collect)
        self.socket.connectToHost(QHostAddress(QHostAddress.LocalHost), port)
        self.socket.connected.connect(self.ask)

    def ask(self):
        calls = [("add", [40, 2]), ("upper", ["äpfel"]), ("fail", []), ("echo", ["x" * 200000])]
        for number, (method, params) in enumerate(calls, 1):
            self.send({"id": number, "method": method, "params": params})

    def collect(self, answer):
        self.answers.append(answer)
        if len(self.answers) == 4:
            for each in self.answers:
                kind = "result" if "result" in each else "error"
                print(each["id"], kind, each[kind])
            QTimer.singleShot(0, QCoreApplication.instance().quit)


app = QCoreApplication([])
server = Server()
client = Client(server.tcp.serverPort())
code = app.exec()
print(f"server saw {server.seen} requests, the buffer is empty: {server.channel.buffer.isEmpty()}")
sys.exit(code)
