"""Weighted capacities: tasks of different weight, and a limit to what an agent's tasks weigh together.

The paper's concluding remarks say that the solution "generalizes readily" once maximal announcements are
found. Beside c_it, agent i here has a limit L_i to Σ_t w_t·x_it. What carries over and what needs care:

- **Legal announcements** of agent j are the rows within its bounds and its limit from which the later agents
  can do the rest. Whether they can is a question of packing (with one task of each type it is bin packing),
  and no longer one of bounds type by type.
- **There is no maximal announcement** x̄_j any more: the legal rows are no box, and the greatest ones differ
  in how many tasks they have. What takes the place of Σ_t x̄_jt in p* is the greatest *number* of tasks in a
  legal row. With limits that do not bind it is the same number.
- **It has to be looked for among legal rows.** The most tasks that fit the agent's own limit, the lightest
  first, may leave to the others what they cannot carry.
- **More is legal where less is**: a row above a legal one, within the agent's own bounds and limit, is legal,
  because the later agents can do what they would have done, less what is taken from them. So the greatest
  number is that of a row which nothing can be added to.
- D fits, so in the special domain agent 1's number is its contract, and p*_1 its share of all contracts. The
  last agent has a single legal row, the rest.
- The number depends on earlier announcements only. So p*_j depends on neither x_j nor later rows, which is
  all that the "if" part of Proposition 2 needs: least-cost allocations are implemented, ties aside, as they
  are without weights.

Small problems are searched exhaustively, subgame by subgame; what matters of a history is how much of each
type it leaves. Larger ones go to HiGHS: the whole-unit point it returns is checked exactly, and whether the
answer is *proved* is said with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import prod
from operator import add, sub
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import is_feasible
from parley.mechanisms.coordination.axioms.equilibrium import Outcome, StageOne
from parley.mechanisms.coordination.axioms.triple import Recognition, Row, Rows, Triple, rows_of, running
from parley.mechanisms.coordination.recognition import stick_breaking
from parley.mechanisms.coordination.research import weighted_highs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from parley.mechanisms.coordination.problem import Problem

SEARCHED = 10**6
"""Up to so many pairs of a subgame and a row a problem is searched exhaustively."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best of the weighted allocations that continue some announcements."""

    allocation: Rows
    """X in units, announced rows included; feasible, checked exactly."""
    value: Fraction
    """What was asked for, at this allocation: the least cost, or the most units."""
    proved: bool
    """Whether nothing better exists for certain; else it is the solver's word."""


