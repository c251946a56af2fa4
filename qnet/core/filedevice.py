"""QFileDevice: what every open file can do."""

from __future__ import annotations

import errno
import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from qnet.core import _file_ops
from qnet.core._buffers import WriteBuffer
from qnet.core._device_core import UNBUFFERED
from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core._file_descriptor import FileDescriptor
from qnet.core.iodevice import QIODevice
from qnet.core.logging import qWarning
from qnet.core.object import QObject

__all__ = ["QFileDevice"]

_OUT_OF_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC}


@flat_enums
class QFileDevice(QIODevice):
    """Reading and writing an open file (`QFileDevice <https://doc.qt.io/qt-6/qfiledevice.html>`_).

    Calls block. Reads and small writes go through a buffer unless it is opened Unbuffered; `flush`, `close`, the
    end of the object and of the program write what is collected. Calls that fail say so by their result and set
    `error` and `errorString`. The signals of new data and written bytes are never emitted for files.
    """

    class FileError(QtEnum):
        """What failed last (`<https://doc.qt.io/qt-6/qfiledevice.html#FileError-enum>`_)."""

        NoError = 0
        ReadError = 1
        WriteError = 2
        FatalError = 3
        ResourceError = 4
        OpenError = 5
        AbortError = 6
        TimeOutError = 7
        UnspecifiedError = 8
        RemoveError = 9
        RenameError = 10
        PositionError = 11
        ResizeError = 12
        PermissionsError = 13
        CopyError = 14

    class FileHandleFlag(QtFlag):
        """Whether `QFile.open` of a descriptor takes it over."""

        DontCloseHandle = 0
        AutoCloseHandle = 1

    FileHandleFlags = FileHandleFlag

    class FileTime(QtEnum):
        """Which of a file's times."""

        FileAccessTime = 0
        FileBirthTime = 1
        FileMetadataChangeTime = 2
        FileModificationTime = 3

    class MemoryMapFlag(QtFlag):
        """Whether changes to a map reach the file."""

        NoOptions = 0
        MapPrivateOption = 1

    MemoryMapFlags = MemoryMapFlag

    class Permission(QtFlag):
        """Who may do what; "User" is this process (`<https://doc.qt.io/qt-6/qfiledevice.html#Permission-enum>`_)."""

        ExeOther = 0x0001
        WriteOther = 0x0002
        ReadOther = 0x0004
        ExeGroup = 0x0010
        WriteGroup = 0x0020
        ReadGroup = 0x0040
        ExeUser = 0x0100
        WriteUser = 0x0200
        ReadUser = 0x0400
        ExeOwner = 0x1000
        WriteOwner = 0x2000
        ReadOwner = 0x4000

    Permissions = Permission

    _q_descriptor: FileDescriptor | None = None
    _q_closer: weakref.finalize[..., Any] | None = None
    _q_error = FileError.NoError

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_maps: list[tuple[memoryview, mmap.mmap]] = []
        super().__init__(parent, **properties)
        self._q_write_buffer = WriteBuffer()

    # -- errors

    def error(self) -> QFileDevice.FileError:
        """What failed last; NoError if nothing did since `unsetError` or a call that works."""
        return self._q_error

    def unsetError(self) -> None:
        """Forget the last error."""
        self._q_set_error(QFileDevice.FileError.NoError, "")

    def _q_set_error(self, error: QFileDevice.FileError, text: str) -> None:
        self._q_error = error
        self._q_error_text = text

    def _q_fail(self, kind: QFileDevice.FileError, error: OSError | ValueError) -> None:
        number, text = _file_ops.errno_of(error)
        if number in _OUT_OF_RESOURCES:
            kind = QFileDevice.FileError.ResourceError
        self._q_set_error(kind, text)

    # -- the descriptor

    def fileName(self) -> str:
        """The file's name; "" here."""
        return ""

    def _q_detail(self) -> str:
        return self.fileName()

    def handle(self) -> int:
        """The file descriptor, or -1 when it is not open."""
        return self._q_descriptor.fd if self._q_descriptor is not None else -1

    def _q_adopt(self, descriptor: FileDescriptor) -> None:
        self._q_descriptor = descriptor
        # Collected writes must not be lost when the program ends while the file is open.
        self._q_closer = weakref.finalize(self, _close_quietly, descriptor)

    def close(self) -> None:
        """Write what is collected and close; an error of that is kept in `error`. Maps stay valid."""
        if not QIODevice.isOpen(self):
            return
        super().close()
        self._q_release()

    def _q_release(self) -> None:
        descriptor, self._q_descriptor = self._q_descriptor, None
        if descriptor is None:
            return
        if self._q_closer is not None:
            self._q_closer.detach()
        try:
            descriptor.close()
        except OSError as error:
            self._q_fail(QFileDevice.FileError.WriteError, error)

    def _q_finalize(self) -> None:
        self._q_release()
        super()._q_finalize()

    def flush(self) -> bool:
        """Hand what was written to the system; False if it does not take it."""
        if self._q_descriptor is None:
            return True
        try:
            self._q_descriptor.flush()
        except OSError as error:
            self._q_fail(QFileDevice.FileError.WriteError, error)
            return False
        return True

    # -- position and size

    def isSequential(self) -> bool:
        """Whether it is open and a pipe, a terminal or another device without positions."""
        return self._q_descriptor is not None and self._q_descriptor.sequential

    def size(self) -> int:
        """Size in bytes, with what was not flushed yet; 0 for a stream or a missing file."""
        try:
            if self._q_descriptor is not None:
                return self._q_descriptor.size()
            return os.stat(self.fileName()).st_size if self.fileName() else 0
        except OSError as error:
            if self._q_descriptor is not None:
                self._q_fail(QFileDevice.FileError.WriteError, error)
                return os.fstat(self._q_descriptor.fd).st_size
            return 0
        except ValueError:
            return 0

    def atEnd(self) -> bool:
        """Whether there is nothing to read.

        A file that does not know its size (as in /proc) seems to be at its end: read it until nothing comes.
        """
        return not (QIODevice.isOpen(self) and self._q_buffer.size) and super().atEnd()

    def seek(self, pos: int, /) -> bool:
        """Go to the byte *pos*, which may lie past the end: a write there leaves a hole."""
        if not QIODevice.isOpen(self):
            qWarning("QFileDevice::seek: IODevice is not open")
            return False
        if pos < 0:
            return False
        ahead = pos - self._q_position
        if 0 < ahead < self._q_buffer.size and not self.isSequential():
            self._q_buffer.skip(ahead)
            self._q_position = pos
        elif not super().seek(pos):
            return False
        QFileDevice.unsetError(self)
        return True

    def resize(self, sz: int, /) -> bool:
        """Cut the file, or extend it with zeros, to *sz* bytes. The position moves back to the end if beyond."""
        try:
            if self._q_descriptor is not None:
                self._q_descriptor.truncate(sz)
            else:
                os.truncate(self.fileName(), sz)
        except (OSError, ValueError) as error:
            self._q_fail(QFileDevice.FileError.ResizeError, error)
            return False
        if self._q_descriptor is not None and not self.isSequential():
            self.seek(min(self._q_position, sz))
        QFileDevice.unsetError(self)
        return True

    # -- data

    def readData(self, maxlen: int, /) -> bytes:
        """At most *maxlen* bytes at `pos`; a stream blocks until there is at least one or its end."""
        if self._q_descriptor is None:
            return b""
        try:
            return self._q_descriptor.read(self.pos(), maxlen)
        except BlockingIOError:
            return b""  # a stream that was set not to block, and has nothing
        except OSError as error:
            self._q_fail(QFileDevice.FileError.ReadError, error)
            return b""

    def writeData(self, data: bytes, length: int, /) -> int:
        """Write *length* bytes at `pos` (with Append: at the end); -1 for an error."""
        if self._q_descriptor is None:
            return -1
        unbuffered = bool(self._q_mode & UNBUFFERED)
        try:
            return self._q_descriptor.write(self.pos(), data, length, now=unbuffered)
        except OSError as error:
            self._q_fail(QFileDevice.FileError.WriteError, error)
            return -1

    # -- attributes

    def permissions(self) -> QFileDevice.Permission:
        """Who may do what; no flag at all for a file that is missing."""
        return QFileDevice.Permission(_file_ops.permission_bits(self._q_target()))

    def setPermissions(self, permissionSpec: QFileDevice.Permission, /) -> bool:
        """Set who may do what. The flags for "User" count as those for the owner."""
        with self._q_reporting(QFileDevice.FileError.PermissionsError) as attempt:
            os.chmod(self._q_target(), _file_ops.mode_bits(int(permissionSpec)))
        return attempt.ok

    def fileTime(self, time: QFileDevice.FileTime, /) -> datetime | None:
        """One of the file's times, in UTC. None if there is no such file, or its system does not tell that time."""
        try:
            found = os.stat(self._q_target())
        except (OSError, ValueError):
            return None
        if time == QFileDevice.FileTime.FileBirthTime:
            born = getattr(found, "st_birthtime", None)  # Python tells it on BSD and macOS
            return None if born is None else _file_ops.utc_time(int(born * 1e9))
        if time == QFileDevice.FileTime.FileAccessTime:
            return _file_ops.utc_time(found.st_atime_ns)
        if time == QFileDevice.FileTime.FileMetadataChangeTime:
            return _file_ops.utc_time(found.st_ctime_ns)
        return _file_ops.utc_time(found.st_mtime_ns)

    def setFileTime(self, newDate: datetime, fileTime: QFileDevice.FileTime, /) -> bool:
        """Set the access or modification time of the open file; a *newDate* without zone is local time."""
        if not isinstance(newDate, datetime):
            raise TypeError(f"expected a datetime, not {type(newDate).__name__}")
        with self._q_reporting(QFileDevice.FileError.PermissionsError) as attempt:
            if self._q_descriptor is None:
                raise PermissionError(errno.EACCES, "not open")
            self._q_descriptor.flush()  # or it would change the time again
            fd = self._q_descriptor.fd
            found = os.stat(fd)
            wanted = round(newDate.timestamp() * 1_000_000) * 1000
            if fileTime == QFileDevice.FileTime.FileAccessTime:
                os.utime(fd, ns=(wanted, found.st_mtime_ns))
            elif fileTime == QFileDevice.FileTime.FileModificationTime:
                os.utime(fd, ns=(found.st_atime_ns, wanted))
            else:
                raise OSError(errno.EINVAL, "the system sets that time itself")
        return attempt.ok

    def _q_target(self) -> str | int:
        """What the system knows the file by."""
        return self._q_descriptor.fd if self._q_descriptor is not None else self.fileName()

    @contextmanager
    def _q_reporting(self, kind: QFileDevice.FileError) -> Iterator[_Attempt]:
        """Turn an error of the system inside into `error`, and success into none."""
        attempt = _Attempt()
        try:
            yield attempt
        except (OSError, ValueError) as error:
            attempt.ok = False
            self._q_fail(kind, error)
        else:
            QFileDevice.unsetError(self)

    # -- maps

    def map(
        self,
        offset: int,
        size: int,
        /,
        flags: QFileDevice.MemoryMapFlag = MemoryMapFlag.NoOptions,
    ) -> memoryview | None:
        """Map *size* bytes from *offset*: a view of the file's memory, or None with `error` set.

        It can be written if the file is open for writing; with MapPrivateOption the changes stay private. It
        stays valid after `close` until `unmap`, or until nobody refers to it.
        """
        descriptor = self._q_descriptor
        if descriptor is None:
            self._q_set_error(QFileDevice.FileError.PermissionsError, os.strerror(errno.EACCES))
            return None
        start = offset - offset % mmap.ALLOCATIONGRANULARITY
        if flags & QFileDevice.MemoryMapFlag.MapPrivateOption:
            access = mmap.ACCESS_COPY
        else:
            access = mmap.ACCESS_WRITE if self._q_writable else mmap.ACCESS_READ
        view = None
        with self._q_reporting(QFileDevice.FileError.UnspecifiedError):
            if offset < 0 or size <= 0:
                raise OSError(errno.EINVAL, "no such range")
            if not self._q_readable:
                raise OSError(errno.EACCES, "a map is read")
            if offset + size > descriptor.size():
                raise ValueError("Mapping a file beyond its size")
            made = mmap.mmap(descriptor.fd, offset - start + size, access=access, offset=start)
            view = memoryview(made)[offset - start :]
            self._q_maps.append((view, made))
        return view

    def unmap(self, address: memoryview, /) -> bool:
        """Give back what `map` returned: *address* and what was sliced from it must not be used any more."""
        for entry in self._q_maps:
            view, made = entry
            if view is address:
                self._q_maps.remove(entry)
                try:
                    view.release()
                    made.close()
                except BufferError:
                    pass  # somebody still holds a slice: the memory goes with the last of them
                return True
        self._q_set_error(QFileDevice.FileError.PermissionsError, os.strerror(errno.EACCES))
        return False


class _Attempt:
    ok = True


def _close_quietly(descriptor: FileDescriptor) -> None:
    try:
        descriptor.close()
    except OSError as error:
        qWarning(f"QFileDevice: data was lost at the end: {error}")
