"""The exact fair optimum for additive f.

Some fair optimum consists of the agents that contribute most among those with cut-offs up to its minimum
share t, and of some agents with cut-offs from t to κ_j, the largest one. For every j, what is needed to beat
the best team so far bounds f(S) from below, which raises the floor κ_j(1 − f_j/f(S)) ≤ t, which raises all
wages, and so on; what is left between the floor and κ_j is a narrow window, in which alone one must branch.

Floats may prune, with a margin for rounding. Teams within the margin are compared in fractions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.team.solver.additive_data import prepare
from parley.mechanisms.team.solver.additive_kernel import improve, root_bounds, search
from parley.mechanisms.team.solver.algorithm_1 import algorithm_1
from parley.mechanisms.team.solver.found import Found, best_in, rounded_up
from parley.mechanisms.team.solver.state import Search

if TYPE_CHECKING:
    from parley.core.clock import Clock
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solver.additive_data import Data
    from parley.mechanisms.team.solver.state import Pool
    from parley.mechanisms.team.success.functions import Additive

__all__ = ["best_fair"]

WORK = 4_000_000
"""Agents times nodes between two looks at the clock."""


def best_fair(problem: Problem, success: Additive, clock: Clock) -> Found:
    """Find the fair optimum, or at the time limit the best team so far with a bound.

    Examples
    --------
    >>> from parley.core.clock import Clock
    >>> from parley.mechanisms.team.problem import worked_example
    >>> best_fair(worked_example(), worked_example().success, Clock.of(60))
    Found(team=(0, 1), revenue=Fraction(17, 25), bound=Fraction(17, 25))
    """
    data = prepare(problem, success)
    if not data.agents:
        return Found((), problem.reward * 0, problem.reward * 0)
    pool = data.pool(algorithm_1(problem, success)[0])
    pool.best[0] = improve(data.kappa, data.value, pool.teams[0], data.margin)
    goal = pool.best[0] - data.margin
    bounds = root_bounds(data.kappa, data.value, data.by_value, data.by_ratio, data.twin, goal)
    order = [int(j) for j in np.argsort(-bounds) if bounds[j] > 0.0]
    left = 0.0
    for place, last in enumerate(order):
        if bounds[last] <= pool.best[0] - data.margin:
            break
        here = Search.of(len(data.agents))
        twin = last
        while twin >= 0:
            here.inside[here.numbers[1]] = twin
            here.numbers[1] += 1
            here.state[twin] = 1
            twin = int(data.twin[twin])
        here.bounds[0] = bounds[last]
        if not _search(problem, data, last, here, pool, clock):
            left = max(here.bound, *bounds[order[place + 1 :]][:1])
            break
    return _found(problem, data, pool, left)


def _search(problem: Problem, data: Data, last: int, here: Search, pool: Pool, clock: Clock) -> bool:
    """Search until all is tried or the time is up; return whether all is tried."""
    while True:
        done = search(
            data.kappa,
            data.value,
            data.by_value,
            data.by_ratio,
            data.twin,
            last,
            here,
            pool,
            data.margin,
            1 + WORK // len(data.agents),
        )
        if done or not clock.left:
            return done
        if pool.full:
            best_in(problem, "fair", pool, data.team)


def _found(problem: Problem, data: Data, pool: Pool, left: float) -> Found:
    """Compare the best teams in fractions."""
    team, earned = best_in(problem, "fair", pool, data.team)
    if left:
        bound = rounded_up(max(left, float(pool.best[0])) + data.margin) * problem.reward
        return Found(team, earned, max(bound, earned))
    return Found(team, earned, earned)
