"""A DNS server whose answers a test writes: honest, hostile, or none at all, over UDP and TCP on one port.

It is real (sockets of the kernel, a thread of its own), and does what the handler of the test says for every query.
Nothing in it sleeps: what has to come late waits until the test lets it go.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

LOCALHOST = "127.0.0.1"

Handler = Callable[["Asked"], None]


class Asked:
    """One query that arrived, and the ways to answer it."""

    def __init__(self, server: Responder, wire: bytes, client: Any, connection: Connection | None) -> None:
        self.server = server
        self.wire = wire
        self.client = client
        self.connection = connection
        self.time = time.monotonic()
        self.message: Any = dns.message.from_wire(wire)
        self.number = 0  # 1 for the first query of the responder

    @property
    def over_tcp(self) -> bool:
        return self.connection is not None

    @property
    def name(self) -> str:
        """The name in the question, as it is on the wire."""
        return str(self.message.question[0].name)

    @property
    def kind(self) -> int:
        return int(self.message.question[0].rdtype)

    def reply(self, *records: str, rcode: int = 0, flags: int = 0, question: Any = None) -> Any:
        """An answer with *records*, each as in a zone file: ``"a.test 60 IN A 1.2.3.4"``."""
        message = dns.message.make_response(self.message)
        message.flags |= flags
        message.set_rcode(rcode)
        if question is not None:
            message.question = question
        message.answer = rrsets(records)
        return message

    def answer(self, *records: str, **details: Any) -> None:
        """Send `reply`."""
        self.send(self.reply(*records, **details).to_wire(max_size=65535))

    def send(self, wire: bytes) -> None:
        """Send *wire* the way the query came."""
        if self.connection is not None:
            self.connection.send(len(wire).to_bytes(2, "big") + wire)
        else:
            self.server.datagrams.sendto(wire, self.client)

    def send_from(self, other: socket.socket, wire: bytes) -> None:
        """Send *wire* by UDP from another socket than the one that was asked."""
        other.sendto(wire, self.client)

    def send_raw(self, data: bytes) -> None:
        """Send bytes of a TCP stream, without the length in front."""
        assert self.connection is not None
        self.connection.send(data)

    def trickle(self, wire: bytes) -> None:
        """Send *wire* by TCP, each byte in a segment of its own."""
        for byte in len(wire).to_bytes(2, "big") + wire:
            self.send_raw(bytes([byte]))

    def close(self) -> None:
        """Close the TCP connection."""
        assert self.connection is not None
        self.server.drop(self.connection)


class Connection:
    """A TCP client of the responder."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(30)
        self.sock = sock
        self.received = b""

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # the client has gone, which is its good right

    def queries(self) -> Iterable[bytes]:
        """The queries that are complete."""
        while len(self.received) >= 2:
            end = 2 + int.from_bytes(self.received[:2], "big")
            if len(self.received) < end:
                return
            query, self.received = self.received[2:end], self.received[end:]
            yield query


