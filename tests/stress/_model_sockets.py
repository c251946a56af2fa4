"""An end of the model that is a socket of Qt's kind: what its calls must return and what its signals may tell."""

from __future__ import annotations

import os
import socket
import struct
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from _model_streams import End, content

if TYPE_CHECKING:
    from _socket_model import World

SIGNALS = (
    "connected",
    "disconnected",
    "stateChanged",
    "errorOccurred",
    "readyRead",
    "bytesWritten",
    "readChannelFinished",
    "aboutToClose",
)

SAFE_SIGNALS = ("readyRead", "bytesWritten")
"""Slots of these may do anything in Qt, too; it crashes in some of the others."""

# The arrows of the table in qnet/socket/abstractsocket.py; local sockets and adopted descriptors take the short ways.
ARROWS = {
    ("Unconnected", "HostLookup"),
    ("Unconnected", "Connecting"),
    ("Unconnected", "Connected"),
    ("HostLookup", "Connecting"),
    ("HostLookup", "Unconnected"),
    ("Connecting", "Connected"),
    ("Connecting", "Unconnected"),
    ("Connected", "Closing"),
    ("Connected", "Unconnected"),
    ("Closing", "Unconnected"),
}


class Calls:
    """What is going on with one object of Qt's right now: the calls and slots that have not returned."""

    def __init__(self) -> None:
        self.closing = self.waiting = 0
        self.in_ready_read = self.in_bytes_written = False
        self.about_to_close = False
        self.in_life_slot = 0  # in slots of the other signals, which may be told of an end that is not complete yet


