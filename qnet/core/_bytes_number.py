"""Numbers as Qt reads and writes them in byte strings: always in the C locale.

Reading follows ``QByteArray::toInt`` and friends: outer white space is allowed, nothing else is, and every
function returns ``(value, ok)``. Writing follows ``QByteArray::number``: ties are rounded away from zero on
the exact binary value (Python's own formatting rounds them to even).
"""

from __future__ import annotations

import math
import re
import struct
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal

__all__ = ["format_double", "format_integer", "parse_double", "parse_float", "parse_integer"]

WHITESPACE = b" \t\n\v\f\r"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
DEFAULT_PRECISION = 6
SHORTEST_PRECISION = -128  # QLocale::FloatingPointShortest

_DOUBLE = re.compile(rb"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf)|nan", re.IGNORECASE)
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_UP)


def parse_integer(data: bytes, base: int, low: int, high: int) -> tuple[int, bool]:
    """The integer in *data*, which must lie in *low* to *high*; ``(0, False)`` if there is none.

    *base* is 2 to 36, or 0 for the prefixes of C (``0x``, ``0b``, a leading ``0`` for octal). As in Qt a NUL
    ends the text, and unsigned types (*low* is 0) take no minus sign, not even ``-0``.
    """
    text = data.partition(b"\0")[0].strip(WHITESPACE).lower()
    negative = text[:1] == b"-"
    if text[:1] in (b"-", b"+"):
        text = text[1:]
    if (negative and low == 0) or not (base == 0 or 2 <= base <= 36):
        return 0, False
    if text[:2] == b"0x" and base in (0, 16):
        text, base = text[2:], 16
    elif text[:2] == b"0b" and base in (0, 2):
        text, base = text[2:], 2
    elif base == 0:
        base = 8 if text[:1] == b"0" else 10
    # int() alone would take signs, blanks, prefixes and underscores once more; and no 64-bit number in any
    # base has more than 64 significant digits, so that a hostile megabyte costs nothing.
    if not text.isalnum():
        return 0, False
    text = text.lstrip(b"0") or b"0"
    if len(text) > 64:
        return 0, False
    try:
        value = int(text, base)
    except ValueError:
        return 0, False
    value = -value if negative else value
    return (value, True) if low <= value <= high else (0, False)


def parse_double(data: bytes) -> tuple[float, bool]:
    """The double in *data*; ``(0.0, False)`` if there is none, or one too large or too small to represent."""
    text = data.strip(WHITESPACE)
    if _DOUBLE.fullmatch(text) is None:
        return 0.0, False
    value = float(text)
    if math.isinf(value) and text[-1:] not in b"fF":
        return 0.0, False
    if value == 0.0 and re.search(rb"[1-9]", re.split(rb"[eE]", text)[0]):
        return 0.0, False
    return value, True


def parse_float(data: bytes) -> tuple[float, bool]:
    """As `parse_double`, rounded to single precision; out of its range gives infinity or zero, and False."""
    value, ok = parse_double(data)
    if not ok or not math.isfinite(value):
        return value, ok
    try:
        (single,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return math.copysign(math.inf, value), False
    return single, single != 0.0 or value == 0.0


def format_integer(value: int, base: int) -> bytes:
    """*value* in *base* (2 to 36) with lower-case digits."""
    if not 2 <= base <= 36:
        raise ValueError(f"the base must be 2 to 36, not {base}")
    if not -(1 << 63) <= value < 1 << 64:
        raise OverflowError(f"{value} does not fit into 64 bits")
    if base == 10:
        return b"%d" % value
    rest, digits = abs(value), []
    while rest:
        rest, digit = divmod(rest, base)
        digits.append(DIGITS[digit])
    return (("-" if value < 0 else "") + ("".join(reversed(digits)) or "0")).encode()


def format_double(value: float, style: str, precision: int) -> bytes:
    """*value* in *style* ``e``, ``f`` or ``g`` (or upper case); a negative *precision* means 6 digits.

    Precision -128 asks for the shortest digits that read back as the same double. An unknown style is ``f``.
    """
    lowered = style.lower() if style.lower() in ("e", "f", "g") else "f"
    if not math.isfinite(value):
        text = "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    else:
        text = _format_finite(value, lowered, precision)
    return (text.upper() if style.isupper() else text).encode()


def _format_finite(value: float, style: str, precision: int) -> str:
    sign = "-" if value < 0 else ""
    exact = Decimal(value).copy_abs()
    if precision == SHORTEST_PRECISION:
        exact = Decimal(repr(value)).copy_abs()
        digits = len(exact.normalize(_EXACT).as_tuple().digits)
        precision = digits - 1 if style == "e" else max(0, digits - 1 - exact.adjusted())
        if style == "g":
            plain, scientific = f"{exact.normalize(_EXACT):f}", _scientific(exact, digits)
            return sign + min(plain, scientific, key=len)
    elif precision < 0:
        precision = DEFAULT_PRECISION
    if style == "f":
        return f"{sign}{exact.quantize(Decimal(1).scaleb(-precision), context=_EXACT):f}"
    if style == "e":
        return sign + _scientific(exact, precision + 1)
    precision = max(precision, 1)
    rounded = _round(exact, precision)
    if rounded and not -5 < rounded.adjusted() < precision:
        return sign + _scientific(rounded, len(rounded.normalize(_EXACT).as_tuple().digits))
    return f"{sign}{rounded.normalize(_EXACT):f}"


def _round(value: Decimal, digits: int) -> Decimal:
    """*value* rounded to that many significant digits."""
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), context=_EXACT) if value else value


def _scientific(value: Decimal, digits: int) -> str:
    """*value* with one digit before the point and an exponent of at least two."""
    rounded = _round(_round(value, digits), digits)  # twice: 9.99 carries into one digit more
    exponent = rounded.adjusted() if rounded else 0
    mantissa = rounded.scaleb(-exponent, context=_EXACT)
    mantissa = mantissa.quantize(Decimal(1).scaleb(1 - digits), context=_EXACT)
    return f"{mantissa:f}e{exponent:+03d}"
