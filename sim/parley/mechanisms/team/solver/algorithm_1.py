"""Algorithm 1 of the paper: the best contract with equal shares, for additive f."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.team.solver.additive_data import prepare
from parley.mechanisms.team.solver.found import best_of

if TYPE_CHECKING:
    from fractions import Fraction

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Team
    from parley.mechanisms.team.success.functions import Additive

__all__ = ["algorithm_1"]


def algorithm_1(problem: Problem, success: Additive) -> tuple[Team, Fraction]:
    """Return the best team if all members get the same share, and its revenue.

    For each cut-off w, the agents with cut-offs up to w that contribute most, 1, 2, … of them.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> algorithm_1(worked_example(), worked_example().success)
    ((0, 1), Fraction(3, 5))
    """
    data = prepare(problem, success)
    values, counts = data.value[data.by_value], np.arange(1, len(data.agents) + 1)
    best, kept = 0.0, list[tuple[float, int, int]]()
    for place, wage in enumerate(data.kappa.tolist()):
        sums = np.cumsum(values[data.by_value <= place])
        earned = (1.0 - wage * counts[: sums.size]) * sums
        best = max(best, float(earned.max()))
        good = np.flatnonzero(earned >= best - data.margin).tolist()
        kept += [(float(earned[k]), place, k + 1) for k in good]
    teams = set()
    for earning, place, count in kept:
        if earning >= best - data.margin:
            hired = data.by_value[data.by_value <= place][:count]
            teams.add(data.team(hired.tolist()))
    return best_of(problem, "nondiscriminatory", teams)
