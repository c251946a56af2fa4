"""QSocketNotifier: activity on a descriptor as a signal.

Source: https://doc.qt.io/qt-6/qsocketnotifier.html.
"""

from __future__ import annotations

from typing import Any

from qnet.core import _delivery, _thread_data
from qnet.core._delivery import deliver
from qnet.core._enums import QtEnum, flat_enums
from qnet.core._post import post_to_data
from qnet.core._thread_data import ThreadData
from qnet.core.event import QEvent
from qnet.core.eventdispatcher import dispatcher_for
from qnet.core.logging import qWarning
from qnet.core.object import QObject
from qnet.core.signals import Signal

__all__ = ["QSocketDescriptor", "QSocketNotifier"]


class QSocketDescriptor(int):
    """A descriptor: an integer with Qt's `isValid`."""

    def __new__(cls, descriptor: int = -1) -> QSocketDescriptor:
        """-1 stands for no descriptor."""
        return super().__new__(cls, descriptor)

    def isValid(self) -> bool:
        """Whether this can be a descriptor at all."""
        return self >= 0


class _NotifierType(QtEnum):
    """The kinds of activity."""

    Read = 0
    Write = 1
    Exception = 2


@flat_enums
class QSocketNotifier(QObject):
    """Emits `activated` whenever the loop finds *socket* ready for *type*: level triggered, once a turn.

    Forms: ``(socket, type[, parent])`` and ``(type[, parent])`` with `setSocket` later. The descriptor stays the
    caller's: it must be open while the notifier is enabled. A notifier without descriptor is disabled.
    """

    Type = _NotifierType

    activated = Signal((QSocketDescriptor, _NotifierType), (int,))

    def __init__(self, *args: Any, **properties: Any) -> None:
        arguments = list(args)
        descriptor = -1
        if arguments and not isinstance(arguments[0], _NotifierType):
            first = arguments.pop(0)
            fileno = getattr(first, "fileno", None)
            descriptor = fileno() if fileno is not None else first
            if not isinstance(descriptor, int):
                raise TypeError(f"a descriptor is an int, not {type(descriptor).__name__}")
        if not arguments or not isinstance(arguments[0], _NotifierType):
            raise TypeError("QSocketNotifier wants ([socket,] QSocketNotifier.Type[, parent])")
        self._q_type: _NotifierType = arguments.pop(0)
        self._q_socket = descriptor
        self._q_enabled = False
        super().__init__(*arguments, **properties)
        if descriptor < 0 and len(args) > len(arguments) + 1:
            qWarning("QSocketNotifier: Invalid socket specified")
        QSocketNotifier.setEnabled(self, descriptor >= 0)

    def socket(self) -> int:
        """The descriptor, -1 if none is set."""
        return self._q_socket

    def setSocket(self, socket: int) -> None:
        """Watch *socket* from the next `setEnabled` on; the notifier is disabled by this."""
        QSocketNotifier.setEnabled(self, False)
        self._q_socket = int(socket)

    def type(self) -> _NotifierType:
        """The kind of activity."""
        return self._q_type

    def isValid(self) -> bool:
        """Whether a descriptor is set."""
        return self._q_socket >= 0

    def isEnabled(self) -> bool:
        """Whether `activated` is emitted."""
        return self._q_enabled

    def setEnabled(self, enable: bool) -> None:
        """Start or stop emitting. Raises OSError if the system cannot watch the descriptor."""
        enable = bool(enable)
        if self._q_socket < 0 or enable == self._q_enabled:
            return
        thread = self._q.thread
        if thread is not _thread_data.current():
            qWarning("QSocketNotifier: Socket notifiers cannot be enabled or disabled from another thread")
            return
        dispatcher = dispatcher_for(thread)
        if enable:
            dispatcher.registerSocketNotifier(self)
        else:
            dispatcher.unregisterSocketNotifier(self)
        self._q_enabled = enable

    def _q_activate(self) -> None:
        if _delivery.observed or "_q_filters" in self.__dict__ or type(self).event is not QSocketNotifier.event:
            deliver(self, QEvent(QEvent.Type.SockAct))
        else:
            self._q_emit()

    def event(self, event: QEvent) -> bool:
        """Emits `activated` for a SockAct event."""
        if event.type() is QEvent.Type.SockAct:
            self._q_emit()
            return True
        return super().event(event)

    def _q_emit(self) -> None:
        first = QSocketNotifier.activated.of(self)
        first.emit(QSocketDescriptor(self._q_socket), self._q_type)
        if first._overloads:
            first[int].emit(self._q_socket)

    def _q_finalize(self) -> None:
        if self._q_enabled:
            self._q_enabled = False
            dispatcher = self._q.thread.dispatcher
            if dispatcher is not None:
                dispatcher.unregisterSocketNotifier(self)
        super()._q_finalize()

    def _q_change_thread(self, source: ThreadData, target: ThreadData) -> None:
        enabled = self._q_enabled
        if enabled and source.dispatcher is not None:
            source.dispatcher.unregisterSocketNotifier(self)
            self._q_enabled = False
        super()._q_change_thread(source, target)
        if enabled:
            post_to_data(self._q, QSocketNotifier.setEnabled, self, True)
