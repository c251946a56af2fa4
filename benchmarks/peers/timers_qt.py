"""Many pending timers: the same program on qnet and on PySide6 (the argument names which)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from benchmarks.peers import control
from benchmarks.peers.timer_delays import FAR_MS, delay_ms

QtCore = import_module(f"{sys.argv[1]}.QtCore")


class Countdown:
    """Quits the event loop at the last of *count* calls."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.loop = QtCore.QEventLoop()

    def hit(self) -> None:
        self.left -= 1
        if not self.left:
            self.loop.quit()


def fire_single_shots(operations: int) -> None:
    countdown = Countdown(operations)
    hit = countdown.hit
    for index in range(operations):
        QtCore.QTimer.singleShot(delay_ms(index), hit)
    countdown.loop.exec()


def fire_objects(operations: int) -> None:
    countdown = Countdown(operations)
    timers = [make_timer(delay_ms(index), countdown) for index in range(operations)]
    countdown.loop.exec()
    del timers


def cancel_objects(operations: int) -> None:
    countdown = Countdown(operations)
    timers = [make_timer(FAR_MS + delay_ms(index), countdown) for index in range(operations)]
    for timer in timers:
        timer.stop()
    QtCore.QCoreApplication.processEvents()


def make_timer(delay: int, countdown: Countdown) -> Any:
    timer = QtCore.QTimer()
    timer.setSingleShot(True)
    timer.timeout.connect(countdown.hit)
    timer.start(delay)
    return timer


if __name__ == "__main__":
    application = QtCore.QCoreApplication(sys.argv)
    control.run_cases(
        {
            "singleShot: create + fire": fire_single_shots,
            "QTimer: create + fire": fire_objects,
            "QTimer: create + cancel": cancel_objects,
        }
    )
