"""The selection program in floating point: a bounded, lexicographic simplex method for few rows.

It finds the bases from which `selection` computes exactly, and it evaluates many profiles for the design of
menus. Plain Python runs it, and numba compiles it for many profiles.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING

import numpy as np

from parley.core.machine import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bases = Callable[
        [NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]],
        tuple[NDArray[np.int64], NDArray[np.float64]],
    ]

__all__ = ["fast", "find_bases", "shares_in_threads"]

ZERO = 1e-9
"""What counts as 0, after each task and the costs are scaled to at most 1."""
TINY = 1e-300
"""A row of zeros is divided by this instead of its maximum."""
TIE = 1e-12
"""Steps that differ by less have the same length."""
FEW = 200
"""Profiles that are solved in one thread: starting others takes longer."""
MAX_STEPS = 2_000
"""Steps after which the search stops; seldom more than the number of columns is needed."""


def find_bases(
    columns: NDArray[np.float64], costs: NDArray[np.float64], present: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Solve the selection program of each profile, up to rounding.

    Minimize Σ_t cost_t y_t over shares 0 ≤ y ≤ 1 of the present columns with Σ_t y_t κ_t = 0; of several
    optima, take the one with the greatest first share, then the greatest second share, and so on. That is the
    only optimum of the costs cost_t − ε_t with ε_1 ≫ ε_2 ≫ … > 0. The search starts at y = 0 with an
    artificial variable for each task, fixed at 0, and follows Bland's rule.

    Parameters
    ----------
    columns : array, shape (count, tasks)
        The columns κ of all profiles.
    costs : array, shape (count,)
        Their costs π·κ.
    present : array of bool, shape (profiles, count)
        Columns of each profile.

    Returns
    -------
    bases : array, shape (profiles, tasks)
        The basic column of each task's row, −1 for the artificial variable.
    shares : array, shape (profiles, count)

    Examples
    --------
    >>> columns, costs = np.array([[2.0, -2], [-1, 1], [-2, 2]]), np.array([-4.0, 1, 4])
    >>> bases, shares = find_bases(columns, costs, np.array([[True, True, True], [True, False, True]]))
    >>> bases.tolist(), shares.tolist()
    ([[2, -1], [0, -1]], [[1.0, 1.0, 0.5], [1.0, 0.0, 1.0]])
    """
    tasks, profiles = columns.shape[1], present.shape[0]
    bases = np.full((profiles, tasks), -1)
    all_shares = np.zeros(present.shape)
    for profile in range(profiles):
        which = np.nonzero(present[profile])[0]
        basis, shares = _solve(*_scaled(columns, costs, which))
        for i in range(tasks):
            if basis[i] >= 0:
                bases[profile, i] = which[basis[i]]
        for t in range(which.size):
            all_shares[profile, which[t]] = shares[t]
    return bases, all_shares


def _scaled(
    columns: NDArray[np.float64], costs: NDArray[np.float64], which: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the table, one row per task, and the costs of some columns, each row scaled to at most 1."""
    count, tasks = which.size, columns.shape[1]
    table, reduced = np.zeros((tasks, count)), np.zeros(count)
    for t in range(count):
        reduced[t] = costs[which[t]]
        for i in range(tasks):
            table[i, t] = columns[which[t], i]
    if count > 0:
        for i in range(tasks):
            table[i] /= max(np.abs(table[i]).max(), TINY)
        reduced /= max(np.abs(reduced).max(), TINY)
    return table, reduced


def _solve(
    table: NDArray[np.float64], reduced: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Step from basis to basis until no step gains; changes its arguments."""
    tasks, count = table.shape
    basis, row_of, shares = np.full(tasks, -1), np.full(count, -1), np.zeros(count)
    for _ in range(MAX_STEPS):
        entering = _entering(table, reduced, row_of, shares)
        if entering < 0:
            break
        toward = 1.0 if shares[entering] == 0 else -1.0
        leaving, length = _leaving(table[:, entering] * toward, basis, shares)
        for i in range(tasks):
            if basis[i] >= 0:
                shares[basis[i]] -= toward * length * table[i, entering]
        if leaving < 0:
            shares[entering] = 1.0 - shares[entering]
            continue
        shares[entering] += toward * length
        out = basis[leaving]
        if out >= 0:
            shares[out] = 0.0 if shares[out] < 0.5 else 1.0
            row_of[out] = -1
        basis[leaving], row_of[entering] = entering, leaving
        _pivot(table, reduced, leaving, entering)
    return basis, shares


def _entering(
    table: NDArray[np.float64],
    reduced: NDArray[np.float64],
    row_of: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> int:
    """Return the first column that gains by moving from its bound, or −1."""
    for u in range(reduced.size):
        if row_of[u] >= 0:
            continue
        sign = reduced[u]
        if abs(sign) <= ZERO:
            sign = -1.0  # the column's own ε, unless one before it decides
            for t in range(u):
                if row_of[t] >= 0 and abs(table[row_of[t], u]) > ZERO:
                    sign = table[row_of[t], u]
                    break
        if (sign < 0) == (shares[u] == 0):
            return u
    return -1


def _leaving(
    speeds: NDArray[np.float64], basis: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[int, float]:
    """Return the row whose basic variable first meets a bound, or −1, and the length of the step."""
    leaving, length = -1, 1.0
    for i in range(basis.size):
        if abs(speeds[i]) <= ZERO:
            continue
        limit = 0.0
        if basis[i] >= 0:
            room = shares[basis[i]] if speeds[i] > 0 else 1 - shares[basis[i]]
            limit = max(room, 0.0) / abs(speeds[i])
        tied = leaving >= 0 and limit <= length + TIE and basis[i] < basis[leaving]
        if limit < length - TIE or tied:
            leaving, length = i, min(limit, length)
    return leaving, length


def _pivot(table: NDArray[np.float64], reduced: NDArray[np.float64], leaving: int, entering: int) -> None:
    """Let a column enter the basis in a row; changes table and costs."""
    table[leaving] /= table[leaving, entering]
    for i in range(table.shape[0]):
        if i != leaving and table[i, entering] != 0:
            table[i] -= table[i, entering] * table[leaving]
    reduced -= reduced[entering] * table[leaving]


@cache
def fast() -> Bases:
    """Return `find_bases` as machine code."""
    names = dict(globals())
    for function in (_scaled, _entering, _leaving, _pivot, _solve, find_bases):
        copy = FunctionType(function.__code__, names, function.__name__)  # calls the compiled ones
        names[function.__name__] = compiled(copy)
    found: Bases = names["find_bases"]
    return found


def shares_in_threads(
    columns: NDArray[np.float64], costs: NDArray[np.float64], present: NDArray[np.bool_], threads: int
) -> NDArray[np.float64]:
    """Return the shares that `find_bases` finds, by machine code, with the profiles divided among threads."""
    solve = fast()
    if threads == 1 or len(present) <= FEW:
        return solve(columns, costs, present)[1]
    with ThreadPoolExecutor(threads) as pool:
        parts = pool.map(lambda part: solve(columns, costs, part)[1], np.array_split(present, threads))
        return np.concatenate(list(parts))
