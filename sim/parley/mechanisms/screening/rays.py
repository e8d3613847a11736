"""Rays, and whether two rays are polarized.

A *ray* is a direction κ in which an agent's assignment may move from its endowment η: it takes more of some
tasks (κ_i > 0) and gives up others (κ_i < 0). Its *trading set* is {η + yκ ≥ 0 : y ≥ 0}. A ray at *full
length* is scaled such that η + κ is the end of that set: there the first of the tasks given up runs out.

Two rays are *polarized* if y′κ′ + y″κ″ ≥ 0 for some y′, y″ ≥ 0 that are not both 0; equivalently, no type
c ≥ 0 has c·κ′ < 0 and c·κ″ < 0, so nobody likes both. Three functions decide it independently:
`are_polarized` in closed form, `weigh` by Farkas's linear program, and `find_type_liking_both` by a search
for such a type, which needs at most two coordinates that are not 0.

Source: Valenzuela-Stookey, "Obviously strategy-proof multi-dimensional allocation and the value of choice"
(2026), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import TYPE_CHECKING

from parley.core.linear import InfeasibleError, Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Type",
    "Vector",
    "Weighed",
    "are_polarized",
    "cap",
    "dot",
    "find_type_in_box",
    "find_type_liking_both",
    "full_length",
    "given_up",
    "in_trading_set",
    "is_ray",
    "pairs_not_polarized",
    "positive_type",
    "weigh",
]

Vector = tuple[Fraction, ...]
"""One number for each task."""
Type = Vector
"""An agent's cost of each task, above 0."""


def dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    """Return Σ_i one_i · other_i.

    Examples
    --------
    >>> dot((Fraction(1), Fraction(2)), (Fraction(3), Fraction(-1)))
    Fraction(1, 1)
    """
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))


def given_up(ray: Sequence[Fraction]) -> frozenset[int]:
    """Return N(κ), the tasks that a ray gives up.

    Examples
    --------
    >>> sorted(given_up((Fraction(-1), Fraction(2), Fraction(-3))))
    [0, 2]
    """
    return frozenset(i for i, change in enumerate(ray) if change < 0)


def is_ray(ray: Sequence[Fraction]) -> bool:
    """Return whether a direction is not monotone: it takes more of some task and gives up another one.

    Examples
    --------
    >>> is_ray((Fraction(1), Fraction(-1))), is_ray((Fraction(0), Fraction(-1)))
    (True, False)
    """
    return min(ray) < 0 < max(ray)


def cap(endowment: Sequence[Fraction], ray: Sequence[Fraction]) -> Fraction:
    """Return ȳ = min over the tasks given up of η_i / (−κ_i): how far the ray goes.

    Raises
    ------
    ValueError
        If the ray gives up no task; then it has no end.

    Examples
    --------
    >>> cap((Fraction(2), Fraction(3)), (Fraction(1), Fraction(-6)))
    Fraction(1, 2)
    """
    return min(endowment[i] / -ray[i] for i in given_up(ray))


def full_length(endowment: Sequence[Fraction], ray: Sequence[Fraction]) -> Vector:
    """Scale a ray such that it ends where the first of the tasks given up runs out.

    Examples
    --------
    >>> print(*full_length((Fraction(2), Fraction(3)), (Fraction(1), Fraction(-6))))
    1/2 -3
    """
    length = cap(endowment, ray)
    return tuple(length * change for change in ray)


def in_trading_set(
    endowment: Sequence[Fraction], ray: Sequence[Fraction], assignment: Sequence[Fraction]
) -> bool:
    """Return whether an assignment is η + yκ ≥ 0 for some y ≥ 0.

    Examples
    --------
    >>> eta, kappa = (Fraction(2), Fraction(2)), (Fraction(1), Fraction(-1))
    >>> [in_trading_set(eta, kappa, (Fraction(a), Fraction(4 - a))) for a in (1, 2, 4, 5)]
    [False, True, True, False]
    """
    moved = [x - own for x, own in zip(assignment, endowment, strict=True)]
    lengths = {x / change for x, change in zip(moved, ray, strict=True) if change}
    still = all(x == 0 for x, change in zip(moved, ray, strict=True) if not change)
    return still and len(lengths) == 1 and lengths.pop() >= 0 and min(assignment) >= 0


def are_polarized(one: Sequence[Fraction], other: Sequence[Fraction]) -> bool:
    """Decide in closed form whether two rays are polarized.

    They are if no task is given up by both, and κ′_a κ″_b ≤ κ′_b κ″_a for each task a that the first gives up
    and each task b that the second gives up.

    Examples
    --------
    Take a task for p of another one, or give it up for 1:

    >>> [are_polarized((Fraction(1), -p), (Fraction(-1), Fraction(1)))
    ...  for p in (Fraction(1, 2), Fraction(1), Fraction(3, 2))]
    [True, True, False]
    """
    first, second = given_up(one), given_up(other)
    return not first & second and all(one[a] * other[b] <= one[b] * other[a] for a in first for b in second)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The answer of Farkas's program about two rays: one of the two proofs."""

    weights: tuple[Fraction, Fraction] | None
    """If they are polarized: y′ + y″ = 1 with y′κ′ + y″κ″ ≥ 0."""
    type: Type | None
    """If they are not: c ≥ 0 with c·κ′ < 0 and c·κ″ < 0."""


