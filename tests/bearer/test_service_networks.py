"""Service networks: the file, what is wrong with it, how it is watched, and the configurations that follow from it."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _fuzz import fuzz
from _implementations import Implementation
from hypothesis import given
from hypothesis import strategies as st

from qnet.bearer import _service_networks
from qnet.bearer._data import ConfigurationType, Facts, Member, Purpose, StateFlag
from qnet.bearer._file_watch import SETTLE_MS, FileWatch
from qnet.bearer._networks_file import (
    MAX_BYTES,
    MAX_MEMBERS,
    MAX_NETWORKS,
    PURPOSES,
    Network,
    Networks,
    NetworksFileError,
    default_path,
    parse_networks,
    read_networks,
)
from qnet.bearer._networks_file import Member as Pattern
from qnet.bearer._service_networks import ServiceNetworksEngine, default_identifier, service_networks
from qnet.bearer._store import ConfigurationStore, ConfigurationWatch

pytestmark = pytest.mark.qnet("Qt leaves service networks to the platform")

# -- the file

EVERYTHING = """\
default = "home"

[networks.home]
name = "At home"
purpose = "private"
roaming = false
members = [
    "eth*",
    { interface = "wlan0", cost = 2, speed = 54 },
    { identifier = "nm:*", cost = 10 },
]

