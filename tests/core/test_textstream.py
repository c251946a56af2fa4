"""QTextStream: reading lines and words, encodings, positions, and what numbers and fields look like."""

from __future__ import annotations

import gc
import itertools
import weakref
from pathlib import Path
from typing import Any

import pytest
from _implementations import Implementation
from _streams import pipe
from hypothesis import given, settings
from hypothesis import strategies as st


def text_reader(qt: Implementation, data: bytes | str, mode: str = "ReadOnly") -> Any:
    """A stream over *data* (as UTF-8 if it is text)."""
    array = qt.QByteArray(data.encode() if isinstance(data, str) else data)
    stream = qt.QTextStream(array, getattr(qt.QIODevice.OpenModeFlag, mode))
    stream.kept = array  # PySide6 does not keep it
    return stream


def written(qt: Implementation, *values: Any, **settings: Any) -> bytes:
    """What is written for *values*; *settings* are the arguments of setters."""
    array = qt.QByteArray()
    stream = qt.QTextStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    for setter, value in settings.items():
        getattr(stream, setter)(value)
    for value in values:
        assert stream << value is stream
    stream.flush()
    assert stream.status() == qt.QTextStream.Status.Ok
    return bytes(array)


# Reading


def test_lines(qt: Implementation) -> None:
    stream = text_reader(qt, "ab\ncd\r\nef\rgh\n\nend")
    lines = []
    while not stream.atEnd():
        lines.append(stream.readLine())
    assert lines == ["ab", "cd", "ef\rgh", "", "end"]
    assert stream.readLine() == ""
    assert stream.status() == qt.QTextStream.Status.Ok


@pytest.mark.parametrize(
    ("data", "lengths", "expected"),
    [
        ("abcdef\nxyz", [2, 3, 2, 5, 0], ["ab", "cde", "f", "xyz", ""]),
        ("ab\r\ncd", [2, 2, 2], ["ab", "", "cd"]),
        ("ab\r\ncd", [3, 2, 2], ["ab", "", "cd"]),
        ("ab\r\ncd", [4, 2], ["ab", "cd"]),
        ("ab\ncd", [2, 2], ["ab", ""]),
        ("ab\ncd", [3, 2], ["ab", "cd"]),
        ("ab\ncd", [-1, 0], ["", "ab"]),
        ("ab\r", [0, 0], ["ab", ""]),
        ("ab\r\r\ncd\n\rx", [0, 0, 0], ["ab\r", "cd", "\rx"]),
    ],
)
def test_limited_lines(qt: Implementation, data: str, lengths: list[int], expected: list[str]) -> None:
    stream = text_reader(qt, data)
    assert [stream.readLine(length) for length in lengths] == expected


@pytest.mark.qnet("PySide6's readLineInto() cannot be called")
def test_lines_with_a_verdict(qt: Implementation) -> None:
    stream = text_reader(qt, "ab\n\ncd")
    assert [stream.readLineInto() for _ in range(4)] == [(True, "ab"), (True, ""), (True, "cd"), (False, "")]
    assert text_reader(qt, "abc").readLineInto(2) == (True, "ab")


def test_characters(qt: Implementation) -> None:
    stream = text_reader(qt, "ab\r\ncd")
    assert stream.read(0) == ""
    assert stream.read(-1) == ""
    assert stream.read(3) == "ab\r"
    assert stream.read(1) == "\n"
    assert stream.read(100) == "cd"
    assert stream.read(1) == ""
    assert stream.atEnd()
    assert stream.status() == qt.QTextStream.Status.Ok


def test_all(qt: Implementation) -> None:
    stream = text_reader(qt, "ab\r\ncd")
    assert stream.read(1) == "a"
    assert stream.readAll() == "b\r\ncd"
    assert stream.readAll() == ""


def test_white_space(qt: Implementation) -> None:
    stream = text_reader(qt, "  \t\n\u2003x y \x1c ")
    stream.skipWhiteSpace()
    assert stream.read(1) == "x"
    stream.skipWhiteSpace()
    assert stream.read(1) == "y"
    stream.skipWhiteSpace()
    assert stream.read(1) == "\x1c"  # white space to Python only
    stream.skipWhiteSpace()
    assert stream.atEnd()


