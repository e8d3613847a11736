"""Algorithms 5, 6 and 8 of the paper: an FPTAS for additive f.

The paper's constants are lost. Ours are e = ε/2 and d = e³. For each agent i as the one of the largest
contribution, contributions are rounded to multiples of Δ = d·f_i/n. For each agent j as the one that decides
the minimum share, and each rounded value R of f(S), F̂ = RΔ/(1 − d) is at least f(S), so that ℓ_j(F̂) is at
least the minimum share. A knapsack finds the least wages max{κ, ℓ_j(F̂)} of a team with that R.

A value R is left out if no team with it could earn more than the best so far; that loses nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.team.solver.additive_data import prepare
from parley.mechanisms.team.solver.additive_kernel import root_bounds
from parley.mechanisms.team.solver.found import Found, best_of, rounded_up
from parley.mechanisms.team.solver.fptas_kernel import best_of_pair
from parley.mechanisms.team.success.functions import Additive

if TYPE_CHECKING:
    from parley.core.clock import Clock
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Team

__all__ = ["Grid", "floor_at", "fptas", "grid_of"]

WORK = 100_000_000
"""Entries of tables between two looks at the clock."""
MAX_SUM = 1 << 60
"""Of rounded values."""


def floor_at(problem: Problem, agent: int, value: Fraction) -> Fraction:
    """Return ℓ_j(F) = (c_j/f_j)·(1 − f_j/F): the minimum share of a team of value F that j decides.

    It rises with F, and α_min(S) is the greatest ℓ_j(f(S)) of the members (Definition 5.13).
    """
    contribution = problem.success.value((agent,))
    return problem.relative_costs[agent] / contribution * (1 - contribution / value)


class Grid(NamedTuple):
    """How contributions are rounded if some agent has the largest one.

    Attributes
    ----------
    step : Fraction
        Δ.
    loss : Fraction
        d: a team's value is rounded down by less than this share (Lemma 5.14).
    agents : list of int
        E0, those who contribute no more than the agent.
    rounded : list of int
        ⌊f_k/Δ⌋ of these.
    """

    step: Fraction
    loss: Fraction
    agents: list[int]
    rounded: list[int]


def grid_of(problem: Problem, first: int, epsilon: Fraction) -> Grid:
    """Return the grid for an agent of the largest contribution.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> grid_of(worked_example(), 0, Fraction(1))
    Grid(step=Fraction(3, 80), loss=Fraction(1, 8), agents=[0, 1], rounded=[16, 10])
    """
    alone = [problem.success.value((agent,)) for agent in range(problem.agents)]
    loss = (epsilon / 2) ** 3
    step = loss * alone[first] / problem.agents
    agents = [agent for agent in range(problem.agents) if 0 < alone[agent] <= alone[first]]
    return Grid(step, loss, agents, [int(alone[agent] / step) for agent in agents])


def fptas(problem: Problem, epsilon: Fraction, clock: Clock) -> Found:
    """Return a team that earns at least 1 − ε of the fair optimum (Theorem 5.11).

    At the time limit the best so far; the bound is proven all the same.

    Examples
    --------
    >>> from parley.core.clock import Clock
    >>> from parley.mechanisms.team.problem import worked_example
    >>> fptas(worked_example(), Fraction(1, 2), Clock.of(60)).revenue
    Fraction(17, 25)
    """
    success = problem.success
    if not isinstance(success, Additive):
        raise TypeError(f"{success.type} functions are not additive")
    # Case 1: one agent alone.
    alone = best_of(problem, "fair", ((agent,) for agent in range(problem.agents)))
    teams: list[Team] = [alone[0]]
    best, complete = float(alone[1] / problem.reward), True
    cutoffs = [
        cost / value if value else Fraction(1)
        for cost, value in zip(problem.relative_costs, success.contributions, strict=True)
    ]
    for first in range(problem.agents):
        if cutoffs[first] >= 1:
            continue
        grid = grid_of(problem, first, epsilon)
        # Agents that need the whole reward are in no team of positive revenue.
        kept = [k for k, agent in enumerate(grid.agents) if cutoffs[agent] < 1]
        agents = [grid.agents[k] for k in kept]
        kappa = np.array([float(cutoffs[agent]) for agent in agents])
        value = np.array([float(success.contributions[agent]) for agent in agents])
        if sum(grid.rounded) > MAX_SUM:
            complete = False
            break
        rounded = np.array([grid.rounded[k] for k in kept], dtype=np.int64)
        for other in range(len(agents)):
            here = int(rounded.sum())
            while here >= 0 and complete:
                here, best, team, fits = best_of_pair(
                    kappa,
                    value,
                    rounded,
                    agents.index(first),
                    other,
                    float(grid.step),
                    float(grid.loss),
                    best,
                    here,
                    WORK,
                )
                if team.any():
                    teams.append(tuple(sorted(agents[k] for k in np.flatnonzero(team).tolist())))
                complete = fits and bool(clock.left)
    found, earned = best_of(problem, "fair", teams)
    bound = _relaxed(problem, success)
    if complete:
        bound = min(bound, earned / (1 - epsilon))
    return Found(found, earned, max(bound, earned))


def _relaxed(problem: Problem, success: Additive) -> Fraction:
    """Bound the fair optimum by fractional teams."""
    data = prepare(problem, success)
    if not data.agents:
        return Fraction(0)
    bounds = root_bounds(data.kappa, data.value, data.by_value, data.by_ratio, data.twin, 0.0)
    return rounded_up(float(bounds.max()) + data.margin) * problem.reward
