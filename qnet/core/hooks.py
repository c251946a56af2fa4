"""Where exceptions that slots raise go.

A slot's exception belongs neither to the emitter nor to the other slots: it is reported here, once, with its whole
traceback, and the emission goes on. The default report is ``sys.excepthook``, as for any exception that
nobody caught, with a note that names the signal, the slot and the line that emitted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from types import FrameType

__all__ = ["SlotException", "setSlotExceptionHook"]

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class SlotException:
    """One report: what failed where.

    ``exception`` is what was raised, ``origin`` the signal or the kind of event, ``slot`` the callable and ``site``
    the ``file:line`` that emitted (empty for what the event loop delivered).
    """

    __slots__ = ("exception", "origin", "site", "slot")

    def __init__(self, exception: Exception, origin: str, slot: object, site: str) -> None:
        self.exception = exception
        self.origin = origin
        self.slot = slot
        self.site = site

    def text(self) -> str:
        """One line for people."""
        where = f", emitted at {self.site}" if self.site else ""
        return f"raised by {describe(self.slot)}, called by {self.origin}{where}"


Hook = Callable[[SlotException], object]


def _report_to_excepthook(report: SlotException) -> None:
    error = report.exception
    if hasattr(error, "add_note"):
        error.add_note(report.text())
    elif sys.stderr is not None:  # Python 3.10 has no notes
        print(report.text(), file=sys.stderr)
    sys.excepthook(type(error), error, error.__traceback__)


_hook: Hook = _report_to_excepthook


def setSlotExceptionHook(hook: Hook | None) -> Hook:
    """Send every report to *hook* (a callable that takes a `SlotException`); None restores the default.

    Returns the hook that was in place. The hook runs in the thread of the slot. What it raises itself goes to
    `stderr`, so that a failing hook neither stops an emission nor goes unseen.
    """
    global _hook
    if hook is not None and not callable(hook):
        raise TypeError(f"a hook is callable or None, not {type(hook).__name__}")
    previous = _hook
    _hook = hook if hook is not None else _report_to_excepthook
    return previous


def report(error: Exception, origin: str, slot: object, *, emitted: bool = True) -> None:
    """Hand *error* to the hook. *emitted* says that the caller's callers hold the line that emitted."""
    try:
        _hook(SlotException(error, origin, slot, _emit_site() if emitted else ""))
    except Exception:
        if sys.stderr is not None:
            print("qnet: the hook for exceptions in slots failed:", file=sys.stderr)
            traceback.print_exc()


def _emit_site() -> str:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        if frame.f_code.co_name == "process_turn":
            return ""
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else ""


def describe(target: object) -> str:
    """A callable by its qualified name and, where it has one, its line."""
    function = getattr(target, "__func__", target)
    name = getattr(function, "__qualname__", None) or repr(function)
    code = getattr(function, "__code__", None)
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code is not None else name
