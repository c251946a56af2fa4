"""A fortune server that gives every client a thread of its own, for work that blocks.

``incomingConnection`` hands out the bare descriptor of a new connection; the client's thread makes its own
socket from it::

    python threaded_fortune_server.py --port 4242 --delay 2

While one client waits for its delayed fortune, others are served. Ctrl-C stops it.
"""

from __future__ import annotations

import argparse
import random
import sys

from qnet.QtCore import QByteArray, QCoreApplication, QDataStream, QIODevice, QObject, QThread, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket

FORTUNES = (
    "Two threads share your future. Lock it.",
    "You will wait, and it will be worth it.",
    "Many paths lead to the socket; one descriptor opens it.",
    "The one who holds the lock should not go for lunch.",
)
PATIENCE_MS = 5000


class FortuneThread(QThread):
    """Serves one client, blocking as it likes; ``failed`` says why it could not."""

    failed = Signal(str)

    def __init__(self, descriptor: int, delay_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self.descriptor = descriptor
        self.delay_ms = delay_ms

    def run(self) -> None:
        socket = QTcpSocket()
        if not socket.setSocketDescriptor(self.descriptor):
            self.failed.emit(socket.errorString())
            return
        self.msleep(self.delay_ms)  # stands for work that takes its time
        message = QByteArray()
        stream = QDataStream(message, QIODevice.OpenModeFlag.WriteOnly)
        stream.writeQString(random.choice(FORTUNES))
        socket.write(message)
        socket.disconnectFromHost()
        connected = socket.state() != QTcpSocket.SocketState.UnconnectedState
        if connected and not socket.waitForDisconnected(PATIENCE_MS):
            self.failed.emit(socket.errorString())


class ThreadedServer(QTcpServer):
    """Starts a thread for each client, and stops accepting while *most* of them run."""

    def __init__(self, delay_ms: int, most: int) -> None:
        super().__init__()
        self.delay_ms = delay_ms
        self.most = most
        self.threads: set[FortuneThread] = set()

    def incomingConnection(self, descriptor: int) -> None:
        thread = FortuneThread(descriptor, self.delay_ms, self)
        thread.failed.connect(self.report)
        thread.finished.connect(lambda: self.forget(thread))
        self.threads.add(thread)
        if len(self.threads) >= self.most:
            self.pauseAccepting()
        thread.start()

    def forget(self, thread: FortuneThread) -> None:
        self.threads.discard(thread)
        thread.wait()
        thread.deleteLater()
        self.resumeAccepting()

    def report(self, reason: str) -> None:
        print(f"A client got no fortune: {reason}", file=sys.stderr)

    def finish(self) -> None:
        """Stop listening, and wait for the clients that are being served."""
        self.close()
        for thread in self.threads:
            thread.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve fortunes over TCP, a thread for each client.")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="work done for each client")
    parser.add_argument("--threads", type=int, default=50, help="clients served at once (default: %(default)s)")
    options = parser.parse_args()
    address = QHostAddress(options.address)
    if address.isNull():
        parser.error(f"--address wants an IP address such as 127.0.0.1 or ::1, not {options.address!r}")
    if options.threads < 1:
        parser.error(f"--threads must be at least 1, not {options.threads}")

    application = QCoreApplication(sys.argv)
    server = ThreadedServer(round(options.delay * 1000), options.threads)
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
    finally:
        server.finish()


if __name__ == "__main__":
    sys.exit(main())
