"""How a peer's program talks to the benchmark: JSON lines on its standard input and output."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

Case = Callable[[int], None]
"""Does as many operations as it is told."""


def serve(port: int) -> None:
    """Announce that the server listens on *port*; from then on answer questions about CPU from a thread.

    The thread sleeps in a read while the load runs, so that it costs the measured loop nothing, and any loop
    can be measured without knowing about it. The process ends when its standard input does.
    """
    _say({"port": port})
    threading.Thread(target=_answer_cpu, name="control", daemon=True).start()


def answer_requests(answer: Callable[[Mapping[str, Any]], Mapping[str, object]]) -> None:
    """Give ``answer(request)`` to each request, for programs that measure themselves."""
    _say({})
    for line in sys.stdin:
        _say(answer(json.loads(line)))


def run_cases(cases: Mapping[str, Case]) -> None:
    """Run each case asked for, ``{"case": NAME, "operations": N}``, and answer the seconds it took."""
    _say({"cases": list(cases)})
    for line in sys.stdin:
        request = json.loads(line)
        case, operations = cases[request["case"]], request["operations"]
        wall, cpu = time.perf_counter(), time.process_time()
        case(operations)
        _say({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall})


def _answer_cpu() -> None:
    for _ in sys.stdin:
        _say({"cpu": time.process_time()})
    os._exit(0)  # from a thread there is no other way that every loop respects


def _say(answer: Mapping[str, object]) -> None:
    print(json.dumps(answer), flush=True)
