"""Attributes that load their module on first use (PEP 562), so that ``import qnet`` stays cheap."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["attach"]


def attach(
    module: str, exports: Mapping[str, str], companions: Mapping[str, str] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of *module* that serve the names in *exports*.

    *exports* maps a module to the names, parted by blanks, that are taken from it. A name is looked up once: it
    is then an ordinary attribute of *module*. *companions* maps a name to a module of a higher layer that registers
    something with it, and is loaded along with it.
    """
    homes = {name: home for home, names in exports.items() for name in names.split()}

    def get(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        value = getattr(import_module(home), name)
        if companions is not None and name in companions:
            import_module(companions[name])
        setattr(sys.modules[module], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *homes})

    return get, names
