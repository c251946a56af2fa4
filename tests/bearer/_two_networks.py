"""Two networks with two cables between them, ``va``-``vb`` and ``vc``-``vd``, and an echo server at the other end."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

from _implementations import Implementation
from _netns import Namespace, call

HERE = """\
link set lo up
link add va type veth peer name vb
link add vc type veth peer name vd
link set vb netns {peer}
link set vd netns {peer}
link set va up
link set vc up
"""
THERE = """\
link set lo up
link set vb up
link set vd up
addr add 10.9.0.1/32 dev lo
"""
OWN_ADDRESSES = """\
addr add 10.1.0.1/24 dev va
addr add 10.2.0.1/24 dev vc
route add 10.9.0.1 via 10.1.0.2 dev va metric 1
route add 10.9.0.1 via 10.2.0.2 dev vc metric 2
"""
THEIR_ADDRESSES = """\
addr add 10.1.0.2/24 dev vb
addr add 10.2.0.2/24 dev vd
"""
ONE_ADDRESS = """\
addr add 10.3.0.1/32 dev va
addr add 10.3.0.1/32 dev vc
route add 10.9.0.1 dev va src 10.3.0.1 metric 1
route add 10.9.0.1 dev vc src 10.3.0.1 metric 2
"""
ROUTES_BACK = """\
route add 10.3.0.1 dev vb src 10.9.0.1 metric 1
route add 10.3.0.1 dev vd src 10.9.0.1 metric 2
"""
SERVER = """\
import socket, threading
def echo(client, address):
    client.sendall(address[0].encode() + b"\\n")
    while data := client.recv(65536):
        client.sendall(data)
def datagrams(sock):
    while True:
        _, address = sock.recvfrom(65536)
        sock.sendto(address[0].encode(), address)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("10.9.0.1", 4242))
threading.Thread(target=datagrams, args=(udp,), daemon=True).start()
with socket.create_server(("10.9.0.1", 4242)) as server:
    print("ready", flush=True)
    while True:
        threading.Thread(target=echo, args=server.accept(), daemon=True).start()
"""


class _Peer(Namespace):
    def __init__(self) -> None:
        super().__init__()
        self.name += "-peer"
        self.prefix = ("ip", "netns", "exec", self.name)


def there(commands: str) -> None:
    """In a scenario: run ``ip`` at the other end."""
    prefix = ["ip", "netns", "exec", os.environ["QNET_TEST_PEER"]]
    subprocess.run([*prefix, "ip", "-batch", "-"], input=commands, text=True, check=True, timeout=60)


def run(scenario: Callable[[Implementation], Any], bt: Implementation, same_address: bool = False) -> Any:
    """What *scenario* returns in the one network, with the server on 10.9.0.1, port 4242, in the other one."""
    with Namespace() as here, _Peer() as peer:
        here.ip(HERE.format(peer=peer.name))
        peer.ip(THERE + (ROUTES_BACK if same_address else THEIR_ADDRESSES))
        here.ip(ONE_ADDRESS if same_address else OWN_ADDRESSES)
        os.environ["QNET_TEST_PEER"] = peer.name
        with peer.start("-c", SERVER) as server:
            try:
                assert server.stdout is not None
                assert server.stdout.readline() == "ready\n"
                code = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); "
                code += call(scenario.__module__, scenario.__name__, bt)
                return json.loads(here.python(code).splitlines()[-1])
            finally:
                server.kill()
