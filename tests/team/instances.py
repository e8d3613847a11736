"""Random success functions of every class, and random contracts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

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
    from collections.abc import Callable
    from random import Random


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


SUBMODULAR: dict[str, Callable[[Random, int], Success]] = {
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
