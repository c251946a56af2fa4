"""QBearerEnginePlugin: where engines come from.

The engines of this project are in `BUILT_IN`; those of others are found through entry points of the group
``qnet.bearer_engines``, each a class derived from `QBearerEnginePlugin`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module

from qnet.bearer.engine import QBearerEngine
from qnet.core.logging import qWarning
from qnet.core.object import QObject

__all__ = ["ENTRY_POINTS", "QBearerEnginePlugin"]

ENTRY_POINTS = "qnet.bearer_engines"
ENGINES_VARIABLE = "QNET_BEARER_ENGINES"

# Name, module and class of a plug-in. Of those that tell of the same interfaces the first that works is taken.
BUILT_IN = (
    (
        ("netlink", "qnet.bearer._engine_netlink", "NetlinkEnginePlugin"),
        ("generic", "qnet.bearer._engine_generic", "GenericEnginePlugin"),
    ),
)


class QBearerEnginePlugin(QObject):
    """Makes engines of one kind. It is made itself, without arguments, in the bearer thread."""

    def create(self) -> QBearerEngine | None:
        """A new engine, which nobody has initialized; None if this kind does not work on this system."""
        raise NotImplementedError("a plug-in implements create()")


def make_engines() -> list[QBearerEngine]:
    """An engine of every kind that works here. What is broken is reported and left out.

    The environment variable QNET_BEARER_ENGINES, if it is set, has the names of those that may be used, parted by
    commas.
    """
    chosen = os.environ.get(ENGINES_VARIABLE)
    wanted = None if chosen is None else {name.strip() for name in chosen.split(",")}
    engines: dict[str, QBearerEngine] = {}
    for alternatives in (*_found_elsewhere(), *BUILT_IN):
        for name, module, cls in alternatives:
            if wanted is None or name in wanted:
                engine = _make(name, module, cls)
                if engine is not None:
                    engines.setdefault(engine.name, engine)
                    break
    return list(engines.values())


def _make(name: str, module: str, cls: str) -> QBearerEngine | None:
    try:
        factory = import_module(module)
        for part in cls.split("."):
            factory = getattr(factory, part)
        engine = factory().create()  # type: ignore[operator]  # a class by now, not a module
    except Exception as error:
        qWarning(f"The bearer engine {name!r} cannot be used: {type(error).__name__}: {error}")
        return None
    if engine is not None and not isinstance(engine, QBearerEngine):
        qWarning(f"The bearer engine {name!r} cannot be used: create() returned a {type(engine).__name__}")
        return None
    return engine


def _found_elsewhere() -> Iterator[tuple[tuple[str, str, str], ...]]:
    """What other packages have declared, by name."""
    from importlib.metadata import entry_points

    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        yield ((entry.name, entry.module, entry.attr),)
