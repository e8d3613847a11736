"""What is legal in a problem of this kind, and probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.exact import show

if TYPE_CHECKING:
    from parley.mechanisms.team.problem import Problem

__all__ = ["warnings"]


def warnings(problem: Problem) -> list[str]:
    """Return what is probably not meant, each with its key.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import Problem
    >>> problem = Problem.from_mapping({
    ...     "kind": "team", "costs": ["1/9", "1/9", 3], "reward": 2,
    ...     "success": {"type": "additive", "contributions": ["1/2", 0, "1/2"]}})
    >>> for line in warnings(problem):
    ...     print(line)
    success: agent 2 adds nothing to the probability of success
    costs[2]: the effort of agent 3 costs 3, more than the reward of 2
    """
    success, names, everybody = problem.success, problem.agent_names, tuple(range(problem.agents))
    # Alone an agent adds the most, if the function is submodular; else it may add more to all others.
    last = None if success.submodular else success.losses(everybody).each
    found = [
        f"success: {names[k]} adds nothing to the probability of success"
        for k in everybody
        if not success.number((k,)) and (last is None or not last[k])
    ]
    for k, cost in enumerate(problem.costs):
        if cost > problem.reward:
            effort = f"the effort of {names[k]} costs {show(cost)}"
            found.append(f"costs[{k}]: {effort}, more than the reward of {show(problem.reward)}")
    return found
