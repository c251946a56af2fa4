"""QFile and QFileDevice: the contract of a device, opening, errors, and files as a whole."""

from __future__ import annotations

import gc
import mmap
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from _device_conformance import RandomAccessDevice, Rig
from _implementations import Recorder

as_root = os.geteuid() == 0


class FileRig(Rig):
    def __init__(self, qt: Any, path: Path, extra: str) -> None:
        flags = qt.QIODevice.OpenModeFlag
        self.path = path
        path.write_bytes(b"")
        self.device = qt.QFile(str(path))
        assert self.device.open(flags.ReadWrite | flags[extra])

    def load(self, data: bytes) -> None:
        self.path.write_bytes(data)

    def received(self, count: int) -> bytes:
        assert self.device.flush()
        return self.path.read_bytes()


class TestFileIsADevice(RandomAccessDevice):
    @pytest.fixture
    def rig(self, qt: Any, tmp_path: Path) -> FileRig:
        return FileRig(qt, tmp_path / "file", "NotOpen")


class TestUnbufferedFileIsADevice(RandomAccessDevice):
    @pytest.fixture
    def rig(self, qt: Any, tmp_path: Path) -> FileRig:
        return FileRig(qt, tmp_path / "file", "Unbuffered")


@pytest.fixture
def mode(qt: Any) -> Any:
    return qt.QIODevice.OpenModeFlag


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The name of a file with ten digits in it."""
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")
    return path


@pytest.fixture
def warned(qt: Any) -> Iterator[list[str]]:
    """The texts of the warnings so far."""
    texts: list[str] = []
    previous = qt.qInstallMessageHandler(lambda kind, context, text: texts.append(text))
    yield texts
    qt.qInstallMessageHandler(previous)


def failure(file: Any) -> tuple[str, str]:
    return file.error().name, file.errorString()


NO_FAILURE = ("NoError", "Unknown error")
MISSING = ("OpenError", "No such file or directory")


# -- opening


def flags(mode: Any, text: str) -> Any:
    value = mode.NotOpen
    for name in text.split():
        value |= mode[name]
    return value


@pytest.mark.parametrize(
    ("names", "opened", "existing", "missing"),
    [
        # mode, what it opens as, content after writing "X" to an existing file, and to a missing one
        ("ReadOnly", "ReadOnly", b"data", None),
        ("WriteOnly", "WriteOnly", b"X", b"X"),
        ("ReadWrite", "ReadWrite", b"Xata", b"X"),
        ("Append", "WriteOnly Append", b"dataX", b"X"),
        ("ReadOnly Append", "ReadWrite Append", b"dataX", b"X"),
        ("WriteOnly Append", "WriteOnly Append", b"dataX", b"X"),
        ("ReadOnly Truncate", "ReadOnly Truncate", b"", None),
        ("ReadWrite Truncate", "ReadWrite Truncate", b"X", b"X"),
        ("NewOnly", "WriteOnly NewOnly", None, b"X"),
        ("ReadOnly NewOnly", "ReadWrite NewOnly", None, b"X"),
        ("WriteOnly ExistingOnly", "WriteOnly ExistingOnly", b"X", None),
        ("ReadWrite ExistingOnly", "ReadWrite ExistingOnly", b"Xata", None),
        ("WriteOnly Text", "WriteOnly Text", b"X", b"X"),
        ("WriteOnly Unbuffered", "WriteOnly Unbuffered", b"X", b"X"),
    ],
)
def test_open_modes(
    qt: Any,
    mode: Any,
    tmp_path: Path,
    names: str,
    opened: str,
    existing: bytes | None,
    missing: bytes | None,
) -> None:
    path = tmp_path / "file"
    for before, after in ((b"data", existing), (None, missing)):
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        file = qt.QFile(str(path))
        assert file.open(flags(mode, names)) == (after is not None)
        if after is None:
            assert failure(file) == (MISSING if before is None else ("OpenError", "File exists"))
            assert not file.isOpen()
            assert path.exists() == (before is not None)
            continue
        assert file.openMode() == flags(mode, opened)
        assert file.pos() == (len(before or b"") if "Append" in names else 0)
        assert failure(file) == NO_FAILURE
        if file.isWritable():
            assert file.write(b"X") == 1
        file.close()
        assert path.read_bytes() == after


@pytest.mark.parametrize("names", ["NotOpen", "Text", "Truncate", "ExistingOnly", "Unbuffered"])
def test_a_mode_without_direction_does_not_open(qt: Any, mode: Any, path: Path, warned: list[str], names: str) -> None:
    file = qt.QFile(str(path))
    assert not file.open(flags(mode, names))
    assert failure(file) == NO_FAILURE
    assert warned == ["QIODevice::open: File access not specified"]
    assert path.read_bytes() == b"0123456789"


def test_modes_that_exclude_each_other(qt: Any, mode: Any, path: Path, warned: list[str]) -> None:
    file = qt.QFile(str(path))
    assert not file.open(mode.WriteOnly | mode.NewOnly | mode.ExistingOnly)
    assert failure(file) == ("OpenError", "NewOnly and ExistingOnly are mutually exclusive")
    assert warned == ["NewOnly and ExistingOnly are mutually exclusive"]


def test_what_cannot_be_opened(qt: Any, mode: Any, tmp_path: Path, warned: list[str]) -> None:
    directory = qt.QFile(str(tmp_path))
    assert not directory.open(mode.ReadOnly)
    assert failure(directory) == ("OpenError", "file to open is a directory")
    assert not directory.open(mode.WriteOnly)
    assert failure(directory) == ("OpenError", "Is a directory")
    nowhere = qt.QFile(str(tmp_path / "no" / "where"))
    assert not nowhere.open(mode.WriteOnly)
    assert failure(nowhere) == MISSING
    assert warned == []
    nameless = qt.QFile()
    assert not nameless.open(mode.ReadOnly)
    assert failure(nameless) == ("OpenError", "No file name specified")
    assert warned == ["QFSFileEngine::open: No file name specified"]


@pytest.mark.skipif(as_root, reason="nothing is forbidden to root")
def test_what_may_not_be_opened(qt: Any, mode: Any, path: Path) -> None:
    path.chmod(0)
    file = qt.QFile(str(path))
    assert not file.open(mode.ReadOnly)
    assert failure(file) == ("OpenError", "Permission denied")


@pytest.mark.qnet("Qt opens the file whose name ends at the zero")
def test_a_name_with_a_zero_byte_is_no_name(
    qt: Any, mode: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = qt.QFile("a\0b")
    assert not file.open(mode.WriteOnly)
    assert file.error() == qt.QFile.OpenError
    assert not file.exists()
    assert not qt.QFile.copy("a\0b", "c")
    assert file.symLinkTarget() == ""
    assert file.size() == 0
    assert list(tmp_path.iterdir()) == []


def test_an_open_file_is_not_opened_again(qt: Any, mode: Any, path: Path, warned: list[str]) -> None:
    file = qt.QFile(str(path))
    assert file.open(mode.ReadOnly)
    assert not file.open(mode.ReadWrite)
    assert file.openMode() == mode.ReadOnly
    assert warned == [f"QFile::open: File ({path}) already open"]
    assert file.read(2) == b"01"
    warned.clear()
    file.setFileName("other")
    assert warned == [f"QFile::setFileName: File ({path}) already open"]
    assert (file.isOpen(), file.fileName()) == (False, "other")


def test_a_device_that_is_not_open_is_named_in_warnings(qt: Any, path: Path, warned: list[str]) -> None:
    file = qt.QFile(str(path))
    file.read(1)
    file.setObjectName("it")
    file.read(1)
    assert warned == [
        f'QIODevice::read (QFile, "{path}"): device not open',
        f'QIODevice::read (QFile, "it", "{path}"): device not open',
    ]


def test_names(qt: Any, path: Path) -> None:
    parent = qt.QObject()
    assert qt.QFile().fileName() == qt.QFile(None).fileName() == qt.QFile(parent).fileName() == ""
    assert qt.QFile(str(path), parent).parent() is parent
    for name in (str(path), os.fsencode(path), path):
        assert qt.QFile(name).fileName() == str(path)
    assert qt.QFile("/tmp//x/../y").fileName() == "/tmp//x/../y"
    with pytest.raises(TypeError):
        qt.QFile(5)


def test_spelling_of_names(qt: Any) -> None:
    assert qt.QFile.encodeName("é") == b"\xc3\xa9"
    assert qt.QFile.decodeName(b"\xc3\xa9") == "é"
    assert qt.QFile.decodeName(qt.QByteArray(b"plain")) == "plain"


@pytest.mark.qnet("Qt replaces what is no UTF-8, and cannot open such a file")
def test_names_that_are_not_utf8_survive(qt: Any, mode: Any, tmp_path: Path) -> None:
    raw = os.path.join(os.fsencode(tmp_path), b"\xff")
    assert qt.QFile.encodeName(qt.QFile.decodeName(raw)) == raw
    file = qt.QFile(raw)
    assert file.open(mode.WriteOnly)
    file.close()
    assert os.listdir(os.fsencode(tmp_path)) == [b"\xff"]


def test_permissions_of_a_new_file_are_those_given_less_the_umask(qt: Any, mode: Any, path: Path) -> None:
    rights = qt.QFile.Permission
    before = os.umask(0o022)
    try:
        for given, expected in (
            ((), 0o644),
            ((rights.ReadOwner | rights.WriteOwner,), 0o600),
            ((rights(0x7777),), 0o755),
        ):
            path.unlink()
            file = qt.QFile(str(path))
            assert file.open(mode.WriteOnly, *given)
            file.close()
            assert stat.S_IMODE(path.stat().st_mode) == expected
        assert file.open(mode.WriteOnly, rights.ReadOwner)
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
    finally:
        os.umask(before)


# -- descriptors


def test_a_descriptor_is_used_from_where_it_stands(qt: Any, mode: Any, path: Path) -> None:
    fd = os.open(path, os.O_RDWR)
    try:
        os.lseek(fd, 4, os.SEEK_SET)
        file = qt.QFile()
        assert file.open(fd, mode.ReadWrite)
        assert (file.fileName(), file.handle(), file.pos(), file.size()) == ("", fd, 4, 10)
        assert file.read(2) == b"45"
        assert file.write(b"!") == 1
        file.close()
        assert file.handle() == -1
        assert os.fstat(fd).st_size == 10
        assert file.open(fd, mode.Append)
        assert file.pos() == 10
        file.close()
    finally:
        os.close(fd)
    assert path.read_bytes() == b"012345!789"


def test_a_descriptor_may_be_taken_over(qt: Any, mode: Any, path: Path) -> None:
    fd = os.open(path, os.O_RDWR)
    file = qt.QFile()
    assert file.open(fd, mode.ReadOnly, handleFlags=qt.QFile.FileHandleFlag.AutoCloseHandle)
    assert file.readAll() == b"0123456789"
    file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.qnet("Qt opens any number and reads nothing from it")
@pytest.mark.parametrize("fd", [-1, 999_999])
def test_a_bad_descriptor_does_not_open(qt: Any, mode: Any, fd: int) -> None:
    file = qt.QFile()
    assert not file.open(fd, mode.ReadOnly)
    assert failure(file) == ("OpenError", "Bad file descriptor")
    assert not file.isOpen()


@pytest.mark.qnet("PySide6 finds other words")
def test_calls_of_open_that_make_no_sense(qt: Any, mode: Any) -> None:
    for arguments in ((1,), ("r",), (1, 1), (None, mode.ReadOnly)):
        with pytest.raises(TypeError):
            qt.QFile("/dev/null").open(*arguments)


def test_a_pipe_is_sequential(qt: Any, mode: Any) -> None:
    reader, writer = os.pipe()
    file = qt.QFile()
    assert file.open(reader, mode.ReadOnly, qt.QFile.FileHandleFlag.AutoCloseHandle)
    assert file.isSequential()
    assert (file.size(), file.pos(), file.bytesAvailable()) == (0, 0, 0)
    os.write(writer, b"one\ntwo\nthree")
    assert file.readLine() == b"one\n"
    assert not file.seek(0)
    os.close(writer)
    assert file.read(3) == b"two"
    assert file.readAll() == b"\nthree"
    assert file.read(1) == b""
    assert file.atEnd()
    file.close()


@pytest.mark.qnet("Qt sets a ReadError")
def test_a_pipe_that_does_not_block_has_no_data(qt: Any, mode: Any) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    file = qt.QFile()
    assert file.open(reader, mode.ReadOnly, qt.QFile.FileHandleFlag.AutoCloseHandle)
    assert file.read(1) == b""
    assert failure(file) == NO_FAILURE
    os.write(writer, b"x")
    assert file.readAll() == b"x"
    os.close(writer)


def test_a_file_of_the_kernel_does_not_know_its_size(qt: Any, mode: Any) -> None:
    file = qt.QFile("/proc/self/status")
    assert file.open(mode.ReadOnly)
    assert file.size() == 0
    assert not file.isSequential()
    assert file.atEnd()  # as documented
    assert file.readLine().startsWith(b"Name:")
    assert not file.atEnd()
    assert b"VmPeak" in bytes(file.readAll())
    assert file.atEnd()


@pytest.mark.qnet("PySide6 takes the memory first, and aborts")
def test_an_endless_file_gives_what_fits(qt: Any, mode: Any) -> None:
    file = qt.QFile("/dev/zero")
    assert file.open(mode.ReadOnly)
    assert 0 < file.read(2**60).size() < 2**24


# -- data


def test_small_writes_are_collected(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.WriteOnly)
    file.write(b"abc")
    assert path.stat().st_size == 0
    assert file.bytesToWrite() == 3
    assert file.size() == 3
    assert file.flush()
    assert path.read_bytes() == b"abc"
    file.write(b"x" * 20_000)
    assert path.stat().st_size >= 16_384
    file.close()
    assert path.stat().st_size == 20_003


def test_unbuffered_writes_are_not(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.WriteOnly | mode.Unbuffered)
    file.write(b"abc")
    assert path.read_bytes() == b"abc"


def test_a_file_that_goes_is_written(qt: Any, mode: Any, path: Path) -> None:
    gc.disable()
    try:
        file = qt.QFile(str(path))
        file.open(mode.WriteOnly)
        file.write(b"last words")
        fd = file.handle()
        del file
        assert path.read_bytes() == b"last words"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    finally:
        gc.enable()


@pytest.mark.qnet("PySide6 may lose them")
def test_a_program_that_ends_writes_what_it_collected(qt: Any, path: Path) -> None:
    program = f"""
