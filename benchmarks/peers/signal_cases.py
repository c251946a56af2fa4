"""What every library with signals is asked to do; only its classes and the call that emits are its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.peers import control

Emit = Callable[[Any, int], None]
"""Emits an emitter's signal as often as told: written out for each library, so that no call is between."""


def run(emitter: Callable[[], Any], receiver: Callable[[], Any], function: Callable[..., None], emit: Emit) -> None:
    """Serve the cases for the given classes, whose signal is ``changed`` and whose slot is ``on_changed``."""
    silent, to_function, to_method, to_three, changing = (emitter() for _ in range(5))
    receivers = [receiver() for _ in range(3)]
    to_function.changed.connect(function)
    to_method.changed.connect(receivers[0].on_changed)
    for each in receivers:
        to_three.changed.connect(each.on_changed)

    def connect_disconnect(operations: int) -> None:
        for _ in range(operations):
            changing.changed.connect(function)
            changing.changed.disconnect(function)

    control.run_cases(
        {
            "emit to 0 slots": partial(emit, silent),
            "emit to 1 function": partial(emit, to_function),
            "emit to 1 method": partial(emit, to_method),
            "emit to 3 methods": partial(emit, to_three),
            "connect + disconnect": connect_disconnect,
        }
    )
