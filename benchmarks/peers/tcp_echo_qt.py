"""TCP echo with signals and slots: the same program on qnet and on PySide6 (the argument names which)."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import Any

from benchmarks.peers import control

BINDING = sys.argv[1]
QtCore = import_module(f"{BINDING}.QtCore")
QtNetwork = import_module(f"{BINDING}.QtNetwork")


def welcome() -> None:
    while server.hasPendingConnections():
        socket = server.nextPendingConnection()
        socket.readyRead.connect(partial(echo, socket))
        socket.disconnected.connect(socket.deleteLater)


def echo(socket: Any) -> None:
    socket.write(socket.readAll())


if __name__ == "__main__":
    application = QtCore.QCoreApplication(sys.argv)
    server = QtNetwork.QTcpServer()
    server.setListenBacklogSize(512)
    server.newConnection.connect(welcome)
    if not server.listen(QtNetwork.QHostAddress(QtNetwork.QHostAddress.SpecialAddress.LocalHost), 0):
        sys.exit(f"cannot listen: {server.errorString()}")
    control.serve(server.serverPort())
    sys.exit(application.exec())
