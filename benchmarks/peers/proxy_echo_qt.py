"""A client that asks for echoes, directly or through a SOCKS5 proxy: the same program on qnet and on PySide6.

The arguments name the binding and, for the proxy, "socks5".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from benchmarks.peers import control

BINDING = sys.argv[1]
THROUGH_PROXY = "socks5" in sys.argv[2:]
QtCore = import_module(f"{BINDING}.QtCore")
QtNetwork = import_module(f"{BINDING}.QtNetwork")

ADDRESS = "127.0.0.1"
WARM_UP = 100
"""Messages after the connection stands that are not measured."""


class Client:
    """Has one message of *size* bytes under way until *seconds* are over."""

    def __init__(self, size: int, seconds: float) -> None:
        self.message = bytes(size)
        self.size = size
        self.seconds = seconds
        self.missing = size
        self.count = -WARM_UP
        self.started = self.cpu = 0.0
        self.answer: dict[str, float] = {}
        self.loop = QtCore.QEventLoop()
        self.socket = QtNetwork.QTcpSocket()
        self.socket.readyRead.connect(self.read)
        self.socket.connected.connect(self.send)
        self.socket.errorOccurred.connect(self.fail)

    def run(self, port: int, proxy: int) -> dict[str, float]:
        kinds = QtNetwork.QNetworkProxy.ProxyType
        kind = kinds.Socks5Proxy if THROUGH_PROXY else kinds.NoProxy
        self.socket.setProxy(QtNetwork.QNetworkProxy(kind, ADDRESS, proxy))
        self.socket.connectToHost(ADDRESS, port)
        self.loop.exec()
        self.socket.abort()
        return self.answer

    def send(self) -> None:
        self.socket.write(self.message)

    def read(self) -> None:
        self.missing -= len(self.socket.readAll())
        if self.missing:
            return
        self.missing = self.size
        self.count += 1
        if not self.count:
            self.started, self.cpu = time.perf_counter(), time.process_time()
        elif self.count > 0 and time.perf_counter() - self.started >= self.seconds:
            cpu, wall = time.process_time() - self.cpu, time.perf_counter() - self.started
            self.answer = {"operations": self.count, "cpu": cpu, "wall": wall}
            self.loop.quit()
            return
        self.socket.write(self.message)

    def fail(self, error: Any) -> None:
        sys.exit(f"{error.name}: {self.socket.errorString()}")


def measure(request: Mapping[str, Any]) -> Mapping[str, float]:
    return Client(request["size"], request["seconds"]).run(request["port"], request["proxy"])


if __name__ == "__main__":
    application = QtCore.QCoreApplication(sys.argv)
    control.answer_requests(measure)
