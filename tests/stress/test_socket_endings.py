"""A connection ends once, whatever the slots of its end do; what the model in test_socket_model.py has found."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _socket_model import SIGNALS
from _wreckage import listening

LOST = {"tcp": "RemoteHostClosedError", "local": "PeerClosedError"}
END = ["UnconnectedState", "readChannelFinished", "disconnected"]


class Story(list[Any]):
    """The signals of a socket, and an action in a slot of one of them, between ``<`` and ``>``."""

    def __init__(self, sock: Any) -> None:
        super().__init__()
        self.actions: dict[str, Callable[[], object]] = {}
        for name in SIGNALS:
            getattr(sock, name).connect(lambda *args, name=name: self.tell(name, *args))

    def tell(self, name: str, *args: Any) -> None:
        entry = args[0].name if name in ("stateChanged", "errorOccurred") else name
        self.append(entry)
        action = self.actions.pop(entry, None)
        if action is not None:
            self.append("<")
            result = action()
            self.append(">" if result is None else (result, ">"))


class Pair:
    """A connected socket of Qt's kind, its story from then on, and the plain socket at the other end."""

    def __init__(self, qt: Any, kind: str, folder: str) -> None:
        self.qt = qt
        self.kind = kind
        self.lost = LOST[kind]
        self.folder = folder
        self.sock = qt.QTcpSocket() if kind == "tcp" else qt.QLocalSocket()
        self.peer = self.connect()
        self.story = Story(self.sock)

    def connect(self) -> socket.socket:
        with contextlib.ExitStack() as stack:
            if self.kind == "tcp":
                listener = stack.enter_context(listening())
                self.sock.connectToHost("127.0.0.1", listener.getsockname()[1])
            else:
                name = os.path.join(self.folder, f"listener{len(os.listdir(self.folder))}")
                listener = stack.enter_context(socket.socket(socket.AF_UNIX))
                listener.bind(name)
                listener.listen()
                self.sock.connectToServer(name)
            assert self.sock.waitForConnected(30_000)
            return listener.accept()[0]

    def disconnect(self) -> None:
        self.sock.disconnectFromHost() if self.kind == "tcp" else self.sock.disconnectFromServer()

    def wait_for_the_end(self) -> list[Any]:
        assert self.qt.wait(lambda: "disconnected" in self.story and self.sock.state().name == END[0], 30)
        return list(self.story)


@pytest.fixture(params=["tcp", "local"])
def pair(request: pytest.FixtureRequest, qt: Any, app: Any, tmp_path: Any) -> Iterator[Pair]:
    made = Pair(qt, request.param, str(tmp_path))
    yield made
    made.peer.close()
    made.sock.abort()


@pytest.mark.qnet("Qt emits stateChanged(Unconnected) and readChannelFinished twice")
@pytest.mark.parametrize("who", ["the peer", "the program"])
def test_abort_while_it_closes(pair: Pair, who: str) -> None:
    pair.story.actions["ClosingState"] = pair.sock.abort
    pair.peer.close() if who == "the peer" else pair.disconnect()
    error = [pair.lost] if who == "the peer" else []
    end = ["aboutToClose", *END] if pair.kind == "tcp" else [*END, "aboutToClose"]
    assert pair.wait_for_the_end() == [*error, "ClosingState", "<", *end, ">"]


def test_abort_when_it_has_ended(pair: Pair) -> None:
    pair.story.actions["UnconnectedState"] = pair.sock.abort
    pair.disconnect()
    assert pair.story == ["ClosingState", "UnconnectedState", "<", "aboutToClose", ">", *END[1:]]


@pytest.mark.qnet("Qt reports the error twice and closes the device")
@pytest.mark.parametrize(("wait", "result"), [("waitForReadyRead", False), ("waitForDisconnected", True)])
def test_wait_in_the_slot_that_hears_of_the_end(pair: Pair, wait: str, result: bool) -> None:
    """The wait completes the end; the error is told once, and what was received stays."""
    pair.story.actions[pair.lost] = lambda: getattr(pair.sock, wait)(30_000)
    pair.peer.sendall(b"last")
    pair.peer.close()
    assert pair.wait_for_the_end() == ["readyRead", pair.lost, "<", "ClosingState", *END, (result, ">")]
    assert pair.sock.readAll() == b"last"


