"""Stage 1: legal announcements (the paper's Section 2.2).

Agents announce in order. For each task type t, the *pool* is the number of units that agents up to j have
contracted and agents before j did not announce. Agent j's announcement must be between

    upper:  x̄_jt = min(pool_t, c_jt), the maximal announcement, and
    lower:  max(0, pool_t − spare_jt), where spare_jt = Σ_{k>j} (c_kt − d_kt) is what later agents can add

so that later agents always have legal announcements. Everything is in integer units. The contract refuses the
same announcements, with the same type and bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from parley.core.errors import ProblemError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from parley.mechanisms.coordination.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Violation:
    """The first bound that an announcement breaks."""

    agent: int
    task_type: int
    amount: int
    bound: int
    """The maximum if `too_high`, otherwise the minimum; units."""
    too_high: bool


def spare(problem: Tasks) -> NDArray[np.int64]:
    """Compute the spare capacity of later agents, Σ_{k>j} (c_kt − d_kt).

    Returns
    -------
    ndarray of int64, shape (n, m)
        In units.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> spare(example_1())[2].tolist()
    [2, 3, 3, 1, 0]
    """
    room = problem.capacity - problem.contracted
    total: NDArray[np.int64] = room[::-1].cumsum(axis=0)[::-1] - room
    return total


def carried(problem: Tasks, announced: ArrayLike) -> NDArray[np.int64]:
    """Units of each type that the agents so far have contracted, but left to later agents.

    Parameters
    ----------
    announced : array_like of int, shape (k, m)
        Announcements of the first k agents, in units.

    Returns
    -------
    ndarray of int64, shape (m,)

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> carried(example_1(), [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0]]).tolist()
    [3, 2, 0, 0, 0]
    """
    rows = _rows(problem, announced)
    left: NDArray[np.int64] = problem.contracted[: len(rows)].sum(axis=0) - rows.sum(axis=0)
    return left


def bounds(problem: Tasks, announced: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bounds on the next agent's announcement, type by type.

    Parameters
    ----------
    announced : array_like of int, shape (k, m) with k < n
        Announcements of the first k agents, in units.

    Returns
    -------
    (lower, upper) : ndarrays of int64, shape (m,)
        In units; `upper` is the maximal announcement x̄.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> lower, upper = bounds(example_1(), [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0]])
    >>> lower.tolist(), upper.tolist()
    ([1, 0, 1, 0, 0], [2, 2, 4, 0, 0])
    """
    rows = _rows(problem, announced)
    j = len(rows)
    pool = carried(problem, rows) + problem.contracted[j]
    beyond = problem.capacity[j + 1 :].sum(axis=0) - problem.contracted[j + 1 :].sum(axis=0)
    return np.maximum(0, pool - beyond), np.minimum(pool, problem.capacity[j])


def maximal_announcements(problem: Tasks, X: ArrayLike) -> NDArray[np.int64]:
    """All maximal announcements x̄ at allocation X.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        Allocation in units.

    Returns
    -------
    ndarray of int64, shape (n, m)
        x̄_jt = min(Σ_{i≤j} d_it − Σ_{i<j} x_it, c_jt), in units.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> X = [[5, 0, 0, 0, 0], [1, 3, 0, 0, 0], [1, 1, 2, 0, 0], [1, 1, 1, 1, 0], [1, 0, 1, 1, 1]]
    >>> maximal_announcements(example_1(), X)[3].tolist()
    [1, 1, 1, 2, 0]
    """
    return np.minimum(_pools(problem, _rows(problem, X)), problem.capacity)


def find_violation(problem: Tasks, announced: ArrayLike) -> Violation | None:
    """Find the first violated bound, in the contract's order of checks.

    Parameters
    ----------
    announced : array_like of int, shape (k, m) with k <= n
        In units. All n rows are an allocation, which must assign all units.

    Returns
    -------
    Violation or None
        None if every announcement is legal.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> find_violation(example_1(), [[5, 0, 0, 0, 0], [3, 3, 0, 0, 0]])
    Violation(agent=1, task_type=0, amount=3, bound=2, too_high=True)
    """
    rows = _rows(problem, announced)
    k = len(rows)
    pools = _pools(problem, rows)
    upper = np.minimum(pools, problem.capacity[:k])
    lower = np.maximum(0, pools - spare(problem)[:k])
    broken = np.argwhere((rows > upper) | (rows < lower))
    if not len(broken):
        return None
    i, t = (int(place) for place in broken[0])
    high = bool(rows[i, t] > upper[i, t])
    return Violation(i, t, int(rows[i, t]), int((upper if high else lower)[i, t]), high)


def is_feasible(problem: Tasks, X: ArrayLike) -> bool:
    """Whether X is an allocation that agents can announce in order.

    Parameters
    ----------
    X : array_like of int, shape (n, m)
        In units.

    Returns
    -------
    bool
        True if and only if 0 ≤ X ≤ C, the columns of X and D have the same sums, and for every type no first
        j agents together announce more than they have contracted. (In the special domain the last follows
        from the others.)

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import example_1
    >>> problem = example_1()
    >>> is_feasible(problem, problem.contracted), is_feasible(problem, problem.capacity)
    (True, False)
    """
    rows = np.asarray(X, dtype=np.int64)
    return rows.shape == problem.contracted.shape and find_violation(problem, rows) is None


def check_feasible(problem: Tasks, announced: ArrayLike, key: str = "announced") -> None:
    """Raise ProblemError at `key` unless every announcement is legal.

    Parameters
    ----------
    announced : array_like of int, shape (k, m) with k <= n
        In units.
    key : str
        Name of the matrix in the message.
    """
    found = find_violation(problem, announced)
    if found is None:
        return
    amount, bound = (Fraction(units, problem.unit) for units in (found.amount, found.bound))
    relation = "more than the most" if found.too_high else "less than the least"
    reason = (
        f"agent {found.agent + 1} announces {amount} of task type {found.task_type + 1}, "
        f"{relation} it can announce after the agents before it, {bound}"
    )
    raise ProblemError("", f"{key}[{found.agent}][{found.task_type}]", reason)


def _rows(problem: Tasks, announced: ArrayLike) -> NDArray[np.int64]:
    rows = np.asarray(announced, dtype=np.int64)
    return rows.reshape(-1, problem.task_types) if rows.ndim != 2 else rows


def _pools(problem: Tasks, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Compute the pool of each agent and type: contracted up to it, not announced before it."""
    D = problem.contracted[: len(rows)]
    pools: NDArray[np.int64] = D.cumsum(axis=0) - rows.cumsum(axis=0) + rows
    return pools
