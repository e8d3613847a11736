"""Max-min fairness where every job fits with every other: a partition of numbers."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TRIES = 200
"""Random orders of jobs."""
MAX_TOTAL = 10**6
"""Greatest sum of values, in their common unit: sums are bits of a whole number."""


def share_out(values: Sequence[Fraction], factors: Sequence[Fraction]) -> tuple[Fraction, Fraction] | None:
    """Find the least share and the worth of the best max-min fair allocation if all jobs fit together.

    Pay is the same for all. The least share is at most 1/n of all values, in whole units. If all but the
    provider with the highest factor can have exactly that, no fair allocation is worth more: that provider
    has all the rest.

    Returns
    -------
    (Fraction, Fraction) or None
        None if no such allocation was found, which does not mean that there is none.

    Examples
    --------
    >>> from fractions import Fraction
    >>> share_out([Fraction(k) for k in (5, 4, 3, 2, 1)], [Fraction(1), Fraction(1, 2)])
    (Fraction(7, 1), Fraction(23, 2))
    """
    unit = lcm(*(value.denominator for value in values))
    whole = [int(value * unit) for value in values]
    total, others = sum(whole), len(factors) - 1
    share = total // len(factors)
    if total > MAX_TOTAL or not _can_share_out(whole, share, others):
        return None
    best, *rest = sorted(factors, reverse=True)
    return Fraction(share, unit), (best * (total - others * share) + sum(rest) * share) / unit


def _can_share_out(values: list[int], share: int, times: int) -> bool:
    """Take disjoint subsets of a given sum, in several random orders."""
    dice = Random(0)
    for _ in range(TRIES):
        left: list[int] | None = dice.sample(values, len(values))
        for _ in range(times):
            left = None if left is None else _without(left, share)
        if left is not None:
            return True
    return False


def _without(values: list[int], share: int) -> list[int] | None:
    """Return what is left of some numbers after a subset of a given sum; None if there is no such subset.

    Examples
    --------
    >>> _without([5, 4, 3], 8), _without([5, 4, 3], 6)
    ([4], None)
    """
    mask = (1 << share + 1) - 1
    reached = [1]  # bit s of reached[k]: some of the first k numbers have the sum s
    for value in values:
        reached.append((reached[-1] | reached[-1] << value) & mask)
    if not reached[-1] >> share & 1:
        return None
    left = []
    for k in range(len(values) - 1, -1, -1):
        if reached[k] >> share & 1:
            left.append(values[k])
        else:
            share -= values[k]
    return left
