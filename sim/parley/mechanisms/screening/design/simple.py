"""Simple designs: swaps at unit prices, two classes of tasks, one bilateral trade."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.bilateral import best_trade
from parley.mechanisms.screening.design.axes import Axes, menus_along, search, value_of
from parley.mechanisms.screening.design.numbers import Numbers
from parley.mechanisms.screening.market import STAY_ONLY, Menu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.design.numbers import Floats
    from parley.mechanisms.screening.problem import Problem

__all__ = ["bilateral", "two_prices", "unit_prices"]

PRICES = np.exp(np.linspace(-0.7, 0.7, 15))
"""Prices of one class of tasks in units of the other that are tried, relative to their numbers."""
STEPS = 1500
"""Changes of the axis tried for a pair of agents."""


def unit_prices(numbers: Numbers, types: Floats) -> Axes:
    """Let each agent swap two kinds of tasks one for one, in either direction.

    Groups of agents swap the same two kinds. All start with the best kinds for all of them together; then
    one agent at a time moves to the group where it is worth most, until none does.

    Examples
    --------
    >>> from parley.mechanisms.screening.design.numbers import Numbers
    >>> from parley.mechanisms.screening.problem import worked_example
    >>> numbers = Numbers.of(worked_example())
    >>> unit_prices(numbers, numbers.types(100, 1)).axes
    ((1, -1),)
    """
    swaps = []
    for a, b in combinations(range(numbers.tasks), 2):
        axis = np.zeros(numbers.tasks)
        axis[a], axis[b] = 1, -1
        swaps.append(axis)

    def value(groups: NDArray[np.int64], g: int) -> float:
        return value_of(numbers, types, np.nonzero(groups == g)[0], swaps[g])

    values = [value(np.full(numbers.agents, g), g) for g in range(len(swaps))]
    first = int(np.argmin(values))
    groups = np.full(numbers.agents, first)
    values = [values[g] if g == first else 0.0 for g in range(len(swaps))]
    moved = True
    while moved:
        moved = False
        for j in range(numbers.agents):
            own, best = int(groups[j]), (-1e-9, 0, 0.0, 0.0)
            trial = groups.copy()
            trial[j] = -1
            left = value(trial, own)
            for g in range(len(swaps)):
                if g != own:
                    trial[j] = g
                    joined = value(trial, g)
                    best = min(best, (left + joined - values[own] - values[g], g, left, joined))
            if best[0] < -1e-9:
                _, g, values[own], values[g] = best
                groups[j] = g
                moved = True
    axes = tuple(tuple(int(x) for x in axis) for axis in swaps)
    return Axes(sum(values), axes, tuple(int(g) for g in groups))


def two_prices(numbers: Numbers, types: Floats, levels: NDArray[np.int64]) -> Axes:
    """Divide tasks into two classes, and let agents trade one for the other, at a price common to all.

    Within a class, tasks are traded in proportion to their numbers in the status quo, rounded to levels. All
    partitions are tried, with `PRICES`. With the same price for buying and selling, trades clear.
    """
    totals = numbers.endowments.sum(axis=0)
    everybody = np.arange(numbers.agents)
    best = Axes(0.0, ((0,) * numbers.tasks,), (0,) * numbers.agents)
    middle = np.sqrt(float(levels[0]) * float(levels[-1]))
    for size in range(1, numbers.tasks):
        for chosen in combinations(range(1, numbers.tasks), size):
            given = np.isin(np.arange(numbers.tasks), chosen)
            if not (totals[given].sum() and totals[~given].sum()):
                continue
            axis = np.where(given, -totals / totals[given].mean(), totals / totals[~given].mean())
            axis[given] *= (~given).sum() / given.sum()
            for price in PRICES:
                wanted = axis * np.where(given, price, 1) * middle
                nearest = levels[np.abs(levels - np.abs(wanted)[:, None]).argmin(axis=1)]
                whole = np.sign(wanted) * nearest
                value = value_of(numbers, types, everybody, whole)
                if value < best.change:
                    best = Axes(value, (tuple(int(x) for x in whole),), (0,) * numbers.agents)
    return best


def bilateral(
    problem: Problem, types: Floats, levels: NDArray[np.int64], seed: Sequence[int]
) -> tuple[Menu, ...]:
    """Let the two agents trade that gain most, along an axis near their best trade; the others stay."""
    menus = [STAY_ONLY] * problem.agents
    trade = best_trade(problem, seed=seed[0])
    if trade is None:
        return tuple(menus)
    numbers, pair = Numbers.of(problem), np.array([trade.receiver, trade.giver])
    wanted = np.array([float(x) for x in trade.trade])
    starts = []
    for level in levels:  # of the greatest coordinate
        scaled = wanted * level / np.abs(wanted).max()
        nearest = levels[np.abs(levels - np.abs(scaled)[:, None]).argmin(axis=1)]
        starts.append(np.where(np.abs(scaled) < levels[0] / 2, 0, np.sign(scaled) * nearest))
    start = min(starts, key=lambda axis: value_of(numbers, types, pair, axis))
    own = numbers.of_agents(pair)
    found = search(own, types[pair], Axes(0.0, (tuple(int(x) for x in start),), (0, 0)), levels, seed, STEPS)
    axis = np.array(found.axes[0])
    rising = 0 if own.costs[0] @ axis < own.costs[1] @ axis else 1
    both = menus_along(found, [problem.status_quo[j] for j in pair])
    for place, j in enumerate(pair):
        menus[j] = Menu(both[place].rays[:1] if place == rising else both[place].rays[1:])
    return tuple(menus)
