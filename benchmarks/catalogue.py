"""The peers that can be measured, which package each needs, and whether an interpreter has it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

# Imports the package, because an installation that lacks a library has metadata all the same.
_PROBE = """
import importlib, importlib.metadata, json, platform, sys
name = sys.argv[1]
if name: importlib.import_module(name)
try: version = importlib.metadata.version(name) if name else platform.python_version()
except importlib.metadata.PackageNotFoundError:
    version = getattr(importlib.import_module(name), "__version__", "unknown")
print(json.dumps({"python": platform.python_version(), "version": version}))
"""


@dataclass(frozen=True)
class Peer:
    """One implementation to compare; ``package`` is what its interpreter must import ("" for none)."""

    name: str
    title: str
    package: str = ""


@dataclass(frozen=True)
class Found:
    """A peer that can run: the interpreter to use and the versions for the report."""

    peer: Peer
    interpreter: str
    version: str
    python_version: str


PEERS: Mapping[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("qnet", "qnet", "qnet"),
        Peer("qnet-socks5", "qnet through a SOCKS5 proxy", "qnet"),
        Peer("python", "plain Python calls: the floor for signals"),
        Peer("epoll", "a bare select.epoll() loop: the floor for sockets"),
        Peer("asyncio", "asyncio protocols and call_later"),
        Peer("asyncio-streams", "asyncio streams"),
        Peer("uvloop", "asyncio protocols on uvloop", "uvloop"),
        Peer("twisted", "Twisted", "twisted"),
        Peer("pyside6", "PySide6: the same program as qnet's", "PySide6"),
        Peer("pyside6-socks5", "PySide6 through a SOCKS5 proxy", "PySide6"),
        Peer("psygnal", "psygnal", "psygnal"),
        Peer("blinker", "blinker", "blinker"),
    )
}


def find(peer: Peer, interpreter: str) -> Found | str:
    """Ask *interpreter* whether it can run *peer*: what was found, or the reason to skip it."""
    if peer.name == "epoll" and not hasattr(select, "epoll"):
        return "this system has no epoll"
    try:
        answer = subprocess.run(
            [interpreter, "-c", _PROBE, peer.package],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{interpreter} cannot be run: {error}"
    if answer.returncode != 0:
        last_line = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        where = "" if interpreter == sys.executable else f" for {interpreter}"
        return f"{peer.package} is not installed{where} ({last_line})"
    facts = json.loads(answer.stdout)
    return Found(peer, interpreter, facts["version"], facts["python"])


def environment() -> dict[str, str]:
    """The environment for peers: as here, with this repository importable from any interpreter."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path}
