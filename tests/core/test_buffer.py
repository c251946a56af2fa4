"""QBuffer: the contract of a random-access device, and what is its own."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from _device_conformance import RandomAccessDevice, Rig
from _implementations import Recorder


class BufferRig(Rig):
    def __init__(self, qt: Any) -> None:
        self.device = qt.QBuffer()
        self.device.open(qt.QIODevice.OpenModeFlag.ReadWrite)

    def load(self, data: bytes) -> None:
        position = self.device.pos()
        assert self.device.write(data) == len(data)
        assert self.device.seek(position)

    def received(self, count: int) -> bytes:
        return bytes(self.device.data())


class TestBufferIsADevice(RandomAccessDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> BufferRig:
        return BufferRig(qt)


@pytest.fixture
def mode(qt: Any) -> Any:
    return qt.QIODevice.OpenModeFlag


def open_with(qt: Any, data: bytes, mode: Any) -> Any:
    buffer = qt.QBuffer()
    buffer.setData(data)
    assert buffer.open(mode)
    return buffer


@pytest.mark.parametrize(
    ("names", "opened", "content", "position"),
    [
        ("ReadOnly", "ReadOnly", b"data", 0),
        ("WriteOnly", "WriteOnly", b"data", 0),
        ("ReadWrite", "ReadWrite", b"data", 0),
        ("Append", "WriteOnly Append", b"data", 4),
        ("ReadOnly Append", "ReadWrite Append", b"data", 4),
        ("Truncate", "WriteOnly Truncate", b"", 0),
        ("ReadOnly Truncate", "ReadWrite Truncate", b"", 0),
        ("ReadWrite Truncate", "ReadWrite Truncate", b"", 0),
        ("WriteOnly NewOnly", "WriteOnly NewOnly", b"data", 0),
    ],
)
def test_open_modes(qt: Any, mode: Any, names: str, opened: str, content: bytes, position: int) -> None:
    def flags(text: str) -> Any:
        value = mode.NotOpen
        for name in text.split():
            value |= mode[name]
        return value

    buffer = open_with(qt, b"data", flags(names))
    assert buffer.openMode() == flags(opened) | mode.Unbuffered
    assert buffer.data() == content
    assert buffer.pos() == position


@pytest.mark.parametrize("name", ["NotOpen", "Text", "Unbuffered"])
def test_a_mode_without_direction_does_not_open(qt: Any, mode: Any, name: str) -> None:
    buffer = qt.QBuffer()
    assert not buffer.open(mode[name])
    assert not buffer.isOpen()


def test_write_only_keeps_what_is_there(qt: Any, mode: Any) -> None:
    buffer = open_with(qt, b"data", mode.WriteOnly)
    assert buffer.write(b"X") == 1
    assert buffer.data() == b"Xata"
    assert buffer.read(1) == b""


def test_it_works_on_the_given_array(qt: Any, mode: Any) -> None:
    array = qt.QByteArray(b"shared")
    buffer = qt.QBuffer(array)
    assert buffer.buffer() is array
    buffer.open(mode.ReadWrite)
    buffer.write(b"SH")
    assert array == b"SHared"
    array.append(b"more")
    assert buffer.size() == 10
    buffer.seek(100)
    assert buffer.write(b".") == 1
    assert array.size() == 101
    buffer.close()
    buffer.setData(b"other")
    assert array == b"other"
    copy = buffer.data()
    copy.append(b"!")
    assert array == b"other"


def test_another_array_can_be_set(qt: Any, mode: Any) -> None:
    first, second = qt.QByteArray(b"first"), qt.QByteArray(b"second")
    buffer = qt.QBuffer(first)
    buffer.setBuffer(second)
    buffer.open(mode.WriteOnly)
    buffer.write(b"S")
    buffer.setBuffer(first)  # ignored: it is open
    assert buffer.data() == b"Second"
    buffer.close()
    assert (first, second) == (b"first", b"Second")


@pytest.mark.qnet("PySide6 crashes, or refuses arrays that are not QByteArray")
def test_any_bytes_can_be_given(qt: Any, mode: Any) -> None:
    array = bytearray(b"mine")
    buffer = qt.QBuffer(array)
    buffer.open(mode.ReadWrite)
    buffer.write(b"MI")
    assert array == b"MIne"
    buffer.close()
    buffer.setBuffer(None)
    assert buffer.data() == b""
    constant = qt.QBuffer(b"constant")
    constant.open(mode.ReadWrite)
    constant.write(b"C")
    assert constant.data() == b"Constant"


@pytest.mark.qnet("PySide6's shrunken array makes QBuffer read what is not there")
def test_an_array_that_shrinks_is_filled_up(qt: Any, mode: Any) -> None:
    array = bytearray(b"0123456789")
    buffer = qt.QBuffer(array)
    buffer.open(mode.ReadWrite)
    buffer.seek(8)
    del array[2:]
    assert buffer.read(1) == b""
    assert buffer.write(b"x") == 1
    assert array == b"01\0\0\0\0\0\0x"


def test_wrong_content(qt: Any) -> None:
    buffer = qt.QBuffer()
    for wrong in ("text", 5):
        with pytest.raises(TypeError):
            buffer.setData(wrong)
        with pytest.raises(TypeError):
            qt.QBuffer(wrong)
    assert buffer.data() == b""


def test_set_data_is_ignored_while_open(qt: Any, mode: Any) -> None:
    buffer = open_with(qt, b"old", mode.ReadOnly)
    buffer.setData(b"new")
    assert buffer.readAll() == b"old"
    buffer.close()
    buffer.setData(b"new")
    assert buffer.data() == b"new"


def test_seeking_past_the_end_fills_a_writable_buffer(qt: Any, mode: Any) -> None:
    buffer = open_with(qt, b"abc", mode.WriteOnly)
    assert buffer.seek(6)
    assert buffer.data() == b"abc\0\0\0"
    assert not buffer.seek(2**50)
    assert (buffer.pos(), buffer.size()) == (6, 6)


def test_seeking_past_the_end_of_a_readable_buffer_fails(qt: Any, mode: Any) -> None:
    buffer = open_with(qt, b"abc", mode.ReadOnly)
    assert buffer.seek(3)
    assert not buffer.seek(4)
    assert (buffer.pos(), buffer.size()) == (3, 3)


def test_append_only_starts_at_the_end(qt: Any, mode: Any) -> None:
    buffer = open_with(qt, b"abc", mode.Append)
    buffer.write(b"d")
    buffer.seek(1)
    buffer.write(b"B")
    assert buffer.data() == b"aBcd"


def test_can_read_line_looks_from_the_position_on(qt: Any, mode: Any) -> None:
    buffer = open_with(qt, b"one\ntwo", mode.ReadOnly)
    assert buffer.canReadLine()
    buffer.seek(4)
    assert not buffer.canReadLine()
    buffer.seek(3)
    buffer.ungetChar("x")
    assert buffer.canReadLine()
    assert buffer.readLine() == b"x\n"


def test_what_is_changed_in_the_array_is_read_after_a_peek(qt: Any, mode: Any) -> None:
    array = qt.QByteArray(b"before")
    buffer = qt.QBuffer(array)
    buffer.open(mode.ReadOnly)
    assert buffer.peek(3) == b"bef"
    array.replace(b"before", b"after!")
    assert buffer.read(5) == b"after"


def signals_of(buffer: Any, recorder: Recorder) -> None:
    for name in ("bytesWritten", "readyRead", "channelReadyRead", "channelBytesWritten"):
        getattr(buffer, name).connect(recorder.note(name))


def test_signals_of_writes_come_merged_from_the_event_loop(qt: Any, app: Any, mode: Any, recorder: Recorder) -> None:
    buffer = qt.QBuffer()
    signals_of(buffer, recorder)
    buffer.open(mode.ReadWrite)
    buffer.write(b"abc")
    buffer.write(b"de")
    assert recorder.calls == []
    qt.process()
    assert recorder.calls == [("bytesWritten", 5), "readyRead"]
    recorder.calls.clear()
    buffer.seek(0)
    buffer.readAll()
    buffer.seek(100)
    qt.process()
    assert recorder.calls == []


def test_signals_of_a_closed_buffer_still_come(qt: Any, app: Any, mode: Any, recorder: Recorder) -> None:
    buffer = qt.QBuffer()
    signals_of(buffer, recorder)
    buffer.open(mode.WriteOnly)
    buffer.write(b"x")
    buffer.close()
    qt.process()
    assert recorder.calls == [("bytesWritten", 1), "readyRead"]


def test_nobody_hears_of_writes_before_the_first_connection(qt: Any, app: Any, mode: Any, recorder: Recorder) -> None:
    buffer = qt.QBuffer()
    buffer.open(mode.WriteOnly)
    buffer.write(b"abc")
    signals_of(buffer, recorder)
    qt.process()
    assert recorder.calls == []


@pytest.mark.qnet("Qt forgets what a slot of bytesWritten writes")
def test_writes_in_a_slot_are_reported_too(qt: Any, app: Any, mode: Any, recorder: Recorder) -> None:
    buffer = qt.QBuffer()
    buffer.open(mode.WriteOnly)
    buffer.bytesWritten.connect(lambda count: buffer.write(b"zz") if count == 3 else None)
    buffer.bytesWritten.connect(recorder)
    buffer.write(b"abc")
    qt.process()
    qt.process()
    assert recorder.calls == [(3,), (2,)]


def test_a_buffer_dies_with_its_last_reference(qt: Any, app: Any, mode: Any, recorder: Recorder) -> None:
    gc.disable()
    try:
        buffer = qt.QBuffer()
        buffer.bytesWritten.connect(recorder)
        buffer.open(mode.WriteOnly)
        buffer.write(b"abc")
        ref = weakref.ref(buffer)
        del buffer
        assert ref() is None
    finally:
        gc.enable()
    qt.process()
    assert recorder.calls == []


def test_it_has_a_parent(qt: Any) -> None:
    parent = qt.QObject()
    array = qt.QByteArray(b"x")
    first, second = qt.QBuffer(parent), qt.QBuffer(array, parent)
    assert first.parent() is parent
    assert second.parent() is parent
    assert second.data() == b"x"
