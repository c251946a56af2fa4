"""Numbers and fields as QTextStream writes them, in the C locale."""

from __future__ import annotations

import math

__all__ = ["integer", "pad", "real"]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREFIXES = {2: "0b", 8: "0", 16: "0x"}


def integer(value: int, base: int, prefix: bool, sign: bool, upper_prefix: bool, upper_digits: bool) -> str:
    """*value* in *base* (0 is 10): with a prefix for 2, 8 and 16, and a sign even if it is positive, if asked for."""
    base = base or 10
    number = abs(value)
    if base == 10:
        digits = str(number)
    elif base in _PREFIXES:
        digits = format(number, {2: "b", 8: "o", 16: "x"}[base])
    else:
        digits = _in_base(number, base)
    if upper_digits:
        digits = digits.upper()
    start = "-" if value < 0 else "+" if sign else ""
    # Qt gives a signed zero no octal prefix.
    if prefix and base in _PREFIXES and not (base == 8 and start and not number):
        start += _PREFIXES[base].upper() if upper_prefix else _PREFIXES[base]
    return start + digits


def _in_base(number: int, base: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, base)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def real(value: float, notation: str, precision: int, point: bool, sign: bool, upper: bool) -> str:
    """*value* in *notation*: "g" (the shorter one, *precision* digits), "f" or "e" (*precision* decimals).

    Halves are rounded away from zero and zero has no sign, as in Qt and unlike in Python.
    """
    if not math.isfinite(value):
        text = "nan" if value != value else "-inf" if value < 0 else "+inf" if sign else "inf"
    else:
        value = _away_from_half(value + 0.0 if value else 0.0, notation, precision)
        text = format(value, f"{'+' if sign else ''}.{precision}{notation}")
        if point and "." not in text:
            digits, exponent, tail = text.partition("e")
            text = f"{digits}.{exponent}{tail}"
    return text.upper() if upper else text


def _away_from_half(value: float, notation: str, precision: int) -> float:
    """*value*, or if it is a half where it will be rounded, a number beside it that rounds away from zero."""
    places = precision
    if notation != "f":
        exponent = int(f"{value:.17e}".partition("e")[2])
        places = (precision if notation == "e" else max(precision, 1) - 1) - exponent
    numerator, denominator = value.as_integer_ratio()
    if places >= 0:
        if denominator > 2 << places:
            return value  # a half would have a smaller one
        numerator *= 2 * 10**places
    else:
        numerator *= 2
        denominator *= 10**-places
    halves, rest = divmod(abs(numerator), denominator)
    if rest or halves % 2 == 0:
        return value
    return math.nextafter(value, math.copysign(math.inf, value))


def pad(text: str, width: int, char: str, alignment: int, number: bool) -> str:
    """*text* in a field: to the left (0), right (1), in the middle (2), or with the sign at the left (3)."""
    missing = width - len(text)
    if missing <= 0:
        return text
    if alignment == 0:
        return text + char * missing
    if alignment == 2:
        return char * (missing // 2) + text + char * (missing - missing // 2)
    if alignment == 3 and number and text[:1] in ("+", "-"):
        return text[0] + char * missing + text[1:]
    return char * missing + text
