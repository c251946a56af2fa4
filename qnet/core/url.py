"""QUrl: a URL in its parts, with Qt's parsing modes and formatting options.

Texts are taken and given as `QUrl <https://doc.qt.io/qt-6/qurl.html>`_ does; parsing is in `_url_parts`, encoding in
`_url_encoding`, hosts in `_url_host`, international names in `_url_ace`.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from qnet.core import _bytes_codec as codec
from qnet.core import _url_ace as ace
from qnet.core import _url_encoding as encoding
from qnet.core import _url_local as local
from qnet.core import _url_parts as layout
from qnet.core import _url_paths as paths
from qnet.core._bytes_methods import to_bytes
from qnet.core._enums import QtEnum, QtFlag, flat_enums
from qnet.core._url_host import show_host
from qnet.core._url_parts import UrlError, UrlParts
from qnet.core.bytearray import QByteArray

if TYPE_CHECKING:
    from qnet.core._bytes_methods import BytesLike
    from qnet.core.urlquery import QUrlQuery

__all__ = ["QUrl"]

# Members of the enums below, as plain numbers: those combine ten times faster.
_ASSUME_LOCAL_FILE = 1
_IGNORE_WHITELIST = 1
_TRANSITIONAL = 2
_FULLY_DECODED = 0x7F00000


@flat_enums
class QUrl:
    """A URL (RFC 3986): ``QUrl()``, ``QUrl(url)`` for a copy, ``QUrl(text, mode)``.

    A text that cannot be parsed gives an invalid URL with an `errorString`, never an exception; a wrong type raises
    TypeError. Wherever a QUrl is expected, its text will do. Every setter takes None to remove the component and
    clears an earlier error. URLs compare, sort and hash by their components: do not change one that is a key.
    """

    class ParsingMode(QtEnum):
        """How a text is read: mending what is wrong, refusing it, or (components only) taking it literally."""

        TolerantMode = 0
        StrictMode = 1
        DecodedMode = 2

    class ComponentFormattingOption(QtFlag):
        """What is percent-encoded in a result."""

        PrettyDecoded = 0x000000
        EncodeSpaces = 0x100000
        EncodeUnicode = 0x200000
        EncodeDelimiters = 0xC00000
        EncodeReserved = 0x1000000
        FullyEncoded = 0x1F00000
        DecodeReserved = 0x2000000
        FullyDecoded = 0x7F00000

    FormattingOptions = ComponentFormattingOption

    class UrlFormattingOption(QtFlag):
        """What is left out of a whole URL, and how its path is tidied; combines with the component options."""

        None_ = 0x0
        RemoveScheme = 0x1
        RemovePassword = 0x2
        RemoveUserInfo = 0x6
        RemovePort = 0x8
        RemoveAuthority = 0x1E
        RemovePath = 0x20
        RemoveQuery = 0x40
        RemoveFragment = 0x80
        PreferLocalFile = 0x200
        StripTrailingSlash = 0x400
        RemoveFilename = 0x800
        NormalizePathSegments = 0x1000

    class UserInputResolutionOption(QtFlag):
        """How `fromUserInput` treats a name that is neither a URL nor an existing file."""

        DefaultResolution = 0
        AssumeLocalFile = 1

    UserInputResolutionOptions = UserInputResolutionOption

    class AceProcessingOption(QtFlag):
        """How `toAce` and `fromAce` convert."""

        IgnoreIDNWhitelist = 0x1
        AceTransitionalProcessing = 0x2

    AceProcessingOptions = AceProcessingOption

    __slots__ = ("__weakref__", "_parts")

    def __init__(self, url: str | QUrl | None = None, mode: int = ParsingMode.TolerantMode) -> None:
        self._parts = UrlParts()
        if isinstance(url, QUrl):
            self._parts = url._parts.copy()
        elif url is not None:
            self.setUrl(url, mode)

    # The whole URL

    def setUrl(self, url: str | None, mode: int = ParsingMode.TolerantMode) -> None:
        """Parse *url*; the decoded mode is refused with a warning, and nothing changes."""
        text = _text(url, "url")
        if _mode(mode) == encoding.DECODED:
            _warn("QUrl: QUrl::DecodedMode is not permitted when parsing a full URL")
        else:
            self._parts = UrlParts.parse(text, mode)

    def isValid(self) -> bool:
        """Whether it is not empty and has no error."""
        return not self._parts.is_empty() and self._parts.problem() is None

    def isEmpty(self) -> bool:
        """Whether it has no component at all."""
        return self._parts.is_empty()

    def errorString(self) -> str:
        """Why the URL is invalid, with the source text and the components found; empty if it is valid."""
        return self._parts.error_string()

    def clear(self) -> None:
        """Become empty."""
        self._parts = UrlParts()

    def swap(self, other: QUrl) -> None:
        """Exchange the contents with *other*."""
        self._parts, other._parts = other._parts, self._parts

    def toString(self, options: int = ComponentFormattingOption.PrettyDecoded) -> str:
        """The URL as text for people; empty if it is invalid. *options* combine both kinds of formatting options.

        Fully decoded it would be ambiguous, so that FullyDecoded counts as PrettyDecoded, with a warning.
        """
        wanted = _options(options)
        if not self.isValid():
            return ""
        if wanted & encoding.FULLY_DECODED_BIT:
            _warn("QUrl: QUrl::FullyDecoded is not permitted when reconstructing the full URL")
            wanted &= ~_FULLY_DECODED
        parts = self._parts
        path = self._tidy_path(wanted)
        if wanted & layout.PREFER_LOCAL_FILE and self.isLocalFile():
            has_query = parts.query is not None and not wanted & layout.REMOVE_QUERY
            has_fragment = parts.fragment is not None and not wanted & layout.REMOVE_FRAGMENT
            if not (has_query or has_fragment or wanted & layout.REMOVE_PATH):
                return local.to_local_file(parts.host or "", encoding.decode_all(path))
        return parts.to_string(wanted, path)

    url = toString

    def toDisplayString(self, options: int = ComponentFormattingOption.PrettyDecoded) -> str:
        """As `toString`, without the password."""
        return self.toString(_options(options) | layout.REMOVE_PASSWORD)

    def toEncoded(self, options: int = ComponentFormattingOption.FullyEncoded) -> QByteArray:
        """The URL as it goes on the wire, in ASCII; empty if it is invalid."""
        wanted = _options(options) & ~(encoding.FULLY_DECODED_BIT | encoding.DECODE_RESERVED)
        return QByteArray(self.toString(wanted | encoding.FULLY_ENCODED))

    def _tidy_path(self, options: int) -> str:
        """The path after the options that change it: segments, then file name, then slashes at the end."""
        path = self._parts.path
        if options & layout.NORMALIZE_PATH_SEGMENTS:
            path = paths.remove_dot_segments(path, self.isLocalFile())
        if options & layout.REMOVE_FILE_NAME:
            path = paths.remove_file_name(path)
        if options & layout.STRIP_TRAILING_SLASH and len(path) > 1:
            path = path.rstrip("/") or "/"
        return path

    def adjusted(self, options: int) -> QUrl:
        """A copy without the parts that *options* remove and with the path tidied as they ask; empty if invalid."""
        result = QUrl()
        if self.isValid():
            result._parts = self._reduced(_options(options))
        return result

    def _reduced(self, wanted: int) -> UrlParts:
        """The components that *wanted* leaves, valid or not."""
        parts = self._parts.copy()
        parts.path = "" if wanted & layout.REMOVE_PATH else self._tidy_path(wanted)
        if wanted & layout.REMOVE_SCHEME:
            parts.scheme = ""
        if wanted & layout.REMOVE_AUTHORITY == layout.REMOVE_AUTHORITY:
            parts.host = "" if parts.shows_empty_authority() else None
        if wanted & layout.REMOVE_USER_INFO == layout.REMOVE_USER_INFO:
            parts.user = None
        if wanted & layout.REMOVE_PASSWORD:
            parts.password = None
        if wanted & layout.REMOVE_PORT:
            parts.port = -1
        if wanted & layout.REMOVE_QUERY:
            parts.query = None
        if wanted & layout.REMOVE_FRAGMENT:
            parts.fragment = None
        return parts

    def matches(self, url: QUrl | str, options: int) -> bool:
        """Whether this URL and *url* are equal after *options* are applied to both, as `adjusted` does."""
        wanted = _options(options)
        mine, yours = self._reduced(wanted).key(), _url(url)._reduced(wanted).key()
        return mine == yours

    # References

    def isRelative(self) -> bool:
        """Whether it has no scheme, and so needs a base."""
        return not self._parts.scheme

    def resolved(self, relative: QUrl | str) -> QUrl:
        """*relative* seen from this URL, as RFC 3986, section 5.2 defines it."""
        reference = _url(relative)
        if reference.isEmpty():
            return QUrl(self)
        result = QUrl(reference)
        target, base = result._parts, self._parts
        if not target.scheme:
            target.scheme = base.scheme
            if not target.has_authority():
                self._resolve_path(target)
        target.path = paths.remove_dot_segments(target.path, target.scheme == "file")
        if target.host is None and target.path[:2] == "//":
            target.path = "/" + target.path.lstrip("/")
        return result

    def _resolve_path(self, target: UrlParts) -> None:
        """Complete *target*, which has neither scheme nor authority of its own."""
        base = self._parts
        target.user, target.password, target.host, target.port = base.user, base.password, base.host, base.port
        target.error = target.error or base.error
        if not target.path:
            target.path = base.path
            if target.query is None:
                target.query = base.query
        elif target.path[0] != "/":
            target.path = paths.merge(base.path, target.path, base.has_authority())

    def isParentOf(self, url: QUrl | str) -> bool:
        """Whether *url* is below this URL's path, in the same or no authority and scheme; equal ones are not."""
        child = _url(url)
        mine, path = self.path(), child.path()
        if self.isEmpty():
            return not child.scheme() and not child.authority() and path[:1] == "/"
        return (
            child.scheme() in ("", self.scheme())
            and child.authority() in ("", self.authority())
            and path.startswith(mine)
            and len(path) > len(mine)
            and (mine[-1:] == "/" or path[len(mine)] == "/")
        )

    # Components

    def scheme(self) -> str:
        """The scheme in lower case; empty if there is none."""
        return self._parts.scheme

    def setScheme(self, scheme: str | None) -> None:
        """Set the scheme, a letter followed by letters, digits, ``+``, ``-`` and ``.``; empty removes it."""
        self._changing().set_scheme(_text(scheme, "scheme"))

    def authority(self, options: int = ComponentFormattingOption.PrettyDecoded) -> str:
        """User information, host and port; FullyDecoded would be ambiguous and gives the empty string."""
        wanted = _options(options)
        if wanted & encoding.FULLY_DECODED_BIT:
            _warn("QUrl::authority(): QUrl::FullyDecoded is not permitted in this function")
            return ""
        return self._parts.authority(wanted) if self._parts.has_authority() else ""

    def setAuthority(self, authority: str | None, mode: int = ParsingMode.TolerantMode) -> None:
        """Replace user information, host and port; the decoded mode is refused with a warning."""
        if _mode(mode) == encoding.DECODED:
            _warn("QUrl::setAuthority(): QUrl::DecodedMode is not permitted in this function")
            return
        parts, text = self._changing(), _text(authority, "authority")
        if authority is None:
            parts.clear_authority()
        else:
            parts.set_authority(text, mode, text)

    def userInfo(self, options: int = ComponentFormattingOption.PrettyDecoded) -> str:
        """``user`` or ``user:password``; FullyDecoded would be ambiguous and gives the empty string."""
        wanted = _options(options)
        if wanted & encoding.FULLY_DECODED_BIT:
            _warn("QUrl::userInfo(): QUrl::FullyDecoded is not permitted in this function")
            return ""
        return self._parts.user_info(wanted, "userinfo")

    def setUserInfo(self, userInfo: str | None, mode: int = ParsingMode.TolerantMode) -> None:
        """Replace user name and password; the decoded mode is refused with a warning."""
        if _mode(mode) == encoding.DECODED:
            _warn("QUrl::setUserInfo(): QUrl::DecodedMode is not permitted in this function")
            return
        parts, text = self._changing(), _text(userInfo, "userInfo")
        if userInfo is None:
            parts.user = parts.password = None
        else:
            parts.set_user_info(text, mode, text)

    def userName(self, options: int = ComponentFormattingOption.FullyDecoded) -> str:
        """The user name; empty if there is none."""
        return encoding.show(self._parts.user or "", encoding.USER_NAME, _options(options))

    def setUserName(self, userName: str | None, mode: int = ParsingMode.DecodedMode) -> None:
        """Set the user name; None removes it, the empty string keeps an empty one."""
        self._parts.user = self._accepted(userName, "userName", encoding.USER_NAME, mode)

    def password(self, options: int = ComponentFormattingOption.FullyDecoded) -> str:
        """The password; empty if there is none."""
        return encoding.show(self._parts.password or "", encoding.PASSWORD, _options(options))

    def setPassword(self, password: str | None, mode: int = ParsingMode.DecodedMode) -> None:
        """Set the password; None removes it, the empty string keeps an empty one."""
        self._parts.password = self._accepted(password, "password", encoding.PASSWORD, mode)

    def host(self, options: int = ComponentFormattingOption.FullyDecoded) -> str:
        """The host in lower case, IPv6 addresses without brackets; EncodeUnicode gives the ACE form of names."""
        shown = show_host(self._parts.host or "", _options(options))
        return shown[1:-1] if shown[:1] == "[" else shown

    def setHost(self, host: str | None, mode: int = ParsingMode.DecodedMode) -> None:
        """Set the host, an IPv6 address with or without brackets; None removes it, an invalid one too."""
        text, kind = _text(host, "host"), _mode(mode)
        parts = self._changing()
        parts.host = None
        if host is None:
            return
        literal = f"[{text}]" if ":" in text and text[0] != "[" else text
        if kind == encoding.DECODED:
            literal = literal.replace("%", "%25")
        parts.set_host(literal, kind, text)
        if parts.error is not None:
            parts.host = None

    def port(self, defaultPort: int = -1) -> int:
        """The port, or *defaultPort* if the URL has none."""
        port = self._parts.port
        return defaultPort if port < 0 else port

    def setPort(self, port: int) -> None:
        """Set the port, 0 to 65535; -1 removes it."""
        number = operator.index(port)
        parts = self._changing()
        parts.port = number if 0 <= number <= 0xFFFF else -1
        if parts.port >= 0:
            parts.host = parts.host or ""
        elif number != -1:
            parts.error = UrlError("Invalid port or port number out of range", str(number))

    def path(self, options: int = ComponentFormattingOption.FullyDecoded) -> str:
        """The path, tidied as the URL formatting options in *options* ask."""
        wanted = _options(options)
        return encoding.show(self._tidy_path(wanted), encoding.PATH, wanted)

    def setPath(self, path: str | None, mode: int = ParsingMode.DecodedMode) -> None:
        """Set the path; with an authority it must be empty or begin with ``/``."""
        self._parts.path = self._accepted(path, "path", encoding.PATH, mode) or ""

    def fileName(self, options: int = ComponentFormattingOption.FullyDecoded) -> str:
        """What follows the last slash of the path."""
        return self.path(options).rpartition("/")[2]

    def hasQuery(self) -> bool:
        """Whether there is a query, even an empty one."""
        return self._parts.query is not None

    def query(self, options: int = ComponentFormattingOption.PrettyDecoded) -> str:
        """What follows ``?``; empty if there is none. See QUrlQuery for its items."""
        return encoding.show(self._parts.query or "", encoding.QUERY, _options(options))

    def setQuery(self, query: str | QUrlQuery | None, mode: int = ParsingMode.TolerantMode) -> None:
        """Set the query from text or a QUrlQuery; None and an empty QUrlQuery remove it, "" keeps an empty one."""
        if query is not None and not isinstance(query, str):
            from qnet.core.urlquery import QUrlQuery

            if not isinstance(query, QUrlQuery):
                raise TypeError(f"query must be str, QUrlQuery or None, not {type(query).__name__}")
            query = None if query.isEmpty() else query.query()
        self._parts.query = self._accepted(query, "query", encoding.QUERY, mode)

    def hasFragment(self) -> bool:
        """Whether there is a fragment, even an empty one."""
        return self._parts.fragment is not None

    def fragment(self, options: int = ComponentFormattingOption.PrettyDecoded) -> str:
        """What follows ``#``; empty if there is none."""
        return encoding.show(self._parts.fragment or "", encoding.FRAGMENT, _options(options))

    def setFragment(self, fragment: str | None, mode: int = ParsingMode.TolerantMode) -> None:
        """Set the fragment; None removes it, the empty string keeps an empty one."""
        self._parts.fragment = self._accepted(fragment, "fragment", encoding.FRAGMENT, mode)

    def _changing(self) -> UrlParts:
        """The components before a change, which clears an earlier error."""
        self._parts.error = None
        return self._parts

    def _accepted(self, text: str | None, name: str, component: encoding.Component, mode: int) -> str | None:
        """The pretty form of a component given to a setter; in the strict mode an invalid one becomes empty."""
        kind, given = _mode(mode), _text(text, name)
        parts = self._changing()
        if text is None:
            return None
        shown = parts.accept(given, component, kind, given)
        return shown if parts.error is None else ""

    # Local files and user input

    def isLocalFile(self) -> bool:
        """Whether the scheme is ``file``."""
        return self._parts.scheme == "file"

    def toLocalFile(self) -> str:
        """The path of a local file, with ``//host`` in front if there is one; empty for another scheme."""
        return local.to_local_file(self._parts.host or "", self.path()) if self.isLocalFile() else ""

    @staticmethod
    def fromLocalFile(localfile: str | bytes | os.PathLike[str]) -> QUrl:
        """The ``file`` URL of a path; ``//host/share`` becomes a host. Empty for the empty path."""
        result = QUrl()
        path = os.fsdecode(localfile)
        if path:
            result._parts = local.from_local_file(path)
        return result

    @staticmethod
    def fromUserInput(
        userInput: str,
        workingDirectory: str = "",
        options: int = UserInputResolutionOption.DefaultResolution,
    ) -> QUrl:
        """What a person who typed *userInput* means: an URL, a file, or a host name (http, or ftp if it says so).

        With *workingDirectory* names of files that exist there come first, and AssumeLocalFile takes everything
        relative for one. Empty if nothing fits.
        """
        result = QUrl()
        assume = bool(_options(options) & _ASSUME_LOCAL_FILE)
        parts = local.from_user_input(
            _text(userInput, "userInput"), _text(workingDirectory, "workingDirectory"), assume
        )
        if parts is not None:
            result._parts = parts
        return result

    # Conversions

    @staticmethod
    def fromEncoded(input: BytesLike | str, mode: int = ParsingMode.TolerantMode) -> QUrl:
        """The URL whose encoded form *input* is, as UTF-8."""
        return QUrl(bytes(to_bytes(input, "input")).decode("utf-8", "replace"), mode)

    @staticmethod
    def fromStringList(uris: Iterable[str], mode: int = ParsingMode.TolerantMode) -> list[QUrl]:
        """The URLs of the texts."""
        return [QUrl(text, mode) for text in uris]

    @staticmethod
    def toStringList(uris: Iterable[QUrl], options: int = ComponentFormattingOption.PrettyDecoded) -> list[str]:
        """The texts of the URLs."""
        return [_url(url).toString(options) for url in uris]

    @staticmethod
    def toPercentEncoding(text: str, exclude: BytesLike | str = b"", include: BytesLike | str = b"") -> QByteArray:
        """*text* in UTF-8 with all but unreserved characters and *exclude* as ``%XX``; *include* is encoded too."""
        data = bytes(to_bytes(_text(text, "text")))
        return QByteArray(codec.percent_encode(data, bytes(to_bytes(exclude)), bytes(to_bytes(include))))

    @staticmethod
    def fromPercentEncoding(data: BytesLike | str) -> str:
        """The text behind percent-encoded UTF-8; malformed escapes stay, what is no UTF-8 becomes U+FFFD."""
        return codec.percent_decode(bytes(to_bytes(data))).decode("utf-8", "replace")

    @staticmethod
    def toAce(domain: str, options: int = 0) -> QByteArray:
        """*domain* in its ASCII-compatible encoding (``xn--``), lower case; empty if it is no valid host name."""
        transitional = _options(options) & _TRANSITIONAL
        return QByteArray(ace.to_ace(_text(domain, "domain"), bool(transitional)))

    @staticmethod
    def fromAce(domain: BytesLike | str, options: int = 0) -> str:
        """*domain* in Unicode, if the whitelist allows to show it so; empty if it is no valid host name."""
        text = bytes(to_bytes(domain, "domain")).decode("latin-1")
        return ace.normalize(text, bool(_options(options) & _IGNORE_WHITELIST))

    @staticmethod
    def idnWhitelist() -> list[str]:
        """The top-level domains under which international names are shown in Unicode, in ACE form."""
        return ace.whitelist()

    @staticmethod
    def setIdnWhitelist(whitelist: Iterable[str]) -> None:
        """Replace `idnWhitelist` for the whole process; hosts that are set already stay as they are."""
        ace.set_whitelist([_text(domain, "domain") for domain in whitelist])

    # Python's view of it

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            other = QUrl(other)
        return self._parts.key() == other._parts.key() if isinstance(other, QUrl) else NotImplemented

    def _ordered(self, other: object, relation: Callable[[Any, Any], bool]) -> Any:
        if not isinstance(other, (QUrl, str)):
            return NotImplemented
        return relation(self._parts.order(), _url(other)._parts.order())

    def __lt__(self, other: object) -> Any:
        return self._ordered(other, operator.lt)

    def __le__(self, other: object) -> Any:
        return self._ordered(other, operator.le)

    def __gt__(self, other: object) -> Any:
        return self._ordered(other, operator.gt)

    def __ge__(self, other: object) -> Any:
        return self._ordered(other, operator.ge)

    def __hash__(self) -> int:
        return hash(self._parts.key())

    def __copy__(self) -> QUrl:
        return QUrl(self)

    def __reduce__(self) -> tuple[type[QUrl], tuple[str]]:
        return QUrl, (self.toString(),)

    def __repr__(self) -> str:
        return f"qnet.QtCore.QUrl({self.toString()!r})"


def _text(value: object, name: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise TypeError(f"{name} must be str, not {type(value).__name__}")


def _url(value: QUrl | str) -> QUrl:
    if isinstance(value, QUrl):
        return value
    if isinstance(value, str):
        return QUrl(value)
    raise TypeError(f"expected a QUrl or str, not {type(value).__name__}")


def _options(value: int) -> int:
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"options must be formatting options, not {type(value).__name__}")


def _mode(value: int) -> int:
    if isinstance(value, int) and 0 <= value <= 2:
        return int(value)
    raise TypeError(f"mode must be a QUrl.ParsingMode, not {value!r}")


def _warn(text: str) -> None:
    from qnet.core.logging import qWarning

    qWarning(text)