def test_words(qt: Implementation) -> None:
    stream = text_reader(qt, "  ab c\u20ac\n")
    word = qt.QByteArray(b"old")
    assert stream >> word is stream
    assert word == b"ab"
    stream >> word
    assert word == "c\u20ac".encode()
    assert stream.status() == qt.QTextStream.Status.Ok
    stream >> word
    assert word == b""
    assert stream.status() == qt.QTextStream.Status.ReadPastEnd


def test_words_go_nowhere_else(qt: Implementation) -> None:
    stream = text_reader(qt, "1 2")
    for target in (5, 1.5, []):
        with pytest.raises((TypeError, SyntaxError)):  # PySide6 raises SyntaxError
            stream >> target


# Position


def test_position_and_seek(qt: Implementation) -> None:
    stream = text_reader(qt, "a\u20acb\U0001f600c\nd")
    assert stream.pos() == 0
    assert stream.read(2) == "a\u20ac"
    assert stream.pos() == 4
    assert stream.readLine() == "b\U0001f600c"
    assert stream.pos() == 11
    assert stream.seek(4)
    assert stream.readAll() == "b\U0001f600c\nd"
    assert stream.pos() == 12
    assert stream.seek(2)
    assert stream.read(3) == "\ufffd\ufffdb"
    assert stream.seek(4)
    assert stream.pos() == 4
    assert not stream.seek(100)
    assert not stream.seek(-1)


def test_position_in_utf16(qt: Implementation) -> None:
    stream = text_reader(qt, b"\xff\xfea\0b\0")
    assert stream.read(1) == "a"
    assert stream.pos() == 4
    assert stream.read(1) == "b"
    assert stream.pos() == 6
    assert stream.seek(0)
    assert stream.readAll() == "ab"


@pytest.mark.qnet("Qt counts UTF-16 code units, and is wrong after invalid bytes")
def test_position_behind_any_character(qt: Implementation) -> None:
    data = b"a\xe2\x82b\xff\xf0\x9f\x98\x80\xe9\0c"
    expected = [("a", 1), ("\ufffd", 2), ("\ufffd", 3), ("b", 4), ("\ufffd", 5), ("\U0001f600", 9), ("\ufffd", 10)]
    stream = text_reader(qt, data)
    for character, position in expected:
        assert (stream.read(1), stream.pos()) == (character, position)
        stream.setEncoding(qt.QStringConverter.Encoding.Utf8)  # gives the rest back and reads it again
    assert stream.readAll() == "\0c"


def test_a_sequential_device_has_no_position(qt: Implementation) -> None:
    device = pipe(qt, b"ab")
    stream = qt.QTextStream(device)
    assert stream.read(1) == "a"
    assert stream.pos() == 0
    assert not stream.seek(1)
    assert stream.read(1) == "b"


# Encodings

MARKS = [
    (b"\xff\xfea\0b\0", "Utf16LE"),
    (b"\xfe\xff\0a\0b", "Utf16BE"),
    (b"\xef\xbb\xbfab", "Utf8"),
    (b"\xff\xfe\0\0a\0\0\0b\0\0\0", "Utf32LE"),
    (b"\0\0\xfe\xff\0\0\0a\0\0\0b", "Utf32BE"),
]


@pytest.mark.parametrize(("data", "encoding"), MARKS)
@pytest.mark.parametrize("given_encoding", [None, "Latin1", "Utf16BE"])
def test_byte_order_marks_decide(qt: Implementation, data: bytes, encoding: str, given_encoding: str | None) -> None:
    stream = text_reader(qt, data)
    if given_encoding is not None:
        stream.setEncoding(getattr(qt.QStringConverter.Encoding, given_encoding))
    assert stream.autoDetectUnicode()
    assert stream.readAll() == "ab"
    assert stream.encoding().name == encoding
    assert not stream.autoDetectUnicode()


