"""Linear programs solved exactly: HiGHS finds a basis in floating point, fractions decide.

The optimal basis of HiGHS is solved again in fractions and checked: the point must satisfy every constraint,
and the prices must bound the objective. If HiGHS was wrong through rounding, simplex steps in fractions
(Bland's rule) continue from its basis. The result is exactly optimal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

import highspy
import numpy as np

from parley.core.errors import ParleyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Sparse = dict[int, Fraction]
MAX_STEPS = 10_000
"""Maximum simplex steps in fractions; usually none is needed."""


TOLERANCES = (1e-10, 1e-7)
"""Tolerances of HiGHS; the second one if the first finds nothing."""


class InfeasibleError(ParleyError):
    """No point satisfies the constraints."""


@cache
def announce_highs() -> None:
    """Let HiGHS print its name, as it does once per process before it takes options, to nowhere."""
    with suppress(OSError):  # standard output is closed
        kept = os.dup(1)
        try:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no file
                os.dup2(nowhere.fileno(), 1)
            highspy.Highs()  # type: ignore[no-untyped-call]
        finally:
            os.dup2(kept, 1)
            os.close(kept)


@dataclass(frozen=True, slots=True)
class Optimum:
    """An optimal point, with the prices that prove it."""

    value: Fraction
    point: tuple[Fraction, ...]
    prices: tuple[Fraction, ...]
    """One for each constraint: Σ_r price_r·b_r = value, and Σ_r price_r·a_rj ≥ c_j for every variable j."""


@dataclass
class Program:
    """Maximize c·x over x ≥ 0 with constraints a·x = b or a·x ≤ b.

    Examples
    --------
    >>> program = Program()
    >>> x, y = program.variable(Fraction(2)), program.variable(Fraction(1))
    >>> _ = program.at_most({x: 3, y: 1}, 1)
    >>> _ = program.equals({x: 1, y: 1}, Fraction(2, 3))
    >>> best = program.solve()
    >>> print(best.value, *best.point)
    5/6 1/6 1/2
    """

    objective: list[Fraction] = field(default_factory=list)
    columns: list[Sparse] = field(default_factory=list)
    bounds: list[Fraction] = field(default_factory=list)
    loose: list[bool] = field(default_factory=list)
    """Whether each constraint is an inequality."""

    def variable(self, cost: Fraction | int = 0) -> int:
        """Add a variable and return its number."""
        self.objective.append(Fraction(cost))
        self.columns.append({})
        return len(self.columns) - 1

    def at_most(self, terms: Mapping[int, Fraction | int], bound: Fraction | int) -> int:
        """Add a constraint Σ terms ≤ bound and return its number."""
        return self._constrain(terms, bound, loose=True)

    def equals(self, terms: Mapping[int, Fraction | int], bound: Fraction | int) -> int:
        """Add a constraint Σ terms = bound and return its number."""
        return self._constrain(terms, bound, loose=False)

    def _constrain(self, terms: Mapping[int, Fraction | int], bound: Fraction | int, *, loose: bool) -> int:
        row = len(self.bounds)
        for j, a in terms.items():
            if a:
                self.columns[j][row] = Fraction(a)
        self.bounds.append(Fraction(bound))
        self.loose.append(loose)
        return row

    def solve(self, *, trusting: bool = False) -> Optimum:
        """Find an optimal point.

        Parameters
        ----------
        trusting : bool
            Trust HiGHS if it finds no point; otherwise fractions decide, which is slow.

        Raises
        ------
        InfeasibleError
            If there is no feasible point.
        ParleyError
            If the objective is unbounded, or the steps are not enough.
        """
        search = _Simplex(self, self._basis(trusting=trusting))
        for _ in range(MAX_STEPS):
            if not search.step():
                return search.optimum()
        raise ParleyError(f"a linear program was not solved exactly in {MAX_STEPS} steps")

    def _basis(self, *, trusting: bool) -> list[int]:
        """Ask HiGHS for an optimal basis: numbers of variables, then of constraints' slacks."""
        if not self.columns:  # HiGHS solves nothing of that kind
            return list(range(len(self.bounds)))
        model = self._model()
        announce_highs()
        for tolerance in TOLERANCES:
            highs = highspy.Highs()  # type: ignore[no-untyped-call]
            for name, value in (
                ("output_flag", False),
                ("threads", 1),
                ("primal_feasibility_tolerance", tolerance),
                ("dual_feasibility_tolerance", tolerance),
                ("solver", "simplex"),
            ):
                highs.setOptionValue(name, value)
            highs.passModel(model)
            highs.run()
            if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                break
        else:  # infeasible for HiGHS; fractions decide, from the basis of slacks
            if trusting:
                raise InfeasibleError("a linear program has no feasible point")
            return list(range(len(self.columns), len(self.columns) + len(self.bounds)))
        basis = highs.getBasis()
        basic = highspy.HighsBasisStatus.kBasic
        statuses = [*basis.col_status, *basis.row_status]
        return [j for j, state in enumerate(statuses) if state == basic]

    def _model(self) -> highspy.HighsLp:
        model = highspy.HighsLp()
        count, rows = len(self.columns), len(self.bounds)
        model.num_col_, model.num_row_ = count, rows
        model.sense_ = highspy.ObjSense.kMaximize
        model.col_cost_ = np.array([float(c) for c in self.objective])
        model.col_lower_ = np.zeros(count)
        model.col_upper_ = np.full(count, highspy.kHighsInf)
        upper = np.array([float(b) for b in self.bounds])
        model.row_upper_ = upper
        model.row_lower_ = np.where(self.loose, -highspy.kHighsInf, upper)
        sizes = [len(column) for column in self.columns]
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        model.a_matrix_.index_ = np.array([row for column in self.columns for row in column], dtype=np.int32)
        model.a_matrix_.value_ = np.array([float(a) for column in self.columns for a in column.values()])
        return model


