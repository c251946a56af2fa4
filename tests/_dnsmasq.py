"""dnsmasq, a real name server, on a free port of 127.0.0.1 (Debian: dnsmasq-base)."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
from _ports import server_port

LOCALHOST = "127.0.0.1"
PATIENCE = 30.0
# Debian's PATH of a user lacks it.
PROGRAM = shutil.which("dnsmasq", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))

SETTINGS = """
keep-in-foreground
no-resolv
no-hosts
no-daemon
bind-interfaces
listen-address={host}
port={port}
pid-file={folder}/pid
cache-size=0
local=/test/
"""


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    query = dns.message.make_query("ready.test", "A")
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        try:
            dns.query.udp(query, LOCALHOST, port=port, timeout=0.2)
            return
        except (OSError, dns.exception.Timeout):
            assert time.monotonic() < deadline, "dnsmasq does not answer"
            with selectors.DefaultSelector() as nothing:
                nothing.select(0.01)  # a refusal comes at once, and nothing tells when the port is open
    pytest.fail(f"dnsmasq ended: {process.communicate()[1].decode()}")


@contextlib.contextmanager
def dnsmasq(folder: Path, *records: str) -> Iterator[int]:
    """The port of a dnsmasq that is authoritative for ``test``, with *records* as lines of its configuration."""
    if PROGRAM is None:
        pytest.skip("dnsmasq is not installed (Debian: dnsmasq-base)")
    with server_port() as port:
        config = folder / "dnsmasq.conf"
        config.write_text(SETTINGS.format(host=LOCALHOST, port=port, folder=folder) + "\n".join(records) + "\n")
        command = [PROGRAM, f"--conf-file={config}", "--user=", "--group="]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            try:
                _wait_until_it_answers(process, port)
                yield port
            finally:
                process.kill()