def test_without_detection(qt: Implementation) -> None:
    stream = text_reader(qt, b"\xff\xfea\0")
    stream.setAutoDetectUnicode(False)
    assert stream.readAll() == "\ufffd\ufffda\0"
    assert stream.encoding().name == "Utf8"


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("Latin1", b"a\xe9\x80", "a\xe9\x80"),
        ("Utf16", b"a\0\xac\x20", "a\u20ac"),
        ("Utf16LE", b"=\xd8\0\xde", "\U0001f600"),
        ("Utf16BE", b"\xd8=\xde\0", "\U0001f600"),
        ("Utf32LE", b"\0\xf6\x01\0", "\U0001f600"),
        ("System", "\xe9".encode(), "\xe9"),
        ("Utf16LE", b"a\0\0", "a"),
        ("Utf8", b"a\xff\xc0\x80b", "a\ufffd\ufffd\ufffdb"),
        ("Utf8", b"a\xe2\x82b", "a\ufffd\ufffdb"),
        ("Utf8", b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        ("Utf8", b"\xe2\x82\xe2\x82\xac", "\ufffd\ufffd\u20ac"),
        ("Utf8", b"a\xe2\x82", "a"),
        ("Utf8", b"a\0b", "a\0b"),
    ],
)
def test_decoding(qt: Implementation, encoding: str, data: bytes, expected: str) -> None:
    stream = text_reader(qt, data)
    stream.setEncoding(getattr(qt.QStringConverter.Encoding, encoding))
    assert stream.readAll() == expected
    assert stream.atEnd()


@pytest.mark.qnet("Qt passes half characters on, which Python's str cannot encode again")
def test_lone_surrogates_are_replaced(qt: Implementation) -> None:
    stream = text_reader(qt, b"\0\xd8a\0")
    stream.setEncoding(qt.QStringConverter.Encoding.Utf16LE)
    assert stream.readAll() == "\ufffda"


@pytest.mark.qnet("Qt keeps what it has decoded already")
def test_the_encoding_may_change_in_the_middle(qt: Implementation) -> None:
    stream = text_reader(qt, b"\xef\xbb\xbfcharset=latin1\n\xe9")
    assert stream.readLine() == "charset=latin1"
    stream.setEncoding(qt.QStringConverter.Encoding.Latin1)
    assert stream.readAll() == "\xe9"


def test_a_character_in_two_pieces(qt: Implementation) -> None:
    device = pipe(qt)
    stream = qt.QTextStream(device)
    assert stream.atEnd()
    assert stream.readLine() == ""
    device.feed(b"a\xe2\x82")
    assert stream.readLine() == "a"
    device.feed(b"\xacb\n")
    assert not stream.atEnd()
    assert stream.readLine() == "\u20acb"


def test_a_line_in_two_pieces(qt: Implementation) -> None:
    device = pipe(qt, b"ab\ncd")
    stream = qt.QTextStream(device)
    assert stream.readLine() == "ab"
    assert not stream.atEnd()
    assert stream.readLine() == "cd"
    device.feed(b"\ne")
    assert stream.readLine() == ""
    assert stream.readLine() == "e"


@pytest.mark.qnet("Qt looks for a byte order mark in the first piece only")
def test_a_byte_order_mark_in_pieces(qt: Implementation) -> None:
    for data, _ in MARKS:
        device = pipe(qt)
        stream = qt.QTextStream(device)
        text = ""
        for byte in data:
            device.feed(bytes([byte]))
            text += stream.readAll()
        assert text == "ab"


@pytest.mark.parametrize(
    ("encoding", "mark", "expected"),
    [
        ("Utf8", False, "a\u20ac".encode()),
        ("Utf8", True, b"\xef\xbb\xbfa\xe2\x82\xac"),
        ("Utf16", False, b"a\0\xac\x20"),
        ("Utf16", True, b"\xff\xfea\0\xac\x20"),
        ("Utf16BE", True, b"\xfe\xff\0a\x20\xac"),
        ("Utf32LE", True, b"\xff\xfe\0\0a\0\0\0\xac\x20\0\0"),
        ("Latin1", True, b"a?"),
        ("System", False, "a\u20ac".encode()),
    ],
)
def test_encoding(qt: Implementation, encoding: str, mark: bool, expected: bytes) -> None:
    settings = {"setEncoding": getattr(qt.QStringConverter.Encoding, encoding), "setGenerateByteOrderMark": mark}
    assert written(qt, "a", "\u20ac", **settings) == expected


