"""Sessions of several processes: counted, given back by the kernel, stopped; with real processes and real signals."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from _leftovers import close_below
from _session_process import Process

from qnet.bearer._session_directory import directory_path, open_directory
from qnet.bearer._system_sessions import Registration, SystemSessions

KEY = "interface:7"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def sessions(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemSessions]:
    monkeypatch.setattr("qnet.bearer._session_file.PATIENCE", 30.0)  # whoever has the guard is slow, and not stopped
    made = SystemSessions(str(directory), 1)
    yield made
    made.close_bell()
    close_below(directory.parent)


class Session:
    """A registration and what it was told."""

    def __init__(self, sessions: SystemSessions, key: str = KEY) -> None:
        self.news = 0
        self.lasts = 0
        self.registration: Registration = sessions.open(key, self._on_news, self._on_last)

    def _on_news(self) -> None:
        self.news += 1

    def _on_last(self) -> None:
        self.lasts += 1


def files(directory: Path) -> list[str]:
    return sorted(os.listdir(directory))


# -- counting


def test_sessions_of_one_process_are_counted(sessions: SystemSessions, directory: Path) -> None:
    assert sessions.count(KEY) == 0
    first, second = Session(sessions), Session(sessions)
    assert sessions.count(KEY) == 2
    assert sessions.count("interface:8") == 0
    sessions.close(first.registration)
    sessions.close(first.registration)
    assert sessions.count(KEY) == 1
    sessions.close(second.registration)
    assert sessions.count(KEY) == 0
    assert files(directory) == []


def test_sessions_of_all_processes_are_counted(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    with Process(directory) as one, Process(directory) as two:
        assert one.ask(f"open {KEY}") == "open"
        assert two.ask(f"open {KEY}") == "open"
        assert two.ask(f"open {KEY}") == "open"
        assert {sessions.count(KEY), int(one.ask(f"count {KEY}")), int(two.ask(f"count {KEY}"))} == {4}
        two.ask(f"close {KEY}")
        assert sessions.count(KEY) == int(one.ask(f"count {KEY}")) == 3
    assert sessions.count(KEY) == 1
    sessions.close(mine.registration)


def test_only_the_last_to_close_takes_an_interface_down_that_a_session_has_brought_up(
    sessions: SystemSessions, directory: Path
) -> None:
    mine = Session(sessions)
    with Process(directory) as other:
        other.ask(f"open {KEY}")
        assert other.ask(f"starting {KEY}") == "noted"
        sessions.close(mine.registration)
        assert mine.lasts == 0
        assert other.ask(f"close {KEY}") == "last"


def test_an_interface_that_was_up_already_is_left_up(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    sessions.close(mine.registration)
    assert mine.lasts == 0
    assert files(directory) == []


def test_namespaces_do_not_meet(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    assert SystemSessions(str(directory), 2).count(KEY) == 0
    sessions.close(mine.registration)


def test_any_text_is_a_key(sessions: SystemSessions, directory: Path) -> None:
    keys = ["../../etc/passwd", "", ".", "a b\n", "x" * 300, "/nm/連線/7"]
    held = [Session(sessions, key) for key in keys]
    assert [sessions.count(key) for key in keys] == [1] * len(keys)
    assert len(files(directory)) == len(keys)
    for each in held:
        sessions.close(each.registration)
    assert files(directory) == []


# -- processes that are killed


def test_the_kernel_gives_back_the_sessions_of_a_killed_process(sessions: SystemSessions, directory: Path) -> None:
    with Process(directory) as other:
        other.ask(f"open {KEY}")
        other.ask(f"open {KEY}")
        assert sessions.count(KEY) == 2
        other.kill()
    assert sessions.count(KEY) == 0
    sessions.ring()
    assert files(directory) == []  # its bell, too, by whoever finds that nobody answers


def test_twenty_processes_share_an_interface_and_five_of_them_are_killed(
    sessions: SystemSessions, directory: Path
) -> None:
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(Process(directory)) for _ in range(20)]
        for each in processes:
            each.send(f"open {KEY}")
        assert [each.answer() for each in processes] == ["open"] * 20
        processes[0].ask(f"starting {KEY}")
        assert sessions.count(KEY) == 20
        for each in processes[:5]:  # the one that has brought the interface up among them
            each.kill()
        assert sessions.count(KEY) == 15
        assert [each.ask(f"close {KEY}") for each in processes[5:]] == ["closed"] * 14 + ["last"]
        assert sessions.count(KEY) == 0


def test_what_was_left_up_by_killed_processes_stays_up(sessions: SystemSessions, directory: Path) -> None:
    with Process(directory) as other:
        other.ask(f"open {KEY}")
        other.ask(f"starting {KEY}")
        other.kill()
    assert f"1-{KEY}.sessions" in files(directory)
    mine = Session(sessions)
    sessions.close(mine.registration)
    assert mine.lasts == 0


def test_a_process_that_is_stopped_in_the_middle_holds_nobody_up_for_ever(
    sessions: SystemSessions, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qnet.bearer._session_file.PATIENCE", 0.05)
    mine = Session(sessions)
    code = (
        "import os, sys, time; from qnet.bearer._session_file import SessionFile\n"
        f"file = SessionFile(os.open({str(directory)!r}, os.O_RDONLY), '1-{KEY}.sessions')\n"
        "file.lock_guard(); print('have it', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(TimeoutError, match="another process"):
            sessions.open(KEY, lambda: None, lambda: None)
        sessions.close(mine.registration)  # does not raise, and is done
        holder.kill()
    assert sessions.count(KEY) == 0
    assert files(directory) == []


# -- stop


def test_stop_reaches_the_sessions_of_every_process(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    with Process(directory) as one, Process(directory) as two:
        one.ask(f"open {KEY}")
        two.ask("open interface:8")
        bell = sessions.open_bell()
        assert one.ask(f"stop {KEY}") == "False"
        assert select.select([bell], [], [], 5)[0] == [bell]
        sessions.look()
        assert mine.registration.stopped
        assert mine.news == 1
        assert not select.select([bell], [], [], 0)[0]
        assert one.ask("look") == "1 stopped, 0 waiting"
        assert two.ask("look") == "0 stopped, 0 waiting"
        assert sessions.count(KEY) == 0


def test_a_session_that_is_opened_after_a_stop_is_not_reached_by_it(sessions: SystemSessions, directory: Path) -> None:
    before = Session(sessions)
    with Process(directory) as other:
        other.ask(f"open {KEY}")
        sessions.open_bell()
        other.ask(f"stop {KEY}")
        after = Session(sessions)  # before the message was read
        sessions.look()
        assert before.registration.stopped
        assert not after.registration.stopped
        sessions.close(after.registration)


def test_a_bell_that_is_full_is_rung_all_the_same(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    bell = sessions.open_bell()
    with Process(directory) as other:
        for _ in range(2000):
            sessions_ring = other.ask("count nobody's")
        assert sessions_ring == "0"
        for _ in range(700):
            other.send(f"stop {KEY}")
            other.answer()
        assert select.select([bell], [], [], 5)[0]
        sessions.look()
    assert mine.registration.stopped
    assert not select.select([bell], [], [], 0)[0]


def test_who_opens_while_an_interface_is_taken_down_waits_for_it(sessions: SystemSessions, directory: Path) -> None:
    first = Session(sessions)
    sessions.starting(first.registration)
    sessions.close(first.registration)
    assert first.lasts == 1  # and until ended() it goes down
    second = Session(sessions)
    assert second.registration.must_wait
    with Process(directory) as other:
        assert other.ask(f"open {KEY}") == "must wait"
        sessions.ended(KEY)
        assert second.news == 1
        assert not second.registration.must_wait
        assert other.ask("look") == "0 stopped, 0 waiting"
    sessions.close(second.registration)


def test_a_process_that_dies_while_it_takes_an_interface_down_is_not_waited_for(
    sessions: SystemSessions, directory: Path
) -> None:
    with Process(directory) as other:
        assert other.ask(f"ending {KEY}") == "True"
        mine = Session(sessions)
        assert mine.registration.must_wait
        assert sessions.stop(KEY, ends=True) is False  # somebody is at it
        mine = Session(sessions)
        other.kill()
    sessions.look()
    assert not mine.registration.must_wait
    assert mine.news == 1
    sessions.close(mine.registration)


# -- races


def test_two_processes_race_a_thousand_times(sessions: SystemSessions, directory: Path) -> None:
    with Process(directory) as one, Process(directory) as two:
        one.send(f"racing {KEY} 1000")
        two.send(f"racing {KEY} 1000")
        assert [one.answer(), two.answer()] == ["0", "0"]
        assert sessions.count(KEY) == 0
    assert files(directory) == []


def test_threads_and_the_garbage_collector_race_with_another_process(sessions: SystemSessions, directory: Path) -> None:
    class Forgotten:
        """In a cycle: the collector closes its session, whenever it likes."""

        def __init__(self) -> None:
            self.me = self
            self.session = Session(sessions)

        def __del__(self) -> None:
            sessions.close(self.session.registration)

    def work() -> None:
        for _ in range(100):
            Forgotten()
            session = Session(sessions)
            assert sessions.count(KEY) >= 1
            sessions.close(session.registration)

    threshold = gc.get_threshold()
    gc.set_threshold(5)
    try:
        with Process(directory) as other:
            other.send(f"racing {KEY} 200")
            threads = [threading.Thread(target=work) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert other.answer() == "0"
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert sessions.count(KEY) == 0


def test_a_directory_that_somebody_clears_is_made_again(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    for name in files(directory):
        (directory / name).unlink()
    with Process(directory) as other:
        other.ask(f"open {KEY}")
        assert sessions.count(KEY) == 2
        assert other.ask(f"count {KEY}") == "2"
    sessions.close(mine.registration)
    assert files(directory) == []


def test_a_directory_that_somebody_removes_is_made_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNET_BEARER_DIR", str(directory))
    before = SystemSessions.of_this_thread()
    assert SystemSessions.of_this_thread() is before
    directory.rmdir()
    after = SystemSessions.of_this_thread()
    assert after is not before
    session = Session(after)
    assert after.count(KEY) == 1
    after.close(session.registration)


# -- fork


def test_a_forked_child_holds_nothing_until_it_claims_it(sessions: SystemSessions, directory: Path) -> None:
    with Process(directory) as other:
        other.ask(f"open {KEY}")
        assert other.ask(f"fork {KEY}") == "1 inherited, 2 counted, then 1"
        assert sessions.count(KEY) == 1
        assert other.ask(f"stop {KEY}")
        assert other.ask("look") == "1 stopped, 0 waiting"


def test_the_child_of_a_parent_that_is_gone_goes_on_with_its_session(sessions: SystemSessions) -> None:
    mine = Session(sessions)
    reading, writing = os.pipe()
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        sessions.reclaim()
        os.write(writing, b"claimed")
        os.read(told, 1)
        os._exit(0)
    try:
        assert os.read(reading, 10) == b"claimed"
        sessions.close(mine.registration)
        assert sessions.count(KEY) == 1
    finally:
        os.write(telling, b"x")
        os.waitpid(child, 0)
        for fd in (reading, writing, told, telling):
            os.close(fd)
    assert sessions.count(KEY) == 0


def test_a_child_does_not_steal_what_its_parent_is_told(sessions: SystemSessions, directory: Path) -> None:
    mine = Session(sessions)
    bell = sessions.open_bell()
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        with Process(directory) as other:
            other.ask(f"stop {KEY}")
        assert select.select([bell], [], [], 5)[0]
        sessions.look()
        assert mine.registration.stopped
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


# -- a directory that is not as it should be


def test_where_the_directory_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QNET_BEARER_DIR", "/somewhere/else")
    assert directory_path() == "/somewhere/else"
    monkeypatch.delenv("QNET_BEARER_DIR")
    monkeypatch.setattr("os.geteuid", lambda: 1234)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1234")
    assert directory_path() == "/run/user/1234/qnet"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert directory_path() == "/tmp/qnet-1234"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert directory_path() == "/run/qnet"


def test_the_directory_is_made_for_this_user_alone(tmp_path: Path) -> None:
    os.close(open_directory(str(tmp_path / "new")))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(PermissionError, match="others may enter"):
        SystemSessions(str(tmp_path / "open"), 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir(mode=0o700)
    os.chown(tmp_path / "foreign", 12345, 12345)
    with pytest.raises(PermissionError, match="belongs to user 12345"):
        SystemSessions(str(tmp_path / "foreign"), 1)


def test_a_link_to_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="link"):
        SystemSessions(str(tmp_path / "link"), 1)


def test_a_link_in_the_place_of_a_file_is_not_followed(
    sessions: SystemSessions, directory: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (directory / f"1-{KEY}.sessions").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        sessions.open(KEY, lambda: None, lambda: None)
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["directory", "fifo", "socket", "hard link"])
def test_anything_else_in_the_place_of_a_file_is_refused(
    sessions: SystemSessions, directory: Path, tmp_path: Path, kind: str
) -> None:
    place = directory / f"1-{KEY}.sessions"
    if kind == "directory":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(place))
    else:
        (tmp_path / "victim").write_bytes(b"precious")
        place.hardlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match=r".+"):
        sessions.open(KEY, lambda: None, lambda: None)
    assert place.exists()
    assert sessions.count("interface:8") == 0


def test_a_stale_file_means_nothing(sessions: SystemSessions, directory: Path) -> None:
    (directory / f"1-{KEY}.sessions").write_bytes(b"\xff" * 3)
    (directory / "1-999-dead.bell").write_bytes(b"")
    mine = Session(sessions)
    assert sessions.count(KEY) == 1
    sessions.ring()
    sessions.close(mine.registration)
    assert files(directory) == []


def test_a_full_disk_leaves_nothing_half_done(directory: Path) -> None:
    """A file system of one's own, as small as they come, and full."""
    directory.mkdir(mode=0o700)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k,mode=700", "none", str(directory)], capture_output=True
    )
    if made.returncode:
        pytest.skip("needs root to mount a file system")
    try:
        sessions = SystemSessions(str(directory), 1)
        held = Session(sessions)
        with contextlib.suppress(OSError), open(directory / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        with pytest.raises(OSError, match="No space"):
            sessions.open("interface:8", lambda: None, lambda: None)
        assert files(directory) == [f"1-{KEY}.sessions", "filler"]
        another = Session(sessions)  # of an interface that is known: needs no space
        assert sessions.count(KEY) == 2
        sessions.close(another.registration)
        sessions.close(held.registration)
        assert files(directory) == ["filler"]
        os.close(sessions._directory)
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def test_without_descriptors_nothing_is_half_done(sessions: SystemSessions, directory: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = os.dup(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            sessions.open(KEY, lambda: None, lambda: None)
        with pytest.raises(OSError, match="Too many open files"):
            sessions.open_bell()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(taken)
    mine = Session(sessions)
    assert sessions.count(KEY) == 1
    sessions.close(mine.registration)
    assert files(directory) == []
