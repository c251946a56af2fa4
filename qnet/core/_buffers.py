"""The two byte queues under every device: what arrived and was not read, what was written and was not sent.

Both are queues of chunks and never one growing ``bytearray``: a socket's chunk comes out of ``recv`` as an
immutable object and mostly leaves ``readAll()`` as the same object, and what a program writes is handed to
``send`` without a copy. A bytearray would copy every byte on the way in, and again on the way out, and would
move the rest at each partial read.

Invariants
    * No chunk is empty; ``size`` is the number of bytes that are left.
    * ReadBuffer: the first ``_offset`` bytes of the first chunk are gone already (0 when there is no chunk).
      Small reads from a large chunk therefore never move the rest of it.
    * ReadBuffer: the first ``_scanned`` bytes hold no newline. The next search continues in the chunk number
      ``_scan_index``, which begins ``_scan_base`` bytes after the front (0 for the first chunk).
    * WriteBuffer: a partly sent chunk is replaced by a memoryview of its rest, so that nothing is moved.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Buffer

__all__ = ["ReadBuffer", "WriteBuffer"]


class ReadBuffer:
    """Bytes that arrived, in order, until somebody takes them. ``size`` is read-only for everybody else."""

    __slots__ = ("_chunks", "_offset", "_scan_base", "_scan_index", "_scanned", "size")

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._offset = 0
        self._scanned = 0
        self._scan_index = 0
        self._scan_base = 0
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<ReadBuffer, {self.size} bytes in {len(self._chunks)} chunks>"

    def append(self, chunk: bytes) -> None:
        """Add *chunk*, an immutable bytes object that is kept as it is. An empty one changes nothing."""
        if chunk:
            self._chunks.append(chunk)
            self.size += len(chunk)

    def take_all(self) -> bytes:
        """Remove and return everything: a single untouched chunk comes back as the very same object."""
        chunks = self._chunks
        if len(chunks) == 1 and not self._offset:
            data = chunks.pop()
        else:
            data = self.peek(self.size)
            chunks.clear()
            self._offset = 0
        self.size = 0
        if self._scanned:
            self._scanned = self._scan_index = self._scan_base = 0
        return data

    def take(self, count: int) -> bytes:
        """Remove and return the first *count* bytes, or all when there are fewer; b"" for 0 or less."""
        if count >= self.size:
            return self.take_all()
        if count <= 0:
            return b""
        data = self.peek(count)
        self._drop(count)
        return data

    def peek(self, count: int) -> bytes:
        """The first *count* bytes, or as many as there are, which stay in the buffer."""
        if count <= 0 or not self.size:
            return b""
        chunks = self._chunks
        first = chunks[0]
        offset = self._offset
        end = offset + count
        if end <= len(first) or len(chunks) == 1:
            return first[offset:end]
        parts = [first[offset:]]
        missing = end - len(first)
        for chunk in islice(chunks, 1, None):
            if len(chunk) >= missing:
                parts.append(chunk[:missing])
                break
            parts.append(chunk)
            missing -= len(chunk)
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Remove the first *count* bytes, or as many as there are; return how many those were."""
        count = max(0, min(count, self.size))
        if count:
            self._drop(count)
        return count

    def find_newline(self) -> int:
        """Position of the first b"\\n", or -1. What was searched once is not searched again."""
        if not self.size:
            return -1
        chunks = self._chunks
        index = self._scan_index
        base = self._scan_base
        scanned = self._scanned
        while index < len(chunks):
            chunk = chunks[index]
            offset = 0 if index else self._offset
            found = chunk.find(b"\n", scanned - base + offset)
            if found >= 0:
                scanned = base + found - offset
                break
            base += len(chunk) - offset
            scanned = base
            index += 1
        self._scan_index, self._scan_base, self._scanned = index, base, scanned
        return scanned if index < len(chunks) else -1

    def read_line(self, limit: int = -1) -> bytes:
        """Remove and return one line with its b"\\n", or everything when none has arrived.

        :param limit: the most bytes to take when it is not negative; the rest of a longer line stays.
        """
        newline = self.find_newline()
        count = newline + 1 if newline >= 0 else self.size
        return self.take(count if limit < 0 else min(count, limit))

    def unread(self, data: bytes) -> None:
        """Put *data* back at the front, to be read next."""
        if not data:
            return
        size = len(data)
        offset = self._offset
        chunks = self._chunks
        rewinds = offset >= size and chunks[0].startswith(data, offset - size)
        if rewinds:
            self._offset -= size
        else:
            if offset:
                chunks[0] = chunks[0][offset:]
                self._offset = 0
            chunks.appendleft(data)
        self.size += size
        if not self._scanned or b"\n" in data:
            self._scanned = self._scan_index = self._scan_base = 0
            return
        self._scanned += size
        if not rewinds:
            self._scan_index += 1
        if self._scan_index:
            self._scan_base += size

    def clear(self) -> None:
        """Forget everything."""
        self._chunks.clear()
        self._offset = self._scanned = self._scan_index = self._scan_base = self.size = 0

    def _drop(self, count: int) -> None:
        """Remove *count* bytes, of which there are at least as many (0 < count <= size)."""
        chunks = self._chunks
        end = self._offset + count
        dropped = 0
        while chunks and end >= len(chunks[0]):
            end -= len(chunks.popleft())
            dropped += 1
        self._offset = end
        self.size -= count
        if self._scanned:
            self._scanned = max(0, self._scanned - count)
            self._scan_index = max(0, self._scan_index - dropped)
            self._scan_base = max(0, self._scan_base - count)


class WriteBuffer:
    """Bytes that were written, in order, until they are sent. ``size`` is read-only for everybody else."""

    __slots__ = ("_chunks", "size")

    def __init__(self) -> None:
        self._chunks: deque[bytes | memoryview] = deque()
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<WriteBuffer, {self.size} bytes in {len(self._chunks)} chunks>"

    def append(self, data: Buffer) -> int:
        """Add *data* and return its length in bytes.

        Immutable bytes, and a contiguous memoryview of such, are kept without a copy; what its owner could
        still change (a bytearray, a view of a map) is copied. TypeError for what is not bytes-like.
        """
        chunk = data if isinstance(data, bytes) else _frozen(data)
        length = len(chunk)
        if length:
            self._chunks.append(chunk)
            self.size += length
        return length

    def head(self) -> bytes | memoryview:
        """The first chunk, to be given to ``send``; b"" when there is nothing to send."""
        return self._chunks[0] if self._chunks else b""

    def heads(self, count: int) -> Sequence[bytes | memoryview]:
        """The first *count* chunks, or as many as there are, to be given to ``sendmsg``."""
        return list(islice(self._chunks, count))

    def consume(self, count: int) -> None:
        """Remove *count* sent bytes at the front; ValueError, and no change, when there are fewer."""
        if not 0 <= count <= self.size:
            raise ValueError(f"cannot remove {count} of {self.size} bytes")
        chunks = self._chunks
        self.size -= count
        while count:
            head = chunks[0]
            length = len(head)
            if count < length:
                chunks[0] = memoryview(head)[count:]
                return
            chunks.popleft()
            count -= length

    def clear(self) -> None:
        """Forget everything."""
        self._chunks.clear()
        self.size = 0


def _frozen(data: Buffer) -> bytes | memoryview:
    view = memoryview(data)
    if isinstance(view.obj, bytes) and view.c_contiguous:
        return view if view.format == "B" and view.ndim == 1 else view.cast("B")
    return view.tobytes()
