"""Fixtures that tests of objects, events and threads share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from _implementations import Implementation


@pytest.fixture
def thread(qt: Implementation, app: Any) -> Iterator[Any]:
    """A thread that runs an event loop; ended and joined after the test."""
    worker = qt.QThread()
    worker.start()
    yield worker
    worker.quit()
    assert worker.wait(5000)


@pytest.fixture
def messages(qt: Implementation) -> Iterator[list[str]]:
    """The texts that the library prints (``qWarning`` and its kin) during the test."""
    texts: list[str] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: texts.append(text))
    yield texts
    qt.qInstallMessageHandler(previous)
