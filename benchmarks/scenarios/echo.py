"""What the scenarios with an echo server have in common."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import ClassVar

from benchmarks.load import EchoClients, allow_descriptors
from benchmarks.scenarios.base import Case, Sample, Scenario
from benchmarks.worker import Program, Worker

TCP_PROGRAMS: Mapping[str, Program] = {
    "qnet": Program("tcp_echo_qt", ("qnet",)),
    "epoll": Program("tcp_echo_epoll"),
    "asyncio": Program("tcp_echo_asyncio"),
    "asyncio-streams": Program("tcp_echo_streams"),
    "uvloop": Program("tcp_echo_asyncio", ("--uvloop",)),
    "twisted": Program("tcp_echo_twisted"),
    "pyside6": Program("tcp_echo_qt", ("PySide6",)),
}

UDP_PROGRAMS: Mapping[str, Program] = {
    "qnet": Program("udp_echo_qt", ("qnet",)),
    "epoll": Program("udp_echo_epoll"),
    "asyncio": Program("udp_echo_asyncio"),
    "uvloop": Program("udp_echo_asyncio", ("--uvloop",)),
    "twisted": Program("udp_echo_twisted"),
    "pyside6": Program("udp_echo_qt", ("PySide6",)),
}


class EchoScenario(Scenario):
    """Messages of a size over a number of connections; the figure is the server's CPU for each message."""

    kind: ClassVar[socket.SocketKind]
    unit = "µs of server CPU per message"
    rates = ("messages/s", "MB/s")

    def prepare(self) -> None:
        allow_descriptors(max(self.options.connections) + 100)

    def cases(self) -> Sequence[Case]:
        return [
            Case(f"{size_text(size)} x {count_text(count)}", size, count)
            for size in self.options.sizes
            for count in self.options.connections
        ]

    def sample(self, worker: Worker, case: Case) -> Sample:
        with EchoClients(self.kind, worker.port, case.connections, case.size) as clients:
            before = worker.cpu()
            load = clients.run(self.options.seconds, self.options.in_flight)
            cpu = worker.cpu() - before
        rate = load.operations / load.seconds
        return Sample(cpu / load.operations * 1e6, (rate, rate * case.size / 1e6))


def size_text(size: int) -> str:
    """A message size for people: ``64 B``, ``1 KiB``."""
    return f"{size // 1024} KiB" if size >= 1024 and size % 1024 == 0 else f"{size} B"


def count_text(count: int) -> str:
    """A number of connections for people."""
    return f"{count:,} connection{'s' if count != 1 else ''}"
