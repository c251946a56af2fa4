"""Fetches fortunes in a worker thread that simply waits, while the main thread's event loop stays free::

    python blocking_fortune_client.py 127.0.0.1 4242 --count 3

The thread needs no event loop: ``waitForConnected`` and ``waitForReadyRead`` do the work. Signals take the
results to the main thread.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QDataStream, QThread, Signal
from qnet.QtNetwork import QTcpSocket


class FortuneThread(QThread):
    """Fetches *count* fortunes, one connection each; ``received`` for each, ``failed`` ends it early."""

    received = Signal(str)
    failed = Signal(str)

    def __init__(self, host: str, port: int, count: int, timeout_ms: int) -> None:
        super().__init__()
        self.host = host
        self.port = port
        self.count = count
        self.timeout_ms = timeout_ms
        self.succeeded = False

    def run(self) -> None:
        for _ in range(self.count):
            if self.isInterruptionRequested():
                return
            # A socket belongs to the thread that makes it, so it is made here and not in __init__.
            socket = QTcpSocket()
            fortune = self.fetch(socket)
            if fortune is None:
                self.failed.emit(socket.errorString())
                return
            self.received.emit(fortune)
        self.succeeded = True

    def fetch(self, socket: QTcpSocket) -> str | None:
        """One fortune, or None when *socket* has an error."""
        socket.connectToHost(self.host, self.port)
        if not socket.waitForConnected(self.timeout_ms):
            return None
        stream = QDataStream(socket)
        while True:
            stream.startTransaction()
            fortune = stream.readQString()
            if stream.commitTransaction():
                return fortune
            if not socket.waitForReadyRead(self.timeout_ms):
                return None


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch fortunes over TCP in a blocking worker thread.")
    parser.add_argument("host", help="name or address of the server")
    parser.add_argument("port", type=int, help="port that the server printed")
    parser.add_argument("--count", type=int, default=1, help="how many fortunes (default: %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=5, metavar="SECONDS", help="patience for each step (default: %(default)s)"
    )
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    thread = FortuneThread(options.host, options.port, options.count, round(options.timeout * 1000))

    def give_up(reason: str) -> None:
        print(
            f"No fortune from {options.host} port {options.port}: {reason}.\n"
            "Is fortune_server.py running there? It prints its port when it starts.",
            file=sys.stderr,
        )

    thread.received.connect(lambda fortune: print(fortune, flush=True))
    thread.failed.connect(give_up)
    thread.finished.connect(lambda: application.exit(0 if thread.succeeded else 1))
    try:
        thread.start()
        return application.exec()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        thread.requestInterruption()
        return 130
    finally:
        thread.wait()


if __name__ == "__main__":
    sys.exit(main())
