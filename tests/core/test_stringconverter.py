"""QStringConverter, QStringDecoder and QStringEncoder."""

from __future__ import annotations

import itertools

import pytest
from _implementations import Implementation
from hypothesis import given, settings
from hypothesis import strategies as st

from qnet.core.stringconverter import QStringConverter, QStringDecoder, QStringEncoder

Encoding = QStringConverter.Encoding
Flag = QStringConverter.Flag

NAMES = {
    "Utf8": "UTF-8",
    "Utf16": "UTF-16",
    "Utf16LE": "UTF-16LE",
    "Utf16BE": "UTF-16BE",
    "Utf32": "UTF-32",
    "Utf32LE": "UTF-32LE",
    "Utf32BE": "UTF-32BE",
    "Latin1": "ISO-8859-1",
    "System": "Locale",
}


@pytest.mark.parametrize(("member", "name"), NAMES.items())
def test_names(qt: Implementation, member: str, name: str) -> None:
    encoding = getattr(qt.QStringConverter.Encoding, member)
    assert qt.QStringConverter.nameForEncoding(encoding) == name
    converter = qt.QStringConverter(encoding, qt.QStringConverterBase.Flag.Default)
    assert converter.isValid()
    assert converter.name() == name
    assert not converter.hasError()
    assert getattr(qt.QStringConverter, member) == encoding


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("utf8", "UTF-8"),
        ("UTF_8", "UTF-8"),
        ("utf--8", "UTF-8"),
        ("U T F 8", "UTF-8"),
        ("latin-1", "ISO-8859-1"),
        ("l1", "ISO-8859-1"),
        ("iso8859-1", "ISO-8859-1"),
        ("utf-16le", "UTF-16LE"),
        ("locale", "Locale"),
        ("", None),
        ("system", None),
        ("no such thing", None),
    ],
)
def test_encodings_by_name(qt: Implementation, name: str, expected: str | None) -> None:
    converter = qt.QStringConverter(name, qt.QStringConverterBase.Flag.Default)
    assert (converter.isValid(), converter.name()) == (expected is not None, expected)


def test_a_converter_of_nothing(qt: Implementation) -> None:
    converter = qt.QStringConverter()
    assert not converter.isValid()
    assert converter.name() is None
    assert not converter.hasError()
    converter.resetState()
    assert set(NAMES.values()) <= set(qt.QStringConverter.availableCodecs())


def test_state(qt: Implementation) -> None:
    flag = qt.QStringConverterBase.Flag
    state = qt.QStringConverterBase.State(flag.Stateless)
    assert (state.flags, state.internalState, state.invalidChars, state.remainingChars) == (flag.Stateless, 0, 0, 0)
    state.invalidChars = 3
    state.clear()
    assert state.invalidChars == 0
    assert state.flags == flag.Stateless
    state.reset()
    assert flag.Default | flag.WriteBom == flag.WriteBom


def test_wrong_types(qt: Implementation) -> None:
    with pytest.raises(TypeError):
        qt.QStringConverter(5, qt.QStringConverterBase.Flag.Default)


# What PySide6 leaves out


def test_encoding_for_name() -> None:
    assert QStringConverter.encodingForName("utf-16be") is Encoding.Utf16BE
    assert QStringConverter.encodingForName("shift_jis") is None


@pytest.mark.parametrize(
    ("data", "first", "expected"),
    [
        (b"\xef\xbb\xbfa", "\0", Encoding.Utf8),
        (b"\xff\xfea\0", "\0", Encoding.Utf16LE),
        (b"\xfe\xff\0a", "\0", Encoding.Utf16BE),
        (b"\xff\xfe\0\0", "\0", Encoding.Utf32LE),
        (b"\0\0\xfe\xff", "\0", Encoding.Utf32BE),
        (b"<\0?\0", "<", Encoding.Utf16LE),
        (b"\0<\0?", "<", Encoding.Utf16BE),
        (b"<\0\0\0", "<", Encoding.Utf32LE),
        (b"\0\0\0<", "<", Encoding.Utf32BE),
        (b"<?xml", "<", None),
        (b"abc", "\0", None),
        (b"", "\0", None),
    ],
)
def test_encoding_for_data(data: bytes, first: str, expected: Encoding | None) -> None:
    assert QStringConverter.encodingForData(data, first) is expected


HTML = [
    (b"<meta charset=utf-16le>", "UTF-16LE"),
    (b'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=iso-8859-1">', "ISO-8859-1"),
    (b'<meta name=x><meta charset="UTF-8">', "UTF-8"),
    (b"<html>" + b" " * 1100 + b"<meta charset=latin1>", "UTF-8"),
    (b"charset=latin1", "UTF-8"),
    (b"\xef\xbb\xbf<meta charset=latin1>", "UTF-8"),
    (b"\xff\xfea\0", "UTF-16LE"),
    (b"<!--<meta charset=latin1>-->", "ISO-8859-1"),
    (b'<meta charset="utf-16be"', "UTF-16BE"),
    (b"<meta charset=xyz>", None),
    (b"", "UTF-8"),
]


