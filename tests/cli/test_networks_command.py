"""``python -m qnet networks``: showing the service networks, and changing the file with everything in it kept."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _command_line import Ended, environment, run, start
from _fuzz import fuzz
from _netns import Namespace
from hypothesis import given
from hypothesis import strategies as st

from qnet._cli.errors import CommandError
from qnet.bearer._networks_file import Member, Network, Networks, parse_networks

pytest.importorskip("tomlkit", reason="needs tomlkit (extra networks)")

from qnet._cli.main import main
from qnet._cli.networks_edit import NetworksDocument

COMMENTED = """\
# What I use at home and elsewhere.

# the default, for now
default = "home"   # see below

[networks.home]   # behind the router
name = "At home"
purpose = 'private'
members = [
    # first the cable
    "eth*",  # fast
    # then the air
    { interface = "wlan0", cost = 2, speed=54 },
    "usb0",
]

# for the office
[networks.office]
members = ["eth1"]
"""


class File:
    """A networks file, and the command that works on it: in this process where that makes no difference."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, *arguments: str) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["networks", "--file", str(self.path), *arguments])
        return Ended(code, out.getvalue(), err.getvalue())

    def as_program(self, *arguments: str) -> Ended:
        return run("networks", *arguments, QNET_NETWORKS=str(self.path))

    def good(self, *arguments: str) -> str:
        """What a command prints that has to succeed."""
        code, out, err = self.run(*arguments)
        assert (code, err) == (0, "")
        return out

    def text(self) -> str:
        return self.path.read_text()


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path / "qnet" / "networks.toml")


@pytest.fixture
def commented(file: File) -> File:
    file.path.parent.mkdir()
    file.path.write_text(COMMENTED)
    return file


def test_from_nothing_to_networks_and_back(file: File) -> None:
    assert file.as_program("path") == (0, f"{file.path}\n", "")
    assert file.good("check") == f"{file.path}: there is no such file, and so there are no networks\n"
    options = ("--name", "At home", "--purpose", "private", "--no-roaming")
    assert file.as_program("add", "home", "eth*", "wlan0", *options) == (0, "", "")
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert file.text() == (
        "# Service networks: python -m qnet networks --help\n"
        "\n"
        '[networks.home]\nname = "At home"\npurpose = "private"\nroaming = false\nmembers = ["eth*", "wlan0"]\n'
    )
    assert file.good("check") == f"{file.path}: good, 1 network\n"
    file.good("default", "home")
    file.good("add-member", "home", "usb0", "--cost", "5", "--speed", "12", "--position", "1")
    file.good("add-member", "home", "--identifier", "nm:*")
    file.good("move-member", "home", "wlan0", "1")
    file.good("remove-member", "home", "eth*")
    file.good("change", "home", "--name", "Home", "--roaming")
    home = Network(
        "home",
        "Home",
        "private",
        True,
        (Member("wlan0"), Member("usb0", cost=5, speed=12), Member(identifier="nm:*")),
    )
    assert parse_networks(file.text()) == Networks((home,), "home")
    file.good("default", "--interface", "eth0")
    assert parse_networks(file.text()).default == Member("eth0")
    file.good("default", "ask")
    assert parse_networks(file.text()).default == "ask"
    file.good("default", "--none")
    file.good("remove", "home")
    assert file.text() == "# Service networks: python -m qnet networks --help\n\n"


def test_changes_keep_comments_order_and_spelling(commented: File) -> None:
    commented.good("move-member", "home", "usb0", "1")
    commented.good("add-member", "home", "ppp0", "--position", "2")
    commented.good("remove-member", "office", "eth1")
    commented.good("change", "home", "--purpose", "public")
    commented.good("default", "office")
    assert commented.text() == (
        COMMENTED.replace('default = "home" ', 'default = "office" ')
        .replace("'private'", '"public"')
        .replace('    "usb0",\n', "")
        .replace('    "eth*",', '    "usb0",\n    "ppp0",\n    "eth*",')
        .replace('["eth1"]', "[]")
    )


