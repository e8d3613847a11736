"""Two tasks: menus that clear, and a bound of the cost of any, by branch and bound.

Each agent has two *sides*: take A for B, and the reverse. If a side gives up g in expectation, it can take
at most t(g). Where types are finitely many, t is no concave function: to give up more, the price must rise
for all who trade already. The dual bounds the cost of menus that are drawn at random, such as one of two
prices by the toss of a coin. To bound the cost of menus that are not, each side is restricted to some of its
prices, the dual is solved again, and so on, until menus are found that cost hardly more than the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from parley.mechanisms.screening.design.two_tasks import Curve, Side, least_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.design.numbers import Floats, Numbers

__all__ = ["Exchange", "Trade", "exchanged"]

ENOUGH = 2e-4
"""Share of the savings between menus and bound at which the search ends."""
NODES = 100
"""Restrictions that are tried at most."""
SLACK = 1e-9
"""Relative rounding errors of the linear program."""
MOST_MIXED = 3
"""Sides whose steps are tried in all combinations."""

Ranges = tuple[tuple[int, int], ...]
"""For each side the first and the last step that it may use."""


@dataclass(frozen=True)
class Trade:
    """What a side does in expectation."""

    agent: int
    take: int
    taken: float
    given: float
    step: int


@dataclass(frozen=True)
class Exchange:
    """Menus, as trades of all sides, and a bound of the cost of any."""

    cost: float
    """Change of social cost by the trades."""
    bound: float
    """No menus change it by less."""
    trades: tuple[Trade, ...]


@dataclass(frozen=True)
class _Side:
    agent: int
    take: int
    law: Side
    amount: float
    """What it can give up."""
    corners: tuple[Floats, Floats]
    """Prices and F at them, ascending."""

    @property
    def last(self) -> int:
        return self.corners[0].size - 1

    @property
    def points(self) -> Floats:
        """What is taken and given up at each corner, and the same for nothing; shape (corners, 2, 2)."""
        prices, chances = self.corners
        given = chances * self.amount
        return np.stack([np.stack([given / prices, given], 1), np.stack([0 * given, given], 1)], 1)

    def worth(self, first: float, second: float, low: int, high: int) -> float:
        """Bound what prices from one corner to another are worth."""
        prices = self.corners[0]
        least = 0.0 if low == 0 else float(prices[low])
        most = np.inf if high == self.last else float(prices[high])
        return self.amount * self.law.bound(first, second, least, most)

    def step_of(self, taken: float, given: float) -> tuple[int, float]:
        """Return the corner that gives up so much, and how much too much is taken for it."""
        k, most = self.law.most_taken(given / self.amount, self.corners)
        excess = taken - most * self.amount
        return k, excess if excess > SLACK * taken else 0.0

    def parts(self, low: int, high: int, k: int) -> list[tuple[int, int]]:
        """Divide corners where too much was taken."""
        between = [(k - 1, k)] if isinstance(self.law, Curve) else []
        first = k - 1
        return [own for own in ((low, first), *between, (k, high)) if low <= own[0] <= own[1] <= high]


def _sides(numbers: Numbers, laws: Sequence[tuple[Side, Side]], prices: Floats) -> list[_Side]:
    found = []
    for j, (own, endowment) in enumerate(zip(laws, numbers.endowments, strict=True)):
        worth = prices - numbers.costs[j]
        for take, law in enumerate(own):
            if amount := float(endowment[1 - take]):
                corners = law.corners(float(worth[take]), float(worth[1 - take]))
                found.append(_Side(j, take, law, amount, corners))
    return found


@dataclass
class _Search:
    numbers: Numbers
    sides: list[_Side]
    best: float = 0.0
    trades: tuple[Trade, ...] = ()
    points: Floats = field(init=False)
    columns: Floats = field(init=False)
    costs: Floats = field(init=False)
    rows: NDArray[np.int64] = field(init=False)
    steps: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        counts = [2 * (side.last + 1) for side in self.sides]
        self.rows = np.repeat(np.arange(len(counts)), counts)
        self.steps = np.concatenate([np.repeat(np.arange(side.last + 1), 2) for side in self.sides])
        self.points = np.concatenate([side.points.reshape(-1, 2) for side in self.sides])
        take = np.array([side.take for side in self.sides])[self.rows]
        self.columns = np.zeros_like(self.points)
        self.columns[np.arange(take.size), take] = self.points[:, 0]
        self.columns[np.arange(take.size), 1 - take] = -self.points[:, 1]
        agents = np.array([side.agent for side in self.sides])[self.rows]
        self.costs = (self.numbers.costs[agents] * self.columns).sum(axis=1)

    def solve(self, ranges: Ranges) -> tuple[Floats, Floats, float]:
        """Solve the program in which each side may mix some of its steps.

        Returns
        -------
        prices : array, shape (2,)
        traded : array, shape (sides, 2)
            What each side takes and gives up.
        change : float
            Of social cost.
        """
        low, high = np.array(ranges).T
        used = np.nonzero((low[self.rows] <= self.steps) & (self.steps <= high[self.rows]))[0]
        scale = np.abs(self.columns).max(axis=0) + (self.columns == 0).all(axis=0)
        one = np.zeros((len(self.sides), used.size))
        one[self.rows[used], np.arange(used.size)] = 1
        unit = max(float(np.abs(self.costs[used]).max()), 1e-300)
        found = linprog(
            self.costs[used] / unit,
            A_ub=one,
            b_ub=np.ones(len(self.sides)),
            A_eq=(self.columns[used] / scale).T,
            b_eq=np.zeros(2),
            method="highs",
        )
        traded = np.zeros((len(self.sides), 2))
        np.add.at(traded, self.rows[used], found.x[:, None] * self.points[used])
        return found.eqlin.marginals * unit / scale, traded, float(found.fun) * unit

    def bound(self, prices: Floats, ranges: Ranges) -> float:
        """Bound the change of cost from below: weak duality."""
        total = 0.0
        for side, (low, high) in zip(self.sides, ranges, strict=True):
            worth = prices - self.numbers.costs[side.agent]
            total -= side.worth(float(worth[side.take]), float(worth[1 - side.take]), low, high)
        return total

    def mixed(self, traded: Floats) -> tuple[list[int], list[tuple[int, float]]]:
        """Return the sides that no step alone lets do what they do, and the step of each side."""
        found = [side.step_of(*own) for side, own in zip(self.sides, traded.tolist(), strict=True)]
        return [s for s, (_, excess) in enumerate(found) if excess > 0], found

    def keep(self, traded: Floats, change: float) -> None:
        """Keep what clears without mixing, if it is the best so far."""
        if change < self.best:
            self.best = change
            self.trades = tuple(
                Trade(side.agent, side.take, taken, given, side.step_of(taken, given)[0])
                for side, (taken, given) in zip(self.sides, self.netted(traded), strict=True)
            )

    def netted(self, traded: Floats) -> list[list[float]]:
        """Let no agent trade to and fro at a loss: such rays are not polarized, and giving up is free."""
        found: list[list[float]] = traded.tolist()
        for s, (one, other) in enumerate(pairwise(self.sides)):
            (taken, given), (back, lost) = found[s], found[s + 1]
            if one.agent == other.agent and given * lost >= taken * back and given * lost > 0:
                first, second = taken - lost, back - given
                found[s] = [max(0.0, first), max(0.0, -second)]
                found[s + 1] = [max(0.0, second), max(0.0, -first)]
        return found

    def round(self, traded: Floats, prices: Floats) -> None:
        """Try the steps next to those that are mixed, and leave the other sides theirs."""
        mixed, found = self.mixed(traded)
        options: list[list[tuple[int, int]]] = []
        for s, (side, own, (step, _)) in enumerate(zip(self.sides, traded, found, strict=True)):
            if isinstance(side.law, Curve):
                options.append(side.parts(0, side.last, step)[-2:] if s in mixed else [(0, side.last)])
            elif own[1] > 0:
                options.append([(k, k) for k in (step, step - 1)[: 1 + (s in mixed)]])
            else:
                worth = prices - self.numbers.costs[side.agent]
                at, chances = side.corners
                best = int(np.argmax(chances * (worth[side.take] / at - worth[1 - side.take])))
                options.append([(best, best)])
        for s in mixed[MOST_MIXED:]:
            options[s] = options[s][:1]
        for ranges in product(*options):
            _, own, change = self.solve(ranges)
            if not self.mixed(own)[0]:
                self.keep(own, change)


def exchanged(
    numbers: Numbers, laws: Sequence[tuple[Side, Side]], prices: Floats, enough: float = ENOUGH
) -> Exchange:
    """Search for the best menus with two tasks.

    Parameters
    ----------
    laws : sequence of (Side, Side)
        Both sides of each agent.
    prices : array, shape (2,)
        λ with the greatest dual.
    enough : float
        Share of the savings between menus and bound at which the search ends.
    """
    sides = _sides(numbers, laws, prices)
    one, two = (
        [least_ratio(numbers.preferences[side.agent], take) for side in sides if side.take == take]
        for take in (0, 1)
    )
    if not one or not two or min(one) * min(two) >= 1:
        return Exchange(0.0, 0.0, ())  # at no price somebody takes a task and somebody gives it up
    search = _Search(numbers, sides)
    whole: Ranges = tuple((0, side.last) for side in sides)
    root = search.bound(prices, whole)
    close = -enough * root
    queue: list[tuple[float, int, Ranges]] = [(root, 0, whole)]
    closed = 0.0
    count = 0
    while queue and queue[0][0] < search.best - close and count < NODES:
        known, _, ranges = heappop(queue)
        at, traded, change = search.solve(ranges)
        bound = max(known, search.bound(at, ranges))
        mixed, steps = search.mixed(traded)
        if mixed:
            search.round(traded, at)
        else:
            search.keep(traded, change)
        if not mixed or bound >= search.best - close:
            closed = min(closed, bound)
            continue
        worths = [
            steps[s][1] * float(at[sides[s].take] - numbers.costs[sides[s].agent, sides[s].take])
            for s in mixed
        ]
        s = mixed[int(np.argmax(worths))]
        for part in sides[s].parts(*ranges[s], steps[s][0]):
            count += 1
            heappush(queue, (bound, count, (*ranges[:s], part, *ranges[s + 1 :])))
    bound = min([closed, *(known for known, _, _ in queue)])
    return Exchange(search.best, max(root, bound), search.trades)
