"""The solution of a problem: the equilibrium of both stages, in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from parley.core import problemfile
from parley.core.errors import ProblemError
from parley.core.exact import show, show_all
from parley.core.limits import MAX_SEATS
from parley.mechanisms.coordination import bargaining, recognition
from parley.mechanisms.coordination.allocation import Allocation, cost_effective
from parley.mechanisms.coordination.announcements import maximal_announcements
from parley.mechanisms.coordination.reading import read_matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

    from parley.mechanisms.coordination.problem import Matrix, Problem

# Exact fractions up to this number of agents; products of more fractions have thousands of digits.
EXACT_AGENTS = MAX_SEATS

Vector = tuple[Fraction, ...] | NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """The equilibrium of the two-stage mechanism, or of its second stage at a given announced allocation.

    Quantities in units, costs in units of cost.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> solution = solve(example_1())
    >>> solution.savings, [str(p) for p in solution.probabilities]
    (Fraction(38, 1), ['3/7', '1/4', '3/14', '15/224', '9/224'])
    """

    problem: Problem
    allocation: Matrix
    """X: the announced allocation; cost-effective, unless another one was given."""
    best: Allocation
    """The solver's allocation, with the prices that prove it optimal."""
    maximal_announcements: Matrix
    probabilities: Vector
    expected_costs: Vector
    acceptance_thresholds: Vector
    proposals: tuple[tuple[Fraction, ...], ...] | None
    """Row i: the proposal of agent i. None without savings, or beyond 64 agents."""
    announced: bool = False
    """Whether this is the second stage at a given allocation, cost-effective or not."""

    @property
    def cost_contracted(self) -> Fraction:
        """F(D)."""
        return self.problem.total_cost(self.problem.contracted)

    @property
    def cost_allocated(self) -> Fraction:
        """F(X)."""
        return self.problem.total_cost(self.allocation)

    @property
    def savings(self) -> Fraction:
        """Δ(X) = F(D) − F(X)."""
        return self.cost_contracted - self.cost_allocated

    @property
    def cost_effective(self) -> bool:
        """Whether X has the least total cost."""
        return self.cost_allocated == self.best.total_cost

    def to_json(self) -> dict[str, Any]:
        """Return plain values: exact numbers as strings, in tasks and units of cost."""
        unit = self.problem.unit
        proposals = None if self.proposals is None else [show_all(row) for row in self.proposals]
        return {
            "kind": "coordination",
            "allocation": in_tasks(self.allocation, unit),
            "workloads": show_all(Fraction(load, unit) for load in self.allocation.sum(axis=1).tolist()),
            "cost_contracted": show(self.cost_contracted),
            "cost_allocated": show(self.cost_allocated),
            "savings": show(self.savings),
            "recognition": {
                "function": self.problem.recognition,
                "probabilities": _numbers(self.probabilities),
            },
            "maximal_announcements": in_tasks(self.maximal_announcements, unit),
            "expected_costs": _numbers(self.expected_costs),
            "acceptance_thresholds": _numbers(self.acceptance_thresholds),
            "proposals": proposals,
        } | (
            {"announced": {"cost_effective": self.cost_effective, "least_cost": show(self.best.total_cost)}}
            if self.announced
            else {}
        )


def announced_allocation(problem: Problem) -> tuple[Matrix, Allocation]:
    """Return the allocation announced in equilibrium, and the solver's.

    Returns
    -------
    (X, best)
        X is the problem's own allocation, or otherwise the solver's.

    Raises
    ------
    ProblemError
        If the problem's allocation is not cost-effective.
    """
    best = cost_effective(problem)
    if problem.allocation is None:
        return best.matrix, best
    cost = problem.total_cost(problem.allocation)
    if cost > best.total_cost:
        reason = f"not cost-effective: its total cost is {cost}, and the least is {best.total_cost}"
        raise ProblemError("", "allocation", reason)
    return problem.allocation, best


