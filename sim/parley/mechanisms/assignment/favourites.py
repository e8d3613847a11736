"""How an agent compares lotteries: by its utilities, or for all utilities that agree with its ranking."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.mechanisms.assignment.envy import prefix_sums
from parley.mechanisms.assignment.lottery import expected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parley.mechanisms.assignment.lottery import Row
    from parley.mechanisms.assignment.problem import Problem

    Corner = tuple[float, ...]

__all__ = ["beats", "by_preference", "kinds", "worse_region"]

_EPSILON = 1e-12


def levels(problem: Problem, agent: int, row: Row) -> tuple[Fraction, ...]:
    """Give the numbers by which an agent compares a lottery with another.

    Its expected utility; without utilities, the probabilities of its first choice, of one of its first two,
    and so on: a lottery is as good whatever the utilities if it has as much of each.
    """
    if problem.utilities is not None:
        return (expected(row, problem.utilities[agent]),)
    return prefix_sums(problem.rankings[agent], row)


def beats(problem: Problem, agent: int, one: Row, other: Row) -> bool:
    """Whether an agent would rather have one lottery than another; without utilities, under some of them.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> third, all = Fraction(1, 3), Fraction(1)
    >>> beats(from_orders([[0, 1, 2]], 3), 0, (0 * all, all, 0 * all), (third, third, third))
    True
    """
    pairs = zip(levels(problem, agent, one), levels(problem, agent, other), strict=True)
    return any(p > q for p, q in pairs)


def by_preference(problem: Problem, agent: int, rows: Iterable[Row]) -> list[Row]:
    """Sort lotteries, the ones that an agent likes best first."""
    return sorted(rows, key=lambda row: [-level for level in levels(problem, agent, row)])


def kinds(problem: Problem) -> list[tuple[int, ...]]:
    """Group agents that could have had the same lotteries and compare them alike.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> kinds(example_1())
    [(0, 1), (2, 3)]
    """
    if problem.utilities is None:
        return list(problem.alike)
    groups: dict[object, list[int]] = {}
    for k, group in enumerate(problem.alike):
        for i in group:
            groups.setdefault((k, problem.utilities[i]), []).append(i)
    return sorted(map(tuple, groups.values()))


def worse_region(problem: Problem, agent: int, own: Row) -> list[tuple[float, ...]]:
    """Find the lotteries over three items that are no better for an agent than its own: a polygon.

    Returns
    -------
    list of tuple of float
        Its corners, as probabilities of the items. Without utilities, of what is no better whatever they are.

    Examples
    --------
    Whoever ranks 2 > 1 > 3 and gets (0, 2/3, 1/3) likes it at least as much as what gives no more of 2:

    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> own = Fraction(0), Fraction(2, 3), Fraction(1, 3)
    >>> corners = worse_region(from_orders([[1, 0, 2]], 3), 0, own)
    >>> sorted({tuple(round(p, 3) for p in corner) for corner in corners})
    [(0.0, 0.0, 1.0), (0.0, 0.667, 0.333), (0.667, 0.0, 0.333)]
    """
    units = [tuple(Fraction(int(k == o)) for k in range(3)) for o in range(3)]
    weights = list(zip(*(levels(problem, agent, unit) for unit in units), strict=True))
    corners = [tuple(map(float, unit)) for unit in units]
    for number, level in zip(weights, levels(problem, agent, own), strict=True):
        corners = _below(corners, [float(u) for u in number], float(level))
    return corners


def _below(corners: Sequence[Corner], weights: Sequence[float], level: float) -> list[Corner]:
    """Cut off the part of a convex polygon where a linear function is above a level."""
    above = [sum(u * p for u, p in zip(weights, corner, strict=True)) - level for corner in corners]
    kept = []
    for k, (corner, height) in enumerate(zip(corners, above, strict=True)):
        before, was = corners[k - 1], above[k - 1]
        if (height > _EPSILON) != (was > _EPSILON):
            t = was / (was - height)
            kept.append(tuple(p + t * (q - p) for p, q in zip(before, corner, strict=True)))
        if height <= _EPSILON:
            kept.append(corner)
    return kept
