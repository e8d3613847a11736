"""The success functions of problem files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import lcm, prod
from operator import mul
from typing import TYPE_CHECKING, ClassVar

from parley.mechanisms.team.success.base import Losses, Success

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from parley.mechanisms.team.success.base import Team, Vector

__all__ = [
    "Additive",
    "AtLeastOne",
    "BudgetAdditive",
    "Coverage",
    "PartitionMatroid",
    "Table",
    "Xos",
]


def common(numbers: Iterable[Fraction]) -> int:
    """Return the least common denominator."""
    return lcm(*(number.denominator for number in numbers))


def over(numbers: Iterable[Fraction], denominator: int) -> tuple[int, ...]:
    """Return numbers as numerators over a common denominator."""
    return tuple(number.numerator * (denominator // number.denominator) for number in numbers)


@dataclass(frozen=True)
class Additive(Success):
    """f(S) is the sum of what the members contribute.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = Additive((Fraction(3, 5), Fraction(2, 5)))
    >>> found.value([0]), found.losses([0, 1])
    (Fraction(3, 5), Losses(total=5, each=(3, 2)))
    """

    type: ClassVar[str] = "additive"

    contributions: Vector

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.contributions)

    @cached_property
    def denominator(self) -> int:
        """D."""
        return common(self.contributions)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The contributions over the denominator."""
        return over(self.contributions, self.denominator)

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        return sum(self.numbers[agent] for agent in team)

    def losses(self, team: Team) -> Losses:
        """Return F(S) and what is lost without each member."""
        each = tuple(self.numbers[agent] for agent in team)
        return Losses(sum(each), each)


@dataclass(frozen=True)
class BudgetAdditive(Success):
    """f(S) is the sum of what the members contribute, but at most the budget.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = BudgetAdditive((Fraction(1, 2), Fraction(1, 3)), Fraction(2, 3))
    >>> found.value([0, 1]), found.losses([0, 1])
    (Fraction(2, 3), Losses(total=4, each=(2, 1)))
    """

    type: ClassVar[str] = "budget-additive"

    contributions: Vector
    budget: Fraction

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.contributions)

    @cached_property
    def denominator(self) -> int:
        """D."""
        return common((*self.contributions, self.budget))

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The contributions over the denominator, and then the budget."""
        return over((*self.contributions, self.budget), self.denominator)

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        return min(self.numbers[-1], sum(self.numbers[agent] for agent in team))

    def losses(self, team: Team) -> Losses:
        """Return F(S) and what is lost without each member."""
        whole = sum(self.numbers[agent] for agent in team)
        total = min(self.numbers[-1], whole)
        return Losses(total, tuple(max(0, total - whole + self.numbers[agent]) for agent in team))


@dataclass(frozen=True)
class Coverage(Success):
    """f(S) is the weight of the elements that at least one member covers.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = Coverage((Fraction(1, 2), Fraction(1, 3)), ((0,), (0, 1)))
    >>> found.value([0]), found.losses([0, 1])
    (Fraction(1, 2), Losses(total=5, each=(0, 2)))
    """

    type: ClassVar[str] = "coverage"

    weights: Vector
    """Of the elements."""
    sets: tuple[tuple[int, ...], ...]
    """Elements that each agent covers, in ascending order."""

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.sets)

    @cached_property
    def denominator(self) -> int:
        """D."""
        return common(self.weights)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The weights over the denominator."""
        return over(self.weights, self.denominator)

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        covered = {element for agent in team for element in self.sets[agent]}
        return sum(self.numbers[element] for element in covered)

    def losses(self, team: Team) -> Losses:
        """Return F(S) and what is lost without each member: the elements that only it covers."""
        times = Counter(element for agent in team for element in self.sets[agent])
        total = sum(self.numbers[element] for element in times)
        each = (sum(self.numbers[e] for e in self.sets[agent] if times[e] == 1) for agent in team)
        return Losses(total, tuple(each))


