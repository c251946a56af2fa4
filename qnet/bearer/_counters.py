"""How much has gone through one interface, read in the network namespace of the running thread.

Linux is asked over rtnetlink for this one interface (<linux/if_link.h>: ``struct rtnl_link_stats64``). Elsewhere psutil
is asked for all at once.
"""

from __future__ import annotations

import socket
import struct
import sys

from qnet.kernel import _interface_netlink as netlink
from qnet.kernel._interface_facts import byte_counters

__all__ = ["byte_counters_of"]

_STATS64 = struct.Struct("=QQQQ")  # packets received and sent, bytes received and sent, and much more
_IFLA_STATS64 = 23
_NLM_F_REQUEST = 1


def byte_counters_of(index: int, name: str) -> tuple[int, int] | None:
    """Bytes sent and received by an interface since it was made; None if it is gone."""
    if sys.platform == "linux":
        try:
            return _told_by_kernel(index)
        except OSError:  # a sandbox without netlink sockets
            pass
    found = byte_counters().get(name)
    return (found.sent, found.received) if found is not None else None


def _told_by_kernel(index: int) -> tuple[int, int] | None:
    body = netlink._LINK.pack(0, 0, index, 0, 0)
    request = netlink._HEADER.pack(netlink._HEADER.size + len(body), netlink._RTM_GETLINK, _NLM_F_REQUEST, 1, 0) + body
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    with socket.socket(socket.AF_NETLINK, kind, 0) as asking:
        asking.sendto(request, (0, 0))
        answer = asking.recv(1 << 16)  # the kernel answers within sendto
    _, kind, *_ = netlink._HEADER.unpack_from(answer)
    if kind != netlink._RTM_NEWLINK:
        return None
    for attribute, value in netlink._attributes(answer[netlink._HEADER.size :], netlink._LINK.size):
        if attribute == _IFLA_STATS64:
            _, _, received, sent = _STATS64.unpack_from(value)
            return sent, received
    return None
