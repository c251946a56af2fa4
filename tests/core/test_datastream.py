"""QDataStream: the format pinned byte for byte, as Qt 6.10 writes it; statuses and devices."""

from __future__ import annotations

import math
import struct
import tracemalloc
import uuid
from datetime import date, time
from typing import Any

import pytest
from _implementations import Implementation
from _streams import reader, written

pytestmark = pytest.mark.filterwarnings("ignore:libshiboken")


# Integers

INTEGERS = [
    ("Int8", -128, "80"),
    ("Int8", 127, "7f"),
    ("UInt8", 255, "ff"),
    ("Int16", -129, "ff7f"),
    ("UInt16", 0x1234, "1234"),
    ("Int32", -2, "fffffffe"),
    ("Int32", 2**31 - 1, "7fffffff"),
    ("UInt32", 0x12345678, "12345678"),
    ("Int64", -(2**40), "ffffff0000000000"),
    ("Int64", 2**63 - 1, "7fffffffffffffff"),
    ("UInt64", 0x0102030405060708, "0102030405060708"),
    ("UInt64", 2**64 - 1, "ffffffffffffffff"),
    ("Bool", True, "01"),
    ("Bool", False, "00"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), INTEGERS)
def test_integers(qt: Implementation, kind: str, value: int, expected: str) -> None:
    little = bytes.fromhex(expected)[::-1].hex()
    assert written(qt, lambda s: getattr(s, f"write{kind}")(value)) == expected
    assert written(qt, lambda s: getattr(s, f"write{kind}")(value), order="LittleEndian") == little
    for stream in (reader(qt, expected), reader(qt, little, order="LittleEndian")):
        result = getattr(stream, f"read{kind}")()
        assert result == value
        assert type(result) is type(value)
        assert stream.status() == qt.QDataStream.Status.Ok
        assert stream.atEnd()


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
def test_integers_out_of_range(qt: Implementation, bits: int) -> None:
    for kind, low in (("Int", -(1 << bits - 1)), ("UInt", 0)):
        high = low + (1 << bits) - 1
        for value in (low - 1, high + 1, 1 << 70):
            array = qt.QByteArray()
            stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
            with pytest.raises(OverflowError):
                getattr(stream, f"write{kind}{bits}")(value)
            assert array.size() == 0
            assert stream.status() == qt.QDataStream.Status.Ok


@pytest.mark.parametrize("kind", ["Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Bool", "Float", "Double"])
@pytest.mark.parametrize("value", ["5", b"5", None])
def test_numbers_of_a_wrong_type(qt: Implementation, kind: str, value: Any) -> None:
    with pytest.raises(TypeError):
        written(qt, lambda s: getattr(s, f"write{kind}")(value))


def test_numbers_that_are_taken_as_integers(qt: Implementation) -> None:
    assert written(qt, lambda s: s.writeInt16(1.9)) == "0001"
    assert written(qt, lambda s: s.writeUInt32(7.0)) == "00000007"
    assert written(qt, lambda s: s.writeInt8("A")) == "41"
    assert written(qt, lambda s: s.writeInt64(True)) == "0000000000000001"


def test_int64_in_little_endian_before_qt_3_3_is_written_high_word_first(qt: Implementation) -> None:
    for version, expected in ((5, "0001000005000000"), (6, "0500000000010000")):
        assert written(qt, lambda s: s.writeInt64(2**40 + 5), version=version, order="LittleEndian") == expected
        assert written(qt, lambda s: s.writeUInt64(2**40 + 5), version=version, order="LittleEndian") == expected


@pytest.mark.qnet("Qt reads its own 64-bit integers of versions before Qt_3_3 with their halves exchanged")
@pytest.mark.parametrize("order", ["BigEndian", "LittleEndian"])
def test_int64_before_qt_3_3_comes_back(qt: Implementation, order: str) -> None:
    data = written(qt, lambda s: s.writeInt64(-(2**40) + 5), version=1, order=order)
    assert reader(qt, data, version=1, order=order).readInt64() == -(2**40) + 5


