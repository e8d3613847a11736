"""The best team at its cut-offs, fair or not, for additive f: a knapsack, solved from its core outwards.

Agents are sorted by cut-off per unit of contribution. Relaxed, the best team is those below some ratio. The
search begins there, and decides on one agent after the other, those of the nearest ratios first. Of what is
decided only f(S) and the payroll matter: a state with more of the one and no less of the other dominates.
All agents below the decided ratios are still in, and all above are out: this bounds what a state can earn.

Of states that are exactly equal, the smallest team is kept, of several the first. Sums are compared as floats
and by their remainders: where these do not prove that two sums are equal, fractions decide.
"""

from __future__ import annotations

from collections import Counter
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from parley.mechanisms.team.solver.found import Found, best_of, rounded_up
from parley.mechanisms.team.solver.state import MAX_TIES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from numpy.typing import NDArray

    from parley.core.clock import Clock
    from parley.mechanisms.team.problem import Problem
    from parley.mechanisms.team.solver.state import Bools, Floats, Ints
    from parley.mechanisms.team.success.base import Team
    from parley.mechanisms.team.success.functions import Additive

    Words = NDArray[np.uint64]
    Bytes = NDArray[np.uint8]

__all__ = ["best_unconstrained"]

PRIME = (1 << 61) - 1
"""Remainders are of division by it."""
MAX_STATES = 1_000_000
"""Beyond, the bound is what the states could still earn."""


class Items(NamedTuple):
    """Agents that may be hired, by cut-off per unit of contribution.

    Attributes
    ----------
    agents : list of int
    known : list of (Fraction, int)
        Cut-offs, and contributions over the denominator.
    value, wage, ratio : Floats
        Contributions, cut-offs, and cut-off per contribution.
    values, wages : Words
        Remainders of contributions and cut-offs, over their denominators.
    proven : bool
        Whether sums are equal if floats are close and remainders are equal.
    error : float
        More than any sum can be wrong by.
    """

    agents: list[int]
    known: list[tuple[Fraction, int]]
    value: Floats
    wage: Floats
    ratio: Floats
    values: Words
    wages: Words
    proven: bool
    error: float


class States(NamedTuple):
    """Sets of members that are not dominated, as arrays of the same length.

    Attributes
    ----------
    value, wage : Floats
        f(S) and the payroll.
    values, wages : Words
        Their remainders.
    size : Ints
        Number of members.
    changes : Bytes
        A bit for each decision: whether the agent was hired, or dismissed.
    """

    value: Floats
    wage: Floats
    values: Words
    wages: Words
    size: Ints
    changes: Bytes

    def pick(self, rows: Bools | Ints) -> States:
        """Return some of them."""
        return States(
            self.value[rows],
            self.wage[rows],
            self.values[rows],
            self.wages[rows],
            self.size[rows],
            self.changes[rows],
        )

    def joined(self, other: States) -> States:
        """Return these and others."""
        return States(
            np.concatenate((self.value, other.value)),
            np.concatenate((self.wage, other.wage)),
            np.concatenate((self.values, other.values)),
            np.concatenate((self.wages, other.wages)),
            np.concatenate((self.size, other.size)),
            np.concatenate((self.changes, other.changes)),
        )


