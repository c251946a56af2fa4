"""QFile: a file by its name. `QFileDevice`, what an open one can do, is in `qnet.core.filedevice`."""

from __future__ import annotations

import os
from typing import Any, overload

from qnet.core import _file_ops, _file_trash
from qnet.core._device_core import APPEND, READ, TRUNCATE, WRITE
from qnet.core._file_descriptor import FileDescriptor
from qnet.core.bytearray import QByteArray
from qnet.core.filedevice import QFileDevice
from qnet.core.iodevice import QIODeviceBase
from qnet.core.logging import qWarning
from qnet.core.object import QObject

__all__ = ["QFile"]

Name = str | bytes | os.PathLike[str] | os.PathLike[bytes]
_NEW_ONLY = int(QIODeviceBase.OpenModeFlag.NewOnly)
_EXISTING_ONLY = int(QIODeviceBase.OpenModeFlag.ExistingOnly)


class QFile(QFileDevice):
    """A file: ``QFile(name, parent=None)`` (`QFile <https://doc.qt.io/qt-6/qfile.html>`_).

    *name* is text, bytes or a path object. The calls that take names come in two forms: ``file.copy("new")`` on
    an object, and ``QFile.copy("old", "new")`` without one, which tells nothing but whether it worked.

    No call replaces an existing file: `copy`, `rename` and `link` fail then.
    """

    def __init__(self, name: Name | QObject | None = None, parent: QObject | None = None, **properties: Any) -> None:
        if isinstance(name, QObject):
            name, parent = None, name
        self._q_file_name = _text(name)
        super().__init__(parent, **properties)

    def fileName(self) -> str:
        """The name as it was given."""
        return self._q_file_name

    def setFileName(self, name: Name, /) -> None:
        """Take another file; one that is open is closed first, with a warning."""
        text = _text(name)
        if QFileDevice.isOpen(self):
            qWarning(f"QFile::setFileName: File ({self._q_file_name}) already open")
            self.close()
        self._q_file_name = text

    # -- opening

    @overload
    def open(self, flags: QIODeviceBase.OpenModeFlag, /) -> bool: ...
    @overload
    def open(self, flags: QIODeviceBase.OpenModeFlag, permissions: QFileDevice.Permission, /) -> bool: ...
    @overload
    def open(
        self,
        fd: int,
        ioFlags: QIODeviceBase.OpenModeFlag,
        /,
        handleFlags: QFileDevice.FileHandleFlag = ...,
    ) -> bool: ...
    def open(
        self,
        first: QIODeviceBase.OpenModeFlag | int,
        second: QFileDevice.Permission | QIODeviceBase.OpenModeFlag | None = None,
        /,
        handleFlags: QFileDevice.FileHandleFlag = QFileDevice.FileHandleFlag.DontCloseHandle,
    ) -> bool:
        """Open the file with a mode, or a descriptor with a mode.

        WriteOnly alone empties an existing file; Append and NewOnly imply writing, ReadOnly never creates a file,
        NewOnly fails for an existing and ExistingOnly for a missing one. *permissions* are those of a new file,
        less the process's umask. An adopted descriptor is used from where it stands, and closed with the
        device only with AutoCloseHandle.
        """
        if isinstance(first, QIODeviceBase.OpenModeFlag):
            permissions = 0o666 if second is None else _file_ops.mode_bits(int(second))
            mode = self._q_checked_mode(int(first))
            return mode != 0 and self._q_open_name(mode, permissions)
        if not isinstance(first, int) or not isinstance(second, QIODeviceBase.OpenModeFlag):
            raise TypeError("expected open(mode), open(mode, permissions) or open(descriptor, mode)")
        mode = self._q_checked_mode(int(second))
        owned = bool(handleFlags & QFileDevice.FileHandleFlag.AutoCloseHandle)
        return mode != 0 and self._q_open_descriptor(first, mode, owned)

    def _q_checked_mode(self, mode: int) -> int:
        """The full mode to open with, or 0 where that is not possible."""
        if QFileDevice.isOpen(self):
            qWarning(f"QFile::open: File ({self._q_file_name}) already open")
            return 0
        QFileDevice.unsetError(self)
        if mode & _NEW_ONLY and mode & _EXISTING_ONLY:
            problem = "NewOnly and ExistingOnly are mutually exclusive"
            qWarning(problem)
            self._q_set_error(QFileDevice.FileError.OpenError, problem)
            return 0
        if mode & (APPEND | _NEW_ONLY):
            mode |= WRITE
        if not mode & (READ | WRITE):
            qWarning("QIODevice::open: File access not specified")
            return 0
        return mode

    def _q_open_name(self, mode: int, permissions: int) -> bool:
        if not self._q_file_name:
            qWarning("QFSFileEngine::open: No file name specified")
            self._q_set_error(QFileDevice.FileError.OpenError, "No file name specified")
            return False
        try:
            fd = os.open(self._q_file_name, _system_flags(mode), permissions)
        except (OSError, ValueError) as error:
            self._q_fail(QFileDevice.FileError.OpenError, error)
            return False
        if os.path.isdir(fd):
            os.close(fd)
            self._q_set_error(QFileDevice.FileError.OpenError, "file to open is a directory")
            return False
        return self._q_open_descriptor(fd, mode, owned=True)

    def _q_open_descriptor(self, fd: int, mode: int, owned: bool) -> bool:
        assert self._q_write_buffer is not None
        try:
            descriptor = FileDescriptor(fd, self._q_write_buffer, owned=owned, appends=bool(mode & APPEND))
            start = descriptor.tell()
        except OSError as error:
            self._q_fail(QFileDevice.FileError.OpenError, error)
            return False
        self._q_adopt(descriptor)
        super().open(QIODeviceBase.OpenModeFlag(mode))
        if not mode & APPEND:
            self._q_position = start
        return True

    # -- the file as a whole

    def exists(self: QFile | str) -> bool:
        """Whether the file, or what the link leads to, exists."""
        return os.path.exists(_of(self)._q_file_name)

    def remove(self: QFile | str) -> bool:
        """Close and remove the file; the error is RemoveError."""
        file = _of(self)
        if not file._q_named("remove"):
            return False
        file.close()
        with file._q_reporting(QFileDevice.FileError.RemoveError) as attempt:
            os.unlink(file._q_file_name)
        return attempt.ok

    def rename(self: QFile | str, newName: Name, /) -> bool:
        """Close the file and give it another name, on another file system by copying; the error is RenameError."""
        file = _of(self)
        target = _text(newName)
        if not file._q_named("rename"):
            return False
        problem = ""
        if _file_ops.is_same(file._q_file_name, target):
            problem = "Destination file is the same file."
        elif not os.path.lexists(file._q_file_name):
            problem = "Source file does not exist."
        elif os.path.lexists(target):
            problem = "Destination file exists"
        if problem:
            file._q_set_error(QFileDevice.FileError.RenameError, problem)
            return False
        file.close()
        with file._q_reporting(QFileDevice.FileError.RenameError) as attempt:
            _file_ops.rename(file._q_file_name, target)
            file._q_file_name = target
        return attempt.ok

    def copy(self: QFile | str, newName: Name, /) -> bool:
        """Close the file and copy it with its permissions; the error is CopyError."""
        file = _of(self)
        target = _text(newName)
        if not file._q_named("copy"):
            return False
        if os.path.lexists(target):
            file._q_set_error(QFileDevice.FileError.CopyError, "Destination file exists")
            return False
        file.close()
        try:
            _file_ops.copy(file._q_file_name, target)
        except (OSError, ValueError) as error:
            text = f"Cannot open {file._q_file_name} for input"
            if getattr(error, "filename", None) != file._q_file_name:
                text = f"Cannot open for output: {_file_ops.errno_of(error)[1]}"
            file._q_set_error(QFileDevice.FileError.CopyError, text)
            return False
        QFileDevice.unsetError(file)
        return True

    def link(self: QFile | str, newName: Name, /) -> bool:
        """Make *newName* a symbolic link with this file's name as it is; the error is RenameError."""
        file = _of(self)
        if not file._q_named("link"):
            return False
        with file._q_reporting(QFileDevice.FileError.RenameError) as attempt:
            os.symlink(file._q_file_name, _text(newName))
        return attempt.ok

    def symLinkTarget(self: QFile | str) -> str:
        """The absolute name that the symbolic link points to; "" when it is none."""
        return _file_ops.link_target(_of(self)._q_file_name)

    def moveToTrash(self: QFile | str) -> bool:
        """Close the file and move it to the trash; `fileName` is then its name there. The error is RenameError."""
        file = _of(self)
        if not file._q_named("moveToTrash"):
            return False
        file.close()
        with file._q_reporting(QFileDevice.FileError.RenameError) as attempt:
            file._q_file_name = _file_trash.move_to_trash(file._q_file_name)
        return attempt.ok

    @staticmethod
    def supportsMoveToTrash() -> bool:
        """True: there is always a place that follows the specification."""
        return True

    def size(self: QFile | str) -> int:
        """Size in bytes, with what was not flushed yet; 0 for a stream or a missing file."""
        return QFileDevice.size(_of(self))

    def resize(self: QFile | str, sz: int, /) -> bool:
        """Cut the file, or extend it with zeros, to *sz* bytes; the error is ResizeError."""
        return QFileDevice.resize(_of(self), sz)

    def permissions(self: QFile | str) -> QFileDevice.Permission:
        """Who may do what; no flag at all for a file that is missing."""
        return QFileDevice.permissions(_of(self))

    def setPermissions(self: QFile | str, permissionSpec: QFileDevice.Permission, /) -> bool:
        """Set who may do what; the error is PermissionsError."""
        return QFileDevice.setPermissions(_of(self), permissionSpec)

    @staticmethod
    def encodeName(fileName: str, /) -> QByteArray:
        """*fileName* as the system spells it."""
        return QByteArray(os.fsencode(fileName))

    @staticmethod
    def decodeName(localFileName: bytes | bytearray | memoryview | str, /) -> str:
        """The text of a name that the system spells so. What is no UTF-8 survives the way back."""
        return _text(localFileName if isinstance(localFileName, str) else bytes(localFileName))

    def _q_named(self, call: str) -> bool:
        if not self._q_file_name:
            qWarning(f"QFile::{call}: Empty or null file name")
        return bool(self._q_file_name)


def _text(name: Name | None) -> str:
    return "" if name is None else os.fsdecode(name)


def _of(file: QFile | Name) -> QFile:
    """The file of a call in either form: Python hands the first name of the form without an object as self."""
    return file if isinstance(file, QFile) else QFile(file)


def _system_flags(mode: int) -> int:
    reads, writes = bool(mode & READ), bool(mode & WRITE)
    flags = os.O_RDWR if reads and writes else os.O_WRONLY if writes else os.O_RDONLY
    if writes and not mode & _EXISTING_ONLY:
        flags |= os.O_CREAT
    if mode & _NEW_ONLY:
        flags |= os.O_EXCL
    if mode & APPEND:
        flags |= os.O_APPEND
    if mode & TRUNCATE or (writes and not reads and not mode & (APPEND | _NEW_ONLY)):
        flags |= os.O_TRUNC
    return flags
