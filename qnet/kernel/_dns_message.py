"""DNS messages: one query to send, and what of that which comes back answers it.

dnspython reads names and moves the cursor over the wire. The records are read here rather than by its message class
because Qt is more tolerant (records of unknown kinds are skipped unread, a TLSA digest may have any length) and so that
one message, however it was made up, costs no more than a bounded amount of work: see `_Reader`.

This module imports dnspython, so it must itself be imported only by functions that start a look-up.
"""

from __future__ import annotations

import bisect
import itertools
import random
import secrets
import struct
from collections.abc import Callable
from typing import NamedTuple

import dns.exception
import dns.name
import dns.wire

from qnet.core._url_ace import normalize, to_ace
from qnet.kernel._dns_result import DnsRecords, DnsType
from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.dnsrecords import (
    QDnsDomainNameRecord,
    QDnsHostAddressRecord,
    QDnsMailExchangeRecord,
    QDnsServiceRecord,
    QDnsTextRecord,
    QDnsTlsAssociationRecord,
)
from qnet.kernel.hostaddress import QHostAddress

__all__ = ["FORMERR", "NOERROR", "NOTIMP", "NXDOMAIN", "REFUSED", "SERVFAIL", "Framing", "Query", "Reply", "wire_name"]

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

_HEADER = struct.Struct("!6H")
_FIXED = struct.Struct("!HHIH")  # of a record, after its name: type, class, time to live, length

_QR, _TC, _RD, _AD = 0x8000, 0x0200, 0x0100, 0x0020
_OPCODE, _RCODE = 0x7800, 0x000F
_IN, _OPT = 1, 41

# What a datagram may carry without being fragmented on any usual path: https://www.dnsflagday.net/2020/
_PAYLOAD = 1232
_OPT_RECORD = b"\0" + _FIXED.pack(_OPT, _PAYLOAD, 0, 0)  # RFC 6891 section 6.1

_MAX_NAME = 255  # octets, RFC 1035 section 2.3.4
_MAX_WORK = 1 << 16

# Servers that cannot read a question, or do not want to, may answer without it.
_QUESTION_MAY_LACK = (FORMERR, SERVFAIL, NOTIMP, REFUSED)


def wire_name(name: str) -> bytes | None:
    """*name* as in a message, None if it is no host name. "" is the root; a dot at the end makes no difference."""
    if not name:
        return b"\0"
    ace = to_ace(name).rstrip(".")
    if not ace:
        return None
    labels = [label.encode("ascii") for label in ace.split(".")]  # of 1 to 63 octets, which is what an ACE form is
    wire = b"".join([len(label).to_bytes(1, "big") + label for label in labels]) + b"\0"
    return wire if len(wire) <= _MAX_NAME else None


class Query:
    """One question as it is sent once: every attempt makes a new one, with a number that nobody can foresee.

    *name* is a `wire_name`. With *edns* it tells that larger datagrams than those of RFC 1035 are welcome.
    """

    __slots__ = ("_name", "_tail", "edns", "number", "wire")

    def __init__(self, name: bytes, kind: int, edns: bool = True) -> None:
        self.number = secrets.randbits(16)
        self.edns = edns
        self._name = name.lower()
        self._tail = struct.pack("!HH", kind, _IN)
        # AD asks for the AD bit of the answer: RFC 6840 section 5.7.
        header = _HEADER.pack(self.number, _RD | _AD, 1, 0, 0, 1 if edns else 0)
        self.wire = header + self._name + self._tail + (_OPT_RECORD if edns else b"")

    def judge(self, wire: bytes) -> Reply | None:
        """What the message *wire* answers; None if it is no answer to this query at all, whoever sent it."""
        if len(wire) < _HEADER.size:
            return None
        number, flags, questions, *_ = _HEADER.unpack_from(wire)
        if number != self.number or not flags & _QR or flags & _OPCODE:
            return None
        if not (self._is_asked_in(wire) if questions == 1 else not questions and flags & _RCODE in _QUESTION_MAY_LACK):
            return None
        return _read(wire, _HEADER.size + questions * (len(self._name) + len(self._tail)))

    def _is_asked_in(self, wire: bytes) -> bool:
        """Whether the first question of *wire* is this one, in upper or lower case.

        A name that is the first of a message has nothing that it could be compressed with, and no length of a label
        is the code of a letter.
        """
        start = _HEADER.size
        end = start + len(self._name)
        return wire[start:end].lower() == self._name and wire[end : end + len(self._tail)] == self._tail


