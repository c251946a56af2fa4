"""Programs that are talked to: signals of the system, standard input, a second instance."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from _program_runner import PATIENCE, Programs, Running


def ready(programs: Programs, name: str, *arguments: object) -> Running:
    program = programs.start(name, *arguments)
    assert program.line() == "ready"
    return program


# -- signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 3)])
def test_a_handler_with_a_timer(programs: Programs, number: int, code: int) -> None:
    program = ready(programs, "stop_by_timer")
    program.process.send_signal(number)
    assert program.end() == (code, "cleaning up\n", "")


@pytest.mark.qnet("Qt runs Python's handlers only when something else wakes it")
def test_a_handler_needs_no_timer(programs: Programs, tmp_path: Path) -> None:
    text = (programs.folder / "stop_by_timer.py").read_text()
    assert "timer.start(200)\n" in text
    programs.folder = tmp_path
    (tmp_path / "without.py").write_text(text.replace("timer.start(200)\n", ""))
    program = ready(programs, "without")
    program.process.send_signal(signal.SIGINT)
    assert program.end() == (0, "cleaning up\n", "")


def test_the_default_action(programs: Programs) -> None:
    program = ready(programs, "stop_by_default")
    program.process.send_signal(signal.SIGINT)
    assert program.end() == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("when", ["before", "inside"])
def test_a_wake_up_descriptor_under_a_notifier(programs: Programs, when: str) -> None:
    program = ready(programs, "stop_by_notifier", when)
    for name in ("SIGUSR1", "SIGINT", "SIGUSR1"):
        program.process.send_signal(signal.Signals[name])
        assert program.line() == f"caught {name}"
    program.process.send_signal(signal.SIGTERM)
    assert program.end() == (0, "caught SIGTERM\nstill installed: True\n", "")


def test_a_wake_up_descriptor_under_a_socket(programs: Programs) -> None:
    program = ready(programs, "stop_by_socket")
    for name in ("SIGUSR1", "SIGUSR1"):
        program.process.send_signal(signal.Signals[name])
        assert [program.line(), program.line()] == [f"handler {name}", f"signal {name}"]
    program.process.send_signal(signal.SIGINT)
    assert program.end() == (0, "handler SIGINT\nsignal SIGINT\n", "")


# -- standard input


@pytest.fixture
def echo() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener


def test_a_console(programs: Programs, echo: socket.socket) -> None:
    program = programs.start("console", echo.getsockname()[1])
    assert program.line() == "connected to 127.0.0.1"
    peer, _ = echo.accept()
    with peer:
        for text in ("one", "zwölf"):
            program.type(text + "\n")
            peer.sendall(peer.recv(100))
            assert program.line() == f"> {text}"
        program.type("quit\n")
        assert program.line() == "bye"
        assert peer.recv(100) == b""
    assert program.end() == (0, "", "")


def test_the_end_of_input(programs: Programs, echo: socket.socket) -> None:
    program = programs.start("console", echo.getsockname()[1])
    program.line()
    assert program.end() == (0, "end of input\n", "")


def test_input_from_a_pipe_that_is_closed_at_once(programs: Programs, echo: socket.socket) -> None:
    program = programs.start("console", echo.getsockname()[1])
    program.type("only\n")
    code, output, errors = program.end()
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == "connected to 127.0.0.1"
    assert output.splitlines()[-1] == "end of input"


def test_a_console_without_a_server(programs: Programs) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        ended = programs.start("console", nobody.getsockname()[1]).end()
    assert ended == (1, "error: ConnectionRefusedError\n", "")


# -- a second instance


def test_later_instances_hand_over_to_the_first(programs: Programs, tmp_path: Path) -> None:
    name = tmp_path / "instance"
    first = programs.start("single_instance", name)
    assert first.line() == "first"
    for words in (["open", "a.txt"], ["open", "ü.txt"]):
        assert programs.start("single_instance", name, *words).end() == (0, "handing over True\n", "")
        assert first.line() == "message: " + " ".join(words)
    assert programs.start("single_instance", name, "quit").end()[0] == 0
    assert first.end() == (0, "message: quit\n", "")
    assert not name.exists()


def test_an_instance_after_a_crash_is_the_first(programs: Programs, tmp_path: Path) -> None:
    name = tmp_path / "instance"
    first = programs.start("single_instance", name)
    assert first.line() == "first"
    os.kill(first.process.pid, signal.SIGKILL)
    first.end()
    assert name.exists()
    second = programs.start("single_instance", name)
    assert second.line() == "first"
    assert programs.start("single_instance", name, "quit").end()[0] == 0
    assert second.end() == (0, "message: quit\n", "")
