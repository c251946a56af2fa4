"""The fortune examples fetch fortunes, over TCP and local sockets, and say what to do when they cannot."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from _example_runner import EXAMPLES, PATIENCE, Examples
from _socks_proxies import PASSWORD, USER, microsocks

SERVERS = ["fortune_server", "threaded_fortune_server"]
CLIENTS = ["fortune_client", "blocking_fortune_client"]


def fortunes(name: str) -> set[str]:
    """The sentences in the source of an example."""
    table = (EXAMPLES / f"{name}.py").read_text().split("FORTUNES = (")[1].split("\n)")[0]
    return set(re.findall(r'"(.+?)"', table))


def packed(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return struct.pack(">I", len(data)) + data


def test_fortune_prints_one_and_exits(examples: Examples) -> None:
    code, output, errors = examples.run("fortune")
    assert (code, errors) == (0, "")
    assert output.strip() in fortunes("fortune")


@pytest.mark.parametrize("name", ["fortune", *SERVERS, "chat_server"])
def test_a_taken_port_is_reported_with_advice(examples: Examples, listener: socket.socket, name: str) -> None:
    code, output, errors = examples.run(name, "--port", listener.getsockname()[1])
    assert (code, output) == (1, "")
    assert "--port" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("name", [*SERVERS, "chat_server"])
def test_a_wrong_address_is_reported_with_an_example(examples: Examples, name: str) -> None:
    code, _, errors = examples.run(name, "--address", "localhorst")
    assert code == 2
    assert "127.0.0.1" in errors


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_any_client_gets_a_fortune_from_any_server(examples: Examples, server: str, client: str) -> None:
    port = examples.start(server).port()
    for _ in range(2):
        code, output, errors = examples.run(client, "127.0.0.1", port)
        assert (code, errors) == (0, "")
        assert output.strip() in fortunes(server)


def test_the_blocking_client_fetches_as_many_as_told(examples: Examples) -> None:
    port = examples.start("fortune_server").port()
    code, output, _ = examples.run("blocking_fortune_client", "127.0.0.1", port, "--count", 5)
    assert code == 0
    assert len(output.splitlines()) == 5
    assert set(output.splitlines()) <= fortunes("fortune_server")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see the server's threads")
def test_the_threaded_server_serves_clients_side_by_side(
    examples: Examples, connect: Callable[[int], socket.socket]
) -> None:
    server = examples.start("threaded_fortune_server", "--delay", 1000)
    port = server.port()
    threads = Path(f"/proc/{server.process.pid}/task")
    before = len(list(threads.iterdir()))
    for _ in range(4):
        connect(port)
    deadline = time.monotonic() + PATIENCE
    while len(list(threads.iterdir())) < before + 4:  # one after the other they would take more than an hour
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_threaded_server_goes_on_after_its_limit_was_reached(examples: Examples) -> None:
    port = examples.start("threaded_fortune_server", "--delay", 0.2, "--threads", 1).port()
    clients = [examples.start("fortune_client", "127.0.0.1", port, "--timeout", 60) for _ in range(4)]
    assert [client.end() for client in clients] == [(0, "")] * 4


@pytest.mark.parametrize("server", SERVERS)
def test_a_client_that_vanishes_does_not_disturb_the_server(
    examples: Examples, connect: Callable[[int], socket.socket], server: str
) -> None:
    port = examples.start(server).port()
    for _ in range(20):
        client = connect(port)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # a reset
    assert examples.run("fortune_client", "127.0.0.1", port)[0] == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_a_refused_connection_is_reported_with_advice(examples: Examples, dead_port: int, client: str) -> None:
    code, output, errors = examples.run(client, "127.0.0.1", dead_port)
    assert (code, output) == (1, "")
    assert "refused" in errors
    assert "fortune_server.py" in errors


@pytest.mark.parametrize("client", CLIENTS)
def test_a_silent_server_is_given_up(examples: Examples, listener: socket.socket, client: str) -> None:
    code, output, errors = examples.run(client, "127.0.0.1", listener.getsockname()[1], "--timeout", 0.3)
    assert (code, output) == (1, "")
    assert "No fortune" in errors


@pytest.mark.parametrize("client", CLIENTS)
def test_half_a_fortune_is_none(examples: Examples, listener: socket.socket, client: str) -> None:
    running = examples.start(client, "127.0.0.1", listener.getsockname()[1])
    connection, _ = listener.accept()
    with connection:
        connection.sendall(packed("Only the half of it")[:-3])
    code, errors = running.end()
    assert code == 1
    assert "No fortune" in errors


@pytest.mark.parametrize("client", CLIENTS)
def test_a_fortune_may_come_in_pieces(examples: Examples, listener: socket.socket, client: str) -> None:
    running = examples.start(client, "127.0.0.1", listener.getsockname()[1])
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        for byte in packed("Drop by drop, größer"):
            connection.sendall(bytes([byte]))
        assert running.line() == "Drop by drop, größer"
    assert running.end() == (0, "")


def test_local_sockets_carry_fortunes_too(examples: Examples, tmp_path: Path) -> None:
    name = tmp_path / "fortune"
    assert str(name) in examples.start("local_fortune_server", "--name", name).line()
    code, output, errors = examples.run("local_fortune_client", "--name", name)
    assert (code, errors) == (0, "")
    assert output.strip() in fortunes("local_fortune_server")


def test_a_local_server_that_is_not_there_is_reported_with_advice(examples: Examples, tmp_path: Path) -> None:
    code, output, errors = examples.run("local_fortune_client", "--name", tmp_path / "nobody")
    assert (code, output) == (1, "")
    assert "local_fortune_server.py" in errors


def test_a_local_name_left_by_a_crash_is_taken_over(examples: Examples, tmp_path: Path) -> None:
    name = tmp_path / "fortune"
    crashed = examples.start("local_fortune_server", "--name", name)
    crashed.line()
    crashed.kill()
    examples.start("local_fortune_server", "--name", name).line()
    assert examples.run("local_fortune_client", "--name", name)[0] == 0


def test_a_local_name_in_use_is_left_alone(examples: Examples, tmp_path: Path) -> None:
    name = tmp_path / "fortune"
    examples.start("local_fortune_server", "--name", name).line()
    code, _, errors = examples.run("local_fortune_server", "--name", name)
    assert code == 1
    assert "--name" in errors
    assert examples.run("local_fortune_client", "--name", name)[0] == 0


def test_a_fortune_through_a_proxy(examples: Examples, tmp_path: Path) -> None:
    port = examples.start("fortune_server").port()
    with microsocks(tmp_path, login=True) as proxy:
        for login, complaint in ((f"{USER}:{PASSWORD}@", ""), ("", "Proxy authentication failed")):
            url = f"socks5://{login}127.0.0.1:{proxy.port}"
            code, output, errors = examples.run("fortune_client", "localhost", port, "--proxy", url)
            assert code == bool(complaint)
            assert complaint in errors
            assert complaint or output.strip() in fortunes("fortune_server")


@pytest.mark.parametrize("text", ["proxy.example:1080", "socks4://proxy.example", "socks5://"])
def test_a_wrong_proxy_is_answered_with_an_example(examples: Examples, text: str) -> None:
    code, _, errors = examples.run("fortune_client", "127.0.0.1", 4242, "--proxy", text)
    assert code == 2
    assert "socks5://proxy.example:1080" in errors
