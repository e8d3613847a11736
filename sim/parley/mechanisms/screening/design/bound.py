"""Upper bounds of what one agent's menu can be worth in the large market.

For prices w of tasks, S(w) is the greatest expected worth of an assignment by any menu. A menu of polarized
rays is worth w·η + Σ_k P(c·κ_k < 0) w·κ_k, and two rays never give up the same task. So S(w) is at most w·η
plus the greatest sum of U(N) over disjoint sets N of tasks, where U(N) is the worth of the best single ray
that gives up the tasks in N. U(N) is bounded by branch and bound: in each coordinate of κ, P falls and w·κ
rises.

*How many rays* a menu can have: let ρ be the greatest ratio of two costs of one task, and A_kl the workload
of what ray k takes of the tasks in N_l, relative to what it gives up, both at the least costs. Polarization
says A_kl A_lk ≥ 1, and somebody likes ray k only if Σ_l A_kl < ρ. Adding up over K rays, K (K − 1) < K ρ. So
at most K < 1 + ρ rays are ever chosen: two, if costs are between 1 and 2. With few tasks, two rays are also
bounded together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.screening.design.compiled_rays import Aim, bound_rays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.design.laws import Law
    from parley.mechanisms.screening.design.numbers import Floats

__all__ = ["Bound", "most_rays", "pack", "single_ray", "support_bound"]

NODES = 400
"""Boxes of each set of tasks at first."""
MORE = 6
"""Times as many boxes for the sets that decide, again and again."""
MOST_NODES = 60_000
ENOUGH = 0.002
"""Relative gap at which the search of a set ends."""
TOLERANCE = 0.005
"""Relative gap of the sum at which the refinement ends."""
MOST_TIED = 4
"""Tasks up to which pairs of rays are bounded together."""
TIED_NODES = 2000
"""Boxes for one of two rays at most."""
INTERVALS = 8
"""Intervals of what the first of two rays takes of the tasks that the second gives up."""


@dataclass(frozen=True)
class Bound:
    """What a menu can be worth beyond w·η."""

    value: float
    """No menu is worth more."""
    rays: tuple[Floats, ...]
    """The best single rays of the sets that decide: not always polarized."""


def most_rays(law: Law) -> int:
    """Return the number of rays of a polarized menu that types can choose, at most.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from parley.mechanisms.screening.design.laws import Law
    >>> from parley.mechanisms.screening.preferences import Uniform
    >>> most_rays(Law.of(Uniform((Fraction(1),) * 5, (Fraction(2),) * 5), (0,)))
    2
    """
    return min(law.low.size, max(1, ceil(law.spread - 1e-9)))


def single_ray(
    law: Law,
    worth: Floats,
    endowment: Floats,
    given: Sequence[int],
    nodes: int,
    tied: tuple[Sequence[int], float] = ((), 0.0),
) -> tuple[float, float, Floats]:
    """Bound U(N), the worth of the best single ray that gives up some tasks.

    Parameters
    ----------
    given : sequence of int
        N.
    nodes : int
        Boxes that are examined at most.
    tied : (tasks, share)
        Bound only rays that take of these tasks at least this share of what they give up, at the least costs.

    Returns
    -------
    found, bound : float
    ray : array, shape (tasks,)
        The best ray that was found.
    """
    tasks, high = worth.size, law.high
    inside = np.isin(np.arange(tasks), given)
    able = inside & (endowment > 0)
    ray = np.zeros(tasks)
    if not able.any():
        return 0.0, 0.0, ray
    budget = float((high * endowment)[able].sum())
    others = np.isin(np.arange(tasks), tied[0])
    tie = law.low * (others + tied[1] * inside)
    most = np.where(inside | ((worth <= 0) & ~others), 0.0, budget / law.low)
    least = np.where(able, -endowment, 0.0)
    roots = []
    for first in np.nonzero(able)[0]:  # the task that runs out
        top = most.copy()
        fixed = able & (worth <= 0) & (tied[1] == 0)
        fixed[first] = True
        top[fixed] = least[fixed]
        roots.append(top)
    boxes = np.tile(least, (len(roots), 1)), np.array(roots)
    found, bound = bound_rays(law.types, Aim(worth, tie), boxes, ENOUGH, nodes, ray)
    return found, bound, ray


def pack(values: dict[int, float], tasks: int, most: int) -> tuple[float, tuple[int, ...]]:
    """Find the greatest sum of values of disjoint sets.

    Parameters
    ----------
    values : dict
        By set, as a binary number.
    most : int
        Sets at most.

    Examples
    --------
    >>> pack({0b01: 2.0, 0b10: 3.0, 0b11: 4.0}, 2, 2), pack({0b01: 2.0, 0b10: 3.0, 0b11: 4.0}, 2, 1)
    ((5.0, (1, 2)), (4.0, (3,)))
    """
    everything = (1 << tasks) - 1
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())] * (everything + 1)
    for _ in range(most):
        last, best = best, []
        for room in range(everything + 1):
            found: tuple[float, tuple[int, ...]] = (0.0, ())
            n = room
            while n:  # all sets in the room
                total = values.get(n, 0.0) + last[room & ~n][0]
                if total > found[0]:
                    found = total, (*last[room & ~n][1], n)
                n = (n - 1) & room
            best.append(found)
    total, chosen = best[everything]
    return total, tuple(sorted(n for n in chosen if values.get(n)))


def support_bound(law: Law, worth: Floats, endowment: Floats, *, nodes: int = MOST_NODES) -> Bound:
    """Bound S(w) − w·η for menus of polarized rays and the remedial menu.

    Parameters
    ----------
    law : Law
        An exact one.
    worth : array, shape (tasks,)
        w.
    nodes : int
        Boxes for one set of tasks at most.
    """
    tasks, count = worth.size, most_rays(law)
    sets = {sum(1 << i for i in n): n for size in range(1, tasks) for n in combinations(range(tasks), size)}
    spent = dict.fromkeys(sets, min(NODES, nodes))
    results = {n: single_ray(law, worth, endowment, sets[n], spent[n]) for n in sets}
    while True:
        bounds = {n: bound for n, (_, bound, _) in results.items()}
        total, chosen = pack(bounds, tasks, count)
        known = pack({n: found for n, (found, _, _) in results.items()}, tasks, count)[0]
        open_ = [
            n for n in chosen if spent[n] < nodes and results[n][1] > results[n][0] * (1 + ENOUGH) + 1e-9
        ]
        if total <= known * (1 + TOLERANCE) or not open_:
            break
        for n in open_:
            spent[n] = min(spent[n] * MORE, nodes)
            results[n] = single_ray(law, worth, endowment, sets[n], spent[n])
    if count == 2 and tasks <= MOST_TIED:
        total = _of_pairs(law, worth, endowment, {sets[n]: bound for n, bound in bounds.items()})
    remedial = float((np.maximum(worth, 0) * endowment - worth * endowment).sum())
    return Bound(max(total, remedial), tuple(results[n][2] for n in chosen))


def _of_pairs(law: Law, worth: Floats, endowment: Floats, bounds: dict[tuple[int, ...], float]) -> float:
    """Bound menus of one ray or two polarized ones.

    Two rays have A_12 A_21 ≥ 1, and both A_12 and A_21 are below ρ. So for some of the intervals of A_12 that
    cover [1/ρ, ρ], the first ray takes at least its lower end, and the second the inverse of its upper end.
    """
    ends = np.geomspace(1 / law.spread, law.spread, INTERVALS + 1).tolist()
    pairs = [
        (bounds[one] + bounds[other], one, other)
        for one, other in combinations(bounds, 2)
        if not {*one} & {*other} and bounds[one] and bounds[other]
    ]
    best = max(bounds.values())
    for total, one, other in sorted(pairs, reverse=True):
        if total <= best:
            break
        first = [single_ray(law, worth, endowment, one, TIED_NODES, (other, t))[1] for t in ends[:-1]]
        second = [single_ray(law, worth, endowment, other, TIED_NODES, (one, 1 / t))[1] for t in ends[1:]]
        best = max(best, min(total, max(map(float.__add__, first, second))))
    return best
