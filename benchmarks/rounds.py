"""Runs a scenario in interleaved rounds (A B C, A B C, …) and sums up what was seen.

Machines are shared and clocks change: peers that are measured in turns meet the same weather, and a ratio
taken within a round is worth more than one of two averages. Reports give medians: one bad round does no harm.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median

from benchmarks.catalogue import Found
from benchmarks.load import LoadError
from benchmarks.progress import Progress
from benchmarks.scenarios import Case, Sample, Scenario
from benchmarks.worker import Worker, WorkerError


@dataclass
class Series:
    """All rounds of one peer in one case."""

    peer: str
    samples: list[Sample] = field(default_factory=list)
    failure: str = ""

    @property
    def costs(self) -> list[float]:
        """The cost of each round."""
        return [sample.cost for sample in self.samples]

    @property
    def rates(self) -> tuple[float, ...]:
        """The median of each rate."""
        return tuple(median(column) for column in zip(*(sample.rates for sample in self.samples), strict=True))

    @property
    def note(self) -> str:
        """What the samples say about themselves."""
        return self.samples[-1].note if self.samples else ""

    def ratio_to(self, reference: Series) -> float | None:
        """Median over the rounds of this cost by the reference's; None where that says nothing."""
        pairs = [(a, b) for a, b in zip(self.costs, reference.costs, strict=False) if b > 0]
        return median(a / b for a, b in pairs) if pairs else None


@dataclass(frozen=True)
class CaseResult:
    """Every peer's series in one case."""

    case: Case
    series: Sequence[Series]


def run_scenario(
    scenario: Scenario, peers: Mapping[str, Found], progress: Progress, cpu: int | None
) -> Iterator[CaseResult]:
    """Measure *peers* in every case of *scenario*; results come as each case ends.

    A peer that fails in a case has its failure as result, and a new process in the next case.
    """
    with ExitStack() as stack:
        if scenario.one_cpu:
            stack.enter_context(held_on(cpu))
        scenario.prepare()
        workers = _Workers(scenario, peers)
        stack.callback(workers.close)
        for case in scenario.cases():
            yield _run_case(scenario, case, workers, progress)


def _run_case(scenario: Scenario, case: Case, workers: _Workers, progress: Progress) -> CaseResult:
    all_series = [Series(name) for name in workers.names]
    # Round 0 warms up and is thrown away. Without it the first peers would pay for the machine's waking up:
    # three times the normal cost for a second was seen.
    for number in range(1 if scenario.fresh else 0, scenario.options.rounds + 1):
        for series in all_series:
            stage = f"round {number}/{scenario.options.rounds}" if number else "warming up"
            progress.step(f"{scenario.name}  {case.label}  {stage}  {series.peer}")
            if series.failure:
                continue
            try:
                sample = scenario.sample(workers.get(series.peer), case)
            except (WorkerError, LoadError) as error:
                series.failure = str(error)
                workers.drop(series.peer)
                continue
            if number:
                series.samples.append(sample)
            if scenario.fresh:
                workers.drop(series.peer)
    return CaseResult(case, all_series)


class _Workers:
    """The running process of each peer; started when first needed, and again after a failure."""

    def __init__(self, scenario: Scenario, peers: Mapping[str, Found]) -> None:
        self._programs = scenario.programs
        self._peers = peers
        self._running: dict[str, Worker] = {}

    @property
    def names(self) -> list[str]:
        return [name for name in self._programs if name in self._peers]

    def get(self, name: str) -> Worker:
        if name not in self._running:
            self._running[name] = Worker(self._peers[name], self._programs[name])
        return self._running[name]

    def drop(self, name: str) -> None:
        if name in self._running:
            self._running.pop(name).close()

    def close(self) -> None:
        for name in list(self._running):
            self.drop(name)


@contextmanager
def held_on(cpu: int | None) -> Iterator[None]:
    """Keep this process, and those it starts meanwhile, on *cpu*; on any if None or if the system cannot."""
    if cpu is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
