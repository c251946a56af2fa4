"""UDP echo on Twisted's default reactor."""

from __future__ import annotations

from twisted.internet import protocol, reactor

from benchmarks.peers import control


class Echo(protocol.DatagramProtocol):
    """Sends every datagram back to where it came from."""

    def datagramReceived(self, data: bytes, address: tuple[str, int]) -> None:
        self.transport.write(data, address)


if __name__ == "__main__":
    port = reactor.listenUDP(0, Echo(), interface="127.0.0.1")
    control.serve(port.getHost().port)
    reactor.run()
