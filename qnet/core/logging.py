"""Qt's message functions: ``qWarning(text)`` and its kin, and the one handler that they all go to.

https://doc.qt.io/qt-6/qtlogging.html. The functions take one finished text: they do not format. What
a handler itself logs goes to the default handler, so that it cannot call itself for ever.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

from qnet.core._enums import QtEnum

__all__ = [
    "QMessageLogContext",
    "QtMsgType",
    "qCritical",
    "qDebug",
    "qFatal",
    "qInfo",
    "qInstallMessageHandler",
    "qWarning",
]


class QtMsgType(QtEnum):
    """How serious a message is. The values are Qt's and are not in the order of severity."""

    QtDebugMsg = 0
    QtWarningMsg = 1
    QtCriticalMsg = 2
    QtFatalMsg = 3
    QtInfoMsg = 4
    QtSystemMsg = 2


class QMessageLogContext:
    """Where a message comes from: what a message handler gets as its second argument.

    ``file``, ``line`` and ``function`` name the Python code that called the message function; ``category`` is
    ``"default"``. A context made by hand is empty: None, and 0 for the line.
    """

    CurrentVersion = 2
    __slots__ = ("category", "file", "function", "line", "version")

    def __init__(self) -> None:
        self.version: int = self.CurrentVersion
        self.file: str | None = None
        self.line: int = 0
        self.function: str | None = None
        self.category: str | None = None

    def __repr__(self) -> str:
        return f"<QMessageLogContext {self.category} {self.file}:{self.line} {self.function}>"


MessageHandler = Callable[[QtMsgType, QMessageLogContext, str], object]

_handler: MessageHandler | None = None


class _Here(threading.local):
    """Tells that this thread is inside the installed handler."""

    inside = False


_here = _Here()


def _write(text: str) -> None:
    """The default handler: one line on standard error, in one write, so that lines of threads do not mix."""
    stream = sys.stderr
    if stream is None:  # no console: pythonw, a detached service
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except (OSError, ValueError):  # a broken pipe or a closed stream must not turn a warning into a failure
        return


def _log(kind: QtMsgType, text: str, depth: int = 2) -> None:
    if not isinstance(text, str):
        raise TypeError(f"a message must be str, not {type(text).__name__}")
    handler = _handler
    if handler is None or _here.inside:
        _write(text)
        return
    frame = sys._getframe(depth)
    context = QMessageLogContext()
    context.file = frame.f_code.co_filename
    context.line = frame.f_lineno
    context.function = frame.f_code.co_name
    context.category = "default"
    _here.inside = True
    try:
        handler(kind, context, text)
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        _here.inside = False


def qDebug(message: str, /) -> None:
    """Send *message* to the message handler as a debug message."""
    _log(QtMsgType.QtDebugMsg, message)


def qInfo(message: str, /) -> None:
    """Send *message* to the message handler as an informational message."""
    _log(QtMsgType.QtInfoMsg, message)


def qWarning(message: str, /) -> None:
    """Send *message* to the message handler as a warning."""
    _log(QtMsgType.QtWarningMsg, message)


def qCritical(message: str, /) -> None:
    """Send *message* to the message handler as a critical message."""
    _log(QtMsgType.QtCriticalMsg, message)


def qFatal(message: str, /) -> NoReturn:
    """Send *message* to the message handler as a fatal one, then abort the process (SIGABRT, as in Qt).

    No handler can prevent it: what called this cannot go on. Before the end the Python stack goes to
    standard error and the standard streams are flushed, so that nothing already printed is lost. ``finally``
    blocks and ``atexit`` functions do not run: raise SystemExit where they must.
    """
    _log(QtMsgType.QtFatalMsg, message)
    try:
        _write("".join(traceback.format_stack(sys._getframe(1))).rstrip())
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        pass  # standard output is gone already
    os.abort()


def qInstallMessageHandler(handler: MessageHandler | None, /) -> MessageHandler | None:
    """Make ``handler(type, context, text)`` receive every message of every thread from now on.

    None restores the default, which writes the text as a line to standard error. Returns the handler that
    was installed before, or None for the default one. It is called in the thread that logs, so it must be
    thread-safe; an exception in it goes to ``sys.excepthook`` and not to the code that logged.
    """
    global _handler
    if handler is not None and not callable(handler):
        raise TypeError(f"a message handler must be callable or None, not {type(handler).__name__}")
    previous = _handler
    _handler = handler
    return previous
