"""QAbstractSocket's network layer protocols, kept here because addresses tell theirs."""

from __future__ import annotations

from qnet.core._enums import QtEnum

__all__ = ["NetworkLayerProtocol"]


class NetworkLayerProtocol(QtEnum):
    """The protocol that an address belongs to or that a socket speaks (QAbstractSocket's enum)."""

    UnknownNetworkLayerProtocol = -1
    IPv4Protocol = 0
    IPv6Protocol = 1
    AnyIPProtocol = 2