class _Simplex:
    """Steps in fractions from one basis to the next.

    Slacks of constraints are variables too; the slack of an equation must be 0.
    """

    def __init__(self, program: Program, basis: list[int]) -> None:
        self.program = program
        self.count = len(program.columns)
        self.rows = len(program.bounds)
        self.basis = basis
        self.values: list[Fraction] = []
        self.prices: list[Fraction] = []

    def column(self, j: int) -> Sparse:
        return self.program.columns[j] if j < self.count else {j - self.count: Fraction(1)}

    def fixed(self, j: int) -> bool:
        return j >= self.count and not self.program.loose[j - self.count]

    def gain(self, j: int) -> Fraction:
        """The reduced cost of a variable: its gain per unit minus its cost at the prices."""
        own = self.program.objective[j] if j < self.count else Fraction(0)
        return own - sum((self.prices[row] * a for row, a in self.column(j).items()), Fraction(0))

    def step(self) -> bool:
        """Move to another basis if this one is not optimal."""
        columns = [self.column(j) for j in self.basis]
        self.values = solve_square(transpose(columns, self.rows), self.program.bounds)
        costs = [self.program.objective[j] if j < self.count else Fraction(0) for j in self.basis]
        self.prices = solve_square(columns, costs)
        out = [
            k
            for k, (j, value) in enumerate(zip(self.basis, self.values, strict=True))
            if value < 0 or (value and self.fixed(j))
        ]
        basic = set(self.basis)
        gains = {
            j: gain
            for j in range(self.count + self.rows)
            if j not in basic and not self.fixed(j) and (gain := self.gain(j))
        }
        better = [j for j, gain in gains.items() if gain > 0]
        if not out and not better:
            return False
        if not out:
            self._enter(better[0])
        else:  # otherwise first find a feasible point, with a zero objective
            self._leave(min(out, key=lambda k: self.basis[k]), {} if better else gains)
        return True

    def _enter(self, j: int) -> None:
        columns = [self.column(k) for k in self.basis]
        direction = solve_square(
            transpose(columns, self.rows), [self.column(j).get(r, Fraction(0)) for r in range(self.rows)]
        )
        ratios = [
            (self.values[k] / d if d > 0 else Fraction(0), self.basis[k], k)
            for k, d in enumerate(direction)
            if d > 0 or (d and self.fixed(self.basis[k]))
        ]
        if not ratios:
            raise ParleyError("a linear program is unbounded")
        self.basis[min(ratios)[2]] = j

    def _leave(self, k: int, gains: Mapping[int, Fraction]) -> None:
        columns = [self.column(j) for j in self.basis]
        unit = [Fraction(int(place == k)) for place in range(self.rows)]
        row = solve_square(columns, unit)  # row k of the inverse of the basis
        sign = 1 if self.values[k] < 0 else -1
        basic, ratios = set(self.basis), []
        for j in range(self.count + self.rows):
            if j in basic or self.fixed(j):
                continue
            slope = sign * sum((row[r] * a for r, a in self.column(j).items()), Fraction(0))
            if slope < 0:
                ratios.append((gains.get(j, Fraction(0)) / slope, j))
        if not ratios:
            raise InfeasibleError("a linear program has no feasible point")
        self.basis[k] = min(ratios)[1]

    def optimum(self) -> Optimum:
        point = [Fraction(0)] * self.count
        for j, value in zip(self.basis, self.values, strict=True):
            if j < self.count:
                point[j] = value
        value = sum((c * x for c, x in zip(self.program.objective, point, strict=True) if c), Fraction(0))
        return Optimum(value, tuple(point), tuple(self.prices))


