"""What a proxy costs a client once the connection stands: nothing, if the handshake steps out of the way."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.far_end import echo_server, socks5_echo_server
from benchmarks.scenarios.base import Case, Options, Sample, Scenario
from benchmarks.scenarios.echo import size_text
from benchmarks.worker import Program, Worker


class ProxyEcho(Scenario):
    """A client has one message under way, to an echo server or to one behind SOCKS5.

    The proxy is the echo server itself. With a process in between, any client sleeps longer and wakes up to colder
    caches: a client of bare sockets was seen to pay 10 % more CPU per message, none of it its own doing. For the
    same reason there is one connection: how many messages a client finds at a time would differ between the two ways.
    """

    name = "proxy-echo"
    title = "TCP echo client, directly and through a SOCKS5 proxy"
    unit = "µs of client CPU per message"
    rates = ("messages/s",)
    programs = {
        "qnet": Program("proxy_echo_qt", ("qnet",)),
        "qnet-socks5": Program("proxy_echo_qt", ("qnet", "socks5")),
        "pyside6": Program("proxy_echo_qt", ("PySide6",)),
        "pyside6-socks5": Program("proxy_echo_qt", ("PySide6", "socks5")),
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._ports: dict[str, int] = {}

    def prepare(self) -> None:
        self._ports = {"port": echo_server(), "proxy": socks5_echo_server()}

    def cases(self) -> Sequence[Case]:
        return [Case(size_text(size), size, 1) for size in self.options.sizes]

    def sample(self, worker: Worker, case: Case) -> Sample:
        answer = worker.ask({"size": case.size, "seconds": self.options.seconds, **self._ports})
        return Sample(answer["cpu"] / answer["operations"] * 1e6, (answer["operations"] / answer["wall"],))
