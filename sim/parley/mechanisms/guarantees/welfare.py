"""Welfare of constant elasticity (Atkinson, 1970), compared exactly.

W_α is the sum of v^(1−α)/(1−α) over the providers, or of log v if α = 1. If α ≥ 1 it is −∞ if somebody has
nothing. Then the number of providers with something counts first, and W_α is taken over those; the paper's
maximum would be all allocations if somebody has nothing in each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering
from math import prod

START_BITS = 64
"""Precision of the first comparison, in binary places; it doubles until the sign is known."""


@total_ordering
@dataclass(frozen=True, eq=False)
class Welfare:
    """The welfare of an allocation, which can be compared with others of the same α.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> Welfare(half, (Fraction(8), Fraction(0))) == Welfare(half, (Fraction(2), Fraction(2)))  # √8 = √2 + √2
    True
    >>> Welfare(Fraction(1), (Fraction(9), Fraction(0))) < Welfare(Fraction(1), (Fraction(1), Fraction(1)))
    True
    """

    alpha: Fraction
    values: tuple[Fraction, ...]

    __hash__ = None  # type: ignore[assignment] # equal welfare has no common form

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Welfare) and self._sign(other) == 0

    def __lt__(self, other: Welfare) -> bool:
        return self._sign(other) < 0

    def _sign(self, other: Welfare) -> int:
        if self.alpha != other.alpha:
            raise ValueError(f"welfare of different elasticity: {self.alpha} and {other.alpha}")
        mine = [value for value in self.values if value]
        theirs = [value for value in other.values if value]
        if self.alpha >= 1 and len(mine) != len(theirs):
            return 1 if len(mine) > len(theirs) else -1
        if self.alpha == 1:
            one, two = prod(mine, start=Fraction(1)), prod(theirs, start=Fraction(1))
            return (one > two) - (one < two)
        power = 1 - self.alpha
        terms = [(value**power.numerator, 1) for value in mine]
        terms += [(value**power.numerator, -1) for value in theirs]
        sign = sign_of_roots(terms, power.denominator)
        return sign if power > 0 else -sign


def sign_of_roots(terms: list[tuple[Fraction, int]], degree: int) -> int:
    """Return the sign of Σ c·x^(1/degree) over pairs (x, c) of a positive number and a coefficient.

    Roots whose ratios are irrational are linearly independent over the rational numbers (Mordell, 1953). So
    terms are grouped by rational ratios; if no group is left, the sum is zero, and otherwise a fine enough
    approximation has its sign.

    Examples
    --------
    >>> sign_of_roots([(Fraction(8), 1), (Fraction(2), -2)], 2)
    0
    >>> sign_of_roots([(Fraction(5), 1), (Fraction(4), -1)], 2)
    1
    """
    groups: list[tuple[Fraction, Fraction]] = []  # (x, c): c·x^(1/degree)
    for number, coefficient in terms:
        for k, (base, total) in enumerate(groups):
            ratio = exact_root(number / base, degree)
            if ratio is not None:
                groups[k] = base, total + coefficient * ratio
                break
        else:
            groups.append((number, Fraction(coefficient)))
    left = [(base, total) for base, total in groups if total]
    if len(left) <= 1:
        return sum(1 if total > 0 else -1 for _, total in left)
    bits = START_BITS
    while True:
        low = high = Fraction(0)
        for base, total in left:
            below = Fraction(
                floor_root((base.numerator << degree * bits) // base.denominator, degree), 1 << bits
            )
            ends = total * below, total * (below + Fraction(1, 1 << bits))
            low, high = low + min(ends), high + max(ends)
        if low > 0 or high < 0:
            return 1 if low > 0 else -1
        bits *= 2


def exact_root(number: Fraction, degree: int) -> Fraction | None:
    """Return the rational root of a positive number, or None if it is irrational.

    Examples
    --------
    >>> exact_root(Fraction(8, 27), 3), exact_root(Fraction(2), 2)
    (Fraction(2, 3), None)
    """
    above, below = floor_root(number.numerator, degree), floor_root(number.denominator, degree)
    if above**degree == number.numerator and below**degree == number.denominator:
        return Fraction(above, below)
    return None


def floor_root(number: int, degree: int) -> int:
    """Return the greatest whole number whose power is at most `number`, by Newton's method from above.

    Examples
    --------
    >>> floor_root(63, 3), floor_root(64, 3), floor_root(0, 2)
    (3, 4, 0)
    """
    if degree == 1 or number < 2:
        return number
    root = 1 << -(-number.bit_length() // degree)
    while True:
        step = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if step >= root:
            return root
        root = step
