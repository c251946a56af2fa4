"""Ctrl-C for tests that block: SIGINT to the main thread, at a moment when it is known to wait."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import qnet

__all__ = ["interrupted"]

_LOOKS = 5  # the thread must be found at the same instruction, asleep, so many times in succession
_TESTS = str(Path(__file__).parent) + os.sep
_QNET = str(Path(qnet.__file__).parent) + os.sep


def _asleep(native: int) -> bool:
    """Whether the system has put a thread to sleep; one that only waits for its turn on a busy machine has work."""
    try:
        return Path(f"/proc/self/task/{native}/stat").read_text().rpartition(")")[2].split()[0] == "S"
    except FileNotFoundError:
        return True  # no Linux: be content with its standing still


def _place(thread: int) -> tuple[int, int] | None:
    """Where a thread is, if that is within a call of a test to qnet and not in what `interrupted` itself calls."""
    innermost = frame = sys._current_frames().get(thread)
    within_qnet = False
    while frame is not None and not frame.f_code.co_filename.startswith(_TESTS):
        within_qnet = within_qnet or frame.f_code.co_filename.startswith(_QNET)
        frame = frame.f_back
    if innermost is None or frame is None or frame.f_code.co_filename == __file__ or not within_qnet:
        return None
    return id(innermost), innermost.f_lasti


@contextlib.contextmanager
def interrupted(begun: threading.Event | None = None) -> Iterator[None]:
    """Press Ctrl-C while the block waits; it must end with KeyboardInterrupt, and at once.

    The key is pressed when the thread sleeps in what the block calls (and *begun* is set, if that is given), never by
    the clock: a KeyboardInterrupt outside the block would end the whole test run.
    """
    main, native = threading.get_ident(), threading.get_native_id()
    over = threading.Event()
    pressed: list[float] = []

    def press() -> None:
        while begun is not None and not begun.wait(0.01):
            if over.is_set():
                return
        last, looks = None, 0
        while looks < _LOOKS:
            if over.wait(0.01):
                return
            place = _place(main) if _asleep(native) else None
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
