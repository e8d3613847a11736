"""What fairness costs: in a family where it costs ever more, in random teams, and in a crowd.

No command reaches this; `scripts/team.py` prints its tables and draws its pictures.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.team.examples import additive, price_of_fairness
from parley.mechanisms.team.solution import TIME_LIMIT, solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.shares import Contract

__all__ = ["MOST_GROUPS", "Hired", "Price", "family", "hired_as_costs_rise", "price", "random_team"]

MOST_GROUPS = 4
"""Groups of the family; with five it has 11,111 agents."""
UNIT = 10**6


class Price(NamedTuple):
    """Revenue under the three rules, per unit of reward.

    Attributes
    ----------
    proven : bool
        Whether all three are optima.
    """

    agents: int
    fair: Fraction
    nondiscriminatory: Fraction
    unconstrained: Fraction
    proven: bool

    @property
    def lost(self) -> Fraction:
        """The share of the unconstrained revenue that fairness costs."""
        return 1 - self.fair / self.unconstrained if self.unconstrained else Fraction(0)


def price(problem: Problem, time_limit: float = TIME_LIMIT) -> Price:
    """Return what fairness costs in one problem of submodular f.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> price(worked_example()).lost
    Fraction(1, 35)
    """
    found = solve(problem, time_limit=time_limit)
    optima = [one for one in (found.fair, found.nondiscriminatory, found.unconstrained) if one is not None]
    if len(optima) < 3:
        raise ValueError(f"no fair optimum: {found.reason}")
    fair, equal, free = (one.revenue / problem.reward for one in optima)
    return Price(problem.agents, fair, equal, free, all(one.optimal for one in optima))


def family(groups: int = MOST_GROUPS) -> list[Price]:
    """Return the prices of the family in which they grow without bound, like log n/log log n.

    Examples
    --------
    >>> [str(one.fair) for one in family(2)]
    ['1/2', '7/16']
    """
    return [price(price_of_fairness(count)) for count in range(1, groups + 1)]


def random_team(agents: int, seed: int) -> Problem:
    """Draw an additive problem: contributions uniform, and cut-offs uniform up to 10/n.

    Parameters
    ----------
    agents : int
    seed : int
        Contributions and cut-offs are multiples of 10⁻⁶ before contributions are scaled to sum to 1.
    """
    dice = np.random.default_rng((seed, agents))
    numbers = dice.integers(1, UNIT, agents).tolist()
    cutoffs = dice.integers(1, UNIT, agents).tolist()
    total = sum(numbers)
    return additive(
        [Fraction(number, total) for number in numbers],
        [Fraction(10 * cutoff, UNIT * agents) for cutoff in cutoffs],
    )


class Hired(NamedTuple):
    """Who is hired at one level of costs.

    Attributes
    ----------
    factor : Fraction
        By which all costs are multiplied.
    """

    factor: Fraction
    contract: Contract
    revenue: Fraction
    success: Fraction
    proven: bool


def hired_as_costs_rise(problem: Problem, factors: Iterable[Fraction]) -> Iterator[Hired]:
    """Yield the fair optimum at each level of costs.

    Examples
    --------
    >>> from parley.mechanisms.team.examples import coverage_example
    >>> levels = (Fraction(1), Fraction(30), Fraction(60))
    >>> [one.contract.team for one in hired_as_costs_rise(coverage_example(), levels)]
    [(0, 1), (0,), ()]
    """
    for factor in factors:
        dearer = replace(problem, costs=tuple(cost * factor for cost in problem.costs), wei=0, posted=None)
        best = solve(dearer).fair
        if best is None:
            raise ValueError("no fair optimum: the success function is not submodular")
        success = problem.success.value(best.team)
        yield Hired(factor, best.contract, best.revenue, success, best.optimal)
