"""Internationalised domain names: Unicode to the ASCII-compatible encoding and back (UTS 46, RFC 5891).

Mapping is UTS 46 without STD 3 rules (underscores are common) and, unless asked for, non-transitional: ``ß`` is
kept. Symbols that IDNA 2008 excludes but UTS 46 allows pass, as in Qt and browsers. Unicode is only *shown*
under top-level domains whose registries restrict look-alike characters: the whitelist.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["DEFAULT_WHITELIST", "from_ace", "is_whitelisted", "normalize", "set_whitelist", "to_ace", "whitelist"]

MAX_LABEL = 63  # octets, RFC 1034
MAX_TEXT = 4096
"""Longer names are refused unread: no resolver takes more than 255 octets, and mapping costs time."""

_REGISTRIES = """
ac ar asia at biz br cat ch cl cn com de dk es fi gr hu il info io ir is jp kr li lt lu lv museum
name net no nu nz org pl pr se sh tel th tm tw ua vn xn--fiqs8s xn--fiqz9s xn--fzc2c9e2c xn--j6w193g
xn--kprw13d xn--kpry57d xn--mgba3a4f16a xn--mgba3a4fra xn--mgbaam7a8h xn--mgbayh7gpa xn--
mgberp4a5d4ar xn--ogbpf8fl xn--p1ai xn--wgbh1c xn--wgbl6a xn--xkc2al3hye2a
"""
DEFAULT_WHITELIST = tuple(_REGISTRIES.split())

# UTS 46, section 4: the characters that IDNA 2003 and 2008 treat differently (idna no longer maps them).
_DEVIATIONS = str.maketrans({"\u00df": "ss", "\u03c2": "\u03c3", "\u200c": None, "\u200d": None})
_ASCII_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_LABEL_CHARACTERS = re.compile(r"[a-z0-9_\x80-\U0010ffff-]*")

_whitelist: tuple[str, ...] = DEFAULT_WHITELIST


def whitelist() -> list[str]:
    """The top-level domains, in ACE form, under which names are shown in Unicode."""
    return list(_whitelist)


def set_whitelist(domains: Iterable[str]) -> None:
    """Replace the whitelist, for the whole process."""
    global _whitelist
    _whitelist = tuple(domains)


def is_whitelisted(ace: str) -> bool:
    """Whether names under the top-level domain of *ace* are shown in Unicode."""
    name = ace[:-1] if ace.endswith(".") else ace
    return "." in name and name.rpartition(".")[2] in _whitelist


def to_ace(domain: str, transitional: bool = False) -> str:
    """The ACE form of *domain*, lower case; empty if it is no valid host name."""
    if not domain or len(domain) > MAX_TEXT:
        return ""
    if domain.isascii():
        mapped = domain.lower()
    else:
        import idna

        try:
            mapped = idna.uts46_remap(domain, std3_rules=False)
        except idna.IDNAError:
            return ""
        if transitional:
            mapped = unicodedata.normalize("NFC", mapped.translate(_DEVIATIONS))
    labels = mapped.split(".")
    rest = labels[:-1] if labels[-1] == "" else labels  # one dot at the end is the root
    encoded = [_label_to_ace(label) for label in rest]
    return ".".join(encoded + labels[len(rest) :]) if encoded and all(encoded) else ""


def _label_to_ace(label: str) -> str:
    """The ACE form of one mapped label; empty if it is invalid (UTS 46, section 4.1)."""
    if label.isascii():
        return label if len(label) <= MAX_LABEL and _ASCII_LABEL.fullmatch(label) else ""
    if not _is_valid_unicode_label(label):
        return ""
    ace = "xn--" + label.encode("punycode").decode("ascii")
    return ace if len(ace) <= MAX_LABEL else ""


def _is_valid_unicode_label(label: str) -> bool:
    import idna

    if len(label) > MAX_LABEL or not _LABEL_CHARACTERS.fullmatch(label):
        return False
    if label[0] == "-" or label[-1] == "-" or label[2:4] == "--" or unicodedata.category(label[0])[0] == "M":
        return False
    try:
        return all(c not in "\u200c\u200d" or idna.valid_contextj(label, i) for i, c in enumerate(label))
    except ValueError:  # unknown to the Unicode data
        return False


def from_ace(ace: str, ignore_whitelist: bool = False) -> str:
    """*ace* in Unicode where it may be shown so: labels that cannot be decoded, or must not, stay as they are."""
    if "xn--" not in ace or not (ignore_whitelist or is_whitelisted(ace)):
        return ace
    labels = [_label_from_ace(label) if label.startswith("xn--") else label for label in ace.split(".")]
    return ".".join(labels) if _is_legible(labels) else ace


def _is_legible(labels: list[str]) -> bool:
    """Whether the reading direction is clear: in a name with right-to-left characters each must pass RFC 5893."""
    if not any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for label in labels for char in label):
        return True
    import idna

    try:
        return all(idna.check_bidi(label, check_ltr=True) for label in labels if label)
    except idna.IDNAError:
        return False


def _label_from_ace(label: str) -> str:
    """The Unicode form of one ACE label, if encoding that again gives the label (RFC 5891, section 5.3)."""
    import idna

    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        if decoded.isascii() or to_ace(decoded) != label:
            return label
        return decoded if idna.uts46_remap(decoded, std3_rules=False) == decoded else label
    except (UnicodeError, idna.IDNAError, ValueError, IndexError, OverflowError):
        return label


def normalize(domain: str, ignore_whitelist: bool = False) -> str:
    """*domain* as it is kept and shown: validated, lower case, in Unicode where allowed; empty if invalid."""
    return from_ace(to_ace(domain), ignore_whitelist)
