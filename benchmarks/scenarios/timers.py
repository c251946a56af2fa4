"""Many timers pending at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.scenarios.base import CallScenario, Case
from benchmarks.worker import Program, Worker

PYSIDE6_MOST = 4000
"""In PySide6 the cost of a timer grows with the number of them: 100,000 would take minutes."""


class Timers(CallScenario):
    """Single-shot timers are created and fire, or are cancelled; asyncio's are ``call_later``."""

    name = "timers"
    title = "Pending timers"
    unit = "µs of CPU per timer"
    scale = 1e6
    rates = ("timers/s",)
    programs = {
        "qnet": Program("timers_qt", ("qnet",)),
        "asyncio": Program("timers_asyncio"),
        "uvloop": Program("timers_asyncio", ("--uvloop",)),
        "pyside6": Program("timers_qt", ("PySide6",)),
    }

    def cases(self) -> Sequence[Case]:
        return [
            Case("singleShot: create + fire"),
            Case("QTimer: create + fire"),
            Case("QTimer: create + cancel"),
        ]

    def operations(self, worker: Worker, case: Case) -> int:
        return min(self.options.timers, PYSIDE6_MOST) if worker.peer == "pyside6" else self.options.timers

    def note(self, worker: Worker, case: Case) -> str:
        return f"{self.operations(worker, case):,} timers"
