"""What both kinds of ends in the model of two sockets have in common: the stream of bytes, and where who is in it."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _socket_model import World

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
