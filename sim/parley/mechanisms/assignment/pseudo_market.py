"""The pseudo-market of Hylland and Zeckhauser (1979): agents buy probabilities at market-clearing prices.

Every agent has a budget of play money and buys its best affordable row, the cheapest if there are several. At
market-clearing prices, at most the capacity of every item is sold, and all of it unless its price is 0. Such
prices exist, but may be irrational and are hard to find in general. They are searched in floating point. The
result is rational and checked in fractions: no budget and no capacity is exceeded, and the exact error of the
equilibrium, often 0, is stated (`Shortfall`).

The search follows the existence proof: purchases are a correspondence with convex values and a closed graph
(because agents buy the cheapest best row), and a simplicial path leads to its zero, with any ties
(`simplicial`). Near the zero, the path shows which items each agent buys, and Newton's method solves for the
prices (`market`). Simple fractions close to these are tried, then fine ones; a linear program finds the
purchases.

With utilities of very different sizes, or nearly equal ones, demand is almost undetermined at the prices: for
example a price of 10⁻¹⁵, or a preference by a share of 10⁻¹⁵. Then any purchases with a small enough
shortfall are accepted, also at the prices of a market in which utilities that differ by less than the
tolerance are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.core.errors import ParleyError, ProblemError
from parley.core.linear import InfeasibleError
from parley.mechanisms.assignment.decomposition import decompose
from parley.mechanisms.assignment.lottery import Term, expected, recompose
from parley.mechanisms.assignment.market import Market, greatest, on_offer
from parley.mechanisms.assignment.welfare import assignment_program, averaged, matrix_of, utilities_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parley.mechanisms.assignment.lottery import Matrix
    from parley.mechanisms.assignment.problem import Problem, Utilities

TOLERANCE = Fraction(1, 10**8)
"""Largest accepted shortfall."""
STARTS = 8
"""Starting prices tried."""
PATIENCE = 2
"""Number of starting prices from which only exact purchases are searched."""
GRAIN = 4e-9
"""Afterwards, differences below this share of an agent's largest utility count as 0."""
NEARBY = 1e-3
"""Maximum distance of simple prices then."""
DENOMINATORS = (12, 60, 840, 27_720, 10**6)
"""Denominators of simple prices that are tried, because they may be exact."""
SIMPLE = 1e-9
"""Maximum distance of simple prices from the result of the search."""
FINE = 10**12
"""Largest denominator of other prices and their probabilities."""
LESS = 1 - TOLERANCE / 10
"""Factor that lowers prices to allow for rounding."""
GENEROUS = 10
"""Width of a line at fine prices, in tolerances."""


NOT_FOUND = "no equilibrium of the pseudo-market was found"


