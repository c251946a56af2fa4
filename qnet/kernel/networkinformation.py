"""QNetworkInformation: whether there is a network, how far it reaches, and what it is made of.

Source: https://doc.qt.io/qt-6/qnetworkinformation.html.
"""

from __future__ import annotations

import threading
import warnings
from typing import TypeAlias

from qnet.core import _thread_data
from qnet.core._enums import flat_enums
from qnet.core._timers import TimerQueue
from qnet.core.application import QCoreApplication
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.core.thread import thread_of
from qnet.core.url import QUrl
from qnet.kernel import _information_backend as backend
from qnet.kernel import _information_portal as portal
from qnet.kernel._checks import checked_text

__all__ = ["QNetworkInformation"]


@flat_enums
class QNetworkInformation(QObject):
    """What is known of the host's network: one object, `instance`, once a back end is loaded.

    Nothing is known, watched or open before ``QNetworkInformation.loadDefaultBackend()`` or one of its kin. The object
    lives in the application's thread until the application is destroyed; then it has to be loaded again. There are two
    back ends: "netlink" on Linux, which learns of changes at once, and "psutil" everywhere, which looks every ten
    seconds at the latest. Slots hear of a change about 50 ms after it, once for all that happened by then.
    """

    Feature: TypeAlias = backend.Feature
    Features: TypeAlias = backend.Feature
    Reachability: TypeAlias = backend.Reachability
    TransportMedium: TypeAlias = backend.TransportMedium

    reachabilityChanged = Signal(Reachability)
    """`reachability` is another: the argument."""
    isBehindCaptivePortalChanged = Signal(bool)
    """`isBehindCaptivePortal` is another: the argument."""
    transportMediumChanged = Signal(TransportMedium)
    """`transportMedium` is another: the argument."""
    isMeteredChanged = Signal(bool)
    """`isMetered` is another: the argument."""

    _q_properties = {
        "reachability": ("reachability", None),
        "isBehindCaptivePortal": ("isBehindCaptivePortal", None),
        "transportMedium": ("transportMedium", None),
        "isMetered": ("isMetered", None),
    }
    _q_backend: backend.InformationBackend
    _q_values: backend.Values
    _q_era: TimerQueue

    def __init__(self) -> None:
        raise NotImplementedError("QNetworkInformation is not made but loaded: loadDefaultBackend(), then instance()")

    @classmethod
    def _q_make(cls, source: backend.InformationBackend, application: QCoreApplication | None) -> QNetworkInformation:
        info = cls.__new__(cls)
        QObject.__init__(info)
        info._q_backend = source
        info._q_values = source.values()
        info._q_era = _thread_data.main_thread_data().timers
        source.updated.connect(info._q_update)
        home = thread_of(application._q.thread if application is not None else _thread_data.main_thread_data())
        QObject.moveToThread(source, home)
        QObject.moveToThread(info, home)
        if application is not None:
            QObject.destroyed.of(application).connect(_unload)
        return info

    # -- the one object

    @staticmethod
    def instance() -> QNetworkInformation | None:
        """The object, or None while no back end is loaded."""
        info = _instance
        return info if info is not None and info._q.alive and not _is_inherited(info) else None

    @staticmethod
    def availableBackends() -> list[str]:
        """The names of the back ends that work here, the preferred one first."""
        return [each.name for each in backend.BACKENDS if each.is_available()]

    @staticmethod
    def loadDefaultBackend() -> bool:
        """Load the best back end that works here, unless one is loaded. Returns whether one is loaded now."""
        return _load(backend.Feature.Reachability) or QNetworkInformation.instance() is not None

    @staticmethod
    def loadBackendByName(backend: str | None, /) -> bool:
        """Load the back end of this name, whose case does not matter.

        Returns whether it is loaded now: False if there is none of that name, or another one is loaded already.
        """
        return _load(checked_text(backend, "the name of a back end"))

    @staticmethod
    def loadBackendByFeatures(features: backend.Feature, /) -> bool:
        """Load the first back end that supports all *features*, which must be some.

        Returns whether one that does is loaded now; one that is loaded already is not replaced.
        """
        return _load(_checked_features(features))

    @staticmethod
    def load(backend_or_features: str | backend.Feature | None, /) -> bool:
        """Deprecated (with a DeprecationWarning), as in Qt: `loadBackendByName` and `loadBackendByFeatures` in one."""
        warnings.warn("use loadBackendByName() or loadBackendByFeatures()", DeprecationWarning, stacklevel=2)
        if isinstance(backend_or_features, backend.Feature):
            return QNetworkInformation.loadBackendByFeatures(backend_or_features)
        return QNetworkInformation.loadBackendByName(backend_or_features)

    @staticmethod
    def setCaptivePortalUrl(url: QUrl | str | None, /) -> None:
        """Recognise captive portals by asking *url*: qnet's own, to be called before a back end is loaded.

        It is an ``http`` URL that answers 204 No Content. It is asked whenever the way out has changed, and, until
        the answer is right, again after 10 s, 20 s and so on, at last every five minutes. Then `reachability` is
        Online only after the right answer, and Site after a wrong one or none within 10 s. None, the default, takes the
        URL from the environment variable QNET_CAPTIVE_PORTAL_URL; without one, or with "", nothing is ever
        asked and CaptivePortal is not supported. Raises TypeError or ValueError for what cannot be asked.
        """
        portal.set_url(url)

    # -- what is known

    def backendName(self) -> str:
        """The name of the back end: "netlink" or "psutil"."""
        return self._q_backend.name

    def supportedFeatures(self) -> backend.Feature:
        """What the back end can tell; the rest keeps its default, Unknown or False."""
        return self._q_backend.features()

    def supports(self, features: backend.Feature, /) -> bool:
        """Whether the back end can tell all *features*."""
        wanted = _checked_features(features)
        return self._q_backend.features() & wanted == wanted

    def reachability(self) -> backend.Reachability:
        """How far the network reaches, judged by addresses and default routes.

        Disconnected without a running interface with an address, Local without a default route or with link-local
        addresses only, else Online. With a `setCaptivePortalUrl`, what it answers decides between Online and
        Site, and Unknown is the time until it does.
        """
        return self._q_values.reachability

    def isBehindCaptivePortal(self) -> bool:
        """Whether somebody else answered instead of the `setCaptivePortalUrl`."""
        return self._q_values.behind_portal

    def transportMedium(self) -> backend.TransportMedium:
        """The medium of the interface that the default route (of IPv4, else of IPv6) leads through.

        Unknown without one, and for tunnels.
        """
        return self._q_values.medium

    def isMetered(self) -> bool:
        """Whether traffic is probably paid by volume. A guess: cellular networks and Bluetooth are, others are not."""
        return self._q_values.metered

    def _q_finalize(self) -> None:
        global _instance
        if _instance is self:
            _instance = None
        self._q_backend._q_destroy()
        super()._q_finalize()

    def _q_update(self) -> None:
        old, new = self._q_values, self._q_backend.values()
        self._q_values = new
        if new.reachability is not old.reachability:
            QNetworkInformation.reachabilityChanged.emit_from(self, new.reachability)
        if new.behind_portal is not old.behind_portal:
            QNetworkInformation.isBehindCaptivePortalChanged.emit_from(self, new.behind_portal)
        if new.medium is not old.medium:
            QNetworkInformation.transportMediumChanged.emit_from(self, new.medium)
        if new.metered is not old.metered:
            QNetworkInformation.isMeteredChanged.emit_from(self, new.metered)


