"""Which engines there are: those of this project, and those that other packages have declared."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING

from qnet.bearer._engine_generic import GenericEnginePlugin
from qnet.bearer._engine_netlink import NetlinkEnginePlugin
from qnet.bearer._engine_networkmanager import NetworkManagerEnginePlugin
from qnet.bearer.engine import QBearerEngine
from qnet.bearer.plugin import ENTRY_POINTS, QBearerEnginePlugin
from qnet.core.logging import qWarning
from qnet.core.thread import QThread

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from qnet.bearer._store import ConfigurationStore

__all__ = ["ENGINES_VARIABLE", "make_built_in", "make_others"]

ENGINES_VARIABLE = "QNET_BEARER_ENGINES"

# Engines that tell of the same interfaces are alternatives: the first that works is taken.
_ALTERNATIVES: tuple[tuple[tuple[str, Callable[[], QBearerEnginePlugin]], ...], ...] = (
    (("netlink", NetlinkEnginePlugin), ("generic", GenericEnginePlugin)),
    (("networkmanager", NetworkManagerEnginePlugin),),
)
_BUILT_IN = {"networks", *(name for alternatives in _ALTERNATIVES for name, _ in alternatives)}


def make_built_in(store: ConfigurationStore) -> Iterator[QBearerEngine]:
    """An engine of every kind of this project's that works here, made when it is asked for.

    The environment variable QNET_BEARER_ENGINES, if it is set and not empty, has the names of those that may be used,
    parted by commas.
    """
    _warn_of_unknown()
    for alternatives in _ALTERNATIVES:
        for name, plugin in alternatives:
            engine = _make(name, plugin) if _is_chosen(name) else None
            if engine is not None:
                yield engine
                break
    if _is_chosen("networks"):
        from qnet.bearer._service_networks import ServiceNetworksEngine  # it needs the store's module

        yield ServiceNetworksEngine(store)


def make_others(taken: Collection[str]) -> Iterator[QBearerEngine]:
    """An engine of every plug-in that another package declares, but for the names that are *taken*.

    What is broken is reported and left out.
    """
    from importlib.metadata import entry_points

    names = set(taken)
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        engine = _make(entry.name, partial(_plugin_of, entry)) if _is_chosen(entry.name) else None
        if engine is None:
            continue
        if engine.name in names:
            qWarning(f"The bearer engine {entry.name!r} is not used: there is one called {engine.name!r} already")
        else:
            names.add(engine.name)
            yield engine


def _chosen() -> set[str]:
    """The names in the environment variable; empty if all engines may be used."""
    return {each.strip() for each in os.environ.get(ENGINES_VARIABLE, "").split(",")} - {""}


def _is_chosen(name: str) -> bool:
    chosen = _chosen()
    return not chosen or name in chosen


def _warn_of_unknown() -> None:
    """Say once which chosen names mean nothing: a program without any engine sees no network at all."""
    unknown = _chosen() - _BUILT_IN - _reported
    if not unknown:
        return
    from importlib.metadata import entry_points  # which takes milliseconds

    known = _BUILT_IN | {entry.name for entry in entry_points(group=ENTRY_POINTS)}
    for name in sorted(unknown - known):
        _reported.add(name)
        qWarning(f"{ENGINES_VARIABLE}: there is no bearer engine {name!r}, only {', '.join(sorted(known))}")


_reported: set[str] = set()


def _plugin_of(entry: EntryPoint) -> QBearerEnginePlugin:
    plugin: QBearerEnginePlugin = entry.load()()
    return plugin


def _make(name: str, plugin: Callable[[], QBearerEnginePlugin]) -> QBearerEngine | None:
    try:
        engine: object = plugin().create()
    except Exception as error:
        qWarning(f"The bearer engine {name!r} cannot be used: {type(error).__name__}: {error}")
        return None
    if engine is None:
        return None
    if not isinstance(engine, QBearerEngine):
        qWarning(f"The bearer engine {name!r} cannot be used: create() returned a {type(engine).__name__}")
        return None
    if engine.thread() is not QThread.currentThread():
        qWarning(f"The bearer engine {name!r} cannot be used: create() did not make it, as it lives in another thread")
        return None
    return engine
