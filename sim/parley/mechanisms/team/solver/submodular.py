"""Exact optima for any submodular f, through its values alone.

At a node some members I are in and some agents U are undecided. Whatever team S between them is best, a
member k is paid at least c_k over what it adds to I without it; f(S) is at most f(I ∪ U), and at most f(I)
plus what each undecided member adds to I; and everybody is paid at least c_j/f(j|I∖j) − c_j/f(S) for every
member j. What is needed to beat the best team so far bounds f(S) from below, and so on, as for additive f.

Where at least one member must succeed, f is additive but for a logarithm, which bounds teams more closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.team.solver.found import Found, best_in, rounded_up
from parley.mechanisms.team.solver.state import Pool, Search
from parley.mechanisms.team.solver.submodular_kernel import (
    COVERAGE,
    FAIR,
    GROUPS,
    NONDISCRIMINATORY,
    ONE,
    SUMS,
    TABLE,
    UNCONSTRAINED,
    Function,
    climb,
    first_team,
    measure,
    search,
)
from parley.mechanisms.team.success.functions import (
    Additive,
    AtLeastOne,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parley.core.clock import Clock
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solver.state import Ints
    from parley.mechanisms.team.success.base import Success

__all__ = ["best_submodular", "in_floats"]

RULES = {"fair": FAIR, "nondiscriminatory": NONDISCRIMINATORY, "unconstrained": UNCONSTRAINED}
EXACT = 1 << 53
"""Whole numbers below this are exact as floats."""
WORK = 10_000_000
"""Agents times agents times nodes between two looks at the clock."""
TRIED = 100_000_000
"""Agents and elements times teams of the local search."""


def _lists(lists: Iterable[Iterable[int]]) -> tuple[list[int], list[int]]:
    """Return lists as one, and where each begins."""
    first, members = [0], list[int]()
    for entries in lists:
        members += entries
        first.append(len(members))
    return first, members


def in_floats(success: Success) -> tuple[Function, float]:
    """Return a function in floats, in units of 1/D if all values are exact so, and what 1 is in these."""
    scale = success.denominator
    exact = scale < EXACT
    unit = scale if exact else 1
    kind, numbers, budget = SUMS, list[float](), np.inf
    first, members, limits = [0], list[int](), list[int]()

    def floats(whole: Iterable[int]) -> list[float]:
        return [float(number) if exact else number / scale for number in whole]

    match success:
        case Additive():
            numbers = floats(success.numbers)
        case BudgetAdditive():
            *numbers, budget = floats(success.numbers)
        case Coverage():
            kind, numbers = COVERAGE, floats(success.numbers)
            first, members = _lists(success.sets)
        case AtLeastOne():
            kind, exact, unit = ONE, False, 1
            numbers = [float(q) for q in success.probabilities]
            numbers += [float(1 - q) for q in success.probabilities]
        case PartitionMatroid():
            kind, numbers, limits = GROUPS, floats(success.numbers), list(success.limits)
            order = [sorted(group, key=lambda i: (-success.numbers[i], i)) for group in success.groups]
            first, members = _lists(order)
        case _:
            kind, numbers = TABLE, floats(success.table)
    error = 0.0 if exact or kind in {COVERAGE, ONE} else 8 * (success.agents + 8) * 2.0**-53
    found = Function(
        kind,
        np.array(numbers),
        np.array(first, dtype=np.int64),
        np.array(members, dtype=np.int64),
        np.array(limits, dtype=np.int64),
        float(budget),
        error,
    )
    return found, float(unit)


def _alike(problem: Problem) -> Ints:
    """Return the last agent before each one that adds the same to all teams, or −1; and ranks of costs."""
    success, kinds = problem.success, list[object]()
    match success:
        case Additive() | BudgetAdditive():
            kinds += success.contributions
        case Coverage():
            kinds += success.sets
        case AtLeastOne():
            kinds += success.probabilities
        case PartitionMatroid():
            kinds += zip(success.group, success.contributions, strict=True)
        case _:
            kinds += range(success.agents)
    known, before = dict[object, int](), list[int]()
    for agent, kind in enumerate(kinds):
        before.append(known.get(kind, -1))
        known[kind] = agent
    ranks = {cost: rank for rank, cost in enumerate(sorted({*problem.costs}))}
    return np.array([before, [ranks[cost] for cost in problem.costs]], dtype=np.int64)


def best_submodular(problem: Problem, rule: str, clock: Clock) -> Found:
    """Find the optimum of a rule, or at the time limit the best team so far with a bound.

    Parameters
    ----------
    rule : str
        ``fair``, ``nondiscriminatory`` or ``unconstrained``.

    Examples
    --------
    >>> from parley.core.clock import Clock
    >>> from parley.mechanisms.team.examples import coverage_example
    >>> best_submodular(coverage_example(), "fair", Clock.of(60))
    Found(team=(0, 1), revenue=Fraction(11, 15), bound=Fraction(11, 15))
    """
    agents, (f, unit) = problem.agents, in_floats(problem.success)
    costs = np.array([float(cost) for cost in problem.relative_costs]) * unit
    margin = 64 * (agents + len(f.numbers) + 8) * 2.0**-53 * unit
    pool, here = Pool.of(agents), Search.of(agents)
    alone, state = np.zeros(agents), np.zeros(agents, dtype=np.int8)
    measure(f, state, alone)
    per_value = np.full(agents, np.inf)
    np.divide(costs / np.maximum(alone, 1e-300), alone, out=per_value, where=alone > 0.0)
    for order in (np.argsort(per_value), np.argsort(-alone)):
        first_team(f, costs, RULES[rule], order, pool.teams[0])
    size = agents + len(f.numbers) + len(f.members)
    pool.best[0] = climb(f, costs, RULES[rule], pool.teams[0], margin, TRIED // size)
    pool.held[0] = 1
    done, alike = False, _alike(problem)
    while not done:
        done = search(f, costs, RULES[rule], alike, here, pool, margin, 1 + WORK // agents**2)
        if not clock.left:
            break
        if pool.full:
            best_in(problem, rule, pool)
    team, earned = best_in(problem, rule, pool)
    if done:
        return Found(team, earned, earned)
    most = max(here.bound, float(pool.best[0]))
    return Found(team, earned, max(earned, rounded_up((most + margin) / unit) * problem.reward))
