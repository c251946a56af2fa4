"""The one place that turns the system's errors into Qt's codes and texts.

A text says which phase failed, against whom, and what the system called it:
``Connection refused: connecting to 127.0.0.1:7 (ECONNREFUSED)``.
"""

from __future__ import annotations

import errno
import os

from qnet.core._io_select import UnwatchableError
from qnet.socket._enums import SocketError

__all__ = [
    "SocketFailure",
    "failure",
    "failure_at_proxy",
    "failure_from_os",
    "failure_to_bind",
    "is_temporary",
    "shown_peer",
]

_CODES = {
    errno.ECONNREFUSED: SocketError.ConnectionRefusedError,
    errno.ECONNRESET: SocketError.RemoteHostClosedError,
    errno.EPIPE: SocketError.RemoteHostClosedError,
    errno.ECONNABORTED: SocketError.RemoteHostClosedError,
    errno.ESHUTDOWN: SocketError.RemoteHostClosedError,
    errno.EACCES: SocketError.SocketAccessError,
    errno.EPERM: SocketError.SocketAccessError,
    errno.EMFILE: SocketError.SocketResourceError,
    errno.ENFILE: SocketError.SocketResourceError,
    errno.ENOBUFS: SocketError.SocketResourceError,
    errno.ENOMEM: SocketError.SocketResourceError,
    errno.ETIMEDOUT: SocketError.NetworkError,
    errno.EMSGSIZE: SocketError.DatagramTooLargeError,
    errno.ENETUNREACH: SocketError.NetworkError,
    errno.EHOSTUNREACH: SocketError.NetworkError,
    errno.ENETDOWN: SocketError.NetworkError,
    errno.ENOTCONN: SocketError.NetworkError,
    errno.EHOSTDOWN: SocketError.NetworkError,
    errno.EADDRINUSE: SocketError.AddressInUseError,
    errno.EADDRNOTAVAIL: SocketError.SocketAddressNotAvailableError,
    errno.EAFNOSUPPORT: SocketError.UnsupportedSocketOperationError,
    errno.EPROTONOSUPPORT: SocketError.UnsupportedSocketOperationError,
    errno.EPROTOTYPE: SocketError.UnsupportedSocketOperationError,
    errno.EOPNOTSUPP: SocketError.UnsupportedSocketOperationError,
    errno.ENOPROTOOPT: SocketError.UnsupportedSocketOperationError,
    errno.EINVAL: SocketError.UnsupportedSocketOperationError,
    errno.EBADF: SocketError.UnsupportedSocketOperationError,
    errno.ENOTSOCK: SocketError.UnsupportedSocketOperationError,
    errno.EISCONN: SocketError.OperationError,
    errno.EAGAIN: SocketError.TemporaryError,
}

_TEXTS = {
    SocketError.ConnectionRefusedError: "Connection refused",
    SocketError.RemoteHostClosedError: "The remote host closed the connection",
    SocketError.HostNotFoundError: "Host not found",
    SocketError.SocketAccessError: "Permission denied",
    SocketError.SocketResourceError: "Out of resources",
    SocketError.SocketTimeoutError: "Network operation timed out",
    SocketError.DatagramTooLargeError: "Datagram was too large to send",
    SocketError.NetworkError: "Network error",
    SocketError.AddressInUseError: "The bound address is already in use",
    SocketError.SocketAddressNotAvailableError: "The address is not available",
    SocketError.UnsupportedSocketOperationError: "Unsupported socket operation",
    SocketError.ProxyAuthenticationRequiredError: "Proxy authentication failed",
    SocketError.ProxyConnectionRefusedError: "Connection to proxy refused",
    SocketError.ProxyConnectionClosedError: "Connection to proxy closed prematurely",
    SocketError.ProxyConnectionTimeoutError: "Connection to proxy timed out",
    SocketError.ProxyNotFoundError: "Proxy host not found",
    SocketError.ProxyProtocolError: "The proxy does not speak its protocol",
    SocketError.OperationError: "The operation does not fit the socket's state",
    SocketError.TemporaryError: "Temporary error",
    SocketError.UnknownSocketError: "Unknown error",
}

# What it means when it happens on the way to a proxy.
_AT_PROXY = {
    SocketError.ConnectionRefusedError: SocketError.ProxyConnectionRefusedError,
    SocketError.RemoteHostClosedError: SocketError.ProxyConnectionClosedError,
    SocketError.SocketTimeoutError: SocketError.ProxyConnectionTimeoutError,
    SocketError.HostNotFoundError: SocketError.ProxyNotFoundError,
}

_ERRNO_TEXTS = {
    errno.ENETUNREACH: "Network unreachable",
    errno.EHOSTUNREACH: "Host unreachable",
    errno.ETIMEDOUT: "Connection timed out",
    errno.ENOTCONN: "Transport endpoint is not connected",
    errno.EBADF: "Invalid socket descriptor",
    errno.ENOTSOCK: "Invalid socket descriptor",
}


class SocketFailure:
    """A code, a text, and the exception that they come from (or None)."""

    __slots__ = ("cause", "code", "text")

    def __init__(self, code: SocketError, text: str, cause: BaseException | None = None) -> None:
        self.code = code
        self.text = text
        self.cause = cause
        while cause is not None and cause.__traceback__ is not None:
            # Its frames hold the socket, which will hold this; and so may those of what was handled meanwhile.
            cause.__traceback__ = cause.__context__ = None
            cause = cause.__cause__

    def __repr__(self) -> str:
        return f"<SocketFailure {self.code}: {self.text}>"


def failure_from_os(error: OSError, phase: str = "") -> SocketFailure:
    """What *error* of the system means; *phase* says what was being done, and with whom."""
    number = error.errno or 0
    code = _CODES.get(number, SocketError.UnknownSocketError)
    if isinstance(error, UnwatchableError):
        phase = f"{phase}: {error.strerror}"
    text = _ERRNO_TEXTS.get(number) or _TEXTS.get(code) or os.strerror(number) or str(error)
    return SocketFailure(code, _complete(text, phase, errno.errorcode.get(number, "")), error)


def failure_to_bind(error: OSError, phase: str) -> SocketFailure:
    """As `failure_from_os` for a bind or listen, where a refusal is about the address."""
    reason = failure_from_os(error, phase)
    if error.errno in (errno.EACCES, errno.EPERM):
        reason.text = _complete("The address is protected", phase, errno.errorcode[error.errno])
    return reason


def failure(code: SocketError, phase: str = "", text: str = "") -> SocketFailure:
    """A failure that no system call reported; *text* where the usual one of its code does not fit."""
    return SocketFailure(code, _complete(text or _TEXTS.get(code, str(code)), phase, ""))


def failure_at_proxy(reason: SocketFailure) -> SocketFailure:
    """What *reason* means if it is the connection to a proxy that failed."""
    code = _AT_PROXY.get(reason.code)
    if code is None:
        return reason
    details = reason.text.partition(": ")[2]
    return SocketFailure(code, _complete(_TEXTS[code], details, ""), reason.cause)


def shown_peer(name: str, port: int) -> str:
    """A host and *port* for error texts, which stay on one line whatever *name* the program was given."""
    if not name.isprintable():
        name = ascii(name)[1:-1]
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _complete(text: str, phase: str, name: str) -> str:
    if phase:
        text = f"{text}: {phase}"
    return f"{text} ({name})" if name else text


def is_temporary(error: OSError) -> bool:
    """Whether an accept that failed with *error* is worth repeating at once: the client has gone already."""
    return error.errno in (errno.ECONNABORTED, errno.EINTR, errno.EPROTO)
