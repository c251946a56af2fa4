"""Looks up the DNS records of a name and prints them::

python dnslookup.py example.org
python dnslookup.py --type MX example.org
python dnslookup.py --type TXT --server 127.0.0.1 --port 5353 example.org
"""

from __future__ import annotations

import argparse
import sys

from qnet.QtCore import QCoreApplication, QTimer
from qnet.QtNetwork import QDnsLookup, QHostAddress


def described(lookup: QDnsLookup) -> list[str]:
    """The records, one a line: name, time to live in seconds, kind and content."""
    lines = []
    for kind, names in (
        ("CNAME", lookup.canonicalNameRecords()),
        ("NS", lookup.nameServerRecords()),
        ("PTR", lookup.pointerRecords()),
    ):
        lines += [f"{r.name()}\t{r.timeToLive()}\t{kind}\t{r.value() or '.'}" for r in names]
    for address in lookup.hostAddressRecords():
        kind = "AAAA" if ":" in address.value().toString() else "A"
        lines.append(f"{address.name()}\t{address.timeToLive()}\t{kind}\t{address.value().toString()}")
    for mail in lookup.mailExchangeRecords():
        lines.append(f"{mail.name()}\t{mail.timeToLive()}\tMX\t{mail.preference()} {mail.exchange() or '.'}")
    for service in lookup.serviceRecords():
        where = f"{service.priority()} {service.weight()} {service.port()} {service.target() or '.'}"
        lines.append(f"{service.name()}\t{service.timeToLive()}\tSRV\t{where}")
    for text in lookup.textRecords():
        # Anybody can publish anything: what is not printable must not reach the terminal.
        strings = " ".join(repr(bytes(value).decode(errors="replace")) for value in text.values())
        lines.append(f"{text.name()}\t{text.timeToLive()}\tTXT\t{strings}")
    for tls in lookup.tlsAssociationRecords():
        how = f"{tls.usage().value} {tls.selector().value} {tls.matchType().value} {bytes(tls.value()).hex()}"
        lines.append(f"{tls.name()}\t{tls.timeToLive()}\tTLSA\t{how}")
    return lines


def report(lookup: QDnsLookup) -> int:
    """Print the outcome; returns the exit code."""
    if lookup.error() != QDnsLookup.Error.NoError:
        print(f"No answer for {lookup.name()}: {lookup.errorString()}.", file=sys.stderr)
        return 1
    lines = described(lookup)
    print("\n".join(lines) if lines else f"{lookup.name()} has no {lookup.type().name} records.")
    if lookup.isAuthenticData():
        print("The name server has verified this (DNSSEC).")
    return 0


def server_address(text: str) -> QHostAddress:
    address = QHostAddress(text)
    if address.isNull():
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address")
    return address


def main() -> int:
    kinds = dict(QDnsLookup.Type.__members__)
    parser = argparse.ArgumentParser(description="Look up the DNS records of a name.")
    parser.add_argument("name", help="what to look up, example.org, say")
    parser.add_argument(
        "--type",
        type=str.upper,
        choices=kinds,
        default="A",
        metavar="TYPE",
        help=f"A (the default) of: {', '.join(kinds)}",
    )
    parser.add_argument("--server", type=server_address, metavar="ADDRESS", help="name server (default: the system's)")
    parser.add_argument("--port", type=int, default=53, help="port of --server (default: %(default)s)")
    options = parser.parse_args()
    if not 0 < options.port < 65536:
        parser.error(f"a port is 1 to 65535, not {options.port}")

    application = QCoreApplication(sys.argv)
    lookup = QDnsLookup(kinds[options.type], options.name)
    if options.server is not None:
        lookup.setNameserver(options.server, options.port)
    lookup.finished.connect(lambda: application.exit(report(lookup)))
    QTimer.singleShot(0, lookup.lookup)
    try:
        return application.exec()
    except KeyboardInterrupt:
        lookup.finished.disconnect()
        lookup.abort()
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
