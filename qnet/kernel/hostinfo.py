"""Host look-ups: QHostInfo."""

from __future__ import annotations

import itertools
import socket
import threading
import weakref
from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any

from qnet.core import _thread_data
from qnet.core._enums import QtEnum, flat_enums
from qnet.core._post import post_to_data, post_to_thread
from qnet.core.object import QObject
from qnet.core.slots import find_slot, require_slot
from qnet.kernel import _resolver
from qnet.kernel._checks import check_same_class, checked_text
from qnet.kernel._resolver_system import Answer, local_domain
from qnet.kernel.hostaddress import QHostAddress

__all__ = ["QHostInfo"]

Found = Callable[["QHostInfo"], object]
_Context = _thread_data.ObjectData | _thread_data.ThreadData


@flat_enums
class QHostInfo:
    """The result of a host look-up, and the functions that start one.

    Names are looked up as the system is configured (/etc/hosts, DNS, …), by up to 20 threads. Answers, but no
    failures, are kept for 60 seconds. Names with other characters than ASCII are looked up in their IDNA 2008 form.
    The addresses of a name come in the order in which to try them (RFC 6724); an address gives its name.

    ``QHostInfo(lookupId)`` makes an empty result, ``QHostInfo(other)`` a copy. https://doc.qt.io/qt-6/qhostinfo.html
    """

    class HostInfoError(QtEnum):
        """Why a look-up failed."""

        NoError = 0
        HostNotFound = 1
        UnknownError = 2

    __slots__ = ("__weakref__", "_addresses", "_error", "_host", "_id", "_text")

    _addresses: tuple[QHostAddress, ...]  # never changed in place

    def __init__(self, lookupId: int | QHostInfo = -1) -> None:
        if isinstance(lookupId, QHostInfo):
            self._take(lookupId)
            return
        self.setLookupId(lookupId)
        self._host = ""
        self._addresses = ()
        self._error = self.HostInfoError.NoError
        self._text = "Unknown error"

    def _take(self, other: QHostInfo) -> None:
        for name in ("_addresses", "_error", "_host", "_id", "_text"):
            setattr(self, name, getattr(other, name))

    @classmethod
    def _of(cls, name: str, answer: Answer, number: int = -1) -> QHostInfo:
        info = cls(number)
        info._host = answer.name or name
        info._addresses = answer.addresses
        info._error = cls.HostInfoError(answer.error)
        info._text = answer.text or info._text
        return info

    # Looking up

    @staticmethod
    def lookupHost(name: str, receiver: QObject | Found, member: str | Found | None = None, /) -> int:
        """Start looking up *name*, a host name or an address, and return the number of the look-up.

        ``lookupHost(name, callable)`` calls ``callable(info)`` from the event loop of the calling thread, or of the
        thread of its object if it is a method of a QObject. ``lookupHost(name, receiver, SLOT("found(QHostInfo)"))``
        and ``lookupHost(name, receiver, callable)`` call in the thread of *receiver*. The call never comes before
        lookupHost() has returned, and not at all once the QObject has died, which the look-up does not keep alive.
        Failures are reported in the info. TypeError for other arguments, AttributeError if there is no such slot.
        """
        name = checked_text(name, "a host name")
        request = _Request(name, *_destination(receiver, member))
        # What is known already is on its way at once and cannot be aborted any more.
        known = _resolver.look_up(name) if not name else _resolver.cached_info(name)
        if known is not None:
            request.answered(known)
        else:
            with _requests_lock:
                _requests[request.number] = request
            request.lookup = _resolver.lookup_info(name, request.answered)
        return request.number

    @staticmethod
    def abortHostLookup(lookupId: int, /) -> None:
        """Forget the look-up *lookupId*: its callable is not called, except if its answer was known at the start."""
        if not isinstance(lookupId, int):
            raise TypeError(f"a look-up's number is an int, not {type(lookupId).__name__}")
        with _requests_lock:
            request = _requests.pop(lookupId, None)
        if request is not None:
            request.abort()

    @staticmethod
    def fromName(name: str, /) -> QHostInfo:
        """Look up *name* and wait for the answer, which may take seconds; the cache is written but not read."""
        name = checked_text(name, "a host name")
        return QHostInfo._of(name, _resolver.look_up(name))

    @staticmethod
    def localHostName() -> str:
        """The name of this host, with its domain if the system says so."""
        return socket.gethostname()

    @staticmethod
    def localDomainName() -> str:
        """The DNS domain of this host (resolv.conf(5)), "" if it is in none."""
        return local_domain()

    # Values

    def hostName(self) -> str:
        """The name that was looked up; for an address its name, or its text if it has none."""
        return self._host

    def setHostName(self, name: str, /) -> None:
        """Set :meth:`hostName`."""
        self._host = checked_text(name, "a host name")

    def addresses(self) -> list[QHostAddress]:
        """The addresses, the one to try first at the front; empty after an error."""
        return [QHostAddress(address) for address in self._addresses]

    def setAddresses(self, addresses: Iterable[QHostAddress], /) -> None:
        """Set :meth:`addresses`."""
        addresses = list(addresses)
        for address in addresses:
            if not isinstance(address, QHostAddress):
                raise TypeError(f"expected QHostAddresses, not {type(address).__name__}")
        self._addresses = tuple(map(QHostAddress, addresses))

    def error(self) -> HostInfoError:
        """NoError, HostNotFound, or UnknownError for what the resolver could not find out."""
        return self._error

    def setError(self, error: HostInfoError, /) -> None:
        """Set :meth:`error`; the text stays."""
        if not isinstance(error, self.HostInfoError):
            raise TypeError(f"expected a HostInfoError, not {type(error).__name__}")
        self._error = error

    def errorString(self) -> str:
        """The error for people, "Unknown error" if there was none."""
        return self._text

    def setErrorString(self, errorString: str, /) -> None:
        """Set :meth:`errorString`."""
        self._text = checked_text(errorString, "an error text")

    def lookupId(self) -> int:
        """The number that :meth:`lookupHost` returned; -1 if the result is of :meth:`fromName`."""
        return self._id

    def setLookupId(self, id: int, /) -> None:
        """Set :meth:`lookupId`."""
        if not isinstance(id, int):
            raise TypeError(f"a look-up's number is an int, not {type(id).__name__}")
        self._id = id

    def swap(self, other: QHostInfo, /) -> None:
        """Exchange the values of this info and *other*."""
        check_same_class(QHostInfo, other)
        mine = QHostInfo(self)
        self._take(other)
        other._take(mine)

    def __copy__(self) -> QHostInfo:
        return QHostInfo(self)

    def __repr__(self) -> str:
        found = ", ".join(address.toString() for address in self._addresses)
        return f'QHostInfo("{self._host}", {found or self._text})'


