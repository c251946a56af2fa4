"""What bearer management can do here: the flags of `QNetworkConfigurationManager.capabilities`."""

from __future__ import annotations

import os
import socket

from qnet.bearer._session_directory import directory_path, open_directory
from qnet.core._enums import QtFlag

__all__ = ["Capability", "of_sessions"]


class Capability(QtFlag):
    """What the engines and the sessions can do.

    ===========================  =================================================================================
    `CanStartAndStopInterfaces`  a session's `open` and `stop` start and stop its interface
    `DirectConnectionRouting`    a socket can be bound to a session's interface, past the routing table
    `SystemSessionSupport`       the sessions of all processes are counted, and one's `stop` ends the others'
    `ApplicationLevelRoaming`    a program is asked before its session moves to another access point
    `ForcedRoaming`              the session of a program that does not ask for that is moved
    `DataStatistics`             bytes are counted
    `NetworkSessionRequired`     sockets need an open session; never set: they work without
    ===========================  =================================================================================
    """

    CanStartAndStopInterfaces = 1
    DirectConnectionRouting = 2
    SystemSessionSupport = 4
    ApplicationLevelRoaming = 8
    ForcedRoaming = 16
    DataStatistics = 32
    NetworkSessionRequired = 64


def of_sessions() -> Capability:
    """What does not depend on engines."""
    found = Capability.ApplicationLevelRoaming | Capability.ForcedRoaming
    if hasattr(socket, "SO_BINDTODEVICE"):
        found |= Capability.DirectConnectionRouting
    if _sessions_are_counted():
        found |= Capability.SystemSessionSupport
    return found


def _sessions_are_counted() -> bool:
    try:
        import fcntl

        os.close(open_directory(directory_path()))
    except (ImportError, OSError):  # a system without file locks, or a directory that others may enter
        return False
    return hasattr(fcntl, "lockf")
