"""QByteArray and QByteArrayView: tables of calls and results that Qt shares, then what is qnet's own."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qnet.core.bytearray import QByteArray, QByteArrayView

# Each: content, method, arguments, result (bytes stand for a QByteArray of that content).
CALLS: list[tuple[bytes, str, tuple[Any, ...], Any]] = [
    (b"abcabc", "indexOf", (b"c",), 2),
    (b"abcabc", "indexOf", ("c", 3), 5),
    (b"abcabc", "indexOf", (99, -1), 5),
    (b"abcabc", "indexOf", (b"", 6), 6),
    (b"abcabc", "indexOf", (b"", 7), -1),
    (b"abcabc", "indexOf", (b"c", 99), -1),
    (b"abcabc", "indexOf", (b"c", -30), -1),
    (b"aaccbb", "indexOf", (b"cb", -8), 3),
    (b"abcabc", "lastIndexOf", (b"c",), 5),
    (b"abcabc", "lastIndexOf", (b"c", 3), 2),
    (b"abcabc", "lastIndexOf", ("c", -2), 2),
    (b"abcabc", "lastIndexOf", (b"",), 6),
    (b"abcabc", "lastIndexOf", (b"", 7), -1),
    (b"abcabc", "lastIndexOf", (b"bc", 5), 4),
    (b"abcabc", "lastIndexOf", (b"bc", 99), -1),
    (b"abcabc", "lastIndexOf", (b"c", 99), 5),
    (b"abcabc", "lastIndexOf", (97, -7), 0),
    (b"abcabc", "contains", (b"bca",), True),
    (b"abcabc", "contains", ("d",), False),
    (b"aaaa", "count", (b"aa",), 3),
    (b"aaaa", "count", ("a",), 4),
    (b"aaaa", "count", (b"",), 5),
    (b"abc", "startsWith", (b"ab",), True),
    (b"abc", "startsWith", (97,), True),
    (b"abc", "endsWith", ("b",), False),
    (b"abc", "endsWith", (b"",), True),
    (b"abc", "size", (), 3),
    (b"abc", "length", (), 3),
    (b"", "isEmpty", (), True),
    (b"abc", "at", (1,), "b"),
    (b"abc", "front", (), "a"),
    (b"abc", "back", (), "c"),
    (b"abc", "cbegin", (), "abc"),
    (b"abc", "cend", (), ""),
    (b"abc", "left", (2,), b"ab"),
    (b"abc", "left", (-1,), b""),
    (b"abc", "left", (9,), b"abc"),
    (b"abc", "right", (2,), b"bc"),
    (b"abc", "right", (-1,), b""),
    (b"abc", "right", (9,), b"abc"),
    (b"abc", "mid", (1,), b"bc"),
    (b"abc", "mid", (1, 1), b"b"),
    (b"abc", "mid", (-1, 3), b"ab"),
    (b"abc", "mid", (-5, 2), b""),
    (b"abc", "mid", (-5, -1), b"abc"),
    (b"abc", "mid", (9,), b""),
    (b"abc", "first", (2,), b"ab"),
    (b"abc", "last", (2,), b"bc"),
    (b"abc", "sliced", (1,), b"bc"),
    (b"abc", "sliced", (1, 1), b"b"),
    (b"abc", "chopped", (1,), b"ab"),
    (b"  a  b\n ", "trimmed", (), b"a  b"),
    (b"  a \t b\n ", "simplified", (), b"a b"),
    (b"\x0ba\x1c\x85\xa0b\x00", "simplified", (), b"a\x1c\x85\xa0b\x00"),
    (b"aBc\xe9", "toUpper", (), b"ABC\xe9"),
    (b"aBC", "toLower", (), b"abc"),
    (b"AB1", "isUpper", (), True),
    (b"aB", "isLower", (), False),
    (b"\xff", "isValidUtf8", (), False),
    (b"a,b,,c", "split", (",",), [b"a", b"b", b"", b"c"]),
    (b"", "split", (",",), [b""]),
    (b"ab", "repeated", (3,), b"ababab"),
    (b"ab", "repeated", (-1,), b""),
    (b"ab", "leftJustified", (4, "."), b"ab.."),
    (b"ab", "leftJustified", (1, ".", True), b"a"),
    (b"ab", "rightJustified", (4,), b"  ab"),
    (b"ab", "rightJustified", (-1, ".", True), b""),
    (b"abc", "compare", (b"abd",), -1),
    (b"abc", "compare", (b"abc",), 0),
    (b"abc", "compare", (b"a",), 1),
    (b"a\xc3\xa9", "toStdString", (), "aé"),
    (b"ab\xff", "toHex", (), b"6162ff"),
    (b"abc", "toHex", (":",), b"61:62:63"),
    (b"ab\xff?", "toBase64", (), b"YWL/Pw=="),
    (b"a b/c~", "toPercentEncoding", (), b"a%20b%2Fc~"),
    (b"a b/c", "toPercentEncoding", (b"/", b"a"), b"%61%20b/c"),
    (b"a_b c", "toPercentEncoding", (b"", b"", "_"), b"a_5Fb_20c"),
    (b"a%b", "toPercentEncoding", (b"%",), b"a%25b"),
    (b"a%20b%4", "percentDecoded", (), b"a b%4"),
    (b"a_20b", "percentDecoded", ("_",), b"a b"),
]

INTEGERS: list[tuple[bytes, str, tuple[int, ...], tuple[int, bool]]] = [
    (b" +12\n", "toInt", (), (12, True)),
    (b"-12", "toInt", (), (-12, True)),
    (b"12\x00x", "toInt", (), (12, True)),
    (b"0x1f", "toInt", (), (0, False)),
    (b"0x1f", "toInt", (0,), (31, True)),
    (b"-0x1F", "toInt", (16,), (-31, True)),
    (b"017", "toInt", (0,), (15, True)),
    (b"0b11", "toInt", (0,), (3, True)),
    (b"0o17", "toInt", (0,), (0, False)),
    (b"0x", "toInt", (0,), (0, False)),
    (b"1_0", "toInt", (), (0, False)),
    (b"1 2", "toInt", (), (0, False)),
    (b"+-1", "toInt", (), (0, False)),
    (b"", "toInt", (), (0, False)),
    (b"2147483648", "toInt", (), (0, False)),
    (b"zz", "toInt", (36,), (1295, True)),
    (b"12", "toInt", (1,), (0, False)),
    (b"32768", "toShort", (), (0, False)),
    (b"65535", "toUShort", (), (65535, True)),
    (b"-0", "toUInt", (), (0, False)),
    (b"4294967295", "toUInt", (), (4294967295, True)),
    (b"-9223372036854775808", "toLongLong", (), (-(1 << 63), True)),
    (b"9223372036854775808", "toLong", (), (0, False)),
    (b"18446744073709551615", "toULongLong", (), ((1 << 64) - 1, True)),
    (b"18446744073709551616", "toULong", (), (0, False)),
]

DOUBLES: list[tuple[bytes, tuple[float, bool]]] = [
    (b" 1.5\t", (1.5, True)),
    (b".5", (0.5, True)),
    (b"5.", (5.0, True)),
    (b"1.E+3", (1000.0, True)),
    (b"-INF", (-math.inf, True)),
    (b"infinity", (0.0, False)),
    (b"-nan", (0.0, False)),
    (b"1e999", (0.0, False)),
    (b"1e-999", (0.0, False)),
    (b"0e-999", (0.0, True)),
    (b"1,5", (0.0, False)),
    (b"0x10", (0.0, False)),
    (b"1_0", (0.0, False)),
    (b"1\x00", (0.0, False)),
    (b"", (0.0, False)),
]

NUMBERS: list[tuple[tuple[Any, ...], bytes]] = [
    ((-255, 16), b"-ff"),
    ((35, 36), b"z"),
    ((0, 2), b"0"),
    ((1.5,), b"1.5"),
    ((1e20,), b"1e+20"),
    ((123456789.0,), b"1.23457e+08"),
    ((2.5, "f", 0), b"3"),
    ((-0.4, "f", 0), b"-0"),
    ((-0.0,), b"0"),
    ((1.5, "E", 2), b"1.50E+00"),
    ((0.1, "g", 17), b"0.10000000000000001"),
    ((1 / 3, "f", -1), b"0.333333"),
    ((12345.678, "g", -128), b"12345.678"),
    ((2.0**70, "f", 1), b"1180591620717411303424.0"),
    ((math.inf, "G"), b"INF"),
    ((math.nan,), b"nan"),
    ((1.5, "x", 3), b"1.500"),
]

# Changes: content, method, arguments, content afterwards.
CHANGES: list[tuple[bytes, str, tuple[Any, ...], bytes]] = [
    (b"abc", "append", (b"de",), b"abcde"),
    (b"abc", "append", (100,), b"abcd"),
    (b"abc", "append", ("d",), b"abcd"),
    (b"abc", "append", (2, "x"), b"abcxx"),
    (b"abc", "append", (-2, "x"), b"abc"),
    (b"abc", "append", ("defg", 2), b"abcde"),
    (b"abc", "append", (-1,), b"abc\xff"),
    (b"abc", "push_back", (b"d",), b"abcd"),
    (b"abc", "push_front", (b"d",), b"dabc"),
    (b"abc", "prepend", (b"de",), b"deabc"),
    (b"abc", "prepend", (2, 120), b"xxabc"),
    (b"abc", "insert", (1, b"de"), b"adebc"),
    (b"abc", "insert", (1, 2, "x"), b"axxbc"),
    (b"abc", "insert", (5, b"d"), b"abc  d"),
    (b"abc", "insert", (-1, b"d"), b"abc"),
    (b"abc", "remove", (1, 1), b"ac"),
    (b"abc", "remove", (1, 10), b"a"),
    (b"abc", "remove", (-2, 5), b"abc"),
    (b"abc", "remove", (1, -1), b"abc"),
    (b"abc", "removeAt", (5,), b"abc"),
    (b"abc", "removeFirst", (), b"bc"),
    (b"", "removeLast", (), b""),
    (b"abab", "replace", (b"a", b"xy"), b"xybxyb"),
    (b"abab", "replace", ("a", "x"), b"xbxb"),
    (b"abab", "replace", (97, b""), b"bb"),
    (b"abab", "replace", (b"", b"-"), b"-a-b-a-b-"),
    (b"abab", "replace", (1, 2, b"xyz"), b"axyzb"),
    (b"abab", "replace", (1, -1, b"Q"), b"aQbab"),
    (b"abab", "replace", (4, 2, b"Q"), b"ababQ"),
    (b"abab", "replace", (5, 2, b"Q"), b"abab"),
    (b"abab", "replace", (-1, 2, b"Q"), b"abab"),
    (b"abc", "chop", (1,), b"ab"),
    (b"abc", "chop", (9,), b""),
    (b"abc", "chop", (-1,), b"abc"),
    (b"abc", "truncate", (1,), b"a"),
    (b"abc", "truncate", (9,), b"abc"),
    (b"abc", "truncate", (-1,), b""),
    (b"abc", "resize", (5, "x"), b"abcxx"),
    (b"abc", "resize", (-1,), b""),
    (b"abc", "fill", ("x",), b"xxx"),
    (b"abc", "fill", (120, 5), b"xxxxx"),
    (b"abc", "fill", ("x", -5), b"xxx"),
    (b"abc", "assign", (b"xy",), b"xy"),
    (b"abc", "assign", (2, "x"), b"xx"),
    (b"abc", "slice", (1, 1), b"b"),
    (b"abc", "clear", (), b""),
    (b"abc", "squeeze", (), b"abc"),
    (b"abc", "setNum", (255, 16), b"ff"),
    (b"abc", "setNum", (1.5, "f", 2), b"1.50"),
]


def plain(value: Any) -> Any:
    """The result with every QByteArray, of either implementation, as bytes."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return bytes(value.data()) if hasattr(value, "data") else value