def test_any_byte_but_0_is_true(qt: Implementation) -> None:
    stream = reader(qt, "0002ff")
    assert [stream.readBool() for _ in range(3)] == [False, True, True]


# Floating point

FLOATS = [
    # value, version, precision, as float, as double
    (1.1, 11, "SinglePrecision", "3f8ccccd", "3ff199999999999a"),
    (1.1, 11, "DoublePrecision", "3f8ccccd", "3ff199999999999a"),
    (1.1, 12, "SinglePrecision", "3f8ccccd", "3f8ccccd"),
    (1.1, 12, "DoublePrecision", "3ff19999a0000000", "3ff199999999999a"),
    (1.1, 23, "DoublePrecision", "3ff19999a0000000", "3ff199999999999a"),
    (-0.0, 23, "DoublePrecision", "8000000000000000", "8000000000000000"),
    (3, 23, "SinglePrecision", "40400000", "40400000"),
    (1e300, 23, "SinglePrecision", "7f800000", "7f800000"),
    (-1e300, 23, "DoublePrecision", "fff0000000000000", "fe37e43c8800759c"),
    (math.inf, 23, "DoublePrecision", "7ff0000000000000", "7ff0000000000000"),
    (math.nan, 23, "DoublePrecision", "7ff8000000000000", "7ff8000000000000"),
    (math.nan, 11, "DoublePrecision", "7fc00000", "7ff8000000000000"),
]


@pytest.mark.parametrize(("value", "version", "precision", "as_float", "as_double"), FLOATS)
def test_floats(qt: Implementation, value: float, version: int, precision: str, as_float: str, as_double: str) -> None:
    choice = {"version": version, "precision": precision}
    assert written(qt, lambda s: s.writeFloat(value), **choice) == as_float
    assert written(qt, lambda s: s.writeDouble(value), **choice) == as_double
    little = bytes.fromhex(as_double)[::-1].hex()
    assert written(qt, lambda s: s.writeDouble(value), order="LittleEndian", **choice) == little


def test_reading_floats(qt: Implementation) -> None:
    rounded = struct.unpack(">f", struct.pack(">f", 1.1))[0]
    assert reader(qt, "3ff199999999999a").readDouble() == 1.1
    assert reader(qt, "3ff199999999999a").readFloat() == rounded
    assert reader(qt, "3f8ccccd", version=11).readFloat() == rounded
    assert reader(qt, "3f8ccccd", precision="SinglePrecision").readDouble() == rounded
    assert reader(qt, "7e37e43c8800759c").readFloat() == math.inf
    assert math.isnan(reader(qt, "7ff8000000000000").readDouble())


# Text

TEXTS = [
    # value, version, expected
    ("", 23, "00000000"),
    (None, 1, "00000000"),
    (None, 2, "00000000"),
    (None, 3, "ffffffff"),
    (None, 23, "ffffffff"),
    ("a", 1, "0000000161"),
    ("a", 2, "000000020061"),
    ("a\0b", 23, "00000006006100000062"),
    ("\u20ac", 1, "000000013f"),
    ("\u20ac", 23, "0000000220ac"),
    ("\U0001f600", 1, "000000023f3f"),
    ("\U0001f600", 23, "00000004d83dde00"),
    ("\ud800", 23, "00000002d800"),
]


@pytest.mark.parametrize(("value", "version", "expected"), TEXTS)
@pytest.mark.parametrize("kind", ["QString", "String"])
def test_strings(qt: Implementation, kind: str, value: str | None, version: int, expected: str) -> None:
    assert written(qt, lambda s: getattr(s, f"write{kind}")(value), version=version) == expected