def _items(problem: Problem, success: Additive) -> Items:
    found = [
        (problem.relative_costs[agent] * success.denominator / number, number, agent)
        for agent, number in enumerate(success.numbers)
        if problem.relative_costs[agent] * success.denominator < number
    ]
    found.sort(key=lambda item: (item[0] / item[1], item[2]))
    scale, unit = success.denominator, lcm(*(cutoff.denominator for cutoff, _, _ in found))
    value = np.array([number / scale for _, number, _ in found])
    wage = np.array([float(cutoff) for cutoff, _, _ in found])
    error = 4 * (len(found) + 8) * 2.0**-53
    return Items(
        [agent for _, _, agent in found],
        [(cutoff, number) for cutoff, number, _ in found],
        value,
        wage,
        wage / value,
        np.array([number % PRIME for _, number, _ in found], dtype=np.uint64),
        np.array(
            [cutoff.numerator * (unit // cutoff.denominator) % PRIME for cutoff, _, _ in found],
            dtype=np.uint64,
        ),
        # A multiple of the prime that is not 0 is further from 0 than sums that are close can be.
        max(scale, unit) < int(PRIME / (4 * error)),
        error,
    )


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
    core = Core(problem, items)
    core.run(clock)
    team, earned = core.best_team()
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

    def __init__(self, problem: Problem, items: Items) -> None:
        self.problem, self.items = problem, items
        self.margin = 16 * items.error
        sums, paid = np.cumsum(items.value), np.cumsum(items.wage)
        # The relaxation takes agents as long as the first part of one earns anything.
        more = 1.0 - (paid - items.wage) > items.ratio * (sums - items.value)
        self.start = self.left = self.right = int(np.argmin(more)) if not more.all() else len(more)
        start, one = slice(self.start), np.ones(1)
        self.states = States(
            one * items.value[start].sum(),
            one * items.wage[start].sum(),
            np.zeros(1, dtype=np.uint64),
            np.zeros(1, dtype=np.uint64),
            np.array([self.start]),
            np.zeros((1, 0), dtype=np.uint8),
        )
        self.decided: list[int] = []
        alone = (1.0 - items.wage) * items.value
        self.best = float(alone.max())
        self.kept: list[tuple[float, Team]] = [(self.best, (items.agents[int(alone.argmax())],))]
        self.open = 0.0
        self._note(self.states)

    @staticmethod
    def _earned(states: States) -> Floats:
        return (1.0 - states.wage) * states.value

    def _note(self, states: States) -> None:
        """Keep the teams of states that may be the best."""
        earned = self._earned(states)
        self.best = max(self.best, float(earned.max(initial=0.0)))
        rows = np.flatnonzero(earned >= self.best - self.margin)
        self.kept = [pair for pair in self.kept if pair[0] >= self.best - self.margin]
        self.kept += zip(earned[rows].tolist(), map(self._team, states.changes[rows]), strict=True)
        if len(self.kept) > MAX_TIES:
            self.kept = [(self.best, self.best_team()[0])]

    def _team(self, changes: Bytes) -> Team:
        bits = np.unpackbits(changes, count=len(self.decided))
        changed = {item for item, bit in zip(self.decided, bits.tolist(), strict=True) if bit}
        return tuple(sorted(self.items.agents[k] for k in changed ^ set(range(self.start))))

    def best_team(self) -> tuple[Team, Fraction]:
        """Return the best team so far, and its revenue."""
        return best_of(self.problem, "unconstrained", (team for _, team in self.kept))

    def _bounds(self, states: States) -> Floats:
        """Return what each state can earn at most with all agents that are not decided."""
        f, left, most = states.value, 1.0 - states.wage, self._earned(states)
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
        while self.states.size.size and (self.left > 0 or self.right < len(self.items.agents)):
            self._decide()
            if self.states.size.size > MAX_STATES or not clock.left:
                self.open = max(self.best, float(self._bounds(self.states).max(initial=0.0)))
                return

    def _decide(self) -> None:
        """Let the next agent leave, or join, in a copy of each state."""
        items, states = self.items, self.states
        f = float(states.value[0])
        per_value = (1.0 - states.wage[0]) / f if f else np.inf
        away_left = per_value - items.ratio[self.left - 1] if self.left > 0 else np.inf
        away_right = items.ratio[self.right] - per_value if self.right < len(items.agents) else np.inf
        joins = self.left == 0 or (self.right < len(items.agents) and away_right <= away_left)
        item = self.right if joins else self.left - 1
        self.left, self.right = (self.left, self.right + 1) if joins else (self.left - 1, self.right)
        sign = 1 if joins else -1
        new = states._replace(
            value=states.value + sign * items.value[item],
            wage=states.wage + sign * items.wage[item],
            size=states.size + sign,
        )
        goal = self.best - self.margin
        old, worth = states.pick(self._bounds(states) >= goal), self._bounds(new) >= goal
        if not worth.any():
            self.states = old
            return
        if len(self.decided) % 8 == 0:
            old, new = (one._replace(changes=np.pad(one.changes, ((0, 0), (0, 1)))) for one in (old, new))
        self.decided.append(item)
        new = new.pick(worth)
        new = new._replace(
            values=_shifted(new.values, items.values[item], joins=joins),
            wages=_shifted(new.wages, items.wages[item], joins=joins),
        )
        new.changes[:, -1] |= 128 >> (len(self.decided) - 1) % 8
        both = old.joined(new)
        kept = np.ones(both.size.size, dtype=np.bool_)
        kept[self._later(both)] = False
        rows = np.flatnonzero(kept)
        rows = rows[self._undominated(both.pick(rows))]
        self.states = both.pick(rows)
        self._note(both.pick(rows[rows >= old.size.size]))

    def _later(self, both: States) -> Ints:
        """Return the states that equal another one whose team is smaller, or as small and first."""
        one, other = self._equal(both)
        decided, count = np.array(self.decided), len(self.decided)
        differ = np.unpackbits(both.changes[one] ^ both.changes[other], axis=1, count=count)
        holds = np.unpackbits(both.changes[one], axis=1, count=count) ^ (decided < self.start)
        if not self.items.proven:
            pairs = zip(differ.astype(np.bool_), holds, strict=True)
            same = [self._agree(decided[d].tolist(), h[d].tolist()) for d, h in pairs]
            one, other, differ, holds = (array[np.array(same, bool)] for array in (one, other, differ, holds))
        agents = np.argsort(np.array(self.items.agents)[decided])
        first = agents[differ[:, agents].argmax(axis=1)]
        larger = both.size[one] - both.size[other]
        later = (larger > 0) | ((larger == 0) & (holds[np.arange(one.size), first] == 0))
        lost: Ints = np.where(later, one, other)
        return lost

    def _equal(self, both: States) -> tuple[Ints, Ints]:
        """Return pairs of states whose sums are close and have the same remainders."""
        mixed = both.values + both.wages * np.uint64(0x9E3779B97F4A7C15)
        order: Ints = np.argsort(mixed)
        one, other = order[:-1], order[1:]
        same = mixed[one] == mixed[other]
        one, other = one[same], other[same]
        same = (both.values[one] == both.values[other]) & (both.wages[one] == both.wages[other])
        for column in (both.value, both.wage):
            same &= np.abs(column[one] - column[other]) <= self.items.error
        return one[same], other[same]

    def _agree(self, changed: Iterable[int], held: Iterable[int]) -> bool:
        """Return whether two teams have the same sums, by the agents that only one of them holds."""
        times: Counter[tuple[Fraction, int]] = Counter()
        for item, first in zip(changed, held, strict=True):
            times[self.items.known[item]] += 1 if first else -1
        kinds = [(cutoff * count, number * count) for (cutoff, number), count in times.items()]
        return sum(number for _, number in kinds) == 0 == sum(cutoff for cutoff, _ in kinds)

    def _undominated(self, states: States) -> Ints:
        """Return the states that no other one dominates, those with the greatest f(S) first."""
        order = np.lexsort((states.wage, -states.value))
        value, wage = states.value[order], states.wage[order]
        least = np.concatenate(([np.inf], np.minimum.accumulate(wage)))
        # Rounding of one sum does not outweigh so much of the other in any team that earns the most.
        slack = 4 * self.items.error / self.best
        above = np.searchsorted(-value, -value - slack, side="right")
        kept: Ints = order[(least[:-1] > wage - slack) & (least[above] > wage + self.items.error)]
        return kept


def _shifted(remainders: Words, by: np.uint64, *, joins: bool) -> Words:
    """Return remainders after an agent joins, or leaves."""
    sums = remainders + (by if joins else np.uint64(PRIME) - by)
    sums[sums >= PRIME] -= np.uint64(PRIME)
    return sums