@pytest.mark.parametrize(("content", "method", "args", "expected"), CALLS)
def test_const_methods(qt, content, method, args, expected):
    assert plain(getattr(qt.QByteArray(content), method)(*args)) == expected


@pytest.mark.parametrize(("content", "method", "args", "expected"), INTEGERS)
def test_integers(qt, content, method, args, expected):
    assert getattr(qt.QByteArray(content), method)(*args) == expected


@pytest.mark.parametrize(("content", "expected"), DOUBLES)
def test_doubles(qt, content, expected):
    assert qt.QByteArray(content).toDouble() == expected


def test_floats_are_single_precision(qt):
    assert qt.QByteArray(b"1.1").toFloat() == (1.100000023841858, True)
    assert qt.QByteArray(b"1e39").toFloat() == (math.inf, False)
    assert qt.QByteArray(b"1e-46").toFloat() == (0.0, False)
    assert qt.QByteArray(b"-inf").toFloat() == (-math.inf, True)


@pytest.mark.parametrize(("args", "expected"), NUMBERS)
def test_number(qt, args, expected):
    assert qt.QByteArray.number(*args) == expected


@pytest.mark.parametrize(("content", "method", "args", "expected"), CHANGES)
def test_changes_in_place(qt, content, method, args, expected):
    array = qt.QByteArray(content)
    getattr(array, method)(*args)
    assert array == expected