[networks.empty]
"""


def test_everything_that_the_file_can_say() -> None:
    members = (
        Pattern(interface="eth*"),
        Pattern(interface="wlan0", cost=2, speed=54),
        Pattern(identifier="nm:*", cost=10),
    )
    home = Network("home", "At home", "private", False, members)
    assert parse_networks(EVERYTHING) == Networks((home, Network("empty", "empty")), "home")
    assert parse_networks("") == Networks()
    assert parse_networks('default = "ask"').default == "ask"
    assert parse_networks('default = { interface = "eth0" }').default == Pattern("eth0")
    assert parse_networks('default = { identifier = "nm:*" }').default == Pattern(identifier="nm:*")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("networks = 1", "n: networks: expected a table, not a whole number"),
        ("networks.a = []", "n: [networks.a]: expected a table, not a list"),
        ("[[networks]]", "n: networks: expected a table, not a list"),
        (
            'deflaut = "x"',
            'n: there is no key "deflaut", only "default" and "networks"; did you mean "default"?',
        ),
        (
            "[networks.a]\nmembrs = []",
            'n: [networks.a]: there is no key "membrs", only "name", "purpose", "roaming" and "members"; '
            'did you mean "members"?',
        ),
        (
            '[networks."a b"]',
            'n: [networks]: a network is named by 1 to 64 of A-Z a-z 0-9 _ - (and not "ask"), not "a b"',
        ),
        (
            "[networks.ask]",
            'n: [networks]: a network is named by 1 to 64 of A-Z a-z 0-9 _ - (and not "ask"), not "ask"',
        ),
        ("[networks.a]\nname = 5", "n: [networks.a] name: expected a text, not a whole number"),
        ("[networks.a]\nname = ' '", "n: [networks.a] name: expected a text that is not empty"),
        (
            '[networks.a]\nname = "a\\u001b[2J"',
            "n: [networks.a] name: expected at most 200 printable characters",
        ),
        (
            '[networks.a]\npurpose = "Public"',
            'n: [networks.a] purpose: expected "unknown", "public", "private" or "service", not "Public"',
        ),
        ("[networks.a]\nroaming = 1", "n: [networks.a] roaming: expected true or false, not 1"),
        ('[networks.a]\nmembers = "eth0"', "n: [networks.a] members: expected a list, not a text"),
        (
            "[networks.a]\nmembers = [1.5]",
            "n: [networks.a] member 1: expected an interface's name or a table, not a fraction",
        ),
        ('[networks.a]\nmembers = ["x", ""]', "n: [networks.a] member 2 interface: expected a text that is not empty"),
        (
            "[networks.a]\nmembers = [{}]",
            'n: [networks.a] member 1: expected either "interface" or "identifier"',
        ),
        (
            '[networks.a]\nmembers = [{interface = "x", identifier = "y"}]',
            'n: [networks.a] member 1: expected either "interface" or "identifier"',
        ),
        (
            '[networks.a]\nmembers = [{interface = "x", cost = -1}]',
            "n: [networks.a] member 1 cost: expected a relative cost, a whole number from 0 to 1000000, not -1",
        ),
        (
            '[networks.a]\nmembers = [{interface = "x", speed = true}]',
            "n: [networks.a] member 1 speed: expected Mbit/s, a whole number from 0 to 1000000000, not true",
        ),
        (
            "default = 1979-05-27\n[networks.a]",
            'n: default: expected "a", "ask" or { interface = "..." }, not a date or time',
        ),
        ('default = "b"', 'n: default: expected "ask" or { interface = "..." }, not "b"'),
        (
            'default = { interface = "a", cost = 1 }',
            'n: default: there is no key "cost", only "interface" and "identifier"',
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_was_expected(text: str, error: str) -> None:
    with pytest.raises(NetworksFileError) as found:
        parse_networks(text, "n")
    assert str(found.value) == error


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("default =", "n: Invalid value"),
        ("\n\n[networks", "n: Expected ']' at the end of a table declaration"),
        ("[networks.a]\n[networks.a]", "n: Cannot declare ('networks', 'a') twice (at line 2"),
        ("x = " + "9" * 5000, "n: expected TOML: Exceeds the limit"),
        ("x = " + "[" * 5000, "n: "),
    ],
)
def test_what_is_no_toml_is_an_error_with_the_line(text: str, beginning: str) -> None:
    with pytest.raises(NetworksFileError) as found:
        parse_networks(text, "n")
    assert str(found.value).startswith(beginning)


def test_the_file_is_bounded(tmp_path: Path) -> None:
    many = "".join(f"[networks.n{number}]\n" for number in range(MAX_NETWORKS + 1))
    with pytest.raises(NetworksFileError, match=r"networks: expected at most 100, not 101"):
        parse_networks(many)
    with pytest.raises(NetworksFileError, match=r"members: expected at most 100, not 101"):
        parse_networks("[networks.a]\nmembers = [" + '"x",' * (MAX_MEMBERS + 1) + "]")
    with pytest.raises(NetworksFileError, match="expected at most 256 KiB"):
        parse_networks("#" * (MAX_BYTES + 1))
    large = tmp_path / "large.toml"
    large.write_text("#" * (MAX_BYTES + 1))
    with pytest.raises(NetworksFileError, match=r"large\.toml: expected at most 256 KiB"):
        read_networks(large)
    large.write_text("#" * MAX_BYTES)
    assert read_networks(large) == Networks()


def test_what_is_no_file_is_an_error_and_never_waited_for(tmp_path: Path) -> None:
    assert read_networks(tmp_path / "nothing" / "networks.toml") == Networks()
    (tmp_path / "file").write_text("")
    assert read_networks(tmp_path / "file" / "networks.toml") == Networks()
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(NetworksFileError, match=f"^{path}: expected a regular file$"):
            read_networks(path)
    (tmp_path / "latin").write_bytes(b"#\n#\xe4\n")
    with pytest.raises(NetworksFileError, match="latin: line 2: expected UTF-8"):
        read_networks(tmp_path / "latin")
    with pytest.raises(NetworksFileError, match="cannot be read"):
        read_networks(Path("a\0b"))
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(NetworksFileError, match="cannot be read: Too many levels of symbolic links"):
        read_networks(tmp_path / "loop")


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "networks.toml"
    path.write_bytes(b"\xef\xbb\xbf" + EVERYTHING.replace("\n", "\r\n").encode())
    assert read_networks(path) == parse_networks(EVERYTHING)


def test_where_the_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/her")
    monkeypatch.delenv("QNET_NETWORKS", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert default_path() == Path("/home/her/.config/qnet/networks.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/her")
    assert default_path() == Path("/etc/her/qnet/networks.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")  # to be ignored, says the specification
    assert default_path() == Path("/home/her/.config/qnet/networks.toml")
    monkeypatch.setenv("QNET_NETWORKS", "mine.toml")
    assert default_path() == Path.cwd() / "mine.toml"


def test_patterns_are_those_of_a_shell() -> None:
    assert Pattern("eth*").matches("eth0", "interface:2")
    assert not Pattern("eth*").matches("veth0", "eth0")
    assert not Pattern("ETH0").matches("eth0", "")
    assert Pattern("eth[01]").matches("eth1", "")
    assert Pattern(identifier="nm:?").matches("eth0", "nm:1")
    assert not Pattern(identifier="eth0").matches("eth0", "nm:1")
    assert not Pattern("*a" * 100).matches("a" * 199 + "b", ""), "and no pattern takes for ever"


KEYS = st.sampled_from(["default", "networks", "home", "members", "name", "purpose", "roaming", "interface", "cost"])
VALUES = st.recursive(
    st.sampled_from(['"eth*"', '"ask"', '"home"', "true", "-1", "7", "1e400", "nan", '""', "1979-05-27", "[]", "{}"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(KEYS, inner, max_size=3).map(
            lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=8,
)
LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(" = ".join),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda keys: f"[{'.'.join(keys)}]"),
)


@fuzz
@given(text=st.one_of(st.text(max_size=300), st.lists(LINES, max_size=8).map("\n".join)))
def test_fuzz_a_text_is_understood_or_an_error(text: str) -> None:
    try:
        found = parse_networks(text, "n")
    except NetworksFileError as error:
        message = str(error)
    else:
        message = "n: good"
        service_networks(found, POINTS)
        default_identifier(found, POINTS)
    assert message.startswith("n: ")
    assert message.isprintable()


# -- what follows

ACTIVE, DISCOVERED, DEFINED = StateFlag.Active, StateFlag.Discovered, StateFlag.Defined


def point(name: str, state: StateFlag = DEFINED, identifier: str = "") -> Facts:
    return Facts(identifier or f"interface:{name}", name, state=state, interface_name=name)


POINTS = [point("wlan0", ACTIVE), point("eth1", DISCOVERED), point("eth0"), point("usb0", ACTIVE, "nm:1")]


def members(*lines: str) -> list[Member]:
    (facts,) = service_networks(parse_networks(f"[networks.a]\nmembers = [{', '.join(lines)}]"), POINTS)
    return list(facts.members)


def test_members_are_in_the_files_order() -> None:
    assert members('"usb0"', '"eth*"', '"wlan0"', '"nothing"') == [
        Member("nm:1", 4),
        Member("interface:eth0", 3),
        Member("interface:eth1", 2),
        Member("interface:wlan0", 1),
    ]


def test_the_cheapest_member_comes_first_then_the_fastest() -> None:
    assert members(
        '{interface = "usb0", cost = 9, speed = 9999}',
        '{interface = "eth0", speed = 100}',
        '{interface = "eth1", speed = 1000}',
    ) == [
        Member("interface:eth1", 3, 0, 1000),
        Member("interface:eth0", 2, 0, 100),
        Member("nm:1", 1, 9, 9999),
    ]


def test_an_access_point_is_a_member_once_by_the_first_pattern_that_matches() -> None:
    found = members('{interface = "wlan0", cost = 5}', '"*"')
    assert sorted(member.identifier for member in found) == sorted(facts.identifier for facts in POINTS)
    assert found[-1] == Member("interface:wlan0", 1, 5)


@pytest.mark.parametrize(
    ("pattern", "state"),
    [("eth0", DEFINED), ("eth*", DISCOVERED), ("*", ACTIVE), ("nothing", DEFINED)],
)
def test_a_network_is_as_usable_as_its_best_member(pattern: str, state: StateFlag) -> None:
    (facts,) = service_networks(parse_networks(f'[networks.a]\nmembers = ["{pattern}"]'), POINTS)
    assert facts.state is state


def test_what_is_known_of_a_network() -> None:
    home, empty = service_networks(parse_networks(EVERYTHING), POINTS)
    assert home.identifier == "network:home"
    assert home.name == "At home"
    assert home.type is ConfigurationType.ServiceNetwork
    assert home.purpose is Purpose.PrivatePurpose
    assert not home.roaming_available
    assert home.children == ("interface:eth0", "interface:eth1", "interface:wlan0", "nm:1")
    assert empty == Facts("network:empty", "empty", ConfigurationType.ServiceNetwork, roaming_available=True)


@pytest.mark.parametrize(
    ("default", "identifier"),
    [
        ('"home"', "network:home"),
        ('"ask"', "ask"),
        ('{ interface = "eth0" }', "interface:eth0"),
        ('{ interface = "eth*" }', "interface:eth1"),  # the more usable one
        ('{ identifier = "nm:*" }', "nm:1"),
        ('{ interface = "ppp0" }', ""),
    ],
)
def test_the_default(default: str, identifier: str) -> None:
    networks = parse_networks(f"default = {default}\n[networks.home]")
    assert default_identifier(networks, POINTS) == identifier
    assert (identifier == "ask") == any(
        facts.type is ConfigurationType.UserChoice for facts in service_networks(networks, POINTS)
    )


def test_without_a_file_nothing_is_said() -> None:
    assert service_networks(Networks(), POINTS) == []
    assert default_identifier(Networks(), POINTS) == ""


# -- watching a file


@pytest.fixture
def no_descriptors_are_left(app: Any, qt: Implementation) -> Iterator[None]:
    qt.spin(1)  # the loop has its own by now
    before = os.listdir("/proc/self/fd")
    yield
    assert len(os.listdir("/proc/self/fd")) <= len(before)


class Watched:
    """A file in a folder of its own, and how often it was told to be another."""

    def __init__(self, qt: Implementation, path: Path, **options: Any) -> None:
        self.qt = qt
        self.path = path
        self.count = 0
        self.watch = FileWatch(path, **options)
        self.watch.changed.connect(self._count)

    def _count(self) -> None:
        self.count += 1

    def expect(self, more: int = 1) -> None:
        """*more* changes, and no other one soon."""
        before = self.count
        if more:
            assert self.qt.wait(lambda: self.count >= before + more)
        self.qt.spin(3 * SETTLE_MS)
        assert self.count == before + more


def replace(path: Path, text: str) -> None:
    """As most editors do it."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)


