"""Agents of an additive problem as sorted arrays of floats, for machine code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.team.solver.state import Floats, Ints, Pool

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Team
    from parley.mechanisms.team.success.functions import Additive

__all__ = ["Data", "prepare"]


class Data(NamedTuple):
    """Agents that may be hired, in order of their cut-offs, then contributions, as floats.

    Attributes
    ----------
    agents : list of int
    kappa, value : Floats
    by_value, by_ratio, twin : Ints
        See the kernel.
    margin : float
        More than any sum or product can be wrong by.
    """

    agents: list[int]
    kappa: Floats
    value: Floats
    by_value: Ints
    by_ratio: Ints
    twin: Ints
    margin: float

    def team(self, members: Iterable[int]) -> Team:
        """Return members, by their places here, as a team."""
        return tuple(sorted(self.agents[k] for k in members))

    def pool(self, team: Team) -> Pool:
        """Return a pool that holds one team."""
        pool, members = Pool.of(len(self.agents)), set(team)
        pool.teams[0] = [agent in members for agent in self.agents]
        pool.held[0] = 1
        return pool


def prepare(problem: Problem, success: Additive) -> Data:
    """Leave out agents that contribute nothing or would need the whole reward, and sort the others."""
    scale, numbers = success.denominator, success.numbers
    known = [
        (problem.relative_costs[agent] * scale / number, -number, agent)
        for agent, number in enumerate(numbers)
        if problem.relative_costs[agent] * scale < number
    ]
    known.sort()
    agents = [agent for _, _, agent in known]
    kappa = np.array([float(cutoff) for cutoff, _, _ in known])
    value = np.array([-number / scale for _, number, _ in known])
    twin = [k - 1 if k and known[k][:2] == known[k - 1][:2] else -1 for k in range(len(known))]
    order = np.array(agents, dtype=np.int64)
    by_value = np.array(sorted(range(len(known)), key=lambda k: known[k][1:]), dtype=np.int64)
    by_ratio = np.lexsort((order, kappa / value)).astype(np.int64)
    margin = 32 * (len(agents) + 8) * 2.0**-53 * float(value.sum())
    return Data(agents, kappa, value, by_value, by_ratio, np.array(twin, dtype=np.int64), margin)
