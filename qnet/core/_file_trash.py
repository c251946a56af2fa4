"""The trash can of the freedesktop.org specification (version 1.0).

https://specifications.freedesktop.org/trash-spec/latest/
"""

from __future__ import annotations

import errno
import os
import stat
from datetime import datetime
from urllib.parse import quote

__all__ = ["move_to_trash"]


def move_to_trash(path: str) -> str:
    """Move the file, link or directory *path* to the trash; return its new name. OSError where that fails.

    Nothing is copied across file systems: a file that is not on the home trash's goes to a trash at the top of
    its own, as the specification has it.
    """
    path = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(path))
    device = os.lstat(path).st_dev
    home = os.path.join(_data_home(), "Trash")
    if _device_of(home) == device:
        return _trash(path, home, path)
    top = _top_directory(path, device)
    for place in _trashes_of(top):
        try:
            return _trash(path, place, os.path.relpath(path, top))
        except PermissionError:
            continue
    raise OSError(errno.EACCES, os.strerror(errno.EACCES), path)


def _data_home() -> str:
    given = os.environ.get("XDG_DATA_HOME", "")
    # "If a relative path is encountered it must be ignored" (XDG base directory specification)
    return given if os.path.isabs(given) else os.path.expanduser("~/.local/share")


def _device_of(path: str) -> int:
    """The file system of *path*, or of the nearest directory above that exists."""
    while True:
        try:
            return os.stat(path).st_dev
        except FileNotFoundError:
            path = os.path.dirname(path)


def _top_directory(path: str, device: int) -> str:
    directory = os.path.dirname(path)
    while (above := os.path.dirname(directory)) != directory and os.stat(above).st_dev == device:
        directory = above
    return directory


def _trashes_of(top: str) -> list[str]:
    """The two places for a user's files: in the administrator's .Trash if that is safe, then an own one."""
    user = str(os.getuid())
    shared = os.path.join(top, ".Trash")
    places = [os.path.join(top, f".Trash-{user}")]
    try:
        mode = os.lstat(shared).st_mode
    except OSError:
        return places
    # "if this directory is present, the implementation MUST check that it is a directory with the sticky bit
    # set, and not a symbolic link"
    if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
        places.insert(0, os.path.join(shared, user))
    return places


def _trash(path: str, place: str, recorded: str) -> str:
    files, infos = os.path.join(place, "files"), os.path.join(place, "info")
    os.makedirs(files, mode=0o700, exist_ok=True)
    os.makedirs(infos, mode=0o700, exist_ok=True)
    when = datetime.now().strftime("%Y-%m-%dT%H:%M:%S")  # "in the user's (or filesystem's) local time"
    text = f"[Trash Info]\nPath={quote(os.fsencode(recorded))}\nDeletionDate={when}\n"
    name = os.path.basename(path)
    number = 1
    while True:
        # The info file reserves the name: "create it atomically, with O_EXCL"
        chosen = name if number == 1 else f"{name}.{number}"
        number += 1
        info = os.path.join(infos, f"{chosen}.trashinfo")
        try:
            fd = os.open(info, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        target = os.path.join(files, chosen)
        try:
            with open(fd, "w", encoding="ascii") as out:
                out.write(text)
            if os.path.lexists(target):
                os.unlink(info)
                continue
            os.rename(path, target)
        except BaseException:
            os.unlink(info)
            raise
        return target