def test_strings_in_little_endian(qt: Implementation) -> None:
    data = "02000000ac20"
    assert written(qt, lambda s: s.writeQString("\u20ac"), order="LittleEndian") == data
    assert reader(qt, data, order="LittleEndian").readQString() == "\u20ac"


@pytest.mark.parametrize("value", [b"a", 5, ["a"]])
def test_strings_of_a_wrong_type(qt: Implementation, value: Any) -> None:
    with pytest.raises(TypeError):
        written(qt, lambda s: s.writeQString(value))


def test_a_null_string_reads_as_an_empty_one(qt: Implementation) -> None:
    stream = reader(qt, "ffffffff00000000000000020041")
    assert [stream.readQString() for _ in range(3)] == ["", "", "A"]


@pytest.mark.qnet("PySide6 loses strings with lone surrogates on their way to Python")
def test_lone_surrogates_survive(qt: Implementation) -> None:
    assert reader(qt, "00000002d800").readQString() == "\ud800"


def test_string_lists(qt: Implementation) -> None:
    assert written(qt, lambda s: s.writeQStringList([])) == "00000000"
    assert written(qt, lambda s: s.writeQStringList(["a", "", None])) == "0000000300000002006100000000ffffffff"
    assert written(qt, lambda s: s.writeQStringList(("x", "y"))) == "00000002000000020078000000020079"
    assert reader(qt, "0000000300000002006100000000ffffffff").readQStringList() == ["a", "", ""]


@pytest.mark.qnet("PySide6 writes a null string for what is no string")
def test_string_lists_with_something_else_write_nothing(qt: Implementation) -> None:
    array = qt.QByteArray()
    with pytest.raises(TypeError):
        qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly).writeQStringList(["a", 1])
    assert not array


def test_characters(qt: Implementation) -> None:
    assert written(qt, lambda s: s.writeQChar("a")) == "0061"
    assert written(qt, lambda s: s.writeQChar(0x41)) == "0041"
    assert written(qt, lambda s: s.writeQChar(None)) == "0000"
    assert reader(qt, "20ac").readQChar() == "\u20ac"
    assert reader(qt, "").readQChar() == "\0"
    for value in ("", "ab"):
        with pytest.raises(ValueError, match=r"writeQChar|character"):
            written(qt, lambda s, value=value: s.writeQChar(value))


@pytest.mark.qnet("PySide6 cuts characters above U+007F")
def test_characters_beyond_ascii(qt: Implementation) -> None:
    assert written(qt, lambda s: s.writeQChar("\u20ac")) == "20ac"
    with pytest.raises(ValueError, match="U\\+FFFF"):
        written(qt, lambda s: s.writeQChar("\U0001f600"))


# Bytes


