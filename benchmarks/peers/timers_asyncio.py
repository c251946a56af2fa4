"""Many pending timers with ``call_later`` on asyncio; ``--uvloop`` runs the same program on uvloop."""

from __future__ import annotations

import asyncio
import sys

from benchmarks.peers import control
from benchmarks.peers.timer_delays import FAR_MS, delay_ms


class Countdown:
    """Stops *loop* at the last of *count* calls."""

    def __init__(self, loop: asyncio.AbstractEventLoop, count: int) -> None:
        self.loop = loop
        self.left = count

    def hit(self) -> None:
        self.left -= 1
        if not self.left:
            self.loop.stop()


def fire(operations: int) -> None:
    hit = Countdown(loop, operations).hit
    for index in range(operations):
        loop.call_later(delay_ms(index) / 1000, hit)
    loop.run_forever()


def cancel(operations: int) -> None:
    hit = Countdown(loop, operations).hit
    handles = [loop.call_later((FAR_MS + delay_ms(index)) / 1000, hit) for index in range(operations)]
    for handle in handles:
        handle.cancel()
    loop.call_soon(loop.stop)
    loop.run_forever()  # one turn, in which asyncio drops what was cancelled


loop: asyncio.AbstractEventLoop

if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    control.run_cases(
        {
            "singleShot: create + fire": fire,
            "QTimer: create + fire": fire,
            "QTimer: create + cancel": cancel,
        }
    )
