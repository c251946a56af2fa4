"""Real peers for the socket tests: plain kernel sockets that misbehave on purpose, and a tracer of signals.

Everything stays on the loopback. Most tests need no thread: the kernel completes a connection to a listening
socket by itself, so a test may connect with Qt's class and accept here afterwards.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import socket
import struct
import termios
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

LOCALHOST = "127.0.0.1"
PATIENCE = 30.0

SIGNALS = (
    "hostFound",
    "connected",
    "disconnected",
    "stateChanged",
    "errorOccurred",
    "readyRead",
    "bytesWritten",
    "channelReadyRead",
    "channelBytesWritten",
    "readChannelFinished",
    "aboutToClose",
)
ORDER_SIGNALS = tuple(s for s in SIGNALS if s not in ("channelReadyRead", "channelBytesWritten", "bytesWritten"))

CONNECTING = ["state:HostLookup", "state:Connecting", "hostFound@Connecting"]
CONNECTED = [*CONNECTING, "state:Connected", "connected@Connected"]
LOCAL_CLOSE = ["state:Closing", "state:Unconnected", "readChannelFinished@Unconnected", "disconnected@Unconnected"]
REMOTE_CLOSE = ["error:RemoteHostClosed@Connected", *LOCAL_CLOSE]
ABORTED = [
    "aboutToClose@Connected",
    "state:Unconnected",
    "readChannelFinished@Unconnected",
    "disconnected@Unconnected",
]


def short(member: Any) -> str:
    """``ConnectedState`` -> ``Connected``, ``RemoteHostClosedError`` -> ``RemoteHostClosed``."""
    name: str = member.name
    return name.removesuffix("State").removesuffix("Error")


class Begins:
    """Equal to every text that begins like *text*: qnet adds which phase failed, and with whom."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other.startswith(self.text)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"{self.text!r}..."


class Trace(list[str]):
    """The signals of one socket in order, each with the state that ``state()`` had: ``"connected@Connected"``."""

    def __init__(self, device: Any, signals: tuple[str, ...] = ORDER_SIGNALS) -> None:
        super().__init__()
        self._device = weakref.ref(device)
        for name in signals:
            if hasattr(device, name):
                getattr(device, name).connect(self._slot(name))

    def _slot(self, name: str) -> Callable[..., None]:
        if name == "stateChanged":
            return lambda value: self.append(f"state:{short(value)}")
        if name == "errorOccurred":
            return lambda value: self.append(f"error:{short(value)}@{self._state()}")
        if name in ("bytesWritten", "channelReadyRead", "channelBytesWritten"):
            return lambda *values: self.append(f"{name}:{','.join(map(str, values))}")
        return lambda: self.append(f"{name}@{self._state()}")

    def _state(self) -> str:
        """The device's state now; a device that is just being destroyed has none."""
        device = self._device()
        try:
            return short(device.state()) if device is not None else "destroyed"
        except RuntimeError:  # PySide6: the C++ object is gone, its wrapper is not
            return "destroyed"

    def take(self) -> list[str]:
        """What was recorded so far; the record starts anew."""
        taken = list(self)
        self.clear()
        return taken


@contextlib.contextmanager
def raw_listener(host: str = LOCALHOST, backlog: int = 16) -> Iterator[socket.socket]:
    """A listening kernel socket on a free port, closed at the end."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.settimeout(PATIENCE)
        listener.bind((host, 0))
        listener.listen(backlog)
        yield listener


def port_of(sock: socket.socket) -> int:
    """The port that *sock* is bound to."""
    return int(sock.getsockname()[1])


_opened: list[socket.socket] = []


def keep(sock: socket.socket) -> socket.socket:
    """Have *sock* closed at the end of the test, with a time limit on every call until then."""
    sock.settimeout(PATIENCE)
    _opened.append(sock)
    return sock


def close_kept() -> None:
    """Close what ``keep`` collected."""
    while _opened:
        _opened.pop().close()


_ours: list[Any] = []


def ours(made: Any) -> Any:
    """Have a socket or server of Qt's kind closed at the end of the test; an event loop may keep it else."""
    _ours.append(made)
    return made


def close_ours() -> None:
    """Close what ``ours`` collected."""
    while _ours:
        made = _ours.pop()
        with contextlib.suppress(RuntimeError):  # PySide6: deleted already
            made.abort() if hasattr(made, "abort") else made.close()


def accept(listener: socket.socket) -> socket.socket:
    """The next connection of *listener*."""
    return keep(listener.accept()[0])


def dial(port: int, host: str = LOCALHOST) -> socket.socket:
    """A kernel socket connected to *port*."""
    return keep(socket.create_connection((host, port), timeout=PATIENCE))