@pytest.mark.parametrize("value", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
def test_bytes(qt: Implementation, value: Any) -> None:
    assert written(qt, lambda s: s.writeBytes(value)) == "00000003616263"
    assert written(qt, lambda s: s.writeRawData(value)) == "616263"


def test_write_results(qt: Implementation) -> None:
    array = qt.QByteArray()
    stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    assert stream.writeBytes(b"") is stream
    assert stream.writeRawData(b"ab") == 2
    assert stream.writeRawData("cd") == 2
    assert stream.writeRawData(b"") == 0
    assert stream.writeInt8(1) is None
    assert stream.writeQString("") is None
    stream.setStatus(qt.QDataStream.Status.WriteFailed)
    assert stream.writeRawData(b"ab") == -1
    for value in ("text", None, 5):
        with pytest.raises(TypeError):
            stream.writeBytes(value)


@pytest.mark.qnet("PySide6 cuts text that is not ASCII")
def test_raw_text_is_utf8(qt: Implementation) -> None:
    assert written(qt, lambda s: s.writeRawData("s\u20ac")) == "73e282ac"


def test_reading_bytes(qt: Implementation) -> None:
    stream = reader(qt, "00000003616263646566")
    assert stream.readBytes(100) == b"abc"
    assert stream.skipRawData(1) == 1
    assert stream.readRawData(0) == b""
    assert stream.readRawData(2) == b"ef"
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.readRawData(1) == b""
    assert stream.status() == qt.QDataStream.Status.ReadPastEnd


def test_raw_reads_past_the_end_give_what_there_is(qt: Implementation) -> None:
    for call, expected in (("readRawData", b"abc"), ("skipRawData", 3)):
        for length in (5, 2**20):
            stream = reader(qt, "616263")
            assert getattr(stream, call)(length) == expected
            assert stream.status() == qt.QDataStream.Status.ReadPastEnd
            assert stream.device().pos() == 3
    assert reader(qt, "616263").readRawData(-1) == b""
    assert reader(qt, "616263").skipRawData(-1) == -1
    for call in ("readRawData", "skipRawData", "readBytes"):
        for value in ("x", None):
            with pytest.raises(TypeError):
                getattr(reader(qt, "00000000"), call)(value)


@pytest.mark.qnet("PySide6 allocates what it is asked for, and aborts")
def test_raw_reads_of_any_length(qt: Implementation) -> None:
    for length in (2**40, 2**64):
        assert reader(qt, "616263").readRawData(length) == b"abc"
        assert reader(qt, "616263").skipRawData(length) == 3


@pytest.mark.qnet("in PySide6 empty bytes read as None, as after an error")
def test_empty_bytes_are_not_an_error(qt: Implementation) -> None:
    assert reader(qt, "00000000").readBytes() == b""
    assert reader(qt, "000000").readBytes() is None


# What cannot be read

PAST_END, CORRUPT, TOO_LARGE = "ReadPastEnd", "ReadCorruptData", "SizeLimitExceeded"

FAILURES = [
    # method, version, data, result, status, position
    ("readInt8", 23, "", 0, PAST_END, 0),
    ("readInt16", 23, "ff", 0, PAST_END, 1),
    ("readInt32", 23, "ffffff", 0, PAST_END, 3),
    ("readInt64", 23, "ffffffffffffff", 0, PAST_END, 7),
    ("readBool", 23, "", False, PAST_END, 0),
    ("readDouble", 23, "3ff8", 0.0, PAST_END, 2),
    ("readFloat", 12, "3ff80000", 0.0, PAST_END, 4),
    ("readQString", 23, "00", "", PAST_END, 1),
    ("readQString", 23, "00000002", "", PAST_END, 4),
    ("readQString", 23, "0000000200", "", PAST_END, 5),
    ("readQString", 23, "0000000300410042", "", CORRUPT, 4),
    ("readQString", 1, "0000000361", "", PAST_END, 5),
    ("readQString", 23, "fffffff00041", "", PAST_END, 6),
    ("readQString", 21, "fffffffe00000000000000020041", "", PAST_END, 14),
    ("readQString", 22, "fffffffe00000000000000020041", "A", "Ok", 14),
    ("readQString", 22, "fffffffeffffffffffffffff", "", "Ok", 12),
    ("readQString", 22, "fffffffe80000000000000000041", "", TOO_LARGE, 12),
    ("readQString", 22, "fffffffe7ffffffffffffffe0041", "", PAST_END, 14),
    ("readQString", 22, "fffffffe000000", "", PAST_END, 7),
    ("readQStringList", 23, "00000001", [], PAST_END, 4),
    ("readQStringList", 23, "00000002000000020041", [], PAST_END, 10),
    ("readQStringList", 23, "00000003000000020041000000030041", [], CORRUPT, 14),
    ("readQStringList", 23, "fffffff0", [], PAST_END, 4),
    ("readQStringList", 23, "ffffffff", [], TOO_LARGE, 4),
    ("readQStringList", 21, "fffffffe0000000000000001000000020041", [], CORRUPT, 12),
    ("readQStringList", 22, "fffffffe0000000000000001000000020041", ["A"], "Ok", 18),
    ("readBytes", 23, "00", None, PAST_END, 1),
    ("readBytes", 23, "0000000361", None, PAST_END, 5),
    ("readBytes", 23, "fffffff061", None, PAST_END, 5),
    ("readBytes", 23, "ffffffff", None, TOO_LARGE, 4),
    ("readBytes", 21, "fffffffe000000000000000161", None, PAST_END, 13),
    ("readBytes", 22, "fffffffe000000000000000161", b"a", "Ok", 13),
    ("readBytes", 22, "fffffffeffffffffffffffff61", None, TOO_LARGE, 12),
]


@pytest.mark.parametrize(("method", "version", "data", "result", "status", "position"), FAILURES)
def test_what_cannot_be_read(
    qt: Implementation, method: str, version: int, data: str, result: Any, status: str, position: int
) -> None:
    stream = reader(qt, data, version=version)
    assert getattr(stream, method)(*([0] if method == "readBytes" else [])) == result
    assert (stream.status().name, stream.device().pos()) == (status, position)


@pytest.mark.qnet("only qnet's memory can be watched")
@pytest.mark.parametrize("method", ["readQString", "readBytes", "readQStringList", "readQVariant"])
@pytest.mark.parametrize("claim", ["fffffff0", "7ffffffe", "fffffffe7ffffffffffffffe"])
def test_a_claimed_length_costs_no_memory(qt: Implementation, method: str, claim: str) -> None:
    prefix = "0000000c00" if method == "readQVariant" else ""
    data = bytes.fromhex(prefix + claim) + b"\0" * 200_000
    stream = reader(qt, data)
    tracemalloc.start()
    try:
        assert not getattr(stream, method)()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stream.status() == qt.QDataStream.Status.ReadPastEnd
    assert peak < 20 * len(data)  # the list of as many empty strings as are really there is the largest


# Status


def test_the_first_error_stays(qt: Implementation) -> None:
    status = qt.QDataStream.Status
    stream = reader(qt, "0000000100020304")
    assert stream.readQString() == ""
    assert stream.status() == status.ReadCorruptData
    assert stream.readInt8() == 0
    assert stream.readInt8() == 2
    stream.setStatus(status.ReadPastEnd)
    assert stream.status() == status.ReadCorruptData
    stream.setStatus(status.Ok)
    assert stream.status() == status.ReadCorruptData
    stream.resetStatus()
    assert stream.status() == status.Ok


@pytest.mark.parametrize("status", ["ReadPastEnd", "ReadCorruptData", "WriteFailed", "SizeLimitExceeded"])
def test_any_error_blocks_writing(qt: Implementation, status: str) -> None:
    array = qt.QByteArray()
    stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    stream.setStatus(getattr(qt.QDataStream.Status, status))
    stream.writeInt8(1)
    stream.writeQString("a")
    stream.writeBytes(b"b")
    stream.writeQVariant(5)
    assert array.size() == 0
    stream.resetStatus()
    stream.writeInt8(1)
    assert array.size() == 1


def test_a_device_that_does_not_take_it_all_fails_the_stream(qt: Implementation) -> None:
    device = qt.QBuffer()  # not open
    stream = qt.QDataStream(device)
    stream.writeInt32(1)
    assert stream.status() == qt.QDataStream.Status.WriteFailed


def test_without_a_device(qt: Implementation) -> None:
    stream = qt.QDataStream()
    assert stream.device() is None
    assert stream.atEnd()
    assert stream.version() == 23
    assert stream.byteOrder() == qt.QDataStream.ByteOrder.BigEndian
    assert stream.floatingPointPrecision() == qt.QDataStream.FloatingPointPrecision.DoublePrecision
    assert (stream.readInt32(), stream.readQString(), stream.readQStringList()) == (0, "", [])
    assert stream.readRawData(4) is None
    assert stream.writeRawData(b"a") == -1
    assert stream.skipRawData(3) == -1
    stream.writeInt32(5)
    stream.startTransaction()
    assert not stream.isDeviceTransactionStarted()
    assert not stream.commitTransaction()
    assert stream.status() == qt.QDataStream.Status.Ok
    stream.rollbackTransaction()
    assert stream.status() == qt.QDataStream.Status.ReadPastEnd
    stream.abortTransaction()
    assert stream.status() == qt.QDataStream.Status.ReadCorruptData


def test_settings(qt: Implementation) -> None:
    stream = qt.QDataStream()
    for version in (0, 1, 19, 24, 100, -1, qt.QDataStream.Version.Qt_5_15):
        stream.setVersion(version)
        assert stream.version() == version
    for setter in (stream.setByteOrder, stream.setFloatingPointPrecision, stream.setStatus):
        with pytest.raises(TypeError):
            setter(1)
    with pytest.raises(TypeError):
        stream.setVersion("6")
    assert qt.QDataStream.Qt_5_15 == qt.QDataStream.Version.Qt_5_13 == 19
    assert qt.QDataStream.LittleEndian == qt.QDataStream.ByteOrder.LittleEndian


# Devices


def test_a_byte_array_is_written_in_place(qt: Implementation) -> None:
    array = qt.QByteArray()
    stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    stream.writeInt32(0)
    stream.writeQString("hi")
    stream.device().seek(0)
    stream.writeInt32(array.size() - 4)
    assert bytes(array).hex() == "000000080000000400680069"
    assert stream.device() is stream.device()


def test_a_byte_array_for_reading_and_writing(qt: Implementation) -> None:
    array = qt.QByteArray(b"0123456789")
    stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.ReadWrite)
    assert stream.readRawData(2) == b"01"
    stream.writeInt8(65)
    assert array == b"01A3456789"
    array.append(b"ZZ")
    stream.device().seek(12)
    stream.writeInt8(66)
    assert array == b"01A3456789ZZB"


