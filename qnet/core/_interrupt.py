"""Ctrl-C while an event loop runs.

Python raises KeyboardInterrupt between any two byte codes of the main thread: between a ``send`` and the line that
notes what was sent, say, and the program that catches it and says good-bye to its clients would send those bytes
twice. Therefore, while a loop runs in the main thread and SIGINT has Python's own handler, this one stands in:

* in the program's code (slots, and whatever they call) it raises at once, so that a slot that never returns can be
  interrupted;
* where qnet waits it raises at once too: nothing is half done there;
* anywhere else in qnet it makes a note, and the loop raises before its next turn.

The idea is trio's (``_core/_ki.py``, "KeyboardInterrupt protection").
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, TypeVar

__all__ = ["InterruptGuard", "interruptible"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_F = TypeVar("_F", bound=Callable[..., Any])

_waiting_code: set[CodeType] = set()


def interruptible(function: _F) -> _F:
    """Mark a function of qnet that waits and has nothing half done meanwhile."""
    _waiting_code.add(function.__code__)
    return function


class InterruptGuard:
    """The SIGINT handler while a loop runs."""

    def __init__(self) -> None:
        self.pending = False
        self._previous: Any = None

    def install(self) -> None:
        """Stand in for Python's own handler; a program that has one of its own keeps it."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.signal(signal.SIGINT, self._handle)

    def remove(self) -> None:
        """Put Python's handler back, unless the program has put in another one meanwhile."""
        previous, self._previous = self._previous, None
        if previous is not None and signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, previous)

    def check(self) -> None:
        """Raise what was noted."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if frame is not None:
            code = frame.f_code
            if code.co_filename.startswith(_PACKAGE) and code not in _waiting_code:
                self.pending = True
                return
        raise KeyboardInterrupt