def transpose(rows: Iterable[Sparse], size: int) -> list[Sparse]:
    """Turn rows of a sparse matrix into columns.

    Examples
    --------
    >>> transpose([{1: Fraction(2)}], 2)
    [{}, {0: Fraction(2, 1)}]
    """
    columns: list[Sparse] = [{} for _ in range(size)]
    for i, row in enumerate(rows):
        for j, value in row.items():
            columns[j][i] = value
    return columns


def solve_square(rows: Iterable[Sparse], target: Iterable[Fraction]) -> list[Fraction]:
    """Solve a sparse system of linear equations with one solution, in fractions.

    Parameters
    ----------
    rows : iterable of dict
        For each equation, the nonzero coefficients by variable.

    Raises
    ------
    ParleyError
        If the equations have no solution, or more than one.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> print(*solve_square([{0: one, 1: two}, {1: two}], [two, one]))
    1 1/2
    """
    left = [dict(row) for row in rows]
    right = list(target)
    holders: dict[int, set[int]] = {}
    for i, row in enumerate(left):
        for j in row:
            holders.setdefault(j, set()).add(i)
    queue = [(len(row), i) for i, row in enumerate(left)]
    heapify(queue)
    done: list[tuple[int, int]] = []
    open_rows = set(range(len(left)))
    while open_rows:
        length, i = heappop(queue)
        if i not in open_rows or length != len(left[i]):
            continue
        if not left[i]:
            raise ParleyError("a system of equations is singular")
        j = min(left[i], key=lambda k: len(holders[k]))
        open_rows.discard(i)
        done.append((i, j))
        for k in left[i]:
            holders[k].discard(i)
        for other in list(holders[j]):
            factor = left[other][j] / left[i][j]
            _subtract(left[other], left[i], factor, holders, other)
            right[other] -= factor * right[i]
            heappush(queue, (len(left[other]), other))
    solution = [Fraction(0)] * len(left)
    for i, j in reversed(done):
        row = left[i]
        rest = sum((a * solution[k] for k, a in row.items() if k != j), Fraction(0))
        solution[j] = (right[i] - rest) / row[j]
    return solution


def _subtract(
    row: Sparse, from_row: Sparse, factor: Fraction, holders: Mapping[int, set[int]], number: int
) -> None:
    """Subtract a multiple of a row from another one, and update the index of variables."""
    for k, a in from_row.items():
        value = row.get(k, Fraction(0)) - factor * a
        if value:
            row[k] = value
            holders[k].add(number)
        else:
            row.pop(k, None)
            holders[k].discard(number)
