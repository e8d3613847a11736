"""Cuts: of three jobs that there are once, at most one column can hold two or more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from parley.mechanisms.guarantees.solver.packing import Floats, Packing

__all__ = ["violated"]

LEAST = 0.02
"""By how much a solution must violate a cut."""
MOST_AT_ONCE, MOST_OF_JOB = 100, 5
"""Cuts of one round, and those that share a job."""
TINY = 1e-9


def violated(packing: Packing, point: Floats, most: int) -> list[tuple[int, int, int]]:
    """Return at most so many triples of jobs whose cut a solution violates, the worst first.

    Examples
    --------
    >>> from parley.mechanisms.guarantees.solver.columns import Columns
    >>> from parley.mechanisms.guarantees.solver.packing import Packing
    >>> pairs, ones = np.array([0, 1, 1, 2, 0, 2]), np.ones(3, dtype=np.int64)
    >>> packing = Packing(Columns(np.arange(0, 7, 2), pairs, ones * 0, ones, ones), ones, (1, 1, 1), (3,))
    >>> violated(packing, np.array([1 / 2, 1 / 2, 1 / 2]), 9)
    [(0, 1, 2)]
    """
    used = np.flatnonzero((point > TINY) & (point < 1 - TINY))
    most = min(most, MOST_AT_ONCE)
    if used.size < 3 or most == 0:
        return []
    held = packing.by_row[:, used]
    rows = np.flatnonzero((held.sum(axis=1) > 0) & (packing.sizes == 1))
    holds = held[rows].toarray()
    shares = point[used]
    both = (holds * shares) @ holds.T  # how much of a solution holds two jobs
    np.fill_diagonal(both, 0)
    triples: set[tuple[int, int, int]] = set()
    for i in range(rows.size):
        near = np.flatnonzero(both[i] > TINY)
        sums = both[i, near, None] + both[i, near] + both[np.ix_(near, near)]
        firsts, seconds = np.nonzero(np.triu(sums > 1 + LEAST, 1))
        for j, k in zip(near[firsts].tolist(), near[seconds].tolist(), strict=True):
            a, b, c = sorted((i, j, k))
            triples.add((a, b, c))
    if not triples:
        return []
    found = np.array(sorted(triples))
    excess = (sum(holds[found[:, k]] for k in range(3)) > 1) @ shares - 1
    times = np.zeros(rows.size, dtype=np.int64)
    chosen: list[tuple[int, int, int]] = []
    for place in np.argsort(-excess, kind="stable").tolist():
        if excess[place] < LEAST or len(chosen) == most:
            break
        if times[found[place]].max() < MOST_OF_JOB:
            times[found[place]] += 1
            a, b, c = rows[found[place]].tolist()
            chosen.append((a, b, c))
    return chosen
