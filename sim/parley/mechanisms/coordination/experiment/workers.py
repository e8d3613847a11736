"""Play batches in this process or in several, and keep players between batches."""

from __future__ import annotations

import itertools
import os
from collections import OrderedDict
from typing import TYPE_CHECKING

from joblib import Parallel, delayed

from parley.chain.backends import open_evm
from parley.mechanisms.coordination.experiment.games import Batch, Bots, Order, SeatedPlayer, play_batch
from parley.mechanisms.coordination.experiment.streams import player_seed
from parley.mechanisms.coordination.experiment.twins import CellTwin, differences
from parley.mechanisms.coordination.play import deploy_mechanism

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parley.chain.evm import Evm
    from parley.mechanisms.coordination.play import Deployment, Outcome

__all__ = ["Pool", "Worker"]

PLAYERS_KEPT = 128
"""Players that a process keeps between batches, with the positions of their cells."""

_job_numbers = itertools.count()


class Worker:
    """State of a process between batches of one run: an EVM, and the players of its cells."""

    def __init__(self, evm: Evm | None = None) -> None:
        self._evm: Evm = open_evm("revm") if evm is None else evm
        self._deployment: Deployment = deploy_mechanism(self._evm)
        self._players: OrderedDict[int, tuple[SeatedPlayer, Bots]] = OrderedDict()
        self._twins: OrderedDict[int, CellTwin] = OrderedDict()

    def player_of(self, order: Order) -> tuple[SeatedPlayer, Bots]:
        """Return the player and the bots of an order's cell."""
        cell = order.cell
        seed = player_seed(cell.seed, cell.index)
        kept = self._players.pop(cell.kind, None)
        if kept is None:
            bots = Bots(cell)
            first = [seat[0] for seat in bots.made]
            kept = SeatedPlayer(self._evm, self._deployment, cell.problem, first, seed), bots
        kept[0].seed = seed
        self._players[cell.kind] = kept
        if len(self._players) > PLAYERS_KEPT:
            self._players.popitem(last=False)
        return kept

    def play(self, order: Order) -> Batch:
        """Play a batch on a new EVM."""
        player, bots = self.player_of(order)
        self._evm.recycle()
        if order.cell.engine == "evm":
            return play_batch(player, bots, order)
        sums, games = self._twin_of(order).play(order, player.seed)
        kept: list[Outcome] = []
        batch = play_batch(player, bots, order.sampled(), kept)
        if order.cell.engine == "exact":
            return Batch(batch.tables, sums, {}, batch.sums, differences(order, games, kept))
        for i, real in enumerate(kept):
            batch.sums.pair(order.cell.spread_wei, games.outcome(i), real)
        return Batch(batch.tables, sums, {}, batch.sums)

    def _twin_of(self, order: Order) -> CellTwin:
        cell = order.cell
        twin = self._twins.pop(cell.kind, None) or CellTwin(cell)
        self._twins[cell.kind] = twin
        if len(self._twins) > PLAYERS_KEPT:
            self._twins.popitem(last=False)
        return twin


_workshops: dict[tuple[int, int], Worker] = {}
"""In a process: the worker of the current run, by parent process and run number."""


def _play_for(job: tuple[int, int], order: Order) -> Batch:
    if job not in _workshops:
        _workshops.clear()
        _workshops[job] = Worker()
    return _workshops[job].play(order)


class Pool:
    """Plays batches in one or more processes."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._job = (os.getpid(), next(_job_numbers))
        self._own: Worker | None = None

    def play(self, orders: Sequence[Order]) -> Iterator[Batch]:
        """Play batches, and yield their results in order."""
        workers = min(self._workers, len(orders))
        if workers <= 1:
            if self._own is None:
                self._own = Worker()
            yield from map(self._own.play, orders)
        else:
            calls = (delayed(_play_for)(self._job, order) for order in orders)
            yield from Parallel(n_jobs=workers, return_as="generator")(calls)
