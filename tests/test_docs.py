"""What the documents say is true: their programs run, their links lead somewhere, their commands are CI's."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = [REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")]
PAGES += sorted((REPOSITORY / "docs").glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = (REPOSITORY / "README.md").read_text()
PROGRAMS = [code for language, code in FENCE.findall(README) if language == "python"]


def program(word: str) -> str:
    """The one program of the README that uses *word*."""
    (code,) = [code for code in PROGRAMS if word in code]
    return code


def patient(code: str) -> str:
    """The program with longer time-outs: the machine may be busy, and the answer late."""
    assert "(3000)" in code
    return code.replace("(3000)", "(50_000)")


def command(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", code, *arguments]


@pytest.fixture
def echo_server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    server = subprocess.Popen(
        command(program("QTcpServer()")), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    with server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            port = re.search(r"port (\d+)", line)
            if port is None:
                server.kill()
                pytest.fail(line + server.communicate()[1])
            yield server, int(port[1])
        finally:
            server.kill()


def test_the_echo_server_serves_several_clients_and_ends_with_ctrl_c(
    echo_server: tuple[subprocess.Popen[str], int],
) -> None:
    server, port = echo_server
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as one,
        socket.create_connection(("127.0.0.1", port), timeout=60) as two,
    ):
        for text in [b"first", b"second"]:
            one.sendall(text)
            two.sendall(text.upper())
            assert one.recv(100) == text
            assert two.recv(100) == text.upper()
    server.send_signal(2)
    output, errors = server.communicate(timeout=60)
    assert (server.returncode, output, errors) == (0, "Stopped.\n", "")


def test_the_echo_server_is_as_short_as_promised() -> None:
    assert len(program("QTcpServer()").splitlines()) <= 25


def test_the_blocking_client_gets_its_answer(echo_server: tuple[subprocess.Popen[str], int]) -> None:
    client = command(patient(program("waitForConnected")), str(echo_server[1]))
    outcome = subprocess.run(client, capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "The server says b'hello\\n'\n", "")


def test_the_blocking_client_says_why_it_fails() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # and no listen(): nobody else gets the port, and connections are refused
        client = command(patient(program("waitForConnected")), str(deaf.getsockname()[1]))
        outcome = subprocess.run(client, capture_output=True, text=True, cwd=REPOSITORY, timeout=60)
    assert outcome.stdout.startswith("No connection: Connection refused")
    assert outcome.stderr == ""


def test_a_timer_ticks_in_a_loop_of_asyncio() -> None:
    outcome = subprocess.run(
        command(program("asyncio")), capture_output=True, text=True, cwd=REPOSITORY, timeout=60, check=True
    )
    assert set(outcome.stdout.split()) == {"tick"}
    assert outcome.stderr == ""


def test_no_program_of_the_readme_is_left_out() -> None:
    assert len(PROGRAMS) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_documents_compiles(page: Path) -> None:
    for language, code in FENCE.findall(page.read_text()):
        if language == "python":
            ast.parse(code)


def anchors(page: Path) -> set[str]:
    """The targets that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text())):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (REPOSITORY / ".ci" / "run").read_text()
    named = re.findall(r"^<!-- ci: (.+) -->\n```sh\n(.+)\n```$", README, re.MULTILINE)
    assert [name for name, _ in named] == ["main job", "tests"]
    for name, line in named:
        assert re.search(rf"readme_block '?{name}'?\)", script)
        assert line.startswith("python3 -m venv .venv && ")
    assert named[0][1].endswith(" examples/fortune.py")
    assert named[1][1].endswith(" -m pytest -n 4")


def test_every_requirement_is_explained() -> None:
    setup = (REPOSITORY / "setup.cfg").read_text()
    explained = (REPOSITORY / "docs" / "dependencies.md").read_text().lower()
    names = re.findall(r"^    ([A-Za-z0-9-]+)(?:[><=~]=?[^\n]*)?$", setup.partition("[tool:pytest]")[0], re.MULTILINE)
    assert {"psutil", "idna", "pytest", "PySide6-Essentials", "types-psutil"} <= set(names)
    assert [name for name in names if name.lower() not in explained] == []
