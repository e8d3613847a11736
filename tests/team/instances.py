"""Random success functions of every class, and random contracts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from parley.mechanisms.team.problem import Problem
from parley.mechanisms.team.shares import Contract, cutoffs, minimum_share
from parley.mechanisms.team.success.base import Success, team_of
from parley.mechanisms.team.success.functions import (
    Additive,
    AtLeastOne,
    BudgetAdditive,
    Coverage,
    PartitionMatroid,
    Table,
    Xos,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

    Maker = Callable[[Random, int], Success]


def divided(dice: Random, count: int, least: int = 0) -> tuple[Fraction, ...]:
    """Draw numbers whose sum is at most 1."""
    numbers = [dice.randint(least, 6) for _ in range(count)]
    total = max(1, sum(numbers) + dice.choice([0, 0, 1, 3]))
    return tuple(Fraction(number, total) for number in numbers)


def additive(dice: Random, agents: int) -> Success:
    return Additive(divided(dice, agents))


def budget_additive(dice: Random, agents: int) -> Success:
    numbers = divided(dice, agents)
    scale = Fraction(dice.randint(2, 5), 2)
    return BudgetAdditive(tuple(number * scale for number in numbers), Fraction(dice.randint(1, 6), 6))


def coverage(dice: Random, agents: int) -> Success:
    elements = dice.randint(1, 6)
    sets = tuple(tuple(element for element in range(elements) if dice.random() < 0.4) for _ in range(agents))
    return Coverage(divided(dice, elements, 1), sets)


def at_least_one(dice: Random, agents: int) -> Success:
    return AtLeastOne(tuple(Fraction(dice.choice([0, 1, 2, 3, 4, 6]), 6) for _ in range(agents)))


def partition_matroid(dice: Random, agents: int) -> Success:
    count = dice.randint(1, 3)
    groups: list[list[int]] = [[] for _ in range(count)]
    for agent in range(agents):
        dice.choice(groups).append(agent)
    limits = tuple(dice.randint(0, 3) for _ in groups)
    return PartitionMatroid(divided(dice, agents), tuple(map(tuple, groups)), limits)


def xos(dice: Random, agents: int) -> Success:
    return Xos(tuple(divided(dice, agents) for _ in range(dice.randint(1, 3))))


def table(dice: Random, agents: int) -> Success:
    """Draw any monotone function."""
    values = [0] * (1 << agents)
    for mask in range(1, 1 << agents):
        below = max(values[mask ^ 1 << agent] for agent in team_of(mask))
        values[mask] = below + dice.choice([0, 0, 1, 2, 3])
    total = max(1, values[-1])
    return Table(tuple(Fraction(value, total) for value in values))


def concave(dice: Random, agents: int) -> Success:
    """Draw a submodular function that depends on the number of members only, as a table."""
    steps = sorted((dice.randint(0, 5) for _ in range(agents)), reverse=True)
    total = max(1, sum(steps))
    return Table(tuple(Fraction(sum(steps[: mask.bit_count()]), total) for mask in range(1 << agents)))


SUBMODULAR: dict[str, Maker] = {
    "additive": additive,
    "budget-additive": budget_additive,
    "coverage": coverage,
    "at-least-one": at_least_one,
    "partition-matroid": partition_matroid,
    "table": concave,
}
"""Classes of which every function is submodular, and tables that are."""

CLASSES = SUBMODULAR | {"xos": xos, "table": table}
"""All classes; tables are any."""


def problem(dice: Random, name: str, agents: int, classes: Mapping[str, Maker] = CLASSES) -> Problem:
    """Draw a problem of a class, with costs that make some teams profitable."""
    success = classes[name](dice, agents)
    costs = tuple(
        max(success.value([agent]), Fraction(1, 12)) * Fraction(dice.randint(1, 12), 40)
        for agent in range(agents)
    )
    reward = dice.choice([Fraction(1), Fraction(1), Fraction(7, 2)])
    return Problem(tuple(cost * reward for cost in costs), success, reward)


def contracts(dice: Random, problem: Problem, count: int) -> Iterator[Contract]:
    """Draw contracts that are feasible or nearly so, many of them exactly on the boundaries of fairness."""
    success = problem.success
    for _ in range(count):
        team = tuple(sorted(dice.sample(range(problem.agents), dice.randint(1, problem.agents))))
        needed = cutoffs(problem, team)
        if None in needed and dice.random() < 0.9:
            continue
        known = [cutoff for cutoff in needed if cutoff is not None]
        floor = minimum_share(problem, team) or Fraction(0)
        shares = list[Fraction]()
        for k, cutoff in enumerate(needed):
            least = Fraction(1, 5) if cutoff is None else cutoff
            others = known + shares + [floor]
            rest = Fraction(success.losses(team).total - success.losses(team).each[k], success.denominator)
            whole = success.value(team)
            edges = [least, max(least, floor), *others]
            edges += [share * rest / whole for share in others] if whole else []
            share = dice.choice(edges) * Fraction(dice.choice([100] * 5 + [99, 101]), 100)
            shares.append(max(share, least) if dice.random() < 0.95 else share)
        if all(shares):
            yield Contract(team, tuple(shares))
