"""Whether the way out really leads to the Internet, or to a page that wants a password first.

The one way to know is to ask somebody outside: a URL that answers 204 No Content and nothing else. That is the
program's choice, because it tells a server that this host is there. Without a URL nothing is asked, and the feature is
not supported.

Asking takes sockets, which live a layer above. So this module has the seam: `PortalProbe` is the contract, and whoever
implements it registers (`register_probe`); `PortalCheck` decides when to ask. That is whenever the way out has
changed, and, as signing in at a portal changes nothing here, again and again until the answer is the right one: after
10 s, 20 s and so on, at last every five minutes.
"""

from __future__ import annotations

import enum
import os

from qnet.core._post import post_call
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.core.timer import QTimer
from qnet.core.url import QUrl

__all__ = ["VARIABLE", "PortalCheck", "PortalProbe", "Verdict", "is_configured", "register_probe", "set_url"]

VARIABLE = "QNET_CAPTIVE_PORTAL_URL"


class Verdict(enum.Enum):
    """What a probe found out."""

    ONLINE = enum.auto()
    PORTAL = enum.auto()  # somebody else answered
    NO_ANSWER = enum.auto()


class PortalProbe(QObject):
    """One question to *url*. Emits `finished` once, with a `Verdict`, some time after `start`."""

    finished = Signal(object)

    def __init__(self, url: QUrl, parent: QObject) -> None:
        super().__init__(parent)
        self._q_url = url

    def start(self) -> None:
        """Ask; returns at once."""
        raise NotImplementedError("a probe implements start()")

    def cancel(self) -> None:
        """Give everything back and emit nothing more."""
        raise NotImplementedError("a probe implements cancel()")


_probe_class: type[PortalProbe] | None = None
_url: QUrl | None = None  # None: the environment's


def register_probe(probe: type[PortalProbe]) -> None:
    """Ask by means of *probe* from now on."""
    global _probe_class
    _probe_class = probe


def set_url(url: QUrl | str | None) -> None:
    """Probe *url*; "" probes nothing, None the environment's. TypeError or ValueError if it cannot be probed."""
    global _url
    _url = None if url is None else _checked(url)


def _checked(url: QUrl | str) -> QUrl:
    if isinstance(url, str):
        url = QUrl(url)
    if not isinstance(url, QUrl):
        raise TypeError(f"a URL to probe is a QUrl or a str, not {type(url).__name__}")
    if url.isEmpty():
        return QUrl()
    if not url.isValid() or url.scheme() != "http" or not url.host():
        raise ValueError(f"a URL to probe is http://host/path, not {url.toString() or url.errorString()!r}")
    return QUrl(url)


def configured_url() -> QUrl:
    """The URL to probe; an empty one if there is none, or none that can be probed."""
    if _url is not None:
        return _url
    try:
        return _checked(os.environ.get(VARIABLE, "").strip())
    except ValueError as error:
        qWarning(f"{VARIABLE}: {error}")
        return QUrl()


def is_configured() -> bool:
    """Whether there is a URL to probe and somebody who can do it."""
    return _probe_class is not None and not configured_url().isEmpty()


class PortalCheck(QObject):
    """Keeps a `verdict` on the way out up to date; emits `changed` when it is another."""

    FIRST_PAUSE = 10_000  # milliseconds
    LONGEST_PAUSE = 300_000

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.verdict: Verdict | None = None
        """None: not known yet."""
        self._q_url = configured_url()
        self._q_way: object = None
        self._q_probe: PortalProbe | None = None
        self._q_pause = self.FIRST_PAUSE
        self._q_again = QTimer(self)
        self._q_again.setSingleShot(True)
        self._q_again.timeout.connect(self._q_ask)

    def set_way(self, way: object) -> None:
        """Describe the way out by any value that is another when the way is; None: there is none."""
        if way == self._q_way:
            return
        self._q_way = way
        self._q_stop()
        self._q_pause = self.FIRST_PAUSE
        if way is None:
            self._q_settle(None)
        else:
            post_call(self, self._q_ask_about, way)  # by the loop of its thread, to which it may be moving

    def _q_ask_about(self, way: object) -> None:
        if way == self._q_way:
            self._q_ask()

    def _q_ask(self) -> None:
        self._q_stop()
        if _probe_class is not None:
            probe = self._q_probe = _probe_class(self._q_url, self)
            probe.finished.connect(self._q_take)
            probe.start()

    def _q_take(self, verdict: Verdict) -> None:
        self._q_stop()
        if verdict is not Verdict.ONLINE:
            self._q_again.start(self._q_pause)
            self._q_pause = min(self._q_pause * 2, self.LONGEST_PAUSE)
        self._q_settle(verdict)

    def _q_settle(self, verdict: Verdict | None) -> None:
        if verdict is not self.verdict:
            self.verdict = verdict
            PortalCheck.changed.emit_from(self)

    def _q_stop(self) -> None:
        self._q_again.stop()
        probe, self._q_probe = self._q_probe, None
        if probe is not None:
            probe.cancel()
            probe.deleteLater()
