"""Real peers for the socket tests: plain kernel sockets that misbehave on purpose, and a tracer of signals.

Everything stays on the loopback. Most tests need no thread: the kernel completes a connection to a listening
socket by itself, so a test may connect with Qt's class and accept here afterwards.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

LOCALHOST = "127.0.0.1"
PATIENCE = 5.0

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


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port nobody listens on: bound once and let go."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind((LOCALHOST, 0))
        return port_of(sock)


def reset(connection: socket.socket) -> None:
    """Close *connection* with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextlib.contextmanager
def deaf_listener(host: str = LOCALHOST) -> Iterator[int]:
    """The port of a listener whose backlog is full: further connection attempts neither succeed nor fail."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(raw_listener(host, backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield port_of(listener)


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
        self._thread.join(4 * PATIENCE)
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