@pytest.fixture
def watched(app: Any, qt: Implementation, tmp_path: Path, no_descriptors_are_left: None) -> Iterator[Watched]:
    if sys.platform != "linux":
        pytest.skip("needs inotify")
    path = tmp_path / "here" / "networks.toml"
    path.parent.mkdir()
    path.write_text("one")
    watched = Watched(qt, path)
    yield watched
    watched.watch.close()


def test_a_file_that_is_written_or_replaced_or_removed_has_changed(watched: Watched) -> None:
    assert not watched.watch.needs_polling()
    watched.expect(0)
    watched.path.write_text("two")
    watched.expect()
    replace(watched.path, "three")
    watched.expect()
    replace(watched.path, "four")  # and the new one is watched as the old one was
    watched.expect()
    watched.path.unlink()
    watched.expect()
    watched.path.write_text("five")
    watched.expect()
    (watched.path.parent / "other").write_text("")
    watched.expect(0)


def test_many_changes_at_once_are_one(watched: Watched) -> None:
    for number in range(50):
        replace(watched.path, str(number))
    watched.expect()


def test_a_change_is_told_although_the_folder_is_busy(watched: Watched) -> None:
    watched.path.write_text("of another length: older kernels tell the time in steps of some milliseconds")
    noise = watched.path.with_name("noise")

    def changed() -> bool:
        noise.write_text("")
        return watched.count > 0

    assert watched.qt.wait(changed)


