"""Simple designs: swaps at unit prices, two classes of tasks, one bilateral trade."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.axes import Axes, random_axis, search, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.screening.design.numbers import Floats, Numbers

__all__ = ["bilateral", "two_prices", "unit_prices"]

PRICES = np.exp(np.linspace(-0.7, 0.7, 15))
"""Prices of one class of tasks in units of the other that are tried, relative to their numbers."""
DRAWN = 200
"""Random axes on which pairs of agents are compared."""
PAIRS = 6
"""Pairs of agents for which the best trade is searched."""
STEPS = 1500
"""Changes tried for a pair."""


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


def bilateral(numbers: Numbers, types: Floats, levels: NDArray[np.int64], seed: Sequence[int]) -> Axes:
    """Let the two agents trade that gain most, along their best axis; the others stay.

    Pairs are compared on random axes, and the best of them searched.
    """
    dice = np.random.default_rng([*seed, 0])
    drawn = [random_axis(numbers.tasks, levels, dice) for _ in range(DRAWN)]
    pairs = [np.array(pair) for pair in combinations(range(numbers.agents), 2)]
    few = np.ascontiguousarray(types[:, :, : max(types.shape[2] // 8, 1)])
    scores = [min(value_of(numbers, few, pair, axis) for axis in drawn) for pair in pairs]
    best = Axes(0.0, ((0,) * numbers.tasks,) * 2, (1,) * numbers.agents)
    for place in np.argsort(scores, kind="stable")[:PAIRS]:
        pair = pairs[place]
        groups = np.ones(numbers.agents, dtype=np.int64)
        groups[pair] = 0
        axis = drawn[int(np.argmin([value_of(numbers, few, pair, one) for one in drawn]))]
        start = Axes(0.0, (tuple(int(x) for x in axis),), (0, 0))
        found = search(numbers.of_agents(pair), types[pair], start, levels, [*seed, 1], STEPS)
        if found.change < best.change:
            best = Axes(found.change, (found.axes[0], (0,) * numbers.tasks), tuple(int(g) for g in groups))
    return best