def datagram_peer(host: str = LOCALHOST) -> socket.socket:
    """A kernel UDP socket on a free port of *host*."""
    sock = keep(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind((host, 0))
    return sock


def stream_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected local stream sockets."""
    one, other = socket.socketpair()
    return keep(one), keep(other)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


HAS_IPV6 = _has_ipv6()
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6 loopback")


def closed_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port of the loopback where nobody listens, and nobody can begin to until the end of the test."""
    if kind == socket.SOCK_DGRAM:
        sock = datagram_peer()
        sock.connect(sock.getsockname())  # it hears itself alone: all others are refused
    else:
        sock = keep(socket.socket(socket.AF_INET6 if HAS_IPV6 else socket.AF_INET))
        if HAS_IPV6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::" if HAS_IPV6 else LOCALHOST, 0))  # and does not listen
    return port_of(sock)


# What the kernel has done. Even on the loopback it may take its time, on a machine that is busy.


def until(condition: Callable[[], Any]) -> bool:
    """Wait without an event loop; False after `PATIENCE`."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.001)
    return True


@contextlib.contextmanager
def kernel_view(sock: Any) -> Iterator[socket.socket]:
    """The kernel's socket under one of Qt's, or the same one."""
    number = sock.fileno() if isinstance(sock, socket.socket) else sock.socketDescriptor()
    with socket.socket(fileno=os.dup(number)) as view:
        yield view


def is_readable(sock: socket.socket) -> bool:
    """Whether a call that receives would not block."""
    return bool(select.select([sock], [], [], 0)[0])


def arrived(sock: Any, count: int) -> bool:
    """Wait until *count* bytes of a stream are there to be received."""

    def enough() -> bool:
        fcntl.ioctl(view, termios.FIONREAD, waiting)
        return waiting[0] >= count

    waiting = array.array("i", [0])
    with kernel_view(sock) as view:
        return until(enough)


def ended(sock: Any) -> bool:
    """Wait until the peer's end, or its reset, is there."""
    poll = select.poll()
    with kernel_view(sock) as view:
        poll.register(view, select.POLLRDHUP)
        return bool(poll.poll(int(PATIENCE * 1000)))


def queued(listener: Any, count: int) -> bool:
    """Wait until *count* connections wait to be accepted by a listening TCP socket."""

    def enough() -> bool:
        info = view.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
        return int(struct.unpack_from("=I", info, 24)[0]) >= count  # tcpi_unacked: here it is the backlog's length

    with kernel_view(listener) as view:
        return until(enough)


def deliver(sender: socket.socket, data: bytes, receiver: Any) -> None:
    """Send a datagram to a socket that nobody reads meanwhile, and wait until it is there."""

    def memory() -> int:
        return int(struct.unpack_from("=I", view.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))[0])

    with kernel_view(receiver) as view:
        before = memory()
        sender.sendto(data, view.getsockname())
        assert until(lambda: memory() > before)


SO_MEMINFO = 55


def reset(connection: socket.socket) -> None:
    """Close *connection* with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def deaf_listener(host: str = LOCALHOST) -> Iterator[int]:
    """The port of a listener whose backlog is full: further connection attempts neither succeed nor fail."""
    with raw_listener(host, backlog=0) as listener, socket.create_connection(listener.getsockname(), PATIENCE):
        assert queued(listener, 1)
        yield port_of(listener)


def is_dialled(port: int) -> bool:
    """Whether somebody tries to connect to *port* of the IPv4 loopback."""
    with open("/proc/net/tcp") as table:
        return any(line.split()[2:4] == [f"0100007F:{port:04X}", "02"] for line in table)  # 02: SYN_SENT


def read_all(connection: socket.socket) -> bytes:
    """Everything until the end of the stream (or its reset)."""
    chunks = []
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(1 << 16):
            chunks.append(chunk)
    return b"".join(chunks)


def read_exactly(connection: socket.socket, count: int) -> bytes:
    """*count* bytes, or fewer if the stream ends before."""
    data = bytearray()
    while len(data) < count and (chunk := connection.recv(count - len(data))):
        data += chunk
    return bytes(data)


def trickle(connection: socket.socket, data: bytes, pause: float) -> None:
    """Send *data* one byte at a time, *pause* seconds apart, each in a segment of its own."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for index in range(len(data)):
        connection.sendall(data[index : index + 1])
        time.sleep(pause)


class Link:
    """A connected client socket of Qt's class, the trace of its signals and the kernel socket at the other end."""

    def __init__(self, client: Any, trace: Trace, peer: socket.socket) -> None:
        self.socket = client
        self.trace = trace
        self.peer = peer

    def __iter__(self) -> Iterator[Any]:
        return iter((self.socket, self.trace, self.peer))


class Background:
    """Runs *function* in a thread; leaving the block joins it and raises what it raised."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.result: Any = None
        self.failure: BaseException | None = None
        self._call = lambda: function(*args)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.result = self._call()
        except BaseException as failure:
            self.failure = failure

    def alive(self) -> bool:
        """Whether the function still runs."""
        return self._thread.is_alive()

    def join(self) -> Any:
        """Wait for the end and return the function's result."""
        self._thread.join(2 * PATIENCE)
        assert not self._thread.is_alive(), "the background peer hangs"
        if self.failure is not None:
            raise self.failure
        return self.result

    def __enter__(self) -> Background:
        self._thread.start()
        return self

    def __exit__(self, kind: object, value: object, trace: object) -> None:
        if kind is None:
            self.join()
