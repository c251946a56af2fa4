"""The names of Qt Test that programs without widgets need, each loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qnet._lazy import attach

if TYPE_CHECKING:
    from qnet.testing.qtest import QTest as QTest
    from qnet.testing.signalspy import QSignalSpy as QSignalSpy

_EXPORTS = {
    "qnet.testing.qtest": "QTest",
    "qnet.testing.signalspy": "QSignalSpy",
}

EXPORTED = frozenset(" ".join(_EXPORTS.values()).split())
if not TYPE_CHECKING:  # so that type checkers report names that do not exist
    __all__ = sorted(EXPORTED)
    __getattr__, __dir__ = attach(__name__, _EXPORTS)
