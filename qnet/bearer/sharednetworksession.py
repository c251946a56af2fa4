"""QSharedNetworkSession: one session for all who need the same network in a thread."""

from __future__ import annotations

import threading
from weakref import WeakValueDictionary

from qnet.bearer.networkconfiguration import QNetworkConfiguration
from qnet.bearer.networksession import QNetworkSession
from qnet.core import _thread_data

__all__ = ["QSharedNetworkSession"]

_Key = tuple[int, str]

_lock = threading.RLock()
_sessions: WeakValueDictionary[_Key, QNetworkSession] = WeakValueDictionary()


class QSharedNetworkSession:
    """Finds sessions; none is made of this class.

    Several parts of a program that use one network should not each have a session of its own to watch: they take the
    shared one. It lives as long as somebody refers to it. Every thread has its own, as signals belong to a thread.

    The name is that of a private class of Qt 5; what it does is this project's own.
    """

    def __init__(self) -> None:
        raise TypeError("QSharedNetworkSession is not made: call QSharedNetworkSession.getSession(configuration)")

    @staticmethod
    def getSession(config: QNetworkConfiguration, /) -> QNetworkSession:
        """The calling thread's session for *config*, made (and not opened) if there is none."""
        key = _key(config)
        with _lock:
            session = _sessions.get(key)
            if session is None or not _is_usable(session):
                session = _sessions[key] = QNetworkSession(config)
        return session

    @staticmethod
    def setSession(config: QNetworkConfiguration, session: QNetworkSession | None, /) -> None:
        """Have `getSession` return *session* for *config* in the calling thread; None: make a new one next time.

        Raises ValueError if *session* lives in another thread.
        """
        key = _key(config)
        if session is None:
            _sessions.pop(key, None)
            return
        if not isinstance(session, QNetworkSession):
            raise TypeError(f"a QNetworkSession or None is expected, not {type(session).__name__}")
        if not _is_usable(session):
            raise ValueError("a session is shared in the thread that it lives in")
        with _lock:
            _sessions[key] = session


def _is_usable(session: QNetworkSession) -> bool:
    return session._q.alive and session._q.thread is _thread_data.current()


def _key(config: QNetworkConfiguration) -> _Key:
    if not isinstance(config, QNetworkConfiguration):
        raise TypeError(f"a QNetworkConfiguration is expected, not {type(config).__name__}")
    return id(_thread_data.current()), QNetworkConfiguration.identifier(config)
