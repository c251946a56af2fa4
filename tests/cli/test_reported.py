"""What was reported about the command line, and must not come back."""

from __future__ import annotations

import json
import os

import pytest
from _command_line import run
from _netns import Namespace


@pytest.mark.timeout(120)
def test_the_name_of_an_interface_may_be_no_utf8() -> None:
    """A terminal's standard output takes no such name: as JSON it is escaped, and ``monitor`` does not hang."""
    name = os.fsdecode(b"a\xffb")
    with Namespace() as network:
        network.run("ip", "link", "add", "name", name, "type", "veth", "peer", "name", "vb")
        printed = {
            arguments: run(*arguments, prefix=network.prefix, PYTHONIOENCODING="utf-8:strict")
            for arguments in (("interfaces", "--json"), ("networks", "--json"), ("monitor", "--json", "--for", "0"))
        }
        people = run("interfaces", prefix=network.prefix, PYTHONIOENCODING="utf-8:strict")
    for ended in printed.values():
        assert (ended.code, ended.err) == (0, "")
        assert r"a\udcffb" in ended.out
        assert name in _names(json.loads(ended.out))
    assert r"a\udcffb" in people.out


def _names(value: object) -> list[object]:
    """All that is called a name in *value*, however deep."""
    if isinstance(value, list):
        return [name for each in value for name in _names(each)]
    if isinstance(value, dict):
        return [value.get("name"), *_names(list(value.values()))]
    return []