def test_changes_return_the_array_itself_for_chaining(qt):
    array = qt.QByteArray(b"b")
    assert array.append(b"c").prepend(b"a").replace(b"b", b"-") == b"a-c"
    assert array == b"a-c"


def test_construction(qt):
    array = qt.QByteArray
    assert array("é") == b"\xc3\xa9"
    assert array(3, "a") == b"aaa"
    assert array(-1, "a") == b""
    assert array(bytearray(b"x")) == b"x"
    assert array(array(b"x")) == b"x"
    with pytest.raises(TypeError):
        array(3)
    with pytest.raises(TypeError):
        array([1, 2])


def test_null_is_not_merely_empty(qt):
    array = qt.QByteArray
    assert array().isNull()
    assert array(None).isNull()
    assert array(array()).isNull()
    assert not array(b"").isNull()
    cleared = array(b"abc")
    cleared.clear()
    assert cleared.isNull()
    assert not array().append(b"").isNull()
    assert array().prepend(b"").isNull()
    assert array().toUpper().isNull()
    assert array().left(1).isNull()
    assert array(b"abc").mid(9).isNull()
    assert not array(b"abc").mid(3).isNull()
    assert array() == array(b"")


def test_sums(qt):
    array = qt.QByteArray
    for other in (b"b", "b", bytearray(b"b"), array(b"b"), 98):
        total = array(b"a") + other
        assert isinstance(total, array)
        assert total == b"ab"
    assert isinstance(b"q" + array(b"a"), array)
    assert b"q" + array(b"a") == b"qa"
    assert "q" + array(b"a") == "qa"
    array_in_place = grown = array(b"a")
    grown += b"b"
    grown += 99
    assert grown is array_in_place
    assert grown == b"abc"


