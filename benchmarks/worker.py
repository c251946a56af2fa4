"""A peer's program in a process of its own, driven with JSON lines over its standard input and output."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from benchmarks.catalogue import REPOSITORY, Found, environment


class WorkerError(Exception):
    """The peer's program could not start, stopped answering or broke its promise; the text says which."""


@dataclass(frozen=True)
class Program:
    """A module of ``benchmarks.peers`` and the arguments that make it one peer's program."""

    module: str
    arguments: tuple[str, ...] = ()

    def command(self, interpreter: str) -> list[str]:
        return [interpreter, "-m", f"benchmarks.peers.{self.module}", *self.arguments]


class Worker:
    """Runs *program* until closed; its first line (``greeting``) says what a client needs, e.g. the port."""

    START_TIMEOUT = 30.0

    def __init__(self, found: Found, program: Program) -> None:
        self.peer = found.peer.name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            program.command(found.interpreter),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=REPOSITORY,
            env=environment(),
        )
        self._received = b""
        try:
            self.greeting = self._read(self.START_TIMEOUT)
        except WorkerError:
            self.close()
            raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the program."""
        return self._process.pid

    @property
    def port(self) -> int:
        """Port on 127.0.0.1 that a server program announced."""
        return int(self.greeting["port"])

    def ask(self, request: Mapping[str, Any], timeout: float = 60.0) -> dict[str, Any]:
        """Send one request and return its answer; raise WorkerError after *timeout* seconds without one."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise WorkerError(self._obituary()) from None
        return self._read(timeout)

    def cpu(self) -> float:
        """Seconds of CPU, user and system, that the program has used so far."""
        return float(self.ask({"case": "cpu"})["cpu"])

    def close(self) -> None:
        """End the program: end of input asks it to, and a kill follows if it does not listen."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass  # what was still to be sent no longer matters
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._errors.close()

    def _read(self, timeout: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout
        while b"\n" not in self._received:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise WorkerError(f"no answer within {timeout:g} s")
            data = os.read(descriptor, 65536)
            if not data:
                raise WorkerError(self._obituary())
            self._received += data
        line, self._received = self._received.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _obituary(self) -> str:
        """Why the program ended, in its own last words."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"ended with code {code}: {lines[-1] if lines else 'nothing on its standard error'}"
