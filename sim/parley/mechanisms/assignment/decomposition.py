"""Birkhoff–von Neumann: an exact lottery over deterministic assignments for a matrix of probabilities.

A column *nothing* fills each row to 1, and rows *nobody* fill each column to a whole number. The matrix is
then in the polytope of all matrices with these sums. Subtract a whole matrix of this polytope, positive only
where the given one is, with the largest weight that leaves no negative entry. The rest has more zeros, so it
is in a smaller face. So the number of terms is at most the dimension of the polytope plus one: (n − 1)² + 1
if all rows and columns of an n × n matrix sum to 1, and never more than agents × items + 1.

SciPy's assignment solver finds the first whole matrix, of maximum total weight. Each following matrix differs
only where an entry has become zero, and is repaired by alternating paths.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from parley.core.errors import ParleyError
from parley.core.linear import Program
from parley.mechanisms.assignment.lottery import Assignment, Lottery, Matrix, merged, recompose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def find_violation(matrix: Matrix, capacities: Sequence[int]) -> tuple[str, str] | None:
    """Return why a matrix is not a random assignment, or None.

    Returns
    -------
    (place, reason) or None
        The place in the matrix, as in ``[0][2]``.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> find_violation(((half, half), (half, Fraction(1, 3))), [1, 1])
    >>> find_violation(((half, half), (half, Fraction(2, 3))), [1, 1])
    ('[1]', 'sums to 7/6, which is above 1')
    """
    for i, row in enumerate(matrix):
        for o, p in enumerate(row):
            if p < 0:
                return f"[{i}][{o}]", f"{p} is negative"
        if sum(row) > 1:
            return f"[{i}]", f"sums to {sum(row)}, which is above 1"
    for o, capacity in enumerate(capacities):
        total = sum((row[o] for row in matrix), Fraction(0))
        if total > capacity:
            return "", f"assigns {total} of item {o + 1}, whose capacity is {capacity}"
    return None


def decompose(
    matrix: Matrix, capacities: Sequence[int], progress: Callable[[Fraction], None] | None = None
) -> Lottery:
    """Write a matrix of probabilities as a lottery.

    Parameters
    ----------
    matrix : tuple of tuples of Fraction, shape (agents, items)
    capacities : sequence of int
        How many agents may get each item.
    progress : callable, optional
        Called with the remaining weight.

    Returns
    -------
    tuple of Term
        The weights are positive and sum to 1, and the assignments average exactly to the matrix; agents only
        get items with positive probability.

    Raises
    ------
    ParleyError
        If an entry is negative, a row sums to more than 1 or a column to more than its capacity.

    Examples
    --------
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> lottery = decompose(((half, half), (half, third)), [1, 1])
    >>> [(str(term.weight), term.assignment) for term in lottery]
    [('1/2', (1, 0)), ('1/3', (0, 1)), ('1/6', (0, None))]
    """
    violation = find_violation(matrix, capacities)
    if violation is not None:
        raise ParleyError(f"matrix{violation[0]} is not a random assignment: {violation[1]}")
    residual = _Residual(matrix, capacities)
    weights: dict[Assignment, Fraction] = {}
    while residual.scale:
        assignment, weight = residual.take()
        weights[assignment] = weights.get(assignment, Fraction(0)) + weight
        if progress is not None:
            progress(Fraction(residual.scale, residual.denominator))
    return merged(weights)


class _Residual:
    """The remaining matrix, in multiples of 1 / `denominator`, with a whole matrix inside."""

    def __init__(self, matrix: Matrix, capacities: Sequence[int]) -> None:
        self.agents, items = len(matrix), len(capacities)
        self.denominator = one = lcm(*(p.denominator for row in matrix for p in row))
        self.scale = one
        """The remaining sum of each row."""
        self.rows = [[int(p * one) for p in row] for row in matrix]
        sums = [sum(column) for column in zip(*self.rows, strict=True)] or [0] * items
        self.rows = [[*row, one - sum(row)] for row in self.rows]
        columns = [-(-total // one) for total in sums]
        self.rows += _nobody([units * one - total for units, total in zip(columns, sums, strict=True)], one)
        columns.append(len(self.rows) - sum(columns))
        # Positive entries as bits: by row and by column.
        self.support = [sum(1 << o for o, p in enumerate(row) if p) for row in self.rows]
        self.held = self._start(columns)
        self.holders = [0] * len(columns)
        for row, o in enumerate(self.held):
            self.holders[o] |= 1 << row

    def _start(self, columns: Sequence[int]) -> list[int]:
        """Find a whole matrix of maximum weight with SciPy."""
        copies = [o for o, units in enumerate(columns) for _ in range(units)]
        forbidden = -2.0 * len(copies)
        value = np.array(
            [[row[o] / self.denominator if row[o] else forbidden for o in copies] for row in self.rows]
        )
        _, chosen = linear_sum_assignment(value, maximize=True)
        return [copies[k] for k in chosen]

    def take(self) -> tuple[Assignment, Fraction]:
        """Subtract the whole matrix with the largest possible weight, and find the next one."""
        step = min(row[o] for row, o in zip(self.rows, self.held, strict=True))
        nothing = len(self.holders) - 1
        assignment = tuple(None if o == nothing else o for o in self.held[: self.agents])
        self.scale -= step
        freed = []
        for number, (row, o) in enumerate(zip(self.rows, self.held, strict=True)):
            row[o] -= step
            if not row[o]:
                self.support[number] &= ~(1 << o)
                freed.append(number)
        if self.scale:
            lacking: dict[int, int] = {}
            for number in freed:
                o = self.held[number]
                self.holders[o] &= ~(1 << number)
                lacking[o] = lacking.get(o, 0) + 1
            for number in freed:
                self._mend(number, lacking)
        return assignment, Fraction(step, self.denominator)

    def _mend(self, free: int, lacking: dict[int, int]) -> None:
        """Find a column for a row without one, by an alternating path."""
        wanted = sum(1 << o for o, units in lacking.items() if units)
        seen = 0
        found_by: dict[int, int] = {}
        queue = [free]
        for row in queue:
            fresh = self.support[row] & ~seen
            seen |= fresh
            if hit := fresh & wanted:
                last = (hit & -hit).bit_length() - 1
                found_by[last] = row
                lacking[last] -= 1
                return self._move(free, last, found_by)
            for o in _bits(fresh):
                found_by[o] = row
                queue += _bits(self.holders[o])
        raise ParleyError("a matrix of probabilities has no decomposition")  # refuted by Birkhoff

    def _move(self, free: int, o: int, found_by: dict[int, int]) -> None:
        while True:
            row = found_by[o]
            before = self.held[row]
            self.held[row] = o
            self.holders[o] |= 1 << row
            if row == free:
                return
            self.holders[before] &= ~(1 << row)
            o = before


def _nobody(unused: Sequence[int], one: int) -> list[list[int]]:
    """Make rows that fill the columns; each sums to 1, the last one with the column *nothing*."""
    rows: list[list[int]] = []
    room = 0
    for o, units in enumerate(unused):
        left = units
        while left:
            if not room:
                rows.append([0] * (len(unused) + 1))
                room = one
            part = min(left, room)
            rows[-1][o] += part
            left -= part
            room -= part
    if room:
        rows[-1][-1] = room
    return rows


def _bits(number: int) -> list[int]:
    """List the positions of the one bits of a number, lowest first."""
    places = []
    while number:
        lowest = number & -number
        places.append(lowest.bit_length() - 1)
        number ^= lowest
    return places


def thinned(lottery: Lottery, agents: int, items: int) -> Lottery:
    """Reduce a lottery to at most agents × items + 1 of its own assignments, with the same matrix.

    Unlike `decompose`, it uses only assignments of the given lottery, so it keeps common properties such as
    efficiency.

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import Term
    >>> quarter = Fraction(1, 4)
    >>> lottery = tuple(Term(quarter, a) for a in [(0, 2), (0, 3), (1, 2), (1, 3)])
    >>> [(str(term.weight), term.assignment) for term in thinned(lottery, 2, 4)]
    [('1/2', (0, 2)), ('1/2', (1, 3))]
    """
    matrix = recompose(lottery, agents, items)
    program = Program()
    weights = [program.variable(term.weight) for term in lottery]
    holders: dict[tuple[int, int], list[int]] = {}
    for k, term in enumerate(lottery):
        for i, item in enumerate(term.assignment):
            if item is not None:
                holders.setdefault((i, item), []).append(k)
    for (i, item), terms in holders.items():
        program.equals(dict.fromkeys(terms, 1), matrix[i][item])
    program.equals(dict.fromkeys(weights, 1), 1)
    point = program.solve().point
    return merged({term.assignment: p for term, p in zip(lottery, point, strict=True) if p})