def read_announcement(problem: Problem, mapping: Mapping[str, Any]) -> Matrix:
    """Read a file of announcements, ``{"allocation": matrix}`` in tasks.

    Returns
    -------
    ndarray of int64, shape (n, m)
        In units; any legal announcements, cost-effective or not.

    Raises
    ------
    ProblemError
        With the key and the reason; for an illegal announcement also agent, task type and bound.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> read_announcement(example_1(), {"allocation": example_1().contracted.tolist()})[1].tolist()
    [0, 5, 0, 0, 0]
    """
    for key in mapping:
        if key != "allocation":
            raise ProblemError("", key, "unknown key; a file of announcements has only the key allocation")
    if "allocation" not in mapping:
        raise ProblemError("", "allocation", "missing: the matrix of announcements, in tasks")
    return _legal(problem, read_matrix("allocation", mapping["allocation"], problem.unit))


def announced_in(problem: Problem, file: str | None) -> Matrix | None:
    """Read announcements from a file, if one is named.

    Raises
    ------
    ProblemError
        In one line: file, key and reason.
    """
    if file is None:
        return None
    mapping = problemfile.read(file)
    try:
        return read_announcement(problem, mapping)
    except ProblemError as error:
        raise error.in_file(file) from None


def _legal(problem: Problem, announced: ArrayLike) -> Matrix:
    """Check announcements, as a problem checks its own allocation."""
    matrix = replace(problem, allocation=np.asarray(announced)).allocation
    if matrix is None:
        raise AssertionError("a problem has lost its allocation")
    return matrix


def solve(problem: Problem, *, exact: bool = False, announced: ArrayLike | None = None) -> Solution:
    """Solve a problem: Stage 1 by cost-effective announcements, Stage 2 by Proposition 1.

    Parameters
    ----------
    exact : bool
        Use fractions also beyond 64 agents, where they have thousands of digits.
    announced : array_like of int, shape (n, m), optional
        Announcements in units, cost-effective or not, after which Stage 2 is solved.

    Raises
    ------
    ProblemError
        If the problem's allocation is not cost-effective, or an announcement is not legal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> print(*solve(problem, announced=problem.contracted).expected_costs)
    81 25 16 4 1
    """
    if announced is None:
        X, best = announced_allocation(problem)
    else:
        X, best = _legal(problem, announced), cost_effective(problem)
    small = problem.agents <= EXACT_AGENTS
    probabilities: Vector
    expected: Vector
    thresholds: Vector
    proposals = None
    if small or exact:
        probabilities = recognition.probabilities(problem.recognition, problem, X)
        expected = bargaining.expected_costs(problem, X, probabilities)
        thresholds = bargaining.acceptance_thresholds(problem, X, probabilities)
        if small:
            proposals = bargaining.proposals(problem, X, probabilities)
    else:
        probabilities = recognition.probabilities_float(problem.recognition, problem, X)
        expected, thresholds = bargaining.expected_costs_float(problem, X, probabilities)
    return Solution(
        problem=problem,
        allocation=X,
        best=best,
        maximal_announcements=maximal_announcements(problem, X),
        probabilities=probabilities,
        expected_costs=expected,
        acceptance_thresholds=thresholds,
        proposals=proposals,
        announced=announced is not None,
    )


def in_tasks(matrix: Matrix, unit: int) -> list[list[str]]:
    """Write a matrix of units in tasks, exactly.

    Examples
    --------
    >>> in_tasks(np.array([[3, 4]]), 2)
    [['3/2', '2']]
    """
    if unit == 1:
        return [[str(entry) for entry in row] for row in matrix.tolist()]
    return [show_all(Fraction(entry, unit) for entry in row) for row in matrix.tolist()]


def _numbers(values: Iterable[Fraction] | NDArray[np.float64]) -> list[str] | list[float]:
    if isinstance(values, np.ndarray):
        numbers: list[float] = values.tolist()
        return numbers
    return show_all(values)
