"""The pseudo-market in floating point: what agents demand at prices, and prices that nearly clear it."""

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
"""Width of a grid from which on it is guessed who buys what."""
BOUGHT = (10, 1)
"""Least probabilities that count as bought, in widths of the grid; one after the other is tried."""
ROUNDS = 12
"""Newton's steps, from what is guessed to prices."""
RANK = 1e-10
"""Singular values below this share of the greatest are taken for 0."""
LEFT_OUT = 3
"""Purchases left out at most, one after the other, because they turn out to be less than nothing."""
BELOW = 1e-9
"""Purchases further below 0 are less than nothing."""


def on_offer(problem: Problem, agent: int) -> Utilities:
    """Give an agent's utilities of what there is: of an item without capacity nothing can be bought.

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
    """Give the greatest utility; 0 if there is none."""
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
        self.utilities: Floats = np.where(worth > 0, worth, -np.inf)  # 0 is as good as nothing
        self.utilities[:, -1] = 0.0
        asked = self.counts @ np.isfinite(self.utilities[:, :-1])
        self.capacities: Floats = np.minimum(np.array(problem.capacities, dtype=float), problem.agents + 1)
        # Of the others there is enough for everybody that may ask: they are free.
        self.scarce: NDArray[np.intp] = np.flatnonzero(asked > self.capacities)

    def rough_prices(self, dice: np.random.Generator) -> Iterator[list[float]]:
        """Look for prices from one start, finer and finer."""
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
        """Give the prices that a state of the market stands for, *nothing* last."""
        prices = np.zeros(self.items + 1)
        prices[self.scarce] = np.maximum(state, 0)
        return prices

    def imbalance(self, state: Floats) -> Floats:
        """Say what of each scarce item is left over (or short).

        A coordinate above 0 is a price; one below 0 stands for the price 0 and for how much less is asked
        for than there is. Where a price is above all budgets together, something is left over.
        """
        sold = (self.counts @ self.demand(self.prices(state)))[self.scarce]
        left: Floats = self.capacities[self.scarce] - sold + np.minimum(state, 0)
        return left

    def demand(self, prices: Floats) -> Floats:
        """Find the best row that each budget buys, the cheapest of these; see `best_affordable`."""
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
        """Solve for the prices at which everybody is ready to buy just what it buys nearby.

        If somebody would have to buy less than nothing of an item then, it is not this that it buys: the most
        negative purchase is left out, and the rest solved again.
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
        """Find prices, and what is bought, by Newton's method from a guess at both.

        Unknown are the prices, what agents buy, and for each agent the line on which what it buys lies: with
        w = 1/μ, p_o + a = w·u_o. Whoever has all it can wish for buys at one price. As the equations are
        bilinear, Newton's method solves them; where they leave something open, the nearest solution is taken.
        """
        costly = np.flatnonzero(prices)
        agents, support = np.nonzero(rows > least)
        worth = self.utilities[agents, support]
        # Who gets something for sure, and nothing but what it likes best.
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
        # Unknowns: prices, then a and w of each agent, then what is bought.
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
