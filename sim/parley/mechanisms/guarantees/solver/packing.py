"""Disjoint schedules of greatest gain as a linear program, with bounds in integers.

A *column* is a schedule for one kind of provider, written as the classes of its jobs. Of each class at most
its number of jobs is used, and of each kind at most its number of providers. HiGHS solves the linear programs
in floating point. Its prices, rounded to integers, give bounds in integers: no solution has more gain than
the jobs cost and the providers earn at these prices.

Of three jobs that there are once, at most one column can hold two or more: a *cut* says so, and has a price.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import floor
from typing import TYPE_CHECKING, TypeAlias

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, hstack, vstack

from parley.core.linear import InfeasibleError, Program, announce_highs
from parley.mechanisms.guarantees.solver.columns import Columns, gather, sums

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.kernels import Bools, Ints

__all__ = ["NEAR", "Extra", "Floats", "Node", "Packing", "Prices"]

Floats: TypeAlias = NDArray[np.float64]
NEAR = 1e-6
"""How near to a whole number a solution of HiGHS must be to count as whole."""
BLUR_BITS = 32
"""Floating point loses at most what is this many bits below a gain."""
MISSING = 1e3
"""Penalty for what a further constraint lacks, times the number of providers."""
MOST_IN_FRACTIONS = 3_000
"""Columns of a linear program that is solved in fractions if floating point is not enough."""
MANY, AT_ONCE = 5_000, 300
"""Of more columns, a linear program begins with some, and lets in others, so many together."""
PRICE_BITS = 40
"""Prices are rounded to this many bits below the greatest gain of a column."""


@dataclass(frozen=True)
class Prices:
    """A price of each class of jobs, in `unit`-ths of a gain; at least 0."""

    rows: Ints
    unit: int
    extra: tuple[int, ...] = ()
    """Of each further constraint."""
    cuts: tuple[int, ...] = ()
    """Of each cut."""


@dataclass(frozen=True)
class Extra:
    """A further constraint: the columns' amounts add up to at least this."""

    amounts: Ints
    least: int


@dataclass
class Node:
    """A part of the search: columns that are still possible, and some that are taken."""

    active: Bools
    lower: dict[int, int] = field(default_factory=dict)
    """How often columns are used at least."""
    upper: dict[int, int] = field(default_factory=dict)