def test_a_default_is_put_below_the_comment_about_the_file(commented: File) -> None:
    commented.path.write_text("# Mine.\n\n[networks.a]\n")
    commented.good("default", "a")
    assert commented.text() == '# Mine.\n\ndefault = "a"\n[networks.a]\n'
    commented.path.write_text("# about a\n[networks.a]\n")
    commented.good("default", "a")
    assert commented.text() == 'default = "a"\n# about a\n[networks.a]\n'


def test_removing_the_default_network_leaves_no_default(commented: File) -> None:
    commented.good("remove", "home")
    assert parse_networks(commented.text()) == Networks((Network("office", "office", members=(Member("eth1"),)),))
    assert "# for the office\n[networks.office]" in commented.text()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("add", "home"), "there is a network 'home' already"),
        (("remove", "hmoe"), "there is no network 'hmoe' (there are: home, office)"),
        (("default", "hmoe"), "there is no network 'hmoe' (there are: home, office)"),
        (("default", ""), "expected a network, an interface or an identifier that is not empty"),
        (("add-member", "home", "eth*"), "network 'home' has the member 'eth*' already"),
        (("add-member", "home", ""), "expected an interface or an identifier that is not empty"),
        (("add-member", "home", "x", "--position", "5"), "expected a position from 1 to 4, not 5"),
        (("remove-member", "home", "eth0"), "network 'home' has no member 'eth0' (it has: eth*, wlan0, usb0)"),
        (("move-member", "home", "usb0", "4"), "expected a position from 1 to 3, not 4"),
        (("move-member", "home", "usb0", "0"), "expected a position from 1 on, not 0"),
        (("change", "home"), "nothing to change: give --name, --purpose, --roaming or --no-roaming"),
        (
            ("add", "a b"),
            '{path}: [networks]: a network is named by 1 to 64 of A-Z a-z 0-9 _ - (and not "ask"), not "a b"',
        ),
        (
            ("add-member", "home", "x", "--cost", "-3"),
            "{path}: [networks.home] member 4 cost: expected a relative cost, a whole number from 0 to 1000000, not -3",
        ),
        (("change", "home", "--name", ""), "{path}: [networks.home] name: expected a text that is not empty"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    commented: File, arguments: tuple[str, ...], error: str
) -> None:
    before = commented.path.stat().st_ino
    assert commented.run(*arguments) == (1, "", f"python -m qnet: {error.format(path=commented.path)}\n")
    assert commented.text() == COMMENTED
    assert commented.path.stat().st_ino == before
    assert os.listdir(commented.path.parent) == ["networks.toml"]


@pytest.mark.parametrize("command", [("list",), ("check",), ("remove", "home"), ("add", "new")])
def test_a_bad_file_is_named_and_left_alone(commented: File, command: tuple[str, ...]) -> None:
    commented.path.write_text("[networks.home]\nmembers = 3\n")
    error = f"python -m qnet: {commented.path}: [networks.home] members: expected a list, not a whole number\n"
    assert commented.as_program(*command) == (1, "", error)
    assert commented.text() == "[networks.home]\nmembers = 3\n"


@pytest.mark.parametrize("text", ["networks.home.name = 'x'\n", "[networks]\nhome.members = []\n"])
def test_dotted_keys_are_left_to_the_user(commented: File, text: str) -> None:
    commented.path.write_text(text)
    error = f"{commented.path}: dotted keys, as in networks.home.name = ..., can only be changed by hand"
    assert commented.run("remove", "home") == (1, "", f"python -m qnet: {error}\n")
    assert commented.good("check").endswith("good, 1 network\n")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    ended = run("networks", "--file", "/proc/networks.toml", "add", "home")
    assert ended.code == 1
    assert ended.err.startswith("python -m qnet: /proc/networks.toml: cannot be written: ")