def test_comparisons(qt):
    array = qt.QByteArray
    assert array(b"a") == b"a" == array(b"a")
    assert "a" == array(b"a") == bytearray(b"a")
    assert array(b"\xc3\xa9") == "é"
    assert array(b"\xe9") != "é"
    assert array(b"a") != [97]
    assert array(b"a") < b"b"
    assert array(b"a\xff") > "a"
    assert sorted([array(b"b"), array(b"a")]) == [b"a", b"b"]


def test_hashes_by_value(qt):
    assert {qt.QByteArray(b"a"): 1}[qt.QByteArray(b"a")] == 1
    assert hash(qt.QByteArray()) == hash(qt.QByteArray(b""))


def test_items_are_bytes(qt):
    array = qt.QByteArray(b"abc")
    assert array[0] == b"a"
    assert list(array) == [b"a", b"b", b"c"]
    assert array[0:2] == b"ab"
    assert array[::-1] == b"cba"
    with pytest.raises(IndexError):
        array[5]
    array[-1] = b"z"
    array[0:1] = b"xy"
    assert array == b"xybz"
    assert bytes(array) == b"xybz"
    assert bytearray(array) == b"xybz"
    assert len(array) == 4


def test_text_forms(qt):
    assert str(qt.QByteArray(b"a\xff")) == "b'a\\xff'"
    assert repr(qt.QByteArray(b"a'\x00")).endswith("""QtCore.QByteArray(b"a'\\x00")""")
    assert str(qt.QByteArray(b"abc"), "ascii") == "abc"


def test_copies_and_pickles(qt):
    array = qt.QByteArray(b"abc")
    for twin in (copy.copy(array), copy.deepcopy(array), pickle.loads(pickle.dumps(array))):
        assert type(twin) is qt.QByteArray
        assert twin == array
        twin.append(b"d")
        assert array == b"abc"


def test_swap(qt):
    one, two = qt.QByteArray(b"one"), qt.QByteArray()
    one.swap(two)
    assert one.isNull()
    assert two == b"one"


