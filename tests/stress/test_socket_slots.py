"""A TCP socket that is treated badly inside its own slots: every signal with every treatment.

Whatever happens, the signals tell a story that the state table of `qnet.socket.abstractsocket` allows, nothing is
left behind, and the same socket can connect again.
"""

from __future__ import annotations

import socket
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from _wreckage import LOCALHOST, dead, listening, nothing_left, turn, turn_until, without_collector

from qnet.QtCore import QCoreApplication, QEvent, QEventLoop, QIODevice, QObject, QTimer
from qnet.QtNetwork import QAbstractSocket, QTcpSocket

State = QAbstractSocket.SocketState

SIGNALS = (
    "hostFound",
    "connected",
    "stateChanged",
    "readyRead",
    "bytesWritten",
    "errorOccurred",
    "disconnected",
    "readChannelFinished",
    "aboutToClose",
    "destroyed",
)

# The arrows of the table in qnet/socket/abstractsocket.py.
ARROWS = {
    (State.UnconnectedState, State.HostLookupState),
    (State.HostLookupState, State.ConnectingState),
    (State.HostLookupState, State.UnconnectedState),
    (State.ConnectingState, State.ConnectedState),
    (State.ConnectingState, State.UnconnectedState),
    (State.ConnectedState, State.ClosingState),
    (State.ConnectedState, State.UnconnectedState),
    (State.ClosingState, State.UnconnectedState),
}


class Life:
    """One socket, the story that its signals tell, and the last strong reference to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sock: QTcpSocket | None = QTcpSocket()
        self.ref = weakref.ref(self.sock)
        self.states = [State.UnconnectedState]
        self.standing = self.over = False
        self.sock.stateChanged.connect(self.note_state)
        self.sock.connected.connect(self.note_connected)
        self.sock.disconnected.connect(self.note_disconnected)

    def note_state(self, state: Any) -> None:
        self.states.append(state)

    def note_connected(self) -> None:
        assert not self.standing, "connected twice"
        self.standing = True

    def note_disconnected(self) -> None:
        assert State.ConnectedState in self.states, "disconnected and never was connected"
        self.standing = False

    def check_story(self) -> None:
        assert set(zip(self.states, self.states[1:], strict=False)) <= ARROWS, self.states


def nest(life: Life) -> None:
    loop = QEventLoop()
    QTimer.singleShot(5, loop.quit)
    loop.exec()


def drop(life: Life) -> None:
    life.sock = None


def destroy(life: Life) -> None:
    if life.sock is not None:
        life.sock.deleteLater()
        QCoreApplication.sendPostedEvents(life.sock, QEvent.Type.DeferredDelete)


def perish_with_parent(life: Life) -> None:
    parent = QObject()
    sock, life.sock = life.sock, None
    if sock is not None:
        sock.setParent(parent)
        del sock
    parent.deleteLater()
    QCoreApplication.sendPostedEvents(parent, QEvent.Type.DeferredDelete)


def on_socket(action: Callable[[QTcpSocket, Life], object]) -> Callable[[Life], None]:
    def treat(life: Life) -> None:
        if life.sock is not None:
            action(life.sock, life)

    return treat


def reconnect(sock: QTcpSocket, life: Life) -> None:
    sock.abort()
    sock.connectToHost(LOCALHOST, life.port)


def adopt_garbage(sock: QTcpSocket, life: Life) -> None:
    assert not sock.setSocketDescriptor(99_999)


def write_and_wait(sock: QTcpSocket, life: Life) -> None:
    if sock.isWritable():
        sock.write(b"w" * 10)
        sock.waitForBytesWritten(5)


TREATMENTS: dict[str, Callable[[Life], None]] = {
    "drop": drop,
    "destroy": destroy,
    "perish with parent": perish_with_parent,
    "deleteLater": on_socket(lambda sock, life: sock.deleteLater()),
    "abort": on_socket(lambda sock, life: sock.abort()),
    "close": on_socket(lambda sock, life: sock.close()),
    "disconnectFromHost": on_socket(lambda sock, life: sock.disconnectFromHost()),
    "reconnect": on_socket(reconnect),
    "nested loop": nest,
    "waitForConnected": on_socket(lambda sock, life: sock.waitForConnected(5)),
    "waitForReadyRead": on_socket(lambda sock, life: sock.waitForReadyRead(5)),
    "waitForBytesWritten": on_socket(write_and_wait),
    "waitForDisconnected": on_socket(
        lambda sock, life: sock.state() is not State.UnconnectedState and sock.waitForDisconnected(5)
    ),
    "readAll": on_socket(lambda sock, life: sock.isOpen() and sock.readAll()),
    "tiny read buffer": on_socket(lambda sock, life: sock.setReadBufferSize(1)),
    "reopen": on_socket(lambda sock, life: sock.setOpenMode(QIODevice.OpenModeFlag.ReadOnly)),
    "adopt garbage": on_socket(adopt_garbage),
}


def live_through(life: Life, listener: socket.socket) -> None:
    """Connect, exchange a few bytes, be closed by the peer, be closed by the owner: as far as it gets."""
    life.sock.connectToHost(LOCALHOST, life.port)
    turn(3)
    listener.setblocking(False)
    peers = []
    for _ in range(4):
        try:
            peers.append(listener.accept()[0])
        except BlockingIOError:
            break
    for peer in peers:
        peer.sendall(b"hello")
    turn(3)
    if life.sock is not None and life.sock.isWritable():
        life.sock.write(b"answer")
    turn(3)
    for peer in peers:
        peer.close()
    turn(3)
    if life.sock is not None:
        life.sock.close()
        turn(3)
    life.over = True
    if life.sock is not None:
        life.sock.abort()
    turn()


@pytest.mark.parametrize("every_time", [False, True], ids=["once", "every time"])
@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("signal", SIGNALS)
def test_treatment(signal: str, treatment: str, every_time: bool) -> None:
    if signal == "destroyed" and treatment in ("reconnect", "nested loop"):
        pytest.skip("who does that in a slot of destroyed asks for it")
    treat = TREATMENTS[treatment]
    calls = 0

    with listening() as listener, nothing_left(), without_collector(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a socket that is dropped while it is open says so
        life = Life(listener.getsockname()[1])

        def slot(*args: Any) -> None:
            nonlocal calls
            calls += 1
            if not life.over and (calls == 1 or (every_time and calls < 8)):
                treat(life)

        getattr(life.sock, signal).connect(slot)
        live_through(life, listener)
        life.check_story()
        alive = life.sock is not None and life.sock._q.alive
        if alive:
            assert life.sock.state() is State.UnconnectedState
            assert life.sock.socketDescriptor() == -1
            life.sock.setReadBufferSize(0)
            life.sock.connectToHost(LOCALHOST, life.port)
            assert turn_until(lambda: life.sock.state() is State.ConnectedState)
            life.sock.abort()
        life.sock = None
        turn()
        assert dead(life.ref)
        while True:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                break


def test_the_table_is_complete() -> None:
    """Every signal of the socket is in the table, but those that only report progress."""
    assert {name for name in dir(QTcpSocket) if type(getattr(QTcpSocket, name)).__name__ == "Signal"} - set(
        SIGNALS
    ) == {
        "channelBytesWritten",
        "channelReadyRead",
        "objectNameChanged",
        "proxyAuthenticationRequired",
        "writeBufferDrained",
        "writeBufferFull",
    }


def test_turn_leaves_nothing() -> None:
    with nothing_left():
        turn(1)
