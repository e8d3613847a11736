"""Theory by its definitions, in fractions, by trying everything; written apart from the package."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from parley.mechanisms.team.problem import Problem

Shares = dict[int, Fraction]
"""Of the members of a team."""


def subsets(agents: Iterable[int]) -> Iterator[tuple[int, ...]]:
    known = tuple(agents)
    return chain.from_iterable(combinations(known, size) for size in range(len(known) + 1))


class Brute:
    """A problem as a table of f and a list of costs, per unit of reward."""

    def __init__(self, problem: Problem) -> None:
        self.agents = problem.agents
        self.costs = [cost / problem.reward for cost in problem.costs]
        self.f = {frozenset(team): problem.success.value(team) for team in subsets(range(problem.agents))}

    def utility(self, shares: Mapping[int, Fraction], working: frozenset[int], agent: int) -> Fraction:
        return shares[agent] * self.f[working] - (self.costs[agent] if agent in working else 0)

    def is_equilibrium(self, shares: Mapping[int, Fraction], working: frozenset[int]) -> bool:
        for agent in shares:
            adds = self.f[working | {agent}] - self.f[working - {agent}]
            if (shares[agent] * adds >= self.costs[agent]) != (agent in working):
                return False
        return True

    def equilibria(self, shares: Mapping[int, Fraction]) -> list[frozenset[int]]:
        sets = map(frozenset, subsets(shares))
        return [working for working in sets if self.is_equilibrium(shares, working)]

    def feasible(self, shares: Mapping[int, Fraction]) -> bool:
        return self.is_equilibrium(shares, frozenset(shares))

    def notions(self, shares: Mapping[int, Fraction]) -> dict[str, bool]:
        """Judge a feasible contract by definition (1), for each selection of equilibria."""
        team = frozenset(shares)
        held = dict.fromkeys(("fair", "fair_optimistic", "fair_pessimistic", "fair_always"), True)
        for i, j in combinations(sorted(shares), 2):
            swapped = dict(shares) | {i: shares[j], j: shares[i]}
            found = self.equilibria(swapped)
            fine = {
                working: all(
                    self.utility(shares, team, agent) >= self.utility(swapped, working, agent)
                    for agent in (i, j)
                )
                for working in found
            }
            most, least = (pick(self.f[working] for working in found) for pick in (max, min))
            held["fair"] &= any(fine.values())
            held["fair_always"] &= all(fine.values())
            held["fair_optimistic"] &= any(fine[w] for w in found if self.f[w] == most)
            held["fair_pessimistic"] &= any(fine[w] for w in found if self.f[w] == least)
        return held

    def fair(self, shares: Mapping[int, Fraction]) -> bool:
        return self.feasible(shares) and self.notions(shares)["fair"]

    def revenue(self, shares: Mapping[int, Fraction]) -> Fraction:
        return (1 - sum(shares.values(), Fraction(0))) * self.f[frozenset(shares)]

    def cutoffs(self, team: Iterable[int]) -> Shares | None:
        members = frozenset(team)
        adds = {agent: self.f[members] - self.f[members - {agent}] for agent in sorted(members)}
        if not all(adds.values()):
            return None
        return {agent: self.costs[agent] / adds[agent] for agent in adds}

    def floor(self, team: Iterable[int]) -> Fraction:
        members, needed = frozenset(team), self.cutoffs(team)
        assert needed is not None
        rest = (self.f[members - {j}] / self.f[members] * needed[j] for j in needed)
        return max(rest, default=Fraction(0))

    def least(self, team: Iterable[int]) -> Shares | None:
        members = tuple(team)
        needed = self.cutoffs(members)
        if needed is None:
            return None
        floor = self.floor(members)
        return {agent: max(cutoff, floor) for agent, cutoff in needed.items()}

    def equal(self, team: Iterable[int]) -> Shares | None:
        needed = self.cutoffs(team)
        return needed and dict.fromkeys(needed, max(needed.values()))

    def best(self, kind: str) -> tuple[Fraction, tuple[int, ...]]:
        """Return the optimum over all teams; of several the smallest, then the first."""
        pay = {"fair": self.least, "nondiscriminatory": self.equal, "unconstrained": self.cutoffs}[kind]
        best: tuple[Fraction, tuple[int, ...]] = (Fraction(0), ())
        for team in subsets(range(self.agents)):
            shares = pay(team)
            if shares is not None and self.revenue(shares) > best[0]:
                best = self.revenue(shares), team
        return best
