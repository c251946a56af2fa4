"""Network namespaces for tests: whole networks of one's own, which need root."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

HERE = os.path.dirname(__file__)


class Namespace:
    """A network namespace with its own resolv.conf and hosts file, if they are given; use it in a ``with``."""

    def __init__(self, **files: str) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            pytest.skip("needs root and the ip program to make network namespaces")
        self.name = f"qnet-test-{uuid.uuid4().hex[:12]}"  # a number of a process may come again
        self.prefix = ("ip", "netns", "exec", self.name)
        self._etc = Path("/etc/netns", self.name)
        self._files = files

    def __enter__(self) -> Namespace:
        made = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, text=True, timeout=60)
        if any(words in made.stderr for words in ("not permitted", "ermission denied", "ead-only")):
            pytest.skip(f"network namespaces are not permitted here: {made.stderr.strip()}")
        assert made.returncode == 0, made.stderr
        try:
            for name, text in self._files.items():
                self._etc.mkdir(parents=True, exist_ok=True)
                (self._etc / name.replace("_", ".")).write_text(text)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *details: object) -> None:
        shutil.rmtree(self._etc, ignore_errors=True)
        subprocess.run(["ip", "netns", "del", self.name], check=True, timeout=60)

    def ip(self, commands: str) -> None:
        """Run ``ip`` with each line of *commands*."""
        for line in commands.strip().splitlines():
            self.run("ip", *line.split())

    def wait_until_running(self, *names: str) -> None:
        """Wait until these interfaces have a carrier, of which the kernel tells up to a second later."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            links = json.loads(self.run("ip", "-json", "link"))
            if {each["ifname"] for each in links if each["operstate"] == "UP"} >= set(names):
                return
            time.sleep(0.02)
        raise AssertionError(f"not all of {names} have a carrier")

    def run(self, *command: str) -> str:
        """What *command* prints in the namespace; its errors go to the test's output."""
        return subprocess.run(
            [*self.prefix, *command], stdout=subprocess.PIPE, text=True, check=True, timeout=60
        ).stdout

    def python(self, code: str) -> str:
        """What *code* prints, with the tests and the project importable."""
        return self.run("env", f"PYTHONPATH={self.python_path()}", sys.executable, "-c", code)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a Python program in the namespace; it speaks through its standard output."""
        return subprocess.Popen([*self.prefix, sys.executable, *arguments], stdout=subprocess.PIPE, text=True)

    @staticmethod
    def python_path() -> str:
        return os.pathsep.join([HERE, *filter(None, sys.path)])


def call(module: str, function: str, qt: Any) -> str:
    """Code that prints as JSON what *function* of a test *module* returns for an implementation."""
    return (
        f"import json; from _implementations import Implementation; from {module} import {function}; "
        f"print(json.dumps({function}(Implementation({qt.name!r}))))"
    )
