"""QIODevice: Python subclasses that supply and take the data, and the rules that the base class keeps."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _device_conformance import RandomAccessDevice, Rig, SequentialDevice

from qnet.core.iodevice import QIODevice


def as_bytes(data: Any) -> bytes:
    """PySide6 hands writeData() a str that ends at the first zero byte; it is meant to be bytes."""
    return data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)


class Stream:
    """Mixed into a QIODevice: a sequential device over two byte arrays, which notes how it is called."""

    def prepare(self) -> Any:
        self.source = bytearray()
        self.sink = bytearray()
        self.asked: list[int] = []
        return self

    def isSequential(self) -> bool:
        return True

    def bytesAvailable(self) -> int:
        return len(self.source) + super().bytesAvailable()  # type: ignore[misc]  # the device's

    def readData(self, maxlen: int) -> bytes:
        self.asked.append(maxlen)
        data = bytes(self.source[:maxlen])
        del self.source[:maxlen]
        return data

    def writeData(self, data: Any, length: int) -> int:
        self.sink += as_bytes(data)
        return length


class Store:
    """Mixed into a QIODevice: a random-access device over a byte array."""

    def prepare(self) -> Any:
        self.content = bytearray()
        self.asked: list[tuple[int, int]] = []
        return self

    def size(self) -> int:
        return len(self.content)

    def readData(self, maxlen: int) -> bytes:
        position = self.pos()  # type: ignore[attr-defined]  # the device's
        self.asked.append((position, maxlen))
        return bytes(self.content[position : position + maxlen])

    def writeData(self, data: Any, length: int) -> int:
        position = self.pos()  # type: ignore[attr-defined]  # the device's
        self.content += bytes(max(0, position - len(self.content)))
        self.content[position : position + length] = as_bytes(data)
        return length


def derived(qt: Any, mixin: type) -> Any:
    """A device of *mixin* for this implementation, not open."""
    return type(mixin.__name__, (mixin, qt.QIODevice), {})().prepare()


class StreamRig(Rig):
    def __init__(self, qt: Any, extra: str) -> None:
        flags = qt.QIODevice.OpenModeFlag
        self.device = derived(qt, Stream)
        self.device.open(flags.ReadWrite | flags[extra])

    def load(self, data: bytes) -> None:
        self.device.source += data

    def received(self, count: int) -> bytes:
        return bytes(self.device.sink)


class StoreRig(Rig):
    def __init__(self, qt: Any, extra: str) -> None:
        flags = qt.QIODevice.OpenModeFlag
        self.device = derived(qt, Store)
        self.device.open(flags.ReadWrite | flags[extra])

    def load(self, data: bytes) -> None:
        self.device.content[:] = data

    def received(self, count: int) -> bytes:
        return bytes(self.device.content)


class Pushing(QIODevice):
    """What a socket is to QIODevice, with the reactor's part played by the test."""

    _q_pushes = True

    def __init__(self) -> None:
        super().__init__()
        self._q_paused = True
        self.sent = bytearray()
        self.reads = 0

    def isSequential(self) -> bool:
        return True

    def _q_write_chunk(self, data: Any) -> int:
        self.sent += memoryview(data).cast("B") if memoryview(data).c_contiguous else bytes(data)
        return memoryview(data).nbytes

    def _q_after_read(self) -> None:
        self.reads += 1


class PushingRig(Rig):
    def __init__(self, device: Pushing) -> None:
        self.device = device
        device.open(QIODevice.OpenModeFlag.ReadWrite)

    def load(self, data: bytes) -> None:
        self.device._q_read_buffer.append(data)

    def received(self, count: int) -> bytes:
        return bytes(self.device.sent)


