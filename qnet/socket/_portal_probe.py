"""Asks a URL whether this is the Internet: one HTTP/1.1 request, of whose answer only the status line is read.

204 is what the URL is known to answer. 2xx, 3xx and 511 (Network Authentication Required, RFC 6585 section 6) are the
answers of portals, which either show their own page or redirect to it. Anything else, and no answer within `TIMEOUT`,
tells nothing: the server may be out of order.
"""

from __future__ import annotations

import re

from qnet._version import __version__
from qnet.core.object import QObject
from qnet.core.timer import QTimer
from qnet.core.url import QUrl
from qnet.kernel._information_portal import PortalProbe, Verdict, register_probe

__all__ = ["HttpPortalProbe", "judge"]

TIMEOUT = 10_000  # milliseconds for all of it
_LONGEST_LINE = 1024

# RFC 9112 section 4; the reason phrase, and even the blank before it, may be missing.
_STATUS_LINE = re.compile(rb"HTTP/1\.\d ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")


def judge(data: bytes) -> Verdict | None:
    """What *data*, the beginning of an answer, means; None: more is needed."""
    match = _STATUS_LINE.match(data)
    if match is None:
        return Verdict.NO_ANSWER if b"\n" in data or len(data) >= _LONGEST_LINE else None
    status = int(match[1])
    if status == 204:
        return Verdict.ONLINE
    return Verdict.PORTAL if 200 <= status < 400 or status == 511 else Verdict.NO_ANSWER


def request_for(url: QUrl) -> bytes:
    """The request (RFC 9112 section 3); a GET, since portals treat nothing else as they treat a browser."""
    encoded = QUrl.ComponentFormattingOption.FullyEncoded
    target = url.path(encoded) or "/"
    if url.hasQuery():
        target += "?" + url.query(encoded)
    host = url.host(encoded)
    if ":" in host:
        host = f"[{host}]"
    if url.port() != -1:
        host += f":{url.port()}"
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: qnet/{__version__}",
        "Accept: */*",
        "Cache-Control: no-cache",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


class HttpPortalProbe(PortalProbe):
    """A probe over a connection of its own, which goes through no proxy: portals stand before those."""

    def __init__(self, url: QUrl, parent: QObject) -> None:
        from qnet.kernel.networkproxy import QNetworkProxy  # when they are needed: most programs probe nothing
        from qnet.socket.tcpsocket import QTcpSocket

        super().__init__(url, parent)
        self._q_answer = b""
        self._q_done = False
        self._q_socket = QTcpSocket(self)
        self._q_socket.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
        self._q_socket.setReadBufferSize(_LONGEST_LINE)
        self._q_socket.connected.connect(self._q_send)
        self._q_socket.readyRead.connect(self._q_read)
        self._q_socket.errorOccurred.connect(self._q_give_up)
        self._q_timer = QTimer(self)
        self._q_timer.setSingleShot(True)
        self._q_timer.timeout.connect(self._q_give_up)

    def start(self) -> None:
        """Ask; `finished` follows within `TIMEOUT`."""
        self._q_timer.start(TIMEOUT)
        self._q_socket.connectToHost(self._q_url.host(), self._q_url.port(80))

    def cancel(self) -> None:
        """Close the connection and emit nothing more."""
        self._q_done = True
        self._q_timer.stop()
        self._q_socket.abort()

    def _q_send(self) -> None:
        self._q_socket.write(request_for(self._q_url))

    def _q_read(self) -> None:
        if self._q_done:
            return
        self._q_answer += self._q_socket.read(_LONGEST_LINE - len(self._q_answer))
        verdict = judge(self._q_answer)
        if verdict is not None:
            self._q_finish(verdict)

    def _q_give_up(self) -> None:
        """The connection failed or ended, or the time is over."""
        self._q_read()
        self._q_finish(Verdict.NO_ANSWER)

    def _q_finish(self, verdict: Verdict) -> None:
        if not self._q_done:
            self.cancel()
            HttpPortalProbe.finished.emit_from(self, verdict)


register_probe(HttpPortalProbe)
