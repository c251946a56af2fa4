"""The benchmarks run as a user would start them: every scenario and installed peer, at a tiny size."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)  # they start dozens of processes, on a machine that may be busy

REPOSITORY = Path(__file__).resolve().parent.parent
SCENARIOS = ["tcp-echo", "udp-echo", "proxy-echo", "churn", "memory", "signals", "queued", "timers"]
TINY = [
    *("--rounds", "2", "--seconds", "0.02"),
    *("--sizes", "64", "70000", "--connections", "1", "3", "--in-flight", "2"),
    *("--emissions", "200", "--queued", "100", "--timers", "50", "--churn", "40", "--idle", "40"),
]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=REPOSITORY, timeout=280)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_measures_every_installed_peer(scenario: str, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    outcome = run(scenario, *TINY, "--json", str(file))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    document = json.loads(file.read_text())
    results = document["results"]
    assert "qnet" in document["peers"]
    assert {entry["peer"] for entry in results} == set(document["peers"])
    for entry in results:
        assert len(entry["rounds"]) == 2
        assert entry["median"] > 0 or scenario == "memory"  # 40 connections may fit in pages it has already
        assert entry["case"] in outcome.stdout
        if entry["peer"] == "qnet":
            assert entry["ratio"] in (1.0, None)
    if scenario == "memory":
        assert {entry["rates"]["answered"] for entry in results} == {40}


def test_all_cases_of_an_echo_are_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert run("tcp-echo", *TINY, "--peers", "epoll", "asyncio", "--json", str(file)).returncode == 0
    cases = {entry["case"] for entry in json.loads(file.read_text())["results"]}
    assert cases == {f"{size} x {n}" for size in ("64 B", "70000 B") for n in ("1 connection", "3 connections")}


def test_a_peer_that_cannot_run_is_skipped_by_name() -> None:
    outcome = run("signals", *TINY, "--peers", "python", "psygnal", "--python", "psygnal=/no/such/python")
    assert outcome.returncode == 0
    line = next(line for line in outcome.stdout.splitlines() if "skipped" in line)
    assert "psygnal" in line
    assert "/no/such/python" in line


def test_without_any_peer_it_says_why_and_what() -> None:
    outcome = run("signals", "--peers", "psygnal", "--python", "psygnal=/no/such/python")
    assert outcome.returncode == 2
    assert "/no/such/python" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["tcp-ecco"], "tcp-echo"),
        (["--peers", "pyqt"], "pyside6"),
        (["--python", "pyside6"], "PEER=PATH"),
        (["--rounds", "0"], "above 0"),
        (["--cpu", "first"], "any"),
    ],
)
def test_a_wrong_argument_is_answered_with_what_was_expected(arguments: list[str], hint: str) -> None:
    outcome = run(*arguments)
    assert outcome.returncode == 2
    assert hint in outcome.stderr


def test_the_list_names_every_scenario_and_peer() -> None:
    outcome = run("--list")
    assert outcome.returncode == 0
    for name in [*SCENARIOS, "qnet", "epoll", "pyside6"]:
        assert name in outcome.stdout


def test_ctrl_c_keeps_what_was_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    sizes = [str(size) for size in range(64, 264)]  # it would take minutes
    tables = ["--sizes", *sizes, "--connections", "1", "--rounds", "3", "--seconds", "0.05"]
    process = subprocess.Popen(
        command("tcp-echo", "--peers", "epoll", *tables, "--json", str(file)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    with process:
        try:
            while not (line := process.stdout.readline()).startswith("TCP echo server: 64 B x 1 connection"):
                assert line, "it ended before the first table"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "interrupted" in errors
    results = json.loads(file.read_text())["results"]
    assert 1 <= len(results) < len(sizes)
    assert [entry["case"] for entry in results] == [f"{size} B x 1 connection" for size in sizes[: len(results)]]
    assert {len(entry["rounds"]) for entry in results} == {3}
