"""What any mechanism can be worth for one agent: the incentive-compatible program on sampled types.

Take m types at random. A mechanism gives each of them an assignment x_s ≥ 0 such that nobody prefers another
one's, c_s·x_s ≤ c_s·x_t, nor the status quo, c_s·x_s ≤ c_s·η. The program maximizes the mean of w·x_s. Any
mechanism, restricted to the sample, is feasible, and so the expected value of the program is at least S(w)
for every incentive-compatible mechanism, not only for menus of rays. With m = 1 it is full information.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.stats import t as student

if TYPE_CHECKING:
    from parley.mechanisms.screening.design.numbers import Floats

__all__ = ["lower_limit", "program"]


def program(types: Floats, worth: Floats, endowment: Floats) -> float:
    """Solve the program, and return its value beyond w·η.

    Parameters
    ----------
    types : array, shape (samples, tasks)
    worth : array, shape (tasks,)
        w.

    Examples
    --------
    Two types like opposite tasks; each gives its worse one up and receives twice as much of the other:

    >>> types = np.array([[1.0, 2.0], [2.0, 1.0]])
    >>> round(program(types, np.array([1.0, 1.0]), np.array([3.0, 3.0])), 9)
    3.0
    """
    count, tasks = types.shape
    one, other = np.nonzero(~np.eye(count, dtype=np.bool_))
    rows = np.repeat(np.arange(one.size), tasks)
    own = (one[:, None] * tasks + np.arange(tasks)).ravel()
    theirs = (other[:, None] * tasks + np.arange(tasks)).ravel()
    stays = np.repeat(np.arange(count), tasks) + one.size
    data = np.concatenate([types[one].ravel(), -types[one].ravel(), types.ravel()])
    places = np.concatenate([rows, rows, stays]), np.concatenate([own, theirs, np.arange(count * tasks)])
    limits = np.concatenate([np.zeros(one.size), types @ endowment])
    table = csr_array((data, places), shape=(limits.size, count * tasks))
    found = linprog(-np.tile(worth, count) / count, A_ub=table, b_ub=limits, method="highs")
    return float(-found.fun - float(worth @ endowment))


def lower_limit(values: Floats, confidence: float) -> float:
    """Return a lower confidence limit of the mean of independent values, by Student's t.

    Examples
    --------
    >>> round(lower_limit(np.array([1.0, 2, 3, 4]), 0.95), 3)
    0.981
    """
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    return float(values.mean()) - float(student.ppf(confidence, values.size - 1)) * error
