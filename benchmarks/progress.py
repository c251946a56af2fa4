"""One line on standard error that says what is being measured, how far it is and how long it will take."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Counts *total* steps; rewrites one line on a terminal, elsewhere writes one every few seconds."""

    QUIET_SECONDS = 10.0

    def __init__(self, total: int, stream: TextIO = sys.stderr) -> None:
        self._total = total
        self._stream = stream
        self._terminal = stream.isatty()
        self._done = 0
        self._started = time.monotonic()
        self._last_line = -self.QUIET_SECONDS

    def step(self, text: str) -> None:
        """A step begins; *text* says which."""
        elapsed = time.monotonic() - self._started
        line = f"[{self._done + 1}/{self._total}{self._remaining(elapsed)}] {text}"
        self._done += 1
        if self._terminal:
            self._stream.write(f"\r\x1b[K{line}")
            self._stream.flush()
        elif elapsed - self._last_line >= self.QUIET_SECONDS:
            self._last_line = elapsed
            print(line, file=self._stream, flush=True)

    def clear(self) -> None:
        """Make room for other output."""
        if self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _remaining(self, elapsed: float) -> str:
        if elapsed < 3 or not self._done:
            return ""
        seconds = round(elapsed / self._done * (self._total - self._done))
        return f", {seconds // 60}:{seconds % 60:02} left"