@dataclass(frozen=True)
class AtLeastOne(Success):
    """The project succeeds if at least one member does, each with its own probability q: 1 − Π(1 − q).

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = AtLeastOne((Fraction(1, 2), Fraction(1, 3)))
    >>> found.value([0, 1]), found.losses([0, 1])
    (Fraction(2, 3), Losses(total=4, each=(2, 1)))
    """

    type: ClassVar[str] = "at-least-one"

    probabilities: Vector

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.probabilities)

    @cached_property
    def denominator(self) -> int:
        """D, the product of all denominators."""
        return prod(number.denominator for number in self.probabilities)

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        members = [self.probabilities[agent] for agent in team]
        scale = prod(number.denominator for number in members)
        fails = prod(number.denominator - number.numerator for number in members)
        return (scale - fails) * (self.denominator // scale)

    def losses(self, team: Team) -> Losses:
        """Return F(S) and what is lost without each member."""
        members = [self.probabilities[agent] for agent in team]
        tops = [number.denominator - number.numerator for number in members]
        scale = prod(number.denominator for number in members)
        unit = self.denominator // scale
        # F(S) − F(S∖j) is q_j times the chance that all others fail.
        before = list(accumulate(tops, mul, initial=1))
        after = list(accumulate(reversed(tops), mul, initial=1))[::-1]
        pairs = zip(members, before, after[1:], strict=False)
        each = tuple(number.numerator * left * right * unit for number, left, right in pairs)
        return Losses((scale - before[-1]) * unit, each)


@dataclass(frozen=True)
class PartitionMatroid(Success):
    """Of each group the heaviest members count, as many as its limit lets in.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = PartitionMatroid(tuple(map(Fraction, ("1/2", "1/3", "1/6"))), ((0, 1), (2,)), (1, 1))
    >>> found.value([0, 1, 2]), found.losses([0, 1, 2])
    (Fraction(2, 3), Losses(total=4, each=(1, 0, 1)))
    """

    type: ClassVar[str] = "partition-matroid"

    contributions: Vector
    groups: tuple[tuple[int, ...], ...]
    """Of agents, each in one of them."""
    limits: tuple[int, ...]

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.contributions)

    @cached_property
    def denominator(self) -> int:
        """D."""
        return common(self.contributions)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The contributions over the denominator."""
        return over(self.contributions, self.denominator)

    @cached_property
    def group(self) -> tuple[int, ...]:
        """The group of each agent."""
        where = {agent: k for k, group in enumerate(self.groups) for agent in group}
        return tuple(where[agent] for agent in range(self.agents))

    def _sorted(self, team: Iterable[int]) -> list[list[int]]:
        """Return what members contribute, group by group, the most first."""
        groups: list[list[int]] = [[] for _ in self.groups]
        for agent in team:
            groups[self.group[agent]].append(self.numbers[agent])
        return [sorted(group, reverse=True) for group in groups]

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        pairs = zip(self._sorted(team), self.limits, strict=True)
        return sum(sum(group[:limit]) for group, limit in pairs)

    def losses(self, team: Team) -> Losses:
        """Return F(S) and what is lost without each member: what it adds to the first that is left out."""
        groups = self._sorted(team)
        pairs = list(zip(groups, self.limits, strict=True))
        next_in = [group[limit] if limit < len(group) else 0 for group, limit in pairs]
        each = (
            max(0, self.numbers[agent] - next_in[self.group[agent]]) if self.limits[self.group[agent]] else 0
            for agent in team
        )
        return Losses(sum(sum(group[:limit]) for group, limit in pairs), tuple(each))


@dataclass(frozen=True)
class Xos(Success):
    """f(S) is the greatest of several additive functions.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = Xos(((Fraction(1, 2), Fraction(0)), (Fraction(1, 3), Fraction(1, 3))))
    >>> found.value([0]), found.value([0, 1]), found.is_submodular
    (Fraction(1, 2), Fraction(2, 3), True)
    """

    type: ClassVar[str] = "xos"
    submodular: ClassVar[bool | None] = None

    parts: tuple[Vector, ...]

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.parts[0])

    @cached_property
    def denominator(self) -> int:
        """D."""
        return common(number for part in self.parts for number in part)

    @cached_property
    def numbers(self) -> tuple[tuple[int, ...], ...]:
        """The parts over the denominator."""
        return tuple(over(part, self.denominator) for part in self.parts)

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        members = tuple(team)
        return max(sum(part[agent] for agent in members) for part in self.numbers)


@dataclass(frozen=True)
class Table(Success):
    """A value for each set of agents: the one at place m has agent i if bit i of m is set.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = Table(tuple(map(Fraction, ("0", "1/4", "1/4", "1"))))
    >>> found.value([1]), found.bend
    (Fraction(1, 4), Bend(agents=(), i=0, j=1))
    """

    type: ClassVar[str] = "table"
    submodular: ClassVar[bool | None] = None

    values: Vector

    @property
    def agents(self) -> int:
        """Number of agents n."""
        return len(self.values).bit_length() - 1

    @cached_property
    def denominator(self) -> int:
        """D."""
        return common(self.values)

    @cached_property
    def table(self) -> tuple[int, ...]:
        """F of every set."""
        return over(self.values, self.denominator)

    def number(self, team: Iterable[int]) -> int:
        """Return F(S)."""
        return self.table[sum(1 << agent for agent in team)]
