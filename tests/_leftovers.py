"""What a test leaves behind is collected without a word: another test must not fail for it."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path

__all__ = ["close_below", "collect_leftovers"]


def close_below(directory: Path) -> None:
    """Close the descriptors of what is, or was, below a *directory*: of what a program would keep until its end."""
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that listed them is gone
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith(f"{directory}/"):
                os.close(int(descriptor))


def collect_leftovers() -> None:
    """Let go what nobody refers to any more, and what the traceback of a failed test still holds.

    Sockets, pipes and processes that a failed test had no chance to close say so when they die (ResourceWarning,
    which is an error in this suite). That is the fault of the failed test and not of the one that runs by then.
    """
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
    hook = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()
    finally:
        sys.unraisablehook = hook
