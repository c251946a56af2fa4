"""QDataStream: transactions, data that arrives in pieces, and properties of all that is read."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
from typing import Any

import pytest
from _implementations import Implementation
from _streams import pipe, reader, written
from hypothesis import given, settings
from hypothesis import strategies as st

# Transactions

THREE = "000000010000000200000003"

TRANSACTIONS = [
    # calls, then for each the result, the status and the number of bytes left
    (
        "i4 start i4 i4 rollback i4 i4",
        "1:Ok:8 -:Ok:8 2:Ok:4 3:Ok:0 -:ReadPastEnd:8 2:ReadPastEnd:4 3:ReadPastEnd:0",
    ),
    (
        "start i4 i4 i4 i4 commit i4",
        "-:Ok:12 1:Ok:8 2:Ok:4 3:Ok:0 0:ReadPastEnd:0 False:ReadPastEnd:12 1:ReadPastEnd:8",
    ),
    ("start i4 i4 commit i4", "-:Ok:12 1:Ok:8 2:Ok:4 True:Ok:4 3:Ok:0"),
    (
        "start i4 start i4 commit i4 commit i4 commit",
        "-:Ok:12 1:Ok:8 -:Ok:8 2:Ok:4 True:Ok:4 3:Ok:0 True:Ok:0 0:ReadPastEnd:0 False:ReadPastEnd:0",
    ),
    (
        "start i4 start i4 rollback i4 commit i4",
        "-:Ok:12 1:Ok:8 -:Ok:8 2:Ok:4 -:ReadPastEnd:4 0:ReadPastEnd:4 False:ReadPastEnd:12 1:ReadPastEnd:8",
    ),
    (
        "start i4 start i4 abort i4 commit i4",
        "-:Ok:12 1:Ok:8 -:Ok:8 2:Ok:4 -:ReadCorruptData:4 0:ReadCorruptData:4 False:ReadCorruptData:4 "
        "3:ReadCorruptData:0",
    ),
    (
        "start i4 start i8 i4 commit i4 commit i4",
        "-:Ok:12 1:Ok:8 -:Ok:8 8589934595:Ok:0 0:ReadPastEnd:0 False:ReadPastEnd:0 0:ReadPastEnd:0 "
        "False:ReadPastEnd:12 1:ReadPastEnd:8",
    ),
    ("i8 i8 start i4 commit", "4294967298:Ok:4 0:ReadPastEnd:0 -:Ok:0 0:ReadPastEnd:0 False:ReadPastEnd:0"),
    (
        "start corrupt i4 raw skip commit i4",
        "-:Ok:12 -:ReadCorruptData:12 0:ReadCorruptData:12 None:ReadCorruptData:12 -1:ReadCorruptData:12 "
        "False:ReadCorruptData:12 1:ReadCorruptData:8",
    ),
    (
        "start start start i4 commit i4 abort i4 commit commit",
        "-:Ok:12 -:Ok:12 -:Ok:12 1:Ok:8 True:Ok:8 2:Ok:4 -:ReadCorruptData:4 0:ReadCorruptData:4 "
        "False:ReadCorruptData:4 False:ReadCorruptData:4",
    ),
    ("start corrupt start", "-:Ok:12 -:ReadCorruptData:12 -:ReadCorruptData:12"),
]


@pytest.mark.parametrize(("calls", "expected"), TRANSACTIONS)
@pytest.mark.parametrize("sequential", [False, True])
def test_transactions(qt: Implementation, sequential: bool, calls: str, expected: str) -> None:
    data = bytes.fromhex(THREE)
    device = pipe(qt, data)
    stream = qt.QDataStream(device) if sequential else reader(qt, data)
    device = stream.device()
    actions = {
        "start": stream.startTransaction,
        "commit": stream.commitTransaction,
        "rollback": stream.rollbackTransaction,
        "abort": stream.abortTransaction,
        "i4": stream.readInt32,
        "i8": stream.readInt64,
        "raw": lambda: stream.readRawData(3),
        "skip": lambda: stream.skipRawData(2),
        "corrupt": lambda: stream.setStatus(qt.QDataStream.Status.ReadCorruptData),
    }
    seen = []
    for call in calls.split():
        result = actions[call]()
        text = "-" if call in ("start", "rollback", "abort", "corrupt") else str(result)
        seen.append(f"{text}:{stream.status().name}:{device.bytesAvailable()}")
    assert seen == expected.split()
    while stream.isDeviceTransactionStarted():
        stream.commitTransaction()


def test_a_message_that_arrives_in_pieces(qt: Implementation) -> None:
    device = pipe(qt)
    stream = qt.QDataStream(device)
    message = bytes.fromhex("000000040041004200000007")
    for byte in message[:-1]:
        device.feed(bytes([byte]))
        stream.startTransaction()
        stream.readQString()
        stream.readInt32()
        assert not stream.commitTransaction()
    device.feed(message[-1:])
    stream.startTransaction()
    assert (stream.readQString(), stream.readInt32()) == ("AB", 7)
    assert stream.commitTransaction()
    assert stream.atEnd()


def test_a_transaction_of_somebody_else_blocks_reads_after_an_error(qt: Implementation) -> None:
    stream = reader(qt, THREE)
    stream.device().startTransaction()
    assert stream.isDeviceTransactionStarted()
    stream.setStatus(qt.QDataStream.Status.ReadPastEnd)
    assert stream.readInt32() == 0
    assert stream.device().pos() == 0
    stream.device().commitTransaction()
    assert stream.readInt32() == 1


# Properties

STRINGS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | STRINGS
    | st.lists(STRINGS, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)
VERSIONS = st.integers(6, 24)
ORDERS = st.sampled_from(["BigEndian", "LittleEndian"])


@settings(max_examples=60, deadline=None)
@given(value=VALUES, version=VERSIONS, order=ORDERS)
def test_variants_come_back(qt: Implementation, value: Any, version: int, order: str) -> None:
    data = written(qt, lambda s: s.writeQVariant(value), version=version, order=order)
    stream = reader(qt, data, version=version, order=order)
    assert stream.readQVariant() == value
    assert stream.status() == qt.QDataStream.Status.Ok
    assert stream.atEnd()


READS = {
    "readInt8": (),
    "readUInt16": (),
    "readInt32": (),
    "readUInt64": (),
    "readBool": (),
    "readFloat": (),
    "readDouble": (),
    "readQString": (),
    "readQStringList": (),
    "readQChar": (),
    "readBytes": (0,),
    "readRawData": (3,),
    "skipRawData": (2,),
    "readQVariant": (),
}


@pytest.mark.qnet("random QVariants crash Qt: it constructs whatever type they name")
@settings(max_examples=200, deadline=None)
@given(
    data=st.lists(
        st.binary(max_size=6)
        | st.integers(0, 70).map(lambda n: struct.pack(">IB", n, 0))
        | st.integers(0, 9).map(lambda n: struct.pack(">I", n))
        | st.sampled_from([b"\xff\xff\xff\xff", b"\xff\xff\xff\xfe", b"\xff\xff\xff\xf0"]),
        max_size=12,
    ).map(b"".join),
    calls=st.lists(st.sampled_from(sorted(READS)), min_size=1, max_size=12),
    version=st.integers(1, 24),
    order=ORDERS,
)
def test_random_bytes_never_raise(qt: Implementation, data: bytes, calls: list[str], version: int, order: str) -> None:
    stream = reader(qt, data, version=version, order=order)
    tracemalloc.start()
    try:
        for call in calls:
            getattr(stream, call)(*READS[call])
            assert stream.device().pos() <= len(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=6),
    texts=st.lists(STRINGS, max_size=6),
    cuts=st.lists(st.integers(0, 80), max_size=6),
)
def test_transactions_over_any_split(qt: Implementation, numbers: list[int], texts: list[str], cuts: list[int]) -> None:
    def write(stream: Any) -> None:
        for number in numbers:
            stream.writeInt32(number)
        stream.writeQStringList(texts)

    message = bytes.fromhex(written(qt, write))
    device = pipe(qt)
    stream = qt.QDataStream(device)
    edges = sorted({min(cut, len(message)) for cut in cuts} | {0, len(message)})
    for start, end in itertools.pairwise(edges):
        device.feed(message[start:end])
        stream.startTransaction()
        result = ([stream.readInt32() for _ in numbers], stream.readQStringList())
        complete = stream.commitTransaction()
        assert complete == (end == len(message))
    assert complete
    assert result == (numbers, texts)
