"""The names of QtTest on either implementation."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from _implementations import Implementation


@pytest.fixture
def qttest(qt: Implementation, app: Any) -> Any:
    if qt.is_qnet:
        return importlib.import_module("qnet.QtTest")
    try:  # PySide6's wants libraries for windows, which a server may lack
        return importlib.import_module("PySide6.QtTest")
    except ImportError as error:
        pytest.skip(f"PySide6.QtTest cannot be loaded: {error}")


@pytest.fixture
def emitter(qt: Implementation, app: Any) -> Any:
    class Emitter(qt.QObject):
        moved = qt.Signal(int, str)
        overloaded = qt.Signal((int,), (str,))

    return Emitter()