class Reply(NamedTuple):
    """What an answer says."""

    rcode: int
    """With the upper bits of EDNS."""
    truncated: bool
    authentic: bool
    """The AD bit: the server vouches for what it says (RFC 4035 section 3.2.3)."""
    records: DnsRecords
    malformed: str
    """What of the answer cannot be read, "" if all can."""


class _Malformed(Exception):
    """The answer cannot be read: the text says why."""


class _Reader(dns.wire.Parser):
    """A cursor over a message that stops when names cost too much.

    64 KiB can hold thousands of names that each lead through thousands of pointers: seconds of work. What is counted
    are labels and pointers; an honest message of full length has half as many as are allowed.
    """

    def __init__(self, wire: bytes, start: int) -> None:
        self._work = 0
        self._shown: dict[str, str] = {}
        super().__init__(wire, start)

    def seek(self, where: int) -> None:
        """Follow a pointer."""
        self._spend(1)
        super().seek(where)

    def _spend(self, count: int) -> None:
        self._work += count
        if self._work > _MAX_WORK:
            raise dns.exception.FormError

    def wire_name(self) -> dns.name.Name:
        """The name at the cursor, which may be compressed."""
        found = dns.name.from_wire_parser(self)
        self._spend(len(found.labels))
        return found

    def name(self) -> str:
        """The same as the record classes give it."""
        return self.shown(self.wire_name())

    def shown(self, name: dns.name.Name) -> str:
        """*name* as the record classes give it."""
        text = name.to_text(omit_final_dot=True)
        known = self._shown.get(text)
        if known is None:
            known = self._shown[text] = normalize(text)
        return known


_Keep = Callable[[_Reader, DnsRecords, str, int], None]


def _read(wire: bytes, start: int) -> Reply:
    """Read the sections of an answer behind its question."""
    _, flags, _, answers, authorities, additionals = _HEADER.unpack_from(wire)
    rcode = flags & _RCODE
    records = DnsRecords()
    malformed = ""
    try:
        reader = _Reader(wire, start)
        for _ in range(answers):
            _read_record(reader, records)
        rcode |= _extended_rcode(reader, authorities + additionals)
    except (_Malformed, dns.exception.DNSException) as error:
        malformed = str(error) if isinstance(error, _Malformed) else "Invalid record"
    if malformed or rcode != NOERROR:
        records = DnsRecords()
    order_exchanges(records.exchanges)
    order_services(records.services)
    return Reply(rcode, bool(flags & _TC), bool(flags & _AD), records, malformed)


def _read_record(reader: _Reader, records: DnsRecords) -> None:
    """Read one record into *records*, unless it is of a class or kind that nobody asks for."""
    owner = reader.wire_name()
    kind, of_class, ttl, length = reader.get_struct(_FIXED.format)
    if length > reader.remaining():
        raise _Malformed("Truncated record")
    following = reader.current + length
    reading = _KINDS.get(kind)
    if reading is not None and of_class == _IN:
        what, keep = reading
        message_end, reader.end = reader.end, following
        try:
            keep(reader, records, reader.shown(owner), ttl)
        except dns.exception.DNSException:
            raise _Malformed(f"Invalid {what} record") from None
        reader.end = message_end
    reader.current = reader.furthest = following


def _extended_rcode(reader: _Reader, count: int) -> int:
    """The upper bits of the rcode, from the OPT record among the next *count* ones; 0 if none can be read."""
    try:
        for _ in range(count):
            reader.wire_name()
            kind, _, ttl, length = reader.get_struct(_FIXED.format)
            if kind == _OPT:
                return int(ttl >> 24) << 4  # RFC 6891 section 6.1.3
            reader.get_bytes(length)
    except dns.exception.DNSException:
        pass  # these sections say nothing that anybody asked for
    return 0


# One function a kind of record: the cursor is at the data, which ends where the reader ends. Bytes that are left over
# behind a name are nobody's business, as on Qt.


