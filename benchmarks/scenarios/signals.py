"""Signals within one thread: emission and connection."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.scenarios.base import CallScenario, Case
from benchmarks.worker import Program, Worker


class Signals(CallScenario):
    """Emission with one int argument to slots that do nothing."""

    name = "signals"
    title = "Signals: emit and connect"
    unit = "ns of CPU per operation"
    scale = 1e9
    rates = ("operations/s",)
    programs = {
        "qnet": Program("signals_qt", ("qnet",)),
        "python": Program("signals_python"),
        "pyside6": Program("signals_qt", ("PySide6",)),
        "psygnal": Program("signals_psygnal"),
        "blinker": Program("signals_blinker"),
    }

    def cases(self) -> Sequence[Case]:
        return [
            Case("emit to 0 slots"),
            Case("emit to 1 function"),
            Case("emit to 1 method"),
            Case("emit to 3 methods"),
            Case("connect + disconnect"),
        ]

    def operations(self, worker: Worker, case: Case) -> int:
        return self.options.emissions
