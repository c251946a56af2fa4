"""QBearerEnginePlugin: engines that other packages bring along.

Such a package declares a class derived from `QBearerEnginePlugin` as an entry point of the group
``qnet.bearer_engines``; the entry point's name is what QNET_BEARER_ENGINES knows it by::

    [project.entry-points."qnet.bearer_engines"]
    modem = "modems.qnet:ModemEnginePlugin"
"""

from __future__ import annotations

from qnet.bearer.engine import QBearerEngine
from qnet.core.object import QObject

__all__ = ["ENTRY_POINTS", "QBearerEnginePlugin"]

ENTRY_POINTS = "qnet.bearer_engines"


class QBearerEnginePlugin(QObject):
    """Makes engines of one kind. It is made itself, without arguments, in the bearer thread."""

    def create(self) -> QBearerEngine | None:
        """A new engine, not yet initialized; None if this kind does not work on this system."""
        raise NotImplementedError("a plug-in implements create()")
