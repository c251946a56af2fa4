"""Attributes that hide methods (``self.parent = parent``, ``self.state = 0``) disturb nobody but who calls them."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from _implementations import Implementation

VIRTUAL = {  # of the classes below: their callers look them up, so that an attribute may be meant as an override
    "event", "eventFilter", "timerEvent", "childEvent", "customEvent", "connectNotify", "disconnectNotify", "run",
    "isSequential", "open", "close", "pos", "size", "seek", "atEnd", "reset", "bytesAvailable", "bytesToWrite",
    "canReadLine", "waitForReadyRead", "waitForBytesWritten", "readData", "readLineData", "skipData", "writeData",
    "resume", "bind", "connectToHost", "disconnectFromHost", "setReadBufferSize", "socketDescriptor",
    "setSocketDescriptor", "setSocketOption", "socketOption", "waitForConnected", "waitForDisconnected",
    "hasPendingConnections", "nextPendingConnection", "incomingConnection", "fileName", "resize", "permissions",
    "setPermissions", "bytesWritten",
}  # fmt: skip


def hide_methods(obj: Any) -> Any:
    """Give *obj* an attribute of the name of each method that is not virtual; methods are called by the class now."""
    signals = type(type(obj).destroyed)
    for cls in type(obj).__mro__:
        for name, value in list(vars(cls).items()):
            if name[0] != "_" and name not in VIRTUAL and callable(value) and not isinstance(value, (type, signals)):
                vars(obj)[name] = None
    return obj


def subclass(cls: type) -> type:
    return type("Hiding" + cls.__name__, (cls,), {})


@pytest.fixture
def make(qt: Implementation, app: Any) -> SimpleNamespace:
    """Makes objects of a class by name, all their methods hidden."""

    class Maker(SimpleNamespace):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            cls = subclass(getattr(qt, name))
            return lambda *args: hide_methods(cls(*args))

    return Maker()


def test_methods_are_hidden(make: Any) -> None:
    timer = make.QTimer()
    assert (timer.start, timer.parent, timer.thread, timer.isActive) == (None, None, None, None)


def test_a_tree_of_objects(qt: Implementation, make: Any) -> None:
    root = make.QObject()
    child = make.QObject(root)
    grandchild = make.QTimer(child)
    other = make.QObject()
    objects = qt.QObject
    objects.setObjectName(grandchild, "leaf")
    assert objects.findChild(root, qt.QTimer, "leaf") is grandchild
    objects.setParent(child, other)
    assert objects.children(root) == []
    assert objects.children(other) == [child]
    assert objects.parent(grandchild) is child
    assert objects.findChildren(other, qt.QObject) == [child, grandchild]
    assert objects.property(grandchild, "objectName") == "leaf"
    gone: list[str] = []
    grandchild.destroyed.connect(lambda: gone.append("leaf"))
    del child, grandchild, root
    objects.deleteLater(other)
    del other
    qt.process()
    assert gone == ["leaf"]


def test_timers_and_events(qt: Implementation, make: Any) -> None:
    timer = make.QTimer()
    fired: list[int] = []
    timer.timeout.connect(lambda: fired.append(1))
    qt.QTimer.start(timer, 1)
    assert qt.wait(lambda: len(fired) > 1)
    qt.QTimer.stop(timer)
    qt.QTimer.setSingleShot(timer, True)
    fired.clear()
    qt.QTimer.start(timer)
    assert qt.wait(lambda: fired)
    assert not qt.QTimer.isActive(timer)
    filtering = make.QObject()
    qt.QObject.installEventFilter(timer, filtering)
    qt.QCoreApplication.postEvent(timer, qt.QEvent(qt.QEvent.Type.User))
    qt.process()


def test_a_thread_and_its_worker(qt: Implementation, make: Any) -> None:
    thread, worker = make.QThread(), make.QTimer()
    seen: list[Any] = []
    qt.QObject.moveToThread(worker, thread)
    thread.started.connect(lambda: seen.append("started"))
    thread.finished.connect(lambda: seen.append("finished"))
    worker.timeout.connect(lambda: seen.append("tick"), qt.Qt.ConnectionType.DirectConnection)
    qt.QThread.start(thread)
    qt.QMetaObject.invokeMethod(worker, "start", qt.Qt.ConnectionType.QueuedConnection)
    assert qt.wait(lambda: "tick" in seen)
    qt.QMetaObject.invokeMethod(worker, "stop", qt.Qt.ConnectionType.BlockingQueuedConnection)
    qt.QThread.quit(thread)
    assert qt.QThread.wait(thread, 30_000)
    assert qt.wait(lambda: "finished" in seen)


def test_a_tcp_conversation(qt: Implementation, make: Any) -> None:
    server, client = make.QTcpServer(), make.QTcpSocket()
    assert qt.QTcpServer.listen(server, qt.QHostAddress("127.0.0.1"))
    seen: list[str] = []
    client.stateChanged.connect(lambda state: seen.append(state.name))
    client.connectToHost("localhost", qt.QTcpServer.serverPort(server))
    assert qt.wait(server.hasPendingConnections)
    peer = hide_methods(server.nextPendingConnection())
    assert qt.wait(lambda: "ConnectedState" in seen)
    qt.QIODevice.write(client, b"question\n")
    assert qt.wait(peer.canReadLine)
    assert bytes(qt.QIODevice.readLine(peer).data()) == b"question\n"
    qt.QIODevice.write(peer, b"x" * 500_000)
    peer.disconnectFromHost()
    assert qt.wait(lambda: "UnconnectedState" in seen)
    assert len(qt.QIODevice.readAll(client)) == 500_000
    qt.QTcpServer.close(server)
    client.connectToHost("127.0.0.1", 1)
    assert not client.waitForConnected(30_000)
    assert qt.QAbstractSocket.error(client) == qt.QAbstractSocket.SocketError.ConnectionRefusedError


def test_blocking_calls(qt: Implementation, make: Any) -> None:
    client = make.QTcpSocket()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client.connectToHost("127.0.0.1", listener.getsockname()[1])
        assert client.waitForConnected(30_000)
        peer, _ = listener.accept()
        qt.QIODevice.write(client, b"abc")
        assert client.waitForBytesWritten(30_000)
        with peer:
            assert peer.recv(10) == b"abc"
            peer.send(b"def")
            assert client.waitForReadyRead(30_000)
        assert client.waitForDisconnected(30_000)
    assert bytes(qt.QIODevice.read(client, 10).data()) == b"def"
    qt.QAbstractSocket.abort(client)


def test_datagrams(qt: Implementation, make: Any) -> None:
    here, there = make.QUdpSocket(), make.QUdpSocket()
    local = qt.QHostAddress("127.0.0.1")
    assert here.bind(local)
    assert there.bind(local)
    got: list[bytes] = []
    there.readyRead.connect(lambda: got.append(bytes(qt.QUdpSocket.readDatagram(there, 99)[0].data())))
    port = qt.QAbstractSocket.localPort(there)
    assert qt.QUdpSocket.writeDatagram(here, b"hello", local, port) == 5
    assert qt.wait(lambda: got == [b"hello"])
    for each in (here, there):
        each.close()


def test_local_sockets(qt: Implementation, make: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        name = os.path.join(folder, "s")
        server, client = make.QLocalServer(), make.QLocalSocket()
        assert qt.QLocalServer.listen(server, name)
        qt.QLocalSocket.connectToServer(client, name)
        assert qt.wait(server.hasPendingConnections)
        peer = hide_methods(server.nextPendingConnection())
        qt.QIODevice.write(client, b"ping")
        assert qt.wait(lambda: peer.bytesAvailable() == 4)
        ended: list[int] = []
        client.disconnected.connect(lambda: ended.append(1))
        qt.QLocalSocket.disconnectFromServer(peer)
        assert qt.wait(lambda: ended == [1])
        qt.QLocalServer.close(server)


def test_files_buffers_and_streams(qt: Implementation, make: Any, tmp_path: Any) -> None:
    mode = qt.QIODevice.OpenModeFlag
    file, buffer = make.QFile(str(tmp_path / "f")), make.QBuffer()
    for device in (file, buffer):
        assert device.open(mode.ReadWrite)
        stream = qt.QTextStream(device)
        stream << "line\n"
        stream.flush()
        assert device.seek(0)
        assert bytes(qt.QIODevice.peek(device, 2).data()) == b"li"
        assert bytes(qt.QIODevice.readLine(device).data()) == b"line\n"
        device.close()


def test_a_notifier(qt: Implementation, make: Any) -> None:
    reader, writer = os.pipe()
    notifier = make.QSocketNotifier(reader, qt.QSocketNotifier.Type.Read)
    seen: list[bytes] = []
    notifier.activated.connect(lambda: seen.append(os.read(reader, 10)))
    os.write(writer, b"!")
    assert qt.wait(lambda: seen == [b"!"])
    qt.QSocketNotifier.setEnabled(notifier, False)
    os.close(reader)
    os.close(writer)
