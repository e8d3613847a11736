"""Cost-effective implementation (Axiom 1) through Proposition 2, and games in which it fails.

Proposition 2: p satisfies the axiom if and only if no agent's probability depends on its own announcement
or on later ones. One direction is a test (`moves_probability`), the other a construction (`costs_against`):
two allocations between which p_j differs become strictly convex costs under which agent j gains by the one
that is not cost-effective.

The proof in the paper works with costs that are within ε of a linear function beyond what X and Y ask for,
and lets ε vanish (Figures 3 and 4). In whole units it is enough to move one unit between agent j and a later
agent: if p_j differs between two allocations that agree before j, it differs across such a move wherever the
difference can be made of them step by step. `costs_against` gives every agent marginal costs

* below a price λ for the units that it does at X, so that X is cost-effective, and uniquely so in workloads;
* above λ, but by next to nothing, for the one unit that changes hands, so that Y costs 1 more than X;
* far above λ for any unit beyond what X and Y ask of it. Under the contracts somebody does such a unit, so
  that both allocations save almost everything that can be saved.

Then Δ(X)/Δ(Y) is as close to 1 as one likes while p_j(Y) > p_j(X). (The printed proof does not ask for a unit
of the last kind. Where nobody has contracted on more than X and Y ask of it, Δ vanishes together with ε, and
the pair proves nothing; such pairs are passed over.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.axioms.triple import Recognition, Rows, Triple
from parley.mechanisms.coordination.costs import MAX_BREAKPOINTS, Piecewise
from parley.mechanisms.coordination.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

CONTINUATION = Fraction(9, 10)
"""δ of the games that are built; expected costs do not depend on it."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """Two allocations, one unit apart, between which an agent's probability differs.

    They agree before agent j; one unit of one type changes hands between j and a later agent.
    """

    agent: int
    """j."""
    later: int
    """Who gives the unit or takes it."""
    lower: Triple
    """At its allocation X, p_j is lower."""
    higher: Triple
    """At its allocation Y, p_j is higher."""
    probabilities: tuple[Fraction, Fraction]
    """p_j(X) < p_j(Y)."""


def moves(triple: Triple, j: int) -> Iterator[tuple[int, Triple]]:
    """Move one unit of one type between agent j and a later agent, in every way that is legal.

    Yields
    ------
    (k, triple)
        The later agent, and the problem at the other allocation.

    Examples
    --------
    >>> triple = Triple.of([[2], [1]], [[3], [0]], [[3], [2]])
    >>> [(k, other.allocation) for k, other in moves(triple, 0)]
    [(1, ((3,), (0,))), (1, ((1,), (2,)))]
    """
    for k in range(j + 1, triple.agents):
        for t in range(triple.task_types):
            for step in (1, -1):
                rows = [list(row) for row in triple.allocation]
                rows[j][t] += step
                rows[k][t] -= step
                other = Triple(tuple(map(tuple, rows)), triple.contracted, triple.capacity)
                if other.valid:
                    yield k, other


def moves_probability(p: Recognition, triple: Triple, j: int) -> Iterator[Dependence]:
    """Find the moves of one unit by agent j, or behind it, that change p_j.

    Parameters
    ----------
    j : int
        An agent with later ones.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> triple = Triple.of([[2], [1]], [[3], [0]], [[3], [2]])
    >>> list(moves_probability(recognition_of("p-star"), triple, 0))
    []
    >>> found = next(moves_probability(recognition_of("announcement-proportional"), triple, 0))
    >>> found.lower.allocation, found.higher.allocation, [str(p) for p in found.probabilities]
    (((2,), (1,)), ((3,), (0,)), ['2/3', '1'])
    """
    here = p(triple)[j]
    for k, other in moves(triple, j):
        there = p(other)[j]
        if here < there:
            yield Dependence(j, k, triple, other, (here, there))
        elif here > there:
            yield Dependence(j, k, other, triple, (there, here))


@dataclass(frozen=True, slots=True)
class ManipulableGame:
    """A game in which an agent gains by announcing what is not cost-effective."""

    problem: Problem
    """With the costs that were built."""
    agent: int
    """j."""
    allocation: Rows
    """X: cost-effective, where all announce cost-effectively."""
    deviation: Rows
    """Y: where agent j announces y_j, and the later agents cost-effectively after it."""
    probabilities: tuple[Fraction, Fraction]
    """p_j(X) < p_j(Y)."""
    costs: tuple[Fraction, Fraction]
    """What agent j expects to bear at X and at Y."""

    @property
    def gain(self) -> Fraction:
        """What agent j gains, in units of cost; above zero."""
        return self.costs[0] - self.costs[1]


def costs_against(found: Dependence) -> tuple[Piecewise, ...] | None:
    """Build costs under which agent j gains by announcing as at Y (Proposition 2, 'only if').

    Returns
    -------
    tuple of n cost functions, or None
        Marginal costs rise with every unit: between whole loads the functions are linear, and any strictly
        convex ones through the same values give the same game in whole units. None if nobody has contracted
        on more than X and Y ask of it, or somebody could do more than 16 units, which is as many segments
        as one function on chain has.

    Examples
    --------
    Two agents and one type of tasks: agent 1 has contracted on three, and keeps two of them at Y.

    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> p = recognition_of("announcement-proportional")
    >>> X = Triple.of([[1], [2]], [[3], [0]], [[3], [2]])
    >>> Y = Triple.of([[2], [1]], [[3], [0]], [[3], [2]])
    >>> found = Dependence(0, 1, X, Y, (p(X)[0], p(Y)[0]))
    >>> [list(map(int, cost.slopes)) for cost in costs_against(found)]
    [[1, 5, 9], [1, 4]]
    """
    X, Y, j, k = found.lower, found.higher, found.agent, found.later
    at_X, at_Y = (list(map(sum, triple.allocation)) for triple in (X, Y))
    most = [max(pair) for pair in zip(at_X, at_Y, strict=True)]
    contracted = list(map(sum, X.contracted))
    limits = [min(sum(row), X.total) for row in X.capacity]
    dear = sum(max(d - top, 0) for d, top in zip(contracted, most, strict=True))
    if not dear or max(limits) > MAX_BREAKPOINTS:
        return None
    total = X.total
    slopes = [
        [z if z <= top else 0 for z in range(1, limit + 1)] for top, limit in zip(most, limits, strict=True)
    ]
    # The unit that changes hands: who does it at X finds it cheaper by one.
    gives, takes = (k, j) if at_Y[j] > at_X[j] else (j, k)
    slopes[gives][at_X[gives] - 1] = total + 1
    slopes[takes][at_Y[takes] - 1] = total + 2
    # From this Δ(X) on, the gain p_j(Y)·(Δ(X) − 1) − p_j(X)·Δ(X) is at least half of (p_j(Y) − p_j(X))·Δ(X).
    low, high = found.probabilities
    wanted = 2 * high / (high - low)
    level = max(total + 3, -(-(wanted - _saved_by_units(_raised(slopes, 0), contracted, at_X)) // dear))
    return tuple(_through(own) for own in _raised(slopes, int(level)))


def _raised(slopes: list[list[int]], level: int) -> list[list[int]]:
    """Fill in the marginal costs of units beyond what X and Y ask for."""
    return [[slope or level + z for z, slope in enumerate(own, start=1)] for own in slopes]


def _saved_by_units(slopes: list[list[int]], before: list[int], after: list[int]) -> int:
    return sum(sum(own[:d]) - sum(own[:x]) for own, d, x in zip(slopes, before, after, strict=True))


def _through(slopes: list[int]) -> Piecewise:
    """The function whose z-th unit costs slopes[z − 1]; one that can do nothing has a first unit too."""
    slopes = slopes or [1]
    return Piecewise(tuple(map(Fraction, range(len(slopes)))), tuple(map(Fraction, slopes)))


def manipulable_game(p: Recognition, found: Dependence) -> ManipulableGame | None:
    """Make a game of two allocations between which p_j differs, and check it from the definitions.

    Returns
    -------
    ManipulableGame or None
        None where no costs can be built, or where agents after j would not follow (their own probabilities
        depend on later announcements too).

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.triple import recognition_of
    >>> p = recognition_of("announcement-proportional")
    >>> triple = Triple.of([[1], [2]], [[3], [0]], [[3], [2]])
    >>> game = manipulable_game(p, next(moves_probability(p, triple, 0)))
    >>> game.allocation, game.deviation, game.gain
    (((1,), (2,)), ((2,), (1,)), Fraction(7, 3))
    """
    costs = costs_against(found)
    if costs is None:
        return None
    X, Y, j = found.lower, found.higher, found.agent
    problem = Problem(
        contracted=np.array(X.contracted),
        capacity=np.array(X.capacity),
        costs=costs,
        continuation=CONTINUATION,
    )
    alone = problem.cost(j, sum(X.contracted[j]))
    before, after = (
        alone - probability * _saved(problem, triple.allocation)
        for probability, triple in zip(found.probabilities, (X, Y), strict=True)
    )
    holds = (
        cost_effective(problem).total_cost == problem.total_cost(X.allocation)
        and cost_effective(problem, Y.allocation[: j + 1]).total_cost == problem.total_cost(Y.allocation)
        and after < before
    )
    if not holds or any(
        _depends(p, triple, later) for triple in (X, Y) for later in range(j + 1, X.agents - 1)
    ):
        return None
    return ManipulableGame(problem, j, X.allocation, Y.allocation, found.probabilities, (before, after))


def _saved(problem: Problem, X: ArrayLike) -> Fraction:
    return max(problem.total_cost(problem.contracted) - problem.total_cost(X), Fraction(0))


def _depends(p: Recognition, triple: Triple, j: int) -> bool:
    return next(moves_probability(p, triple, j), None) is not None
