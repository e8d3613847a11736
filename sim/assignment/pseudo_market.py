"""The pseudo-market of Hylland and Zeckhauser (1979): agents buy probabilities at prices that clear it.

Every agent has a budget of play money, and buys the row that it likes best among those it can afford, the
cheapest of these if there are several. Prices are such that no more than its capacity is sold of any item,
and all of it unless its price is 0. Such prices exist, but may be irrational, and are hard to find in
general; here they are found in floating point, and what is returned is rational and checked in fractions: no
budget and no capacity is exceeded at all, and what the equilibrium lacks is stated (`Shortfall`), often
nothing.

The search smooths demand by an entropy, relative to the last demand found: the smoothed market has an
equilibrium that Newton's method finds, and as the same is done again, relative to that, the smoothing
vanishes (a proximal method). Where it leads astray, other starting prices are tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sim.assignment.lottery import expected
from sim.assignment.welfare import assignment_program, averaged, matrix_of, utilities_of
from sim.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sim.assignment.lottery import Matrix
    from sim.assignment.problem import Problem, Utilities

Floats = NDArray[np.float64]

TOLERANCE = Fraction(1, 10**6)
"""Greatest shortfall that is accepted."""
STARTS = 8
"""Starting prices tried."""
ROUNDS = 50
"""Proximal steps from each."""
SMOOTH, SHARP = 0.5, 1e-4
"""Weight of the entropy at the beginning, and at the end, where utilities reach 1."""
ANCHORED = 0.02
"""Weight from which on demand is smoothed relative to the last one."""
THRIFT = 1e-3
"""What money is worth at least, at first: of items that are as good, an agent buys the cheapest."""
RELAXED = 35
"""Round from which on that is made to vanish, by `RELAXING` in every round."""
RELAXING = 0.3
GLANCES = (13, 18, 24, 32, 40)
"""Rounds after which prices are looked at, in case they are simple numbers already."""
SIMPLE = 3
"""How many of the following denominators are simple."""
DENOMINATORS = (12, 60, 840, 27_720, 10**6, 10**9, 10**12)
"""Of the prices that are tried: simple numbers first, since they may be the exact ones."""


class NoEquilibriumError(ParleyError):
    """The search found no equilibrium, though there is one."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What an equilibrium lacks, exactly; all are 0 in an exact one, and budgets and capacities are kept."""

    utility: Fraction
    """Greatest loss of an agent against the best row it can afford, in shares of its greatest utility."""
    spending: Fraction
    """Greatest overspending against the cheapest of these rows, in shares of the agent's budget."""
    unsold: Fraction
    """Value of what is not sold, in shares of all budgets."""

    @property
    def greatest(self) -> Fraction:
        """The greatest of the three."""
        return max(self.utility, self.spending, self.unsold)


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Prices at which the market clears, and what agents buy."""

    matrix: Matrix
    prices: tuple[Fraction, ...]
    shortfall: Shortfall


def best_affordable(
    utilities: Utilities, prices: Sequence[Fraction], budget: Fraction
) -> tuple[Fraction, Fraction]:
    """Greatest expected utility that a budget buys, and what it costs at least.

    The best row mixes two items at most, one that costs no more than the budget and one that costs no less.

    Parameters
    ----------
    utilities : tuple of Fraction or None
        Of each item; nothing is worth 0, and free.
    prices : sequence of Fraction
        Of the whole of each item.
    budget : Fraction

    Examples
    --------
    >>> print(*best_affordable((Fraction(3), Fraction(1)), (Fraction(2), Fraction(1, 2)), Fraction(1)))
    5/3 1
    >>> print(*best_affordable((Fraction(3), Fraction(3)), (Fraction(1), Fraction(1, 2)), Fraction(1)))
    3 1/2
    """
    points = [(Fraction(0), Fraction(0))]
    points += [(price, u) for price, u in zip(prices, utilities, strict=True) if u is not None]
    cheap = [(price, u) for price, u in points if price <= budget]
    value = max(u for _, u in cheap)
    cost = min(price for price, u in cheap if u == value)
    for price, u in points:
        if price <= budget or u <= value:
            continue
        for low, worth in cheap:
            mixed = worth + (budget - low) / (price - low) * (u - worth) if price > low else worth
            if mixed > value:
                value, cost = mixed, budget
    return value, cost


def shortfall(problem: Problem, matrix: Matrix, prices: Sequence[Fraction]) -> Shortfall:
    """Check an equilibrium from its definition, in fractions.

    Parameters
    ----------
    problem : Problem
        With utilities and budgets.
    matrix : tuple of tuples of Fraction
        A random assignment.
    prices : sequence of Fraction
        Not negative.

    Returns
    -------
    Shortfall

    Raises
    ------
    ParleyError
        If a price is negative, or an agent spends more than its budget.
    """
    if min(prices) < 0:
        raise ParleyError(f"item {prices.index(min(prices)) + 1}: the price {min(prices)} is negative")
    utility = spending = Fraction(0)
    budgets = problem.budgets or (Fraction(1),) * problem.agents
    for i, (row, u, budget) in enumerate(zip(matrix, utilities_of(problem), budgets, strict=True)):
        value, cheapest = best_affordable(u, prices, budget)
        cost = _cost(row, prices)
        if cost > budget:
            raise ParleyError(f"agent {i + 1} spends {cost}, which is above its budget {budget}")
        if value:
            utility = max(utility, (value - expected(row, u)) / _greatest(u))
        spending = max(spending, (cost - cheapest) / budget)
    sold = sum((_cost(row, prices) for row in matrix), Fraction(0))
    return Shortfall(utility, spending, (_cost(problem.capacities, prices) - sold) / sum(budgets))


def equilibrium(problem: Problem, *, seed: int = 0) -> Equilibrium:
    """Find an equilibrium of the pseudo-market.

    Parameters
    ----------
    problem : Problem
        With utilities and budgets.
    seed : int
        Of starting prices beyond the first.

    Returns
    -------
    Equilibrium
        Whose shortfall is at most 1/1,000,000. Agents that nothing tells apart buy the same; otherwise, of
        what agents are indifferent between, they buy so that as few as possible get nothing.

    Raises
    ------
    ProblemError
        If there are no utilities.
    NoEquilibriumError
        If the search found none.

    Examples
    --------
    >>> from sim.assignment.lottery import show_matrix
    >>> from sim.assignment.problem import Problem
    >>> found = equilibrium(Problem.from_mapping({
    ...     "kind": "assignment", "items": ["A", "B", "C"], "rule": "pseudo-market",
    ...     "utilities": [[3, 0, 1], [3, 0, 1], [3, 0, 2]]}))
    >>> list(map(str, found.prices)), str(found.shortfall.greatest)
    (['9/4', '0', '3/4'], '0')
    >>> show_matrix(found.matrix)
    [['5/12', '1/2', '1/12'], ['5/12', '1/2', '1/12'], ['1/6', '0', '5/6']]
    """
    best: Equilibrium | None = None
    tried: set[tuple[Fraction, ...]] = set()
    for rough, last in _rough_prices(problem, seed):
        for denominator in DENOMINATORS if last else DENOMINATORS[:SIMPLE]:
            prices = tuple(Fraction(p).limit_denominator(denominator) for p in rough)
            if prices in tried:
                continue
            tried.add(prices)
            matrix = _purchases(problem, prices)
            found = Equilibrium(matrix, prices, shortfall(problem, matrix, prices))
            if best is None or found.shortfall.greatest < best.shortfall.greatest:
                best = found
            if not found.shortfall.greatest:
                return found
        if best is not None and best.shortfall.greatest <= TOLERANCE:
            return best
    lacks = float(best.shortfall.greatest) if best is not None else 1.0
    raise NoEquilibriumError(
        f"no equilibrium of the pseudo-market was found to within {float(TOLERANCE):g}"
        f" (the best one lacks {lacks:.1g})"
    )


def _greatest(utilities: Utilities) -> Fraction:
    return max((u for u in utilities if u is not None), default=Fraction(0))


def _cost(row: Iterable[Fraction | int], prices: Sequence[Fraction]) -> Fraction:
    return sum((price * p for p, price in zip(row, prices, strict=True)), Fraction(0))


def _purchases(problem: Problem, prices: tuple[Fraction, ...]) -> Matrix:
    """Find what agents buy at given prices so that the greatest shortfall is least."""
    utilities, budgets = utilities_of(problem), problem.budgets or (Fraction(1),) * problem.agents
    program, cells, _, _ = assignment_program(problem, lambda _i, _o: 0)
    lack = program.variable(-1)
    for i, (u, budget) in enumerate(zip(utilities, budgets, strict=True)):
        value, cheapest = best_affordable(u, prices, budget)
        own = {o: cell for (agent, o), cell in cells.items() if agent == i}
        worth = {cell: -(u[o] or Fraction(0)) for o, cell in own.items()}
        program.at_most({**worth, lack: -_greatest(u)}, -value)
        program.at_most({cell: prices[o] for o, cell in own.items()}, budget)
        program.at_most({**{cell: prices[o] for o, cell in own.items()}, lack: -budget}, cheapest)
    sold = {cell: -prices[o] for (_, o), cell in cells.items()}
    program.at_most({**sold, lack: -sum(budgets)}, -_cost(problem.capacities, prices))
    least = program.solve().point[lack]
    # The same again, with as many agents served as possible.
    program.at_most({lack: 1}, least)
    program.objective = [Fraction(int(cell != lack)) for cell in range(len(program.columns))]
    return averaged(problem, matrix_of(problem, cells, program.solve().point), problem.alike)


def _rough_prices(problem: Problem, seed: int) -> Iterator[tuple[list[float], bool]]:
    """Look for prices in floating point, from one start after the other; say which are a start's last."""
    dice = np.random.default_rng(seed)
    market = _Market(problem)
    for _ in range(STARTS):
        for prices, last in market.settle(0.5 + 0.5 * dice.random(len(problem.items))):
            if np.isfinite(prices).all():
                yield (prices * market.unit).tolist(), last


