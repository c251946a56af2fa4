"""A network of a thread's own: on Linux each thread has a network namespace, and may leave the one that it shares."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest
from _implementations import Implementation

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


class PrivateNetwork:
    """What a test does in its thread: change the network, and turn the loop."""

    def __init__(self) -> None:
        self.qt = Implementation("qnet")

    def ip(self, commands: str) -> None:
        """Run ``ip`` with each line of *commands*, in one go."""
        subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, timeout=60)

    def set_up(self, name: str, up: bool) -> None:
        """Switch an interface on or off, in microseconds."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            request = struct.pack("16sH14x", name.encode(), 0)
            (flags,) = struct.unpack("16xH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
            flags = flags | IFF_UP if up else flags & ~IFF_UP
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags))

    def wait(self, condition: Callable[[], Any], timeout: float = 30.0) -> bool:
        return self.qt.wait(condition, timeout)

    def spin(self, milliseconds: int) -> None:
        self.qt.spin(milliseconds)


def run_in_private_network(test: Callable[[PrivateNetwork], None]) -> None:
    """Call *test* in a thread that shares its network with nobody but the processes it starts."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and the ip program to make network namespaces")
    errors: list[BaseException] = []
    refused: list[int] = []
    libc = ctypes.CDLL(None, use_errno=True)

    def work() -> None:
        if libc.unshare(CLONE_NEWNET):
            refused.append(ctypes.get_errno())
            return
        try:
            test(PrivateNetwork())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(100)
    assert not thread.is_alive(), "it hangs"
    if refused:
        pytest.skip("network namespaces are not permitted here")
    if errors:
        raise errors[0]
