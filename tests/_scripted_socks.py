"""A program that plays SOCKS5 proxies, each of which follows its scripts; `_socks_proxies.ScriptedProxy` talks to it.

It reads requests from its standard input, one a line, and prints an answer to each: ``("open", scripts)`` -> the port
of a new proxy, ``("look", port)`` -> what that one has heard so far, by connection, ``("close", port)`` -> the same at
its end. It ends with its input.
"""

from __future__ import annotations

import ast
import os
import select
import socket
import struct
import sys
import threading
import time
from typing import Any

LOCALHOST = "127.0.0.1"
GRANTED = b"\5\0\0\1\x0a\1\2\3\x12\x34"


class Proxy:
    """One listening port."""

    def __init__(self, scripts: list[list[Any]]) -> None:
        self.scripts = scripts
        self.listener = socket.create_server((LOCALHOST, 0))
        self.port = int(self.listener.getsockname()[1])
        self.connections: list[Connection] = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            connection = Connection(sock)
            script = self.scripts[min(len(self.connections), len(self.scripts) - 1)]
            self.connections.append(connection)
            threading.Thread(target=connection.run, args=(script,), daemon=True).start()

    def look(self) -> list[list[bytes]]:
        return [list(connection.heard) for connection in list(self.connections)]

    def close(self) -> list[list[bytes]]:
        heard = self.look()
        # A thread may be in one of these descriptors: shutting down wakes it up, and it closes.
        for sock in (self.listener, *(connection.sock for connection in self.connections)):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        return heard


class Connection:
    """One connection, in a thread of its own."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.heard: list[bytes] = []
        self.more: list[socket.socket] = []

    def run(self, script: list[Any]) -> None:
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for step in script:
                if not self.hear():
                    return
                if isinstance(step, bytes):
                    self.sock.sendall(step)
                else:
                    getattr(self, step[0])(*step[1:])
            while self.sock.fileno() >= 0 and self.hear():
                continue
        except OSError:
            return
        finally:
            for sock in (self.sock, *self.more):
                sock.close()

    def hear(self) -> bytes:
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            self.heard.append(b"reset")
            return b""
        self.heard.append(data)
        return data

    # The steps that are more than bytes.

    def silence(self) -> None:
        """Say nothing."""

    def close(self, last_words: bytes = b"") -> None:
        """Say *last_words* and hang up."""
        self.sock.sendall(last_words)
        self.sock.close()

    def reset(self) -> None:
        """Hang up with a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def trickle(self, data: bytes) -> None:
        """*data* byte by byte, each in a segment of its own."""
        for index in range(len(data)):
            self.sock.sendall(data[index : index + 1])
            time.sleep(0.002)

    def bind(self, early: bytes = b"", address: str = LOCALHOST) -> None:
        """Listen, say where; when somebody connects, say who, and with it *early*. Then hear what comes."""
        with socket.create_server((LOCALHOST, 0)) as listener:
            port = listener.getsockname()[1]
            self.sock.sendall(b"\5\0\0\1" + socket.inet_aton(address) + struct.pack("!H", port))
            ready, _, _ = select.select([listener, self.sock], [], [])
            if self.sock in ready:
                return
            client, (host, client_port) = listener.accept()
        self.more.append(client)
        self.sock.sendall(b"\5\0\0\1" + socket.inet_aton(host) + struct.pack("!H", client_port) + early)

    def bound(self, second: bytes, reset: bool = False) -> None:
        """Say that it listens, and then *second* or hang up, without waiting for anybody."""
        self.sock.sendall(GRANTED)
        time.sleep(0.02)
        if second:
            self.sock.sendall(second)
        elif reset:
            self.reset()
        else:
            self.sock.close()

    def relay(self, address: str = LOCALHOST) -> None:
        """Take datagrams; answer each with one from its destination, among some that are to be dropped."""
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        ):
            relay.bind((LOCALHOST, 0))
            self.sock.sendall(b"\5\0\0\1" + socket.inet_aton(address) + struct.pack("!H", relay.getsockname()[1]))
            while True:
                ready, _, _ = select.select([relay, self.sock], [], [])
                if self.sock in ready:
                    return
                data, client = relay.recvfrom(65536)
                self.heard.append(data)
                if data.endswith(b"hang up"):
                    self.sock.close()
                    return
                end = 5 + data[4] + 2 if data[3] == 3 else 10 if data[3] == 1 else 22
                head, text = data[:end], data[end:]
                for bad in (b"", b"\0\0", b"\0\0\1" + head[3:] + b"fragment", b"\0\0\0\7" + head[4:], b"\1" + head[1:]):
                    relay.sendto(bad, client)
                if text == b"stranger":
                    stranger.sendto(head + b"from a stranger", client)
                relay.sendto(head + b"echo: " + text, client)


def main() -> None:
    proxies: dict[int, Proxy] = {}
    for line in sys.stdin:
        request, argument = ast.literal_eval(line)
        if request == "open":
            proxy = Proxy(argument)
            proxies[proxy.port] = proxy
            print(proxy.port, flush=True)
        elif request == "look":
            print(repr(proxies[argument].look()), flush=True)
        else:
            proxy = proxies.pop(argument, None)  # None: that of a player that was given up
            print(repr(proxy.close() if proxy is not None else []), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
