"""The part of QDataStream below its types: settings, status, transactions, and bytes from and to the device.

Transactions (https://doc.qt.io/qt-6/qdatastream.html#using-read-transactions) nest, and only the outermost touches
the device. A failure inside one blocks every further read until it ends:

=============================  =====================================================================
call                           effect
=============================  =====================================================================
``startTransaction``           outermost: device transaction starts, status becomes Ok
``rollbackTransaction``        status becomes ReadPastEnd, then as below
``abortTransaction``           status becomes ReadCorruptData whatever it was, then as below
``commitTransaction``          as below
outermost ends, ReadPastEnd    the device is rewound: the data may be complete next time
outermost ends, other status   the device keeps its position: reading the same again cannot help
=============================  =====================================================================
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import MethodType
from typing import Any

from qnet.core._datastream_wire import EXTENDED_SIZE, NULL_SIZE, SIZE_LIMIT, TooLarge, Wire, wire
from qnet.core._enums import QtEnum, flat_enums
from qnet.core.iodevice import QIODevice, QIODeviceBase
from qnet.core.logging import qWarning

__all__ = ["DataStreamBase"]

_FIRST_BLOCK = 1 << 16
"""A length prefix is only a claim: data is asked for in blocks that start here and double as they arrive."""

_LAST_BLOCK = 1 << 24


@flat_enums
class DataStreamBase(QIODeviceBase):
    """Settings, status, transactions and raw transfer: see `QDataStream`."""

    class Version(QtEnum):
        """The version of the format: Qt's releases that changed something, and those between them."""

        Qt_1_0 = 1
        Qt_2_0 = 2
        Qt_2_1 = 3
        Qt_3_0 = 4
        Qt_3_1 = 5
        Qt_3_3 = 6
        Qt_4_0 = 7
        Qt_4_1 = 7
        Qt_4_2 = 8
        Qt_4_3 = 9
        Qt_4_4 = 10
        Qt_4_5 = 11
        Qt_4_6 = 12
        Qt_4_7 = 12
        Qt_4_8 = 12
        Qt_4_9 = 12
        Qt_5_0 = 13
        Qt_5_1 = 14
        Qt_5_2 = 15
        Qt_5_3 = 15
        Qt_5_4 = 16
        Qt_5_5 = 16
        Qt_5_6 = 17
        Qt_5_7 = 17
        Qt_5_8 = 17
        Qt_5_9 = 17
        Qt_5_10 = 17
        Qt_5_11 = 17
        Qt_5_12 = 18
        Qt_5_13 = 19
        Qt_5_14 = 19
        Qt_5_15 = 19
        Qt_6_0 = 20
        Qt_6_1 = 20
        Qt_6_2 = 20
        Qt_6_3 = 20
        Qt_6_4 = 20
        Qt_6_5 = 20
        Qt_6_6 = 21
        Qt_6_7 = 22
        Qt_6_8 = 22
        Qt_6_9 = 22
        Qt_6_10 = 23
        Qt_DefaultCompiledVersion = 23

    class ByteOrder(QtEnum):
        """Which byte of a number comes first."""

        BigEndian = 0
        LittleEndian = 1

    class Status(QtEnum):
        """How the stream fares. The first status other than Ok stays until it is reset."""

        Ok = 0
        ReadPastEnd = 1
        ReadCorruptData = 2
        WriteFailed = 3
        SizeLimitExceeded = 4

    class FloatingPointPrecision(QtEnum):
        """The size of floating point numbers on the wire, from version Qt_4_6."""

        SinglePrecision = 0
        DoublePrecision = 1

    def __init__(self) -> None:
        super().__init__()
        self._device: QIODevice | None = None
        self._device_read: Callable[[int], bytes] | None = None
        self._device_write: Callable[[bytes], int] | None = None
        self._status = self.Status.Ok
        self._depth = 0
        self._version: int = self.Version.Qt_DefaultCompiledVersion.value
        self._byte_order = self.ByteOrder.BigEndian
        self._precision = self.FloatingPointPrecision.DoublePrecision
        self._wire: Wire = wire(self._version, ">", False)

    # Settings

    def device(self) -> QIODevice | None:
        """The device, or None; for a stream over a byte array, a QBuffer of its own."""
        return self._device

    def setDevice(self, device: QIODevice | None, /) -> None:
        """Go on with *device* (None: with nothing). Status, version and byte order stay as they are."""
        self._device = device
        self._device_read = None if device is None else MethodType(QIODevice.read, device)
        self._device_write = None if device is None else MethodType(QIODevice.write, device)

    def atEnd(self) -> bool:
        """Whether the device has nothing more to read at the moment; True without a device."""
        return self._device is None or self._device.atEnd()

    def version(self) -> int:
        """The version of the format that is read and written."""
        return self._version

    def setVersion(self, version: int, /) -> None:
        """Read and write the format of *version* (a `Version` or its number): both sides must agree on it."""
        self._version = operator.index(version)
        self._choose_wire()

    def byteOrder(self) -> ByteOrder:
        """The byte order in use: big endian unless it was changed."""
        return self._byte_order

    def setByteOrder(self, order: ByteOrder, /) -> None:
        """Read and write in *order*."""
        self._byte_order = _member(self.ByteOrder, order)
        self._choose_wire()

    def floatingPointPrecision(self) -> FloatingPointPrecision:
        """The precision of floating point numbers on the wire: double unless it was changed."""
        return self._precision

    def setFloatingPointPrecision(self, precision: FloatingPointPrecision, /) -> None:
        """Write floats *and* doubles in *precision*; without effect for versions before Qt_4_6."""
        self._precision = _member(self.FloatingPointPrecision, precision)
        self._choose_wire()

    def _choose_wire(self) -> None:
        order = ">" if self._byte_order == self.ByteOrder.BigEndian else "<"
        self._wire = wire(self._version, order, self._precision == self.FloatingPointPrecision.SinglePrecision)

    # Status

    def status(self) -> Status:
        """Ok, or what went wrong first since the last `resetStatus`."""
        return self._status

    def setStatus(self, status: Status, /) -> None:
        """Report an error; without effect if there is one already."""
        _member(self.Status, status)
        if self._status == self.Status.Ok:
            self._status = status

    def resetStatus(self) -> None:
        """Back to Ok."""
        self._status = self.Status.Ok

    # Transactions

    def startTransaction(self) -> None:
        """Begin to read something that may not have arrived whole; the status becomes Ok.

        End it with `commitTransaction`, `rollbackTransaction` or `abortTransaction`. Transactions nest.
        """
        if self._device is None:
            return
        self._depth += 1
        if self._depth == 1:
            QIODevice.startTransaction(self._device)
            self.resetStatus()

    def commitTransaction(self) -> bool:
        """End the transaction: True if everything was read without an error.

        After ReadPastEnd the device is back where the outermost transaction began, so that the same can be
        read once more has arrived; after any other error the data stays consumed.
        """
        if self._depth == 0:
            qWarning("QDataStream: No transaction in progress")
            return False
        self._depth -= 1
        if self._depth == 0 and self._device is not None:
            if self._status == self.Status.ReadPastEnd:
                QIODevice.rollbackTransaction(self._device)
            else:
                QIODevice.commitTransaction(self._device)
        return self._status == self.Status.Ok

    def rollbackTransaction(self) -> None:
        """End the transaction as if data were missing: it, and all around it, will be rewound."""
        self.setStatus(self.Status.ReadPastEnd)
        self._end_transaction()

    def abortTransaction(self) -> None:
        """End the transaction because the data is wrong: what was read stays consumed."""
        self._status = self.Status.ReadCorruptData
        self._end_transaction()

    def _end_transaction(self) -> None:
        if self._depth == 0:
            qWarning("QDataStream: No transaction in progress")
        else:
            DataStreamBase.commitTransaction(self)

    def isDeviceTransactionStarted(self) -> bool:
        """Whether the device is inside a transaction, of this stream or somebody else's."""
        return self._device is not None and QIODevice.isTransactionStarted(self._device)

    # Bytes

    def _take(self, size: int) -> bytes:
        """Exactly *size* bytes, or none of them: then the device is drained and the status says so."""
        if (self._status and self.isDeviceTransactionStarted()) or self._device_read is None:
            return b""
        data = self._device_read(size)
        if len(data) == size:
            return data
        self.setStatus(self.Status.ReadPastEnd)
        return b""

    def _put(self, data: bytes) -> None:
        if self._status or self._device_write is None:
            return
        if self._device_write(data) != len(data):
            self._status = self.Status.WriteFailed

    def _take_size(self) -> int | None:
        """A length prefix: -1 for null, None if it could not be read or is no length."""
        data = self._take(4)
        if not data:
            return None
        size = self._wire.u32.unpack(data)[0]
        if size < EXTENDED_SIZE:
            return size
        if size == NULL_SIZE:
            return -1
        if not self._wire.has_extended_sizes:
            return size
        data = self._take(8)
        if not data:
            return None
        size = self._wire.i64.unpack(data)[0]
        if size < -1:
            self.setStatus(self.Status.SizeLimitExceeded)
            return None
        return size

    def _take_count(self) -> int | None:
        """The number of elements of a container, None if there is none: null is no number either."""
        count = self._take_size()
        if count == -1:
            self.setStatus(self.Status.SizeLimitExceeded)
            return None
        return count

    def _take_data(self, size: int) -> bytes | None:
        """*size* bytes, None if there are fewer; never holds much more than what really came."""
        if size <= _FIRST_BLOCK:
            data = self._take(size) if size else b""
            return data if len(data) == size else None
        blocks = []
        block = _FIRST_BLOCK
        while size:
            data = self._take(min(size, block))
            if not data:
                return None
            blocks.append(data)
            size -= len(data)
            block = min(block * 2, _LAST_BLOCK)
        return b"".join(blocks)

    def _put_sized(self, encode: Callable[..., bytes], *values: Any) -> None:
        """Write what *encode* makes of *values*; a length that the version cannot say is an error of the stream."""
        try:
            data = encode(*values)
        except TooLarge:
            self.setStatus(self.Status.SizeLimitExceeded)
        else:
            self._put(data)

    def readRawData(self, length: int, /) -> bytes | None:
        """Up to *length* bytes without a length prefix; ReadPastEnd if there were fewer.

        None without a device, or after an error in a transaction.
        """
        wanted = _length(length)
        if self._device_read is None or (self._status and self.isDeviceTransactionStarted()):
            return None
        data = self._device_read(wanted) if wanted > 0 else b""
        if len(data) < wanted:
            self.setStatus(self.Status.ReadPastEnd)
        return data

    def skipRawData(self, length: int, /) -> int:
        """Skip *length* bytes: the number really skipped (ReadPastEnd if fewer), -1 if nothing can be read."""
        wanted = _length(length)
        device = self._device
        if device is None or wanted < 0 or (self._status and QIODevice.isTransactionStarted(device)):
            return -1
        skipped = QIODevice.skip(device, wanted) if wanted else 0
        if skipped < wanted:
            self.setStatus(self.Status.ReadPastEnd)
        return skipped


def _member(enum: type[Any], value: object) -> Any:
    if not isinstance(value, enum):
        raise TypeError(f"a QDataStream.{enum.__name__} was expected, not {value!r}")
    return value


def _length(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a number of bytes was expected, not {type(value).__name__}")
    return min(value, SIZE_LIMIT)