def _keep_ipv4(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    address = QHostAddress._make(NetworkLayerProtocol.IPv4Protocol, _number(reader, 4))
    records.addresses.append(QDnsHostAddressRecord._of(name, ttl, address))


def _keep_ipv6(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    address = QHostAddress._make(NetworkLayerProtocol.IPv6Protocol, _number(reader, 16))
    records.addresses.append(QDnsHostAddressRecord._of(name, ttl, address))


def _number(reader: _Reader, length: int) -> int:
    """The whole data of a record, which has to have this *length*."""
    if reader.remaining() != length:
        raise dns.exception.FormError
    return int.from_bytes(reader.get_remaining(), "big")


def _keep_alias(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    records.aliases.append(QDnsDomainNameRecord._of(name, ttl, reader.name()))


def _keep_nameserver(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    records.nameservers.append(QDnsDomainNameRecord._of(name, ttl, reader.name()))


def _keep_pointer(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    records.pointers.append(QDnsDomainNameRecord._of(name, ttl, reader.name()))


def _keep_exchange(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    preference = reader.get_uint16()
    records.exchanges.append(QDnsMailExchangeRecord._of(name, ttl, preference, reader.name()))


def _keep_service(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    priority, weight, port = reader.get_struct("!HHH")
    records.services.append(QDnsServiceRecord._of(name, ttl, priority, weight, port, reader.name()))


def _keep_text(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    texts = []
    while reader.remaining():
        texts.append(reader.get_counted_bytes())
    records.texts.append(QDnsTextRecord._of(name, ttl, tuple(texts)))


def _keep_association(reader: _Reader, records: DnsRecords, name: str, ttl: int) -> None:
    made = QDnsTlsAssociationRecord
    usage, selector, matching = reader.get_struct("!BBB")
    values = made.CertificateUsage(usage), made.Selector(selector), made.MatchingType(matching)
    records.associations.append(made._of(name, ttl, *values, reader.get_remaining()))


_KINDS: dict[int, tuple[str, _Keep]] = {
    DnsType.A: ("IPv4 address", _keep_ipv4),
    DnsType.AAAA: ("IPv6 address", _keep_ipv6),
    DnsType.CNAME: ("canonical name", _keep_alias),
    DnsType.NS: ("name server", _keep_nameserver),
    DnsType.PTR: ("pointer", _keep_pointer),
    DnsType.MX: ("mail exchange", _keep_exchange),
    DnsType.SRV: ("service", _keep_service),
    DnsType.TXT: ("text", _keep_text),
    DnsType.TLSA: ("TLS association", _keep_association),
}


def order_exchanges(records: list[QDnsMailExchangeRecord], rng: random.Random | None = None) -> None:
    """Sort by preference, lowest first, and shuffle equals "to spread the load" (RFC 5321 section 5.1)."""
    (rng or _random).shuffle(records)
    records.sort(key=QDnsMailExchangeRecord.preference)


def order_services(records: list[QDnsServiceRecord], rng: random.Random | None = None) -> None:
    """Sort by priority, lowest first, and draw among equals by their weights: RFC 2782, "Weight"."""
    # "all those with weight 0 are placed at the beginning of the list"
    records.sort(key=lambda record: (record.priority(), record.weight() > 0))
    groups = [list(group) for _, group in itertools.groupby(records, QDnsServiceRecord.priority)]
    records.clear()
    for waiting in groups:
        weights = [record.weight() for record in waiting]
        while waiting:
            # "choose a uniform random number between 0 and the sum computed (inclusive), and select the RR whose
            # running sum value is the first in the selected order which is greater than or equal to the random number"
            running = list(itertools.accumulate(weights))
            chosen = bisect.bisect_left(running, (rng or _random).randint(0, running[-1]))
            records.append(waiting.pop(chosen))
            del weights[chosen]


_random = random.Random()


class Framing:
    """Messages in a TCP stream, each behind its length in two bytes: RFC 1035 section 4.2.2."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = b""

    @staticmethod
    def framed(message: bytes) -> bytes:
        """*message* as it is sent."""
        return len(message).to_bytes(2, "big") + message

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that *data* completes. What stays buffered is less than one message: 64 KiB."""
        self._buffer += data
        messages = []
        start = 0
        while len(self._buffer) - start >= 2:
            end = start + 2 + int.from_bytes(self._buffer[start : start + 2], "big")
            if len(self._buffer) < end:
                break
            messages.append(self._buffer[start + 2 : end])
            start = end
        self._buffer = self._buffer[start:]
        return messages
