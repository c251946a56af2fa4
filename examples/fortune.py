"""A fortune server and its client in one program, over real TCP: the shortest complete tour of qnet.

The client connects, the server answers with one string in QDataStream's format, and the client prints it::

    python fortune.py
"""

from __future__ import annotations

import argparse
import random
import sys

from qnet.QtCore import QByteArray, QCoreApplication, QDataStream, QIODevice, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket

FORTUNES = (
    "A packet that arrives late has still seen more of the world than one that never left.",
    "You will soon meet a stranger, and exchange sequence numbers.",
    "He who retries without waiting will wait without end.",
    "Every buffer is big enough until somebody measures it.",
    "The answer is on its way. It takes the route that you would not have chosen.",
)


class FortuneServer(QTcpServer):
    """Sends every client one fortune and hangs up."""

    def __init__(self) -> None:
        super().__init__()
        self.newConnection.connect(self.sendFortune)

    def sendFortune(self) -> None:
        while socket := self.nextPendingConnection():
            message = QByteArray()
            stream = QDataStream(message, QIODevice.OpenModeFlag.WriteOnly)
            stream.writeQString(random.choice(FORTUNES))
            socket.disconnected.connect(socket.deleteLater)
            socket.write(message)
            socket.disconnectFromHost()  # not before everything has been sent


class FortuneClient(QObject):
    """Fetches one fortune: emits either ``received`` or ``failed``."""

    received = Signal(str)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.socket = QTcpSocket(self)
        self.stream = QDataStream(self.socket)
        self.socket.readyRead.connect(self.readFortune)
        self.socket.errorOccurred.connect(self.reportError)

    def fetch(self, host: str, port: int) -> None:
        self.socket.connectToHost(host, port)

    def readFortune(self) -> None:
        # TCP delivers bytes, not messages: while the string is not complete, the transaction puts
        # back what was read, and the next readyRead tries again.
        self.stream.startTransaction()
        fortune = self.stream.readQString()
        if not self.stream.commitTransaction():
            return
        self.socket.errorOccurred.disconnect(self.reportError)  # the server hangs up now, as it should
        self.received.emit(fortune)

    def reportError(self) -> None:
        self.failed.emit(self.socket.errorString())


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch a fortune from a server in the same program.")
    parser.add_argument("--port", type=int, default=0, help="port to use on 127.0.0.1 (default: any free one)")
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    server = FortuneServer()
    if not server.listen(QHostAddress("127.0.0.1"), options.port):
        parser.exit(1, f"Cannot listen on port {options.port}: {server.errorString()}. Try another --port.\n")

    def show(fortune: str) -> None:
        print(fortune)
        application.quit()

    def give_up(reason: str) -> None:
        print(f"No fortune today: {reason}", file=sys.stderr)
        application.exit(1)

    client = FortuneClient()
    client.received.connect(show)
    client.failed.connect(give_up)
    QTimer.singleShot(0, lambda: client.fetch("127.0.0.1", server.serverPort()))
    try:
        return application.exec()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
