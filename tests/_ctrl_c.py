"""Ctrl-C for tests that block: SIGINT to the main thread, at a moment when it is known to wait."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest

__all__ = ["interrupted"]

_LOOKS = 5  # the thread must be found at the same instruction so many times in succession
_TESTS = os.path.dirname(os.path.abspath(__file__)) + os.sep


def _place(thread: int) -> tuple[int, int] | None:
    """Where a thread is, if that is neither in a test nor in what `interrupted` is made of."""
    frame = sys._current_frames().get(thread)
    if frame is None or frame.f_code.co_filename.startswith(_TESTS):
        return None
    if frame.f_code.co_filename == contextlib.__file__:
        return None
    return id(frame), frame.f_lasti


@contextlib.contextmanager
def interrupted(begun: threading.Event | None = None) -> Iterator[None]:
    """Press Ctrl-C while the block waits; it must end with KeyboardInterrupt, and at once.

    The key is pressed when the thread has stood still for a while in what the block calls (and *begun* is set, if
    that is given), never by the clock: a KeyboardInterrupt outside the block would end the whole test run.
    """
    main = threading.get_ident()
    over = threading.Event()
    pressed: list[float] = []

    def press() -> None:
        if begun is not None:
            while not begun.wait(0.01):
                if over.is_set():
                    return
        last, looks = None, 0
        while looks < _LOOKS:
            if over.wait(0.01):
                return
            place = _place(main)
            looks = looks + 1 if place is not None and place == last else 0
            last = place
        pressed.append(time.monotonic())
        signal.pthread_kill(main, signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        over.set()
        presser.join()
    assert time.monotonic() - pressed[0] < 30
