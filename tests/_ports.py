"""Ports that nobody else takes meanwhile: to bind a port and let it go says only that it was free a moment ago."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

LOCALHOST = "127.0.0.1"
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


@contextlib.contextmanager
def server_port() -> Iterator[int]:
    """A port of 127.0.0.1, UDP and TCP, for a program that takes it as an argument.

    It is none of those that the system gives away by itself. Other test processes are kept off by a name in the
    abstract namespace, which goes with its socket.
    """
    first = int(RANGE.read_text().split()[0]) if RANGE.exists() else 32768
    candidates = list(range(max(1024, first - 12_000), first))
    random.SystemRandom().shuffle(candidates)  # processes may have been seeded alike
    with socket.socket(socket.AF_UNIX) as reservation:
        yield next(port for port in candidates if _is_free(port) and _is_reserved(reservation, port))


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind((LOCALHOST, port))
    except OSError:
        return False
    return True


def _is_reserved(reservation: socket.socket, port: int) -> bool:
    """Whether *port* is for this process alone from now on."""
    if sys.platform == "linux":
        try:
            reservation.bind(f"\0qnet-test-port-{port}")
        except OSError:
            return False
    return True
