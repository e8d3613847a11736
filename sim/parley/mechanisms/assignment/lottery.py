"""Random assignments: matrices of probabilities, and lotteries over deterministic assignments."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from parley.core.exact import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = tuple[Fraction, ...]
Matrix = tuple[Row, ...]
"""Probability that an agent (row) gets an item (column); the rest to 1 is the probability of nothing."""
Assignment = tuple[int | None, ...]
"""The item that each agent gets; None for nothing."""


@dataclass(frozen=True, slots=True)
class Term:
    """One assignment of a lottery, with its probability."""

    weight: Fraction
    assignment: Assignment

    def to_json(self) -> dict[str, Any]:
        """Give weight and items, numbered from 0."""
        return {"weight": show(self.weight), "assignment": list(self.assignment)}


Lottery = tuple[Term, ...]


def as_matrix(rows: Iterable[Iterable[Fraction | int | str]]) -> Matrix:
    """Make a matrix of fractions.

    Examples
    --------
    >>> as_matrix([["1/2", 0]])
    ((Fraction(1, 2), Fraction(0, 1)),)
    """
    return tuple(tuple(Fraction(entry) for entry in row) for row in rows)


def show_matrix(matrix: Matrix) -> list[list[str]]:
    """Print a matrix exactly."""
    return [[show(entry) for entry in row] for row in matrix]


def indicator(assignment: Assignment, items: int) -> Matrix:
    """Write a deterministic assignment as a matrix.

    Examples
    --------
    >>> show_matrix(indicator((1, None), 2))
    [['0', '1'], ['0', '0']]
    """
    one, zero = Fraction(1), Fraction(0)
    return tuple(tuple(one if o == got else zero for o in range(items)) for got in assignment)


def recompose(lottery: Iterable[Term], agents: int, items: int) -> Matrix:
    """Average the assignments of a lottery by their weights.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> show_matrix(recompose([Term(half, (0, 1)), Term(half, (1, None))], 2, 2))
    [['1/2', '1/2'], ['0', '1/2']]
    """
    rows = [[Fraction(0)] * items for _ in range(agents)]
    for term in lottery:
        for i, item in enumerate(term.assignment):
            if item is not None:
                rows[i][item] += term.weight
    return tuple(map(tuple, rows))


def merged(weights: Mapping[Assignment, Fraction]) -> Lottery:
    """Make a lottery in a deterministic order, the most likely assignments first."""
    key = [
        (-weight, tuple(-1 if item is None else item for item in assignment), assignment)
        for assignment, weight in weights.items()
        if weight
    ]
    return tuple(Term(-minus, assignment) for minus, _, assignment in sorted(key, key=lambda k: k[:2]))


def expected(row: Row, utilities: Sequence[Fraction | None]) -> Fraction:
    """Expected utility of a row; nothing is worth 0, and so is an item without a number.

    Examples
    --------
    >>> expected((Fraction(1, 2), Fraction(1, 2)), (Fraction(3), Fraction(1)))
    Fraction(2, 1)
    """
    return sum((p * u for p, u in zip(row, utilities, strict=True) if p and u), Fraction(0))