@pytest.mark.qnet("Qt ends the new connection, too")
def test_a_connection_made_in_the_slot_that_hears_of_the_end_stays(pair: Pair) -> None:
    peers = []

    def reconnect() -> None:
        pair.sock.abort()
        peers.append(pair.connect())

    pair.story.actions[pair.lost] = reconnect
    pair.peer.close()
    assert pair.qt.wait(lambda: ">" in pair.story, 30)
    with peers[0] as peer:
        pair.qt.process()
        assert pair.sock.state().name == "ConnectedState"
        pair.story.clear()
        peer.sendall(b"anew")
        assert pair.qt.wait(pair.sock.bytesAvailable, 30)
    assert pair.wait_for_the_end() == ["readyRead", pair.lost, "ClosingState", *END]


def test_a_connection_made_when_the_old_one_is_over_has_an_end_of_its_own(pair: Pair) -> None:
    peers: list[socket.socket] = []
    pair.story.actions["readChannelFinished"] = lambda: peers.append(pair.connect())
    pair.peer.close()
    assert pair.qt.wait(lambda: "disconnected" in pair.story, 30)
    pair.story.clear()
    with peers[0]:
        pair.sock.abort()
        assert [s for s in pair.story if s != "aboutToClose"] == END


@pytest.mark.qnet("in Qt the nested loop leaves it in Closing")
def test_the_peer_that_ends_what_is_being_closed_is_no_error(pair: Pair) -> None:
    pair.peer.close()
    pair.story.actions["ClosingState"] = lambda: pair.qt.wait(lambda: "disconnected" in pair.story, 30)
    pair.disconnect()
    assert pair.story == ["ClosingState", "<", *END, (True, ">")]


def test_a_peer_that_ends_before_all_is_sent_is_an_error(pair: Pair) -> None:
    """Whoever closes after writing has to hear that not all has arrived."""
    pair.sock.write(bytes(20_000_000))
    pair.sock.flush()
    pair.disconnect()
    assert pair.sock.state().name == "ClosingState"
    pair.peer.close()
    told = [s for s in pair.wait_for_the_end() if s not in ("bytesWritten", "aboutToClose")]
    assert told == ["ClosingState", pair.lost, *END]


@pytest.mark.qnet("Qt ends the connection when it cannot write")
def test_closing_what_could_not_be_written_to_is_an_error(pair: Pair) -> None:
    linger = b"\1\0\0\0\0\0\0\0"
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    pair.peer.close()
    while not pair.sock.write(b"x") or pair.sock.flush():  # the first ones may be on their way before the reset is here
        pass
    pair.story.clear()
    pair.sock.close()
    assert pair.story == ["aboutToClose", "ClosingState", pair.lost, *END]


@pytest.mark.qnet("Qt ends the connection when it cannot write")
def test_bytes_that_nobody_takes_are_not_written(pair: Pair) -> None:
    """What is dropped because the connection is broken has not left."""
    results = []

    def write() -> None:
        pair.sock.write(b"x" * 10)
        while pair.sock.flush():
            pair.sock.write(b"x" * 10)
        pair.sock.write(b"x" * 10)
        results.append(pair.sock.waitForBytesWritten(30_000))

    pair.story.actions[pair.lost] = write
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    pair.peer.close()
    pair.wait_for_the_end()
    assert results == [False]


def test_a_wait_within_a_wait_takes_nothing_from_it(pair: Pair) -> None:
    """New bytes make the outer wait true although the inner one found no more."""
    pair.story.actions["readyRead"] = lambda: pair.sock.waitForReadyRead(1)
    pair.peer.sendall(b"new")
    assert pair.sock.waitForReadyRead(30_000)
    assert (False, ">") in pair.story


def test_more_written_within_a_wait_is_no_time_out(pair: Pair) -> None:
    """Bytes have left, although more wait now than did before."""
    pair.sock.write(bytes(1000))
    pair.story.actions["bytesWritten"] = lambda: pair.sock.write(bytes(100_000_000)) and None
    assert pair.sock.waitForBytesWritten(30_000)
    assert "SocketTimeoutError" not in pair.story
