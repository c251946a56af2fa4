"""SOCKS5 proxies for tests: microsocks, danted, and one of our own that follows a script, however bad.

All listen on a free port of 127.0.0.1 and end with the block that they are used in. The one of our own runs in another
process (`_scripted_socks`): some calls of the oracle block with the interpreter's lock held.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from _ports import server_port
from _scripted_socks import GRANTED, LOCALHOST

__all__ = [
    "BLOCKED",
    "GRANTED",
    "GRANTED_LOCAL",
    "LOCALHOST",
    "LOGIN",
    "NO_LOGIN",
    "NO_METHOD",
    "PASSWORD",
    "REFUSED",
    "TAKEN",
    "USER",
    "RealProxy",
    "ScriptedProxy",
    "danted",
    "microsocks",
    "refused",
]

PATIENCE = 30.0
USER, PASSWORD = "alice", "open-sesame"

# What a proxy says.
NO_LOGIN, LOGIN, NO_METHOD = b"\5\0", b"\5\2", b"\5\xff"
TAKEN, REFUSED = b"\1\0", b"\1\1"
GRANTED_LOCAL = ("10.1.2.3", 0x1234)


def refused(code: int) -> bytes:
    """A reply that refuses."""
    return bytes((5, code, 0, 1)) + bytes(6)


# --- real ones -------------------------------------------------------------------------------------------------------


class RealProxy:
    """A running proxy; ``kill`` ends it with every connection that it has."""

    def __init__(self, name: str, port: int, command: list[str], log: Path) -> None:
        self.name = name
        self.port = port
        self._log = log
        self._killed = False
        with log.open("wb") as output:
            # A session of its own: danted has children, and they must go too.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection((LOCALHOST, self.port), timeout=PATIENCE).close()
                return
            except ConnectionRefusedError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise AssertionError(f"{self.name}: {self._log.read_text(errors='replace')}") from None
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.02)

    def kill(self) -> None:
        """End it at once; the kernel closes its connections. Nobody listens any more when this returns."""
        if self._killed:
            return  # its number may be another's by now
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        deadline = time.monotonic() + PATIENCE
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:  # danted's children have its listening socket, too
                socket.create_connection((LOCALHOST, self.port), timeout=PATIENCE).close()
                time.sleep(0.001)


@contextlib.contextmanager
def _running(proxy: RealProxy) -> Iterator[RealProxy]:
    try:
        proxy.wait_until_it_listens()
        yield proxy
    finally:
        proxy.kill()


def _program(name: str) -> str:
    import pytest

    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@contextlib.contextmanager
def microsocks(directory: Path, *, login: bool = False) -> Iterator[RealProxy]:
    """microsocks, with `USER` and `PASSWORD` if a *login* is wanted. It knows CONNECT only."""
    program = _program("microsocks")
    with server_port() as port:
        command = [program, "-i", LOCALHOST, "-p", str(port)]
        if login:
            command += ["-u", USER, "-P", PASSWORD]
        with _running(RealProxy("microsocks", port, command, directory / "microsocks.log")) as proxy:
            yield proxy


_DANTED = """\
logoutput: stderr
internal: {host} port = {port}
external: {host}
clientmethod: none
socksmethod: {method}
user.privileged: {user}
user.unprivileged: {user}
client pass {{
    from: 0.0.0.0/0 to: 0.0.0.0/0
}}
socks block {{
    from: 0.0.0.0/0 to: {blocked}/32
}}
socks pass {{
    from: 0.0.0.0/0 to: 0.0.0.0/0
    command: connect bind bindreply udpassociate udpreply
}}
"""
BLOCKED = "127.99.99.99"


@contextlib.contextmanager
def danted(directory: Path, *, login: bool = False) -> Iterator[RealProxy]:
    """danted with all of SOCKS5 on the loopback; with *login* only for users of this system. `BLOCKED` is forbidden."""
    program = _program("danted")
    method = "username" if login else "none"
    with server_port() as port:
        config = directory / f"danted-{port}.conf"
        config.write_text(
            _DANTED.format(host=LOCALHOST, port=port, method=method, user=getpass.getuser(), blocked=BLOCKED)
        )
        command = [program, "-N", "1", "-f", str(config)]
        with _running(RealProxy("danted", port, command, directory / f"danted-{port}.log")) as proxy:
            yield proxy


# --- one of our own --------------------------------------------------------------------------------------------------


class _Player:
    """The process that plays the scripts; started once, it ends with ours."""

    process: subprocess.Popen[str] | None = None

    @classmethod
    def ask(cls, *request: Any) -> Any:
        if cls.process is None:
            program = Path(__file__).with_name("_scripted_socks.py")
            cls.process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            atexit.register(cls.process.communicate)
        process = cls.process
        assert process.stdin is not None
        assert process.stdout is not None
        cls.process = None  # until it has answered: after a time-out here its answers would be to other questions
        process.stdin.write(f"{request!r}\n")
        process.stdin.flush()
        answer = ast.literal_eval(process.stdout.readline())
        cls.process = process
        return answer


class ScriptedProxy:
    """A proxy that follows *scripts*, one for each connection; the last one is for all further ones.

    A script is a list of steps, one for each message that comes: bytes to answer with, or ``("name", ...)`` for one of
    the methods of `_scripted_socks.Connection`. After the last step it only listens until the client hangs up.
    """

    def __init__(self, *scripts: list[Any]) -> None:
        self.port: int = _Player.ask("open", scripts)
        self._heard: list[list[bytes]] | None = None

    def so_far(self) -> list[list[bytes]]:
        """What has come until now; see `heard`. What was sent last may still be on its way."""
        return _Player.ask("look", self.port)

    def heard(self) -> list[list[bytes]]:
        """End it; what came over each connection, message by message. An end is b"", a reset b"reset".

        Only what it has answered is there for certain: wait for the rest with `so_far`.
        """
        if self._heard is None:
            self._heard = _Player.ask("close", self.port)
        return self._heard

    def __enter__(self) -> ScriptedProxy:
        return self

    def __exit__(self, *details: object) -> None:
        self.heard()
