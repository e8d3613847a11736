"""What searches share with their machine code: arrays, the best teams so far, and where a search stands."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_TIES", "Bools", "Floats", "Ints", "Marks", "Pool", "Search"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Marks = NDArray[np.int8]

MAX_TIES = 500
"""Teams that are kept, before they are compared in fractions."""


class Pool(NamedTuple):
    """The best teams so far.

    Attributes
    ----------
    teams : (most, agents)
    best : (1,)
        The revenue of the best team.
    held : (1,)
        Number of teams, whose revenue may be the greatest.
    """

    teams: Bools
    best: Floats
    held: Ints

    @classmethod
    def of(cls, agents: int) -> Pool:
        """Return a pool that holds nothing."""
        teams = np.zeros((MAX_TIES + agents, agents), dtype=np.bool_)
        return cls(teams, np.zeros(1), np.zeros(1, dtype=np.int64))

    @property
    def full(self) -> bool:
        """Whether there may be no room for what the next node of a search finds: a team for each agent."""
        return int(self.held[0]) >= MAX_TIES

    @property
    def rows(self) -> list[list[int]]:
        """The members of each team."""
        return [np.flatnonzero(row).tolist() for row in self.teams[: self.held[0]]]


class Search(NamedTuple):
    """Where a search stands, so that it can go on after a look at the clock.

    Attributes
    ----------
    state, mark : (agents,)
        Whether each agent is in, out or undecided, and at which depth it was put out.
    items, stages, floors, bounds : (agents + 2,)
        The agent of each decision, whether its second side is being tried, and what is known there.
    inside : (agents + 2,)
        Members so far.
    numbers : (3,)
        Depth, number of members, nodes.
    """

    state: Marks
    mark: Ints
    items: Ints
    stages: Marks
    floors: Floats
    bounds: Floats
    inside: Ints
    numbers: Ints

    @classmethod
    def of(cls, agents: int) -> Search:
        """Return the beginning of a search."""
        size = agents + 2
        return cls(
            np.zeros(agents, dtype=np.int8),
            np.full(agents, -1, dtype=np.int64),
            np.zeros(size, dtype=np.int64),
            np.zeros(size, dtype=np.int8),
            np.zeros(size),
            np.zeros(size),
            np.zeros(size, dtype=np.int64),
            np.zeros(3, dtype=np.int64),
        )

    @property
    def bound(self) -> float:
        """What any team earns at most that was not tried."""
        return float(self.bounds[: max(1, int(self.numbers[0]))].max())
