"""What `QNetworkSession.errorString` says: Qt's words first, then what went wrong here."""

from __future__ import annotations

from qnet.bearer._session_states import SessionError
from qnet.bearer.engine import QBearerEngine

__all__ = ["INVALID", "OF_ENGINES", "not_counted", "of"]

_TEXTS = {
    SessionError.UnknownSessionError: "Unknown session error.",
    SessionError.SessionAbortedError: "The session was aborted by the user or system.",
    SessionError.RoamingError: "Roaming was aborted or is not possible.",
    SessionError.OperationNotSupportedError: "The requested operation is not supported by the system.",
    SessionError.InvalidConfigurationError: "The specified configuration cannot be used.",
}
INVALID = "Invalid configuration."

_Failure = QBearerEngine.ConnectionError
OF_ENGINES = {
    _Failure.InterfaceLookupError: SessionError.InvalidConfigurationError,
    _Failure.ConnectError: SessionError.UnknownSessionError,
    _Failure.OperationNotSupported: SessionError.OperationNotSupportedError,
    _Failure.DisconnectError: SessionError.UnknownSessionError,
}


def of(code: SessionError, detail: str = "") -> str:
    """The text for an error; *detail* is what is known beyond it."""
    if detail == INVALID:
        return INVALID
    return f"{_TEXTS[code]} ({detail})" if detail else _TEXTS[code]


def not_counted(error: OSError) -> str:
    """The directory that all processes share is of no use."""
    return f"it cannot be counted: {error.strerror or error}"
