"""Fetches many lines from ``roaming_server.py``, and goes on over another network when the one in use is lost::

    python roaming_client.py 192.0.2.1 4242
    python roaming_client.py 192.0.2.1 4242 --network network:home

The network is a service network, defined in a file of the user's (docs/networks.md), or an access point. With a service
network the session tells when there is a better member, or another one because this one is lost; the program agrees
(``migrate``), connects anew over the new interface, and says whether that has worked (``accept``, ``reject``).
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QEventLoop, QObject, Signal
from qnet.QtNetwork import (
    QAbstractSocket,
    QNetworkConfiguration,
    QNetworkConfigurationManager,
    QNetworkSession,
    QTcpSocket,
    bindToSession,
)


class Download(QObject):
    """Keeps a connection over the session's interface until all lines are here; emits ``finished`` once."""

    finished = Signal(bool)

    def __init__(self, configuration: QNetworkConfiguration, host: str, port: int) -> None:
        super().__init__()
        self.host, self.port = host, port
        self.received = 0
        self.roaming = False
        self.done = False
        self.socket = QTcpSocket(self)
        self.session = QNetworkSession(configuration, self)
        self.session.opened.connect(self.connectToServer)
        self.session.closed.connect(self.onClosed)
        self.session.preferredConfigurationChanged.connect(self.onOffer)
        self.session.newConfigurationActivated.connect(self.onNewNetwork)
        self.session.error.connect(self.onSessionError)
        self.session.open()

    def onOffer(self, configuration: QNetworkConfiguration, seamless: bool) -> None:
        print(f"Offered: {configuration.name()}", flush=True)
        self.session.migrate()

    def onNewNetwork(self) -> None:
        self.roaming = True
        self.connectToServer()

    def connectToServer(self) -> None:
        """Drop the connection, if there is one, and make another over the session's interface."""
        self.socket.blockSignals(True)  # that it is gone is no news
        self.socket.abort()
        self.socket.deleteLater()
        self.socket = QTcpSocket(self)
        self.socket.connected.connect(self.onConnected)
        self.socket.readyRead.connect(self.onLines)
        self.socket.disconnected.connect(lambda: self.finish(True))
        self.socket.errorOccurred.connect(self.onSocketError)
        bindToSession(self.socket, self.session)
        print(f"Connecting over {self.session.interface().name()}", flush=True)
        self.socket.connectToHost(self.host, self.port)

    def onConnected(self) -> None:
        if self.roaming:
            self.roaming = False
            self.session.accept()
        print(f"Connected, going on at line {self.received}", flush=True)
        self.socket.write(b"%d\n" % self.received)

    def onLines(self) -> None:
        while self.socket.canReadLine():
            line = self.socket.readLine().data().decode().strip()
            if line != f"line {self.received}":
                print(f"Expected line {self.received}, not {line!r}", file=sys.stderr)
                self.finish(False)
                return
            self.received += 1

    def onSocketError(self, error: QAbstractSocket.SocketError) -> None:
        if error is QAbstractSocket.SocketError.RemoteHostClosedError:
            return  # that is how it ends
        print(f"Connection: {self.socket.errorString()}", flush=True)
        if self.roaming:
            self.roaming = False
            self.session.reject()
        elif error is not QAbstractSocket.SocketError.NetworkError or not self.received:
            self.finish(False)  # it is the server; of a network that is lost the session tells more

    def onSessionError(self, error: QNetworkSession.SessionError) -> None:
        print(f"Network: {self.session.errorString()}", file=sys.stderr)
        if error is not QNetworkSession.SessionError.RoamingError:
            self.finish(False)

    def onClosed(self) -> None:
        if not self.done:
            print("No network: waiting for it", flush=True)

    def finish(self, good: bool) -> None:
        self.done = True
        self.session.close()
        self.finished.emit(good)


def network(manager: QNetworkConfigurationManager, identifier: str | None) -> QNetworkConfiguration:
    """The network with the *identifier*, or the default one, as soon as everything has been looked for."""
    loop = QEventLoop()
    manager.updateCompleted.connect(loop.quit)
    loop.exec()
    if identifier is None:
        return manager.defaultConfiguration()
    return manager.configurationFromIdentifier(identifier)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch lines over whichever network works.")
    parser.add_argument("host", help="address of the server")
    parser.add_argument("port", type=int, help="port that the server printed")
    parser.add_argument("--network", metavar="IDENTIFIER", help="see python -m qnet networks (default: the default)")
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    manager = QNetworkConfigurationManager()
    try:
        configuration = network(manager, options.network)
    except KeyboardInterrupt:
        return 130
    if not configuration.isValid():
        parser.exit(1, f"There is no network {options.network or 'to use'}.\n")
    print(f"Network: {configuration.name()}", flush=True)
    download = Download(configuration, options.host, options.port)
    download.finished.connect(lambda good: application.exit(0 if good else 1))
    try:
        code = application.exec()
    except KeyboardInterrupt:
        code = 130
    print(f"Received {download.received} lines", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
