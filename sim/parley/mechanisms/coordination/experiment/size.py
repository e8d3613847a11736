"""How many members, seats and strategies all cells of an experiment may have together."""

from __future__ import annotations

from parley.core.errors import ProblemError
from parley.core.limits import MAX_GAMES

__all__ = ["Size"]

MOST_SEATS = 10**8
"""Seats in the games of one generation, and members, of all cells: so many are in memory at once."""
MOST_ROWS = 10**7
"""Strategies of all seats of all cells: as many rows has a table for each generation."""


class Size:
    """What the cells come to so far.

    Parameters
    ----------
    generations : int
    """

    def __init__(self, generations: int) -> None:
        self._generations = generations
        self._seats = self._members = self._rows = 0

    def add(self, agents: int, games: int, members: int, strategies: int) -> None:
        """Count a cell: its strategies are those of all seats.

        Raises
        ------
        ProblemError
            If all cells together are too many.
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
