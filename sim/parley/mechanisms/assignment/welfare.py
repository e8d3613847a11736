"""The utilitarian rule: the random assignment with the largest weighted sum of expected utilities.

Often several assignments have the largest sum, and then all lotteries over them. Among these, the rule takes
one with leximin expected utilities (the lowest as high as possible, then the second lowest, …); among these,
one with the fewest agents without an item; and equal agents get the same lottery. Every step is an exact
linear program.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.errors import ProblemError
from parley.core.linear import Program
from parley.mechanisms.assignment.lottery import expected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parley.mechanisms.assignment.lottery import Matrix
    from parley.mechanisms.assignment.problem import Problem, Utilities

Cells = dict[tuple[int, int], int]
"""Number of the variable for each agent and item that it may get."""


@dataclass(frozen=True, slots=True)
class Welfare:
    """A random assignment of maximal weighted utility, with the prices that prove it."""

    matrix: Matrix
    value: Fraction
    """Σ_i w_i·u_i(row i)."""
    offsets: tuple[Fraction, ...]
    """α ≥ 0, one for each agent."""
    prices: tuple[Fraction, ...]
    """β ≥ 0, one for each item: w_i·u_io ≤ α_i + β_o everywhere, and Σ_i α_i + Σ_o β_o·capacity_o = value."""


def utilities_of(problem: Problem) -> tuple[Utilities, ...]:
    """Give the utilities of a problem.

    Raises
    ------
    ProblemError
        If it has none.
    """
    if problem.utilities is None:
        raise ProblemError("", "utilities", "missing: expected utilities need them")
    return problem.utilities


def assignment_program(
    problem: Problem,
    value: Callable[[int, int], Fraction | int],
    *,
    only: Sequence[tuple[int, int]] | None = None,
) -> tuple[Program, Cells, list[int], list[int]]:
    """Set up the linear program over all random assignments.

    Parameters
    ----------
    value : callable
        Coefficient of the objective for agent i and item o.
    only : sequence of pairs, optional
        Allowed pairs of agents and items; by default the ranked items.

    Returns
    -------
    (program, cells, rows, columns)
        The numbers of the variables, and of the constraints of agents and of items.
    """
    program = Program()
    pairs = [(i, o) for i, order in enumerate(problem.orders) for o in order] if only is None else only
    cells = {(i, o): program.variable(value(i, o)) for i, o in pairs}
    by_agent: list[dict[int, int]] = [{} for _ in range(problem.agents)]
    by_item: list[dict[int, int]] = [{} for _ in problem.items]
    for (i, o), cell in cells.items():
        by_agent[i][cell] = by_item[o][cell] = 1
    rows = [program.at_most(terms, 1) for terms in by_agent]
    columns = [
        program.at_most(terms, capacity) for terms, capacity in zip(by_item, problem.capacities, strict=True)
    ]
    return program, cells, rows, columns


def maximize(problem: Problem) -> Welfare:
    """Maximize Σ_i w_i·u_i over all random assignments; for ties see the module.

    Parameters
    ----------
    problem : Problem
        With utilities and weights.

    Raises
    ------
    ProblemError
        If there are no utilities.

    Examples
    --------
    Two agents want the first item most, the second one more:

    >>> from parley.mechanisms.assignment.lottery import show_matrix
    >>> from parley.mechanisms.assignment.problem import Problem
    >>> best = maximize(Problem.from_mapping({
    ...     "kind": "assignment", "items": ["a", "b"], "utilities": [[3, 1], [5, 1]], "rule": "welfare"}))
    >>> str(best.value), show_matrix(best.matrix)
    ('6', [['0', '1'], ['1', '0']])
    """
    utilities, weights = utilities_of(problem), problem.weights or (Fraction(1),) * problem.agents

    def worth(i: int, o: int) -> Fraction:
        u = utilities[i][o]
        return weights[i] * u if u is not None else Fraction(0)

    program, cells, rows, columns = assignment_program(problem, worth)
    best = program.solve()
    offsets = tuple(best.prices[row] for row in rows)
    prices = tuple(best.prices[column] for column in columns)
    tight = [(i, o) for i, o in cells if worth(i, o) == offsets[i] + prices[o]]
    matrix = _leximin(problem, utilities, tight, offsets, prices)
    return Welfare(matrix, best.value, offsets, prices)


def is_optimal(problem: Problem, matrix: Matrix, found: Welfare) -> bool:
    """Check by the prices that a random assignment has the largest weighted sum."""
    utilities, weights = utilities_of(problem), problem.weights or (Fraction(1),) * problem.agents
    bounded = all(
        u is None or weights[i] * u <= found.offsets[i] + found.prices[o]
        for i, row in enumerate(utilities)
        for o, u in enumerate(row)
    )
    bound = sum(found.offsets, Fraction(0)) + sum(
        (price * capacity for price, capacity in zip(found.prices, problem.capacities, strict=True)),
        Fraction(0),
    )
    value = sum(
        (w * expected(row, u) for w, row, u in zip(weights, matrix, utilities, strict=True)), Fraction(0)
    )
    return bounded and min((*found.offsets, *found.prices)) >= 0 and value == bound


def _leximin(
    problem: Problem,
    utilities: tuple[Utilities, ...],
    tight: Sequence[tuple[int, int]],
    offsets: Sequence[Fraction],
    prices: Sequence[Fraction],
) -> Matrix:
    """Choose the leximin solution among the optimal random assignments."""
    settled: dict[int, Fraction] = {}

    def face(value: int) -> tuple[Program, Cells]:
        program, cells, _, _ = assignment_program(problem, lambda _i, _o: value, only=tight)
        for i, offset in enumerate(offsets):
            if offset:
                program.equals({cell: 1 for (agent, _), cell in cells.items() if agent == i}, 1)
        for o, price in enumerate(prices):
            if price:
                terms = {cell: 1 for (_, item), cell in cells.items() if item == o}
                program.equals(terms, problem.capacities[o])
        for i, level in settled.items():
            program.equals(worth(cells, i), level)
        return program, cells

    def worth(cells: Cells, i: int) -> dict[int, Fraction]:
        return {cell: utilities[i][o] or Fraction(0) for (agent, o), cell in cells.items() if agent == i}

    while len(settled) < problem.agents:
        program, cells = face(0)
        lowest = program.variable(1)
        floors = {
            i: program.at_most({lowest: 1, **{cell: -u for cell, u in worth(cells, i).items()}}, 0)
            for i in range(problem.agents)
            if i not in settled
        }
        best = program.solve()
        settled |= {i: best.value for i, row in floors.items() if best.prices[row]}
    program, cells = face(1)
    return averaged(problem, matrix_of(problem, cells, program.solve().point), problem.alike)


def matrix_of(problem: Problem, cells: Mapping[tuple[int, int], int], point: Sequence[Fraction]) -> Matrix:
    """Read a matrix off the variables of a linear program."""
    rows = [[Fraction(0)] * len(problem.items) for _ in range(problem.agents)]
    for (i, o), cell in cells.items():
        rows[i][o] = point[cell]
    return tuple(map(tuple, rows))


def averaged(problem: Problem, matrix: Matrix, groups: Sequence[Sequence[int]]) -> Matrix:
    """Give each agent the average of its group's rows."""
    rows = list(matrix)
    for group in groups:
        mean = tuple(
            sum((matrix[i][o] for i in group), Fraction(0)) / len(group) for o in range(len(problem.items))
        )
        for i in group:
            rows[i] = mean
    return tuple(rows)
