"""Games of a population on a twin, and a sample of them on the EVM.

A twin counts games and does not list them. The tables of single games contain the sample that the EVM played.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parley.mechanisms.coordination.bots import KINDS
from parley.mechanisms.coordination.experiment.strategies import make_strategy
from parley.mechanisms.coordination.experiment.sums import Sums
from parley.mechanisms.coordination.twins.exact import Twin
from parley.mechanisms.coordination.twins.statistical import StatisticalTwin

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from parley.mechanisms.coordination.bots import Bot
    from parley.mechanisms.coordination.experiment.cell import Cell
    from parley.mechanisms.coordination.experiment.games import Order
    from parley.mechanisms.coordination.play import Outcome
    from parley.mechanisms.coordination.twins.games import Games

__all__ = ["CellTwin", "differences"]


class _Maker:
    """Makes a strategy for a seat, if its name alone is not enough for a twin."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder

    def __call__(self, seat: int) -> Bot:
        return make_strategy(self.name, seat, self.folder)


class CellTwin:
    """A twin for cells with the same problem and strategies.

    Parameters
    ----------
    cell : Cell
        One of these cells, with the engine ``exact`` or ``statistical``.
    """

    def __init__(self, cell: Cell) -> None:
        names = list(dict.fromkeys(name for seat in cell.names for name in seat))
        made = [
            name if name.partition(":")[0] in KINDS and ".py:" not in name else _Maker(name, cell.folder)
            for name in names
        ]
        self._twin = (Twin if cell.engine == "exact" else StatisticalTwin)(cell.problem, made)
        self._number_of = [np.array([names.index(name) for name in seat]) for seat in cell.names]

    def play(self, order: Order, seed: int) -> tuple[Sums, Games]:
        """Play the games of an order with this seed, and sum them up."""
        cell = order.cell
        problem = cell.problem
        columns = range(problem.agents)
        seats = np.stack([self._number_of[i][order.strategies[:, i]] for i in columns], axis=1)
        first = order.generation * cell.games + order.first
        games = self._twin.play(seed, first, len(seats), seats)
        contracted = problem.total_cost_wei(problem.contracted)
        sums = Sums(problem.agents)
        alike, counts = _alike(order.strategies, games)
        for i, times in zip(alike.tolist(), counts.tolist(), strict=True):
            sums.add(contracted, order.strategies[i].tolist(), games.outcome(i), times)
        return sums, games


def _alike(strategies: NDArray[np.int64], games: Games) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first of all equal games and their number, in the order of games."""
    keys = np.zeros(len(games), dtype=np.int64)
    for column in (*strategies.T, games.ending, games.rounds, games.proposer, games.position, games.cost):
        values = column.astype(np.int64)
        values -= values.min()
        # Renumbered after every column, so that nothing overflows.
        _, keys = np.unique(keys * (int(values.max()) + 1) + values, return_inverse=True)
    _, first, counts = np.unique(keys, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]


def differences(order: Order, games: Games, played: list[Outcome]) -> list[str]:
    """Name the games in which the exact twin and the EVM differ.

    Parameters
    ----------
    games : Games
        The twin's games; the EVM played the first ones.
    played : list of Outcome
        Outcomes on the EVM.
    """
    found = []
    for i, real in enumerate(played):
        twin = games.outcome(i)
        one, other = ((o.position.rows, *o[2:]) for o in (real, twin))
        if one != other:
            found.append(f"cell {order.cell.index}, generation {order.generation}, game {order.first + i}")
    return found
