"""What the tests of QDnsLookup share: look-ups that ask one server, and their results as plain values."""

from __future__ import annotations

from typing import Any

LOCALHOST = "127.0.0.1"


def lookup(qt: Any, kind: str, name: str, port: int, host: str = LOCALHOST) -> Any:
    """A QDnsLookup that will ask the server on *port*."""
    return qt.QDnsLookup(getattr(qt.QDnsLookup.Type, kind), name, qt.QHostAddress(host), port)


def run(qt: Any, made: Any, patience: float = 60.0) -> Any:
    """Start *made* and wait until it has finished."""
    made.lookup()
    assert not made.isFinished()
    assert qt.wait(made.isFinished, patience)
    return made


def found(made: Any) -> dict[str, list[Any]]:
    """All records of a finished look-up, by kind; kinds without records are left out."""
    kinds: dict[str, list[Any]] = {
        "CNAME": [(r.name(), r.value()) for r in made.canonicalNameRecords()],
        "NS": [(r.name(), r.value()) for r in made.nameServerRecords()],
        "PTR": [(r.name(), r.value()) for r in made.pointerRecords()],
        "address": [(r.name(), r.value().toString()) for r in made.hostAddressRecords()],
        "MX": [(r.name(), r.preference(), r.exchange()) for r in made.mailExchangeRecords()],
        "SRV": [(r.name(), r.priority(), r.weight(), r.port(), r.target()) for r in made.serviceRecords()],
        "TXT": [(r.name(), [bytes(v) for v in r.values()]) for r in made.textRecords()],
        "TLSA": [
            (r.name(), r.usage().value, r.selector().value, r.matchType().value, bytes(r.value()))
            for r in made.tlsAssociationRecords()
        ],
    }
    return {kind: records for kind, records in kinds.items() if records}


def error_of(made: Any) -> tuple[str, str]:
    """The error's name, and Qt's words for it: qnet says of whom and what after them."""
    return made.error().name, made.errorString().partition(": ")[0]
