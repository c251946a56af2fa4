"""Another process with sessions: reads commands from its standard input, one a line, and prints an answer to each.

open KEY | close KEY | stop KEY | count KEY | starting KEY | look | last | racing KEY N | fork KEY
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from _line_process import LineProcess

HERE = Path(__file__).resolve().parent


class Process(LineProcess):
    """A process that runs this file, with the sessions in *directory*; use it in a ``with``."""

    def __init__(self, directory: Path) -> None:
        path = str(HERE.parent.parent)
        super().__init__(__file__, str(directory), environment={**os.environ, "PYTHONPATH": path})


class Peer:
    """What runs in the process."""

    def __init__(self, directory: str) -> None:
        from qnet.bearer import _session_file
        from qnet.bearer._system_sessions import Registration, SystemSessions

        _session_file.PATIENCE = 30.0  # whoever has the guard is slow, and not stopped
        self.sessions = SystemSessions(directory, 1)
        self.open_ones: list[Registration] = []
        self.lasts = 0

    def do(self, command: str, *arguments: str) -> Any:
        return getattr(self, f"do_{command}")(*arguments)

    def do_open(self, key: str) -> str:
        registration = self.sessions.open(key, lambda: None, self._last)
        self.open_ones.append(registration)
        self.sessions.open_bell()
        return "must wait" if registration.must_wait else "open"

    def _last(self) -> None:
        self.lasts += 1
        for key in {each.key for each in self.closed}:
            self.sessions.ended(key)

    def do_starting(self, key: str) -> str:
        self.sessions.starting(next(each for each in self.open_ones if each.key == key))
        return "noted"

    def do_close(self, key: str) -> str:
        self.closed = [each for each in self.open_ones if each.key == key][:1]
        lasts = self.lasts
        for each in self.closed:
            self.open_ones.remove(each)
            self.sessions.close(each)
        return "last" if self.lasts > lasts else "closed"

    def do_stop(self, key: str) -> str:
        return str(self.sessions.stop(key, ends=False))

    def do_count(self, key: str) -> int:
        return self.sessions.count(key)

    def do_look(self) -> str:
        self.sessions.look()
        stopped = [each for each in self.open_ones if each.stopped]
        return f"{len(stopped)} stopped, {sum(each.must_wait for each in self.open_ones)} waiting"

    def do_ending(self, key: str) -> bool:
        return self.sessions.stop(key, ends=True)

    def do_ended(self, key: str) -> str:
        self.sessions.ended(key)
        return "ended"

    def do_racing(self, key: str, times: str) -> str:
        """Open and close, and now and then stop, as fast as it goes; every count on the way has to make sense."""
        worst = 0
        for number in range(int(times)):
            registration = self.sessions.open(key, lambda: None, lambda: self.sessions.ended(key))
            self.sessions.starting(registration)
            found = self.sessions.count(key)
            self.sessions.look()
            if not registration.stopped and found < 1:
                worst = min(worst, found - 1)
            if number % 3 == 0:
                self.sessions.stop(key, ends=False)
                assert registration.stopped
            self.sessions.close(registration)
        return str(worst)

    def do_fork(self, key: str) -> str:
        """What a child counts at once, and when it has claimed what it has inherited."""
        reading, writing = os.pipe()
        if os.fork() == 0:
            before = self.sessions.count("nobody's"), len(self.open_ones)
            self.sessions.reclaim()
            os.write(writing, f"{before[1]} inherited, {self.sessions.count(key)} counted".encode())
            os._exit(0)
        os.close(writing)
        os.wait()
        said = os.read(reading, 100).decode()
        os.close(reading)
        return f"{said}, then {self.sessions.count(key)}"


def main() -> None:
    peer = Peer(sys.argv[1])
    for line in sys.stdin:
        try:
            print(peer.do(*line.split()), flush=True)
        except OSError as error:
            print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()
