"""Sessions of several users: counted together, kept up for each other, and safe from each other; with real users."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from _leftovers import close_below
from _netns import Namespace
from _session_program import Program
from _user_process import FLAG, NOBODY, SOMEBODY, UserProcess

from qnet.bearer import _session_neighbours, _session_places
from qnet.bearer._session_places import shared_path
from qnet.bearer._system_sessions import Registration, SystemSessions

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users"),
    pytest.mark.skipif(sys.platform != "linux", reason="other users are counted on Linux"),
]

KEY = "interface:7"


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that all users can reach, and in it one that they share."""
    # The directories of earlier tests are gone, and another process's may have one of their inodes now.
    monkeypatch.setattr(_session_neighbours, "_parties", set())
    with tempfile.TemporaryDirectory(prefix="qnet-test-", dir="/tmp") as path:
        made = Path(path)
        made.chmod(0o755)
        (made / "shared").mkdir()
        (made / "shared").chmod(0o1777)
        (made / FLAG).touch()
        yield made
        close_below(made)


@pytest.fixture
def sessions(root: Path) -> Iterator[SystemSessions]:
    made = SystemSessions(str(root / "private-0"), 1, str(root / "shared"))
    yield made
    made.close_bell()


class Session:
    """One of root's, and what it was told."""

    def __init__(self, sessions: SystemSessions, key: str = KEY) -> None:
        self.news = 0
        self.lasts = 0
        self.registration: Registration = sessions.open(key, self._on_news, self._on_last)

    def _on_news(self) -> None:
        self.news += 1

    def _on_last(self) -> None:
        self.lasts += 1


def shared_files(root: Path) -> list[str]:
    return sorted(name for _, _, names in os.walk(root / "shared") for name in names)


# -- counting


