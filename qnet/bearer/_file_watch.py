"""Watching one small file that people edit: told by the kernel where Linux has inotify, compared when asked elsewhere.

A file is watched through its folder, because most editors write a new file and give it the old one's name: the old one
never changes. What counts is whether `os.stat` tells something else than before; the events only say when to look.

Where the file is a symbolic link, the folders of all links on the way are watched, too. Where the folder does not
exist, the nearest one above it is, for the one name that has to appear in it. Folders above that are not watched: they
would wake this process for every file that somebody else makes there, and renaming one's home is rare.
"""

from __future__ import annotations

import os
from pathlib import Path

from qnet.bearer._inotify import Inotify, Mask
from qnet.core.object import QObject
from qnet.core.signals import Signal
from qnet.core.socketnotifier import QSocketNotifier
from qnet.core.timer import QTimer

__all__ = ["SETTLE_MS", "FileWatch"]

SETTLE_MS = 50
MAX_LINKS = 40  # as many as the kernel follows

_IN_FOLDER = (
    Mask.CLOSE_WRITE | Mask.MOVED_FROM | Mask.MOVED_TO | Mask.CREATE | Mask.DELETE | Mask.DELETE_SELF | Mask.MOVE_SELF
)
_ON_THE_WAY = Mask.MOVED_TO | Mask.CREATE | Mask.DELETE_SELF | Mask.MOVE_SELF

_Fingerprint = tuple[int, int, int, int, int]


class FileWatch(QObject):
    """Emits `changed`, in the thread that made it, when the file at *path* was written, replaced, removed or made.

    Several changes within `SETTLE_MS` are one. Without inotify (or with *inotify* False) it `needs_polling`: somebody
    has to call `check` now and then.
    """

    changed = Signal()

    def __init__(self, path: Path, parent: QObject | None = None, *, inotify: bool = True) -> None:
        super().__init__(parent)
        self._q_path = os.path.abspath(path)
        self._q_inotify: Inotify | None = None
        self._q_notifier: QSocketNotifier | None = None
        self._q_names: dict[int, str] = {}  # by watch: the one name that matters there, "" for all
        self._q_settle = QTimer(self)
        self._q_settle.setSingleShot(True)
        self._q_settle.setInterval(SETTLE_MS)
        self._q_settle.timeout.connect(self.check)
        if inotify:
            self._q_open()
        self._q_seen = _fingerprint(self._q_path)  # after the watches: nothing happens in between

    def needs_polling(self) -> bool:
        """Whether nobody tells it of changes."""
        return self._q_inotify is None

    def check(self) -> bool:
        """Look now; emits `changed` and returns True if the file is not what it was."""
        if self._q_inotify is not None:
            self._q_rewatch()
        found = _fingerprint(self._q_path)
        if found == self._q_seen:
            return False
        self._q_seen = found
        FileWatch.changed.emit_from(self)
        return True

    def close(self) -> None:
        """Watch no more, and give the descriptor back."""
        self._q_settle.stop()
        notifier, self._q_notifier = self._q_notifier, None
        if notifier is not None:
            notifier.setEnabled(False)
        inotify, self._q_inotify = self._q_inotify, None
        if inotify is not None:
            inotify.close()

    def _q_open(self) -> None:
        try:
            self._q_inotify = Inotify()
            self._q_rewatch()
        except OSError:  # another system, a sandbox, or no instance left (fs.inotify.max_user_instances)
            self._q_give_up()
        if self._q_inotify is not None:
            notifier = QSocketNotifier(self._q_inotify.fileno(), QSocketNotifier.Type.Read, self)
            notifier.activated.connect(self._q_read)
            self._q_notifier = notifier

    def _q_give_up(self) -> None:
        """No more events: polling has to do."""
        FileWatch.close(self)

    def _q_read(self) -> None:
        if self._q_inotify is None:
            return
        for event in self._q_inotify.read():
            wanted = self._q_names.get(event.watch, "")
            if not wanted or not event.name or event.name == wanted:
                self._q_look_soon()

    def _q_look_soon(self) -> None:
        if not self._q_settle.isActive():  # not anew with every event: in a busy folder they never end
            self._q_settle.start()

    def _q_rewatch(self) -> None:
        """Watch the folders that matter by now, and no others."""
        assert self._q_inotify is not None
        names: dict[int, str] = {}
        try:
            for folder, name in _folders(self._q_path):
                watch = self._q_inotify.add(folder, _ON_THE_WAY if name else _IN_FOLDER)
                names[watch] = name if watch not in names else ""
        except (FileNotFoundError, NotADirectoryError):
            self._q_look_soon()  # gone in this moment
        except OSError:  # fs.inotify.max_user_watches, or a folder that we may not read
            self._q_give_up()
            return
        for watch in self._q_names.keys() - names.keys():
            self._q_inotify.remove(watch)
        self._q_names = names

    def _q_finalize(self) -> None:
        FileWatch.close(self)
        super()._q_finalize()


def _fingerprint(path: str) -> _Fingerprint | None:
    """What differs when a file was written, replaced, or given other permissions; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _folders(path: str) -> list[tuple[str, str]]:
    """The folders to watch for the file *path*, each with the one name that matters in it, "" for all."""
    found = []
    for _ in range(MAX_LINKS):
        folder, name = os.path.split(path)
        if not os.path.isdir(folder):
            while not os.path.isdir(folder):
                folder, name = os.path.split(folder)
            found.append((folder, name))
            break
        found.append((folder, ""))
        try:
            path = os.path.abspath(os.path.join(os.path.realpath(folder), os.readlink(path)))
        except OSError:  # no link
            break
    return found