_instance: QNetworkInformation | None = None
_kept: list[QNetworkInformation] = []
_lock = threading.RLock()


def _is_inherited(info: QNetworkInformation) -> bool:
    """Whether *info* is the parent's, in a forked child that started afresh: no loop serves it."""
    return info._q_era is not _thread_data.main_thread_data().timers


def _checked_features(features: backend.Feature) -> backend.Feature:
    if not isinstance(features, backend.Feature):
        raise TypeError(f"expected a QNetworkInformation.Feature, not {type(features).__name__}")
    return features


def _load(wanted: str | backend.Feature) -> bool:
    """Load what has the name or the features *wanted*. Returns whether such a back end is loaded now."""
    global _instance
    with _lock:
        loaded = QNetworkInformation.instance()
        if loaded is not None:
            return _matches(loaded._q_backend.name, loaded._q_backend.features(), wanted)
        for each in backend.BACKENDS:
            if not _matches(each.name, each.supported(), wanted) or not each.is_available():
                continue
            try:
                source = each()
            except OSError:
                continue
            if _instance is not None and _instance._q.alive:
                _kept.append(_instance)  # the parent's: to destroy it would run the parent's slots
            _instance = QNetworkInformation._q_make(source, QCoreApplication.instance())
            return True
        return False


def _matches(name: str, features: backend.Feature, wanted: str | backend.Feature) -> bool:
    if isinstance(wanted, str):
        return name.lower() == wanted.lower()
    return bool(wanted) and features & wanted == wanted


def _unload() -> None:
    """The application is destroyed, and the information with it."""
    info = _instance
    if info is not None:
        info._q_destroy()