from qnet import QFile
file = QFile({str(path)!r})
file.open(QFile.WriteOnly)
file.write(b"last words")
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
    assert path.read_bytes() == b"last words"


def test_append_writes_at_the_end_wherever_it_reads(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.ReadWrite | mode.Append)
    file.seek(0)
    assert file.read(3) == b"012"
    assert file.write(b"END") == 3
    file.seek(0)
    assert file.readAll() == b"0123456789END"
    file.close()
    assert path.read_bytes() == b"0123456789END"


def test_writes_here_and_there(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.ReadWrite)
    for position in (8, 2, 3, 0, 12):
        assert file.seek(position)
        assert file.write(b"x") == 1
    assert file.size() == 13
    file.close()
    assert path.read_bytes() == b"x1xx4567x9\0\0x"


def test_what_others_append_is_read_on(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.ReadOnly)
    assert file.read(1) == b"0"
    with path.open("ab") as other:
        other.write(b"more")
    assert file.readAll() == b"123456789more"
    assert file.atEnd()
    with path.open("ab") as other:
        other.write(b"again")
    assert not file.atEnd()
    assert file.readAll() == b"again"


def test_resizing(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    assert file.resize(8)
    assert path.read_bytes() == b"01234567"
    file.open(mode.ReadWrite)
    assert file.read(6) == b"012345"
    assert file.resize(4)
    assert (file.pos(), file.size()) == (4, 4)
    assert file.resize(6)
    assert file.readAll() == b"\0\0"
    assert not file.resize(-1)
    assert failure(file) == ("ResizeError", "Invalid argument")
    file.close()
    assert qt.QFile.resize(str(path), 2)
    assert path.read_bytes() == b"01"
    assert not qt.QFile.resize(str(path) + "?", 2)


def test_seeking(qt: Any, mode: Any, path: Path, warned: list[str]) -> None:
    file = qt.QFile(str(path))
    assert not file.seek(1)
    assert warned == ["QFileDevice::seek: IODevice is not open"]
    file.open(mode.ReadOnly)
    assert not file.seek(-1)
    assert file.seek(100)
    assert (file.pos(), file.atEnd(), file.bytesAvailable()) == (100, True, 0)
    assert file.read(1) == b""
    assert file.size() == 10


def test_a_full_disk(qt: Any, mode: Any) -> None:
    full = ("ResourceError", "No space left on device")
    file = qt.QFile("/dev/full")
    assert file.open(mode.WriteOnly | mode.Unbuffered)
    assert file.write(b"x") == -1
    assert failure(file) == full
    file.unsetError()
    assert failure(file) == NO_FAILURE
    file.close()
    assert file.open(mode.WriteOnly)
    assert file.write(b"x") == 1
    assert not file.flush()
    assert failure(file) == full
    assert file.write(b"x" * 100_000) == -1
    file.unsetError()
    file.close()
    assert file.error() == qt.QFile.FileError.ResourceError


def test_a_missing_file_is_small(qt: Any, path: Path) -> None:
    file = qt.QFile(str(path) + "?")
    assert (file.size(), file.exists(), file.handle(), file.atEnd()) == (0, False, -1, True)
    assert file.flush()
    assert qt.QFile(str(path)).size() == 10


def test_files_announce_nothing_but_their_closing(qt: Any, app: Any, mode: Any, path: Path, recorder: Recorder) -> None:
    file = qt.QFile(str(path))
    for name in ("readyRead", "bytesWritten", "aboutToClose", "readChannelFinished"):
        getattr(file, name).connect(recorder.note(name))
    file.open(mode.ReadWrite)
    file.write(b"x")
    file.readAll()
    file.close()
    qt.process()
    assert recorder.calls == ["aboutToClose"]


# -- attributes


def test_permissions(qt: Any, mode: Any, path: Path) -> None:
    rights = qt.QFile.Permission
    file = qt.QFile(str(path))
    path.chmod(0o640)
    shared = rights.ReadOwner | rights.WriteOwner | rights.ReadGroup
    assert file.permissions() == shared | rights.ReadUser | rights.WriteUser
    assert qt.QFile.permissions(str(path)) == file.permissions()
    assert file.setPermissions(rights.ReadOwner | rights.WriteOwner | rights.ExeGroup | rights.ReadOther)
    assert stat.S_IMODE(path.stat().st_mode) == 0o614
    assert file.open(mode.ReadOnly)
    assert file.setPermissions(rights.ReadUser | rights.WriteUser)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert qt.QFile.setPermissions(str(path), rights(0))
    assert stat.S_IMODE(path.stat().st_mode) == 0
    missing = qt.QFile(str(path) + "?")
    assert missing.permissions() == rights(0)
    assert not missing.setPermissions(rights.ReadOwner)
    assert failure(missing) == ("PermissionsError", "No such file or directory")


def as_datetime(value: Any) -> datetime | None:
    """A QDateTime of PySide6 as what qnet returns."""
    if not hasattr(value, "toMSecsSinceEpoch"):
        return value
    if not value.isValid():
        return None
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=value.toMSecsSinceEpoch())