class Packing:
    """Columns with gains, and the linear program over them."""

    def __init__(
        self,
        columns: Columns,
        gains: Ints,
        sizes: Sequence[int],
        counts: Sequence[int],
        extras: Sequence[Extra] = (),
        scale: int = 1,
    ) -> None:
        self.columns, self.gains = columns, gains
        self.sizes, self.counts = np.array(sizes, dtype=np.int64), np.array(counts, dtype=np.int64)
        self.extras = extras
        self.scale = max(scale, int(gains.max(initial=1)))
        finest = 0 if gains.dtype != object else PRICE_BITS  # objects have room
        self.unit = 1 << max(finest, PRICE_BITS - self.scale.bit_length())
        self.cuts: list[Ints] = []
        """The columns that hold two or more of three jobs; one can be used."""
        self._outside: Bools | None = None
        """Columns that the linear program does without, if there are many."""
        self._off = np.zeros(columns.count, dtype=np.bool_)
        self._moved: set[int] = set()
        self._highs = _program(self)

    # ── the linear program ──

    def relax(self, node: Node | None, clock: Clock) -> tuple[Floats, Prices] | None:
        """Solve the linear program; None if it has no solution, or the time is up."""
        if not self.columns.count:  # HiGHS solves nothing of that kind
            return np.zeros(0), Prices(self.sizes * 0, 1, (0,) * len(self.extras))
        while True:
            if node is not None or self._outside is not None:
                self._restrict(node or Node(np.ones(self.columns.count, dtype=np.bool_)))
            if clock.left <= 0:
                return None
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + clock.left)
            self._highs.run()
            if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                return None
            solution = self._highs.getSolution()
            point = np.array(solution.col_value)[: self.columns.count]
            prices = self._prices(np.array(solution.row_dual))
            if self._outside is None or not self._let_in(node, prices):
                return point, prices

    def begin_with(self, columns: Columns) -> None:
        """Begin with another program's columns if there are many, and let in others as they pay."""
        if self.columns.count > MANY:
            known = {(int(columns.kinds[c]), columns.of(c)) for c in range(columns.count)}
            kinds = self.columns.kinds.tolist()
            self._outside = np.array(
                [(kind, self.columns.of(c)) not in known for c, kind in enumerate(kinds)]
            )

    def _let_in(self, node: Node | None, prices: Prices) -> bool:
        """Let in columns that gain more than those inside; return whether there are any."""
        outside = self._outside
        if outside is None:
            return False
        possible = ~outside if node is None else node.active & ~outside
        others = outside if node is None else node.active & outside
        mus = np.array(self.mus(prices, Node(possible)), dtype=self.gains.dtype)
        more = self.reduced(prices) - mus[self.columns.kinds]
        paying = np.flatnonzero(others & (more > (self.scale * self.unit) >> BLUR_BITS))
        outside[paying[np.argsort(-more[paying], kind="stable")[:AT_ONCE]]] = False
        return paying.size > 0

    def _prices(self, duals: Floats) -> Prices:
        whole = self.scale * self.unit
        rows = self.sizes.size
        if self.gains.dtype == object or self.scale >= 1 << PRICE_BITS:
            fine = 1 << 52
            numbers = [max(0, int(dual * fine) * whole // fine) for dual in duals[:rows].tolist()]
            prices = np.array(numbers, dtype=self.gains.dtype)
        else:
            prices = np.maximum(np.rint(duals[:rows] * whole), 0).astype(np.int64)
        first = rows + self.counts.size
        last = first + len(self.extras)
        extra = tuple(
            max(0, round(-dual * whole / max(1, int(abs(one.amounts).max(initial=1)))))
            for dual, one in zip(duals[first:last], self.extras, strict=True)
        )
        cuts = tuple(max(0, round(dual * whole)) for dual in duals[last:].tolist())
        return Prices(prices, self.unit, extra, cuts)

    def bound(self, prices: Prices, node: Node | None = None) -> int:
        """Return the greatest gain that any solution can have, by prices: in integers, so a proof."""
        worth: int = self.worth(prices, self.mus(prices, node), node)
        return worth // prices.unit

    def mus(self, prices: Prices, node: Node | None = None) -> tuple[int, ...]:
        """Return what a provider of each kind earns at most at these prices, with columns of any number."""
        weights = self.reduced(prices)
        free = np.ones(self.columns.count, dtype=np.bool_) if node is None else node.active.copy()
        free[list(node.upper) if node is not None else []] = False
        best = []
        for kind in range(self.counts.size):
            mine = weights[free & (self.columns.kinds == kind) if self.counts.size > 1 else free]
            best.append(max(0, int(mine.max()) if mine.size else 0))
        return tuple(best)

    def worth(self, prices: Prices, mus: Sequence[int], node: Node | None = None) -> int:
        """Return a bound on the gain in the prices' unit, if providers earn at most `mus`."""
        total: int = sum(int(p) * int(s) for p, s in zip(prices.rows, self.sizes, strict=True) if p)
        total -= sum(price * one.least for price, one in zip(prices.extra, self.extras, strict=True))
        total += sum(prices.cuts)
        total += sum(mu * count for mu, count in zip(mus, self.counts.tolist(), strict=True))
        if node is not None and (node.lower or node.upper):
            weights = self.reduced(prices)
            for column in set(node.lower) | set(node.upper):
                more = int(weights[column]) - mus[int(self.columns.kinds[column])]
                times = node.upper.get(column, 0) if more > 0 else node.lower.get(column, 0)
                total += more * times * bool(node.active[column])
        return total

    @property
    def blur(self) -> int:
        """How much of a bound may be rounding."""
        return (int(self.counts.sum()) * self.scale) >> BLUR_BITS

    def relax_exactly(self, node: Node) -> tuple[Floats, int] | None:
        """Solve the linear program of a node in fractions; return its solution and its bound.

        None if it is too large, or restricts the numbers of some columns.
        """
        active = np.flatnonzero(node.active).tolist()
        if node.lower or node.upper or len(active) > MOST_IN_FRACTIONS:
            return None
        program = Program()
        terms: list[dict[int, Fraction | int]] = [{} for _ in range(self.sizes.size + self.counts.size)]
        for place, column in enumerate(active):
            program.variable(int(self.gains[column]))
            for row in self.columns.of(column):
                terms[row][place] = terms[row].get(place, 0) + 1
            terms[self.sizes.size + int(self.columns.kinds[column])][place] = 1
        for constraint, most in zip(terms, [*self.sizes.tolist(), *self.counts.tolist()], strict=True):
            program.at_most(constraint, most)
        for extra in self.extras:
            amounts = {place: -int(extra.amounts[column]) for place, column in enumerate(active)}
            program.at_most(amounts, -extra.least)
        places = {column: place for place, column in enumerate(active)}
        for cut in self.cuts:
            program.at_most({places[column]: 1 for column in cut.tolist() if column in places}, 1)
        point = np.zeros(self.columns.count)
        try:
            optimum = program.solve()
        except InfeasibleError:
            return point, -1
        point[active] = [float(share) for share in optimum.point]
        return point, floor(optimum.value)

    def extend(self, columns: Columns, gains: Ints) -> None:
        """Add columns, none of which has a class twice; there is no cut."""
        self.__dict__.pop("by_row", None)
        sizes = np.diff(columns.first)
        rows = np.insert(columns.rows, columns.first[1:], columns.kinds + self.sizes.size)
        count, first = columns.count, columns.first[:-1] + np.arange(columns.count)
        self._highs.addCols(
            count,
            np.array([int(gain) / self.scale for gain in gains.tolist()]),
            np.zeros(count),
            np.full(count, highspy.kHighsInf),
            int(sizes.sum()) + count,
            first.astype(np.int32),
            rows.astype(np.int32),
            np.ones(rows.size),
        )
        self.columns = gather([self.columns, columns])
        self.gains = np.concatenate((self.gains, gains))
        self._off = np.concatenate((self._off, np.zeros(count, dtype=np.bool_)))

    def reduced(self, prices: Prices) -> Ints:
        """Return what each column gains beyond its jobs' prices, in the prices' unit."""
        weights = self.gains * prices.unit - sums(prices.rows[self.columns.rows], self.columns.first)
        for price, extra in zip(prices.extra, self.extras, strict=True):
            weights = weights + price * extra.amounts
        for price, cut in zip(prices.cuts, self.cuts, strict=True):
            if price:
                weights[cut] -= price
        return weights

    def cut(self, triples: Sequence[tuple[int, int, int]]) -> None:
        """Demand that of three jobs that there are once, one column holds two or more; no columns follow."""
        for triple in triples:
            held = sum(self.by_row[[row]] for row in triple)
            columns = held.indices[held.data > 1].astype(np.int64)
            self.cuts.append(columns)
            self._highs.addRow(
                -highspy.kHighsInf, 1.0, columns.size, columns.astype(np.int32), np.ones(columns.size)
            )

    @cached_property
    def by_row(self) -> csr_array:
        """How often columns have each class; no columns follow."""
        columns = self.columns
        ones = np.ones(columns.rows.size, dtype=np.int64)
        shape = (self.sizes.size, columns.count)
        found = csc_array((ones, columns.rows.copy(), columns.first.copy()), shape=shape)
        found.sum_duplicates()
        return csr_array(found.tocsr())

    def _restrict(self, node: Node) -> None:
        moved = set(node.lower) | set(node.upper)
        if self._outside is not None:
            self._outside[list(moved)] = False
        off = ~node.active if self._outside is None else ~node.active | self._outside
        changed = off != self._off
        for column in moved | self._moved:
            changed[column] = True
        which = np.flatnonzero(changed)
        if which.size:
            low, high = np.zeros(which.size), np.where(off[which], 0.0, highspy.kHighsInf)
            for place, column in enumerate(which.tolist()) if moved else ():
                low[place] = node.lower.get(column, 0)
                if column in node.upper:
                    high[place] = min(high[place], node.upper[column])
            self._highs.changeColsBounds(which.size, which.astype(np.int32), low, high)
        self._off, self._moved = off, moved

    def gain_of(self, chosen: Sequence[int]) -> int | None:
        """Return the gain of columns; None if a further constraint fails."""
        for extra in self.extras:
            if sum(int(extra.amounts[column]) for column in chosen) < extra.least:
                return None
        return sum(int(self.gains[column]) for column in chosen)


def _program(packing: Packing) -> highspy.Highs:
    columns, kinds, extras = packing.columns, packing.counts.size, packing.extras
    count, jobs = columns.count, packing.sizes.size
    ones = np.ones(columns.rows.size)
    top = csc_array((ones, columns.rows.copy(), columns.first.copy()), shape=(jobs, count))
    top.sum_duplicates()
    middle = csc_array((np.ones(count), columns.kinds, np.arange(count + 1)), shape=(kinds, count))
    parts = [top, middle]
    extra_gains = np.full(len(extras), -MISSING * float(packing.counts.sum()))
    lower = np.full(jobs + kinds + len(extras), -highspy.kHighsInf)
    upper = np.concatenate((packing.sizes, packing.counts, np.full(len(extras), highspy.kHighsInf)))
    for k, extra in enumerate(extras):
        unit = max(1, int(abs(extra.amounts).max(initial=1)))
        parts.append(csc_array(np.array([[int(a) / unit for a in extra.amounts]])))
        lower[jobs + kinds + k] = extra.least / unit
    matrix = csc_array(vstack(parts, format="csc"))
    if extras:  # what is missing may be made up for, at a price: so there always is a solution
        missing = np.zeros((lower.size, len(extras)))
        missing[jobs + kinds :] = np.eye(len(extras))
        matrix = csc_array(hstack([matrix, csc_array(missing)], format="csc"))
        count += len(extras)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = count, lower.size
    model.sense_ = highspy.ObjSense.kMaximize
    gains = np.array([int(gain) / packing.scale for gain in packing.gains.tolist()])
    model.col_cost_ = np.concatenate((gains, extra_gains))
    model.col_lower_ = np.zeros(count)
    model.col_upper_ = np.full(count, highspy.kHighsInf)
    model.row_lower_, model.row_upper_ = lower, upper.astype(float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = matrix.indptr.astype(np.int32)
    model.a_matrix_.index_ = matrix.indices.astype(np.int32)
    model.a_matrix_.value_ = matrix.data.astype(float)
    announce_highs()
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (("output_flag", False), ("threads", 1), ("solver", "simplex"), ("presolve", "off")):
        highs.setOptionValue(name, value)
    highs.passModel(model)
    return highs