@pytest.mark.parametrize(("data", "name"), HTML)
def test_html(data: bytes, name: str | None) -> None:
    decoder = QStringDecoder.decoderForHtml(data)
    assert (decoder.isValid(), decoder.name()) == (name is not None, name)
    encoding = QStringConverter.encodingForHtml(data)
    assert (None if encoding is None else QStringConverter.nameForEncoding(encoding)) == name


def test_html_in_another_encoding() -> None:
    page = "<meta charset=shift_jis>\u3042".encode("shift_jis")
    assert QStringConverter.encodingForHtml(page) is None
    assert QStringDecoder.decoderForHtml(page)(page).endswith("\u3042")


def test_decoding_in_pieces() -> None:
    decoder = QStringDecoder(Encoding.Utf8)
    assert decoder(b"a\xe2\x82") == "a"
    assert decoder.state.remainingChars == 2
    assert decoder.decode(b"\xac") == "\u20ac"
    assert not decoder.hasError()
    assert decoder(b"\xff\xc0b") == "\ufffd\ufffdb"
    assert decoder.hasError()
    assert decoder.state.invalidChars == 2
    decoder.resetState()
    assert not decoder.hasError()
    assert decoder.appendToBuffer("x", b"\xef\xbb\xbfy") == "xy"


def test_decoding_flags() -> None:
    assert QStringDecoder(Encoding.Utf8, Flag.ConvertInvalidToNull)(b"a\xffb") == "a\0b"
    assert QStringDecoder(Encoding.Utf8, Flag.ConvertInitialBom)(b"\xef\xbb\xbfa") == "\ufeffa"
    assert QStringDecoder(Encoding.Utf16LE)(b"\xff\xfea\0") == "a"
    stateless = QStringDecoder(Encoding.Utf8, Flag.Stateless)
    assert stateless(b"a\xe2\x82") == "a\ufffd\ufffd"
    assert stateless(b"\xac") == "\ufffd"
    assert stateless.hasError()
    assert stateless.state.invalidChars == 3


def test_the_byte_order_of_utf16() -> None:
    assert QStringDecoder(Encoding.Utf16)(b"\xfe\xff\0a") == "a"
    decoder = QStringDecoder(Encoding.Utf16)
    assert decoder(b"a") == ""
    assert decoder.state.remainingChars == 1
    assert decoder(b"\0b\0") == "ab"
    assert QStringDecoder(Encoding.Utf32)(b"\0\0\xfe\xff\0\0\0a") == "a"


def test_encoding_in_pieces() -> None:
    encoder = QStringEncoder(Encoding.Utf16BE, Flag.WriteBom)
    assert encoder("a") == b"\xfe\xff\0a"
    assert encoder.encode("b") == b"\0b"
    assert not encoder.hasError()
    encoder.resetState()
    assert encoder("a") == b"\xfe\xff\0a"
    latin = QStringEncoder(Encoding.Latin1, Flag.WriteBom)
    assert latin("\xe9\u20ac") == b"\xe9?"
    assert latin.hasError()
    assert latin.state.invalidChars == 1
    assert QStringEncoder(Encoding.Utf8)("\ud800") == b"\xef\xbf\xbd"
    assert QStringEncoder("shift_jis")("\u3042") == b"\x82\xa0"


def test_converters_that_are_not_valid() -> None:
    assert QStringDecoder()(b"a") == ""
    assert QStringEncoder("no such thing")("a") == b""
    assert QStringDecoder().state.invalidChars == 0
    assert QStringEncoder().state.invalidChars == 0


def test_required_space() -> None:
    decoding = [QStringDecoder(Encoding[member]).requiredSpace(10) for member in NAMES]
    assert decoding == [11, 7, 7, 7, 7, 7, 7, 11, 11]
    encoding = [QStringEncoder(Encoding[member]).requiredSpace(10) for member in list(NAMES)[:-1]]
    assert encoding == [33, 22, 22, 22, 44, 44, 44, 11]


UNICODE = ["Utf8", "Utf16", "Utf16LE", "Utf16BE", "Utf32", "Utf32LE", "Utf32BE"]


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=10),
    member=st.sampled_from(UNICODE),
    mark=st.booleans(),
    cuts=st.lists(st.integers(0, 44), max_size=5),
)
def test_what_is_encoded_comes_back_in_any_pieces(text: str, member: str, mark: bool, cuts: list[int]) -> None:
    text = text.lstrip("\ufeff")
    data = QStringEncoder(Encoding[member], Flag.WriteBom if mark else Flag.Default)(text)
    decoder = QStringDecoder(Encoding[member])
    edges = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    pieces = [decoder(data[start:end]) for start, end in itertools.pairwise(edges)]
    assert "".join(pieces) == text
    assert not decoder.hasError()


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=30), member=st.sampled_from([*UNICODE, "Latin1"]))
def test_random_bytes_decode_to_text_that_can_be_encoded(data: bytes, member: str) -> None:
    QStringDecoder(Encoding[member], Flag.Stateless)(data).encode()
