"""Sends a numbered datagram to a multicast group, once a second::

    python multicast_sender.py --group 239.255.43.21 --port 45454

Every ``multicast_receiver.py`` that has joined the group prints them. Ctrl-C stops it.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QObject, QTimer, Signal
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QNetworkInterface, QUdpSocket


class Sender(QObject):
    """Sends *count* datagrams (0: no end), then emits ``finished``; ``failed`` says why one could not be sent."""

    finished = Signal()
    failed = Signal(str)

    def __init__(self, group: QHostAddress, port: int, count: int, interval_ms: int) -> None:
        super().__init__()
        self.group = group
        self.port = port
        self.count = count
        self.number = 0
        self.socket = QUdpSocket(self)
        self.timer = QTimer(self, interval=interval_ms)
        self.timer.timeout.connect(self.send)

    def open(self, interface: QNetworkInterface | None, hops: int) -> bool:
        """Get a socket of the group's family whose datagrams leave through *interface*."""
        # Options belong to a descriptor, and there is none before bind().
        any_address = QHostAddress.SpecialAddress.AnyIPv4
        if self.group.protocol() == QAbstractSocket.NetworkLayerProtocol.IPv6Protocol:
            any_address = QHostAddress.SpecialAddress.AnyIPv6
        if not self.socket.bind(QHostAddress(any_address), 0):
            return False
        self.socket.setSocketOption(QAbstractSocket.SocketOption.MulticastTtlOption, hops)
        if interface is not None:
            self.socket.setMulticastInterface(interface)
        return True

    def start(self) -> None:
        self.timer.start()
        self.send()

    def send(self) -> None:
        self.number += 1
        text = f"Multicast message {self.number}"
        if self.socket.writeDatagram(text.encode(), self.group, self.port) < 0:
            self.timer.stop()
            self.failed.emit(self.socket.errorString())
            return
        print(f"Sent: {text}", flush=True)
        if self.number == self.count:
            self.timer.stop()
            self.finished.emit()


def main() -> int:
    parser = argparse.ArgumentParser(description="Send numbered datagrams to a multicast group.")
    parser.add_argument("--group", default="239.255.43.21", help="group to send to (default: %(default)s)")
    parser.add_argument("--port", type=int, default=45454, help="port of the receivers (default: %(default)s)")
    parser.add_argument("--interface", help="name of the interface to send from (default: the system's choice)")
    parser.add_argument("--hops", type=int, default=1, help="routers to pass, plus one (default: this network)")
    parser.add_argument("--count", type=int, default=0, help="stop after so many (default: no end)")
    parser.add_argument("--interval", type=float, default=1, metavar="SECONDS", help="default: %(default)s")
    options = parser.parse_args()
    group = QHostAddress(options.group)
    if not group.isMulticast():
        parser.error(f"--group wants a multicast address such as 239.255.43.21, not {options.group!r}")
    if not 0 < options.port < 65536:
        parser.error(f"--port must be within 1 to 65535, not {options.port}")
    interface = find_interface(parser, options.interface)

    application = QCoreApplication(sys.argv)
    sender = Sender(group, options.port, options.count, round(options.interval * 1000))
    if not sender.open(interface, options.hops):
        parser.exit(1, f"Cannot open a socket: {sender.socket.errorString()}.\n")

    def give_up(reason: str) -> None:
        print(
            f"Cannot send to {options.group}: {reason}.\n"
            "Without a network, try --interface lo, here and for the receiver.",
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


def find_interface(parser: argparse.ArgumentParser, name: str | None) -> QNetworkInterface | None:
    if name is None:
        return None
    interface = QNetworkInterface.interfaceFromName(name)
    if not interface.isValid():
        known = ", ".join(each.name() for each in QNetworkInterface.allInterfaces())
        parser.error(f"there is no interface {name!r}; this machine has {known}")
    return interface


if __name__ == "__main__":
    sys.exit(main())
