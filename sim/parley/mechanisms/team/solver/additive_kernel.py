"""Machine code for additive f: the branch and bound of `additive`, in floats with a margin for rounding.

Agents are in order of their cut-offs κ. Numba's cache on disk checks only the file of a function.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from parley.core.machine import compiled

if TYPE_CHECKING:
    from parley.mechanisms.team.solver.state import Bools, Floats, Ints, Marks, Pool, Search

__all__ = ["improve", "root_bounds", "search"]

UNDECIDED, IN, OUT = 0, 1, 2


@compiled
def _interval(  # noqa: C901, PLR0913, PLR0917 - one pass without calls
    kappa: Floats,
    value: Floats,
    state: Marks,
    by_value: Ints,
    by_ratio: Ints,
    last: int,
    floor: float,
    start: float,
    paid: float,
    goal: float,
) -> tuple[float, float, float]:
    """Find the least f(S) from which the relaxation earns more than a goal, and the most that it earns.

    The relaxation hires undecided agents up to `last` fractionally, the cheapest per unit of value first, at
    wages of at least the floor. What it earns is concave in f(S).

    Returns
    -------
    low : float
        −1 if the goal is out of reach.
    most : float
    ratio : float
        Wage per unit of value where the most is earned.
    """
    size = kappa.size
    f, w = start, paid
    most = (1.0 - w) * f
    low = f if most > goal else -1.0
    p = q = 0
    ratio = 0.0
    while True:
        while p < size:
            k = by_value[p]
            if k <= last and kappa[k] <= floor and state[k] == UNDECIDED:
                break
            p += 1
        while q < size:
            k = by_ratio[q]
            if k <= last and kappa[k] > floor and state[k] == UNDECIDED:
                break
            q += 1
        if p == size and q == size:
            break
        cheap = floor / value[by_value[p]] if p < size else np.inf
        dear = kappa[by_ratio[q]] / value[by_ratio[q]] if q < size else np.inf
        if cheap <= dear:
            k, r = by_value[p], cheap
            p += 1
        else:
            k, r = by_ratio[q], dear
            q += 1
        slope = 1.0 - w - r * f
        ratio = r
        if slope <= 0.0:
            break
        x = value[k]
        if r > 0.0 and slope / (2.0 * r) < x:
            x = slope / (2.0 * r)
        earned = (1.0 - w - r * x) * (f + x)
        most = max(most, earned)
        if low < 0.0 and earned > goal:
            short = goal - (1.0 - w) * f
            root = slope * slope - 4.0 * r * short
            low = f + 2.0 * short / (slope + sqrt(max(root, 0.0)))
        if x < value[k]:
            break
        f += value[k]
        w += r * value[k]
    return low, most, ratio


@compiled
def _fixed_point(  # noqa: PLR0913, PLR0917 - the same numbers again
    kappa: Floats,
    value: Floats,
    state: Marks,
    by_value: Ints,
    by_ratio: Ints,
    last: int,
    inside: Ints,
    members: int,
    floor: float,
    goal: float,
) -> tuple[float, float, float, float]:
    """Raise the floor as long as what the goal needs of f(S) raises it.

    Returns
    -------
    low, most, ratio
        As `_interval`.
    floor : float
        A lower bound of the minimum share.
    """
    low = most = ratio = 0.0
    for _ in range(40):
        start = paid = 0.0
        for k in range(members):
            start += value[inside[k]]
            paid += max(kappa[inside[k]], floor)
        low, most, ratio = _interval(kappa, value, state, by_value, by_ratio, last, floor, start, paid, goal)
        if low < 0.0:
            break
        low *= 1.0 - 1e-13
        higher = floor
        for k in range(members):
            b = inside[k]
            higher = max(higher, kappa[b] * (1.0 - value[b] / low))
        if higher <= floor * 1.0001:
            floor = max(floor, higher)
            break
        floor = higher
    return low, most, ratio, floor


@compiled
def root_bounds(
    kappa: Floats, value: Floats, by_value: Ints, by_ratio: Ints, twin: Ints, goal: float
) -> Floats:
    """Bound what teams earn in which agent j has the largest cut-off, for each j; 0 if at most the goal."""
    agents = kappa.size
    bounds = np.zeros(agents)
    state = np.zeros(agents, dtype=np.int8)
    inside = np.zeros(agents, dtype=np.int64)
    for last in range(agents):
        members, k = 0, last
        while k >= 0:
            inside[members] = k
            state[k] = IN
            members += 1
            k = twin[k]
        low, most, _, _ = _fixed_point(
            kappa, value, state, by_value, by_ratio, last, inside, members, 0.0, goal
        )
        if low >= 0.0:
            bounds[last] = most
        for m in range(members):
            state[inside[m]] = UNDECIDED
    return bounds


@compiled
def _keep(pool: Pool, team: Bools, earned: float, margin: float) -> None:
    """Keep a team if its revenue may be the greatest."""
    if earned < pool.best[0] - margin:
        return
    if earned > pool.best[0] + margin:
        pool.held[0] = 0
    pool.best[0] = max(pool.best[0], earned)
    pool.teams[pool.held[0]] = team
    pool.held[0] += 1


@compiled
def _prefixes(  # noqa: PLR0913, PLR0917 - the same numbers again
    kappa: Floats,
    value: Floats,
    state: Marks,
    by_value: Ints,
    last: int,
    inside: Ints,
    members: int,
    floor: float,
    pool: Pool,
    margin: float,
) -> None:
    """Evaluate the members with the 0, 1, … undecided agents of most value whose cut-off is below the floor.

    The floor is a lower bound of the minimum share if f(S) is large enough to be of interest; those agents
    never decide the minimum share then, and are all paid it.
    """
    agents = kappa.size
    team = np.zeros(agents, dtype=np.bool_)
    f = 0.0
    for k in range(members):
        team[inside[k]] = True
        f += value[inside[k]]
    hired, place, peak = 0, 0, 0.0
    while True:
        least = 0.0
        for k in range(members):
            b = inside[k]
            least = max(least, kappa[b] * (1.0 - value[b] / f))
        paid = hired * max(least, floor)  # below the floor, f is too small to be of interest
        for k in range(members):
            paid += max(kappa[inside[k]], least)
        _keep(pool, team, (1.0 - paid) * f, margin)
        while place < agents:
            k = by_value[place]
            if k <= last and kappa[k] <= floor and state[k] == UNDECIDED:
                break
            place += 1
        if place == agents:
            return
        k = by_value[place]
        place += 1
        hired += 1
        team[k] = True
        f += value[k]
        most = (1.0 - hired * floor) * f
        peak = max(peak, most)
        if most <= 0.0 or (most < peak and most < pool.best[0] - margin):
            return


@compiled
def search(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one search
    kappa: Floats,
    value: Floats,
    by_value: Ints,
    by_ratio: Ints,
    twin: Ints,
    last: int,
    here: Search,
    pool: Pool,
    margin: float,
    limit: int,
) -> bool:
    """Go on with a search for teams in which `last` has the largest cut-off.

    Parameters
    ----------
    twin : (agents,)
        The equal agent just before each one, which is hired first; −1 if there is none.
    here : Search
        Where the search stands. It begins with `last` and its twins inside.
    limit : int
        Number of nodes after which to stop; a full pool stops the search, too.

    Returns
    -------
    bool
        Whether the search is complete.
    """
    state, mark, items, stages, floors, bounds, inside, numbers = here
    agents = kappa.size
    depth, members = numbers[0], numbers[1]
    full = pool.teams.shape[0] - agents
    for _ in range(limit):
        if pool.held[0] >= full:
            break
        closed = True
        numbers[2] += 1
        floor = floors[depth]
        goal = pool.best[0] - margin
        low, most, ratio, floor = _fixed_point(
            kappa, value, state, by_value, by_ratio, last, inside, members, floor, goal
        )
        if low >= 0.0:
            choice, near = -1, np.inf
            for q in range(agents):
                k = by_ratio[q]
                if k <= last and state[k] == UNDECIDED and kappa[k] > floor:
                    if twin[k] >= 0 and state[twin[k]] == UNDECIDED:
                        continue
                    away = abs(kappa[k] / value[k] - ratio)
                    if away < near:
                        choice, near = k, away
                    elif kappa[k] / value[k] > ratio:
                        break
            if choice < 0:
                _prefixes(kappa, value, state, by_value, last, inside, members, floor, pool, margin)
            else:
                closed = False
                items[depth], stages[depth] = choice, 0
                bounds[depth] = most
                state[choice] = IN
                inside[members] = choice
                members += 1
                depth += 1
                floors[depth] = floor
        if closed:
            while depth > 0 and stages[depth - 1] == 1:
                depth -= 1
                for k in range(agents):
                    if mark[k] == depth:
                        mark[k] = -1
                        state[k] = UNDECIDED
            if depth == 0:
                numbers[0], numbers[1] = depth, members
                return True
            item = items[depth - 1]
            stages[depth - 1] = 1
            members -= 1
            k = item
            while k < agents and (k == item or twin[k] == k - 1):  # equal agents would be hired after it
                if k == item or state[k] == UNDECIDED:
                    state[k] = OUT
                    mark[k] = depth - 1
                k += 1
    numbers[0], numbers[1] = depth, members
    return False


@compiled
def improve(kappa: Floats, value: Floats, team: Bools, margin: float) -> float:
    """Hire and dismiss one agent at a time while the least fair contract earns more; return the revenue."""
    agents = kappa.size
    best = _earned(kappa, value, team)
    for _ in range(50):
        place = -1
        for k in range(agents):
            team[k] = not team[k]
            earned = _earned(kappa, value, team)
            if earned > best + margin:
                best, place = earned, k
            team[k] = not team[k]
        if place < 0:
            break
        team[place] = not team[place]
    return best


@compiled
def _earned(kappa: Floats, value: Floats, team: Bools) -> float:
    f = least = paid = 0.0
    for k in range(kappa.size):
        if team[k]:
            f += value[k]
    if f == 0.0:
        return 0.0
    for k in range(kappa.size):
        if team[k]:
            least = max(least, kappa[k] * (1.0 - value[k] / f))
    for k in range(kappa.size):
        if team[k]:
            paid += max(kappa[k], least)
    earned: float = (1.0 - paid) * f
    return earned
