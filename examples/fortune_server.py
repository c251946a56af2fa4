"""A TCP server that sends each client one fortune as a QDataStream string and hangs up.

Start it, then run ``fortune_client.py`` or ``blocking_fortune_client.py`` with the port that it prints::

    python fortune_server.py --port 4242

Ctrl-C stops it.
"""

from __future__ import annotations

import argparse
import random
import sys

from qnet.QtCore import QByteArray, QCoreApplication, QDataStream, QIODevice
from qnet.QtNetwork import QHostAddress, QTcpServer

FORTUNES = (
    "A good protocol says goodbye.",
    "You will be asked for a port. Choose wisely.",
    "Silence on the wire is a message too.",
    "Somewhere a client believes that you are still connected.",
    "What you have not sent can not be lost.",
)


class FortuneServer(QTcpServer):
    """Sends every client one fortune and hangs up."""

    def __init__(self) -> None:
        super().__init__()
        self.newConnection.connect(self.serveClients)
        self.acceptError.connect(self.reportAcceptError)

    def serveClients(self) -> None:
        while socket := self.nextPendingConnection():
            socket.disconnected.connect(socket.deleteLater)
            socket.write(pack(random.choice(FORTUNES)))
            socket.disconnectFromHost()  # not before everything has been sent

    def reportAcceptError(self) -> None:
        print(f"A client could not be accepted: {self.errorString()}", file=sys.stderr)


def pack(text: str) -> QByteArray:
    """*text* as a QDataStream string: its length in bytes, then UTF-16."""
    message = QByteArray()
    stream = QDataStream(message, QIODevice.OpenModeFlag.WriteOnly)
    stream.writeQString(text)
    return message


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve fortunes over TCP until Ctrl-C.")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    options = parser.parse_args()
    address = QHostAddress(options.address)
    if address.isNull():
        parser.error(f"--address wants an IP address such as 127.0.0.1 or ::1, not {options.address!r}")

    application = QCoreApplication(sys.argv)
    server = FortuneServer()
    if not server.listen(address, options.port):
        parser.exit(
            1,
            f"Cannot listen on {options.address} port {options.port}: {server.errorString()}.\n"
            "Choose another --port, or leave it out to get a free one.\n",
        )
    try:
        print(f"Serving fortunes on {options.address} port {server.serverPort()}; Ctrl-C stops.", flush=True)
        return application.exec()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
