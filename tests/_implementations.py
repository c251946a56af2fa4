"""One face for the implementations that a behaviour test runs on: qnet always, with ``--oracle`` Qt, too.

That is PySide6, and PyQt5 for what Qt 6 has no more.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

MODULES = {
    "qnet": ("qnet.QtCore", "qnet.QtNetwork"),
    "pyside6": ("PySide6.QtCore", "PySide6.QtNetwork"),
    "pyqt5": ("PyQt5.QtCore", "PyQt5.QtNetwork"),
}


class Implementation:
    """Serves every public name (``qt.QTcpSocket``) and the few helpers that tests need on either side."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_qnet = name == "qnet"
        self._modules = [importlib.import_module(m) for m in MODULES[name]]

    def __repr__(self) -> str:
        return f"<implementation {self.name}>"

    def __getattr__(self, attribute: str) -> Any:
        for module in self._modules:
            try:
                return getattr(module, attribute)
            except AttributeError:
                continue
        raise AttributeError(f"{self.name} has no {attribute}")

    def app(self) -> Any:
        """The application object, made when there is none."""
        return self.QCoreApplication.instance() or self.QCoreApplication(["test"])

    def wait(self, predicate: Callable[[], Any], timeout: float = 30.0) -> bool:
        """Turn this thread's event loop until *predicate* is true; False after *timeout* seconds."""
        deadline = time.monotonic() + timeout
        flags = self.QEventLoop.ProcessEventsFlag.AllEvents
        while not predicate():
            if time.monotonic() >= deadline:
                return bool(predicate())
            # The bounded form returns at once when nothing is pending: a nested loop that a timer ends
            # really sleeps, on either implementation.
            loop = self.QEventLoop()
            self.QTimer.singleShot(5, loop.quit)
            loop.exec(flags)
        return True

    def spin(self, ms: int) -> None:
        """Turn this thread's event loop for *ms* milliseconds."""
        loop = self.QEventLoop()
        self.QTimer.singleShot(ms, loop.quit)
        loop.exec()

    def process(self) -> None:
        """Deliver what is pending now, deferred deletions too, without waiting."""
        application = self.QCoreApplication
        application.processEvents()
        application.sendPostedEvents(None, self.QEvent.Type.DeferredDelete.value)


class Recorder:
    """A slot that keeps every call: connect it to signals and compare ``calls`` with what was expected."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def __call__(self, *args: Any) -> None:
        self.calls.append(args)

    def __len__(self) -> int:
        return len(self.calls)

    def note(self, label: str) -> Callable[..., None]:
        """A slot that appends *label* (with the signal's arguments, if any)."""

        def slot(*args: Any) -> None:
            self.calls.append((label, *args) if args else label)

        return slot