@pytest.mark.parametrize(("mode", "expected"), [("WriteOnly", b"Ay"), ("Append", b"xyA"), ("Truncate", b"A")])
def test_open_modes(qt: Implementation, mode: str, expected: bytes) -> None:
    flags = qt.QIODevice.OpenModeFlag
    array = qt.QByteArray(b"xy")
    stream = qt.QDataStream(array, flags.WriteOnly | getattr(flags, mode))
    stream.writeInt8(65)
    assert array == expected


def test_a_byte_array_alone_is_for_reading(qt: Implementation) -> None:
    array = qt.QByteArray(b"x")
    stream = qt.QDataStream(array)
    stream.writeInt8(65)
    assert array == b"x"
    assert stream.status() == qt.QDataStream.Status.WriteFailed


def test_a_device_is_used_as_it_is(qt: Implementation) -> None:
    buffer = qt.QBuffer()
    buffer.open(qt.QIODevice.OpenModeFlag.ReadWrite)
    stream = qt.QDataStream(buffer)
    assert stream.device() is buffer
    stream.writeInt16(7)
    other = qt.QBuffer()
    other.setData(b"\1\2")
    other.open(qt.QIODevice.OpenModeFlag.ReadOnly)
    stream.setStatus(qt.QDataStream.Status.WriteFailed)
    stream.setDevice(other)
    assert stream.status() == qt.QDataStream.Status.WriteFailed  # stays
    assert stream.readInt16() == 0x0102
    assert buffer.data() == b"\0\7"
    stream.setDevice(None)
    assert stream.device() is None


