"""A mail-like dialogue with QTextStream on both sides of a socket, a time-out, and a polite end.

Prints:
    S: 220 ready
    C: HELO snow
    S: 250 hello snow
    C: DATA
    S: 354 go on
    S: 250 took 3 lines
    C: QUIT
    S: 221 bye
    client: closed by server
    stored: ['grün', '', 'last']
"""

import sys

from qnet.QtCore import QCoreApplication, QIODevice, QObject, QStringConverter, Qt, QTextStream, QTimer
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class Session(QObject):
    def __init__(self, socket, parent):
        super().__init__(parent)
        self.socket = socket
        self.state = "command"
        self.stored = parent.stored
        self.stream = QTextStream(socket)
        self.stream.setEncoding(QStringConverter.Utf8)
        self.stream.setAutoDetectUnicode(False)
        self.timeout = QTimer(self)
        self.timeout.setSingleShot(True)
        self.timeout.timeout.connect(lambda: socket.abort())
        self.timeout.start(10000)
        socket.readyRead.connect(self.read)
        self.reply("220 ready")

    def reply(self, text):
        self.stream << text << "\r\n"
        self.stream.flush()

    def read(self):
        self.timeout.start()
        while self.socket.canReadLine():
            line = bytes(self.socket.readLine()).decode("utf-8").rstrip("\r\n")
            getattr(self, "in_" + self.state)(line)

    def in_command(self, line):
        word, _, rest = line.partition(" ")
        if word == "HELO":
            self.reply("250 hello " + rest)
        elif word == "DATA":
            self.reply("354 go on")
            self.state = "data"
        elif word == "QUIT":
            self.reply("221 bye")
            self.timeout.stop()
            self.socket.disconnectFromHost()

    def in_data(self, line):
        if line == ".":
            self.state = "command"
            self.reply(f"250 took {len(self.stored)} lines")
        else:
            self.stored.append(line)


class Server(QTcpServer):
    def __init__(self):
        super().__init__()
        self.stored = []
        self.newConnection.connect(lambda: Session(self.nextPendingConnection(), self))


class Client(QObject):
    script = {"220": "HELO snow", "250 hello": "DATA", "354": "grün\r\n\r\nlast\r\n.", "250 took": "QUIT"}

    def __init__(self, port):
        super().__init__()
        self.socket = QTcpSocket(self)
        self.socket.readyRead.connect(self.read)
        self.socket.disconnected.connect(self.end, Qt.QueuedConnection)
        self.socket.connectToHost("127.0.0.1", port, QIODevice.ReadWrite | QIODevice.Text)

    def read(self):
        while self.socket.canReadLine():
            line = str(self.socket.readLine(), "utf-8").strip()
            print("S:", line)
            for start, answer in self.script.items():
                if line.startswith(start):
                    if "\r" not in answer:
                        print("C:", answer)
                    out = QTextStream(self.socket)
                    out << answer << "\r\n"
                    out.flush()

    def end(self):
        print("client: closed by server")
        QCoreApplication.exit(0)


app = QCoreApplication(sys.argv)
server = Server()
server.listen(QHostAddress(QHostAddress.LocalHost), 0)
client = Client(server.serverPort())
code = app.exec()
print("stored:", server.stored)
sys.exit(code)