class _Market:
    """The smoothed market: utilities up to 1, the mean budget 1, *nothing* as a last item that is free."""

    def __init__(self, problem: Problem) -> None:
        rows = []
        for row in utilities_of(problem):
            scale = float(_greatest(row)) or 1.0
            rows.append([-np.inf if u is None else float(u) / scale for u in row] + [0.0])
        self.utilities: Floats = np.array(rows)
        given = problem.budgets or (Fraction(1),) * problem.agents
        budgets = np.array([float(b) for b in given])
        self.unit = float(budgets.mean())
        self.budgets: Floats = budgets / self.unit
        self.capacities: Floats = np.array([float(min(c, problem.agents + 1)) for c in problem.capacities])
        self.anchor: Floats = np.zeros_like(self.utilities)
        self.smoothing, self.thrift = SMOOTH, THRIFT
        # An item that nobody wants is free; its demand tells Newton's method nothing.
        self.wanted = np.isfinite(self.utilities[:, :-1]).any(axis=0) & (self.capacities > 0)

    def settle(self, start: Floats) -> Iterator[tuple[Floats, bool]]:
        """Make the market sharper and sharper; give prices now and then, and in the end."""
        self.anchor = np.zeros_like(self.utilities)
        self.smoothing, self.thrift = SMOOTH, THRIFT
        state = np.where(self.wanted, start, -self.capacities)
        for number in range(ROUNDS):
            with np.errstate(all="ignore"):  # what overflows is no solution, and is checked afterwards
                state = self._sharper(state, number)
            if number in GLANCES:
                yield np.maximum(state, 0), False
        yield np.maximum(state, 0), True

    def _sharper(self, state: Floats, number: int) -> Floats:
        state = least_squares(
            self._imbalance, state, jac=self._slope, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=100
        ).x
        if self.smoothing > ANCHORED:
            self.smoothing *= 0.7
            return state
        logs = np.log(np.maximum(self._demand(np.append(np.maximum(state, 0), 0.0))[0], 1e-200))
        self.anchor = logs - logs.max(axis=1, keepdims=True)
        self.smoothing = max(self.smoothing * 0.8, SHARP)
        if number >= RELAXED:
            self.thrift *= RELAXING
        return state

    def _imbalance(self, state: Floats) -> Floats:
        """Say what of each item is left over (or short); below a price of 0, supply may be in excess."""
        demand = self._demand(np.append(np.maximum(state, 0), 0.0))[0]
        left: Floats = self.capacities - demand[:, :-1].sum(axis=0) + np.minimum(state, 0)
        return left

    def _slope(self, state: Floats) -> Floats:
        prices = np.append(np.maximum(state, 0), 0.0)
        demand, value, bound = self._demand(prices)
        mean = demand @ prices
        spread = np.maximum(demand @ prices**2 - mean**2, 1e-300)
        size = len(state)
        slope = np.zeros((size, size))
        for i, row in enumerate(demand[:, :-1]):
            move = np.zeros(size)
            if bound[i]:
                move = (self.smoothing * row - value[i] * row * (prices[:-1] - mean[i])) / spread[i]
            gain = -value[i] * np.eye(size) - np.outer(prices[:-1], move)
            slope += row[:, None] * (gain - (row @ gain)[None, :]) / self.smoothing
        positive = (state > 0).astype(float)
        whole: Floats = -slope * positive[None, :] + np.diag(1 - positive)
        return whole

    def _demand(self, prices: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Smoothed demand, what money is worth to each agent, and whether its budget binds."""

        def rows(value: Floats) -> Floats:
            logs = (self.utilities - value[:, None] * prices[None, :]) / self.smoothing + self.anchor
            logs -= logs.max(axis=1, keepdims=True)
            weights = np.exp(logs)
            shares: Floats = weights / weights.sum(axis=1, keepdims=True)
            return shares

        low = np.full(len(self.budgets), self.thrift)
        high = np.ones(len(self.budgets))
        bound: NDArray[np.bool_] = (rows(low) @ prices) > self.budgets
        for _ in range(60):
            far = bound & ((rows(high) @ prices) > self.budgets)
            if not far.any():
                break
            high[far] *= 2
        for _ in range(70):
            middle = (low + high) / 2
            far = (rows(middle) @ prices) > self.budgets
            low = np.where(bound & far, middle, low)
            high = np.where(bound & ~far, middle, high)
        value = np.where(bound, (low + high) / 2, low)
        return rows(value), value, bound
