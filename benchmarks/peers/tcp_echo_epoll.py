"""TCP echo on a bare ``select.epoll()``: what system calls and interpreter cost without any framework."""

from __future__ import annotations

import select
import socket

from benchmarks.peers import control

READ_SIZE = 262_144


class Server:
    """Echoes whatever arrives; what a peer is too slow to take waits in ``unsent``."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        self.poller = select.epoll()
        self.poller.register(self.listener, select.EPOLLIN)
        self.clients: dict[int, socket.socket] = {}
        self.unsent: dict[int, bytes] = {}

    def run(self) -> None:
        listening = self.listener.fileno()
        control.serve(self.listener.getsockname()[1])
        while True:
            for descriptor, events in self.poller.poll():
                if descriptor == listening:
                    self.accept()
                elif events & select.EPOLLOUT:
                    self.resume(descriptor)
                else:
                    self.echo(descriptor)

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except BlockingIOError:
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients[client.fileno()] = client
            self.poller.register(client, select.EPOLLIN)

    def echo(self, descriptor: int) -> None:
        try:
            data = self.clients[descriptor].recv(READ_SIZE)
        except ConnectionError:
            data = b""
        if data:
            self.send(descriptor, data)
        else:
            self.close(descriptor)

    def send(self, descriptor: int, data: bytes) -> None:
        try:
            sent = self.clients[descriptor].send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError:
            self.close(descriptor)
            return
        if sent < len(data):
            self.unsent[descriptor] = data[sent:]
            self.poller.modify(descriptor, select.EPOLLOUT)

    def resume(self, descriptor: int) -> None:
        self.poller.modify(descriptor, select.EPOLLIN)
        self.send(descriptor, self.unsent.pop(descriptor))

    def close(self, descriptor: int) -> None:
        self.poller.unregister(descriptor)
        self.unsent.pop(descriptor, None)
        self.clients.pop(descriptor).close()


if __name__ == "__main__":
    Server().run()
