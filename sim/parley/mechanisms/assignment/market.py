"""The pseudo-market in floating point: demand at prices, and prices that nearly clear the market."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from parley.mechanisms.assignment.simplicial import LostError, Near, zeros
from parley.mechanisms.assignment.welfare import utilities_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.mechanisms.assignment.problem import Problem, Utilities

Floats = NDArray[np.float64]

ROUGH = 0.01
"""Grid width from which purchases are guessed."""
BOUGHT = (10, 1)
"""Minimum probabilities that count as bought, in grid widths; tried in order."""
ROUNDS = 12
"""Newton steps from the guess."""
RANK = 1e-10
"""Singular values below this share of the largest count as 0."""
LEFT_OUT = 3
"""Maximum number of purchases that are removed because they turn out negative."""
BELOW = 1e-9
"""Purchases below minus this are negative."""


def on_offer(problem: Problem, agent: int) -> Utilities:
    """Return an agent's utilities of items with positive capacity.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import Problem
    >>> problem = Problem.from_mapping({
    ...     "kind": "assignment", "items": ["a", "b"], "rule": "pseudo-market", "utilities": [[4, 1]],
    ...     "capacities": [0, 1]})
    >>> print(*on_offer(problem, 0))
    None 1
    """
    row = utilities_of(problem)[agent]
    return tuple(u if capacity else None for u, capacity in zip(row, problem.capacities, strict=True))


def greatest(utilities: Utilities) -> Fraction:
    """Return the largest utility; 0 if there is none."""
    return max((u for u in utilities if u is not None), default=Fraction(0))


class Market:
    """The market in floating point: utilities up to 1, the mean budget 1, *nothing* as a last item.

    With a grain, utilities are rounded to multiples of it.
    """

    def __init__(self, problem: Problem, grain: float = 0.0) -> None:
        groups = problem.alike
        utilities = [on_offer(problem, i) for i, *_ in groups]
        given = problem.budgets or (Fraction(1),) * problem.agents
        self.items = len(problem.items)
        self.unit = float(sum(given)) / len(given)
        self.budgets: Floats = np.array([float(given[i]) for i, *_ in groups]) / self.unit
        self.counts: Floats = np.array([float(len(group)) for group in groups])
        scales = map(greatest, utilities)
        worth = np.array(
            [
                [*(float(u / scale) if u else 0.0 for u in row), 0.0]
                for row, scale in zip(utilities, scales, strict=True)
            ]
        )
        if grain:
            worth = np.round(worth / grain) * grain
        self.utilities: Floats = np.where(worth > 0, worth, -np.inf)  # utility 0 is as good as nothing
        self.utilities[:, -1] = 0.0
        asked = self.counts @ np.isfinite(self.utilities[:, :-1])
        self.capacities: Floats = np.minimum(np.array(problem.capacities, dtype=float), problem.agents + 1)
        # The others have enough capacity for all agents that want them: they are free.
        self.scarce: NDArray[np.intp] = np.flatnonzero(asked > self.capacities)

    def rough_prices(self, dice: np.random.Generator) -> Iterator[list[float]]:
        """Search prices from one start, on finer and finer grids."""
        if not len(self.scarce):
            yield [0.0] * self.items
            return
        with suppress(LostError):
            for near in zeros(self.imbalance, dice.random(len(self.scarce)), dice):
                if near.width < ROUGH:
                    for least in BOUGHT:
                        for prices in self.polished(near, least * near.width):
                            yield (prices * self.unit).tolist()

    def prices(self, state: Floats) -> Floats:
        """Return the prices of a state of the market, *nothing* last."""
        prices = np.zeros(self.items + 1)
        prices[self.scarce] = np.maximum(state, 0)
        return prices

    def imbalance(self, state: Floats) -> Floats:
        """Return the excess supply of each scarce item.

        A positive coordinate is a price. A negative one means price 0, and its size is the unsold amount. If
        a price is above all budgets together, some of the item is left over.
        """
        sold = (self.counts @ self.demand(self.prices(state)))[self.scarce]
        left: Floats = self.capacities[self.scarce] - sold + np.minimum(state, 0)
        return left

    def demand(self, prices: Floats) -> Floats:
        """Find each agent's best affordable row, the cheapest if there are several; see `best_affordable`."""
        every = np.arange(len(self.budgets))
        dear = prices > self.budgets[:, None]
        low = np.where(dear, -np.inf, self.utilities)
        high = np.where(dear, self.utilities, -np.inf)
        best = low.max(axis=1)
        single = np.where(low == best[:, None], prices, np.inf).argmin(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):  # of pairs that are none
            share = (self.budgets[:, None] - prices)[:, :, None] / (prices - prices[:, None])
            mixed = low[:, :, None] + share * (high[:, None, :] - low[:, :, None])
        flat = np.where(np.isfinite(mixed), mixed, -np.inf).reshape(len(every), -1)
        pair = flat.argmax(axis=1)
        first, second = np.divmod(pair, len(prices))
        mixes = flat[every, pair] > best
        part = np.where(mixes, share[every, first, second], 0.0)
        rows = np.zeros_like(self.utilities)
        rows[every, np.where(mixes, first, single)] = 1 - part
        rows[every[mixes], second[mixes]] = part[mixes]
        return rows

    def polished(self, near: Near, least: float) -> Iterator[Floats]:
        """Solve for the prices at which all agents buy the same items as nearby.

        If a purchase is negative, the most negative one is removed, and the rest is solved again.
        """
        bought = near.shares @ np.array([self.demand(self.prices(corner)).ravel() for corner in near.corners])
        rows = bought.reshape(self.utilities.shape)
        prices = self.prices(near.point)
        prices[prices < near.width] = 0.0
        for _ in range(1 + LEFT_OUT):
            solved, amounts = self._solved(rows, prices, least)
            yield solved
            if amounts.min() >= -BELOW:
                break
            rows = np.where(amounts == amounts.min(), 0.0, rows)

    def _solved(self, rows: Floats, prices: Floats, least: float) -> tuple[Floats, Floats]:
        """Find prices and purchases by Newton's method from a guess.

        Unknowns are the prices, the purchases, and for each agent the line of its purchases: with w = 1/μ,
        p_o + a = w·u_o. A satiated agent buys at one price. The equations are bilinear; if they are
        underdetermined, the nearest solution is taken.
        """
        costly = np.flatnonzero(prices)
        agents, support = np.nonzero(rows > least)
        worth = self.utilities[agents, support]
        # Agents that get only their best items, for sure.
        best = worth == self.utilities.max(axis=1)[agents]
        content = (np.bincount(agents, rows[agents, support], minlength=len(rows)) > 1 - least) & (
            np.bincount(agents, ~best, minlength=len(rows)) == 0
        )
        spares = content & (rows @ prices < self.budgets - least)
        n, c, k = len(rows), len(costly), len(agents)
        place = {o: j for j, o in enumerate(costly.tolist())}
        priced = np.array([o in place for o in support.tolist()])
        column = np.array([place.get(o, 0) for o in support.tolist()])
        each = np.arange(k)
        # Unknowns: prices, then a and w of each agent, then purchases.
        a, w, x = c, c + n, c + 2 * n
        lines = np.zeros((k, a + 2 * n))
        lines[each[priced], column[priced]] = 1.0
        lines[each, a + agents] = 1.0
        lines[each, w + agents] = np.where(content[agents], 0.0, -worth)
        known = prices[costly]
        first = np.linalg.lstsq(lines[:, a:], -lines[:, :a] @ known, rcond=RANK)[0]
        state = np.concatenate([known, first, rows[agents, support]])
        for _ in range(ROUNDS):
            slope = np.zeros((k + 2 * n + c, len(state)))
            slope[:k, :x] = lines
            value = slope[:k] @ state
            slope[k + agents, x + each] = 1.0
            total = slope[k : k + n] @ state - 1.0
            cost = np.where(priced, state[column], 0.0)
            slope[k + n + agents, x + each] = cost
            slope[k + n + agents[priced], column[priced]] += state[x + each[priced]]
            spent = np.bincount(agents, cost * state[x:], minlength=n) - self.budgets
            slope[k + n + np.flatnonzero(spares)] = 0.0
            spent[spares] = 0.0
            slope[k + 2 * n + column[priced], x + each[priced]] = self.counts[agents[priced]]
            sold = slope[k + 2 * n :] @ state - self.capacities[costly]
            state = state - np.linalg.lstsq(slope, np.concatenate([value, total, spent, sold]), rcond=RANK)[0]
        solved = np.zeros(self.items)
        solved[costly] = np.maximum(state[:c], 0)
        amounts = np.zeros_like(rows)
        amounts[agents, support] = state[x:]
        return solved, amounts
