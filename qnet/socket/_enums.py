"""The enums of the socket classes, apart from them because engines and servers use them too.

Sources: https://doc.qt.io/qt-6/qabstractsocket.html, https://doc.qt.io/qt-6/qlocalsocket.html.
"""

from __future__ import annotations

from qnet.core._enums import QtEnum, QtFlag

__all__ = ["BindFlag", "PauseMode", "SocketError", "SocketOption", "SocketState", "SocketType"]


class SocketType(QtEnum):
    """The transport."""

    TcpSocket = 0
    UdpSocket = 1
    SctpSocket = 2
    UnknownSocketType = -1


class SocketState(QtEnum):
    """Where a socket is in its life."""

    UnconnectedState = 0
    HostLookupState = 1
    ConnectingState = 2
    ConnectedState = 3
    BoundState = 4
    ListeningState = 5
    ClosingState = 6


class SocketError(QtEnum):
    """What went wrong; `QIODevice.errorString` says the rest."""

    ConnectionRefusedError = 0
    RemoteHostClosedError = 1
    HostNotFoundError = 2
    SocketAccessError = 3
    SocketResourceError = 4
    SocketTimeoutError = 5
    DatagramTooLargeError = 6
    NetworkError = 7
    AddressInUseError = 8
    SocketAddressNotAvailableError = 9
    UnsupportedSocketOperationError = 10
    UnfinishedSocketOperationError = 11
    ProxyAuthenticationRequiredError = 12
    SslHandshakeFailedError = 13
    ProxyConnectionRefusedError = 14
    ProxyConnectionClosedError = 15
    ProxyConnectionTimeoutError = 16
    ProxyNotFoundError = 17
    ProxyProtocolError = 18
    OperationError = 19
    SslInternalError = 20
    SslInvalidUserDataError = 21
    TemporaryError = 22
    UnknownSocketError = -1


class SocketOption(QtEnum):
    """What `setSocketOption` sets."""

    LowDelayOption = 0
    KeepAliveOption = 1
    MulticastTtlOption = 2
    MulticastLoopbackOption = 3
    TypeOfServiceOption = 4
    SendBufferSizeSocketOption = 5
    ReceiveBufferSizeSocketOption = 6
    PathMtuSocketOption = 7


class BindFlag(QtFlag):
    """Who else may bind the same address and port."""

    DefaultForPlatform = 0
    ShareAddress = 1
    DontShareAddress = 2
    ReuseAddressHint = 4


class PauseMode(QtFlag):
    """What makes a socket pause until `resume`."""

    PauseNever = 0
    PauseOnSslErrors = 1
