"""Emission and connection of signals: the same program on qnet and on PySide6 (the argument names which)."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.peers import signal_cases

QtCore = import_module(f"{sys.argv[1]}.QtCore")


class Emitter(QtCore.QObject):
    """Has the signal that is measured."""

    changed = QtCore.Signal(int)


class Receiver(QtCore.QObject):
    """Has a method as slot: what most programs connect."""

    def on_changed(self, value: int) -> None:
        pass


def on_changed(value: int) -> None:
    pass


def emit(emitter: Emitter, operations: int) -> None:
    for value in range(operations):
        emitter.changed.emit(value)


if __name__ == "__main__":
    signal_cases.run(Emitter, Receiver, on_changed, emit)
