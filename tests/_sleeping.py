"""Whether another process waits in its event loop: then it has done everything that there was to do."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["wait_until_asleep"]

PLACES = ("epoll", "ep_poll", "poll_schedule", "do_poll", "do_select")  # in the kernel: parts of names


def wait_until_asleep(process: int) -> None:
    """Return when the main thread of *process* waits for descriptors, or has ended; where nobody tells, soon.

    Ctrl-C raises KeyboardInterrupt wherever a program is: between two steps that belong together, too.
    """
    thread = Path(f"/proc/{process}/task/{process}")
    deadline = time.monotonic() + 60
    silent = 0
    while time.monotonic() < deadline and silent < 100:
        try:
            state = (thread / "stat").read_text().rpartition(")")[2].split()[0]
            place = (thread / "wchan").read_text()
        except OSError:
            return
        if any(each in place for each in PLACES) or state == "Z":
            return
        if state == "S" and place == "0":
            silent += 1  # the kernel keeps it for itself
        time.sleep(0.005)
