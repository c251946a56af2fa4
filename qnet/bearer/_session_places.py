"""Where the users of a machine see each other's sessions: a place for each of them, below a directory that all may use.

The private directories (:mod:`qnet.bearer._session_directory`) are for the processes of one user. What others may know
stands in the user's *place*, a directory that all may read and its owner alone can change. The directory of the places
is the system's own, sticky and of mode 1777: the first of `BASES`, or $QNET_BEARER_SHARED_DIR. There is nothing to set
up, and no user is the first who could own it.

Anybody may put anything there. So nothing is believed because of its name, only because of the owner that the kernel
tells of what has been opened:

* A stranger may have taken my place's name: root moves him aside, others take a name that cannot be guessed. Their
  sessions are counted all the same, since every directory that is called so is looked into.
* Links are not followed, and a file of mine in a stranger's place (a hard link) is not opened: to close it again would
  drop my locks.
* A stranger's file is opened without waiting (he may hold a lease), his fifos, sockets and mounts not at all.
* Looking costs something for each name, place and file. When the `BUDGET` is used up it ends with `Crowded`, which has
  to be taken for "there are sessions".

On other systems than Linux there are no places: no engine takes an interface down there.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qnet.bearer._session_directory import DIRECTORY_VARIABLE

__all__ = ["SHARED_VARIABLE", "Crowded", "Place", "Places", "plain_name", "shared_path"]

SHARED_VARIABLE = "QNET_BEARER_SHARED_DIR"
BASES = ("/run/lock", "/dev/shm", "/tmp")
BUDGET = 20_000  # names that are read before it is enough: some milliseconds
OPENING = 40  # names that could be read while a place or a file is opened

_PREFIX = "qnet-sessions-"
_PLACE_MODE = 0o755
_EVERYBODYS = 0o1002  # sticky, and others may write
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_TROUBLE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)  # says nothing about what is there


class Crowded(Exception):
    """There are more files than anybody could look at."""


def shared_path() -> str:
    """The directory of the places; empty if other users are not to be counted.

    That is so with $QNET_BEARER_DIR (who chooses where to meet meets nobody else) unless $QNET_BEARER_SHARED_DIR is
    set, and with that if it is empty.
    """
    if sys.platform != "linux":
        return ""
    chosen = os.environ.get(SHARED_VARIABLE)
    if chosen is not None:
        return os.path.abspath(chosen) if chosen else ""
    if os.environ.get(DIRECTORY_VARIABLE):
        return ""
    return next((each for each in BASES if _is_everybodys(each)), BASES[-1])


def _is_everybodys(path: str) -> bool:
    try:
        os.close(_open_base(path))
    except OSError:
        return False
    return True


def _open_base(path: str) -> int:
    """A descriptor of the directory of the places; OSError if it cannot be one."""
    descriptor = os.open(path, _DIRECTORY)
    try:
        status = os.fstat(descriptor)
        if status.st_uid not in (0, os.geteuid()):
            raise PermissionError(errno.EPERM, f"belongs to user {status.st_uid}, not to root", path)
        if status.st_mode & _EVERYBODYS != _EVERYBODYS:
            raise PermissionError(errno.EPERM, f"has mode {stat.S_IMODE(status.st_mode):o}, not 1777", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class _Reader:
    """Looks until the `BUDGET` is used up: then its methods raise `Crowded`."""

    def __init__(self) -> None:
        self._left = BUDGET

    def spend(self, cost: int) -> None:
        """Something is about to be done."""
        self._left -= cost
        if self._left < 0:
            raise Crowded

    def names(self, directory: int) -> list[str]:
        """What is in a directory."""
        found = []
        own = os.open(".", _DIRECTORY, dir_fd=directory)  # a forked child reads on where its parent is
        try:
            with os.scandir(own) as entries:
                for entry in entries:
                    self.spend(1)
                    found.append(entry.name)
        finally:
            os.close(own)
        return found


class Place:
    """The place of the user *owner*, open as `fd`. It is *trusted* if it is root's or one's own."""

    __slots__ = ("_device", "_reader", "fd", "owner", "trusted")

    def __init__(self, fd: int, status: os.stat_result, reader: _Reader) -> None:
        self.fd = fd
        self.owner = status.st_uid
        self.trusted = False
        self._device = status.st_dev
        self._reader = reader

    def names(self) -> list[str]:
        """What is in it; nothing if its owner does not let one look. Raises `Crowded`."""
        try:
            return self._reader.names(self.fd)
        except OSError as error:
            _raise_trouble(error)
            return []

    def open_inode(self, name: str, kind: int) -> int:
        """A descriptor that stands for something of the owner's, of the *kind* S_IF..., and opens nothing; or -1.

        Raises `Crowded`.
        """
        self._reader.spend(OPENING)
        if sys.platform != "linux":
            return -1
        try:
            inode = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.fd)
        except OSError as error:
            _raise_trouble(error)
            return -1
        status = os.fstat(inode)
        if stat.S_IFMT(status.st_mode) == kind and status.st_uid == self.owner and status.st_dev == self._device:
            return inode
        os.close(inode)
        return -1

    def open_file(self, name: str) -> int:
        """A descriptor of a plain file of the owner's, to be read and closed; or -1. Raises `Crowded`."""
        inode = self.open_inode(name, stat.S_IFREG)
        if inode < 0:
            return -1
        try:
            return os.open(f"/proc/self/fd/{inode}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            _raise_trouble(error)
            return -1
        finally:
            os.close(inode)


class Places:
    """All places below the directory *path*. Raises OSError if it is not one that all users may use, and none owns."""

    def __init__(self, path: str) -> None:
        if not os.path.isdir("/proc/self/fd"):
            raise FileNotFoundError(errno.ENOENT, "is not mounted", "/proc")
        self.path = path
        self._base = _open_base(path)
        self._own = -1

    def own(self) -> int:
        """A descriptor of this user's place, which is made if need be. Raises OSError if it cannot be had."""
        if self._own >= 0:
            status = os.fstat(self._own)
            if status.st_nlink and status.st_uid == os.geteuid():
                return self._own
        self._own = self._find_own(os.geteuid())  # one that is lost stays open: somebody may still use the descriptor
        return self._own

    def walk(self) -> Iterator[Place]:
        """Every place, the trusted ones first; each is closed when the next one is asked for. Raises `Crowded`.

        A trusted place has the plain name of its owner, so that it is found however crowded the directory is.
        """
        reader = _Reader()
        trusted = {plain_name(user): user for user in (0, os.geteuid())}
        found = set()
        for name, user in trusted.items():
            with self._opened(name, reader) as place:
                if place is not None and place.owner == user:
                    place.trusted = True
                    found.add(name)
                    yield place
        for name in reader.names(self._base):
            if name.startswith(_PREFIX) and name not in found:
                with self._opened(name, reader) as place:
                    if place is not None:
                        yield place

    @contextmanager
    def _opened(self, name: str, reader: _Reader) -> Iterator[Place | None]:
        """Whoever has this name; None if it is no directory, cannot be entered, or is mounted from elsewhere."""
        reader.spend(OPENING)
        try:
            fd = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._base)
        except OSError as error:
            _raise_trouble(error)
            yield None
            return
        try:
            status = os.fstat(fd)
            yield Place(fd, status, reader) if status.st_dev == os.fstat(self._base).st_dev else None
        finally:
            os.close(fd)

    def _find_own(self, user: int) -> int:
        plain = plain_name(user)
        for _ in range(3):
            with suppress(FileExistsError):
                os.mkdir(plain, _PLACE_MODE, dir_fd=self._base)
            found = self._enter(plain, user)
            if found >= 0 or user != 0:
                break
            aside = f"{_PREFIX}x-{secrets.token_hex(8)}"
            with suppress(FileNotFoundError):
                os.rename(plain, aside, src_dir_fd=self._base, dst_dir_fd=self._base)
        return found if found >= 0 else self._find_other(plain, user)

    def _find_other(self, plain: str, user: int) -> int:
        """A place by another name: a stranger has taken the plain one."""
        try:
            names = _Reader().names(self._base)
        except Crowded:
            raise OSError(errno.EUSERS, "there are too many files", self.path) from None
        for name in sorted(names):
            found = self._enter(name, user) if name.startswith(f"{plain}-") else -1
            if found >= 0:
                return found
        name = f"{plain}-{secrets.token_hex(8)}"
        os.mkdir(name, _PLACE_MODE, dir_fd=self._base)
        found = self._enter(name, user)
        if found < 0:
            raise FileNotFoundError(errno.ENOENT, "somebody removes it", os.path.join(self.path, name))
        return found

    def _enter(self, name: str, user: int) -> int:
        """A descriptor of the directory *name* if it is this user's, else -1."""
        try:
            fd = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._base)
        except OSError as error:
            _raise_trouble(error)
            return -1
        status = os.fstat(fd)
        if status.st_uid != user:
            os.close(fd)
            return -1
        if stat.S_IMODE(status.st_mode) != _PLACE_MODE:  # the umask
            os.fchmod(fd, _PLACE_MODE)
        return fd


def plain_name(user: int) -> str:
    """What a user's place is called, unless a stranger was there before."""
    return f"{_PREFIX}{user}"


def _raise_trouble(error: OSError) -> None:
    """Raise what is no fact about the file: to take it for absent would be a mistake."""
    if error.errno in _TROUBLE:
        raise error
