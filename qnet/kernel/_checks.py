"""Checks of arguments that several classes of the network kernel take."""

from __future__ import annotations

from qnet.core._bytes_methods import BytesLike
from qnet.core.bytearray import QByteArrayView

__all__ = ["check_same_class", "checked_descriptor", "checked_port", "checked_text", "to_view"]


def check_same_class(expected: type, other: object) -> None:
    """TypeError unless *other* is of the class *expected*: what it can be swapped with."""
    if not isinstance(other, expected):
        raise TypeError(f"expected a {expected.__name__}, not {type(other).__name__}")


def checked_descriptor(descriptor: object) -> int:
    """*descriptor* if it is an int, open or not; TypeError otherwise."""
    if not isinstance(descriptor, int):
        raise TypeError(f"a descriptor is an int, not {type(descriptor).__name__}")
    return descriptor


def checked_port(port: object) -> int:
    """*port* if it is an int from 0 to 65535; TypeError or ValueError otherwise."""
    if not isinstance(port, int):
        raise TypeError(f"a port is an int, not {type(port).__name__}")
    if not 0 <= port <= 65535:
        raise ValueError(f"a port is 0 to 65535, not {port}")
    return port


def checked_text(text: object, what: str) -> str:
    """*text* if it is a str, "" for None (Qt's null string); TypeError that names *what* otherwise."""
    if text is None:
        return ""
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {type(text).__name__}")
    return text


def to_view(data: BytesLike) -> QByteArrayView:
    """*data*, bytes-like, as what reads return; TypeError for text."""
    if isinstance(data, QByteArrayView):
        return data
    if isinstance(data, (bytes, bytearray)):
        return QByteArrayView(data)
    try:
        return QByteArrayView(bytes(memoryview(data)))
    except TypeError:
        raise TypeError(f"data is bytes-like, not {type(data).__name__}") from None