class QtEnd(End):
    """A QTcpSocket or QLocalSocket, the story that its signals tell, and what its slots shall do once."""

    def __init__(self, world: World, *, watch_writes: bool) -> None:
        super().__init__(world)
        self.watch_writes = watch_writes
        self.connection = 0
        self.sock: Any = None
        self.limit = 0
        self.plans: dict[str, list[Callable[[], object]]] = {}
        self.trace: list[str] = []
        self.make()

    # -- its life

    def make(self) -> None:
        """A new object."""
        qt = self.world.qt
        self.sock = qt.QTcpSocket() if self.world.kind == "tcp" else qt.QLocalSocket()
        self.world.made.append(weakref.ref(self.sock))
        self.state = "Unconnected"
        self.standing = self.channel_open = False  # disconnected, readChannelFinished are still to come
        self.doomed = False  # deleteLater() was called
        self.open = False
        self.calls = Calls()
        self.reported = 0  # the sum of bytesWritten
        self.announced = 0  # how much had arrived at the last readyRead
        self.unreported = self.unannounced = False  # slots have hindered the signals
        self.lost = False  # errorOccurred has told that the peer has ended it
        self.timeouts = 0
        self.limit = 0
        for name in SIGNALS:
            if name != "bytesWritten" or self.watch_writes:
                getattr(self.sock, name).connect(self._slot(name))
        self.sock.destroyed.connect(self._slot("destroyed"))

    def renew(self) -> None:
        """Have an object to connect: the same one if it still exists.

        Qt remembers an abort() until the next connectToHost(): an adopted connection ends without Closing then.
        """
        adopts = self is self.world.far or self.world.kind == "local"
        if self.sock is not None and adopts and not self.world.qt.is_qnet:
            self.doomed = True
            self.sock = None
        if self.sock is None:
            self.make()
        if self.sock.isTransactionStarted():  # on a closed device; Qt keeps it
            self.sock.rollbackTransaction()

    def begin(self) -> None:
        super().begin()
        self.connection += 1
        self.reported = self.announced = 0
        self.unreported = self.unannounced = False
        self.lost = False

    def adopt(self, connection: socket.socket) -> None:
        """Take over what the kernel has accepted."""
        self.open = True
        assert self.sock.setSocketDescriptor(connection.detach())

    def _slot(self, name: str) -> Callable[..., None]:
        react = getattr(self, f"_on_{name}")

        calls = self.calls

        def slot(*args: Any) -> None:
            try:
                react(*args)
                if name not in ("readyRead", "bytesWritten"):  # these do it themselves
                    calls.in_life_slot += 1
                    try:
                        self._carry_out(name)
                    finally:
                        calls.in_life_slot -= 1
                if name == "aboutToClose":
                    calls.about_to_close = False
                    if self.calls is calls:
                        self._forget_unread()
            except BaseException as error:
                self.world.failures.append(error)

        return slot

    def _carry_out(self, name: str) -> None:
        plans = self.plans.get(name)
        if plans and not self.world.finishing:
            plan = plans.pop()
            self.world.fired += 1
            plan()

    # -- what its signals may say

    def _on_stateChanged(self, state: Any) -> None:
        name = state.name.removesuffix("State")
        assert (self.state, name) in ARROWS, f"{self.state} -> {name}"
        self.trace.append(f"state:{name}")
        if self.state == "Unconnected":
            assert not self.standing or self.calls.in_life_slot, "no disconnected"
            self.channel_open = True
            self.standing = False
        self.state = name
        if name == "Connected":
            self.standing = True
            self.open = self.open or self.world.kind == "local"  # it opens when it connects
        if name == "Unconnected":
            self._ended()

    def _ended(self) -> None:
        if self.ended_by in ("disconnect", "close") and not self.lost:
            self.end_politely()
            if self.watch_writes and not self.unreported:
                assert self.reported == self.written, "nobody was told what did not leave"
        self.over = True

    def _on_connected(self) -> None:
        self.trace.append("connected")
        assert self.state == "Connected"

    def _on_errorOccurred(self, code: Any) -> None:
        name = code.name.removesuffix("Error")
        self.trace.append(f"error:{name}")
        if name == "SocketTimeout":
            assert self.calls.waiting
            self.timeouts += 1
        elif name in ("RemoteHostClosed", "PeerClosed"):
            assert self.state in ("Connected", "Closing")
            assert self.peer.has_ended(), "the peer has done nothing"
            assert not self.lost, "told twice"
            self.lost = True
        else:
            raise AssertionError(f"{name}: {self.sock.errorString()}")

    def _on_readChannelFinished(self) -> None:
        self.trace.append("readChannelFinished")
        assert self.state == "Unconnected"
        assert self.channel_open
        self.channel_open = False

    def _on_disconnected(self) -> None:
        self.trace.append("disconnected")
        assert self.state == "Unconnected"
        assert self.standing
        assert not self.channel_open, "before readChannelFinished"
        self.standing = False

    def _on_aboutToClose(self) -> None:
        self.trace.append("aboutToClose")
        self.calls.about_to_close = True
        assert self.calls.closing or self.doomed or self.may_close_itself()

    def _on_readyRead(self) -> None:
        assert not self.calls.in_ready_read, "readyRead within readyRead"
        assert self.state in ("Connected", "Closing"), self.state
        assert self.arrived() > self.announced, "readyRead without new bytes"
        self.announced = self.arrived()
        self.unannounced = False
        self.check_limit()
        calls = self.calls
        calls.in_ready_read = True
        try:
            self._carry_out("readyRead")
        finally:
            calls.in_ready_read = False

    def _on_bytesWritten(self, count: int) -> None:
        assert not self.calls.in_bytes_written, "bytesWritten within bytesWritten"
        assert count > 0
        self.reported += count
        assert self.reported <= self.left()
        calls = self.calls
        calls.in_bytes_written = True
        try:
            self._carry_out("bytesWritten")
        finally:
            calls.in_bytes_written = False

    def _on_destroyed(self, *_: Any) -> None:
        self.trace.append("destroyed")
        assert self.doomed
        self.sock = None
        self.over = True
        self.open = False
        self.state = "Unconnected"

    # -- what is true between two calls

    def must_be_complete(self) -> bool:
        return self.open and super().must_be_complete()

    def is_doomed(self) -> bool:
        return self.doomed

    def may_close_itself(self) -> bool:
        """Qt closes a connection that it cannot write to, and what was received is gone."""
        return self.peer.has_ended() and not self.world.qt.is_qnet

    def left(self) -> int:
        return self.written - (self.sock.bytesToWrite() if self.sock is not None else 0)

    def arrived(self) -> int:
        if self.sock is None or not self.open:
            return self.inbox.position
        return self.inbox.position + int(self.sock.bytesAvailable()) - len(self.inbox.pushed)

    def check_limit(self) -> None:
        taken = self.inbox.position - self.inbox.saved[0] if self.inbox.saved else 0
        arrived = self.sock.bytesAvailable() - len(self.inbox.pushed) + taken
        assert not self.limit or arrived <= self.limit, f"{arrived} bytes in a buffer of {self.limit}"

    def check(self) -> None:
        if self.sock is None:
            return
        sock = self.sock
        if self.may_close_itself():
            if not sock.isOpen():
                self._forget_unread()
            elif self.arrived() < self.announced:
                self.inbox.pushed, self.announced = b"", self.inbox.position
        assert sock.state().name.removesuffix("State") == self.state
        assert sock.isOpen() == self.open
        if self.state == "Unconnected":
            assert self.over
            assert sock.bytesToWrite() == 0
            assert sock.socketDescriptor() == -1
        if not self.open:
            assert sock.bytesAvailable() == 0
            return
        arrived = self.arrived()
        assert self.announced <= arrived <= self.peer.written
        assert arrived <= self.peer.left() or self.peer.has_ended()
        assert self.unannounced or arrived == self.announced, "bytes came without readyRead"
        if self.watch_writes and not (self.unreported or self.has_ended() or self.peer.has_ended()):
            assert self.reported == self.left(), "bytes left without bytesWritten"

    # -- writing

    def write(self, count: int, kind: Callable[[bytes], Any] = bytes) -> None:
        if self.sock is None:
            return
        before = self.sock.bytesToWrite()
        kind = kind if self.world.qt.is_qnet or kind is not memoryview else bytes  # PySide6 takes no view of bytes
        result = self.sock.write(kind(content(self.written, count)))
        if not self.open or self.state == "Unconnected":
            assert result == -1
            assert self.sock.bytesToWrite() == before
            return
        if result == -1 and self.calls.in_life_slot and self.state == "Closing":
            return  # the connection is over
        assert result == count
        self.written += count
        assert before <= self.sock.bytesToWrite() <= before + count
        if self.watch_writes:
            assert self.sock.bytesToWrite() == before + count

    def flush(self) -> None:
        if self.sock is None:
            return
        self.mind_the_slot()
        before = self.sock.bytesToWrite()
        fired = self.world.fired
        result = self.sock.flush()
        if self.world.fired == fired and not self.peer.has_ended() and self.sock is not None:
            assert result == (self.sock.bytesToWrite() < before)

    # -- reading: what a call returns follows from what is there

    def read(self, how: str, count: int) -> None:
        if self.sock is None:
            return
        available = int(self.sock.bytesAvailable())
        if not self.open:
            assert available == 0
        wanted = {"read": count, "peek": count, "skip": count}.get(how, available)
        expected = self.inbox.next(min(wanted, available))
        if how in ("readLine", "canReadLine"):
            line_end = expected.find(b"\n") + 1
            if how == "canReadLine":
                assert self.sock.canReadLine() == (line_end > 0)
                return
            expected = expected[: line_end or None]
            if count > 1:
                expected = expected[: count - 1]
            count = 0 if count == 1 else count  # 1 is refused
        self._compare(how, count, expected)
        rest = available if how == "peek" else available - len(expected)
        assert self.sock.bytesAvailable() == rest

    def _compare(self, how: str, count: int, expected: bytes) -> None:
        call = getattr(self.sock, how)
        found = call() if how == "readAll" else call(count)
        if how == "skip" and not expected and self.state in ("Closing", "Unconnected"):
            assert found in (0, -1)  # qnet, and Qt
        elif how == "skip":
            assert found == (len(expected) if self.open else -1)
        else:
            assert bytes(found) == expected, f"{how}: {len(found)} bytes, {len(expected)} expected"
        if how != "peek":
            self.inbox.take(len(expected))

    def unget(self, byte: bytes) -> None:
        if self.sock is None:
            return
        before = self.sock.bytesAvailable()
        self.sock.ungetChar(byte.decode("latin-1"))
        if self.open and self.inbox.saved is None:
            self.inbox.pushed = byte + self.inbox.pushed
            before += 1
        assert self.sock.bytesAvailable() == before

    def transaction(self, how: str) -> None:
        if self.sock is None:
            return
        arrived = self.arrived()
        getattr(self.sock, f"{how}Transaction")()
        if how == "start":
            if self.inbox.saved is None:
                self.inbox.begin()
        else:
            self.inbox.end(undo=how == "rollback")
        assert self.sock.isTransactionStarted() == (self.inbox.saved is not None)
        assert self.arrived() == arrived

    def drain(self) -> None:
        if self.sock is not None and self.open:
            self.read("readAll", 0)

    def plan(self, signal: str, action: Callable[[], object]) -> None:
        """Have *action* done once, in a slot of *signal*; of Qt's only where it survives everything."""
        if self.world.qt.is_qnet or signal in SAFE_SIGNALS:
            self.plans.setdefault(signal, []).append(action)

    def set_option(self, option: str, value: int) -> None:
        """An option of the socket. A local one has none: its descriptor gets the buffer's size."""
        if self.sock is None:
            return
        descriptor = self.sock.socketDescriptor()
        if self.world.kind == "tcp":
            name = option if option.endswith("Option") else f"{option}SocketOption"
            self.sock.setSocketOption(getattr(self.world.qt.QAbstractSocket.SocketOption, name), value)
        elif descriptor >= 0 and option == "SendBufferSize":
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                copy.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, value)

    def set_limit(self, size: int) -> None:
        if self.sock is None:
            return
        self.sock.setReadBufferSize(size)
        assert self.sock.readBufferSize() == size
        held = self.sock.bytesAvailable()
        self.limit = max(size, held) if size else 0

    # -- waiting

    def mind_the_slot(self) -> None:
        """Neither signal is emitted within a slot of it: what goes in and out meanwhile is not told of."""
        self.unannounced = self.unannounced or self.calls.in_ready_read
        self.unreported = self.unreported or self.calls.in_bytes_written

    def wait(self, what: str, milliseconds: int) -> None:
        if self.sock is None or (what == "Disconnected" and not self.world.may_wait_for_the_end(self)):
            return
        arrived, to_write, timeouts, fired = self.arrived(), self.sock.bytesToWrite(), self.timeouts, self.world.fired
        state = self.state
        self.mind_the_slot()
        calls = self.calls
        calls.waiting += 1
        try:
            result = getattr(self.sock, f"waitFor{what}")(milliseconds)
        finally:
            calls.waiting -= 1
        if self.world.fired != fired or self.sock is None or self.calls.in_life_slot:
            return
        if result:
            assert self.timeouts == timeouts, "true, and timed out"
        if what == "ReadyRead":
            assert result == (self.arrived() > arrived)
        elif what == "BytesWritten":
            assert not result or self.sock.bytesToWrite() < to_write
        elif state != "Unconnected":
            assert result == (self.state == "Unconnected")

    # -- ending

    def finish(self, how: str) -> None:
        """End it: disconnect, close, abort, reset (abort, and the peer sees a reset), or delete."""
        if self.sock is None:
            return
        fired, begun, nested = self.world.fired, len(self.trace), self.calls.about_to_close
        state, was_open = self.state, self.open
        if how == "reset":
            self._linger()
        if (not self.ended_by and state != "Unconnected") or how in ("abort", "reset", "delete"):
            self.ended_by = how
        calls = self.calls
        calls.closing += 1
        if how == "delete":
            self.doomed = True
        try:
            self._call_to_finish(how)
        finally:
            calls.closing -= 1
        if self.sock is not None and self.world.fired == fired and not nested:
            told = self.trace[begun:]
            if state == "Closing" and how in ("disconnect", "close") and not self.world.qt.is_qnet:
                told = [signal for signal in told if signal == "aboutToClose"]  # a second call makes Qt end it at once
            assert told in endings(self.world.kind, how, state, was_open), f"{how} in {state}: {self.trace}"
            if how in ("abort", "reset"):
                assert self.state == "Unconnected"
                assert self.sock.bytesAvailable() == 0

    def _call_to_finish(self, how: str) -> None:
        sock = self.sock
        if how == "delete":
            sock.deleteLater()
        elif how == "disconnect":
            sock.disconnectFromHost() if self.world.kind == "tcp" else sock.disconnectFromServer()
        else:
            connection = self.connection
            sock.close() if how == "close" else sock.abort()
            if self.connection == connection:  # else a slot has connected anew
                self._forget_unread()

    def _forget_unread(self) -> None:
        """Closing drops what was not read."""
        self.open = self.calls.about_to_close  # it stays open until the slots of that return
        self.inbox.pushed = b""
        self.inbox.saved = None

    def _linger(self) -> None:
        descriptor = self.sock.socketDescriptor()
        if descriptor >= 0:
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endings(kind: str, how: str, state: str, was_open: bool) -> list[list[str]]:
    """What a call that ends a connection may emit before it returns."""
    end = ["state:Unconnected", "readChannelFinished", "disconnected"]
    if state == "Unconnected":
        end = []
    elif state in ("HostLookup", "Connecting"):
        end = end[:2] if kind == "tcp" else end[:1]
    about = ["aboutToClose"] if was_open else []
    if how == "delete":
        return [[]]
    if how in ("abort", "reset"):
        return [about + end] if kind == "tcp" else [end + about]
    about = about if how == "close" else []
    if state == "Connected":
        error = "error:RemoteHostClosed" if kind == "tcp" else "error:PeerClosed"  # and what was written is not out
        closing = [*about, "state:Closing"]
        return [closing, closing + end, [*closing, error, *end]]
    return [about + end] if (kind, state) == ("local", "Connecting") else [about]
