"""Problems as the axioms see them, and recognition functions as maps of these (the paper's Section 3.1).

An n-agent problem is a triple (X, D, C): what is announced, contracted and possible. A recognition function p
gives every such triple, for every n, a point of the simplex; continuation, costs and names are no part of it.
This is the most general form. The functions of ``recognition`` are maps of *turns*, which the contract can
ask for one by one; `stick_broken` makes maps of triples of them. Quantities are integer units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING, Self

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.recognition import RECOGNITION, RecognitionFunction, Turn, stick_breaking

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from parley.mechanisms.coordination.problem import Problem

Row = tuple[int, ...]
Rows = tuple[Row, ...]


def rows_of(matrix: ArrayLike) -> Rows:
    """Read a matrix of whole numbers as tuples of plain integers."""
    return tuple(map(tuple, np.asarray(matrix, dtype=np.int64).tolist()))


def running(rows: Sequence[Row]) -> list[Row]:
    """Sum the first rows, for every number of them: Σ_{i≤j} of each type.

    Examples
    --------
    >>> running([(1, 2), (3, 4)])
    [(1, 2), (4, 6)]
    """
    return list(accumulate(rows, lambda one, other: tuple(map(add, one, other))))


@dataclass(frozen=True, slots=True)
class Triple:
    """A problem (X, D, C) with one agent or more.

    Examples
    --------
    >>> triple = Triple.of([[2, 0], [1, 3]], [[3, 0], [0, 3]], [[3, 0], [2, 3]])
    >>> triple.agents, triple.total, triple.excess, triple.maximal
    (2, 6, (1, 0), ((3, 0), (1, 3)))
    """

    allocation: Rows
    """X, in units."""
    contracted: Rows
    """D, in units."""
    capacity: Rows
    """C, in units."""

    @classmethod
    def of(cls, X: ArrayLike, D: ArrayLike, C: ArrayLike) -> Self:
        """Make one of three matrices, and check that it is a problem.

        Raises
        ------
        ParleyError
            If D ≤ C, 0 ≤ X ≤ C, the equality of column sums or the order of announcements (no first agents
            take on more of a type than they have contracted) does not hold.
        """
        triple = cls(rows_of(X), rows_of(D), rows_of(C))
        if not triple.valid:
            raise ParleyError(
                f"X = {triple.allocation} is not an allocation of D and C that can be announced"
            )
        return triple

    @classmethod
    def at(cls, problem: Problem, X: ArrayLike) -> Self:
        """The triple of a problem at a feasible allocation (in units)."""
        return cls(rows_of(X), rows_of(problem.contracted), rows_of(problem.capacity))

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.contracted)

    @property
    def task_types(self) -> int:
        """Number of task types m."""
        return len(self.contracted[0])

    @property
    def total(self) -> int:
        """Units contracted by all agents together."""
        return sum(map(sum, self.contracted))

    @property
    def excess(self) -> Row:
        """d_1 − x_1: what agent 1 has contracted and does not do, by type."""
        return tuple(d - x for d, x in zip(self.contracted[0], self.allocation[0], strict=True))

    @property
    def remaining(self) -> Row:
        """R_j: units not announced by the agents before j, for each j."""
        loads = [0, *accumulate(map(sum, self.allocation))]
        return tuple(self.total - load for load in loads[:-1])

    @property
    def maximal(self) -> Rows:
        """Maximal announcements x̄_jt = min(Σ_{i≤j} d_it − Σ_{i<j} x_it, c_jt)."""
        pools = self._pools()
        return tuple(tuple(map(min, pool, limit)) for pool, limit in zip(pools, self.capacity, strict=True))

    @property
    def valid(self) -> bool:
        """Whether this is a problem: see `of`."""
        X, D, C = self.allocation, self.contracted, self.capacity
        shapes = {tuple(map(len, rows)) for rows in (X, D, C)}
        if len(shapes) > 1 or not X or not X[0]:
            return False
        inside = all(
            0 <= d <= c and 0 <= x <= c
            for x_j, d_j, c_j in zip(X, D, C, strict=True)
            for x, d, c in zip(x_j, d_j, c_j, strict=True)
        )
        left = [
            tuple(d - x for d, x in zip(ds, xs, strict=True))
            for ds, xs in zip(running(D), running(X), strict=True)
        ]
        return inside and all(unit >= 0 for row in left for unit in row) and not any(left[-1])

    def times(self, units: int) -> Triple:
        """The same problem in units so many times finer."""

        def finer(rows: Rows) -> Rows:
            return tuple(tuple(units * x for x in row) for row in rows)

        return Triple(finer(self.allocation), finer(self.contracted), finer(self.capacity))

    def turns(self) -> list[Turn]:
        """What each agent's fraction g(j) may depend on, agent by agent."""
        n = self.agents
        from_here = [0] * n
        after = 0
        for j in reversed(range(n)):
            after += sum(self.contracted[j])
            from_here[j] = after
        remaining, maximal = self.remaining, self.maximal
        return [
            Turn(j, n, remaining[j], from_here[j], self.contracted[j], maximal[j], self.allocation[j])
            for j in range(n)
        ]

    def _pools(self) -> list[Row]:
        pools = []
        left: Row = (0,) * self.task_types
        for d_j, x_j in zip(self.contracted, self.allocation, strict=True):
            pool = tuple(map(add, left, d_j))
            pools.append(pool)
            left = tuple(p - x for p, x in zip(pool, x_j, strict=True))
        return pools


Recognition = Callable[[Triple], tuple[Fraction, ...]]
"""A recognition function p: recognition probabilities of every problem (X, D, C)."""


def stick_broken(function: RecognitionFunction) -> Recognition:
    """Make a map of triples of a function of turns: p_j = (1 − g(1)) ⋯ (1 − g(j − 1)) · g(j).

    Parameters
    ----------
    function : callable
        From a `Turn` to numerator and denominator of g(j).

    Returns
    -------
    callable
        From a `Triple` to a tuple of n Fractions.

    Raises
    ------
    ParleyError
        When called: if a fraction is not within [0, 1].

    Examples
    --------
    >>> p = recognition_of("p-star")
    >>> print(*p(Triple.of([[2, 0], [1, 3]], [[3, 0], [0, 3]], [[3, 0], [2, 3]])))
    1/2 1/2
    """

    def p(triple: Triple) -> tuple[Fraction, ...]:
        fractions = []
        for turn in triple.turns()[:-1]:
            numerator, denominator = function(turn)
            if not 0 <= numerator <= denominator:
                raise ParleyError(f"g = {numerator}/{denominator} is not within [0, 1], at {turn}")
            fractions.append((numerator, denominator))
        return stick_breaking([*fractions, (0, 0)])

    return p


def recognition_of(name: str) -> Recognition:
    """Look up a recognition function by the name that problem files use."""
    return stick_broken(RECOGNITION[name])
