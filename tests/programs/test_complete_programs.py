"""Programs as people write them print the same on Qt and on qnet: their docstrings say what."""

from __future__ import annotations

import pytest
from _program_runner import Programs, complete_programs, expected_output


@pytest.mark.parametrize("name", complete_programs())
def test_it_prints_what_it_says(programs: Programs, name: str) -> None:
    code, output, errors = programs.start(name).end()
    assert errors == ""
    assert output == expected_output(name)
    assert code == 0