@pytest.mark.parametrize("arguments", [("abc",), (5,), (object(),)])
def test_constructor_of_a_wrong_type(qt: Implementation, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        qt.QDataStream(*arguments)


@pytest.mark.qnet("PySide6 takes a QByteArray only")
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_reading_from_anything_bytes_like(qt: Implementation, kind: type) -> None:
    assert qt.QDataStream(kind(b"\0\7")).readInt16() == 7
    with pytest.raises(TypeError, match="QByteArray"):
        qt.QDataStream(kind(b""), qt.QIODevice.OpenModeFlag.WriteOnly)


ID = uuid.UUID("12345678-1234-5678-1234-567812345678")

# Operators


def test_shift_left(qt: Implementation) -> None:
    array = qt.QByteArray()
    stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    assert stream << "ab" is stream
    assert written(qt, lambda s: s << "ab" << "") == "000000040061006200000000"
    assert written(qt, lambda s: s << None) == "ffffffff"
    assert written(qt, lambda s: s << b"ab" << bytearray(b"c") << qt.QByteArray(b"d")) == (
        "00000002616200000001630000000164"
    )
    assert written(qt, lambda s: s << ["a"]) == "0000000b0000000001000000020061"
    assert written(qt, lambda s: s << [1]) == "000000090000000001000000020000000001"
    assert written(qt, lambda s: s << date(2020, 1, 2)) == "00000000002584e3"
    assert written(qt, lambda s: s << time(1)) == "0036ee80"


def test_shift_left_of_a_url(qt: Implementation) -> None:
    assert written(qt, lambda s: s << qt.QUrl("http://a")) == "00000008687474703a2f2f61"
    assert written(qt, lambda s: s << qt.QUrl()) == "ffffffff"
    assert written(qt, lambda s: s.writeQVariant(qt.QUrl("http://a/b?c"))) == (
        "00000011000000000c687474703a2f2f612f623f63"
    )
    assert reader(qt, "000000110000000003613a62").readQVariant() == qt.QUrl("a:b")
    target = qt.QUrl()
    reader(qt, "00000003613a62") >> target
    assert target == qt.QUrl("a:b")


@pytest.mark.qnet("PySide6 writes as many zero bits as the number says, and JSON for a dict")
def test_shift_left_of_other_values(qt: Implementation) -> None:
    assert written(qt, lambda s: s << True << False) == "0100"
    assert written(qt, lambda s: s << 1.5) == "3ff8000000000000"
    assert written(qt, lambda s: s << {"a": 1}) == written(qt, lambda s: s.writeQVariant({"a": 1}))
    assert written(qt, lambda s: s << ID) == ID.hex
    assert written(qt, lambda s: s << ID, order="LittleEndian") == ID.bytes_le.hex()
    with pytest.raises(TypeError, match="writeInt8"):
        written(qt, lambda s: s << 5)
    with pytest.raises(TypeError):
        written(qt, lambda s: s << object())


def test_shift_right(qt: Implementation) -> None:
    stream = reader(qt, "00000003616263ffffffff000000056162")
    array = qt.QByteArray(b"old")
    assert stream >> array is stream
    assert array == b"abc"
    stream >> array
    assert array == b""
    assert stream.status() == qt.QDataStream.Status.Ok
    array = qt.QByteArray(b"old")
    stream >> array
    assert array == b""
    assert stream.status() == qt.QDataStream.Status.ReadPastEnd


@pytest.mark.qnet("PySide6 reads a value and drops it")
def test_shift_right_into_what_cannot_change(qt: Implementation) -> None:
    target = bytearray(b"old")
    reader(qt, "00000003616263") >> target
    assert target == b"abc"
    for value in (5, "a", b"a", 1.5, None, []):
        with pytest.raises(TypeError, match="read method"):
            reader(qt, "00000003616263") >> value


@pytest.mark.qnet("an extension")
def test_other_classes_join_in(qt: Implementation) -> None:
    class Point:
        x = 3

        def __rlshift__(self, stream: Any) -> Any:
            stream.writeInt16(self.x)
            return stream

        def __rrshift__(self, stream: Any) -> Any:
            self.x = stream.readInt16()
            return stream

    point = Point()
    assert written(qt, lambda s: s << point << "") == "000300000000"
    reader(qt, "0009") >> point
    assert point.x == 9
