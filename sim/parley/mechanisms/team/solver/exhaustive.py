"""The best of all teams, for any success function of few agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.team.equilibria import MAX_ENUMERATED
from parley.mechanisms.team.solver.found import Found, best_of
from parley.mechanisms.team.success.base import team_of

if TYPE_CHECKING:
    from parley.mechanisms.team.problem import Problem

__all__ = ["best_by_trying"]


def best_by_trying(problem: Problem, rule: str) -> Found:
    """Try all teams.

    Raises
    ------
    ParleyError
        If there are more than twelve agents.

    Examples
    --------
    >>> from parley.mechanisms.team.examples import example_6_1
    >>> best_by_trying(example_6_1()[0], "unconstrained").team
    (0, 1, 2, 3)
    """
    if problem.agents > MAX_ENUMERATED:
        raise ParleyError(
            f"{problem.agents} agents are above {MAX_ENUMERATED}: too many teams to try, and the success "
            "function is not submodular"
        )
    team, earned = best_of(problem, rule, map(team_of, range(1 << problem.agents)))
    return Found(team, earned, earned)
