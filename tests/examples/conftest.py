"""Fixtures for the tests of the example programs, which need real peers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _example_runner import EXAMPLES, PATIENCE, Examples
from _implementations import Implementation
from _ports import LOCALHOST, server_port


@pytest.fixture
def examples(qt: Implementation, tmp_path: Path) -> Iterator[Examples]:
    folder = EXAMPLES
    if not qt.is_qnet:  # nothing but the import lines may differ
        folder = tmp_path / "examples"
        folder.mkdir()
        for file in EXAMPLES.glob("*.py"):
            (folder / file.name).write_text(file.read_text().replace("from qnet.", "from PySide6."))
    examples = Examples(folder)
    yield examples
    for each in examples.running:
        each.kill()


@pytest.fixture
def connect() -> Iterator[Callable[[int], socket.socket]]:
    """Makes plain connections to 127.0.0.1, which time out instead of hanging."""
    opened = []

    def connect(port: int) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A plain listening socket on 127.0.0.1, for servers that behave as a test wants."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections and datagrams, and that nobody else gets meanwhile."""
    with server_port() as port, socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind((LOCALHOST, port))  # and never listens
        udp.bind((LOCALHOST, port))
        udp.connect((LOCALHOST, 9))  # takes datagrams from there only
        yield port
