"""Sends a numbered datagram to everybody on the local network, once a second::

    python broadcast_sender.py --port 45454

``broadcast_receiver.py`` prints them. Ctrl-C stops it.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QObject, QTimer, Signal
from qnet.QtNetwork import QHostAddress, QUdpSocket


class Sender(QObject):
    """Sends *count* datagrams (0: no end), then emits ``finished``; ``failed`` says why one could not be sent."""

    finished = Signal()
    failed = Signal(str)

    def __init__(self, address: QHostAddress, port: int, count: int, interval_ms: int) -> None:
        super().__init__()
        self.address = address
        self.port = port
        self.count = count
        self.number = 0
        self.socket = QUdpSocket(self)
        self.timer = QTimer(self, interval=interval_ms)
        self.timer.timeout.connect(self.send)

    def start(self) -> None:
        self.timer.start()
        self.send()

    def send(self) -> None:
        self.number += 1
        text = f"Broadcast message {self.number}"
        if self.socket.writeDatagram(text.encode(), self.address, self.port) < 0:
            self.timer.stop()
            self.failed.emit(self.socket.errorString())
            return
        print(f"Sent: {text}", flush=True)
        if self.number == self.count:
            self.timer.stop()
            self.finished.emit()


def main() -> int:
    parser = argparse.ArgumentParser(description="Broadcast numbered datagrams over UDP.")
    parser.add_argument("--port", type=int, default=45454, help="port of the receivers (default: %(default)s)")
    parser.add_argument(
        "--address",
        default="255.255.255.255",
        help="broadcast address of a network, for example 192.168.1.255 (default: %(default)s, the local one)",
    )
    parser.add_argument("--count", type=int, default=0, help="stop after so many (default: no end)")
    parser.add_argument("--interval", type=float, default=1, metavar="SECONDS", help="default: %(default)s")
    options = parser.parse_args()
    address = QHostAddress(options.address)
    if address.isNull():
        parser.error(f"--address wants an IP address such as 192.168.1.255, not {options.address!r}")
    if not 0 < options.port < 65536:
        parser.error(f"--port must be within 1 to 65535, not {options.port}")

    application = QCoreApplication(sys.argv)
    sender = Sender(address, options.port, options.count, round(options.interval * 1000))

    def give_up(reason: str) -> None:
        print(
            f"Cannot send to {options.address}: {reason}.\n"
            "Without a network, try --address 127.255.255.255, which stays on this machine.",
            file=sys.stderr,
        )
        application.exit(1)

    sender.finished.connect(application.quit)
    sender.failed.connect(give_up)
    QTimer.singleShot(0, sender.start)
    try:
        return application.exec()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
