"""What a scenario is: programs of its peers, cases, and how one sample of one case is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from benchmarks.worker import Program, Worker


@dataclass(frozen=True)
class Options:
    """What the command line chose, in the units of its help texts."""

    sizes: tuple[int, ...] = (64, 1024, 65_536)
    connections: tuple[int, ...] = (1, 50, 1000)
    in_flight: int = 1
    rounds: int = 5
    seconds: float = 0.4
    emissions: int = 100_000
    timers: int = 100_000
    queued: int = 50_000
    churn: int = 1000
    idle: int = 5000


@dataclass(frozen=True)
class Case:
    """One line of figures for each peer."""

    label: str
    size: int = 0
    connections: int = 0


@dataclass(frozen=True)
class Sample:
    """One measurement: ``cost`` in the scenario's unit (lower is better) and its ``rates``."""

    cost: float
    rates: tuple[float, ...] = ()
    note: str = field(default="", compare=False)


class Scenario:
    """Base of all scenarios; the class attributes are what the report and the command line show."""

    name: ClassVar[str]
    title: ClassVar[str]
    unit: ClassVar[str]
    rates: ClassVar[tuple[str, ...]] = ()
    programs: ClassVar[Mapping[str, Program]]
    one_cpu: ClassVar[bool] = True
    """Whether the peer's process and this one are held on one CPU (README.md says why)."""
    fresh: ClassVar[bool] = False
    """Whether every sample needs a newly started process, which it then warms up itself."""

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    def turns(self) -> int:
        """How often each peer is run in each case: the rounds and, for processes that live on, a warm-up."""
        return self.options.rounds + (0 if self.fresh else 1)

    def prepare(self) -> None:
        """Anything needed before the first peer starts."""

    def cases(self) -> Sequence[Case]:
        """The cases to measure, in the order of the report."""
        raise NotImplementedError

    def sample(self, worker: Worker, case: Case) -> Sample:
        """Measure *case* once."""
        raise NotImplementedError


class CallScenario(Scenario):
    """A scenario whose peers run its cases themselves, without load from outside (``control.run_cases``)."""

    scale: ClassVar[float]
    """Units in a second: 1e9 for figures in nanoseconds."""

    def operations(self, worker: Worker, case: Case) -> int:
        """How many operations this peer is to do."""
        raise NotImplementedError

    def note(self, worker: Worker, case: Case) -> str:
        """What the reader of this peer's figure must know."""
        return ""

    def sample(self, worker: Worker, case: Case) -> Sample:
        operations = self.operations(worker, case)
        answer = worker.ask({"case": case.label, "operations": operations}, timeout=300)
        cost = answer["cpu"] / operations * self.scale
        return Sample(cost, (operations / answer["wall"],), self.note(worker, case))
