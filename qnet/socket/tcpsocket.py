"""QTcpSocket.

Source: https://doc.qt.io/qt-6/qtcpsocket.html.
"""

from __future__ import annotations

from typing import Any

from qnet.core.object import QObject
from qnet.socket._enums import SocketType
from qnet.socket.abstractsocket import QAbstractSocket

__all__ = ["QTcpSocket"]


class QTcpSocket(QAbstractSocket):
    """A TCP connection, as a client or as what a QTcpServer accepted. Qt page: QTcpSocket.

    A connected socket is held by the event loop that serves it; close it to let go of it.
    """

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        super().__init__(SocketType.TcpSocket, parent, **properties)
