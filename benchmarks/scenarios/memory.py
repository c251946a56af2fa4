"""Memory of idle connections, and whether the server still answers all of them."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import psutil

from benchmarks.load import EchoClients, allow_descriptors
from benchmarks.scenarios.base import Case, Sample, Scenario
from benchmarks.scenarios.echo import TCP_PROGRAMS, count_text
from benchmarks.worker import Worker

MESSAGE = 64
WARM_UP = 50


class Memory(Scenario):
    """The growth of the server's resident memory over many connections that have each echoed one message.

    Resident memory is what the process costs its machine: Python and C++ objects and their allocators' slack.
    The kernel's socket buffers are not in it; they are the same for every peer.
    """

    name = "memory"
    title = "Memory per idle connection (growth of the server's resident set)"
    unit = "bytes per connection"
    rates = ("answered",)
    programs = TCP_PROGRAMS
    fresh = True

    def prepare(self) -> None:
        allow_descriptors(self.options.idle + 100)

    def cases(self) -> Sequence[Case]:
        return [Case(count_text(self.options.idle), MESSAGE, self.options.idle)]

    def sample(self, worker: Worker, case: Case) -> Sample:
        # The first connections pay for lazy imports and for pools that later ones share.
        with EchoClients(socket.SOCK_STREAM, worker.port, min(WARM_UP, case.connections), MESSAGE):
            pass
        process = psutil.Process(worker.pid)
        before = process.memory_info().rss
        with EchoClients(socket.SOCK_STREAM, worker.port, case.connections, MESSAGE) as clients:
            growth = process.memory_info().rss - before
            answered = clients.run(0).operations
        return Sample(max(0, growth) / case.connections, (answered,))
