"""What the slots and the loop around them cost when they are called directly: the floor for signals."""

from __future__ import annotations

from benchmarks.peers import control


class Receiver:
    """Has a method to call."""

    def on_changed(self, value: int) -> None:
        pass


def on_changed(value: int) -> None:
    pass


first, second, third = Receiver(), Receiver(), Receiver()


def call_nothing(operations: int) -> None:
    for _ in range(operations):
        pass


def call_function(operations: int) -> None:
    for value in range(operations):
        on_changed(value)


def call_method(operations: int) -> None:
    for value in range(operations):
        first.on_changed(value)


def call_three(operations: int) -> None:
    for value in range(operations):
        first.on_changed(value)
        second.on_changed(value)
        third.on_changed(value)


def append_remove(operations: int) -> None:
    slots: list[object] = []
    for _ in range(operations):
        slots.append(on_changed)
        slots.remove(on_changed)


if __name__ == "__main__":
    control.run_cases(
        {
            "emit to 0 slots": call_nothing,
            "emit to 1 function": call_function,
            "emit to 1 method": call_method,
            "emit to 3 methods": call_three,
            "connect + disconnect": append_remove,
        }
    )
