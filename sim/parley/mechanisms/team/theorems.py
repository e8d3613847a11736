"""The paper's propositions on fair contracts of submodular f, as constructions and checks.

Sections 2 and 3 are also in `shares` and `fairness`; Section 5 in `solver`.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from parley.mechanisms.team.shares import (
    NOBODY,
    Contract,
    cutoffs,
    nondiscriminatory_contract,
    nondiscriminatory_wage,
    revenue,
)

if TYPE_CHECKING:
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Team

__all__ = [
    "exceptional_agent",
    "lemma_5_7",
    "lemma_5_8",
    "proposition_3_6",
    "split",
    "theorem_4_1",
    "theorem_4_5",
    "worst_slack",
]

THIRD = Fraction(1, 3)
"""Of the fair optimum: what equal shares earn at least, for submodular f. The paper's constant is lost."""


def exceptional_agent(problem: Problem, team: Team) -> int | None:
    """Return the agent that alone is worth at least half of the team, if any: the first of the greatest."""
    whole = problem.success.value(team)
    alone = [problem.success.value((agent,)) for agent in team]
    best = max(alone, default=Fraction(0))
    return team[alone.index(best)] if team and 2 * best >= whole else None


def proposition_3_6(problem: Problem, contract: Contract) -> list[tuple[int, int]]:
    """Return the pairs of members, apart from the exceptional one, whose shares differ by more than twice.

    A fair contract has none.
    """
    special = exceptional_agent(problem, contract.team)
    pairs = [pair for pair in zip(contract.team, contract.shares, strict=True) if pair[0] != special]
    return [(i, j) for (i, low), (j, high) in combinations(pairs, 2) if max(low, high) > 2 * min(low, high)]


def split(problem: Problem, team: Team) -> tuple[Team, Team]:
    """Split a team greedily in two: each member goes to the part that is worth less.

    If no member alone is worth a third of the team, each part is worth at least a third of it.
    """
    parts: tuple[list[int], list[int]] = ([], [])
    for agent in team:
        min(parts, key=problem.success.number).append(agent)
    return tuple(parts[0]), tuple(parts[1])


def theorem_4_1(problem: Problem, contract: Contract) -> Contract:
    """Construct equal shares that earn at least a third of a fair contract.

    A member that alone is worth a third of the team, or the better of two parts of the team. The constant is
    ours; the paper's is lost.
    """
    team = contract.team
    whole = problem.success.value(team)
    for agent in team:
        if problem.success.value((agent,)) >= THIRD * whole:
            return nondiscriminatory_contract(problem, (agent,)) or NOBODY
    parts = [nondiscriminatory_contract(problem, part) for part in split(problem, team)]
    return max((part for part in parts if part), key=lambda part: revenue(problem, part), default=NOBODY)


def theorem_4_5(problem: Problem, contract: Contract) -> Contract:
    """Construct equal shares that earn at least half of the fair optimum, for additive f.

    The member of the largest cut-off alone, or all members of the optimum.
    """
    team, needed = contract.team, cutoffs(problem, contract.team)
    if not team:
        return NOBODY
    dearest = max(zip(team, needed, strict=True), key=lambda pair: pair[1] or Fraction(0))[0]
    both = [nondiscriminatory_contract(problem, (dearest,)), nondiscriminatory_contract(problem, team)]
    return max((one for one in both if one), key=lambda one: revenue(problem, one), default=NOBODY)


def lemma_5_7(problem: Problem, team: Team) -> bool:
    """Return whether f(i|S∖i) ≥ α(S)·f(S) for all members: true of the best team with equal shares."""
    wage, losses = nondiscriminatory_wage(problem, team), problem.success.losses(team)
    return wage is not None and all(loss >= wage * losses.total for loss in losses.each)


def lemma_5_8(problem: Problem, team: Team, estimate: Fraction) -> bool:
    """Return whether f(i|S∖i) ≥ c_i/α̂ and f(i|S∖i) ≥ 2·α̂·f(S) for all members.

    If so, equal shares of at most α̂ make all work, they cost at most half of the reward, and the revenue is
    at least f(S)/2.
    """
    losses, scale = problem.success.losses(team), problem.success.denominator
    pairs = zip(team, losses.each, strict=True)
    return all(
        loss * estimate >= problem.relative_costs[agent] * scale and loss >= 2 * estimate * losses.total
        for agent, loss in pairs
    )


def worst_slack(problem: Problem, contract: Contract, agent: int) -> Fraction:
    """Return the least that working gains a member, as a share of the reward, whatever the others do.

    For submodular f it is the gain beside all others: at or above its cut-off, working is dominant. All sets
    of others are tried.
    """
    others = [other for other in contract.team if other != agent]
    share = contract.shares[contract.team.index(agent)]
    gains = [
        share * (problem.success.value((*working, agent)) - problem.success.value(working))
        for size in range(len(others) + 1)
        for working in combinations(others, size)
    ]
    return min(gains) - problem.relative_costs[agent]
