"""Exact numbers in problem files and in output.

A number is an integer, a decimal (read exactly: 0.9 is 9/10) or a fraction in a string ("9/10").
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.errors import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

# Longer numbers are a mistake or an attack: 1e999999999 is ten characters in a file and gigabytes in memory.
MAX_DIGITS = 400

_FORMS = '(an integer, a decimal, or a fraction such as "9/10")'
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_SHOWN = re.compile(r"-?\d+(/\d+)?", re.ASCII)
_FRACTION = re.compile(r"[+-]?\d+\s*/\s*\d+", re.ASCII)


def parse(value: object) -> Fraction:
    """Read one number exactly.

    Parameters
    ----------
    value : int, Decimal, Fraction, float or str
        A float is read as the decimal that it prints as.

    Raises
    ------
    ValueError
        If `value` is not a finite number or has more than ``MAX_DIGITS`` digits; with a message for the user.

    Examples
    --------
    >>> parse("9/10"), parse(0.9), parse(Decimal("0.90"))
    (Fraction(9, 10), Fraction(9, 10), Fraction(9, 10))
    """
    match value:
        case bool():
            raise ValueError(f"{str(value).lower()} is not a number")
        case Fraction():
            return value
        case int():
            if value.bit_length() > 4 * MAX_DIGITS:
                raise ValueError(f"more than {MAX_DIGITS} digits")
            return Fraction(value)
        case float():
            return _from_decimal(Decimal(repr(value)))
        case Decimal():
            return _from_decimal(value)
        case str():
            return _from_text(value.strip())
    raise ValueError(f"{shorten(value)} is not a number {_FORMS}")


def _from_text(text: str) -> Fraction:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"more than {MAX_DIGITS} digits")
    if _DECIMAL.fullmatch(text):
        return _from_decimal(Decimal(text))
    if not _FRACTION.fullmatch(text):
        raise ValueError(f"{shorten(text)} is not a number {_FORMS}")
    numerator, denominator = map(int, text.split("/"))
    if denominator == 0:
        raise ValueError(f"{shorten(text)} divides by zero")
    return Fraction(numerator, denominator)


def _from_decimal(value: Decimal) -> Fraction:
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    exponent = value.as_tuple().exponent
    if abs(int(exponent)) > MAX_DIGITS or len(value.as_tuple().digits) > MAX_DIGITS:
        raise ValueError(f"more than {MAX_DIGITS} digits")
    return Fraction(value)


def show(value: Fraction | int) -> str:
    """Print one number exactly.

    Examples
    --------
    >>> show(Fraction(38)), show(Fraction(-59, 112))
    ('38', '-59/112')
    """
    number = Fraction(value)
    try:
        return str(number)
    except ValueError:  # Python prints no integers above 4,300 digits; sums of many fractions have more
        top, bottom = (f"{Decimal(part):f}" for part in number.as_integer_ratio())
        return top if bottom == "1" else f"{top}/{bottom}"


def shown(text: str) -> Fraction:
    """Read a number that `show` printed, of any length, or a decimal.

    Raises
    ------
    ValueError
        If it is no number.

    Examples
    --------
    >>> shown("-59/112"), shown("0.5"), shown("1" + "0" * 5000) == 10**5000
    (Fraction(-59, 112), Fraction(1, 2), True)
    """
    if len(text) > MAX_DIGITS and _SHOWN.fullmatch(text):
        top, _, bottom = text.partition("/")
        return Fraction(int(Decimal(top)), int(Decimal(bottom or "1")))
    return Fraction(text)


def show_all(values: Iterable[Fraction | int]) -> list[str]:
    """Print a vector exactly."""
    return [show(value) for value in values]
