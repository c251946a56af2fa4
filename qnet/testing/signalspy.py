"""QSignalSpy: keeps every emission of a signal. Source: https://doc.qt.io/qt-6/qsignalspy.html."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, overload

from qnet.core._post import post_call
from qnet.core.bytearray import QByteArray
from qnet.core.eventloop import QEventLoop
from qnet.core.logging import qWarning
from qnet.core.metaobject import QMetaMethod
from qnet.core.namespace import Qt
from qnet.core.object import QObject
from qnet.core.signals import SignalInstance
from qnet.core.slots import find_signal
from qnet.core.timer import QTimer
from qnet.testing._time import milliseconds

__all__ = ["QSignalSpy"]


class QSignalSpy:
    """A list of the emissions of one signal, each a list of the arguments. Qt page: QSignalSpy.

    ``QSignalSpy(socket.readyRead)``, ``QSignalSpy(socket, SIGNAL("readyRead()"))`` or with a `QMetaMethod`. The
    emissions of every thread are kept, at once and in their order. The spy does not keep the object alive. As in
    C++, it is a sequence: ``len(spy)``, ``spy[0]`` and iteration work as on a list.
    """

    @overload
    def __init__(self, signal: SignalInstance, /) -> None: ...
    @overload
    def __init__(self, obj: QObject, signal: str | bytes | QMetaMethod, /) -> None: ...
    def __init__(self, obj: QObject | SignalInstance, signal: str | bytes | QMetaMethod | None = None, /) -> None:
        self._q_emissions: list[list[Any]] = []
        self._q_loops: list[QEventLoop] = []
        self._q_signature = ""
        spied = _resolve(obj, signal)
        if spied is not None:
            self._q_signature = spied.signature()
            spied.connect(self._q_record, Qt.ConnectionType.DirectConnection)

    def _q_record(self, *args: Any) -> None:
        self._q_emissions.append(list(args))
        for loop in list(self._q_loops):
            post_call(loop, loop.quit)  # posted, because a loop that is about to be entered ignores quit()

    def isValid(self) -> bool:
        """Whether the signal exists; a spy on one that does not stays empty."""
        return bool(self._q_signature)

    def signal(self) -> QByteArray:
        """The signal's normalised signature, such as ``bytesWritten(int)``; empty for an invalid spy."""
        return QByteArray(self._q_signature.encode())

    def wait(self, timeout: int | timedelta = 5000) -> bool:
        """Turn this thread's event loop until the next emission; whether there was one within *timeout* (ms).

        Emissions from before the call do not count. A negative *timeout* ends at once, as 0 does.
        """
        before = len(self._q_emissions)
        loop = QEventLoop()
        timer = QTimer(singleShot=True, interval=milliseconds(timeout), timeout=loop.quit)
        self._q_loops.append(loop)
        timer.start()
        try:
            loop.exec()
        finally:
            self._q_loops.remove(loop)
        return len(self._q_emissions) > before

    def at(self, i: int) -> list[Any]:
        """The arguments of emission *i*, counted from 0. Raises IndexError when there are fewer."""
        if not 0 <= i < len(self._q_emissions):
            raise IndexError(f"emission {i} of {self._q_signature or 'an invalid signal'}: {self.count()} so far")
        return self._q_emissions[i]

    def count(self) -> int:
        """How many emissions there are."""
        return len(self._q_emissions)

    size = length = count

    def isEmpty(self) -> bool:
        """Whether there is no emission."""
        return not self._q_emissions

    def first(self) -> list[Any]:
        """The arguments of the oldest emission; IndexError when there is none."""
        return self.at(0)

    def last(self) -> list[Any]:
        """The arguments of the newest emission; IndexError when there is none."""
        return self.at(len(self._q_emissions) - 1)

    def takeFirst(self) -> list[Any]:
        """`first`, which is then forgotten."""
        self.first()
        return self._q_emissions.pop(0)

    def takeLast(self) -> list[Any]:
        """`last`, which is then forgotten."""
        self.last()
        return self._q_emissions.pop()

    def clear(self) -> None:
        """Forget all emissions."""
        self._q_emissions.clear()

    def __len__(self) -> int:
        return len(self._q_emissions)

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self._q_emissions)

    @overload
    def __getitem__(self, i: int) -> list[Any]: ...
    @overload
    def __getitem__(self, i: slice) -> list[list[Any]]: ...
    def __getitem__(self, i: int | slice) -> list[Any] | list[list[Any]]:
        return self._q_emissions[i]

    def __repr__(self) -> str:
        return f"<QSignalSpy {self._q_signature or '(invalid)'}: {self._q_emissions!r}>"


def _resolve(obj: QObject | SignalInstance, signal: str | bytes | QMetaMethod | None) -> SignalInstance | None:
    """The signal to spy on; None, after a warning, when *obj* has none of that signature."""
    if isinstance(obj, SignalInstance) and signal is None:
        return obj
    if not isinstance(obj, QObject) or not isinstance(signal, (str, bytes, QMetaMethod)):
        raise TypeError(
            "QSignalSpy wants a signal of an object, or a QObject and SIGNAL(...) or a QMetaMethod, not "
            + ", ".join(type(value).__name__ for value in (obj, signal) if value is not None)
        )
    text = bytes(signal.methodSignature()).decode() if isinstance(signal, QMetaMethod) else _signature(signal)
    if not text:
        qWarning("QSignalSpy: Not a valid signal, use the SIGNAL macro")
        return None
    found = find_signal(obj, text)
    if found is None:
        qWarning(f"QSignalSpy: No such signal: '{text}'")
    return found


def _signature(signal: str | bytes) -> str:
    """What SIGNAL() was given; empty for a text that does not come from it."""
    text = signal.decode() if isinstance(signal, bytes) else signal
    return text[1:] if text.startswith("2") else ""
