"""What can be done to a file by its name: copy, rename, permissions, times. Errors are OSError."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from datetime import datetime, timedelta, timezone

__all__ = ["copy", "errno_of", "is_same", "link_target", "mode_bits", "permission_bits", "rename", "utc_time"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

# Qt's flags for the owner are the mode's bits for the owner shifted by 6 more, and so on; the flags for "the
# user" say what this process may do, whoever owns the file.
_OWNER, _USER, _GROUP = 12, 8, 4


def permission_bits(path: str | int) -> int:
    """The flags of QFileDevice.Permission that describe *path* (or an open descriptor); 0 if there is no such."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return 0
    bits = (mode >> 6 & 7) << _OWNER | (mode >> 3 & 7) << _GROUP | mode & 7
    checked = f"/dev/fd/{path}" if isinstance(path, int) else path
    for flag in (os.R_OK, os.W_OK, os.X_OK):
        if os.access(checked, flag):
            bits |= flag << _USER
    return bits


def mode_bits(permissions: int) -> int:
    """The mode for flags of QFileDevice.Permission: those of the owner and of the user mean the same here."""
    owner = (permissions >> _OWNER | permissions >> _USER) & 7
    return owner << 6 | (permissions >> _GROUP & 7) << 3 | permissions & 7


def utc_time(nanoseconds: int) -> datetime:
    """That many nanoseconds after 1970, to the microsecond."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def is_same(first: str, second: str) -> bool:
    """Whether both names lead to one file."""
    with contextlib.suppress(OSError, ValueError):
        return os.path.samefile(first, second)
    return False


def copy(source: str, target: str) -> None:
    """Copy content and permissions to *target*, which must not exist; half a copy is removed again."""
    with open(source, "rb") as reader:
        mode = os.fstat(reader.fileno()).st_mode & 0o777
        with open(target, "xb") as writer:
            try:
                shutil.copyfileobj(reader, writer, 1 << 20)
                os.fchmod(writer.fileno(), mode)
            except BaseException:
                os.unlink(target)
                raise


def rename(source: str, target: str) -> None:
    """Move *source* to *target*, which must not exist; across file systems by copying."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy(source, target)
        os.unlink(source)


def link_target(path: str) -> str:
    """The absolute name that the symbolic link *path* has; "" when it is none."""
    try:
        target = os.readlink(path)
    except (OSError, ValueError):
        return ""
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(path)), target))


def errno_of(error: OSError | ValueError) -> tuple[int, str]:
    """Number and text of *error*; a name with a zero byte is a ValueError in Python."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno, os.strerror(error.errno)
    return errno.EINVAL, str(error)
