"""Demand oracles: a set of agents whose value less their prices is greatest.

Greedy for additive and partition-matroid functions, an integer program for coverage and budget-additive
ones, and by trying all sets for the others, up to 16 agents.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.core.errors import ParleyError
from parley.mechanisms.team.success.base import MAX_LISTED, team_of
from parley.mechanisms.team.success.functions import (
    Additive,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parley.mechanisms.team.success.base import Success, Team

__all__ = ["demand"]

MAX_TRIED = 6
"""Agents of whom all sets are tried faster than an integer program is solved."""


def demand(success: Success, prices: Mapping[int, Fraction]) -> Team:
    """Return a team T of agents with prices that maximizes f(T) − Σ prices, without members to spare.

    So f(i|T∖i) ≥ p_i for all members.

    Raises
    ------
    ParleyError
        If the function has too many agents to try all sets.

    Examples
    --------
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> demand(Coverage((third, third, third), ((0, 1), (1, 2), (2,))), {0: third, 1: half, 2: half})
    (0,)
    >>> demand(Additive((half, third)), {0: third, 1: half})
    (0,)
    """
    match success:
        case Additive():
            team = tuple(i for i, price in sorted(prices.items()) if success.contributions[i] >= price)
        case PartitionMatroid():
            team = _from_groups(success, prices)
        case Coverage() | BudgetAdditive():
            team = _by_program(success, prices)
        case _:
            team = _by_trying(success, prices)
    return _without_spares(success, prices, team)


def _without_spares(success: Success, prices: Mapping[int, Fraction], team: Team) -> Team:
    """Dismiss members that add less than their price, one after the other."""
    while True:
        losses = success.losses(team).each
        spare = [k for k, i in enumerate(team) if losses[k] < prices[i] * success.denominator]
        if not spare:
            return team
        team = team[: spare[0]] + team[spare[0] + 1 :]


def _from_groups(success: PartitionMatroid, prices: Mapping[int, Fraction]) -> Team:
    """Return of each group the agents of most value less price, as many as its limit lets in."""
    chosen = list[int]()
    for group, limit in zip(success.groups, success.limits, strict=True):
        gains = sorted((prices[i] - success.contributions[i], i) for i in group if i in prices)
        chosen += [i for gain, i in gains[:limit] if gain <= 0]
    return tuple(sorted(chosen))


def _by_trying(success: Success, prices: Mapping[int, Fraction]) -> Team:
    if success.agents > MAX_LISTED:
        reason = f"{success.agents} agents are above {MAX_LISTED}, for whom all sets are tried"
        raise ParleyError(f"--method constant-factor: no demand oracle for {success.type}: {reason}")
    return _best(success, prices, sorted(prices))


def _best(success: Success, prices: Mapping[int, Fraction], agents: Sequence[int]) -> Team:
    """Try all sets of some agents."""
    sets = (tuple(agents[k] for k in team_of(mask)) for mask in range(1 << len(agents)))
    return max(sets, key=lambda team: success.value(team) - sum((prices[i] for i in team), Fraction(0)))


def _by_program(success: Coverage | BudgetAdditive, prices: Mapping[int, Fraction]) -> Team:
    """Maximize by HiGHS: an agent is in or out; an element counts if somebody covers it."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 - slow to load
    from scipy.sparse import lil_array  # noqa: PLC0415 - likewise

    agents = [i for i in sorted(prices) if success.value((i,)) >= prices[i]]
    if len(agents) <= MAX_TRIED:
        return _best(success, prices, agents)
    count = len(agents)
    if isinstance(success, Coverage):
        elements = sorted({e for i in agents for e in success.sets[i]})
        place = {e: count + k for k, e in enumerate(elements)}
        worth, most = [float(success.weights[e]) for e in elements], np.ones(len(elements))
        matrix = lil_array((len(elements), count + len(elements)))
        for k, i in enumerate(agents):
            for e in success.sets[i]:
                matrix[place[e] - count, k] = -1.0
        for e in elements:
            matrix[place[e] - count, place[e]] = 1.0
    else:
        worth, most = [1.0], np.array([float(success.budget)])
        matrix = lil_array((1, count + 1))
        for k, i in enumerate(agents):
            matrix[0, k] = -float(success.contributions[i])
        matrix[0, count] = 1.0
    width = count + len(worth)
    found = milp(
        np.concatenate(([float(prices[i]) for i in agents], [-value for value in worth])),
        integrality=np.arange(width) < count,
        bounds=Bounds(np.zeros(width), np.concatenate((np.ones(count), most))),
        constraints=LinearConstraint(matrix.tocsr(), -np.inf, 0.0),
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        raise ParleyError(f"HiGHS found no demand set: {found.message}")
    return tuple(i for i, x in zip(agents, found.x, strict=False) if x > 0.5)
