"""The best team at its cut-offs, fair or not, for additive f: a knapsack, solved from its core outwards.

Agents are sorted by cut-off per unit of contribution. Relaxed, the best team is those below some ratio. The
search begins there, and decides on one agent after the other, those of the nearest ratios first. Of what is
decided only f(S) and the payroll matter: a state with more of the one and no less of the other dominates.
All agents below the decided ratios are still in, and all above are out: this bounds what a state can earn.
"""

from __future__ import annotations

from bisect import bisect_right
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.team.solver.found import Found, best_of, rounded_up
from parley.mechanisms.team.solver.state import MAX_TIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parley.core.clock import Clock
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solver.state import Bools, Floats, Ints
    from parley.mechanisms.team.success.base import Team
    from parley.mechanisms.team.success.functions import Additive

__all__ = ["best_unconstrained"]

EXACT = 1 << 53
"""Whole numbers below this are exact as floats."""
KEYED = 52
"""Agents whose order breaks ties between equal states: bits of a float."""
MAX_STATES, MAX_DECISIONS = 1_000_000, 10_000_000
"""Of one step, and of all; beyond, the bound is what the states could still earn."""


class Items(NamedTuple):
    """Agents that may be hired, by cut-off per unit of contribution; numbers in whole units if they fit.

    Attributes
    ----------
    agents : list of int
    value, wage : Floats
        Contributions and cut-offs.
    units : (float, float)
        What one is, in these.
    ratio : Floats
        Cut-off per contribution, in real numbers.
    key : Floats
        Powers of two, the greatest for the first agent; 0 if there are too many agents.
    exact : bool
        Whether sums are exact.
    """

    agents: list[int]
    value: Floats
    wage: Floats
    units: tuple[float, float]
    ratio: Floats
    key: Floats
    exact: bool


class States(NamedTuple):
    """Sets of members that are not dominated, as arrays of the same length."""

    value: Floats
    wage: Floats
    size: Ints
    key: Floats
    node: Ints

    def pick(self, rows: Bools | Ints) -> States:
        """Return some of them."""
        return States(self.value[rows], self.wage[rows], self.size[rows], self.key[rows], self.node[rows])

    def joined(self, other: States) -> States:
        """Return these and others."""
        return States(
            np.concatenate((self.value, other.value)),
            np.concatenate((self.wage, other.wage)),
            np.concatenate((self.size, other.size)),
            np.concatenate((self.key, other.key)),
            np.concatenate((self.node, other.node)),
        )


def _items(problem: Problem, success: Additive) -> Items:
    known = [
        (problem.relative_costs[agent] * success.denominator / number, number, agent)
        for agent, number in enumerate(success.numbers)
        if problem.relative_costs[agent] * success.denominator < number
    ]
    known.sort(key=lambda item: (item[0] / item[1], item[2]))
    scale, unit = success.denominator, lcm(*(cutoff.denominator for cutoff, _, _ in known))
    exact = 4 * scale * len(known) < EXACT and 4 * unit * len(known) < EXACT
    if not exact:
        unit = scale = 1
    fits = success.denominator if not exact else 1
    value = np.array([number / fits for _, number, _ in known])
    wage = np.array([float(cutoff * unit) for cutoff, _, _ in known])
    units = float(scale), float(unit)
    ratio = (wage / units[1]) / (value / units[0])
    rank = np.argsort(np.argsort([agent for _, _, agent in known]))
    key = np.exp2(KEYED - 1.0 - rank) * (len(known) <= KEYED)
    return Items([agent for _, _, agent in known], value, wage, units, ratio, key, exact)


def best_unconstrained(problem: Problem, success: Additive, clock: Clock) -> Found:
    """Find the best team at its cut-offs; at the time limit the best so far with a bound.

    Examples
    --------
    >>> from parley.core.clock import Clock
    >>> from parley.mechanisms.team.problem import worked_example
    >>> best_unconstrained(worked_example(), worked_example().success, Clock.of(60)).revenue
    Fraction(7, 10)
    """
    items = _items(problem, success)
    if not items.agents:
        return Found((), problem.reward * 0, problem.reward * 0)
    core = Core(items)
    core.run(clock)
    team, earned = best_of(problem, "unconstrained", core.best_teams())
    if core.open:
        bound = rounded_up(core.open + core.margin) * problem.reward
        return Found(team, earned, max(bound, earned))
    return Found(team, earned, earned)


