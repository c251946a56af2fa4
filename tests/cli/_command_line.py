"""Running ``python -m qnet`` as users do: as a program, with what it prints and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent.parent


class Ended(NamedTuple):
    """How a command has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


def environment(**more: str) -> dict[str, str]:
    """That of this process, with the project importable, UTF-8, and no service networks but the test's."""
    paths = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    return {
        **os.environ,
        "PYTHONPATH": paths,
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "",
        "QNET_NETWORKS": "/nonexistent/networks.toml",
        "QNET_BEARER_ENGINES": "netlink,generic,networks",
        "COLUMNS": "100",
        **more,
    }


def run(*arguments: str, prefix: tuple[str, ...] = (), **variables: str) -> Ended:
    """Run ``python -m qnet`` with *arguments*, and *variables* in its environment, to its end."""
    ended = subprocess.run(
        [*prefix, sys.executable, "-m", "qnet", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=environment(**variables),
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def start(*arguments: str, prefix: tuple[str, ...] = (), **variables: str) -> subprocess.Popen[str]:
    """Start it, and leave it running."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-m", "qnet", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**variables),
    )
