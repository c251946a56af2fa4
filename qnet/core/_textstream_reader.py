"""The reading half of QTextStream: decodes a device in chunks and remembers which byte each character came from."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from qnet.core._textstream_codec import BYTE_ORDER_MARKS, Decoder, detect
from qnet.core.iodevice import QIODevice

__all__ = ["TextReader", "is_space"]

_CHUNK = 1 << 14
_MARK_PREFIXES = {mark[:n] for mark in BYTE_ORDER_MARKS.values() for n in range(1, len(mark))}


def is_space(char: str) -> bool:
    """Whether it is white space to Qt: what it is to Python, but for four control characters."""
    return char.isspace() and not "\x1c" <= char <= "\x1f"


class _Chunk(NamedTuple):
    """A piece of the device whose text is not consumed yet."""

    position: int
    data: bytes
    length: int
    decoder: Decoder
    """The decoder as it was before this chunk."""


class TextReader:
    """Text from *device*. What is decoded and not yet taken is ``text[at:]``.

    Chunks double while one call still wants more, so that a long line costs linear time; nothing is searched twice.
    """

    def __init__(self, device: QIODevice, codec: str, detect_unicode: bool) -> None:
        self._device = device
        self._text = ""
        self._at = 0
        self._chunks: deque[_Chunk] = deque()
        self._chunk_start = 0
        self._held = b""
        self._text_start = 0
        self.detect_unicode = detect_unicode
        """Whether a byte order mark in the first data overrules the codec: False once it was looked for."""
        self._decoder = Decoder(codec)
        self.codec = codec

    # Settings

    def set_codec(self, codec: str) -> None:
        """Decode with *codec* from here on (on a sequential device: from what was not read from it yet)."""
        if not self._device.isSequential():
            begun = self._decoder.pending() if self.exhausted() else 0
            self.restart(max(self.position() - begun, self._text_start))
        self._decoder = Decoder(codec)
        self.codec = codec

    def rewind(self) -> None:
        """Give what is buffered back to a random-access device: its position becomes the logical one."""
        if not self.exhausted() and not self._device.isSequential():
            self.restart(self.position())

    def restart(self, position: int) -> bool:
        """Drop what is buffered and go on at *position*; False if the device cannot."""
        if not self._device.seek(position):
            return False
        self._text, self._at, self._held = "", 0, b""
        self._chunks.clear()
        self._chunk_start = self._text_start = 0
        self._decoder = Decoder(self.codec)
        return True

    # Reading

    def exhausted(self) -> bool:
        """Whether nothing is buffered."""
        return self._at == len(self._text)

    def take(self, length: int) -> str:
        """Up to *length* characters."""
        while (missing := length - (len(self._text) - self._at)) > 0:
            if not self._fill(missing):
                break
        return self._consume(min(self._at + length, len(self._text)))

    def take_all(self) -> str:
        """All there is."""
        while self._fill(0):
            pass
        return self._consume(len(self._text))

    def take_line(self, limit: int) -> str | None:
        """A line without its end, or *limit* characters of it (0: no limit); None at the end."""
        scanned = 0
        while True:
            start = self._at
            end = start + limit if limit else len(self._text)
            newline = self._text.find("\n", start + scanned, end)
            if newline >= 0:
                line = self._consume(newline + 1)[:-1]
                break
            available = len(self._text) - start
            if (limit and available >= limit) or not self._fill(max(limit - available, 0)):
                if not available:
                    return None
                line = self._consume(min(start + limit, len(self._text)) if limit else len(self._text))
                break
            scanned = available
        return line[:-1] if line.endswith("\r") else line

    def skip_space(self) -> None:
        """Drop white space."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and is_space(text[at]):
                at += 1
            more = at == len(text)
            self._consume(at)
            if not more or not self._fill(0):
                return

    def take_word(self) -> str:
        """What is left up to the next white space, which stays."""
        scanned = 0
        while True:
            text = self._text
            for at in range(self._at + scanned, len(text)):
                if is_space(text[at]):
                    return self._consume(at)
            scanned = len(text) - self._at
            if not self._fill(0):
                return self._consume(len(self._text))

    def _consume(self, end: int) -> str:
        taken = self._text[self._at : end]
        self._at = end
        chunks = self._chunks
        while chunks and self._chunk_start + chunks[0].length <= end:
            self._chunk_start += chunks.popleft().length
        if end == len(self._text):
            self._text, self._at, self._chunk_start = "", 0, 0
        return taken

    def _fill(self, wanted: int) -> bool:
        """Decode one more chunk, of about *wanted* bytes if that is much; False if there is nothing."""
        device = self._device
        size = max(_CHUNK, wanted, len(self._text) - self._at)
        text = ""
        while not text:
            random_access = not device.isSequential()
            position = device.pos() - len(self._held) if random_access else 0
            data = bytes(QIODevice.read(device, size))
            if not data:
                return False
            data, self._held = self._held + data, b""
            if self.detect_unicode and not self._choose(data, position, random_access):
                continue
            before = self._decoder.copy() if random_access else self._decoder
            text = self._decoder.decode(data)
            if self._at:
                self._text = self._text[self._at :]
                self._chunk_start -= self._at
                self._at = 0
            self._text += text
            if random_access:
                self._chunks.append(_Chunk(position, data, len(text), before))
        return True

    def _choose(self, data: bytes, position: int, complete: bool) -> bool:
        """Look for a byte order mark; False if *data* may be the beginning of one and is not *complete*."""
        if data in _MARK_PREFIXES and not complete:
            self._held = data
            return False
        self.detect_unicode = False
        found = detect(data)
        if found is not None:
            self.codec = found
            self._decoder = Decoder(found)
            self._text_start = position + len(BYTE_ORDER_MARKS[found])
        return True

    # Position

    def position(self) -> int:
        """Where on the device the next character begins."""
        if not self._chunks or self._at == len(self._text):
            return self._device.pos()
        position, data, _length, decoder = self._chunks[0]
        wanted = self._at - self._chunk_start
        # The shortest beginning of the chunk that gives as many characters as were taken from it.
        low, high = 0, len(data)
        while low < high:
            middle = (low + high) // 2
            if len(decoder.copy().decode(data[:middle])) < wanted:
                low = middle + 1
            else:
                high = middle
        # Its last byte may have shown that those before were invalid: then it gave several characters at once,
        # and each of the surplus ones came from one unit.
        decoder = decoder.copy()
        surplus = len(decoder.decode(data[:low])) - wanted
        return position + low - decoder.pending() - surplus * decoder.unit
