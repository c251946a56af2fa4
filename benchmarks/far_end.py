"""What a measured client talks to: an echo server, and one behind SOCKS5 (RFC 1928, CONNECT only).

Both run in threads of the benchmark's own process: what they cost is in no figure.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

ADDRESS = "127.0.0.1"
READ_SIZE = 262_144


def echo_server() -> int:
    """Start a server that sends back what it receives; its port."""
    return _serve(_echo)


def socks5_echo_server() -> int:
    """Start a SOCKS5 proxy that wants no login and is an echo server to whoever asks for one; its port."""
    return _serve(_negotiate_and_echo)


def _serve(handle: Callable[[socket.socket], None]) -> int:
    """Call *handle* in a thread for each connection to a new port, which is returned."""
    listener = socket.create_server((ADDRESS, 0))

    def handle_and_close(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            try:
                handle(connection)
            except OSError:
                pass  # the client has gone, in the middle of something or not

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle_and_close, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(READ_SIZE):
        connection.sendall(data)


def _negotiate_and_echo(connection: socket.socket) -> None:
    stream = connection.makefile("rb", buffering=0)
    _, methods = stream.read(2)
    stream.read(methods)
    connection.sendall(b"\5\0")
    stream.read(10)  # a request for an IPv4 address: nothing else is asked for here
    connection.sendall(b"\5\0\0\1\x7f\0\0\1\xff\xff")
    _echo(connection)