@dataclass(frozen=True, eq=False)
class WeightedProblem:
    """A problem with a weight for each task type and a limit for each agent.

    Raises
    ------
    ParleyError
        If weights or limits do not match the problem, are negative, or if the contracts do not fit.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> weighted = WeightedProblem(example_1(), (1, 1, 1, 1, 2), (9, 5, 5, 5, 5))
    >>> weighted.allows(example_1().contracted), maximal_total(weighted, ()).value
    (True, Fraction(9, 1))
    >>> WeightedProblem(example_1(), (1, 1, 1, 1, 2), (9, 5, 5, 5, 1))
    Traceback (most recent call last):
    parley.core.errors.ParleyError: limits[4]: agent 5's contracts weigh 2, more than its limit of 1
    """

    problem: Problem
    weights: tuple[int, ...]
    """w_t: of one unit of each type; whole and not negative."""
    limits: tuple[int, ...]
    """L_i: to what each agent's units weigh together."""
    _known: dict[tuple[str, int, Row], tuple[Fraction, Row] | None] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        for name, values, count, what in (
            ("weights", self.weights, self.problem.task_types, "task types"),
            ("limits", self.limits, self.problem.agents, "agents"),
        ):
            if len(values) != count:
                raise ParleyError(f"{name}: {len(values)} numbers for {count} {what}")
            for k, value in enumerate(values):
                if value < 0 or value != int(value):
                    raise ParleyError(f"{name}[{k}]: {value} is not a whole number of at least 0")
        for i, (row, limit) in enumerate(zip(self.contracted, self.limits, strict=True)):
            if (weight := self.weight(row)) > limit:
                raise ParleyError(
                    f"limits[{i}]: agent {i + 1}'s contracts weigh {weight}, more than its limit of {limit}"
                )

    @cached_property
    def contracted(self) -> Rows:
        """D in units."""
        return rows_of(self.problem.contracted)

    @cached_property
    def capacity(self) -> Rows:
        """C in units."""
        return rows_of(self.problem.capacity)

    @cached_property
    def spare(self) -> Rows:
        """What agents after each one could add to their contracts, by type, if nothing weighed anything."""
        room = [tuple(map(sub, c, d)) for c, d in zip(self.capacity, self.contracted, strict=True)]
        return (*running(room[:0:-1])[::-1], (0,) * self.problem.task_types)

    @cached_property
    def is_small(self) -> bool:
        """Whether an exhaustive search is feasible."""
        pairs = 0
        for upto, limit in zip(running(self.contracted), self.capacity, strict=True):
            pairs += prod((p + 1) * (min(p, c) + 1) for p, c in zip(upto, limit, strict=True))
        return pairs <= SEARCHED

    def weight(self, row: Row) -> int:
        """What a row weighs."""
        return sum(w * x for w, x in zip(self.weights, row, strict=True))

    def allows(self, X: ArrayLike) -> bool:
        """Whether X is an allocation that agents can announce, with nobody above its limit."""
        return is_feasible(self.problem, X) and all(
            self.weight(row) <= limit for row, limit in zip(rows_of(X), self.limits, strict=True)
        )

    # ── exhaustive search ───────────────────────────────────────────────────────────────────────────────────
    # A subgame is (j, carried): agent j announces next, and earlier agents have left so much of each type.

    def carried(self, announced: Rows) -> Row:
        """Units of each type that agents who have announced leave to later ones."""
        left: Row = (0,) * self.problem.task_types
        for d, x in zip(self.contracted, announced, strict=False):
            left = tuple(map(sub, map(add, left, d), x))
        return left

    def legal(self, j: int, carried: Row) -> Iterator[tuple[Row, Row]]:
        """Legal rows of agent j, each with what it leaves, in lexicographic order."""
        pool = tuple(map(add, carried, self.contracted[j]))
        ranges = (
            range(max(0, there - spare), min(there, most) + 1)
            for there, spare, most in zip(pool, self.spare[j], self.capacity[j], strict=True)
        )
        for row in product(*ranges):
            left = tuple(map(sub, pool, row))
            if self.weight(row) <= self.limits[j] and self.best("any", j + 1, left) is not None:
                yield row, left

    def best(self, aim: str, j: int, carried: Row) -> tuple[Fraction, Row] | None:
        """Value and first row of the best continuation; None if there is none.

        The aim is ``any`` continuation, the ``least`` cost of all, or the ``most`` units of agent j.
        """
        if j == self.problem.agents:
            return None if any(carried) else (Fraction(0), ())
        key = aim, j, carried
        if key not in self._known:
            self._known[key] = self._searched(aim, j, carried)
        return self._known[key]

    def _searched(self, aim: str, j: int, carried: Row) -> tuple[Fraction, Row] | None:
        rows = self.legal(j, carried)
        if aim == "any":
            return next(((Fraction(0), row) for row, _ in rows), None)
        if aim == "most":
            return max(((Fraction(sum(row)), row) for row, _ in rows), default=None)
        options = []
        for row, left in rows:
            after = self.best(aim, j + 1, left)
            if after is not None:
                options.append((self.problem.cost(j, sum(row)) + after[0], row))
        return min(options, default=None)

    def follow(self, aim: str, announced: Rows) -> tuple[Fraction, Rows] | None:
        """Value and allocation of the best continuation."""
        first = self.best(aim, len(announced), self.carried(announced))
        if first is None:
            return None
        rows = announced
        while len(rows) < self.problem.agents:
            step = self.best(
                aim if aim == "least" or rows == announced else "any", len(rows), self.carried(rows)
            )
            if step is None:
                raise ArithmeticError("the search contradicts itself")
            rows = (*rows, step[1])
        return first[0], rows


def completion(weighted: WeightedProblem, announced: Rows = ()) -> Found | None:
    """Find how the later agents can do the rest, if they can.

    Parameters
    ----------
    announced : tuple of rows
        Announcements of the first agents, in units, within their bounds.

    Returns
    -------
    Found or None
        An allocation is a proof. None is one for problems that are searched (`WeightedProblem.is_small`), and
        HiGHS's word for larger ones.

    Examples
    --------
    Agent 1 can do a unit of either type. If it takes the light one, nobody can do the heavy one:

    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> from parley.mechanisms.coordination.problem import Problem
    >>> import numpy as np
    >>> problem = Problem(np.array([[1, 1], [0, 0]]), np.array([[1, 1], [1, 1]]),
    ...     (Quadratic(Fraction(1)),), Fraction(1, 2))
    >>> weighted = WeightedProblem(problem, (1, 2), (3, 1))
    >>> completion(weighted, ((1, 0),)), completion(weighted, ((0, 1),)).allocation
    (None, ((0, 1), (1, 0)))
    """
    return _found(weighted, announced, "any")


