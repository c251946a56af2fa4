"""What /etc/resolv.conf and its variables say, and what of it is not believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _fuzz import fuzz
from hypothesis import given
from hypothesis import strategies as st

from qnet.kernel import _resolv_conf
from qnet.kernel._resolv_conf import ResolverConfig, parse, system_config


def servers(config: ResolverConfig) -> list[str]:
    return [str(server) for server in config.servers]


class TestServers:
    def test_none_means_this_machine(self) -> None:
        assert parse("") == ResolverConfig()
        assert servers(parse("")) == ["127.0.0.1:53"]
        assert servers(parse("nameserver\nnameserver one.test\nnameserver 1.2.3.4.5\n")) == ["127.0.0.1:53"]

    def test_up_to_three_in_their_order(self) -> None:
        text = "".join(f"nameserver 192.0.2.{n}\n" for n in (9, 1, 5, 7))
        assert servers(parse(text)) == ["192.0.2.9:53", "192.0.2.1:53", "192.0.2.5:53"]

    @pytest.mark.parametrize(
        ("written", "shown"),
        [
            ("::1", "[::1]:53"),
            ("fe80::1%lo", "[fe80::1%lo]:53"),
            ("[192.0.2.1]:5353", "192.0.2.1:5353"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
            ("192.0.2.1 # the router", "192.0.2.1:53"),
            ("\t192.0.2.1  ", "192.0.2.1:53"),
            ("192.0.2.1\r", "192.0.2.1:53"),
        ],
    )
    def test_spellings(self, written: str, shown: str) -> None:
        assert servers(parse(f"nameserver {written}\n")) == [shown]

    @pytest.mark.parametrize(
        "written", ["[192.0.2.1]:0", "[192.0.2.1]:65536", "[192.0.2.1]:", "[x]:53", "192.0.2.1:53"]
    )
    def test_what_is_no_server(self, written: str) -> None:
        assert parse(f"nameserver {written}\n") == ResolverConfig()

    def test_rotation(self) -> None:
        text = "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
        fixed = parse(text)
        assert [fixed.rotated()[0] for _ in range(4)] == [fixed.servers[0]] * 4
        turning = parse(text + "options rotate\n")
        firsts = [turning.rotated()[0] for _ in range(6)]
        assert firsts[:3] == firsts[3:]
        assert set(firsts) == set(turning.servers)
        for _ in range(3):
            assert sorted(map(str, turning.rotated())) == servers(turning)


class TestSearch:
    def test_domains(self) -> None:
        assert parse("search corp.test Example.COM. bücher.de\n").search == (
            "corp.test",
            "example.com",
            "xn--bcher-kva.de",
        )

    def test_the_last_line_counts(self) -> None:
        assert parse("search a.test b.test\ndomain c.test d.test\n").search == ("c.test",)
        assert parse("domain c.test\nsearch a.test b.test\n").search == ("a.test", "b.test")

    def test_what_is_no_domain_is_left_out(self) -> None:
        assert parse("search . a..b ok.test -x.test " + "a" * 64 + "\n").search == ("ok.test",)

    def test_there_is_a_limit(self) -> None:
        assert len(parse("search " + " ".join(f"d{i}.test" for i in range(1000))).search) == 32

    def test_the_variable_stands_in_for_the_file(self) -> None:
        assert parse("search a.test\n", local_domain="b.test c.test").search == ("b.test", "c.test")
        assert parse("search a.test\n", local_domain="").search == ()


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ("timeout:1", {"timeout": 1.0}),
            ("timeout:0", {"timeout": 1.0}),
            ("timeout:9999", {"timeout": 30.0}),
            ("timeout:", {}),
            ("timeout:x", {}),
            ("timeout:-1", {}),
            ("timeout:1.5", {}),
            ("timeout:" + "9" * 100, {}),
            ("timeout:٣", {}),
            ("attempts:4", {"attempts": 4}),
            ("attempts:0", {"attempts": 1}),
            ("attempts:99", {"attempts": 5}),
            ("ndots:0", {"ndots": 0}),
            ("ndots:99", {"ndots": 15}),
            ("rotate", {"rotate": True}),
            ("use-vc", {"use_tcp": True}),
            ("rotate use-vc timeout:2 attempts:3", {"rotate": True, "use_tcp": True, "timeout": 2.0, "attempts": 3}),
            ("edns0 trust-ad inet6 nonsense:5", {}),
            ("timeout:2 # attempts:3", {"timeout": 2.0}),
        ],
    )
    def test_values_and_their_ranges(self, options: str, expected: dict[str, object]) -> None:
        assert parse(f"options {options}\n") == ResolverConfig()._replace(**expected)  # type: ignore[arg-type]

    def test_several_lines_add_up_and_the_variable_comes_last(self) -> None:
        config = parse("options timeout:2\noptions attempts:3\n", options="timeout:4 rotate")
        assert (config.timeout, config.attempts, config.rotate) == (4.0, 3, True)


def test_what_means_nothing_is_skipped() -> None:
    text = (
        "# nameserver 192.0.2.1\n; nameserver 192.0.2.2\n nameserver 192.0.2.3\nNameServer 192.0.2.4\nsortlist\n\n\0\n"
    )
    assert parse(text) == ResolverConfig()


def test_an_endless_file_is_read_for_a_while() -> None:
    assert servers(parse("#" * (1 << 16) + "\nnameserver 192.0.2.1\n")) == ["127.0.0.1:53"]


class TestTheSystems:
    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(_resolv_conf, "PATH", str(tmp_path / "resolv.conf"))
        monkeypatch.delenv("RES_OPTIONS", raising=False)
        monkeypatch.delenv("LOCALDOMAIN", raising=False)
        return tmp_path / "resolv.conf"

    def test_no_file(self, file: Path) -> None:
        assert system_config() == ResolverConfig()

    def test_it_is_read_again_when_it_has_changed(self, file: Path) -> None:
        file.write_text("nameserver 192.0.2.1\n")
        first = system_config()
        assert servers(first) == ["192.0.2.1:53"]
        assert system_config() is first
        file.write_text("nameserver 192.0.2.22\n")
        assert servers(system_config()) == ["192.0.2.22:53"]
        os.unlink(file)
        assert system_config() == ResolverConfig()

    def test_variables(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file.write_text("options timeout:3\nsearch a.test\n")
        assert system_config().timeout == 3
        monkeypatch.setenv("RES_OPTIONS", "timeout:2")
        monkeypatch.setenv("LOCALDOMAIN", "b.test")
        assert (system_config().timeout, system_config().search) == (2, ("b.test",))

    def test_any_bytes(self, file: Path) -> None:
        file.write_bytes(bytes(range(256)) + b"\nnameserver 192.0.2.1\n")
        assert servers(system_config()) == ["192.0.2.1:53"]


words = st.sampled_from(
    [
        "nameserver",
        "search",
        "domain",
        "options",
        "127.0.0.1",
        "[::1]:53",
        "timeout:3",
        "attempts:",
        ":",
        "#",
        ";",
        "\n",
    ]
)


@pytest.mark.timeout(0)
@fuzz
@given(st.one_of(st.text(max_size=300), st.lists(words, max_size=40).map(" ".join)), st.text(max_size=20))
def test_fuzz_any_text(text: str, options: str) -> None:
    config = parse(text, options=options)
    assert 1 <= len(config.servers) <= 3
    assert all(not server.address.isNull() and 0 < server.port < 65536 for server in config.servers)
    assert 1 <= config.timeout <= 30
    assert 1 <= config.attempts <= 5
    assert 0 <= config.ndots <= 15
    assert len(config.search) <= 32
    assert len(config.rotated()) == len(config.servers)
