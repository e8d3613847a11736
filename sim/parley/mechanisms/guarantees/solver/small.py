"""Many small problems of identical providers under max-min fairness, solved in machine code.

The same steps as in `search`, for intervals: list the schedules, find the greatest least value by bisection
over their values, then the greatest value above it. Linear programs are solved by a dense simplex method in
floating point, and their prices, rounded to integers, prove the bounds. Numba's cache on disk checks only the
file of a function, so what calls each other is in this file. Importing it imports numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from parley.core.machine import compiled
from parley.mechanisms.guarantees.solver.kernels import Ints, greatest_flows, list_schedules

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Loss", "losses"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEAR = 1e-7
"""How near to a whole number a share counts as whole."""
ZERO = 1e-9
"""What counts as 0 in the simplex method."""
DANTZIG_STEPS = 2_000
"""Steps by the steepest price; then by Bland's rule, which cannot cycle."""
MOST_STEPS = 20_000
MOST_NODES = 20_000
"""Nodes of one search."""
MOST_SCHEDULES = 20_000


class Loss(NamedTuple):
    """One number of providers."""

    max_value: int
    tau: int
    """The greatest least value found."""
    restricted_value: int
    """The greatest value found above it."""
    proved: bool


def losses(starts: Ints, ends: Ints, values: Ints, providers: Sequence[int]) -> list[Loss]:
    """Solve a problem of intervals for several numbers of identical providers.

    Parameters
    ----------
    starts, ends, values : (jobs,)
        Whole numbers; the values are at least 0, and their sum is below 2^40.
    providers : sequence of int
        Ascending.

    Examples
    --------
    >>> losses(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([10, 10, 9]), [1, 2, 3])
    [Loss(max_value=20, tau=20, restricted_value=20, proved=True), Loss(max_value=29, tau=10, \
restricted_value=20, proved=True), Loss(max_value=29, tau=9, restricted_value=29, proved=True)]
    """
    order = np.lexsort((ends, starts))
    starts, ends, values = starts[order], ends[order], values[order]
    points = np.unique(np.concatenate((starts, ends)))
    nodes = np.searchsorted(points, starts), np.searchsorted(points, ends)
    most = min(max(providers), starts.size)
    totals, _ = greatest_flows(*nodes, values, points.size, most)
    everything = np.ones(starts.size, dtype=np.bool_)
    none, nothing = np.full(starts.size, -1, dtype=np.int64), values * 0
    complete, first, members = list_schedules(
        np.searchsorted(starts, ends),
        np.zeros((0, 0), dtype=np.bool_),
        none,
        everything,
        values,
        nothing,
        nothing,
        0,
        0,
        0,
        starts.size,
        False,
        MOST_SCHEDULES,
    )
    if not complete:
        return [Loss(int(totals[min(n, most)]), 0, 0, proved=False) for n in providers]
    counts = np.array(providers, dtype=np.int64)
    found = _solve(first, members, values, totals[np.minimum(counts, most)], counts)
    return [
        Loss(int(top), int(tau), int(left), bool(proved))
        for top, tau, left, proved in zip(totals[np.minimum(counts, most)], *found, strict=True)
    ]


