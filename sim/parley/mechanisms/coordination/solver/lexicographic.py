"""The lexicographically greatest allocation with given workloads.

Rows are fixed in the agents' order, entry by entry: each is raised as far as possible by lowering later
entries of the row, while later agents exchange tasks so that all workloads stay the same.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


class _Step(NamedTuple):
    """An agent that takes over type `taken` where it is short and gives up `given` for it."""

    agent: int
    given: int
    taken: int


def greatest_matrix(X: IntArray, contracted: IntArray, capacity: IntArray) -> IntArray:
    """Find the lexicographically greatest matrix with the row sums of X, by rows and types.

    Parameters
    ----------
    X : ndarray of int64, shape (agents, types)
        An allocation in units.
    contracted, capacity : ndarrays of int64, shape (agents, types)
        In units. The first j agents together never do more of a type than they have contracted.

    Returns
    -------
    ndarray of int64, shape (agents, types)

    Examples
    --------
    >>> X = np.array([[1, 1], [1, 1]])
    >>> greatest_matrix(X, np.array([[2, 2], [0, 0]]), np.array([[2, 2], [2, 2]])).tolist()
    [[2, 0], [0, 2]]
    """
    X = X.copy()
    agents, types = X.shape
    for k in range(agents - 1):  # the last row follows from the others
        for t in range(types - 1):
            while X[k, t] < capacity[k, t] and X[k, t + 1 :].any():
                change = _exchange(X, contracted, capacity, k, t)
                if change is None:
                    break
                X += change * _largest_step(X, change, contracted, capacity)
    return X


def _exchange(X: IntArray, contracted: IntArray, capacity: IntArray, k: int, t: int) -> IntArray | None:
    """Find a shortest exchange that gives agent k one more unit of type t for one of a later type.

    Somebody is *short* of a unit of type u at agent i when the agents up to i together miss one. A unit that
    a later agent j gives up helps only if at each agent from i to j − 1 something of type u is left to later
    ones; a unit that an earlier agent gives up always helps. So if type u is short at agent i, exactly the
    agents up to `reach[i, u]` can help out: the first one, from i on, that leaves nothing of u.
    """
    agents, types = X.shape
    level = np.arange(agents)[:, None]
    left = (contracted - X).cumsum(axis=0)
    reach = np.minimum.accumulate(np.where(left == 0, level, agents - 1)[::-1], axis=0)[::-1]
    top = np.full(types, -1)  # how far a type that is short can be helped out; −1 if it is not short
    top[t] = reach[k, t]
    helped: list[list[tuple[int, _Step | None]]] = [[] for _ in range(types)]
    helped[t].append((int(top[t]), None))
    steps: dict[_Step, _Step | None] = {}  # each with the one that made its given type short
    unused = np.arange(agents) > k
    while True:
        can_give = (X > 0) & (level <= top)
        givers = np.flatnonzero(unused & can_give.any(axis=1))
        if not len(givers):
            return None
        unused[givers] = False
        ends = np.where(capacity[givers] > X[givers], reach[givers], -1)
        best = ends.max(axis=0)
        for u in np.flatnonzero(best > top).tolist():
            agent = int(givers[ends[:, u].argmax()])
            given = int(can_give[agent].argmax())
            cause = next(step for until, step in helped[given] if until >= agent)
            step = _Step(agent, given, u)
            steps[step] = cause
            helped[u].append((int(best[u]), step))
            if u > t and X[k, u] > 0:
                return _apply(step, steps, k, t, u, X.shape)
        top = np.maximum(top, best)


def _apply(
    step: _Step | None, steps: dict[_Step, _Step | None], k: int, t: int, u: int, shape: tuple[int, ...]
) -> IntArray:
    """Return the exchange as a change of the matrix."""
    change = np.zeros(shape, dtype=np.int64)
    change[k, t] += 1
    change[k, u] -= 1
    while step is not None:
        change[step.agent, step.given] -= 1
        change[step.agent, step.taken] += 1
        step = steps[step]
    return change


def _largest_step(X: IntArray, change: IntArray, contracted: IntArray, capacity: IntArray) -> int:
    """Return how often the change is possible."""
    left = (contracted - X).cumsum(axis=0)
    leaving = -change.cumsum(axis=0)
    room = np.concatenate((X[change < 0], (capacity - X)[change > 0], left[leaving < 0]))
    pace = np.concatenate((-change[change < 0], change[change > 0], -leaving[leaving < 0]))
    return int((room // pace).min())