class Core:
    """The search.

    Attributes
    ----------
    open : float
        What teams could earn that were not tried; 0 if all were.
    """

    def __init__(self, items: Items) -> None:
        self.items = items
        self.margin = 64 * (len(items.agents) + 8) * 2.0**-53
        value, wage = items.value / items.units[0], items.wage / items.units[1]
        sums, paid = np.cumsum(value), np.cumsum(wage)
        # The relaxation takes agents as long as the first part of one earns anything.
        more = 1.0 - (paid - wage) > items.ratio * (sums - value)
        self.left = self.right = int(np.argmin(more)) if not more.all() else len(more)
        start = range(self.left)
        one = np.ones(1)
        self.states = States(
            one * items.value[: self.left].sum(),
            one * items.wage[: self.left].sum(),
            np.array([self.left]),
            one * items.key[: self.left].sum(),
            np.zeros(1, dtype=np.int64),
        )
        self.start = frozenset(start)
        self.decided: list[int] = []
        self.firsts: list[int] = []
        self.parents: list[Ints] = []
        self.nodes = 1
        self.best = 0.0
        self.kept: list[tuple[float, int]] = []
        self.open = 0.0
        self._note(self.states)

    def _earned(self, states: States) -> tuple[Floats, Floats, Floats]:
        """Return f(S), 1 − Σκ, and the revenue of each state."""
        f = states.value / self.items.units[0]
        left = 1.0 - states.wage / self.items.units[1]
        return f, left, left * f

    def _note(self, states: States) -> None:
        """Keep the states that may be the best."""
        earned = self._earned(states)[2]
        self.best = max(self.best, float(earned.max(initial=0.0)))
        rows = np.flatnonzero(earned >= self.best - self.margin)
        self.kept = [pair for pair in self.kept if pair[0] >= self.best - self.margin]
        self.kept += zip(earned[rows].tolist(), states.node[rows].tolist(), strict=True)

    def _bounds(self, states: States) -> Floats:
        """Return what each state can earn at most with all agents that are not decided."""
        f, left, most = self._earned(states)
        if self.right < len(self.items.agents):
            ratio = self.items.ratio[self.right]
            more = np.where(left > ratio * f, (left + ratio * f) ** 2 / (4 * ratio), 0.0)
            most = np.maximum(most, more)
        if self.left > 0:
            ratio = self.items.ratio[self.left - 1]
            less = np.where(left < ratio * f, (left + ratio * f) ** 2 / (4 * ratio), 0.0)
            most = np.maximum(most, less)
        return most

    def run(self, clock: Clock) -> None:
        """Decide on one agent after the other, until no state can earn more than the best."""
        while self.states.value.size and (self.left > 0 or self.right < len(self.items.agents)):
            self._decide()
            full = self.states.value.size > MAX_STATES or self.nodes > MAX_DECISIONS
            if full or not clock.left or len(self.kept) > MAX_TIES:
                self.open = max(self.best, float(self._bounds(self.states).max(initial=0.0)))
                return

    def _decide(self) -> None:
        """Let the next agent leave, or join, in a copy of each state."""
        items, states = self.items, self.states
        f, left, _ = (column[0] for column in self._earned(states.pick(np.arange(1))))
        away_left = left / f - items.ratio[self.left - 1] if self.left > 0 else np.inf
        away_right = items.ratio[self.right] - left / f if self.right < len(items.agents) else np.inf
        joins = self.left == 0 or (self.right < len(items.agents) and away_right <= away_left)
        sign = 1 if joins else -1
        self.left, self.right = (self.left, self.right + 1) if joins else (self.left - 1, self.right)
        item = self.right - 1 if joins else self.left
        new = States(
            states.value + sign * items.value[item],
            states.wage + sign * items.wage[item],
            states.size + sign,
            states.key + sign * items.key[item],
            -1 - np.arange(states.value.size),
        )
        both = states.joined(new)
        both = both.pick(self._bounds(both) >= self.best - self.margin)
        order = np.lexsort((-both.key, both.size, both.wage, -both.value))
        both = both.pick(order)
        before = np.concatenate(([np.inf], np.minimum.accumulate(both.wage)[:-1]))
        # Equal states differ in nothing that counts but the order of agents, by which they are sorted.
        slack = 0.0 if items.exact else self.margin
        both = both.pick(before > both.wage - slack if slack else before > both.wage)
        fresh = np.flatnonzero(both.node < 0)
        parents = states.node[-1 - both.node[fresh]]
        both.node[fresh] = self.nodes + np.arange(fresh.size)
        self.decided.append(item)
        self.firsts.append(self.nodes)
        self.parents.append(parents)
        self.nodes += fresh.size
        self.states = both
        if fresh.size:
            self._note(both.pick(fresh))

    def best_teams(self) -> Iterator[Team]:
        """Yield the best teams."""
        for _, node in self.kept[:MAX_TIES]:
            chosen, here = set(self.start), node
            while here:
                step = bisect_right(self.firsts, here) - 1
                chosen ^= {self.decided[step]}
                here = int(self.parents[step][here - self.firsts[step]])
            yield tuple(sorted(self.items.agents[k] for k in chosen))
