"""Fetches a fortune from ``fortune_server.py`` or ``threaded_fortune_server.py``, asynchronously::

python fortune_client.py 127.0.0.1 4242
python fortune_client.py fortunes.example 4242 --proxy socks5://alice:secret@proxy.example:1080
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QDataStream, QObject, QTimer, QUrl, Signal
from qnet.QtNetwork import QNetworkProxy, QTcpSocket

PROXIES = {"socks5": QNetworkProxy.ProxyType.Socks5Proxy, "http": QNetworkProxy.ProxyType.HttpProxy}


class FortuneClient(QObject):
    """Fetches one fortune: emits either ``received`` or ``failed``, once."""

    received = Signal(str)
    failed = Signal(str)

    def __init__(self, timeout_ms: int) -> None:
        super().__init__()
        self.socket = QTcpSocket(self)
        self.stream = QDataStream(self.socket)
        self.timer = QTimer(self, singleShot=True, interval=timeout_ms)
        self.socket.readyRead.connect(self.readFortune)
        self.socket.errorOccurred.connect(self.onError)
        self.timer.timeout.connect(self.onTimeout)

    def fetch(self, host: str, port: int) -> None:
        self.timer.start()
        self.socket.connectToHost(host, port)

    def readFortune(self) -> None:
        # TCP delivers bytes, not messages: while the string is not complete, the transaction puts
        # back what was read, and the next readyRead tries again.
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


def proxy(text: str) -> QNetworkProxy:
    """A proxy as it is usually written; without a port it is the usual one of its kind."""
    url = QUrl(text)
    if url.scheme() not in PROXIES or not url.host():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no proxy, such as socks5://proxy.example:1080 or http://[::1]:8080"
        )
    return QNetworkProxy(PROXIES[url.scheme()], url.host(), url.port(0), url.userName(), url.password())


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch a fortune over TCP.")
    parser.add_argument("host", help="name or address of the server")
    parser.add_argument("port", type=int, help="port that the server printed")
    parser.add_argument("--timeout", type=float, default=10, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument(
        "--proxy", type=proxy, metavar="URL", help="socks5:// or http://, with user:password@ if wanted"
    )
    options = parser.parse_args()

    application = QCoreApplication(sys.argv)
    client = FortuneClient(round(options.timeout * 1000))
    if options.proxy:
        client.socket.setProxy(options.proxy)

    def show(fortune: str) -> None:
        print(fortune)
        application.quit()

    def give_up(reason: str) -> None:
        print(
            f"No fortune from {options.host} port {options.port}: {reason}.\n"
            "Is fortune_server.py running there? It prints its port when it starts.",
            file=sys.stderr,
        )
        application.exit(1)

    client.received.connect(show)
    client.failed.connect(give_up)
    QTimer.singleShot(0, lambda: client.fetch(options.host, options.port))
    try:
        return application.exec()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
