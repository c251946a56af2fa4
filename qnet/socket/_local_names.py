"""Names of local sockets: a path, a plain name in the temporary directory, or a name in Linux's abstract space."""

from __future__ import annotations

import os
import tempfile

__all__ = ["full_name", "system_address"]


def full_name(name: str, abstract: bool) -> str:
    """What *name* stands for: absolute paths and abstract names themselves, others below the temporary directory."""
    if abstract or os.path.isabs(name):
        return name
    return os.path.join(tempfile.gettempdir(), name)


def system_address(full: str, abstract: bool) -> bytes:
    """The address for the system's calls."""
    encoded = os.fsencode(full)
    return b"\0" + encoded if abstract else encoded
