"""UDP echo on a bare ``select.epoll()``: the floor for datagrams."""

from __future__ import annotations

import select
import socket

from benchmarks.peers import control

READ_SIZE = 65_536


def main() -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.setblocking(False)
    poller = select.epoll()
    poller.register(server, select.EPOLLIN)
    control.serve(server.getsockname()[1])
    while True:
        poller.poll()
        while True:
            try:
                data, address = server.recvfrom(READ_SIZE)
            except BlockingIOError:
                break
            server.sendto(data, address)


if __name__ == "__main__":
    main()
