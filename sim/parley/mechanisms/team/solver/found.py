"""What a search for the best team gives, and how the best of several teams is chosen exactly."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from parley.mechanisms.team.shares import (
    least_contract,
    nondiscriminatory_contract,
    revenue,
    unconstrained_contract,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.shares import Contract
    from parley.mechanisms.team.solver.state import Pool
    from parley.mechanisms.team.success.base import Team

__all__ = ["PAY", "Found", "best_in", "best_of", "rounded_up"]

PAY: dict[str, Callable[[Problem, Team], Contract | None]] = {
    "fair": least_contract,
    "nondiscriminatory": nondiscriminatory_contract,
    "unconstrained": unconstrained_contract,
}
"""The least contract of a team under each of the three rules."""


class Found(NamedTuple):
    """The best team that was found.

    Attributes
    ----------
    team : Team
    revenue : Fraction
        Of the least contract of the team, in money.
    bound : Fraction
        No team earns more.
    """

    team: Team
    revenue: Fraction
    bound: Fraction

    @property
    def optimal(self) -> bool:
        """Whether no team earns more than this one."""
        return self.revenue == self.bound


def best_of(problem: Problem, rule: str, teams: Iterable[Team]) -> tuple[Team, Fraction]:
    """Return the team that earns most, and its revenue: of several the smallest, then the first.

    Nobody is hired if no team earns anything.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> best_of(worked_example(), "fair", [(0,), (0, 1)])
    ((0, 1), Fraction(17, 25))
    """
    best: tuple[Team, Fraction] = (), Fraction(0)
    for team in teams:
        contract = PAY[rule](problem, team)
        if contract is None:
            continue
        earned = revenue(problem, contract)
        if earned > best[1] or (earned == best[1] and (len(team), team) < (len(best[0]), best[0])):
            best = team, earned
    return best


def best_in(
    problem: Problem, rule: str, pool: Pool, team: Callable[[list[int]], Team] = tuple
) -> tuple[Team, Fraction]:
    """Return the team of a pool that earns most, and its revenue; the pool holds it alone then.

    Parameters
    ----------
    team : callable
        Takes the places of members.
    """
    teams = [team(row) for row in pool.rows]
    best, earned = best_of(problem, rule, teams)
    if best:
        pool.teams[0] = pool.teams[teams.index(best)]
    pool.held[0] = bool(best)
    return best, earned


def rounded_up(number: float) -> Fraction:
    """Return a number of twelve decimals that is not less.

    Examples
    --------
    >>> rounded_up(0.5), rounded_up(1 / 3)
    (Fraction(1, 2), Fraction(166666666667, 500000000000))
    """
    return Fraction(ceil(Fraction(number) * 10**12), 10**12)