def maximal_total(weighted: WeightedProblem, announced: Rows) -> Found:
    """Find the generalized maximal announcement: the most units that the next agent can legally announce.

    Parameters
    ----------
    announced : tuple of rows
        Legal announcements of the first k < n agents, in units.

    Returns
    -------
    Found
        With the number of units as value.

    Raises
    ------
    ParleyError
        If the announcements are not legal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> weighted = WeightedProblem(example_1(), (1, 1, 2, 3, 1), (9, 6, 8, 8, 4))
    >>> found = maximal_total(weighted, ((4, 0, 0, 0, 0), (1, 4, 0, 0, 0)))
    >>> print(found.value, found.allocation[2], found.proved)
    5 (2, 0, 3, 0, 0) True
    """
    return _legal(_found(weighted, announced, "most"), announced)


def least_cost(weighted: WeightedProblem, announced: Rows = ()) -> Found:
    """Find an allocation of least total cost among those that continue the announcements.

    It is proved if the problem was searched, or if the limits cost nothing: no allocation is cheaper than the
    best without limits, which is known exactly.

    Parameters
    ----------
    announced : tuple of rows
        Legal announcements of the first agents, in units; none by default.

    Returns
    -------
    Found
        With the total cost as value.

    Raises
    ------
    ParleyError
        If the announcements are not legal.

    Examples
    --------
    With these limits Example 1 costs more than the 89 it costs without:

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> weighted = WeightedProblem(example_1(), (1, 1, 2, 3, 1), (9, 6, 8, 8, 4))
    >>> print(least_cost(weighted).value)
    91
    """
    return _legal(_found(weighted, announced, "least"), announced)


def _legal(found: Found | None, announced: Rows) -> Found:
    if found is None:
        raise ParleyError(f"later agents cannot do what {announced} leaves")
    return found


def _found(weighted: WeightedProblem, announced: Rows, aim: str) -> Found | None:
    n, m = weighted.problem.contracted.shape
    if len(announced) > n - (aim == "most") or any(len(row) != m for row in announced):
        raise ParleyError(f"{announced} are not announcements of {m} task types by {n} agents")
    for j, row in enumerate(announced):
        pool = map(add, weighted.carried(announced[:j]), weighted.contracted[j])
        inside = all(0 <= x <= min(p, c) for x, p, c in zip(row, pool, weighted.capacity[j], strict=True))
        if not inside or weighted.weight(row) > weighted.limits[j]:
            raise ParleyError(f"agent {j + 1} cannot announce {row} after {announced[:j]}")
    ask = _by_search if weighted.is_small else _by_highs
    return ask(weighted, announced, aim)


def _by_search(weighted: WeightedProblem, announced: Rows, aim: str) -> Found | None:
    """Search all subgames."""
    followed = weighted.follow(aim, announced)
    if followed is None:
        return None
    value, rows = followed
    if aim == "least":
        value = weighted.problem.total_cost(rows)
    return Found(rows, value, proved=True)


def _by_highs(weighted: WeightedProblem, announced: Rows, aim: str) -> Found | None:
    """Ask HiGHS, check what it returns, and see whether that is proved by a simpler bound."""
    problem, k = weighted.problem, len(announced)
    if k == problem.agents:
        rows: Rows | None = announced if weighted.allows(announced) else None
    else:
        rows = weighted_highs.best_rows(problem, weighted.weights, weighted.limits, announced, aim)
    if rows is None:
        return None
    if not weighted.allows(rows):
        raise ArithmeticError("HiGHS returned a point that is not feasible in whole units")
    if aim == "any":
        return Found(rows, Fraction(0), proved=True)
    if aim == "most":
        units = sum(rows[k])
        return Found(rows, Fraction(units), proved=units == fitting_units(weighted, announced))
    cost = problem.total_cost(rows)
    return Found(rows, cost, proved=cost == cost_effective(problem, announced).total_cost)


