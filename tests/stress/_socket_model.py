"""Two connected sockets and what a bystander knows about them: a model that real sockets are checked against.

A `World` holds two `End`s, at least one of them a socket of Qt's kind, and connects them anew as often as it is asked
to. Each end counts what it wrote and checks what it reads against a known content, so that a byte that is lost,
doubled or out of order is noticed where it is read. What the kernel holds is not modelled, only bounded: what has
arrived is never more than what the peer has sent.

Nothing here measures time: whoever has to wait for something turns the loop until it has happened, and `PATIENCE` is
there so that a test that would hang fails.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

PATIENCE = 60.0
"""Seconds after which something that has to happen counts as hanging."""

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

_PERIOD = 1_048_583  # a prime: no block size hides a repetition
_CONTENT = random.Random(1).randbytes(_PERIOD).replace(b"\x00", b"\n") * 2


def content(start: int, count: int) -> bytes:
    """*count* bytes of the stream that everybody writes, from position *start* on."""
    parts = []
    while count > 0:
        begin = start % _PERIOD
        parts.append(_CONTENT[begin : begin + min(count, _PERIOD)])
        start += len(parts[-1])
        count -= len(parts[-1])
    return b"".join(parts)


class Inbox:
    """Where a reader is in its peer's stream, and what it has put back in front of it."""

    def __init__(self) -> None:
        self.position = 0
        self.pushed = b""
        self.saved: tuple[int, bytes] | None = None

    def next(self, count: int) -> bytes:
        front = self.pushed[: max(count, 0)]
        return front + content(self.position, count - len(front))

    def take(self, count: int) -> None:
        from_front = min(count, len(self.pushed))
        self.pushed = self.pushed[from_front:]
        self.position += count - from_front

    def begin(self) -> None:
        self.saved = (self.position, self.pushed)

    def end(self, *, undo: bool) -> None:
        if undo and self.saved is not None:
            self.position, self.pushed = self.saved
        self.saved = None


class End:
    """What both kinds of ends have in common."""

    peer: End

    def __init__(self, world: World) -> None:
        self.world = world
        self.inbox = Inbox()
        self.written = 0  # what was accepted from the writer, of this connection
        self.over = True  # this end has no connection (any more)
        self.ended_by = ""  # what the program did to end it here, if it did
        self.clean: int | None = None  # it ended so that the peer must get everything, if it writes no more than this

    def begin(self) -> None:
        """A new connection."""
        self.inbox = Inbox()
        self.written = 0
        self.over = False
        self.clean = None
        self.ended_by = ""

    def __repr__(self) -> str:
        how = f"ended by {self.ended_by}" if self.ended_by else "over" if self.over else "alive"
        return f"<{how}, wrote {self.written}, read {self.inbox.position}>"

    def left(self) -> int:
        """How much of what was written has left this end at most."""
        return self.written

    def arrived(self) -> int:
        """How much of the peer's stream has come here."""
        return self.inbox.position

    def has_ended(self) -> bool:
        """Whether something happened here that the peer may see as the end."""
        return self.over or bool(self.ended_by)

    def end_politely(self) -> None:
        """This end closes now, after all its bytes: if there is nothing unread, the peer will get them."""
        peer = self.peer
        if not peer.has_ended() and peer.written == peer.left() == self.arrived():
            self.clean = peer.written

    def must_be_complete(self) -> bool:
        """Whether this end, at the end of the connection, must have read all that its peer has written."""
        return self.peer.clean == self.written and not self.ended_by

    def is_doomed(self) -> bool:
        """Whether the object at this end is about to be destroyed."""
        return False

    def drain(self) -> None:
        """Read what there is."""
        raise NotImplementedError


