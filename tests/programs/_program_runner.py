"""Runs the programs in `apps` as their users would: in processes of their own, with nothing but the import changed."""

from __future__ import annotations

import ast
import contextlib
import os
import select
import subprocess
import sys
import textwrap
import time
from pathlib import Path

APPS = Path(__file__).resolve().parent / "apps"
REPOSITORY = APPS.parent.parent.parent
PATIENCE = 100.0  # less than pytest's time limit; nothing takes so long that works


def expected_output(name: str) -> str:
    """What the program's docstring says that it prints; empty where it does not say."""
    text = ast.get_docstring(ast.parse((APPS / f"{name}.py").read_text())) or ""
    _, _, lines = text.partition("Prints:\n")
    return textwrap.dedent(lines) + "\n" if lines else ""


def complete_programs() -> list[str]:
    """The programs that need nobody to talk to, by name."""
    return sorted(file.stem for file in APPS.glob("*.py") if expected_output(file.stem))


class Running:
    """A program that is running: its output by lines, its input, and its end."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self._output = b""

    def line(self) -> str:
        """The next line of standard output."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._output:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no line within {PATIENCE} s, only {self._output!r}"
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"it ended: {self.end()}"
            self._output += data
        line, self._output = self._output.split(b"\n", 1)
        return line.decode()

    def type(self, text: str) -> None:
        """Write *text* to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self) -> tuple[int, str, str]:
        """Close its input and wait for the end: exit code, the rest of its output, standard error."""
        output, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, (self._output + output).decode(), errors.decode()

    def kill(self) -> None:
        with contextlib.suppress(BrokenPipeError), self.process:
            self.process.kill()


class Programs:
    """Starts programs for one implementation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[Running] = []
        self._environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8", "no_proxy": "*"}

    def start(self, name: str, *arguments: object) -> Running:
        # PySide6 warns of exec_(), which old programs call.
        options = ["-W", "ignore::DeprecationWarning"]
        command = [sys.executable, *options, str(self.folder / f"{name}.py"), *map(str, arguments)]
        started = Running(command, self._environment)
        self.running.append(started)
        return started
