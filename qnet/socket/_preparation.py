"""What a socket's next descriptors get before they connect or are bound: options, sharing, a source.

A *source* decides how packets leave, for bearer management. It is told the descriptor and whether that will connect, or
else be bound, and raises OSError if it cannot do that now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from qnet.kernel._protocol import NetworkLayerProtocol
from qnet.kernel.hostaddress import QHostAddress
from qnet.socket._enums import BindFlag, SocketOption, SocketType
from qnet.socket.engines.native import QNativeSocketEngine

__all__ = ["Preparation", "Source", "apply_option"]

Source: TypeAlias = Callable[[int, bool], object]


class Preparation:
    """Gives engines their descriptors, as *kind* and the program want them."""

    __slots__ = ("kind", "options", "source")

    def __init__(self, kind: SocketType) -> None:
        self.kind = kind
        self.options: dict[SocketOption, int] = {}
        self.source: Source | None = None

    def make_to_connect(self, engine: QNativeSocketEngine, address: QHostAddress) -> None:
        """Let *engine* have a descriptor that can connect to *address*. Raises OSError, and then there is none."""
        # Not "IPv6 only", which could not reach ::ffff:127.0.0.1.
        four = address.protocol() is NetworkLayerProtocol.IPv4Protocol
        protocol = NetworkLayerProtocol.IPv4Protocol if four else NetworkLayerProtocol.AnyIPProtocol
        try:
            engine.initialize(self.kind, protocol)
            self._apply(engine, connects=True)
        except OSError:
            engine.close()
            raise

    def make_bound(self, engine: QNativeSocketEngine, host: QHostAddress, port: int, mode: BindFlag) -> None:
        """Let *engine* have a descriptor that is bound. Raises OSError, and then there is none."""
        try:
            engine.initialize(self.kind, host.protocol())
            self._share(engine, mode)
            self._apply(engine, connects=False)
            engine.bind(host, port)
        except OSError:
            engine.close()
            raise

    def _apply(self, engine: QNativeSocketEngine, connects: bool) -> None:
        for option, value in self.options.items():
            apply_option(engine, option, value)
        if self.source is not None:
            self.source(engine.fd, connects)

    def _share(self, engine: QNativeSocketEngine, mode: BindFlag) -> None:
        if self.kind is SocketType.UdpSocket:
            # Two sockets share a port only if both ask for it, so both flags have to mean the same option.
            shares = mode & (BindFlag.ShareAddress | BindFlag.ReuseAddressHint)
            if shares and not mode & BindFlag.DontShareAddress:
                engine.reuse_address()
        elif mode & BindFlag.ShareAddress:
            engine.reuse_address()
            engine.share_port()
        elif mode & BindFlag.ReuseAddressHint:
            engine.reuse_address()


def apply_option(engine: QNativeSocketEngine, option: SocketOption, value: int) -> None:
    """Set an option; as with a socket that is connected, one that does not fit is no error."""
    try:
        engine.setOption(option, value)
    except OSError:
        pass