def fitting_units(weighted: WeightedProblem, announced: Rows) -> int:
    """Count the most units that fit the next agent's own bounds and limit, whatever they leave to others.

    The lightest first. Never less than the generalized maximal announcement, and sometimes more.

    Examples
    --------
    Agent 2 has room for the heavy unit, or for the two light ones that agent 1 leaves; but agent 3 cannot do
    the heavy one.

    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> from parley.mechanisms.coordination.problem import Problem
    >>> import numpy as np
    >>> problem = Problem(np.array([[2, 0], [0, 1], [0, 0]]), np.array([[2, 0], [2, 1], [2, 1]]),
    ...     (Quadratic(Fraction(1)),), Fraction(1, 2))
    >>> weighted = WeightedProblem(problem, weights=(1, 3), limits=(2, 3, 2))
    >>> fitting_units(weighted, ((0, 0),)), maximal_total(weighted, ((0, 0),)).value
    (2, Fraction(1, 1))
    """
    j = len(announced)
    pool = map(add, weighted.carried(announced), weighted.contracted[j])
    fits, left = 0, weighted.limits[j]
    for weight, most in sorted(zip(weighted.weights, map(min, pool, weighted.capacity[j]), strict=True)):
        units = min(most, left // weight) if weight else most
        fits += units
        left -= units * weight
    return fits


def legal_announcements(weighted: WeightedProblem, announced: Rows = ()) -> Iterator[Row]:
    """Legal announcements of the next agent, in lexicographic order, by exhaustive search.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> weighted = WeightedProblem(example_1(), (1, 1, 1, 1, 1), (9, 5, 4, 4, 2))
    >>> list(legal_announcements(weighted, ((6, 0, 0, 0, 0),)))
    [(0, 5, 0, 0, 0), (1, 4, 0, 0, 0), (2, 3, 0, 0, 0)]
    """
    return (row for row, _ in weighted.legal(len(announced), weighted.carried(announced)))


WeightedRecognition = Callable[[WeightedProblem, Rows], tuple[Fraction, ...]]
"""Recognition probabilities at an allocation of a weighted problem."""


def weighted_p_star(weighted: WeightedProblem, X: Rows) -> tuple[Fraction, ...]:
    """p* with the generalized maximal announcement: g(j) = (most units agent j can announce) / R_j.

    Parameters
    ----------
    X : tuple of rows
        An allocation that the limits allow, in units.

    Returns
    -------
    tuple of Fraction, length n

    Examples
    --------
    With limits that do not bind it is p*:

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = ((5, 0, 0, 0, 0), (1, 3, 0, 0, 0), (1, 1, 2, 0, 0), (1, 1, 1, 1, 0), (1, 0, 1, 1, 1))
    >>> print(*weighted_p_star(WeightedProblem(example_1(), (1, 1, 1, 1, 1), (9, 7, 8, 6, 6)), X))
    3/7 1/4 3/14 15/224 9/224
    >>> print(*weighted_p_star(WeightedProblem(example_1(), (1, 1, 1, 1, 1), (9, 5, 5, 4, 4)), X))
    3/7 5/28 55/336 11/96 11/96
    """
    fractions = []
    remaining = weighted.problem.total
    for j, row in enumerate(X[:-1]):
        fractions.append((int(maximal_total(weighted, X[:j]).value), remaining))
        remaining -= sum(row)
    return stick_breaking([*fractions, (0, 0)])


def regardless_of_weights(p: Recognition) -> WeightedRecognition:
    """Take a recognition function of the paper's problems (X, D, C), which knows no weights."""
    return lambda weighted, X: p(Triple(X, weighted.contracted, weighted.capacity))


class _WeightedGame:
    def __init__(self, weighted: WeightedProblem, p: WeightedRecognition) -> None:
        self.weighted, self.p = weighted, p
        self.agents = weighted.problem.agents
        self._default = weighted.problem.total_cost(weighted.problem.contracted)

    def announcements(self, announced: Rows) -> Iterable[Row]:
        """Legal rows."""
        return legal_announcements(self.weighted, announced)

    def outcome(self, allocation: Rows) -> Outcome:
        """Stage 2 as in Proposition 1."""
        cost = self.weighted.problem.total_cost(allocation)
        saved = self._default - cost
        if saved <= 0:
            return Outcome(allocation, self._default, (Fraction(0),) * self.agents)
        return Outcome(allocation, cost, tuple(p * saved for p in self.p(self.weighted, allocation)))


def weighted_stage_one(weighted: WeightedProblem, p: WeightedRecognition = weighted_p_star) -> StageOne:
    """Stage 1 with legal announcements only, for ``equilibrium.backward_induction``.

    Parameters
    ----------
    weighted : WeightedProblem
        Small enough to be searched.
    p : callable
        From a weighted problem and an allocation to n recognition probabilities.

    Examples
    --------
    >>> from parley.mechanisms.coordination.axioms.equilibrium import backward_induction
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> weighted = WeightedProblem(example_1(), (1, 1, 2, 3, 1), (9, 6, 8, 8, 4))
    >>> found = backward_induction(weighted_stage_one(weighted))
    >>> print(*{outcome.cost for outcome in found.outcomes}, found.cost_effective_everywhere)
    91 True
    """
    return _WeightedGame(weighted, p)
