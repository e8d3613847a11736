"""Choose disjoint schedules of greatest gain: linear programs with exact bounds, and branching.

A *column* is a schedule for one kind of provider, written as the classes of its jobs. Of each class at most
its number of jobs is used, and of each kind at most its number of providers. HiGHS solves the linear programs
in floating point. Its prices, rounded to integers, give bounds in integers: no solution has more gain than
the jobs cost and the providers earn at these prices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import floor
from typing import TYPE_CHECKING, TypeAlias

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, hstack, vstack

from parley.core.errors import ParleyError
from parley.core.linear import InfeasibleError, Program, announce_highs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.kernels import Bools, Ints

__all__ = ["NEAR", "Columns", "Extra", "Node", "Packed", "Packing", "Prices", "gather", "sums"]

Floats: TypeAlias = NDArray[np.float64]
NEAR = 1e-6
"""How near to a whole number a solution of HiGHS must be to count as whole."""
BLUR_BITS = 32
"""Floating point loses at most what is this many bits below a gain."""
MISSING = 1e3
"""Penalty for what a further constraint lacks, times the number of providers."""
MOST_IN_FRACTIONS = 3_000
"""Columns of a linear program that is solved in fractions if floating point is not enough."""
PRICE_BITS = 40
"""Prices are rounded to this many bits below the greatest gain of a column."""


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


@dataclass(frozen=True)
class Prices:
    """A price of each class of jobs, in `unit`-ths of a gain; at least 0."""

    rows: Ints
    unit: int
    extra: tuple[int, ...] = ()
    """Of each further constraint."""


@dataclass(frozen=True)
class Packed:
    """What a search found."""

    gain: int
    """The greatest gain found."""
    chosen: tuple[int, ...] | None
    """Its columns; None if no solution is better than what was asked for."""
    bound: int
    """No solution has more gain, or more than what was asked for."""


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
        self._off = np.zeros(columns.count, dtype=np.bool_)
        self._moved: set[int] = set()
        self._highs = _program(self)

    # ── the linear program ──

    def relax(self, node: Node | None, clock: Clock) -> tuple[Floats, Prices] | None:
        """Solve the linear program; None if it has no solution, or the time is up."""
        if not self.columns.count:  # HiGHS solves nothing of that kind
            return np.zeros(0), Prices(self.sizes * 0, 1, (0,) * len(self.extras))
        if node is not None:
            self._restrict(node)
        if clock.left <= 0:
            return None
        self._highs.setOptionValue("time_limit", self._highs.getRunTime() + clock.left)
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._highs.getSolution()
        point = np.array(solution.col_value)[: self.columns.count]
        return point, self._prices(np.array(solution.row_dual))

    def _prices(self, duals: Floats) -> Prices:
        whole = self.scale * self.unit
        rows = self.sizes.size
        if self.gains.dtype == object or self.scale >= 1 << PRICE_BITS:
            fine = 1 << 52
            numbers = [max(0, int(dual * fine) * whole // fine) for dual in duals[:rows].tolist()]
            prices = np.array(numbers, dtype=self.gains.dtype)
        else:
            prices = np.maximum(np.rint(duals[:rows] * whole), 0).astype(np.int64)
        extra = tuple(
            max(0, round(-dual * whole / max(1, int(abs(one.amounts).max(initial=1)))))
            for dual, one in zip(duals[rows + self.counts.size :], self.extras, strict=True)
        )
        return Prices(prices, self.unit, extra)

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
        point = np.zeros(self.columns.count)
        try:
            optimum = program.solve()
        except InfeasibleError:
            return point, -1
        point[active] = [float(share) for share in optimum.point]
        return point, floor(optimum.value)

    def extend(self, columns: Columns, gains: Ints) -> None:
        """Add columns, none of which has a class twice."""
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
        return weights

    def _restrict(self, node: Node) -> None:
        off = ~node.active
        moved = set(node.lower) | set(node.upper)
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

    # ── the search ──

    def solve(self, more_than: int, enough: int, clock: Clock, most_nodes: int = 1 << 40) -> Packed:
        """Find a solution of more gain than `more_than`, the greatest one unless one has `enough`."""
        search = _Search(self, more_than, enough)
        everything = Node(np.ones(self.columns.count, dtype=np.bool_))
        open_nodes: list[tuple[Node, int]] = [(everything, 1 << 200)]
        while open_nodes and search.best < enough:
            if most_nodes <= 0 or clock.left <= 0:
                break
            most_nodes -= 1
            node, above = open_nodes.pop()
            if above <= search.best:
                continue
            children = search.expand(node, above, clock)
            if children is None:
                open_nodes.append((node, above))
                break
            open_nodes += children
        bound = max([search.best, *(above for _, above in open_nodes)])
        return Packed(search.best, search.chosen, bound)

    def greedy(self, point: Floats) -> list[int]:
        """Round a solution: take columns in the order of their shares as long as they fit."""
        left, kinds = self.sizes.copy(), self.counts.copy()
        taken = []
        for column in np.lexsort((-self.gains.astype(float), -point)).tolist():
            rows, kind = self.columns.of(column), self.columns.kinds[column]
            while kinds[kind] > 0 and all(left[row] > 0 for row in rows):
                used = left.copy()
                np.subtract.at(used, list(rows), 1)
                if used.min(initial=0) < 0:
                    break
                left = used
                kinds[kind] -= 1
                taken.append(column)
            if not kinds.any():
                break
        return taken

    def gain_of(self, chosen: Sequence[int]) -> int | None:
        """Return the gain of columns; None if a further constraint fails."""
        for extra in self.extras:
            if sum(int(extra.amounts[column]) for column in chosen) < extra.least:
                return None
        return sum(int(self.gains[column]) for column in chosen)


class _Search:
    """The best solution so far, and how nodes become smaller ones."""

    def __init__(self, packing: Packing, more_than: int, enough: int) -> None:
        self.packing, self.best, self.enough = packing, more_than, enough
        self.chosen: tuple[int, ...] | None = None
        columns = packing.columns
        ones = np.ones(columns.rows.size, dtype=np.int64)
        shape = (packing.sizes.size, columns.count)
        self.by_row = csc_array((ones, columns.rows, columns.first), shape=shape).tocsr()

    def propose(self, chosen: Sequence[int]) -> None:
        gain = self.packing.gain_of(chosen)
        if gain is not None and gain > self.best:
            self.best, self.chosen = gain, tuple(chosen)

    def expand(self, node: Node, above: int, clock: Clock) -> list[tuple[Node, int]] | None:
        """Solve one node; None if the time is up."""
        found = self.packing.relax(node, clock)
        if found is None:
            if clock.left <= 0:
                return None
            taken = [column for column, times in node.lower.items() for _ in range(times)]
            if not self._fits(taken):
                return []
            raise ParleyError("HiGHS failed on a linear program that has a solution")
        point, prices = found
        above = min(above, self.packing.bound(prices, node))
        if above <= self.best:
            return []
        self._round(node, point)
        if self.best < above <= self.best + self.packing.blur:  # rounding alone may make the difference
            exact = self.packing.relax_exactly(node)
            if exact is not None:
                point, above = exact[0], min(above, exact[1])
                self._round(node, point)
        if above <= self.best:
            return []
        return [(child, above) for child in self._split(node, point)]

    def _round(self, node: Node, point: Floats) -> None:
        """Take a solution in whole numbers; round another one if it is the first."""
        whole = np.rint(point)
        if np.abs(point - whole).max(initial=0) < NEAR:
            chosen = np.repeat(np.arange(point.size), whole.astype(np.int64)).tolist()
            if self._fits(chosen):
                self.propose(chosen)
        elif not node.lower and not node.upper:
            self.propose(self.packing.greedy(point))

    def _fits(self, chosen: Sequence[int]) -> bool:
        columns = self.packing.columns
        used = np.zeros_like(self.packing.sizes)
        for column in chosen:
            np.add.at(used, list(columns.of(column)), 1)
        kinds = np.bincount(columns.kinds[chosen], minlength=self.packing.counts.size) if chosen else 0
        return bool((used <= self.packing.sizes).all() and (kinds <= self.packing.counts).all())

    def _split(self, node: Node, point: Floats) -> list[Node]:
        """Two jobs together or apart, else more or less of one column."""
        pair = self._pair(point)
        if pair is not None:
            one, other = (self._holders(row) for row in pair)
            apart = Node(node.active & ~(one & other), node.lower, node.upper)
            together = Node(node.active & ~(one ^ other), node.lower, node.upper)
            return [apart, together]
        part = np.abs(point - np.rint(point))
        column = int(part.argmax())
        if part[column] >= NEAR:
            return self._on_column(node, column, int(np.floor(point[column])))
        for column in np.argsort(-point, kind="stable").tolist():  # in whole numbers, and yet not accepted
            low, high = self._range(node, column)
            if low < high:
                share = round(float(point[column]))
                return self._on_column(node, column, min(max(share, low), high - 1))
        return []

    def _range(self, node: Node, column: int) -> tuple[int, int]:
        """Return how often a column can be used in a node."""
        if not node.active[column]:
            return 0, 0
        packing, rows = self.packing, self.packing.columns.of(column)
        most = min(int(packing.sizes[row]) // rows.count(row) for row in rows)
        most = min(most, int(packing.counts[packing.columns.kinds[column]]))
        return node.lower.get(column, 0), min(most, node.upper.get(column, most))

    def _on_column(self, node: Node, column: int, share: int) -> list[Node]:
        """Use a column at most this often, or more often."""
        low, high = self._range(node, column)
        children = []
        if share >= low:
            active = node.active.copy()
            active[column] = share > 0
            upper = node.upper if share == 0 else {**node.upper, column: share}
            children.append(Node(active, node.lower, upper))
        if share < high:
            children.append(Node(node.active, {**node.lower, column: share + 1}, node.upper))
        return children

    def _holders(self, row: int) -> Bools:
        holds = np.zeros(self.packing.columns.count, dtype=np.bool_)
        holds[self.by_row.indices[self.by_row.indptr[row] : self.by_row.indptr[row + 1]]] = True
        return holds

    def _pair(self, point: Floats) -> tuple[int, int] | None:
        """Return two jobs that are together in about half of a solution."""
        columns, sizes = self.packing.columns, self.packing.sizes
        together: dict[tuple[int, int], float] = {}
        covered: dict[int, float] = {}
        for column in np.flatnonzero(point > NEAR).tolist():
            rows = sorted({row for row in columns.of(column) if sizes[row] == 1})
            for k, row in enumerate(rows):
                covered[row] = covered.get(row, 0.0) + float(point[column])
                for other in rows[k + 1 :]:
                    together[row, other] = together.get((row, other), 0.0) + float(point[column])
        halves = {
            pair: abs(share - 0.5)
            for pair, share in together.items()
            if NEAR < share < 1 - NEAR and max(covered[pair[0]], covered[pair[1]]) > share + NEAR
        }
        return min(halves, key=halves.__getitem__) if halves else None


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