def test_byte_order_marks_are_written_once(qt: Implementation) -> None:
    array = qt.QByteArray()
    stream = qt.QTextStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    stream.setGenerateByteOrderMark(True)
    stream.flush()
    assert array == b""
    for text, expected in (("a", b"\xef\xbb\xbfa"), ("b", b"\xef\xbb\xbfab")):
        stream << text
        stream.flush()
        assert array == expected
    stream.seek(0)
    stream << "c"
    stream.flush()
    assert array == b"\xef\xbb\xbfcb"


def test_latin1_has_a_question_mark_for_each_unit(qt: Implementation) -> None:
    settings = {"setEncoding": qt.QStringConverter.Encoding.Latin1}
    assert written(qt, "\u20ac\xe9\U0001f600", **settings) == b"?\xe9??"


# Writing


def test_values(qt: Implementation) -> None:
    assert written(qt, "abc", "", 5, 2**40, True, False, None) == b"abc5109951162777610"
    assert written(qt, b"ab", bytearray(b"c"), qt.QByteArray(b"d"), b"\xe9") == b"abcd\xef\xbf\xbd"


@pytest.mark.qnet("PySide6 takes unsigned integers only, and cuts the fraction off")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-5, "-5"),
        (2**64, "18446744073709551616"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1 / 3, "0.333333"),
        (1e20, "1e+20"),
        (1e-7, "1e-07"),
        (123456789.123, "1.23457e+08"),
        (1e6, "1e+06"),
        (100000.0, "100000"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers(qt: Implementation, value: float, expected: str) -> None:
    assert written(qt, value).decode() == expected


@pytest.mark.parametrize("value", [[], ["a"], object(), {}])
def test_values_that_are_no_text(qt: Implementation, value: Any) -> None:
    with pytest.raises((TypeError, SyntaxError)):  # PySide6 raises SyntaxError
        written(qt, value)


BASES = [
    # base, flags, how 0, 5, 255 and 2**40 are written
    (0, [], "0 5 255 1099511627776"),
    (10, ["ShowBase", "UppercaseBase"], "0 5 255 1099511627776"),
    (0, ["ForceSign"], "+0 +5 +255 +1099511627776"),
    (2, ["ShowBase"], "0b0 0b101 0b11111111 0b10000000000000000000000000000000000000000"),
    (2, ["UppercaseBase"], "0 101 11111111 10000000000000000000000000000000000000000"),
    (8, [], "0 5 377 20000000000000"),
    (8, ["ShowBase"], "00 05 0377 020000000000000"),
    (8, ["ShowBase", "ForceSign"], "+0 +05 +0377 +020000000000000"),
    (16, ["ShowBase"], "0x0 0x5 0xff 0x10000000000"),
    (16, ["ShowBase", "ForceSign"], "+0x0 +0x5 +0xff +0x10000000000"),
    (16, ["ShowBase", "UppercaseBase", "UppercaseDigits"], "0X0 0X5 0XFF 0X10000000000"),
    (16, ["UppercaseDigits"], "0 5 FF 10000000000"),
    (36, ["ShowBase"], "0 5 73 e13wu1og"),
    (36, ["UppercaseDigits"], "0 5 73 E13WU1OG"),
    (3, [], "0 12 100110 10220002200102001021020011"[:12]),
]


@pytest.mark.parametrize(("base", "flags", "expected"), BASES)
def test_bases(qt: Implementation, base: int, flags: list[str], expected: str) -> None:
    number_flag = qt.QTextStream.NumberFlag
    combined = number_flag(0)
    for flag in flags:
        combined |= getattr(number_flag, flag)
    texts = expected.split()
    seen = [
        written(qt, value, setIntegerBase=base, setNumberFlags=combined).decode()
        for value in (0, 5, 255, 2**40)[: len(texts)]
    ]
    assert seen == texts


@pytest.mark.qnet("PySide6 writes no negative numbers, and takes any base")
def test_signs_and_bases(qt: Implementation) -> None:
    flags = qt.QTextStream.NumberFlag
    assert written(qt, -255, setIntegerBase=16, setNumberFlags=flags.ShowBase | flags.ForceSign) == b"-0xff"
    for base in (1, 37, -2):
        with pytest.raises(ValueError, match="base"):
            written(qt, setIntegerBase=base)


# As QLocale::toString(number, format, precision), which PySide6 does not get to from its QTextStream.
REALS = [
    # notation, precision, how 0, -1.5, 1/3, 1e20, 1e-7, 2.5 and 0.5 are written
    ("SmartNotation", 6, "0 -1.5 0.333333 1e+20 1e-07 2.5 0.5"),
    ("SmartNotation", 0, "0 -2 0.3 1e+20 1e-07 3 0.5"),
    ("SmartNotation", 1, "0 -2 0.3 1e+20 1e-07 3 0.5"),
    ("SmartNotation", 20, "0 -1.5 0.33333333333333331483 1e+20 9.9999999999999995475e-08 2.5 0.5"),
    ("FixedNotation", 0, "0 -2 0 100000000000000000000 0 3 1"),
    ("FixedNotation", 1, "0.0 -1.5 0.3 100000000000000000000.0 0.0 2.5 0.5"),
    ("FixedNotation", 3, "0.000 -1.500 0.333 100000000000000000000.000 0.000 2.500 0.500"),
    ("ScientificNotation", 0, "0e+00 -2e+00 3e-01 1e+20 1e-07 3e+00 5e-01"),
    (
        "ScientificNotation",
        6,
        "0.000000e+00 -1.500000e+00 3.333333e-01 1.000000e+20 1.000000e-07 2.500000e+00 5.000000e-01",
    ),
]


@pytest.mark.qnet("PySide6 cuts the fraction off")
@pytest.mark.parametrize(("notation", "precision", "expected"), REALS)
def test_real_numbers(qt: Implementation, notation: str, precision: int, expected: str) -> None:
    choice = {
        "setRealNumberNotation": getattr(qt.QTextStream.RealNumberNotation, notation),
        "setRealNumberPrecision": precision,
    }
    seen = [written(qt, value, **choice).decode() for value in (0.0, -1.5, 1 / 3, 1e20, 1e-7, 2.5, 0.5)]
    assert seen == expected.split()


@pytest.mark.qnet("PySide6 cuts the fraction off")
def test_flags_of_real_numbers(qt: Implementation) -> None:
    flags = qt.QTextStream.NumberFlag
    assert written(qt, 1.0, setNumberFlags=flags.ForcePoint) == b"1."
    assert written(qt, 1e20, setNumberFlags=flags.ForcePoint) == b"1.e+20"
    assert written(qt, 1.5, setNumberFlags=flags.ForceSign | flags.ForcePoint) == b"+1.5"
    assert written(qt, 1e20, float("inf"), setNumberFlags=flags.UppercaseDigits) == b"1E+20INF"
    assert written(qt, float("inf"), setNumberFlags=flags.ForceSign) == b"+inf"


FIELDS = [
    # alignment, how "abc", "" and 12, and 12 with a sign and base 16 are written in a field of 6
    ("AlignLeft", "abc---", "------", "12----", "+0xc--"),
    ("AlignRight", "---abc", "------", "----12", "--+0xc"),
    ("AlignCenter", "-abc--", "------", "--12--", "-+0xc-"),
    ("AlignAccountingStyle", "---abc", "------", "----12", "+--0xc"),
]


@pytest.mark.parametrize(("alignment", "text", "empty", "number", "signed"), FIELDS)
def test_fields(qt: Implementation, alignment: str, text: str, empty: str, number: str, signed: str) -> None:
    flags = qt.QTextStream.NumberFlag
    choice: dict[str, Any] = {
        "setFieldAlignment": getattr(qt.QTextStream.FieldAlignment, alignment),
        "setFieldWidth": 6,
        "setPadChar": "-",
    }
    assert written(qt, "abc", "", 12, **choice).decode() == text + empty + number
    choice |= {"setNumberFlags": flags.ForceSign | flags.ShowBase, "setIntegerBase": 16}
    assert written(qt, 12, **choice).decode() == signed
    assert written(qt, "abc", **{**choice, "setFieldWidth": 2}) == b"abc"
    assert written(qt, "abc", **{**choice, "setFieldWidth": -3}) == b"abc"


@pytest.mark.qnet("PySide6 writes no negative numbers, and cuts pad characters above U+007F")
def test_fields_of_other_values(qt: Implementation) -> None:
    style = qt.QTextStream.FieldAlignment.AlignAccountingStyle
    assert written(qt, -1.5, "-x", setFieldAlignment=style, setFieldWidth=6) == b"-  1.5    -x"
    assert written(qt, "x", setFieldWidth=2, setPadChar="\u20ac") == "\u20acx".encode()


def test_formatting_state(qt: Implementation) -> None:
    stream = text_reader(qt, "abc")
    text = qt.QTextStream
    assert stream.read(1) == "a"
    stream.setFieldWidth(3)
    stream.setPadChar("x")
    stream.setIntegerBase(16)
    stream.setFieldAlignment(text.FieldAlignment.AlignCenter)
    stream.setNumberFlags(text.NumberFlag.ShowBase)
    stream.setRealNumberNotation(text.RealNumberNotation.FixedNotation)
    stream.setRealNumberPrecision(2)
    assert (stream.fieldWidth(), stream.padChar(), stream.integerBase()) == (3, "x", 16)
    assert stream.fieldAlignment() == text.FieldAlignment.AlignCenter
    assert stream.numberFlags() == text.NumberFlag.ShowBase
    assert stream.realNumberNotation() == text.RealNumberNotation.FixedNotation
    assert stream.realNumberPrecision() == 2
    stream.reset()
    assert (stream.fieldWidth(), stream.padChar(), stream.integerBase()) == (0, " ", 0)
    assert stream.fieldAlignment() == text.FieldAlignment.AlignRight
    assert stream.numberFlags() == text.NumberFlag(0)
    assert stream.realNumberNotation() == text.RealNumberNotation.SmartNotation
    assert stream.realNumberPrecision() == 6
    stream.setRealNumberPrecision(2)
    stream.setRealNumberPrecision(-1)
    assert stream.realNumberPrecision() == 6
    assert stream.readAll() == "bc"


@pytest.mark.parametrize(
    ("setter", "value", "error"),
    [
        ("setPadChar", "ab", ValueError),
        ("setPadChar", "", ValueError),
        ("setFieldWidth", "x", TypeError),
        ("setIntegerBase", None, TypeError),
        ("setFieldAlignment", 1, TypeError),
        ("setNumberFlags", 1, TypeError),
        ("setRealNumberNotation", 1, TypeError),
        ("setEncoding", 0, TypeError),
        ("setStatus", 1, TypeError),
        ("setDevice", "x", TypeError),
    ],
)
def test_arguments_of_a_wrong_type(qt: Implementation, setter: str, value: Any, error: type) -> None:
    with pytest.raises(error):
        getattr(text_reader(qt, ""), setter)(value)


@pytest.mark.qnet("qnet has no QLocale")
def test_locale(qt: Implementation) -> None:
    stream = qt.QTextStream()
    stream.setLocale("C")
    assert stream.locale() == "C"
    with pytest.raises(ValueError, match="locale"):
        stream.setLocale("de_DE")


# Devices and buffering


def test_without_a_device(qt: Implementation) -> None:
    stream = qt.QTextStream()
    assert stream.device() is None
    assert stream.string() is None
    assert stream.atEnd()
    assert stream.pos() == -1
    assert (stream.read(3), stream.readLine(), stream.readAll()) == ("", "", "")
    assert not stream.seek(0)
    assert stream << "a" is stream
    stream.skipWhiteSpace()
    stream.flush()
    assert stream.status() == qt.QTextStream.Status.Ok
    assert stream.encoding().name == "Utf8"
    assert stream.autoDetectUnicode()
    assert not stream.generateByteOrderMark()


@pytest.mark.parametrize("arguments", [("abc",), (5,), (object(),)])
def test_constructor_of_a_wrong_type(qt: Implementation, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        qt.QTextStream(*arguments)


@pytest.mark.qnet("PySide6 takes a QByteArray only")
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_reading_from_anything_bytes_like(qt: Implementation, kind: type) -> None:
    assert qt.QTextStream(kind(b"ab")).readAll() == "ab"
    with pytest.raises(TypeError, match="QByteArray"):
        qt.QTextStream(kind(b""), openMode=qt.QIODevice.OpenModeFlag.WriteOnly)


def test_status(qt: Implementation) -> None:
    status = qt.QTextStream.Status
    stream = text_reader(qt, "ab")
    stream.setStatus(status.ReadPastEnd)
    stream.setStatus(status.WriteFailed)
    stream.setStatus(status.Ok)
    assert stream.status() == status.ReadPastEnd
    assert stream.readAll() == "ab"
    stream.resetStatus()
    assert stream.status() == status.Ok


def test_a_device_that_cannot_be_written(qt: Implementation) -> None:
    stream = text_reader(qt, "ab")
    stream << "x"
    assert stream.status() == qt.QTextStream.Status.Ok
    stream.flush()
    assert stream.status() == qt.QTextStream.Status.WriteFailed
    assert stream.kept == b"ab"


def test_an_error_holds_back_what_is_written(qt: Implementation) -> None:
    device = qt.QBuffer()
    device.open(qt.QIODevice.OpenModeFlag.ReadWrite)
    stream = qt.QTextStream(device)
    stream.setStatus(qt.QTextStream.Status.ReadPastEnd)
    stream << "x"
    stream.flush()
    assert device.data() == b""
    stream.resetStatus()
    stream << "y"
    stream.flush()
    assert device.data() == b"xy"


def test_buffering(qt: Implementation) -> None:
    array = qt.QByteArray()
    stream = qt.QTextStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    stream << "a" * 16384
    assert array.size() == 0
    stream << "bb"
    assert array.size() == 16386
    stream << "c"
    assert array.size() == 16386
    stream.flush()
    assert array.size() == 16387


def test_closing_the_device_flushes(qt: Implementation) -> None:
    device = qt.QBuffer()
    device.open(qt.QIODevice.OpenModeFlag.ReadWrite)
    stream = qt.QTextStream(device)
    stream << "q"
    assert device.data() == b""
    device.close()
    assert device.data() == b"q"
    assert stream.status() == qt.QTextStream.Status.Ok


def test_the_end_of_the_stream_flushes(qt: Implementation) -> None:
    array = qt.QByteArray()
    stream = qt.QTextStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    stream << "q"
    del stream
    assert array == b"q"


def test_the_end_of_the_device_comes_first(qt: Implementation) -> None:
    array = qt.QByteArray()
    device = qt.QBuffer(array)
    device.open(qt.QIODevice.OpenModeFlag.WriteOnly)
    stream = qt.QTextStream(device)
    stream << "q"
    device.close()
    stream << "r"
    del stream
    assert array == b"q"


def test_another_device_is_a_new_beginning(qt: Implementation) -> None:
    first, second = qt.QBuffer(), qt.QBuffer()
    first.open(qt.QIODevice.OpenModeFlag.ReadWrite)
    second.setData(b"zz")
    second.open(qt.QIODevice.OpenModeFlag.ReadOnly)
    stream = qt.QTextStream(first)
    stream.setEncoding(qt.QStringConverter.Encoding.Latin1)
    stream.setFieldWidth(4)
    stream.setAutoDetectUnicode(False)
    stream << "q"
    stream.flush()
    stream.setStatus(qt.QTextStream.Status.ReadPastEnd)
    stream.setDevice(second)
    assert first.data() == b"   q"
    assert stream.device() is second
    assert (stream.encoding().name, stream.fieldWidth(), stream.autoDetectUnicode()) == ("Utf8", 0, True)
    assert stream.status() == qt.QTextStream.Status.Ok
    assert stream.readAll() == "zz"


def test_a_file(qt: Implementation, tmp_path: Path) -> None:
    path = tmp_path / "text"
    file = qt.QFile(str(path))
    assert file.open(qt.QIODevice.OpenModeFlag.WriteOnly)
    stream = qt.QTextStream(file)
    stream << "abc\n"
    assert path.stat().st_size == 0
    stream.flush()
    assert path.read_bytes() == b"abc\n"
    stream << "d"
    file.close()
    assert path.read_bytes() == b"abc\nd"


@pytest.mark.qnet("Qt writes behind what it has read ahead")
def test_reading_and_writing_in_turn(qt: Implementation) -> None:
    stream = text_reader(qt, "abcdef", "ReadWrite")
    assert stream.read(1) == "a"
    stream << "Z"
    assert stream.read(1) == "c"
    assert stream.pos() == 3
    stream << "Y"
    stream.flush()
    assert stream.kept == b"aZcYef"
    assert stream.pos() == 4


@pytest.mark.qnet("PySide6's objects die by other rules")
def test_no_reference_cycles(qt: Implementation) -> None:
    gc.disable()
    try:
        device = qt.QBuffer()
        device.open(qt.QIODevice.OpenModeFlag.ReadWrite)
        stream = qt.QTextStream(device)
        stream << "a"
        stream.seek(0)
        stream.read(1)
        references = [weakref.ref(stream), weakref.ref(device)]
        del stream
        assert references[0]() is None
        del device
        assert references[1]() is None
    finally:
        gc.enable()


@pytest.mark.qnet("only qnet's reads can be counted")
def test_a_long_line_is_searched_once(qt: Implementation) -> None:
    class Counted(qt.QBuffer):  # type: ignore[name-defined, misc]
        total = reads = 0

        def readData(self, size: int) -> bytes:
            data: bytes = super().readData(size)
            Counted.total += len(data)
            Counted.reads += 1
            return data

    device = Counted()
    device.setData(b"x" * 1_000_000 + b"\ny")
    device.open(qt.QIODevice.OpenModeFlag.ReadOnly | qt.QIODevice.OpenModeFlag.Unbuffered)
    stream = qt.QTextStream(device)
    assert len(stream.readLine()) == 1_000_000
    assert stream.readLine() == "y"
    assert Counted.total <= 1_000_002
    assert Counted.reads < 20


# Properties

TEXTS = st.text(st.sampled_from("ab \n\r\t\xe9\u20ac\U0001f600"), max_size=30)
CODECS = {"Utf8": "utf-8", "Utf16LE": "utf-16-le", "Utf16BE": "utf-16-be", "Utf32LE": "utf-32-le"}


def lines_of(text: str) -> list[str]:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, encoding=st.sampled_from(sorted(CODECS)))
def test_lines_of_any_text(qt: Implementation, text: str, encoding: str) -> None:
    stream = text_reader(qt, text.encode(CODECS[encoding]))
    stream.setAutoDetectUnicode(False)
    stream.setEncoding(getattr(qt.QStringConverter.Encoding, encoding))
    lines = []
    while not stream.atEnd():
        lines.append(stream.readLine())
    assert lines == lines_of(text)


@pytest.mark.qnet("Qt loses a surrogate pair that is split over two reads of UTF-16")
@settings(max_examples=60, deadline=None)
@given(text=TEXTS, encoding=st.sampled_from(sorted(CODECS)), cuts=st.lists(st.integers(0, 120), max_size=8))
def test_any_split_gives_the_same_text(qt: Implementation, text: str, encoding: str, cuts: list[int]) -> None:
    data = text.encode(CODECS[encoding])
    device = pipe(qt)
    stream = qt.QTextStream(device)
    stream.setAutoDetectUnicode(False)
    stream.setEncoding(getattr(qt.QStringConverter.Encoding, encoding))
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    seen = ""
    for start, end in itertools.pairwise(edges):
        device.feed(data[start:end])
        seen += stream.readAll()
    assert seen == text


@pytest.mark.qnet("Qt's position is wrong after invalid bytes")
@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=40), lengths=st.lists(st.integers(1, 5), max_size=8))
def test_positions_lead_back(qt: Implementation, data: bytes, lengths: list[int]) -> None:
    stream = text_reader(qt, data)
    stream.setAutoDetectUnicode(False)
    everything = stream.readAll()
    stream.seek(0)
    taken = ""
    for length in lengths:
        taken += stream.read(length)
        position = stream.pos()
        rest = text_reader(qt, data[position:])
        rest.setAutoDetectUnicode(False)
        assert taken + rest.readAll() == everything
