"""Paths of URLs: dot segments, references (RFC 3986, section 5.2), local files."""

from __future__ import annotations

__all__ = ["merge", "remove_dot_segments", "remove_file_name"]


def remove_dot_segments(path: str, local: bool = False) -> str:
    """*path* without ``.`` and ``..`` (RFC 3986, section 5.2.4); a relative one stays relative.

    In a *local* path also repeated slashes are joined, and a ``..`` with nothing to remove stays, as QDir does.
    """
    if "." not in path and not (local and "//" in path):
        return path
    if local and path[:2] == "//":
        path = "/" + path.lstrip("/")
    root = "/" if path[:1] == "/" else ""
    segments = path[1:].split("/") if root else path.split("/")
    kept: list[str] = []
    for segment in segments[:-1]:
        _take(kept, segment, local)
    last = segments[-1]
    if last in (".", ".."):
        _take(kept, last, local)
        last = ".." if local and kept[-1:] == [".."] and last == ".." else ""
        if last:
            kept.pop()
    result = "/".join([*kept, last])
    return root + result if root else result.lstrip("/") or ("." if local else "")


def _take(kept: list[str], segment: str, local: bool) -> None:
    """One segment with a slash behind it."""
    if segment == "..":
        if kept and kept[-1] != "..":
            kept.pop()
        elif local:
            kept.append(segment)
    elif segment != "." and not (local and not segment and kept and kept[-1] != ".."):
        kept.append(segment)


def merge(base: str, reference: str, has_authority: bool) -> str:
    """The path of a relative *reference* seen from *base* (RFC 3986, section 5.2.3)."""
    if has_authority and not base:
        return "/" + reference
    return remove_file_name(base) + reference


def remove_file_name(path: str) -> str:
    """*path* up to and including its last slash."""
    return path[: path.rfind("/") + 1]
