"""Overrides of methods that are not virtual, with other parameters and meanings: the library calls its own."""

from __future__ import annotations

import threading
from typing import Any

from _implementations import Implementation


def test_a_device_that_writes_text(qt: Implementation) -> None:
    class TextBuffer(qt.QBuffer):
        def write(self, text: str, encoding: str = "utf-8") -> int:
            return super().write(text.encode(encoding))

        def read(self) -> Any:
            return super().readAll()

        def isOpen(self) -> bool:
            raise NotImplementedError

    buffer = TextBuffer()
    buffer.open(qt.QIODevice.OpenModeFlag.ReadWrite)
    buffer.write("text")
    qt.QDataStream(buffer).writeUInt16(0x2121)
    stream = qt.QTextStream(buffer)
    stream << "more"
    stream.flush()
    buffer.seek(0)
    assert qt.QTextStream(buffer).readAll() == "text!!more"


def test_a_timer_with_parameters(qt: Implementation, app: Any) -> None:
    stopped: list[str] = []

    class Timer(qt.QTimer):
        def start(self, minutes: int, seconds: float) -> None:
            super().start(round(minutes * 60_000 + seconds * 1000))

        def stop(self, why: str) -> None:
            stopped.append(why)
            super().stop()

        def interval(self) -> str:
            return "often"

    timer = Timer()
    timer.setSingleShot(True)
    fired: list[int] = []
    timer.timeout.connect(lambda: fired.append(1))
    timer.start(0, 0.001)
    assert qt.wait(lambda: fired)
    assert not timer.isActive()
    timer.start(1, 0)
    timer.stop("enough")
    assert (stopped, timer.isActive()) == (["enough"], False)


def test_a_thread_with_parameters(qt: Implementation, app: Any) -> None:
    class Download(qt.QThread):
        def start(self, url: str) -> None:
            self.url = url
            super().start()

        def quit(self, politely: bool) -> None:
            raise NotImplementedError

        def isRunning(self, really: bool) -> bool:
            raise NotImplementedError

        def run(self) -> None:
            self.got = self.url, threading.current_thread() is threading.main_thread()

    download = Download()
    download.start("ftp://snow")
    assert download.wait(30_000)
    assert download.got == ("ftp://snow", False)
    assert download.isFinished()


def test_a_socket_of_ones_own_ideas(qt: Implementation, app: Any) -> None:
    class Connection(qt.QTcpSocket):
        def state(self) -> str:
            return "fine"

        def peerAddress(self) -> str:
            return "somewhere"

        def abort(self, reason: str) -> None:
            raise NotImplementedError

        def isOpen(self) -> bool:
            raise NotImplementedError

    server = qt.QTcpServer()
    assert server.listen(qt.QHostAddress("127.0.0.1"))
    client = Connection()
    client.connectToHost("127.0.0.1", server.serverPort())
    assert client.waitForConnected(30_000)
    assert server.waitForNewConnection(30_000)
    peer = server.nextPendingConnection()
    ended: list[int] = []
    client.disconnected.connect(lambda: ended.append(1))
    peer.write(b"abc")
    peer.disconnectFromHost()
    assert qt.wait(lambda: ended)
    assert bytes(client.readAll().data()) == b"abc"
    client.close()


def test_an_object_with_a_tree_of_its_own(qt: Implementation) -> None:
    class Node(qt.QObject):
        def __init__(self, parent: Any = None) -> None:
            super().__init__(parent)
            self.nodes: list[str] = []

        def children(self) -> list[str]:
            return self.nodes

        def parent(self, level: int) -> str:
            raise NotImplementedError

        def objectName(self) -> str:
            return "node"

    root = Node()
    leaf = Node(root)
    leaf.setObjectName("leaf")
    assert root.children() == []
    assert root.findChild(qt.QObject, "leaf") is leaf
    leaf.setParent(None)
    assert root.findChildren(qt.QObject) == []
