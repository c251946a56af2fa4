"""UDP echo with an asyncio datagram protocol; ``--uvloop`` runs the same program on uvloop."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

from benchmarks.peers import control


class Echo(asyncio.DatagramProtocol):
    """Sends every datagram back to where it came from."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.transport.sendto(data, address)


async def main() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    control.serve(transport.get_extra_info("sockname")[1])
    await loop.create_future()  # for ever


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
