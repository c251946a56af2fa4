"""Connection churn: what accepting, serving and forgetting a client costs."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.load import BATCH, churn
from benchmarks.scenarios.base import Case, Sample, Scenario
from benchmarks.scenarios.echo import TCP_PROGRAMS
from benchmarks.worker import Worker


class Churn(Scenario):
    """Clients connect to the TCP echo server, exchange a line and close."""

    name = "churn"
    title = "Connection churn: connect, exchange a line, close"
    unit = "µs of server CPU per connection"
    rates = ("connections/s",)
    programs = TCP_PROGRAMS

    def cases(self) -> Sequence[Case]:
        return [Case(f"{BATCH} at a time")]

    def sample(self, worker: Worker, case: Case) -> Sample:
        before = worker.cpu()
        load = churn(worker.port, self.options.churn)
        cpu = worker.cpu() - before
        return Sample(cpu / load.operations * 1e6, (load.operations / load.seconds,))
