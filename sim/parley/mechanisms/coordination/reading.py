"""Reading the matrices of a coordination problem file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.core import keys
from parley.core.errors import ProblemError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_TOTAL = 2**62
"""Totals stay below this, so that sums and differences of quantities fit into 64-bit integers."""


def read_matrix(key: str, value: object, unit: int) -> NDArray[np.int64]:
    """Read a matrix of numbers of tasks into whole units.

    Parameters
    ----------
    key : str
        Key in the file, for messages.
    value : list of lists of numbers
        Rows are agents, columns task types.
    unit : int
        Units per task.

    Returns
    -------
    ndarray of int64, shape (n, m)

    Raises
    ------
    ProblemError
        If it is not a matrix, or an entry is negative, not whole in units, or too large.

    Examples
    --------
    >>> read_matrix("contracted", [["1/5", 2]], 5).tolist()
    [[1, 10]]
    """
    table = keys.rows(key, value.tolist() if isinstance(value, np.ndarray) else value)
    rows = []
    for i, row in enumerate(table):
        if len(row) != len(table[0]):
            reason = f"{len(row)} entries, but the first row has {len(table[0])}"
            raise ProblemError("", f"{key}[{i}]", reason)
        rows.append([_units(key, i, t, entry, unit) for t, entry in enumerate(row)])
    if not rows[0]:
        raise ProblemError("", f"{key}[0]", "empty; must have at least one task type")
    if sum(map(sum, rows)) >= MAX_TOTAL:
        raise ProblemError("", key, f"too large: {MAX_TOTAL} units or more in total")
    return np.array(rows, dtype=np.int64)


def _units(key: str, i: int, t: int, entry: object, unit: int) -> int:
    if (
        type(entry) is int and 0 <= entry < MAX_TOTAL
    ):  # the usual case; large matrices have millions of entries
        return entry * unit
    place = f"{key}[{i}][{t}]"
    number = keys.amount(place, entry)
    if (number * unit).denominator != 1:
        each = "task" if unit == 1 else f"1/{unit} task"
        raise ProblemError("", place, f"{number} tasks are not a whole number of units of {each} (key unit)")
    return int(number * unit)
