"""Better solutions near a known one: give up some of its columns, and pack the best that then fit."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.guarantees.solver.branching import pack
from parley.mechanisms.guarantees.solver.packing import Packing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock

__all__ = ["improved"]

FEWEST, MORE, MOST = 8, 2, 24
"""Columns that are given up at a time: at first, how many more after failures, and at last."""
NODES = 20
"""Nodes of one search."""
PATIENCE = 10
"""Searches without success before more columns are given up."""

Taken = tuple[int, tuple[int, ...]]
"""A kind of provider, and classes of jobs."""


def improved(
    packing: Packing, taken: Sequence[tuple[Taken, int]], enough: int, clock: Clock
) -> list[tuple[Taken, int]]:
    """Improve a solution until it has `enough`, the time is up, or nothing near it is better.

    Parameters
    ----------
    taken : sequence of ((int, tuple of int), int)
        Its columns, which need not be among those of the packing, with their gains.
    """
    best, dice = list(taken), Random(0)
    size, failures = min(FEWEST, len(best)), 0
    while best and clock.left > 0 and sum(gain for _, gain in best) < enough:
        given_up = set(dice.sample(range(len(best)), size))
        kept = [one for k, one in enumerate(best) if k not in given_up]
        more = _packed(packing, kept, sum(best[k][1] for k in given_up), clock)
        if more is not None:
            best, failures = kept + more, 0
            size = min(size, len(best))
            continue
        failures += 1
        if failures == PATIENCE:
            if size >= min(MOST, len(best)):
                break
            size, failures = min(size + MORE, MOST, len(best)), 0
    return best


def _packed(
    packing: Packing, kept: Sequence[tuple[Taken, int]], more_than: int, clock: Clock
) -> list[tuple[Taken, int]] | None:
    """Pack columns that fit with those kept; None if they do not gain more."""
    left, counts = packing.sizes.copy(), packing.counts.copy()
    for row, times in Counter(row for (_, rows), _ in kept for row in rows).items():
        left[row] -= times
    for (kind, _), _ in kept:
        counts[kind] -= 1
    holders, columns = packing.by_row, packing.columns
    places = np.repeat(np.arange(left.size), np.diff(holders.indptr))
    fits = counts[columns.kinds] > 0
    fits[holders.indices[holders.data > left[places]]] = False
    some = columns.where(fits)
    part = Packing(some, packing.gains[fits], left.tolist(), counts.tolist(), scale=packing.scale)
    found = pack(part, more_than, 1 << 200, clock, most_nodes=NODES)
    if found.chosen is None:
        return None
    return [((int(some.kinds[c]), some.of(c)), int(part.gains[c])) for c in found.chosen]