def test_sessions_of_all_users_are_counted(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    with UserProcess(root, NOBODY) as one, UserProcess(root, NOBODY) as two, UserProcess(root, SOMEBODY) as three:
        for each in (one, one, two, three):
            assert each.ask(f"open {KEY}") == "open"
        assert {each.ask(f"count {KEY}") for each in (one, two, three)} == {"5"}
        assert sessions.count(KEY) == 5
        assert one.ask("count interface:8") == "0"
        one.ask(f"close {KEY}")
        assert two.ask(f"count {KEY}") == three.ask(f"count {KEY}") == "4"
        two.kill()
        assert three.ask(f"count {KEY}") == "3"
        assert sessions.count(KEY) == 3
    sessions.close(mine.registration)
    assert sessions.count(KEY) == 0


def test_nothing_is_left_but_the_places(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    with UserProcess(root, NOBODY) as other:
        other.ask(f"open {KEY}")
        assert len(shared_files(root)) == 3  # and its bell
        other.ask(f"close {KEY}")
    sessions.close(mine.registration)
    assert shared_files(root) == []
    places = sorted((root / "shared").iterdir())
    assert [(each.name, each.stat().st_mode & 0o7777) for each in places] == [
        ("qnet-sessions-0", 0o755),
        (f"qnet-sessions-{NOBODY}", 0o755),
    ]


def test_an_interface_stays_up_while_another_user_has_a_session(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    sessions.starting(mine.registration)
    with UserProcess(root, NOBODY) as other:
        other.ask(f"open {KEY}")
        sessions.close(mine.registration)
        assert mine.lasts == 0
        assert other.ask("look") == "0 stopped, 0 waiting"
        mine = Session(sessions)  # what this user has brought up, this user still takes down
        other.ask(f"close {KEY}")
        sessions.close(mine.registration)
        assert mine.lasts == 1
        sessions.ended(KEY)


def test_what_another_user_has_brought_up_is_not_taken_down(sessions: SystemSessions, root: Path) -> None:
    with UserProcess(root, NOBODY) as other:
        other.ask(f"open {KEY}")
        other.ask(f"starting {KEY}")
        mine = Session(sessions)
        assert other.ask(f"close {KEY}") == "closed"
        sessions.close(mine.registration)
        assert mine.lasts == 0
        assert other.ask(f"open {KEY}") == "open"  # alone: a clean record
        assert other.ask(f"close {KEY}") == "closed"


def test_users_race(root: Path) -> None:
    """Whoever is counted and need not wait relies on the interface: nobody takes it down meanwhile."""
    with (
        UserProcess(root, 0) as one,
        UserProcess(root, NOBODY) as two,
        UserProcess(root, NOBODY) as three,
        UserProcess(root, SOMEBODY) as four,
    ):
        processes = (one, two, three, four)
        for each in processes:
            each.send(f"relying {KEY} 500")
        answers = [[int(number) for number in each.answer().split()] for each in processes]
        wrong, relied, downs = (sum(numbers) for numbers in zip(*answers, strict=True))
        assert wrong == 0
        assert relied > 0
        assert downs > 0
        assert {each.ask(f"count {KEY}") for each in processes} == {"0"}
    assert shared_files(root) == []


def test_a_forked_child_is_seen_when_it_claims_its_sessions(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    with UserProcess(root, NOBODY) as other:
        other.ask(f"open {KEY}")
        assert other.ask(f"fork {KEY}") == "1 inherited, 3 counted, then 2"
    assert sessions.count(KEY) == 1
    sessions.close(mine.registration)


# -- stop


def test_the_stop_of_root_reaches_all_users(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    with UserProcess(root, NOBODY) as one, UserProcess(root, SOMEBODY) as two, UserProcess(root, SOMEBODY) as three:
        one.ask(f"open {KEY}")
        two.ask(f"open {KEY}")
        three.ask("open interface:8")
        assert sessions.may_end(KEY)
        assert sessions.stop(KEY, ends=True)
        assert mine.registration.stopped
        for each in (one, two):
            assert each.ask("rung 30") == "True"
            assert each.ask("look") == "1 stopped, 0 waiting"
            assert each.ask(f"open {KEY}") == "must wait"
        assert three.ask("look") == "0 stopped, 0 waiting"
        assert one.ask("rung 0") == "False"
        sessions.ended(KEY)
        for each in (one, two):
            assert each.ask("rung 30") == "True"
            assert each.ask("look") == "1 stopped, 0 waiting"  # the one from before
        assert sessions.stop(KEY, ends=False) is False
        assert one.ask("look") == two.ask("look") == "2 stopped, 0 waiting"
        assert sessions.count(KEY) == 0
    after = Session(sessions)
    assert not after.registration.must_wait
    assert sessions.count(KEY) == 1
    sessions.close(after.registration)


def test_the_stop_of_another_user_is_his_own(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    bell = sessions.open_bell()
    with UserProcess(root, NOBODY) as one, UserProcess(root, NOBODY) as two, UserProcess(root, SOMEBODY) as three:
        for each in (one, two, three):
            each.ask(f"open {KEY}")
        assert one.ask(f"may_end {KEY}") == "False"
        assert one.ask(f"ending {KEY}") == "False"  # it stays up for the others
        assert two.ask("rung 30") == "True"
        assert one.ask("look") == two.ask("look") == "1 stopped, 0 waiting"
        assert three.ask("look") == "0 stopped, 0 waiting"
        assert three.ask("rung 0") == "False"
        assert not select.select([bell], [], [], 0)[0]
        sessions.look()
        assert not mine.registration.stopped
        assert sessions.count(KEY) == 2
    sessions.close(mine.registration)
    with UserProcess(root, NOBODY) as one:
        one.ask(f"open {KEY}")
        assert one.ask(f"may_end {KEY}") == "True"
        assert one.ask(f"ending {KEY}") == "True"


def test_two_private_directories_of_one_user(root: Path) -> None:
    with UserProcess(root, NOBODY, "one") as one, UserProcess(root, NOBODY, "two") as two:
        one.ask(f"open {KEY}")
        one.ask(f"starting {KEY}")
        two.ask(f"open {KEY}")
        assert one.ask(f"count {KEY}") == two.ask(f"count {KEY}") == "2"
        assert one.ask(f"close {KEY}") == "closed"
        one.ask(f"open {KEY}")
        assert two.ask(f"may_end {KEY}") == "True"
        assert two.ask(f"ending {KEY}") == "True"
        assert one.ask("rung 30") == "True"
        assert one.ask("look") == "1 stopped, 0 waiting"
        assert one.ask(f"open {KEY}") == "must wait"
        two.ask(f"ended {KEY}")
        assert one.ask("look") == "1 stopped, 0 waiting"


def test_a_stop_from_before_is_not_heard(sessions: SystemSessions, root: Path) -> None:
    with UserProcess(root, NOBODY) as one, UserProcess(root, SOMEBODY) as two:
        one.ask(f"open {KEY}")
        sessions.stop(KEY, ends=False)
        two.ask(f"open {KEY}")
        assert two.ask("look") == "0 stopped, 0 waiting"
        assert one.ask("look") == "1 stopped, 0 waiting"


# -- hostile neighbours


def test_nobody_can_lock_others_out(sessions: SystemSessions, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Session(sessions)
    sessions.starting(mine.registration)
    with UserProcess(root, NOBODY) as victim, UserProcess(root, SOMEBODY) as hostile:
        victim.ask(f"open {KEY}")
        assert hostile.ask("lock_everything") == "2"
        monkeypatch.setattr("qnet.bearer._system_sessions.CLAIM_LIMIT", 0.0)
        another = Session(sessions)
        assert another.registration.must_wait  # but not for long
        sessions.look()
        assert not another.registration.must_wait
        assert victim.ask(f"open {KEY}") == "must wait"
        assert victim.ask("until_free 30") == "0 stopped, 0 waiting"
        assert victim.ask(f"close {KEY}") == "closed"
        assert int(victim.ask(f"count {KEY}")) >= 3
        sessions.close(another.registration)
        hostile.ask("unlock_everything")
        assert victim.ask(f"count {KEY}") == "2"
        victim.ask(f"close {KEY}")
        sessions.close(mine.registration)
        assert mine.lasts == 1
        assert hostile.ask("lock_everything").startswith("BlockingIOError")  # the owner has a better lock there
        sessions.ended(KEY)
        assert sessions.count(KEY) == 0
        assert sessions.stop(KEY, ends=True)
        sessions.ended(KEY)


def test_nobody_can_change_what_others_say(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    sessions.open_bell()
    with UserProcess(root, NOBODY) as victim, UserProcess(root, SOMEBODY) as hostile:
        victim.ask(f"open {KEY}")
        refused = hostile.ask("tamper")
        assert refused.endswith("refused")
        assert int(refused.split()[0]) >= 4 * 6  # two notices, two bells, whose length cannot be changed anyway
        assert victim.ask("look") == "0 stopped, 0 waiting"
        assert victim.ask(f"count {KEY}") == "2"
    sessions.close(mine.registration)


def test_a_stranger_can_only_keep_an_interface_up(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    sessions.starting(mine.registration)
    with UserProcess(root, NOBODY) as victim, UserProcess(root, SOMEBODY) as hostile:
        victim.ask(f"open {KEY}")
        hostile.ask(f"claim {KEY} stopped")
        sessions.look()
        assert not mine.registration.stopped
        assert victim.ask("look") == "0 stopped, 0 waiting"
        assert sessions.count(KEY) == 2
        hostile.ask(f"claim {KEY} sessions")
        assert 2 < sessions.count(KEY) <= 3002
        hostile.ask(f"claim {KEY} everything")
        assert sessions.count(KEY) > 2
        victim.ask(f"close {KEY}")
        sessions.close(mine.registration)
        assert mine.lasts == 0
        assert sessions.stop(KEY, ends=True)  # root does as it likes
        sessions.ended(KEY)


def test_a_stranger_cannot_keep_others_waiting(
    sessions: SystemSessions, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with UserProcess(root, SOMEBODY) as hostile, UserProcess(root, NOBODY) as victim:
        hostile.ask(f"claim {KEY} ending")
        assert victim.ask(f"open {KEY}") == "must wait"
        assert victim.ask("look") == "0 stopped, 1 waiting"
        monkeypatch.setattr("qnet.bearer._system_sessions.CLAIM_LIMIT", 0.0)
        mine = Session(sessions)
        assert mine.registration.must_wait
        sessions.look()
        assert not mine.registration.must_wait
        assert mine.news == 1
        sessions.close(mine.registration)


def test_root_is_waited_for(sessions: SystemSessions, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qnet.bearer._system_sessions.CLAIM_LIMIT", 0.0)
    with UserProcess(root, 0, "other") as other:
        assert other.ask(f"ending {KEY}") == "True"
        mine = Session(sessions)
        sessions.look()
        assert mine.registration.must_wait
        other.kill()
    sessions.look()
    assert not mine.registration.must_wait


@pytest.mark.parametrize("kind", ["directory", "closed directory", "file", "fifo", "link"])
@pytest.mark.parametrize("user", [0, NOBODY])
def test_a_stranger_has_taken_the_name_of_a_place(root: Path, user: int, kind: str) -> None:
    with UserProcess(root, SOMEBODY) as hostile:
        assert hostile.ask(f"take_name qnet-sessions-{user} {kind.split()[0]}") == "taken"
        hostile.ask(f"open {KEY}")
        with UserProcess(root, user) as one, UserProcess(root, user) as two:
            assert one.ask(f"open {KEY}") == "open"
            assert two.ask(f"open {KEY}") == "open"
            assert {each.ask(f"count {KEY}") for each in (hostile, one, two)} == {"3"}
            if user == 0:
                one.ask(f"stop {KEY}")
                assert hostile.ask("rung 30") == "True"
                assert hostile.ask("look") == "1 stopped, 0 waiting"


def test_what_else_may_lie_in_a_strangers_place(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    own = next((root / "shared" / "qnet-sessions-0").iterdir())
    with UserProcess(root, NOBODY) as other, UserProcess(root, SOMEBODY) as hostile:
        hostile.ask(f"lease {KEY}")
        place = root / "shared" / f"qnet-sessions-{SOMEBODY}"
        os.mkfifo(place / f"1-{KEY}~fifo")
        (place / f"1-{KEY}~directory").mkdir()
        (place / f"1-{KEY}~link").symlink_to(own)
        (place / f"1-{KEY}~hard").hardlink_to(own)
        (place / f"1-{KEY}~lonely").symlink_to(root / "nowhere")
        begin = time.monotonic()
        for _ in range(3):
            assert sessions.count(KEY) == 1
            assert other.ask(f"count {KEY}") == "1"
        assert time.monotonic() - begin < 45  # then a lease is broken; a fifo would never be open
        other.ask(f"open {KEY}")
        assert sessions.count(KEY) == 2
        assert other.ask(f"count {KEY}") == "2"  # the lock is still there
    sessions.close(mine.registration)


def test_root_rings_no_socket_that_is_not_the_users_own(sessions: SystemSessions, root: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as precious, UserProcess(root, NOBODY) as other:
        precious.bind(str(root / "precious"))
        other.ask(f"open {KEY}")
        place = root / "shared" / f"qnet-sessions-{NOBODY}"
        (place / "1-link.bell").symlink_to(root / "precious")
        (place / "1-hard.bell").hardlink_to(root / "precious")
        sessions.stop(KEY, ends=False)
        assert other.ask("rung 30") == "True"
        assert not select.select([precious], [], [], 0)[0]
        assert (place / "1-link.bell").is_symlink()  # and removes nothing of his


def test_a_crowd_keeps_an_interface_up_and_nobody_waiting(
    sessions: SystemSessions, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qnet.bearer._session_places.BUDGET", 300)
    mine = Session(sessions)
    sessions.starting(mine.registration)
    with UserProcess(root, SOMEBODY) as hostile, UserProcess(root, 0, "other") as other:
        hostile.ask("crowd 400")
        another = Session(sessions)
        assert not another.registration.must_wait
        sessions.close(another.registration)
        assert other.ask(f"stop {KEY}") == "False"
        sessions.look()  # root's word is heard in any crowd
        assert mine.registration.stopped
        mine = Session(sessions)
        sessions.starting(mine.registration)
        sessions.close(mine.registration)
        assert mine.lasts == 0


@pytest.fixture
def full(root: Path) -> Iterator[Path]:
    """The directory that all share has room for a place, and for nothing in it."""
    shared = root / "shared"
    options = "size=64k,nr_inodes=2,mode=1777"  # one is the directory's own
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(shared)], capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    yield shared
    subprocess.run(["umount", "--lazy", str(shared)], check=True)


def test_a_full_disk_keeps_nobody_from_opening(root: Path, full: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _session_neighbours._warned.clear()
    sessions = SystemSessions(str(root / "private-0"), 1, str(full))
    held, another = Session(sessions), Session(sessions)
    assert [each.name for each in full.iterdir()] == ["qnet-sessions-0"]
    assert sessions.count(KEY) == 2
    assert sessions.open_bell() >= 0  # in the private directory
    sessions.close_bell()
    sessions.close(held.registration)
    sessions.close(another.registration)
    said = capfd.readouterr().err
    assert said.count("Other users do not see the network sessions of this one") == 1
    assert "QNET_BEARER_SHARED_DIR" in said


def test_looking_at_many_places_costs_more_than_reading_their_names(
    sessions: SystemSessions, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (root / "shared" / f"qnet-sessions-{number}x").mkdir()
    assert sessions.count(KEY) == 0
    monkeypatch.setattr(_session_places, "BUDGET", 20 * _session_places.OPENING)
    assert sessions.count(KEY) == 1  # there may be one


# -- what is cleared up, and by whom


def test_what_somebody_clears_is_made_again(sessions: SystemSessions, root: Path) -> None:
    mine = Session(sessions)
    with UserProcess(root, NOBODY) as other:
        for shared in (root / "shared").iterdir():
            shutil.rmtree(shared)
        assert other.ask(f"count {KEY}") == "0"
        another = Session(sessions)
        assert other.ask(f"count {KEY}") == "2"
        sessions.close(another.registration)
    sessions.close(mine.registration)
    assert shared_files(root) == []


def test_what_killed_processes_have_left_is_removed(root: Path) -> None:
    with UserProcess(root, NOBODY, "one") as one, UserProcess(root, NOBODY, "two") as two:
        one.ask(f"open {KEY}")
        one.kill()
        shutil.rmtree(root / "one")
        assert len(shared_files(root)) == 2
        assert [each for each in shared_files(root) if each.endswith(".bell")]
        for each in (root / "shared").glob("*/*.bell"):
            os.utime(each, (0, 0))  # long ago
        two.ask("open interface:8")
        assert [each for each in shared_files(root) if KEY in each or each.startswith(f"1-{one.pid}-")] == []


# -- where it is


def test_where_the_directory_is(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QNET_BEARER_DIR", raising=False)
    monkeypatch.setattr(_session_places, "BASES", (str(root / "nowhere"), str(root), str(root / "shared"), "/tmp"))
    assert shared_path() == str(root / "shared")
    monkeypatch.setenv("QNET_BEARER_DIR", "/somewhere")
    assert shared_path() == ""
    monkeypatch.setenv("QNET_BEARER_SHARED_DIR", "/somewhere/else")
    assert shared_path() == "/somewhere/else"
    monkeypatch.delenv("QNET_BEARER_DIR")
    assert shared_path() == "/somewhere/else"
    monkeypatch.setenv("QNET_BEARER_SHARED_DIR", "")
    assert shared_path() == ""


@pytest.mark.parametrize("what", ["mode", "owner", "file", "nothing"])
def test_a_directory_that_is_not_for_all_is_not_used(root: Path, what: str, capfd: pytest.CaptureFixture[str]) -> None:
    shared = root / "shared"
    if what == "mode":
        shared.chmod(0o777)
    elif what == "owner":
        os.chown(shared, SOMEBODY, SOMEBODY)
    else:
        shared.rmdir()
        if what == "file":
            shared.touch(mode=0o777)
    _session_neighbours._warned.clear()
    for _ in range(2):
        alone = SystemSessions(str(root / "private-0"), 1, str(shared))
        mine = Session(alone)
        assert alone.count(KEY) == 1
        alone.close(mine.registration)
    said = capfd.readouterr().err
    assert said.count("Network sessions of other users are not counted") == 1
    assert "QNET_BEARER_SHARED_DIR may name a directory" in said


# -- whole programs


class OtherUser(Namespace):
    """The namespace *net*, where programs are nobody's, but with the right to start and stop interfaces."""

    def __init__(self, net: Namespace) -> None:
        may = "+net_admin,+dac_read_search"  # and to read Python and qnet, wherever they are installed
        user = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        self.prefix = (*net.prefix, "setpriv", *user, f"--inh-caps={may}", f"--ambient-caps={may}")


@pytest.fixture
def service_and_program(root: Path) -> Iterator[tuple[Program, Program]]:
    """Root's and nobody's, in a network with an interface that is down."""
    pytest.importorskip("pyroute2", reason="pyroute2 is not installed: qnet[netlink]")
    both = {"QNET_BEARER_SHARED_DIR": str(root / "shared"), "QNET_BEARER_ENGINES": "netlink"}
    (root / "nobody").mkdir(mode=0o700)
    os.chown(root / "nobody", NOBODY, NOBODY)
    home = {"HOME": str(root), "XDG_CONFIG_HOME": str(root), "QNET_BEARER_DIR": str(root / "nobody")}
    with Namespace() as net:
        net.ip("link add va type veth peer name vb\naddr add 10.1.0.1/24 dev va\nlink set vb up")
        other = OtherUser(net)
        try:
            other.run(sys.executable, "-c", "")
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("setpriv is missing, or may not run programs of other users here")
        with (
            Program(net, QNET_BEARER_DIR=str(root / "private"), **both) as service,
            Program(other, **home, **both) as program,
        ):
            yield service, program


def open_both(first: Program, second: Program) -> None:
    for each in (first, second):
        each.ask("session s va")
        if each is second:  # who opens what is up already does not bring it up
            assert each.ask("until s Connected, not open") == "Connected, not open"
        each.ask("open s")
        assert each.ask("until s Connected, open") == "Connected, open"
    for each in (first, second):
        assert each.ask("count s") == "2"
        each.ask("said s")


def test_a_service_of_root_and_a_program_of_a_user(service_and_program: tuple[Program, Program]) -> None:
    service, program = service_and_program
    open_both(service, program)
    service.ask("close s")
    service.ask("turn 200")
    assert service.ask("state s") == "Connected, not open"
    assert program.ask("state s") == "Connected, open"
    service.ask("open s")
    assert service.ask("until s Connected, open") == "Connected, open"
    program.ask("close s")
    service.ask("close s")  # the last one, of the user who has brought it up
    assert service.ask("until s Disconnected, not open") == "Disconnected, not open"
    assert program.ask("until s Disconnected, not open") == "Disconnected, not open"


def test_a_service_of_root_stops_what_all_use(service_and_program: tuple[Program, Program]) -> None:
    service, program = service_and_program
    open_both(program, service)
    service.ask("may_stop_any s")
    service.ask("stop s")
    for each in (service, program):
        assert each.ask("until s Disconnected, not open") == "Disconnected, not open"
    assert program.ask("said s") == "closed SessionAbortedError Disconnected"


def test_stop_leaves_up_what_the_user_has_not_brought_up(
    service_and_program: tuple[Program, Program],
) -> None:
    service, program = service_and_program
    open_both(program, service)
    service.ask("stop s")
    for each in (service, program):
        assert each.ask("until s Connected, not open") == "Connected, not open"
    assert service.ask("said s") == "Closing closed SessionAbortedError Connected OperationNotSupportedError"
    assert "StopAnyInterface" in service.ask("error s")
    service.ask("may_stop_any s")
    service.ask("stop s")
    for each in (service, program):
        assert each.ask("until s Disconnected, not open") == "Disconnected, not open"


def test_a_program_of_a_user_stops_only_its_own_sessions(service_and_program: tuple[Program, Program]) -> None:
    service, program = service_and_program
    open_both(program, service)
    program.ask("stop s")
    assert program.ask("until s Connected, not open") == "Connected, not open"
    assert program.ask("said s") == "Closing closed SessionAbortedError Connected OperationNotSupportedError"
    assert program.ask("error s").endswith("not supported by the system. (other users have sessions)")
    assert service.ask("state s") == "Connected, open"
    assert service.ask("said s") == ""
    service.ask("close s")
    program.ask("stop s")
    assert program.ask("until s Disconnected, not open") == "Disconnected, not open"