STRICT_BASE64 = [
    (b"YWI=", b"ab", "Ok"),
    (b"YWI", b"ab", "Ok"),
    (b"Y", b"", "Ok"),
    (b"YW!I=", b"", "IllegalCharacter"),
    (b" YWI=", b"", "IllegalCharacter"),
    (b"YWIx=", b"", "IllegalInputLength"),
    (b"YWI=\n", b"", "IllegalInputLength"),
    (b"YW=I", b"", "IllegalPadding"),
    (b"Y===", b"", "IllegalPadding"),
    (b"YW==YW==", b"", "IllegalPadding"),
]


@pytest.mark.parametrize(("text", "decoded", "status"), STRICT_BASE64)
def test_base64_errors_abort_if_asked(qt, text, decoded, status):
    option = qt.QByteArray.Base64Option.AbortOnBase64DecodingErrors
    result = qt.QByteArray.fromBase64Encoding(text, option)
    assert result.decodingStatus == qt.QByteArray.Base64DecodingStatus[status]
    assert result.decoded == decoded
    assert qt.QByteArray.fromBase64(text, option) == decoded


def test_base64_skips_what_is_strange(qt):
    options = qt.QByteArray.Base64Option
    array = qt.QByteArray
    assert array.fromBase64(b"Y W!I=") == b"ab"
    assert array.fromBase64(b"YWI=YWI=") == b"ab\x18X"
    assert array.fromBase64(b"_-8=") == b""
    assert array.fromBase64(b"_-8=", options.Base64UrlEncoding) == b"\xff\xef"
    assert array(b"a\xff\xfe\xfb").toBase64(options.OmitTrailingEquals | options.Base64UrlEncoding) == b"Yf_--w"


def test_from_other_forms(qt):
    array = qt.QByteArray
    assert array.fromHex(b"61:6 2z") == b"ab"
    assert array.fromHex(b"6162f") == b"\x06\x16/"
    assert array.fromPercentEncoding(b"a%20b%") == b"a b%"
    assert array.fromPercentEncoding(b"a_20b", "_") == b"a b"
    assert array.fromStdString("aé") == b"a\xc3\xa9"
    assert array.fromRawData("abc", 2) == b"ab"


def test_case_insensitive_comparison(qt):
    assert qt.QByteArray(b"aB").compare(b"Ab", qt.Qt.CaseSensitivity.CaseInsensitive) == 0


@pytest.mark.parametrize("call", [lambda b: b.append(3.5), lambda b: b.append(300), lambda b: b.indexOf(300)])
def test_wrong_arguments_raise_and_change_nothing(qt, call):
    array = qt.QByteArray(b"abc")
    with pytest.raises((TypeError, OverflowError)):
        call(array)
    assert array == b"abc"


class TestOwn:
    """Where qnet accepts or defines more than PySide6."""

    pytestmark = pytest.mark.qnet("PySide6 raises TypeError, or Qt leaves the result open")

    def test_longer_text_is_taken_as_utf8(self, qt):
        assert qt.QByteArray(b"a").append("éé") == "aéé"
        assert qt.QByteArray(b"a b").replace(" ", "--").split("--") == [b"a", b"b"]
        assert qt.QByteArray(b"abc").startsWith("ab")

    def test_memoryviews_are_taken(self, qt):
        assert qt.QByteArray(memoryview(b"ab")) + memoryview(b"c") == memoryview(b"abc")

    def test_python_calls_of_the_same_name(self, qt):
        array = qt.QByteArray(b"a b a")
        assert array.split() == [b"a", b"b", b"a"]
        assert array.replace(b"a", b"x", 1) == b"x b a"
        array.remove(ord("b"))
        assert array == b"x  a"
        assert array.count(b"x", 1) == 0
        assert array[-1] == b"a"

    def test_out_of_range_raises_instead_of_undefined_behaviour(self, qt):
        array = qt.QByteArray(b"abc")
        for call in (array.first, array.last, array.sliced, array.chopped):
            for n in (-1, 4):
                with pytest.raises(ValueError):
                    call(n)
        with pytest.raises(IndexError):
            array.at(3)
        with pytest.raises(IndexError):
            qt.QByteArray().front()
        with pytest.raises(ValueError):
            qt.QByteArray(b"abc", 4)
        with pytest.raises(ValueError):
            qt.QByteArray.number(5, 1)
        assert array == b"abc"

    def test_malformed_escapes_stay(self, qt):
        assert qt.QByteArray.fromPercentEncoding(b"%zz%4%41") == b"%zz%4A"

    def test_hash_agrees_with_equality(self, qt):
        assert {b"a": 1}[qt.QByteArray(b"a")] == 1

    def test_last_index_of_counts_from_the_end_for_longer_values_too(self, qt):
        assert qt.QByteArray(b"abcabc").lastIndexOf(b"bc", -3) == 1

    def test_characters_above_ascii(self, qt):
        assert qt.QByteArray(b"\xe9").at(0) == "é"

    def test_erase_takes_positions(self, qt):
        array = qt.QByteArray(b"abcd")
        assert array.erase(1, 3) == 1
        assert array == b"ad"

    def test_base64_result_is_true_when_it_is_ok(self, qt):
        strict = qt.QByteArray.Base64Option.AbortOnBase64DecodingErrors
        assert qt.QByteArray.fromBase64Encoding(b"YWI=", strict)
        assert not qt.QByteArray.fromBase64Encoding(b"!", strict)