def test_permissions_and_a_symbolic_link_stay(commented: File, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    commented.path.rename(real)
    real.chmod(0o640)
    commented.path.symlink_to(real)
    commented.good("remove", "office")
    assert commented.path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "office" not in real.read_text().replace("for the office", "")


def test_two_commands_at_once_follow_each_other(file: File) -> None:
    file.good("add", "home")
    variables = {"QNET_NETWORKS": str(file.path)}
    running = [start("networks", "add-member", "home", f"eth{number}", **variables) for number in range(6)]
    ended = [(*process.communicate(timeout=100), process.returncode) for process in running]
    assert ended == [("", "", 0)] * 6
    (home,) = parse_networks(file.text()).networks
    assert sorted(member.interface for member in home.members) == [f"eth{number}" for number in range(6)]


def test_without_tomlkit_it_names_the_extra(commented: File, tmp_path: Path) -> None:
    (tmp_path / "tomlkit.py").write_text("raise ImportError('none')")
    ended = run("networks", "remove", "home", QNET_NETWORKS=str(commented.path), PYTHONPATH=f"{tmp_path}")
    assert ended.code == 1
    assert "pip install 'qnet[networks]'" in ended.err
    assert commented.text() == COMMENTED


# -- what the document makes of a file, without processes

MEMBERS = st.builds(
    Member,
    interface=st.sampled_from(["eth0", "eth*", "wlan0", "p p"]),
    cost=st.sampled_from([0, 3]),
    speed=st.sampled_from([0, 54]),
) | st.builds(Member, identifier=st.sampled_from(["nm:*", "eth0"]))

Change = Callable[[NetworksDocument], object]


def changes() -> st.SearchStrategy[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Names of methods with their arguments."""
    key = st.sampled_from(["home", "office", "new"])
    position = st.integers(0, 4)
    pattern = st.sampled_from(["eth0", "eth*", "wlan0", "usb0", "eth1", "nm:*"])
    no = st.just({})
    options = st.fixed_dictionaries(
        {
            "name": st.sampled_from(["", "Ä # ]"]),
            "purpose": st.sampled_from(["", "public"]),
            "roaming": st.booleans(),
            "members": st.lists(MEMBERS, max_size=2),
        }
    )
    values = st.dictionaries(st.sampled_from(["name", "purpose"]), st.just("service"), min_size=1)
    return st.one_of(
        st.tuples(st.just("add"), st.tuples(key), options),
        st.tuples(st.just("remove"), st.tuples(key), no),
        st.tuples(st.just("change"), st.tuples(key, values), no),
        st.tuples(st.just("set_default"), st.tuples(key | st.sampled_from(["", "ask"]) | MEMBERS), no),
        st.tuples(st.just("add_member"), st.tuples(key, MEMBERS, position), no),
        st.tuples(st.just("remove_member"), st.tuples(key, pattern), no),
        st.tuples(st.just("move_member"), st.tuples(key, pattern, position), no),
    )


def expected(networks: Networks, method: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> Networks:
    """What a change means for the values: the reference that the text is compared with."""
    tables = {each.key: each for each in networks.networks}
    default = networks.default
    if method == "set_default":
        value = arguments[0]
        default = Member(value.interface, value.identifier) if isinstance(value, Member) else value
        return Networks(networks.networks, default)
    key = arguments[0]
    if method == "add":
        tables[key] = Network(
            key,
            options["name"] or key,
            options["purpose"] or "unknown",
            options["roaming"],
            tuple(options["members"]),
        )
    elif method == "remove":
        del tables[key]
        default = "" if default == key else default
    elif method == "change":
        tables[key] = Network(**{**vars(tables[key]), **arguments[1]})
    else:
        members = list(tables[key].members)
        patterns = [member.pattern for member in members]
        if method == "add_member":
            members.insert(arguments[2] - 1 if arguments[2] else len(members), arguments[1])
        elif method == "remove_member":
            del members[patterns.index(arguments[1])]
        else:
            member = members.pop(patterns.index(arguments[1]))
            members.insert(arguments[2] - 1 if arguments[2] else len(members), member)
        tables[key] = Network(**{**vars(tables[key]), "members": tuple(members)})
    return Networks(tuple(tables.values()), default)


TEXTS = st.sampled_from(
    [
        "",
        "# only a comment",
        COMMENTED,
        "[networks]\n",
        "[networks]\nhome = { members = ['eth0'] }\n",
        "networks = { home = { members = ['eth0'] } }\n",
        "[networks.home]\nmembers = ['eth0', {identifier = 'nm:*'}]\n",
        "default = { interface = 'eth0' }\n[networks.home]\nmembers = [\n  'eth0', # one\n\n  'eth*'\n]",
    ]
)


@fuzz
@given(text=TEXTS, commands=st.lists(changes(), max_size=3))
def test_fuzz_a_document_says_what_the_changes_mean(
    text: str, commands: list[tuple[str, tuple[Any, ...], dict[str, Any]]]
) -> None:
    networks = parse_networks(text)
    for method, arguments, options in commands:
        document = NetworksDocument(text)
        try:
            getattr(document, method)(*arguments, **options)
        except CommandError:
            assert document.text() == text, "nothing has changed"
        else:
            text = document.text()
            networks = expected(networks, method, arguments, options)
            assert parse_networks(text) == networks


# -- what is shown

NETWORK = """
link set lo up
link add va type veth peer name vb
link set va up
link set vb up
addr add 10.1.0.1/24 dev va
link add vc type veth peer name vd
"""

SHOWN = """\
default = "cables"

[networks.cables]
name = "Both ends"
purpose = "private"
roaming = false
members = ["va", { interface = "v*", cost = 3, speed = 100 }, { identifier = "nm:*" }]

[networks.none]
"""


def test_networks_members_and_access_points_are_shown(commented: File) -> None:
    commented.path.write_text(SHOWN)
    with Namespace() as namespace:
        namespace.ip(NETWORK)
        namespace.wait_until_running("va", "vb")
        variables = {"QNET_NETWORKS": str(commented.path)}
        table = run("networks", prefix=namespace.prefix, **variables)
        found = run("networks", "list", "--json", prefix=namespace.prefix, **variables).json()
        assert run("networks", "--json", prefix=namespace.prefix, **variables).json() == found
        indexes = {name: namespace.run("cat", f"/sys/class/net/{name}/ifindex").strip() for name in ("va", "vb")}
    points = {each["name"]: each for each in found["accessPoints"]}
    assert sorted(points) == ["va", "vb", "vc", "vd"]
    va = points["va"]["identifier"]
    assert points["va"] == {
        "identifier": va,
        "name": "va",
        "interface": "va",
        "state": "active",
        "bearer": "ethernet",
    }
    assert indexes["va"] in va
    assert found["default"] == "cables"
    cables, none = found["networks"]
    assert cables.pop("members") == [
        {"interface": "va", "cost": 0, "speed": 0, "now": [va]},
        {
            "interface": "v*",
            "cost": 3,
            "speed": 100,
            "now": [points[name]["identifier"] for name in points if name != "va"],
        },
        {"identifier": "nm:*", "cost": 0, "speed": 0, "now": []},
    ]
    assert cables == {
        "key": "cables",
        "name": "Both ends",
        "purpose": "private",
        "roaming": False,
        "default": True,
    }
    assert none["members"] == []
    assert (table.code, table.err) == (0, "")
    lines = [line.split() for line in table.out.splitlines()]
    assert lines[0] == ["default:", "cables"]
    assert "cables: Both ends, private, no roaming" in table.out
    assert ["va", "0", va] in lines
    assert ["identifier", "nm:*", "0", "-"] in lines
    assert ["va", "va", "active", va] in lines


@pytest.mark.parametrize(
    ("default", "shown", "value"),
    [
        ("", "what the system prefers", None),
        ('default = "ask"', "the user is asked", "ask"),
        ('default = { interface = "eth0" }', "eth0", {"interface": "eth0"}),
        ('default = { identifier = "nm:*" }', "identifier nm:*", {"identifier": "nm:*"}),
    ],
)
def test_the_default_is_shown(commented: File, default: str, shown: str, value: Any) -> None:
    commented.path.write_text(default)
    assert commented.as_program().out.splitlines()[0] == f"default: {shown}"
    assert commented.as_program("--json").json()["default"] == value


def test_a_reader_that_goes_away_ends_it_quietly(commented: File) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        command = [sys.executable, "-m", "qnet", "networks"]
        variables = environment(QNET_NETWORKS=str(commented.path))
        ended = subprocess.run(command, stdout=nobody, stderr=subprocess.PIPE, timeout=100, env=variables)
    assert (ended.returncode, ended.stderr) == (141, b"")
