"""How the subcommands print: tables for people, JSON for programs, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

__all__ = ["print_json", "print_json_line", "print_table", "printable"]


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns that are as wide as they need to be, and nothing else if there is no row."""
    if not rows:
        return
    table = [list(titles), *[[printable(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in table) for column in range(len(titles))]
    for row in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def print_json(value: object) -> None:
    """Print *value* as an indented document."""
    print(_as_json(value, indent=2))


def print_json_line(value: object) -> None:
    """Print *value* on a line of its own, which leaves this process at once."""
    print(_as_json(value, separators=(",", ":")), flush=True)


def printable(text: str) -> str:
    """*text* with everything escaped that would move a terminal's cursor, or that it cannot show."""
    clean = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    encoding = sys.stdout.encoding or "ascii"
    return clean.encode(encoding, "backslashreplace").decode(encoding)


def _as_json(value: object, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """As JSON that standard output can take: the name of an interface is any bytes, which need not be UTF-8."""
    if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
        if text.isascii() or not _SURROGATES.search(text):
            return text
    return json.dumps(value, indent=indent, separators=separators)


_SURROGATES = re.compile("[\ud800-\udfff]")