class NoEquilibriumError(ProblemError):
    """The search found no equilibrium, although one exists."""

    def __init__(self, file: str = "", key: str = "utilities", reason: str = "") -> None:
        super().__init__(
            file, key, reason or f"{NOT_FOUND} from {STARTS} starting prices to within {TOLERANCE}"
        )


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Exact errors of an equilibrium; all 0 in an exact one. Budgets and capacities always hold."""

    utility: Fraction
    """Largest loss of an agent relative to its best affordable row, as a share of its largest utility."""
    spending: Fraction
    """Largest extra spending relative to the cheapest best row, as a share of the agent's budget."""
    unsold: Fraction
    """Value of unsold items, as a share of all budgets."""

    @property
    def greatest(self) -> Fraction:
        """The largest of the three."""
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
    """Return the largest expected utility for a budget, and its lowest cost.

    The best row mixes at most two items, one that costs at most the budget and one that costs at least the
    budget.

    Parameters
    ----------
    utilities : tuple of Fraction or None
        Utility of each item; nothing has utility 0 and is free.
    prices : sequence of Fraction
        Price of each whole item.

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
    prices : sequence of Fraction
        Not negative.

    Raises
    ------
    ParleyError
        If a price is negative, or an agent spends more than its budget.
    """
    if min(prices) < 0:
        raise ParleyError(f"item {prices.index(min(prices)) + 1}: the price {min(prices)} is negative")
    utility = spending = Fraction(0)
    budgets = problem.budgets or (Fraction(1),) * problem.agents
    for i, (row, budget) in enumerate(zip(matrix, budgets, strict=True)):
        u = on_offer(problem, i)
        value, cheapest = best_affordable(u, prices, budget)
        cost = _cost(row, prices)
        if cost > budget:
            raise ParleyError(f"agent {i + 1} spends {cost}, more than its budget {budget}")
        if value:
            utility = max(utility, (value - expected(row, u)) / greatest(u))
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
        Seed of the starting prices beyond the first.

    Returns
    -------
    Equilibrium
        Its shortfall is at most 1/100,000,000. Agents that differ only in the scale of their utilities buy
        the same. Between equally good purchases, as few agents as possible get nothing.

    Raises
    ------
    ProblemError
        If there are no utilities.
    NoEquilibriumError
        If the search found none.

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import show_matrix
    >>> from parley.mechanisms.assignment.problem import Problem
    >>> found = equilibrium(Problem.from_mapping({
    ...     "kind": "assignment", "items": ["A", "B", "C"], "rule": "pseudo-market",
    ...     "utilities": [[3, 0, 1], [3, 0, 1], [3, 0, 2]]}))
    >>> list(map(str, found.prices)), str(found.shortfall.greatest)
    (['9/4', '0', '3/4'], '0')
    >>> show_matrix(found.matrix)
    [['5/12', '1/2', '1/12'], ['5/12', '1/2', '1/12'], ['1/6', '0', '5/6']]
    """
    problem = _normalized(problem)
    dice = np.random.default_rng(seed)
    market = Market(problem)
    tried: set[tuple[Fraction, ...]] = set()
    passed: list[list[float]] = []
    for start in range(1, STARTS + 1):
        for rough in market.rough_prices(dice):
            found = _simple(problem, rough, SIMPLE, tried) or _fine(problem, rough, _purchases)
            if found is not None:
                return found
            passed.append(rough)
        if start in {PATIENCE, STARTS}:
            coarse = Market(problem, GRAIN).rough_prices(np.random.default_rng(seed))
            for rough in (*reversed(passed), *coarse):
                found = _simple(problem, rough, NEARBY, tried) or _fine(problem, rough, _tolerable)
                if found is not None:
                    return found
            passed.clear()
    raise NoEquilibriumError


def _normalized(problem: Problem) -> Problem:
    """Divide each agent's utilities by its largest one, which does not change demand.

    Adding a constant would, because nothing has utility 0.
    """
    rows = utilities_of(problem)
    scales = [greatest(row) or Fraction(1) for row in rows]
    return replace(
        problem,
        utilities=tuple(
            tuple(None if u is None else u / scale for u in row)
            for row, scale in zip(rows, scales, strict=True)
        ),
    )


def _simple(
    problem: Problem, rough: Sequence[float], most: float, tried: set[tuple[Fraction, ...]]
) -> Equilibrium | None:
    """Try simple prices within a distance of `most`, for an exact equilibrium."""
    for denominator in DENOMINATORS:
        prices = tuple(Fraction(p).limit_denominator(denominator) for p in rough)
        far = max(abs(float(p) - q) for p, q in zip(prices, rough, strict=True))
        if prices in tried or far > most:
            continue
        tried.add(prices)
        if (matrix := _purchases(problem, prices)) is not None:
            return Equilibrium(matrix, prices, shortfall(problem, matrix, prices))
    return None


def _fine(
    problem: Problem, rough: Sequence[float], bought: Callable[..., Matrix | None]
) -> Equilibrium | None:
    """Try the given prices, for an equilibrium up to the tolerance."""
    # Slightly lower prices, so that budgets suffice after rounding.
    prices = tuple(LESS * Fraction(p).limit_denominator(FINE) for p in rough)
    if (matrix := bought(problem, prices, TOLERANCE)) is None:
        return None
    matrix, prices = _rounded(problem, matrix), tuple(LESS * price for price in prices)
    try:
        lacks = shortfall(problem, matrix, prices)
    except ParleyError:  # with very large prices, a budget may be too small for the rounding
        return None
    return Equilibrium(matrix, prices, lacks) if lacks.greatest <= TOLERANCE else None


def _tolerable(problem: Problem, prices: Sequence[Fraction], tolerance: Fraction) -> Matrix | None:
    """Find purchases with a shortfall of at most half the tolerance, or None.

    Half, because prices and purchases are rounded afterwards.
    """
    half = tolerance / 2
    budgets = problem.budgets or (Fraction(1),) * problem.agents
    offers = [on_offer(problem, i) for i in range(problem.agents)]
    pairs = [(i, o) for i, u in enumerate(offers) for o, w in enumerate(u) if w is not None]
    program, cells, _, _ = assignment_program(problem, lambda _i, _o: 1, only=pairs)
    for i, (u, budget) in enumerate(zip(offers, budgets, strict=True)):
        own = [(o, cells[i, o], w) for o, w in enumerate(u) if w is not None]
        value, cheapest = best_affordable(u, prices, budget)
        if value:
            most = greatest(u)
            program.at_most({cell: -w / most for _, cell, w in own}, half - value / most)
        program.at_most({cell: prices[o] for o, cell, _ in own}, min(budget, cheapest + half * budget))
    spent = {cell: -prices[o] for (_, o), cell in cells.items()}
    program.at_most(spent, half * sum(budgets) - _cost(problem.capacities, prices))
    try:
        point = program.solve(trusting=True).point
    except InfeasibleError:
        return None
    return averaged(problem, matrix_of(problem, cells, point), problem.alike)


def _cost(row: Iterable[Fraction | int], prices: Sequence[Fraction]) -> Fraction:
    return sum((price * p for p, price in zip(row, prices, strict=True)), Fraction(0))


def _purchases(problem: Problem, prices: Sequence[Fraction], slack: Fraction = Fraction(0)) -> Matrix | None:
    """Find purchases at market-clearing prices; None if the prices do not clear the market.

    By complementary slackness, an agent's best rows use items on a line: u_o = V + μ·(p_o − b), where V is
    the best value, b the budget and μ the value of money; the whole budget is spent if μ is not 0. With
    slack, lines have this width, and this part of a budget may be left; items with a price are still sold
    out.
    """
    budgets = problem.budgets or (Fraction(1),) * problem.agents
    lines = [_line(problem, i, prices, budget, slack) for i, budget in enumerate(budgets)]
    bought = [(i, o) for i, line in enumerate(lines) for o in line.items]
    program, cells, _, _ = assignment_program(problem, lambda _i, _o: 1, only=bought)
    for i, (line, budget) in enumerate(zip(lines, budgets, strict=True)):
        own = {o: cell for (agent, o), cell in cells.items() if agent == i}
        if line.binding:
            program.at_most({cell: prices[o] for o, cell in own.items()}, budget)
            program.at_most({cell: -prices[o] for o, cell in own.items()}, (slack - 1) * budget)
        if line.whole:
            program.equals(dict.fromkeys(own.values(), 1), 1)
    for o, price in enumerate(prices):
        if price > slack * max(budgets):
            program.equals({cell: 1 for (_, item), cell in cells.items() if item == o}, problem.capacities[o])
    try:
        point = program.solve(trusting=True).point
    except InfeasibleError:
        return None
    return averaged(problem, matrix_of(problem, cells, point), problem.alike)


def _rounded(problem: Problem, matrix: Matrix) -> Matrix:
    """Give a matrix a small denominator, by rounding the weights of a lottery for it.

    So agents get only items that they could get before, and the same items are sold out.
    """
    lottery = decompose(matrix, problem.capacities)
    parts = [int(term.weight * FINE) for term in lottery]
    parts[0] += FINE - sum(parts)
    terms = [Term(Fraction(part, FINE), term.assignment) for part, term in zip(parts, lottery, strict=True)]
    return averaged(problem, recompose(terms, *problem.shape), problem.alike)


class _Line(NamedTuple):
    """Items that an agent may buy, whether it spends its whole budget, and whether it always gets an item."""

    items: list[int]
    binding: bool
    whole: bool


def _line(
    problem: Problem, agent: int, prices: Sequence[Fraction], budget: Fraction, slack: Fraction
) -> _Line:
    u = on_offer(problem, agent)
    goods = [(o, p, w) for o, (p, w) in enumerate(zip(prices, u, strict=True)) if w is not None]
    value, cheapest = best_affordable(u, prices, budget)
    money = max((Fraction(0), *((w - value) / (p - budget) for _, p, w in goods if p > budget)))
    width = slack * GENEROUS * greatest(u)
    items = [
        o
        for o, p, w in goods
        if abs(value + money * (p - budget) - w) <= width and (money or p <= cheapest + slack * budget)
    ]
    return _Line(items, money > 0, value - money * budget > width)
