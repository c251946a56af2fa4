"""Serves numbered lines, slowly, from whichever one a client asks for: a peer for ``roaming_client.py``::

    python roaming_server.py 4242

Every client says with which line it wants to begin.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QObject, QTimer
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket


class Transfer(QObject):
    """One client: it sends the number of the first line that it wants, and then only listens."""

    def __init__(self, socket: QTcpSocket, interval_ms: int, count: int) -> None:
        super().__init__(socket)
        self.socket = socket
        self.count = count
        self.timer = QTimer(self, interval=interval_ms)
        self.timer.timeout.connect(self.sendLine)
        socket.readyRead.connect(self.begin)
        socket.disconnected.connect(socket.deleteLater)

    def begin(self) -> None:
        if self.socket.canReadLine():
            self.number = int(self.socket.readLine())
            self.timer.start()

    def sendLine(self) -> None:
        if self.number >= self.count:
            self.timer.stop()
            self.socket.disconnectFromHost()
            return
        self.socket.write(b"line %d\n" % self.number)
        self.number += 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve numbered lines.")
    parser.add_argument("port", type=int, nargs="?", default=0, help="default: any that is free")
    parser.add_argument("--count", type=int, default=1000, help="how many lines there are (default: %(default)s)")
    parser.add_argument(
        "--interval", type=int, default=100, metavar="MS", help="between two lines (default: %(default)s)"
    )
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    server = QTcpServer()

    def serve() -> None:
        while (socket := server.nextPendingConnection()) is not None:
            Transfer(socket, options.interval, options.count)

    server.newConnection.connect(serve)
    if not server.listen(QHostAddress(QHostAddress.SpecialAddress.Any), options.port):
        parser.exit(1, f"Cannot listen: {server.errorString()}\n")
    print(f"Serving {options.count} lines on port {server.serverPort()}", flush=True)
    try:
        return application.exec()
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
