"""Bounds on the members, seats and strategies of an experiment."""

from __future__ import annotations

from parley.core.errors import ProblemError
from parley.core.limits import MAX_GAMES

__all__ = ["Size"]

MOST_SEATS = 10**8
"""Maximum seats in the games of one generation, and members, over all cells: they are in memory together."""
MOST_ROWS = 10**7
"""Maximum strategies over all seats and cells: rows of a table per generation."""


class Size:
    """Running totals of the cells."""

    def __init__(self, generations: int) -> None:
        self._generations = generations
        self._seats = self._members = self._rows = 0

    def add(self, agents: int, games: int, members: int, strategies: int) -> None:
        """Add a cell; its strategies are summed over seats.

        Raises
        ------
        ProblemError
            If a total is too large.
        """
        self._seats += games * agents
        self._members += members * agents
        self._rows += strategies
        _at_most("games", "seats in the games of a generation, all cells together", self._seats, MOST_SEATS)
        _at_most("population.members", "members of all seats and cells", self._members, MOST_SEATS)
        _at_most("population.strategies", "strategies of all seats and cells", self._rows, MOST_ROWS)
        rows = self._generations * self._rows
        _at_most("generations", "strategies of all seats, cells and generations", rows, MAX_GAMES)


def _at_most(key: str, what: str, number: int, most: int) -> None:
    if number > most:
        raise ProblemError("", key, f"more than {most} {what}")
