"""Runs the example programs as a user would: in processes of their own, over real sockets."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from _sleeping import wait_until_asleep

REPOSITORY = Path(__file__).resolve().parent.parent.parent
EXAMPLES = REPOSITORY / "examples"
PATIENCE = 100.0  # less than pytest's time limit; nothing takes so long that works


class Running:
    """An example that is running: its output line by line, Ctrl-C, and its end."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
        )
        self._output = b""

    def line(self) -> str:
        """The next line of standard output."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._output:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no line within {PATIENCE} s, only {self._output!r}"
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, f"it ended: {self.process.communicate()[1].decode()}"
            self._output += data
        line, self._output = self._output.split(b"\n", 1)
        return line.decode()

    def port(self) -> int:
        """The port in the next line, with which every server begins."""
        found = re.search(r"port (\d+)", self.line())
        assert found
        return int(found[1])

    def ctrl_c(self) -> tuple[int, str]:
        """Press Ctrl-C while it waits: the exit code and what was on standard error."""
        self.interrupt()
        return self.end()

    def interrupt(self) -> None:
        """Press Ctrl-C while it waits."""
        wait_until_asleep(self.process.pid)
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Wait for the end: the exit code and what was on standard error."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors.decode()

    def kill(self) -> None:
        with self.process:
            self.process.kill()


class Examples:
    """Starts examples of one implementation by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[Running] = []
        # Each starts with its interpreter's defaults, plus the repository: it may not be installed.
        self.environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}

    def start(self, name: str, *arguments: object) -> Running:
        command = [sys.executable, str(self.folder / f"{name}.py"), *map(str, arguments)]
        started = Running(command, self.environment)
        self.running.append(started)
        return started

    def run(self, name: str, *arguments: object) -> tuple[int, str, str]:
        """Run to the end: exit code, standard output and standard error."""
        started = self.start(name, *arguments)
        output, errors = started.process.communicate(timeout=PATIENCE)
        return started.process.returncode, output.decode(), errors.decode()
