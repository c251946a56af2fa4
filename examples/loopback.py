"""Sends an amount of data through a TCP connection to itself and shows the progress::

    python loopback.py --megabytes 200

The sender never has more than a little unsent: it writes the next piece when ``bytesWritten`` says that one
has gone. That is all it takes to send a file of any size in little memory.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QElapsedTimer, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QTcpServer, QTcpSocket

PIECE = bytes(65_536)
MOST_UNSENT = 4 * len(PIECE)


class Loopback(QObject):
    """Sends *total* bytes from one socket to another: ``progress`` in bytes received, then ``finished``."""

    progress = Signal(int)
    finished = Signal()
    failed = Signal(str)

    def __init__(self, total: int) -> None:
        super().__init__()
        self.to_send = total
        self.to_receive = total
        self.total = total
        self.server = QTcpServer(self)
        self.source = QTcpSocket(self)
        self.sink: QTcpSocket | None = None
        self.server.newConnection.connect(self.accept)
        self.source.connected.connect(self.send)
        self.source.bytesWritten.connect(self.send)
        self.source.errorOccurred.connect(self.onError)

    def start(self) -> None:
        if not self.server.listen(QHostAddress("127.0.0.1"), 0):
            self.failed.emit(self.server.errorString())
            return
        self.source.connectToHost("127.0.0.1", self.server.serverPort())

    def accept(self) -> None:
        self.sink = self.server.nextPendingConnection()
        assert self.sink is not None
        self.sink.readyRead.connect(self.receive)
        self.server.close()  # one connection is all that is wanted

    def send(self) -> None:
        while self.to_send and self.source.bytesToWrite() < MOST_UNSENT:
            written = self.source.write(PIECE[: self.to_send])
            if written < 0:
                self.failed.emit(self.source.errorString())
                return
            self.to_send -= written

    def receive(self) -> None:
        assert self.sink is not None
        self.to_receive -= len(self.sink.readAll())
        self.progress.emit(self.total - self.to_receive)
        if not self.to_receive:
            self.source.errorOccurred.disconnect(self.onError)
            self.sink.close()
            self.source.abort()
            self.finished.emit()

    def onError(self) -> None:
        self.failed.emit(self.source.errorString())


class ProgressLine(QObject):
    """Rewrites one line on standard error; elsewhere than on a terminal it stays quiet."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.total = total
        self.percent = -1

    def show(self, received: int) -> None:
        percent = received * 100 // self.total
        if percent != self.percent and sys.stderr.isatty():
            bar = "#" * (percent // 4)
            print(f"\r[{bar:<25}] {percent:3} %", end="", file=sys.stderr, flush=True)
        self.percent = percent

    def end(self) -> None:
        if sys.stderr.isatty():
            print(file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description="Send data through a TCP connection to itself.")
    parser.add_argument("--megabytes", type=float, default=50, help="how much to send (default: %(default)s)")
    options = parser.parse_args()
    total = round(options.megabytes * 1_000_000)
    if total < 1:
        parser.error(f"--megabytes must be above 0, not {options.megabytes:g}")

    application = QCoreApplication(sys.argv)
    loopback = Loopback(total)
    line = ProgressLine(total)
    clock = QElapsedTimer()

    def report() -> None:
        line.end()
        seconds = max(clock.nsecsElapsed(), 1) / 1e9
        print(f"{total:,} bytes in {seconds:.2f} s: {total / seconds / 1e6:,.0f} MB/s")
        application.quit()

    def give_up(reason: str) -> None:
        line.end()
        print(f"The transfer broke off: {reason}", file=sys.stderr)
        application.exit(1)

    loopback.progress.connect(line.show)
    loopback.finished.connect(report)
    loopback.failed.connect(give_up)
    clock.start()
    QTimer.singleShot(0, loopback.start)
    try:
        return application.exec()
    except KeyboardInterrupt:
        line.end()
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
