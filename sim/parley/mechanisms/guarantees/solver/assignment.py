"""The assignment formulation: a variable for every provider and job, solved by HiGHS as an integer program.

The baseline that the columns are measured against, and what remains where schedules are too many to list.
HiGHS works with tolerances, so its bounds are widened by them: what it cannot tell apart stays open.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from parley.mechanisms.guarantees.solver.search import Choice, Fairest, Richest, least_pay, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.core.clock import Clock
    from parley.mechanisms.guarantees.solver.shape import Shape

__all__ = ["Assignment"]

TOLERANCE = 1e-6
"""What HiGHS does not tell apart, beside the greatest value of a schedule."""

Row = dict[int, float]


@dataclass
class _Rows:
    """Constraints low ≤ a·x ≤ high."""

    terms: list[Row]
    low: list[float]
    high: list[float]

    def add(self, terms: Row, low: float, high: float) -> None:
        self.terms.append(terms)
        self.low.append(low)
        self.high.append(high)

    def constraint(self, width: int) -> LinearConstraint:
        """Return them as one sparse constraint on `width` variables."""
        first = np.cumsum([0, *(len(row) for row in self.terms)])
        columns = np.array([j for row in self.terms for j in row], dtype=np.int64)
        numbers = np.array([a for row in self.terms for a in row.values()], dtype=np.float64)
        matrix = csr_array((numbers, columns, first), shape=(len(self.terms), width))
        return LinearConstraint(matrix, self.low, self.high)


@dataclass
class Assignment:
    """The questions to a problem as integer programs."""

    shape: Shape
    clock: Clock

    def __post_init__(self) -> None:
        shape = self.shape
        self.providers = [kind for kind in shape.kinds for _ in range(kind.count)]
        self.unit = max(1, *shape.lengths)
        self.rows = _Rows([], [], [])
        for job in range(shape.jobs):
            self.rows.add({self._at(i, job): 1.0 for i in range(len(self.providers))}, 0, 1)
        cliques = _cliques(shape)
        for i, kind in enumerate(self.providers):
            for clique in cliques:
                self.rows.add({self._at(i, job): 1.0 for job in clique}, 0, 1)
            if kind.most_jobs < shape.jobs:
                self.rows.add({self._at(i, job): 1.0 for job in range(shape.jobs)}, 0, kind.most_jobs)

    def _at(self, provider: int, job: int) -> int:
        return provider * self.shape.jobs + job

    def greatest(self) -> Richest:
        """Find the greatest value."""
        nothing = (0,) * len(self.shape.kinds)
        return self.kept(nothing, None) or Richest(0, 0, ((),) * len(self.shape.kinds))

    def fairest(self) -> Fairest:
        """Find the greatest least pay."""
        shape = self.shape
        scale = max(kind.pay for kind in shape.kinds) * self.unit
        rows = _Rows(list(self.rows.terms), list(self.rows.low), list(self.rows.high))
        last = len(self.providers) * shape.jobs
        for i, kind in enumerate(self.providers):
            pays: Row = {
                self._at(i, j): int(v) * kind.pay / scale for j, v in enumerate(shape.values.tolist())
            }
            rows.add({**pays, last: -1.0}, 0, np.inf)
        found, bound = self._solve(rows, np.concatenate((np.zeros(last), [-1.0])), last + 1)
        choice = found or ((),) * len(shape.kinds)
        low = least_pay(shape, choice)
        return Fairest(low, max(low, floor((bound + TOLERANCE) * scale)), choice)

    def kept(self, floors: Sequence[int], known: Choice | None) -> Richest | None:
        """Find the greatest value above floors on the value of each kind; None if nothing reaches them."""
        shape = self.shape
        scale = max(kind.factor for kind in shape.kinds) * self.unit
        rows = _Rows(list(self.rows.terms), list(self.rows.low), list(self.rows.high))
        least = [value for kind, value in zip(shape.kinds, floors, strict=True) for _ in range(kind.count)]
        gains = np.zeros(len(self.providers) * shape.jobs)
        for i, (kind, value) in enumerate(zip(self.providers, least, strict=True)):
            worth: Row = {self._at(i, j): int(v) / self.unit for j, v in enumerate(shape.values.tolist())}
            if value > 0:
                rows.add(worth, value / self.unit, np.inf)
            for place, own in worth.items():
                gains[place] = -own * self.unit * kind.factor / scale
        found, bound = self._solve(rows, gains, gains.size)
        high = floor((bound + TOLERANCE) * scale) if np.isfinite(bound) else -1
        choice = known if found is None or not _reaches(shape, found, floors) else found
        if choice is None:
            return None if high < 0 else Richest(-1, high, None)
        low = value_of(shape, choice)
        return Richest(low, max(low, high), choice)

    def _solve(self, rows: _Rows, costs: np.ndarray, width: int) -> tuple[Choice | None, float]:
        """Minimize; return a solution and a bound on what is maximized, −∞ if there is no solution."""
        shape = self.shape
        allowed = np.concatenate([kind.allowed for kind in self.providers]) if shape.jobs else np.zeros(0)
        free = np.concatenate((allowed.astype(float), np.full(width - allowed.size, np.inf)))
        whole = np.concatenate((np.ones(allowed.size), np.zeros(width - allowed.size)))
        if width == 0:
            return ((),) * len(shape.kinds), 0.0
        found = milp(
            costs,
            integrality=whole,
            bounds=Bounds(np.zeros(width), free),
            constraints=rows.constraint(width) if rows.terms else (),
            options={"time_limit": max(0.01, self.clock.left), "mip_rel_gap": 0.0},
        )
        if found.status == 2:
            return None, -np.inf
        dual = found.mip_dual_bound
        bound = -float(dual) if dual is not None else float(-costs[costs < 0].sum())
        return None if found.x is None else self._choice(found.x[: allowed.size]), bound

    def _choice(self, point: np.ndarray) -> Choice:
        shape = self.shape
        chosen = np.rint(point).astype(np.bool_).reshape(len(self.providers), shape.jobs)
        lists, i = [], 0
        for kind in shape.kinds:
            own = [tuple(shape.rows[chosen[k]].tolist()) for k in range(i, i + kind.count)]
            lists.append(tuple(rows for rows in own if rows))
            i += kind.count
        return tuple(lists)


def _reaches(shape: Shape, choice: Choice, floors: Sequence[int]) -> bool:
    for kind, own, floor_ in zip(shape.kinds, choice, floors, strict=True):
        values = [sum(shape.class_values[row] for row in rows) for rows in own]
        if floor_ > 0 and (len(own) < kind.count or min(values) < floor_):
            return False
    return True


def _cliques(shape: Shape) -> list[list[int]]:
    """Return sets of jobs of which a provider can do one, that together say which jobs exclude each other."""
    found: list[list[int]] = []
    if shape.clash.size:
        pairs = np.argwhere(np.triu(shape.clash))
        return [[int(a), int(b)] for a, b in pairs]
    for job in range(shape.jobs):  # those that run when a job starts
        running = [k for k in range(job + 1) if shape.after[k] > job]
        if len(running) > 1 and not (found and set(found[-1]) <= set(running)):
            found.append(running)
        elif len(running) > 1:
            found[-1] = running
    return found
