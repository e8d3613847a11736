"""Prices that make a given matrix an equilibrium of the pseudo-market.

For a fixed matrix, the equilibrium conditions are linear in the prices. A satiated agent has bought at the
lowest price of its best items. Any other agent spends its budget b, and maximizes u·x subject to p·x ≤ b and
Σ x ≤ 1. By complementary slackness, with value of money μ > 0, λ = 1/μ, and a ≥ 0 the price of the second
constraint divided by μ: p_o + a ≥ λ·u_o for every item, with equality for the items it buys, and a = 0 if it
may get nothing. (λ = 0 is impossible: then it would spend nothing.) An item that is not sold out is free.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.core.linear import InfeasibleError, Program
from parley.mechanisms.assignment.lottery import expected
from parley.mechanisms.assignment.market import greatest, on_offer

if TYPE_CHECKING:
    from parley.mechanisms.assignment.lottery import Matrix, Row
    from parley.mechanisms.assignment.problem import Problem, Utilities


def supporting_prices(problem: Problem, matrix: Matrix) -> tuple[Fraction, ...] | None:
    """Find prices at which a given matrix is an exact equilibrium, if there are any.

    Parameters
    ----------
    problem : Problem
        With utilities and budgets.

    Returns
    -------
    tuple of Fraction or None
        The prices with the lowest sum; None if the matrix is not an exact equilibrium.

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import as_matrix
    >>> from parley.mechanisms.assignment.problem import Problem
    >>> problem = Problem.from_mapping({
    ...     "kind": "assignment", "items": ["a", "b"], "rule": "pseudo-market",
    ...     "utilities": [[4, 1], [4, 3]]})
    >>> [str(price) for price in supporting_prices(problem, as_matrix([["1/2", "1/2"]] * 2))]
    ['2', '0']
    >>> supporting_prices(problem, as_matrix([[1, 0], [0, 1]])) is None
    True
    """
    program = Program()
    prices = [program.variable(-1) for _ in problem.items]
    budgets = problem.budgets or (Fraction(1),) * problem.agents
    for i, (row, budget) in enumerate(zip(matrix, budgets, strict=True)):
        u = on_offer(problem, i)
        if expected(row, u) == greatest(u):
            _content(program, prices, u, row, budget)
        else:
            _spending(program, prices, u, row, budget)
    for o, price in enumerate(prices):
        if sum((row[o] for row in matrix), Fraction(0)) < problem.capacities[o]:
            program.equals({price: 1}, 0)
    try:
        point = program.solve().point
    except InfeasibleError:
        return None
    return point[: len(prices)]


def _content(program: Program, prices: list[int], u: Utilities, row: Row, budget: Fraction) -> None:
    """Whether an agent is satiated: it gets only its best items, or nothing is as good."""
    cost = {price: p for price, p in zip(prices, row, strict=True) if p}
    most = greatest(u)
    program.at_most(cost, budget if most else 0)
    for price, worth in zip(prices, u, strict=True):
        if most and worth == most:
            program.at_most({**cost, price: cost.get(price, Fraction(0)) - 1}, 0)


def _spending(program: Program, prices: list[int], u: Utilities, row: Row, budget: Fraction) -> None:
    program.equals({price: p for price, p in zip(prices, row, strict=True) if p}, budget)
    spare, money = program.variable(), program.variable()
    for price, p, worth in zip(prices, row, u, strict=True):
        if worth is not None:
            line = {money: worth, price: Fraction(-1), spare: Fraction(-1)}
            if p:
                program.equals(line, 0)
            else:
                program.at_most(line, 0)
    if sum(row) < 1:
        program.equals({spare: 1}, 0)
