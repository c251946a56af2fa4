"""TCP echo: the hot path of every server."""

from __future__ import annotations

import socket

from benchmarks.scenarios.echo import TCP_PROGRAMS, EchoScenario


class TcpEcho(EchoScenario):
    """Echo over TCP."""

    name = "tcp-echo"
    title = "TCP echo server"
    kind = socket.SOCK_STREAM
    programs = TCP_PROGRAMS
