"""Where the processes of a user meet: a directory that belongs to this user alone.

It is $QNET_BEARER_DIR if that is set, /run/qnet for root, $XDG_RUNTIME_DIR/qnet for everybody else, and /tmp/qnet-<uid>
where there is no such thing. In /tmp anybody may have been first. So the directory is opened without following a link,
and what was opened is looked at, not what has that name now: whose it is, and that nobody else may enter it. Everything
in it is reached through the descriptor, so that nothing that happens to its name later matters.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

__all__ = ["DIRECTORY_VARIABLE", "directory_path", "namespace_number", "open_directory"]

DIRECTORY_VARIABLE = "QNET_BEARER_DIR"

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def directory_path() -> str:
    """The name of this user's directory; it need not exist."""
    chosen = os.environ.get(DIRECTORY_VARIABLE)
    if chosen:
        return os.path.abspath(chosen)
    if os.geteuid() == 0:
        return "/run/qnet"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isabs(runtime):
        return os.path.join(runtime, "qnet")
    return f"/tmp/qnet-{os.geteuid()}"


def open_directory(path: str) -> int:
    """A descriptor of the directory *path*, which is made if need be.

    Raises OSError if it cannot be made, if it is a link or no directory, and PermissionError if it is not this user's
    own or others may enter it.
    """
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, f"belongs to user {status.st_uid}, not to {os.geteuid()}", path)
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise PermissionError(errno.EPERM, f"others may enter it (mode {stat.S_IMODE(status.st_mode):o})", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def namespace_number() -> int:
    """A number for the network namespace that the running thread is in; on other systems there is one."""
    if sys.platform != "linux":
        return 0
    try:
        return os.stat("/proc/thread-self/ns/net").st_ino
    except OSError:
        return 0
