"""TCP echo on Twisted's default reactor."""

from __future__ import annotations

from twisted.internet import protocol, reactor

from benchmarks.peers import control


class Echo(protocol.Protocol):
    """Writes what it reads."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


if __name__ == "__main__":
    port = reactor.listenTCP(0, protocol.Factory.forProtocol(Echo), backlog=512, interface="127.0.0.1")
    control.serve(port.getHost().port)
    reactor.run()
