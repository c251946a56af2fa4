"""Fixtures for the tests of whole programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from _implementations import Implementation
from _program_runner import APPS, Programs


@pytest.fixture
def programs(qt: Implementation, tmp_path: Path) -> Iterator[Programs]:
    folder = APPS
    if not qt.is_qnet:  # nothing but the import lines may differ
        folder = tmp_path / "apps"
        folder.mkdir()
        for file in APPS.glob("*.py"):
            (folder / file.name).write_text(re.sub(r"^from qnet\b", "from PySide6", file.read_text(), flags=re.M))
    programs = Programs(folder)
    yield programs
    for each in programs.running:
        each.kill()
