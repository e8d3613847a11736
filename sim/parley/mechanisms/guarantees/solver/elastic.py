"""Guarantees of greatest welfare of constant elasticity, over lists of schedules.

Welfare is irrational. Its terms are rounded to integers, with which columns are packed; what is found is
compared exactly (`Welfare`). The greatest value is then sought among the allocations whose rounded welfare is
within rounding of the greatest. If terms of different values are too close, all allocations are listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.guarantees.guarantee import Guarantee, kept
from parley.mechanisms.guarantees.schedules import Allocation, allocations, total, values_of
from parley.mechanisms.guarantees.solver.branching import pack
from parley.mechanisms.guarantees.solver.packing import Extra, Packing
from parley.mechanisms.guarantees.welfare import Welfare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.problem import Problem
    from parley.mechanisms.guarantees.solver.columns import Columns
    from parley.mechanisms.guarantees.solver.kernels import Ints
    from parley.mechanisms.guarantees.solver.shape import Shape

__all__ = ["Elastic", "TieError", "listed"]

UNIT = 1 << 36
"""Rounded terms of welfare are at most this."""
LEAST_STEP = 1 << 10
"""Rounded terms of different values differ by this, far more than rounding can add up to."""


class TieError(Exception):
    """Rounding cannot tell allocations of different welfare apart."""


@dataclass(frozen=True)
class Elastic:
    """The schedules of a problem, among which welfare is compared."""

    shape: Shape
    columns: Columns
    """All schedules of some value."""
    clock: Clock

    def best(self, alpha: Fraction) -> tuple[Welfare, int] | None:
        """Return the greatest rounded welfare, and an exact one that has it; None if the time is up."""
        shape, groups = self.shape.merged(by_pay=False)
        firsts = [groups.index(group) for group in range(len(shape.kinds))]
        chosen = np.isin(self.columns.kinds, firsts)
        columns = self.columns.where(chosen)
        kinds = np.array(groups, dtype=np.int64)[columns.kinds]
        counts = [kind.count for kind in shape.kinds]
        packing = Packing(replace(columns, kinds=kinds), self._terms(alpha)[chosen], shape.sizes, counts)
        found = pack(packing, -1, 1 << 200, self.clock)
        if found.chosen is None or found.bound > found.gain:
            return None
        return self._welfare(alpha, np.flatnonzero(chosen)[list(found.chosen)].tolist()), found.gain

    def richest(
        self, alphas: Sequence[Fraction], floors: Sequence[int]
    ) -> tuple[int, tuple[int, ...] | None] | None:
        """Find the greatest value among the allocations of greatest welfare that also keep floors.

        Returns
        -------
        (value, columns), or None if the time is up; the columns are None if no allocation does

        Raises
        ------
        TieError
        """
        shape, columns = self.shape, self.columns
        records: dict[Fraction, tuple[Welfare, int]] = {}
        for alpha in alphas:
            first = self.best(alpha)
            if first is None:
                return None
            records[alpha] = first
        floored = np.array([floor > 0 for floor in floors])[columns.kinds]
        chosen = columns.values >= np.array(floors, dtype=columns.values.dtype)[columns.kinds]
        factors = np.array([kind.factor for kind in shape.kinds], dtype=object)[columns.kinds]
        counted = sum(kind.count for kind, floor in zip(shape.kinds, floors, strict=True) if floor > 0)
        values = factors * columns.values.astype(object)
        bonus = 1 + int(sum(shape.values.tolist())) * max(kind.factor for kind in shape.kinds)
        gains = values + bonus * floored.astype(object)
        slack = 2 * shape.providers + 2
        while True:
            extras = [(self._terms(alpha), record[1] - slack) for alpha, record in records.items()]
            some = columns.where(chosen)
            packing = Packing(
                some,
                gains[chosen],
                shape.sizes,
                [kind.count for kind in shape.kinds],
                [Extra(terms[chosen], least) for terms, least in extras],
            )
            found = pack(packing, counted * bonus - 1, 1 << 200, self.clock)
            if found.bound > max(found.gain, counted * bonus - 1):
                return None
            if found.chosen is None:
                return 0, None
            places = np.flatnonzero(chosen)[list(found.chosen)].tolist()
            again = False
            for alpha, (record, _) in records.items():
                welfare = self._welfare(alpha, places)
                if welfare > record:
                    records[alpha] = welfare, sum(int(self._terms(alpha)[place]) for place in places)
                    again = True
                elif welfare < record:
                    raise TieError
            if not again:
                return found.gain - counted * bonus, tuple(places)

    def _terms(self, alpha: Fraction) -> Ints:
        """Return each schedule's share of welfare; where something counts first, so much that it does."""
        values = [int(value) for value in self.columns.values.tolist()]
        low, high = min(values, default=1), max(values, default=1)
        if alpha < 1:
            shares = [float(Fraction(value, high)) ** float(1 - alpha) for value in values]
        elif alpha == 1:
            shares = [log(value / low) / max(1.0, log(high / low)) for value in values]
        else:
            shares = [1 - float(Fraction(low, value)) ** float(alpha - 1) for value in values]
        terms = [round(share * UNIT) for share in shares]
        of_values = dict(sorted(zip(values, terms, strict=True)))
        if any(later - term < LEAST_STEP for term, later in pairwise(of_values.values())):
            raise TieError
        first = 0 if alpha < 1 else (self.shape.providers + 1) * UNIT
        return np.array([term + first for term in terms], dtype=object)

    def _welfare(self, alpha: Fraction, chosen: Sequence[int]) -> Welfare:
        values = [Fraction(int(self.columns.values[c]), self.shape.value_scale) for c in chosen]
        values += [Fraction(0)] * (self.shape.providers - len(values))
        return Welfare(alpha, tuple(values))


def listed(problem: Problem, guarantee: Guarantee) -> tuple[Fraction, Allocation] | None:
    """Find the greatest value under a guarantee by listing all allocations.

    Raises
    ------
    ParleyError
        If they are too many.
    """
    feasible = allocations(problem)
    vectors = [values_of(problem, allocation) for allocation in feasible]
    inside = [k for k, keeps in enumerate(kept(guarantee, vectors, problem.pay)) if keeps]
    if not inside:
        return None
    best = max(inside, key=lambda k: total(problem, vectors[k]))
    return total(problem, vectors[best]), feasible[best]