class TestView:
    """What reads return."""

    def test_is_bytes_with_qts_methods(self):
        view = QByteArrayView(b"12 abc")
        assert isinstance(view, bytes)
        assert view.data() == b"12 abc"
        assert view[0] == ord("1")
        assert view.left(2).toInt() == (12, True)
        assert view.split(b" ")[1].toUpper().startsWith(b"A")
        assert view.size() == view.length() == view.count() == len(view) == 6
        assert not hasattr(view, "__dict__")

    def test_equality_and_hash(self):
        assert QByteArrayView(b"a") == b"a" == QByteArrayView(b"a")
        assert QByteArrayView(b"\xc3\xa9") == "é"
        assert QByteArrayView(b"a") != "b"
        assert {b"a": 1}[QByteArrayView(b"a")] == 1

    def test_sums_stay_views(self):
        for total in (QByteArrayView(b"a") + b"b", QByteArrayView(b"a") + "b", b"a" + QByteArrayView(b"b")):
            assert isinstance(total, QByteArrayView)
            assert total.data() == b"ab"

    def test_mutable_copy(self):
        assert QByteArrayView(b"a").toByteArray().append(b"b") == b"ab"
        assert QByteArrayView().isNull()

    def test_pickles(self):
        assert type(pickle.loads(pickle.dumps(QByteArrayView(b"a")))) is QByteArrayView

    def test_has_every_const_method_of_the_array(self):
        assert {method for _, method, _, _ in CALLS + INTEGERS} <= set(dir(QByteArrayView))


@given(st.binary())
def test_encodings_round_trip(data):
    array = QByteArray(data)
    assert QByteArray.fromHex(array.toHex()) == data
    assert QByteArray.fromHex(array.toHex(":")) == data
    for options in (0, 1, 2, 3):
        assert QByteArray.fromBase64(array.toBase64(options), options) == data
        assert QByteArray.fromBase64(array.toBase64(options), options | 4) == data
    assert QByteArray.fromPercentEncoding(array.toPercentEncoding()) == data


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(2, 36))
def test_integers_round_trip(value, base):
    assert QByteArray.number(value, base).toLongLong(base) == (value, True)


@given(st.floats(allow_nan=False))
def test_shortest_and_17_digits_round_trip(value):
    for style in "eg":
        assert QByteArray.number(value, style, -128).toDouble() == (value, True)
        assert QByteArray.number(value, style, 17).toDouble() == (value, True)


@given(st.binary(max_size=40), st.integers(0, 36))
def test_number_parsers_take_anything(data, base):
    array = QByteArray(data)
    value, ok = array.toInt(base)
    assert ok or value == 0
    assert -(1 << 31) <= value < 1 << 31
    assert isinstance(array.toDouble()[0], float)


@given(st.binary(max_size=20), st.integers(-30, 30), st.integers(-30, 30), st.binary(max_size=5))
def test_view_and_array_agree(data, a, b, needle):
    array, view = QByteArray(data), QByteArrayView(data)
    for method, args in (("mid", (a, b)), ("left", (a,)), ("right", (a,)), ("indexOf", (needle, a)),
                         ("lastIndexOf", (needle, a)), ("count", (needle,)), ("simplified", ())):  # fmt: skip
        assert getattr(array, method)(*args) == getattr(view, method)(*args)
    assert array == data
