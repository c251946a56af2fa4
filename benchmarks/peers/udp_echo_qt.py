"""UDP echo with signals and slots: the same program on qnet and on PySide6 (the argument names which)."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.peers import control

BINDING = sys.argv[1]
QtCore = import_module(f"{BINDING}.QtCore")
QtNetwork = import_module(f"{BINDING}.QtNetwork")


def echo() -> None:
    while socket.hasPendingDatagrams():
        datagram = socket.receiveDatagram()
        socket.writeDatagram(datagram.data(), datagram.senderAddress(), datagram.senderPort())


if __name__ == "__main__":
    application = QtCore.QCoreApplication(sys.argv)
    socket = QtNetwork.QUdpSocket()
    socket.readyRead.connect(echo)
    if not socket.bind(QtNetwork.QHostAddress(QtNetwork.QHostAddress.SpecialAddress.LocalHost), 0):
        sys.exit(f"cannot bind: {socket.errorString()}")
    control.serve(socket.localPort())
    sys.exit(application.exec())
