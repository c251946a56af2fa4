"""QSignalBlocker: no signals of an object for a while.

Source: https://doc.qt.io/qt-6/qsignalblocker.html.
"""

from __future__ import annotations

from qnet.core.object import QObject

__all__ = ["QSignalBlocker"]


class QSignalBlocker:
    """Blocks the signals of an object (None: of nothing) until it is unblocked, left as a context, or dropped.

    Qt page: QSignalBlocker.
    """

    def __init__(self, obj: QObject | None) -> None:
        if obj is not None and not isinstance(obj, QObject):
            raise TypeError(f"QSignalBlocker wants a QObject, not {type(obj).__name__}")
        self._q_data = obj._q if obj is not None else None
        self._q_previous = False
        self._q_inhibited = True
        self.reblock()

    def reblock(self) -> None:
        """Block again after `unblock`."""
        if self._q_data is not None and self._q_inhibited:
            self._q_previous = self._q_data.blocked
            self._q_data.blocked = True
        self._q_inhibited = False

    def unblock(self) -> None:
        """Restore the state from before the blocker."""
        if self._q_data is not None and not self._q_inhibited:
            self._q_data.blocked = self._q_previous
        self._q_inhibited = True

    def dismiss(self) -> None:
        """Let go of the object without a change of its state."""
        self._q_data = None

    def __enter__(self) -> QSignalBlocker:
        self.reblock()
        return self

    def __exit__(self, *exc: object) -> None:
        self.unblock()

    def __del__(self) -> None:
        if "_q_inhibited" in self.__dict__:
            self.unblock()
