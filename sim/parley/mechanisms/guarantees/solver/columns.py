"""Schedules as columns: the classes of their jobs, and for which kind of provider they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.guarantees.solver.kernels import Bools, Ints

__all__ = ["Columns", "gather", "sums"]


@dataclass(frozen=True)
class Columns:
    """Schedules of kinds of providers."""

    first: Ints
    """Column c has the classes ``rows[first[c]:first[c + 1]]``; at least one."""
    rows: Ints
    kinds: Ints
    values: Ints
    """v(S)."""
    smallest: Ints
    """The least value of a job in it."""

    @property
    def count(self) -> int:
        """Number of columns."""
        return self.kinds.size

    def of(self, column: int) -> tuple[int, ...]:
        """Return the classes of a column."""
        return tuple(self.rows[self.first[column] : self.first[column + 1]].tolist())

    def where(self, chosen: Bools) -> Columns:
        """Return some of the columns."""
        sizes = np.diff(self.first)
        first = np.concatenate(([0], np.cumsum(sizes[chosen])))
        rows = self.rows[np.repeat(chosen, sizes)]
        return Columns(first, rows, self.kinds[chosen], self.values[chosen], self.smallest[chosen])


def gather(parts: Sequence[Columns]) -> Columns:
    """Join lists of columns."""
    shift = np.cumsum([0, *(part.rows.size for part in parts)])
    first = [part.first[1:] + start for part, start in zip(parts, shift, strict=False)]
    return Columns(
        np.concatenate([np.zeros(1, dtype=np.int64), *first]),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.kinds for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.smallest for part in parts]),
    )


def sums(numbers: Ints, first: Ints) -> Ints:
    """Add up numbers from each first one to the next; none of these parts is empty.

    Examples
    --------
    >>> sums(np.array([1, 2, 3]), np.array([0, 2, 3])).tolist()
    [3, 3]
    """
    return np.add.reduceat(numbers, first[:-1]) if first.size > 1 else numbers[:0]