class TestStreamIsADevice(SequentialDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> StreamRig:
        return StreamRig(qt, "NotOpen")


class TestUnbufferedStreamIsADevice(SequentialDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> StreamRig:
        return StreamRig(qt, "Unbuffered")


class TestStoreIsADevice(RandomAccessDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> StoreRig:
        return StoreRig(qt, "NotOpen")


class TestUnbufferedStoreIsADevice(RandomAccessDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> StoreRig:
        return StoreRig(qt, "Unbuffered")


@pytest.mark.qnet("no other implementation has this hook")
class TestPushingDeviceIsADevice(SequentialDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> PushingRig:
        return PushingRig(Pushing())


class Doubting(Pushing):
    """A program's subclass of a socket that overrides the virtual calls and hands on to them."""

    def readData(self, maxlen: int) -> Any:
        return super().readData(maxlen)

    def writeData(self, data: Any, length: int) -> int:
        return super().writeData(data, length)


@pytest.mark.qnet("no other implementation has this hook")
class TestOverriddenPushingDeviceIsADevice(SequentialDevice):
    @pytest.fixture
    def rig(self, qt: Any) -> PushingRig:
        return PushingRig(Doubting())


@pytest.fixture
def mode(qt: Any) -> Any:
    return qt.QIODevice.OpenModeFlag


@pytest.fixture
def warned(qt: Any) -> Iterator[list[str]]:
    """The texts of the warnings so far."""
    texts: list[str] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: texts.append(text))
    yield texts
    qt.qInstallMessageHandler(previous)


def stream(qt: Any, mode: Any, data: bytes = b"") -> Any:
    device = derived(qt, Stream)
    device.source += data
    assert device.open(mode)
    return device


# -- flags, modes, states


def test_flags_are_reachable_in_both_spellings(qt: Any) -> None:
    assert qt.QIODevice.ReadOnly == qt.QIODevice.OpenModeFlag.ReadOnly
    assert qt.QIODeviceBase.OpenModeFlag.ReadWrite == qt.QIODevice.ReadOnly | qt.QIODevice.WriteOnly
    assert qt.QIODevice.ReadWrite | qt.QIODevice.Append != qt.QIODevice.ReadWrite


def test_the_base_class_is_abstract(qt: Any, mode: Any) -> None:
    with pytest.raises(NotImplementedError):
        qt.QIODevice()
    empty = type("Empty", (qt.QIODevice,), {})()
    assert empty.open(mode.ReadWrite)
    with pytest.raises(NotImplementedError, match="readData"):
        empty.read(2)
    with pytest.raises(NotImplementedError, match="writeData"):
        empty.write(b"x")


def test_wrong_modes(qt: Any) -> None:
    device = derived(qt, Stream)
    for wrong in ("ReadOnly", None, 1.5):
        with pytest.raises(TypeError):
            device.open(wrong)
    assert not device.isOpen()


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("NotOpen", (False, False, False, 0, 0)),
        ("ReadOnly", (True, True, False, 1, 0)),
        ("WriteOnly", (True, False, True, 0, 1)),
        ("ReadWrite", (True, True, True, 1, 1)),
        ("Append", (True, False, False, 0, 0)),
    ],
)
def test_states_follow_the_mode(qt: Any, mode: Any, name: str, states: tuple[Any, ...]) -> None:
    device = derived(qt, Stream)
    assert device.open(mode[name])
    assert device.openMode() == mode[name]
    assert states == (
        device.isOpen(),
        device.isReadable(),
        device.isWritable(),
        device.readChannelCount(),
        device.writeChannelCount(),
    )
    device.setOpenMode(mode.ReadWrite | mode.Text)
    assert device.isTextModeEnabled()
    assert device.isWritable()


def test_append_starts_at_the_end(qt: Any, mode: Any) -> None:
    device = derived(qt, Store)
    device.content += b"abc"
    device.open(mode.ReadWrite | mode.Append)
    assert device.pos() == 3


def test_opening_forgets_the_error_and_closing_does_not(qt: Any, mode: Any) -> None:
    device = stream(qt, mode.ReadOnly)
    assert device.errorString() == "Unknown error"
    device.setErrorString("broken")
    device.close()
    assert device.errorString() == "broken"
    device.open(mode.ReadOnly)
    assert device.errorString() == "Unknown error"


def test_opening_again_drops_what_was_buffered(qt: Any, mode: Any) -> None:
    device = stream(qt, mode.ReadOnly, b"abc")
    assert device.peek(1) == b"a"
    assert device.open(mode.ReadOnly)
    assert device.read(3) == b""


def test_channels_can_be_chosen(qt: Any, mode: Any) -> None:
    device = stream(qt, mode.ReadWrite)
    device.setCurrentReadChannel(3)
    device.setCurrentWriteChannel(4)
    assert (device.currentReadChannel(), device.currentWriteChannel()) == (3, 4)


def test_waiting_is_not_for_the_base_class(qt: Any, mode: Any) -> None:
    device = stream(qt, mode.ReadWrite)
    assert not device.waitForReadyRead(10)
    assert not device.waitForBytesWritten(10)
    assert device.bytesToWrite() == 0


@pytest.mark.qnet("a slot that closes again recurses without end in Qt")
def test_closing_in_about_to_close_is_harmless(qt: Any, mode: Any) -> None:
    device = stream(qt, mode.ReadWrite)
    calls = []
    device.aboutToClose.connect(lambda: (calls.append(1), device.close()))
    device.close()
    assert calls == [1]
    assert not device.isOpen()


# -- warnings


@pytest.mark.parametrize(
    ("call", "warning"),
    [
        (lambda d: d.read(1), "QIODevice::read (Stream): device not open"),
        (lambda d: d.readAll(), "QIODevice::read (Stream): device not open"),
        (lambda d: d.getChar(), "QIODevice::read (Stream): device not open"),
        (lambda d: d.ungetChar("a"), "QIODevice::read (Stream): device not open"),
        (lambda d: d.readLine(), "QIODevice::readLineInto (Stream): device not open"),
        (lambda d: d.peek(1), "QIODevice::peek (Stream): device not open"),
        (lambda d: d.skip(1), "QIODevice::skip (Stream): device not open"),
        (lambda d: d.write(b"x"), "QIODevice::write (Stream): device not open"),
        (lambda d: d.putChar("x"), "QIODevice::write (Stream): device not open"),
        (lambda d: d.seek(1), "QIODevice::seek (Stream): Cannot call seek on a sequential device"),
        (
            lambda d: d.setTextModeEnabled(True),
            "QIODevice::setTextModeEnabled (Stream): The device is not open",
        ),
        (
            lambda d: d.commitTransaction(),
            "QIODevice::commitTransaction (Stream): Called while no transaction in progress",
        ),
        (
            lambda d: d.rollbackTransaction(),
            "QIODevice::rollbackTransaction (Stream): Called while no transaction in progress",
        ),
    ],
)
def test_misuse_is_told(qt: Any, warned: list[str], call: Callable[[Any], Any], warning: str) -> None:
    call(derived(qt, Stream))
    assert warned == [warning]


def test_senseless_sizes_are_told(qt: Any, mode: Any, warned: list[str]) -> None:
    device = stream(qt, mode.ReadOnly, b"abc")
    device.read(-1)
    device.peek(-1)
    device.skip(-1)
    device.readLine(1)
    device.readLine(bytearray(9), 1)
    assert warned == [
        "QIODevice::read (Stream): Called with maxSize < 0",
        "QIODevice::peek (Stream): Called with maxSize < 0",
        "QIODevice::skip (Stream): Called with maxSize < 0",
        "QIODevice::readLineInto (Stream): Called with maxSize < 2",
        "QIODevice::readLine (Stream): Called with maxSize < 2",
    ]


def test_the_wrong_direction_is_told_with_the_name(qt: Any, mode: Any, warned: list[str]) -> None:
    device = stream(qt, mode.ReadOnly)
    device.setObjectName("inbox")
    assert device.write(b"x") == -1
    device.close()
    device.open(mode.WriteOnly)
    assert device.read(1) == b""
    assert warned == [
        'QIODevice::write (Stream, "inbox"): ReadOnly device',
        'QIODevice::read (Stream, "inbox"): WriteOnly device',
    ]


# -- the calls that Python subclasses override


def test_reads_ask_for_blocks(qt: Any, mode: Any) -> None:
    device = stream(qt, mode.ReadOnly, b"x" * 50_000)
    device.read(5)
    device.read(100)
    assert device.asked == [16384]
    device.close()
    device.open(mode.ReadOnly | mode.Unbuffered)
    device.asked.clear()
    device.read(5)
    device.getChar()
    assert device.asked == [5, 1]


def test_a_random_access_device_is_asked_where_its_buffer_ends(qt: Any, mode: Any) -> None:
    device = derived(qt, Store)
    device.content += b"x" * 40_000
    device.open(mode.ReadOnly)
    device.read(5)
    device.peek(20_000)
    assert device.asked == [(0, 16384), (16384, 16384)]
    assert device.pos() == 5
    device.seek(30_000)
    assert len(device.readAll()) == 10_000


@pytest.mark.parametrize("nothing", [None, b"", -1])
def test_no_data(qt: Any, mode: Any, nothing: Any) -> None:
    silent = type("Silent", (Stream, qt.QIODevice), {"readData": lambda self, maxlen: nothing})().prepare()
    silent.open(mode.ReadOnly)
    assert silent.read(4) == silent.readAll() == silent.readLine() == silent.peek(1) == b""
    assert silent.skip(4) == 0


@pytest.mark.qnet("PySide6 takes text, drops other bytes-like results and corrupts its stack by long ones")
def test_results_of_read_data(qt: Any, mode: Any) -> None:
    def giving(result: Any) -> Any:
        device = type("Giving", (Stream, qt.QIODevice), {"readData": lambda self, maxlen: result})().prepare()
        device.open(mode.ReadOnly)
        return device

    assert giving(bytearray(b"ab")).read(2) == b"ab"
    assert giving(memoryview(b"ab")).readLine(3) == b"ab"
    longer = giving(b"more than asked for")
    assert longer.read(4) + longer.read(15) == b"more than asked for"
    for wrong in ("text", 1.5, ["list"]):
        with pytest.raises(TypeError, match=r"readData\(\) of Giving"):
            giving(wrong).read(4)


def test_results_of_write_data(qt: Any, mode: Any) -> None:
    for result in (-1, 0, 3, 5):
        device = type("Taking", (qt.QIODevice,), {"writeData": lambda self, data, length, r=result: r})()
        device.open(mode.WriteOnly)
        assert device.write(b"hello") == result


def test_a_forgotten_result_of_write_data_is_told(qt: Any, mode: Any) -> None:
    device = type("Forgetful", (qt.QIODevice,), {"writeData": lambda self, data, length: None})()
    device.open(mode.WriteOnly)
    with pytest.warns(RuntimeWarning, match="writeData"):
        assert device.write(b"hello") == 0


def test_errors_in_overrides_reach_the_caller(qt: Any, mode: Any) -> None:
    def fail(*args: Any) -> Any:
        raise ValueError("boom")

    device = type("Failing", (qt.QIODevice,), {"readData": fail, "writeData": fail})()
    device.open(mode.ReadWrite)
    for call in (lambda: device.read(1), device.readAll, lambda: device.write(b"x")):
        with pytest.raises(ValueError, match="boom"):
            call()


@pytest.mark.qnet("what Qt has read of a line before the error is lost")
@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("kind", [Stream, Store])
def test_an_error_within_a_read_loses_nothing(qt: Any, mode: Any, kind: type, text: bool) -> None:
    def read_data(self: Any, maxlen: int) -> bytes:
        if self.breaks:
            self.breaks.pop()
            raise OSError("unplugged")
        return kind.readData(self, min(maxlen, 4))

    device = type("Fragile", (kind, qt.QIODevice), {"readData": read_data, "breaks": []})().prepare()
    content = device.source if kind is Stream else device.content
    content += b"one two\r\nthree"
    device.open(mode.ReadOnly | (mode.Text if text else mode.NotOpen))
    line = b"one two\n" if text else b"one two\r\n"
    assert device.peek(3) == b"one"
    for call in (device.readLine, lambda: device.read(100), device.readAll, lambda: device.peek(100)):
        device.breaks.append(True)
        with pytest.raises(OSError, match="unplugged"):
            call()
    assert device.pos() == 0
    device.startTransaction()
    assert device.readLine() == line
    device.breaks.append(True)
    with pytest.raises(OSError, match="unplugged"):
        device.readLine()
    device.rollbackTransaction()
    assert device.readLine() == line
    assert device.readLine() == b"three"


@pytest.mark.qnet("PySide6 hands over text that ends at the first zero byte")
def test_write_data_gets_bytes(qt: Any, mode: Any) -> None:
    got = []
    members = {"writeData": lambda self, data, length: (got.append((data, length)), length)[1]}
    device = type("Noting", (qt.QIODevice,), members)()
    device.open(mode.WriteOnly)
    device.write(bytearray(b"a\0b"))
    device.write(b"c")
    assert got == [(b"a\0b", 3), (b"c", 1)]


def test_an_own_way_to_read_lines(qt: Any, mode: Any) -> None:
    def read_line_data(self: Any, maxlen: int) -> bytes:
        self.lines.append(maxlen)
        end = self.source.find(b"\n") + 1 or len(self.source)
        line = bytes(self.source[: min(end, maxlen)])
        del self.source[: len(line)]
        return line

    device = type("Lines", (Stream, qt.QIODevice), {"readLineData": read_line_data})().prepare()
    device.lines = []
    device.source += b"one\ntwo\nthree"
    device.open(mode.ReadOnly)
    assert device.readLine() == b"one\n"
    assert device.readLine(3) == b"tw"
    assert device.readLine() == b"o\n"
    assert device.readLine() == b"three"
    assert device.lines[1] == 2
    assert device.asked == []


def test_an_own_way_to_skip(qt: Any, mode: Any) -> None:
    skipped = []
    members = {"skipData": lambda self, count: (skipped.append(count), 7)[1]}
    device = type("Skipping", (Stream, qt.QIODevice), members)().prepare()
    device.source += b"abc"
    device.open(mode.ReadOnly)
    device.peek(1)
    assert device.skip(50) == 10
    assert skipped == [47]


def test_a_seek_of_its_own_moves_the_device(qt: Any, mode: Any, tmp_path: Any) -> None:
    """The usual wrapper of a Python file: it has a position of its own, which seek() keeps."""

    class Wrapper(qt.QIODevice):
        def __init__(self) -> None:
            super().__init__()
            self.file = file

        def size(self) -> int:
            return 50_000

        def seek(self, pos: int) -> bool:
            return super().seek(pos) and self.file.seek(pos) == pos

        def readData(self, maxlen: int) -> bytes:
            return self.file.read(maxlen)

    (tmp_path / "digits").write_bytes(b"0123456789" * 5000)
    with open(tmp_path / "digits", "rb", buffering=0) as file:
        device = Wrapper()
        device.open(mode.ReadOnly)
        assert device.read(3) == b"012"
        assert device.seek(7)
        assert device.read(6) == b"789012"
        assert device.skip(20_007) == 20_007
        assert device.read(3) == b"012"
        device.startTransaction()
        assert len(device.read(25_000)) == 25_000
        device.rollbackTransaction()
        assert device.read(3) == b"345"
        assert device.seek(49_999)
        assert device.readAll() == b"9"


def test_short_results_are_short_reads(qt: Any, mode: Any) -> None:
    members = {"readData": lambda self, maxlen: Stream.readData(self, min(maxlen, 3))}
    device = type("Dripping", (Stream, qt.QIODevice), members)().prepare()
    device.source += b"abcdefgh\nij"
    device.open(mode.ReadOnly)
    assert device.read(8) == b"abc"
    assert device.readLine() == b"defgh\n"
    assert device.readAll() == b"ij"


# -- text mode where implementations are free


@pytest.mark.qnet("Qt keeps a carriage return within a line that readLine() finds in its buffer, and only there")
def test_text_mode_means_the_same_for_every_call(qt: Any, mode: Any) -> None:
    data = b"a\rb\r\n\r\r\nc"
    for read in (
        lambda d: d.readAll(),
        lambda d: d.peek(20),
        lambda d: d.readLine() + d.readLine() + d.readLine(),
        lambda d: b"".join(d.read(1) for _ in range(9)),
        lambda d: b"".join(d.readLine(2) for _ in range(9)),
    ):
        for extra in (mode.NotOpen, mode.Unbuffered):
            assert read(stream(qt, mode.ReadOnly | mode.Text | extra, data)) == b"ab\n\nc"


# -- pushing devices


@pytest.mark.qnet("no other implementation has this hook")
class TestPushing:
    def test_a_paused_device_hears_of_reads(self, qt: Any) -> None:
        device = Pushing()
        device.open(QIODevice.ReadWrite)
        device._q_read_buffer.append(b"abc\ndef\nghijkl")
        device.peek(3)
        device.canReadLine()
        assert device.reads == 0
        for number, read in enumerate(
            [
                lambda: device.read(1),
                device.readLine,
                lambda: device.readLine(3),
                lambda: device.skip(1),
                device.getChar,
                device.readAll,
            ],
            start=1,
        ):
            read()
            assert device.reads == number
        device._q_paused = False
        device._q_read_buffer.append(b"abc")
        device.readAll()
        assert device.reads == 6

    def test_a_transaction_tells_when_it_commits(self, qt: Any) -> None:
        device = Pushing()
        device.open(QIODevice.ReadWrite)
        device._q_read_buffer.append(b"abc")
        device.startTransaction()
        device.read(2)
        device.rollbackTransaction()
        assert device.reads == 0
        device.startTransaction()
        device.read(2)
        assert device.reads == 0
        device.commitTransaction()
        assert device.reads == 1

    def test_an_arrived_chunk_is_not_copied_on_the_way_to_the_view(self, qt: Any) -> None:
        device = Pushing()
        device.open(QIODevice.ReadWrite)
        device._q_read_buffer.append(b"abc")
        result = device.readAll()
        assert type(result) is qt.QByteArrayView
        assert result == b"abc"

    def test_overrides_in_a_program_see_what_arrives_and_leaves(self, qt: Any) -> None:
        class Rot1(Pushing):
            def readData(self, maxlen: int) -> Any:
                return bytes(b + 1 for b in super().readData(maxlen))

            def writeData(self, data: Any, length: int) -> int:
                return super().writeData(bytes(b - 1 for b in data), length)

        device = Rot1()
        device.open(QIODevice.ReadWrite)
        device._q_read_buffer.append(b"HAL")
        assert device.bytesAvailable() == 3
        assert device.peek(1) == b"I"
        assert device.bytesAvailable() == 3
        assert device.readAll() == b"IBM"
        device.write(b"IBM")
        assert device.sent == b"HAL"

    def test_a_mixin_overrides_as_well(self, qt: Any) -> None:
        class Mixin:
            def readData(self, maxlen: int) -> bytes:
                return b"mixed"

        class Mixed(Mixin, Pushing):
            pass

        device = Mixed()
        device.open(QIODevice.ReadWrite)
        assert device.read(5) == b"mixed"
        assert device.write(b"x") == 1

    def test_objects_die_by_reference_count(self, qt: Any) -> None:
        gc.disable()
        try:
            device = Pushing()
            device.open(QIODevice.ReadWrite)
            device._q_read_buffer.append(b"abc")
            device.readyRead.connect(lambda: None)
            ref = weakref.ref(device)
            del device
            assert ref() is None
        finally:
            gc.enable()
