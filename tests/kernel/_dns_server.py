"""A DNS server to run as a program: it answers on 127.0.0.1:53 and takes orders on 127.0.0.1:5300.

Every name under ``test`` has the addresses 10.0.0.1 and ::5, 10.0.0.7 has the name ``rev.test``, ``rcodeN.…`` is
answered with that error, the rest does not exist. Names that start with ``held`` are answered after the order
``release``. The order ``queries`` is answered with the names asked for since the last one.
"""

from __future__ import annotations

import re
import selectors
import socket
import struct

A, PTR, AAAA = 1, 12, 28
RECORDS = {
    A: bytes([10, 0, 0, 1]),
    AAAA: bytes(15) + b"\5",
    PTR: b"\3rev\4test\0",
}


def question(query: bytes) -> tuple[str, int, int]:
    """The name and type that are asked for, and where the question ends."""
    labels = []
    position = 12
    while query[position]:
        length = query[position]
        labels.append(query[position + 1 : position + 1 + length].decode("latin-1"))
        position += 1 + length
    return ".".join(labels), struct.unpack("!H", query[position + 1 : position + 3])[0], position + 5


def answer(query: bytes) -> bytes:
    name, kind, end = question(query)
    error = re.match(r"rcode(\d+)\.", name)
    exists = name.endswith(".test") if kind != PTR else name == "7.0.0.10.in-addr.arpa"
    code = int(error[1]) if error else 0 if exists else 3
    record = b""
    if not code and kind in RECORDS:
        data = RECORDS[kind]
        record = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
    return query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, bool(record), 0, 0) + query[12:end] + record


def main() -> None:
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 53))
    orders = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    orders.bind(("127.0.0.1", 5300))
    selector = selectors.DefaultSelector()
    selector.register(names, selectors.EVENT_READ)
    selector.register(orders, selectors.EVENT_READ)
    seen: list[str] = []
    held: list[tuple[bytes, tuple[str, int]]] = []
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is names:
                query, client = names.recvfrom(4096)
                seen.append(question(query)[0])
                if seen[-1].startswith("held"):
                    held.append((query, client))
                else:
                    names.sendto(answer(query), client)
            else:
                order, client = orders.recvfrom(100)
                if order == b"release":
                    for query, asker in held:
                        names.sendto(answer(query), asker)
                    held.clear()
                    orders.sendto(b"", client)
                else:
                    orders.sendto(" ".join(seen).encode(), client)
                    seen.clear()


if __name__ == "__main__":
    main()
