"""QStringConverter and its kin: text from and to bytes, in pieces that may end inside a character.

https://doc.qt.io/qt-6/qstringconverter.html. PySide6 has these classes without the calls that convert: `QStringDecoder`
and `QStringEncoder` have them here, spelled as in C++.
"""

from __future__ import annotations

import codecs
import re

from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core._textstream_codec import Decoder, Encoder, detect

__all__ = ["QStringConverter", "QStringConverterBase", "QStringDecoder", "QStringEncoder"]

BytesLike = bytes | bytearray | memoryview

_META_CHARSET = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)
_HTML_HEAD = 1024
"""How much of a page is searched for its charset, as HTML prescribes."""


@flat_enums
class QStringConverterBase:
    """Holds the flags and the state of converters."""

    class Flag(QtFlag):
        """How to convert."""

        Default = 0
        Stateless = 1
        ConvertInvalidToNull = 2
        WriteBom = 4
        ConvertInitialBom = 8
        UsesIcu = 16

    Flags = Flag

    class State:
        """Where a converter stands: its ``flags``, ``invalidChars`` so far, ``remainingChars`` of an open character."""

        __slots__ = ("flags", "internalState", "invalidChars", "remainingChars")

        def __init__(self, f: QStringConverterBase.Flag | None = None, /) -> None:
            self.flags = QStringConverterBase.Flag.Default if f is None else f
            self.internalState = 0
            self.invalidChars = 0
            self.remainingChars = 0

        def clear(self) -> None:
            """Forget everything but the flags."""
            self.internalState = self.invalidChars = self.remainingChars = 0

        def reset(self) -> None:
            """The same as `clear`."""
            self.clear()


@flat_enums
class QStringConverter(QStringConverterBase):
    """What `QStringDecoder` and `QStringEncoder` have in common, and questions about encodings.

    Made with an `Encoding` or with a name: Qt's, or that of any text encoding of Python's. With an unknown name, or
    with nothing, it is not valid and converts nothing.
    """

    class Encoding(QtEnum):
        """The encodings that are always there. System is UTF-8; Utf16 and Utf32 go by the byte order mark."""

        Utf8 = 0
        Utf16 = 1
        Utf16LE = 2
        Utf16BE = 3
        Utf32 = 4
        Utf32LE = 5
        Utf32BE = 6
        Latin1 = 7
        System = 8
        LastEncoding = 8

    def __init__(
        self,
        encoding: QStringConverter.Encoding | str | None = None,
        flags: QStringConverterBase.Flag = QStringConverterBase.Flag.Default,
        /,
    ) -> None:
        super().__init__()
        self._flags = flags
        self._codec: str | None = None
        self._name: str | None = None
        if isinstance(encoding, str):
            known = QStringConverter.encodingForName(encoding)
            if known is None:
                self._codec = self._name = _python_codec(encoding)
            else:
                encoding = known
        if isinstance(encoding, QStringConverter.Encoding):
            self._codec = codec_of(encoding)
            self._name = QStringConverter.nameForEncoding(encoding)
        elif encoding is not None and not isinstance(encoding, str):
            raise TypeError(f"an Encoding or its name was expected, not {type(encoding).__name__}")

    def isValid(self) -> bool:
        """Whether the encoding is known."""
        return self._codec is not None

    def name(self) -> str | None:
        """The encoding's name, None if it is not valid."""
        return self._name

    def hasError(self) -> bool:
        """Whether anything had to be replaced since the start or `resetState`."""
        return self.state.invalidChars > 0

    def resetState(self) -> None:
        """Begin anew, as with the first piece of a new text."""

    @property
    def state(self) -> QStringConverterBase.State:
        """A snapshot of the state."""
        return QStringConverterBase.State(self._flags)

    @staticmethod
    def availableCodecs() -> list[str]:
        """The names of the encodings that are always there; Python's others are known by their names too."""
        return list(_NAMES.values())

    @staticmethod
    def nameForEncoding(e: QStringConverter.Encoding, /) -> str:
        """The name of *e*, as "UTF-16LE"."""
        return _NAMES[QStringConverter.Encoding(e)]

    @staticmethod
    def encodingForName(name: str, /) -> QStringConverter.Encoding | None:
        """The Encoding called *name*, whatever its case, hyphens and underscores; None if it is none of these."""
        encoding = _BY_NAME.get(_plain(name))
        if encoding is None:
            codec = _python_codec(name)  # knows the many other names
            encoding = _BY_CODEC.get("latin-1" if codec == "iso8859-1" else codec or "")
        return encoding

    @staticmethod
    def encodingForData(data: BytesLike, expectedFirstCharacter: str = "\0", /) -> QStringConverter.Encoding | None:
        """The Encoding that *data* begins in, by its byte order mark or by its first character, if that is known."""
        head = bytes(data[:4])
        found = detect(head)
        if found is not None:
            return _BY_CODEC[found]
        if expectedFirstCharacter != "\0":
            for codec in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
                if head.startswith(expectedFirstCharacter.encode(codec)):
                    return _BY_CODEC[codec]
        return None

    @staticmethod
    def encodingForHtml(data: BytesLike, /) -> QStringConverter.Encoding | None:
        """The Encoding of an HTML page: its byte order mark, else its meta tag, else UTF-8.

        None if the page names an encoding that is not one of these: see `QStringDecoder.decoderForHtml`.
        """
        return QStringConverter.encodingForName(_html_charset(data))