def test_the_folder_may_be_made_later_and_be_replaced(app: Any, qt: Implementation, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "networks.toml"
    watched = Watched(qt, path)
    (tmp_path / "other").mkdir()
    watched.expect(0)
    path.parent.mkdir(parents=True)
    path.write_text("one")
    watched.expect()
    path.parent.rename(tmp_path / "old")
    watched.expect()
    (tmp_path / "old" / "networks.toml").write_text("not ours any more")
    watched.expect(0)
    path.parent.mkdir()
    path.write_text("two")
    watched.expect()
    watched.watch.close()


def test_a_symbolic_link_is_followed_and_watched(app: Any, qt: Implementation, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    path = tmp_path / "here" / "networks.toml"
    path.parent.mkdir()
    path.symlink_to("../one/file")
    watched = Watched(qt, path)
    (tmp_path / "one" / "file").write_text("changed")
    watched.expect()
    link = path.with_name("link")
    link.symlink_to(tmp_path / "two" / "file")
    os.replace(link, path)
    watched.expect()
    replace(tmp_path / "two" / "file", "changed")
    watched.expect()
    (tmp_path / "one" / "file").write_text("again")
    watched.expect(0)
    watched.watch.close()


def test_a_link_to_itself_is_no_file(app: Any, qt: Implementation, tmp_path: Path) -> None:
    path = tmp_path / "networks.toml"
    path.symlink_to("networks.toml")
    watched = Watched(qt, path)
    watched.expect(0)
    replace(path, "a file at last")
    watched.expect()
    watched.watch.close()


def test_where_nobody_tells_of_changes_it_has_to_be_asked(app: Any, qt: Implementation, tmp_path: Path) -> None:
    path = tmp_path / "networks.toml"
    watched = Watched(qt, path, inotify=False)
    assert watched.watch.needs_polling()
    assert not watched.watch.check()
    path.write_text("one")
    watched.expect(0)
    assert watched.watch.check()
    assert not watched.watch.check()
    path.unlink()
    assert watched.watch.check()
    assert watched.count == 2


def test_without_inotify_instances_it_falls_back_to_polling(tmp_path: Path) -> None:
    code = (
        "import resource, os; from pathlib import Path;"
        "from qnet.bearer._file_watch import FileWatch; from qnet.QtCore import QCoreApplication;"
        "app = QCoreApplication(['x']); app.processEvents();"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir('/proc/self/fd')) - 1,) * 2);"
        "watch = FileWatch(Path('/nothing/here')); print(watch.needs_polling(), watch.check())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "True False\n"


