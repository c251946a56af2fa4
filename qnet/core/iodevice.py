"""QIODevice: the one interface of everything that is read and written, and its open modes.

How reads reach the buffer and the device is in `qnet.core._device_core`; here is what programs call.
"""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, overload

from qnet.core._device_core import APPEND, TEXT, DeviceCore
from qnet.core._enums import QtFlag, flat_enums
from qnet.core.bytearray import QByteArrayView
from qnet.core.signals import Signal

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Buffer

    from qnet.core.object import QObject

__all__ = ["QIODevice", "QIODeviceBase"]

_EMPTY = QByteArrayView()


@flat_enums
class QIODeviceBase:
    """Holds the flags that devices and streams are opened with."""

    class OpenModeFlag(QtFlag):
        """How a device is opened (`<https://doc.qt.io/qt-6/qiodevicebase.html#OpenModeFlag-enum>`_)."""

        NotOpen = 0x00
        ReadOnly = 0x01
        WriteOnly = 0x02
        ReadWrite = 0x03
        Append = 0x04
        Truncate = 0x08
        Text = 0x10
        Unbuffered = 0x20
        NewOnly = 0x40
        ExistingOnly = 0x80

    OpenMode = OpenModeFlag


class QIODevice(DeviceCore, QIODeviceBase):
    """The base of files, buffers, sockets and replies (`QIODevice <https://doc.qt.io/qt-6/qiodevice.html>`_).

    A device is *random-access* (it has a size and a position) or *sequential* (data arrives once, in order).
    Derive from it and override ``readData``, ``writeData`` and, as needed, ``isSequential``, ``size``,
    ``bytesAvailable``, ``seek``, ``close`` to make one's own.

    Reads return `QByteArrayView`, a kind of ``bytes``. On a device that is not open, or not for that
    direction, they return an empty one (or -1, or False), with a warning. Writes take anything bytes-like; text
    is a TypeError, for only the program knows its encoding.

    With ``Text`` in the mode every b"\\r" is dropped on reading, while sizes and positions keep counting it.
    """

    readyRead = Signal()
    """New data can be read; emitted once for what arrived together."""
    bytesWritten = Signal("qlonglong", arguments=["bytes"])
    """The device took this many bytes of what was written."""
    aboutToClose = Signal()
    """The device is about to close: it can still be read."""
    readChannelFinished = Signal()
    """No more data will ever arrive."""
    channelReadyRead = Signal(int, arguments=["channel"])
    """`readyRead` of one channel of a device that has several."""
    channelBytesWritten = Signal(int, "qlonglong", arguments=["channel", "bytes"])
    """`bytesWritten` of one channel of a device that has several."""

    _q_read_channel = 0
    _q_write_channel = 0

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        if type(self) is QIODevice:
            raise NotImplementedError("QIODevice is abstract: use QFile, QBuffer, a socket or a subclass")
        super().__init__(parent, **properties)

    # -- opening and closing

    def open(self, mode: QIODeviceBase.OpenModeFlag, /) -> bool:
        """Open with *mode* and forget an earlier error. Subclasses return False where they cannot."""
        self._q_reset()
        QIODevice.setOpenMode(self, mode)
        self._q_error_text = ""
        self._q_position = self.size() if self._q_mode & APPEND else 0
        return True

    def close(self) -> None:
        """Emit `aboutToClose`, then close and drop what was not read. Nothing happens if it is not open."""
        if not self._q_mode or self._q_closing:
            return
        self._q_closing = True
        try:
            QIODevice.aboutToClose.emit_from(self)
        finally:
            self._q_closing = False
        self._q_set_mode(0)
        self._q_reset()

    def openMode(self) -> QIODeviceBase.OpenModeFlag:
        """The mode it is open with; NotOpen if it is not."""
        return QIODeviceBase.OpenModeFlag(self._q_mode)

    def setOpenMode(self, openMode: QIODeviceBase.OpenModeFlag, /) -> None:
        """For subclasses: take *openMode* without opening anything."""
        if not isinstance(openMode, int):
            raise TypeError(f"expected a QIODevice.OpenModeFlag, not {type(openMode).__name__}")
        self._q_set_mode(int(openMode))

    def isOpen(self) -> bool:
        """Whether it is open in any mode."""
        return self._q_mode != 0

    def isReadable(self) -> bool:
        """Whether it is open for reading."""
        return self._q_readable

    def isWritable(self) -> bool:
        """Whether it is open for writing."""
        return self._q_writable

    def isTextModeEnabled(self) -> bool:
        """Whether reads drop b"\\r"."""
        return self._q_text

    def setTextModeEnabled(self, enabled: bool, /) -> None:
        """Switch the Text flag of an open device."""
        if not self._q_mode:
            self._q_warn("setTextModeEnabled", "The device is not open")
            return
        self._q_set_mode(self._q_mode | TEXT if enabled else self._q_mode & ~TEXT)

    def errorString(self) -> str:
        """What went wrong last, for people; "Unknown error" if nothing did. Opening forgets it."""
        return self._q_error_text or "Unknown error"

    def setErrorString(self, errorString: str, /) -> None:
        """For subclasses: set what `errorString` says."""
        self._q_error_text = errorString

    # -- channels

    def readChannelCount(self) -> int:
        """How many channels can be read: 1 when it is open for reading, else 0."""
        return 1 if self._q_readable else 0

    def writeChannelCount(self) -> int:
        """How many channels can be written: 1 when it is open for writing, else 0."""
        return 1 if self._q_writable else 0

    def currentReadChannel(self) -> int:
        """The channel that is read."""
        return self._q_read_channel

    def setCurrentReadChannel(self, channel: int, /) -> None:
        """Choose the channel that is read, on a device that has several."""
        self._q_read_channel = index(channel)

    def currentWriteChannel(self) -> int:
        """The channel that is written."""
        return self._q_write_channel

    def setCurrentWriteChannel(self, channel: int, /) -> None:
        """Choose the channel that is written, on a device that has several."""
        self._q_write_channel = index(channel)

    # -- where it is

    def pos(self) -> int:
        """The position of the next read or write; 0 on a sequential device."""
        return self._q_position

    def reset(self) -> bool:
        """Go to the start; False where `seek` cannot."""
        return self.seek(0)

    def atEnd(self) -> bool:
        """Whether there is nothing to read now. On a sequential device more may still arrive."""
        return not self._q_mode or self.bytesAvailable() == 0

    def bytesToWrite(self) -> int:
        """How many written bytes the device still holds back."""
        return self._q_write_buffer.size if self._q_write_buffer is not None else 0

    def canReadLine(self) -> bool:
        """Whether a whole line is in the buffer, so that `readLine` returns at once."""
        return self._q_readable and self._q_buffer.find_newline() >= 0

    def waitForReadyRead(self, msecs: int, /) -> bool:
        """Block until data arrived, at most *msecs* milliseconds (-1: no limit). False here: nothing will."""
        return False

    def waitForBytesWritten(self, msecs: int, /) -> bool:
        """Block until data was written, at most *msecs* milliseconds (-1: no limit). False here."""
        return False

    # -- reading

    @overload
    def read(self, maxlen: int, /) -> QByteArrayView: ...
    @overload
    def read(self, buffer: bytearray | memoryview, maxlen: int, /) -> int: ...
    def read(self, maxlen: int | bytearray | memoryview, size: int | None = None, /) -> QByteArrayView | int:
        """Read at most *maxlen* bytes; fewer when fewer are there, never waiting for more.

        With a buffer as first argument the bytes go there and the result is their number, or -1 for an error.
        """
        if self._q_plain and type(maxlen) is int and maxlen >= 0 and size is None:
            data = self._q_buffer.take(maxlen)
            if self._q_paused:
                self._q_after_read()
            return data if type(data) is QByteArrayView else QByteArrayView(data)
        if size is not None:
            count, view = _target(maxlen, size)
            if not self._q_ready("read", count):
                return -1
            return _store(view, self._q_read(count))
        count = _count(maxlen)
        return QByteArrayView(self._q_read(count)) if self._q_ready("read", count) else _EMPTY

    def readAll(self) -> QByteArrayView:
        """Read everything that is there now."""
        if self._q_plain:
            buffer = self._q_buffer
            if len(buffer._chunks) == 1 and not (buffer._offset or buffer._scanned):
                data = buffer._chunks.pop()  # ReadBuffer.take_all() without the call
                buffer.size = 0
            else:
                data = buffer.take_all()
            if self._q_paused:
                self._q_after_read()
            return data if type(data) is QByteArrayView else QByteArrayView(data)
        return QByteArrayView(self._q_read_all()) if self._q_ready("read") else _EMPTY

    @overload
    def readLine(self, maxlen: int = 0) -> QByteArrayView: ...
    @overload
    def readLine(self, maxlen: bytearray | memoryview, size: int, /) -> int: ...
    def readLine(self, maxlen: int | bytearray | memoryview = 0, size: int | None = None) -> QByteArrayView | int:
        """Read a line with its b"\\n", or what is there when no line end is.

        :param maxlen: the longest result plus one (in C++ that one is the terminating zero): ``readLine(81)``
            returns at most 80 bytes and the next call the rest. 0 is no limit; 1 and less than 0 are errors.

        With a buffer as first argument the bytes and a zero go there, and the result is their number or -1.
        """
        if self._q_plain and type(maxlen) is int and not maxlen and size is None:
            line = self._q_buffer.read_line()
            if self._q_paused:
                self._q_after_read()
            return QByteArrayView(line)
        if size is not None:
            count, view = _target(maxlen, size)
            if not self._q_ready("readLine", count, 2):
                return -1
            data = self._q_read_line(count - 1)
            view[len(data)] = 0
            return _store(view, data) if data else -1
        count = _count(maxlen)
        if not self._q_ready("readLineInto", count or 2, 2):
            return _EMPTY
        return QByteArrayView(self._q_read_line(count - 1))

    def readLineInto(self, result: bytearray, /, maxlen: int = 0) -> bool:
        """Read a line as `readLine` does into *result*, a QByteArray or bytearray, replacing what it holds.

        False when nothing could be read; *result* is empty then.
        """
        if not isinstance(result, bytearray):
            raise TypeError(f"expected a QByteArray or bytearray to fill, not {type(result).__name__}")
        line = QIODevice.readLine(self, maxlen)
        result[:] = line
        return bool(line)

    @overload
    def peek(self, maxlen: int, /) -> QByteArrayView: ...
    @overload
    def peek(self, buffer: bytearray | memoryview, maxlen: int, /) -> int: ...
    def peek(self, maxlen: int | bytearray | memoryview, size: int | None = None, /) -> QByteArrayView | int:
        """What `read` would return, without taking it."""
        if size is not None:
            count, view = _target(maxlen, size)
            return _store(view, self._q_peek(count)) if self._q_ready("peek", count) else -1
        count = _count(maxlen)
        return QByteArrayView(self._q_peek(count)) if self._q_ready("peek", count) else _EMPTY

    def skip(self, maxSize: int, /) -> int:
        """Drop at most *maxSize* bytes; how many those were, or -1 for an error."""
        count = _count(maxSize)
        return self._q_skip(count) if self._q_ready("skip", count) else -1

    def getChar(self) -> tuple[bool, str]:
        """Read one byte: whether there was one, and it as the character of that number."""
        data = self._q_read(1) if self._q_ready("read") else b""
        return (True, data.decode("latin-1")) if data else (False, "\0")

    def ungetChar(self, c: str | int, /) -> None:
        """Put the byte *c* (a character or number below 256) back: it will be read next.

        What the device stores does not change. Not possible in a transaction.
        """
        byte = _byte(c)
        if not self._q_ready("read"):
            return
        if self._q_in_transaction:
            self._q_warn("ungetChar", "Called while transaction is in progress")
            return
        self._q_buffer.unread(byte)
        if not self.isSequential():
            self._q_position -= 1

    def _q_ready(self, call: str, count: int = 0, least: int = 0) -> bool:
        """Whether *call* may read *count* bytes, of which it needs *least*; if not, warn."""
        if not self._q_readable:
            problem = "WriteOnly device" if self._q_mode else "device not open"
        elif count < least:
            problem = f"Called with maxSize < {least}"
        else:
            return True
        self._q_warn(call, problem)
        return False

    # -- transactions

    def startTransaction(self) -> None:
        """From here on reads can be undone by `rollbackTransaction`. Transactions do not nest."""
        if self._q_in_transaction:
            self._q_warn("startTransaction", "Called while transaction already in progress")
            return
        self._q_in_transaction = True
        if self.isSequential():
            self._q_undo = []
        else:
            self._q_start = self._q_position
        self._q_update()

    def commitTransaction(self) -> None:
        """End the transaction; what was read in it is gone."""
        if not self._q_in_transaction:
            self._q_warn("commitTransaction", "Called while no transaction in progress")
            return
        self._q_end_transaction()
        if self._q_paused:
            self._q_after_read()

    def rollbackTransaction(self) -> None:
        """End the transaction as if nothing had been read since `startTransaction`."""
        if not self._q_in_transaction:
            self._q_warn("rollbackTransaction", "Called while no transaction in progress")
            return
        sequential = self._q_undo is not None
        taken = self._q_end_transaction()
        if sequential:
            self._q_buffer.unread(b"".join(taken))
        elif self._q_mode:
            self.seek(self._q_start)

    def isTransactionStarted(self) -> bool:
        """Whether a transaction is under way."""
        return self._q_in_transaction

    def _q_end_transaction(self) -> list[bytes]:
        taken = self._q_undo or []
        self._q_in_transaction = False
        self._q_undo = None
        self._q_update()
        return taken

    # -- writing

    def write(self, data: Buffer, /) -> int:
        """Write bytes; how many the device took (a socket: all), or -1 for an error.

        `bytesWritten` follows from the event loop, where the device has that signal. TypeError for text.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            data = _bytes_like(data)
        if self._q_writes_chunks:
            return self._q_write_chunk(data)
        return self._q_write(data)

    def putChar(self, c: str | int, /) -> bool:
        """Write one byte, given as a character or a number below 256."""
        return QIODevice.write(self, _byte(c)) == 1


def _count(value: object) -> int:
    if type(value) is int:
        return value
    try:
        return index(value)  # type: ignore[arg-type]  # what is not an integer raises
    except TypeError:
        raise TypeError(f"expected a number of bytes, not {type(value).__name__}") from None


def _target(target: object, size: object) -> tuple[int, memoryview]:
    """The buffer of a call that fills one, and how much of it is to be filled."""
    if not isinstance(target, (bytearray, memoryview)):
        raise TypeError(f"expected a bytearray to fill, not {type(target).__name__}")
    view = memoryview(target).cast("B")
    if view.readonly:
        raise TypeError("expected a writable buffer")
    return min(_count(size), len(view)), view


def _store(view: memoryview, data: bytes) -> int:
    view[: len(data)] = data
    return len(data)


def _byte(c: str | int) -> bytes:
    if isinstance(c, str) and len(c) == 1:
        number = ord(c)
    elif isinstance(c, int):
        number = c + 256 if c < 0 else c  # a C++ char may be signed
    else:
        raise TypeError(f"expected one character or a number, not {c!r}")
    if not 0 <= number <= 255 or (isinstance(c, int) and c < -128):
        raise ValueError(f"expected a byte, not {c!r}")
    return bytes((number,))


def _bytes_like(data: object) -> memoryview:
    if isinstance(data, str):
        raise TypeError("expected bytes, not str: encode it first")
    try:
        return memoryview(data)  # type: ignore[arg-type]  # what has no buffer raises
    except TypeError:
        raise TypeError(f"expected bytes, not {type(data).__name__}") from None
