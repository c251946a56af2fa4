"""Another process that reads commands from its standard input, one a line, and prints an answer to each."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TypeVar

_Self = TypeVar("_Self", bound="LineProcess")


class LineProcess:
    """Python with *arguments* in such a process; use it in a ``with``. An answer is waited for as long as it takes."""

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=environment,
        )
        self.pid = self._process.pid

    def send(self, *commands: str) -> None:
        assert self._process.stdin is not None
        for command in commands:
            self._process.stdin.write(command + "\n")

    def answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.endswith("\n"), f"it has ended instead of answering: {self._process.wait(60)}"
        return line.strip()

    def ask(self, command: str) -> str:
        self.send(command)
        return self.answer()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """End it as a program ends: its input is over."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(60)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdout is not None
        try:
            if kind is None:
                with contextlib.suppress(BrokenPipeError):  # it was killed
                    self.end()
        finally:
            self._process.stdout.close()
            with contextlib.suppress(BrokenPipeError), self._process:
                self._process.kill()