class QStringDecoder(QStringConverter):
    """Makes text of bytes: call it, or `decode`, with one piece after the other.

    A character that is cut off waits for the next piece (unless Stateless). What is invalid becomes U+FFFD, or U+0000
    with ConvertInvalidToNull, and sets `hasError`. A byte order mark at the start is dropped unless ConvertInitialBom.
    """

    def __init__(
        self,
        encoding: QStringConverter.Encoding | str | None = None,
        flags: QStringConverterBase.Flag = QStringConverterBase.Flag.Default,
        /,
    ) -> None:
        super().__init__(encoding, flags)
        self._decoder: Decoder | None = None
        self._invalid = 0
        self.resetState()

    def resetState(self) -> None:
        """Begin anew: forget an open character and errors."""
        self._invalid = 0
        if self._codec is not None:
            self._decoder = Decoder(
                self._codec,
                null=bool(self._flags & self.Flag.ConvertInvalidToNull),
                keep_mark=bool(self._flags & self.Flag.ConvertInitialBom),
            )

    @property
    def state(self) -> QStringConverterBase.State:
        """A snapshot of the state."""
        state = QStringConverterBase.State(self._flags)
        if self._decoder is not None:
            state.invalidChars = self._invalid + self._decoder.invalid
            state.remainingChars = self._decoder.pending()
        return state

    def decode(self, data: BytesLike, /) -> str:
        """The text that *data* completes; "" if the converter is not valid."""
        if self._decoder is None:
            return ""
        if not self._flags & self.Flag.Stateless:
            return self._decoder.decode(bytes(data))
        text = self._decoder.decode(bytes(data), True)
        invalid = self._invalid + self._decoder.invalid
        self.resetState()
        self._invalid = invalid
        return text

    __call__ = decode

    def appendToBuffer(self, out: str, data: BytesLike, /) -> str:
        """*out* with the text that *data* completes at its end."""
        return out + self.decode(data)

    def requiredSpace(self, inputLength: int, /) -> int:
        """At most how many UTF-16 code units *inputLength* bytes can become."""
        wide = self._codec is not None and self._codec.startswith(("utf-16", "utf-32"))
        return (inputLength + 1) // 2 + 2 if wide else inputLength + 1

    @staticmethod
    def decoderForHtml(data: BytesLike, /) -> QStringDecoder:
        """A decoder for the encoding that an HTML page claims to have (see `encodingForHtml`)."""
        return QStringDecoder(_html_charset(data))


class QStringEncoder(QStringConverter):
    """Makes bytes of text: call it, or `encode`, with one piece after the other.

    What the encoding does not have becomes "?" and sets `hasError`. With WriteBom the first bytes are a byte order
    mark.
    """

    def __init__(
        self,
        encoding: QStringConverter.Encoding | str | None = None,
        flags: QStringConverterBase.Flag = QStringConverterBase.Flag.Default,
        /,
    ) -> None:
        super().__init__(encoding, flags)
        self._encoder: Encoder | None = None
        self.resetState()

    def resetState(self) -> None:
        """Begin anew: with a byte order mark, if one was asked for."""
        if self._codec is not None:
            self._encoder = Encoder(self._codec, mark=bool(self._flags & self.Flag.WriteBom))

    @property
    def state(self) -> QStringConverterBase.State:
        """A snapshot of the state."""
        state = QStringConverterBase.State(self._flags)
        if self._encoder is not None:
            state.invalidChars = self._encoder.invalid
        return state

    def encode(self, text: str, /) -> bytes:
        """The bytes of *text*; empty if the converter is not valid."""
        return b"" if self._encoder is None else self._encoder.encode(text)

    __call__ = encode

    def requiredSpace(self, inputLength: int, /) -> int:
        """At most how many bytes *inputLength* UTF-16 code units can become."""
        unit = {"utf-8": 3, "utf-16": 2, "utf-32": 4}.get((self._codec or "")[:6].rstrip("-"), 1)
        return (inputLength + 1) * unit


_Encoding = QStringConverter.Encoding

_NAMES = {
    _Encoding.Utf8: "UTF-8",
    _Encoding.Utf16: "UTF-16",
    _Encoding.Utf16LE: "UTF-16LE",
    _Encoding.Utf16BE: "UTF-16BE",
    _Encoding.Utf32: "UTF-32",
    _Encoding.Utf32LE: "UTF-32LE",
    _Encoding.Utf32BE: "UTF-32BE",
    _Encoding.Latin1: "ISO-8859-1",
    _Encoding.System: "Locale",
}

_CODECS = {
    _Encoding.Utf8: "utf-8",
    _Encoding.Utf16: "utf-16",
    _Encoding.Utf16LE: "utf-16-le",
    _Encoding.Utf16BE: "utf-16-be",
    _Encoding.Utf32: "utf-32",
    _Encoding.Utf32LE: "utf-32-le",
    _Encoding.Utf32BE: "utf-32-be",
    _Encoding.Latin1: "latin-1",
    _Encoding.System: "utf-8",
}

_BY_CODEC = {codec: encoding for encoding, codec in _CODECS.items() if encoding is not _Encoding.System}


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


_BY_NAME = {_plain(name): encoding for encoding, name in _NAMES.items()} | {"latin1": _Encoding.Latin1}


def codec_of(encoding: QStringConverter.Encoding) -> str:
    """Python's name of *encoding*."""
    return _CODECS[encoding]


def encoding_of(codec: str) -> QStringConverter.Encoding:
    """The Encoding of a codec that `codec_of` names."""
    return _BY_CODEC[codec]


def _python_codec(name: str) -> str | None:
    """Python's name of the text encoding *name*, None if there is none."""
    try:
        "".encode(name)  # unlike codecs.lookup() refuses codecs that are no text encodings
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return None


def _html_charset(data: BytesLike) -> str:
    head = bytes(data[:_HTML_HEAD])
    found = detect(head)
    if found is not None:
        return found
    match = _META_CHARSET.search(head)
    return match[1].decode("ascii", "replace") if match else "UTF-8"
