"""Every way to a name has its type, and a name that does not exist is an error."""

from __future__ import annotations

from typing import Any

from typing_extensions import assert_type

import qnet
import qnet.QtCore
from qnet import QSignalSpy, QTcpSocket, __version__
from qnet.QtNetwork import QTcpSocket as SameSocket
from qnet.QtTest import QTest

same: type[SameSocket] = QTcpSocket
also: type[QTcpSocket] = qnet.QTcpSocket
assert_type(qnet.QtCore.QObject(), qnet.QObject)
assert_type(__version__, str)
assert_type(QSignalSpy(QTcpSocket().readyRead).at(0), list[Any])
assert_type(QTest.qWaitFor(lambda: True), bool)

from qnet import QNothing  # noqa: E402, F401  # error: attr-defined
from qnet.QtCore import QTcpSocket as Elsewhere  # noqa: E402, F401  # error: attr-defined

qnet.QNothing  # error: attr-defined