class Responder:
    """Listens on a free *port* of *host* (UDP, and TCP unless *tcp* is False) while it is used in a ``with``."""

    def __init__(self, handler: Handler, host: str = LOCALHOST, tcp: bool = True, port: int = 0) -> None:
        self.handler = handler
        self.queries: list[Asked] = []
        self.failures: list[BaseException] = []
        self._asked_once = threading.Event()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.datagrams, self.listener = _bound_pair(family, host, port)
        self.port = int(self.datagrams.getsockname()[1])
        self._tcp = tcp  # if not, the port is bound all the same, so that nobody else listens there
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._orders: list[Callable[[], None]] = []
        self._connections: set[Connection] = set()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Responder:
        self._selector.register(self.datagrams, selectors.EVENT_READ, self._datagram)
        self._selector.register(self._woken, selectors.EVENT_READ, self._obey)
        if self._tcp:
            self.listener.listen()
            self._selector.register(self.listener, selectors.EVENT_READ, self._accept)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stopping = True
        self._wake.send(b"x")
        self._thread.join(60)
        assert not self._thread.is_alive()
        for connection in list(self._connections):
            self.drop(connection)
        self._selector.close()
        for sock in (self.datagrams, self.listener, self._wake, self._woken):
            sock.close()
        if kind is None and self.failures:
            raise self.failures[0]

    def later(self, order: Callable[[], None]) -> None:
        """Have the responder's thread call *order*: from the test's thread."""
        self._orders.append(order)
        self._wake.send(b"x")

    def await_query(self) -> None:
        """Wait, without an event loop, until somebody has asked something."""
        assert self._asked_once.wait(60), "nobody asks"

    def is_idle(self) -> bool:
        """Whether nothing that was sent to it waits, and no TCP connection is open: asked without an event loop."""
        idle: list[bool] = []
        looked = threading.Event()

        def look() -> None:
            with selectors.DefaultSelector() as pending:
                for sock in (self.datagrams, self.listener) if self._tcp else (self.datagrams,):
                    pending.register(sock, selectors.EVENT_READ)
                idle.append(not self._connections and not pending.select(0))
            looked.set()

        self.later(look)
        assert looked.wait(60)
        return idle[0]

    def drop(self, connection: Connection) -> None:
        if connection in self._connections:
            if self._selector.get_map() and connection.sock in self._selector.get_map():
                self._selector.unregister(connection.sock)
            connection.sock.close()
            self._connections.discard(connection)

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                key.data()
        while ready := self._selector.select(0):  # what was asked before the end counts
            for key, _ in ready:
                key.data()

    def _obey(self) -> None:
        self._woken.recv(100)
        while self._orders:
            self._guarded(self._orders.pop(0))

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as failure:
            self.failures.append(failure)

    def _datagram(self) -> None:
        wire, client = self.datagrams.recvfrom(65536)
        self._asked(wire, client, None)

    def _accept(self) -> None:
        sock, _ = self.listener.accept()
        connection = Connection(sock)
        self._connections.add(connection)
        self._selector.register(sock, selectors.EVENT_READ, lambda: self._stream(connection))

    def _stream(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.drop(connection)
            return
        connection.received += data
        for query in connection.queries():
            self._asked(query, connection.sock.getpeername(), connection)

    def _asked(self, wire: bytes, client: Any, connection: Connection | None) -> None:
        self._guarded(lambda: self._answer(Asked(self, wire, client, connection)))
        self._asked_once.set()

    def _answer(self, query: Asked) -> None:
        query.number = len(self.queries) + 1
        self.queries.append(query)
        self.handler(query)


def rrsets(records: Iterable[str]) -> list[Any]:
    """Records in zone-file form as sections of a message have them, one set a record: their order stays."""
    made = []
    for record in records:
        name, ttl, kind_of, kind, data = record.split(None, 4)
        owner = dns.name.from_text(name, dns.name.root)
        if data.startswith("\\#"):  # RFC 3597, and kept as it is however malformed
            each = dns.rdata.GenericRdata(
                dns.rdataclass.from_text(kind_of), dns.rdatatype.from_text(kind), bytes.fromhex(data[2:])
            )
            made.append(dns.rrset.from_rdata(owner, int(ttl), each))
        else:
            made.append(dns.rrset.from_text_list(owner, int(ttl), kind_of, kind, [data], None, dns.name.root, False))
    return made


def _bound_pair(family: int, host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket bound to the same port, which the system chooses if it is 0."""
    for _ in range(100):
        datagrams = socket.socket(family, socket.SOCK_DGRAM)
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            datagrams.bind((host, port))
            listener.bind((host, datagrams.getsockname()[1]))
        except OSError:
            datagrams.close()
            listener.close()
            continue
        return datagrams, listener
    raise OSError("no port is free for both UDP and TCP")
