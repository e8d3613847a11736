"""What the design of menus knows of a problem, in floating point, and the played cost of menus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from parley.mechanisms.screening.kernel import shares_in_threads
from parley.mechanisms.screening.preferences import chosen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from parley.mechanisms.screening.market import Menu
    from parley.mechanisms.screening.preferences import Preferences
    from parley.mechanisms.screening.problem import Problem

__all__ = ["Floats", "Numbers", "Sample", "floats"]

Floats: TypeAlias = NDArray[np.float64]


def floats(rows: Sequence[Sequence[Fraction]]) -> Floats:
    """Return exact numbers as an array.

    Examples
    --------
    >>> from fractions import Fraction
    >>> floats([[Fraction(1, 2), Fraction(2)]]).tolist()
    [[0.5, 2.0]]
    """
    return np.array([[float(x) for x in row] for row in rows])


@dataclass(frozen=True)
class Numbers:
    """Agents' social costs, endowments and distributions of types.

    Parameters
    ----------
    costs, endowments : array, shape (agents, tasks)
    preferences : sequence of Preferences
        One for each agent.
    """

    costs: Floats
    endowments: Floats
    preferences: Sequence[Preferences]

    @classmethod
    def of(cls, problem: Problem) -> Numbers:
        """Read a problem."""
        return cls(floats(problem.social_costs), floats(problem.status_quo), problem.preferences)

    def of_agents(self, members: NDArray[np.int64]) -> Numbers:
        """Return the numbers of some agents only."""
        own = tuple(self.preferences[j] for j in members)
        return Numbers(self.costs[members], self.endowments[members], own)

    @property
    def agents(self) -> int:
        """Number of agents."""
        return int(self.costs.shape[0])

    @property
    def tasks(self) -> int:
        """Number of tasks."""
        return int(self.costs.shape[1])

    @property
    def status_quo(self) -> float:
        """Social cost of the status quo."""
        return float((self.costs * self.endowments).sum())

    def types(self, count: int, *seed: int) -> Floats:
        """Draw types.

        Returns
        -------
        array, shape (agents, tasks, count)
            Each agent's types depend on its number and the seed only.
        """
        drawn = [
            own.sample(np.random.default_rng([*seed, j]), count).T for j, own in enumerate(self.preferences)
        ]
        return np.ascontiguousarray(np.stack(drawn))

    def sample(self, count: int, *seed: int, threads: int = 1) -> Sample:
        """Draw types on which menus are played."""
        return Sample(self, self.types(count, *seed), threads)


@dataclass(frozen=True)
class Sample:
    """The same types for all menus that are compared (common random numbers).

    Parameters
    ----------
    types : array, shape (agents, tasks, count)
    """

    numbers: Numbers
    types: Floats
    threads: int = 1
    """Among which the profiles of types are divided; changes nothing else."""

    def changes(self, menus: Sequence[Menu]) -> Floats:
        """Return the change of social cost for each profile of types.

        Parameters
        ----------
        menus : sequence of Menu
            Rays at full length, as they are played.

        Returns
        -------
        array, shape (count,)

        Examples
        --------
        The three agents of the worked example swap one for one; theory says −3:

        >>> from fractions import Fraction
        >>> from parley.mechanisms.screening.market import Menu
        >>> from parley.mechanisms.screening.problem import worked_example
        >>> two = Fraction(2)
        >>> swaps = [Menu(((two, -two), (-two, two)))] * 3
        >>> sample = Numbers.of(worked_example()).sample(10_000, 1)
        >>> bool(abs(sample.changes(swaps).mean() + 3) < 0.2)
        True
        """
        numbers, count = self.numbers, self.types.shape[2]
        columns: list[Floats] = []
        seats: list[int] = []
        present: list[NDArray[np.bool_]] = []
        for j, menu in enumerate(menus):
            if menu.remedial:
                rays = -np.diag(numbers.endowments[j])[numbers.endowments[j] > 0]
                when = [np.ones(count, dtype=np.bool_)] * len(rays)
            elif menu.rays:
                rays = floats(menu.rays)
                choices = chosen(self.types[j].T, rays)
                when = [choices == k for k in range(1, len(rays) + 1)]
            else:
                continue
            columns += list(rays)
            seats += [j] * len(rays)
            present += when
        if not columns:
            return np.zeros(count)
        table = np.array(columns)
        costs = (table * numbers.costs[seats]).sum(axis=1)
        shares = shares_in_threads(table, costs, np.stack(present, axis=1), self.threads)
        changes: Floats = shares @ costs
        return changes
