"""What a device is under its public calls: its mode, its position and one read buffer.

Two kinds of device share this code.

A *pulling* device (files, buffers, programs' own subclasses) is asked for data through ``readData`` whenever
a read wants more than the buffer holds: in blocks of 16 KiB, or exactly what is missing when it is Unbuffered.

A *pushing* device (sockets, replies; ``_q_pushes = True`` in the class body) gets its data from the reactor,
which appends to ``_q_read_buffer``. Reads work on that buffer and nowhere else. A device whose buffer is full
stops filling it and sets ``_q_paused``: reads call ``_q_after_read`` then, which may go on. Writes go to
``_q_write_chunk``. A program's subclass of such a class that overrides ``readData`` pulls again, from the
inherited ``readData``, through a buffer of its own (``_q_buffer`` and ``_q_read_buffer`` are two objects only
then).

The invariants
--------------
* ``_q_position`` is where the caller is. A random-access device itself stands ``_q_buffer.size`` further: that
  is what ``pos()`` says while ``readData`` runs, and why every ``seek`` empties the buffer.
* Everything that leaves the buffer passes `_q_account`. While ``_q_undo`` is a list it is noted there, so that
  ending a transaction on a sequential device, or a peek in text mode, puts it back. A random-access device
  needs only its old position.
* ``_q_plain`` is true when none of this matters: the reads of an open pushing device without text mode and
  transaction test that one flag and go to the buffer.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qnet.core._buffers import ReadBuffer, WriteBuffer
from qnet.core.logging import qWarning
from qnet.core.object import QObject

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["APPEND", "BLOCK", "READ", "TEXT", "TRUNCATE", "UNBUFFERED", "WRITE", "DeviceCore"]

READ, WRITE, APPEND, TRUNCATE, TEXT, UNBUFFERED = 1, 2, 4, 8, 16, 32
BLOCK = 16384


class DeviceCore(QObject):
    """State and primitives of `QIODevice`; the methods without ``_q`` are those that subclasses override."""

    _q_pushes = False
    _q_pulls = True  # whether reads ask readData() ...
    _q_calls_write = True  # ... and writes writeData(): both follow from the class

    # Slots: a look-up of an instance's slot costs a third of one of a class's default, and a socket's way
    # through a message is made of such look-ups.
    __slots__ = (
        "_q_buffer",
        "_q_closing",
        "_q_error_text",
        "_q_in_transaction",
        "_q_mode",
        "_q_paused",
        "_q_plain",
        "_q_position",
        "_q_read_buffer",
        "_q_readable",
        "_q_start",
        "_q_text",
        "_q_undo",
        "_q_writable",
        "_q_write_buffer",
        "_q_writes_chunks",
    )

    def __init__(self, parent: QObject | None = None, **properties: Any) -> None:
        self._q_read_buffer = self._q_buffer = ReadBuffer()
        if self._q_pulls and self._q_pushes:
            self._q_buffer = ReadBuffer()
        self._q_write_buffer: WriteBuffer | None = None
        self._q_mode = 0
        self._q_readable = self._q_writable = self._q_text = False
        self._q_plain = self._q_writes_chunks = False
        self._q_paused = False  # a pushing device stopped reading because its buffer is full
        self._q_closing = False
        self._q_position = 0
        self._q_in_transaction = False
        self._q_start = 0  # position that a transaction on a random-access device returns to
        self._q_undo: list[bytes] | None = None
        self._q_error_text = ""
        super().__init__(parent, **properties)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        origin = next(c for c in cls.__mro__ if "_q_pushes" in vars(c))
        pulls = not cls._q_pushes
        cls._q_pulls = pulls or _overrides(cls, origin, "readData", "readLineData")
        cls._q_calls_write = pulls or _overrides(cls, origin, "writeData")

    # -- for subclasses in qnet

    def _q_after_read(self) -> None:
        """Called after a read, of a pushing device that is paused, and when a transaction is committed."""

    def _q_write_chunk(self, data: Buffer) -> int:
        """Take *data*, which is bytes-like, on a pushing device that is open for writing; how much, or -1."""
        raise NotImplementedError(f"{type(self).__name__} pushes but does not define _q_write_chunk()")

    def _q_detail(self) -> str:
        """What a warning says about the device besides its class and name."""
        return ""

    def _q_warn(self, call: str, problem: str) -> None:
        parts = [type(self).__name__]
        if QObject.objectName(self):
            parts.append(f'"{QObject.objectName(self)}"')
        if self._q_detail():
            parts.append(f'"{self._q_detail()}"')
        qWarning(f"QIODevice::{call} ({', '.join(parts)}): {problem}")

    def _q_set_mode(self, mode: int) -> None:
        self._q_mode = mode
        self._q_readable = bool(mode & READ)
        self._q_writable = bool(mode & WRITE)
        self._q_text = bool(mode & TEXT)
        self._q_update()

    def _q_update(self) -> None:
        self._q_plain = self._q_readable and not (self._q_pulls or self._q_text) and self._q_undo is None
        self._q_writes_chunks = self._q_writable and not self._q_calls_write

    def _q_reset(self) -> None:
        """Forget what was buffered, where the caller was and the transaction, if any."""
        self._q_buffer.clear()
        self._q_read_buffer.clear()
        self._q_position = 0
        self._q_in_transaction = False
        self._q_undo = None
        self._q_update()

    # -- what Python subclasses override

    def isSequential(self) -> bool:
        """Whether data comes as a stream: no size, no position, nothing can be read twice. False here."""
        return False

    def size(self) -> int:
        """Size in bytes; of a sequential device what can be read now. Override it for random access."""
        return self.bytesAvailable() if self.isSequential() else 0

    def bytesAvailable(self) -> int:
        """How many bytes a read would return now.

        An override for a sequential device adds its own to ``super().bytesAvailable()``, which counts what
        is in the buffer.
        """
        return self._q_available()

    def _q_available(self) -> int:
        buffer = self._q_buffer
        if self._q_pushes:
            arrived = self._q_read_buffer
            return buffer.size if arrived is buffer else buffer.size + arrived.size
        return buffer.size if self.isSequential() else max(0, self.size() - self._q_position)

    def seek(self, pos: int, /) -> bool:
        """Go to the byte *pos* of a random-access device; False, with a warning, where that cannot be.

        An override calls this first and then moves the device itself.
        """
        if self.isSequential():
            self._q_warn("seek", "Cannot call seek on a sequential device")
            return False
        if not self._q_mode:
            self._q_warn("seek", "The device is not open")
            return False
        if pos < 0:
            qWarning(f"QIODevice::seek: Invalid pos: {pos}")
            return False
        self._q_buffer.clear()
        self._q_position = pos
        return True

    def readData(self, maxlen: int, /) -> Buffer | int | None:
        """Override to supply data: at most *maxlen* bytes; b"" or None when there are none (now).

        A random-access device reads at ``pos()``.
        """
        if not self._q_pushes:
            raise NotImplementedError(f"{type(self).__name__} does not implement readData()")
        data = self._q_read_buffer.take(maxlen)
        if self._q_paused:
            self._q_after_read()
        return data

    def readLineData(self, maxlen: int, /) -> Buffer | int | None:
        """Override where a line can be read faster: at most *maxlen* bytes, up to and including b"\\n"."""
        buffer = self._q_buffer
        step = 1 if self._q_mode & UNBUFFERED else BLOCK
        while buffer.find_newline() < 0 and buffer.size < maxlen and self._q_fill(step):
            pass
        return buffer.read_line(maxlen)

    def skipData(self, maxSize: int, /) -> int:
        """Override where data of a sequential device can be skipped faster: how much was skipped, or -1."""
        skipped = 0
        while skipped < maxSize and self._q_fill(min(BLOCK, maxSize - skipped)):
            skipped += self._q_buffer.skip(maxSize - skipped)
        return skipped

    def writeData(self, data: bytes, length: int, /) -> int:
        """Override to take *data*, *length* bytes: how many were taken, or -1 for an error.

        A random-access device writes at ``pos()``.
        """
        if not self._q_pushes:
            raise NotImplementedError(f"{type(self).__name__} does not implement writeData()")
        return self._q_write_chunk(data)

    # -- reading: raw bytes, in the direction of the caller

    def _q_fill(self, count: int) -> int:
        """Ask the device for *count* bytes more; how many came."""
        buffer = self._q_buffer
        if self.isSequential():
            chunk = self._q_chunk(self.readData(count))
        else:
            position = self._q_position
            self._q_position = position + buffer.size
            try:
                chunk = self._q_chunk(self.readData(count))
            finally:
                self._q_position = position
        buffer.append(chunk)
        return len(chunk)

    def _q_chunk(self, data: Buffer | int | None) -> bytes:
        """What an override returned, as bytes. A number is an error code: Qt's own readData returns one."""
        if isinstance(data, bytes):
            return data
        if data is None or isinstance(data, int):
            return b""
        try:
            return memoryview(data).tobytes()
        except TypeError:
            raise TypeError(
                f"readData() of {type(self).__name__} returned {type(data).__name__}, not bytes or None"
            ) from None

    def _q_account(self, data: bytes) -> bytes:
        if data:
            if self._q_undo is not None:
                self._q_undo.append(data)
            elif self._q_paused and not self._q_pulls:
                self._q_after_read()
            if self._q_pulls and not self.isSequential():
                self._q_position += len(data)
        return data

    def _q_take(self, count: int) -> bytes:
        """Up to *count* raw bytes, asking the device at most once."""
        buffer = self._q_buffer
        missing = count - buffer.size
        if missing > 0 and self._q_pulls:
            self._q_fill(missing if missing >= BLOCK or self._q_mode & UNBUFFERED else BLOCK)
        return self._q_account(buffer.take(count))

    def _q_take_all(self) -> bytes:
        buffer = self._q_buffer
        if self._q_pulls:
            size = 0 if self.isSequential() else self.size()
            if size > 0:
                missing = size - self._q_position - buffer.size
                if missing > 0:
                    self._q_fill(missing)
            else:  # a stream, or a file of the kernel that does not know its size
                while self._q_fill(BLOCK):
                    pass
        return self._q_account(buffer.take_all())

    def _q_take_line(self, limit: int) -> bytes:
        """A raw line with its end, of at most *limit* bytes if that is not negative."""
        line = self._q_account(self._q_buffer.read_line(limit))
        if not self._q_pulls or line.endswith(b"\n"):
            return line
        parts = [line]
        missing = limit - len(line)
        while missing and not line.endswith(b"\n"):
            # The buffer is empty here, so the device stands where the caller is.
            line = self._q_account(self._q_chunk(self.readLineData(BLOCK if limit < 0 else missing)))
            if not line:
                break
            parts.append(line)
            missing -= len(line)
        return b"".join(parts)

    # -- reading: in text mode every b"\r" is dropped

    def _q_read(self, count: int) -> bytes:
        return self._q_attempt(self._q_take_text, count) if self._q_text else self._q_take(count)

    def _q_read_all(self) -> bytes:
        data = self._q_take_all()
        return data.replace(b"\r", b"") if self._q_text else data

    def _q_read_line(self, limit: int) -> bytes:
        if self._q_text:
            return self._q_attempt(self._q_take_text_line, limit)
        return self._q_attempt(self._q_take_line, limit) if self._q_pulls else self._q_take_line(limit)

    def _q_take_text(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count > 0:
            raw = self._q_take(count)
            if not raw:
                break
            text = raw.replace(b"\r", b"")
            parts.append(text)
            count -= len(text)
        return b"".join(parts)

    def _q_take_text_line(self, limit: int) -> bytes:
        parts: list[bytes] = []
        missing = limit
        while missing:
            raw = self._q_take_line(missing)
            text = raw.replace(b"\r", b"")
            parts.append(text)
            if not raw or text.endswith(b"\n"):
                break
            missing = missing - len(text) if limit > 0 else missing
        return b"".join(parts)

    def _q_attempt(self, read: Callable[[int], bytes], size: int, *, keep: bool = True) -> bytes:
        """Call *read*, which takes in several steps; if one of them raises, or without *keep*, all goes back."""
        undo, position = self._q_undo, self._q_position
        taken: list[bytes] = []
        self._q_undo = taken
        kept = False
        try:
            data = read(size)
            kept = keep
        finally:
            self._q_undo = undo
            if not kept:
                self._q_buffer.unread(b"".join(taken))
                self._q_position = position
            elif undo is not None:
                undo.extend(taken)
        if kept and undo is None and self._q_paused:
            self._q_after_read()
        return data

    def _q_peek(self, count: int) -> bytes:
        buffer = self._q_buffer
        held = buffer.size
        if self._q_text:
            data = self._q_attempt(self._q_take_text, count, keep=False)
        else:
            if self._q_pulls:
                exact = self._q_mode & UNBUFFERED
                while (missing := count - buffer.size) > 0 and self._q_fill(missing if exact else BLOCK):
                    pass
            data = buffer.peek(count)
        if not held and buffer.size and self._q_mode & UNBUFFERED and not self.isSequential():
            self.seek(self._q_position)  # the next read shall see what is in the device then
        return data

    def _q_skip(self, count: int) -> int:
        skipped = 0
        if self._q_text or self._q_undo is not None:
            while skipped < count and (data := self._q_read(min(BLOCK, count - skipped))):
                skipped += len(data)
            return skipped
        skipped = self._q_buffer.skip(count)
        if not self._q_pulls:
            if self._q_paused:
                self._q_after_read()
            return skipped
        if self.isSequential():
            if skipped < count:
                more = self.skipData(count - skipped)
                skipped = more if more < 0 and not skipped else skipped + max(0, more)
            return skipped
        self._q_position += skipped
        step = min(count - skipped, max(0, self.size() - self._q_position))
        if step and self.seek(self._q_position + step):
            skipped += step
        while skipped < count and (data := self._q_take(min(BLOCK, count - skipped))):
            skipped += len(data)
        return skipped

    # -- writing

    def _q_write(self, data: Buffer) -> int:
        if not self._q_writable:
            self._q_warn("write", "ReadOnly device" if self._q_mode else "device not open")
            return -1
        if not self._q_calls_write:
            return self._q_write_chunk(data)
        chunk = data if isinstance(data, bytes) else memoryview(data).tobytes()
        sequential = self.isSequential()
        if not sequential and self._q_buffer.size and not self.seek(self._q_position):
            return -1
        written: object = self.writeData(chunk, len(chunk))
        if not isinstance(written, int):
            warnings.warn(
                f"writeData() of {type(self).__name__} returned {type(written).__name__}, not an int",
                RuntimeWarning,
                stacklevel=3,
            )
            return 0
        if written > 0 and not sequential:
            self._q_position += written
        return written


def _overrides(cls: type, base: type, *names: str) -> bool:
    return any(getattr(cls, name) is not getattr(base, name) for name in names)
