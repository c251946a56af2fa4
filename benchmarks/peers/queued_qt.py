"""Signals from a worker thread: the same program on qnet and on PySide6 (the argument names which)."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.peers import control

QtCore = import_module(f"{sys.argv[1]}.QtCore")


class Producer(QtCore.QThread):
    """Emits ``progress`` from its own thread as often as told."""

    progress = QtCore.Signal(int)

    def __init__(self, operations: int) -> None:
        super().__init__()
        self.operations = operations

    def run(self) -> None:
        for value in range(self.operations):
            self.progress.emit(value)


class Consumer(QtCore.QObject):
    """Lives in the main thread and ends its loop with the last signal."""

    def __init__(self, operations: int) -> None:
        super().__init__()
        self.left = operations
        self.loop = QtCore.QEventLoop()

    def on_progress(self, value: int) -> None:
        self.left -= 1
        if not self.left:
            self.loop.quit()


def deliver(operations: int) -> None:
    producer, consumer = Producer(operations), Consumer(operations)
    producer.progress.connect(consumer.on_progress)
    producer.start()
    consumer.loop.exec()
    producer.wait()


if __name__ == "__main__":
    application = QtCore.QCoreApplication(sys.argv)
    control.run_cases({"worker to main thread": deliver})
