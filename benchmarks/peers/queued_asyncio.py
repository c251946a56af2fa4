"""``call_soon_threadsafe``, what asyncio has for queued signals; ``--uvloop`` runs it on uvloop."""

from __future__ import annotations

import asyncio
import sys
import threading

from benchmarks.peers import control


class Consumer:
    """Runs in the main thread and stops its loop at the last call."""

    def __init__(self, operations: int) -> None:
        self.left = operations

    def on_progress(self, value: int) -> None:
        self.left -= 1
        if not self.left:
            loop.stop()


def deliver(operations: int) -> None:
    consumer = Consumer(operations)

    def produce() -> None:
        for value in range(operations):
            loop.call_soon_threadsafe(consumer.on_progress, value)

    producer = threading.Thread(target=produce)
    producer.start()
    loop.run_forever()
    producer.join()


loop: asyncio.AbstractEventLoop

if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    control.run_cases({"worker to main thread": deliver})
