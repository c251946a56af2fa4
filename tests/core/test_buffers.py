"""The byte queues against a plain bytearray, and what they promise about copies and scanning."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qnet.core._buffers import ReadBuffer, WriteBuffer

pieces = st.binary(max_size=12).map(lambda data: data.replace(b"\x01", b"\n"))
texts = st.lists(st.sampled_from([b"a", b"b", b"\n", b""]), max_size=12).map(b"".join)
counts = st.integers(min_value=-2, max_value=40)
read_steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["append", "unread"]), st.one_of(pieces, texts)),
        st.tuples(st.sampled_from(["take", "peek", "skip", "read_line", "reread"]), counts),
        st.tuples(st.sampled_from(["take_all", "find_newline", "clear"]), st.none()),
    ),
    max_size=40,
)


class ReadModel:
    """What a ReadBuffer does, said with a bytearray."""

    def __init__(self) -> None:
        self.data = bytearray()

    def append(self, chunk: bytes) -> None:
        self.data += chunk

    def unread(self, chunk: bytes) -> None:
        self.data[:0] = chunk

    def peek(self, count: int) -> bytes:
        return bytes(self.data[: max(0, count)])

    def take(self, count: int) -> bytes:
        taken = self.peek(count)
        del self.data[: len(taken)]
        return taken

    def skip(self, count: int) -> int:
        return len(self.take(count))

    def take_all(self) -> bytes:
        return self.take(len(self.data))

    def clear(self) -> None:
        self.data.clear()

    def find_newline(self) -> int:
        return self.data.find(b"\n")

    def read_line(self, limit: int) -> bytes:
        end = self.data.find(b"\n") + 1 or len(self.data)
        return self.take(end if limit < 0 else min(end, limit))


@settings(max_examples=300, deadline=None)
@given(read_steps)
def test_read_buffer_is_a_bytearray_in_chunks(steps: list[tuple[str, Any]]) -> None:
    buffer, model = ReadBuffer(), ReadModel()
    for name, argument in steps:
        arguments = () if argument is None else (argument,)
        if name == "reread":  # what was just read goes back: the case that ungetChar lives on
            taken = buffer.take(*arguments)
            assert taken == model.take(*arguments)
            buffer.unread(taken)
            model.unread(taken)
        else:
            assert getattr(buffer, name)(*arguments) == getattr(model, name)(*arguments)
        assert buffer.size == len(buffer) == len(model.data)
        assert buffer.peek(1000) == model.data
    assert buffer.find_newline() == model.find_newline()
    assert buffer.take_all() == model.data


def test_a_single_chunk_is_never_copied() -> None:
    chunk = b"x" * 1000
    buffer = ReadBuffer()
    buffer.append(chunk)
    assert buffer.take_all() is chunk
    buffer.append(chunk)
    assert buffer.take(5000) is chunk
    assert buffer.size == 0


def test_reading_back_and_forth_in_one_chunk_does_not_split_it() -> None:
    buffer = ReadBuffer()
    buffer.append(b"abc" * 1000)
    for _ in range(100):
        buffer.unread(buffer.take(7))
    assert "in 1 chunks" in repr(buffer)
    assert buffer.take_all() == b"abc" * 1000


class CountingBytes(bytes):
    """Bytes that count how many of them a search has looked at."""

    searched = 0

    def find(self, sub: bytes, start: int = 0) -> int:
        found = super().find(sub, start)
        CountingBytes.searched += (len(self) if found < 0 else found + 1) - start
        return found


def test_no_byte_is_searched_twice() -> None:
    CountingBytes.searched = 0
    buffer = ReadBuffer()
    for _ in range(50):
        buffer.append(CountingBytes(b"x" * 20))
        assert buffer.find_newline() == -1
    assert CountingBytes.searched == 1000
    buffer.skip(30)
    buffer.unread(b"yy")
    assert buffer.find_newline() == -1
    assert CountingBytes.searched == 1000
    buffer.append(CountingBytes(b"12\n34\n"))
    assert buffer.find_newline() == 974
    assert CountingBytes.searched == 1003
    assert buffer.read_line() == b"yy" + b"x" * 970 + b"12\n"
    assert buffer.read_line() == b"34\n"
    assert CountingBytes.searched == 1007  # the found newline itself is looked at again


def test_read_line_keeps_what_is_over_the_limit() -> None:
    buffer = ReadBuffer()
    buffer.append(b"hello\nworld")
    assert buffer.read_line(3) == b"hel"
    assert buffer.read_line(0) == b""
    assert buffer.read_line(30) == b"lo\n"
    assert buffer.read_line(30) == b"world"


write_steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.binary(max_size=20)),
        st.tuples(st.just("consume"), st.integers(min_value=0, max_value=30)),
        st.tuples(st.just("heads"), st.integers(min_value=0, max_value=5)),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(write_steps, st.sampled_from([bytes, bytearray, memoryview]))
def test_write_buffer_is_a_bytearray_in_chunks(steps: list[tuple[str, Any]], kind: type) -> None:
    buffer, model = WriteBuffer(), bytearray()
    for name, argument in steps:
        if name == "append":
            assert buffer.append(kind(argument)) == len(argument)
            model += argument
        elif name == "consume":
            count = min(argument, len(model))
            buffer.consume(count)
            del model[:count]
        else:
            heads = buffer.heads(argument)
            assert len(heads) <= argument
            assert all(heads)
            assert model.startswith(b"".join(heads))
        assert buffer.size == len(buffer) == len(model)
        assert model.startswith(buffer.head())
        assert bool(buffer.head()) == bool(model)
    assert b"".join(buffer.heads(1000)) == model
    buffer.clear()
    assert buffer.size == 0
    assert buffer.head() == b""


def test_immutable_bytes_are_sent_without_a_copy() -> None:
    data = b"x" * 1000
    buffer = WriteBuffer()
    buffer.append(data)
    assert buffer.head() is data
    buffer.consume(400)
    rest = buffer.head()
    assert isinstance(rest, memoryview)
    assert rest.obj is data
    assert len(rest) == 600
    view = memoryview(data)[100:]
    buffer.append(view)
    assert buffer.heads(2)[1].obj is data


def test_what_could_still_change_is_copied() -> None:
    data = bytearray(b"before")
    buffer = WriteBuffer()
    buffer.append(data)
    buffer.append(memoryview(data).toreadonly())
    data[:] = b"after "
    assert b"".join(buffer.heads(2)) == b"beforebefore"


def test_views_of_other_item_sizes_count_in_bytes() -> None:
    buffer = WriteBuffer()
    assert buffer.append(memoryview(b"12345678").cast("I")) == 8
    assert buffer.append(memoryview(b"12345678")[::2]) == 4
    assert b"".join(buffer.heads(9)) == b"123456781357"


def test_consuming_too_much_changes_nothing() -> None:
    buffer = WriteBuffer()
    buffer.append(b"1234")
    for count in (5, -1):
        with pytest.raises(ValueError, match="of 4 bytes"):
            buffer.consume(count)
    assert buffer.head() == b"1234"


@pytest.mark.parametrize("data", ["text", 5, None, [1, 2]])
def test_only_bytes_can_be_written(data: Any) -> None:
    buffer = WriteBuffer()
    with pytest.raises(TypeError):
        buffer.append(data)
    assert buffer.size == 0
