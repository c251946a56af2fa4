"""Incremental decoding and encoding as Qt's converters do it: what QTextStream and QStringDecoder run on.

Python's incremental codecs do the work. Qt differs in three points, which are here: invalid UTF-8 gives one
replacement character for every byte, UTF-16 and UTF-32 without a byte order mark are in the machine's byte order,
and a byte order mark at the start is dropped whatever the encoding.
"""

from __future__ import annotations

import codecs
import sys
import threading

__all__ = ["BYTE_ORDER_MARKS", "Decoder", "Encoder", "detect"]

_NATIVE = "le" if sys.byteorder == "little" else "be"

BYTE_ORDER_MARKS = {
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-8": codecs.BOM_UTF8,
}
"""In the order in which to look for them: the first of UTF-32 begins with the first of UTF-16."""

_BYTES_PER_UNIT = {"utf-16": 2, "utf-32": 4}
_invalid = threading.local()


def _count_invalid(error: UnicodeError, replacement: str) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    count = error.end - error.start if error.encoding == "utf-8" else 1
    _invalid.count = getattr(_invalid, "count", 0) + count
    return replacement * count, error.end


def _replace_unencodable(error: UnicodeError) -> tuple[bytes | str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    _invalid.count = getattr(_invalid, "count", 0) + 1
    bad = error.object[error.start : error.end]
    if error.encoding.startswith("utf"):
        return ("\ufffd" * len(bad)).encode(error.encoding), error.end
    # One for each UTF-16 code unit.
    return "".join("??" if char > "\uffff" else "?" for char in bad), error.end


codecs.register_error("qnet-replace", lambda error: _count_invalid(error, "\ufffd"))
codecs.register_error("qnet-null", lambda error: _count_invalid(error, "\0"))
codecs.register_error("qnet-encode", _replace_unencodable)


def detect(data: bytes) -> str | None:
    """The codec whose byte order mark *data* begins with, or None."""
    for codec, mark in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return codec
    return None


class Decoder:
    """Decodes a stream of chunks that may end anywhere: an incomplete character waits for the next chunk.

    *codec* is the name of a Python codec; "utf-16" and "utf-32" mean "as the byte order mark says". ``invalid``
    counts what had to be replaced, by U+FFFD or, if *null*, U+0000. *keep_mark* leaves a byte order mark
    (other than one that chose the byte order) in the text.
    """

    def __init__(self, codec: str, *, null: bool = False, keep_mark: bool = False) -> None:
        self.codec = codec
        self.invalid = 0
        self.unit = _BYTES_PER_UNIT.get(codec[:6], 1)
        """The fewest bytes that can be a character."""
        self._errors = "qnet-null" if null else "qnet-replace"
        self._at_start = not keep_mark
        self._undecided = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        if codec not in _BYTES_PER_UNIT:
            self._decoder = codecs.getincrementaldecoder(codec)(self._errors)

    def copy(self) -> Decoder:
        """A decoder that goes on from here independently."""
        other = Decoder(self.codec)
        other.invalid = self.invalid
        other._errors = self._errors
        other._at_start = self._at_start
        other._undecided = self._undecided
        if self._decoder is not None:
            other._decoder = codecs.getincrementaldecoder(other.codec)(self._errors)
            other._decoder.setstate(self._decoder.getstate())
        return other

    def pending(self) -> int:
        """How many bytes wait for the rest of their character."""
        return len(self._undecided) if self._decoder is None else len(self._decoder.getstate()[0])

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text that *data* completes. At the *final* chunk what is incomplete is invalid."""
        if self._decoder is None:
            data = self._undecided + data
            if len(data) < _BYTES_PER_UNIT[self.codec] and not final:
                self._undecided = data
                return ""
            self._decide(data)
            self._undecided = b""
        assert self._decoder is not None
        _invalid.count = 0
        text = self._decoder.decode(data, final)
        self.invalid += _invalid.count
        if self._at_start and text:
            self._at_start = False
            if text[0] == "\ufeff":
                return text[1:]
        return text

    def _decide(self, data: bytes) -> None:
        found = detect(data)
        if found is not None and found.startswith(self.codec):
            self.codec, self._at_start = found, True
        else:
            self.codec = f"{self.codec}-{_NATIVE}"
        self._decoder = codecs.getincrementaldecoder(self.codec)(self._errors)


class Encoder:
    """Encodes a stream of strings; what the encoding lacks becomes "?" (or U+FFFD in the Unicode ones).

    With *mark* the first bytes are a byte order mark, if the encoding has one.
    """

    def __init__(self, codec: str, *, mark: bool = False) -> None:
        if codec in _BYTES_PER_UNIT:
            codec = f"{codec}-{_NATIVE}"
        self.codec = codec
        self.invalid = 0
        self._mark = BYTE_ORDER_MARKS.get(codec, b"") if mark else b""
        self._encoder = codecs.getincrementalencoder(codec)("qnet-encode")

    def encode(self, text: str) -> bytes:
        """The bytes of *text*."""
        _invalid.count = 0
        data = self._encoder.encode(text)
        self.invalid += _invalid.count
        if self._mark and text:
            data, self._mark = self._mark + data, b""
        return data
