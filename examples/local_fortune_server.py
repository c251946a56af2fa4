"""A fortune server for programs on the same machine, over a local socket with a name instead of a port::

    python local_fortune_server.py --name fortune

``local_fortune_client.py`` asks it. Ctrl-C stops it and removes the name.
"""

from __future__ import annotations

import argparse
import random
import sys

from qnet.QtCore import QByteArray, QCoreApplication, QDataStream, QIODevice
from qnet.QtNetwork import QLocalServer, QLocalSocket

FORTUNES = (
    "What you seek is on this very machine.",
    "A neighbour is nearer than any cloud.",
    "You will travel far without leaving the kernel.",
    "Small files can be great doors.",
)


class LocalFortuneServer(QLocalServer):
    """Sends every client one fortune and hangs up."""

    def __init__(self) -> None:
        super().__init__()
        self.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self.newConnection.connect(self.serveClients)

    def serveClients(self) -> None:
        while socket := self.nextPendingConnection():
            socket.disconnected.connect(socket.deleteLater)
            socket.write(pack(random.choice(FORTUNES)))
            socket.disconnectFromServer()  # not before everything has been sent


def is_alive(name: str) -> bool:
    """Whether a server answers to *name*; one that crashed leaves its name behind, but does not."""
    probe = QLocalSocket()
    probe.connectToServer(name)
    return probe.waitForConnected(1000)


def pack(text: str) -> QByteArray:
    """*text* as a QDataStream string: its length in bytes, then UTF-16."""
    message = QByteArray()
    stream = QDataStream(message, QIODevice.OpenModeFlag.WriteOnly)
    stream.writeQString(text)
    return message


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve fortunes over a local socket until Ctrl-C.")
    parser.add_argument("--name", default="fortune", help="name or path of the socket (default: %(default)s)")
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    server = LocalFortuneServer()
    if is_alive(options.name):
        parser.exit(1, f"A server has the name {options.name!r} already: stop it or choose another --name.\n")
    server.removeServer(options.name)
    if not server.listen(options.name):
        parser.exit(
            1,
            f"Cannot listen on {options.name!r}: {server.errorString()}.\n"
            "Choose another --name; it may be a path in a folder that you can write to.\n",
        )
    try:
        print(f"Serving fortunes on {server.fullServerName()}; Ctrl-C stops.", flush=True)
        return application.exec()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
