"""What is legal in a problem of this kind, and probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.mechanisms.assignment.problem import Problem

__all__ = ["warnings"]


def warnings(problem: Problem) -> list[str]:
    """Return what is probably not meant, each with its key.

    Examples
    --------
    >>> from parley.mechanisms.assignment.problem import Problem
    >>> problem = Problem.from_mapping({"kind": "assignment", "rule": "boston", "items": ["a", "b", "c"],
    ...     "rankings": [["a"], []], "capacities": [1, 1, 0]})
    >>> for line in warnings(problem):
    ...     print(line)
    rankings[1]: agent 2 wants no item, and gets nothing
    items[1]: no agent wants b
    items[2]: no agent wants c
    capacities[2]: 0, so nobody can get c
    """
    wanted = {item for order in problem.orders for item in order}
    names, items = problem.agent_names, problem.items
    key = "rankings" if problem.utilities is None else "utilities"
    found = [
        f"{key}[{i}]: {names[i]} wants no item, and gets nothing"
        for i, order in enumerate(problem.orders)
        if not order
    ]
    found += [f"items[{o}]: no agent wants {items[o]}" for o in range(len(items)) if o not in wanted]
    found += [
        f"capacities[{o}]: 0, so nobody can get {items[o]}"
        for o, capacity in enumerate(problem.capacities)
        if not capacity
    ]
    return found
