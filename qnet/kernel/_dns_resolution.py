"""One look-up from the first query to the outcome: which server, over which transport, with which name, until when.

Sans-I/O: the owner sends what `attempt` says, tells what came back and what time it is (any monotonic clock, in
seconds), and looks at `attempt` and `outcome` again after every call. It so runs in virtual time, and over any sockets.

What is asked, in this order: every name (the search list makes more than one), as often as the configuration says,
all servers. "The next" is the next server in that order.

=======  ===================================  ===================================================================
waiting  event                                what follows
=======  ===================================  ===================================================================
UDP      truncated answer                     the same over TCP; this server is asked over TCP from now on
UDP      `MAX_STRAY` messages that answer     the same over TCP, which cannot be answered by who only guesses
         nothing
either   FORMERR to a query with EDNS         the same without EDNS; from now on for this server
either   records, or none of this kind        over: NoError; with none and names left: the next name
either   NXDOMAIN                             the next name; the last one: over, NotFoundError
either   FORMERR to a query without EDNS      over: InvalidRequestError
either   SERVFAIL, NOTIMP, REFUSED,           noted; the next
         an answer that cannot be read
either   another rcode                        over: InvalidReplyError
either   the time is over, the transport      the next
         failed
TCP      a message that answers nothing       the next: the server itself sent it
either   there is no next                     over: what was noted last, else TimeoutError
any      cancel                               over: OperationCancelledError
=======  ===================================  ===================================================================

"The same" is not the same query: each attempt has a new number and, since the owner makes a new socket for it, a new
source port (RFC 5452 section 9).
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qnet.kernel._dns_message import (
    FORMERR,
    NOERROR,
    NOTIMP,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    Query,
    Reply,
    wire_name,
)
from qnet.kernel._dns_result import DnsError, DnsType, Outcome
from qnet.kernel._resolv_conf import ResolverConfig, Server

__all__ = ["MAX_STRAY", "Attempt", "Resolution", "Transport", "names_to_try"]

MAX_STRAY = 64
"""So many chances an attempt gives somebody who guesses numbers; there are 65,536 numbers, and as many ports."""


class Transport(enum.Enum):
    """How a query travels."""

    UDP = "UDP"
    TCP = "TCP"


class Attempt(NamedTuple):
    """A query to send, and until when to wait for its answer."""

    server: Server
    transport: Transport
    query: Query
    until: float


_ERRORS = {
    FORMERR: (DnsError.InvalidRequestError, "Server could not process query"),
    SERVFAIL: (DnsError.ServerFailureError, "Server failure"),
    NXDOMAIN: (DnsError.NotFoundError, "Non existent domain"),
    NOTIMP: (DnsError.ServerFailureError, "Server failure"),
    REFUSED: (DnsError.ServerRefusedError, "Server refused to answer"),
}
_WORTH_ANOTHER = (SERVFAIL, NOTIMP, REFUSED)


def names_to_try(name: str, search: Sequence[str], ndots: int) -> list[str]:
    """*name* alone and completed by the domains of *search*, in the order in which to try them: resolv.conf(5)."""
    if not name or name.endswith("."):
        return [name]
    completed = [f"{name}.{domain}" for domain in search]
    return [name, *completed] if name.count(".") >= ndots else [*completed, name]


class Resolution:
    """Looks up records of *kind* for the first of *names* that exists, at the servers of *config*.

    With a *refusal*, a text, it ends as soon as it begins: ResolverError.
    """

    def __init__(self, names: Sequence[str], kind: DnsType, config: ResolverConfig, refusal: str = "") -> None:
        self.attempt: Attempt | None = None
        """What the owner waits for; another object as soon as something else is to be sent."""
        self.outcome: Outcome | None = None
        """How it ended, None until it has."""
        self._kind = kind
        self._config = config
        self._refusal = refusal
        self._servers = config.rotated()
        wired = ((name, wire_name(name)) for name in names)
        self._names = [(name, wire) for name, wire in wired if wire is not None]
        self._shown, self._wire = names[0] if names else "", b""
        self._exists = False  # one of the names does, but has no records of this kind
        self._turns: Iterator[Server] = iter(())
        self._stray = 0
        self._only_tcp: set[Server] = set(self._servers if config.use_tcp else ())
        self._plain: set[Server] = set()  # who does not know EDNS
        self._noted: tuple[DnsError, str] | None = None
        self._failures: list[str] = []

    # What the owner does

    def begin(self, now: float) -> None:
        """Set out: then `attempt` says what to send, or there is an `outcome` already."""
        if self._refusal:
            self._end(DnsError.ResolverError, self._refusal)
        elif not self._names:
            self._end(DnsError.InvalidRequestError, f"Invalid domain name: {self._shown!r}")
        else:
            self._next_name(now)

    def deadline(self) -> float:
        """When to call `expired`; infinity once it is over."""
        return self.attempt.until if self.attempt is not None else float("inf")

    def received(self, message: bytes, now: float) -> None:
        """A whole *message* came from the server that was asked, over the transport of the attempt."""
        attempt = self.attempt
        if attempt is None:
            return
        reply = attempt.query.judge(message)
        if reply is None:
            self._met_stray(attempt, now)
        elif reply.truncated and attempt.transport is Transport.UDP:
            self._only_tcp.add(attempt.server)
            self._ask(attempt.server, now)
        elif reply.rcode == FORMERR and attempt.query.edns:
            self._plain.add(attempt.server)
            self._ask(attempt.server, now)
        else:
            self._judge(attempt.server, reply, now)

    def failed(self, why: str, now: float, local: bool = False) -> None:
        """The transport of the attempt ended without an answer; *local* if this machine is what stands in the way."""
        if self.attempt is not None:
            self._failures.append(f"{self.attempt.server} ({why})")
            if local and self._noted is None:
                self._noted = DnsError.ResolverError, why.capitalize()
            self._next_server(now)

    def expired(self, now: float) -> None:
        """Time has passed."""
        if self.attempt is not None and now >= self.attempt.until:
            self.failed(f"no answer within {self._config.timeout:g} s", now)

    def cancel(self) -> None:
        """End it now."""
        if self.outcome is None:
            self._end(DnsError.OperationCancelledError, "Operation cancelled")

    # What follows

    def _next_name(self, now: float) -> None:
        self._shown, self._wire = self._names.pop(0)
        self._noted = None
        self._failures.clear()
        rounds = itertools.repeat(self._servers, self._config.attempts)
        self._turns = itertools.chain.from_iterable(rounds)
        self._next_server(now)

    def _next_server(self, now: float) -> None:
        server = next(self._turns, None)
        if server is not None:
            self._ask(server, now)
            return
        error, text = self._noted or (DnsError.TimeoutError, "Request timed out")
        # A server that is asked again fails again: once is enough to read.
        self._end(error, self._told(text, ", ".join(dict.fromkeys(self._failures))))

    def _ask(self, server: Server, now: float) -> None:
        transport = Transport.TCP if server in self._only_tcp else Transport.UDP
        query = Query(self._wire, self._kind, edns=server not in self._plain)
        self._stray = 0
        self.attempt = Attempt(server, transport, query, now + self._config.timeout)

    def _met_stray(self, attempt: Attempt, now: float) -> None:
        if attempt.transport is Transport.TCP:
            self.failed("it answered something else", now)
            return
        self._stray += 1
        if self._stray == MAX_STRAY:
            self._only_tcp.add(attempt.server)
            self._ask(attempt.server, now)

    def _judge(self, server: Server, reply: Reply, now: float) -> None:
        at = str(server)
        if reply.malformed:
            self._note(DnsError.InvalidReplyError, f"Invalid reply received ({reply.malformed})", at, now)
        elif reply.rcode in _WORTH_ANOTHER:
            self._note(*_ERRORS[reply.rcode], at, now)
        elif self._names and (reply.rcode == NXDOMAIN or (reply.rcode == NOERROR and not reply.records)):
            self._exists |= reply.rcode == NOERROR
            self._next_name(now)
        elif reply.rcode == NOERROR or (reply.rcode == NXDOMAIN and self._exists):
            self.attempt = None
            self.outcome = Outcome(DnsError.NoError, "", reply.records, reply.authentic)
        else:
            other = DnsError.InvalidReplyError, f"Invalid reply received (rcode {reply.rcode})"
            error, text = _ERRORS.get(reply.rcode, other)
            self._end(error, self._told(text, at), reply.authentic)

    def _note(self, error: DnsError, text: str, at: str, now: float) -> None:
        self._noted = error, text
        self._failures.append(at)
        self._next_server(now)

    def _told(self, text: str, by: str) -> str:
        """Qt's *text*, and of what and whom it is said."""
        return f"{text}: looking up {self._shown or '.'} {self._kind.name} at {by}"

    def _end(self, error: DnsError, text: str, authentic: bool = False) -> None:
        self.attempt = None
        self.outcome = Outcome(error, text, authentic=authentic)
