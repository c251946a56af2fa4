"""The chat server passes lines on, whatever single clients do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from _example_runner import Examples

Connect = Callable[[int], socket.socket]


class Talker:
    """A client of the chat that reads and writes lines."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.file = connection.makefile("rw", encoding="utf-8", newline="\n")
        self.greeting = self.hear()

    def say(self, text: str) -> None:
        self.file.write(text + "\n")
        self.file.flush()

    def hear(self) -> str:
        """The next line; empty when the server has hung up."""
        return self.file.readline().rstrip("\n")

    def join(self, name: str) -> Talker:
        self.say(name)
        assert self.hear().startswith(f"* Welcome, {name}.")
        return self


@pytest.fixture
def port(examples: Examples) -> int:
    return examples.start("chat_server").port()


def test_lines_go_to_everybody_else(port: int, connect: Connect) -> None:
    ann = Talker(connect(port)).join("Ann")
    bob = Talker(connect(port)).join("Bob")
    assert ann.hear() == "* Bob joined"
    cleo = Talker(connect(port)).join("Cleo")
    assert (ann.hear(), bob.hear()) == ("* Cleo joined", "* Cleo joined")
    ann.say("Grüße!")
    assert (bob.hear(), cleo.hear()) == ("Ann: Grüße!", "Ann: Grüße!")
    bob.say("hello")
    assert (ann.hear(), cleo.hear()) == ("Bob: hello", "Bob: hello")


def test_who_and_quit(port: int, connect: Connect) -> None:
    ann = Talker(connect(port)).join("Ann")
    bob = Talker(connect(port)).join("Bob")
    assert ann.hear() == "* Bob joined"
    ann.say("/who")
    assert ann.hear() == "* Here: Ann, Bob"
    ann.say("/dance")
    assert "/quit" in ann.hear()
    bob.say("/quit\nthis is not heard")
    assert (bob.hear(), bob.hear()) == ("* Goodbye.", "")
    assert ann.hear() == "* Bob left"
    Talker(connect(port)).join("Bob")
    assert ann.hear() == "* Bob joined"


def test_names_are_asked_until_they_are_good(port: int, connect: Connect) -> None:
    Talker(connect(port)).join("Ann")
    bob = Talker(connect(port))
    assert bob.greeting == "* What is your name?"
    for wrong in ("", "two words", "x" * 21, "/who"):
        bob.say(wrong)
        assert "letters and digits" in bob.hear()
    bob.say("ANN")
    assert "already" in bob.hear()
    bob.join("Bob")


def test_terminals_are_spared_control_characters(port: int, connect: Connect) -> None:
    ann = Talker(connect(port)).join("Ann")
    bob = Talker(connect(port)).join("Bob")
    assert ann.hear() == "* Bob joined"
    bob.connection.sendall(b"\x1b[2Jhi\x00\xff\r\n")
    assert ann.hear() == "Bob: ?[2Jhi?�"


def test_a_line_without_end_costs_its_sender_the_place(port: int, connect: Connect) -> None:
    ann = Talker(connect(port)).join("Ann")
    bob = Talker(connect(port)).join("Bob")
    assert ann.hear() == "* Bob joined"
    bob.say("x" * 1023)  # the longest that is allowed
    assert ann.hear() == "Bob: " + "x" * 1023
    bob.connection.sendall(b"x" * 1024)
    assert ann.hear() == "* Bob sent a line that was too long"
    assert "shorter" in bob.hear()
    assert bob.hear() == ""


def test_one_that_does_not_read_is_dropped_and_the_others_are_not(port: int, connect: Connect) -> None:
    ann = Talker(connect(port)).join("Ann")
    deaf = Talker(connect(port)).join("Deaf")
    assert ann.hear() == "* Deaf joined"
    enough = threading.Event()

    def talk() -> None:
        # Some megabytes fit into the kernel's buffers before the server has anything unsent.
        while not enough.is_set():
            ann.connection.sendall((b"y" * 1000 + b"\n") * 100)

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        assert ann.hear() == "* Deaf was too slow"
    finally:
        enough.set()
        talking.join()
    ann.say("/who")
    assert ann.hear() == "* Here: Ann"
    assert deaf.connection.fileno() > 0  # it was not this side that closed


def test_a_full_chat_turns_clients_away(examples: Examples, connect: Connect) -> None:
    port = examples.start("chat_server", "--clients", 1).port()
    ann = Talker(connect(port)).join("Ann")
    late = Talker(connect(port))
    assert "full" in late.greeting
    assert late.hear() == ""
    ann.say("/quit")
    assert (ann.hear(), ann.hear()) == ("* Goodbye.", "")


def test_one_without_a_name_does_not_stay(examples: Examples, connect: Connect) -> None:
    port = examples.start("chat_server", "--login-seconds", 0.5).port()
    silent = Talker(connect(port))
    assert "did not say" in silent.hear()
    assert silent.hear() == ""
    for _ in range(20):  # on a busy machine even saying it at once may take too long
        ann = Talker(connect(port))
        ann.say("Ann")
        if ann.hear().startswith("* Welcome, Ann."):
            break
    silent = Talker(connect(port))
    assert "did not say" in silent.hear()
    ann.say("/who")
    assert ann.hear() == "* Here: Ann"


def test_a_reset_is_no_worse_than_a_goodbye(port: int, connect: Connect) -> None:
    ann = Talker(connect(port)).join("Ann")
    bob = Talker(connect(port)).join("Bob")
    assert ann.hear() == "* Bob joined"
    bob.file.detach()
    bob.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    bob.connection.close()
    assert ann.hear() == "* Bob left"


@pytest.mark.qnet("Qt does not see Ctrl-C while exec() sleeps")
def test_ctrl_c_tells_everybody(examples: Examples, connect: Connect) -> None:
    server = examples.start("chat_server")
    ann = Talker(connect(server.port())).join("Ann")
    assert server.ctrl_c() == (0, "")
    assert (ann.hear(), ann.hear()) == ("* The server stops.", "")
