"""Shares that a team needs: cut-offs, the minimum share (2), and the least fair contract (5).

Shares, cut-offs and floors are fractions of the reward; revenue and utilities are money.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Team, Vector

__all__ = [
    "Contract",
    "cutoffs",
    "is_feasible",
    "least_contract",
    "minimum_share",
    "nondiscriminatory_wage",
    "posted_contract",
    "revenue",
    "slack",
    "total",
    "unconstrained_contract",
    "utilities",
    "with_floor",
]

ZERO, ONE = Fraction(0), Fraction(1)


class Contract(NamedTuple):
    """A team, and the share of the reward that each of its members gets.

    Examples
    --------
    >>> Contract((0, 2), (Fraction(1, 4), Fraction(1, 3))).spread(3)
    (Fraction(1, 4), Fraction(0, 1), Fraction(1, 3))
    """

    team: Team
    shares: Vector

    def spread(self, agents: int) -> Vector:
        """Return one share for each agent: 0 off the team."""
        shares = dict(zip(self.team, self.shares, strict=True))
        return tuple(shares.get(agent, ZERO) for agent in range(agents))


NOBODY = Contract((), ())
"""The empty team: its revenue is 0."""


def posted_contract(problem: Problem) -> Contract | None:
    """Return the contract that the file posts."""
    if problem.posted is None or problem.posted_team is None:
        return None
    return Contract(problem.posted_team, tuple(problem.posted[agent] for agent in problem.posted_team))


def cutoffs(problem: Problem, team: Team) -> tuple[Fraction | None, ...]:
    """Return the cut-off κ_i(S) = c_i/f(i|S∖i) of each member: the least share at which it works beside all.

    None for a member that adds nothing: no share is enough.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> cutoffs(worked_example(), (0, 1))
    (Fraction(1, 10), Fraction(1, 5))
    """
    each, scale = problem.success.losses(team).each, problem.success.denominator
    pairs = zip(team, each, strict=True)
    return tuple(problem.relative_costs[agent] * scale / loss if loss else None for agent, loss in pairs)


def minimum_share(problem: Problem, team: Team) -> Fraction | None:
    """Return α_min(S) = max_j f(S∖j)/f(S) · κ_j(S), formula (2); None if no shares make all members work.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> minimum_share(worked_example(), (0, 1))
    Fraction(3, 25)
    """
    losses, costs = problem.success.losses(team), problem.relative_costs
    if not all(losses.each):
        return None
    scale, total = problem.success.denominator, losses.total
    floors = (
        costs[agent] * Fraction(scale * (total - loss), loss * total)
        for agent, loss in zip(team, losses.each, strict=True)
    )
    return max(floors, default=ZERO)


def least_contract(problem: Problem, team: Team) -> Contract | None:
    """Return the least fair contract of a team, α_i = max{κ_i(S), α_min(S)}, formula (5).

    For submodular f it is fair, and no fair contract of the team gives any member less (Theorem 3.2). None if
    no shares make all members work.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> least_contract(worked_example(), (0, 1))
    Contract(team=(0, 1), shares=(Fraction(3, 25), Fraction(1, 5)))
    """
    floor = minimum_share(problem, team)
    return None if floor is None else with_floor(problem, team, floor)


def with_floor(problem: Problem, team: Team, floor: Fraction) -> Contract | None:
    """Return the contract α_i = max{κ_i(S), floor}; None if no shares make all members work.

    It is fair for every floor of at least α_min(S) (Corollary 3.5). That is about floors under cut-offs: a
    floor under the shares of another fair contract can make it unfair, see `examples.floored`.
    """
    shares = [None if cutoff is None else max(cutoff, floor) for cutoff in cutoffs(problem, team)]
    found = tuple(share for share in shares if share is not None)
    return Contract(team, found) if len(found) == len(team) else None


def unconstrained_contract(problem: Problem, team: Team) -> Contract | None:
    """Return the least contract at which all members work, fair or not: all cut-offs."""
    return with_floor(problem, team, ZERO)


def nondiscriminatory_wage(problem: Problem, team: Team) -> Fraction | None:
    """Return the least share α(S) = max_i κ_i(S) that makes all work if all get the same (problem (9))."""
    found = unconstrained_contract(problem, team)
    return None if found is None else max(found.shares, default=ZERO)


def nondiscriminatory_contract(problem: Problem, team: Team) -> Contract | None:
    """Return the least contract that gives all members the same; it is fair for every f (Proposition 2.8)."""
    wage = nondiscriminatory_wage(problem, team)
    return None if wage is None else Contract(team, (wage,) * len(team))


# ── contracts of any shares ─────────────────────────────────────────────────────────────────────────────────


def slack(problem: Problem, contract: Contract) -> tuple[Fraction | None, ...]:
    """Return α_i/κ_i(S) − 1: by how much its cost may be higher before a member shirks.

    None for a member that adds nothing.
    """
    pairs = zip(contract.shares, cutoffs(problem, contract.team), strict=True)
    return tuple(None if cutoff is None else share / cutoff - 1 for share, cutoff in pairs)


def is_feasible(problem: Problem, contract: Contract) -> bool:
    """Return whether all members work if all others do."""
    return all(left is not None and left >= 0 for left in slack(problem, contract))


def revenue(problem: Problem, contract: Contract) -> Fraction:
    """Return (1 − Σα)·f(S), in money: what the principal keeps in expectation if all members work.

    Examples
    --------
    >>> from parley.mechanisms.team.problem import worked_example
    >>> revenue(worked_example(), Contract((0, 1), (Fraction(3, 25), Fraction(1, 5))))
    Fraction(17, 25)
    """
    kept = 1 - total(contract.shares)
    return kept * problem.success.value(contract.team) * problem.reward


def total(numbers: Iterable[Fraction]) -> Fraction:
    """Return a sum; many numbers of different denominators are added in pairs, which is much faster."""
    found = [number * count for number, count in Counter(numbers).items()]
    while len(found) > 1:
        found = [sum(found[k : k + 2], ZERO) for k in range(0, len(found), 2)]
    return found[0] if found else ZERO


def utilities(problem: Problem, contract: Contract) -> Vector:
    """Return α_i·f(S) − c_i of each member, in money, if all members work."""
    value = problem.success.value(contract.team) * problem.reward
    pairs = zip(contract.team, contract.shares, strict=True)
    return tuple(share * value - problem.costs[agent] for agent, share in pairs)
