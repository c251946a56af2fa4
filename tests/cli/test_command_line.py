"""What all subcommands of ``python -m qnet`` have in common: help, exit codes, and output that nobody reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from _command_line import environment, run

from qnet._cli.main import main
from qnet._version import __version__

COMMANDS = [
    ("interfaces",),
    ("networks",),
    ("monitor",),
    *(("networks", each) for each in ("list", "path", "check", "add", "change", "remove", "default")),
    *(("networks", f"{each}-member") for each in ("add", "remove", "move")),
]


@pytest.mark.parametrize("command", [(), *COMMANDS], ids=" ".join)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: tuple[str, ...]) -> None:
    assert main([*command, "--help"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"usage: python -m qnet {' '.join(command)}".rstrip())
    assert printed.err == ""


def test_the_help_names_every_command_and_the_exit_codes() -> None:
    ended = run("--help")
    for word in ("interfaces", "networks", "monitor", "exit codes", "141"):
        assert word in ended.out
    assert run("--version").out == f"qnet {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("interface",), "invalid choice: 'interface'"),
        (("interfaces", "--jsn"), "unrecognized arguments: --jsn"),
        (("networks", "remove"), "the following arguments are required: KEY"),
        (("networks", "add", "x", "--purpose", "fun"), "invalid choice: 'fun'"),
        (("networks", "default"), "one of the arguments KEY --interface --identifier --none is required"),
        (("networks", "move-member", "x", "eth0", "first"), "invalid int value: 'first'"),
        (("monitor", "--for", "ever"), "expected a number of seconds from 0 to 1000000, not 'ever'"),
        (("monitor", "--for", "nan"), "expected a number of seconds from 0 to 1000000, not 'nan'"),
        (("monitor", "--for", "-1"), "expected"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_why(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], text: str
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert text in printed.err


def test_the_exit_code_is_that_of_the_process() -> None:
    assert run("interface").code == 2
    assert run("interfaces", "no-such").code == 1


@pytest.mark.parametrize("arguments", [("--help",), ("interfaces",), ("interfaces", "--json"), ("monitor",)])
def test_output_that_nobody_reads_ends_it_quietly(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        command = [sys.executable, "-m", "qnet", *arguments]
        ended = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, timeout=100, env=environment())
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_an_error() -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "qnet", "interfaces"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=100, env=environment(), text=True)
    assert ended.returncode == 1
    assert ended.stderr == "python -m qnet: [Errno 28] No space left on device\n"


def test_without_an_output_it_says_so() -> None:
    command = ["sh", "-c", f"{sys.executable} -m qnet interfaces >&-"]
    ended = subprocess.run(command, stderr=subprocess.PIPE, timeout=100, env=environment(), text=True)
    assert (ended.returncode, ended.stderr) == (1, "python -m qnet: standard output is closed\n")


def test_asking_for_help_loads_nothing_but_the_command_line() -> None:
    code = (
        "import sys; from qnet._cli.main import main; main(['--help']);"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('qnet', 'tomlkit', 'psutil', 'jeepney')"
        " and not name.startswith('qnet._') and name not in ('qnet.bearer', 'qnet')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, env=environment(), check=True
    )
    loaded = ended.stdout.splitlines()[-1]
    assert "qnet.core" not in loaded
    assert "tomlkit" not in loaded
    assert "psutil" not in loaded
