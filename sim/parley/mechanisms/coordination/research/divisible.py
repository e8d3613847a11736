"""Divisible tasks, as the paper has them, beside the whole units that the chain has.

Let f^(k) be the cost function that agrees with f at the multiples of 1/k task and is linear between them.

**Integrality.** With D and C on the grid of 1/k task, the least cost F_k of allocations on that grid is the
least of F^(k) over *all* divisible allocations: allocations are flows in a network, F^(k) is linear between
neighbouring grid loads, and flows with whole bounds have whole optima.

So the price of whole units is an interpolation error. With F* the least cost of divisible tasks, attained at
workloads s*,

    0 ≤ F_k − F* ≤ Σ_i [f_i^(k)(s*_i) − f_i(s*_i)],

which is zero for costs that are linear between grid points, and for f_i(z) = α_i·z² + β_i·z at most
Σ_i α_i / 4k², since the chord over a cell of width h lies at most α·h²/4 above the parabola. Nothing else of
the theory needs divisible tasks: p* looks at announcements of any size, and the proof that single agents gain
nothing compares finitely many allocations as it does many.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.allocation import cost_effective
from parley.mechanisms.coordination.announcements import check_feasible
from parley.mechanisms.coordination.costs import Piecewise, Power
from parley.mechanisms.coordination.problem import Problem
from parley.mechanisms.coordination.research.divisible_decomposition import (
    FractionRow,
    FractionRows,
    is_rational,
    optimal_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from parley.mechanisms.coordination.allocation import Prices
    from parley.mechanisms.coordination.costs import Cost

# Of costs that are neither quadratic nor piecewise linear, the optimum is looked for on these grids, and
# enclosed on the finest.
_GRIDS = range(1, 13)
_FINEST = 10**6
# Tangent points are found to so many binary digits after the leading one.
_BITS = 80


@dataclass(frozen=True, slots=True)
class DivisibleOptimum:
    """The best allocation of divisible tasks, or one that is known to be near it."""

    allocation: FractionRows
    """X in tasks, shape (n, m), announced rows included."""
    total_cost: Fraction
    """F(X)."""
    lower: Fraction
    """Proved: no allocation of divisible tasks (with the announced rows) costs less."""

    @property
    def workloads(self) -> FractionRow:
        """Row sums, in tasks."""
        return tuple(sum(row, Fraction(0)) for row in self.allocation)

    @property
    def width(self) -> Fraction:
        """F(X) − `lower`: zero where X is proved optimal."""
        return self.total_cost - self.lower


@dataclass(frozen=True, slots=True)
class Gap:
    """What whole units cost beyond divisible tasks."""

    unit: int
    """Units per task."""
    total_cost: Fraction
    """F_k, the least cost in these units."""
    least: Fraction
    """F_k − F* is at least this,"""
    most: Fraction
    """and at most this; the same number where the divisible optimum is known exactly."""
    bound: Fraction
    """What theory promises: Σ_i [f_i^(k)(s_i) − f_i(s_i)] at the divisible workloads, and their width."""


def finer(problem: Problem, times: int) -> Problem:
    """State the same problem in units so many times finer; costs in wei and the bond are chosen anew.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> cost_effective(finer(example_1(), 5)).total_cost
    Fraction(441, 5)
    """
    return Problem(
        contracted=problem.contracted * times,
        capacity=problem.capacity * times,
        costs=problem.costs,
        continuation=problem.continuation,
        recognition=problem.recognition,
        unit=problem.unit * times,
    )


def divisible_optimum(problem: Problem, announced: ArrayLike = ()) -> DivisibleOptimum:
    """Find a cost-effective allocation of divisible tasks (the paper's Section 2.1), exactly where possible.

    With quadratic and piecewise-linear costs it is exact, whatever the numbers. With other powers the
    optimum may be irrational: it is exact if one lies on the grid of 1/12 unit or a coarser one, and else
    enclosed between the least cost in units a million times finer and a dual bound. Either way the answer is
    certified by `improving_exchange` or `dual_bound`, which know nothing of how it was found.

    Parameters
    ----------
    announced : array_like of int, shape (k, m)
        Announcements of the first k agents, in units; none by default.

    Raises
    ------
    ProblemError
        If an announcement is not legal.

    Examples
    --------
    In divisible tasks the paper's Example 1 saves 194/5 and not 38:

    >>> from parley.mechanisms.coordination.problem import example_1
    >>> best = divisible_optimum(example_1())
    >>> print(best.total_cost, best.width, *best.workloads)
    441/5 0 21/5 21/5 21/5 21/5 21/5
    """
    rows = np.asarray(announced, dtype=np.int64).reshape(-1, problem.task_types)
    check_feasible(problem, rows)
    k = len(rows)
    if not all(map(is_rational, problem.costs[k:])):
        return _on_grids(problem, rows)
    X = in_tasks(problem, rows)
    if k < problem.agents:
        contracted = problem.contracted[k:].copy()
        contracted[0] += problem.contracted[:k].sum(axis=0) - rows.sum(axis=0)
        X += optimal_rows(contracted, problem.capacity[k:], problem.costs[k:], problem.unit)
    if improving_exchange(problem, X, k) is not None:
        raise ArithmeticError("the allocation found is not optimal")
    cost = divisible_cost(problem, X)
    return DivisibleOptimum(X, cost, cost)


def _on_grids(problem: Problem, rows: NDArray[np.int64]) -> DivisibleOptimum:
    for times in _GRIDS:
        fine = finer(problem, times)
        X = in_tasks(fine, cost_effective(fine, rows * times).matrix)
        if improving_exchange(problem, X, len(rows)) is None:
            cost = divisible_cost(problem, X)
            return DivisibleOptimum(X, cost, cost)
    fine = finer(problem, _FINEST)
    found = cost_effective(fine, rows * _FINEST)
    lower = dual_bound(fine, found.prices, rows * _FINEST)
    return DivisibleOptimum(in_tasks(fine, found.matrix), found.total_cost, lower)


def in_tasks(problem: Problem, rows: NDArray[np.int64]) -> FractionRows:
    """Rows of whole units, in tasks.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> print(*in_tasks(finer(example_1(), 2), np.array([[3, 4]]))[0])
    3/2 2
    """
    return tuple(tuple(Fraction(x, problem.unit) for x in row) for row in rows.tolist())


def divisible_cost(problem: Problem, X: FractionRows) -> Fraction:
    """F(X) of divisible tasks; X in tasks, or its first rows."""
    return sum((cost(sum(row)) for cost, row in zip(problem.costs, X, strict=False)), Fraction(0))


def marginal_costs(cost: Cost, load: Fraction) -> tuple[Fraction, Fraction]:
    """Left and right derivative at a load in tasks; at no load, 0 stands for the left one.

    Examples
    --------
    >>> two = Piecewise((Fraction(0), Fraction(5)), (Fraction(1), Fraction(2)))
    >>> print(*marginal_costs(two, Fraction(5)), *marginal_costs(two, Fraction(0)))
    1 2 0 1
    """
    if isinstance(cost, Piecewise):
        right = cost.slopes[bisect_right(cost.breakpoints, load) - 1]
        left = cost.slopes[bisect_left(cost.breakpoints, load) - 1] if load else Fraction(0)
        return left, right
    if not isinstance(cost, Power):
        raise TypeError(f"no marginal cost is known of {cost}")
    right = Fraction(cost.exponent * cost.coefficient * load ** (cost.exponent - 1) + cost.linear)
    return (right if load else Fraction(0)), right


def improving_exchange(problem: Problem, X: FractionRows, first: int = 0) -> tuple[int, int] | None:
    """Find agents i and k such that total cost falls when i hands over a little work, and k takes it.

    It may go through others. An agent gives up some of a type, which goes back to the pool that those from
    some agent on can draw on; another takes it, and may give up another type instead. Cost is convex, and
    all that a round of such exchanges changes is two loads, so an allocation of divisible tasks is
    cost-effective if and only if there is no such pair.

    Parameters
    ----------
    X : tuple of tuples of Fraction, shape (n, m)
        An allocation in tasks.
    first : int
        How many rows are given, and do not change.

    Returns
    -------
    (int, int) or None
        Agents i and k, from 0; None if X costs least.

    Raises
    ------
    ParleyError
        If X is not an allocation that can be announced.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> improving_exchange(example_1(), divisible_optimum(example_1()).allocation)
    >>> improving_exchange(example_1(), in_tasks(example_1(), cost_effective(example_1()).matrix))
    (0, 3)
    """
    exchanges = _Exchanges(problem, X, first)
    loads = [sum(row, Fraction(0)) for row in X]
    slopes = [marginal_costs(cost, load) for cost, load in zip(problem.costs, loads, strict=True)]
    for i in range(first, problem.agents):
        for k in exchanges.reached_from(i):
            if slopes[k][1] < slopes[i][0]:
                return i, k
    return None


class _Exchanges:
    """Where a little work can go: between agents, and pools (agent, type) of what is not done before it."""

    def __init__(self, problem: Problem, X: FractionRows, first: int) -> None:
        self.problem, self.X, self.first = problem, X, first
        self.C = in_tasks(problem, problem.capacity)
        D = in_tasks(problem, problem.contracted)
        n, m = problem.contracted.shape
        if len(X) != n or any(len(row) != m for row in X):
            raise ParleyError(f"X is not a matrix of {n} × {m}")
        self.left: list[list[Fraction]] = []
        carried = [Fraction(0)] * m
        for x_j, d_j, c_j in zip(X, D, self.C, strict=True):
            carried = [left + d - x for left, d, x in zip(carried, d_j, x_j, strict=True)]
            self.left.append(carried)
            if any(left < 0 for left in carried) or not all(
                0 <= x <= c for x, c in zip(x_j, c_j, strict=True)
            ):
                raise ParleyError("X is not an allocation that can be announced")
        if any(carried):
            raise ParleyError("X leaves tasks undone")

    def reached_from(self, i: int) -> list[int]:
        """Agents that can take over some of agent i's work."""
        n, m = self.problem.contracted.shape
        agents = {i}
        pools: set[tuple[int, int]] = set()
        queue: deque[tuple[int, int]] = deque()
        for agent in (order := [i]):
            queue.extend((agent, t) for t in range(m) if self.X[agent][t] > 0)
            while queue:
                pool = j, t = queue.popleft()
                if pool in pools:
                    continue
                pools.add(pool)
                if j + 1 < n:
                    queue.append((j + 1, t))
                if j > self.first and self.left[j - 1][t] > 0:
                    queue.append((j - 1, t))
                if j not in agents and self.X[j][t] < self.C[j][t]:
                    agents.add(j)
                    order.append(j)
        return order[1:]


def dual_bound(problem: Problem, prices: Prices, announced: ArrayLike = ()) -> Fraction:
    """A cost that no allocation of divisible tasks undercuts, from any prices with b_jt ≤ b_{j+1,t}.

    With left_jt the tasks of type t that agents up to j leave to later ones, d_jt + left_{j−1,t} = x_jt +
    left_jt, and so for all prices

        F(X) = Σ_jt b_jt·d_jt + Σ_jt (b_{j+1,t} − b_jt)·left_jt + Σ_jt (a_j − b_jt)·x_jt
               + Σ_j [f_j(load_j) − a_j·load_j].

    The second sum is not negative; the third is at least Σ_jt min(0, a_j − b_jt)·c_jt; each term of the last
    is at least its minimum over all loads up to the agent's capacity.

    Parameters
    ----------
    prices : Prices
        Of the agents that have not announced, per unit of 1 / `problem.unit` task; the solver's prices in
        fine units make the bound tight.
    announced : array_like of int, shape (k, m)
        Announcements of the first k agents, in units.

    Returns
    -------
    Fraction
        In units of cost.

    Raises
    ------
    ParleyError
        If a price falls from one agent to the next.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> fine = finer(example_1(), 100)
    >>> print(dual_bound(fine, cost_effective(fine).prices), Fraction(441, 5) - Fraction(1, 8000))
    705599/8000 705599/8000
    """
    rows = np.asarray(announced, dtype=np.int64).reshape(-1, problem.task_types)
    k = len(rows)
    scale = Fraction(problem.unit, prices.scale)
    a = [scale * int(price) for price in prices.agents.tolist()]
    b = [[scale * int(price) for price in row] for row in prices.tasks.tolist()]
    if any(later < worth for j in range(1, len(b)) for worth, later in zip(b[j - 1], b[j], strict=True)):
        raise ParleyError("a price falls from one agent to the next")
    contracted = problem.contracted[k:].copy()
    if k < problem.agents:
        contracted[0] += problem.contracted[:k].sum(axis=0) - rows.sum(axis=0)
    D, C = in_tasks(problem, contracted), in_tasks(problem, problem.capacity[k:])
    bound = divisible_cost(problem, in_tasks(problem, rows))
    for j, (own, worth) in enumerate(zip(a, b, strict=True)):
        bound += sum(
            price * d + min(Fraction(0), own - price) * c
            for price, d, c in zip(worth, D[j], C[j], strict=True)
        )
        bound += _least_surplus(problem.costs[k + j], own, sum(C[j], Fraction(0)))
    return bound


def _least_surplus(cost: Cost, price: Fraction, most: Fraction) -> Fraction:
    """Bound f(z) − price·z from below over 0 ≤ z ≤ most; the minimum itself unless it is irrational."""
    if isinstance(cost, Piecewise):
        corners = [z for z in cost.breakpoints if z < most] + [most]
        return min(cost(z) - price * z for z in corners)
    if not isinstance(cost, Power):
        raise TypeError(f"no marginal cost is known of {cost}")
    if price <= cost.linear:
        return Fraction(0)
    if marginal_costs(cost, most)[0] <= price:
        return cost(most) - price * most
    if cost.exponent == 2:
        z = (price - cost.linear) / (2 * cost.coefficient)
        return cost(z) - price * z
    # The tangent at w is below f. Its slope is at least the price, so that it rises faster than price·z, and
    # at z = 0 it is f(w) − f'(w)·w.
    w = _root_above((price - cost.linear) / (cost.exponent * cost.coefficient), cost.exponent - 1)
    return cost(w) - marginal_costs(cost, w)[1] * w


def _root_above(value: Fraction, degree: int) -> Fraction:
    """Find a fraction at or hardly above the root of a positive number."""
    near = max(0, (value.denominator.bit_length() - value.numerator.bit_length()) // degree + 1)
    grid = 2 ** (near + _BITS)
    # The least whole w with w^degree ≥ value·grid^degree.
    target = value * grid**degree
    low, high = 0, 1
    while high**degree < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**degree >= target else (middle, high)
    return Fraction(high, grid)


def chord(cost: Cost, load: Fraction, unit: int) -> Fraction:
    """f^(k)(load): between the cost at the multiples of 1 / `unit` task around the load.

    Examples
    --------
    >>> from parley.mechanisms.coordination.costs import Quadratic
    >>> print(chord(Quadratic(Fraction(1)), Fraction(3, 2), 1))
    5/2
    """
    cell = (load * unit).__floor__()
    low, high = Fraction(cell, unit), Fraction(cell + 1, unit)
    part = load * unit - cell
    return (1 - part) * cost(low) + part * cost(high)


def indivisibility_gap(
    problem: Problem, units: Sequence[int] = (1, 2, 5, 10), optimum: DivisibleOptimum | None = None
) -> tuple[Gap, ...]:
    """Compare the least cost in whole units with that of divisible tasks, on finer and finer grids.

    Parameters
    ----------
    units : sequence of int
        How many times finer than the problem's own units.
    optimum : DivisibleOptimum, optional
        Of this problem, if it is known already.

    Returns
    -------
    tuple of Gap
        One for each of the units.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> for gap in indivisibility_gap(example_1()):
    ...     print(gap.unit, gap.total_cost, gap.most, gap.bound)
    1 89 4/5 4/5
    2 177/2 3/10 3/10
    5 441/5 0 0
    10 441/5 0 0
    """
    best = divisible_optimum(problem) if optimum is None else optimum
    return tuple(_gaps(problem, units, best))


def _gaps(problem: Problem, units: Sequence[int], best: DivisibleOptimum) -> Iterator[Gap]:
    for times in units:
        fine = finer(problem, times)
        cost = cost_effective(fine).total_cost
        above = sum(
            (chord(f, load, fine.unit) for f, load in zip(problem.costs, best.workloads, strict=True)),
            Fraction(0),
        )
        yield Gap(
            fine.unit, cost, max(cost - best.total_cost, Fraction(0)), cost - best.lower, above - best.lower
        )
