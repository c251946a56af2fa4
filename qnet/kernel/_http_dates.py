"""Dates in HTTP headers (RFC 9110 section 5.6.7), in English whatever the locale is."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

__all__ = ["format_http_date", "parse_http_date"]

_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS = [
    # IMF-fixdate, the only form that is written; like Qt, without "GMT" too and with a day of one digit.
    re.compile(f"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{1,2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME}(?: GMT)?"),
    # The obsolete forms of RFC 850 and asctime().
    re.compile(f"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(f"[A-Z][a-z]{{2}} {_MONTH} (?: ?(?P<day>[0-9]{{1,2}})) {_TIME} (?P<year>[0-9]{{4}})"),
]


def format_http_date(moment: datetime | date) -> str:
    """*moment* as in ``Sat, 03 Feb 2024 04:05:06 GMT``.

    A datetime without a time zone is local time, a date its midnight in UTC. ValueError if the moment is outside of
    the years 1 to 9999 in UTC.
    """
    if isinstance(moment, datetime):
        try:
            moment = moment.astimezone(timezone.utc)
        except OverflowError as error:
            raise ValueError(f"{moment} is outside of the years 1 to 9999 in UTC") from error
    else:
        moment = datetime.combine(moment, time(tzinfo=timezone.utc))
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def parse_http_date(text: str) -> datetime | None:
    """The moment, in UTC, that *text* is in one of the three forms of RFC 9110; None if it is none.

    The day of the week is not compared. A year of two digits is the one that is at most 50 years ahead.
    """
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None:
        return None
    year, day, hour, minute, second = (int(match[name]) for name in ("year", "day", "hour", "minute", "second"))
    if len(match["year"]) == 2:
        this_year = datetime.now(timezone.utc).year
        year += this_year // 100 * 100
        if year > this_year + 50:
            year -= 100
    leap = second == 60
    try:
        moment = datetime(
            year, _MONTHS.index(match["month"]) + 1, day, hour, minute, second - leap, tzinfo=timezone.utc
        )
        return moment + timedelta(seconds=int(leap))
    except (ValueError, OverflowError):
        return None
