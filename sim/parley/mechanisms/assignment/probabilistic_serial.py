"""Probabilistic serial: agents eat their best item left at unit speed (Bogomolnaia and Moulin 2001).

Every item is a loaf with the size of its capacity. From time 0 to 1 every agent eats its best remaining item;
the amount of an item that it eats is its probability of getting it. An agent without a remaining wanted item
stops. All times are exact for any size: floating point only guesses the order in which items run out, and
fractions decide near ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parley.mechanisms.assignment.lottery import Matrix
    from parley.mechanisms.assignment.problem import Problem

NEAR = 1e-9
"""Times with a smaller relative difference are compared as fractions."""


@dataclass(frozen=True, slots=True)
class Bite:
    """An interval in which an agent eats one item."""

    agent: int
    item: int
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class Schedule:
    """The eating schedule."""

    bites: tuple[Bite, ...]
    """By agent, then by time."""
    exhausted: tuple[Fraction | None, ...]
    """Time at which each item runs out; None if some of it is left at time 1."""

    def matrix(self, agents: int) -> Matrix:
        """Return the probabilities: the amounts eaten."""
        rows = [[Fraction(0)] * len(self.exhausted) for _ in range(agents)]
        for bite in self.bites:
            rows[bite.agent][bite.item] += bite.end - bite.start
        return tuple(map(tuple, rows))


def eating_schedule(problem: Problem) -> Schedule:
    """Let all agents eat at the same time.

    Examples
    --------
    Two agents want a first, and one of them nothing else:

    >>> from parley.mechanisms.assignment.problem import from_orders
    >>> schedule = eating_schedule(from_orders([[0, 1], [0]], 2))
    >>> [(bite.agent, bite.item, str(bite.start), str(bite.end)) for bite in schedule.bites]
    [(0, 0, '0', '1/2'), (0, 1, '1/2', '1'), (1, 0, '0', '1/2')]
    """
    return _Meal(problem).eaten()


def probabilities(problem: Problem) -> Matrix:
    """Probability that each agent gets each item under probabilistic serial, exactly.

    Examples
    --------
    >>> from parley.mechanisms.assignment.lottery import show_matrix
    >>> from parley.mechanisms.assignment.problem import example_1
    >>> show_matrix(probabilities(example_1()))[1:3]
    [['1/2', '0', '1/2', '0'], ['0', '1/2', '0', '1/2']]
    """
    return eating_schedule(problem).matrix(problem.agents)


class _Meal:
    """The state of the eating: each agent's item, and when items will run out at the current speed."""

    def __init__(self, problem: Problem) -> None:
        agents, items = problem.shape
        self.orders = problem.orders
        self.left = [Fraction(capacity) for capacity in problem.capacities]
        """The rest of each item at the last change of its number of eaters, `since`."""
        self.since = [Fraction(0)] * items
        self.empty = [capacity == 0 for capacity in problem.capacities]
        self.eaters: list[list[int]] = [[] for _ in range(items)]
        self.place = [-1] * agents
        """Position of each agent in its order."""
        self.sat_down = [Fraction(0)] * agents
        self.ends: list[Fraction] = [Fraction(1)] * items
        self.rough: list[float] = [2.0] * items
        """Approximate time at which each item runs out, if before time 1."""
        self.bites: list[list[Bite]] = [[] for _ in range(agents)]
        self.exhausted: list[Fraction | None] = [
            Fraction(0) if capacity == 0 else None for capacity in problem.capacities
        ]

    def eaten(self) -> Schedule:
        self._seat(range(len(self.orders)), Fraction(0))
        while (run_out := self._next()) is not None:
            now, items = run_out
            hungry = []
            for item in items:
                self.empty[item] = True
                self.exhausted[item] = now
                self.rough[item] = 2.0
                for agent in self.eaters[item]:
                    self._bite(agent, now)
                    hungry.append(agent)
                self.eaters[item] = []
            self._seat(hungry, now)
        for agent, place in enumerate(self.place):
            if place < len(self.orders[agent]):
                self._bite(agent, Fraction(1))
        return Schedule(tuple(bite for row in self.bites for bite in row), tuple(self.exhausted))

    def _next(self) -> tuple[Fraction, list[int]] | None:
        """Find the next time at which items run out, up to time 1, and these items."""
        first = min(self.rough)
        if first > 1 + NEAR:
            return None
        near = [item for item, end in enumerate(self.rough) if end <= first * (1 + NEAR) + NEAR * NEAR]
        now = min(self.ends[item] for item in near)
        if now > 1:
            return None
        return now, [item for item in near if self.ends[item] == now]

    def _bite(self, agent: int, now: Fraction) -> None:
        item, start = self.orders[agent][self.place[agent]], self.sat_down[agent]
        if now > start:
            self.bites[agent].append(Bite(agent, item, start, now))

    def _seat(self, agents: range | list[int], now: Fraction) -> None:
        """Move agents to their best remaining items."""
        joined: dict[int, list[int]] = {}
        for agent in agents:
            order, place = self.orders[agent], self.place[agent] + 1
            while place < len(order) and self.empty[order[place]]:
                place += 1
            self.place[agent], self.sat_down[agent] = place, now
            if place < len(order):
                joined.setdefault(order[place], []).append(agent)
        for item, new in joined.items():
            self.left[item] -= len(self.eaters[item]) * (now - self.since[item])
            self.since[item] = now
            self.eaters[item] += new
            end = now + self.left[item] / len(self.eaters[item])
            self.ends[item], self.rough[item] = end, min(float(end), 2.0)