# -- the engine


class Served:
    """An engine on a store of its own, in this thread."""

    def __init__(self, qt: Implementation, path: Path, *points: Facts) -> None:
        self.qt = qt
        self.path = path
        self.store = ConfigurationStore()
        for facts in points:
            self.put(facts)
        self.log: list[tuple[str, str]] = []
        self.start()

    def put(self, facts: Facts) -> None:
        self.store.update([facts], (), "test")

    def start(self) -> None:
        self.engine = ServiceNetworksEngine(self.store, self.path)
        self.engine.configurationAdded.connect(self._added)
        self.engine.configurationChanged.connect(self._changed)
        self.engine.configurationRemoved.connect(self._removed)
        self.engine.initialize()

    def _added(self, facts: Facts) -> None:
        self.log.append(("added", facts.name))
        self.store.update([facts], (), "networks")

    def _changed(self, facts: Facts) -> None:
        self.log.append(("changed", facts.name))
        self.store.update([facts], (), "networks")

    def _removed(self, identifier: str) -> None:
        self.log.append(("removed", identifier))
        self.store.update((), [identifier], "networks")

    def wait_for(self, *log: tuple[str, str]) -> None:
        assert self.qt.wait(lambda: len(self.log) >= len(log)), self.log
        assert self.log == list(log)
        self.log.clear()

    def default(self) -> str:
        record = self.store.default()
        return record.identifier if record is not None else ""


@pytest.fixture
def warnings(qt: Implementation) -> Iterator[list[str]]:
    found: list[str] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: found.append(text))
    yield found
    qt.qInstallMessageHandler(previous)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "networks.toml"


def test_the_file_may_come_change_and_go(app: Any, qt: Implementation, path: Path) -> None:
    served = Served(qt, path, *POINTS)
    assert served.log == []
    assert served.default() == "interface:wlan0", "what the system prefers"
    path.write_text(EVERYTHING)
    served.wait_for(("added", "At home"), ("added", "empty"))
    assert served.default() == "network:home"
    replace(path, '[networks.home]\nname = "Home"')
    served.wait_for(("removed", "network:empty"), ("changed", "Home"))
    assert served.default() == "interface:wlan0"
    path.unlink()
    served.wait_for(("removed", "network:home"))
    assert served.engine.configurations() == []
    served.engine.shutdown()


