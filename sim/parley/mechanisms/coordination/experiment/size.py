"""How large an experiment may be in all: what its file states number by number multiplies.

The number of cells and of games follows from the file, and is looked at before anything is drawn or made.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from parley.core.errors import ProblemError
from parley.core.limits import MAX_GAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Size", "check_counts"]

MOST_CELLS = 100_000
MOST_SEATS = 10**8
"""Seats in the games of one generation, and members, of all cells: so many are in memory at once."""
MOST_ROWS = 10**7
"""Strategies of all seats of all cells: as many rows has a table for each generation."""


def check_counts(
    problems: int, varied: Mapping[str, Sequence[Any]], seeds: int, games: int, generations: int
) -> None:
    """Check how many cells and games there are.

    Parameters
    ----------
    problems : int
    varied : mapping of str to sequence
        What is swept.
    seeds : int
    games : int
        Of a generation and cell, where they are not swept.
    generations : int

    Raises
    ------
    ProblemError
        If they are too many.
    """
    cells = problems * prod(map(len, varied.values())) * seeds
    if cells > MOST_CELLS:
        raise ProblemError("", "sweep", f"{cells} cells in all are more than {MOST_CELLS}")
    each = varied.get("games", [games])
    total = generations * sum(each) * (cells // len(each))
    if total > MAX_GAMES:
        reason = f"{total} in all, of {cells} cells and {generations} generations: more than {MAX_GAMES}"
        raise ProblemError("", "games", reason)


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
