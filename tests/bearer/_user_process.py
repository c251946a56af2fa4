"""A process of another user, with sessions as in `_session_process`, and with what a hostile neighbour may try."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from _session_process import Peer, Process  # noqa: E402  # found by the path above

NOBODY, SOMEBODY = 65534, 12345
FLAG = "interface"  # a file that is locked by whoever relies on the interface, or takes it down
RELIED, DOWN = 0, 1  # the bytes


class UserProcess(Process):
    """A process of *user* that meets the others below *root*; *private* is the name of its private directory."""

    def __init__(self, root: Path, user: int, private: str = "") -> None:
        directory = root / (private or f"private-{user}")
        if not directory.exists():
            directory.mkdir(mode=0o700)
            os.chown(directory, user, user)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(root), str(user), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.pid = self._process.pid


class UserPeer(Peer):
    """What runs in the process. It becomes the user when everything is imported: he may not be able to read it."""

    def __init__(self, root: str, user: str, directory: str) -> None:
        from qnet.bearer import _session_file, _session_notice, _system_sessions

        self.file, self.notice = _session_file, _session_notice
        self.flag = os.open(os.path.join(root, FLAG), os.O_RDONLY)
        self.root, self.shared = root, os.path.join(root, "shared")
        if int(user):
            os.setgroups([])
            os.setresgid(int(user), int(user), int(user))
            os.setresuid(int(user), int(user), int(user))
        self.sessions = _system_sessions.SystemSessions(directory, 1, self.shared)
        self.open_ones: list[_system_sessions.Registration] = []
        self.lasts = 0
        self.kept: list[int] = []

    # -- a good neighbour

    def do_may_end(self, key: str) -> bool:
        return self.sessions.may_end(key)

    def do_until_free(self, seconds: str) -> str:
        """Look until no session has to wait any more."""
        deadline = time.monotonic() + float(seconds)
        while any(each.must_wait for each in self.open_ones) and time.monotonic() < deadline:
            time.sleep(0.05)  # nobody rings when a stranger's time is over
            self.sessions.look()
        return str(self.do_look())

    def do_rung(self, seconds: str) -> bool:
        return bool(select.select([self.sessions.open_bell()], [], [], float(seconds))[0])

    def do_relying(self, key: str, times: str) -> str:
        """Open and close as fast as it goes. Nobody may take the interface down while somebody relies on it.

        Both are locks in a file, which are found by those who do the other thing, whoever comes first. Returns how
        often that was so, how often it relied on the interface, and how often it took it down.
        """
        relied = downs = wrong = 0

        def take_down() -> None:
            nonlocal downs, wrong
            fcntl.lockf(self.flag, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, DOWN)
            self.sessions.count(key)
            wrong += self.notice.is_locked(self.flag, RELIED)
            fcntl.lockf(self.flag, fcntl.LOCK_UN, 1, DOWN)
            downs += 1
            self.sessions.ended(key)

        for _ in range(int(times)):
            registration = self.sessions.open(key, lambda: None, take_down)
            if not registration.must_wait:
                self.sessions.starting(registration)
                fcntl.lockf(self.flag, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, RELIED)
                self.sessions.count(key)
                wrong += self.notice.is_locked(self.flag, DOWN)
                fcntl.lockf(self.flag, fcntl.LOCK_UN, 1, RELIED)
                relied += 1
            self.sessions.close(registration)
        return f"{wrong} {relied} {downs}"

    # -- a hostile one

    def _files(self) -> list[str]:
        return [os.path.join(top, name) for top, _, names in os.walk(self.shared) for name in names]

    def _place(self) -> str:
        place = os.path.join(self.shared, f"qnet-sessions-{os.geteuid()}")
        os.makedirs(place, exist_ok=True)
        return place

    def do_lock_everything(self) -> int:
        """Lock every byte of every file that can be read, in both kinds of locks that there are."""
        for path in self._files():
            try:
                fd = os.open(path, os.O_RDONLY)
            except OSError:
                continue
            fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB, 0, 0)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.kept.append(fd)
        return len(self.kept)

    def do_unlock_everything(self) -> str:
        for fd in self.kept:
            os.close(fd)
        self.kept.clear()
        return "unlocked"

    def do_tamper(self) -> str:
        """Change, remove and rename every file of the others, ring their bells: how often that was refused."""
        done = []
        refused = 0
        for path in self._files():
            for what in (_write, _lengthen, _touch, os.unlink, _ring, _move_place, _add):
                try:
                    what(path)
                except OSError as error:
                    refused += error.errno in (errno.EACCES, errno.EPERM)
                else:
                    done.append(what.__name__)
        return ",".join(done) or f"{refused} refused"

    def do_claim(self, key: str, what: str) -> str:
        """Say something of an interface that is not so."""
        notice = self.notice.Notice(os.open(self._place(), os.O_RDONLY), f"1-{key}~claim")
        if what == "ending":
            notice.begin_ending()
        elif what == "stopped":
            notice.add_stop()
            self.sessions.ring()
        elif what == "everything":
            fcntl.lockf(notice.fd, fcntl.LOCK_SH, 0, 0)
        else:
            for number in range(0, 6000, 2):  # many ranges
                notice.add_session(number)
        self.kept.append(notice.fd)
        return "claimed"

    def do_take_name(self, name: str, kind: str) -> str:
        """Be where somebody else would be."""
        path = os.path.join(self.shared, name)
        if kind == "directory":
            os.mkdir(path)
        elif kind == "closed directory":
            os.mkdir(path, 0)
        elif kind == "file":
            Path(path).touch()
        elif kind == "fifo":
            os.mkfifo(path)
        else:
            os.symlink(self._place(), path)
        return "taken"

    def do_lease(self, key: str) -> str:
        """Have everybody wait who opens the notice."""
        import signal

        signal.signal(signal.SIGIO, signal.SIG_IGN)
        fd = os.open(os.path.join(self._place(), f"1-{key}~lease"), os.O_RDWR | os.O_CREAT)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        self.kept.append(fd)
        return "leased"

    def do_crowd(self, number: str) -> str:
        for each in range(int(number)):
            Path(self.shared, f"crowd-{each}").touch()
        return "crowded"


def _write(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY))


def _lengthen(path: str) -> None:
    os.truncate(path, 100)


def _touch(path: str) -> None:
    os.utime(path)


def _ring(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"!", path)


def _move_place(path: str) -> None:
    os.rename(os.path.dirname(path), os.path.dirname(path) + "-moved")


def _add(path: str) -> None:
    os.mkdir(path + "-added")


def main() -> None:
    peer: Any = UserPeer(*sys.argv[1:])
    for line in sys.stdin:
        try:
            print(peer.do(*line.split()), flush=True)
        except OSError as error:
            print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