def test_a_bad_file_is_reported_once_and_the_last_good_one_stays(
    app: Any, qt: Implementation, path: Path, warnings: list[str]
) -> None:
    path.write_text(EVERYTHING)
    served = Served(qt, path, *POINTS)
    served.log.clear()
    path.write_text("[networks.home]\nroaming = 3")
    text = f"{path}: [networks.home] roaming: expected true or false, not 3 (the service networks stay as they were)"
    assert qt.wait(lambda: warnings)
    assert warnings == [text]
    path.write_text("[networks.home]\nroaming = 3\n\n")
    qt.spin(3 * SETTLE_MS)
    assert warnings == [text]
    assert served.log == []
    assert served.default() == "network:home"
    served.engine.shutdown()
    served.start()  # a later life of the engines in the same process knows it, too
    served.wait_for(("added", "At home"), ("added", "empty"))
    path.write_text(EVERYTHING.replace("At home", "Home"))
    served.wait_for(("changed", "Home"))
    served.engine.shutdown()


def test_a_network_follows_its_members(app: Any, qt: Implementation, path: Path) -> None:
    path.write_text('[networks.a]\nmembers = ["eth*"]')
    served = Served(qt, path)
    served.wait_for(("added", "a"))
    for number in range(20):
        served.put(point(f"eth{number}", ACTIVE))
        served.engine.othersChanged()
    served.wait_for(("changed", "a"))  # once for all
    record = served.store.find("network:a")
    assert record is not None
    assert len(record.facts.members) == 20
    assert record.facts.state is ACTIVE
    served.engine.othersChanged()
    served.engine.requestUpdate()
    assert served.log == []
    served.engine.shutdown()


def test_the_question_to_the_user_is_a_configuration_of_its_own(app: Any, qt: Implementation, path: Path) -> None:
    path.write_text('default = "ask"')
    served = Served(qt, path, *POINTS)
    record = served.store.default()
    assert record is not None
    assert record.facts == Facts("ask", "Ask the user", ConfigurationType.UserChoice, ACTIVE)
    served.engine.shutdown()


def test_without_inotify_an_update_finds_what_is_new(
    app: Any, qt: Implementation, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_service_networks, "FileWatch", lambda path, parent: FileWatch(path, parent, inotify=False))
    served = Served(qt, path)
    assert served.engine.requiresPolling()
    path.write_text("[networks.a]")
    qt.spin(3 * SETTLE_MS)
    assert served.log == []
    served.engine.requestUpdate()
    served.wait_for(("added", "a"))
    served.engine.shutdown()
    assert not served.engine.requiresPolling()


def test_programs_hear_of_it(app: Any, qt: Implementation, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the bearer thread, as programs do."""
    monkeypatch.setenv("QNET_NETWORKS", str(path))
    store = ConfigurationStore()
    watch = ConfigurationWatch(store=store)
    updates: list[bool] = []
    watch.updated.connect(lambda: updates.append(True))
    assert qt.wait(lambda: updates)
    path.write_text('default = "all"\n[networks.all]\nmembers = ["*"]')
    assert qt.wait(lambda: store.find("network:all") is not None)
    record = store.find("network:all")
    assert record is not None
    others = [each.identifier for each in store.all() if each.engine != "networks"]
    assert sorted(record.facts.children) == sorted(others)
    assert store.default() is record
    path.unlink()
    assert qt.wait(lambda: not record.valid)
    del watch


# -- what users read


def test_the_page_about_the_file_is_true() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "networks.md").read_text()
    examples = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(examples) == 1
    assert parse_networks(examples[0]).default == "home"
    for word in (*PURPOSES, *(field.name for field in dataclasses.fields(Pattern))):
        assert f'"{word}"' in page or f"`{word}`" in page
    for limit in (f"{MAX_BYTES // 1024} KiB", f"{MAX_NETWORKS} networks", f"{MAX_MEMBERS} members"):
        assert limit in page
    error = re.search(r"^/home/me/.*/networks\.toml: (.*)$", page, re.MULTILINE)
    assert error is not None
    with pytest.raises(NetworksFileError) as found:
        parse_networks("[networks.home]\nmembers = ['x', {interface = 'y', cost = -1}]", "n")
    assert str(found.value) == f"n: {error[1]}"
