"""What bearer management can do here: the flags of `QNetworkConfigurationManager.capabilities`."""

from __future__ import annotations

from qnet.core._enums import QtFlag

__all__ = ["Capability"]


class Capability(QtFlag):
    """What the platform and its engines can do."""

    CanStartAndStopInterfaces = 1
    DirectConnectionRouting = 2
    SystemSessionSupport = 4
    ApplicationLevelRoaming = 8
    ForcedRoaming = 16
    DataStatistics = 32
    NetworkSessionRequired = 64
