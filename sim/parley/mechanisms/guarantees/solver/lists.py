"""All schedules of a problem, listed once, where they are few."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.guarantees.solver.columns import Columns, gather, sums
from parley.mechanisms.guarantees.solver.packing import Packing
from parley.mechanisms.guarantees.solver.sources import Relaxation, counts_of, mean_cost, schedules_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.shape import Shape
    from parley.mechanisms.guarantees.solver.sources import Goal

__all__ = ["Lists"]


class Lists:
    """All schedules, listed once."""

    def __init__(self, shape: Shape, columns: Columns) -> None:
        self.shape, self.columns = shape, columns

    @classmethod
    def of(cls, shape: Shape, limit: int) -> Lists | None:
        """List the schedules of a problem; None if there are more than `limit`."""
        parts: list[Columns] = []
        nothing = shape.values * 0
        for number in range(len(shape.kinds)):
            part = schedules_of(shape, number, 0, nothing, 0, (nothing, 0), False, limit)
            if part is None:
                return None
            parts.append(part)
            limit -= part.count
        return cls(shape, gather(parts))

    def at(self, shape: Shape) -> Lists:
        """Return the same schedules for other numbers of providers."""
        return Lists(shape, self.columns)

    def merged(self, shape: Shape, groups: Sequence[int]) -> Lists:
        """Keep the schedules of one kind of each group."""
        firsts = [groups.index(group) for group in range(len(shape.kinds))]
        columns = self.columns.where(np.isin(self.columns.kinds, firsts))
        kinds = np.array(groups, dtype=np.int64)[columns.kinds]
        return Lists(shape, replace(columns, kinds=kinds))

    def _of(self, goal: Goal) -> Columns:
        floors = np.array(goal.floors, dtype=self.columns.values.dtype)[self.columns.kinds]
        chosen = self.columns.values >= floors
        if goal.counting:
            chosen &= self.columns.values - self.columns.smallest < floors
        return self.columns.where(chosen)

    def relax(self, goal: Goal, need: int, known: Columns | None, clock: Clock) -> Relaxation | None:
        """Solve the linear program over all columns."""
        del need, known
        columns = self._of(goal)
        packing = Packing(columns, goal.gains(columns), self.shape.sizes, counts_of(self.shape))
        found = packing.relax(None, clock)
        if found is None:
            return None
        point, prices = found
        return Relaxation(packing, packing.bound(prices), prices, packing.mus(prices), point, complete=True)

    def complete(
        self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Packing | None:
        """Return the program itself, which has all columns."""
        del goal, need, clock, most
        return relaxation.packing

    def listed(
        self, goal: Goal, relaxation: Relaxation, need: int, clock: Clock, most: int
    ) -> Columns | None:
        """Return the columns that cost little enough; None if there are more than `most`."""
        del clock
        prices, columns = relaxation.prices, self.columns
        mus = np.array(relaxation.mus, dtype=columns.values.dtype)[columns.kinds]
        spare = relaxation.packing.worth(prices, relaxation.mus) - need * prices.unit
        worth = goal.gains(columns) * prices.unit - sums(prices.rows[columns.rows], columns.first)
        floors = np.array(goal.floors, dtype=columns.values.dtype)[columns.kinds]
        chosen = (columns.values >= floors) & (mus - worth <= spare)
        return columns.where(chosen) if int(chosen.sum()) <= most else None

    def dive(
        self, goal: Goal, relaxation: Relaxation, more_than: int, enough: int, clock: Clock
    ) -> tuple[int, ...] | None:
        """Leave it to the search among all columns."""
        del goal, relaxation, more_than, enough, clock
        return None

    def highest(self, relaxation: Relaxation, pays: Sequence[int], above: int, below: int) -> int:
        """Look through all columns."""
        prices, total, count = mean_cost(self.shape, relaxation)
        columns = self.columns
        costs = sums(prices.rows[columns.rows], columns.first)
        costs = costs + np.array(relaxation.mus, dtype=costs.dtype)[columns.kinds]
        paid = columns.values * np.array(pays, dtype=columns.values.dtype)[columns.kinds]
        cheap = paid[(costs * count <= total) & (paid < below)]
        return max(above, int(cheap.max()) if cheap.size else 0)
