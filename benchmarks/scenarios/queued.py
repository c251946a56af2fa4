"""Signals from a worker thread to the main thread."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.scenarios.base import CallScenario, Case
from benchmarks.worker import Program, Worker


class Queued(CallScenario):
    """A worker thread emits as fast as it can; CPU is that of both threads."""

    name = "queued"
    title = "Queued signals from a worker thread (asyncio: call_soon_threadsafe)"
    unit = "µs of CPU per signal"
    scale = 1e6
    rates = ("signals/s",)
    one_cpu = False  # two threads are the point
    programs = {
        "qnet": Program("queued_qt", ("qnet",)),
        "asyncio": Program("queued_asyncio"),
        "uvloop": Program("queued_asyncio", ("--uvloop",)),
        "pyside6": Program("queued_qt", ("PySide6",)),
    }

    def cases(self) -> Sequence[Case]:
        return [Case("worker to main thread")]

    def operations(self, worker: Worker, case: Case) -> int:
        return self.options.queued
