"""QDate, QTime and QDateTime on the wire, as Python's date, time and datetime.

A date is a Julian day number, a time milliseconds since midnight, a date-time both and how to read them, which
changed with nearly every version:

=============  ===================  ==============================================================
version        date and time are    followed by
=============  ===================  ==============================================================
before Qt_4_0  local time           nothing
to Qt_4_9      the wall clock's     a byte: 2 or 3 for UTC, anything else local time
Qt_5_0         UTC                  a byte: 0 for a local time, anything else UTC
Qt_5_1         the wall clock's     as before Qt_5_0
from Qt_5_2    the wall clock's     a byte: 0 local, 1 UTC, 2 an offset (seconds), 3 a time zone (its name)
=============  ===================  ==============================================================

Python's aware datetimes are written as UTC or with their offset (as UTC where the version has no offsets), naive
ones as local time. All that is read is aware. What datetime cannot hold (years outside 1 to 9999, unknown zones)
reads as None, as null dates do.
"""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Final, Literal

from qnet.core._datastream_wire import Source, Wire

__all__ = ["read_date", "read_datetime", "read_time", "write_date", "write_datetime", "write_time"]

_JULIAN = 1721425
"""The Julian day number of the day before 1 January of the year 1."""

_NULL_DATE = -(1 << 63)
_NULL_TIME = 0xFFFFFFFF
_DAY = 86_400_000
QT_4_0, QT_5_0, QT_5_1, QT_5_2 = 7, 13, 14, 15
_LOCAL: Final = "local"
_Zone = tzinfo | Literal["local"]
_UTC_OFFSET = re.compile(r"UTC([+-])(\d\d?)(?::?(\d\d))?(?::?(\d\d))?\Z")


def write_date(wire: Wire, value: date) -> bytes:
    """A QDate."""
    day = value.toordinal() + _JULIAN
    return struct.pack(wire.order + ("I" if wire.version < QT_5_0 else "q"), day)


def write_time(wire: Wire, value: time) -> bytes:
    """A QTime: microseconds are cut off."""
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return wire.u32.pack(seconds * 1000 + value.microsecond // 1000)


def write_datetime(wire: Wire, value: datetime) -> bytes:
    """A QDateTime."""
    offset = value.utcoffset()
    version = wire.version
    tail = b""
    if offset is None:
        spec = b"\0" if version == QT_5_0 or version >= QT_5_2 else b"\xff"
        if version == QT_5_0:
            value = value.astimezone(timezone.utc)
    elif offset and version >= QT_5_2:
        spec = b"\2"
        tail = wire.i32.pack(int(offset.total_seconds()))
    else:
        spec = b"\1" if version == QT_5_0 or version >= QT_5_2 else b"\2"
        value = value.astimezone(timezone.utc)
    if version < QT_4_0:
        # Nothing can say that this is UTC: a reader takes it for its local time.
        spec = b""
        value = value if offset is None else value.astimezone()
    return write_date(wire, value.date()) + write_time(wire, value.time()) + spec + tail


def read_date(source: Source) -> date | None:
    """A QDate."""
    old = source.wire.version < QT_5_0
    data = source.take(4 if old else 8)
    day = struct.unpack(source.wire.order + ("I" if old else "q"), data)[0] - _JULIAN
    return date.fromordinal(day) if 1 <= day <= date.max.toordinal() else None


def read_time(source: Source) -> time | None:
    """A QTime."""
    number = source.wire.u32.unpack(source.take(4))[0]
    if number >= _DAY or (number == 0 and source.wire.version < QT_4_0):
        return None
    return (datetime.min + timedelta(milliseconds=number)).time()


def read_datetime(source: Source) -> datetime | None:
    """A QDateTime."""
    day = read_date(source)
    clock = read_time(source) or time()  # a date with a null time begins at midnight, in Qt too
    zone = _read_zone(source)
    if day is None or zone is None:
        return None
    wall = datetime.combine(day, clock)
    try:
        if source.wire.version == QT_5_0:
            value = wall.replace(tzinfo=timezone.utc)
            return value.astimezone() if isinstance(zone, str) else value
        return wall.astimezone() if isinstance(zone, str) else wall.replace(tzinfo=zone)
    except (OverflowError, ValueError, OSError):
        # The first and last day of what datetime can hold, in some zones.
        return None


def _read_zone(source: Source) -> _Zone | None:
    """What follows the time; None if datetime has nothing for it."""
    version = source.wire.version
    if version < QT_4_0:
        return _LOCAL
    spec = source.take(1)[0]
    if version == QT_5_0:
        return _LOCAL if spec == 0 else timezone.utc
    if version < QT_5_2:
        return timezone.utc if spec in (2, 3) else _LOCAL
    if spec == 1:
        return timezone.utc
    if spec == 2:
        return _fixed(source.wire.i32.unpack(source.take(4))[0])
    if spec != 3:
        return _LOCAL
    name = source.text()
    if name != "OffsetFromUtc":
        return _zone_of(name)
    # A zone made by hand: name, offset, long name, abbreviation, territory, comment.
    source.text()
    offset = source.wire.i32.unpack(source.take(4))[0]
    source.text()
    source.text()
    source.take(4)
    source.text()
    return _fixed(offset)


def _fixed(seconds: int) -> tzinfo | None:
    return timezone(timedelta(seconds=seconds)) if abs(seconds) < 86_400 else None


def _zone_of(name: str) -> _Zone | None:
    """The zone of an IANA name or of ``UTC+hh:mm``; the local one for no name; None if it is unknown."""
    if not name:
        return _LOCAL
    if name == "UTC":
        return timezone.utc
    match = _UTC_OFFSET.match(name)
    if match:
        sign, hours, minutes, seconds = match.groups()
        total = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        return _fixed(-total if sign == "-" else total)
    from zoneinfo import ZoneInfo  # loads a lot, and hardly any stream names a zone

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None
