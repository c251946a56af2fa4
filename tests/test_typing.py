"""What type checkers say about programs that use qnet: the samples in ``tests/typing``, under ``mypy --strict``.

A line of a sample that ends with ``# error: CODE`` must be reported with that code, and no other line at all.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLES = sorted((REPOSITORY / "tests" / "typing").glob("*.py"))

pytestmark = pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="needs mypy")


def reports(folder: Path) -> dict[str, dict[int, set[str]]]:
    """The codes that mypy reports, by sample and line; it works in *folder*."""
    empty = folder / "empty.cfg"  # the options of the user's program, not those of this project
    empty.write_text("[mypy]\n")
    command: list[str | Path] = [sys.executable, "-m", "mypy", "--strict", "--config-file", empty]
    command += ["--cache-dir", folder / "cache", "--follow-imports", "silent", "--no-pretty", "--no-error-summary"]
    outcome = subprocess.run(
        [*command, *SAMPLES],
        env={**os.environ, "MYPYPATH": str(REPOSITORY)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert (outcome.returncode, outcome.stderr) == (1, ""), outcome.stdout + outcome.stderr
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in outcome.stdout.splitlines():
        report = re.fullmatch(r"(.+?):(\d+): (error|note): (.*)", line)
        assert report, line
        if report[3] == "error":
            code = re.search(r"\[([a-z-]+)\]$", report[4])
            found[Path(report[1]).name][int(report[2])].add(code[1] if code else report[4])
    return found


@pytest.mark.timeout(600)  # mypy looks at all of qnet
def test_a_program_gets_exactly_the_errors_that_it_names(tmp_path: Path) -> None:
    found = reports(tmp_path)
    for sample in SAMPLES:
        wanted = {}
        for number, line in enumerate(sample.read_text().splitlines(), 1):
            expected = re.search(r"# error: ([a-z-]+)$", line)
            if expected:
                wanted[number] = {expected[1]}
        assert wanted, "a sample in which nothing is wrong would not notice that everything is Any"
        assert (sample.name, found[sample.name]) == (sample.name, wanted)
