"""Message functions and the message handler."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FUNCTIONS = {
    "qDebug": "QtDebugMsg",
    "qInfo": "QtInfoMsg",
    "qWarning": "QtWarningMsg",
    "qCritical": "QtCriticalMsg",
}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def handled(qt: Any) -> Iterator[list[Any]]:
    """Messages that an installed handler received: (type, context's category, text)."""
    seen: list[Any] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: seen.append((kind, context.category, text)))
    yield seen
    qt.qInstallMessageHandler(previous)


def run(qt: Any, program: str) -> subprocess.CompletedProcess[str]:
    module = "qnet.QtCore" if qt.is_qnet else "PySide6.QtCore"
    source = f"from {module} import qCritical, qDebug, qFatal, qInfo, qInstallMessageHandler, qWarning\n{program}"
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT, timeout=60)


@pytest.mark.parametrize(("function", "kind"), FUNCTIONS.items())
def test_each_function_has_its_type(qt: Any, handled: list[Any], function: str, kind: str) -> None:
    getattr(qt, function)("100 % of \n it")
    assert handled == [(getattr(qt.QtMsgType, kind), "default", "100 % of \n it")]


def test_type_values(qt: Any) -> None:
    values = {m: qt.QtMsgType[m].value for m in ("QtDebugMsg", "QtWarningMsg", "QtCriticalMsg", "QtFatalMsg")}
    assert values == {"QtDebugMsg": 0, "QtWarningMsg": 1, "QtCriticalMsg": 2, "QtFatalMsg": 3}
    assert qt.QtMsgType.QtInfoMsg.value == 4
    assert qt.QtMsgType["QtSystemMsg"] is qt.QtMsgType.QtCriticalMsg


def test_default_handler_writes_a_plain_line_to_stderr(qt: Any) -> None:
    result = run(qt, "for f in (qDebug, qInfo, qWarning, qCritical): f(f.__name__ + ' näö %s')\nqDebug('')")
    lines = [f"{name} näö %s" for name in FUNCTIONS]
    assert (result.returncode, result.stdout, result.stderr.split("\n")) == (0, "", [*lines, "", ""])


def test_installing_returns_the_previous_handler(qt: Any) -> None:
    def one(*args: Any) -> None:
        """Take any message."""

    def two(*args: Any) -> None:
        """Take any message."""

    assert qt.qInstallMessageHandler(one) is None
    assert qt.qInstallMessageHandler(two) is one
    assert qt.qInstallMessageHandler(None) is two
    assert qt.qInstallMessageHandler(None) is None


def test_handler_that_logs_is_answered_by_the_default_one(qt: Any) -> None:
    result = run(qt, "qInstallMessageHandler(lambda t, c, m: qWarning('nested ' + m))\nqWarning('x')\nqWarning('y')")
    assert (result.returncode, result.stderr) == (0, "nested x\nnested y\n")


def test_handler_runs_in_the_thread_that_logs(qt: Any) -> None:
    seen: list[int] = []
    previous = qt.qInstallMessageHandler(lambda *a: seen.append(threading.get_ident()))
    try:
        worker = threading.Thread(target=qt.qWarning, args=("from a thread",))
        worker.start()
        worker.join()
        assert seen == [worker.ident]
    finally:
        qt.qInstallMessageHandler(previous)


@pytest.mark.parametrize("text", [3, b"bytes"])
def test_message_must_be_text(qt: Any, text: Any) -> None:
    for name in FUNCTIONS:
        with pytest.raises(TypeError):
            getattr(qt, name)(text)


def test_handler_must_be_callable(qt: Any) -> None:
    with pytest.raises(TypeError, match="callable"):
        qt.qInstallMessageHandler(3)


def test_empty_context(qt: Any) -> None:
    context = qt.QMessageLogContext()
    assert (context.file, context.line, context.function, context.category) == (None, 0, None, None)
    assert context.version == 2


def test_fatal_aborts_after_the_handler(qt: Any) -> None:
    program = (
        "qInstallMessageHandler(lambda t, c, m: print(t.name, m, flush=True))\n"
        "try: qFatal('the end')\nfinally: print('not reached', flush=True)"
    )
    result = run(qt, program)
    assert result.returncode == -signal.SIGABRT
    assert "the end" in result.stdout
    assert "QtFatalMsg" in result.stdout
    assert "not reached" not in result.stdout


@pytest.mark.qnet("one message, with the type that says fatal, and the Python stack; stdout is flushed")
def test_fatal_prints_the_stack(qt: Any) -> None:
    result = run(qt, "print('kept')\ndef caller(): qFatal('the end')\ncaller()")
    assert result.stdout == "kept\n"
    assert result.stderr.startswith("the end\n")
    assert "in caller" in result.stderr


@pytest.mark.qnet("PySide6 leaves the place of a message empty")
def test_context_names_the_calling_code(qt: Any) -> None:
    seen: list[Any] = []
    qt.qInstallMessageHandler(lambda kind, context, text: seen.append(context))
    try:
        qt.qInfo("here")
    finally:
        qt.qInstallMessageHandler(None)
    assert (seen[0].file, seen[0].function) == (__file__, "test_context_names_the_calling_code")
    assert seen[0].line > 0
    assert "test_logging.py" in repr(seen[0])


@pytest.mark.qnet("PySide6 swallows the exception")
def test_exception_in_handler_is_reported_and_goes_no_further(qt: Any, slot_errors: list[Any]) -> None:
    def broken(*args: Any) -> None:
        raise ValueError("broken handler")

    qt.qInstallMessageHandler(broken)
    try:
        qt.qWarning("one")
        qt.qWarning("two")
    finally:
        qt.qInstallMessageHandler(None)
    assert [str(e) for e in slot_errors] == ["broken handler"] * 2


@pytest.mark.qnet("about Python's own sys.stderr, which Qt does not use")
@pytest.mark.parametrize("stderr", ["None", "open(os.devnull)"])
def test_missing_or_unwritable_stderr_is_no_error(qt: Any, stderr: str) -> None:
    result = run(qt, f"import os, sys\nsys.stderr = {stderr}\nqWarning('lost')\nprint('fine')")
    assert (result.returncode, result.stdout) == (0, "fine\n")
