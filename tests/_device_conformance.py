"""What every QIODevice has to do: derive a test class, give it a fixture ``rig``, and it has all these tests.

    class TestPipe(SequentialDevice):
        @pytest.fixture
        def rig(self, qt):
            with PipeRig(qt) as rig:
                yield rig

The rig stands on both sides of one device (after trio's ``check_one_way_stream``): it opens the device for reading
and writing, makes data arrive in it, and knows what was written to it. The tests ask for nothing that PySide6 does
not do as well, so they say the same about both implementations.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

CONTENT = b"first line\nsecond\n\nand \xff\xfe\x80 the last, without an end"


class Rig:
    """A device that is open for reading and writing, seen from both sides."""

    device: Any

    def load(self, data: bytes) -> None:
        """Make *data* what the device reads next; return when it can be read."""
        raise NotImplementedError

    def received(self, count: int) -> bytes:
        """What was written to the device, once that is at least *count* bytes."""
        raise NotImplementedError


class Model:
    """What a reader of a device sees, said with plain bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self, count: int) -> bytes:
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def read_line(self, limit: int) -> bytes:
        end = self.data.find(b"\n") + 1 or len(self.data)
        return self.read(min(end, limit - 1) if limit else end)


class Device:
    """The tests that every device passes; derive from SequentialDevice or RandomAccessDevice."""

    # -- reading

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 11, 12, 1000])
    def test_reads_of_any_size_give_the_content(self, rig: Rig, size: int) -> None:
        rig.load(CONTENT)
        parts = []
        while part := bytes(rig.device.read(size)):
            parts.append(part)
        assert b"".join(parts) == CONTENT
        assert all(len(part) == size for part in parts[:-1])

    def test_read_all(self, rig: Rig) -> None:
        rig.load(CONTENT)
        assert rig.device.bytesAvailable() == len(CONTENT)
        assert not rig.device.atEnd()
        assert rig.device.readAll() == CONTENT
        assert rig.device.bytesAvailable() == 0
        assert rig.device.atEnd()
        assert rig.device.readAll() == b""
        assert rig.device.read(1) == b""
        assert rig.device.readLine() == b""

    def test_reads_into_a_buffer(self, rig: Rig) -> None:
        rig.load(b"abcdef")
        target = bytearray(b"........")
        assert rig.device.peek(target, 2) == 2
        assert rig.device.read(target, 4) == 4
        assert target == b"abcd...."
        assert rig.device.read(target, 8) == 2
        assert target == b"efcd...."
        assert rig.device.read(target, 8) <= 0

    def test_senseless_sizes(self, rig: Rig) -> None:
        rig.load(b"abc")
        device = rig.device
        assert device.read(0) == device.read(-1) == device.peek(-1) == device.readLine(-1) == b""
        assert device.readLine(1) == b""
        assert device.skip(-1) == -1
        for call in (device.read, device.peek, device.skip):
            with pytest.raises((TypeError, OverflowError)):
                call("3")
            with pytest.raises((TypeError, OverflowError)):
                call(1.5)
        assert device.readAll() == b"abc"

    @pytest.mark.qnet("PySide6 takes the memory first, and aborts")
    def test_sizes_beyond_any_memory(self, rig: Rig) -> None:
        rig.load(b"abc\ndef")
        assert rig.device.peek(2**100) == b"abc\ndef"
        assert rig.device.readLine(2**50) == b"abc\n"
        assert rig.device.read(2**100) == b"def"

    def test_peek_takes_nothing(self, rig: Rig) -> None:
        rig.load(CONTENT)
        for size in (0, 1, 5, len(CONTENT), 1000, 3):
            assert rig.device.peek(size) == CONTENT[:size]
            assert rig.device.bytesAvailable() == len(CONTENT)
        assert rig.device.read(5) == CONTENT[:5]
        assert rig.device.peek(5) == CONTENT[5:10]
        assert rig.device.readAll() == CONTENT[5:]

    def test_skip(self, rig: Rig) -> None:
        rig.load(CONTENT)
        assert rig.device.skip(3) == 3
        assert rig.device.peek(1) == CONTENT[3:4]
        assert rig.device.skip(0) == 0
        assert rig.device.skip(4) == 4
        assert rig.device.read(2) == CONTENT[7:9]
        assert rig.device.skip(1000) == len(CONTENT) - 9
        assert rig.device.skip(1) == 0

    def test_single_bytes_back_and_forth(self, rig: Rig) -> None:
        rig.load(b"bc")
        device = rig.device
        assert device.getChar() == (True, "b")
        device.ungetChar("b")
        device.ungetChar("a")
        device.ungetChar(10)
        assert device.bytesAvailable() == 4
        assert device.readLine() == b"\n"
        assert device.read(3) == b"abc"
        assert device.getChar() == (False, "\0")

    # -- lines

    def test_lines(self, rig: Rig) -> None:
        rig.load(CONTENT)
        lines = []
        while line := bytes(rig.device.readLine()):
            lines.append(line)
        assert lines == CONTENT.splitlines(keepends=True)

    @pytest.mark.parametrize("limit", [2, 3, 7, 8, 11, 12, 13])
    def test_long_lines_come_in_parts(self, rig: Rig, limit: int) -> None:
        rig.load(CONTENT)
        model = Model(CONTENT)
        while expected := model.read_line(limit):
            assert rig.device.readLine(limit) == expected
        assert rig.device.atEnd()

    def test_lines_into_a_byte_array(self, qt: Any, rig: Rig) -> None:
        rig.load(b"one\ntwo")
        line = qt.QByteArray(b"something longer")
        assert rig.device.readLineInto(line)
        assert line == b"one\n"
        assert rig.device.readLineInto(line, 3)
        assert line == b"tw"
        assert rig.device.readLineInto(line)
        assert line == b"o"
        assert not rig.device.readLineInto(line)
        assert line == b""

    def test_lines_into_a_buffer_end_in_zero(self, rig: Rig) -> None:
        rig.load(b"one\ntwo\n")
        target = bytearray(b"........")
        assert rig.device.readLine(target, 8) == 4
        assert target == b"one\n\0..."
        assert rig.device.readLine(target, 3) == 2
        assert target == b"tw\0\n\0..."
        assert rig.device.readLine(target, 1) == -1

    def test_any_mix_of_reads_keeps_the_order(self, rig: Rig) -> None:
        chance = random.Random(4711)
        content = bytes(chance.choice(b"abc\n") for _ in range(5000))
        rig.load(content)
        device, model = rig.device, Model(content)
        while model.data:
            size = chance.choice([1, 2, 5, 30, 200])
            call = chance.choice(["read", "peek", "skip", "line", "short line", "get", "unget", "roll back"])
            if call == "read":
                assert device.read(size) == model.read(size)
            elif call == "peek":
                assert device.peek(size) == model.data[:size]
            elif call == "skip":
                assert device.skip(size) == len(model.read(size))
            elif call == "line":
                assert device.readLine() == model.read_line(0)
            elif call == "short line":
                assert device.readLine(size + 1) == model.read_line(size + 1)
            elif call == "get":
                assert device.getChar() == (True, model.read(1).decode())
            elif call == "unget":
                device.ungetChar("x")
                model.data = b"x" + model.data
                assert device.read(size) == model.read(size)
            else:
                device.startTransaction()
                assert device.read(size) == model.data[:size]
                device.readLine()
                device.rollbackTransaction()
            assert device.bytesAvailable() == len(model.data)
        assert device.atEnd()

    # -- transactions

    def test_a_rolled_back_transaction_never_was(self, rig: Rig) -> None:
        rig.load(CONTENT)
        device = rig.device
        assert device.read(2) == CONTENT[:2]
        for _ in range(3):
            device.startTransaction()
            assert device.isTransactionStarted()
            assert device.read(3) == CONTENT[2:5]
            assert device.getChar() == (True, chr(CONTENT[5]))
            assert device.skip(2) == 2
            assert device.peek(2) == CONTENT[8:10]
            assert device.readLine() == CONTENT[8:11]
            assert device.readAll() == CONTENT[11:]
            assert device.bytesAvailable() == 0
            device.rollbackTransaction()
            assert not device.isTransactionStarted()
            assert device.bytesAvailable() == len(CONTENT) - 2
        assert device.readAll() == CONTENT[2:]

    def test_a_committed_transaction_stays(self, rig: Rig) -> None:
        rig.load(CONTENT)
        rig.device.startTransaction()
        assert rig.device.read(11) == CONTENT[:11]
        rig.device.commitTransaction()
        assert not rig.device.isTransactionStarted()
        assert rig.device.readAll() == CONTENT[11:]

    def test_no_nesting_and_no_ungetting_in_transactions(self, rig: Rig) -> None:
        rig.load(b"abc")
        device = rig.device
        device.commitTransaction()
        device.rollbackTransaction()
        device.startTransaction()
        assert device.read(1) == b"a"
        device.startTransaction()
        device.ungetChar("x")
        assert device.read(1) == b"b"
        device.rollbackTransaction()
        assert device.readAll() == b"abc"

    # -- text mode

    def test_text_mode_ends_lines_with_a_line_feed_alone(self, rig: Rig) -> None:
        rig.load(b"one\r\ntwo\nthree\r\n\r\nfour")
        device = rig.device
        device.setTextModeEnabled(True)
        assert device.isTextModeEnabled()
        assert device.readLine() == b"one\n"
        assert device.read(6) == b"two\nth"
        device.startTransaction()
        assert device.readLine() == b"ree\n"
        device.rollbackTransaction()
        assert device.skip(4) == 4
        assert device.readAll() == b"\nfour"

    def test_text_mode_counts_raw_bytes(self, rig: Rig) -> None:
        rig.load(b"a\r\nb\r\n")
        rig.device.setTextModeEnabled(True)
        assert rig.device.bytesAvailable() == 6
        assert rig.device.read(2) == b"a\n"
        assert rig.device.bytesAvailable() == 3
        rig.device.setTextModeEnabled(False)
        assert rig.device.readAll() == b"b\r\n"

    # -- writing

    def test_writes_of_every_kind_of_bytes(self, qt: Any, rig: Rig) -> None:
        device = rig.device
        assert device.write(b"one ") == 4
        mutable = bytearray(b"two ")
        assert device.write(mutable) == 4
        mutable[:] = b"lost"
        assert device.write(qt.QByteArray(b"three ")) == 6
        assert device.write(b"") == 0
        assert device.putChar("f")
        assert device.putChar(111)
        assert device.putChar(-128 + 117 + 128)
        assert rig.received(17) == b"one two three fou"

    @pytest.mark.qnet("PySide6 refuses memory views")
    def test_writes_of_views(self, rig: Rig) -> None:
        rig.device.write(memoryview(b"abcdef")[::2])
        rig.device.write(memoryview(b"12345678").cast("I"))
        assert rig.received(11) == b"ace12345678"

    def test_only_bytes_can_be_written(self, rig: Rig) -> None:
        for data in ("text", 5, [1], True, (1, 2)):
            with pytest.raises(TypeError):
                rig.device.write(data)
        for char in (b"c", "", "two", None):
            with pytest.raises(TypeError):
                rig.device.putChar(char)
        assert rig.device.write(b"ok") == 2
        assert rig.received(2) == b"ok"

    def test_a_large_write(self, rig: Rig) -> None:
        data = b"".join(b"%07d\n" % number for number in range(40_000))
        assert rig.device.write(data) == len(data)
        assert rig.received(len(data)) == data

    # -- states

    def test_an_open_device(self, qt: Any, rig: Rig) -> None:
        device = rig.device
        assert device.isOpen()
        assert device.isReadable()
        assert device.isWritable()
        assert device.openMode() & qt.QIODevice.OpenModeFlag.ReadWrite
        assert (device.readChannelCount(), device.writeChannelCount()) == (1, 1)
        assert (device.currentReadChannel(), device.currentWriteChannel()) == (0, 0)
        assert not device.isTextModeEnabled()

    def test_closing_is_announced_while_the_data_can_still_be_read(self, rig: Rig) -> None:
        rig.load(b"rest")
        seen = []
        device = rig.device
        device.aboutToClose.connect(lambda: seen.append((device.isOpen(), bytes(device.peek(9)))))
        device.close()
        assert seen == [(True, b"rest")]
        device.close()
        assert len(seen) == 1

    def test_a_closed_device_gives_nothing(self, qt: Any, rig: Rig) -> None:
        rig.load(b"rest\n")
        device = rig.device
        device.startTransaction()
        device.close()
        assert not device.isOpen()
        assert not device.isReadable()
        assert not device.isWritable()
        assert device.openMode() == qt.QIODevice.OpenModeFlag.NotOpen
        assert not device.isTransactionStarted()
        assert device.read(3) == device.readAll() == device.readLine() == device.peek(3) == b""
        assert device.read(bytearray(3), 3) == -1
        assert device.skip(1) == -1
        assert device.getChar() == (False, "\0")
        assert device.write(b"x") == -1
        assert not device.putChar("x")
        assert not device.canReadLine()
        assert device.atEnd()
        assert device.pos() == 0
        assert not device.seek(0)
        device.ungetChar("x")
        assert device.readAll() == b""