# From the pool's threads to the loop of whoever asked


class _Request:
    """One call of lookupHost(). The look-up, then the posted call, keep it alive; the registry does not."""

    __slots__ = ("__weakref__", "aborted", "context", "lookup", "name", "number", "target")

    def __init__(
        self,
        name: str,
        context: _Context,
        target: Callable[[], Found | None],
    ) -> None:
        self.number = next(_numbers)
        self.name = name
        self.context = context
        self.target = target
        self.aborted = False
        self.lookup: _resolver.Lookup | None = None

    def answered(self, answer: Answer) -> None:
        """Any thread: post the answer."""
        if isinstance(self.context, _thread_data.ObjectData):
            if self.context.alive:
                post_to_data(self.context, self.deliver, answer)
        else:
            post_to_thread(self.context, self.deliver, answer)

    def deliver(self, answer: Answer) -> None:
        """The thread of the receiver: call it."""
        target = self.target()
        if target is not None and not self.aborted:
            target(QHostInfo._of(self.name, answer, self.number))

    def abort(self) -> None:
        self.aborted = True
        if self.lookup is not None:
            self.lookup.cancel()


_numbers = itertools.count(1)
_requests: weakref.WeakValueDictionary[int, _Request] = weakref.WeakValueDictionary()
_requests_lock = threading.Lock()


def _destination(receiver: Any, member: Any) -> tuple[_Context, Callable[[], Found | None]]:
    """Where to call, and what finds the function to call: None once its object has died."""
    if member is None:
        if not callable(receiver):
            raise TypeError(f"expected something to call, not {type(receiver).__name__}")
        if isinstance(receiver, MethodType) and isinstance(receiver.__self__, QObject):
            return receiver.__self__._q, weakref.WeakMethod(receiver)
        return _thread_data.current(), lambda: receiver
    if not isinstance(receiver, QObject):
        raise TypeError(f"the receiver of a look-up is a QObject, not {type(receiver).__name__}")
    data = receiver._q
    if callable(member):
        if isinstance(member, MethodType):
            return data, weakref.WeakMethod(member)
        return data, lambda: member
    if not isinstance(member, str):
        raise TypeError(f"expected SLOT() or something to call, not {type(member).__name__}")
    require_slot(receiver, member)

    def target() -> Found | None:
        alive = data.ref()
        return None if alive is None else find_slot(alive, member)

    return data, target
