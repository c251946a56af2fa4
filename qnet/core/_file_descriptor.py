"""A file descriptor with write-behind: what stands between QFileDevice and the kernel.

Small writes are collected and leave in blocks. Whatever depends on the file's true state (reading, its size,
another position) sends them first. The kernel's offset is moved only when it is not where it has to be: devices
read and write at positions, and mostly those follow each other.

Errors are the kernel's OSError; what could not be written stays collected.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from qnet.core._buffers import WriteBuffer
from qnet.core._device_core import BLOCK

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["FileDescriptor"]

_LARGEST_READ = 1 << 20  # a caller may ask for any amount: memory is taken only for what can be there
_UNKNOWN = -1


class FileDescriptor:
    """Reads and writes the descriptor *fd* and closes it in the end if *owned*."""

    __slots__ = ("__weakref__", "_offset", "_pending_at", "appends", "fd", "owned", "pending", "sequential")

    def __init__(self, fd: int, pending: WriteBuffer, *, owned: bool = True, appends: bool = False) -> None:
        kind = os.fstat(fd).st_mode
        self.fd = fd
        self.owned = owned
        self.appends = appends
        self.pending = pending
        self.sequential = not (stat.S_ISREG(kind) or stat.S_ISBLK(kind) or stat.S_ISDIR(kind))
        self._offset = _UNKNOWN
        self._pending_at = 0

    def tell(self) -> int:
        """Where the kernel stands; 0 for a stream."""
        return 0 if self.sequential else os.lseek(self.fd, 0, os.SEEK_CUR)

    def size(self) -> int:
        """Size in bytes, with what is not yet written; 0 for a stream."""
        self.flush()
        return 0 if self.sequential else os.fstat(self.fd).st_size

    def read(self, position: int, count: int) -> bytes:
        """Up to *count* bytes; b"" at the end."""
        self.flush()
        self._go(position)
        parts: list[bytes] = []
        while count > 0:
            part = os.read(self.fd, min(count, _LARGEST_READ))
            if not part:
                break
            if self._offset != _UNKNOWN:
                self._offset += len(part)
            if not parts and (self.sequential or len(part) == count):
                return part
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def write(self, position: int, data: Buffer, length: int, *, now: bool) -> int:
        """Take *length* bytes; with *now* they are in the kernel's hands on return. How many were taken."""
        pending = self.pending
        follows = self.sequential or position == self._pending_at + pending.size
        if pending.size and (now or not follows or pending.size + length > BLOCK):
            self.flush()
        if now or length >= BLOCK:
            self._go(position)
            return self._send(memoryview(data), length)
        if not pending.size:
            self._pending_at = position
        return pending.append(data)

    def flush(self) -> None:
        """Send what was collected."""
        pending = self.pending
        while pending.size:
            self._go(self._pending_at)
            sent = os.write(self.fd, pending.head())
            pending.consume(sent)
            self._pending_at += sent
            self._advance(sent)

    def truncate(self, size: int) -> None:
        """Cut or extend with zeros to *size*."""
        self.flush()
        os.ftruncate(self.fd, size)

    def close(self) -> None:
        """Send what was collected and let go, even when that fails."""
        if self.fd < 0:
            return
        try:
            self.flush()
        finally:
            self.pending.clear()
            fd, self.fd = self.fd, -1
            if self.owned:
                os.close(fd)

    def _send(self, data: memoryview, length: int) -> int:
        sent = 0
        while sent < length:
            try:
                step = os.write(self.fd, data[sent:])
            except OSError:
                if sent:
                    break  # what did get out counts; the next write meets the error again
                raise
            sent += step
            self._advance(step)
        return sent

    def _go(self, position: int) -> None:
        if not self.sequential and position != self._offset:
            self._offset = os.lseek(self.fd, max(0, position), os.SEEK_SET)

    def _advance(self, count: int) -> None:
        # An appending write ends wherever the file did.
        self._offset = _UNKNOWN if self.appends or self._offset == _UNKNOWN else self._offset + count