class SequentialDevice(Device):
    """What sockets, pipes and replies do besides."""

    def test_it_has_no_position(self, rig: Rig) -> None:
        rig.load(b"abcdef")
        device = rig.device
        assert device.isSequential()
        assert device.read(2) == b"ab"
        assert device.pos() == 0
        assert device.size() == device.bytesAvailable() == 4
        assert not device.seek(0)
        assert not device.reset()
        assert device.readAll() == b"cdef"

    def test_can_read_line_looks_at_what_is_buffered(self, rig: Rig) -> None:
        rig.load(b"one\ntwo")
        rig.device.peek(20)
        assert rig.device.canReadLine()
        assert rig.device.readLine() == b"one\n"
        assert not rig.device.canReadLine()
        rig.device.ungetChar("\n")
        assert rig.device.canReadLine()

    def test_peek_sees_what_was_put_back(self, rig: Rig) -> None:
        rig.load(b"bc")
        rig.device.ungetChar("a")
        assert rig.device.peek(9) == b"abc"
        assert rig.device.read(9) == b"abc"

    @pytest.mark.parametrize("split", range(1, 12))
    def test_a_line_may_arrive_in_parts(self, rig: Rig, split: int) -> None:
        data = b"first\r\nnext\n"
        device = rig.device
        rig.load(data[:split])
        device.peek(20)
        assert device.canReadLine() == (b"\n" in data[:split])
        rig.load(data[split:])
        device.peek(20)
        assert device.canReadLine()
        assert device.readLine() == b"first\r\n"
        assert device.readLine() == b"next\n"

    def test_data_that_arrives_in_a_transaction_is_part_of_it(self, rig: Rig) -> None:
        device = rig.device
        rig.load(b"head")
        device.startTransaction()
        assert device.readAll() == b"head"
        rig.load(b"body")
        assert device.bytesAvailable() == 4
        assert device.readAll() == b"body"
        device.rollbackTransaction()
        assert device.readAll() == b"headbody"

    def test_ungetting_survives_a_roll_back(self, rig: Rig) -> None:
        rig.load(b"bc")
        rig.device.ungetChar("a")
        rig.device.startTransaction()
        assert rig.device.read(2) == b"ab"
        rig.device.rollbackTransaction()
        assert rig.device.readAll() == b"abc"


