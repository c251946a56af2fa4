"""QTextStream: text in any encoding over a device or a byte array.

https://doc.qt.io/qt-6/qtextstream.html. Decoding and buffering are in ``_textstream_reader`` and
``_textstream_codec``, the look of numbers and fields in ``_textstream_numbers``.
"""

from __future__ import annotations

import operator
from typing import Any

from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core._textstream_codec import Encoder
from qnet.core._textstream_numbers import integer, pad, real
from qnet.core._textstream_reader import TextReader
from qnet.core.bytearray import QByteArray
from qnet.core.filedevice import QFileDevice
from qnet.core.iodevice import QIODevice, QIODeviceBase
from qnet.core.logging import qWarning
from qnet.core.stringconverter import QStringConverter, codec_of, encoding_of

__all__ = ["QTextStream"]

BytesLike = bytes | bytearray | memoryview

_FLUSH_AT = 1 << 14


@flat_enums
class QTextStream(QIODeviceBase):
    """Reads and writes text, UTF-8 unless `setEncoding` says otherwise, in the C locale.

    ``QTextStream(device)`` works on an open QIODevice, ``QTextStream(byte_array, mode)`` on a QByteArray in place
    (ReadWrite if no mode is given), ``QTextStream(data)`` reads from anything bytes-like.

    Reading takes chunks from the device, so that its position runs ahead: ask the stream's `pos`. A character whose
    bytes arrive in two pieces is put together. A length or position in the text counts Python characters.
    Writing is buffered until `flush`, `seek`, 16 KiB, a read, the device's closing or the end of the stream.

    ``stream << value`` writes a str, bytes (as UTF-8), int or float in a field of `fieldWidth` characters; ``stream >>
    byte_array`` reads a word.
    """

    class RealNumberNotation(QtEnum):
        """How floats are written."""

        SmartNotation = 0
        FixedNotation = 1
        ScientificNotation = 2

    class FieldAlignment(QtEnum):
        """Where in its field a value is; AccountingStyle is right with a number's sign at the left."""

        AlignLeft = 0
        AlignRight = 1
        AlignCenter = 2
        AlignAccountingStyle = 3

    class Status(QtEnum):
        """How the stream fares. The first status other than Ok stays until it is reset."""

        Ok = 0
        ReadPastEnd = 1
        ReadCorruptData = 2
        WriteFailed = 3

    class NumberFlag(QtFlag):
        """What numbers are written with."""

        ShowBase = 1
        ForcePoint = 2
        ForceSign = 4
        UppercaseBase = 8
        UppercaseDigits = 16

    NumberFlags = NumberFlag

    def __init__(
        self,
        device: QIODevice | BytesLike | None = None,
        /,
        openMode: QIODeviceBase.OpenModeFlag | None = None,
    ) -> None:
        super().__init__()
        self._device: QIODevice | None = None
        self._reader: TextReader | None = None
        self._pending: list[str] = []
        self._pending_length = 0
        self._watching = False
        self.reset()
        self._attach(None)
        if device is None or isinstance(device, QIODevice):
            if openMode is not None:
                raise TypeError("an open mode goes with a QByteArray only")
            self._attach(device)
        elif isinstance(device, (bytes, bytearray, memoryview)):
            self._attach(_buffer(device, openMode))
        else:
            raise TypeError(f"a QIODevice, a QByteArray or bytes were expected, not {type(device).__name__}")

    def __del__(self) -> None:
        if getattr(self, "_pending", None) and self._device is not None and QIODevice.isOpen(self._device):
            self.flush()

    # Device and encoding

    def device(self) -> QIODevice | None:
        """The device, or None; for a stream over a byte array, a QBuffer of its own."""
        return self._device

    def setDevice(self, device: QIODevice | None, /) -> None:
        """Flush, then begin anew with *device* (None: with nothing): UTF-8, no formatting, status Ok."""
        if device is not None and not isinstance(device, QIODevice):
            raise TypeError(f"a QIODevice or None was expected, not {type(device).__name__}")
        self.flush()
        self.reset()
        self._attach(device)

    def _attach(self, device: QIODevice | None) -> None:
        if self._watching and self._device is not None:
            QIODevice.aboutToClose.of(self._device).disconnect(self.flush)
        self._watching = False
        self._pending.clear()
        self._pending_length = 0
        self._device = device
        self._status = self.Status.Ok
        self._write_mark = False
        self._encoding = QStringConverter.Encoding.Utf8
        self._encoder: Encoder | None = None
        self._at_start = True
        self._reader = None if device is None else TextReader(device, "utf-8", True)

    def string(self) -> None:
        """None: a stream is never on a str here, for a str cannot change."""
        return

    def encoding(self) -> QStringConverter.Encoding:
        """The encoding in use; reading a byte order mark changes it."""
        if self._reader is not None and self._reader.codec != codec_of(self._encoding):
            self._encoding = encoding_of(self._reader.codec)
        return self._encoding

    def setEncoding(self, encoding: QStringConverter.Encoding, /) -> None:
        """Read, and write what is not flushed yet, in *encoding*. A byte order mark at the start overrules it."""
        self._encoding = _member(QStringConverter.Encoding, encoding)
        self._encoder = None
        if self._reader is not None:
            self._reader.set_codec(codec_of(encoding))

    def autoDetectUnicode(self) -> bool:
        """Whether a byte order mark at the start decides the encoding: by default, until the first data was read."""
        return self._reader is None or self._reader.detect_unicode

    def setAutoDetectUnicode(self, enabled: bool, /) -> None:
        """Whether a byte order mark in the next data that is read decides the encoding."""
        if self._reader is not None:
            self._reader.detect_unicode = bool(enabled)

    def generateByteOrderMark(self) -> bool:
        """Whether the first text written begins with a byte order mark: not by default."""
        return self._write_mark

    def setGenerateByteOrderMark(self, generate: bool, /) -> None:
        """Whether the first text written begins with a byte order mark, if the encoding has one."""
        self._write_mark = bool(generate)

    # Status and position

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

    def atEnd(self) -> bool:
        """Whether there is nothing more to read at the moment."""
        reader = self._reading()
        return reader is None or (reader.exhausted() and self._device is not None and self._device.atEnd())

    def pos(self) -> int:
        """The device position of the next character, 0 on a sequential device, -1 without a device."""
        if self._reader is None:
            qWarning("QTextStream::pos: no device")
            return -1
        self.flush()
        return self._reader.position()

    def seek(self, pos: int, /) -> bool:
        """Flush and go to the byte *pos* of the device; False if it cannot."""
        self.flush()
        if self._reader is None or not self._reader.restart(operator.index(pos)):
            return False
        self._encoder = None
        self._at_start = pos == 0
        return True

    def flush(self) -> None:
        """Write out what is buffered, and a file's own buffer too. WriteFailed if the device does not take it.

        Any status but Ok keeps it in the buffer.
        """
        device = self._device
        if device is None or not self._pending or self._status:
            return
        text = "".join(self._pending)
        self._pending.clear()
        self._pending_length = 0
        if not text:
            return
        if self._encoder is None:
            mark = self._write_mark and self._at_start
            self._encoder = Encoder(codec_of(self.encoding()), mark=mark)
        data = self._encoder.encode(text)
        self._at_start = False
        if QIODevice.write(device, data) != len(data):
            self.setStatus(self.Status.WriteFailed)
        elif not device.isSequential() and isinstance(device, QFileDevice):
            QFileDevice.flush(device)

    # Reading

    def _reading(self) -> TextReader | None:
        if self._reader is None:
            qWarning("QTextStream: No device")
        elif self._pending:
            self.flush()
        return self._reader

    def read(self, maxlen: int, /) -> str:
        """At most *maxlen* characters; "" at the end."""
        length = operator.index(maxlen)
        reader = self._reading()
        return "" if reader is None or length <= 0 else reader.take(length)

    def readLine(self, maxlen: int = 0) -> str:
        """One line, without its "\\n" or "\\r\\n", or at most *maxlen* characters of it if that is not 0.

        "" for an empty line and at the end, which `atEnd` tells apart.
        """
        return self._line(maxlen) or ""

    def readLineInto(self, maxlen: int = 0) -> tuple[bool, str]:
        """As `readLine`: (was there a line, the line)."""
        line = self._line(maxlen)
        return line is not None, line or ""

    def _line(self, maxlen: int | None) -> str | None:
        limit = 0 if maxlen is None else operator.index(maxlen)
        reader = self._reading()
        return None if reader is None or limit < 0 else reader.take_line(limit)

    def readAll(self) -> str:
        """All the text there is at the moment."""
        reader = self._reading()
        return "" if reader is None else reader.take_all()

    def skipWhiteSpace(self) -> None:
        """Read on to the next character that is no white space."""
        reader = self._reading()
        if reader is not None:
            reader.skip_space()

    def __rshift__(self, target: Any) -> QTextStream:
        if not isinstance(target, bytearray):
            raise TypeError(f"a QByteArray was expected to read a word into, not {type(target).__name__}")
        target.clear()
        reader = self._reading()
        if reader is not None:
            reader.skip_space()
            word = reader.take_word()
            target.extend(word.encode("utf-8", "surrogatepass"))
            if not word:
                self.setStatus(self.Status.ReadPastEnd)
        return self

    # Writing

    def __lshift__(self, value: Any) -> QTextStream:
        number = False
        if isinstance(value, str):
            text = value
        elif isinstance(value, (int, float)):
            text = self._number(value)
            number = True
        elif isinstance(value, (bytes, bytearray, memoryview)):
            text = bytes(value).decode("utf-8", "qnet-replace")
        elif value is None:
            text = ""
        else:
            return NotImplemented
        if self._reader is None:
            qWarning("QTextStream: No device")
            return self
        if self._field_width > len(text):
            text = pad(text, self._field_width, self._pad_char, self._field_alignment, number)
        self._write(text)
        return self

    def _write(self, text: str) -> None:
        if self._reader is not None and not self._reader.exhausted():
            self._reader.rewind()
        if not self._watching and self._device is not None:
            QIODevice.aboutToClose.of(self._device).connect(self.flush)
            self._watching = True
        self._pending.append(text)
        self._pending_length += len(text)
        if self._pending_length > _FLUSH_AT:
            self.flush()

    def _number(self, value: float) -> str:
        flags = self._number_flags
        upper = bool(flags & self.NumberFlag.UppercaseDigits)
        sign = bool(flags & self.NumberFlag.ForceSign)
        if isinstance(value, int):
            prefix = bool(flags & self.NumberFlag.ShowBase)
            upper_prefix = bool(flags & self.NumberFlag.UppercaseBase)
            return integer(int(value), self._integer_base, prefix, sign, upper_prefix, upper)
        point = bool(flags & self.NumberFlag.ForcePoint)
        return real(value, "gfe"[self._real_number_notation], self._precision, point, sign, upper)

    # Formatting

    def reset(self) -> None:
        """Back to the formatting of a new stream; device, encoding and buffer stay."""
        self._field_width = 0
        self._field_alignment = self.FieldAlignment.AlignRight
        self._pad_char = " "
        self._integer_base = 0
        self._number_flags = self.NumberFlag(0)
        self._real_number_notation = self.RealNumberNotation.SmartNotation
        self._precision = 6

    def fieldWidth(self) -> int:
        """The width of the fields that values are written in; 0, the default, for none."""
        return self._field_width

    def setFieldWidth(self, width: int, /) -> None:
        """Write every value in a field of at least *width* characters."""
        self._field_width = operator.index(width)

    def fieldAlignment(self) -> FieldAlignment:
        """Where in their fields values are: right by default."""
        return self._field_alignment

    def setFieldAlignment(self, alignment: FieldAlignment, /) -> None:
        """Where in their fields values are."""
        self._field_alignment = _member(self.FieldAlignment, alignment)

    def padChar(self) -> str:
        """What fields are filled with: a blank by default."""
        return self._pad_char

    def setPadChar(self, ch: str, /) -> None:
        """Fill fields with the character *ch*."""
        if not isinstance(ch, str) or len(ch) != 1:
            raise ValueError(f"one character was expected, not {ch!r}")
        self._pad_char = ch

    def integerBase(self) -> int:
        """The base that integers are written in: 0, the default, is 10."""
        return self._integer_base

    def setIntegerBase(self, base: int, /) -> None:
        """Write integers in *base*, 2 to 36, or 0 for 10."""
        number = operator.index(base)
        if number != 0 and not 2 <= number <= 36:
            raise ValueError(f"a base from 2 to 36 or 0 was expected, not {number}")
        self._integer_base = number

    def numberFlags(self) -> NumberFlag:
        """What numbers are written with: nothing by default."""
        return self._number_flags

    def setNumberFlags(self, flags: NumberFlag, /) -> None:
        """Write numbers with a base prefix, a sign, a decimal point, or in upper case (digits, exponent)."""
        self._number_flags = _member(self.NumberFlag, flags)

    def realNumberNotation(self) -> RealNumberNotation:
        """How floats are written: the shorter way by default."""
        return self._real_number_notation

    def setRealNumberNotation(self, notation: RealNumberNotation, /) -> None:
        """How floats are written."""
        self._real_number_notation = _member(self.RealNumberNotation, notation)

    def realNumberPrecision(self) -> int:
        """The number of decimals, or in SmartNotation of digits, of floats: 6 by default."""
        return self._precision

    def setRealNumberPrecision(self, precision: int, /) -> None:
        """The number of decimals, or in SmartNotation of digits, of floats. A negative one means 6."""
        number = operator.index(precision)
        if number < 0:
            qWarning(f"QTextStream::setRealNumberPrecision: Invalid precision ({number})")
            number = 6
        self._precision = number

    def locale(self) -> str:
        """ "C": numbers are always written as the C locale writes them."""
        return "C"

    def setLocale(self, locale: str, /) -> None:
        """Accepts the C locale only: qnet has no QLocale. ValueError for any other."""
        if locale != "C":
            raise ValueError(f'only the locale "C" is supported, not {locale!r}')


def _member(enum: type[Any], value: object) -> Any:
    if not isinstance(value, enum):
        raise TypeError(f"a value of {enum.__qualname__} was expected, not {value!r}")
    return value


def _buffer(source: BytesLike, mode: QIODeviceBase.OpenModeFlag | None) -> QIODevice:
    from qnet.core.buffer import QBuffer  # streams over devices do not need it

    flags = QIODeviceBase.OpenModeFlag
    if isinstance(source, QByteArray):
        buffer = QBuffer(source)
        buffer.open(flags.ReadWrite if mode is None else mode)
        return buffer
    if mode is not None and mode & flags.WriteOnly:
        raise TypeError(f"a QByteArray was expected to write into, not {type(source).__name__}")
    buffer = QBuffer()
    buffer.setData(bytes(source))
    buffer.open(flags.ReadOnly)
    return buffer
