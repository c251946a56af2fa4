"""How a subcommand says that it could not be done."""

from __future__ import annotations

__all__ = ["CommandError"]


class CommandError(Exception):
    """The command could not be done: its text is the reason, for people."""
