"""QBuffer: a byte array as a random-access device."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qnet.core._device_core import APPEND, READ, TRUNCATE, UNBUFFERED, WRITE
from qnet.core._post import post_call
from qnet.core.bytearray import QByteArray
from qnet.core.iodevice import QIODevice, QIODeviceBase
from qnet.core.logging import qWarning
from qnet.core.object import QObject

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from qnet.core.signals import SignalInstance

__all__ = ["QBuffer"]

_WIDEST_GAP = 2**31 - 1  # what seek() fills with zeros at most: beyond, it is a mistake and would exhaust memory


class QBuffer(QIODevice):
    """Reads and writes a QByteArray in place (`QBuffer <https://doc.qt.io/qt-6/qbuffer.html>`_).

    ``QBuffer(array)`` works on *array*, a QByteArray or bytearray, which sees every write; with other bytes, or
    none, it works on an array of its own. It is always open unbuffered; WriteOnly keeps what is there, Truncate
    empties it, and Append only starts at the end.

    `bytesWritten` and `readyRead` come from the event loop, one of each for all writes since the last.
    """

    _q_listened = False  # whether anybody was ever connected to a signal that has to be posted
    _q_posted = False
    _q_unreported = 0

    def __init__(
        self,
        buf: Buffer | QObject | None = None,
        parent: QObject | None = None,
        **properties: Any,
    ) -> None:
        if isinstance(buf, QObject):
            buf, parent = None, buf
        self._q_array: bytearray = _array(buf)
        super().__init__(parent, **properties)

    def buffer(self) -> bytearray:
        """The array that it works on, itself: a QByteArray, or the bytearray that was given."""
        return self._q_array

    def data(self) -> QByteArray:
        """A copy of the content."""
        return QByteArray(self._q_array)

    def setBuffer(self, a: Buffer | None, /) -> None:
        """Work on *a* from now on (None: on an own, empty array). Ignored, with a warning, while open."""
        array = _array(a)
        if QIODevice.isOpen(self):
            qWarning("QBuffer::setBuffer: Buffer is open")
            return
        self._q_array = array

    def setData(self, data: Buffer, /) -> None:
        """Replace the content, in place. Ignored, with a warning, while open."""
        content = memoryview(data).tobytes()
        if QIODevice.isOpen(self):
            qWarning("QBuffer::setData: Buffer is open")
            return
        _replace(self._q_array, 0, len(self._q_array), content)

    def open(self, openMode: QIODeviceBase.OpenModeFlag, /) -> bool:
        """Open; Append and Truncate imply writing. False, with a warning, for a mode that does neither."""
        mode = int(openMode) | UNBUFFERED
        if mode & (APPEND | TRUNCATE):
            mode |= WRITE
        if not mode & (READ | WRITE):
            qWarning("QBuffer::open: Buffer access not specified")
            return False
        if mode & TRUNCATE:
            _replace(self._q_array, 0, len(self._q_array), b"")
        return super().open(QIODeviceBase.OpenModeFlag(mode))

    def size(self) -> int:
        """Length of the content."""
        return len(self._q_array)

    def seek(self, off: int, /) -> bool:
        """Go to the byte *off*. Past the end of a writable buffer the gap is filled with zeros, else it fails."""
        size = len(self._q_array)
        if off > size and self._q_writable:
            if off - size > _WIDEST_GAP:
                qWarning("QBuffer::seek: Unable to fill gap")
                return False
            _replace(self._q_array, size, size, bytes(off - size))
        elif off < 0 or (off > size and QIODevice.isOpen(self)):
            qWarning(f"QBuffer::seek: Invalid pos: {off}")
            return False
        return super().seek(off)

    def canReadLine(self) -> bool:
        """Whether a line end follows the position."""
        start = max(0, self._q_position + self._q_buffer.size)
        return QIODevice.isOpen(self) and (super().canReadLine() or self._q_array.find(b"\n", start) >= 0)

    def readData(self, maxlen: int, /) -> bytes:
        """At most *maxlen* bytes at `pos`."""
        start = max(0, self.pos())
        with memoryview(self._q_array) as view:
            return view[start : start + maxlen].tobytes()

    def readLineData(self, maxlen: int, /) -> bytes:
        """At most *maxlen* bytes at `pos`, up to and including the line end."""
        start = max(0, self.pos())
        newline = self._q_array.find(b"\n", start, start + maxlen)
        return self.readData(maxlen if newline < 0 else newline + 1 - start)

    def writeData(self, data: bytes, length: int, /) -> int:
        """Overwrite *length* bytes at `pos`, growing as needed."""
        array = self._q_array
        position = max(0, self.pos())
        size = len(array)
        if position > size:  # somebody shortened the shared array
            _replace(array, size, size, bytes(position - size))
        _replace(array, position, position + length, data)
        self._q_unreported += length
        if self._q_listened and not self._q_posted:
            self._q_posted = True
            post_call(self, _report, weakref.ref(self))
        return length

    def _q_connections_changed(self, handler: str, signal: SignalInstance) -> None:
        if not self._q_listened and (signal in (QBuffer.readyRead.existing(self), QBuffer.bytesWritten.existing(self))):
            self._q_listened = True
            self._q_unreported = 0
        super()._q_connections_changed(handler, signal)


def _report(ref: weakref.ref[QBuffer]) -> None:
    buffer = ref()
    if buffer is None:
        return
    # Before the signals: what a slot writes is reported in its turn.
    written, buffer._q_unreported, buffer._q_posted = buffer._q_unreported, 0, False
    QBuffer.bytesWritten.emit_from(buffer, written)
    QBuffer.readyRead.emit_from(buffer)


def _array(data: Buffer | None) -> bytearray:
    if data is None:
        return QByteArray()
    return data if isinstance(data, bytearray) else QByteArray(memoryview(data).tobytes())


def _replace(array: bytearray, start: int, stop: int, data: bytes) -> None:
    """``array[start:stop] = data`` whatever a QByteArray makes of item assignment."""
    bytearray.__setitem__(array, slice(start, stop), data)
