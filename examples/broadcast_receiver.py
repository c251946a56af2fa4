"""Prints the datagrams that arrive on a port, such as those of ``broadcast_sender.py``::

    python broadcast_receiver.py --port 45454

Several receivers can share the port. Ctrl-C stops it.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QObject, Signal
from qnet.QtNetwork import QHostAddress, QUdpSocket


class Receiver(QObject):
    """Prints what arrives; emits ``finished`` after *count* datagrams (0: never)."""

    finished = Signal()

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count
        self.socket = QUdpSocket(self)
        self.socket.readyRead.connect(self.readDatagrams)

    def listen(self, port: int) -> bool:
        shared = QUdpSocket.BindFlag.ShareAddress | QUdpSocket.BindFlag.ReuseAddressHint
        return self.socket.bind(QHostAddress(QHostAddress.SpecialAddress.AnyIPv4), port, shared)

    def readDatagrams(self) -> None:
        while self.socket.hasPendingDatagrams():
            datagram = self.socket.receiveDatagram()
            if not datagram.isValid():
                continue
            text = bytes(datagram.data()).decode(errors="replace")
            sender = f"{datagram.senderAddress().toString()} port {datagram.senderPort()}"
            # Anybody can send anything: what is not printable must not reach the terminal.
            print(f"Received from {sender}: {text!r}", flush=True)
            self.left -= 1
            if self.left == 0:
                self.finished.emit()
                return


def main() -> int:
    parser = argparse.ArgumentParser(description="Print datagrams that are broadcast over UDP.")
    parser.add_argument("--port", type=int, default=45454, help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--count", type=int, default=0, help="stop after so many (default: no end)")
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    receiver = Receiver(options.count)
    if not receiver.listen(options.port):
        parser.exit(
            1,
            f"Cannot listen on port {options.port}: {receiver.socket.errorString()}.\n"
            "Choose another --port, here and for the sender.\n",
        )
    receiver.finished.connect(application.quit)
    try:
        print(f"Listening on port {receiver.socket.localPort()}; Ctrl-C stops.", flush=True)
        return application.exec()
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
