"""What every success function can do: values and losses in whole numbers, and checks with witnesses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "MAX_LISTED",
    "Bend",
    "Losses",
    "Success",
    "Team",
    "Vector",
    "find_bend",
    "find_drop",
    "mask_of",
    "team_of",
]

MAX_LISTED = 16
"""Agents of functions whose values are listed set by set."""

Team = tuple[int, ...]
"""Agents in ascending order."""
Vector = tuple[Fraction, ...]


def mask_of(team: Iterable[int]) -> int:
    """Return a set of agents as a number whose bit i is agent i.

    Examples
    --------
    >>> mask_of([0, 2]), team_of(5)
    (5, (0, 2))
    """
    return sum(1 << agent for agent in team)


def team_of(mask: int) -> Team:
    """Return the agents of a set given by bits; the inverse of `mask_of`."""
    return tuple(agent for agent in range(mask.bit_length()) if mask >> agent & 1)


class Losses(NamedTuple):
    """What a team is worth, and what is lost without each member, over the denominator.

    Attributes
    ----------
    total : int
        F(S).
    each : tuple of int
        F(S) − F(S∖j), in the order of the team.
    """

    total: int
    each: tuple[int, ...]


class Bend(NamedTuple):
    """A witness against submodularity: agent j adds more to `agents` with i than without."""

    agents: Team
    i: int
    j: int

    def __str__(self) -> str:
        beside = f"agent {self.i}" if not self.agents else f"{list(self.agents)} and agent {self.i}"
        alone = "nobody" if not self.agents else str(list(self.agents))
        return f"agent {self.j} adds more to {beside} than to {alone}"


@dataclass(frozen=True)
class Success(ABC):
    """A success function f over agents from 0: monotone, with f(∅) = 0.

    `number` and `losses` count in units of 1 over the denominator, so that everything stays whole.
    """

    type: ClassVar[str]
    """Its name in problem files."""
    submodular: ClassVar[bool | None] = True
    """Whether every function of the class is submodular; None if that depends on the function."""

    @property
    @abstractmethod
    def agents(self) -> int:
        """Number of agents n."""

    @property
    @abstractmethod
    def denominator(self) -> int:
        """D, with which all values are whole."""

    @abstractmethod
    def number(self, team: Iterable[int]) -> int:
        """Return F(S) = D·f(S) of different agents."""

    def value(self, team: Iterable[int]) -> Fraction:
        """Return f(S)."""
        return Fraction(self.number(team), self.denominator)

    def losses(self, team: Team) -> Losses:
        """Return F(S) and F(S) − F(S∖j) for every member j."""
        total = self.number(team)
        rest = (team[:k] + team[k + 1 :] for k in range(len(team)))
        return Losses(total, tuple(total - self.number(others) for others in rest))

    @cached_property
    def is_additive(self) -> bool:
        """Whether f(S) is the sum of what members are worth alone."""
        everybody = self.losses(tuple(range(self.agents)))
        alone = [self.number((agent,)) for agent in range(self.agents)]
        return self.is_submodular and list(everybody.each) == alone

    @cached_property
    def is_submodular(self) -> bool:
        """Whether an agent never adds more to a larger set."""
        return self.bend is None

    @cached_property
    def bend(self) -> Bend | None:
        """Why the function is not submodular; None if it is."""
        return None if self.submodular else find_bend(self.table)

    @cached_property
    def table(self) -> tuple[int, ...]:
        """F of every set, by `mask_of`; at most `MAX_LISTED` agents.

        Raises
        ------
        ValueError
            If there are more.
        """
        if self.agents > MAX_LISTED:
            raise ValueError(f"{self.agents} agents have too many sets to list")
        return tuple(self.number(team_of(mask)) for mask in range(1 << self.agents))


def _array(table: Sequence[int]) -> NDArray[np.int64]:
    """Return values as 64-bit integers, or as Python integers in an array of objects if they do not fit."""
    small = max(table, default=0) < 1 << 60 and min(table, default=0) > -(1 << 60)
    return np.array(table, dtype=np.int64 if small else object)


def find_drop(table: Sequence[int]) -> tuple[int, int] | None:
    """Find a set that is worth less than without one of its members.

    Parameters
    ----------
    table : sequence of int
        The values of all sets, by `mask_of`.

    Returns
    -------
    (mask, agent) or None
        The least such set and its first such member; None if the function is monotone.

    Examples
    --------
    >>> find_drop([0, 2, 1, 1]), find_drop([0, 1, 1, 1])
    ((3, 1), None)
    """
    values, found = _array(table), list[tuple[int, int]]()
    masks = np.arange(len(table))
    for agent in range(len(table).bit_length() - 1):
        with_it = masks[masks >> agent & 1 == 1]
        wrong = with_it[values[with_it] < values[with_it ^ (1 << agent)]]
        if wrong.size:
            found.append((int(wrong[0]), agent))
    return min(found, default=None)


def find_bend(table: Sequence[int]) -> Bend | None:
    """Find a set and two agents of which one adds more beside the other.

    Parameters
    ----------
    table : sequence of int
        The values of all sets, by `mask_of`.

    Returns
    -------
    Bend or None
        The least set by `mask_of`, then the first i < j; None if the function is submodular.

    Examples
    --------
    >>> find_bend([0, 0, 0, 1])
    Bend(agents=(), i=0, j=1)
    >>> find_bend([0, 1, 1, 1]) is None
    True
    """
    values, found = _array(table), list[tuple[int, int, int]]()
    masks, agents = np.arange(len(table)), len(table).bit_length() - 1
    for i in range(agents):
        for j in range(i + 1, agents):
            both = 1 << i | 1 << j
            sets = masks[masks & both == 0]
            apart = values[sets | 1 << i] + values[sets | 1 << j]
            wrong = sets[apart < values[sets | both] + values[sets]]
            if wrong.size:
                found.append((int(wrong[0]), i, j))
    if not found:
        return None
    mask, i, j = min(found)
    return Bend(team_of(mask), i, j)
