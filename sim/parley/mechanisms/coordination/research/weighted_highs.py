"""Weighted capacities as a mixed-integer program, for HiGHS.

Every unit of an agent's load is a variable of its own with its own marginal cost; as costs are convex, the
cheap ones come first. HiGHS computes in floating point: what it returns is a proposal, and is rounded to
whole units here for the caller to check.
"""

from __future__ import annotations

from itertools import product
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from parley.core.errors import ParleyError
from parley.mechanisms.coordination.announcements import carried
from parley.mechanisms.coordination.axioms.triple import Rows, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from parley.mechanisms.coordination.problem import Problem

_INFEASIBLE = 2  # SciPy's status


def best_rows(
    problem: Problem, weights: Sequence[int], limits: Sequence[int], announced: Rows, aim: str
) -> Rows | None:
    """Propose a continuation of announcements in which no agent's units weigh more than its limit.

    Parameters
    ----------
    weights, limits : sequences of int, lengths m and n
    announced : tuple of rows
        Announcements of the first k < n agents, in units.
    aim : str
        ``any`` continuation, the ``least`` total cost, or the ``most`` units of the next agent.

    Returns
    -------
    tuple of rows or None
        All n rows in units; None if HiGHS finds that there are none.

    Raises
    ------
    ParleyError
        If HiGHS gives up.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> rows = best_rows(example_1(), (1, 1, 1, 1, 1), (9, 5, 4, 4, 2), ((6, 0, 0, 0, 0),), "most")
    >>> sum(rows[1])
    5
    """
    program = _Program(problem, announced)
    for j, limit in enumerate(limits[len(announced) :]):
        program.constrain(program.entry[j], weights, -np.inf, limit)
    if aim == "most":
        program.objective[: problem.task_types] = -1
    if aim == "least":
        program.add_costs()
    return program.solve()


class _Program:
    """Variables are the entries x_jt of the rows to come, then units of load."""

    def __init__(self, problem: Problem, announced: Rows) -> None:
        self.problem, self.announced = problem, announced
        k, (n, m) = len(announced), problem.contracted.shape
        self.entry = np.arange((n - k) * m).reshape(n - k, m)
        self.objective = np.zeros(self.entry.size)
        self.most: NDArray[np.float64] = problem.capacity[k:].ravel().astype(np.float64)
        self._triplets: list[tuple[int, int, int]] = []
        self._low: list[float] = []
        self._high: list[float] = []
        # No first agents take on more of a type than they have contracted; all together do everything.
        self.totals = carried(problem, announced) + problem.contracted[k:].cumsum(axis=0)
        for j, t in product(range(n - k), range(m)):
            total = float(self.totals[j, t])
            self.constrain(self.entry[: j + 1, t], [1] * (j + 1), total if k + j == n - 1 else -np.inf, total)

    def constrain(
        self, variables: Iterable[int], weights: Iterable[int], least: float, greatest: float
    ) -> None:
        row = len(self._low)
        self._triplets += [(row, int(k), w) for k, w in zip(variables, weights, strict=True)]
        self._low.append(least)
        self._high.append(greatest)

    def add_costs(self) -> None:
        problem, k = self.problem, len(self.announced)
        scale = lcm(*(cost.whole_at(problem.unit) for cost in problem.costs[k:]))
        for j, entries in enumerate(self.entry):
            top = int(np.minimum(problem.capacity[k + j], self.totals[j]).sum())
            costs = np.array(
                [int(scale * problem.cost(k + j, load)) for load in range(top + 1)], dtype=object
            )
            units = len(self.objective) + np.arange(top)
            self.constrain([*entries, *units], [1] * len(entries) + [-1] * top, 0, 0)
            self.objective = np.concatenate((self.objective, np.diff(costs).astype(np.float64)))
            self.most = np.concatenate((self.most, np.ones(top)))

    def solve(self) -> Rows | None:
        size = self.entry.size
        rows, columns, values = zip(*self._triplets, strict=True)
        shape = len(self._low), len(self.objective)
        matrix = coo_array((np.array(values, dtype=np.float64), (rows, columns)), shape=shape).tocsr()
        whole = np.zeros(len(self.objective))
        whole[:size] = 1
        answer = milp(
            self.objective,
            integrality=whole,
            bounds=Bounds(0, self.most),
            constraints=LinearConstraint(matrix, self._low, self._high),
            options={"mip_rel_gap": 0},
        )
        if answer.status == _INFEASIBLE:
            return None
        if answer.x is None:
            raise ParleyError(f"HiGHS finds no answer: {answer.message}")
        point = np.rint(answer.x[:size]).astype(np.int64).reshape(self.entry.shape)
        return (*self.announced, *rows_of(point))