class KernelEnd(End):
    """A plain socket of the kernel that never blocks."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.sock: socket.socket | None = None

    def adopt(self, sock: socket.socket) -> None:
        self.begin()
        sock.setblocking(False)
        self.sock = sock

    def write(self, count: int) -> None:
        if self.sock is None or self.ended_by:
            return
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self.written += self.sock.send(content(self.written, count))

    def read(self, count: int) -> None:
        if self.sock is None or self.over:
            return
        try:
            data = self.sock.recv(count)
        except BlockingIOError:
            return
        except ConnectionResetError:
            self.over = True
            return
        if not data:
            self.over = True
        assert data == self.inbox.next(len(data)), "other bytes than were written"
        self.inbox.take(len(data))

    def drain(self) -> None:
        while self.sock is not None and not self.over:
            before = self.inbox.position
            self.read(1 << 20)
            if self.inbox.position == before:
                return

    def finish(self, how: str) -> None:
        """End it: "half" closes for writing only, "reset" makes the peer see a reset, all else closes."""
        if self.sock is None or (self.ended_by and how == "half"):
            return
        if how == "half":
            self.end_politely()
            self.ended_by = how
            with contextlib.suppress(OSError):  # reset by the peer
                self.sock.shutdown(socket.SHUT_WR)
            return
        if how == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif self.ended_by != "half":
            self.end_politely()
        if how == "reset" or self.peer.left() != self.arrived():
            self.clean = None
        self.ended_by = how
        self.over = True
        self.sock.close()
        self.sock = None


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


class World:
    """The two ends, how they are connected, and the loop that both live in."""

    def __init__(self, qt: Any, kind: str, *, plain_peer: bool, watch_writes: tuple[bool, bool]) -> None:
        self.qt = qt
        self.kind = kind
        self.failures: list[BaseException] = []
        self.made: list[weakref.ReferenceType[Any]] = []
        self.fired = 0
        self.finishing = self.reopening = False
        self.blocking = False  # whether the loop is left alone
        self.folder = tempfile.TemporaryDirectory(prefix="qnet")
        self.listeners = 0
        self.near = QtEnd(self, watch_writes=watch_writes[0])
        self.far: KernelEnd | QtEnd = KernelEnd(self) if plain_peer else QtEnd(self, watch_writes=watch_writes[1])
        self.near.peer, self.far.peer = self.far, self.near
        self.ends = (self.near, self.far)

    def __repr__(self) -> str:
        return f"<World, {self.near!r}, {self.far!r}>"

    # -- connecting

    @contextlib.contextmanager
    def listening(self) -> Iterator[tuple[socket.socket, Callable[[], object]]]:
        """A listener of the kernel, and what connects the near end to it."""
        sock = self.near.sock
        if self.kind == "tcp":
            with socket.create_server(("127.0.0.1", 0)) as listener:
                listener.settimeout(PATIENCE)
                yield listener, lambda: sock.connectToHost("127.0.0.1", listener.getsockname()[1])
            return
        self.listeners += 1
        name = os.path.join(self.folder.name, str(self.listeners))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.settimeout(PATIENCE)
            listener.bind(name)
            listener.listen()
            yield listener, lambda: sock.connectToServer(name)
        os.unlink(name)

    def reopen(self, *, by_waiting: bool, early: int, in_slot: bool = False) -> None:
        """End what there is and connect both ends anew, the same objects if they still exist."""
        if self.reopening or self.finishing:
            return
        if in_slot and (not self.qt.is_qnet or any(end.is_doomed() for end in self.ends)):
            return
        self.reopening = True
        try:
            for end in self.ends:
                end.finish("abort")
            self.serve_deletions()
            for end in self.ends:
                if isinstance(end, QtEnd):
                    end.renew()
                end.begin()
            self._connect(by_waiting, early)
        finally:
            self.reopening = False

    def _connect(self, by_waiting: bool, early: int) -> None:
        near, far = self.near, self.far
        near.trace.clear()
        far.over = True
        with self.listening() as (listener, connect):
            if self.kind == "tcp":
                near.open = True
            connect()
            if near.sock is not None and near.state in ("HostLookup", "Connecting"):
                near.write(early)
            if by_waiting and near.state in ("HostLookup", "Connecting"):
                near.sock.waitForConnected(int(PATIENCE * 1000))
            self.turn_until(lambda: near.state not in ("HostLookup", "Connecting"))
            if "state:Connected" in near.trace:
                far.over = False
                far.adopt(listener.accept()[0])

    # -- turning the loop

    def turn(self, how: str = "events") -> None:
        """Turn the loop once, until a timer of 0 or 1 ms is due, or not at all: by blocking calls of either end."""
        qt = self.qt
        if self.blocking:
            for end in self.ends:
                if isinstance(end, QtEnd):
                    end.wait("BytesWritten", 1)
                    end.wait("ReadyRead", 1)
            return
        for end in self.ends:
            if isinstance(end, QtEnd):
                end.mind_the_slot()
        if how == "events":
            qt.QCoreApplication.processEvents()
        else:
            loop = qt.QEventLoop()
            qt.QTimer.singleShot(1 if how == "exec for a while" else 0, loop.quit)
            loop.exec()

    def serve_deletions(self) -> None:
        self.qt.QCoreApplication.sendPostedEvents(None, self.qt.QEvent.Type.DeferredDelete.value)

    def turn_until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        progress = [one.arrived() for one in self.ends]
        while not condition():
            self.raise_failures()
            self.turn("exec")
            now = [one.arrived() for one in self.ends]
            if now != progress:
                end, progress = time.monotonic() + PATIENCE, now
            assert time.monotonic() < end, f"it never comes: {self!r}"

    def may_wait_for_the_end(self, end: QtEnd) -> bool:
        """Qt's waitForDisconnected() with a full read buffer never returns."""
        return bool(self.qt.is_qnet or not end.limit)

    # -- checking

    def raise_failures(self) -> None:
        if self.failures:
            raise self.failures[0]

    def check(self) -> None:
        self.raise_failures()
        for end in self.ends:
            if isinstance(end, QtEnd):
                end.check()

    def settle(self) -> None:
        """Read at both ends until everything has arrived, or the connection is over for both."""
        for end in self.ends:
            if isinstance(end, QtEnd) and end.inbox.saved is not None:
                end.transaction("commit")
            if isinstance(end, QtEnd) and 0 < end.limit < 4096:
                end.set_limit(4096)
        self.turn_until(self._is_settled)
        for end in self.ends:
            if end.must_be_complete():
                assert end.inbox.position == end.peer.written, "the end of the stream was lost"

    def _is_settled(self) -> bool:
        self.serve_deletions()
        for end in self.ends:
            end.drain()
        self.check()
        if any(end.has_ended() for end in self.ends):
            return all(end.over for end in self.ends)
        return all(end.inbox.position == end.peer.written for end in self.ends)

    def finish(self) -> None:
        """Everything is given back."""
        self.finishing = True
        for end in self.ends:
            end.finish("abort")
            if isinstance(end, QtEnd):
                end.doomed = True
                end.sock = None
        self.qt.process()
        self.qt.process()  # what was to be deleted twice
        self.folder.cleanup()
        self.raise_failures()
        if self.qt.is_qnet:
            assert [sock() for sock in self.made if sock() is not None] == [], "referred to by whom?"
