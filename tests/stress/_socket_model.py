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
import socket
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from _model_sockets import QtEnd
from _model_streams import KernelEnd

PATIENCE = 60.0
"""Seconds after which something that has to happen counts as hanging."""


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
