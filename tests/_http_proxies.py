"""HTTP proxies for tests: tinyproxy, squid, and one of our own that can be as bad as a test wants.

All listen on a free port of 127.0.0.1, run in the foreground, and end with the test.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _ports import server_port

LOCALHOST = "127.0.0.1"
PATIENCE = 30.0
USER, PASSWORD, REALM = "alice", "open-sesame", "proxies of qnet"

SQUID_HELPER = Path("/usr/lib/squid/digest_file_auth")


@contextlib.contextmanager
def running(command: list[str], port: int, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs *command* until the end of the block, which begins when *port* takes connections."""
    log = cwd / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection((LOCALHOST, port), timeout=PATIENCE).close()
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline or process.poll() is not None:
                    pytest.fail(f"{command[0]} does not start: {log.read_text(errors='replace')}")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def directory_for_others() -> Iterator[Path]:
    """A directory that a program which gives up root may read: pytest's own are for their owner only."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o777)
        yield path


@contextlib.contextmanager
def tinyproxy(*lines: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """tinyproxy with Basic authentication; its port and process. Skips the test where it is not installed."""
    program = shutil.which("tinyproxy")
    if program is None:
        pytest.skip("tinyproxy is not installed")
    with server_port() as port, directory_for_others() as path:
        config = path / "tinyproxy.conf"
        settings = [f"Port {port}", f"Listen {LOCALHOST}", "Timeout 60", "MaxClients 20", "LogLevel Critical"]
        settings += [f"BasicAuth {USER} {PASSWORD}", *lines]
        config.write_text("\n".join(settings) + "\n")
        with running([program, "-d", "-c", str(config)], port, path) as process:
            yield port, process


@contextlib.contextmanager
def squid(*lines: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """squid with Digest authentication; its port and process. Skips the test where it is not installed."""
    program = shutil.which("squid") or shutil.which("squid", path="/usr/sbin")
    if program is None or not SQUID_HELPER.exists():
        pytest.skip("squid is not installed")
    with server_port() as port, directory_for_others() as path:
        users = path / "users"
        users.write_text(f"{USER}:{PASSWORD}\n")
        users.chmod(0o644)
        settings = [
            f"http_port {LOCALHOST}:{port}",
            f"auth_param digest program {SQUID_HELPER} {users}",
            f"auth_param digest realm {REALM}",
            "auth_param digest children 1",
            "acl known proxy_auth REQUIRED",
            *lines,
            "http_access allow known",
            "http_access deny all",
            "cache deny all",
            "cache_mem 0",
            "memory_pools off",
            "access_log none",
            f"cache_log {path / 'log'}",
            f"pid_filename {path / 'pid'}",
            f"coredump_dir {path}",
            "visible_hostname localhost",
            "max_filedescriptors 256",
            "shutdown_lifetime 0 seconds",
        ]
        config = path / "squid.conf"
        config.write_text("\n".join(settings) + "\n")
        with running([program, "-N", "-f", str(config)], port, path) as process:
            yield port, process


Handler = Callable[["Client"], None]


class HandMade:
    """A proxy, or a target, of our own: hands each connection to *handler*, in a thread, until the block ends."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server((LOCALHOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.requests: list[list[str]] = []
        """Of each connection, in their order."""
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.errors: list[Exception] = []
        self._ending = False

    def __enter__(self) -> HandMade:
        self._threads[0].start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)
        self._listener.close()
        for sock in self._open:
            sock.close()
        assert self.errors == []

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            requests: list[str] = []
            self.requests.append(requests)
            thread = threading.Thread(target=self._serve, args=(Client(self.keep(sock), requests, self),))
            self._threads.append(thread)
            thread.start()

    def keep(self, sock: socket.socket) -> socket.socket:
        """Have *sock* closed at the end."""
        sock.settimeout(PATIENCE)
        self._open.append(sock)
        if self._ending:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        return sock

    def _serve(self, client: Client) -> None:
        try:
            self._handler(client)
        except (EOFError, OSError):
            pass  # the test has what it wanted
        except Exception as error:
            self.errors.append(error)
        finally:
            client.close()


class Client:
    """One connection to a `HandMade`."""

    def __init__(self, sock: socket.socket, requests: list[str], server: HandMade) -> None:
        self.sock = sock
        self._requests = requests
        self._server = server

    def request(self) -> str:
        """The next request; EOFError if the client hangs up instead."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            more = self.sock.recv(4096)
            if not more:
                raise EOFError
            data += more
        self._requests.append(data.decode("latin-1"))
        return self._requests[-1]

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def trickle(self, data: bytes) -> None:
        """Send byte by byte, each in a packet of its own."""
        for byte in data:
            self.sock.sendall(bytes([byte]))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def until_hangup(self) -> None:
        """Say nothing until the client gives up."""
        while self.sock.recv(4096):
            pass

    def tunnel(self, request: str, limit: float = float("inf")) -> None:
        """Connect to what *request* asks for and relay both ways, *limit* bytes to the client at most."""
        found = re.match(r"CONNECT \[?(.*?)\]?:(\d+) HTTP/1\.1\r\n", request)
        assert found, request
        target = self._server.keep(socket.create_connection((found[1], int(found[2])), timeout=PATIENCE))
        self.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        upwards = threading.Thread(target=_relay, args=(self.sock, target, float("inf")))
        upwards.start()
        _relay(target, self.sock, limit)
        self.close()
        upwards.join(PATIENCE)


def _relay(source: socket.socket, sink: socket.socket, limit: float) -> None:
    with contextlib.suppress(OSError):
        while limit > 0 and (data := source.recv(65536)):
            sink.sendall(data)
            limit -= len(data)
        if limit > 0:
            sink.shutdown(socket.SHUT_WR)


def challenge(*values: str, body: bytes = b"", headers: str = "") -> bytes:
    """A 407 with these challenges."""
    lines = "".join(f"Proxy-Authenticate: {value}\r\n" for value in values)
    return f"HTTP/1.1 407 Wanted\r\n{lines}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def credentials(request: str, scheme: str) -> str:
    """What *request* carries for *scheme*; empty if nothing."""
    found = re.search(rf"(?im)^proxy-authorization: {scheme} (.*?)\r$", request)
    return found[1] if found else ""


@contextlib.contextmanager
def ntlm_users(path: Path, domain: str, user: str, password: str) -> Iterator[None]:
    """Tells pyspnego's server side who is known."""
    before = os.environ.get("NTLM_USER_FILE")
    path.write_text(f"{domain}:{user}:{password}\n")
    os.environ["NTLM_USER_FILE"] = str(path)
    try:
        yield
    finally:
        os.environ.pop("NTLM_USER_FILE") if before is None else os.environ.update(NTLM_USER_FILE=before)


def ntlm_handler(client: Client) -> None:
    """A proxy that wants NTLM and checks it for real; see `ntlm_users`."""
    import spnego

    context: Any = None
    while True:
        request = client.request()
        token = base64.b64decode(credentials(request, "NTLM"))
        if context is None or not token:
            context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        try:
            reply = context.step(token) if token else None
        except spnego.exceptions.SpnegoError:
            reply = context = None
        if context is not None and context.complete:
            client.tunnel(request)
            return
        client.send(challenge("NTLM " + base64.b64encode(reply).decode() if reply else "NTLM", body=b"<p>no</p>"))
