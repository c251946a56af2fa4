"""A chat server for anything that sends lines, such as ``nc 127.0.0.1 4242``::

    python chat_server.py --port 4242

The first line is your name; every other line goes to everybody else. ``/who`` lists the names, ``/quit`` leaves.

It is written for a public port, where clients misbehave. Whatever one of them does, the others keep chatting and
the memory that it can take is bounded: by ``LINE_LIMIT`` for what it sends, by ``UNSENT_LIMIT`` for what it does
not read, and by ``--clients`` and ``--login-seconds`` for those who only occupy a place.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket

LINE_LIMIT = 1024
"""Bytes in a line, its end included."""
UNSENT_LIMIT = 256 * 1024
"""Bytes that may wait for a client that does not read."""
GOODBYE_MS = 2000
"""Time to take what is unsent before the connection is cut."""
NAME_LIMIT = 20
"""Characters in a name."""


class Client(QObject):
    """One connection: turns bytes into lines and text into bytes, and keeps within the limits."""

    lineReceived = Signal(object, str)
    closed = Signal(object)

    def __init__(self, socket: QTcpSocket, login_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self.name = ""
        self.reason = "left"
        self.leaving = False
        self.socket = socket
        socket.setParent(self)
        # The socket reads no further than this, and TCP makes the sender wait.
        socket.setReadBufferSize(LINE_LIMIT)
        socket.readyRead.connect(self.readLines)
        socket.disconnected.connect(self.onDisconnected)
        self.login_timer = QTimer(self, singleShot=True, interval=login_ms)
        self.login_timer.timeout.connect(self.onLoginTimeout)
        self.login_timer.start()

    def send(self, text: str) -> None:
        if self.socket.bytesToWrite() > UNSENT_LIMIT:
            self.reason = "was too slow"
            # Not from within the loop over all clients that may have led here.
            QTimer.singleShot(0, self.socket.abort)
            return
        self.socket.write(text.encode() + b"\n")

    def readLines(self) -> None:
        while not self.leaving and self.socket.canReadLine():
            line = bytes(self.socket.readLine())
            self.lineReceived.emit(self, clean(line))
        if not self.leaving and self.socket.bytesAvailable() >= LINE_LIMIT:
            self.hangUp(f"Lines must be shorter than {LINE_LIMIT} bytes.", "sent a line that was too long")

    def hangUp(self, text: str, reason: str) -> None:
        """Say goodbye with *text*; *reason* is for the others. What was written before still goes out."""
        if self.leaving:
            return
        self.leaving = True
        self.reason = reason
        self.send(f"* {text}")
        self.socket.disconnectFromHost()
        # One that reads nothing never takes its goodbye.
        QTimer.singleShot(GOODBYE_MS, self.socket.abort)

    def onLoginTimeout(self) -> None:
        self.hangUp("You did not say your name.", "did not say a name")

    def onDisconnected(self) -> None:
        self.login_timer.stop()
        self.closed.emit(self)


class ChatServer(QTcpServer):
    """Passes lines between clients that have a name."""

    def __init__(self, most_clients: int, login_ms: int) -> None:
        super().__init__()
        self.most_clients = most_clients
        self.login_ms = login_ms
        self.clients: set[Client] = set()
        self.newConnection.connect(self.welcome)
        self.acceptError.connect(self.reportAcceptError)

    def welcome(self) -> None:
        while socket := self.nextPendingConnection():
            if len(self.clients) >= self.most_clients:
                socket.disconnected.connect(socket.deleteLater)
                socket.write(b"* The chat is full. Try again later.\n")
                socket.disconnectFromHost()
                continue
            client = Client(socket, self.login_ms, self)
            client.lineReceived.connect(self.onLine)
            client.closed.connect(self.remove)
            self.clients.add(client)
            client.send("* What is your name?")

    def onLine(self, client: Client, line: str) -> None:
        if not client.name:
            self.logIn(client, line)
        elif line == "/quit":
            client.hangUp("Goodbye.", "left")
        elif line == "/who":
            client.send("* Here: " + ", ".join(sorted(self.names())))
        elif line.startswith("/"):
            client.send("* There are two commands: /who and /quit.")
        elif line:
            self.tell(f"{client.name}: {line}", client)

    def logIn(self, client: Client, name: str) -> None:
        if not name.isidentifier() or len(name) > NAME_LIMIT:
            client.send(f"* A name has 1 to {NAME_LIMIT} letters and digits. What is yours?")
        elif name.casefold() in {taken.casefold() for taken in self.names()}:
            client.send(f"* There is a {name} already. What is your name?")
        else:
            client.name = name
            client.login_timer.stop()
            client.send(f"* Welcome, {name}. Here: " + ", ".join(sorted(self.names())))
            self.tell(f"* {name} joined", client)

    def tell(self, text: str, but: Client) -> None:
        """Send *text* to everybody who has a name, except *but*."""
        for client in self.clients:
            if client.name and client is not but and not client.leaving:
                client.send(text)

    def names(self) -> list[str]:
        return [client.name for client in self.clients if client.name and not client.leaving]

    def remove(self, client: Client) -> None:
        self.clients.discard(client)
        if client.name:
            self.tell(f"* {client.name} {client.reason}", client)
        client.deleteLater()

    def finish(self) -> None:
        """Tell everybody, give what is unsent a moment to go, and close."""
        self.close()
        for client in list(self.clients):
            client.hangUp("The server stops.", "left")
            if client.socket.state() != QTcpSocket.SocketState.UnconnectedState:
                client.socket.waitForDisconnected(100)

    def reportAcceptError(self) -> None:
        print(f"A client could not be accepted: {self.errorString()}", file=sys.stderr)


def clean(line: bytes) -> str:
    """The text of *line*, without what could play tricks on other people's terminals."""
    text = line.decode(errors="replace").strip()
    return "".join(character if character.isprintable() else "?" for character in text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a line-based chat server until Ctrl-C.")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--clients", type=int, default=200, help="most clients at once (default: %(default)s)")
    parser.add_argument("--login-seconds", type=float, default=60, help="time to say a name (default: %(default)s)")
    options = parser.parse_args()
    address = QHostAddress(options.address)
    if address.isNull():
        parser.error(f"--address wants an IP address such as 127.0.0.1 or ::1, not {options.address!r}")

    application = QCoreApplication(sys.argv)
    server = ChatServer(options.clients, round(options.login_seconds * 1000))
    if not server.listen(address, options.port):
        parser.exit(
            1,
            f"Cannot listen on {options.address} port {options.port}: {server.errorString()}.\n"
            "Choose another --port, or leave it out to get a free one.\n",
        )
    try:
        print(f"Chat server on {options.address} port {server.serverPort()}; Ctrl-C stops.", flush=True)
        return application.exec()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    finally:
        server.finish()


if __name__ == "__main__":
    sys.exit(main())