def weigh(one: Sequence[Fraction], other: Sequence[Fraction]) -> Weighed:
    """Decide by a linear program whether two rays are polarized (Lemma 5, by Farkas's lemma).

    The program finds weights y′ + y″ = 1 with y′κ′ + y″κ″ + s ≥ 0 and the least s ≥ 0. If s > 0, its prices
    are a type that likes both rays.

    Examples
    --------
    >>> print(*weigh((Fraction(1), Fraction(-1)), (Fraction(-1), Fraction(1))).weights)
    1/2 1/2
    >>> print(*weigh((Fraction(1), Fraction(-2)), (Fraction(-1), Fraction(1))).type)
    3/5 2/5
    """
    program = Program()
    first, second, short = program.variable(), program.variable(), program.variable(-1)
    program.equals({first: 1, second: 1}, 1)
    for a, b in zip(one, other, strict=True):
        program.at_most({first: -a, second: -b, short: -1}, 0)
    best = program.solve()
    if best.value:
        return Weighed(None, best.prices[1:])
    return Weighed((best.point[first], best.point[second]), None)


def find_type_liking_both(one: Sequence[Fraction], other: Sequence[Fraction]) -> Type | None:
    """Search for a type c ≥ 0 with c·κ′ < 0 and c·κ″ < 0; two coordinates that are not 0 suffice.

    Returns
    -------
    tuple of Fraction or None
        None if the rays are polarized.

    Examples
    --------
    >>> print(*find_type_liking_both((Fraction(1), Fraction(-3, 2)), (Fraction(-1), Fraction(1))))
    5/4 1
    """
    tasks = len(one)
    for i in range(tasks):
        if one[i] < 0 and other[i] < 0:
            return tuple(Fraction(int(k == i)) for k in range(tasks))
    for i, k in permutations(range(tasks), 2):
        lowest, highest = Fraction(0), None
        for ray in (one, other):  # which t > 0 have t·κ_i + κ_k < 0
            if ray[i] > 0:
                bound = -ray[k] / ray[i]
                highest = bound if highest is None else min(highest, bound)
            elif ray[i] < 0:
                lowest = max(lowest, ray[k] / -ray[i])
            elif ray[k] >= 0:
                highest = Fraction(0)
        if highest is None or lowest < highest:
            t = lowest + 1 if highest is None else (lowest + highest) / 2
            return tuple(t if j == i else Fraction(int(j == k)) for j in range(tasks))
    return None


def positive_type(kind: Sequence[Fraction], rays: Sequence[Sequence[Fraction]]) -> Type:
    """Raise the coordinates of a type that are 0, so little that it still likes the same rays.

    Parameters
    ----------
    kind : sequence of Fraction
        A type c ≥ 0 with c·κ < 0 for each ray.

    Examples
    --------
    >>> print(*positive_type((Fraction(1), Fraction(0)), [(Fraction(-1), Fraction(3))]))
    1 1/6
    """
    least = min(
        (
            -dot(kind, ray) / (2 * growth)
            for ray in rays
            if (growth := sum((x for x, c in zip(ray, kind, strict=True) if not c), Fraction(0))) > 0
        ),
        default=Fraction(1),
    )
    return tuple(c or min(least, Fraction(1)) for c in kind)


def find_type_in_box(
    one: Sequence[Fraction],
    other: Sequence[Fraction],
    low: Sequence[Fraction],
    high: Sequence[Fraction],
) -> Type | None:
    """Find a type in a box that likes both rays: c·κ′ < 0 and c·κ″ < 0 with low ≤ c ≤ high.

    A linear program finds the type for which the less liked ray is liked most.

    Examples
    --------
    >>> one, other = (Fraction(1), Fraction(-3, 2)), (Fraction(-1), Fraction(1))
    >>> print(*find_type_in_box(one, other, (Fraction(1),) * 2, (Fraction(2),) * 2))
    2 8/5
    >>> find_type_in_box(one, other, (Fraction(1),) * 2, (Fraction(1),) * 2) is None
    True
    """
    if are_polarized(one, other):
        return None
    program = Program()
    moves = [program.variable() for _ in low]
    gain = program.variable(1)
    for move, least, most in zip(moves, low, high, strict=True):
        program.at_most({move: 1}, most - least)
    for ray in (one, other):
        program.at_most({**dict(zip(moves, ray, strict=True)), gain: 1}, -dot(low, ray))
    try:
        best = program.solve()
    except InfeasibleError:
        return None
    if not best.value:
        return None
    return tuple(least + best.point[move] for move, least in zip(moves, low, strict=True))


def pairs_not_polarized(rays: Sequence[Sequence[Fraction]]) -> Iterator[tuple[int, int]]:
    """List the pairs of rays of one menu that are not polarized, by their places.

    Examples
    --------
    >>> list(pairs_not_polarized([(Fraction(1), Fraction(-2)), (Fraction(-1), Fraction(1))]))
    [(0, 1)]
    """
    for k, one in enumerate(rays):
        for place, other in enumerate(rays[k + 1 :], k + 1):
            if not are_polarized(one, other):
                yield k, place
