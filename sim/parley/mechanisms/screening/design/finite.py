"""Menus for a finite market, by their played cost.

In a small market, what counts is whether choices clear. Groups of agents that trade along one axis (see
`axes`) clear best; the search starts from random groups, and its candidates compete with unit prices, two
classes of tasks, the best bilateral trade and the menus of the large market. Then one agent after the other
is tried as remedial: everybody else may then receive more than it gives up. The best on fresh types is kept.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

from joblib import Parallel, delayed

from parley.mechanisms.screening.bilateral import best_trade
from parley.mechanisms.screening.design import simple
from parley.mechanisms.screening.design.axes import Axes, levels_of, menus_along, search
from parley.mechanisms.screening.design.large import exact_rays, large
from parley.mechanisms.screening.design.numbers import Numbers, Sample
from parley.mechanisms.screening.design.played import improved
from parley.mechanisms.screening.design.priced import pair_menus
from parley.mechanisms.screening.design.responses import Responses
from parley.mechanisms.screening.market import MAX_QUANTITY, REMEDIAL, Menu
from parley.mechanisms.screening.rays import dot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from parley.mechanisms.screening.problem import Problem

__all__ = ["SIMPLE", "finite", "levels_for", "simple_design"]

SIMPLE = ("unit prices", "two-price", "bilateral")
"""Designs that a finite design competes with."""
WHOLES = (2520, 1260, 840, 360, 120, 60, 24, 12, 6, 4, 2, 1)
"""Numbers with many divisors: how finely a task may be divided, the finest first."""
FIRST_TYPES, MORE_TYPES, FRESH_TYPES = 1000, 3000, 20_000
"""Profiles of types: for the first searches, for the best ones, and to compare designs in the end."""
STARTS = 4
"""Random starts for each number of axes."""
MOST_AXES = 5
STEPS = 800
"""Changes tried per task from each start, and again for the best of them."""
BEST = 3
"""Starts that are searched again."""
ALONE = 60
"""Agents × tasks up to which all searches run in this process: starting others takes longer."""
MARKUPS = tuple(map(Fraction, ("0", "1/8", "1/4", "1/3", "1/2", "3/4", "1")))
"""How much more is received for the same when one agent is remedial."""
CLOSE = 0.6
"""Share of the best savings from which menus with other rays for each agent are searched further."""
MOVED_TYPES, MOVES = 800, 2000
"""Profiles of types, and changes tried, for that."""
WORST = 4
"""Agents with the greatest social costs per task that are tried as remedial."""


@dataclass(frozen=True)
class _Job:
    numbers: Numbers
    levels: NDArray[np.int64]
    start: int | Axes
    count: int
    """Profiles of types."""
    types: tuple[int, ...]
    """Their seed."""
    seed: tuple[int, ...]
    steps: int

    def run(self) -> Axes:
        types = self.numbers.types(self.count, *self.types)
        return search(self.numbers, types, self.start, self.levels, self.seed, self.steps)


def run_all(jobs: Sequence[_Job], workers: int) -> list[Axes]:
    """Run searches in several processes, and return their results in order."""
    if workers <= 1 or jobs[0].numbers.costs.size <= ALONE:
        return [job.run() for job in jobs]
    return list(Parallel(n_jobs=min(workers, len(jobs)))(delayed(_Job.run)(job) for job in jobs))


def levels_for(problem: Problem) -> NDArray[np.int64]:
    """Return coordinates of axes with which all endpoints are whole units."""
    smallest = lcm(*(x.denominator for row in problem.status_quo for x in row))
    if problem.unit is not None:
        return levels_of(problem.unit // smallest)
    most = max(x for row in problem.status_quo for x in row)
    for whole in WHOLES:
        levels = levels_of(whole)
        if (most + most * int(levels[-1]) / int(levels[0])) * whole * smallest < MAX_QUANTITY:
            return levels
    return levels_of(1)


def simple_design(problem: Problem, name: str, seed: int) -> tuple[Menu, ...]:
    """Return menus with unit prices, with two classes of tasks, or with one bilateral trade; see `SIMPLE`."""
    numbers, levels = Numbers.of(problem), levels_for(problem)
    types = numbers.types(FIRST_TYPES, seed, 0)
    if name == "bilateral":
        found = [simple.bilateral(problem, types, levels, (seed, 1)), *_traded(problem, seed)]
        sample = Sample(numbers, types)
        return min(found, key=lambda menus: float(sample.changes(problem.market(menus).menus).mean()))
    axes = (
        simple.unit_prices(numbers, types)
        if name == "unit prices"
        else simple.two_prices(numbers, types, levels)
    )
    return menus_along(axes, problem.status_quo)


def _traded(problem: Problem, seed: int) -> list[tuple[Menu, ...]]:
    """Return the best trade of two agents and two tasks, without levels."""
    trade = best_trade(problem, seed=seed)
    if trade is None or problem.tasks > 2:
        return []
    pair, (taken, given) = (trade.receiver, trade.giver), trade.trade
    if taken < 0:
        pair, taken, given = (trade.giver, trade.receiver), -taken, -given
    return [pair_menus(problem, Responses(Numbers.of(problem), (seed,)), pair, float(-given / taken))]


def _searched(problem: Problem, seed: int, workers: int) -> list[tuple[Menu, ...]]:
    """Search groups and axes from many starts, and the best of them again on more types."""
    numbers, levels = Numbers.of(problem), levels_for(problem)
    steps = STEPS * numbers.tasks
    counts = [*range(1, min(MOST_AXES, max(numbers.agents // 2, 1)) + 1)] * STARTS
    jobs = [
        _Job(numbers, levels, count, FIRST_TYPES, (seed, 2), (seed, 4, k), steps)
        for k, count in enumerate(counts)
    ]
    found = sorted(set(run_all(jobs, workers)), key=lambda axes: axes.change)[:BEST]
    again = [
        _Job(numbers, levels, start, MORE_TYPES, (seed, 3), (seed, 5, k), steps)
        for k, start in enumerate(found)
    ]
    return [menus_along(axes, problem.status_quo) for axes in run_all(again, workers)]


def _with_remedial(problem: Problem, menus: Sequence[Menu]) -> Iterator[tuple[Menu, ...]]:
    """Make each of the worst agents remedial, while everybody else receives more for the same."""
    average = [
        dot(costs, eta) / max(sum(eta), 1)
        for costs, eta in zip(problem.social_costs, problem.status_quo, strict=True)
    ]
    for j in sorted(range(problem.agents), key=lambda j: -average[j])[:WORST]:
        for markup in MARKUPS:
            yield tuple(
                REMEDIAL
                if k == j
                else Menu(tuple(tuple(x * (1 + markup) if x > 0 else x for x in ray) for ray in menu.rays))
                for k, menu in enumerate(menus)
            )


def finite(problem: Problem, seed: int, workers: int) -> tuple[Menu, ...]:
    """Design menus for a finite market.

    Parameters
    ----------
    workers : int
        Processes and threads; the menus do not depend on it.
    """
    with ThreadPoolExecutor(1) as beside:  # the searches run in other processes
        for_large_market = beside.submit(large, problem, seed)
        searched = _searched(problem, seed, workers)
        simple_ones = {name: simple_design(problem, name, seed) for name in SIMPLE}
    without_clearing = for_large_market.result()
    candidates = [*searched, *simple_ones.values(), without_clearing]
    numbers = Numbers.of(problem)
    few = numbers.sample(FIRST_TYPES, seed, 0, threads=workers)
    fresh = numbers.sample(FRESH_TYPES, seed, 6, threads=workers)

    def cost_of(menus: Sequence[Menu], sample: Sample = fresh) -> float:
        return float(sample.changes(problem.market(menus).menus).mean())

    best = min(candidates, key=cost_of)
    known = cost_of(best)
    if cost_of(without_clearing) < CLOSE * known < 0:
        played = problem.market(without_clearing).menus
        sample = numbers.sample(MOVED_TYPES, seed, 7, threads=workers)
        moved = improved(sample, played, MOVES, (seed, 8))
        rays = [exact_rays(eta, own) for eta, own in zip(problem.status_quo, moved, strict=True)]
        better = tuple(old if old.remedial else Menu(own) for old, own in zip(played, rays, strict=True))
        best = min(best, better, key=cost_of)
    marked_up = [
        menus for start in (best, simple_ones["unit prices"]) for menus in _with_remedial(problem, start)
    ]
    return min(best, min(marked_up, key=lambda menus: cost_of(menus, few)), key=cost_of)
