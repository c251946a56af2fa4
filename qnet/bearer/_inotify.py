"""inotify(7) of Linux, as far as watching a few folders needs it.

Python has no binding of its own; through ctypes the three calls are short, and whether they exist is known when they
are asked for. An instance is shared with forked children: these only ever close it.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import NamedTuple

__all__ = ["Event", "Inotify", "Mask"]

_HEADER = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, len; a padded name of that length follows


class Mask:
    """The bits of ``<sys/inotify.h>`` that are used here."""

    CLOSE_WRITE = 0x8
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATE = 0x100
    DELETE = 0x200
    DELETE_SELF = 0x400
    MOVE_SELF = 0x800
    OVERFLOW = 0x4000
    IGNORED = 0x8000
    ONLYDIR = 0x1000000


class Event(NamedTuple):
    """What happened in the folder that *watch* stands for; *name* is "" if it happened to the folder itself."""

    watch: int
    mask: int
    name: str


class Inotify:
    """An instance; its descriptor is readable when there are events. Raises OSError where there is none."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise OSError("only Linux has inotify")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """The descriptor, -1 once it is closed."""
        return self._fd

    def add(self, folder: str, mask: int) -> int:
        """Watch *folder*, a folder by now, and return its number: the same one if it is watched already."""
        mask |= Mask.ONLYDIR
        return self._checked(self._libc.inotify_add_watch(self._fd, os.fsencode(folder), ctypes.c_uint32(mask)))

    def remove(self, watch: int) -> None:
        """Watch it no more; nothing happens if the system has removed it."""
        self._libc.inotify_rm_watch(self._fd, watch)

    def read(self) -> list[Event]:
        """What happened since the last call, as far as it fits one read."""
        try:
            data = os.read(self._fd, 1 << 16)
        except BlockingIOError:
            return []
        events = []
        position = 0
        while position < len(data):
            watch, mask, _, length = _HEADER.unpack_from(data, position)
            position += _HEADER.size
            events.append(Event(watch, mask, os.fsdecode(data[position : position + length].rstrip(b"\0"))))
            position += length
        return events

    def close(self) -> None:
        """Give the descriptor back."""
        descriptor, self._fd = self._fd, -1
        if descriptor >= 0:
            os.close(descriptor)

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return result
