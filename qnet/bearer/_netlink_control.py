"""Taking interfaces up and down by pyroute2 (extra ``netlink``), where the process may do that."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec

__all__ = ["ControlError", "obstacle", "set_up"]

_CAP_NET_ADMIN = 12  # capabilities(7)


class ControlError(Exception):
    """An interface was not taken up or down; the text says why."""


def obstacle() -> str:
    """Why this process cannot start interfaces, for people; "" if it can."""
    if not _may_administrate():
        return "this process lacks the right to start and stop interfaces (CAP_NET_ADMIN)"
    if find_spec("pyroute2") is None:
        return "starting and stopping interfaces needs pyroute2: pip install 'qnet[netlink]'"
    return ""


def set_up(index: int, up: bool) -> None:
    """Take the interface numbered *index* up or down, in the network namespace of the running thread.

    It says nothing about a carrier or addresses, which come later or never. Raises ControlError.
    """
    problem = obstacle()
    if problem:
        raise ControlError(problem)
    pyroute2 = import_module("pyroute2")  # it has no type annotations
    try:
        with pyroute2.IPRoute() as routes:
            routes.link("set", index=index, state="up" if up else "down")
    except pyroute2.NetlinkError as error:
        raise ControlError(os.strerror(error.code)) from error
    except OSError as error:
        raise ControlError(str(error)) from error


def _may_administrate() -> bool:
    if sys.platform != "linux":
        return False
    try:
        with open("/proc/thread-self/status", encoding="ascii", errors="replace") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name == "CapEff":
                    return bool(int(value, 16) >> _CAP_NET_ADMIN & 1)
    except (OSError, ValueError):
        pass
    return False
