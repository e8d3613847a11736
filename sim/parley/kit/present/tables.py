"""Numbers in tables."""

from __future__ import annotations

from fractions import Fraction

__all__ = ["number"]

_WIDTH = 9


def number(value: Fraction | float, width: int = _WIDTH) -> str:
    """Write a number as a person reads it: exact while that is short, else rounded and marked as such.

    Examples
    --------
    >>> number(Fraction(3, 7)), number(Fraction(10**15 + 1, 10**12))
    ('3/7', '≈1000')
    """
    text = str(value)
    if isinstance(value, Fraction) and len(text) <= width:
        return text
    return f"≈{float(value):.6g}"
