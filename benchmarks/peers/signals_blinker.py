"""Emission and connection of signals on blinker, whose slots get the sender and keyword arguments."""

from __future__ import annotations

from blinker import Signal

from benchmarks.peers import signal_cases


class Emitter:
    """Has a signal of its own, as the others have."""

    def __init__(self) -> None:
        self.changed = Signal()


class Receiver:
    """Has a method as slot."""

    def on_changed(self, sender: object, value: int) -> None:
        pass


def on_changed(sender: object, value: int) -> None:
    pass


def emit(emitter: Emitter, operations: int) -> None:
    for value in range(operations):
        emitter.changed.send(emitter, value=value)


if __name__ == "__main__":
    signal_cases.run(Emitter, Receiver, on_changed, emit)