def from_datetime(qt: Any, value: datetime) -> Any:
    return value if qt.is_qnet else qt.QDateTime.fromMSecsSinceEpoch(round(value.timestamp() * 1000))


def test_times(qt: Any, mode: Any, path: Path) -> None:
    kind = qt.QFile.FileTime
    os.utime(path, (1_000_000_000.5, 1_100_000_000.25))
    file = qt.QFile(str(path))
    accessed = datetime(2001, 9, 9, 1, 46, 40, 500_000, tzinfo=timezone.utc)
    modified = datetime(2004, 11, 9, 11, 33, 20, 250_000, tzinfo=timezone.utc)
    assert as_datetime(file.fileTime(kind.FileAccessTime)) == accessed
    assert as_datetime(file.fileTime(kind.FileModificationTime)) == modified
    changed = as_datetime(file.fileTime(kind.FileMetadataChangeTime))
    assert changed is not None
    assert abs(changed - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert as_datetime(qt.QFile(str(path) + "?").fileTime(kind.FileModificationTime)) is None

    new = from_datetime(qt, datetime(2020, 2, 29, 12, 0, 0, 125_000, tzinfo=timezone.utc))
    assert not file.setFileTime(new, kind.FileModificationTime)
    assert failure(file) == ("PermissionsError", "Permission denied")
    file.open(mode.ReadWrite)
    assert file.setFileTime(new, kind.FileModificationTime)
    assert (path.stat().st_mtime, path.stat().st_atime) == (1_582_977_600.125, 1_000_000_000.5)
    assert file.setFileTime(new, kind.FileAccessTime)
    assert path.stat().st_atime == 1_582_977_600.125
    for fixed in (kind.FileBirthTime, kind.FileMetadataChangeTime):
        assert not file.setFileTime(new, fixed)
        assert failure(file) == ("PermissionsError", "Invalid argument")


@pytest.mark.qnet("in Qt, flushing the collected writes sets the time again; it has no naive times")
def test_a_set_time_survives_what_was_written_before(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.WriteOnly)
    file.write(b"x")
    local = datetime(2020, 2, 29, 12)
    assert file.setFileTime(local, qt.QFile.FileModificationTime)
    file.close()
    found = file.fileTime(qt.QFile.FileModificationTime)
    assert found == local.astimezone()
    assert found.tzinfo is timezone.utc
    with pytest.raises(TypeError, match="datetime"):
        file.setFileTime(1.5, qt.QFile.FileModificationTime)


# -- maps


def test_maps(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.ReadWrite)
    view = file.map(2, 5)
    assert bytes(view) == b"23456"
    view[0:1] = b"X"
    assert path.read_bytes() == b"01X3456789"
    assert file.unmap(view)
    assert not file.unmap(view)
    assert failure(file) == ("PermissionsError", "Permission denied")
    private = file.map(0, 3, qt.QFile.MemoryMapFlag.MapPrivateOption)
    private[0:1] = b"P"
    assert bytes(private) == b"P1X"
    assert path.read_bytes() == b"01X3456789"
    assert not file.unmap(memoryview(b"strange"))


@pytest.mark.qnet("PySide6 gives a view of memory that does not exist")
def test_what_cannot_be_mapped(qt: Any, mode: Any, path: Path) -> None:
    file = qt.QFile(str(path))
    assert file.map(0, 5) is None
    assert failure(file) == ("PermissionsError", "Permission denied")
    file.open(mode.ReadOnly)
    for offset, size in ((-1, 5), (0, -5), (0, 0)):
        assert file.map(offset, size) is None
        assert failure(file) == ("UnspecifiedError", "Invalid argument")
    assert file.map(8, 3) is None
    assert failure(file) == ("UnspecifiedError", "Mapping a file beyond its size")
    assert file.map(0, 10).readonly
    file.close()
    file.open(mode.WriteOnly | mode.Append)
    assert file.map(0, 5) is None
    assert failure(file) == ("UnspecifiedError", "Permission denied")


@pytest.mark.qnet("Qt pulls the memory away under the views")
def test_a_map_is_valid_as_long_as_somebody_holds_it(qt: Any, mode: Any, path: Path) -> None:
    path.write_bytes(bytes(2 * mmap.ALLOCATIONGRANULARITY) + b"tail")
    file = qt.QFile(str(path))
    file.open(mode.ReadWrite)
    file.seek(1)
    file.write(b"!")
    view = file.map(2 * mmap.ALLOCATIONGRANULARITY + 1, 3)
    part = view[1:]
    first = file.map(0, 2)
    assert bytes(first) == b"\0!"
    file.close()
    assert file.unmap(view)
    assert bytes(part) == b"il"
    del file
    assert bytes(first) == b"\0!"


# -- the file as a whole


def test_copying(qt: Any, mode: Any, path: Path, tmp_path: Path) -> None:
    path.chmod(0o751)
    target = tmp_path / "target"
    file = qt.QFile(str(path))
    file.open(mode.ReadWrite)
    file.write(b"abc")
    assert file.copy(str(target))
    assert not file.isOpen()
    assert target.read_bytes() == b"abc3456789"
    assert stat.S_IMODE(target.stat().st_mode) == 0o751
    assert file.fileName() == str(path)
    assert not file.copy(str(target))
    assert failure(file) == ("CopyError", "Destination file exists")
    assert not file.copy(str(tmp_path / "no" / "where"))
    assert failure(file) == ("CopyError", "Cannot open for output: No such file or directory")
    missing = qt.QFile(str(tmp_path / "missing"))
    assert not missing.copy(str(tmp_path / "other"))
    assert failure(missing) == ("CopyError", f"Cannot open {tmp_path}/missing for input")
    assert qt.QFile.copy(str(path), str(tmp_path / "static"))
    assert not qt.QFile.copy(str(path), str(tmp_path / "static"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["digits", "static", "target"]


def test_renaming(qt: Any, mode: Any, path: Path, tmp_path: Path) -> None:
    target, other = str(tmp_path / "target"), tmp_path / "other"
    other.write_bytes(b"other")
    file = qt.QFile(str(path))
    file.open(mode.ReadWrite)
    file.write(b"abc")
    assert file.rename(target)
    assert (file.isOpen(), file.fileName()) == (False, target)
    assert Path(target).read_bytes() == b"abc3456789"
    assert not path.exists()
    for name, text in (
        (str(other), "Destination file exists"),
        (target, "Destination file is the same file."),
    ):
        assert not file.rename(name)
        assert failure(file) == ("RenameError", text)
    assert not file.rename(str(tmp_path / "no" / "where"))
    assert file.error() == qt.QFile.FileError.RenameError
    assert file.fileName() == target
    missing = qt.QFile(str(path))
    assert not missing.rename(str(tmp_path / "new"))
    assert failure(missing) == ("RenameError", "Source file does not exist.")
    assert qt.QFile.rename(target, str(path))
    assert not qt.QFile.rename(target, str(path))
    assert other.read_bytes() == b"other"


@pytest.mark.skipif(
    not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev,
    reason="needs a second file system",
)
def test_renaming_to_another_file_system(qt: Any, path: Path) -> None:
    target = Path("/dev/shm") / f"qnet-test-{os.getpid()}"
    try:
        assert qt.QFile.rename(str(path), str(target))
        assert not path.exists()
        assert target.read_bytes() == b"0123456789"
    finally:
        target.unlink(missing_ok=True)


def test_links(qt: Any, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = qt.QFile(str(path))
    assert file.link("link")
    assert os.readlink("link") == str(path)
    assert not file.link("link")
    assert failure(file) == ("RenameError", "File exists")
    assert qt.QFile.link("digits", "relative")
    assert os.readlink("relative") == "digits"
    assert qt.QFile("link").symLinkTarget() == str(path)
    assert qt.QFile.symLinkTarget("relative") == str(path)
    assert qt.QFile.symLinkTarget(str(path)) == qt.QFile.symLinkTarget("missing") == ""
    assert qt.QFile.link("nowhere/at/all", "dangling")
    assert qt.QFile.symLinkTarget("dangling") == str(tmp_path / "nowhere/at/all")
    assert not qt.QFile.exists("dangling")
    assert qt.QFile.remove("link")
    assert path.exists()


def test_removing(qt: Any, mode: Any, path: Path, tmp_path: Path) -> None:
    file = qt.QFile(str(path))
    file.open(mode.WriteOnly)
    assert file.remove()
    assert (file.isOpen(), file.exists(), path.exists()) == (False, False, False)
    assert not file.remove()
    assert failure(file) == ("RemoveError", "No such file or directory")
    directory = qt.QFile(str(tmp_path))
    assert directory.exists()
    assert not directory.remove()
    assert failure(directory) == ("RemoveError", "Is a directory")
    assert not qt.QFile.remove(str(path))
    assert not qt.QFile.exists(str(path))
    assert not qt.QFile.exists("")


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("copy", lambda file: file.copy("new")),
        ("rename", lambda file: file.rename("new")),
        ("link", lambda file: file.link("new")),
        ("remove", lambda file: file.remove()),
    ],
)
def test_a_file_without_name_is_told(qt: Any, warned: list[str], name: str, call: Callable[[Any], bool]) -> None:
    file = qt.QFile()
    assert not call(file)
    assert warned == [f"QFile::{name}: Empty or null file name"]
    assert failure(file) == NO_FAILURE


@pytest.mark.qnet("PySide6 takes only text here")
def test_path_objects_are_names_everywhere(qt: Any, path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    assert qt.QFile(path).copy(new)
    assert qt.QFile.exists(new)
    assert qt.QFile.remove(new)
    assert qt.QFile.link(path, new)
    assert qt.QFile(new).symLinkTarget() == str(path)


# -- the trash


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trash of an otherwise empty home, on the file system of the files."""
    home = tmp_path / "home"
    place = home / ".local" / "share" / "Trash"
    (place / "files").mkdir(parents=True, mode=0o700)
    (place / "info").mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    return place


def test_the_trash_keeps_file_name_and_time(qt: Any, mode: Any, trash: Path, tmp_path: Path) -> None:
    path = tmp_path / "a b%é"
    path.write_bytes(b"rubbish")
    assert qt.QFile.supportsMoveToTrash()
    file = qt.QFile(str(path))
    file.open(mode.ReadOnly)
    assert file.moveToTrash()
    assert not file.isOpen()
    assert not path.exists()
    kept = Path(file.fileName())
    assert kept == trash / "files" / "a b%é"
    assert kept.read_bytes() == b"rubbish"
    head, where, when = (trash / "info" / "a b%é.trashinfo").read_text().splitlines()
    assert head == "[Trash Info]"
    assert where == f"Path={tmp_path}/a%20b%25%C3%A9"
    key, _, value = when.partition("=")
    assert key == "DeletionDate"
    assert abs(datetime.fromisoformat(value) - datetime.now()) < timedelta(minutes=1)


def test_the_trash_holds_many_of_one_name(qt: Any, trash: Path, path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        path.write_bytes(content)
        assert qt.QFile.moveToTrash(str(path)) is True
    kept = {p.name: p.read_bytes() for p in (trash / "files").iterdir()}
    assert sorted(kept.values()) == [b"1", b"2", b"3"]
    assert {p.name for p in (trash / "info").iterdir()} == {f"{name}.trashinfo" for name in kept}


def test_directories_and_links_go_to_the_trash_as_they_are(qt: Any, trash: Path, tmp_path: Path) -> None:
    directory, link = tmp_path / "directory", tmp_path / "link"
    directory.mkdir()
    (directory / "inside").write_bytes(b"x")
    link.symlink_to("/nowhere")
    assert qt.QFile.moveToTrash(str(directory))
    assert (trash / "files" / "directory" / "inside").read_bytes() == b"x"


def test_what_is_missing_cannot_be_thrown_away(qt: Any, trash: Path, tmp_path: Path) -> None:
    file = qt.QFile(str(tmp_path / "missing"))
    assert not file.moveToTrash()
    assert file.error() == qt.QFile.FileError.RenameError
    assert not qt.QFile.moveToTrash(str(tmp_path / "missing"))
    assert list((trash / "info").iterdir()) == []


@pytest.mark.qnet("Qt makes neither, and follows the link")
def test_the_trash_is_made_and_links_are_not_followed(
    qt: Any, tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    link = tmp_path / "link"
    link.symlink_to(path)
    assert qt.QFile.moveToTrash(str(link))
    assert path.exists()
    kept = tmp_path / "data" / "Trash" / "files" / "link"
    assert kept.is_symlink()
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


@pytest.mark.qnet("needs a second file system, and the top of it for its trash")
@pytest.mark.skipif(
    not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev,
    reason="needs a second file system",
)
def test_files_on_another_file_system_stay_there(qt: Any, trash: Path) -> None:
    top = Path("/dev/shm")
    name = f"qnet-test-{os.getpid()}"
    (top / name).write_bytes(b"x")
    own = top / f".Trash-{os.getuid()}"
    existed = own.exists()
    file = qt.QFile(str(top / name))
    try:
        assert file.moveToTrash()
        assert Path(file.fileName()) == own / "files" / name
        assert f"Path={name}\n" in (own / "info" / f"{name}.trashinfo").read_text()
    finally:
        for left in (top / name, own / "files" / name, own / "info" / f"{name}.trashinfo"):
            left.unlink(missing_ok=True)
        if not existed and own.exists():
            for directory in (own / "files", own / "info", own):
                directory.rmdir()
