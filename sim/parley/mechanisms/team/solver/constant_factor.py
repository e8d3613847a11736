"""Algorithms 2, 3, 4 and 7 of the paper: a constant factor of the optimum for any submodular f.

The paper's constants are lost; these are ours. The team found earns with equal shares at least 1/128 of the
best team with equal shares, which earns at least 1/3 of the fair optimum (Theorem 4.1; 1/2 if f is additive).
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, log2
from typing import TYPE_CHECKING

from parley.mechanisms.team.solver.demand import demand
from parley.mechanisms.team.solver.found import Found, best_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.core.clock import Clock
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.success.base import Success, Team

__all__ = ["FACTOR", "algorithm_2", "algorithm_3", "algorithm_4", "algorithm_7", "constant_factor"]

MAX_PREFIXES = 64
"""Members of teams whose parts are tried too."""
FACTOR = 128
"""The best team with equal shares earns at most this times what Algorithm 2 finds."""


def constant_factor(problem: Problem, clock: Clock) -> Found:
    """Return a team by Algorithm 2, paid its least fair contract (Theorem 5.2).

    Examples
    --------
    >>> from parley.core.clock import Clock
    >>> from parley.mechanisms.team.examples import coverage_example
    >>> constant_factor(coverage_example(), Clock.of(60))
    Found(team=(0, 1), revenue=Fraction(11, 15), bound=Fraction(1, 1))
    """
    teams, complete = algorithm_2(problem, clock)
    team, earned = best_of(problem, "fair", teams)
    bound = problem.success.value(range(problem.agents)) * problem.reward
    if complete:
        equal = best_of(problem, "nondiscriminatory", teams)[1]
        bound = min(bound, (2 if problem.success.is_additive else 3) * FACTOR * equal)
    return Found(team, earned, max(earned, bound))


def algorithm_2(problem: Problem, clock: Clock) -> tuple[list[Team], bool]:
    """Return the teams of one member and those of Algorithms 3 and 7, and if the time was enough for them.

    The best of them with equal shares earns a 128th of the best team with equal shares (Proposition 5.4).
    """
    teams: set[Team] = {(agent,) for agent in range(problem.agents)}
    teams.update(_prefixes(problem.success, algorithm_7(problem)))
    for one in algorithm_3(problem):
        teams.update(_prefixes(problem.success, one))
        if not clock.left:
            return sorted(teams), False
    return sorted(teams), True


def algorithm_7(problem: Problem) -> Team:
    """Return the agents in demand at prices 2n·c_i: they earn f(S*)/4 if equal shares are at most 1/(4n)."""
    prices = {i: 2 * problem.agents * cost for i, cost in enumerate(problem.relative_costs)}
    return demand(problem.success, prices)


def algorithm_3(problem: Problem) -> Iterator[Team]:
    """Yield teams, one of which earns f(S*)/128 if no agent alone is worth f(S*)/64 and shares exceed 1/(4n).

    For estimates α̃ of the share and x̃ of a quarter to a half of f(S*), both powers of two. The paper takes
    multiples of each f({i}) instead, of which there are more; one x̃ in that range is all it needs.
    """
    success, agents, costs = problem.success, range(problem.agents), problem.relative_costs
    alone = [success.value((i,)) for i in agents]
    worth = [value for value in alone if value]
    if not worth:
        return
    known: dict[frozenset[tuple[int, Fraction]], Team] = {}

    def asked(prices: dict[int, Fraction]) -> Team:
        pairs = frozenset((i, price) for i, price in prices.items() if alone[i] >= price)
        if pairs not in known:
            known[pairs] = demand(success, dict(pairs))
        return known[pairs]

    low, high = ceil(log2(min(worth) / 8)), ceil(log2(max(worth) * len(worth))) + 1
    for k in range(ceil(log2(4 * problem.agents)) + 1):
        share = Fraction(1, 1 << k)
        for exponent in range(low, high):
            value = Fraction(2) ** exponent
            prices = {
                i: max(costs[i] / share, share * value) / 2 for i in agents if alone[i] * share >= costs[i]
            }
            yield asked(prices)  # for free: the proof needs small agents only
            small = {i: price for i, price in prices.items() if 16 * alone[i] <= value}
            if success.value(small) < value:
                continue
            team = asked(small)
            if success.value(team) >= value:
                yield team
                yield algorithm_4(success, team, value / 8)


def _by_value(success: Success, team: Team) -> list[int]:
    """Return the members in the order of what they are worth alone, the most first."""
    return sorted(team, key=lambda agent: (-success.number((agent,)), agent))


def _prefixes(success: Success, team: Team) -> list[Team]:
    """Return a team and, if it is small, all that it is when members join one after the other.

    Only the team is needed for the guarantee; the others often earn more.
    """
    order = _by_value(success, team)
    sizes = range(1, len(order)) if len(order) <= MAX_PREFIXES else ()
    return [team, *(tuple(sorted(order[:size])) for size in sizes)]


def algorithm_4(success: Success, team: Team, high: Fraction) -> Team:
    """Return members U with low ≤ f(U) ≤ high, the scaling lemma (Lemma 5.10).

    That holds for every low ≤ f(T) such that no member alone is worth more than high − low. Each member adds
    at least as much to the others in U as in T.

    Examples
    --------
    >>> from parley.mechanisms.team.success.functions import Additive
    >>> algorithm_4(Additive((Fraction(1, 4),) * 4), (0, 1, 2, 3), Fraction(2, 3))
    (0, 1)
    """
    chosen = list[int]()
    for agent in _by_value(success, team):
        if success.value([*chosen, agent]) > high:
            break
        chosen.append(agent)
    return tuple(sorted(chosen))
