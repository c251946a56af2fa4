"""What a test leaves behind is collected without a word: another test must not fail for it."""

from __future__ import annotations

import gc
import sys
import warnings

__all__ = ["collect_leftovers"]


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
