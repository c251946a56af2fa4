"""The sessions of other users, and of those processes of this user that meet in another private directory.

The processes that share a private directory are a *party*: within it everything is decided under a guard. Between
parties there is none, since a stranger could keep it. So each says what it does in a `Notice`, first, and then looks at
what the others say:

========================================  ===========================================
who closes last                           who opens
========================================  ===========================================
tells that it takes the interface down    tells of its session
looks for sessions: calls it off          looks whether it is taken down: waits
========================================  ===========================================

At least one of the two sees the other. What follows from what others say depends on who they are:

=====================  ==============================  =====================================
what a notice says     root, or this user              a stranger
=====================  ==============================  =====================================
there is a session     no last close while it is open  the same; `stop` leaves the interface
it is taken down       who opens waits for the end     ... for `CLAIM_LIMIT` seconds at most
it was stopped         the sessions are over           nothing
=====================  ==============================  =====================================

That somebody else's session has brought the interface up is not believed, as it may be wrong: only the user who has
brought it up takes it down.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Set as AbstractSet
from contextlib import suppress

from qnet.bearer import _session_bell
from qnet.bearer._session_notice import Notice, count_sessions, is_ending, is_ending_surely, times_stopped
from qnet.bearer._session_places import SHARED_VARIABLE, Crowded, Place, Places
from qnet.core.logging import qWarning

__all__ = ["CLAIM_LIMIT", "Announcement", "Neighbours", "Seen", "neighbours_at"]

CLAIM_LIMIT = 3.0  # seconds in which an interface goes down; a stranger could say so for ever


class Seen:
    """What the others say of an interface."""

    __slots__ = ("claimed", "ending", "sessions", "stops", "strangers")

    def __init__(self) -> None:
        self.sessions = 0  # more than none, if it was not asked for the exact number
        self.strangers = 0  # those of them that other users have
        self.ending = False  # it is taken down
        self.claimed = False  # it is taken down, a stranger says
        self.stops = 0  # how often those who may have stopped it

    def add(self, fd: int, place: Place, exact: bool) -> None:
        """Read the notice *fd* in *place*."""
        sessions = count_sessions(fd, exact)
        self.sessions += sessions
        if place.owner != os.geteuid():
            self.strangers += sessions
        if place.trusted:
            self.stops += times_stopped(fd)
        if place.trusted and is_ending_surely(fd):
            self.ending = True
        else:
            self.claimed = self.claimed or is_ending(fd)

    def add_crowd(self) -> None:
        """Nobody can say who else is there."""
        self.sessions += 1
        self.strangers += 1


class Neighbours:
    """The other parties that meet below *path*, seen from the one with the private *directory*, a descriptor.

    Raises OSError if *path* is no such directory.
    """

    def __init__(self, path: str, prefix: str, directory: int) -> None:
        self._places = Places(path)
        self._prefix = prefix
        status = os.fstat(directory)
        self._party = f"{status.st_dev:x}.{status.st_ino:x}"
        _parties.add(self._party)
        self._is_tidy = False

    def see(self, stem: str, exact: bool = False) -> Seen:
        """Look at the notices that are called *stem*, and count. Raises OSError if there is no descriptor for that."""
        seen = Seen()
        try:
            for place in self._places.walk():
                for name in place.names():
                    if name.startswith(f"{stem}~") and not _is_of_this_process(name):
                        fd = place.open_file(name)
                        if fd >= 0:
                            try:
                                seen.add(fd, place, exact)
                            finally:
                                os.close(fd)
        except Crowded:
            seen.add_crowd()
        return seen

    def open_notice(self, stem: str) -> Notice:
        """This party's notice. Raises OSError."""
        place = self._places.own()
        if not self._is_tidy:
            self._is_tidy = True
            self._tidy()
        return Notice(place, f"{stem}~{self._party}")

    def remove_notice(self, stem: str) -> None:
        """Take it away. Raises OSError."""
        os.unlink(f"{stem}~{self._party}", dir_fd=self._places.own())

    def _tidy(self) -> None:
        """Remove what killed processes have left whose private directory may be gone, too."""
        with suppress(Crowded, OSError):
            for place in self._places.walk():
                for name in place.names() if place.owner == os.geteuid() else ():
                    if "~" in name and not _is_of_this_process(name) and _is_idle(place, name):
                        os.unlink(name, dir_fd=place.fd)
                if place.owner == os.geteuid():
                    _session_bell.remove_dead(place.fd)

    # -- bells

    def bell_place(self) -> int:
        """A descriptor of the directory where root finds this process's bell. Raises OSError."""
        return self._places.own()

    def ring(self, but: str) -> None:
        """Ring this user's bells, and as root everybody's, except the one called *but*."""
        with suppress(Crowded, OSError):
            for place in self._places.walk():
                if place.owner == os.geteuid():
                    _session_bell.ring(place.fd, "", self._prefix, but)
                elif os.geteuid() == 0:
                    _ring_strangers(place, self._prefix)


