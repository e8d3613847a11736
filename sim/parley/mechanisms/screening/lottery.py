"""From expected assignments to whole cases: a lottery for each task.

The selection gives each agent an expected number of each task, and all together as many as there are. Any
such numbers are the mean of a lottery over whole numbers: only the total of each task is fixed, so each
task can be drawn for itself. *Systematic sampling* puts the agents' numbers end to end on a line and counts
the points u, u + 1, u + 2, … in each part, for one uniform u: each agent gets its expected number rounded
up or down, with the right mean. Which cases these are is drawn by shuffling the cases of each task.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parley.mechanisms.screening.rays import Vector

__all__ = ["whole_assignments"]


def whole_assignments(
    expected: Sequence[Vector], uniforms: Sequence[Fraction]
) -> tuple[tuple[int, ...], ...]:
    """Draw whole assignments whose means are the expected ones.

    Parameters
    ----------
    expected : sequence of tuple, agents × tasks
        Each column must sum to a whole number.
    uniforms : sequence of Fraction
        For each task, an independent number, uniform on [0, 1).

    Returns
    -------
    tuple of tuple of int, agents × tasks
        Each number is the expected one, rounded up or down; each column has the same sum.

    Raises
    ------
    ValueError
        If a column does not sum to a whole number.

    Examples
    --------
    >>> half, third = Fraction(1, 2), Fraction(1, 3)
    >>> expected = [(3 * half, third), (half, 2 * third)]
    >>> whole_assignments(expected, [third, third]), whole_assignments(expected, [2 * half - third, third])
    (((2, 0), (0, 1)), ((1, 0), (1, 1)))
    """
    columns = []
    for column, u in zip(zip(*expected, strict=True), uniforms, strict=True):
        ends = [Fraction(0), *accumulate(column)]
        if ends[-1].denominator != 1:
            raise ValueError(f"a task is assigned {ends[-1]} times, which is not a whole number")
        # The points u, u + 1, … below an end.
        counts = [ceil(end - u) for end in ends]
        columns.append([after - before for before, after in pairwise(counts)])
    return tuple(zip(*columns, strict=True))