class RandomAccessDevice(Device):
    """What files and buffers do besides."""

    def test_position_follows_reads_and_seeks(self, rig: Rig) -> None:
        rig.load(CONTENT)
        device = rig.device
        assert not device.isSequential()
        assert device.size() == len(CONTENT)
        assert device.read(4) == CONTENT[:4]
        assert device.pos() == 4
        device.peek(20)
        assert device.pos() == 4
        assert device.seek(7)
        assert (device.pos(), device.bytesAvailable()) == (7, len(CONTENT) - 7)
        assert device.readLine() == CONTENT[7:11]
        assert device.seek(2)
        assert device.read(3) == CONTENT[2:5]
        assert device.seek(len(CONTENT))
        assert device.atEnd()
        assert device.reset()
        assert device.readAll() == CONTENT
        assert device.pos() == len(CONTENT)
        assert not device.seek(-1)
        assert device.pos() == len(CONTENT)

    @pytest.mark.parametrize("start", range(0, 30, 3))
    def test_reading_goes_on_from_any_position(self, rig: Rig, start: int) -> None:
        rig.load(CONTENT)
        rig.device.read(12)
        assert rig.device.seek(start)
        assert rig.device.peek(2) == CONTENT[start : start + 2]
        assert rig.device.skip(3) == 3
        assert rig.device.pos() == start + 3
        assert rig.device.readAll() == CONTENT[start + 3 :]

    def test_ungetting_moves_the_position_and_stores_nothing(self, rig: Rig) -> None:
        rig.load(b"abcdef")
        device = rig.device
        device.read(3)
        device.ungetChar("X")
        assert (device.pos(), device.size()) == (2, 6)
        assert device.read(2) == b"Xd"
        device.ungetChar("Y")
        assert device.seek(2)
        assert device.readAll() == b"cdef"

    @pytest.mark.qnet("an unbuffered device of Qt's peeks at other bytes then")
    def test_peek_sees_what_was_put_back(self, rig: Rig) -> None:
        rig.load(b"1234")
        rig.device.read(2)
        rig.device.ungetChar("x")
        assert rig.device.peek(9) == b"x34"
        assert rig.device.read(9) == b"x34"

    def test_writes_go_where_the_reader_is(self, rig: Rig) -> None:
        rig.load(b"0123456789")
        device = rig.device
        assert device.read(2) == b"01"
        assert device.write(b"AB") == 2
        assert device.pos() == 4
        assert device.read(2) == b"45"
        device.ungetChar("x")
        assert device.write(b"C") == 1
        assert device.pos() == 6
        device.peek(2)
        assert device.write(b"DE") == 2
        assert device.read(2) == b"89"
        assert device.write(b"FG") == 2
        assert device.reset()
        assert device.readAll() == b"01AB4CDE89FG"

    def test_seeking_past_the_end_and_writing_leaves_zeros(self, rig: Rig) -> None:
        rig.load(b"abc")
        assert rig.device.seek(5)
        assert rig.device.read(1) == b""
        assert rig.device.atEnd()
        assert rig.device.write(b"x") == 1
        assert rig.device.size() == 6
        rig.device.seek(0)
        assert rig.device.readAll() == b"abc\0\0x"

    def test_rolling_back_returns_to_the_old_position(self, rig: Rig) -> None:
        rig.load(CONTENT)
        rig.device.seek(3)
        rig.device.startTransaction()
        rig.device.read(3)
        rig.device.seek(9)
        rig.device.read(2)
        rig.device.rollbackTransaction()
        assert rig.device.pos() == 3
        assert rig.device.readAll() == CONTENT[3:]
