"""Linear equations in numbers that are not negative, solved exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Solved:
    """A solution of A·λ = b with λ ≥ 0, or a proof that there is none."""

    solution: tuple[Fraction, ...] | None
    """λ, one number for each column."""
    refutation: tuple[Fraction, ...] | None
    """If there is none: y, one number for each equation, with y·A ≤ 0 in every column and y·b > 0."""


def solve_nonnegative(columns: Sequence[Sequence[Fraction]], target: Sequence[Fraction]) -> Solved:
    """Find λ ≥ 0 with Σ_k λ_k·column_k = target, or numbers that refute it (Farkas).

    The simplex method in fractions with Bland's rule, which never comes back to a basis: it minimizes what is
    missing. A solution has no more positive numbers than there are equations.

    Parameters
    ----------
    columns : sequence of sequences of Fraction, each of the length of `target`

    Examples
    --------
    >>> half, one, two = Fraction(1, 2), Fraction(1), Fraction(2)
    >>> print(*solve_nonnegative([(one, one), (two, one)], (one + half, one)).solution)
    1/2 1/2
    >>> print(*solve_nonnegative([(one, one), (two, one)], (3 * one, one)).refutation)
    1 -2
    """
    size, count = len(target), len(columns)
    signs = [-1 if b < 0 else 1 for b in target]
    # Rows of [A | 1 | b] with b ≥ 0; the last row holds minus the reduced costs and what is missing.
    rows = [
        [
            *(sign * Fraction(column[i]) for column in columns),
            *(Fraction(int(k == i)) for k in range(size)),
            sign * Fraction(target[i]),
        ]
        for i, sign in enumerate(signs)
    ]
    basis = list(range(count, count + size))
    gains = [sum((row[k] for row in rows), Fraction(0)) for k in range(count)]
    gains += [Fraction(0)] * size + [sum((row[-1] for row in rows), Fraction(0))]
    while gains[-1] and (entering := next((k for k in range(count) if gains[k] > 0), None)) is not None:
        leaving = min(
            (i for i in range(size) if rows[i][entering] > 0),
            key=lambda i: (rows[i][-1] / rows[i][entering], basis[i]),
        )
        pivot = rows[leaving][entering]
        rows[leaving] = [value / pivot for value in rows[leaving]]
        for row in (*(row for i, row in enumerate(rows) if i != leaving), gains):
            if factor := row[entering]:
                row[:] = [a - factor * b for a, b in zip(row, rows[leaving], strict=True)]
        basis[leaving] = entering
    if gains[-1]:
        # The equations' columns of the unit matrix have become the inverse of the basis.
        y = [
            sum((rows[i][count + k] for i in range(size) if basis[i] >= count), Fraction(0))
            for k in range(size)
        ]
        return Solved(None, tuple(sign * value for sign, value in zip(signs, y, strict=True)))
    solution = [Fraction(0)] * count
    for k, row in zip(basis, rows, strict=True):
        if k < count:
            solution[k] = row[-1]
    return Solved(tuple(solution), None)
