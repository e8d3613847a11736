"""What is legal in a problem of this kind, and probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.core.exact import show
from parley.mechanisms.coordination.allocation import CANONICAL, cost_effective

if TYPE_CHECKING:
    from parley.mechanisms.coordination.problem import Problem

__all__ = ["warnings"]


def warnings(problem: Problem) -> list[str]:
    """Return what is probably not meant, each with its key.

    Examples
    --------
    >>> from parley.mechanisms.coordination.problem import Problem
    >>> problem = Problem.from_mapping({
    ...     "kind": "coordination", "contracted": [[1, 0], [0, 3]], "capacity": [[1, 2], [0, 3]],
    ...     "costs": [{"type": "quadratic", "quadratic": 1}], "continuation": 0, "recognition": "p-star"})
    >>> for line in warnings(problem):
    ...     print(line)
    capacity[0][1]: only 0 of 2 tasks can be used, because tasks move to later agents only
    continuation: 0, so bargaining breaks down at the first refusal
    capacity: no allocation costs less than the contracts, so there is nothing to save
    """
    D, C = problem.contracted, problem.capacity
    # Of each type, the first agents together never do more than they have contracted.
    usable = np.minimum(C, np.cumsum(D, axis=0))
    found = []
    unused = np.argwhere(usable < C)
    if len(unused):
        i, t = (int(k) for k in unused[0])
        tasks, most = (show(problem.tasks(units[i, t])) for units in (usable, C))
        others = len(unused) - 1
        more = f"; likewise {others} more {'entry' if others == 1 else 'entries'}" if others else ""
        reason = f"only {tasks} of {most} tasks can be used, because tasks move to later agents only"
        found.append(f"capacity[{i}][{t}]: {reason}{more}")
    found += [
        f"contracted[{i}]: no tasks and no usable capacity, so nothing depends on this agent"
        for i in np.flatnonzero(usable.sum(axis=1) == 0).tolist()
    ]
    if problem.continuation == 0:
        found.append("continuation: 0, so bargaining breaks down at the first refusal")
    # The allocation of a large problem takes long to find.
    if max(D.shape) <= CANONICAL and cost_effective(problem).total_cost == problem.total_cost(D):
        found.append("capacity: no allocation costs less than the contracts, so there is nothing to save")
    return found
