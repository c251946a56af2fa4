"""Emission and connection of signals on psygnal."""

from __future__ import annotations

from psygnal import Signal

from benchmarks.peers import signal_cases


class Emitter:
    """Has the signal that is measured."""

    changed = Signal(int)


class Receiver:
    """Has a method as slot."""

    def on_changed(self, value: int) -> None:
        pass


def on_changed(value: int) -> None:
    pass


def emit(emitter: Emitter, operations: int) -> None:
    for value in range(operations):
        emitter.changed.emit(value)


if __name__ == "__main__":
    signal_cases.run(Emitter, Receiver, on_changed, emit)
