"""Machine code for the FPTAS: a knapsack for each largest contribution, largest floor and rounded f(S)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.core.machine import compiled

if TYPE_CHECKING:
    from parley.mechanisms.team.solver.state import Bools, Floats, Ints

__all__ = ["best_of_pair"]

SORTED = 50
"""Entries of a table that take as long as one agent to sort."""
MOST = 1 << 26
"""Entries of one table of the dynamic program."""


@compiled
def best_of_pair(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one loop over rounded values
    kappa: Floats,
    value: Floats,
    rounded: Ints,
    first: int,
    other: int,
    step: float,
    loss: float,
    best: float,
    start: int,
    limit: int,
) -> tuple[int, float, Bools, bool]:
    """Run Algorithm 8 for agents i and j, and every rounded value R of f(S) from `start` down.

    Parameters
    ----------
    kappa, value, rounded : (agents,)
        Of the agents that contribute at most as much as i: c/f, f, and ⌊f/Δ⌋.
    first, other : int
        i, of the largest contribution, and j, of the largest floor.
    step, loss : float
        Δ and d.
    best : float
        Revenue to beat: a value R is left out if no team could beat it.
    limit : int
        Entries of tables after which to stop.

    Returns
    -------
    next : int
        The value at which to go on; −1 at the end.
    best : float
    team : (agents,)
        The best team; empty if none beats the best.
    complete : bool
        Whether no table was too large.
    """
    complete = True
    agents = kappa.size
    found = np.zeros(agents, dtype=np.bool_)
    base = rounded[first] + (rounded[other] if other != first else 0)
    wage, ratio = np.zeros(agents), np.zeros(agents)
    items = np.zeros(agents, dtype=np.int64)
    goal = start + 1
    while goal > base and limit > 0:
        goal -= 1
        limit -= SORTED * agents
        most = goal * step / (1.0 - loss)
        floor = max(0.0, kappa[other] * (1.0 - value[other] / most))
        if kappa[first] * (1.0 - value[first] / most) > floor:
            continue
        count = 0
        paid = max(kappa[first], floor) + (max(kappa[other], floor) if other != first else 0.0)
        for k in range(agents):
            # ℓ_k(F̂) ≤ lb: the domain (21)
            if k not in (first, other) and rounded[k] > 0 and kappa[k] * (1.0 - value[k] / most) <= floor:
                items[count] = k
                wage[k] = max(kappa[k], floor)
                ratio[k] = wage[k] / rounded[k]
                count += 1
        # What the rest costs at least, fractionally.
        rest, fraction = goal - base, paid
        order = items[:count][np.argsort(ratio[items[:count]])]
        for p in range(count):
            k = order[p]
            if rounded[k] >= rest:
                fraction += ratio[k] * rest
                rest = 0
                break
            fraction += wage[k]
            rest -= rounded[k]
        if rest > 0 or (1.0 - fraction) * most <= best:
            continue
        # The knapsack (29), (30): the least wages of agents whose rounded values sum to each number.
        size = goal - base
        if size * (count + 1) > MOST:
            complete = False
            continue
        limit -= size * (count + 1)
        least = np.full(size + 1, np.inf)
        taken = np.zeros((count, size + 1), dtype=np.bool_)
        least[0] = 0.0
        for p in range(count):
            k = order[p]
            for s in range(size, rounded[k] - 1, -1):
                if least[s - rounded[k]] + wage[k] < least[s]:
                    least[s] = least[s - rounded[k]] + wage[k]
                    taken[p, s] = True
        if (1.0 - paid - least[size]) * most <= best:
            continue
        team = np.zeros(agents, dtype=np.bool_)
        team[first] = team[other] = True
        for p in range(count - 1, -1, -1):
            if taken[p, size]:
                team[order[p]] = True
                size -= rounded[order[p]]
        earned = _earned(kappa, value, team)
        if earned > best:
            best, found = earned, team
    return (goal - 1 if goal > base else -1), best, found, complete


@compiled
def _earned(kappa: Floats, value: Floats, team: Bools) -> float:
    """Return what a team earns with its least fair contract."""
    f = least = paid = 0.0
    for k in range(kappa.size):
        if team[k]:
            f += value[k]
    for k in range(kappa.size):
        if team[k]:
            least = max(least, kappa[k] * (1.0 - value[k] / f))
    for k in range(kappa.size):
        if team[k]:
            paid += max(kappa[k], least)
    earned: float = (1.0 - paid) * f
    return earned
