"""Joins a multicast group and prints what is sent to it, for example by ``multicast_sender.py``::

    python multicast_receiver.py --group 239.255.43.21 --port 45454

Several receivers can share the port. Ctrl-C stops it.
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QObject, Signal
from qnet.QtNetwork import QAbstractSocket, QHostAddress, QNetworkInterface, QUdpSocket


class Receiver(QObject):
    """Prints what arrives; emits ``finished`` after *count* datagrams (0: never)."""

    finished = Signal()

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count
        self.socket = QUdpSocket(self)
        self.socket.readyRead.connect(self.readDatagrams)

    def join(self, group: QHostAddress, port: int, interface: QNetworkInterface | None) -> bool:
        # A socket on QHostAddress.Any has both families and cannot join IPv4 groups: bind to the group's own.
        any_address = QHostAddress.SpecialAddress.AnyIPv4
        if group.protocol() == QAbstractSocket.NetworkLayerProtocol.IPv6Protocol:
            any_address = QHostAddress.SpecialAddress.AnyIPv6
        shared = QUdpSocket.BindFlag.ShareAddress | QUdpSocket.BindFlag.ReuseAddressHint
        if not self.socket.bind(QHostAddress(any_address), port, shared):
            return False
        if interface is None:
            return self.socket.joinMulticastGroup(group)
        return self.socket.joinMulticastGroup(group, interface)

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
    parser = argparse.ArgumentParser(description="Print the datagrams sent to a multicast group.")
    parser.add_argument("--group", default="239.255.43.21", help="group to join (default: %(default)s)")
    parser.add_argument("--port", type=int, default=45454, help="default: %(default)s; 0 takes a free one")
    parser.add_argument("--interface", help="name of the interface to join on (default: the system's choice)")
    parser.add_argument("--count", type=int, default=0, help="stop after so many (default: no end)")
    options = parser.parse_args()
    group = QHostAddress(options.group)
    if not group.isMulticast():
        parser.error(f"--group wants a multicast address such as 239.255.43.21, not {options.group!r}")
    interface = find_interface(parser, options.interface)

    application = QCoreApplication(sys.argv)
    receiver = Receiver(options.count)
    if not receiver.join(group, options.port, interface):
        parser.exit(
            1,
            f"Cannot join {options.group} on port {options.port}: {receiver.socket.errorString()}.\n"
            "Choose another --port, or an --interface that is up (lo works without a network).\n",
        )
    receiver.finished.connect(application.quit)
    port = receiver.socket.localPort()
    try:
        print(f"Listening to {options.group} port {port}; Ctrl-C stops.", flush=True)
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
