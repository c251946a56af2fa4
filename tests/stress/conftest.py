"""Every stress test fails on a report that it did not expect: an exception in a slot, a warning of qnet's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qnet.core.hooks import SlotException, setSlotExceptionHook
from qnet.QtCore import QCoreApplication


@pytest.fixture
def application() -> QCoreApplication:
    return QCoreApplication.instance() or QCoreApplication(["stress"])


@pytest.fixture
def reports() -> Iterator[list[SlotException]]:
    """What slots raised."""
    seen: list[SlotException] = []
    previous = setSlotExceptionHook(seen.append)
    yield seen
    setSlotExceptionHook(previous)


@pytest.fixture(autouse=True)
def no_reports(application: QCoreApplication, reports: list[SlotException]) -> Iterator[None]:
    """Fails what leaves a report behind; a test that expects some clears them."""
    yield
    assert [f"{r.text()}: {r.exception!r}" for r in reports] == []
