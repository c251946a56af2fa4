"""UDP echo: datagrams in and out of one socket."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from benchmarks.scenarios.base import Case
from benchmarks.scenarios.echo import UDP_PROGRAMS, EchoScenario

LARGEST = 32_768
"""Larger datagrams would measure IP fragmentation and the limits of the socket buffers."""
MOST_CLIENTS = 50
"""The server has one receive buffer: with more datagrams in flight some might not fit and be lost."""


class UdpEcho(EchoScenario):
    """Echo over UDP; every client has a socket of its own, the server one for all."""

    name = "udp-echo"
    title = "UDP echo server"
    unit = "µs of server CPU per datagram"
    rates = ("datagrams/s", "MB/s")
    kind = socket.SOCK_DGRAM
    programs = UDP_PROGRAMS

    def cases(self) -> Sequence[Case]:
        return [
            Case(case.label.replace("connection", "client"), case.size, case.connections)
            for case in super().cases()
            if case.size <= LARGEST and case.connections <= MOST_CLIENTS
        ]
