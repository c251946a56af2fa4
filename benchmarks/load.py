"""The one load generator: non-blocking clients on 127.0.0.1 that ask for echoes, over TCP or UDP.

It runs in the benchmark's own process and the measured server in another, so what the clients cost is never
in a figure. Every connection's first echo is compared with what was sent; after that bytes are only counted.
"""

from __future__ import annotations

import os
import resource
import select
import socket
import time
from dataclasses import dataclass
from types import TracebackType

ADDRESS = "127.0.0.1"
STALL_TIMEOUT = 20.0
BATCH = 32
"""Connections that are opened before their first echoes are awaited: below every server's listen backlog."""


class LoadError(Exception):
    """The server did not do its part; the text says what."""


@dataclass(frozen=True)
class Load:
    """What a run did: whole messages or connections, and the seconds it took."""

    operations: int
    seconds: float


class Poller:
    """epoll where there is one, else poll: both take descriptors and give ``(descriptor, events)``."""

    READ, WRITE = select.POLLIN, select.POLLOUT

    def __init__(self) -> None:
        self._poller = select.epoll() if hasattr(select, "epoll") else select.poll()
        self._units = 1 if hasattr(select, "epoll") else 1000
        self.register = self._poller.register
        self.modify = self._poller.modify
        self.unregister = self._poller.unregister

    def wait(self) -> list[tuple[int, int]]:
        """The next events; LoadError when none come for long, because then the server has stalled."""
        events = self._poller.poll(STALL_TIMEOUT * self._units)
        if not events:
            raise LoadError(f"the server was silent for {STALL_TIMEOUT:g} s with messages under way")
        return events

    def close(self) -> None:
        if isinstance(self._poller, select.epoll):
            self._poller.close()


class EchoClients:
    """*count* clients of an echo server with messages of *size* bytes; *kind* is the type of socket."""

    def __init__(self, kind: socket.SocketKind, port: int, count: int, size: int) -> None:
        allow_descriptors(count + 100)
        self._message = os.urandom(size)
        self._scratch = bytearray(max(size, 262_144))
        self._poller = Poller()
        self._sockets: dict[int, socket.socket] = {}
        self._received: dict[int, int] = {}  # bytes of the message that is coming in
        self._unsent: dict[int, bytes] = {}
        try:
            while len(self._sockets) < count:
                self._open(kind, port, min(BATCH, count - len(self._sockets)))
        except OSError as error:
            self.close()
            raise LoadError(f"after {len(self._sockets)} of {count} connections: {error}") from error
        except LoadError:
            self.close()
            raise

    def __enter__(self) -> EchoClients:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._poller.close()
        for client in self._sockets.values():
            client.close()
        self._sockets.clear()

    def run(self, seconds: float, in_flight: int = 1) -> Load:
        """Keep *in_flight* messages under way on each connection for *seconds*, then await the last."""
        started = time.perf_counter()
        deadline = started + seconds
        receive, size, received = self._receive, len(self._message), self._received
        operations, under_way = 0, in_flight * len(self._sockets)
        for descriptor in self._sockets:
            self._send(descriptor, in_flight)
        while under_way:
            finished = []
            for descriptor, events in self._poller.wait():
                if events & Poller.WRITE:
                    self._send_rest(descriptor)
                if events & ~Poller.WRITE:
                    whole, received[descriptor] = divmod(received[descriptor] + receive(descriptor), size)
                    if whole:
                        finished.append((descriptor, whole))
            sending = time.perf_counter() < deadline
            for descriptor, whole in finished:
                operations += whole
                if sending:
                    self._send(descriptor, whole)
                else:
                    under_way -= whole
        return Load(operations, time.perf_counter() - started)

    def _open(self, kind: socket.SocketKind, port: int, count: int) -> None:
        opened = []
        for _ in range(count):
            client = socket.socket(socket.AF_INET, kind)
            opened.append(client)
            self._sockets[client.fileno()] = client
            self._received[client.fileno()] = 0
            client.settimeout(STALL_TIMEOUT)
            client.connect((ADDRESS, port))
            if kind is socket.SOCK_STREAM:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(self._message)
        for client in opened:
            self._check_echo(client)
            client.setblocking(False)
            self._poller.register(client.fileno(), Poller.READ)

    def _check_echo(self, client: socket.socket) -> None:
        answer = b""
        while len(answer) < len(self._message):
            data = client.recv(len(self._message))
            if not data:
                raise LoadError(f"the server closed the connection after {len(answer)} bytes of its first echo")
            answer += data
        if answer != self._message:
            raise LoadError("the first echo differs from what was sent")

    def _receive(self, descriptor: int) -> int:
        try:
            count = self._sockets[descriptor].recv_into(self._scratch)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise LoadError(f"a connection broke under load: {error}") from error
        if not count:
            raise LoadError("the server closed a connection under load")
        return count

    def _send(self, descriptor: int, times: int) -> None:
        data = self._message if times == 1 else self._message * times
        if descriptor in self._unsent:
            self._unsent[descriptor] += data
            return
        try:
            sent = self._sockets[descriptor].send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._unsent[descriptor] = data[sent:]
            self._poller.modify(descriptor, Poller.READ | Poller.WRITE)

    def _send_rest(self, descriptor: int) -> None:
        self._poller.modify(descriptor, Poller.READ)
        rest = self._unsent.pop(descriptor)
        sent = self._sockets[descriptor].send(rest)
        if sent < len(rest):
            self._unsent[descriptor] = rest[sent:]
            self._poller.modify(descriptor, Poller.READ | Poller.WRITE)


def churn(port: int, count: int, at_once: int = BATCH) -> Load:
    """Make *count* connections, *at_once* at a time; each sends a line, awaits its echo and closes."""
    line = b"one line of text\n"
    poller = Poller()
    clients: dict[int, socket.socket] = {}
    started = time.perf_counter()
    to_open, finished = count, 0
    try:
        while finished < count:
            while to_open and len(clients) < at_once:
                client = _begin(port)
                clients[client.fileno()] = client
                poller.register(client.fileno(), Poller.WRITE)
                to_open -= 1
            for descriptor, events in poller.wait():
                client = clients[descriptor]
                if events == Poller.WRITE:
                    client.send(line)
                    poller.modify(descriptor, Poller.READ)
                    continue
                answer = client.recv(len(line))
                if answer != line:
                    raise LoadError(f"a connection was answered {answer!r} instead of its line")
                poller.unregister(descriptor)
                clients.pop(descriptor).close()
                finished += 1
    except OSError as error:
        raise LoadError(f"after {finished} of {count} connections: {error}") from error
    finally:
        poller.close()
        for client in clients.values():
            client.close()
    return Load(count, time.perf_counter() - started)


def _begin(port: int) -> socket.socket:
    """A connection that is being made; when it can be written to, it is made."""
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.setblocking(False)
    client.connect_ex((ADDRESS, port))
    return client


def allow_descriptors(count: int) -> None:
    """Raise this process's limit of open descriptors to *count*, or say what the limit is.

    Programs that are started later inherit it: raise it before starting a server that needs it too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= count or soft == resource.RLIM_INFINITY:
        return
    if hard != resource.RLIM_INFINITY and hard < count:
        raise LoadError(
            f"{count} descriptors are needed and the hard limit is {hard}: raise it (ulimit -Hn)"
            " or use fewer connections"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