@compiled
def _solve(first: Ints, members: Ints, values: Ints, totals: Ints, counts: Ints) -> tuple[Ints, Ints, Bools]:
    """Find the greatest least value, and the greatest value above it, for each number of providers."""
    columns = first.size - 1
    worth = np.zeros(columns, dtype=np.int64)
    smallest, largest = np.zeros(columns, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    for column in range(columns):
        own = values[members[first[column] : first[column + 1]]]
        worth[column], smallest[column], largest[column] = own.sum(), own.min(), own.max()
    steps = np.unique(worth)
    steps = steps[steps > 0]
    taus, lefts = np.zeros(counts.size, dtype=np.int64), np.zeros(counts.size, dtype=np.int64)
    proved = np.ones(counts.size, dtype=np.bool_)
    above = steps.size  # steps from here on are too much
    for k in range(counts.size):
        count = counts[k]
        reached = 0  # so many steps are possible
        open_from = above  # from here on nothing was found
        while reached < open_from:
            middle = (reached + open_from + 1) // 2
            floor = steps[middle - 1]
            big = np.flatnonzero(values >= floor)
            least = floor
            if big.size < count:
                chosen = np.flatnonzero((worth >= floor) & (worth - smallest < floor) & (largest < floor))
                need = count - big.size
                gains = np.ones(chosen.size, dtype=np.int64)
                best, bound, taken = _pack(first, members, chosen, gains, values.size, need, need - 1, need)
                if best < need:
                    if bound < need:
                        above = min(above, middle - 1)
                    open_from = middle - 1
                    continue
                least = min(np.min(worth[taken]), np.min(values[big]) if big.size > 0 else floor * 2)
            else:
                least = np.sort(values[big])[::-1][count - 1]
            reached = np.searchsorted(steps, least, side="right")
        taus[k] = steps[reached - 1] if reached > 0 else 0
        proved[k] = open_from <= above
        lefts[k] = totals[k]
        if reached > 0:
            chosen = np.flatnonzero(worth >= taus[k])
            bonus = totals[k] + 1
            counted = bonus * count
            best, bound, taken = _pack(
                first,
                members,
                chosen,
                worth[chosen] + bonus,
                values.size,
                count,
                counted - 1,
                counted + totals[k],
            )
            lefts[k] = best - counted
            proved[k] = proved[k] and best == min(bound, counted + totals[k]) and best >= counted
    return taus, lefts, proved


@compiled
def _pack(  # noqa: C901, PLR0912, PLR0915 - one search
    first: Ints,
    members: Ints,
    columns: Ints,
    gains: Ints,
    jobs: int,
    count: int,
    more_than: int,
    enough: int,
) -> tuple[np.int64, np.int64, Ints]:
    """Choose at most `count` disjoint columns of the greatest gain above `more_than`, or of `enough`.

    Returns
    -------
    best, bound
        The gain found, and the most that is possible.
    taken
        The columns.
    """
    size = columns.size
    best, taken = np.int64(more_than), columns[:0].copy()
    if size == 0:
        return best, best, taken
    scale = np.max(gains)
    unit = np.int64(1)
    while unit * scale < np.int64(1) << 40:
        unit *= 2
    masks = np.ones((64, size), dtype=np.bool_)
    bounds = np.full(64, np.int64(1) << 62)
    waiting, visited = 1, 0
    point, prices = np.zeros(size), np.zeros(jobs)
    while waiting > 0 and best < enough and visited < MOST_NODES:
        waiting -= 1
        if bounds[waiting] <= best:
            continue
        visited += 1
        mask = masks[waiting].copy()
        _relax(first, members, columns, gains / scale, mask, jobs, count, point, prices)
        rounded = np.zeros(jobs, dtype=np.int64)
        total = np.int64(0)
        for job in range(jobs):
            rounded[job] = max(0, round(prices[job] * scale * unit))
            total += rounded[job]
        extra = np.int64(0)
        for place in range(size):
            if mask[place]:
                rest = gains[place] * unit
                for job in members[first[columns[place]] : first[columns[place] + 1]]:
                    rest -= rounded[job]
                extra = max(extra, rest)
        bound = min(bounds[waiting], (total + count * extra) // unit)
        if bound <= best:
            continue
        whole = True
        for place in range(size):
            if abs(point[place] - round(point[place])) > NEAR:
                whole = False
                break
        order = np.argsort(-point) if not whole else np.flatnonzero(point > 0.5)
        used = np.zeros(jobs, dtype=np.bool_)
        mine = np.zeros(size, dtype=np.bool_)
        number, gain = 0, np.int64(0)
        for place in order:
            if number == count or not mask[place]:
                continue
            own = members[first[columns[place]] : first[columns[place] + 1]]
            if not np.any(used[own]):
                used[own] = True
                mine[place] = True
                number += 1
                gain += gains[place]
        if gain > best:
            best, taken = gain, columns[mine]
        if bound <= best:
            continue
        one, other = _pair(first, members, columns, point, mask, jobs)
        if one < 0:  # rounding alone keeps the bound from being reached
            bounds[waiting] = bound
            waiting += 1
            break
        if waiting + 2 > bounds.size:
            masks = np.concatenate((masks, masks))
            bounds = np.concatenate((bounds, bounds))
        for together in range(2):
            for place in range(size):
                both = 0
                for job in members[first[columns[place]] : first[columns[place] + 1]]:
                    both += job in (one, other)
                keep = both != 1 if together else both != 2
                masks[waiting, place] = mask[place] and keep
            bounds[waiting] = bound
            waiting += 1
    most = best
    for place in range(waiting):
        most = max(most, bounds[place])
    return best, most, taken


@compiled
def _pair(
    first: Ints, members: Ints, columns: Ints, point: Floats, mask: Bools, jobs: int
) -> tuple[int, int]:
    """Return two jobs that are together in about half of a solution, and not always; (−1, −1) if none are."""
    together, covered = np.zeros((jobs, jobs)), np.zeros(jobs)
    for place in range(columns.size):
        if mask[place] and point[place] > NEAR:
            own = members[first[columns[place]] : first[columns[place] + 1]]
            for k in range(own.size):
                covered[own[k]] += point[place]
                for i in range(k + 1, own.size):
                    together[own[k], own[i]] += point[place]
    best, nearest = (-1, -1), 1.0
    for one in range(jobs):
        for other in range(one + 1, jobs):
            share = together[one, other]
            apart = max(covered[one], covered[other]) > share + NEAR
            if NEAR < share < 1 - NEAR and apart and abs(share - 0.5) < nearest:
                best, nearest = (one, other), abs(share - 0.5)
    return best


@compiled
def _relax(  # noqa: C901, PLR0912, PLR0913, PLR0917 - one simplex method
    first: Ints,
    members: Ints,
    columns: Ints,
    gains: Floats,
    mask: Bools,
    jobs: int,
    count: int,
    point: Floats,
    prices: Floats,
) -> None:
    """Solve the linear program by the simplex method on a tableau; write its solution and its prices."""
    rows = jobs + 1
    active = np.flatnonzero(mask)
    width = active.size
    tableau = np.zeros((rows + 1, width + rows + 1))
    for k in range(width):
        column = columns[active[k]]
        for job in members[first[column] : first[column + 1]]:
            tableau[job, k] = 1.0
        tableau[jobs, k] = 1.0
        tableau[rows, k] = -gains[active[k]]
    for row in range(rows):
        tableau[row, width + row] = 1.0
        tableau[row, width + rows] = 1.0
    tableau[jobs, width + rows] = count
    basis = np.arange(width, width + rows)
    for step in range(MOST_STEPS):
        entering, lowest = -1, -ZERO
        for k in range(width + rows):
            if tableau[rows, k] < lowest:
                entering, lowest = k, tableau[rows, k]
                if step > DANTZIG_STEPS:
                    break
        if entering < 0:
            break
        leaving, ratio = -1, np.inf
        for row in range(rows):
            if tableau[row, entering] > ZERO:
                value = tableau[row, width + rows] / tableau[row, entering]
                if value < ratio - ZERO or (
                    value < ratio + ZERO and leaving >= 0 and basis[row] < basis[leaving]
                ):
                    leaving, ratio = row, value
        if leaving < 0:
            break
        tableau[leaving] /= tableau[leaving, entering]
        for row in range(rows + 1):
            factor = tableau[row, entering]
            if row != leaving and factor != 0.0:
                tableau[row] -= factor * tableau[leaving]
        basis[leaving] = entering
    point[:] = 0.0
    for row in range(rows):
        if basis[row] < width:
            point[active[basis[row]]] = tableau[row, width + rows]
    prices[:] = tableau[rows, width : width + jobs]
