"""QDataStream: QVariants and dates, as Qt 6.10 writes them."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from _implementations import Implementation
from _streams import reader, written

pytestmark = pytest.mark.filterwarnings("ignore:libshiboken")


PAST_END, CORRUPT, TOO_LARGE = "ReadPastEnd", "ReadCorruptData", "SizeLimitExceeded"

# QVariant

VARIANTS = [
    # value, version, expected
    (None, 1, "0000000000000000"),
    (None, 6, "00000000ffffffff"),
    (None, 7, "00000000ffffffff"),
    (None, 12, "0000000001ffffffff"),
    (None, 13, "0000000001"),
    (None, 23, "0000000001"),
    (True, 6, "0000001201"),
    (True, 7, "0000000101"),
    (True, 8, "000000010001"),
    (False, 23, "000000010000"),
    (-1, 6, "00000010ffffffff"),
    (-1, 7, "00000002ffffffff"),
    (-1, 23, "0000000200ffffffff"),
    (2**31, 6, "000000210000000080000000"),
    (2**31, 23, "00000004000000000080000000"),
    (-(2**63), 23, "00000004008000000000000000"),
    (1.5, 6, "000000133ff8000000000000"),
    (1.5, 23, "00000006003ff8000000000000"),
    ("", 23, "0000000a0000000000"),
    ("\u20ac", 1, "00000003000000013f"),
    ("a", 6, "00000003000000020061"),
    ("a", 7, "0000000a000000020061"),
    ("a", 23, "0000000a00000000020061"),
    ([], 6, "0000000200000000"),
    ([], 23, "000000090000000000"),
    (["a"], 1, "00000004000000010000000161"),
    (["a", "b"], 23, "0000000b0000000002000000020061000000020062"),
    (["a", 1], 23, "0000000900000000020000000a00000000020061000000020000000001"),
    ([None, 1], 6, "000000020000000200000000ffffffff0000001000000001"),
    ([None], 12, "0000000900000000010000000001ffffffff"),
    ({}, 6, "0000000100000000"),
    ({}, 23, "000000080000000000"),
    ({"a": 1}, 1, "000000010000000100000001610000001000000001"),
    (
        {"b": 1, "a": "x"},
        23,
        "0000000800000000020000000200610000000a00000000020078000000020062000000020000000001",
    ),
    (
        {"a": {"b": [1]}},
        12,
        "000000080000000001000000020061000000080000000001000000020062000000090000000001000000020000000001",
    ),
]


@pytest.mark.parametrize(("value", "version", "expected"), VARIANTS)
def test_variants(qt: Implementation, value: Any, version: int, expected: str) -> None:
    assert written(qt, lambda s: s.writeQVariant(value), version=version) == expected
    stream = reader(qt, expected, version=version)
    result = stream.readQVariant()
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.atEnd()
    if value != "\u20ac":  # a version without Unicode
        assert result == value
        assert type(result) is type(value)


@pytest.mark.parametrize(
    ("version", "expected"),
    [(6, "0000001d000000027879"), (7, "0000000c000000027879"), (23, "0000000c00000000027879")],
)
def test_byte_array_variants(qt: Implementation, version: int, expected: str) -> None:
    array = qt.QByteArray(b"xy")
    assert written(qt, lambda s: s.writeQVariant(array), version=version) == expected
    assert reader(qt, expected, version=version).readQVariant() == b"xy"


def test_null_byte_arrays(qt: Implementation) -> None:
    for version, expected in ((5, "00000000"), (6, "ffffffff"), (23, "ffffffff")):
        assert written(qt, lambda s: s << qt.QByteArray(), version=version) == expected
        variant = written(qt, lambda s: s.writeQVariant(qt.QByteArray()), version=version)
        assert variant.endswith(expected)
    assert written(qt, lambda s: s.writeBytes(qt.QByteArray())) == "00000000"


def test_null_variants(qt: Implementation) -> None:
    assert reader(qt, "0000000a01ffffffff").readQVariant() == ""
    assert reader(qt, "0000000c01ffffffff").readQVariant() == b""
    assert reader(qt, "000000020100000005").readQVariant() == 5


OTHER_TYPES = [
    # version, data, value
    (23, "0000000300ffffffff", 4294967295),
    (23, "0000000500ffffffffffffffff", 2**64 - 1),
    (23, "000000070020ac", "\u20ac"),
    (23, "0000001c0000000001000000020061000000020000000005", {"a": 5}),
    (23, "0000002000f0f0f0f0f0f0f0f0", -1085102592571150096),
    (23, "0000002100ffff", -1),
    (23, "000000220041", "A"),
    (23, "0000002300ffffffffffffffff", 2**64 - 1),
    (23, "0000002400ffff", 65535),
    (23, "0000002500ff", 255),
    (23, "00000026003ff8000000000000", 1.5),
    (11, "00000087003fc00000", 1.5),
    (23, "0000002800ff", -1),
    (23, "0000002900000000020000000007", 7),
    (23, "0000003300", None),
    (12, "0000008100ffffffffffffffff", -1),
    (12, "0000008600ff", 255),
    (7, "000000820102", 258),
    (6, "00000011ffffffff", 4294967295),
    (6, "00000022ffffffffffffffff", 2**64 - 1),
]


@pytest.mark.parametrize(("version", "data", "value"), OTHER_TYPES)
def test_variants_that_only_cpp_writes(qt: Implementation, version: int, data: str, value: Any) -> None:
    stream = reader(qt, data, version=version)
    assert stream.readQVariant() == value
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.atEnd()


ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.qnet("types that Python has are Python's; PySide6 has Qt's, or no converter at all")
@pytest.mark.parametrize(
    ("version", "data", "value"),
    [
        (23, "0000000d00000000000000000515", [True, False, True, False, True]),
        (12, "0000000d000000000306", [False, True, True]),
        (23, "0000001e00" + ID.hex, ID),
        (12, "0000007f0000000006515575696400" + ID.hex, ID),
        (19, "000004000000000006515575696400" + ID.hex, ID),
        (23, "000100000000000006515575696400" + ID.hex, ID),
        (23, "00000012000000000a0065006e005f00550053", "en_US"),
        (23, "000000130000000001000000020000000300000005", (1, 2, 3, 4)),
        (23, "00000015000000000100000002", (1, 2)),
        (23, "00000019000000000100000002", (1, 2)),
        (23, "0000001a003ff00000000000004000000000000000", (1.0, 2.0)),
        (23, "0000003a00000000020000000001000000020000000002", (1, 2)),
        (23, "000000380020ac", "\u20ac"),
        (23, "00000039000001f600", "\U0001f600"),
        (23, "0000003f003e00", 1.5),
    ],
)
def test_variants_of_types_that_are_pythons(qt: Implementation, version: int, data: str, value: Any) -> None:
    stream = reader(qt, data, version=version)
    assert stream.readQVariant() == value
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.atEnd()


@pytest.mark.qnet("PySide6 pickles what is not Qt's")
@pytest.mark.parametrize(
    ("value", "same", "prefix"),
    [
        (b"ab", b"ab", "0000000c00"),
        (bytearray(b"ab"), b"ab", "0000000c00"),
        (memoryview(b"ab"), b"ab", "0000000c00"),
        ((1, "a"), [1, "a"], "0000000900"),
        (2**64 - 1, 2**64 - 1, "0000000500"),
        (ID, ID, "0000001e00"),
        (date(2020, 1, 2), date(2020, 1, 2), "0000000e00"),
        (time(1, 2, 3, 4999), time(1, 2, 3, 4000), "0000000f00"),
    ],
)
def test_python_values_in_variants(qt: Implementation, value: Any, same: Any, prefix: str) -> None:
    for order in ("BigEndian", "LittleEndian"):
        data = written(qt, lambda s: s.writeQVariant(value), order=order)
        assert reader(qt, data, order=order).readQVariant() == same
    assert written(qt, lambda s: s.writeQVariant(value)).startswith(prefix)


@pytest.mark.qnet("PySide6 pickles what is not Qt's")
@pytest.mark.parametrize(
    ("value", "error"),
    [
        (object(), TypeError),
        ([1, {2}], TypeError),
        ({1: 2}, TypeError),
        (1j, TypeError),
        (2**64, OverflowError),
        ([-(2**63) - 1], OverflowError),
    ],
)
def test_values_without_a_variant_write_nothing(qt: Implementation, value: Any, error: type) -> None:
    array = qt.QByteArray()
    stream = qt.QDataStream(array, qt.QIODevice.OpenModeFlag.WriteOnly)
    with pytest.raises(error):
        stream.writeQVariant(value)
    assert not array
    assert stream.status() == qt.QDataStream.Status.Ok


@pytest.mark.qnet("PySide6 unpickles what a peer sends")
def test_pickles_are_never_loaded(qt: Implementation) -> None:
    data = (
        "0001000000000000185079536964653a3a50794f626a65637457726170706572000000001280049507000000000000004b014b0286942e"
    )
    stream = reader(qt, data)
    assert stream.readQVariant() is None
    assert stream.status() == qt.QDataStream.Status.ReadCorruptData


@pytest.mark.qnet("Qt goes on as if the value had no bytes")
@pytest.mark.parametrize("data", ["0000004000ff", "0000002b00", "ffffffff00", "0001000000ffffffff"])
def test_unknown_types_are_corrupt_data(qt: Implementation, data: str) -> None:
    stream = reader(qt, data)
    assert stream.readQVariant() is None
    assert stream.status() == qt.QDataStream.Status.ReadCorruptData


@pytest.mark.qnet("Qt has no limit but the stack")
def test_deep_nesting_is_refused(qt: Implementation) -> None:
    stream = reader(qt, bytes.fromhex("000000090000000001") * 100_000)
    assert stream.readQVariant() is None
    assert stream.status() == qt.QDataStream.Status.ReadCorruptData
    value: list[Any] = []
    for _ in range(100):
        value = [value]
    assert reader(qt, written(qt, lambda s: s.writeQVariant(value))).readQVariant() == value
    value.append(value)
    with pytest.raises(ValueError, match="levels"):
        written(qt, lambda s: s.writeQVariant(value))


@pytest.mark.qnet("the result of a failed read is None; Qt's is an empty value of the type")
@pytest.mark.parametrize(
    ("data", "status"),
    [
        ("", PAST_END),
        ("0000000200", PAST_END),
        ("00000009000000000200000002", PAST_END),
        ("0000000900ffffffff", TOO_LARGE),
        ("0000000a0000000003", CORRUPT),
        ("0000000900000000010000006300", CORRUPT),
        ("0000000d00ffffffffffffffff", CORRUPT),
        ("000000390000110000", CORRUPT),
    ],
)
def test_variants_that_cannot_be_read(qt: Implementation, data: str, status: str) -> None:
    stream = reader(qt, data)
    assert stream.readQVariant() is None
    assert stream.status().name == status


# Dates

MOMENT = datetime(2020, 7, 2, 1, 2, 3, 4000)
PLUS_2 = timezone(timedelta(hours=2))

DATETIMES = [
    # value, version, as Qt writes it
    (MOMENT.replace(tzinfo=timezone.utc), 12, "002585990038cefc02"),
    (MOMENT.replace(tzinfo=timezone.utc), 13, "00000000002585990038cefc01"),
    (MOMENT.replace(tzinfo=timezone.utc), 14, "00000000002585990038cefc02"),
    (MOMENT.replace(tzinfo=timezone.utc), 15, "00000000002585990038cefc01"),
    (MOMENT.replace(tzinfo=PLUS_2), 13, "000000000025859804f14dfc01"),
    (MOMENT.replace(tzinfo=PLUS_2), 15, "00000000002585990038cefc0200001c20"),
    (MOMENT.replace(tzinfo=PLUS_2), 23, "00000000002585990038cefc0200001c20"),
    (MOMENT, 6, "002585990038cefc"),
    (MOMENT, 12, "002585990038cefcff"),
    (MOMENT, 14, "00000000002585990038cefcff"),
    (MOMENT, 23, "00000000002585990038cefc00"),
]


@pytest.mark.qnet("a QDateTime is a datetime")
@pytest.mark.parametrize(("value", "version", "expected"), DATETIMES)
def test_datetimes(qt: Implementation, value: datetime, version: int, expected: str) -> None:
    assert written(qt, lambda s: s << value, version=version) == expected
    type_id = "0000001c" if version < 7 else "00000010" if version < 8 else "0000001000"
    result = reader(qt, type_id + expected, version=version).readQVariant()
    assert result.utcoffset() is not None
    assert result == value.astimezone()


@pytest.mark.qnet("a QDateTime is a datetime")
@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("00000006" "005500540043", 0),
        ("00000018" "004500750072006f00700065002f00500061007200690073", 7200),
        ("00000012" "005500540043002b00300032003a00330030", 9000),
        (
            "0000001a" "004f0066006600730065007400460072006f006d005500740063"
            "00000010" "0043007500730074006f006d002f0058" "00000e10" "00000004" "004e006d"
            "00000004" "00410062" "00000000" "00000004" "0043006f",
            3600,
        ),
    ],
)  # fmt: skip
def test_time_zones(qt: Implementation, zone: str, offset: int) -> None:
    stream = reader(qt, "000000100000000000002585990038cefc03" + zone)
    result = stream.readQVariant()
    assert result.replace(tzinfo=None) == MOMENT
    assert result.utcoffset() == timedelta(seconds=offset)
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.atEnd()


@pytest.mark.qnet("what datetime cannot hold is None")
@pytest.mark.parametrize(
    "data",
    [
        "0000000e008000000000000000",
        "0000000e000000000000000000",
        "0000000e007fffffffffffffff",
        "0000000f00ffffffff",
        "0000000f0005265c00",
        "00000010008000000000000000ffffffff00",
        "000000100000000000002585990038cefc027fffffff",
        "000000100000000000002585990038cefc0300000006005a005a005a",
        "000000100000000000002585990038cefc0300000018002e002e002f002e002e002f002e002e002f006500740063",
    ],
)
def test_dates_that_python_does_not_have(qt: Implementation, data: str) -> None:
    stream = reader(qt, data)
    assert stream.readQVariant() is None
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.atEnd()