def _ring_strangers(place: Place, prefix: str) -> None:
    """Ring the bells of another user; a link of his to somebody else's socket is not followed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for name in place.names():
            if name.startswith(prefix) and name.endswith(_session_bell.SUFFIX):
                inode = place.open_inode(name, stat.S_IFSOCK)
                if inode >= 0:
                    with suppress(OSError):
                        sender.sendto(b"!", f"/proc/self/fd/{inode}")
                    os.close(inode)


class Announcement:
    """What this process says of one interface, and sees of it. That nobody can be told is reported once, not raised.

    Its methods are called with the guard of the private file. Without *neighbours* there is nobody.
    """

    __slots__ = ("_ending", "_neighbours", "_notice", "_numbers", "_stem")

    def __init__(self, neighbours: Neighbours | None, stem: str) -> None:
        self._neighbours = neighbours
        self._stem = stem
        self._notice: Notice | None = None
        self._numbers: AbstractSet[int] = frozenset()
        self._ending = False

    def see(self) -> Seen:
        """What the others say. Raises OSError."""
        return self._neighbours.see(self._stem) if self._neighbours is not None else Seen()

    def count(self) -> int:
        """How many sessions the others have. Raises OSError."""
        return self._neighbours.see(self._stem, exact=True).sessions if self._neighbours is not None else 0

    def is_held(self) -> bool:
        """Whether the others have sessions, or may have."""
        try:
            return self.see().sessions > 0
        except OSError:
            return True

    def tell(self, numbers: AbstractSet[int], ending: bool) -> None:
        """These sessions are open, and the interface is being taken down or not: all that has to be known by others."""
        try:
            if self._notice is not None and self._notice.is_removed():
                self.drop()
            while self._notice is not None or numbers or ending:
                notice = self._ensure()
                if notice is None:
                    return
                self._lock(notice, numbers, ending)
                if not notice.is_removed():
                    return
                self.drop()  # another process has tidied up
        except OSError as error:
            warn(f"Other users do not see the network sessions of this one: {error}")

    def tell_stop(self) -> None:
        """All sessions of those who let themselves be told are over."""
        try:
            notice = self._ensure()
            if notice is not None:
                notice.add_stop()
        except OSError as error:
            warn(f"Other users are not told that a network interface is stopped: {error}")

    def drop(self) -> None:
        """This process says nothing more."""
        notice, self._notice = self._notice, None
        self._numbers, self._ending = frozenset(), False
        if notice is not None:
            notice.close()

    def remove(self) -> None:
        """The whole party says nothing more; that it has stopped the interface stays until all have seen it."""
        if self._neighbours is None or self._notice is None or self._notice.is_removed():
            return
        if times_stopped(self._notice.fd) == 0 or not self.is_held():
            with suppress(OSError):
                self._neighbours.remove_notice(self._stem)

    def _ensure(self) -> Notice | None:
        if self._notice is None and self._neighbours is not None:
            self._notice = self._neighbours.open_notice(self._stem)
        return self._notice

    def _lock(self, notice: Notice, numbers: AbstractSet[int], ending: bool) -> None:
        for number in self._numbers - numbers:
            notice.remove_session(number)
        for number in numbers - self._numbers:
            notice.add_session(number)
        if ending and not self._ending:
            notice.begin_ending()
        elif self._ending and not ending:
            notice.end_ending()
        self._numbers, self._ending = frozenset(numbers), ending


_parties: set[str] = set()  # of this process: closing another descriptor of their notices would drop its locks
_warned: set[str] = set()


def neighbours_at(path: str, prefix: str, directory: int) -> Neighbours | None:
    """The others, or None, with a warning, if they cannot be met; nothing is said if *path* is empty: it is wanted."""
    if not path:
        return None
    try:
        return Neighbours(path, prefix, directory)
    except OSError as error:
        warn(f"Network sessions of other users are not counted: {error}")
        return None


def warn(problem: str) -> None:
    """Report what is wrong, once, and what can be done."""
    if problem not in _warned:
        _warned.add(problem)
        qWarning(
            f"{problem}. {SHARED_VARIABLE} may name a directory of root's with mode 1777 that all users can write."
        )


def _is_of_this_process(name: str) -> bool:
    return name.rpartition("~")[2] in _parties


def _is_idle(place: Place, name: str) -> bool:
    fd = place.open_file(name)
    if fd < 0:
        return False
    try:
        return not times_stopped(fd) and not count_sessions(fd, exact=False) and not is_ending(fd)
    finally:
        os.close(fd)
