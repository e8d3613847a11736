"""Pay in proportion to Shapley values: a second notion of fairness, for comparison."""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import TYPE_CHECKING

from parley.core.errors import ParleyError
from parley.mechanisms.team.shares import Contract, unconstrained_contract
from parley.mechanisms.team.success.base import MAX_LISTED, team_of

if TYPE_CHECKING:
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Team, Vector

__all__ = ["is_proportional", "proportional_contract", "shapley_values"]


def shapley_values(problem: Problem, team: Team) -> Vector:
    """Return the Shapley value of each member in f on the team: what it adds, over all orders of arrival.

    Raises
    ------
    ParleyError
        If there are more than 16 members.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> shapley_values(worked_example(), (0, 1))
    (Fraction(3, 5), Fraction(2, 5))
    """
    size = len(team)
    if size > MAX_LISTED:
        raise ParleyError(f"Shapley values of {size} members are above {MAX_LISTED}: too many sets")
    values = [problem.success.number([team[k] for k in team_of(mask)]) for mask in range(1 << size)]
    orders = [factorial(first) * factorial(size - 1 - first) for first in range(size)]
    scale = factorial(size) * problem.success.denominator
    return tuple(
        Fraction(
            sum(
                orders[mask.bit_count()] * (values[mask | 1 << k] - values[mask])
                for mask in range(1 << size)
                if not mask >> k & 1
            ),
            scale,
        )
        for k in range(size)
    )


def is_proportional(problem: Problem, contract: Contract) -> bool:
    """Return whether all shares are the same multiple of the Shapley values."""
    values, shares = shapley_values(problem, contract.team), contract.shares
    pairs = list(zip(shares, values, strict=True))
    return all(share * pairs[0][1] == pairs[0][0] * value for share, value in pairs)


def proportional_contract(problem: Problem, team: Team) -> Contract | None:
    """Return the least contract in proportion to Shapley values; None if no shares make all members work.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> proportional_contract(worked_example(), (0, 1))
    Contract(team=(0, 1), shares=(Fraction(3, 10), Fraction(1, 5)))
    """
    needed = unconstrained_contract(problem, team)
    if needed is None:
        return None
    values = shapley_values(problem, team)
    pairs = zip(needed.shares, values, strict=True)
    scale = max((share / value for share, value in pairs), default=Fraction(0))
    return Contract(team, tuple(scale * value for value in values))
