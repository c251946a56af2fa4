"""Fetches a fortune from ``local_fortune_server.py`` over a local socket::

python local_fortune_client.py --name fortune
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QDataStream, QObject, QTimer, Signal
from qnet.QtNetwork import QLocalSocket


class LocalFortuneClient(QObject):
    """Fetches one fortune: emits either ``received`` or ``failed``, once."""

    received = Signal(str)
    failed = Signal(str)

    def __init__(self, timeout_ms: int) -> None:
        super().__init__()
        self.socket = QLocalSocket(self)
        self.stream = QDataStream(self.socket)
        self.timer = QTimer(self, singleShot=True, interval=timeout_ms)
        self.socket.readyRead.connect(self.readFortune)
        self.socket.errorOccurred.connect(self.onError)
        self.timer.timeout.connect(self.onTimeout)

    def fetch(self, name: str) -> None:
        self.timer.start()
        self.socket.connectToServer(name)

    def readFortune(self) -> None:
        # A local socket is a stream too: while the string is not complete, the transaction puts back
        # what was read, and the next readyRead tries again.
        self.stream.startTransaction()
        fortune = self.stream.readQString()
        if self.stream.commitTransaction():
            self.finish()
            self.received.emit(fortune)

    def onError(self) -> None:
        self.finish()
        self.failed.emit(self.socket.errorString())

    def onTimeout(self) -> None:
        self.finish()
        self.failed.emit(f"no fortune within {self.timer.interval() / 1000:g} s")

    def finish(self) -> None:
        """Whatever happens from now on is no news: the server's hanging up, for one."""
        self.timer.stop()
        self.socket.readyRead.disconnect(self.readFortune)
        self.socket.errorOccurred.disconnect(self.onError)
        self.socket.abort()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch a fortune over a local socket.")
    parser.add_argument("--name", default="fortune", help="name or path of the socket (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=10, metavar="SECONDS", help="default: %(default)s")
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    client = LocalFortuneClient(round(options.timeout * 1000))

    def show(fortune: str) -> None:
        print(fortune)
        application.quit()

    def give_up(reason: str) -> None:
        print(
            f"No fortune from {options.name!r}: {reason}.\nIs local_fortune_server.py running under this --name?",
            file=sys.stderr,
        )
        application.exit(1)

    client.received.connect(show)
    client.failed.connect(give_up)
    QTimer.singleShot(0, lambda: client.fetch(options.name))
    try:
        return application.exec()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
